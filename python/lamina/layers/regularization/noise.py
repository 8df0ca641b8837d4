"""Code shared by the layers that add noise."""

from __future__ import annotations

from typing import Any

from lamina._check import Shape
from lamina.layers.base.any_type import as_floats
from lamina.layers.base.rowwise import RowWise
from lamina.layers.base.streams import stream_of


class Noise(RowWise):
    """Base of the layers that change their input in training and otherwise return it unchanged."""

    input_dtype = None
    new_numbers = True
    supports_masking = True
    seed: int | None

    def call_rows(self, x: Any) -> Any:
        """Return the input with noise; the recorded operation acts only in training."""
        self._check_input(x.row_shape)
        acts, always = x.recording.noise()
        return self._with_noise(as_floats(x), stream_of(self), always) if acts else x

    def _check_input(self, row_shape: Shape) -> None:
        """Raise ValueError if the input is unsuitable."""

    def _with_noise(self, x: Any, stream: int, always: bool) -> Any:  # noqa: ARG002
        # With ``always`` also outside of training.
        raise TypeError(f"{type(self).__name__}: a layer of noise must define _with_noise")
