"""pytest options and fixtures: the suite's layers and paths, and what checks run on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase
from hypothesis.database import DirectoryBasedExampleDatabase

from nnparity.bench import Bench
from nnparity.cache import ArtifactCache, cache_folder
from nnparity.cases import save_case
from nnparity.check import check
from nnparity.discovery import FOUND, Content, Route
from nnparity.environments import Environments, Say
from nnparity.errors import UserError
from nnparity.lanes import demanded
from nnparity.layers import Case
from nnparity.options import Selection, load_content
from nnparity.oracle import Oracle
from nnparity.outcome import Outcome
from nnparity.plan import PROFILES, Profile

CONTENT = pytest.StashKey[Content]()
SELECTION = pytest.StashKey[Selection]()
ROUTES = pytest.StashKey[tuple[Route, ...]]()
WHOLE_SUITE, WHAT_IS_NAMED = "suite", "quick"
ALWAYS = (Phase.explicit, Phase.generate)  # explain would try each argument that a check has again: it has one

for _profile in PROFILES.values():
    _explores = _profile.name == "nightly"
    hypothesis.settings.register_profile(
        _profile.name,
        max_examples=1 + _profile.configs,
        deadline=None,
        derandomize=not _explores,
        database=DirectoryBasedExampleDatabase(".hypothesis/examples") if _explores else None,
        phases=(*ALWAYS, Phase.reuse, Phase.shrink) if _explores else ALWAYS,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        print_blob=_explores,
    )
hypothesis.settings.load_profile(WHAT_IS_NAMED)


@dataclass(frozen=True)
class Subject:
    """One layer on one path: what a property test is about."""

    layer: str
    route: Route

    @property
    def id(self) -> str:
        return f"{self.layer}-{self.route.id}"


Checks = Callable[[Case, Route], Outcome]
Keep = Callable[[Case], str]


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("nnparity")
    group.addoption("--layer", action="append", default=[], help="only this layer")
    group.addoption(
        "--path", action="append", default=[], metavar="GLOB", help="only paths that fit, or have this step"
    )
    group.addoption("--component", action="append", default=[], help="only paths through this conversion or runtime")
    group.addoption("--all", action="store_true", dest="everything", help="paths on demand too")
    group.addoption("--require", action="append", default=[], metavar="COMPONENT", help="not running is a failure")
    group.addoption("--in-process", action="append", default=[], metavar="COMPONENT", help="run it in this process")
    group.addoption("--models", action="append", default=[], type=Path, help="a further folder of layers")
    group.addoption("--converters", action="append", default=[], type=Path, help="a further folder of converters")


@pytest.hookimpl(trylast=True)  # after Hypothesis has loaded the profile that its own option names
def pytest_configure(config: pytest.Config) -> None:
    option = config.option
    selection = Selection(
        layers=tuple(option.layer),
        paths=tuple(option.path),
        components=tuple(option.component),
        required=tuple(option.require),
        in_process=tuple(option.in_process),
    )
    if config.getoption("--hypothesis-profile") is None:
        hypothesis.settings.load_profile(WHOLE_SUITE if selection.everything else WHAT_IS_NAMED)
    try:
        content = load_content(option.models, option.converters)
        selection.check(content)
        routes = selection.routes(content, on_demand=current_profile().on_demand or option.everything)
    except UserError as problem:
        raise pytest.UsageError(str(problem)) from problem
    config.stash[CONTENT] = content
    config.stash[SELECTION] = selection
    config.stash[ROUTES] = routes


def pytest_report_header() -> str:
    """Say how much is drawn, which depends on what is named."""
    return f"nnparity: profile {current_profile().name}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    content, selection = metafunc.config.stash[CONTENT], metafunc.config.stash[SELECTION]
    routes = metafunc.config.stash[ROUTES]
    if "subject" in metafunc.fixturenames:
        subjects = [Subject(layer, route) for layer in selection.layer_names(content) for route in routes]
        metafunc.parametrize("subject", [_grouped(one, one.layer, one.route, one.id) for one in subjects])
    if "witnessed" in metafunc.fixturenames:
        wanted = set(selection.layer_names(content))
        pairs = [
            (entry, route)
            for entry in content.known
            if entry.witness.layer in wanted
            for route in routes
            if entry.on_path(route.steps) and content.binds(entry, route)
        ]
        params = [_grouped(pair, pair[0].witness.layer, pair[1], f"{pair[0].id}@{pair[1].id}") for pair in pairs]
        metafunc.parametrize(
            "witnessed", params or [pytest.param(None, marks=pytest.mark.skip("no known divergence fits"))]
        )


def _grouped(value: object, layer: str, route: Route, identifier: str) -> object:
    """Return a parameter that xdist keeps with those which share its conversions."""
    return pytest.param(value, id=identifier, marks=pytest.mark.xdist_group(f"{layer}-{route.root}"))


@pytest.fixture(scope="session")
def content(pytestconfig: pytest.Config) -> Content:
    """Return everything that was found."""
    return pytestconfig.stash[CONTENT]


@pytest.fixture(scope="session")
def environments(content: Content) -> Environments:
    """Return the environments of this machine, built as they are asked for."""
    return Environments(content.environments, cache_folder())


@pytest.fixture(scope="session")
def interpreter(environments: Environments) -> Callable[[str], Path]:
    """Return f(environment name) -> its Python, built if need be."""
    return lambda name: environments.build(name).interpreter


def current_profile() -> Profile:
    """Return how much is drawn, by the name of Hypothesis's profile."""
    return PROFILES.get(hypothesis.settings.get_current_profile_name(), PROFILES[WHAT_IS_NAMED])


