"""The functions of the Python array API standard 2025.12 by signature, for tests of all of them."""

import inspect
from typing import NamedTuple

import ndtape as nt

MAIN = {
    "(start, /, stop=None, step=1, *, dtype=None, device=None)": "arange",
    "(obj, /, *, dtype=None, device=None, copy=None)": "asarray",
    "(shape, *, dtype=None, device=None)": "empty ones zeros",
    "(x, /, *, dtype=None, device=None)": "empty_like ones_like zeros_like",
    "(n_rows, n_cols=None, /, *, k=0, dtype=None, device=None)": "eye",
    "(x, /, *, device=None, copy=None)": "from_dlpack",
    "(shape, fill_value, *, dtype=None, device=None)": "full",
    "(x, /, fill_value, *, dtype=None, device=None)": "full_like",
    "(start, stop, /, num, *, dtype=None, device=None, endpoint=True)": "linspace",
    "(*arrays, indexing='xy')": "meshgrid",
    "(x, /, *, k=0)": "tril triu",
    "(x, dtype, /, *, copy=True, device=None)": "astype",
    "(from_, to, /)": "can_cast",
    "(type, /)": "finfo iinfo",
    "(dtype, kind)": "isdtype",
    "(*arrays_and_dtypes)": "result_type",
    "(x, /)": """
        abs acos acosh asin asinh atan atanh bitwise_invert ceil conj cos cosh exp expm1 floor imag
        isfinite isinf isnan log log10 log1p log2 logical_not negative positive real reciprocal
        round sign signbit sin sinh sqrt square tan tanh trunc
        matrix_transpose nonzero unique_all unique_counts unique_inverse unique_values""",
    "(x1, x2, /)": """
        add atan2 bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor copysign
        divide equal floor_divide greater greater_equal hypot less less_equal logaddexp logical_and
        logical_or logical_xor maximum minimum multiply nextafter not_equal pow remainder subtract
        matmul""",
    "(x, /, min=None, max=None)": "clip",
    "(x, indices, /, *, axis=None)": "take",
    "(x, indices, /, *, axis=-1)": "take_along_axis",
    "()": "__array_namespace_info__",
    "(x1, x2, /, *, axes=2)": "tensordot",
    "(x1, x2, /, *, axis=-1)": "vecdot",
    "(*arrays)": "broadcast_arrays",
    "(*shapes)": "broadcast_shapes",
    "(x, /, shape)": "broadcast_to",
    "(arrays, /, *, axis=0)": "concat stack",
    "(x, /, axis)": "expand_dims squeeze",
    "(x, /, *, axis=None)": "flip",
    "(x, source, destination, /)": "moveaxis",
    "(x, /, axes)": "permute_dims",
    "(x, repeats, /, *, axis=None)": "repeat",
    "(x, /, shape, *, copy=None)": "reshape",
    "(x, /, shift, *, axis=None)": "roll",
    "(x, repetitions, /)": "tile",
    "(x, /, *, axis=0)": "unstack",
    "(x, /, *, axis=None, keepdims=False)": "all any argmax argmin count_nonzero max mean min",
    "(x1, x2, /, *, side='left', sorter=None)": "searchsorted",
    "(condition, x1, x2, /)": "where",
    "(x1, x2, /, *, invert=False)": "isin",
    "(x, /, *, axis=-1, descending=False, stable=True)": "argsort sort",
    "(x, /, *, axis=None, dtype=None, include_initial=False)": "cumulative_prod cumulative_sum",
    "(x, /, *, axis=None, dtype=None, keepdims=False)": "prod sum",
    "(x, /, *, axis=None, correction=0.0, keepdims=False)": "std var",
    "(x, /, *, axis=-1, n=1, prepend=None, append=None)": "diff",
}
LINALG = {
    "(x, /, *, upper=False)": "cholesky",
    "(x1, x2, /, *, axis=-1)": "cross vecdot",
    "(x, /)": "det eig eigh eigvals eigvalsh inv matrix_transpose slogdet svdvals",
    "(x, /, *, offset=0)": "diagonal",
    "(x1, x2, /)": "matmul outer solve",
    "(x, /, *, keepdims=False, ord='fro')": "matrix_norm",
    "(x, n, /)": "matrix_power",
    "(x, /, *, rtol=None)": "matrix_rank pinv",
    "(x, /, *, mode='reduced')": "qr",
    "(x, /, *, full_matrices=True)": "svd",
    "(x1, x2, /, *, axes=2)": "tensordot",
    "(x, /, *, offset=0, dtype=None)": "trace",
    "(x, /, *, axis=None, keepdims=False, ord=2)": "vector_norm",
}
FFT = {
    "(x, /, *, n=None, axis=-1, norm='backward')": "fft hfft ifft ihfft irfft rfft",
    "(x, /, *, s=None, axes=None, norm='backward')": "fftn ifftn irfftn rfftn",
    "(n, /, *, d=1.0, dtype=None, device=None)": "fftfreq rfftfreq",
    "(x, /, *, axes=None)": "fftshift ifftshift",
}
TENSOR = {
    "(self, /, *, api_version=None)": "__array_namespace__",
    "(self, /, *, stream=None, max_version=None, dl_device=None, copy=None)": "__dlpack__",
    "(self, /)": "__dlpack_device__",
    "(self, device, /, *, stream=None)": "to_device",
}
INFO = {
    "(self)": "capabilities default_device devices",
    "(self, *, device=None)": "default_dtypes",
    "(self, *, device=None, kind=None)": "dtypes",
}

OPERATORS = """
    abs add and bool complex eq float floordiv ge getitem gt index int invert le lshift lt matmul
    mod mul ne neg or pos pow rshift setitem sub truediv xor
    radd rand rfloordiv rlshift rmatmul rmod rmul ror rpow rrshift rsub rtruediv rxor
    iadd iand ifloordiv ilshift imatmul imod imul ior ipow irshift isub itruediv ixor"""
ATTRIBUTES = "T device dtype mT ndim shape size"
CONSTANTS = "e inf nan newaxis pi"
DTYPES = """
    bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64 complex128"""


class Function(NamedTuple):
    """A function of the standard, and where it is."""

    where: str
    name: str
    signature: str

    def __repr__(self):
        return f"{self.where}.{self.name}".lstrip(".")

    def of(self, library):
        """The library's own."""
        return getattr(getattr(library, self.where) if self.where else library, self.name)

    @property
    def parameters(self):
        """Of the standard."""
        made = {}
        exec(f"def f{self.signature}: pass", made)
        return list(inspect.signature(made["f"]).parameters.values())


def _functions(where, table):
    return [Function(where, n, s) for s, names in table.items() for n in names.split()]


FUNCTIONS = [
    *_functions("", MAIN),
    *_functions("linalg", LINALG),
    *_functions("fft", FFT),
]
METHODS = [
    *((nt.Tensor, f) for f in _functions("", TENSOR)),
    *((type(nt.__array_namespace_info__()), f) for f in _functions("", INFO)),
]
