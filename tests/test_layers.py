"""The layers' own operators: derivatives of both orders, layouts of memory, threads, dtypes."""

import gradcheck
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ndtape as nt
from ndtape import nn

F = nn.functional


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def bits_by_threads(run):
    """The bytes of what `run` returns for several numbers of threads."""
    found = []
    for threads in (1, 2, 5):
        nt.set_num_threads(threads)
        found.append([t.numpy().tobytes() for t in run()])
    return found


def with_gradients(f, *arrays):
    leaves = [nt.tensor(a, requires_grad=True) for a in arrays]
    y = f(*leaves)
    weights = nt.asarray(normal(*y.shape, seed=9).astype(arrays[0].dtype))
    nt.sum(y * weights).backward()
    return [y.detach(), *(t.grad for t in leaves)]


# ---- normalisation -----------------------------------------------------------------------------

# Channels that lie in runs, and ones that do not.
IMAGES = [(4, 3), (2, 3, 5), (2, 2, 4, 5)]


@pytest.mark.parametrize("shape", IMAGES)
def test_batch_norm_derivatives(shape):
    channels = shape[1]
    x, w, b = gradcheck.values(0, [shape, (channels,), (channels,)])
    gradcheck.check(lambda x, w, b: F.batch_norm(x, None, None, w, b), x, w, b)
    gradcheck.check(lambda x: F.batch_norm(nt.sin(x), None, None), x)
    mean, var = nt.asarray(normal(channels)), nt.asarray(normal(channels, seed=1) ** 2)

    def fixed(x, w, b):
        return F.batch_norm(x, mean, var, w, b, training=False)

    gradcheck.check(fixed, x, w, b)


@pytest.mark.parametrize("shape", [(2, 8), (2, 4, 3), (1, 4, 2, 2)])
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_group_norm_derivatives(shape, groups):
    x, w, b = gradcheck.values(0, [shape, shape[1:2], shape[1:2]])
    gradcheck.check(lambda x, w, b: F.group_norm(x, groups, w, b, epsilon=0.1), x, w, b)
    gradcheck.check(lambda x: F.group_norm(x, groups, epsilon=0.1), x)


def test_rms_norm_derivatives():
    x, w = gradcheck.values(0, [(2, 3, 4), (4,)])
    gradcheck.check(lambda x, w: F.rms_norm(x, w, epsilon=0.1), x, w)
    gradcheck.check(F.rms_norm, x)


NORMS = {
    "layer": lambda x, w, b: nt.layer_norm(x, w, b),
    "rms": lambda x, w, b: F.rms_norm(x, w) + b,
    "batch": lambda x, w, b: F.batch_norm(
        nt.permute_dims(x, (0, 2, 1)), None, None, w, b
    ),
    "group": lambda x, w, b: F.group_norm(nt.permute_dims(x, (0, 2, 1)), 4, w, b),
}  # fmt: skip


@pytest.mark.parametrize("name", NORMS)
def test_norms_do_not_depend_on_threads(name):
    arrays = [normal(60, 40, 24), normal(24, seed=1), normal(24, seed=2)]
    arrays = [a.astype(np.float32) for a in arrays]
    found = bits_by_threads(lambda: with_gradients(NORMS[name], *arrays))
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("name", NORMS)
def test_norms_of_views_and_of_expanded_gradients(name):
    f, x = NORMS[name], normal(3, 40, 8)
    w, b = normal(8, seed=1), normal(8, seed=2)
    plain = with_gradients(f, x, w, b)
    view = with_gradients(lambda x, w, b: f(nt.permute_dims(x, (2, 0, 1)), w[::2], b[::-1]),
                          x.transpose(1, 2, 0), np.repeat(w, 2), b[::-1].copy())  # fmt: skip
    for got, want in zip(view[:1], plain[:1], strict=True):
        np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=1e-12)
    np.testing.assert_allclose(view[1].numpy().transpose(2, 0, 1), plain[1].numpy(), atol=1e-12)
    np.testing.assert_allclose(view[2].numpy()[::2], plain[2].numpy(), atol=1e-12)
    np.testing.assert_allclose(view[3].numpy()[::-1], plain[3].numpy(), atol=1e-12)
    # A sum's gradient is one number, everywhere at once; a copy of it is as good.
    one, two = (nt.tensor(x, requires_grad=True) for _ in range(2))
    y = f(one, nt.asarray(w), nt.asarray(b))
    nt.sum(y).backward()
    z = f(two, nt.asarray(w), nt.asarray(b))
    nt.sum(z * nt.ones(z.shape, dtype=nt.float64)).backward()
    np.testing.assert_array_equal(one.grad.numpy(), two.grad.numpy())


