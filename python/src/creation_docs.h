// Docstrings of creation.cpp.
#pragma once

namespace ndtape::python::docs {

#define NDTAPE_DTYPE_DOC      \
  "dtype : DType, optional\n" \
  "    The default float dtype by default.\n"
#define NDTAPE_LIKE_DTYPE_DOC \
  "dtype : DType, optional\n" \
  "    That of `x` by default.\n"
#define NDTAPE_COMMON_DOC            \
  "device : str, optional\n"         \
  "    ``'cpu'``.\n"                 \
  "requires_grad : bool, optional\n" \
  "    Whether operations on the result are recorded.\n\n"
#define NDTAPE_SHAPE_RAISES                                         \
  "Raises\n"                                                        \
  "------\n"                                                        \
  "ValueError\n"                                                    \
  "    When a length is negative or there are too many elements.\n" \
  "MemoryError\n"                                                   \
  "    When there is not enough memory.\n\n"
#define NDTAPE_SHAPE_DOC             \
  "Parameters\n"                     \
  "----------\n"                     \
  "shape : int or sequence of int\n" \
  "    The length of each axis.\n"
#define NDTAPE_LIKE_DOC \
  "Parameters\n"        \
  "----------\n"        \
  "x : array_like\n"    \
  "    Gives the shape.\n"
#define NDTAPE_EXAMPLE "Examples\n--------\n>>> import ndtape as nt\n"
#define NDTAPE_RETURNS(text) "Returns\n-------\nTensor\n    " text "\n\n"

inline constexpr char kTensor[] =
    "Make a tensor, copying the data.\n\n"
    "Parameters\n"
    "----------\n"
    "data : array_like\n"
    "    A number, nested sequences of numbers, a NumPy array, or a tensor, whose history stays\n"
    "    behind.\n"
    "dtype : DType, optional\n"
    "    By default that of the data; the default float dtype for Python floats, int64 for ints.\n"
    NDTAPE_COMMON_DOC NDTAPE_RETURNS("A leaf with memory of its own.")
    "Raises\n"
    "------\n"
    "TypeError\n"
    "    When the data are not numbers, or of a dtype that ndtape has not.\n"
    "ValueError\n"
    "    When nested sequences have unequal lengths, or a number does not fit `dtype`.\n\n"
    "See Also\n"
    "--------\n"
    "asarray : shares memory where it can.\n\n" NDTAPE_EXAMPLE
    ">>> nt.tensor([[1, 2], [3, 4]], dtype=nt.float64)\n"
    "tensor([[1., 2.],\n"
    "        [3., 4.]], dtype=float64)\n";

inline constexpr char kAsarray[] =
    "Make a tensor over existing memory where possible.\n\n"
    "Parameters\n"
    "----------\n"
    "obj : array_like\n"
    "    A tensor, a NumPy array, anything with the buffer protocol, a number, or nested\n"
    "    sequences of numbers.\n"
    "dtype : DType, optional\n"
    "    By default that of the data; the default float dtype for Python floats, int64 for ints.\n"
    "device : str, optional\n"
    "    ``'cpu'``.\n"
    "copy : bool, optional\n"
    "    True for memory of its own, False to share or fail, None to copy only if needed.\n\n"
    NDTAPE_RETURNS("Writing to it writes to `obj` where memory is shared.")
    "Raises\n"
    "------\n"
    "TypeError\n"
    "    When the data are not numbers, or of a dtype that ndtape has not.\n"
    "ValueError\n"
    "    When `copy` is False and a copy is needed, or nested sequences have unequal lengths.\n\n"
    NDTAPE_EXAMPLE
    ">>> import numpy as np\n"
    ">>> a = np.zeros(2)\n"
    ">>> x = nt.asarray(a)\n"
    ">>> x[0] = 5\n"
    ">>> a\n"
    "array([5., 0.])\n";

inline constexpr char kZeros[] = "Make a tensor of zeros.\n\n" NDTAPE_SHAPE_DOC NDTAPE_DTYPE_DOC
    NDTAPE_COMMON_DOC NDTAPE_RETURNS("Of the given shape.") NDTAPE_SHAPE_RAISES NDTAPE_EXAMPLE
    ">>> nt.zeros(3)\n"
    "tensor([0., 0., 0.])\n";

inline constexpr char kOnes[] =
    "Make a tensor of ones.\n\n" NDTAPE_SHAPE_DOC NDTAPE_DTYPE_DOC NDTAPE_COMMON_DOC NDTAPE_RETURNS(
        "Of the given shape.") NDTAPE_SHAPE_RAISES NDTAPE_EXAMPLE
    ">>> nt.ones((2, 2), dtype=nt.int64)\n"
    "tensor([[1, 1],\n"
    "        [1, 1]])\n";

inline constexpr char kEmpty[] =
    "Make a tensor whose elements are not set.\n\n" NDTAPE_SHAPE_DOC NDTAPE_DTYPE_DOC
        NDTAPE_COMMON_DOC NDTAPE_RETURNS("Of the given shape.") NDTAPE_SHAPE_RAISES NDTAPE_EXAMPLE
    ">>> nt.empty((2, 3)).shape\n"
    "(2, 3)\n";

inline constexpr char kFull[] =
    "Make a tensor filled with one value.\n\n" NDTAPE_SHAPE_DOC
    "fill_value : number or 0-d array\n"
    "    The value.\n"
    "dtype : DType, optional\n"
    "    By default that of the value.\n" NDTAPE_COMMON_DOC NDTAPE_RETURNS("Of the given shape.")
    "Raises\n"
    "------\n"
    "ValueError\n"
    "    When the value does not fit the dtype, or a length is negative.\n"
    "MemoryError\n"
    "    When there is not enough memory.\n\n" NDTAPE_EXAMPLE
    ">>> nt.full(3, 7)\n"
    "tensor([7, 7, 7])\n";

inline constexpr char kZerosLike[] =
    "Make a tensor of zeros in the shape of another.\n\n" NDTAPE_LIKE_DOC NDTAPE_LIKE_DTYPE_DOC
        NDTAPE_COMMON_DOC NDTAPE_RETURNS("Of the shape of `x`.") NDTAPE_EXAMPLE
    ">>> nt.zeros_like(nt.tensor([1, 2]))\n"
    "tensor([0, 0])\n";

inline constexpr char kOnesLike[] =
    "Make a tensor of ones in the shape of another.\n\n" NDTAPE_LIKE_DOC NDTAPE_LIKE_DTYPE_DOC
        NDTAPE_COMMON_DOC NDTAPE_RETURNS("Of the shape of `x`.") NDTAPE_EXAMPLE
    ">>> nt.ones_like(nt.tensor([1, 2]))\n"
    "tensor([1, 1])\n";

inline constexpr char kEmptyLike[] =
    "Make a tensor in the shape of another, whose elements are not set.\n\n" NDTAPE_LIKE_DOC
        NDTAPE_LIKE_DTYPE_DOC NDTAPE_COMMON_DOC NDTAPE_RETURNS("Of the shape of `x`.")
            NDTAPE_EXAMPLE
    ">>> nt.empty_like(nt.tensor([1, 2])).shape\n"
    "(2,)\n";

inline constexpr char kFullLike[] =
    "Make a tensor filled with one value in the shape of another.\n\n" NDTAPE_LIKE_DOC
    "fill_value : number or 0-d array\n"
    "    The value.\n" NDTAPE_LIKE_DTYPE_DOC NDTAPE_COMMON_DOC
    NDTAPE_RETURNS("Of the shape of `x`.")
    "Raises\n"
    "------\n"
    "ValueError\n"
    "    When the value does not fit the dtype.\n\n" NDTAPE_EXAMPLE
    ">>> nt.full_like(nt.tensor([1, 2]), 7)\n"
    "tensor([7, 7])\n";

inline constexpr char kArange[] =
    "Make a range of evenly spaced numbers.\n\n"
    "Parameters\n"
    "----------\n"
    "start : number\n"
    "    The first number; the end, from 0, when it is the only one given.\n"
    "stop : number, optional\n"
    "    The end, not included.\n"
    "step : number, optional\n"
    "    The distance between two numbers.\n"
    "dtype : DType, optional\n"
    "    By default int64 for integers, else the default float dtype.\n" NDTAPE_COMMON_DOC
    NDTAPE_RETURNS("1-d, of ``ceil((stop - start) / step)`` elements.")
    "Raises\n"
    "------\n"
    "ValueError\n"
    "    When the step is zero, a bound is not finite, or values do not fit the dtype.\n\n"
    NDTAPE_EXAMPLE
    ">>> nt.arange(2, 10, 3)\n"
    "tensor([2, 5, 8])\n";

inline constexpr char kLinspace[] =
    "Make a number of evenly spaced numbers over an interval.\n\n"
    "Parameters\n"
    "----------\n"
    "start, stop : float\n"
    "    The ends.\n"
    "num : int, optional\n"
    "    How many.\n" NDTAPE_DTYPE_DOC
    "device : str, optional\n"
    "    ``'cpu'``.\n"
    "endpoint : bool, optional\n"
    "    Whether `stop` is included.\n"
    "requires_grad : bool, optional\n"
    "    Whether operations on the result are recorded.\n\n" NDTAPE_RETURNS("1-d.")
    "Raises\n"
    "------\n"
    "ValueError\n"
    "    When `num` is negative.\n\n" NDTAPE_EXAMPLE
    ">>> nt.linspace(0, 1, 5)\n"
    "tensor([0.  , 0.25, 0.5 , 0.75, 1.  ])\n";

inline constexpr char kEye[] =
    "Make a matrix with ones on a diagonal and zeros elsewhere.\n\n"
    "Parameters\n"
    "----------\n"
    "n_rows : int\n"
    "    Rows.\n"
    "n_cols : int, optional\n"
    "    Columns; as many as rows by default.\n"
    "k : int, optional\n"
    "    Which diagonal: 0 the main one, positive above it.\n" NDTAPE_DTYPE_DOC NDTAPE_COMMON_DOC
        NDTAPE_RETURNS("2-d.") NDTAPE_SHAPE_RAISES NDTAPE_EXAMPLE
    ">>> nt.eye(2)\n"
    "tensor([[1., 0.],\n"
    "        [0., 1.]])\n";

inline constexpr char kTril[] =
    "Set elements above a diagonal to zero.\n\n"
    "Parameters\n"
    "----------\n"
    "x : array_like\n"
    "    Of at least two axes; the last two are the matrices.\n"
    "k : int, optional\n"
    "    The last diagonal that is kept: 0 the main one, positive above it.\n\n"
    NDTAPE_RETURNS("A copy.")
    "Raises\n"
    "------\n"
    "ValueError\n"
    "    When `x` has fewer than two axes.\n\n" NDTAPE_EXAMPLE
    ">>> nt.tril(nt.ones((2, 2)))\n"
    "tensor([[1., 0.],\n"
    "        [1., 1.]])\n";

inline constexpr char kTriu[] =
    "Set elements below a diagonal to zero.\n\n"
    "Parameters\n"
    "----------\n"
    "x : array_like\n"
    "    Of at least two axes; the last two are the matrices.\n"
    "k : int, optional\n"
    "    The first diagonal that is kept: 0 the main one, positive above it.\n\n"
    NDTAPE_RETURNS("A copy.")
    "Raises\n"
    "------\n"
    "ValueError\n"
    "    When `x` has fewer than two axes.\n\n" NDTAPE_EXAMPLE
    ">>> nt.triu(nt.ones((2, 2)))\n"
    "tensor([[1., 1.],\n"
    "        [0., 1.]])\n";

inline constexpr char kSetDefault[] =
    "Set the dtype of Python floats, and of float functions of integers.\n\n"
    "Parameters\n"
    "----------\n"
    "dtype : DType\n"
    "    A float dtype.\n\n"
    "Raises\n"
    "------\n"
    "TypeError\n"
    "    When it is not a float dtype.\n\n" NDTAPE_EXAMPLE
    ">>> nt.set_default_dtype(nt.float64)\n"
    ">>> nt.tensor(1.5).dtype\n"
    "ndtape.float64\n"
    ">>> nt.set_default_dtype(nt.float32)\n";

inline constexpr char kGetDefault[] =
    "Tell the dtype of Python floats.\n\n"
    "Returns\n"
    "-------\n"
    "DType\n"
    "    float32, unless `set_default_dtype` has changed it.\n\n" NDTAPE_EXAMPLE
    ">>> nt.get_default_dtype()\n"
    "ndtape.float32\n";

}  // namespace ndtape::python::docs
