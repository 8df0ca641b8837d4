"""Whole fits that the engine runs, against ``fit`` of a model with the same seed: the same bits."""

import signal
import time
from typing import Any

import numpy as np
import pytest

import lamina
from lamina import callbacks, layers, optimizers
from lamina.many import engine, local, single
from lamina.many.outcome import Outcome
from lamina.many.plan import planned

ROWS = 50
RNG = np.random.default_rng(11)
X = RNG.normal(size=(ROWS, 4)).astype(np.float32)
Y = (X[:, 0] - X[:, 1] ** 2).astype(np.float32)
LABELS = (X @ RNG.normal(size=(4, 3))).argmax(axis=1)


def dense(*more: Any, units: int = 1, activation: Any = None, dtype: str = "float32") -> Any:
    stack = [lamina.Input((4,)), layers.Dense(5, activation="tanh"), *more]
    stack.append(layers.Dense(units, activation=activation))
    return lamina.Sequential(stack, dtype=dtype)


def compiled(model: Any = None, optimizer: Any = "adam", loss: Any = "mse", **more: Any) -> Any:
    model = dense() if model is None else model
    model.compile(optimizer, loss, **more)
    return model


def check(model: Any, x: Any = X, y: Any = Y, **arguments: Any) -> Any:
    """Compare the engine's results of all fits with those of ``fit``; return the outcomes."""
    told = {
        "sample_weight": None, "settings": None, "seeds": [3, 4], "folds": None, "bootstrap": None,
        "scoring": None, "keep": "all", "predict": None,
    }  # fmt: skip
    told |= {key: arguments.pop(key) for key in list(arguments) if key in told}
    plan = planned("t", model, x, y, arguments=arguments, **told)
    asking = engine.Engine(plan)
    refused: list[int] = []
    made = list(engine.run(asking, range(len(plan.fits)), 2, lambda done: None, refused))
    assert not refused, "the engine refuses"
    for outcome in made:
        same(outcome, single.fit_one(plan, outcome.index))
    return made


def same(a: Outcome, b: Outcome) -> None:
    assert (a.index, a.status, a.message, a.epochs) == (b.index, b.status, b.message, b.epochs)
    np.testing.assert_equal([a.loss, a.val_loss, a.scores], [b.loss, b.val_loss, b.scores])
    assert a.weights is not None
    assert b.weights is not None
    for p, q in zip(a.weights, b.weights, strict=True):
        assert p.dtype == q.dtype
        np.testing.assert_array_equal(p, q)
    assert a.record is not None
    assert b.record is not None
    np.testing.assert_equal(a.record.history, b.record.history)
    assert list(a.record.history) == list(b.record.history)
    assert (a.record.epoch, a.record.recorded_at) == (b.record.epoch, b.record.recorded_at)
    np.testing.assert_equal(a.record.validation_rows, b.record.validation_rows)
    np.testing.assert_equal([a.held_out, a.predictions], [b.held_out, b.predictions])


