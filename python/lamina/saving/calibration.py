"""The results of ``calibrate`` as plain values and arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check
from lamina._check import Array

if TYPE_CHECKING:
    from lamina.models import Model

ROOM = "calibration/"  # prefix of the names of its arrays


def described(model: Model, tensors: dict[str, Array]) -> dict[str, Any] | None:
    """Return the calibration of a model, with arrays in ``tensors``; None if there is none."""
    kept = model._calibration
    if kept is None:
        return None
    tensors.update({ROOM + name: array for name, array in kept.arrays.items()})
    weights = [np.stack(arrays) for arrays in zip(*kept.copies, strict=True)]
    tensors.update({f"{ROOM}copies/{place}": array for place, array in enumerate(weights)})
    return {
        "method": kept.method,
        "rows": kept.rows,
        "shape": list(kept.shape),
        "mark": kept.mark,
        "settings": kept.settings,
        "arrays": list(kept.arrays),
        "copies": len(kept.copies),
        "weights": len(weights),
    }


def put_back(model: Any, told: Mapping[str, Any], tensors: Mapping[str, Array]) -> None:
    """Restore the calibration of a model that was made from a file."""
    from lamina.inference.intervals import Calibration
    from lamina.inference.intervals.calibrating import METHODS

    who = "calibration"
    count, shapes = told["copies"], [w.shape for w in model.get_weights()]
    weights = [tensors[f"{ROOM}copies/{place}"] for place in range(told["weights"])]
    if count and [w.shape for w in weights] != [(count, *shape) for shape in shapes]:
        raise ValueError(f"{who}: the shapes of the copies' weights differ from the model's")
    kept = Calibration(
        _check.choice(who, "method", told["method"], list(METHODS)),
        _check.integer(who, "rows", told["rows"]),
        tuple(_check.integer(who, "shape", size, 0) for size in told["shape"]),
        str(told["mark"]),
        {str(name): tensors[ROOM + name] for name in told["arrays"]},
        dict(told["settings"]),
        [[w[place] for w in weights] for place in range(count)],
    )
    kept.check()
    model._calibration = kept
