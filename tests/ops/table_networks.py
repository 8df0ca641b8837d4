"""Windows, losses, normalization, attention, blocks."""

import numpy as np
import scipy.special as sp

from ops.cases import Case, I, N, U, numbered
from ops.table_elements import one

X = N(3, 4, 5)
IMAGES, SIGNALS, BOXES = N(2, 6, 5, 4), N(2, 7, 4), N(2, 5, 4, 3, 2)
CONV_TOLERANCE = 5.0


def kernel(*shape):
    return N(*shape, rows=False)


def windows(x, size, strides=None, padding="valid", dilation=1, fill=0.0):
    """Views of x, (n, places..., cells..., channels), and the counts of cells inside of x."""
    axes = x.ndim - 2
    size, dilation = ([v] * axes if np.ndim(v) == 0 else list(v) for v in (size, dilation))
    strides = size if strides is None else strides
    strides = [strides] * axes if np.ndim(strides) == 0 else list(strides)
    spans = [(k - 1) * d + 1 for k, d in zip(size, dilation, strict=True)]
    margins = [(0, 0)]
    for n, k, s in zip(x.shape[1:-1], spans, strides, strict=True):
        more = max((-(-n // s) - 1) * s + k - n, 0) if padding == "same" else 0
        margins.append((more // 2, more - more // 2))
    x = np.pad(x, [*margins, (0, 0)], constant_values=fill)
    views = np.lib.stride_tricks.sliding_window_view(x, spans, tuple(range(1, axes + 1)))
    places = tuple(slice(None, None, s) for s in strides)
    cells = tuple(slice(None, None, d) for d in dilation)
    return np.moveaxis(views[(slice(None), *places, slice(None), *cells)], axes + 1, -1)


def conv(x, w, strides=1, padding="valid", data_format=None, dilation_rate=1):
    if data_format == "channels_first":
        y = conv(np.moveaxis(x, 1, -1), w, strides, padding, None, dilation_rate)
        return np.moveaxis(y, -1, 1)
    groups = x.shape[-1] // w.shape[-2]
    views = windows(x, w.shape[:-2], strides, padding, dilation_rate)
    parts = zip(np.split(views, groups, -1), np.split(w, groups, -1), strict=True)
    return np.concatenate([np.tensordot(v, k, w.ndim - 1) for v, k in parts], -1)


def depthwise(x, w, strides=1, padding="valid", data_format=None, dilation_rate=1):
    views = windows(x, w.shape[:-2], strides, padding, dilation_rate)
    cells = "xyz"[: w.ndim - 2]
    y = np.einsum(f"...{cells}c,{cells}cm->...cm", views, w)
    return y.reshape(*y.shape[:-2], -1)


def max_pool(x, pool_size, strides=None, padding="valid", data_format=None):
    views = windows(x, pool_size, strides, padding, fill=-np.inf)
    return views.max(tuple(range(x.ndim - 1, 2 * x.ndim - 3)))


def average_pool(x, pool_size, strides=None, padding="valid", data_format=None):
    views = windows(x, pool_size, strides, padding, fill=np.nan)
    return np.nanmean(views, tuple(range(x.ndim - 1, 2 * x.ndim - 3)))


def pools(name, oracle):
    calls = [
        (SIGNALS, 2, {}),
        (SIGNALS, 3, {"strides": 2, "padding": "same"}),
        (IMAGES, 2, {}),
        (IMAGES, (3, 2), {"strides": 1, "padding": "same"}),
        (BOXES, 2, {}),
        (BOXES, (3, 2, 2), {"strides": 2, "padding": "same"}),
    ]
    # Keras on JAX fails if no strides are given.
    return [Case(name, (x, size), oracle, more, keras="strides" in more) for x, size, more in calls]


def attention(q, k, v, bias=None, mask=None, scale=None, is_causal=False):
    k, v = (np.repeat(a, q.shape[2] // a.shape[2], 2) for a in (k, v))
    logits = np.einsum("btnh,bsnh->bnts", q, k) * (q.shape[-1] ** -0.5 if scale is None else scale)
    if bias is not None:
        logits = logits + bias
    if mask is not None:
        logits = np.where(mask, logits, -np.inf)
    if is_causal:
        logits = np.where(np.tri(*logits.shape[2:], dtype=bool), logits, -np.inf)
    return np.einsum("bnts,bsnh->btnh", sp.softmax(logits, -1), v)


def normalize(x, axis=-1, order=2):
    return x / np.linalg.norm(x, order, axis, keepdims=True)


def standard(x, axis, epsilon=1e-7):
    return (x - x.mean(axis, keepdims=True)) / np.sqrt(x.var(axis, keepdims=True) + epsilon)


def moments(x, axes, keepdims):
    return x.mean(axes, keepdims=keepdims), x.var(axes, keepdims=keepdims)


def blocks_of(x, size, form):
    """``depth_to_space``, one position within the blocks after the other."""
    first = form == "channels_first"
    n, *rest = np.moveaxis(x, 1, -1).shape if first else x.shape
    y = np.zeros((n, rest[0] * size, rest[1] * size, rest[2] // size**2))
    each = y.shape[-1]
    for k in range(size**2):
        place = y[:, k // size :: size, k % size :: size]
        last = np.moveaxis(x[:, k :: size**2], 1, -1) if first else x[..., k * each :][..., :each]
        place[:] = last
    return np.moveaxis(y, -1, 1) if first else y


MASK = (np.arange(36) % 3 > 0).reshape(2, 1, 3, 6)
QUERY, KEY = N(2, 3, 4, 5), N(2, 6, 4, 5)
V, S = N(5, rows=False), U(0.5, 2, 5, rows=False)
P = U(0.05, 0.95, 3, 4)

CASES = [
    Case("conv", (SIGNALS, kernel(3, 4, 5)), conv, tolerance=CONV_TOLERANCE),
    *[
        Case("conv", (IMAGES, kernel(3, 2, 4, 6)), conv, more, tolerance=CONV_TOLERANCE)
        for more in (
            {},
            {"strides": 2, "padding": "same"},
            {"dilation_rate": 2},
            {"dilation_rate": (2, 1), "padding": "same"},
        )
    ],
    Case("conv", (IMAGES, kernel(3, 2, 2, 6)), conv, {"padding": "same"}),
    Case("conv", (N(2, 4, 6, 5), kernel(3, 2, 4, 6)), conv, {"data_format": "channels_first"}),
    Case("conv", (BOXES, kernel(2, 3, 2, 2, 4)), conv, tolerance=CONV_TOLERANCE),
    Case(
        "conv",
        (BOXES, kernel(3, 2, 2, 2, 4)),
        conv,
        {"strides": 2, "padding": "same"},
        tolerance=CONV_TOLERANCE,
    ),
    Case("conv", (BOXES, kernel(2, 2, 2, 1, 4)), conv, {"dilation_rate": (2, 1, 1)}),
    Case("depthwise_conv", (SIGNALS, kernel(3, 4, 2)), depthwise),
    Case("depthwise_conv", (IMAGES, kernel(3, 2, 4, 2)), depthwise, {"padding": "same"}),
    Case("depthwise_conv", (BOXES, kernel(2, 2, 2, 2, 2)), depthwise, {"strides": 2}, keras=False),
    Case(
        "separable_conv",
        (IMAGES, kernel(3, 2, 4, 2), kernel(1, 1, 8, 3)),
        lambda x, d, p: depthwise(x, d) @ p[0, 0],
    ),
    *[
        Case("conv_transpose", (x, kernel(*size, 3, x.shape[-1])), None, more)
        for x, size in [(SIGNALS, (3,)), (IMAGES, (3, 2)), (BOXES, (3, 2, 2))]
        for more in ({}, {"strides": 2, "padding": "same"}, {"strides": 3, "output_padding": 1})
    ],
    Case("conv_transpose", (IMAGES, kernel(2, 2, 3, 4)), None, {"dilation_rate": 2}),
    Case("conv_transpose", (BOXES, kernel(2, 1, 2, 3, 2)), None, {"dilation_rate": 2}),
    Case("conv_transpose", (BOXES, kernel(3, 3, 2, 3, 2)), None, {"padding": "same"}),
    *pools("max_pool", max_pool),
    *pools("average_pool", average_pool),
    Case("adaptive_max_pool", (IMAGES, 2)),
    Case("adaptive_average_pool", (IMAGES, (4, 3))),
    Case("adaptive_average_pool", (SIGNALS, 3)),
    # losses
    Case(
        "binary_crossentropy",
        (U(0, 1, 3, 4), P),
        lambda t, p: -(sp.xlogy(t, p) + sp.xlog1py(1 - t, -p)),
    ),
    Case(
        "binary_crossentropy",
        (U(0, 1, 3, 4), N(3, 4), True),
        lambda t, x, _: -(t * sp.log_expit(x) + (1 - t) * sp.log_expit(-x)),
    ),
    Case("binary_crossentropy", (np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]])), gradient=False),
    Case(
        "categorical_crossentropy",
        (U(0, 1, 3, 4), P),
        lambda t, p: -np.sum(t * np.log(p / p.sum(-1, keepdims=True)), -1),
    ),
    *[
        Case(
            "categorical_crossentropy",
            (U(0, 1, 3, 4, 5), X, True, axis),
            lambda t, x, _, axis: -np.sum(t * sp.log_softmax(x, axis), axis),
        )
        for axis in (-1, 1)
    ],
    Case(
        "sparse_categorical_crossentropy",
        (I(0, 4, 3), P),
        lambda t, p: -np.log(p / p.sum(-1, keepdims=True))[np.arange(3), t],
    ),
    Case("sparse_categorical_crossentropy", (I(-1, 6, 3, 4), X, True)),
    Case("sparse_categorical_crossentropy", (I(0, 5, 3, 4, 1), X, True)),
    # normalization
    Case("normalize", (X,), normalize),
    Case("normalize", (X, 1), normalize),
    Case("normalize", (X, 0), normalize),
    Case("normalize", (X, 1, 3), normalize),
    Case("normalize", (np.zeros((2, 3)),), lambda x: x),
    *[
        Case(
            "moments",
            (X, axes),
            lambda x, a, keepdims: (x.mean(a, keepdims=keepdims), x.var(a, keepdims=keepdims)),
            {"keepdims": k},
        )
        for axes, k in [((0, 1), True), ((1,), False)]
    ],
    Case(
        "batch_normalization",
        (X, V, S, -1, V, V),
        lambda x, m, v, _, o, s: (x - m) / np.sqrt(v + 1e-3) * s + o,
    ),
    Case(
        "batch_normalization",
        (X, N(4, rows=False), U(0.5, 2, 4, rows=False), 1),
        lambda x, m, v, _: (x - m[:, None]) / np.sqrt(v[:, None] + 1e-3),
    ),
    one("layer_normalization", lambda x: standard(x, -1), X),
    Case(
        "layer_normalization",
        (X, V, V),
        lambda x, g, b: standard(x, -1) * g + b,
    ),
    Case(
        "layer_normalization",
        (X, N(4, rows=False)),
        lambda x, g, axis: standard(x, axis) * g[:, None],
        {"axis": 1},
    ),
    Case(
        "layer_normalization",
        (X, N(4, 5, rows=False)),
        lambda x, g, axis: standard(x, axis) * g,
        {"axis": (1, 2)},
    ),
    Case(
        "rms_normalization",
        (X, V),
        lambda x, s: s * x / np.sqrt(np.mean(x**2, -1, keepdims=True) + 1e-7),
    ),
    # attention
    Case("dot_product_attention", (QUERY, KEY, KEY), attention),
    Case("dot_product_attention", (QUERY, N(2, 6, 2, 5), N(2, 6, 2, 3)), attention, keras=False),
    Case("dot_product_attention", (QUERY, N(2, 6, 1, 5), N(2, 6, 1, 5)), attention, {"scale": 0.3}),
    Case("dot_product_attention", (QUERY, QUERY, QUERY), attention, {"is_causal": True}),
    Case("dot_product_attention", (QUERY, KEY, KEY, N(1, 4, 3, 6, rows=False)), attention),
    Case(
        "dot_product_attention",
        (QUERY, KEY, KEY, None, MASK),
        lambda q, k, v, _, m: attention(q, k, v, None, m),
        rows="known",
    ),
    # blocks
    *[
        Case("depth_to_space", (x, 2, form), blocks_of)
        for x, form in [(N(2, 2, 3, 8), "channels_last"), (N(2, 8, 3, 2), "channels_first")]
    ],
    *[
        Case("space_to_depth", (x, 2, form))
        for x, form in [(N(2, 4, 6, 2), "channels_last"), (N(2, 3, 2, 4), "channels_first")]
    ],
    *[
        Case("unfold", (N(2, 3, 6, 5), *how))
        for how in ((2,), ((3, 2), (1, 2), (1, 0), (2, 1)), (2, 1, 1, 3))
    ],
    *[
        Case("fold", (N(2, 3 * k, count), *how))
        for k, count, how in [
            (4, 6, ((3, 4), 2)),
            (6, 6, ((5, 4), (3, 2), (1, 2), (1, 0), (2, 1))),
            (4, 9, (6, 2, 1, 1, 3)),
        ]
    ],
    *[
        Case("rearrange", (X, pattern), None, sizes, rows=rows)
        for pattern, sizes, rows in [
            ("a b c -> a (b c)", {}, "free"),
            ("a b c->a c b", {}, "free"),
            ("a (b d) c -> a d (c b)", {"d": 2}, "free"),
            ("a b c -> (a b) c", {}, "known"),
            ("a (b d) c -> (d a) (b c)", {"b": 2}, "known"),
        ]
    ],
]
CASES = numbered(CASES)
