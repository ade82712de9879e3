"""A tf.Module, counted as the graph that tf.function traces from it.

Counted is every operator that TensorFlow would run if it inlined every call: a function's body is counted at each
place that calls it, the bodies of a loop or of a branch once. Bookkeeping is not counted: arguments, constants, reads
of weights, identities and the calls themselves have no counterpart where weights are kept beside the graph.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Family
from nnparity.loading import build_root, load_file

SUPPORT = Path(__file__).parents[1] / "support"

BOOKKEEPING = frozenset((
    "_Arg",
    "_Retval",
    "_DeviceArg",
    "_DeviceRetval",
    "Placeholder",
    "PlaceholderV2",
    "PlaceholderWithDefault",
    "FakeParam",
    "Const",
    "GuaranteeConst",
    "ImmutableConst",
    "VarHandleOp",
    "ReadVariableOp",
    "Variable",
    "VariableV2",
    "Identity",
    "IdentityN",
    "Snapshot",
    "StopGradient",
    "PreventGradient",
    "NoOp",
    "ControlTrigger",
    "PartitionedCall",
    "StatefulPartitionedCall",
))

OPERATORS = {
    Family.MATMUL: """
        MatMul BatchMatMul BatchMatMulV2 BatchMatMulV3 Einsum SparseMatMul SparseTensorDenseMatMul TridiagonalMatMul
        MatrixInverse MatrixSolve MatrixSolveLs MatrixTriangularSolve BandedTriangularSolve TridiagonalSolve Cholesky
        MatrixDeterminant LogMatrixDeterminant MatrixExponential MatrixLogarithm MatrixSquareRoot Qr Svd Lu Eig
        SelfAdjointEig SelfAdjointEigV2 Cross QuantizedMatMul UniformQuantizedDot
        FFT FFT2D FFT3D FFTND IFFT IFFT2D IFFT3D IFFTND RFFT RFFT2D RFFT3D RFFTND IRFFT IRFFT2D IRFFT3D IRFFTND
    """,
    Family.ELEMENTWISE: """
        Abs AccumulateNV2 Acos Acosh Add AddN AddV2 Angle ApproximateEqual Asin Asinh Atan Atan2 Atanh Betainc BiasAdd
        BiasAddV1 BitwiseAnd BitwiseOr BitwiseXor BesselI0 BesselI0e BesselI1 BesselI1e Ceil CheckNumerics
        CheckNumericsV2 ClipByValue Complex ComplexAbs Conj Cos Cosh Digamma Div DivNoNan Equal Erf Erfc Erfinv Exp
        Expint Expm1 Floor FloorDiv FloorMod Greater GreaterEqual Igamma Igammac Imag Inv Invert IsFinite IsInf IsNan
        LeftShift Less LessEqual Lgamma Log Log1p LogicalAnd LogicalNot LogicalOr MatrixBandPart Maximum Minimum Mod Mul
        MulNoNan Ndtri Neg NextAfter NotEqual Polygamma PopulationCount Pow Real RealDiv Reciprocal RightShift Rint
        Round Rsqrt Select SelectV2 Sign Sin Sinh Spence Sqrt Square SquaredDifference Sub Tan TruncateDiv TruncateMod
        Xdivy Xlog1py Xlogy Zeta
    """,
    Family.ACTIVATION: """
        Elu LeakyRelu LogSoftmax Relu Relu6 Selu Sigmoid Softmax Softplus Softsign Tanh QuantizedRelu QuantizedRelu6
    """,
    Family.NORMALISATION: """
        BatchNormWithGlobalNormalization FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 LRN QuantizedInstanceNorm
    """,
    Family.REDUCTION: """
        All Any ApproxTopK ArgMax ArgMin Bincount Cumprod Cumsum CumulativeLogsumexp DenseBincount EuclideanNorm InTopK
        InTopKV2 L2Loss Max Mean Min NthElement Prod SegmentMax SegmentMaxV2 SegmentMean SegmentMin SegmentMinV2
        SegmentProd SegmentProdV2 SegmentSum SegmentSumV2 SparseSegmentMean SparseSegmentSqrtN SparseSegmentSum Sum TopK
        TopKV2 UnsortedSegmentMax UnsortedSegmentMin UnsortedSegmentProd UnsortedSegmentSum
        SoftmaxCrossEntropyWithLogits SparseSoftmaxCrossEntropyWithLogits
    """,
    Family.LAYOUT: """
        BatchToSpace BatchToSpaceND BroadcastArgs BroadcastGradientArgs BroadcastTo Concat ConcatOffset ConcatV2
        ConjugateTranspose DataFormatDimMap DataFormatVecPermute DepthToSpace Diag DiagPart EnsureShape ExpandDims
        ExtractImagePatches ExtractVolumePatches InvertPermutation MatrixDiag MatrixDiagPart
        MatrixDiagPartV2 MatrixDiagPartV3 MatrixDiagV2 MatrixDiagV3 MatrixSetDiag MatrixSetDiagV2 MatrixSetDiagV3
        MirrorPad Pack Pad PadV2 ParallelConcat Rank Reshape Reverse ReverseSequence ReverseV2 Roll Shape ShapeN Size
        Slice SpaceToBatch SpaceToBatchND SpaceToDepth Split SplitV Squeeze StridedSlice Tile Transpose Unpack
        VariableShape QuantizedConcat QuantizedReshape
    """,
    Family.CAST: """
        Bitcast Cast Dequantize FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel
        QuantizeAndDequantize QuantizeAndDequantizeV2 QuantizeAndDequantizeV3 QuantizeAndDequantizeV4
        QuantizeDownAndShrinkRange QuantizeV2 Requantize RequantizePerChannel ToBool UniformDequantize UniformQuantize
        UniformRequantize
    """,
    Family.CONSTANT: """
        Empty Fill LinSpace Multinomial OnesLike RandomGamma RandomPoissonV2 RandomShuffle RandomStandardNormal
        RandomUniform RandomUniformInt Range StatefulStandardNormalV2 StatefulTruncatedNormal StatefulUniform
        StatefulUniformInt StatelessMultinomial StatelessRandomGetAlg StatelessRandomGetKeyCounter
        StatelessRandomNormal StatelessRandomNormalV2 StatelessRandomUniform StatelessRandomUniformInt
        StatelessRandomUniformIntV2 StatelessRandomUniformV2 StatelessTruncatedNormal StatelessTruncatedNormalV2
        TruncatedNormal ZerosLike
    """,
    Family.CONTROL_FLOW: """
        Assert Case Enter Exit For If LoopCond Merge NextIteration StatelessCase StatelessIf StatelessWhile Switch While
        AssignAddVariableOp AssignSubVariableOp AssignVariableOp MapDefun
    """,
    Family.GATHER_SCATTER: """
        Bucketize DynamicPartition DynamicStitch Gather GatherNd GatherV2 InplaceAdd InplaceSub InplaceUpdate ListDiff
        LookupTableFindV2 LowerBound OneHot ParallelDynamicStitch ResourceGather ResourceGatherNd ResourceScatterAdd
        ResourceScatterNdUpdate ResourceScatterUpdate ResourceStridedSliceAssign ScatterNd SparseToDense
        StridedSliceAssign TensorScatterAdd TensorScatterMax TensorScatterMin TensorScatterSub TensorScatterUpdate
        TensorStridedSliceUpdate Unique UniqueV2 UniqueWithCounts UniqueWithCountsV2 UnravelIndex UpperBound Where
        CombinedNonMaxSuppression NonMaxSuppression NonMaxSuppressionV2 NonMaxSuppressionV3 NonMaxSuppressionV4
        NonMaxSuppressionV5 NonMaxSuppressionWithOverlaps
        EmptyTensorList TensorListConcat TensorListConcatV2 TensorListElementShape TensorListFromTensor TensorListGather
        TensorListGetItem TensorListLength TensorListPopBack TensorListPushBack TensorListReserve TensorListResize
        TensorListScatter TensorListScatterV2 TensorListSetItem TensorListSplit TensorListStack
        TensorArrayConcatV3 TensorArrayGatherV3 TensorArrayReadV3 TensorArrayScatterV3 TensorArraySizeV3
        TensorArraySplitV3 TensorArrayV3 TensorArrayWriteV3
    """,
    Family.CONV: """
        Conv Conv2D Conv2DBackpropInput Conv2DBackpropInputV2 Conv3D Conv3DBackpropInput Conv3DBackpropInputV2
        DepthwiseConv2dNative Dilation2D QuantizedConv2D QuantizedDepthwiseConv2D UniformQuantizedConvolution
    """,
    Family.POOL: """
        AvgPool AvgPool3D FractionalAvgPool FractionalMaxPool MaxPool MaxPool3D MaxPoolV2 MaxPoolWithArgmax
        QuantizedAvgPool QuantizedMaxPool CropAndResize ResizeArea ResizeBicubic ResizeBilinear ResizeNearestNeighbor
        ScaleAndTranslate
    """,
    Family.RECURRENT: """
        BlockLSTM BlockLSTMV2 CudnnRNN CudnnRNNV2 CudnnRNNV3 GRUBlockCell LSTMBlockCell
    """,
    Family.FUSED: """
        _FusedBatchMatMulV2 _FusedBatchNormEx _FusedConv2D _FusedDepthwiseConv2dNative _FusedMatMul FusedPadConv2D
        FusedResizeAndPadConv2D
    """,
    Family.CUSTOM: "EagerPyFunc PyFunc PyFuncStateless",
}
OUR_OWN = "Nnparity>"
FAMILIES = {operator: family for family, operators in OPERATORS.items() for operator in operators.split()}


def bodies(node: Any) -> Iterator[str]:
    """Yield the names of the functions that a node calls."""
    for attribute in node.attr.values():
        kind = attribute.WhichOneof("value")
        if kind == "func":
            yield attribute.func.name
        elif kind == "list":
            yield from (function.name for function in attribute.list.func)


def operators(nodes: Iterable[Any], library: Mapping[str, Any]) -> Counter[str]:
    """Return how many of each operator the nodes are, with the bodies they call."""
    counts: Counter[str] = Counter()
    for node in nodes:
        if node.op in library:
            counts += operators(library[node.op], library)
        elif node.op not in BOOKKEEPING:
            counts[node.op] += 1
        for body in bodies(node):
            counts += operators(library[body], library)
    return counts


class TensorFlow:
    name = "tensorflow"
    title = "TensorFlow"
    eager = "tensorflow_eager"

    def save(self, model: Any, folder: Path) -> None:
        raise TypeError(
            f"saving a tensorflow model in {folder}: TensorFlow is a root, kept as a recipe and not as a file; "
            "write the recipe with nnparity.loading.write_recipe"
        )

    def load(self, folder: Path) -> Any:
        """Return the tf.Module that the layer builds; a module has no training mode that could be left on."""
        return build_root(folder, self.name)

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Return nodes of the graph that tf.function traces, without bookkeeping."""
        graph = load_file(SUPPORT / "tensorflow_function.py").traced(artifact).graph.as_graph_def()
        library = {function.signature.name: function.node_def for function in graph.library.function}
        return operators(graph.node, library)

    def family(self, operator: str) -> Family | None:
        if operator.startswith(OUR_OWN):
            return Family.CUSTOM
        return FAMILIES.get(operator)


REPRESENTATION = TensorFlow()
