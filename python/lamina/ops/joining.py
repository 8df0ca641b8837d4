"""Joining tensors."""

from __future__ import annotations

from typing import Any

from lamina._check import choice
from lamina._tensors.dispatch import operation
from lamina._tensors.given import all_rows, by_rows, given, record
from lamina._tensors.tensor import Tensor
from lamina.ops._arguments import several
from lamina.ops._axes import axis_of, shown
from lamina.ops._elements import alike
from lamina.ops.shaping import broadcast_to, expand_dims, ravel, reshape

__all__ = [
    "append",
    "concatenate",
    "dstack",
    "hstack",
    "meshgrid",
    "stack",
    "vstack",
]


@operation
def concatenate(xs: Any, axis: int = 0) -> Any:
    """Return the tensors concatenated along an axis.

    Parameters
    ----------
    xs : sequence of tensors or array_like
        Of the same shape except along the axis.
    axis : int, default 0

    Examples
    --------
    >>> from lamina import ops
    >>> ops.concatenate([[1.0, 2.0], [3.0]])
    array([1., 2., 3.], dtype=float32)
    """
    tensors = alike(several("concatenate", "xs", xs))
    if not tensors:
        raise ValueError("concatenate: needs at least one tensor; got none")
    place = axis_of("concatenate", axis, tensors[0].ndim)
    tensors = together("concatenate", tensors, place)
    return record("concatenate", tensors, place - tensors[0].rows)


def together(who: str, tensors: list[Tensor], place: int) -> list[Tensor]:
    """Return tensors that fit along an axis, which either all have rows, or none."""
    shapes = " and ".join(shown(t) for t in tensors)
    if any(t.ndim != tensors[0].ndim for t in tensors):
        raise ValueError(f"{who}: tensors must have the same number of axes; got {shapes}")
    if any(t.rows for t in tensors):
        tensors = [all_rows(t) if place == 0 else by_rows(t) for t in tensors]
    others = {tuple(t.shape[:place]) + tuple(t.shape[place + 1 :]) for t in tensors}
    if len(others) > 1:
        raise ValueError(f"{who}: shapes may only differ along axis {place}; got {shapes}")
    return tensors


@operation
def stack(x: Any, axis: int = 0) -> Any:
    """Return tensors of the same shape stacked along a new axis.

    Parameters
    ----------
    x : sequence of tensors or array_like
    axis : int, default 0
        Position of the new axis in the result.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.stack([[1, 2], [3, 4]], axis=-1)
    array([[1, 3],
           [2, 4]], dtype=int32)
    """
    tensors = alike(several("stack", "x", x))
    if not tensors:
        raise ValueError("stack: needs at least one tensor; got none")
    place = axis_of("stack", axis, tensors[0].ndim + 1)
    if any(t.ndim != tensors[0].ndim or t.shape[1:] != tensors[0].shape[1:] for t in tensors):
        raise ValueError(
            "stack: tensors must have the same shape; "
            f"got {' and '.join(shown(t) for t in tensors)}"
        )
    return concatenate([expand_dims(t, place) for t in tensors], place)


@operation
def append(x1: Any, x2: Any, axis: Any = None) -> Any:
    """Return ``x2`` appended to ``x1`` along an axis.

    Parameters
    ----------
    x1, x2 : tensor or array_like
    axis : int, optional
        If not given, both are flattened.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.append([[1, 2]], [[3, 4]])
    array([1, 2, 3, 4], dtype=int32)
    >>> ops.append([[1, 2]], [[3, 4]], axis=0)
    array([[1, 2],
           [3, 4]], dtype=int32)
    """
    if axis is None:
        return concatenate([ravel(given(x1)), ravel(given(x2))])
    return concatenate([x1, x2], axis)


@operation
def hstack(xs: Any) -> Any:
    """Return the tensors concatenated along axis 1, or along the only axis.

    Parameters
    ----------
    xs : sequence of tensors or array_like
        Single numbers count as vectors.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.hstack([[1, 2], [3]])
    array([1, 2, 3], dtype=int32)
    >>> ops.hstack([[[1], [2]], [[3], [4]]])
    array([[1, 3],
           [2, 4]], dtype=int32)
    """
    tensors = [_at_least(given(x), 1) for x in several("hstack", "xs", xs)]
    return concatenate(tensors, 0 if tensors and tensors[0].ndim == 1 else 1)


@operation
def vstack(xs: Any) -> Any:
    """Return the tensors stacked vertically: those with one axis are rows.

    Parameters
    ----------
    xs : sequence of tensors or array_like

    Examples
    --------
    >>> from lamina import ops
    >>> ops.vstack([[1, 2], [[3, 4], [5, 6]]])
    array([[1, 2],
           [3, 4],
           [5, 6]], dtype=int32)
    """
    return concatenate([_at_least(given(x), 2) for x in several("vstack", "xs", xs)], 0)


@operation
def dstack(xs: Any) -> Any:
    """Return the tensors concatenated along axis 2, which is new for tensors with fewer axes.

    Parameters
    ----------
    xs : sequence of tensors or array_like

    Examples
    --------
    >>> from lamina import ops
    >>> ops.dstack([[1, 2], [3, 4]])
    array([[[1, 3],
            [2, 4]]], dtype=int32)
    """
    return concatenate([_at_least(given(x), 3) for x in several("dstack", "xs", xs)], 2)


def _at_least(x: Tensor, axes: int) -> Tensor:
    if x.ndim == 0:
        x = expand_dims(x, 0)
    if x.ndim == 1 and axes > 1:
        x = expand_dims(x, 0)
    return expand_dims(x, 2) if x.ndim == 2 and axes > 2 else x


@operation
def meshgrid(*x: Any, indexing: str = "xy") -> Any:
    """Return each vector along a separate axis, repeated along the other axes.

    Parameters
    ----------
    *x : tensor or array_like
        Vectors; other shapes are flattened.
    indexing : {"xy", "ij"}, default "xy"
        With "ij" vector i runs along axis i; with "xy" the first two change places.

    Returns
    -------
    list of tensors or arrays
        One for each vector, all of the same shape.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.meshgrid([1, 2, 3], [0, 5])
    [array([[1, 2, 3],
           [1, 2, 3]], dtype=int32), array([[0, 0, 0],
           [5, 5, 5]], dtype=int32)]
    >>> ops.meshgrid([1, 2, 3], [0, 5], indexing="ij")[0].shape
    (3, 2)
    """
    choice("meshgrid", "indexing", indexing, ("xy", "ij"))
    vectors = [ravel(given(each)) for each in x]
    sizes = [v.shape[0] for v in vectors]
    places = list(range(len(vectors)))
    if indexing == "xy" and len(vectors) > 1:
        places[:2] = [1, 0]
    shape = tuple(sizes[place] for place in places)
    grids = []
    for vector, place in zip(vectors, places, strict=True):
        form = [1] * len(vectors)
        form[place] = vector.shape[0]
        grids.append(broadcast_to(reshape(vector, form), shape))
    return grids
