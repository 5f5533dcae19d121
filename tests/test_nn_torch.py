"""Layers and losses against PyTorch in float64: values and gradients to 1e-6."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples, seeds

import ndtape as nt
from ndtape import nn

torch = pytest.importorskip("torch", reason="PyTorch is not installed: nothing to compare with")
F, G = nn.functional, torch.nn.functional


@pytest.fixture(autouse=True)
def double():
    nt.set_default_dtype(nt.float64)
    yield
    nt.set_default_dtype(nt.float32)


def close(got, want, what=""):
    got, want = got.detach().numpy(), want.detach().numpy()
    assert got.shape == want.shape, what
    assert np.abs(got - want).max(initial=0) <= 1e-6 * max(1, np.abs(want).max(initial=0)), what


def weighted(y, lib):
    weights = np.random.default_rng(3).standard_normal(y.shape)
    return (y * (nt.asarray(weights) if lib is nt else torch.tensor(weights))).sum()


def compare(ours, theirs, *arrays):
    """A function of arrays: its value, and gradients for all of them."""
    a = [nt.tensor(v, requires_grad=True) for v in arrays]
    b = [torch.tensor(v, requires_grad=True) for v in arrays]
    y, z = ours(*a), theirs(*b)
    close(y, z, "value")
    weighted(y, nt).backward()
    weighted(z, torch).backward()
    for i, (p, q) in enumerate(zip(a, b, strict=True)):
        close(p.grad, q.grad, f"argument {i}")


def compare_modules(ours, theirs, pairs, *inputs, result=lambda y: y):
    """Layers with the same parameters; `pairs` names theirs after ours."""
    own, other = dict(ours.named_parameters()), dict(theirs.named_parameters())
    assert sorted(pairs) == sorted(own)
    assert sorted(pairs.values()) == sorted(other)
    with torch.no_grad():
        for name, p in own.items():
            other[pairs[name]].copy_(torch.tensor(p.detach().numpy()))
    a = [nt.tensor(v, requires_grad=True) for v in inputs]
    b = [torch.tensor(v, requires_grad=True) for v in inputs]
    y, z = result(ours(*a)), result(theirs(*b))
    close(y, z, "value")
    weighted(y, nt).backward()
    weighted(z, torch).backward()
    for name, p in own.items():
        close(p.grad, other[pairs[name]].grad, name)
    for p, q in zip(a, b, strict=True):
        close(p.grad, q.grad, "input")


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


# ---- layers over random configurations ---------------------------------------------------------


@st.composite
def convolution_layers(draw):
    kind, axes = draw(st.sampled_from([("Conv1d", 1), ("Conv2d", 2), ("ConvTranspose2d", 2)]))

    def each(low, high):
        return tuple(draw(st.integers(low, high)) for _ in range(axes))

    groups = draw(st.integers(1, 3))
    options = {
        "stride": each(1, 3),
        "padding": each(0, 2),
        "dilation": each(1, 2),
        "groups": groups,
        "bias": draw(st.booleans()),
    }
    kernel = each(1, 3)
    if kind == "ConvTranspose2d":
        most = [max(s, d) - 1 for s, d in zip(options["stride"], options["dilation"], strict=True)]
        options["output_padding"] = tuple(draw(st.integers(0, m)) for m in most)
    channels = groups * draw(st.integers(1, 3)), groups * draw(st.integers(1, 3))
    arguments = (*channels, kernel)
    make = getattr(torch.nn, kind)(*arguments, **options, dtype=torch.float64)
    x = (draw(st.integers(1, 3)), channels[0], *each(6, 9))
    return getattr(nn, kind)(*arguments, **options), make, x


@examples(40)
@given(case=convolution_layers(), seed=seeds)
def test_convolution_layers(case, seed):
    ours, theirs, shape = case
    names = {name: name for name, _ in theirs.named_parameters()}
    compare_modules(ours, theirs, names, normal(*shape, seed=seed))


@examples(25)
@given(data=st.data(), seed=seeds)
def test_other_layers(data, seed):
    lead = tuple(data.draw(st.lists(st.integers(1, 4), max_size=2)))
    inputs, outputs = data.draw(st.integers(1, 7)), data.draw(st.integers(1, 7))
    bias = data.draw(st.booleans())
    both = {"weight": "weight", "bias": "bias"}
    one = {"weight": "weight"}
    compare_modules(
        nn.Linear(inputs, outputs, bias=bias),
        torch.nn.Linear(inputs, outputs, bias, dtype=torch.float64),
        both if bias else one, normal(*lead, inputs, seed=seed),
    )  # fmt: skip

    groups, width = data.draw(st.integers(1, 3)), data.draw(st.integers(2, 3))
    epsilon = data.draw(st.sampled_from([1e-5, 0.1]))
    image = normal(2, groups * width, *data.draw(st.sampled_from([(), (3,), (2, 4)])), seed=seed)
    ours = nn.GroupNorm(groups, groups * width, epsilon=epsilon)
    nn.init.normal_(ours.weight), nn.init.normal_(ours.bias)
    theirs = torch.nn.GroupNorm(groups, groups * width, epsilon, dtype=torch.float64)
    compare_modules(ours, theirs, both, image)
    ours = nn.RMSNorm(image.shape[-1], epsilon=epsilon)
    nn.init.normal_(ours.weight)
    theirs = torch.nn.RMSNorm(image.shape[-1:], epsilon, dtype=torch.float64)
    compare_modules(ours, theirs, one, image)
    axes = data.draw(st.integers(1, image.ndim))
    ours = nn.LayerNorm(image.shape[-axes:], epsilon=epsilon)
    nn.init.normal_(ours.weight), nn.init.normal_(ours.bias)
    theirs = torch.nn.LayerNorm(image.shape[-axes:], epsilon, dtype=torch.float64)
    compare_modules(ours, theirs, both, image)

    indices = np.random.default_rng(seed).integers(0, inputs, (*lead, 3))
    ours, theirs = nn.Embedding(inputs, 4), torch.nn.Embedding(inputs, 4, dtype=torch.float64)
    with torch.no_grad():
        theirs.weight.copy_(torch.tensor(ours.weight.detach().numpy()))
    y, z = ours(nt.asarray(indices)), theirs(torch.tensor(indices))
    close(y, z)
    weighted(y, nt).backward(), weighted(z, torch).backward()
    close(ours.weight.grad, theirs.weight.grad)


@examples(20)
@given(data=st.data(), seed=seeds)
def test_pooling_layers(data, seed):
    kernel = tuple(data.draw(st.integers(1, 3)) for _ in range(2))
    stride = data.draw(st.sampled_from([None, 1, (2, 3)]))
    padding = tuple(data.draw(st.integers(0, k // 2)) for k in kernel)
    x = normal(2, 3, data.draw(st.integers(5, 9)), 6, seed=seed)
    dilation = data.draw(st.integers(1, 2))
    output = tuple(data.draw(st.integers(1, 4)) for _ in range(2))
    for name, arguments in (
        ("MaxPool2d", (kernel, stride, padding, dilation)),
        ("AvgPool2d", (kernel, stride, padding)),
        ("AdaptiveAvgPool2d", (output,)),
    ):
        compare_modules(getattr(nn, name)(*arguments), getattr(torch.nn, name)(*arguments), {}, x)


@pytest.mark.parametrize(
    "name",
    ["ReLU", "LeakyReLU", "ELU", "SELU", "GELU", "SiLU", "Mish", "Hardswish", "Sigmoid", "Tanh",
     "Softplus", "Softmax", "LogSoftmax", "Flatten"],
)  # fmt: skip
def test_layers_without_parameters(name):
    arguments = (1,) if "Softmax" in name else ()
    compare_modules(
        getattr(nn, name)(*arguments), getattr(torch.nn, name)(*arguments), {}, 3 * normal(4, 5, 2)
    )


@examples(25)
@given(data=st.data(), seed=seeds)
def test_attention_layers(data, seed):
    """Masks hide sources from targets, or from all targets of a sample; targets see themselves."""
    heads, width = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    n, steps, features = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 6)), heads * width
    bias = data.draw(st.booleans())
    ours = nn.MultiHeadAttention(features, heads, bias=bias)
    theirs = torch.nn.MultiheadAttention(
        features, heads, bias=bias, batch_first=True, dtype=torch.float64
    )
    split_projection(theirs, ours)
    rng = np.random.default_rng(seed)
    seen = (rng.random((n, steps, steps)) < 0.6) | np.eye(steps, dtype=bool)
    kind = data.draw(st.sampled_from(["none", "each", "padding", "causal"]))
    if kind == "padding":
        seen = np.broadcast_to(rng.random((n, 1, steps)) < 0.6, seen.shape).copy()
        seen[..., 0] = True
    elif kind == "causal":
        seen = np.broadcast_to(np.tri(steps, dtype=bool), seen.shape)
    mask = None if kind in ("none", "causal") else nt.asarray(seen[:, None])
    hidden = None if kind == "none" else torch.tensor(np.repeat(~seen, heads, axis=0))
    x = normal(n, steps, features, seed=seed)
    compare(
        lambda x: ours(x, mask=mask, causal=kind == "causal"),
        lambda x: theirs(x, x, x, attn_mask=hidden)[0], x,
    )  # fmt: skip
    close(ours.out.weight.grad, theirs.out_proj.weight.grad)

    options = {
        "activation": data.draw(st.sampled_from(["relu", "gelu"])),
        "norm_first": data.draw(st.booleans()),
    }
    hiddens = data.draw(st.integers(1, 9))
    if features == 1:  # whose layer norm is 0 but for rounding
        return
    ours = nn.TransformerEncoderLayer(features, heads, hiddens, dropout=0.0, **options)
    theirs = torch.nn.TransformerEncoderLayer(
        features, heads, hiddens, 0.0, batch_first=True, dtype=torch.float64, **options
    )
    split_projection(theirs.self_attn, ours.attention)
    with torch.no_grad():
        for name, p in theirs.named_parameters():
            if "attn" not in name:
                p.copy_(torch.tensor(dict(ours.named_parameters())[name].detach().numpy()))
    compare(
        lambda x: ours(x, mask=mask, causal=kind == "causal"),
        lambda x: theirs(x, src_mask=hidden), x,
    )  # fmt: skip
    for name in ("linear1.weight", "linear2.bias", "norm1.weight"):
        close(dict(ours.named_parameters())[name].grad, dict(theirs.named_parameters())[name].grad)


# ---- activations -------------------------------------------------------------------------------

ACTIVATIONS = {
    "relu": G.relu,
    "leaky_relu": G.leaky_relu,
    "elu": G.elu,
    "selu": G.selu,
    "gelu": G.gelu,
    "silu": G.silu,
    "mish": G.mish,
    "hardswish": G.hardswish,
    "hardsigmoid": G.hardsigmoid,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softplus": G.softplus,
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name):
    compare(getattr(F, name), ACTIVATIONS[name], 4 * normal(5, 7))


# ---- normalisation -----------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(8, 3), (4, 3, 5), (2, 3, 4, 5)])
@pytest.mark.parametrize("affine", [True, False])
def test_batch_norm(shape, affine):
    make = {2: (nn.BatchNorm1d, torch.nn.BatchNorm1d), 3: (nn.BatchNorm1d, torch.nn.BatchNorm1d),
            4: (nn.BatchNorm2d, torch.nn.BatchNorm2d)}[len(shape)]  # fmt: skip
    ours = make[0](3, affine=affine, momentum=0.3)
    theirs = make[1](3, affine=affine, momentum=0.3, dtype=torch.float64)
    if affine:
        nn.init.normal_(ours.weight), nn.init.normal_(ours.bias)
    names = {"weight": "weight", "bias": "bias"} if affine else {}
    for step in range(3):
        compare_modules(ours, theirs, names, 2 + normal(*shape, seed=step))
        ours.zero_grad(), theirs.zero_grad()
    close(ours.running_mean, theirs.running_mean)
    close(ours.running_var, theirs.running_var)
    ours.eval(), theirs.eval()
    compare_modules(ours, theirs, names, normal(*shape, seed=9))


@examples(30)
@given(data=st.data(), seed=seeds)
def test_norms_of_any_shape(data, seed):
    """Each norm on one random image batch: in training and not, with and without weights."""
    groups, width = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    lengths = data.draw(st.lists(st.integers(1, 6), max_size=2))
    batch = data.draw(st.integers(1 if np.prod(lengths) > 1 else 2, 5))
    channels = groups * width
    epsilon = data.draw(st.sampled_from([1e-5, 0.1]))
    x = 1 + 2 * normal(batch, channels, *lengths, seed=seed)
    weights = [normal(channels, seed=seed + 1), normal(channels, seed=seed + 2)]
    weights = weights[: data.draw(st.integers(0, 2))]
    mean, var = normal(channels, seed=seed + 3), normal(channels, seed=seed + 4) ** 2 + 0.1

    def names(given, *rest):
        return dict(zip(("weight", "bias"), given, strict=False))

    for training in (True, False):
        running, there = [nt.tensor(mean), nt.tensor(var)], [torch.tensor(mean), torch.tensor(var)]
        compare(
            lambda x, *w, r=running, t=training: F.batch_norm(
                x, *r, **names(w), training=t, momentum=0.2, epsilon=epsilon
            ),
            lambda x, *w, r=there, t=training: G.batch_norm(
                x, *r, **names(w), training=t, momentum=0.2, eps=epsilon
            ),
            x, *weights,
        )  # fmt: skip
        close(running[0], there[0], "running mean")
        close(running[1], there[1], "running variance")
    if width * np.prod(lengths) > 1:  # else all is 0 but for rounding
        compare(
            lambda x, *w: F.group_norm(x, groups, **names(w), epsilon=epsilon),
            lambda x, *w: G.group_norm(x, groups, **names(w), eps=epsilon),
            x, *weights,
        )  # fmt: skip
    axes = data.draw(st.integers(1, x.ndim))
    shape = x.shape[-axes:]
    rows = [normal(*shape, seed=seed + 5), normal(*shape, seed=seed + 6)][: len(weights)]
    if np.prod(shape) > 1:
        compare(
            lambda x, *w: F.layer_norm(x, *w, axes=shape, epsilon=epsilon),
            lambda x, *w: G.layer_norm(x, shape, *w, eps=epsilon),
            x, *rows,
        )  # fmt: skip
    last = [normal(x.shape[-1], seed=seed + 7)][: len(weights)]
    compare(
        lambda x, *w: F.rms_norm(x, *w, epsilon=epsilon),
        lambda x, *w: G.rms_norm(x, x.shape[-1:], *w, eps=epsilon),
        x, *last,
    )  # fmt: skip


def test_layer_norm_layer():
    ours, theirs = nn.LayerNorm((3, 4)), torch.nn.LayerNorm((3, 4), dtype=torch.float64)
    nn.init.normal_(ours.weight), nn.init.normal_(ours.bias)
    compare_modules(ours, theirs, {"weight": "weight", "bias": "bias"}, normal(2, 3, 4))


# ---- recurrent layers --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@examples(12)
@given(data=st.data(), seed=seeds)
def test_recurrent_layers(kind, data, seed):
    """Outputs and last states from given first ones: values, and all gradients."""
    n, steps, inputs, hidden = (data.draw(st.integers(1, m)) for m in (9, 6, 5, 20))
    layers, bidirectional = data.draw(st.integers(1, 2)), data.draw(st.booleans())
    ours = getattr(nn, kind)(inputs, hidden, layers=layers, bidirectional=bidirectional)
    theirs = getattr(torch.nn, kind)(
        inputs, hidden, num_layers=layers, bidirectional=bidirectional, batch_first=True,
        dtype=torch.float64,
    )  # fmt: skip
    names = {}
    for layer in range(layers):
        for end in ["", "_reverse"][: 1 + bidirectional]:
            for a, b in (("weight_input", "weight_ih"), ("weight_hidden", "weight_hh"),
                         ("bias_input", "bias_ih"), ("bias_hidden", "bias_hh")):  # fmt: skip
                names[f"{a}_{layer}{end}"] = f"{b}_l{layer}{end}"
    states = 2 if kind == "LSTM" else 1
    starts = [normal(layers * (1 + bidirectional), n, hidden, seed=seed + i) for i in range(states)]

    def all_of(lib):
        net = ours if lib is nt else theirs

        def run(x, *start):
            y, end = net(x, start if states == 2 else start[0])
            ends = end if states == 2 else (end,)
            flat = [lib.reshape(t, (-1,)) for t in (y, *ends)]
            return nt.concat(flat) if lib is nt else torch.cat(flat)

        return run

    run, there = all_of(nt), all_of(torch)
    with torch.no_grad():
        for name, p in ours.named_parameters():
            dict(theirs.named_parameters())[names[name]].copy_(torch.tensor(p.detach().numpy()))
    compare(run, there, normal(n, steps, inputs, seed=seed + 5), *starts)
    for name, p in ours.named_parameters():
        close(p.grad, dict(theirs.named_parameters())[names[name]].grad, name)
    x = normal(n, steps, inputs, seed=seed)
    close(ours(nt.asarray(x))[0], theirs(torch.tensor(x))[0], "from zeros")


# ---- attention ---------------------------------------------------------------------------------


@examples(40)
@given(data=st.data(), seed=seeds)
def test_attention(data, seed):
    batch = data.draw(st.sampled_from([(), (2,), (2, 3)]))
    targets, sources, features, outputs = (data.draw(st.integers(1, m)) for m in (9, 20, 5, 5))
    q = normal(*batch, targets, features, seed=seed)
    k = normal(*batch, sources, features, seed=seed + 1)
    v = normal(*batch, sources, outputs, seed=seed + 2)
    kind, causal = data.draw(st.sampled_from(["none", "bool", "float"])), data.draw(st.booleans())
    scale = data.draw(st.sampled_from([None, 0.3, 2.0]))
    shape = (targets, sources)
    if batch and data.draw(st.booleans()):
        shape = (batch[-1], 1, sources) if data.draw(st.booleans()) else (batch[-1], *shape)
    mask = None
    if kind == "bool":
        mask = np.random.default_rng(seed).random(shape) < 0.6
        mask[..., 0] = True
    elif kind == "float":
        mask = normal(*shape, seed=seed)
    both = mask  # PyTorch takes a mask or `is_causal`
    if causal and mask is not None:
        seen = np.tri(targets, sources, dtype=bool)
        both = mask & seen if kind == "bool" else np.where(seen, mask, -np.inf)
    compare(
        lambda q, k, v: F.scaled_dot_product_attention(
            q, k, v, mask=None if mask is None else nt.asarray(mask), causal=causal, scale=scale
        ),
        lambda q, k, v: G.scaled_dot_product_attention(
            q, k, v, attn_mask=None if both is None else torch.tensor(both),
            is_causal=causal and both is None, scale=scale,
        ),
        q, k, v,
    )  # fmt: skip


def split_projection(theirs, ours):
    """PyTorch keeps the three projections in one matrix: give it ours."""
    with torch.no_grad():
        parts = (ours.query, ours.key, ours.value)
        theirs.in_proj_weight.copy_(
            torch.tensor(np.concatenate([p.weight.detach().numpy() for p in parts]))
        )
        theirs.out_proj.weight.copy_(torch.tensor(ours.out.weight.detach().numpy()))
        if ours.out.bias is None:
            return
        theirs.in_proj_bias.copy_(
            torch.tensor(np.concatenate([p.bias.detach().numpy() for p in parts]))
        )
        theirs.out_proj.bias.copy_(torch.tensor(ours.out.bias.detach().numpy()))


def test_multi_head_attention():
    ours = nn.MultiHeadAttention(6, 3)
    for layer in (ours.query, ours.key, ours.value, ours.out):
        nn.init.normal_(layer.bias)
    theirs = torch.nn.MultiheadAttention(6, 3, batch_first=True, dtype=torch.float64)
    split_projection(theirs, ours)
    mask = np.random.default_rng(5).random((4, 5)) < 0.7
    mask[:, 0] = True
    for m in (None, mask):
        ours.zero_grad(), theirs.zero_grad()
        hidden = None if m is None else torch.tensor(~m)  # theirs says what is not seen
        compare(
            lambda q, k, v, m=m: ours(q, k, v, mask=None if m is None else nt.asarray(m)),
            lambda q, k, v, hidden=hidden: theirs(q, k, v, attn_mask=hidden)[0],
            normal(2, 4, 6), normal(2, 5, 6, seed=1), normal(2, 5, 6, seed=2),
        )  # fmt: skip
        close(ours.query.weight.grad, theirs.in_proj_weight.grad[:6])


@pytest.mark.parametrize("norm_first", [False, True])
def test_transformer_encoder_layer(norm_first):
    ours = nn.TransformerEncoderLayer(
        6, 2, 8, dropout=0.0, activation="gelu", norm_first=norm_first
    )
    theirs = torch.nn.TransformerEncoderLayer(
        6, 2, 8, 0.0, "gelu", batch_first=True, norm_first=norm_first, dtype=torch.float64
    )
    split_projection(theirs.self_attn, ours.attention)
    with torch.no_grad():
        for name in ("linear1", "linear2", "norm1", "norm2"):
            for which in ("weight", "bias"):
                source = getattr(getattr(ours, name), which).detach().numpy()
                getattr(getattr(theirs, name), which).copy_(torch.tensor(source))
    compare(ours, theirs, normal(2, 4, 6))
    close(ours.linear1.weight.grad, theirs.linear1.weight.grad)


# ---- losses ------------------------------------------------------------------------------------

reductions = st.sampled_from(["mean", "sum", "none"])


@examples(25)
@given(data=st.data(), seed=seeds, reduction=reductions)
def test_cross_entropy_and_nll(data, seed, reduction):
    classes, lengths = data.draw(st.integers(2, 6)), data.draw(st.sampled_from([(), (3,), (2, 2)]))
    rng = np.random.default_rng(seed)
    scores = 3 * rng.standard_normal((4, classes, *lengths))
    target = rng.integers(0, classes, (4, *lengths))
    weight = rng.random(classes) + 0.1 if data.draw(st.booleans()) else None
    smoothing = data.draw(st.sampled_from([0.0, 0.3]))
    ignore = data.draw(st.sampled_from([None, int(target.flat[0]), -100]))
    if ignore is not None and (target == ignore).all():
        return
    w, v = (None, None) if weight is None else (nt.asarray(weight), torch.tensor(weight))
    there = -100 if ignore is None else ignore
    compare(
        lambda x: F.cross_entropy(
            x, nt.asarray(target), weight=w, label_smoothing=smoothing, ignore_index=ignore,
            reduction=reduction,
        ),
        lambda x: G.cross_entropy(
            x, torch.tensor(target), v, label_smoothing=smoothing, ignore_index=there,
            reduction=reduction,
        ),
        scores,
    )  # fmt: skip
    compare(
        lambda x: F.nll(
            nt.log_softmax(x, axis=1), nt.asarray(target), weight=w, ignore_index=ignore,
            reduction=reduction,
        ),
        lambda x: G.nll_loss(
            torch.log_softmax(x, 1), torch.tensor(target), v, ignore_index=there,
            reduction=reduction,
        ),
        scores,
    )  # fmt: skip


@examples(15)
@given(data=st.data(), seed=seeds)
def test_cross_entropy_with_probabilities(data, seed):
    rng = np.random.default_rng(seed)
    scores, p = rng.standard_normal((4, 5, 2)), rng.random((4, 5, 2))
    p /= p.sum(1, keepdims=True)
    weight = rng.random(5) if data.draw(st.booleans()) else None
    w, v = (None, None) if weight is None else (nt.asarray(weight), torch.tensor(weight))
    smoothing, reduction = data.draw(st.sampled_from([0.0, 0.2])), "mean"
    theirs = G.cross_entropy(
        torch.tensor(scores), torch.tensor(p), v, label_smoothing=smoothing, reduction="none"
    )
    compare(
        lambda x, p: F.cross_entropy(
            x, p, weight=w, label_smoothing=smoothing, reduction="none"
        ),
        lambda x, p: G.cross_entropy(x, p, v, label_smoothing=smoothing, reduction="none"),
        scores, p,
    )  # fmt: skip
    mean = F.cross_entropy(
        nt.asarray(scores), nt.asarray(p), weight=w, label_smoothing=smoothing, reduction=reduction
    )
    assert abs(mean.item() - theirs.mean().item()) < 1e-9


@examples(15)
@given(seed=seeds, reduction=reductions)
def test_losses_of_pairs(seed, reduction):
    a, b = 3 * normal(4, 5, seed=seed), 3 * normal(4, 5, seed=seed + 1)
    pairs = [
        (F.mse, G.mse_loss),
        (F.l1, G.l1_loss),
        (lambda x, y, reduction: F.huber(x, y, delta=1.5, reduction=reduction),
         lambda x, y, reduction: G.huber_loss(x, y, delta=1.5, reduction=reduction)),
    ]  # fmt: skip
    for ours, theirs in pairs:
        compare(
            lambda x, y, f=ours: f(x, y, reduction=reduction),
            lambda x, y, f=theirs: f(x, y, reduction=reduction),
            a, b,
        )  # fmt: skip
    t = np.random.default_rng(seed).random((4, 5))
    w = np.random.default_rng(seed + 1).random(5)
    compare(
        lambda x, t: F.binary_cross_entropy_with_logits(
            x, t, positive_weight=nt.asarray(w), reduction=reduction
        ),
        lambda x, t: G.binary_cross_entropy_with_logits(
            x, t, pos_weight=torch.tensor(w), reduction=reduction
        ),
        a, t,
    )  # fmt: skip


@examples(10)
@given(seed=seeds, reduction=reductions)
def test_hinge(seed, reduction):
    """PyTorch's hinge_embedding_loss of a dissimilar pair at a distance of target * score."""
    sign = np.random.default_rng(seed).choice([-1.0, 1.0], (4, 5))
    compare(
        lambda x: F.hinge(x, nt.asarray(sign), reduction=reduction),
        lambda x: G.hinge_embedding_loss(
            torch.tensor(sign) * x, -torch.ones(4, 5), margin=1.0, reduction=reduction
        ),
        3 * normal(4, 5, seed=seed),
    )  # fmt: skip


