"""Loads the compiled core, with OpenMP told how long a thread without work stays awake.

By default GCC's OpenMP lets idle threads spin for milliseconds. On a machine that has other work,
they spend their share of the processor on that, and are not there when the next operator comes: a
training loop beside one busy process was measured 16 times slower. A spin of about 20 microseconds
bridges the gap between operators as well. OpenMP reads its settings when it is loaded, so this
module is imported before the core; a setting of the user's own is left alone.
"""

import os

_SETTING = "GOMP_SPINCOUNT"

if _SETTING in os.environ or "OMP_WAIT_POLICY" in os.environ:
    from ndtape import _core
else:
    os.environ[_SETTING] = "2000"
    try:
        from ndtape import _core
    finally:
        del os.environ[_SETTING]

__all__ = ["_core"]
