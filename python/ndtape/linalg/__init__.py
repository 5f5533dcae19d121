"""Linear algebra: the array API standard's extension, NumPy's ``norm`` and ``multi_dot``.

Factorizations are LAPACK's, reached through NumPy on the tensors' own memory; products are
ndtape's. All work on stacks of matrices and keep the dtype. Every function of float and complex
tensors has derivatives of any order; docstrings say what they are where spectra are degenerate.
"""

from numpy.linalg import LinAlgError as LinAlgError

from ndtape._core import matmul as matmul
from ndtape._core import matrix_transpose as matrix_transpose
from ndtape._products import cross as cross
from ndtape._products import tensordot as tensordot
from ndtape._products import vecdot as vecdot
from ndtape.linalg._decompositions import eig as eig
from ndtape.linalg._decompositions import eigh as eigh
from ndtape.linalg._decompositions import eigvals as eigvals
from ndtape.linalg._decompositions import eigvalsh as eigvalsh
from ndtape.linalg._decompositions import qr as qr
from ndtape.linalg._decompositions import svd as svd
from ndtape.linalg._decompositions import svdvals as svdvals
from ndtape.linalg._norms import matrix_norm as matrix_norm
from ndtape.linalg._norms import norm as norm
from ndtape.linalg._norms import vector_norm as vector_norm
from ndtape.linalg._products import diagonal as diagonal
from ndtape.linalg._products import multi_dot as multi_dot
from ndtape.linalg._products import outer as outer
from ndtape.linalg._products import trace as trace
from ndtape.linalg._solving import cholesky as cholesky
from ndtape.linalg._solving import det as det
from ndtape.linalg._solving import inv as inv
from ndtape.linalg._solving import matrix_power as matrix_power
from ndtape.linalg._solving import matrix_rank as matrix_rank
from ndtape.linalg._solving import pinv as pinv
from ndtape.linalg._solving import slogdet as slogdet
from ndtape.linalg._solving import solve as solve

__all__ = [
    "LinAlgError",
    "cholesky",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "inv",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "multi_dot",
    "norm",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "trace",
    "vecdot",
    "vector_norm",
]
