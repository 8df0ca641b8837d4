"""bench/*.py: each command explains itself and refuses what measures nothing; the workloads."""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BENCH = Path(__file__).parents[1] / "bench"
pytestmark = pytest.mark.skipif(
    not (BENCH / "common.py").is_file(), reason="needs the sources' benchmarks"
)
COMMANDS = sorted(p.stem for p in BENCH.glob("*.py") if "__main__" in p.read_text("utf-8"))
SEEDS = ("coverage", "hitters_baselines", "image_folder", "quality")  # what these count
ROUNDS = [name for name in COMMANDS if name not in SEEDS]


@pytest.fixture
def of_bench(monkeypatch):
    """Import a module of the benchmarks, as their commands see it."""
    monkeypatch.syspath_prepend(str(BENCH))
    return importlib.import_module


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


def test_workloads_survive_json_and_have_whole_batches(of_bench):
    workloads = of_bench("workloads")
    for workload in workloads.WORKLOADS.values():
        described = json.loads(json.dumps(workload.description()))
        assert workloads.Workload.described(described) == workload
        assert workload.rows % workload.batch == 0
        assert workload.steps >= workload.steps_per_epoch / 2, workload.name


def test_work_is_counted_as_by_hand(of_bench):
    step, mlp = of_bench("workloads.work").step, of_bench("workloads").WORKLOADS["mlp"]
    # 784-256-128-10 on 128 rows: the first layer has no gradient at the data.
    dense = 2 * 784 * 256 + 3 * (256 * 128 + 128 * 10)
    assert mlp.mflop == pytest.approx(1e-6 * 128 * (2 * dense + 3 * (256 + 128)))
    # An addition forward and backward; a branch without layers costs nothing.
    residual = (("dense", 4, "relu"), ("residual", (("dense", 4, "linear"),)))
    assert step(residual, (3,)) == 2 * (2 * 3 * 4) + 3 * (2 * 4 * 4) + 2 * 4
    joined = (("concatenate", (), (("embedding", 9, 2), ("flatten",))), ("dense", 1, "linear"))
    assert step(joined, ((5,), (3,))) == 2 * (3 * 2) + 3 * (2 * (5 + 3 * 2))
    convolved = (("conv2d", 6, 5, "valid", "relu"), ("max_pool2d", 2), ("flatten",))
    assert step(convolved, (28, 28, 1)) == 2 * (2 * 24 * 24 * 25 * 6) + 3 * (24 * 24 * 6)


def test_inputs_explain_targets(of_bench):
    workload = of_bench("workloads").WORKLOADS["table"]
    (numbers, categories), y = workload.data()
    assert (numbers.shape, categories.shape) == ((workload.rows, 12), (workload.rows, 8))
    assert set(y.ravel()) == {0.0, 1.0}
    # Least squares of the labels on the numbers alone beats guessing.
    fitted = numbers @ np.linalg.lstsq(numbers, y - y.mean(), rcond=None)[0]
    assert np.mean((fitted > 0) == (y > 0.5)) > 0.6


def test_peers_of_a_workload_with_branches_learn():
    options = ("--peers", "lamina", "--rounds", "1", "--steps", "1", "--no-history")
    done = run("peers", "--workloads", "table", *options)
    assert done.returncode == 0, done.stderr
    assert "does not learn" not in done.stdout
    assert re.search(r"^table +lamina ", done.stdout, re.M)
