"""DLPack capsules with any contents, as a broken library could hand them out."""

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


class Forged:
    """A capsule over 64 bytes, with any of its fields set to something else."""

    def __init__(self, name=_NAME, shape=(2, 3), strides=None, dtype=(2, 64, 1), **fields):
        self.memory = np.arange(16, dtype=np.float64)
        self.deleted = 0
        self.managed = m = _Versioned()
        self.shape = (ctypes.c_int64 * max(len(shape), 1))(*shape)
        m.major, m.minor = fields.pop("version", (1, 0))
        m.flags = fields.pop("flags", 0)
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
