"""fit, evaluate, train_on_batch: against formulas in NumPy, and properties of the loop."""

import copy
import os
import signal
import threading

import numpy as np
import pytest

import golden
import lamina
from lamina.callbacks import Callback, LambdaCallback
from lamina.layers import Activation, Dense, Dropout, Input

keras = golden.Peer("keras")
RNG = np.random.default_rng(11)
X = RNG.normal(size=(50, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.1


def network(dtype="float64", seed=2, dropout=0.0):
    return lamina.Sequential(
        [Input((3,)), Dense(5, "tanh"), Dropout(dropout), Dense(1)], dtype=dtype, seed=seed
    )


def step_by_hand(weights, x, y, rate, weight=None, l2=0.0):
    """One SGD step of 3-5-1 with tanh and mse; returns the loss before it."""
    k1, b1, k2, b2 = weights
    h = np.tanh(x @ k1 + b1)
    error = h @ k2 + b2 - y[:, None]
    w = np.ones(len(x)) if weight is None else weight
    loss = (w[:, None] * error**2).sum() / len(x) + l2 * (k1**2).sum()
    d2 = 2 * w[:, None] * error / len(x)
    d1 = d2 @ k2.T * (1 - h**2)
    gradients = [x.T @ d1 + 2 * l2 * k1, d1.sum(0), h.T @ d2, d2.sum(0)]
    for k, gradient in enumerate(gradients):
        weights[k] -= rate * gradient
    return loss


def test_fit_is_gradient_descent_by_hand():
    model = network()
    model.compile(lamina.optimizers.SGD(0.1), "mse", metrics=["mae"])
    weights = model.get_weights()
    history = model.fit(X, Y, batch_size=16, epochs=3, shuffle=False, verbose=0)
    losses = []
    for _ in range(3):
        total = 0.0
        for start in range(0, 50, 16):
            rows = slice(start, start + 16)
            total += step_by_hand(weights, X[rows], Y[rows], 0.1) * len(X[rows])
        losses.append(total / 50)
    np.testing.assert_allclose(history.history["loss"], losses, rtol=1e-12)
    for got, expected in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)


def test_sample_weights_penalties_and_the_whole_data_as_one_batch():
    model = lamina.Sequential(
        [Input((3,)), Dense(5, "tanh", kernel_regularizer=lamina.regularizers.L2(0.05)), Dense(1)],
        dtype="float64",
    )
    model.compile(lamina.optimizers.SGD(0.1), "mse")
    weights, weight = model.get_weights(), RNG.uniform(0, 2, 50)
    history = model.fit(X, Y, batch_size="all", epochs=2, sample_weight=weight, verbose=0)
    by_hand = [step_by_hand(weights, X, Y, 0.1, weight, 0.05) for _ in range(2)]
    np.testing.assert_allclose(history.history["loss"], by_hand, rtol=1e-12)


def test_evaluate_train_on_batch_and_test_on_batch_agree():
    model = network()
    model.compile("sgd", "mse", metrics=["mae", lambda y, p: abs(y - p).max(-1)])
    expected = model.predict(X)[:, 0] - Y
    values = model.evaluate(X, Y, batch_size=7)
    np.testing.assert_allclose(values[0], np.mean(expected**2), rtol=1e-12)
    np.testing.assert_allclose(values[1:], [np.mean(abs(expected))] * 2, rtol=1e-12)
    np.testing.assert_allclose(model.test_on_batch(X, Y), values, rtol=1e-12)
    np.testing.assert_allclose(model.train_on_batch(X, Y), values, rtol=1e-12)
    assert model.evaluate(X, Y)[0] < values[0]
    assert list(model.evaluate(X, Y, return_dict=True)) == ["lambda", "loss", "mae"]
    assert model.optimizer.iterations == 1


def test_every_call_takes_sample_weights():
    model, weight = network(), RNG.uniform(0, 2, 50)
    model.compile(lamina.optimizers.SGD(0.0), "mse", weighted_metrics=["mae"])
    error = model.predict(X)[:, 0] - Y
    expected = [np.mean(weight * error**2), np.average(abs(error), weights=weight)]
    for call in (model.evaluate, model.test_on_batch, model.train_on_batch):
        np.testing.assert_allclose(call(X, Y, sample_weight=weight), expected, rtol=1e-12)
    history = model.fit(X, Y, validation_data=(X, Y, weight), verbose=0).history
    np.testing.assert_allclose(
        [history["val_loss"][0], history["val_mae"][0]], expected, rtol=1e-12
    )
    np.testing.assert_allclose(history["loss"], np.mean(error**2), rtol=1e-12)


@pytest.mark.parametrize("batch", [None, 7, 1024])
def test_evaluate_counts_every_row_once(batch):
    x = RNG.normal(size=(2500, 3))
    y = x.sum(1)
    model = network()
    model.compile("sgd", "mse", metrics=["mae"])
    error = model.predict(x)[:, 0] - y
    expected = [np.mean(error**2), np.mean(abs(error))]
    np.testing.assert_allclose(model.evaluate(x, y, batch_size=batch), expected, rtol=1e-12)


def test_frozen_layers_keep_their_weights():
    model = network()
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    model.layers[0].trainable = False
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    after = model.get_weights()
    np.testing.assert_array_equal(before[0], after[0])
    assert (before[2] != after[2]).any()
    model.layers[0].trainable = True
    model.fit(X, Y, verbose=0)
    assert (model.get_weights()[0] != after[0]).any()


def test_class_weights_are_sample_weights():
    y = (Y > 0.7).astype(int)
    assert 0 < y.mean() < 0.5
    results = []
    balanced = np.where(y == 1, 50 / (2 * y.sum()), 50 / (2 * (1 - y).sum()))
    for option in (
        {"class_weight": "balanced"},
        {"class_weight": {0: balanced[y == 0][0], 1: balanced[y == 1][0]}},
        {"sample_weight": balanced},
        {
            "class_weight": {0: 4.0, 1: 0.5},  # both together are multiplied
            "sample_weight": (balanced / np.where(y == 1, 0.5, 4.0))[:, None],
        },
    ):
        model = lamina.Sequential([Input((3,)), Dense(1, "sigmoid")], dtype="float64", seed=1)
        model.compile("sgd", "binary_crossentropy", weighted_metrics=["accuracy"])
        results.append(model.fit(X, y, verbose=0, epochs=2, **option).history)
    for other in results[1:]:
        assert other.keys() == results[0].keys()
        for key, values in other.items():
            np.testing.assert_allclose(values, results[0][key], rtol=1e-12)


@pytest.mark.parametrize("loss", ["sparse_categorical_crossentropy", "categorical_crossentropy"])
def test_positions_weigh_as_their_classes(loss):
    x, y = Y[:48].reshape(8, 3, 2), np.arange(24).reshape(8, 3) % 5 % 3
    target = y if loss.startswith("sparse") else np.eye(3)[y]
    by_row = np.arange(8.0)
    results = []
    for option in (
        {"class_weight": {0: 2.0, 2: 0.5}, "sample_weight": by_row},
        {"sample_weight": np.array([2.0, 1.0, 0.5])[y] * by_row[:, None]},
    ):
        model = lamina.Sequential([Input((3, 2)), Dense(3, "softmax")], dtype="float64", seed=1)
        model.compile("sgd", loss)
        results.append(model.fit(x, target, verbose=0, epochs=2, batch_size=3, **option).history)
    np.testing.assert_allclose(results[0]["loss"], results[1]["loss"], rtol=1e-12)


NUMBERS = {
    "counts": (np.array([0, 1, 2, 1]), {0: 1.0, 1: 3.0}),
    "a column": (np.array([[0], [1], [7], [1]]), {7: 0.25, 3: 9.0}),
    "signs": (np.array([-1.0, 1.0, 1.0, -1.0]), {-1: 2.0}),
    "one-hot": (np.eye(2)[[0, 1, 1, 0]], {1: 3.0}),
    "none": (np.array([0, 1, 2, 1]), {0: 0.0, 1: 0.0, 2: 0.0}),
}


@pytest.mark.filterwarnings("ignore:.*is 0 in all 4 rows:lamina.TrainingAdvice")
@pytest.mark.parametrize("case", NUMBERS)
def test_whole_numbers_are_classes_under_any_loss(case):
    y, weights = NUMBERS[case]
    units = 2 if case == "one-hot" else 1
    x, kernel = np.arange(8.0).reshape(4, 2) / 10, np.linspace(-1, 1, 2 * units).reshape(2, units)

    def trained(library):
        layer = library.layers.Dense(units, use_bias=False)
        model = library.Sequential([library.Input((2,)), layer])
        model.set_weights([kernel])
        model.compile(library.optimizers.SGD(0.1, weight_decay=0.1), "mse")
        options = {"class_weight": weights, "batch_size": 2, "shuffle": False, "verbose": 0}
        history = model.fit(x, y, epochs=2, **options).history
        return np.append(model.get_weights()[0], history["loss"])

    expected = golden.ask(lambda: trained(keras), x, y, kernel, repr(weights))
    np.testing.assert_allclose(trained(lamina), expected, rtol=2e-6)


def test_weights_of_0_train_nothing():
    model = lamina.Sequential([Input((3,)), Dense(1)])
    model.compile("adam", "mse", metrics=["mae"], weighted_metrics=["mse"])
    before = model.get_weights()
    nothing = np.zeros(50)
    with pytest.warns(lamina.TrainingAdvice, match="is 0 in all 50 rows"):
        history = model.fit(X, Y, sample_weight=nothing, verbose=0).history
    assert history["loss"] == history["mse"] == [0.0]
    assert history["mae"][0] > 0
    assert model.evaluate(X, Y, sample_weight=nothing, verbose=0)[0] == 0.0
    assert model.train_on_batch(X, Y, sample_weight=nothing)[0] == 0.0
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


# --- seeds, state


def test_same_seed_same_bits():
    """For numbers of threads see test_reproducibility.py, with networks large enough for some."""

    def run(seed):
        model = network("float32", seed, dropout=0.4)
        model.compile("adam", "mse")
        history = model.fit(X, Y, epochs=3, batch_size=8, verbose=0, validation_split=0.2)
        return history.history, [w.tobytes() for w in model.get_weights()]

    first = run(2)
    assert run(2) == first
    assert run(3)[1] != first[1]


def test_two_fits_are_one_longer_fit():
    once, twice = network(dropout=0.4), network(dropout=0.4)
    for model in (once, twice):
        model.compile(lamina.optimizers.Adam(0.01), "mse")
    once.fit(X, Y, epochs=5, verbose=0)
    twice.fit(X, Y, epochs=2, verbose=0)
    twice.fit(X, Y, epochs=5, initial_epoch=2, verbose=0)
    assert twice.history.epoch == [2, 3, 4]
    for a, b in zip(once.get_weights(), twice.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_every_epoch_has_an_order_of_its_own_over_all_rows():
    class Rows(lamina.metrics.Metric):
        name = "rows"
        seen: list[float] = []  # noqa: RUF012

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.seen.extend(y_true[:, 0].tolist())

        def result(self):
            return 0.0

    def orders(seed=2, **options):
        Rows.seen = []
        model = network(seed=seed)
        model.compile("sgd", "mse", metrics=[Rows()])
        model.fit(X, np.arange(50), epochs=2, verbose=0, **options)
        model.fit(X, np.arange(50), verbose=0, **options)
        return [Rows.seen[start : start + 50] for start in (0, 50, 100)]

    drawn = orders()
    assert all(sorted(order) == list(range(50)) for order in drawn)
    assert drawn[0] != drawn[1] != drawn[2] != drawn[0]
    assert drawn[0] != sorted(drawn[0])
    assert orders() == drawn
    assert orders(seed=3)[0] != drawn[0]
    assert orders(shuffle=False) == [list(range(50))] * 3
    given = [np.random.default_rng(1).permutation(50), np.arange(50)[::-1], list(range(50))]
    asked = iter(given)
    assert orders(shuffle=lambda rows: next(asked) if rows == 50 else None) == [*map(list, given)]


@pytest.mark.parametrize("order", [[0] * 50, range(1, 51), range(49), np.arange(50.0), None])
def test_an_order_of_ones_own_takes_each_row_once(order):
    model = network()
    model.compile("sgd", "mse")
    before = model.get_weights()
    with pytest.raises(ValueError, match="fit: shuffle must return each of the numbers from 0 to"):
        model.fit(X, np.arange(50), verbose=0, shuffle=lambda rows: order)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.filterwarnings("ignore::lamina.TrainingAdvice")  # inputs of ones
def test_every_step_of_every_fit_draws_a_mask_of_its_own():
    kept = []

    def keep(y, p):
        kept.append(p.tobytes())
        return p.mean(-1)

    model = lamina.Sequential([Input((50,)), Dropout(0.5)], seed=2)
    model.compile("sgd", lamina.losses.PythonLoss(keep, lambda y, p: np.zeros_like(p)))
    x = np.ones((16, 50))
    model.fit(x, x, batch_size=8, epochs=2, verbose=0)
    model.fit(x, x, batch_size=8, verbose=0)
    model.train_on_batch(x[:8], x[:8])
    assert len(kept) == len(set(kept)) == 7


def test_an_optimizer_of_ones_own_runs():
    class Plain(lamina.optimizers.Optimizer):
        def update_step(self, gradient, variable, learning_rate):
            variable -= learning_rate * gradient

    mine, builtin = network(), network()
    mine.compile(Plain(0.05), "mse")
    builtin.compile(lamina.optimizers.SGD(0.05), "mse")
    for model in (mine, builtin):
        model.fit(X, Y, epochs=3, verbose=0)
    assert mine.optimizer.iterations == builtin.optimizer.iterations == 6
    for a, b in zip(mine.get_weights(), builtin.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_a_schedule_is_followed_and_recorded():
    schedule = lamina.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)
    model = network()
    model.compile(lamina.optimizers.SGD(schedule), "mse")
    rates = model.fit(X, Y, batch_size=25, epochs=3, verbose=0).history["learning_rate"]
    np.testing.assert_allclose(rates, [0.05, 0.025, 0.0125])


def test_steps_per_epoch_and_validation_freq():
    model = network()
    model.compile("sgd", "mse")
    seen = []
    count = LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch))
    history = model.fit(
        X, Y, batch_size=10, epochs=4, steps_per_epoch=2, callbacks=count, verbose=0,
        validation_data=(X, Y), validation_freq=2,
    )  # fmt: skip
    assert seen == [0, 1] * 4
    assert len(history.history["val_loss"]) == 2
    assert len(model.fit(X, Y, validation_data=(X, Y, np.ones(50)), validation_freq=[1], epochs=2,
                         verbose=0).history["val_loss"]) == 1  # fmt: skip


