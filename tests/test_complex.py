"""complex64 and complex128: every operator that takes them, and what holds of them alone."""

import cmath
import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optable import ROWS
from references import REFERENCES
from strategies import (
    COMPLEX,
    assert_same,
    axes_of,
    broadcastable,
    from_tensor,
    laid_out,
    numpy_axes,
    promoted,
    random_values,
    seeds,
    shapes,
)

import ndtape as nt

TAKEN = [row for row in ROWS if row.complex]
UNARY = [row for row in TAKEN if row.arity == 1]
BINARY = [row for row in TAKEN if row.arity == 2]
by_dtype = pytest.mark.parametrize("dtype", COMPLEX)

# NumPy's exp2 has no complex loop, and its sign of bool none at all.
WANTED = {**REFERENCES, "exp2": lambda z: np.exp(z * np.log(2)), "pow": np.power}
for name in "exp expm1 log log1p log2 log10 sin cos tan sinh cosh tanh".split():
    WANTED[name] = getattr(np, name)
for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh"):
    WANTED["a" + name] = getattr(np, "arc" + name)


def wide(x):
    return x.astype(np.complex128) if x.dtype.kind == "c" else x


def assert_near(got, want, dtype, units=16):
    """Equal dtype and shape; within some units of the last place of the modulus."""
    got, want = from_tensor(got), np.asarray(want)
    assert got.shape == want.shape
    real = np.finfo(dtype).dtype
    expected = {"c": np.dtype(dtype), "f": real}.get(want.dtype.kind, want.dtype)
    assert got.dtype == expected
    if want.dtype.kind == "b":
        np.testing.assert_array_equal(got, want)
        return
    with np.errstate(all="ignore"):
        want = want.astype(expected)
        error = np.abs(got.astype(np.complex128) - want.astype(np.complex128))
        size = np.maximum(np.abs(want.astype(np.complex128)), np.finfo(real).tiny)
    finite = np.isfinite(want)
    np.testing.assert_array_equal(np.isfinite(got), finite)
    assert not np.any(error[finite] > units * np.finfo(real).eps * size[finite])


@pytest.mark.parametrize("row", UNARY, ids=repr)
@given(st.data())
def test_unary(row, data):
    dtype = data.draw(st.sampled_from(COMPLEX))
    domain = "small" if row.domain == "small" else "unit" if "a" + row.name in WANTED else "real"
    array, tensor = data.draw(laid_out(dtype, data.draw(shapes()), domain))
    with np.errstate(all="ignore"):
        want = WANTED[row.name](wide(array))
    # NumPy's log1p and expm1 near a zero of the result are as inaccurate as 1 + z.
    units = 2**12 if row.name in ("expm1", "log1p") and dtype == "complex128" else 16
    assert_near(row.function(tensor), want, dtype, units)


@pytest.mark.parametrize("row", BINARY, ids=repr)
@given(st.data())
def test_binary(row, data):
    dtype = data.draw(st.sampled_from(COMPLEX))
    a_shape, b_shape = data.draw(broadcastable(2))
    domain = "unit" if row.name == "pow" else "real"
    a, ta = data.draw(laid_out(dtype, a_shape, domain))
    b, tb = data.draw(laid_out(dtype, b_shape, domain))
    with np.errstate(all="ignore"):
        want = WANTED[row.name](wide(a), wide(b))
    assert_near(row.function(ta, tb), want, dtype, 64)


@by_dtype
@pytest.mark.parametrize("row", ROWS, ids=repr)
def test_every_row_takes_complex_numbers_or_says_so(row, dtype):
    arrays = [random_values(seed, 37, dtype) for seed in range(row.arity)]
    if row.name == "where":
        arrays[0] = random_values(9, 37, "bool")
    tensors = [nt.asarray(a) for a in arrays]
    if row.complex:
        row.function(*tensors)
    else:
        with pytest.raises(TypeError, match=row.name):
            row.function(*tensors)


@given(st.data())
def test_promotion(data):
    names = ["float32", "float64", *COMPLEX]
    a, b = data.draw(st.sampled_from(names)), data.draw(st.sampled_from(names))
    x, tx = data.draw(laid_out(a, (3,)))
    y, ty = data.draw(laid_out(b, (3,)))
    common = promoted(a, b)
    assert (tx + ty).dtype == common
    assert_same(tx + ty, x.astype(common) + y.astype(common))
    for integer in ("bool", "int32", "uint8"):
        with pytest.raises(TypeError, match="different kinds"):
            nt.ones(2, dtype=integer) + nt.ones(2, dtype="complex64")


