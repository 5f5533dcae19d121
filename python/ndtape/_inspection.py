"""What the namespace has to offer, for programs that ask: ``__array_namespace_info__``."""

from __future__ import annotations

from typing import Any

from ndtape import _core
from ndtape._core import Device, DType
from ndtape._datatypes import letters

__all__ = ["__array_namespace_info__"]

_NAMES = (
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float32",
    "float64",
    "complex64",
    "complex128",
)


class Info:
    """What ndtape offers; made by `__array_namespace_info__`."""

    def capabilities(self) -> dict[str, Any]:
        """Whether masks index, whether shapes may depend on values, and the most axes."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> Device:
        """Where tensors are made unless told otherwise."""
        return Device("cpu")

    def devices(self) -> tuple[Device, ...]:
        """All devices of this machine that can be used."""
        return (Device("cpu"),)

    def default_dtypes(self, *, device: Device | str | None = None) -> dict[str, DType]:
        """Give the dtypes of results whose dtype was not given, by kind."""
        _check(device)
        return {
            "real floating": _core.get_default_dtype(),
            "complex floating": _core.result_type(_core.get_default_dtype(), 1j),
            "integral": _core.int64,
            "indexing": _core.int64,
        }

    def dtypes(
        self, *, device: Device | str | None = None, kind: str | tuple[str, ...] | None = None
    ) -> dict[str, DType]:
        """Give the dtypes there are, by name; with `kind`, those that `isdtype` finds to be so."""
        _check(device)
        every = {name: getattr(_core, name) for name in _NAMES}
        if kind is None:
            return every
        kinds = kind if isinstance(kind, tuple) else (kind,)
        wanted = "".join(letters(one) for one in kinds)
        return {name: dtype for name, dtype in every.items() if dtype.kind in wanted}


def __array_namespace_info__() -> Info:  # noqa: N807
    """Describe devices, dtypes and capabilities, as the array API standard asks.

    Returns
    -------
    Info
        With the methods `capabilities`, `default_device`, `devices`, `default_dtypes` and
        `dtypes`.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.__array_namespace_info__().default_dtypes()["real floating"]
    ndtape.float32
    """
    return Info()


def _check(device: Device | str | None) -> None:
    if device is not None:
        Device(device)
