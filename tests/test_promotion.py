"""Type promotion: the array API's tables in full, weak Python scalars, the default float dtype."""

import itertools

import numpy as np
import pytest
from optable import BINARY
from strategies import ALL, FLOATS, INTEGERS, NUMERIC, SIGNED, UNSIGNED, from_tensor, promoted

import ndtape as nt

# The standard's tables, written out: signed, unsigned, mixed, float.
TABLE = {
    ("bool", "bool"): "bool",
    **{(a, b): max(a, b, key=SIGNED.index) for a in SIGNED for b in SIGNED},
    **{(a, b): max(a, b, key=UNSIGNED.index) for a in UNSIGNED for b in UNSIGNED},
    ("int8", "uint8"): "int16",
    ("int8", "uint16"): "int32",
    ("int8", "uint32"): "int64",
    ("int16", "uint8"): "int16",
    ("int16", "uint16"): "int32",
    ("int16", "uint32"): "int64",
    ("int32", "uint8"): "int32",
    ("int32", "uint16"): "int32",
    ("int32", "uint32"): "int64",
    ("int64", "uint8"): "int64",
    ("int64", "uint16"): "int64",
    ("int64", "uint32"): "int64",
    ("float32", "float32"): "float32",
    ("float32", "float64"): "float64",
    ("float64", "float32"): "float64",
    ("float64", "float64"): "float64",
}
TABLE.update({(b, a): want for (a, b), want in TABLE.items()})
PAIRS = list(itertools.product(ALL, ALL))


def dtype(name):
    return getattr(nt, name)


def one(name, shape=()):
    return nt.ones(shape, dtype=dtype(name))


def dtype_name(t):
    return str(from_tensor(t).dtype)


def test_the_helper_agrees_with_the_table():
    assert {p: promoted(*p) for p in PAIRS if promoted(*p)} == TABLE


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_add(a, b):
    if (a, b) in TABLE:
        got = one(a) + one(b, (2,))
        assert got.dtype == dtype(TABLE[a, b])
        assert dtype_name(got) == TABLE[a, b]
    else:
        with pytest.raises(TypeError, match=rf"{a}.*{b}"):
            one(a) + one(b, (2,))


@pytest.mark.parametrize("row", [r for r in BINARY if r.types in ("Any", "Numeric")], ids=repr)
def test_every_binary_operator_refuses_mixed_kinds(row):
    for a, b in [("int64", "float32"), ("float64", "uint8"), ("uint64", "int8"), ("bool", "int8")]:
        with pytest.raises(TypeError):
            row.function(one(a, (3,)), one(b, (3,)))


@pytest.mark.parametrize("name", ["concat", "stack"])
def test_joins_promote(name):
    join = getattr(nt, name)
    assert join([one("int8", (2,)), one("uint8", (2,))]).dtype == nt.int16
    with pytest.raises(TypeError):
        join([one("int8", (2,)), one("float32", (2,))])


def test_where_and_matmul_promote():
    assert nt.where(one("bool"), one("float32"), one("float64")).dtype == nt.float64
    assert (one("float32", (2, 2)) @ one("float64", (2, 2))).dtype == nt.float64
    with pytest.raises(TypeError):
        one("float32", (2, 2)) @ one("int32", (2, 2))


