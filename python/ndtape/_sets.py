"""Sets of values: ``unique_values`` and its like, by sorting, and ``isin``."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ndtape import _core
from ndtape._arguments import as_tensor, is_recorded
from ndtape._core import Tensor
from ndtape._searching import nonzero

if TYPE_CHECKING:
    from ndtape._core import _ArrayLike

__all__ = ["isin", "unique_all", "unique_counts", "unique_inverse", "unique_values"]


class UniqueAll(NamedTuple):
    """What `unique_all` returns."""

    values: Tensor
    indices: Tensor
    inverse_indices: Tensor
    counts: Tensor


class UniqueCounts(NamedTuple):
    """What `unique_counts` returns."""

    values: Tensor
    counts: Tensor


class UniqueInverse(NamedTuple):
    """What `unique_inverse` returns."""

    values: Tensor
    inverse_indices: Tensor


def unique_values(x: _ArrayLike, /) -> Tensor:
    """Each value once.

    Parameters
    ----------
    x : array_like
        Of any dtype and shape.

    Returns
    -------
    Tensor
        Of the dtype of `x`, with one axis, in ascending order; of complex numbers, by real part
        and then by imaginary part. Each NaN counts as a value of its own, and comes last; 0.0 and
        -0.0 are one, the first of them. Equal elements share the gradient of their value.

    See Also
    --------
    unique_all : values, positions and counts.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.unique_values(nt.tensor([[2, 1], [1, 3]]))
    tensor([1, 2, 3])
    """
    return distinct(as_tensor(x))[0]


def unique_all(x: _ArrayLike, /) -> UniqueAll:
    """Each value once, with where it is and how often.

    Parameters
    ----------
    x : array_like
        Of any dtype and shape.

    Returns
    -------
    values : Tensor
        As `unique_values` gives them.
    indices : Tensor
        Where each value occurs first in the flattened `x`, of dtype int64.
    inverse_indices : Tensor
        Of the shape of `x` and dtype int64: ``values[inverse_indices]`` is `x`.
    counts : Tensor
        How often each value occurs, of dtype int64.

    See Also
    --------
    unique_values, unique_counts, unique_inverse : parts of this.

    Examples
    --------
    >>> import ndtape as nt
    >>> found = nt.unique_all(nt.tensor([2, 1, 1]))
    >>> found.values, found.indices, found.inverse_indices, found.counts
    (tensor([1, 2]), tensor([1, 0]), tensor([1, 0, 0]), tensor([2, 1]))
    """
    x = as_tensor(x)
    values, *rest = distinct(x, positions=True)
    return UniqueAll(values, *rest)


def unique_counts(x: _ArrayLike, /) -> UniqueCounts:
    """Each value once, with how often it occurs.

    Parameters
    ----------
    x : array_like
        Of any dtype and shape.

    Returns
    -------
    values : Tensor
        As `unique_values` gives them.
    counts : Tensor
        How often each value occurs, of dtype int64.

    See Also
    --------
    unique_all : positions too.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.unique_counts(nt.tensor([2, 1, 1])).counts
    tensor([2, 1])
    """
    values, *_, counts = distinct(as_tensor(x), lengths=True)
    return UniqueCounts(values, counts)


def unique_inverse(x: _ArrayLike, /) -> UniqueInverse:
    """Each value once, with the numbers that rebuild the tensor.

    Parameters
    ----------
    x : array_like
        Of any dtype and shape.

    Returns
    -------
    values : Tensor
        As `unique_values` gives them.
    inverse_indices : Tensor
        Of the shape of `x` and dtype int64: ``values[inverse_indices]`` is `x`.

    See Also
    --------
    unique_all : positions and counts too.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.unique_inverse(nt.tensor([2, 1, 1])).inverse_indices
    tensor([1, 0, 0])
    """
    found = unique_all(x)
    return UniqueInverse(found.values, found.inverse_indices)


def isin(x1: _ArrayLike, x2: _ArrayLike, /, *, invert: bool = False) -> Tensor:
    """Tell which elements are among given values.

    Parameters
    ----------
    x1 : array_like
        The elements.
    x2 : array_like
        The values, of any shape and of a dtype that promotes with that of `x1`.
    invert : bool, optional
        Tell which are not, instead.

    Returns
    -------
    Tensor
        Of the shape of `x1` and dtype bool. NaN is among no values.

    Raises
    ------
    TypeError
        When no dtype holds both.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.isin(nt.tensor([1, 2, 3]), nt.tensor([3, 1]))
    tensor([ True, False,  True])
    """
    common = _core.result_type(x1, x2)
    elements, values = (_core.asarray(x, dtype=common).detach().numpy() for x in (x1, x2))
    return _core.asarray(np.asarray(np.isin(elements, values, invert=invert)))


def distinct(
    x: Tensor, *, positions: bool = False, lengths: bool = False, equal_nan: bool = False
) -> tuple[Tensor, ...]:
    """Sort and see what differs from the one before it.

    Parameters
    ----------
    x : Tensor
        Of any shape.
    positions, lengths : bool
        Whether more than the values is wanted: everything, or how often each occurs.
    equal_nan : bool
        Whether all NaN are one value.

    Returns
    -------
    tuple of Tensor
        Values; with `positions` where each is first, and for each element of `x` the number of its
        value; with either, counts.
    """
    flat = _core.reshape(x, -1)
    by_place = positions or x.dtype.kind == "c"
    recorded = is_recorded(flat)
    if recorded and equal_nan and not by_place:
        by_place = _any_missing(flat.detach())  # all share a gradient, but are not equal in a sort
    if by_place:
        order = _order(flat.detach())
        ordered = _core.take(flat.detach(), order, axis=0)
    else:
        ordered = _core._sort(flat, 0, False)  # equal elements share the gradient
    firsts = _firsts(ordered.detach(), equal_nan)
    own_rule = by_place and recorded
    if not (positions or lengths or own_rule):
        return (ordered[firsts],)
    starts = nonzero(firsts)[0]
    end = _core.full(min(starts.shape[0], 1), flat.shape[0], dtype=_core.int64)
    counts = _core.concat([starts[1:], end]) - starts
    values = ordered[starts]
    if positions or own_rule:
        inverse = _core.empty(flat.shape, dtype=_core.int64)
        inverse[order] = _core.cumulative_sum(_core.astype(firsts, _core.int64), axis=0) - 1
        values = with_history(flat, values, inverse, counts)
        if positions:
            return values, order[starts], _core.reshape(inverse, x.shape), counts
    return (values, counts) if lengths else (values,)


def with_history(x: Tensor, y: Tensor, inverse: Tensor, counts: Tensor, axis: int = 0) -> Tensor:
    """Record the different slices `y` of `x` along an axis: equal ones share the gradient.

    Parameters
    ----------
    x, y : Tensor
        All slices, and the different ones.
    inverse : Tensor
        For each slice of `x` the number of its like in `y`.
    counts : Tensor
        How often each occurs.
    axis : int
        The axis.

    Returns
    -------
    Tensor
        `y`, with a history if `x` has one.
    """
    operation = _core.operation("unique", _unique_vjp, None, (axis,))
    return _core.record_operation(operation, x, y, (inverse, counts))


def _unique_vjp(g: Tensor, inverse: Tensor, counts: Tensor, axis: int) -> Tensor:
    lengths = [1] * g.ndim
    lengths[axis] = -1
    shares = _core.reshape(_core.astype(counts, _core.float64), tuple(lengths))
    return _core.take(g / _core.astype(shares, g.dtype), inverse, axis=axis)


def _any_missing(x: Tensor) -> bool:
    return x.dtype.kind in "fc" and bool(_core.any(_core.isnan(x)))


def _order(flat: Tensor) -> Tensor:
    if flat.dtype.kind == "c":  # by real part, then by imaginary part
        return _core.asarray(np.argsort(flat.numpy(), kind="stable"))
    return _core._argsort(flat, 0, False)


def _firsts(ordered: Tensor, equal_nan: bool) -> Tensor:
    """Whether each of some elements in order is unlike the one before it."""
    firsts = _core.ones(ordered.shape, dtype=_core.bool)
    firsts[1:] = ordered[1:] != ordered[:-1]
    if equal_nan and ordered.dtype.kind in "fc" and ordered.shape[0] and ordered[-1] != ordered[-1]:
        missing = _core.isnan(ordered)  # the last ones
        firsts[1:] &= _core.logical_not(missing[:-1])
    return firsts
