"""How a tensor looks: NumPy's formatter, our name."""

from __future__ import annotations

import numpy as np

from ndtape import _core
from ndtape._core import Tensor

__all__ = ["tensor_format", "tensor_repr", "tensor_str"]


def tensor_repr(x: Tensor) -> str:
    """Write a tensor as the call that would make it, large ones shortened.

    Parameters
    ----------
    x : Tensor
        The tensor.

    Returns
    -------
    str
        With the dtype when it does not follow from the elements, and whether it records.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.tensor([1.0, 2.0], requires_grad=True)
    tensor([1., 2.], requires_grad=True)
    >>> nt.tensor([1, 2], dtype=nt.uint8)
    tensor([1, 2], dtype=uint8)
    """
    values = x.detach().numpy()
    options = np.get_printoptions()
    body = np.array2string(
        values,
        separator=", ",
        prefix="tensor(",
        threshold=options["threshold"],
        edgeitems=options["edgeitems"],
    )
    parts = [body]
    if x.size == 0 and x.shape != (0,):
        parts.append(f"shape={x.shape}")
    if x.size == 0 or x.dtype not in (_core.get_default_dtype(), _core.int64, _core.bool):
        parts.append(f"dtype={x.dtype.name}")
    if x.grad_fn is not None:
        parts.append(f"grad_fn=<{x.grad_fn}>")
    elif x.requires_grad:
        parts.append("requires_grad=True")
    return f"tensor({_joined(parts)})"


def tensor_str(x: Tensor) -> str:
    """Write the elements alone, as NumPy does.

    Parameters
    ----------
    x : Tensor
        The tensor.

    Returns
    -------
    str
        The elements.

    Examples
    --------
    >>> import ndtape as nt
    >>> print(nt.tensor([1, 2]))
    [1 2]
    """
    return str(x.detach().numpy())


def tensor_format(x: Tensor, spec: str) -> str:
    """Format a one-element tensor like its number, any other as ``str`` does.

    Parameters
    ----------
    x : Tensor
        The tensor.
    spec : str
        Python's format specification.

    Returns
    -------
    str
        The formatted value.

    Raises
    ------
    TypeError
        When there is a specification and more than one element.

    Examples
    --------
    >>> import ndtape as nt
    >>> f"{nt.tensor(0.5):.3f}"
    '0.500'
    """
    if not spec:
        return tensor_str(x)
    if x.size != 1:
        raise TypeError(f"format {spec!r} needs a tensor of one element, not of shape {x.shape}")
    return format(x.item(), spec)


def _joined(parts: list[str]) -> str:
    # Additions go to a line of their own where the last line would grow too long.
    body, additions = parts[0], parts[1:]
    if not additions:
        return body
    tail = ", ".join(additions)
    last = body.rsplit("\n", 1)[-1]
    start = 0 if "\n" in body else len("tensor(")
    if start + len(last) + len(tail) + 3 > np.get_printoptions()["linewidth"]:
        return f"{body},\n       {tail}"
    return f"{body}, {tail}"
