"""Fourier transforms: the array API standard's extension.

Computed by NumPy on the tensors' own memory, in their precision: of float32 comes complex64. Few
numbers, and many along axes whose lengths are powers of two, are left to kernels of our own. Where
SciPy is installed, other large ones are computed by its threaded and vectorised form of NumPy's
code, which may differ in the last bits. Every transform is linear, and its derivative another
transform.
"""

from __future__ import annotations

import functools
import importlib
import math
import operator
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, SupportsIndex, TypeAlias

import numpy as np
import numpy.typing as npt

from ndtape import _core
from ndtape._compiled import compiled_first
from ndtape._core import Tensor

if TYPE_CHECKING:
    from typing_extensions import CapsuleType

    from ndtape._core import _ArrayLike as ArrayLike
    from ndtape._core import _DTypeLike as DTypeLike

__all__ = [
    "fft",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "ifft",
    "ifftn",
    "ifftshift",
    "ihfft",
    "irfft",
    "irfftn",
    "rfft",
    "rfftfreq",
    "rfftn",
]

Norm: TypeAlias = Literal["backward", "ortho", "forward"]
Lengths: TypeAlias = Sequence[SupportsIndex] | None
Axes: TypeAlias = Sequence[SupportsIndex] | None

# From this many elements on SciPy is worth its overhead, and its import.
_LARGE = 4096

# Which transform has the factor 1/n. The transpose of one is the other without it, or with it.
_TRANSPOSED: dict[Norm, Norm] = {"backward": "forward", "forward": "backward", "ortho": "ortho"}


@functools.lru_cache
def _transform_operation(axes: tuple[int, ...], norm: Norm, inverse: bool) -> CapsuleType:
    name = "ifft" if inverse else "fft"
    return _core.operation(name, _transform_vjp, None, (axes, norm, inverse))


def _transform_vjp(g: Tensor, axes: tuple[int, ...], norm: Norm, inverse: bool) -> Tensor:
    return _transform(g, axes, _TRANSPOSED[norm], not inverse)


@compiled_first(_transform_operation((-1,), "backward", False))
def fft(
    x: ArrayLike,
    /,
    n: SupportsIndex | None = None,
    axis: SupportsIndex = -1,
    norm: Norm = "backward",
) -> Tensor:
    """Transform along an axis: ``sum(x[j] * exp(-2j * pi * j * k / n))`` for each k.

    Parameters
    ----------
    x : array_like
        Of a real or complex dtype.
    n : int, optional
        The length to transform: `x` is cut off, or filled up with zeros. By default as it is.
    axis : int
        The axis to transform.
    norm : {'backward', 'ortho', 'forward'}
        Where the factor 1/n stands: in the inverse transform, its root in both, or in the forward
        one.

    Returns
    -------
    Tensor
        Complex, of length n along the axis.

    Raises
    ------
    IndexError
        When the axis is out of range.
    ValueError
        When there is nothing to transform, or for another `norm`.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.fft.fft(nt.tensor([1.0, 0.0, 0.0, 0.0]))
    tensor([1.+0.j, 1.+0.j, 1.+0.j, 1.+0.j], dtype=complex64)
    """
    return _along("fft", x, n, axis, norm, inverse=False)


@compiled_first(_transform_operation((-1,), "backward", True))
def ifft(
    x: ArrayLike,
    /,
    n: SupportsIndex | None = None,
    axis: SupportsIndex = -1,
    norm: Norm = "backward",
) -> Tensor:
    """Invert `fft` along an axis.

    Parameters
    ----------
    x : array_like
        Of a real or complex dtype.
    n : int, optional
        The length to transform: `x` is cut off, or filled up with zeros. By default as it is.
    axis : int
        The axis to transform.
    norm : {'backward', 'ortho', 'forward'}
        Where the factor 1/n stands: in the inverse transform, its root in both, or in the forward
        one.

    Returns
    -------
    Tensor
        Complex, of length n along the axis.

    Raises
    ------
    IndexError
        When the axis is out of range.
    ValueError
        When there is nothing to transform, or for another `norm`.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.fft.ifft(nt.fft.fft(nt.tensor([1.0, 2.0])))
    tensor([1.+0.j, 2.+0.j], dtype=complex64)
    """
    return _along("ifft", x, n, axis, norm, inverse=True)


