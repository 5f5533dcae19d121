"""DLPack capsules and buffers with any contents, as a broken library could hand them out."""

import ctypes

import numpy as np

CPU = (1, 0)


class _Device(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int32), ("id", ctypes.c_int32)]


class _DataType(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16)]


class _Array(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device", _Device),
        ("ndim", ctypes.c_int32),
        ("dtype", _DataType),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


class _Legacy(ctypes.Structure):
    _fields_ = [
        ("array", _Array),
        ("context", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p),
    ]


class _Versioned(ctypes.Structure):
    _fields_ = [
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("context", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p),
        ("flags", ctypes.c_uint64),
        ("array", _Array),
    ]


_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
_DELETER = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_NAME = ctypes.create_string_buffer(b"dltensor_versioned")
LEGACY = ctypes.create_string_buffer(b"dltensor")


class Forged:
    """A capsule over 128 bytes, with any of its fields set to something else."""

    def __init__(self, name=_NAME, shape=(2, 3), strides=None, dtype=(2, 64, 1), **fields):
        self.memory = np.arange(16, dtype=np.float64)
        self.deleted = 0
        self.managed = m = _Legacy() if name is LEGACY else _Versioned()
        self.shape = (ctypes.c_int64 * max(len(shape), 1))(*shape)
        version, flags = fields.pop("version", (1, 0)), fields.pop("flags", 0)
        if name is not LEGACY:
            m.major, m.minor = version
            m.flags = flags
        m.array.data = self.memory.ctypes.data
        m.array.device = _Device(*fields.pop("device", CPU))
        m.array.ndim = len(shape)
        m.array.dtype = _DataType(*dtype)
        m.array.shape = ctypes.cast(self.shape, ctypes.POINTER(ctypes.c_int64))
        if strides is not None:
            self.strides = (ctypes.c_int64 * max(len(strides), 1))(*strides)
            m.array.strides = ctypes.cast(self.strides, ctypes.POINTER(ctypes.c_int64))
        if fields.pop("shape_pointer", 0) is None:
            m.array.shape = None
        for field, value in fields.items():
            setattr(m.array, field, value)

        def delete(_):
            self.deleted += 1

        self.deleter = _DELETER(delete)
        m.deleter = ctypes.cast(self.deleter, ctypes.c_void_p).value
        self.name = name
        self.capsule = _new_capsule(ctypes.addressof(m), name, None)

    def __dlpack__(self, **arguments):
        return self.capsule

    def __dlpack_device__(self):
        return CPU


class _Buffer(ctypes.Structure):
    _fields_ = [
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.c_void_p),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.POINTER(ctypes.c_ssize_t)),
        ("strides", ctypes.POINTER(ctypes.c_ssize_t)),
        ("suboffsets", ctypes.POINTER(ctypes.c_ssize_t)),
        ("internal", ctypes.c_void_p),
    ]


_GET = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(_Buffer), ctypes.c_int)
_AS_BUFFER = 20 * ctypes.sizeof(ctypes.c_void_p)  # where CPython's types point to their two slots


class ForgedBuffer:
    """A buffer over `memory` that says anything of itself: Python alone cannot make one."""

    def __init__(self, memory, shape, strides=None, format=b"d", itemsize=8, length=128, locked=0):
        self.memory, self.format, self.itemsize = memory, format, itemsize
        self.length, self.readonly, self.ndim = length, locked, len(shape)
        self.given = shape, strides
        several = ctypes.c_ssize_t * max(len(shape), 1)
        self.shape = several(*shape)
        self.strides = None if strides is None else several(*strides)


def _get_buffer(address, view, flags):
    made, view = ctypes.cast(address, ctypes.py_object).value, view.contents
    ctypes.pythonapi.Py_IncRef(ctypes.c_void_p(address))
    view.obj, view.buf = address, made.memory.ctypes.data
    view.len, view.itemsize, view.readonly = made.length, made.itemsize, made.readonly
    view.ndim, view.format, view.shape = made.ndim, made.format, made.shape
    view.strides, view.suboffsets, view.internal = made.strides, None, None
    return 0


_get_slot = _GET(_get_buffer)
_slots = ctypes.c_void_p.from_address(id(ForgedBuffer) + _AS_BUFFER).value
ctypes.c_void_p.from_address(_slots).value = ctypes.cast(_get_slot, ctypes.c_void_p).value


def reach(x, memory):
    """Whether every element of a tensor lies within an array's memory."""
    steps = [(n - 1) * s for n, s in zip(x.shape, x.strides, strict=True)]
    start = x.data_ptr() - memory.ctypes.data
    low = start + sum(s for s in steps if s < 0)
    high = start + sum(s for s in steps if s > 0) + x.itemsize
    return x.size == 0 or (0 <= low and high <= memory.nbytes)
