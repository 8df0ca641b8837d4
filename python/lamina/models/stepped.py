"""Methods that define the loss and the results of a step, which a user's class may override."""

from __future__ import annotations

from typing import Any

from lamina._calls import answering_calls
from lamina._tensors import Recording
from lamina.models import steps
from lamina.models.compilable import Compilable


class Stepped(Compilable):
    """The methods that are recorded if a class overrides one of them; a part of ``Model``.

    A step without overridden methods is recorded by ``Objective`` itself.
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
        of ``compile`` and those given to ``add_loss``; penalties on weights are added separately.
        """
        compiled = self.compilation("compute_loss")
        return steps.compute_loss(self, y, y_pred, sample_weight, compiled.losses, compiled.scales)

    @answering_calls
    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:  # noqa: ARG002
        """Return the results of the metrics by name; a class may override it.

        In a recorded step the metrics of ``compile`` are always fed with the outputs, and the mean
        of the loss is the step's "loss"; an overriding method updates other metrics and returns
        their results, or tensors whose means over an epoch are reported.  For arrays this method
        adds rows to the metrics of ``compile``.

        Parameters
        ----------
        x, y, y_pred : Tensor or array_like, or a list or dict of them
            Inputs, targets and outputs of the model.
        sample_weight : Tensor or array_like, optional
            One for each row.
        """
        if Recording.current() is None:
            steps.feed_metrics(self.compilation("compute_metrics"), y, y_pred, sample_weight)
        held = [metric for metric in self.metrics if metric.name != "loss"]
        return {metric.name: metric.result() for metric in held}

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
        optimizer's step, so the method needs neither a tape nor a call of the optimizer.
        """
        return self._step(data, True)

    @answering_calls
    def test_step(self, data: Any) -> Any:
        """Return the results of ``evaluate``, like ``train_step``; a class may override it."""
        return self._step(data, False)

    def _step(self, data: Any, training: bool) -> Any:
        x, y, weight = (*data, None, None)[:3] if isinstance(data, tuple) else (data, None, None)
        y_pred = self(x, training=training)
        return {"loss": self.compute_loss(x, y, y_pred, weight, training)}
