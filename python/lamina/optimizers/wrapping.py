"""Optimizers that wrap another one."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np

from lamina._calls import answering_calls
from lamina._check import integer, number
from lamina._settings import note_change, serialize, version
from lamina.optimizers.averages import Equal
from lamina.optimizers.base import Optimizer
from lamina.optimizers.stepping import Step, python_step
from lamina.optimizers.variables import Count, Rate, Scalar


class Wrapper(Optimizer):
    """An optimizer whose steps are done by another one, to which other attributes are delegated.

    Parameters
    ----------
    inner_optimizer : Optimizer, or its name or configuration
    name : str, optional
    """

    def __init__(self, inner_optimizer: Any, name: str | None = None) -> None:
        from lamina.optimizers import get

        super().__init__(0.0, name=name)
        self.inner_optimizer: Optimizer = get(inner_optimizer)
        inner = self.inner_optimizer
        if isinstance(inner, Wrapper) or inner.whole_batch or hasattr(inner, "optimizers"):
            raise ValueError(
                f"{type(self).__name__}: inner_optimizer must be one of batches, and not a wrapper "
                f"itself; got {self.inner_optimizer!r}"
            )

    # --- delegated to the inner optimizer

    @property
    def learning_rate(self) -> Rate:
        """The learning rate of the inner optimizer; may be assigned."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if "inner_optimizer" in self.__dict__:
            self.inner_optimizer.learning_rate = value
        else:
            self._set_rate(value)

    @property
    def iterations(self) -> Count:
        """The number of updates of the inner optimizer."""
        return self.inner_optimizer.iterations

    @iterations.setter
    def iterations(self, value: int) -> None:
        self.inner_optimizer.iterations = value

    def current_learning_rate(self) -> float:
        """Return the step size of the next step."""
        return self.inner_optimizer.current_learning_rate()

    @property
    def rate_law(self) -> Any:
        """The inner optimizer's learning rate as it was given: a number, schedule or function."""
        return self.inner_optimizer.rate_law

    def told_rate(self) -> Any:
        """Return it as a plain value."""
        return self.inner_optimizer.told_rate()

    def take_rate(self, told: Any) -> None:
        """Set it to the result of ``told_rate``."""
        self.inner_optimizer.take_rate(told)

    @property
    def follows_schedule(self) -> bool:
        """Whether the learning rate changes from step to step."""
        return self.inner_optimizer.follows_schedule

    @property
    def fused(self) -> bool:
        """Whether a step runs as kernels."""
        return self.inner_optimizer.fused

    @property
    def counter(self) -> Optimizer:
        """The object that counts the steps."""
        return self.inner_optimizer

    @property
    def steps(self) -> int:
        """Steps done, including those that only accumulate gradients."""
        return self.inner_optimizer.steps

    @property
    def version(self) -> int:
        """A number that changes with every change of a setting."""
        return max(version(self), self.inner_optimizer.version)

    @property
    def variables(self) -> list[Any]:
        """The state of the inner optimizer."""
        return self.inner_optimizer.variables

    @property
    def slots(self) -> list[Any]:
        """The state of the inner optimizer, over all weights."""
        return self.inner_optimizer.slots

    def build(self, variables: Sequence[Any]) -> None:
        """Make the state for these weights."""
        self.inner_optimizer.build(variables)
        self.built = True

    @property
    def _trainable_variables(self) -> list[Any]:
        return self.inner_optimizer._trainable_variables

    @_trainable_variables.setter
    def _trainable_variables(self, value: list[Any]) -> None:
        """Ignore the value: the inner optimizer keeps them."""

    @property
    def _model_variables_moving_average(self) -> list[Any]:
        return self.inner_optimizer._model_variables_moving_average

    def exclude_from_weight_decay(
        self, var_list: Iterable[Any] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Exclude weights from the weight decay: see `Optimizer.exclude_from_weight_decay`."""
        self.inner_optimizer.exclude_from_weight_decay(var_list, var_names)

    def scale_learning_rate(
        self,
        factor: float,
        var_list: Iterable[Any] | None = None,
        var_names: Iterable[str] | None = None,
    ) -> None:
        """Train some weights with another rate: see `Optimizer.scale_learning_rate`."""
        self.inner_optimizer.scale_learning_rate(factor, var_list, var_names)

    def finalize_variable_values(self, var_list: Iterable[Any]) -> None:
        """Replace the weights by their means, if there are any."""
        self.inner_optimizer.finalize_variable_values(var_list)

    @answering_calls
    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """Do one step on weights, or on plain arrays in place."""
        self.inner_optimizer.apply(grads, trainable_variables)
        self.built = True

    def attach(self, execution: Any, model: Any = None) -> Step:
        """Pass the inner optimizer's state to a training execution; return its step function."""
        self._own_model(model)
        return self.inner_optimizer.attach(execution, None)

    def _own_model(self, model: Any) -> None:
        super()._own_model(model)
        if model is not None:
            self.inner_optimizer._keep_only(model.parameters)

    def reset(self) -> None:
        """Reset the state: the next step is the first."""
        super().reset()
        self.inner_optimizer.reset()

    def get_state(self, paths: Mapping[str, Any]) -> dict[str, Any]:
        """Return all that determines further steps, as plain values and copies of arrays."""
        return self.inner_optimizer.get_state(paths)

    def check_state(self, state: Mapping[str, Any], paths: Mapping[str, Any]) -> Any:
        """Return a function that takes over a state from ``get_state``; nothing is changed yet."""
        return self.inner_optimizer.check_state(state, paths)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; the inner optimizer becomes its configuration."""
        names = self._argument_names_of()
        config = {name: getattr(self, name) for name in names}
        return {**config, "inner_optimizer": serialize(self.inner_optimizer)}

    def _argument_names_of(self) -> tuple[str, ...]:
        return ("inner_optimizer", "name")


class LossScaleOptimizer(Wrapper):
    """Multiply the loss by a scale that adapts to the gradients, against underflow.

    If a gradient of the scaled loss is not finite the step is skipped and the scale is halved;
    after ``dynamic_growth_steps`` finite steps it is doubled.  Models here are float32 or float64,
    and seldom need it.

    Parameters
    ----------
    inner_optimizer : Optimizer, or its name or configuration
        Does the steps.
    initial_scale : float, default 32768
        Above 0.
    dynamic_growth_steps : int, default 2000
        At least 1.
    name : str, optional

    Attributes
    ----------
    dynamic_scale : float
        The scale of the next step.
    step_counter : int
        Number of finite steps since the scale last changed.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import optimizers
    >>> w = np.array([1.0])
    >>> optimizer = optimizers.LossScaleOptimizer(optimizers.SGD(1.0), initial_scale=4.0)
    >>> optimizer.apply([np.array([2.0])], [w])  # a gradient of the loss times 4
    >>> w
    array([0.5])
    """

    def __init__(
        self,
        inner_optimizer: Any,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
    ) -> None:
        super().__init__(inner_optimizer, name or "loss_scale_optimizer")
        who = type(self).__name__
        self.initial_scale = number(who, "initial_scale", initial_scale, 0.0, low_open=True)
        self.dynamic_growth_steps = integer(who, "dynamic_growth_steps", dynamic_growth_steps)
        self.inner_optimizer.loss_scale_factor = None
        self.dynamic_scale, self.step_counter = self.initial_scale, 0

    def _argument_names_of(self) -> tuple[str, ...]:
        return ("inner_optimizer", "initial_scale", "dynamic_growth_steps", "name")

    def scale_loss(self, loss: Any) -> Any:
        """Return the loss times the scale, whose gradient can be passed to ``apply``."""
        return loss * self.dynamic_scale

    def _note(self, finite: bool) -> bool:
        """Adapt the scale after a step; return whether it has changed."""
        if not finite:
            self.dynamic_scale, self.step_counter = self.dynamic_scale * 0.5, 0
            return True
        self.step_counter += 1
        if self.step_counter < self.dynamic_growth_steps:
            return False
        self.dynamic_scale, self.step_counter = self.dynamic_scale * 2.0, 0
        return True

    @answering_calls
    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """Do one step with gradients of the scaled loss; none if one is not finite."""
        given = [None if g is None else np.asarray(g) for g in grads]
        if not all(g is None or bool(np.isfinite(g).all()) for g in given):
            self._note(False)
            return
        unscaled = [None if g is None else g / self.dynamic_scale for g in given]
        super().apply(unscaled, trainable_variables)
        self._note(True)

    def attach(self, execution: Any, model: Any = None) -> Step:
        """Pass the inner optimizer's state to a training execution; return its step function."""
        self._own_model(model)
        inner, parameters = self.inner_optimizer, execution.trainable()
        if not (inner.fused and parameters):
            inner.attach(execution, None)
            step: Step = python_step(execution, self) if parameters else execution.train
            return step
        dtype = execution.gradient.dtype
        inner._check_fits(dtype)

        def tell() -> None:
            execution.set_updates([inner._update(parameters, dtype)], self.dynamic_scale)

        def train(*arguments: Any) -> float:
            loss: float = execution.train(*arguments)
            left_out = False
            if not isfinite(loss):
                failed = execution.failed_step
                if failed is None or failed[0] != "gradient":
                    return loss
                loss, left_out = failed[2], True
                inner.__dict__["_iterations"] -= 1
                execution.count_step()
            if self._note(not left_out):
                tell()
            return loss

        tell()
        return train

    def get_state(self, paths: Mapping[str, Any]) -> dict[str, Any]:
        """Return all that determines further steps, as plain values and copies of arrays."""
        own = {"dynamic_scale": self.dynamic_scale, "step_counter": self.step_counter}
        return {**super().get_state(paths), **own}

    def check_state(self, state: Mapping[str, Any], paths: Mapping[str, Any]) -> Any:
        """Return a function that takes over a state from ``get_state``; nothing is changed yet."""
        who = type(self).__name__
        scale = number(who, "dynamic_scale", state["dynamic_scale"], 0.0, low_open=True)
        counter = integer(who, "step_counter", state["step_counter"], 0)
        take_inner = super().check_state(state, paths)

        def take() -> None:
            take_inner()
            self.dynamic_scale, self.step_counter = scale, counter

        return take

    @property
    def variables(self) -> list[Any]:
        """The counter and the scale, then the state of the inner optimizer."""
        get, put = functools.partial(getattr, self), functools.partial(setattr, self)
        own = [
            Scalar(name, functools.partial(get, name), functools.partial(put, name))
            for name in ("step_counter", "dynamic_scale")
        ]
        return [*own, *self.inner_optimizer.variables]


class SWA(Wrapper):
    """Keep the mean of the weights along the way: stochastic weight averaging.

    The mean of the weights after the updates ``start_averaging``, ``start_averaging +
    average_period``, ... replaces the weights at the end of a fit (Izmailov et al. 2018,
    https://arxiv.org/abs/1803.05407).  The learning rate should stay high.  Moving statistics, such
    as those of `BatchNormalization`, are those of the last weights: update them by fitting another
    epoch with a learning rate of 0.

    Parameters
    ----------
    inner_optimizer : Optimizer, or its name or configuration
        Does the steps; it must not have ``use_ema``.
    start_averaging : int, default 1
        The first update that is included.
    average_period : int, default 10
        Number of updates from one to the next.
    name : str, optional

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import optimizers
    >>> w, swa = np.array([0.0]), optimizers.SWA(optimizers.SGD(1.0), average_period=1)
    >>> for _ in range(3):
    ...     swa.apply([np.array([-2.0])], [w])
    >>> swa.finalize_variable_values([w])
    >>> w  # the mean of 2, 4 and 6
    array([4.])
    """

    def __init__(
        self,
        inner_optimizer: Any,
        start_averaging: int = 1,
        average_period: int = 10,
        name: str | None = None,
    ) -> None:
        super().__init__(inner_optimizer, name)
        who = type(self).__name__
        self.start_averaging = integer(who, "start_averaging", start_averaging)
        self.average_period = integer(who, "average_period", average_period)
        if self.inner_optimizer.use_ema:
            raise ValueError(f"{who}: inner_optimizer must not have use_ema; it keeps one mean")
        self._tell()

    def _argument_names_of(self) -> tuple[str, ...]:
        return ("inner_optimizer", "start_averaging", "average_period", "name")

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; settings are also passed to the inner optimizer."""
        super().__setattr__(name, value)
        if name in ("start_averaging", "average_period") and "_mean" in self.__dict__:
            self._tell()

    def _tell(self) -> None:
        if {"start_averaging", "average_period"} <= self.__dict__.keys():
            self.inner_optimizer._mean = Equal(self.start_averaging, self.average_period)
            note_change(self.inner_optimizer)
