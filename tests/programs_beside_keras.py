"""Small programs that run on lamina and on Keras alike: ``program(library)`` returns plain values.

Weights are drawn by their shapes, in the order of ``get_weights``, so both start with the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from keras_models import numbers

PROGRAMS: dict[str, Callable[[Any], Any]] = {}

X, Y, IMAGES, STEPS = numbers(20, 6), numbers(20, 1, seed=1), numbers(6, 8, 8, 3), numbers(8, 7, 4)
IDS = np.random.default_rng(0).integers(0, 20, (8, 5))
TABLE = np.arange(80, dtype="float32").reshape(20, 4)
SHARES = np.abs(X[:, :3]) % 1  # in [0, 1]
QUIET = {"verbose": 0, "shuffle": False}


def program(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Add a program to the list."""
    PROGRAMS[function.__name__] = function
    return function


def drawn(model: Any) -> Any:
    """Give a model weights that depend only on their shapes, and return it."""
    rng = np.random.default_rng(0)
    model.set_weights(
        [(0.3 * rng.normal(size=w.shape)).astype("float32") for w in model.get_weights()]
    )
    return model


def net(library: Any, **options: Any) -> Any:
    """Return a small network."""
    layers = library.layers
    return drawn(
        library.Sequential(
            [
                library.Input((6,)),
                layers.Dense(5, activation="relu", name="hidden"),
                layers.Dense(3, activation="softmax", name="out"),
            ],
            **options,
        )
    )


def fitted(model: Any, x: Any = X, y: Any = Y, **options: Any) -> list[float]:
    """Return the losses of two epochs."""
    losses: list[float] = model.fit(x, y, epochs=2, batch_size=5, **QUIET, **options).history[
        "loss"
    ]
    return losses


# --- outputs and inputs by name


@program
def outputs_in_a_dict(library: Any) -> Any:
    x = library.Input((6,))
    outputs = {"z": library.layers.Dense(2)(x), "a": library.layers.Dense(3)(x)}
    model = drawn(library.Model(x, outputs))
    made = model.predict(X, verbose=0)
    return [list(made), *made.values(), [w.shape for w in model.get_weights()], model.output_shape]


