"""Matrix products of every shape, layout and dtype, against NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import FLOATS, INTEGERS, assert_same, from_tensor, laid_out, random_values, seeds

import ndtape as nt

sides = st.integers(0, 9)


def check(ta, tb, a, b):
    """Within the error that any order of summation may have."""
    got = from_tensor(nt.matmul(ta, tb))
    if a.dtype.kind != "f":
        assert_same(got, np.matmul(a, b))
        return
    want = np.matmul(a.astype(np.float64), b.astype(np.float64))
    scale = np.matmul(np.abs(a).astype(np.float64), np.abs(b).astype(np.float64))
    depth = a.shape[-1]
    assert got.dtype == a.dtype
    assert got.shape == want.shape
    assert np.all(np.abs(got - want) <= (depth + 2) * np.finfo(a.dtype).eps * scale)


@st.composite
def operands(draw):
    """Two operands that align: 1-d ones, matrices and batches that broadcast."""
    dtype = draw(st.sampled_from([*FLOATS, *FLOATS, *INTEGERS]))
    m, k, n = draw(sides), draw(sides), draw(sides)
    batch_a, batch_b = draw(
        st.sampled_from(
            [
                ((), ()),
                ((3,), ()),
                ((), (2,)),
                ((3,), (3,)),
                ((2, 1), (3,)),
                ((1, 2), (2, 1)),
                ((0,), (1,)),
            ]
        )
    )
    a_shape, b_shape = (*batch_a, m, k), (*batch_b, k, n)
    form = draw(st.sampled_from(["matrix", "matrix", "row", "column", "dot"]))
    if form in ("row", "dot"):
        a_shape = (k,)
    if form in ("column", "dot"):
        b_shape = (k,)
    a, ta = draw(laid_out(dtype, a_shape, "small"))
    b, tb = draw(laid_out(dtype, b_shape, "small"))
    return a, ta, b, tb


@given(operands())
def test_against_numpy(case):
    a, ta, b, tb = case
    check(ta, tb, a, b)
    assert_same(ta @ tb, from_tensor(nt.matmul(ta, tb)))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    ("m", "k", "n"),
    [
        (1, 1, 1),
        (8, 8, 8),
        (31, 33, 32),
        (33, 31, 65),
        (64, 64, 64),
        (127, 129, 130),
        (200, 1, 300),
        (1, 500, 700),
        (700, 500, 1),
        (5, 1000, 3),
        (257, 600, 511),
        (1000, 17, 40),
        (96, 4097, 33),
    ],
)
@pytest.mark.parametrize("trans_a", [False, True])
@pytest.mark.parametrize("trans_b", [False, True])
def test_around_tile_edges(dtype, m, k, n, trans_a, trans_b):
    rng = np.random.default_rng(m * 1000 + k)
    a = rng.standard_normal((k, m) if trans_a else (m, k)).astype(dtype)
    b = rng.standard_normal((n, k) if trans_b else (k, n)).astype(dtype)
    ta, tb = nt.asarray(a), nt.asarray(b)
    if trans_a:
        a, ta = a.T, ta.T
    if trans_b:
        b, tb = b.T, tb.T
    check(ta, tb, a, b)


@pytest.mark.parametrize("dtype", FLOATS)
def test_every_small_size(dtype):
    """Products up to 18, which take a path of their own, match one by one."""
    rng = np.random.default_rng(0)
    for m in (1, 2, 3, 5, 8, 13, 16, 18):
        for k in (1, 2, 4, 7, 16, 17):
            for n in (1, 2, 3, 6, 8, 15, 16, 17):
                a = rng.standard_normal((m, k)).astype(dtype)
                b = rng.standard_normal((k, n)).astype(dtype)
                check(nt.asarray(a), nt.asarray(b), a, b)


@pytest.mark.parametrize("dtype", FLOATS)
def test_strided_operands(dtype):
    rng = np.random.default_rng(1)
    a = rng.standard_normal((130, 240)).astype(dtype)
    b = rng.standard_normal((240, 140)).astype(dtype)
    ta, tb = nt.asarray(a), nt.asarray(b)
    check(ta[::2, ::3], tb[::3, ::2], a[::2, ::3], b[::3, ::2])
    check(ta[::-1, ::-1], tb[::-1], a[::-1, ::-1], b[::-1])
    check(ta[5:100, 7:], tb[7:, 3:90], a[5:100, 7:], b[7:, 3:90])
    row = np.broadcast_to(a[:1], a.shape)
    check(nt.broadcast_to(ta[:1], a.shape), tb, row, b)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("m", "k", "n"), [(100, 300, 200), (37, 513, 129), (500, 20, 65)])
def test_every_second_column(dtype, m, k, n):
    """Their panels have a packing of their own: the bits are those of dense operands."""
    rng = np.random.default_rng(2)
    a = rng.standard_normal((2 * m, 2 * k)).astype(dtype)[::2, ::2]
    b = rng.standard_normal((2 * k, 2 * n)).astype(dtype)[::2, ::2]
    want = nt.asarray(a.copy()) @ nt.asarray(b.copy())
    assert (nt.asarray(a) @ nt.asarray(b)).numpy().tobytes() == want.numpy().tobytes()


@pytest.mark.parametrize("dtype", FLOATS)
def test_batches(dtype):
    rng = np.random.default_rng(2)
    a = rng.standard_normal((5, 1, 40, 50)).astype(dtype)
    b = rng.standard_normal((7, 50, 30)).astype(dtype)
    check(nt.asarray(a), nt.asarray(b), a, b)
    c = rng.standard_normal((64, 16, 16)).astype(dtype)
    check(nt.asarray(c), nt.asarray(c).mT, c, np.swapaxes(c, 1, 2))


def test_vectors():
    a, b = np.arange(5.0), np.arange(5.0) + 1
    m = np.arange(15.0).reshape(3, 5)
    ta, tb, tm = nt.asarray(a), nt.asarray(b), nt.asarray(m)
    assert (ta @ tb).shape == ()
    assert (ta @ tb).item() == a @ b
    assert_same(tm @ ta, m @ a)
    assert_same(ta @ tm.T, a @ m.T)
    batch = np.arange(30.0).reshape(2, 3, 5)
    assert_same(nt.asarray(batch) @ ta, batch @ a)
    assert_same(ta @ nt.asarray(batch).mT, a @ np.swapaxes(batch, 1, 2))


def test_empty_products():
    assert_same(nt.zeros((0, 3)) @ nt.zeros((3, 4)), np.zeros((0, 4), np.float32))
    assert_same(nt.zeros((2, 0)) @ nt.zeros((0, 4)), np.zeros((2, 4), np.float32))
    assert (nt.zeros((0,)) @ nt.zeros((0,))).item() == 0


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_pass_through(value):
    a = np.zeros((40, 40), np.float32)
    a[3, 4] = value
    b = np.ones((40, 40), np.float32)
    got = (nt.asarray(a) @ nt.asarray(b)).numpy()
    with np.errstate(all="ignore"):
        assert_same(got, a @ b)


@given(seeds)
def test_integers_wrap(seed):
    a, b = random_values(seed, (4, 5), "int8"), random_values(seed + 1, (5, 3), "int8")
    with np.errstate(all="ignore"):
        assert_same(nt.asarray(a) @ nt.asarray(b), a @ b)


def test_promotes():
    a, b = np.ones((2, 3), np.float32), np.ones((3, 2), np.float64)
    assert_same(nt.asarray(a) @ nt.asarray(b), a @ b)


def test_errors():
    x = nt.zeros((3, 2))
    with pytest.raises(ValueError, match=r"matmul: shapes \(3, 2\) and \(3, 2\) do not align"):
        x @ x
    with pytest.raises(ValueError, match="matmul"):
        nt.zeros((2, 3, 4)) @ nt.zeros((3, 4, 5))
    with pytest.raises(ValueError, match="matmul"):
        x @ nt.tensor(1.0)
    with pytest.raises(ValueError, match="matmul"):
        nt.zeros(3) @ nt.zeros(4)
    with pytest.raises((ValueError, TypeError), match="matmul|@"):
        x @ 2.0
