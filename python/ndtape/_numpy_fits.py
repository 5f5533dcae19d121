"""NumPy's vocabulary: covariances, polynomials, bins and angles.

As `_numpy_names` has it: a few lines each over other functions, with NumPy's meaning and with
derivatives where they mean something.
"""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from ndtape import _core
from ndtape._arguments import as_array, as_int, as_ordered, as_pair, as_tensor
from ndtape._core import Tensor
from ndtape._manipulation import unstack
from ndtape._numpy_names import Axes, atleast_2d, inexact, rad2deg, values
from ndtape._numpy_statistics import nanmean

if TYPE_CHECKING:
    from ndtape._core import _ArrayLike as ArrayLike

__all__ = [
    "angle",
    "corrcoef",
    "cov",
    "digitize",
    "nanstd",
    "nanvar",
    "polyfit",
    "polyval",
]


def angle(z: ArrayLike, /, deg: bool = False) -> Tensor:
    """Return the angle of complex numbers, from -pi to pi.

    As NumPy's function of this name.

    Parameters
    ----------
    z : array_like
        Of a real or complex dtype.
    deg : bool, optional
        Whether in degrees.

    Returns
    -------
    Tensor
        Of a float dtype.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.angle([1, 1j, -1])
    tensor([0.       , 1.5707964, 3.1415927])
    """
    tensor = inexact(z)
    if tensor.dtype.kind == "c":
        turned = _core.atan2(_core.imag(tensor), _core.real(tensor))
    else:
        turned = _core.atan2(_core.zeros_like(tensor), tensor)
    return rad2deg(turned) if deg else turned


def digitize(x: ArrayLike, bins: ArrayLike, /, right: bool = False) -> Tensor:
    """Tell between which edges elements lie.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of a real dtype.
    bins : array_like
        The edges, rising or falling.
    right : bool, optional
        Whether a bin has its right edge rather than its left one.

    Returns
    -------
    Tensor
        Of dtype int64: 0 before the first edge.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.digitize([0.5, 1.0, 7.0], [0.0, 1.0, 2.0])
    tensor([1, 2, 3])
    """
    given = values(as_ordered(x, "digitize"))
    edges = values(bins) if isinstance(bins, Tensor) else as_array(bins)
    return _core.asarray(np.asarray(np.digitize(given, edges, right)))


def cov(
    x: ArrayLike,
    /,
    y: ArrayLike | None = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: float | None = None,
) -> Tensor:
    """Compute the covariance matrix of variables.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Variables as rows, of a float or complex dtype; integers become the default float.
    y : array_like, optional
        More of them.
    rowvar : bool, optional
        False where variables are columns.
    bias : bool, optional
        Whether to divide by the number of observations rather than by one less.
    ddof : float, optional
        What is subtracted from that number instead.

    Returns
    -------
    Tensor
        Of shape (variables, variables), without axes of length 1.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.cov([[1.0, 2.0, 3.0], [6.0, 4.0, 2.0]])
    tensor([[ 1., -2.],
            [-2.,  4.]])
    """
    tensor = _variables(x, rowvar)
    if y is not None:
        tensor = _core.concat([tensor, _variables(y, rowvar)], axis=0)
    free = tensor.shape[1] - ((0 if bias else 1) if ddof is None else ddof)
    centred = tensor - _core.mean(tensor, axis=1, keepdims=True)
    products = centred @ (_core.conj(centred) if tensor.dtype.kind == "c" else centred).T
    return _core.squeeze(products / builtins.max(free, 0.0))


def _variables(x: ArrayLike, rowvar: bool) -> Tensor:
    tensor = atleast_2d(inexact(x))
    if tensor.ndim > 2:
        raise ValueError(f"cov: shape {tensor.shape}, expected at most two axes")
    return tensor if rowvar or tensor.shape[0] == 1 else tensor.T


