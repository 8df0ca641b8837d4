"""Layers that move, compare or add integers return integers, as Keras's do."""

from __future__ import annotations

import numpy as np
import pytest

import golden
import lamina
from lamina import layers

keras = golden.Peer("keras")

# By name: the class, its arguments, the shapes of the inputs, and whether it only moves elements.
SEQUENCE, IMAGE, VOLUME = (4, 3), (4, 4, 3), (4, 4, 4, 3)
CASES = [
    ("Flatten", {}, [SEQUENCE], True),
    ("Flatten", {"data_format": "channels_first"}, [SEQUENCE], True),
    ("Reshape", {"target_shape": (3, 4)}, [SEQUENCE], True),
    ("Permute", {"dims": (2, 1)}, [SEQUENCE], True),
    ("RepeatVector", {"n": 2}, [(3,)], True),
    ("Cropping1D", {}, [SEQUENCE], True),
    ("Cropping2D", {}, [IMAGE], True),
    ("ZeroPadding1D", {}, [SEQUENCE], True),
    ("ZeroPadding2D", {}, [IMAGE], True),
    ("UpSampling2D", {}, [IMAGE], True),
    ("Concatenate", {}, [SEQUENCE, SEQUENCE], True),
    ("Identity", {}, [SEQUENCE], True),
    ("Activation", {"activation": "linear"}, [SEQUENCE], True),
    ("Dropout", {"rate": 0.5}, [SEQUENCE], True),
    ("SpatialDropout1D", {"rate": 0.5}, [SEQUENCE], True),
    ("GaussianNoise", {"stddev": 0.5}, [SEQUENCE], True),
    ("ActivityRegularization", {}, [SEQUENCE], True),
    ("Add", {}, [SEQUENCE, SEQUENCE], False),
    ("Add", {}, [SEQUENCE, (1, 3)], False),
    ("Subtract", {}, [SEQUENCE, SEQUENCE], False),
    ("Multiply", {}, [SEQUENCE, SEQUENCE], False),
    ("Maximum", {}, [SEQUENCE, SEQUENCE], False),
    ("Minimum", {}, [SEQUENCE, (1, 3)], False),
    ("Average", {}, [SEQUENCE, SEQUENCE], False),
    ("MaxPooling1D", {}, [SEQUENCE], False),
    ("MaxPooling2D", {"padding": "same", "pool_size": 3}, [IMAGE], False),
    ("MaxPooling3D", {}, [VOLUME], False),
    ("GlobalMaxPooling1D", {}, [SEQUENCE], False),
    ("GlobalMaxPooling2D", {}, [IMAGE], False),
    ("GlobalMaxPooling3D", {}, [VOLUME], False),
    ("AdaptiveAveragePooling1D", {"output_size": 3}, [SEQUENCE], False),
    ("Masking", {}, [SEQUENCE], False),
    ("ReLU", {}, [SEQUENCE], False),
    ("Activation", {"activation": "relu"}, [SEQUENCE], False),
    ("Activation", {"activation": "tanh"}, [SEQUENCE], False),
]
NOISE = ("Dropout", "SpatialDropout1D", "GaussianNoise")  # floats, in a model that can be trained
IDS = [f"{name}-{place}" for place, (name, *_) in enumerate(CASES)]


def integers(shapes, offset):
    rng = np.random.default_rng(3)
    return [rng.integers(-4, 5, (2, *shape), dtype=np.int32) + np.int32(offset) for shape in shapes]


def called(modules, name, arguments, x):
    """Return the values of a call on arrays and their type."""
    y = getattr(modules.layers, name)(**arguments)(x[0] if len(x) == 1 else x)
    return [np.asarray(y), str(np.asarray(y).dtype)]


@pytest.mark.parametrize(("name", "arguments", "shapes", "moves"), CASES, ids=IDS)
def test_arrays_keep_their_type(name, arguments, shapes, moves):
    x = integers(shapes, 2**24 if moves else 0)
    wanted, kind = golden.ask(lambda: called(keras, name, arguments, x), name, arguments, *x)
    got, own = called(lamina, name, arguments, x)
    assert own == kind
    np.testing.assert_allclose(got, wanted, rtol=0 if kind == "int32" else 1e-6)


@pytest.mark.parametrize(("name", "arguments", "shapes", "moves"), CASES, ids=IDS)
def test_models_keep_them_too(name, arguments, shapes, moves):
    x = integers(shapes, 0)

    def predicted(modules):
        inputs = [modules.Input(shape, dtype="int32") for shape in shapes]
        y = getattr(modules.layers, name)(**arguments)(inputs[0] if len(x) == 1 else inputs)
        y = modules.Model(inputs, y).predict(x[0] if len(x) == 1 else x, verbose=0)
        return [np.asarray(y), str(y.dtype)]

    wanted, kind = golden.ask(lambda: predicted(keras), name, arguments, *x)
    got, own = predicted(lamina)
    assert own == ("float32" if name in NOISE else kind)
    np.testing.assert_allclose(got, wanted, rtol=1e-6)


