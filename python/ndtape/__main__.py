"""``python -m ndtape``: what is installed and where."""

from __future__ import annotations

import argparse

import ndtape as nt


def main() -> None:
    """Print what the options ask for; without any, the configuration."""
    parser = argparse.ArgumentParser(prog="python -m ndtape", description=__doc__)
    parser.add_argument("--version", action="version", version=nt.__version__)
    parser.add_argument("--include-dir", action="store_true", help="folder of the C++ headers")
    parser.add_argument("--cmake-dir", action="store_true", help="folder for CMake's ndtape_DIR")
    options = parser.parse_args()
    if options.include_dir:
        print(nt.get_include())
    if options.cmake_dir:
        print(nt.get_cmake_dir())
    if not (options.include_dir or options.cmake_dir):
        nt.show_config()


if __name__ == "__main__":
    main()
