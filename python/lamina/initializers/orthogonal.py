"""Orthogonal matrices."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lamina._check import number, quiet
from lamina.initializers.base import SeededInitializer

if TYPE_CHECKING:
    from lamina.random import Stream


NARROW = 256  # columns that are reflected one after another; wider matrices are split into panels
# A matrix of 4096 x 1024 took 1.18 s with panels of 32 that were not halved, and takes 0.84 s.
PANEL = 128
STRIP = 16  # columns of a panel that is not halved further; 8 and 32 are equally fast


class Orthogonal(SeededInitializer):
    """A matrix with orthonormal columns (or rows, if it has fewer rows), times `gain`.

    It is uniformly distributed over such matrices: the Q of a QR decomposition of normal draws
    whose R has a positive diagonal.  A shape with more axes is filled as a matrix (all axes but the
    last, last axis).  Saxe et al. 2014, https://arxiv.org/abs/1312.6120.

    Parameters
    ----------
    gain : float, default 1.0
        Factor.
    seed : int, optional
        If given, every call returns the same values.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import initializers
    >>> q = initializers.Orthogonal(seed=1)((4, 4), dtype="float64")
    >>> bool(np.allclose(q.T @ q, np.eye(4)))
    True
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        super().__init__(seed)
        self.gain = number("Orthogonal", "gain", gain)

    @quiet
    def values(self, shape: tuple[int, ...], dtype: str, rng: Stream) -> NDArray[Any]:  # noqa: ARG002
        """Return the matrix.

        Raises
        ------
        ValueError
            If the shape has fewer than two axes.
        """
        if len(shape) < 2:
            raise ValueError(f"Orthogonal: shape must have at least 2 axes; got {shape}")
        rows, cols = math.prod(shape[:-1]), shape[-1]
        tall = (max(rows, cols), min(rows, cols))
        q = _orthonormal_columns(rng.normal(tall, dtype="float64"))
        return self.gain * (q if rows >= cols else q.T).reshape(shape)


def _orthonormal_columns(a: NDArray[Any]) -> NDArray[Any]:
    """Q of the QR decomposition of a tall matrix, with positive diagonal of R, by Householder.

    Computed with sums in a fixed order, as the bits of LAPACK depend on its threads.  A wide matrix
    is processed in panels of columns, whose reflections are applied to the others as matrix
    products (Schreiber and Van Loan, 1989).
    """
    a = np.array(a, dtype=np.float64)
    rows, cols = a.shape
    q = np.eye(rows, cols)
    if cols <= NARROW:
        reflectors, signs = _factored(a)
        for j in reversed(range(cols)):
            _reflect(q[j:, j:], reflectors[j])
        return np.asarray(q * np.array(signs))
    panels, signs = [], []
    for k in range(0, cols, PANEL):
        v, t, of_panel = _factored_in_halves(a[k:, k : k + PANEL])
        signs += of_panel
        _reflect_by_all(a[k:, k + PANEL :], v, t, transposed=True)
        panels.append((k, v, t))
    for k, v, t in reversed(panels):
        _reflect_by_all(q[k:, k:], v, t)
    return np.asarray(q * np.array(signs))


def _factored_in_halves(a: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], list[float]]:
    """Bring A to triangular form; return V and T of the reflections I - V T V', and R's signs.

    The reflections of the left half are applied to the right half together (Elmroth and Gustavson,
    2000).
    """
    from lamina.kernels import matmul

    rows, cols = a.shape
    if cols <= STRIP:
        reflectors, signs = _factored(a)
        v = _side_by_side(reflectors, rows)
        return v, _joined(v), signs
    half = cols // 2
    v1, t1, signs1 = _factored_in_halves(a[:, :half])
    _reflect_by_all(a[:, half:], v1, t1, transposed=True)
    v2, t2, signs2 = _factored_in_halves(a[half:, half:])
    v, t = np.zeros((rows, cols)), np.zeros((cols, cols))
    v[:, :half], v[half:, half:] = v1, v2
    t[:half, :half], t[half:, half:] = t1, t2
    t[:half, half:] = -matmul(t1, matmul(matmul(v1[half:], v2, True), t2))
    return v, t, signs1 + signs2


def _reflect_by_all(
    a: NDArray[Any], v: NDArray[Any], t: NDArray[Any], transposed: bool = False
) -> None:
    """Subtract V T V' A from A, in place, or V T' V' A."""
    from lamina.kernels import matmul

    if a.size:
        a -= matmul(v, matmul(t, matmul(v, a, True), transposed))


def _factored(a: NDArray[Any]) -> tuple[list[NDArray[Any]], list[float]]:
    """Bring A to triangular form; return v of each reflection I - v v', and R's signs."""
    reflectors, signs = [], []
    for k in range(a.shape[1]):
        v = a[k:, k].copy()
        norm = math.sqrt(float(np.einsum("i,i->", v, v)))
        signs.append(1.0 if v[0] < 0.0 else -1.0)  # of R's diagonal after the reflection
        v[0] -= signs[k] * norm
        square = float(np.einsum("i,i->", v, v))
        reflectors.append(v * math.sqrt(2.0 / square) if square > 0.0 else v)
        _reflect(a[k:, k:], reflectors[k])
    return reflectors, signs


def _reflect(a: NDArray[Any], v: NDArray[Any]) -> None:
    """Subtract v (v' A) from A, in place."""
    a -= np.multiply.outer(v, np.einsum("i,ij->j", v, a))


def _side_by_side(reflectors: list[NDArray[Any]], rows: int) -> NDArray[Any]:
    """Return V, with the reflections' vectors as columns, each starting a row below the last."""
    v = np.zeros((rows, len(reflectors)))
    for k, reflector in enumerate(reflectors):
        v[k:, k] = reflector
    return v


def _joined(v: NDArray[Any]) -> NDArray[Any]:
    """Return the upper triangular T such that all reflections together are I - V T V'."""
    from lamina.kernels import matmul

    products = matmul(v, v, True)
    t = np.eye(v.shape[1])
    for k in range(1, len(t)):
        t[:k, k] = -np.einsum("ij,j->i", t[:k, :k], products[:k, k])
    return t
