"""What a batch of no rows shows, in components of every kind; what is folded into constants is in LiteRT's files."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from nnparity.conditions import Condition, both, empty
from nnparity.divergence import Fix, KnownDivergence, every_case
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

RELAY = ("xtc-tvm-python-bindings<=0.19.0.12",)
NO_RELAY = "; TVM 0.20 has no Relay"
LITERT_TORCH = ("litert-torch<=0.10.0",)
OPTIMISED = ("onnxruntime_cpu", "onnxruntime_cpu_extended", "onnxruntime_cpu_basic")
ONNX_RUNTIME = (*OPTIMISED, "onnxruntime_cpu_unoptimized")
WEB = "onnxruntime_web_wasm"
EVERY_SETTING = (*ONNX_RUNTIME, WEB)
# Unless it is told, TensorFlow uses oneDNN only on processors with instructions for neural networks (IsMKLEnabled).
ONEDNN_BY_DEFAULT = "avx512_vnni|avx_vnni"
SIZES = {"batch": 0, "dtype": "float32"}
WINDOW = {"kernel": [1], "stride": [1], "dilation": [1], "padding": [0, 0], "size": [1]}
SQUARE = {"kernel": [1, 1], "stride": [1, 1], "dilation": [1, 1], "padding": [0, 0, 0, 0], "size": [1, 1]}
PAIRS = {**SQUARE, "kernel": [2, 2], "size": [2, 2]}
CONV = {"in_channels": 1, "out_channels": 2, "groups": 1, "bias": True}
WIDER = {"in_channels": 2, "out_channels": 3, "bias": False}
GROUPED = {"heads": 2, "depth": 1, "width": 1, "length": 2, "groups": 1, "shared": "expanded", "bias": True}
HEADS = {"cross": False, "heads": 1, "embed": 2, "query_length": 2, "key_length": 2, "mask": "none"}
RECURRENT = {"time": 2, "features": 1, "hidden": 1, "initial_state": False, "bias": True}


def case(layer: str, *sizes: int, **keys: object) -> Case:
    """Return a case of this layer whose only input is x, of no rows of this shape."""
    return Case(layer, {**SIZES, **keys}, 0, {"x": np.zeros((0, *sizes), np.float32)})


def no_rows(
    component: str,
    layers: str,
    *,
    shown: tuple[Stage, Status],
    fix: Fix,
    reason: str,
    link: str,
    versions: tuple[str, ...],
    witness: Case,
    applies: Condition = every_case,
    paths: str = "*",
    processor: str = "",
) -> KnownDivergence:
    """Return an entry for these layers, separated by spaces, where an input has no elements and the condition holds."""
    named: Collection[str] = layers.split()
    return KnownDivergence(
        component=component,
        layer=witness.layer if len(named) == 1 else "*",
        stage=shown[0],
        status=shown[1],
        fix=fix,
        reason=reason,
        link=link,
        versions=versions,
        witness=witness,
        applies=both(lambda one: one.layer in named, both(empty, applies)),
        paths=paths,
        processor=processor,
    )


CLASS_TOKEN = case(
    "patch_embedding", 1, 1, 2, channels=1, patch=1, rows=1, columns=2, embed=1, layout="NCHW", class_token=True
)
BUILDING, CONVERTING, LOADING, RUNNING = (
    (stage, Status.ERROR) for stage in (Stage.BUILD, Stage.CONVERT, Stage.LOAD, Stage.RUN)
)
ANOTHER_SHAPE = (Stage.COMPARE, Status.MISMATCH)

FRAMEWORKS = (
    no_rows(
        "torch",
        "instance_norm",
        shown=BUILDING,
        fix=Fix.UPSTREAM,
        reason="instance normalisation with weights is a batch normalisation of rows times channels, and that one "
        "takes the first of its weights where it has no channels: IndexError, select(): index 0 out of range",
        link="https://github.com/pytorch/pytorch/issues/72821",
        versions=("torch<=2.13.0",),
        witness=case("instance_norm", 1, 2, 2, channels=1, spatial=[2, 2], statistics="input", eps=1e-5, affine=True),
    ),
    no_rows(
        "tensorflow",
        "lstm bidirectional_lstm",
        shown=BUILDING,
        fix=Fix.UPSTREAM,
        reason="keras.ops.add takes a summand of no rows for a bias, since it leaves out all axes that are not greater "
        "than 1 where it looks for one (backend/tensorflow/numpy.py, add), and tf.nn.bias_add refuses its two axes",
        link="none found: keras tensorflow backend add bias_add zero batch size empty tensor squeeze regression",
        versions=("keras<=3.15.1",),
        witness=case("lstm", 1, 1, **{**RECURRENT, "time": 1, "hidden": 1}, layers=1),
    ),
    *(
        no_rows(
            component,
            layers,
            shown=shown,
            fix=Fix.UPSTREAM,
            reason="a convolution of no rows by oneDNN has the shape of its input, channels and all, "
            f"{then}; right with TF_ENABLE_ONEDNN_OPTS=0, and on processors on which that is the default",
            link="https://github.com/tensorflow/tensorflow/pull/112639",
            versions=("tensorflow-cpu<=2.21.0",),
            witness=witness,
            processor=ONEDNN_BY_DEFAULT,
        )
        for component, layers, shown, then, witness in (
            (
                "tensorflow_eager",
                "conv1d conv3d padded_conv2d conv2d_bn_relu inverted_residual resnet_bottleneck",
                RUNNING,
                "which what follows refuses",
                case("conv1d", 1, 1, **CONV, window=WINDOW),
            ),
            (
                "tensorflow_function",
                "conv1d conv3d padded_conv2d",
                ANOTHER_SHAPE,
                "also together with a bias",
                case("conv1d", 1, 1, **CONV, window=WINDOW),
            ),
            (
                "tensorflow_function",
                "conv2d_bn_relu inverted_residual resnet_bottleneck",
                RUNNING,
                "which a batch normalisation refuses",
                case("conv2d_bn_relu", 1, 1, 2, **{**CONV, **WIDER}, window=SQUARE, layout="NHWC", eps=1e-5),
            ),
        )
    ),
)

EXPORTERS = (
    no_rows(
        "onnx_from_torch_legacy",
        "group_norm multi_head_attention transformer_decoder_block transformer_encoder_block grouped_query_attention "
        "patch_embedding attention_cache_step bidirectional_lstm rewritten_block",
        shown=(Stage.CONVERT, Status.CRASH),
        fix=Fix.UPSTREAM,
        reason="the exporter's inference of shapes divides by a size of 0, that of a Reshape for one, and the process "
        "dies of it (SIGFPE)",
        link="https://github.com/pytorch/pytorch/issues/110056",
        versions=("torch<=2.13.0",),
        witness=case(
            "group_norm", 1, 2, groups=1, channels=1, spatial=[2], eps=1e-5, layout="channels_first", affine=True
        ),
    ),
    *(
        no_rows(
            "onnx_from_torch",
            layers,
            shown=shown,
            fix=Fix.UPSTREAM,
            reason=f"{what} is written with a Reshape to 0 rows, which copies the size, and -1, which nothing answers",
            link="none found: onnxscript torchlib group_norm repeat_interleave Reshape -1 zero dimension",
            versions=("torch<=2.13.0", "onnxscript<=0.7.2"),
            witness=witness,
            paths=paths,
        )
        for shown, paths in (
            (RUNNING, "*>onnx_reference *>onnx_from_torch>ppq_torch_executor"),
            (LOADING, "*>onnx_from_torch>*onnxruntime_* *>onnx_from_torch>qnn_* *>onnx_from_torch>tensorrt_rtx*"),
        )
        for layers, what, witness in (
            (
                "group_norm",
                "group normalisation",
                case(
                    "group_norm",
                    4,
                    3,
                    groups=2,
                    channels=4,
                    spatial=[3],
                    eps=1e-5,
                    layout="channels_first",
                    affine=True,
                ),
            ),
            (
                "grouped_query_attention",
                "repeat_interleave",
                case("grouped_query_attention", 2, 1, **GROUPED),
            ),
        )
    ),
    *(
        no_rows(
            "onnx_from_tensorflow",
            "grouped_query_attention multi_head_attention transformer_decoder_block",
            shown=shown,
            fix=Fix.UPSTREAM,
            reason="Einsum is written out with a Reshape to the product of the batch's sizes, which copies the size "
            "where it is 0, and -1, which has no answer then",
            link="https://github.com/onnx/tensorflow-onnx/issues/2178",
            versions=("tf2onnx<=1.17.0",),
            witness=case("grouped_query_attention", 2, 1, **GROUPED),
            paths=paths,
        )
        # The reference evaluator and ONNX Runtime without optimisation see it when they run, the other levels before,
        # and so they do where an optimiser has made a constant of the product.
        for shown, paths in (
            (RUNNING, "*>onnx_reference *>onnxruntime_cpu_unoptimized"),
            (
                LOADING,
                "*>onnxruntime_* *>qnn_* *>tensorrt_rtx* !*>onnx_from_tensorflow>onnxruntime_cpu_unoptimized",
            ),
        )
    ),
    no_rows(
        "onnx_from_tensorflow",
        "patch_embedding",
        shown=CONVERTING,
        fix=Fix.UPSTREAM,
        reason="a constant without elements is left out of a concatenation (onnx_opset/tensor.py, ConcatV2), and with "
        "it its size along the axis: no class tokens and four patches are four places, not five",
        link="https://github.com/microsoft/onnxruntime/issues/681",
        versions=("tf2onnx<=1.17.0",),
        witness=CLASS_TOKEN,
    ),
    no_rows(
        "tflite_from_torch",
        "attention mish scatter sliding_window_attention softplus where",
        shown=CONVERTING,
        fix=Fix.UPSTREAM,
        reason="a lowering through jnp.where calls a function that takes one argument where the result has no "
        "elements, with three: 'func.call' op incorrect number of operands",
        link="none found: litert-torch ai-edge-torch func.call incorrect number of operands zero size where",
        versions=LITERT_TORCH,
        witness=case("mish", 1, inner=[1]),
    ),
    no_rows(
        "tflite_from_torch",
        "embedding_lookup embedding_positional resize_bilinear",
        shown=LOADING,
        fix=Fix.UPSTREAM,
        reason="the inputs of a STABLEHLO_COMPOSITE are folded into it where they have no elements, and the runtime "
        "takes none without inputs",
        link="none found: stablehlo_composite.cc node->inputs->size > 0 was not true STABLEHLO_COMPOSITE",
        versions=LITERT_TORCH,
        witness=case("resize_bilinear", 1, 1, 1, channels=1, size=[1, 1], out_size=[2, 2], align_corners=False),
        # Relay declines the second subgraph of the file.
        paths="*>litert_*",
    ),
)

RUNTIMES = (
    *(
        no_rows(
            setting,
            layers,
            shown=shown,
            fix=Fix.UPSTREAM,
            reason="a reduction of no rows along an axis that is counted from the end, -1, leaves the axis as it is: "
            f"(0, 5) instead of (0,){then}",
            link="none found: onnxruntime ReduceSum empty tensor negative axes wrong output shape zero dimension",
            versions=("onnxruntime<=1.31.1", "onnxruntime-web<=1.30.0"),
            witness=witness,
            paths=paths,
        )
        for settings, layers, shown, then, witness, paths in (
            (
                EVERY_SETTING,
                "argmax logsumexp global_pool variance",
                ANOTHER_SHAPE,
                "",
                case("argmax", 2, inner=[2], axis=-1, keepdims=False, indices="int32"),
                # onnxsim folds what has no elements into constants.
                "torch>* !*>onnx_simplified>*",
            ),
            (
                ONNX_RUNTIME,
                "global_pool",
                ANOTHER_SHAPE,
                "",
                case("global_pool", 1, 1, 2, channels=1, size=[1, 2], kind="average", keep_axes=True),
                "torch>onnx_from_torch>onnx_simplified>*",
            ),
            (
                ONNX_RUNTIME,
                "logsumexp",
                ANOTHER_SHAPE,
                "",
                case("logsumexp", 5, inner=[5], axis=-1, keepdims=False),
                "torch>*onnx_simplified>*",
            ),
            (
                ONNX_RUNTIME,
                "variance",
                ANOTHER_SHAPE,
                "",
                case("variance", 5, inner=[5], axis=-1, correction=0, keepdims=False),
                "torch>onnx_from_torch_legacy>onnx_simplified>*",
            ),
            (
                EVERY_SETTING,
                "variance logsumexp",
                ANOTHER_SHAPE,
                "",
                case("variance", 2, inner=[2], axis=-1, correction=0, keepdims=False),
                "tensorflow>*",
            ),
            (
                (*OPTIMISED, WEB),
                "logsumexp",
                RUNNING,
                ", and what follows fails",
                case("logsumexp", 2, inner=[2], axis=-1, keepdims=False),
                "tensorflow>*",
            ),
            (
                ("onnxruntime_cpu_unoptimized",),
                "logsumexp",
                RUNNING,
                ", and what follows fails",
                case("logsumexp", 5, inner=[5], axis=-1, keepdims=False),
                "tensorflow>*onnx_s*",
            ),
        )
        for setting in settings
    ),
    *(
        no_rows(
            setting,
            "lstm bidirectional_lstm gru",
            shown=shown,
            fix=Fix.UPSTREAM,
            reason="LSTM and GRU of no rows end the process: terminate called without an active exception, "
            "in WebAssembly: Aborted()",
            link="none found: onnxruntime LSTM GRU batch size 0 crash terminate called without an active exception",
            versions=("onnxruntime<=1.31.1", "onnxruntime-web<=1.30.0"),
            witness=case("gru", 2, 1, **RECURRENT, reset="after"),
            paths="torch>*",
        )
        for setting, shown in (*((one, (Stage.RUN, Status.CRASH)) for one in ONNX_RUNTIME), (WEB, RUNNING))
    ),
    no_rows(
        WEB,
        "mixture_of_experts sort top_k",
        shown=RUNNING,
        fix=Fix.UPSTREAM,
        reason="TopK of no rows divides by their number, which WebAssembly ends with a trap: divide by zero",
        link="none found: onnxruntime-web wasm TopK empty tensor divide by zero RuntimeError",
        versions=("onnxruntime-web<=1.30.0",),
        witness=case("top_k", 2, inner=[], length=2, k=1, largest=True, indices=True),
    ),
    *(
        no_rows(
            setting,
            layers,
            shown=shown,
            fix=Fix.UPSTREAM,
            reason="MatMul and Add become Gemm between two Reshapes, to 0 rows for one, which is to copy the size of "
            f"the axis at that place: that of another axis {then}",
            link="https://github.com/microsoft/onnxruntime/pull/22494",
            versions=("onnxruntime<=1.31.1", "onnxruntime-web<=1.30.0"),
            witness=witness,
            paths=f"torch>onnx_from_torch>{setting}",
        )
        for settings, layers, shown, then, witness in (
            (
                (WEB,),
                "multi_head_attention transformer_decoder_block transformer_encoder_block rnn",
                LOADING,
                "where the rows are not the first one, found when the model is loaded",
                case("multi_head_attention", 2, 2, **HEADS),
            ),
            (
                OPTIMISED,
                "multi_head_attention transformer_decoder_block transformer_encoder_block rnn",
                RUNNING,
                "where the rows are not the first one",
                case("multi_head_attention", 2, 2, **HEADS),
            ),
            (
                ("onnxruntime_cpu", "onnxruntime_cpu_extended"),
                "rnn",
                LOADING,
                "where the rows are not the first one, found by the optimisations that follow",
                case("rnn", 3, 1, **{**RECURRENT, "time": 3, "hidden": 2}, layers=1, nonlinearity="tanh"),
            ),
        )
        for setting in settings
    ),
    *(
        no_rows(
            "onnx_reference",
            layers,
            shown=RUNNING,
            fix=Fix.UPSTREAM,
            reason=reason,
            link="none found: onnx reference evaluator empty batch ConvTranspose GlobalAveragePool GatherND",
            versions=("onnx<=1.23.2",),
            witness=witness,
            paths=paths,
        )
        for layers, reason, witness, paths in (
            (
                "conv_transpose2d",
                "ConvTranspose makes its result with the first image, so of no images it returns None: TypeError",
                case(
                    "conv_transpose2d",
                    1,
                    1,
                    1,
                    **CONV,
                    size=[1, 1],
                    kernel=[1, 1],
                    stride=[1, 1],
                    padding=[0, 0],
                    output_padding=[0, 0],
                ),
                "*",
            ),
            (
                "global_pool group_norm instance_norm layer_norm rms_norm squeeze_excite",
                "GlobalAveragePool is np.average, which divides by the number of its results: ZeroDivisionError",
                case("global_pool", 1, 2, 2, channels=1, size=[2, 2], kind="average", keep_axes=True),
                # The others write ReduceMean.
                "torch>onnx_from_torch_legacy>* *>onnx13_from_*",
            ),
            (
                "take_along_axis mixture_of_experts",
                "GatherND reshapes its indices to the product of the batch's sizes and -1, which has no answer where "
                "that is 0 (op_gathernd.py)",
                case("mixture_of_experts", 1, 1, experts=2, chosen=1, length=1, width=1, hidden=1),
                "tensorflow>*",
            ),
        )
    ),
    *(
        no_rows(
            component,
            "argmax attention_cache_step bidirectional_lstm global_pool gru logsumexp lstm mixture_of_experts "
            "multi_head_attention pad resize_bicubic resize_nearest rnn sinusoidal_positions take_along_axis variance",
            shown=RUNNING,
            fix=Fix.UPSTREAM,
            reason="litert-torch, too, folds some results without elements into constants, and get_tensor refuses a "
            "constant of 0 bytes: Invalid tensor size",
            link="https://github.com/tensorflow/tensorflow/issues/57084",
            versions=("ai-edge-litert<=2.3.0",),
            witness=case("argmax", 2, inner=[2], axis=-1, keepdims=False, indices="int32"),
            paths="torch>*",
        )
        for component in ("litert_builtin", "litert_xnnpack")
    ),
    no_rows(
        "litert_xnnpack",
        "adaptive_avg_pool2d avg_pool2d max_pool2d",
        shown=LOADING,
        fix=Fix.UPSTREAM,
        reason="the delegate takes a pooling of no rows and leaves height and width of its result at what is in "
        "memory, where the built-in kernel has them right; our runtime refuses it, so that it always fails alike",
        link="none found: XNNPack delegate failed to get resize output tensor BytesRequired overflowed zero",
        versions=("ai-edge-litert<=2.3.0",),
        witness=case("max_pool2d", 1, 2, 2, channels=1, window=PAIRS, ceil_mode=False),
        # TensorFlow's converter leaves no operator.
        paths="torch>*",
    ),
)

KNOWN = (*FRAMEWORKS, *EXPORTERS, *RUNTIMES)
