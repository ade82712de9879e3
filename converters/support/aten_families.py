"""Families of the operators that PyTorch's own representations share: ATen, prims, prim and the export helpers.

Only operators of a forward pass are claimed. In-place forms ("add_") and functional copies of views ("view_copy")
belong to the family of the plain name.
"""

from __future__ import annotations

from typing import Any

from nnparity.contracts import Family

ATEN = {
    Family.MATMUL: """
        linear matmul mm bmm mv dot vdot inner outer ger addmm addmv addr addbmm baddbmm einsum bilinear tensordot
        chain_matmul kron cross cdist _cdist_forward _euclidean_dist _pdist_forward pdist trace _trilinear _int_mm
        matrix_exp matrix_power inverse pinverse det logdet slogdet svd qr cholesky cholesky_inverse cholesky_solve
        lu_solve lu_unpack triangular_solve geqrf orgqr ormqr corrcoef cov vander linalg_cholesky linalg_cholesky_ex
        linalg_cond linalg_cross linalg_det linalg_eig linalg_eigh linalg_eigvals linalg_eigvalsh
        linalg_householder_product linalg_inv linalg_inv_ex linalg_ldl_factor linalg_ldl_factor_ex linalg_ldl_solve
        linalg_lstsq linalg_lu linalg_lu_factor linalg_lu_factor_ex linalg_lu_solve linalg_matmul linalg_matrix_exp
        linalg_matrix_power linalg_matrix_rank linalg_multi_dot linalg_pinv linalg_qr linalg_slogdet linalg_solve
        linalg_solve_ex linalg_solve_triangular linalg_svd linalg_svdvals linalg_tensorinv linalg_tensorsolve
        linalg_vander linalg_vecdot _linalg_det _linalg_eigh _linalg_slogdet _linalg_solve_ex _linalg_svd fft_fft
        fft_fft2 fft_fftn fft_ifft fft_ifft2 fft_ifftn fft_rfft fft_rfft2 fft_rfftn fft_irfft fft_irfft2 fft_irfftn
        fft_hfft fft_hfft2 fft_hfftn fft_ihfft fft_ihfft2 fft_ihfftn _fft_c2c _fft_c2r _fft_r2c stft istft
    """,
    Family.ELEMENTWISE: """
        add sub subtract rsub mul multiply div divide true_divide floor_divide remainder fmod pow float_power __and__
        __or__ __xor__ __lshift__ __rshift__ __iand__ __ior__ __ixor__ __not__ __round_to_zero_floordiv floordiv abs
        absolute neg negative positive sign sgn signbit ceil floor round trunc fix frac reciprocal rsqrt sqrt square
        exp exp2 expm1 log log2 log10 log1p logaddexp logaddexp2 sin cos tan asin acos atan atan2 sinh cosh asinh
        acosh atanh arcsin arccos arctan arctan2 arcsinh arccosh arctanh sinc erf erfc erfinv lgamma digamma polygamma
        mvlgamma igamma igammac i0 xlogy logit hypot copysign nextafter ldexp frexp deg2rad rad2deg nan_to_num gcd lcm
        heaviside lerp addcmul addcdiv maximum minimum fmax fmin clamp clamp_max clamp_min clip where masked_fill eq
        ne lt le gt ge not_equal less less_equal greater greater_equal equal isclose isnan isinf isfinite isneginf
        isposinf isreal isin logical_and logical_or logical_not logical_xor bitwise_and bitwise_or bitwise_not
        bitwise_xor bitwise_left_shift bitwise_right_shift dropout native_dropout feature_dropout alpha_dropout
        feature_alpha_dropout angle conj conj_physical _conj _conj_physical resolve_conj resolve_neg real imag complex
        polar special_digamma special_entr special_erf special_erfc special_erfcx special_erfinv special_exp2
        special_expit special_expm1 special_gammainc special_gammaincc special_gammaln special_i0 special_i0e
        special_i1 special_i1e special_log1p special_log_ndtr special_logit special_multigammaln special_ndtr
        special_ndtri special_polygamma special_psi special_round special_sinc special_xlog1py special_xlogy
        special_zeta special_airy_ai special_bessel_j0 special_bessel_j1 special_bessel_y0 special_bessel_y1 triu tril
        fill zero fill_diagonal _add_relu _masked_scale __is__ __isnot__ mathremainder
    """,
    Family.ACTIVATION: """
        relu relu6 leaky_relu prelu _prelu_kernel rrelu rrelu_with_noise elu selu celu gelu glu silu mish sigmoid
        log_sigmoid log_sigmoid_forward hardsigmoid hardswish hardtanh hardshrink softshrink softplus tanh threshold
        softmax _softmax log_softmax _log_softmax _safe_softmax _masked_softmax special_softmax special_log_softmax
    """,
    Family.NORMALISATION: """
        batch_norm native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_functional
        _native_batch_norm_legit_no_training _batch_norm_impl_index _batch_norm_no_update _batch_norm_with_update
        _batch_norm_with_update_functional cudnn_batch_norm layer_norm native_layer_norm group_norm native_group_norm
        instance_norm rms_norm _fused_rms_norm renorm _weight_norm _weight_norm_interface
    """,
    Family.REDUCTION: """
        sum nansum mean nanmean prod amax amin aminmax _aminmax max min median nanmedian mode quantile nanquantile all
        any argmax argmin argsort sort msort topk kthvalue cumsum cumprod cummax cummin logcumsumexp _logcumsumexp
        logsumexp special_logsumexp std std_mean var var_mean norm frobenius_norm nuclear_norm linalg_norm
        linalg_vector_norm linalg_matrix_norm count_nonzero bincount histc histogram histogramdd diff gradient
        trapezoid trapz cumulative_trapezoid cosine_similarity pairwise_distance dist allclose sum_to_size
        segment_reduce mse_loss l1_loss smooth_l1_loss huber_loss nll_loss nll_loss2d nll_loss_forward
        nll_loss2d_forward nll_loss_nd cross_entropy_loss binary_cross_entropy binary_cross_entropy_with_logits kl_div
        poisson_nll_loss ctc_loss _ctc_loss hinge_embedding_loss cosine_embedding_loss margin_ranking_loss
        multi_margin_loss multilabel_margin_loss soft_margin_loss triplet_margin_loss
    """,
    Family.LAYOUT: """
        view view_as _unsafe_view _reshape_alias reshape reshape_as flatten unflatten ravel squeeze unsqueeze
        transpose swapaxes swapdims t numpy_T adjoint mT mH matrix_H permute movedim moveaxis expand expand_as
        broadcast_to broadcast_tensors repeat tile repeat_interleave as_strided contiguous clone detach alias lift
        lift_fresh copy cat concat concatenate stack _stack hstack vstack dstack column_stack
        row_stack block_diag split split_with_sizes unsafe_split unsafe_split_with_sizes tensor_split hsplit vsplit
        dsplit chunk unsafe_chunk unbind slice slice_scatter select narrow diagonal diag diag_embed diagflat
        linalg_diagonal unfold im2col col2im flip fliplr flipud rot90 roll pixel_shuffle pixel_unshuffle
        channel_shuffle native_channel_shuffle pad constant_pad_nd _pad_circular _pad_enum reflection_pad1d
        reflection_pad2d reflection_pad3d replication_pad1d replication_pad2d replication_pad3d pad_sequence
        atleast_1d atleast_2d atleast_3d meshgrid cartesian_prod combinations size sym_size sym_numel sym_stride
        sym_storage_offset numel dim len _shape_as_tensor stride storage_offset broadcast_shapes is_same_size resize
        _resize_output view_as_real view_as_complex fft_fftshift fft_ifftshift select_scatter diagonal_scatter
        as_strided_scatter __getitem__ append extend insert list _tensor_to_list is_contiguous
    """,
    Family.CAST: """
        to _to_copy type_as _cast_Byte _cast_Char _cast_Double _cast_Float _cast_Half _cast_Int _cast_Long _cast_Short
        Int Float Bool Complex ScalarImplicit IntImplicit FloatImplicit item _local_scalar_dense chalf
        quantize_per_tensor quantize_per_channel dequantize fake_quantize_per_tensor_affine
        fake_quantize_per_channel_affine _to_dense to_dense _autocast_to_full_precision _autocast_to_reduced_precision
    """,
    Family.CONSTANT: """
        zeros zeros_like new_zeros ones ones_like new_ones full full_like new_full empty empty_like new_empty
        new_empty_strided empty_strided empty_permuted eye arange range linspace logspace scalar_tensor tensor
        as_tensor tril_indices triu_indices bartlett_window blackman_window hamming_window hann_window kaiser_window
        fft_fftfreq fft_rfftfreq rand rand_like randn randn_like randint randint_like randperm normal
        normal_functional uniform bernoulli multinomial binomial poisson exponential geometric cauchy log_normal
        random affine_grid_generator
    """,
    Family.CONTROL_FLOW: """
        is_nonzero _assert_async _linalg_check_errors _assert_scalar _assert_tensor_metadata sym_constrain_range
        sym_constrain_range_for_size _functional_sym_constrain_range _functional_sym_constrain_range_for_size
        __contains__ __range_length __derive_index warn is_floating_point is_complex
    """,
    Family.GATHER_SCATTER: """
        gather take take_along_dim index index_select index_put _index_put_impl _unsafe_index _unsafe_index_put
        index_add index_copy index_fill index_reduce scatter scatter_add scatter_reduce masked_select masked_scatter
        nonzero nonzero_numpy nonzero_static argwhere embedding embedding_bag _embedding_bag
        _embedding_bag_forward_only embedding_renorm one_hot bucketize searchsorted put grid_sampler grid_sampler_2d
        grid_sampler_3d _grid_sampler_2d_cpu_fallback unique_dim unique_consecutive unique_dim_consecutive _unique
        _unique2 max_unpool2d max_unpool3d
    """,
    Family.CONV: """
        conv1d conv2d conv3d conv_tbc conv_transpose1d conv_transpose2d conv_transpose3d convolution _convolution
        _convolution_mode convolution_overrideable mkldnn_convolution thnn_conv2d _slow_conv2d_forward slow_conv3d
        slow_conv3d_forward slow_conv_dilated2d slow_conv_dilated3d slow_conv_transpose2d slow_conv_transpose3d
        _conv_depthwise2d conv_depthwise3d _nnpack_spatial_convolution
    """,
    Family.POOL: """
        avg_pool1d avg_pool2d avg_pool3d max_pool1d max_pool2d max_pool3d max_pool1d_with_indices
        max_pool2d_with_indices max_pool3d_with_indices mkldnn_max_pool2d adaptive_avg_pool1d adaptive_avg_pool2d
        adaptive_avg_pool3d _adaptive_avg_pool2d _adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d
        adaptive_max_pool3d mkldnn_adaptive_avg_pool2d fractional_max_pool2d fractional_max_pool3d upsample_nearest1d
        upsample_nearest2d upsample_nearest3d _upsample_nearest_exact1d _upsample_nearest_exact2d
        _upsample_nearest_exact3d upsample_linear1d upsample_bilinear2d upsample_trilinear3d upsample_bicubic2d
        _upsample_bilinear2d_aa _upsample_bicubic2d_aa _upsample_lanczos2d_aa __interpolate __upsample
        __upsample_bilinear __upsample_nearest
    """,
    Family.RECURRENT: """
        lstm lstm_cell gru gru_cell rnn_relu rnn_relu_cell rnn_tanh rnn_tanh_cell mkldnn_rnn_layer
        _pack_padded_sequence _pad_packed_sequence
    """,
    Family.FUSED: """
        scaled_dot_product_attention _scaled_dot_product_attention_math _scaled_dot_product_flash_attention
        _scaled_dot_product_flash_attention_for_cpu _scaled_dot_product_efficient_attention
        _scaled_dot_product_fused_attention_overrideable _flash_attention_forward _efficient_attention_forward
        _fused_sdp_choice _native_multi_head_attention _transformer_encoder_layer_fwd _triton_multi_head_attention
        _addmm_activation _transform_bias_rescale_qkv
    """,
}
PRIM = {
    Family.ELEMENTWISE: "abs max min MKLDNNClamp MKLDNNHardSwish",
    Family.LAYOUT: """
        ConstantChunk FusedConcat BroadcastSizes ReductionSizes ChunkSizes VarConcat VarStack data tolist device dtype
    """,
    Family.CAST: "NumToTensor unchecked_cast unchecked_unwrap_optional type",
    Family.CONSTANT: "AutogradZero Uninitialized",
    Family.CONTROL_FLOW: "If Loop CallFunction CallMethod RaiseException Print IfThenElse fork TypeCheck profile Guard",
    Family.FUSED: "DifferentiableGraph FusionGroup TensorExprGroup oneDNNFusionGroup StaticSubgraph",
    Family.CUSTOM: "PythonOp IgnoredPythonOp",
}
PRIMS = {
    Family.ELEMENTWISE: "cbrt erf_inv shift_left shift_right_arithmetic bessel_i0 bessel_i1 ndtri zeta",
    Family.LAYOUT: "broadcast_in_dim collapse collapse_view split_dim rev view_of as_strided copy_strided",
    Family.CAST: "convert_element_type device_put view_of_dtype",
    Family.CONSTANT: "iota",
    Family.REDUCTION: "xor_sum",
    Family.MATMUL: "fft_c2c fft_c2r fft_r2c",
}
HELPERS = {
    "_operator.add": Family.ELEMENTWISE,
    "_operator.sub": Family.ELEMENTWISE,
    "_operator.mul": Family.ELEMENTWISE,
    "_operator.floordiv": Family.ELEMENTWISE,
    "_operator.mod": Family.ELEMENTWISE,
    "_operator.neg": Family.ELEMENTWISE,
    "_operator.eq": Family.ELEMENTWISE,
    "_operator.ne": Family.ELEMENTWISE,
    "_operator.ge": Family.ELEMENTWISE,
    "_operator.gt": Family.ELEMENTWISE,
    "_operator.le": Family.ELEMENTWISE,
    "_operator.lt": Family.ELEMENTWISE,
    "_operator.getitem": Family.LAYOUT,
    "higher_order.cond": Family.CONTROL_FLOW,
    "higher_order.while_loop": Family.CONTROL_FLOW,
    "higher_order.scan": Family.CONTROL_FLOW,
    "higher_order.associative_scan": Family.REDUCTION,
    "higher_order.map_impl": Family.CONTROL_FLOW,
    "higher_order.wrap_with_set_grad_enabled": Family.CONTROL_FLOW,
    "higher_order.flex_attention": Family.FUSED,
}


