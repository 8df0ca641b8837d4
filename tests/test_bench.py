"""bench/*.py: help and errors of each command; the workloads."""

import argparse
import importlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

BENCH = Path(__file__).parents[1] / "bench"
pytestmark = pytest.mark.skipif(
    not (BENCH / "common.py").is_file(), reason="needs the sources' benchmarks"
)
COMMANDS = sorted(p.stem for p in BENCH.glob("*.py") if "__main__" in p.read_text("utf-8"))
SEEDS = ("coverage", "hitters_baselines", "image_folder", "quality")  # without rounds
ROUNDS = [name for name in COMMANDS if name not in SEEDS]


@pytest.fixture
def of_bench(monkeypatch):
    """Import a module of the benchmarks in the way their commands do."""
    monkeypatch.syspath_prepend(str(BENCH))
    return importlib.import_module


def run(name, *arguments, **variables):
    return subprocess.run(
        [sys.executable, str(BENCH / f"{name}.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ | variables,
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
    assert re.search("must be at least [12]; got 0", done.stderr), done.stderr


@pytest.fixture
def without_peers(tmp_path):
    """Return the path of modules with which peers are left out, as if they were not installed."""
    for name in ("torch", "tensorflow", "jax", "keras", "mapie", "sklearn", "statsmodels"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('left out')")
    given = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(tmp_path), *([given] if given else [])])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("attention", ["--rounds", "1", "--steps", "1"]),
        ("compare", [sys.executable, sys.executable, "--workloads", "hitters", "--steps", "1",
                     "--rounds", "1"]),
        ("conv_peers", ["--rounds", "1", "--threads", "1", "--only", "average 4"]),
        ("coverage", ["--seeds", "1", "--methods", "split"]),
        ("footprint", ["--rounds", "1", "--fits", "0", "--predicts", "0"]),
        ("late_steps", ["--early", "1", "--late", "2", "--models", "1", "--rounds", "1"]),
        ("memory", ["--rounds", "1", "--workloads", "cnn"]),
        ("overhead", ["--rounds", "1"]),
        ("precision", ["--rounds", "1", "--workloads", "hitters", "--contestants",
                       "lamina float32"]),
        ("quality", ["--workloads", "nyse-rnn", "--seeds", "1", "--peers", "lamina"]),
        ("recurrence_peers", ["--rounds", "1", "--threads", "1", "--only", "5 3 12"]),
        ("scaling", ["--workloads", "hitters"]),
        ("single_row", ["--rounds", "1"]),
        ("standard_errors", ["--rounds", "2", "--rows", "100"]),
        ("warps", ["--rounds", "1", "--jobs", "rotation 32x32x3"]),
    ],
)  # fmt: skip
def test_a_short_run(name, options, without_peers):
    if name in ("footprint", "memory") and not Path("/proc/self/clear_refs").exists():
        pytest.skip("needs Linux's /proc")
    if name == "standard_errors":
        pytest.importorskip("scipy")
    done = run(name, *options, "--no-history", PYTHONPATH=without_peers)
    assert done.returncode == 0, done.stderr
    assert re.search(r"\d", done.stdout)


def test_workloads_survive_json_and_have_whole_batches(of_bench):
    workloads = of_bench("workloads")
    for workload in workloads.WORKLOADS.values():
        described = json.loads(json.dumps(workload.description()))
        assert workloads.Workload.described(described) == workload
        assert workload.rows % workload.batch == 0
        assert workload.steps >= workload.steps_per_epoch / 2, workload.name


def test_work_is_counted_as_by_hand(of_bench):
    work, mlp = of_bench("workloads.work"), of_bench("workloads").WORKLOADS["mlp"]
    step, forward = work.step, work.forward
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
    # Seven steps of three numbers: no gradient at the data, but one at the states.
    recurrent = (("lstm", 4), ("dense", 1, "linear"))
    assert step(recurrent, (7, 3)) == 7 * 2 * 16 * (2 * (3 + 4) + 4) + 3 * 2 * 4
    assert forward(recurrent, (7, 3)) == 7 * 2 * 16 * (3 + 4) + 2 * 4
    assert forward(residual, (3,)) == 2 * 3 * 4 + 2 * 4 * 4 + 4


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


def test_lead_is_over_the_best_peer_quiet_and_busy(of_bench):
    contest = of_bench("contest")
    quiet = {"lamina": [10.0, 12.0, 20.0], "a": [30.0, 36.0, 90.0], "b": [50.0, 60.0, 1.0]}
    busy = {"lamina": [24.0], "a": [48.0], "b": [36.0]}
    found = contest.verdict(contest.Figures(quiet, busy), 3.5)
    assert (found["best_peer"], found["ratio"], found["met"]) == ("a", 3.0, False)
    assert found["ratio_of_best"] == 1 / 10  # b's best round over lamina's
    assert found["busy"] == {"best_peer": "b", "ratio": 1.5, "kept": 0.5}
    assert contest.verdict(contest.Figures({"lamina": [1.0]}), 2.0) == {}


