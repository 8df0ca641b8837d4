"""The training graph: a model with its loss, penalties and metrics, and its executions."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _core, losses, metrics, optimizers
from lamina._check import Array, Shape

if TYPE_CHECKING:
    from lamina.models.data import Data
    from lamina.models.model import Model

KEPT = 4  # executions by batch size; a fifth drops the one not used for longest
Observe = Callable[[Any, int, int], None]


class Compiled:
    """What ``compile`` was given, resolved as far as is possible without shapes."""

    def __init__(self, optimizer: object, loss: object, plain: object, weighted: object) -> None:
        self.running = False  # whether a pass over data has the metrics
        self.optimizer = optimizers.get(optimizer)
        self.loss = losses.get(loss)
        requests = [(m, False) for m in _listed("metrics", plain)]
        requests += [(m, True) for m in _listed("weighted_metrics", weighted)]
        self.requests = [
            (m if isinstance(m, str) and m.lower() in ("accuracy", "acc") else metrics.get(m), w)
            for m, w in requests
        ]

    def resolve(self, output: Shape) -> list[tuple[Any, bool]]:
        """Return (metric, whether it is weighted) for a model with that output."""
        resolved = [(metrics.resolve(m, self.loss, output), w) for m, w in self.requests]
        names = [m.name for m, _ in resolved]
        for name in names:
            if name == "loss" or names.count(name) > 1:
                raise ValueError(f"compile: metrics need names of their own; got {names}")
        return resolved


def _listed(name: str, value: object) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, dict):
        raise TypeError(f"compile: {name} must be a list; got {value!r}")
    return [value]


class Objective:
    """A training graph of a compiled model, with or without weights for the rows.

    Parameters
    ----------
    model : Model
        Built and compiled.
    weighted : bool
        Whether there is a third input, one weight for each row (or position).
    """

    def __init__(self, model: Model, weighted: bool) -> None:
        compiled = self.compiled = model.compiled("fit")
        self.seed = model.seed
        self.loss = compiled.loss
        graph = self.graph = _core.Graph(model.dtype)
        assert model.row_shape is not None
        x = graph.input(model.row_shape, "x")
        (prediction,) = model.record_outputs(graph, [x])
        output = tuple(prediction.shape)
        kind = "int32" if self.loss.target_dtype == "int32" else "float"
        y = graph.input(self.loss.target_shape(output), "y", kind)
        weight = graph.input(output[:-1], "sample_weight") if weighted else None
        graph.add_loss(self.loss.record(graph, prediction, y), weight)
        for parameter, l1, l2 in model.penalties():
            graph.add_penalty(graph.parameter(parameter), l1, l2)
        self.metrics = compiled.resolve(output)
        # In the order of `metrics`: the graph's index, or None for those that run in Python.
        self.indices = [
            metric.record(graph, prediction, y, weight if weights else None)
            if hasattr(metric, "record")
            else None
            for metric, weights in self.metrics
        ]
        if None in self.indices:
            graph.add_output(prediction)
        graph.build()
        self._executions: OrderedDict[tuple[int, bool], _core.Execution] = OrderedDict()

    @property
    def names(self) -> list[str]:
        """The keys of the logs: loss and metrics."""
        return ["loss", *(metric.name for metric, _ in self.metrics)]

    def start(self, data: Data, rows: int, training: bool) -> Pass:
        """Return a pass over ``data`` in batches of at most ``rows`` rows, for a ``with``."""
        return Pass(self, data, rows, training)

    def take(self, rows: int, training: bool) -> _core.Execution:
        """Return an execution for batches of at most ``rows`` rows that nobody else has."""
        execution = self._executions.pop((rows, training), None)
        return execution or _core.Execution(self.graph, rows, training, self.seed)

    def give_back(self, execution: _core.Execution, rows: int, training: bool) -> None:
        """Keep an execution for the next pass with batches of that size."""
        self._executions[rows, training] = execution
        self._executions.move_to_end((rows, training))
        if len(self._executions) > KEPT:
            self._executions.popitem(last=False)

    def evaluate(
        self, data: Data, rows: Array | None, batch: int, hooks: Any = None
    ) -> dict[str, float]:
        """Return loss and metrics over all of ``data`` or the rows given."""
        count = data.rows if rows is None else len(rows)
        batch = min(batch, count)
        with self.start(data, batch, False) as run:
            execution, observe = run.execution, run.observe
            begin = hooks["on_test_batch_begin"] if hooks else ()
            end = hooks["on_test_batch_end"] if hooks else ()
            for index, start in enumerate(range(0, count, batch)):
                for hook in begin:
                    hook(index, {})
                stop = min(start + batch, count)
                execution.test(rows, start, stop)
                if observe is not None:
                    observe(rows, start, stop)
                if end:
                    logs = run.results()
                    for hook in end:
                        hook(index, logs)
            return run.results()


class Pass:
    """One run over data, which may begin within another: an execution and metrics of its own.

    Attributes
    ----------
    execution : Execution
        Bound to the data within the ``with`` block.
    observe : callable or None
        What feeds metrics written in Python after each batch.
    """

    def __init__(self, objective: Objective, data: Data, rows: int, training: bool) -> None:
        self._objective, self._data, self._key = objective, data, (rows, training)
        self.execution = objective.take(rows, training)
        self.metrics = objective.metrics
        self.observe: Observe | None = None

    def __enter__(self) -> Pass:
        """Bind the data and start all sums."""
        objective = self._objective
        self._outer = objective.compiled.running
        if self._outer:  # the metrics that the user gave serve the outermost pass
            self.metrics = [
                (m if index is not None else copy.deepcopy(m), weights)
                for (m, weights), index in zip(objective.metrics, objective.indices, strict=True)
            ]
        objective.compiled.running = True
        self.observe = self._observer()
        self.reset()
        self.execution.bind(self._data.arrays)
        return self

    def __exit__(self, *error: object) -> None:
        """Let go of the data, and keep the execution for the next pass."""
        self._objective.compiled.running = self._outer
        self.execution.unbind()
        self._objective.give_back(self.execution, *self._key)

    def reset(self) -> None:
        """Start the sums of loss and metrics anew."""
        self.execution.reset()
        for (metric, _), index in zip(self.metrics, self._objective.indices, strict=True):
            if index is None:
                metric.reset_state()

    def results(self) -> dict[str, float]:
        """Return loss and metrics of the batches since ``reset``."""
        logs = {"loss": float(self.execution.mean_loss)}
        states = self.execution.metrics if self.metrics else []
        for (metric, _), index in zip(self.metrics, self._objective.indices, strict=True):
            value = metric.result() if index is None else metric.result(states[index])
            logs[metric.name] = float(value)
        return logs

    def _observer(self) -> Observe | None:
        execution, data = self.execution, self._data
        own = [
            (metric, weights)
            for (metric, weights), index in zip(self.metrics, self._objective.indices, strict=True)
            if index is None
        ]
        if not own:
            return None

        def observe(order: Array | None, start: int, stop: int) -> None:
            rows: Any = slice(start, stop) if order is None else order[start:stop]
            prediction, y = execution.output(0), data.y[rows]
            for metric, weights in own:
                weight = data.weight[rows] if weights and data.weight is not None else None
                metric.update_state(y, prediction, weight)

        return observe


def python_step(execution: _core.Execution, optimizer: Any) -> Callable[..., float]:
    """Return a training step whose update is the optimizer's own, in NumPy."""
    parameters = execution.trainable()
    weights = [p.array for p in parameters]
    gradients = [execution.gradient_of(p) for p in parameters]

    def train(
        order: Array | None, start: int, stop: int, rate: float, step: int, random_step: int
    ) -> float:
        loss = execution.gradients(order, start, stop, random_step)
        if np.isfinite(loss):
            optimizer.iterations = step - 1
            optimizer.update(weights, gradients, rate)
        return loss

    return train
