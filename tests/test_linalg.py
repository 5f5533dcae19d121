"""nt.linalg beside NumPy: values, dtypes, stacks, layouts, and what is refused."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import COMPLEX, FLOATS, assert_same, examples, from_tensor, laid_out, shapes

import ndtape as nt

L = nt.linalg
INEXACT = [*FLOATS, *COMPLEX]
TOLERANCE = {"float32": 2e-4, "float64": 1e-10, "complex64": 2e-4, "complex128": 1e-10}


def close(got, want, dtype, scale=1.0):
    got = from_tensor(got)
    want = np.asarray(want)
    assert got.shape == want.shape
    tolerance = TOLERANCE[dtype]
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance * scale)


@st.composite
def stacks(draw, square=True, max_side=4):
    """A dtype, and a stack of matrices in some layout as NumPy's array and as a Tensor."""
    dtype = draw(st.sampled_from(INEXACT))
    stack = draw(shapes(max_dims=2, max_side=2))
    rows = draw(st.integers(0, max_side))
    columns = rows if square else draw(st.integers(0, max_side))
    array, tensor = draw(laid_out(dtype, (*stack, rows, columns), domain="unit", repeated=False))
    if square:  # far from singular
        shift = 4 * np.eye(rows, dtype=dtype)
        array, tensor = array + shift, tensor + nt.asarray(shift)
    return dtype, array, tensor


SQUARE = {
    "inv": np.linalg.inv,
    "det": np.linalg.det,
    "eigvalsh": lambda a: np.linalg.eigvalsh(a),
    "matrix_rank": lambda a: np.linalg.matrix_rank(a),
}


@pytest.mark.parametrize("name", SQUARE)
@given(case=stacks())
def test_functions_of_square_matrices(name, case):
    dtype, array, tensor = case
    got = getattr(L, name)(tensor)
    if array.shape[-1] == 0 and name == "matrix_rank":
        want = np.zeros(array.shape[:-2], np.int64)
    else:
        want = SQUARE[name](array)
    assert got.dtype == want.dtype
    close(got, want, dtype, scale=1e3)


@given(stacks(), st.integers(-4, 6))
def test_matrix_power(case, n):
    dtype, array, tensor = case
    got = L.matrix_power(tensor, n)
    assert got.dtype == dtype
    close(got, np.linalg.matrix_power(array, n), dtype, scale=1e4)


def test_matrix_power_of_integers():
    x = nt.tensor([[1, 1], [1, 0]])
    assert L.matrix_power(x, 10).tolist() == [[89, 55], [55, 34]]
    assert L.matrix_power(x, 0).dtype == nt.int64
    assert L.matrix_power(x, np.int8(3)).tolist() == [[3, 2], [2, 1]]
    assert L.matrix_power(nt.tensor([[2, 0], [0, 4]]), -1).tolist() == [[0.5, 0], [0, 0.25]]
    y = nt.eye(2)
    for n in (0, 1):
        L.matrix_power(y, n)[0, 0] = 5
        assert y[0, 0].item() == 1


@given(stacks())
def test_slogdet(case):
    dtype, array, tensor = case
    got = L.slogdet(tensor)
    want = np.linalg.slogdet(array)
    assert got._fields == ("sign", "logabsdet")
    for g, w in zip(got, want, strict=True):
        assert g.dtype == w.dtype
        close(g, w, dtype)
    singular = L.slogdet(nt.zeros((2, 2)))
    assert (singular.sign.item(), singular.logabsdet.item()) == (0, -np.inf)


@given(stacks(), st.data())
def test_solve(case, data):
    dtype, array, tensor = case
    n = array.shape[-1]
    if data.draw(st.booleans()):
        shape = (n,)
    else:
        stack = array.shape[:-2][data.draw(st.integers(0, array.ndim - 2)) :]
        shape = (*stack, n, data.draw(st.integers(0, 3)))
    b, tb = data.draw(laid_out(dtype, shape, domain="unit"))
    got = L.solve(tensor, tb)
    want = np.linalg.solve(array, b)
    assert got.dtype == dtype
    close(got, want, dtype)


