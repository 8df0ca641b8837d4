"""The parts of a fit: its batches, its validation data, its settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lamina._check import Array
from lamina._fingerprint import Fingerprint
from lamina.data.sources import Source, source_of
from lamina.models.data import prepared as data_
from lamina.models.data import row_order as orders
from lamina.models.data.batches import Feed, Schedule
from lamina.models.data.feeds import Stream, check_alone, wanted_steps
from lamina.models.data.prepared import Data, Part
from lamina.models.data.ragged import Buckets
from lamina.models.data.reading import Windows
from lamina.models.data.validation import Split, choose
from lamina.models.training.plan import Plan, plan, plan_of_batches

if TYPE_CHECKING:
    from lamina.models.training.fitting import Fitting


@dataclass
class Fit:
    """The data and settings of a fit, checked; nothing has been changed yet.

    Attributes
    ----------
    feed : Feed
        The batches to train on.
    held : sequence of Part, or Stream
        The validation data; empty for no validation.
    settings : Plan
    first : Data
        All data, or those of the first batch.
    rows : ndarray of int64 or None
        The training rows among them, all if None.
    validation_rows : ndarray of int64 or None
        The rows held out.
    """

    feed: Feed
    held: Sequence[Part] | Stream
    settings: Plan
    first: Data
    rows: Array | None = None
    validation_rows: Array | None = None

    @property
    def fingerprint(self) -> Fingerprint | None:
        """A key that identifies the training rows; None if not all rows are available."""
        if isinstance(self.feed, Stream) or self.first.ragged:
            return None
        return Fingerprint(self.first.read_by_row, self.rows)

    @property
    def course(self) -> dict[str, Any]:
        """The settings that determine the rows of each batch, for a fit that continues this one."""
        given = isinstance(self.feed, Stream)
        count = self.first.rows if self.rows is None else len(self.rows)
        return {
            "rows": None if given else count,
            "batch_size": None if given else self.settings.batch,
            "shuffle": bool(self.settings.shuffle),
        }


@dataclass
class Asked:
    """The arguments of ``fit`` that determine its data."""

    x: Any
    y: Any
    sample_weight: Any
    class_weight: Any
    validation_data: Any
    validation_steps: Any
    split: Split
    batch_size: Any
    steps_per_epoch: Any
    buckets: Any
    others: dict[str, Any]  # for the plan

    def prepared(self, model: Fitting) -> Fit:
        """Return the fit, checked."""
        source, others = source_of(self.x), source_of(self.validation_data)
        self._check_settings(source)
        held: Stream | None = None
        if others is not None:
            wanted = wanted_steps("fit", "validation_steps", self.validation_steps)
            held = Stream("fit: validation_data", model, others, wanted, restart=True)
        else:
            self.others["validation_steps"] = self.validation_steps
        if source is None:
            return self._of_arrays(model, held)
        return self._of_source(model, source, held)

    def _check_settings(self, source: Source | None) -> None:
        """Refuse wrong settings before a source gives its first batch, which would be lost."""
        plan_of_batches(1, None, **self.others, validation_steps=self.validation_steps)
        if source is not None:
            wanted_steps("fit", "steps_per_epoch", self.steps_per_epoch)

    def _of_arrays(self, model: Fitting, stream: Stream | None) -> Fit:
        padding = None if self.buckets is None else Buckets(self.buckets)
        weights = self.sample_weight, self.class_weight
        data = data_.prepare("fit", model, model.meet(self.x), self.y, *weights)
        rows, held = None, None
        if stream is None:
            rows, held = choose(model, data, self.validation_data, self.split, *weights)
        parts = data.parts(rows, model, padding)
        batch_size = model.default_fit_batch(self.batch_size)
        settings = plan(parts, batch_size, self.steps_per_epoch, **self.others)
        trained = sum(part.size for part in parts)
        kept = None if held is None else held.size
        model.check_fit(settings, trained, kept, self.others["validation_batch_size"])
        held_parts = [] if held is None else held.data.parts(held.rows)
        assert settings.steps is not None
        feed: Feed = Schedule(parts, settings.batch, settings.steps)
        if data.reads:
            feed = Windows(parts[0], settings.batch, settings.steps, model._own_rows)
        return Fit(
            feed,
            held_parts if stream is None else stream,
            settings, data, rows, None if held is None else held.rows,
        )  # fmt: skip

    def _of_source(self, model: Fitting, source: Source, held: Stream | None) -> Fit:
        split = self.split
        check_alone(
            "fit", source, y=self.y, sample_weight=self.sample_weight, buckets=self.buckets,
            validation_split=split.fraction, time_ordered=split.time_ordered,
            stratify=None if isinstance(split.stratify, str) else split.stratify,
        )  # fmt: skip
        if isinstance(self.class_weight, str):
            raise ValueError(
                f"fit: x is a {source.kind}; class_weight={self.class_weight!r} needs counts over "
                f"all rows, and so arrays: give a dict of label to weight"
            )
        mixed = orders.shuffle_of(self.others["shuffle"])
        steps = wanted_steps("fit", "steps_per_epoch", self.steps_per_epoch)
        source = source.share(model._own_rows)
        draw = orders.draw_of_epoch(model, mixed)

        def turn() -> int:
            return orders.epoch_key(model)[1]

        feed = Stream("fit", model, source, steps, self.class_weight, draw, turn)
        rows = feed.first.batch or feed.first.size
        settings = plan_of_batches(rows, feed.steps, **self.others)
        parts: Sequence[Part] | Stream = [] if held is None else held
        if held is None and self.validation_data is not None:
            _, given = choose(model, feed.first.data, self.validation_data, split, None, None)
            assert given is not None
            model.check_fit(settings, settings.batch, given.size, settings.validation_batch)
            parts = given.data.parts()
        return Fit(feed, parts, settings, feed.first.data)
