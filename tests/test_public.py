"""Public objects: dir and help without internals, and an informative repr."""

import json
import pydoc
import re
from abc import ABC
from pathlib import Path

import numpy as np
import pytest

import lamina
from lamina import (
    activations,
    callbacks,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    regularizers,
)
from lamina.layers import Dense

KERAS = json.loads((Path(__file__).parent / "keras_names.json").read_text())["attributes"]
# Public names of models and layers that Keras does not have.
OF_MODELS = {
    "as_drawn", "built", "calibrate", "compare_baselines", "compiled", "dtype", "gradients",
    "hessian", "history",
    "inference", "input", "input_gradients", "input_names", "input_shape", "inputs", "loss",
    "loss_function", "metrics_names", "name", "optimizer", "output", "output_names",
    "output_shape", "outputs", "predict_set", "reset_state", "reset_states", "seed", "stateful",
    "stop_evaluating", "stop_predicting", "stop_training", "trainable", "value_and_gradients",
}  # fmt: skip
OF_LAYERS = {
    "activity_regularizer", "built", "dtype", "input", "name", "output", "supports_masking",
    "trainable",
    "bias", "bias_constraint", "bias_initializer", "bias_regularizer", "kernel_constraint",
    "kernel_initializer", "kernel_regularizer",
    "layers_within", "multiple_inputs", "nodes", "same_last_axis", "units", "use_bias",
    "activation", "kernel", "weights_fit",
}  # fmt: skip


def chain():
    return lamina.Sequential([lamina.Input((2,)), Dense(1)])


def graph():
    x = lamina.Input((2,))
    return lamina.Model(x, Dense(1)(x))


def names(thing):
    return {name for name in dir(thing) if not name.startswith("_")}


@pytest.mark.parametrize(
    ("make", "keras", "own"),
    [(chain, "Sequential", OF_MODELS), (graph, "Model", OF_MODELS),
     (lambda: Dense(2), "layers.Layer", OF_LAYERS)],
)  # fmt: skip
def test_dir_shows_what_users_call(make, keras, own):
    """A new name is for users, and listed above, or internal, and listed in ``_plumbing``."""
    thing = make()
    assert names(thing) <= set(KERAS[keras].split()) | own
    assert names(type(thing)) <= names(thing)
    assert {"get_config", "get_weights", "trainable", "weights"} <= names(type(thing))
    assert [n for n in dir(thing) if n.startswith("_") and not n.startswith("__")] == []


def test_plumbing_is_there():
    """No entry is stale: each is an attribute of some class that lists it or derives from it."""
    for base, things in (
        (layers.Layer, [Dense(2), layers.LSTM(2)]),
        (models.Model, [chain(), graph()]),
        (optimizers.Optimizer, [optimizers.Adam()]),
        (losses.Loss, [losses.Huber()]),
        (metrics.KernelMetric, [metrics.R2Score()]),
        (activations.Activation, [activations.relu]),
    ):
        for name in base._plumbing.split():
            assert any(hasattr(thing, name) for thing in things), (base, name)
            assert not any(name in dir(thing) for thing in things), (base, name)


def test_help_shows_what_users_call():
    text = pydoc.plain(pydoc.render_doc(lamina))
    for name in ("fit(", "compile(", "predict(", "Sequential(", "set_random_seed("):
        assert name in text
    methods = set(re.findall(r"^ +\|  (\w+)\((?:\n[ |]+)?self", text, re.MULTILINE))
    assert methods >= {"fit", "evaluate", "add", "pop"}
    methods = {name for name in methods if not name.startswith("__")}
    assert methods <= names(chain()) | names(graph()) | set(dir(Exception) + dir(lamina.Variable))


def test_classes_may_derive_from_abc_too():
    class Mine(layers.Layer, ABC):
        def call(self, x):
            return x

    assert Mine()(np.ones((1, 2))).shape == (1, 2)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Dense(3), "<Dense dense, units=3, not built>"),
        (
            lambda: Dense(3, "relu", name="h", kernel_initializer="he_normal", trainable=False),
            "<Dense h, units=3, activation='relu', kernel_initializer='HeNormal', "
            "trainable=False, not built>",
        ),
        (
            lambda: layers.Conv2D(2, (3, 3), activation=activations.LeakyReLU(0.5)),
            "<Conv2D conv2d, filters=2, kernel_size=(3, 3), "
            "activation=LeakyReLU(negative_slope=0.5), not built>",
        ),
        (
            lambda: layers.TimeDistributed(Dense(2)),
            "<TimeDistributed time_distributed, layer=<Dense dense, units=2, not built>, "
            "not built>",
        ),
        (
            lambda: layers.Normalization(mean=[0.0, 1.0], variance=[1.0, 1.0]),
            "<Normalization normalization, mean=array of shape (2,), "
            "variance=array of shape (2,), not built>",
        ),
        (lamina.Sequential, "<Sequential sequential of 0 layers, not built>"),
        (graph, "<Functional functional of 2 layers, (rows, 2) -> (rows, 1), 3 weights>"),
        (lambda: callbacks.EarlyStopping(patience=3), "EarlyStopping(patience=3)"),
        (lambda: callbacks.CallbackList([callbacks.Progress()]), "CallbackList([Progress()])"),
        (
            lambda: callbacks.LambdaCallback(on_epoch_end=print),
            "LambdaCallback(on_epoch_end=<built-in function print>)",
        ),
        (
            datasets.hitters.load,
            "<Table of 263 rows: Salary by AtBat, Hits, HmRun, Runs, RBI, Walks, Years, CAtBat, "
            "CHits, CHmRun, ...>",
        ),
        (
            datasets.nyse.load,
            "<Series of 6,051 days from 1962-12-03 to 1986-12-31: DJ_return, log_volume, "
            "log_volatility>",
        ),
    ],
)
def test_repr(make, text):
    assert repr(make()) == text


class Own(layers.Layer):
    """Keeps its arguments under other names."""

    def __init__(self, size, values=()):
        super().__init__()
        self.n = size
        self.values = list(range(100))


def test_repr_of_what_is_not_as_expected():
    assert repr(Own(3)).startswith("<Own own, values=[0, 1, 2,")
    assert len(repr(Own(3))) < 110
    half_made = Dense.__new__(Dense)
    with pytest.raises(AttributeError):
        half_made.built  # noqa: B018
    assert repr(half_made) == "<Dense, not built>"


def test_no_public_object_shows_its_address():
    things = [
        chain(), graph(), graph().layers[1].nodes[0], layers.LSTM(2), optimizers.SGD(),
        optimizers.schedules.CosineDecay(0.1, 10), losses.Huber(), metrics.R2Score(),
        initializers.Ones(), regularizers.L1(), activations.relu, callbacks.History(),
        callbacks.Progress(), callbacks.EpochLines(), callbacks.EarlyStopping(),
        lamina.random.Stream(1), lamina.Input((2,)), datasets.boston.load(),
    ]  # fmt: skip
    for thing in things:
        assert not re.search(r" object at 0x|\n", repr(thing)), thing
        assert len(repr(thing)) < 300