@pytest.fixture(scope="session")
def profile() -> Profile:
    """Return how much is drawn."""
    return current_profile()


@pytest.fixture(scope="session")
def bench(
    pytestconfig: pytest.Config, content: Content, environments: Environments, profile: Profile
) -> Iterator[Bench]:
    """Yield what checks run on, with every environment that the selected paths need built."""
    selection = pytestconfig.stash[SELECTION]
    reporter = pytestconfig.pluginmanager.get_plugin("terminalreporter")
    say: Say = reporter.write_line if reporter else _silent
    routes = pytestconfig.stash[ROUTES]
    environments.build_all(content.environments_on(routes), say)
    with Bench(
        content, environments, ArtifactCache(cache_folder()), in_process=frozenset(selection.in_process)
    ) as bench:
        yield bench


@pytest.fixture(scope="session")
def kept_as_example(content: Content) -> Keep:
    """Return f(case) -> a note that says in which file beside its layer it is an example from now on.

    A case that the profile has not shrunk is not kept, and the note says that.
    """

    def keep(case: Case) -> str:
        if Phase.shrink not in hypothesis.settings.get_profile(hypothesis.settings.get_current_profile_name()).phases:
            return "this may not be the smallest case; --hypothesis-profile nightly shrinks and keeps it"
        file = save_case(case, content.layer_files[case.layer].parent / FOUND / case.layer)
        return f"this is the smallest case that shows it; it is an example of {case.layer} from now on: {file}"

    return keep


def _silent(line: str) -> None:
    """Say nothing: under xdist only the controller has a terminal."""


@pytest.fixture(scope="session")
def checked(pytestconfig: pytest.Config, bench: Bench) -> Checks:
    """Return f(case, path) -> judged outcome; a case that is not a plain match is kept for `nnparity run --case`."""
    oracle = Oracle(bench)
    required = pytestconfig.stash[SELECTION].required
    folder = Path(pytestconfig.rootpath) / "nnparity-results" / "cases"

    def run(case: Case, route: Route) -> Outcome:
        outcome = demanded(check(case, route, bench, oracle), required)
        if outcome.reproduce:
            save_case(case, folder)
        return outcome

    return run
