"""The pooling kernels."""

import numpy as np
import pytest

from harness import DTYPES, assert_same_bits, check_kernel
from lamina import kernels
from thread_proof import same_on_threads

# height, width, channels, pool, strides, padding ((top, bottom), (left, right))
SHAPES = {
    "lecture": (8, 6, 5, (2, 2), (2, 2), ((0, 0), (0, 0))),
    "rest": (7, 9, 17, (2, 2), (2, 2), ((0, 0), (0, 0))),
    "same": (7, 5, 33, (2, 2), (2, 2), ((0, 1), (0, 1))),
    "overlap": (9, 8, 4, (3, 3), (2, 2), ((1, 1), (0, 1))),
    "dense": (5, 6, 3, (3, 2), (1, 1), ((1, 1), (0, 1))),
    "gaps": (10, 9, 16, (2, 1), (3, 2), ((0, 0), (0, 0))),
    "global": (17, 16, 6, (17, 16), (17, 16), ((0, 0), (0, 0))),
    "one channel": (7, 41, 1, (2, 2), (2, 2), ((0, 1), (0, 1))),
    "one channel, overlap": (9, 30, 1, (3, 4), (2, 1), ((1, 1), (1, 2))),
    "two channels": (6, 37, 2, (2, 3), (3, 4), ((0, 0), (1, 0))),
    "one": (1, 1, 1, (1, 1), (1, 1), ((0, 0), (0, 0))),
}


