"""Callbacks that stop, report and try out, and the state they keep from fit to fit."""

import csv
import http.server
import json
import logging
import math
import pickle
import struct
import threading
import time
import urllib.parse

import numpy as np
import pytest

import lamina
from lamina import callbacks, utils
from lamina.layers import Dense, Embedding, Flatten, Input

X = np.linspace(-1, 1, 24)
Y = 2 * X


def line(rate=0.1, **options):
    model = lamina.Sequential([Input((1,)), Dense(1)], seed=4)
    model.compile(lamina.optimizers.SGD(rate), "mse", **options)
    return model


# --- missing quantities


@pytest.mark.parametrize("kind", [callbacks.EarlyStopping, callbacks.ReduceLROnPlateau])
def test_without_validation_there_is_a_warning_and_the_fit_goes_on(kind):
    with pytest.warns(UserWarning, match=f"{kind.__name__}: unknown quantity.*no validation_data"):
        history = line().fit(X, Y, epochs=3, verbose=0, callbacks=kind(patience=1))
    assert len(history.epoch) == 3


# --- divergence


class Told(callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.losses = []

    def on_train_batch_end(self, batch, logs=None):
        self.losses.append(logs["loss"])


@pytest.mark.parametrize("rate", [1e25, 3e38])
def test_terminate_on_nan_ends_the_fit_with_the_weights_before(rate, capsys):
    model, told = line(rate), Told()
    history = model.fit(
        X, Y, batch_size=4, epochs=9, verbose=0, validation_data=(X, Y),
        callbacks=[callbacks.TerminateOnNaN(), told],
    )  # fmt: skip
    assert not np.isfinite(told.losses[-1])
    assert not np.isfinite(history.history["loss"][-1])
    assert len(history.epoch) < 9
    assert np.isfinite(model.get_weights()[0]).all()
    assert model.optimizer.iterations == len(told.losses) - 1
    assert "Invalid loss, terminating training" in capsys.readouterr().out
    strict = callbacks.TerminateOnNaN(raise_error=True)
    with pytest.raises(lamina.TrainingDiverged):
        line(rate).fit(X, Y, batch_size=4, epochs=9, verbose=0, callbacks=strict)


# --- time


def test_a_time_budget_is_kept_within_an_epoch(capsys):
    budget = callbacks.TimeBudget(0.25, verbose=1)
    batches = []

    def wait(batch, logs):
        batches.append(batch)
        time.sleep(0.02)

    slow = callbacks.LambdaCallback(on_train_batch_end=wait)
    start = time.perf_counter()
    history = line().fit(X, Y, batch_size=1, epochs=99, verbose=0, callbacks=[budget, slow])
    assert 0.25 <= time.perf_counter() - start < 2.0
    assert len(history.epoch) == 1
    assert len(batches) < 24
    assert budget.stopped_epoch == 0
    assert "TimeBudget: 0.25 s are over" in capsys.readouterr().out
    rest = callbacks.TimeBudget(0.25)
    rest.set_state(budget.get_state())
    assert len(line().fit(X, Y, epochs=99, verbose=0, callbacks=rest).epoch) == 1
    for wrong in (0, -1, "long", float("nan")):
        with pytest.raises((ValueError, TypeError), match="TimeBudget: seconds"):
            callbacks.TimeBudget(wrong)


# --- learning rates


def test_a_rate_set_in_any_hook_is_that_of_the_next_step():
    def weight_after(hook, **run):
        def halve(*args):
            model.optimizer.learning_rate = 0.0

        model = line()
        model.fit(X, Y, batch_size=8, verbose=0, callbacks=[
            callbacks.LambdaCallback(**{hook: halve})], **run)  # fmt: skip
        return model.get_weights()[0], model.optimizer

    start = line().get_weights()[0]
    for hook in ("on_train_begin", "on_epoch_begin", "on_train_batch_begin"):
        np.testing.assert_array_equal(weight_after(hook)[0], start)
    one = line()
    one.fit(X, Y, batch_size=8, steps_per_epoch=1, shuffle=True, verbose=0)
    np.testing.assert_array_equal(weight_after("on_train_batch_end")[0], one.get_weights()[0])
    whole = line()
    whole.fit(X, Y, batch_size=8, verbose=0)
    for hook in ("on_test_begin", "on_test_end", "on_epoch_end"):
        got, _ = weight_after(hook, epochs=2, validation_data=(X, Y))
        np.testing.assert_array_equal(got, whole.get_weights()[0])


def test_callbacks_that_set_the_rate_refuse_a_schedule():
    schedule = lamina.optimizers.schedules.ExponentialDecay(0.1, 5, 0.5)
    for callback in (
        callbacks.ReduceLROnPlateau("loss"),
        callbacks.LearningRateScheduler(lambda epoch: 0.1),
        callbacks.LearningRateRangeTest(),
    ):
        model = line()
        model.optimizer.learning_rate = schedule
        with pytest.raises(TypeError, match=f"{type(callback).__name__}: sets the learning rate"):
            model.fit(X, Y, verbose=0, callbacks=callback)
        assert model.optimizer.iterations == 0
    wordy = callbacks.LearningRateScheduler(lambda epoch: "fast")
    with pytest.raises(TypeError, match="must return a number; got 'fast' for epoch 0"):
        line().fit(X, Y, verbose=0, callbacks=wordy)
    with pytest.raises(TypeError, match="schedule must be callable"):
        callbacks.LearningRateScheduler(0.1)


@pytest.mark.parametrize("high", [1.0, 1e30])
def test_a_range_test_leaves_all_as_it_was(high):
    x, y = np.random.default_rng(2).normal(size=(2, 200))
    models = []
    for tried in (True, False):
        model = lamina.Sequential(
            [Input((1,)), Dense(8, "relu"), lamina.layers.Dropout(0.3), Dense(1)], seed=7
        )
        model.compile("adam", "mse")
        model.fit(x, y, verbose=0)
        if tried:
            test = callbacks.LearningRateRangeTest(1e-5, high, steps=60)
            model.fit(x, y, batch_size=10, epochs=9, verbose=0, callbacks=test)
        model.fit(x, y, verbose=0)
        models.append(model)
    for ours, theirs in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    count = len(test.losses)
    assert count == 60 if high == 1.0 else 2 <= count < 60
    rates = 1e-5 * (high / 1e-5) ** (np.arange(count) / 59)
    np.testing.assert_allclose(test.learning_rates, rates, rtol=1e-9)


def test_a_range_test_notes_the_loss_of_each_batch():
    test = callbacks.LearningRateRangeTest(1e-12, 1e-11, steps=9)
    model = line()
    model.fit(X, Y, batch_size=8, shuffle=False, epochs=3, verbose=0, callbacks=test)
    wanted = [model.evaluate(X[i : i + 8], Y[i : i + 8]) for i in (0, 8, 16)] * 3
    np.testing.assert_allclose(test.losses, wanted, rtol=1e-5)
    smooth, weight = 0.0, 0.9
    for i, (loss, got) in enumerate(zip(test.losses, test.smoothed, strict=True), 1):
        smooth = weight * smooth + (1 - weight) * loss
        assert got == pytest.approx(smooth / (1 - weight**i))
    pytest.importorskip("matplotlib")
    assert test.plot().axes[0].get_xlabel() == "learning rate"
    with pytest.raises(ValueError, match="has no steps"):
        callbacks.LearningRateRangeTest().plot()


# --- state of callbacks


def plain(value):
    if isinstance(value, dict):
        return all(isinstance(k, str) and plain(v) for k, v in value.items())
    if isinstance(value, list):
        return all(map(plain, value))
    return value is None or isinstance(value, (bool, int, float, str, np.ndarray))


@pytest.mark.parametrize(
    "make",
    [
        lambda: callbacks.EarlyStopping(patience=3),
        lambda: callbacks.EarlyStopping(patience=9, start_from_epoch=2),
        lambda: callbacks.ReduceLROnPlateau(patience=1, factor=0.5, min_delta=0.05, cooldown=1),
    ],
)
@pytest.mark.parametrize("cut", range(1, 7))
def test_a_state_that_is_set_goes_on_as_if_never_stopped(make, cut):
    values = [3.0, 2.0, 2.5, 2.4, 1.9, 2.3, 2.2, 2.1]

    class Script(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["val_loss"] = values[epoch]
            self.model.layers[0].kernel[...] = epoch

    whole, model = make(), line()
    model.fit(X, Y, epochs=8, verbose=0, callbacks=[Script(), whole])
    first, second, other = make(), make(), line()

    class Keep(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.state, self.weights = first.get_state(), self.model.get_weights()

    keep = Keep()
    stopped = len(other.fit(X, Y, epochs=cut, verbose=0, callbacks=[Script(), first, keep]).epoch)
    other.set_weights(keep.weights)
    assert plain(keep.state)
    second.set_state(pickle.loads(pickle.dumps(keep.state)))
    if not first.get_state().get("stopped"):
        other.fit(X, Y, epochs=8, initial_epoch=stopped, verbose=0, callbacks=[Script(), second])
        assert {k: v for k, v in second.get_state().items() if k != "best_weights"} == {
            k: v for k, v in whole.get_state().items() if k != "best_weights"
        }
        np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])
        assert other.optimizer.learning_rate == model.optimizer.learning_rate
    other.fit(X, Y, epochs=1, verbose=0, callbacks=[Script(), second])
    assert second.best in (3.0, math.inf)  # another fit starts again


def test_a_state_of_another_class_is_refused():
    stop = callbacks.EarlyStopping()
    with pytest.raises(ValueError, match=r"EarlyStopping: the state must have wait, .*; got used"):
        stop.set_state({"used": 1.0})
    assert callbacks.Callback().get_state() == {}
    with pytest.raises(ValueError, match="the state must have no entries; got wait"):
        callbacks.Callback().set_state({"wait": 1})


# --- reports in files


def test_a_csv_file_is_whole_after_every_epoch(tmp_path):
    file, lines = tmp_path / "log.csv", []
    look = callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: lines.append(len(file.read_text().splitlines()))
    )
    odd = callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: logs.update({"pair": np.array([1, 2]), "a,b": "x"})
    )
    model = line(metrics=["mae"])
    history = model.fit(
        X, Y, epochs=3, verbose=0, callbacks=[odd, callbacks.CSVLogger(file), look]
    ).history
    assert lines == [2, 3, 4]
    rows = list(csv.DictReader(file.read_text().splitlines()))
    assert [float(row["loss"]) for row in rows] == history["loss"]
    assert rows[0]["a,b"] == "x"
    assert rows[0]["val_mae"] == "NA"
    with pytest.raises(OSError, match="none"):
        model.fit(X, Y, verbose=0, callbacks=callbacks.CSVLogger(tmp_path / "none" / "log.csv"))
    with pytest.raises(ValueError, match="separator must be one character"):
        callbacks.CSVLogger(file, separator=", ")


