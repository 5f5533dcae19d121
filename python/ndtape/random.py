"""Random numbers: NumPy's `Generator`, counted rather than iterated.

The generator is Philox4x32-10, a function of a seed and a counter, so that the same seed gives the
same numbers for any number of threads and on any machine. The functions of this module draw from
one generator that all threads share; `seed` restarts it.

References
----------
J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3",
SC'11, 2011.
"""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Sequence
from typing import Any, TypedDict

from ndtape import _core
from ndtape._core import DType, Tensor

__all__ = [
    "Generator",
    "State",
    "bernoulli",
    "choice",
    "default_rng",
    "get_state",
    "integers",
    "normal",
    "permutation",
    "random",
    "seed",
    "set_state",
    "standard_normal",
    "uniform",
]

Shape = int | Sequence[int] | None


class State(TypedDict):
    """Where a generator stands."""

    bit_generator: str
    seed: int
    offset: int


_integer_bits: dict[DType, tuple[int, int]] = {
    getattr(_core, f"{prefix}int{bits}"): (
        (0, 2**bits - 1) if prefix else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    )
    for prefix in ("", "u")
    for bits in (8, 16, 32, 64)
}


def _checked_seed(value: Any, name: str = "seed") -> int:
    number = _integer(value, name)
    if not 0 <= number < 2**64:
        raise ValueError(f"{name} must be from 0 to 2**64 - 1, not {number}")
    return number


def _integer(value: Any, name: str) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, not {value!r}") from None


def _number(value: Any, name: str) -> float:
    if isinstance(value, (str, bytes)):
        raise TypeError(f"{name} must be a number, not {value!r}")
    try:
        return float(value)
    except TypeError:
        raise TypeError(f"{name} must be a number, not {value!r}") from None


def _shape(size: Shape) -> tuple[int, ...]:
    if size is None:
        return ()
    lengths: Sequence[Any] = size if isinstance(size, (tuple, list)) else (size,)
    shape = tuple(_integer(n, "size") for n in lengths)
    if any(n < 0 for n in shape):
        raise ValueError(f"size {shape} has a negative length")
    return shape


def _axis(x: Tensor, axis: int, what: str) -> int:
    if x.ndim == 0:
        raise ValueError(f"{what}: a 0-d tensor has no axis")
    number = _integer(axis, "axis")
    if not -x.ndim <= number < x.ndim:
        raise IndexError(f"{what}: axis {number} is out of range for {x.ndim} axes")
    return number % x.ndim


def _float_dtype(dtype: DType | None) -> DType:
    if dtype is None:
        return _core.get_default_dtype()
    if dtype not in (_core.float32, _core.float64):
        raise TypeError(f"expected a float dtype, not {dtype}")
    return dtype


