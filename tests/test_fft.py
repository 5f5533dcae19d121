"""nt.fft beside NumPy: values, lengths, dtypes, layouts, derivatives, and what is refused."""

import gradcheck
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import COMPLEX, FLOATS, assert_same, examples, from_tensor, laid_out

import ndtape as nt

F = nt.fft
ALONG = ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]
SEVERAL = ["fftn", "ifftn", "rfftn", "irfftn"]
NORMS = ["backward", "ortho", "forward"]


def takes(name):
    return FLOATS if name in ("rfft", "ihfft", "rfftn") else FLOATS + COMPLEX


def close(got, want, dtype):
    tolerance = 1e-5 if dtype in ("float32", "complex64") else 1e-12
    assert got.dtype == want.dtype
    got = from_tensor(got)
    assert got.shape == want.shape
    scale = np.abs(want).max(initial=1)
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.parametrize("name", ALONG)
@given(data=st.data())
def test_along_an_axis(name, data):
    dtype = data.draw(st.sampled_from(takes(name)))
    shape = data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=3))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    if name in ("irfft", "hfft"):
        shape[axis] = max(shape[axis], 2)
    array, tensor = data.draw(laid_out(dtype, tuple(shape), domain="small"))
    options = {"axis": axis, "norm": data.draw(st.sampled_from(NORMS))}
    options["n"] = data.draw(st.none() | st.integers(1, 9))
    want = getattr(np.fft, name)(array, **options)
    close(getattr(F, name)(tensor, **options), want, dtype)


@pytest.mark.parametrize("name", SEVERAL)
@given(data=st.data())
def test_along_several_axes(name, data):
    dtype = data.draw(st.sampled_from(takes(name)))
    shape = tuple(data.draw(st.lists(st.integers(2, 5), min_size=1, max_size=3)))
    array, tensor = data.draw(laid_out(dtype, shape, domain="small"))
    order = data.draw(st.permutations(range(-len(shape), 0)))
    axes = order[: data.draw(st.integers(1, len(shape)))]
    options = {"norm": data.draw(st.sampled_from(NORMS))}
    if data.draw(st.booleans()):
        options["axes"] = axes
        if data.draw(st.booleans()):
            options["s"] = [data.draw(st.integers(1, 7)) for _ in axes]
    want = getattr(np.fft, name)(array, **options)
    close(getattr(F, name)(tensor, **options), want, dtype)


def test_lengths_without_axes_are_of_the_last_ones():
    x = np.random.default_rng(0).standard_normal((2, 3, 4))
    for name in SEVERAL:
        want = getattr(np.fft, name)(x, s=(3, 6), axes=(1, 2))
        close(getattr(F, name)(x, s=(3, 6)), want, "float64")
    assert_same(F.fftn(nt.tensor(2.0)), np.complex64(2))
    assert_same(F.fftn(nt.ones((2, 2)), axes=()), np.ones((2, 2), np.complex64))


@given(st.integers(1, 12), st.sampled_from([1.0, 0.25, -3.0]))
def test_frequencies(n, d):
    for name in ("fftfreq", "rfftfreq"):
        want = getattr(np.fft, name)(n, d)
        got = getattr(F, name)(n, d=d, dtype=nt.float64)
        assert_same(got, want)
        assert getattr(F, name)(n).dtype == nt.float32


def test_frequencies_have_the_default_dtype():
    nt.set_default_dtype(nt.float64)
    assert F.fftfreq(3).dtype == F.rfftfreq(3).dtype == nt.float64


@given(st.data())
def test_shifts(data):
    shape = tuple(data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=3)))
    array, tensor = data.draw(laid_out("int32", shape))
    options = {}
    if data.draw(st.booleans()):
        axis = data.draw(st.integers(-len(shape), len(shape) - 1))
        options["axes"] = data.draw(st.sampled_from([axis, [axis], (axis,)]))
    for name in ("fftshift", "ifftshift"):
        assert_same(getattr(F, name)(tensor, **options), getattr(np.fft, name)(array, **options))
    assert_same(F.ifftshift(F.fftshift(tensor, **options), **options), array)


@pytest.mark.parametrize("scipy", [True, False])
@pytest.mark.parametrize("name", [*ALONG, *SEVERAL])
def test_large_arrays_with_and_without_scipy(monkeypatch, name, scipy):
    if scipy:
        pytest.importorskip("scipy.fft", reason="SciPy is not installed")
    else:
        monkeypatch.setattr(F, "_scipy", lambda: None)
    for dtype in takes(name):
        x = np.random.default_rng(0).standard_normal((70, 81))[::-1].astype(dtype)
        for norm in NORMS:
            close(getattr(F, name)(x, norm=norm), getattr(np.fft, name)(x, norm=norm), dtype)


