"""Models written as a class: layers are attributes, and ``call`` is a function of tensors."""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, ClassVar

from lamina import _check, _core
from lamina._calls import answering_calls
from lamina._check import Shape
from lamina._own_names import OWN, split, take
from lamina._public import GIVEN
from lamina._tensors import Arguments, Recording, Tensor, dataflow
from lamina._tensors.arguments import flat, mapped, packed
from lamina.layers import Layer
from lamina.layers.base import called
from lamina.layers.base import rehearsed as _rehearsed
from lamina.layers.base import weights as weights_
from lamina.layers.base.held import MOMENTS, held_by, note_attached
from lamina.layers.base.node import any_symbolic
from lamina.layers.base.shapes import Spec
from lamina.layers.base.use import current
from lamina.models.architecture import default_training as unsaid
from lamina.models.architecture import forms
from lamina.models.architecture.call_layer import CallLayer
from lamina.models.architecture.forms import Leaf
from lamina.models.architecture.structured import Structured
from lamina.models.data.inputs import Port
from lamina.models.network.recorded import forget_losses, heard

if TYPE_CHECKING:
    from lamina._tensors import Variable
    from lamina.models.prediction.routes import FastPath


class Called(Structured):
    """Behaviour of a model whose class defines ``call``; a part of ``Model``.

    Its inputs, an array or a structure of arrays, become known with the first data.
    """

    _internal = frozenset({"_layer"})  # attributes of the library that hold layers
    # Tuples, lists and dicts of the library, in which users do not place layers.
    _structures = frozenset(
        (
            MOMENTS, "drawn", "_asked", "_assigned", "_fed", "_first_shapes", "_known_front",
            "_known_ports", "_met", "_output_specs", "_own_keys", "_predicted_settings",
            "_recorded_settings", "_settings_seen", "_settings_then", "_settings_weights",
        )
    )  # fmt: skip
    # Names that users may define otherwise: see _own_names.py.
    _overwritten: ClassVar[str] = (
        "inputs input_names input_shape outputs output_names output_shape seed stateful"
    )
    _own_build: ClassVar[Callable[..., None] | None] = None  # the build of a class that defines one

    def call(
        self,
        inputs: Any,  # noqa: ARG002
        training: bool | None = None,  # noqa: ARG002
        mask: Any = None,  # noqa: ARG002
    ) -> Any:
        """Return the output, a tensor or a structure of tensors.

        Parameters
        ----------
        inputs : Tensor, or a list, tuple or dict of them
        training : bool, optional
        mask : Tensor, optional
        """
        raise TypeError(f"{type(self).__name__}: a user-defined model must define call")

    @answering_calls
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the result of ``call`` for arrays, or for tensors as a layer of another model.

        Parameters
        ----------
        *args, **kwargs : array_like, SymbolicTensor or Tensor, or lists, tuples and dicts of them
            The arguments of ``call``; ``training`` is False for arrays unless given.  If there are
            no weights to learn, layers called without it act as their own default says.
        """
        if dataflow.among(args, kwargs):
            return _rehearsed.node(self, args, kwargs)
        alone = len(args) == 1 and (not kwargs or kwargs == {"training": False})
        if alone and Recording.current() is None:
            y = self._as_is(args[0])
            if y is not None:
                return self._returned_by_call(y)
        values = flat([*args, *kwargs.values()])
        alone = len(args) == 1 and not any(value is not None for value in kwargs.values())
        if alone and Recording.current() is None and not any_symbolic(values):
            if not unsaid.acts(self, args[0]):
                return self._returned_by_call(self._predict_whole(args[0]))
            kwargs = {}
        forget_losses(self)
        return heard(self, values, self.as_layer()(*args, **kwargs))

    # --- layers

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute, and note the time, which defines the order of the layers."""
        if not take(self, name, value):  # names of the library are stored separately
            object.__setattr__(self, name, value)
        if note_attached(self, name, value) and name not in self._structures:
            self.__dict__["_fast_path"] = None  # the next call looks for layers again

    @property
    def parts(self) -> list[Layer]:
        """The layers among the model's attributes, or in its lists, tuples and dicts."""
        skipped = {*self._not_copied, *Called._internal}
        return held_by(self, skipped)

    def as_layer(self) -> Any:
        """Return the model as a layer of other models; always the same object."""
        if self._layer is None:
            self._layer = CallLayer(self)
        return self._layer

    @answering_calls
    def add_weight(self, *args: Any, **kwargs: Any) -> Variable:
        """Make a weight of the model itself: see ``lamina.layers.Layer.add_weight``."""
        return self.as_layer().add_weight(*args, **kwargs)  # type: ignore[no-any-return]

    def add_loss(self, loss: Any) -> None:
        """Add a number to the training loss; to be called within ``call``."""
        self.as_layer().add_loss(loss)

    @property
    def losses(self) -> list[Any]:
        """Losses given to ``add_loss``: tensors while recording, else numbers of the last call."""
        return self.as_layer().losses  # type: ignore[no-any-return]

    @property
    def parameters(self) -> list[_core.Parameter]:
        """The weights as the engine holds them: the model's own, then those of its layers."""
        return list(self.as_layer().parameters)

    def _holders(self) -> list[Layer]:
        """Return the model as a layer, which has weights of its own in addition to its layers."""
        return [self.as_layer()]

    @classmethod
    def _take_build(cls) -> None:
        """Keep a class's own ``build``: the public one also makes the rest of the model."""
        own = vars(cls).get("build")
        if own is None:
            return
        cls._own_build = own

        @functools.wraps(own)
        def build(self: Called, *shapes: Any, **named: Any) -> None:
            if current(self, "building", False):
                own(self, *shapes, **named)
            else:
                Called.build(self, *shapes, **named)

        cls.build = build  # type: ignore[method-assign]

    def _drawn_layers(self) -> list[Layer]:
        return [self.as_layer()]

    @property
    def built(self) -> bool:
        """Whether the weights exist."""
        return bool(self.as_layer().built)

    @built.setter
    def built(self, value: bool) -> None:
        """Ignore the value: the model knows whether it is built."""

    # --- building

    @answering_calls
    def build(self, input_shape: Any = None) -> None:
        """Make the weights, for inputs of a given shape.

        Parameters
        ----------
        input_shape : tuple, or a list or dict of them
            Starting with the axis of rows, ``(None, 13)``.
        """
        if current(self, "building", False):
            return  # super().build() in the model's own build
        if forms.is_shape(input_shape):
            form: Any = None
            shapes = [tuple(input_shape)]
        else:
            form = mapped(input_shape, lambda v: Leaf if forms.is_shape(v) else None)
            shapes = [tuple(s) for s in forms.shapes_in(input_shape)]
        rows = [_check.open_shape("build", "input_shape", shape[1:]) for shape in shapes]
        names = forms.input_names(form)
        self._take(form, [Port(n, (None,) * len(r)) for n, r in zip(names, rows, strict=True)])
        self.ensure_built(rows)

    def _build_layers(self, shapes: Sequence[Shape]) -> None:
        layer, ports = self.as_layer(), self.ports
        called.name_held(layer)
        specs = [Spec(tuple(s), p.kind) for s, p in zip(shapes, ports, strict=True)]
        arguments = Arguments([self._formed(specs)], {}, lambda v: isinstance(v, Spec))
        arguments.forget_tensors()
        result, found = called.prepare(layer, arguments, specs, self.dtype)
        form = forms.form_of(result, lambda v: isinstance(v, Tensor))
        self._order = form
        outputs = forms.by_key(packed(form, found))
        self._returned = forms.form_of(outputs, lambda v: isinstance(v, Spec))
        self._output_specs = flat(outputs)
        self._first_shapes = [tuple(s) for s in shapes]
        self._met = self.parts
        self._name_outputs()

    def unbuilt(self) -> tuple[list[Layer], Any]:
        """Return the layers not built yet, and what is known about inputs and outputs."""
        root = self.as_layer()
        found = [] if root.built else [root]
        return found, (self._first_shapes, self._returned, self._output_specs, self._order)

    def forget(self, before: tuple[list[Layer], Any]) -> None:
        """Undo building."""
        super().forget(before)
        self._first_shapes, self._returned, self._output_specs, self._order = before[1]

    def _fast_path_to(self, predictor: _core.Predictor) -> FastPath | None:
        # The fast call path takes one array; and lists do not report when layers are added to them.
        skipped = {*self._not_copied, *self._structures}
        lists = any(
            type(value) in (list, dict) for name, value in vars(self).items() if name not in skipped
        )
        one = self._fed is not None and self._fed[0] is None
        return super()._fast_path_to(predictor) if one and not lists else None

    # --- recording

    def _record(
        self,
        graph: _core.Graph,
        inputs: Sequence[_core.Tensor],
        masks: Sequence[_core.Tensor | None],
        stream: int,
    ) -> tuple[list[Any], list[Any]]:
        recording, layer = Recording.of(graph), self.as_layer()
        # As in Keras, a call without `training` passes none on.
        untold = not layer.takes_training and recording.forced is None
        with recording.streams_from(stream), _told(recording, untold):
            tensors = [called.wrapped(recording, x, m) for x, m in zip(inputs, masks, strict=True)]
            result = forms.by_key(called.on_tensors(layer, [self._formed(tensors)], {}))
        leaves: list[Tensor] = flat(result)
        masked = [None if leaf.mask is None else leaf.mask.value for leaf in leaves]
        return [leaf.value for leaf in leaves], masked

    # --- configuration, copies

    @answering_calls
    def get_config(self) -> dict[str, Any]:
        """Return name, dtype and the constructor's arguments, as plain values."""
        given: Any = self.__dict__.get(GIVEN)
        own = {} if given is None else given.values()
        return {"name": self.name, "dtype": self.dtype_policy.name, **own}

    @answering_calls
    def get_build_config(self) -> dict[str, Any]:
        """Return the form of the inputs and the shapes for which the model was built."""
        form, ports = self._fed or (None, [])
        places = itertools.count()
        numbered = None if form is None else mapped(form, lambda v: _number(v, places))
        return {
            "form": numbered,
            "ports": [[port.name, port.shape, port.kind] for port in ports],
            "shapes": self._first_shapes,
        }

    @answering_calls
    def build_from_config(self, config: Mapping[str, Any]) -> None:
        """Build the model from the ``get_build_config`` of another model of the class."""
        form = config["form"]
        form = None if form is None else mapped(form, lambda v: Leaf if type(v) is int else None)
        shapes = [tuple(shape) for shape in config["shapes"]]
        self._take(form, [Port(n, tuple(s), kind) for n, s, kind in config["ports"]])
        self.ensure_built(shapes)

    def __getstate__(self) -> dict[str, Any]:
        """Return everything except the engine's objects, with the weights of the model itself."""
        layer = self.as_layer().__getstate__()
        del layer["model"]
        return {**super().__getstate__(), "_layer": layer}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the attributes, and give all weights one block of memory."""
        layer = CallLayer.__new__(CallLayer)
        split(type(self), state.get(OWN, ()))
        super().__setstate__(state)
        layer.__setstate__({**state["_layer"], "model": self})
        self._layer = layer
        weights_.allocate([layer])

    def summary_rows(self) -> Any:
        """Return the head and the lines of ``summary``."""
        from lamina.models.network.summary import rows_of_calls

        return rows_of_calls(self)


def from_config(cls: Any, config: Mapping[str, Any]) -> Any:
    """Return a new model of a class with ``call``; its constructor need not take every setting."""
    takes = inspect.signature(cls.__init__).parameters
    if any(p.kind is p.VAR_KEYWORD for p in takes.values()):
        return cls(**config)
    left = {key: config[key] for key in ("name", "dtype") if key in config and key not in takes}
    model = cls(**{key: value for key, value in config.items() if key not in left})
    if "name" in left:
        model.name = left["name"]
    return model


def _number(value: Any, places: Iterator[int]) -> int | None:
    return next(places) if value is Leaf else None


def _told(recording: Recording, untold: bool) -> Any:
    return recording.told(False, untold=True) if untold else nullcontext()
