"""Checks a little of everything against NumPy: does the installed ndtape work on this processor."""

import sys

import numpy as np

import ndtape as nt

rng = np.random.default_rng(0)
a = rng.standard_normal((70, 90)).astype(np.float32)
b = rng.standard_normal((90, 50)).astype(np.float32)
x, y = nt.asarray(a), nt.asarray(b)


def close(ours, theirs):
    np.testing.assert_allclose(ours.numpy(), theirs, rtol=2e-5, atol=2e-5)


close(x @ y, a @ b)
close(x.T + x[0, 0], a.T + a[0, 0])
for name in ("exp", "sin", "tanh", "sqrt"):
    close(getattr(nt, name)(nt.abs(x)), getattr(np, name)(np.abs(a)))
for dtype in ("float64", "int32", "uint8", "complex64"):
    z = (a * 10).astype(np.int32).astype(dtype)
    close(nt.asarray(z) * nt.asarray(z), z * z)
close(nt.sum(x, axis=0), a.sum(0))
close(nt.max(x, axis=1), a.max(1))
close(nt.cumulative_sum(x, axis=1), np.cumsum(a, 1))
close(nt.softmax(x), np.exp(a) / np.exp(a).sum(1, keepdims=True))
assert nt.argmax(x).item() == a.argmax()
assert 0.4 < nt.random.default_rng(0).uniform(size=10_000).mean().item() < 0.6

w = nt.zeros((90, 1), requires_grad=True)
optimizer = nt.optim.Adam([w], 0.05)
target = nt.asarray(a[:, :1])
losses = []
for _ in range(20):
    optimizer.zero_grad()
    loss = nt.mean(nt.square(x @ w - target))
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
assert losses[-1] < losses[0] / 2

isa = nt._core.config()["isa"]
assert len(sys.argv) < 2 or isa == sys.argv[1], f"{isa} was chosen, expected {sys.argv[1]}"
print(f"works with the kernels for {isa}")
