"""What QNN's plugin gets wrong before its backend is asked, where a DLC is written and nothing is emulated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from nnparity.divergence import KnownDivergence
from nnparity.loading import load_file
from nnparity.outcome import Stage

EMULATED: tuple[KnownDivergence, ...] = load_file(Path(__file__).with_name("qnn_htp_emulator.py")).KNOWN
# The emulator's own faults are told of the processor or of what it does.
OF_THE_PLUGIN = "the plugin "


def of_the_plugin() -> Iterator[KnownDivergence]:
    """Yield an entry about writing a DLC for each about the plugin that shows where the emulator loads a model."""
    for entry in EMULATED:
        if entry.stage is Stage.LOAD and entry.reason.startswith(OF_THE_PLUGIN):
            yield replace(entry, component="dlc_from_onnx", stage=Stage.CONVERT)


KNOWN = tuple(of_the_plugin())
