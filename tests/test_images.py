"""Convolution and pooling: against plain loops, PyTorch where it is installed, and differences."""

import itertools

import gradcheck
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples, seeds

import ndtape as nt

F = nt.nn.functional


def conv_reference(x, w, stride, padding, dilation, groups):
    """Convolution by its definition, one position at a time."""
    axes = w.ndim - 2
    x = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in padding)])
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, w.shape[2:], strict=True)]
    lengths = [(n - r) // s + 1 for n, r, s in zip(x.shape[2:], reach, stride, strict=True)]
    y = np.zeros((x.shape[0], w.shape[0], *lengths))
    inputs, outputs = w.shape[1], w.shape[0] // groups
    for o in range(w.shape[0]):
        channels = slice(o // outputs * inputs, (o // outputs + 1) * inputs)
        for place in itertools.product(*map(range, lengths)):
            window = tuple(
                slice(p * s, p * s + r, d)
                for p, s, r, d in zip(place, stride, reach, dilation, strict=True)
            )
            patch = x[(slice(None), channels, *window)]
            y[(slice(None), o, *place)] = np.tensordot(patch, w[o], axes=axes + 1)
    return y


@st.composite
def convolutions(draw, most=9):
    axes = draw(st.integers(1, 3))

    def each(choices):
        return tuple(draw(st.sampled_from(choices)) for _ in range(axes))

    groups = draw(st.sampled_from([1, 1, 2, 3]))
    kernel, dilation = each([1, 2, 3]), each([1, 1, 2])
    padding = each([0, 1, 3])
    fits = (max(d * (k - 1) + 1 - 2 * p, 1) for d, k, p in zip(dilation, kernel, padding))  # noqa: B905
    lengths = tuple(n + draw(st.integers(0, most)) for n in fits)
    inputs = groups * draw(st.integers(1, 3))
    outputs = groups * draw(st.integers(1, 4))
    options = {
        "stride": each([1, 1, 2, 3]),
        "padding": padding,
        "dilation": dilation,
        "groups": groups,
    }
    images = draw(st.integers(1, 3))
    return (images, inputs, *lengths), (outputs, inputs // groups, *kernel), options


def conv(axes):
    return {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}[axes]


@examples(40)
@given(case=convolutions(), seed=seeds, bias=st.booleans())
def test_convolution(case, seed, bias):
    x_shape, w_shape, options = case
    rng = np.random.default_rng(seed)
    x, w, b = (rng.standard_normal(s) for s in (x_shape, w_shape, w_shape[:1]))
    y = conv(w.ndim - 2)(nt.asarray(x), nt.asarray(w), nt.asarray(b) if bias else None, **options)
    want = conv_reference(x, w, **options)
    if bias:
        want += b.reshape(-1, *(1,) * (w.ndim - 2))
    np.testing.assert_allclose(y.numpy(), want, rtol=1e-12, atol=1e-12)


@examples(15)
@given(case=convolutions(most=3), seed=seeds)
def test_gradients_of_convolution(case, seed):
    x_shape, w_shape, options = case
    if np.prod(x_shape) * np.prod(w_shape) > 2000:
        return
    x, w, b = gradcheck.values(seed, [x_shape, w_shape, w_shape[:1]])
    gradcheck.check(lambda x, w, b: conv(w.ndim - 2)(x, w, b, **options), x, w, b, order=1)


@pytest.mark.parametrize(
    "options",
    [{}, {"stride": 2, "padding": 1}, {"dilation": 2, "padding": 1}, {"groups": 2, "stride": 3}],
)
def test_second_derivatives_of_convolution(options):
    groups = options.get("groups", 1)
    x, w, b = gradcheck.values(3, [(2, 2, 4, 4), (2, 2 // groups, 2, 2), (2,)])
    gradcheck.check(lambda x, w, b: F.conv2d(x, w, b, **options), x, w, b)
    x, w, b = gradcheck.values(4, [(2, 2, 2, 2), (2, 2 // groups, 2, 2), (2 * groups // groups,)])
    out = 2 // groups * groups
    gradcheck.check(lambda x, w, b: F.conv_transpose2d(x, w, b, **options), x, w, b[:out])


@examples(25)
@given(
    images=st.integers(1, 5),
    channels=st.integers(1, 70),
    outputs=st.integers(1, 40),
    rows=st.integers(1, 6),
    columns=st.integers(1, 70),
    kernel=st.sampled_from([1, 2, 3]),
    stride=st.sampled_from([1, 1, 2]),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=seeds,
)
def test_convolution_of_many_channels_and_long_rows(
    images, channels, outputs, rows, columns, kernel, stride, dtype, seed
):
    """Small whole numbers, so that every sum is exact whatever its order."""
    rng = np.random.default_rng(seed)
    pad = kernel // 2
    x = rng.integers(-3, 4, (images, channels, rows + kernel, columns + kernel)).astype(dtype)
    w = rng.integers(-3, 4, (outputs, channels, kernel, kernel)).astype(dtype)
    a, b = nt.tensor(x, requires_grad=True), nt.tensor(w, requires_grad=True)
    y = F.conv2d(a, b, stride=stride, padding=pad)
    g = rng.integers(-3, 4, y.shape).astype(dtype)
    y.backward(nt.asarray(g))
    padded = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    want, by_x, by_w = np.zeros(y.shape), np.zeros(padded.shape), np.zeros(w.shape)
    for i, j in np.ndindex(kernel, kernel):
        places = np.s_[
            :, :, i : i + stride * y.shape[2] : stride, j : j + stride * y.shape[3] : stride
        ]
        part = padded[places]
        want += np.einsum("nchw,oc->nohw", part, w[:, :, i, j], optimize=True)
        by_x[places] += np.einsum("nohw,oc->nchw", g, w[:, :, i, j], optimize=True)
        by_w[:, :, i, j] = np.einsum("nohw,nchw->oc", g, part, optimize=True)
    np.testing.assert_array_equal(y.detach().numpy(), want)
    inner = slice(pad, -pad or None)
    np.testing.assert_array_equal(a.grad.numpy(), by_x[:, :, inner, inner])
    np.testing.assert_array_equal(b.grad.numpy(), by_w)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
@pytest.mark.parametrize("signs", [(1, 1, 1, 1), (-1, 1, -1, 1), (1, -1, 1, -1)])
# Few elements, and more.
@pytest.mark.parametrize(("rows", "columns", "outputs"), [(2, 3, 1), (6, 17, 5)])
def test_convolution_reads_any_strides(order, signs, rows, columns, outputs):
    """Images and gradients of any layout give the bits that copies of them give."""
    rng = np.random.default_rng(1)
    back = tuple(int(i) for i in np.argsort(order))
    flips = tuple(slice(None, None, s) for s in signs)

    def laid_out(*shape):
        memory = rng.standard_normal([shape[i] for i in order])
        return nt.permute_dims(nt.asarray(memory), back)[flips]

    def copied(t):
        return nt.asarray(np.ascontiguousarray(t.numpy()))

    def gradients(x, w, g):
        x.requires_grad = True
        w = nt.tensor(w, requires_grad=True)
        y = F.conv2d(x, w, padding=1)
        y.backward(g)
        return y.detach().numpy(), x.grad.numpy(), w.grad.numpy()

    w = rng.standard_normal((outputs, 3, 3, 3))
    x = laid_out(2, 3, rows, columns)
    like = (2, outputs, rows, columns)
    for g in (
        laid_out(*like),
        nt.broadcast_to(nt.asarray(rng.standard_normal((outputs, 1, 1))), like),
        nt.broadcast_to(nt.asarray(rng.standard_normal((rows, 1))), like),
    ):
        plain = gradients(copied(x), w, copied(g))
        for one, two in zip(gradients(x.detach(), w, g), plain, strict=True):
            np.testing.assert_array_equal(one, two)


def test_an_infinite_weight_beside_the_padding_gives_nan():
    """However few or many elements there are: the padding's zeros are numbers like others."""
    for length in (2, 400):
        x, w = nt.ones((1, 1, length)), nt.tensor([[[np.inf, 1.0, 1.0]]])
        y = F.conv1d(x, w, padding=1).numpy()[0, 0]
        assert np.isnan(y[0])
        assert np.all(np.isinf(y[1:]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_convolution_is_the_same_for_any_number_of_threads(dtype):
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((5, 7, 40, 41)), rng.standard_normal((13, 7, 3, 3))
    answers = []
    before = nt.get_num_threads()
    try:
        for threads in (1, 2, 3):
            nt.set_num_threads(threads)
            a, b = (nt.tensor(v.astype(dtype), requires_grad=True) for v in (x, w))
            y = F.conv2d(a, b, stride=(1, 2), padding=1)
            nt.sum(y * y).backward()
            answers.append([y.detach().numpy(), a.grad.numpy(), b.grad.numpy()])
    finally:
        nt.set_num_threads(before)
    for other in answers[1:]:
        for one, two in zip(answers[0], other, strict=True):
            np.testing.assert_array_equal(one, two)


def test_convolution_of_other_layouts_and_dtypes():
    x = np.arange(2 * 5 * 6 * 3).reshape(2, 5, 6, 3)
    w = np.arange(4 * 3 * 2 * 2).reshape(4, 3, 2, 2)
    want = conv_reference(x.transpose(0, 3, 1, 2), w, (1, 1), (0, 0), (1, 1), 1)
    channels_last = nt.permute_dims(nt.asarray(x.astype(np.float64)), (0, 3, 1, 2))
    y = F.conv2d(channels_last, nt.asarray(w))  # integers become floats
    assert y.dtype == nt.float64
    np.testing.assert_allclose(y.numpy(), want)


def test_empty_batches():
    x = nt.zeros((0, 3, 8, 8), dtype=nt.float32)
    w = nt.ones((4, 3, 3, 3))
    w.requires_grad = True
    y = F.conv2d(x, w)
    assert y.shape == (0, 4, 6, 6)
    nt.sum(y).backward()
    np.testing.assert_array_equal(w.grad.numpy(), np.zeros((4, 3, 3, 3)))
    assert F.max_pool2d(x, 2).shape == (0, 3, 4, 4)
    assert F.avg_pool2d(x, 2).shape == (0, 3, 4, 4)


ONES = {n: nt.ones((1, 2, *(5,) * n)) for n in (1, 2, 3)}
REFUSED = [
    (lambda: F.conv2d(ONES[1], nt.ones((1, 2, 3, 3))), ValueError, "conv2d: x of shape"),
    (lambda: F.conv2d(ONES[2], nt.ones((1, 2, 3))), ValueError, "weight of shape"),
    (lambda: F.conv2d(ONES[2], nt.ones((1, 3, 3, 3))), ValueError, "2 channels, expected 3"),
    (lambda: F.conv2d(ONES[2], nt.ones((1, 2, 6, 3))), ValueError, "window of 6"),
    (lambda: F.conv2d(ONES[2], nt.ones((1, 2, 0, 3))), ValueError, "length of 0"),
    (lambda: F.conv2d(ONES[2], nt.ones((1, 2, 3, 3)), nt.ones(2)), ValueError, "bias of shape"),
    (lambda: F.conv2d(ONES[2], nt.ones((1, 2, 3, 3)), stride=0), ValueError, "stride: 0"),
    (lambda: F.conv2d(ONES[2], nt.ones((1, 2, 3, 3)), stride=(1, 1, 1)), ValueError, "stride"),
    (lambda: F.conv2d(ONES[2], nt.ones((1, 2, 3, 3)), padding=-1), ValueError, "padding: -1"),
    (
        lambda: F.conv2d(ONES[2], nt.ones((1, 2, 3, 3)), padding="full"),
        ValueError,
        "padding: 'full', expected one of 'same', 'valid'",
    ),
    (
        lambda: F.conv2d(ONES[2], nt.ones((1, 2, 3, 3)), padding="same", stride=2),
        ValueError,
        "padding: 'same' with strides",
    ),
    (lambda: nt.nn.Conv2d(1, 1, 3, 2, "same"), ValueError, "padding: 'same' with strides"),
    (lambda: nt.nn.ConvTranspose2d(1, 1, 3, 2, "same"), TypeError, "padding: 'same'"),
    (lambda: F.conv2d(ONES[2], nt.ones((3, 1, 3, 3)), groups=2), ValueError, "groups 2"),
    (lambda: F.conv2d(ONES[2], ONES[2], padding=2**30), (ValueError, MemoryError), "."),
    (lambda: F.conv2d(ONES[2], nt.ones((1, 2, 3, 3)), padding=2**40), ValueError, "padding"),
    (lambda: F.conv_transpose2d(ONES[2], nt.ones((3, 2, 3, 3))), ValueError, "expected 3"),
    (
        lambda: F.conv_transpose2d(ONES[2], nt.ones((2, 2, 3, 3)), output_padding=1),
        ValueError,
        "output_padding 1",
    ),
    (
        lambda: F.conv_transpose2d(ONES[2], nt.ones((2, 2, 1, 1)), padding=3),
        ValueError,
        "length of -1",
    ),
    (lambda: F.max_pool2d(ONES[2], 6), ValueError, "window of 6"),
    (lambda: F.max_pool2d(ONES[2], 2, padding=2), ValueError, "at most half"),
    (lambda: F.max_pool2d(ONES[1], 2), ValueError, "max_pool2d: x of shape"),
    (lambda: F.adaptive_avg_pool2d(ONES[2], 0), ValueError, "output: 0"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "message"), REFUSED)
def test_refusals(call, error, message):
    with pytest.raises(error, match=message):
        call()


# ---- pooling -----------------------------------------------------------------------------------


def windows(x, kernel, stride, padding, dilation=1):
    """Each window of a plane as a list of values inside it."""
    lengths = [(n + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1 for n in x.shape[-2:]]
    for i, j in itertools.product(*map(range, lengths)):
        rows = [i * stride - padding + u * dilation for u in range(kernel)]
        columns = [j * stride - padding + v * dilation for v in range(kernel)]
        yield (
            (i, j),
            [
                x[..., r, c]
                for r in rows
                for c in columns
                if 0 <= r < x.shape[-2] and 0 <= c < x.shape[-1]
            ],
        )


@pytest.mark.parametrize("kernel", [1, 2, 3])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1])
def test_pooling(kernel, stride, padding):
    if 2 * padding > kernel:
        return
    x = np.random.default_rng(0).standard_normal((2, 3, 7, 8))
    biggest = F.max_pool2d(nt.asarray(x), kernel, stride, padding).numpy()
    inside = F.avg_pool2d(nt.asarray(x), kernel, stride, padding, count_padding=False).numpy()
    padded = F.avg_pool2d(nt.asarray(x), kernel, stride, padding).numpy()
    for (i, j), values in windows(x, kernel, stride, padding):
        np.testing.assert_array_equal(biggest[..., i, j], np.max(values, axis=0))
        np.testing.assert_allclose(inside[..., i, j], np.mean(values, axis=0), atol=1e-15)
        np.testing.assert_allclose(
            padded[..., i, j], np.sum(values, axis=0) / kernel**2, atol=1e-15
        )


def test_max_pool_of_special_values():
    x = nt.tensor([[[[1.0, nt.nan, -nt.inf, -nt.inf], [2.0, 3.0, -nt.inf, -nt.inf]]]])
    np.testing.assert_array_equal(F.max_pool2d(x, 2).numpy(), [[[[np.nan, -np.inf]]]])
    equal = nt.ones((1, 1, 2, 2))
    equal.requires_grad = True
    nt.sum(F.max_pool2d(equal, 2)).backward()
    np.testing.assert_array_equal(equal.grad.numpy(), [[[[1, 0], [0, 0]]]])


@pytest.mark.parametrize(
    "pool",
    [
        lambda x: F.max_pool2d(x, 2),
        lambda x: F.max_pool2d(x, 3, 1, 1),
        lambda x: F.max_pool2d(x, 2, 1, dilation=2),
        lambda x: F.avg_pool2d(x, 2),
        lambda x: F.avg_pool2d(x, 3, 2, 1, count_padding=False),
        lambda x: F.adaptive_avg_pool2d(x, (3, 2)),
        lambda x: F.adaptive_avg_pool1d(x[:, :, 0], 3),
        lambda x: F.max_pool1d(x[:, :, 0], 2),
        lambda x: F.avg_pool1d(x[:, :, 0], 2, 1, 1),
    ],
)
def test_gradients_of_pooling(pool):
    (x,) = gradcheck.values(2, [(1, 2, 4, 5)])
    gradcheck.check(lambda t: pool(t) * pool(nt.sin(t)), x)


def test_adaptive_pooling_covers_everything():
    x = np.random.default_rng(1).standard_normal((2, 3, 7, 5))
    y = F.adaptive_avg_pool2d(nt.asarray(x), (3, 4)).numpy()
    for i, j in np.ndindex(3, 4):
        rows = slice(i * 7 // 3, -(-(i + 1) * 7 // 3))
        columns = slice(j * 5 // 4, -(-(j + 1) * 5 // 4))
        np.testing.assert_allclose(y[:, :, i, j], x[:, :, rows, columns].mean((2, 3)))


# ---- PyTorch -----------------------------------------------------------------------------------


def compare(ours, theirs, *arrays):
    """Value and gradients in float64 to 1e-6, relative to the largest element."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    a = [nt.tensor(v, requires_grad=True) for v in arrays]
    b = [torch.tensor(v, requires_grad=True) for v in arrays]
    y, z = ours(*a), theirs(*b)
    weights = np.random.default_rng(9).standard_normal(z.shape)
    nt.sum(y * nt.asarray(weights)).backward()
    (z * torch.tensor(weights)).sum().backward()
    pairs = [(y, z), *((p.grad, q.grad) for p, q in zip(a, b, strict=True))]
    for got, want in pairs:
        got, want = got.detach().numpy(), want.detach().numpy()
        assert got.shape == want.shape
        assert np.abs(got - want).max(initial=0) <= 1e-6 * max(1, np.abs(want).max(initial=0))


@examples(40)
@given(case=convolutions(), seed=seeds)
def test_convolution_as_in_torch(case, seed):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    x_shape, w_shape, options = case
    rng = np.random.default_rng(seed)
    x, w, b = (rng.standard_normal(s) for s in (x_shape, w_shape, w_shape[:1]))
    theirs = getattr(torch.nn.functional, f"conv{w.ndim - 2}d")
    compare(
        lambda x, w, b: conv(w.ndim - 2)(x, w, b, **options),
        lambda x, w, b: theirs(x, w, b, **options),
        x, w, b,
    )  # fmt: skip


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
@pytest.mark.parametrize("kernel", [(1, 2), (3, 3), (2, 4)])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_named_padding_as_in_torch(kernel, dilation, padding):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 3, 8, 9)), rng.standard_normal((4, 3, *kernel))
    options = {"padding": padding, "dilation": dilation}
    theirs = torch.nn.functional.conv2d
    compare(lambda x, w: F.conv2d(x, w, **options), lambda x, w: theirs(x, w, **options), x, w)
    layer = nt.nn.Conv2d(3, 4, kernel, **options)
    assert (
        layer(nt.ones((2, 3, 8, 9))).shape
        == theirs(torch.ones((2, 3, 8, 9)), torch.ones(4, 3, *kernel), **options).shape
    )
    assert f"padding={padding!r}" in repr(layer)


@examples(40)
@given(data=st.data(), seed=seeds)
def test_transposed_convolution_as_in_torch(data, seed):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    axes = data.draw(st.integers(1, 2))
    groups = data.draw(st.sampled_from([1, 2]))
    options = {
        "stride": tuple(data.draw(st.integers(1, 3)) for _ in range(axes)),
        "dilation": tuple(data.draw(st.integers(1, 2)) for _ in range(axes)),
        "padding": tuple(data.draw(st.integers(0, 1)) for _ in range(axes)),
        "groups": groups,
    }
    options["output_padding"] = tuple(
        data.draw(st.integers(0, max(s, d) - 1))
        for s, d in zip(options["stride"], options["dilation"], strict=True)
    )
    kernel = [data.draw(st.integers(2, 3)) for _ in range(axes)]
    lengths = [data.draw(st.integers(2, 5)) for _ in range(axes)]
    inputs, outputs = groups * data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((2, inputs, *lengths))
    w, b = rng.standard_normal((inputs, outputs, *kernel)), rng.standard_normal(outputs * groups)
    ours = {1: F.conv_transpose1d, 2: F.conv_transpose2d}[axes]
    theirs = getattr(torch.nn.functional, f"conv_transpose{axes}d")
    compare(
        lambda x, w, b: ours(x, w, b, **options),
        lambda x, w, b: theirs(x, w, b, **options),
        x,
        w,
        b,
    )


@examples(40)
@given(data=st.data(), seed=seeds)
def test_pooling_as_in_torch(data, seed):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    kernel = tuple(data.draw(st.integers(1, 3)) for _ in range(2))
    stride = tuple(data.draw(st.integers(1, 3)) for _ in range(2))
    padding = tuple(data.draw(st.integers(0, k // 2)) for k in kernel)
    dilation = tuple(data.draw(st.integers(1, 2)) for _ in range(2))
    x = np.random.default_rng(seed).standard_normal((2, 3, data.draw(st.integers(5, 9)), 6))
    G = torch.nn.functional
    compare(
        lambda t: F.max_pool2d(t, kernel, stride, padding, dilation),
        lambda t: G.max_pool2d(t, kernel, stride, padding, dilation),
        x,
    )
    count = data.draw(st.booleans())
    compare(
        lambda t: F.avg_pool2d(t, kernel, stride, padding, count_padding=count),
        lambda t: G.avg_pool2d(t, kernel, stride, padding, count_include_pad=count),
        x,
    )
    output = tuple(data.draw(st.integers(1, 4)) for _ in range(2))
    compare(
        lambda t: F.adaptive_avg_pool2d(t, output), lambda t: G.adaptive_avg_pool2d(t, output), x
    )


def test_arguments_may_be_of_any_integer_type():
    x, w = np.arange(32.0).reshape(1, 2, 4, 4), np.ones((2, 1, 2, 2))
    want = F.conv2d(nt.asarray(x), nt.asarray(w), stride=(2, 1), padding=(1, 0), groups=2)
    found = F.conv2d(
        x.tolist(), w, None, stride=[np.int64(2), True], padding=np.array([1, 0]), groups=np.int8(2)
    )
    np.testing.assert_array_equal(found.numpy(), want.numpy())
    pooled = F.max_pool2d(x, np.int64(2), [1, np.uint8(2)])
    np.testing.assert_array_equal(pooled.numpy(), F.max_pool2d(nt.asarray(x), 2, (1, 2)).numpy())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: F.conv2d("a", x), TypeError, "conv2d: x is of type str, expected a tensor"),
        (lambda x: F.conv2d(x, None), TypeError, "conv2d: weight is of type NoneType"),
        (lambda x: F.conv1d(x[0], x, "b"), TypeError, "conv1d: bias is of type str"),
        (lambda x: F.conv2d(x[0], x), ValueError, r"conv2d: x of shape \(1, 1, 1\), expected 4 ax"),
        (lambda x: F.conv2d(x, x, groups=1.5), TypeError, "groups: 1.5, expected an integer"),
        (lambda x: F.conv2d(x, x, groups=0), ValueError, "groups: 0, expected at least 1"),
        (lambda x: F.conv2d(x, x, stride=2**70), ValueError, "stride: integer too large"),
        (lambda x: F.conv2d(x, x, dilation=(1, 0)), ValueError, "dilation: 0, expected at least"),
        (lambda x: F.conv2d(x, x, dilation=(1,)), ValueError, r"dilation: \(1,\), expected an int"),
        (lambda x: F.conv_transpose2d(x, x, padding="same"), TypeError, "padding: 'same', expecte"),
        (lambda x: F.max_pool2d(x, "3"), TypeError, "kernel: '3', expected an integer"),
        (lambda x: F.avg_pool2d(None, 1), TypeError, "avg_pool2d: x is of type NoneType"),
        (lambda x: F.adaptive_avg_pool2d(x, -1), ValueError, "output: -1, expected at least 1"),
        (lambda x: F.max_pool1d(x, 2), ValueError, "max_pool1d: x of shape"),
        (lambda x: F.max_pool2d(x, 2, dilation="a"), TypeError, "dilation: 'a', expected an int"),
        (lambda x: F.max_pool2d(x), TypeError, "kernel"),
        (
            lambda x: nt._core._convolve_transposed("f", 7, x, x, None, 1, 0, 1, 1, 0),
            ValueError,
            "axes: 7, expected 1",
        ),
        (
            lambda x: nt._core._convolve_transposed(5, 2, x, x, None, 1, 0, 1, 1, 0),
            TypeError,
            ".",
        ),
        (lambda x: F.group_norm("a", 1), TypeError, "group_norm: x is of type str"),
        (lambda x: F.group_norm(x, None), TypeError, "groups: None, expected an integer"),
        (
            lambda x: F.scaled_dot_product_attention(x, object(), x),
            TypeError,
            "attention: key is of type object",
        ),
    ],
)
def test_arguments_of_wrong_types(call, error, message):
    with pytest.raises(error, match=message):
        call(nt.ones((1, 1, 1, 1)))
