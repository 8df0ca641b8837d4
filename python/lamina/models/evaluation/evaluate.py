"""Loss and metrics of a model over data, without training."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from lamina._check import Array
from lamina.callbacks import CallbackList
from lamina.callbacks.callback import TICK
from lamina.callbacks.callback_list import Hook
from lamina.models.data.batches import count, spans
from lamina.models.data.prepared import Part
from lamina.models.data.reading import windows
from lamina.models.prediction.outputs import BLOCK, BOUND_BATCH
from lamina.models.training.logs import in_order

if TYPE_CHECKING:
    from lamina.models.compilation.compilable import Compilable
    from lamina.models.compilation.objective import Objective
    from lamina.models.evaluation.evaluating import Evaluating
    from lamina.models.evaluation.passes import Pass
    from lamina.models.training.spread import Spread


@dataclass
class Plan:
    """How a part of the data is evaluated.

    Attributes
    ----------
    part : Part
    objective : Objective
    batch : int
        Rows at a time.
    rest : callable or None
        Returns the evaluator of a smaller last batch, if ``objective`` cannot evaluate it.
    """

    part: Part
    objective: Objective
    batch: int
    rest: Callable[[int], Objective] | None

    @property
    def steps(self) -> int:
        """The number of batches."""
        return count(self.part.size, self.batch)


def plans(
    model: Compilable,
    parts: Iterable[Part],
    wanted: int | None,
    default: int,
    keras: int = BOUND_BATCH,
) -> Iterator[Plan]:
    """Yield the plans for evaluating a compiled model on the rows of each part.

    The number of rows at a time is ``wanted``, otherwise up to ``default``, or Keras's batch size
    if the loss depends on it.
    """
    for part in parts:
        pieces: Iterable[Part] = [part]
        if part.data.reads:
            pieces = windows(part, max(wanted or keras, default))
        for each in pieces:
            yield Plan(each, *model.evaluator(each.data, each.size, wanted, default, keras))


def plans_of_batches(model: Compilable, parts: Iterable[Part]) -> Iterator[Plan]:
    """Yield the plans for evaluating a compiled model on parts with one batch each, or several."""
    for part in parts:
        if part.batch is None:
            yield Plan(part, *model.evaluator(part.data, part.size, part.size, part.size))
        else:
            yield Plan(part, *model.evaluator(part.data, part.size, None, BLOCK, part.batch))


def hears_test_batches(hooks: CallbackList, spread: Spread | None) -> bool:
    """Return whether a hook, of any process, is called before or after every batch."""
    hears = bool(hooks["on_test_batch_begin"] or hooks["on_test_batch_end"])
    return hears if spread is None else spread.any(hears)


def evaluate(
    model: Evaluating,
    planned: Iterable[Plan],
    hooks: CallbackList | None = None,
    spread: Spread | None = None,
) -> dict[str, float]:
    """Return loss and metrics over the rows of all parts, as if they were one batch.

    Parts, at least one, are requested one after another.  Each process of a ``spread`` computes
    some rows of each batch; all do if a loss depends on which rows these are.  If a callback sets
    ``stop_evaluating`` in one process, all stop after the same batch.
    """
    hooks = CallbackList() if hooks is None else hooks
    begin, end = hooks["on_test_batch_begin"], hooks["on_test_batch_end"]
    ticks, clock = hooks["on_test_tick"], time.perf_counter
    due = clock() + TICK if ticks else math.inf
    if spread is not None:
        planned = spread.in_step(planned, lambda p: f"{p.part.size} in batches of {p.batch}")
    planned = iter(planned)
    first = next(planned)
    model.stop_evaluating = False
    hooks.call("on_test_begin", {})
    stoppable = bool(begin or end or ticks or model.stop_evaluating)
    together = spread is not None and spread.any(stoppable)
    # Known only now: the first plan may have been the first recording.
    sharing = None if model.bound else spread
    with first.objective.start(first.part.data, first.batch, False, sharing) as run:
        for index, (rows, start, stop) in enumerate(_batches(run, first, planned)):
            for hook in begin:
                hook(index, {})
            run.execution.test(rows, start, stop, index)
            if run.observe is not None:
                run.observe(rows, start, stop)
            if end:
                _call(end, index, run)
            if ticks and clock() >= due:
                _call(ticks, index, run)
                due = clock() + TICK
            stops = model.stop_evaluating
            if spread is not None:
                stops = together and spread.any(stops)
            if stops:
                break
        logs = run.results()
    hooks.call("on_test_end", in_order(logs))
    return logs


def _call(hooks: Sequence[Hook], batch: int, run: Pass) -> None:
    logs = in_order(run.results())
    for hook in hooks:
        hook(batch, logs)


def _batches(
    run: Pass, first: Plan, others: Iterable[Plan]
) -> Iterator[tuple[Array | None, int, int]]:
    """Yield the batches; ``run`` provides an execution for each."""
    for plan in chain([first], others):
        if plan is not first:
            run.turn_to(plan.objective, plan.batch, plan.part.data)
        for start, stop in spans(plan.part.size, plan.batch):
            if plan.rest is not None and stop - start < plan.batch:
                run.move_to(plan.rest(stop - start), stop - start)
            yield plan.part.rows, start, stop
