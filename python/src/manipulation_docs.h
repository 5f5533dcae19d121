// Docstrings of manipulation.cpp.
#pragma once

namespace ndtape::python::docs {

inline constexpr char kReshape[] = R"(Give a tensor another shape.

Parameters
----------
x : array_like
    Of any dtype.
shape : int or sequence of int
    One length may be -1: what is left.
copy : bool, optional
    True to copy, False to fail where a copy is needed, None to copy only if needed.

Returns
-------
Tensor
    A view where strides allow, else a copy.

Raises
------
ValueError
    When the sizes do not agree, or a copy is needed and `copy` is False.

Examples
--------
>>> import ndtape as nt
>>> nt.reshape(nt.arange(4), (2, 2))
tensor([[0, 1],
        [2, 3]])
)";

inline constexpr char kReshapeMethod[] = R"(Give the tensor another shape.

Parameters
----------
*shape : int or sequence of int
    ``x.reshape(2, 3)`` or ``x.reshape((2, 3))``; one length may be -1: what is left.

Returns
-------
Tensor
    A view where strides allow, else a copy.

Raises
------
ValueError
    When the sizes do not agree.

Examples
--------
>>> import ndtape as nt
>>> nt.arange(4).reshape(2, -1)
tensor([[0, 1],
        [2, 3]])
)";

inline constexpr char kRavel[] = R"(Flatten in row-major order.

Returns
-------
Tensor
    1-d; a view where strides allow, else a copy.

Examples
--------
>>> import ndtape as nt
>>> nt.ones((2, 2)).ravel()
tensor([1., 1., 1., 1.])
)";

inline constexpr char kFlatten[] = R"(Flatten in row-major order, into new memory.

Returns
-------
Tensor
    1-d copy.

Examples
--------
>>> import ndtape as nt
>>> nt.ones((2, 2)).flatten()
tensor([1., 1., 1., 1.])
)";

inline constexpr char kPermuteDims[] = R"(Reorder axes.

Parameters
----------
x : array_like
    Of any dtype.
axes : sequence of int
    Each axis of `x` once, in the wanted order.

Returns
-------
Tensor
    A view.

Raises
------
IndexError
    When an axis is out of range.
ValueError
    When an axis is missing or repeated.

Examples
--------
>>> import ndtape as nt
>>> nt.permute_dims(nt.ones((2, 3, 4)), (2, 0, 1)).shape
(4, 2, 3)
)";

inline constexpr char kPermute[] = R"(Reorder axes.

Parameters
----------
*axes : int or sequence of int
    Each axis once, in the wanted order.

Returns
-------
Tensor
    A view.

Raises
------
IndexError
    When an axis is out of range.
ValueError
    When an axis is missing or repeated.

Examples
--------
>>> import ndtape as nt
>>> nt.ones((2, 3, 4)).permute(2, 0, 1).shape
(4, 2, 3)
)";

inline constexpr char kTranspose[] = R"(Reverse the axes, or reorder them.

Parameters
----------
*axes : int or sequence of int
    Each axis once, in the wanted order; reversed when left out.

Returns
-------
Tensor
    A view.

Raises
------
IndexError
    When an axis is out of range.
ValueError
    When an axis is missing or repeated.

Examples
--------
>>> import ndtape as nt
>>> nt.ones((2, 3)).transpose().shape
(3, 2)
)";

inline constexpr char kMatrixTranspose[] = R"(Swap the last two axes.

Parameters
----------
x : array_like
    Of at least two axes.

Returns
-------
Tensor
    A view.

Raises
------
ValueError
    When `x` has fewer than two axes.

Examples
--------
>>> import ndtape as nt
>>> nt.matrix_transpose(nt.ones((5, 2, 3))).shape
(5, 3, 2)
)";

inline constexpr char kSwapaxes[] = R"(Swap two axes.

Parameters
----------
x : array_like
    Of any dtype.
axis1, axis2 : int
    The axes.

Returns
-------
Tensor
    A view.

Raises
------
IndexError
    When an axis is out of range.

Examples
--------
>>> import ndtape as nt
>>> nt.swapaxes(nt.ones((2, 3, 4)), 0, 2).shape
(4, 3, 2)
)";

inline constexpr char kExpandDims[] = R"(Insert axes of length 1.

Parameters
----------
x : array_like
    Of any dtype.
axis : int or sequence of int, optional
    Where the new axes will be.

Returns
-------
Tensor
    A view.

Raises
------
IndexError
    When an axis is out of range.
