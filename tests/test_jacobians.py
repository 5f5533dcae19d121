"""nt.vjp, nt.jvp, nt.jacobian, nt.hessian, nt.hvp, and gradients that close over others."""

import collections
import functools

import gradcheck
import numpy as np
import pytest
from hypothesis import given
from strategies import examples, seeds
from test_gradients_elementwise import DIFFERENTIABLE, arguments
from test_gradients_structure import CASES

import ndtape as nt


def vector(*values):
    return nt.tensor(values, dtype=nt.float64)


def check_forward(f, arrays, rtol=1e-9):
    """jvp is the transpose of vjp, on the same arguments; and so is its own derivative."""
    rng = np.random.default_rng(3)
    tensors = [nt.asarray(a) for a in arrays]
    tangents = tuple(nt.asarray(rng.uniform(-1, 1, a.shape)) for a in arrays)
    value, moved = nt.jvp(f, tuple(tensors), tangents)
    again, pullback = nt.vjp(f, *tensors)
    np.testing.assert_array_equal(value.numpy(), again.numpy())
    assert moved.shape == value.shape
    assert moved.dtype == value.dtype
    seed = nt.asarray(rng.uniform(-1, 1, value.shape))
    left = np.sum(moved.numpy() * seed.numpy())
    right = sum(
        np.sum(t.numpy() * g.numpy()) for t, g in zip(tangents, pullback(seed), strict=True)
    )
    np.testing.assert_allclose(left, right, rtol=rtol, atol=1e-10)

    # The derivative of the tangent, backward over forward, is that of the gradient.
    def along(*xs):
        return nt.sum(nt.jvp(f, xs, tangents)[1] * seed)

    def through(*xs):
        found = nt.vjp(f, *xs)[1](seed)
        return sum(nt.sum(t * g) for t, g in zip(tangents, found, strict=True))

    every = tuple(range(len(arrays)))
    for a, b in zip(
        nt.grad(along, every)(*tensors), nt.grad(through, every)(*tensors), strict=True
    ):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_forward_mode_of_structure(name):
    f, shapes, *domain = CASES[name]
    check_forward(f, gradcheck.values(5, shapes, *domain))


@pytest.mark.parametrize("row", DIFFERENTIABLE, ids=repr)
def test_forward_mode_of_elementwise_functions(row):
    f, arrays = arguments(row, 7, [(2, 3), (3,), ()][: row.arity])
    check_forward(f, arrays)


def test_jvp():
    y, t = nt.jvp(lambda a, b: a * nt.sin(b), (vector(1.0, 2.0), 0.5), (vector(1.0, 0.0), 2.0))
    s, c = np.sin(0.5), np.cos(0.5)
    np.testing.assert_allclose(y.numpy(), [s, 2 * s])
    np.testing.assert_allclose(t.numpy(), [s + 2 * c, 4 * c])
    assert not y.requires_grad
    assert not t.requires_grad


def test_jvp_of_containers():
    Pair = collections.namedtuple("Pair", "a b")

    def f(p, c):
        return {"x": p["u"] * c, "rest": [p["v"].a, Pair(p["v"].b ** 2, c)]}

    primals = ({"u": vector(1.0, 2.0), "v": Pair(vector(3.0), 4.0)}, vector(5.0))
    tangents = ({"u": vector(1.0, 0.0), "v": Pair(vector(0.0), 1.0)}, vector(2.0))
    value, moved = nt.jvp(f, primals, tangents)
    assert value["x"].tolist() == [5, 10]
    assert moved["x"].tolist() == [5 + 2, 4]
    assert moved["rest"][0].tolist() == [0]
    assert isinstance(moved["rest"][1], Pair)
    assert moved["rest"][1].a.item() == 8
    assert moved["rest"][1].b.tolist() == [2]


def test_vjp():
    value, pullback, aux = nt.vjp(
        lambda a, b: ((a * b, nt.sum(a)), "note"), vector(1.0, 2.0), 3.0, has_aux=True
    )
    assert aux == "note"
    assert value[0].tolist() == [3, 6]
    for scale in (1, 2):  # any number of times
        ga, gb = pullback((vector(1.0, 10.0) * scale, nt.tensor(100.0, dtype=nt.float64) * scale))
        assert ga.tolist() == [103 * scale, 130 * scale]
        assert gb.item() == 21 * scale


