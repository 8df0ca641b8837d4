"""Channels-first layers: equal to channels-last layers with the axes moved there and back."""

import numpy as np
import pytest

import golden
import lamina
from keras_models import keras, numbers
from lamina import layers

SIZES = (7, 9, 8)
WITH_WEIGHTS = {
    **{f"Conv{n}D": (3, 2) for n in (1, 2, 3)},
    **{f"Conv{n}DTranspose": (3, 2) for n in (1, 2, 3)},
    **{f"SeparableConv{n}D": (3, 2) for n in (1, 2)},
    **{f"DepthwiseConv{n}D": (2,) for n in (1, 2)},
}
POOLING = {
    **{f"{kind}Pooling{n}D": (2,) for kind in ("Max", "Average") for n in (1, 2, 3)},
    **{f"Global{kind}Pooling{n}D": () for kind in ("Max", "Average") for n in (1, 2, 3)},
}


NAMES = [*WITH_WEIGHTS, *POOLING, "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"]


@pytest.mark.parametrize("name", [*WITH_WEIGHTS, *POOLING])
def test_channels_first_is_channels_last_moved(name):
    axes = int(name.rpartition("D")[0][-1])
    settings = {**WITH_WEIGHTS, **POOLING}[name]
    x = numbers(2, *SIZES[:axes], 4)
    moved = np.moveaxis(x, -1, 1)
    kind = getattr(layers, name)
    last = lamina.Sequential([lamina.Input(x.shape[1:]), kind(*settings)], seed=1)
    first = lamina.Sequential(
        [lamina.Input(moved.shape[1:]), kind(*settings, data_format="channels_first")], seed=1
    )
    wanted = last.predict(x)
    wanted = np.moveaxis(wanted, -1, 1) if wanted.ndim > 2 else wanted
    np.testing.assert_array_equal(first.predict(moved), wanted)
    assert first.output_shape == (None, *wanted.shape[1:])
    layer = kind.from_config(first.layers[0].get_config())
    assert layer.compute_output_shape((None, *moved.shape[1:])) == first.output_shape
    with pytest.raises(ValueError, match=r"needs \d axes \(batch, channels, "):
        kind(*settings, data_format="channels_first")(x[0])


def test_a_built_layer_takes_other_sizes_and_no_other_channels():
    layer = layers.Conv2D(2, 3, data_format="channels_first")
    layer.build((None, 3, 8, 8))
    assert layer.kernel.shape == (3, 3, 3, 2)
    assert layer(numbers(1, 3, 6, 5)).shape == (1, 2, 4, 3)
    with pytest.raises(ValueError, match="was built for input"):
        layer(numbers(1, 4, 8, 8))


def test_a_network_trains_as_keras_s():
    x, y = numbers(6, 3, 12, 12), np.arange(6) % 2
    rest = {"data_format": "channels_first", "activation": "relu"}

    def trained(library, weights=None):
        make = library.layers
        model = library.Sequential(
            [
                library.Input((3, 12, 12)),
                make.Conv2D(4, 3, **rest),
                make.BatchNormalization(axis=1),
                make.MaxPooling2D(2, data_format="channels_first"),
                make.Conv2D(4, 3, padding="same", **rest),
                make.GlobalAveragePooling2D(data_format="channels_first"),
                make.Dense(1, activation="sigmoid"),
            ]
        )
        if weights is not None:
            model.set_weights(weights)
        model.compile("sgd", "binary_crossentropy")
        model.fit(x, y, epochs=2, batch_size=3, shuffle=False, verbose=0)
        return model.get_weights()

    lamina.set_random_seed(4)
    weights = [w * 0 + numbers(*w.shape) / 3 + (w > 0.5) for w in trained(lamina)]
    for got, wanted in zip(
        trained(lamina, weights),
        golden.ask(lambda: trained(keras, weights), weights, x),
        strict=True,
    ):
        np.testing.assert_allclose(got, wanted, rtol=1e-3, atol=2e-5)


@pytest.mark.parametrize("options", [{}, {"return_sequences": True, "return_state": True}])
def test_convolutional_lstms(options):
    x = numbers(2, 3, 4, 6)
    states = [numbers(2, 3, 5, seed=i) for i in (1, 2)]
    last = layers.ConvLSTM1D(3, 2, **options)
    made = last(np.moveaxis(x, 2, -1), initial_state=[np.moveaxis(s, 1, -1) for s in states])
    first = layers.ConvLSTM1D(3, 2, data_format="channels_first", **options)
    first(x)
    first.set_weights(last.get_weights())
    pairs = zip(
        *(v if isinstance(v, tuple) else (v,) for v in (first(x, initial_state=states), made)),
        strict=True,
    )
    for got, wanted in pairs:
        np.testing.assert_array_equal(got, np.moveaxis(wanted, -1, got.ndim - 2))


ACROSS = {
    "softmax": lambda ops: "softmax",
    "own": lambda ops: lambda z: z / ops.sum(ops.exp(z), axis=1, keepdims=True),
}


@pytest.mark.parametrize("across", ACROSS)
@pytest.mark.parametrize("name", WITH_WEIGHTS)
def test_activations_across_an_axis_count_it_in_the_data_format(name, across):
    """A layer with such an activation equals one without, and the activation behind it."""
    axes = int(name.rpartition("D")[0][-1])
    x, function = numbers(2, 4, *SIZES[:axes]), ACROSS[across](lamina.ops)

    def made(*rest, **options):
        layer = getattr(layers, name)(*WITH_WEIGHTS[name], data_format="channels_first", **options)
        return lamina.Sequential([lamina.Input(x.shape[1:]), layer, *rest], seed=1)

    wanted = made(layers.Activation(function)).predict(x)
    np.testing.assert_array_equal(made(activation=function).predict(x), wanted)


@pytest.mark.parametrize("across", ACROSS)
def test_activations_of_convolutional_lstms_across_an_axis(across):
    x = numbers(2, 3, 4, 5, 6)

    def made(library, weights):
        function = ACROSS[across](library.ops)
        layer = library.layers.ConvLSTM2D(
            3, 2, activation=function, recurrent_activation="softmax", data_format="channels_first"
        )
        model = library.Sequential([library.Input(x.shape[1:]), layer])
        model.set_weights(weights)
        return model.predict(x, verbose=0)

    weights = [numbers(2, 2, 4, 12), numbers(2, 2, 3, 12, seed=1), numbers(12, seed=2)]
    wanted = golden.ask(lambda: made(keras, weights), x, weights)
    np.testing.assert_allclose(made(lamina, weights), wanted, rtol=1e-5, atol=1e-6)
