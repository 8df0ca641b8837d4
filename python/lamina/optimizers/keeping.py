"""The state that an optimizer keeps from step to step, with Keras's ways to read and set it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lamina import _screen
from lamina._calls import answering_calls
from lamina._check import integer
from lamina._settings import Configurable, note_change
from lamina.optimizers.state import Kept, State
from lamina.optimizers.variables import Count, Scalar, StateArray

Array = NDArray[Any]
ACCUMULATOR, AVERAGE = "gradient_accumulator", "average"


def array_of(weight: Any) -> Array:
    """Return the memory of a weight, or of an array in its place."""
    return weight if isinstance(weight, np.ndarray) else weight.array


class Keeping(Configurable):
    """The state of an optimizer: the count of steps, and arrays for each weight."""

    # Name of the compiled rule, whose settings are attributes with the same names; "" for a rule
    # that a subclass writes in NumPy.
    rule: ClassVar[str] = ""
    name: str
    learning_rate: Any
    gradient_accumulation_steps: int | None

    def _begin(self) -> None:
        self._iterations = 0  # steps begun, including those that only accumulate gradients
        self._state = State()
        self._own: dict[str, StateArray] = {}  # state that belongs to no weight
        self._met = 0  # number of these, in the order of one `build`
        self._trainable_variables: list[Any] = []  # those with which it was built
        self._keys: list[Any] = []  # their keys in the state
        self.built = False

    # --- the count of steps

    @property
    def iterations(self) -> Count:
        """The number of updates; of several steps with one update, as in Keras, one is counted."""
        return Count.of(self._iterations // self._every, self._set_iterations)

    @iterations.setter
    def iterations(self, value: int) -> None:
        self._set_iterations(value)

    def _set_iterations(self, value: int) -> None:
        count = integer(type(self).__name__, "iterations", value, 0)
        self._iterations = count * self._every
        note_change(self)

    @property
    def steps(self) -> int:
        """Steps done, including those that only accumulate gradients."""
        return self._iterations

    @property
    def _every(self) -> int:
        return self.__dict__.get("gradient_accumulation_steps") or 1

    # --- state by weight

    @property
    def slots(self) -> list[Array]:
        """The state as arrays over all weights; empty before the first fit."""
        return [*self._state.arrays(), *self._own.values()]

    def build(self, variables: Sequence[Any]) -> None:
        """Make the state for these weights, or arrays; existing state is kept.

        A subclass with more state calls ``super().build(variables)`` and then
        `add_variable_from_reference`.  It is called again when other weights are trained.
        """
        variables = list(variables)
        keys = [i if isinstance(v, np.ndarray) else v for i, v in enumerate(variables)]
        dtype = array_of(variables[0]).dtype if variables else np.dtype(np.float64)
        if not self._goes_on(variables, keys, dtype):
            self._iterations, self._state = 0, State()
        self._trainable_variables, self._keys, self._met = variables, keys, 0
        self.built = True
        self._lay(variables, keys, dtype, 1)

    def _goes_on(self, variables: list[Any], keys: list[Any], dtype: Any) -> bool:
        same = not isinstance(keys[0] if keys else None, int) or len(keys) == len(self._keys)
        shapes = [array_of(v).shape for v in variables]
        # Arrays have no names: they are identified by their shapes.
        if isinstance(keys[0] if keys else None, int) and self._keys == keys:
            same = shapes == [array_of(v).shape for v in self._trainable_variables]
        return same and self._state.goes_on(keys, dtype)

    def _keep_only(self, parameters: Sequence[Any]) -> None:
        """Drop the state of all but a model's weights, such as that of another model."""
        mine = {id(p) for p in parameters}
        if self._keys and not any(id(key) in mine for key in self._keys):
            self._iterations, self._keys = 0, []
        self._state.keep_only(mine)

    @abstractmethod
    def _lay(self, variables: list[Any], keys: list[Any], dtype: Any, line: int) -> Any:
        """Make the arrays that the settings need."""

    @answering_calls
    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: Any = None,
        layout: Any = None,
        name: str | None = None,
    ) -> StateArray:
        """Return a state array that belongs to no weight; for the ``build`` of a subclass.

        ``aggregation`` and ``layout`` determine where Keras places it, and are ignored.
        """
        del aggregation, layout
        self._met += 1
        key = f"{name or 'variable'}_{self._met}"
        if key not in self._own:
            kind = np.dtype(dtype or np.float32)
            values = np.empty(tuple(shape), kind)
            values[...] = _first(initializer, values.shape, kind)
            self._own[key] = StateArray.over(values, name or "variable")
        return self._own[key]

    @answering_calls
    def add_variable_from_reference(
        self, reference_variable: Any, name: str | None = None, initializer: Any = "zeros"
    ) -> StateArray:
        """Return a state array for a weight, with its shape; for the ``build`` of a subclass."""
        array = array_of(reference_variable)
        key = self._key(reference_variable)
        kept = Kept(key, array.shape, lambda: _first(initializer, array.shape, array.dtype))
        return self._state.add(kept, name or "var", array.dtype)

    @answering_calls
    def add_optimizer_variables(
        self, trainable_variables: Sequence[Any], name: Any, initializer: Any = "zeros"
    ) -> Any:
        """Return an array for each weight, for one name; for several names, a list for each."""
        several = not isinstance(name, str)
        names = list(name) if several else [name]
        firsts = list(initializer) if isinstance(initializer, (list, tuple)) else None
        made = [
            [
                self.add_variable_from_reference(v, each, firsts[i] if firsts else initializer)
                for v in trainable_variables
            ]
            for i, each in enumerate(names)
        ]
        return tuple(made) if several else made[0]

    def _key(self, variable: Any) -> Any:
        return self._keys[self._get_variable_index(variable)]

    def _get_variable_index(self, variable: Any) -> int:
        for i, known in enumerate(self._trainable_variables):
            if known is variable:
                return i
        name = getattr(variable, "name", "an array")
        raise ValueError(
            f"{type(self).__name__}: unknown variable {name}; it was built with "
            f"{[getattr(v, 'name', 'an array') for v in self._trainable_variables]}"
        )

    def assign(self, variable: Any, value: Any) -> None:
        """Replace the values of a weight, or of an array of the state."""
        if isinstance(variable, np.ndarray) and not isinstance(variable, StateArray):
            variable[...] = value
        else:
            variable.assign(value)

    def assign_add(self, variable: Any, value: Any) -> None:
        """Add to the values of a weight, or of an array of the state."""
        self.assign(variable, np.asarray(variable) + value)

    def assign_sub(self, variable: Any, value: Any) -> None:
        """Subtract from the values of a weight, or of an array of the state."""
        self.assign(variable, np.asarray(variable) - value)

    # --- the whole state

    @property
    def variables(self) -> list[Any]:
        """The state in Keras's order: steps, learning rate if it is a number, arrays by weight.

        The entries have ``assign``, ``numpy``, ``name`` and ``shape``.
        """
        found: list[Any] = [Scalar("iteration", lambda: self._iterations, self._put_steps)]
        if isinstance(self._learning_rate, float):
            found.append(Scalar("learning_rate", lambda: self._learning_rate, self._put_rate))
        found += self._own.values()
        held = [self._state.by_weight.get(key, {}) for key in self._keys]
        for name in (AVERAGE, ACCUMULATOR):
            found += [arrays[name] for arrays in held if name in arrays]
        for arrays in held:
            found += [a for n, a in arrays.items() if n not in (AVERAGE, ACCUMULATOR)]
        return found

    _learning_rate: Any

    def _put_steps(self, value: Any) -> None:
        self._iterations = integer(type(self).__name__, "iteration", int(value), 0)

    def _put_rate(self, value: Any) -> None:
        self.learning_rate = value

    @answering_calls
    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set the state, in the order of ``variables``.

        Raises
        ------
        ValueError
            If their number or a shape differs; nothing is changed then.
        """
        who, known = type(self).__name__, self.variables
        given = [np.asarray(w) for w in weights]
        if [v.shape for v in known] != [w.shape for w in given]:
            raise ValueError(
                f"{who}: set_weights needs arrays of shapes {[v.shape for v in known]}; "
                f"got {[w.shape for w in given]}"
            )
        for variable, value in zip(known, given, strict=True):
            variable.assign(value)

    def save_own_variables(self, store: MutableMapping[str, Array]) -> None:
        """Write the state into a dict: "0", "1", ..., in the order of ``variables``."""
        for i, variable in enumerate(self.variables):
            store[str(i)] = variable.numpy()

    def load_own_variables(self, store: Mapping[str, Array]) -> None:
        """Take over the state written by ``save_own_variables``; warn if it is another's."""
        known = self.variables
        if len(store) != len(known):
            _screen.warn(
                f"{type(self).__name__}: nothing is loaded: it has {len(known)} variables and "
                f"the saved optimizer {len(store)}; build it with the model's trainable weights"
            )
            return
        self.set_weights([store[str(i)] for i in range(len(known))])

    @answering_calls
    def reset(self) -> None:
        """Reset the state: the next step is the first."""
        self._begin()
        note_change(self)

    # --- for a model's state

    def get_state(self, paths: Mapping[str, Any]) -> dict[str, Any]:
        """Return all that determines further steps, as plain values and copies of arrays.

        Parameters
        ----------
        paths : dict of str to weight
        """
        held = self._state.by_weight
        slots = {
            path: {name: np.array(array) for name, array in held[p].items()}
            for path, p in paths.items()
            if p in held
        }
        own = {name: np.array(array) for name, array in self._own.items()}
        return {"step": self._iterations, "slots": slots, **({"own": own} if own else {})}

    def check_state(self, state: Mapping[str, Any], paths: Mapping[str, Any]) -> Callable[[], None]:
        """Return a function that takes over a state from ``get_state``.

        Raises
        ------
        TypeError, ValueError
            If a weight is not in the model, or an array has another size; nothing is changed then.
        """
        who = type(self).__name__
        step = integer(who, "step", state["step"], 0)
        kept: dict[Any, dict[str, StateArray]] = {}
        for path, arrays in state["slots"].items():
            if path not in paths:
                raise ValueError(f"{who}: the model has no weight {path!r}; it has {list(paths)}")
            parameter = paths[path]
            sizes = self._sizes(parameter)
            kept[parameter] = {}
            for name, values in arrays.items():
                array, size = np.array(values), sizes.get(name, parameter.size)
                if array.size != size or array.dtype != array_of(parameter).dtype:
                    raise ValueError(
                        f"{who}: {name} of {path!r} must be {size} elements of "
                        f"{array_of(parameter).dtype}; got {array.size} of {array.dtype}"
                    )
                kept[parameter][name] = StateArray.over(array, name)
        own = {name: StateArray.over(np.array(a), name) for name, a in state.get("own", {}).items()}

        def take() -> None:
            self._begin()
            self._iterations, self._state.by_weight, self._own = step, kept, own
            note_change(self)

        return take

    @abstractmethod
    def _sizes(self, parameter: Any) -> dict[str, int]:
        """Return the number of elements that the rule keeps for a weight, by name."""


def _first(initializer: Any, shape: Iterable[int], dtype: Any) -> Any:
    if isinstance(initializer, str) and initializer in ("zeros", "ones"):
        return 0.0 if initializer == "zeros" else 1.0
    from lamina import initializers

    made: Any = initializers.get(initializer)
    return made(tuple(shape), dtype=np.dtype(dtype).name)
