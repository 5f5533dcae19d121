"""Derivatives of nt.linalg against differences and PyTorch, and where spectra are degenerate."""

import gradcheck
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples, seeds

import ndtape as nt
from ndtape._compiled import made_of
from ndtape.linalg import _decompositions as decompositions
from ndtape.linalg import _norms as norms
from ndtape.linalg import _products as products
from ndtape.linalg import _solving as solving

L = nt.linalg


def symmetric(x):
    return x + x.mT


def positive(x):
    return x @ x.mT + nt.eye(x.shape[-1], dtype=x.dtype)


def _svd(x, full):
    u, s, vh = L.svd(x, full_matrices=full)
    k = s.shape[-1]
    return (u[..., :k] * nt.exp(s)[..., None, :]) @ vh[..., :k, :]


def _complement(columns):
    """The projector on a space, which does not depend on its basis."""
    return nt.square(columns @ columns.mT)


S, T, W = (2, 3, 3), (4, 2), (2, 4)  # square, tall and wide

# Name to (function, shapes).
CASES = {
    "inv": (L.inv, [S]),
    "solve": (L.solve, [S, (3, 2)]),
    "solve vector": (L.solve, [S, (3,)]),
    "solve stack": (L.solve, [(3, 3), (2, 3, 1)]),
    "det": (L.det, [S]),
    "slogdet": (lambda x: L.slogdet(x).logabsdet, [S]),
    "cholesky": (lambda x: L.cholesky(positive(x)), [S]),
    "cholesky upper": (lambda x: L.cholesky(positive(x), upper=True), [S]),
    "pinv": (L.pinv, [S]),
    "pinv tall": (L.pinv, [T]),
    "pinv wide": (L.pinv, [W]),
    **{f"matrix_power {n}": (lambda x, n=n: L.matrix_power(x, n), [S]) for n in (-2, -1, 1, 2, 5)},
    "eigh": (
        lambda x: (lambda e: nt.square(e[1]) * nt.exp(e[0])[..., None, :])(L.eigh(symmetric(x))),
        [S],
    ),
    "eigvalsh": (lambda x: L.eigvalsh(symmetric(x)), [S]),
    "svd": (lambda x: _svd(x, True), [S]),
    "svd tall": (lambda x: _svd(x, True), [T]),
    "svd wide": (lambda x: _svd(x, True), [W]),
    "svd thin tall": (lambda x: _svd(x, False), [T]),
    "svd thin wide": (lambda x: _svd(x, False), [W]),
    "svd U": (lambda x: nt.square(L.svd(x, full_matrices=False).U), [T]),
    "svd Vh": (lambda x: nt.square(L.svd(x).Vh[..., :2, :]), [W]),
    "svd complement of U": (lambda x: _complement(L.svd(x).U[..., 2:]), [T]),
    "svd complement of V": (lambda x: _complement(L.svd(x).Vh[..., 2:, :].mT), [W]),
    "svdvals": (L.svdvals, [T]),
    **{
        f"qr {part} {mode} {shape}": (
            lambda x, part=part, mode=mode: getattr(L.qr(x, mode=mode), part)[..., :2],
            [shape],
        )
        for part in "QR"
        for mode in ("reduced", "complete")
        for shape in (S, T, W)
    },
    "qr complement": (lambda x: _complement(L.qr(x, mode="complete").Q[..., 2:]), [T]),
    **{
        f"matrix_norm {order}": (lambda x, order=order: L.matrix_norm(x, ord=order), [(2, 3, 2)])
        for order in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)
    },
    **{
        f"vector_norm {p}": (lambda x, p=p: L.vector_norm(x, axis=1, ord=p), [(2, 3, 2)])
        for p in (2, 1, 3, 0.5, -1, -2.5, np.inf, -np.inf)
    },
    "norm": (lambda x: L.norm(x, axis=(0, 2), keepdims=True), [(2, 3, 2)]),
    "cross": (L.cross, [(2, 3), (3,)]),
    "outer": (L.outer, [(2,), (3,)]),
    "trace": (lambda x: L.trace(x * x, offset=1), [S]),
    "diagonal": (lambda x: nt.square(L.diagonal(x, offset=-1)), [S]),
    "multi_dot": (lambda a, b, c: L.multi_dot([a, b, c]), [T, W, (4,)]),
    "matmul": (L.matmul, [T, W]),
    "matrix_transpose": (lambda x: nt.square(L.matrix_transpose(x)), [T]),
    "tensordot": (lambda a, b: L.tensordot(a, b, axes=1), [T, W]),
    "vecdot": (L.vecdot, [(2, 3), (3,)]),
}


