"""Many fits in one call: each equals ``fit``, and has a row with its result."""

from typing import Any

import numpy as np
import pytest

import lamina
from lamina import layers
from many_fits import ROWS, build, data, network, same


def test_each_fit_is_that_of_a_model_with_its_seed_rows_and_setting():
    x, y = data()
    weight = np.linspace(0.5, 2, ROWS)
    fits = lamina.fit_many(
        build, x, y, sample_weight=weight, settings={"units": [2, 5], "batch_size": [16, 7]},
        seeds=[3, 8], folds=2, bootstrap=2, epochs=4, validation_split=0.25, predict=x[:5],
        keep="all", verbose=0,
    )  # fmt: skip
    assert len(fits) == 4 * 2 * 2 * 2
    assert list(fits.table["units"][[0, -1]]) == [2, 5]
    for i in (0, 13, 31):
        row = fits.table.row(i)
        held = fits.held_out[i]
        rows = fits._plan.parts[fits._plan.fits[i].part].rows
        assert len(rows) == ROWS // 2
        assert not set(rows) & set(held)
        model = network(row["units"], row["seed"], lamina.optimizers.Adam(0.01))
        history = model.fit(
            x[rows], y[rows], sample_weight=weight[rows], epochs=4, validation_split=0.25,
            batch_size=row["batch_size"], verbose=0,
        )  # fmt: skip
        assert same(fits.weights[i], model.get_weights())
        assert fits.histories[i].history == history.history
        assert np.array_equal(fits.histories[i].validation_rows, history.validation_rows)
        scores = model.evaluate(
            x[held], y[held], sample_weight=weight[held], verbose=0, return_dict=True
        )
        assert row["held_out_loss"] == scores["loss"]
        assert row["held_out_mae"] == scores["mae"]
        assert (row["loss"], row["val_loss"]) == (
            history.history["loss"][-1],
            history.history["val_loss"][-1],
        )
        assert np.array_equal(fits.held_out_predictions[i], model.predict(x[held], verbose=0))
        assert np.array_equal(fits.predictions[i], model.predict(x[:5], verbose=0))
        assert np.array_equal(fits.models[i].predict(x, verbose=0), model.predict(x, verbose=0))


def test_a_model_given_is_copied_as_it_was_before_training():
    x, y = data()
    model = network(seed=1, optimizer=lamina.optimizers.AdamW(0.02))
    model.layers[0].trainable = False
    frozen = [w + 1 for w in model.layers[0].get_weights()]
    model.layers[0].set_weights(frozen)
    model.fit(x, y, epochs=1, verbose=0)
    before = model.get_weights()
    fits = lamina.fit_many(model, x, y, seeds=[7], epochs=2, verbose=0)
    assert same(model.get_weights(), before)
    assert model.optimizer.iterations == 2
    other = network(seed=7, optimizer=lamina.optimizers.AdamW(0.02))
    other.layers[0].trainable = False
    other.layers[0].set_weights(frozen)
    other.fit(x, y, epochs=2, verbose=0)
    assert same(fits.weights[0], other.get_weights())


def test_a_function_that_returns_the_same_model_gives_each_fit_one_of_its_own():
    x, y = data()
    model = network()
    fits = lamina.fit_many(lambda: model, x, y, seeds=2, epochs=2, keep="weights", verbose=0)
    made = list(fits.models)
    assert made[0] is not made[1]
    for seed in (0, 1):
        other = network(seed=seed)
        other.fit(x, y, epochs=2, verbose=0)
        assert same(other.get_weights(), made[seed].get_weights())


@pytest.mark.parametrize("lengths", [[2, 3, 5, 3, 4, 2], [3] * 6])
def test_a_list_of_series_has_one_for_each_row(lengths: list[int]):
    draw = np.random.default_rng(1).normal
    series, y = [draw(size=(n, 2)).astype("float32") for n in lengths], np.arange(6.0)

    def reading(seed: int | None = None) -> lamina.Model:
        model = lamina.Sequential(
            [lamina.Input((None, 2)), layers.GRU(2), layers.Dense(1)], seed=seed
        )
        model.compile("adam", "mse")
        return model

    folds = [([0, 1, 2, 3], [4, 5])]
    fits = lamina.fit_many(reading, series, y, folds=folds, epochs=2, keep="all", verbose=0)
    model = reading(0)
    model.fit(series[:4], y[:4], epochs=2, verbose=0)
    assert same(fits.weights[0], model.get_weights())
    expected = model.predict(series[4:], verbose=0)
    np.testing.assert_array_equal(fits.held_out_predictions[0], expected)


