"""What the distributions share: parameters, shapes and how numbers are drawn."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ndtape import _core, random
from ndtape._core import Tensor
from ndtape._grad_mode import no_grad

__all__ = ["Distribution", "Size", "checked", "floats", "numpy_generator", "size_of"]

Size = int | Sequence[int]
FLOATS = (_core.float32, _core.float64)


def floats(*values: Any) -> list[Tensor]:
    """Return values as tensors of one float dtype."""
    tensors = [v if isinstance(v, (bool, int, float)) else _core.asarray(v) for v in values]
    known = [t.dtype for t in tensors if isinstance(t, Tensor) and t.dtype in FLOATS]
    dtype = _core.float64 if _core.float64 in known else _core.get_default_dtype()
    if known and _core.float64 not in known:
        dtype = _core.float32
    result = []
    for t in tensors:
        if not isinstance(t, Tensor):
            t = _core.asarray(t, dtype=dtype)
        result.append(t if t.dtype == dtype else _core.astype(t, dtype))
    return result


def checked(name: str, x: Tensor, what: str, good: Callable[[Tensor], Tensor]) -> Tensor:
    """Return x if all of it is `good`, else raise an error that says what was expected."""
    with no_grad():
        fine = good(x.detach())
        if not bool(_core.all(fine)):
            wrong = x.detach()[~fine].tolist()[0]
            raise ValueError(f"{name}: {wrong!r}, expected {what}")
    return x


def positive(name: str, x: Tensor) -> Tensor:
    """Return x if all of it is positive and finite."""
    return checked(name, x, "a positive number", lambda t: (t > 0) & _core.isfinite(t))


def finite(name: str, x: Tensor) -> Tensor:
    """Return x if all of it is finite."""
    return checked(name, x, "a finite number", _core.isfinite)


def size_of(size: Size) -> tuple[int, ...]:
    """Return a size as a tuple."""
    lengths = (size,) if isinstance(size, int) else tuple(size)
    if any(not isinstance(n, int) or n < 0 for n in lengths):
        raise ValueError(f"size: {size!r}, expected integers of at least 0")
    return lengths


def numpy_generator() -> np.random.Generator:
    """Return a generator of NumPy's that follows from where `nt.random` stands."""
    return np.random.default_rng(int(random.integers(0, 2**62).item()))


def from_numpy(values: npt.NDArray[Any], like: Tensor) -> Tensor:
    """Return NumPy's values in the dtype of a tensor."""
    kind: npt.DTypeLike = np.float32 if like.dtype == _core.float32 else np.float64
    return _core.asarray(np.asarray(values).astype(kind))


def column_sum(x: Tensor, axes: int) -> Tensor:
    """Return sums over the last `axes` axes."""
    return _core.sum(x, axis=tuple(range(-axes, 0))) if axes else x


class Distribution:
    """What the distributions share; make one of its subclasses.

    Attributes
    ----------
    batch_shape : tuple of int
        Of the parameters: that many independent distributions.
    event_shape : tuple of int
        Of one draw of one of them.
    """

    batch_shape: tuple[int, ...]
    event_shape: tuple[int, ...] = ()
    _names: tuple[str, ...] = ()

    def _broadcast(self, *parameters: Tensor) -> list[Tensor]:
        """Set the batch shape; return the parameters with it."""
        try:
            self.batch_shape = np.broadcast_shapes(*(p.shape for p in parameters))
        except ValueError:
            shapes = ", ".join(str(p.shape) for p in parameters)
            raise ValueError(
                f"{type(self).__name__}: parameters of shapes {shapes} do not broadcast"
            ) from None
        return [
            p if p.shape == self.batch_shape else _core.broadcast_to(p, self.batch_shape)
            for p in parameters
        ]

    def _shape(self, size: Size) -> tuple[int, ...]:
        return (*size_of(size), *self.batch_shape, *self.event_shape)

    def _value(self, x: Any) -> Tensor:
        """Return x as a float tensor whose last axes are those of an event."""
        value = _core.asarray(x) if not isinstance(x, (bool, int, float)) else floats(x)[0]
        dtype = self._dtype()
        if value.dtype not in (dtype, _core.float64):
            value = _core.astype(value, dtype)
        events = len(self.event_shape)
        if value.shape[len(value.shape) - events :] != self.event_shape:
            raise ValueError(
                f"{type(self).__name__}: value of shape {value.shape}, expected it to end in "
                f"{self.event_shape}"
            )
        return value

    def _dtype(self) -> _core.DType:
        parameter: Tensor = getattr(self, self._names[0])
        return parameter.dtype

    def sample(self, size: Size = ()) -> Tensor:
        """Draw, from the numbers of `nt.random`.

        Parameters
        ----------
        size : int or sequence of int, optional
            How many draws of the whole batch.

        Returns
        -------
        Tensor
            Of shape ``(*size, *batch_shape, *event_shape)``, without gradients.
        """
        with no_grad():
            return self._draw(size).detach()

    def rsample(self, size: Size = ()) -> Tensor:
        """Draw, as a function of the parameters that can be differentiated.

        Parameters
        ----------
        size : int or sequence of int, optional
            How many draws of the whole batch.

        Returns
        -------
        Tensor
            Of shape ``(*size, *batch_shape, *event_shape)``.

        Raises
        ------
        TypeError
            When the distribution is discrete.
        """
        if self._discrete:
            raise TypeError(f"{type(self).__name__}.rsample: its draws have no derivative")
        return self._draw(size)

    _discrete = False

    # What follows without a body every distribution defines.

    def _draw(self, size: Size) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} has no _draw")

    def log_prob(self, x: Any) -> Tensor:
        """Return the logarithm of the density, or of the probability of a discrete value.

        Parameters
        ----------
        x : array_like
            Broadcast against ``(*batch_shape, *event_shape)``.

        Returns
        -------
        Tensor
            Minus infinity where x cannot be drawn.
        """
        raise NotImplementedError(f"{type(self).__name__} has no log_prob")

    def cdf(self, x: Any) -> Tensor:
        """Return the probability of a draw of at most x.

        Parameters
        ----------
        x : array_like
            Broadcast against the batch shape.

        Returns
        -------
        Tensor
            From 0 to 1.

        Raises
        ------
        TypeError
            When the distribution is over vectors, whose values have no order.
        """
        raise TypeError(f"{type(self).__name__}.cdf: its values have no order")

    @property
    def mean(self) -> Tensor:
        """The expected value."""
        raise NotImplementedError(f"{type(self).__name__} has no mean")

    @property
    def variance(self) -> Tensor:
        """The expected squared distance from the mean, element by element."""
        raise NotImplementedError(f"{type(self).__name__} has no variance")

    @property
    def stddev(self) -> Tensor:
        """The root of the variance."""
        return _core.sqrt(self.variance)

    def entropy(self) -> Tensor:
        """Return minus the expected log-probability, in nats.

        Returns
        -------
        Tensor
            Of the batch shape.
        """
        raise NotImplementedError(f"{type(self).__name__} has no entropy")

    def __repr__(self) -> str:
        """Name and shapes of the parameters."""
        parts = []
        for name in self._names:
            value: Tensor = getattr(self, name)
            parts.append(
                f"{name}={value.item():g}" if value.ndim == 0 else f"{name}: {value.shape}"
            )
        return f"{type(self).__name__}({', '.join(parts)})"


HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)
