"""A single run over data: an execution bound to it, and the sums of losses and metrics."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina._check import Array
from lamina.models.training.position import put_sums, sums_of

if TYPE_CHECKING:
    from lamina.models.compilation.objective import Fed, Head, Objective
    from lamina.models.data.prepared import Data
    from lamina.models.training.spread import Spread

Observe = Callable[[Any, int, int], None]
Listed = list[tuple[Any, int | None, bool, str]]


class Pass:
    """A run over data, possibly within another one, with its own execution and metrics.

    Attributes
    ----------
    execution : Execution
        Bound to the data within the ``with`` block; if the pass is spread over processes, it also
        represents theirs.
    observe : callable or None
        Feeds metrics written in Python after each batch.
    """

    def __init__(
        self,
        objective: Objective,
        data: Data,
        rows: int,
        training: bool,
        spread: Spread | None = None,
    ) -> None:
        self._objective, self._data, self._key = objective, data, (rows, training)
        self._spread = spread
        self.execution = self._taken(objective)
        # For each output with a loss: (metric, the graph's index or None, weighted, key).
        self.metrics = [listed_metrics(head) for head in objective.heads]
        self.watched = objective.watched
        self._copies: dict[int, Any] = {}  # copies of metrics fed by steps, by original id
        self.observe: Observe | None = None

    def __enter__(self) -> Pass:
        """Bind the data and start all sums."""
        compiled = self._objective.compiled
        self._outer = compiled.running
        if self._outer:  # the user's metrics are used by the outermost pass
            self.metrics = [
                [(copy.deepcopy(m) if i is None else m, i, w, key) for m, i, w, key in listed]
                for listed in self.metrics
            ]
            self.watched = [self._copied(fed) for fed in self.watched]
        self.observe = self._observer()
        self.reset()
        self.execution.bind(self._data.arrays)
        compiled.running = True  # last, so that a failure before leaves no pass running
        return self

    def __exit__(self, *error: object) -> None:
        """Release the data, and keep the execution for the next pass."""
        if not self._outer:
            self._tell_metrics()
        self._objective.compiled.running = self._outer
        self.execution.unbind()
        self._give_back(self._objective, self.execution, self._key)

    def _of_all(self, values: Array, count: int) -> Any:
        """Return a batch's targets or weights; a process may have read only its own."""
        return values if self._spread is None else self._spread.of_all(values, count)

    def _taken(self, objective: Objective) -> Any:
        if self._spread is None:
            return objective.take(*self._key)
        return self._spread.execution(objective, *self._key)

    def _give_back(self, objective: Objective, execution: Any, key: tuple[int, bool]) -> None:
        if self._spread is None:
            objective.executions.give_back(execution, *key)
        else:
            execution.give_back()

    def move_to(
        self, objective: Objective, rows: int | None = None, data: Data | None = None
    ) -> None:
        """Continue with another graph of the model: settings, rows of a batch, or data differ."""
        old, old_objective, old_key = self.execution, self._objective, self._key
        if rows is not None:
            self._key = (rows, self._key[1])
        self._data = data or self._data
        execution = self._taken(objective)
        execution.bind(self._data.arrays)
        execution.resume(old.sums)
        old.unbind()
        if rows is not None:
            self._give_back(old_objective, old, old_key)
        self._objective, self.execution = objective, execution
        watched = objective.watched
        self.watched = [self._copied(fed) for fed in watched] if self._outer else watched
        self.observe = self._observer()

    def turn_to(self, objective: Objective, rows: int, data: Data) -> None:
        """Continue with other data, at most ``rows`` rows a batch, on the same graph if possible.

        If the number of rows of a batch matters, there is an objective for each number.
        """
        if objective is self._objective and rows <= self._key[0]:
            self._data = data
            self.execution.bind(data.arrays)
        else:
            self.move_to(objective, rows, data)

    def _copied(self, fed: Fed) -> Fed:
        if id(fed.metric) not in self._copies:
            self._copies[id(fed.metric)] = copy.deepcopy(fed.metric)
        return replace(fed, metric=self._copies[id(fed.metric)])

    def reset(self) -> None:
        """Restart the sums of loss and metrics."""
        self.execution.reset()
        for listed in self.metrics:
            for metric, index, _, _ in listed:
                if index is None:
                    metric.reset_state()
        for fed in self.watched:
            fed.metric.reset_state()

    def sums(self) -> tuple[list[Array], list[dict[str, Any]]]:
        """Return the sums of the engine, and of each metric in Python, since ``reset``."""
        return [np.array(each) for each in self.execution.sums], [
            sums_of(metric) for metric in self._in_python()
        ]

    def resume(self, sums: Sequence[Array], metrics: Sequence[Mapping[str, Any]]) -> None:
        """Continue from the ``sums`` of another pass of the same model."""
        own = self._in_python()
        if len(own) != len(metrics):
            raise ValueError(f"fit: the model has {len(own)} metrics in Python; got {len(metrics)}")
        self.execution.resume([each.tolist() for each in sums])
        for metric, held in zip(own, metrics, strict=True):
            put_sums(metric, held)

    def _in_python(self) -> list[Any]:
        listed = [m for listed in self.metrics for m, index, _, _ in listed if index is None]
        every = [*listed, *(fed.metric for fed in self.watched)]
        return list({id(metric): metric for metric in every}.values())

    def results(self) -> dict[str, float]:
        """Return losses and metrics of the batches since ``reset``."""
        return results_of(self._objective, self.metrics, self.watched, self.execution)

    def _tell_metrics(self) -> None:
        """Give metrics that are computed by kernels their last results, like all others."""
        states = self.execution.metrics if any(self.metrics) else []
        for listed in self.metrics:
            for metric, index, _, _ in listed:
                if index is not None:
                    metric.hold(states[index])
        tracker = self._objective.compiled.tracker
        if all(fed.metric is not tracker for fed in self.watched):
            tracker.hold(float(self.execution.mean_loss))

    def _observer(self) -> Observe | None:
        watched = []
        for head, listed in zip(self._objective.heads, self.metrics, strict=True):
            own = [(metric, weighted) for metric, index, weighted, _ in listed if index is None]
            if own:
                watched.append((head, own))
        updates = [
            (fed.metric, arguments, places, arguments.are_tensors)
            for fed in self.watched
            for arguments, places in fed.feeds
        ]
        if not watched and not updates:
            return None

        def observe(order: Array | None, start: int, stop: int) -> None:
            rows: Any = slice(start, stop) if order is None else order[start:stop]
            for head, own in watched:
                self._observe(head, own, rows, stop - start)
            output = self.execution.output
            for metric, arguments, places, plain in updates:
                if plain:
                    metric.update_state(*[output(i) for i in places])
                else:
                    args, kwargs = arguments.filled([output(i) for i in places])
                    metric.update_state(*args, **kwargs)

        return observe

    def _observe(self, head: Head, own: list[tuple[Any, bool]], rows: Any, count: int) -> None:
        execution, data = self.execution, self._data
        given = data.weights[head.place]
        weight = None if given is None else self._of_all(given[rows], count)
        target = data.given[head.place]
        assert target is not None
        assert head.prediction is not None
        prediction, y = execution.output(head.prediction), self._of_all(target[rows], count)
        for metric, weighted in own:
            by = weight if weighted else None
            if weighted in head.masked:
                by = execution.output(head.masked[weighted])
            # As in Keras: without weights a metric need not have a parameter for them.
            metric.update_state(y, prediction, *(() if by is None else (by,)))