def test_a_copy_made_within_a_pass_runs_none():
    class Copies(lamina.callbacks.Callback):
        def on_epoch_end(self, epoch, logs):
            self.twin = copy.deepcopy(self.model)

    model, keep = network("float32"), Copies()
    model.compile("sgd", "mse")
    model.fit(X, Y, epochs=1, callbacks=[keep], verbose=0)
    assert not keep.twin.compilation("test").running
    assert keep.twin.evaluate(X, Y) == model.evaluate(X, Y)


def test_data_of_the_right_dtype_is_not_copied_and_never_written():
    x, y = X.astype("float32"), Y.astype("float32")[:, None]
    x.flags.writeable = y.flags.writeable = False
    model = network("float32")
    model.compile("sgd", "mse")
    model.fit(x, y, verbose=0)
    data = lamina.models.data.prepared.prepare("fit", model, x, y)
    assert np.shares_memory(data.inputs[0], x)
    assert np.shares_memory(data.targets[0], y)


def test_memory_maps_and_other_layouts_train_to_the_same_bits(tmp_path):
    x = X.astype("float32")
    stored = np.memmap(tmp_path / "x.bin", "float32", "w+", shape=x.shape)
    stored[...] = x
    results = []
    for data in (x, stored, np.asfortranarray(x), x.astype(">f4"), x.tolist(), x[::-1][::-1]):
        model = network("float32")
        model.compile("adam", "mse")
        model.fit(data, Y, verbose=0)
        results.append([w.tobytes() for w in model.get_weights()])
    assert all(result == results[0] for result in results)


