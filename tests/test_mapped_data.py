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
PIXELS = IMAGES[:, 0, 0]
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
    "full": (LABELS, lambda y: ops.full((ops.shape(y)[0], 2), 1.5)),
    "zeros": (IMAGES, lambda x: ops.zeros(ops.shape(x))),
    "arange": (LABELS, lambda y: ops.arange(ops.shape(y)[0])),
    "convert_to_tensor": (LABELS, lambda y: ops.convert_to_tensor(y, "float32")),
    "scan": (PIXELS, lambda x: ops.scan(lambda s, e: (s + e, s * e), ops.zeros((3,)), x)[1]),
    "associative_scan": (PIXELS, lambda x: ops.associative_scan(ops.add, x, reverse=True)),
    "map": (PIXELS, lambda x: ops.map(lambda e: e * ops.sum(e), x)),
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


SINGLE: dict[str, Callable[[Any], Any]] = {
    "full": lambda x: ops.full((2,), x[1]),
    "full of several": lambda x: ops.full((2, 3), x),
    "a shape of TensorFlow's": lambda x: ops.full(getattr(x, "shape", None), x[0]),
    "convert_to_tensor": lambda x: ops.convert_to_tensor([x[0], [x[1], x[2]][0]]),
    "array": lambda x: ops.array([[x[0], x[1]], [1.0, 2.0]]),
    "unchanged": lambda x: ops.convert_to_tensor(x) if ops.is_tensor(x) else None,
    "scan": lambda x: ops.scan(lambda s, e: (s + e, s * e), x[0], x)[1],
    "scan of a length": lambda x: ops.scan(lambda s, _: (s * x, s), x, length=4)[1],
    "associative_scan": lambda x: ops.associative_scan(ops.add, x),
}


@pytest.mark.parametrize("name", SINGLE)
def test_tensors_are_made_of_symbolic_ones(name: str) -> None:
    """Values and shapes that TensorFlow does not know yet may be arguments."""
    function = SINGLE[name]
    found, spec = mapped(PIXELS, function, batch=None)
    wanted = [np.asarray(function(x)) for x in PIXELS]
    assert tuple(spec.shape) == wanted[0].shape
    assert spec.dtype.as_numpy_dtype == found[0].dtype == wanted[0].dtype
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


UNBATCHED: dict[str, tuple[Any, Callable[[], Any]]] = {
    "StringLookup": (["a", "z"], lambda: layers.StringLookup(vocabulary=["a", "b"])),
    "buckets": (["a", "z"], lambda: layers.StringLookup(vocabulary=["a"], num_oov_indices=3)),
    "IntegerLookup": ([5, 7], lambda: layers.IntegerLookup(vocabulary=[5, 6])),
    "one_hot": (
        ["a", "z"],
        lambda: layers.StringLookup(vocabulary=["a", "b"], output_mode="one_hot"),
    ),
    "one_hot of integers": (
        [5, 7],
        lambda: layers.IntegerLookup(vocabulary=[5, 6], output_mode="one_hot"),
    ),
    "CategoryEncoding": ([3, 1], lambda: layers.CategoryEncoding(5, output_mode="one_hot")),
    "to_categorical": ([1, 0], lambda: lambda y: utils.to_categorical(y, 2)),
}


@pytest.mark.parametrize("name", UNBATCHED)
def test_one_token_is_looked_up_as_in_a_batch(name: str) -> None:
    """The elements are numbers and texts without any axis, as labels without ``batch`` are."""
    array, make = UNBATCHED[name]
    function = make()
    found, spec = mapped(array, function, batch=None)
    wanted = np.asarray(function(np.array(array)))
    assert tuple(spec.shape) == wanted.shape[1:]
    np.testing.assert_array_equal(np.stack(found), wanted)
    for each, row in zip(array, wanted, strict=True):
        np.testing.assert_array_equal(function(np.array(each)), row)


INVERTIBLE = np.stack([np.eye(3) * 2 + 0.1, np.eye(3) + 0.2]).astype("float32")
DEMANDING: dict[str, tuple[Any, Callable[[Any], Any], tuple[Any, ...]]] = {
    "Embedding": (LABELS % 2, layers.Embedding(2, 4), (None, 4)),
    "Embedding of floats": ((LABELS % 2) * 1.0, layers.Embedding(2, 4), (None, 4)),
    "to_categorical": (LABELS % 2, lambda y: utils.to_categorical(y, 2), (None, 2)),
    "inv": (INVERTIBLE, ops.linalg.inv, (None, 3, 3)),
    "cholesky": (INVERTIBLE, ops.linalg.cholesky, (None, 3, 3)),
    "solve": (INVERTIBLE, lambda a: ops.linalg.solve(a, a[..., :1]), (None, 3, 1)),
}


