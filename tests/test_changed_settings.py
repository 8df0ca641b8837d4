"""Settings changed during a fit apply from the next step on, or are refused."""

import copy
import threading

import numpy as np
import pytest

import lamina
from lamina import layers, losses, optimizers, regularizers
from lamina.callbacks import LambdaCallback
from lamina.optimizers import schedules

RNG = np.random.default_rng(6)
X = RNG.normal(size=(24, 3))
Y = RNG.normal(size=(24, 1))
BATCH = 4
STEPS = len(X) // BATCH


def network(optimizer, *inner, loss="mse", **options):
    model = lamina.Sequential(
        [layers.Input((3,)), layers.Dense(4, name="h"), *inner, layers.Dense(1, name="out")],
        dtype="float64", seed=2,
    )  # fmt: skip
    model.compile(optimizer, loss, **options)
    return model


def fit(model, epochs=2, **options):
    options.setdefault("verbose", 0)
    return model.fit(X, Y, batch_size=BATCH, epochs=epochs, shuffle=False, **options)


def by_steps(model, change, after, epochs=2):
    """Train batch by batch; ``change(model)`` once ``after`` steps are done."""
    for step in range(epochs * STEPS):
        if step == after:
            change(model)
        at = slice(step % STEPS * BATCH, (step % STEPS + 1) * BATCH)
        model.train_on_batch(X[at], Y[at])
    return model


def assert_same(a, b):
    for one, two in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    assert a.optimizer.iterations == b.optimizer.iterations
    for one, two in zip(a.optimizer.slots, b.optimizer.slots, strict=True):
        np.testing.assert_array_equal(one, two)


# Each hook, and the steps completed when it is called for the second time or in epoch 1.
HOOKS = {
    "on_train_begin": 0,
    "on_epoch_begin": STEPS,
    "on_train_batch_begin": STEPS + 2,
    "on_train_batch_end": STEPS + 3,
    "on_test_begin": STEPS,
    "on_test_batch_end": STEPS,
    "on_epoch_end": STEPS,
}