ValueError
    When an axis occurs twice, or there would be more than 64.

Examples
--------
>>> import ndtape as nt
>>> nt.expand_dims(nt.ones(3), axis=-1).shape
(3, 1)
)";

inline constexpr char kSqueeze[] = R"(Remove axes of length 1.

Parameters
----------
x : array_like
    Of any dtype.
axis : int or sequence of int, optional
    Which; all of length 1 when None.

Returns
-------
Tensor
    A view.

Raises
------
IndexError
    When an axis is out of range.
ValueError
    When a named axis is longer than 1.

Examples
--------
>>> import ndtape as nt
>>> nt.squeeze(nt.ones((1, 3, 1)), axis=0).shape
(3, 1)
)";

inline constexpr char kBroadcastTo[] = R"(Repeat a tensor to a shape, without copying.

Parameters
----------
x : array_like
    Of any dtype.
shape : int or sequence of int
    The wanted shape.

Returns
-------
Tensor
    A view, in which elements share memory; it cannot be written to.

Raises
------
ValueError
    When the shapes do not fit.

Examples
--------
>>> import ndtape as nt
>>> nt.broadcast_to(nt.tensor([1, 2]), (2, 2))
tensor([[1, 2],
        [1, 2]])
)";

inline constexpr char kFlip[] = R"(Reverse the order of elements.

Parameters
----------
x : array_like
    Of any dtype.
axis : int or sequence of int, optional
    Along which axes; all when None.

Returns
-------
Tensor
    A view.

Raises
------
IndexError
    When an axis is out of range.

Examples
--------
>>> import ndtape as nt
>>> nt.flip(nt.arange(3))
tensor([2, 1, 0])
)";

inline constexpr char kDiagonal[] = R"(A diagonal of two axes, which comes last.

As NumPy's function of this name; ``linalg.diagonal`` is of the last two axes.

Parameters
----------
x : array_like
    Of at least two axes.
offset : int, optional
    Which: 0 the main one, positive above it.
axis1, axis2 : int, optional
    The axes.

Returns
-------
Tensor
    A view.

Raises
------
ValueError
    When `x` has fewer than two axes.

Examples
--------
>>> import ndtape as nt
>>> nt.diagonal(nt.tensor([[1, 2], [3, 4]]))
tensor([1, 4])
)";

inline constexpr char kConcat[] = R"(Join tensors along an existing axis.

Parameters
----------
arrays : sequence of array_like
    Of equal shapes but for the axis; their dtypes are promoted.
axis : int, optional
    The axis; None flattens all first.

Returns
-------
Tensor
    A new tensor.

Raises
------
IndexError
    When an axis is out of range.
TypeError
    When no dtype holds all.
ValueError
    When the shapes do not fit, or there is nothing to join.

Examples
--------
>>> import ndtape as nt
>>> nt.concat([nt.zeros(2), nt.ones(1)])
tensor([0., 0., 1.])
)";

inline constexpr char kStack[] = R"(Join tensors along a new axis.

Parameters
----------
arrays : sequence of array_like
    Of equal shapes; their dtypes are promoted.
axis : int, optional
    Where the new axis will be.

Returns
-------
Tensor
    A new tensor.

Raises
------
IndexError
    When an axis is out of range.
TypeError
    When no dtype holds all.
ValueError
    When the shapes differ, or there is nothing to join.

Examples
--------
>>> import ndtape as nt
>>> nt.stack([nt.zeros(2), nt.ones(2)])
tensor([[0., 0.],
        [1., 1.]])
)";

inline constexpr char kSplit[] = R"(Cut a tensor into parts along an axis.

Parameters
----------
x : array_like
    Of any dtype.
indices_or_sections : int or sequence of int
    How many equal parts, or where to cut.
axis : int, optional
    The axis.

Returns
-------
list of Tensor
    Views.

Raises
------
IndexError
    When an axis is out of range.
ValueError
    When the axis does not divide into equal parts.

Examples
--------
>>> import ndtape as nt
>>> nt.split(nt.arange(4), 2)
[tensor([0, 1]), tensor([2, 3])]
)";

inline constexpr char kRoll[] = R"(Shift elements along axes, and over the end back to the start.

Parameters
----------
x : array_like
    Of any dtype.
shift : int or sequence of int
    How far, one for each axis.
axis : int or sequence of int, optional
    The axes; None shifts the flattened tensor.

Returns
-------
Tensor
    Of the same shape.

Raises
------
IndexError
    When an axis is out of range.