def _h(x):
    return nt.conj(x.mT)


def _size(x):
    return nt.square(nt.abs(x))


# Of complex matrices: functions that do not depend on phases.
COMPLEX_CASES = {
    "inv": (L.inv, [S]),
    "solve": (L.solve, [(3, 3), (2, 3, 1)]),
    "det": (L.det, [S]),
    "slogdet": (lambda x: nt.stack([*L.slogdet(x)]), [S]),
    "slogdet sign": (lambda x: L.slogdet(x).sign, [S]),
    "cholesky": (lambda x: L.cholesky(x @ _h(x) + nt.eye(3)), [S]),
    "cholesky upper": (lambda x: L.cholesky(x @ _h(x) + nt.eye(3), upper=True), [S]),
    "pinv": (L.pinv, [T]),
    "matrix_power": (lambda x: L.matrix_power(x, -2), [S]),
    "eigh": (
        lambda x: (lambda e: _size(e[1]) * nt.exp(e[0])[..., None, :])(L.eigh(x + _h(x))),
        [S],
    ),
    "eigvalsh": (lambda x: L.eigvalsh(x + _h(x)), [S]),
    "eig": (lambda x: (lambda e: _size(e[1]) * e[0][..., None, :])(L.eig(x)), [S]),
    "eigvals": (L.eigvals, [S]),
    "svd": (lambda x: _svd(x, True), [T]),
    "svd thin": (lambda x: _svd(x, False), [W]),
    "svd U": (lambda x: _size(L.svd(x, full_matrices=False).U), [T]),
    "svd Vh": (lambda x: _size(L.svd(x).Vh[..., :2, :]), [W]),
    "svd complement": (
        lambda x: (lambda u: _size(u @ _h(u)))(L.svd(x).U[..., 2:]),
        [T],
    ),
    "svdvals": (L.svdvals, [T]),
    "qr Q": (lambda x: L.qr(x).Q, [T]),
    "qr R": (lambda x: L.qr(x).R, [W]),
    "qr complement": (
        lambda x: (lambda q: _size(q @ _h(q)))(L.qr(x, mode="complete").Q[:, 2:]),
        [T],
    ),
    **{
        f"matrix_norm {order}": (lambda x, order=order: L.matrix_norm(x, ord=order), [(2, 3, 2)])
        for order in ("fro", "nuc", 1, -2, np.inf)
    },
    **{
        f"vector_norm {p}": (lambda x, p=p: L.vector_norm(x, axis=1, ord=p), [(2, 3, 2)])
        for p in (2, 1, 3, -1, np.inf)
    },
    "cross": (L.cross, [(2, 3), (3,)]),
    "outer": (L.outer, [(2,), (3,)]),
    "trace": (lambda x: L.trace(x * x), [S]),
    "multi_dot": (lambda a, b, c: L.multi_dot([a, b, c]), [T, W, (4,)]),
    "einsum": (lambda a, b: nt.einsum("ij,kj->ik", a, b), [T, T]),
}
ELSEWHERE = {
    "matrix_rank": "constant",
    "LinAlgError": "a class",
    **dict.fromkeys(["tensordot", "vecdot"], "the main namespace's, and tested with it"),
}


def matrices(shapes, seed=5):
    """Elements in no order: sorted ones would make ill-conditioned matrices."""
    rng = np.random.default_rng(seed)
    return [rng.uniform(-2, 2, shape) for shape in shapes]


def test_every_function_is_covered():
    used = {name.split()[0] for name in [*CASES, *COMPLEX_CASES]}
    assert not set(L.__all__) - used - set(ELSEWHERE)


FEW_ROWS = ["det", "slogdet", "inv", "solve", "cholesky", "eigh", "eigvalsh", "svd", "svdvals",
            "qr"]  # fmt: skip


