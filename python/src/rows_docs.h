// Docstrings of rows.cpp.
#pragma once

namespace ndtape::python::docs {

inline constexpr char kSoftmax[] = R"(Exponentials along an axis, divided by their sum.

Computed as ``exp(x - max(x)) / sum(exp(x - max(x)))``, so that large values do not overflow.

Parameters
----------
x : array_like
    Of a float dtype; integers become the default float dtype.
axis : int, optional
    Axis whose elements sum to 1.

Returns
-------
Tensor
    Of x's shape and a float dtype.

Raises
------
IndexError
    When the axis is out of range.

Examples
--------
>>> import ndtape as nt
>>> nt.softmax(nt.asarray([0.0, 0.0]))
tensor([0.5, 0.5])
)";

inline constexpr char kLogSoftmax[] = R"(Logarithm of softmax: ``x - logsumexp(x)`` along an axis.

Parameters
----------
x : array_like
    Of a float dtype; integers become the default float dtype.
axis : int, optional
    Axis along which the exponentials of the result sum to 1.

Returns
-------
Tensor
    Of x's shape and a float dtype.

Raises
------
IndexError
    When the axis is out of range.

Examples
--------
>>> import ndtape as nt
>>> nt.exp(nt.log_softmax(nt.asarray([1.0, 1.0])))
tensor([0.5, 0.5])
)";

inline constexpr char kLayerNorm[] = R"(Normalise along the last axis.

``(x - mean) / sqrt(var + epsilon) * weight + bias``, with the mean and the population variance of
each row [1]_.

Parameters
----------
x : array_like
    Of a float dtype, with at least one axis.
weight, bias : array_like, optional
    Of shape ``(x.shape[-1],)``.
epsilon : float, optional
    Added to the variance; 0 or more.

Returns
-------
Tensor
    Of x's shape and a float dtype.

Raises
------
ValueError
    When weight or bias has another shape, or epsilon is negative.

References
----------
.. [1] J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer normalization", arXiv:1607.06450, 2016.

Examples
--------
>>> import ndtape as nt
>>> nt.layer_norm(nt.asarray([[1.0, 3.0]]), epsilon=0.0)
tensor([[-1.,  1.]])
)";

inline constexpr char kCrossEntropy[] = R"(Minus the log-probability of each row's label.

``logsumexp(scores[i]) - scores[i, labels[i]]``, the negative log-likelihood of softmax scores.

Parameters
----------
scores : array_like
    Of shape ``(n, classes)`` and a float dtype.
labels : array_like
    Of shape ``(n,)`` and an integer dtype, from 0 to ``classes - 1``.

Returns
-------
Tensor
    Of shape ``(n,)``: one loss a row. Take its mean for the usual loss.

Raises
------
ValueError
    When the shapes do not fit.
TypeError
    When the labels are not integers.
IndexError
    When a label is out of range.

Examples
--------
>>> import ndtape as nt
>>> nt.cross_entropy(nt.asarray([[0.0, 0.0]]), nt.asarray([1]))
tensor([0.6931472])
)";

}  // namespace ndtape::python::docs