READERS = [
    ("Concatenate", {}, 2, (3,)),
    ("Permute", {"dims": (2, 1)}, 1, SEQUENCE),
    ("RepeatVector", {"n": 2}, 1, (3,)),
    ("Add", {}, 2, (3,)),
    ("Maximum", {}, 2, (3,)),
    ("MaxPooling1D", {}, 1, SEQUENCE),
]


@pytest.mark.parametrize(("name", "arguments", "count", "shape"), READERS)
def test_an_embedding_reads_them(name, arguments, count, shape, tmp_path):
    inputs = [lamina.Input(shape, dtype="int32") for _ in range(count)]
    ids = getattr(layers, name)(**arguments)(inputs if count > 1 else inputs[0])
    model = lamina.Model(inputs, layers.Embedding(9, 2)(ids))
    before = lamina.Model(inputs, ids)
    x = [np.abs(each) % 4 for each in integers([shape] * count, 0)]
    table = model.get_weights()[0]
    made = model.predict(x if count > 1 else x[0], verbose=0)
    tokens = before.predict(x if count > 1 else x[0], verbose=0)
    assert tokens.dtype == np.int32
    np.testing.assert_array_equal(made, table[tokens])
    path = tmp_path / "model.lamina"
    model.save(path)
    loaded = lamina.models.load_model(path)
    np.testing.assert_array_equal(loaded.predict(x if count > 1 else x[0], verbose=0), made)


@pytest.mark.parametrize(("name", "arguments", "count", "shape"), READERS)
def test_files_of_keras_hold_such_graphs(name, arguments, count, shape, tmp_path):
    pytest.importorskip("h5py")
    inputs = [lamina.Input(shape, dtype="int32") for _ in range(count)]
    ids = getattr(layers, name)(**arguments)(inputs if count > 1 else inputs[0])
    model = lamina.Model(inputs, layers.Embedding(9, 2)(ids))
    model.save(tmp_path / "model.keras")
    loaded = lamina.models.load_model(tmp_path / "model.keras")
    x = [np.abs(each) % 4 for each in integers([shape] * count, 0)]
    x = x if count > 1 else x[0]
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))


def test_a_model_within_another_passes_on_the_type_of_its_input():
    inputs = lamina.Input((2, 2), dtype="int32")
    ids = lamina.Sequential([layers.Flatten()])(inputs)
    assert ids.dtype == "int32"
    model = lamina.Model(inputs, layers.Embedding(9, 2)(ids))
    x = np.arange(8).reshape(2, 2, 2)
    np.testing.assert_array_equal(
        model.predict(x, verbose=0), model.get_weights()[0][x.reshape(2, 4)]
    )


def test_integers_beside_floats_become_floats():
    a, b = np.array([[1, 2]], np.int32), np.array([[0.5]], np.float32)
    assert layers.Concatenate()([a, b]).tolist() == [[1.0, 2.0, 0.5]]
    assert layers.Add()([a, b]).tolist() == [[1.5, 2.5]]


def test_an_addition_does_not_bound_what_it_adds():
    a, b = lamina.Input((1,), dtype="int32"), lamina.Input((1,), dtype="int32")
    model = lamina.Model([a, b], layers.Embedding(3, 2)(layers.Subtract()([a, b])))
    made = model.predict([np.array([[90]]), np.array([[88]])], verbose=0)
    np.testing.assert_array_equal(made[0, 0], model.get_weights()[0][2])


def test_losses_are_of_floats():
    inputs = lamina.Input((2,), dtype="int32")
    model = lamina.Model(inputs, layers.Add()([inputs, inputs]))
    model.compile(loss="mse", metrics=["mae"])
    loss, error = model.evaluate(np.array([[1, 2]]), np.array([[1.5, 4.0]]), verbose=0)
    assert (loss, error) == (0.125, 0.25)


def test_masked_integers_are_multiplied_and_compared():
    steps = np.array([[1, 2, 0]], np.int32)
    masks = [np.array([[True, True, False]]), np.array([[True, False, False]])]
    x = [steps[..., None] * 3, steps[..., None] * 5]
    product = layers.Multiply()(x, mask=masks)
    assert (product.dtype, product.ravel().tolist()) == (np.int32, [15, 6, 0])
    largest = layers.Maximum()(x, mask=masks)
    assert (largest.dtype, largest.ravel().tolist()) == (np.int32, [5, 6, 0])
