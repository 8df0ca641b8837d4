"""The convolution kernels."""

import numpy as np
import pytest

import golden
from harness import DTYPES, assert_close, assert_same_bits, check_added, check_kernel
from kernels.test_activations import LAWS
from lamina import kernels
from thread_proof import same_on_threads

# height, width, channels, filters, kernel, strides, dilation, padding, groups
SHAPES = {
    "one": (1, 1, 1, 1, (1, 1), 1, 1, "valid", 1),
    "valid": (5, 6, 1, 3, (3, 3), 1, 1, "valid", 1),
    "same": (6, 5, 4, 8, (3, 3), 1, 1, "same", 1),
    "even kernel": (6, 5, 3, 5, (2, 4), 1, 1, "same", 1),
    "strides": (9, 8, 5, 6, (3, 2), (2, 3), 1, "same", 1),
    "stride beyond kernel": (7, 8, 4, 5, (2, 1), 3, 1, "valid", 1),
    "dilation": (9, 10, 3, 4, (3, 2), 1, (2, 3), "same", 1),
    "dilated strides": (12, 11, 5, 4, (3, 3), (2, 4), (2, 3), ((2, 3), (1, 4)), 1),
    "padding beyond kernel": (4, 3, 2, 3, (2, 2), 1, 1, 3, 1),
    "kernel beyond image": (3, 2, 6, 5, (5, 5), 1, 1, "same", 1),
    "few channels, padded": (7, 6, 3, 17, (5, 3), 1, 1, ((2, 1), (0, 2)), 1),
    "pointwise": (5, 4, 17, 33, (1, 1), 1, 1, "valid", 1),
    "pointwise strides": (5, 4, 8, 3, (1, 1), 2, 1, "valid", 1),
    "groups": (6, 5, 8, 12, (3, 3), 1, 1, "same", 4),
    "groups of one channel": (6, 5, 3, 6, (3, 3), 1, 1, "same", 3),
    "depthwise": (6, 7, 21, 21, (3, 3), 1, 1, "same", 21),
    "depthwise strides": (7, 6, 34, 34, (3, 2), 2, 1, ((0, 1), (1, 0)), 34),
    "depthwise, long rows": (4, 17, 40, 40, (3, 3), 1, 1, "same", 40),
    "depthwise, spread": (12, 11, 19, 19, (3, 3), (2, 1), (2, 3), ((2, 3), (1, 4)), 19),
    "groups of four": (5, 10, 32, 32, (3, 3), 1, 1, "same", 8),
    "groups of eight, strides": (7, 8, 32, 32, (3, 2), 2, 1, ((1, 1), (0, 1)), 4),
    "wide": (4, 4, 48, 70, (3, 3), 1, 1, "same", 1),
    "many channels": (3, 2, 200, 19, (2, 1), 1, 1, "same", 1),
    "full vectors": (4, 5, 16, 64, (3, 3), 1, 1, "valid", 1),
}


