"""Options common to all optimizers in a fit, and Keras's ways to define and inspect one."""

import copy

import numpy as np
import pytest

import lamina
from lamina import layers, ops, optimizers
from lamina.callbacks import LambdaCallback
from lamina.optimizers import schedules

RNG = np.random.default_rng(8)
X = RNG.normal(size=(48, 5))
Y = np.tanh(X @ RNG.normal(size=(5, 2)))


def network(optimizer, dtype="float64"):
    hidden, last = layers.Dense(4, "tanh", name="hidden"), layers.Dense(2, name="last")
    model = lamina.Sequential([lamina.Input((5,)), hidden, last], dtype=dtype, seed=1)
    model.compile(optimizer, "mse")
    return model


def fit(model, batch=8, epochs=2, **options):
    settings = {"batch_size": batch, "epochs": epochs, "verbose": 0, "shuffle": False}
    return model.fit(X, Y, **{**settings, **options})


def flat(arrays):
    return np.concatenate([np.ravel(a) for a in arrays])


def by_hand(optimizer, steps, batch=8):
    """Weights after each step, with gradients of a separate model."""
    model = network("sgd")
    run = model.objective(False).take(batch, True)
    run.bind([X, Y])
    seen = []
    for step in range(steps):
        start = step * batch % len(X)
        run.gradients(None, start, start + batch, 0)
        gradients = [np.array(run.gradient_of(p)) for p in run.trainable()]
        optimizer.apply(gradients, run.trainable())
        seen.append(flat(model.get_weights()))
    return seen


def test_accumulated_gradients_are_those_of_larger_batches():
    many, few = (
        network(optimizers.Adam(0.01, gradient_accumulation_steps=3)),
        network(optimizers.Adam(0.01)),
    )
    fit(many, 8)
    fit(few, 24)
    np.testing.assert_allclose(flat(many.get_weights()), flat(few.get_weights()), rtol=1e-10)
    assert many.optimizer.iterations == few.optimizer.iterations == 4
    assert many.train_state.step == 12


def test_a_fit_ends_with_the_average_and_goes_on_from_the_weights():
    settings = {"use_ema": True, "ema_momentum": 0.7}
    model, last = network(optimizers.SGD(0.1, **settings)), []
    model_ends = LambdaCallback(on_epoch_end=lambda *_: last.append(flat(model.get_weights())))
    fit(model, callbacks=[model_ends])
    seen = by_hand(optimizers.SGD(0.1), 12)
    average = seen[0]
    for weights in seen[1:]:
        average = 0.7 * average + 0.3 * weights
    np.testing.assert_allclose(last[-1], seen[-1], rtol=1e-10)
    np.testing.assert_allclose(flat(model.get_weights()), average, rtol=1e-10)
    np.testing.assert_allclose(
        flat(model.optimizer._model_variables_moving_average), average, rtol=1e-10
    )
    interrupted = network(optimizers.SGD(0.1, **settings))

    def stop(epoch, logs):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(interrupted, callbacks=[LambdaCallback(on_epoch_end=stop)])
    np.testing.assert_allclose(flat(interrupted.get_weights()), seen[5], rtol=1e-10)


def test_averages_of_some_steps_alone():
    model = network(optimizers.SWA(optimizers.SGD(0.1), start_averaging=5, average_period=3))
    fit(model)
    seen = by_hand(optimizers.SGD(0.1), 12)
    wanted = np.mean([seen[step - 1] for step in (5, 8, 11)], axis=0)
    np.testing.assert_allclose(flat(model.get_weights()), wanted, rtol=1e-10)
    assert model.optimizer.iterations == 12
    model.optimizer.average_period = 1000
    fit(model, epochs=1)
    assert model.optimizer.inner_optimizer._averaging.period == 1000
    with pytest.raises(ValueError, match="SWA: inner_optimizer must not have use_ema"):
        optimizers.SWA(optimizers.SGD(use_ema=True))