@pytest.mark.filterwarnings("ignore:reduction:UserWarning")
@pytest.mark.parametrize("reduction", ["batchmean", "mean", "sum", "none"])
@pytest.mark.parametrize("log_target", [False, True])
def test_kl_div(reduction, log_target):
    p = np.random.default_rng(0).random((3, 4))
    target = np.log(p) if log_target else p
    compare(
        lambda x, t: F.kl_div(
            nt.log_softmax(x), t, reduction=reduction, log_target=log_target
        ),
        lambda x, t: G.kl_div(
            torch.log_softmax(x, -1), t, reduction=reduction, log_target=log_target
        ),
        normal(3, 4), target,
    )  # fmt: skip


# ---- optimizers --------------------------------------------------------------------------------


def test_parameter_groups():
    a, b = normal(3), normal(4, seed=1)
    x, y = (nt.tensor(v, requires_grad=True) for v in (a, b))
    p, q = (torch.tensor(v, requires_grad=True) for v in (a, b))
    ours = nt.optim.SGD(
        [{"parameters": [x], "learning_rate": 0.5}, {"parameters": [y], "momentum": 0.9}], 0.1
    )
    theirs = torch.optim.SGD([{"params": [p], "lr": 0.5}, {"params": [q], "momentum": 0.9}], 0.1)
    for _ in range(4):
        ours.zero_grad(), theirs.zero_grad()
        (nt.sum(x**4) + nt.sum(nt.cos(y))).backward()
        ((p**4).sum() * 1 + torch.cos(q).sum()).backward()
        ours.step(), theirs.step()
    close(x, p)
    close(y, q)


