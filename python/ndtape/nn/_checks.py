"""Checks that several modules of `ndtape.nn` make of their arguments."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from numbers import Real
from pathlib import Path

from ndtape import _core
from ndtape._core import Tensor

PerAxis = int | Sequence[int]
_INEXACT = (_core.float32, _core.float64, _core.complex64, _core.complex128)


def tensor(function: str, name: str, value: object) -> Tensor:
    """`value`, or what is like an array, as a tensor, or an error that names it."""
    if isinstance(value, Tensor):
        return value
    try:
        return _core.asarray(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        kind = type(value).__name__
        raise TypeError(f"{function}: {name} is of type {kind}, expected a tensor") from None


def images(function: str, value: object, axes: int) -> Tensor:
    """`value` as a tensor of images with so many lengths, or an error that names it."""
    x = tensor(function, "x", value)
    if x.ndim != axes + 2:
        lengths = ", ".join(("depth", "height", "width")[3 - axes :]) if axes > 1 else "length"
        raise ValueError(
            f"{function}: x of shape {x.shape}, expected {axes + 2} axes: (n, channels, {lengths})"
        )
    return x


def floating(function: str, name: str, value: object) -> Tensor:
    """`value` as a tensor of a float or complex dtype, or an error that names it."""
    x = tensor(function, name, value)
    if x.dtype not in _INEXACT:
        raise TypeError(f"{function}: {name} of dtype {x.dtype}, expected a float dtype")
    return x


def integer(name: str, value: object, least: int = 1) -> int:
    """`value` as an int of at least `least`, or an error that names it."""
    if type(value) is int and value >= least:
        return value
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{name}: {value!r}, expected an integer") from None
    if number < least:
        raise ValueError(f"{name}: {number}, expected at least {least}")
    return number


def number(name: str, value: float, low: float = -math.inf, high: float = math.inf) -> float:
    """`value` as a float in [low, high], or an error that names it."""
    if not isinstance(value, (float, int, Real)):
        raise TypeError(f"{name}: {value!r}, expected a number")
    if not low <= value <= high:
        bounds = f"at least {low:g}" if high == math.inf else f"from {low:g} to {high:g}"
        raise ValueError(f"{name}: {value!r}, expected {bounds}")
    return float(value)


def per_axis(name: str, value: PerAxis | str, axes: int, least: int = 1) -> tuple[int, ...]:
    """One integer an axis: a single one stands for all."""
    if type(value) is int and value >= least:
        return (value,) * axes
    if type(value) is tuple and len(value) == axes:  # as layers give them
        for v in value:
            if type(v) is not int or v < least:
                break
        else:
            return value
    many = isinstance(value, Iterable) and not isinstance(value, str)
    values = tuple(value) if many else (value,) * axes  # type: ignore[arg-type]
    if len(values) != axes:
        raise ValueError(f"{name}: {value!r}, expected an integer or {axes} of them")
    return tuple(map(integer, (name,) * axes, values, (least,) * axes))


def choice(name: str, value: str, known: Iterable[str]) -> str:
    """`value` if it is among `known`."""
    if value not in (names := sorted(known)):
        raise ValueError(f"{name}: {value!r}, expected one of {', '.join(map(repr, names))}")
    return value


def refuse_missing_folder(name: str, path: Path) -> None:
    """Refuse a file's path before hours of work, rather than when it is written."""
    if path.is_dir():
        raise IsADirectoryError(f"{name}: {path} is a folder, expected a file")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{name}: {path}: there is no folder {path.parent}")
