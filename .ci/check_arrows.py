"""Checks that dependencies between folders point one way, from roof to ground.

    python -> autograd -> ops -> engine -> cpu -> core
                          ops -> tape -> core

Includes are read from every C++ file, imports from every Python file of the package. Prints each
offender as file:line and exits with 1 when there is one.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# What each folder may include, itself aside. A folder's name stands for all its files. Of cpu, ops
# may know the face alone: the tables of operators and of kernels, which tiny tensors go to at once.
MAY_USE = {
    "core": set(),
    "cpu": {"core"},
    "tape": {"core"},
    "engine": {"cpu", "core"},
    "ops": {"engine", "tape", "cpu/kernels.h", "cpu/op_table.h", "core"},
    "autograd": {"ops", "tape", "core"},
    "roof": {"autograd", "ops", "tape", "core"},
    "python": {"roof", "autograd", "ops", "tape", "core"},
}
GENERATED = {"cpu/built_isas.h"}  # by CMake, from no file of the repository
# Public headers lie in one folder; each belongs to the part that implements it.
HEADERS = {
    "config.h": "ops",
    "linalg.h": "ops",
    "ndtape.h": "roof",
    "ops.h": "ops",
    "optim.h": "ops",
    "random.h": "ops",
    "recurrent.h": "ops",
    "tape.h": "tape",
}  # the rest: core

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


def main() -> int:
    offenders: list[str] = []
    graph: dict[Path, list[tuple[int, Path]]] = {}
    for folder in ("cpp", "python/src"):
        for file in sorted((ROOT / folder).rglob("*")):
            if file.suffix in {".h", ".cpp", ".in"} and "cmake" not in file.parts:
                graph[file] = list(includes(file, offenders))
    for file, targets in graph.items():
        for line, target in targets:
            if not allowed(file, target):
                what = f"{part(file)} must not include {part(target)}"
                offenders.append(f"{relative(file)}:{line}: {what} ({relative(target)})")
    offenders += cycles({file: [t for _, t in targets] for file, targets in graph.items()})
    offenders += python_cycles()
    for offender in offenders:
        print(offender)
    print(f"{len(graph)} C++ files, {len(offenders)} offences against the arrows")
    return 1 if offenders else 0


def includes(file: Path, offenders: list[str]) -> list[tuple[int, Path]]:
    """Files of this repository that a file includes; notes Python headers under cpp/."""
    found = []
    for number, line in enumerate(file.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        name = match.group(2)
        if file.is_relative_to(ROOT / "cpp") and re.match(r"Python\.h|pybind11/|numpy/", name):
            offenders.append(f"{relative(file)}:{number}: cpp/ knows nothing of Python: {name}")
        for base in (file.parent, ROOT / "cpp/src", ROOT / "cpp/include", ROOT / "python/src"):
            for candidate in (base / name, base / f"{name}.in"):
                if candidate.is_file():
                    found.append((number, candidate.resolve()))
                    break
            else:
                continue
            break
        else:
            if match.group(1) == '"' and name not in GENERATED:
                offenders.append(f"{relative(file)}:{number}: no such file: {name}")
    return found


def part(file: Path) -> str:
    path = relative(file)
    if path.startswith("python/"):
        return "python"
    if path.startswith("cpp/include/"):
        return HEADERS.get(file.name, "core")
    return path.split("/")[2]


def allowed(file: Path, target: Path) -> bool:
    here, there = part(file), part(target)
    may = MAY_USE[here]
    short = relative(target).removeprefix("cpp/src/")
    return here == there or there in may or short in may


def cycles(graph: dict[Path, list[Path]]) -> list[str]:
    """Circles of files that include each other."""
    found: list[str] = []
    done: set[Path] = set()

    def visit(file: Path, trail: list[Path]) -> None:
        if file in trail:
            circle = [*trail[trail.index(file) :], file]
            found.append("circle: " + " -> ".join(relative(f) for f in circle))
        elif file not in done:
            for target in graph.get(file, []):
                visit(target, [*trail, file])
            done.add(file)

    for file in graph:
        visit(file, [])
    return found


def python_cycles() -> list[str]:
    """Circles of modules that import each other when the package is imported."""
    package = ROOT / "python/ndtape"
    modules = {f"ndtape.{f.stem}": f for f in package.glob("*.py") if f.stem != "__init__"}
    modules["ndtape"] = package / "__init__.py"
    graph: dict[Path, list[Path]] = {}
    for name, file in modules.items():
        used: set[str] = set()
        for node in ast.parse(file.read_text()).body:  # imports inside functions come later
            if isinstance(node, ast.Import):
                used |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                # `from ndtape import x` of a submodule does not wait for the package's own names.
                below = {f"{node.module}.{alias.name}" for alias in node.names}
                used |= below & modules.keys() if node.module == "ndtape" else {node.module}
        used -= {name}
        graph[file] = [modules[u] for u in sorted(used) if u in modules]
    # __main__ is run, never imported, and stands above the package.
    graph.pop(package / "__main__.py", None)
    return cycles(graph)


def relative(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


if __name__ == "__main__":
    sys.exit(main())
