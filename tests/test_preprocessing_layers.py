"""Layers that prepare numbers and images, against Keras."""

import json

import numpy as np
import pytest

import golden
import lamina
from keras_peer import assert_near, keras
from lamina import layers

IMAGE, SIGNAL = (7, 5, 2), (24, 2)
# Layer, the shape of a row, arguments.
CASES = [
    ("Resizing", {"height": 4, "width": 9}, IMAGE),
    ("Resizing", {"height": 4, "width": 3, "interpolation": "bicubic", "antialias": True}, IMAGE),
    ("Resizing", {"height": 3, "width": 3, "crop_to_aspect_ratio": True}, IMAGE),
    ("Resizing", {"height": 4, "width": 8, "pad_to_aspect_ratio": True, "fill_value": 2.0,
                  "fill_mode": "constant"}, IMAGE),
    ("Resizing", {"height": 3, "width": 1, "interpolation": "nearest",
                  "data_format": "channels_first"}, IMAGE),
    ("CenterCrop", {"height": 4, "width": 2}, IMAGE),
    ("CenterCrop", {"height": 9, "width": 4}, IMAGE),
    ("CenterCrop", {"height": 3, "width": 2, "data_format": "channels_first"}, IMAGE),
    ("Discretization", {"bin_boundaries": [-0.5, 0.0, 0.25]}, (4,)),
    ("Discretization", {"bin_boundaries": [-0.5, 0.0, 0.25], "output_mode": "one_hot"}, (1,)),
    ("Discretization", {"bin_boundaries": [-0.5, 0.0, 0.25], "output_mode": "multi_hot"}, (4,)),
    ("Discretization", {"bin_boundaries": [-0.5, 0.0, 0.25], "output_mode": "count",
                        "sparse": False}, (4,)),
    ("STFTSpectrogram", {"frame_length": 6, "mode": "log"}, SIGNAL),
    ("STFTSpectrogram", {"frame_length": 6, "mode": "psd", "frame_step": 2, "fft_length": 16,
                         "window": "hamming", "padding": "same"}, SIGNAL),
    ("STFTSpectrogram", {"frame_length": 5, "mode": "magnitude", "scaling": None,
                         "window": [1.0, 2.0, 3.0, 2.0, 1.0], "expand_dims": True}, SIGNAL),
    ("STFTSpectrogram", {"frame_length": 6, "mode": "stft", "scaling": "spectrum",
                         "periodic": True}, SIGNAL),
    ("STFTSpectrogram", {"frame_length": 6, "mode": "real", "window": None, "expand_dims": True,
                         "data_format": "channels_first"}, (2, 24)),
    ("STFTSpectrogram", {"frame_length": 6, "mode": "imag", "window": "blackman",
                         "data_format": "channels_first"}, (2, 24)),
    ("STFTSpectrogram", {"frame_length": 8, "mode": "angle", "trainable": False}, SIGNAL),
    ("MelSpectrogram", {"fft_length": 32, "sequence_stride": 8, "num_mel_bins": 5}, (64,)),
    ("MelSpectrogram", {"fft_length": 30, "sequence_stride": 7, "sequence_length": 20,
                        "window": "hamming", "sampling_rate": 8000, "num_mel_bins": 6,
                        "min_freq": 100.0, "max_freq": 3000.0, "power_to_db": False,
                        "mag_exp": 1.0}, (64,)),
    ("MelSpectrogram", {"fft_length": 32, "sequence_stride": 8, "num_mel_bins": 5, "top_db": 10.0,
                        "min_power": 1e-3, "ref_power": 4.0}, (64,)),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(CASES)))
def test_same_as_keras(case):
    name, options, shape = CASES[case]
    x = np.random.default_rng(case).normal(size=(3, *shape)).astype(np.float32)
    wanted = golden.ask(lambda: made(name, options)(x), options, x)
    layer = getattr(layers, name)(**options)
    restored = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
    model = lamina.Sequential([lamina.Input(shape), restored])
    assert layer.compute_output_shape(x.shape) == wanted.shape
    # The angle of a real number below 0 is pi, or -pi.
    seen = np.cos if options.get("mode") == "angle" else np.asarray
    for got in (layer(x), model.predict(x)):
        assert_near(seen(got), seen(wanted), name, 1e-4 if name == "MelSpectrogram" else 1e-5)


def made(name, options):
    return getattr(keras.layers, name)(**options)


@pytest.mark.parametrize("name", ["Resizing", "CenterCrop"])
def test_images_of_integers(name):
    images = np.random.default_rng(0).integers(0, 255, (2, 6, 6, 3), np.uint8)
    wanted = golden.ask(lambda: made(name, {"height": 4, "width": 3})(images), images)
    got = getattr(layers, name)(4, 3)(images)
    assert got.dtype.kind == np.asarray(wanted).dtype.kind.replace("u", "i")
    np.testing.assert_allclose(got, wanted)


