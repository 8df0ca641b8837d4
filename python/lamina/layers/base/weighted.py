"""The weights of a layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lamina import _check, _core, constraints, initializers, regularizers
from lamina._calls import answering_calls
from lamina._check import Array
from lamina._names import free_name
from lamina._settings import check_fits, note_change
from lamina._tensors import Recording, Variable, written_weights
from lamina._tensors.variable import discrete, stored
from lamina.layers.base import weights as weights_
from lamina.layers.base.lock import structure
from lamina.layers.base.typed import Typed
from lamina.random import Seed

if TYPE_CHECKING:
    from lamina._typing import ConstraintLike, InitializerLike, RegularizerLike, ShapeLike


class Weighted(Typed):
    """The weights of a layer; a part of ``Layer``."""

    calls: ClassVar[bool]
    _trainable: bool

    def _hold_none(self) -> None:
        self._parameters: list[_core.Parameter] = []
        self._undrawn: list[weights_.FirstValues] = []  # not drawn yet
        self._pending: list[tuple[_core.Parameter, Array]] = []
        self._learnable: list[int] = []  # indices of the weights that gradients may change
        self._penalized: list[tuple[_core.Parameter, regularizers.Regularizer]] = []
        self._regularized: list[tuple[_core.Parameter, Any]] = []  # by functions that are recorded
        self._constrained: list[tuple[_core.Parameter, Any]] = []
        self._constructed: int | None = None  # the number of weights before build; None until then
        self._open_axes = False  # whether build is for rows with an axis of any length

    def _begin_weights(self, open_axes: bool = False) -> None:
        # Weights made from now on belong to build and are removed when it is undone.
        self._constructed = len(self._parameters)
        self._open_axes = open_axes

    def _hold_first(self) -> None:
        # Keep those made by the constructor.
        if not self._parameters:
            return
        count = len(self._parameters) if self._constructed is None else self._constructed
        kept = self._parameters[:count]
        own = {id(p) for p in kept}
        self._parameters = kept
        self._undrawn = [first for first in self._undrawn if id(first.parameter) in own]
        self._pending = [pair for pair in self._pending if id(pair[0]) in own]
        self._learnable = [index for index in self._learnable if index < count]
        self._penalized = [pair for pair in self._penalized if id(pair[0]) in own]
        self._regularized = [pair for pair in self._regularized if id(pair[0]) in own]
        self._constrained = [pair for pair in self._constrained if id(pair[0]) in own]

    def _retype(self, dtype: str) -> None:
        # Weights made in the constructor, before the model's precision was known.
        for parameter in self._parameters:
            if stored(parameter) != dtype:
                parameter.dtype = dtype

    @answering_calls
    def add_weight(
        self,
        *given: Any,
        name: str | None = None,
        shape: ShapeLike | None = None,
        initializer: InitializerLike | None = None,
        trainable: bool | None = None,
        regularizer: RegularizerLike = None,
        constraint: ConstraintLike = None,
        dtype: str | None = None,
    ) -> Variable:
        """Make a weight, in ``build`` or the constructor.

        Positional arguments are shape, initializer and dtype, as in Keras, ``add_weight((3, 4),
        "zeros")``, or the arguments in the order below, ``add_weight("kernel", (3, 4), "zeros")``.

        Parameters
        ----------
        name : str, optional
            By default ``variable``, ``variable_1``, ...
        shape : tuple of int, default ()
            ``()`` is a single number.
        initializer : str or callable, optional
            A name, or ``initializer(shape, dtype=..., rng=...)`` that returns the initial values;
            by default Glorot's uniform, and zeros for integers and booleans.
        trainable : bool, default True
            False for statistics that gradients do not change.
        regularizer : str, Regularizer or callable, optional
            Penalty added to the training loss while the weight is trainable.
        constraint : str, Constraint or callable, optional
            ``constraint(weight)`` replaces the weight after each step of training.
        dtype : {"float32", "float64", "int32", "bool"}, optional
            By default the layer's, which is also the only floating-point type allowed.  Integers
            and booleans are for counters and flags, which ``call`` sets with ``assign``; gradients
            do not change them. Integers are exact up to 2^24 in a float32 model, where a counter
            that goes up by 1 then stops increasing, and up to 2^31 in a float64 one.

        Returns
        -------
        Variable

        Raises
        ------
        TypeError
            If the name is not a string, or the shape contains anything but integers.
        ValueError
            If the shape has no elements, or more than memory can address.
        """
        now = Recording.current()
        if now is not None and now.calling:
            raise ValueError(
                f"{self.name}: weights are made in __init__ or build; add_weight in call would "
                f"make a new one each time"
            )
        told = written_weights.by_name(f"{self.name}: add_weight", given, {
            "name": name, "shape": shape, "initializer": initializer, "trainable": trainable,
            "regularizer": regularizer, "constraint": constraint, "dtype": dtype,
        })  # fmt: skip
        name, first, dtype = told["name"], told["initializer"], told["dtype"]
        shape = () if told["shape"] is None else told["shape"]
        trainable = told["trainable"] is None or bool(told["trainable"])
        if name is None:
            name = free_name("variable", {p.name.rpartition("/")[2] for p in self._parameters})
        if not isinstance(name, str):
            raise TypeError(f"{self.name}: add_weight: name must be a string; got {name!r}")
        if isinstance(shape, (tuple, list)) and None in shape:
            raise ValueError(
                f"{self.name}: {name} would have shape {tuple(shape)}; {self._known_sizes()}"
            )
        shape = _check.shape(self.name, f"{name}'s shape", shape)
        kind = discrete(dtype)
        trainable = trainable and kind is None
        if dtype is not None and not kind and _check.dtype(self.name, dtype) != self.dtype:
            raise ValueError(f"{self.name}: {name} must be {self.dtype}; got dtype {dtype!r}")
        if first is None:
            first = "zeros" if kind else "glorot_uniform"
        if isinstance(first, type) or not callable(first):
            first = initializers.get(first)
        penalty = regularizers.get(told["regularizer"])
        bound = constraints.get(told["constraint"])
        full = f"{self.name}/{name}"
        trains = trainable and self._trainable
        parameter = Variable._unfilled(full, shape, self.dtype, trains, kind)
        parameter._owned_by(self)
        if trainable:
            self._learnable.append(len(self._parameters))
        self._parameters.append(parameter)
        self._undrawn.append(weights_.FirstValues(parameter, first))
        if isinstance(penalty, regularizers.Regularizer) and penalty.has_factors:
            self._penalized.append((parameter, penalty))
        elif penalty is not None:
            self._regularized.append((parameter, penalty))
        if bound is not None:
            self._constrained.append((parameter, bound))
        return parameter

    def _known_sizes(self) -> str:
        """Return advice for a weight whose size is None."""
        if self._constructed is None:
            return "the sizes of a weight must be numbers"
        if self._open_axes:
            return (
                "the size of an axis of the input has to be known for it: give Input a number in "
                "place of None (input_shape[0], the number of rows, is never known)"
            )
        return (
            "input_shape[0] is the number of rows, which differs from batch to batch; "
            "input_shape[-1] is the size of a row's last axis"
        )

    @property
    def parameters(self) -> list[_core.Parameter]:
        """The weights as the engine holds them, in the order of ``get_weights``.

        The layer's own weights come first, the trainable ones before the others, followed by those
        of layers within.
        """
        learnable = set(self._learnable)
        own = [self._parameters[i] for i in self._learnable]
        own += [p for i, p in enumerate(self._parameters) if i not in learnable]
        if self.calls:  # a Variable that is an attribute is a weight too
            held = (
                v
                for v in list(vars(self).values())
                if isinstance(v, Variable) and not v._is_owned_by(self)  # as forgotten ones are
            )
            own += [v for v in held if not any(v is other for other in own)]
        for layer in self.layers_within():
            own += [p for p in layer.parameters if not any(p is other for other in own)]
        return own

    def layers_within(self) -> Sequence[Any]:
        """Return the layers that this one holds."""
        return ()

    def penalties(self) -> list[tuple[_core.Parameter, float, float]]:
        """Return (weight, l1, l2) for every penalised trainable weight of the layer itself."""
        for p, r in self._penalized:
            check_fits(r, p.dtype)  # a factor may have changed
        return [(p, r.l1, r.l2) for p, r in self._penalized if p.trainable]

    def penalized(self) -> list[tuple[_core.Parameter, Any]]:
        """Return (weight, regularizer) for every penalised trainable weight."""
        own = [(p, r) for p, r in (*self._penalized, *self._regularized) if p.trainable]
        return own + [pair for layer in self.layers_within() for pair in layer.penalized()]

    @property
    def weights(self) -> list[Any]:
        """The weights: writing to them changes the layer.

        The list is empty until the layer is built, which a model does as soon as it knows the shape
        of its rows: from an ``Input``, from ``build`` or from the first data.
        """
        if Recording.reads_values():
            self._settle()
        return self.parameters

    @property
    def trainable_weights(self) -> list[Any]:
        """The weights that ``fit`` changes."""
        return [w for p, w in zip(self.parameters, self.weights, strict=True) if p.trainable]

    @property
    def non_trainable_weights(self) -> list[Any]:
        """The weights that ``fit`` does not change: frozen ones, and statistics."""
        return [w for p, w in zip(self.parameters, self.weights, strict=True) if not p.trainable]

    @property
    def variables(self) -> list[Any]:
        """The same as ``weights``, under Keras's other name."""
        return self.weights

    @property
    def trainable_variables(self) -> list[Any]:
        """The same as ``trainable_weights``, under Keras's other name."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Any]:
        """The same as ``non_trainable_weights``, under Keras's other name."""
        return self.non_trainable_weights

    @answering_calls
    def get_weights(self) -> list[Array]:
        """Return copies of the weights."""
        return [np.array(w) for w in self.weights]

    @answering_calls
    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace the weights by arrays of the same shapes; on an error none is changed."""
        if not self.parameters and len(weights) > 0:
            raise ValueError(
                f"{self.name}: has no weights yet: build the model, or call the layer, first; "
                f"got {len(weights)}"
            )
        new = weights_.checked(self.name, self.parameters, weights)
        for array, value in zip(self.weights, new, strict=True):
            array[...] = value

    def snapshot(self) -> Any:
        """Return a copy of everything that the layer holds, for ``restore`` to put back exactly."""
        return [np.array(w) for w in self.weights]

    def restore(self, state: Any) -> None:
        """Put back what ``snapshot`` of this layer returned."""
        for array, value in zip(self.weights, state, strict=True):
            array[...] = value

    def held_beside(self) -> dict[str, Array]:
        """Return copies of state that the weights do not contain, by name."""
        return {}

    def take_beside(self, held: Mapping[str, Array]) -> None:
        """Take the result of ``held_beside`` of a layer with the same configuration."""

    @answering_calls
    def count_params(self) -> int:
        """Return the number of weights, trainable or not."""
        return sum(p.size for p in self.parameters)

    @property
    def trainable(self) -> bool:
        """Whether ``fit`` changes the weights."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = _check.boolean(self.name, "trainable", value)
        for index in self._learnable:
            self._parameters[index].trainable = self._trainable
        for layer in self.layers_within():
            layer.trainable = self._trainable
        note_change(self)

    def _first_values(self) -> list[weights_.FirstValues]:
        """Return the initial values that have not been drawn yet."""
        if self._undrawn:
            self._undrawn = [first for first in self._undrawn if not first.drawn]
        own = list(self._undrawn)
        for layer in self.layers_within():
            own += [first for first in layer._first_values() if first not in own]
        return own

    def _seeds_within(self) -> list[Seed]:
        """Return the seeds of the models that this layer is or holds."""
        return []

    def take_pending(self) -> list[tuple[_core.Parameter, Array]]:
        """Hand over the restored values that have not been written yet."""
        taken, self._pending = self._pending, []
        for layer in self.layers_within():
            taken = [*taken, *layer.take_pending()]
        return taken

    def fill(self) -> None:
        """Give the new weights of a standalone layer memory and their initial values."""
        with structure():
            if any(first.seed is None for first in self._first_values()):
                weights_.place(self, 0, Seed())
            weights_.settle([self])

    def settle(self) -> None:
        """Give the weights memory and values if they have none yet."""
        self._settle()

    def _live(self, parameter: _core.Parameter | None) -> Variable | None:
        # For a weight that may be absent, with values.
        if Recording.reads_values():
            self._settle()
        return parameter  # type: ignore[return-value]

    def _settle(self) -> None:
        # The model has not needed them yet, or the layer was restored without a model.
        if self._pending or self._undrawn:
            self.fill()
        for layer in self.layers_within():
            layer.settle()