def callback(hook, change):
    """Return a callback that calls ``change`` once, at the time given by HOOKS."""
    seen = {"epoch": 0, "done": False}

    class Once(lamina.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            seen["epoch"] = epoch

    def called(self, *arguments):
        if hook == "on_epoch_begin":
            seen["epoch"] = arguments[0]
        late = hook in ("on_train_begin", "on_epoch_end") or hook.startswith("on_test")
        due = late or seen["epoch"] == 1
        if hook.startswith("on_train_batch"):
            due = due and arguments[0] == 2
        if due and not seen["done"]:
            seen["done"] = True
            change(self.model)

    setattr(Once, hook, called)
    return Once()


def rate(model):
    model.optimizer.learning_rate = 0.3


def schedule(model):
    model.optimizer.learning_rate = schedules.ExponentialDecay(0.2, 3, 0.5)


def decay(model):
    model.optimizer.weight_decay = 0.5


@pytest.mark.parametrize("others", [False, True], ids=["alone", "beside others"])
@pytest.mark.parametrize("change", [rate, schedule, decay])
@pytest.mark.parametrize("hook", HOOKS)
def test_the_next_step_takes_it_whatever_hook_sets_it(hook, change, others):
    callbacks = [callback(hook, change)]
    if others:
        callbacks.append(LambdaCallback(
            on_train_batch_begin=lambda *_: None, on_train_batch_end=lambda *_: None
        ))  # fmt: skip
    model = network(optimizers.SGD(0.01))
    fit(model, callbacks=callbacks, validation_data=(X, Y))
    assert_same(model, by_steps(network(optimizers.SGD(0.01)), change, HOOKS[hook]))


SETTINGS = {
    "momentum": (lambda: optimizers.SGD(0.05, momentum=0.5), "momentum", 0.9),
    "a momentum where there was none": (lambda: optimizers.SGD(0.05), "momentum", 0.9),
    "no momentum any more": (lambda: optimizers.SGD(0.05, momentum=0.9), "momentum", 0.0),
    "nesterov": (lambda: optimizers.SGD(0.05, momentum=0.5), "nesterov", True),
    "clipvalue": (lambda: optimizers.SGD(0.05), "clipvalue", 0.01),
    "clipnorm": (lambda: optimizers.Adam(0.05), "clipnorm", 0.01),
    "global_clipnorm": (lambda: optimizers.Adam(0.05), "global_clipnorm", 0.01),
    "rho": (lambda: optimizers.RMSprop(0.05), "rho", 0.2),
    "rmsprop's momentum": (lambda: optimizers.RMSprop(0.05), "momentum", 0.9),
    "centered": (lambda: optimizers.RMSprop(0.05), "centered", True),
    "epsilon": (lambda: optimizers.RMSprop(0.05), "epsilon", 0.1),
    "beta_1": (lambda: optimizers.Adam(0.05), "beta_1", 0.1),
    "beta_2": (lambda: optimizers.Adam(0.05), "beta_2", 0.1),
    "amsgrad": (lambda: optimizers.Adam(0.05), "amsgrad", True),
    "weight_decay": (lambda: optimizers.AdamW(0.05), "weight_decay", 0.5),
    "iterations": (lambda: optimizers.Adam(0.05), "iterations", 0),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_settings_of_optimizers_count_from_the_next_step_on(case):
    make, name, value = SETTINGS[case]

    def change(model):
        setattr(model.optimizer, name, value)

    model, plain = network(make()), network(make())
    fit(model, callbacks=[callback("on_train_batch_end", change)])
    fit(plain)
    assert_same(model, by_steps(network(make()), change, STEPS + 3))
    assert not np.array_equal(model.layers[0].weights[0], plain.layers[0].weights[0])


def test_a_changed_setting_keeps_the_moments_that_it_does_not_concern():
    model = network(optimizers.RMSprop(0.05))
    fit(model)
    (square,) = (s.copy() for s in model.optimizer.slots)
    model.optimizer.momentum = 0.9
    model.optimizer.learning_rate = 0.0
    model.optimizer.rho = 0.999999
    fit(model, epochs=1)
    assert len(model.optimizer.slots) == 2
    assert model.optimizer.iterations == 3 * STEPS
    np.testing.assert_allclose(model.optimizer.slots[0], square, rtol=1e-2)


def test_reset_forgets_moments_and_steps_at_once():
    def change(model):
        model.optimizer.reset()

    model, fresh = network("adam"), network("adam")
    fit(model, callbacks=[callback("on_epoch_begin", change)])
    fit(fresh, epochs=1)
    fresh.optimizer.reset()
    fit(fresh, epochs=1)
    assert_same(model, fresh)
    assert model.optimizer.iterations == STEPS


def test_what_is_left_out_of_the_decay_may_change():
    def change(model):
        model.optimizer.exclude_from_weight_decay(var_names=["kernel"])

    model = network(optimizers.SGD(0.05, weight_decay=0.9))
    fit(model, callbacks=[callback("on_train_batch_end", change)])
    twin = network(optimizers.SGD(0.05, weight_decay=0.9))
    assert_same(model, by_steps(twin, change, STEPS + 3))


def in_layer(index, name, value):
    return lambda model: setattr(model.layers[index], name, value)


def in_regularizer(model):
    model.layers[0].kernel_regularizer.l2 = 0.5


def in_regularizer_of_ones_own(model):
    model.layers[1].gamma_regularizer.l2 = 0.5


class Ridge(regularizers.Regularizer):
    def __init__(self, name="ridge"):
        self.name = name


def in_loss(model):
    model.loss.delta = 0.01


def in_activation(model):
    model.layers[1].activation.negative_slope = 0.9


LAYERS = {
    "Dropout.rate": (lambda: layers.Dropout(0.2), in_layer(1, "rate", 0.7)),
    "Dropout without a rate": (lambda: layers.Dropout(0.0), in_layer(1, "rate", 0.7)),
    "GaussianNoise.stddev": (lambda: layers.GaussianNoise(0.1), in_layer(1, "stddev", 2.0)),
    "GaussianDropout.rate": (lambda: layers.GaussianDropout(0.1), in_layer(1, "rate", 0.6)),
    "AlphaDropout.rate": (lambda: layers.AlphaDropout(0.1), in_layer(1, "rate", 0.6)),
    "BatchNormalization.momentum": (
        lambda: layers.BatchNormalization(momentum=0.9), in_layer(1, "momentum", 0.1)),
    "BatchNormalization.trainable": (
        layers.BatchNormalization, in_layer(1, "trainable", False)),
    "Activation.activation": (
        lambda: layers.Activation("relu"), in_layer(1, "activation", "tanh")),
    "LeakyReLU": (lambda: layers.Activation(lamina.activations.LeakyReLU(0.1)), in_activation),
    "trainable": (layers.ReLU, in_layer(0, "trainable", False)),
    "a factor of a regularizer": (layers.ReLU, in_regularizer),
    "a factor of one's own regularizer": (
        lambda: layers.BatchNormalization(gamma_regularizer=Ridge()), in_regularizer_of_ones_own),
    "Huber's delta": (layers.ReLU, in_loss),
}  # fmt: skip


@pytest.mark.parametrize("hook", ["on_train_batch_end", "on_epoch_begin"])
@pytest.mark.parametrize("case", LAYERS)
def test_settings_of_layers_and_losses_count_from_the_next_step_on(case, hook):
    make, change = LAYERS[case]

    def built():
        penalised = lamina.Sequential(
            [layers.Input((3,)), layers.Dense(4, kernel_regularizer=regularizers.L2(0.01)), make(),
             layers.Dense(1)], dtype="float64", seed=2,
        )  # fmt: skip
        penalised.compile(optimizers.Adam(0.05), losses.Huber(1.0), metrics=["mae"])
        return penalised

    changed, plain, twin = built(), built(), built()
    history = fit(changed, callbacks=[callback(hook, change)], validation_data=(X, Y))
    fit(plain)
    assert_same(changed, by_steps(twin, change, HOOKS[hook]))
    assert any(
        not np.array_equal(a, b)
        for a, b in zip(changed.get_weights(), plain.get_weights(), strict=True)
    )
    assert np.isfinite(history.history["loss"]).all()
    # Evaluation and prediction use it too.
    np.testing.assert_allclose(
        history.history["val_mae"][-1], np.abs(Y - changed.predict(X)).mean(), rtol=1e-9
    )


def test_the_sums_of_an_epoch_go_on_across_a_change():
    def seen(model):
        model.layers[1].rate = 0.0

    model = network(optimizers.SGD(0.0), layers.Dropout(0.0), metrics=["mse", lambda y, p: y[:, 0]])
    history = fit(model, epochs=1, callbacks=[callback("on_train_batch_end", seen)]).history
    changes = LambdaCallback(on_train_batch_end=lambda batch, logs: seen(model))
    again = fit(model, epochs=1, callbacks=[changes]).history
    assert history == again
    np.testing.assert_allclose(again["loss"], model.evaluate(X, Y)[0])


def test_predictions_follow_a_changed_setting():
    model = network("sgd", layers.LeakyReLU(0.5), layers.BatchNormalization())
    before = model.predict(X)
    twin = copy.deepcopy(model)
    model.layers[1].negative_slope = 0.0
    model.layers[2].epsilon = 1.0
    after = model.predict(X)
    assert not np.array_equal(before, after)
    np.testing.assert_array_equal(twin.predict(X), before)
    model.layers[1].negative_slope, model.layers[2].epsilon = 0.5, 1e-3
    np.testing.assert_array_equal(model.predict(X), before)


def test_another_thread_and_a_metric_may_set_it():
    model = network(optimizers.SGD(0.01))

    def in_a_thread(model):
        thread = threading.Thread(target=rate, args=(model,))
        thread.start()
        thread.join()

    fit(model, callbacks=[callback("on_train_batch_begin", in_a_thread)])
    assert_same(model, by_steps(network(optimizers.SGD(0.01)), rate, STEPS + 2))

    class Sets(lamina.metrics.Metric):
        count = 0

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.count += 1
            if self.count == 3:
                rate(owner[0])

        def result(self):
            return float(self.count)

    owner = [network(optimizers.SGD(0.01), metrics=[Sets()])]
    fit(owner[0])
    assert_same(owner[0], by_steps(network(optimizers.SGD(0.01)), rate, 3))


@pytest.mark.parametrize(
    ("make", "name", "bad"),
    [
        (lambda: optimizers.SGD(0.01, momentum=0.5), "momentum", 1.5),
        (lambda: optimizers.SGD(0.01, momentum=0.5), "nesterov", "yes"),
        (optimizers.RMSprop, "rho", -0.1),
        (optimizers.Adam, "beta_1", 1.0),
        (optimizers.Adam, "epsilon", 0.0),
        (lambda: optimizers.Adam(clipnorm=1.0), "clipvalue", 1.0),
        (optimizers.AdamW, "weight_decay", -1.0),
        (optimizers.Adam, "iterations", -1),
        (optimizers.Adam, "learning_rate", float("nan")),
        (lambda: layers.Dropout(0.5), "rate", 1.0),
        (lambda: layers.GaussianNoise(0.5), "stddev", -1.0),
        (layers.BatchNormalization, "momentum", 2.0),
        (lambda: layers.Dense(3, "relu"), "activation", "rleu"),
        (lambda: layers.LSTM(3), "recurrent_dropout", 1.0),
        (losses.Huber, "delta", 0.0),
        (losses.BinaryCrossentropy, "label_smoothing", 2.0),
        (lambda: regularizers.L1L2(0.1, 0.1), "l1", -1.0),
        (lamina.metrics.BinaryAccuracy, "threshold", "high"),
    ],
)
def test_nonsense_is_refused_at_once_and_the_old_value_stays(make, name, bad):
    thing = make()
    before = getattr(thing, name)
    with pytest.raises((ValueError, TypeError)):
        setattr(thing, name, bad)
    assert getattr(thing, name) == before


def test_what_a_built_layer_cannot_change_is_refused():
    model = network("sgd", layers.BatchNormalization())
    model.fit(X, Y, verbose=0)
    for layer, name, value in [
        (0, "units", 7), (0, "use_bias", False), (0, "kernel_regularizer", "l2"), (1, "axis", 1),
    ]:  # fmt: skip
        before = getattr(model.layers[layer], name)
        with pytest.raises(ValueError, match=f"{name} is fixed once the layer is built"):
            setattr(model.layers[layer], name, value)
        assert getattr(model.layers[layer], name) == before


@pytest.mark.parametrize(
    ("make", "name", "words"),
    [
        (optimizers.SGD, "learning_rat", "did you mean 'learning_rate'?"),
        (optimizers.SGD, "LearningRate", "did you mean 'learning_rate'?"),
        (optimizers.Adam, "beta1", "did you mean 'beta_1'?"),
        (optimizers.Adam, "decay", "a schedule is the learning_rate: optimizers.schedules"),
        (losses.Huber, "deltas", "did you mean 'delta'?"),
    ],
)
def test_a_misspelt_setting_is_refused(make, name, words):
    """An assignment to an unused attribute would look like a change."""
    thing = make()
    with pytest.raises(AttributeError) as error:
        setattr(thing, name, 0.5)
    assert str(error.value).startswith(f"{make.__name__} has no attribute {name!r}; {words}")
    assert name not in vars(thing)


def test_other_attributes_may_be_set():
    class Own(optimizers.Adam):
        def __init__(self):
            super().__init__()
            self.beta = 0.5

    own, plain = Own(), optimizers.SGD()
    own.learning_rates = [0.1]
    plain.note, plain.lr = "mine", 0.5
    assert (own.beta, plain.note, plain.learning_rate) == (0.5, "mine", 0.5)
