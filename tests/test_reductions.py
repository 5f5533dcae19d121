"""Reductions over any axes, against NumPy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import (
    ALL,
    FLOATS,
    INTEGERS,
    NUMERIC,
    SIGNED,
    assert_close,
    assert_same,
    axes_of,
    laid_out,
    numpy_axes,
    shapes,
)

import ndtape as nt

RTOL = {"float32": 2e-5, "float64": 1e-12}


def sum_dtype(dtype):
    """Small integers and bool widen to 64 bits; floats keep their dtype."""
    kind = np.dtype(dtype).kind
    return {"b": "int64", "i": "int64", "u": "uint64"}.get(kind, dtype)


@st.composite
def cases(draw, dtypes, domain="real", min_side=0):
    """An array and Tensor of one layout, axes to reduce, keepdims."""
    dtype = draw(st.sampled_from(dtypes))
    shape = draw(shapes(max_dims=5))
    shape = tuple(max(n, min_side) for n in shape)
    array, tensor = draw(laid_out(dtype, shape, domain))
    return array, tensor, draw(axes_of(len(shape))), draw(st.booleans())


@pytest.mark.parametrize("name", ["sum", "prod"])
@given(data=st.data())
def test_sum_and_prod(name, data):
    domain = "unit" if name == "prod" else "small"
    array, tensor, axes, keepdims = data.draw(cases(ALL, domain))
    got = getattr(nt, name)(tensor, axis=axes, keepdims=keepdims)
    numpy_function = getattr(np, name)
    dtype = sum_dtype(array.dtype)
    wide = np.longdouble if array.dtype.kind == "f" else dtype
    want = numpy_function(array, axis=numpy_axes(axes), keepdims=keepdims, dtype=wide)
    if array.dtype.kind == "f":
        scale = np.abs(want)
        if name == "sum":
            scale = np.sum(np.abs(array), axis=numpy_axes(axes), keepdims=keepdims, dtype=wide)
        bound = RTOL[str(dtype)] * scale + 2 * np.finfo(dtype).smallest_subnormal
        assert got.numpy().dtype == dtype
        assert got.shape == want.shape
        assert np.all(np.abs(got.numpy() - want) <= bound)
    else:
        assert_same(got, np.asarray(want, dtype))


@pytest.mark.parametrize("name", ["sum", "prod"])
def test_sums_are_of_numbers(name):
    for n in (0, 1, 2, 100_000):
        with pytest.raises(TypeError, match=f"{name}: dtype bool, expected a number"):
            getattr(nt, name)(nt.ones(n), dtype=nt.bool)


@pytest.mark.parametrize("name", ["max", "min"])
@given(data=st.data())
def test_max_and_min(name, data):
    array, tensor, axes, keepdims = data.draw(cases(NUMERIC, min_side=1))
    got = getattr(nt, name)(tensor, axis=axes, keepdims=keepdims)
    want = getattr(np, name)(array, axis=numpy_axes(axes), keepdims=keepdims)
    assert_same(got, np.asarray(want, array.dtype))


@pytest.mark.parametrize("name", ["any", "all"])
@given(data=st.data())
def test_any_and_all(name, data):
    array, tensor, axes, keepdims = data.draw(cases(ALL, "unit"))
    got = getattr(nt, name)(tensor, axis=axes, keepdims=keepdims)
    want = getattr(np, name)(array, axis=numpy_axes(axes), keepdims=keepdims)
    assert_same(got, np.asarray(want, bool))


@given(cases(FLOATS, "small", min_side=1))
def test_mean(case):
    array, tensor, axes, keepdims = case
    want = np.mean(array.astype(np.longdouble), axis=numpy_axes(axes), keepdims=keepdims)
    scale = np.abs(array).max(initial=1)
    assert_close(
        nt.mean(tensor, axis=axes, keepdims=keepdims),
        want,
        rtol=RTOL[str(array.dtype)],
        atol=RTOL[str(array.dtype)] * scale,
    )


@pytest.mark.parametrize("name", ["var", "std"])
@given(data=st.data())
def test_var_and_std(name, data):
    array, tensor, axes, keepdims = data.draw(cases(FLOATS, "small", min_side=2))
    correction = data.draw(st.sampled_from([0, 1, 0.5]))
    reduced = array.size if axes is None else _count(array, axes)
    if reduced <= correction:
        correction = 0
    got = getattr(nt, name)(tensor, axis=axes, correction=correction, keepdims=keepdims)
    want = getattr(np, name)(
        array.astype(np.longdouble), axis=numpy_axes(axes), ddof=correction, keepdims=keepdims
    )
    rtol = 10 * RTOL[str(array.dtype)]
    assert_close(got, want, rtol=rtol, atol=rtol)


def _count(array, axes):
    axes = [axes] if isinstance(axes, int) else axes
    return math.prod(array.shape[a] for a in axes)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "bool"])
@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((16384,), None),
        ((16385,), 0),
        ((3, 20479), 1),
        ((2, 3, 5, 4099), (2, 3)),
        ((2, 3, 5, 4099), None),
        ((20001, 2), None),
        ((0, 20000), 1),
    ],
)
def test_var_of_long_rows(shape, axes, dtype):
    """Put together from pieces, whose means are far from 0 and differ."""
    rng = np.random.default_rng(len(shape))
    array = rng.normal(1000, 3, shape) + np.linspace(-50, 50, math.prod(shape)).reshape(shape)
    array = (array > 1000) if dtype == "bool" else array.astype(dtype)
    for correction in (0, 1.5):
        want = np.var(
            array.astype(np.longdouble), axis=numpy_axes(axes), ddof=correction, keepdims=True
        )
        got = nt.var(nt.asarray(array), axis=axes, correction=correction, keepdims=True)
        rtol = RTOL["float64" if dtype == "float64" else "float32"]
        np.testing.assert_allclose(got.numpy(), want.astype(float), rtol=rtol)
        assert got.shape == want.shape


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
def test_var_of_long_rows_with_special_values(special):
    array = np.ones((2, 20000))
    array[1, 17000] = special
    np.testing.assert_array_equal(nt.var(nt.asarray(array), axis=1).numpy(), [0, np.nan])


@pytest.mark.parametrize("name", ["argmax", "argmin"])
@given(data=st.data())
def test_arg_reductions(name, data):
    """First position of the extreme; ties and NaN as NumPy has them."""
    dtype = data.draw(st.sampled_from(NUMERIC))
    shape = tuple(max(n, 1) for n in data.draw(shapes(max_dims=4)))
    array, tensor = data.draw(laid_out(dtype, shape, "positive" if dtype != "float32" else "real"))
    axis = data.draw(st.none() | st.integers(-len(shape), len(shape) - 1) if shape else st.none())
    keepdims = data.draw(st.booleans())
    got = getattr(nt, name)(tensor, axis=axis, keepdims=keepdims)
    assert_same(got, np.asarray(getattr(np, name)(array, axis=axis, keepdims=keepdims)))


@given(cases(FLOATS, "small", min_side=1))
def test_logsumexp(case):
    array, tensor, axes, keepdims = case
    wide = array.astype(np.longdouble)
    want = np.log(np.sum(np.exp(wide), axis=numpy_axes(axes), keepdims=keepdims))
    rtol = RTOL[str(array.dtype)]
    assert_close(nt.logsumexp(tensor, axis=axes, keepdims=keepdims), want, rtol=rtol, atol=rtol)


def test_logsumexp_does_not_overflow():
    x = nt.tensor([1000.0, 1000.0])
    assert nt.logsumexp(x).item() == pytest.approx(1000 + math.log(2))
    assert nt.logsumexp(nt.tensor([-1000.0, -1001.0])).item() == pytest.approx(
        -1000 + math.log1p(math.exp(-1))
    )
    assert nt.logsumexp(nt.tensor([-math.inf, -math.inf])).item() == -math.inf
    assert nt.logsumexp(nt.tensor([math.inf, 1.0])).item() == math.inf
    assert math.isnan(nt.logsumexp(nt.tensor([math.nan, 1.0])).item())


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["max", "min", "sum", "prod", "mean", "var"])
@pytest.mark.parametrize("position", [0, 7, 1000, 1999])
def test_nan_propagates(name, dtype, position):
    x = np.ones((2000, 3), dtype)
    x[position, 1] = np.nan
    function = getattr(nt, name)
    assert math.isnan(function(nt.asarray(x)).item())
    assert np.isnan(function(nt.asarray(x), axis=0).numpy()).tolist() == [False, True, False]
    assert np.isnan(function(nt.asarray(x), axis=1).numpy()).nonzero()[0].tolist() == [position]


@pytest.mark.parametrize("dtype", FLOATS)
def test_arg_reductions_find_nan(dtype):
    x = np.arange(3000, dtype=dtype)
    x[1234] = x[2000] = np.nan
    assert nt.argmax(nt.asarray(x)).item() == nt.argmin(nt.asarray(x)).item() == 1234
    m = np.arange(12, dtype=dtype).reshape(3, 4)
    m[1, 2] = np.nan
    assert_same(nt.argmax(nt.asarray(m), axis=0), np.argmax(m, axis=0))
    assert_same(nt.argmin(nt.asarray(m), axis=1), np.argmin(m, axis=1))


def test_infinities():
    x = nt.tensor([math.inf, 1.0, -math.inf])
    assert nt.max(x).item() == math.inf
    assert nt.min(x).item() == -math.inf
    assert math.isnan(nt.sum(x).item())
    assert nt.max(nt.tensor([-math.inf] * 3)).item() == -math.inf


def test_empty():
    x = nt.zeros((0, 3))
    assert nt.sum(x).item() == 0
    assert nt.prod(x).item() == 1
    assert nt.any(x).item() is False
    assert nt.all(x).item() is True
    assert nt.sum(x, axis=0).tolist() == [0, 0, 0]
    assert nt.sum(x, axis=1).shape == (0,)
    assert nt.max(x, axis=1).shape == (0,)
    assert nt.argmax(x, axis=1).shape == (0,)
    assert math.isnan(nt.mean(x).item())
    for name in ("max", "min", "argmax", "argmin"):
        with pytest.raises(ValueError, match=name):
            getattr(nt, name)(x)
        with pytest.raises(ValueError, match=name):
            getattr(nt, name)(x, axis=0)


def test_zero_dimensions():
    x = nt.tensor(3.0)
    for name in ("sum", "prod", "max", "min", "mean", "logsumexp"):
        assert getattr(nt, name)(x).item() == 3
        assert getattr(nt, name)(x, axis=()).item() == 3
    assert nt.var(x).item() == 0
    assert nt.argmax(x).item() == 0


def test_an_empty_tuple_reduces_nothing():
    x = np.arange(6.0).reshape(2, 3)
    assert_same(nt.sum(nt.asarray(x), axis=()), x)
    assert_same(nt.max(nt.asarray(x), axis=()), x)
    assert_same(nt.var(nt.asarray(x), axis=()), np.zeros((2, 3)))


@pytest.mark.parametrize("dtype", ALL)
def test_sum_dtypes(dtype):
    x = nt.ones((300,), dtype=getattr(nt, dtype))
    assert nt.sum(x).dtype == getattr(nt, sum_dtype(dtype))
    assert nt.sum(x).item() == 300
    assert nt.prod(x).dtype == getattr(nt, sum_dtype(dtype))
    assert nt.sum(x, dtype=nt.float64).dtype == nt.float64
    assert nt.sum(x, dtype=nt.float64).item() == 300


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integer_sums_wrap_at_64_bits(dtype):
    top = np.iinfo(dtype).max
    x = np.full(1000, top, dtype)
    with np.errstate(all="ignore"):
        want = np.sum(x, dtype=sum_dtype(dtype))
    assert_same(nt.sum(nt.asarray(x)), want)
    if dtype in SIGNED:
        assert nt.max(nt.asarray(x)).item() == top


def test_errors_name_the_axis():
    x = nt.zeros((2, 3))
    for name in ("sum", "max", "mean", "var", "any", "argmax", "logsumexp"):
        with pytest.raises(IndexError, match="5"):
            getattr(nt, name)(x, axis=5)
    with pytest.raises(ValueError, match="axis"):
        nt.sum(x, axis=(0, 0))
    with pytest.raises(ValueError, match="axis"):
        nt.sum(x, axis=(1, -1))
    with pytest.raises(TypeError):
        nt.sum(x, axis=1.5)


def test_large_sums_are_accurate():
    """10^7 float32 values within 1e-6 relative of the exact sum; one axis or all."""
    rng = np.random.default_rng(3)
    x = rng.random(10_000_000, dtype=np.float32)
    exact = math.fsum(x[:5_000_000].tolist()) + math.fsum(x[5_000_000:].tolist())
    t = nt.asarray(x)
    assert abs(nt.sum(t).item() - exact) <= 1e-6 * exact
    assert abs(nt.mean(t).item() - exact / x.size) <= 1e-6 * exact / x.size
    columns = x.reshape(-1, 4).astype(np.float64).sum(axis=0)
    got = nt.sum(nt.reshape(t, (-1, 4)), axis=0).numpy()
    np.testing.assert_allclose(got, columns, rtol=1e-6)
    shifted = nt.asarray(x[:1_000_000] + np.float32(1000))
    want = np.var((x[:1_000_000] + np.float32(1000)).astype(np.float64))
    assert nt.var(shifted).item() == pytest.approx(want, rel=1e-4)


@pytest.mark.parametrize("axis", [None, 0, 1, 2, (0, 2), (1, 2), (0, 1)])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_long_axes(axis, order):
    """First, middle, last and several axes, each long enough to be cut into chunks."""
    rng = np.random.default_rng(4)
    x = rng.standard_normal((130, 70, 90)).transpose(order)
    t = nt.asarray(x)
    for name in ("sum", "mean", "var", "logsumexp"):
        if name == "logsumexp":
            want = np.log(np.exp(x).sum(axis=axis))
        else:
            want = getattr(np, name)(x, axis=axis)
        np.testing.assert_allclose(
            getattr(nt, name)(t, axis=axis).numpy(), want, rtol=1e-10, atol=1e-10
        )
    assert_same(nt.max(t, axis=axis), np.asarray(x.max(axis=axis)))
    assert_same(nt.any(t > 3, axis=axis), np.asarray((x > 3).any(axis=axis)))
    if not isinstance(axis, tuple):
        assert_same(nt.argmin(t, axis=axis), np.asarray(x.argmin(axis=axis)))


@given(st.data())
def test_methods_agree(data):
    array, tensor = data.draw(laid_out("float64", (3, 4), "small"))
    for name in ("sum", "prod", "max", "min", "mean", "var", "std"):
        want = getattr(nt, name)(tensor, axis=1, keepdims=True)
        assert_same(getattr(tensor, name)(axis=1, keepdims=True), want.numpy())
    assert tensor.argmax().item() == array.argmax()
    assert tensor.argmin(axis=0).tolist() == array.argmin(axis=0).tolist()
    assert tensor.any().item() == array.any()
    assert tensor.all().item() == array.all()


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8"])
@pytest.mark.parametrize("width", [64, 100, 127, 512, 600, 2100])
def test_rows_that_lie_side_by_side_are_folded(width, dtype):
    x = np.random.default_rng(width).integers(0, 50, (2, 83, width)).astype(dtype)
    np.testing.assert_array_equal(nt.sum(nt.asarray(x), axis=1), x.sum(1))
    if np.issubdtype(x.dtype, np.floating):
        x[0, 40, width - 1] = x[1, 82, 3] = np.nan
    np.testing.assert_array_equal(nt.max(nt.asarray(x), axis=1), x.max(1))
    np.testing.assert_array_equal(nt.min(nt.asarray(x), axis=1), x.min(1))