@given(stacks(), st.booleans())
def test_cholesky(case, upper):
    dtype, array, tensor = case
    product = array @ np.conj(array.swapaxes(-1, -2))
    got = L.cholesky(nt.asarray(product), upper=upper)
    assert got.dtype == dtype
    close(got, np.linalg.cholesky(product, upper=upper), dtype, scale=10)
    # Only one triangle is read.
    one = np.triu(product) if upper else np.tril(product)
    np.testing.assert_array_equal(from_tensor(L.cholesky(nt.asarray(one), upper=upper)), got)


def random_matrices(dtype, *shape):
    rng = np.random.default_rng(shape)
    array = rng.standard_normal(shape)
    return (array + 1j * rng.standard_normal(shape) if dtype in COMPLEX else array).astype(dtype)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 15, 16, 17, 20])
@pytest.mark.parametrize("dtype", INEXACT)
@pytest.mark.parametrize("stack", [(), (3,), (300,)])
def test_few_rows_and_many(dtype, n, stack):
    """Up to 16 rows the library's own work, then LAPACK's: errors of the size of rounding."""
    a, b = random_matrices(dtype, *stack, n, n), random_matrices(dtype, n, 3)
    eps = 40 * n * np.finfo(dtype).eps

    def size(x):
        return np.linalg.norm(x, axis=(-2, -1))

    x = L.solve(nt.asarray(a), nt.asarray(b)).numpy()
    assert (x.dtype, x.shape) == (dtype, (*stack, n, 3))
    assert np.all(size(a @ x - b) <= eps * size(a) * size(x))
    y = L.inv(nt.asarray(a)).numpy()
    assert np.all(size(a @ y - np.eye(n)) <= eps * size(a) * size(y))
    sign, logarithm = L.slogdet(nt.asarray(a))
    want_sign, want_logarithm = np.linalg.slogdet(a.astype(np.result_type(dtype, np.float64)))
    slack = eps * size(a) * size(y)  # the condition number
    assert np.all(np.abs(sign.numpy() - want_sign) <= slack)
    assert np.all(np.abs(logarithm.numpy() - want_logarithm) <= slack * (1 + abs(want_logarithm)))
    det = L.det(nt.asarray(a)).numpy()
    assert np.all(np.abs(det / (want_sign * np.exp(want_logarithm)) - 1) <= slack)
    product = a @ np.conj(a.swapaxes(-1, -2)) + np.eye(n, dtype=dtype)
    lower = L.cholesky(nt.asarray(product)).numpy()
    assert np.all(size(lower @ np.conj(lower.swapaxes(-1, -2)) - product) <= eps * size(product))
    assert np.all(np.triu(lower, 1) == 0)


@given(st.data())
def test_rows_that_must_be_exchanged(data):
    """Permutations: with zeros on the diagonal, and without rounding."""
    n = data.draw(st.integers(1, 16))
    order = data.draw(st.permutations(range(n)))
    a = np.eye(n)[list(order)]
    x = nt.asarray(a)
    np.testing.assert_array_equal(L.inv(x).numpy(), a.T)
    np.testing.assert_array_equal(
        L.solve(x, nt.arange(n, dtype=nt.float64)).numpy(), a.T @ range(n)
    )
    parity = (-1) ** sum(order[i] > order[j] for i in range(n) for j in range(i + 1, n))
    assert L.det(x).item() == parity
    assert [v.item() for v in L.slogdet(1j * nt.asarray(a + 0j))] == [
        pytest.approx(parity * 1j**n), 0]  # fmt: skip


