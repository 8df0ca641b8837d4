"""Callbacks: the hooks that are called, early stopping, history."""

import copy
import math
import pickle

import numpy as np
import pytest

import lamina
from lamina.callbacks import (
    Callback,
    CallbackList,
    EarlyStopping,
    History,
    LambdaCallback,
)
from lamina.callbacks.callback import HOOKS
from lamina.layers import Dense, Input

X = np.linspace(-1, 1, 12)
Y = 2 * X


def line(rate=0.1):
    model = lamina.Sequential([Input((1,)), Dense(1, kernel_initializer="zeros")])
    model.compile(lamina.optimizers.SGD(rate), "mse")
    return model


def test_order_of_hooks():
    calls = []

    def noting(name):
        return lambda *args: calls.append((name, *[a for a in args if isinstance(a, int)]))

    everything = LambdaCallback(**{name: noting(name) for name in HOOKS if "tick" not in name})
    model = line()
    model.fit(X, Y, batch_size=8, verbose=0, callbacks=[everything], validation_data=(X, Y))
    assert [name for name, *_ in calls] == [
        "on_train_begin", "on_epoch_begin",
        "on_train_batch_begin", "on_train_batch_end",
        "on_train_batch_begin", "on_train_batch_end",
        "on_test_begin", *["on_test_batch_begin", "on_test_batch_end"] * 2, "on_test_end",
        "on_epoch_end", "on_train_end",
    ]  # fmt: skip
    assert ("on_train_batch_end", 1) in calls
    calls.clear()
    y = model.predict(X, batch_size=5, callbacks=[everything])
    np.testing.assert_array_equal(y, model.predict(X))
    assert [name for name, *_ in calls] == [
        "on_predict_begin", *["on_predict_batch_begin", "on_predict_batch_end"] * 3,
        "on_predict_end",
    ]  # fmt: skip


def test_every_callback_is_told_of_every_batch():
    model, seen = line(), []
    tell = [
        LambdaCallback(
            on_test_batch_begin=lambda batch, logs, i=i: seen.append((i, batch)),
            on_test_batch_end=lambda batch, logs, i=i: seen.append((i, batch, logs["loss"])),
        )
        for i in range(2)
    ]
    loss = model.evaluate(X, Y, batch_size=8, callbacks=tell)
    first = model.evaluate(X[:8], Y[:8])
    assert seen == [
        (0, 0), (1, 0), (0, 0, first), (1, 0, first), (0, 1), (1, 1), (0, 1, loss), (1, 1, loss),
    ]  # fmt: skip


def test_hooks_not_overridden_are_not_called():
    hooks = CallbackList([Callback(), LambdaCallback(on_epoch_end=print), History()])
    assert [len(hooks[name]) for name in HOOKS if hooks[name]] == [2]


def test_a_stranger_with_hooks_and_keras_old_names_will_do():
    class Stranger:
        seen = ()

        def on_batch_end(self, batch, logs):
            self.seen += (batch, sorted(logs))

    stranger = Stranger()
    line().fit(X, Y, verbose=0, callbacks=stranger)
    assert stranger.seen == (0, ["loss"])
    with pytest.raises(TypeError, match="needs Callback instances"):
        CallbackList([print])
    with pytest.raises(ValueError, match="did you mean 'on_epoch_end'"):
        LambdaCallback(on_epoch_ends=print)
    with pytest.raises(TypeError, match="must be callable"):
        LambdaCallback(on_epoch_end=3)
    assert repr(LambdaCallback(on_epoch_end=None)) == "LambdaCallback()"


def test_callbacks_may_set_the_learning_rate_and_stop():
    model, rates = line(), []

    def halve(epoch, logs):
        model.optimizer.learning_rate = model.optimizer.learning_rate / 2
        rates.append(model.optimizer.learning_rate)
        logs["rate"] = rates[-1]
        model.stop_training = epoch == 2

    history = model.fit(X, Y, epochs=9, verbose=0, callbacks=LambdaCallback(on_epoch_end=halve))
    assert history.history["rate"] == rates == [0.05, 0.025, 0.0125]

    def stop(batch, logs):
        model.stop_training = batch == 1

    seen = []
    model.fit(X, Y, batch_size=1, epochs=9, verbose=0, callbacks=[
        LambdaCallback(on_train_batch_end=stop),
        LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch))])  # fmt: skip
    assert seen == [0, 1]
    assert len(model.fit(X, Y, epochs=3, verbose=0).epoch) == 3  # the last stop is over


