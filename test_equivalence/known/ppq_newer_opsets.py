"""Known divergences of PPQ's executor on operators as they are since opset 14, which is newer than it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnparity.conditions import both, config_is, either, empty, in_half
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

NO_ROWS = load_file(Path(__file__).with_name("no_rows.py"))
PPQ = load_file(Path(__file__).with_name("ppq_torch_executor.py"))
REDUCED_BY_TENSORFLOW = frozenset((
    "data_dependent_branch",
    "global_pool",
    "group_norm",
    "instance_norm",
    "layer_norm",
    "logsumexp",
    "mixer_block",
    "rewritten_block",
    "rms_norm",
    "squeeze_excite",
    "transformer_decoder_block",
    "transformer_encoder_block",
    "variance",
))
REDUCED_BY_TORCH = frozenset((
    "adaptive_avg_pool2d",
    "global_pool",
    "l2_normalize",
    "rewritten_block",
    "rms_norm",
    "squeeze_excite",
    "variance",
))
SIZED = frozenset((
    "bidirectional_lstm",
    "gru",
    "lstm",
    "multi_head_attention",
    "patch_embedding",
    "rnn",
    "transformer_decoder_block",
    "transformer_encoder_block",
))
PAIR = {"batch": 1, "dtype": "float32", "inner": [2]}


WITH_ALLOWZERO = frozenset((
    "multi_head_attention",
    "transformer_decoder_block",
    "transformer_encoder_block",
))


def open_batch(case: Case) -> bool:
    """Whether the batch is left open, so that sizes are computed in the model."""
    return bool(case.open_axes)


def takes_negative_index(case: Case) -> bool:
    """Whether the layer takes an index below 0."""
    indices = [case.inputs[name] for name in ("ids", "indices") if name in case.inputs]
    return case.layer in {"embedding_lookup", "gather"} and any(bool((one < 0).any()) for one in indices)


KNOWN = (
    PPQ.diverges(
        "*",
        Case(
            "gelu",
            {"batch": 1, "dtype": "float32", "inner": [1], "approximate": "tanh"},
            0,
            {"x": np.array([[-1.5]], np.float32)},
        ),
        "Gelu is the one by erf of PyTorch, whatever its attribute `approximate` says (default.py, Gelu_forward); of "
        "infinity that is NaN",
        "none found: OpenPPL/ppq Gelu approximate tanh attribute",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        applies=either(config_is(approximate="tanh"), config_is(activation="gelu_tanh")),
        paths="*>onnx_from_torch>*",
    ),
    PPQ.diverges(
        "softplus",
        Case(
            "softplus",
            {"batch": 1, "dtype": "float16", "inner": [1], "beta": 1.0, "threshold": 20.0},
            0,
            {"x": np.array([[15]], np.float16)},
        ),
        "Softplus is log(exp(x) + 1), also where the exporter writes that one alone: infinity from 12 on in half "
        "precision",
        "none found: OpenPPL/ppq Softplus forward log exp overflow inf",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        applies=in_half,
        paths="*>onnx_from_torch>*",
    ),
    PPQ.diverges(
        "*",
        Case(
            "gather",
            {
                "batch": 1,
                "dtype": "float32",
                "inner": [2],
                "axis": 1,
                "picked": 1,
                "indices": "int32",
                "negative": True,
            },
            0,
            {"x": np.ones((1, 2), np.float32), "indices": np.array([-1], np.int32)},
        ),
        "GatherND takes no negative index, which ONNX counts from the end: it is out of bounds",
        "none found: OpenPPL/ppq GatherND negative index out of bounds",
        applies=takes_negative_index,
        paths="*>onnx_from_torch>*",
    ),
    PPQ.diverges(
        "*",
        Case(
            "cast",
            {"batch": 1, "dtype": "float32", "inner": [1], "source": "float", "target": "float"},
            0,
            {"x": np.ones((1, 1), np.float32)},
        ),
        "a model of nothing but Identity loses its output when PPQ removes that: KeyError, it is not a valid variable "
        "of current graph",
        "none found: OpenPPL/ppq remove_identity graph output KeyError not a valid variable of current graph",
        applies=lambda case: case.layer == "cast" and PPQ.does_nothing(case),
        paths="*>onnx_from_torch>*",
    ),
    PPQ.diverges(
        "instance_norm",
        Case(
            "instance_norm",
            {
                "batch": 1,
                "dtype": "float32",
                "channels": 2,
                "spatial": [3],
                "statistics": "running",
                "eps": 1e-3,
                "affine": True,
            },
            0,
            {"x": np.ones((1, 2, 3), np.float32)},
        ),
        "a batch normalisation without a convolution before it becomes a 1 by 1 convolution of images, whatever the "
        "axes are",
        "https://github.com/OpenPPL/ppq/issues/496",
        applies=both(config_is(statistics="running"), PPQ.of_no_images),
        paths="*>onnx_from_torch>*",
    ),
    PPQ.diverges(
        "*",
        NO_ROWS.case("multi_head_attention", 2, 2, **NO_ROWS.HEADS),
        "Reshape copies the input's size at every 0 of the shape and does not read allowzero, by which it is a size "
        "(default.py, Reshape_forward): (1, 0, 2) to (0, 2) is asked for as (1, 2)",
        "none found: OpenPPL/ppq Reshape zero dimension empty tensor allowzero",
        applies=both(PPQ.layer_in(WITH_ALLOWZERO), empty),
        paths="*>onnx_from_torch>*",
    ),
    *(
        PPQ.diverges(
            "*",
            Case(layer, {**PAIR, **config}, 0, {"x": np.ones((1, 2), np.float32)}),
            "ReduceMean, ReduceMax and ReduceL2 take their axes as an attribute only; from opset 18 on they are an "
            "input: ValueError, too many values to unpack",
            "none found: OpenPPL/ppq ReduceMean opset 18 axes input ValueError too many values to unpack",
            applies=PPQ.layer_in(layers),
            paths=f"*>{exporter}>*",
        )
        for exporter, layers, layer, config in (
            (
                "onnx_from_tensorflow",
                REDUCED_BY_TENSORFLOW,
                "variance",
                {"axis": -1, "correction": 0, "keepdims": False},
            ),
            ("onnx_from_torch", REDUCED_BY_TORCH, "l2_normalize", {"axes": [-1], "eps": 1e-12}),
        )
    ),
    PPQ.diverges(
        "*",
        Case(
            "rnn",
            {
                "batch": 2,
                "dtype": "float32",
                "time": 1,
                "features": 1,
                "hidden": 1,
                "layers": 1,
                "nonlinearity": "tanh",
                "initial_state": False,
                "bias": False,
            },
            0,
            {"x": np.ones((2, 1, 1), np.float32)},
            open_axes=("batch",),
        ),
        "Shape ignores `start` and `end`, which it has from opset 15 on, and gives all sizes: what is computed of them "
        "has too many",
        "none found: OpenPPL/ppq Shape operator start end attribute opset 15",
        applies=both(PPQ.layer_in(SIZED), open_batch),
        # The other two exporters write Gather or Slice after Shape.
        paths="*>onnx_from_torch>*",
    ),
)
