"""Tensors in files: ``save`` and ``load`` for .npy, .npz and .safetensors."""

from __future__ import annotations

import errno
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from ndtape import _core
from ndtape._core import Tensor

__all__ = ["load", "save"]

Array = npt.NDArray[Any]

_SUFFIXES = (".npy", ".npz", ".safetensors")


def save(file: str | os.PathLike[str], data: Any, /) -> None:
    """Write a tensor, or several by name, to a file.

    The file appears whole or not at all: it is written under another name beside `file`, which it
    then replaces.

    Parameters
    ----------
    file : str or path
        Its ending says how: ``.npy`` for one tensor, ``.npz`` or ``.safetensors`` for several.
        NumPy reads the first two, the package ``safetensors`` (which must be installed to write
        it) the third.
    data : array_like, or dict of str to array_like
        What to write. Of tensors that record gradients the values are written.

    Raises
    ------
    ImportError
        For ``.safetensors`` without the package: ``pip install ndtape[safetensors]``.
    OSError
        When the file cannot be written.
    TypeError
        When `data` is not of the form that the file holds, or safetensors lacks its dtype.
    ValueError
        For another ending.

    See Also
    --------
    load : read it again.

    Examples
    --------
    >>> import ndtape as nt
    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = os.path.join(folder, "net.npz")
    ...     nt.save(file, {"weight": nt.ones((2, 2)), "bias": nt.zeros(2)})
    ...     nt.load(file)["bias"]
    tensor([0., 0.])
    """
    path, suffix = _path_and_suffix(file, "save")
    if suffix == ".npy":
        if isinstance(data, Mapping):
            raise TypeError("save: a .npy file holds one tensor; write a dict as .npz")
        array = _as_array(data)
        with _replacing(path) as temporary, open(temporary, "wb") as out:
            np.lib.format.write_array(out, array, allow_pickle=False)
        return
    arrays = _named_arrays(data, suffix)
    if suffix == ".npz":
        import zipfile  # here, as below: the import of ndtape does not wait for it

        with _replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
            for name, array in arrays.items():
                with archive.open(name + ".npy", "w", force_zip64=True) as out:
                    np.lib.format.write_array(out, array, allow_pickle=False)
        return
    numpy_io = _safetensors("save").numpy
    for name, array in arrays.items():
        if array.dtype == np.complex128:
            raise TypeError(f"save: {name!r} is complex128, which safetensors does not have")
    dense = {name: np.ascontiguousarray(a).reshape(a.shape) for name, a in arrays.items()}
    with _replacing(path) as temporary:
        numpy_io.save_file(dense, temporary)


def load(file: str | os.PathLike[str], /, *, mmap: bool = False) -> Any:
    """Read what `save`, NumPy or safetensors has written.

    Parameters
    ----------
    file : str or path
        Ends in ``.npy``, ``.npz`` or ``.safetensors``.
    mmap : bool
        Whether to map the file into memory rather than read it: its pages come from the disk as
        they are used, and the tensors are read-only. Not for ``.npz``.

    Returns
    -------
    Tensor, or dict of str to Tensor
        A tensor for ``.npy``, else all by name. No code in a file is ever run.

    Raises
    ------
    ImportError
        For ``.safetensors`` without the package: ``pip install ndtape[safetensors]``.
    OSError
        When the file cannot be read.
    TypeError
        When it holds a dtype that ndtape has not.
    ValueError
        When it is damaged or of another kind; for another ending; for `mmap` of ``.npz``.

    See Also
    --------
    save : write tensors.

    Examples
    --------
    >>> import ndtape as nt
    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = os.path.join(folder, "x.npy")
    ...     nt.save(file, nt.tensor([1, 2, 3]))
    ...     nt.load(file)
    tensor([1, 2, 3])
    """
    path, suffix = _path_and_suffix(file, "load")
    if suffix == ".npz":
        if mmap:
            raise ValueError(f"load: mmap is for .npy and .safetensors, not for {path}")
        return _load_npz(path)
    if suffix == ".npy":
        return _load_npy(path, mmap)
    return _load_safetensors(path, mmap)


def _load_npy(path: str, mmap: bool) -> Tensor:
    with open(path, "rb") as source:
        length = os.fstat(source.fileno()).st_size
        with _naming(path):
            shape, order, dtype = _read_header(source, length)
            start = source.tell()
            memory = _mapped(path)[start:] if mmap else _read_rest(source, shape, dtype)
            array = _shaped(memory, shape, order, dtype)
    return _as_tensor(path, "", array)


def _load_npz(path: str) -> dict[str, Tensor]:
    import zipfile

    arrays: dict[str, Array] = {}
    with open(path, "rb") as source, _naming(path), zipfile.ZipFile(source) as archive:
        for info in archive.infolist():
            if not info.filename.endswith(".npy"):
                raise ValueError(f"its member {info.filename!r} is no .npy file")
            with archive.open(info) as member:
                shape, order, dtype = _read_header(member, info.file_size)
                memory = _read_rest(member, shape, dtype)
                if member.read(1):  # to the end, where the checksum is compared
                    raise ValueError(f"its member {info.filename!r} is too long")
            arrays[info.filename.removesuffix(".npy")] = _shaped(memory, shape, order, dtype)
    return {name: _as_tensor(path, name, array) for name, array in arrays.items()}


