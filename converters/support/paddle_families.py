"""Families of the operators of Paddle 2.6's programs, and of those that Paddle Lite puts in their place."""

from __future__ import annotations

from nnparity.contracts import Family

OPERATORS = {
    Family.MATMUL: "addmm bmm determinant einsum fc inverse matmul matmul_v2 mul mv",
    Family.ELEMENTWISE: """
        abs acos acosh asin asinh assign_value atan atan2 atanh ceil clip cos cosh elementwise_add elementwise_div
        elementwise_floordiv elementwise_fmax elementwise_fmin elementwise_max elementwise_min elementwise_mod
        elementwise_mul elementwise_pow elementwise_sub equal erf exp expm1 floor greater_equal greater_than isfinite
        isfinite_v2 isinf_v2 isnan_v2 less_equal less_than lerp log log10 log1p log2 logical_and logical_not logical_or
        logical_xor bitwise_and bitwise_not bitwise_or bitwise_xor maximum minimum not_equal pow reciprocal round rsqrt
        scale sign sin sinh sqrt square sum tan trunc where tril_triu dropout increment
    """,
    Family.ACTIVATION: """
        celu elu gelu hard_shrink hard_sigmoid hard_swish hardshrink hard_tanh brelu leaky_relu log_softmax logsigmoid
        mish prelu relu relu6 selu sigmoid silu softmax softplus softshrink softsign swish tanh tanh_shrink
        thresholded_relu
    """,
    Family.NORMALISATION: """
        batch_norm group_norm instance_norm layer_norm local_response_norm lrn norm p_norm rms_norm sync_batch_norm
    """,
    Family.REDUCTION: """
        arg_max arg_min argsort cumprod cumsum frobenius_norm kthvalue logcumsumexp logsumexp mean reduce_all reduce_any
        reduce_max reduce_mean reduce_min reduce_prod reduce_sum top_k top_k_v2
    """,
    Family.LAYOUT: """
        assign broadcast_to concat crop_tensor depthwise_to_space expand expand_as expand_as_v2 expand_v2 flatten
        flatten2 flatten_contiguous_range flip im2sequence io_copy io_copy_once layout layout_once meshgrid pad pad2d
        pad3d pixel_shuffle pixel_unshuffle reshape reshape2 reverse roll share_data shape shuffle_channel size slice
        split split_with_num squeeze squeeze2 stack strided_slice tile transpose transpose2 unbind unfold unsqueeze
        unsqueeze2 unstack numel set_value tensor_array_to_tensor array_to_lod_tensor lod_array_length
    """,
    Family.CAST: "calib calib_once cast",
    Family.CONSTANT: """
        diag_v2 eye fill_any_like fill_constant fill_constant_batch_size_like fill_zeros_like linspace range
        uniform_random gaussian_random
    """,
    Family.CONTROL_FLOW: """
        conditional_block conditional_block_infer select_input select_output while write_to_array read_from_array
        subgraph
    """,
    Family.GATHER_SCATTER: """
        gather gather_nd index_sample index_select lookup_table lookup_table_v2 masked_select one_hot one_hot_v2
        put_along_axis scatter scatter_nd_add take_along_axis where_index grid_sampler
    """,
    Family.CONV: "conv2d conv2d_transpose conv3d conv3d_transpose depthwise_conv2d depthwise_conv2d_transpose",
    Family.POOL: """
        adaptive_pool2d bicubic_interp_v2 bilinear_interp bilinear_interp_v2 linear_interp_v2 max_pool2d_with_index
        max_pool3d_with_index nearest_interp nearest_interp_v2 pool2d pool3d roi_align trilinear_interp_v2
    """,
    Family.RECURRENT: "gru gru_unit lstm rnn",
    Family.FUSED: """
        fusion_elementwise_add_activation fusion_elementwise_div_activation fusion_elementwise_max_activation
        fusion_elementwise_min_activation fusion_elementwise_mul_activation fusion_elementwise_pow_activation
        fusion_elementwise_sub_activation
    """,
}
FAMILIES = {name: family for family, names in OPERATORS.items() for name in names.split()}


def family(operator: str) -> Family | None:
    """Return the family of an operator's type, or None if nothing claims it."""
    return FAMILIES.get(operator)
