"""Random expressions, differentiated by others too: PyTorch and HIPS autograd, where installed."""

import functools
import importlib.util
import operator

import numpy as np
import pytest
from hypothesis import given
from strategies import examples, seeds

import ndtape as nt

UNARY = ("sin", "cos", "tanh", "exp", "sigmoid", "square", "abs", "log1p", "sqrt", "negative")
BINARY = ("add", "subtract", "multiply", "divide", "maximum", "where", "matmul", "hypot")
REDUCE = ("sum", "mean", "max", "prod", "var", "logsumexp")
SHAPE = ("T", "row", "flip", "reshape", "concat", "broadcast")


def program(seed):
    """A list of steps, each (operation, which earlier value or values, a number)."""
    rng = np.random.default_rng(seed)
    shapes = [(3, 4), (4,), (3, 1)]
    steps = []
    for _ in range(rng.integers(3, 12)):
        group = rng.choice(4, p=[0.35, 0.35, 0.15, 0.15])
        i, j = (int(rng.integers(len(shapes))) for _ in range(2))
        number = float(np.round(rng.uniform(0.5, 1.5), 2))
        a, b = shapes[i], shapes[j]
        name = str(rng.choice((UNARY, BINARY, REDUCE, SHAPE)[group]))
        if group == 1:
            if name == "matmul":
                if len(a) != 2:
                    continue
                made = (a[0], a[0])
            else:
                try:
                    made = np.broadcast_shapes(a, b)
                except ValueError:
                    continue
        elif group == 2:
            if not a or 0 in a:
                continue
            made = a[:-1]
        elif group == 3:
            if name in ("T", "flip", "concat") and not a:
                continue
            made = {
                "T": a[::-1],
                "row": a[1:] if a else a,
                "flip": a,
                "reshape": (int(np.prod(a)),),
                "concat": (2 * a[0], *a[1:]) if a else a,
                "broadcast": (2, *a),
            }[name]
        else:
            made = a
        if len(made) > 3 or np.prod(made) > 64:
            continue
        steps.append((name, i, j, number))
        shapes.append(tuple(int(n) for n in made))
    return steps


class Ndtape:
    """The vocabulary in which the steps are written, for ndtape."""

    @staticmethod
    def unary(name, x):
        return getattr(nt, name)(x)

    concat, broadcast, flip, where, hypot = nt.concat, nt.broadcast_to, nt.flip, nt.where, nt.hypot
    maximum, logsumexp, var, prod, max = nt.maximum, nt.logsumexp, nt.var, nt.prod, nt.max


def evaluate(steps, inputs, lib):
    values = list(inputs)
    for name, i, j, k in steps:
        x, y = values[i], values[j]
        if name in UNARY:
            # Kept in the domains, and away from overflow.
            z = lib.unary("tanh", x * k)
            if name in ("log1p", "sqrt"):
                z = z * z + 0.5
            values.append(lib.unary(name, z))
        elif name == "add":
            values.append(x + k * y)
        elif name == "subtract":
            values.append(k * x - y)
        elif name == "multiply":
            values.append(x * y)
        elif name == "divide":
            values.append(x / (y * y + k))
        elif name == "maximum":
            values.append(lib.maximum(x, y * k + 0.01))
        elif name == "where":
            values.append(lib.where(x * k > y + 0.001, x + y, y * x))
        elif name == "hypot":
            values.append(lib.unary("sqrt", x * x + y * y + k))
        elif name == "matmul":
            values.append((x @ x.T) * 0.1)
        elif name in ("sum", "mean"):
            values.append(getattr(x, name)(-1) * k)
        elif name in REDUCE:
            values.append(getattr(lib, name)(lib.unary("tanh", x), -1))
        elif name == "T":
            values.append(lib.transpose(x) if hasattr(lib, "transpose") else x.T)
        elif name == "row":
            values.append(x[0] if len(x.shape) else x * k)
        elif name == "flip":
            values.append(lib.flip(x, [0] if lib is not Ndtape else 0))
        elif name == "reshape":
            values.append(x.reshape((-1,)) * k)
        elif name == "concat":
            values.append(lib.concat([x, x * k], 0))
        elif name == "broadcast":
            values.append(lib.broadcast(x, (2, *tuple(x.shape))))
    total = 0.0
    for n, value in enumerate(values[-3:]):
        total = total + (lib.unary("sin", value) * (n + 1)).sum()
    return total


