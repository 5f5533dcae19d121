"""What dtypes can hold: ``finfo``, ``iinfo``, ``isdtype``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ndtape import _core
from ndtape._core import DType, Tensor

if TYPE_CHECKING:
    from ndtape._core import _DTypeLike

__all__ = ["finfo", "iinfo", "isdtype"]

# The kinds that the standard names, as letters of DType.kind.
KINDS = {
    "bool": "b",
    "signed integer": "i",
    "unsigned integer": "u",
    "integral": "iu",
    "real floating": "f",
    "complex floating": "c",
    "numeric": "iufc",
}


@dataclass(frozen=True, slots=True)
class FloatInfo:
    """What `finfo` returns; `dtype` is that of the real numbers described."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: DType


@dataclass(frozen=True, slots=True)
class IntegerInfo:
    """What `iinfo` returns."""

    bits: int
    max: int
    min: int
    dtype: DType


def finfo(type: Tensor | _DTypeLike, /) -> FloatInfo:
    """Limits of a float dtype.

    Parameters
    ----------
    type : DType or Tensor
        A float dtype; a complex one stands for that of its parts.

    Returns
    -------
    FloatInfo
        With the attributes `bits`, `eps` (from 1 to the next larger number), `max`, `min`,
        `smallest_normal` and `dtype`.

    Raises
    ------
    TypeError
        For any other dtype.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.finfo(nt.float32).eps
    1.1920928955078125e-07
    """
    dtype = _dtype_of(type)
    if dtype.kind not in ("f", "c"):
        raise TypeError(f"finfo: {dtype} is not a float dtype; use iinfo for integers")
    info = np.finfo(dtype.dtype)
    return FloatInfo(
        bits=int(info.bits),
        eps=float(info.eps),
        max=float(info.max),
        min=float(info.min),
        smallest_normal=float(info.smallest_normal),
        dtype=_core._as_dtype(info.dtype),
    )


def iinfo(type: Tensor | _DTypeLike, /) -> IntegerInfo:
    """Limits of an integer dtype.

    Parameters
    ----------
    type : DType or Tensor
        An integer dtype.

    Returns
    -------
    IntegerInfo
        With the attributes `bits`, `max`, `min` and `dtype`.

    Raises
    ------
    TypeError
        For any other dtype.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.iinfo(nt.uint8).max
    255
    """
    dtype = _dtype_of(type)
    if dtype.kind not in ("i", "u"):
        raise TypeError(f"iinfo: {dtype} is not an integer dtype; use finfo for floats")
    info = np.iinfo(dtype.dtype)
    return IntegerInfo(bits=info.bits, max=int(info.max), min=int(info.min), dtype=dtype)


def isdtype(dtype: _DTypeLike, kind: str | _DTypeLike | tuple[str | _DTypeLike, ...]) -> bool:
    """Tell whether a dtype is of a kind.

    Parameters
    ----------
    dtype : DType
        The dtype.
    kind : str, DType or tuple of those
        ``'bool'``, ``'signed integer'``, ``'unsigned integer'``, ``'integral'``, ``'real
        floating'``, ``'complex floating'`` or ``'numeric'``; a dtype stands for itself alone. Of
        a tuple, one has to fit.

    Returns
    -------
    bool
        Whether it is.

    Raises
    ------
    TypeError
        When `dtype` is not a dtype.
    ValueError
        When a word is no kind.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.isdtype(nt.float32, "real floating"), nt.isdtype(nt.int8, (nt.bool, "integral"))
    (True, True)
    """
    given = _core._as_dtype(dtype)
    kinds = kind if isinstance(kind, tuple) else (kind,)
    return True in [_is_of(given, one) for one in kinds]  # a word that is no kind is found anyway


def letters(kind: str) -> str:
    """Spell a kind of the standard in the letters of DType.kind."""
    if kind not in KINDS:
        raise ValueError(f"no kind of dtypes: {kind!r}; expected one of {', '.join(KINDS)}")
    return KINDS[kind]


def _is_of(dtype: DType, kind: Any) -> bool:
    if isinstance(kind, str):
        return dtype.kind in letters(kind)
    return dtype == _core._as_dtype(kind)


def _dtype_of(type: Any) -> DType:
    return type.dtype if isinstance(type, Tensor) else _core._as_dtype(type)
