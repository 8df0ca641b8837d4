"""Short texts that show whether processes are about to do the same."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _core, runtime
from lamina._check import Array
from lamina._settings import Configurable
from lamina.distribute.seeds import seeds_of
from lamina.models.data.feeds import Stream
from lamina.models.data.reading import Reading
from lamina.models.data.rows import Rows

if TYPE_CHECKING:
    from lamina.models.training.fits import Fit

MOST = 16 << 20  # bytes of an array that are compared: rows evenly spaced
READ = 64  # rows that are read from data not in memory
_PLACE = re.compile(r" at 0x[0-9A-Fa-f]+")  # in memory: of a function, say; in each process another


def of_model(who: str, model: Any) -> dict[str, str]:
    """Return digests of a compiled model, its weights and its seeds."""
    compiled = model.compilation(who)
    return {
        **of_layers(model),
        "seed": str(model.seed),
        "seeds within the model": _digest([_without_counts(part) for part in seeds_of(model)[1:]]),
        "losses and metrics": _digest(
            [
                compiled.losses,
                list(_functions(compiled.losses)),
                compiled.scales,
                compiled.metric_keys(),
            ]
        ),
        "weights": _digest([p.array for p in model.parameters]),
    }


def of_training(model: Any) -> dict[str, str]:
    """Return digests of the optimizer of a compiled model, and of the state of its training."""
    # By numbers: layers have other names in a process that has made more layers before.
    state = model.train_state.get({str(i): p for i, p in enumerate(model.parameters)})
    position = model.train_state.position
    ends = None if position is None or position.ending is None else position.ending.validated
    state["position"] = None if position is None else (position.epoch, position.batch, ends)
    return {
        "optimizer": _digest([model.optimizer, *_functions(model.optimizer)]),
        "state of the training": _digest(state),
    }


def of_layers(model: Any) -> dict[str, str]:
    """Return a digest of the layers of a model and the form of its weights, without its seeds."""
    layout = [(p.shape, p.dtype, p.trainable) for p in model.parameters]
    return {"layers": _digest((type(model).__name__, model.dtype, layout, _architecture(model)))}


def of_each_layer(model: Any) -> dict[str, str]:
    """Return in words, layer by layer, that of which ``of_layers`` returns a digest."""
    told = {"class of the model": type(model).__name__, "dtype": model.dtype}
    told["number of layers"] = str(len(model.layers))
    told |= _in_words((_architecture(model) or {}).get("config", {}).get("layers"))
    for number, layer in enumerate(model.layers, 1):
        told.setdefault(f"class of layer {number}", type(layer).__name__)
        told[f"shapes of weights of layer {number}"] = str([tuple(w.shape) for w in layer.weights])
    return told


def _in_words(layers: Any, within: str = "") -> dict[str, str]:
    """Return the classes and arguments of layers, by place; none if this is no list of layers."""
    told: dict[str, str] = {}
    if not isinstance(layers, list):
        return told
    for number, layer in enumerate(layers, 1):
        if not (isinstance(layer, dict) and isinstance(layer.get("config"), dict)):
            continue
        place = f"layer {within}{number}"
        told[f"class of {place}"] = str(layer.get("class_name"))
        for name, value in layer["config"].items():
            text = json.dumps(value)
            told |= _in_words(value, f"{within}{number}.")
            told[f"{name} of {place}"] = text if len(text) < 80 else _digest(text)
    return told


def of_optimizer(model: Any) -> dict[str, str]:
    """Return in words the settings of the optimizer of a compiled model."""
    optimizer = model.optimizer
    told = {"class of the optimizer": type(optimizer).__name__}
    try:
        settings = optimizer.get_config()
    except (AttributeError, NotImplementedError, TypeError):  # of a class of the user's own
        return told
    return told | {f"{name} of the optimizer": _text(value) for name, value in settings.items()}


def of_losses(model: Any) -> dict[str, str]:
    """Return the names of the losses and metrics of a compiled model."""
    compiled = model.compilation("fit")
    names = [getattr(each, "name", type(each).__name__) for each in compiled.losses]
    return {"losses": _text(names), "metrics": _text(compiled.metric_keys())}


# By the name of a digest: what it is of, in words.
IN_WORDS = {
    "layers": of_each_layer,
    "optimizer": of_optimizer,
    "losses and metrics": of_losses,
}


def of_fit(fit: Fit) -> dict[str, str]:
    """Return digests of the settings of a fit and of its data."""
    settings = dict(vars(fit.settings))
    if callable(settings["shuffle"]):
        settings["shuffle"] = "a function"
    held = fit.held.first.data if isinstance(fit.held, Stream) else None
    parts = [part.data for part in fit.held] if held is None else [held]  # type: ignore[union-attr]
    arrays = fit.first.arrays
    # If each process reads its own rows of a batch, only the form can be compared.
    shared = isinstance(fit.feed, Stream) and fit.feed.shared
    data = [(a.shape, a.dtype.str) for a in arrays] if shared else list(map(_some, arrays))
    return {
        "settings of fit": json.dumps(settings, default=_text),
        "shapes of the data": _text([a.shape for a in arrays]),
        "data": _digest([fit.rows, *data]),
        "validation data": _digest([_some(a) for data in parts for a in data.arrays]),
    }


def of_progress(model: Any) -> dict[str, str]:
    """Return how far a compiled model is trained, and what a step trains, without its weights."""
    optimizer = model.optimizer
    return {
        "steps": f"{optimizer.iterations} after {model.train_state.draw} batches",
        "learning rate": repr(optimizer.told_rate()),
        "trainable weights": of_trainable(model.parameters),
    }


def of_trainable(parameters: Iterable[Any]) -> str:
    """Return which weights are trained."""
    return "".join("-+"[p.trainable] for p in parameters)


def of_program() -> dict[str, str]:
    """Return the facts besides settings that affect bits."""
    return {
        "version of lamina": _core.__version__,
        "instruction set": runtime.isa(),
    }


def of_weights(arrays: Iterable[Array]) -> int:
    """Return a checksum of weights."""
    found = 0
    for array in arrays:
        found = zlib.crc32(np.ascontiguousarray(array).data, found)
    return found


def difference(told: Sequence[Mapping[str, str]]) -> str:
    """Return the first difference between processes, in words; "" if there is none."""
    for name in told[0]:
        values = [each.get(name) for each in told]
        other = next((rank for rank, value in enumerate(values) if value != values[0]), None)
        if other is not None:
            return f"{name}: process 0 has {values[0]}, process {other} has {values[other]}"
    return ""


def _architecture(model: Any) -> Any:
    """Return the configuration without names of layers and seeds; None if there is none."""
    try:
        config = json.loads(model.to_json())
    except (TypeError, ValueError, NotImplementedError, AttributeError):
        return None
    walked = (each for layer in model.parts for each in layer.walk())
    names = {layer.name: f"#{number}" for number, layer in enumerate(walked)}

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items() if k not in ("name", "seed")}
        if not isinstance(value, list):
            return value
        # An argument, or its value, may be called like a layer: only references are replaced.
        if list(map(type, value)) == [str, int, int]:
            return [names.get(value[0], value[0]), *value[1:]]
        return list(map(plain, value))

    return plain(config)


def _without_counts(seeds: Mapping[str, Any]) -> dict[str, Any]:
    """Return seeds without the numbers of draws: one process may have predicted more often."""
    return {name: v[0] if isinstance(v, tuple) else v for name, v in seeds.items()}


def _some(array: Any) -> Any:
    """Return rows of an array, evenly spaced; those of unequal shape with the shapes of all."""
    if isinstance(array, Rows):
        places = _places(len(array), max(row.nbytes for row in array.arrays))
        return [array.shapes, [array.arrays[i] for i in places]]
    size = int(np.prod(array.shape[1:])) * array.dtype.itemsize
    places = _places(len(array), size, READ if isinstance(array, Reading) else None)
    return np.asarray(array[:] if len(places) == len(array) else array[places])


def _places(rows: int, size: int, most: int | None = None) -> Array:
    """Return the rows that are compared, of at most this many bytes each."""
    most = max(READ, MOST // max(1, size)) if most is None else most
    return np.linspace(0, rows - 1, min(rows, most)).astype(np.int64)


def _text(value: Any) -> str:
    return _PLACE.sub("", repr(value))


def _functions(value: Any, within: tuple[Any, ...] = ()) -> Iterator[FunctionType]:
    """Find the functions that an object, or one of those that it holds, keeps as attributes."""
    if isinstance(value, FunctionType):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _functions(each, within)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _functions(each, within)
    elif isinstance(value, Configurable) and not any(value is each for each in within):
        yield from _functions(vars(value), (*within, value))


def _known(value: Any) -> Any:
    """Return a value that a function uses, or its type if its text may differ by process."""
    if isinstance(value, (list, tuple)):
        return [_known(each) for each in value]
    if isinstance(value, Mapping):
        return {key: _known(each) for key, each in value.items()}
    plain = (str, bytes, bool, int, float, complex, np.ndarray, np.generic, FunctionType)
    return value if value is None or isinstance(value, plain) else type(value).__name__


def _code(code: CodeType) -> list[Any]:
    """Return what a function does, without where it is."""
    constants = [_code(c) if isinstance(c, CodeType) else _known(c) for c in code.co_consts]
    return [code.co_code, code.co_names, constants]


def _of_function(function: FunctionType) -> list[Any]:
    cells = function.__closure__ or ()
    held = [_known(cell.cell_contents) for cell in cells if cell.cell_contents is not function]
    given = [_known(function.__defaults__), _known(function.__kwdefaults__)]
    return [function.__module__, function.__qualname__, _code(function.__code__), given, held]


def _digest(value: Any) -> str:
    found = hashlib.blake2b(digest_size=8)
    _add(found, value)
    return found.hexdigest()


def _add(found: Any, value: Any) -> None:
    if isinstance(value, np.ndarray):
        found.update(repr((value.shape, value.dtype.str)).encode())
        found.update(np.ascontiguousarray(value).data)
    elif isinstance(value, FunctionType):
        _add(found, _of_function(value))
    elif isinstance(value, Mapping):
        for key, each in value.items():
            found.update(_text(key).encode())
            _add(found, each)
    elif isinstance(value, (list, tuple)):
        found.update(b"[")
        for each in value:
            _add(found, each)
    else:
        found.update(_text(value).encode())