def scripted(values, **options):
    """Run EarlyStopping over a made-up val_loss; the weight is the epoch's number."""
    model = line()
    model.get_weights()

    class Script(Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["val_loss"] = values[epoch]
            self.model.layers[0].kernel[...] = epoch

    stop = EarlyStopping(**options)
    model.fit(X, Y, epochs=len(values), verbose=0, callbacks=[Script(), stop])
    return stop, int(model.layers[0].kernel[0, 0]), len(model.history.epoch)


@pytest.mark.parametrize(
    ("values", "options", "best", "epochs"),
    [
        ([3, 2, 1, 2, 3, 0], {"patience": 2}, 2, 5),
        ([3, 2, 1, 2], {"patience": 9}, 2, 4),  # restored although all epochs ran
        ([3, 2, 1], {"patience": 9}, 2, 3),
        ([3, 2, 1, 5], {"patience": 1, "restore_best_weights": False}, 3, 4),
        ([3, 2.9, 2.8, 1], {"patience": 2, "min_delta": 0.5}, 0, 3),
        ([1, 2, 3], {"patience": 1, "mode": "max"}, 2, 3),
        ([0, 9, 8, 9], {"patience": 1, "start_from_epoch": 1}, 2, 4),
        ([3, 4, 5], {"patience": 2, "baseline": 1.0}, 0, 2),  # the best epoch so far
        ([5, 3, 4, 9], {"patience": 3, "baseline": 1.0}, 1, 3),
        ([5, 0.5, 4, 9], {"patience": 2, "baseline": 1.0}, 1, 4),
        ([9, 3, 4, 5], {"patience": 2, "baseline": 1.0, "start_from_epoch": 2}, 2, 4),
        ([3, 1, 2, 0], {"patience": 2, "baseline": 4, "mode": "max"}, 0, 2),
        ([math.nan, 2, math.nan, 1], {"patience": 3}, 3, 4),
        ([math.nan, math.nan, math.nan], {"patience": 2}, 0, 2),
        ([1, 1.4, 1.8], {"patience": 1, "min_delta": -0.5, "mode": "max"}, 0, 2),
        ([3, 4], {}, 0, 2),
        ([3, 3, 1], {"patience": 1}, 0, 2),  # equal is not better
        ([3, 2.5, 1], {"patience": 1, "min_delta": 0.5}, 0, 2),
    ],
)
def test_early_stopping(values, options, best, epochs):
    _, weight, ran = scripted(values, **options)
    assert (weight, ran) == (best, epochs)


def test_early_stopping_reports(capsys):
    stop, _, _ = scripted([2, 1, 3, 4], patience=2, verbose=1)
    assert (stop.best, stop.best_epoch, stop.stopped_epoch) == (1, 1, 3)
    out = capsys.readouterr().out
    assert "stopped after epoch 4" in out
    assert "restored the weights of epoch 2" in out
    scripted([2], patience=2, verbose=1)
    assert capsys.readouterr().out == ""


def gap(y, p):
    return np.abs(y - p)[:, 0]


class VaccineScore(lamina.metrics.MeanMetricWrapper):
    direction = "up"

    def __init__(self, fn=gap, name="vaccine_score"):
        super().__init__(fn, name)


class FromKeras(lamina.metrics.MeanMetricWrapper):
    def __init__(self):
        super().__init__(gap, "leaf1")
        self._direction = "down"


def named(name, direction=None):
    return lamina.metrics.MeanMetricWrapper(gap, name, direction=direction)


@pytest.mark.parametrize(
    ("metric", "monitor", "larger"),
    [
        ("mae", "val_mae", False),
        ("accuracy", "accuracy", True),
        (lamina.metrics.R2Score(name="error"), "val_error", True),
        (lamina.metrics.MeanSquaredError(name="precision"), "precision", False),
        (named("accident", "down"), "val_accident", False),
        (named("val_f1", "down"), "val_f1", False),  # measured in training
        (named("f1"), "val_f1", True),
        (named("RMSE"), "RMSE", False),
        (named("accident_loss"), "accident_loss", False),
        (VaccineScore(), "vaccine_score", True),
        (FromKeras(), "val_leaf1", False),
        (named("accident"), "val_accident", None),
        (named("inaccuracy"), "inaccuracy", None),
        (named("neg_log_loss"), "neg_log_loss", None),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_the_metric_says_which_values_are_better(metric, monitor, larger):
    model = line()
    model.compile("sgd", "mse", metrics=[metric])
    stop = EarlyStopping(monitor=monitor, patience=9)
    run = {} if getattr(metric, "name", "") == "val_f1" else {"validation_data": (X, Y)}
    if larger is None:
        with pytest.raises(ValueError, match="give mode='max' or mode='min'"):
            model.fit(X, Y, verbose=0, callbacks=stop, **run)
        stop = EarlyStopping(monitor=monitor, patience=9, mode="max")
        larger = True
    history = model.fit(X, Y, epochs=3, verbose=0, callbacks=stop, **run).history[monitor]
    assert stop.best == (max(history) if larger else min(history))


def test_losses_of_outputs_are_minimised_whatever_the_outputs_are_called():
    x = Input((1,))
    names = ("accident", "vaccine", "leaf1")
    model = lamina.Model(x, [Dense(1, kernel_initializer="zeros", name=name)(x) for name in names])
    model.compile(lamina.optimizers.SGD(0.1), "mse")
    for name in names:
        stop = EarlyStopping(monitor=f"val_{name}_loss", patience=3)
        y = [Y] * 3
        history = model.fit(X, y, epochs=8, verbose=0, callbacks=stop, validation_data=(X, y))
        assert len(history.epoch) == 8
        assert stop.best_epoch == 7


def test_a_quantity_that_a_callback_adds_is_monitored():
    def add(key):
        return LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update({key: float(epoch)}))

    model = line()
    stop = EarlyStopping(monitor="val_auc", patience=1)
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[add("val_auc"), stop])
    assert stop.best_epoch == 2
    with pytest.raises(ValueError, match="'quality' are better; give mode="):
        model.fit(X, Y, verbose=0, callbacks=[add("quality"), EarlyStopping("quality")])
    late = [EarlyStopping("quality", mode="min"), add("quality")]
    with pytest.warns(UserWarning, match="no epoch's logs had 'quality'"):
        model.fit(X, Y, verbose=0, callbacks=late)
    text = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(auc="high"))
    with pytest.raises(TypeError, match="'auc' must be a number; got 'high'"):
        model.fit(X, Y, verbose=0, callbacks=[text, EarlyStopping("auc")])


