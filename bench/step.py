"""A training step of a two-layer network in each library, as its users write it.

python bench/step.py                 # microseconds a step, every library that is installed
python bench/step.py --memory        # megabytes that the steps needed at their peak
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from libs import NAMES, Lib

RATE, DECAY, EPSILON = 1e-3, 0.9, 1e-7
BETA1, BETA2 = 0.9, 0.999


def _data(sizes, batch):
    rng = np.random.default_rng(0)
    inputs, hidden, outputs = sizes
    params = [
        (rng.standard_normal((inputs, hidden)) * (2 / inputs) ** 0.5).astype(np.float32),
        np.zeros(hidden, np.float32),
        (rng.standard_normal((hidden, outputs)) * (2 / hidden) ** 0.5).astype(np.float32),
        np.zeros(outputs, np.float32),
    ]
    x = rng.random((batch, inputs), dtype=np.float32)
    return params, x, rng.integers(0, outputs, batch)


def build(lib: Lib, sizes, batch, optimizer):
    """A callable that makes one step, or None where the library has no gradients."""
    make = {"ndtape": _ndtape, "torch": _torch, "jax": _jax}.get(lib.name)
    return make and make(lib, *_data(sizes, batch), optimizer)


def _ndtape(lib, params, x, labels, optimizer):
    nt = lib.xp
    params = [nt.tensor(p, requires_grad=True) for p in params]
    x, labels = nt.asarray(x), nt.asarray(labels)
    w1, b1, w2, b2 = params
    if optimizer == "rmsprop":
        optim = nt.optim.RMSprop(params, RATE, decay=DECAY, epsilon=EPSILON)
    else:
        optim = nt.optim.Adam(params, RATE, epsilon=EPSILON)

    def step():
        optim.zero_grad()
        scores = nt.relu(x @ w1 + b1) @ w2 + b2
        loss = nt.mean(nt.cross_entropy(scores, labels))
        loss.backward()
        optim.step()
        return loss.item()

    return step


def _torch(lib, params, x, labels, optimizer):
    torch = lib.xp
    params = [torch.tensor(p, requires_grad=True) for p in params]
    x, labels = torch.from_numpy(x), torch.from_numpy(labels)
    w1, b1, w2, b2 = params
    if optimizer == "rmsprop":
        optim = torch.optim.RMSprop(params, lr=RATE, alpha=DECAY, eps=EPSILON)
    else:
        optim = torch.optim.Adam(params, lr=RATE, eps=EPSILON)

    def step():
        optim.zero_grad()
        scores = torch.relu(x @ w1 + b1) @ w2 + b2
        loss = torch.nn.functional.cross_entropy(scores, labels)
        loss.backward()
        optim.step()
        return loss.item()

    return step


def _jax(lib, params, x, labels, optimizer):
    jax, jnp = lib.jax, lib.xp
    x, labels = jnp.asarray(x), jnp.asarray(labels)

    def loss_of(params):
        w1, b1, w2, b2 = params
        scores = jnp.maximum(x @ w1 + b1, 0) @ w2 + b2
        log_p = jax.nn.log_softmax(scores)
        return -jnp.mean(jnp.take_along_axis(log_p, labels[:, None], axis=1))

    def update(state):
        params, first, second, count = state
        loss, grads = jax.value_and_grad(loss_of)(params)
        count = count + 1
        if optimizer == "rmsprop":
            second = [DECAY * s + (1 - DECAY) * g * g for s, g in zip(second, grads, strict=True)]
            moves = [RATE * g / (jnp.sqrt(s) + EPSILON) for g, s in zip(grads, second, strict=True)]
        else:
            scale = RATE * jnp.sqrt(1 - BETA2**count) / (1 - BETA1**count)
            first = [BETA1 * m + (1 - BETA1) * g for m, g in zip(first, grads, strict=True)]
            second = [BETA2 * s + (1 - BETA2) * g * g for s, g in zip(second, grads, strict=True)]
            moves = [
                scale.astype(m.dtype) * m / (jnp.sqrt(s) + EPSILON)
                for m, s in zip(first, second, strict=True)
            ]
        params = [p - move for p, move in zip(params, moves, strict=True)]
        return (params, first, second, count), loss

    compiled = jax.jit(update, donate_argnums=0)
    zeros = lambda: [jnp.zeros_like(p) for p in params]  # noqa: E731
    state = ([jnp.asarray(p) for p in params], zeros(), zeros(), jnp.zeros((), jnp.float32))

    def step():
        nonlocal state
        state, loss = compiled(state)
        return float(loss)

    return step


def _resident(field: str) -> float:
    """Megabytes of a line of Linux's /proc/self/status: VmRSS now, VmHWM the peak."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"/proc/self/status has no {field}")


def peak_megabytes(step, steps) -> float:
    """What the first `steps` calls need beside parameters and data that are there already."""
    before = _resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    for _ in range(steps):
        step()
    return _resident("VmHWM") - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--optimizer", choices=("rmsprop", "adam"), default="rmsprop")
    parser.add_argument("--sizes", type=int, nargs=3, default=(784, 512, 10))
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--memory", action="store_true", help="peak memory instead of time")
    parser.add_argument("--library", choices=NAMES, help="this one alone, in this process")
    options = parser.parse_args()
    if options.library is None:  # one process after another: no library disturbs the next
        for name in NAMES:
            command = [sys.executable, *sys.argv, "--library", name]
            subprocess.run(command, check=False)
        return
    try:
        lib = Lib(options.library, options.threads)
    except ImportError:
        print(f"{options.library:8} not installed")
        return
    step = build(lib, tuple(options.sizes), options.batch, options.optimizer)
    if step is None:
        return
    if options.memory:
        print(f"{lib.name:8} {peak_megabytes(step, 30):8.1f} MB")
        return
    losses = [step() for _ in range(30)]
    times = []
    for _ in range(options.steps):
        start = time.perf_counter()
        losses.append(step())
        times.append(time.perf_counter() - start)
    micro = statistics.median(times) * 1e6
    print(f"{lib.name:8} {micro:8.0f} us a step, loss {losses[0]:.3f} to {losses[-1]:.3f}")


if __name__ == "__main__":
    main()
