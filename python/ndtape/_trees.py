"""Nested lists, tuples and dicts of leaves, taken apart and put together again."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

__all__ = ["map_leaves"]


def map_leaves(function: Callable[[Any, str], Any], tree: Any, path: str = "") -> Any:
    """Apply `function(leaf, path)` to every leaf of `tree`, keeping its form.

    Lists, tuples (named ones too) and dicts are containers, None is an empty one, anything else
    is a leaf. Leaves are visited in the order of iteration.

    Parameters
    ----------
    function : callable
        Called with a leaf and where it lies, as in ``args[0]['weight'][2]``.
    tree : Any
        A leaf, or containers of leaves to any depth.
    path : str
        What to call the root.

    Returns
    -------
    Any
        Containers of the same types with the results as leaves.
    """
    if tree is None:
        return None
    if isinstance(tree, (list, tuple)):
        items = [map_leaves(function, item, f"{path}[{i}]") for i, item in enumerate(tree)]
        if hasattr(tree, "_fields"):  # a named tuple takes its fields one by one
            return type(tree)(*items)
        return items if type(tree) is list else type(tree)(items)
    if isinstance(tree, dict):
        values = {key: map_leaves(function, item, f"{path}[{key!r}]") for key, item in tree.items()}
        if type(tree) is dict:
            return values
        result = copy.copy(tree)  # keeps a default factory and the like
        result.update(values)
        return result
    return function(tree, path)
