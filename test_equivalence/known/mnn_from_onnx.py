"""What MNN's converter is known to get wrong in ONNX models, with its defaults and without."""

from __future__ import annotations

from functools import partial

import numpy as np

from nnparity.conditions import both, config_is, either, in_bfloat16, in_half
from nnparity.divergence import Fix, KnownDivergence, of_each
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

VERSIONS = ("mnn<=3.6.1",)
CONVERSIONS = ("mnn_from_onnx", "mnn_from_onnx_default")
DIFFERENT, DYING = (Stage.COMPARE, Status.MISMATCH), (Stage.CONVERT, Status.ERROR)
FAILING = (Stage.RUN, Status.ERROR)
WINDOW = {"kernel": [1], "stride": [1], "dilation": [1], "padding": [0, 0], "size": [1]}


def exact_gelu(case: Case) -> bool:
    """Whether the layer computes GELU by the error function."""
    return case.config.get("approximate") == "none" or case.config.get("activation") == "gelu"


def along_last(case: Case) -> bool:
    """Whether the layer's axis is the last, counted from either end: tf2onnx then writes none."""
    return case.config["axis"] in {-1, len(case.config["inner"])}


def gives_long(case: Case) -> bool:
    """Whether the output is of 64-bit integers."""
    config = case.config
    return "int64" in (config.get("numbers"), config.get("target")) or (
        case.layer == "argmax" and config["indices"] == "int64"
    )


def case(layer: str, inputs: dict[str, np.ndarray], **keys: object) -> Case:
    """Return a case of this layer with as many rows as are given."""
    batch = len(inputs["x"] if "x" in inputs else inputs["indices"])
    return Case(layer, {"batch": batch, "dtype": "float32", **keys}, 0, inputs)


entries = partial(of_each, CONVERSIONS, fix=Fix.UPSTREAM, versions=VERSIONS)

ONE = np.ones((1,), np.float32)
SPREAD = np.array([[1.0, 2.0], [3.0, 5.0]], np.float32)

