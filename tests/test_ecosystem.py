"""Other people's code on tensors: see ecosystem_cases.py, which needs a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def test_other_peoples_code():
    for package, version in (("sklearn", "1.9"), ("scipy", "1.17")):
        pytest.importorskip(package, version, reason=f"{package} {version} is not installed")
    # Its cases are listed from the package itself.
    pytest.importorskip("array_api_extra", reason="array-api-extra is not installed")
    cases = str(Path(__file__).parent / "ecosystem_cases.py")
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", cases],
        env={**os.environ, "SCIPY_ARRAY_API": "1"},
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stdout[-5000:] + found.stderr[-2000:]
