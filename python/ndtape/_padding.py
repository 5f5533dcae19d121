"""NumPy's ``pad``, in all its modes."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from ndtape import _core
from ndtape._arguments import as_array, as_tensor, is_recorded
from ndtape._core import Tensor

if TYPE_CHECKING:
    from ndtape._core import _ArrayLike as ArrayLike

__all__ = ["pad"]

Mode: TypeAlias = Literal[
    "constant",
    "edge",
    "linear_ramp",
    "maximum",
    "mean",
    "median",
    "minimum",
    "reflect",
    "symmetric",
    "wrap",
    "empty",
]

# What each mode may be told, and what it does untold.
_OPTIONS: dict[str, dict[str, Any]] = {
    "constant": {"constant_values": 0},
    "edge": {},
    "linear_ramp": {"end_values": 0},
    "maximum": {"stat_length": None},
    "mean": {"stat_length": None},
    "median": {"stat_length": None},
    "minimum": {"stat_length": None},
    "reflect": {"reflect_type": "even"},
    "symmetric": {"reflect_type": "even"},
    "wrap": {},
    "empty": {},
}


def pad(
    x: ArrayLike, /, pad_width: Any, mode: Mode | Callable[..., Any] = "constant", **options: Any
) -> Tensor:
    """Add elements at both ends of each axis.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of any dtype.
    pad_width : int, pair of int, sequence of pairs or dict
        How many, before and after: for all axes, for each, or for those that are keys.
    mode : str or callable, optional
        What: "constant", "edge", "linear_ramp", "maximum", "mean", "median", "minimum", "reflect",
        "symmetric", "wrap", "empty" (zeros here), or a function of NumPy's form, which has no
        derivative.
    **options : object
        For "constant" `constant_values`, for "linear_ramp" `end_values`, for statistics
        `stat_length`, for "reflect" and "symmetric" `reflect_type`.

    Returns
    -------
    Tensor
        Larger than `x` by that.

    Raises
    ------
    ValueError
        For another mode, an option that the mode has not, a negative width, or nothing to extend.
    TypeError
        For widths that are no integers, or a function while `x` records.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.pad([1, 2, 3], (1, 2), "edge")
    tensor([1, 1, 2, 3, 3, 3])
    """
    tensor = as_tensor(x)
    pairs = _widths(pad_width, tensor.ndim)
    if callable(mode):
        if is_recorded(tensor):
            raise TypeError("pad: a function as the mode has no derivative; pad x.detach()")
        return _core.asarray(np.pad(tensor.numpy(), pairs, mode, **options))
    if mode not in _OPTIONS:
        raise ValueError(f"pad: mode {mode!r} is none of {', '.join(_OPTIONS)}")
    unknown = options.keys() - _OPTIONS[mode].keys()
    if unknown:
        raise ValueError(f"pad: mode {mode!r} takes no {', '.join(sorted(unknown))}")
    told = {**_OPTIONS[mode], **options}
    for axis, (before, after) in enumerate(pairs):
        if before == after == 0:
            continue
        if tensor.shape[axis] == 0 and mode not in ("constant", "empty"):
            raise ValueError(f"pad: axis {axis} is empty, which mode {mode!r} cannot extend")
        if mode in ("edge", "reflect", "symmetric", "wrap"):
            tensor = _picked(tensor, axis, before, after, mode, told.get("reflect_type", "even"))
            continue
        if mode in ("constant", "empty"):
            ends = _ends(told.get("constant_values", 0), tensor, axis)
            low, high = (
                _repeated(end, tensor, axis, n)
                for end, n in zip(ends, (before, after), strict=True)
            )
        elif mode == "linear_ramp":
            low, high = _ramps(tensor, axis, before, after, told["end_values"])
        else:
            low, high = _statistics(tensor, axis, before, after, mode, told["stat_length"])
        tensor = _core.concat([low, tensor, high], axis=axis)
    return tensor


def _widths(pad_width: Any, ndim: int) -> list[tuple[int, int]]:
    """How much before and after each axis."""
    if isinstance(pad_width, Mapping):
        pairs = [(0, 0)] * ndim
        for key, width in pad_width.items():
            axis = operator.index(key)
            if not -ndim <= axis < ndim:
                raise IndexError(f"pad: axis {axis} is out of range for {ndim} axes")
            pairs[axis] = _widths(width, 1)[0]
        return pairs
    widths = as_array(pad_width)
    if widths.dtype.kind not in "iu":
        raise TypeError(f"pad: pad_width must be integers, not {pad_width!r}")
    if (widths < 0).any():
        raise ValueError(f"pad: pad_width has negative entries: {pad_width!r}")
    return [(a, b) for a, b in np.broadcast_to(widths, (ndim, 2)).tolist()]


def _ends(given: Any, x: Tensor, axis: int) -> list[Any]:
    """Read what is given for the two ends of an axis, as Python numbers."""
    return list(np.broadcast_to(as_array(given), (x.ndim, 2))[axis].tolist())


def _part(x: Tensor, axis: int, start: int | None, stop: int | None) -> Tensor:
    return x[(*(slice(None),) * axis, slice(start, stop))]


def _along(values: npt.NDArray[Any], x: Tensor, axis: int) -> Tensor:
    """Values of the dtype of `x` that lie along an axis."""
    shape = (-1,) + (1,) * (x.ndim - axis - 1)
    return _core.asarray(values.reshape(shape), dtype=x.dtype)


def _repeated(value: Any, x: Tensor, axis: int, n: int) -> Tensor:
    """`value`, a number or a tensor of length 1 along the axis, n times."""
    shape = (*x.shape[:axis], n, *x.shape[axis + 1 :])
    if isinstance(value, Tensor):
        return _core.broadcast_to(value, shape)
    return _core.full(shape, value, dtype=x.dtype)


def _picked(x: Tensor, axis: int, before: int, after: int, mode: Any, kind: str) -> Tensor:
    """Pick from `x` by place; reflected oddly, turned over at the ends too."""
    if kind not in ("even", "odd"):
        raise ValueError(f"pad: reflect_type {kind!r}, expected 'even' or 'odd'")
    n = x.shape[axis]
    places = np.pad(np.arange(n), (before, after), mode)
    y = _core.take(x, _core.asarray(places), axis=axis)
    if kind == "even":
        return y
    if x.dtype == _core.bool:
        raise TypeError("pad: bool has no differences for reflect_type 'odd'")
    # 2 a - x, as often as it is turned over at the ends a: a sum of x and both ends, whose factors
    # NumPy finds. A constant stays one, so the three add up to 1.
    first, last = np.zeros((2, n), np.int64)
    first[0] = last[-1] = 1
    of_first, of_last = (
        np.pad(a, (before, after), mode, reflect_type="odd") for a in (first, last)
    )
    if n == 1:
        return y
    itself = 1 - of_first - of_last
    return (
        y * _along(itself, x, axis)
        + _part(x, axis, 0, 1) * _along(of_first, x, axis)
        + _part(x, axis, n - 1, n) * _along(of_last, x, axis)
    )


def _ramps(x: Tensor, axis: int, before: int, after: int, end_values: Any) -> tuple[Tensor, Tensor]:
    """From the given ends to the outermost elements."""
    n = x.shape[axis]
    edges = _part(x, axis, 0, 1), _part(x, axis, n - 1, n)
    ramps = []
    for end, edge, count in zip(_ends(end_values, x, axis), edges, (before, after), strict=True):
        if x.dtype.kind in "fc":
            steps = _along(np.arange(count) / max(count, 1), x, axis)
            ramp = end + (edge - end) * steps
        else:  # rounded down by NumPy
            array = np.linspace(
                end, edge.numpy().squeeze(axis), count, False, dtype=x.dtype.dtype, axis=axis
            )
            ramp = _core.asarray(array)
        ramps.append(ramp)
    return ramps[0], _core.flip(ramps[1], axis=axis)


def _statistics(
    x: Tensor, axis: int, before: int, after: int, mode: str, lengths: Any
) -> tuple[Tensor, Tensor]:
    """Repeat a statistic of the elements nearest to each end."""
    n = x.shape[axis]
    pair = (None, None) if lengths is None else _widths(lengths, x.ndim)[axis]
    found = []
    for at_end, (length, count) in enumerate(zip(pair, (before, after), strict=True)):
        used = n if length is None else min(length, n)
        if used == 0:
            raise ValueError(f"pad: stat_length 0 leaves nothing for mode {mode!r}")
        part = _part(x, axis, n - used, n) if at_end else _part(x, axis, 0, used)
        found.append(_repeated(_statistic(part, axis, mode), x, axis, count))
    return found[0], found[1]


def _statistic(part: Tensor, axis: int, mode: str) -> Tensor:
    if mode == "maximum":
        return _core.max(part, axis=axis, keepdims=True)
    if mode == "minimum":
        return _core.min(part, axis=axis, keepdims=True)
    if part.dtype.kind not in "fc":
        array = getattr(np, mode)(part.numpy(), axis=axis, keepdims=True)
        return _core.asarray(np.rint(array) if part.dtype.kind in "iu" else array, dtype=part.dtype)
    if mode == "mean":
        return _core.mean(part, axis=axis, keepdims=True)
    from ndtape._numpy_statistics import median

    return median(part, axis, keepdims=True)
