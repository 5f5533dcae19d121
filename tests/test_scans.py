"""Running sums and products along an axis, against NumPy, and their derivatives."""

import gradcheck
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import ALL, INTEGERS, assert_same, examples, laid_out, seeds, shapes

import ndtape as nt

FUNCTIONS = {"sum": (nt.cumulative_sum, np.cumsum), "prod": (nt.cumulative_prod, np.cumprod)}


@st.composite
def cases(draw, dtypes, domain):
    """An array and Tensor of one layout, an axis, include_initial."""
    shape = draw(shapes(min_dims=1, max_dims=4))
    long = draw(st.sampled_from([0, 0, 17, 40, 1100]))
    shape = tuple(max(n, long) if i == len(shape) // 2 else n for i, n in enumerate(shape))
    array, tensor = draw(laid_out(draw(st.sampled_from(dtypes)), shape, domain))
    return array, tensor, draw(st.integers(-len(shape), len(shape) - 1)), draw(st.booleans())


def with_initial(y, axis, include_initial, value):
    if not include_initial:
        return y
    edge = list(y.shape)
    edge[axis] = 1
    return np.concatenate([np.full(edge, value, y.dtype), y], axis)


@pytest.mark.parametrize("name", FUNCTIONS)
@given(data=st.data())
def test_against_numpy(name, data):
    function, numpy_function = FUNCTIONS[name]
    array, tensor, axis, include = data.draw(cases(ALL, "small" if name == "sum" else "unit"))
    got = function(tensor, axis=axis, include_initial=include)
    kind = array.dtype.kind
    dtype = {"b": "int64", "i": "int64", "u": "uint64"}.get(kind, array.dtype)
    wide = np.longdouble if kind == "f" else dtype
    want = numpy_function(array, axis=axis, dtype=wide)
    scale = np.cumsum(np.abs(array), axis=axis, dtype=wide) if name == "sum" else np.abs(want)
    want = with_initial(want, axis, include, name == "prod")
    if kind == "f":
        scale = with_initial(scale, axis, include, 0)
        eps = {"float32": 2.0**-23, "float64": 1e-13}[str(dtype)]
        tiny = 2 * np.finfo(dtype).smallest_subnormal
        assert got.numpy().dtype == dtype
        assert got.shape == want.shape
        assert np.all(np.abs(got.numpy() - want) <= eps * scale + tiny)
    else:
        assert_same(got, np.asarray(want, dtype))


@pytest.mark.parametrize("name", FUNCTIONS)
@examples(20)
@given(data=st.data())
def test_dtypes(name, data):
    """A result of the dtype asked for; integers wrap."""
    function, numpy_function = FUNCTIONS[name]
    array, tensor, axis, _ = data.draw(cases(INTEGERS, "real"))
    dtype = data.draw(st.sampled_from(INTEGERS))
    want = numpy_function(array.astype(dtype), axis=axis, dtype=dtype)
    assert_same(function(tensor, axis=axis, dtype=getattr(nt, dtype)), want)
    as_float = function(tensor, axis=axis, dtype=nt.float64)
    assert as_float.dtype == nt.float64


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(5000,), (7, 3000), (3000, 7), (40, 40)])
def test_special_values(dtype, shape):
    """NaN and infinities reach what comes after them, nothing before; signed zeros stay."""
    for axis in range(len(shape)):
        x = np.full(shape, -0.0, dtype)
        assert np.all(np.signbit(nt.cumulative_sum(nt.asarray(x), axis=axis).numpy()))
        flat = np.moveaxis(x, axis, 0)
        middle = flat.shape[0] // 2
        flat[middle // 2], flat[middle] = np.inf, -np.inf
        got = np.moveaxis(nt.cumulative_sum(nt.asarray(x), axis=axis).numpy(), axis, 0)
        assert np.all(got[: middle // 2] == 0)
        assert np.all(np.isposinf(got[middle // 2 : middle]))
        assert np.all(np.isnan(got[middle:]))


def test_products_that_pass_through_nothing():
    """A product that has become 0 stays so, though what follows alone would overflow."""
    x = np.array([1e-200, 1e-200, 1e200, 1e200] * 300)
    with np.errstate(over="ignore"):
        for array in (x, np.repeat(x[:, None], 40, axis=1), np.repeat(x[None], 40, axis=0)):
            for axis in range(array.ndim):
                got = nt.cumulative_prod(nt.asarray(array), axis=axis).numpy()
                assert np.array_equal(got, np.cumprod(array, axis=axis))


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    ("shape", "axis"), [((300_001,), 0), ((3, 100_003), 1), ((100_003, 3), 0), ((700, 501), 0)]
)
def test_bitwise_equal_for_any_thread_count(name, shape, axis):
    x = nt.random.default_rng(0).normal(1.0, 1e-3, size=shape)
    found = set()
    for threads in (1, 2, 4, 3):
        nt.set_num_threads(threads)
        for t in (x, nt.asarray(np.asfortranarray(x.numpy()))):
            found.add(FUNCTIONS[name][0](t, axis=axis).numpy().tobytes())
    assert len(found) == 1


def test_long_sums_are_exact_to_the_last_bit():
    x = np.random.default_rng(0).random(10**6).astype("float32")
    exact = np.cumsum(x.astype(np.longdouble))
    got = nt.cumulative_sum(nt.asarray(x)).numpy()
    assert np.all(np.abs(got - exact) <= 2.0**-24 * exact * 1.001)


@pytest.mark.parametrize("name", FUNCTIONS)
@examples(15)
@given(data=st.data())
def test_derivatives(name, data):
    """To second order, at zeros too."""
    shape = data.draw(st.sampled_from([(1,), (4,), (2, 3), (3, 2), (2, 3, 2)]))
    axis = data.draw(st.integers(0, len(shape) - 1))
    include = data.draw(st.booleans())
    (x,) = gradcheck.values(data.draw(seeds), [shape])
    x.flat[: data.draw(st.integers(0, 3))] = 0
    gradcheck.check(lambda t: nt.sin(FUNCTIONS[name][0](t, axis=axis, include_initial=include)), x)


def test_derivative_of_long_lines():
    """The gradient where scans are split, against the formula without zeros."""
    x = np.random.default_rng(0).uniform(0.5, 1.5, (2, 5000))
    x /= np.exp(np.log(x).mean())
    seed = np.random.default_rng(1).standard_normal(x.shape)
    for name in FUNCTIONS:
        leaf = nt.tensor(x, requires_grad=True)
        FUNCTIONS[name][0](leaf, axis=1).backward(nt.asarray(seed))
        weighted = seed * np.cumprod(x, 1) if name == "prod" else seed
        want = np.cumsum(weighted[:, ::-1], 1)[:, ::-1] / (x if name == "prod" else 1)
        np.testing.assert_allclose(leaf.grad.numpy(), want, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_refused(name):
    function = FUNCTIONS[name][0]
    with pytest.raises(ValueError, match="0-d"):
        function(nt.tensor(1.0))
    with pytest.raises(ValueError, match=r"shape \(2, 3\) has 2 axes"):
        function(nt.zeros((2, 3)))
    with pytest.raises(IndexError, match="axis 2"):
        function(nt.zeros((2, 3)), axis=2)
    with pytest.raises(TypeError, match="dtype bool"):
        function(nt.zeros(3), dtype=nt.bool)
    with pytest.raises(TypeError, match="positional"):
        function(nt.zeros(3), 0)