def inputs_for(seed):
    rng = np.random.default_rng(seed + 1)
    return [rng.uniform(-1.5, 1.5, shape) for shape in ((3, 4), (4,), (3, 1))]


def ours(steps, arrays):
    tensors = [nt.tensor(a, requires_grad=True) for a in arrays]
    first = nt.autograd.grad(
        evaluate(steps, tensors, Ndtape), tensors, create_graph=True, allow_unused=True
    )
    found = [nt.zeros_like(x) if g is None else g for x, g in zip(tensors, first, strict=True)]
    bend = sum(nt.sum(g * g) for g in found)
    second = [None] * len(tensors)
    if bend.requires_grad:
        second = nt.autograd.grad(bend, tensors, allow_unused=True)
    return (
        [g.detach().numpy() for g in found],
        [
            np.zeros(a.shape) if g is None else g.numpy()
            for a, g in zip(arrays, second, strict=True)
        ],
    )


def agree(got, want):
    for g, w in zip(got, want, strict=True):
        scale = max(1.0, np.abs(w).max(initial=0.0))
        np.testing.assert_allclose(g / scale, w / scale, rtol=1e-8, atol=1e-8)


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")
@examples(200)
@given(seeds)
def test_against_pytorch(seed):
    import torch

    class Torch:
        @staticmethod
        def unary(name, x):
            return getattr(torch, name)(x)

        concat, broadcast, flip, where = torch.concat, torch.broadcast_to, torch.flip, torch.where
        maximum, logsumexp, prod = torch.maximum, torch.logsumexp, torch.prod
        max = staticmethod(lambda x, axis: torch.amax(x, axis))
        var = staticmethod(lambda x, axis: torch.var(x, axis, correction=0))
        transpose = staticmethod(lambda x: x.permute(*range(x.ndim)[::-1]))

    steps, arrays = program(seed), inputs_for(seed)
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    first = torch.autograd.grad(
        evaluate(steps, tensors, Torch), tensors, create_graph=True, allow_unused=True
    )
    found = [torch.zeros_like(x) if g is None else g for x, g in zip(tensors, first, strict=True)]
    bend = sum((g * g).sum() for g in found)
    second = [None] * len(tensors)
    if bend.requires_grad:
        second = torch.autograd.grad(bend, tensors, allow_unused=True)
    got_first, got_second = ours(steps, arrays)
    agree(got_first, [g.detach().numpy() for g in found])
    agree(
        got_second,
        [
            np.zeros(a.shape) if g is None else g.numpy()
            for a, g in zip(arrays, second, strict=True)
        ],
    )


@pytest.mark.skipif(importlib.util.find_spec("autograd") is None, reason="autograd is missing")
@examples(100)
@given(seeds)
def test_against_hips_autograd(seed):
    import autograd
    import autograd.numpy as anp
    from autograd.scipy.special import logsumexp

    class Hips:
        @staticmethod
        def unary(name, x):
            if name == "sigmoid":
                return 1 / (1 + anp.exp(-x))
            return getattr(anp, name)(x)

        where, maximum = anp.where, anp.maximum
        broadcast = staticmethod(lambda x, shape: x * anp.ones(shape))
        concat, max, var = anp.concatenate, anp.max, anp.var

        @staticmethod
        def prod(x, axis):  # its own divides by zeros
            return functools.reduce(operator.mul, [x[..., i] for i in range(x.shape[axis])])

        flip = staticmethod(lambda x, axis: x[::-1])
        logsumexp = staticmethod(lambda x, axis: logsumexp(x, axis))

    steps, arrays = program(seed), inputs_for(seed)
    gradient = autograd.grad(lambda xs: evaluate(steps, xs, Hips))(arrays)
    agree(ours(steps, arrays)[0], gradient)
