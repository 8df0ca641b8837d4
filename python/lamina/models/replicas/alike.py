"""Entire fits of a compiled model run by the engine, many of them in parallel.

They do what ``fit`` of a model with a seed does, without Python: over the same graph, with their
own weights and optimizer state, on rows of shared data, and to the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lamina import _core
from lamina._answers import is_own
from lamina._check import Array
from lamina.layers import PythonLayer
from lamina.models.compilation.objective import Objective
from lamina.models.compilation.steps import overridden, takes_weights
from lamina.models.data import prepared as data_
from lamina.models.data.inputs import converted, shaped
from lamina.models.data.prepared import Data, Part, part_of
from lamina.models.data.sample_weights import weigh
from lamina.models.network.recorded import recorded, settle_others
from lamina.models.prediction.outputs import BLOCK, BOUND_BATCH
from lamina.models.training import advice, scales
from lamina.models.training.gradients import check_learning
from lamina.optimizers import BFGS, LBFGS, Optimizer

# Methods of a user's class that the engine would bypass.
_OWN = ("fit", "evaluate", "predict", "reset_metrics", "get_metrics_result")


class NotAlikeError(Exception):
    """The reason why fits of a model have to go through ``fit``, naming what needs Python."""


@dataclass
class Recorded:
    """A graph that fits share: as the model's ``objective``, and in the engine's form."""

    objective: Any
    program: _core.FitProgram


class Replicas:
    """A model of which the engine runs many fits.

    Parameters
    ----------
    model : Model
        Compiled, with an optimizer that has not taken a step; it must not be used elsewhere.
    x, y, sample_weight : object
        As in ``fit``: all rows that any of the fits uses.
    predicts : Model, optional
        The model for predictions, if it is another one with the same weights.

    Raises
    ------
    NotAlikeError
        If a part of the model runs in Python, its batches depend on each other, or ``fit`` would
        reject some of the rows, as not every fit need use them.
    """

    def __init__(
        self, model: Any, x: Any, y: Any, sample_weight: Any, predicts: Any = None
    ) -> None:
        _check(model)
        self.model, self.given = model, (x, y, sample_weight)
        self.predicts = model if predicts is None else predicts
        try:
            self.data = data_.prepare("fit", model, model.meet(x), y, sample_weight)
        except (ValueError, TypeError) as error:
            raise NotAlikeError(f"rows that fit rejects: {error}") from error
        if self.data.ragged or self.data.reads:
            raise NotAlikeError("rows of unequal length, or that are read as they are needed")
        model.ensure_built(self.data.open_shapes)
        self.parameters = model.parameters
        self._first: dict[int, list[Array]] = {}
        self._recorded: dict[int, Recorded] = {}
        self._trained: dict[int, _core.FitModel] = {}
        # By the id of the data, with the data so that the id stays unique, and by rows of a batch.
        self._met: dict[tuple[int, int], tuple[Data, Recorded, _core.FitModel]] = {}
        # The same, by what `evaluating` is asked.
        self._evaluating: dict[tuple[Any, ...], tuple[Data, Recorded, int]] = {}
        self._predicting: tuple[_core.FitProgram, _core.Predictor] | None = None

    # --- weights

    def first_weights(self, seed: int) -> list[Array]:
        """Return the initial values of all weights, as a model with that seed draws them."""
        found = self._first.get(seed)
        if found is None:
            drawn = {id(first.parameter): first for first in self.model.drawn}
            found = [
                np.ascontiguousarray(drawn[id(p)].values(self.model.name, seed))
                if id(p) in drawn
                else p.array
                for p in self.parameters
            ]
            self._first[seed] = found
        return found

    def present_weights(self) -> list[Array]:
        """Return copies of the model's weights, as the engine holds them."""
        return [np.array(p.array, order="C") for p in self.parameters]

    def put_weights(self, raw: Sequence[Array]) -> None:
        """Set the model's weights, as the engine holds them."""
        self.model.put_arrays(raw)

    def weights(self, raw: list[Array]) -> list[Array]:
        """Return the result of ``get_weights`` for weights as the engine holds them."""
        self.put_weights(raw)
        weights: list[Array] = self.model.get_weights()
        return weights

    # --- graphs

    def _of(self, objective: Objective) -> Recorded:
        found = self._recorded.get(id(objective))
        if found is None:
            if self.model.bound or any(p.trainable and p.array.size == 0 for p in self.parameters):
                raise NotAlikeError("a loss or a layer that depends on the rows of a batch")
            in_python = [None in head.indices for head in objective.heads]
            if objective.watched or any(in_python) or objective.constraints:
                raise NotAlikeError("metrics or constraints that run in Python")
            try:
                program = _core.FitProgram(objective.graph, self.parameters)
            except ValueError as error:
                raise NotAlikeError(str(error)) from error
            found = self._recorded[id(objective)] = Recorded(objective, program)
        return found

    def training(self, data: Data, rows: int) -> tuple[Recorded, _core.FitModel]:
        """Return the graph for training on these data, and the optimizer's updates."""
        met = self._met.get((id(data), rows))
        if met is None:
            objective = self.model.objective_for(data, rows)
            found = self._of(objective)
            if id(objective) not in self._trained:
                check_learning("fit", self.model)
                self._trained[id(objective)] = self._moved(found)
            met = self._met[id(data), rows] = data, found, self._trained[id(objective)]
        return met[1:]

    def _moved(self, found: Recorded) -> _core.FitModel:
        model, optimizer = self.model, self.model.optimizer
        execution = _core.Execution(found.objective.graph, 1, True, 0)
        train = optimizer.attach(execution, model)
        idle = any(p.trainable for p in self.parameters) and not execution.paths()
        self._advise(found.objective, idle)
        if type(optimizer) in (BFGS, LBFGS) and execution.paths():
            pairs = getattr(optimizer, "history_size", 0)
            search = _core.FitSearch(
                pairs, optimizer.max_eval, optimizer.tolerance_grad, optimizer.tolerance_change
            )
            return _core.FitModel(found.program, self.parameters, [], 1.0, search)
        if train != execution.train:
            raise NotAlikeError(f"{type(optimizer).__name__}, whose steps run in Python")
        updates, scale = execution.updates
        return _core.FitModel(found.program, self.parameters, updates, scale)

    def _advise(self, objective: Objective, idle: bool) -> None:
        """Warn about obstacles to learning, once for all fits."""
        advice.on_model(objective, idle)
        advice.on_layers(objective.compiled, self.model._holders())
        advice.on_data(objective, self.data, None)
        scales.on_scales(self.model, self.data, None)

    def evaluating(
        self, part: Part, wanted: int | None, default: int, keras: int
    ) -> tuple[Recorded, int]:
        """Return the graph that evaluates a part, and how many rows at a time."""
        asked = id(part.data), part.size, wanted, default, keras
        found = self._evaluating.get(asked)
        if found is None:
            objective, batch, rest = self.model.evaluator(
                part.data, part.size, wanted, default, keras
            )
            if rest is not None:
                raise NotAlikeError("a loss or a layer that depends on the rows of a batch")
            found = self._evaluating[asked] = part.data, self._of(objective), batch
        return found[1:]

    def predicting(self) -> tuple[_core.FitProgram, _core.Predictor]:
        """Return the graph that predicts, and the object with its number of rows at a time."""
        if self._predicting is None:
            with recorded(self.predicts) as made:
                for output in made.outputs:
                    made.graph.add_output(output)
                made.graph.build(inference=True)
                settle_others(made)
            predictor = _core.Predictor(made.graph)
            if predictor.joins_rows or made.recording.noisy:
                raise NotAlikeError("predictions that depend on the rows of a batch, or on chance")
            try:
                program = _core.FitProgram(made.graph, self.parameters)
            except ValueError as error:
                raise NotAlikeError(str(error)) from error
            self._predicting = program, predictor
        return self._predicting

    # --- rows

    def rows_to_predict(self, inputs: list[Array], rows: Array | None) -> _core.FitRows:
        """Return rows of inputs for the graph that predicts."""
        program, predictor = self.predicting()
        count = len(inputs[0]) if rows is None else len(rows)
        return _core.FitRows(program, inputs, rows, predictor.block(max(1, min(BLOCK, count))))

    def inputs(self, x: Any) -> list[Array]:
        """Return checked inputs of rows to predict."""
        ports = self.model.ports
        arrays = shaped("predict", self.model.meet(x), ports)
        return converted("predict", x, arrays, ports, self.model.dtype)

    def weighted(self, class_weight: Any, rows: Array | None) -> Data:
        """Return the data with class weights computed over the training rows."""
        if class_weight is None:
            return self.data
        trained = np.arange(self.data.rows) if rows is None else rows
        outputs = self.model.output_row_shapes(self.data.row_shapes)
        data = replace(self.data)
        weigh("fit", self.model, data, outputs, self.given[2], class_weight, trained)
        return data

    def as_weighted_as(self, data: Data) -> Data:
        """Return the data without class weights, with weights if the other data have weights."""
        if takes_weights(self.model):  # as in fit
            return self.data
        weights = [
            np.ones_like(theirs) if own is None and theirs is not None else own
            for own, theirs in zip(self.data.weights, data.weights, strict=True)
        ]
        return replace(self.data, weights=weights)

    def to_judge(self, rows: Array) -> tuple[Recorded, _core.FitRows]:
        """Return rows held out, in the form that ``evaluate`` takes."""
        part = part_of(self.data, rows)
        found, batch = self.evaluating(part, None, BLOCK, BOUND_BATCH)
        return found, _core.FitRows(found.program, part.data.arrays, rows, batch)


def _check(model: Any) -> None:
    if not is_own(type(model)) and any(overridden(model, name) for name in _OWN):
        raise NotAlikeError("a class that defines its own fit, evaluate or predict")
    if model.any_length or model.stateful or model.front is not None:
        raise NotAlikeError("rows of any length, states, or layers ahead of the graph")
    within = (each for layer in model.parts for each in layer.walk())
    if any(isinstance(each, PythonLayer) for each in within):
        raise NotAlikeError("a layer that runs in Python")
    if not isinstance(model.optimizer, Optimizer):
        raise NotAlikeError(f"{type(model.optimizer).__name__}, whose steps run in Python")
