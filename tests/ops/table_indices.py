"""Indices, sorting, arrays that are created, products."""

import numpy as np

from ops.cases import B, Case, D, H, I, N, U, numbered

X = N(3, 4, 5)
W = N(3, 4, rows=False)


def item(*key, x=X, rows="free", **more):
    return Case(
        "get_item",
        (x, key if len(key) > 1 else key[0]),
        lambda a, k: a[k],
        rows=rows,
        keras=False,
        **more,
    )


ALL = slice(None)
I3 = np.array([2, 0])


def updated(x, where, values):
    x = np.array(x)
    x[where] = values
    return x


def scattered(x, indices, values):
    x = np.array(x)
    np.add.at(x, tuple(np.moveaxis(np.asarray(indices), -1, 0)), values)
    return x


def unraveled(indices, shape):
    return np.unravel_index(indices % np.prod(shape), shape)


def counted(x, weights, n):
    if weights is None:
        return np.array([np.bincount(row, None, n) for row in x], "int32")
    return np.array([np.bincount(row, w, n) for row, w in zip(x, weights, strict=True)])


def stretches(x, length, step):
    return np.lib.stride_tricks.sliding_window_view(x, length, -1)[..., ::step, :]


def distances(x, y):
    return np.linalg.norm(x[..., :, None, :] - y[..., None, :, :], axis=-1)


MANY = np.sort(np.random.default_rng(0).integers(0, 40, 75)).astype(np.int32)


