"""Layers that change images at random: against Keras with the same draws, and their draws."""

import inspect
import json

import numpy as np
import pytest

import golden
import lamina
from keras_peer import assert_near, keras
from lamina import layers
from same_draws import Given, drawn_by_keras, given_draws

CLAHE = "ContrastLimitedAdaptiveHistogramEqualization"
FIXED = ("RandomPosterization", "AutoContrast", "Equalization", CLAHE)  # draw nothing here
ALWAYS = ("RandomCrop", "AutoContrast", "Equalization", CLAHE)  # act outside training too
ONE_BY_ONE = ("Equalization", CLAHE)  # Keras counts over the whole batch
SHAPE = (4, 6, 5, 3)
MOVED = {"fill_mode": "constant", "fill_value": 3.0, "interpolation": "nearest"}
FIRST = {"data_format": "channels_first"}
# Layer, arguments.
CASES = [
    ("RandomFlip", {}),
    ("RandomFlip", {"mode": "horizontal", **FIRST}),
    ("RandomFlip", {"mode": "vertical"}),
    ("RandomRotation", {"factor": 0.2}),
    ("RandomRotation", {"factor": (-0.5, 0.1), **MOVED, **FIRST}),
    ("RandomZoom", {"height_factor": 0.3}),
    ("RandomZoom", {"height_factor": (-0.4, 0.1), "width_factor": 0.5, **MOVED, **FIRST}),
    ("RandomTranslation", {"height_factor": 0.3, "width_factor": (-0.1, 0.5)}),
    ("RandomTranslation", {"height_factor": (0.1, 0.5), "width_factor": 0.4, **MOVED, **FIRST}),
    ("RandomShear", {"x_factor": 0.4}),
    ("RandomShear", {"x_factor": (0.1, 0.3), "y_factor": 0.5, **MOVED, **FIRST}),
    ("RandomContrast", {"factor": (0.3, 0.8), "value_range": (0, 200)}),
    ("RandomContrast", {"factor": (0.0, 0.5), **FIRST}),
    ("RandomBrightness", {"factor": 0.4}),
    ("RandomBrightness", {"factor": (0.1, 0.6), "value_range": (20, 300), **FIRST}),
    ("RandomCrop", {"height": 4, "width": 2}),
    ("RandomCrop", {"height": 3, "width": 3, **FIRST}),
    ("RandomHue", {"factor": 0.6}),
    ("RandomHue", {"factor": (0.3, 1.0), "value_range": (0, 300), **FIRST}),
    ("RandomSaturation", {"factor": (0.2, 0.8), "value_range": (0, 1)}),
    ("RandomSaturation", {"factor": (0.4, 0.5), "value_range": (0, 1), **FIRST}),
    ("RandomGrayscale", {}),
    ("RandomGrayscale", {"factor": 0.7, **FIRST}),
    (
        "RandomColorJitter",
        {
            "value_range": (0, 1),
            "brightness_factor": 0.2,
            "hue_factor": 0.3,
            "contrast_factor": (0.1, 0.5),
            "saturation_factor": (0.3, 0.6),
        },
    ),
    ("RandomColorJitter", {"value_range": (0, 1), "brightness_factor": 0.2, **FIRST}),
    ("RandomInvert", {}),
    ("RandomInvert", {"factor": (0.4, 0.9), "value_range": (0, 300), **FIRST}),
    ("RandomPosterization", {"factor": (3, 3)}),
    ("RandomPosterization", {"factor": (2, 2), "value_range": (0, 256), **FIRST}),
    ("Solarization", {"threshold_factor": 0.9, "addition_factor": 0.3}),
    ("Solarization", {"threshold_factor": (0.0, 0.5), "value_range": (0, 256), **FIRST}),
    ("RandomGaussianBlur", {}),
    (
        "RandomGaussianBlur",
        {
            "factor": (0.4, 1.0),
            "kernel_size": (3, 5),
            "sigma": (0.5, 0.9),
            "value_range": (20, 200),
            **FIRST,
        },
    ),
    ("RandomSharpness", {"factor": 0.9}),
    ("RandomSharpness", {"factor": (0.1, 0.4), "value_range": (20, 200), **FIRST}),
    ("RandomErasing", {"fill_value": 7.0}),
    (
        "RandomErasing",
        {
            "factor": (0.6, 1.0),
            "scale": (0.3, 0.6),
            "value_range": (5, 150),
            "fill_value": 3.0,
            **FIRST,
        },
    ),
    ("RandomPerspective", {"scale": 0.4}),
    (
        "RandomPerspective",
        {
            "factor": (0.5, 1.0),
            "scale": 0.6,
            "fill_value": 9.0,
            "interpolation": "nearest",
            **FIRST,
        },
    ),
    ("RandomColorDegeneration", {"factor": (0.1, 0.8)}),
    ("RandomColorDegeneration", {"factor": (0.7, 0.9), "value_range": (90, 200), **FIRST}),
    ("AutoContrast", {}),
    ("AutoContrast", {"value_range": (0, 1)}),
    ("MixUp", {"alpha": 0.3}),
    ("MixUp", FIRST),
    ("CutMix", {}),
    ("CutMix", {"factor": (0.2, 0.9), **FIRST}),
    ("RandAugment", {"num_ops": 3, "factor": (0.1, 0.4)}),
    ("RandAugment", {"value_range": (0, 1), "interpolation": "nearest", **FIRST}),
    ("RandomElasticTransform", {"scale": (0.6, 0.9)}),
    ("RandomElasticTransform", {"factor": (0.4, 0.9), "value_range": (20, 200), **MOVED, **FIRST}),
    ("Equalization", {}),
    ("Equalization", {"value_range": (0, 300), "bins": 20, **FIRST}),
    (CLAHE, {}),
    (CLAHE, {"value_range": (0, 300), "clip_limit": 0.0, "tile_grid_size": (2, 3), **FIRST}),
]
NAMES = sorted({name for name, _ in CASES})


