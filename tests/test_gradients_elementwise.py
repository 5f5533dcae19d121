"""The derivative of every row of the op table."""

import gradcheck
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optable import BY_NAME, ROWS
from strategies import broadcastable, examples, recipes, seeds

import ndtape as nt

_PREDICATE = "its result is bool"
_BITS = "it acts on bits of integers"
# Rows without a derivative, each with the reason.
NO_DERIVATIVE = {
    **dict.fromkeys(
        "isnan isinf isfinite signbit equal not_equal less less_equal greater greater_equal "
        "logical_not logical_and logical_or logical_xor".split(),
        _PREDICATE,
    ),
    **dict.fromkeys(
        "bitwise_invert bitwise_and bitwise_or bitwise_xor bitwise_left_shift "
        "bitwise_right_shift".split(),
        _BITS,
    ),
}
_STEPS = "a step function: zero wherever a derivative exists"
# Rows that give floats and whose derivative is zero.
ZERO_DERIVATIVE = {
    "sign": _STEPS,
    "ceil": _STEPS,
    "floor": _STEPS,
    "trunc": _STEPS,
    "round": _STEPS,
    "floor_divide": _STEPS,
}
DIFFERENTIABLE = [r for r in ROWS if r.name not in NO_DERIVATIVE and r.name not in ZERO_DERIVATIVE]

# The second operand of these has a domain of its own.
OPERAND_DOMAINS = {"pow": ("positive", "real"), "remainder": ("real", "nonzero")}


def arguments(row, seed, shapes):
    if row.name == "where":
        condition = nt.asarray(np.random.default_rng(seed).random(shapes[0]) < 0.5)
        return (lambda a, b: nt.where(condition, a, b)), gradcheck.values(seed, shapes[1:])
    domains = OPERAND_DOMAINS.get(row.name)
    if domains:
        arrays = [
            gradcheck.values(seed + i, [s], d)[0]
            for i, (s, d) in enumerate(zip(shapes, domains, strict=True))
        ]
        return row.function, arrays
    return row.function, gradcheck.values(seed, shapes, row.domain)


def test_every_row_is_covered():
    unknown = (set(NO_DERIVATIVE) | set(ZERO_DERIVATIVE)) - set(BY_NAME)
    assert not unknown, f"listed as without derivative, but gone: {unknown}"
    assert len(DIFFERENTIABLE) + len(NO_DERIVATIVE) + len(ZERO_DERIVATIVE) == len(ROWS)


@pytest.mark.parametrize("row", DIFFERENTIABLE, ids=repr)
def test_plain(row):
    f, arrays = arguments(row, 1, [(2, 3)] * row.arity)
    gradcheck.check(f, *arrays)


@examples(8)
@pytest.mark.parametrize("row", DIFFERENTIABLE, ids=repr)
@given(data=st.data())
def test_shapes_broadcasting_and_layouts(row, data):
    shapes = data.draw(broadcastable(row.arity, max_dims=3, max_side=3))
    f, arrays = arguments(row, data.draw(seeds), list(shapes))
    laid_out = [data.draw(recipes(a.ndim, repeated=False)) for a in arrays]
    gradcheck.check(f, *arrays, recipes=laid_out)


@examples(4)
@pytest.mark.parametrize("row", [r for r in DIFFERENTIABLE if r.complex], ids=repr)
@given(data=st.data())
def test_complex_numbers(row, data):
    shapes = data.draw(broadcastable(row.arity, max_dims=2, max_side=2))
    f, arrays = arguments(row, data.draw(seeds), list(shapes))
    arrays = gradcheck.with_imaginary_parts(arrays)
    laid_out = [data.draw(recipes(a.ndim, repeated=False)) for a in arrays]
    gradcheck.check(f, *arrays, recipes=laid_out)


@pytest.mark.parametrize("name", NO_DERIVATIVE)
def test_no_derivative_is_recorded(name):
    row = BY_NAME[name]
    if NO_DERIVATIVE[name] == _BITS:
        with pytest.raises(TypeError):
            row.function(*[nt.ones(2)] * row.arity)
        return
    x = nt.tensor([1.0, 2.0], requires_grad=True)
    y = row.function(*[x] * row.arity)
    assert y.dtype == nt.bool
    assert not y.requires_grad


