"""nt.save and nt.load: what was written comes back; what is damaged is named and refused."""

import os
import stat
import struct
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import ALL, COMPLEX, assert_same, examples, pairs

import ndtape as nt

SEVERAL = [".npz", ".safetensors"]


def needs(suffix):
    if suffix == ".safetensors":
        pytest.importorskip("safetensors", reason="safetensors is not installed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


@given(pairs(max_dims=4))
def test_round_trip(folder, case):
    array, tensor = case
    for suffix in (".npy", *SEVERAL):
        if suffix == ".safetensors" and "safetensors" not in sys.modules:
            needs(suffix)
        file = folder / f"x{suffix}"
        several = suffix != ".npy"
        nt.save(file, {"x": tensor, "y": nt.ones(1)} if several else tensor)
        got = nt.load(file)
        if several:
            assert list(got) == ["x", "y"]
            assert got["y"].tolist() == [1]
            got = got["x"]
        assert_same(got, array)
        if array.size:
            got[...] = 0  # memory of its own


@pytest.mark.parametrize("name", [*ALL, *COMPLEX])
def test_numpy_reads_and_writes_the_same_files(tmp_path, name):
    array = np.arange(6).reshape(2, 3).astype(name)
    nt.save(tmp_path / "a.npy", array)
    assert_same(nt.asarray(np.load(tmp_path / "a.npy")), array)
    np.save(tmp_path / "b.npy", np.asfortranarray(array))
    assert_same(nt.load(tmp_path / "b.npy"), array)
    np.savez_compressed(tmp_path / "c.npz", array, other=array.T)
    got = nt.load(str(tmp_path / "c.npz"))
    assert_same(got["arr_0"], array)
    assert_same(got["other"], array.T)
    nt.save(tmp_path / "d.npz", {"file": array, "a/b": array[0], "": array[1]})
    with np.load(tmp_path / "d.npz") as theirs:
        assert_same(nt.asarray(theirs["file"]), array)
        assert theirs["a/b"].shape == (3,)
    assert set(nt.load(tmp_path / "d.npz")) == {"file", "a/b", ""}


def test_foreign_byte_order(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(3, dtype=">f8"))
    assert nt.load(tmp_path / "x.npy").tolist() == [0, 1, 2]


def test_safetensors_reads_and_writes_the_same_files(tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy", reason="safetensors is not installed")
    file = str(tmp_path / "x.safetensors")
    arrays = {
        "a": np.arange(5, dtype=np.uint8),
        "b": np.eye(3),
        "c": np.array(True),
        "d": np.array([1j], "c8"),
    }
    safetensors.save_file(arrays, file, metadata={"made": "elsewhere"})
    for mmap in (False, True):
        got = nt.load(file, mmap=mmap)
        for name, array in arrays.items():
            assert_same(got[name], array)
    nt.save(file, {name: nt.asarray(a) for name, a in arrays.items()})
    for name, array in safetensors.load_file(file).items():
        assert_same(nt.asarray(array), arrays[name])
    with pytest.raises(TypeError, match="complex128"):
        nt.save(file, {"z": np.zeros(1, np.complex128)})


@pytest.mark.parametrize("suffix", [".npy", ".safetensors"])
def test_mapped_files(tmp_path, suffix):
    needs(suffix)
    file = tmp_path / f"x{suffix}"
    array = np.arange(100_000, dtype=np.float32)
    nt.save(file, array if suffix == ".npy" else {"x": array})
    x = nt.load(file, mmap=True)
    x = x if suffix == ".npy" else x["x"]
    assert_same(x + 0, array)
    with pytest.raises(ValueError, match="read-only"):
        x += 1
    os.unlink(file)
    assert nt.sum(x, dtype=nt.float64).item() == array.sum(dtype=float)
    nt.save(file, nt.zeros((0, 2)) if suffix == ".npy" else {})
    assert nt.load(file, mmap=True) is not None


def test_values_of_tensors_that_record(tmp_path):
    nt.save(tmp_path / "x.npy", nt.tensor([1.0, 2.0], requires_grad=True) * 2)
    assert nt.load(tmp_path / "x.npy").tolist() == [2, 4]


@pytest.mark.parametrize("suffix", [".npy", *SEVERAL])
def test_a_failed_save_leaves_the_old_file(tmp_path, suffix):
    needs(suffix)
    file = tmp_path / f"x{suffix}"
    pack = (lambda x: x) if suffix == ".npy" else (lambda x: {"x": x})
    nt.save(file, pack(nt.ones(3)))
    before = file.read_bytes()
    with pytest.raises(TypeError):
        nt.save(file, pack(object()))
    if os.geteuid() == 0 and sys.platform == "linux":
        with pytest.raises(OSError, match="x"):
            nt.save(f"/proc/x{suffix}", pack(nt.ones(3)))
    assert file.read_bytes() == before
    assert os.listdir(tmp_path) == [file.name]


def test_the_new_file_has_the_permissions_of_the_old(tmp_path):
    file = tmp_path / "x.npy"
    nt.save(file, nt.ones(1))
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    assert stat.S_IMODE(file.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    file.chmod(0o640)
    link = tmp_path / "link.npy"
    link.symlink_to(file)
    nt.save(link, nt.zeros(2))
    assert link.is_symlink()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert nt.load(file).tolist() == [0, 0]


def test_forms_that_do_not_fit(tmp_path):
    with pytest.raises(TypeError, match="dict as .npz"):
        nt.save(tmp_path / "x.npy", {"a": 1})
    with pytest.raises(TypeError, match="list"):
        nt.save(tmp_path / "x.npz", [1, 2])
    with pytest.raises(TypeError, match="5"):
        nt.save(tmp_path / "x.npz", {5: 1})
    with pytest.raises(ValueError, match=r"x.txt must end in one of .npy"):
        nt.save(tmp_path / "x.txt", 1)
    with pytest.raises(ValueError, match="must end"):
        nt.load("x")
    with pytest.raises(TypeError, match="int"):
        nt.load(5)
    with pytest.raises(FileNotFoundError):
        nt.load(tmp_path / "none.npy")
    with pytest.raises(ValueError, match="mmap"):
        nt.load(tmp_path / "none.npz", mmap=True)
    assert os.listdir(tmp_path) == []


def test_without_safetensors(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    for use in (lambda f: nt.save(f, {}), nt.load):
        with pytest.raises(ImportError, match=r"ndtape\[safetensors\]"):
            use(tmp_path / "x.safetensors")


def test_dtypes_that_tensors_do_not_have(tmp_path):
    np.save(tmp_path / "h.npy", np.zeros(2, np.float16))
    with pytest.raises(TypeError, match=r"h.npy.*float16"):
        nt.load(tmp_path / "h.npy")
    np.savez(tmp_path / "h.npz", w=np.zeros(2, "S3"))
    with pytest.raises(TypeError, match=r"h.npz, 'w'"):
        nt.load(tmp_path / "h.npz")


def test_no_code_in_a_file_is_run(tmp_path):
    np.save(tmp_path / "o.npy", np.array([{}]), allow_pickle=True)
    for mmap in (False, True):
        with pytest.raises(ValueError, match=r"o.npy.*objects"):
            nt.load(tmp_path / "o.npy", mmap=mmap)


@pytest.mark.parametrize("suffix", [".npy", *SEVERAL])
@pytest.mark.parametrize("mmap", [False, True])
def test_files_cut_short(tmp_path, suffix, mmap):
    needs(suffix)
    if mmap and suffix == ".npz":
        pytest.skip("archives are not mapped")
    file = tmp_path / f"x{suffix}"
    nt.save(file, nt.arange(10) if suffix == ".npy" else {"x": nt.arange(10)})
    whole = file.read_bytes()
    for length in (*range(0, len(whole), 7), len(whole) - 1):
        file.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=f"x{suffix} is damaged"):
            nt.load(file, mmap=mmap)


@pytest.mark.parametrize("suffix", [".npy", *SEVERAL])
@examples(60)
@given(data=st.data())
def test_files_with_other_bytes(folder, suffix, data):
    """A tensor or an exception that names the file."""
    needs(suffix)
    file = folder / f"bytes{suffix}"
    nt.save(file, nt.arange(10) if suffix == ".npy" else {"x": nt.arange(10)})
    content = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    file.write_bytes(content)
    for mmap in (False, True) if suffix != ".npz" else (False,):
        try:
            nt.load(file, mmap=mmap)
        except (ValueError, TypeError) as error:
            named = file.name in str(error)
            assert named


def test_shapes_beyond_any_memory(tmp_path):
    file = tmp_path / "x.npy"
    np.save(file, np.zeros((0, 3)))
    content = file.read_bytes()
    file.write_bytes(content.replace(b"(0, 3), }" + b" " * 18, b"(0, 4611686018427387904), }"))
    assert file.read_bytes() != content
    with pytest.raises(ValueError, match=r"x.npy is damaged"):
        nt.load(file)


def test_directories_that_point_before_the_start(tmp_path):
    file = tmp_path / "x.npz"
    np.savez(file, a=np.arange(3))
    content = bytearray(file.read_bytes())
    del content[10:40]
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"x.npz is damaged"):
        nt.load(file)


@pytest.mark.parametrize(
    "header", ["{", "[" * 300, "{'descr': 5, 'fortran_order': 1}", "\x00", "'"]
)
def test_headers_that_are_not_python(tmp_path, header):
    file = tmp_path / "x.npy"
    file.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
    with pytest.raises(ValueError, match=r"x.npy is damaged"):
        nt.load(file)


def test_a_shape_larger_than_the_file(tmp_path):
    """Refused before memory is asked for."""
    header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,)}".ljust(117) + "\n"
    file = tmp_path / "x.npy"
    file.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
    with pytest.raises(ValueError, match="8000000000000 bytes"):
        nt.load(file)
    with zipfile.ZipFile(tmp_path / "y.npz", "w") as archive:
        archive.write(file, "x.npy")
    with pytest.raises(ValueError, match="8000000000000 bytes"):
        nt.load(tmp_path / "y.npz")
    with zipfile.ZipFile(tmp_path / "y.npz", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(ValueError, match=r"readme.txt"):
        nt.load(tmp_path / "y.npz")
