"""Orthogonal matrices."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lamina._check import number
from lamina.initializers.base import SeededInitializer

if TYPE_CHECKING:
    from lamina.random import Stream


class Orthogonal(SeededInitializer):
    """A matrix with orthonormal columns (or rows, if it has fewer rows), times `gain`.

    It is uniform over such matrices: the Q of a QR decomposition of normal draws whose R has a
    positive diagonal.  A shape of more axes is filled as a matrix (all but the last axis, last
    axis).  Saxe et al. 2014, https://arxiv.org/abs/1312.6120.

    Parameters
    ----------
    gain : float, default 1.0
        Factor.
    seed : int, optional
        Makes every call return the same values.

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
    """Q of the QR decomposition of a tall matrix, with R's diagonal positive, by Householder.

    Written out on einsum, which sums in one fixed order: LAPACK's bits depend on its threads.
    """
    a = np.array(a, dtype=np.float64)
    cols = a.shape[1]
    reflectors = []
    signs = np.ones(cols)
    for k in range(cols):
        v = a[k:, k].copy()
        norm = math.sqrt(float(np.einsum("i,i->", v, v)))
        signs[k] = 1.0 if v[0] < 0.0 else -1.0  # of R's diagonal after the reflection
        v[0] -= signs[k] * norm
        square = float(np.einsum("i,i->", v, v))
        reflectors.append(v * math.sqrt(2.0 / square) if square > 0.0 else v)
        _reflect(a[k:, k:], reflectors[k])
    q = np.eye(a.shape[0], cols)
    for k in reversed(range(cols)):
        _reflect(q[k:, k:], reflectors[k])
    return q * signs


def _reflect(a: NDArray[Any], v: NDArray[Any]) -> None:
    """Subtract v (v' A) from A, in place."""
    a -= np.multiply.outer(v, np.einsum("i,ij->j", v, a))
