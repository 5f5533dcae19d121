"""Calls of what `nt.nn.functional` and `nt.special` define, for tests of their derivatives.

A new function of theirs needs a case here: `test_derivatives.py` says so.
"""

import ndtape as nt

F, S = nt.nn.functional, nt.special
_CLASSES = nt.asarray([2, 0])
_SIGNS = nt.asarray([[1.0, -1.0, 1.0], [-1.0, 1.0, 1.0]], dtype=nt.float64)
_MASK = nt.asarray([[True, False, True], [True, True, True]])


def _statistics(x, weight, bias):
    """Batch norm by what it remembered, and by the batch: `mean` and `var` then change."""
    mean, var = nt.zeros(2, dtype=nt.float64), nt.ones(2, dtype=nt.float64)
    remembered = F.batch_norm(x, mean, var, weight, bias, training=False)
    return remembered + F.batch_norm(x, mean, var, weight, bias, training=True)


# Name to (function, shapes of its arguments, domain).
NETWORKS = {
    "adaptive_avg_pool1d": (lambda x: nt.square(F.adaptive_avg_pool1d(x, 2)), [(1, 2, 5)]),
    "adaptive_avg_pool2d": (lambda x: nt.square(F.adaptive_avg_pool2d(x, 2)), [(1, 2, 3, 5)]),
    "avg_pool1d": (lambda x: nt.square(F.avg_pool1d(x, 2, 1, 1)), [(1, 2, 4)]),
    "avg_pool2d": (
        lambda x: nt.square(F.avg_pool2d(x, 2, 1, 1, count_padding=False)),
        [(1, 2, 3, 3)],
    ),
    "batch_norm": (_statistics, [(3, 2, 2), (2,), (2,)]),
    "binary_cross_entropy_with_logits": (
        lambda x, t: F.binary_cross_entropy_with_logits(x, nt.sigmoid(t), positive_weight=1.5),
        [(2, 3), (2, 3)],
    ),
    "conv1d": (
        lambda x, w, b: F.conv1d(x, w, b, stride=2, padding=1),
        [(2, 2, 5), (3, 2, 3), (3,)],
    ),
    "conv2d": (
        lambda x, w, b: F.conv2d(x, w, b, padding=1, dilation=2, groups=2),
        [(1, 2, 4, 4), (2, 1, 2, 2), (2,)],
    ),
    "conv3d": (F.conv3d, [(1, 1, 2, 3, 2), (2, 1, 2, 2, 1), (2,)]),
    "conv_transpose1d": (
        lambda x, w, b: F.conv_transpose1d(x, w, b, stride=2, padding=1),
        [(2, 2, 3), (2, 2, 3), (2,)],
    ),
    "conv_transpose2d": (
        lambda x, w, b: F.conv_transpose2d(x, w, b, stride=2),
        [(1, 2, 2, 2), (2, 1, 2, 2), (1,)],
    ),
    "cross_entropy": (
        lambda x, w: F.cross_entropy(x, _CLASSES, weight=nt.square(w), label_smoothing=0.1),
        [(2, 3), (3,)],
    ),
    "dropout": (lambda x: nt.square(F.dropout(x, training=False)), [(2, 3)]),
    "elu": (F.elu, [(2, 3)]),
    "embedding": (lambda w: nt.square(F.embedding(nt.asarray([1, 0, 1]), w)), [(2, 3)]),
    "gelu": (F.gelu, [(2, 3)]),
    "group_norm": (lambda x, w, b: F.group_norm(x, 2, w, b), [(2, 4, 2), (4,), (4,)]),
    "hardsigmoid": (lambda x: nt.square(F.hardsigmoid(x * 2)), [(2, 3)]),
    "hardswish": (lambda x: F.hardswish(x * 2), [(2, 3)]),
    "hinge": (lambda x: F.hinge(x, _SIGNS), [(2, 3)]),
    "huber": (lambda x, t: F.huber(x, t), [(2, 3), (2, 3)]),
    "kl_div": (
        lambda x, t: F.kl_div(F.log_softmax(x), t),
        [(2, 3), (2, 3)],
        "positive",
    ),
    "l1": (lambda x, t: nt.square(F.l1(x, t)), [(2, 3), (2, 3)]),
    "layer_norm": (F.layer_norm, [(2, 4), (4,), (4,)]),
    "leaky_relu": (lambda x: nt.square(F.leaky_relu(x)), [(2, 3)]),
    "linear": (F.linear, [(2, 3), (4, 3), (4,)]),
    "log_softmax": (F.log_softmax, [(2, 3)]),
    "max_pool1d": (lambda x: nt.square(F.max_pool1d(x, 2)), [(1, 2, 4)]),
    "max_pool2d": (lambda x: nt.square(F.max_pool2d(x, 2, 1)), [(1, 2, 3, 3)]),
    "mish": (F.mish, [(2, 3)]),
    "mse": (F.mse, [(2, 3), (2, 3)]),
    "nll": (lambda x: nt.square(F.nll(x, _CLASSES)), [(2, 3)]),
    "relu": (lambda x: nt.square(F.relu(x)), [(2, 3)]),
    "rms_norm": (F.rms_norm, [(2, 4), (4,)]),
    "scaled_dot_product_attention": (
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, mask=_MASK),
        [(1, 2, 2), (1, 3, 2), (1, 3, 2)],
    ),
    "scaled_dot_product_attention causal": (
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, causal=True),
        [(1, 3, 2), (1, 3, 2), (1, 3, 2)],
    ),
    "selu": (F.selu, [(2, 3)]),
    "sigmoid": (F.sigmoid, [(2, 3)]),
    "silu": (F.silu, [(2, 3)]),
    "softmax": (F.softmax, [(2, 3)]),
    "softplus": (F.softplus, [(2, 3)]),
    "tanh": (F.tanh, [(2, 3)]),
}

SPECIAL = {
    "betainc": (lambda x: S.betainc(1.7, 0.6, x / 3), [(2, 3)], "positive"),
    "betaln": (S.betaln, [(2, 3), (3,)], "positive"),
    "digamma": (S.digamma, [(2, 3)], "positive"),
    "erf": (S.erf, [(2, 3)]),
    "erfc": (S.erfc, [(2, 3)]),
    "erfcx": (S.erfcx, [(2, 3)]),
    "erfinv": (S.erfinv, [(2, 3)], "unit"),
    "gammainc": (lambda x: S.gammainc(1.7, x), [(2, 3)], "positive"),
    "gammaln": (S.gammaln, [(2, 3)], "positive"),
    "polygamma": (lambda x: S.polygamma(2, x), [(2, 3)], "positive"),
    "xlog1py": (S.xlog1py, [(2, 3), (3,)], "positive"),
    "xlogy": (S.xlogy, [(2, 3), (3,)], "positive"),
}

NO_DERIVATIVE = {
    "nn.functional.one_hot": "its argument is of integers",
    "linalg.LinAlgError": "a class",
    "linalg.matrix_rank": "its result does not change when its argument does a little",
    "fft.fftfreq": "it makes tensors from what is not one, or is no operator",
    "fft.rfftfreq": "it makes tensors from what is not one, or is no operator",
}
