"""Images with related entries: a dict of images, labels, boxes and masks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lamina._arrays import is_array

KNOWN = ("images", "labels", "bounding_boxes", "segmentation_masks")


def called(data: dict[str, Any], who: str, call: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """Return the result of ``call`` for a dict with a batch of examples, or with one of them.

    The known entries are passed to it, boxes as arrays; all others are left unchanged.
    """
    if "images" not in data:
        raise ValueError(f"{who}: a dict needs the key 'images'; got {sorted(map(str, data))}")
    known = {key: data[key] for key in KNOWN if key in data}
    if "bounding_boxes" in known:
        known["bounding_boxes"] = _as_arrays(known["bounding_boxes"], who)
    images = known["images"]
    if is_array(images) and np.ndim(images) == 3:
        made = _each(call(_each(known, lambda a: np.asarray(a)[None])), lambda a: a[0])
    elif is_none(images):
        made = _each(call(_each(known, one_of_none)), lambda a: a[:0])
    else:
        made = call(known)
    return {key: made.get(key, value) for key, value in data.items()}


def is_none(images: Any) -> bool:
    """Return whether there are no images: layers that look at all images need some."""
    symbolic = getattr(type(images), "symbolic", False)  # which has no rows yet
    return not symbolic and is_array(images) and np.ndim(images) == 4 and len(images) == 0


def one_of_none(rows: Any) -> Any:
    """Return a row of zeros for an array without rows."""
    rows = np.asarray(rows)
    return np.zeros((1, *rows.shape[1:]), rows.dtype)


def _each(values: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(values, dict):
        return {key: _each(value, change) for key, value in values.items()}
    return change(values)


def _as_arrays(given: Any, who: str) -> dict[str, Any]:
    """Return boxes and their labels as arrays; shorter lists are padded with empty boxes."""
    if not isinstance(given, dict) or "boxes" not in given or "labels" not in given:
        raise ValueError(
            f"{who}: bounding_boxes must be a dict with the keys 'boxes' and 'labels'; got "
            f"{given!r:.80}"
        )
    boxes, labels = given["boxes"], given["labels"]
    if not isinstance(boxes, (list, tuple)):
        return {"boxes": boxes, "labels": labels}
    if len(boxes) != len(labels):
        raise ValueError(
            f"{who}: bounding_boxes must have as many lists of labels as of boxes; got "
            f"{len(boxes)} of boxes and {len(labels)} of labels"
        )
    of_one = bool(boxes) and np.ndim(boxes[0]) == 1
    listed = [boxes] if of_one else boxes
    names = [labels] if of_one else labels
    rows = [np.asarray(each, np.float32).reshape(-1, 4) for each in listed]
    pairs = list(zip(names, rows, strict=True))
    classes = max((np.size(each) // len(row) for each, row in pairs if len(row)), default=1)
    tags = [np.asarray(each, np.int32).reshape(len(row), classes) for each, row in pairs]
    most = max(map(len, rows), default=0)
    filled = np.stack([_filled(row, most, 0) for row in rows])
    tagged = np.stack([_filled(tag, most, -1) for tag in tags])
    tagged = tagged[..., 0] if tagged.shape[-1] == 1 else tagged
    return {"boxes": filled[0], "labels": tagged[0]} if of_one else {
        "boxes": filled, "labels": tagged}  # fmt: skip


def _filled(rows: Any, count: int, value: int) -> Any:
    return np.concatenate([rows, np.full((count - len(rows), *rows.shape[1:]), value, rows.dtype)])
