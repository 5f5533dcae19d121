"""Normalisation as layers."""

from __future__ import annotations

from collections.abc import Sequence

from ndtape import _core
from ndtape._core import Tensor
from ndtape.nn import _norms as f
from ndtape.nn import init
from ndtape.nn._checks import integer, number, tensor
from ndtape.nn.layers import parameter
from ndtape.nn.module import Module

__all__ = ["BatchNorm1d", "BatchNorm2d", "GroupNorm", "LayerNorm", "RMSNorm"]


class _BatchNorm(Module):
    """What the batch normalisations share."""

    _ndims: tuple[int, ...] = ()

    def __init__(
        self,
        channels: int,
        *,
        epsilon: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = True,
    ) -> None:
        self.channels = integer("channels", channels)
        self.epsilon = number("epsilon", epsilon, 0)
        self.momentum = number("momentum", momentum, 0, 1)
        self.weight = init.ones_(parameter(channels)) if affine else None
        self.bias = init.zeros_(parameter(channels)) if affine else None
        self.running_mean = _core.zeros((channels,))
        self.running_var = _core.ones((channels,))

    def forward(self, x: Tensor) -> Tensor:
        """Of x's shape."""
        x = tensor(type(self).__name__, "x", x)
        if x.ndim not in self._ndims or x.shape[1] != self.channels:
            axes = " or ".join(map(str, self._ndims))
            raise ValueError(
                f"{type(self).__name__}: x of shape {x.shape}, expected {axes} axes, "
                f"(n, {self.channels}, ...)"
            )
        return f.batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            training=self.training,
            momentum=self.momentum,
            epsilon=self.epsilon,
        )

    def _describe(self) -> str:
        return str(self.channels)


class BatchNorm1d(_BatchNorm):
    """Normalises channels of ``(n, channels)`` or ``(n, channels, length)`` over the batch.

    Parameters
    ----------
    channels : int
        Length of axis 1.
    epsilon : float, optional
        Added to the variance.
    momentum : float, optional
        The share of a batch in the new running mean and variance.
    affine : bool, optional
        Whether a weight and a bias follow.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.BatchNorm1d(3)(nt.random.normal(size=(8, 3))).shape
    (8, 3)
    """

    _ndims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Normalises channels of images ``(n, channels, height, width)`` over the batch.

    Parameters
    ----------
    channels : int
        Length of axis 1.
    epsilon : float, optional
        Added to the variance.
    momentum : float, optional
        The share of a batch in the new running mean and variance.
    affine : bool, optional
        Whether a weight and a bias follow.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.BatchNorm2d(3)(nt.random.normal(size=(8, 3, 4, 4))).shape
    (8, 3, 4, 4)
    """

    _ndims = (4,)


class LayerNorm(Module):
    """Normalises the last axes together.

    Parameters
    ----------
    shape : int or sequence of ints
        The lengths of those axes.
    epsilon : float, optional
        Added to the variance.
    affine : bool, optional
        Whether a weight and a bias follow.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.LayerNorm(4)(nt.random.normal(size=(8, 4))).shape
    (8, 4)
    """

    def __init__(
        self, shape: int | Sequence[int], *, epsilon: float = 1e-5, affine: bool = True
    ) -> None:
        self.shape = (shape,) if isinstance(shape, int) else tuple(shape)
        if not self.shape:
            raise ValueError("shape: (), expected at least one axis")
        for n in self.shape:
            integer("shape", n)
        self.epsilon = number("epsilon", epsilon, 0)
        self.weight = init.ones_(parameter(*self.shape)) if affine else None
        self.bias = init.zeros_(parameter(*self.shape)) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        """Of x's shape."""
        return f.layer_norm(x, self.weight, self.bias, axes=self.shape, epsilon=self.epsilon)

    def _describe(self) -> str:
        return ", ".join(map(str, self.shape))


class RMSNorm(Module):
    """Divides by the root of the mean square along the last axis.

    Parameters
    ----------
    features : int
        Length of the last axis.
    epsilon : float, optional
        Added to the mean square.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.RMSNorm(4)(nt.random.normal(size=(8, 4))).shape
    (8, 4)
    """

    def __init__(self, features: int, *, epsilon: float = 1e-6) -> None:
        self.features = integer("features", features)
        self.epsilon = number("epsilon", epsilon, 0)
        self.weight = init.ones_(parameter(features))

    def forward(self, x: Tensor) -> Tensor:
        """Of x's shape."""
        x = tensor("RMSNorm", "x", x)
        if x.ndim == 0 or x.shape[-1] != self.features:
            raise ValueError(
                f"RMSNorm: x of shape {x.shape}, expected a last axis of {self.features}"
            )
        return f.rms_norm(x, self.weight, epsilon=self.epsilon)

    def _describe(self) -> str:
        return str(self.features)


class GroupNorm(Module):
    """Normalises groups of channels of each image.

    Parameters
    ----------
    groups : int
        A divisor of the channels.
    channels : int
        Length of axis 1.
    epsilon : float, optional
        Added to the variance.
    affine : bool, optional
        Whether a weight and a bias follow.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.GroupNorm(2, 4)(nt.random.normal(size=(8, 4, 5, 5))).shape
    (8, 4, 5, 5)
    """

    def __init__(
        self, groups: int, channels: int, *, epsilon: float = 1e-5, affine: bool = True
    ) -> None:
        self.groups, self.channels = integer("groups", groups), integer("channels", channels)
        if channels % groups:
            raise ValueError(f"groups: {groups}, expected a divisor of {channels} channels")
        self.epsilon = number("epsilon", epsilon, 0)
        self.weight = init.ones_(parameter(channels)) if affine else None
        self.bias = init.zeros_(parameter(channels)) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        """Of x's shape."""
        x = tensor("GroupNorm", "x", x)
        if x.ndim < 2 or x.shape[1] != self.channels:
            raise ValueError(f"GroupNorm: x of shape {x.shape}, expected (n, {self.channels}, ...)")
        return f.group_norm(x, self.groups, self.weight, self.bias, epsilon=self.epsilon)

    def _describe(self) -> str:
        return f"{self.groups}, {self.channels}"
