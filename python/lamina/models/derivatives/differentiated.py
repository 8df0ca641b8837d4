"""Derivatives of a model: of its loss by the weights, and of its outputs by the inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check
from lamina._calls import answering_calls
from lamina.models.data import prepared as data_
from lamina.models.data.ragged import refuse
from lamina.models.derivatives.input_gradients import input_gradients
from lamina.models.training.fitting import Fitting

if TYPE_CHECKING:
    from lamina._check import Array
    from lamina._typing import ClassWeight, Data


class Differentiated(Fitting):
    """Derivatives of the loss and the outputs; a part of ``Model``."""

    @answering_calls
    def gradients(
        self,
        x: Data = _check.NEEDED,
        y: Data = _check.NEEDED,
        sample_weight: Data | None = None,
        class_weight: ClassWeight = None,
    ) -> list[Array]:
        """Return the gradients of the loss over these rows, one array for each trainable weight.

        Parameters
        ----------
        x, y, sample_weight, class_weight
            As for ``train_on_batch``: one batch.

        Returns
        -------
        list of ndarray
            In the order of ``trainable_weights``, each with the shape of its weight; zero if the
            loss does not depend on it.  Regularizers are included, ``clipnorm`` and similar
            settings are not.

        Notes
        -----
        The pass is that of a training step: dropout is active, with new draws in each call, and
        moving statistics are updated.  Weights are not changed.

        Examples
        --------
        Gradient descent by hand:

        >>> import numpy as np, lamina
        >>> x = np.linspace(-1, 1, 64).reshape(-1, 1)
        >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)])
        >>> model.compile(loss="mse")
        >>> for step in range(200):
        ...     gradients = model.gradients(x, 3 * x + 1)
        ...     for weight, gradient in zip(model.trainable_weights, gradients):
        ...         _ = weight.assign_sub(0.1 * gradient)
        >>> np.round([weight.numpy().item() for weight in model.weights], 3)
        array([3., 1.])
        """
        return self._value_and_gradients("gradients", x, y, sample_weight, class_weight)[1]

    @answering_calls
    def value_and_gradients(
        self,
        x: Data = _check.NEEDED,
        y: Data = _check.NEEDED,
        sample_weight: Data | None = None,
        class_weight: ClassWeight = None,
    ) -> tuple[float, list[Array]]:
        """Return the loss over these rows, including penalties, and the result of ``gradients``."""
        return self._value_and_gradients("value_and_gradients", x, y, sample_weight, class_weight)

    @answering_calls
    def input_gradients(
        self,
        x: Data = _check.NEEDED,
        output: int | tuple[str, Any] | Array | None = None,
        *,
        output_gradients: Data | None = None,
        batch_size: int | None = None,
    ) -> Any:
        """Return the gradients of an output with respect to the inputs, row by row.

        Parameters
        ----------
        x : array_like of shape (rows, ...), or a list or dict of them
            As for ``predict``; rows of one shape.
        output : int, array_like of int of shape (rows,), or tuple, optional
            The value of a row of the output that is differentiated, as an index over its axes in C
            order: one for all rows, or one for each row.  May be omitted if there is only one.  For
            a model with several outputs, ``(name, index)``.
        output_gradients : array_like of the outputs' shape, or a list or dict of them, optional
            Instead of `output`: the weight of each value of the outputs in the sum that is
            differentiated, so that the result is a vector-Jacobian product.
        batch_size : int, optional
            Rows at a time.  The result depends on it only if outputs of a row depend on the other
            rows of its batch, in which case the default is 32.

        Returns
        -------
        ndarray of the shape of ``x``, the model's dtype
            A list or dict of them for a model with several inputs, with None for integer or boolean
            inputs.

        Raises
        ------
        ValueError
            If no input has a gradient, the model has stateful layers, or it is ambiguous which
            value of the output is meant.

        Notes
        -----
        Layers act as in ``predict``: there is no dropout, and batch normalization uses its moving
        statistics.

        Examples
        --------
        >>> import lamina
        >>> model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(1, "exponential")])
        >>> model.set_weights([[[1.0], [2.0]], [0.0]])
        >>> model.input_gradients([[0.0, 0.0]])
        array([[1., 2.]], dtype=float32)
        """
        return input_gradients(self, x, output, output_gradients, batch_size)

    def _value_and_gradients(
        self, who: str, x: Any, y: Any, sample_weight: Any, class_weight: Any
    ) -> tuple[float, list[Array]]:
        with self._guard.training(who):
            self.compilation(who)
            x = self.meet(x)
            with self.unbuilt_on_error():
                data = data_.prepare(who, self, x, y, sample_weight, class_weight).read()
                refuse(who, data)
                self.check_batches(who, data.rows, data.rows)
                self.ensure_built(data.open_shapes)
                (part,) = data.parts()
                objective = self.objective_for(part.data, data.rows)
            state = self.train_state
            with objective.start(part.data, data.rows, True) as run:
                execution = run.execution
                state.draw = (state.draw + 1) & 0xFFFF_FFFF
                loss = execution.gradients(None, 0, data.rows, state.draw)
                reached = {id(parameter) for parameter in execution.trainable()}
                return loss, [
                    np.array(execution.gradient_of(p))
                    if id(p) in reached
                    else np.zeros_like(p.array)
                    for p in self.parameters
                    if p.trainable
                ]
