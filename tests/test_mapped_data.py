"""Layers, operations and models within functions that ``tf.data`` maps over a data set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lamina
from lamina import layers, ops, random, utils

tf: Any = pytest.importorskip("tensorflow")

IMAGES = np.random.default_rng(0).random((7, 6, 6, 3)).astype("float32")
LABELS = np.arange(7) % 3
WORDS = np.array(["a", "b", "c", "a", "b", "c", "a"])


def mapped(arrays: Any, function: Callable[..., Any], batch: int | None = 3) -> tuple[Any, Any]:
    """Return the elements of a mapped data set, and what it says of them."""
    data = tf.data.Dataset.from_tensor_slices(arrays)
    data = (data if batch is None else data.batch(batch)).map(function)
    return [tf.nest.map_structure(lambda t: t.numpy(), each) for each in data], data.element_spec


def lookup(**options: Any) -> Any:
    """Return a lookup of three words and of no others."""
    return layers.StringLookup(vocabulary=["a", "b", "c"], mask_token=None, **options)


PRESERVING: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "Rescaling": (IMAGES, layers.Rescaling(1 / 255)),
    "Resizing": (IMAGES, layers.Resizing(4, 5)),
    "RandomFlip": (IMAGES, lambda x: layers.RandomFlip()(x, training=False)),
    "Sequential": (IMAGES, lamina.Sequential([layers.Rescaling(2.0), layers.Resizing(3, 3)])),
    "Discretization": (IMAGES[:, 0, 0], layers.Discretization(bin_boundaries=[0.3, 0.6])),
    "StringLookup": (WORDS, lookup()),
    "a closed StringLookup": (WORDS, lookup(num_oov_indices=0)),
    "one_hot of words": (WORDS, lookup(num_oov_indices=0, output_mode="one_hot")),
    "back to words": (LABELS, lookup(invert=True)),
    "a closed IntegerLookup": (
        LABELS,
        layers.IntegerLookup(vocabulary=[0, 1, 2], mask_token=None, num_oov_indices=0),
    ),
    "TextVectorization": (
        WORDS,
        layers.TextVectorization(vocabulary=["a", "b"], output_sequence_length=2),
    ),
    "texts of any length": (WORDS, layers.TextVectorization(vocabulary=["a", "b"], split=None)),
    "one_hot": (LABELS, lambda y: ops.one_hot(y, 3)),
    "resize": (IMAGES, lambda x: ops.image.resize(x, (3, 3))),
    "cast": (LABELS, lambda y: ops.cast(y, "float32")),
    "rows that are not known": (IMAGES, lambda x: ops.reshape(x, (ops.shape(x)[0], -1))),
    "normalize": (IMAGES, utils.normalize),
    "to_categorical": (LABELS, lambda y: utils.to_categorical(y, 3)),
}


@pytest.mark.parametrize("name", PRESERVING)
def test_an_element_becomes_what_an_array_does(name: str) -> None:
    """The numbers, their type and their shape are those that the batch alone gives."""
    array, function = PRESERVING[name]
    found, spec = mapped(array, function)
    assert spec.shape[0] is None
    for start, each in zip((0, 3, 6), found, strict=True):
        expected = np.asarray(function(array[start : start + 3]))
        if expected.dtype.kind in "OU":
            expected = np.char.encode(expected.astype(str)).astype(object)
        np.testing.assert_array_equal(each, expected)
        assert each.dtype == expected.dtype == spec.dtype.as_numpy_dtype
        assert tuple(spec.shape[1:]) == expected.shape[1:]


def test_texts_make_as_many_numbers_as_they_have_words() -> None:
    """Where a layer is given no length, that of its results is not known."""
    count = layers.TextVectorization(vocabulary=["a", "b"])
    texts = np.array(["a b", "b", "a b a b a"])
    found, spec = mapped(texts, count, batch=None)
    assert tuple(spec.shape) == (None,)
    assert [each.tolist() for each in found] == [[2, 3], [3], [2, 3, 2, 3, 2]]
    found, spec = mapped(texts, count)
    assert tuple(spec.shape) == (None, None)
    np.testing.assert_array_equal(found[0], count(texts))


def test_single_elements_have_no_axis_of_rows() -> None:
    """Without ``batch`` a function gets one image and one label at a time."""
    found, spec = mapped(
        (IMAGES, LABELS),
        lambda x, y: (layers.Rescaling(2.0)(x), ops.one_hot(y, 3)),
        batch=None,
    )
    assert [tuple(s.shape) for s in spec] == [(6, 6, 3), (3,)]
    np.testing.assert_array_equal(found[4][0], IMAGES[4] * 2)
    np.testing.assert_array_equal(found[4][1], np.eye(3)[1])


def test_random_numbers_are_drawn_for_each_element() -> None:
    """Not once, when TensorFlow makes its graph: noise and augmentation would be the same for all.

    The shape may be TensorFlow's, and may have a length that is not known yet.
    """
    ones = np.ones((40, 5, 5, 1), "float32")
    draws: list[Callable[[Any], Any]] = [
        lambda x: random.uniform((2,)),
        lambda x: random.normal(x[0].shape),
        lambda x: random.gamma((ops.shape(x)[0],), 2.0),
        lambda x: layers.GaussianNoise(1.0)(x, training=True),
        lambda x: random.shuffle(ops.arange(20) + ops.cast(x[0, 0, 0, 0], "int32")),
    ]
    for draw in draws:
        found, _ = mapped(ones, draw, batch=4)
        assert len({each.tobytes() for each in found}) == 10


def test_models_and_structures() -> None:
    """A model of dicts is called on a dict, and a layer of one's own on what it takes."""
    inputs = {"x": lamina.Input((2,), name="x"), "s": lamina.Input((), dtype="string", name="s")}
    word = layers.Embedding(4, 2)(lookup()(inputs["s"]))
    model = lamina.Model(inputs, {"sum": layers.Add()([inputs["x"], word]), "word": word})
    data = {"x": IMAGES[:, 0, 0, :2], "s": WORDS}
    found, spec = mapped(data, model)
    expected = model.predict(data, verbose=0)
    assert {key: s.shape.as_list() for key, s in spec.items()} == {
        "sum": [None, 2],
        "word": [None, 2],
    }
    for key, value in expected.items():
        np.testing.assert_allclose(np.concatenate([f[key] for f in found]), value, rtol=1e-6)

    class Twice(layers.Layer):
        def call(self, x: Any, training: bool | None = None) -> Any:
            return x * (2 if training else 1)

    found, _ = mapped(IMAGES, lambda x: Twice()(x, training=True))
    np.testing.assert_array_equal(found[0], IMAGES[:3] * 2)