def test_a_goal_is_undecided_without_the_fastest_peer(of_bench):
    contest = of_bench("contest")
    figures = contest.Figures({"lamina": [10.0], "slow": [50.0]})

    def said(*wanted):
        return contest.in_words("mlp", 10.0, contest.verdict(figures, *wanted))

    assert said(4.0, ["quick"]).endswith("goal 4: undecided without quick")
    assert said(4.0, ["slow"]).endswith("goal 4: met")
    assert said(6.0, ["quick"]).endswith("goal 6: MISSED")  # a faster one would be worse
    record = {"workload": "mlp", "threads": 1, **contest.verdict(figures, 4.0, ["quick"])}
    assert contest.summary([record]).endswith("undecided without quick")


def test_the_fastest_peers_are_peers(of_bench):
    peers = of_bench("workloads.peer").PEERS
    for workload in of_bench("workloads").WORKLOADS.values():
        assert workload.fastest in peers, workload.name
    assert set(of_bench("inference").FASTEST) < set(of_bench("workloads.predictor").PREDICTORS)


def test_results_of_several_runs_make_one_table(of_bench, tmp_path):
    contest, path = of_bench("contest"), str(tmp_path / "results.jsonl")
    for peer_us, goal in ((20.0, 4.0), (50.0, 4.0)):
        figures = contest.Figures({"lamina": [10.0], "torch": [peer_us]})
        contest.keep(path, {"workload": "mlp", "threads": 2, **contest.verdict(figures, goal)})
    *_, last = lines = contest.summary(contest.kept(path)).splitlines()
    assert len(lines) == 3  # the later run of a workload replaces the earlier
    assert last.split() == ["mlp", "torch", "2", "5.00", "5.00", "4", "-", "-", "met"]


def test_shares_of_the_limits(of_bench):
    contest, limits = of_bench("contest"), of_bench("limits")
    measured = {"peak_gflops": 200.0, "read_gbytes": 20.0}
    # 100 MFLOP take 500 us at the peak; the goal, 3 times as fast as the peer, is 400 us.
    found = limits.shares(100.0, 800.0, 1200.0, 3.0, measured)
    assert (found["of_peak"], found["goal_of_peak"]) == (0.625, 1.25)
    assert limits.in_words(found).endswith(
        "products take 62 % of lamina's time, and 125 % of the time at which the goal is met"
    )
    assert "goal_of_peak" not in limits.shares(100.0, 800.0, 1200.0, None, measured)
    step = {"operation": "dense", "pass": "forward", "us": 98.5, "mflop": 9.85, "mb": 0.985}
    *_, first, last = limits.profile([step, {**step, "us": 1.5}], measured).splitlines()
    assert first.split() == ["dense", "forward", "98.5", "98", "%", "100.0", "50", "%",
                             "10.0", "50", "%"]  # fmt: skip
    assert last.split()[:3] == ["others", "1.5", "2"]
    figures = contest.Figures({"lamina": [800.0], "torch": [1200.0]})
    record = {"workload": "mlp", "threads": 2, **contest.verdict(figures, 3.0), **found}
    assert contest.summary([record]).endswith(" 62 %       125 %  MISSED")


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs a C++ compiler")
def test_limits_and_profile_are_printed():
    options = ("--peers", "lamina", "--rounds", "1", "--steps", "1", "--limits", "--no-history")
    done = run("peers", "--workloads", "hitters", *options)
    assert done.returncode == 0, done.stderr
    limits = re.search(r"^The CPUs reach (\d+) GFLOP/s and read (\d+) GB/s$", done.stdout, re.M)
    assert limits is not None
    assert min(map(int, limits.groups())) > 0
    assert re.search(r"^dense \(dense\+relu\+dropout\) +forward .* %", done.stdout, re.M)
    assert re.search(r"^optimizer +update", done.stdout, re.M)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="needs Linux's /proc")
def test_busy_processes_run_on_the_contestants_cpus_while_asked(of_bench):
    def fields():  # from the state on
        return stat.read_text().rsplit(")", 1)[1].split()

    def ticks():  # of processor time, in user mode
        return int(fields()[11])

    busy = of_bench("busy").Busy(1, threads=1)
    try:
        (process,) = busy.processes
        stat = Path(f"/proc/{process.pid}/stat")
        assert os.sched_getaffinity(process.pid) == {min(os.sched_getaffinity(0))}
        deadline = time.monotonic() + 60
        while fields()[0] != "T" and time.monotonic() < deadline:
            time.sleep(0.01)  # the signal takes a moment
        stopped = ticks()
        time.sleep(0.05)
        assert ticks() == stopped
        with busy:
            deadline = time.monotonic() + 60
            while ticks() < stopped + 2 and time.monotonic() < deadline:
                time.sleep(0.01)
        assert ticks() >= stopped + 2
    finally:
        busy.close()
    assert process.returncode is not None


