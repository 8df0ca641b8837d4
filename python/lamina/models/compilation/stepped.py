"""Methods that define the loss and the results of a step, which a user's class may override."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from lamina import _check, _core
from lamina._calls import answering_calls
from lamina._tensors import Recording
from lamina._tensors.arguments import mapped
from lamina.callbacks import CallbackList
from lamina.data.sources import Again
from lamina.models.compilation import steps
from lamina.models.compilation.compilable import Compilable
from lamina.models.data import inputs as inputs_
from lamina.models.data.feeds import wanted_steps
from lamina.models.data.prepared import batch_rows
from lamina.models.data.rows import Rows
from lamina.models.prediction.outputs import BOUND_BATCH

if TYPE_CHECKING:
    from lamina._typing import Data
    from lamina.models.prediction.routes import FastPath


class Stepped(Compilable):
    """The methods of steps, which a class may override; a part of ``Model``.

    Those of training and evaluation are recorded if a class overrides one of them, otherwise
    ``Objective`` records the step itself.
    """

    @answering_calls
    def compute_loss(
        self,
        x: Any = None,  # noqa: ARG002
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,  # noqa: ARG002
    ) -> Any:
        """Return the training loss; a class may override it.

        Parameters
        ----------
        x, y, y_pred : Tensor or array_like, or a list or dict of them
            Inputs, targets and outputs of the model.
        sample_weight : Tensor or array_like, optional
            One for each row.
        training : bool, default True
            Whether the call is for training.

        Returns
        -------
        Tensor or float
            A tensor for tensors, a number for arrays.

        Notes
        -----
        It is recorded with ``lamina.ops``, not called for every batch.  This method adds the losses
        of ``compile``, those given to ``add_loss`` and the penalties on weights, the latter two of
        which are ``self.losses``.  If a class overrides it, training minimises what its method
        returns and nothing else, as in Keras.
        """
        compiled = self.compilation("compute_loss")
        return steps.compute_loss(self, y, y_pred, sample_weight, compiled.losses, compiled.scales)

    @answering_calls
    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:  # noqa: ARG002
        """Return the results of the metrics by name; a class may override it.

        In a recorded step the metrics of ``compile`` are always fed with the outputs, and the mean
        of the loss is the step's "loss"; an overriding method updates other metrics and returns
        their results, what it calculates from results with ``lamina.ops``, or tensors whose means
        over an epoch are reported.  For arrays this method adds rows to the metrics of ``compile``.

        Parameters
        ----------
        x, y, y_pred : Tensor or array_like, or a list or dict of them
            Inputs, targets and outputs of the model.
        sample_weight : Tensor or array_like, optional
            One for each row.
        """
        if Recording.current() is None:
            steps.feed_metrics(self.compilation("compute_metrics"), y, y_pred, sample_weight)
        return {metric.name: metric.result() for metric in self.metrics}

    @answering_calls
    def train_step(self, data: Any) -> Any:
        """Return the loss and the results of a training step as tensors; a class may override it.

        Parameters
        ----------
        data : tuple of Tensor, or structures of them
            ``(x, y)`` or ``(x, y, sample_weight)``; only x if there are no targets.

        Returns
        -------
        dict of str to Tensor
            "loss", and other quantities whose means over an epoch are reported.

        Notes
        -----
        It is recorded with ``lamina.ops``: the engine computes the gradients of "loss" and the
        optimizer's step, so the method needs neither a tape nor a call of the optimizer.  Nothing
        is added to "loss": penalties on weights are part of ``compute_loss`` and ``self.losses``.
        """
        return self._step(data, True)

    @answering_calls
    def test_step(self, data: Any) -> Any:
        """Return the results of ``evaluate``, like ``train_step``; a class may override it."""
        return self._step(data, False)

    @answering_calls
    def predict_step(self, data: Any) -> Any:
        """Return the outputs for a batch; a class may override it, for ``predict`` to use it.

        Parameters
        ----------
        data : tuple
            ``(x,)``, x an array for each input in the form in which the model takes them.

        Returns
        -------
        array_like, or a list, tuple or dict of them
            With an axis of rows, along which ``predict`` concatenates the batches.

        Notes
        -----
        A method that overrides this one is called with arrays, for each batch of 32 rows or of
        ``batch_size``; ``predict_on_batch`` calls it too, a call of the model does not.
        """
        return self(data[0] if isinstance(data, tuple) else data, training=False)

    def _predict(
        self, x: Any, batch_size: int | None, hooks: CallbackList | None = None, **how: Any
    ) -> Any:
        if how.get("whole") or not steps.overridden(self, "predict_step"):
            return super()._predict(x, batch_size, hooks, **how)
        given = self._step_inputs("predict", x)
        rows = len(given[0])
        wanted = self.default_batch(batch_size, rows)
        size = batch_rows("predict", "batch_size", wanted, rows or 1, BOUND_BATCH)
        batches = [
            self._step_data([_part(v, slice(at, at + size)) for v in given])
            for at in range(0, rows or 1, size)
        ]
        hooks = CallbackList() if hooks is None else hooks
        wanted = wanted_steps("predict", "steps", how.get("steps"))
        return self._predict_source(Again(batches), wanted, hooks, how.get("verbose", 0))

    def predict_on_batch(self, x: Data = _check.NEEDED, **unknown: NoReturn) -> Any:
        """Return the outputs for the rows of ``x``, treated as one batch."""
        if unknown or not steps.overridden(self, "predict_step"):
            return super().predict_on_batch(x, **unknown)
        given = self._step_inputs("predict_on_batch", x)
        data = self._step_data([_part(v, slice(None)) for v in given])
        return mapped(self.predict_step(data), _array)

    def _step_inputs(self, who: str, x: Any) -> list[Any]:
        """Return the inputs of the model, checked, as a step takes them."""
        met = self.meet(x)
        arrays = inputs_.shaped(who, met, self.ports, empty=True)
        fed = inputs_.converted(who, met, arrays, self.ports, self.dtype)
        if self.front is None:
            return fed
        return [np.asarray(v) for v in inputs_.separated(who, self.by_input(x), self.front.ports)]

    def _step_data(self, given: list[Any]) -> tuple[Any]:
        if self.front is None:
            return (self.packed_inputs(given),)
        names = [port.name for port in self.front.ports]
        return (given[0] if len(given) == 1 else dict(zip(names, given, strict=True)),)

    def _fast_path_to(self, predictor: _core.Predictor) -> FastPath | None:
        own = steps.overridden(self, "predict_step")
        return None if own else super()._fast_path_to(predictor)

    def _step(self, data: Any, training: bool) -> Any:
        x, y, weight = (*data, None, None)[:3] if isinstance(data, tuple) else (data, None, None)
        y_pred = self(x, training=training)
        return {"loss": self.compute_loss(x, y, y_pred, weight, training)}


def _array(value: Any) -> Any:
    if value is None:
        raise ValueError(
            "predict_step must return arrays, or a list, tuple or dict of them; got None"
        )
    return None if isinstance(value, (list, tuple, dict)) else np.asarray(value)


def _part(value: Any, rows: slice) -> Any:
    return value.arrays[rows] if isinstance(value, Rows) else value[rows]