MODELS = {
    "float64": lambda: dense(dtype="float64"),
    "dropout": lambda: dense(layers.Dropout(0.3), layers.GaussianNoise(0.1)),
    "normalised": lambda: dense(layers.BatchNormalization(momentum=0.5)),
    "penalised": lambda: lamina.Sequential(
        [
            lamina.Input((4,)),
            layers.Dense(3, kernel_regularizer=lamina.regularizers.L1L2(0.01, 0.02)),
            layers.Dense(1, kernel_regularizer=lamina.regularizers.OrthogonalRegularizer(0.1)),
        ]
    ),
    "recurrent": lambda: lamina.Sequential(
        [lamina.Input((4,)), layers.Reshape((4, 1)), layers.LSTM(3, dropout=0.1), layers.Dense(1)]
    ),
    "convolution": lambda: lamina.Sequential(
        [
            lamina.Input((4,)),
            layers.Reshape((4, 1)),
            layers.Conv1D(3, 2, activation="relu"),
            layers.GlobalMaxPooling1D(),
            layers.Dense(1),
        ]
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_models(name: str):
    check(
        compiled(MODELS[name](), metrics=["mae", "rmse"]), epochs=3, batch_size=7, folds=3,
        validation_split=0.2, predict=X[:4],
    )  # fmt: skip


def test_classes_with_weights_of_rows_and_classes():
    weight = np.linspace(0.5, 2, ROWS)
    model = compiled(
        dense(units=3, activation="softmax"), loss="sparse_categorical_crossentropy",
        metrics=["accuracy"], weighted_metrics=["sparse_categorical_crossentropy"],
    )  # fmt: skip
    for chosen in ("balanced", {0: 2.0, 2: 0.5}):
        check(
            model, y=LABELS, sample_weight=weight, class_weight=chosen, bootstrap=2, folds=2,
            validation_split=0.3, epochs=2,
        )  # fmt: skip
    check(model, y=LABELS, class_weight="balanced", epochs=2, validation_data=(X[:9], LABELS[:9]))


def test_several_inputs_and_outputs():
    a, b = lamina.Input((2,), name="a"), lamina.Input((2,), name="b")
    hidden = layers.Dense(3, activation="tanh")(layers.Concatenate()([a, b]))
    mean, sign = (
        layers.Dense(1, name="mean")(hidden),
        layers.Dense(1, "sigmoid", name="sign")(hidden),
    )
    model = lamina.Model([a, b], {"mean": mean, "sign": sign})
    model.compile(
        "sgd", {"mean": "mse", "sign": "binary_crossentropy"}, {"sign": ["accuracy", "auc"]}
    )
    y = {"mean": Y, "sign": (Y > 0).astype(int)}
    check(
        model, {"a": X[:, :2], "b": X[:, 2:]}, y, folds=2, epochs=2, validation_split=0.2,
        predict={"a": X[:3, :2], "b": X[:3, 2:]},
    )  # fmt: skip


def test_an_adapted_normalisation_and_frozen_layers_are_kept():
    model = compiled(dense(layers.BatchNormalization()))
    model.layers[0].set_weights([w + 0.5 for w in model.layers[0].get_weights()])
    model.layers[0].trainable = False
    check(model, epochs=2)
    scaled = lamina.Sequential([lamina.Input((4,)), layers.Normalization(), layers.Dense(1)])
    scaled.layers[0].adapt(X * 3 + 1)
    check(compiled(scaled), epochs=2)


OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True, clipvalue=0.1),
    "adam": lambda: optimizers.Adam(0.05, amsgrad=True, clipnorm=0.5, use_ema=True),
    "adamw": lambda: optimizers.AdamW(0.05, global_clipnorm=0.5, gradient_accumulation_steps=2),
    "rmsprop": lambda: optimizers.RMSprop(0.01, momentum=0.5, centered=True, loss_scale_factor=64),
    "adagrad": lambda: optimizers.Adagrad(0.1, use_ema=True, ema_overwrite_frequency=3),
    "adadelta": lambda: optimizers.Adadelta(1.0),
    "adafactor": lambda: optimizers.Adafactor(0.05),
    "adamax": lambda: optimizers.Adamax(0.05),
    "ftrl": lambda: optimizers.Ftrl(0.1),
    "nadam": lambda: optimizers.Nadam(0.02),
    "lion": lambda: optimizers.Lion(0.01),
    "lamb": lambda: optimizers.Lamb(0.02),
    "muon": lambda: optimizers.Muon(0.02),
    "rprop": lambda: optimizers.Rprop(0.01),
    "free": lambda: optimizers.ScheduleFreeAdamW(0.02),
    "lbfgs": optimizers.LBFGS,
    "bfgs": lambda: optimizers.BFGS(max_eval=4),
    "cosine": lambda: optimizers.SGD(optimizers.schedules.CosineDecay(0.1, 20)),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name: str):
    made = OPTIMIZERS[name]()
    made_of_all = {"batch_size": "all"} if made.whole_batch else {"batch_size": 16}
    check(compiled(optimizer=made), epochs=4, bootstrap=1, validation_split=0.2, **made_of_all)