def test_constants():
    value, moved = nt.jvp(lambda x: vector(1.0, 2.0), (vector(1.0),), (vector(1.0),))
    assert moved.tolist() == [0, 0]
    assert nt.vjp(lambda x: vector(1.0, 2.0), vector(1.0))[1](vector(1.0, 1.0))[0].tolist() == [0]
    assert nt.jacobian(lambda x: vector(1.0, 2.0))(vector(1.0)).tolist() == [[0], [0]]
    assert nt.jvp(lambda x: nt.floor(x), (1.5,), (1.0,))[1].item() == 0
    same, moved = nt.jvp(lambda x: x, (vector(1.0),), (vector(3.0),))
    assert (same.tolist(), moved.tolist()) == ([1], [3])


@pytest.mark.parametrize(("n", "m"), [(3, 2), (2, 5), (1, 1), (3, 0), (0, 3), (0, 0)])
def test_jacobian_both_ways(n, m):
    rng = np.random.default_rng(0)
    w, x = rng.standard_normal((m, n)), rng.standard_normal(n)

    def f(v):
        return nt.tanh(nt.asarray(w) @ v)

    want = (1 - np.tanh(w @ x) ** 2)[:, None] * w
    np.testing.assert_allclose(nt.jacobian(f)(nt.asarray(x)).numpy(), want, rtol=1e-12, atol=0)


