"""What all optimizers share: groups of parameters, their state, saving and loading it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from ndtape import _core
from ndtape._core import Tensor

__all__ = ["Optimizer", "Parameters", "checked"]

Parameters = Iterable[Tensor] | Iterable[Mapping[str, Any]]


def checked(name: str, value: float, *, low: float = 0.0, high: float = math.inf) -> float:
    """`value` as a float in [low, high), or an error that names it."""
    if isinstance(value, (str, bytes)) or not low <= value < high:
        bounds = f"at least {low:g}" if high == math.inf else f"in [{low:g}, {high:g})"
        raise ValueError(f"{name}: {value!r}, expected {bounds}")
    return float(value)


class Optimizer:
    """What the optimizers share; make one of its subclasses.

    Parameters
    ----------
    parameters : iterable of Tensor or of dict
        Leaves of a float dtype that require grad; at least one, each once. Or groups with options
        of their own: dicts with the entry "parameters" and any of the optimizer's options, as in
        ``{"parameters": [w], "learning_rate": 0.1}``.
    learning_rate : float
        Size of a step, 0 or more.
    **options
        The subclass's own, for groups that do not say otherwise.

    Raises
    ------
    TypeError
        When a parameter is not a Tensor, or a group has an unknown option.
    ValueError
        When there are no parameters, one is given twice, is not a leaf or does not require grad,
        or an option is out of its range.

    Attributes
    ----------
    parameters : list of Tensor
        What is optimized, of all groups.
    groups : list of dict
        Each group's parameters and options. Options may be changed between steps.
    count : int
        Steps made.
    """

    def __init__(self, parameters: Parameters, learning_rate: float, **options: Any) -> None:
        defaults = {"learning_rate": learning_rate, **options}
        if not isinstance(parameters, Iterable):
            kind = type(parameters).__name__
            raise TypeError(f"parameters: a {kind}, expected tensors or groups of them")
        given: list[Any] = list(parameters)
        if not given:
            raise ValueError("parameters: none were given, expected at least one")
        if not isinstance(given[0], Mapping):
            given = [{"parameters": given}]
        self.groups: list[dict[str, Any]] = []
        for i, group in enumerate(given):
            if not isinstance(group, Mapping):
                raise TypeError(f"parameters[{i}]: a {type(group).__name__}, expected a group")
            unknown = group.keys() - defaults.keys() - {"parameters"}
            if unknown or "parameters" not in group:
                raise TypeError(
                    f"parameters[{i}]: entries {sorted(group)}, expected 'parameters' and any of "
                    f"{sorted(defaults)}"
                )
            entries = {**defaults, **group, "parameters": list(group["parameters"])}
            entries["learning_rate"] = checked("learning_rate", entries["learning_rate"])
            self._check(entries)
            self.groups.append(entries)
        self._check_parameters()
        self.count = 0
        self._states = [
            {name: _core.zeros_like(p.detach()) for name in self._needs(group)}
            for group in self.groups
            for p in group["parameters"]
        ]

    def _check_parameters(self) -> None:
        seen: set[int] = set()
        for i, p in enumerate(self.parameters):
            if not isinstance(p, Tensor):
                raise TypeError(f"parameters[{i}]: a {type(p).__name__}, expected a Tensor")
            if not (p.requires_grad and p.is_leaf):
                raise ValueError(f"parameters[{i}]: not a leaf that requires grad")
            if id(p) in seen:
                raise ValueError(f"parameters[{i}]: given twice")
            seen.add(id(p))
        if not seen:
            raise ValueError("parameters: none were given, expected at least one")

    # ---- for subclasses -------------------------------------------------------------------------

    def _check(self, options: dict[str, Any]) -> None:
        """Refuse options that are out of range."""

    def _needs(self, options: dict[str, Any]) -> tuple[str, ...]:
        """Names of the tensors kept for each parameter of a group with these options."""
        return ()

    def _step(self, x: Tensor, grad: Tensor, state: dict[str, Tensor], o: dict[str, Any]) -> None:
        raise TypeError(f"{type(self).__name__} has no rule; use a subclass such as SGD")

    # ---- for everyone ---------------------------------------------------------------------------

    @property
    def parameters(self) -> list[Tensor]:
        """What is optimized, of all groups."""
        return [p for group in self.groups for p in group["parameters"]]

    @property
    def learning_rate(self) -> float:
        """The first group's; setting it sets that of all groups."""
        return float(self.groups[0]["learning_rate"])

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        rate = checked("learning_rate", value)
        for group in self.groups:
            group["learning_rate"] = rate

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for group in self.groups:
            for p in group["parameters"]:
                p.grad = None

    def step(self) -> None:
        """Move every parameter that has a gradient.

        Raises
        ------
        ValueError, TypeError
            When a gradient's shape or dtype is not its parameter's.
        """
        self.count += 1
        states = iter(self._states)
        for group in self.groups:
            for p in group["parameters"]:
                state = next(states)
                if p.grad is None or not p.requires_grad:
                    continue
                for name in self._needs(group):  # an option may have been turned on
                    if name not in state:
                        state[name] = _core.zeros_like(p.detach())
                self._step(p, p.grad, state, group)

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to go on later.

        Returns
        -------
        dict
            The step count, each group's options and each parameter's state, for
            `load_state_dict`; its tensors are copies.
        """
        options = [{k: v for k, v in g.items() if k != "parameters"} for g in self.groups]
        states = [{name: _core.copy(t) for name, t in s.items()} for s in self._states]
        return {"count": self.count, "groups": options, "state": states}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from where another optimizer of the same kind stood.

        Parameters
        ----------
        state : mapping
            What `state_dict` gave, for groups and parameters of the same shapes and dtypes.

        Raises
        ------
        ValueError
            When an entry is missing, unknown, or of another shape; nothing is changed then.
        """
        expected = {"count", "groups", "state"}
        if set(state) != expected:
            raise ValueError(f"state: entries {sorted(state)}, expected {sorted(expected)}")
        groups, states = list(state["groups"]), list(state["state"])
        if len(groups) != len(self.groups):
            raise ValueError(f"state groups: {len(groups)}, expected {len(self.groups)}")
        for i, (new, own) in enumerate(zip(groups, self.groups, strict=True)):
            names = own.keys() - {"parameters"}
            if set(new) != names:
                raise ValueError(f"state groups[{i}]: {sorted(new)}, expected {sorted(names)}")
        parameters = self.parameters
        if len(states) != len(parameters):
            raise ValueError(f"state: of {len(states)} parameters, expected {len(parameters)}")
        counts = [len(g["parameters"]) for g in self.groups]
        owners = [g for g, n in zip(groups, counts, strict=True) for _ in range(n)]
        for i, (new, p, group) in enumerate(zip(states, parameters, owners, strict=True)):
            if not set(self._needs(group)) <= set(new):
                raise ValueError(
                    f"state of parameter {i}: {sorted(new)}, expected {sorted(self._needs(group))}"
                )
            for name, t in new.items():
                if tuple(t.shape) != p.shape:
                    raise ValueError(
                        f"state of parameter {i}: {name} of shape {tuple(t.shape)}, expected "
                        f"{p.shape}"
                    )
        for new in groups:
            checked("learning_rate", new["learning_rate"])
            self._check(dict(new))
        self.count = int(state["count"])
        for new, own in zip(groups, self.groups, strict=True):
            own.update(new)
            self._check(own)
        self._states = [
            {name: _core.copy(_core.asarray(t)) for name, t in s.items()} for s in states
        ]

    def __repr__(self) -> str:
        """Name, learning rate and number of parameters."""
        return (
            f"{type(self).__name__}({len(self.parameters)} parameters, "
            f"learning_rate={self.learning_rate:g})"
        )