class Generator:
    """A stream of random numbers.

    Parameters
    ----------
    seed : int
        Which stream, ``0 <= seed < 2**64``.

    Raises
    ------
    TypeError
        When `seed` is not an integer.
    ValueError
        When `seed` is out of range.

    See Also
    --------
    default_rng : makes one, from fresh entropy too.

    Notes
    -----
    `size` is a length, a shape, or None for a 0-d tensor. `dtype` is None for the default float
    dtype (int64 for integers).

    Examples
    --------
    >>> import ndtape as nt
    >>> rng = nt.random.Generator(0)
    >>> x = rng.normal(size=(2, 3))
    >>> x.shape
    (2, 3)
    """

    __slots__ = ("_philox",)

    def __init__(self, seed: int) -> None:
        self._philox = _core.PhiloxGenerator(_checked_seed(seed))

    def __repr__(self) -> str:
        state = self.state
        return f"Generator(seed={state['seed']}, offset={state['offset']})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (dict(self.state),)

    @property
    def state(self) -> State:
        """The generator's position; assign it to return there."""
        return {
            "bit_generator": "Philox4x32-10",
            "seed": self._philox.seed,
            "offset": self._philox.offset,
        }

    @state.setter
    def state(self, value: State) -> None:
        if not isinstance(value, dict) or set(value) != {"bit_generator", "seed", "offset"}:
            raise ValueError("state must be a dict with bit_generator, seed and offset")
        if value["bit_generator"] != "Philox4x32-10":
            raise ValueError(f"state is of another generator: {value['bit_generator']!r}")
        self._philox.set_state(
            _checked_seed(value["seed"]), _checked_seed(value["offset"], "offset")
        )

    def random(self, size: Shape = None, dtype: DType | None = None) -> Tensor:
        """Draw from the uniform distribution on [0, 1).

        Parameters
        ----------
        size : int or sequence of int, optional
            The shape.
        dtype : DType, optional
            A float dtype.

        Returns
        -------
        Tensor
            Of shape `size`.

        Raises
        ------
        TypeError
            When `dtype` is not a float dtype.
        ValueError
            When `size` is negative.

        Examples
        --------
        >>> import ndtape as nt
        >>> x = nt.random.default_rng(1).random(1000)
        >>> bool(((x >= 0) & (x < 1)).all())
        True
        """
        return self.uniform(0.0, 1.0, size, dtype)

    def uniform(
        self, low: float = 0.0, high: float = 1.0, size: Shape = None, dtype: DType | None = None
    ) -> Tensor:
        """Draw from the uniform distribution on [low, high).

        Parameters
        ----------
        low, high : float
            The bounds.
        size : int or sequence of int, optional
            The shape.
        dtype : DType, optional
            A float dtype.

        Returns
        -------
        Tensor
            Of shape `size`.

        Raises
        ------
        TypeError
            When a bound is not a number or `dtype` is not a float dtype.
        ValueError
            When a bound is not finite, ``high < low``, or `size` is negative.

        Examples
        --------
        >>> import ndtape as nt
        >>> x = nt.random.default_rng(1).uniform(-2, 3, size=1000)
        >>> -2 <= x.min().item() and x.max().item() < 3
        True
        """
        low, high = _number(low, "low"), _number(high, "high")
        if high < low or not math.isfinite(high - low):
            raise ValueError(f"uniform: [{low}, {high}) is not a finite range")
        return self._philox.uniform(_shape(size), low, high, _float_dtype(dtype))

    def standard_normal(self, size: Shape = None, dtype: DType | None = None) -> Tensor:
        """Draw from the normal distribution with mean 0 and standard deviation 1.

        Parameters
        ----------
        size : int or sequence of int, optional
            The shape.
        dtype : DType, optional
            A float dtype.

        Returns
        -------
        Tensor
            Of shape `size`.

        Raises
        ------
        TypeError
            When `dtype` is not a float dtype.
        ValueError
            When `size` is negative.

        Examples
        --------
        >>> import ndtape as nt
        >>> nt.random.default_rng(1).standard_normal((2, 3)).shape
        (2, 3)
        """
        return self.normal(0.0, 1.0, size, dtype)

    def normal(
        self, loc: float = 0.0, scale: float = 1.0, size: Shape = None, dtype: DType | None = None
    ) -> Tensor:
        """Draw from the normal (Gaussian) distribution.

        Parameters
        ----------
        loc : float
            The mean.
        scale : float
            The standard deviation, not negative.
        size : int or sequence of int, optional
            The shape.
        dtype : DType, optional
            A float dtype.

        Returns
        -------
        Tensor
            Of shape `size`.

        Raises
        ------
        TypeError
            When `loc` or `scale` is not a number or `dtype` is not a float dtype.
        ValueError
            When `loc` or `scale` is not finite, `scale` is negative, or `size` is negative.

        Examples
        --------
        >>> import ndtape as nt
        >>> x = nt.random.default_rng(1).normal(10, 2, size=100_000)
        >>> abs(x.mean().item() - 10) < 0.05, abs(x.std().item() - 2) < 0.05
        (True, True)
        """
        loc, scale = _number(loc, "loc"), _number(scale, "scale")
        if not math.isfinite(loc) or not math.isfinite(scale) or scale < 0:
            raise ValueError(
                f"normal: loc={loc}, scale={scale} must be finite, and scale not negative"
            )
        return self._philox.normal(_shape(size), loc, scale, _float_dtype(dtype))

    def integers(
        self,
        low: int,
        high: int | None = None,
        size: Shape = None,
        dtype: DType | None = None,
        endpoint: bool = False,
    ) -> Tensor:
        """Draw integers from [low, high), each equally likely.

        Parameters
        ----------
        low : int
            The smallest; when `high` is None the range is ``[0, low)``.
        high : int, optional
            One above the largest, or the largest with `endpoint`.
        size : int or sequence of int, optional
            The shape.
        dtype : DType, optional
            An integer dtype; int64 by default.
        endpoint : bool
            Whether `high` itself may be drawn.

        Returns
        -------
        Tensor
            Of shape `size`.

        Raises
        ------
        TypeError
            When a bound is not an integer or `dtype` is not an integer dtype.
        ValueError
            When the range is empty or does not fit `dtype`, or `size` is negative.

        Examples
        --------
        >>> import ndtape as nt
        >>> x = nt.random.default_rng(1).integers(1, 6, size=1000, endpoint=True)
        >>> x.min().item(), x.max().item()
        (1, 6)
        """
        first, last = (0, low) if high is None else (low, high)
        first, last = _integer(first, "low"), _integer(last, "high")
        if not endpoint:
            last -= 1
        if last < first:
            raise ValueError(f"integers: no integer from {first} to {last}")
        kind = _core.int64 if dtype is None else dtype
        bits = _integer_bits.get(kind)
        if bits is None:
            raise TypeError(f"integers: expected an integer dtype, not {dtype}")
        lowest, highest = bits
        if first < lowest or last > highest:
            raise ValueError(f"integers: {first} to {last} does not fit {kind}")
        if last >= 2**63 - 1:
            raise ValueError(f"integers: {last} is too large; at most 2**63 - 2")
        return self._philox.integers(_shape(size), first, last + 1, kind)

    def bernoulli(self, p: float = 0.5, size: Shape = None, dtype: DType | None = None) -> Tensor:
        """Draw ones with probability `p`, else zeros.

        Parameters
        ----------
        p : float
            The probability, from 0 to 1.
        size : int or sequence of int, optional
            The shape.
        dtype : DType, optional
            Any dtype; the default float dtype, so that a mask multiplies.

        Returns
        -------
        Tensor
            Of shape `size`, ones and zeros.

        Raises
        ------
        TypeError
            When `p` is not a number.
        ValueError
            When `p` is not from 0 to 1, or `size` is negative.

        Examples
        --------
        >>> import ndtape as nt
        >>> x = nt.random.default_rng(1).bernoulli(0.25, size=100_000)
        >>> abs(x.mean().item() - 0.25) < 0.01
        True
        """
        p = _number(p, "p")
        if not 0 <= p <= 1:
            raise ValueError(f"bernoulli: p={p} is not a probability")
        kind = _core.get_default_dtype() if dtype is None else dtype
        return self._philox.bernoulli(_shape(size), p, kind)

    def permutation(self, x: int | Tensor, axis: int = 0) -> Tensor:
        """Shuffle the integers below a number, or a tensor along an axis.

        Parameters
        ----------
        x : int or Tensor
            How many integers, or what to shuffle; it is not changed.
        axis : int
            The axis of the tensor whose slices change places.

        Returns
        -------
        Tensor
            int64 of shape ``(x,)``, or a tensor like `x`.

        Raises
        ------
        TypeError
            When `x` is neither an integer nor a tensor.
        ValueError
            When `x` is a negative integer or a 0-d tensor.
        IndexError
            When `axis` is out of range.

        Examples
        --------
        >>> import ndtape as nt
        >>> order = nt.random.default_rng(1).permutation(5)
        >>> sorted(order.tolist())
        [0, 1, 2, 3, 4]
        """
        if isinstance(x, Tensor):
            axis = _axis(x, axis, "permutation")
            return _core.take(x, self._philox.permutation(x.shape[axis]), axis=axis)
        count = _integer(x, "x")
        if count < 0:
            raise ValueError(f"permutation: {count} is negative")
        return self._philox.permutation(count)

    def choice(
        self, a: int | Tensor, size: Shape = None, replace: bool = True, axis: int = 0
    ) -> Tensor:
        """Pick integers below a number, or slices of a tensor, each equally likely.

        Parameters
        ----------
        a : int or Tensor
            The number, or the tensor to pick from.
        size : int or sequence of int, optional
            How many; the shape that replaces `axis`.
        replace : bool
            Whether one can be picked twice.
        axis : int
            The axis of the tensor to pick along.

        Returns
        -------
        Tensor
            int64 of shape `size`, or of the dtype of `a` with `axis` replaced by `size`.

        Raises
        ------
        TypeError
            When `a` is neither an integer nor a tensor.
        ValueError
            When there is nothing to pick from, or without replacement too little.
        IndexError
            When `axis` is out of range.

        Examples
        --------
        >>> import ndtape as nt
        >>> rng = nt.random.default_rng(1)
        >>> rng.choice(nt.tensor([[1, 2, 3], [4, 5, 6]]), size=2, axis=1).shape
        (2, 2)
        >>> sorted(rng.choice(3, size=3, replace=False).tolist())
        [0, 1, 2]
        """
        if isinstance(a, Tensor):
            axis = _axis(a, axis, "choice")
            count = a.shape[axis]
        else:
            count = _integer(a, "a")
        shape = _shape(size)
        wanted = math.prod(shape)
        if count <= 0 and wanted > 0:
            raise ValueError(f"choice: nothing to pick from, a={count}")
        if replace:
            index = self.integers(0, max(count, 1), size=shape)
        elif wanted > count:
            raise ValueError(f"choice: {wanted} of {count} without replacement")
        else:
            index = _core.reshape(self._philox.permutation(count)[:wanted], shape)
        return _core.take(a, index, axis=axis) if isinstance(a, Tensor) else index