def images(options, n=4):
    """Return images, of values from 0 to 255, or as large as those of the range."""
    top = min(options.get("value_range", (0, 255))[1], 255)
    x = np.random.default_rng(7).uniform(0, top, (n, *SHAPE[1:])).astype(np.float32)
    return np.ascontiguousarray(np.moveaxis(x, -1, 1)) if options.get("data_format") == (
        "channels_first") else x  # fmt: skip


def of_keras(name, options, x):
    with drawn_by_keras():
        layer = getattr(keras.layers, name)(**options)
        if name in ONE_BY_ONE:
            return np.concatenate(
                [np.asarray(layer(x[i : i + 1], training=True)) for i in range(4)]
            )
        return np.asarray(layer(x, training=True))


@pytest.mark.parametrize("case", range(len(CASES)))
def test_same_as_keras_with_the_same_draws(case):
    name, options = CASES[case]
    x = images(options)
    wanted = golden.ask(lambda: of_keras(name, options, x), options, x)
    got = Given(getattr(layers, name)(**options))(x, given_draws(len(x)))
    assert_near(got, wanted, name)
    assert (got != x).any() if got.shape == x.shape else got.size < x.size


# --- properties of every layer


def plain(name):
    return next(options for each, options in CASES if each == name)


def made(name, **more):
    return getattr(layers, name)(**plain(name), **more)


@pytest.mark.parametrize("name", NAMES)
def test_draws(name):
    lamina.set_random_seed(1)
    x = images(plain(name))
    layer = made(name)
    if name not in ALWAYS:
        model = lamina.Sequential([lamina.Input(SHAPE[1:]), layer])
        np.testing.assert_array_equal(layer(x, training=False), x)
        np.testing.assert_array_equal(model.predict(x, verbose=0), x)
        np.testing.assert_array_equal(layer(x.astype(np.int64), training=False), np.floor(x))
    if name not in ("RandomCrop", "MixUp", "CutMix", *FIXED):
        several = layer(np.repeat(x[:1], 32, 0), training=True)
        assert (several != several[:1]).any(), "images of a batch share their draw"
    results = [layer(x, training=True) for _ in range(8)]
    if name not in FIXED:
        assert any((results[0] != each).any() for each in results), "calls share their draws"
    assert layer(x[0], training=True).shape == results[0].shape[1:]
    for each in (one := [], again := []):
        lamina.set_random_seed(1)
        each += [layer(x, training=True) for _ in range(2)]
    np.testing.assert_array_equal(one, again)
    layer = made(name) if name in ALWAYS[1:] else made(name, seed=5)
    restored = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
    assert restored.get_config() == layer.get_config()
    assert layer.compute_output_shape(x.shape) == results[0].shape


