"""Functions of single values and of rows."""

from __future__ import annotations

from ndtape import _core, random
from ndtape._core import Tensor, gelu, log_softmax, relu, sigmoid, softmax, softplus, tanh
from ndtape.nn._checks import floating, integer, number, tensor

__all__ = [
    "dropout",
    "elu",
    "embedding",
    "gelu",
    "hardsigmoid",
    "hardswish",
    "leaky_relu",
    "linear",
    "log_softmax",
    "mish",
    "one_hot",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "tanh",
]

_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``x @ weight.T + bias``.

    Parameters
    ----------
    x : Tensor
        Of shape ``(..., inputs)``.
    weight : Tensor
        Of shape ``(outputs, inputs)``.
    bias : Tensor, optional
        Of shape ``(outputs,)``.

    Returns
    -------
    Tensor
        Of shape ``(..., outputs)``.

    Raises
    ------
    ValueError
        When the last axis of x has not the length that the weight wants.

    Examples
    --------
    >>> import ndtape as nt
    >>> F = nt.nn.functional
    >>> F.linear(nt.tensor([1.0, 2.0]), nt.tensor([[3.0, 4.0]]), nt.tensor([0.5]))
    tensor([11.5])
    """
    x = floating("linear", "x", x)
    if weight.ndim != 2 or x.ndim == 0 or x.shape[-1] != weight.shape[1]:
        raise ValueError(
            f"linear: x of shape {x.shape} for a weight of shape {weight.shape}, expected a last "
            f"axis of {weight.shape[-1] if weight.ndim else '(outputs, inputs)'}"
        )
    y = x @ weight.T
    return y if bias is None else y + bias


def leaky_relu(x: Tensor, slope: float = 0.01) -> Tensor:
    """``x`` where it is positive, ``slope * x`` elsewhere.

    Parameters
    ----------
    x : Tensor
        Of a float dtype.
    slope : float, optional
        On the left.

    Returns
    -------
    Tensor
        Of x's shape.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.functional.leaky_relu(nt.tensor([-2.0, 3.0]), slope=0.5)
    tensor([-1.,  3.])
    """
    x = tensor("leaky_relu", "x", x)
    return _core.where(x > 0, x, slope * x)


def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """``x`` where it is positive, ``alpha * (exp(x) - 1)`` elsewhere.

    Parameters
    ----------
    x : Tensor
        Of a float dtype.
    alpha : float, optional
        Minus the limit on the left.

    Returns
    -------
    Tensor
        Of x's shape.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.functional.elu(nt.tensor([-nt.inf, 3.0]))
    tensor([-1.,  3.])
    """
    # Where x is positive the other branch is not to overflow, nor its derivative.
    x = tensor("elu", "x", x)
    return _core.where(x > 0, x, alpha * _core.expm1(_core.where(x > 0, 0, x)))


def selu(x: Tensor) -> Tensor:
    """ELU scaled so that means and variances pass through deep networks unchanged [1]_.

    Parameters
    ----------
    x : Tensor
        Of a float dtype.

    Returns
    -------
    Tensor
        Of x's shape.

    References
    ----------
    .. [1] G. Klambauer et al., "Self-normalizing neural networks", NIPS 2017.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.functional.selu(nt.tensor([0.0]))
    tensor([0.])
    """
    x = tensor("selu", "x", x)
    return _SELU_SCALE * elu(x, _SELU_ALPHA)


def silu(x: Tensor) -> Tensor:
    """``x * sigmoid(x)``, also known as swish.

    Parameters
    ----------
    x : Tensor
        Of a float dtype.

    Returns
    -------
    Tensor
        Of x's shape.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.functional.silu(nt.tensor([0.0, 100.0]))
    tensor([  0., 100.])
    """
    x = tensor("silu", "x", x)
    return x * sigmoid(x)


def mish(x: Tensor) -> Tensor:
    """``x * tanh(softplus(x))``.

    Parameters
    ----------
    x : Tensor
        Of a float dtype.

    Returns
    -------
    Tensor
        Of x's shape.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.functional.mish(nt.tensor([0.0, 100.0]))
    tensor([  0., 100.])
    """
    x = tensor("mish", "x", x)
    return x * tanh(softplus(x))


def hardsigmoid(x: Tensor) -> Tensor:
    """``(x + 3) / 6``, cut to the range from 0 to 1.

    Parameters
    ----------
    x : Tensor
        Of a float dtype.

    Returns
    -------
    Tensor
        Of x's shape.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.functional.hardsigmoid(nt.tensor([-4.0, 0.0, 4.0]))
    tensor([0. , 0.5, 1. ])
    """
    x = tensor("hardsigmoid", "x", x)
    return _core.clip((x + 3) / 6, 0, 1)


def hardswish(x: Tensor) -> Tensor:
    """``x * hardsigmoid(x)``.

    Parameters
    ----------
    x : Tensor
        Of a float dtype.

    Returns
    -------
    Tensor
        Of x's shape.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.functional.hardswish(nt.tensor([-4.0, 0.0, 4.0]))
    tensor([-0.,  0.,  4.])
    """
    x = tensor("hardswish", "x", x)
    return x * hardsigmoid(x)


def dropout(x: Tensor, p: float = 0.5, *, training: bool = True) -> Tensor:
    """Zero elements by chance and scale the rest, so that the mean stays the same.

    Parameters
    ----------
    x : Tensor
        Of a float dtype.
    p : float, optional
        The chance of an element to be zeroed, from 0 to 1.
    training : bool, optional
        When false, x is returned as it is.

    Returns
    -------
    Tensor
        Of x's shape.

    Raises
    ------
    ValueError
        When p is not a probability.

    Examples
    --------
    >>> import ndtape as nt
    >>> y = nt.nn.functional.dropout(nt.ones(1000), 0.5)
    >>> sorted(set(y.tolist()))
    [0.0, 2.0]
    """
    x = floating("dropout", "x", x)
    number("p", p, 0, 1)
    if not training or p == 0:
        return x
    if p == 1:
        return x * 0
    keep = random.bernoulli(1 - p, size=x.shape, dtype=x.dtype)
    return x * (keep * (1 / (1 - p)))


def embedding(indices: Tensor, weight: Tensor) -> Tensor:
    """Rows of a table, one for each index.

    Parameters
    ----------
    indices : Tensor
        Of an integer dtype and any shape, from 0 to ``entries - 1``.
    weight : Tensor
        Of shape ``(entries, features)``.

    Returns
    -------
    Tensor
        Of shape ``(*indices.shape, features)``.

    Raises
    ------
    IndexError
        When an index is out of range.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.functional.embedding(nt.tensor([1, 0]), nt.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[3., 4.],
            [1., 2.]])
    """
    indices = tensor("embedding", "indices", indices)
    if indices.dtype in (_core.bool, _core.float32, _core.float64):
        raise TypeError(f"embedding: indices of dtype {indices.dtype}, expected integers")
    entries = weight.shape[0]
    outside = (indices < 0) | (indices >= entries)
    if bool(_core.any(outside)):
        wrong = indices[outside].tolist()[0]
        raise IndexError(f"embedding: index {wrong} is out of range for {entries} entries")
    return _core.take(weight, indices, axis=0)


def one_hot(indices: Tensor, classes: int, dtype: _core.DType | None = None) -> Tensor:
    """Ones at the indices, zeros elsewhere, along a new last axis.

    Parameters
    ----------
    indices : Tensor
        Of an integer dtype, from 0 to ``classes - 1``.
    classes : int
        Length of the new axis.
    dtype : DType, optional
        The default float dtype if left out.

    Returns
    -------
    Tensor
        Of shape ``(*indices.shape, classes)``.

    Raises
    ------
    IndexError
        When an index is out of range.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.functional.one_hot(nt.tensor([2, 0]), 3)
    tensor([[0., 0., 1.],
            [1., 0., 0.]])
    """
    indices = tensor("one_hot", "indices", indices)
    integer("classes", classes)
    out = (indices < 0) | (indices >= classes)
    if bool(_core.any(out)):
        wrong = indices[out].tolist()[0]
        raise IndexError(f"one_hot: index {wrong} is out of range for {classes} classes")
    hit = indices[..., None] == _core.arange(classes, dtype=indices.dtype)
    return _core.astype(hit, dtype or _core.get_default_dtype())