OUR_OWN = "nnparity"


def _by_name(table: dict[Family, str]) -> dict[str, Family]:
    return {name: family for family, names in table.items() for name in names.split()}


_ATEN = _by_name(ATEN)
_NAMESPACES = {"aten": _ATEN, "prim": _by_name(PRIM), "prims": {**_ATEN, **_by_name(PRIMS)}}


def family(operator: str) -> Family | None:
    """Return the family of "aten.add", "aten::add_", "prim::If" or "higher_order.cond"; None if nothing claims it."""
    if operator in HELPERS:
        return HELPERS[operator]
    namespace, _, name = operator.replace("::", ".").partition(".")
    if namespace == OUR_OWN:
        return Family.CUSTOM
    names = _NAMESPACES.get(namespace, {})
    for plain in (name, name.removesuffix("_"), name.removesuffix("_copy")):
        if plain in names:
            return names[plain]
    return None


def operator_name(target: Any) -> str:
    """Return the name that family() knows: "aten.add" for every overload, "higher_order.cond", "_operator.getitem"."""
    import torch

    if isinstance(target, torch._ops.OpOverload):
        return str(target.overloadpacket)
    if isinstance(target, torch._ops.HigherOrderOperator):
        return f"higher_order.{target.name()}"
    return f"{target.__module__}.{target.__name__}"
