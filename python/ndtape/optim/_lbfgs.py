"""L-BFGS: steps by an estimate of curvature, for functions that can be computed again."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ndtape import _core
from ndtape._core import Tensor
from ndtape._grad_mode import enable_grad, no_grad
from ndtape.optim._optimizer import Optimizer, Parameters, checked

__all__ = ["LBFGS"]

Vector = npt.NDArray[np.float64]


class LBFGS(Optimizer):
    """Limited-memory BFGS with a line search for the strong Wolfe conditions [1]_.

    Parameters
    ----------
    parameters : iterable of Tensor
        Leaves that require grad, in one group.
    learning_rate : float, optional
        Length of the first step that the line search tries.
    iterations : int, optional
        Directions followed in a call of `step`.
    history : int, optional
        Pairs of steps and gradient changes that are kept.
    tolerance : float, optional
        `step` ends when no element of the gradient is larger.

    Raises
    ------
    ValueError
        When a number is out of its range or there are several groups.

    References
    ----------
    .. [1] J. Nocedal, S. J. Wright, "Numerical optimization", 2nd ed., algorithms 3.5 and 7.5.

    Examples
    --------
    >>> import ndtape as nt
    >>> w = nt.tensor([-1.2, 1.0], dtype=nt.float64, requires_grad=True)
    >>> optimizer = nt.optim.LBFGS([w], iterations=100)
    >>> def loss():
    ...     return (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
    >>> optimizer.step(loss) < 1e-12
    True
    """

    def __init__(
        self,
        parameters: Parameters,
        learning_rate: float = 1.0,
        *,
        iterations: int = 20,
        history: int = 10,
        tolerance: float = 1e-9,
    ) -> None:
        super().__init__(
            parameters,
            learning_rate,
            iterations=iterations,
            history=history,
            tolerance=tolerance,
        )
        if len(self.groups) != 1:
            raise ValueError(f"parameters: {len(self.groups)} groups, LBFGS expects one")
        self._pairs: list[tuple[Vector, Vector]] = []

    def _check(self, options: dict[str, Any]) -> None:
        for name in ("iterations", "history"):
            if not isinstance(options[name], int) or options[name] < 1:
                raise ValueError(f"{name}: {options[name]!r}, expected an integer of at least 1")
        checked("tolerance", options["tolerance"])

    def step(self, closure: Callable[[], Tensor] | None = None) -> float:  # type: ignore[override]
        """Follow some directions.

        Parameters
        ----------
        closure : callable
            Computes the loss from the parameters, without `backward`; it is called often.

        Returns
        -------
        float
            The loss at the end.

        Raises
        ------
        TypeError
            When there is no closure.
        ValueError
            When the loss is NaN or infinite at the start.
        """
        if closure is None:
            raise TypeError("closure: None, expected a function that computes the loss")
        self.count += 1
        options = self.groups[0]
        parameters: list[Tensor] = options["parameters"]
        x = _flat(parameters)

        def evaluate(at: Vector) -> tuple[float, Vector]:
            _assign(parameters, at)
            for p in parameters:
                p.grad = None
            with enable_grad():
                loss = closure()
                loss.backward()
            gradients = [_core.zeros_like(p) if p.grad is None else p.grad for p in parameters]
            return float(loss.item()), _flat(gradients)

        value, gradient = evaluate(x)
        if not math.isfinite(value):
            raise ValueError(f"closure: the loss is {value}, expected a finite number")
        for _ in range(options["iterations"]):
            if np.abs(gradient).max(initial=0.0) <= options["tolerance"]:
                break
            direction = self._direction(gradient)
            slope = float(direction @ gradient)
            if slope >= 0:  # rounding has spoilt the history
                self._pairs.clear()
                direction, slope = -gradient, -float(gradient @ gradient)
            length = options["learning_rate"]
            if not self._pairs:
                length = min(1.0, 1 / np.abs(gradient).sum()) * length
            found = _line_search(evaluate, x, direction, value, slope, length)
            if found is None:
                _assign(parameters, x)
                break
            t, value, new = found
            moved, change = t * direction, new - gradient
            if float(moved @ change) > 1e-10 * float(change @ change):
                self._pairs = [*self._pairs, (moved, change)][-options["history"] :]
            x, gradient = x + moved, new
        _assign(parameters, x)
        return value

    def _direction(self, gradient: Vector) -> Vector:
        """Minus the inverse Hessian's estimate times the gradient, by two loops."""
        q = gradient.copy()
        used = []
        for s, y in reversed(self._pairs):
            share = float(s @ q) / float(s @ y)
            used.append(share)
            q -= share * y
        if self._pairs:
            s, y = self._pairs[-1]
            q *= float(s @ y) / float(y @ y)
        for (s, y), share in zip(self._pairs, reversed(used), strict=True):
            q += (share - float(y @ q) / float(s @ y)) * s
        return -q

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to go on later.

        Returns
        -------
        dict
            For `load_state_dict`.
        """
        pairs = [(_core.tensor(s), _core.tensor(y)) for s, y in self._pairs]
        return {**super().state_dict(), "pairs": pairs}

    def load_state_dict(self, state: Any) -> None:
        """Go on from where another LBFGS stood.

        Parameters
        ----------
        state : mapping
            What `state_dict` gave.

        Raises
        ------
        ValueError
            When an entry is missing, unknown, or of another shape.
        """
        if "pairs" not in state:
            raise ValueError("state: no entry 'pairs'")
        size = sum(p.size for p in self.parameters)
        pairs = [tuple(np.asarray(v, dtype=np.float64).copy() for v in p) for p in state["pairs"]]
        if any(len(p) != 2 or any(v.shape != (size,) for v in p) for p in pairs):
            raise ValueError(f"state pairs: not pairs of vectors of length {size}")
        super().load_state_dict({k: v for k, v in state.items() if k != "pairs"})
        self._pairs = [(p[0], p[1]) for p in pairs]


def _flat(tensors: list[Tensor]) -> Vector:
    parts = [np.asarray(t.detach().numpy(), dtype=np.float64).ravel() for t in tensors]
    return np.concatenate(parts)


def _assign(parameters: list[Tensor], x: Vector) -> None:
    begin = 0
    with no_grad():
        for p in parameters:
            part = x[begin : begin + p.size].reshape(p.shape)
            p[...] = _core.astype(_core.asarray(part), p.dtype)
            begin += p.size


def _line_search(
    evaluate: Callable[[Vector], tuple[float, Vector]],
    x: Vector,
    direction: Vector,
    start: float,
    slope: float,
    length: float,
) -> tuple[float, float, Vector] | None:
    """Return a step length that meets the strong Wolfe conditions, with loss and gradient.

    None when no length lowers the loss, which is then as low as rounding lets it be.
    """
    armijo, curvature = 1e-4, 0.9
    low, low_value, low_slope = 0.0, start, slope
    high: float | None = None
    best: tuple[float, float, Vector] | None = None
    t = length
    for _ in range(40):
        value, gradient = evaluate(x + t * direction)
        here = float(gradient @ direction)
        if (
            not math.isfinite(value)
            or value > start + armijo * t * slope
            or (low > 0 and value >= low_value)
        ):
            high = t
        else:
            if best is None or value <= best[1]:
                best = (t, value, gradient)
            if abs(here) <= -curvature * slope:
                return t, value, gradient
            if here > 0:
                high = t
            else:
                low, low_value, low_slope = t, value, here
        if high is None:
            t *= 2
            continue
        width = high - low
        if abs(width) * np.abs(direction).max(initial=0.0) < 1e-15:
            break
        t = low + 0.5 * width
        if math.isfinite(value) and t != low and value > low_value:
            # The minimum of the parabola through low's value and slope and this value.
            fit = low_value + low_slope * width - value
            if fit < 0:
                guess = low + low_slope * width * width / (2 * fit)
                t = min(max(guess, low + 0.1 * width), low + 0.9 * width)
    return best
