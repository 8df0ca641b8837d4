"""Settings that the model's dtype cannot represent are refused as soon as the dtype is known."""

import numpy as np
import pytest

import lamina
from lamina import activations, layers, losses, metrics, optimizers, regularizers

HUGE, TINY = 1e300, 1e-60  # infinite and 0 in float32, numbers in float64
X, Y = np.ones((4, 3), "float32"), np.ones((4, 1), "float32")

OF_LAYERS = {
    "mask_value": layers.Masking,
    "epsilon": lambda v: layers.LayerNormalization(epsilon=v),
    "stddev": layers.GaussianNoise,
    "negative_slope": layers.LeakyReLU,
    "max_value": layers.ReLU,
    "l1": lambda v: layers.Dense(3, kernel_regularizer=regularizers.L1(v)),
    "l2": lambda v: layers.Dense(3, bias_regularizer=regularizers.L1L2(0.0, v)),
    "alpha": layers.ELU,
}
OF_OPTIMIZERS = {
    "clipnorm": lambda v: optimizers.SGD(clipnorm=v),
    "clipvalue": lambda v: optimizers.SGD(clipvalue=v),
    "global_clipnorm": lambda v: optimizers.SGD(global_clipnorm=v),
    "weight_decay": lambda v: optimizers.SGD(weight_decay=v),
    "epsilon": lambda v: optimizers.Adam(epsilon=v),
}


def chain(*within, dtype="float32"):
    return lamina.Sequential(
        [lamina.Input((4, 3)), *within, layers.Flatten(), layers.Dense(1)], dtype=dtype
    )


def compiled(optimizer="sgd", loss="mse", **options):
    model = lamina.Sequential(
        [lamina.Input((3,)), layers.Dense(1)], dtype=options.pop("dtype", "float32")
    )
    model.compile(optimizer, loss, **options)
    return model


@pytest.mark.parametrize("name", OF_LAYERS)
def test_layers(name):
    with pytest.raises(ValueError, match=rf": {name} must fit float32; got 1e\+300, which becomes"):
        chain(OF_LAYERS[name](HUGE))
    chain(OF_LAYERS[name](HUGE), dtype="float64")


def test_settings_within_others():
    for layer in (
        layers.Dense(3, activation=activations.ELU(HUGE)),
        layers.TimeDistributed(layers.ELU(HUGE)),
        layers.Bidirectional(layers.LSTM(2, kernel_regularizer=regularizers.L2(HUGE))),
    ):
        with pytest.raises(
            ValueError, match=r"must fit float32; got 1e\+300, which becomes infinite"
        ):
            chain(layer)


@pytest.mark.parametrize("name", OF_OPTIMIZERS)
def test_optimizers(name):
    make = OF_OPTIMIZERS[name]
    message = rf": {name} must fit float32; got 1e\+300, which becomes infinite$"
    with pytest.raises(ValueError, match=message):
        compiled(make(HUGE))
    compiled(make(HUGE), dtype="float64").fit(X, Y, verbose=0)
    with pytest.raises(ValueError, match=message):
        make(HUGE).apply([X], [X.copy()])
    model = compiled(make(0.5))
    setattr(model.optimizer, name, HUGE)
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_losses_and_metrics():
    with pytest.raises(ValueError, match=r"Huber: delta must fit float32; got 1e\+300"):
        compiled(loss=losses.Huber(HUGE))
    with pytest.raises(
        ValueError, match=r"BinaryAccuracy: threshold must fit float32; got 1e\+300"
    ):
        compiled(metrics=[metrics.BinaryAccuracy(threshold=HUGE)])


def test_what_becomes_zero_is_refused_where_zero_is():
    for make in (
        lambda: compiled(optimizers.Adam(epsilon=TINY)),
        lambda: compiled(optimizers.SGD(clipnorm=TINY)),
        lambda: compiled(loss=losses.Huber(TINY)),
        lambda: chain(layers.ELU(TINY)),
    ):
        with pytest.raises(ValueError, match=r"must fit float32; got 1e-60, which becomes 0$"):
            make()
    chain(
        layers.LeakyReLU(TINY), layers.LayerNormalization(epsilon=TINY), layers.GaussianNoise(TINY)
    )
    compiled(optimizers.SGD(TINY, weight_decay=TINY))
    compiled(optimizers.Adam(epsilon=TINY), dtype="float64")


def test_a_layer_that_is_built_keeps_its_setting():
    layer = layers.ELU(0.5)
    chain(layer)
    with pytest.raises(ValueError, match=r"^elu: alpha must fit float32; got 1e\+300"):
        layer.alpha = HUGE
    assert layer.alpha == 0.5
    dense = layers.Dense(3, kernel_regularizer=regularizers.L2(0.5))
    model = chain(dense)
    model.compile("sgd", "mse")
    dense.kernel_regularizer.l2 = HUGE
    with pytest.raises(ValueError, match=r"L2: l2 must fit float32"):
        model.fit(np.ones((2, 4, 3)), np.ones(2), verbose=0)


def test_statistics_of_normalization():
    message = r"normalization: mean and standard deviation must fit float32; got 1e\+300 and 1"
    with pytest.raises(ValueError, match=rf"{message} in column 1$"):
        chain(layers.Normalization(mean=[0, HUGE, 0], variance=[1, 1, 1]))
    with pytest.raises(ValueError, match=r"got 0 and 1e\+150$"):
        chain(layers.Normalization(mean=0, variance=HUGE))
    chain(layers.Normalization(mean=HUGE, variance=1), dtype="float64")
    chain(layers.Normalization(mean=0, variance=1e60))  # its root fits
    built = layers.Normalization()
    built.adapt([[-1.0] * 3, [1.0] * 3])
    chain(built)
    with pytest.raises(ValueError, match=r"must fit float32"):
        built.set_weights([[HUGE] * 3, [1.0] * 3])
    assert built.mean.tolist() == [0.0] * 3


def test_schedules_and_integers_beyond_floats():
    rate = optimizers.schedules.ExponentialDecay(2.0, 1, 3e38)  # the first step is a sane one
    with pytest.raises(ValueError, match=r"ExponentialDecay: learning rate must be in"):
        compiled(optimizers.SGD(rate)).fit(X, Y, batch_size=1, verbose=0)
    with pytest.raises(ValueError, match=r"Masking: mask_value must be in the finite numbers"):
        layers.Masking(10**400)
