"""What is recorded and watched: hooks, constants, checkpoints, anomalies."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

from ndtape import _core, random
from ndtape._core import Tensor
from ndtape._grad_mode import enable_grad
from ndtape._trees import map_leaves

__all__ = ["RemovableHandle", "checkpoint", "detect_anomaly", "register_hook", "stop_gradient"]

P = ParamSpec("P")
R = TypeVar("R")
HookFunction = Callable[[Tensor], Tensor | None]


class _Hook:
    """A function on the tape that can be taken away again."""

    __slots__ = ("function",)

    def __init__(self, function: HookFunction) -> None:
        self.function: HookFunction | None = function

    def __call__(self, gradient: Tensor) -> Tensor | None:
        return None if self.function is None else self.function(gradient)


class RemovableHandle:
    """What `Tensor.register_hook` returns, to take the hook away again.

    Examples
    --------
    >>> import ndtape as nt
    >>> x = nt.tensor(1.0, requires_grad=True)
    >>> with x.register_hook(lambda g: g * 10):
    ...     x.backward()
    >>> x.backward()
    >>> x.grad
    tensor(11.)
    """

    __slots__ = ("_hook",)

    def __init__(self, hook: _Hook) -> None:
        self._hook = hook

    def remove(self) -> None:
        """Call the hook no more."""
        self._hook.function = None

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.remove()


def register_hook(x: Tensor, hook: HookFunction) -> RemovableHandle:
    """Call `hook` with the gradient of `x`; see `Tensor.register_hook`."""
    if not callable(hook):
        raise TypeError(f"register_hook: expected a function, not {type(hook).__name__}")
    entry = _Hook(hook)
    _core._add_hook(x, entry)
    return RemovableHandle(entry)


def stop_gradient(x: Any) -> Any:
    """Make constants: no gradient flows to what they were computed from.

    Parameters
    ----------
    x : Tensor, or lists, tuples and dicts of tensors
        Anything else in them is passed on.

    Returns
    -------
    Any
        The same form, with tensors on the same memory that do not record.

    See Also
    --------
    Tensor.detach : the same for one tensor.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.grad(lambda x: x * nt.stop_gradient(x))(3.0)
    tensor(3.)
    """
    return map_leaves(lambda leaf, _: leaf.detach() if isinstance(leaf, Tensor) else leaf, x)


class detect_anomaly:  # noqa: N801
    """Raise where NaN or an infinity first appears: a context manager and a decorator.

    Inside, every recorded operation looks at its result, and every walk of the tape at the
    gradients. The error names the operator, the shape, and the line that recorded it. For finding
    mistakes: it makes everything slower.

    Parameters
    ----------
    nan, inf : bool
        What to look for. ``inf=False`` is for programs that use infinity, in masks for example.

    Raises
    ------
    TapeError
        Inside the block, where it happens.

    Notes
    -----
    Only the calling thread is watched, and only operations that record.

    Examples
    --------
    >>> import ndtape as nt
    >>> x = nt.tensor([1.0, 0.0], requires_grad=True)
    >>> with nt.detect_anomaly():
    ...     y = nt.sqrt(x)
    ...     try:
    ...         nt.sum(y).backward()
    ...     except nt.TapeError as error:
    ...         print(str(error).split(",")[0], "...", str(error).split(", ")[-1])
    sqrt ... has infinity
    """

    __slots__ = ("_previous", "_what")

    def __init__(self, *, nan: bool = True, inf: bool = True) -> None:
        self._what = (bool(nan), bool(inf))
        self._previous: list[tuple[bool, bool]] = []

    def __enter__(self) -> None:
        self._previous.append(_core._set_anomaly(*self._what))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _core._set_anomaly(*self._previous.pop())

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        if not callable(function):
            raise TypeError(f"detect_anomaly: expected a function, not {type(function).__name__}")
        nan, inf = self._what

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            with detect_anomaly(nan=nan, inf=inf):
                return function(*args, **kwargs)

        return call


class _Slot:
    """The place of a tensor among the arguments of a checkpointed function."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index


