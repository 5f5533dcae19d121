"""The site's sources: each public name has its page, tables name what exists, programs run."""

import functools
import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest
from test_docs import PLACES

import ndtape as nt

DOCS = Path(__file__).parent.parent / "docs"
PAGES = ("from_pytorch", "from_keras", "getting_started", "index")


def listed():
    """What the reference lists, by module."""
    names = {}
    for page in (DOCS / "api").glob("*.rst"):
        module, inside = "ndtape", False
        for line in page.read_text().splitlines():
            if found := re.match(r"\.\. currentmodule:: (\S+)", line):
                module = found[1]
            elif line.startswith(".. autosummary::"):
                inside = True
            elif found := re.match(r"(?:\.\. data:: | {10}|   )(\w+)$", line):
                if inside or not line.startswith("   " + found[1]):
                    names.setdefault(module, []).append(found[1])
            elif line and not line.startswith(" "):
                inside = False
    return names


@pytest.mark.parametrize("place", PLACES)
def test_reference_lists_every_public_name(place):
    module = PLACES[place]
    public = {n for n in module.__all__ if not isinstance(getattr(module, n), ModuleType)}
    names = listed()[module.__name__]
    assert len(set(names)) == len(names)
    assert set(names) == public


def test_reference_lists_every_module():
    modules = {f"ndtape.{n}" for n in nt.__all__ if isinstance(getattr(nt, n), ModuleType)}
    assert modules <= set(listed())


def test_every_page_of_the_reference_is_in_its_table():
    index = (DOCS / "api/index.rst").read_text()
    for page in (DOCS / "api").glob("*.rst"):
        assert page.stem == "index" or f"   {page.stem}\n" in index


@pytest.mark.parametrize("page", PAGES[:2])
@pytest.mark.parametrize("root", ["nt", "torch"])
def test_names_in_tables_exist(page, root):
    rows = [r for r in (DOCS / f"{page}.md").read_text().splitlines() if r.startswith("| `")]
    assert len(rows) > 30
    names = set(re.findall(rf"`({root}(?:\.\w+)+)`", "\n".join(rows)))
    if root == "nt":
        assert len(names) > 40
        library = nt
    else:
        library = pytest.importorskip("torch", reason="compares names with PyTorch's")
        importlib.import_module("torch.utils.checkpoint")
    for name in names:
        assert functools.reduce(getattr, name.split(".")[1:], library) is not None, name


@pytest.mark.parametrize("page", PAGES)
def test_programs_on_pages_run(page, tmp_path, monkeypatch):
    if page == "index":
        pytest.importorskip("sklearn", reason="has the digits", exc_type=ImportError)
    monkeypatch.chdir(tmp_path)
    variables = {}
    programs = re.findall(r"```python\n(.*?)```", (DOCS / f"{page}.md").read_text(), re.S)
    assert programs
    for program in programs:
        exec(compile(program, page, "exec"), variables)
    if page == "index":
        assert variables["history"].history["val_accuracy"][-1] > 0.95
    if page == "getting_started":
        assert variables["model"].evaluate(variables["x"], variables["inside"])["accuracy"] > 0.95