@pytest.fixture(params=["few rows", "LAPACK"])
def computed_by(request, monkeypatch):
    """Whether matrices of few rows are the library's own work, or LAPACK's like all others."""
    if request.param == "LAPACK":
        for name in FEW_ROWS:
            half, _ = made_of[name]
            for module in (L, decompositions, norms, products, solving):
                if hasattr(module, name):
                    monkeypatch.setattr(module, name, half)


def now(f):
    """Look a function up again that a list of cases has from before."""
    return getattr(L, f.__name__) if f.__name__ in FEW_ROWS else f


@pytest.mark.usefixtures("computed_by")
@pytest.mark.parametrize("name", CASES)
def test_case(name):
    f, shapes = CASES[name]
    gradcheck.check(now(f), *matrices(shapes))


def _parts(y):
    return nt.stack([nt.real(y), nt.imag(y)]) if y.dtype.kind == "c" else y


@pytest.mark.usefixtures("computed_by")
@pytest.mark.parametrize("name", COMPLEX_CASES)
def test_complex_case(name):
    """Real and imaginary parts in and out, so that differences are those of real functions."""
    f, shapes = COMPLEX_CASES[name]
    n = len(shapes)

    def of_parts(*parts):
        return _parts(now(f)(*(re + im * 1j for re, im in zip(parts[:n], parts[n:], strict=True))))

    gradcheck.check(of_parts, *matrices(shapes * 2))


@given(st.integers(1, 6), st.booleans(), st.integers(0, 99))
def test_eigenvalues_in_another_order(n, stacked, seed):
    """The derivative of each value is at its place, however LAPACK orders them beside vectors."""
    rng = np.random.default_rng(seed)
    shape = (3, n) if stacked else (n,)
    found = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    places = rng.permuted(np.broadcast_to(np.arange(n), shape), axis=-1)
    wanted = np.take_along_axis(found, places, -1) * (1 + 1e-14)
    np.testing.assert_array_equal(decompositions._places(wanted, found), places)
    equal = np.ones(shape)  # each place once
    again = decompositions._places(equal, equal)
    np.testing.assert_array_equal(np.sort(again), np.broadcast_to(np.arange(n), shape))


@pytest.mark.parametrize("name", ["eig", "eigvals"])
def test_complex_results_of_real_matrices(name):
    f, shapes = COMPLEX_CASES[name]
    gradcheck.check(lambda x: _parts(f(x)), *matrices(shapes))


def test_real_beside_complex():
    """A real operand's gradient is real."""
    a, b = nt.tensor([[2.0]], requires_grad=True), nt.tensor([[1 + 2j]], requires_grad=True)
    y = L.solve(a, b)
    assert y.dtype == nt.complex64
    nt.sum(nt.real(y) + nt.imag(y)).backward()
    assert a.grad.tolist() == [[-0.75]]
    assert b.grad.tolist() == [[0.5 + 0.5j]]


FORWARD = "inv solve det cholesky eigh svd svdvals pinv norm".split()


@pytest.mark.parametrize("name", FORWARD)
def test_forward_mode(name):
    """Rules are transposed for it: vjps are linear functions of gradients, in recorded terms."""
    f, shapes = CASES[name]
    arrays, along = matrices(shapes), matrices(shapes, 6)
    _, tangent = nt.jvp(f, [nt.asarray(a) for a in arrays], [nt.asarray(t) for t in along])
    sides = [
        f(*(nt.asarray(a + s * t) for a, t in zip(arrays, along, strict=True))).numpy()
        for s in (1e-6, -1e-6)
    ]
    np.testing.assert_allclose(tangent, (sides[0] - sides[1]) / 2e-6, rtol=1e-6, atol=1e-6)


# ---- PyTorch -------------------------------------------------------------------------------------

