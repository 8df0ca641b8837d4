"""The progress of a fit in a file: weights and training state of an existing model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _core
from lamina._check import Array
from lamina.saving import container, training, weights
from lamina.saving.own import problems_of

if TYPE_CHECKING:
    from lamina.models import Model

KIND = "backup"


def save_backup(model: Model, path: str) -> None:
    """Write the weights of a compiled model and its training state."""
    tensors: dict[str, Array] = {}
    document: dict[str, Any] = {
        "lamina": _core.__version__,
        "kind": KIND,
        "weights": weights.collected(model, tensors),
        "training": training.described("save_backup", model, tensors),
    }
    container.write(path, document, tensors)


def load_backup(model: Model, path: str) -> None:
    """Restore a model with the same layers and optimizer; on an error nothing changes."""
    content = container.read(path)
    document = content.document
    if document.get("kind") != KIND:
        raise ValueError(f"{path}: holds {document.get('kind')!r:.40}; needs {KIND}")
    before = model.snapshot()
    try:
        with problems_of(path):
            listed, found = document["weights"], weights.named(model)
            weights.take(model, listed, content.tensors, False, False)
            # Layers of a model that was created again may have other names.
            pairs, _ = weights.paired(found, list(listed["paths"]), False)
            state = training.restored(document["training"], content.tensors)
            model.train_state.set(state, {path: found[own] for own, path in pairs})
    except BaseException:
        model.restore(before)
        raise
