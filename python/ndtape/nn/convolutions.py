"""Convolution and pooling as layers."""

from __future__ import annotations

import math

from ndtape._core import Tensor
from ndtape.nn import _images as f
from ndtape.nn._checks import PerAxis, integer, per_axis
from ndtape.nn._images import Padding, check_padding
from ndtape.nn.layers import uniform_parameter
from ndtape.nn.module import Module

__all__ = [
    "AdaptiveAvgPool2d",
    "AvgPool2d",
    "Conv1d",
    "Conv2d",
    "ConvTranspose2d",
    "MaxPool2d",
]


class _Convolution(Module):
    """What the convolutions share."""

    _axes = 2
    _transposed = False

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: PerAxis,
        stride: PerAxis = 1,
        padding: Padding = 0,
        *,
        dilation: PerAxis = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        self.inputs, self.outputs = integer("inputs", inputs), integer("outputs", outputs)
        self.kernel = per_axis("kernel", kernel, self._axes)
        self.stride = per_axis("stride", stride, self._axes)
        self.padding: tuple[int, ...] | str
        if isinstance(padding, str) and not self._transposed:
            check_padding(padding, self.stride)
            self.padding = padding
        else:
            self.padding = per_axis("padding", padding, self._axes, 0)
        self.dilation = per_axis("dilation", dilation, self._axes)
        self.groups = integer("groups", groups)
        if inputs % groups or outputs % groups:
            raise ValueError(
                f"groups: {groups}, expected a divisor of {inputs} inputs and {outputs} outputs"
            )
        first, second = (inputs, outputs) if self._transposed else (outputs, inputs)
        fan = (second // groups) * math.prod(self.kernel)
        bound = 1 / math.sqrt(fan)
        self.weight = uniform_parameter(bound, first, second // groups, *self.kernel)
        self.bias = uniform_parameter(bound, outputs) if bias else None

    def _describe(self) -> str:
        parts = [f"{self.inputs}, {self.outputs}, {_short(self.kernel)}"]
        usual = {"stride": 1, "padding": 0, "dilation": 1}
        for name, value in usual.items():
            chosen = getattr(self, name)
            if isinstance(chosen, str):
                parts.append(f"{name}={chosen!r}")
            elif set(chosen) != {value}:
                parts.append(f"{name}={_short(chosen)}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        return ", ".join(parts)


def _short(values: tuple[int, ...]) -> str:
    return str(values[0] if len(set(values)) == 1 else values)


class Conv1d(_Convolution):
    """Slide kernels along sequences ``(n, channels, length)``.

    Parameters
    ----------
    inputs, outputs : int
        Channels before and after.
    kernel : int
        Length of the kernels.
    stride, padding, dilation, groups : int, optional
        As in `functional.conv2d`.
    bias : bool, optional
        Whether there is a bias.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.Conv1d(3, 8, 5, padding=2)(nt.ones((2, 3, 20))).shape
    (2, 8, 20)
    """

    _axes = 1

    def forward(self, x: Tensor) -> Tensor:
        """Of shape ``(n, outputs, length)``."""
        return f.conv1d(
            x,
            self.weight,
            self.bias,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            groups=self.groups,
        )


class Conv2d(_Convolution):
    """Slide kernels over images ``(n, channels, height, width)``.

    Parameters
    ----------
    inputs, outputs : int
        Channels before and after.
    kernel : int or pair of ints
        Lengths of the kernels.
    stride, padding, dilation : int or pair of ints, optional
        As in `functional.conv2d`.
    groups : int, optional
        Into how many parts the channels are split.
    bias : bool, optional
        Whether there is a bias.

    Attributes
    ----------
    weight : Tensor
        Of shape ``(outputs, inputs / groups, *kernel)``; uniform in ``+-1 / sqrt(fan)`` at first
        with the fan ``inputs / groups * height * width``, as the bias is.
    bias : Tensor or None
        Of shape ``(outputs,)``.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.Conv2d(3, 8, 3, padding=1)(nt.ones((2, 3, 9, 9))).shape
    (2, 8, 9, 9)
    """

    def forward(self, x: Tensor) -> Tensor:
        """Of shape ``(n, outputs, height, width)``."""
        return f.conv2d(
            x,
            self.weight,
            self.bias,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            groups=self.groups,
        )


class ConvTranspose2d(_Convolution):
    """Transposed convolution of images, which makes them larger.

    Parameters
    ----------
    inputs, outputs : int
        Channels before and after.
    kernel : int or pair of ints
        Lengths of the kernels.
    stride, padding, dilation : int or pair of ints, optional
        Those of the convolution that it transposes.
    output_padding : int or pair of ints, optional
        Makes the result longer at the end.
    groups : int, optional
        Into how many parts the channels are split.
    bias : bool, optional
        Whether there is a bias.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.ConvTranspose2d(8, 3, 2, stride=2)(nt.ones((2, 8, 5, 5))).shape
    (2, 3, 10, 10)
    """

    _transposed = True

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: PerAxis,
        stride: PerAxis = 1,
        padding: PerAxis = 0,
        *,
        output_padding: PerAxis = 0,
        dilation: PerAxis = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__(
            inputs,
            outputs,
            kernel,
            stride=stride,
            padding=padding,
            dilation=dilation,
            groups=groups,
            bias=bias,
        )
        self.output_padding = per_axis("output_padding", output_padding, 2, 0)

    def forward(self, x: Tensor) -> Tensor:
        """Of shape ``(n, outputs, height, width)``."""
        return f.conv_transpose2d(
            x,
            self.weight,
            self.bias,
            stride=self.stride,
            padding=per_axis("padding", self.padding, 2, 0),
            output_padding=self.output_padding,
            dilation=self.dilation,
            groups=self.groups,
        )


class MaxPool2d(Module):
    """Maxima of windows of images.

    Parameters
    ----------
    kernel : int or pair of ints
        Lengths of the window.
    stride : int or pair of ints, optional
        Step of the window; the kernel if left out.
    padding, dilation : int or pair of ints, optional
        As in `functional.max_pool2d`.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.MaxPool2d(2)(nt.ones((1, 3, 8, 8))).shape
    (1, 3, 4, 4)
    """

    def __init__(
        self,
        kernel: PerAxis,
        stride: PerAxis | None = None,
        padding: PerAxis = 0,
        dilation: PerAxis = 1,
    ) -> None:
        self.kernel = per_axis("kernel", kernel, 2)
        self.stride = self.kernel if stride is None else per_axis("stride", stride, 2)
        self.padding = per_axis("padding", padding, 2, 0)
        self.dilation = per_axis("dilation", dilation, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Of shape ``(n, channels, height, width)``."""
        return f.max_pool2d(x, self.kernel, self.stride, self.padding, self.dilation)

    def _describe(self) -> str:
        return _window(self.kernel, self.stride, self.padding)


class AvgPool2d(Module):
    """Means of windows of images.

    Parameters
    ----------
    kernel : int or pair of ints
        Lengths of the window.
    stride : int or pair of ints, optional
        Step of the window; the kernel if left out.
    padding : int or pair of ints, optional
        Zeros on both sides of an axis.
    count_padding : bool, optional
        Whether they count as elements of a window.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.AvgPool2d(2)(nt.ones((1, 3, 8, 8))).shape
    (1, 3, 4, 4)
    """

    def __init__(
        self,
        kernel: PerAxis,
        stride: PerAxis | None = None,
        padding: PerAxis = 0,
        *,
        count_padding: bool = True,
    ) -> None:
        self.kernel = per_axis("kernel", kernel, 2)
        self.stride = self.kernel if stride is None else per_axis("stride", stride, 2)
        self.padding = per_axis("padding", padding, 2, 0)
        self.count_padding = bool(count_padding)

    def forward(self, x: Tensor) -> Tensor:
        """Of shape ``(n, channels, height, width)``."""
        return f.avg_pool2d(
            x, self.kernel, self.stride, self.padding, count_padding=self.count_padding
        )

    def _describe(self) -> str:
        return _window(self.kernel, self.stride, self.padding)


def _window(kernel: tuple[int, ...], stride: tuple[int, ...], padding: tuple[int, ...]) -> str:
    text = _short(kernel)
    if stride != kernel:
        text += f", stride={_short(stride)}"
    return text + (f", padding={_short(padding)}" if any(padding) else "")


class AdaptiveAvgPool2d(Module):
    """Means of as many windows as asked for.

    Parameters
    ----------
    output : int or pair of ints
        Lengths of the result.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.AdaptiveAvgPool2d(1)(nt.ones((1, 3, 8, 8))).shape
    (1, 3, 1, 1)
    """

    def __init__(self, output: PerAxis) -> None:
        self.output = per_axis("output", output, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Of shape ``(n, channels, *output)``."""
        return f.adaptive_avg_pool2d(x, self.output)

    def _describe(self) -> str:
        return _short(self.output)
