"""Reductions and shapes."""

import numpy as np
import scipy.special as sp

from ops.cases import B, Case, D, H, I, N, U, numbered

X = N(3, 4, 5)
W = N(3, 4, rows=False)
NOTHING = np.array([[np.nan, np.nan], [np.nan, 1.0]])


def reductions(name, oracle, arg=X, **more):
    calls = [
        {},
        {"axis": 1},
        {"axis": -1, "keepdims": True},
        {"axis": (0, 2)},
        {"axis": 0, "keepdims": True},
    ]
    return [Case(name, (arg,), oracle, kwargs, **more) for kwargs in calls]


def indices(name, oracle, arg=D(3, 4, 5)):  # noqa: B008
    calls = [{}, {"axis": 1}, {"axis": 0, "keepdims": True}]
    return [Case(name, (arg,), oracle, kwargs, gradient=False) for kwargs in calls]


CASES = [
    *reductions("sum", np.sum),
    *reductions("mean", np.mean),
    *reductions("prod", np.prod, U(0.5, 2, 3, 4, 5)),
    *reductions("var", np.var),
    *reductions("std", np.std),
    *reductions("max", np.max, D(3, 4, 5)),
    *reductions("min", np.min, D(3, 4, 5)),
    *reductions("amax", np.max, D(3, 4, 5)),
    *reductions("amin", np.min, D(3, 4, 5)),
    *reductions("ptp", np.ptp, D(3, 4, 5)),
    *reductions("logsumexp", sp.logsumexp),
    *reductions("any", np.any, B(3, 4, 5), gradient=False),
    *reductions("all", np.all, B(3, 4, 5), gradient=False),
    Case(
        "logsumexp",
        (np.array([[1000.0, -np.inf], [-np.inf, -np.inf]]), -1),
        sp.logsumexp,
        gradient=False,
    ),
    Case("sum", (I(-5, 5, 3, 4), 1), np.sum),
    Case("sum", (B(3, 4),), lambda x: np.sum(x, dtype=np.int32)),
    Case("sum", (N(2, 0, 3), 1), np.sum, gradient=False, rows=None),
    Case("prod", (I(1, 4, 3, 2), 0), np.prod),
    Case("max", (I(-5, 5, 3, 4), 1), np.max),
    Case(
        "max", (N(3, 4), 1), lambda x, a, initial: np.max(x, a, initial=initial), {"initial": 0.3}
    ),
    Case(
        "min",
        (np.zeros((0, 3)),),
        lambda x, initial: np.min(x, initial=initial),
        {"initial": 0.3},
        gradient=False,
    ),
    Case("any", (np.zeros((2, 0)), 1), np.any, gradient=False),
    *[Case("count_nonzero", (I(0, 2, 3, 4), axis), np.count_nonzero) for axis in (None, 0, 1)],
    *indices("argmax", np.argmax),
    Case("argmax", (N(),), np.argmax, rows=None, keras=False, gradient=False),
    *indices("argmin", np.argmin),
    Case("average", (X, 1), np.average),
    Case("average", (X, 1, U(0.1, 1, 4, rows=False)), np.average),
    Case("average", (N(3, 4), None, U(0.1, 1, 3, 4)), np.average),
    Case("corrcoef", (N(3, 5),), np.corrcoef, rows="known"),
    Case("corrcoef", (N(5, rows=False),), np.corrcoef),
    *[Case("trapezoid", (X, None, 0.5, axis), np.trapezoid) for axis in (1, -1)],
    Case("trapezoid", (X, None, 2.0, 0), np.trapezoid, rows="known"),
    Case("trapezoid", (X, N(4, rows=False)), np.trapezoid, {"axis": 1}),
    Case("trapezoid", (X, X), np.trapezoid),
    *[Case("median", (D(3, 4, 5), axis), np.median) for axis in (1, -1)],
    Case("median", (D(3, 4, 5),), np.median, rows="known"),
    Case("median", (D(3, 4, 5), 0), np.median, {"keepdims": True}, rows="known"),
    Case("quantile", (D(3, 7), [0.0, 0.3, 1.0], 1), np.quantile, rows="known"),
    Case("quantile", (D(3, 7), 0.4, 1), np.quantile),
    *[
        Case(
            "quantile",
            (D(3, 7), 0.4, 1),
            lambda x, q, a, method: np.quantile(x, q, a, method=method),
            {"method": m},
        )
        for m in ["lower", "higher", "midpoint", "nearest"]
    ],
    Case("percentile", (D(3, 7), 40, 1), np.percentile),
    # without NaN
    *reductions("nansum", np.nansum, H(3, 4, 5)),
    *reductions("nanmean", np.nanmean, H(3, 4, 5)),
    *reductions("nanvar", np.nanvar, H(3, 4, 5)),
    *reductions("nanstd", np.nanstd, H(3, 4, 5)),
    *reductions("nanprod", np.nanprod, H(3, 4, 5)),
    *reductions("nanmax", np.nanmax, H(3, 4, 5)),
    *reductions("nanmin", np.nanmin, H(3, 4, 5)),
    *indices("nanargmax", np.nanargmax, H(3, 4, 5)),
    *indices("nanargmin", np.nanargmin, H(3, 4, 5)),
    *[Case("nanmedian", (H(3, 4, 5), axis), np.nanmedian) for axis in (1, -1)],
    Case("nanmedian", (H(3, 4, 5), 0), np.nanmedian, {"keepdims": True}, rows="known"),
    Case("nanquantile", (H(3, 7), [0.0, 0.3, 1.0], 1), np.nanquantile, rows="known"),
    *[
        Case(
            "nanquantile",
            (H(3, 7), 0.3, 1),
            lambda x, q, a, method: np.nanquantile(x, q, a, method=method),
            {"method": m},
        )
        for m in ["linear", "lower", "higher", "midpoint", "nearest"]
    ],
    Case("nanpercentile", (H(3, 7), 40, 1), np.nanpercentile),
    *[
        Case(name, (NOTHING, 1), lambda x, a, v=value: np.array([v, 1.0]), gradient=False)
        for name, value in {
            "nansum": 0,
            "nanprod": 1,
            "nanmean": np.nan,
            "nanmax": np.nan,
            "nanmin": np.nan,
            "nanmedian": np.nan,
        }.items()
    ],
    Case("nanargmin", (NOTHING, 1), lambda x, a: np.array([-1, 1]), gradient=False),
    Case("nansum", (I(-5, 5, 3, 4), 1), np.nansum),
    Case("nanmax", (I(-5, 5, 3, 4), 1), np.nanmax),
    *[
        Case("norm", (N(3, 4), o), np.linalg.norm, {"axis": 1, "keepdims": k}, keras=o is None)
        for o in (None, 1, 2, 3, np.inf, -np.inf)
        for k in (False, True)
    ],
    *[
        Case("norm", (X, o, (1, 2)), np.linalg.norm, keras=False)
        for o in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)
    ],
    Case("norm", (N(3, 4),), np.linalg.norm),
    # shapes
    Case("reshape", (X, (-1, 20)), np.reshape),
    Case("reshape", (X, (3, 2, -1)), np.reshape, rows="known"),
    Case("reshape", (X, (5, 12)), np.reshape, rows="known"),
    Case("ravel", (X,), np.ravel, rows="known"),
    Case("transpose", (X, (0, 2, 1)), np.transpose),
    Case("transpose", (X,), np.transpose, rows="known"),
    Case("transpose", (I(0, 9, 3, 4), (1, 0)), np.transpose, rows="known"),
    Case("swapaxes", (X, 1, -1), np.swapaxes),
    Case("swapaxes", (X, 0, 1), np.swapaxes, rows="known"),
    Case("moveaxis", (N(2, 3, 4, 5), (1, 2), (-1, 1)), np.moveaxis),
    Case("moveaxis", (X, 0, 2), np.moveaxis, rows="known"),
    *[Case("expand_dims", (X, a), np.expand_dims) for a in (1, -1, (1, -1))],
    Case("expand_dims", (X, 0), np.expand_dims, rows="known"),
    Case("squeeze", (N(3, 1, 4, 1),), np.squeeze),
    Case("squeeze", (N(3, 1, 4, 1), 1), np.squeeze),
    *[Case("rot90", (N(3, 4, 5), k, (1, 2)), np.rot90) for k in (1, 2, 3)],
    Case("broadcast_to", (N(3, 1, 5), (3, 4, 5)), np.broadcast_to, rows="known"),
    Case("broadcast_to", (N(1, 5, rows=False), (2, 3, 5)), np.broadcast_to),
    Case("broadcast_to", (np.zeros((1, 3)), (0, 3)), np.broadcast_to, gradient=False),
    Case("broadcast_to", (N(2, 4, 1, rows=False), (2, 2, 2, 4, 3)), np.broadcast_to),
    # together and apart
    Case("concatenate", ([N(3, 4), N(3, 2)], -1), np.concatenate),
    Case("concatenate", ([N(3, 4), I(0, 5, 3, 2)], 1), np.concatenate),
    Case("concatenate", ([N(3, 4), N(2, 4, rows=False)], 0), np.concatenate, rows="known"),
    Case("concatenate", ([B(2, 3), B(2, 3)], 1), np.concatenate),
    *[Case("stack", ([N(3, 4), N(3, 4)], a), np.stack) for a in (1, -1)],
    Case("stack", ([N(3, 4), N(3, 4)],), np.stack, rows="known"),
    Case("append", (N(3, 4), N(3, 2), 1), np.append),
    Case("append", (N(3, 4), N(3, 2)), np.append, rows="known"),
    Case("hstack", ([N(3, 4), N(3, 2)],), np.hstack),
    Case("vstack", ([N(3, 4), N(2, 4, rows=False)],), np.vstack, rows="known"),
    Case("dstack", ([N(3, 4), N(3, 4)],), np.dstack),
    Case("meshgrid", (N(3, rows=False), N(4, rows=False)), lambda a, b: list(np.meshgrid(a, b))),
    Case("split", (X, 2, 1), np.split),
    Case("split", (X, [1, 3], -1), np.split),
    Case("split", (N(4, 3), 2), np.split, rows="known"),
    Case("array_split", (X, 3, 1), np.array_split),
    Case("hsplit", (N(3, 4), 2), np.hsplit),
    Case("vsplit", (N(4, 3), 2), np.vsplit, rows="known"),
    Case("dsplit", (N(3, 2, 4), 2), np.dsplit),
    Case("unstack", (N(3, 2), None, 1), lambda x, n, a: list(np.moveaxis(x, a, 0))),
    *[Case("tile", (N(3, 2), r), np.tile) for r in (2, (1, 3))],
    *[Case("tile", (N(3, 2), r), np.tile, rows="known") for r in ((2, 2), (2, 1, 1))],
    Case("tile", (I(0, 9, 3, 2), (1, 0)), np.tile, rows=None),
    Case("tile", (N(2, 1, 3, 1, 4), (2, 3, 1, 2, 2)), np.tile, rows="known", keras=False),
    Case("repeat", (X, 2, 1), np.repeat),
    Case("repeat", (X, [1, 0, 2, 1], 1), np.repeat, keras=False),
    Case("repeat", (N(3, 2), 2), np.repeat, rows="known"),
    Case("pad", (X, ((0, 0), (1, 2), (0, 1))), np.pad),
    Case("pad", (N(3, 2), 1), np.pad, rows="known"),
    Case(
        "pad",
        (N(3, 2), ((0, 0), (1, 1))),
        lambda x, w, constant_values: np.pad(x, w, constant_values=constant_values),
        {"constant_values": 2.5},
    ),
    *[Case("pad", (N(3, 5), ((0, 0), (2, 1)), mode), np.pad) for mode in ("reflect", "symmetric")],
    *[
        Case("pad", (N(3, 5), ((0, 0), (2, 1)), mode), np.pad, keras=False)
        for mode in ("edge", "wrap")
    ],
    Case("flip", (X, 1), np.flip),
    Case("flip", (X, (1, 2)), np.flip),
    Case("flip", (X,), np.flip, rows="known"),
    Case("fliplr", (X,), np.fliplr),
    Case("flipud", (X,), np.flipud, rows="known"),
    Case("roll", (X, 2, 1), np.roll),
    Case("roll", (X, (1, -2), (1, 2)), np.roll),
    Case("roll", (X, 3), np.roll, rows="known"),
]
CASES = numbered(CASES)
