"""Operations that ONNX cannot express, and the reasons."""

from __future__ import annotations

from typing import Any, NoReturn

from lamina.onnx.writing.converters.table import Asked, converts
from lamina.onnx.writing.translation import CannotExpressError, Translation

_REASONS = {
    "python": "it computes with NumPy, in Python; write it in lamina.ops",
    "state": "it keeps a state from one batch to the next, which ONNX graphs cannot",
    "random": "it draws random numbers, and each runtime draws different ones",
    "loss": "it is a loss; export a model that ends before it",
    "ctc": "ONNX has no such loss",
    "ctc_beams": "ONNX has no beam search; export a model that ends before it",
    "masked_weight": "it weights a loss; export a model that ends before it",
    "logistic_network": "it is for searches of weights; export the result of a fit's to_model()",
    "gcd": "ONNX has no greatest common divisor",
    "lcm": "ONNX has no least common multiple",
}


def _refusal(reason: str) -> Any:
    def refuse(t: Translation, asked: Asked) -> NoReturn:  # noqa: ARG001
        raise CannotExpressError(reason)

    return refuse


for _kind, _reason in _REASONS.items():
    converts(_kind)(_refusal(_reason))


@converts("dropout", "spatial_dropout", "noise")
def noise(t: Translation, asked: Asked) -> str:
    """Write nothing: noise is for training, unless it is always applied."""
    if asked["always"]:
        raise CannotExpressError("it also draws random noise in inference")
    return t.name_of(asked.x)


@converts("assign")
def assign(t: Translation, asked: Asked) -> str:
    """Write the assigned value; only training stores it in the weight."""
    return t.name_of(asked["value"])
