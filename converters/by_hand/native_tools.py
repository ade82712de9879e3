"""Tengine, TNN, ppl.nn, SNPE and trtexec, as somebody calls them who has them and no nnparity.

The environment variables that say where they lie are those of docs/your_own_runtimes.md.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

Given = dict[str, np.ndarray]
# A Tengine that is built with its online report sends it here: to no open port.
SILENT = {"tengine_report_host": "127.0.0.1", "tengine_report_port": "9"}
TENGINE = ("float32", "float16", "int8", "uint8", "int32", "int16")
TNN = {"float32": ("0", "%.9g"), "int32": ("3", "%d")}
PPL = {"float64": "fp64", "float32": "fp32", "float16": "fp16", "int32": "int32", "int64": "int64", "bool": "bool"}
TENSORRT = {"fp32": "float32", "fp16": "float16", "int32": "int32", "int64": "int64", "bool": "bool"}
TENSORRT |= {"Float": "float32", "Half": "float16", "Int32": "int32", "Int64": "int64", "Bool": "bool"}
IMAGE = 4


def built(variable: str, name: str) -> Path:
    files = [file for file in sorted(Path(os.environ[variable]).absolute().rglob(name)) if file.is_file()]
    if not files:
        raise FileNotFoundError(f"{variable}={os.environ[variable]} has no {name} in it")
    return files[0]


def called(command: list[Any], folder: Path, *written: Path, program: str = "", **variables: str) -> str:
    import signal
    import subprocess

    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    ran = subprocess.run(list(map(str, command)), cwd=folder, env=os.environ | variables, check=False, **streams)
    said, program, code = ran.stdout.decode(errors="replace"), program or Path(str(command[0])).name, ran.returncode
    words = "its last words: " + (" | ".join(line.strip() for line in said.splitlines()[-12:]) or "none")
    if code < 0:
        raise RuntimeError(f"{program} crashed (signal {-code}, {signal.Signals(-code).name}); {words}")
    if code and program != "model_check":  # which says with its code whether its reference is met
        raise RuntimeError(f"{program} ended with code {code}; {words}")
    for file in written:
        if not file.is_file() or not file.stat().st_size:
            state = "empty" if file.is_file() else "no"
            raise RuntimeError(f"{program} left {state} {file.name}, with code {code}; {words}")
    return said


def renamed(found: Given, outputs: list[str]) -> Given:
    return found if set(outputs) <= set(found) else dict(zip(outputs, found.values(), strict=True))


def tengine_from_onnx(source: Path, target: Path) -> None:
    made, libraries = target / "model.tmfile", str(built("TENGINE_HOME", "libtengine-lite.so").parent)
    command = [built("TENGINE_HOME", "convert_tool"), "-f", "onnx", "-m", source / "model.onnx", "-o", made]
    called(command, target, made, LD_LIBRARY_PATH=libraries, **SILENT)


def tengine_cpu(source: Path, inputs: Given, outputs: list[str]) -> Given:
    import ctypes

    class Options(ctypes.Structure):
        _fields_ = (*((name, ctypes.c_int) for name in ("thread", "cluster", "kind")), ("affinity", ctypes.c_uint64))

    def right(code: int, function: str) -> None:
        if code < 0:
            raise RuntimeError(f"Tengine: {function} failed")

    os.environ.update(SILENT)
    tengine, pointer = ctypes.CDLL(str(built("TENGINE_HOME", "libtengine-lite.so"))), ctypes.c_void_p
    given, found = [], {}
    for name in ("create_graph", *(f"get_graph_{end}" for end in ("input_tensor", "output_tensor", "output_node"))):
        getattr(tengine, name).restype = pointer
    tengine.get_tensor_buffer.restype, tengine.get_tensor_name.restype = pointer, ctypes.c_char_p
    tengine.init_tengine()
    graph = pointer(tengine.create_graph(None, b"tengine", bytes(source / "model.tmfile")))
    right(0 if graph else -1, "create_graph")
    for place in range(tengine.get_graph_input_node_number(graph)):
        tensor = pointer(tengine.get_graph_input_tensor(graph, place, 0))
        array = np.ascontiguousarray(inputs[tengine.get_tensor_name(tensor).decode()])
        given.append(array)  # the graph reads its memory when it runs
        right(tengine.set_tensor_shape(tensor, (ctypes.c_int * 8)(*array.shape), array.ndim), "set_tensor_shape")
        right(tengine.set_tensor_buffer(tensor, pointer(array.ctypes.data), array.nbytes), "set_tensor_buffer")
    prepared = tengine.prerun_graph_multithread(graph, Options(1, 0, 0, 0))
    right(-abs(prepared), "prerun_graph_multithread")
    right(tengine.run_graph(graph, 1), "run_graph")
    for node in range(tengine.get_graph_output_node_number(graph)):
        for place in range(tengine.get_node_output_number(pointer(tengine.get_graph_output_node(graph, node)))):
            tensor, sizes = pointer(tengine.get_graph_output_tensor(graph, node, place)), (ctypes.c_int * 8)()
            name, rank = tengine.get_tensor_name(tensor).decode(), tengine.get_tensor_shape(tensor, sizes, 8)
            shape, dtype = list(sizes)[: max(0, rank)], np.dtype(TENGINE[tengine.get_tensor_data_type(tensor)])
            size, address = tengine.get_tensor_buffer_size(tensor), tengine.get_tensor_buffer(tensor)
            if not address or size != int(np.prod(shape)) * dtype.itemsize:
                raise RuntimeError(f"Tengine: output {name} has {size} bytes at {address}; expected {dtype} of {shape}")
            found[name] = np.frombuffer(ctypes.string_at(address, size), dtype).reshape(shape)
    return renamed(found, outputs)


def tnn_from_onnx(source: Path, target: Path) -> None:
    import shutil

    import onnx

    shutil.copy(source / "model.onnx", target)
    extension = built("TNN_HOME", "onnx2tnn*.so").parent
    program = f"import sys; sys.path.insert(0, {str(extension)!r}); import onnx2tnn; sys.exit(onnx2tnn.convert("
    program += f"{str(target / 'model.onnx')!r}, {str(target)!r}, 'v1', '20260101 00:00:00', 0, 0, ''))"
    files = (target / "model.tnnproto", target / "model.tnnmodel")
    called([os.environ["TNN_PYTHON"], "-c", program], target, *files)
    outputs = {}
    for value in onnx.shape_inference.infer_shapes(onnx.load(source / "model.onnx")).graph.output:
        kind = value.type.tensor_type
        dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type).name
        outputs[value.name] = [dtype, [one.dim_value for one in kind.shape.dim]]
    (target / "ends.json").write_text(json.dumps({"outputs": outputs, "names": {}, "channels_last": False}))


def tnn_from_tflite(source: Path, specs: Any, outputs: list[str], target: Path) -> None:
    import re

    import tflite

    content = bytearray((source / "model.tflite").read_bytes())
    model = tflite.Model.GetRootAsModel(bytes(content), 0)
    graph, signature = model.Subgraphs(0), model.SignatureDefs(0)
    for place in range(graph.TensorsLength()):  # ":" and the like end a name in TNN's text
        table = graph.Tensors(place)._tab
        start, size = table.Vector(table.Offset(10)), table.VectorLen(table.Offset(10))
        content[start : start + size] = re.sub(rb"\W", b"_", bytes(content[start : start + size]))
    (target / "model.tflite").write_bytes(content)
    files = (target / "model.tnnproto", target / "model.tnnmodel")
    program = built("TNN_HOME", "TnnConverter")
    called([program, "-mp", target / "model.tflite", "-od", f"{target}/", "-mt", "TFLITE"], target, *files)
    renamed_graph = tflite.Model.GetRootAsModel(bytes(content), 0).Subgraphs(0)
    ends = [signature.Inputs(i) for i in range(len(specs))] + [signature.Outputs(i) for i in range(len(outputs))]
    tensors = {end.Name().decode(): renamed_graph.Tensors(end.TensorIndex()) for end in ends}
    names = {tensor.Name().decode(): name for name, tensor in tensors.items()}
    shapes = {name: ["float32", tensors[name].ShapeAsNumpy().tolist()] for name in outputs}
    (target / "ends.json").write_text(json.dumps({"outputs": shapes, "names": names, "channels_last": True}))


def tnn(device: str, source: Path, inputs: Given, outputs: list[str]) -> Given:
    import math
    import re
    import tempfile

    proto, ends = source / "model.tnnproto", json.loads((source / "ends.json").read_text())
    names, images = ends["names"], ends["channels_last"]
    taken = [one.split()[0] for one in proto.read_text().splitlines()[1].strip('" ,').split(":") if one.strip()]
    given = {name: inputs[names.get(name, name)] for name in taken}
    given = {name: np.moveaxis(one, -1, 1) if images and one.ndim == IMAGE else one for name, one in given.items()}
    folder, found = Path(tempfile.mkdtemp()), {}
    if len(given) == 1:
        ((name, array),) = given.items()
        kind, form = TNN[array.dtype.name]
        np.savetxt(folder / "in.txt", array.ravel(), fmt=form)
        files = [f"-mp={proto}", f"-ip={folder / 'in.txt'}", f"-op={folder / 'out.txt'}", f"-it={kind}"]
        flags = ["-mt=TNN", "-nt=NAIVE", f"-dt={device}", "-ic=1", "-wc=0", "-th=1", "-pr=HIGH"]
        files.append(f"-is={name}[{','.join(map(str, array.shape))}]")
        called([built("TNN_HOME", "TNNTest"), *flags, *files], folder, folder / "out.txt")
        text = (folder / "out.txt").read_text()
        heads = re.findall(r"^(.*) mat_type: (\d+) dims: \d+((?: -?\d+)*)\s*$", text, re.MULTILINE)
        values = text.splitlines()[1 + len(heads) :]
        for name, mat, sizes in heads:
            shape = [int(size) for size in sizes.split()]
            count = math.prod(shape)
            flat = np.array([float(value) for value in values[:count]], "int32" if mat == "33" else "float32")
            found[names.get(name, name)] = flat.reshape(shape)
            del values[:count]
    else:
        its, shapes = {ours: name for name, ours in names.items()}, {}
        for name, (_, shape) in ends["outputs"].items():
            last = images and len(shape) == IMAGE
            shapes[its.get(name, name)] = [shape[0], shape[-1], *shape[1:-1]] if last else shape
        blobs = {"in.txt": given, "ref.txt": {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}}
        for file, arrays in blobs.items():
            with (folder / file).open("w") as blob:
                blob.write(f"{len(arrays)}\n")
                for name, array in arrays.items():
                    kind, form = TNN[array.dtype.name]
                    blob.write(f"{name} {array.ndim} {' '.join(map(str, array.shape))} {kind}\n")
                    np.savetxt(blob, array.ravel(), fmt=form)
        command = [built("TNN_HOME", "model_check"), "-p", proto, "-m", source / "model.tnnmodel", "-d", device]
        answers = {name: folder / f"device_{name}.txt" for name in shapes}
        called([*command, "-i", "in.txt", "-f", "ref.txt", "-e", "-do", folder], folder, *answers.values())
        for name, answer in answers.items():
            found[names.get(name, name)] = np.array(answer.read_text().split(), np.float32).reshape(shapes[name])
    found = {name: np.moveaxis(one, 1, -1) if images and one.ndim == IMAGE else one for name, one in found.items()}
    return renamed(found, outputs)


def tnn_cpu(source: Path, inputs: Given, outputs: list[str]) -> Given:
    return tnn("X86", source, inputs, outputs)


def tnn_naive(source: Path, inputs: Given, outputs: list[str]) -> Given:
    return tnn("NAIVE", source, inputs, outputs)


def ppl_nn_x86(source: Path, inputs: Given, outputs: list[str]) -> Given:
    import re
    import tempfile

    import onnx

    program, folder, model = Path(os.environ["PPLNN_BIN"]).absolute(), Path(tempfile.mkdtemp()), source / "model.onnx"
    graph, found = onnx.load(model).graph, {}
    files: list[Path] = []
    constants = {one.name for one in graph.initializer}
    for name in (one.name for one in graph.input if one.name not in constants):
        shape, kind = "_".join(map(str, inputs[name].shape)), PPL[inputs[name].dtype.name]
        files.append(folder / f"in{len(files)}-{shape}-{kind}.dat")
        files[-1].write_bytes(np.ascontiguousarray(inputs[name]).tobytes())
    newer = "--shaped-input-files"
    option = newer if newer in called([program, "--help"], folder) else "--reshaped-inputs"
    command = [program, "--use-x86", "--num-threads", "1", "--onnx-model", model.absolute()]
    command += [option, ",".join(map(str, files))] if files else []
    said = called([*command, "--save-outputs", "--save-data-dir", folder], folder)
    told = said.partition("----- output info -----")[2].partition("----------------------")[0]
    form = r"\sname:\s*(\S+).*?dim\(s\):([ \d]*).*?(?:data type|DataType):\s*(\w+)"
    for name, sizes, dtype in re.findall(form, told, re.DOTALL):
        content = (folder / f"pplnn_output-{name}.dat").read_bytes()
        flat = np.frombuffer(content, np.float32 if dtype == "FLOAT16" else dtype.lower())  # it saves half as single
        found[name] = flat.astype(dtype.lower()).reshape([int(size) for size in sizes.split()])
    return {name: found[name] for name in outputs}


def snpe(program: str, options: list[Any], folder: Path, *written: Path) -> None:
    variable = "SNPE_ROOT" if os.environ.get("SNPE_ROOT") else "QAIRT_SDK_ROOT"
    root, file, platform = Path(os.environ[variable]).absolute(), built(variable, program), "x86_64-linux-clang"
    python = [os.environ["SNPE_PYTHON"]] if os.environ.get("SNPE_PYTHON") and file.read_bytes()[:2] == b"#!" else []
    found = {"LD_LIBRARY_PATH": str(root / "lib" / platform), "PYTHONPATH": str(root / "lib" / "python")}
    path = f"{file.parent}:{os.environ['PATH']}"
    called([*python, file, *options], folder, *written, program=program, PATH=path, **found)


def dlc_from_onnx_snpe(source: Path, specs: Any, outputs: list[str], target: Path) -> None:
    options: list[Any] = ["--input_network", source / "model.onnx", "--output_path", target / "model.dlc"]
    for name, (shape, _) in specs.items():
        options += ["-d", name, ",".join(map(str, shape))]
    for name in outputs:
        options += ["--out_node", name]
    snpe("snpe-onnx-to-dlc", [*options, "--preserve_io", "layout"], target, target / "model.dlc")


def snpe_cpu(source: Path, inputs: Given, outputs: list[str]) -> Given:
    import csv
    import re
    import tempfile

    folder, model = Path(tempfile.mkdtemp()), source / "model.dlc"
    heads: list[str] = []
    given: list[str] = []
    shapes = {}
    snpe("snpe-dlc-info", ["-i", model, "-s", folder / "layers.csv"], folder, folder / "layers.csv")
    for cells in csv.reader((folder / "layers.csv").read_text().splitlines()):
        if not heads:
            heads = [cell.strip() for cell in cells] if "Out Dims" in map(str.strip, cells) else []
        elif cells[0].strip().isdigit():
            row = dict(zip(heads, cells, strict=False))
            shapes[re.split(r"[\s,;]+", row["Outputs"].strip())[0]] = [
                int(size) for size in re.findall(r"\d+", re.split(r"[;\n]", row["Out Dims"])[0])
            ]
    for name, array in inputs.items():
        (folder / f"in{len(given)}.raw").write_bytes(np.ascontiguousarray(array).tobytes())
        given.append(f"{name}:={folder / f'in{len(given)}.raw'}")
    (folder / "list.txt").write_text(f"%{' '.join(outputs)}\n{' '.join(given)}\n")
    files = {name: folder / "out" / "Result_0" / f"{name}.raw" for name in outputs}
    options = ["--container", model, "--input_list", folder / "list.txt", "--output_dir", folder / "out"]
    snpe("snpe-net-run", options, folder, *files.values())
    return {name: np.fromfile(file, np.float32).reshape(shapes[name]) for name, file in files.items()}


def trtexec(source: Path, inputs: Given, outputs: list[str]) -> Given:
    import re
    import tempfile

    import onnx

    folder, found = Path(tempfile.mkdtemp()), {}
    files: list[str] = []
    ends = onnx.load(source / "model.onnx").graph.input
    opened = any(size.dim_param for end in ends for size in end.type.tensor_type.shape.dim)
    for name, array in inputs.items():
        (folder / f"in{len(files)}.raw").write_bytes(np.ascontiguousarray(array).tobytes())
        files.append(f"{name}:{folder / f'in{len(files)}.raw'}")
    shapes = ",".join(f"{name}:{'x'.join(map(str, one.shape))}" for name, one in inputs.items())
    given = [f"--onnx={source.absolute() / 'model.onnx'}", "--noTF32", f"--loadInputs={','.join(files)}"]
    given += [f"--shapes={shapes}"] if opened else []
    how = ["--iterations=1", "--warmUp=0", "--duration=0", "--dumpRawBindingsToFile"]
    said = called([Path(os.environ["TRTEXEC"]).absolute(), *given, *how], folder)
    form = r"output binding (.+) \(with datatype (\S+) and dimensions ([\d.]*)\) to (.+?)\s*$"
    for name, kind, sizes, file in re.findall(form, said, re.MULTILINE):
        shape = [int(size) for size in sizes.split(".") if size]
        found[name] = np.fromfile(folder / file, TENSORRT[kind]).reshape(shape)
    return {name: found[name] for name in outputs}
