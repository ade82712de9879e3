"""What is read out of compilers' texts: dispatches, instructions, weights, calls."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

import nnparity
from nnparity.contracts import Artifact, Unsupported
from nnparity.loading import load_file

CONVERTERS = Path(nnparity.__file__).parents[1] / "converters"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("main$async_dispatch_0_matmul_Dx3x4_f32", "matmul"),
        ("main$async_dispatch_12_matmul_transpose_b_2x3_f32", "matmul_transpose_b"),
        ("main$async_dispatch_1_softmax_Dx3xf32_dispatch_tensor_store", "softmax"),
        ("main$async_dispatch_3_conv_2d_nchw_fchw_2x3x4x4x3x3x3_f32", "conv_2d_nchw_fchw"),
        ("main$async_dispatch_4_elementwise_D_f32", "elementwise"),
        ("main$async_dispatch_5_slow_memcpy", "slow_memcpy"),
        ("main$async_dispatch_6", "other"),
    ],
)
def test_dispatch_is_counted_by_the_operator_at_its_root(name: str, kind: str) -> None:
    runtime = load_file(CONVERTERS / "runtimes" / "iree_cpu.py")
    line = f"    %2:2 = flow.dispatch @{name}::@{name}[%0](%1, %0) : (tensor<?x4xf32>{{%0}}) -> tensor<?x3xf32>{{%0}}\n"
    assert runtime.dispatched(line * 3) == {f"dispatch.{kind}": 3}


def test_definition_of_a_dispatch_is_none() -> None:
    runtime = load_file(CONVERTERS / "runtimes" / "iree_cpu.py")
    assert (
        runtime.dispatched("  flow.executable private @main_dispatch_0 {\n    %1 = flow.dispatch.tie_shape %a\n") == {}
    )


@pytest.mark.parametrize(("mode", "endless"), [("wrap", True), ("constant", False), ("edge", False)])
def test_only_circular_padding_is_kept_from_iree_compile(mode: str, endless: bool) -> None:
    runtime = load_file(CONVERTERS / "runtimes" / "iree_cpu.py")
    attributes = f'{{torch.onnx.mode = "{mode}"}} : (!torch.vtensor<[4],f32>)'
    text = f'    %1 = torch.operator "onnx.Pad"(%arg0, %0) {attributes}\n    %2 = torch.operator "onnx.Relu"(%1)\n'
    assert bool(runtime.ENDLESS.search(text)) is endless


@pytest.mark.parametrize(
    ("words", "declined"),
    [
        ("Data type T.bfloat16 not supported for isnan op. Skipping isnan op...", True),
        ("Data type T.bfloat16 not supported for finiteness ops. Skipping it...", True),
        ("CodeGenVM cannot emit this Relax operator directly.", False),
    ],
)
def test_relax_declines_a_dtype_in_tvms_words(words: str, declined: bool) -> None:
    runtime = load_file(CONVERTERS / "runtimes" / "relax_vm.py")
    assert bool(runtime.NO_KERNEL.search(words)) is declined


@pytest.mark.parametrize(
    ("words", "declined"),
    [
        (
            "Exception from node.cpp:1:\nUnsupported operation of type: GroupNormalization name: y\n",
            True,
        ),
        ("Exception from node.cpp:1:\nCheck 'rank > 1' failed\n", False),
    ],
)
def test_openvino_declines_an_operator_in_its_plugins_words(words: str, declined: bool) -> None:
    runtime = load_file(CONVERTERS / "runtimes" / "openvino_cpu.py")
    assert bool(runtime.REFUSED.search(words)) is declined


class Executor:
    """PPQ's executor as far as a session asks it: it names a node, and keeps what went wrong in the cause."""

    def __init__(self, cause: Exception) -> None:
        self._cause = cause

    def forward(self, inputs: object, output_names: object) -> object:
        raise RuntimeError("Error happens when dealing with operation /norm") from self._cause