@pytest.mark.parametrize("hooks", [[], [lamina.callbacks.LambdaCallback()]])
def test_each_fit_has_its_own_copy_of_an_optimizer_or_a_layer_in_a_setting(hooks: list[Any]):
    x, y = data()

    def of(parts: list[Any], optimizer: Any, seed: int | None = None) -> lamina.Model:
        model = lamina.Sequential([lamina.Input((4,)), *parts, layers.Dense(1)], seed=seed)
        model.compile(optimizer, "mse")
        return model

    given = [layers.Dense(3, "tanh")]
    optimizer = lamina.optimizers.SGD(0.05, momentum=0.9)
    rates = [0.01, 0.2]
    settings = {"parts": [given], "optimizer": [optimizer], "learning_rate": rates}
    fits = lamina.fit_many(
        of, x, y, settings=settings, seeds=2, epochs=3, callbacks=hooks, verbose=0
    )
    places = [(rate, seed) for rate in rates for seed in (0, 1)]
    for place, (rate, seed) in enumerate(places):
        own = lamina.optimizers.SGD(rate, momentum=0.9)
        model = of([layers.Dense(3, "tanh")], own, seed)
        model.fit(x, y, epochs=3, verbose=0)
        assert same(model.get_weights(), fits.models[place].get_weights())
    assert optimizer.learning_rate == pytest.approx(0.05)
    assert optimizer.iterations == 0
    assert not given[0].built


def test_a_graph_of_layers_draws_its_weights_from_each_seed():
    x, y = data()

    def graph(seed: int | None = None) -> lamina.Model:
        rows = lamina.Input((4,))
        model = lamina.Model(rows, layers.Dense(1)(layers.Dense(3)(rows)), seed=seed)
        model.compile("adam", "mse")
        return model

    for model in (graph(), graph):
        fits = lamina.fit_many(model, x, y, seeds=[2, 9], keep="all", verbose=0)
        for seed, weights in zip([2, 9], fits.weights, strict=True):
            other = graph(seed)
            other.fit(x, y, verbose=0)
            assert same(weights, other.get_weights())


def test_what_was_not_kept_is_computed_again():
    x, y = data()
    model = network()
    lean = lamina.fit_many(model, x, y, folds=2, epochs=2, verbose=0)
    full = lamina.fit_many(model, x, y, folds=2, epochs=2, keep="all", verbose=0)
    assert same(lean.weights[1], full.weights[1])
    assert lean.histories[1].history == full.histories[1].history
    assert np.array_equal(lean.held_out_predictions[0], full.held_out_predictions[0])
    with pytest.raises(LookupError, match="give fit_many predict=x_new"):
        lean.predictions[0]


def test_rows_tell_of_fits_that_come_to_nothing():
    x, y = data()

    def make(units: int) -> lamina.Model:
        if units == 0:
            raise ValueError("no units")
        return build(units)

    settings = [
        {"units": 2},
        {"units": 0},
        {"units": 2, "learning_rate": 1e30},
        {"units": 2, "batch_size": -1},
    ]
    fits = lamina.fit_many(make, x, y, settings=settings, folds=3, epochs=2, verbose=0)
    assert list(fits.table["status"][::3]) == ["ok", "failed", "diverged", "failed"]
    assert fits.table["message"][3] == "ValueError: no units"
    assert "the loss must stay finite" in fits.table["message"][6]
    assert np.isnan(fits.table["held_out_loss"][6])
    assert fits.best_setting() == {"units": 2}
    assert fits.best() in (0, 1, 2)
    assert list(fits.by_setting()["ok"]) == [3, 0, 0, 0]
    with pytest.raises(LookupError, match="fit 3 was failed: ValueError: no units"):
        fits.weights[3]
    with pytest.raises(ValueError, match="no units"):
        lamina.fit_many(make, x, y, settings=[{"units": 0}], verbose=0)