def test_early_stopping_forgets_the_last_fit():
    stop = EarlyStopping("loss", patience=1)
    first, second = line(), line(1e-3)
    first.fit(X, Y, epochs=9, verbose=0, callbacks=stop)
    best = stop.best
    second.fit(X, Y, epochs=2, verbose=0, callbacks=stop)
    assert stop.best > best
    assert stop.best_epoch == 1


@pytest.mark.parametrize(
    "options",
    [{"patience": -1}, {"mode": "mni"}, {"min_delta": "x"}, {"monitor": 3}, {"baseline": math.nan}],
)
def test_early_stopping_refusals(options):
    with pytest.raises((ValueError, TypeError), match="EarlyStopping"):
        EarlyStopping(**options)


def test_history_is_kept_copied_and_drawn():
    model = line()
    history = model.fit(X, Y, epochs=3, verbose=0)
    assert model.history is history
    assert history.epoch == [0, 1, 2]
    assert "3 epochs: loss=" in repr(history)
    for twin in (copy.deepcopy(history), pickle.loads(pickle.dumps(history))):
        assert twin.history == history.history
    pytest.importorskip("matplotlib")
    assert len(history.plot().axes) == 1


def test_a_method_called_like_a_hook_that_is_none_is_refused():
    class Misspelt(Callback):
        def on_epoch_ends(self, epoch, logs=None):
            raise AssertionError

    class Derived(Misspelt):
        def on_epoch_end(self, epoch, logs=None):
            raise AssertionError

    class Fine(EarlyStopping):
        on_note = None

        def on_batch_end(self, batch, logs=None):
            pass

        def _on_some_event(self):
            pass

    model = line()
    before = model.get_weights()
    for callback in (Misspelt(), Derived()):
        who = type(callback).__name__
        message = f"^{who}: unknown hook 'on_epoch_ends'; did you mean 'on_epoch_end'"
        for call in (
            lambda c: model.fit(X, Y, verbose=0, callbacks=[c]),
            lambda c: model.predict(X, callbacks=[c]),
            lambda c: model.evaluate(X, Y, callbacks=c),
        ):
            with pytest.raises(ValueError, match=message):
                call(callback)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    model.fit(X, Y, verbose=0, callbacks=[Fine("loss")])


def test_a_method_that_is_called_close_is_the_users_own():
    class Own(Callback):
        closed = 0

        def close(self):
            self.closed += 1

    own, model = Own(), line()
    model.fit(X, Y, verbose=0, callbacks=own)
    model.evaluate(X, Y, callbacks=own)
    assert own.closed == 0