def results_of(
    objective: Objective, metrics: Sequence[Listed], watched: Sequence[Fed], sums: Any
) -> dict[str, float]:
    """Return losses and metrics by their keys.

    ``sums`` are an execution, or the sums that it had left.
    """
    logs = {"loss": sums.mean_loss}
    if objective.lean and not watched:  # needed after every batch if there are hooks
        return logs
    heads = [head for head in objective.heads if head.key]
    noted = objective.noted
    means = sums.mean_losses if heads or noted else []
    logs.update({head.key: means[head.term] for head in heads})
    states = sums.metrics if any(metrics) else []
    for listed in metrics:
        for metric, index, _, key in listed:
            value = metric.result() if index is None else metric.result(states[index])
            _put(logs, key, metric.name, value)
    logs.update({key: means[term] for key, term in noted})
    for fed in watched:
        for key in fed.keys:
            _put(logs, key, fed.metric.name, fed.metric.result())
    if objective.calculated:
        known = _known(objective, metrics, watched, logs["loss"], states)
        for key, awaited in objective.calculated:
            _put(logs, key, key, awaited.value(known))
    return logs


def _known(
    objective: Objective,
    metrics: Sequence[Listed],
    watched: Sequence[Fed],
    loss: float,
    states: Any,
) -> dict[int, Any]:
    """Return the results of all metrics by the id of those that the step refers to."""
    known = {id(objective.compiled.tracker): loss}
    for head, listed in zip(objective.heads, metrics, strict=True):
        for (own, _, _), (metric, index, _, _) in zip(head.metrics, listed, strict=True):
            known[id(own)] = metric.result() if index is None else metric.result(states[index])
    for fed, now in zip(objective.watched, watched, strict=True):
        known[id(fed.metric)] = now.metric.result()
    return known


def _put(logs: dict[str, float], key: str, name: str, value: Any) -> None:
    """Record a metric's result: a number under its key, or each entry of a dict under its own."""
    if type(value) is float:
        logs[key] = value
    elif isinstance(value, dict):
        before = key.removesuffix(name)
        logs.update({f"{before}{k}": _number(f"{before}{k}", v) for k, v in value.items()})
    else:
        logs[key] = _number(key, value)


def _number(key: str, value: Any) -> Any:
    """Return a result as a float or, if it has several elements, as a new array."""
    if value is None:
        raise TypeError(f"metric {key}: result must return a number; got None")
    return float(np.reshape(value, ())) if np.size(value) == 1 else np.array(value, np.float64)


def listed_metrics(head: Head) -> Listed:
    """Return each metric of an output: itself, graph index or None, whether weighted, its key."""
    return [
        (metric, index, weighted, key)
        for (metric, weighted, key), index in zip(head.metrics, head.indices, strict=True)
    ]
