"""Convolution and pooling as functions. Images are ``(n, channels, *lengths)``."""

from __future__ import annotations

from ndtape import _core
from ndtape._core import Tensor
from ndtape._padding import pad
from ndtape.nn._checks import PerAxis, choice, images, per_axis, tensor

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "avg_pool1d",
    "avg_pool2d",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "max_pool1d",
    "max_pool2d",
]


Padding = PerAxis | str

conv1d, conv2d, conv3d = _core.conv1d, _core.conv2d, _core.conv3d
max_pool1d, max_pool2d = _core.max_pool1d, _core.max_pool2d
avg_pool1d, avg_pool2d = _core.avg_pool1d, _core.avg_pool2d
adaptive_avg_pool1d, adaptive_avg_pool2d = _core.adaptive_avg_pool1d, _core.adaptive_avg_pool2d


def check_padding(padding: str, strides: tuple[int, ...]) -> None:
    """Refuse a name that is unknown, or that asks for lengths which the strides do not give."""
    choice("padding", padding, ("same", "valid"))
    if padding == "same" and set(strides) != {1}:
        raise ValueError(f"padding: 'same' with strides {strides}, expected strides of 1")


def resolved_padding(
    name: str,
    axes: int,
    x: Tensor,
    weight: Tensor,
    stride: PerAxis,
    padding: str,
    dilation: PerAxis,
) -> tuple[Tensor, PerAxis]:
    """Return x and the numbers that a named padding stands for."""
    x, weight = images(name, x, axes), tensor(name, "weight", weight)
    check_padding(padding, per_axis("stride", stride, axes))
    if padding == "valid" or weight.ndim != x.ndim:  # which is refused
        return x, 0
    dilations = per_axis("dilation", dilation, axes)
    totals = [d * (k - 1) for d, k in zip(dilations, weight.shape[2:], strict=True)]
    if any(t % 2 for t in totals):  # what cannot be shared goes to the end
        x = pad(x, [(0, 0), (0, 0), *((0, t % 2) for t in totals)])
    return x, tuple(t // 2 for t in totals)


def conv_transpose1d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: PerAxis = 1,
    padding: PerAxis = 0,
    output_padding: PerAxis = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> Tensor:
    """Spread a kernel along a sequence; as `conv_transpose2d` with one axis.

    Parameters
    ----------
    x : Tensor
        Of shape ``(n, inputs, length)``.
    weight : Tensor
        Of shape ``(inputs, outputs / groups, kernel)``.
    bias : Tensor, optional
        Of shape ``(outputs,)``.
    stride, padding : int, optional
        Of the convolution that this one is the transpose of.
    output_padding : int, optional
        Added to one end of the result.
    dilation : int, optional
        Steps between the kernel's elements.
    groups : int, optional
        Parts of the channels that do not see each other.

    Returns
    -------
    Tensor
        Of shape ``(n, outputs, positions)``.

    Examples
    --------
    >>> import ndtape as nt
    >>> x = nt.tensor([[[1.0, 2.0]]])
    >>> nt.nn.functional.conv_transpose1d(x, nt.tensor([[[1.0, 10.0]]]), stride=2)
    tensor([[[ 1., 10.,  2., 20.]]])
    """
    return _core._convolve_transposed(
        "conv_transpose1d", 1, x, weight, bias, stride, padding, dilation, groups, output_padding
    )


def conv_transpose2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: PerAxis = 1,
    padding: PerAxis = 0,
    output_padding: PerAxis = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> Tensor:
    """Transposed convolution: the derivative of `conv2d` by its images, as a layer.

    Parameters
    ----------
    x : Tensor
        Of shape ``(n, channels, height, width)`` and a float dtype.
    weight : Tensor
        Of shape ``(channels, outputs / groups, *kernel)``.
    bias : Tensor, optional
        Of shape ``(outputs,)``.
    stride, padding, dilation : int or pair of ints, optional
        Those of the convolution it transposes.
    output_padding : int or pair of ints, optional
        Makes the result longer at the end, where several lengths would convolve to x's.
    groups : int, optional
        Into how many parts the channels are split.

    Returns
    -------
    Tensor
        Of shape ``(n, outputs, *lengths)`` with lengths
        ``(length - 1) * s - 2 * p + d * (kernel - 1) + output_padding + 1``.

    Raises
    ------
    ValueError
        When shapes do not fit.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.functional.conv_transpose2d(nt.ones((1, 1, 2, 2)), nt.ones((1, 1, 2, 2)))
    tensor([[[[1., 2., 1.],
              [2., 4., 2.],
              [1., 2., 1.]]]])
    """
    return _core._convolve_transposed(
        "conv_transpose2d", 2, x, weight, bias, stride, padding, dilation, groups, output_padding
    )