def test_a_mapped_data_set_trains_a_model() -> None:
    """Lookups and augmentation in the data set, the model behind."""
    look, change = lookup(num_oov_indices=0), layers.RandomContrast(0.2, seed=1)
    data = tf.data.Dataset.from_tensor_slices((IMAGES, WORDS)).batch(3)
    data = data.map(lambda x, y: (change(x, training=True), look(y))).cache()
    model = lamina.Sequential([lamina.Input((6, 6, 3)), layers.Flatten(), layers.Dense(3)])
    model.compile("sgd", lamina.losses.SparseCategoricalCrossentropy(from_logits=True))
    history = model.fit(data, epochs=5, verbose=0).history["loss"]
    assert history[-1] < history[0]


def test_errors_name_the_layer() -> None:
    """What is refused of arrays is refused within a mapped function too."""
    with pytest.raises(ValueError, match="reshape: "):
        mapped(IMAGES, lambda x: ops.reshape(x, (5, 5)))
    with pytest.raises(
        tf.errors.InvalidArgumentError, match="all tokens must be in the vocabulary"
    ):
        mapped(np.array(["a", "z"]), lookup(num_oov_indices=0))


def test_types_of_tensorflow_are_known_by_their_names() -> None:
    """``dtype=tf.int64`` is as good as the name of it."""
    kinds = {tf.float32: "float32", tf.float64: "float64", tf.int64: "int32", tf.bool: "bool"}
    for kind, name in kinds.items():
        assert lamina.Input((2,), dtype=kind).dtype == name
        assert ops.cast([0, 1], kind).dtype == ops.cast([0, 1], name).dtype
        assert ops.zeros((2,), dtype=kind).dtype == name
    assert lamina.Input((1,), dtype=tf.string).dtype == "string"
    assert lamina.backend.standardize_dtype(tf.int64) == "int64"
    assert ops.dtype(tf.constant([1.0])) == "float32"
    with pytest.raises(ValueError, match="dtype must be"):
        ops.cast([0, 1], tf.string)
