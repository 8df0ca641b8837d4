"""Keras's behaviour in the cases that the page on differences lists."""

import inspect

import numpy as np
import pytest

import golden
from keras_models import keras, numbers
from test_differences_from_keras import ROWS

X = numbers(40, 3)
Y = (X @ [1.0, -2.0, 0.5]).astype("float32")


def linear(k, optimizer="sgd", loss="mse", **options):
    k.backend.clear_session()
    model = k.Sequential([k.Input((3,)), k.layers.Dense(1, kernel_initializer="ones")])
    model.compile(optimizer, loss, **options)
    return model


def fit(model, x=X, y=Y, **options):
    return model.fit(x, y, shuffle=False, verbose=0, **options).history


def kernel(model):
    return np.asarray(model.get_weights()[0])


def error_of(call):
    """Return the name of the error that a call raises, or "none"."""
    try:
        call()
    except Exception as error:
        return type(error).__name__
    return "none"


def nan_in_data(k):
    spoilt = X.copy()
    spoilt[7, 2] = np.nan
    model = linear(k)
    fit(model, spoilt)
    return bool(np.isnan(kernel(model)).all())


def a_loss_that_diverges(k):
    model = linear(k, k.optimizers.SGD(1e20))
    fit(model, epochs=9)
    return bool(np.isnan(kernel(model)).all())


def labels_out_of_range(k):
    model = k.Sequential([k.Input((3,)), k.layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    return error_of(lambda: fit(model, y=np.arange(40) % 3 + 1))


def saturated_outputs(k):
    sure = k.Sequential([k.Input((1,)), k.layers.Activation("sigmoid")])
    sure.compile("sgd", "binary_crossentropy")
    return float(sure.evaluate(np.array([[50.0]]), np.array([[0.0]]), verbose=0))


def the_validation_split(k):
    model = linear(k, k.optimizers.SGD(0.0))
    held = fit(model, validation_split=0.25)["val_loss"][0]
    return abs(held - model.evaluate(X[30:], Y[30:], verbose=0)) < 1e-5


def early_stopping(k):
    return k.callbacks.EarlyStopping().restore_best_weights


def frozen_layers(k):
    model = linear(k)
    fit(model)
    model.layers[0].trainable = False
    return error_of(lambda: fit(model))


def targets_without_a_last_axis(k):
    seen = []

    def largest(y_true, y_pred):
        seen.append(list((y_true - y_pred).shape))
        return k.ops.mean(y_pred, axis=-1)

    linear(k, metrics=[largest]).evaluate(X, Y, batch_size=8, verbose=0)
    return seen[-1]


def training_given_to_a_layer(k):
    x = k.Input((3,))
    varied = k.Model(x, k.layers.Dropout(0.5)(x, training=True))
    called = np.asarray(varied(X))
    return bool((varied.predict(X, verbose=0) == X).all()), bool((called == X).all())


def states_of_recurrent_layers(k):
    steps = numbers(4, 6, 2)
    memory = k.layers.GRU(3, stateful=True, return_sequences=True, bias_initializer="ones")
    model = k.Sequential([k.Input(batch_shape=(4, None, 2)), memory])
    halves = [model.predict(half, verbose=0) for half in (steps[:, :3], steps[:, 3:])]
    memory.reset_state()
    return bool(np.allclose(np.concatenate(halves, 1), model.predict(steps, verbose=0), atol=1e-4))


def no_loss(k):
    model = linear(k, loss=None)
    return error_of(lambda: fit(model)), float(np.abs(kernel(model) - 1).max())


def penalties_by_name(k):
    return error_of(lambda: k.regularizers.get("l1_l2")), float(k.regularizers.get("L1L2").l1)


def thresholds_of_relu(k):
    return np.asarray(k.layers.ReLU(threshold=1.0)(np.array([[0.5, 1.0, 2.0]], "float32")))


def the_third_argument_of_compile(k):
    return list(inspect.signature(k.Model.compile).parameters)[3]


def names_of_metrics(k):
    model = linear(k, metrics=["mae"])
    fit(model)
    return model.metrics_names


def names_of_weights(k):
    k.backend.clear_session()
    row = k.Sequential([k.Input((3,)), k.layers.Dense(1, name="last")], name="row").weights[0]
    x = k.Input((3,))
    graph = k.Model(x, k.layers.Dense(1, name="last")(x), name="graph").weights[0]
    return [row.name, row.path, graph.path]


def names_of_outputs(k):
    x = k.Input((3,))
    first, last = k.layers.Dense(1, name="first")(x), k.layers.Dense(2, name="last")(x)
    return sorted(k.Model(x, {"price": first, "kind": last}).output_names)


def one_name_twice(k):
    k.backend.clear_session()
    first = k.layers.Dense(1)
    k.backend.clear_session()
    return error_of(lambda: k.Sequential([k.Input((3,)), k.layers.Dense(2), first]))


def floats_into_an_embedding(k):
    words = k.layers.Embedding(9, 2)
    return bool(np.array_equal(words(np.array([[1.5]])), words(np.array([[1]]))))


def one_precision(k):
    layers = [k.Input((3,)), k.layers.Dense(1, dtype="float64"), k.layers.Dense(1)]
    return [str(w.dtype) for w in k.Sequential(layers).weights]


def mixed_precision(k):
    layer = k.layers.Dense(1, dtype="mixed_bfloat16")
    return k.backend.standardize_dtype(layer(X).dtype), layer.compute_dtype, layer.variable_dtype


SAID = {  # Keras's answer to the question of each row
    nan_in_data: True,
    a_loss_that_diverges: True,
    labels_out_of_range: "none",
    saturated_outputs: pytest.approx(-np.log(1e-7), abs=0.2),
    the_validation_split: True,
    early_stopping: False,
    frozen_layers: "ValueError",
    targets_without_a_last_axis: [8, 8],
    training_given_to_a_layer: [True, False],
    states_of_recurrent_layers: False,
    no_loss: ["none", 0.0],
    penalties_by_name: ["ValueError", 0.0],
    thresholds_of_relu: [[0.0, 0.0, 2.0]],
    the_third_argument_of_compile: "loss_weights",
    names_of_metrics: ["loss", "compile_metrics"],
    names_of_weights: ["kernel", "row/last/kernel", "last/kernel"],
    names_of_outputs: ["first", "last"],
    one_name_twice: "ValueError",
    floats_into_an_embedding: True,
    one_precision: ["float64", "float64", "float32", "float32"],
    mixed_precision: ["bfloat16", "bfloat16", "float32"],
}


def plain(value):
    if isinstance(value, np.ndarray):
        return value.tolist()
    return list(value) if isinstance(value, tuple) else value


def test_every_row_has_its_question():
    names = [row.lower().replace(" ", "_") for row in ROWS]
    assert [question.__name__ for question in SAID] == names


@pytest.mark.parametrize("question", SAID, ids=lambda question: question.__name__)
def test_keras_does_what_the_page_says(question):
    assert plain(golden.ask(lambda: plain(question(keras)))) == SAID[question]