@pytest.mark.parametrize("name", DEMANDING)
def test_functions_that_do_not_take_all_numbers(name: str) -> None:
    """Categories must lie in a range, and matrices have an inverse: stand-ins do."""
    array, function, shape = DEMANDING[name]
    found, spec = mapped(array, function)
    assert tuple(spec.shape) == shape
    np.testing.assert_array_equal(found[0], function(array[:3]))


def open_images(size: int) -> Any:
    """Return a data set of one batch of images, none of whose lengths TensorFlow knows."""
    images = np.random.default_rng(1).random((2, size, size, 3)).astype("float32")
    spec = tf.TensorSpec((None, None, None, 3), tf.float32)
    return tf.data.Dataset.from_generator(lambda: iter([images]), output_signature=spec)


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv2D(2, 5),
        layers.MaxPooling2D(2),
        layers.AveragePooling2D(20, padding="same"),
        layers.UpSampling2D(2),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_images_of_any_size(layer: Any) -> None:
    """Lengths that follow from unknown ones are unknown, and kernels fit into what is tried."""
    data = open_images(21).map(layer)
    assert data.element_spec.shape[:3].as_list() == [None, None, None]
    (found,) = data
    assert found.shape == layer(np.zeros((2, 21, 21, 3), "float32")).shape


def test_a_branched_network_of_images_of_any_size() -> None:
    """Where the image is halved twice and doubled again, sizes must be multiples of four."""
    x = lamina.Input((None, None, 3))
    y = layers.MaxPooling2D()(layers.MaxPooling2D()(x))
    y = layers.Concatenate()([x, layers.UpSampling2D()(layers.UpSampling2D()(y))])
    (found,) = open_images(8).map(lamina.Model(x, y))
    assert found.shape == (2, 8, 8, 6)


