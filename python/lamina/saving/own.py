"""Models and weights in lamina's own files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _core
from lamina._check import Array
from lamina.saving import architecture, calibration, compiled, container, training, weights
from lamina.saving.functions import warn_of_lost

if TYPE_CHECKING:
    from lamina.models import Model


def save_model(model: Model, path: str, include_optimizer: bool) -> None:
    """Write a model: layers and weights, and, if it is compiled, how far it is trained."""
    tensors: dict[str, Array] = {}
    told, lost = architecture.described("save", model, tensors)
    document: dict[str, Any] = {**_head("model"), "model": told}
    if model.built:
        document["weights"] = weights.collected(model, tensors)
        kept = calibration.described(model, tensors)
        if kept is not None:
            document["calibration"] = kept
    if model.optimizer is not None:
        document["compile"], more = compiled.described("save", model, tensors)
        lost = {**lost, **more}
        if include_optimizer and model.built:
            document["training"] = training.described("save", model, tensors)
    warn_of_lost("save", lost)
    container.write(path, document, tensors)


def load_model(path: str, compile: bool) -> Any:  # noqa: A002
    """Return the model in a file."""
    content = container.read(path)
    document = content.document
    _check_kind(path, document, "model")
    with problems_of(path), np.errstate(all="ignore"):
        model = architecture.restored(document["model"], content.tensors)
        if "weights" in document:
            weights.put_back(model, document["weights"], content.tensors)
        if compile and document.get("compile") is not None:
            compiled.put_back(model, document["compile"], content.tensors)
            if "training" in document:
                training.put_back(model, document["training"], content.tensors)
        if "calibration" in document:
            calibration.put_back(model, document["calibration"], content.tensors)
    return model


def save_weights(model: Model, path: str) -> None:
    """Write only the weights."""
    tensors: dict[str, Array] = {}
    listed = weights.collected(model, tensors)
    container.write(path, {**_head("weights"), "weights": listed}, tensors)


def load_weights(model: Model, path: str, by_name: bool, skip_mismatch: bool) -> None:
    """Load the weights from a file of weights or of a model."""
    content = container.read(path)
    _check_kind(path, content.document, "weights", "model")
    listed = content.document.get("weights")
    if listed is None:
        raise ValueError(f"load_weights: {path}: the model in the file was not built")
    with problems_of(path):
        weights.take(model, listed, content.tensors, by_name, skip_mismatch)


def _head(kind: str) -> dict[str, Any]:
    return {"lamina": _core.__version__, "kind": kind}


def _check_kind(path: str, document: Mapping[str, Any], *kinds: str) -> None:
    found = document.get("kind")
    if found not in kinds:
        raise ValueError(f"{path}: holds {found!r:.40}; needs {' or '.join(kinds)}")


# Exceptions that the library's code raises for values that its own documents never contain.
_STRANGE = (
    ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, RuntimeError,
    TypeError, ValueError,
)  # fmt: skip


class problems_of:  # noqa: N801 - a context
    """Let errors in the block name the file, for documents that lamina did not write."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        """Turn the errors that an invalid document causes into a ValueError."""
        if type(error) in (ValueError, TypeError):
            if not str(error).startswith(self._path):
                raise ValueError(f"{self._path}: {error}") from error
        elif isinstance(error, _STRANGE):
            said = f"{type(error).__name__}: {error}"
            raise ValueError(f"{self._path}: contains no valid model ({said})") from error
