"""Layers written as in Keras, where ``call`` is a function of tensors."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, NoReturn

from lamina import _core
from lamina._names import free_name
from lamina._tensors import Arguments, Recording, Tensor, Variable, written
from lamina._tensors.arguments import flat, mapped, packed
from lamina._tensors.given import given
from lamina.layers.base.lock import structure
from lamina.layers.base.shapes import Spec, found_by_recording, has_open_axes, rows_in, rows_of

if TYPE_CHECKING:
    from lamina.layers.layer import Layer


def is_recorded(value: Any) -> bool:
    """Return whether the value is a recorded tensor."""
    return isinstance(value, Tensor)


# --- building


def full_shapes(arguments: Arguments, specs: list[Spec]) -> tuple[list[Any], dict[str, Any]]:
    """Return the shapes of a call's tensors, with the axis of rows, in the call's structure."""
    shapes = [spec.shape if spec.whole else (None, *spec.shape) for spec in specs]
    return arguments.filled(shapes)


def name_held(layer: Layer) -> None:
    """Give layers within distinct names, where the user did not name them."""
    held = layer.layers_within()
    taken = {each.name for each in held if each.named}
    for each in sorted((e for e in held if not e.named), key=lambda e: not e.built):
        name = free_name(each.name, taken)
        taken.add(name)
        if name != each.name:
            each.name = name


def build(layer: Layer, arguments: Arguments, specs: list[Spec]) -> None:
    """Call the layer's ``build`` with the shape of the first argument, or the shapes it names."""
    name_held(layer)
    _call_build(layer, arguments, specs)
    name_held(layer)  # for layers made in build


def _call_build(layer: Layer, arguments: Arguments, specs: list[Spec]) -> None:
    args, kwargs = full_shapes(arguments, specs)
    names = [n for n in inspect.signature(layer.build).parameters if n not in ("args", "kwargs")]
    call_names = list(inspect.signature(layer.call).parameters)
    given_shapes = dict(zip(call_names, args, strict=False))
    given_shapes.update(kwargs)
    with Recording.building():
        if len(names) > 1:
            _check_complete(layer, args, kwargs)
            layer.build(**{n: given_shapes.get(n.removesuffix("_shape")) for n in names})
            return
        layer.build(args[0] if args else next(iter(kwargs.values()), None))


def _check_complete(layer: Layer, args: list[Any], kwargs: dict[str, Any]) -> None:
    """Raise TypeError if a call lacks an argument, as ``build`` would receive None as its shape."""
    needed = [
        name
        for name, parameter in inspect.signature(layer.call).parameters.items()
        if parameter.default is parameter.empty and "VAR" not in parameter.kind.name
    ]
    missing = [name for name in needed[len(args) :] if name not in kwargs]
    if missing:
        raise TypeError(
            f"{layer.name}: call needs {', '.join(needed)}; got nothing for {', '.join(missing)}"
        )


def prepare(
    layer: Layer, arguments: Arguments, specs: list[Spec], dtype: str | None = None
) -> tuple[Any, list[Spec]]:
    """Build the layer and those within it if necessary; return the results of the call.

    On failure all of them are left as they were.
    """
    with structure(), made(layer, arguments, specs, dtype):
        result = found_by_recording(
            layer.name,
            layer.dtype,
            specs,
            lambda tensors: on_tensors(layer, *arguments.filled(tensors)),
        )
        check_weights([layer], [result[0]])
    return result


@contextmanager
def made(
    layer: Layer, arguments: Arguments, specs: list[Spec], dtype: str | None = None
) -> Iterator[None]:
    """Build the layer if necessary, and the layers within from what is recorded in the block.

    On failure all of them are left as they were.
    """
    if dtype is not None and layer.dtype != dtype and _undrawn(layer):
        layer.forget()  # it was built without a model that sets the precision
    built = {id(each) for each in layer.walk() if each.built}
    try:
        if dtype is not None:
            for each in layer.walk():
                if not each.built:
                    each.take_dtype(dtype)
        fresh = not layer.built
        if fresh:
            layer._begin_weights(has_open_axes([spec.shape for spec in specs]))
            build(layer, arguments, specs)
            layer.built = True
        yield
    except BaseException:
        for each in layer.walk():
            if id(each) not in built:
                each.forget()
        raise
    if fresh:
        layer.built_within = [e for e in layer.walk() if id(e) not in built and e is not layer]


def _undrawn(layer: Layer) -> bool:
    waiting = {id(first.parameter) for first in layer._first_values()}
    return layer.built and all(id(p) in waiting for p in layer.parameters)


def check_weights(layers: Sequence[Layer], results: Sequence[Any]) -> None:
    """Raise unless every weight read in a layer's call belongs to it or to a layer it holds.

    ``results`` holds tensors of the graph on which the calls were recorded.
    """
    if not any(layer.calls for layer in layers):
        return
    graph = next(v for v in flat(results) if isinstance(v, Tensor)).recording.graph
    own = {id(p) for layer in layers for p in layer.parameters}
    for parameter, path in zip(graph.parameters, graph.paths, strict=True):
        waits = isinstance(parameter, Variable) and not parameter.allocated
        if id(parameter) not in own and waits:
            raise ValueError(
                f"{path.partition('/')[0]}: weight {path!r} was made in call, which would make a "
                f"new one each time; make layers in __init__ and keep them as attributes, and make "
                f"weights in build"
            )


