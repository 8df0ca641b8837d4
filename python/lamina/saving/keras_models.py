"""Models and layers in the format of Keras 3."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from lamina._answers import is_own
from lamina._settings import class_name
from lamina._tensors.arguments import Arguments, Place, mapped, packed
from lamina.saving import keras_table
from lamina.saving.keras_described import Describer, LostError

Entry = dict[str, Any]

_BESIDE = ("input_shape", "input_dim")  # settings of layers that are replaced by an Input
_BY_LOSS = ("accuracy", "acc")  # names that both libraries resolve by the loss
_COMPILED = ("loss", "metrics", "weighted_metrics", "loss_weights")


def described(model: Any) -> tuple[Entry, dict[str, str]]:
    """Return the description of a whole model, and the functions that are not saved.

    Raises
    ------
    LostError
        If something has no counterpart in Keras.
    """
    describer = Describer(model.dtype)
    told = _model(describer, model)
    if model.optimizer is not None:
        told["compile_config"] = _compiled(describer, model)
    return told, describer.lost


def _compiled(describer: Describer, model: Any) -> Entry:
    asked = model.compile_settings()
    optimizer = describer.value(asked["optimizer"], "optimizer", "compile")
    for room, name in (("losses", "loss"), ("metrics", "metrics"), ("metrics", "weighted_metrics")):
        _check_names(room, asked[name])
    return {
        "optimizer": optimizer,
        **{n: describer.value(asked[n], n.removeprefix("weighted_"), "compile") for n in _COMPILED},
        "run_eagerly": False,
        "steps_per_execution": 1,
        "jit_compile": "auto",
    }


def _check_names(room: str, value: Any) -> None:
    """Reject the names of losses and metrics that only lamina has."""
    from lamina import losses, metrics

    if isinstance(value, str):
        if value.lower() in _BY_LOSS:
            return
        get = losses.get if room == "losses" else metrics.get
        made = get(value)
        kind = type(made).__name__
        known = keras_table.arguments(room, kind) is not None
        if keras_table.own_class(room, kind) is not None and not known:
            raise LostError(f"compile: Keras has no {room} {value!r}")
    elif isinstance(value, Mapping):
        for each in value.values():
            _check_names(room, each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            _check_names(room, each)


# --- models


def _model(describer: Describer, model: Any) -> Entry:
    from lamina.models import Functional, Sequential

    cls = type(model)
    if cls is Sequential:
        return _sequential(describer, model)
    if cls is Functional or (is_own(cls) and hasattr(model, "_structure")):
        return _functional(describer, model)
    if is_own(cls):
        raise LostError(f"{model.name}: Keras has no {cls.__name__}")
    name = class_name(cls)
    made = describer.own_class(cls, name, describer.settings(model.get_config(), name, model.name))
    return {**made, "build_config": {"input_shape": _shape_of(model)}}


def _sequential(describer: Describer, model: Any) -> Entry:
    entries = []
    shapes = model._given_row_shapes
    if shapes is not None:
        given = model._input
        rows = None if given is None else given.batch_size
        batch_shape = [rows, *shapes[0]]
        kind = describer.dtype if model._given.kind == "float" else model._given.kind
        name = "input_layer" if given is None else given.name
        entries.append(_input(name, batch_shape, kind))
    elif model.built and model.parameters:
        raise LostError(f"{model.name}: its input shape is not known; begin with an Input")
    seen: set[int] = set()
    for layer in model._layers:
        if id(layer) in seen:
            raise LostError(
                f"{model.name}: holds {layer.name} twice, which a Sequential of Keras cannot"
            )
        seen.add(id(layer))
        entries.append(_layer(describer, layer))
    config = {
        "name": model.name,
        "trainable": bool(model.trainable or not model.parameters),
        "dtype": describer.policy(model),
        "layers": entries,
    }
    if shapes is not None:
        config["build_input_shape"] = batch_shape
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": config,
        "registered_name": None,
        "build_config": {"input_shape": None if shapes is None else batch_shape},
    }


def _functional(describer: Describer, model: Any) -> Entry:
    structure = model._structure
    calls: dict[int, list[Entry]] = {id(layer): [] for layer in structure.layers}
    where: dict[int, tuple[Any, int, int]] = {}  # by tensor: layer, call, output
    for number, layer in zip(structure.inputs, structure.input_layers, strict=True):
        where[number] = layer, 0, 0

    def tensor(number: int) -> Entry:
        layer, call, output = where[number]
        made, kind = structure.tensors[number], structure.dtypes[number]
        return {
            "class_name": "__keras_tensor__",
            "config": {
                "shape": list(made.shape),
                "dtype": describer.dtype if kind in (None, "float") else kind,
                "keras_history": [layer.name, call, output],
            },
        }

    for step in structure.all_steps:
        inbound = calls[id(step.layer)]
        for i, number in enumerate(step.outputs):
            where[number] = step.layer, len(inbound), i
        inbound.append(_call(describer, step, tensor))

    def reference(number: int) -> list[Any]:
        layer, call, output = where[number]
        # A graph's call of itself comes first, as Keras numbers the outputs of a model.
        inner = hasattr(getattr(layer, "stands_for", None), "_structure")
        return [layer.name, call + inner, output]

    arguments = {id(step.layer): step.arguments for step in structure.all_steps}

    def part(layer: Any) -> Entry:
        if layer.is_operation:
            return _operation(describer, layer, arguments[id(layer)])
        return _layer(describer, layer)

    entries = [
        {**part(layer), "name": layer.name, "inbound_nodes": calls[id(layer)]}
        for layer in structure.layers
    ]
    return {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "config": {
            "name": model.name,
            "trainable": bool(model.trainable or not model.parameters),
            "layers": entries,
            "input_layers": packed(model._input_form, [reference(t) for t in structure.inputs]),
            "output_layers": model._returned_by_call(
                packed(model._output_form, [reference(t) for t in structure.outputs])
            ),
        },
        "registered_name": "Functional",
        "build_config": {"input_shape": None},
    }


def _call(describer: Describer, step: Any, tensor: Any) -> Entry:
    """Return the arguments of a call."""
    who, given = step.layer.name, [tensor(t) for t in step.inputs]
    if step.layer.is_operation:
        return _operation_call(describer, step, given)
    if step.arguments is None:
        args, kwargs = _plain_call(step.layer, given)
    else:
        args, kwargs = _filled(describer, step.arguments, given, who)
    if step.masks is not None:
        masks = [None if m is None else tensor(m) for m in step.masks]
        kwargs["mask"] = masks if len(masks) > 1 else masks[0]
    if step.training is not None:
        kwargs["training"] = step.training
    # Keras also notes values that it would use anyway: the given arguments are kept separately.
    told = {} if kwargs.get("training") is None else {"training": bool(kwargs["training"])}
    return {"args": args, "kwargs": kwargs, **told}


def _plain_call(layer: Any, given: list[Entry]) -> tuple[list[Any], dict[str, Any]]:
    if len(given) == 1:
        return given, {}
    if hasattr(layer, "return_state") or hasattr(layer, "forward_layer"):
        return given[:1], {"initial_state": given[1:]}
    return [given], {}


def _filled(
    describer: Describer, arguments: Arguments, given: Sequence[Entry], who: str
) -> tuple[list[Any], dict[str, Any]]:
    def made(value: Any) -> Any:
        if isinstance(value, Place):
            return given[value.index]
        if isinstance(value, (list, tuple)):
            return [made(each) for each in value]
        if isinstance(value, Mapping):
            return {key: made(each) for key, each in value.items()}
        return describer.value(value, "an argument", who)

    args = [made(value) for value in arguments.args]
    return args, {name: made(value) for name, value in arguments.kwargs.items()}


# --- layers


def _layer(describer: Describer, layer: Any) -> Entry:
    from lamina.layers import InputLayer
    from lamina.models import Model

    model = layer if isinstance(layer, Model) else layer.stands_for
    if model is not None:
        return _model(describer, model)
    if isinstance(layer, InputLayer):
        kind = layer.kind or describer.dtype
        return _input(layer.name, [layer.batch_size, *layer.shape], kind)
    told = _settings_of(layer)
    # Settings that contain layers are described by these layers, which know more than their
    # configurations.
    held = {
        k: None if v is None else _held(describer, getattr(layer, k, None)) for k, v in told.items()
    }
    plain = {key: value for key, value in told.items() if held[key] is None and key != "dtype"}
    cls, name = type(layer), layer.name.rpartition("/")[2]
    if is_own(cls):
        if keras_table.room_of(cls.__name__, "layers") is None:
            raise LostError(f"{name}: Keras has no {cls.__name__}")
        made = describer.public(cls.__name__, plain, "layers", name)
    else:
        config = describer.settings(plain, cls.__name__, name)
        made = describer.own_class(cls, class_name(cls), config)
    config = made["config"]
    config.update({key: each for key, each in held.items() if each is not None})
    if is_own(cls) or "name" in told:  # a user's get_config may leave out what the base says
        config["name"] = name
        takes = keras_table.arguments("layers", cls.__name__) if is_own(cls) else None
        if takes is None or "dtype" in takes:
            config["dtype"] = describer.policy(layer)
    shape = _built_for(layer)
    return made if shape is None else {**made, "build_config": {"input_shape": shape}}


def _settings_of(layer: Any) -> dict[str, Any]:
    config = {key: v for key, v in layer.get_config().items() if key not in _BESIDE}
    if class_name(type(layer)) == "ActivityRegularization":  # which its factors determine
        config.pop("activity_regularizer", None)
    own = {p.name for p in inspect.signature(type(layer)).parameters.values()}
    own -= {"input_shape"}
    config |= {k: v for k, v in layer.get_config().items() if k in _BESIDE and k in own}
    return _with_learned(layer, config)


def _with_learned(layer: Any, config: dict[str, Any]) -> dict[str, Any]:
    """Return settings with the results of ``adapt`` where Keras reads them."""
    from lamina.layers import Normalization
    from lamina.layers.preprocessing.index_lookup import LEARNED, IndexLookup

    if LEARNED not in config:
        return config
    rest = {key: value for key, value in config.items() if key != LEARNED}
    if isinstance(layer, Normalization):
        return rest  # its weights contain it
    if not isinstance(layer, IndexLookup) or "vocabulary" not in config:
        return config  # a custom class reads it
    found = config[LEARNED]
    if found["idf_weights"] is None:
        return {**rest, "vocabulary": found["vocabulary"]}
    places = layer.get_vocabulary()  # including unknown tokens, which have weights, too
    return {**rest, "vocabulary": places, "idf_weights": found["idf_weights"][: len(places)]}


def _held(describer: Describer, value: Any) -> Any:
    from lamina.layers import Layer
    from lamina.models import Model

    if isinstance(value, (Layer, Model)):
        return _layer(describer, value)
    if isinstance(value, (list, tuple)) and value and all(isinstance(v, Layer) for v in value):
        return [_layer(describer, each) for each in value]
    return None


def _input(name: str, batch_shape: Sequence[Any], dtype: str) -> Entry:
    return {
        "module": "keras.layers",
        "class_name": "InputLayer",
        "config": {
            "batch_shape": list(batch_shape),
            "dtype": dtype,
            "sparse": False,
            "ragged": False,
            "name": name,
            "optional": False,
        },
        "registered_name": None,
    }


def _shape_of(model: Any) -> Any:
    shape = model.input_shape
    return mapped(shape, lambda v: list(v) if isinstance(v, tuple) else None)


def _built_for(layer: Any) -> list[Any] | None:
    """Return the shape of the first input of a layer that is called on a single tensor."""
    nodes = layer.nodes
    if not layer.built or not nodes or len(nodes[0].inputs) != 1:
        return None
    return list(nodes[0].inputs[0].shape)


# --- operations


def _operation_of(layer: Any) -> keras_table.Operation:
    found = keras_table.operation(layer.function)
    if found is None:
        raise LostError(f"{layer.name}: Keras has no layer for lamina's {layer.function}")
    return found


def _bound(layer: Any, arguments: Arguments) -> dict[str, Any]:
    bound = inspect.signature(layer._operation).bind(*arguments.args, **arguments.kwargs)
    return dict(bound.arguments)


def _operation(describer: Describer, layer: Any, arguments: Arguments) -> Entry:
    kind = _operation_of(layer)
    settings = {
        name: describer.value(value, name, layer.name)
        for name, value in _bound(layer, arguments).items()
        if name in kind.settings and name not in kind.arguments
    }
    return {
        "module": kind.module,
        "class_name": kind.name,
        "config": {"name": layer.name, **settings},
        "registered_name": kind.name,
    }


def _operation_call(describer: Describer, step: Any, given: Sequence[Entry]) -> Entry:
    kind, who = _operation_of(step.layer), step.layer.name
    made = {}
    for name, value in _bound(step.layer, step.arguments).items():
        if name in kind.arguments:
            made[name] = value
        elif name not in kind.settings and value is not None:
            raise LostError(
                f"{who}: {name}={value!r:.60} of {step.layer.function} has no counterpart"
            )
    ordered = [name for name in kind.arguments if name in made]
    leading = ordered == list(kind.arguments[: len(ordered)])
    named = Arguments((), {}, lambda _: False)
    named.args = [made[name] for name in ordered] if leading else []
    named.kwargs = {} if leading else made
    args, kwargs = _filled(describer, named, given, who)
    return {"args": args, "kwargs": kwargs}