def test_what_an_optimizer_was_told_of_single_weights():
    model = compiled(optimizer=optimizers.AdamW(0.05, weight_decay=0.1))
    model.optimizer.exclude_from_weight_decay(var_names=["bias"])
    model.optimizer.scale_learning_rate(0.1, var_list=[model.layers[0]])
    check(model, epochs=2)


def halved(epoch: int, rate: float) -> float:
    return rate / 2 if epoch % 2 else rate


CALLBACKS = {
    "patience": [callbacks.EarlyStopping(patience=1)],
    "last": [callbacks.EarlyStopping("loss", patience=2, restore_best_weights=False)],
    "metric": [callbacks.EarlyStopping("val_mae", min_delta=0.01, start_from_epoch=2)],
    "function": [callbacks.EarlyStopping("val_r2", patience=2, mode="max", baseline=0.2)],
    "plateau": [
        callbacks.ReduceLROnPlateau(patience=1, factor=0.5, cooldown=1, min_lr=0.01),
        callbacks.EarlyStopping(patience=4),
    ],
    "scheduled": [callbacks.LearningRateScheduler(halved)],
    "both": [callbacks.LearningRateScheduler(halved), callbacks.ReduceLROnPlateau(patience=0)],
}


@pytest.mark.parametrize("name", CALLBACKS)
def test_callbacks(name: str):
    r2 = lamina.metrics.R2Score(name="r2")
    model = compiled(optimizer=optimizers.Adam(0.1), metrics=["mae", r2])
    made = check(
        model, seeds=4, epochs=12, validation_split=0.3, callbacks=CALLBACKS[name], folds=2
    )
    if name in ("patience", "metric"):
        assert len({outcome.epochs for outcome in made}) > 1


PASSING = [callbacks.TerminateOnNaN(), callbacks.EarlyStopping(patience=100)]


@pytest.mark.parametrize("given", [[], PASSING[:1], PASSING])
def test_fits_that_diverge(given: list[Any]):
    for optimizer in (
        optimizers.SGD(30.0),
        optimizers.SGD(1e30, momentum=0.9),
        optimizers.SGD(3e38),
    ):
        made = check(
            compiled(optimizer=optimizer, loss="mean_squared_error"), epochs=60, batch_size=10,
            validation_split=0.2, callbacks=given, folds=2,
        )  # fmt: skip
        assert {outcome.status for outcome in made} == {"diverged"}


