"""Infinities, NaN, signed zeros, subnormals and huge arguments."""

import math

import numpy as np
import pytest
from optable import BINARY, BY_NAME, UNARY
from references import REFERENCES, ULP
from strategies import COMPLEX, FLOATS, assert_close, assert_same, from_tensor, ulps

import ndtape as nt

# Operators for which an operand of either sign of zero is as good.
ZERO_SIGN_FREE = {"relu", "maximum", "minimum", "logaddexp", "clip"}


def specials(dtype):
    info = np.finfo(dtype)
    positive = [
        0.0,
        info.smallest_subnormal,
        info.smallest_subnormal * 12345,
        info.tiny,
        info.eps / 4,
        info.eps,
        1e-3,
        0.25,
        0.5,
        np.nextafter(info.dtype.type(1), info.dtype.type(0)),
        1.0,
        np.nextafter(info.dtype.type(1), info.dtype.type(2)),
        1.5,
        2.0,
        2.5,
        3.0,
        math.pi,
        10.0,
        17.3,
        87.0,
        88.8,
        103.0,
        104.5,
        708.9,
        745.5,
        1e5,
        123456.789,
        2.0**23 + 0.5,
        2.0**24,
        2.0**52 + 0.5,
        2.0**53,
        1e10,
        1e22,
        info.max / 2,
        info.max,
        np.inf,
    ]
    half = np.array(positive, np.float64 if dtype == "float64" else np.longdouble).astype(dtype)
    return np.concatenate([half, -half, np.array([np.nan], dtype)])


def zero_signs(got, want):
    zeros = (got == 0) & (want == 0)
    np.testing.assert_array_equal(np.signbit(got)[zeros], np.signbit(want)[zeros])


def check(name, arrays, *, ulp=None):
    with np.errstate(all="ignore"):
        want = np.asarray(REFERENCES[name](*arrays))
    got = from_tensor(getattr(nt, name)(*(nt.asarray(a) for a in arrays)))
    if got.dtype.kind != "f":
        return assert_same(got, want)
    with np.errstate(all="ignore"):
        want = want.astype(got.dtype)
    bound = ULP.get(name, {}).get(str(got.dtype), 0) if ulp is None else ulp
    worst = ulps(got, want)
    if name == "logaddexp" and got.dtype == np.float64:  # near zero: of the larger argument's ULP
        with np.errstate(all="ignore"):
            unit = np.spacing(np.maximum(np.abs(arrays[0]), np.abs(arrays[1])))
            worst = np.fmin(worst, np.abs(got - want) / unit)
    bad = np.argmax(worst) if worst.size else 0
    if worst.size and worst.flat[bad] > bound:
        given = [np.broadcast_to(a, got.shape).flat[bad] for a in arrays]
        raise AssertionError(f"{name}{given}: got {got.flat[bad]!r}, want {want.flat[bad]!r}")
    if name not in ZERO_SIGN_FREE:
        zero_signs(got, want)
    return None


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("row", [r for r in UNARY if r.types != "Bitwise"], ids=repr)
def test_unary(row, dtype):
    check(row.name, [specials(dtype)])


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    "row", [r for r in BINARY if r.types not in ("Bitwise", "Integer")], ids=repr
)
def test_binary(row, dtype):
    """Every special value beside every other."""
    x = specials(dtype)
    check(row.name, [x[:, None], x[None, :]])


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    "row", [r for r in UNARY if r.types == "Float" and r.name != "gelu"], ids=repr
)
def test_dense_sample(row, dtype):
    """Every exponent, both signs, random significands."""
    rng = np.random.default_rng(7)
    bits = {"float32": np.uint32, "float64": np.uint64}[dtype]
    top = np.iinfo(bits).max
    x = rng.integers(0, top, 60_000, dtype=bits, endpoint=True).view(dtype)
    near = rng.uniform(-30, 30, 30_000).astype(dtype)
    around_one = (1 + rng.standard_normal(10_000) * 10.0 ** rng.integers(-7, 0, 10_000)).astype(
        dtype
    )
    check(row.name, [np.concatenate([x, near, around_one])])


