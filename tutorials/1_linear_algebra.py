r"""
1. Linear algebra
=================

A network is sums and products of tensors. This page goes from one number to stacks of matrices,
and ends with what a matrix does to a circle.
"""

import matplotlib.pyplot as plt

import ndtape as nt

# %%
# Scalars, vectors, matrices, tensors
# -----------------------------------
#
# A *tensor* is numbers in a grid. A *scalar* is a tensor without axes, a *vector* has one, a
# *matrix* has two. ``ndim`` counts the axes, ``shape`` gives their lengths, ``dtype`` says what
# the numbers are.

scalar = nt.tensor(3.5)
vector = nt.tensor([1.0, 2.0, 3.0])
matrix = nt.tensor([[1, 2, 3], [4, 5, 6]])
stack = nt.zeros((4, 2, 3), dtype=nt.float64)

for x in (scalar, vector, matrix, stack):
    print(f"ndim {x.ndim}, shape {x.shape}, dtype {x.dtype}, {x.size} numbers")

# %%
# Python's floats became ``float32`` and its integers ``int64``. Another dtype can be asked for
# when a tensor is made, and :func:`~ndtape.astype` changes it later. Integers and floats do not
# mix by accident:

try:
    matrix * vector
except TypeError as error:
    print(error)
print(nt.astype(matrix, nt.float32) * vector)

# %%
# Slicing a batch of images
# -------------------------
#
# Images are matrices of brightness; many of the same size are one tensor with three axes: image,
# row, column. These are handwritten digits of 8 by 8 pixels.

(images, labels), _ = nt.data.datasets.digits()
print(images.shape, images.dtype, "labels", labels[:10])

# %%
# A colon takes all of an axis, ``a:b`` a part of it, a number one place (and the axis is gone). A
# slice is a *view*: it shows the same memory, and costs nothing.

batch = images[10:20]
print("ten images      ", batch.shape)
print("one image       ", batch[0].shape)
print("its fourth row  ", batch[0, 3].shape)
print("upper halves    ", batch[:, :4].shape)
print("every other dot ", batch[:, ::2, ::2].shape)
print("images of a zero", images[labels == 0].shape)

# %%
# Element by element
# ------------------
#
# Operators work on elements at the same place. So ``*`` of two matrices is the *Hadamard
# product*, :math:`(A \odot B)_{ij} = a_{ij} b_{ij}`, not the product of matrices, which is ``@``.

A = nt.reshape(nt.arange(6.0), (2, 3))
B = nt.copy(A)  # memory of its own
print(A + B)
print(A * B)
print(nt.exp(-A))

# %%
# Broadcasting
# ------------
#
# Shapes need not be equal. They are aligned at their *last* axes; an axis of length 1, or one
# that is missing, is repeated as often as the other operand needs. Nothing is copied for it.

row, column = nt.tensor([10.0, 20.0, 30.0]), nt.tensor([[100.0], [200.0]])
print("matrix + scalar\n", A + 1)
print("(2, 3) + (3,)\n", A + row)
print("(2, 1) + (3,)\n", column + row)

# %%
# Sum and mean
# ------------
#
# Over all elements, or over an axis, which disappears. ``keepdims=True`` keeps it with length 1,
# so that the result still broadcasts against what it came from:

print("sum of all ", nt.sum(A))
print("over axis 0", nt.sum(A, axis=0), "one for each column")
print("over axis 1", nt.sum(A, axis=1), "one for each row")
print("mean       ", nt.mean(A), "=", nt.sum(A) / A.size)
print("over axis 0", nt.mean(A, axis=0))

shares = A / nt.sum(A, axis=1, keepdims=True)
print("rows that sum to 1\n", shares)
print("the mean image has shape", nt.mean(images, axis=0).shape)

# %%
# A *cumulative sum* keeps the axis and adds up along it:

print(nt.cumsum(A, axis=0))

# %%
# Dot product
# -----------
#
# :math:`\mathbf{x} \cdot \mathbf{y} = \sum_i x_i y_i`: a weighted sum, and for vectors of length
# 1 the cosine of their angle.

x, y = nt.tensor([1.0, 2.0, 3.0]), nt.tensor([4.0, -5.0, 6.0])
print(nt.dot(x, y), "=", nt.sum(x * y), "=", x @ y)

# %%
# Matrix times vector
# -------------------
#
# The dot product of every row with the vector: :math:`(A \mathbf{x})_i = \sum_j a_{ij} x_j`. A
# matrix of shape ``(2, 3)`` turns vectors of three numbers into vectors of two.

print(A @ x, A.shape, "@", x.shape, "->", (A @ x).shape)

# %%
# Matrix times matrix
# -------------------
#
# The same for every column of the second one: :math:`(A C)_{ij} = \sum_k a_{ik} c_{kj}`. With
# more axes, ``@`` multiplies stacks of matrices, one by one.

