"""Special functions against mpmath's and SciPy's, with their derivatives."""

import gradcheck
import numpy as np
import pytest

import ndtape as nt
from ndtape import special

GRID = np.concatenate([
    np.linspace(-20.3, 20.2, 400), np.geomspace(1e-12, 1e8, 200), 1 + np.linspace(-1e-3, 1e-3, 41),
    2 + np.linspace(-1e-3, 1e-3, 41), [-1e-12, 0.5, 1.0, 2.0, 12.0],
])  # fmt: skip
UNIT = np.concatenate([np.linspace(-1, 1, 401)[1:-1], 1 - np.geomspace(1e-16, 0.1, 60)[5:]])


def theirs(name):
    scipy = pytest.importorskip("scipy.special", reason="SciPy is not installed")
    return getattr(scipy, name)


@pytest.mark.parametrize(
    ("name", "x", "rtol", "atol"),
    [
        ("gammaln", GRID, 3e-13, 3e-14),
        ("digamma", GRID, 1e-11, 1e-12),
        ("erfc", np.linspace(-6, 26, 500), 1e-13, 1e-300),
        ("erfcx", np.linspace(-25, 100, 600), 1e-12, 0),
        ("erfinv", UNIT, 1e-12, 0),
    ],
)
def test_values(name, x, rtol, atol):
    got = getattr(special, name)(nt.asarray(x)).numpy()
    np.testing.assert_allclose(got, theirs(name)(x), rtol=rtol, atol=atol)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_polygamma(n):
    x = np.concatenate([np.geomspace(1e-3, 1e3, 100), [0.5, 1.0, 30.0]])
    np.testing.assert_allclose(
        special.polygamma(n, nt.asarray(x)).numpy(), theirs("polygamma")(n, x), rtol=1e-11
    )
    mpmath = pytest.importorskip("mpmath")
    for value in (-0.3, -2.7, -7.5, 0.2):
        want = float(mpmath.polygamma(n, value))
        assert special.polygamma(n, value).item() == pytest.approx(want, rel=1e-5)  # float32
        double = special.polygamma(n, nt.asarray(np.float64(value))).item()
        assert double == pytest.approx(want, rel=1e-9)


def test_two_arguments():
    a = np.geomspace(1e-3, 1e6, 40)[:, None]
    b = np.geomspace(1e-2, 1e7, 40)
    got = special.betaln(nt.asarray(a), nt.asarray(b)).numpy()
    # SciPy's own loses digits where large terms cancel.
    np.testing.assert_allclose(got, theirs("betaln")(a, b), rtol=1e-7, atol=1e-13)
    mpmath = pytest.importorskip("mpmath", reason="mpmath is not installed")
    with mpmath.workdps(40):
        for x, y in ((0.16, 2.5e5), (3e5, 0.14), (9.5, 12.5), (1e6, 1e7), (1e-3, 1e-2)):
            want = mpmath.loggamma(x) + mpmath.loggamma(y) - mpmath.loggamma(mpmath.mpf(x) + y)
            double = special.betaln(nt.asarray(np.float64(x)), nt.asarray(np.float64(y))).item()
            assert double == pytest.approx(float(want), rel=1e-12)
    x = np.array([0.0, 0.0, 1.5, -2.0, 0.0])
    y = np.array([0.0, 3.0, 2.0, 0.5, np.nan])
    np.testing.assert_allclose(special.xlogy(x, y).numpy(), theirs("xlogy")(x, y))
    np.testing.assert_allclose(special.xlog1py(x, y).numpy(), theirs("xlog1py")(x, y))


def test_incomplete_functions():
    a = np.geomspace(0.05, 2000, 30)[:, None]
    x = a * np.array([0.0, 0.01, 0.3, 0.9, 1.0, 1.1, 3.0])
    got = special.gammainc(nt.asarray(a), nt.asarray(x)).numpy()
    np.testing.assert_allclose(got, theirs("gammainc")(a, x), rtol=1e-9, atol=1e-14)
    b = np.geomspace(0.1, 500, 20)[:, None, None]
    p = np.array([0.0, 1e-5, 0.2, 0.5, 0.77, 1.0])
    got = special.betainc(nt.asarray(a[::3]), nt.asarray(b), nt.asarray(p)).numpy()
    np.testing.assert_allclose(got, theirs("betainc")(a[::3], b, p), rtol=1e-8, atol=1e-13)
    with pytest.raises(TypeError, match="a requires grad"):
        special.gammainc(nt.tensor(1.0, requires_grad=True), 1.0)


def test_special_values():
    inf, nan = np.inf, np.nan
    x = nt.asarray(np.array([0.0, -1.0, -2.0, inf, nan, 1.0]))
    np.testing.assert_array_equal(special.gammaln(x).numpy(), [inf, inf, inf, inf, nan, 0])
    np.testing.assert_array_equal(special.digamma(x).numpy()[[1, 2, 3, 4]], [nan, nan, inf, nan])
    ends = nt.asarray(np.array([-1.0, 1.0, 1.1, 0.0]))
    np.testing.assert_array_equal(special.erfinv(ends).numpy(), [-inf, inf, nan, 0])
    far = nt.asarray(np.array([-inf, inf, nan, 30.0]))
    np.testing.assert_array_equal(special.erfc(far).numpy(), [2, 0, nan, 0])
    assert special.gammaln(nt.tensor([3, 4])).dtype == nt.float32
    assert special.gammaln(nt.tensor([3.0])).dtype == nt.float32
    with pytest.raises(ValueError, match="polygamma: n is -1"):
        special.polygamma(-1, 1.0)


@pytest.mark.parametrize("name", ["gammaln", "digamma", "erfc", "erfcx", "erfinv"])
def test_derivatives(name):
    (x,) = gradcheck.values(0, [(7,)], "unit" if name == "erfinv" else "positive")
    gradcheck.check(getattr(special, name), x)


def test_derivatives_of_two_arguments():
    a, b = gradcheck.values(1, [(4,), (4,)], "positive")
    gradcheck.check(special.betaln, a, b)
    gradcheck.check(special.xlogy, a, b)
    gradcheck.check(special.xlog1py, a, b)
    gradcheck.check(lambda x: special.polygamma(2, x), a)
    gradcheck.check(lambda x: special.gammainc(1.7, x), a)
    gradcheck.check(lambda x: special.betainc(1.7, 0.6, x), a / 3)
    x, y = (nt.tensor([0.0], requires_grad=True) for _ in range(2))
    special.xlogy(x, y).backward()
    np.testing.assert_array_equal(y.grad.numpy(), [0])
