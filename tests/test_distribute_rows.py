"""Distributed training, in one process, of models that need the number of rows of a batch."""

from __future__ import annotations

import numpy as np
import pytest

import lamina
from distributed_fits import contrast
from lamina import layers, ops, optimizers
from lamina.distribute import DataParallel


@pytest.fixture
def rng():
    return np.random.default_rng(32)


@pytest.mark.parametrize("rows", [1, 5, 11, 16, 20])
def test_a_loss_over_the_rows_of_a_batch_gets_those_of_each_slice(rng, rows):
    """A step without memory is the mean of the steps that each slice alone would make."""
    x, y = rng.normal(size=(rows, 6)), rng.normal(size=(rows, 3))
    layer = layers.Dense(3, use_bias=False)
    model = lamina.Sequential([lamina.Input((6,)), layer], dtype="float64")
    model.compile(optimizers.SGD(0.01), contrast)
    begin = rng.normal(size=(6, 3))
    expected = np.zeros((6, 3))
    for start, stop in ((k * rows // 8, (k + 1) * rows // 8) for k in range(8)):
        if start < stop:
            layer.kernel.assign(begin)
            model.train_on_batch(x[start:stop], y[start:stop])
            expected += (stop - start) / rows * np.asarray(layer.kernel)
    layer.kernel.assign(begin)
    DataParallel(model, None).train_on_batch(x, y)
    np.testing.assert_allclose(np.asarray(layer.kernel), expected, rtol=1e-12)


class ByRows(layers.Layer):
    """A layer that adds one weight to several rows and another one to a single row."""

    def build(self, input_shape):
        self.one, self.other = (self.add_weight(name=n, shape=(2,)) for n in ("one", "other"))

    def call(self, inputs):
        several = ops.reshape(inputs, (ops.shape(inputs)[0], 2)).shape[0] > 1
        return inputs + (self.one if several else self.other)


def test_slices_whose_gradients_cannot_be_added_are_refused(rng):
    x, y = rng.normal(size=(16, 2)), rng.normal(size=(16, 2))
    model = lamina.Sequential([lamina.Input((2,)), ByRows()])
    model.compile("sgd", "mse")
    parallel = DataParallel(model, None)
    with pytest.raises(ValueError, match=r"the same weights in .* slices of 1 and of 2 rows"):
        parallel.train_on_batch(x[:11], y[:11])
    assert parallel.train_on_batch(x, y) > 0


class BesideLater(layers.Layer):
    """A layer that needs the number of rows in inference only."""

    def call(self, inputs, training=None):
        if training:
            return inputs
        return inputs + ops.matmul(ops.matmul(inputs, ops.transpose(inputs)), inputs)


def test_a_model_that_needs_the_rows_in_inference_only_is_validated(rng):
    x, y = rng.normal(size=(30, 3)), rng.normal(size=(30, 3))
    told = []
    for parallel in (False, True):
        model = lamina.Sequential([lamina.Input((3,)), BesideLater()])
        model.compile("sgd", "mse")
        trains = DataParallel(model, None) if parallel else model
        trains.fit(x, y, batch_size=11, epochs=2, validation_data=(x, y), verbose=0)
        told.append(trains.evaluate(x, y, batch_size=11, verbose=0))
    assert told[0] == told[1]