# --- interruptions, divergence, two at once


def test_divergence_names_place_and_keeps_weights_and_history():
    model = lamina.Sequential([Input((3,)), Dense(4, "relu"), Dense(1)], seed=1)
    model.compile(lamina.optimizers.SGD(1e6), "mse")
    with pytest.raises(lamina.TrainingDiverged, match="learning rate 1e\\+06") as caught:
        model.fit(X, Y, epochs=50, verbose=0)
    assert caught.value.where is not None
    assert all(np.isfinite(w).all() for w in model.get_weights())
    assert len(model.history.epoch) == caught.value.epoch - 1
    model.compile(lamina.optimizers.SGD(1e-3), "mse")
    model.set_weights([np.zeros_like(w) for w in model.get_weights()])
    model.fit(X, Y, verbose=0)


def test_interrupt_stops_within_a_batch_and_leaves_a_usable_model():
    model = network("float32")
    model.compile("adam", "mse")
    batches = []

    def interrupt(batch, logs):
        batches.append(batch)
        if len(batches) == 7:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, epochs=10**8, verbose=0,
                  callbacks=[LambdaCallback(on_train_batch_end=interrupt)])  # fmt: skip
    assert len(batches) <= 8
    done = len(model.history.epoch)
    assert done > 0
    assert model.optimizer.iterations == len(batches)
    model.fit(X, Y, epochs=1, verbose=0)
    assert np.isfinite(model.predict(X)).all()


