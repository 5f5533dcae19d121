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


def max_pool1d(
    x: Tensor,
    kernel: PerAxis,
    stride: PerAxis | None = None,
    padding: PerAxis = 0,
    dilation: PerAxis = 1,
) -> Tensor:
    """Maxima of windows of a sequence; as `max_pool2d` with one axis.

    Parameters
    ----------
    x : Tensor
        Of shape ``(n, channels, length)``.
    kernel : int
        Elements in a window.
    stride : int, optional
        From one window to the next; `kernel` if left out.
    padding : int, optional
        What is at both ends counts as minus infinity.
    dilation : int, optional
        From one element of a window to the next.

    Returns
    -------
    Tensor
        Of shape ``(n, channels, windows)``.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.functional.max_pool1d(nt.tensor([[[1.0, 3.0, 2.0, 0.0]]]), 2)
    tensor([[[3., 2.]]])
    """
    return _core._max_pool("max_pool1d", 1, x, kernel, stride, padding, dilation)


def max_pool2d(
    x: Tensor,
    kernel: PerAxis,
    stride: PerAxis | None = None,
    padding: PerAxis = 0,
    dilation: PerAxis = 1,
) -> Tensor:
    """Maxima of windows of images.

    NaN wins. The gradient goes to the first of equal maxima.

    Parameters
    ----------
    x : Tensor
        Of shape ``(n, channels, height, width)``.
    kernel : int or pair of ints
        Lengths of the window.
    stride : int or pair of ints, optional
        Step of the window; the kernel if left out, so that windows do not overlap.
    padding : int or pair of ints, optional
        How far windows reach beyond the image, at most half the kernel. Nothing there is a maximum.
    dilation : int or pair of ints, optional
        Distance between a window's elements.

    Returns
    -------
    Tensor
        Of shape ``(n, channels, *lengths)``.

    Raises
    ------
    ValueError
        When x is no stack of images, or the window is larger than they are.

    Examples
    --------
    >>> import ndtape as nt
    >>> x = nt.reshape(nt.arange(16.0), (1, 1, 4, 4))
    >>> nt.nn.functional.max_pool2d(x, 2)
    tensor([[[[ 5.,  7.],
              [13., 15.]]]])
    """
    return _core._max_pool("max_pool2d", 2, x, kernel, stride, padding, dilation)


def avg_pool1d(
    x: Tensor,
    kernel: PerAxis,
    stride: PerAxis | None = None,
    padding: PerAxis = 0,
    *,
    count_padding: bool = True,
) -> Tensor:
    """Means of windows of a sequence; as `avg_pool2d` with one axis.

    Parameters
    ----------
    x : Tensor
        Of shape ``(n, channels, length)``.
    kernel : int
        Length of a window.
    stride : int, optional
        From one window to the next; its length if left out.
    padding : int, optional
        Zeros at both ends.
    count_padding : bool, optional
        Whether zeros count in the mean.

    Returns
    -------
    Tensor
        Of shape ``(n, channels, windows)``.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.functional.avg_pool1d(nt.tensor([[[1.0, 3.0, 2.0, 0.0]]]), 2)
    tensor([[[2., 1.]]])
    """
    return _core._avg_pool("avg_pool1d", 1, x, kernel, stride, padding, count_padding)


def avg_pool2d(
    x: Tensor,
    kernel: PerAxis,
    stride: PerAxis | None = None,
    padding: PerAxis = 0,
    *,
    count_padding: bool = True,
) -> Tensor:
    """Means of windows of images.

    Parameters
    ----------
    x : Tensor
        Of shape ``(n, channels, height, width)``.
    kernel : int or pair of ints
        Lengths of the window.
    stride : int or pair of ints, optional
        Step of the window; the kernel if left out.
    padding : int or pair of ints, optional
        Zeros on both sides of an axis, at most half the kernel.
    count_padding : bool, optional
        Whether the zeros of the padding count as elements of a window.

    Returns
    -------
    Tensor
        Of shape ``(n, channels, *lengths)``.

    Raises
    ------
    ValueError
        When x is no stack of images, or the window is larger than they are.

    Examples
    --------
    >>> import ndtape as nt
    >>> x = nt.reshape(nt.arange(16.0), (1, 1, 4, 4))
    >>> nt.nn.functional.avg_pool2d(x, 2)
    tensor([[[[ 2.5,  4.5],
              [10.5, 12.5]]]])
    """
    return _core._avg_pool("avg_pool2d", 2, x, kernel, stride, padding, count_padding)


def adaptive_avg_pool1d(x: Tensor, output: PerAxis) -> Tensor:
    """Means of as many windows as asked for; as `adaptive_avg_pool2d` with one axis.

    Parameters
    ----------
    x : Tensor
        Of shape ``(n, channels, length)``.
    output : int
        How many windows.

    Returns
    -------
    Tensor
        Of shape ``(n, channels, output)``.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.functional.adaptive_avg_pool1d(nt.tensor([[[1.0, 3.0, 2.0, 0.0]]]), 1)
    tensor([[[1.5]]])
    """
    return _core._adaptive_avg_pool("adaptive_avg_pool1d", 1, x, output)


def adaptive_avg_pool2d(x: Tensor, output: PerAxis) -> Tensor:
    """Means of as many windows as asked for, which divide the image as evenly as may be.

    Parameters
    ----------
    x : Tensor
        Of shape ``(n, channels, height, width)``.
    output : int or pair of ints
        Lengths of the result. Window i of an axis is
        ``floor(i * length / output) : ceil((i + 1) * length / output)``.

    Returns
    -------
    Tensor
        Of shape ``(n, channels, *output)``.

    Raises
    ------
    ValueError
        When x is no stack of images.

    Examples
    --------
    >>> import ndtape as nt
    >>> x = nt.reshape(nt.arange(16.0), (1, 1, 4, 4))
    >>> nt.nn.functional.adaptive_avg_pool2d(x, 1).item()
    7.5
    """
    return _core._adaptive_avg_pool("adaptive_avg_pool2d", 2, x, output)