def test_contestants_that_predict_otherwise_stop_the_command(of_bench):
    class Answers:
        def __init__(self, outputs):
            self.outputs = outputs

        def ask(self, **_):
            return {"outputs": self.outputs}

    inference = of_bench("inference")
    near = {"lamina": Answers([[1.0, 2.0]]), "torch": Answers([[1.0, 2.0001]])}
    inference.compare_outputs("mlp", near, 1)
    for wrong in ([[1.0, 2.1]], [[1.0, float("nan")]], [[1.0], [2.0]]):
        with pytest.raises(SystemExit, match="torch and lamina differ"):
            inference.compare_outputs("mlp", {**near, "torch": Answers(wrong)}, 1)


@pytest.mark.parametrize(("name", "library"), [("mlp", "torch"), ("text", "jax")])
def test_peers_predict_what_lamina_predicts(name, library):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    peers = ["lamina", "onnxruntime", *([library] if importlib.util.find_spec(library) else [])]
    options = ("--inference", "--rows", "1", "3", "--rounds", "1", "--no-history")
    done = run("peers", "--workloads", name, "--peers", *peers, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    for peer in peers:
        told = re.findall(rf"^({name}, \d rows?) +{peer} ", done.stdout, re.M)
        assert set(told) == {f"{name}, 1 row", f"{name}, 3 rows"}


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("peers", ["--rows", "3"], "--rows is for --inference"),
        ("peers", ["--results", "{folder}"], "holds no results to add to: .*directory"),
        ("peers", ["--results", "{folder}/none/figures"], "holds no results to add to: .*No such"),
        ("peers", ["--results", "{folder}/notes"], "notes holds no results to add to"),
        ("peers", ["--results", "{folder}/others"], "others holds no results to add to"),
        ("sweeps", ["--peers", "sklearn"], "--peers must include lamina, got sklearn"),
        ("late_steps", ["--early", "10", "--late", "5"], "must be less than --late, got 10 and 5"),
        (
            "peers",
            ["--threads", "9999"],
            r"must be at most \d+, the CPUs of this process; got 9999",
        ),
        ("peers", ["--busy", "9999"], r"must be at most \d+, the CPUs of this process; got 9999"),
        ("sweeps", ["--threads", "1", "9999"], r"must be at most \d+, the CPUs of this process"),
        ("quality", ["--results", "{folder}/none/x"], "holds no results to add to: .*No such"),
        ("quality", ["--results", "{folder}/notes"], "notes holds no results to add to"),
        ("quality", ["--first-seed", "-1"], "--first-seed: must be at least 0; got -1"),
        ("quality", ["--data", "{folder}/none"], "--data: fashion_mnist: no file .* in .*/none"),
        ("quality", ["--workloads", "mnist-mlp", "--data", "."], "for .* Fashion-MNIST: fashion-"),
        ("footprint", ["--wheel", "{folder}/none"], "--wheel: .*/none is not a file"),
        ("footprint", ["--fits", "-1"], "--fits: must be at least 0; got -1"),
        ("footprint", ["--predicts", "-5"], "--predicts: must be at least 0; got -5"),
        ("image_folder", ["--epochs", "1"], "--epochs: must be at least 2; got 1"),
        ("coverage", ["--jackknife-rows", "1"], "must be at least 2; got 1"),
        (
            "coverage",
            ["--jackknife-rows", "401"],
            "must be at most 400, the training rows; got 401",
        ),
        ("standard_errors", ["--rows", "1"], "--rows: must be at least 100; got 1"),
        ("standard_errors", ["--rounds", "1"], "--rounds: must be at least 2; got 1"),
        ("large_files", ["--gigabytes", "0"], "must be a positive number; got '0'"),
        ("large_files", ["--gigabytes", "nan"], "must be a positive number; got 'nan'"),
        ("large_files", ["--gigabytes", "1e-9"], "there must be a row, .*; got 1e-09"),
        ("large_files", ["--gigabytes", "1e9"], r"room for two files .* free\); got 1e\+09"),
        ("large_files", ["--folder", "{folder}/none"], "files cannot be written: .*No such file"),
        ("large_files", ["--folder", "{folder}", "--kind", "array"], "needs a --folder in which"),
    ],
)
def test_options_are_refused_before_anything_is_measured(name, options, message, tmp_path):
    (tmp_path / "notes").write_text("not JSON")
    (tmp_path / "others").write_text("[1]")
    options = [option.format(folder=tmp_path) for option in options]
    done = run(name, *options, "--no-history")
    assert done.returncode == 2
    assert re.search(message, done.stderr), done.stderr
    assert done.stdout == ""


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="needs Linux's affinity")
def test_no_more_threads_than_cpus_by_default(of_bench, monkeypatch):
    common = of_bench("common")

    def threads(default):
        parser = argparse.ArgumentParser()
        common.add_options(parser, threads=default)
        return parser.parse_args([]).threads

    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3})
    assert (threads(2), threads([1, 2]), threads([2])) == (1, [1], [1])
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5})
    assert (threads(2), threads([1, 2]), threads([2])) == (2, [1, 2], [2])


