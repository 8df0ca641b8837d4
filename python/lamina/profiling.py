"""The cost of one training step, operation by operation."""

from __future__ import annotations

import copy
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from lamina import _check
from lamina._answers import answering
from lamina._calls import answering_calls
from lamina.callbacks import CallbackList
from lamina.models.data import prepared as data_
from lamina.models.data.batches import Schedule
from lamina.models.data.ragged import refuse
from lamina.models.data.rows import gathered
from lamina.models.model import Model
from lamina.models.training import loop as training
from lamina.models.training.plan import plan

if TYPE_CHECKING:
    from lamina._typing import Data

__all__ = ["Profile", "Row", "profile"]


def __dir__() -> list[str]:
    return sorted(__all__)


COLUMNS = ("operation", "pass", "shapes", "MFLOP", "MB", "threads", "why", "us", "GFLOP/s", "MB/s")
TEXT = (0, 1, 2, 6)


@dataclass(frozen=True)
class Row:
    """The forward or backward pass of one operation, or the update.

    ``mb`` counts the bytes read and written; ``us`` is the median time over the repetitions.
    """

    operation: str
    phase: str
    shapes: str
    mflop: float
    mb: float
    threads: int
    why: str
    us: float

    @property
    def gflop_per_s(self) -> float:
        """Arithmetic speed."""
        return self.mflop / self.us * 1e3 if self.us > 0 else 0.0

    @property
    def mb_per_s(self) -> float:
        """Memory bandwidth."""
        return self.mb / self.us * 1e6 if self.us > 0 else 0.0

    def cells(self) -> tuple[str, ...]:
        """Return the columns as text."""
        return (
            self.operation, self.phase, self.shapes, f"{self.mflop:.3f}", f"{self.mb:.3f}",
            str(self.threads) if self.threads else "", self.why, f"{self.us:.2f}",
            f"{self.gflop_per_s:.1f}", f"{self.mb_per_s:,.0f}",
        )  # fmt: skip


class Profile:
    """The table of a step, shown when printed.

    Attributes
    ----------
    rows : list of Row
        In the order in which they ran.
    total : Row
        Their sums.
    batch_size : int
        The rows of the step.
    """

    def __init__(self, rows: list[Row], title: str, batch_size: int) -> None:
        self.rows, self.title, self.batch_size = rows, title, batch_size
        self.total = Row(
            "total", "", "", sum(r.mflop for r in rows), sum(r.mb for r in rows), 0, "",
            sum(r.us for r in rows),
        )  # fmt: skip

    def __str__(self) -> str:
        """Return the table as text."""
        cells = [COLUMNS, *(r.cells() for r in self.rows), self.total.cells()]
        widths = [max(len(row[i]) for row in cells) for i in range(len(COLUMNS))]
        lines = [
            "  ".join(
                f"{cell:<{w}}" if i in TEXT else f"{cell:>{w}}"
                for i, (cell, w) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in cells
        ]
        rule = "-" * max(map(len, lines))
        return "\n".join([self.title, lines[0], rule, *lines[1:-1], rule, lines[-1]])

    __repr__ = __str__


@answering_calls
def profile(
    model: Model,
    x: Data,
    y: Data,
    batch_size: int | Literal["all"] | None = None,
    repeats: int = 20,
) -> Profile:
    """Return a table of one training step.

    Parameters
    ----------
    model : Model
        A compiled model; a copy of it is trained, so it is not changed.
    x, y : array_like
        Data as in ``fit``; the first batch is used.
    batch_size : int or "all", optional
        Rows of the step, as in ``fit``.
    repeats : int, default 20
        Number of steps over which the median of each time is taken (after one warm-up step).

    Returns
    -------
    Profile

    Raises
    ------
    ValueError
        If the loss of the batch is NaN or infinite.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> model = lamina.Sequential([lamina.Input((4,)), lamina.layers.Dense(3)])
    >>> model.compile("adam", "mse")
    >>> table = lamina.profile(model, np.ones((8, 4)), np.ones((8, 3)))
    >>> print(table)                                    # doctest: +ELLIPSIS
    One training step of sequential, 8 rows, float32
    operation ...
    >>> table.total.us > 0
    True
    """
    if not isinstance(model, Model):
        raise TypeError(f"profile: needs a model; got {model!r:.80}")
    repeats = _check.integer("profile", "repeats", repeats)
    front = gathered(model.through_front(x), model.ports)
    data = data_.prepare("profile", model, front, y).read()
    refuse("profile", data)
    given = model.default_fit_batch(batch_size)
    parts = data.parts()
    settings = plan(parts, given, None)
    twin = copy.deepcopy(model)
    twin.ensure_built(data.row_shapes)
    feed = Schedule(parts, settings.batch, settings.steps)
    run = training.Training(twin, feed, [], settings, CallbackList())
    optimizer, execution = run.optimizer, run.execution
    if not optimizer.fused:
        raise TypeError(
            f"profile: the step of {type(optimizer).__name__} runs in Python; compile the model "
            f"with an optimizer of lamina.optimizers"
        )
    with run.steps:
        run.attach()
        # So small that the repeated steps cannot diverge; the times do not depend on it.
        rate, step = 1e-6 * optimizer.current_learning_rate(), optimizer.steps + 1
        runs = [
            execution.profile(None, 0, settings.batch, rate, step + i, i + 1)
            for i in range(repeats + 1)
        ][1:]
    if all(line["pass"] != "update" for line in runs[0]):
        raise ValueError(
            f"profile: the loss of the batch must be finite, as in a step of fit; that of "
            f"{model.name} over the first {settings.batch} rows is not"
        )
    rows = [_row(lines) for lines in zip(*runs, strict=True)]
    title = f"One training step of {model.name}, {settings.batch} rows, {model.dtype_policy.name}"
    return Profile(rows, title, settings.batch)


def _row(lines: tuple[dict[str, Any], ...]) -> Row:
    first = lines[0]
    name, operation = first.get("name") or "", first["operation"]
    if first["pass"] == "loss":
        name = operation = "loss"  # the engine's "total" would be a second total in the table
    label = f"{name} ({operation})" if name and name != operation else operation
    return Row(
        label, first["pass"], str(first["shapes"]), first["mflop"], first["mb"],
        first["threads"], first["why"], statistics.median(line["us"] for line in lines),
    )  # fmt: skip


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)
