"""Recompute the answers of Keras, JAX, PyTorch and R that are stored in tests/golden/.

``python tools/refresh_golden.py [tests/test_x.py ...]`` rewrites the files of these modules of
tests, or of all; answers that have changed only by rounding keep their bits.  ``--check`` only
compares, with ``--sample 8`` only this many tests.  Every peer has to be installed, and lamina too.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def modules() -> list[str]:
    """Return the test modules that ask the peers."""
    found = sorted(ROOT.glob("tests/**/test_*.py"))
    asking = ("import golden\n", "from keras_peer import", "import r_peer\n", "from r_peer import")
    return [
        path.relative_to(ROOT).as_posix()
        for path in found
        if any(words in path.read_text() for words in asking)
    ]


def main() -> int:
    """Run the tests that ask the peers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", help="modules of tests; all that ask if none")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if an answer has changed"
    )
    parser.add_argument("--sample", type=int, help="with --check: ask this many tests' questions")
    given = parser.parse_args()
    if given.sample is not None and not given.check:
        parser.error("--sample goes with --check")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command += ["--golden=check" if given.check else "--golden=rebuild"]
    if given.sample is not None:
        command += [f"--golden-sample={given.sample}"]
    command += given.modules or modules()
    environment = {**os.environ, "LAMINA_REQUIRE_PEERS": "1"}  # a skip is not a check
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