def test_norms_of_long_rows_and_large_means():
    x = (1e4 + normal(2, 70_000)).astype(np.float32)  # longer than a program takes
    want = (x - x.mean(1, keepdims=True, dtype=np.float64)) / x.std(1, keepdims=True, dtype=float)
    for got in (nt.layer_norm(nt.asarray(x)), F.group_norm(nt.asarray(x[:, None]), 1)[:, 0]):
        np.testing.assert_allclose(got.numpy(), want, atol=2e-3)


def test_norm_dtypes():
    x = nt.ones((3, 4, 20))
    assert F.batch_norm(x, None, None).dtype == nt.float32
    assert F.group_norm(x, 2, nt.ones(4, dtype=nt.float64)).dtype == nt.float64
    assert F.rms_norm(nt.asarray([[1, 2]])).dtype == nt.float32
    with pytest.raises(TypeError, match="complex"):
        F.rms_norm(nt.ones((2, 2), dtype=nt.complex64))
    weight = nt.ones(2, dtype=nt.complex64)
    for norm in (
        lambda **named: F.rms_norm(nt.ones((2, 2)), **named),
        lambda **named: F.layer_norm(nt.ones((2, 2)), **named),
        lambda **named: F.group_norm(nt.ones((2, 2)), 1, **named),
        lambda **named: F.batch_norm(nt.ones((2, 2)), None, None, **named),
    ):
        with pytest.raises(TypeError, match="complex"):
            norm(weight=weight)
    empty = F.batch_norm(nt.ones((4, 0, 3)), nt.ones(0), nt.ones(0))
    assert empty.shape == (4, 0, 3)


def test_batch_norm_moves_running_values():
    x = normal(6, 3, 2)
    mean, var = nt.zeros(3, dtype=nt.float64), nt.ones(3, dtype=nt.float64)
    F.batch_norm(nt.asarray(x), mean, var, momentum=0.25)
    np.testing.assert_allclose(mean.numpy(), 0.25 * x.mean((0, 2)), rtol=1e-12)
    want = 0.75 + 0.25 * x.var((0, 2), ddof=1)
    np.testing.assert_allclose(var.numpy(), want, rtol=1e-12)


def test_batch_norm_keeps_given_moments():
    x, mean, var = nt.tensor(normal(3, 2), requires_grad=True), nt.zeros(2), nt.ones(2)
    mean, var = nt.astype(mean, nt.float64), nt.astype(var, nt.float64)
    y = F.batch_norm(x, mean, var, training=False, epsilon=0.0)
    var *= 100
    nt.sum(y).backward()
    np.testing.assert_array_equal(x.grad.numpy(), np.ones((3, 2)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: F.rms_norm(x, nt.ones(3)), r"weight has shape \(3,\), expected \(4,\)"),
        (lambda x: F.rms_norm(x, epsilon=-1.0), "epsilon: -1.0"),
        (lambda x: F.rms_norm(x, epsilon=float("nan")), "epsilon: nan"),
        (lambda x: F.group_norm(x, 3), "multiple of 3 groups"),
        (lambda x: F.group_norm(x, 2, nt.ones(2)), r"weight has shape \(2,\), expected \(4,\)"),
        (lambda x: F.group_norm(x[0], 2), "channels, ..."),
        (lambda x: F.batch_norm(x, nt.ones(3), nt.ones(4)), "running_mean of shape"),
        (lambda x: F.batch_norm(x[:1], None, None), "1 values a channel"),
        (lambda x: nt._core._batch_norm(x, nt.ones(4), None, None, None, 1e-5), "both or neither"),
        (lambda x: nt._core._batch_norm(x, nt.ones(3), nt.ones(3), None, None, 1e-5), "mean has"),
        (lambda x: nt._core._group_norm(x, 0, None, None, 1e-5), "groups: 0, expected at least 1"),
        (lambda x: nt._core._group_norm(x, 2, None, nt.ones(3), 1e-5), "bias has shape"),
        (lambda x: nt._core._rms_norm(x, None, float("nan")), "epsilon nan"),
    ],
)  # fmt: skip
def test_norms_refuse(call, message):
    with pytest.raises(ValueError, match=message):
        call(nt.ones((2, 4)))