def test_layers_learn_at_rates_of_their_own():
    model = network(optimizers.SGD(0.1))
    before = model.layers[0].get_weights() + model.layers[1].get_weights()
    model.optimizer.scale_learning_rate(0.5, [model.layers[0]])
    model.optimizer.scale_learning_rate(0.0, var_names=["last/bias"])
    fit(model, len(X), 1)
    moved = model.layers[0].get_weights() + model.layers[1].get_weights()
    plain = network(optimizers.SGD(0.1))
    fit(plain, len(X), 1)
    for a, start, b, factor in zip(
        moved, before, plain.get_weights(), (0.5, 0.5, 1.0, 0.0), strict=True
    ):
        np.testing.assert_allclose(a - start, factor * (b - start), rtol=1e-9, atol=1e-15)
    with pytest.raises(ValueError, match="SGD: factor must"):
        model.optimizer.scale_learning_rate(-1.0)


def test_optimizers_of_some_layers():
    chosen = optimizers.OptimizerMap(
        optimizers.SGD(schedules.ExponentialDecay(0.2, 4, 0.5)),
        {"hidden/.*": optimizers.Adam(0.01, gradient_accumulation_steps=2, clipnorm=0.1)},
    )
    model = network(optimizers.MultiOptimizer(chosen))
    fit(model)
    adam, sgd = model.optimizer.optimizers
    assert (adam.iterations, sgd.iterations, model.optimizer.iterations) == (6, 12, 12)
    assert adam.name == "adam"

    class Own(optimizers.SGD):
        def update_step(self, *arguments):
            super().update_step(*arguments)

    in_numpy = optimizers.OptimizerMap(
        Own(schedules.ExponentialDecay(0.2, 4, 0.5)),
        {"hidden/.*": optimizers.Adam(0.01, gradient_accumulation_steps=2, clipnorm=0.1)},
    )
    twin = network(optimizers.MultiOptimizer(in_numpy))
    fit(twin)
    np.testing.assert_allclose(flat(twin.get_weights()), flat(model.get_weights()), rtol=1e-10)
    sgd.learning_rate = 0.0
    before = model.layers[1].get_weights()
    fit(model)
    np.testing.assert_array_equal(flat(model.layers[1].get_weights()), flat(before))
    with pytest.raises(AttributeError, match="MultiOptimizer has no learning rate"):
        model.optimizer.learning_rate = 0.1
    with pytest.raises(ValueError, match=r"is matched by \['hid.\*', '.\*n/.\*'\]"):
        optimizers.OptimizerMap("sgd", {"hid.*": "adam", ".*n/.*": "sgd"})["hidden/kernel"]
    copied = optimizers.get(optimizers.serialize(model.optimizer))
    assert copied.get_config() == model.optimizer.get_config()


def test_a_scaled_loss_gives_the_same_weights_and_leaves_out_what_overflows():
    scaled = network(optimizers.LossScaleOptimizer(optimizers.Adam(0.01)), "float32")
    plain = network(optimizers.Adam(0.01), "float32")
    fit(scaled)
    fit(plain)
    np.testing.assert_array_equal(flat(scaled.get_weights()), flat(plain.get_weights()))
    assert scaled.optimizer.name == "loss_scale_optimizer"
    huge = optimizers.LossScaleOptimizer(
        optimizers.Adam(0.01), initial_scale=2.0**126, dynamic_growth_steps=3
    )
    model = network(huge, "float32")
    fit(model)
    done = int(model.optimizer.iterations)
    assert 0 < done < 12
    assert huge.step_counter < 3

    def stop(batch, logs):
        raise KeyboardInterrupt

    huge.dynamic_scale = 2.0**100  # a step that counts, after skipped ones
    with pytest.raises(KeyboardInterrupt):
        fit(model, callbacks=[LambdaCallback(on_train_batch_end=stop)])
    assert model.optimizer.iterations == done + 1
    assert np.isfinite(flat(model.get_weights())).all()


