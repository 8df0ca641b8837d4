"""A model with ``call`` as a layer of other models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lamina._settings import class_name
from lamina.layers import Layer
from lamina.layers.base import signatures
from lamina.layers.base.use import using
from lamina.random import Seed

if TYPE_CHECKING:
    from lamina.models.architecture.called import Called


class CallLayer(Layer):
    """A model with ``call`` as a layer: it records the model, and owns its weights and layers.

    Parameters
    ----------
    model : Called
    """

    def __init__(self, model: Called) -> None:
        super().__init__(name=model.name, dtype=None)
        self.model = model
        self.named = model.named
        takes = signatures.parameters_of(model.call)
        self.takes_mask, self.takes_training = "mask" in takes, "training" in takes  # type: ignore[misc]
        self.takes_any_name = signatures.takes_any_name(model.call)  # type: ignore[misc]

    @property
    def class_name(self) -> str:
        """The class of the model."""
        return class_name(type(self.model))

    @property
    def dtype(self) -> str:
        """The dtype of the model."""
        return self.model.dtype

    @property
    def _own_policy(self) -> str | None:
        return self.model.dtype_policy.name

    @property
    def stands_for(self) -> Called:
        """The model."""
        return self.model

    def layers_within(self) -> Sequence[Layer]:
        """Return the layers that the model holds."""
        return self.model.parts

    def build(self, *args: Any, **kwargs: Any) -> None:
        """Call the model's own ``build``, if it has one."""
        own = type(self.model)._own_build
        if own is not None:
            with using(self.model, building=True):
                own(self.model, *args, **kwargs)

    @property
    def written(self) -> Any:
        """The model's ``call``."""
        return self.model.call

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Call the model."""
        return self.model.call(*args, **kwargs)

    def compute_mask(self, *_: Any) -> Any:
        """Return no mask: the outputs of the model have their own masks."""
        return None

    def fill(self) -> None:
        """Give new weights memory, and values from the model's seed."""
        self.model.fill()

    def _seeds_within(self) -> list[Seed]:
        """Return the model's seed, and those of models within it."""
        return [self.model._own_seed, *super()._seeds_within()]

    def keep(self) -> None:
        """Accept the model unchanged."""

    def take_dtype(self, dtype: str) -> None:
        """Accept only the model's own precision."""
        if dtype != self.model.dtype:
            raise ValueError(f"{self.name}: is {self.model.dtype}; the model is {dtype}")

    def get_config(self) -> dict[str, Any]:
        """Return the configuration of the model."""
        return self.model.get_config()

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        """Return the model, whose copy has its own layer, as each refers to the other."""
        return _layer_of, (self.model,)


def _layer_of(model: Called) -> CallLayer:
    return model.as_layer()  # type: ignore[no-any-return]
