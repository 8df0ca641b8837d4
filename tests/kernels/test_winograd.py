"""Convolutions by Winograd's algorithm, in cases where it is chosen and in others."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import lamina
from harness import assert_close, assert_same_bits, check_added, check_kernel
from kernels.test_convolution import Oracle, arrays, settings
from lamina import kernels, layers
from thread_proof import same_on_threads

# As in test_convolution.py.
SHAPES = {
    "least": (7, 7, 16, 32, (3, 3), 1, 1, "same", 1),
    "valid": (13, 13, 32, 64, (3, 3), 1, 1, "valid", 1),
    "rests of tiles": (9, 14, 35, 37, (3, 3), 1, 1, "same", 1),
    "uneven padding": (10, 7, 24, 35, (3, 3), 1, 1, ((2, 0), (1, 2)), 1),
    "padding beyond a tile": (26, 26, 48, 50, (3, 3), 1, 1, 5, 1),
    "tiles of five outputs": (14, 15, 32, 50, (3, 3), 1, 1, "same", 1),
    "four tiles of five outputs": (9, 9, 16, 16, (3, 3), 1, 1, "same", 1),
    "tiles of five outputs, valid": (12, 12, 17, 33, (3, 3), 1, 1, "valid", 1),
    "a panel and a rest": (8, 8, 20, 100, (3, 3), 1, 1, "same", 1),
    "tiles of five outputs, a long sum": (10, 9, 530, 33, (3, 3), 1, 1, "same", 1),
    "a long sum": (7, 9, 530, 24, (3, 3), 1, 1, "same", 1),
    "five by five": (9, 10, 49, 51, (5, 5), 1, 1, "same", 1),
    "five by five, valid": (14, 13, 32, 48, (5, 5), 1, 1, "valid", 1),
    "five by five, uneven padding": (13, 12, 49, 66, (5, 5), 1, 1, ((1, 3), (4, 0)), 1),
    "five by five, sixteen channels": (14, 14, 16, 16, (5, 5), 1, 1, "same", 1),
    "two by two": (20, 25, 49, 64, (2, 2), 1, 1, "same", 1),
    "four by four": (11, 13, 17, 50, (4, 4), 1, 1, ((2, 1), (0, 3)), 1),
    "five by five in pieces": (13, 16, 32, 32, (5, 5), 1, 1, "same", 1),
    "six by six": (10, 13, 19, 34, (6, 6), 1, 1, "same", 1),
    "seven by seven": (13, 12, 33, 35, (7, 7), 1, 1, "same", 1),
    "nine by nine, valid": (19, 18, 16, 20, (9, 9), 1, 1, "valid", 1),
    "eleven by eleven": (15, 14, 17, 33, (11, 11), 1, 1, "same", 1),
    "three by seven": (9, 16, 32, 33, (3, 7), 1, 1, "same", 1),
    "seven by two": (26, 11, 48, 32, (7, 2), 1, 1, "valid", 1),
    "groups of pieces, panels": (11, 9, 80, 100, (7, 7), 1, 1, "same", 1),
    "a group a piece": (12, 16, 150, 32, (6, 7), 1, 1, ((3, 2), (2, 4)), 1),
    "few channels": (16, 16, 8, 32, (3, 3), 1, 1, "same", 1),
    "signal, few channels": (1, 70, 8, 64, (1, 5), 1, 1, "same", 1),
    "signal, least of three": (1, 36, 32, 16, (1, 3), 1, 1, "same", 1),
    "signal, three": (1, 71, 49, 51, (1, 3), 1, 1, "same", 1),
    "signal, three, valid": (1, 64, 32, 64, (1, 3), 1, 1, "valid", 1),
    "signal, three, causal": (1, 61, 17, 32, (1, 3), 1, 1, ((0, 0), (2, 0)), 1),
    "signal, least of five": (1, 24, 16, 16, (1, 5), 1, 1, "same", 1),
    "signal, five": (1, 53, 33, 35, (1, 5), 1, 1, "same", 1),
    "signal, five, valid": (1, 64, 35, 16, (1, 5), 1, 1, "valid", 1),
    "signal, five, causal": (1, 61, 16, 100, (1, 5), 1, 1, ((0, 0), (4, 0)), 1),
    "signal, padding beyond a tile": (1, 90, 16, 16, (1, 5), 1, 1, ((0, 0), (11, 9)), 1),
    "signal, a long sum": (1, 51, 530, 16, (1, 3), 1, 1, "same", 1),
    "signal, many units": (1, 1201, 33, 34, (1, 5), 1, 1, "same", 1),
    "signal, two": (1, 154, 49, 64, (1, 2), 1, 1, "same", 1),
    "signal, four": (1, 61, 16, 50, (1, 4), 1, 1, ((0, 0), (3, 0)), 1),
    "signal, seven": (1, 99, 16, 16, (1, 7), 1, 1, "same", 1),
    "signal, nine, valid": (1, 70, 81, 32, (1, 9), 1, 1, "valid", 1),
    "signal, twenty-three, causal": (1, 96, 24, 32, (1, 23), 1, 1, ((0, 0), (22, 0)), 1),
    "rows of three": (7, 23, 49, 68, (1, 3), 1, 1, "same", 1),
    "rows of five": (6, 20, 33, 50, (1, 5), 1, 1, ((0, 1), (3, 0)), 1),
    "columns of three": (23, 5, 33, 51, (3, 1), 1, 1, "same", 1),
    "columns of five": (22, 4, 33, 16, (5, 1), 1, 1, "valid", 1),
    "columns of eight": (29, 3, 33, 20, (8, 1), 1, 1, "same", 1),
}
BESIDE = {
    "one channel less": (16, 16, 7, 64, (3, 3), 1, 1, "same", 1),
    "one filter less": (16, 16, 64, 7, (3, 3), 1, 1, "same", 1),
    "small": (4, 3, 64, 64, (3, 3), 1, 1, "same", 1),
    "many rests": (6, 6, 16, 16, (3, 3), 1, 1, "same", 1),
    "narrow": (40, 1, 16, 16, (3, 3), 1, 1, "same", 1),
    "strides": (16, 16, 16, 16, (3, 3), (1, 2), 1, "same", 1),
    "dilation": (12, 12, 16, 16, (3, 3), 1, (2, 1), "same", 1),
    "groups": (8, 8, 32, 32, (3, 3), 1, 1, "same", 2),
    "a wider window": (5, 6, 16, 16, (3, 5), 1, 1, "same", 1),
    "five by five, few channels": (14, 14, 8, 16, (5, 5), 1, 1, "same", 1),
    "signal, short": (1, 6, 64, 64, (1, 5), 1, 1, "same", 1),
    "signal, strides": (1, 99, 16, 16, (1, 5), (1, 2), 1, "same", 1),
    "signal, dilation, causal": (1, 99, 16, 16, (1, 3), 1, (1, 2), ((0, 0), (4, 0)), 1),
    "signal, seven, short": (1, 8, 16, 16, (1, 7), 1, 1, "same", 1),
}
# Images so small that transforming the weights is worth it for a batch, but not for one.
SMALL = {
    "a tile": (4, 4, 33, 64, (3, 3), 1, 1, "same", 1),
    "a tile and rests": (6, 7, 64, 64, (3, 3), 1, 1, "same", 1),
    "sums beyond a cache": (4, 4, 70, 130, (3, 3), 1, 1, "same", 1),
    "signal": (1, 20, 64, 64, (1, 5), 1, 1, "same", 1),
    "signal in pieces": (1, 20, 16, 16, (1, 7), 1, 1, "same", 1),
}


def passes(shape, rows=3):
    """Return the outputs, the gradients with outputs for dz, the arrays and the oracle."""
    options, oracle = settings(shape), Oracle(shape[4], *shape[5:])
    x, w, b = (a.astype("float32") for a in arrays(rows, shape))
    y = kernels.conv2d_forward(x, w, b, **options)
    return y, kernels.conv2d_backward(y, x, w, **options), (x, w, b), oracle


def largest(sums):
    """Return the magnitude of rounding errors: the largest sum, as outputs of a tile share them."""
    return np.full(sums.shape, sums.max(initial=0.0))


@pytest.mark.parametrize("name", sorted({**SHAPES, **SMALL}))
@pytest.mark.parametrize("rows", [0, 3])
def test_shapes(name, rows):
    shape = {**SHAPES, **SMALL}[name]
    options, oracle = settings(shape), Oracle(shape[4], *shape[5:])
    check_kernel(
        lambda x, w, b: kernels.conv2d_forward(x, w, b, **options),
        oracle.forward,
        arrays(rows, shape),
        "float32",
        backward=lambda dz, x, w, b: kernels.conv2d_backward(dz, x, w, **options),
        differentiable=(0, 1, 2),
        oracle_backward=oracle.backward,
        magnitude=lambda x, w, b: largest(oracle.forward(np.abs(x), np.abs(w), np.abs(b))),
        reduction=arrays(1, shape)[1][..., 0].size + 1,
    )


@pytest.mark.parametrize("name", sorted({**SHAPES, **SMALL}))
def test_errors_are_a_hundred_thousandth_of_the_largest_result(name, isa):
    rows = 80 if name in SMALL else 8
    y, (dx, dw, _), (x, w, b), oracle = passes({**SHAPES, **SMALL}[name], rows)
    exact = [a.astype(float) for a in (x, w, b)]
    want = [oracle.forward(*exact), *oracle.backward(y.astype(float), *exact)]
    for got, right in zip((y, dx, dw), want, strict=False):
        assert np.abs(got - right).max() < 1e-5 * np.abs(right).max()


ANSWER = """
import hashlib, sys
sys.path[:0] = {paths!r}
from kernels.test_winograd import BESIDE, SHAPES, SMALL, passes
for name, shape in {{**SHAPES, **BESIDE, **SMALL}}.items():
    y, gradients, _, _ = passes(shape, 9)
    print(name, *(hashlib.sha256(a.tobytes()).hexdigest() for a in (y, *gradients)), sep=":")
