// Docstrings of the layers' functions that Python calls without one of its own between.
#pragma once

namespace ndtape::python::docs {

inline constexpr char kConv1d[] = R"(Slide a kernel along a sequence; as `conv2d` with one axis.

Parameters
----------
x : Tensor
    Of shape ``(n, inputs, length)``.
weight : Tensor
    Of shape ``(outputs, inputs / groups, kernel)``.
bias : Tensor, optional
    Of shape ``(outputs,)``.
stride, padding, dilation : int, optional
    Steps of the kernel, zeros at both ends (or "same" or "valid"), steps between its elements.
groups : int, optional
    Parts of the channels that do not see each other.

Returns
-------
Tensor
    Of shape ``(n, outputs, positions)``.

Examples
--------
>>> import ndtape as nt
>>> x = nt.tensor([[[1.0, 2.0, 4.0, 8.0]]])
>>> nt.nn.functional.conv1d(x, nt.tensor([[[-1.0, 1.0]]]))
tensor([[[1., 2., 4.]]])
)";

inline constexpr char kConv2d[] =
    R"(Slide a kernel over images (cross-correlation, as deep learning calls convolution).

``y[n, o, i, j] = bias[o] + sum over c, u, v of weight[o, c, u, v] * x[n, c, i*s + u*d - p,
j*s + v*d - p]``, with zeros beyond the image, for stride s, dilation d and padding p.

Parameters
----------
x : Tensor
    Of shape ``(n, channels, height, width)`` and a float dtype.
weight : Tensor
    Of shape ``(outputs, channels / groups, *kernel)``.
bias : Tensor, optional
    Of shape ``(outputs,)``.
stride, padding, dilation : int or pair of ints, optional
    Step of the window; zeros on both sides of an axis; distance between a kernel's elements.
    A padding "same" keeps the lengths, at stride 1; "valid" is 0.
groups : int, optional
    Into how many parts the channels are split, each convolved by itself.

Returns
-------
Tensor
    Of shape ``(n, outputs, *lengths)`` with lengths
    ``(length + 2 * p - d * (kernel - 1) - 1) // s + 1``.

Raises
------
ValueError
    When shapes do not fit, or the kernel is larger than the padded image.

Examples
--------
>>> import ndtape as nt
>>> x = nt.reshape(nt.arange(9.0), (1, 1, 3, 3))
>>> nt.nn.functional.conv2d(x, nt.ones((1, 1, 2, 2)))
tensor([[[[ 8., 12.],
          [20., 24.]]]])
)";

inline constexpr char kConv3d[] = R"(Slide a kernel over volumes; as `conv2d` with three axes.

Parameters
----------
x : Tensor
    Of shape ``(n, inputs, depth, height, width)``.
weight : Tensor
    Of shape ``(outputs, inputs / groups, *kernel)``.
bias : Tensor, optional
    Of shape ``(outputs,)``.
stride, padding, dilation : int or three of int, optional
    Steps of the kernel, zeros at both ends, steps between its elements.
groups : int, optional
    Parts of the channels that do not see each other.

Returns
-------
Tensor
    Of shape ``(n, outputs, *positions)``.

Examples
--------
>>> import ndtape as nt
>>> nt.nn.functional.conv3d(nt.ones((1, 1, 2, 2, 2)), nt.ones((1, 1, 2, 2, 2))).item()
8.0
)";

inline constexpr char kMaxPool1d[] =
    R"(Maxima of windows of a sequence; as `max_pool2d` with one axis.

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
)";

inline constexpr char kMaxPool2d[] = R"(Maxima of windows of images.

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
)";

inline constexpr char kAvgPool1d[] =
    R"(Means of windows of a sequence; as `avg_pool2d` with one axis.

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
)";

inline constexpr char kAvgPool2d[] = R"(Means of windows of images.

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
)";

inline constexpr char kAdaptiveAvgPool1d[] =
    R"(Means of as many windows as asked for; as `adaptive_avg_pool2d` with one axis.

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
)";

inline constexpr char kAdaptiveAvgPool2d[] =
    R"(Means of as many windows as asked for, which divide the image as evenly as may be.

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
)";

inline constexpr char kAttention[] =
    R"(Means of values, weighted by how well their keys fit a query [1]_.

``softmax(query @ key.T * scale + mask) @ value``.

Parameters
----------
query : Tensor
    Of shape ``(..., targets, features)``.
key : Tensor
    Of shape ``(..., sources, features)``.
value : Tensor
    Of shape ``(..., sources, outputs)``.
mask : Tensor, optional
    Broadcast to ``(..., targets, sources)``: of dtype bool, true where a target may see a
    source; or of a float dtype, added to the scores.
causal : bool, optional
    Let target i see sources 0 to i only.
dropout : float, optional
    The chance of a weight to be zeroed. With it, and with a mask that requires a gradient, all
    weights are held in memory; else those of a block of targets, and at most 32 MB for the
    gradient.
scale : float, optional
    ``features ** -0.5`` if left out.

Returns
-------
Tensor
    Of shape ``(..., targets, outputs)``. A target that may see nothing gives NaN.

Raises
------
ValueError
    When the shapes do not fit.

References
----------
.. [1] A. Vaswani et al., "Attention is all you need", NIPS 2017.

Examples
--------
>>> import ndtape as nt
>>> q, v = nt.zeros((1, 2)), nt.tensor([[1.0], [3.0]])
>>> nt.nn.functional.scaled_dot_product_attention(q, nt.zeros((2, 2)), v)
tensor([[2.]])
)";

}  // namespace ndtape::python::docs
