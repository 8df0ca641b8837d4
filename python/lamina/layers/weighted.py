"""The weights of a layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lamina import _check, _core, initializers
from lamina._check import Array, Shape
from lamina.layers import weights as weights_


class Weighted:
    """What a layer can do with its weights; a part of ``Layer``."""

    name: str
    _dtype: str | None  # None until a model says
    _trainable: bool

    def _hold_none(self) -> None:
        self._parameters: list[_core.Parameter] = []
        self._initializers: list[tuple[_core.Parameter, Callable[..., Array]]] = []
        self._pending: list[tuple[_core.Parameter, Array]] = []
        self._learnable: list[int] = []  # indices of the weights that gradients may change

    def add_weight(
        self,
        name: str,
        shape: Shape,
        initializer: str | Callable[..., Array],
        trainable: bool = True,
    ) -> _core.Parameter:
        """Make a weight in ``build``; ``graph.parameter(weight)`` is its tensor.

        Parameters
        ----------
        name : str
        shape : tuple of int
        initializer : str or callable
            By name, or ``initializer(shape, dtype=..., rng=...)`` that returns the first values.
        trainable : bool, default True
            False for statistics that no gradient changes.
        """
        _check.elements(self.name, f"{name} of shape", shape)
        if isinstance(initializer, str):
            initializer = initializers.get(initializer)
        full = f"{self.name}/{name}"
        parameter = _core.Parameter(full, tuple(shape), self.dtype, trainable and self._trainable)
        if trainable:
            self._learnable.append(len(self._parameters))
        self._parameters.append(parameter)
        self._initializers.append((parameter, initializer))
        return parameter

    @property
    def parameters(self) -> list[_core.Parameter]:
        """The weights as the engine holds them, in the order of ``get_weights``."""
        return list(self._parameters)

    @property
    def weights(self) -> list[Array]:
        """The live weight arrays: writing to them changes the layer."""
        self._settle()
        return [p.array for p in self._parameters]

    def get_weights(self) -> list[Array]:
        """Return copies of the weights."""
        return [np.array(w) for w in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace the weights by arrays of the same shapes; a refused call changes none."""
        new = weights_.checked(self.name, self._parameters, weights)
        for array, value in zip(self.weights, new, strict=True):
            array[...] = value

    def snapshot(self) -> Any:
        """Return a copy of all that the layer holds, for ``restore`` to put back to the bit."""
        return [np.array(w) for w in self.weights]

    def restore(self, state: Any) -> None:
        """Put back what ``snapshot`` of this layer returned."""
        for array, value in zip(self.weights, state, strict=True):
            array[...] = value

    def count_params(self) -> int:
        """Return the number of weights, trainable or not."""
        return sum(p.size for p in self._parameters)

    @property
    def trainable(self) -> bool:
        """Whether ``fit`` changes the weights."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = _check.boolean(self.name, "trainable", value)
        for index in self._learnable:
            self._parameters[index].trainable = self._trainable

    @property
    def dtype(self) -> str:
        """The layer's own, else its model's: "float32" or "float64"."""
        return self._dtype or "float32"

    def take_initializers(self) -> list[tuple[_core.Parameter, Callable[..., Array]]]:
        """Hand over the initial values still to be drawn."""
        taken, self._initializers = self._initializers, []
        return taken

    def take_pending(self) -> list[tuple[_core.Parameter, Array]]:
        """Hand over the restored values still to be written."""
        taken, self._pending = self._pending, []
        return taken

    def settle(self) -> None:
        """Give the weights a home if they were restored and have none yet."""
        self._settle()

    def _settle(self) -> None:
        # A layer restored or used on its own has no model that allocates for it.
        if self._pending:
            weights_.allocate([self])
