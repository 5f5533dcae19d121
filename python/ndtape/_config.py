"""What is installed, and where the C++ library lies."""

from __future__ import annotations

from pathlib import Path

from ndtape import _core

__all__ = ["get_cmake_dir", "get_include", "show_config"]


def show_config() -> None:
    """Print version, instruction set, threads and compiler.

    Raises
    ------
    ValueError
        When the environment variable ``NDTAPE_ISA`` names an instruction set that is unknown or
        that the processor does not have.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.show_config()  # doctest: +SKIP
    ndtape           0.1.0
    instruction set  v4
    threads          2
    openmp           yes
    compiler         GCC 12.2.0
    numpy            2.4.6
    """
    import numpy as np

    config = dict(_core.config())
    rows = {
        "ndtape": config["version"],
        "instruction set": config["isa"],
        "threads": _core.get_num_threads(),
        "openmp": "yes" if config["openmp"] else "no",
        "compiler": config["compiler"],
        "numpy": np.__version__,
    }
    width = max(map(len, rows)) + 2
    print("\n".join(f"{name:<{width}}{value}" for name, value in rows.items()))


def get_include() -> str:
    """Tell the folder of the C++ headers.

    Returns
    -------
    str
        For a compiler's ``-I``; headers are included as ``ndtape/ndtape.h``.

    Raises
    ------
    FileNotFoundError
        When the package was installed without them, as an editable install is.

    See Also
    --------
    get_cmake_dir : all that CMake needs.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.get_include()  # doctest: +SKIP
    '/usr/lib/python3/site-packages/ndtape/include'
    """
    return _folder("include", "ndtape/ndtape.h")


def get_cmake_dir() -> str:
    """Tell the folder for CMake's ``ndtape_DIR``, where ``find_package(ndtape)`` looks.

    Returns
    -------
    str
        A folder with ``ndtapeConfig.cmake``.

    Raises
    ------
    FileNotFoundError
        When the package was installed without it, as an editable install is.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.get_cmake_dir()  # doctest: +SKIP
    '/usr/lib/python3/site-packages/ndtape/lib/cmake/ndtape'
    """
    return _folder("lib/cmake/ndtape", "ndtapeConfig.cmake")


def _folder(name: str, sample: str) -> str:
    # Beside the compiled module: in an editable install that is not where this file lies.
    folder = Path(_core.__file__).parent / name
    if not (folder / sample).is_file():
        raise FileNotFoundError(f"ndtape was installed without its C++ files: no {folder / sample}")
    return str(folder)