AGAINST_TORCH = {
    "inv": (L.inv, lambda t, x: t.linalg.inv(x)),
    "det": (L.det, lambda t, x: t.linalg.det(x)),
    "slogdet": (lambda x: L.slogdet(x)[1], lambda t, x: t.linalg.slogdet(x)[1]),
    "solve": (lambda x: L.solve(x, x[0]), lambda t, x: t.linalg.solve(x, x[0])),
    "cholesky": (
        lambda x: L.cholesky(positive(x)),
        lambda t, x: t.linalg.cholesky(x @ x.mT + t.eye(4, dtype=x.dtype)),
    ),
    "eigh": (
        lambda x: nt.square(L.eigh(x + x.mT)[1]) * L.eigvalsh(x + x.mT),
        lambda t, x: t.square(t.linalg.eigh(x + x.mT)[1]) * t.linalg.eigvalsh(x + x.mT),
    ),
    "svd": (
        lambda x: nt.square(L.svd(x[:, :3], full_matrices=False)[0]),
        lambda t, x: t.square(t.linalg.svd(x[:, :3], full_matrices=False)[0]),
    ),
    "pinv": (lambda x: L.pinv(x[:, :3]), lambda t, x: t.linalg.pinv(x[:, :3])),
    "qr": (lambda x: nt.square(L.qr(x)[0]), lambda t, x: t.square(t.linalg.qr(x)[0])),
    "nuclear": (lambda x: L.norm(x, "nuc"), lambda t, x: t.linalg.norm(x, "nuc")),
    "norm": (lambda x: L.norm(x, 3, 1), lambda t, x: t.linalg.norm(x, 3, 1)),
    "power": (lambda x: L.matrix_power(x, -3), lambda t, x: t.linalg.matrix_power(x, -3)),
    "eig": (
        lambda x: nt.square(nt.abs(L.eig(x)[1])) * nt.real(L.eigvals(x)),
        lambda t, x: t.square(t.abs(t.linalg.eig(x)[1])) * t.real(t.linalg.eigvals(x)),
    ),
    "multi_dot": (
        lambda x: L.multi_dot([x, x.mT, x[0]]),
        lambda t, x: t.linalg.multi_dot([x, x.mT, x[0]]),
    ),
}


@pytest.mark.parametrize("name", AGAINST_TORCH)
@examples(5)
@given(seed=seeds)
def test_against_torch(name, seed):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    ours, theirs = AGAINST_TORCH[name]
    array = np.random.default_rng(seed).standard_normal((4, 4)) + 3 * np.eye(4)

    def twice(x, grad, f):
        (first,) = grad((f(x) ** 2).sum(), x)
        (second,) = grad((first**2).sum(), x)
        return first.detach().numpy(), second.detach().numpy()

    x = nt.tensor(array, requires_grad=True)
    got = twice(x, lambda y, x: nt._core.gradients([y], [x], None, True, True), ours)
    t = torch.tensor(array, requires_grad=True)
    want = twice(
        t,
        lambda y, x: torch.autograd.grad(y, x, create_graph=True),
        lambda x: theirs(torch, x),
    )
    for g, w in zip(got, want, strict=True):
        np.testing.assert_allclose(g, w, rtol=1e-7, atol=1e-7 * np.abs(w).max())


# ---- where there is no plain derivative ----------------------------------------------------------


def test_det_of_singular_matrices():
    (x,) = matrices([(3, 3, 3)])
    x[0, :, 2] = x[0, :, 0]  # rank 2
    x[1] = np.outer(x[1, 0], x[1, 1])  # rank 1: all cofactors are 0
    gradcheck.check(L.det, x)
    assert np.abs(nt.grad(lambda t: L.det(t[1]))(nt.asarray(x)).numpy()).max() < 1e-12


@pytest.mark.parametrize("n", [1, 2, 4])
def test_third_derivatives_of_det(n):
    x, along = matrices([(n, n), (n, n)])

    def turned(t):
        return nt.sum(nt.grad(L.det)(t) * nt.asarray(along))

    gradcheck.check(turned, x)
    with pytest.raises(L.LinAlgError):
        nt.grad(lambda t: nt.sum(nt.grad(turned)(t)))(nt.zeros((n, n), dtype=nt.float64))


def test_singular_matrices_where_there_is_no_derivative():
    x = nt.zeros((2, 2), requires_grad=True)
    with pytest.raises(L.LinAlgError, match="Singular"):
        L.slogdet(x).logabsdet.backward()
    with pytest.raises(L.LinAlgError, match="Singular"):
        nt.sum(L.qr(x).R).backward()