@pytest.mark.parametrize("name", ["step", "cosine", "warm-up"])
def test_schedules(name):
    p = torch.zeros(1, requires_grad=True)
    theirs = torch.optim.SGD([p], 0.2)
    x = nt.tensor([0.0], requires_grad=True)
    ours = nt.optim.SGD([x], 0.2)
    # Made one at a time: a schedule sets the learning rate when it is made.
    makers = {
        "step": lambda: (
            nt.optim.StepSchedule(ours, 3, gamma=0.5),
            torch.optim.lr_scheduler.StepLR(theirs, 3, 0.5),
        ),
        "cosine": lambda: (
            nt.optim.CosineSchedule(ours, 8, end=0.1),
            torch.optim.lr_scheduler.CosineAnnealingLR(theirs, 8, eta_min=0.02),
        ),
        "warm-up": lambda: (
            nt.optim.WarmupSchedule(ours, 4, start=0.25),
            torch.optim.lr_scheduler.LinearLR(theirs, 0.25, 1.0, 4),
        ),
    }
    a, b = makers[name]()
    for _ in range(8):
        assert ours.learning_rate == pytest.approx(theirs.param_groups[0]["lr"], rel=1e-9)
        theirs.step()
        a.step(), b.step()


def test_plateau():
    p = torch.zeros(1, requires_grad=True)
    theirs, ours = (
        torch.optim.SGD([p], 0.2),
        nt.optim.SGD([nt.tensor([0.0], requires_grad=True)], 0.2),
    )
    a = nt.optim.PlateauSchedule(ours, gamma=0.5, patience=2)
    b = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, factor=0.5, patience=2)
    for loss in np.abs(normal(40)):
        a.step(float(loss)), b.step(float(loss))
        assert ours.learning_rate == pytest.approx(theirs.param_groups[0]["lr"])


def test_clipping():
    g = normal(7)
    x, p = nt.tensor(g, requires_grad=True), torch.tensor(g, requires_grad=True)
    nt.sum(x * x * x).backward(), (p**3).sum().backward()
    norm = nt.optim.clip_grad_norm([x], 1.5)
    assert norm == pytest.approx(float(torch.nn.utils.clip_grad_norm_([p], 1.5)))
    close(x.grad, p.grad)
