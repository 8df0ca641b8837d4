"""Running a program of the tests in several processes."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LIMIT = 300  # seconds, of which a run takes a few


def mpiexec(
    program: str, processes: int, out: Path, *arguments: object
) -> subprocess.CompletedProcess[str]:
    """Run a program of this folder in several processes, even if there are fewer CPUs."""
    found = shutil.which("mpiexec")
    if found is None or importlib.util.find_spec("mpi4py") is None:
        pytest.skip("mpiexec or mpi4py is not installed")
    version = subprocess.run(
        [found, "--version"], capture_output=True, text=True, check=True
    ).stdout
    options = ["--oversubscribe", "--allow-run-as-root"] if "Open" in version else []
    command = [found, *options, "-n", str(processes), sys.executable, "-m", "mpi4py"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1"}
    path = Path(__file__).parent / f"{program}.py"
    return subprocess.run(
        [*command, str(path), str(out), *map(str, arguments)],
        capture_output=True, text=True, timeout=LIMIT, env=environment, check=False,
    )  # fmt: skip


def results(program: str, processes: int, out: Path, *arguments: object) -> list[dict]:
    """Return what each process has written."""
    done = mpiexec(program, processes, out, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(Path(f"{out}.{rank}").read_text()) for rank in range(processes)]