ARGUMENTS: dict[str, dict[str, Any]] = {
    "order": {"shuffle": False, "validation_split": 0.2, "time_ordered": True},
    "steps": {"steps_per_epoch": 2, "validation_split": 0.3, "validation_steps": 1},
    "rare": {"validation_split": 0.2, "validation_freq": 2},
    "some": {"validation_split": 0.2, "validation_freq": [1, 4], "validation_batch_size": 3},
    "later": {"initial_epoch": 2},
    "none": {"initial_epoch": 5},
    "given": {"validation_data": (X[:9], Y[:9], np.linspace(1, 2, 9)), "validation_steps": 1},
    "large": {"batch_size": 1000},
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_arguments(name: str):
    arguments = {"batch_size": 8, "epochs": 5, **ARGUMENTS[name]}
    check(compiled(metrics=["mae"]), folds=2, **arguments)


def test_settings_share_a_graph_where_they_build_the_same():
    built: list[int] = []

    def build(units: int = 2, rate: float = 0.1) -> Any:
        built.append(units)
        return compiled(dense(layers.Dense(units)), optimizers.SGD(rate))

    settings = {"units": [2, 3], "learning_rate": [0.1, 0.01], "epochs": [1, 2]}
    check(build, settings=settings, seeds=1)
    fits = 8
    assert len(built) == 2 + fits  # and those of `fit`


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_any_number_of_threads(threads: int, monkeypatch: pytest.MonkeyPatch):
    def refuse(*given: Any) -> None:
        raise AssertionError("the engine runs all of them")

    monkeypatch.setattr(local, "fit_one", refuse)
    model = compiled(dense(layers.Dropout(0.1)))
    fits = lamina.fit_many(
        model, X, Y, folds=3, seeds=3, epochs=3, n_jobs=threads, keep="all", verbose=0
    )
    monkeypatch.undo()
    same(fits._outcomes[4], single.fit_one(fits._plan, 4))


@pytest.mark.parametrize(("asked", "wanted"), [(None, 3), (-1, 3), (-2, 2), (-9, 1), (3, 3)])
def test_numbers_below_zero_count_from_all_threads(asked, wanted, threads):
    threads(3)
    assert local.threads_of("t", asked) == wanted


def test_an_interrupt_ends_all_threads_and_keeps_what_is_done():
    def interrupts(epoch: int) -> float:
        if epoch == 3000:  # on another thread; Python's main thread receives it
            signal.raise_signal(signal.SIGINT)
        return 0.01

    endless = {"epochs": 10**9, "callbacks": [callbacks.LearningRateScheduler(interrupts)]}
    settings = [{"epochs": 1}, {"epochs": 2}, endless, endless, {"epochs": 1}]
    begin = time.monotonic()
    fits = lamina.fit_many(compiled(), X, Y, settings=settings, n_jobs=2, verbose=0)
    assert time.monotonic() - begin < 60
    assert list(fits.table["status"]) == ["ok"] * 2 + ["interrupted"] * 3


def test_one_bar_counts_all_fits(capsys: pytest.CaptureFixture[str]):
    class Hears(callbacks.Callback):
        pass

    settings: Any = {"callbacks": [[], [Hears()]]}
    lamina.fit_many(compiled(), X, Y, settings=settings, seeds=3, verbose=1)
    shown = capsys.readouterr().err
    assert "fit_many: 100%" in shown
    assert "6/6" in shown
    lamina.fit_many(compiled(), X, Y, verbose="auto")
    assert capsys.readouterr().err == ""


def test_what_needs_python_goes_through_fit():
    def own(y_true: Any, y_pred: Any) -> Any:
        return np.abs(y_true - y_pred)[:, 0]

    slope = lambda y, p: np.sign(p - y)  # noqa: E731
    needs: list[Any] = [
        compiled(loss=lamina.losses.PythonLoss(own, slope)),
        compiled(lamina.Sequential([lamina.Input((4,)),
                                    layers.Dense(1, kernel_constraint="non_neg")])),
    ]  # fmt: skip
    for model in needs:
        plan = planned("t", model, X, Y, None, None, 1, None, None, None, "all", None, {})
        assert engine.Engine(plan).ask(0) is None
        assert lamina.fit_many(model, X, Y, verbose=0).table["status"][0] == "ok"
    heard: list[int] = []
    hook = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: heard.append(epoch))
    lamina.fit_many(compiled(), X, Y, epochs=3, callbacks=[hook], verbose=0)
    assert heard == [0, 1, 2]


def test_a_schedule_that_fails_fails_its_fits():
    def fails(epoch: int) -> float:
        if epoch == 1:
            raise ZeroDivisionError("no rate")
        return 0.1

    rates = [[callbacks.LearningRateScheduler(fails)], []]
    fits = lamina.fit_many(
        compiled(), X, Y, settings={"callbacks": rates}, epochs=3, keep="all", verbose=0
    )
    assert list(fits.table["status"]) == ["failed", "ok"]
    assert fits.table["message"][0] == "ZeroDivisionError: no rate"


def test_a_fault_of_preparing_is_not_passed_over_in_silence(monkeypatch):
    """An error that ``fit`` raises becomes a row; any other is a fault here, and raised."""

    def broken(*arguments: Any) -> None:
        raise AttributeError("a fault")

    with pytest.raises(ValueError, match="epochs must be"):
        lamina.fit_many(compiled(), X, Y, settings=[{"epochs": 0}], verbose=0)
    monkeypatch.setattr(engine.Course, "request", broken)
    with pytest.raises(AttributeError, match="a fault"):
        lamina.fit_many(compiled(), X, Y, epochs=1, verbose=0)


def test_a_row_that_no_fit_uses_may_be_what_fit_refuses():
    spoilt = X.copy()
    spoilt[-1] = np.nan
    fits = lamina.fit_many(
        compiled(), spoilt, Y, folds=[(np.arange(5, 40), np.arange(5))], epochs=1
    )
    assert fits.table["status"][0] == "ok"
