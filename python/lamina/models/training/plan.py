"""The settings of one fit."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any

from lamina import _check
from lamina.models.data import prepared as data_
from lamina.models.data.batches import count, steps_of
from lamina.models.data.prepared import Part
from lamina.models.data.row_order import Shuffle, shuffle_of


@dataclass
class Plan:
    """The settings of one ``fit``, checked."""

    batch: int
    first_epoch: int
    epochs: int
    shuffle: Shuffle
    steps: int | None  # None: known at the end of the first epoch
    validation_steps: int | None  # None: all rows
    validation_batch: int | None  # None: as many rows as a block holds
    validation_freq: int | Container[int]

    def validates(self, epoch: int) -> bool:
        """Return whether validation follows the epoch, counted from 0."""
        if isinstance(self.validation_freq, int):
            return (epoch + 1) % self.validation_freq == 0
        return epoch + 1 in self.validation_freq


def plan(parts: Sequence[Part], batch_size: object, steps: object, **others: Any) -> Plan:
    """Check the settings of a fit over the rows of all parts; ``others`` are those of ``Plan``."""
    rows = sum(part.size for part in parts)
    batch = data_.batch_rows("fit", "batch_size", batch_size, rows)
    most = sum(count(part.size, batch) for part in parts)
    if steps is not None:
        most = steps_of("fit", "steps_per_epoch", steps, most)
    return plan_of_batches(batch, most, **others)


def plan_of_batches(
    batch: int,
    steps: int | None,
    epochs: object = 1,
    initial_epoch: object = 0,
    shuffle: object = False,
    validation_steps: object = None,
    validation_batch_size: object = None,
    validation_freq: Any = 1,
) -> Plan:
    """Check the settings of a fit over batches of a number of rows."""
    if not (hasattr(validation_freq, "__contains__") and not isinstance(validation_freq, str)):
        validation_freq = _check.integer("fit", "validation_freq", validation_freq)
    validation_limit = None
    if validation_steps is not None:
        validation_limit = _check.integer("fit", "validation_steps", validation_steps)
    validation_batch = None
    if validation_batch_size is not None:
        validation_batch = _check.integer("fit", "validation_batch_size", validation_batch_size)
    return Plan(
        batch,
        _check.integer("fit", "initial_epoch", initial_epoch, 0),
        _check.integer("fit", "epochs", epochs),
        shuffle_of(shuffle),
        steps,
        validation_limit,
        validation_batch,
        validation_freq,
    )
