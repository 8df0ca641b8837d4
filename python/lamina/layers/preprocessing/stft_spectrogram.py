"""Spectrograms by convolutions with trainable kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check, _screen, ops
from lamina._check import Shape
from lamina._tensors.given import given
from lamina.initializers.stft import SCALINGS, STFT, checked_window
from lamina.layers.base.axes import data_format_of
from lamina.layers.base.shapes import show_shapes
from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["STFTSpectrogram"]

MODES = ("log", "magnitude", "psd", "real", "imag", "angle", "stft")
EPSILON = 1e-7


class STFTSpectrogram(Layer):
    """Short-time Fourier transforms of signals, computed by a convolution.

    Parameters
    ----------
    mode : {"log", "magnitude", "psd", "real", "imag", "angle", "stft"}, default "log"
        The logarithm of the magnitude, the magnitude, the power (of real signals: of both halves),
        the real or the imaginary part, the angle, or the real parts followed by the imaginary ones.
    frame_length : int, default 256
        Length of a frame.
    frame_step : int, optional
        Distance between the starts of successive frames; by default ``frame_length // 2``.
    fft_length : int, optional
        Length of the transform; by default the next power of two.
    window : {"hann", "hamming"}, another name of scipy.signal's, array_like or None
        The weights of the samples in a frame, by default "hann"; None for equal ones.
    periodic : bool, default False
        Whether a named window is one period of a periodic window, rather than symmetric.
    scaling : {"density", "spectrum"} or None, default "density"
        Whether the window is divided by the square root of its sum of squares, or by the sum of its
        absolute values.
    padding : {"valid", "same"}, default "valid"
        As in ``Conv1D``.
    expand_dims : bool, default False
        Whether frequencies and channels form two axes, as in an image, instead of one.
    data_format : {"channels_last", "channels_first"}, optional
    **base
        See ``Layer``; with ``trainable=False`` the kernels are not trained.

    Notes
    -----
    Inputs have shape (rows, time, channels).  Outputs have shape (rows, frames, channels * bins),
    or with ``expand_dims`` (rows, frames, bins, channels), with ``fft_length // 2 + 1`` bins.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> layer = lamina.layers.STFTSpectrogram(frame_length=8, mode="magnitude")
    >>> layer(np.ones((2, 32, 1))).shape
    (2, 7, 5)
    """

    real_kernel: Any
    imag_kernel: Any

    def __init__(
        self,
        mode: str = "log",
        frame_length: int = 256,
        frame_step: int | None = None,
        fft_length: int | None = None,
        window: Any = "hann",
        periodic: bool = False,
        scaling: str | None = "density",
        padding: str = "valid",
        expand_dims: bool = False,
        data_format: str | None = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        who = "STFTSpectrogram"
        self.mode = _check.choice(who, "mode", mode, MODES)
        self.frame_length = _check.integer(who, "frame_length", frame_length)
        self.frame_step = None
        if frame_step is not None:
            self.__dict__["frame_step"] = _check.integer(who, "frame_step", frame_step)
            if frame_step > self.frame_length:
                raise ValueError(
                    f"{who}: frame_step must be at most frame_length={frame_length}; "
                    f"got {frame_step}"
                )
        self.fft_length = None
        if fft_length is not None:
            size = _check.integer(who, "fft_length", fft_length)
            if size < self.frame_length:
                raise ValueError(
                    f"{who}: fft_length must be at least frame_length={frame_length}; got {size}"
                )
            if size & (size - 1):
                _screen.warn(f"{who}: fft_length should be a power of two; got {size}")
            self.__dict__["fft_length"] = size
        self.window = checked_window(who, window)
        self.periodic = _check.boolean(who, "periodic", periodic)
        self.scaling = None if scaling is None else _check.choice(who, "scaling", scaling, SCALINGS)
        self.padding = _check.choice(who, "padding", padding, ("valid", "same"))
        self.expand_dims = _check.boolean(who, "expand_dims", expand_dims)
        self.data_format = data_format_of(who, data_format)

    @property
    def _bins(self) -> int:
        size = self.fft_length or 1 << (self.frame_length - 1).bit_length()
        return size // 2 + 1

    def build(self, input_shape: Shape) -> None:  # noqa: ARG002
        """Make the kernels."""
        shape = (self.frame_length, 1, self._bins)
        for side, name, other in (("real", "real_kernel", "imag"), ("imag", "imag_kernel", "real")):
            if self.mode != other:
                first = STFT(side, self.window, self.scaling, self.periodic)
                setattr(self, name, self.add_weight(name, shape, first))

    def call(self, inputs: Any) -> Any:
        """Return the spectrograms."""
        x = given(inputs)
        if x.ndim != 3:
            raise ValueError(
                f"{self.name}: input has shape {show_shapes(x.shape[1:])}; needs (rows, time, "
                f"channels)"
            )
        x = ops.swapaxes(x, 1, 2) if self.data_format == "channels_first" else x
        real = None if self.mode == "imag" else self._filtered(x, self.real_kernel)
        imaginary = None if self.mode == "real" else self._filtered(x, self.imag_kernel)
        return self._arranged(self._joined(real, imaginary))

    def _filtered(self, x: Any, kernel: Any) -> Any:
        """Return (rows, frames, channels, bins): the same filters are applied to each channel."""
        channels = x.shape[-1]
        kernel = ops.concatenate([kernel] * channels, -1) if channels > 1 else kernel
        y = ops.conv(x, kernel, self.frame_step or max(1, self.frame_length // 2), self.padding)
        return ops.reshape(y, (-1, y.shape[1], channels, self._bins))

    def _joined(self, real: Any, imaginary: Any) -> Any:
        if self.mode in ("real", "imag"):
            return real if self.mode == "real" else imaginary
        if self.mode == "stft":
            return ops.concatenate([real, imaginary], -1)
        if self.mode == "angle":
            return ops.arctan2(imaginary, real)
        power = ops.square(real) + ops.square(imaginary)
        if self.mode == "psd":
            twice = np.ones(self._bins)
            twice[1:-1] = 2.0
            return power * twice
        magnitude = ops.sqrt(ops.maximum(power, EPSILON))
        if self.mode == "magnitude":
            return magnitude
        return ops.log(ops.maximum(magnitude, EPSILON))

    def _arranged(self, y: Any) -> Any:
        first = self.data_format == "channels_first"
        if self.expand_dims:
            return ops.transpose(y, (0, 2, 1, 3) if first else (0, 1, 3, 2))
        y = ops.reshape(y, (-1, y.shape[1], y.shape[2] * y.shape[3]))
        return ops.swapaxes(y, 1, 2) if first else y
