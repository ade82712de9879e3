"""Families of the ONNX operators, and of those that ONNX Runtime puts in their place."""

from __future__ import annotations

from nnparity.contracts import Family

ONNX = {
    Family.MATMUL: """
        MatMul Gemm Einsum Det MatMulInteger QLinearMatMul DFT STFT MelWeightMatrix
    """,
    Family.ELEMENTWISE: """
        Abs Acos Acosh Add And Asin Asinh Atan Atanh BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Ceil Clip Cos
        Cosh Div Dropout Equal Erf Exp Floor Greater GreaterOrEqual IsInf IsNaN Less LessOrEqual Log Max Mean Min Mod
        Mul Neg Not Or Pow Reciprocal Round Sign Sin Sinh Sqrt Sub Sum Tan Trilu Where Xor RegexFullMatch StringConcat
        StringNormalizer Affine ImageScaler Scale
    """,
    Family.ACTIVATION: """
        Celu Elu Gelu HardSigmoid HardSwish Hardmax LeakyRelu LogSoftmax Mish PRelu Relu Selu Shrink Sigmoid Softmax
        Softplus Softsign SwiGLU Swish Tanh ThresholdedRelu ParametricSoftplus ScaledTanh
    """,
    Family.NORMALISATION: """
        BatchNormalization GroupNormalization InstanceNormalization LayerNormalization LRN LpNormalization
        MeanVarianceNormalization RMSNormalization SimplifiedLayerNormalization
    """,
    Family.REDUCTION: """
        ArgMax ArgMin CumProd CumSum NegativeLogLikelihoodLoss ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp
        ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare SoftmaxCrossEntropyLoss TopK
    """,
    Family.LAYOUT: """
        CenterCropPad Col2Im Concat ConcatFromSequence Crop DepthToSpace DynamicSlice Expand Flatten Identity
        MemcpyFromHost MemcpyToHost Pad Reshape ReverseSequence SequenceAt SequenceConstruct SequenceEmpty
        SequenceErase SequenceInsert SequenceLength Shape Size Slice SpaceToDepth Split SplitToSequence Squeeze
        StringSplit Tile Transpose Unsqueeze
    """,
    Family.CAST: "BitCast Cast CastLike DequantizeLinear DynamicQuantizeLinear ImageDecoder QuantizeLinear",
    Family.CONSTANT: """
        AffineGrid Bernoulli BlackmanWindow Constant ConstantOfShape EyeLike GivenTensorFill HammingWindow HannWindow
        Multinomial RandomNormal RandomNormalLike RandomUniform RandomUniformLike Range
    """,
    Family.CONTROL_FLOW: "If Loop Optional OptionalGetElement OptionalHasElement Scan SequenceMap",
    Family.GATHER_SCATTER: """
        Compress Gather GatherElements GatherND GridSample MaxUnpool NonMaxSuppression NonZero OneHot Scatter
        ScatterElements ScatterND TensorScatter TfIdfVectorizer Unique
    """,
    Family.CONV: "CausalConvWithState Conv ConvInteger ConvTranspose DeformConv QLinearConv QLinearConvTranspose",
    Family.POOL: """
        AveragePool GlobalAveragePool GlobalLpPool GlobalMaxPool LpPool MaxPool MaxRoiPool Resize RoiAlign Upsample
    """,
    Family.RECURRENT: "GRU GRUUnit LSTM RNN",
    Family.FUSED: "Attention LinearAttention RotaryEmbedding",
    Family.CUSTOM: """
        DisentangledAttention_TRT EfficientNMS_TRT MultilevelCropAndResize_TRT PyramidROIAlign_TRT
    """,
}
MICROSOFT = {
    Family.MATMUL: """
        ComplexMul ComplexMulConj CDist DynamicQuantizeMatMul GemmFloat8 Inverse Irfft MatMulBlockQuantizedFp4Weight
        MatMulBlockQuantizedFp8Weight MatMulBnb4 MatMulFpQ4 MatMulInteger16 MatMulIntegerToFloat MatMulNBits QGemm
        QOrderedMatMul Rfft SparseToDenseMatMul TransposeMatMul
    """,
    Family.ELEMENTWISE: "BiasAdd GatedAdd IsAllFinite MulInteger MurmurHash3 QLinearAdd QLinearMul QLinearWhere Trilu",
    Family.ACTIVATION: """
        FastGelu Gelu QLinearLeakyRelu QLinearSigmoid QLinearSoftmax QOrderedGelu QuickGelu ScaledSiLU
    """,
    Family.NORMALISATION: "BranchwiseRMSNorm GatedRMSNorm GroupNorm QOrderedLayerNormalization",
    Family.REDUCTION: "DynamicTimeWarping QLinearReduceMean ReduceSumInteger",
    Family.LAYOUT: """
        ExpandDims Pad QLinearConcat RemovePadding ReorderInput ReorderOutput RestorePadding UnfoldTensor
    """,
    Family.CAST: """
        DequantizeBFP DequantizeLinear DequantizeWithOrder QuantizeBFP QuantizeLinear QuantizeWithOrder
    """,
    Family.CONSTANT: "Range",
    Family.CONTROL_FLOW: "BeamSearch BifurcationDetector GreedySearch Sampling WhisperBeamSearch",
    Family.GATHER_SCATTER: """
        GatherBlockQuantized GatherND GridSample NGramHashMapping NGramRepeatBlock Tokenizer TorchEmbedding Unique
        VarlenNGramHashMapping WordConvEmbedding
    """,
    Family.CONV: """
        CausalConvWithState ConvTransposeWithDynamicPads NhwcConv QLinearConv VarlenCausalConvWithState
    """,
    Family.POOL: "CropAndResize MaxpoolWithMask NhwcMaxPool QLinearAveragePool QLinearGlobalAveragePool",
    Family.RECURRENT: "AttnLSTM DynamicQuantizeLSTM",
    Family.FUSED: """
        Attention BiasDropout BiasGelu BiasSoftmax BiasSplitGelu BitmaskBiasDropout BitmaskDropout DecoderAttention
        DecoderMaskedMultiHeadAttention DecoderMaskedSelfAttention DynamicSparseAttention EmbedLayerNormalization
        EngramGate FusedConv FusedGemm FusedMatMul FusedMatMulActivation GatedDeltaNet GatedRelativePositionBias
        GemmFastGelu GemmaRotaryEmbedding GroupQueryAttention HyperConnectionPostMix HyperConnectionPreMix
        LinearAttention LinearAttentionGate LongformerAttention MRotaryEmbedding MatMulNBitsMlp MatMulNBitsQkv MoE
        MultiHeadAttention NhwcFusedConv PackedAttention PackedMultiHeadAttention PackedSparseAttentionIndexer
        PagedAttention QAttention QEmbedLayerNormalization QMoE QOrderedAttention QOrderedLongformerAttention
        RelativePositionBias RotaryEmbedding SkipGroupNorm SkipLayerNormalization SkipSimplifiedLayerNormalization
        SparseAttention SparseAttentionIndexer SparsePagedAttention
    """,
    Family.CUSTOM: "EPContext SampleOp Snpe",
}
# Their operators are those of the default domain in another memory layout, and two that change between layouts.
LAYOUT_DOMAINS = frozenset(("com.microsoft.nchwc", "com.ms.internal.nhwc"))
# Classical machine learning, optimisers and drafts of operators: outside the operators that layers are made of.
OTHER_DOMAINS = frozenset(("ai.onnx.ml", "ai.onnx.preview", "ai.onnx.preview.training", "ai.onnx.contrib"))
OUR_OWN = "nnparity"


def _by_name(table: dict[Family, str]) -> dict[str, Family]:
    return {name: family for family, names in table.items() for name in names.split()}


_ONNX, _MICROSOFT = _by_name(ONNX), _by_name(MICROSOFT)


def family(operator: str) -> Family | None:
    """Return the family of "Add" or "com.microsoft::FusedMatMul"; None if nothing claims it."""
    domain, _, name = operator.rpartition("::")
    if domain in LAYOUT_DOMAINS:
        return _ONNX.get(name) or _MICROSOFT.get(name)
    if domain in OTHER_DOMAINS or domain == OUR_OWN:
        return Family.CUSTOM
    return {"": _ONNX, "com.microsoft": _MICROSOFT}.get(domain, {}).get(name)
