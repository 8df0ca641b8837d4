"""The base of all optimizers: learning rate, clipping, weight decay and the step."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lamina import _core
from lamina._settings import check_fits, version
from lamina.optimizers.averages import Averaging, Exponential, noted
from lamina.optimizers.chosen import Chosen
from lamina.optimizers.keeping import ACCUMULATOR, AVERAGE, array_of
from lamina.optimizers.options import checked_options
from lamina.optimizers.per_weight import PerWeight
from lamina.optimizers.rule import RULES, Law, Slot
from lamina.optimizers.state import Kept
from lamina.optimizers.stepping import Step, python_step

Array = NDArray[Any]


class Optimizer(PerWeight):
    r"""Base of all optimizers, including user-defined ones.

    In Keras's order, a step clips the gradients; subtracts ``learning_rate * weight_decay * w``
    from every weight; applies the rule; and updates the mean of the weights.  The rules of this
    package are compiled, and in a fit each runs in one pass over all weights.  A subclass that
    overrides `update_step` (the rule for one weight) or `apply` (the whole step) runs in NumPy
    instead, and may call `lamina.ops`.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default 0.001
        Step size, at least 0, a schedule over steps, or a function without arguments that returns
        it.
    weight_decay : float, optional
        Decoupled weight decay, at least 0.  It is not included in the rule's averages, unlike an L2
        penalty (see `lamina.regularizers`).
    clipnorm : float, optional
        The gradient of each weight is scaled down to at most this norm.
    clipvalue : float, optional
        The elements of each gradient are clipped to ``[-clipvalue, clipvalue]``.
    global_clipnorm : float, optional
        All gradients together are scaled down to at most this norm.
    use_ema : bool, default False
        Keep an exponential moving average of the weights, which replaces them at the end of a fit
        (after an interrupted fit the weights are those of its last step).
    ema_momentum : float, default 0.99
        In [0, 1]: ``average = ema_momentum * average + (1 - ema_momentum) * w`` after each step.
    ema_overwrite_frequency : int, optional
        Number of steps after which the average also replaces the weights.
    loss_scale_factor : float, optional
        In a fit the loss is multiplied by it before the gradient is computed, and the gradient is
        divided by it; `apply` divides the given gradients.
    gradient_accumulation_steps : int, optional
        At least 2: the weights are updated after this number of steps, by the mean of the gradients
        since the last update.
    name : str, optional
        Name in reports; by default the class name in lower case.

    Attributes
    ----------
    learning_rate : float
        The step size of the next step; a schedule may also be assigned.
    iterations : int
        The number of updates.  A schedule is called with the number of steps, including those that
        only accumulate gradients.
    variables : list
        The state, in Keras's order.

    Notes
    -----
    Every setting may be changed at any time, in a callback or another thread: it is checked
    immediately and applies from the next step on, as do new values of ``iterations``, ``reset``,
    ``exclude_from_weight_decay`` and ``scale_learning_rate``.  The state of the rule is kept; new
    state that a setting needs, such as the velocity for a ``momentum`` that was 0, starts at zero.

    Raises
    ------
    ValueError
        If a setting is outside its range, or more than one kind of clipping is set.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import optimizers
    >>> class Momentum(optimizers.Optimizer):
    ...     def build(self, variables):
    ...         super().build(variables)
    ...         self.velocities = self.add_optimizer_variables(variables, "velocity")
    ...     def update_step(self, gradient, variable, learning_rate):
    ...         velocity = self.velocities[self._get_variable_index(variable)]
    ...         self.assign(velocity, 0.9 * velocity + gradient)
    ...         self.assign_sub(variable, learning_rate * velocity)
    >>> w = np.array([1.0, 2.0])
    >>> Momentum(learning_rate=0.5).apply([np.array([3.0, -4.0])], [w])
    >>> w
    array([-0.5,  4. ])
    """

    # Whether a step takes all rows as one batch.
    whole_batch: ClassVar[bool] = False

    _plumbing: ClassVar[str] = (
        "attach built check_owner check_state counter current_learning_rate follows_schedule fused "
        "get_state lr rate_law rule slots steps take_rate take_state told_rate version whole_batch"
    )

    def __init__(
        self,
        learning_rate: Any = 0.001,
        *,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
    ) -> None:
        who = type(self).__name__
        self.learning_rate = learning_rate
        given = {
            "weight_decay": weight_decay, "clipnorm": clipnorm, "clipvalue": clipvalue,
            "global_clipnorm": global_clipnorm, "use_ema": use_ema, "ema_momentum": ema_momentum,
            "ema_overwrite_frequency": ema_overwrite_frequency,
            "loss_scale_factor": loss_scale_factor,
            "gradient_accumulation_steps": gradient_accumulation_steps,
        }  # fmt: skip
        for setting, value in checked_options(who, given).items():
            setattr(self, setting, value)
        if name is not None and not isinstance(name, str):
            raise TypeError(f"{who}: name must be a string; got {name!r}")
        self.name = name or who.lower()
        self._begin()
        self._owner: weakref.ref[Any] | None = None  # the model that owns the weights
        self._begin_choice(who)
        self._mean: Averaging | None = None  # a mean that is not among the settings
        self._fitting: tuple[int, Any] | None = None  # checked count of settings, and dtype
        self._told: tuple[Any, ...] | None = None  # the last update passed to the core

    weight_decay: float | None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None

    def _number(self, name: str, value: object, *, low_open: bool = False) -> float:
        return RULES[self.rule].number(type(self).__name__, name, value, low_open=low_open)

    def _flag(self, name: str, value: object) -> bool:
        return RULES[self.rule].flag(type(self).__name__, name, value)

    @property
    def counter(self) -> Optimizer:
        """The object that counts the steps."""
        return self

    @property
    def version(self) -> int:
        """A number that changes with every change of a setting."""
        return version(self)

    # --- the model that owns the weights

    def check_owner(self, model: Any) -> None:
        """Raise ValueError if another model is being trained with this optimizer.

        Its iterations and state belong to one model; a model that no longer exists, or has been
        compiled with another optimizer, does not count.
        """
        other = None if self._owner is None else self._owner()
        if other is not None and other is not model and other.optimizer is self:
            who = type(self).__name__
            raise ValueError(
                f"{who}: each model needs its own optimizer; this one trains another model, "
                f"{other.name!r}; compile this model, {model.name!r}, with a new one, such as "
                f"{who}.from_config(optimizer.get_config())"
            )

    def __getstate__(self) -> dict[str, Any]:
        """Return everything except the reference to the model (for pickle and deepcopy)."""
        return {**self.__dict__, "_owner": None, "_fitting": None, "_told": None}

    def _law(self, weight: Any) -> Law:
        """Return the law by which a weight is updated."""
        rule = RULES[self.rule]
        return Law(rule, rule.values(self), *self._shares(weight, self.weight_decay))

    @property
    def _averaging(self) -> Averaging | None:
        if self.use_ema:
            return Exponential(self.ema_momentum, self.ema_overwrite_frequency or 0)
        return self._mean

    # --- state

    def _lay(self, variables: list[Any], keys: list[Any], dtype: Any, line: int) -> Any:
        wanted: dict[Any, list[Kept]] = {}
        if self.rule:
            for variable, key in zip(variables, keys, strict=True):
                law = self._law(variable)
                for slot in law.slots:
                    if slot is not None:
                        kept = Kept(key, slot.shape(array_of(variable).shape),
                                    self._start(slot, variable, law))  # fmt: skip
                        wanted.setdefault((law.rule.name, slot.name), []).append(kept)
        every = list(zip(variables, keys, strict=True))
        if self.gradient_accumulation_steps:
            wanted[("", ACCUMULATOR)] = [Kept(k, array_of(v).shape, _zero) for v, k in every]
        if self._averaging is not None:
            wanted[("", AVERAGE)] = [
                Kept(k, array_of(v).shape, functools.partial(array_of, v)) for v, k in every
            ]
        return dict(zip(wanted, self._state.lay(wanted, dtype, line), strict=True))

    @staticmethod
    def _start(slot: Slot, variable: Any, law: Law) -> Any:
        if slot.start is None:
            return _zero
        if slot.start == "weight":
            return functools.partial(array_of, variable)
        value = law.settings[slot.start]
        return lambda: value

    def _sizes(self, parameter: Any) -> dict[str, int]:
        slots = self._law(parameter).rule.slots if self.rule else ()
        shape = array_of(parameter).shape
        return {s.name: int(np.prod(s.shape(shape), dtype=np.int64)) for s in slots}

    def get_state(self, paths: Mapping[str, Any]) -> dict[str, Any]:
        """Return all that determines further steps, as plain values and copies of arrays."""
        state = super().get_state(paths)
        state["learning_rate"] = self.told_rate()
        shares = {path: self._shares(p, 1.0) for path, p in paths.items()}
        state["undecayed"] = [path for path, (decay, _) in shares.items() if not decay]
        state["rates"] = {path: rate for path, (_, rate) in shares.items() if rate != 1.0}
        return state

    def check_state(self, state: Mapping[str, Any], paths: Mapping[str, Any]) -> Any:
        """Return a function that takes over a state from ``get_state``; nothing is changed yet."""
        who, take_arrays = type(self).__name__, super().check_state(state, paths)
        chosen = [*state.get("undecayed", ()), *state.get("rates", {})]
        for path in chosen:
            if path not in paths:
                raise ValueError(f"{who}: the model has no weight {path!r}; it has {list(paths)}")
        before = self._learning_rate
        self._set_rate(state["learning_rate"])
        new, self._learning_rate = self._learning_rate, before

        def take() -> None:
            self._learning_rate = new
            if "undecayed" in state:
                self._undecayed = Chosen(who, [paths[p] for p in state["undecayed"]])
                rates = state["rates"].items()
                self._scaled = [(rate, Chosen(who, [paths[path]])) for path, rate in rates]
            take_arrays()

        return take

    def take_state(self, state: Mapping[str, Any], paths: Mapping[str, Any]) -> None:
        """Continue from another optimizer's state; after an error nothing is changed."""
        self.check_state(state, paths)()

    # --- a fit's steps

    @property
    def fused(self) -> bool:
        """Whether a step runs as kernels: neither `apply` nor `update_step` is overridden."""
        cls = type(self)
        own = cls.update_step is not Optimizer.update_step or cls.apply is not Optimizer.apply
        return bool(self.rule) and not own

    def attach(self, execution: Any, model: Any = None) -> Step:
        """Pass this optimizer's state to a training execution; return its step function.

        The state belongs to weights, not to positions: freezing some keeps that of all others, and
        their own for when they are unfrozen.
        """
        self._own_model(model)
        parameters = execution.trainable()
        dtype = execution.gradient.dtype
        self._check_fits(dtype)
        if not self.fused:
            self.build(parameters)
            return python_step(execution, self)
        updates = [self._update(parameters, dtype)] if parameters else []
        execution.set_updates(updates, self.loss_scale_factor or 1.0)
        return execution.train  # type: ignore[no-any-return]

    def _own_model(self, model: Any) -> None:
        if model is not None:
            self.check_owner(model)
            self._owner = weakref.ref(model)
            self._keep_only(model.parameters)

    def _check_fits(self, dtype: Any) -> None:
        if self._fitting != (version(self), dtype):  # not for every single batch
            check_fits(self, dtype)
            self._fitting = version(self), dtype

    def _update(self, parameters: list[Any], dtype: Any) -> _core.Update:
        """Return the core's description of a step on these weights; the last one if unchanged."""
        key = (version(self), [id(p) for p in parameters], dtype, id(self._state))
        told = self._told
        if told is not None and told[:2] == (key, self._state.times):
            self._trainable_variables, self._keys, self.built = parameters, parameters, True
            kept: _core.Update = told[2]
            return kept
        update = self._new_update(parameters, dtype)
        # The weights are kept, so that their ids stay unique.
        self._told = key, self._state.times, update, parameters
        return update

    def _new_update(self, parameters: list[Any], dtype: Any) -> _core.Update:
        if not self._state.goes_on(parameters, dtype):
            self._iterations = 0
        self._trainable_variables, self._keys, self.built = parameters, parameters, True
        # A kernel's state has the layout of the gradient: each weight starts on a cache line.
        laid = self._lay(parameters, parameters, dtype, 64 // dtype.itemsize)
        around: dict[str, Any] = noted(self._averaging)
        if self.gradient_accumulation_steps:
            around["accumulation"] = self.gradient_accumulation_steps
            around["accumulator"] = laid["", ACCUMULATOR]
        if self._averaging is not None:
            around["average"] = laid["", AVERAGE]
        clips = {"clipnorm": self.clipnorm, "clipvalue": self.clipvalue,
                 "global_clipnorm": self.global_clipnorm}  # fmt: skip
        update = _core.Update(**{k: v for k, v in clips.items() if v is not None}, **around)
        laws: dict[str, list[tuple[Any, Law]]] = {}
        for p in parameters:
            law = self._law(p)
            laws.setdefault(law.rule.name, []).append((p, law))
        for name, members in laws.items():
            law = members[0][1]
            slots = [None if s is None else laid[name, s.name] for s in law.slots]
            update.add(
                name, slots, [p for p, _ in members], [each.weight_decay for _, each in members],
                [each.rate for _, each in members], **law.settings,
            )  # fmt: skip
        return update

    # --- configuration

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; a schedule becomes its configuration."""
        config = super().get_config()
        config["learning_rate"] = self.told_rate()
        return config


def _zero() -> float:
    return 0.0
