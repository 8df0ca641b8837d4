"""Distributed training: the bits are those of one process; failures of processes."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import distributed_fits
import lamina
from lamina import layers, ops, optimizers
from lamina.distribute import DataParallel, Network, Work, simulate
from lamina.distribute.cost import ROUTES
from lamina.distribute.digests import of_model
from lamina.distribute.execution import SlicedExecution
from lamina.distribute.tree import Slices, add_up, middle, nodes, pairs_up

PROGRAM = Path(__file__).parent / "distributed_fits.py"
LIMIT = 300  # seconds, of which a run takes a few


def mpiexec(processes: int, out: Path, what: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the program in several processes, even if there are fewer CPUs."""
    found = shutil.which("mpiexec")
    if found is None or importlib.util.find_spec("mpi4py") is None:
        pytest.skip("mpiexec or mpi4py is not installed")
    version = subprocess.run(
        [found, "--version"], capture_output=True, text=True, check=True
    ).stdout
    options = ["--oversubscribe", "--allow-run-as-root"] if "Open" in version else []
    command = [found, *options, "-n", str(processes), sys.executable, "-m", "mpi4py"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1"}
    return subprocess.run(
        [*command, str(PROGRAM), str(out), what, str(folder)],
        capture_output=True, text=True, timeout=LIMIT, env=environment, check=False,
    )  # fmt: skip


def results(processes: int, out: Path, what: str, folder: Path) -> list[dict]:
    done = mpiexec(processes, out, what, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(Path(f"{out}.{rank}").read_text()) for rank in range(processes)]


@pytest.fixture
def rng():
    return np.random.default_rng(31)


@pytest.fixture(scope="module")
def alone():
    """The results of the fits in one process, without MPI."""
    return distributed_fits.all_fits(None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("distributed")


@pytest.fixture(scope="module")
def two(folder):
    """The output of two processes: fits, a stopped fit, and fits that must fail."""
    return results(2, folder / "two", "first", folder / "backup")


def test_two_processes_leave_the_bits_of_one(alone, two):
    assert [told["fits"] for told in two] == [alone, alone]
    assert two[0]["self"] == alone["images"]  # MPI.COMM_SELF


def test_each_process_reads_the_rows_of_its_slices(alone, two):
    for what, rows in distributed_fits.READ.items():
        for told in two:
            assert told["read"][what] < 0.8 * rows, what  # all read a few for shapes


def test_four_processes_go_on_where_two_stopped(alone, two, folder):
    """The backup was made by two processes in the middle of an epoch."""
    assert [told["resumed"] for told in two] == ["stopped", "stopped"]
    here = folder / "here"
    shutil.copytree(folder / "backup", here)
    whole = distributed_fits.resumed(None, str(folder / "none"), None)
    assert distributed_fits.resumed(None, str(here), None) == whole
    four = results(4, folder / "four", "second", folder / "backup")
    assert [told["resumed"] for told in four] == [whole] * 4
    assert [told["fits"] for told in four] == [alone] * 4


def test_digests_tell_functions_by_what_they_do():
    def digest(loss):
        model = lamina.Sequential([lamina.Input((2,)), layers.Dense(1)])
        model.compile("sgd", loss)
        model.get_weights()
        return of_model(model)["losses and metrics"]

    def scaled(factor):
        return lambda y_true, y_pred: ops.mean(ops.abs(y_true - y_pred)) * factor

    def of_two(other):
        if other:
            return lambda y_true, y_pred: ops.mean(y_true - y_pred)
        return lambda y_true, y_pred: ops.mean(y_true + y_pred)

    class Through(lamina.losses.Loss):
        def __init__(self, inner, **options):
            super().__init__(**options)
            self.inner = inner

        def call(self, y_true, y_pred):
            return self.inner(y_true, y_pred)

    for first, same, other in (
        (scaled(2.0), scaled(2.0), scaled(3.0)),
        (of_two(True), of_two(True), of_two(False)),
        (Through(scaled(2.0)), Through(scaled(2.0)), Through(scaled(3.0))),
        ("mse", "mse", "mae"),
    ):
        assert digest(first) == digest(same)
        assert digest(first) != digest(other)


def test_processes_that_differ_are_refused_in_all(two):
    first, second = (told["failures"] for told in two)
    for name, what in (
        ("weights", "weights"), ("data", "data"), ("model", "layers"),
        ("loss", "losses and metrics"), ("settings", "settings of fit"),
    ):  # fmt: skip
        assert first[name] == second[name]
        assert first[name].startswith("ValueError: fit: all processes must train the same model")
        assert f"they differ in {what}: process 0 has " in first[name]
        assert not first[name].endswith("broken")
    assert first["rows of a batch"].startswith("DataParallel: a batch has 9 rows here, and ")
    assert second["rows of a batch"].startswith("DataParallel: a batch has 11 rows here, and ")
    assert first["batches"] == second["batches"]
    assert first["batches"].startswith("fit: the sources of data give different numbers of batches")
    assert "needs at least one slice for each process" in first["slices"]
    assert first["broadcast"] == second["broadcast"] != ""


def test_an_exception_in_one_process_is_raised_in_all(two):
    first, second = (told["failures"] for told in two)
    for name in ("callback", "last callback"):
        assert first[name].startswith(
            "ProcessFailedError: process 1 of 2 failed: ZeroDivisionError: on purpose"
        )
        assert second[name].startswith("ZeroDivisionError: on purpose")
    assert "process 1 of 2 failed: ValueError: fit: epochs must" in first["bad settings of one"]
    assert second["bad settings of one"].startswith("ValueError: fit: epochs must")
    assert first["rate"] == second["rate"]
    assert "differ, in learning rate: process 0 has 0.01, process 1 has 0.5" in first["rate"]
    # An error common to all processes does not end the communication: they can continue.
    assert first["diverges"] == second["diverges"]
    assert first["diverges"].startswith("TrainingDiverged: ")
    assert not first["diverges"].endswith("broken")


def test_all_stop_where_one_stops(two):
    assert [told["failures"]["stop"] for told in two] == ["1 epochs, 3 steps"] * 2
    assert [told["failures"]["none"] for told in two] == ["2 epochs, 8 steps"] * 2


@pytest.mark.parametrize(
    ("what", "told"), [("killed", ""), ("deaf", "[1] did not answer within 0.3 s")]
)
def test_no_process_waits_for_one_that_is_gone(what, told, folder):
    done = mpiexec(2, folder / what, what, folder)
    assert done.returncode != 0
    assert told in done.stdout + done.stderr


# --- in one process


def test_the_tree_is_the_same_for_any_number_of_processes(rng):
    for count in (1, 2, 3, 5, 8, 12, 13):
        values = rng.normal(size=(count, 3)).astype(np.float32)
        whole = add_up(0, count, {(k, k + 1): values[k].copy() for k in range(count)})
        for processes in range(1, count + 1):
            slices = Slices(count, processes)
            held = {}
            assert [k for p in range(processes) for k in slices.of(p)] == list(range(count))
            for p in range(processes):
                own = slices.of(p)
                inner = {(k, k + 1): values[k].copy() for k in own}
                for node in nodes(0, count, own.start, own.stop):
                    held[node] = add_up(*node, inner)
            np.testing.assert_array_equal(add_up(0, count, held), whole)
    assert pairs_up([(0, 2), (2, 4), (4, 6), (6, 8)])
    assert not pairs_up([(0, 1), (1, 2), (2, 4)])
    assert not pairs_up([(0, 3), (3, 6)])
    assert [middle(0, n) for n in (2, 3, 4, 5, 8, 9)] == [1, 2, 2, 4, 4, 8]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows", [1, 5, 8, 30])
def test_slices_make_the_step_of_the_whole_batch(rng, dtype, rows):
    """Against a plain step: losses with masks and weights, penalties, metrics, several losses."""
    x = rng.integers(1, 9, (rows, 6))
    x[np.arange(6) >= rng.integers(1, 7, rows)[:, None]] = 0
    y, z = rng.normal(size=(rows, 6, 1)), rng.normal(size=(rows, 2))
    weights = [rng.uniform(0.5, 2, rows), rng.uniform(0.5, 2, rows)]
    trained = []
    for parallel in (False, True):
        lamina.set_random_seed(3)
        first = lamina.Input((6,))
        hidden = layers.GRU(4, return_sequences=True, kernel_regularizer="l1_l2")(
            layers.Embedding(9, 3, mask_zero=True)(first)
        )
        last = layers.GRU(3)(hidden)
        model = lamina.Model(
            first,
            [
                layers.Dense(1, activity_regularizer="l2", name="a")(hidden),
                layers.Dense(2, name="b")(last),
            ],
            dtype=dtype,
        )
        model.compile(optimizers.SGD(0.5), ["mse", "mae"], weighted_metrics=[["mse"], ["mae"]])
        trains = DataParallel(model, None) if parallel else model
        told = trains.train_on_batch(x, [y, z], sample_weight=weights, return_dict=True)
        tests = trains.evaluate(x, [y, z], sample_weight=weights, verbose=0, return_dict=True)
        trained.append((told, tests, [p.array.copy() for p in model.parameters]))
    plain, sliced = trained
    bound = 64 * rows * np.finfo(dtype).eps  # sums over rows, in another order
    for one, other in zip(plain[:2], sliced[:2], strict=True):
        assert list(one) == list(other)
        np.testing.assert_allclose(list(other.values()), list(one.values()), rtol=bound)
    for one, other in zip(plain[2], sliced[2], strict=True):
        np.testing.assert_allclose(other, one, rtol=bound, atol=bound)


def test_moving_statistics_are_means_over_the_slices(rng):
    x = rng.normal(size=(10, 3))
    norm = layers.BatchNormalization(momentum=0.75)
    model = lamina.Sequential([lamina.Input((3,)), norm, layers.Dense(1)], dtype="float64")
    model.compile("sgd", "mse")
    DataParallel(model, None, slices=4).train_on_batch(x, np.ones((10, 1)))
    bounds = [0, 2, 5, 7, 10]
    parts = [x[a:b] for a, b in pairwise(bounds)]
    for moving, begin, statistic in (
        (norm.moving_mean, 0.0, np.mean), (norm.moving_variance, 1.0, np.var),
    ):  # fmt: skip
        of_slices = sum(len(part) * statistic(part, axis=0) for part in parts) / len(x)
        expected = 0.75 * begin + 0.25 * of_slices
        np.testing.assert_allclose(np.asarray(moving), expected, rtol=1e-14)


def test_slices_draw_numbers_of_their_own():
    model = lamina.Sequential([lamina.Input((64,)), layers.Dropout(0.5)])
    layer = layers.Dense(64, use_bias=False, kernel_initializer="zeros")
    model.add(layer)
    model.compile(optimizers.SGD(1.0), lamina.losses.MeanSquaredError(reduction="sum"))
    masks = []
    for row in range(4):  # of a batch whose slices have one row each
        layer.kernel.assign(np.zeros((64, 64)))
        targets = np.zeros((4, 64))
        targets[row] = 1.0
        model.train_state.draw = 0
        DataParallel(model, None, slices=4).train_on_batch(np.ones((4, 64)), targets)
        masks.append(np.asarray(layer.kernel)[:, 0] > 0)
    assert all(20 < mask.sum() < 44 for mask in masks)
    assert len({mask.tobytes() for mask in masks}) == 4


def test_what_cannot_be_shared_is_refused(rng):
    x, y = rng.normal(size=(8, 3, 2)), rng.normal(size=(8, 1))
    model = lamina.Sequential([
        lamina.Input((3, 2), batch_size=8), layers.LSTM(2, stateful=True), layers.Dense(1),
    ])  # fmt: skip
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"fit: .* has stateful layers, .* cannot be shared"):
        DataParallel(model, None).fit(x, y, batch_size=8, verbose=0)
    model = lamina.Sequential([lamina.Input((3, 2)), layers.Flatten(), layers.Dense(1)])
    model.compile("lbfgs", "mse")
    with pytest.raises(TypeError, match="DataParallel: optimizers with a line search"):
        DataParallel(model, None).fit(x, y, batch_size="all", verbose=0)
    with pytest.raises(TypeError, match="verbose and callbacks must be passed by name"):
        DataParallel(model, None).fit(x, y, 8, 1, 0)
    assert np.isfinite(model.fit(x, y, batch_size="all", verbose=0).history["loss"][0])


def test_what_is_no_communicator_is_refused():
    try:
        import mpi4py.MPI  # noqa: F401
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"could not import 'mpi4py.MPI': {error}")
    model = lamina.Sequential([lamina.Input((2,)), layers.Dense(1)])
    with pytest.raises(TypeError, match=r"comm must be a communicator of mpi4py.*got 'all'"):
        DataParallel(model, "all")


