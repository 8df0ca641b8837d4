"""Images read between their pixels: values, gradients, places far outside, bits."""

import numpy as np
import pytest

from lamina import _core
from moved import Moved, check, refused
from thread_proof import same_on_threads

RNG = np.random.default_rng(8)
PADDING = {"nearest": "edge", "wrap": "wrap", "mirror": "reflect", "reflect": "symmetric"}
FAR = 9  # how many times its size an image is continued


def one(image, rows, columns, interpolation, mode, fill):
    """Read an image that NumPy has padded."""
    margins = [(FAR * image.shape[0],) * 2, (FAR * image.shape[1],) * 2, (0, 0)]
    if mode == "constant":
        wide = np.pad(image, margins, constant_values=fill)
    else:
        wide = np.pad(image, margins, mode=PADDING[mode])
    rows, columns = rows + margins[0][0], columns + margins[1][0]
    if interpolation == "nearest":  # halves away from the image's first pixel
        r, c = (
            (m + np.sign(p - m) * np.floor(abs(p - m) + 0.5)).astype(int)
            for p, (m, _) in ((rows, margins[0]), (columns, margins[1]))
        )
        return wide[r, c]
    r, c = np.floor(rows).astype(int), np.floor(columns).astype(int)
    down, across = (rows - r)[..., None], (columns - c)[..., None]
    top = (1 - across) * wide[r, c] + across * wide[r, c + 1]
    bottom = (1 - across) * wide[r + 1, c] + across * wide[r + 1, c + 1]
    return (1 - down) * top + down * bottom


def warped(images, rows, columns, *how):
    n = max(len(images), len(rows))
    images, rows, columns = (np.broadcast_to(a, (n, *a.shape[1:])) for a in (images, rows, columns))
    return np.stack([one(*each, *how) for each in zip(images, rows, columns, strict=True)])


def places(n, size, to, spread):
    """Return places, some of them outside, some whole numbers and halves."""
    found = RNG.uniform(-spread, size - 1 + spread, (n, *to))
    found.flat[::5] = np.round(found.flat[::5])
    found.flat[1::5] = np.round(found.flat[1::5]) + 0.5
    return found


def op(*how):
    return lambda g, x, r, c: g.warp(x, r, c, *how)


SIZES = [((1, 1), 3, (2, 3)), ((5, 4), 1, (4, 70)), ((3, 1), 4, (3, 5)), ((6, 7), 3, (6, 7)),
         ((4, 5), 5, (1, 1)), ((8, 9), 2, (8, 9))]  # fmt: skip


@pytest.mark.parametrize("size", range(len(SIZES)))
@pytest.mark.parametrize("mode", ["constant", *PADDING])
def test_values_and_slopes_are_numpys(mode, size):
    how, near = ("bilinear", mode, 0.7), 1e-13
    (height, width), channels, to = SIZES[size]
    x = RNG.normal(size=(3, height, width, channels))
    r, c = (places(3, n, to, min(n, 6)) for n in (height, width))
    # Away from the kinks, for finite differences.
    r, c = (np.where(abs(p - np.round(p)) < 1e-3, p + 0.01, p) for p in (r, c))
    read = lambda x, r, c: warped(x, r, c, *how)  # noqa: E731
    check(op(*how), read, rows=[x, r, c], near=near)
    check(op(*how), read, whole=[x, r, c], near=near)
    check(op(*how), read, whole=[x[:1], r, c], near=near)
    check(op(*how), read, whole=[x, r[:1], c[:1]], near=near)
    check(
        op(*how), lambda x, r, c: read(x, r[None], c[None]), rows=[x], whole=[r[0], c[0]], near=near
    )
    check(
        lambda g, r, c, x: g.warp(x, r, c, *how), lambda r, c, x: read(x[None], r, c),
        rows=[r, c], whole=[x[0]], near=near,
    )  # fmt: skip
    single = [a.astype("float32") for a in (x, r, c)]
    (y, *_) = Moved(op(*how), rows=single).values()
    np.testing.assert_allclose(y, read(*(a.astype(float) for a in single)), atol=4e-5)


