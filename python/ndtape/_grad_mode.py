"""Whether operations are recorded: ``no_grad``, ``enable_grad`` and ``inference_mode``."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from threading import get_ident, local
from types import TracebackType
from typing import ClassVar, ParamSpec, TypeVar

from ndtape import _core

__all__ = ["enable_grad", "inference_mode", "no_grad"]

P = ParamSpec("P")
R = TypeVar("R")


class _GradMode:
    """Sets the calling thread's recording for a block or for a function's calls."""

    __slots__ = ("_previous",)
    _enabled: ClassVar[bool]

    def __init__(self) -> None:
        # One stack a thread: an object may be entered again, and from several threads.
        self._previous: dict[int, list[bool]] = {}

    def __enter__(self) -> None:
        previous = _core.set_grad_enabled(self._enabled)
        self._previous.setdefault(get_ident(), []).append(previous)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        thread = get_ident()
        stack = self._previous[thread]
        _core.set_grad_enabled(stack.pop())
        if not stack:
            del self._previous[thread]

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        name = type(self).__name__
        if not callable(function):
            raise TypeError(f"{name}: expected a function, not {type(function).__name__}")
        # Their bodies run after the call returns, when the mode is back to what it was.
        if (
            inspect.isgeneratorfunction(function)
            or inspect.iscoroutinefunction(function)
            or inspect.isasyncgenfunction(function)
        ):
            raise TypeError(
                f"{name}: a generator or coroutine function runs after its call returns; "
                f"write `with nt.{name}():` inside it"
            )

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            with self:
                return function(*args, **kwargs)

        return call


class no_grad(_GradMode):  # noqa: N801
    """Operations inside are not recorded: a context manager and a decorator.

    The mode belongs to the calling thread, nests, and is restored when the block ends, by an
    exception too. Use it for evaluation and for the update of parameters.

    Raises
    ------
    TypeError
        As a decorator of a generator or coroutine function, whose body runs later.

    See Also
    --------
    enable_grad : the opposite.

    Examples
    --------
    >>> import ndtape as nt
    >>> w = nt.tensor([1.0, 2.0], requires_grad=True)
    >>> with nt.no_grad():
    ...     y = w * 2
    >>> y.requires_grad
    False
    >>> @nt.no_grad()
    ... def double(x):
    ...     return x * 2
    >>> double(w).requires_grad
    False
    """

    __slots__ = ()
    _enabled = False


class _Inference(local):
    """How many `inference_mode` blocks this thread is in."""

    depth = 0


_inference = _Inference()


class inference_mode(_GradMode):  # noqa: N801
    """Nothing inside is recorded, whatever runs there: a context manager and a decorator.

    Like `no_grad`, but `enable_grad` and the transforms (`grad`, `vjp`, ...) are refused inside:
    for programs that must not build a graph by accident.

    See Also
    --------
    no_grad : can be undone inside.

    Examples
    --------
    >>> import ndtape as nt
    >>> w = nt.tensor(3.0, requires_grad=True)
    >>> with nt.inference_mode():
    ...     y = w * w
    >>> y.requires_grad
    False
    """

    __slots__ = ()
    _enabled = False

    def __enter__(self) -> None:
        super().__enter__()
        _inference.depth += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _inference.depth -= 1
        super().__exit__(kind, error, trace)


class enable_grad(_GradMode):  # noqa: N801
    """Operations inside are recorded, even within `no_grad`: a context manager and a decorator.

    Raises
    ------
    TapeError
        Inside `inference_mode`.

    See Also
    --------
    no_grad : the opposite.

    Examples
    --------
    >>> import ndtape as nt
    >>> w = nt.tensor(3.0, requires_grad=True)
    >>> with nt.no_grad():
    ...     with nt.enable_grad():
    ...         y = w * w
    >>> y.requires_grad
    True
    """

    __slots__ = ()
    _enabled = True

    def __enter__(self) -> None:
        if _inference.depth:
            raise _core.TapeError("nothing can be recorded inside inference_mode; use no_grad")
        super().__enter__()
