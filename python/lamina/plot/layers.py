"""Selection of a model's layer for a figure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def layer_of(who: str, model: Any, layer: Any, fits: Callable[[Any], bool], needed: str) -> Any:
    """Return a layer by name or number, or the first one that fits; refuse one that does not."""
    if not hasattr(model, "layers"):
        raise TypeError(f"{who}: needs a model; got {model!r:.80}")
    known = getattr(model, "input_row_shapes", None)
    if known is not None:
        model.ensure_built(known)
    layers = list(model.layers)
    if layer is None:
        found = next((each for each in layers if fits(each)), None)
        if found is None:
            raise ValueError(
                f"{who}: the model must have {needed}; its layers are "
                f"{', '.join(each.name for each in layers)}"
            )
        return found
    if isinstance(layer, str):
        found = next((each for each in layers if each.name == layer), None)
    elif (
        isinstance(layer, int)
        and not isinstance(layer, bool)
        and -len(layers) <= layer < len(layers)
    ):
        found = layers[layer]
    else:
        found = layer if any(each is layer for each in layers) else None
    if found is None:
        raise ValueError(
            f"{who}: layer must be a name, such as {layers[0].name!r}, or a number "
            f"below {len(layers)}; got {layer!r:.80}"
        )
    if not fits(found):
        raise ValueError(f"{who}: layer must be {needed}; {found.name} is not")
    return found