def fftn(x: ArrayLike, /, s: Lengths = None, axes: Axes = None, norm: Norm = "backward") -> Tensor:
    """Transform along several axes.

    Parameters
    ----------
    x : array_like
        Of a real or complex dtype.
    s : sequence of int, optional
        The lengths to transform, one for each axis: `x` is cut off, or filled up with zeros.
    axes : sequence of int, optional
        The axes to transform: by default the last ``len(s)``, or all of them.
    norm : {'backward', 'ortho', 'forward'}
        Where the factor 1/n stands, as for `fft`; n is the product of the lengths.

    Returns
    -------
    Tensor
        Complex, of lengths `s` along the axes.

    Raises
    ------
    IndexError
        When an axis is out of range.
    ValueError
        When there is nothing to transform, an axis is repeated, `s` and `axes` do not have the same
        length, or for another `norm`.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.fft.fftn(nt.ones((2, 2)))
    tensor([[4.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]], dtype=complex64)
    """
    return _along_several("fftn", x, s, axes, norm, inverse=False)


def ifftn(x: ArrayLike, /, s: Lengths = None, axes: Axes = None, norm: Norm = "backward") -> Tensor:
    """Invert `fftn` along several axes.

    Parameters
    ----------
    x : array_like
        Of a real or complex dtype.
    s : sequence of int, optional
        The lengths to transform, one for each axis: `x` is cut off, or filled up with zeros.
    axes : sequence of int, optional
        The axes to transform: by default the last ``len(s)``, or all of them.
    norm : {'backward', 'ortho', 'forward'}
        Where the factor 1/n stands, as for `fft`; n is the product of the lengths.

    Returns
    -------
    Tensor
        Complex, of lengths `s` along the axes.

    Raises
    ------
    IndexError
        When an axis is out of range.
    ValueError
        When there is nothing to transform, an axis is repeated, `s` and `axes` do not have the same
        length, or for another `norm`.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.fft.ifftn(nt.ones((2, 2))).tolist()
    [[(1+0j), 0j], [0j, 0j]]
    """
    return _along_several("ifftn", x, s, axes, norm, inverse=True)


def rfft(
    x: ArrayLike,
    /,
    n: SupportsIndex | None = None,
    axis: SupportsIndex = -1,
    norm: Norm = "backward",
) -> Tensor:
    """Transform real numbers along an axis: the half of `fft` that says it all.

    Parameters
    ----------
    x : array_like
        Of a real dtype.
    n : int, optional
        The length to transform: `x` is cut off, or filled up with zeros. By default as it is.
    axis : int
        The axis to transform.
    norm : {'backward', 'ortho', 'forward'}
        Where the factor 1/n stands: in the inverse transform, its root in both, or in the forward
        one.

    Returns
    -------
    Tensor
        Complex, of length ``n // 2 + 1`` along the axis.

    Raises
    ------
    IndexError
        When the axis is out of range.
    TypeError
        When `x` is complex.
    ValueError
        When there is nothing to transform, or for another `norm`.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.fft.rfft(nt.tensor([1.0, 2.0, 3.0, 4.0]))
    tensor([10.+0.j, -2.+2.j, -2.+0.j], dtype=complex64)
    """
    t = _real("rfft", x)
    place = _place("rfft", t, axis)
    return _rfft(_resized("rfft", t, place, n), place, _checked("rfft", norm))


