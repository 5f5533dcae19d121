"""Differentiation beyond `ndtape.grad`: operations of one's own."""

from ndtape._function import Context as Context
from ndtape._function import Function as Function

__all__ = ["Context", "Function"]