"""


def test_the_environment_turns_it_off(isa):
    tests = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", ANSWER.format(paths=[tests])],
        env={**os.environ, "LAMINA_WINOGRAD": "0", "LAMINA_ISA": isa},
        capture_output=True,
        text=True,
        check=True,
    )
    plain = {line.split(":")[0]: line.split(":")[1:] for line in done.stdout.splitlines()}
    for name, shape in {**SHAPES, **BESIDE, **SMALL}.items():
        y, (dx, dw, db), _, _ = passes(shape, 9)
        here = [hashlib.sha256(a.tobytes()).hexdigest() for a in (y, dx, dw, db)]
        same = [a == b for a, b in zip(here, plain[name], strict=True)]
        if name in BESIDE:
            assert same == [True] * 4, name
        else:
            assert not any((same[0], same[2])), name


@pytest.mark.parametrize("name", ["a tile", "a tile and rests"])
def test_predictions_of_small_images_take_plain_sums(name):
    shape = SMALL[name]
    x, w, b = (a.astype("float32") for a in arrays(5, shape))
    model = lamina.Sequential([layers.Input(shape[:3]), layers.Conv2D(64, 3, padding="same")])
    model.set_weights([w, b])
    got = model.predict(x)
    oracle = Oracle(shape[4], *shape[5:])
    assert_close(got, oracle.forward(*(a.astype(float) for a in (x, w, b))), w[..., 0].size + 1,
                 oracle.forward(*map(np.abs, (x, w, b))))  # fmt: skip
    for i in range(len(x)):
        assert_same_bits([model.predict(x[i : i + 1])], [got[i : i + 1]], "a row alone")
    in_training = kernels.conv2d_forward(x, w, b, **settings(shape))
    assert (in_training != got).any(), "training takes the other way"


@pytest.mark.parametrize(
    ("activation", "shape"),
    [
        ("relu", (16, 13, 32, 48, (3, 3), 1, 1, "same", 1)),
        ("tanh", (16, 13, 32, 48, (3, 3), 1, 1, "same", 1)),
        ("relu", (6, 7, 48, 64, (3, 3), 1, 1, "same", 1)),
        ("relu", (9, 10, 48, 48, (5, 5), 1, 1, "same", 1)),
        ("tanh", (1, 700, 33, 48, (1, 5), 1, 1, "same", 1)),
        ("relu", (1, 90, 48, 50, (1, 3), 1, 1, "same", 1)),
        ("relu", (17, 16, 32, 70, (7, 7), 1, 1, "same", 1)),
        ("tanh", (20, 15, 48, 20, (9, 9), 1, 1, "valid", 1)),
        ("relu", (1, 300, 64, 64, (1, 11), 1, 1, "same", 1)),
    ],
)
def test_an_image_is_the_same_in_any_batch_and_on_any_number_of_threads(activation, shape):
    options = settings(shape)
    x, w, b = (a.astype("float32") for a in arrays(21, shape))
    forward = lambda x: kernels.conv2d_forward(x, w, b, activation=activation, **options)  # noqa: E731
    [(y,)] = same_on_threads(lambda: forward(x), counts=(2, 3))
    for count in (1, 2, 20):
        assert_same_bits([forward(x[:count])], [y[:count]], f"{count} images")
    [(dx, dw, db)] = same_on_threads(
        lambda: kernels.conv2d_backward(y, x, w, **options), counts=(2, 3, 7)
    )
    few = kernels.conv2d_backward(y[:1], x[:1], w, **options)[0]
    assert_same_bits([few], [dx[:1]], "an image's gradient")
    check_added(
        lambda a, c: kernels.conv2d_backward(y, x, w, dkernel=a, dbias=c, **options),
        [dw, db],
        y.size,
    )


@pytest.mark.parametrize(
    ("shape", "convolution", "pooling"),
    [
        ((12, 16, 16), layers.Conv2D(32, 3, padding="same"), layers.MaxPooling2D()),
        ((11, 13, 32), layers.Conv2D(48, 5, padding="same"), layers.MaxPooling2D(3, 2)),
        ((10, 10, 16), layers.Conv2D(32, 3, padding="same"), layers.MaxPooling2D()),
        ((8, 50, 16), layers.Conv2D(32, (1, 5)), layers.MaxPooling2D((2, 1))),
        ((16, 14, 32), layers.Conv2D(32, 7, padding="same"), layers.MaxPooling2D()),
        ((130, 16), layers.Conv1D(32, 5, padding="causal"), layers.MaxPooling1D()),
        ((66, 48), layers.Conv1D(50, 3, padding="same"), layers.MaxPooling1D(3)),
    ],
)
def test_pooling_that_is_taken_over_changes_no_bit(shape, convolution, pooling):
    def model(pooled):
        lamina.utils.set_random_seed(2)
        first = type(convolution).from_config({**convolution.get_config(), "activation": "relu"})
        apart = [] if pooled else [layers.Rescaling(1.0)]
        pool = type(pooling).from_config(pooling.get_config())
        stack = [layers.Input(shape), first, *apart, pool]
        return lamina.Sequential([*stack, layers.Flatten(), layers.Dense(3)])

    x = np.random.default_rng(0).normal(size=(20, *shape)).astype("float32")
    y = x.reshape(20, -1)[:, :3]
    fused, apart = model(True), model(False)
    apart.set_weights(fused.get_weights())
    assert_same_bits([fused.predict(x)], [apart.predict(x)], "predictions")
    for one in (fused, apart):
        one.compile("sgd", "mse")
        one.fit(x, y, batch_size=10, shuffle=False, verbose=0)
    assert_same_bits(fused.get_weights(), apart.get_weights(), "weights")


@pytest.mark.parametrize(
    "shape",
    [
        (12, 10, 24, 32, (3, 3), 1, 1, "same", 1),
        (12, 15, 24, 32, (7, 7), 1, 1, "same", 1),
        (1, 60, 24, 32, (1, 5), 1, 1, "same", 1),
    ],
)
def test_a_transposed_layer_goes_the_same_way_back(shape):
    x, w, _ = (a.astype("float32") for a in arrays(4, shape))
    dz = np.random.default_rng(1).normal(size=(4, *shape[:2], 32)).astype("float32")
    dx = kernels.conv2d_backward(dz, x, w, **settings(shape))[0]
    y = kernels.conv2d_transpose_forward(dz, w, padding="same")
    assert_same_bits([y], [dx], "transposed")
    back, dw, db = kernels.conv2d_transpose_backward(x, dz, w, padding="same")
    oracle = Oracle(shape[4], *shape[5:])
    want = oracle.forward(x.astype(float), w.astype(float))
    assert_close(back, want, w[..., 0].size, oracle.forward(np.abs(x), np.abs(w)))
    right = oracle.backward(dz.astype(float), x.astype(float), w.astype(float))[1]
    assert_close(dw, right, dz.size // 32, np.abs(right).max())
    assert_close(db, x.astype(float).sum(axis=(0, 1, 2)), x.size, np.abs(x).sum() / 24)
