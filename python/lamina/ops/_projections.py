"""Projections of the plane that map four points to four others.

``m`` is NumPy, or ``lamina.ops`` if points are recorded.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.ops._elements import floats


def _corners(m: Any, points: Any, size: float) -> list[Any]:
    """Return the four points of each image as (x, y, 1), in units of the size of the image.

    Known points are in double precision.
    """
    points = np.asarray(points, np.float64) if m is np else floats(points)
    points = points if points.ndim == 3 else m.expand_dims(points, 0)
    points = points / size
    points = m.concatenate([points, m.ones_like(points[:, :, :1])], -1)
    return [points[:, i] for i in range(4)]


def projection(m: Any, starts: Any, ends: Any, size: float) -> list[Any]:
    """Return the nine numbers of the projections that map four end points to four start points.

    The matrix is S times the adjugate of E, where S maps the corners of a standard quadrangle to
    the start points, and E to the end points.  Points are (n, 4, 2), and projected points are in
    units of ``size``.
    """
    s, e = (_from_standard(m, _corners(m, points, size)) for points in (starts, ends))
    rows = [m.cross(e[1], e[2]), m.cross(e[2], e[0]), m.cross(e[0], e[1])]
    return [
        sum(column[:, i] * row[:, j] for column, row in zip(s, rows, strict=True))
        for i in range(3)
        for j in range(3)
    ]


def _from_standard(m: Any, points: list[Any]) -> list[Any]:
    """Return the columns of the matrix that maps (1, 0, 0), ... and (1, 1, 1) to points."""
    a, b, c, d = points
    weights = [m.sum(m.cross(p, q) * d, -1, keepdims=True) for p, q in ((b, c), (c, a), (a, b))]
    return [point * weight for point, weight in zip((a, b, c), weights, strict=True)]
