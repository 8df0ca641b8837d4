"""Evaluation and prediction of a compiled network, on all rows or batch by batch."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, NoReturn, overload

from lamina import _check
from lamina._calls import answering_calls, refuse_arguments
from lamina.callbacks import CallbackList
from lamina.callbacks.of_run import of_pass
from lamina.data.sources import Source, source_of
from lamina.models.compilation.stepped import Stepped
from lamina.models.data import inputs as inputs_
from lamina.models.data import prepared as data_
from lamina.models.data.batches import count, first_batches, steps_of
from lamina.models.data.feeds import Stream, check_alone, wanted_steps
from lamina.models.evaluation.evaluate import evaluate, hears_test_batches, plans, plans_of_batches
from lamina.models.prediction.outputs import BLOCK, BOUND_BATCH
from lamina.models.training.logs import in_order
from lamina.models.training.spread import Spreadable

if TYPE_CHECKING:
    from lamina._typing import Batches, CallbacksLike, Data, Verbose


class Evaluating(Spreadable, Stepped):
    """A compiled network that can be evaluated and predicts."""

    stop_evaluating = False  # a callback may set it, to stop after the current batch

    def _predict(
        self, x: Any, batch_size: int | None, hooks: CallbackList | None = None, **how: Any
    ) -> Any:
        if not self.stateful:
            return super()._predict(x, batch_size, hooks, **how)
        with self._guard.evaluating("predict"):  # two at the same time would mix their states
            return super()._predict(x, batch_size, hooks, **how)

    @overload
    def evaluate(
        self,
        x: Data | Batches,
        y: Data | None = None,
        batch_size: int | None = None,
        verbose: Verbose = "auto",
        sample_weight: Data | None = None,
        steps: int | None = None,
        callbacks: CallbacksLike = None,
        return_dict: Literal[False] = False,
    ) -> Any: ...
    @overload
    def evaluate(
        self,
        x: Data | Batches,
        y: Data | None = None,
        batch_size: int | None = None,
        verbose: Verbose = "auto",
        sample_weight: Data | None = None,
        steps: int | None = None,
        callbacks: CallbacksLike = None,
        *,
        return_dict: Literal[True],
    ) -> dict[str, float]: ...
    @answering_calls
    def evaluate(
        self,
        x: Data | Batches,
        y: Data | None = None,
        batch_size: int | None = None,
        verbose: Verbose = "auto",
        sample_weight: Data | None = None,
        steps: int | None = None,
        callbacks: CallbacksLike = None,
        return_dict: bool = False,
        **unknown: NoReturn,
    ) -> Any:
        """Return the loss, or a list of the loss and the metrics, on these rows.

        Parameters
        ----------
        x, y, sample_weight : array_like, or a source of batches as x
            As for ``fit``.
        batch_size : int, optional
            Rows at a time, as in ``predict``; results do not depend on it beyond rounding, unless
            outputs or losses of a row depend on the other rows of its batch.  The loss is the mean
            over all rows, or over the positions that masks keep: see the notes of ``fit``.
        verbose : {"auto", 0, 1, 2}, default "auto"
            0 silent; 1 a progress bar and then a line with the result; 2 only the line; "auto" a
            bar on a terminal and in a notebook, which is removed at the end.
        steps : int, optional
            Number of batches to use, from the first on, of ``batch_size`` rows (32 by default) or
            from a source.
        callbacks : list of Callback, optional
            Their ``on_test_*`` hooks are called.
        return_dict : bool, default False
            Return a dict by name instead.

        Examples
        --------
        >>> import numpy as np, lamina
        >>> model = lamina.Sequential([lamina.Input((2,)),
        ...                            lamina.layers.Dense(1, kernel_initializer="ones")])
        >>> model.compile("sgd", "mse", metrics=["mae"])
        >>> model.evaluate(np.eye(2), np.zeros(2))
        [1.0, 1.0]
        """
        if unknown:
            refuse_arguments(Evaluating.evaluate, unknown)
        source = source_of(x)
        if source is not None:
            check_alone("evaluate", source, y, sample_weight)
        hooks = of_pass("evaluate", callbacks, verbose)
        with hooks.closing():
            if source is None:
                logs = self._evaluate(
                    "evaluate", x, y, sample_weight, batch_size, steps, hooks, verbose
                )
            else:
                logs = self._evaluate_source(source, steps, hooks, verbose)
        return self._reported(logs, return_dict)

    def _evaluate_source(
        self, source: Source, steps: Any, hooks: CallbackList, verbose: Any
    ) -> dict[str, float]:
        with self._guard.evaluating("evaluate"):
            with self.unbuilt_on_error():
                stream = Stream("evaluate", self, source, wanted_steps("evaluate", "steps", steps))
                first = stream.first
                self.ensure_built(first.data.open_shapes)
                objective = self.objective_for(first.data, first.size, False)
            names, total = objective.names, stream.steps
            hooks.start(self, {"epochs": 1, "steps": total, "verbose": verbose, "metrics": names})
            planned, spread = plans_of_batches(self, stream.parts()), self.take_spread()
            if spread is not None:
                spread.check_model(self)
            logs = evaluate(self, planned, hooks, spread)
            objective.executions.trim()
        return logs

    def _evaluate(
        self,
        who: str,
        x: Any,
        y: Any,
        sample_weight: Any,
        batch_size: Any,
        steps: Any,
        hooks: CallbackList,
        verbose: Any = 0,
    ) -> dict[str, float]:
        with self._guard.evaluating(who):
            spread = self.take_spread()
            x = self.meet(x)
            with self.unbuilt_on_error():
                data = data_.prepare(who, self, x, y, sample_weight)
                given = self.default_batch(batch_size, data.rows)
                hears = hears_test_batches(hooks, spread)
                if given is None and (steps is not None or hears):
                    given = BOUND_BATCH  # callers that count batches get Keras's number
                rows = data_.batch_rows(who, "batch_size", given, data.rows, BLOCK)
                parts = data.parts()
                if steps is not None:
                    steps = steps_of(who, "steps", steps, sum(count(p.size, rows) for p in parts))
                    parts = first_batches(parts, rows, steps)
                self.check_batches(who, sum(part.size for part in parts), rows)
                self.ensure_built(data.open_shapes)
                planned = plans(self, parts, None if given is None else rows, BLOCK)
                first = next(planned)
                if data.reads:  # plans are made as their rows are read
                    total = count(sum(part.size for part in parts), first.batch)
                    used, planned = [first], chain([first], planned)
                else:
                    used = [first, *planned]
                    total, planned = sum(plan.steps for plan in used), iter(used)
            hooks.start(self, {
                "epochs": 1, "steps": total, "verbose": verbose, "metrics": first.objective.names,
            })  # fmt: skip
            if spread is not None:
                spread.check_model(self)
            logs = evaluate(self, planned, hooks, spread)
            for plan in used:
                plan.objective.executions.trim()
        return logs

    @overload
    def test_on_batch(
        self,
        x: Data,
        y: Data,
        sample_weight: Data | None = None,
        return_dict: Literal[False] = False,
    ) -> Any: ...
    @overload
    def test_on_batch(
        self, x: Data, y: Data, sample_weight: Data | None = None, *, return_dict: Literal[True]
    ) -> dict[str, float]: ...
    def test_on_batch(
        self,
        x: Data = _check.NEEDED,
        y: Data = _check.NEEDED,
        sample_weight: Data | None = None,
        return_dict: bool = False,
        **unknown: NoReturn,
    ) -> Any:
        """Return loss and metrics on these rows, treated as one batch."""
        if unknown:
            refuse_arguments(Evaluating.test_on_batch, unknown)
        met = self.meet(x)
        rows = max(1, len(inputs_.shaped("test_on_batch", met, self.ports)[0]))
        hooks = CallbackList()
        logs = self._evaluate("test_on_batch", x, y, sample_weight, rows, None, hooks)
        return self._reported(logs, return_dict)

    def _reported(self, logs: dict[str, float], return_dict: bool) -> Any:
        logs = in_order(logs)
        if return_dict:
            return logs
        named = [key for key in self.metrics_names if key in logs]
        others = [key for key in logs if key not in named]  # from metrics whose result is a dict
        values = [logs[key] for key in (*named, *others)]
        return values if len(values) > 1 else values[0]
