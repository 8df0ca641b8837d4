"""The package ``onnx``, which is an extra."""

from __future__ import annotations

from typing import Any


def onnx(who: str) -> Any:
    """Return the package, or raise an error with the command that installs it."""
    try:
        import onnx as found
    except ImportError:
        raise ImportError(
            f'{who}: needs the package onnx; install it by pip install "lamina[onnx]"'
        ) from None
    return found
