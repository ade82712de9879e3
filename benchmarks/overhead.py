"""Measures what nnparity itself costs, each figure against its target; exit code 1 if a target is missed.

Run it from the repository root: python benchmarks/overhead.py [--layers L,M] [--paths GLOB,GLOB] [--all] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from nnparity import processor
from nnparity.asked import Asked
from nnparity.cache import cache_folder
from nnparity.discovery import Content
from nnparity.environments import Environments
from nnparity.loading import load_file
from nnparity.options import Selection, load_content
from nnparity.plan import PROFILES

if TYPE_CHECKING:
    from benchmarks import against_bare, figures, throughput
    from benchmarks.figures import Figure
else:
    HERE = Path(__file__).parent
    figures, against_bare, throughput = (
        load_file(HERE / f"{name}.py") for name in ("figures", "against_bare", "throughput")
    )
    Figure = figures.Figure

LAYERS = (
    "attention", "multi_head_attention", "layer_norm", "gelu", "softmax", "mlp", "conv2d_bn_relu", "lstm",
    "embedding_positional", "transformer_encoder_block",
)  # fmt: skip
PARTS = ("bare", "round_trip", "rate")


def against_bare_loop(content: Content, environments: Environments, asked: Asked, folder: Path) -> Iterator[Figure]:
    """Yield the figures of two runs of nnparity with nothing changed between them, and of the bare loop."""
    core = min(os.sched_getaffinity(0))
    cache = folder / "cache"
    cache.mkdir()
    (cache / "environments").symlink_to(cache_folder() / "environments")
    warm_up(content, environments, asked)
    cold, results = against_bare.nnparity_run(asked, cache, folder / "first", core=core)
    again, repeated = against_bare.nnparity_run(asked, cache, folder / "second", core=core)
    plan = against_bare.BarePlan(content, folder / "bare", results)
    for unit in against_bare.units_of(asked, content, environments, folder / "unused"):
        plan.add(unit)
    bare = against_bare.bare_run(content, environments, plan, folder / "bare", core=core)
    parts = {
        "checks": len(results.outcomes),
        "conversions made by nnparity, its roots and float64 models included": results.facts["conversions"]["made"],
        "steps done by the bare loop": bare.done,
        "steps failed, nnparity and bare": f"{against_bare.failed_steps(results)} and {len(bare.failed)}",
        "wall seconds, nnparity and bare": f"{cold.wall:.1f} and {bare.wall:.1f}",
        "CPU seconds, nnparity and bare": f"{cold.cpu:.1f} and {bare.cpu:.1f}",
        "ratio of CPU seconds": cold.cpu / bare.cpu,
    }
    yield Figure("whole run / bare loop", cold.wall / bare.wall, "x", at_most=1.25, parts=parts)
    made = repeated.facts["conversions"]["made"]
    yield Figure("conversions made by a second run", made, "conversions", at_most=0)
    parts = {
        "wall seconds": f"{again.wall:.1f} of {cold.wall:.1f}",
        "CPU seconds": f"{again.cpu:.1f} of {cold.cpu:.1f}",
    }
    yield Figure("second run / first run", again.wall / cold.wall, "x", at_most=0.1, parts=parts)
    yield Figure("host memory, peak", max(cold.peak_mib, again.peak_mib), "MiB", at_most=300)


def warm_up(content: Content, environments: Environments, asked: Asked) -> None:
    """Import every environment's packages once, so that neither side pays for reading them from the disk."""
    for name in sorted(content.environments_on(asked.routes)):
        probe = "; ".join(f"import {module}" for module in environments.specs[name].probe) or "pass"
        variables = {**os.environ, **(environments.specs[name].variables or {})}
        interpreter = environments.build(name).interpreter
        subprocess.run([interpreter, "-s", "-c", probe], env=variables, check=True, capture_output=True)


def round_trips(content: Content, environments: Environments) -> Iterator[Figure]:
    yield Figure("round trip to a worker, median", throughput.ping_ms(content, environments), "ms", at_most=1)


def check_rates(content: Content, environments: Environments, *, configs: int, inputs: int) -> Iterator[Figure]:
    throughput.two_cores()
    fresh, kept, run_ms = throughput.rates(content, environments, configs=configs, inputs=inputs)
    yield Figure("round trip of a small run, median", run_ms, "ms", at_most=1)
    for name, by_layer, target in (("fresh configs", fresh, 1500), ("input checks", kept, 30_000)):
        whole = throughput.total(by_layer)
        parts = {layer: str(rate) for layer, rate in by_layer.items()} | {"all": str(whole)}
        yield Figure(name, whole.a_minute, "a minute", at_least=target, parts=parts)


def main() -> int:
    arguments = parsed()
    content = load_content((), ())
    environments = Environments(content.environments, cache_folder())
    layers = tuple(arguments.layers.split(",")) if arguments.layers else () if arguments.all else LAYERS
    selection = Selection(layers=layers, paths=tuple(filter(None, arguments.paths.split(","))))
    selection.check(content)
    profile = PROFILES[arguments.profile]
    routes = selection.routes(content, on_demand=profile.on_demand)
    asked = Asked(selection.layer_names(content), routes, profile, arguments.seed)
    load_before = os.getloadavg()
    found: list[Figure] = []
    if "round_trip" in arguments.only:
        found += round_trips(content, environments)
    if "rate" in arguments.only:
        found += check_rates(content, environments, configs=arguments.configs, inputs=arguments.inputs)
    if "bare" in arguments.only:
        with tempfile.TemporaryDirectory() as folder:
            found += against_bare_loop(content, environments, asked, Path(folder))
    for line in figures.table(found):
        sys.stdout.write(f"{line}\n")
    if arguments.json:
        facts = {
            "cpu": processor.name(), "cores": os.cpu_count(), "load_before": load_before, "load_after": os.getloadavg(),
            "layers": asked.layers, "paths": [route.id for route in routes], "profile": profile.name,
            "figures": [figure.to_json() for figure in found],
        }  # fmt: skip
        arguments.json.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    return int(not arguments.no_fail and not all(figure.met for figure in found))


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", default="", help=f"for the whole run, with commas between; {','.join(LAYERS)}")
    parser.add_argument("--paths", default="", help="for the whole run: globs, with commas between; all paths")
    parser.add_argument("--all", action="store_true", help="the whole run over all layers")
    parser.add_argument("--profile", default="quick", choices=sorted(PROFILES), help="how much the whole run draws")
    parser.add_argument("--seed", default=0, type=int, help="what the whole run draws")
    parser.add_argument("--configs", default=throughput.CONFIGS, type=int, help="fresh configs for each layer")
    parser.add_argument("--inputs", default=throughput.INPUTS, type=int, help="input checks for each kept artifact")
    parser.add_argument("--only", nargs="+", default=PARTS, choices=PARTS, help="only these parts")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    parser.add_argument("--no-fail", action="store_true", help="exit with 0 whatever is missed")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
