"""Pictures of the tape: ``nt.viz.tape(y)``."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ndtape import _core
from ndtape._core import DType, Tensor

__all__ = ["Drawing", "tape"]


class _Node(NamedTuple):
    number: int
    name: str
    where: str
    is_leaf: bool
    freed: bool
    saved: int
    outputs: list[tuple[tuple[int, ...], DType] | None]
    inputs: list[tuple[int, int]]

    def form(self) -> str:
        """Give shape and dtype of what it made."""
        forms = [f"{out[1]}{list(out[0])}" for out in self.outputs if out]
        return ", ".join(forms)

    def note(self) -> str:
        """Say what it keeps."""
        if self.freed:
            return "freed"
        return f"saves {_bytes(self.saved)}" if self.saved else ""


def tape(y: Tensor | Sequence[Tensor], limit: int = 500, *, lines: bool = False) -> Drawing:
    """Draw what was recorded to compute `y`.

    Parameters
    ----------
    y : Tensor or sequence of Tensor
        Results of recorded operations.
    limit : int, optional
        The number of operations to draw, the last ones; those before are counted only.
    lines : bool, optional
        Whether to name the line of the program that recorded each operation.

    Returns
    -------
    Drawing
        A text tree as `str`; with the graphviz package and program installed an SVG in notebooks,
        and `save` writes SVG and PNG.

    Raises
    ------
    TapeError
        When nothing was recorded.
    ValueError
        When `limit` is not positive.

    Examples
    --------
    >>> import ndtape as nt
    >>> x = nt.tensor([1.0, 2.0], requires_grad=True)
    >>> print(nt.viz.tape(nt.sum(nt.exp(x) * x)))
    #1 sum -> float32[]
    └─ #2 multiply -> float32[2], saves 16 B
       ├─ #3 exp -> float32[2], saves 8 B
       │  └─ #4 leaf float32[2]
       └─ #4 leaf float32[2]
    4 nodes, 16 B saved
    """
    outputs = [y] if isinstance(y, Tensor) else list(y)
    for tensor in outputs:
        if not isinstance(tensor, Tensor):
            raise TypeError(f"tape: expected tensors, not {type(tensor).__name__}")
        if not tensor.requires_grad:
            raise _core.TapeError(
                f"tape: the tensor of shape {tensor.shape} does not require grad and no recorded "
                f"operation made it"
            )
    if limit < 1:
        raise ValueError(f"limit must be positive, not {limit}")
    nodes, saved = _core._recorded_graph(outputs)
    drawn = [_Node(*node) for node in nodes[:limit]]
    if not lines:
        drawn = [node._replace(where="") for node in drawn]
    return Drawing(drawn, len(nodes), saved)


class Drawing:
    """What `tape` returns: a graph to print, to show in a notebook, and to save.

    Attributes
    ----------
    source : str
        The graph in Graphviz's language.

    Examples
    --------
    >>> import ndtape as nt
    >>> x = nt.tensor(1.0, requires_grad=True)
    >>> nt.viz.tape(x * 2).source.splitlines()[0]
    'digraph tape {'
    """

    def __init__(self, nodes: list[_Node], count: int, saved: int) -> None:
        self._nodes = nodes
        self._count = count
        self._saved = saved

    @property
    def source(self) -> str:
        """The graph in Graphviz's language."""
        known = {node.number for node in self._nodes}
        lines = [
            "digraph tape {",
            "  rankdir=BT; bgcolor=transparent;",
            '  node [shape=box, style="rounded,filled", fillcolor="#eef3fb", color="#5b7db1", '
            'fontname="Helvetica", fontsize=11];',
            '  edge [color="#7f8c9b"];',
        ]
        for node in self._nodes:
            rows = [node.name, node.form(), node.note(), os.path.basename(node.where)]
            label = "\\n".join(_quoted(row) for row in rows if row)
            fill = ', fillcolor="#fdf3dc", color="#c69a3a"' if node.is_leaf else ""
            lines.append(f'  n{node.number} [label="{label}"{fill}];')
        for node in self._nodes:
            for number, index in node.inputs:
                label = f' [label="{index}", fontsize=9]' if index else ""
                if number in known:
                    lines.append(f"  n{number} -> n{node.number}{label};")
        if self._hidden():
            lines.append(f'  more [label="{self._hidden()} more", style=dashed];')
        return "\n".join([*lines, "}", ""])

    def svg(self) -> str:
        """Draw it as SVG.

        Returns
        -------
        str
            The text of an SVG file.

        Raises
        ------
        ImportError
            Without the graphviz package; RuntimeError without the program.
        """
        return self._render("svg").decode()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file.

        Parameters
        ----------
        path : str or path-like
            Its ending says what: ``.svg``, ``.png`` or ``.pdf`` through Graphviz, ``.dot`` for
            Graphviz's language, ``.txt`` for the tree.

        Raises
        ------
        ValueError
            For another ending.
        ImportError
            Without the graphviz package; RuntimeError without the program.
        """
        file = Path(path)
        kind = file.suffix[1:].lower()
        if kind == "txt":
            file.write_text(f"{self}\n", encoding="utf-8")
        elif kind == "dot":
            file.write_text(self.source, encoding="utf-8")
        elif kind in ("svg", "png", "pdf"):
            file.write_bytes(self._render(kind))
        else:
            raise ValueError(f"save: {file.name!r} must end in .svg, .png, .pdf, .dot or .txt")

    def _render(self, kind: str) -> bytes:
        try:
            graphviz = importlib.import_module("graphviz")
        except ImportError:
            raise ImportError(
                "drawing needs the graphviz package: pip install ndtape[viz]"
            ) from None
        try:
            return graphviz.Source(self.source).pipe(format=kind)  # type: ignore[no-any-return]
        except graphviz.ExecutableNotFound:
            raise RuntimeError(
                "drawing needs the program dot: install Graphviz, https://graphviz.org/download"
            ) from None

    def _repr_svg_(self) -> str | None:
        try:
            return self.svg()
        except (ImportError, RuntimeError):
            return None  # notebooks then show the tree

    def _hidden(self) -> int:
        return self._count - len(self._nodes)

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        by_number = {node.number: node for node in self._nodes}
        used = {number for node in self._nodes for number, _ in node.inputs}
        roots = [node.number for node in self._nodes if node.number not in used]
        short: dict[int, int] = {}
        lines = []
        for number, first in _walk(roots, by_number):
            seen = number in short
            node = by_number.get(number)
            if node is None:
                lines.append(f"{first}...")
                continue
            label = f"#{short.setdefault(number, len(short) + 1)} {node.name}"
            if node.is_leaf:
                label += f" {node.form()}"
            elif seen:
                label += ", as above"
            else:
                label += f" -> {node.form()}"
                label += f", {node.note()}" if node.note() else ""
                label += f", at {node.where}" if node.where else ""
            lines.append(first + label)
        nodes = "1 node" if self._count == 1 else f"{self._count} nodes"
        more = f", {self._hidden()} of them not shown" if self._hidden() else ""
        return "\n".join([*lines, f"{nodes}{more}, {_bytes(self._saved)} saved"])


def _walk(roots: list[int], nodes: dict[int, _Node]) -> Iterator[tuple[int, str]]:
    """Give each node below the roots, with the branches before it; its inputs the first time."""
    waiting: list[tuple[int, str, str]] = [(number, "", "") for number in reversed(roots)]
    seen: set[int] = set()
    while waiting:
        number, first, rest = waiting.pop()
        yield number, first
        if number in seen or number not in nodes:
            continue
        seen.add(number)
        inputs = [source for source, _ in nodes[number].inputs]
        for at in range(len(inputs) - 1, -1, -1):
            last = at == len(inputs) - 1
            waiting.append(
                (
                    inputs[at],
                    rest + ("└─ " if last else "├─ "),
                    rest + ("   " if last else "│  "),
                )
            )


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:.3g} {unit}" if unit != "B" else f"{count} B"


def _quoted(text: Any) -> str:
    return str(text).replace("\\", "\\\\").replace('"', '\\"')