@pytest.mark.parametrize("name", NUMERIC)
def test_an_int_scalar_is_weak(name):
    x = one(name, (3,))
    for y in (x + 1, 1 + x, x * 2, 2 * x, x - 1, x // 1, x % 3, x**2, nt.maximum(x, 1)):
        assert y.dtype == x.dtype
    assert (x + True).dtype == x.dtype
    x += 1
    assert x.tolist() == [2, 2, 2]


@pytest.mark.parametrize("name", FLOATS)
def test_a_float_scalar_is_weak_beside_floats(name):
    x = one(name, (3,))
    for y in (x + 0.5, 0.5 - x, x * 2.5, x / 2, 1 / x, x**0.5, 2.0**x):
        assert y.dtype == x.dtype
    assert (x + 1e300).dtype == x.dtype


@pytest.mark.parametrize("name", INTEGERS)
def test_a_float_scalar_beside_integers_gives_the_default_float(name):
    assert (one(name, (3,)) + 0.5).dtype == nt.float32
    assert (one(name, (3,)) + 0.5).tolist() == [1.5, 1.5, 1.5]
    nt.set_default_dtype(nt.float64)
    assert (0.5 * one(name, (3,))).dtype == nt.float64


def test_scalars_beside_bool():
    assert (one("bool") + True).dtype == nt.bool
    assert (one("bool") + 1).dtype == nt.int64
    assert (one("bool") + 0.5).dtype == nt.float32


@pytest.mark.parametrize("name", INTEGERS)
def test_an_int_scalar_that_does_not_fit_is_refused(name):
    info = np.iinfo(name)
    x = one(name, (2,))
    for value in (int(info.max) + 1, int(info.min) - 1, 10**30):
        for use in (
            lambda v: x + v,
            lambda v: v * x,
            lambda v: nt.full((2,), v, dtype=dtype(name)),
            lambda v: nt.tensor([v], dtype=dtype(name)),
            lambda v: nt.asarray(v, dtype=dtype(name)),
        ):
            with pytest.raises((OverflowError, ValueError)) as caught:
                use(value)
            assert str(value)[:18] in str(caught.value)
    assert (x * 0 + int(info.max)).tolist() == [int(info.max)] * 2


def test_a_scalar_of_another_type_is_refused():
    for value in ("1", None, object()):
        with pytest.raises(TypeError):
            one("float32") + value


def test_scalars_of_numpy_keep_their_dtype():
    """NumPy's scalars are arrays of dimension zero, not Python scalars."""
    assert (one("float32") + np.float64(1)).dtype == nt.float64
    assert (one("int8") + np.int16(1)).dtype == nt.int16


@pytest.mark.parametrize("a", ALL)
def test_float_functions_of_integers(a):
    want = a if a in FLOATS else "float32"
    assert nt.exp(one(a)).dtype == dtype(want)
    assert nt.divide(one(a), one(a)).dtype == dtype(want)
    nt.set_default_dtype(nt.float64)
    want = a if a in FLOATS else "float64"
    assert nt.exp(one(a)).dtype == dtype(want)
    assert (one(a) / one(a)).dtype == dtype(want)


def test_comparisons_give_bool():
    for a, b in TABLE:
        assert (one(a) == one(b)).dtype == nt.bool


def test_the_default_dtype():
    assert nt.tensor(1.5).dtype == nt.float32
    assert nt.tensor([1, 2]).dtype == nt.int64
    assert nt.tensor(True).dtype == nt.bool
    assert nt.zeros(3).dtype == nt.ones(3).dtype == nt.empty(3).dtype == nt.float32
    assert nt.linspace(0, 1, 3).dtype == nt.eye(2).dtype == nt.float32
    assert nt.get_default_dtype() == nt.float32
    nt.set_default_dtype(nt.float64)
    assert nt.get_default_dtype() == nt.float64
    assert nt.tensor([1.5]).dtype == nt.zeros(3).dtype == nt.linspace(0, 1, 3).dtype == nt.float64
    assert nt.random.normal(size=2).dtype == nt.float64
    with pytest.raises(TypeError, match="int32"):
        nt.set_default_dtype(nt.int32)
    assert nt.get_default_dtype() == nt.float64


def test_in_place_keeps_its_dtype():
    """Values of the same kind are converted, those of a higher kind refused."""
    x, y = one("int32", (2,)), one("float32", (2,))
    for other in ("int8", "int64"):
        x += one(other, (2,))
    y *= one("float64", (2,))
    assert x.dtype == nt.int32
    assert y.dtype == nt.float32
    for value in (one("float32", (2,)), 0.5):
        with pytest.raises(TypeError, match="float32"):
            x += value
    with pytest.raises(TypeError):
        x /= 2
    with pytest.raises(TypeError):
        y += one("int32", (2,))
    assert x.tolist() == [3, 3]
    assert y.tolist() == [1, 1]


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_astype(a, b):
    values = np.array([0, 1, 2, 100], a)
    got = nt.astype(nt.asarray(values), dtype(b))
    assert got.dtype == dtype(b)
    assert got.tolist() == values.astype(b).tolist()
    assert nt.asarray(values).astype(dtype(b)).tolist() == values.astype(b).tolist()


@pytest.mark.parametrize("b", ALL)
def test_astype_of_fractions(b):
    values = np.array([0.0, 0.5, -0.75, 99.9, -3.2]) if b not in UNSIGNED else np.array([0.5, 7.9])
    for a in FLOATS:
        x = values.astype(a)
        assert nt.astype(nt.asarray(x), dtype(b)).tolist() == x.astype(b).tolist()


def test_astype_never_crashes():
    """Values outside the target's range give some value, not a trap."""
    wild = nt.tensor([float("nan"), float("inf"), -float("inf"), 1e30, -1e30, -1.0])
    for name in ALL:
        assert nt.astype(wild, dtype(name)).shape == (6,)
    assert nt.astype(wild, nt.bool).tolist() == [True] * 6


def test_dtype_objects():
    for name in ALL:
        d = dtype(name)
        assert name in repr(d)
        assert d == d
        assert np.dtype(name) == from_tensor(nt.zeros(1, dtype=d)).dtype
        assert nt.zeros(1, dtype=name).dtype == d
        assert nt.zeros(1, dtype=np.dtype(name)).dtype == d
        assert {d: 1}[dtype(name)] == 1
    with pytest.raises(TypeError):
        nt.zeros(1, dtype="float99")
