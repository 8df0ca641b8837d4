"""A network with training settings: compile, and the training graphs derived from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from lamina._calls import answering_calls, refuse_arguments
from lamina._settings import Configurable, changes, version
from lamina._tensors import NeedsRows
from lamina.metrics import Metric
from lamina.models.compilation import steps
from lamina.models.compilation.compiled import Compiled, check_ignored
from lamina.models.compilation.guard import Guard
from lamina.models.compilation.objective import Objective
from lamina.models.compilation.train_state import TrainState
from lamina.models.errors import NotCompiledError
from lamina.models.network.cache import RecentValues
from lamina.models.prediction.outputs import BOUND_BATCH
from lamina.models.prediction.predicting import Predicting

if TYPE_CHECKING:
    from lamina._check import Shape
    from lamina._typing import DTypeLike, LossesLike, MetricsLike, OptimizerLike
    from lamina.losses import Loss
    from lamina.models.compilation.steps import Given
    from lamina.models.data.prepared import Data, Form
    from lamina.optimizers import Optimizer


class Compilable(Predicting):
    """A network with an optimizer, losses and metrics; ``Model`` trains it."""

    _not_copied = (
        *Predicting._not_copied, "_guard", "_objectives", "_recorded_settings", "_settings_seen",
        "_settings_then", "_settings_weights", "bound",
    )  # fmt: skip

    train_state: TrainState

    def _begin(self, name: str | None, dtype: DTypeLike | None, seed: int | None) -> None:
        super()._begin(name, dtype, seed)
        self._compiled: Compiled | None = None
        self._asked: tuple[Any, ...] = ()  # the arguments of compile
        self._assigned: dict[str, Any] = {}  # "loss" and "optimizer" that a class assigns itself
        self._own_keys: list[str] = []  # what a user-defined step reports besides the loss

    def _start(self) -> None:
        super()._start()
        self._guard = Guard()
        # By weights, shapes of rows, forms of targets, rows of a batch, and phase: None where it
        # does not matter.
        self._objectives: RecentValues[Objective] = RecentValues(
            lambda objective: objective.executions.bytes
        )
        self.bound = False  # whether the losses or the model depend on a batch's number of rows
        self._recorded_settings: tuple[Any, ...] = ()
        self._settings_seen: tuple[Any, ...] = ()
        self._settings_then: tuple[Any, ...] = ()
        self._settings_weights: list[Any] = []

    def _changed(self) -> None:
        super()._changed()
        self._objectives.clear()
        self.bound = False

    def take_seed(self, seed: int) -> None:
        """Take over the seed of another model; training graphs with the own one are dropped."""
        super().take_seed(seed)
        self._objectives.clear()

    @answering_calls
    def compile(
        self,
        optimizer: OptimizerLike = "rmsprop",
        loss: LossesLike | None = None,
        metrics: MetricsLike = None,
        weighted_metrics: MetricsLike = None,
        loss_weights: float | Sequence[float | None] | Mapping[str, float] | None = None,
        *,
        jit_compile: bool | Literal["auto"] = "auto",
        run_eagerly: bool = False,
        steps_per_execution: int | Literal["auto"] = 1,
        auto_scale_loss: bool = True,
        **unknown: NoReturn,
    ) -> None:
        """Configure the model for training.

        Parameters
        ----------
        optimizer : str or Optimizer, default "rmsprop"
        loss : str, Loss or callable, list or dict of them
            For instance ``"mse"``, ``"sparse_categorical_crossentropy"``, or a function of targets
            and predictions, written with ``lamina.ops``: one for each output, or one for all.  None
            excludes an output from training, as does a dict without it if the model returns a dict.
            The losses in a nested list are added.
        metrics : list of str, Metric or callable, optional
            Reported besides the loss, without weights.  The form of ``"accuracy"`` depends on the
            loss.  With several outputs: a dict by output, or a list with one entry for each, nested
            like the outputs if these are nested.  With one output its list may be in a list, too.
        weighted_metrics : list, optional
            The same, with sample and class weights.
        loss_weights : float, list or dict of float, optional
            Weight of each output's loss in the total; if negative, the loss is increased.
        jit_compile, run_eagerly, steps_per_execution, auto_scale_loss : ignored
            They configure how Keras runs a step; here a step is always one call into compiled
            kernels.

        Raises
        ------
        ValueError, TypeError
            If names are unknown (the nearest is suggested) or a metric does not fit the loss;
            earlier settings are then kept.
        """
        if unknown:
            refuse_arguments(Compilable.compile, unknown)
        check_ignored(jit_compile, run_eagerly, steps_per_execution, auto_scale_loss)
        self._compile_as((optimizer, loss, metrics, weighted_metrics, loss_weights))
        self._assigned.pop("optimizer", None)
        if loss is not None:  # as in Keras, where a class may keep a loss of its own
            self._assigned.pop("loss", None)

    def _compile_as(self, asked: tuple[Any, ...]) -> None:
        """Take these arguments of ``compile``; if they are refused, earlier ones are kept."""
        before, self._asked = self._asked, asked
        optimizer, loss, metrics, weighted, scales = asked
        try:
            compiled = Compiled(
                optimizer, loss, metrics, weighted, scales, self.output_names, self.dtype,
                self.says_loss or loss is None, self._form_returned(),
            )  # fmt: skip
            shapes = self.input_row_shapes
            if shapes is not None:
                compiled.resolve(self.output_row_shapes(shapes))
            with self._guard.training("compile"):
                self._compiled = compiled
                self.__dict__.pop("_said_compiled", None)
                self.train_state.optimizer, self.train_state.position = compiled.optimizer, None
                self._objectives.clear()
                self._forget_recordings()  # as in Keras: `call` may read changed attributes
        except BaseException:
            self._asked = before
            raise

    def compile_as_asked(self) -> None:
        """Compile again with the same optimizer, losses and metrics, with the outputs known."""
        assert self._compiled is not None
        _, loss, metrics, weighted, scales = self._asked
        optimizer = self._compiled.optimizer
        self._compiled = Compiled(
            optimizer, loss, metrics, weighted, scales, self.output_names, self.dtype,
            self.says_loss or loss is None, self._form_returned(),
        )  # fmt: skip
        self._objectives.clear()

    def compile_settings(self) -> dict[str, Any]:
        """Return the arguments of ``compile``, with the current optimizer; {} before it."""
        if self._compiled is None:
            return {}
        _, loss, metrics, weighted, scales = self._asked
        return {
            "optimizer": self._compiled.optimizer,
            "loss": loss,
            "metrics": metrics,
            "weighted_metrics": weighted,
            "loss_weights": scales,
        }

    @property
    def says_loss(self) -> bool:
        """Whether the model may have a loss in addition to, or instead of, that of ``compile``."""
        if steps.has_own(self) or getattr(self, "calls", False):
            return True
        held = (each for layer in self.parts for each in layer.walk())
        return any(each.calls or getattr(each, "activity_regularizer", None) for each in held)

    @property
    def compiled(self) -> bool:
        """Whether ``compile`` was called."""
        said: bool = self.__dict__.get("_said_compiled", self._compiled is not None)
        return said

    @compiled.setter
    def compiled(self, value: bool) -> None:
        # Subclasses with a compile of their own set it; the library asks for the compilation.
        self.__dict__["_said_compiled"] = bool(value)

    def compilation(self, who: str) -> Compiled:
        """Return the result of ``compile``, or raise an error if it was not called."""
        if self._compiled is None:
            raise NotCompiledError(f"{who}: call compile(optimizer, loss) first")
        self._compiled.check_named(who)
        return self._compiled

    @property
    def optimizer(self) -> Optimizer | Any:
        """The optimizer; None before ``compile``.

        Another one, or its name, may be assigned: it trains from then on.  As in Keras, one that is
        assigned before ``compile`` stays what it is, and ``compile`` replaces it in any case, by
        RMSprop if it is not given one.
        """
        if self._compiled is None:
            return self._assigned.get("optimizer")
        return self._compiled.optimizer

    @optimizer.setter
    def optimizer(self, value: OptimizerLike) -> None:
        if self._compiled is None:
            self._assigned["optimizer"] = value
        else:
            self._compile_as((value, *self._asked[1:]))

    @property
    def loss(self) -> Loss | Any:
        """The loss, a list for several outputs; None before ``compile``.

        A class with steps of its own may assign what they call ``self.loss``.  That has no part in
        other steps, and lasts until ``compile`` is given a loss.
        """
        if "loss" in self._assigned:
            return self._assigned["loss"]
        return None if self._compiled is None else self._compiled.loss

    @loss.setter
    def loss(self, value: Any) -> None:
        self._assigned["loss"] = value

    @property
    def metrics(self) -> list[Metric]:
        """The mean of the loss, the metrics of ``compile``, and metrics that are attributes.

        Their ``result()`` is that of the last epoch of training, evaluation or batch.  A class may
        override this property, as in Keras's guides.
        """
        found = [] if self._compiled is None else self._compiled.metric_objects
        holders = (self, *(each for layer in self.parts for each in layer.walk()))
        for holder in holders:
            found += _held_metrics(list(vars(holder).values()))
        return list({id(metric): metric for metric in found}.values())

    @answering_calls
    def reset_metrics(self) -> None:
        """Reset all metrics, as every epoch and evaluation also does."""
        for metric in self.metrics:
            metric.reset_state()

    @answering_calls
    def get_metrics_result(self) -> dict[str, Any]:
        """Return the results of the metrics for the last pass over data, by name."""
        found: dict[str, Any] = {}
        for metric in self.metrics:
            result = metric.result()
            found.update(result if isinstance(result, dict) else {str(metric.name): result})
        return found

    @property
    def metrics_names(self) -> list[str]:
        """The names of the values that ``evaluate`` returns."""
        compiled = self.compilation("metrics_names")
        measured = compiled.metric_keys()
        if len(self.output_names) > 1:  # as in Keras, which does not use their names
            measured = sorted(measured)
        keys = ["loss", *compiled.loss_keys, *measured, *self._own_keys]
        return list(dict.fromkeys(keys))

    def objective(
        self,
        weighted: bool | tuple[bool, ...],
        shapes: Sequence[Shape] | None = None,
        rows: int | None = None,
        training: bool = True,
        forms: tuple[Form | None, ...] | None = None,
        extra: Given | None = None,
        masked: tuple[bool, ...] = (),
    ) -> Objective:
        """Return the training graph, made on first use or after a setting has changed.

        The shapes of the rows, the number of rows of a batch and the phase matter only if the model
        depends on them, the forms of targets if a loss takes any, and masks if inputs are padded.
        """
        if isinstance(weighted, bool):
            weighted = (weighted,) * len(self.output_names)
        if self._training_settings() != self._recorded_settings:
            self._objectives.clear()
        if not self.any_length:
            shapes = None
        lengths = None if shapes is None else tuple(shapes)
        targets = None if extra is None else extra.key
        key = (weighted, lengths, forms, targets, masked, rows if self.bound else None)
        found = self._objectives.get((*key, None)) or self._objectives.get((*key, training))
        if found is None:
            try:
                found = Objective(self, weighted, shapes, key[-1], training, forms, extra, masked)
            except NeedsRows:
                if rows is None or self.bound:
                    raise
                self.bound = True
                return self.objective(weighted, shapes, rows, training, forms, extra, masked)
            self._objectives.put((*key, training if found.of_phase else None), found)
            self._settings_seen = ()  # recording may build layers
            self._recorded_settings = self._training_settings()
        return found

    def objective_for(self, data: Data, rows: int, training: bool = True) -> Objective:
        """Return the training graph for these data, in batches of a number of rows."""
        shapes, forms = data.row_shapes, data.forms
        return self.objective(data.weighted, shapes, rows, training, forms, data.extra, data.masked)

    def evaluator(
        self, data: Data, rows: int, wanted: int | None, default: int, keras: int = BOUND_BATCH
    ) -> tuple[Objective, int, Callable[[int], Objective] | None]:
        """Return the evaluator, the number of rows at a time, and the evaluator of the last rows.

        The number is ``wanted``, otherwise up to ``default``, or Keras's batch size if the loss
        depends on it.
        """
        batch = min(wanted or default, rows)
        objective = self.objective_for(data, batch, False)
        if not self.bound:
            if objective.of_batch:
                return objective, min(wanted or keras, rows), None
            return objective, batch if wanted else objective.block(batch), None

        def of_rows(count: int) -> Objective:
            return self.objective_for(data, count, False)

        batch = min(wanted or keras, rows)
        return of_rows(batch), batch, of_rows

    def _training_settings(self) -> tuple[Any, ...]:
        # The settings with which the training graphs were recorded, valid as long as they are the
        # same.
        counted = self._counted_settings()
        return (*[p.trainable for p in self._settings_weights], counted)

    def _counted_settings(self) -> tuple[Any, ...]:
        # Objects whose changes are counted; queried again if the count or the structure has
        # changed.
        seen = (changes.count, self._changes, self._compiled)
        if seen != self._settings_seen:
            penalties = [(l1, l2) for _, l1, l2 in self.penalties()]
            stopped = sorted(self.stopped_at_zero())
            compiled = self.compilation("fit").settings()
            functions = (f for _, f in (*self.regularized(), *self.constrained()))
            own = [version(f) for f in functions if isinstance(f, Configurable)]
            held = [each.trainable for layer in self.parts for each in layer.walk()]
            self._settings_then = (
                *penalties,
                *stopped,
                *own,
                *compiled,
                *held,
                *self.recorded_settings(),
            )
            self._settings_weights = self.parameters
            self._settings_seen = seen
        return self._settings_then


def _held_metrics(value: Any) -> list[Metric]:
    if isinstance(value, Metric):
        return [value]
    if type(value) is dict:
        value = list(value.values())
    if type(value) in (list, tuple):
        return [metric for each in value for metric in _held_metrics(each)]
    return []
