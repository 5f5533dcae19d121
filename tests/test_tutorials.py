"""The tutorials run without a warning, find what they should, and end in a picture."""

import os
import runpy
from pathlib import Path

import numpy as np
import pytest

import ndtape as nt

FOLDER = Path(__file__).parent.parent / "tutorials"
MNIST = os.environ.get("NDTAPE_MNIST")
NAMES = sorted(p.stem for p in FOLDER.glob("*.py"))

matplotlib = pytest.importorskip("matplotlib", reason="needs the extra `examples`")
pytest.importorskip("sklearn", reason="needs the extra `examples`", exc_type=ImportError)


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Runs a tutorial; gives its variables, with the pictures in `pictures`."""
    from matplotlib import pyplot as plt

    def run(name):
        variables = runpy.run_path(str(FOLDER / f"{name}.py"))
        variables["pictures"] = [plt.figure(n) for n in plt.get_fignums()]
        for picture in variables["pictures"]:
            assert picture.axes
            picture.canvas.draw()
        return variables

    backend = matplotlib.get_backend()
    plt.switch_backend("Agg")
    monkeypatch.setattr(plt, "show", lambda: None)
    # No folder, no download: the digits take the place of MNIST.
    monkeypatch.delenv("NDTAPE_MNIST", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for proxy in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    yield run
    plt.close("all")
    plt.switch_backend(backend)


def test_there_are_six():
    assert [name[0] for name in NAMES] == list("123456")
    for name in NAMES:
        text = (FOLDER / f"{name}.py").read_text()
        assert text.rstrip().endswith("plt.show()"), "ends in a picture"


def test_linear_algebra(run):
    v = run("1_linear_algebra")
    assert v["message"] == (
        "matmul: shapes (2, 3) and (2, 3) do not align: 3 (axis 1) != 2 (axis 0)"
    )
    assert v["norms"][1] == 7
    assert v["norms"][2] == pytest.approx(5)
    assert v["by_hand"].item() == pytest.approx(v["norms"][3])
    assert v["w"].tolist() == [0, 0, 2]
    np.testing.assert_allclose(nt.sum(v["shares"], axis=1), 1, rtol=1e-6)
    ellipse = nt.linalg.vector_norm(v["M"] @ v["circle"], axis=0)
    np.testing.assert_allclose([nt.max(ellipse), nt.min(ellipse)], v["S"], rtol=1e-3)


def test_calculus(run):
    v = run("2_calculus")
    errors = [abs(q - 3) for q in v["quotients"].values()]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1e-4
    np.testing.assert_allclose(v["product"], v["whole"], rtol=1e-5)
    assert v["valley"][-1].item() > 0 > v["other"][-1].item()
    assert abs(nt.grad(v["curve"])(v["valley"][-1]).item()) < 1e-5
    ends = {name: abs(path[-1].item()) for name, path in v["paths"].items()}
    assert ends["good"] < 1e-3 < ends["swinging"] < 0.1 < ends["too small"] < 1.8
    assert ends["too large"] > 1.8
    heights = {name: v["bowl"](path[-1]).item() for name, path in v["surface_paths"].items()}
    assert heights["good"] < 1e-4 < 1 < heights["too small"] < 4 < heights["too large"]
    assert len(v["pictures"]) == 3


def test_automatic_differentiation(run):
    v = run("3_automatic_differentiation")
    assert v["first_gradient"].tolist() == [0, 4, 8, 12]
    assert v["detached_gradient"].tolist() == v["u"].tolist()
    assert v["values"] == [8, 12, 12, 6, 0]
    assert v["times_vector"].tolist() == (v["hessian"] @ nt.ones(3)).tolist()
    assert str(v["drawing"]).startswith("#1 mean")
    t = np.tanh(v["at"].numpy())
    for curve, exact in zip(v["curves"], (t, 1 - t**2, -2 * t * (1 - t**2)), strict=False):
        np.testing.assert_allclose(curve, exact, atol=1e-5)


def test_linear_regression(run):
    v = run("4_linear_regression")
    for weights in (v["w_scratch"], v["w_net"], v["whole"].weight.detach()[0], v["exact"][:2]):
        np.testing.assert_allclose(weights, v["true_w"], atol=0.02)
    for offset in (v["b_scratch"], v["b_net"], v["exact"][2].item()):
        assert offset == pytest.approx(v["true_b"], abs=0.02)
    assert np.mean(v["losses"][-50:]) == pytest.approx(v["noise"] ** 2, rel=0.2)


def test_digits(run, capsys):
    v = run("5_mnist")
    assert "MNIST is not here" in capsys.readouterr().out
    assert v["name"] == "digits"
    assert v["dense_accuracy"] > 0.96
    assert v["convolutional_accuracy"] > 0.97
    assert nt.sum(v["confusion"]).item() == len(v["y_test"])
    assert len(v["pictures"]) == 3


def test_mnist(run, monkeypatch):
    if not MNIST:
        pytest.skip("NDTAPE_MNIST does not name a folder with the four files")
    monkeypatch.setenv("NDTAPE_MNIST", MNIST)
    v = run("5_mnist")
    assert v["name"] == "MNIST"
    assert v["dense_accuracy"] > 0.975
    assert v["convolutional_accuracy"] > 0.988


def test_probability(run):
    v = run("6_probability")
    np.testing.assert_allclose(v["shares"][-1], 1 / 6, atol=0.02)
    assert v["after_one"] == pytest.approx(0.0095 / (0.0095 + 0.0594))
    assert v["counted"] == pytest.approx(v["after_one"], abs=0.005)
    np.testing.assert_allclose(v["best"].probs, v["frequencies"], atol=2e-3)
    assert v["by_layer"].item() == pytest.approx(v["cross_entropies"][-1], abs=1e-4)
    np.testing.assert_allclose(v["q"].mean, v["exact"].mean, atol=0.05)
    np.testing.assert_allclose(v["q"].stddev, v["exact"].stddev, rtol=0.1)
