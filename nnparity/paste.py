"""Takes functions out of their files, with all that they use, so that they stand in a script of their own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from nnparity.code import parts_of

ENGINE = Path(__file__).parent
OURS = "nnparity"
# What only annotations need, which are taken away, and what a script says at its own top.
NOT_TAKEN = frozenset(("__future__", "typing", "collections.abc"))


class CannotPaste(Exception):
    """The function uses something that cannot stand in a script; the message says what, and where."""


@dataclass
class Pasted:
    """The text of definitions, each after those that it uses, and the lines that import what they use of others."""

    parts: list[str] = field(default_factory=list)
    imports: list[str] = field(default_factory=list)
    taken: dict[str, Path] = field(default_factory=dict)

    def take(self, file: Path, name: str) -> None:
        """Add what is defined under this name at the top of the file, and all that it uses, unless it is there.

        Annotations, docstrings and empty lines are left out. What it uses of this package's own modules is added as
        well. Raises CannotPaste, also where two files define different things under one name.
        """
        if name in self.taken:
            if self.taken[name] != file:
                raise CannotPaste(f"{file.name} and {self.taken[name].name} both define {name}")
            return
        found = parts_of(file)
        if name not in found:
            raise CannotPaste(f"{file.name} has no {name} at its top")
        self.taken[name] = file
        text = bare(found[name][0])
        read = _read(text) - {name}
        for alias, (module, what) in _imports(file).items():
            if alias not in read:
                continue
            if module.partition(".")[0] == OURS:
                text = self._without_ours(text, file, alias, module, what)
            elif module not in NOT_TAKEN:
                line = _import_line(alias, module, what)
                self.imports += [] if line in self.imports else [line]
        for other in found:
            if other in read and other not in _imports(file):
                self.take(file, other)
        if "__file__" in read:
            raise CannotPaste(f"{name} of {file.name} reads the files beside it")
        self.parts += [] if text in self.parts else [text]  # `a, b = ...` is the text of two names

    def _without_ours(self, text: str, file: Path, alias: str, module: str, what: str) -> str:
        """Take what the text uses of one of this package's modules, and return the text with its plain name."""
        inner = ENGINE / f"{module.partition('.')[2]}.py"
        if not what or ((ENGINE / f"{what}.py").is_file() and module == OURS):
            inner = ENGINE / f"{what}.py" if what else inner
            used = set(re.findall(rf"(?<![\w.]){alias}\.(\w+)", text))
            for name in sorted(used):
                self.take(inner, name)
            return re.sub(rf"(?<![\w.]){alias}\.(\w+)", r"\1", text)
        if what != alias:
            raise CannotPaste(f"{file.name} imports {what} of {module} as {alias}")
        self.take(inner, what)
        return text


def bare(text: str) -> str:
    """Return the code without annotations, docstrings and empty lines; comments stay."""
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line.encode()))
    raw = text.encode()

    def at(line: int, column: int) -> int:
        return starts[line - 1] + column

    cuts: list[tuple[int, int]] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.arg) and node.annotation is not None:
            begin = at(node.lineno, node.col_offset) + len(node.arg.encode())
            cuts.append((begin, at(*_end(node.annotation))))
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and len(node.body) > 1 and ast.get_docstring(node):
            cuts.append((at(node.body[0].lineno, 0), at(node.body[0].end_lineno or 0, 0) + len(_line(lines, node))))
        if isinstance(node, ast.FunctionDef) and node.returns is not None:
            begin = raw.rindex(b"->", 0, at(node.returns.lineno, node.returns.col_offset))
            cuts.append((len(raw[:begin].rstrip()), at(*_end(node.returns))))
        if isinstance(node, ast.AnnAssign):
            begin = at(*_end(node.target))
            cuts.append((begin if node.value else at(node.lineno, node.col_offset), at(*_end(node.annotation))))
    for begin, end in sorted(cuts, reverse=True):
        raw = raw[:begin] + raw[end:]
    return "\n".join(line.rstrip() for line in raw.decode().splitlines() if line.strip())


def _end(node: ast.expr) -> tuple[int, int]:
    return node.end_lineno or node.lineno, node.end_col_offset or 0


def _line(lines: list[str], node: ast.FunctionDef | ast.ClassDef) -> bytes:
    return lines[(node.body[0].end_lineno or 1) - 1].encode()


def _read(text: str) -> set[str]:
    """Return the names that are read and that are neither parameters nor variables inside."""
    nodes = list(ast.walk(ast.parse(text)))
    own = {node.arg for node in nodes if isinstance(node, ast.arg)}
    named = [node for node in nodes if isinstance(node, ast.Name)]
    own |= {node.id for node in named if isinstance(node.ctx, ast.Store)}
    return {node.id for node in named if isinstance(node.ctx, ast.Load)} - own


@cache
def _imports(file: Path) -> dict[str, tuple[str, str]]:
    """Return what the file imports at its top: the name here to (module, name there), "" for the module itself."""
    return dict(_imported(ast.parse(file.read_text(encoding="utf-8"))))


def _imported(tree: ast.Module) -> Iterator[tuple[str, tuple[str, str]]]:
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from ((one.asname or one.name, (one.name, "")) for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((one.asname or one.name, (node.module, one.name)) for one in node.names)
        elif isinstance(node, ast.With):  # an import that may fail, under contextlib.suppress
            yield from _imported(ast.Module(body=node.body, type_ignores=[]))


def _import_line(alias: str, module: str, what: str) -> str:
    there = what or module
    said = f"from {module} import {what}" if what else f"import {module}"
    return said if there == alias else f"{said} as {alias}"