def pads(height, width, kernel, strides, dilation, padding):
    if padding == "valid":
        return (0, 0), (0, 0)
    if isinstance(padding, int):
        return (padding, padding), (padding, padding)
    if padding != "same":
        return padding
    cells = []
    for size, taps, stride, spread in zip((height, width), kernel, strides, dilation, strict=True):
        out = -(-size // stride)
        total = max((out - 1) * stride + (taps - 1) * spread + 1 - size, 0)
        cells.append((total // 2, total - total // 2))
    return tuple(cells)


class Oracle:
    """Convolution by its definition, one tap at a time."""

    def __init__(self, kernel, strides, dilation, padding, groups):
        def pair(v):
            return (v, v) if isinstance(v, int) else v

        self.kernel, self.strides, self.dilation = kernel, pair(strides), pair(dilation)
        self.padding, self.groups = padding, groups

    def taps(self, x_shape):
        """Yield (kernel row, kernel column, slice of the padded image) for each tap."""
        height, width = x_shape[1:3]
        (t, b), (left, r) = pads(
            height, width, self.kernel, self.strides, self.dilation, self.padding
        )
        (kh, kw), (sh, sw), (dh, dw) = self.kernel, self.strides, self.dilation
        oh = (height + t + b - (kh - 1) * dh - 1) // sh + 1
        ow = (width + left + r - (kw - 1) * dw - 1) // sw + 1
        self.out = oh, ow
        self.pad = (0, 0), (t, b), (left, r), (0, 0)
        for i in range(kh):
            for j in range(kw):
                rows = slice(i * dh, i * dh + (oh - 1) * sh + 1, sh)
                cols = slice(j * dw, j * dw + (ow - 1) * sw + 1, sw)
                yield i, j, (slice(None), rows, cols)

    def split(self, a):
        return np.split(a, self.groups, axis=-1)

    def forward(self, x, w, b=None):
        parts = []
        for xg, wg in zip(self.split(x), self.split(w), strict=True):
            taps = list(self.taps(x.shape))
            padded = np.pad(xg, self.pad)
            parts.append(sum(padded[at] @ wg[i, j] for i, j, at in taps))
        y = np.concatenate(parts, axis=-1)
        return y if b is None else y + b

    def backward(self, dz, x, w, b=None):
        dx, dw = [], []
        for xg, wg, dzg in zip(self.split(x), self.split(w), self.split(dz), strict=True):
            taps = list(self.taps(x.shape))
            padded = np.pad(xg, self.pad)
            dpadded, dwg = np.zeros_like(padded), np.zeros_like(wg)
            for i, j, at in taps:
                dpadded[at] += dzg @ wg[i, j].T
                dwg[i, j] = np.einsum("nhwc,nhwf->cf", padded[at], dzg)
            inside = tuple(
                slice(before, size - after)
                for (before, after), size in zip(self.pad, padded.shape, strict=True)
            )
            dx.append(dpadded[inside])
            dw.append(dwg)
        return np.concatenate(dx, -1), np.concatenate(dw, -1), dz.sum(axis=(0, 1, 2))


def arrays(rows, shape, seed=5):
    height, width, channels, filters, kernel, *_, groups = shape
    rng = np.random.default_rng(seed)
    w = rng.normal(size=(*kernel, channels // groups, filters))
    w /= np.sqrt(w[..., 0].size)
    return [rng.normal(size=(rows, height, width, channels)), w, rng.normal(size=filters)]


def settings(shape):
    return dict(zip(("strides", "dilation", "padding", "groups"), shape[5:], strict=True))


def magnitudes(dz, oracle, x, w, b):
    return oracle.backward(*(np.abs(a) for a in (dz, x, w)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", sorted(SHAPES))
@pytest.mark.parametrize("rows", [0, 3])
def test_shapes(name, rows, dtype):
    shape = SHAPES[name]
    options, oracle = settings(shape), Oracle(shape[4], *shape[5:])
    check_kernel(
        lambda x, w, b: kernels.conv2d_forward(x, w, b, **options),
        oracle.forward,
        arrays(rows, shape),
        dtype,
        backward=lambda dz, x, w, b: kernels.conv2d_backward(dz, x, w, **options),
        differentiable=(0, 1, 2),
        oracle_backward=oracle.backward,
        magnitude=lambda x, w, b: oracle.forward(np.abs(x), np.abs(w), np.abs(b)),
        backward_magnitude=lambda dz, x, w, b: magnitudes(dz, oracle, x, w, b),
        reduction=arrays(1, shape)[1][..., 0].size + 1,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["same", "dilated strides", "stride beyond kernel", "depthwise"])
def test_transposed_is_the_input_gradient(name, dtype):
    shape = SHAPES[name]
    options, oracle = settings(shape), Oracle(shape[4], *shape[5:])
    x, w, _ = (a.astype(dtype) for a in arrays(3, shape))
    dz = np.random.default_rng(1).normal(size=oracle.forward(x, w).shape).astype(dtype)
    dx, dw, _ = kernels.conv2d_backward(dz, x, w, **options)
    # The transposed layer has the image's size only if no cell at its end is left over.
    (t, b), (left, r) = pads(*shape[:2], shape[4], oracle.strides, oracle.dilation, shape[7])
    sizes = zip(dz.shape[1:3], oracle.strides, shape[4], oracle.dilation, strict=True)
    full = [(n - 1) * s + (k - 1) * d + 1 for n, s, k, d in sizes]
    height, width = full[0] - t - b, full[1] - left - r
    explicit = {**options, "padding": ((t, b), (left, r))}
    y = kernels.conv2d_transpose_forward(dz, w, **explicit)
    assert y.shape[1:3] == (height, width)
    assert_same_bits([y], [np.ascontiguousarray(dx[:, :height, :width])], name)
    if x.shape[1:3] != (height, width):
        return
    back, dkernel, dbias = kernels.conv2d_transpose_backward(x, dz, w, **explicit)
    assert_close(back, oracle.forward(x.astype(float), w.astype(float)), w.size, 3.0)
    assert_close(dkernel, dw.astype(float), dz.size, np.abs(dw).max())
    assert_close(dbias, x.astype(float).sum(axis=(0, 1, 2)), x.size, np.abs(x).sum() / 9)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("padding", ["valid", "same", 1])
@pytest.mark.parametrize(("size", "stride"), [(3, 2), (2, 3), (4, 1)])
def test_transposed_gradients(size, stride, padding, dtype):
    rng = np.random.default_rng(6)
    options = {"strides": stride, "padding": padding}

    def spread(x, w, b):
        full = np.zeros((len(x), 40, 40, w.shape[2]), x.dtype)
        for i in range(size):
            for j in range(size):
                rows, cols = ((n - 1) * stride + 1 for n in x.shape[1:3])
                full[:, i : i + rows : stride, j : j + cols : stride] += x @ w[i, j].T
        out = [n * stride + max(size - stride, 0) for n in x.shape[1:3]]
        cut = 0
        if padding == "same":
            out = [n * stride for n in x.shape[1:3]]
            cut = max((x.shape[1] - 1) * stride + size - out[0], 0) // 2
        elif padding == 1:
            out = [(n - 1) * stride + size - 2 for n in x.shape[1:3]]
            cut = 1
        return full[:, cut : cut + out[0], cut : cut + out[1]] + b

    check_kernel(
        lambda x, w, b: kernels.conv2d_transpose_forward(x, w, b, **options),
        spread,
        [rng.normal(size=(2, 4, 5, 6)), rng.normal(size=(size, size, 3, 6)), rng.normal(size=3)],
        dtype,
        backward=lambda dz, x, w, b: kernels.conv2d_transpose_backward(dz, x, w, **options),
        differentiable=(0, 1, 2),
        magnitude=lambda x, w, b: spread(np.abs(x), np.abs(w), np.abs(b)),
        reduction=6 * size * size + 1,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("padding", ["valid", "same", "causal", (2, 0)])
def test_signals_are_images_of_height_one(padding, dtype):
    rng = np.random.default_rng(7)
    x, w = rng.normal(size=(3, 20, 5)).astype(dtype), rng.normal(size=(3, 5, 6)).astype(dtype)
    before_after = {"causal": (4, 0), "valid": (0, 0), "same": (2, 2)}.get(padding, padding)
    options = {"strides": (1, 1), "dilation": (1, 2), "padding": ((0, 0), before_after)}
    y = kernels.conv1d_forward(x, w, padding=padding, dilation=2)
    image = kernels.conv2d_forward(x[:, None], w[None], **options)
    assert_same_bits([y], [image[:, 0]], padding)
    dz = rng.normal(size=y.shape).astype(dtype)
    got = kernels.conv1d_backward(dz, x, w, padding=padding, dilation=2)
    dx, dw, db = kernels.conv2d_backward(dz[:, None], x[:, None], w[None], **options)
    assert_same_bits(got, [dx[:, 0], dw[0], db], padding)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", sorted(LAWS))
def test_fused_activation_is_the_separate_one(activation, dtype):
    for name in ("same", "depthwise", "padding beyond kernel"):
        x, w, b = (a.astype(dtype) for a in arrays(2, SHAPES[name]))
        options = settings(SHAPES[name])
        z = kernels.conv2d_forward(x, w, b, **options)
        fused = kernels.conv2d_forward(x, w, b, activation=activation, **options)
        assert_same_bits([fused], [kernels.activation_forward(z, activation)], activation)


@pytest.mark.parametrize("name", ["same", "wide", "few channels, padded", "depthwise strides"])
def test_images_do_not_depend_on_the_batch(name):
    x, w, b = (a.astype("float32") for a in arrays(70, SHAPES[name]))
    options = settings(SHAPES[name])
    whole = kernels.conv2d_forward(x, w, b, **options)
    dx = kernels.conv2d_backward(whole, x, w, **options)[0]
    for count in (1, 2, 17, 69):
        some = kernels.conv2d_forward(x[:count], w, b, **options)
        slope = kernels.conv2d_backward(some, x[:count], w, **options)[0]
        assert_same_bits([some, slope], [whole[:count], dx[:count]], f"{count} images")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["same", "valid", "groups", "depthwise"])
def test_gradients_accumulate(name, dtype):
    x, w, _ = (a.astype(dtype) for a in arrays(3, SHAPES[name]))
    options = settings(SHAPES[name])
    dz = kernels.conv2d_forward(x, w, **options)
    _, dw, db = kernels.conv2d_backward(dz, x, w, **options)
    check_added(
        lambda a, c: kernels.conv2d_backward(dz, x, w, dkernel=a, dbias=c, **options),
        [dw, db],
        dz.size,
    )


@pytest.mark.parametrize(
    "shape",
    [
        (28, 28, 1, 32, (3, 3), 1, 1, "valid", 1),
        (16, 16, 32, 64, (3, 3), 1, 1, "same", 1),
        (70, 40, 8, 16, (3, 3), (2, 1), 1, "same", 1),
        (3, 3, 128, 256, (3, 3), 1, 1, "same", 1),
        (20, 20, 40, 40, (3, 3), 1, 1, "same", 40),
    ],
)
def test_many_images_on_threads(shape):
    x, w, b = (a.astype(np.float32) for a in arrays(19, shape))
    options, oracle = settings(shape), Oracle(shape[4], *shape[5:])
    y = kernels.conv2d_forward(x, w, b, activation="relu", **options)
    _, alone = same_on_threads(
        lambda: kernels.conv2d_forward(x, w, b, activation="relu", **options),
        lambda: kernels.conv2d_backward(y, x, w, **options),
    )
    exact = [a.astype(float) for a in (x, w, b)]
    sizes = magnitudes(y.astype(float), oracle, *exact)
    wants = oracle.backward(y.astype(float), *exact)
    for want, got, size in zip(wants, alone, sizes, strict=True):
        assert_close(got, want, y.size // shape[3], size)


# Few filters, or few channels in the backward: vectors hold several images if these fill them.
FEW = {
    "LeNet's first": (28, 28, 1, 6, (5, 5), 1, 1, "same", 1),
    "LeNet's second": (14, 14, 6, 16, (5, 5), 1, 1, "valid", 1),
    "one and one": (9, 7, 1, 1, (3, 2), 1, 1, 1, 1),
    "spread": (13, 12, 3, 5, (3, 2), (2, 1), (1, 2), ((1, 2), (0, 3)), 1),
    "far apart": (9, 11, 2, 11, (2, 2), 3, 1, "valid", 1),
    "beyond the image": (3, 4, 2, 7, (5, 7), 1, 1, "same", 1),
    "groups": (8, 7, 6, 10, (3, 3), 1, 1, "same", 2),
    "a signal": (40, 1, 3, 9, (5, 1), 1, 1, ((4, 0), (0, 0)), 1),
    "a long sum": (6, 6, 60, 5, (3, 3), 1, 1, "same", 1),
    "bands of rows": (110, 120, 6, 8, (3, 3), 1, 1, "same", 1),
    "bands of rows, strides": (140, 90, 3, 16, (5, 3), (2, 3), 1, "same", 1),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", sorted(FEW))
def test_few_filters(name, dtype):
    shape = FEW[name]
    options, oracle = settings(shape), Oracle(shape[4], *shape[5:])
    rows = 13 if "bands" in name else 37
    x, w, b = (a.astype(dtype) for a in arrays(rows, shape))
    y = kernels.conv2d_forward(x, w, b, **options)
    exact = [a.astype(float) for a in (x, w, b)]
    reach = oracle.forward(*(np.abs(a) for a in exact))
    assert_close(y, oracle.forward(*exact), w[..., 0].size + 1, reach)
    dx = kernels.conv2d_backward(y, x, w, **options)[0]
    # Whole units of images, and remainders of every kind.
    for count in (1, 3, rows) if "bands" in name else (1, 3, 4, 5, 16, 20, rows):
        some, of_x = y[:count], x[:count]
        ahead = kernels.conv2d_forward(of_x, w, b, **options)
        back = kernels.conv2d_backward(some, of_x, w, **options)
        assert_same_bits([ahead, back[0]], [some, dx[:count]], f"{count} images")
        if count not in (5, rows):
            continue
        exact = [a.astype(float) for a in (some, of_x, w)]
        sizes = magnitudes(exact[0], oracle, *exact[1:], None)
        for want, got, size in zip(oracle.backward(*exact), back, sizes, strict=True):
            assert_close(got, want, max(w.size, some.size // shape[3]), size, what=f"{count}")


@pytest.mark.parametrize("name", ["LeNet's first", "bands of rows"])
def test_few_filters_are_activated(name):
    x, w, b = (a.astype(np.float32) for a in arrays(18, FEW[name]))
    z = kernels.conv2d_forward(x, w, b, **settings(FEW[name]))
    for activation in ("relu", "tanh"):
        y = kernels.conv2d_forward(x, w, b, activation=activation, **settings(FEW[name]))
        assert_same_bits([y], [kernels.activation_forward(z, activation)], activation)


@pytest.mark.parametrize("name", ["LeNet's first", "LeNet's second", "groups"])
def test_few_filters_on_threads(name):
    x, w, b = (a.astype(np.float32) for a in arrays(150, FEW[name]))
    y = kernels.conv2d_forward(x, w, b, **settings(FEW[name]))
    same_on_threads(
        lambda: kernels.conv2d_forward(x, w, b, **settings(FEW[name])),
        lambda: kernels.conv2d_backward(y, x, w, **settings(FEW[name])),
    )


def test_infinite_pixels_stay_near():
    """Cells outside the image are not multiplied: no NaN from 0 times infinity."""
    x, w = np.ones((1, 4, 4, 4)), np.full((3, 3, 4, 2), np.inf)
    assert np.all(kernels.conv2d_forward(x, w, padding="same") == np.inf)


# The wide one's kernel has as many numbers as all the others together.
@pytest.mark.parametrize("name", sorted(SHAPES.keys() - {"wide"}))
def test_torch(name):
    shape = SHAPES[name]
    x, w, b = arrays(2, shape)
    options, oracle = settings(shape), Oracle(shape[4], *shape[5:])
    (top, bottom), (left, right) = pads(
        *shape[:2], shape[4], oracle.strides, oracle.dilation, shape[7]
    )

    def by_torch():
        torch = golden.Peer("torch")
        tx = torch.tensor(np.moveaxis(x, -1, 1), requires_grad=True)
        tw = torch.tensor(np.transpose(w, (3, 2, 0, 1)).copy(), requires_grad=True)
        padded = torch.nn.functional.pad(tx, (left, right, top, bottom))
        ty = torch.nn.functional.conv2d(
            padded, tw, torch.tensor(b), oracle.strides, 0, oracle.dilation, oracle.groups
        )
        ty.backward(ty.detach())
        return ty, tx.grad, tw.grad

    ty, of_x, of_w = golden.ask(by_torch, options, x, w, b)
    y = kernels.conv2d_forward(x, w, b, **options)
    np.testing.assert_allclose(y, np.moveaxis(ty, 1, -1), atol=1e-12)
    dx, dw, _ = kernels.conv2d_backward(y, x, w, **options)
    np.testing.assert_allclose(dx, np.moveaxis(of_x, 1, -1), atol=1e-11)
    np.testing.assert_allclose(dw, np.transpose(of_w, (2, 3, 1, 0)), atol=1e-11)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"padding": "full"}, ValueError, "padding must be 'valid', 'same' or .*; got 'full'"),
        ({"padding": "causal"}, ValueError, "padding must be 'valid', 'same' or"),
        ({"padding": (1, 2, 3)}, ValueError, r"padding must hold \(before, after\)"),
        ({"padding": -1}, ValueError, r"padding must lie in \[0, 2147483647\]; got -1"),
        ({"strides": 0}, ValueError, r"strides must lie in \[1, 2147483647\]; got 0"),
        ({"strides": (1, 2, 3)}, ValueError, "strides must be an integer or 2 of them"),
        ({"dilation": 1.5}, TypeError, "dilation must be an integer; got 1.5"),
        ({"dilation": 4}, ValueError, r"kernel must fit into the padded image; got shape \(3, 3"),
        ({"groups": 3}, ValueError, "groups"),
        ({"groups": 2}, ValueError, "channels of x divided by groups, 4 / 2"),
        ({"activation": "rleu"}, ValueError, "unknown.*'rleu'"),
        ({"bias": np.ones(3)}, ValueError, r"bias must have shape \(filters,\) = \(8,\)"),
    ],
)
def test_refused(arguments, error, text):
    with pytest.raises(error, match=f"^conv2d_forward: .*{text}"):
        kernels.conv2d_forward(np.ones((2, 5, 5, 4)), np.ones((3, 3, 4, 8)), **arguments)


def test_refused_shapes():
    w = np.ones((3, 3, 4, 8))
    with pytest.raises(ValueError, match=r"conv2d_forward: x must have 4 axes; got shape \(5, 4\)"):
        kernels.conv2d_forward(np.ones((5, 4)), w)
    with pytest.raises(ValueError, match="at least one element along every axis but the first"):
        kernels.conv2d_forward(np.ones((2, 5, 0, 4)), w)
    with pytest.raises(ValueError, match=r"kernel must have the channels of x"):
        kernels.conv2d_forward(np.ones((2, 5, 5, 3)), w)
    with pytest.raises(ValueError, match=r"dz must have shape of the output = \(2, 3, 3, 8\)"):
        kernels.conv2d_backward(np.ones((2, 5, 5, 8)), np.ones((2, 5, 5, 4)), w)
    with pytest.raises(ValueError, match="padding must leave an output; got 9"):
        kernels.conv2d_transpose_forward(np.ones((1, 3, 3, 8)), w, padding=9)
    with pytest.raises(ValueError, match="dkernel and dbias must be given together"):
        kernels.conv2d_backward(
            np.ones((2, 3, 3, 8)), np.ones((2, 5, 5, 4)), w, dkernel=np.zeros_like(w)
        )