@program
def outputs_of_call_in_a_dict(library: Any) -> Any:
    class Two(library.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.last, self.first = library.layers.Dense(2), library.layers.Dense(3)

        def call(self, x: Any) -> Any:
            return {"z": self.last(x), "a": self.first(x)}

    model = Two()
    model(X)
    made = drawn(model).predict(X, verbose=0)
    return [list(made), *made.values()]


@program
def more_keys_than_inputs(library: Any) -> Any:
    a, b = library.Input((6,), name="a"), library.Input((1,), name="b")
    model = library.Model([a, b], library.layers.Concatenate()([a, b]))
    one = drawn(library.Model(a, library.layers.Dense(2)(a)))
    data = {"b": Y, "a": X, "c": Y}
    return [model.predict(data, verbose=0), one.predict(data, verbose=0)]


# --- shapes and types of data


@program
def a_last_axis_of_one_may_be_missing(library: Any) -> Any:
    x = library.Input((6, 1))
    steps = drawn(library.Model(x, library.layers.LSTM(2)(x)))
    steps.compile("sgd", "mse")
    column = drawn(library.Sequential([library.Input((1,)), library.layers.Dense(2)]))
    return [
        steps.predict(X, verbose=0),
        fitted(steps, X, X[:, :2]),
        steps(X),
        column.predict(X[:, 0], verbose=0),
    ]


@program
def a_last_axis_of_one_may_be_too_many(library: Any) -> Any:
    return net(library).predict(X[..., None], verbose=0)


@program
def integers_into_dense(library: Any) -> Any:
    whole, free = library.Input((5,), dtype="int32"), library.Input((5,))
    return [
        drawn(library.Model(x, library.layers.Dense(2)(x))).predict(IDS, verbose=0)
        for x in (whole, free)
    ]


@program
def one_input_read_as_tokens_and_as_numbers(library: Any) -> Any:
    x = library.Input((5,))
    rows = library.layers.Flatten()(library.layers.Embedding(20, 2)(x))
    return drawn(library.Model(x, [rows, library.layers.Dense(2)(x)])).predict(IDS, verbose=0)


@program
def other_lengths_and_sizes_without_input(library: Any) -> Any:
    layers = library.layers
    steps = library.Sequential([layers.LSTM(3, return_sequences=True), layers.Dense(2)])
    images = library.Sequential([layers.Conv2D(3, 3), layers.GlobalAveragePooling2D()])
    steps(STEPS), images(IMAGES)
    drawn(steps), drawn(images)
    return [
        steps.predict(STEPS[:, :4], verbose=0),
        steps.predict(STEPS, verbose=0),
        images.predict(IMAGES[:, :6, :7], verbose=0),
    ]


# --- layers of models, and models of their tensors


@program
def a_model_between_the_tensors_of_layers(library: Any) -> Any:
    model = net(library)
    first, last = model.layers
    parts = [
        library.Model(first.input, first.output),
        library.Model(model.inputs, [layer.output for layer in model.layers]),
        library.Model(last.input, last.output),
    ]
    shapes = [first.input.shape, last.output.shape, model.input_shape, model.output_shape]
    return [*(p.predict(X, verbose=0) for p in parts[:2]), parts[2](np.ones((1, 5))), shapes]


@program
def a_sequential_within_a_sequential(library: Any) -> Any:
    layers = library.layers
    inner = library.Sequential([layers.Dense(4, activation="relu"), layers.Dense(3)])
    outer = drawn(library.Sequential([library.Input((6,)), inner, layers.Dense(2)]))
    return [
        outer.predict(X, verbose=0),
        outer.count_params(),
        outer.layers[0] is inner,
        isinstance(outer.layers[0], library.Sequential),
        inner.predict(X, verbose=0),
        inner.input_shape,
    ]


@program
def models_within_are_layers(library: Any) -> Any:
    base = net(library, name="base")
    x = library.Input((6,))
    model = drawn(library.Model(x, library.layers.Dense(1)(base(x))))
    within = model.get_layer("base")
    hidden = library.Model(within.inputs, within.get_layer("hidden").output)
    return [
        within is base,
        [layer.name for layer in model.layers[1:]],
        isinstance(model.layers[1], library.Model),
        hidden.predict(X, verbose=0),
    ]


@program
def operations_are_no_layers(library: Any) -> Any:
    x = library.Input((6,))
    h = library.ops.relu(library.layers.Dense(5, name="first")(x)) + 1.0
    model = drawn(library.Model(x, library.layers.Dense(2, name="last")(h)))
    names = [layer.name for layer in model.layers]
    return [names[1:], model.get_layer(index=1).name, model.predict(X, verbose=0)]


@program
def a_shared_layer_has_its_first_output(library: Any) -> Any:
    a, b = library.Input((6,)), library.Input((6,))
    shared = library.layers.Dense(4)
    model = drawn(library.Model([a, b], shared(a) - shared(b)))
    return [
        shared.output.shape,
        library.Model(a, shared.output)(X),
        model.predict([X, -X], verbose=0),
    ]


@program
def layers_come_and_go(library: Any) -> Any:
    model = net(library)
    model.pop()
    first = model.predict(X, verbose=0)
    model.add(library.layers.Dense(1, kernel_initializer="ones"))
    return [first, model.predict(X, verbose=0), len(model.layers), model.output_shape]


@program
def shapes_before_and_after_building(library: Any) -> Any:
    layers = library.layers
    x = library.Input((6,))
    two = library.Model(x, [layers.Dense(2)(x), layers.Dense(3)(x)])
    images = library.Sequential([layers.Conv2D(3, 3)])
    return [
        net(library).compute_output_shape((7, 6)),
        two.compute_output_shape((None, 6)),
        images.compute_output_shape((None, 8, 8, 3)),
        images.built,
        images.weights,
        images.get_weights(),
    ]


@program
def shapes_with_the_rows_of_a_batch(library: Any) -> Any:
    layers = library.layers
    x = library.Input((6,), batch_size=4)
    h = layers.Dense(2)(x)
    steps = library.Input(batch_shape=(3, 5))
    tensors = [x, h, steps, h + 1, layers.Flatten()(x), layers.Concatenate()([x, h])]
    return [tensor.shape for tensor in [*tensors, library.ops.sum(h, axis=1)]]


@program
def an_output_in_a_tuple_of_one(library: Any) -> Any:
    class Boxed(library.layers.Layer):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return (2 * x,)

    model = library.Sequential([library.Input((6,)), library.layers.Dense(2), Boxed()])
    return drawn(model).predict(X, verbose=0)


# --- functions, constraints, penalties


@program
def activations_as_functions(library: Any) -> Any:
    x = np.linspace(-3, 7.7, 12, dtype="float32")
    a, layers = library.activations, library.layers
    square = {"kernel_initializer": "identity"}
    return [
        a.relu(x, max_value=6),
        a.relu(x, negative_slope=0.1),
        a.relu(x, threshold=1.0),
        a.softmax(x.reshape(3, 4), axis=0),
        a.elu(x, alpha=0.5),
        a.gelu(x, approximate=True),
        layers.Activation(a.relu)(x[None]),
        layers.Activation(lambda z: a.relu(z, max_value=2.0))(x[None]),
        layers.Dense(12, activation=library.ops.sigmoid, **square)(x[None]),
        layers.Dense(12, activation=lambda z: library.ops.maximum(z, 0.5), **square)(x[None]),
        layers.Dense(3, activation=a.gelu).activation.__name__,
    ]


@program
def old_arguments(library: Any) -> Any:
    layers = library.layers
    return [
        layers.LeakyReLU(alpha=0.2).negative_slope,
        layers.Embedding(5, 3, input_length=4).input_dim,
        layers.LSTM(3, implementation=1, use_cudnn=False).units,
        layers.GRU(3, implementation=2, reset_after=True).units,
        layers.BatchNormalization(renorm=False, synchronized=False).momentum,
        layers.Dense(3, autocast=False).units,
        layers.InputLayer(input_shape=(4,)).name,
        layers.InputLayer(batch_input_shape=(2, 4)).name,
        library.Input((4,), sparse=False, ragged=False, optional=False).shape,
        library.Input(tensor=library.Input((3,))).shape,
    ]


@program
def constraints_of_weights(library: Any) -> Any:
    w = ((np.arange(12).reshape(3, 4) - 5) / 3).astype("float32")
    c = library.constraints
    kinds = [
        c.MaxNorm(), c.MaxNorm(1.5, axis=1), c.MinMaxNorm(), c.MinMaxNorm(0.5, 0.8, 0.7, 1),
        c.NonNeg(), c.UnitNorm(), c.UnitNorm(axis=[0, 1]), c.get("max_norm"), c.get("non_neg"),
        c.get("unit_norm"), c.get("min_max_norm"),
    ]  # fmt: skip
    layers = library.layers
    bounded = layers.Dense(3, kernel_constraint="max_norm", bias_constraint="non_neg")
    unit = layers.Dense(1, kernel_constraint=c.UnitNorm())
    model = drawn(library.Sequential([library.Input((6,)), bounded, unit]))
    model.compile("sgd", "mse")
    return [*(np.asarray(kind(w)) for kind in kinds), fitted(model), model.get_weights()]


@program
def penalties_of_weights(library: Any) -> Any:
    w = (np.arange(12).reshape(3, 4) - 5).astype("float32")
    r = library.regularizers
    kinds = [
        r.L1(0.1), r.L2(0.1), r.L1L2(0.1, 0.2), r.OrthogonalRegularizer(0.1),
        r.get("l1"), r.get("l2"), r.L1L2(),
    ]  # fmt: skip
    layers = library.layers
    first = layers.Dense(3, kernel_regularizer=r.L1L2(0.01, 0.02), bias_regularizer="l1")
    last = layers.Dense(1, kernel_regularizer=r.OrthogonalRegularizer(), activity_regularizer="l2")
    model = drawn(library.Sequential([library.Input((6,)), first, last]))
    model.compile("sgd", "mse")
    return [[float(kind(w)) for kind in kinds], fitted(model), model.evaluate(X, Y, verbose=0)]


@program
def seeds(library: Any) -> Any:
    library.utils.set_random_seed(3)
    import random

    return [float(np.random.rand()), random.random()]  # noqa: NPY002
