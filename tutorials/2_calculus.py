r"""
2. Calculus
===========

Learning means to make a number small, the loss, by turning many knobs a little. The derivative
says which way to turn them. This page goes from the limit of a quotient to gradient descent.
"""

import matplotlib.pyplot as plt

import ndtape as nt

# %%
# The derivative is a limit
# -------------------------
#
# How fast does :math:`f` change at :math:`x`? Take a small step :math:`h`, and see what the
# change per step tends to:
#
# .. math:: f'(x) = \lim_{h \to 0} \frac{f(x + h) - f(x)}{h}.


def f(x):
    return x**3 / 3 - x


quotients = {}
for h in (0.1, 0.01, 0.001, 0.0001, 0.00001):
    quotients[h] = (f(2 + h) - f(2)) / h
    print(f"h = {h:<7g} {quotients[h]:.6f}")

# %%
# It tends to 3, as the rule :math:`f'(x) = x^2 - 1` says. :func:`ndtape.grad` turns a function
# into its derivative, without steps and exact to the last digits:

slope = nt.grad(f)
print(slope(nt.tensor(2.0)))

# %%
# The *tangent* at a point is the line with this slope through it: close to the point, it is as
# good as the function.

x = nt.linspace(-2.5, 2.8, 200)
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
left.plot(x, f(x), label="f(x)")
for at in (-1.5, 1.0, 2.0):
    point = nt.tensor(at)
    near = nt.linspace(at - 0.8, at + 0.8, 2)
    left.plot(near, f(point) + slope(point) * (near - point), "--", color="tab:red")
    left.plot(at, f(point).item(), "o", color="tab:red")
left.set(xlabel="x", title="a function and tangents")
right.plot(x, f(x), label="f(x)")
right.plot(x, nt.grad(lambda x: nt.sum(f(x)))(x), label="f'(x)")  # of each element
right.axhline(0, color="gray", linewidth=0.5)
right.set(xlabel="x", title="where f is flat, f' is 0")
right.legend()
plt.show()

# %%
# Partial derivatives and the gradient
# ------------------------------------
#
# A function of several numbers has a *partial derivative* by each: move one, hold the others. For
# :math:`g(x, y) = x^2 y + \sin y`,
#
# .. math::
#
#    \frac{\partial g}{\partial x} = 2 x y, \qquad
#    \frac{\partial g}{\partial y} = x^2 + \cos y.


def g(x, y):
    return x**2 * y + nt.sin(y)


x0, y0, h = nt.tensor(1.5), nt.tensor(-0.5), 1e-3  # float32 has seven digits
print("by x:", (g(x0 + h, y0) - g(x0, y0)) / h, nt.grad(g, argnums=0)(x0, y0), 2 * x0 * y0)
print("by y:", (g(x0, y0 + h) - g(x0, y0)) / h, nt.grad(g, argnums=1)(x0, y0), x0**2 + nt.cos(y0))

# %%
# All of them together are the *gradient*, :math:`\nabla g`, a vector that points to where the
# function rises fastest. If the arguments are one tensor, so is the gradient:


def bowl(w):
    return w[0] ** 2 / 2 + 3 * w[1] ** 2


w = nt.tensor([2.0, 1.0])
print(nt.grad(bowl)(w))

# %%
# Of all directions of length 1, none rises faster than the gradient's own:

up = nt.grad(bowl)(w) / nt.linalg.vector_norm(nt.grad(bowl)(w))
angles = nt.linspace(0, 2 * nt.pi, 9)
rises = [(bowl(w + h * nt.stack([nt.cos(a), nt.sin(a)])) - bowl(w)).item() / h for a in angles]
print("eight directions:", ", ".join(f"{rise:.2f}" for rise in rises[:-1]))
print("the gradient's:  ", f"{(bowl(w + h * up) - bowl(w)).item() / h:.2f}")

# %%
# The chain rule
# --------------
#
# Functions of functions multiply their derivatives: with :math:`u = x^2`, :math:`y = \sin u`,
#
# .. math:: \frac{dy}{dx} = \frac{dy}{du} \frac{du}{dx} = \cos(u) \cdot 2x.