def default_rng(seed: int | Generator | None = None) -> Generator:
    """Make a generator.

    Parameters
    ----------
    seed : int or Generator, optional
        The stream, ``0 <= seed < 2**64``; None for one from the system's entropy. A generator is
        returned as it is.

    Returns
    -------
    Generator
        Independent of the module's own.

    Raises
    ------
    TypeError
        When `seed` is not an integer.
    ValueError
        When `seed` is out of range.

    Examples
    --------
    >>> import ndtape as nt
    >>> a = nt.random.default_rng(7).normal(size=3)
    >>> b = nt.random.default_rng(7).normal(size=3)
    >>> a.tolist() == b.tolist()
    True
    """
    if isinstance(seed, Generator):
        return seed
    return Generator(_entropy() if seed is None else seed)


def _entropy() -> int:
    return int.from_bytes(os.urandom(8), "little")


_global = Generator(_entropy())

random = _global.random
uniform = _global.uniform
standard_normal = _global.standard_normal
normal = _global.normal
integers = _global.integers
bernoulli = _global.bernoulli
permutation = _global.permutation
choice = _global.choice


def seed(seed: int) -> None:
    """Restart the module's generator.

    Parameters
    ----------
    seed : int
        The stream, ``0 <= seed < 2**64``.

    Raises
    ------
    TypeError
        When `seed` is not an integer.
    ValueError
        When `seed` is out of range.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.random.seed(0)
    >>> a = nt.random.uniform(size=2).tolist()
    >>> nt.random.seed(0)
    >>> a == nt.random.uniform(size=2).tolist()
    True
    """
    _global.state = {"bit_generator": "Philox4x32-10", "seed": seed, "offset": 0}


def get_state() -> State:
    """Tell where the module's generator stands.

    Returns
    -------
    State
        For `set_state`.

    Examples
    --------
    >>> import ndtape as nt
    >>> state = nt.random.get_state()
    >>> a = nt.random.normal(size=2).tolist()
    >>> nt.random.set_state(state)
    >>> a == nt.random.normal(size=2).tolist()
    True
    """
    return _global.state


def set_state(state: State) -> None:
    """Return the module's generator to where it stood.

    Parameters
    ----------
    state : State
        From `get_state` or `Generator.state`.

    Raises
    ------
    ValueError
        When it is not a state of this generator.

    Examples
    --------
    >>> import ndtape as nt
    >>> rng = nt.random.default_rng(5)
    >>> nt.random.set_state(rng.state)
    >>> rng.normal().item() == nt.random.normal().item()
    True
    """
    _global.state = state


def _restored(state: State) -> Generator:
    generator = Generator(0)
    generator.state = state
    return generator
