"""Boxes in images: their formats, and the effect of transformations."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina import ops

FORMATS = (
    "xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw",
    "rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh",
)  # fmt: skip


def format_of(who: str, name: str, value: Any) -> str:
    """Return the name of a format in lower case."""
    if not isinstance(value, str) or value.lower() not in FORMATS:
        shown = ", ".join(map(repr, FORMATS))
        raise ValueError(f"{who}: {name} must be one of {shown}; got {value!r}")
    return value.lower()


def as_corners(boxes: Any, source: str, height: Any, width: Any) -> Any:
    """Return boxes (..., 4) as left, top, right and bottom, in pixels."""
    form = source.removeprefix("rel_")
    a, b, c, d = (boxes[..., i : i + 1] for i in range(4))
    if form in ("yxyx", "center_yxhw"):
        a, b, c, d = b, a, d, c
    if form.startswith("center"):
        a, b, c, d = a - c / 2.0, b - d / 2.0, a + c / 2.0, b + d / 2.0
    elif form == "xywh":
        c, d = a + c, b + d
    if source != form:
        a, b, c, d = a * width, b * height, c * width, d * height
    return ops.concatenate([a, b, c, d], -1)


def from_corners(boxes: Any, target: str, height: Any, width: Any) -> Any:
    """Return boxes given as left, top, right and bottom, in pixels, in another format."""
    form = target.removeprefix("rel_")
    a, b, c, d = (boxes[..., i : i + 1] for i in range(4))
    if target != form:
        a, b, c, d = a / width, b / height, c / width, d / height
    if form in ("xywh", "center_xywh", "center_yxhw"):
        c, d = c - a, d - b
    if form.startswith("center"):
        a, b = a + c / 2.0, b + d / 2.0
    if form in ("yxyx", "center_yxhw"):
        a, b, c, d = b, a, d, c
    return ops.concatenate([a, b, c, d], -1)


def clipped(boxes: Any, height: Any, width: Any) -> Any:
    """Return the parts of boxes (..., 4), given as corners, that lie in the image."""
    sizes = (width, height, width, height)
    return ops.concatenate(
        [ops.clip(boxes[..., i : i + 1], 0.0, size) for i, size in enumerate(sizes)], -1
    )


def areas(boxes: Any) -> Any:
    """Return the areas (...) of boxes (..., 4), given as corners."""
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def visible(labels: Any, boxes: Any) -> Any:
    """Return labels, (n, boxes) or (n, boxes, classes), with -1 where a box has no area left."""
    seen = areas(boxes) > 0.0
    seen = ops.expand_dims(seen, -1) if labels.ndim > seen.ndim else seen
    return ops.where(seen, labels, -1)


def around(points: list[tuple[Any, Any]]) -> Any:
    """Return the smallest boxes around points, each given as x and y (n, boxes, 1)."""
    columns, rows = (ops.concatenate([point[i] for point in points], -1) for i in range(2))
    ends = [end(of, -1, keepdims=True) for end in (ops.min, ops.max) for of in (columns, rows)]
    return ops.concatenate(ends, -1)


def corners_of(boxes: Any) -> list[tuple[Any, Any]]:
    """Return the four corners of boxes (n, boxes, 4), each given as x and y (n, boxes, 1)."""
    left, top, right, bottom = (boxes[..., i : i + 1] for i in range(4))
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def moved_back(boxes: Any, entries: list[Any]) -> Any:
    """Return boxes around the points that an affine map sends into boxes (n, boxes, 4).

    ``entries`` are a0, a1, a2, b0, b1 and b2 of ``affine_transform``, numbers or (n,): images read
    through the map are transformed by its inverse.
    """
    a0, a1, a2, b0, b1, b2 = (
        entry if isinstance(entry, float) else ops.expand_dims(entry, (1, 2)) for entry in entries
    )
    area = a0 * b1 - a1 * b0
    moved = []
    for x, y in corners_of(boxes):
        across, down = x - a2, y - b2
        moved.append(((across * b1 - down * a1) / area, (down * a0 - across * b0) / area))
    return around(moved)


def cropped_to(boxes: Any, sizes: tuple[int, int], to: tuple[int, int]) -> Any:
    """Return boxes (..., 4), as corners, after ``resize`` with ``crop_to_aspect_ratio``.

    ``sizes`` and ``to`` are heights and widths, before and after.
    """
    (height, width), (to_height, to_width) = sizes, to
    kept_height = max(min(height, int(float(width * to_height) / to_width)), 1)
    kept_width = max(min(width, int(float(height * to_width) / to_height)), 1)
    top, left = int((height - kept_height) / 2), int((width - kept_width) / 2)
    down, across = to_height / kept_height, to_width / kept_width
    return (boxes - np.array([left, top, left, top], float)) * np.array(
        [across, down, across, down]
    )


def padded_to(boxes: Any, sizes: tuple[int, int], to: tuple[int, int]) -> Any:
    """Return boxes (..., 4), as corners, after ``resize`` with ``pad_to_aspect_ratio``.

    ``sizes`` and ``to`` are heights and widths, before and after.
    """
    (height, width), (to_height, to_width) = sizes, to
    top = max(int(width * to_height / to_width) - height, 0) // 2
    left = max(int(height * to_width / to_height) - width, 0) // 2
    down, across = to_height / (height + 2 * top), to_width / (width + 2 * left)
    return (boxes + np.array([left, top, left, top], float)) * np.array(
        [across, down, across, down]
    )
