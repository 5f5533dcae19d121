"""NumPy's functions called with tensors: they read them as arrays, and give arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ndtape._core import Tensor


def call_on_arrays(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Any:
    """Call with NumPy's arrays over the memory of all tensors, those in sequences among them."""
    return function(*_arrays(args), **{name: _arrays(value) for name, value in kwargs.items()})


def _arrays(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.numpy()
    if isinstance(value, tuple):
        return tuple(_arrays(v) for v in value)
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes, range, memoryview)):
        return [_arrays(v) for v in value]
    return value