def test_python_numbers_are_weak():
    assert (nt.ones(2) * 1j).dtype == nt.complex64
    assert (1j + nt.ones(2, dtype=nt.float64)).dtype == nt.complex128
    assert (nt.ones(2, dtype=nt.complex64) + 1.5).dtype == nt.complex64
    assert (nt.ones(2, dtype=nt.int32) * 1j).dtype == nt.complex64
    assert nt.tensor([1, 2.5, 3j]).dtype == nt.complex64
    assert nt.tensor(1j, dtype=complex).dtype == nt.complex64
    assert nt.where(nt.tensor([True]), 1j, nt.ones(1, dtype=nt.float64)).dtype == nt.complex128


# What Annex G of the C standard says of these does not depend on the dtype.
SPECIALS = [0.0, -0.0, 1.0, -1.0, 0.5, np.inf, -np.inf, np.nan]
GRID = np.array([complex(a, b) for a in SPECIALS for b in SPECIALS])


HYPERBOLIC = "sinh cosh tanh asinh acosh atanh".split()
CIRCULAR = "sin cos tan asin acos atan".split()


@by_dtype
@pytest.mark.parametrize(
    "name", "sqrt exp log sin cos tan sinh cosh tanh asin acos atan asinh acosh atanh".split()
)
def test_special_values(name, dtype):
    with np.errstate(all="ignore"):
        want = WANTED[name](GRID)
    got = from_tensor(getattr(nt, name)(nt.asarray(GRID.astype(dtype)))).astype(np.complex128)
    # The sign of some results is free; C's own functions and NumPy may choose differently.
    for part in ("real", "imag"):
        g, w = np.abs(getattr(got, part)), np.abs(getattr(want, part))
        np.testing.assert_allclose(g, w, rtol=1e-6, atol=1e-15)


# Where the standard leaves a sign open, or prefers another result than cmath: (name, z).
OPEN = {
    ("exp", complex(-np.inf, np.inf)),
    ("sinh", complex(0, np.nan)),
    ("sin", complex(np.nan, 0)),
    ("sin", complex(np.nan, np.inf)),
    ("cos", complex(0, np.nan)),
    ("cos", complex(np.nan, 0)),
    ("cosh", complex(0, np.nan)),
    ("asin", complex(np.inf, np.nan)),
    ("acos", complex(np.inf, np.nan)),
    ("acosh", complex(0, np.nan)),
    ("atan", complex(np.inf, np.nan)),
    ("tanh", complex(0, np.nan)),
    ("tan", complex(np.nan, 0)),
}


def is_open(name, z):
    alike = {complex(abs(z.real), abs(z.imag)), z}
    return any(n == name and repr(w) in map(repr, alike) for n, w in OPEN)


@by_dtype
@pytest.mark.parametrize("name", ["sqrt", "exp", "log", "log10", *HYPERBOLIC, *CIRCULAR])
def test_signs_of_special_values(name, dtype):
    """Zeros and infinities have the signs of C99, in the upper half plane; below, conjugates."""
    z = np.array([w for w in GRID.tolist() if not np.signbit(w.imag)], dtype)
    got = from_tensor(getattr(nt, name)(nt.asarray(z)))
    below = from_tensor(getattr(nt, name)(nt.asarray(np.conj(z))))
    for w, g, b in zip(z.tolist(), got.tolist(), below.tolist(), strict=True):
        try:
            want = getattr(cmath, name)(w)
        except (ValueError, OverflowError):  # cmath has no infinities of its own making
            continue
        if is_open(name, w) or (name == "tan" and w.imag == np.inf):
            continue
        for part in ("real", "imag"):
            x, y, conjugate = (getattr(v, part) for v in (g, want, b))
            if x == x and (x == 0 or abs(x) == np.inf):
                assert np.signbit(x) == np.signbit(y), f"{name}({w}) = {g}, want {want}"
                flipped = part == "imag"
                assert (np.signbit(x) != np.signbit(conjugate)) == flipped, f"{name}, {w}: {b}"


