"""Models in ONNX, a format for exchange with other programs.

- ``export(model, "model.onnx")``, or ``model.export("model.onnx")``, writes the predictions
- ``to_model(model)`` returns it as an ``onnx.ModelProto``
- ``load("model.onnx")`` returns the model in a file, for predictions and training
- ``backend`` runs such files through the interface of the package ``onnx``, ``onnx.backend``

The package ``onnx`` is an extra: ``pip install "lamina[onnx]"``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering

if TYPE_CHECKING:
    from lamina.onnx import backend
    from lamina.onnx.reading.loading import load
    from lamina.onnx.writing.exporting import export, to_model

__all__ = ["backend", "export", "load", "to_model"]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(
        __name__,
        {
            "backend": "lamina.onnx.backend",
            "load": "lamina.onnx.reading.loading:load",
            **{name: f"lamina.onnx.writing.exporting:{name}" for name in ("export", "to_model")},
        },
    )