def test_two_fits_at_once_are_refused_but_predictions_are_not():
    model = network("float32")
    model.compile("adam", "mse")
    running = threading.Event()
    thread = threading.Thread(
        target=model.fit,
        args=(X, Y),
        kwargs={"epochs": 10**8, "verbose": 0,
                "callbacks": LambdaCallback(on_epoch_end=lambda e, logs: running.set())},
    )  # fmt: skip
    thread.start()
    running.wait(10)
    try:
        for call in (
            lambda: model.fit(X, Y, verbose=0),
            lambda: model.train_on_batch(X, Y),
            lambda: model.evaluate(X, Y),
            lambda: model.compile("sgd", "mse"),
        ):
            with pytest.raises(RuntimeError, match="busy with fit"):
                call()
        assert model.predict(X).shape == (50, 1)
    finally:
        model.stop_training = True
        thread.join(10)
    assert not thread.is_alive()
    model.fit(X, Y, verbose=0)


def test_a_callback_may_evaluate_and_predict_but_not_fit():
    class Nosy(Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["again"] = self.model.evaluate(X, Y)
            with pytest.raises(RuntimeError, match="busy"):
                self.model.train_on_batch(X, Y)

    model, quiet = network(), network()
    for m, callbacks in ((model, [Nosy()]), (quiet, None)):
        m.compile("sgd", "mse")
        m.fit(X, Y, epochs=3, verbose=0, callbacks=callbacks, validation_data=(X, Y))
    assert model.history.history["again"] == model.history.history["val_loss"]
    assert model.history.history["loss"] == quiet.history.history["loss"]


def test_activation_layers_are_fused_with_the_loss_at_extreme_logits():
    model = lamina.Sequential([Input((2,)), Dense(2, kernel_initializer="identity"),
                               Activation("softmax")])  # fmt: skip
    model.compile("sgd", "sparse_categorical_crossentropy")
    assert model.evaluate([[1e4, -1e4]], [1]) == pytest.approx(2e4)


@pytest.mark.parametrize("optimizer", [None, "sgd", "rmsprop", "adam", "adamw"])
def test_every_optimizer_by_name_fits(optimizer):
    lamina.set_random_seed(1)
    x = np.linspace(-1, 1, 64)[:, None]
    model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)])
    model.compile(loss="mse", **({"optimizer": optimizer} if optimizer else {}))
    history = model.fit(x, 2 * x, epochs=20, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