@by_dtype
def test_the_tangent_turns_into_the_hyperbolic_one(dtype):
    """tan(z) is -i tanh(iz), signs included."""
    turned = np.array([complex(-w.imag, w.real) for w in GRID.tolist()], dtype)
    got = nt.tan(nt.asarray(GRID.astype(dtype)))
    want = nt.tanh(nt.asarray(turned))
    assert_same(nt.real(got), from_tensor(nt.imag(want)), signs=True)
    assert_same(nt.imag(got), from_tensor(-nt.real(want)), signs=True)


@by_dtype
def test_where_the_standard_goes_beyond_c(dtype):
    z = nt.asarray(np.array([complex(-0.0, 0), complex(0, -0.0)], dtype))
    assert [str(v) for v in nt.expm1(z).tolist()] == ["0j", "-0j"]
    z = nt.asarray(np.array([complex(np.inf, 2.5), complex(-np.inf, 2.5)], dtype))
    assert_same(nt.tanh(z), np.array([complex(1, 0), complex(-1, 0)], dtype), signs=True)


@by_dtype
def test_modulus_of_specials(dtype):
    z = GRID.astype(dtype)
    assert_same(nt.abs(nt.asarray(z)), np.abs(z), signs=True)
    huge = np.finfo(dtype).max / 2
    tiny = np.finfo(dtype).tiny
    z = np.array([complex(huge, huge), complex(tiny, tiny), complex(3, -4)], dtype)
    assert_near(nt.abs(nt.asarray(z)), np.abs(z), dtype, 2)


@by_dtype
def test_quotients_at_the_edges(dtype):
    """No overflow on the way, and Annex G where the divisor is zero or infinite."""
    info = np.finfo(dtype)
    big, small = float(info.max) / 4, float(info.tiny) * 16
    cases = [(big, big), (small, small), (1, big), (1, small), (big, 2 + 1j), (small, 2 - 3j)]
    for n, d in cases:
        n, d = complex(n, n / 2), complex(d)
        got = nt.tensor([n], dtype=dtype) / nt.tensor([d * (1 + 0.5j)], dtype=dtype)
        assert_near(got, np.array([n / d / (1 + 0.5j)]), dtype, 8)
    z = nt.tensor([1 + 1j, 0, complex(np.inf, 1), 1], dtype=dtype)
    w = nt.tensor([0, 0, 1 + 1j, complex(np.inf, np.inf)], dtype=dtype)
    q = (z / w).numpy()
    assert np.isinf(q[[0, 2]]).all()
    assert np.isnan(q[1])
    assert q[3] == 0


def test_powers():
    z = nt.tensor([1 + 2j, 0, 0, 2j, 0], dtype=nt.complex128)
    w = nt.tensor([3, 0, 2, -2, -1], dtype=nt.complex128)
    got = nt.pow(z, w).numpy()
    np.testing.assert_array_equal(got[:4], [-11 - 2j, 1, 0, -0.25])
    assert np.isnan(got[4])
    assert cmath.isclose(nt.pow(nt.tensor(1j, dtype=nt.complex128), 1j).item(), 1j**1j)


@given(st.data())
def test_reductions(data):
    dtype = data.draw(st.sampled_from(COMPLEX))
    array, tensor = data.draw(laid_out(dtype, data.draw(shapes(max_dims=4)), "unit"))
    axis = data.draw(axes_of(array.ndim))
    numpy_axis = numpy_axes(axis)
    keep = data.draw(st.booleans())
    exact = wide(array)
    scale = np.sum(np.abs(exact), numpy_axis, keepdims=keep)
    eps = np.finfo(dtype).eps
    for name in ("sum", "mean"):
        got = from_tensor(getattr(nt, name)(tensor, axis=axis, keepdims=keep))
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # the mean of nothing
            want = getattr(np, name)(exact, numpy_axis, keepdims=keep)
        assert got.dtype == dtype
        assert got.shape == want.shape
        ok = np.isnan(want) | (np.abs(got - want) <= 32 * eps * (scale + 1e-300))
        assert np.all(ok)
    product = nt.prod(tensor, axis=axis, keepdims=keep)
    assert_near(product, np.prod(exact, numpy_axis, keepdims=keep), dtype, 4096)
    assert_same(nt.any(tensor, axis=axis), np.any(array, numpy_axis))
    assert_same(nt.all(tensor, axis=axis), np.all(array, numpy_axis))


