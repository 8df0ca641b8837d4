"""New models like another: the same layers and settings, with their own initial weights."""

from __future__ import annotations

import copy
from typing import Any

from lamina.saving.cloning import cloned


def fresh(model: Any, seed: int) -> Any:
    """Return a compiled model like another one, as it was before any training.

    Layers and the arguments of ``compile`` are copied; the optimizer has no state.  Initial weights
    follow from the seed, except in layers that are not trainable, which keep theirs.

    Raises
    ------
    TypeError
        If a user's class does not define ``get_config``.
    """
    try:
        new = cloned(model, None)
    except TypeError as error:
        if "get_config" not in str(error):
            raise
        raise TypeError(f"{error}; or give a function that builds the model") from error
    new.take_seed(seed)
    for first in new.drawn:  # a graph model already has weights
        first.draw(new.name)
    _keep_frozen(model, new)
    compile_like(model, new)
    return new


def begun(model: Any, seed: int) -> Any:
    """Return a compiled model as before any training, with initial weights from a seed.

    It is the given model, which must not be used elsewhere, or one like it.  Layers that are not
    trainable keep their weights, if they have any.
    """
    drawn = {id(first.parameter) for first in model.drawn}
    known = not model._ready or all(id(p) in drawn for p in model.parameters)
    if not known or model.optimizer.steps:  # weights from a file, or trained ones
        return fresh(model, seed)
    model.take_seed(seed)
    frozen = {id(p) for layer in model.parts if not layer.trainable for p in layer.parameters}
    for first in model.drawn:
        if id(first.parameter) not in frozen:
            first.draw(model.name)
    model.drawn = [first for first in model.drawn if id(first.parameter) not in frozen]
    return model


def compile_like(model: Any, new: Any) -> None:
    """Compile a model like another one, which may have been trained since."""
    asked = dict(model.compile_settings())
    optimizer = asked.pop("optimizer")
    told = _choices(optimizer, model)
    copied = copy.deepcopy(optimizer)
    copied.reset()
    new.compile(copied, **copy.deepcopy(asked))
    if told:
        copied.take_state(told, new.weights_by_path())


def _choices(optimizer: Any, model: Any) -> dict[str, Any]:
    """Return an optimizer's settings for single weights, as a state before the first step."""
    if not model.built:
        return {}
    state = optimizer.get_state(model.weights_by_path())
    if not (state.get("undecayed") or state.get("rates")):
        return {}
    return {**state, "step": 0, "slots": {}}


def _keep_frozen(model: Any, new: Any) -> None:
    """Give layers that are not trainable the weights of their originals."""
    if not model.built:
        return
    frozen = [
        place for place, layer in enumerate(model.parts) if layer.parameters and not layer.trainable
    ]
    if not frozen:
        return
    new.ensure_built(model.input_row_shapes)
    kept = set()
    for place in frozen:
        new.parts[place].restore(model.parts[place].snapshot())
        kept |= {id(parameter) for parameter in new.parts[place].parameters}
    new.drawn = [first for first in new.drawn if id(first.parameter) not in kept]