UNUSUAL = {
    "singular": [[1.0, 2.0], [2.0, 4.0]],
    "zeros": [[0.0, 0.0], [0.0, 0.0]],
    "nan": [[np.nan, 1.0], [1.0, 2.0]],
    "nan above": [[1.0, np.nan], [1.0, 2.0]],
    "inf": [[np.inf, 1.0], [1.0, 2.0]],
    "too large": [[1e200, 0.0], [0.0, 1e200]],
    "too small": [[1e-200, 0.0], [0.0, 1e-200]],
    "subnormal": [[5e-324, 0.0], [0.0, 1.0]],
    "large and small": [[1e300, 0.0, 0.0], [0.0, 1e300, 0.0], [0.0, 0.0, 1e-300]],
}


NAMES = ["det", "slogdet", "inv", "cholesky", "eigvalsh", "svdvals"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", UNUSUAL)
@pytest.mark.parametrize("dtype", INEXACT)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_is_unusual_is_as_in_numpy(name, kind, dtype):
    """One such matrix among others, too."""
    with np.errstate(all="ignore"):
        array = np.array([UNUSUAL[kind], np.eye(len(UNUSUAL[kind]))]).astype(dtype)
    for a in (array, array[0]):
        try:
            want = getattr(np.linalg, name)(a)
        except np.linalg.LinAlgError as error:
            with pytest.raises(L.LinAlgError, match=str(error)):
                getattr(L, name)(nt.asarray(a))
            continue
        got = getattr(L, name)(nt.asarray(a))
        for g, w in zip(got, want, strict=True) if name == "slogdet" else [(got, want)]:
            slack = 1e-12 if name == "svdvals" and kind in ("singular", "subnormal") else 0
            np.testing.assert_allclose(g.numpy(), w, rtol=1e-6, atol=slack)


def test_kernels_of_few_rows_take_nothing_else(left_to_python):
    names = ["det", "inv", "cholesky", "slogdet", "eigh", "eigvalsh", "solve"]
    of_any_shape = ["svd", "svdvals", "qr"]
    few = {name: left_to_python(name) for name in [*names, *of_any_shape]}
    thin = {"svd": {"full_matrices": False}, "qr": {"mode": "complete"}}
    others = [nt.eye(17), nt.zeros((0, 2, 2)), nt.zeros((0, 0)), nt.ones((2, 3)), nt.ones(4),
              nt.ones(()), nt.ones((2, 2), dtype=nt.int64), np.eye(2), [[1.0]], 3.0]  # fmt: skip
    for name, f in few.items():
        for x in others:
            found = f(x, x) if name == "solve" else f(x, **thin.get(name, {}))
            assert found is None or (name in of_any_shape and x.shape == (2, 3))
        if name != "solve":
            assert f(nt.zeros((2, 2)), **thin.get(name, {})) is None
            assert f(nt.eye(2), **thin.get(name, {})) is not None
    assert few["solve"](nt.eye(2), nt.ones(2)) is not None
    assert few["svd"](nt.eye(2, 3)) is None
    assert few["svdvals"](nt.eye(5)) is None
    assert few["cholesky"](nt.eye(2), upper=True) is None
    assert few["qr"](nt.eye(2), mode="economic") is None
    with pytest.raises(ValueError, match="solve"):
        few["solve"](nt.ones((2, 2, 2)), nt.ones((3, 2, 2)))


@given(stacks(square=False))
def test_pinv_and_rank(case):
    dtype, array, tensor = case
    got = L.pinv(tensor)
    assert got.dtype == dtype
    close(got, np.linalg.pinv(array, rtol=None), dtype, scale=1e3)
    if array.shape[-1] and array.shape[-2]:
        assert_same(L.matrix_rank(tensor), np.linalg.matrix_rank(array))
    else:
        assert not np.any(from_tensor(L.matrix_rank(tensor)))


def test_tolerances():
    x = nt.asarray(np.diag([1.0, 0.1, 1e-3]))
    assert L.matrix_rank(x).item() == 3
    assert L.matrix_rank(x, rtol=0.01).item() == 2
    many = nt.stack([x, x])
    assert L.matrix_rank(many, rtol=nt.tensor([0.5, 0.01])).tolist() == [1, 2]
    np.testing.assert_allclose(L.pinv(x, rtol=0.01), np.diag([1, 10, 0]), atol=1e-12)
    limits = np.array([0.5, 1e-9])
    np.testing.assert_allclose(L.pinv(many, rtol=limits), np.linalg.pinv(many, rtol=limits))


# ---- decompositions ----------------------------------------------------------------------------


def _h(a):
    return np.conj(a.swapaxes(-1, -2))


def orthonormal(columns, dtype):
    q = from_tensor(columns)
    product = _h(q) @ q
    close(nt.asarray(product), np.broadcast_to(np.eye(q.shape[-1]), product.shape), dtype)


@given(stacks())
def test_eigh(case):
    dtype, array, tensor = case
    got = L.eigh(tensor + nt.asarray(_h(array)))
    want = array + _h(array)
    assert got._fields == ("eigenvalues", "eigenvectors")
    assert got.eigenvectors.dtype == dtype
    assert got.eigenvalues.dtype == np.zeros(0, dtype).real.dtype
    w, v = (from_tensor(t) for t in got)
    orthonormal(got.eigenvectors, dtype)
    assert np.all(np.diff(w) >= 0)
    close(nt.asarray((v * w[..., None, :]) @ _h(v)), want, dtype, scale=10)


@given(stacks(square=False), st.booleans())
def test_svd(case, full):
    dtype, array, tensor = case
    got = L.svd(tensor, full_matrices=full)
    assert got._fields == ("U", "S", "Vh")
    m, n = array.shape[-2:]
    k = min(m, n)
    assert got.U.shape == (*array.shape[:-2], m, m if full else k)
    assert got.Vh.shape == (*array.shape[:-2], n if full else k, n)
    assert got.U.dtype == got.Vh.dtype == dtype
    u, s, vh = (from_tensor(t) for t in got)
    orthonormal(got.U, dtype)
    orthonormal(nt.asarray(_h(vh)), dtype)
    close(nt.asarray((u[..., :k] * s[..., None, :]) @ vh[..., :k, :]), array, dtype)
    close(L.svdvals(tensor), np.linalg.svd(array, compute_uv=False), dtype)
    assert np.all(s >= 0)
    assert np.all(np.diff(s) <= 0)


@given(stacks(square=False), st.sampled_from(["reduced", "complete"]))
def test_qr(case, mode):
    dtype, array, tensor = case
    got = L.qr(tensor, mode=mode)
    assert got._fields == ("Q", "R")
    m, n = array.shape[-2:]
    k = m if mode == "complete" else min(m, n)
    assert got.Q.shape == (*array.shape[:-2], m, k)
    assert got.R.shape == (*array.shape[:-2], k, n)
    assert got.Q.dtype == got.R.dtype == dtype
    orthonormal(got.Q, dtype)
    q, r = (from_tensor(t) for t in got)
    assert_same(nt.asarray(np.triu(r)), r)
    close(nt.asarray(q @ r), array, dtype)
    # Wide matrices are computed in another way while recording.
    tracked = L.qr(nt.tensor(array, requires_grad=True), mode=mode)
    close(tracked.Q @ tracked.R, array, dtype)
    assert tracked.R.shape == got.R.shape


KINDS = ["ordinary", "whole numbers", "of all sizes", "of rank 1", "mostly zeros"]


def matrices_of_kind(rng, kind, dtype, *shape):
    array = rng.standard_normal(shape)
    if dtype in COMPLEX:
        array = array + 1j * rng.standard_normal(shape)
    if kind == "whole numbers":
        array = np.round(array)
    elif kind == "of all sizes":
        array = array * 10.0 ** rng.integers(-8, 8, shape)
    elif kind == "of rank 1":
        array = array[..., :1] * array[..., :1, :]
    elif kind == "mostly zeros":
        array = np.round(0.4 * array)
    return array.astype(dtype)


@pytest.mark.parametrize("kind", KINDS)
@given(
    st.sampled_from(INEXACT),
    st.sampled_from([(), (3,), (2, 2), (400,)]),
    st.one_of(st.integers(1, 4), st.integers(1, 17)),
    st.one_of(st.integers(1, 4), st.integers(1, 17)),
    st.integers(0, 999),
)
def test_decompositions_of_few_rows_and_many(kind, dtype, stack, m, n, seed):
    """The factors are what they should be to rounding, whoever computes them."""
    rng = np.random.default_rng(seed)
    a = matrices_of_kind(rng, kind, dtype, *stack, m, n)
    b = matrices_of_kind(rng, kind, dtype, *stack, n, n)
    b = b + _h(b)

    def near(got, want, scale):
        slack = 40 * max(m, n) * np.finfo(dtype).eps
        assert got.dtype in (dtype, np.zeros(0, dtype).real.dtype)
        assert got.shape == want.shape
        assert np.all(np.abs(got - want) <= slack * scale)

    def near_orthonormal(q):
        near(_h(q) @ q, np.broadcast_to(np.eye(q.shape[-1]), (*stack, *[q.shape[-1]] * 2)), 1)

    def size(x):
        return np.abs(x).max(axis=(-2, -1), initial=0, keepdims=True)

    u, s, vh = (t.numpy() for t in L.svd(nt.asarray(a), full_matrices=False))
    near(u * s[..., None, :] @ vh, a, size(a))
    near_orthonormal(u)
    near_orthonormal(_h(vh))
    assert np.all(np.diff(s) <= 0)
    assert np.all(s >= 0)
    near(L.svdvals(nt.asarray(a)).numpy(), s, s[..., :1])

    w, v = (t.numpy() for t in L.eigh(nt.asarray(np.tril(b))))  # the lower triangle is enough
    near(v * w[..., None, :] @ _h(v), b, size(b))
    near_orthonormal(v)
    assert np.all(np.diff(w) >= 0)
    near(L.eigvalsh(nt.asarray(b)).numpy(), w, size(b)[..., 0])

    for mode in ("reduced", "complete"):
        q, r = (t.numpy() for t in L.qr(nt.asarray(a), mode=mode))
        near(q @ r, a, size(a))
        near_orthonormal(q)
        np.testing.assert_array_equal(r, np.triu(r))
        # The signs are LAPACK's.
        near(np.sign(r.real), np.sign(np.linalg.qr(a, mode).R.real), 1) if kind == KINDS[0] else 0


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("power", [-100, -144, -150, -155, -160, -165, -300, -310, -320])
@pytest.mark.parametrize("columns", [[0], [1], [2], [1, 2], [0, 1, 2]])
def test_columns_far_below_the_others(dtype, power, columns):
    """Where squares lose digits, and beyond: factors stay orthonormal, and columns right."""
    a = random_matrices(dtype, 4, 4)
    a[:, columns] *= 10.0**power
    x = nt.asarray(a)
    tiny = np.finfo(dtype).tiny
    q, r = (t.numpy() for t in L.qr(x))
    orthonormal(nt.asarray(q), dtype)
    np.testing.assert_allclose(q @ r, a, rtol=1e-12, atol=10 * tiny)
    u, s, vh = (t.numpy() for t in L.svd(x))
    orthonormal(nt.asarray(u), dtype)
    orthonormal(nt.asarray(vh), dtype)
    largest = np.abs(a).max()
    np.testing.assert_allclose((u * s) @ vh, a, atol=1e-14 * largest)
    want = np.linalg.svd(a, compute_uv=False)
    np.testing.assert_allclose(L.svdvals(x).numpy(), want, atol=1e-14 * largest)
    h = a + _h(a)
    h[columns] = h[:, columns] = 0
    for i, j in itertools.product(columns, columns):
        h[i, j] = 10.0**power * (1 if i == j else 1 + (i - j) * (1j if dtype in COMPLEX else 0))
    w, v = (t.numpy() for t in L.eigh(nt.asarray(h)))
    orthonormal(nt.asarray(v), dtype)
    np.testing.assert_allclose((v * w) @ _h(v), h, atol=1e-14 * np.abs(h).max())


def test_small_values_of_graded_matrices():
    """Of few columns, values far below the largest come out right, too."""
    scale = np.array([1.0, 1e-20, 1e-40])
    a = np.array([[2.0, 1.0, 0.5], [1.0, 3.0, 1.0], [0.5, 1.0, 4.0]])
    graded = scale[:, None] * a * scale
    # To first order of the scale, values are quotients of leading minors.
    minors = [np.linalg.det(a[:k, :k]) for k in (1, 2, 3)]
    want = np.array([minors[0], minors[1] / minors[0], minors[2] / minors[1]]) * scale**2
    np.testing.assert_allclose(L.eigvalsh(nt.asarray(graded)).numpy(), want[::-1], rtol=1e-14)
    columns = np.linalg.qr(a).Q * scale
    np.testing.assert_allclose(L.svdvals(nt.asarray(columns)).numpy(), scale, rtol=1e-14)


# ---- norms ---------------------------------------------------------------------------------------

VECTOR_ORDERS = [None, 2, 1, 0, 3, 0.5, -1, -2.5, np.inf, -np.inf]
MATRIX_ORDERS = [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf]


@pytest.mark.parametrize("order", VECTOR_ORDERS)
@examples(15)
@given(data=st.data())
def test_vector_norms(order, data):
    dtype = data.draw(st.sampled_from(INEXACT))
    shape = data.draw(shapes(min_dims=1, max_dims=3).filter(lambda s: 0 not in s))
    array, tensor = data.draw(laid_out(dtype, shape, domain="unit"))
    if data.draw(st.booleans()):
        array = np.where(np.abs(array) < 0.5, 0, array)
        tensor = nt.asarray(array)
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    keepdims = data.draw(st.booleans())
    with np.errstate(divide="ignore"):
        want = np.linalg.norm(array, order, axis, keepdims)
    got = L.norm(tensor, order, axis, keepdims)
    assert got.dtype == want.dtype
    close(got, want, dtype)
    if order is not None:
        close(L.vector_norm(tensor, ord=order, axis=axis, keepdims=keepdims), want, dtype)
        with np.errstate(divide="ignore"):
            flat = np.linalg.norm(array.reshape(-1), order)
        close(L.vector_norm(tensor, ord=order), flat, dtype)


@pytest.mark.parametrize("order", MATRIX_ORDERS)
@examples(15)
@given(data=st.data())
def test_matrix_norms(order, data):
    dtype = data.draw(st.sampled_from(INEXACT))
    shape = data.draw(shapes(min_dims=2, max_dims=4, max_side=3).filter(lambda s: 0 not in s))
    array, tensor = data.draw(laid_out(dtype, shape, domain="unit"))
    axes = tuple(data.draw(st.permutations(range(-len(shape), 0)))[:2])
    keepdims = data.draw(st.booleans())
    want = np.linalg.norm(array, order, axes, keepdims)
    got = L.norm(tensor, order, axes, keepdims)
    assert got.dtype == want.dtype
    close(got, want, dtype)
    want = np.linalg.norm(array, "fro" if order is None else order, (-2, -1), keepdims)
    close(L.matrix_norm(tensor, ord=order, keepdims=keepdims), want, dtype)


def test_norms_of_several_axes_and_of_nothing():
    array = np.random.default_rng(0).standard_normal((2, 3, 4))
    x = nt.asarray(array)
    np.testing.assert_allclose(L.norm(x), np.linalg.norm(array))
    assert L.norm(x, keepdims=True).shape == (1, 1, 1)
    want = np.sqrt((array**2).sum((0, 2)))
    np.testing.assert_allclose(L.vector_norm(x, axis=(0, 2)), want)
    assert L.vector_norm(x, axis=(0, 2), keepdims=True).shape == (1, 3, 1)
    assert L.vector_norm(nt.zeros(0)).item() == 0
    assert L.matrix_norm(nt.zeros((2, 0, 3)), ord="nuc").tolist() == [0, 0]
    with pytest.raises(ValueError):
        L.vector_norm(nt.zeros(0), ord=np.inf)
    assert L.norm(nt.tensor([3, 4])).item() == 5
    assert L.norm(nt.tensor([3, 4])).dtype == nt.float32
    assert np.isnan(L.vector_norm(nt.tensor([np.nan, 0.0])).item())
    assert L.vector_norm(nt.tensor([np.inf, 1.0]), ord=3).item() == np.inf


# ---- products ----------------------------------------------------------------------------------


@examples(30)
@given(st.data())
def test_cross(data):
    dtype = data.draw(st.sampled_from(["int64", *INEXACT]))
    ndim = data.draw(st.integers(1, 3))
    axis = data.draw(st.integers(-ndim, ndim - 1))
    made = []
    for _ in range(2):
        shape = data.draw(st.lists(st.sampled_from([1, 2]), min_size=ndim, max_size=ndim))
        shape[axis] = 3
        made.append(data.draw(laid_out(dtype, tuple(shape), domain="unit")))
    (a, ta), (b, tb) = made
    try:
        want = np.cross(a, b, axis=axis)
    except ValueError:
        return
    got = L.cross(ta, tb, axis=axis)
    assert got.dtype == dtype
    np.testing.assert_allclose(from_tensor(got), want, rtol=1e-5, atol=1e-5)


@examples(30)
@given(st.lists(st.integers(0, 6), min_size=3, max_size=7), st.booleans(), st.booleans(), st.data())
def test_multi_dot(sides, row, column, data):
    pairs = [data.draw(laid_out("float64", s, domain="unit")) for s in itertools.pairwise(sides)]
    arrays, tensors = [p[0] for p in pairs], [p[1] for p in pairs]
    if row and sides[0]:
        arrays[0], tensors[0] = arrays[0][0], tensors[0][0]
    if column and sides[-1]:
        arrays[-1], tensors[-1] = arrays[-1][..., 0], tensors[-1][..., 0]
    want = arrays[0]
    for a in arrays[1:]:
        want = want @ a
    close(L.multi_dot(tensors), want, "float64")


def test_multi_dot_takes_the_cheapest_order():
    """(1000, 2) @ (2, 1000) @ (1000, 2) from the left would make a matrix of 10^6 elements."""
    a = nt.ones((1000, 2))
    before = nt.memory.stats()["in_use"]
    nt.memory.reset_peak()
    L.multi_dot([a, a.T, a, a.T, nt.ones(1000)])
    assert nt.memory.stats()["peak"] - before < 10**5


def test_outer_trace_diagonal():
    a, b = np.arange(3), np.arange(4)
    assert_same(L.outer(a, b), np.outer(a, b))
    x = np.arange(24, dtype=np.int32).reshape(2, 3, 4)
    for offset in range(-4, 6):
        assert_same(L.trace(x, offset=offset), np.trace(x, offset, 1, 2).astype(np.int64))
        assert_same(L.diagonal(nt.asarray(x), offset=offset), np.diagonal(x, offset, 1, 2))
    assert L.trace(x, dtype=nt.float64).dtype == nt.float64
    assert L.matmul is nt.matmul
    assert L.matrix_transpose is nt.matrix_transpose


# ---- what is refused -----------------------------------------------------------------------------

SINGULAR = nt.zeros((2, 3, 3))


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: L.inv(SINGULAR), r"inv of shape \(2, 3, 3\): Singular"),
        (lambda: L.solve(SINGULAR, nt.ones(3)), "solve of shape"),
        (lambda: L.matrix_power(SINGULAR, -2), "Singular"),
        (lambda: L.cholesky(-nt.eye(2)), "cholesky .*not positive definite"),
        (lambda: L.svd(nt.full((2, 2), nt.nan)), "svd .*converge"),
        (lambda: L.pinv(nt.full((2, 2), nt.nan)), "pinv .*converge"),
        (lambda: L.matrix_rank(nt.full((2, 2), nt.nan)), "matrix_rank .*converge"),
        (lambda: L.matrix_norm(nt.full((2, 2), nt.nan), ord=2), "converge"),
    ],
)
def test_what_cannot_be_computed(call, match):
    with pytest.raises(L.LinAlgError, match=match):
        call()


