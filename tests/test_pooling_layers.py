"""Pooling layers against plain NumPy, with the checks for all layers."""

import numpy as np
import pytest

from lamina import layers
from lamina.layers import AveragePooling2D, GlobalMaxPooling2D, MaxPooling2D
from layer_harness import check_layer


def pool2d(x, pool, strides, padding, reduce):
    """Return ``reduce`` of every window's cells of the image."""
    sizes, places = x.shape[1:3], []
    for size, window, stride in zip(sizes, pool, strides, strict=True):
        before, count = 0, (size - window) // stride + 1
        if padding == "same":
            count = -(-size // stride)
            before = max((count - 1) * stride + window - size, 0) // 2
        starts = [i * stride - before for i in range(count)]
        places.append([slice(max(s, 0), min(s + window, size)) for s in starts])
    return np.stack(
        [np.stack([reduce(x[:, r, c], axis=(1, 2)) for c in places[1]], 1) for r in places[0]], 1
    )


REDUCE = {"Max": np.max, "Average": np.mean}
WINDOWS = [
    ((2, 2), (2, 2), "valid"),
    ((3, 2), (2, 1), "same"),
    ((2, 3), (3, 3), "valid"),
    ((3, 3), (1, 2), "same"),
]


@pytest.mark.parametrize(("pool", "strides", "padding"), WINDOWS)
@pytest.mark.parametrize("kind", REDUCE)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pooling2d(kind, pool, strides, padding, dtype):
    check_layer(
        lambda **base: getattr(layers, f"{kind}Pooling2D")(pool, strides, padding, **base),
        (7, 6, 5),
        lambda x: pool2d(x, pool, strides, padding, REDUCE[kind]),
        dtype=dtype,
        reduction=pool[0] * pool[1],
        magnitude=4.0,
        many_rows=3000,
        refused=[
            (np.zeros((3, 7, 6)), ValueError, "needs 4 axes (batch, height, width, channels)")
        ],
    )


@pytest.mark.parametrize(("pool", "strides", "padding"), [(2, None, "valid"), (3, 2, "same")])
@pytest.mark.parametrize("kind", REDUCE)
def test_pooling1d(kind, pool, strides, padding):
    check_layer(
        lambda **base: getattr(layers, f"{kind}Pooling1D")(pool, strides, padding, **base),
        (9, 5),
        lambda x: pool2d(x[:, None], (1, pool), (1, strides or pool), padding, REDUCE[kind])[:, 0],
        dtype="float64",
        reduction=pool,
        magnitude=4.0,
        many_rows=9000,
        refused=[(np.zeros((3, 7)), ValueError, "needs 3 axes (batch, steps, channels)")],
    )


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize("kind", REDUCE)
def test_global_pooling(kind, axes, keepdims):
    check_layer(
        lambda **base: getattr(layers, f"Global{kind}Pooling{axes}D")(keepdims=keepdims, **base),
        (5, 4, 3)[-axes - 1 :],
        lambda x: REDUCE[kind](x, axis=(1, 2)[:axes], keepdims=keepdims),
        dtype="float64",
        reduction=20,
        magnitude=4.0,
        many_rows=40_000,
        refused=[(np.zeros((3, 7)), ValueError, "axes (batch, ")],
    )


def test_large_windows_keep_wide_indices():
    x = np.random.default_rng(4).normal(size=(2, 20, 20, 3))
    layer = GlobalMaxPooling2D(dtype="float64")
    np.testing.assert_array_equal(layer(x), x.max(axis=(1, 2)))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"pool_size": 0}, "MaxPooling2D: pool_size must lie in [1, "),
        ({"pool_size": 70000}, "MaxPooling2D: pool_size must span at most 2147483647 cells"),
        ({"strides": 0}, "MaxPooling2D: strides must lie in [1, "),
        ({"padding": "causal"}, "MaxPooling2D: padding must be one of 'valid', 'same'"),
        ({"data_format": "first"}, "data_format must be 'channels_last' or 'channels_first'"),
    ],
)
def test_refused_arguments(arguments, text):
    with pytest.raises(ValueError, match="MaxPooling2D") as caught:
        MaxPooling2D(**arguments)
    assert text in str(caught.value)


def test_refused_windows():
    with pytest.raises(ValueError, match=r"average_pooling2d: pool_size spans .* more than the"):
        AveragePooling2D(5)(np.zeros((1, 4, 9, 1)))
