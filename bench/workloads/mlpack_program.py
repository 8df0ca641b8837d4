"""The C++ program of the mlpack peer, `cpp/mlpack_trainer.cpp`, compiled for this machine.

Headers of mlpack, ensmallen, Armadillo and cereal are looked for in the folders of the variable
MLPACK_INCLUDE, in the system's (Debian: libmlpack-dev), and in the package mlpack of PyPI, which
contains mlpack's own.  Products run in OpenBLAS if it can be linked, otherwise in the system's
BLAS.
"""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path

from compiled import compiled

HEADERS = ("mlpack.hpp", "ensmallen.hpp", "armadillo", "cereal/cereal.hpp")
SYSTEM = ("/usr/include", "/usr/local/include", "/opt/homebrew/include")


def folders() -> list[Path]:
    """Return the folders that may have headers, the user's own first."""
    named = os.environ.get("MLPACK_INCLUDE", "").split(os.pathsep)
    package = importlib.util.find_spec("mlpack")
    shipped = list(package.submodule_search_locations or ()) if package else []
    return [Path(each) for each in (*named, *SYSTEM, *(f"{p}/include" for p in shipped)) if each]


def headers() -> list[Path]:
    """Return the folders that contain the headers, or report which are missing."""
    found = {}
    for header in HEADERS:
        holding = [folder for folder in folders() if (folder / header).exists()]
        if not holding:
            raise ImportError(f"no header {header}: set MLPACK_INCLUDE or install libmlpack-dev")
        found[holding[0]] = None
    return list(found)


def program() -> tuple[Path, str]:
    """Compile the program, unless it exists already; return it and the BLAS that it uses."""
    options = ["-fopenmp", "-DNDEBUG", "-DARMA_NO_DEBUG", "-DARMA_DONT_USE_WRAPPER",
               "-DMLPACK_DISABLE_PRINT"]  # fmt: skip
    options += [f"-isystem{folder}" for folder in headers() if str(folder) != "/usr/include"]
    try:
        return compiled("mlpack_trainer", options, ["-lopenblas", "-llapack"]), "openblas"
    except ImportError as error:
        if "cannot find" not in str(error):
            raise
    return compiled("mlpack_trainer", options, ["-lblas", "-llapack"]), "blas"


def version() -> str:
    folder = next(folder for folder in headers() if (folder / "mlpack.hpp").exists())
    text = (folder / "mlpack" / "core" / "util" / "version.hpp").read_text()
    parts = (re.search(rf"MLPACK_VERSION_{part} (\d+)", text) for part in ("MAJOR", "MINOR"))
    return ".".join(part[1] if part else "?" for part in parts)
