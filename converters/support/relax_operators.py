"""The family of every operator of Relax in TVM 0.27, and of the kernels that they are lowered to."""

from __future__ import annotations

from nnparity.contracts import Family

# What is not an operator of Relax but is called or chosen in its modules, by the names that `relax.count` gives.
CONSTRUCTS = ("If", "call")

# Without "relax." in front.
OPERATORS = {
    Family.MATMUL: "einsum matmul outer",
    Family.ELEMENTWISE: """
        abs acos acosh add asin asinh atan atan2 atanh bitwise_and bitwise_not bitwise_or bitwise_xor bucketize ceil
        clip cos cosh divide equal erf ewise_fma exp floor floor_divide floor_mod greater greater_equal isfinite isinf
        isnan left_shift less less_equal log log_add_exp logical_and logical_not logical_or logical_xor maximum minimum
        mod multiply negative nn.dropout not_equal power right_shift round rsqrt sign sin sinh sqrt square subtract tan
        trunc where
    """,
    Family.ACTIVATION: """
        nn.gelu nn.gelu_tanh nn.leakyrelu nn.log_softmax nn.prelu nn.relu nn.selu nn.silu nn.softmax nn.softplus sigmoid
        tanh
    """,
    Family.NORMALISATION: "nn.batch_norm nn.group_norm nn.instance_norm nn.layer_norm nn.rms_norm",
    Family.REDUCTION: """
        argmax argmin argsort collapse_sum_like collapse_sum_to cumprod cumsum max mean median min
        nn.cross_entropy_with_logits nn.nll_loss prod sort std sum topk unique variance
    """,
    Family.LAYOUT: """
        broadcast_to concat dynamic_strided_slice expand_dims flatten flip inspect.tensor_byte_offset
        inspect.tensor_dtype_bits inspect.tensor_dtype_code inspect.tensor_dtype_lanes inspect.tensor_elem_offset
        inspect.tensor_ndim inspect.tensor_shape_i inspect.tensor_stride_i layout_transform memory.ensure_zero_offset
        memory.view meshgrid nn.batch_flatten nn.pad nn.pixel_shuffle permute_dims repeat reshape reverse_sequence
        shape_of shape_to_tensor size split squeeze stack strided_slice tensor_to_shape tile tril triu
    """,
    Family.CAST: "astype dequantize quantize wrap_param",
    Family.CONSTANT: "arange eye eye_like full full_like hamming_window null_value ones ones_like zeros zeros_like",
    Family.CONTROL_FLOW: """
        assert_op call_builtin_with_ctx call_dps_packed call_inplace_packed call_pure_packed call_py_func call_tir
        call_tir_inplace call_tir_with_grad hint_on_device invoke_closure invoke_pure_closure make_closure print
        to_vdevice
    """,
    Family.GATHER_SCATTER: """
        gather_elements gather_nd index_put index_tensor nonzero one_hot scatter_elements scatter_nd slice_scatter take
        vision.all_class_non_max_suppression vision.get_valid_counts vision.multibox_transform_loc
        vision.non_max_suppression
    """,
    Family.CONV: "nn.conv1d nn.conv1d_transpose nn.conv2d nn.conv2d_transpose nn.conv3d nn.conv3d_transpose",
    Family.POOL: """
        image.affine_grid image.grid_sample image.resize2d image.resize3d nn.adaptive_avg_pool1d nn.adaptive_avg_pool2d
        nn.adaptive_avg_pool3d nn.avg_pool1d nn.avg_pool2d nn.avg_pool3d nn.max_pool1d nn.max_pool2d nn.max_pool3d
        vision.roi_align vision.roi_pool
    """,
    Family.FUSED: "nn.attention nn.attention_bias nn.attention_var_len",
}
FAMILIES = {operator: family for family, operators in OPERATORS.items() for operator in operators.split()}
FAMILIES |= dict.fromkeys(CONSTRUCTS, Family.CONTROL_FLOW)

# Where a kernel is not called as its operator without "nn." or "image." in front.
KERNELS = {
    Family.LAYOUT: "concatenate dynamic_strided_slice reshape shape_func transpose trilu",
    Family.CAST: "cast",
    Family.CONTROL_FLOW: "call",
}
_KERNELS = {kernel: family for family, kernels in KERNELS.items() for kernel in kernels.split()}
_KERNELS |= {operator.rpartition(".")[2]: family for operator, family in FAMILIES.items()}
FUSED = "fused_"


def kernel_name(symbol: str) -> str:
    """Return the name of a kernel without what only tells it from its likes: "conv2d" for "conv2d1".

    TVM writes no sign between the two, so digits go only until the name of a kernel is left; the third kernel for the
    natural logarithm cannot be told from the first one to the base 2.
    """
    name = symbol.removeprefix("tir_").removeprefix("te_")
    plain = name
    while plain not in _KERNELS and plain[-1:].isdigit():
        plain = plain[:-1]
    return plain if plain in _KERNELS else name.rstrip("0123456789") if name.startswith(FUSED) else name


def kernel_family(kernel: str) -> Family | None:
    """Return the family of the one operator that a kernel computes, FUSED if it computes several, None if unknown."""
    return Family.FUSED if kernel.startswith(FUSED) else _KERNELS.get(kernel)
