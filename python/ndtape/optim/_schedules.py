"""Schedules: learning rates that change as training goes on.

A schedule sets the learning rate of every group of an optimizer, as a multiple of what it was when
the schedule was made. Call ``step()`` after each epoch, or after each step of the optimizer where
the schedule is counted in those.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

from ndtape.optim._optimizer import Optimizer, checked

__all__ = [
    "CosineSchedule",
    "OneCycleSchedule",
    "PlateauSchedule",
    "Schedule",
    "StepSchedule",
    "WarmupSchedule",
]


def _positive(name: str, value: int) -> int:
    if not isinstance(value, int) or value < 1:
        raise ValueError(f"{name}: {value!r}, expected an integer of at least 1")
    return value


class Schedule:
    """What the schedules share; make one of its subclasses, or one with `factor` written anew.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates are set, at once and at every step.

    Attributes
    ----------
    optimizer : Optimizer
        The one that is steered.
    base_rates : list of float
        Each group's learning rate when the schedule was made.
    count : int
        Steps made.

    Examples
    --------
    >>> import ndtape as nt
    >>> w = nt.tensor([1.0], requires_grad=True)
    >>> optimizer = nt.optim.SGD([w], 1.0)
    >>> class Halve(nt.optim.Schedule):
    ...     def factor(self, count):
    ...         return 0.5**count
    >>> schedule = Halve(optimizer)
    >>> schedule.step()
    >>> optimizer.learning_rate
    0.5
    """

    def __init__(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            kind = type(optimizer).__name__
            raise TypeError(f"optimizer: a {kind}, expected an Optimizer")
        self.optimizer = optimizer
        self.base_rates = [float(g["learning_rate"]) for g in optimizer.groups]
        self.count = 0
        self._set()

    def factor(self, count: int) -> float:
        """Return what the learning rates are multiplied by after `count` steps.

        Parameters
        ----------
        count : int
            From 0.

        Returns
        -------
        float
            0 or more.
        """
        return 1.0

    def step(self, value: float | None = None) -> None:
        """Go one step on.

        Parameters
        ----------
        value : float, optional
            What the model was measured at, for schedules that look at it.
        """
        self.count += 1
        self._set()

    def _set(self) -> None:
        factor = checked("factor", self.factor(self.count))
        for group, rate in zip(self.optimizer.groups, self.base_rates, strict=True):
            group["learning_rate"] = rate * factor

    def state_dict(self) -> dict[str, Any]:
        """Where the schedule stands.

        Returns
        -------
        dict
            Of numbers and lists of them, for `load_state_dict`.
        """
        return {k: v for k, v in vars(self).items() if k != "optimizer"}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from where another schedule of the same kind stood.

        Parameters
        ----------
        state : mapping
            What `state_dict` gave.

        Raises
        ------
        ValueError
            When an entry is missing or unknown, or the groups are not as many.
        """
        own = self.state_dict()
        if set(state) != set(own):
            raise ValueError(f"state: entries {sorted(state)}, expected {sorted(own)}")
        if len(state["base_rates"]) != len(self.base_rates):
            raise ValueError(
                f"state base_rates: of {len(state['base_rates'])} groups, expected "
                f"{len(self.base_rates)}"
            )
        vars(self).update(state)
        self._set()