@pytest.mark.parametrize("dtype", FLOATS)
def test_dense_gelu(dtype):
    rng = np.random.default_rng(8)
    check("gelu", [rng.uniform(-30, 30, 30_000).astype(dtype)])


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["pow", "atan2", "hypot", "logaddexp"])
def test_dense_pairs(name, dtype):
    rng = np.random.default_rng(9)
    n = 40_000
    exponents = rng.uniform(-20, 20, n)
    x = np.abs(rng.standard_normal(n)) * 10**exponents
    y = rng.standard_normal(n) * 10 ** rng.uniform(-3, 2, n)
    if name != "pow":
        y = y * 10**exponents
    check(name, [x.astype(dtype), y.astype(dtype)])


@pytest.mark.parametrize("dtype", FLOATS)
def test_floor_divide_is_pythons(dtype):
    """Quotient and remainder belong together: x == q * y + r, with r of y's sign."""
    rng = np.random.default_rng(10)
    x = np.round(rng.uniform(-1000, 1000, 5000), 1).astype(dtype)
    y = np.round(rng.uniform(-9, 9, 5000), 1).astype(dtype)
    y[y == 0] = 0.1
    check("floor_divide", [x, y])
    check("remainder", [x, y])
    if dtype == "float64":
        q, r = nt.asarray(x) // nt.asarray(y), nt.asarray(x) % nt.asarray(y)
        want = [divmod(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
        assert q.tolist() == [w[0] for w in want]
        assert r.tolist() == [w[1] for w in want]


@pytest.mark.parametrize("dtype", FLOATS)
def test_rounding_is_to_even(dtype):
    x = np.array([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49999997, 8388609.0], dtype)
    assert_same(nt.round(nt.asarray(x)), np.rint(x), signs=True)


@pytest.mark.parametrize("name", ["maximum", "minimum"])
@pytest.mark.parametrize("dtype", FLOATS)
def test_extremes_keep_nan(name, dtype):
    nan, one = nt.asarray(np.array(np.nan, dtype)), nt.asarray(np.array(1, dtype))
    function = getattr(nt, name)
    for pair in [(nan, one), (one, nan), (nan, nan)]:
        assert math.isnan(function(*pair).item())


def test_clip_keeps_nan():
    x = nt.tensor([math.nan, -1.0, 5.0])
    assert_same(nt.clip(x, 0, 1), np.array([np.nan, 0, 1], np.float32))
    assert math.isnan(nt.clip(nt.tensor(0.5), nt.tensor(math.nan), nt.tensor(1.0)).item())


def test_where_does_not_mix_branches():
    x = nt.tensor([math.nan, 1.0, math.inf])
    assert_same(nt.where(nt.isfinite(x), x, 0.0), np.array([0, 1, 0], np.float32))


def test_subnormals_are_not_flushed():
    tiny = np.finfo(np.float32).smallest_subnormal
    x = nt.asarray(np.array([tiny, 3 * tiny], np.float32))
    assert_same(x + x, np.array([2 * tiny, 6 * tiny], np.float32))
    assert_same(x * 1.0, np.array([tiny, 3 * tiny], np.float32))
    assert_close(nt.log(x), np.log(np.array([tiny, 3 * tiny], np.longdouble)), ulp=1)


def test_huge_angles():
    """Argument reduction holds to the largest finite float."""
    x = np.array([1e5, 1e10, 1e22, 1e30, 3e38], np.float32)
    for name in ("sin", "cos", "tan"):
        check(name, [x])
        check(name, [np.array([1e5, 1e22, 1e100, 1e300, 1.7e308])])


def test_rows_that_this_file_covers():
    covered = {r.name for r in UNARY + BINARY} | {"where", "clip"}
    assert covered == set(BY_NAME)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("exponent", [2.0, 3.0, 0.5, -1.0])
def test_powers_that_people_write(dtype, exponent):
    """They take a path of their own, element by element: the same bits beside other exponents."""
    rng = np.random.default_rng(0)
    x = (rng.standard_normal(3000) * 10.0 ** rng.integers(-11, 12, 3000)).astype(dtype)
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, 1, -1]
    x[: len(special)] = special
    got = (nt.asarray(x) ** exponent).numpy()
    with np.errstate(all="ignore"):
        exact = x.astype(np.longdouble) ** np.longdouble(exponent)
        rounded = exact.astype(dtype)
        error = np.abs(got - exact) / np.spacing(np.abs(rounded))
    finite = np.isfinite(rounded)
    assert np.all(error[finite] <= 1)
    np.testing.assert_array_equal(got[~finite], rounded[~finite])
    mixed = np.where(np.arange(x.size) % 2, exponent, 1.7).astype(dtype)
    beside = nt.pow(nt.asarray(x), nt.asarray(mixed)).numpy()
    assert beside[1::2].tobytes() == got[1::2].tobytes()


# ---- what the standard says of functions that are no rows of the op table ------------------------


@pytest.mark.parametrize("dtype", FLOATS)
def test_reductions_of_nothing_and_of_nan(dtype):
    nan = nt.asarray([[1.0, math.nan, 2.0]], dtype=dtype)
    for name in ("max", "min", "mean", "var", "std", "sum", "prod"):
        for axis in (None, 0, 1):
            assert bool(nt.any(nt.isnan(getattr(nt, name)(nan, axis=axis)))), name
    empty = nt.zeros((0, 2), dtype=dtype)
    assert_same(nt.sum(empty, axis=0), np.zeros(2, dtype), signs=True)
    assert_same(nt.prod(empty, axis=0), np.ones(2, dtype))
    for name in ("mean", "var", "std"):
        assert_same(getattr(nt, name)(empty, axis=0), np.full(2, math.nan, dtype))
    assert nt.linalg.trace(nt.zeros((0, 3), dtype=dtype)) == 0


@pytest.mark.parametrize("dtype", [*FLOATS, *COMPLEX])
@pytest.mark.parametrize("correction", [2, 2.5, 3])
def test_no_freedom_left_is_nan(dtype, correction):
    x = nt.asarray([[1.0, 2.0], [3.0, 5.0]], dtype=dtype)
    for name in ("var", "std"):
        for axis in (0, 1):
            got = getattr(nt, name)(x, axis=axis, correction=correction)
            assert bool(nt.all(nt.isnan(got)))
        assert not nt.isnan(getattr(nt, name)(x, correction=correction))


@pytest.mark.parametrize("dtype", COMPLEX)
def test_complex_parts_of_a_mean_are_apart(dtype):
    x = np.array([complex(math.nan, 1), complex(2, 3)], dtype)
    got = nt.mean(nt.asarray(x)).item()
    assert math.isnan(got.real)
    assert got.imag == 2
    got = nt.mean(nt.asarray(np.array([[complex(1, math.inf), 2]], dtype)), axis=1).tolist()[0]
    assert got == complex(1.5, math.inf)
    got = nt.mean(nt.zeros((0,), dtype=dtype)).item()
    assert math.isnan(got.real)
    assert math.isnan(got.imag)


@pytest.mark.parametrize("dtype", [*FLOATS, *COMPLEX])
@pytest.mark.parametrize("name", ["sum", "prod"])
@pytest.mark.parametrize("axis", [0, 1])
def test_scans_are_successive_operators(dtype, name, axis):
    """Of every pair of special values, along lines and across them."""
    parts = [0.0, -0.0, 1.0, -2.0, np.inf, -np.inf, np.nan]
    one = np.array([complex(a, b) for a in parts for b in parts] if dtype in COMPLEX else parts)
    x = np.stack([v.ravel() for v in np.meshgrid(one, one)]).astype(dtype)
    x = x if axis == 0 else np.ascontiguousarray(x.T)
    first, second = (nt.asarray(x.take(i, axis)) for i in range(2))
    want = nt.stack([first, first + second if name == "sum" else first * second], axis=axis)
    got = getattr(nt, f"cumulative_{name}")(nt.asarray(x), axis=axis)
    for part in (nt.real, nt.imag) if dtype in COMPLEX else (lambda v: v,):
        assert_same(part(got), from_tensor(part(want)), signs=True)


@pytest.mark.parametrize("dtype", [*FLOATS, *COMPLEX])
def test_singular_determinants(dtype):
    sign, log = nt.linalg.slogdet(nt.zeros((2, 2), dtype=dtype))
    assert (sign, log) == (0, -math.inf)


def test_python_numbers_of_special_values():
    nan, inf = nt.tensor(math.nan), nt.tensor(-math.inf)
    assert bool(nan)
    assert bool(inf)
    assert not bool(nt.tensor(-0.0))
    assert bool(nt.tensor(complex(0, math.nan)))
    assert str(complex(nan)) == "(nan+nanj)"
    assert complex(inf) == complex(-math.inf, 0)
    assert [f(nt.tensor(True)) for f in (int, float, complex)] == [1, 1.0, 1 + 0j]
    assert [int(nt.tensor(v)) for v in (-2.7, -0.0)] == [-2, 0]
    with pytest.raises(OverflowError):
        int(inf)
    with pytest.raises(ValueError, match="NaN"):
        int(nan)