@given(st.data())
def test_scans(data):
    dtype = data.draw(st.sampled_from(COMPLEX))
    shape = data.draw(shapes(min_dims=1, max_dims=3))
    array, tensor = data.draw(laid_out(dtype, shape, "unit"))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    bound = 8 * np.finfo(dtype).eps
    for ours, theirs in ((nt.cumulative_sum, np.cumsum), (nt.cumulative_prod, np.cumprod)):
        got = from_tensor(ours(tensor, axis=axis))
        assert got.dtype == dtype
        np.testing.assert_allclose(got, theirs(wide(array), axis), rtol=0, atol=8 * bound)


@by_dtype
def test_variance_is_real(dtype):
    z = random_values(3, (50, 7), dtype, "unit")
    assert_near(nt.var(nt.asarray(z), axis=0), np.var(wide(z), axis=0), dtype, 64)
    assert_near(nt.std(nt.asarray(z)), np.std(wide(z)), dtype, 64)


@by_dtype
def test_long_sums_and_products(dtype):
    z = random_values(1, 300_003, dtype, "unit")
    assert_near(nt.sum(nt.asarray(z)), np.sum(wide(z)), dtype, 4096)
    assert_near(
        nt.sum(nt.asarray(z).reshape(-1, 3)[:, ::-1], axis=0),
        np.sum(wide(z).reshape(-1, 3)[:, ::-1], axis=0),
        dtype,
        4096,
    )
    turn = np.exp(2j * np.pi * np.arange(10_000) / 10_000).astype(dtype)
    assert abs(nt.prod(nt.asarray(turn)).item() + 1) < 1e-2


@given(st.data())
def test_matmul(data):
    dtype = data.draw(st.sampled_from(COMPLEX))
    m, k, n = (data.draw(st.integers(0, 9)) for _ in range(3))
    batch = data.draw(broadcastable(2, max_dims=2, max_side=3))
    a, ta = data.draw(laid_out(dtype, (*batch[0], m, k), "unit"))
    b, tb = data.draw(laid_out(dtype, (*batch[1], k, n), "unit"))
    got = from_tensor(ta @ tb)
    want = wide(a) @ wide(b)
    assert got.dtype == dtype
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=0, atol=64 * np.finfo(dtype).eps)


@by_dtype
@pytest.mark.parametrize("shape", [(1, 70, 1), (1, 200, 90), (90, 200, 1), (130, 150, 170)])
def test_larger_products(shape, dtype):
    m, k, n = shape
    a, b = random_values(1, (m, k), dtype, "unit"), random_values(2, (k, n), dtype, "unit")
    bound = 8 * k * np.finfo(dtype).eps
    for x, y in ((a, b), (a.T.copy().T, b), (a, b.T.copy().T), (a.conj(), b[:, ::-1])):
        got = from_tensor(nt.asarray(x) @ nt.asarray(y))
        np.testing.assert_allclose(got, wide(x) @ wide(y), rtol=0, atol=bound)
    np.testing.assert_allclose(
        from_tensor(nt.asarray(a)[0] @ nt.asarray(b)), wide(a)[0] @ wide(b), rtol=0, atol=bound
    )


# ---- gradients ----------------------------------------------------------------------------------


def loss_of(f, weight):
    def loss(*tensors):
        y = f(*tensors)
        w = random_values(weight, y.shape, "complex128", "unit")
        return nt.sum(nt.real(y * nt.asarray(w)) if y.dtype == "complex128" else y * w.real)

    return loss


def differences(loss, arrays, step=1e-5):
    """The derivatives by the real and by the imaginary parts, as one complex number."""
    found = []
    for which, array in enumerate(arrays):
        gradient = np.zeros(array.shape, complex)
        for i in np.ndindex(array.shape):
            for direction in (1, 1j):
                sides = []
                for sign in (1, -1):
                    moved = [a.copy() for a in arrays]
                    moved[which][i] += sign * step * direction
                    sides.append(loss(*map(nt.asarray, moved)).item())
                gradient[i] += direction * (sides[0] - sides[1]) / (2 * step)
        found.append(gradient)
    return found