def test_early_stopping_of_each_and_the_epoch_that_counts():
    x, y = data()
    stop = lamina.callbacks.EarlyStopping(patience=2)
    fits = lamina.fit_many(
        network(optimizer=lamina.optimizers.Adam(0.1)), x, y, seeds=3, epochs=30,
        validation_split=0.3, callbacks=[stop], keep="all", verbose=0,
    )  # fmt: skip
    assert stop.best_epoch is None
    assert len(set(fits.table["epochs"])) > 1
    for i in range(3):
        values = fits.histories[i].history["val_loss"]
        assert fits.table["val_loss"][i] == min(values)
        assert fits.table["epochs"][i] == len(values)


def test_an_interrupt_keeps_what_is_done():
    x, y = data()
    begun: list[int] = []

    class Interrupts(lamina.callbacks.Callback):
        def __deepcopy__(self, memo: Any) -> "Interrupts":
            return self

        def on_train_begin(self, logs: Any = None) -> None:
            begun.append(1)
            if len(begun) == 3:
                raise KeyboardInterrupt

    fits = lamina.fit_many(network(), x, y, seeds=4, callbacks=[Interrupts()], verbose=0)
    assert list(fits.table["status"]) == ["ok", "ok", "interrupted", "interrupted"]
    with pytest.raises(LookupError, match="interrupted"):
        fits.weights[3]


def test_empty_columns_are_not_printed():
    x, y = data()
    fits = lamina.fit_many(build, x, y, folds=2, settings={"units": [1, 2]}, epochs=1, verbose=0)
    heads = repr(fits).splitlines()[1].split()
    assert {"resample", "message", "val_loss"} == set(fits.table) - set(heads)
    by_setting = fits.by_setting()
    assert not {"std_epochs", "std_seconds"} & set(by_setting)
    assert "val_loss" not in repr(by_setting)
    assert "val_loss" in by_setting


def test_folds_and_resamples():
    x, _ = data()
    y = np.array(["a", "b", "b"] * (ROWS // 3))
    from lamina.many.parts import parts

    folds = parts("t", ROWS, y, 4, None)
    assert sorted(np.concatenate([f.held_out for f in folds]).tolist()) == list(range(ROWS))
    for fold in folds:
        assert np.mean(y[fold.held_out] == "a") == 1 / 3
        assert sorted([*fold.rows, *fold.held_out]) == list(range(ROWS))
    resamples = parts("t", ROWS, y, None, 50)
    assert len({tuple(r.rows) for r in resamples}) == 50
    for resample in resamples:
        assert set(resample.held_out) == set(range(ROWS)) - set(resample.rows)
    left = np.mean([len(r.held_out) for r in resamples]) / ROWS
    assert abs(left - (1 - 1 / ROWS) ** ROWS) < 0.02
    for resample in parts("t", ROWS, y, 3, 2):
        assert len(resample.rows) == 40
        assert not set(resample.rows) & set(resample.held_out)
    masks = [(x[:, 0] > 0, x[:, 0] <= 0)]
    assert np.array_equal(parts("t", ROWS, y, masks, None)[0].rows, np.flatnonzero(x[:, 0] > 0))


@pytest.mark.parametrize("callbacks", [None, [lamina.callbacks.LambdaCallback()]])
def test_divergence_names_layers_as_the_model_does(callbacks):
    """The engine, and ``fit`` for fits with Python callbacks, report the same."""
    x, y = data()

    def deep(units):
        inner = lamina.Sequential([lamina.Input((4,)), layers.Dense(units), layers.Dense(2)])
        model = lamina.Sequential([lamina.Input((4,)), inner, layers.Dense(1)])
        model.compile(lamina.optimizers.SGD(1e30), "mse")
        return model

    given = {"epochs": 2, "verbose": 0, "callbacks": callbacks}
    fits = lamina.fit_many(deep, x, y, settings={"units": [2, 3]}, seeds=2, **given)
    begun = {text.partition("began in ")[2].partition(".")[0] for text in fits.table["message"]}
    assert begun == {"'sequential/dense_1'"}
    model = deep(2)
    (said,) = lamina.fit_many(model, x, y, **given).table["message"]
    assert f"began in '{model.layers[0].layers[1].name}'" in said