@pytest.mark.parametrize("name", ZERO_DERIVATIVE)
def test_zero_derivative(name):
    """Such a row may stand inside a differentiable function and adds nothing."""
    row = BY_NAME[name]
    x = nt.tensor([-1.7, 0.4, 2.6], dtype=nt.float64, requires_grad=True)
    y = nt.tensor([0.7, -1.3, 0.9], dtype=nt.float64, requires_grad=True)
    inputs = [x, y][: row.arity]
    (nt.sum(row.function(*inputs)) + nt.sum(x * x) + nt.sum(y * y)).backward()
    np.testing.assert_array_equal(x.grad.numpy(), 2 * x.detach().numpy())
    np.testing.assert_array_equal(y.grad.numpy(), 2 * y.detach().numpy())


@pytest.mark.parametrize("row", DIFFERENTIABLE, ids=repr)
def test_float32_gradients_are_float32(row):
    f, arrays = arguments(row, 2, [(3,)] * row.arity)
    narrow = [nt.tensor(a.astype(np.float32), requires_grad=True) for a in arrays]
    nt.sum(f(*narrow)).backward()
    wide = [nt.tensor(a, requires_grad=True) for a in arrays]
    nt.sum(f(*wide)).backward()
    for n, w in zip(narrow, wide, strict=True):
        assert n.grad.dtype == nt.float32
        np.testing.assert_allclose(n.grad.numpy(), w.grad.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("row", [r for r in DIFFERENTIABLE if r.arity == 2], ids=repr)
def test_one_operand_of_two(row):
    """Only the operand that records gets a gradient; scalars on either side work."""
    f, (a, b) = arguments(row, 3, [(3,), (3,)])
    for which in (0, 1):
        tensors = [nt.tensor(a), nt.tensor(b)]
        tensors[which].requires_grad = True
        nt.sum(f(*tensors)).backward()
        assert tensors[which].grad is not None
        assert tensors[1 - which].grad is None
    gradcheck.check(lambda x: f(x, 1.25), a)
    gradcheck.check(lambda x: f(1.25, x), b)


@pytest.mark.parametrize("row", [r for r in DIFFERENTIABLE if r.arity == 2], ids=repr)
def test_the_same_tensor_twice(row):
    domain = "positive" if row.name in ("pow", "divide", "floor_divide") else row.domain
    if row.name in ("maximum", "minimum", "remainder"):
        return  # at ties: see test_ties
    (x,) = gradcheck.values(4, [(3,)], domain)
    gradcheck.check(lambda t: row.function(t, t), x)


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_ties(name):
    """Two equal operands share the gradient."""
    x = nt.tensor([1.0, 2.0], requires_grad=True)
    y = nt.tensor([1.0, 2.0], requires_grad=True)
    nt.sum(getattr(nt, name)(x, y)).backward()
    assert x.grad.tolist() == [0.5, 0.5]
    assert y.grad.tolist() == [0.5, 0.5]


def test_conventions_at_kinks():
    def slope(f, at):
        return nt.grad(lambda x: nt.sum(f(x)))(nt.tensor([at])).item()

    assert slope(nt.abs, 0.0) == 0
    assert slope(nt.relu, 0.0) == 0
    assert slope(nt.square, 0.0) == 0
    assert slope(nt.sqrt, 0.0) == float("inf")


@pytest.mark.parametrize(
    ("f", "at"),
    [
        (lambda x: x**0, 0.0),
        (lambda x: x**2, 0.0),
        (lambda x: x**3.0, -2.0),
        (nt.sigmoid, 1000.0),
        (nt.sigmoid, -1000.0),
        (nt.softplus, 1000.0),
        (nt.softplus, -1000.0),
        (nt.tanh, 1000.0),
        (nt.gelu, 100.0),
        (nt.gelu, -100.0),
        (nt.erf, 100.0),
        (lambda x: nt.logaddexp(x, -x), 1000.0),
    ],
)
def test_no_nan_where_the_derivative_is_finite(f, at):
    x = nt.tensor(at, dtype=nt.float64)
    assert np.isfinite(nt.grad(f)(x).item())
    assert np.isfinite(nt.grad(nt.grad(f))(x).item())


def test_powers_of_negative_bases():
    for exponent, want in [(2, -6.0), (3, 27.0), (1, 1.0), (-1, -1 / 9)]:
        x = nt.tensor(-3.0, dtype=nt.float64, requires_grad=True)
        (x**exponent).backward()
        assert x.grad.item() == pytest.approx(want)


@given(seeds)
def test_integers_do_not_record(seed):
    x = nt.tensor([1.0, 2.0], requires_grad=True)
    i = nt.asarray(np.random.default_rng(seed).integers(1, 5, 2).astype(np.int32))
    y = x * nt.astype(i, nt.float32)
    assert y.requires_grad
    assert not nt.astype(x, nt.int32).requires_grad
    assert not (i * 2).requires_grad
