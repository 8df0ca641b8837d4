"""The state of training besides the weights: with it a fit continues to the same bits."""

import json

import numpy as np
import pytest

import lamina
from lamina import layers, optimizers
from lamina.optimizers import schedules

RNG = np.random.default_rng(5)
X = RNG.normal(size=(60, 6)).astype("float32")
Y = RNG.integers(0, 3, 60)


def network(optimizer, dtype="float32"):
    x = lamina.Input((6,))
    h = layers.Dense(8, "relu")(layers.GaussianNoise(0.1)(x))
    h = layers.BatchNormalization()(layers.Dropout(0.3)(h))
    model = lamina.Model(x, layers.Dense(3, "softmax")(h), dtype=dtype, seed=3)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class Momentum(optimizers.Optimizer):
    """A rule in NumPy, with one slot."""

    def build(self, variables):
        super().build(variables)
        self.velocities = self.add_optimizer_variables(variables, "velocity")

    def update_step(self, gradient, variable, learning_rate):
        velocity = self.velocities[self._get_variable_index(variable)]
        velocity *= 0.9
        velocity += gradient
        variable -= learning_rate * velocity


OPTIMIZERS = {
    "adam": lambda: optimizers.Adam(schedules.ExponentialDecay(0.01, 5, 0.7), amsgrad=True),
    "adamw": lambda: optimizers.AdamW(0.01, weight_decay=0.1, clipnorm=1.0),
    "sgd": lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "rmsprop": lambda: optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "numpy": lambda: Momentum(0.01),
}


def fit(model, first, last):
    history = model.fit(X, Y, batch_size=16, epochs=last, initial_epoch=first, verbose=0)
    return history.history["loss"]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_goes_on_to_the_bit(name):
    whole = network(OPTIMIZERS[name]())
    losses = fit(whole, 0, 5)

    first = network(OPTIMIZERS[name]())
    assert fit(first, 0, 3) == losses[:3]
    state = first.train_state.get(first.weights_by_path())
    assert (state["epoch"], state["draw"], state["step"]) == (3, 12, 12)
    assert set(state["slots"]) == {
        f"{layer}/{weight}"
        for layer, weights in {
            "dense": ("kernel", "bias"),
            "batch_normalization": ("gamma", "beta"),
            "dense_1": ("kernel", "bias"),
        }.items()
        for weight in weights
    }
    weights = first.get_weights()
    fit(first, 3, 4)  # the returned state is a copy

    second = network(OPTIMIZERS[name]())
    second.set_weights(weights)
    second.train_state.set(state, second.weights_by_path())
    assert fit(second, 3, 5) == losses[3:]
    for a, b in zip(second.get_weights(), whole.get_weights(), strict=True):
        assert np.array_equal(a, b)


def test_all_but_the_slots_is_plain():
    model = network(OPTIMIZERS["adam"]())
    fit(model, 0, 1)
    state = model.train_state.get(model.weights_by_path())
    slots = state.pop("slots")
    assert json.loads(json.dumps(state)) == state
    assert state["learning_rate"]["class_name"] == "ExponentialDecay"
    assert {k: sorted(v) for k, v in slots.items()}["dense/kernel"] == ["m", "max_v", "v"]
    assert slots["dense/kernel"]["m"].shape == (6, 8)


def test_frozen_weights_keep_their_state():
    model = network(OPTIMIZERS["sgd"]())
    fit(model, 0, 1)
    before = model.train_state.get(model.weights_by_path())["slots"]
    model.layers[2].trainable = False
    assert model.layers[2].name == "dense"
    fit(model, 1, 2)
    after = model.train_state.get(model.weights_by_path())["slots"]
    assert np.array_equal(after["dense/kernel"]["velocity"], before["dense/kernel"]["velocity"])
    assert not np.array_equal(
        after["dense_1/kernel"]["velocity"], before["dense_1/kernel"]["velocity"]
    )


def test_a_refused_state_changes_nothing():
    model = network(OPTIMIZERS["adam"]())
    fit(model, 0, 2)
    paths = model.weights_by_path()
    good = model.train_state.get(paths)

    def plain(state):
        return {
            key: {p: {n: v.tolist() for n, v in s.items()} for p, s in value.items()}
            if key == "slots"
            else value
            for key, value in state.items()
        }

    cases = [
        ({}, TypeError, "needs the result of get"),
        ({**good, "epoch": -1}, ValueError, "epoch must be an integer >= 0; got -1"),
        ({**good, "draw": 1.5}, TypeError, "draw must be an integer >= 0; got 1.5"),
        ({**good, "step": -3}, ValueError, "step must be an integer >= 0; got -3"),
        ({**good, "learning_rate": -1.0}, ValueError, "learning_rate"),
        ({**good, "slots": {"dense_9/kernel": {}}}, ValueError, "no weight 'dense_9/kernel'"),
        (
            {**good, "slots": {"dense/kernel": {"m": np.zeros(3, "float32")}}},
            ValueError,
            "m of 'dense/kernel' must be 48 elements of float32; got 3 of float32",
        ),
    ]
    for state, error, said in cases:
        with pytest.raises(error, match=said):
            model.train_state.set(state, paths)
        assert plain(model.train_state.get(paths)) == plain(good)
    fresh = lamina.Sequential([lamina.Input((6,)), layers.Dense(2)])
    with pytest.raises(ValueError, match="call compile first"):
        fresh.train_state.set(good, fresh.weights_by_path())
