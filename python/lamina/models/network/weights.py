"""The weights of a model: those of all its layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from lamina import _check, _core
from lamina._calls import answering_calls
from lamina._check import Array, Shape
from lamina._tensors import Recording
from lamina.layers import Layer
from lamina.layers.base import weights as weights_
from lamina.layers.base.lock import structure


def once(layers: Iterable[Layer], arrays: Callable[[Layer], list[Array]]) -> list[Array]:
    """Return the arrays of all layers, with repeated weights only at their first occurrence.

    A layer may occur in a model together with a ``TimeDistributed`` or another model that holds it.
    """
    found: dict[_core.Parameter, Array] = {}
    for layer in layers:
        for parameter, array in zip(layer.parameters, arrays(layer), strict=True):
            found.setdefault(parameter, array)
    return list(found.values())


class Weighted:
    """Methods of a model for its layers' weights.

    A subclass defines ``layers``, ``input_row_shapes`` and ``ensure_built``.
    """

    name: str
    seed: Any  # an integer; a property of a network
    drawn: list[weights_.FirstValues]

    @property
    def parts(self) -> list[Layer]:
        """The layers in order, including operations, and models as layers."""
        raise TypeError(f"{type(self).__name__}: a model must define parts")

    @property
    def layers(self) -> list[Layer]:
        """The layers in order, and models that are layers of this one."""
        return [part.stands_for or part for part in self.parts if not part.is_operation]

    @property
    def input_row_shapes(self) -> list[Shape] | None:
        """The shapes of a row of the inputs; None until they are known."""
        raise TypeError(f"{type(self).__name__}: a model must define input_row_shapes")

    @property
    def built(self) -> bool:
        """Whether the weights exist."""
        raise TypeError(f"{type(self).__name__}: a model must define built")

    def ensure_built(self, shapes: Sequence[Shape] | None) -> None:  # noqa: ARG002
        """Make the weights unless they exist."""
        raise TypeError(f"{type(self).__name__}: a model must define ensure_built")

    def _holders(self) -> list[Layer]:
        """Return the layers whose weights, including those of layers within, are the model's."""
        return self.parts

    def penalties(self) -> list[tuple[_core.Parameter, float, float]]:
        """Return (weight, l1, l2) for all penalised weights."""
        pairs = (penalty for layer in self._holders() for penalty in layer.penalties())
        return list(dict.fromkeys(pairs))  # a layer may occur here and in a model within

    def stopped_at_zero(self) -> set[int]:
        """Return the ids of the weights whose L1 penalty yields exact zeros."""
        pairs = self._once(lambda layer: layer._penalized)
        return {id(parameter) for parameter, regularizer in pairs if regularizer.proximal}

    def regularized(self) -> list[tuple[_core.Parameter, Any]]:
        """Return (weight, regularizer) for trainable weights with penalties that are recorded."""
        return self._once(lambda layer: layer._regularized)

    def constrained(self) -> list[tuple[_core.Parameter, Any]]:
        """Return (weight, constraint) for the trainable weights."""
        return self._once(lambda layer: layer._constrained)

    def _once(self, held: Callable[[Layer], list[tuple[_core.Parameter, Any]]]) -> list[Any]:
        every = (each for layer in self._holders() for each in layer.walk())
        pairs = {(id(p), id(f)): (p, f) for layer in every for p, f in held(layer) if p.trainable}
        return list(pairs.values())

    @property
    def parameters(self) -> list[_core.Parameter]:
        """The weights as the engine holds them."""
        return list(dict.fromkeys(p for layer in self._holders() for p in layer.parameters))

    def live_weights(self) -> list[Array]:
        """Return the result of ``weights`` for a model that is built."""
        return once(self._holders(), lambda layer: layer.weights)

    def copied_weights(self) -> list[Array]:
        """Return the result of ``get_weights`` for a model that is built."""
        return once(self._holders(), lambda layer: layer.get_weights())

    @property
    def as_drawn(self) -> bool:
        """Whether all trainable weights still have their initial values, as drawn from the seed.

        False if the model is not built, or has no trainable weights.

        Examples
        --------
        >>> import lamina
        >>> model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(1)])
        >>> before = model.as_drawn
        >>> model.set_weights([weights + 1.0 for weights in model.get_weights()])
        >>> before, model.as_drawn
        (True, False)
        """
        if not self.built:
            return False
        self.ensure_built(self.input_row_shapes)
        first = {id(each.parameter): each for each in self.drawn}
        trained = [p for p in self.parameters if p.trainable]
        return bool(trained) and all(
            id(p) in first and np.array_equal(first[id(p)].values(self.name, self.seed), p.array)
            for p in trained
        )

    @property
    def losses(self) -> list[Any]:
        """The penalties on trainable weights and, in a recorded step, losses of ``add_loss``."""
        found = {id(loss): loss for layer in self.parts for loss in layer.losses}
        return list(found.values())

    @property
    def _shapeless(self) -> bool:
        # There are no weights yet, and their values are not known.
        return self.input_row_shapes is None and not self.built

    def fill(self) -> None:
        """Give weights memory and values."""
        raise TypeError(f"{type(self).__name__}: a model must define fill")

    def _make_known(self) -> None:
        """Give values to the weights that exist before the shape of the inputs is known.

        Those are weights of the model itself, of layers that are built, and of models within whose
        inputs are known.
        """
        if not Recording.reads_values():
            return
        for layer in [each for holder in self._holders() for each in holder.walk()]:
            model = layer.stands_for
            if model is not None and model is not self and not model.built:
                shapes = model.input_row_shapes
                if shapes is not None:
                    model.prepare_layers(shapes)
        if self.parameters:
            self.fill()

    @property
    def weights(self) -> list[Any]:
        """The weights of all layers: writing to them changes the model.

        Until the shape of the inputs is known, those of layers that are built, and the model's own.
        """
        with structure():
            if self._shapeless:
                self._make_known()
                return self.live_weights()
            self.ensure_built(self.input_row_shapes)
            return self.live_weights()

    @property
    def trainable_weights(self) -> list[Any]:
        """The weights that ``fit`` changes."""
        return [w for w in self.weights if w.trainable]

    @property
    def non_trainable_weights(self) -> list[Any]:
        """The weights that ``fit`` does not change: frozen ones, and statistics."""
        return [w for w in self.weights if not w.trainable]

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
        """Return copies of all weights, layer by layer, in Keras's shapes and order."""
        with structure():
            if self._shapeless:
                self._make_known()
            else:
                self.ensure_built(self.input_row_shapes)
            return self.copied_weights()

    @answering_calls
    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace all weights by arrays like those of ``get_weights``.

        Raises
        ------
        ValueError, TypeError
            If there are too few or too many arrays, a shape differs, or a number becomes infinite
            in the dtype: then no weight is changed.  NaN and infinity themselves are accepted.
        """
        if isinstance(weights, np.ndarray) or not isinstance(weights, Sequence):
            raise TypeError(f"{self.name}: weights must be a list; got {type(weights).__name__}")
        with structure():
            if self._shapeless:
                self._make_known()
            parameters = self.parameters
            if not self._shapeless or len(weights) != len(parameters):
                self.ensure_built(self.input_row_shapes)
                parameters = self.parameters
            if len(weights) != len(parameters):
                raise ValueError(
                    f"{self.name}: needs {len(parameters)} weight arrays; got {len(weights)}"
                )
            # Copies: a given array may be a weight of this model, or a view of one.
            values = [weights_.copied(value) for value in weights]
            new = dict(zip(parameters, values, strict=True))
            before = [layer.snapshot() for layer in self._holders()]
            try:
                for layer in self._holders():
                    layer.set_weights([new[p] for p in layer.parameters])
            except BaseException:
                self.restore(before)
                raise

    def snapshot(self) -> list[Any]:
        """Return copies of everything that the layers hold, for ``restore`` to put back exactly."""
        with structure():
            self.ensure_built(self.input_row_shapes)
            return [layer.snapshot() for layer in self._holders()]

    def restore(self, state: Sequence[Any]) -> None:
        """Put back what ``snapshot`` of this model returned."""
        with structure():
            for layer, old in zip(self._holders(), state, strict=True):
                layer.restore(old)

    @answering_calls
    def count_params(self) -> int:
        """Return the number of weights, trainable or not."""
        with structure():
            if not self.built:
                self.ensure_built(self.input_row_shapes)
            return sum(p.size for p in self.parameters)

    @property
    def trainable(self) -> bool:
        """Whether any layer is trainable; setting it freezes or unfreezes all layers."""
        return any(layer.trainable for layer in self._holders())

    @trainable.setter
    def trainable(self, value: bool) -> None:
        value = _check.boolean(self.name, "trainable", value)
        for layer in self._holders():
            layer.trainable = value
