"""Results to test the store and the reports with: drawn ones, hostile texts, and a small run with every ending."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from nnparity.outcome import Outcome, Stage, Status, Verdict

HOSTILE = (
    "<script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "' autofocus onfocus='alert(1)",
    "</style></title></textarea><img src=x onerror=alert(1)>",
    "a|b||c",
    "`rm -rf`",
    "**bold** _thin_ ~~no~~ [text](javascript:alert(1)) ![x](http://x)",
    "one\ntwo\r\nthree\n\n# title\n\n| a | b |\n|---|---|",
    "\x1b[31mred\x1b[0m\x1b]8;;http://x\x07link\x1b]8;;\x07",
    "null\x00 bell\x07 delete\x7f next line\x85",
    "reversed \u202etxt.exe \u2066inside\u2069",
    "lone surrogate \ud800, not a character \ufffe\uffff",
    "{{ 7 * 7 }}{% raw %}{# no #}",
    "]]> <![CDATA[ &amp; &#x3c; <!-- -->",
    "1. not a list",
    "> not a quotation",
    "javascript:alert(1)",
    "",
)

WORDS = ("softmax", "conv2d", "attention", "torch", "tensorflow", "onnx_from_torch", "onnxruntime_cpu")

KINDS = (
    (Stage.COMPARE, Status.MATCH, Verdict.PASS),
    (Stage.COMPARE, Status.MISMATCH, Verdict.XFAIL),
    (Stage.COMPARE, Status.MISMATCH, Verdict.ALLOWED),
    (Stage.COMPARE, Status.MATCH, Verdict.XPASS),
    (Stage.COMPARE, Status.MISMATCH, Verdict.FAIL),
    (Stage.LOAD, Status.CRASH, Verdict.FAIL),
    (Stage.CONVERT, Status.UNSUPPORTED, Verdict.UNSUPPORTED),
    (Stage.BUILD, Status.NOT_RUN, Verdict.NOT_RUN),
)


EVIDENCE: dict[str, Any] = {
    "window": {
        "output": "y",
        "index": [0, 1],
        "shape": [2, 3],
        "corner": [0, 0],
        "expected": [[1.0, 2.0, 3.0], [4.0, math.nan, 6.0]],
        "got": [[1.0, 2.5, 3.0], [4.0, math.nan, math.inf]],
        "allowed": [[1e-7, 2e-7, 3e-7], [4e-7, 5e-7, 6e-7]],
    },
    "inputs": {"x": {"dtype": "float32", "shape": [2, 3], "min": -1.0, "max": 2.5, "nan": 1, "inf": 0, "first": [0.5]}},
}
"""What a failure keeps of its numbers."""


def texts() -> st.SearchStrategy[str]:
    """Return names and sentences as tools give them: anything, surrogates and control characters included."""
    return st.one_of(st.sampled_from(WORDS), st.sampled_from(HOSTILE), st.text(st.characters(), max_size=12))


def names() -> st.SearchStrategy[str]:
    """Return texts that can be a step of a path."""
    return texts().map(lambda text: text.replace(">", "") or "step")


def counts() -> st.SearchStrategy[Mapping[str, int]]:
    return st.dictionaries(texts(), st.integers(0, 10**6), max_size=3)


def evidence() -> st.SearchStrategy[dict[str, Any]]:
    """Return what outcomes keep of numbers, and odd forms of it."""
    odd = st.one_of(
        st.none(), st.integers(), texts(), st.lists(st.one_of(st.none(), st.integers(), texts()), max_size=3)
    )
    grids = st.lists(st.lists(st.one_of(st.none(), st.integers(), texts()), max_size=2), max_size=2)
    window = st.dictionaries(st.sampled_from(sorted(EVIDENCE["window"])), st.one_of(odd, grids))
    described = st.dictionaries(st.sampled_from(sorted(EVIDENCE["inputs"]["x"])), odd)
    kept = {
        "window": st.one_of(odd, window),
        "inputs": st.one_of(odd, st.dictionaries(texts(), st.one_of(odd, described))),
    }
    return st.one_of(st.just({}), st.just(EVIDENCE), st.fixed_dictionaries({}, optional=kept))


@st.composite
def outcomes(draw: st.DrawFn) -> Outcome:
    stage, status, verdict = draw(st.sampled_from(KINDS))
    path = tuple(draw(st.lists(names(), min_size=1, max_size=4)))
    figures = st.one_of(st.floats(0, width=32), st.just(math.nan), st.just(math.inf))
    return Outcome(
        case=draw(st.one_of(st.sampled_from(("0a1b", "2c3d")), texts())),
        layer=draw(texts()),
        config=draw(st.dictionaries(texts(), st.one_of(st.integers(), texts(), st.lists(st.integers())), max_size=2)),
        path=path,
        stage=stage,
        status=status,
        verdict=verdict,
        known=draw(texts()) if verdict in {Verdict.XFAIL, Verdict.ALLOWED, Verdict.XPASS} else "",
        component=draw(texts()),
        open_axes=tuple(draw(st.lists(texts(), max_size=1))),
        witness=draw(st.booleans()),
        max_abs=draw(figures),
        max_ulp=draw(figures),
        error_over_budget=draw(figures),
        op_counts=draw(st.dictionaries(st.sampled_from(path), counts(), max_size=2)),
        op_total=draw(st.dictionaries(st.sampled_from(path), st.integers(0, 99), max_size=2)),
        seconds=draw(st.dictionaries(st.sampled_from(path), st.floats(0, 9), max_size=2)),
        run_microseconds=draw(figures),
        detail=draw(texts()),
        reproduce=draw(texts()),
        evidence=draw(evidence()),
    )


def graphs() -> st.SearchStrategy[str]:
    """Draw recorded graphs, of up to three operators with any names."""
    operator = st.tuples(
        texts(), texts(), st.lists(st.integers(0, 1), max_size=2, unique=True), st.sampled_from((-1, 0))
    )
    few = st.fixed_dictionaries({
        "inputs": st.lists(texts(), min_size=1, max_size=1),
        "operators": st.lists(operator, max_size=3),
    })
    return st.one_of(few.map(json.dumps), st.just(json.dumps({"operators": 401})))


@st.composite
def facts(draw: st.DrawFn) -> dict[str, Any]:
    """Return run facts with any of the keys missing, and some of a kind that nobody expects."""
    fields = st.dictionaries(st.sampled_from(("reason", "link", "fix", "title", "kind", "representation")), texts())
    named = st.dictionaries(texts(), texts())
    environment = {"versions": named, "licences": named, "components": st.lists(texts())}
    families = st.dictionaries(texts(), st.sampled_from(("matmul", "layout", "of another kind")))
    layer = st.dictionaries(st.sampled_from(("source", "catches")), texts())
    keys = {
        "nnparity": texts(),
        "profile": texts(),
        "seed": st.integers(0),
        "cpu": texts(),
        "environments": st.dictionaries(texts(), st.fixed_dictionaries({}, optional=environment), max_size=2),
        "known": st.dictionaries(texts(), fields, max_size=2),
        "families": st.dictionaries(texts(), families, max_size=2),
        "steps": st.dictionaries(names(), fields, max_size=3),
        "paths": st.lists(st.lists(names(), min_size=1, max_size=3).map(">".join), max_size=3),
        "layers": st.dictionaries(texts(), layer, max_size=2),
        "not_run": st.dictionaries(names(), texts(), max_size=2),
        "conversions": st.dictionaries(st.sampled_from(("made", "cached")), st.integers(0, 99)),
        "explained": st.dictionaries(
            texts(),
            st.fixed_dictionaries(
                {}, optional=dict.fromkeys(("operator", "script", "folder", "files", "said"), texts())
            ),
            max_size=2,
        ),
        "graphs": st.dictionaries(texts(), st.dictionaries(names(), st.one_of(graphs(), texts())), max_size=2),
    }
    odd = st.sampled_from((None, 3, "text", [], {}, [1, None], {"a": None}, {"a": {"b": [1]}}))
    return draw(st.fixed_dictionaries({}, optional={name: st.one_of(known, odd) for name, known in keys.items()}))


def one(**changes: Any) -> Outcome:
    """Return an outcome that matched, with these changes."""
    values: dict[str, Any] = {
        "case": "3f9a1c",
        "layer": "softmax",
        "config": {"batch": 2, "dtype": "float32"},
        "path": ("torch", "onnx_from_torch", "onnxruntime_cpu"),
        "stage": Stage.COMPARE,
        "status": Status.MATCH,
        "verdict": Verdict.PASS,
    }
    return Outcome(**{**values, **changes})


def small_run() -> tuple[dict[str, Any], list[Outcome]]:
    """Return facts and outcomes of a run that has every kind of ending, and a path that nothing ran on."""
    litert = ("tensorflow", "tflite_from_tensorflow", "litert_cpu")
    run_facts = {
        "nnparity": "0.1.0",
        "profile": "quick",
        "seed": 0,
        "cpu": "a processor",
        "environments": {
            "torch": {
                "versions": {"torch": "2.13.0"},
                "components": ["onnx_from_torch"],
                "licences": {"torch": "BSD-3-Clause"},
            }
        },
        "known": {
            "litert/gelu": {
                "component": "litert_cpu",
                "layer": "gelu",
                "stage": "COMPARE",
                "status": "MISMATCH",
                "fix": "upstream",
                "reason": "erf is rounded to float16 inside",
                "link": "https://example.org/issues/1",
            },
            "never met": {"reason": "not in this run"},
        },
        "families": {"torch": {"aten.softmax": "activation"}, "onnx": {"Softmax": "activation", "Cast": "cast"}},
        "steps": {
            "torch": {"representation": "torch", "title": "PyTorch", "kind": "root"},
            "onnx_from_torch": {"representation": "onnx", "title": "ONNX", "kind": "conversion"},
            "onnxruntime_cpu": {"representation": "onnx", "title": "ONNX", "kind": "runtime"},
            "tensorflow": {"representation": "tensorflow", "title": "TensorFlow", "kind": "root"},
            "tflite_from_tensorflow": {"representation": "tflite", "title": "TFLite", "kind": "conversion"},
            "litert_cpu": {"representation": "tflite", "title": "TFLite", "kind": "runtime"},
        },
        "paths": [
            "torch>onnx_from_torch>onnxruntime_cpu",
            "torch>onnx_from_torch>tvm",
            "tensorflow>tflite_from_tensorflow>litert_cpu",
        ],
        "layers": {"softmax": {"source": "Bridle (1990)", "catches": "another axis"}, "gelu": {}},
        "not_run": {"tvm": "its environment is not built"},
        "conversions": {"made": 2, "cached": 5},
        "explained": {
            "77@torch>onnx_from_torch>onnxruntime_cpu": {
                "operator": "located: Softmax '</script><b>', operator 2 of 3 in the ONNX graph",
                "script": "import sys\n\nif 1 < 2 and 'y' == \"y\":\n    sys.exit(1)\n",
                "folder": "reproduce/softmax-77-0a1b2c",
                "files": "onnx_from_torch, steps.py",
                "said": "run here, it shows the divergence (exit code 1)",
                "modules": {"steps.py": "def onnx_from_torch(model):\n    return '<i>'\n"},
            }
        },
        "graphs": {
            "softmax": {
                "torch>onnx_from_torch": json.dumps({
                    "inputs": ["x", "<b>mask</b>"],
                    "operators": [
                        ["Cast", "2x3 float", [0], -1],
                        ["If", "2x3 float", [1, 2], -1],
                        ["Softmax", "", [2], 1],
                        ["</script><script>alert(1)</script>", "2x3 float", [4], 1],
                    ],
                }),
                "tensorflow": json.dumps({"operators": 401}),
            }
        },
    }
    operators = {"torch": {"aten.softmax": 1}, "onnx_from_torch": {"Softmax": 1, "Cast": 2, "New": 1}}
    run_outcomes = [
        one(
            max_abs=1e-7,
            max_ulp=1.0,
            error_over_budget=0.25,
            op_counts={**operators, "onnxruntime_cpu": {"Softmax": 1}},
            op_total={"torch": 1, "onnx_from_torch": 4, "onnxruntime_cpu": 1},
            seconds={"torch": 0.1, "onnx_from_torch": 0.5, "onnxruntime_cpu": 0.01},
            run_microseconds=40.0,
        ),
        one(
            case="77",
            status=Status.MISMATCH,
            verdict=Verdict.FAIL,
            max_abs=0.5,
            max_ulp=9e6,
            error_over_budget=41.5,
            detail="y: 2 of 6 elements are wrong",
            reproduce="nnparity run --case 77",
            evidence=EVIDENCE,
        ),
        one(layer="gelu", verdict=Verdict.XPASS, known="litert/gelu", witness=True),
        one(layer="gelu", path=litert, status=Status.MISMATCH, verdict=Verdict.XFAIL, known="litert/gelu"),
        one(
            path=litert,
            stage=Stage.CONVERT,
            status=Status.UNSUPPORTED,
            verdict=Verdict.UNSUPPORTED,
            component="tflite_from_tensorflow",
            detail="no float64",
        ),
        one(
            case="88",
            path=litert,
            stage=Stage.BUILD,
            status=Status.NOT_RUN,
            verdict=Verdict.NOT_RUN,
            component="litert_cpu",
            detail="stopped",
        ),
    ]
    return run_facts, run_outcomes