def windows(shape):
    """Yield (output row, column, slices of the image, place of the first cell)."""
    height, width, _, (ph, pw), (sh, sw), ((top, bottom), (left, right)) = shape
    for i in range((height + top + bottom - ph) // sh + 1):
        for j in range((width + left + right - pw) // sw + 1):
            y, x = i * sh - top, j * sw - left
            rows = slice(max(y, 0), min(y + ph, height))
            cols = slice(max(x, 0), min(x + pw, width))
            yield i, j, (slice(None), rows, cols), (rows.start - y) * pw + cols.start - x


def pooled(shape, x, reduce):
    out = {(i, j): reduce(x[at]) for i, j, at, _ in windows(shape)}
    rows, cols = (1 + max(k) for k in zip(*out, strict=True))
    return np.stack(
        [np.stack([out[i, j] for j in range(cols)], axis=1) for i in range(rows)], axis=1
    )


def winners(shape, x):
    """Return where each window's first maximum lies in the window."""
    pool_w = shape[3][1]
    index = np.empty_like(pooled(shape, x, lambda w: w[:, 0, 0]), dtype=int)
    for i, j, at, first in windows(shape):
        cells = x[at]
        flat = np.argmax(cells.reshape(len(x), -1, x.shape[-1]), axis=1)
        rows, cols = np.divmod(flat, cells.shape[2])
        index[:, i, j] = first + rows * pool_w + cols
    return index


def spread(shape, dy, x):
    dx = np.zeros_like(x)
    index = winners(shape, x)
    for i, j, at, first in windows(shape):
        part = dx[at]
        for r in range(part.shape[1]):
            for c in range(part.shape[2]):
                part[:, r, c] += dy[:, i, j] * (index[:, i, j] == first + r * shape[3][1] + c)
    return dx


def share(shape, dy):
    dx = np.zeros((len(dy), *shape[:3]))
    for i, j, at, _ in windows(shape):
        part = dx[at]
        part += dy[:, None, None, i, j] / (part.shape[1] * part.shape[2])
    return dx


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", sorted(SHAPES))
@pytest.mark.parametrize("rows", [1, 5])
def test_maximum(name, rows, dtype):
    shape = SHAPES[name]
    x = np.random.default_rng(8).normal(size=(rows, *shape[:3]))
    check_kernel(
        lambda a: kernels.max_pool2d_forward(a, *shape[3:])[0],
        lambda a: pooled(shape, a, lambda w: w.max(axis=(1, 2))),
        [x],
        dtype,
        backward=lambda dy, a: kernels.max_pool2d_backward(
            dy, kernels.max_pool2d_forward(a, *shape[3:])[1], a.shape, *shape[3:]
        ),
        oracle_backward=lambda dy, a: spread(shape, dy, a),
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", sorted(SHAPES))
def test_the_first_maximum_wins(name, dtype):
    shape = SHAPES[name]
    x = np.random.default_rng(9).integers(0, 3, size=(3, *shape[:3])).astype(dtype)
    _, index = kernels.max_pool2d_forward(x, *shape[3:])
    assert index.dtype == ("int32" if name == "global" else "uint8")
    np.testing.assert_array_equal(index, winners(shape, x))


@pytest.mark.parametrize("dtype", DTYPES)
def test_nan_is_the_maximum(dtype):
    x = np.array([1.0, np.nan, 5.0, np.nan, 2.0, -np.inf], dtype).reshape(1, 6, 1)
    y, index = kernels.max_pool1d_forward(x, 3)
    np.testing.assert_array_equal(y.ravel(), [np.nan, np.nan])
    np.testing.assert_array_equal(index.ravel(), [1, 0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", sorted(SHAPES))
@pytest.mark.parametrize("rows", [1, 5])
def test_average(name, rows, dtype):
    shape = SHAPES[name]
    x = np.random.default_rng(8).normal(size=(rows, *shape[:3]))
    check_kernel(
        lambda a: kernels.average_pool2d_forward(a, *shape[3:]),
        lambda a: pooled(shape, a, lambda w: w.mean(axis=(1, 2))),
        [x],
        dtype,
        backward=lambda dy, a: kernels.average_pool2d_backward(dy, a.shape, *shape[3:]),
        oracle_backward=lambda dy, a: share(shape, dy),
        magnitude=lambda a: pooled(shape, np.abs(a), lambda w: w.mean(axis=(1, 2))),
        reduction=shape[3][0] * shape[3][1],
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [1, 2, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 5])
def test_few_channels_have_the_bits_that_they_have_among_many(stride, channels, dtype):
    rng = np.random.default_rng(4)
    many = rng.normal(size=(3, 8, 33, 19)).astype(dtype)
    many[rng.random(many.shape) < 0.02] = np.nan
    few = np.ascontiguousarray(many[..., :channels])
    window = (3, 4), stride, "same"

    def pooled_and_back(x):
        y, index = kernels.max_pool2d_forward(x, *window)
        mean = kernels.average_pool2d_forward(x, *window)
        dy = np.ascontiguousarray(slopes[..., : x.shape[-1]])
        back = kernels.max_pool2d_backward(dy, index, x.shape, *window)
        return y, index, mean, back, kernels.average_pool2d_backward(dy, x.shape, *window)

    slopes = rng.normal(size=kernels.average_pool2d_forward(many, *window).shape).astype(dtype)
    whole = [np.ascontiguousarray(part[..., :channels]) for part in pooled_and_back(many)]
    assert_same_bits(pooled_and_back(few), whole, "few")


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_signals_are_images_of_height_one(padding):
    x = np.random.default_rng(1).normal(size=(2, 11, 5))
    y, index = kernels.max_pool1d_forward(x, 3, 2, padding)
    image, places = kernels.max_pool2d_forward(x[:, None], (1, 3), (1, 2), padding)
    assert_same_bits([y, index], [image[:, 0], places[:, 0]], padding)
    dx = kernels.max_pool1d_backward(y, index, x.shape, 3, 2, padding)
    same = kernels.max_pool2d_backward(image, places, (2, 1, 11, 5), (1, 3), (1, 2), padding)
    assert_same_bits([dx], [same[:, 0]], padding)
    mean = kernels.average_pool1d_forward(x, 3, 2, padding)
    image = kernels.average_pool2d_forward(x[:, None], (1, 3), (1, 2), padding)
    assert_same_bits([mean], [image[:, 0]], padding)
    dx = kernels.average_pool1d_backward(mean, x.shape, 3, 2, padding)
    same = kernels.average_pool2d_backward(image, (2, 1, 11, 5), (1, 3), (1, 2), padding)
    assert_same_bits([dx], [same[:, 0]], padding)


def test_empty_batch():
    y, index = kernels.max_pool2d_forward(np.ones((0, 4, 4, 2)), 2)
    assert y.shape == index.shape == (0, 2, 2, 2)
    assert kernels.max_pool2d_backward(y, index, (0, 4, 4, 2), 2).shape == (0, 4, 4, 2)
    assert kernels.average_pool2d_forward(np.ones((0, 4, 4, 2)), 2).shape == (0, 2, 2, 2)


def test_many_images_on_threads():
    x = np.random.default_rng(2).normal(size=(40, 26, 26, 33)).astype("float32")
    y, index = kernels.max_pool2d_forward(x, 3, 2)
    same_on_threads(
        lambda: kernels.max_pool2d_forward(x, 3, 2),
        lambda: kernels.max_pool2d_backward(y, index, x.shape, 3, 2),
        lambda: kernels.average_pool2d_forward(x, 3, 2),
        lambda: kernels.average_pool2d_backward(y, x.shape, 3, 2),
    )


def test_refused():
    x = np.ones((2, 5, 5, 3))
    with pytest.raises(ValueError, match=r"max_pool2d_forward: pool_size must fit .*; got 6 x 6"):
        kernels.max_pool2d_forward(x, 6)
    with pytest.raises(ValueError, match=r"pool_size must lie in \[1, 2147483647\]; got 0"):
        kernels.average_pool2d_forward(x, 0)
    with pytest.raises(ValueError, match=r"span at most 2147483647 cells; got \(65536, 32768\)"):
        kernels.max_pool2d_forward(x, (65536, 32768), 1, "same")  # winners are kept as int32
    with pytest.raises(ValueError, match="padding must be smaller than the pool size; got 2, 2, 0"):
        kernels.max_pool2d_forward(x, 2, padding=((2, 2), (0, 0)))
    with pytest.raises(ValueError, match=r"padding must be 'valid', 'same' or .*; got 'causal'"):
        kernels.max_pool1d_forward(x[0], 2, padding="causal")
    with pytest.raises(ValueError, match="x must have 4 axes"):
        kernels.max_pool2d_forward(np.ones((5, 5, 3)), 2)
    y, index = kernels.max_pool2d_forward(x, 2)
    with pytest.raises(ValueError, match=r"dy must have shape of the output = \(2, 2, 2, 3\)"):
        kernels.max_pool2d_backward(np.ones((2, 3, 3, 3)), index, x.shape, 2)
    with pytest.raises(ValueError, match=r"index must lie in \[0, 4\)"):
        kernels.max_pool2d_backward(y, index + 4, x.shape, 2)
