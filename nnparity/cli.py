"""The command line. Exit codes: 0 nothing new failed; 1 a FAIL or XPASS; 2 the user's mistake; 3 interrupted."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click
from rich.console import Console

import nnparity
from nnparity.cache import MAKE_ROOM, ArtifactCache, cache_folder
from nnparity.discovery import Content
from nnparity.environments import Environments
from nnparity.errors import INTERRUPTED, MISTAKE, UserError
from nnparity.options import load_content
from nnparity.plan import PROFILES
from nnparity.worker import NO_SPACE, collect_rarely

Command = TypeVar("Command", bound=Callable[..., Any])
Given = ParamSpec("Given")
FOLDER = click.Path(path_type=Path, file_okay=False)


def said_plainly(command: Callable[Given, None]) -> Callable[Given, None]:
    """Turn a UserError into its message and exit code 2, and Ctrl-C into exit code 3."""

    @wraps(command)
    def guarded(*arguments: Given.args, **options: Given.kwargs) -> None:
        try:
            command(*arguments, **options)
        except UserError as problem:
            Console(stderr=True, soft_wrap=True).print(
                f"nnparity: {problem}", style="red", markup=False, highlight=False
            )
            sys.exit(MISTAKE)
        except OSError as problem:
            if problem.errno not in NO_SPACE:
                raise
            Console(stderr=True, soft_wrap=True).print(f"nnparity: {problem}; {MAKE_ROOM}", style="red", markup=False)
            sys.exit(MISTAKE)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)

    return guarded


def content_options(command: Command) -> Command:
    command = click.option("--models", multiple=True, type=FOLDER, help="A further folder of layer files.")(command)
    return click.option(
        "--converters", multiple=True, type=FOLDER,
        help="A further folder with conversions/, runtimes/, environments/, representations/.",
    )(command)  # fmt: skip


def case_options(command: Command) -> Command:
    """Add what names a failure: a case on a path, and where they come from."""
    for parameter in reversed((
        click.argument("case_at", metavar="CASE@PATH"),
        click.option("--results", multiple=True, type=FOLDER, help="The --out folder of the run that had the case."),
        click.option(
            "--target", metavar="TARGET", help="The model of your own that it is a case of, as `check` took it."
        ),
        click.option("--python", type=click.Path(path_type=Path), metavar="INTERPRETER", help="As `check` took it."),
        click.option("--trust", is_flag=True, help="Read a pickled model, which can run any code."),
    )):
        command = parameter(command)
    return command


explain_option = click.option(
    "--explain",
    default=5,
    show_default=True,
    type=click.IntRange(0),
    help="New failures to look into at the end: which operator, and a script.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(nnparity.__version__, prog_name="nnparity")
def main() -> None:
    """Is a layer still the same function after export? Checked on real converters and runtimes."""
    collect_rarely()


@main.command("run")
@click.option("--layer", "layers", multiple=True, help="Only this layer; may be given more than once.")
@click.option("--path", "paths", multiple=True, metavar="GLOB", help="Only paths that fit, or that have this step.")
@click.option("--component", "components", multiple=True, help="Only paths through this conversion or runtime.")
@click.option("--all", "everything", is_flag=True, help="Paths on demand too.")
@click.option(
    "--profile", default="quick", show_default=True, type=click.Choice(sorted(PROFILES)), help="How much is drawn."
)
@click.option("--seed", default=0, show_default=True, help="What is drawn.")
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1, 256), help="Cases in work at once.")
@click.option("--require", "required", multiple=True, metavar="COMPONENT", help="Not running is a failure for it.")
@click.option("--in-process", multiple=True, metavar="COMPONENT", help="Run it in this process, for a debugger.")
@click.option("--case", "case_id", metavar="ID", help="Only this recorded case or witness.")
@click.option("--out", default="nnparity-results", show_default=True, type=FOLDER, help="Where results and reports go.")
@click.option("--resume", is_flag=True, help="Go on from what is recorded in --out.")
@explain_option
@content_options
@said_plainly
def run_command(**options: Any) -> None:
    """Check every layer on every path; write results and reports."""
    from nnparity.whole_run import run_whole

    sys.exit(run_whole(**options))


@main.command("check")
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@click.option("--shape", "shapes", multiple=True, metavar="NAME=SIZES", help="An input's sizes: x=2,3,224,224.")
@click.option("--inputs", type=click.Path(path_type=Path), metavar="FILE.npz", help="Real inputs, by name.")
@click.option("--to", multiple=True, metavar="GLOB", help="Only paths that fit, or that have such a step.")
@click.option("--all", "everything", is_flag=True, help="Paths on demand too.")
@click.option(
    "--python",
    type=click.Path(path_type=Path),
    metavar="INTERPRETER",
    help="Your own Python, for the model's framework.",
)
@click.option("--map", "maps", multiple=True, metavar="NAME=NAME", help="An input or output, and the reference's name.")
@click.option("--reference", metavar="TARGET", help="What the others are held to; the first if it is not given.")
@click.option("--trust", is_flag=True, help="Read a pickled model, which can run any code.")
@click.option("--cases", "count", default=3, show_default=True, type=click.IntRange(1, 1000), help="Inputs to try.")
@click.option("--seed", default=0, show_default=True, help="What is drawn.")
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1, 256), help="Cases in work at once.")
@click.option("--max-megabytes", "megabytes", default=2048, show_default=True, help="Larger files are not read.")
@click.option("--max-nodes", "nodes", default=50_000, show_default=True, help="Larger graphs are not read.")
@click.option("--out", default="nnparity-check", show_default=True, type=FOLDER, help="Where results and reports go.")
@explain_option
@content_options
@said_plainly
def check_command(**options: Any) -> None:
    """Check a model of your own on every path from it.

    TARGET is a file of ONNX, TFLite or TorchScript, a SavedModel folder, or file.py:Net, where Net is a
    torch.nn.Module, a keras.Model or a tf.Module, or its class, or a function that returns one. Several are taken for
    one model in several forms, and compared with each other.
    """
    from nnparity.own import check_own

    sys.exit(check_own(**options))


@main.command("locate")
@case_options
@click.option("--save", type=FOLDER, help="Write the operator as a model of its own there, with its inputs.")
@content_options
@said_plainly
def locate_command(**options: Any) -> None:
    """Name the first operator that goes wrong.

    CASE is the id of a recorded case or of a known divergence's witness, PATH a path's steps joined by >. Exit code 1:
    no operator can be named, and why.
    """
    from nnparity.located import locate_case

    sys.exit(locate_case(**options))


@main.command("reproduce")
@case_options
@click.option("--out", default="nnparity-reproduce", show_default=True, type=FOLDER, help="Where the script goes.")
@click.option("--no-run", "run_it", is_flag=True, flag_value=False, default=True, help="Write it only.")
@content_options
@said_plainly
def reproduce_command(**options: Any) -> None:
    """Write a script that shows a failure without nnparity, ready for an upstream issue, and run it.

    CASE is the id of a case that a run recorded, or of a known divergence's witness; PATH its steps joined by >.
    """
    from nnparity.reproduce import reproduce_case

    sys.exit(reproduce_case(**options))


@main.command("list")
@click.argument("what", type=click.Choice(["layers", "paths", "components", "environments"]))
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
@content_options
@said_plainly
def list_command(what: str, *, as_json: bool, models: tuple[Path, ...], converters: tuple[Path, ...]) -> None:
    """Show what there is, what is installed, and why not."""
    from nnparity.listing import IN_JSON_ONLY, rows_of

    content = load_content(models, converters)
    rows = rows_of(what, content, environments_of(content))
    if as_json:
        click.echo(json.dumps(rows, indent=1, sort_keys=True))
    else:
        for row in rows:
            shown = (value for key, value in row.items() if key not in IN_JSON_ONLY and value not in ("", None, {}))
            click.echo("  ".join(map(str, shown)))
    content.refuse_broken()


@main.command("setup")
@click.argument("names", nargs=-1, metavar="[ENVIRONMENT]...")
@content_options
@said_plainly
def setup_command(names: tuple[str, ...], models: tuple[Path, ...], converters: tuple[Path, ...]) -> None:
    """Build environments; all of them if none is named."""
    from nnparity.environments import known_environment

    content = load_content(models, converters)
    wanted = [known_environment(name, content.environments).name for name in names] or sorted(content.environments)
    failed = environments_of(content).build_all(wanted, click.echo)
    if failed:
        raise UserError(f"{len(failed)} of {len(wanted)} environments could not be built: {'; '.join(failed.values())}")
    click.echo(f"{len(wanted)} environments are ready")


@main.command("report")
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=FOLDER, help="Where the reports go.")
@click.option(
    "--baseline",
    multiple=True,
    metavar="RESULTS",
    type=click.Path(path_type=Path),
    help="An earlier run, to say what is new, mended or changed since; several, oldest first, give a trend.",
)
@content_options
@said_plainly
def report_command(
    results: tuple[Path, ...],
    *,
    out: Path,
    baseline: tuple[Path, ...],
    models: tuple[Path, ...],
    converters: tuple[Path, ...],
) -> None:
    """Write the reports of one or more results files."""
    from nnparity.store import merge, read_results
    from nnparity.whole_run import write_reports

    merged = merge(*map(read_results, results))
    earlier = [read_results(one) for one in baseline]
    for note in merged.notes:
        click.echo(note, err=True)
    write_reports(merged, out, load_content(models, converters), earlier)
    click.echo(f"{len(merged.outcomes)} outcomes: {out / 'index.html'}")


@main.command("publish")
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=FOLDER, help="Where the record and its pages go: reports/published.")
@click.option("--into", type=click.Path(path_type=Path), help="A README that shows an excerpt between its two marks.")
@content_options
@said_plainly
def publish_command(
    results: tuple[Path, ...],
    *,
    out: Path,
    into: Path | None,
    models: tuple[Path, ...],
    converters: tuple[Path, ...],
) -> None:
    """Write the report that is committed: a small record of the results, and Markdown pages made from it."""
    from nnparity.store import merge, read_results
    from nnparity.whole_run import write_published

    merged = merge(*map(read_results, results))
    for note in merged.notes:
        click.echo(note, err=True)
    write_published(merged, out, load_content(models, converters), into)
    click.echo(f"{len(merged.outcomes)} outcomes: {out / 'README.md'}")


@main.command("doctor")
@content_options
@said_plainly
def doctor_command(models: tuple[Path, ...], converters: tuple[Path, ...]) -> None:
    """Check the machine: disk, memory, interpreters, registries, each environment with one tiny case."""
    from nnparity.doctor import examine

    content = load_content(models, converters)
    findings = examine(content, environments_of(content), ArtifactCache(cache_folder()))
    for finding in findings:
        click.echo(f"{'ok  ' if finding.good else 'BAD '} {finding.subject}: {finding.said}")
    bad = sum(not finding.good for finding in findings)
    if bad:
        raise UserError(f"{bad} of {len(findings)} checks found something wrong; each line marked BAD says what to do")
    content.refuse_broken()


def environments_of(content: Content) -> Environments:
    """Return the environments of the content on this machine."""
    return Environments(content.environments, cache_folder())


if __name__ == "__main__":
    main()
