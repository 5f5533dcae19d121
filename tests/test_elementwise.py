"""Every row of the op table against NumPy: values, dtypes, shapes, broadcasting, layouts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optable import BINARY, BY_NAME, ROWS, UNARY
from references import REFERENCES, ULP
from strategies import (
    FLOATS,
    INPUT_DTYPES,
    INTEGERS,
    SIGNED,
    assert_close,
    assert_same,
    broadcastable,
    from_tensor,
    laid_out,
    promoted,
    random_values,
    seeds,
    shapes,
)

import ndtape as nt

by_name = pytest.mark.parametrize("row", ROWS, ids=repr)
unary = pytest.mark.parametrize("row", UNARY, ids=repr)
binary = pytest.mark.parametrize("row", BINARY, ids=repr)


def expected(row, *arrays):
    """The reference's answer for arrays of equal dtype, and the tolerance in ULP."""
    dtype = arrays[-1].dtype
    if row.types == "Float" and dtype.kind != "f":
        dtype = np.dtype("float32")
        arrays = [a.astype(dtype) for a in arrays]
    with np.errstate(all="ignore"):
        want = np.asarray(REFERENCES[row.name](*arrays))
    if want.dtype.kind != "f":
        return want, dtype, 0
    return want, dtype, ULP.get(row.name, {}).get(str(dtype), 0)


def result_dtype(row, dtype):
    return np.dtype(bool) if row.types in ("Compare", "Logical", "Test") else dtype


def check(row, tensors, arrays):
    got = row.function(*tensors)
    want, dtype, ulp = expected(row, *arrays)
    assert from_tensor(got).dtype == result_dtype(row, dtype)
    if ulp:
        assert_close(got, want, ulp=ulp)
    else:
        assert_same(got, want.astype(result_dtype(row, dtype)))


def test_every_row_has_a_reference():
    missing = [row.name for row in ROWS if row.name not in REFERENCES]
    assert not missing, f"operators without a test: {missing}"
    assert set(REFERENCES) == set(BY_NAME), "a reference is left of an operator that is gone"


@by_name
def test_every_row_is_public(row):
    assert callable(row.function)
    assert row.name in nt.__all__
    assert row.function.__doc__, f"{row.name} has no docstring"
    assert row.types in INPUT_DTYPES


@unary
@given(st.data())
def test_unary(row, data):
    dtype = data.draw(st.sampled_from(INPUT_DTYPES[row.types]))
    array, tensor = data.draw(laid_out(dtype, data.draw(shapes()), row.domain))
    check(row, [tensor], [array])


@binary
@given(st.data())
def test_binary(row, data):
    dtype = data.draw(st.sampled_from(INPUT_DTYPES[row.types]))
    a_shape, b_shape = data.draw(broadcastable(2))
    a, ta = data.draw(laid_out(dtype, a_shape, row.domain))
    b, tb = data.draw(laid_out(dtype, b_shape, row.domain))
    check(row, [ta, tb], [a, b])


@binary
@given(st.data())
def test_binary_promotes(row, data):
    """Operands of two dtypes are converted to the promoted one first."""
    dtypes = st.sampled_from(INPUT_DTYPES[row.types])
    a_dtype, b_dtype = data.draw(
        st.tuples(dtypes, dtypes).filter(lambda p: promoted(*p) and p[0] != p[1])
    )
    shape = data.draw(shapes(max_dims=3))
    domain = "small" if row.name.startswith("bitwise_") or row.name == "pow" else row.domain
    a, ta = data.draw(laid_out(a_dtype, shape, "positive" if row.name == "pow" else domain))
    b, tb = data.draw(laid_out(b_dtype, shape, "positive" if row.name == "pow" else domain))
    if row.types == "Float" and a.dtype.kind != "f":
        common = "float32"
    else:
        common = promoted(a_dtype, b_dtype)
    check(row, [ta, tb], [a.astype(common), b.astype(common)])


