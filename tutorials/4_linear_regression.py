r"""
4. Linear regression
====================

The smallest model that learns: a weighted sum. First all is written out, with tensors and their
gradients alone; then the same in a few lines, with :mod:`ndtape.nn` and :mod:`ndtape.optim`. The
data are made up, so that we know what should be found.
"""

import matplotlib.pyplot as plt

import ndtape as nt
from ndtape import nn

nt.random.seed(1)

# %%
# Data with known weights
# -----------------------
#
# A thousand samples of two features, and targets :math:`y = X \mathbf{w} + b + \varepsilon`,
# where :math:`\varepsilon` is a little noise.

true_w, true_b, noise = nt.tensor([2.0, -3.4]), 4.2, 0.1
X = nt.random.normal(size=(1000, 2))
y = X @ true_w + true_b + noise * nt.random.normal(size=1000)
print(X.shape, y.shape)

# %%
# From scratch
# ------------
#
# **Minibatches.** The gradient of a few samples, picked at random, points in nearly the same
# direction as that of all, and costs far less. A pass over all the batches is an *epoch*.


def minibatches(X, y, size):
    order = nt.random.permutation(len(X))
    for start in range(0, len(X), size):
        chosen = order[start : start + size]
        yield X[chosen], y[chosen]


# %%
# **The model** is a function of its parameters, which start anywhere:

w = nt.tensor(nt.random.normal(0, 0.01, size=2), requires_grad=True)
b = nt.tensor(0.0, requires_grad=True)


def model(X):
    return X @ w + b


# %%
# **The loss** is the mean of the squared errors:
#
# .. math::
#
#    L(\mathbf{w}, b) = \frac{1}{n} \sum_{i=1}^n
#    \left(\mathbf{x}_i^\top \mathbf{w} + b - y_i\right)^2.


def loss(predicted, y):
    return nt.mean((predicted - y) ** 2)


# %%
# **The step** goes down the gradient. It is no part of what is to be derived, so nothing is
# recorded; and the gradients are cleared for the next.


def step(parameters, rate):
    with nt.no_grad():
        for p in parameters:
            p -= rate * p.grad
            p.grad = None


# %%
# **Learning** is these four, again and again:

scratch_losses, path = [], []
for epoch in range(4):
    for X_batch, y_batch in minibatches(X, y, 20):
        path.append(w.tolist())
        error = loss(model(X_batch), y_batch)
        error.backward()
        step([w, b], rate=0.03)
        scratch_losses.append(error.item())
    with nt.no_grad():
        print(f"epoch {epoch + 1}: loss {loss(model(X), y).item():.5f}")

# %%
# How close did it come? The loss cannot fall below the variance of the noise, 0.01.

w_scratch, b_scratch = w.detach(), b.item()
print("true weights", true_w, "found", w_scratch, "error", true_w - w_scratch)
print(f"true offset {true_b}, found {b_scratch:.4f}")

# %%
# With layers and an optimizer
# ----------------------------
#
# :class:`~ndtape.nn.Linear` holds weights and offset, with sensible first values.
# :mod:`~ndtape.nn.functional` has the loss, :class:`~ndtape.optim.SGD` the step, and
# :func:`ndtape.data.batches` the batches.

net = nn.Linear(2, 1)
optimizer = nt.optim.SGD(net.parameters(), learning_rate=0.03)
targets = y[:, None]  # a column, as the layer's results are

losses = []
for epoch in range(4):
    for X_batch, y_batch in nt.data.batches(X, targets, batch_size=20, shuffle=True, seed=epoch):
        optimizer.zero_grad()
        error = nn.functional.mse(net(X_batch), y_batch)
        error.backward()
        optimizer.step()
        losses.append(error.item())
    print(f"epoch {epoch + 1}: loss {nn.functional.mse(net(X), targets).item():.5f}")

w_net, b_net = net.weight.detach()[0], net.bias.item()
print("true weights", true_w, "found", w_net, "error", true_w - w_net)
print(f"true offset {true_b}, found {b_net:.4f}")

# %%
# Or in one line
# --------------
#
# The loop is always the same, so ``fit`` has it:

whole = nn.Linear(2, 1)
whole.compile(nt.optim.SGD(whole.parameters(), 0.03), loss="mse")
history = whole.fit(X, targets, epochs=4, batch_size=20, verbose=0)
print(history)

# %%
# And since the model is linear there is a formula too, the least squares of linear algebra: the
# best that these data allow.

ones = nt.ones((len(X), 1))
design = nt.concat([X, ones], axis=1)
exact = nt.linalg.solve(design.T @ design, design.T @ y)
print("least squares", exact)

print(f"{'':14}{'w0':>8}{'w1':>8}{'b':>8}")
for name, values in {
    "true": [*true_w.tolist(), true_b],
    "from scratch": [*w_scratch.tolist(), b_scratch],
    "nn and optim": [*w_net.tolist(), b_net],
    "fit": [*whole.weight[0].tolist(), whole.bias.item()],
    "least squares": exact.tolist(),
}.items():
    print(f"{name:14}" + "".join(f"{value:8.4f}" for value in values))

# %%
# The picture
# -----------
#
# The data lie along a plane, of which we look at one feature with the other's share taken away;
# the loss of every batch falls to the noise; and the weights walk from 0 to where the loss is
# least.

figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
left.plot(X[:, 1], y - true_w[0] * X[:, 0], ".", markersize=2, color="gray")
ends = nt.tensor([-3.0, 3.0])
left.plot(ends, w_scratch[1] * ends + b_scratch, color="tab:red", label="found")
left.set(xlabel="second feature", ylabel="y without the first", title="data and model")
left.legend()

middle.semilogy(scratch_losses, linewidth=0.8, label="from scratch")
middle.semilogy(losses, linewidth=0.8, label="nn and optim")
middle.axhline(noise**2, color="black", linestyle="--", linewidth=0.8, label="the noise")
middle.set(xlabel="step", title="loss of the batch")
middle.legend()

w0, w1 = nt.linspace(-0.5, 3.5, 60), nt.linspace(-4.5, 0.5, 60)
V, W = nt.meshgrid(w0, w1)
heights = sum((x[0] * (V - true_w[0]) + x[1] * (W - true_w[1])) ** 2 for x in X[:100].tolist())
right.contour(w0, w1, heights / 100, levels=12, colors="lightgray")
right.plot(*zip(*path, strict=True), color="tab:red", linewidth=1)
right.plot(*true_w.tolist(), "k+", markersize=12)
right.set(xlabel="$w_0$", ylabel="$w_1$", title="the way of the weights")
plt.show()