def test_norms_at_zero():
    x = nt.zeros((3, 2), dtype=nt.float64)
    for f in (
        L.norm,
        L.matrix_norm,
        lambda t: L.matrix_norm(t, ord="nuc") * 0,
        lambda t: L.vector_norm(t, ord=1),
        lambda t: L.vector_norm(t, ord=3),
        lambda t: L.vector_norm(t, ord=0.5),
        lambda t: L.vector_norm(t, ord=-2),
    ):
        assert nt.grad(f)(x).tolist() == [[0, 0]] * 3
    second = nt.grad(lambda t: nt.sum(nt.grad(L.norm)(t)))(x)
    assert second.tolist() == [[0, 0]] * 3
    # Beside others, an element that is 0 contributes 0.
    y = nt.tensor([0.0, 3.0, 4.0])
    assert nt.grad(lambda t: L.vector_norm(t, ord=3))(y)[0].item() == 0
    assert nt.grad(L.norm)(y).tolist() == pytest.approx([0, 0.6, 0.8])


def test_equal_eigenvalues():
    """Functions of the eigenvalues and of whole eigenspaces have their derivatives."""
    rng = np.random.default_rng(0)
    q, _ = np.linalg.qr(rng.standard_normal((4, 4)))
    eigenvalues = [1.0, 1.0, 2.0, 5.0]
    x = (q * eigenvalues) @ q.T

    def projector(a):
        v = L.eigh(symmetric(a)).eigenvectors[:, :2]
        return v @ v.mT

    gradcheck.check(projector, x, order=1)
    gradient = nt.grad(lambda a: nt.sum(nt.sin(L.eigvalsh(a))))(nt.asarray(x))
    np.testing.assert_allclose(gradient, (q * np.cos(eigenvalues)) @ q.T, atol=1e-12)
    # Of anything else: what the pairs that differ contribute.
    identity = nt.eye(3, dtype=nt.float64)
    gradient = nt.grad(lambda a: nt.sum(L.eigh(a).eigenvectors[0]))(identity)
    assert gradient.tolist() == [[0] * 3] * 3


def test_equal_singular_values():
    rng = np.random.default_rng(0)
    q, _ = np.linalg.qr(rng.standard_normal((4, 3)))
    x = nt.asarray(q * 2.0)
    polar = lambda a: (lambda d: nt.sum(nt.square(d.U @ d.Vh)))(L.svd(a, full_matrices=False))  # noqa: E731
    for f in (polar, lambda a: nt.sum(nt.square(L.svdvals(a))), L.norm):
        assert np.all(np.isfinite(nt.grad(f)(x).numpy()))
    np.testing.assert_allclose(nt.grad(polar)(x).numpy(), np.zeros((4, 3)), atol=1e-12)
    np.testing.assert_allclose(nt.grad(lambda a: nt.sum(nt.square(L.svdvals(a))))(x), 2 * x)


def test_small_singular_values_are_not_taken_for_equal():
    x = np.diag([1.0, 2e-9, 1e-9])
    u = lambda a: nt.sum(L.svd(a).U[1, 2] * 1.0)  # noqa: E731
    gradient = nt.grad(u)(nt.asarray(x)).numpy()
    assert np.abs(gradient).max() > 1e8


def test_empty_matrices():
    for shape in ((0, 0), (2, 0, 0)):
        for f in (L.inv, L.det, lambda x: L.slogdet(x)[1], L.pinv, L.norm, lambda x: L.eigh(x)[1]):
            x = nt.zeros(shape, dtype=nt.float64)
            assert nt.grad(lambda t, f=f: nt.sum(f(t)))(x).shape == shape
    for f in (lambda x: L.svd(x, full_matrices=False)[0], lambda x: L.qr(x)[0], L.pinv):
        assert nt.grad(lambda t, f=f: nt.sum(f(t)))(nt.zeros((3, 0))).shape == (3, 0)


def test_dtypes_of_gradients():
    a, b = nt.tensor([[2.0]], requires_grad=True), nt.ones((1, 1), dtype=nt.float64)
    y = L.solve(a, b)
    assert y.dtype == nt.float64
    nt.sum(y).backward()
    assert a.grad.dtype == nt.float32
    assert a.grad.tolist() == [[-0.25]]