@pytest.mark.parametrize(
    ("cause", "ends"),
    [
        (ValueError("Unsupported Layernorm axis. We will implement it soon."), Unsupported),
        (NotImplementedError("Graph op: If has no backend implementation"), Unsupported),
        (TypeError("expected a tensor"), RuntimeError),
    ],
)
def test_ppq_declines_in_its_operators_words(
    cause: Exception, ends: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", ModuleType("torch"))  # imported, and asked for nothing without inputs
    runtime = load_file(CONVERTERS / "runtimes" / "ppq_torch_executor.py")
    session = runtime.ExecutorSession(Executor(cause), Artifact("onnx", None, (), ("y",), {}))
    with pytest.raises(ends, match=str(cause)):
        session.run({})


HLO = """HloModule main, is_scheduled=true

%region_0 (a: f32[], b: f32[]) -> f32[] {
  %a = f32[] parameter(0)
  %b = f32[] parameter(1)
  ROOT %add.1 = f32[] add(%a, %b)
}

%fused_computation (p: f32[2,4]) -> f32[2,4] {
  %p = f32[2,4]{1,0} parameter(0)
  ROOT %exponential.1 = f32[2,4]{1,0} exponential(%p)
}

ENTRY %main.6 (x: f32[2,4]) -> (f32[2], f32[2,4]) {
  %x = f32[2,4]{1,0} parameter(0)
  %constant.1 = f32[] constant(0)
  %fusion.1 = f32[2,4]{1,0} fusion(%x), kind=kLoop, calls=%fused_computation
  %sort.1 = (f32[2,4]{1,0}, s32[2,4]{1,0}) sort(%fusion.1, %i), dimensions={1}, to_apply=%region_0
  %reduce.1 = f32[2]{0} reduce(%fusion.1, %constant.1), dimensions={1}, to_apply=%region_0
  ROOT %tuple.1 = (f32[2]{0}, f32[2,4]{1,0}) tuple(%reduce.1, %fusion.1)
}
"""


def test_inside_of_a_fusion_or_a_reduction_is_not_counted() -> None:
    assert load_file(CONVERTERS / "support" / "hlo.py").executed(HLO) == {"fusion": 1, "sort": 1, "reduce": 1}


def test_computation_that_is_called_is_counted() -> None:
    called = HLO.replace("fusion(%x), kind=kLoop, calls=", "call(%x), to_apply=")
    assert load_file(CONVERTERS / "support" / "hlo.py").executed(called)["exponential"] == 1


def test_weights_are_put_where_they_are_used() -> None:
    conversion = load_file(CONVERTERS / "conversions" / "stablehlo_from_exported_program.py")
    text = (
        "module {\n  %0 = stablehlo.constant dense_resource<w.1> : tensor<1xf32>\n}\n\n"
        '{-#\n  dialect_resources: {\n    builtin: {\n      w.1: "0x040000000000803F"\n    }\n  }\n#-}\n'
    )
    placed = conversion.with_values_in_place(text)
    assert 'stablehlo.constant dense<"0x0000803F"> : tensor<1xf32>' in placed
    assert "dialect_resources" not in placed


def test_weights_that_are_not_there_are_an_error() -> None:
    conversion = load_file(CONVERTERS / "conversions" / "stablehlo_from_exported_program.py")
    with pytest.raises(KeyError, match="lost"):
        conversion.with_values_in_place("%0 = dense_resource<lost>\n{-#\n#-}\n")


WRAPPER = """
extern "C"  void  cpp_fused_declared_0(const float* in_ptr0);
void AOTInductorModel::run_impl(
    AOTI_TORCH_ERROR_CODE_CHECK(aoti_torch_empty_strided(2, sizes, &buf0_handle));
    cpp_fused_add_relu_0((const float*)(arg4_1.data_ptr()), s77);
    AOTI_TORCH_ERROR_CODE_CHECK(aoti_torch_cpu_addmm_out(buf3, buf2, buf1, 1L, 1L));
    cpp_fused_add_relu_1((const float*)(buf3.data_ptr()), s77);
"""


def test_calls_in_a_package_are_counted_where_they_are_made() -> None:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("model/data/aotinductor/model/a.wrapper.cpp", WRAPPER)
        archive.writestr("model/data/aotinductor/model/a.wrapper_metadata.json", "{}")
        called = {"nodes": [{"name": "buf0", "node": {"target": "nnparity::firm_shrink"}}]}
        archive.writestr("model/data/aotinductor/model/a.wrapper.json", json.dumps(called))
    representation = load_file(CONVERTERS / "representations" / "aoti_package.py").REPRESENTATION
    counts = representation.count(Artifact("aoti_package", package.getvalue(), (), (), {}))
    assert counts == {"fused_add_relu": 2, "aten.addmm": 1, "nnparity.firm_shrink": 1}
