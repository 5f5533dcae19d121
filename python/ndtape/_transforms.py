"""Functions of functions: ``grad`` and ``value_and_grad``."""

from __future__ import annotations

import functools
import operator
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ndtape import _core
from ndtape._core import Tensor
from ndtape._grad_mode import enable_grad
from ndtape._trees import map_leaves

__all__ = ["grad", "value_and_grad"]


class _Depth(threading.local):
    """How many transforms are running their functions on this thread."""

    value = 0


_depth = _Depth()


def value_and_grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., tuple[Any, Any]]:
    """Make a function that computes `f` and its gradient.

    Parameters
    ----------
    f : callable
        Returns a tensor with one element, of a float dtype; with `has_aux`, a pair of that and
        anything else. The arguments named by `argnums` are tensors, NumPy arrays or Python
        floats of a float dtype, or lists, tuples and dicts of those, to any depth. The tensors
        that `f` receives in their place share the memory of what was given.
    argnums : int or sequence of int
        The positional arguments to differentiate with respect to. Negative ones count from the
        end.
    has_aux : bool
        Whether `f` returns ``(value, aux)``; `aux` is passed on.

    Returns
    -------
    callable
        Takes the arguments of `f`, returns ``(value, gradient)``, or with `has_aux`
        ``((value, aux), gradient)``. The gradient has the form of the argument, and for each
        tensor its shape and dtype; zeros where the value does not depend on it. For a sequence of
        `argnums` it is a tuple, one entry each.

    Raises
    ------
    TypeError
        When `f` is not callable, `argnums` are not integers, an argument is not of a float dtype,
        or the value is not a tensor of a float dtype.
    ValueError
        When `argnums` are empty, repeated or out of range, or the value has more than one element.

    See Also
    --------
    grad : the gradient alone.

    Notes
    -----
    Transforms nest: ``grad(grad(f))`` is the second derivative. A result can be differentiated
    again when it was computed inside another transform or when an argument requires a gradient;
    otherwise the graph is freed and the results are constants. Only the arguments count: ``.grad``
    of no tensor is touched.

    Examples
    --------
    >>> import ndtape as nt
    >>> def loss(params, x, y):
    ...     return nt.mean(nt.square(x @ params["w"] + params["b"] - y))
    >>> params = {"w": nt.tensor([1.0, 2.0]), "b": nt.tensor(0.5)}
    >>> x, y = nt.tensor([[1.0, 0.0], [0.0, 1.0]]), nt.tensor([1.0, 2.0])
    >>> value, gradient = nt.value_and_grad(loss)(params, x, y)
    >>> value.item(), gradient["w"].tolist(), gradient["b"].item()
    (0.25, [0.5, 0.5], 1.0)
    """
    numbers, single = _checked_argnums(argnums)
    if not callable(f):
        raise TypeError(f"value_and_grad: expected a function, not {type(f).__name__}")

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        chosen = [_position(n, len(args)) for n in numbers]
        if len(set(chosen)) != len(chosen):
            raise ValueError(f"value_and_grad: argnums {argnums} name an argument twice")
        recording = _core.grad_enabled()
        inputs: list[Tensor] = []
        keep = recording and _depth.value > 0

        def as_input(leaf: Any, path: str) -> Tensor:
            nonlocal keep
            given = _float_tensor(leaf, path)
            if recording and given.requires_grad:
                # A step of the outer graph of its own: gradients with respect to it are ours,
                # and its history carries them on to whoever differentiates the result.
                keep = True
                result = given[...]
            else:
                result = given.detach()
                result.requires_grad = True
            inputs.append(result)
            return result

        with enable_grad():
            passed = list(args)
            for n in chosen:
                passed[n] = map_leaves(as_input, args[n], f"argument {n}")
            _depth.value += 1
            try:
                output = f(*passed, **kwargs)
            finally:
                _depth.value -= 1
            value, aux = _split_output(output, has_aux)
            gradients = _gradients(value, inputs, keep)

        if not keep:
            value = value.detach()
            aux = map_leaves(_detached, aux)
        remaining = iter(gradients)
        by_argument = [map_leaves(lambda *_: next(remaining), args[n]) for n in chosen]
        gradient = by_argument[0] if single else tuple(by_argument)
        return ((value, aux) if has_aux else value), gradient

    return call


def grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """Make a function that computes the gradient of `f`.

    Parameters
    ----------
    f, argnums, has_aux
        As for `value_and_grad`.

    Returns
    -------
    callable
        Takes the arguments of `f`, returns the gradient, or with `has_aux` ``(gradient, aux)``.

    Raises
    ------
    TypeError, ValueError
        As for `value_and_grad`.

    See Also
    --------
    value_and_grad : the value too, at no further cost.

    Examples
    --------
    >>> import ndtape as nt
    >>> x = nt.tensor([1.0, 2.0, 3.0])
    >>> nt.grad(lambda x: nt.sum(x**3))(x).tolist()
    [3.0, 12.0, 27.0]
    >>> nt.grad(nt.grad(nt.sin))(0.5)  # -sin(0.5)
    tensor(-0.47942555)
    """
    both = value_and_grad(f, argnums, has_aux)

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        value, gradient = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return call


def _checked_argnums(argnums: int | Sequence[int]) -> tuple[list[int], bool]:
    single = not isinstance(argnums, (tuple, list))
    given: Sequence[Any] = (argnums,) if single else argnums  # type: ignore[assignment]
    try:
        numbers = [operator.index(n) for n in given]
    except TypeError:
        raise TypeError(f"argnums must be an integer or several, not {argnums!r}") from None
    if not numbers:
        raise ValueError("argnums must name at least one argument")
    return numbers, single


def _position(n: int, count: int) -> int:
    if not -count <= n < count:
        raise ValueError(f"argnums has {n}, but the call has {count} positional arguments")
    return n % count


def _float_tensor(leaf: Any, path: str) -> Tensor:
    if isinstance(leaf, Tensor):
        tensor = leaf
    elif isinstance(leaf, (float, complex, np.ndarray, np.generic)):
        tensor = _core.asarray(leaf)
    else:
        raise TypeError(f"{path}: cannot differentiate with respect to a {type(leaf).__name__}")
    if tensor.dtype.kind not in "fc":
        raise TypeError(f"{path}: gradients need a float or complex dtype, not {tensor.dtype}")
    return tensor


def _split_output(output: Any, has_aux: bool) -> tuple[Tensor, Any]:
    value, aux = output, None
    if has_aux:
        if not isinstance(output, tuple) or len(output) != 2:
            raise TypeError("with has_aux the function must return a pair (value, aux)")
        value, aux = output
    if not isinstance(value, Tensor):
        raise TypeError(f"the function must return a tensor, not {type(value).__name__}")
    if value.size != 1:
        raise ValueError(f"the function must return one element, not shape {value.shape}")
    if value.dtype.kind != "f":
        raise TypeError(f"the function must return a float dtype, not {value.dtype}")
    return value, aux


def _gradients(value: Tensor, inputs: list[Tensor], keep: bool) -> list[Tensor]:
    if not inputs or not value.requires_grad:  # the value is a constant
        return [_core.zeros_like(x) for x in inputs]
    found = _core.gradients([value], inputs, None, keep, keep)
    return [_core.zeros_like(x) if g is None else g for x, g in zip(inputs, found, strict=True)]


def _detached(leaf: Any, _path: str) -> Any:
    return leaf.detach() if isinstance(leaf, Tensor) and leaf.requires_grad else leaf
