"""Sets of values: ``unique_values`` and its like, and ``isin``, computed by NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ndtape import _core
from ndtape._arguments import as_tensor, is_recorded
from ndtape._core import Tensor

if TYPE_CHECKING:
    from ndtape._core import _ArrayLike

__all__ = ["isin", "unique_all", "unique_counts", "unique_inverse", "unique_values"]


Array = npt.NDArray[Any]


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
        -0.0 are one, the first of them. The gradient of a value goes to its first occurrence.

    See Also
    --------
    unique_all : values, positions and counts.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.unique_values(nt.tensor([[2, 1], [1, 3]]))
    tensor([1, 2, 3])
    """
    x = as_tensor(x)
    if _needs_positions(x):
        return unique_all(x).values
    array = x.detach().numpy()
    return _core.asarray(_with_first_zero(np.unique(array, equal_nan=False), array))


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
    values, indices, inverse, counts = np.unique(
        x.detach().numpy(),
        return_index=True,
        return_inverse=True,
        return_counts=True,
        equal_nan=False,
    )
    return UniqueAll(
        _values(x, values, indices),
        _core.asarray(indices),
        _core.reshape(_core.asarray(inverse), x.shape),
        _core.asarray(counts),
    )


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
    x = as_tensor(x)
    if _needs_positions(x):
        found = unique_all(x)
        return UniqueCounts(found.values, found.counts)
    array = x.detach().numpy()
    values, counts = np.unique(array, return_counts=True, equal_nan=False)
    return UniqueCounts(_core.asarray(_with_first_zero(values, array)), _core.asarray(counts))


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
    found = unique_all(x)  # its sort is stable, so that each NaN finds its own
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


def _needs_positions(x: Tensor) -> bool:
    # For the gradient; and equal complex numbers may differ in signs of zeros.
    return is_recorded(x) or x.dtype.kind == "c"


def _with_first_zero(values: Array, array: Array) -> Array:
    # Of 0.0 and -0.0 the first stays, as of any equal values.
    if array.dtype.kind == "f":
        at = np.searchsorted(values, 0)
        if at < values.size and values[at] == 0:
            values[at] = array.reshape(-1)[np.argmax(array == 0)]
    return values


def _values(x: Tensor, values: Array, first: Array) -> Tensor:
    if not is_recorded(x):
        return _core.asarray(values)
    return _core.take(_core.reshape(x, -1), _core.asarray(first), axis=0)