def of_rows(*row_shapes: Any) -> tuple[Arguments, list[Spec]]:
    """Return, for each argument, the call of a layer on rows of a shape or on a list of inputs."""
    given_specs = [
        [Spec(tuple(one)) for one in shape] if isinstance(shape, list) else Spec(tuple(shape))
        for shape in row_shapes
    ]
    arguments = Arguments(given_specs, {}, lambda v: isinstance(v, Spec))
    return arguments, arguments.forget_tensors()


def prepared(layer: Layer, row_shape: Any, dtype: str, stream: int) -> None:
    """Build the layer for rows of a shape."""
    layer.stream = stream
    prepare(layer, *of_rows(row_shape), dtype)


def output_row_shape(layer: Layer, row_shape: Any) -> Any:
    """Return the shape of a row of output, building the layer if necessary."""
    return _row_shapes(prepare(layer, *of_rows(row_shape)))


def output_shape(layer: Layer, shape: Any, *others: Any) -> Any:
    """Return the shape of the output, rows first, for the shapes of the call's arguments."""
    fresh = not layer.built
    form, specs = prepare(layer, *of_rows(*(rows_of(layer.name, s) for s in (shape, *others))))
    if fresh:
        layer.forget()
    rows = rows_in(shape)
    full = [spec.shape if spec.whole else (rows, *spec.shape) for spec in specs]
    return full[0] if isinstance(form, Tensor) else full


def _row_shapes(found: tuple[Any, list[Spec]]) -> Any:
    form, specs = found
    return specs[0].shape if isinstance(form, Tensor) else [spec.shape for spec in specs]


# --- recording