@pytest.mark.parametrize(
    ("function", "shape"),
    [(utils.to_categorical, (None, None)), (ops.bincount, (None,)), (ops.where, (None,))],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_lengths_that_depend_on_values_are_unknown(function: Any, shape: Any) -> None:
    """The batches of one data set have results of different lengths."""
    labels = np.array([0, 1, 5, 2, 1, 2])
    found, spec = mapped(labels, function, batch=3)
    for each in spec if isinstance(spec, tuple) else [spec]:
        assert tuple(each.shape) == shape
    for start, each in zip((0, 3), found, strict=True):
        np.testing.assert_array_equal(each, function(labels[start : start + 3]))


@pytest.mark.parametrize("kind", ["string", "int32"])
def test_closed_lookups_within_models(kind: str) -> None:
    """What is tried need not be in the vocabularies of the layers of a model."""
    values: Any = [7, 9, 9] if kind == "int32" else ["a", "b", "b"]
    cls = layers.IntegerLookup if kind == "int32" else layers.StringLookup
    tokens = sorted(set(values))

    def closed() -> Any:
        return cls(vocabulary=tokens, num_oov_indices=0, mask_token=None)

    found, _ = mapped(values, lamina.Sequential([closed()]))
    assert found[0].ravel().tolist() == [0, 1, 1]
    x = lamina.Input((), dtype=kind)
    found, _ = mapped(values, lamina.Model(x, layers.Embedding(2, 3)(closed()(x))))
    np.testing.assert_array_equal(found[0][1], found[0][2])
    with pytest.raises(tf.errors.InvalidArgumentError, match="must be in the vocabulary"):
        mapped([8] if kind == "int32" else ["z"], closed())


def test_mapping_changes_no_statistics() -> None:
    """They are those of the batches of the data set alone, for new layers and for used ones."""
    first, second = layers.BatchNormalization(), layers.BatchNormalization()
    for _ in range(2):
        data = tf.data.Dataset.from_tensor_slices(IMAGES).batch(4)
        data = data.map(lambda x: first(x, training=True))
        if not second.built:
            second.build(IMAGES.shape)
        for one, two in zip(first.get_weights(), second.get_weights(), strict=True):
            np.testing.assert_array_equal(one, two)
        list(data)
        second(IMAGES[:4], training=True)
        second(IMAGES[4:], training=True)
    for one, two in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    model = lamina.Sequential([layers.Flatten(), layers.BatchNormalization()])
    mapped(IMAGES, lambda x: model(x, training=True), batch=7)
    other = layers.BatchNormalization()
    other(IMAGES.reshape(7, -1), training=True)
    np.testing.assert_allclose(model.get_weights()[2], other.get_weights()[2], rtol=1e-6)


def test_mapping_draws_no_random_numbers() -> None:
    """Neither of generators nor of the sequence that ``set_random_seed`` starts."""

    def draws(map_first: bool) -> list[Any]:
        utils.set_random_seed(3)
        generator, noise = random.SeedGenerator(1), layers.GaussianNoise(1.0, seed=2)
        noise.build(IMAGES.shape)
        flip = layers.RandomFlip(seed=4)
        flip(IMAGES, training=True)
        if map_first:
            data = tf.data.Dataset.from_tensor_slices(IMAGES).batch(3)
            data.map(lambda x: x[0, 0] + random.uniform((6, 3), seed=generator))
            data.map(lambda x: random.normal((2,)))
            data.map(lambda x: flip(noise(x, training=True), training=True))
        made = [random.uniform((3,), seed=generator), random.normal((2,))]
        return [*made, noise(IMAGES, training=True), flip(IMAGES, training=True)]

    for one, two in zip(draws(map_first=False), draws(map_first=True), strict=True):
        np.testing.assert_array_equal(one, two)


class Counting(layers.Layer):
    """Counts its calls, in Python and as a weight."""

    def __init__(self) -> None:
        super().__init__()
        self.count, self.seen, self.width, self.inner = 0, [], None, None
        self.total = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def build(self, input_shape: Any) -> None:
        """Note the width and make a layer, which stay."""
        self.width, self.inner = input_shape[-1], layers.Identity()

    def call(self, x: Any) -> Any:
        """Return x, counted."""
        self.count += 1
        self.seen.append(len(self.seen))
        self.total.assign(self.total + 1.0)
        return self.inner(x)


def test_mapping_is_not_counted_as_a_call() -> None:
    """A layer's own attributes are as before, but for those that building has set."""
    layer = Counting()
    for before in (0.0, 3.0):
        count, seen = layer.count, list(layer.seen)
        data = tf.data.Dataset.from_tensor_slices(IMAGES).batch(3).map(layer)
        assert (layer.count, layer.seen, layer.width) == (count, seen, 3)
        assert isinstance(layer.inner, layers.Identity)
        assert float(layer.total.numpy()) == before
        list(data)
        assert float(layer.total.numpy()) == before + 3.0


def test_mapping_keeps_the_states_of_recurrent_layers() -> None:
    """A stateful layer goes on from where it was, with as many rows as it had."""
    x = IMAGES[:6, :, :, 0]
    one, two = (layers.LSTM(3, stateful=True, seed=1) for _ in range(2))
    for layer in (one, two):
        layer(x[:2])
    two.set_weights(one.get_weights())
    two.reset_state()
    two(x[:2])
    one.reset_state()
    one(x[:2])
    found, _ = mapped(x[2:], one, batch=2)
    np.testing.assert_array_equal(found[0], two(x[2:4]))
    np.testing.assert_array_equal(found[1], two(x[4:6]))


def test_tensors_of_unknown_rank_are_refused() -> None:
    """The error says what to do."""

    def unranked(x: Any) -> Any:
        return tf.py_function(lambda v: v, [x], tf.float32)

    for function in (
        lambda x: layers.Rescaling(2.0)(unranked(x)),
        lambda x: ops.shape(unranked(x)),
    ):
        with pytest.raises(ValueError, match=r"known number of axes .*set_shape"):
            mapped(IMAGES, function)


def test_random_numbers_are_drawn_for_each_element() -> None:
    """Not once, when TensorFlow makes its graph: noise and augmentation would be the same for all.

    The shape may be TensorFlow's, and may have a length that is not known yet.
    """
    ones = np.ones((40, 5, 5, 1), "float32")
    draws: list[Callable[[Any], Any]] = [
        lambda x: random.uniform((2,)),
        lambda x: random.normal(x[0].shape),
        lambda x: random.gamma((ops.shape(x)[0],), 2.0),
        lambda x: random.normal((ops.shape(x)[0] // 2, 3)),
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
