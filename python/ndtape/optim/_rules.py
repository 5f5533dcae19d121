"""The rules by which parameters move."""

from __future__ import annotations

from typing import Any

from ndtape import _core
from ndtape._core import Tensor
from ndtape.optim._optimizer import Optimizer, Parameters, checked

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "RMSprop"]


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum if wanted.

    ``v = momentum * v + g; x -= learning_rate * v``, or with Nesterov's ``g + momentum * v``.

    Parameters
    ----------
    parameters : iterable of Tensor or of dict
        Leaves that require grad, or groups of them; see `Optimizer`.
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
        parameters: Parameters,
        learning_rate: float = 1e-2,
        *,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(
            parameters,
            learning_rate,
            momentum=momentum,
            weight_decay=weight_decay,
            nesterov=nesterov,
        )

    def _check(self, options: dict[str, Any]) -> None:
        checked("momentum", options["momentum"], high=1.0)
        checked("weight_decay", options["weight_decay"])
        if options["nesterov"] and options["momentum"] == 0:
            raise ValueError("nesterov: True, but the momentum is 0")

    def _needs(self, options: dict[str, Any]) -> tuple[str, ...]:
        return ("velocity",) if options["momentum"] else ()

    def _step(self, x: Tensor, grad: Tensor, state: dict[str, Tensor], o: dict[str, Any]) -> None:
        _core._sgd_step(
            x,
            grad,
            state.get("velocity"),
            o["learning_rate"],
            o["momentum"],
            o["weight_decay"],
            o["nesterov"],
        )


class Adagrad(Optimizer):
    """Steps divided by the root of the sum of all squared gradients.

    Parameters
    ----------
    parameters : iterable of Tensor or of dict
        Leaves that require grad, or groups of them; see `Optimizer`.
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

    def __init__(
        self,
        parameters: Parameters,
        learning_rate: float = 1e-2,
        *,
        epsilon: float = 1e-10,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, learning_rate, epsilon=epsilon, weight_decay=weight_decay)

    def _check(self, options: dict[str, Any]) -> None:
        checked("epsilon", options["epsilon"])
        checked("weight_decay", options["weight_decay"])

    def _needs(self, options: dict[str, Any]) -> tuple[str, ...]:
        return ("square_sum",)

    def _step(self, x: Tensor, grad: Tensor, state: dict[str, Tensor], o: dict[str, Any]) -> None:
        _core._adagrad_step(
            x, grad, state["square_sum"], o["learning_rate"], o["epsilon"], o["weight_decay"]
        )


class RMSprop(Optimizer):
    """Steps divided by the root of a running mean of squared gradients.

    Parameters
    ----------
    parameters : iterable of Tensor or of dict
        Leaves that require grad, or groups of them; see `Optimizer`.
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
        parameters: Parameters,
        learning_rate: float = 1e-2,
        *,
        decay: float = 0.99,
        epsilon: float = 1e-8,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(
            parameters,
            learning_rate,
            decay=decay,
            epsilon=epsilon,
            momentum=momentum,
            weight_decay=weight_decay,
        )

    def _check(self, options: dict[str, Any]) -> None:
        checked("decay", options["decay"], high=1.0)
        checked("epsilon", options["epsilon"])
        checked("momentum", options["momentum"], high=1.0)
        checked("weight_decay", options["weight_decay"])

    def _needs(self, options: dict[str, Any]) -> tuple[str, ...]:
        return ("square_mean", "velocity") if options["momentum"] else ("square_mean",)

    def _step(self, x: Tensor, grad: Tensor, state: dict[str, Tensor], o: dict[str, Any]) -> None:
        _core._rmsprop_step(
            x,
            grad,
            state["square_mean"],
            state.get("velocity"),
            o["learning_rate"],
            o["decay"],
            o["epsilon"],
            o["momentum"],
            o["weight_decay"],
        )


class Adam(Optimizer):
    """Steps by running means of gradients and of their squares, corrected for their start at 0.

    Parameters
    ----------
    parameters : iterable of Tensor or of dict
        Leaves that require grad, or groups of them; see `Optimizer`.
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

    _decoupled = False

    def __init__(
        self,
        parameters: Parameters,
        learning_rate: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(
            parameters,
            learning_rate,
            betas=betas,
            epsilon=epsilon,
            weight_decay=weight_decay,
        )

    def _check(self, options: dict[str, Any]) -> None:
        if not isinstance(options["betas"], (tuple, list)) or len(options["betas"]) != 2:
            raise TypeError(f"betas: {options['betas']!r}, expected a pair of numbers")
        first, second = options["betas"]
        options["betas"] = (checked("betas", first, high=1.0), checked("betas", second, high=1.0))
        checked("epsilon", options["epsilon"])
        checked("weight_decay", options["weight_decay"])

    def _needs(self, options: dict[str, Any]) -> tuple[str, ...]:
        return ("mean", "square_mean")

    def _step(self, x: Tensor, grad: Tensor, state: dict[str, Tensor], o: dict[str, Any]) -> None:
        _core._adam_step(
            x,
            grad,
            state["mean"],
            state["square_mean"],
            self.count,
            o["learning_rate"],
            o["betas"],
            o["epsilon"],
            o["weight_decay"],
            self._decoupled,
        )


class AdamW(Adam):
    """Adam with weight decay apart from the gradient: x also shrinks by a share each step.

    Parameters
    ----------
    parameters : iterable of Tensor or of dict
        Leaves that require grad, or groups of them; see `Optimizer`.
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
        parameters: Parameters,
        learning_rate: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(
            parameters, learning_rate, betas=betas, epsilon=epsilon, weight_decay=weight_decay
        )
