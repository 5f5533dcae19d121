"""Optimizers: rules that move parameters against their gradients.

Each step is one compiled pass over a parameter, its gradient and the optimizer's state. Nothing is
recorded, and leaves that require grad are changed in place.

Examples
--------
>>> import ndtape as nt
>>> w = nt.tensor([1.0, -2.0], requires_grad=True)
>>> optimizer = nt.optim.SGD([w], learning_rate=0.1)
>>> for _ in range(50):
...     optimizer.zero_grad()
...     nt.sum(w * w).backward()
...     optimizer.step()
>>> bool(nt.all(nt.abs(w.detach()) < 1e-4))
True
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from ndtape import _core
from ndtape._core import Tensor

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop"]


def _checked(name: str, value: float, *, low: float = 0.0, high: float = math.inf) -> float:
    if not low <= value < high:
        bounds = f"at least {low:g}" if high == math.inf else f"in [{low:g}, {high:g})"
        raise ValueError(f"{name}: {value!r}, expected {bounds}")
    return float(value)


class Optimizer:
    """What the optimizers share; make one of its subclasses.

    Parameters
    ----------
    parameters : iterable of Tensor
        Leaves of a float dtype that require grad; at least one, each once.
    learning_rate : float
        Size of a step, 0 or more. May be changed between steps.

    Raises
    ------
    TypeError
        When a parameter is not a Tensor.
    ValueError
        When there are no parameters, one is given twice, is not a leaf or does not require grad,
        or the learning rate is negative.

    Attributes
    ----------
    parameters : list of Tensor
        What is optimized.
    learning_rate : float
        Size of a step.
    count : int
        Steps made.
    """

    # The tensors kept for each parameter, by name.
    _state_names: tuple[str, ...] = ()

    def __init__(self, parameters: Iterable[Tensor], learning_rate: float) -> None:
        self.learning_rate = _checked("learning_rate", learning_rate)
        self.parameters = list(parameters)
        if not self.parameters:
            raise ValueError("parameters: none were given, expected at least one")
        seen: set[int] = set()
        for i, p in enumerate(self.parameters):
            if not isinstance(p, Tensor):
                raise TypeError(f"parameters[{i}]: a {type(p).__name__}, expected a Tensor")
            if not (p.requires_grad and p.is_leaf):
                raise ValueError(f"parameters[{i}]: not a leaf that requires grad")
            if id(p) in seen:
                raise ValueError(f"parameters[{i}]: given twice")
            seen.add(id(p))
        self.count = 0
        self._state = {
            name: [_core.zeros_like(p.detach()) for p in self.parameters]
            for name in self._state_names
        }

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for p in self.parameters:
            p.grad = None

    def step(self) -> None:
        """Move every parameter that has a gradient.

        Raises
        ------
        ValueError, TypeError
            When a gradient's shape or dtype is not its parameter's.
        """
        self.count += 1
        for i, p in enumerate(self.parameters):
            if p.grad is not None:
                self._step(i, p, p.grad)

    def _step(self, i: int, x: Tensor, grad: Tensor) -> None:
        raise TypeError(f"{type(self).__name__} has no rule; use a subclass such as SGD")

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to go on later: the step count, the learning rate and the state.

        Returns
        -------
        dict
            For `load_state_dict`; its tensors are copies.
        """
        state: dict[str, Any] = {"count": self.count, "learning_rate": self.learning_rate}
        for name, tensors in self._state.items():
            state[name] = [_core.copy(t) for t in tensors]
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from where another optimizer of the same kind stood.

        Parameters
        ----------
        state : dict
            What `state_dict` gave, for parameters of the same shapes and dtypes.

        Raises
        ------
        ValueError
            When an entry is missing, unknown, or of another shape; nothing is changed then.
        """
        expected = {"count", "learning_rate", *self._state_names}
        if set(state) != expected:
            raise ValueError(f"state: entries {sorted(state)}, expected {sorted(expected)}")
        for name in self._state_names:
            shapes = [t.shape for t in state[name]]
            wanted = [p.shape for p in self.parameters]
            if shapes != wanted:
                raise ValueError(f"state {name}: shapes {shapes}, expected {wanted}")
        self.count = int(state["count"])
        self.learning_rate = _checked("learning_rate", state["learning_rate"])
        for name in self._state_names:
            self._state[name] = [_core.copy(t) for t in state[name]]

    def __repr__(self) -> str:
        """Name, learning rate and number of parameters."""
        return (
            f"{type(self).__name__}({len(self.parameters)} parameters, "
            f"learning_rate={self.learning_rate:g})"
        )


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum if wanted.

    ``v = momentum * v + g; x -= learning_rate * v``, or with Nesterov's ``g + momentum * v``.

    Parameters
    ----------
    parameters : iterable of Tensor
        Leaves that require grad.
    learning_rate : float
        Size of a step.
    momentum : float, optional
        Share of the velocity that is kept, in [0, 1).
    weight_decay : float, optional
        Multiple of x that is added to its gradient.
    nesterov : bool, optional
        Look ahead along the velocity; needs momentum.

    Raises
    ------
    ValueError
        When a number is out of its range, or nesterov comes without momentum.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        learning_rate: float = 1e-2,
        *,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        self.momentum = _checked("momentum", momentum, high=1.0)
        self.weight_decay = _checked("weight_decay", weight_decay)
        if nesterov and momentum == 0:
            raise ValueError("nesterov: True, but the momentum is 0")
        self.nesterov = bool(nesterov)
        self._state_names = ("velocity",) if momentum else ()
        super().__init__(parameters, learning_rate)

    def _step(self, i: int, x: Tensor, grad: Tensor) -> None:
        velocity = self._state["velocity"][i] if self.momentum else None
        _core._sgd_step(
            x,
            grad,
            velocity,
            self.learning_rate,
            self.momentum,
            self.weight_decay,
            self.nesterov,
        )


class Adagrad(Optimizer):
    """Steps divided by the root of the sum of all squared gradients.

    Parameters
    ----------
    parameters : iterable of Tensor
        Leaves that require grad.
    learning_rate : float
        Size of a step.
    epsilon : float, optional
        Added to the divisor.
    weight_decay : float, optional
        Multiple of x that is added to its gradient.

    References
    ----------
    J. Duchi, E. Hazan, Y. Singer, "Adaptive subgradient methods", JMLR 12, 2011.
    """

    _state_names = ("square_sum",)

    def __init__(
        self,
        parameters: Iterable[Tensor],
        learning_rate: float = 1e-2,
        *,
        epsilon: float = 1e-10,
        weight_decay: float = 0.0,
    ) -> None:
        self.epsilon = _checked("epsilon", epsilon)
        self.weight_decay = _checked("weight_decay", weight_decay)
        super().__init__(parameters, learning_rate)

    def _step(self, i: int, x: Tensor, grad: Tensor) -> None:
        square_sum = self._state["square_sum"][i]
        _core._adagrad_step(
            x, grad, square_sum, self.learning_rate, self.epsilon, self.weight_decay
        )


class RMSprop(Optimizer):
    """Steps divided by the root of a running mean of squared gradients.

    Parameters
    ----------
    parameters : iterable of Tensor
        Leaves that require grad.
    learning_rate : float
        Size of a step.
    decay : float, optional
        Share of the running mean that is kept, in [0, 1).
    epsilon : float, optional
        Added to the divisor.
    momentum : float, optional
        Share of the velocity that is kept, in [0, 1).
    weight_decay : float, optional
        Multiple of x that is added to its gradient.

    References
    ----------
    T. Tieleman, G. Hinton, lecture 6.5 of "Neural networks for machine learning", 2012.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        learning_rate: float = 1e-2,
        *,
        decay: float = 0.99,
        epsilon: float = 1e-8,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
    ) -> None:
        self.decay = _checked("decay", decay, high=1.0)
        self.epsilon = _checked("epsilon", epsilon)
        self.momentum = _checked("momentum", momentum, high=1.0)
        self.weight_decay = _checked("weight_decay", weight_decay)
        self._state_names = ("square_mean", "velocity") if momentum else ("square_mean",)
        super().__init__(parameters, learning_rate)

    def _step(self, i: int, x: Tensor, grad: Tensor) -> None:
        velocity = self._state["velocity"][i] if self.momentum else None
        _core._rmsprop_step(
            x,
            grad,
            self._state["square_mean"][i],
            velocity,
            self.learning_rate,
            self.decay,
            self.epsilon,
            self.momentum,
            self.weight_decay,
        )


