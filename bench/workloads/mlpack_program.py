"""The C++ program of the mlpack peer, `cpp/mlpack_trainer.cpp`, compiled for this machine.

Headers of mlpack, ensmallen, Armadillo and cereal are looked for in the folders of the variable
MLPACK_INCLUDE, in the system's (Debian: libmlpack-dev), and in the package mlpack of PyPI, which
contains mlpack's own.  Products run in OpenBLAS if it can be linked, otherwise in the system's
BLAS.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from common import HERE

SOURCE = HERE / "cpp" / "mlpack_trainer.cpp"
BUILD = HERE.parent / "build" / "bench"
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


def compiler() -> str:
    for name in (os.environ.get("CXX", ""), "g++", "clang++"):
        if name and shutil.which(name):
            return name
    raise ImportError("no C++ compiler")


def program() -> tuple[Path, str]:
    """Compile the program, unless it exists already; return it and the BLAS that it uses."""
    options = ["-std=c++17", "-O3", "-march=native", "-fopenmp", "-DNDEBUG", "-DARMA_NO_DEBUG",
               "-DARMA_DONT_USE_WRAPPER", "-DMLPACK_DISABLE_PRINT"]  # fmt: skip
    includes = [f"-isystem{folder}" for folder in headers() if str(folder) != "/usr/include"]
    command = [compiler(), *options, *includes]
    error = ""
    for blas in ("openblas", "blas"):
        libraries = [f"-l{blas}", "-llapack"]
        key = hashlib.sha256(" ".join([*command, *libraries]).encode() + SOURCE.read_bytes())
        path = BUILD / f"mlpack_trainer-{key.hexdigest()[:12]}"
        if path.exists():
            return path, blas
        BUILD.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [*command, str(SOURCE), "-o", str(path), *libraries],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            return path, blas
        error = first_error(done.stderr)
        if "cannot find" not in error:
            break
    raise ImportError(f"{SOURCE.name} does not compile: {error}")


def first_error(text: str) -> str:
    """Return the first line of a compiler's output that is an error."""
    lines = text.splitlines()
    return next((line for line in lines if re.search(r"error|cannot find", line)), text[:200])


def version() -> str:
    folder = next(folder for folder in headers() if (folder / "mlpack.hpp").exists())
    text = (folder / "mlpack" / "core" / "util" / "version.hpp").read_text()
    parts = (re.search(rf"MLPACK_VERSION_{part} (\d+)", text) for part in ("MAJOR", "MINOR"))
    return ".".join(part[1] if part else "?" for part in parts)
