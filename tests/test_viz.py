"""Pictures of the tape."""

import importlib

import numpy as np
import pytest

import ndtape as nt


def graph():
    x = nt.tensor(np.ones((2, 3)), requires_grad=True)
    w = nt.tensor(np.ones(3), requires_grad=True)
    h = nt.tanh(x * w)
    return nt.sum(h * h + nt.exp(h)), x


def test_the_tree_names_operators_shapes_dtypes_and_bytes():
    y, _ = graph()
    text = str(nt.viz.tape(y))
    lines = text.splitlines()
    assert lines[0] == "#1 sum -> float64[]"
    assert "exp -> float64[2, 3], saves 48 B" in text
    assert text.count("tanh -> ") == 1
    assert text.count("tanh, as above") == 2
    assert "leaf float64[3]" in text
    # x, w, tanh's result and exp's: what is shared counts once.
    assert lines[-1] == "8 nodes, 168 B saved"
    assert repr(nt.viz.tape(y)) == text


def test_bytes_of_views_and_broadcasts():
    x = nt.tensor(np.ones(4), requires_grad=True)
    big = nt.broadcast_to(nt.tensor(2.0, dtype=nt.float64), (1000, 4))
    assert str(nt.viz.tape(x * big)).splitlines()[-1] == "2 nodes, 8 B saved"
    y = x * 1.0
    z = y[:2] * y[2:]  # views keep all of the memory, here with the factor 1.0
    assert str(nt.viz.tape(z)).splitlines()[-1] == "5 nodes, 40 B saved"


def test_operations_of_ones_own_and_rows():
    class Own(nt.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 2, x * 3

        @staticmethod
        def vjp(ctx, g, h):
            return 2 * g + 3 * h

    x = nt.tensor(np.ones((2, 4)), requires_grad=True)
    a, b = Own.apply(x)
    text = str(nt.viz.tape([b, a]))
    assert "Own -> float64[2, 4], float64[2, 4], saves 64 B" in text
    assert 'label="1"' in nt.viz.tape(b * 1).source
    assert "layer_norm -> float64[2, 4], saves 64 B" in str(nt.viz.tape(nt.layer_norm(x)))
    assert "concat" in str(nt.viz.tape(nt.concat([x, x])))


def test_what_backward_freed():
    y, _ = graph()
    y.backward()
    text = str(nt.viz.tape(y))
    assert "sum -> float64[], freed" in text
    assert text.endswith(" 0 B saved")


def test_lines_of_the_program():
    y, _ = graph()
    assert "test_viz.py:" not in str(nt.viz.tape(y))
    assert "test_viz.py:" in str(nt.viz.tape(y, lines=True))
    assert "test_viz.py:" in nt.viz.tape(y, lines=True).source


def test_long_chains_are_cut():
    x = nt.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y * 1.0
    text = str(nt.viz.tape(y, limit=20))
    assert text.splitlines()[-1].startswith("100001 nodes, 99981 of them not shown, ")
    assert "..." in text
    assert "99981 more" in nt.viz.tape(y, limit=20).source


def test_sharing_costs_its_nodes():
    y = nt.tensor(1.0, requires_grad=True)
    for _ in range(60):
        y = y + y
    assert len(str(nt.viz.tape(y)).splitlines()) == 122


def test_misuse():
    with pytest.raises(nt.TapeError, match=r"\(2,\)"):
        nt.viz.tape(nt.ones(2))
    with pytest.raises(TypeError, match="int"):
        nt.viz.tape([5])
    y, _ = graph()
    with pytest.raises(ValueError, match="limit must be positive, not 0"):
        nt.viz.tape(y, limit=0)
    with pytest.raises(ValueError, match=r"'tape\.gif' must end in"):
        nt.viz.tape(y).save("tape.gif")


def test_files(tmp_path):
    y, _ = graph()
    drawing = nt.viz.tape(y)
    drawing.save(tmp_path / "tape.txt")
    assert (tmp_path / "tape.txt").read_text(encoding="utf-8") == f"{drawing}\n"
    drawing.save(tmp_path / "tape.dot")
    source = (tmp_path / "tape.dot").read_text(encoding="utf-8")
    assert source.startswith("digraph")
    assert source.count(" -> ") == 9


class _Graphviz:
    """What of the package is used, without the program."""

    class ExecutableNotFound(RuntimeError):
        pass

    class Source:
        missing = False

        def __init__(self, text):
            self.text = text

        def pipe(self, format):
            if self.missing:
                raise _Graphviz.ExecutableNotFound
            return f"<{format}>{len(self.text)}".encode()


@pytest.fixture
def imports(monkeypatch):
    """Chooses what importing graphviz gives."""

    def choose(package):
        real = importlib.import_module

        def load(name, *rest):
            if name != "graphviz":
                return real(name, *rest)
            if package is None:
                raise ImportError(name)
            return package

        monkeypatch.setattr(importlib, "import_module", load)

    return choose


def test_drawing_through_graphviz(tmp_path, imports):
    imports(_Graphviz)
    y, _ = graph()
    drawing = nt.viz.tape(y)
    assert drawing.svg().startswith("<svg>")
    assert drawing._repr_svg_() == drawing.svg()
    drawing.save(tmp_path / "tape.png")
    assert (tmp_path / "tape.png").read_bytes().startswith(b"<png>")


@pytest.mark.parametrize(("missing", "kind"), [("package", ImportError), ("program", RuntimeError)])
def test_without_graphviz(imports, monkeypatch, missing, kind):
    imports(None if missing == "package" else _Graphviz)
    monkeypatch.setattr(_Graphviz.Source, "missing", True)
    y, _ = graph()
    with pytest.raises(kind, match=r"drawing needs"):
        nt.viz.tape(y).svg()
    assert nt.viz.tape(y)._repr_svg_() is None


def test_a_real_picture(tmp_path):
    graphviz = pytest.importorskip("graphviz")
    y, _ = graph()
    try:
        svg = nt.viz.tape(y).svg()
    except RuntimeError:
        pytest.skip("the program dot is not installed")
    assert graphviz is not None
    assert "<svg" in svg
    assert "tanh" in svg
