"""Layers of single rows: dense ones, embeddings, dropout, reshaping."""

from __future__ import annotations

import math

from ndtape import _core
from ndtape._core import Tensor
from ndtape.nn import _elementary as f
from ndtape.nn import init
from ndtape.nn._checks import integer, number, tensor
from ndtape.nn.module import Module

__all__ = ["Dropout", "Embedding", "Flatten", "Linear"]


def parameter(*shape: int) -> Tensor:
    """Return a parameter of the default float dtype, its values not set."""
    x = _core.empty(shape)
    x.requires_grad = True
    return x


def uniform_parameter(bound: float, *shape: int) -> Tensor:
    """Return a parameter of uniform numbers from -bound to bound."""
    return init.uniform_(parameter(*shape), -bound, bound)


class Linear(Module):
    """``x @ weight.T + bias``.

    Parameters
    ----------
    inputs, outputs : int
        Lengths of the last axis before and after.
    bias : bool, optional
        Whether there is a bias.

    Attributes
    ----------
    weight : Tensor
        Of shape ``(outputs, inputs)``; uniform in ``+-1 / sqrt(inputs)`` at first, as the bias is.
    bias : Tensor or None
        Of shape ``(outputs,)``.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.Linear(3, 2)(nt.ones((5, 3))).shape
    (5, 2)
    """

    def __init__(self, inputs: int, outputs: int, *, bias: bool = True) -> None:
        self.inputs, self.outputs = integer("inputs", inputs), integer("outputs", outputs)
        bound = 1 / math.sqrt(inputs)
        self.weight = uniform_parameter(bound, outputs, inputs)
        self.bias = uniform_parameter(bound, outputs) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Of shape ``(..., outputs)`` for x of shape ``(..., inputs)``."""
        return f.linear(x, self.weight, self.bias)

    def _describe(self) -> str:
        return f"{self.inputs}, {self.outputs}" + ("" if self.bias is not None else ", bias=False")


class Embedding(Module):
    """A table of rows that are looked up by index.

    Parameters
    ----------
    entries : int
        Number of rows.
    features : int
        Length of a row.

    Attributes
    ----------
    weight : Tensor
        Of shape ``(entries, features)``; standard normal at first.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.Embedding(10, 4)(nt.tensor([[1, 2, 9]])).shape
    (1, 3, 4)
    """

    def __init__(self, entries: int, features: int) -> None:
        self.entries, self.features = integer("entries", entries), integer("features", features)
        self.weight = init.normal_(parameter(entries, features))

    def forward(self, indices: Tensor) -> Tensor:
        """Of shape ``(*indices.shape, features)``."""
        return f.embedding(indices, self.weight)

    def _describe(self) -> str:
        return f"{self.entries}, {self.features}"


class Dropout(Module):
    """Zeroes elements by chance in training, and scales the rest.

    Parameters
    ----------
    p : float, optional
        The chance of an element to be zeroed.

    References
    ----------
    N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting",
    JMLR 15, 2014.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.Dropout(0.5).eval()(nt.ones(3))
    tensor([1., 1., 1.])
    """

    def __init__(self, p: float = 0.5) -> None:
        self.p = number("p", p, 0, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Of x's shape."""
        return f.dropout(x, self.p, training=self.training)

    def _describe(self) -> str:
        return f"{self.p:g}"


class Flatten(Module):
    """Makes one axis of all but the first.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.Flatten()(nt.ones((5, 2, 3))).shape
    (5, 6)
    """

    def forward(self, x: Tensor) -> Tensor:
        """Of shape ``(n, ...)``, flattened to two axes."""
        x = tensor("Flatten", "x", x)
        if x.ndim < 1:
            raise ValueError(f"Flatten: x of shape {x.shape}, expected at least one axis")
        return _core.reshape(x, (x.shape[0], math.prod(x.shape[1:])))