def check_gradients(f, arrays):
    loss = loss_of(f, 5)
    every = tuple(range(len(arrays)))

    def slope(*tensors):
        grads = nt.grad(loss, argnums=every)(*tensors)
        parts = [
            nt.sum(nt.real(g * nt.asarray(random_values(8 + i, g.shape, "complex128", "unit"))))
            for i, g in enumerate(grads)
        ]
        return sum(parts[1:], parts[0])

    for function in (loss, slope):
        got = nt.grad(function, argnums=every)(*map(nt.asarray, arrays))
        for g, want in zip(got, differences(function, arrays), strict=True):
            assert g.dtype == "complex128"
            np.testing.assert_allclose(g.detach().numpy(), want, rtol=1e-5, atol=1e-6)


SMOOTH = [
    row
    for row in TAKEN
    if row.types in ("Numeric", "Any", "Float", "Part") and row.name not in ("where",)
]


@pytest.mark.parametrize("row", SMOOTH, ids=repr)
def test_gradients(row):
    """The conjugate of the Wirtinger derivative, first and second order."""
    rng = np.random.default_rng(2)
    arrays = [
        rng.uniform(0.3, 0.8, (3,)) * np.exp(1j * rng.uniform(0.2, 1.4, (3,)))
        for _ in range(row.arity)
    ]
    check_gradients(row.function, arrays)


@pytest.mark.parametrize(
    "f",
    [
        lambda z: nt.sum(z, axis=0),
        lambda z: nt.mean(z, axis=1),
        lambda z: nt.prod(z, axis=1),
        lambda z: nt.cumulative_sum(z, axis=0),
        lambda z: nt.cumulative_prod(z, axis=1, include_initial=True),
        lambda z: nt.var(z, axis=0),
        lambda z: z @ z.T,
        lambda z: z[0] @ z.mT,
        lambda z: nt.concat([z, nt.conj(z)])[1:4],
        lambda z: nt.take(z, nt.tensor([1, 0, 1]), axis=0),
        lambda z: nt.where(nt.tensor([True, False, True]), z, 2 * z),
        lambda z: nt.astype(nt.astype(nt.real(z), nt.complex128) * z, nt.complex128),
        lambda z: nt.reshape(z.T, (-1,)) * 1j,
    ],
)
def test_gradients_of_structure(f):
    rng = np.random.default_rng(4)
    z = rng.uniform(0.3, 0.9, (2, 3)) * np.exp(1j * rng.uniform(0.2, 1.4, (2, 3)))
    check_gradients(f, [z])


def test_real_inputs_have_real_gradients():
    x = nt.tensor([0.5, -1.5], dtype=nt.float64, requires_grad=True)
    nt.sum(nt.abs(nt.exp(x * 1j) + x)).backward()
    assert x.grad.dtype == nt.float64
    step = 1e-6
    f = lambda v: np.abs(np.exp(1j * v) + v)  # noqa: E731
    want = (f(x.detach().numpy() + step) - f(x.detach().numpy() - step)) / (2 * step)
    np.testing.assert_allclose(x.grad.numpy(), want, rtol=1e-8)


def test_gradients_in_place():
    z = nt.tensor([1 + 2j, 3j], dtype=nt.complex128, requires_grad=True)
    y = z * 1
    y *= 1 + 1j
    y[0] = y[1].copy() * z[0]
    nt.real(nt.sum(y)).backward()
    w = 1 + 1j
    want = np.conj([w * 3j, w * (1 + 2j) + w])
    np.testing.assert_allclose(z.grad.numpy(), want)


def test_a_complex_result_needs_an_explicit_gradient():
    z = nt.tensor(1 + 2j, requires_grad=True)
    with pytest.raises(nt.TapeError, match="complex64"):
        (z * z).backward()
    (z * z).backward(nt.tensor(1 + 0j))
    assert z.grad.item() == 2 - 4j
    x = nt.tensor(2.0, requires_grad=True)
    with pytest.raises(TypeError, match="complex64"):
        (x * x).backward(nt.tensor(1j))