def test_spectrograms_learn():
    layer = layers.STFTSpectrogram(frame_length=8, mode="magnitude")
    model = lamina.Sequential([lamina.Input((24, 1)), layer, layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    before = [w.copy() for w in layer.get_weights()]
    model.fit(np.random.default_rng(0).normal(size=(4, 24, 1)), np.ones(4), verbose=0)
    assert [w.shape for w in before] == [(8, 1, 5)] * 2
    assert all((a != b).any() for a, b in zip(before, layer.get_weights(), strict=True))


# --- Discretization

VALUES = np.random.default_rng(5).normal(size=(40, 3)).astype(np.float32)


def boundaries(batches, options):
    from keras.src.layers.preprocessing import discretization as theirs

    epsilon, summary = options.get("epsilon", 0.01), np.zeros((2, 0), np.float32)
    for batch in batches:
        summary = theirs.merge_summaries(theirs.summarize(batch, epsilon), summary, epsilon)
    return theirs.get_bin_boundaries(summary, options["num_bins"])


@pytest.mark.parametrize("options", [
    {"num_bins": 5}, {"num_bins": 3, "epsilon": 0.1}, {"num_bins": 200},
])  # fmt: skip
@pytest.mark.parametrize("parts", [1, 4])
def test_boundaries_are_keras_quantiles(options, parts):
    batches = np.split(VALUES, parts)
    wanted = golden.ask(lambda: boundaries(batches, options), options, *batches)
    layer = layers.Discretization(**options)
    layer.adapt(VALUES if parts == 1 else iter(batches))
    np.testing.assert_allclose(layer.bin_boundaries, wanted, rtol=1e-6)
    restored = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
    assert (restored(VALUES) == layer(VALUES)).all()


def test_boundaries_found_later_reach_a_model():
    layer = layers.Discretization(num_bins=3)
    layer.adapt(np.arange(9.0))
    model = lamina.Sequential([lamina.Input((1,)), layer])
    before = model.predict(np.array([4.0]))
    layer.adapt(np.arange(100.0, 109.0))
    assert model.predict(np.array([4.0])) == 0 != before


# --- Normalization

DATA = np.random.default_rng(7).normal(2.0, 3.0, (12, 4, 3)).astype(np.float32)


def adapted(module, options, data):
    layer = module.layers.Normalization(**options)
    layer.adapt(data)
    return layer(DATA), layer.get_weights()


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("axis", [-1, 1, (1, 2), None])
@pytest.mark.parametrize("invert", [False, True])
def test_adapted_as_in_keras(axis, invert, parts):
    options, batches = {"axis": axis, "invert": invert}, np.split(DATA, parts)
    y, weights = golden.ask(lambda: adapted(keras, options, DATA), options, DATA)
    got, held = adapted(lamina, options, DATA if parts == 1 else iter(batches))
    assert_near(got, y, "standardised")
    assert [w.shape for w in held] == [np.shape(w) for w in weights]  # count is the third
    for mine, theirs in zip(held, weights, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=2e-5)
    layer = lamina.layers.Normalization(**options)
    layer(DATA)
    layer.set_weights(weights)
    assert_near(layer(DATA), y, "weights of Keras")
    restored = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
    np.testing.assert_array_equal(restored(DATA), layer(DATA))


@pytest.mark.parametrize("options", [
    {"mean": 2.0, "variance": 4.0}, {"mean": [1.0, 2.0, 3.0], "variance": [4.0, 0.25, 1.0]},
    {"axis": (1, 2), "mean": [1.0, 2.0, 3.0], "variance": [4.0, 0.25, 1.0]},
    {"axis": 1, "mean": [1.0, 2.0, 3.0, 4.0], "variance": [4.0, 0.25, 1.0, 9.0], "invert": True},
])  # fmt: skip
def test_given_statistics_are_no_weights(options):
    wanted = golden.ask(lambda: made("Normalization", options)(DATA), options, DATA)
    layer = layers.Normalization(**options)
    assert_near(layer(DATA), wanted, "standardised")
    assert layer.get_weights() == []
    with pytest.raises(ValueError, match="given to the constructor and are fixed"):
        layer.adapt(DATA)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_adapt_makes_the_weights_and_a_model_gives_them_its_dtype(dtype):
    layer, data = layers.Normalization(), DATA.astype(float)
    layer.adapt(data)
    assert layer.built
    mean, variance, count = layer.get_weights()
    np.testing.assert_allclose(mean, data.mean(axis=(0, 1)), rtol=1e-6)
    np.testing.assert_allclose(variance, data.var(axis=(0, 1)), rtol=1e-6)
    assert count == 0
    model = lamina.Sequential([lamina.Input((3,)), layer], dtype=dtype)
    expected = (data[:, 0] - data.mean(axis=(0, 1))) / data.std(axis=(0, 1))
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(model.predict(data[:, 0]), expected, tolerance, tolerance)


@pytest.mark.parametrize("options", [{}, {"axis": None}, {"invert": True}])
def test_one_mean_is_for_rows_without_columns_too(options):
    options = {"mean": 1.0, "variance": 4.0, **options}
    wanted = golden.ask(lambda: made("Normalization", options)(DATA[:, 0, 0]), options)
    layer = layers.Normalization(**options)
    assert_near(layer(DATA[:, 0, 0]), wanted, "standardised")
    x = lamina.Input(())
    np.testing.assert_array_equal(
        lamina.Model(x, layer(x)).predict(DATA[:, 0, 0]), layer(DATA[:, 0, 0])
    )
    learned = layers.Normalization()
    learned.adapt(DATA[:, 0, 0])
    assert learned(DATA[:, 0, 0]).std() == pytest.approx(1.0, abs=1e-5)


def test_sparse_matrices_are_adapted_to_in_blocks(monkeypatch):
    sparse = pytest.importorskip("scipy.sparse")
    monkeypatch.setattr("lamina.layers.preprocessing.ahead.DENSE", 15)
    data = np.where(DATA[:, 0] > 2.0, DATA[:, 0], 0.0)
    layer = layers.Normalization()
    layer.adapt(sparse.csc_matrix(data))
    np.testing.assert_allclose(layer.mean, data.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(layer.variance, data.var(axis=0), rtol=1e-6)
    data[7, 1] = np.nan
    with pytest.raises(ValueError, match="row 7"):
        layer.adapt(sparse.csr_matrix(data))


def test_weights_that_are_written_to_count():
    layer = layers.Normalization()
    model = lamina.Sequential([lamina.Input((3,)), layer])
    layer.adapt(DATA)
    assert [w.path.split("/")[-1] for w in model.weights] == ["mean", "variance", "count"]
    model.weights[0].assign([1.0, 2.0, 3.0])
    model.weights[1].assign([4.0, 4.0, 1.0])
    np.testing.assert_allclose(model.predict([[3.0, 2.0, 1.0]]), [[1.0, 0.0, -2.0]])
    assert layer.mean.tolist() == [1.0, 2.0, 3.0]
    assert layer.variance.tolist() == [4.0, 4.0, 1.0]


REFUSED = {
    "axis": (lambda: layers.Normalization(axis=3)(DATA), "axis must be among 1 to 2"),
    "rows": (lambda: layers.Normalization(axis=0)(DATA), "axis must be among 1 to 2"),
    "batches": (lambda: layers.Normalization().adapt(iter([DATA, DATA[..., :2]])),
                "all batches must have the same columns"),
    "batch row": (lambda: layers.Normalization().adapt(iter([DATA, DATA * np.nan])), "row 12"),
    "no batch": (lambda: layers.Normalization().adapt(iter([])), "at least one row"),
    "neither": (layers.Discretization, "give one of bin_boundaries and num_bins"),
    "both": (lambda: layers.Discretization([0.0], 3), "give one of bin_boundaries and num_bins"),
    "order": (lambda: layers.Discretization([1.0, 0.0]), "in ascending order"),
    "a number of bins": (lambda: layers.Discretization(4), "got 4 (num_bins=4 and adapt"),
    "mode": (lambda: layers.Discretization([1.0], output_mode="tf_idf"), "must be one of"),
    "epsilon": (lambda: layers.Discretization([1.0], epsilon=0.0), "epsilon must be in (0, 1]"),
    "given": (lambda: layers.Discretization([1.0]).adapt([1.0]), "given to the constructor"),
    "no data": (lambda: layers.Discretization(num_bins=2).adapt([]), "at least one value"),
    "NaN": (lambda: layers.Discretization(num_bins=2).adapt([[1.0], [np.nan]]), "row 1"),
    "early": (lambda: layers.Discretization(num_bins=2)([1.0]), "has no boundaries yet"),
    "vector": (lambda: layers.Discretization([1.0], output_mode="count")(lamina.Input(())),
               "needs (rows, numbers)"),
    "step": (lambda: layers.STFTSpectrogram(frame_length=4, frame_step=5), "at most frame_length"),
    "window": (lambda: layers.STFTSpectrogram(window="none"), "window 'none'"),
    "window length": (lambda: layers.STFTSpectrogram(window=[1.0, 2.0])(np.ones((1, 300, 1))),
                      "window must be 256 numbers"),
    "band": (lambda: layers.MelSpectrogram(max_freq=10.0), "max_freq must be finite and > 20"),
    "short": (lambda: layers.MelSpectrogram(fft_length=8, sequence_length=9), "at most fft_length"),
    "one signal": (lambda: layers.STFTSpectrogram()(np.ones((1, 300))), "needs (rows, time"),
    "size": (lambda: layers.Resizing(0, 3), "Resizing: height must be a positive integer; got 0"),
    "kernel": (lambda: layers.Resizing(2, 3, "area"), "interpolation must be one of"),
    "ratio": (lambda: layers.Resizing(2, 3, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True),
              "cannot both be True"),
    "format": (lambda: layers.CenterCrop(2, 3, "last"), "data_format must be"),
    "axes": (lambda: layers.CenterCrop(2, 3)(np.ones((2, 3))), "needs images"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    call, rule = REFUSED[case]
    with pytest.raises(ValueError, match=r".") as caught:
        call()
    assert rule in str(caught.value)
