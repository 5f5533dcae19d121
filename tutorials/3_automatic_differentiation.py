r"""
3. Automatic differentiation
============================

The derivative of a program is computed by the chain rule, operation by operation, from the result
back to the inputs. For that the operations are recorded as they run, on a *tape*. This page shows
how to use it, and what it looks like.
"""

import matplotlib.pyplot as plt

import ndtape as nt

# %%
# A first gradient
# ----------------
#
# :math:`y = 2\, \mathbf{x} \cdot \mathbf{x}` has the gradient :math:`4 \mathbf{x}`. A tensor that
# asks for it, with ``requires_grad``, has its operations recorded. ``backward`` walks the record
# from the result to the inputs, and leaves the gradient in ``x.grad``.

x = nt.tensor([0.0, 1.0, 2.0, 3.0], requires_grad=True)
y = 2 * nt.dot(x, x)
print("y =", y)
y.backward()
print("x.grad =", x.grad)
print("is it 4 x?", nt.all(x.grad == 4 * x))
first_gradient = nt.copy(x.grad)

# %%
# Gradients add up
# ----------------
#
# Another ``backward`` *adds* to ``x.grad``. That is what one wants when a loss comes in parts,
# and not when a new step begins: then the old gradient has to go. (Optimizers have ``zero_grad``
# for it.)

nt.sum(x).backward()
print("4 x + 1:", x.grad)

x.grad = None
nt.sum(x).backward()
print("only 1: ", x.grad)

# %%
# Results that are not one number
# -------------------------------
#
# A vector has no gradient, but a matrix of derivatives. ``backward`` wants to know which
# combination of the elements to derive: it takes a weight for each. Mostly one wants their sum,
# which is weights of 1.

x.grad = None
y = x * x
try:
    y.backward()
except nt.TapeError as error:
    print(error)
y.backward(nt.ones_like(y))
print("of the sum:", x.grad)

# %%
# The whole matrix, the *Jacobian*, is there too:

print(nt.jacobian(lambda x: x * x)(x.detach()))

# %%
# Detach
# ------
#
# ``detach`` gives a tensor with the same values that the tape does not know. Here u is
# :math:`x^2`, but counts as a number that just happens to be there: the derivative of :math:`u x`
# is u, not :math:`3 x^2`.

x.grad = None
u = (x * x).detach()
nt.sum(u * x).backward()
print("u       ", u)
print("gradient", x.grad)
detached_gradient = nt.copy(x.grad)

# %%
# The same memory is behind both, and NumPy can see it. To record nothing at all, as in an
# evaluation, there is ``no_grad``:

with nt.no_grad():
    print("recorded?", (x * x).requires_grad)

# %%
# Python's control flow
# ---------------------
#
# What is recorded is what ran. So loops and conditions need nothing special, even if they depend
# on the numbers:


def f(a):
    b = a * 2
    while nt.linalg.vector_norm(b) < 1000:
        b = b * 2
    return b if nt.sum(b) > 0 else 100 * b


for start in (0.3, -2.0):
    a = nt.tensor(start, requires_grad=True)
    d = f(a)
    d.backward()
    print(f"f({start}) = {d.item():g}, its slope {a.grad.item():g} = {(d / a).item():g}")

# %%
# The function is a piece of a line through 0 wherever one stands, so its slope is f(a) / a.
#
# Second derivatives
# ------------------
#
# A gradient is computed by operations, which can be recorded as well: ``create_graph=True``.
# Simpler is to derive a function, and that again.

x2 = nt.tensor(2.0, requires_grad=True)
(x2**3).backward(create_graph=True)
slope = x2.grad  # 3 x^2, and how it was computed
x2.grad = None
slope.backward()
print("6 x =", x2.grad)


def cube(x):
    return x**3


derivative, values = cube, []
for _ in range(5):
    values.append(derivative(nt.tensor(2.0)).item())
    derivative = nt.grad(derivative)
print("x^3 and its derivatives at 2:", values)

# %%
# Of a function of many numbers the second derivatives are a matrix, the *Hessian*; its product
# with a vector costs no more than a few gradients:


def energy(x):
    return nt.sum(x[:-1] * x[1:]) + nt.sum(x**4) / 12


point = nt.tensor([1.0, 2.0, 3.0])
hessian = nt.hessian(energy)(point)
print(hessian)
(times_vector,) = nt.hvp(energy, (point,), (nt.ones(3),))
print(times_vector, "=", hessian @ nt.ones(3))

# %%
# The tape, drawn
# ---------------
#
# :func:`ndtape.viz.tape` shows what was recorded: each operation, the shape it made, and the
# memory it keeps until ``backward`` has been there. (In a notebook, with Graphviz installed, it
# is a diagram; ``save("tape.svg")`` writes one.)

w = nt.tensor([[0.5, -0.2, 0.1], [0.3, 0.8, -0.5]], requires_grad=True)
v = nt.tensor([1.0, 2.0, 3.0])
loss = nt.mean(nt.tanh(w @ v) ** 2)
drawing = nt.viz.tape(loss)
print(drawing)

loss.backward()
print("\nafter backward:")
print(nt.viz.tape(loss))

# %%
# Read from the top down, it is the order in which ``backward`` goes: the derivative of each
# operation takes the gradient that comes from above and passes it on.
#
# The picture
# -----------
#
# The hyperbolic tangent and its first three derivatives, each the derivative of the one before;
# and the tape of a small loss.

at = nt.linspace(-3, 3, 300)
figure, (left, right) = plt.subplots(
    1, 2, figsize=(11, 4), layout="constrained", width_ratios=[1.1, 1]
)
function, curves = nt.tanh, []
for label in ("tanh", "first derivative", "second", "third"):
    curves.append(function(at))
    left.plot(at, curves[-1], label=label)
    function = nt.grad(lambda x, of=function: nt.sum(of(x)))
left.axhline(0, color="gray", linewidth=0.5)
left.legend()
right.text(0, 0.95, str(drawing), family="monospace", va="top", fontsize=9)
right.set(title="the tape of mean(tanh(w @ v)**2)")
right.axis("off")
plt.show()