@pytest.mark.parametrize("name", NAMES)
def test_layers_act_where_nobody_says_training(name):
    x = images(plain(name))
    pipeline = layers.Pipeline([made(name)])
    only = lamina.Sequential([lamina.Input(SHAPE[1:]), made(name)])
    for called in (made(name), pipeline, only, lamina.Sequential([only])):
        results = []
        for said in ({}, {"training": True}):
            lamina.set_random_seed(2)
            results.append(called(x, **said))
        np.testing.assert_array_equal(*results)
    learning = lamina.Sequential([only, layers.Dense(1)])  # with the first data it is built
    np.testing.assert_array_equal(learning(x), learning.predict(x, verbose=0))
    learning.trainable = False
    np.testing.assert_array_equal(learning(x), learning.predict(x, verbose=0))
    if name not in ALWAYS:
        np.testing.assert_array_equal(learning.layers[0].predict(x, verbose=0), x)


class Changes(lamina.Model):
    def __init__(self, layer, *others):
        super().__init__()
        self.layer, self.others = layer, others

    def call(self, x):
        y = self.layer(x)
        for other in self.others:
            y = other(y)
        return y


class Asks(Changes):
    def call(self, x, training=None):
        return self.layer(x, training=training)


@pytest.mark.parametrize("name", NAMES)
def test_models_with_call_act_where_nobody_says_training(name):
    x = images(plain(name))
    called = Changes(made(name))
    for _ in range(2):
        results = []
        for said in ({}, {"training": None}):
            lamina.set_random_seed(2)
            results.append(called(x, **said))
        np.testing.assert_array_equal(*results)
        if name not in ALWAYS:
            np.testing.assert_array_equal(called(x, training=False), x)
            np.testing.assert_array_equal(called.predict(x, verbose=0), x)
            np.testing.assert_array_equal(Asks(made(name))(x), x)
            several = called(np.repeat(x[:1], 32, 0))
            assert name in ("MixUp", "CutMix") or (several != x[:1]).any()
    learning = Changes(made(name), layers.Dense(1))
    for trainable in (True, False):
        learning.trainable = trainable
        np.testing.assert_array_equal(learning(x), learning.predict(x, verbose=0))


@pytest.mark.parametrize("name", NAMES)
def test_fits_repeat_on_any_number_of_threads(name):
    x = images({}, 24) / 255
    weights = []
    for threads in (1, 2):
        before = lamina.get_num_threads()
        lamina.set_num_threads(threads)
        try:
            cls = getattr(layers, name)
            ranged = "value_range" in inspect.signature(cls).parameters
            layer = cls(**{**plain(name), **({"value_range": (0, 1)} if ranged else {})})
            parts = [lamina.Input(SHAPE[1:]), layer, layers.Flatten(), layers.Dense(1)]
            model = lamina.Sequential(parts, seed=3)
            model.compile("sgd", "mse")
            model.fit(x, np.arange(24.0), epochs=2, batch_size=8, verbose=0)
        finally:
            lamina.set_num_threads(before)
        weights.append(model.get_weights()[0])
    np.testing.assert_array_equal(*weights)


# --- ranges


def test_ranges():
    lamina.set_random_seed(1)
    flat = np.full((400, 2, 2, 1), 100.0, np.float32)
    moved = layers.RandomBrightness((-0.1, 0.2), (0, 200))(flat, training=True)[:, 0, 0, 0] - 100
    assert -20 <= moved.min() < -18
    assert 38 < moved.max() <= 40
    steps = np.array([90.0, 110.0], np.float32).reshape(1, 1, 2, 1).repeat(400, 0)
    wide = layers.RandomContrast(0.5)(steps, training=True)
    factor = (wide[:, 0, 1, 0] - wide[:, 0, 0, 0]) / 20
    assert 0.5 <= factor.min() < 0.55  # one number stands for both directions
    assert 1.45 < factor.max() <= 1.5
    flips = layers.RandomFlip("horizontal")(steps, training=True)[:, 0, 0, 0] == 110
    assert 150 < flips.sum() < 250