ValueError
    When shifts and axes differ in number.

Examples
--------
>>> import ndtape as nt
>>> nt.roll(nt.arange(4), 1)
tensor([3, 0, 1, 2])
)";

inline constexpr char kTake[] = R"(Pick elements by number along an axis.

Parameters
----------
x : array_like
    Of any dtype.
indices : array_like
    Of an integer dtype; negative ones count from the end.
axis : int, optional
    The axis; None for the flattened tensor.

Returns
-------
Tensor
    The axis is replaced by the axes of `indices`.

Raises
------
IndexError
    When an index or the axis is out of range.
TypeError
    When `indices` are not integers.

Examples
--------
>>> import ndtape as nt
>>> nt.take(nt.tensor([10, 20, 30]), nt.tensor([2, 0]))
tensor([30, 10])
)";

inline constexpr char kTakeAlongAxis[] = R"(Pick an element for each index, matching the other axes.

Parameters
----------
x : array_like
    Of any dtype.
indices : array_like
    Of an integer dtype, with as many axes as `x`, broadcast with it outside the axis.
axis : int, optional
    The axis.

Returns
-------
Tensor
    Of the shape of `indices`, broadcast.

Raises
------
IndexError
    When an index or the axis is out of range.
TypeError
    When `indices` are not integers.
ValueError
    When the shapes do not fit.

Examples
--------
>>> import ndtape as nt
>>> x = nt.tensor([[1, 2], [3, 4]])
>>> nt.take_along_axis(x, nt.tensor([[1], [0]]), axis=1)
tensor([[2],
        [3]])
)";

inline constexpr char kIndexAdd[] = R"(Add values at indices; what goes to the same place adds up.

What NumPy's ``numpy.add.at`` does in place, as a function of `x`.

Parameters
----------
x : array_like
    Of a numeric dtype, at least 1-d.
indices : array_like
    Of an integer dtype, 0-d or 1-d. Negative ones count from the end.
values : array_like
    Of the shape of ``take(x, indices, axis)`` and a dtype of the same kind as that of `x`.
axis : int, optional
    The axis that `indices` count along.

Returns
-------
Tensor
    Of the shape of `x` and the dtype that both promote to. Additions are made in the order of
    `indices`; those of more than 65536 numbers to a quarter as many places or fewer, in four
    parts that are then added in order.

Raises
------
IndexError
    When an index or the axis is out of range.
TypeError
    When `indices` are not integers, or the dtypes are of different kinds.
ValueError
    When `values` have another shape.

Examples
--------
>>> import ndtape as nt
>>> nt.index_add(nt.zeros(3), nt.tensor([0, 2, 0]), nt.tensor([1.0, 2.0, 3.0]))
tensor([4., 0., 2.])
)";

inline constexpr char kMatmul[] = R"(Matrix product, ``x1 @ x2``.

Parameters
----------
x1, x2 : array_like
    Of numeric dtypes and shapes ``(..., m, k)`` and ``(..., k, n)``; leading axes are broadcast.
    A 1-d operand is a row if first, a column if second, and its axis is removed from the result.

Returns
-------
Tensor
    Of shape ``(..., m, n)`` and the promoted dtype.

Raises
------
TypeError
    When no dtype holds both.
ValueError
    When the shapes do not align, or an operand is 0-d.

Examples
--------
>>> import ndtape as nt
>>> nt.matmul(nt.tensor([[1, 2], [3, 4]]), nt.tensor([1, 1]))
tensor([3, 7])
)";

inline constexpr char kCopy[] = R"(Copy into new, row-major memory.

Parameters
----------
x : array_like
    Of any dtype.

Returns
-------
Tensor
    Equal to `x`; recorded like any operation.

Examples
--------
>>> import ndtape as nt
>>> nt.copy(nt.tensor([1, 2]))
tensor([1, 2])
)";

inline constexpr char kAstype[] = R"(Convert to another dtype.

Parameters
----------
x : array_like
    Of any dtype.
dtype : DType
    The wanted dtype.
copy : bool, optional
    False returns `x` itself when it has the dtype already.
device : Device or str, optional
    Where the result is to be; only ``'cpu'``.

Returns
-------
Tensor
    Floats are truncated on the way to integers.

Raises
------
TypeError
    When `dtype` is not a dtype.

Examples
--------
>>> import ndtape as nt
>>> nt.astype(nt.tensor([1.7, -1.7]), nt.int64)
tensor([ 1, -1])
)";

}  // namespace ndtape::python::docs
