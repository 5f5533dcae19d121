"""Hypothesis profiles and the state that every test starts from.

The suite passes under any instruction set and any number of threads; CI runs it as

    pytest tests                                            # the processor's best, all cores
    NDTAPE_ISA=v2 OMP_NUM_THREADS=1 pytest tests            # baseline kernels, one thread
    NDTAPE_ISA=v3 OMP_NUM_THREADS=2 pytest tests            # AVX2
    HYPOTHESIS_PROFILE=thorough pytest tests                # 20 times the examples, fresh seeds

A name that the processor lacks is refused at import, so a CI machine runs those that it has.
"""

import os

import pytest
from hypothesis import HealthCheck, settings

import ndtape as nt
from ndtape import _core
from ndtape._compiled import made_of

_SLOW_IS_FINE = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile(
    "default",
    max_examples=40,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=_SLOW_IS_FINE,
)
settings.register_profile(
    "thorough",
    max_examples=800,
    deadline=None,
    print_blob=True,
    suppress_health_check=_SLOW_IS_FINE,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(autouse=True)
def _global_state():
    """Puts back what a test may change: default dtype, threads, generator."""
    threads = nt.get_num_threads()
    nt.random.seed(0)
    yield
    nt.set_default_dtype(nt.float32)
    if nt.get_num_threads() != threads:
        nt.set_num_threads(threads)


@pytest.fixture
def left_to_python():
    """Make functions whose Python half only notes its arguments in `calls`, and returns None."""
    changed = set()

    def make(name, calls=None, objects=None):
        def half(*args, **kwargs):
            if calls is not None:
                calls[name] = args, kwargs

        half.__name__ = name
        changed.add(name)
        return _core.compiled_first(half, *(made_of[name][1] if objects is None else objects))

    yield make
    for name in changed:
        half, given = made_of[name]
        _core.compiled_first(half, *given)
