"""nt.testing.gradcheck and gradgradcheck: right rules pass, wrong ones are named."""

import numpy as np
import pytest
from strategies import random_values

import ndtape as nt


class Cube(nt.autograd.Function):
    """Right at first order; `slope` and `bend` make it wrong at first or second order."""

    slope, bend, tangent = 3.0, True, 3.0

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @classmethod
    def vjp(cls, ctx, g):
        (x,) = ctx.saved_tensors
        return cls.slope * g * (x if cls.bend else x.detach()) ** 2

    @classmethod
    def jvp(cls, ctx, t):
        (x,) = ctx.saved_tensors
        return cls.tangent * t * x**2


class WrongSlope(Cube):
    slope = 2.0


class WrongBend(Cube):
    bend = False


class WrongTangent(Cube):
    tangent = -3.0


X = np.array([0.5, -1.2, 2.0])


def test_right_rules_pass():
    nt.testing.gradcheck(Cube.apply, X)
    nt.testing.gradgradcheck(Cube.apply, (nt.asarray(X),))
    nt.testing.gradcheck(WrongTangent.apply, X, forward=False)


def test_wrong_rules_are_named():
    with pytest.raises(AssertionError, match=r"gradient of input 0 is .* at \(0,\).*3 of 3"):
        nt.testing.gradcheck(WrongSlope.apply, X)
    nt.testing.gradcheck(WrongBend.apply, X)
    with pytest.raises(AssertionError, match="gradient of input 0"):
        nt.testing.gradgradcheck(WrongBend.apply, X)
    with pytest.raises(AssertionError, match="along a tangent"):
        nt.testing.gradcheck(WrongTangent.apply, X)


def test_containers_and_other_arguments():
    def f(p, n, name):
        assert name == "name"
        return {"a": p["w"] * n, "b": [nt.sum(p["w"] ** 2) * p["b"]]}

    inputs = ({"w": X, "b": nt.tensor(2.0, dtype=nt.float64)}, 3, "name")
    nt.testing.gradcheck(f, inputs)
    nt.testing.gradgradcheck(f, inputs)


@pytest.mark.parametrize(
    "f",
    [
        nt.exp,
        nt.sin,
        nt.abs,
        nt.square,
        lambda z: nt.real(z) * nt.imag(z),
        lambda z: z * nt.conj(z),
        lambda z: nt.sum(z * z),
        lambda z: z @ nt.conj(z),
        lambda z: nt.astype(nt.real(z), nt.complex128) * z,
    ],
)
def test_complex_functions(f):
    z = random_values(3, 4, "complex128", "unit") + (0.5 + 0.3j)
    nt.testing.gradcheck(f, z)
    nt.testing.gradgradcheck(f, z)


def test_mixed_real_and_complex():
    z = random_values(3, 4, "complex128", "unit")
    nt.testing.gradcheck(lambda x, z: x * z + nt.exp(z) / x, (X[:1] + 1, z))
    nt.testing.gradgradcheck(lambda x, z: x * z + nt.exp(z) / x, (X[:1] + 1, z))


def test_misuse():
    with pytest.raises(TypeError, match="gradcheck: no input is a float64 or complex128"):
        nt.testing.gradcheck(nt.sin, nt.ones(2))
    with pytest.raises(ZeroDivisionError):
        nt.testing.gradcheck(lambda x: 1 // 0, X)
