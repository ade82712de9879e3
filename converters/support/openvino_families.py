"""Families of OpenVINO's operators, and of the layers that its CPU plugin makes of them."""

from __future__ import annotations

from nnparity.contracts import Family

OPERATORS = {
    Family.MATMUL: "DFT Einsum IDFT IRDFT ISTFT Inverse MatMul RDFT STFT",
    Family.ELEMENTWISE: """
        Abs Acos Acosh Add Asin Asinh Atan Atanh BitwiseAnd BitwiseLeftShift BitwiseNot BitwiseOr BitwiseRightShift
        BitwiseXor Ceiling Clamp Cos Cosh Divide Equal Erf Exp Floor FloorMod Greater GreaterEqual IsFinite IsInf IsNaN
        Less LessEqual Log LogicalAnd LogicalNot LogicalOr LogicalXor Maximum Minimum Mod Multiply Negative NotEqual
        Power Round Select Sign Sin Sinh Sqrt SquaredDifference Subtract Tan Xor
    """,
    Family.ACTIVATION: """
        Elu Gelu HSigmoid HSwish HardSigmoid LogSoftmax Mish PRelu ReLU Relu Selu Sigmoid SoftMax SoftPlus SoftSign
        Softmax Swish Tanh
    """,
    Family.NORMALISATION: "BatchNormInference GRN GroupNormalization LRN MVN NormalizeL2 RMS",
    Family.REDUCTION: """
        CumSum ReduceL1 ReduceL2 ReduceLogicalAnd ReduceLogicalOr ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum
        SegmentMax TopK
    """,
    Family.LAYOUT: """
        BatchToSpace Broadcast Col2Im Concat DepthToSpace ExtractImagePatches Identity Pad ReorgYolo Reshape Reverse
        ReverseSequence Roll ShapeOf ShuffleChannels Slice SpaceToBatch SpaceToDepth Split Squeeze StridedSlice Tile
        Transpose Unsqueeze VariadicSplit
    """,
    Family.CAST: """
        Convert ConvertLike ConvertPromoteTypes FakeConvert FakeQuantize I420toBGR I420toRGB NV12toBGR NV12toRGB
    """,
    Family.CONSTANT: "Eye Multinomial PriorBox PriorBoxClustered RandomUniform Range",
    Family.CONTROL_FLOW: "Assign If Loop ReadValue TensorIterator",
    Family.GATHER_SCATTER: """
        Bucketize EmbeddingBagOffsets EmbeddingBagOffsetsSum EmbeddingBagPacked EmbeddingBagPackedSum
        EmbeddingSegmentsSum Gather GatherElements GatherND GatherTree GenerateProposals GridSample MatrixNms
        MulticlassNms NMSRotated NonMaxSuppression NonZero OneHot ScatterElementsUpdate ScatterNDUpdate ScatterUpdate
        SearchSorted SliceScatter SparseFillEmptyRows StringTensorPack StringTensorUnpack Unique
    """,
    Family.CONV: """
        BinaryConvolution Convolution ConvolutionBackpropData DeformableConvolution GroupConvolution
        GroupConvolutionBackpropData
    """,
    Family.POOL: """
        AdaptiveAvgPool AdaptiveMaxPool AvgPool DeformablePSROIPooling Interpolate MaxPool PSROIPooling ROIAlign
        ROIAlignRotated ROIPooling
    """,
    Family.RECURRENT: """
        AUGRUCell AUGRUSequence GRUCell GRUSequence LSTMCell LSTMSequence RNNCell RNNSequence
    """,
    Family.FUSED: "RoPE ScaledDotProductAttention",
}
# A layer of the plugin that goes by an operator's name is in that operator's family.
LAYERS = {
    Family.MATMUL: """
        FullyConnected FullyConnectedCompressed FullyConnectedQuantized FullyConnectedQuantizedLegacy GatherMatmul
        GatherMatmulCompressed
    """,
    Family.ELEMENTWISE: "Eltwise Math PowerStatic",
    Family.NORMALISATION: "Lrn",
    Family.REDUCTION: "Reduce",
    Family.LAYOUT: "Concatenation Reorder",
    Family.CAST: "ColorConvert",
    Family.CONTROL_FLOW: "MemoryInput MemoryOutput SubModel",
    Family.GATHER_SCATTER: "GatherCompressed ScatterNDUpdate",
    Family.CONV: "Deconvolution",
    Family.POOL: "AdaptivePooling Pooling",
    Family.RECURRENT: "RNNCell RNNSeq",
    Family.FUSED: """
        CausalMaskPreprocess LLMMLP LoRA PagedAttention QKVProjection SDPAWithTransposeReshape Subgraph
    """,
    Family.CUSTOM: "Ngram Reference",
}
FAMILIES = {name: family for table in (LAYERS, OPERATORS) for family, names in table.items() for name in names.split()}
