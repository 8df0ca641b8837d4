"""The properties of a model, besides its configuration, from which a file can restore it."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lamina._calls import answering_calls
from lamina.random import Seed

if TYPE_CHECKING:
    from lamina._check import Shape
    from lamina._typing import Self


class Rebuilt:
    """A model's shapes and seed, for copies; a part of ``Network``."""

    _own_seed: Seed

    if TYPE_CHECKING:

        @property
        def input_shape(self) -> Any: ...  # noqa: D102
        @property
        def parameters(self) -> list[Any]: ...  # noqa: D102
        @property
        def input_row_shapes(self) -> list[Shape] | None: ...  # noqa: D102
        def ensure_built(self, shapes: Sequence[Shape] | None) -> None: ...  # noqa: D102

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of ``from_config``, as plain values."""
        raise TypeError(f"{type(self).__name__}: a model must define get_config")

    @answering_calls
    def get_build_config(self) -> dict[str, Any]:
        """Return the shapes for which the model was built, as plain values."""
        return {"input_shape": self.input_shape}

    @answering_calls
    def build_from_config(self, config: Mapping[str, Any]) -> None:  # noqa: ARG002
        """Build from ``get_build_config``: a Sequential and a graph model know their shapes."""
        self.ensure_built(self.input_row_shapes)

    def take_seed(self, seed: int) -> None:
        """Take over the seed of another model."""
        self._own_seed.given = seed

    def put_arrays(self, arrays: Sequence[Any]) -> None:
        """Take over the values of all weights, as the engine holds them, in order."""
        for parameter, array in zip(self.parameters, arrays, strict=True):
            parameter.array[...] = array

    def __copy__(self) -> Self:
        """Return an independent copy: copying a model does not make two models share weights."""
        return copy.deepcopy(self)