def corrcoef(x: ArrayLike, /, y: ArrayLike | None = None, rowvar: bool = True) -> Tensor:
    """Compute the correlations of variables.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Variables as rows, of a float or complex dtype; integers become the default float.
    y : array_like, optional
        More of them.
    rowvar : bool, optional
        False where variables are columns.

    Returns
    -------
    Tensor
        Of shape (variables, variables), without axes of length 1.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.corrcoef([[1.0, 2.0, 3.0], [6.0, 4.0, 2.0]])
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    found = cov(x, y, rowvar)
    if found.ndim == 0:
        return found / found
    own = _core.diagonal(found)
    spread = _core.sqrt(_core.real(own) if own.dtype.kind == "c" else own)
    return found / spread[:, None] / spread


def nanvar(
    x: ArrayLike, /, axis: Axes = None, *, ddof: float = 0.0, keepdims: bool = False
) -> Tensor:
    """Compute the variance of the elements that are not NaN.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of a float dtype; integers become the default float dtype.
    axis : int or sequence of int, optional
        Axes to reduce together; None for all.
    ddof : float, optional
        Subtracted from the number of elements in the divisor.
    keepdims : bool, optional
        Keep reduced axes with length 1.

    Returns
    -------
    Tensor
        Of a float dtype; NaN where too few are there.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nanvar([1.0, nt.nan, 3.0])
    tensor(1.)
    """
    tensor = as_ordered(inexact(x), "nanvar")
    missing = _core.isnan(tensor)
    distance = tensor - nanmean(tensor, axis=axis, keepdims=True)
    squares = _core.where(missing, 0.0, _core.square(_core.where(missing, 0.0, distance)))
    there = _core.astype(_core.logical_not(missing), _core.float64)
    free = _core.astype(_core.sum(there, axis=axis, keepdims=keepdims) - ddof, tensor.dtype)
    return _core.sum(squares, axis=axis, keepdims=keepdims) / _core.where(free > 0, free, np.nan)


def nanstd(
    x: ArrayLike, /, axis: Axes = None, *, ddof: float = 0.0, keepdims: bool = False
) -> Tensor:
    """Compute the standard deviation of the elements that are not NaN.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of a float dtype; integers become the default float dtype.
    axis : int or sequence of int, optional
        Axes to reduce together; None for all.
    ddof : float, optional
        Subtracted from the number of elements in the divisor.
    keepdims : bool, optional
        Keep reduced axes with length 1.

    Returns
    -------
    Tensor
        Of a float dtype; NaN where too few are there.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nanstd([1.0, nt.nan, 3.0])
    tensor(1.)
    """
    squares = nanvar(x, axis, ddof=ddof, keepdims=keepdims)
    equal = squares == 0  # the derivative there is taken as 0
    return _core.where(equal, 0.0, _core.sqrt(_core.where(equal, 1.0, squares)))


def polyval(p: ArrayLike, x: ArrayLike, /) -> Tensor:
    """Evaluate a polynomial.

    As NumPy's function of this name.

    Parameters
    ----------
    p : array_like
        Its coefficients, of the highest power first.
    x : array_like
        Where.

    Returns
    -------
    Tensor
        Of the shape of `x`.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.polyval([3, 0, 1], 2)
    tensor(13)
    """
    place = as_tensor(x)
    numbers = isinstance(p, (list, tuple)) and all(isinstance(c, (int, float, complex)) for c in p)
    coefficients: Any = p  # of Python numbers each is weak beside x
    if not numbers:
        tensor = as_tensor(p)
        if tensor.ndim != 1:
            raise ValueError(f"polyval: coefficients of shape {tensor.shape}, expected one axis")
        coefficients = unstack(tensor)
    y = _core.zeros_like(place)
    for c in coefficients:
        y = y * place + c
    return y


def polyfit(x: ArrayLike, y: ArrayLike, deg: SupportsIndex, /) -> Tensor:
    """Fit a polynomial by least squares.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        A vector: where.
    y : array_like
        The values there: a vector, or columns of several fits.
    deg : int
        The highest power.

    Returns
    -------
    Tensor
        The coefficients, of the highest power first.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.round(nt.polyfit([0.0, 1.0, 2.0], [1.0, 3.0, 5.0], 1), 3)
    tensor([2., 1.])
    """
    from ndtape.linalg import pinv

    place, height = (inexact(t) for t in as_pair(x, y))
    highest = as_int(deg, "polyfit", "deg")
    if highest < 0:
        raise ValueError(f"polyfit: deg must not be negative, as {highest} is")
    if place.ndim != 1 or place.size == 0 or height.ndim not in (1, 2):
        raise ValueError(f"polyfit: x of shape {place.shape} and y of shape {height.shape}")
    if height.shape[0] != place.size:
        raise ValueError(f"polyfit: {place.size} places and {height.shape[0]} values")
    dtype = _core.result_type(place, height)
    place, height = (_core.astype(t, dtype, copy=False) for t in (place, height))
    powers = _core.stack([place**k for k in range(highest, -1, -1)], axis=1)
    scale = _core.sqrt(_core.sum(_core.square(_core.abs(powers)), axis=0))
    rtol = place.size * np.finfo(str(powers.dtype)).eps
    fitted = pinv(powers / scale, rtol=rtol) @ height
    return fitted / (scale if height.ndim == 1 else scale[:, None])