@pytest.mark.parametrize("row", SMOOTH, ids=repr)
def test_gradients_against_torch(row):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(6)
    arrays = [
        rng.uniform(0.3, 0.8, (4,)) * np.exp(1j * rng.uniform(0.2, 1.4, (4,)))
        for _ in range(row.arity)
    ]
    name = {"sign": "sgn", "real": None, "imag": None}.get(row.name, row.name)
    theirs = getattr(torch, name) if name else lambda t: getattr(t, row.name)
    ours = [nt.tensor(a, requires_grad=True) for a in arrays]
    other = [torch.tensor(a, requires_grad=True) for a in arrays]
    weights = random_values(1, 4, "complex128", "unit")
    y, t = row.function(*ours), theirs(*other)
    np.testing.assert_allclose(from_tensor(y), t.detach().resolve_conj().numpy(), rtol=1e-12)
    seed = weights if y.dtype == "complex128" else weights.real
    y.backward(nt.asarray(seed))
    t.backward(torch.tensor(seed))
    for a, b in zip(ours, other, strict=True):
        np.testing.assert_allclose(
            a.grad.numpy(), b.grad.resolve_conj().numpy(), rtol=1e-9, atol=1e-12
        )


# ---- conversion ---------------------------------------------------------------------------------


@given(st.data())
def test_numpy_and_back(data):
    dtype = data.draw(st.sampled_from(COMPLEX))
    array, tensor = data.draw(laid_out(dtype, data.draw(shapes())))
    assert_same(tensor, array)
    assert_same(pickle.loads(pickle.dumps(tensor)), array)
    assert tensor.tolist() == array.tolist()
    assert np.asarray(memoryview(tensor.copy())).dtype == dtype
    assert_same(nt.asarray(array.tolist(), dtype=dtype).reshape(array.shape), array)
    assert_same(tensor.real, array.real)
    assert_same(tensor.imag, array.imag)
    assert_same(tensor.conj(), array.conj())


@given(seeds)
def test_casts(seed):
    z = random_values(seed, 9, "complex128")
    t = nt.asarray(z)
    assert_same(nt.astype(t, nt.complex64), z.astype(np.complex64))
    assert_same(nt.astype(t, nt.bool), z != 0)
    for name in ("bool", "int8", "uint64", "float32"):
        x = random_values(seed, 9, name)
        assert_same(nt.astype(nt.asarray(x), nt.complex128), x.astype(np.complex128))
        if name != "bool":
            with pytest.raises(TypeError, match="real or imag"):
                nt.astype(t, getattr(nt, name))


def test_scalars():
    z = nt.tensor(3 - 4j)
    assert complex(z) == z.item() == 3 - 4j
    assert isinstance(z.item(), complex)
    assert complex(nt.tensor(2)) == 2
    assert repr(z) == "tensor(3.-4.j, dtype=complex64)"
    assert f"{z:.1f}" == "3.0-4.0j"
    for convert in (float, int):
        with pytest.raises(TypeError):
            convert(z)
    assert nt.tensor(1j)
    assert not nt.tensor(0j)
    assert z.dtype.kind == "c"
    assert nt.complex64 == np.complex64


def test_linspace():
    assert_same(nt.linspace(0, 1 + 2j, 5, dtype=nt.complex128), np.linspace(0, 1 + 2j, 5))
    assert nt.linspace(1j, 2, 3, endpoint=False).dtype == nt.complex64
    assert nt.linspace(0, 1, 3, dtype=nt.complex64).dtype == nt.complex64


@pytest.mark.parametrize(
    "call",
    [
        lambda z: z < z,
        lambda z: nt.max(z),
        lambda z: nt.argmin(z),
        lambda z: nt.softmax(z),
        lambda z: nt.logsumexp(z),
        lambda z: nt.cross_entropy(nt.expand_dims(z, axis=0), nt.tensor([0])),
        lambda z: nt.ones(3).__iadd__(z),
        lambda z: nt.ones(3).__setitem__(0, 1j),
        lambda z: nt.tensor([1j], dtype=nt.float32),
        lambda z: nt.tensor(1j, dtype=nt.int64),
        lambda z: nt.linspace(0, 1j, 3, dtype=nt.float32),
        lambda z: nt.arange(3, dtype=nt.complex64),
        lambda z: nt.set_default_dtype(nt.complex64),
        lambda z: z[z],
    ],
)
def test_what_complex_numbers_cannot_do(call):
    z = nt.tensor([1j, 2, 3])
    with pytest.raises((TypeError, IndexError)):
        call(z)
