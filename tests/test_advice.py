"""The warnings of a fit, and cases without any."""

import contextlib
import re
import warnings

import numpy as np
import pytest

import lamina
from lamina import losses, ops
from lamina.layers import (
    LSTM,
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Input,
    Normalization,
    Reshape,
    Softmax,
    StringLookup,
    TextVectorization,
    TimeDistributed,
)

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 4))
BINARY = (X[:, 0] > 0).astype(int)
THREE = np.arange(40) % 3
HOT = np.eye(3)[THREE]
REAL = 50.0 + 20.0 * X[:, 1]


def model_of(*layers, loss="mse", shape=(4,)):
    model = lamina.Sequential([Input(shape), *layers], seed=1)
    model.compile("sgd", loss)
    return model


def advice(model, x, y, **options):
    """Return the texts of a fit's warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with contextlib.suppress(lamina.TrainingDiverged):
            model.fit(x, y, verbose=0, **options)
    assert all(issubclass(w.category, lamina.TrainingAdvice) for w in caught)
    assert all(w.filename == __file__ for w in caught)
    return [str(w.message) for w in caught]


SPARSE, CATEGORICAL = "sparse_categorical_crossentropy", "categorical_crossentropy"
FROM_LOGITS = losses.SparseCategoricalCrossentropy(from_logits=True)
OUTPUTS = {
    "softmax of one": ([Dense(1, "softmax")], "binary_crossentropy", BINARY, "Dense.1, 'sigmoid'"),
    "its layer": ([Dense(1), Softmax()], "binary_crossentropy", BINARY, "softmax over one unit"),
    "under mse": ([Dense(1, "softmax")], "mse", BINARY, "for a number, no activation"),
    "with dropout": ([Dense(1, "softmax"), Dropout(0.1)], "mse", BINARY, "softmax over one unit"),
    "of steps": ([Reshape((4, 1)), TimeDistributed(Dense(1, "softmax"))], "mse",
                 np.round(rng.random((40, 4, 1))), "softmax over one unit"),
    "reshaped": ([Dense(1, "softmax"), Flatten()], "mse", BINARY, "softmax over one unit"),
    "one class": ([Dense(1, "sigmoid")], CATEGORICAL, BINARY, "categorical_crossentropy over one"),
    "linear": ([Dense(3)], SPARSE, THREE, "no activation.*from_logits=True"),
    "linear, one-hot": ([Dense(3)], CATEGORICAL, HOT, "use activation='softmax'"),
    "linear, binary": ([Dense(1)], "binary_crossentropy", BINARY, "use activation='sigmoid'"),
    "relu": ([Dense(3, "relu")], SPARSE, THREE, "the activation 'relu'"),
    "tanh": ([Dense(1, "tanh")], "binary_crossentropy", BINARY, "the activation 'tanh'"),
    "its own layer": ([Dense(1), Activation("tanh")], "binary_crossentropy", BINARY, "'tanh'"),
    "softplus": ([Dense(1, "softplus")], "binary_crossentropy", BINARY, "'softplus'"),
    "log": ([Dense(3, "log_softmax")], SPARSE, THREE, "'log_softmax'"),
    "normalized": ([Dense(3), BatchNormalization()], SPARSE, THREE, "no activation"),
    "recurrent": ([Reshape((4, 1)), LSTM(1)], "binary_crossentropy", BINARY, "'tanh'"),
    "twice": ([Dense(3, "softmax")], FROM_LOGITS, THREE, "omit either from_logits=True or"),
    "sigmoid twice": ([Dense(1, "sigmoid")], losses.BinaryCrossentropy(from_logits=True), BINARY,
                      "activation='sigmoid'"),
    "sigmoid, large": ([Dense(1, "sigmoid")], "mse", REAL, r"100% of y lie outside \[0, 1\]"),
    "tanh, large": ([Dense(1, "tanh")], "mae", REAL, r"outside \[-1, 1\]"),
    "relu, negative": ([Dense(1, "relu")], "huber", -REAL, "activation 'relu'"),
}  # fmt: skip


@pytest.mark.parametrize("case", OUTPUTS)
def test_outputs_that_do_not_fit_the_loss(case):
    layers, loss, y, text = OUTPUTS[case]
    model = model_of(*(type(x).from_config(x.get_config()) for x in layers), loss=loss)
    (said,) = advice(model, X, y)
    assert said.startswith("fit: ")
    assert re.search(text, said)
    assert advice(model, X, y) == []  # once per compiled model


FINE = {
    "softmax": ([Dense(3, "softmax")], SPARSE, THREE),
    "one-hot": ([Dense(3, "softmax")], CATEGORICAL, HOT),
    "binary": ([Dense(1, "sigmoid")], "binary_crossentropy", BINARY),
    "softmax, binary": ([Dense(3, "softmax")], "binary_crossentropy", HOT),
    "each class": ([Dense(3, "sigmoid")], CATEGORICAL, HOT),
    "positive": ([Dense(3, "exponential")], SPARSE, THREE),
    "logits": ([Dense(3)], FROM_LOGITS, THREE),
    "log, logits": ([Dense(3, "log_softmax")], FROM_LOGITS, THREE),
    "number": ([Dense(1)], "mse", REAL),
    "relu": ([Dense(1, "relu")], "mse", REAL),
    "tanh": ([Dense(1, "tanh")], "mse", BINARY),
    "sigmoid": ([Dense(1, "sigmoid")], "mse", BINARY),
    "gates": ([Reshape((4, 1)), LSTM(3, activation="sigmoid")], CATEGORICAL, HOT),
    "many constant columns": ([Reshape((1, 4)), Flatten(), Dense(1)], "mse", REAL),
}


@pytest.mark.parametrize("case", FINE)
def test_what_learns_is_not_warned_of(case):
    layers, loss, y = FINE[case]
    assert advice(model_of(*layers, loss=loss), X, y) == []


def test_outputs_of_graphs_are_named():
    x = Input((4,))
    h = Dense(3, "relu")(x)
    model = lamina.Model(x, [Dense(1, "softmax", name="kind")(h), Dense(1, name="size")(h)])
    model.compile("sgd", ["binary_crossentropy", "mse"])
    (said,) = advice(model, X, [BINARY, REAL * 0])[:1]
    assert "the output 'kind' is a softmax" in said
    inner = lamina.Sequential([Input((4,)), Dense(1, "softmax")])
    assert "softmax over one unit" in advice(model_of(inner), X, BINARY)[0]
    model.compile("sgd", "mse", loss_weights=[0.0, 0.0])
    assert "leave nothing to minimise" in advice(model, X, [BINARY, REAL])[-2]


@pytest.mark.parametrize(
    ("layers", "loss", "y", "text"),
    [
        (
            [Dense(3, "softmax")],
            SPARSE,
            THREE * 0 + 2,
            "y holds 2 in all 40 rows: every row has the",
        ),
        ([Dense(1, "sigmoid")], "binary_crossentropy", BINARY * 0, "y holds 0.0 in all 40 rows"),
        ([Dense(3, "softmax")], CATEGORICAL, np.tile([0, 1, 0], (40, 1)), "same class"),
        ([Dense(1)], "mse", np.full(40, 7.5), "y holds 7.5 in all 40 rows: it is the same"),
    ],
)
def test_targets_that_are_all_alike(layers, loss, y, text):
    model = model_of(*layers, loss=loss)
    (said,) = advice(model, X, y)
    assert text in said
    assert advice(model_of(*layers, loss=loss), X[:8], y[:8]) == []  # an experiment with few rows
    other = y.copy()
    other[-1] = 0.0 if y[0].any() else 1.0
    assert advice(model_of(*layers, loss=loss), X, other) == []
    model.compile("sgd", loss)
    said = advice(model, X, other, validation_split=0.2, time_ordered=True, stratify=False)
    assert any(text[:10] in each for each in said)  # about the training rows


def test_a_loss_of_ones_own_may_have_any_target():
    own = losses.PythonLoss(lambda y, p: p[:, 0] ** 2, lambda y, p: 2 * p)
    assert advice(model_of(Dense(1, "softmax"), loss=own), X, REAL * 0)[1:] == []


def test_a_column_of_ones_may_be_the_intercept():
    model = model_of(Dense(1, use_bias=False), shape=(5,))
    (text,) = advice(model, np.column_stack([X, np.ones(40)]), REAL)
    assert "column 4 of x holds 1 in all 40 rows: a bias does the same" in text
    (text,) = advice(model_of(Dense(1), shape=(5,)), np.column_stack([X, np.zeros(40)]), REAL)
    assert "nothing can be learned from it" in text


def test_constant_inputs():
    x = X.copy()
    x[:, 2] = 3.0
    (said,) = advice(model_of(Dense(1)), x, REAL)
    assert "column 2 of x holds 3 in all 40 rows" in said
    x[:, 0] = 0.0
    (said,) = advice(model_of(Dense(1)), x, REAL)
    assert "columns 0, 2 of x are the same" in said
    (said,) = advice(model_of(Dense(1)), x * 0, REAL)
    assert "every row of x is the same" in said
    wide = np.hstack([X, np.zeros((40, 60))])  # as in pictures and texts
    assert advice(model_of(Dense(1), shape=(64,)), wide, REAL) == []
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame(x, columns=["a", "b", "c", "d"])
    (said,) = advice(model_of(Dense(1)), table, REAL)
    assert "columns 0 ('a'), 2 ('c')" in said


def test_numbers_that_the_dtype_cannot_tell_apart():
    x = np.tile([[2**24, 5]], (40, 1)) + np.arange(40)[:, None]
    (said,) = advice(model_of(Dense(1), shape=(2,)), x, REAL)
    assert "40 different values of column 0 of x are 21 in float32" in said
    assert "16777216 and 16777217 are equal" in said
    double = lamina.Sequential([Input((2,)), Dense(1)], dtype="float64")
    double.compile("sgd", "mse")
    assert advice(double, x, REAL) == []
    said = advice(model_of(Dense(1), shape=(1,)), 1.7e9 + np.arange(40.0), REAL)
    assert "40 different values" in said[0]
    many = rng.normal(size=(100_000, 1))  # rounded too, like all numbers
    assert advice(model_of(Dense(1), shape=(1,)), many, many) == []
    (said,) = advice(model_of(Dense(1)), X, 2**25 + np.arange(40))
    assert "different values of y are" in said
    assert advice(model_of(Dense(1), shape=(2,)), x * 2**30, REAL) != []
    assert advice(model_of(Dense(1), shape=(2,)), x // 2 * 2, REAL) == []  # exact


def test_what_rounding_makes_constant_is_told_once():
    """Seconds since 1970 in float32: the warning of a constant column would mislead."""
    seconds = 1.7e9 + np.arange(40) * 1e-3
    x = np.column_stack([seconds, X[:, 1], 2 * seconds, np.full(40, 3.0)])
    rounded, constant = advice(model_of(Dense(1)), x, REAL)
    assert "40 different values of column 0 of x are 1 in float32" in rounded
    assert "column 3 of x holds 3 in all 40 rows" in constant
    (said,) = advice(model_of(Dense(1), shape=(1,)), seconds, REAL)
    assert "40 different values of column 0 of x are 1" in said
    (said,) = advice(model_of(Dense(1)), X, 1.0 + np.arange(40) * 1e-10)
    assert "40 different values of y are 1" in said


def test_an_error_in_place_of_the_warning_leaves_the_weights():
    model = model_of(Dense(1))
    before = [w.tolist() for w in model.get_weights()]
    with pytest.raises(lamina.TrainingAdvice):
        model.fit(X, REAL * 0, verbose=0)
    assert [w.tolist() for w in model.get_weights()] == before
    assert model.history is None


IDLE = {
    "of y alone": lambda y, p: ops.mean(ops.square(y), axis=-1),
    "a stopped gradient": lambda y, p: ops.mean(ops.square(y - ops.stop_gradient(p)), axis=-1),
    "a comparison": lambda y, p: ops.mean(ops.cast(p < y, "float32"), axis=-1),
}


@pytest.mark.parametrize("case", IDLE)
def test_a_loss_that_depends_on_no_weight(case):
    (said,) = advice(model_of(Dense(1), loss=IDLE[case]), X, REAL)
    assert "the gradient of the loss is 0 for all weights" in said


def test_a_loss_of_penalties_or_without_weights_to_train_is_not_warned_of():
    assert not advice(model_of(Dense(1, kernel_regularizer="l2"), loss=IDLE["of y alone"]), X, REAL)
    assert not advice(model_of(Dense(1, trainable=False)), X, REAL)


def test_layers_that_were_not_adapted():
    words = np.array([["good day"], ["bad day"]] * 20, object)
    text = lamina.Input((1,), dtype="string")
    lookup = TextVectorization(output_sequence_length=2, name="words")
    inner = lamina.Sequential([Embedding(9, 2), Flatten(), Dense(1)])
    model = lamina.Model(text, inner(lookup(text)))
    model.compile("sgd", "mse")
    said = advice(model, words, REAL)
    assert "fit: words has no vocabulary yet: call words.adapt(data) before fit" in said
    model.compile("sgd", "mse")
    lookup.adapt(words)
    assert advice(model, words, REAL) == []

    for known in ({}, {"mean": 0.0, "variance": 1.0}):
        scaled = lamina.Sequential([Input((4,)), Normalization(name="scaled", **known), Dense(1)])
        outer = model_of(scaled, Dense(1))
        told = "scaled has no mean and variance yet: call scaled.adapt(data) before fit"
        assert advice(outer, X, REAL) == ([] if known else [f"fit: {told}"])
        assert advice(outer, X, REAL) == []  # once per compiled model
    layer = Normalization()
    layer.adapt(X)
    assert advice(model_of(layer, Dense(1)), X, REAL) == []
    hashed = StringLookup(num_oov_indices=8, mask_token="")
    assert hashed.unlearned() is None


def test_large_numbers_that_a_dense_layer_reads_as_they_are():
    x = X * [1, 1, 1e6, 1e4]
    lamina.set_random_seed(2)
    (said,) = advice(model_of(Dense(1, "sigmoid"), loss="binary_crossentropy"), x, BINARY)
    assert "column 2 of x has a standard deviation of 1" in said
    assert "put a Normalization layer before it" in said
    place = lamina.Input((4,))
    graph = lamina.Model(place, Dense(1, "sigmoid")(Dense(3, name="first")(place)))
    graph.compile("sgd", "mse")
    (said,) = advice(graph, x, BINARY)
    assert "first learns slowly" in said
    assert advice(graph, x, BINARY) == []  # once per compiled model
    known = Normalization(mean=x.mean(0), variance=x.var(0))
    assert advice(model_of(known, Dense(1)), x, REAL) == []
    assert advice(model_of(Dense(3), BatchNormalization(), Dense(1)), x, REAL) == []
    assert advice(model_of(Dense(1)), X * 200, REAL) == []
    ids = np.random.default_rng(1).integers(0, 50_000, (40, 4))
    assert advice(model_of(Embedding(50_000, 2), Flatten(), Dense(1)), ids, REAL) == []


def test_weights_that_are_all_0():
    text = "fit: sample_weight, times class_weight if there is one, is 0 in all 40 rows, so nothing"
    model = model_of(Dense(1))
    [found] = advice(model, X, REAL, sample_weight=np.zeros(40))
    assert found.startswith(text)
    labels = model_of(Dense(1, "sigmoid"), loss="binary_crossentropy")
    [found] = advice(labels, X, BINARY, class_weight={0: 0.0, 1: 0.0})
    assert found.startswith(text)
    weights = np.where(np.arange(40) == 7, 1.0, 0.0)
    assert advice(model_of(Dense(1)), X, REAL, sample_weight=weights) == []
