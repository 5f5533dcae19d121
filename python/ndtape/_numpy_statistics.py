"""NumPy's statistics: its names and meanings, over our sorts, sums and gathers."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, SupportsIndex, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from ndtape import _core
from ndtape._arguments import (
    as_array,
    as_axes,
    as_axis,
    as_int,
    as_ordered,
    as_tensor,
    is_recorded,
)
from ndtape._core import Tensor
from ndtape._manipulation import moveaxis
from ndtape._numpy_names import Axes, inexact, values
from ndtape._sets import distinct, with_history
from ndtape._sorting import argsort, sort

if TYPE_CHECKING:
    from ndtape._core import _ArrayLike as ArrayLike

__all__ = [
    "argwhere",
    "average",
    "bincount",
    "flatnonzero",
    "histogram",
    "interp",
    "median",
    "nan_to_num",
    "nanmax",
    "nanmean",
    "nanmin",
    "nansum",
    "percentile",
    "ptp",
    "quantile",
    "unique",
]


# ---- order ---------------------------------------------------------------------------------------


def argwhere(x: ArrayLike, /) -> Tensor:
    """Return the indices of elements that are not 0, a row each.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of any dtype.

    Returns
    -------
    Tensor
        int64, of shape ``(count, x.ndim)``.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.argwhere([[0, 5], [6, 0]])
    tensor([[0, 1],
            [1, 0]])
    """
    return _core.asarray(np.argwhere(values(x)))


def flatnonzero(x: ArrayLike, /) -> Tensor:
    """Return the positions of elements that are not 0 in the flattened array.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of any dtype.

    Returns
    -------
    Tensor
        int64, with one axis.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.flatnonzero([0, 5, 6])
    tensor([1, 2])
    """
    return _core.asarray(np.flatnonzero(values(x)))


def unique(
    x: ArrayLike,
    /,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: SupportsIndex | None = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    """Return the different values in ascending order, and what is asked for besides.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of any dtype.
    return_index : bool, optional
        Ask for the place of the first of each value.
    return_inverse : bool, optional
        Ask for the number of each element's value.
    return_counts : bool, optional
        Ask how often each value occurs.
    axis : int, optional
        Compare the slices along this axis; without it, all elements.
    equal_nan : bool, optional
        Whether all NaN are one value.
    sorted : bool, optional
        Ask for ascending order. It always is.

    Returns
    -------
    Tensor or tuple of Tensor
        The values, and what was asked for.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.unique([3, 1, 3], return_counts=True)
    (tensor([1, 3]), tensor([1, 2]))
    """
    tensor = as_tensor(x)
    several: tuple[Tensor, ...]
    wanted: tuple[bool, ...]
    if axis is None:
        positions = return_index or return_inverse
        several = distinct(tensor, positions=positions, lengths=return_counts, equal_nan=equal_nan)
        wanted = (True, return_index, return_inverse, return_counts)
        if not positions:
            wanted = (True, return_counts)
    else:
        place = as_axis(axis, tensor.ndim, "unique")
        found = np.unique(
            tensor.detach().numpy(), True, True, True, axis=place, equal_nan=equal_nan
        )
        numbers = tuple(_core.asarray(a) for a in found[1:])
        slices = _core.take(tensor.detach(), numbers[0], axis=place)
        inverse = _core.reshape(numbers[1], -1)
        several = (with_history(tensor, slices, inverse, numbers[2], place), *numbers)
        wanted = (True, return_index, return_inverse, return_counts)
    result = tuple(part for part, asked in zip(several, wanted, strict=False) if asked)
    return result[0] if len(result) == 1 else result


def median(x: ArrayLike, /, axis: Axes = None, *, keepdims: bool = False) -> Tensor:
    """Return the middle element, or the mean of the two in the middle; NaN if there is one.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of a float dtype; integers become the default float dtype.
    axis : int or sequence of int, optional
        Axes to reduce together; None for all.
    keepdims : bool, optional
        Keep reduced axes with length 1.

    Returns
    -------
    Tensor
        Of a float dtype.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.median([1.0, 9.0, 2.0])
    tensor(2.)
    """
    tensor = inexact(as_ordered(x, "median"))
    rows, axes = _lines(tensor, axis, "median")
    rows = sort(rows, axis=-1)
    n = rows.shape[-1]
    if n == 0:
        middle = _core.mean(rows, axis=-1)
    else:
        middle = _unless_nan(rows, (rows[..., (n - 1) // 2] + rows[..., n // 2]) * 0.5)
    return _with_axes(middle, axes, tensor.ndim, keepdims)


Method: TypeAlias = Literal[
    "inverted_cdf",
    "averaged_inverted_cdf",
    "closest_observation",
    "interpolated_inverted_cdf",
    "hazen",
    "weibull",
    "linear",
    "median_unbiased",
    "normal_unbiased",
    "lower",
    "higher",
    "midpoint",
    "nearest",
]


def quantile(
    x: ArrayLike,
    q: ArrayLike,
    /,
    axis: Axes = None,
    *,
    method: Method = "linear",
    keepdims: bool = False,
    weights: ArrayLike | None = None,
) -> Tensor:
    """Return the values below which the fractions `q` of elements lie; NaN if there is one.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of a float dtype; integers become the default float dtype.
    q : array_like
        Fractions from 0 to 1.
    axis : int or sequence of int, optional
        Axes to reduce together; None for all.
    method : str, optional
        What to take between two elements: any of NumPy's methods.
    keepdims : bool, optional
        Keep reduced axes with length 1.
    weights : array_like, optional
        What each element counts, with the method "inverted_cdf": of the shape of `x`, or of the
        lengths of the axes.

    Returns
    -------
    Tensor
        Of shape ``(*q.shape, ...)``.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.quantile([0.0, 10.0, 20.0], [0.25, 0.5])
    tensor([ 5., 10.])
    """
    # In float64 whatever the default dtype: the position counts, not the precision of q.
    fractions = as_array(values(q) if isinstance(q, Tensor) else q, np.float64)
    if not ((fractions >= 0) & (fractions <= 1)).all():
        raise ValueError(f"quantile: fractions must lie between 0 and 1, not {q!r}")
    if method not in get_args(Method):
        raise ValueError(f"quantile: method {method!r} is unknown")
    tensor = inexact(as_ordered(x, "quantile"))
    rows, axes = _lines(tensor, axis, "quantile")
    n = rows.shape[-1]
    if n == 0:
        raise ValueError(f"quantile: nothing along axis {axis} of shape {tensor.shape}")
    if weights is not None:
        if method != "inverted_cdf":
            raise ValueError(f"quantile: weights go with 'inverted_cdf' alone, not {method!r}")
        precision = rows.dtype if isinstance(q, (int, float)) else None
        order = argsort(rows.detach(), axis=-1)
        shares = _shares(tensor, axis, as_tensor(weights))
        shares = np.take_along_axis(np.broadcast_to(shares, rows.shape), order.numpy(), axis=-1)
        chosen = _core.asarray(_weighted_places(shares, fractions.reshape(-1), precision))
        rows = sort(rows, axis=-1)
        between = _core.take_along_axis(rows, chosen, axis=-1)
    else:
        rows = sort(rows, axis=-1)
        if method == "linear":
            place = fractions * (n - 1)
        else:  # the quantile of the positions is the position
            place = np.asarray(
                np.quantile(np.arange(n, dtype=np.float64), fractions, method=method)
            )
        place = place.reshape(-1)
        below, above = np.floor(place), np.ceil(place)
        low = _core.take(rows, _core.asarray(below.astype(np.int64)), axis=-1)
        high = _core.take(rows, _core.asarray(above.astype(np.int64)), axis=-1)
        t = _core.asarray(place - below, dtype=rows.dtype)
        step = high - low
        # From the nearer side, so that an element is hit exactly.
        between = _core.where(t >= 0.5, high - step * (1 - t), low + step * t)
        between = _core.where(t == 0, low, _core.where(t == 1, high, between))
    found = moveaxis(_unless_nan(rows[..., None, :], between), -1, 0)
    found = _core.stack([_with_axes(y, axes, tensor.ndim, keepdims) for y in found], axis=0)
    return _core.reshape(found, fractions.shape + found.shape[1:])


def percentile(
    x: ArrayLike,
    q: ArrayLike,
    /,
    axis: Axes = None,
    *,
    method: Method = "linear",
    keepdims: bool = False,
    weights: ArrayLike | None = None,
) -> Tensor:
    """Return `quantile` for fractions in hundredths.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of a float dtype; integers become the default float dtype.
    q : array_like
        Fractions from 0 to 100.
    axis : int or sequence of int, optional
        Axes to reduce together; None for all.
    method : str, optional
        What to take between two elements: any of NumPy's methods.
    keepdims : bool, optional
        Keep reduced axes with length 1.
    weights : array_like, optional
        What each element counts, with the method "inverted_cdf": of the shape of `x`, or of the
        lengths of the axes.

    Returns
    -------
    Tensor
        Of shape ``(*q.shape, ...)``.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.percentile([0.0, 10.0, 20.0], 50)
    tensor(10.)
    """
    if isinstance(q, (int, float)):
        return quantile(x, q / 100, axis, method=method, keepdims=keepdims, weights=weights)
    fractions = as_array(values(q) if isinstance(q, Tensor) else q, np.float64)
    return quantile(x, fractions / 100, axis, method=method, keepdims=keepdims, weights=weights)


def _shares(x: Tensor, axis: Axes, weights: Tensor) -> npt.NDArray[Any]:
    """Weights as lines beside those of `x`: of its shape, or of the lengths of the axes alone."""
    if weights.shape != x.shape:
        axes = () if axis is None else as_axes(axis, x.ndim, "quantile")
        expected = tuple(x.shape[i] for i in axes)
        if not axes or weights.shape != expected:
            raise ValueError(
                f"quantile: weights of shape {weights.shape} for shape {x.shape} along axis {axis}"
            )
        return values(weights).reshape(-1)
    return values(_lines(weights, axis, "quantile")[0])


def _weighted_places(
    shares: npt.NDArray[Any], fractions: npt.NDArray[Any], precision: _core.DType | None
) -> npt.NDArray[Any]:
    """Find where the share of the whole up to there first reaches the fractions."""
    with np.errstate(invalid="ignore", divide="ignore"):
        reached = shares.cumsum(axis=-1, dtype=np.float64)
        reached /= reached[..., -1:]
    if np.isnan(reached).any() or (shares < 0).any():
        raise ValueError("quantile: weights must not be negative, infinite, NaN or all zero")
    if precision is not None:  # a Python number is as precise as what it is compared with
        reached, fractions = (a.astype(precision.dtype) for a in (reached, fractions))
    reached[reached == 0] = -1  # what weighs nothing is never chosen
    found = (reached[..., None, :] < fractions[:, None]).sum(axis=-1)
    return np.asarray(np.minimum(found, shares.shape[-1] - 1))


def _lines(x: Tensor, axis: Axes, name: str) -> tuple[Tensor, tuple[int, ...]]:
    """Join the given axes, which become the last one."""
    axes = tuple(range(x.ndim)) if axis is None else as_axes(axis, x.ndim, name)
    others = tuple(i for i in range(x.ndim) if i not in axes)
    moved = _core.permute_dims(x, (*others, *axes))
    lengths = tuple(x.shape[i] for i in others)
    count = 1
    for i in axes:
        count *= x.shape[i]
    return _core.reshape(moved, (*lengths, count)), axes


def _unless_nan(rows: Tensor, y: Tensor) -> Tensor:
    # NaN comes last in a sorted row.
    return _core.where(_core.isnan(rows[..., -1]), _core.nan, y)


def _with_axes(y: Tensor, axes: tuple[int, ...], ndim: int, keepdims: bool) -> Tensor:
    if not keepdims:
        return y
    lengths = iter(y.shape)
    return _core.reshape(y, tuple(1 if i in axes else next(lengths) for i in range(ndim)))


def average(
    x: ArrayLike, /, axis: SupportsIndex | None = None, weights: ArrayLike | None = None
) -> Tensor:
    """Compute the mean with weights, of the shape of `x` or for each place along an axis.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of a float dtype; integers become the default float dtype.
    axis : int, optional
        The axis; None for all elements.
    weights : array_like, optional
        Of the shape of `x`, or with one for each place along `axis`.

    Returns
    -------
    Tensor
        Of a float dtype.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.average([1.0, 3.0], weights=[3.0, 1.0])
    tensor(1.5)
    """
    tensor = inexact(x)
    if weights is None:
        return _core.mean(tensor, axis=axis)
    scale = inexact(weights)
    if scale.shape != tensor.shape:
        if axis is None or scale.ndim != 1:
            raise ValueError(f"average: weights of shape {scale.shape} for shape {tensor.shape}")
        place = as_axis(axis, tensor.ndim, "average")
        scale = _core.reshape(scale, (-1,) + (1,) * (tensor.ndim - place - 1))
    total = _core.sum(_core.broadcast_to(scale, tensor.shape), axis=axis)
    return _core.sum(tensor * scale, axis=axis) / total


def ptp(x: ArrayLike, /, axis: Axes = None, *, keepdims: bool = False) -> Tensor:
    """Return the largest minus the smallest element.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of any dtype.
    axis : int or sequence of int, optional
        Axes to reduce together; None for all.
    keepdims : bool, optional
        Keep reduced axes with length 1.

    Returns
    -------
    Tensor
        Of the dtype of `x`.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.ptp([1, 5, 3])
    tensor(4)
    """
    largest = _core.max(x, axis=axis, keepdims=keepdims)
    return largest - _core.min(x, axis=axis, keepdims=keepdims)


def nansum(x: ArrayLike, /, axis: Axes = None, *, keepdims: bool = False) -> Tensor:
    """Sum the elements that are not NaN.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of a float dtype; integers become the default float dtype.
    axis : int or sequence of int, optional
        Axes to reduce together; None for all.
    keepdims : bool, optional
        Keep reduced axes with length 1.

    Returns
    -------
    Tensor
        Of a float dtype.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nansum([1.0, nt.nan, 2.0])
    tensor(3.)
    """
    missing = _core.isnan(inexact(x))
    rest = _core.where(missing, 0, inexact(x))
    return _core.sum(rest, axis=axis, keepdims=keepdims)


def nanmax(x: ArrayLike, /, axis: Axes = None, *, keepdims: bool = False) -> Tensor:
    """Return the largest element that is not NaN; NaN where all are.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of a float dtype; integers become the default float dtype.
    axis : int or sequence of int, optional
        Axes to reduce together; None for all.
    keepdims : bool, optional
        Keep reduced axes with length 1.

    Returns
    -------
    Tensor
        Of a float dtype.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nanmax([1.0, nt.nan, 2.0])
    tensor(2.)
    """
    missing = _core.isnan(inexact(x))
    rest = _core.where(missing, -_core.inf, inexact(x))
    found = _core.max(rest, axis=axis, keepdims=keepdims)
    nothing = _core.all(missing, axis=axis, keepdims=keepdims)
    return _core.where(nothing, _core.nan, found)


def nanmin(x: ArrayLike, /, axis: Axes = None, *, keepdims: bool = False) -> Tensor:
    """Return the smallest element that is not NaN; NaN where all are.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of a float dtype; integers become the default float dtype.
    axis : int or sequence of int, optional
        Axes to reduce together; None for all.
    keepdims : bool, optional
        Keep reduced axes with length 1.

    Returns
    -------
    Tensor
        Of a float dtype.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nanmin([1.0, nt.nan, 2.0])
    tensor(1.)
    """
    missing = _core.isnan(inexact(x))
    rest = _core.where(missing, _core.inf, inexact(x))
    found = _core.min(rest, axis=axis, keepdims=keepdims)
    nothing = _core.all(missing, axis=axis, keepdims=keepdims)
    return _core.where(nothing, _core.nan, found)


def nanmean(x: ArrayLike, /, axis: Axes = None, *, keepdims: bool = False) -> Tensor:
    """Compute the mean of the elements that are not NaN; NaN where all are.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of a float dtype; integers become the default float dtype.
    axis : int or sequence of int, optional
        Axes to reduce together; None for all.
    keepdims : bool, optional
        Keep reduced axes with length 1.

    Returns
    -------
    Tensor
        Of a float dtype.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nanmean([1.0, nt.nan, 2.0])
    tensor(1.5)
    """
    tensor = inexact(x)
    there = _core.astype(_core.logical_not(_core.isnan(tensor)), _core.float64)
    count = _core.astype(_core.sum(there, axis=axis, keepdims=keepdims), _real_dtype(tensor))
    return nansum(tensor, axis=axis, keepdims=keepdims) / count


def nan_to_num(
    x: ArrayLike,
    /,
    *,
    nan: float = 0.0,
    posinf: float | None = None,
    neginf: float | None = None,
) -> Tensor:
    """Replace NaN, and infinities, which by default become the largest and smallest number.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of a float dtype; integers become the default float dtype.
    nan : float, optional
        In the place of NaN.
    posinf, neginf : float, optional
        In the place of infinities; the largest and smallest number if left out.

    Returns
    -------
    Tensor
        Of the shape of `x`.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nan_to_num([nt.nan, 1.0])
    tensor([0., 1.])
    """
    tensor = inexact(as_ordered(x, "nan_to_num"))
    limits = np.finfo(tensor.dtype.dtype)
    high = builtins.float(limits.max) if posinf is None else posinf
    low = builtins.float(limits.min) if neginf is None else neginf
    tensor = _core.where(_core.isnan(tensor), nan, tensor)
    tensor = _core.where(tensor == _core.inf, high, tensor)
    return _core.where(tensor == -_core.inf, low, tensor)


def _real_dtype(x: Tensor) -> _core.DType:
    return _core.float32 if x.dtype in (_core.float32, _core.complex64) else _core.float64


class HistogramResult(NamedTuple):
    """What `histogram` returns."""

    hist: Tensor
    bin_edges: Tensor


def histogram(
    x: ArrayLike,
    /,
    bins: Any = 10,
    range: tuple[float, float] | None = None,
    density: bool = False,
    weights: ArrayLike | None = None,
) -> HistogramResult:
    """Count elements between edges.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of a float dtype; integers become the default float dtype.
    bins : int or array_like, optional
        How many of one width, or their edges.
    range : pair of float, optional
        The outer edges; those of the elements if left out.
    density : bool, optional
        Whether to scale to an integral of 1.
    weights : array_like, optional
        Of the shape of `x`: to sum instead of counting.

    Returns
    -------
    HistogramResult
        The named tuple ``(hist, bin_edges)``.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.histogram([1.0, 2.0, 2.5, 4.0], bins=3).hist
    tensor([1, 2, 1])
    """
    edges = bins if isinstance(bins, (int, str)) else values(bins)
    scale = None if weights is None else as_tensor(weights)
    counted = None if scale is None else values(scale)
    found = np.histogram(values(x), edges, range, density, counted)
    hist, bin_edges = (_core.asarray(np.asarray(a)) for a in found)
    if scale is None or not is_recorded(scale):
        return HistogramResult(hist, bin_edges)
    # Sums of weights have a derivative: the bin of each, one before the first and after the last.
    sums = np.histogram(values(x), found[1], weights=counted)[0]
    place = np.searchsorted(found[1], values(x), side="right")
    place[values(x) == found[1][-1]] = sums.size
    hist = _core.asarray(sums, dtype=scale.dtype)
    _core.record_operation(_HISTOGRAM, scale, hist, _core.asarray(place))
    if density:
        hist = hist / _core.asarray(np.diff(found[1]), dtype=scale.dtype) / _core.sum(hist)
    return HistogramResult(hist, bin_edges)


def _histogram_vjp(g: Tensor, places: Tensor) -> Tensor:
    nothing = _core.zeros(1, dtype=g.dtype)
    return _core.take(_core.concat([nothing, g, nothing]), places, axis=0)


_HISTOGRAM = _core.operation("histogram", _histogram_vjp)


def bincount(
    x: ArrayLike, /, weights: ArrayLike | None = None, minlength: SupportsIndex = 0
) -> Tensor:
    """Count how often each integer from 0 occurs, or sum the weights beside it.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Integers from 0, with one axis.
    weights : array_like, optional
        As many numbers to sum instead.
    minlength : int, optional
        The least length of the result.

    Returns
    -------
    Tensor
        int64; of a float dtype with weights.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.bincount([0, 2, 2])
    tensor([1, 0, 2])
    """
    places = as_tensor(x)
    if places.ndim != 1 or places.dtype.kind not in "iu":
        raise TypeError(
            f"bincount: expected a vector of integers, not {places.dtype} {places.shape}"
        )
    if places.dtype == _core.uint64:
        raise TypeError("bincount: expected integers of up to 63 bits, not uint64")
    least = as_int(minlength, "bincount", "minlength")
    if weights is None:
        return _core.asarray(np.bincount(values(places), minlength=least).astype(np.int64))
    scale = inexact(as_ordered(weights, "bincount"))
    sums = np.bincount(values(places), scale.detach().numpy(), least)
    y = _core.asarray(sums, dtype=scale.dtype)
    return _core.record_operation(_BINCOUNT, scale, y, places)


_BINCOUNT = _core.operation("bincount", lambda g, places: _core.take(g, places, axis=0))


def interp(
    x: ArrayLike,
    xp: ArrayLike,
    fp: ArrayLike,
    /,
    left: float | None = None,
    right: float | None = None,
    period: float | None = None,
) -> Tensor:
    """Interpolate linearly between points (xp, fp), of which `xp` ascends.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Where to interpolate.
    xp, fp : array_like
        The points, with one axis.
    left, right : float, optional
        Below and above all `xp`; the first and last `fp` if left out.
    period : float, optional
        After which `x` and `xp` begin again; `xp` need not ascend then, nor `left` and `right` be.

    Returns
    -------
    Tensor
        Of the shape of `x`.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.interp([1.5, 9.0], [1.0, 2.0], [10.0, 20.0])
    tensor([15., 20.])
    """
    at, knots, heights = inexact(x), inexact(xp), inexact(fp)
    if knots.ndim != 1 or heights.shape != knots.shape or knots.size == 0:
        raise ValueError(
            f"interp: expected two vectors of equal length, not shapes {knots.shape} and "
            f"{heights.shape}"
        )
    if period is not None:
        length = builtins.abs(period)
        if not 0 < length < np.inf:
            raise ValueError(f"interp: period must be a finite number but 0, not {period!r}")
        at, knots, left, right = at % length, knots % length, None, None
        order = argsort(knots.detach())
        knots, heights = knots[order], heights[order]
        knots = _core.concat([knots[-1:] - length, knots, knots[:1] + length])
        heights = _core.concat([heights[-1:], heights, heights[:1]])
    first = heights[0] if left is None else left
    last = heights[-1] if right is None else right
    n = knots.size
    if n > 1:
        found = np.searchsorted(values(knots), values(at), side="right") - 1
        place = _core.asarray(np.asarray(np.clip(found, 0, n - 2)))
        low, high = _gather(knots, place), _gather(knots, place + 1)
        start, stop = _gather(heights, place), _gather(heights, place + 1)
        y = start + (stop - start) / (high - low) * (at - low)
        y = _core.where(at == knots[-1], heights[-1], y)
    else:
        y = heights[0] + 0 * at
    return _core.where(at < knots[0], first, _core.where(at > knots[-1], last, y))


def _gather(x: Tensor, places: Tensor) -> Tensor:
    found = _core.take(x, _core.reshape(places, -1), axis=0)
    return _core.reshape(found, places.shape)