x1 = nt.tensor(0.7)
outer = nt.grad(nt.sin)(x1**2)
inner = nt.grad(lambda x: x**2)(x1)
print(outer * inner, nt.grad(lambda x: nt.sin(x**2))(x1))

# %%
# With vectors the derivatives are matrices, the *Jacobians*, and the product is that of matrices:


def first(x):
    return nt.stack([x[0] * x[1], x[0] + x[1], nt.sin(x[1])])


def second(u):
    return nt.stack([u[0] * u[2], nt.exp(u[1])])


z = nt.tensor([0.3, -0.8])
product = nt.jacobian(second)(first(z)) @ nt.jacobian(first)(z)
whole = nt.jacobian(lambda x: second(first(x)))(z)
print(product)
print("the same:", nt.allclose(product, whole))

# %%
# A network is a long chain of this kind, and its gradient a long product. The next page shows how
# it is computed.
#
# Gradient descent on a curve
# ---------------------------
#
# To go down, take a step against the derivative, again and again:
#
# .. math:: x \leftarrow x - \eta f'(x).
#
# The *learning rate* :math:`\eta` is ours to choose.


def descend(function, start, rate, steps):
    """Return the places visited."""
    path, slope = [nt.asarray(start)], nt.grad(function)
    for _ in range(steps):
        path.append(path[-1] - rate * slope(path[-1]))
    return nt.stack(path)


def curve(x):
    return x**2 / 2 + nt.cos(2 * x)


valley = descend(curve, 3.0, 0.1, 40)
print("from 3.0 to", valley[-1], "slope", nt.grad(curve)(valley[-1]))
other = descend(curve, -2.0, 0.1, 40)
print("from -2.0 to", other[-1], "slope", nt.grad(curve)(other[-1]))

# %%
# It ends where the slope is 0, in the valley it started in: a *local* minimum.
#
# Too small, too large
# --------------------
#
# On a parabola one can see all that may happen. Here :math:`f(x) = x^2`, and a step multiplies x
# by :math:`1 - 2 \eta`.

rates = {"too small": 0.01, "good": 0.2, "swinging": 0.92, "too large": 1.03}
paths = {name: descend(lambda x: x**2, 1.8, rate, 20) for name, rate in rates.items()}
for name, path in paths.items():
    print(f"{name:9} ({rates[name]}): after 20 steps at {path[-1].item():+.5f}")

figure, panels = plt.subplots(1, 4, figsize=(11, 3), sharey=True, layout="constrained")
for axes, (name, path) in zip(panels, paths.items(), strict=True):
    x = nt.linspace(-3.3, 3.3, 100)
    axes.plot(x, x**2, color="gray")
    axes.plot(path, path**2, ".-", color="tab:red", linewidth=0.8)
    axes.set(title=f"{name}: {rates[name]}", xlabel="x", xlim=(-3.4, 3.4), ylim=(-0.5, 11))
plt.show()

# %%
# The picture: gradient descent on a surface
# ------------------------------------------
#
# With two numbers there is one rate for both directions. The bowl from above is six times as
# steep in one as in the other: a rate above 2/6 throws the steep one off, and one far below lets
# the flat one crawl.

surface_rates = {"too small": 0.02, "good": 0.25, "too large": 0.335}
surface_paths = {name: descend(bowl, [-3.5, 1.2], rate, 25) for name, rate in surface_rates.items()}

a, b = nt.linspace(-4.5, 4.5, 80), nt.linspace(-2.2, 2.2, 60)
heights = bowl(nt.stack(nt.meshgrid(a, b)))
figure, panels = plt.subplots(1, 3, figsize=(11, 3.4), sharey=True, layout="constrained")
for axes, (name, path) in zip(panels, surface_paths.items(), strict=True):
    axes.contour(a, b, heights, levels=[0.05, 0.5, 1.5, 3, 5, 8, 12], colors="lightgray")
    axes.plot(path[:, 0], path[:, 1], ".-", color="tab:red", linewidth=0.8)
    axes.plot(0, 0, "k+")
    axes.set(title=f"{name}: {surface_rates[name]}", xlabel="$w_0$", ylabel="$w_1$")
    print(f"{name:9}: height {bowl(path[-1]).item():.4f} after 25 steps")
plt.show()