@given(st.data())
def test_where(data):
    dtype = data.draw(st.sampled_from(INPUT_DTYPES["Any"]))
    c_shape, a_shape, b_shape = data.draw(broadcastable(3))
    c, tc = data.draw(laid_out("bool", c_shape))
    a, ta = data.draw(laid_out(dtype, a_shape))
    b, tb = data.draw(laid_out(dtype, b_shape))
    assert_same(nt.where(tc, ta, tb), np.where(c, a, b))


@given(st.data())
def test_clip(data):
    dtype = data.draw(st.sampled_from(INPUT_DTYPES["Numeric"]))
    x_shape = data.draw(shapes())
    x, tx = data.draw(laid_out(dtype, x_shape))
    low, tlow = data.draw(laid_out(dtype, x_shape[1:]))
    high, thigh = data.draw(laid_out(dtype, ()))
    assert_same(nt.clip(tx, tlow, thigh), np.minimum(np.maximum(x, low), high))
    assert_same(nt.clip(tx, tlow, None), np.maximum(x, low))
    assert_same(nt.clip(tx, max=thigh), np.minimum(x, high))
    assert_same(nt.clip(tx, 1, 7), np.minimum(np.maximum(x, x.dtype.type(1)), x.dtype.type(7)))
    assert_same(nt.clip(tx), x)


@pytest.mark.parametrize("n", [1, 7, 63, 1023, 1024, 1025, 4097, 100_003])
@by_name
def test_lengths_around_block_edges(row, n):
    """No length loses its tail: every element of a long vector is computed, and no more."""
    dtype = "int32" if row.types in ("Bitwise", "Integer") else "float32"
    arrays = [random_values(seed, n, dtype, row.domain) for seed in range(row.arity)]
    if row.name == "where":
        arrays[0] = arrays[0] > 0
    check(row, [nt.asarray(a) for a in arrays], arrays)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("row", [row for row in ROWS if row.types == "Float"], ids=repr)
