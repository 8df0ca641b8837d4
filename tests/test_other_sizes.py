"""A layer with weights accepts every input that fits the weights: images and series of any size."""

from __future__ import annotations

import numpy as np
import pytest

import lamina
from harness import assert_same_bits
from lamina.layers import (
    Add,
    BatchNormalization,
    Bidirectional,
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Dense,
    DepthwiseConv2D,
    GlobalAveragePooling2D,
    LayerNormalization,
    PReLU,
    SeparableConv2D,
    SimpleRNN,
    TimeDistributed,
)

RNG = np.random.default_rng(31)
IMAGE, LARGER = (6, 6, 2), (9, 7, 2)
FITS = [
    (lambda: Conv1D(3, 2), (6, 2), (9, 2)),
    (lambda: Conv2D(2, 3), IMAGE, LARGER),
    (lambda: DepthwiseConv2D(3), IMAGE, LARGER),
    (lambda: SeparableConv2D(2, 3), IMAGE, LARGER),
    (lambda: Conv2DTranspose(2, 3, 2), IMAGE, LARGER),
    (lambda: TimeDistributed(Conv2D(2, 3)), (2, *IMAGE), (3, *LARGER)),
    (BatchNormalization, IMAGE, LARGER),
    (lambda: BatchNormalization(axis=1), (2, 6), (2, 9)),
    (LayerNormalization, (6, 2), (9, 2)),
    (lambda: LayerNormalization(axis=(-2, -1)), (6, 3, 2), (9, 3, 2)),
    (lambda: PReLU("ones", shared_axes=(1, 2)), IMAGE, LARGER),
    (lambda: Bidirectional(SimpleRNN(2)), (6, 2), (9, 2)),
    (lambda: Dense(2), (6, 2), (9, 2)),
]


@pytest.mark.parametrize(("make", "first", "second"), FITS)
def test_weights_that_fit_serve_inputs_of_another_size(make, first, second):
    layer, x = make(), RNG.normal(size=(2, *second))
    layer(np.ones((2, *first)))
    y = layer(x)
    assert y.shape == tuple(layer.compute_output_shape(x.shape))
    fresh = make()
    fresh(x)
    fresh.set_weights(layer.get_weights())
    assert_same_bits(y, fresh(x), layer.name)


UNFIT = [
    (lambda: Conv1D(3, 2), (6, 2), (6, 3)),
    (lambda: Conv2D(2, 3), IMAGE, (6, 6, 3)),
    (lambda: DepthwiseConv2D(3), IMAGE, (6, 6, 4)),
    (lambda: SeparableConv2D(2, 3), IMAGE, (6, 6, 1)),
    (lambda: Conv2DTranspose(2, 3), IMAGE, (6, 6, 1)),
    (BatchNormalization, IMAGE, (6, 6, 3)),
    (lambda: BatchNormalization(axis=1), (2, 6), (3, 6)),
    (LayerNormalization, (6, 2), (6, 3)),
    (lambda: LayerNormalization(axis=(-2, -1)), (6, 3, 2), (6, 4, 2)),
    (PReLU, (6, 2), (9, 2)),
    (lambda: PReLU(shared_axes=1), (6, 2), (6, 3)),
]


@pytest.mark.parametrize(("make", "first", "second"), UNFIT)
def test_weights_that_do_not_fit_are_refused(make, first, second):
    layer = make()
    layer(np.ones((2, *first)))
    with pytest.raises(ValueError, match=rf"{layer.name}: was built for input \(rows, "):
        layer(np.ones((2, *second)))


def test_a_kernel_larger_than_the_next_image_is_named():
    layer = Conv2D(2, 3)
    layer(np.ones((1, *IMAGE)))
    with pytest.raises(ValueError, match="conv2d: the kernel spans"):
        layer(np.ones((1, 2, 2, 2)))


def over_two_sizes():
    """Return a model in which one convolution and its norm read images of two sizes."""
    conv, norm, head = Conv2D(3, 3), BatchNormalization(), GlobalAveragePooling2D()
    small, large = lamina.Input(IMAGE), lamina.Input(LARGER)
    y = Add()([head(norm(conv(small))), head(norm(conv(large)))])
    model = lamina.Model([small, large], y, seed=4)
    model.compile(lamina.optimizers.SGD(0.5), "mse")
    return model, conv


def test_one_convolution_of_two_sizes_sums_its_gradients():
    """y is linear in the kernel, so the gradients of both uses can be written out."""
    conv = Conv2D(3, 3, use_bias=False, dtype="float64")
    small, large = lamina.Input(IMAGE), lamina.Input(LARGER)
    head = GlobalAveragePooling2D()
    y = Add()([head(conv(small)), head(conv(large))])
    model = lamina.Model([small, large], y, dtype="float64", seed=4)
    model.compile(lamina.optimizers.SGD(0.5), "mse")
    x = [RNG.normal(size=(5, *shape)) for shape in (IMAGE, LARGER)]
    before, residual = model.get_weights()[0], model.predict(x)
    model.train_on_batch(x, np.zeros((5, 3)))
    windows = [
        np.lib.stride_tricks.sliding_window_view(a, (3, 3), (1, 2)).mean((1, 2)) for a in x
    ]  # (rows, channels, 3, 3) each
    gradient = np.einsum("ncij,nf->ijcf", sum(windows), 2 * residual / residual.size)
    np.testing.assert_allclose(before - model.get_weights()[0], 0.5 * gradient, atol=1e-12)


@pytest.mark.filterwarnings("ignore::lamina.TrainingAdvice")  # targets of zeros
def test_a_model_over_two_sizes_learns_and_keeps_its_configuration():
    model, conv = over_two_sizes()
    x = [RNG.normal(size=(16, *shape)).astype("float32") for shape in (IMAGE, LARGER)]
    losses = model.fit(x, np.ones((16, 3)), epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    copy = lamina.Model.from_config(model.get_config())
    copy.set_weights(model.get_weights())
    assert_same_bits(copy.predict(x), model.predict(x), "predictions of the copy")
    assert len(model.get_weights()) == 6
    assert [node.outputs[0].row_shape for node in conv.nodes] == [(4, 4, 3), (7, 5, 3)]