C = nt.ones((3, 4))
print(A @ C)
print("stacks:", (nt.ones((10, 2, 3)) @ nt.ones((10, 3, 4))).shape)

# %%
# The inner lengths must agree. If they do not, this is what one sees:

try:
    A @ B
except ValueError as error:
    message = str(error)
    print(message)

# %%
# Read it from left to right: the operation, the two shapes, and the two lengths that should be
# equal, each with its axis. ``A`` has rows of 3 numbers (its axis 1), but the columns of ``B``
# have 2 (its axis 0). What was meant here is that one of them be turned:

print("A @ B.T\n", A @ B.T)
print("A.T @ B\n", A.T @ B)

# %%
# Transpose and symmetry
# ----------------------
#
# The *transpose* exchanges rows and columns, :math:`(A^\top)_{ij} = a_{ji}`; it is a view as
# well. A matrix that equals its transpose is *symmetric*. ``S + S.T`` always is, and so is ``A.T
# @ A``.

print(A.T)
gram = A.T @ A
square = nt.tensor([[1, 2], [3, 4]])
print("symmetric:", nt.all(square == square.T), nt.all(square + square.T == (square + square.T).T))
print("A.T @ A:  ", nt.all(gram == gram.T))
print("(AB)^T = B^T A^T:", nt.allclose((A @ C).T, C.T @ A.T))

# %%
# Cross product
# -------------
#
# Of two vectors in space: a third one, at right angles to both, as long as the area they span.

u, v = nt.tensor([1.0, 0.0, 0.0]), nt.tensor([1.0, 2.0, 0.0])
w = nt.cross(u, v)
print(w, "at right angles:", w @ u, w @ v)

# %%
# Tensor products
# ---------------
#
# :func:`~ndtape.tensordot` sums over the last ``axes`` axes of one tensor and the first of the
# other. With 0 nothing is summed, and every pair of elements is multiplied; with 1 it is the
# product of matrices; with 2 it is the sum of the Hadamard product.

print("axes=0", nt.tensordot(A, B, axes=0).shape)
print("axes=1", nt.tensordot(A, C, axes=1).shape, nt.all(nt.tensordot(A, C, axes=1) == A @ C))
print("axes=2", nt.tensordot(A, B, axes=2), "=", nt.sum(A * B))

# %%
# Norms
# -----
#
# How long is a vector? There are several answers, all of them *norms*:
#
# .. math::
#
#    \|\mathbf{x}\|_1 = \sum_i |x_i|, \qquad
#    \|\mathbf{x}\|_2 = \Big(\sum_i x_i^2\Big)^{1/2}, \qquad
#    \|\mathbf{x}\|_p = \Big(\sum_i |x_i|^p\Big)^{1/p}, \qquad
#    \|\mathbf{x}\|_\infty = \max_i |x_i|.
#
# For a matrix, the *Frobenius norm* is the :math:`L_2` norm of all its elements.

x = nt.tensor([3.0, -4.0])
norms = {p: nt.linalg.vector_norm(x, ord=p).item() for p in (1, 2, 3, 10, nt.inf)}
for p, norm in norms.items():
    print(f"L{p}: {norm:.4f}")
by_hand = nt.sum(nt.abs(x) ** 3) ** (1 / 3)
print("L3 by hand:", by_hand)

frobenius = nt.linalg.matrix_norm(A)
print("Frobenius:", frobenius, "=", nt.sqrt(nt.sum(A * A)))

# %%
# The picture
# -----------
#
# Left, the vectors that have norm 1: the larger p, the more the largest element alone counts.
# Right, what a matrix does to the circle of the :math:`L_2` norm: it becomes an ellipse, whose
# half axes are the *singular values* of the matrix.

angle = nt.linspace(0, 2 * nt.pi, 400)
circle = nt.stack([nt.cos(angle), nt.sin(angle)])  # (2, 400): a point in each column

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4.4), layout="constrained")
for p in (1, 1.5, 2, 4, nt.inf):
    ball = circle / nt.linalg.vector_norm(circle, axis=0, ord=p)
    left.plot(*ball, label=f"p = {p}")
left.set(title="norm 1", aspect="equal")
left.legend(loc="center")

M = nt.tensor([[1.5, 0.8], [-0.3, 0.9]])
U, S, Vh = nt.linalg.svd(M)
right.plot(*circle, "--", color="gray", label="circle")
right.plot(*(M @ circle), label="matrix @ circle")
for k in range(2):
    axis = S[k] * U[:, k]
    right.plot([0, axis[0].item()], [0, axis[1].item()], "k", linewidth=1)
    right.annotate(f" {S[k].item():.2f}", axis.tolist())
right.set(title="a matrix at work", aspect="equal")
right.legend(loc="lower right")
plt.show()