def test_crops_reach_every_place():
    lamina.set_random_seed(1)
    x = np.arange(20.0, dtype=np.float32).reshape(1, 4, 5, 1)
    layer = layers.RandomCrop(3, 3)
    crops = [layer(x, training=True)[0, ..., 0] for _ in range(120)]
    assert {float(crop[0, 0]) for crop in crops} == {0.0, 1.0, 2.0, 5.0, 6.0, 7.0}
    corner = np.array([[0, 1, 2], [5, 6, 7], [10, 11, 12]])
    assert all((crop - crop[0, 0] == corner).all() for crop in crops)
    whole = layers.RandomCrop(4, 5)(x, training=True)
    np.testing.assert_array_equal(whole, x)
    for size, training in (((3, 3), False), ((8, 3), True)):
        got = layers.RandomCrop(*size)(x, training=training)
        np.testing.assert_array_equal(got, lamina.ops.image.resize(
            x, size, crop_to_aspect_ratio=True))  # fmt: skip


def test_ranges_of_colours():
    lamina.set_random_seed(1)
    gray = np.full((400, 2, 2, 3), 0.25, np.float32)
    kept = layers.RandomPosterization((2, 5), (0, 1))(gray, training=True)[:, 0, 0, 0]
    expected = [np.floor(255 * 0.25 / step) * step / 255 for step in (64.0, 32.0, 16.0)]
    np.testing.assert_allclose(np.unique(kept), np.unique(np.float32(expected)), rtol=1e-5)
    bits = layers.RandomPosterization(3)(np.array([[[[100.0]]]]), training=True)
    assert bits.item() == 96.0
    red = np.float32([1.0, 0.5, 0.5]).reshape(1, 1, 1, 3).repeat(400, 0)
    full = layers.RandomSaturation((0.99, 1.0), (0, 1))(red, training=True)
    np.testing.assert_allclose(full, [[[[1.0, 0.0, 0.0]]]] * 400, atol=1e-6)
    duller = layers.RandomSaturation(0.5, (0, 1))(red, training=True)[:, 0, 0, 1]
    assert 0.5 <= duller.min() < 0.51  # one number: from gray to the original
    assert 0.95 < duller.max() <= 1.0
    noisy = layers.RandomErasing((1.0, 1.0), (0.5, 0.5))(
        np.full((50, 8, 8, 1), 100.0), training=True
    )
    assert 0.4 < (noisy != 100.0).mean() < 0.6
    assert noisy.min() == 0.0
    assert noisy.max() == 255.0
    colours = layers.RandomErasing((1, 1), (1, 1), (1, 2, 3))(gray, training=True)
    np.testing.assert_array_equal(colours[5, 1, 1], [1.0, 2.0, 3.0])
    added = layers.Solarization((0.1, 0.2), (1.0, 1.0), (0, 1))(gray, training=True)
    assert added.min() >= 0.35
    assert added.max() <= 0.45


def test_contrast_is_stretched_in_inference_too():
    x = images({})
    layer = layers.AutoContrast((0, 1))
    wanted = (x - x.min((1, 2), keepdims=True)) / np.ptp(x, (1, 2), keepdims=True)
    np.testing.assert_allclose(layer(x), wanted, atol=1e-6)
    np.testing.assert_array_equal(
        layer(np.full((1, 2, 2, 1), 0.3)), np.full((1, 2, 2, 1), 0.3, "f")
    )