@pytest.mark.parametrize("name", ["inv", "det", "slogdet", "cholesky", "eigh", "eigvalsh"])
def test_shapes_that_are_not_square_matrices(name):
    for shape in ((), (3,), (2, 3), (4, 3, 2)):
        with pytest.raises(ValueError, match=f"{name}: expected"):
            getattr(L, name)(nt.ones(shape))


@pytest.mark.parametrize("name", ["svd", "svdvals", "qr", "pinv", "matrix_rank", "matrix_norm"])
def test_shapes_that_are_not_matrices(name):
    for shape in ((), (3,)):
        with pytest.raises(ValueError, match=f"{name}: expected"):
            getattr(L, name)(nt.ones(shape))


@pytest.mark.parametrize(
    ("error", "call", "match"),
    [
        (ValueError, lambda: L.solve(nt.eye(2), nt.ones(3)), r"\(2, 2\) and \(3,\)"),
        (ValueError, lambda: L.solve(nt.eye(2), 1.0), "scalar"),
        (ValueError, lambda: L.solve(nt.ones((3, 2, 2)), nt.ones((2, 2, 1))), "broadcast"),
        (ValueError, lambda: L.matrix_power(nt.ones((2, 3)), 2), "square"),
        (TypeError, lambda: L.matrix_power(nt.eye(2), 1.5), "float"),
        (ValueError, lambda: L.qr(nt.eye(2), mode="raw"), "raw"),
        (ValueError, lambda: L.matrix_norm(nt.eye(2), ord=3), "ord 3"),
        (TypeError, lambda: L.vector_norm(nt.ones(2), ord="fro"), "fro"),
        (ValueError, lambda: L.norm(nt.ones((2, 2, 2)), 2), "3"),
        (ValueError, lambda: L.norm(nt.ones((2, 2)), 2, (0, -2)), "same"),
        (IndexError, lambda: L.norm(nt.ones((2, 2)), 2, (0, 2)), "2"),
        (ValueError, lambda: L.cross(nt.ones(2), nt.ones(2)), "expected 3"),
        (IndexError, lambda: L.cross(nt.ones(3), nt.ones((3, 3)), axis=0), "ambiguous"),
        (IndexError, lambda: L.cross(nt.ones(3), nt.ones(3), axis=1), "out of range"),
        (IndexError, lambda: L.cross(nt.ones(3), nt.ones((3, 3)), axis=-2), "out of range"),
        (ValueError, lambda: L.outer(nt.ones((2, 2)), nt.ones(2)), "vectors"),
        (ValueError, lambda: L.multi_dot([nt.ones((2, 2))]), "at least two"),
        (ValueError, lambda: L.multi_dot([nt.ones((2, 3)), nt.ones((2, 3))]), "align"),
        (ValueError, lambda: L.multi_dot([nt.ones((2, 3))] * 2 + [nt.ones(())]), "two axes"),
        (ValueError, lambda: L.diagonal(nt.ones(3)), "diagonal"),
    ],
)
def test_other_misuse(error, call, match):
    with pytest.raises(error, match=match):
        call()


def test_numpy_code_catches_the_same_error():
    assert L.LinAlgError is np.linalg.LinAlgError
    assert issubclass(L.LinAlgError, ValueError)


def test_integers_become_floats():
    assert L.inv([[2, 0], [0, 4]]).dtype == nt.float32
    nt.set_default_dtype(nt.float64)
    assert L.det(np.array([[2, 0], [0, 4]])).dtype == nt.float64
