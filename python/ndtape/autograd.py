"""Differentiation beyond `ndtape.grad`: operations of one's own, gradients of any tensors."""

from __future__ import annotations

from collections.abc import Sequence

from ndtape import _core
from ndtape._control import RemovableHandle as RemovableHandle
from ndtape._core import Tensor
from ndtape._function import Context as Context
from ndtape._function import Function as Function

__all__ = ["Context", "Function", "RemovableHandle", "grad"]


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Tensor | None, ...]:
    """Compute the gradients of recorded tensors with respect to others.

    ``.grad`` of no tensor is touched.

    Parameters
    ----------
    outputs : Tensor or sequence of Tensor
        What to differentiate; several are summed, each times its entry of `grad_outputs`.
    inputs : Tensor or sequence of Tensor
        With respect to what: leaves, or any results on the way.
    grad_outputs : Tensor or sequence of Tensor or None, optional
        The gradient of each output; 1 for None, for which it must have one element.
    retain_graph : bool, optional
        Keep the graph for another walk. Like `create_graph` when left out.
    create_graph : bool, optional
        Record the gradients, so that they can be differentiated.
    allow_unused : bool, optional
        Return None for an input that no output depends on; otherwise that is an error.

    Returns
    -------
    tuple of Tensor or None
        One for each input.

    Raises
    ------
    TapeError
        When an output or an input does not record, the graph was freed, or an input is not used.
    ValueError
        When the numbers or the shapes of outputs and their gradients differ.

    See Also
    --------
    ndtape.grad : of a function.

    Examples
    --------
    >>> import ndtape as nt
    >>> x = nt.tensor([1.0, 2.0], requires_grad=True)
    >>> y = x * x
    >>> nt.autograd.grad(nt.sum(y * y), (x, y))
    (tensor([ 4., 32.]), tensor([2., 8.]))
    """
    ys = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    xs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    seeds: list[Tensor | None]
    if grad_outputs is None:
        seeds = [None] * len(ys)
    else:
        seeds = [grad_outputs] if isinstance(grad_outputs, Tensor) else list(grad_outputs)
    if len(seeds) != len(ys):
        raise ValueError(f"grad: {len(seeds)} gradients for {len(ys)} outputs")
    for what, tensors in (("output", ys), ("input", xs)):
        for i, x in enumerate(tensors):
            if not isinstance(x, Tensor):
                raise TypeError(f"grad: {what} {i} must be a tensor, not {type(x).__name__}")
            if not x.requires_grad:
                raise _core.TapeError(
                    f"grad: {what} {i}, of shape {x.shape}, does not require grad and no recorded "
                    f"operation made it"
                )
    retain = create_graph if retain_graph is None else retain_graph
    found = _core.gradients(ys, xs, seeds, retain, create_graph)
    if not allow_unused:
        for i, (x, g) in enumerate(zip(xs, found, strict=True)):
            if g is None:
                raise _core.TapeError(
                    f"grad: no output depends on input {i}, of shape {x.shape}; pass "
                    f"allow_unused=True to get None for it"
                )
    return tuple(found)
