"""Prints in what share of graphs with one operator at fault `nnparity locate` names that operator.

Run it from the repository root: python benchmarks/locate.py [--graphs N] [--representation NAME]...
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import click

from nnparity.bench import Bench
from nnparity.cache import ArtifactCache, cache_folder
from nnparity.discovery import discover
from nnparity.environments import Environments
from nnparity.loading import load_file

graphs = load_file(Path(__file__).parents[1] / "test_equivalence" / "harness" / "planted_graphs.py")
RUNTIMES = {
    "onnx": "onnxruntime_cpu",
    "torchscript": "libtorch_cpu",
    "tflite": "litert_xnnpack",
    "relay": "relay_llvm_o3",
}
ENOUGH = 0.95


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graphs", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--representation", action="append", choices=sorted(RUNTIMES))
    parser.add_argument("--fault", default="", help="plant only this; `fused` can be planted in ONNX")
    parser.add_argument("--rest", default="", help="conversions and runtime instead of the usual, joined by >")
    asked = parser.parse_args()
    content = discover(converters=[graphs.CONVERTERS])
    content.refuse_broken()
    code = 0
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with Bench(content, Environments(content.environments, cache_folder()), ArtifactCache(place)) as bench:
            for name in asked.representation or sorted(RUNTIMES):
                share = measured(asked, name, asked.rest or RUNTIMES[name], bench, place)
                code |= share < ENOUGH
    return code


def measured(asked: argparse.Namespace, representation: str, rest: str, bench: Bench, folder: Path) -> float:
    """Return the share that is named right, having printed it with what is missed."""
    started, runs, counts = time.perf_counter(), 0, Counter[str]()
    for seed in range(asked.first, asked.first + asked.graphs):
        planted = graphs.drawn(seed)
        one = graphs.tried(replace(planted, fault=asked.fault or planted.fault), representation, rest, bench, folder)
        runs += one.runs if one.shown else 0
        counts["hidden" if not one.shown else "right" if one.right else "wrong"] += 1
        if one.located is not None:
            counts[one.located.confirmed.value] += 1
        if one.shown and not one.right:
            kind = one.planted.operators[one.planted.place][0]
            click.echo(f"  {seed}: {one.planted.fault} {kind} t{one.planted.place}; named {one.names} {one.located}")
    shown = counts["right"] + counts["wrong"]
    share = counts["right"] / shown if shown else 1.0
    click.echo(
        f"{representation} on {rest}: {counts['right']} of {shown} named right ({share:.1%}), "
        f"{counts['hidden']} of {asked.graphs} do not show in the output; confirmed alone {counts['alone']}, "
        f"together {counts['together']}, not {counts['not']}; {runs / max(1, shown):.1f} runs and "
        f"{(time.perf_counter() - started) / asked.graphs:.2f} s a graph"
    )
    return share


if __name__ == "__main__":
    sys.exit(main())
