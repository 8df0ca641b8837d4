"""Small C++ programs of the benchmarks, `cpp/*.cpp`, compiled for this machine when used."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from common import HERE, cpu_model

BUILD = HERE.parent / "build" / "bench"
OPTIONS = ["-std=c++17", "-O3", "-march=native"]


def compiled(name: str, options: list[str], libraries: list[str]) -> Path:
    """Compile `cpp/NAME.cpp`, unless that was done before, and return the program.

    Raises ImportError, with the compiler's first error, if that fails.
    """
    source = HERE / "cpp" / f"{name}.cpp"
    command = [compiler(), *OPTIONS, *options]
    words = " ".join([*command, *libraries, cpu_model()])  # OPTIONS are for this CPU
    key = hashlib.sha256(words.encode() + source.read_bytes())
    path = BUILD / f"{name}-{key.hexdigest()[:12]}"
    if path.exists():
        return path
    BUILD.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}")  # another run may compile it as well
    done = subprocess.run(
        [*command, str(source), "-o", str(unfinished), *libraries],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ImportError(f"{source.name} does not compile: {first_error(done.stderr)}")
    return unfinished.replace(path)


def compiler() -> str:
    for name in (os.environ.get("CXX", ""), "g++", "clang++"):
        if name and shutil.which(name):
            return name
    raise ImportError("no C++ compiler")


def first_error(text: str) -> str:
    """Return the first line of a compiler's output that is an error."""
    lines = text.splitlines()
    return next((line for line in lines if re.search(r"error|cannot find", line)), text[:200])