def _load_safetensors(path: str, mmap: bool) -> dict[str, Tensor]:
    import json

    package = _safetensors("load")
    memory = _mapped(path) if mmap else np.fromfile(path, np.uint8)
    try:
        # The package checks the header, the offsets among it; the bytes are then ours to see.
        with package.safe_open(path, framework="numpy") as checked:
            names = list(checked.keys())
    except package.SafetensorError as error:
        raise ValueError(f"load: {path} is damaged or no .safetensors file: {error}") from None
    start = 8 + int.from_bytes(memory[:8].tobytes(), "little")
    header = json.loads(memory[8:start].tobytes())
    result = {}
    for name in names:
        entry = header[name]
        dtype = _SAFETENSORS_DTYPES.get(entry["dtype"])
        if dtype is None:
            raise TypeError(f"load: {path}: ndtape has no dtype for {entry['dtype']} of {name!r}")
        begin, end = entry["data_offsets"]
        with _naming(path):
            array = memory[start + begin : start + end].view(dtype).reshape(entry["shape"])
        result[name] = _as_tensor(path, name, array)
    return result


_SAFETENSORS_DTYPES = {
    "BOOL": "?",
    "I8": "i1",
    "I16": "<i2",
    "I32": "<i4",
    "I64": "<i8",
    "U8": "u1",
    "U16": "<u2",
    "U32": "<u4",
    "U64": "<u8",
    "F32": "<f4",
    "F64": "<f8",
    "C64": "<c8",
}


# ---- parts of a .npy file --------------------------------------------------------------------


def _read_header(source: IO[bytes], length: int) -> tuple[tuple[int, ...], str, np.dtype[Any]]:
    """Shape, order and dtype, when what follows is as long as they say."""
    version = np.lib.format.read_magic(source)
    if version == (1, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(source)
    elif version == (2, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_2_0(source)
    else:
        raise ValueError(f"version {version[0]}.{version[1]} is for arrays of records alone")
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which only running its code could read")
    if any(n < 0 for n in shape):
        raise ValueError(f"its shape {shape} has a negative length")
    there, needed = length - source.tell(), math.prod(shape) * dtype.itemsize
    if there < needed:
        raise ValueError(f"shape {shape} of {dtype} takes {needed} bytes, but {there} are there")
    return shape, "F" if fortran else "C", dtype


def _read_rest(source: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    memory = np.empty(math.prod(shape) * dtype.itemsize, np.uint8)
    rest = memory.data
    while len(rest) > 0:
        count = source.readinto(rest)  # type: ignore[attr-defined]
        if not count:
            raise ValueError(f"it ends {len(rest)} bytes too early")
        rest = rest[count:]
    return memory


def _shaped(memory: Array, shape: tuple[int, ...], order: str, dtype: np.dtype[Any]) -> Array:
    count = math.prod(shape)
    if count == 0:
        return np.empty(shape, dtype)
    values = memory[: count * dtype.itemsize].view(dtype)
    return values.reshape(shape) if order == "C" else values.reshape(shape[::-1]).T


def _mapped(path: str) -> Array:
    if os.path.getsize(path) == 0:  # nothing that could be mapped
        return np.empty(0, np.uint8)
    return np.asarray(np.memmap(path, np.uint8, mode="r"))


# ---- helpers ---------------------------------------------------------------------------------


def _path_and_suffix(file: str | os.PathLike[str], what: str) -> tuple[str, str]:
    if not isinstance(file, (str, os.PathLike)):
        raise TypeError(f"{what}: file must be a path, not {type(file).__name__}")
    path = os.fsdecode(file)
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in _SUFFIXES:
        raise ValueError(f"{what}: {path} must end in one of {', '.join(_SUFFIXES)}")
    return path, suffix


def _as_array(data: Any) -> Array:
    return _core.asarray(data).detach().numpy()


def _as_tensor(path: str, name: str, array: Array) -> Tensor:
    try:
        return _core.asarray(array)
    except TypeError as error:
        place = f"{path}, {name!r}" if name else path
        raise TypeError(f"load: {place}: {error}") from None


def _named_arrays(data: Any, suffix: str) -> dict[str, Array]:
    if not isinstance(data, Mapping):
        raise TypeError(f"save: a {suffix} file holds a dict of tensors, not {type(data).__name__}")
    for name in data:
        if not isinstance(name, str):
            raise TypeError(f"save: names must be strings, not {name!r}")
    return {name: _as_array(value) for name, value in data.items()}


def _malformed() -> tuple[type[Exception], ...]:
    """List what reading malformed headers and archives raises."""
    import tokenize
    import zipfile
    import zlib

    return (
        ValueError,
        TypeError,
        KeyError,
        SyntaxError,
        RecursionError,
        NotImplementedError,  # zipfile, of a compression that it does not know
        EOFError,
        tokenize.TokenError,
        zipfile.BadZipFile,
        zlib.error,
    )


@contextmanager
def _naming(path: str) -> Iterator[None]:
    try:
        yield
    except _malformed() as error:
        suffix = os.path.splitext(path)[1]
        raise ValueError(f"load: {path} is damaged or no {suffix} file: {error}") from None
    except OSError as error:
        if error.errno != errno.EINVAL:  # what zipfile's seek to before the start gets
            raise
        raise ValueError(f"load: {path} is damaged: it points to before its start") from None


@contextmanager
def _replacing(path: str) -> Iterator[str]:
    """Give a file beside `path` to write, which takes its place when the block succeeds."""
    target = os.path.realpath(path)  # a link keeps pointing to what is replaced
    temporary = f"{target}.{os.urandom(6).hex()}.tmp"
    try:
        # Created here so that it has the permissions of any new file.
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        if os.path.exists(target):
            os.chmod(temporary, os.stat(target).st_mode & 0o7777)
        yield temporary
        with open(temporary, "rb+") as written:
            os.fsync(written.fileno())
        os.replace(temporary, target)
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


def _safetensors(what: str) -> ModuleType:
    try:
        import safetensors.numpy
    except ImportError:
        raise ImportError(
            f"{what}: .safetensors needs a package: pip install ndtape[safetensors]"
        ) from None
    return safetensors
