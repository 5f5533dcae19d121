"""Activations as layers."""

from __future__ import annotations

from ndtape._core import Tensor
from ndtape.nn import _elementary as f
from ndtape.nn._checks import number
from ndtape.nn.module import Module

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "Hardswish",
    "LeakyReLU",
    "LogSoftmax",
    "Mish",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
]


class ReLU(Module):
    """``max(x, 0)``."""

    def forward(self, x: Tensor) -> Tensor:
        """Of x's shape."""
        return f.relu(x)


class LeakyReLU(Module):
    """``x`` where it is positive, ``slope * x`` elsewhere.

    Parameters
    ----------
    slope : float, optional
        Of the negative side.
    """

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = number("slope", slope)

    def forward(self, x: Tensor) -> Tensor:
        """Of x's shape."""
        return f.leaky_relu(x, self.slope)

    def _describe(self) -> str:
        return f"{self.slope:g}"


class ELU(Module):
    """``x`` where it is positive, ``alpha * (exp(x) - 1)`` elsewhere.

    Parameters
    ----------
    alpha : float, optional
        Minus the limit at minus infinity.
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = number("alpha", alpha)

    def forward(self, x: Tensor) -> Tensor:
        """Of x's shape."""
        return f.elu(x, self.alpha)

    def _describe(self) -> str:
        return f"{self.alpha:g}"


class SELU(Module):
    """Scaled ELU."""

    def forward(self, x: Tensor) -> Tensor:
        """Of x's shape."""
        return f.selu(x)


class GELU(Module):
    """``x`` times the normal distribution function of x."""

    def forward(self, x: Tensor) -> Tensor:
        """Of x's shape."""
        return f.gelu(x)


class SiLU(Module):
    """``x * sigmoid(x)``."""

    def forward(self, x: Tensor) -> Tensor:
        """Of x's shape."""
        return f.silu(x)


class Mish(Module):
    """``x * tanh(softplus(x))``."""

    def forward(self, x: Tensor) -> Tensor:
        """Of x's shape."""
        return f.mish(x)


class Hardswish(Module):
    """``x * (x + 3) / 6`` with the factor cut to the range from 0 to 1."""

    def forward(self, x: Tensor) -> Tensor:
        """Of x's shape."""
        return f.hardswish(x)


class Sigmoid(Module):
    """``1 / (1 + exp(-x))``."""

    def forward(self, x: Tensor) -> Tensor:
        """Of x's shape."""
        return f.sigmoid(x)


class Tanh(Module):
    """The hyperbolic tangent."""

    def forward(self, x: Tensor) -> Tensor:
        """Of x's shape."""
        return f.tanh(x)


class Softplus(Module):
    """``log(1 + exp(x))``."""

    def forward(self, x: Tensor) -> Tensor:
        """Of x's shape."""
        return f.softplus(x)


class Softmax(Module):
    """Exponentials divided by their sum.

    Parameters
    ----------
    axis : int, optional
        Along which the result sums to 1.
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Tensor) -> Tensor:
        """Of x's shape."""
        return f.softmax(x, self.axis)

    def _describe(self) -> str:
        return f"axis={self.axis}"


class LogSoftmax(Module):
    """Logarithm of softmax.

    Parameters
    ----------
    axis : int, optional
        Along which the exponentials of the result sum to 1.
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Tensor) -> Tensor:
        """Of x's shape."""
        return f.log_softmax(x, self.axis)

    def _describe(self) -> str:
        return f"axis={self.axis}"
