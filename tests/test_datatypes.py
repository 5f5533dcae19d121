"""Dtypes of results, what dtypes can hold, devices and what the namespace says of itself."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import ALL, COMPLEX, FLOATS, INTEGERS, promoted

import ndtape as nt

KINDS = {
    "bool": ["bool"],
    "signed integer": ["int8", "int16", "int32", "int64"],
    "unsigned integer": ["uint8", "uint16", "uint32", "uint64"],
    "integral": INTEGERS,
    "real floating": FLOATS,
    "complex floating": COMPLEX,
    "numeric": INTEGERS + FLOATS + COMPLEX,
}
EVERY = ALL + COMPLEX
dtypes = st.sampled_from(EVERY)


def either(name, as_tensor):
    """A dtype, or a tensor that has it."""
    dtype = getattr(nt, name)
    return nt.zeros((), dtype=dtype) if as_tensor else dtype


@given(st.lists(st.tuples(dtypes, st.booleans()), min_size=1, max_size=4))
def test_result_type(operands):
    want = operands[0][0]
    for name, _ in operands[1:]:
        want = want and promoted(want, name)
    given_ = [either(*operand) for operand in operands]
    if want is None:
        with pytest.raises(TypeError):
            nt.result_type(*given_)
    else:
        assert nt.result_type(*given_) == want


@given(dtypes, st.sampled_from([True, 3, 2.5, 1 + 2j]), st.booleans())
def test_result_type_with_numbers_is_that_of_an_operator(name, number, first):
    x = nt.zeros((), dtype=name)
    want = nt.where(nt.asarray(True), x, number).dtype
    operands = (number, x) if first else (x, number)
    assert nt.result_type(*operands) == want
    assert nt.result_type(*(o.dtype if o is x else o for o in operands)) == want


def test_result_type_of_numbers_alone():
    assert nt.result_type(True) == nt.bool
    assert nt.result_type(1, True) == nt.int64
    assert nt.result_type(1, 2.0) == nt.get_default_dtype()


def test_result_type_refuses():
    with pytest.raises(ValueError, match="at least one"):
        nt.result_type()
    with pytest.raises(ValueError, match="300"):
        nt.result_type(nt.int8, 300)
    with pytest.raises(TypeError, match="nonsense"):
        nt.result_type("nonsense")


@given(dtypes, dtypes, st.booleans())
def test_can_cast(a, b, as_tensor):
    assert nt.can_cast(either(a, as_tensor), getattr(nt, b)) is (promoted(a, b) == b)


@pytest.mark.parametrize("name", FLOATS)
def test_finfo(name):
    want = np.finfo(name)
    for info in (nt.finfo(name), nt.finfo(getattr(nt, name)), nt.finfo(nt.zeros(2, dtype=name))):
        assert info.bits == want.bits
        assert info.dtype == name
        for attribute in ("eps", "max", "min", "smallest_normal"):
            value = getattr(info, attribute)
            assert type(value) is float
            assert value == float(getattr(want, attribute))


@pytest.mark.parametrize("name", INTEGERS)
def test_iinfo(name):
    want = np.iinfo(name)
    info = nt.iinfo(name)
    assert (info.bits, info.max, info.min, info.dtype) == (want.bits, want.max, want.min, name)
    assert nt.iinfo(nt.zeros(2, dtype=name)) == info


def test_limits_of_complex_dtypes_are_those_of_the_parts():
    assert nt.finfo(nt.complex64) == nt.finfo(nt.float32)
    assert nt.finfo(nt.zeros(1, dtype=nt.complex128)) == nt.finfo(nt.float64)


def test_limits_of_other_kinds():
    with pytest.raises(TypeError, match="iinfo for integers"):
        nt.finfo(nt.int32)
    with pytest.raises(TypeError, match="finfo for floats"):
        nt.iinfo(nt.float32)
    with pytest.raises(TypeError):
        nt.iinfo(nt.bool)
    with pytest.raises(TypeError):
        nt.finfo("nonsense")


@pytest.mark.parametrize("kind", KINDS)
def test_isdtype(kind):
    for name in EVERY:
        dtype = getattr(nt, name)
        assert nt.isdtype(dtype, kind) is (name in KINDS[kind])
        assert nt.isdtype(dtype, ("bool", kind)) is (name in [*KINDS[kind], "bool"])
        assert nt.isdtype(dtype, dtype)
        assert nt.isdtype(dtype, (nt.int8, nt.float64)) is (name in ("int8", "float64"))
    assert not nt.isdtype(nt.int8, ())


def test_isdtype_refuses():
    with pytest.raises(ValueError, match="'floating'"):
        nt.isdtype(nt.float32, "floating")
    with pytest.raises(ValueError, match="'floating'"):
        nt.isdtype(nt.float32, ("real floating", "floating"))
    with pytest.raises(TypeError):
        nt.isdtype(1.0, "bool")


def test_device():
    device = nt.zeros(2).device
    assert device == nt.Device("cpu") == "cpu"
    assert hash(device) == hash("cpu")
    assert device != "cuda"
    assert (str(device), repr(device), device.type) == ("cpu", "ndtape.Device('cpu')", "cpu")
    assert pickle.loads(pickle.dumps(device)) == device
    x = nt.ones(2, device=device)
    assert x.to_device(device) is x
    assert x.to_device("cpu") is x
    assert nt.astype(x, nt.float64, device=device).dtype == nt.float64
    for refused in ("cuda", "", 3):
        with pytest.raises(ValueError, match="'cpu'"):
            nt.Device(refused)
        with pytest.raises(ValueError, match="'cpu'"):
            x.to_device(refused)
    with pytest.raises(TypeError):
        nt.Device()


def test_inspection():
    info = nt.__array_namespace_info__()
    assert info.default_device() in info.devices()
    assert info.capabilities() == {
        "boolean indexing": True,
        "data-dependent shapes": True,
        "max dimensions": nt.zeros((1,) * 64).ndim,
    }
    defaults = info.default_dtypes(device=info.default_device())
    assert defaults["real floating"] == nt.asarray(1.0).dtype
    assert defaults["complex floating"] == nt.asarray(1j).dtype
    assert defaults["integral"] == nt.asarray(1).dtype
    assert defaults["indexing"] == nt.argmax(nt.ones(2)).dtype
    assert set(info.dtypes()) >= set(EVERY)
    for kind, names in KINDS.items():
        assert set(info.dtypes(kind=kind)) >= set(names)
        assert all(nt.isdtype(d, kind) for d in info.dtypes(kind=kind).values())
    assert set(info.dtypes(kind=("bool", "real floating"))) == {"bool", *FLOATS}
    with pytest.raises(ValueError, match="'float'"):
        info.dtypes(kind="float")
    with pytest.raises(ValueError, match="cuda"):
        info.dtypes(device="cuda")


def test_default_dtypes_follow_the_setting():
    nt.set_default_dtype(nt.float64)
    try:
        info = nt.__array_namespace_info__()
        assert info.default_dtypes()["real floating"] == nt.float64
    finally:
        nt.set_default_dtype(nt.float32)


def test_namespace():
    x = nt.zeros(1)
    assert x.__array_namespace__() is nt
    assert x.__array_namespace__(api_version=nt.__array_api_version__) is nt
    # In earlier versions some results were lists.
    earlier = x.__array_namespace__(api_version="2024.12")
    assert earlier.__array_api_version__ == "2024.12"
    assert type(earlier.meshgrid(x, x, indexing="ij")) is list
    assert type(earlier.broadcast_arrays(x, x)) is list
    assert earlier.__array_namespace_info__().devices() == [x.device]
    assert set(nt.__all__) <= set(dir(earlier))
    assert all(hasattr(earlier, name) for name in nt.__all__)
    assert not hasattr(earlier, "nonsense")
    assert earlier.sum is nt.sum
    assert x.__array_namespace__(api_version="2024.12") is earlier
    assert x.__array_namespace__(api_version="2021.12").__name__ == "ndtape"
    with pytest.raises(ValueError, match="'2020.10'"):
        x.__array_namespace__(api_version="2020.10")
    with pytest.raises(TypeError):
        x.__array_namespace__(api_version=2021)
