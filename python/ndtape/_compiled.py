"""Functions that begin compiled: the usual cases without a line of Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ndtape import _core

_F = TypeVar("_F", bound=Callable[..., Any])

# By name, what each was made of: the Python function and the objects.
made_of: dict[str, tuple[Callable[..., Any], tuple[object, ...]]] = {}


def compiled_first(*objects: object) -> Callable[[_F], _F]:
    """Put a compiled function of the same name and parameters before one in Python.

    The compiled one looks at the arguments first and computes the usual cases; whatever it leaves
    goes to the Python function.

    Parameters
    ----------
    *objects : object
        What the compiled function works with: operations for the tape, classes of results.

    Returns
    -------
    callable
        The decorator.

    Raises
    ------
    ValueError
        When there is no compiled function of that name.
    """

    def decorate(function: _F) -> _F:
        made = _core.compiled_first(function, *objects)
        made_of[function.__name__] = function, objects
        return made

    return decorate
