"""The family of every operator of Relay in TVM 0.19."""

from __future__ import annotations

from nnparity.contracts import Family

# What is not an operator of Relay but is called or chosen in its modules, by the names that `relay.count` gives.
CONSTRUCTS = ("If", "Match", "call", "constructor")

OPERATORS = {
    Family.MATMUL: """
        dft einsum nn.batch_matmul nn.bitserial_dense nn.contrib_dense_pack nn.dense nn.internal.sparse_dense_padded
        nn.matmul nn.sparse_dense qnn.batch_matmul qnn.contrib_dense_pack qnn.dense stft
    """,
    Family.ELEMENTWISE: """
        abs acos acosh add asin asinh atan atanh bitwise_and bitwise_not bitwise_or bitwise_xor ceil clip copy cos cosh
        divide equal erf exp fast_erf fast_exp fixed_point_multiply fixed_point_multiply_per_axis floor floor_divide
        floor_mod greater greater_equal isfinite isinf isnan left_shift less less_equal log log10 log2 logical_and
        logical_not logical_or logical_xor maximum minimum mod multiply negative nn.bias_add nn.dropout nn.sparse_add
        not_equal power qnn.abs qnn.add qnn.erf qnn.exp qnn.log qnn.mul qnn.rsqrt qnn.sqrt qnn.subtract right_shift
        round rsqrt sequence_mask sign sin sinh sqrt subtract tan trunc trunc_divide trunc_mod where
    """,
    Family.ACTIVATION: """
        fast_tanh hardswish nn.fast_softmax nn.leaky_relu nn.log_softmax nn.prelu nn.relu nn.softmax qnn.hardswish
        qnn.leaky_relu qnn.sigmoid qnn.softmax qnn.tanh sigmoid tanh
    """,
    Family.NORMALISATION: "nn.batch_norm nn.group_norm nn.instance_norm nn.l2_normalize nn.layer_norm nn.lrn",
    Family.REDUCTION: """
        all any argmax argmin argsort collapse_sum_like collapse_sum_to cumprod cumsum dyn.topk max mean min
        nn.cross_entropy nn.cross_entropy_with_logits nn.nll_loss prod sort sum topk variance
    """,
    Family.LAYOUT: """
        auto_scheduler_layout_transform broadcast_to broadcast_to_like concatenate contrib_reverse_reshape
        dyn.broadcast_to dyn.expand_dims dyn.nn.pad dyn.reshape dyn.squeeze dyn.strided_slice dyn.tile expand_dims
        layout_transform matrix_set_diag meshgrid meta_schedule_layout_transform ndarray_size nn.batch_flatten
        nn.batch_to_space_nd nn.bitpack nn.depth_to_space nn.dilate nn.fifo_buffer nn.mirror_pad nn.pad
        nn.space_to_batch_nd nn.space_to_depth nn.sparse_transpose qnn.concatenate repeat reshape reshape_like reverse
        reverse_sequence shape_of slice_like sliding_window sparse_reshape split squeeze stack strided_set strided_slice
        tile transpose trilu vm.reshape_tensor vm.shape_of
    """,
    Family.CAST: """
        annotation.cast_hint cast cast_like qnn.dequantize qnn.quantize qnn.requantize qnn.simulated_dequantize
        qnn.simulated_quantize reinterpret relay.op.annotation.simulated_quantize
    """,
    Family.CONSTANT: """
        arange dyn.full dyn.ones dyn.zeros full full_like ones ones_like parser.MetaRef random.multinomial random.normal
        random.threefry_generate random.threefry_split random.uniform zeros zeros_like
    """,
    Family.CONTROL_FLOW: """
        annotation.bitpack_end annotation.bitpack_start annotation.checkpoint annotation.compiler_begin
        annotation.compiler_end annotation.stop_fusion annotation.with_funcid call_lowered debug device_copy
        memory.alloc_storage memory.alloc_tensor memory.kill on_device vm.invoke_tvm_op
    """,
    Family.GATHER_SCATTER: """
        adv_index argwhere dyn.one_hot dyn.sparse_to_dense gather gather_nd image.crop_and_resize invert_permutation
        one_hot scatter scatter_elements scatter_nd searchsorted sparse_fill_empty_rows sparse_to_dense take unique
        unravel_index vision.all_class_non_max_suppression vision.get_valid_counts vision.multibox_prior
        vision.multibox_transform_loc vision.non_max_suppression vision.proposal vision.regular_non_max_suppression
        vision.yolo_reorg
    """,
    Family.CONV: """
        image.dilation2d nn.bitserial_conv2d nn.contrib_conv2d_NCHWc nn.contrib_conv2d_gemm_weight_transform
        nn.contrib_conv2d_gemm_without_weight_transform nn.contrib_conv2d_winograd_nnpack_weight_transform
        nn.contrib_conv2d_winograd_weight_transform nn.contrib_conv2d_winograd_without_weight_transform
        nn.contrib_conv3d_winograd_weight_transform nn.contrib_conv3d_winograd_without_weight_transform
        nn.contrib_depthwise_conv2d_NCHWc nn.conv1d nn.conv1d_transpose nn.conv2d nn.conv2d_backward_weight
        nn.conv2d_transpose nn.conv3d nn.conv3d_transpose nn.correlation nn.deformable_conv2d nn.sparse_conv2d
        qnn.conv2d qnn.conv2d_transpose
    """,
    Family.POOL: """
        dyn.image.resize2d dyn.nn.upsampling dyn.nn.upsampling3d image.affine_grid image.grid_sample image.resize1d
        image.resize2d image.resize3d nn.adaptive_avg_pool1d nn.adaptive_avg_pool2d nn.adaptive_avg_pool3d
        nn.adaptive_max_pool1d nn.adaptive_max_pool2d nn.adaptive_max_pool3d nn.avg_pool1d nn.avg_pool2d
        nn.avg_pool2d_grad nn.avg_pool3d nn.global_avg_pool2d nn.global_max_pool2d nn.max_pool1d nn.max_pool2d
        nn.max_pool2d_grad nn.max_pool3d nn.upsampling nn.upsampling3d qnn.avg_pool2d vision.roi_align vision.roi_pool
    """,
}
FAMILIES = {operator: family for family, operators in OPERATORS.items() for operator in operators.split()}
FAMILIES |= dict.fromkeys(CONSTRUCTS, Family.CONTROL_FLOW)