# ---- recurrent networks ------------------------------------------------------------------------

GATES = {"_rnn": 1, "_lstm": 4, "_gru": 3}


def sequence(name, n, steps, inputs, hidden, make=None):
    """Arguments of a recurrent operator, before `reverse`."""
    rows = GATES[name] * hidden
    shapes = [(n, steps, inputs), (rows, inputs), (rows, hidden), (rows,), (rows,), (n, hidden)]
    if name == "_lstm":
        shapes.append((n, hidden))
    return make(0, shapes) if make else [0.5 * normal(*s, seed=i) for i, s in enumerate(shapes)]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("name", GATES)
def test_recurrent_derivatives(name, reverse):
    run = getattr(nt._core, name)
    args = sequence(name, 2, 3, 2, 2, gradcheck.values)

    def joined(*args):
        y, *end = run(*args, reverse)
        return nt.concat([y, *(nt.expand_dims(e, 1) for e in end)], axis=1)

    gradcheck.check(joined, *args)
    gradcheck.check(lambda *a: run(*a, reverse)[1], *args, order=1)
    gradcheck.check(lambda x: nt.sin(run(nt.sin(x), *args[1:], reverse)[0]), args[0])
    without = [*args[:3], None, None, *args[5:]]
    gradcheck.check(lambda x, w: run(x, w, *without[2:], reverse)[0], *args[:2])
    bare = nt.jvp(joined, args, args)[1]  # by the recorded rule
    step = 1e-6
    difference = [
        joined(*(nt.asarray(a + s * step * a) for a in args)).numpy() for s in (1, -1)
    ]  # fmt: skip
    want = (difference[0] - difference[1]) / (2 * step)
    np.testing.assert_allclose(bare.detach().numpy(), want, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", GATES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_recurrent_sequences_do_not_meet(name, dtype):
    """Bits do not depend on threads, nor a sequence's on the others of its batch."""
    run = getattr(nt._core, name)
    args = [a.astype(dtype) for a in sequence(name, 53, 6, 70, 33)]
    found = bits_by_threads(lambda: with_gradients(lambda *a: run(*a, True)[0], *args))
    assert found[0] == found[1] == found[2]
    some = [slice(7, 20)] + [slice(None)] * 4 + [slice(7, 20)] * (len(args) - 5)
    part = run(*(nt.asarray(a[s]) for a, s in zip(args, some, strict=True)), True)[0]
    whole = run(*map(nt.asarray, args), True)[0]
    np.testing.assert_array_equal(part.numpy(), whole.numpy()[7:20])


@pytest.mark.parametrize("name", GATES)
def test_recurrent_states_wider_than_a_panel(name):
    """More numbers of a state than one block of a product takes, against steps of operators."""
    run, hidden = getattr(nt._core, name), 270
    args = sequence(name, 3, 2, 5, hidden)
    x, w, u, b, d, h, *c = (a * 0.2 for a in args)
    y = run(*map(nt.asarray, (x, w, u, b, d, h, *c)), False)[0].numpy()

    def sigmoid(v):
        return 1 / (1 + np.exp(-v))

    for t in range(2):
        a, s = x[:, t] @ w.T + b, h @ u.T + d
        if name == "_rnn":
            h = np.tanh(a + s)
        elif name == "_lstm":
            i, f, g, o = np.split(a + s, 4, axis=1)
            c = [sigmoid(f) * c[0] + sigmoid(i) * np.tanh(g)]
            h = sigmoid(o) * np.tanh(c[0])
        else:
            (ar, az, av), (sr, sz, sv) = np.split(a, 3, axis=1), np.split(s, 3, axis=1)
            z, v = sigmoid(az + sz), np.tanh(av + sigmoid(ar + sr) * sv)
            h = (1 - z) * v + z * h
        np.testing.assert_allclose(y[:, t], h, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name", GATES)
def test_recurrent_refuses(name):
    run, args = getattr(nt._core, name), [nt.asarray(a) for a in sequence(name, 2, 3, 4, 5)]
    for at, wrong, message in (
        (0, nt.ones((2, 0, 4)), "at least one step"),
        (0, nt.ones((2, 3)), "x of shape"),
        (0, nt.ones((2, 3, 5)), "input weight of shape"),
        (2, nt.ones((7, 5)), "hidden weight of shape"),
        (3, nt.ones(2), "input bias of shape"),
        (4, nt.ones((2, 5)), "hidden bias of shape"),
        (5, nt.ones((3, 5)), "h of shape"),
        (-1, nt.ones((2, 4)), " of shape"),
    ):
        changed = list(args)
        changed[at] = wrong
        with pytest.raises(ValueError, match=message):
            run(*changed, False)
    args[2] = nt.ones(args[2].shape, dtype=nt.int64)
    with pytest.raises(TypeError, match="int64, expected a float dtype"):
        run(*args, False)


@pytest.mark.parametrize("layer", [nn.RNN, nn.LSTM, nn.GRU])
def test_recurrent_layers_of_empty_batches_and_frozen_parts(layer):
    net = layer(3, 4)
    y, _ = net(nt.ones((0, 2, 3)))
    assert y.shape == (0, 2, 4)
    nt.sum(y).backward()
    assert not net.weight_input_0.grad.numpy().any()
    net.weight_hidden_0.requires_grad = False
    nt.sum(net(nt.ones((2, 2, 3)))[0]).backward()
    assert net.weight_input_0.grad.numpy().any()
    want = net.weight_input_0.grad.tolist()
    changed = nt.ones((2, 2, 3))
    net.weight_input_0.grad = None
    y, _ = net(changed)
    changed += 1  # what is kept for the derivative stays as it was
    nt.sum(y).backward()
    np.testing.assert_allclose(net.weight_input_0.grad.numpy(), want, rtol=1e-6)


@pytest.mark.parametrize("layer", [nn.RNN, nn.LSTM, nn.GRU])
@pytest.mark.parametrize("shape", [(1, 3, 3), (3, 1, 3)])
def test_recurrent_inputs_may_change_before_backward(layer, shape):
    """One sequence, and one step, lie in memory as the layer wants them."""
    net, grads = layer(3, 4), []
    for change in (0, 1):
        net.zero_grad()
        x = nt.asarray(normal(*shape).astype(np.float32)) + 0
        y, _ = net(x)
        x += change
        nt.sum(y).backward()
        grads.append(net.weight_input_0.grad.numpy().copy())
    np.testing.assert_array_equal(*grads)


# ---- attention ---------------------------------------------------------------------------------


def by_operators(q, k, v, mask=None, causal=False):
    """Attention in NumPy, in float64."""
    q, k, v = (np.asarray(a, np.float64) for a in (q, k, v))
    s = q @ np.swapaxes(k, -1, -2) * q.shape[-1] ** -0.5
    if mask is not None:
        s = np.where(mask, s, -np.inf) if mask.dtype == bool else s + mask
    if causal:
        s = np.where(np.tri(*s.shape[-2:], dtype=bool), s, -np.inf)
    w = np.exp(s - s.max(-1, keepdims=True))
    return w / w.sum(-1, keepdims=True) @ v


MASKS = {
    "none": lambda t, s: None,
    "bool": lambda t, s: np.random.default_rng(1).random((2, 1, t, s)) < 0.7,
    "columns": lambda t, s: np.arange(s) < s - 1,
    "rows": lambda t, s: normal(t, 1),
    "float": lambda t, s: normal(2, t, s),
}


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("kind", MASKS)
# Several blocks of targets, several parts of them, sources that do not fill a vector.
@pytest.mark.parametrize(("targets", "sources"), [(5, 7), (300, 70), (530, 300), (1, 1), (3, 3)])
def test_attention_values(targets, sources, kind, causal):
    mask = MASKS[kind](targets, sources)
    if mask is not None and mask.dtype == bool:
        mask[..., 0] = True
    q, k = normal(2, 1, targets, 6), normal(2, sources, 6, seed=1)
    v = normal(1, 2, sources, 5, seed=2)
    want = by_operators(q, k, v, mask, causal)
    for dtype, tolerance in ((np.float64, 1e-12), (np.float32, 2e-5)):
        args = [nt.asarray(a.astype(dtype)) for a in (q, k, v)]
        m = mask
        if m is not None:
            m = nt.asarray(m if m.dtype == bool else m.astype(dtype))
        got = F.scaled_dot_product_attention(*args, mask=m, causal=causal).numpy()
        assert got.dtype == dtype
        np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("kind", MASKS)
# Few, of which nothing is kept, and more.
@pytest.mark.parametrize(("targets", "sources"), [(3, 4), (6, 7)])
def test_attention_derivatives(kind, causal, targets, sources):
    mask = MASKS[kind](targets, sources)
    if mask is not None:
        if mask.dtype == bool:
            mask[..., 0] = True
        mask = nt.asarray(mask)
    q, k, v = gradcheck.values(0, [(2, 1, targets, 2), (1, 2, sources, 2), (sources, 3)])
    gradcheck.check(
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, mask=mask, causal=causal), q, k, v
    )


@given(st.data())
def test_attention_of_few_and_of_more(data):
    """Either side of where products are made one after another, of batches that broadcast."""
    targets, sources, features, outputs = (data.draw(st.integers(1, 7)) for _ in range(4))
    batches = data.draw(st.sampled_from([((), (), ()), ((2,), (1,), ()), ((2, 1), (1, 3), (3,))]))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    sides = ((targets, features), (sources, features), (sources, outputs))
    shapes = [(*batch, *side) for batch, side in zip(batches, sides, strict=True)]
    arrays = [rng.standard_normal(shape) for shape in shapes]
    causal = data.draw(st.booleans())

    def composed(q, k, v):
        s = q @ k.mT * features**-0.5
        if causal:
            s = nt.where(nt.asarray(np.tri(targets, sources, dtype=bool)), s, -np.inf)
        return nt.softmax(s, -1) @ v

    def run(q, k, v):
        return F.scaled_dot_product_attention(q, k, v, causal=causal)

    got, want = (with_gradients(f, *arrays) for f in (run, composed))
    for g, w in zip(got, want, strict=True):
        np.testing.assert_allclose(g.numpy(), w.numpy(), rtol=1e-10, atol=1e-10)


def test_attention_derivative_by_a_mask():
    q, k, v, mask = gradcheck.values(0, [(3, 2), (4, 2), (4, 3), (4,)])
    gradcheck.check(
        lambda q, k, v, m: F.scaled_dot_product_attention(q, k, v, mask=m), q, k, v, mask
    )


@pytest.mark.parametrize("shape", [(3, 200, 90), (1, 600, 520)])
@pytest.mark.parametrize("causal", [False, True])
def test_attention_does_not_depend_on_threads_nor_on_what_is_kept(shape, causal):
    batch, targets, sources = shape
    arrays = [normal(batch, targets, 8), normal(batch, sources, 8, seed=1),
              normal(batch, sources, 8, seed=2)]  # fmt: skip
    arrays = [a.astype(np.float32) for a in arrays]

    def run(q, k, v):
        return F.scaled_dot_product_attention(q, k, v, causal=causal)

    found = bits_by_threads(lambda: with_gradients(run, *arrays))
    assert found[0] == found[1] == found[2]
    plain = run(*map(nt.asarray, arrays))  # keeps no weights
    assert plain.numpy().tobytes() == found[0][0]


def test_attention_that_keeps_no_weights():
    """Too many for keeping: they are made again, with the same bits."""
    q = normal(3001, 2).astype(np.float32)
    k, v = normal(3001, 2, seed=1).astype(np.float32), normal(3001, 2, seed=2).astype(np.float32)
    got = with_gradients(lambda *a: F.scaled_dot_product_attention(*a, causal=True), q, k, v)

    def composed(q, k, v):
        s = q @ k.mT * 2**-0.5
        seen = nt.asarray(np.tri(3001, dtype=bool))
        return nt.softmax(nt.where(seen, s, -float("inf")), axis=-1) @ v

    want = with_gradients(composed, q, k, v)
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=2e-4, atol=2e-4)