@pytest.mark.parametrize("as_json", [True, False])
def test_a_remote_monitor_sends_the_logs(as_json):
    got = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            got.append((self.path, self.headers["X-Run"], body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    root = f"http://127.0.0.1:{server.server_port}"
    monitor = callbacks.RemoteMonitor(root, headers={"X-Run": "7"}, send_as_json=as_json)
    history = line().fit(X, Y, epochs=2, verbose=0, callbacks=monitor).history
    server.shutdown()
    server.server_close()
    told = [b if as_json else urllib.parse.parse_qs(b)["data"][0] for _, _, b in got]
    assert [json.loads(text) for text in told] == [
        {"epoch": i, "loss": loss} for i, loss in enumerate(history["loss"])
    ]
    assert {(path, run) for path, run, _ in got} == {("/publish/epoch/end/", "7")}
    with pytest.warns(UserWarning, match="RemoteMonitor: could not reach"):
        line().fit(X, Y, verbose=0, callbacks=callbacks.RemoteMonitor("http://127.0.0.1:1"))
    with pytest.raises(ValueError, match="root must be an address"):
        callbacks.RemoteMonitor("file:///etc/passwd")


def events(folder):
    """Return the tags and the steps in the event files of a folder."""
    from tensorboardX.proto.event_pb2 import Event

    found = []
    for file in sorted(folder.glob("events*")):
        data, place = file.read_bytes(), 0
        while place < len(data):  # length, its checksum, the event, its checksum
            (size,) = struct.unpack_from("<Q", data, place)
            event = Event.FromString(data[place + 12 : place + 12 + size])
            found += [(v.tag, event.step, v.simple_value) for v in event.summary.value]
            place += 16 + size
    return found


def test_tensorboard_has_keras_s_names(tmp_path):
    pytest.importorskip("tensorboardX")
    model = lamina.Sequential([Input((2,), dtype="int32"), Embedding(5, 3), Flatten(), Dense(1)])
    model.compile(lamina.optimizers.SGD(0.25), "mse")
    x, y = np.arange(16).reshape(8, 2) % 5, np.arange(8.0)
    labels = tmp_path / "labels.txt"
    labels.write_text("a\nb\nc\nd\ne\n")
    board = callbacks.TensorBoard(
        tmp_path, histogram_freq=2, write_images=True, update_freq=3, embeddings_freq=1,
        write_steps_per_second=True, embeddings_metadata=labels,
    )  # fmt: skip
    history = model.fit(
        x, y, batch_size=2, epochs=2, verbose=0, callbacks=[board], validation_data=(x, y)
    ).history
    train, held = events(tmp_path / "train"), events(tmp_path / "validation")
    tags = {tag for tag, _, _ in train}
    assert {"epoch_loss", "epoch_learning_rate", "epoch_steps_per_second"} <= tags
    assert {"batch_loss", "batch_steps_per_second", "model/text_summary"} <= tags
    assert [step for tag, step, _ in train if tag == "batch_loss"] == [3, 6]
    got = [value for tag, _, value in train if tag == "epoch_loss"]
    np.testing.assert_allclose(got, history["loss"], rtol=1e-6)
    assert {value for tag, _, value in train if tag == "epoch_learning_rate"} == {0.25}
    weights = [(t, step) for t, step, _ in train if t.endswith(("/histogram", "/image"))]
    assert sorted(weights) == [  # a single number is not an image
        ("dense/0/histogram", 0), ("dense/0/image", 0), ("dense/1/histogram", 0),
        ("embedding/0/histogram", 0), ("embedding/0/image", 0),
    ]  # fmt: skip
    names = {tag for tag, _, _ in held}
    assert names == {"epoch_loss", "batch_loss", "evaluation_loss_vs_iterations"}
    assert [step for tag, step, _ in held if tag == "evaluation_loss_vs_iterations"] == [4, 8]
    assert list(tmp_path.rglob("metadata.tsv"))
    callbacks.TensorBoard(tmp_path, profile_batch=(100, 200))  # no profile, but no obstacle


def test_tensorboard_by_epoch_costs_no_batch_anything(tmp_path):
    hooks = callbacks.CallbackList(callbacks.TensorBoard(tmp_path))
    assert not hooks["on_train_batch_end"]
    assert callbacks.CallbackList(callbacks.TensorBoard(update_freq="batch"))["on_train_batch_end"]


# --- progress


def test_a_log_takes_the_lines_where_nothing_is_interactive(capsys, caplog):
    assert utils.is_interactive_logging_enabled()
    utils.disable_interactive_logging()
    try:
        with caplog.at_level(logging.INFO, "lamina"):
            line().fit(X, Y, epochs=2, verbose=2)
            assert not utils.is_interactive_logging_enabled()
    finally:
        utils.enable_interactive_logging()
    assert capsys.readouterr().out == ""
    assert [record.message.split(" - ")[0] for record in caplog.records] == [
        "Epoch 1/2", "Epoch 2/2",
    ]  # fmt: skip


def test_a_progbar_in_a_file_has_one_line(capsys):
    bar = utils.Progbar(3, stateful_metrics=["rate"])
    for i in range(3):
        bar.add(1, [("loss", i / 10), ("rate", i)])
    assert bar._logs() == {"loss": 0.2, "rate": 2.0}
    out = capsys.readouterr().out
    assert out.startswith("3/3 - loss: 0.2 - rate: 2 - ")
    assert out.count("\n") == 1
    bar = utils.Progbar(None, verbose=2)
    bar.update(1, [("loss", 1.0)])
    bar.update(3, [("loss", 4.0)])
    assert bar._logs() == {"loss": 3.0}
    bar.update(4, finalize=True)
    assert capsys.readouterr().out.startswith("4/4 - loss: 3 - ")
    utils.Progbar(1, verbose=0).update(1)
    assert capsys.readouterr().out == ""
    with pytest.raises(ValueError, match="not both"):
        utils.Progbar(1, stateful_metrics=[], stateless_metrics=[])