# --- refusals


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: layers.RandomFlip("diagonal"), "mode must be one of 'horizontal', "),
        (lambda: layers.RandomRotation(1.5), r"RandomRotation: factor must be in \[-1, 1\]"),
        (lambda: layers.RandomRotation((1, 2, 3)), "factor must be a number or two"),
        (lambda: layers.RandomRotation("x"), "factor must be a number; got 'x'"),
        (lambda: layers.RandomRotation(0.1, "mirror"), "fill_mode must be one of 'reflect'"),
        (lambda: layers.RandomZoom(-1.0), r"height_factor must be in \(-1, 1\]"),
        (lambda: layers.RandomTranslation(0.1, 2.0), r"width_factor must be in \[-1, 1\]"),
        (lambda: layers.RandomContrast(-0.1), r"factor must be in \[0, 1\]; got -0.1"),
        (lambda: layers.RandomBrightness(0.1, 3), "value_range must be two numbers; got 3"),
        (lambda: layers.RandomBrightness(0.1, (1, 1)), "must be two different numbers"),
        (lambda: layers.RandomPosterization(9), r"RandomPosterization: factor must be in \[1, 8\]"),
        (lambda: layers.RandomPosterization((1, 2, 3)), "factor must be an integer or two"),
        (lambda: layers.RandomGaussianBlur(kernel_size=4), "kernel_size must be an odd number"),
        (lambda: layers.RandomColorJitter(hue_factor=2), r"hue_factor must be in \[0, 1\]"),
        (lambda: layers.RandomErasing(fill_value="x"), "fill_value must be a number"),
        (lambda: layers.RandomCrop(0, 2), "RandomCrop: height must be"),
        (lambda: layers.RandomFlip(seed=-1), "RandomFlip: seed must be"),
        (lambda: layers.RandomFlip(data_format="last"), "data_format must be"),
        (
            lambda: layers.RandomHue(0.1, name="h")(np.ones((1, 4, 4, 2)), training=True),
            "h: images must have 3 channels; got 2",
        ),
        (
            lambda: layers.RandomGrayscale(1.0, name="g")(np.ones((1, 4, 4, 2)), training=True),
            "g: images must have 1 or 3 channels; got 2",
        ),
        (
            lambda: layers.RandomFlip(name="f")(np.ones((2, 3))),
            "f: input has shape .* needs images",
        ),
    ],
)
def test_refused(make, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make()


@pytest.mark.parametrize("name", NAMES)
def test_each_time_step_has_its_own_draws(name):
    x = np.repeat(images(plain(name))[:2, None], 5, axis=1)
    layer = layers.TimeDistributed(made(name))
    if name not in ALWAYS:
        np.testing.assert_array_equal(layer(x), x)
    lamina.set_random_seed(1)
    y = layer(x, training=True)
    inner = made(name)(x[:, 0], training=True)
    assert y.shape == (2, 5, *inner.shape[1:])
    if name not in (*FIXED, "MixUp", "CutMix"):
        assert any((y[:, t] != y[:, 0]).any() for t in range(1, 5)), "steps share their draw"
    lamina.set_random_seed(1)
    np.testing.assert_array_equal(layers.TimeDistributed(made(name))(x, training=True), y)


def test_images_of_a_sequence_are_changed_in_fits():
    rng = np.random.default_rng(3)
    x, y = rng.random((6, 3, 6, 6, 3)).astype("float32"), rng.random((6, 3, 2)).astype("float32")
    histories = []
    for _ in range(2):
        inner = [layers.RandomFlip(seed=4), layers.RandomZoom(0.2), layers.Flatten()]
        steps = layers.TimeDistributed(lamina.Sequential([*inner, layers.Dense(2)]))
        model = lamina.Sequential([lamina.Input(x.shape[1:]), steps], seed=2)
        model.compile("sgd", "mse")
        outside = model.evaluate(x, y, verbose=0)
        histories.append(model.fit(x, y, epochs=2, batch_size=3, verbose=0).history["loss"])
    assert histories[0] == histories[1]
    assert histories[0][0] != outside
    pairs = layers.TimeDistributed(layers.TimeDistributed(layers.RandomFlip("horizontal")))
    many = np.repeat(x[:1, None, :1], 4, axis=1).repeat(4, axis=2)
    flipped = (pairs(many, training=True) != many).any(axis=(0, 3, 4, 5))
    assert 0 < flipped.sum() < 16
    assert len({tuple(row) for row in flipped}) > 1
