"""Models in ONNX, the format that other programs run.

- ``export(model, "model.onnx")``, or ``model.export("model.onnx")``, writes what a model predicts
- ``to_model(model)`` returns it as an ``onnx.ModelProto``

The package ``onnx`` is an extra: ``pip install "lamina[onnx]"``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering

if TYPE_CHECKING:
    from lamina.onnx.writing.exporting import export, to_model

__all__ = ["export", "to_model"]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(
        __name__,
        {name: f"lamina.onnx.writing.exporting:{name}" for name in ("export", "to_model")},
    )
