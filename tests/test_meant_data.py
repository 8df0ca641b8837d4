"""Errors for data of another shape or labels of another coding suggest what was meant."""

import re

import numpy as np
import pytest

import lamina
from lamina.layers import (
    GRU,
    LSTM,
    Bidirectional,
    Concatenate,
    Conv1D,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePooling2D,
    Input,
    MaxPooling2D,
    Reshape,
    TextVectorization,
    TimeDistributed,
)  # fmt: skip
from lamina.models.data import inputs

X = np.random.default_rng(0).normal(size=(20, 3)).astype("float32")
Y = np.arange(20) % 3


def classifier(columns=3, **options):
    model = lamina.Sequential([Input((columns,)), Dense(3, "softmax")], seed=1)
    model.compile("sgd", "sparse_categorical_crossentropy", **options)
    return model


@pytest.fixture
def pd():
    return pytest.importorskip("pandas")


def told(call, rule):
    """Return the last line of the error message, after the rule."""
    with pytest.raises((TypeError, ValueError), match=rule) as caught:
        call()
    line = rf"{rule}.*; (?:one row is )?(\S.*?)( moves .*|, or .*|)$"
    return re.search(line, str(caught.value))[1]


CHANNELS_FIRST = {
    "pictures": ((5, 3, 8, 6), (8, 6, 3), (0, 2, 3, 1)),
    "grey pictures": ((5, 1, 8, 6), (8, 6, 1), (0, 2, 3, 1)),
    "pictures of any size": ((5, 3, 8, 6), (None, None, 3), (0, 2, 3, 1)),
    "sequences": ((5, 3, 8), (8, 3), (0, 2, 1)),
    "a model of channels first": ((5, 8, 6, 3), (3, 8, 6), (0, 3, 1, 2)),
    "rows last": ((8, 6, 3, 5), (8, 6, 3), (3, 0, 1, 2)),
}


@pytest.mark.parametrize("case", CHANNELS_FIRST)
def test_axes_in_another_order_are_transposed_and_not_reshaped(case):
    got, needed, order = CHANNELS_FIRST[case]
    x = np.zeros(got)
    line = told(lambda: inputs.shaped_input("predict", x, needed), "the model needs")
    assert line == f"x.transpose{order}"


@pytest.mark.parametrize("shape", [(8, 6, 1), (8, 6)])
def test_one_grey_picture_is_told_how_to_become_a_row(shape):
    x = np.arange(48.0).reshape(shape)
    rule = re.escape(f"x has shape {shape}; the model needs (rows, 8, 6, 1)")
    line = told(lambda: inputs.shaped_input("predict", x, (8, 6, 1)), rule)
    row = inputs.shaped_input("predict", eval(line, {"x": x}), (8, 6, 1))
    np.testing.assert_array_equal(row, np.arange(48.0).reshape(1, 8, 6, 1))


def test_one_row_of_a_table_is_told_how_to_become_a_table(pd):
    table = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    x, plain = table.iloc[1], lamina.Sequential([Input((2,)), Dense(1)])
    line = told(lambda: plain.predict(x), "the model needs")
    np.testing.assert_array_equal(plain.predict(eval(line, {"x": x})), plain.predict(table)[1:])
    ends = Input((1,), name="a"), Input((1,), name="b")
    named = lamina.Model(ends, Dense(1)(Concatenate()(ends)))
    line = told(lambda: named.predict(x), "got Series")
    assert named.predict(eval(line, {"x": x})).shape == (1, 1)
    assert told(lambda: named.predict({"a": 1.0, "b": 2.0}), "a single number") == "[x['a']]"
    texts = TextVectorization(vocabulary=["joy"], output_sequence_length=2)
    ids = lamina.Sequential([Input((1,), dtype="string"), texts, Embedding(3, 2), Flatten()])
    assert (
        told(lambda: ids.predict("joy"), "x must be a list of texts; got a single 'joy'") == "[x]"
    )


@pytest.mark.parametrize("pair", [(X, Y), [X, Y], (X, X[:, :1])])
def test_a_pair_in_the_place_of_the_inputs(pair):
    with pytest.raises(TypeError, match=r"targets are a separate argument, fit\(x, y\)"):
        classifier().fit(pair)