def test_jacobian_runs_the_function_once_and_walks_the_shorter_way():
    calls, walks = [], []

    class Count(nt.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            calls.append(1)
            return x * 2

        @staticmethod
        def vjp(ctx, g):
            walks.append("back")
            return g * 2

        @staticmethod
        def jvp(ctx, t):
            walks.append("forward")
            return t * 2

    tall = nt.jacobian(lambda x: nt.concat([Count.apply(x)] * 3))(vector(1.0, 2.0))
    assert tall.shape == (6, 2)
    assert len(calls) == 1
    assert walks == ["forward"] * 2
    walks.clear()
    calls.clear()
    wide = nt.jacobian(lambda x: nt.sum(Count.apply(x)))(vector(1.0, 2.0, 3.0))
    assert wide.tolist() == [2, 2, 2]
    assert len(calls) == 1
    assert walks == ["back"]


def test_jacobian_of_containers():
    def f(p, q):
        return [p["a"] * q, nt.sum(p["b"]) * q]

    p, q = {"a": vector(1.0, 2.0), "b": vector(3.0)}, nt.tensor(2.0, dtype=nt.float64)
    by_p, by_q = zip(*nt.jacobian(f, argnums=(0, 1))(p, q), strict=True)
    assert by_p[0]["a"].tolist() == [[2, 0], [0, 2]]
    assert by_p[0]["b"].tolist() == [[0], [0]]
    assert by_p[1]["b"].tolist() == [2]
    assert by_q[0].tolist() == [1, 2]
    result, aux = nt.jacobian(lambda x: (x, "aux"), has_aux=True)(vector(1.0, 2.0))
    assert result.tolist() == [[1, 0], [0, 1]]
    assert aux == "aux"


@examples(20)
@given(seeds)
def test_hessian_and_hvp(seed):
    rng = np.random.default_rng(seed)
    n = rng.integers(1, 5)
    a = rng.standard_normal((n, n))
    x, v = rng.standard_normal(n), rng.standard_normal(n)

    def f(t):
        return nt.sum(nt.sin(nt.asarray(a) @ t)) + nt.sum(t * t * t)

    want = a.T @ np.diag(-np.sin(a @ x)) @ a + 6 * np.diag(x)
    h = nt.hessian(f)(nt.asarray(x)).numpy()
    np.testing.assert_allclose(h, want, rtol=1e-9, atol=1e-9)
    (product,) = nt.hvp(f, (nt.asarray(x),), (nt.asarray(v),))
    np.testing.assert_allclose(product.numpy(), want @ v, rtol=1e-9, atol=1e-9)
    forward = nt.jvp(nt.grad(f), (nt.asarray(x),), (nt.asarray(v),))[1]
    np.testing.assert_allclose(forward.numpy(), want @ v, rtol=1e-9, atol=1e-9)


def test_hessian_over_several_arguments():
    def f(a, b):
        return nt.sum(a * a) * b

    (aa, ab), (ba, bb) = nt.hessian(f, argnums=(0, 1))(vector(1.0, 2.0), 3.0)
    assert aa.tolist() == [[6, 0], [0, 6]]
    assert ab.tolist() == [2, 4]
    assert ba.tolist() == [2, 4]
    assert bb.item() == 0
    matrix, aux = nt.hessian(lambda x: (x * x, "aux"), has_aux=True)(2.0)
    assert (matrix.item(), aux) == (2, "aux")


# ---- nesting ---------------------------------------------------------------------------------

X = 0.7


def scalar(value=X):
    return nt.tensor(value, dtype=nt.float64)


def d_forward(f):
    return lambda x: nt.jvp(f, (x,), (nt.ones_like(nt.asarray(x)),))[1]


def d_back(f):
    return lambda x: nt.vjp(f, x)[1](nt.ones_like(nt.asarray(x)))[0]


@pytest.mark.parametrize("first", [nt.grad, d_forward, d_back, nt.jacobian])
@pytest.mark.parametrize("second", [nt.grad, d_forward, d_back, nt.jacobian])
@pytest.mark.parametrize("third", [nt.grad, d_forward, d_back, nt.jacobian])
def test_any_transform_of_any(first, second, third):
    def f(x):
        return nt.exp(nt.sin(x)) * x

    s, c, e = np.sin(X), np.cos(X), np.exp(np.sin(X))
    one = e * (1 + X * c)
    two = e * c * (1 + X * c) + e * (c - X * s)
    three = e * (c * c - s) * (1 + X * c) + 2 * e * c * (c - X * s) - e * (2 * s + X * c)
    x = scalar()
    assert first(f)(x).item() == pytest.approx(one, rel=1e-12)
    assert first(second(f))(x).item() == pytest.approx(two, rel=1e-12)
    assert first(second(third(f)))(x).item() == pytest.approx(three, rel=1e-12)


@pytest.mark.parametrize("inner", [nt.grad, d_forward, d_back, nt.jacobian])
@pytest.mark.parametrize("outer", [nt.grad, d_forward, d_back, nt.jacobian])
def test_closing_over_another_argument(inner, outer):
    """d/dx [x * d/dy (x * y)] and its like: what JAX calls perturbation confusion."""
    x = scalar(2.0)
    assert outer(lambda x: x * inner(lambda y: x + y)(scalar(1.0)))(x).item() == 1
    assert outer(lambda x: x * inner(lambda y: x * y)(scalar(1.0)))(x).item() == 4
    assert outer(lambda x: inner(lambda y: nt.sin(x * y))(x))(x).item() == pytest.approx(
        np.cos(4) - 8 * np.sin(4), rel=1e-12
    )
    # Only the closure depends on x: the argument is a constant.
    got = outer(lambda x: inner(lambda y: y**3 * x**2)(scalar(5.0)))(x).item()
    assert got == pytest.approx(3 * 25 * 2 * 2)

    # And through an auxiliary value.
    def aux(x):
        return nt.grad(lambda y: (y * y, x * x), has_aux=True)(scalar(1.0))[1]

    assert outer(aux)(x).item() == 4


def test_closing_over_a_leaf():
    """The results of a transform can be differentiated by what records outside of it."""
    w = nt.tensor(3.0, dtype=nt.float64, requires_grad=True)
    results = {
        "grad": nt.grad(lambda v: v**2 * w)(scalar(2.0)),
        "value": nt.value_and_grad(lambda v: v * w)(scalar(4.0))[0],
        "jvp": nt.jvp(lambda v: v**2 * w, (scalar(2.0),), (scalar(1.0),))[1],
        "vjp": nt.vjp(lambda v: v**2 * w, scalar(2.0))[1](scalar(1.0))[0],
        "jacobian": nt.jacobian(lambda v: v**2 * w)(scalar(2.0)),
    }
    for name, y in results.items():
        w.grad = None
        y.backward()
        assert w.grad.item() == 4, name
    before = nt.exp(w)
    nt.grad(lambda v: v * before)(scalar(1.0)).backward()
    assert w.grad.item() == pytest.approx(4 + np.exp(3))
    with nt.no_grad():
        assert not nt.grad(lambda v: v**2 * w)(scalar(2.0)).requires_grad
    assert not nt.grad(lambda v: v**2 * w.detach())(scalar(2.0)).requires_grad
    assert w.grad is not None


def test_a_tangent_or_cotangent_that_records():
    t = nt.tensor(2.0, dtype=nt.float64, requires_grad=True)
    nt.jvp(nt.sin, (scalar(),), (t,))[1].backward()
    assert t.grad.item() == pytest.approx(np.cos(X))
    t.grad = None
    nt.vjp(nt.sin, scalar())[1](t)[0].backward()
    assert t.grad.item() == pytest.approx(np.cos(X))


def test_forward_mode_through_changes_in_place():
    def f(x):
        y = nt.zeros(3, dtype=nt.float64)
        y[0] = x * x
        y[1:] += x
        y *= y
        return y

    value, moved = nt.jvp(f, (scalar(2.0),), (scalar(1.0),))
    assert value.tolist() == [16, 4, 4]
    assert moved.tolist() == [32, 4, 4]


def test_forward_mode_of_a_long_chain():
    def f(x):
        for _ in range(100_000):
            x = x * 1.0
        return x

    assert nt.jvp(f, (scalar(),), (scalar(1.0),))[1].item() == 1


def test_forward_mode_walks_only_what_moves():
    """A parameter that does not move costs nothing: its branch is not entered."""
    seen = []

    class Watch(nt.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def vjp(ctx, g):
            seen.append(1)
            return g

    w = nt.tensor(2.0, dtype=nt.float64, requires_grad=True)
    y = nt.jvp(lambda x: x * Watch.apply(w), (scalar(3.0),), (scalar(1.0),))[1]
    assert y.item() == 2
    assert not seen


def test_a_rule_of_ones_own_for_tangents():
    class Sin(nt.autograd.Function):
        @staticmethod
        def forward(ctx, x, k):
            ctx.save_for_backward(x)
            ctx.k = k
            return nt.sin(k * x), nt.cos(k * x)

        @staticmethod
        def vjp(ctx, g, h):
            (x,) = ctx.saved_tensors
            return ctx.k * (g * nt.cos(ctx.k * x) - h * nt.sin(ctx.k * x)), None

        @staticmethod
        def jvp(ctx, t, nothing):
            assert nothing is None
            used.append(1)
            (x,) = ctx.saved_tensors
            return ctx.k * t * nt.cos(ctx.k * x), -ctx.k * t * nt.sin(ctx.k * x)

    used = []

    def f(x):
        return Sin.apply(x, 2)[0] * Sin.apply(x, 3)[1]

    check_forward(f, [np.array([0.3, 0.7])])
    assert used

    class Wrong(Sin):
        @staticmethod
        def jvp(ctx, t, nothing):
            return t

    with pytest.raises(ValueError, match=r"Wrong.jvp returned 1 tangents, expected 2"):
        nt.jvp(lambda x: Wrong.apply(x, 2)[0], (vector(1.0),), (vector(1.0),))


def test_inputs_that_are_changed_before_the_pullback():
    x = nt.tensor([1.0, 2.0], dtype=nt.float64)
    _, pullback = nt.vjp(nt.square, x)
    x += 1
    (g,) = pullback(vector(1.0, 1.0))
    assert g.tolist() == [2, 4]


@pytest.mark.parametrize(
    ("use", "kind", "pattern"),
    [
        (lambda: nt.jvp(nt.sin, vector(1.0), (vector(1.0),)), TypeError, "primals must be a tuple"),
        (lambda: nt.jvp(nt.sin, (vector(1.0),), vector(1.0)), TypeError, "tangents must be a tup"),
        (lambda: nt.jvp(nt.sin, (1.0,), (1.0, 2.0)), TypeError, r"form \(\*\), not \(\*, \*\)"),
        (lambda: nt.jvp(lambda x: x[0], ([1.0],), (1.0,)), TypeError, r"form \(\[\*\],\)|form"),
        (lambda: nt.jvp(nt.sin, (vector(1.0),), (vector(1.0, 2.0),)), ValueError, r"\(2,\)"),
        (lambda: nt.jvp(nt.sin, (vector(1.0),), (nt.ones(1),)), TypeError, "float32"),
        (lambda: nt.jvp(nt.sin, (nt.tensor([1]),), (nt.tensor([1]),)), TypeError, "int64"),
        (lambda: nt.jvp(3, (1.0,), (1.0,)), TypeError, "int"),
        (lambda: nt.jvp(lambda x: 1.0, (1.0,), (1.0,)), TypeError, "float"),
        (lambda: nt.jvp(lambda x: x > 0, (1.0,), (1.0,)), TypeError, "bool"),
        (lambda: nt.vjp(nt.sin, "text"), TypeError, "str"),
        (lambda: nt.vjp(nt.sin, vector(1.0))[1](vector(1.0, 2.0)), ValueError, r"\(1,\)"),
        (lambda: nt.vjp(nt.sin, vector(1.0))[1]([vector(1.0)]), TypeError, "form"),
        (lambda: nt.vjp(nt.sin, 1.0, has_aux=True), TypeError, "aux"),
        (lambda: nt.jacobian(nt.sin, argnums=1)(1.0), ValueError, "1"),
        (lambda: nt.jacobian(nt.sin, argnums=(0, 0))(1.0), ValueError, "twice"),
        (lambda: nt.jacobian(5), TypeError, "int"),
        (lambda: nt.hessian(nt.sin)(vector(1.0, 2.0)), ValueError, "one element"),
        (lambda: nt.hvp(nt.sin, 1.0, 1.0), TypeError, "tuples"),
    ],
)
def test_misuse(use, kind, pattern):
    with pytest.raises(kind, match=pattern):
        use()


# ---- nt.autograd.grad --------------------------------------------------------------------------


def leaf(*values):
    return nt.tensor(values, dtype=nt.float64, requires_grad=True)


def test_autograd_grad():
    x, w = leaf(1.0, 2.0), leaf(3.0)
    h = x * w
    y, z = nt.sum(h * h), h * 2
    gx, gh = nt.autograd.grad([y, z], [x, h], [None, vector(1.0, 10.0)])
    assert gh.tolist() == [6 + 2, 12 + 20]
    assert gx.tolist() == [24, 96]
    assert x.grad is None
    with pytest.raises(nt.TapeError, match="retain_graph"):
        nt.autograd.grad(y, x)


def test_autograd_grad_to_any_order():
    x = leaf(2.0)
    y = x**4
    for want in (32, 48, 48, 24):
        (y,) = nt.autograd.grad(y, x, create_graph=True)
        assert y.item() == want


def test_autograd_grad_of_what_is_not_used():
    x, w = leaf(1.0), leaf(2.0)
    with pytest.raises(nt.TapeError, match=r"input 1, of shape \(1,\).*allow_unused"):
        nt.autograd.grad(x * 2, [x, w])
    gx, gw = nt.autograd.grad(x * 2, [x, w], allow_unused=True)
    assert gx.item() == 2
    assert gw is None


@pytest.mark.parametrize(
    ("use", "kind", "pattern"),
    [
        (lambda x: nt.autograd.grad(x.detach(), x), nt.TapeError, "output 0"),
        (lambda x: nt.autograd.grad(x * 2, x.detach()), nt.TapeError, "input 0"),
        (lambda x: nt.autograd.grad(x * 2, [1.0]), TypeError, "input 0 must be a tensor"),
        (lambda x: nt.autograd.grad(x * 2, x), nt.TapeError, "explicit gradient"),
        (lambda x: nt.autograd.grad(x * 2, x, [None, None]), ValueError, "2 gradients for 1"),
        (lambda x: nt.autograd.grad(x * 2, x, nt.ones(3)), ValueError, r"\(3,\)"),
    ],
)
def test_misuse_of_autograd_grad(use, kind, pattern):
    with pytest.raises(kind, match=pattern):
        use(leaf(1.0, 2.0))


HOLOMORPHIC = {
    "wide": lambda z, n: n.stack([z[0] * z[1], n.exp(z[2])]),
    "tall": lambda z, n: n.stack([z[0] * z[1], n.exp(z[2]), z[0] / z[1], n.sin(z[2]) * z[0], z[1]]),
    "matrix": lambda z, n: n.matmul(n.reshape(z, (3, 1)), n.reshape(n.exp(z), (1, 3))),
}


def complex_vector(seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=3) + 1j * rng.normal(size=3)


def complex_differences(f, z, step=1e-6):
    """The columns of the complex Jacobian, along a step that is neither real nor imaginary."""
    h = step * np.exp(0.7j)
    moved = [
        (f(nt.asarray(z + h * e)) - f(nt.asarray(z - h * e))) / (2 * h) for e in np.eye(z.size)
    ]
    return np.stack([m.numpy() for m in moved], axis=-1)


@pytest.mark.parametrize("name", HOLOMORPHIC)
def test_jacobian_of_a_holomorphic_function(name):
    z = complex_vector()
    f = functools.partial(HOLOMORPHIC[name], n=nt)
    found = nt.jacobian(f, holomorphic=True)(nt.asarray(z)).numpy()
    np.testing.assert_allclose(found, complex_differences(f, z), rtol=1e-7, atol=1e-8)
    # The other transforms fit: J t, and the conjugate transpose of J.
    t = complex_vector(1)
    _, along = nt.jvp(f, (nt.asarray(z),), (nt.asarray(t),))
    np.testing.assert_allclose(along.numpy(), found @ t, rtol=1e-12)
    value, pullback = nt.vjp(f, nt.asarray(z))
    v = np.exp(1j * np.arange(value.size)).reshape(value.shape)
    want = np.tensordot(v, found.conj(), v.ndim)
    np.testing.assert_allclose(pullback(nt.asarray(v))[0].numpy(), want, rtol=1e-12)


@pytest.mark.parametrize("name", HOLOMORPHIC)
def test_holomorphic_derivatives_are_those_of_jax(name):
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64():
        z = complex_vector()
        ours, theirs = (functools.partial(HOLOMORPHIC[name], n=n) for n in (nt, jax.numpy))
        want = jax.jacrev(theirs, holomorphic=True)(z)
        found = nt.jacobian(ours, holomorphic=True)(nt.asarray(z))
        np.testing.assert_allclose(found.numpy(), want, rtol=1e-12)
        want = jax.hessian(lambda v: jax.numpy.sum(theirs(v) ** 2), holomorphic=True)(z)
        found = nt.hessian(lambda v: nt.sum(ours(v) ** 2), holomorphic=True)(nt.asarray(z))
        np.testing.assert_allclose(found.numpy(), want, rtol=1e-12)


def test_gradient_of_a_holomorphic_function():
    z = nt.asarray(complex_vector())
    first = nt.grad(lambda v: nt.sum(v**3), holomorphic=True)
    np.testing.assert_allclose(first(z).numpy(), 3 * z.numpy() ** 2, rtol=1e-12)
    third = lambda v: nt.sum(nt.grad(lambda w: nt.sum(first(w)), holomorphic=True)(v))  # noqa: E731
    np.testing.assert_allclose(nt.grad(third, holomorphic=True)(z).numpy(), 6, rtol=1e-12)
    assert nt.jacobian(lambda v: v, holomorphic=True)(1j).item() == 1


@pytest.mark.parametrize("f", [nt.conj, lambda z: z * nt.conj(z), lambda z: nt.real(z) + 0j])
def test_what_is_not_holomorphic_is_refused(f):
    for transform in (nt.jacobian, nt.grad, nt.hessian):
        g = f if transform is nt.jacobian else (lambda z: nt.sum(f(z) * f(z)))
        with pytest.raises(ValueError, match="not complex-differentiable"):
            transform(g, holomorphic=True)(nt.asarray(complex_vector()))
    with pytest.raises(TypeError, match="complex values, not float64"):
        nt.jacobian(nt.abs, holomorphic=True)(nt.asarray(complex_vector()))
    with pytest.raises(TypeError, match="complex arguments, not float64"):
        nt.jacobian(nt.exp, holomorphic=True)(np.ones(2))
    for transform in (nt.jacobian, nt.grad, nt.hessian):
        with pytest.raises(TypeError, match="holomorphic=True"):
            transform(nt.sum)(nt.asarray(complex_vector()))
