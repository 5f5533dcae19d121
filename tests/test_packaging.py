"""The installed package: its files, its promises of size and speed, and its C++ library."""

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import ndtape as nt

ROOT = Path(__file__).parent.parent


def python(*arguments, **options):
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=120, **options
    )


def test_version_is_one():
    assert nt.__version__ == importlib.metadata.version("ndtape")
    text = (ROOT / "pyproject.toml").read_text()
    assert f'\nversion = "{nt.__version__}"' in text


def test_public_names_exist():
    assert len(set(nt.__all__)) == len(nt.__all__)
    for name in nt.__all__:
        assert hasattr(nt, name), name
        assert not name.startswith("_"), name


def test_public_names_are_documented():
    for name in nt.__all__:
        value = getattr(nt, name)
        if callable(value) or isinstance(value, type(nt)):
            assert value.__doc__, name


def test_typed():
    assert (Path(nt.__file__).parent / "py.typed").exists()


def test_import_is_light():
    """Nothing that NumPy and the standard library's small change do not load."""
    code = """
import numpy, sys
before = set(sys.modules)
import ndtape
print(*set(sys.modules) - before)
"""
    loaded = {name.partition(".")[0] for name in python("-c", code).stdout.split()}
    assert "ndtape" in loaded
    assert not loaded & {"matplotlib", "scipy", "sklearn", "tqdm", "torch", "jax", "pybind11"}


def test_main_prints_configuration():
    done = python("-m", "ndtape")
    assert done.returncode == 0, done.stderr
    for word in (nt.__version__, "instruction set", "threads", "compiler"):
        assert word in done.stdout
    assert python("-m", "ndtape", "--version").stdout.strip() == nt.__version__


def test_unknown_isa_is_refused():
    done = python(
        "-c", "import ndtape as nt; nt.ones(2) + 1", env={**os.environ, "NDTAPE_ISA": "v9"}
    )
    assert done.returncode == 1
    assert "NDTAPE_ISA=v9" in done.stderr


def cmake_dir():
    try:
        return nt.get_cmake_dir()
    except FileNotFoundError:
        pytest.skip("an editable install has no C++ files")


def test_headers_are_installed():
    folder = cmake_dir()
    assert python("-m", "ndtape", "--cmake-dir").stdout.strip() == folder
    include = python("-m", "ndtape", "--include-dir").stdout.strip()
    assert include == nt.get_include()
    assert (Path(include) / "ndtape/ndtape.h").exists()
    assert (Path(include) / "ndtape/version.h").exists()


def test_consumer_builds_against_the_package(tmp_path):
    """A C++ program outside the repository, by find_package."""
    folder = cmake_dir()
    cmake = shutil.which("cmake")
    if not cmake or not any(map(shutil.which, ("c++", "g++", "clang++"))):
        pytest.skip("needs CMake and a C++ compiler")
    source = ROOT / "tests/cpp/consumer"
    for command in (
        [cmake, "-S", source, "-B", tmp_path, f"-Dndtape_DIR={folder}"],
        [cmake, "--build", tmp_path],
        [tmp_path / "consumer"],
    ):
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
    assert f"ndtape {nt.__version__}: the gradient is 3" in done.stdout


def test_every_extra_is_explained():
    with (ROOT / "pyproject.toml").open("rb") as file:
        extras = tomllib.load(file)["project"]["optional-dependencies"]
    page = (ROOT / "docs/install.md").read_text()
    for name in extras:
        assert f"`{name}`" in page, name


def test_numpy_is_the_only_dependency():
    required = importlib.metadata.requires("ndtape") or []
    assert [r for r in required if "extra ==" not in r] == ["numpy>=2"]
    assert np.__version__.split(".")[0] >= "2"