CASES = [
    # indices
    item(ALL, slice(1, None), Ellipsis, None),
    item(Ellipsis, -1),
    item(ALL, 1, slice(None, None, -2)),
    item(ALL, None, slice(3, 0, -1), 2),
    item(0, rows="known"),
    item(slice(1, 3), rows="known"),
    item(None, rows="known"),
    item(ALL, I3),
    item(ALL, I3, I3[:, None]),
    item(ALL, [[0, 1], [-1, 2]]),
    item(I3, rows="known"),
    item(I3, ALL, I3, rows="known"),
    item(0, ALL, I3, rows="known"),
    item(ALL, None, I3, 1),
    item(ALL, I3, None, slice(1, 4)),
    item(ALL, slice(2, 2), gradient=False, rows=None),
    item(slice(0, 2), I3, x=N(5, 4, rows=False)),
    item(ALL, np.zeros(0, int), gradient=False, rows=None),
    item(ALL, -1, x=B(3, 4)),
    item(ALL, I3, ALL, I3, x=N(3, 4, 2, 5), rows="known"),
    Case("take", (X, I3, 1), np.take),
    Case("take", (X, [[0, -1], [1, 2]], 1), np.take),
    Case("take", (X, I3, 0), np.take, rows="known"),
    Case("take", (X, I3), np.take, rows="known"),
    Case("take", (N(4, 2, rows=False), I(0, 4, 3, 2), 0), np.take),
    Case("take", (X, 2, 1), np.take),
    Case("take_along_axis", (X, I(0, 4, 3, 2, 5), 1), np.take_along_axis),
    Case("take_along_axis", (X, I(-4, 4, 3, 2, 1), 1), np.take_along_axis),
    Case("take_along_axis", (X, I(0, 4, 1, 2, 5, rows=False), 1), np.take_along_axis),
    Case("take_along_axis", (X, I(0, 3, 2, 4, 5, rows=False), 0), np.take_along_axis, rows="known"),
    Case(
        "take_along_axis",
        (N(3, 2), I(0, 6, 4, rows=False)),
        lambda x, i: np.take_along_axis(x, i, None),
        rows="known",
        keras=False,
    ),
    Case("one_hot", (I(0, 4, 3, 2), 4), lambda x, n: np.eye(n)[x]),
    Case("one_hot", (I(-1, 5, 3), 4), lambda x, n: (x[:, None] == np.arange(n)).astype(float)),
    Case("one_hot", (I(0, 4, 3, 2), 4, 1), lambda x, n, a: np.moveaxis(np.eye(n)[x], -1, a)),
    Case("multi_hot", (I(0, 4, 3, 2), 4), lambda x, n: np.eye(n)[x].max(-2)),
    Case("multi_hot", (I(0, 4, 3, 2, 2), 4), lambda x, n: np.eye(n)[x].max(1)),
    Case("diagonal", (N(3, 4, 5), 1, 1, 2), np.diagonal),
    Case("diagonal", (N(3, 4), -1), np.diagonal, rows="known"),
    Case("trace", (N(3, 4, 5), 0, 1, 2), np.trace),
    *[Case("diag", (N(3, rows=False), k), np.diag) for k in (0, 1, -2)],
    Case("diag", (N(3, 4, rows=False),), np.diag),
    Case("diagflat", (N(2, 2, rows=False), 1), np.diagflat),
    Case("slice", (X, (0, 1, 2), (3, 2, 2)), lambda x, s, n: x[:, 1:3, 2:4], rows="known"),
    Case(
        "slice_update",
        (X, (0, 1, 2), N(3, 2, 2)),
        lambda x, s, u: updated(x, np.s_[:, 1:3, 2:4], u),
    ),
    Case(
        "slice_update",
        (X, (1, 1, 2), N(2, 2, 2, rows=False)),
        lambda x, s, u: updated(x, np.s_[1:, 1:3, 2:4], u),
        rows="known",
    ),
    Case(
        "scatter",
        (np.array([[1], [3], [1]]), N(3, 2, rows=False), (5, 2)),
        lambda i, v, s: scattered(np.zeros(s), i, v),
    ),
    Case(
        "scatter",
        (np.array([[1, 0], [3, 1]]), N(2, rows=False), (5, 2)),
        lambda i, v, s: scattered(np.zeros(s), i, v),
    ),
    Case(
        "scatter_update",
        (N(5, 2, rows=False), np.array([[1], [3]]), N(2, 2, rows=False)),
        lambda x, i, u: updated(x, i[:, 0], u),
    ),
    Case(
        "scatter_update",
        (N(4, 3, rows=False), np.array([[1, 0], [3, 2]]), N(2, rows=False)),
        lambda x, i, u: updated(x, (i[:, 0], i[:, 1]), u),
    ),
    Case(
        "scatter_update",
        (N(5, 2, rows=False), np.array([[1], [1]]), N(2, 2, rows=False), "add"),
        lambda x, i, u, r: scattered(x, i, u),
    ),
    Case(
        "scatter_update",
        (N(5, rows=False), np.array([[1], [1]]), N(2, rows=False), "max"),
        lambda x, i, u, r: updated(x, 1, max(x[1], *u)),
    ),
    Case(
        "scatter_update",
        (N(5, rows=False), np.array([[1], [1]]), N(2, rows=False), "min"),
        lambda x, i, u, r: updated(x, 1, min(x[1], *u)),
    ),
    Case(
        "scatter_update",
        (N(5, 2, rows=False), np.array([[1], [1], [3]]), N(3, 2, rows=False), "mul"),
        lambda x, i, u, r: updated(updated(x, 1, x[1] * u[0] * u[1]), 3, x[3] * u[2]),
    ),
    Case(
        "segment_sum",
        (N(5, 2), np.array([0, 2, 0, 1, 2]), 4),
        lambda x, i, n: scattered(np.zeros((n, 2)), i[:, None], x),
        rows="known",
    ),
    Case(
        "segment_sum",
        (N(5, 2), I(0, 3, 5), 4),
        lambda x, i, n: scattered(np.zeros((n, 2)), i[:, None], x),
    ),
    Case(
        "segment_max",
        (D(5, 2), I(0, 2, 5), 2),
        lambda x, i, n: np.array([x[i == k].max(0, initial=-np.inf) for k in range(n)]),
        gradient=False,
    ),
    Case(
        "segment_min",
        (D(5, 2), I(0, 2, 5), 2),
        lambda x, i, n: np.array([x[i == k].min(0, initial=np.inf) for k in range(n)]),
        gradient=False,
    ),
    *[
        Case(
            name,
            (I(-9, 9, 5), np.array([0, 2, 0, 1, 2]), 4),
            lambda x, i, n, best=best, none=none: np.array(
                [best(x[i == k], initial=none) for k in range(n)], np.int32
            ),
            rows="known",
        )
        for name, best, none in [
            ("segment_max", np.max, -(2**31)),
            ("segment_min", np.min, 2**31 - 1),
        ]
    ],
    *[
        Case(
            "segment_prod",
            (x, ids, 4),
            lambda x, i, n: np.array([x[i == k].prod(0) for k in range(n)]),
            rows="known",
        )
        for x in (N(7, 2), N(7), I(-3, 4, 7))
        for ids in (np.array([0, 2, 0, 0, -1, 2, 5]), I(0, 4, 7))
    ],
    Case("unravel_index", (I(-24, 24, 3, 4), (2, 3, 4)), unraveled, gradient=False),
    # counts
    Case("bincount", (I(0, 5, 6), None, 7), lambda x, w, n: np.bincount(x, w, n).astype("int32")),
    Case("bincount", (I(0, 5, 6), N(6), 6), np.bincount),
    *[
        Case(
            "bincount",
            (I(0, 5, 3, 6), weights, 6),
            counted,
        )
        for weights in (None, N(3, 6))
    ],
    *[
        Case("histogram", (x, 4), np.histogram, {"range": limits}, keras=False, gradient=False)
        for x in (N(9), np.array([2.0, 2.0]), np.zeros(0))
        for limits in (None, (-1.0, 0.5))
    ],
    # sorting
    *[Case("sort", (D(3, 4, 5), a), np.sort) for a in (-1, 1)],
    Case("sort", (D(3, 4), 0), np.sort, rows="known"),
    Case("sort", (I(0, 4, 3, 5),), np.sort),
    Case("sort", (B(3, 5),), np.sort, keras=False),
    *[Case("argsort", (D(3, 4, 5), a), np.argsort, gradient=False) for a in (-1, 1)],
    Case("argsort", (I(0, 3, 3, 7),), lambda x: np.argsort(x, kind="stable"), gradient=False),
    Case("top_k", (D(3, 6), 2), lambda x, k: (np.sort(x)[:, ::-1][:, :k], np.argsort(-x)[:, :k])),
    Case("in_top_k", (I(0, 5, 6), D(6, 5), 2), None, gradient=False),
    Case(
        "in_top_k",
        (
            np.array([5, 0]),
            np.array([[0.1, -np.inf, np.nan, 0.2, 9, np.nan, 1], [0.3] + [0.1] * 6]),
            2,
        ),
        lambda t, p, k: np.array([False, True]),
        gradient=False,
    ),
    Case("argsort", (N(),), lambda x: np.array([0]), gradient=False, rows=None),
    Case("argpartition", (D(2, 5), 3, None), None, gradient=False, rows="known", keras=False),
    *[
        Case(
            "searchsorted",
            (np.array([0.1, 0.5, 0.5, 2.0]), np.array([[0.5, 3.0], [-1.0, 0.2]]), side),
            np.searchsorted,
            gradient=False,
        )
        for side in ("left", "right")
    ],
    *[
        Case("searchsorted", (MANY, x, side), np.searchsorted, gradient=False, keras=False)
        for side in ("left", "right")
        for x in (I(-2, 42, 3, 4), np.array([np.nan, np.inf, -np.inf, 7.5, 7.0, MANY[-1]]))
    ],
    Case(
        "digitize",
        (np.array([[0.5, 3.0, -1.0]]), np.array([0.0, 0.5, 2.0])),
        np.digitize,
        gradient=False,
    ),
    *[Case(n, (X, 1), getattr(np, n)) for n in ("cumsum", "cumprod")],
    *[Case(n, (X,), getattr(np, n), rows="known") for n in ("cumsum", "cumprod")],
    Case("cumsum", (I(0, 5, 3, 4), 1), np.cumsum),
    *[Case(n, (H(3, 4, 5), 1), getattr(np, n)) for n in ("nancumsum", "nancumprod")],
    Case("diff", (X,), np.diff),
    Case("diff", (X, 2, 1), np.diff),
    Case("diff", (B(3, 4),), np.diff),
    # created arrays
    Case("zeros_like", (X,), np.zeros_like, gradient=False),
    Case("ones_like", (I(0, 3, 3, 2),), np.ones_like),
    Case("full_like", (X, 2.5), np.full_like, gradient=False),
    Case("zeros_like", (X, "int32"), lambda x, d: np.zeros(x.shape, d), gradient=False),
    *[Case(n, (N(3, 4, 5), k), getattr(np, n)) for n in ("tril", "triu") for k in (0, 1, -1)],
    Case("tril", (N(3, 4),), np.tril, rows="known"),
    Case("linspace", (0.0, 2.0, 5), np.linspace),
    Case(
        "linspace",
        (0.5, -3.0, 4),
        lambda *a, dtype: np.linspace(*a, dtype=dtype),
        {"dtype": "int32"},
    ),
    Case("linspace", (N(3, rows=False), N(3, rows=False), 4), np.linspace, {"endpoint": False}),
    Case("linspace", (N(3), N(3), 4), np.linspace, {"axis": -1}),
    Case("logspace", (0.0, 2.0, 5), np.logspace),
    Case("geomspace", (1.0, 8.0, 4), np.geomspace),
    Case("geomspace", (np.array([-1.0, 2.0]), np.array([-8.0, 6.0]), 4, False), np.geomspace),
    Case("geomspace", (U(0.5, 2.0, 3), U(0.5, 2.0, 3), 4), np.geomspace, {"axis": -1}),
    Case("vander", (N(3, rows=False), 4), np.vander),
    Case("zeros", ((2, 3),), np.zeros),
    Case("ones", ((2,), "int32"), np.ones),
    Case("full", ((2, 3), 1.5), np.full),
    Case("eye", (3, 4, 1), np.eye),
    Case("identity", (3,), np.identity),
    Case("tri", (3, 4, 1), np.tri),
    Case("arange", (5,), np.arange),
    Case("arange", (1, 2, 0.25), np.arange),
    *[
        Case(n, (7,), lambda n, name=n: getattr(np, name)(n).astype("float32"))
        for n in ["bartlett", "blackman", "hamming", "hanning"]
    ],
    Case("kaiser", (7, 3.0), lambda n, b: np.kaiser(n, b).astype("float32")),
    # products
    Case("matmul", (N(2, 3, 4), N(2, 4, 5)), np.matmul),
    Case("matmul", (N(3, 4), N(4, 5, rows=False)), np.matmul),
    Case("matmul", (N(2, 3, 4), N(4, rows=False)), np.matmul),
    Case("matmul", (N(3, 4), N(4, rows=False)), np.matmul),
    Case("matmul", (N(4, rows=False), N(2, 4, 5)), np.matmul),
    Case("matmul", (N(4, rows=False), N(4, rows=False)), np.matmul),
    Case("matmul", (N(2, 1, 3, 4), N(1, 2, 4, 2, rows=False)), np.matmul),
    Case("matmul", (W, N(2, 4, 5)), np.matmul),
    Case("matmul", (N(3, 4), N(4, 5)), np.matmul, rows=None),
    Case("matmul", (I(-3, 3, 2, 3), I(-3, 3, 3, 2, rows=False)), np.matmul),
    Case("matmul", (N(2, 0, 3), N(3, 2, rows=False)), np.matmul, gradient=False, rows=None),
    Case("dot", (N(3, 4), N(4, 2, rows=False)), np.dot),
    Case("dot", (X, N(2, 5, 3, rows=False)), np.dot),
    Case("dot", (X, 2.0), np.dot),
    Case("inner", (N(3, 4), N(2, 4, rows=False)), np.inner),
    Case("vdot", (N(3, 4), N(3, 4)), np.vdot, rows="known"),
    Case("outer", (N(3, rows=False), N(4, rows=False)), np.outer),
    Case("kron", (N(2, 3, rows=False), N(3, 2, rows=False)), np.kron, keras=False),
    Case("cdist", (N(3, 4), N(2, 4, rows=False)), distances),
    Case("cdist", (N(2, 3, 4), N(2, 5, 4)), distances),
    *[
        Case("correlate", (a, v, mode), np.correlate, rows="known", keras=a.shape[0] > 3)
        for a, v in [(N(7), N(4, rows=False)), (N(2, rows=False), N(5)), (N(6), N(3, rows=False))]
        for mode in ("valid", "same", "full")
    ],
    Case(
        "correlate",
        (I(0, 9, 5), I(0, 9, 2, rows=False)),
        lambda a, v: np.correlate(a, v).astype(float),
        rows="known",
        keras=False,
    ),
    Case("extract_sequences", (N(3, 2, 7), 3, 2), stretches),
    Case("extract_sequences", (N(7), 4, 1), stretches, rows="known"),
    Case(
        "psnr",
        (N(3, 4), N(3, 4), 2.0),
        lambda a, b, m: 20 * np.log10(m) - 10 * np.log10(np.mean((a - b) ** 2)),
    ),
    Case("cross", (N(4, 3), N(4, 3)), np.cross),
    Case("cross", (N(4, 3), N(3, rows=False)), np.cross),
    Case("tensordot", (X, N(4, 5, 2, rows=False)), np.tensordot),
    Case("tensordot", (X, N(5, 2, 4, rows=False), [[1, 2], [2, 0]]), np.tensordot),
    Case("tensordot", (N(3, rows=False), N(4, rows=False), 0), np.tensordot),
    *[
        Case("einsum", (s, *ops), np.einsum, **more)
        for s, ops, more in [
            ("bij,bjk->bik", (N(2, 3, 4), N(2, 4, 5)), {}),
            ("...ij,jk->...ik", (N(2, 3, 4), N(4, 5, rows=False)), {}),
            ("...ij,...jk->...ik", (N(2, 2, 3, 4), N(2, 2, 4, 5)), {}),
            ("abc,cde->abde", (X, N(5, 2, 3, rows=False)), {}),
            ("bqhd,bkhd->bhqk", (N(2, 3, 2, 4), N(2, 5, 2, 4)), {}),
            ("bhqk,bkhd->bqhd", (N(2, 2, 3, 5), N(2, 5, 2, 4)), {}),
            ("bij->bji", (X,), {}),
            ("bij->b", (X,), {}),
            ("bii->bi", (N(2, 3, 3),), {}),
            ("bii->b", (N(2, 3, 3),), {}),
            ("bi,bi->b", (N(3, 4), N(3, 4)), {}),
            ("bi,ij,bj->b", (N(3, 4), N(4, 5, rows=False), N(3, 5)), {}),
            ("bi,bj->bij", (N(3, 4), N(3, 5)), {}),
            ("bi,j->bij", (N(3, 4), N(5, rows=False)), {}),
            ("i,bij->bj", (N(4, rows=False), X), {}),
            ("bijk,ik->bj", (N(2, 3, 4, 5), N(3, 5, rows=False)), {}),
            ("ij,jk", (W, N(4, 2, rows=False)), {}),
            ("ij->ji", (N(3, 4),), {"rows": "known"}),
            ("bi,bj->ij", (N(3, 4), N(3, 5)), {"rows": "known"}),
            ("bi,ci->bc", (N(3, 4), N(3, 4)), {"rows": "known"}),
            ("ij->", (N(3, 4),), {}),
            ("ab,cd->", (W, N(2, 2, rows=False)), {}),
        ]
    ],
    # products of booleans
    Case("matmul", (B(3, 4), B(4, 2, rows=False)), np.matmul, keras=False, gradient=False),
    Case("inner", (B(4, rows=False),) * 2, np.inner, keras=False, gradient=False),
    Case(
        "einsum",
        ("ij,jk->ik", B(3, 4), B(4, 2, rows=False)),
        np.einsum,
        keras=False,
        gradient=False,
    ),
]

CASES = numbered(CASES)
