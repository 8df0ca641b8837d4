"""Loss and metrics of a model over data, without training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lamina._check import Array
from lamina.callbacks import CallbackList
from lamina.models.batches import count, spans
from lamina.models.data import Part
from lamina.models.prediction import BOUND_BATCH

if TYPE_CHECKING:
    from lamina.models.compilable import Compilable
    from lamina.models.objective import Objective
    from lamina.models.passes import Pass


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
        Returns what evaluates a last batch of fewer rows, where ``objective`` cannot.
    """

    part: Part
    objective: Objective
    batch: int
    rest: Callable[[int], Objective] | None

    @property
    def steps(self) -> int:
        """How many batches there are."""
        return count(self.part.size, self.batch)


def plans(
    model: Compilable,
    parts: Sequence[Part],
    wanted: int | None,
    default: int,
    keras: int = BOUND_BATCH,
) -> list[Plan]:
    """Return how to evaluate a compiled model on the rows of all parts.

    ``wanted`` rows at a time, else up to ``default``, or where the loss depends on it as many as
    Keras takes.
    """
    return [
        Plan(part, *model.evaluator(part.data, part.size, wanted, default, keras)) for part in parts
    ]


def evaluate(planned: Sequence[Plan], hooks: CallbackList | None = None) -> dict[str, float]:
    """Return loss and metrics over the rows of all parts, as if they were one batch."""
    begin = hooks["on_test_batch_begin"] if hooks else ()
    end = hooks["on_test_batch_end"] if hooks else ()
    first = planned[0]
    with first.objective.start(first.part.data, first.batch, False) as run:
        index = 0
        for plan in planned:
            if plan is not first:
                run.move_to(plan.objective, plan.batch, plan.part.data)
            for rows, start, stop in _batches(run, plan):
                for hook in begin:
                    hook(index, {})
                run.execution.test(rows, start, stop, index)
                if run.observe is not None:
                    run.observe(rows, start, stop)
                if end:
                    logs = run.results()
                    for hook in end:
                        hook(index, logs)
                index += 1
        return run.results()


def _batches(run: Pass, plan: Plan) -> Iterable[tuple[Array | None, int, int]]:
    """Yield the batches; ``run`` has an execution for each."""
    for start, stop in spans(plan.part.size, plan.batch):
        if plan.rest is not None and stop - start < plan.batch:
            run.move_to(plan.rest(stop - start), stop - start)
        yield plan.part.rows, start, stop
