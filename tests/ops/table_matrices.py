"""Linear algebra, and bits and divisors of integers."""

import numpy as np
import scipy.linalg as sl

from ops.cases import B, Case, I, Made, N, U, numbered


def S(*shape, rows=True):  # noqa: N802
    """Symmetric positive matrices."""
    return Made(shape, "positive", rows=rows)


def R(*shape, rows=True):  # noqa: N802
    """Matrices far from singular."""
    return Made(shape, "regular", rows=rows)


def vectors(a, b):
    return np.linalg.solve(a, b[..., None])[..., 0]


def triangular(a, b, lower=False):
    return np.stack([sl.solve_triangular(m, v, lower=lower) for m, v in zip(a, b, strict=True)])


def decomposed(x, full_matrices=True, compute_uv=True):
    y = np.linalg.svd(x, full_matrices=full_matrices, compute_uv=compute_uv)
    return tuple(y) if compute_uv else y


def lowered(x):
    return tuple(map(np.asarray, sl.lu_factor(x)))


def inverse_of_factor(x, upper=False):
    return np.linalg.inv(x.swapaxes(-1, -2) @ x if upper else x @ x.swapaxes(-1, -2))


MATRICES = [
    *[
        Case(name, (S(2, 3, 3),), function, {})
        for name, function in (
            ("cholesky", np.linalg.cholesky),
            ("logdet", lambda x: np.linalg.slogdet(x)[1]),
            ("inv", np.linalg.inv),
            ("det", np.linalg.det),
            ("eigh", lambda x: tuple(np.linalg.eigh(x))),
        )
    ],
    Case("cholesky", (S(3, 3),), lambda x, upper: np.linalg.cholesky(x).T, {"upper": True},
         rows="known"),
    Case("cholesky_inverse", (S(2, 3, 3),), inverse_of_factor, {"upper": True}, tolerance=10,
         keras=False),
    Case("cholesky_inverse", (S(3, 3),), inverse_of_factor, tolerance=10, rows="known",
         keras=False),
    Case("inv", (R(4, 4),), np.linalg.inv, rows="known"),
    Case("det", (R(3, 2, 3, 3),), np.linalg.det, tolerance=10),
    Case("slogdet", (R(2, 3, 3),), lambda x: tuple(np.linalg.slogdet(x))),
    Case("solve", (R(2, 3, 3), N(2, 3, 4)), np.linalg.solve),
    Case("solve", (R(2, 3, 3), N(2, 3)), vectors, keras=False),
    Case("solve", (R(3, 3, rows=False), N(3, 2, rows=False)), np.linalg.solve),
    Case("solve_triangular", (R(2, 3, 3), N(2, 3, 2)), triangular),
    Case("solve_triangular", (R(2, 3, 3), N(2, 3, 2)), triangular, {"lower": True}),
    Case("qr", (R(2, 3, 3),), lambda x: tuple(np.linalg.qr(x))),
    Case("qr", (N(2, 4, 3),), lambda x: tuple(np.linalg.qr(x))),
    Case("qr", (N(2, 4, 2),), lambda x, mode: tuple(np.linalg.qr(x, mode)), {"mode": "complete"},
         gradient=False),
    Case("svd", (N(2, 4, 3),), decomposed, {"compute_uv": False}),
    Case("svd", (N(2, 4, 3),), decomposed, {"full_matrices": False}, gradient=False, keras=False),
    Case("svd", (N(2, 2, 3),), decomposed, gradient=False, keras=False),
    Case("pinv", (N(2, 4, 3),), np.linalg.pinv),
    Case("pinv", (N(2, 3, 4),), np.linalg.pinv),
    Case("matrix_rank", (np.array([[1.0, 2.0], [2.0, 4.0]]),),
         np.linalg.matrix_rank, gradient=False),
    Case("matrix_rank", (R(2, 3, 3),), np.linalg.matrix_rank, gradient=False),
    Case("lstsq", (N(5, 3), N(5, 2)), lambda a, b: np.linalg.lstsq(a, b)[0], rows="known"),
    Case("lstsq", (N(5, 3, rows=False), N(5, rows=False)), lambda a, b: np.linalg.lstsq(a, b)[0]),
    Case("lu_factor", (N(3, 3),), lowered, gradient=False, rows="known"),
]  # fmt: skip

PAIR, ROW = (I(-99, 99, 3, 4), I(-99, 99, 3, 4)), I(-9, 9, 4, rows=False)
INTEGERS = [
    *[
        Case(name, args, getattr(np, name))
        for name in ("bitwise_and", "bitwise_or", "bitwise_xor", "gcd", "lcm")
        for args in (PAIR, (I(-99, 99, 3, 4), ROW), (I(-99, 99, 3, 1), np.int32(12)))
    ],
    *[Case(name, (B(3, 4), B(3, 4)), getattr(np, name), keras=False)
      for name in ("bitwise_and", "bitwise_or", "bitwise_xor")],
    Case("bitwise_not", (I(-99, 99, 3, 4),), np.bitwise_not),
    Case("bitwise_not", (I(-99, 99, 3, 4, 2, 2),), np.bitwise_not),
    Case("bitwise_xor", (np.zeros((2, 0, 1), np.int32), np.zeros((0, 3), np.int32)),
         np.bitwise_xor, gradient=False, rows=None),
    Case("bitwise_invert", (I(-99, 99, 3, 4),), np.bitwise_not),
    Case("bitwise_not", (B(3, 4),), np.bitwise_not, keras=False),
    *[
        Case(f"{prefix}{side}_shift", (I(-99, 99, 3, 4), I(0, 7, 3, 4)), shift)
        for prefix in ("bitwise_", "")
        for side, shift in (("left", np.left_shift), ("right", np.right_shift))
    ],
]  # fmt: skip
NEXT = [
    Case("nextafter", (N(3, 4), N(3, 4)), np.nextafter, gradient=False, keras=False),
    Case("nextafter", (N(3, 4), N(4, rows=False)), np.nextafter, gradient=False, keras=False),
]
BESSEL = [Case("i0", (U(-20, 20, 3, 4),), np.i0, keras=False)]
CASES = numbered([*MATRICES, *INTEGERS, *BESSEL, *NEXT])