def on_tensors(layer: Layer, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Record a call of the layer in the current recording; return tensors as ``call`` does."""
    recording = Recording.current()
    assert recording is not None
    if not layer.built:
        _build_within(layer, args, kwargs, recording.graph.dtype)
    else:
        settle_unheld(layer)
    told = kwargs.get("training")
    if told is None and recording.unsaid and recording.forced is None:
        told = layer.training_unsaid
        kwargs = kwargs if told is None else {**kwargs, "training": told}
    if layer.takes_training:
        if told is None:
            kwargs = {**kwargs, "training": recording.ask_training()}
    elif not layer.takes_any_name:
        kwargs = {name: value for name, value in kwargs.items() if name != "training"}
    kwargs = {**kwargs, **_masks_by_name(layer, args, kwargs)}
    mask = incoming_mask(args, kwargs)
    if mask is not None and layer.ends_masks:
        recording.unmasked.append(layer.name)
    if layer.takes_mask and kwargs.get("mask") is None and mask is not None:
        kwargs = {**kwargs, "mask": mask}
    elif not layer.takes_mask and not layer.takes_any_name and "mask" in kwargs:
        mask = kwargs["mask"]
        kwargs = {name: value for name, value in kwargs.items() if name != "mask"}
    inside = layer.within(recording.graph), recording.within(layer.name), recording.calls(layer)
    with inside[0], inside[1], inside[2], recording.told(told):
        result = written.run(layer.name, layer.written, args, kwargs)
        try:
            result = mapped(result, _as_tensor)
        except ValueError as error:
            raise written.placed(error, layer.written) from None
        leaves = flat(result)
        if not leaves or not all(isinstance(v, Tensor) for v in leaves):
            raise written.placed(
                TypeError(f"{layer.name}: call must return tensors; got {result!r:.100}"),
                layer.written,
            )
        layer.regularize_activity(leaves)
    recording.returned[id(layer)] = [tuple(leaf.value.shape) for leaf in leaves]
    _mask_outputs(layer, args, kwargs, result, mask)
    return result


def _as_tensor(value: Any) -> Any:
    """Return a weight or array returned by a call as a tensor; return other values unchanged.

    A tensor of another graph is rejected.
    """
    return given(value) if hasattr(value, "__array__") else None


def _build_within(layer: Layer, args: list[Any], kwargs: dict[str, Any], dtype: str) -> None:
    """Build a layer that is called by another."""
    arguments = Arguments(args, kwargs, is_recorded)
    specs = [Spec(tuple(t.value.shape), whole=not t.rows) for t in arguments.forget_tensors()]
    layer.take_dtype(dtype)
    known = list(layer.parameters)
    layer._begin_weights(has_open_axes([spec.shape for spec in specs]))
    build(layer, arguments, specs)
    layer.built = True
    check_held(layer, known)


def check_held(layer: Layer, known: Sequence[Any]) -> None:
    """Raise if a layer with new weights is called by another layer that does not hold it.

    ``known`` are those that it had before it was built, such as what layers within have adapted:
    they get their values now, as nobody else gives them.
    """
    recording = Recording.current()
    if recording is None or not layer.parameters or not _is_unheld(layer, recording.layers):
        return
    if {id(p) for p in layer.parameters} - {id(p) for p in known}:
        _refuse_unheld(layer, recording.layers)
    layer.fill()
    layer.settle()


def settle_unheld(layer: Layer) -> None:
    """Give values to the weights of a layer that was built outside and that no caller holds."""
    recording = Recording.current()
    waits = any(isinstance(p, Variable) and not p.allocated for p in layer.parameters)
    if not waits or recording is None or not _is_unheld(layer, recording.layers):
        return
    if any(layer is each for each in recording.built):
        _refuse_unheld(layer, recording.layers)
    layer.settle()


def _refuse_unheld(layer: Layer, callers: Sequence[Layer]) -> NoReturn:
    raise ValueError(
        f"{callers[-1].name}: call uses {layer.name!r}, whose new weights would belong to "
        f"no layer; make layers in __init__ and keep them as attributes"
    )


def _is_unheld(layer: Layer, callers: Sequence[Layer]) -> bool:
    """Return whether there are layers that call this one, and the outermost does not hold it."""
    return bool(callers) and all(layer is not each for each in callers[0].walk())


# --- masks


def incoming_mask(args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Return the masks of the first argument in its structure, tuples as lists; None without one.

    A tensor of the structure that has no mask has None in its place.
    """
    first = args[0] if args else next(iter(kwargs.values()), None)
    masks = [v.mask if isinstance(v, Tensor) else None for v in flat(first)]
    if all(m is None for m in masks):
        return None
    made = packed(first, masks)
    return list(made) if isinstance(made, tuple) else made


def _masks_by_name(layer: Layer, args: list[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return masks of tensors for parameters such as ``query_mask`` that are named after them."""
    names = list(inspect.signature(layer.call).parameters)
    given_now = {**dict(zip(names, args, strict=False)), **kwargs}
    found = {}
    for name in names:
        tensor, own = given_now.get(name), f"{name}_mask"
        if own in names and given_now.get(own) is None and isinstance(tensor, Tensor):
            found[own] = tensor.mask
    return found


def _mask_outputs(
    layer: Layer, args: list[Any], kwargs: dict[str, Any], result: Any, mask: Any
) -> None:
    first = args[0] if args else next(iter(kwargs.values()), None)
    # A tensor that the call passed through keeps its own mask, which may come from another layer.
    given_masks = mask if layer.is_operation else kwargs.get("mask", mask)
    out = layer.compute_mask(first, given_masks)
    leaves = flat(result)
    several = isinstance(out, (list, tuple, dict))
    masks = flat(out) if several else [out] + [None] * (len(leaves) - 1)
    for leaf, each in zip(leaves, masks, strict=False):
        if each is not None:
            leaf.mask = each if isinstance(each, Tensor) else given(each)


# --- between the engine's tensors and those of calls


def apply(layer: Layer, graph: _core.Graph, x: Any, mask: Any) -> tuple[Any, Any]:
    """Record the layer as models do: the engine's tensors in and out, with their masks."""
    recording = Recording.of(graph)
    now = recording if Recording.current() is not recording else nullcontext()
    with now, recording.streams_from(layer.stream):
        if isinstance(x, list):
            masks = mask if isinstance(mask, list) else [mask] * len(x)
            tensor: Any = [wrapped(recording, v, m) for v, m in zip(x, masks, strict=True)]
        else:
            tensor = wrapped(recording, x, mask)
        result = on_tensors(layer, [tensor], {})
    return unwrapped(result)


def record(
    layer: Layer, graph: _core.Graph, arguments: Arguments, values: list[Any], masks: list[Any]
) -> tuple[list[Any], list[Any]]:
    """Record a call as it was made on symbolic tensors; return outputs and masks."""
    recording = Recording.of(graph)
    now = recording if Recording.current() is not recording else nullcontext()
    with now, recording.streams_from(layer.stream):
        tensors = [wrapped(recording, v, m) for v, m in zip(values, masks, strict=True)]
        result = on_tensors(layer, *arguments.filled(tensors))
    leaves: list[Tensor] = flat(result)
    masked = [None if leaf.mask is None else leaf.mask.value for leaf in leaves]
    return [leaf.value for leaf in leaves], masked


def wrapped(recording: Recording, value: _core.Tensor, mask: Any = None) -> Tensor:
    """Return one of the engine's tensors, with its mask, in the form that calls take."""
    return Tensor(recording, value, None if mask is None else Tensor(recording, mask))


def unwrapped(result: Any) -> tuple[Any, Any]:
    """Return the results of a call as the engine's tensors, one or a list, and their masks."""
    leaves: list[Tensor] = flat(result)
    values = [leaf.value for leaf in leaves]
    masks = [None if leaf.mask is None else leaf.mask.value for leaf in leaves]
    if isinstance(result, Tensor):
        return values[0], masks[0]
    return values, masks