def test_no_contestant_is_an_error(without_peers):
    options = ("--peers", "torch", "--workloads", "lstm", "--no-history")
    done = run("peers", *options, PYTHONPATH=without_peers)
    assert done.returncode == 1
    assert "lstm: torch left out: not installed (left out)" in done.stdout
    assert "peers: none of the chosen peers (torch) runs any of lstm" in done.stderr


def test_a_cpu_without_products_in_bfloat16_is_named():
    options = ("--contestants", "lamina mixed_bfloat16", "--workloads", "hitters", "--no-history")
    done = run("precision", *options, LAMINA_ISA="v2")
    assert done.returncode == 1
    assert re.search(r"^lamina mixed_bfloat16 left out: .*this CPU lacks", done.stdout, re.M)
    assert done.stderr == "precision: none of the contestants can run here\n"


def test_peers_that_only_predict_do_not_train():
    done = run("peers", "--peers", "onnxruntime", "--no-history")
    assert done.returncode == 2
    assert "none of this name trains: onnxruntime" in done.stderr


def test_sweeps_grow_from_size_to_size(of_bench):
    for sweep in of_bench("workloads.sweep_series").SWEEPS.values():
        work = [sweep.workload(value).mflop for value in sweep.values]
        assert work == sorted(work), sweep.name
        assert of_bench("sweeps").shortened(sweep.values)[-1] == sweep.values[-1]


def test_sweeps_mark_growth_peers_and_slow_threads(of_bench):
    findings = of_bench("sweeps").findings
    before = {("lamina", 1): 10.0, ("lamina", 2): 10.0}
    times = {("lamina", 1): 29.0, ("lamina", 2): 30.4, ("torch", 1): 27.0, ("torch", 2): 20.0}
    one, two = findings(times, before, growth_of_work=2.0).values()
    assert one == []  # 2.9 times as long for twice the work; the peer is ahead by 7 %
    assert two == ["time grew 3.04x, work 2.00x", "torch passes: 1.52x"]
    slower = {("lamina", 1): 10.0, ("lamina", 2): 10.6}
    assert findings(slower, {}, 2.0) == {1: [], 2: ["two threads take 1.06x as long as one"]}


@pytest.mark.parametrize("name", ["depth", "first-depth"])
def test_a_short_sweep(name):
    options = ("--peers", "lamina", "--threads", "1", "--rounds", "1", "--quick", "--no-history")
    done = run("sweeps", "--sweeps", name, *options)
    assert done.returncode == 0, done.stderr
    assert re.findall(rf"^{name} +(\d+) +1 ", done.stdout, re.M) == ["1", "5", "20", "100"]
    assert re.search(r"^\d+ marks$", done.stdout, re.M)


@pytest.fixture
def mlpack_program(of_bench, monkeypatch, tmp_path):
    """Return the module that finds and compiles mlpack, with MLPACK_INCLUDE as the only folder."""
    module = of_bench("workloads.mlpack_program")
    for header in module.HEADERS:
        (tmp_path / header).parent.mkdir(exist_ok=True)
        (tmp_path / header).touch()
    monkeypatch.setattr(module, "SYSTEM", ())
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(of_bench("compiled"), "BUILD", tmp_path)
    monkeypatch.setenv("MLPACK_INCLUDE", str(tmp_path))
    return module


def test_headers_of_mlpack_are_found_or_named(mlpack_program, tmp_path):
    assert mlpack_program.headers() == [tmp_path]
    (tmp_path / "ensmallen.hpp").unlink()
    with pytest.raises(ImportError, match=r"no header ensmallen.hpp: set MLPACK_INCLUDE or"):
        mlpack_program.headers()


def test_a_program_that_does_not_compile_says_why(mlpack_program, of_bench):
    try:
        of_bench("compiled").compiler()
    except ImportError:
        pytest.skip("needs a C++ compiler")
    # The headers are empty, and those of the network are missing.
    with pytest.raises(ImportError, match=r"mlpack_trainer.cpp does not compile: .*error"):
        mlpack_program.program()
