"""Weights on which a loss depends but that no gradient reaches."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from lamina import _core
from lamina.layers import PythonLayer
from lamina.layers.base.use import using
from lamina.models.network.recorded import for_any_rows

if TYPE_CHECKING:
    from lamina.models.compilation.compilable import Compilable


def check_learning(who: str, model: Compilable) -> None:
    """Raise ValueError if a layer without a backward blocks the gradient of a trainable weight."""
    found = (each for layer in model.parts for each in layer.walk())
    ends = list(dict.fromkeys(e for e in found if isinstance(e, PythonLayer) and not e.backward))
    if not ends:
        return
    reached = _reached(model, [])
    held_up = [path for path in _reached(model, ends) if path not in reached]
    if held_up:
        names = ", ".join(repr(layer.name) for layer in ends)
        more = f" and {len(held_up) - 1} more" if len(held_up) > 1 else ""
        raise ValueError(
            f"{who}: weight {held_up[0]!r}{more} cannot learn: {names} has no backward, so no "
            f"gradient reaches the layers before it.  Give it one, or freeze the layers before it "
            f"(trainable = False); a backward that returns None stops the gradient on purpose"
        )


def check_search(model: Compilable, steps: int | None, batch: int) -> None:
    """Raise ValueError if an optimizer that searches over all rows cannot do so."""
    who = type(model.optimizer).__name__
    if not model.optimizer.whole_batch:
        return
    if steps != 1:
        batches = "an unknown number of" if steps is None else str(steps)
        raise ValueError(
            f"{who}: a step takes all rows as one batch; got {batches} batches of {batch} rows; "
            f"omit batch_size"
        )
    if model.stopped_at_zero():
        raise ValueError(
            f"{who}: searches along lines, on which proximal L1 penalties have kinks; use another "
            f"rule, such as SGD or Adam, or omit proximal=True"
        )


def _reached(model: Compilable, passing: list[PythonLayer]) -> list[str]:
    """Return the paths of the weights that gradients reach, if they could pass ``passing``."""
    with ExitStack() as stack:
        for layer in passing:
            stack.enter_context(using(layer, backward=_through))
        made = for_any_rows(model)
    graph, outputs = made.graph, made.outputs
    for output, loss in zip(outputs, model.compilation("fit").losses, strict=True):
        if loss is not None:
            y = graph.input(tuple(output.shape), "y")
            graph.add_loss(graph.loss("mean_squared_error", output, y))
    graph.build()
    return _core.Execution(graph, 1, True).paths()


def _through(dy: object, x: object) -> None:
    """Stand in for the backward that a layer lacks."""