@pytest.mark.parametrize("n", range(1, 68))
def test_few_numbers_of_any_length(n):
    """By our own kernel as long as they are few, on any strides; more accurate than asked."""
    rng = np.random.default_rng(n)
    for shape, axis in (((n,), 0), ((3, n), 1), ((n, 2), 0), ((2, n, 3), 1), ((400, n), -1)):
        for name in ALONG:
            for dtype in takes(name):
                array = rng.standard_normal(shape) + (0 if dtype in FLOATS else 1j)
                array = array.astype(dtype)[::-1]
                length = n if name in ("fft", "ifft", "rfft", "ihfft") else 2 * n - 1
                for m in {length, max(length - 1, 1)}:
                    for norm in NORMS:
                        got = getattr(F, name)(nt.asarray(array), n=m, axis=axis, norm=norm)
                        wide = array.astype(np.result_type(dtype, np.float64))
                        want = getattr(np.fft, name)(wide, n=m, axis=axis, norm=norm)
                        error = np.linalg.norm(from_tensor(got) - want)
                        assert got.dtype == getattr(np.fft, name)(array, n=m, axis=axis).dtype
                        assert error <= 4 * np.finfo(dtype).eps * np.linalg.norm(want)


@pytest.mark.parametrize("n", [4, 8, 12, 16, 20, 64, 4096])
def test_quarters_of_a_turn_are_exact(n):
    x = np.zeros(n)
    x[n // 4] = 1
    want = np.tile([1, -1j, -1, 1j], n // 4)
    np.testing.assert_array_equal(F.fft(nt.asarray(x + 0j)).numpy(), want)
    np.testing.assert_array_equal(F.ifft(nt.asarray(x + 0j), norm="forward").numpy(), want.conj())


def test_kernels_take_nothing_else():
    core = nt._core
    line = nt.ones(3)
    assert core._fft(nt.ones(0), 0, False, 1.0) is None
    assert core._fft(nt.ones(67), 0, False, 1.0) is None
    assert core._rfft(nt.ones(67), 0, 1.0) is None
    assert core._irfft(nt.ones(67, dtype=nt.complex64), 0, 132, 1.0) is None
    operation = core.operation("fft", lambda g: g)
    unusual = [
        ([1.0, 2.0], 0, "ortho"), (line, 1, "ortho"), (line, -2, "ortho"), (line, 2**70, "ortho"),
        (line, 0.0, "ortho"), (line, 0, "ORTHO"), (line, 0, None), (line, 0, "ortho\ud800"),
        (nt.ones(()), 0, "ortho"), (nt.ones((2, 0)), 0, "ortho"), (nt.ones(67), 0, "ortho"),
        (nt.ones(3, dtype=nt.int64), 0, "ortho"),
    ]  # fmt: skip
    for x, axis, norm in unusual:
        assert core._fft_along(x, axis, False, norm, operation) is None
    for axis in (np.array(0), np.int64(1), True, nt.asarray(0)):
        got = F.fft(nt.ones((2, 3)), axis=axis).numpy()
        np.testing.assert_allclose(got, np.fft.fft(np.ones((2, 3)), axis=int(axis)), atol=1e-6)
    with pytest.raises(TypeError, match="list"):
        F.fft(line, axis=[0])
    with pytest.raises(TypeError, match="expected what _core.operation made, not int"):
        core._fft_along(line, 0, False, "ortho", 3)
    for wrong in (-1, 0, 3, 6, 2**62, -(2**62)):
        with pytest.raises(ValueError, match=f"irfft: length {wrong}"):
            core._irfft(nt.ones(3, dtype=nt.complex64), 0, wrong, 1.0)
    with pytest.raises(TypeError, match="float32 is not complex"):
        core._irfft(line, 0, 4, 1.0)
    with pytest.raises(TypeError, match="complex64 is not real"):
        core._rfft(nt.ones(3, dtype=nt.complex64), 0, 1.0)
    for call in (
        lambda x, axis: core._fft(x, axis, True, 1.0),
        lambda x, axis: core._rfft(x, axis, 1.0),
    ):
        with pytest.raises(IndexError, match="axis 1 is out of range"):
            call(line, 1)
        with pytest.raises(IndexError, match="out of range"):
            call(nt.ones(()), 0)
        with pytest.raises(TypeError, match="dtype int64"):
            call(nt.ones(3, dtype=nt.int64), 0)


@examples(12)
@given(
    st.sampled_from(
        [
            ((4096,), (0,)),
            ((8192,), (0,)),
            ((3, 2**13), (1,)),
            ((2**13, 3), (0,)),
            ((37, 128), (1,)),
            ((5, 64, 21), (1,)),
            ((70, 2048), (1,)),
            ((512, 16), (0, 1)),
            ((60, 128), (0, 1)),
            ((2**17,), (0,)),
        ]
    ),
    st.sampled_from(COMPLEX),
    st.sampled_from(NORMS),
    st.integers(0, 2**32 - 1),
)
def test_many_numbers_and_powers_of_two(case, dtype, norm, seed):
    """Our own kernels: lines alone, side by side, in the middle, and as long as a matrix."""
    shape, axes = case
    parts = np.random.default_rng(seed).standard_normal((2, *shape))
    array = (parts[0] + 1j * parts[1]).astype(dtype)
    error = 3e-7 if dtype == "complex64" else 1e-15
    for name in ("fftn", "ifftn"):
        want = getattr(np.fft, name)(array.astype("complex128"), axes=axes, norm=norm)
        given_array = np.asfortranarray(array) if seed % 2 else array
        got = getattr(F, name)(given_array, axes=axes, norm=norm)
        assert got.dtype == dtype
        assert np.linalg.norm(got.numpy() - want) < error * np.linalg.norm(want)
    z = nt.asarray(array, copy=True).requires_grad_()
    nt.sum(nt.real(F.fftn(z, axes=axes, norm=norm)[..., 0])).backward()
    flat = np.zeros(shape)
    flat[..., 0] = 1
    back = {"backward": "forward", "forward": "backward", "ortho": "ortho"}[norm]
    close(z.grad, np.fft.ifftn(flat, axes=axes, norm=back).astype(dtype), dtype)


@examples(12)
@given(
    st.sampled_from(
        [((8192,), 0), ((2, 4096), 1), ((3, 2, 1024), -1), ((1024, 6), 0), ((2**16,), 0)]
    ),
    st.sampled_from([np.float32, np.float64]),
    st.sampled_from(["backward", "ortho", "forward"]),
    st.integers(0, 2**32 - 1),
)
def test_many_real_numbers_and_powers_of_two(case, dtype, norm, seed):
    """By our own kernels; a half whose ends are not real is transformed as if they were."""
    shape, axis = case
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape).astype(dtype)
    half = np.fft.rfft(x.astype(np.float64), axis=axis, norm=norm)
    complex_dtype = np.result_type(dtype, np.complex64)
    got = nt.fft.rfft(nt.asarray(x), axis=axis, norm=norm)
    tolerance = 30 * np.finfo(dtype).eps
    assert got.numpy().dtype == complex_dtype
    np.testing.assert_allclose(got.numpy(), half, rtol=0, atol=tolerance * np.abs(half).max())
    half = (half + 0.5j * np.abs(half).max()).astype(complex_dtype)
    want = np.fft.irfft(half.astype(np.complex128), axis=axis, norm=norm)
    back = nt.fft.irfft(nt.asarray(half), axis=axis, norm=norm)
    assert back.dtype == nt.asarray(x).dtype
    np.testing.assert_allclose(back.numpy(), want, rtol=0, atol=tolerance * np.abs(want).max())


def test_long_real_lines_have_derivatives():
    """What reaches a real number, from both of a pair of conjugates but for the ends."""
    x = nt.asarray(np.random.default_rng(0).standard_normal(8192)).requires_grad_()
    w = np.random.default_rng(1).standard_normal(4097)
    (nt.real(nt.fft.rfft(x)) * nt.asarray(w)).sum().backward()
    whole = np.concatenate([w, np.zeros(4095)])
    np.testing.assert_allclose(x.grad.numpy(), np.fft.fft(whole).real, atol=1e-10)


def test_integers_become_floats():
    assert F.fft(nt.arange(4)).dtype == nt.complex64
    assert F.irfft(nt.arange(4)).dtype == nt.float32


# ---- derivatives -------------------------------------------------------------------------------


def _parts(y):
    return nt.stack([nt.real(y), nt.imag(y)]) if y.dtype.kind == "c" else y


CASES = {
    "fft": {"n": 5},
    "fft short": {"n": 2, "axis": 0, "norm": "ortho"},
    "ifft": {"norm": "forward"},
    "fftn": {"norm": "ortho"},
    "fftn resized": {"s": (5, 2)},
    "ifftn": {"axes": (0,)},
    "rfft": {},
    "rfft odd": {"n": 5, "norm": "ortho"},
    "rfft axis": {"axis": 0, "norm": "forward"},
    "irfft": {},
    "irfft odd": {"n": 5, "norm": "forward"},
    "irfft one": {"n": 1},
    "rfftn": {"norm": "ortho"},
    "rfftn resized": {"s": (2, 5), "axes": (1, 0)},
    "irfftn": {"norm": "forward"},
    "irfftn resized": {"s": (4, 3)},
    "hfft": {"n": 5},
    "ihfft": {"norm": "ortho"},
    "fftshift": {},
    "ifftshift": {"axes": 1},
}


@pytest.mark.parametrize("name", CASES)
def test_derivatives(name):
    """Of real and of complex tensors, of functions that are not linear."""
    transform = getattr(F, name.split()[0])
    rng = np.random.default_rng(0)
    re, im = rng.standard_normal((2, 3, 4))
    f = lambda x: _parts((lambda y: y * y)(transform(x, **CASES[name])))  # noqa: E731
    gradcheck.check(f, re)
    if name.split()[0] not in ("rfft", "ihfft", "rfftn"):
        gradcheck.check(lambda re, im: f(re + im * 1j), re, im)


@pytest.mark.parametrize("shift", [F.fftshift, F.ifftshift])
def test_shifts_of_one_number(shift):
    assert shift(nt.tensor(3)).item() == 3


def test_every_function_is_covered():
    used = {name.split()[0] for name in CASES}
    assert set(F.__all__) - used == {"fftfreq", "rfftfreq"}


@examples(10)
@given(st.integers(0, 2**32 - 1))
def test_against_torch(seed):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    array = np.random.default_rng(seed).standard_normal((3, 4, 5))
    x = nt.tensor(array, requires_grad=True)
    t = torch.tensor(array, requires_grad=True)
    for name in ("fft", "rfft", "ifft", "ihfft", "fftn", "rfftn"):
        y = getattr(F, name)(x, norm="ortho")
        nt.sum(nt.square(nt.abs(y)) * nt.real(y)).backward()
        w = getattr(torch.fft, name)(t, norm="ortho")
        torch.sum(torch.square(torch.abs(w)) * torch.real(w)).backward()
        np.testing.assert_allclose(x.grad, t.grad.numpy(), rtol=1e-9, atol=1e-9)
        x.grad = t.grad = None


# ---- what is refused -----------------------------------------------------------------------------

X = nt.ones((2, 3))


@pytest.mark.parametrize(
    ("error", "call", "match"),
    [
        (IndexError, lambda: F.fft(X, axis=2), "fft: axis 2"),
        (IndexError, lambda: F.fft(nt.tensor(1.0)), "0 axes"),
        (IndexError, lambda: F.rfftn(X, axes=(0, 5)), "axis 5"),
        (IndexError, lambda: F.fftshift(X, axes=3), "axis 3"),
        (ValueError, lambda: F.fft(X, n=0), "length 0"),
        (ValueError, lambda: F.fft(X, n=-3), "length -3"),
        (ValueError, lambda: F.fft(nt.zeros((2, 0))), "length 0 along axis 1"),
        (ValueError, lambda: F.irfft(nt.ones(1)), "n is 0"),
        (ValueError, lambda: F.irfftn(nt.ones((2, 1))), "last length is 0"),
        (ValueError, lambda: F.rfft(X, norm="none"), "rfft: norm 'none'"),
        (ValueError, lambda: F.hfft(X, norm=None), "hfft: norm None"),
        (ValueError, lambda: F.fftn(X, axes=(0, -2)), "repeat"),
        (ValueError, lambda: F.fftn(X, s=(2,), axes=(0, 1)), "1 lengths for 2 axes"),
        (IndexError, lambda: F.fftn(X, s=(2, 2, 2)), "axis -3"),
        (ValueError, lambda: F.rfftn(X, axes=()), "at least one"),
        (ValueError, lambda: F.irfftn(X, axes=()), "at least one"),
        (TypeError, lambda: F.rfft(X * 1j), "rfft: expected real"),
        (TypeError, lambda: F.ihfft(X * 1j), "expected real"),
        (TypeError, lambda: F.rfftn(X * 1j), "rfftn: expected real"),
        (TypeError, lambda: F.fft(X, n=2.0), "float"),
        (ValueError, lambda: F.fftfreq(0), "fftfreq: n must be positive"),
        (ValueError, lambda: F.rfftfreq(3, d=0), "d must not be 0"),
        (TypeError, lambda: F.fftfreq(3, dtype=nt.int64), "int64"),
        (ValueError, lambda: F.fftfreq(3, device="cuda"), "cuda"),
    ],
)
def test_misuse(error, call, match):
    with pytest.raises(error, match=match):
        call()