KNOWN: tuple[KnownDivergence, ...] = (
    *entries(
        "*",
        reason="the operator Gelu becomes GELU by tanh whatever its attribute `approximate` and the flag "
        "--useGeluApproximation say, off by up to 5e-4",
        link="none found: alibaba/MNN converter ONNX Gelu approximate none tanh useGeluApproximation",
        witness=case("gelu", {"x": ONE}, inner=[], approximate="none"),
        applies=exact_gelu,
        # The other exporters write the formula out.
        paths="torch>onnx_from_torch>*",
    ),
    *of_each(
        CONVERSIONS[1:],
        "*",
        fix=Fix.ALLOWED,
        versions=VERSIONS,
        reason="GELU by the error function, written out, is replaced by GELU by tanh, off by up to 5e-4; right with "
        "--useGeluApproximation 0",
        link="MNNConvert --help, --useGeluApproximation: Use Gelu Approximation Compute Instead of use ERF",
        witness=case("gelu", {"x": 2 * ONE}, inner=[], approximate="none"),
        applies=exact_gelu,
        # The other exporters write the formula out.
        paths="* !torch>onnx_from_torch>*",
    ),
    *entries(
        "*",
        reason="the axes of ReduceL2 and ReduceLogSumExp are an input since opset 18, which is not read: all axes are "
        "reduced, the batch among them (the same holds for ReduceSumSquare and ReduceLogSum)",
        link="none found: alibaba/MNN ONNX ReduceL2 ReduceSum axes input opset 18 ignored reduces all axes",
        witness=case("logsumexp", {"x": SPREAD}, inner=[2], axis=-1, keepdims=False),
        applies=lambda case: case.layer in {"l2_normalize", "logsumexp"},
        paths="torch>onnx_from_torch>*",
    ),
    *entries(
        "scatter",
        reason="the attribute `reduction` of ScatterND and ScatterElements is not read: of several updates for one "
        "place the last is left, and what was there is lost",
        link="none found: alibaba/MNN ONNX ScatterND ScatterElements reduction add",
        witness=case(
            "scatter",
            {
                "table": np.ones((5, 1), np.float32),
                "indices": np.zeros(3, np.int32),
                "updates": np.ones((3, 1), np.float32),
            },
            rows=5,
            inner=[1],
            indices="int32",
            mode="add",
        ),
        applies=config_is(mode="add"),
    ),
    *entries(
        "conv1d",
        reason="a convolution along one axis is one in two, and the axis that is added to its input stays in its "
        "output: (2, 4, 6, 1) instead of (2, 4, 6)",
        link="none found: alibaba/MNN ONNX Conv1d output 4 dimensions extra axis shape",
        witness=case(
            "conv1d",
            {"x": np.ones((1, 1, 1), np.float32)},
            in_channels=1,
            out_channels=1,
            groups=1,
            window=WINDOW,
            bias=False,
        ),
        # From TensorFlow it is one along two axes already.
        paths="torch>*",
    ),
    *entries(
        "bidirectional_lstm",
        shown=DYING,
        reason="an LSTM in both directions without initial states ends the process: SIGSEGV, SIGBUS or SIGABRT, as "
        "the names of the files fall, and with some long ones it does not",
        link="none found: alibaba/MNN MNNConvert ONNX LSTM bidirectional segmentation fault no initial states",
        witness=case(
            "bidirectional_lstm", {"x": np.ones((1, 1, 1), np.float32)}, time=1, features=1, hidden=1, bias=True
        ),
        # The other exporters write initial states.
        paths="torch>onnx_from_torch>*",
    ),
    *entries(
        "log_softmax",
        reason="LogSoftmax without its attribute `axis` is along axis 0, not along the last one: what lies behind "
        "the attributes is read for it (MNN_ASSERT in OnnxLogSoftmax.cpp, which a release leaves out), 0 where it is "
        "the only operator; after another one that ends the process (Softmax is right)",
        link="none found: alibaba/MNN ONNX LogSoftmax default axis opset 13",
        # Along axis 1 this would be right.
        witness=case("log_softmax", {"x": SPREAD[:1]}, inner=[2], axis=-1),
        applies=along_last,
        # PyTorch's exporters write the axis.
        paths="tensorflow>*",
    ),
    *entries(
        "rnn",
        reason="RNN is computed with tanh whatever its attribute `activations` says",
        link="none found: alibaba/MNN ONNX RNN activations Relu ignored tanh",
        witness=case(
            "rnn",
            {"x": np.ones((1, 1, 1), np.float32)},
            time=1,
            features=1,
            hidden=4,
            layers=1,
            nonlinearity="relu",
            initial_state=False,
            bias=False,
        ),
        applies=config_is(nonlinearity="relu"),
        # The other exporters write the cells out.
        paths="torch>onnx_from_torch_legacy>*",
    ),
    *entries(
        "cast",
        reason="a cast to bool is one to int32: what lies between -1 and 1 is False, and what is not 0 or 1 stays so",
        link="none found: alibaba/MNN ONNX Cast float to bool int32 wrong",
        witness=case("cast", {"x": np.array([[0.5]], np.float32)}, inner=[1], source="float", target="bool"),
        applies=config_is(target="bool"),
    ),
    *entries(
        "remainder",
        reason="Mod with fmod=1, whose sign is the dividend's, becomes FLOORMOD, whose sign is the divisor's",
        link="none found: alibaba/MNN ONNX Mod fmod attribute FLOORMOD negative",
        witness=case(
            "remainder",
            {"x": np.array([[-0.55], [0.55]], np.float32)},
            inner=[1],
            numbers="float",
            sign_of="dividend",
        ),
        applies=config_is(sign_of="dividend"),
    ),
    *entries(
        "resize_bicubic",
        reason="the attributes of a cubic Resize are not read: the coefficient is -0.75, and half pixels are counted "
        "from the next one",
        link="none found: alibaba/MNN ONNX Resize cubic cubic_coeff_a half_pixel wrong result",
        witness=case(
            "resize_bicubic",
            {"x": np.array([[[[1.0, 2.0, 4.0]]]], np.float32)},
            channels=1,
            size=[1, 3],
            out_size=[1, 5],
            coefficient=-0.5,
            align_corners=False,
        ),
        applies=either(config_is(align_corners=False), config_is(coefficient=-0.5)),
    ),
    *entries(
        "conv3d",
        reason="a convolution along three axes becomes convolutions along two, and the dilation of the first axis is "
        "lost",
        link="none found: alibaba/MNN Conv3D dilation depth ignored wrong result",
        witness=case(
            "conv3d",
            {"x": np.array([1.0, 2.0, 4.0], np.float32).reshape(1, 1, 3, 1, 1)},
            in_channels=1,
            out_channels=1,
            window={
                "kernel": [2, 1, 1],
                "stride": [1, 1, 1],
                "dilation": [2, 1, 1],
                "padding": [0, 0, 0, 0, 0, 0],
                "size": [3, 1, 1],
            },
            bias=False,
        ),
        applies=lambda case: case.config["window"]["dilation"][0] > 1,
    ),
    *entries(
        "*",
        reason="64-bit integers become 32-bit ones without a word, in what comes out too",
        link="none found: alibaba/MNN ONNX int64 output becomes int32",
        witness=case("argmax", {"x": SPREAD}, inner=[2], axis=-1, keepdims=False, indices="int64"),
        applies=gives_long,
    ),
    *entries(
        "*",
        reason="half precision becomes float32 without a word, in what comes out too",
        link="none found: alibaba/MNN ONNX float16 model input output float32",
        witness=Case(
            "softmax",
            {"batch": 1, "dtype": "float16", "inner": [1], "axis": -1},
            0,
            {"x": np.ones((1, 1), np.float16)},
        ),
        applies=in_half,
        # What comes out is right in float32.
        up_to=1.0,
    ),
    *entries(
        "max_pool2d",
        reason="the attribute `dilations` of MaxPool is not read",
        link="none found: alibaba/MNN ONNX MaxPool dilations not supported output shape",
        witness=case(
            "max_pool2d",
            {"x": np.array([[[[1.0, 2.0, 3.0]]]], np.float32)},
            channels=1,
            window={"kernel": [1, 2], "stride": [1, 1], "dilation": [1, 2], "padding": [0, 0, 0, 0], "size": [1, 3]},
            ceil_mode=False,
        ),
        applies=lambda case: case.config["window"]["dilation"] != [1, 1],
        paths="torch>*",
    ),
    *(
        entry
        for shown, layer, keys, then in (
            (
                DIFFERENT,
                "softmax",
                {"axis": -1},
                "inputs and outputs become float32, and a convolution has other weights",
            ),
            (
                FAILING,
                "relu_family",
                {"kind": "relu6"},
                "constants stay bytes that no kernel reads: Compute Shape Error",
            ),
        )
        for entry in entries(
            "*",
            shown=shown,
            reason=f"bfloat16 is converted without a word, but {then}",
            link="none found: alibaba/MNN converter ONNX bfloat16 initializer",
            witness=Case(
                layer, {"batch": 1, "dtype": "bfloat16", "inner": [1], **keys}, 0, {"x": np.ones((1, 1), "bfloat16")}
            ),
            applies=in_bfloat16,
        )
    ),
    *entries(
        "*",
        shown=DYING,
        reason="weights of a group or instance normalisation in bfloat16 end the process: SIGSEGV",
        link="none found: alibaba/MNN converter ONNX InstanceNormalization segmentation fault bfloat16",
        witness=Case(
            "instance_norm",
            {
                "batch": 1,
                "dtype": "bfloat16",
                "channels": 1,
                "spatial": [2],
                "statistics": "input",
                "eps": 1e-5,
                "affine": True,
            },
            0,
            {"x": np.ones((1, 1, 2), "bfloat16")},
        ),
        applies=both(in_bfloat16, lambda case: case.layer in {"group_norm", "instance_norm"}),
    ),
)
