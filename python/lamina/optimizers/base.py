"""What every optimizer shares: the learning rate, clipping, weight decay and its state."""

from __future__ import annotations

import re
import weakref
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lamina._calls import answering_calls
from lamina._check import LARGEST, number, quiet
from lamina._settings import check_fits, note_change, optional_number, serialize, version
from lamina.optimizers.decayed import means, pattern
from lamina.optimizers.norm import Norm
from lamina.optimizers.rule import RULES
from lamina.optimizers.schedules import LearningRateSchedule
from lamina.optimizers.schedules import get as get_schedule
from lamina.optimizers.slots import Slots

Array = NDArray[Any]


class Optimizer(Slots):
    r"""Base of all optimizers, and of a user's own.

    A step does, in Keras's order: clip the gradients; take ``learning_rate * weight_decay * w``
    off every weight; apply the rule.  The rules of this package are compiled, and in a fit each
    runs in one pass over all weights.  A subclass that overrides `update_step` (the rule for one
    weight array) or `update` (the whole step) runs in NumPy instead.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        Step size, at least 0, or its law over steps.
    weight_decay : float, optional
        Decoupled weight decay, at least 0.  It does not enter the rule's averages: that is an L2
        penalty, see `lamina.regularizers`.
    clipnorm : float, optional
        Each array's gradient is scaled down to at most this norm.
    clipvalue : float, optional
        Each gradient's elements are cut to ``[-clipvalue, clipvalue]``.
    global_clipnorm : float, optional
        All gradients together are scaled down to at most this norm.
    name : str, optional
        Name in reports; the class's name in lower case if not given.

    Attributes
    ----------
    iterations : int
        Steps done.  The next step uses ``learning_rate(iterations)`` if that is a schedule.

    Notes
    -----
    Every setting may be changed at any time, in a callback or another thread: it is checked at
    once and counts from the next step on, and so do a new value of ``iterations``, ``reset`` and
    ``exclude_from_weight_decay``.  The state of the rule is kept; what a setting newly needs, such
    as the velocity of a ``momentum`` that was 0, starts at zero.

    Raises
    ------
    ValueError
        If a setting is outside its range, or more than one kind of clipping is set.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import optimizers
    >>> class SignDescent(optimizers.Optimizer):
    ...     def update_step(self, weights, gradient, slots, learning_rate):
    ...         weights -= learning_rate * np.sign(gradient)
    >>> w = np.array([1.0, 2.0])
    >>> SignDescent(learning_rate=0.5).apply([np.array([3.0, -4.0])], [w])
    >>> w
    array([0.5, 2.5])
    """

    _plumbing: ClassVar[str] = (
        "attach check_owner fused lr restore_slots rule slot_names slots_by_path"
    )

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        *,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
    ) -> None:
        who = type(self).__name__
        self.learning_rate = learning_rate
        self.weight_decay = optional_number(who, "weight_decay", weight_decay, low=0.0)
        self.clipnorm = optional_number(who, "clipnorm", clipnorm, low=0.0, low_open=True)
        self.clipvalue = optional_number(who, "clipvalue", clipvalue, low=0.0, low_open=True)
        self.global_clipnorm = optional_number(
            who, "global_clipnorm", global_clipnorm, low=0.0, low_open=True
        )
        if sum(c is not None for c in (self.clipnorm, self.clipvalue, self.global_clipnorm)) > 1:
            raise ValueError(
                f"{who}: only one of clipnorm, clipvalue and global_clipnorm may be set; "
                f"got {clipnorm!r}, {clipvalue!r} and {global_clipnorm!r}"
            )
        if name is not None and not isinstance(name, str):
            raise TypeError(f"{who}: name must be a string; got {name!r}")
        self.name = name or who.lower()
        self._begin()
        self._owner: weakref.ref[Any] | None = None  # the model whose weights these are
        self._excluded: list[Any] = []
        self._excluded_names: list[re.Pattern[str]] = []
        self._undecayed: set[int] = set()  # places of the weights left out of the decay
        self._fitting: tuple[int, Any] | None = None  # settings, as counted, and dtype that fit

    def _number(self, name: str, value: object, *, low_open: bool = False) -> float:
        return RULES[self.rule].number(type(self).__name__, name, value, low_open=low_open)

    def _flag(self, name: str, value: object) -> bool:
        return RULES[self.rule].flag(type(self).__name__, name, value)

    # --- learning rate

    @property
    def learning_rate(self) -> float | LearningRateSchedule:
        """The step size or its schedule; may be set at any time."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float | LearningRateSchedule) -> None:
        self._learning_rate: float | LearningRateSchedule
        if isinstance(value, (LearningRateSchedule, Mapping)):
            self._learning_rate = get_schedule(value)
        else:
            who = type(self).__name__
            self._learning_rate = number(who, "learning_rate", value, low=0.0, high=LARGEST)

    @property
    def lr(self) -> float | LearningRateSchedule:
        """The learning rate, by Keras's older name."""
        return self.learning_rate

    @lr.setter
    def lr(self, value: float | LearningRateSchedule) -> None:
        self.learning_rate = value

    def current_learning_rate(self) -> float:
        """Return the step size of the next step."""
        rate = self._learning_rate
        if isinstance(rate, float):
            return rate
        now = rate(self.iterations)
        if isinstance(now, np.ndarray) and now.ndim == 0:  # of one that is written with ops
            now = now[()]
        return number(type(rate).__name__, "learning rate", now, 0.0, LARGEST)

    # --- the model whose weights these are

    def check_owner(self, model: Any) -> None:
        """Raise ValueError if another model is being trained with this optimizer.

        Its iterations and its weights' state are one model's; a model that is gone, or has been
        compiled with another optimizer, does not count.
        """
        other = None if self._owner is None else self._owner()
        if other is not None and other is not model and other.optimizer is self:
            raise ValueError(
                f"{type(self).__name__}: each model needs an optimizer of its own; this one trains "
                f"{other.name!r}, got {model.name!r}"
            )

    def __getstate__(self) -> dict[str, Any]:
        """Return everything but the link to the model (pickle, deepcopy)."""
        return {**self.__dict__, "_owner": None, "_fitting": None}

    @answering_calls
    def exclude_from_weight_decay(
        self, var_list: Iterable[Any] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Leave weights out of the weight decay, by object or by name, from the next step on.

        Parameters
        ----------
        var_list : list of weights, optional
        var_names : list of str, optional
            Regular expressions, searched for as in Keras in a weight's own name: ``"bias"`` is
            every bias, ``"gamma|beta"`` what normalisations learn.  One that matches a layer's
            whole name stands for all its weights.  With a slash, as ``"dense_1/bias"``, it must
            match the layer's name and the weight's.

        Raises
        ------
        TypeError, ValueError
            If the names are no list, or one is no string or no regular expression; nothing
            changes then.

        Examples
        --------
        >>> from lamina import optimizers
        >>> optimizer = optimizers.AdamW()
        >>> optimizer.exclude_from_weight_decay(var_names=["bias", "gamma|beta"])
        """
        who = type(self).__name__
        if isinstance(var_names, str):  # whose letters would be taken for names
            raise TypeError(f"{who}: var_names must be a list of names; got {var_names!r}")
        patterns = [pattern(who, name) for name in var_names or []]
        self._excluded, self._excluded_names = list(var_list or []), patterns
        note_change(self)

    def _decays(self, parameter: Any) -> bool:
        if any(parameter is p for p in self._excluded):
            return False
        return not any(means(p, getattr(parameter, "name", "")) for p in self._excluded_names)

    # --- the fused path

    @property
    def fused(self) -> bool:
        """Whether a step runs as one kernel: neither `update` nor `update_step` is overridden."""
        cls = type(self)
        own = cls.update_step is not Optimizer.update_step or cls.update is not Optimizer.update
        return bool(self.rule) and not own

    def attach(self, execution: Any, model: Any = None) -> None:
        """Give a training execution this optimizer's state and, if fused, its rule.

        The state belongs to weights, not to places: freezing some keeps all others', and theirs
        for when they are thawed.
        """
        if model is not None:
            self.check_owner(model)
            self._owner = weakref.ref(model)
            if self._kept:
                mine = set(model.parameters)
                self._kept = {p: state for p, state in self._kept.items() if p in mine}
        parameters = execution.trainable()
        self._undecayed = {i for i, p in enumerate(parameters) if not self._decays(p)}
        dtype = execution.gradient.dtype
        if self._fitting != (version(self), dtype):  # not again for every single batch
            check_fits(self, dtype)
            self._fitting = version(self), dtype
        # A fused kernel's state lies as the gradient does: each weight begins a cache line.
        fused = self.fused
        line = 64 // dtype.itemsize if fused else 1
        places, size = {}, 0
        for p in parameters:
            places[p] = slice(size, size + p.size)
            size += -(-p.size // line) * line
        self._arrange(places, size, dtype)
        if not fused:
            return
        if not parameters:  # all are frozen: there is nothing to update
            execution.set_update("sgd", [])
            return
        rule = RULES[self.rule]
        execution.set_update(
            rule.name,
            rule.placed(self, self.slots),
            **rule.values(self),
            weight_decay=self.weight_decay or 0.0,
            clipnorm=self.clipnorm or 0.0,
            clipvalue=self.clipvalue or 0.0,
            global_clipnorm=self.global_clipnorm or 0.0,
            no_decay=[parameters[i] for i in sorted(self._undecayed)],
        )

    # --- array by array

    @answering_calls
    def apply(self, gradients: Sequence[Array], parameters: Sequence[Array]) -> None:
        """Do one step on plain arrays, in place: Keras's ``apply``."""
        for dtype in {p.dtype for p in parameters}:
            check_fits(self, dtype)
        self.update(list(parameters), list(gradients), self.current_learning_rate())
        self.iterations += 1

    def update(self, parameters: list[Array], gradients: list[Array], learning_rate: float) -> None:
        """Do one step: clip, decay, apply the rule to each array in place.

        Parameters
        ----------
        parameters : list of ndarray
            Weights, written in place.
        gradients : list of ndarray
            Their gradients, not modified.
        learning_rate : float
            Step size.
        """
        if len(parameters) != len(gradients):
            raise ValueError(
                f"{type(self).__name__}: needs one gradient a weight array; "
                f"got {len(gradients)} for {len(parameters)}"
            )
        sizes = [p.size for p in parameters]
        self.build(sum(sizes), parameters[0].dtype if parameters else np.float64)
        ends = np.cumsum(sizes)
        triples = zip(parameters, self._clipped(gradients), ends, strict=True)
        for i, (p, g, end) in enumerate(triples):
            views = [s[int(end) - p.size : int(end)].reshape(p.shape) for s in self.slots]
            if self.weight_decay and i not in self._undecayed:
                _shrink(p, 1.0 - learning_rate * self.weight_decay)
            self.update_step(p, g, views, learning_rate)

    def update_step(
        self,
        weights: Array,
        gradient: Array,
        slots: list[Array],
        learning_rate: float,
    ) -> None:
        """Apply the rule to one weight array, in place.

        Parameters
        ----------
        weights : ndarray
            The weights, to be changed in place.
        gradient : ndarray
            Their gradient, after clipping.
        slots : list of ndarray
            `slot_count` arrays of the same shape; of a rule written in NumPy they are zero before
            the first step.
        learning_rate : float
            Step size; ``self.iterations + 1`` is the step's number.
        """
        if not self.rule:
            who = type(self).__name__
            raise TypeError(f"{who}: a subclass must define update_step() or update()")
        RULES[self.rule].step(self, weights, gradient, slots, learning_rate)

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

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; a schedule becomes its configuration."""
        config = super().get_config()
        if isinstance(self._learning_rate, LearningRateSchedule):
            config["learning_rate"] = serialize(self._learning_rate)
        return config


@quiet
def _shrink(weights: Array, factor: float) -> None:
    np.multiply(weights, factor, out=weights)
