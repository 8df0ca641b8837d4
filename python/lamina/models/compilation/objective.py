"""The training graph: a model with its losses, penalties and metrics, and its executions."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any

from lamina import _core
from lamina._check import Shape
from lamina._tensors import Arguments, Tensor
from lamina._tensors.awaited import Awaited
from lamina.layers.base.any_type import as_floats
from lamina.layers.base.calls import weight_penalty
from lamina.metrics import MeanMetricWrapper
from lamina.models.compilation import steps
from lamina.models.compilation.constrained import Constrained
from lamina.models.evaluation.passes import Pass
from lamina.models.network.executions import Executions
from lamina.models.network.recorded import Recorded, recorded, settle_others

if TYPE_CHECKING:
    from lamina.models.compilation.compilable import Compilable
    from lamina.models.compilation.steps import Given
    from lamina.models.data.prepared import Data, Form
    from lamina.models.training.spread import Spread


@dataclass
class Head:
    """An output with a loss.

    Attributes
    ----------
    place : int
        Its index among the model's outputs.
    key : str
        The key of its own loss in the logs; empty if no other output has a loss.
    metrics : list of tuple
        (metric, whether it is weighted, key in the logs).
    origin : str
        The origin of the output: the name of an activation or the kind of an operation.
    units : int
        The size of the output's last axis.
    indices : list
        In the order of ``metrics``: the graph's index, or None for metrics that run in Python.
    term : int
        Index of the loss among those of the graph.
    prediction : int or None
    target, weight : _core.Tensor or None
        Inputs of the graph.
    form : tuple
        Shape and type of a row of the target.
    masked : dict of bool to int
        Graph outputs passed to metrics in Python: the prediction, and, if there is a mask, the
        weights of positions without and with sample weights.
    """

    place: int
    key: str
    metrics: list[tuple[Any, bool, str]]
    origin: str = ""
    units: int = 1
    indices: list[int | None] = field(default_factory=list)
    term: int = -1
    prediction: int | None = None
    masked: dict[bool, int] = field(default_factory=dict)
    target: Any = None
    weight: Any = None
    form: Form = ((), "float")


@dataclass
class Fed:
    """A metric that is updated by a step, or by a layer's call.

    Attributes
    ----------
    metric : Metric
    keys : list of str
        Its keys in the logs.
    feeds : list of tuple
        For each update, its arguments and the outputs of the graph that hold its tensors.
    """

    metric: Any
    keys: list[str]
    feeds: list[tuple[Arguments, list[int]]]


class Objective:
    """A training graph of a compiled model, with or without weights for the rows.

    Parameters
    ----------
    model : Compilable
        A model that is built and compiled.
    weighted : sequence of bool
        For each output whether weights are fed, one for each row (or position).
    shapes : sequence of tuple of int, optional
        Shapes of the rows of the inputs, if an axis may have any length.
    rows : int, optional
        The number of rows of every batch, if the model needs it.
    training : bool, optional
        Whether it is for training or for evaluation; ``of_phase`` says whether that matters.
    forms : sequence of tuple, optional
        Shape and type of a row of each output's target, if its loss takes any.
    extra : Given, optional
        What a user-defined step takes as it was given: weights, and targets without a loss.
    masked : sequence of bool
        The inputs that come with a mask of their steps.
    still : bool
        Whether the model acts as in inference, without random numbers, but with gradients.
    penalized : bool
        Whether to include penalties of weights and losses given to ``add_loss``.
    """

    def __init__(
        self,
        model: Compilable,
        weighted: Sequence[bool],
        shapes: Sequence[Shape] | None = None,
        rows: int | None = None,
        training: bool | None = None,
        forms: Sequence[Form | None] | None = None,
        extra: Given | None = None,
        masked: Sequence[bool] = (),
        still: bool = False,
        penalized: bool = True,
    ) -> None:
        self._extra, self._penalized = extra, penalized
        self.forms = forms or [None] * len(weighted)
        compiled = self.compiled = model.compilation("fit")
        self.checked = False  # whether gradients are known to reach all trainable weights
        self.of_batch = False  # whether a loss, or a metric, may be one number for a batch
        self.rows = rows
        # That of the smaller slices, if a batch is cut into slices of two sizes.
        self.fewer: Objective | None = None
        self.seed = model.seed
        compiled.check_settings(model.dtype)  # settings may have changed
        self._step: steps.OwnStep | None = None
        self._own = steps.has_own(model)  # then the model decides how compile's losses are used
        self.noted: list[tuple[str, int]] = []  # quantities reported by its step, with their terms
        self.watched: list[Fed] = []
        self.calculated: list[tuple[str, Awaited]] = []  # what a step makes of metrics, by key
        with recorded(
            model, shapes, rows=rows, training=training, masked=masked,
            deferred=steps.calls_model(model, bool(training)), told=False if still else None,
        ) as made:  # fmt: skip
            if still:
                for parameter in model.parameters:  # gradients are in this order
                    made.graph.parameter(parameter)
            self._record_terms(model, made, weighted, bool(training))
        settle_others(made)
        # Whether there is nothing to report except the loss.
        told = self.noted or self.calculated
        self.lean = not (told or any(head.key or head.metrics for head in self.heads))
        # Whether it is only for training, or only for evaluation.
        self.of_phase = made.recording.asked or self._own
        self.unheard = made.recording.unheard
        self.unmasked = made.recording.unmasked if any(masked) else []
        self.constraints = model.constrained()
        self._constrained: Constrained | None = None
        self.executions = Executions()
        self._blocks: dict[int, int] = {}

    def _record_terms(
        self, model: Compilable, made: Recorded, weighted: Sequence[bool], training: bool
    ) -> None:
        """Record losses, penalties and metrics after the model."""
        compiled, graph, shapes = self.compiled, made.graph, made.row_shapes
        self.graph = graph
        resolved = compiled.resolve(shapes, self.forms)
        made.recording.reported.update(id(m) for listed in resolved for m, _, _ in listed)
        self.heads: list[Head] = []
        several = bool(compiled.loss_keys)
        targeted = self._extra is None or not self._extra.untargeted
        for place, loss in enumerate(compiled.losses):
            if loss is not None and targeted:
                key = compiled.key(place, "loss") if several else ""
                head = Head(place, key, resolved[place])
                head.units = shapes[place][-1] if shapes[place] else 1
                self.heads.append(head)
                self._take_inputs(head, shapes[place], weighted[place])
        if self._own:
            self._record_own(model, made, training)
        if self.heads:
            made.run_unless_heard()
        for head in self.heads:
            head.origin = graph.origin(made.outputs[head.place])
            with made.recording:  # losses are of floats, also for outputs of integers
                prediction = as_floats(Tensor(made.recording, made.outputs[head.place]))
            self._record(head, prediction.value, made.masks[head.place])
        if steps.overridden(model, "compute_metrics") and not steps.calls_model(model, training):
            self._note(made, self._own_step(model, made).metrics())
        if self._step is not None:
            self.calculated += self._step.calculated
        self._watch(made)
        if training:
            model._own_keys = self._own_names()
        if self._penalized:
            self._record_penalties(model, made)
        if not (self.heads or self._own or made.recording.losses):
            raise ValueError(
                f"{model.name}: needs a loss: give compile one, or let a layer call add_loss"
            )
        graph.build()

    def _record_penalties(self, model: Compilable, made: Recorded) -> None:
        """Record the terms of the loss beyond the losses of the outputs."""
        graph = made.graph
        stopped = model.stopped_at_zero()
        if self._own:  # the step has included them, except those that only the engine can apply
            for parameter, l1, l2 in model.penalties():
                if id(parameter) in made.recording.stopped:
                    graph.add_penalty(graph.parameter(parameter), l1, l2, True)
            return
        for parameter, l1, l2 in model.penalties():
            graph.add_penalty(graph.parameter(parameter), l1, l2, id(parameter) in stopped)
        for parameter, regularizer in model.regularized():
            graph.add_loss(weight_penalty(made.recording, parameter, regularizer).value)
        for loss in made.recording.losses:  # losses given to add_loss
            graph.add_loss(loss.value)
            self.of_batch |= not loss.rows

    def _record_own(self, model: Compilable, made: Recorded, training: bool) -> None:
        """Record the step of the model's class; quantities it reports are not part of the loss."""
        made.recording.penalized = self._penalized
        step = self._own_step(model, made)
        own = step.record(training)
        made.recording.losses.clear()  # they are used only if the step includes them
        made.graph.add_loss(own["loss"].value)
        self.of_batch |= not own["loss"].rows
        self._note(made, {key: own[key] for key in steps.keys(own)})

    def _own_step(self, model: Compilable, made: Recorded) -> steps.OwnStep:
        if self._step is None:  # once: it takes inputs of the graph
            targets: list[Any] = [None] * len(made.row_shapes)
            for head in self.heads:
                targets[head.place] = head.target
            self._step = steps.OwnStep(model, made, targets, self._extra)
        return self._step

    def _note(self, made: Recorded, quantities: Mapping[str, Any]) -> None:
        """Record quantities that are reported but are not part of the loss."""
        for key, value in quantities.items():
            self.noted.append((key, made.graph.add_loss(value.value, scale=0.0)))
            self.of_batch |= not value.rows

    def _watch(self, made: Recorded) -> None:
        """Keep the arguments of metrics while this was recorded: they are fed after each batch.

        Metrics returned by a step have the keys given there; others have their names, or the first
        of
        "name_1", "name_2", ... that is unused.
        """
        entries = [e for e in made.recording.watched.values() if e.calls or e.keys]
        reported = made.recording.reported
        entries = [e for e in entries if id(e.metric) not in reported]
        taken = {*self.names, *(key for entry in entries for key in entry.keys)}
        for entry in entries:
            if not entry.keys and entry.metric is not self.compiled.tracker:
                entry.keys.append(_free(entry.metric.name, taken))
                taken.update(entry.keys)
            given = [arguments.forget_tensors() for arguments in entry.calls]
            self.of_batch |= not all(t.rows for tensors in given for t in tensors)
            places = [[made.graph.add_output(t.value) for t in tensors] for tensors in given]
            feeds = list(zip(entry.calls, places, strict=True))
            self.watched.append(Fed(entry.metric, entry.keys, feeds))

    def _take_inputs(self, head: Head, output: Shape, weighted: bool) -> None:
        """Feed the targets, and weights, of an output of that shape to the graph."""
        compiled, place = self.compiled, head.place
        loss = compiled.losses[place]
        assert loss is not None
        suffix = f":{compiled.names[place]}" if len(compiled.names) > 1 else ""
        own = (loss.target_shape(output), "int32" if loss.target_dtype == "int32" else "float")
        shape, kind = head.form = self.forms[place] or own
        head.target = self.graph.input(shape, f"y{suffix}", kind)
        if weighted:
            head.weight = self.graph.input(output[:-1], f"sample_weight{suffix}")

    def _record(self, head: Head, prediction: _core.Tensor, mask: _core.Tensor | None) -> None:
        """Record an output's loss and metrics."""
        compiled, place, graph = self.compiled, head.place, self.graph
        loss, output = compiled.losses[place], tuple(prediction.shape)
        assert loss is not None
        y, weight = head.target, head.weight
        if mask is not None:
            _check_mask(compiled.names[place], mask, output)
        value, by, kept = loss.term(graph, prediction, y, weight, mask)
        self.of_batch |= graph.whole(value)
        scale = 0.0 if self._own else compiled.scales[place]
        head.term = graph.add_loss(value, by, scale, kept, loss.graph_reduction)
        # Masked positions are ignored by all metrics, with or without sample weights.
        plain: Any = None if mask is None else graph.masked_weight(mask, None)
        full: Any = weight if mask is None else graph.masked_weight(mask, weight)
        for metric, by_weight, _ in head.metrics:
            chosen = full if by_weight else plain
            recorded = hasattr(metric, "record") and not metric._in_python
            recorded = recorded and metric.takes(*head.form, output)
            head.indices.append(metric.record(graph, prediction, y, chosen) if recorded else None)
        for (metric, _, _), index in zip(head.metrics, head.indices, strict=True):
            self.of_batch |= index is None and isinstance(metric, MeanMetricWrapper)
        if None in head.indices:
            head.prediction = graph.add_output(prediction)
            for by_weight, chosen in ((False, plain), (True, full)):
                if mask is not None:
                    head.masked[by_weight] = graph.add_output(chosen)

    @property
    def names(self) -> list[str]:
        """The keys of the logs: the loss, the outputs' own losses if there are several, metrics."""
        keys = [key for head in self.heads for _, _, key in head.metrics]
        # A user-defined step may report under the key of a loss or metric of compile.
        own = self._own_names()
        losses = self.compiled.loss_keys if self.heads else []
        return list(dict.fromkeys(["loss", *losses, *keys, *own]))

    def _own_names(self) -> list[str]:
        noted = [key for key, _ in self.noted]
        fed = [key for fed in self.watched for key in fed.keys]
        return [*noted, *fed, *(key for key, _ in self.calculated)]

    def constraining(self, train: Callable[..., float]) -> Callable[..., float]:
        """Return the training step; if weights have constraints, one that also applies them."""
        if not self.constraints:
            return train
        if self._constrained is None:
            self._constrained = Constrained(self.graph.dtype, self.constraints)
        constrain = self._constrained.apply

        def step(*arguments: Any) -> float:
            loss = train(*arguments)
            if isfinite(loss):  # otherwise the step changed nothing
                constrain()
            return loss

        return step

    def start(self, data: Data, rows: int, training: bool, spread: Spread | None = None) -> Pass:
        """Return a pass over ``data`` in batches of at most ``rows`` rows, for a ``with``."""
        return Pass(self, data, rows, training, spread)

    def take(self, rows: int, training: bool) -> _core.Execution:
        """Return an unused execution for batches of at most ``rows`` rows."""
        kept = self.executions.take(rows, training)
        return kept or _core.Execution(self.graph, rows, training, self.seed)

    def block(self, rows: int) -> int:
        """Return how many of ``rows`` rows to process at a time so that the plan stays small."""
        if rows not in self._blocks:
            self._blocks[rows] = self.graph.block(rows)
        return self._blocks[rows]


def _free(name: str, taken: set[str]) -> str:
    numbered = (f"{name}_{i}" for i in itertools.count(1))
    return next(key for key in itertools.chain([name], numbered) if key not in taken)


def _check_mask(name: str, mask: _core.Tensor, output: tuple[int, ...]) -> None:
    if tuple(mask.shape) != output[:-1]:
        raise ValueError(
            f"{name}: the output's mask has shape {tuple(mask.shape)} per row; a loss needs one "
            f"truth value for each of its positions, {output[:-1]}"
        )
