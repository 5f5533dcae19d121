"""Data sets: samples by number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ndtape import _core
from ndtape._arguments import as_array
from ndtape._core import Tensor

__all__ = ["ArrayDataset", "Dataset", "collate"]


class Dataset:
    """Samples that can be counted and picked; a subclass writes ``__len__`` and ``__getitem__``.

    Examples
    --------
    >>> import ndtape as nt
    >>> class Squares(nt.data.Dataset):
    ...     def __len__(self):
    ...         return 4
    ...     def __getitem__(self, i):
    ...         return float(i), float(i * i)
    >>> for x, y in nt.data.DataLoader(Squares(), batch_size=2):
    ...     print(x.tolist(), y.tolist())
    [0.0, 1.0] [0.0, 1.0]
    [2.0, 3.0] [4.0, 9.0]
    """

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} has no __len__")

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no __getitem__")

    def batch(self, indices: Sequence[int]) -> Any:
        """Several samples as one.

        Parameters
        ----------
        indices : sequence of int
            Which samples.

        Returns
        -------
        Any
            Of a sample's form, with NumPy arrays that have a new first axis.
        """
        return collate([self[i] for i in indices])


class ArrayDataset(Dataset):
    """Samples along the first axes of arrays.

    Parameters
    ----------
    *arrays : array_like
        Of one length along their first axis; at least one.

    Raises
    ------
    ValueError
        When there are none, or their lengths differ.

    Examples
    --------
    >>> import ndtape as nt
    >>> data = nt.data.ArrayDataset(nt.ones((3, 2)), nt.tensor([5, 6, 7]))
    >>> len(data), data[1][1].item()
    (3, 6)
    """

    def __init__(self, *arrays: Any) -> None:
        if not arrays:
            raise ValueError("arrays: none were given, expected at least one")
        self.tensors = tuple(_core.asarray(a) for a in arrays)
        for i, t in enumerate(self.tensors):
            if t.ndim == 0 or t.shape[0] != self.tensors[0].shape[0]:
                raise ValueError(
                    f"arrays[{i}]: shape {t.shape}, expected a first axis of "
                    f"{self.tensors[0].shape[0] if self.tensors[0].ndim else 'some length'}"
                )

    def __len__(self) -> int:
        return int(self.tensors[0].shape[0])

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        return tuple(t[index] for t in self.tensors)

    def batch(self, indices: Sequence[int]) -> tuple[Tensor, ...]:
        """Several samples as one, a tensor for each array.

        Parameters
        ----------
        indices : sequence of int
            Which samples.

        Returns
        -------
        tuple of Tensor
            With a first axis of that length.
        """
        if isinstance(indices, range) and indices.step == 1:  # neighbours: views
            return tuple(t[indices.start : indices.stop] for t in self.tensors)
        rows = _core.asarray(as_array(indices, np.int64))
        return tuple(_core.take(t, rows, axis=0) for t in self.tensors)


def collate(samples: list[Any]) -> Any:
    """Stack samples: numbers and arrays become arrays, tuples, lists and dicts keep their form."""
    first = samples[0]
    if isinstance(first, dict):
        return {key: collate([s[key] for s in samples]) for key in first}
    if isinstance(first, (tuple, list)):
        if any(len(s) != len(first) for s in samples):
            raise ValueError("samples: of different lengths, expected one form for all")
        parts = [collate([s[i] for s in samples]) for i in range(len(first))]
        return tuple(parts) if isinstance(first, tuple) else parts
    if isinstance(first, float):
        default = np.float32 if _core.get_default_dtype() == _core.float32 else np.float64
        return as_array(samples, default)
    arrays = [np.asarray(s.detach().numpy() if isinstance(s, Tensor) else s) for s in samples]
    if any(a.shape != arrays[0].shape for a in arrays):
        shapes = sorted({a.shape for a in arrays})
        raise ValueError(f"samples: shapes {shapes}, expected one shape for a batch")
    return np.stack(arrays)
