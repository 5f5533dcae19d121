"""Checks of derivatives: ``nt.testing.gradcheck`` and ``gradgradcheck``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ndtape import _core
from ndtape._core import Tensor
from ndtape._transforms import jvp, vjp
from ndtape._trees import map_leaves

__all__ = ["gradcheck", "gradgradcheck"]

Array = npt.NDArray[Any]


def gradcheck(
    f: Callable[..., Any],
    inputs: Any,
    *,
    step: float = 1e-6,
    rtol: float = 1e-5,
    atol: float = 1e-6,
    forward: bool = True,
) -> None:
    """Check the first derivatives of a function against central differences.

    Parameters
    ----------
    f : callable
        Returns tensors of float or complex dtypes: one, or lists, tuples and dicts of them. It
        must be smooth at `inputs`, and give the same result each time.
    inputs : array_like or tuple
        Its arguments. Tensors and arrays of float64 and complex128 are varied, also inside lists,
        tuples and dicts; anything else is passed on.
    step : float, optional
        How far the differences go to either side.
    rtol, atol : float, optional
        The largest differences that pass, relative and absolute.
    forward : bool, optional
        Check `jvp`, too.

    Raises
    ------
    AssertionError
        Where a derivative is wrong, with the argument, the element, and both values.
    TypeError
        When nothing can be varied: single precision is too coarse.

    See Also
    --------
    gradgradcheck : second derivatives.

    Notes
    -----
    All outputs are weighted by fixed random numbers and summed, so that one walk back checks
    them all. Complex arguments are varied along both axes.

    Examples
    --------
    >>> import ndtape as nt
    >>> x = nt.tensor([0.5, 1.0], dtype=nt.float64)
    >>> nt.testing.gradcheck(nt.sin, (x,))
    >>> try:
    ...     nt.testing.gradcheck(lambda x: x * x.detach(), (x,))
    ... except AssertionError as error:
    ...     print(str(error)[:26])
    the gradient of input 0 is
    """
    call, values = _flattened("gradcheck", f, inputs)
    weights: list[Tensor] = []

    def loss(*tensors: Tensor) -> float:
        outputs = _outputs(call(*tensors))
        return float(sum(_inner(w, y.detach()) for w, y in zip(weights, outputs, strict=True)))

    tensors = [_core.asarray(v) for v in values]
    outputs, pullback = vjp(lambda *xs: _outputs(call(*xs)), *tensors)
    weights += [_weights(y, 17 + i) for i, y in enumerate(outputs)]
    found = pullback(weights)
    wanted = _differences(loss, values, step)
    for i, (g, want) in enumerate(zip(found, wanted, strict=True)):
        _compare(f"the gradient of input {i}", g.detach().numpy(), want, rtol, atol)
    if not forward:
        return
    tangents = tuple(_weights(x, 41 + i) for i, x in enumerate(tensors))
    _, moved = jvp(lambda *xs: _outputs(call(*xs)), tuple(tensors), tangents)
    along = sum(_inner(w, t.detach()) for w, t in zip(weights, moved, strict=True))
    back = sum(_inner(t, g.detach()) for t, g in zip(tangents, found, strict=True))
    _compare("the derivative along a tangent", np.asarray(along), np.asarray(back), rtol, atol)


def gradgradcheck(
    f: Callable[..., Any],
    inputs: Any,
    *,
    step: float = 1e-6,
    rtol: float = 1e-5,
    atol: float = 1e-6,
    forward: bool = True,
) -> None:
    """Check the second derivatives of a function against central differences of the first.

    Parameters
    ----------
    f, inputs, step, rtol, atol, forward
        As for `gradcheck`.

    Raises
    ------
    AssertionError, TypeError
        As for `gradcheck`.

    See Also
    --------
    gradcheck : first derivatives, which this takes as right.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.testing.gradgradcheck(nt.matmul, (nt.random.default_rng(0).normal(size=(2, 2),
    ...     dtype=nt.float64), nt.eye(2, dtype=nt.float64)))
    """
    call, values = _flattened("gradgradcheck", f, inputs)
    like = _outputs(call(*(_core.asarray(v) for v in values)))
    seeds = [_weights(y, 17 + i) for i, y in enumerate(like)]

    def first(*arguments: Tensor) -> tuple[Tensor, ...]:
        xs, gs = arguments[: len(values)], arguments[len(values) :]
        _, pullback = vjp(lambda *ts: _outputs(call(*ts)), *xs)
        return pullback(list(gs))  # type: ignore[no-any-return]

    both = (*(_core.asarray(v) for v in values), *seeds)
    gradcheck(first, both, step=step, rtol=rtol, atol=atol, forward=forward)


def _flattened(
    what: str, f: Callable[..., Any], inputs: Any
) -> tuple[Callable[..., Any], list[Array]]:
    """Make a function of the tensors that are varied, and give their values."""
    arguments = inputs if isinstance(inputs, tuple) else (inputs,)
    values: list[Array] = []

    def collect(leaf: Any, _path: str) -> Any:
        if isinstance(leaf, (Tensor, np.ndarray)):
            array = leaf.detach().numpy() if isinstance(leaf, Tensor) else leaf
            if array.dtype in (np.float64, np.complex128):
                values.append(np.array(array))
                return _Place(len(values) - 1)
        return leaf

    template = map_leaves(collect, arguments)
    if not values:
        raise TypeError(f"{what}: no input is a float64 or complex128 tensor")

    def call(*tensors: Tensor) -> Any:
        return f(
            *map_leaves(
                lambda leaf, _: tensors[leaf.index] if isinstance(leaf, _Place) else leaf, template
            )
        )

    return call, values


class _Place:
    """Where a tensor belongs among the arguments."""

    def __init__(self, index: int) -> None:
        self.index = index


def _outputs(tree: Any) -> list[Tensor]:
    found: list[Tensor] = []
    map_leaves(lambda leaf, _: found.append(leaf), tree)
    return found


def _weights(y: Tensor, seed: int) -> Tensor:
    rng = np.random.default_rng(seed)
    w = rng.uniform(0.5, 1.5, y.shape) * rng.choice([-1.0, 1.0], y.shape)
    if y.dtype.kind == "c":
        w = w + 1j * rng.uniform(-1.5, 1.5, y.shape)
    return _core.asarray(np.asarray(w, dtype=y.dtype.dtype))


def _inner(a: Tensor, b: Tensor) -> float:
    """Real part of the inner product: that of pairs of real numbers."""
    return float(np.sum((np.conj(a.numpy()) * b.numpy()).real))


def _differences(loss: Callable[..., float], values: Sequence[Array], step: float) -> list[Array]:
    found = []
    for which, value in enumerate(values):
        gradient = np.zeros_like(value)
        for at in np.ndindex(value.shape):
            for unit in (1.0, 1j) if value.dtype.kind == "c" else (1.0,):
                sides = []
                for sign in (1, -1):
                    moved = [np.array(v) for v in values]
                    moved[which][at] += sign * step * unit
                    sides.append(loss(*(_core.asarray(v) for v in moved)))
                gradient[at] += unit * (sides[0] - sides[1]) / (2 * step)
        found.append(gradient)
    return found


def _compare(what: str, found: Array, want: Array, rtol: float, atol: float) -> None:
    if found.shape != want.shape:
        raise AssertionError(f"{what} has shape {found.shape}, expected {want.shape}")
    wrong = ~np.isclose(found, want, rtol=rtol, atol=atol)
    if wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        place = f" at {at}" if at else ""
        raise AssertionError(
            f"{what} is {found[at]}{place}, but differences give {want[at]} "
            f"({np.count_nonzero(wrong)} of {want.size} elements differ)"
        )
