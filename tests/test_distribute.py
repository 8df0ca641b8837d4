"""Distributed training: the bits are those of one process; failures of processes."""

from __future__ import annotations

import shutil
import sys
from itertools import pairwise

import numpy as np
import pytest

import distributed_fits
import lamina
from distributed_runs import mpiexec, results
from lamina import layers, ops, optimizers
from lamina.distribute import DataParallel
from lamina.distribute.digests import of_layers, of_model
from lamina.distribute.execution import SlicedExecution
from lamina.distribute.tree import Slices, add_up, middle, nodes, pairs_up


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
    return results("distributed_fits", 2, folder / "two", "first", folder / "backup")


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
    four = results("distributed_fits", 4, folder / "four", "second", folder / "backup")
    assert [told["resumed"] for told in four] == [whole] * 4
    assert [told["fits"] for told in four] == [alone] * 4


def test_three_processes_with_unequal_work_leave_the_bits_of_one(alone, folder):
    three = results("distributed_fits", 3, folder / "three", "some", folder)
    assert [told["fits"] for told in three] == [{n: alone[n] for n in ("images", "by_rows")}] * 3


def test_digests_tell_functions_by_what_they_do():
    def digest(loss):
        model = lamina.Sequential([lamina.Input((2,)), layers.Dense(1)])
        model.compile("sgd", loss)
        model.get_weights()
        return of_model("fit", model)["losses and metrics"]

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


def test_digests_of_layers_do_not_depend_on_their_names():
    """Some layers are named like arguments, or values of them, but only the first of their kind."""

    def model():
        first = lamina.Input((4, 3))
        seen = layers.Bidirectional(layers.LSTM(3, dropout=0.2))(layers.Dropout(0.1)(first))
        inner = lamina.Sequential([lamina.Input((6,)), layers.Dense(2, activation="softmax")])
        both = [inner(seen), layers.Softmax()(layers.Add()([seen, seen]))]
        return lamina.Model(first, {"a": both[0], "b": both[1]})

    lamina.backend.clear_session()  # names are counted from the beginning
    first, second = model(), model()
    names = [[layer.name for layer in made.layers] for made in (first, second)]
    assert {"dropout", "softmax"} <= set(names[0])
    assert not set(names[0]) & set(names[1])
    assert of_layers(first) == of_layers(second)


def test_processes_that_differ_are_refused_in_all(two):
    first, second = (told["failures"] for told in two)
    for name, what in (
        ("weights", "weights"), ("data", "data"), ("model", "activation of layer 2"),
        ("loss", "losses and metrics"), ("settings", "settings of fit"),
    ):  # fmt: skip
        assert first[name] == second[name]
        assert first[name].startswith(
            "ValueError: fit: all processes must use the same model and data"
        )
        assert f"they differ in {what}: process 0 has " in first[name]
        assert not first[name].endswith("broken")
    same = "fit: all processes must get the same batches; they differ in rows: process 0 has "
    for name, difference in (
        ("rows of a batch", "9 in batches of 9, process 1 has 11 in batches of 11"),
        ("batches", "no more, process 1 has 10 in batches of 10"),
    ):
        assert first[name] == second[name] == same + difference
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
    for name, what in (
        ("best weights", "weights: process 0 has "),
        ("last rate", "learning rate: process 0 has 0.01, process 1 has 0.5"),
        ("last weights", "weights: process 0 has "),
        ("validated weights", "weights: process 0 has "),
        ("ending", "trainable weights: process 0 has ++++, process 1 has ++--"),
    ):
        assert first[name] == second[name]
        assert first[name].startswith(f"RuntimeError: fit: the processes differ, in {what}"), name
        assert not first[name].endswith("broken")
    assert first["ended"] == second["ended"] == "[]"  # a backup, say, is kept
    # An error common to all processes does not end the communication: they can continue.
    assert first["diverges"] == second["diverges"]
    assert first["diverges"].startswith("TrainingDiverged: ")
    assert not first["diverges"].endswith("broken")


def test_all_stop_where_one_stops(two):
    assert [told["failures"]["stop"] for told in two] == ["1 epochs, 3 steps"] * 2
    assert [told["failures"]["none"] for told in two] == ["2 epochs, 8 steps"] * 2


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("killed", ""),
        ("deaf", "[1] did not answer within 0.3 s"),
        ("absent", "process 1 of 2 failed: its program has ended, while others still wait for it"),
    ],
)
def test_no_process_waits_for_one_that_is_gone(what, told, folder):
    done = mpiexec("distributed_fits", 2, folder / what, what, folder)
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


@pytest.mark.parametrize("built", [False, True])
def test_a_process_alone_broadcasts_to_nobody(monkeypatch, built):
    model = lamina.Sequential([layers.Dense(1)])
    model.compile("sgd", "mse")
    if built:
        model.build((None, 2))
    monkeypatch.setattr(model, "save_backup", None)  # no file is written
    DataParallel(model, None).broadcast()
    assert model.built == built


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
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"could not import 'mpi4py.MPI': {error}")
    model = lamina.Sequential([lamina.Input((2,)), layers.Dense(1)])
    with pytest.raises(TypeError, match=r"comm must be a communicator of mpi4py.*got 'all'"):
        DataParallel(model, "all")
    for null in (MPI.COMM_NULL, MPI.COMM_SELF.Split(MPI.UNDEFINED)):
        with pytest.raises(ValueError, match=r"comm must include this process; got MPI.COMM_NULL"):
            DataParallel(model, null)


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
        for _, each in self._held:
            each.gradient.fill(np.nan)
        return totals

    def looked(self, rows, number):
        start, stop = self._buckets[number]
        last = self._held[-1][1].gradient
        seen.append((np.isnan(last[:start]).all(), np.isfinite(last[start:stop]).all()))
        send(self, rows, number)

    monkeypatch.setattr(SlicedExecution, "_forward", blank)
    monkeypatch.setattr(SlicedExecution, "_send", looked)
    model = lamina.Sequential([lamina.Input((64,)), layers.Dense(64), layers.Dense(64)])
    model.compile("sgd", "mse")  # every weight begins and ends on a cache line
    x = rng.normal(size=(8, 64)).astype("float32")
    DataParallel(model, None, slices=2, bucket_bytes=64 * 64 * 4).train_on_batch(x, x)
    assert seen == [(True, True)] * 2
