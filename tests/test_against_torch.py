"""The same functions differentiated by PyTorch in float64."""

import numpy as np
import pytest
from hypothesis import given
from strategies import examples, seeds

import ndtape as nt

torch = pytest.importorskip("torch", reason="PyTorch is not installed: nothing to compare with")


def relative(got, want):
    got, want = np.asarray(got), np.asarray(want)
    return np.abs(got - want).max() / max(np.abs(want).max(), 1e-30)


def test_mlp_loss():
    """Softmax cross-entropy of a two-layer network: value and gradients to 1e-6 relative."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((32, 20))
    labels = rng.integers(0, 5, 32)
    params = {
        "w1": rng.standard_normal((20, 16)) * 0.3,
        "b1": rng.standard_normal(16) * 0.1,
        "w2": rng.standard_normal((16, 5)) * 0.3,
        "b2": rng.standard_normal(5) * 0.1,
    }

    def loss(p):
        hidden = nt.tanh(nt.asarray(x) @ p["w1"] + p["b1"])
        logits = hidden @ p["w2"] + p["b2"]
        log_p = logits - nt.logsumexp(logits, axis=1, keepdims=True)
        picked = nt.take_along_axis(log_p, nt.asarray(labels)[:, None], axis=1)
        return -nt.mean(picked)

    value, gradient = nt.value_and_grad(loss)({k: nt.asarray(v) for k, v in params.items()})

    theirs = {k: torch.tensor(v, requires_grad=True) for k, v in params.items()}
    hidden = torch.tanh(torch.tensor(x) @ theirs["w1"] + theirs["b1"])
    logits = hidden @ theirs["w2"] + theirs["b2"]
    want = torch.nn.functional.cross_entropy(logits, torch.tensor(labels))
    want.backward()

    assert abs(value.item() - want.item()) <= 1e-6 * abs(want.item())
    for name in params:
        assert relative(gradient[name].numpy(), theirs[name].grad.numpy()) <= 1e-6


# Steps of a random program: (name here, name there), arity. Arguments are kept in (0.1, 2).
_UNARY = [
    (nt.exp, torch.exp),
    (nt.log, torch.log),
    (nt.sin, torch.sin),
    (nt.cos, torch.cos),
    (nt.tanh, torch.tanh),
    (nt.sqrt, torch.sqrt),
    (nt.sigmoid, torch.sigmoid),
    (nt.softplus, torch.nn.functional.softplus),
    (nt.gelu, torch.nn.functional.gelu),
    (nt.erf, torch.erf),
    (nt.square, torch.square),
    (nt.reciprocal, torch.reciprocal),
    (nt.expm1, torch.expm1),
    (nt.log1p, torch.log1p),
    (nt.atan, torch.atan),
    (nt.asinh, torch.asinh),
]
_BINARY = [
    (nt.add, torch.add),
    (nt.subtract, torch.subtract),
    (nt.multiply, torch.multiply),
    (nt.divide, torch.divide),
    (nt.pow, torch.pow),
    (nt.maximum, torch.maximum),
    (nt.minimum, torch.minimum),
    (nt.hypot, torch.hypot),
    (nt.atan2, torch.atan2),
    (nt.logaddexp, torch.logaddexp),
    (nt.matmul, torch.matmul),
]
_SHAPED = [
    (lambda x: x.T, lambda x: x.T),
    (lambda x: nt.flip(x, axis=0), lambda x: torch.flip(x, (0,))),
    (lambda x: x[::2, 1:], lambda x: x[::2, 1:]),
    (lambda x: nt.sum(x, axis=1, keepdims=True), lambda x: torch.sum(x, 1, keepdim=True)),
    (lambda x: nt.mean(x, axis=0), lambda x: torch.mean(x, 0)),
    (
        lambda x: nt.var(x, axis=0, correction=0),
        lambda x: torch.var(x, 0, correction=0),
    ),
    (lambda x: nt.logsumexp(x, axis=1), lambda x: torch.logsumexp(x, 1)),
    (lambda x: nt.max(x, axis=1), lambda x: torch.amax(x, 1)),
    (lambda x: nt.prod(x, axis=0), lambda x: torch.prod(x, 0)),
    (lambda x: nt.roll(x, (1, 2), axis=(0, 1)), lambda x: torch.roll(x, (1, 2), (0, 1))),
    (lambda x: nt.concat([x, x * 2], axis=0), lambda x: torch.concat([x, x * 2], 0)),
    (
        lambda x: nt.where(x > 1, x * x, nt.sin(x)),
        lambda x: torch.where(x > 1, x * x, torch.sin(x)),
    ),
    (lambda x: nt.clip(x, 0.5, 1.5), lambda x: torch.clip(x, 0.5, 1.5)),
    (
        lambda x: nt.take(x, nt.asarray(np.array([2, 0, 2])), axis=1),
        lambda x: torch.index_select(x, 1, torch.tensor([2, 0, 2])),
    ),
]


def _ours_and_theirs(which, x, y):
    """A random program of either library: `which` is 0 for ours, 1 for PyTorch's."""
    tame = (nt, torch)[which].sigmoid

    def program(rng):
        values = [x, y]
        for _ in range(rng.integers(3, 9)):
            kind = rng.random()
            a = values[rng.integers(len(values))]
            b = values[rng.integers(len(values))]
            if kind < 0.45:
                new = _UNARY[rng.integers(len(_UNARY))][which](a)
            else:
                new = _BINARY[rng.integers(len(_BINARY))][which](a, b)
            values.append(tame(new) * 1.8 + 0.1)
        out = _SHAPED[rng.integers(len(_SHAPED))][which](values[-1])
        return (out * out).sum() + (values[-2] * values[-1]).sum()

    return program


@examples(60)
@given(seeds)
def test_random_programs(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0.2, 1.9, (2, 4, 4))
    found = []
    for which, make in enumerate(
        (
            lambda a: nt.tensor(a, requires_grad=True),
            lambda a: torch.tensor(a, requires_grad=True),
        )
    ):
        tx, ty = make(x), make(y)
        value = _ours_and_theirs(which, tx, ty)(np.random.default_rng(seed + 1))
        value.backward()
        grads = [np.zeros((4, 4)) if t.grad is None else t.grad.numpy() for t in (tx, ty)]
        found.append((value.item(), *grads))
    (v, gx, gy), (wv, wx, wy) = found
    assert v == pytest.approx(wv, rel=1e-10)
    np.testing.assert_allclose(gx, wx, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(gy, wy, rtol=1e-8, atol=1e-10)


@examples(20)
@given(seeds)
def test_second_derivatives_of_random_programs(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0.2, 1.9, (2, 4, 4))

    ty = nt.asarray(y)
    g = nt.grad(lambda a: nt.sum(nt.grad(_program_of(0, ty, seed))(a) ** 2))(nt.asarray(x))

    px, py = torch.tensor(x, requires_grad=True), torch.tensor(y)
    value = _program_of(1, py, seed)(px)
    if not value.requires_grad:  # the program does not use x
        assert np.all(g.numpy() == 0)
        return
    (first,) = torch.autograd.grad(value, px, create_graph=True)
    (second,) = torch.autograd.grad((first**2).sum(), px)
    np.testing.assert_allclose(g.numpy(), second.numpy(), rtol=1e-7, atol=1e-9)


def _program_of(which, y, seed):
    return lambda a: _ours_and_theirs(which, a, y)(np.random.default_rng(seed + 1))
