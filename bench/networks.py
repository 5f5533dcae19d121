"""Layers forward and backward, and an optimizer's step, in ndtape and PyTorch."""

from __future__ import annotations

import numpy as np
from libs import Lib
from rows import normal, row

_PEERS = ("torch",)


def _layer(name, shapes, ours, theirs, flops=0.0, labels=None):
    """Forward, backward from a sum, for gradients of all arrays."""

    @row("layers", name, flops=flops, peers=_PEERS)
    def build(lib: Lib):
        if lib.name not in ("ndtape", "torch"):
            return None
        xp = lib.xp
        arrays = [
            xp.tensor(normal(*s, seed=i) * (1.0 if i == 0 else 0.1), requires_grad=True)
            for i, s in enumerate(shapes)
        ]
        extra = [] if labels is None else [xp.tensor(labels)]
        function = ours if lib.name == "ndtape" else theirs

        def run():
            for a in arrays:
                a.grad = None
            function(xp, *arrays, *extra).sum().backward()

        return run


def _convolution(name, x, w):
    flops = 6.0 * x[0] * x[2] * x[3] * np.prod(w)
    _layer(
        name,
        [x, w, w[:1]],
        lambda nt, x, w, b: nt.nn.functional.conv2d(x, w, b, padding=1),
        lambda torch, x, w, b: torch.nn.functional.conv2d(x, w, b, padding=1),
        flops,
    )


_convolution("conv2d 32x3x32x32, 16 3x3", (32, 3, 32, 32), (16, 3, 3, 3))
_convolution("conv2d 16x64x56x56, 64 3x3", (16, 64, 56, 56), (64, 64, 3, 3))
_layer(
    "max-pool 2x2, 16x64x56x56",
    [(16, 64, 56, 56)],
    lambda nt, x: nt.nn.functional.max_pool2d(x, 2),
    lambda torch, x: torch.nn.functional.max_pool2d(x, 2),
)
_layer(
    "batch norm 16x64x56x56",
    [(16, 64, 56, 56), (64,), (64,)],
    lambda nt, x, w, b: nt.nn.functional.batch_norm(x, None, None, w, b),
    lambda torch, x, w, b: torch.nn.functional.batch_norm(x, None, None, w, b, training=True),
)
_layer(
    "layer norm 4096x1024",
    [(4096, 1024), (1024,), (1024,)],
    lambda nt, x, w, b: nt.layer_norm(x, w, b),
    lambda torch, x, w, b: torch.nn.functional.layer_norm(x, (1024,), w, b),
)
_layer(
    "cross-entropy 4096x1000",
    [(4096, 1000)],
    lambda nt, x, y: nt.nn.functional.cross_entropy(x, y),
    lambda torch, x, y: torch.nn.functional.cross_entropy(x, y),
    labels=np.random.default_rng(0).integers(0, 1000, 4096),
)
_layer(
    "attention 8x8x256x64",
    [(8, 8, 256, 64)] * 3,
    lambda nt, q, k, v: nt.nn.functional.scaled_dot_product_attention(q, k, v),
    lambda torch, q, k, v: torch.nn.functional.scaled_dot_product_attention(q, k, v),
    12.0 * 64 * 256 * 256 * 64,
)


@row("layers", "LSTM 32x64x128", flops=6.0 * 32 * 64 * 4 * 128 * 256, peers=_PEERS)
def _lstm(lib: Lib):
    """32 sequences of 64 steps, 128 features in and out."""
    if lib.name not in ("ndtape", "torch"):
        return None
    xp = lib.xp
    x = xp.tensor(normal(32, 64, 128), requires_grad=True)
    layer = xp.nn.LSTM(128, 128) if lib.name == "ndtape" else xp.nn.LSTM(128, 128, batch_first=True)

    def run():
        layer.zero_grad()
        layer(x)[0].sum().backward()

    return run


@row("layers", "Adam, 10^7 parameters", bytes=28e7, peers=_PEERS)
def _adam(lib: Lib):
    if lib.name not in ("ndtape", "torch"):
        return None
    xp = lib.xp
    x = xp.tensor(normal(10**7), requires_grad=True)
    x.grad = xp.tensor(normal(10**7, seed=1))
    return xp.optim.Adam([x]).step if lib.name == "ndtape" else xp.optim.Adam([x], fused=True).step
