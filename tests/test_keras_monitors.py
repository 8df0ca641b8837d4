"""Callbacks that monitor a quantity, against Keras's, over made-up values."""

import math

import numpy as np
import pytest

import golden
import lamina

keras = golden.Peer("keras")


def compiled(library):
    model = library.Sequential([library.Input((1,)), library.layers.Dense(1)])
    model.compile(library.optimizers.SGD(0.5), "mse")
    return model


def drive(library, callback, values, note):
    """Run a callback's hooks over values of val_loss; the weight is the epoch's number.

    Returns the results of ``note`` after each epoch, the rates in the logs, and the last weight.
    """
    model = compiled(library)
    callback.set_params({"epochs": len(values), "steps": 1, "verbose": 0})
    callback.set_model(model)
    model.stop_training = False
    callback.on_train_begin({})
    seen, rates = [], []
    for epoch, value in enumerate(values):
        callback.on_epoch_begin(epoch, {})
        model.set_weights([np.full((1, 1), float(epoch)), np.zeros(1)])
        logs = {"loss": 0.0} if value is None else {"loss": 0.0, "val_loss": value}
        callback.on_epoch_end(epoch, logs)
        seen.append(note(callback, model))
        rates.append(float(logs.get("learning_rate", -1.0)))
        if model.stop_training:
            break
    callback.on_train_end({})
    return [seen, rates, float(np.asarray(model.get_weights()[0])[0, 0])]


def sequences(seed):
    rng = np.random.default_rng(seed)
    return np.round(rng.normal(size=12).cumsum() / 4 + 3, 2).tolist()


def note_stop(callback, model):
    return [callback.wait, callback.stopped_epoch, bool(model.stop_training)]


STOPS = [
    {"patience": 0},
    {"patience": 2},
    {"patience": 3, "min_delta": 0.205},
    {"patience": 2, "mode": "max"},
    {"patience": 2, "start_from_epoch": 3},
    {"patience": 3, "baseline": 2.5},
    {"patience": 2, "baseline": 9.0, "mode": "max", "min_delta": -0.105},
    {"patience": 1, "restore_best_weights": False},
]


@pytest.mark.parametrize("options", STOPS, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_early_stopping(options, seed):
    values = sequences(seed)
    options = {"mode": "min", "restore_best_weights": True, **options}

    def run(library):
        callback = library.callbacks.EarlyStopping(**options)
        return drive(library, callback, values, note_stop)

    assert run(lamina) == golden.ask(lambda: run(keras), values, options)


def note_plateau(callback, model):
    rate = model.optimizer.learning_rate
    return [callback.wait, callback.cooldown_counter, f"{float(rate):.4g}"]


PLATEAUS = [
    {"patience": 1},
    {"patience": 2, "factor": 0.5},
    {"patience": 0, "factor": 0.25, "min_lr": 0.05},
    {"patience": 1, "cooldown": 2, "factor": 0.5},
    {"patience": 1, "min_delta": 0.305, "factor": 0.5, "mode": "max"},
]


@pytest.mark.parametrize("options", PLATEAUS, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_reduce_lr_on_plateau(options, seed):
    values = sequences(seed)
    options = {"mode": "min", **options}

    def run(library):
        callback = library.callbacks.ReduceLROnPlateau(**options)
        return drive(library, callback, values, note_plateau)

    ours, theirs = run(lamina), golden.ask(lambda: run(keras), values, options)
    assert ours[0] == theirs[0]
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-6)


def note_rate(callback, model):
    return round(float(model.optimizer.learning_rate), 6)


@pytest.mark.parametrize(
    "schedule", [lambda epoch, rate: rate * 0.9, lambda epoch: 1 / (epoch + 1)]
)
def test_learning_rate_scheduler(schedule):
    def run(library):
        callback = library.callbacks.LearningRateScheduler(schedule)
        return drive(library, callback, [1.0] * 4, note_rate)

    ours, theirs = run(lamina), golden.ask(lambda: run(keras))
    np.testing.assert_allclose(ours[0], theirs[0], rtol=2e-6)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-6)


def rates_of_several(library, callback):
    optimizers = library.optimizers
    chosen = optimizers.OptimizerMap(
        optimizers.SGD(0.1, name="slow"), {"dense.*/bias": optimizers.Adam(0.02, name="quick")}
    )
    x = np.linspace(-1, 1, 8, dtype=np.float32).reshape(-1, 1)
    model = compiled(library)
    model.compile(optimizers.MultiOptimizer(chosen), "mse")
    history = model.fit(x, x, epochs=4, verbose=0, callbacks=[callback(library)]).history
    return [[key, history[key]] for key in sorted(history) if key != "loss"]


@pytest.mark.parametrize(
    "callback",
    [
        lambda library: library.callbacks.ReduceLROnPlateau(
            "loss", 0.5, patience=1, min_delta=9.0, min_lr=0.01, mode="min"
        ),
        lambda library: library.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9),
    ],
)
def test_each_of_several_optimizers_has_its_rate(callback):
    wanted = golden.ask(lambda: rates_of_several(keras, callback))
    ours = rates_of_several(lamina, callback)
    assert [key for key, _ in ours] == [key for key, _ in wanted]
    for (_, mine), (_, theirs) in zip(ours, wanted, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6)


def test_nan_is_never_the_best_for_long():
    stop = lamina.callbacks.EarlyStopping(patience=5)
    drive(lamina, stop, [math.nan, 3.0, None, 4.0], note_stop)
    assert (stop.best, stop.best_epoch) == (3.0, 1)


def table(library, folder, append, epochs):
    model = compiled(library)
    file = folder / "log.csv"
    for run in range(2):
        logger = library.callbacks.CSVLogger(file, separator=";", append=append)
        x = np.linspace(-1, 1, 8, dtype=np.float32).reshape(-1, 1)
        data = {"validation_data": (x, x)} if run == 0 else {}
        rate = library.callbacks.LearningRateScheduler(lambda epoch: 0.0)
        model.fit(
            x, x, epochs=epochs, verbose=0, callbacks=[rate, logger], validation_freq=2, **data
        )
    lines = file.read_text().splitlines()
    return [[cell if cell[:1].isalpha() else "n" for cell in line.split(";")] for line in lines]


@pytest.mark.parametrize("append", [True, False])
def test_csv_logger(append, tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    wanted = golden.ask(lambda: table(keras, theirs, append, 3), append)
    assert table(lamina, ours, append, 3) == wanted