def irfft(
    x: ArrayLike,
    /,
    n: SupportsIndex | None = None,
    axis: SupportsIndex = -1,
    norm: Norm = "backward",
) -> Tensor:
    """Invert `rfft` along an axis.

    Parameters
    ----------
    x : array_like
        What `rfft` gives; imaginary parts of what is real there are ignored.
    n : int, optional
        The length of the result. By default ``2 * (m - 1)`` for a length m of `x`.
    axis : int
        The axis to transform.
    norm : {'backward', 'ortho', 'forward'}
        Where the factor 1/n stands: in the inverse transform, its root in both, or in the forward
        one.

    Returns
    -------
    Tensor
        Real, of length n along the axis.

    Raises
    ------
    IndexError
        When the axis is out of range.
    ValueError
        When there is nothing to transform, or for another `norm`.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.fft.irfft(nt.fft.rfft(nt.tensor([1.0, 2.0, 3.0])), n=3)
    tensor([1., 2., 3.])
    """
    t = _complex(x)
    place = _place("irfft", t, axis)
    length = 2 * (t.shape[place] - 1) if n is None else operator.index(n)
    if length < 1:
        raise ValueError(f"irfft: nothing to transform: n is {length}")
    half = _resized("irfft", t, place, length // 2 + 1)
    return _irfft(half, place, length, _checked("irfft", norm))


def rfftn(x: ArrayLike, /, s: Lengths = None, axes: Axes = None, norm: Norm = "backward") -> Tensor:
    """Transform real numbers along several axes; the last one as `rfft` does.

    Parameters
    ----------
    x : array_like
        Of a real dtype.
    s : sequence of int, optional
        The lengths to transform, one for each axis: `x` is cut off, or filled up with zeros.
    axes : sequence of int, optional
        The axes to transform: by default the last ``len(s)``, or all of them.
    norm : {'backward', 'ortho', 'forward'}
        Where the factor 1/n stands, as for `fft`; n is the product of the lengths.

    Returns
    -------
    Tensor
        Complex, of lengths `s` along the axes, but ``s[-1] // 2 + 1`` along the last.

    Raises
    ------
    IndexError
        When an axis is out of range.
    TypeError
        When `x` is complex.
    ValueError
        When there is nothing to transform, an axis is repeated, `s` and `axes` do not have the same
        length, or for another `norm`.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.fft.rfftn(nt.ones((2, 2)))
    tensor([[4.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]], dtype=complex64)
    """
    t = _real("rfftn", x)
    lengths, places = _lengths_and_places("rfftn", t, s, axes)
    if not places:
        raise ValueError("rfftn: needs at least one axis")
    _checked("rfftn", norm)
    for place, length in zip(places, lengths, strict=True):
        t = _resized("rfftn", t, place, length)
    return _transform(_rfft(t, places[-1], norm), places[:-1], norm, inverse=False)


def irfftn(
    x: ArrayLike, /, s: Lengths = None, axes: Axes = None, norm: Norm = "backward"
) -> Tensor:
    """Invert `rfftn` along several axes.

    Parameters
    ----------
    x : array_like
        What `rfftn` gives.
    s : sequence of int, optional
        The lengths of the result along the axes, of which the last is ``2 * (m - 1)`` by default.
    axes : sequence of int, optional
        The axes to transform: by default the last ``len(s)``, or all of them.
    norm : {'backward', 'ortho', 'forward'}
        Where the factor 1/n stands, as for `fft`; n is the product of the lengths.

    Returns
    -------
    Tensor
        Real, of lengths `s` along the axes.

    Raises
    ------
    IndexError
        When an axis is out of range.
    ValueError
        When there is nothing to transform, an axis is repeated, `s` and `axes` do not have the same
        length, or for another `norm`.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.fft.irfftn(nt.fft.rfftn(nt.ones((2, 2)))).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    t = _complex(x)
    lengths, places = _lengths_and_places("irfftn", t, s, axes)
    if not places:
        raise ValueError("irfftn: needs at least one axis")
    _checked("irfftn", norm)
    last = 2 * (t.shape[places[-1]] - 1) if s is None else lengths[-1]
    if last < 1:
        raise ValueError(f"irfftn: nothing to transform: the last length is {last}")
    for place, length in zip(places, (*lengths[:-1], last // 2 + 1), strict=True):
        t = _resized("irfftn", t, place, length)
    return _irfft(_transform(t, places[:-1], norm, inverse=True), places[-1], last, norm)


def hfft(
    x: ArrayLike,
    /,
    n: SupportsIndex | None = None,
    axis: SupportsIndex = -1,
    norm: Norm = "backward",
) -> Tensor:
    """Transform along an axis what is the first half of a Hermitian sequence.

    Parameters
    ----------
    x : array_like
        The half that begins at 0: ``x[-k]`` is the conjugate of ``x[k]``.
    n : int, optional
        The length of the result. By default ``2 * (m - 1)`` for a length m of `x`.
    axis : int
        The axis to transform.
    norm : {'backward', 'ortho', 'forward'}
        Where the factor 1/n stands: in the inverse transform, its root in both, or in the forward
        one.

    Returns
    -------
    Tensor
        Real, of length n along the axis.

    Raises
    ------
    IndexError
        When the axis is out of range.
    ValueError
        When there is nothing to transform, or for another `norm`.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.fft.hfft(nt.tensor([1.0, 2.0, 3.0]))
    tensor([ 8., -2.,  0., -2.])
    """
    return irfft(_core.conj(_complex(x)), n=n, axis=axis, norm=_TRANSPOSED[_checked("hfft", norm)])


def ihfft(
    x: ArrayLike,
    /,
    n: SupportsIndex | None = None,
    axis: SupportsIndex = -1,
    norm: Norm = "backward",
) -> Tensor:
    """Invert `hfft` along an axis.

    Parameters
    ----------
    x : array_like
        Of a real dtype.
    n : int, optional
        The length to transform: `x` is cut off, or filled up with zeros. By default as it is.
    axis : int
        The axis to transform.
    norm : {'backward', 'ortho', 'forward'}
        Where the factor 1/n stands: in the inverse transform, its root in both, or in the forward
        one.

    Returns
    -------
    Tensor
        Complex, of length ``n // 2 + 1`` along the axis.

    Raises
    ------
    IndexError
        When the axis is out of range.
    TypeError
        When `x` is complex.
    ValueError
        When there is nothing to transform, or for another `norm`.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.fft.ihfft(nt.tensor([8.0, -2.0, 0.0, -2.0])).tolist()
    [(1-0j), (2-0j), (3-0j)]
    """
    return _core.conj(rfft(x, n=n, axis=axis, norm=_TRANSPOSED[_checked("ihfft", norm)]))


# ---- frequencies -------------------------------------------------------------------------------


def fftfreq(
    n: SupportsIndex,
    /,
    d: float = 1.0,
    device: str | None = None,
    *,
    dtype: DTypeLike | None = None,
) -> Tensor:
    """Return the frequencies that the elements of `fft` stand for.

    Parameters
    ----------
    n : int
        The length of the transform.
    d : float
        The distance between samples.
    dtype : DType, optional
        A float dtype; by default the default one.
    device : str, optional
        ``'cpu'``.

    Returns
    -------
    Tensor
        Of shape (n,): 0, 1, ..., -2, -1 over ``n * d``.

    Raises
    ------
    TypeError
        When `dtype` is not a float dtype.
    ValueError
        When `n` is not positive, or `d` is 0.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.fft.fftfreq(4)
    tensor([ 0.  ,  0.25, -0.5 , -0.25])
    """
    return _frequencies("fftfreq", np.fft.fftfreq, n, d, dtype, device)


def rfftfreq(
    n: SupportsIndex,
    /,
    d: float = 1.0,
    device: str | None = None,
    *,
    dtype: DTypeLike | None = None,
) -> Tensor:
    """Return the frequencies that the elements of `rfft` stand for.

    Parameters
    ----------
    n, d, dtype, device
        As for `fftfreq`.

    Returns
    -------
    Tensor
        Of shape (n // 2 + 1,): 0, 1, 2, ... over ``n * d``.

    Raises
    ------
    TypeError, ValueError
        As for `fftfreq`.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.fft.rfftfreq(4)
    tensor([0.  , 0.25, 0.5 ])
    """
    return _frequencies("rfftfreq", np.fft.rfftfreq, n, d, dtype, device)


def _frequencies(
    name: str,
    function: Callable[[int, float], npt.NDArray[Any]],
    n: SupportsIndex,
    d: float,
    dtype: DTypeLike | None,
    device: str | None,
) -> Tensor:
    length = operator.index(n)
    if length < 1:
        raise ValueError(f"{name}: n must be positive, not {length}")
    if d == 0:
        raise ValueError(f"{name}: d must not be 0")
    wanted = _core.get_default_dtype() if dtype is None else _core.empty(0, dtype=dtype).dtype
    if wanted.kind != "f":
        raise TypeError(f"{name}: dtype must be a float dtype, not {wanted}")
    return _core.asarray(function(length, float(d)), dtype=wanted, device=device)


def fftshift(x: ArrayLike, /, axes: SupportsIndex | Axes = None) -> Tensor:
    """Move the frequency 0 to the middle.

    Parameters
    ----------
    x : array_like
        What a transform or `fftfreq` gives.
    axes : int or sequence of int, optional
        The axes to shift; all by default.

    Returns
    -------
    Tensor
        Of the shape of `x`.

    Raises
    ------
    IndexError
        When an axis is out of range.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.fft.fftshift(nt.fft.fftfreq(4))
    tensor([-0.5 , -0.25,  0.  ,  0.25])
    """
    return _shifted("fftshift", x, axes, 1)


def ifftshift(x: ArrayLike, /, axes: SupportsIndex | Axes = None) -> Tensor:
    """Invert `fftshift`.

    Parameters
    ----------
    x, axes
        As for `fftshift`.

    Returns
    -------
    Tensor
        Of the shape of `x`.

    Raises
    ------
    IndexError
        When an axis is out of range.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.fft.ifftshift(nt.tensor([-1, 0, 1]))
    tensor([ 0,  1, -1])
    """
    return _shifted("ifftshift", x, axes, -1)


def _shifted(name: str, x: ArrayLike, axes: SupportsIndex | Axes, sign: int) -> Tensor:
    t = _core.asarray(x)
    if axes is None:
        axes = range(t.ndim)
    several = axes if isinstance(axes, Sequence) else (axes,)
    places = tuple(_place(name, t, axis) for axis in several)
    # Half of an odd length is rounded down here, and up on the way back.
    shifts = tuple(sign * (t.shape[place] // 2) for place in places)
    return _core.roll(t, shifts, axis=places) if places else _core.copy(t)


# ---- the transforms --------------------------------------------------------------------------


def _along(
    name: str, x: ArrayLike, n: SupportsIndex | None, axis: SupportsIndex, norm: Norm, inverse: bool
) -> Tensor:
    if n is None and type(axis) is int and type(norm) is str:
        y = _core._fft_along(x, axis, inverse, norm, _transform_operation((axis,), norm, inverse))
        if y is not None:
            return y
    t = _inexact(x)
    place = _place(name, t, axis)
    t = _resized(name, t, place, n)
    return _transform(t, (place,), _checked(name, norm), inverse)


def _along_several(
    name: str, x: ArrayLike, s: Lengths, axes: Axes, norm: Norm, inverse: bool
) -> Tensor:
    t = _inexact(x)
    lengths, places = _lengths_and_places(name, t, s, axes)
    for place, length in zip(places, lengths, strict=True):
        t = _resized(name, t, place, length)
    return _transform(t, places, _checked(name, norm), inverse)


def _transform(x: Tensor, axes: tuple[int, ...], norm: Norm, inverse: bool) -> Tensor:
    if not axes:
        return _complex(x)
    y, rest = x.detach(), list(axes)
    for axis in axes:
        found = _core._fft(y, axis, inverse, _factor(y.shape[axis], norm, inverse))
        if found is not None:
            y = found
            rest.remove(axis)
    name = "ifft" if inverse else "fft"
    if len(rest) == 1:
        y = _computed(name, y, axis=rest[0], norm=norm)
    elif rest:
        y = _computed(name + "n", y, axes=tuple(rest), norm=norm)
    return _core.record_operation(_transform_operation(axes, norm, inverse), x, y)


def _factor(n: int, norm: Norm, inverse: bool) -> float:
    if norm == "ortho":
        return 1 / math.sqrt(n)
    return 1 / n if (norm == "forward") != inverse else 1.0


def _rfft(x: Tensor, axis: int, norm: Norm) -> Tensor:
    n = x.shape[axis]
    y = _core._rfft(x, axis, _factor(n, norm, inverse=False))
    if y is None:
        y = _computed("rfft", x, axis=axis, norm=norm)
    return _core.record_operation(_rfft_operation(axis, n, norm), x, y)


@functools.lru_cache
def _rfft_operation(axis: int, n: int, norm: Norm) -> CapsuleType:
    return _core.operation("rfft", _rfft_vjp, None, (axis, n, norm))


def _rfft_vjp(g: Tensor, axis: int, n: int, norm: Norm) -> Tensor:
    # Of each pair of conjugates that irfft makes of an element, one is meant.
    return _irfft(g * _pairs(g, axis, n, 0.5), axis, n, _TRANSPOSED[norm])


def _irfft(x: Tensor, axis: int, n: int, norm: Norm) -> Tensor:
    y = _core._irfft(x, axis, n, _factor(n, norm, inverse=True))
    if y is None:
        y = _computed("irfft", x, n=n, axis=axis, norm=norm)
    return _core.record_operation(_irfft_operation(axis, n, norm), x, y)


@functools.lru_cache
def _irfft_operation(axis: int, n: int, norm: Norm) -> CapsuleType:
    return _core.operation("irfft", _irfft_vjp, None, (axis, n, norm))


def _irfft_vjp(g: Tensor, axis: int, n: int, norm: Norm) -> Tensor:
    half = _rfft(g, axis, _TRANSPOSED[norm])
    return half * _pairs(half, axis, n, 2.0)


def _pairs(x: Tensor, axis: int, n: int, factor: float) -> Tensor:
    """`factor` for elements of a half that stand for two of the whole, 1 for the others."""
    factors = np.full(x.shape[axis], factor)
    factors[0] = 1
    if n % 2 == 0:
        factors[-1] = 1
    shape = [1] * x.ndim
    shape[axis] = -1
    real = _core.float32 if x.dtype == _core.complex64 else _core.float64
    return _core.asarray(factors.reshape(shape), dtype=real)


def _computed(name: str, x: Tensor, **options: Any) -> Tensor:
    """Call a function of NumPy's, or the same of SciPy's: several times as fast on large arrays."""
    scipy = _scipy() if x.size >= _LARGE else None
    array = x.detach().numpy()
    if scipy is None:
        return _core.asarray(getattr(np.fft, name)(array, **options))
    return _core.asarray(getattr(scipy, name)(array, **options, workers=_core.get_num_threads()))


@functools.cache
def _scipy() -> ModuleType | None:
    try:
        return importlib.import_module("scipy.fft")
    except ImportError:
        return None


# ---- arguments -------------------------------------------------------------------------------


def _inexact(x: ArrayLike) -> Tensor:
    t = _core.asarray(x)
    return t if t.dtype.kind in "fc" else _core.astype(t, _core.get_default_dtype())


def _real(name: str, x: ArrayLike) -> Tensor:
    t = _inexact(x)
    if t.dtype.kind == "c":
        raise TypeError(f"{name}: expected real numbers, not {t.dtype}")
    return t


def _complex(x: ArrayLike) -> Tensor:
    t = _inexact(x)
    if t.dtype.kind == "c":
        return t
    return _core.astype(t, _core.complex64 if t.dtype == _core.float32 else _core.complex128)


def _checked(name: str, norm: Norm) -> Norm:
    if norm not in _TRANSPOSED:
        raise ValueError(f"{name}: norm {norm!r}, expected 'backward', 'ortho' or 'forward'")
    return norm


def _place(name: str, x: Tensor, axis: SupportsIndex) -> int:
    place = operator.index(axis)
    if not -x.ndim <= place < x.ndim:
        raise IndexError(f"{name}: axis {place} is out of range for {x.ndim} axes")
    return place % x.ndim


def _lengths_and_places(
    name: str, x: Tensor, s: Lengths, axes: Axes
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    lengths = None if s is None else tuple(operator.index(n) for n in s)
    if axes is None:
        count = x.ndim if lengths is None else len(lengths)
        axes = range(-count, 0)
    places = tuple(_place(name, x, axis) for axis in axes)
    if len(set(places)) != len(places):
        raise ValueError(f"{name}: axes {tuple(axes)} repeat one")
    if lengths is None:
        return tuple(x.shape[place] for place in places), places
    if len(lengths) != len(places):
        raise ValueError(f"{name}: {len(lengths)} lengths for {len(places)} axes")
    return lengths, places


def _resized(name: str, x: Tensor, axis: int, n: SupportsIndex | None) -> Tensor:
    """Cut off or fill up with zeros along an axis."""
    length = x.shape[axis] if n is None else operator.index(n)
    if length < 1:
        raise ValueError(f"{name}: nothing to transform: length {length} along axis {axis}")
    missing = length - x.shape[axis]
    if missing < 0:
        return x[(*(slice(None),) * axis, slice(length))]
    if missing > 0:
        shape = (*x.shape[:axis], missing, *x.shape[axis + 1 :])
        return _core.concat([x, _core.zeros(shape, dtype=x.dtype)], axis=axis)
    return x
