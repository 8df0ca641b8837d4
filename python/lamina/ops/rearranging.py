"""Splitting, permuting and joining axes by a pattern of names."""

from __future__ import annotations

import re
from math import prod
from typing import Any

from lamina._tensors.dispatch import operation
from lamina._tensors.given import all_rows, given
from lamina._tensors.recording import Rows
from lamina._tensors.tensor import Tensor
from lamina.ops._axes import shown
from lamina.ops._numbers import integer
from lamina.ops.shaping import reshape, transpose

__all__ = ["rearrange"]

Groups = list[list[str]]


@operation
def rearrange(tensor: Any, pattern: str, **axes_lengths: int) -> Any:
    """Return the elements with axes split, permuted and joined according to a pattern.

    Parameters
    ----------
    tensor : tensor or array_like
    pattern : str
        Names of the axes before and after, ``"b h w c -> b (h w) c"``.  Names in brackets are parts
        of one axis, with the last one varying fastest.
    **axes_lengths : int
        The sizes of axes: for an axis that is split, all but one of its parts are required.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.rearrange(np.zeros((2, 6, 4)), "b (h p) c -> b h (p c)", p=3).shape
    (2, 2, 12)
    """
    x = given(tensor)
    before, after = _parsed(pattern)
    if x.rows and before[:1] != after[:1]:
        x = all_rows(x)
    lengths = {name: integer("rearrange", name, n, 0) for name, n in axes_lengths.items()}
    sizes = _sizes(x, pattern, before, lengths)
    names = [name for group in before for name in group]
    order = [names.index(name) for group in after for name in group]
    x = reshape(x, [sizes[name] for name in names])
    x = transpose(x, order)
    return reshape(x, [_joined([sizes[name] for name in group]) for group in after])


def _parsed(pattern: str) -> tuple[Groups, Groups]:
    sides = pattern.split("->") if isinstance(pattern, str) else []
    found = []
    for side in sides:
        items = re.findall(r"\(([\w\s]*)\)|(\w+)", side)
        if re.sub(r"\([\w\s]*\)|\w+|\s", "", side):
            sides = []
        found.append([inner.split() if not name else [name] for inner, name in items])
    names = [[name for group in side for name in group] for side in found]
    if (
        len(sides) != 2
        or len(set(names[0])) != len(names[0])
        or sorted(names[0]) != sorted(names[1])
    ):
        raise ValueError(
            f"rearrange: pattern must be 'names -> names', each name once on both sides, with "
            f"brackets around the parts of an axis; got {pattern!r}"
        )
    return found[0], found[1]


def _sizes(x: Tensor, pattern: str, before: Groups, lengths: dict[str, int]) -> dict[str, Any]:
    """Return the size of each name."""
    known = {name for group in before for name in group}
    if len(before) != x.ndim or not set(lengths) <= known:
        raise ValueError(
            f"rearrange: {pattern!r} must name each axis of shape {shown(x)}, and the sizes given; "
            f"got {lengths}"
        )
    sizes: dict[str, Any] = {}
    for group, size in zip(before, x.shape, strict=True):
        if size is None or (x.rows and not sizes):
            sizes[group[0]] = Rows
            continue
        given_ones = prod(lengths[name] for name in group if name in lengths)
        unknown = [name for name in group if name not in lengths]
        rest = size // given_ones if given_ones else 0
        if len(unknown) > 1 or (rest if unknown else 1) * given_ones != size:
            raise ValueError(
                f"rearrange: the parts of ({' '.join(group)}) must have sizes that make {size}, an "
                f"axis of shape {shown(x)}; got {lengths}"
            )
        sizes.update({name: lengths.get(name, rest) for name in group})
    return sizes


def _joined(sizes: list[Any]) -> Any:
    return sizes[0] if len(sizes) == 1 else prod(sizes)
