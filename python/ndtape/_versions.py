"""Namespaces of earlier versions of the array API standard.

The latest differs from them in types of results: what are tuples in it were lists.
"""

from __future__ import annotations

import functools
from types import ModuleType
from typing import TYPE_CHECKING

import ndtape
from ndtape import _inspection, _manipulation
from ndtape._core import Device, Tensor

if TYPE_CHECKING:
    from ndtape._core import _ArrayLike

EARLIER = ("2021.12", "2022.12", "2023.12", "2024.12")


def namespace(version: str) -> ModuleType:
    """Find the namespace of a version of the standard."""
    if version == ndtape.__array_api_version__:
        return ndtape
    if version not in EARLIER:
        latest = ndtape.__array_api_version__
        raise ValueError(
            f"__array_namespace__: api_version {version!r} is unknown; the latest is {latest!r}"
        )
    return _earlier(version)


@functools.cache
def _earlier(version: str) -> ModuleType:
    module = ModuleType(ndtape.__name__, f"ndtape as of version {version} of the standard.")
    vars(module).update(
        __getattr__=lambda name: getattr(ndtape, name),  # all else is the latest's
        __dir__=lambda: dir(ndtape),
        __array_api_version__=version,
        __array_namespace_info__=_Info,
        broadcast_arrays=_broadcast_arrays,
        meshgrid=_meshgrid,
    )
    return module


class _Info(_inspection.Info):
    def devices(self) -> list[Device]:  # type: ignore[override]
        return list(super().devices())


@functools.wraps(_manipulation.broadcast_arrays)
def _broadcast_arrays(*arrays: _ArrayLike) -> list[Tensor]:
    return list(_manipulation.broadcast_arrays(*arrays))


@functools.wraps(_manipulation.meshgrid)
def _meshgrid(*arrays: _ArrayLike, indexing: str = "xy") -> list[Tensor]:
    return list(_manipulation.meshgrid(*arrays, indexing=indexing))  # type: ignore[arg-type]