class StepSchedule(Schedule):
    """Multiply the learning rate by `gamma` every `every` steps.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates are set.
    every : int
        Steps between changes.
    gamma : float, optional
        The factor.

    Examples
    --------
    >>> import ndtape as nt
    >>> optimizer = nt.optim.SGD([nt.tensor([1.0], requires_grad=True)], 1.0)
    >>> schedule = nt.optim.StepSchedule(optimizer, 2, gamma=0.5)
    >>> [schedule.factor(i) for i in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    def __init__(self, optimizer: Optimizer, every: int, *, gamma: float = 0.1) -> None:
        self.every = _positive("every", every)
        self.gamma = checked("gamma", gamma)
        super().__init__(optimizer)

    def factor(self, count: int) -> float:
        """``gamma ** (count // every)``."""
        return self.gamma ** (count // self.every)


class CosineSchedule(Schedule):
    """Fall along half a cosine, from the full learning rate to a share of it [1]_.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates are set.
    steps : int
        Steps until the end is reached, where the rate then stays.
    end : float, optional
        The share of the learning rate at the end.

    References
    ----------
    .. [1] I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts",
       ICLR 2017.

    Examples
    --------
    >>> import ndtape as nt
    >>> optimizer = nt.optim.SGD([nt.tensor([1.0], requires_grad=True)], 1.0)
    >>> schedule = nt.optim.CosineSchedule(optimizer, 2)
    >>> [round(schedule.factor(i), 3) for i in range(4)]
    [1.0, 0.5, 0.0, 0.0]
    """

    def __init__(self, optimizer: Optimizer, steps: int, *, end: float = 0.0) -> None:
        self.steps = _positive("steps", steps)
        self.end = checked("end", end)
        super().__init__(optimizer)

    def factor(self, count: int) -> float:
        """``end + (1 - end) * (1 + cos(pi * count / steps)) / 2``."""
        share = min(count, self.steps) / self.steps
        return self.end + (1 - self.end) * (1 + math.cos(math.pi * share)) / 2


class WarmupSchedule(Schedule):
    """Rise evenly to the full learning rate, then follow another schedule if there is one.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates are set.
    steps : int
        Steps until the full rate is reached.
    start : float, optional
        The share of the learning rate to start from.
    then : Schedule, optional
        What follows, made for the same optimizer; its count starts where the rise ends.

    Examples
    --------
    >>> import ndtape as nt
    >>> optimizer = nt.optim.SGD([nt.tensor([1.0], requires_grad=True)], 1.0)
    >>> then = nt.optim.StepSchedule(optimizer, 1, gamma=0.5)
    >>> schedule = nt.optim.WarmupSchedule(optimizer, 2, then=then)
    >>> [schedule.factor(i) for i in range(5)]
    [0.0, 0.5, 1.0, 0.5, 0.25]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        steps: int,
        *,
        start: float = 0.0,
        then: Schedule | None = None,
    ) -> None:
        self.steps = _positive("steps", steps)
        self.start = checked("start", start)
        if then is not None and then.optimizer is not optimizer:
            raise ValueError("then: a schedule of another optimizer")
        if isinstance(then, PlateauSchedule):
            raise TypeError("then: a PlateauSchedule, which follows measurements, not counts")
        if then is not None:  # rates as they were before it set them
            for group, rate in zip(optimizer.groups, then.base_rates, strict=True):
                group["learning_rate"] = rate
        self._then = then
        super().__init__(optimizer)

    def factor(self, count: int) -> float:
        """Return the share of the learning rate after `count` steps."""
        if count >= self.steps:
            return 1.0 if self._then is None else self._then.factor(count - self.steps)
        return self.start + (1 - self.start) * count / self.steps

    def state_dict(self) -> dict[str, Any]:
        """Where the schedule stands; that which follows has no state of its own."""
        return {k: v for k, v in super().state_dict().items() if k != "_then"}


class OneCycleSchedule(Schedule):
    """Rise to the full learning rate and fall far below the start, along cosines [1]_.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates are set; they are the highest of the cycle.
    steps : int
        Steps of the whole cycle.
    rise : float, optional
        The share of the steps in which the rate rises, between 0 and 1.
    start, end : float, optional
        The shares of the learning rate to start from and to end at.

    References
    ----------
    .. [1] L. N. Smith, N. Topin, "Super-convergence", arXiv:1708.07120, 2017.

    Examples
    --------
    >>> import ndtape as nt
    >>> optimizer = nt.optim.SGD([nt.tensor([1.0], requires_grad=True)], 1.0)
    >>> schedule = nt.optim.OneCycleSchedule(optimizer, 4, rise=0.5)
    >>> [round(schedule.factor(i), 3) for i in range(5)]
    [0.04, 0.52, 1.0, 0.5, 0.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        steps: int,
        *,
        rise: float = 0.3,
        start: float = 1 / 25,
        end: float = 4e-6,
    ) -> None:
        self.steps = _positive("steps", steps)
        if not 0 < rise < 1:
            raise ValueError(f"rise: {rise!r}, expected between 0 and 1")
        self.rise = float(rise)
        self.start, self.end = checked("start", start), checked("end", end)
        super().__init__(optimizer)

    def factor(self, count: int) -> float:
        """Return the share of the learning rate after `count` steps."""
        share = min(count / self.steps, 1.0)
        if share <= self.rise:
            return _along_cosine(self.start, 1.0, share / self.rise)
        return _along_cosine(1.0, self.end, (share - self.rise) / (1 - self.rise))


def _along_cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


class PlateauSchedule(Schedule):
    """Lower the learning rate when a measurement gets no better.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates are set.
    gamma : float, optional
        What the rate is multiplied by, less than 1.
    patience : int, optional
        Steps without improvement that are waited for.
    mode : {"min", "max"}, optional
        Whether less or more is better.
    threshold : float, optional
        The share by which a measurement must be better to count.
    least : float, optional
        The share of the learning rate below which it is not lowered.

    Examples
    --------
    >>> import ndtape as nt
    >>> optimizer = nt.optim.SGD([nt.tensor([1.0], requires_grad=True)], 1.0)
    >>> schedule = nt.optim.PlateauSchedule(optimizer, gamma=0.5, patience=1)
    >>> for loss in (3.0, 2.0, 2.0, 2.0):
    ...     schedule.step(loss)
    >>> optimizer.learning_rate
    0.5
    """

    def __init__(
        self,
        optimizer: Optimizer,
        *,
        gamma: float = 0.1,
        patience: int = 10,
        mode: str = "min",
        threshold: float = 1e-4,
        least: float = 0.0,
    ) -> None:
        if mode not in ("min", "max"):
            raise ValueError(f"mode: {mode!r}, expected 'min' or 'max'")
        self.gamma = checked("gamma", gamma, high=1.0)
        if not isinstance(patience, int) or patience < 0:
            raise ValueError(f"patience: {patience!r}, expected an integer of at least 0")
        self.patience, self.mode = patience, mode
        self.threshold, self.least = checked("threshold", threshold), checked("least", least)
        self.best = math.inf if mode == "min" else -math.inf
        self.waited = 0
        self.share = 1.0
        super().__init__(optimizer)

    def factor(self, count: int) -> float:
        """Return the share of the learning rate that is left."""
        return self.share

    def step(self, value: float | None = None) -> None:
        """Look at a measurement, and lower the rate when there was no better one for too long.

        Parameters
        ----------
        value : float
            Such as the loss on data that is not learnt from.

        Raises
        ------
        TypeError
            When there is no value.
        """
        if value is None:
            raise TypeError("value: None, expected what the schedule is to look at")
        if not isinstance(value, Real):
            raise TypeError(f"value: {value!r}, expected a number")
        margin = self.threshold * abs(self.best) if math.isfinite(self.best) else 0.0
        gain = self.best - value if self.mode == "min" else value - self.best
        better = gain > margin
        if better:
            self.best, self.waited = float(value), 0
        else:
            self.waited += 1
        if self.waited > self.patience:
            self.share = max(self.share * self.gamma, self.least)
            self.waited = 0
        super().step()