def test_neighbours_are_of_no_influence(row, dtype):
    """An element beside zeros, NaN and infinities is what it is alone, also at a vector's end."""
    special = np.array([0.0, np.nan, np.inf, -1.0, 1e-40, -0.0], dtype)
    for n in range(1, 36):
        arrays = [random_values(seed, n, dtype, row.domain) for seed in range(row.arity)]
        for k, a in enumerate(arrays):
            a[(n // 2 + k) % n] = special[n % special.size]
        tensors = [nt.asarray(a) for a in arrays]
        alone = [row.function(*(t[i : i + 1] for t in tensors)).numpy() for i in range(n)]
        np.testing.assert_array_equal(row.function(*tensors).numpy(), np.concatenate(alone))


@pytest.mark.parametrize("dtype", INPUT_DTYPES["Any"])
@by_name
def test_every_dtype(row, dtype):
    """Each dtype of a row, in a block with a tail; a dtype outside the row's types is refused."""
    arrays = [random_values(seed, 37, dtype, row.domain) for seed in range(row.arity)]
    if row.name == "where":
        arrays[0] = random_values(9, 37, "bool")
    tensors = [nt.asarray(a) for a in arrays]
    if dtype in INPUT_DTYPES[row.types]:
        check(row, tensors, arrays)
    else:
        with pytest.raises(TypeError, match=row.name):
            row.function(*tensors)


def test_the_largest_layouts():
    """64 axes, and operands that disagree on every axis's order."""
    x = np.arange(4.0).reshape((1,) * 31 + (2,) + (1,) * 31 + (2,))
    t = nt.asarray(x)
    assert_same(t + t.T, x + x.T)
    a = np.arange(24.0, dtype=np.float32).reshape(1, 2, 3, 4)
    for order in [(3, 2, 1, 0), (1, 0, 3, 2), (2, 3, 0, 1)]:
        assert_same(nt.multiply(nt.permute_dims(nt.asarray(a), order), 2.0), a.transpose(order) * 2)


def test_transposed_tiles():
    """Operands that are large and disagree on their fastest axis."""
    rng = np.random.default_rng(0)
    for dtype in ("int8", "int16", "float32", "float64"):
        m = (rng.standard_normal((300, 300)) * 50).astype(dtype)
        t = nt.asarray(m)
        assert_same(t + t.T, m + m.T)
        assert_same(t[:200, ::-1] + t.T[100:, :], m[:200, ::-1] + m.T[100:, :])


@given(st.data())
def test_operators_are_the_functions(data):
    """`a + b` and its kin give what the named functions give."""
    dtype = data.draw(st.sampled_from(["int16", "float64"]))
    a = random_values(data.draw(seeds), 5, dtype)
    b = random_values(data.draw(seeds), 5, dtype, "nonzero")
    x, y = nt.asarray(a), nt.asarray(b)
    assert_same(x + y, from_tensor(nt.add(x, y)))
    assert_same(x - y, from_tensor(nt.subtract(x, y)))
    assert_same(x * y, from_tensor(nt.multiply(x, y)))
    assert_same(x / y, from_tensor(nt.divide(x, y)))
    assert_same(x // y, from_tensor(nt.floor_divide(x, y)))
    assert_same(x % y, from_tensor(nt.remainder(x, y)))
    assert_same(abs(x) ** 2, from_tensor(nt.pow(nt.abs(x), 2)))
    assert_same(-x, from_tensor(nt.negative(x)))
    assert_same(+x, a)
    assert_same(x < y, a < b)
    assert_same(x <= y, a <= b)
    assert_same(x > y, a > b)
    assert_same(x >= y, a >= b)
    assert_same(x == y, a == b)
    assert_same(x != y, a != b)
    if dtype == "int16":
        assert_same(x & y, a & b)
        assert_same(x | y, a | b)
        assert_same(x ^ y, a ^ b)
        assert_same(~x, ~a)
        assert_same(x << 2, a << 2)
        assert_same(x >> 2, a >> 2)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integer_division_never_traps(dtype):
    """x / 0 is 0, the lowest // -1 wraps to itself, and no signal is raised."""
    info = np.iinfo(dtype)
    values = np.array([info.min, info.min + 1, 0, 1, 2, 7, info.max], dtype)
    x, zero = nt.asarray(values), nt.zeros(7, dtype=getattr(nt, dtype))
    assert_same(x // zero, np.zeros(7, dtype))
    assert_same(x % zero, np.zeros(7, dtype))
    assert_same(x // 0, np.zeros(7, dtype))
    assert_same(x % 0, np.zeros(7, dtype))
    if dtype in SIGNED:
        assert_same(x // -1, np.negative(values))
        assert_same(x % -1, np.zeros(7, dtype))
    assert (x // x)[3:].tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("dtype", INTEGERS)
def test_shifts_past_the_width(dtype):
    width = 8 * np.dtype(dtype).itemsize
    info = np.iinfo(dtype)
    values = np.array([info.min, 1, 5, info.max], dtype)
    x = nt.asarray(values)
    sign = np.where(values < 0, -1, 0).astype(dtype)
    for count in (width, width + 1, info.max):
        assert_same(x << count, np.zeros(4, dtype))
        assert_same(x >> count, sign)
    assert_same(x << (width - 1), np.left_shift(values, width - 1))


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integer_power(dtype):
    base = np.array([0, 1, 2, 3, 5, 11], dtype)
    exponent = np.array([0, 1, 2, 3, 7, 40], dtype)
    with np.errstate(all="ignore"):
        want = np.power(base[:, None], exponent)
    assert_same(nt.pow(nt.asarray(base)[:, None], nt.asarray(exponent)), want)
    if dtype in SIGNED:
        with pytest.raises(ValueError, match="pow.*-3"):
            nt.pow(nt.asarray(base), -3)


@pytest.mark.parametrize("dtype", FLOATS)
def test_results_do_not_alias_operands(dtype):
    x = nt.ones(3, dtype=getattr(nt, dtype))
    for y in (+x, nt.abs(x), nt.floor(x), nt.maximum(x, x), nt.clip(x)):
        y[0] = 5
    assert x.tolist() == [1, 1, 1]
