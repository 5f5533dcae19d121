"""What functions over other functions do with their arguments first."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from ndtape import _core
from ndtape._core import Tensor


def as_tensor(x: Any) -> Tensor:
    """`x` itself, or a tensor of what is array-like."""
    return x if isinstance(x, Tensor) else _core.asarray(x)


def as_pair(x1: Any, x2: Any) -> tuple[Tensor, Tensor]:
    """Read two operands; a Python number takes the dtype of what it stands beside."""
    weak = [isinstance(x, (bool, int, float, complex)) for x in (x1, x2)]
    if weak == [False, True]:
        first = as_tensor(x1)
        return first, _core.asarray(x2, dtype=_core.result_type(first, x2))
    if weak == [True, False]:
        second = as_tensor(x2)
        return _core.asarray(x1, dtype=_core.result_type(x1, second)), second
    return as_tensor(x1), as_tensor(x2)


def as_array(x: Any, dtype: npt.DTypeLike | None = None) -> npt.NDArray[Any]:
    """Read what NumPy understands.

    It sees lists as tuples: elements with code of their own may change a list while NumPy reads it.
    """
    return np.asarray(_frozen(x, 64), dtype=dtype)


def _frozen(x: Any, depth: int) -> Any:
    if depth == 0 or not isinstance(x, (list, tuple)):
        return x
    return tuple([_frozen(v, depth - 1) for v in x])


def is_recorded(*tensors: Tensor) -> bool:
    """Whether an operation on these goes on the tape."""
    if _core.grad_enabled():
        for x in tensors:  # no generator, whose early end costs more than it
            if x.requires_grad:
                return True
    return False


def as_ordered(x: Any, function: str) -> Tensor:
    """Read a tensor whose elements have an order, or raise a TypeError."""
    tensor = as_tensor(x)
    if tensor.dtype.kind == "c":
        raise TypeError(f"{function}: {tensor.dtype} has no order; sort by nt.real(z) or nt.abs(z)")
    return tensor


def as_int(value: Any, function: str, name: str) -> int:
    """Read an integer argument, or raise a TypeError that names it."""
    try:
        return operator.index(value)
    except TypeError:
        given = type(value).__name__
        raise TypeError(f"{function}: {name} must be an integer, not {given}") from None


def as_axis(axis: Any, ndim: int, function: str) -> int:
    """Count an axis from the front, or raise an IndexError."""
    number = axis if type(axis) is int else as_int(axis, function, "axis")
    if not -ndim <= number < ndim:
        raise IndexError(f"{function}: axis {number} is out of range for {ndim} axes")
    return number % ndim


def as_axes(axes: Any, ndim: int, function: str) -> tuple[int, ...]:
    """Count one axis or several from the front; they are to differ."""
    if type(axes) is int or isinstance(axes, Tensor) or not isinstance(axes, Iterable):
        return (as_axis(axes, ndim, function),)
    found = tuple(as_axis(axis, ndim, function) for axis in axes)
    if len(set(found)) != len(found):
        raise ValueError(f"{function}: axes {axes} name an axis twice")
    return found
