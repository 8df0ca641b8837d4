"""Optimizer steps weight by weight, in NumPy, and means of the weights."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _screen
from lamina._calls import answering_calls
from lamina._check import quiet
from lamina._settings import check_fits
from lamina.optimizers.averages import Averaging
from lamina.optimizers.keeping import ACCUMULATOR, AVERAGE, array_of
from lamina.optimizers.norm import Norm
from lamina.optimizers.rated import Rated
from lamina.optimizers.rule import Law

Array = NDArray[Any]


class Applying(Rated):
    """An optimizer that is called with gradients and weights."""

    weight_decay: float | None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    loss_scale_factor: float | None

    @abstractmethod
    def _law(self, weight: Any) -> Law:
        """Return the law by which a weight is updated."""

    @abstractmethod
    def _shares(self, weight: Any, weight_decay: float | None) -> tuple[float, float]:
        """Return a weight's decay and its factor of the learning rate."""

    @property
    @abstractmethod
    def _averaging(self) -> Averaging | None:
        """The mean of the weights that is kept."""

    @answering_calls
    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """Do one step on weights, or on plain arrays in place.

        Parameters
        ----------
        grads : list of array_like
            One for each weight, None for weights that are not to be changed; not modified.
        trainable_variables : list of weights or ndarrays, optional
            By default those with which it was built.

        Examples
        --------
        >>> import numpy as np
        >>> from lamina import optimizers
        >>> w = np.array([1.0, 2.0])
        >>> optimizers.SGD(learning_rate=0.5).apply([np.array([1.0, -2.0])], [w])
        >>> w
        array([0.5, 3. ])
        """
        grads = list(grads)
        variables = self._known(trainable_variables)
        if len(grads) != len(variables):
            raise ValueError(
                f"{type(self).__name__}: needs one gradient per weight; "
                f"got {len(grads)} for {len(variables)}"
            )
        if not grads:
            return
        grads, variables = self._given(grads, variables)
        for dtype in {array_of(v).dtype for v in variables}:
            check_fits(self, dtype)
        if self.loss_scale_factor is not None:
            grads = [g / self.loss_scale_factor for g in grads]
        self._step(grads, variables)
        self._iterations += 1

    @answering_calls
    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]]) -> int:
        """Do one step on pairs of gradient and weight; return the number of steps done."""
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])
        return self._iterations

    def _known(self, variables: Sequence[Any] | None) -> list[Any]:
        """Return the weights of a step for which there is a state."""
        who = type(self).__name__
        if variables is None:
            if not self.built:
                raise ValueError(
                    f"{who}: needs weights; call build(variables) first, or give them to apply"
                )
            return self._trainable_variables
        variables = list(variables)
        arrays = [isinstance(v, np.ndarray) for v in variables]
        known = self._trainable_variables
        if any(arrays) or not all(any(v is k for k in known) for v in variables) or not self.built:
            self.build(variables)
        return variables

    def _given(self, grads: list[Any], variables: list[Any]) -> tuple[list[Array], list[Any]]:
        given = [(np.asarray(g), v) for g, v in zip(grads, variables, strict=True) if g is not None]
        if not given:
            raise ValueError(f"{type(self).__name__}: no weight has a gradient; all are None")
        for gradient, weight in given:
            shape = array_of(weight).shape
            if gradient.ndim > 0 and gradient.shape != shape:
                raise ValueError(
                    f"{type(self).__name__}: the gradient of {getattr(weight, 'name', 'an array')} "
                    f"must have its shape, {shape}; got {gradient.shape}"
                )
        missing = [getattr(v, "name", "an array") for g, v in zip(grads, variables, strict=True)
                   if g is None]  # fmt: skip
        if missing:
            _screen.warn(f"{type(self).__name__}: there is no gradient for {', '.join(missing)}")
        return [g for g, _ in given], [v for _, v in given]

    def _step(self, grads: list[Array], variables: list[Any]) -> None:
        step, every = self._iterations + 1, self._every
        moves = step % every == 0
        if every > 1:
            sums = [self._kept(v)[ACCUMULATOR] for v in variables]
            grads = [g + s for g, s in zip(grads, sums, strict=True)]
            for g, s in zip(grads, sums, strict=True):
                s[...] = 0 if moves else g
            grads = [g / every for g in grads]
        if moves:
            rate = self.current_learning_rate()
            for g, v in zip(self._clipped(grads), variables, strict=True):
                self._move(g, v, rate)
        averaging = self._averaging
        if averaging is not None and averaging.counts(moves):
            for v in self._trainable_variables:
                averaging.follow(self._kept(v)[AVERAGE], array_of(v), self._iterations // every)

    def _kept(self, variable: Any) -> dict[str, Any]:
        return self._state.by_weight.get(self._key(variable), {})

    def _move(self, gradient: Array, variable: Any, rate: float) -> None:
        law = self._law(variable) if self.rule else None
        decay, factor = (
            self._shares(variable, self.weight_decay)
            if law is None
            else (law.weight_decay, law.rate)
        )
        if decay:
            _shrink(array_of(variable), 1.0 - rate * factor * decay)
        self.update_step(gradient, variable, rate * factor)

    def update_step(self, gradient: Any, variable: Any, learning_rate: float) -> None:
        """Apply the rule to one weight, in place.

        Parameters
        ----------
        gradient : ndarray
            The gradient after clipping.
        variable : weight or ndarray
        learning_rate : float
            Step size; ``self.iterations + 1`` is the number of the update.
        """
        if not self.rule:
            who = type(self).__name__
            raise TypeError(f"{who}: a subclass must define update_step() or apply()")
        law, kept = self._law(variable), self._kept(variable)
        slots = [None if s is None else kept[s.name] for s in law.slots]
        number = self._iterations // self._every + 1
        law.rule.step(law.settings, array_of(variable), gradient, slots, learning_rate, number)

    @quiet
    def _clipped(self, gradients: Sequence[Array]) -> list[Array]:
        if self.clipvalue is not None:
            return [np.clip(g, -self.clipvalue, self.clipvalue) for g in gradients]
        if self.clipnorm is not None:
            return [Norm([g]).shorten(g, self.clipnorm) for g in gradients]
        if self.global_clipnorm is not None:
            norm = Norm(gradients)
            return [norm.shorten(g, self.global_clipnorm) for g in gradients]
        return list(gradients)

    # --- means of the weights

    @property
    def _model_variables_moving_average(self) -> list[Any]:
        """The means, in the order of the weights with which it was built."""
        if self._averaging is None:
            raise AttributeError(f"{type(self).__name__}: keeps no average of the weights")
        return [self._state.by_weight[key][AVERAGE] for key in self._keys]

    @answering_calls
    def finalize_variable_values(self, var_list: Iterable[Any]) -> None:
        """Replace the weights by their means, if there are any; called at the end of a fit."""
        if self._averaging is None or not self._iterations:
            return
        chosen = list(var_list)
        for variable, average in zip(
            self._trainable_variables, self._model_variables_moving_average, strict=True
        ):
            if any(variable is each for each in chosen):
                array_of(variable)[...] = average

    def scale_loss(self, loss: Any) -> Any:
        """Return the loss times ``loss_scale_factor``, whose gradient can be passed to `apply`."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor


@quiet
def _shrink(weights: Array, factor: float) -> None:
    np.multiply(weights, factor, out=weights)