def test_a_machine_without_mpi_is_told_what_to_install(monkeypatch):
    class NoLibrary:
        @property
        def MPI(self):  # noqa: N802
            raise RuntimeError("cannot load MPI library")

    monkeypatch.setitem(sys.modules, "mpi4py", NoLibrary())
    model = lamina.Sequential([lamina.Input((2,)), layers.Dense(1)])
    with pytest.raises(ImportError, match=r"needs an MPI, such as Open MPI.*cannot load MPI"):
        DataParallel(model)


def test_the_extra_is_named_where_mpi4py_is_not_there(monkeypatch):
    model = lamina.Sequential([lamina.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(ImportError, match=r'needs the package mpi4py.*pip install "lamina\[mpi\]"'):
        DataParallel(model)
    assert DataParallel(model, None).size == 1


def test_a_bucket_is_sent_before_earlier_layers_are_done(rng, monkeypatch):
    forward, send, seen = SlicedExecution._forward, SlicedExecution._send, []

    def blank(self, *batch):
        totals = forward(self, *batch)
        for gradient in self._gradients:
            gradient.fill(np.nan)
        return totals

    def looked(self, rows, number):
        start, stop = self._buckets[number]
        last = self._gradients[-1]
        seen.append((np.isnan(last[:start]).all(), np.isfinite(last[start:stop]).all()))
        send(self, rows, number)

    monkeypatch.setattr(SlicedExecution, "_forward", blank)
    monkeypatch.setattr(SlicedExecution, "_send", looked)
    model = lamina.Sequential([lamina.Input((64,)), layers.Dense(64), layers.Dense(64)])
    model.compile("sgd", "mse")  # every weight begins and ends on a cache line
    x = rng.normal(size=(8, 64)).astype("float32")
    DataParallel(model, None, slices=2, bucket_bytes=64 * 64 * 4).train_on_batch(x, x)
    assert seen == [(True, True)] * 2


# --- the cost model


def test_a_step_takes_its_parts_and_what_cannot_be_hidden():
    work = Work(rows=8, forward=1.0, backward=[(2.0, 1000)], update=0.5, call=0.01, add=1e-4)
    network = Network(bandwidth=8000.0, latency=0.1, overhead=0.02)  # 1000 bytes a second
    assert simulate(work, 1, network) == (3.5, 3.5, 0.0, 1.0)
    told = simulate(work, 5, network)
    calls = [0.1 + 4 * 0.02 + 0.8 * size / 1000 for size in (256, 1000, 1000)]  # losses first
    assert told.waiting == pytest.approx(sum(calls) + 0.1)
    assert told.step == pytest.approx(1.01 + 2.01 + told.waiting + 0.5)
    assert told.efficiency == pytest.approx(3.5 / told.step)


def test_buckets_travel_while_earlier_layers_compute():
    layers = [(1.0, 500)] * 4
    work = Work(rows=8, forward=1.0, backward=layers, update=0.0, call=0.0, add=0.0)
    network = Network(bandwidth=16000.0, latency=0.0, overhead=0.0)  # a layer in half a second
    one, four = (simulate(work, 2, network, bucket_bytes=size) for size in (2000, 500))
    assert one.waiting == pytest.approx(2 * 0.5 + 0.064 * 2 * 0.5, abs=0.07)
    # The step waits for both calls of the last bucket, and for the second of the one before.
    assert four.waiting == pytest.approx(3 * 0.125, abs=0.07)
    here = simulate(work, 2, replace(network, apart=False), bucket_bytes=500)
    assert here.step > one.step  # if the CPU copies, no communication is hidden


def test_routes_differ_in_messages_and_bytes():
    work = Work(rows=8, forward=1e-3, backward=[(1e-3, 1 << 20)], update=0.0)
    late, thin = Network(1e12, 1e-3, 1e-3), Network(1e9, 0.0, 0.0)
    steps = {n: [simulate(work, 64, n, route).step for route in ROUTES] for n in (late, thin)}
    direct, pairs, tree, ring = steps[late]
    assert pairs == pytest.approx(tree, rel=0.01)
    assert pairs < direct < ring
    direct, pairs, tree, ring = steps[thin]
    assert direct == pytest.approx(pairs) == pytest.approx(ring)
    assert tree > 4 * direct
    with pytest.raises(ValueError, match="route must be one of direct, pairs, tree, ring"):
        simulate(work, 2, thin, "bus")
    with pytest.raises(ValueError, match="Network: bandwidth must be"):
        Network(0.0)


def test_work_is_measured_by_layers(rng):
    x, y = rng.normal(size=(32, 6)).astype("float32"), np.ones((32, 1), np.float32)
    model = lamina.Sequential([lamina.Input((6,)), layers.Dense(50, "relu"), layers.Dense(1)])
    model.compile("adam", "mse")
    work = Work.measured(model, x, y, 16)
    # The loss, then the layers.
    assert [size for _, size in work.backward] == [0, 51 * 4, 7 * 50 * 4]
    assert work.forward > 0 < work.update
    double = work.of_rows(32)
    assert double.forward == 2 * work.forward
    assert double.update == work.update