class Adam(Optimizer):
    """Steps by running means of gradients and of their squares, corrected for their start at 0.

    Parameters
    ----------
    parameters : iterable of Tensor
        Leaves that require grad.
    learning_rate : float
        Size of a step.
    betas : tuple of two floats, optional
        Shares of the two running means that are kept, each in [0, 1).
    epsilon : float, optional
        Added to the divisor.
    weight_decay : float, optional
        Multiple of x that is added to its gradient.

    References
    ----------
    D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.
    """

    _state_names = ("mean", "square_mean")
    _decoupled = False

    def __init__(
        self,
        parameters: Iterable[Tensor],
        learning_rate: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        first, second = betas
        self.betas = (_checked("betas", first, high=1.0), _checked("betas", second, high=1.0))
        self.epsilon = _checked("epsilon", epsilon)
        self.weight_decay = _checked("weight_decay", weight_decay)
        super().__init__(parameters, learning_rate)

    def _step(self, i: int, x: Tensor, grad: Tensor) -> None:
        _core._adam_step(
            x,
            grad,
            self._state["mean"][i],
            self._state["square_mean"][i],
            self.count,
            self.learning_rate,
            self.betas,
            self.epsilon,
            self.weight_decay,
            self._decoupled,
        )


class AdamW(Adam):
    """Adam with weight decay apart from the gradient: x also shrinks by a share each step.

    Parameters
    ----------
    parameters : iterable of Tensor
        Leaves that require grad.
    learning_rate : float
        Size of a step.
    betas : tuple of two floats, optional
        Shares of the two running means that are kept, each in [0, 1).
    epsilon : float, optional
        Added to the divisor.
    weight_decay : float, optional
        Times the learning rate, the share by which x shrinks in a step.

    References
    ----------
    I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", ICLR 2019.
    """

    _decoupled = True

    def __init__(
        self,
        parameters: Iterable[Tensor],
        learning_rate: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(
            parameters, learning_rate, betas=betas, epsilon=epsilon, weight_decay=weight_decay
        )
