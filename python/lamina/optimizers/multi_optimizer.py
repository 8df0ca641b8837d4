"""Different optimizers for different weights."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from math import isfinite
from typing import Any

import numpy as np

from lamina._calls import answering_calls
from lamina._check import integer
from lamina._settings import Configurable, serialize, version
from lamina.optimizers.base import Optimizer
from lamina.optimizers.stepping import Step, python_step
from lamina.optimizers.variables import Scalar
from lamina.optimizers.wrapping import Wrapper


class OptimizerMap(Configurable, MutableMapping[str, Any]):
    """Optimizers by the paths of weights.

    Parameters
    ----------
    default_optimizer : Optimizer
        The optimizer of weights that no key matches.
    optimizer_map : dict of str to Optimizer, optional
        A key is the path of a weight, such as "encoder/dense/kernel", or a regular expression that
        matches the entire path.

    Examples
    --------
    >>> from lamina import optimizers
    >>> chosen = optimizers.OptimizerMap(optimizers.SGD(), {"encoder/.*": optimizers.Adam()})
    >>> chosen["encoder/dense/kernel"].name, chosen["head/kernel"].name
    ('adam', 'sgd')
    """

    def __init__(
        self, default_optimizer: Any, optimizer_map: Mapping[str, Any] | None = None
    ) -> None:
        from lamina.optimizers import get

        if optimizer_map is not None and not isinstance(optimizer_map, Mapping):
            raise TypeError(f"OptimizerMap: optimizer_map must be a dict; got {optimizer_map!r}")
        self.default_optimizer: Optimizer = get(default_optimizer)
        self._by_key: dict[str, Optimizer] = {}
        for key, optimizer in (optimizer_map or {}).items():
            self[key] = optimizer

    def __getitem__(self, key: str) -> Optimizer:
        """Return the optimizer of a path; ValueError if several expressions match it."""
        if key in self._by_key:
            return self._by_key[key]
        matching = [known for known in self._by_key if re.fullmatch(known, key)]
        if len(matching) > 1:
            raise ValueError(f"OptimizerMap: {key!r} is matched by {matching}; needs one of them")
        return self._by_key[matching[0]] if matching else self.default_optimizer

    def __setitem__(self, key: str, value: Any) -> None:
        """Set the optimizer of a path or expression."""
        from lamina.optimizers import get

        if not isinstance(key, str):
            raise TypeError(f"OptimizerMap: a key must be a string; got {key!r}")
        if key in self._by_key:
            raise ValueError(f"OptimizerMap: {key!r} already exists: {self._by_key[key]!r}")
        self._by_key[key] = _simple("OptimizerMap", get(value))

    def __delitem__(self, key: str) -> None:
        """Use the default optimizer for a path or expression."""
        del self._by_key[key]

    def __len__(self) -> int:
        """Return the number of keys."""
        return len(self._by_key)

    def __iter__(self) -> Iterator[str]:
        """Yield the keys."""
        return iter(self._by_key)

    def __call__(self, variable: Any) -> Optimizer:
        """Return the optimizer of a weight."""
        return self[str(getattr(variable, "path", None) or getattr(variable, "name", ""))]

    def get_config(self) -> dict[str, Any]:
        """Return the configurations of all optimizers."""
        by_key = {key: serialize(optimizer) for key, optimizer in self._by_key.items()}
        return {"default_optimizer": serialize(self.default_optimizer), "optimizer_map": by_key}


class MultiOptimizer(Optimizer):
    """Let several optimizers do a step, each for its weights.

    Each has its own learning rate, clipping and other settings; all count the same steps.

    Parameters
    ----------
    optimizer_map : OptimizerMap or callable
        Returns the optimizer of a weight.
    loss_scale_factor : float, optional
        Instead of those of the optimizers.
    name : str, optional

    Attributes
    ----------
    optimizers : list of Optimizer

    Examples
    --------
    >>> import numpy as np, lamina
    >>> from lamina import optimizers
    >>> model = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(2, name="encoder"),
    ...                            lamina.layers.Dense(1, name="head")])
    >>> chosen = optimizers.OptimizerMap(optimizers.SGD(0.1), {"encoder/.*": optimizers.Adam()})
    >>> model.compile(optimizers.MultiOptimizer(chosen), "mse")
    >>> _ = model.fit(np.eye(3), np.ones(3), epochs=2, verbose=0)
    >>> [int(each.iterations) for each in model.optimizer.optimizers]
    [2, 2]
    """

    def __init__(
        self,
        optimizer_map: Callable[[Any], Any],
        loss_scale_factor: float | None = None,
        name: str | None = None,
    ) -> None:
        if isinstance(optimizer_map, dict):  # a configuration
            optimizer_map = OptimizerMap(**optimizer_map.get("config", optimizer_map))
        if not callable(optimizer_map):
            raise TypeError(
                f"MultiOptimizer: optimizer_map must be an OptimizerMap or a function of a weight; "
                f"got {optimizer_map!r}"
            )
        self._optimizers: list[Optimizer] = []
        super().__init__(0.0, loss_scale_factor=loss_scale_factor, name=name)
        self.optimizer_map = optimizer_map
        if isinstance(optimizer_map, OptimizerMap):
            for optimizer in (*optimizer_map._by_key.values(), optimizer_map.default_optimizer):
                self._meet(optimizer)

    def _meet(self, optimizer: Any) -> Optimizer:
        found = _simple("MultiOptimizer", optimizer)
        if not any(found is known for known in self._optimizers):
            found.loss_scale_factor = None
            self._optimizers.append(found)
        return found

    @property
    def optimizers(self) -> list[Optimizer]:
        """The optimizers, those of the map first."""
        return self._optimizers

    def _groups(self, variables: Iterable[Any]) -> list[tuple[Optimizer, list[Any]]]:
        """Return each optimizer with its weights."""
        variables = list(variables)
        chosen = [self._meet(self.optimizer_map(v)) for v in variables]
        return [
            (each, [v for v, optimizer in zip(variables, chosen, strict=True) if optimizer is each])
            for each in self._optimizers
        ]

    # --- rates and counts

    @property
    def learning_rate(self) -> Any:
        """Raise AttributeError: each of ``optimizers`` has its own."""
        raise AttributeError(
            "MultiOptimizer has no learning rate; each of its optimizers has one", name=None
        )

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if "_learning_rate" in self.__dict__:
            raise AttributeError(
                "MultiOptimizer has no learning rate; set that of one of its optimizers", name=None
            )
        self._set_rate(value)

    def current_learning_rate(self) -> float:
        """Return the first optimizer's step size, for the error of a failed step."""
        return self._optimizers[0].current_learning_rate() if self._optimizers else 0.0

    def told_rate(self) -> list[Any]:
        """Return all learning rates as plain values."""
        return [each.told_rate() for each in self._optimizers]

    def take_rate(self, told: Sequence[Any]) -> None:
        """Set them to the result of ``told_rate``."""
        for each, rate in zip(self._optimizers, told, strict=True):
            each.take_rate(rate)

    @property
    def fused(self) -> bool:
        """Whether a step runs as kernels."""
        return all(each.fused for each in self._optimizers)

    @property
    def version(self) -> int:
        """A number that changes with every change of a setting."""
        return max([version(self), *(each.version for each in self._optimizers)])

    def _set_iterations(self, value: int) -> None:
        super()._set_iterations(value)
        for each in self._optimizers:
            each._set_iterations(value)

    # --- steps

    def attach(self, execution: Any, model: Any = None) -> Step:
        """Pass the state of all optimizers to a training execution; return its step function."""
        self._own_model(model)
        parameters, dtype = execution.trainable(), execution.gradient.dtype
        groups = self._groups(parameters)
        for each, _ in groups:
            each._check_fits(dtype)
            if model is not None:
                each._keep_only(model.parameters)
        if not self.fused:
            self.build(parameters)
            return python_step(execution, self)
        self._trainable_variables, self._keys, self.built = parameters, parameters, True
        active = [(each, own) for each, own in groups if own]
        updates = [each._update(own, dtype) for each, own in active]
        execution.set_updates(updates, self.loss_scale_factor or 1.0)
        trained = [each for each, _ in active]
        counts = [each.__dict__ for each in self._optimizers]

        def count(steps: int) -> None:
            for each in counts:
                each["_iterations"] = steps

        def train(
            order: Any, start: int, stop: int, rate: float, step: int, random_step: int
        ) -> float:
            count(step - 1)
            execution.set_rates([each.current_learning_rate() for each in trained])
            loss: float = execution.train(order, start, stop, rate, step, random_step)
            if isfinite(loss):
                count(step)
            return loss

        return train

    def build(self, variables: Sequence[Any]) -> None:
        """Make the state for these weights."""
        variables = list(variables)
        self._trainable_variables = variables
        self._keys = [i if isinstance(v, np.ndarray) else v for i, v in enumerate(variables)]
        self.built = True
        for each, own in self._groups(variables):
            if own:
                each.build(own)

    @answering_calls
    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """Do one step on weights, or on plain arrays in place."""
        grads, variables = list(grads), self._known(trainable_variables)
        if len(grads) != len(variables):
            raise ValueError(
                f"MultiOptimizer: needs one gradient per weight; got {len(grads)} for "
                f"{len(variables)}"
            )
        if self.loss_scale_factor is not None:
            grads = [None if g is None else g / self.loss_scale_factor for g in grads]
        for each, own in self._groups(variables):
            chosen = [
                (g, v) for g, v in zip(grads, variables, strict=True) if any(v is o for o in own)
            ]
            each.__dict__["_iterations"] = self._iterations
            if chosen:
                each.apply([g for g, _ in chosen], [v for _, v in chosen])
            each.__dict__["_iterations"] = self._iterations + 1
        self._iterations += 1

    def finalize_variable_values(self, var_list: Iterable[Any]) -> None:
        """Replace the weights by their means, if there are any."""
        chosen = list(var_list)
        for each in self._optimizers:
            each.finalize_variable_values(chosen)

    # --- state

    @property
    def variables(self) -> list[Any]:
        """The count of steps, then the states of all optimizers."""
        own = Scalar("iteration", lambda: self._iterations, self._put_steps)
        return [own, *(v for each in self._optimizers for v in each.variables)]

    @property
    def slots(self) -> list[Any]:
        """The states of all optimizers."""
        return [slot for each in self._optimizers for slot in each.slots]

    def reset(self) -> None:
        """Reset the state: the next step is the first."""
        super().reset()
        for each in self._optimizers:
            each.reset()

    def get_state(self, paths: Mapping[str, Any]) -> dict[str, Any]:
        """Return all that determines further steps, as plain values and copies of arrays."""
        self._groups(paths.values())
        states = [each.get_state(paths) for each in self._optimizers]
        return {"step": self._iterations, "optimizers": states}

    def check_state(self, state: Mapping[str, Any], paths: Mapping[str, Any]) -> Any:
        """Return a function that takes over a state from ``get_state``; nothing is changed yet."""
        self._groups(paths.values())
        step = integer("MultiOptimizer", "step", state["step"], 0)
        states = state["optimizers"]
        if len(states) != len(self._optimizers):
            raise ValueError(
                f"MultiOptimizer: needs the states of {len(self._optimizers)} optimizers; "
                f"got {len(states)}"
            )
        takes = [
            each.check_state(own, paths) for each, own in zip(self._optimizers, states, strict=True)
        ]

        def take() -> None:
            for each in takes:
                each()
            self._iterations = step

        return take

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; a map becomes its configuration."""
        given = self.optimizer_map
        told = serialize(given) if isinstance(given, OptimizerMap) else given
        factor = self.loss_scale_factor
        return {"optimizer_map": told, "loss_scale_factor": factor, "name": self.name}


def _simple(who: str, optimizer: Any) -> Optimizer:
    if not isinstance(optimizer, Optimizer) or isinstance(optimizer, (Wrapper, MultiOptimizer)):
        raise TypeError(f"{who}: needs optimizers that are not wrappers; got {optimizer!r}")
    if optimizer.whole_batch:
        raise TypeError(f"{who}: needs optimizers of batches; got {optimizer!r}")
    return optimizer