def test_a_learning_rate_is_a_number_that_may_be_assigned_at_any_time():
    optimizer = optimizers.SGD(schedules.ExponentialDecay(0.5, 1, 0.5))
    model, seen = network(optimizer), []

    def look(batch, logs):
        seen.append(float(optimizer.learning_rate))
        if batch == 2:
            optimizer.learning_rate.assign(0.125)
        if batch == 4:
            optimizer.learning_rate = schedules.InverseTimeDecay(0.2, 1, 1.0)

    fit(model, epochs=1, callbacks=[LambdaCallback(on_train_batch_end=look)])
    np.testing.assert_allclose(seen, [0.25, 0.125, 0.0625, 0.125, 0.125, 0.2 / 7])
    assert isinstance(optimizer.learning_rate, float)
    rates = iter([0.5, 0.25])
    w = np.zeros(1)
    called = optimizers.SGD(lambda: next(rates))
    for _ in range(2):
        called.apply([-np.ones(1)], [w])
    assert w[0] == 0.75


class Keras(optimizers.Optimizer):
    """An optimizer as Keras's guide writes one."""

    def __init__(self, learning_rate=0.01, momentum=0.9, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.momentum = momentum

    def build(self, variables):
        super().build(variables)
        self.momentums = []
        for variable in variables:
            self.momentums.append(
                self.add_variable_from_reference(reference_variable=variable, name="momentum")
            )

    def update_step(self, gradient, variable, learning_rate):
        learning_rate = ops.cast(learning_rate, variable.dtype)
        gradient = ops.cast(gradient, variable.dtype)
        m = self.momentums[self._get_variable_index(variable)]
        self.assign(
            m,
            ops.subtract(
                ops.multiply(m, ops.cast(self.momentum, variable.dtype)),
                ops.multiply(gradient, learning_rate),
            ),
        )
        self.assign_add(variable, m)


def test_an_optimizer_written_as_in_keras_runs():
    mine, builtin = network(Keras(0.05)), network(optimizers.SGD(0.05, momentum=0.9))
    for model in (mine, builtin):
        fit(model)
        model.layers[0].trainable = False
        fit(model)
        model.layers[0].trainable = True
        fit(model)
    np.testing.assert_allclose(flat(mine.get_weights()), flat(builtin.get_weights()), rtol=1e-5)


def test_a_loop_by_hand_is_a_fit():
    model = network("sgd")
    optimizer = optimizers.Adam(0.01, use_ema=True, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.build(model.trainable_weights)
    run = model.objective(False).take(8, True)
    run.bind([X, Y])
    for step in range(12):
        run.gradients(None, step * 8 % 48, step * 8 % 48 + 8, 0)
        gradients = [run.gradient_of(p) for p in model.trainable_weights]
        optimizer.apply_gradients(zip(gradients, model.trainable_weights, strict=True))
    optimizer.finalize_variable_values(model.trainable_weights)
    fitted = network(optimizers.Adam(0.01, use_ema=True, weight_decay=0.1))
    fitted.optimizer.exclude_from_weight_decay(var_names=["bias"])
    fit(fitted)
    np.testing.assert_allclose(flat(model.get_weights()), flat(fitted.get_weights()), rtol=1e-10)
    with pytest.warns(UserWarning, match="there is no gradient for hidden/bias"):
        optimizer.apply([gradients[0], None], model.trainable_weights[:2])
    with pytest.raises(ValueError, match="no weight has a gradient"):
        optimizer.apply([None], model.trainable_weights[:1])


def test_the_state_is_read_and_set_as_in_keras():
    weights = [np.ones((2, 3)), np.ones(3)]
    gradients = [RNG.normal(size=w.shape) for w in weights]
    one = optimizers.Adam(0.1, use_ema=True)
    one.build(weights)
    names = [v.name.rpartition("_")[2] for v in one.variables]
    assert names == ["iteration", "rate", "average", "average", "m", "v", "m", "v"]
    one.apply(gradients)
    store = {}
    one.save_own_variables(store)
    assert sorted(store) == sorted(str(i) for i in range(8))
    two, theirs = optimizers.Adam(0.5, use_ema=True), [w.copy() for w in weights]
    two.build(theirs)
    two.load_own_variables(store)
    one.apply(gradients)
    two.apply(gradients)
    np.testing.assert_array_equal(flat(theirs), flat(weights))
    assert float(two.learning_rate) == 0.1
    with pytest.warns(UserWarning, match="nothing is loaded"):
        optimizers.SGD().load_own_variables(store)
    with pytest.raises(ValueError, match="set_weights needs arrays of shapes"):
        two.set_weights([np.zeros(3)])


OPTIMIZERS = {
    "accumulated": lambda: optimizers.AdamW(
        0.01, gradient_accumulation_steps=4, use_ema=True, ema_overwrite_frequency=2
    ),
    "muon": lambda: optimizers.Muon(0.01),
    "adafactor": lambda: optimizers.Adafactor(0.01),
    "schedule_free": lambda: optimizers.ScheduleFreeAdamW(0.01),
    "swa": lambda: optimizers.SWA(optimizers.SGD(0.1, momentum=0.9), 3, 2),
    "scaled": lambda: optimizers.LossScaleOptimizer("adam", 2.0**120, 3),
    "several": lambda: optimizers.MultiOptimizer(
        optimizers.OptimizerMap("sgd", {"hidden/.*": optimizers.Adam(use_ema=True)})
    ),
    "keras": lambda: Keras(use_ema=True, gradient_accumulation_steps=5),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_all_of_it_goes_on_to_the_bit(name):
    """Weights and state are restored within an epoch, after an unrelated number of steps."""

    def stopping(model, batch):
        def stop(b, logs):
            if b == batch:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fit(model, epochs=1, callbacks=[LambdaCallback(on_train_batch_end=stop)])

    def prepared():
        model = network(OPTIMIZERS[name](), "float32")
        if name != "several":
            model.optimizer.scale_learning_rate(0.5, var_names=["last"])
            model.optimizer.exclude_from_weight_decay(var_names=["bias"])
        return model

    whole = prepared()
    stopping(whole, 4)
    state = copy.deepcopy(whole.train_state.get(whole.weights_by_path()))
    weights = whole.get_weights()
    for _ in range(2):
        stopping(whole, 4)
    other = network(OPTIMIZERS[name](), "float32")
    other.set_weights(weights)
    other.train_state.set(state, other.weights_by_path())
    for _ in range(2):
        stopping(other, 4)
    np.testing.assert_array_equal(flat(other.get_weights()), flat(whole.get_weights()))
    wanted = whole.optimizer.slots
    for a, b in zip(other.optimizer.slots, wanted, strict=True):
        np.testing.assert_array_equal(a, b)


FILES = {
    **OPTIMIZERS,
    "cycle": lambda: optimizers.Lamb(schedules.OneCycle(0.1, 100)),
    "rprop": optimizers.Rprop,
    "bfgs": optimizers.BFGS,
    "lbfgs": optimizers.LBFGS,
}
del FILES["keras"]


@pytest.mark.parametrize("name", FILES)
def test_a_file_keeps_all_of_it(name, tmp_path):
    whole = network(FILES[name]())
    if name not in ("several", "bfgs", "lbfgs"):
        whole.optimizer.scale_learning_rate(0.5, var_names=["last"])
        whole.optimizer.exclude_from_weight_decay(var_names=["bias"])
    batch = None if "bfgs" in name else 9
    fit(whole, batch, 3)
    whole.save(tmp_path / "model.lamina")
    other = lamina.models.load_model(tmp_path / "model.lamina")
    for model in (whole, other):
        fit(model, batch, 5, resume=True)
    np.testing.assert_array_equal(flat(other.get_weights()), flat(whole.get_weights()))


@pytest.mark.parametrize("shape", [(1, 4), (3, 1), (4,), (4, 1, 1)])
def test_a_gradient_has_its_weight_s_shape(shape):
    model = lamina.Sequential([lamina.Input((4,)), lamina.layers.Dense(1)])
    optimizer, before = lamina.optimizers.SGD(0.1), model.get_weights()
    kernel, bias = model.trainable_weights
    with pytest.raises(
        ValueError, match=r"SGD: the gradient of .*kernel must have its shape, \(4, 1"
    ):
        optimizer.apply_gradients([(np.ones(shape), kernel), (np.ones(1), bias)])
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    assert optimizer.iterations == 0