def checkpoint(f: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call `f` and keep its arguments only; run it again when its gradient is needed.

    What the operations inside `f` save for their derivatives is freed at once, for the price of
    computing `f` twice.

    Parameters
    ----------
    f : callable
        Returns tensors: one, or lists, tuples and dicts of them, beside anything else. It must not
        change its arguments, and give the same result each time; random numbers that it draws from
        `ndtape.random` are the same when it runs again.
    *args, **kwargs
        Its arguments: anything; gradients flow to tensors, those in lists, tuples and dicts among
        them, and to the tensors that `f` uses besides.

    Returns
    -------
    Any
        What `f` returns.

    Raises
    ------
    TapeError
        When `f` changes an argument in place, or, in `backward`, gives another result than the
        first time: something that it uses has changed.

    Examples
    --------
    >>> import ndtape as nt
    >>> x = nt.tensor([0.5, 1.0], requires_grad=True)
    >>> y = nt.checkpoint(lambda v: nt.tanh(nt.exp(v)), x)
    >>> nt.sum(y).backward()
    >>> x.grad
    tensor([0.2267815, 0.0469367])
    """
    if not callable(f):
        raise TypeError(f"checkpoint: expected a function, not {type(f).__name__}")
    if not _core.grad_enabled():
        return f(*args, **kwargs)
    given: list[Tensor] = []

    def as_slot(leaf: Any, _path: str) -> Any:
        if not isinstance(leaf, Tensor) or not leaf.requires_grad:
            return leaf
        given.append(leaf)
        return _Slot(len(given) - 1)

    template = map_leaves(as_slot, (args, kwargs))
    versions = [x._version for x in given]
    state = random.get_state()
    first = _core.zeros(()).requires_grad_()  # what is older than it is not of f's making
    passed = [x[...] for x in given]
    output = _call(f, template, passed)
    for x, version in zip(given, versions, strict=True):
        if x._version != version:
            raise _core.TapeError(
                f"checkpoint: the function changed an argument of shape {x.shape} in place, which "
                f"would happen again when it is run again; change a copy instead"
            )
    results = _recorded(output)
    if not results:
        return output
    others = _core.other_inputs(results, [first, *passed])
    values = [y.detach() for y in results]
    stamps = [y._version for y in values]
    count = len(values)
    del first, passed, results

    def vjp(*tensors: Tensor | None) -> list[Tensor | None]:
        seeds, inputs = tensors[:count], tensors[count:]
        recording = _core.grad_enabled()
        leaves = []
        for x in inputs:
            assert x is not None
            leaves.append(x[...] if recording else x.detach().requires_grad_())
        now = random.get_state()
        try:
            random.set_state(state)
            with enable_grad():
                again = _recorded(_call(f, template, leaves))
        finally:
            random.set_state(now)
        _compare(values, stamps, again)
        pairs = [(y, g) for y, g in zip(again, seeds, strict=True) if g is not None]
        return _core.gradients(
            [y for y, _ in pairs],
            [*leaves, *others],
            [g for _, g in pairs],
            recording,
            recording,
            True,
        )

    made = iter(_core.record_custom("checkpoint", [*given, *others], values, vjp, given))
    return map_leaves(lambda leaf, _: next(made) if _records(leaf) else leaf, output)


def _records(leaf: Any) -> bool:
    return isinstance(leaf, Tensor) and leaf.requires_grad


def _recorded(tree: Any) -> list[Tensor]:
    found: list[Tensor] = []
    map_leaves(lambda leaf, _: found.append(leaf) if _records(leaf) else None, tree)
    return found


def _call(f: Callable[..., Any], template: Any, tensors: list[Tensor]) -> Any:
    args, kwargs = map_leaves(
        lambda leaf, _: tensors[leaf.index] if isinstance(leaf, _Slot) else leaf, template
    )
    return f(*args, **kwargs)


def _compare(values: list[Tensor], stamps: list[int], again: list[Tensor]) -> None:
    """Operators give the same bits every time, so a difference is a change of what `f` uses."""
    shapes, found = [y.shape for y in values], [y.shape for y in again]
    if shapes != found:
        raise _core.TapeError(
            f"checkpoint: the function returned tensors of shapes {shapes}, but {found} when it "
            f"was run again"
        )
    for value, stamp, y in zip(values, stamps, again, strict=True):
        y = y.detach()
        if value._version == stamp and not _core.all((value == y) | ((value != value) & (y != y))):
            raise _core.TapeError(
                f"checkpoint: the function gave another result of shape {value.shape} when it was "
                f"run again; something that it uses was changed meanwhile"
            )
