"""A model used as a layer of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lamina import _check, _core
from lamina._check import Array, Shape
from lamina.layers import Layer
from lamina.layers.base.reached import found_by_sketch
from lamina.layers.base.shapes import Spec
from lamina.layers.base.weights import FirstValues
from lamina.layers.serialization import register
from lamina.random import Seed

if TYPE_CHECKING:
    from lamina.models.model import Model


class ModelLayer(Layer):
    """A model as a layer: with the same weights, and one line in a summary.

    A model is wrapped in this class when it is called on symbolic tensors or added to a
    ``Sequential``.  Attributes that a layer lacks are those of the model:
    ``model.get_layer("encoder").summary()``.

    Parameters
    ----------
    model : Model
    """

    takes_mask = True

    def __init__(self, model: Model) -> None:
        if model.front is not None:
            names = ", ".join(dict.fromkeys(step.layer.name for step in model.front.steps))
            raise TypeError(
                f"{model.name}: computes on arrays before its recorded part, in {names}; a model "
                f"within another is recorded: call these layers on the outer model's inputs"
            )
        self.model = model
        name = model.name
        super().__init__(name=name)
        self.named = model.named
        self.multiple_inputs = len(model.ports) > 1
        self._before: tuple[list[Layer], Any] | None = None  # the state that building changes

    @property
    def stands_for(self) -> Model:
        """The model."""
        return self.model

    def layers_within(self) -> Sequence[Layer]:
        """Return the model's layers."""
        return self.model.parts

    @property
    def class_name(self) -> str:
        """The kind of the model in configurations."""
        return "Functional" if hasattr(self.model, "connections") else "Sequential"

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the model that a layer lacks."""
        if name.startswith("_") or name == "model":
            raise AttributeError(name)
        return getattr(self.model, name)

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    @name.setter
    def name(self, value: str) -> None:
        self.model.name = value

    @property
    def _own_name(self) -> str:
        return self.model.name

    @property
    def built(self) -> bool:
        """Whether the model's weights exist."""
        return self.model.built

    @built.setter
    def built(self, value: bool) -> None:
        """Ignore the value: the model knows whether it is built."""

    @property
    def trainable(self) -> bool:
        """Whether any layer of the model is trainable."""
        return self.model.trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self.model.trainable = value

    @property
    def dtype(self) -> str:
        """The dtype of the model."""
        return self.model.dtype

    @property
    def _own_policy(self) -> str | None:
        return self.model.dtype_policy.name

    # --- shapes and inputs

    def _shapes(self, input_shape: Any) -> list[Any]:
        if not self.model.parts:
            raise ValueError(f"{self.name}: has no layers; add some first")
        shapes = input_shape if isinstance(input_shape, list) else [input_shape]
        if len(shapes) != len(self.model.ports):
            raise ValueError(
                f"{self.name}: takes {len(self.model.ports)} inputs; got {len(shapes)}"
            )
        known = [port.shape for port in self.model.ports]
        for got, needed in zip(shapes, known, strict=True):
            if needed is not None and not _check.fits_shape(got, needed):
                raise ValueError(
                    f"{self.name}: input has shape {_check.show_shape(got)}; "
                    f"needs {_check.show_shape(needed)}{_for_any_length(got, needed)}"
                )
        return shapes

    def found(self, specs: list[Spec], *, keep: bool = False) -> Any:
        """Return what is known about the outputs, whose types may be those of the inputs."""
        self._shapes([spec.shape for spec in specs])
        return found_by_sketch(self, specs, keep)

    def row_output_shape(self, row_shape: Any) -> Any:
        """Return the shape of a row of the model's output, a list for several outputs."""
        outputs = self.model.output_row_shapes(self._shapes(row_shape))
        return outputs if len(outputs) > 1 else outputs[0]

    def input_dtypes(self, count: int) -> list[str | None]:  # noqa: ARG002
        """Return the types of the model's inputs; None if they are those of what is before it."""
        return [None if port.open_kind else port.kind for port in self.model.ports]

    def input_bounds(self, count: int) -> list[tuple[str, int] | None]:  # noqa: ARG002
        """Return the bounds of the model's token ids."""
        return [port.bound for port in self.model.ports]

    @property
    def streams(self) -> int:
        """The number of random streams used by the model's layers."""
        return self.model.streams

    # --- building and recording

    def prepare(self, input_shape: Any, dtype: str, stream: int) -> None:
        """Build the model's layers, whose weights are filled by the outer model."""
        shapes = self._shapes(input_shape)
        if self.model.dtype != dtype:
            raise ValueError(f"{self.name}: is {self.model.dtype}; the model is {dtype}")
        self.stream = stream
        if not self.built:  # a second use builds nothing
            self._before = self.model.unbuilt()
        self.model.prepare_layers(shapes)

    def forget(self) -> None:
        """Undo building of the layers that ``prepare`` built."""
        if self._before is not None:
            self.model.forget(self._before)
        self._before = None

    def keep(self) -> None:
        """Accept the model as it is, so that ``forget`` has nothing to undo."""
        self._before = None

    def apply(self, graph: _core.Graph, x: Any, mask: Any = None) -> tuple[Any, Any]:
        """Record the whole model; return outputs and masks."""
        inputs = x if isinstance(x, list) else [x]
        masks = mask if isinstance(mask, list) else [mask] * len(inputs)
        with self.within(graph):
            y, out = self.model.record_outputs(graph, inputs, masks, self.stream)
        return (y, out) if len(y) > 1 else (y[0], out[0])

    def record(self, graph: _core.Graph, x: Any, mask: Any = None) -> Any:
        """Record the whole model."""
        return self.apply(graph, x, mask)[0]

    def penalties(self) -> list[tuple[_core.Parameter, float, float]]:
        """Return the penalties of all layers of the model."""
        return self.model.penalties()

    # --- weights: all of them belong to the model's layers

    @property
    def parameters(self) -> list[_core.Parameter]:
        """The model's weights as the engine holds them."""
        return self.model.parameters

    @property
    def weights(self) -> list[Array]:
        """The live weight arrays of all the model's layers."""
        return self.model.live_weights()

    def get_weights(self) -> list[Array]:
        """Return copies of the model's weights."""
        return self.model.copied_weights()

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace the model's weights."""
        self.model.set_weights(weights)

    def snapshot(self) -> Any:
        """Return a copy of everything that the model's layers hold."""
        return [layer.snapshot() for layer in self.model.parts]

    def restore(self, state: Any) -> None:
        """Put back what ``snapshot`` returned."""
        self.model.restore(state)

    def count_params(self) -> int:
        """Return the number of weights of the model."""
        return sum(p.size for p in self.parameters)

    def fill(self) -> None:
        """Give the model's new weights memory, and values from the model's seed."""
        self.model.fill()

    def _first_values(self) -> list[FirstValues]:
        """Return the initial values of all layers that have not been drawn yet."""
        found = (first for layer in self.model.parts for first in layer._first_values())
        return list(dict.fromkeys(found))  # a layer may occur directly and within another

    def _seeds_within(self) -> list[Seed]:
        """Return the model's seed, and those of models within it."""
        return [self.model._own_seed, *super()._seeds_within()]

    def take_pending(self) -> list[Any]:
        """Hand over the restored values of all layers that have not been written yet."""
        return [pair for layer in self.model.parts for pair in layer.take_pending()]

    def _settle(self) -> None:
        for layer in self.model.parts:
            layer.settle()

    @property
    def given_input_shape(self) -> Shape | None:
        """The shape of a row of the model's single input, if it is known."""
        shapes = self.model.input_row_shapes
        return shapes[0] if shapes is not None and len(shapes) == 1 else None

    # --- configuration, copies

    def get_config(self) -> dict[str, Any]:
        """Return the configuration of the model."""
        return self.model.get_config()

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the attributes, and register the layer with its model."""
        super().__setstate__(state)
        self.model.adopt(self)


def restored(config: Mapping[str, Any]) -> Layer:
    """Return the model of a configuration as a layer."""
    from lamina.models.model import Model

    return Model.from_config(config).as_layer()  # type: ignore[no-any-return]


for _name in ("Functional", "Sequential"):
    register(_name, restored)


def _for_any_length(got: Any, needed: Any) -> str:
    """Return how to make a model that takes the lengths it was given."""
    if len(got) != len(needed) or got[-1:] != needed[-1:]:
        return ""
    shape = tuple(b if a == b else None for a, b in zip(got, needed, strict=True))
    return f" (a model made with Input({shape}) takes any length, if its layers allow it)"