@pytest.mark.parametrize(
    ("y", "units", "loss", "text"),
    [
        ([1, 2, 3] * 4, 3, "sparse_categorical_crossentropy", "y - 1 counts"),
        ([-1, 1] * 6, 2, "sparse_categorical_crossentropy", r"\(y \+ 1\) / 2"),
        ([-1, 0, 1] * 4, 3, "sparse_categorical_crossentropy", r"y \+ 1 counts"),
        ([-1, 0, 1, 2] * 3, 3, "sparse_categorical_crossentropy", r"ignore_class=-1\) leaves out"),
        ([10, 30, 20] * 4, 3, "sparse_categorical_crossentropy", "numpy.unique"),
        (
            [0, 1, 2, 3, 4, 5] * 2,
            5,
            "sparse_categorical_crossentropy",
            "labels up to 5 need 6 units",
        ),
        ([0, 1] * 6, 1, "sparse_categorical_crossentropy", "binary_crossentropy"),
        ([1, 2] * 6, 1, "binary_crossentropy", "y - 1 is coded"),
        ([-1, 1] * 6, 1, "binary_crossentropy", r"\(y \+ 1\) / 2"),
        ([0, 1, 2] * 4, 1, "binary_crossentropy", "more than two classes"),
        ([0, 255.0] * 6, 1, "binary_crossentropy", "y / 255"),
    ],
)
def test_how_labels_are_meant_is_guessed(y, units, loss, text):
    model = lamina.Sequential([Input((3,)), Dense(units, "softmax" if units > 1 else "sigmoid")])
    model.compile("sgd", loss)
    with pytest.raises(ValueError, match=rf"got .* in row .*; .*{text}"):
        model.fit(X[:12], np.array(y), verbose=0)


BEHIND = {
    "lstm": ((5, 3), lambda: LSTM(4), lambda: LSTM(2), r"lstm\w* returns only its last step; with"),
    "conv": ((5, 3), lambda: Bidirectional(LSTM(4)), lambda: Conv1D(2, 3), "return_sequences=True"),
    "steps": (
        (5, 3),
        lambda: GRU(4),
        lambda: TimeDistributed(Dense(2)),
        r"gru\w* returns only its last",
    ),
    "flat": ((8, 8, 1), Flatten, lambda: Conv2D(2, 3), r"flatten\w* gives one row of numbers; put"),
    "pooled": ((8, 8, 1), GlobalAveragePooling2D, MaxPooling2D, "pools these axes away"),
    "channel": ((8, 8), lambda: Dropout(0.1), lambda: Conv2D(2, 3), r"Reshape\(\(8, 8, 1\)\)"),
    "feature": ((8,), lambda: Dropout(0.1), lambda: LSTM(2), r"Reshape\(\(8, 1\)\)"),
}


@pytest.mark.parametrize("case", BEHIND)
def test_a_layer_says_what_the_one_before_it_lacks(case):
    shape, first, second, text = BEHIND[case]
    with pytest.raises(ValueError, match=f"needs .* axes .*; .*{text}"):
        lamina.Sequential([Input(shape), first(), second()])
    with pytest.raises(ValueError, match=f"needs .* axes .*; .*{text}"):
        second()(first()(Input(shape)))
    with pytest.raises(ValueError, match=f"needs .* axes .*; .*{text}"):
        lamina.Sequential([first(), second()]).predict(np.ones((2, *shape)))
    lamina.Sequential([Input((8, 8)), Reshape((8, 8, 1)), Conv2D(2, 3)])
    lamina.Sequential([Input((5, 3)), LSTM(4, return_sequences=True), LSTM(2)])


def test_a_layer_that_drops_axes_is_found_behind_layers_that_keep_them():
    text = "lstm returns only its last step; with return_sequences=True"
    with pytest.raises(ValueError, match=text):
        lamina.Sequential([Input((5, 3)), LSTM(4, name="lstm"), Dropout(0.1), Dense(4), GRU(2)])
    behind = Dropout(0.1)(LSTM(4, name="lstm")(Input((5, 3))))
    with pytest.raises(ValueError, match=text):
        GRU(2)(behind)
    with pytest.raises(ValueError, match=r"Reshape\(\(4, 1\)\) before it"):
        lamina.Sequential([Input((5,)), Dense(4), Dropout(0.1), GRU(2)])


def test_targets_of_a_model_that_predicts_at_positions():
    model = lamina.Sequential([Input((5, 3)), LSTM(2, return_sequences=True), Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"at \(5,\) positions of a row: .*return_seq"):
        model.fit(np.ones((4, 5, 3)), np.ones(4))