def test_attention_of_views_and_heads():
    x = normal(2, 6, 8)
    q = nt.asarray(x)
    heads = nt.permute_dims(nt.reshape(q, (2, 6, 4, 2)), (0, 2, 1, 3))
    flipped = nt.flip(heads, axis=2)
    got = F.scaled_dot_product_attention(heads, flipped, heads.mT.mT).numpy()
    a = x.reshape(2, 6, 4, 2).transpose(0, 2, 1, 3)
    np.testing.assert_allclose(got, by_operators(a, a[:, :, ::-1], a), rtol=1e-12)
    columns = nt.asarray(normal(2, 6)).mT  # no unit stride
    np.testing.assert_allclose(
        F.scaled_dot_product_attention(columns, columns, columns).numpy(),
        by_operators(*[columns.numpy()] * 3), rtol=1e-12,
    )  # fmt: skip


def test_attention_at_extremes():
    q, k = nt.asarray([[1e4, 0.0]]), nt.asarray([[1e4, 0.0], [-1e4, 0.0]])
    v = nt.asarray([[1.0], [3.0]])
    assert F.scaled_dot_product_attention(q, k, v).item() == 1
    blind = nt.asarray(np.array([[False, False]]))
    assert np.isnan(F.scaled_dot_product_attention(q, k, v, mask=blind).item())
    poisoned = nt.asarray([[1e4, 0.0], [np.nan, 0.0]])
    assert np.isnan(F.scaled_dot_product_attention(q, poisoned, v).item())
    hidden = nt.asarray(np.array([[True, False]]))
    assert F.scaled_dot_product_attention(q, poisoned, v, mask=hidden).item() == 1
    for shapes in ([(0, 2), (3, 2), (3, 4)], [(2, 0), (3, 0), (3, 4)], [(2, 2), (3, 2), (3, 0)]):
        y = with_gradients(F.scaled_dot_product_attention, *(normal(*s) for s in shapes))
        assert y[0].shape == (shapes[0][0], shapes[2][1])
        assert [g.shape for g in y[1:]] == shapes


