"""Calls of every operator, each with arguments that suit it, for tests about all of them."""

import numpy as np
from optable import ROWS
from strategies import random_values

import ndtape as nt


def _elementwise(row):
    dtype = "int32" if row.types in ("Bitwise", "Integer") else "float32"
    domain = "small" if row.name == "pow" else row.domain

    def call(n, seed=0):
        rows = max(n // 64, 1)
        shapes = [(rows, 64), (64,), ()]
        arrays = [
            random_values(seed + i, shapes[i], dtype, "positive" if row.name == "pow" else domain)
            for i in range(row.arity)
        ]
        if row.name == "where":
            arrays[0] = arrays[0] > 0
        return row.function(*(nt.asarray(a) for a in arrays))

    return call


def _matrix(n, seed, dtype="float32"):
    rows = max(n // 64, 1)
    return nt.asarray(random_values(seed, (rows, 64), dtype, "small"))


def _over(function):
    return lambda n, seed=0: function(_matrix(n, seed))


def _square(n, seed, dtype):
    side = max(int(n**0.5), 1)
    return nt.asarray(random_values(seed, (side, side), dtype, "small"))


def _gradient(n, seed=0):
    x, w = _matrix(n, seed), _matrix(4096, seed + 1)
    return nt.grad(lambda w: nt.sum(nt.square(nt.tanh(x @ w.T))))(w)


# Names to functions of (elements, seed) that give one Tensor.
OPERATORS = {row.name: _elementwise(row) for row in ROWS}
for _name in ("sum", "prod", "max", "min", "mean", "var", "std", "logsumexp"):
    for _axis in (None, 0, 1):
        OPERATORS[f"{_name} axis={_axis}"] = _over(
            lambda x, f=getattr(nt, _name), a=_axis: f(
                x if f is not nt.prod else 1 + x / 1e6, axis=a
            )
        )
    OPERATORS[f"{_name} in the middle"] = _over(
        lambda x, f=getattr(nt, _name): f(
            nt.stack([x, -x]) if f is not nt.prod else 1 + nt.stack([x, -x]) / 1e6, axis=1
        )
    )
for _name in ("any", "all", "argmax", "argmin"):
    for _axis in (None, 0, 1):
        OPERATORS[f"{_name} axis={_axis}"] = _over(
            lambda x, f=getattr(nt, _name), a=_axis: f(x, axis=a)
        )
for _name in ("cumulative_sum", "cumulative_prod"):
    for _axis in (0, 1):
        OPERATORS[f"{_name} axis={_axis}"] = _over(
            lambda x, f=getattr(nt, _name), a=_axis: f(1 + x / 1e6, axis=a)
        )
OPERATORS.update(
    {
        "softmax": _over(nt.softmax),
        "softmax axis=0": _over(lambda x: nt.softmax(x, axis=0)),
        "log_softmax": _over(nt.log_softmax),
        "layer_norm": _over(lambda x: nt.layer_norm(x, x[0], x[-1])),
        "cross_entropy": _over(lambda x: nt.cross_entropy(x, nt.argmin(x, axis=1))),
        "RMSprop": lambda n, seed=0: _optimized(nt.optim.RMSprop, n, seed),
        "Adam": lambda n, seed=0: _optimized(nt.optim.Adam, n, seed),
        "matmul float32": lambda n, seed=0: (
            _square(n, seed, "float32") @ _square(n, seed + 1, "float32").T
        ),
        "matmul float64": lambda n, seed=0: (
            _square(n, seed, "float64") @ _square(n, seed + 1, "float64")
        ),
        "matmul slices": lambda n, seed=0: (
            _square(n, seed, "float32")[:, ::2] @ _square(n, seed + 1, "float32")[::2, ::2]
        ),
        "matmul batched": _over(lambda x: nt.reshape(x, (-1, 8, 8)) @ nt.reshape(x, (-1, 8, 8)).mT),
        "matmul vector": _over(lambda x: x @ x[0]),
        "vector matmul": _over(lambda x: x[:, 0] @ x),
        "dot": _over(lambda x: nt.reshape(x, (-1,)) @ nt.reshape(x, (-1,))),
        "astype": _over(lambda x: nt.astype(x, nt.int16)),
        "copy transposed": _over(lambda x: nt.copy(x.T)),
        "copy permuted": _over(
            lambda x: nt.copy(nt.permute_dims(nt.reshape(x, (-1, 4, 4, 4)), (0, 2, 3, 1)))
        ),
        "add transposed": _over(lambda x: x[:64] + x[:64].T if x.shape[0] >= 64 else x + x),
        "add stepped": _over(lambda x: x[::2] + x[::-2][: x[::2].shape[0]]),
        "concat": _over(lambda x: nt.concat([x, x[::-1]], axis=1)),
        "stack": _over(lambda x: nt.stack([x, x], axis=1)),
        "roll": _over(lambda x: nt.roll(x, (3, 5), axis=(0, 1))),
        "flip": _over(lambda x: nt.copy(nt.flip(x))),
        "take": _over(lambda x: nt.take(x, nt.arange(63, -1, -2), axis=1)),
        "take rows": _over(lambda x: nt.take(x, nt.arange(x.shape[0] - 1, -1, -1), axis=0)),
        "index_add": _over(lambda x: nt.index_add(x[:, 0], nt.arange(x.shape[0]) % 7, x[:, 1])),
        "index_add rows": _over(
            lambda x: nt.index_add(
                nt.zeros((x.shape[0] // 2 + 1, 512)),
                nt.arange(x.shape[0]) * 7 % (x.shape[0] // 2 + 1),
                nt.concat([x] * 8, axis=1),
            )
        ),
        "take points": _over(lambda x: x[nt.arange(x.shape[0]), nt.arange(x.shape[0]) % 64]),
        "mask select": _over(lambda x: x[x > 0.5]),
        "take_along_axis": _over(
            lambda x: nt.take_along_axis(x, nt.argmax(x, axis=1, keepdims=True), axis=1)
        ),
        "tril": _over(lambda x: nt.tril(x, k=2)),
        "gradient": _gradient,
        "gradient of take": lambda n, seed=0: nt.grad(
            lambda x: nt.sum(nt.square(nt.take(x, nt.asarray(np.arange(n) % 37), axis=1)))
        )(_matrix(4096, seed)),
        "uniform": lambda n, seed=0: nt.random.default_rng(seed).uniform(size=n),
        "normal": lambda n, seed=0: nt.random.default_rng(seed).normal(size=n),
        "in place": lambda n, seed=0: _matrix(n, seed).__iadd__(_matrix(64, seed + 1)),
        "assign": lambda n, seed=0: _assigned(_matrix(n, seed), _matrix(n, seed + 1)),
    }
)


def _optimized(optimizer, n, seed):
    w = nt.tensor(_matrix(n, seed), requires_grad=True)
    rule = optimizer([w])
    for _ in range(2):
        rule.zero_grad()
        nt.sum(nt.square(w)).backward()
        rule.step()
    return w


def _assigned(x, y):
    x = nt.copy(x)
    x[:, ::-1] = y
    return x