@pytest.mark.parametrize("size", range(len(SIZES)))
@pytest.mark.parametrize("mode", ["constant", *PADDING])
def test_nearest_pixels_are_numpys(mode, size):
    how = ("nearest", mode, 0.7)
    (height, width), channels, to = SIZES[size]
    x = RNG.normal(size=(3, height, width, channels))
    r, c = (places(3, n, to, min(n, 6)) for n in (height, width))
    for dtype in ("float64", "float32"):
        given = [a.astype(dtype) for a in (x, r, c)]
        (y, *_) = Moved(op(*how), rows=given).values()
        np.testing.assert_array_equal(y, warped(*given, *how))
    check(
        lambda g, x: op(*how)(g, x, g.constant(r[0]), g.constant(c[0])),
        lambda x: warped(x, r[:1], c[:1], *how), rows=[x],
    )  # fmt: skip


@pytest.mark.parametrize("mode", ["constant", *PADDING])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_far_places_read_the_image_or_the_fill(interpolation, mode, dtype):
    x = np.arange(2.0, 14.0, dtype=dtype).reshape(1, 3, 4, 1)
    far = np.array([1e9, -1e9, 3e18, -1e30, np.finfo(dtype).max, -np.finfo(dtype).max], dtype)
    r, c = (a.reshape(1, 6, 6) for a in np.meshgrid(far, far))
    net = Moved(op(interpolation, mode, 0.7), whole=[x, r, c])
    y = net.values()[0]
    assert ((y == np.array(0.7, dtype)) if mode == "constant" else (y >= 2) & (y <= 13)).all()
    if interpolation == "bilinear":
        net.gradients()


def test_places_that_are_no_numbers_give_none():
    x, wrong = np.ones((1, 3, 4, 2)), np.array([[[np.nan, np.inf, -np.inf, 1.0]]])
    for interpolation in ("nearest", "bilinear"):
        net = Moved(op(interpolation, "reflect", 0.0), whole=[x, wrong, np.ones_like(wrong)])
        assert np.isnan(net.values()[0][..., :3, :]).all()
        np.testing.assert_array_equal(net.values()[0][..., 3, :], 1.0)
        if interpolation == "bilinear":
            net.gradients()


def test_shapes_are_checked():
    graph = _core.Graph("float32")
    x, r = graph.input((3, 4, 1), "x"), graph.input((2, 2), "r")
    table = graph.constant(np.zeros((2, 3, 4, 1), "float32"))
    fixed = graph.constant(np.zeros((3, 2, 2), "float32"))
    how = ("bilinear", "constant", 0.0)
    for call, text in [
        (lambda: graph.warp(x, x, x, *how), "warp: needs images (height, width, channels) and"),
        (lambda: graph.warp(table, fixed, fixed, *how), "warp: needs images (height, width, ch"),
        (lambda: graph.warp(table, r, r, *how), "warp: needs images (height, width, channels)"),
        (lambda: graph.warp(x, r, fixed, *how), "warp: all inputs need an axis of rows"),
        (lambda: graph.warp(x, r, r, "cubic", "wrap", 0.0), "warp: interpolation must be one of"),
        (lambda: graph.warp(x, r, r, "nearest", "x", 0.0), "warp: fill_mode must be one of 'con"),
    ]:
        assert refused(call).startswith(text)


def test_bits_do_not_depend_on_threads():
    x = RNG.normal(size=(6, 60, 64, 3)).astype("float32")
    r, c = (places(6, n, (60, 64), 5).astype("float32") for n in (60, 64))
    how = op("bilinear", "reflect", 0.0)
    nets = [Moved(how, rows=[x, r, c]), Moved(how, whole=[x, r[:1], c[:1]]),
            Moved(how, whole=[x[:1], r, c])]  # fmt: skip
    same_on_threads(*[net.all for net in nets], what="warp", counts=(2, 3, 4))