@pytest.mark.parametrize("kind", ["none", "bool", "float"])
@pytest.mark.parametrize("causal", [False, True])
def test_attention_with_dropout(kind, causal):
    """Weights are zeroed or scaled, each by chance, and derivatives go with those that stay."""
    q, k, v = gradcheck.values(5, [(2, 4, 3), (2, 5, 3), (2, 5, 5)])
    seen = np.random.default_rng(0).random((4, 5)) < 0.7
    seen[:, 0] = True
    masks = {"none": None, "bool": seen, "float": np.where(seen, 0.5, -np.inf)}
    mask = None if masks[kind] is None else nt.asarray(masks[kind])
    unit = nt.broadcast_to(nt.eye(5, dtype=nt.float64), (2, 5, 5))  # the result is the weights

    def attend(q, k, v, dropout):
        nt.random.seed(3)
        return F.scaled_dot_product_attention(q, k, v, mask=mask, causal=causal, dropout=dropout)

    whole = attend(nt.asarray(q), nt.asarray(k), unit, 0.0).numpy()
    some = attend(nt.asarray(q), nt.asarray(k), unit, 0.25).numpy()
    stayed = some != 0
    np.testing.assert_allclose(some[stayed], whole[stayed] / 0.75, rtol=1e-12)
    assert 0.5 < stayed.sum() / (whole != 0).sum() < 1
    assert not attend(nt.asarray(q), nt.asarray(k), unit, 1.0).numpy().any()
    gradcheck.check(lambda q, k, v: attend(q, k, v, 0.5), q, k, v)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"mask": nt.ones((3, 3))}, ValueError, r"mask of shape \(3, 3\)"),
        ({"mask": nt.ones((2, 1, 1, 4), dtype=nt.bool)}, ValueError, "mask of shape"),
        ({"mask": nt.ones(4, dtype=nt.int64)}, TypeError, "mask of dtype int64"),
        ({"scale": float("nan")}, ValueError, "scale nan"),
        ({"scale": float("inf")}, ValueError, "scale inf"),
        ({"dropout": 1.5}, ValueError, "dropout: 1.5"),
    ],
)
def test_attention_refuses(change, error, message):
    q, k = nt.ones((3, 2)), nt.ones((4, 2))
    with pytest.raises(error, match=message):
        F.scaled_dot_product_attention(q, k, k, **change)
    with pytest.raises(TypeError, match="key of dtype int64"):
        F.scaled_dot_product_attention(q, nt.astype(k, nt.int64), k)
    with pytest.raises(ValueError, match="do not|query and value|broadcast"):
        F.scaled_dot_product_attention(nt.ones((2, 3, 2)), k, nt.ones((3, 4, 2)))
