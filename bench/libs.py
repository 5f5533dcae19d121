"""The four libraries seen through one interface, so that a row is written once."""

from __future__ import annotations

import importlib

NAMES = ("ndtape", "numpy", "torch", "jax")


class Lib:
    """One library: its namespace, how it takes an array, and how its work is waited for."""

    def __init__(self, name: str, threads: int) -> None:
        self.name = name
        if name == "jax":
            self.jax = importlib.import_module("jax")
            self.jax.config.update("jax_enable_x64", True)
            self.xp = importlib.import_module("jax.numpy")
        else:
            self.xp = importlib.import_module(name)
        self.version = importlib.import_module(name).__version__
        if name == "torch":
            self.xp.set_num_threads(threads)
        if name == "ndtape":
            self.xp.set_num_threads(threads)

    def array(self, a):
        """NumPy's array in this library."""
        if self.name == "numpy":
            return a
        if self.name == "torch":
            return self.xp.from_numpy(a)
        return self.xp.asarray(a)

    def arrays(self, *arrays):
        return [self.array(a) for a in arrays]

    def call(self, function, *args):
        """`function(*args)` as something to time: JAX compiles it and waits for the result."""
        if self.name != "jax":
            return lambda: function(*args)
        compiled = self.jax.jit(function)
        return lambda: compiled(*args).block_until_ready()

    def pick(self, **functions):
        """The function for this library, else that under `other`; None where there is none."""
        return functions.get(self.name, functions.get("other"))

    def function(self, name):
        """The function of an array API name, wherever this library keeps it; None without one."""
        if self.name == "numpy":
            if name in ("erf", "sigmoid"):
                return None
            return getattr(self.xp, name)
        if self.name == "jax":
            if name == "erf":
                return self.jax.scipy.special.erf
            if name == "sigmoid":
                return self.jax.nn.sigmoid
        return getattr(self.xp, name)
