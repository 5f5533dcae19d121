"""The caching allocator: freed memory is kept for the next tensor, up to a limit.

All figures are in bytes. When the system has no memory left the cache is emptied and the system
asked again, before MemoryError is raised.
"""

from __future__ import annotations

from ndtape._core import (
    memory_empty_cache as empty_cache,
)
from ndtape._core import (
    memory_reset_peak as reset_peak,
)
from ndtape._core import (
    memory_set_limit as set_limit,
)
from ndtape._core import (
    memory_stats as stats,
)

__all__ = ["empty_cache", "reset_peak", "set_limit", "stats"]
