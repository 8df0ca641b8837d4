"""The options of bench/*.py: each command explains itself and refuses what measures nothing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench"
pytestmark = pytest.mark.skipif(
    not (BENCH / "common.py").is_file(), reason="needs the sources' benchmarks"
)
COMMANDS = sorted(p.stem for p in BENCH.glob("*.py") if "__main__" in p.read_text("utf-8"))
SEEDS = ("coverage", "hitters_baselines", "image_folder", "quality")  # what these count
ROUNDS = [name for name in COMMANDS if name not in SEEDS]


def run(name, *arguments):
    return subprocess.run(
        [sys.executable, str(BENCH / f"{name}.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_every_command_is_here():
    assert {"compare", "footprint", "memory", "peers", "quality", "single_row"} < set(COMMANDS)
    listed = (BENCH / "README.md").read_text("utf-8")
    assert [name for name in COMMANDS if f"bench/{name}.py" not in listed] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_help(name):
    done = run(name, "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"usage: {name}.py")
    assert "--no-history" in done.stdout
    assert ("--rounds" if name in ROUNDS else "--seeds") in done.stdout
    for option in re.split(r"\n  (?=-)", done.stdout.split("options:")[1])[1:]:
        assert re.search(r"\S(\s{2,})\S", option), f"{name}: no word about {option}"


@pytest.mark.parametrize("name", COMMANDS)
def test_no_rounds_are_refused(name):
    builds = ["a", "b"] if name == "compare" else []
    done = run(name, *builds, "--rounds" if name in ROUNDS else "--seeds", "0")
    assert done.returncode == 2
    assert "must be at least 1; got 0" in done.stderr
