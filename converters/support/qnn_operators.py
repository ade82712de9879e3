"""Families of the operators that Qualcomm's QNN names in its graphs."""

from __future__ import annotations

from nnparity.contracts import Family

OPERATORS = {
    Family.MATMUL: "FullyConnected HadamardTransform MatMul Stft",
    Family.ELEMENTWISE: """
        ElementWiseAbs ElementWiseAdd ElementWiseAnd ElementWiseAsin ElementWiseAtan ElementWiseBinary
        ElementWiseCeil ElementWiseCos ElementWiseDivide ElementWiseEqual ElementWiseExp ElementWiseFloor
        ElementWiseFloorDiv ElementWiseFmod ElementWiseGreater ElementWiseGreaterEqual ElementWiseLess
        ElementWiseLessEqual ElementWiseLog ElementWiseMaximum ElementWiseMinimum ElementWiseMod ElementWiseMultiply
        ElementWiseMux ElementWiseNeg ElementWiseNot ElementWiseNotEqual ElementWiseOr ElementWisePower
        ElementWiseRound ElementWiseRsqrt ElementWiseSelect ElementWiseSign ElementWiseSin ElementWiseSquareRoot
        ElementWiseSquaredDifference ElementWiseSubtract ElementWiseUnary ElementWiseXor IsInf IsNan Logit
    """,
    Family.ACTIVATION: """
        ElementWiseNeuron ElementWiseSoftplus Elu Gelu HardSwish LogSoftmax MaskedSoftmax Prelu Relu Relu1 Relu6
        ReluMinMax Sigmoid Softmax Tanh
    """,
    Family.NORMALISATION: "Batchnorm GroupNorm InstanceNorm L2Norm LayerNorm Lrn RmsNorm",
    Family.REDUCTION: """
        Argmax Argmin CumulativeSum Moments ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare TopK
    """,
    Family.LAYOUT: """
        BatchPermutation BatchToSpace Buffer ChannelShuffle Concat CreateSparse CropAndResize DepthToSpace ExpandDims
        ExtractGlimpse ExtractPatches GetSparseIndices GetSparseValues Im2Col Col2Im Pack Pad Reshape Shape
        SpaceToBatch SpaceToDepth SparseToDense Split Squeeze StridedSlice Tile Transpose UnPack
    """,
    Family.CAST: "Cast Convert Dequantize Quantize",
    Family.CONSTANT: "ConstantOfShape RandomNormalLike RandomUniformLike",
    Family.CONTROL_FLOW: "If",
    Family.GATHER_SCATTER: """
        Gather GatherElements GatherNd GridSample NonMaxSuppression NonZero OneHot ScatterElements ScatterNd
    """,
    Family.CONV: """
        Conv1d Conv2d Conv3d DeformConv2d DepthWiseConv1d DepthWiseConv2d TransposeConv1d TransposeConv2d
        TransposeConv3d Correlation1D
    """,
    Family.POOL: """
        L2Pool2d PoolAvg2d PoolAvg3d PoolMax2d PoolMax3d Resize ResizeBilinear ResizeNearestNeighbor RoiAlign
        RoiPooling
    """,
    Family.RECURRENT: "Gru Lstm",
    Family.FUSED: "GroupedQueryAttention RotaryEmbedding",
}
FAMILIES = {operator: family for family, operators in OPERATORS.items() for operator in operators.split()}
