"""Importing ndtape leaves the environment as it was, and a setting of the user's own in force."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("own", [{}, {"GOMP_SPINCOUNT": "7"}, {"OMP_WAIT_POLICY": "passive"}])
def test_the_environment_is_left_alone(own):
    names = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
    environment = {k: v for k, v in os.environ.items() if k not in names} | own
    code = f"import os, ndtape; print({{n: os.environ[n] for n in {names} if n in os.environ}})"
    found = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == str(own)
