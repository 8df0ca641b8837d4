"""Spectrograms on the mel scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check, ops
from lamina._check import Array
from lamina._tensors.given import given
from lamina.initializers.stft import checked_window
from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["MelSpectrogram"]


class MelSpectrogram(Layer):
    """The power of signals in bands that are equally wide on the mel scale.

    Parameters
    ----------
    fft_length : int, default 2048
    sequence_stride : int, default 512
        Distance between the starts of successive frames.
    sequence_length : int, optional
        Length of the window; ``fft_length`` by default.
    window : {"hann", "hamming"}, array_like or None
    sampling_rate : int, default 16000
        In hertz.
    num_mel_bins : int, default 128
    min_freq : float, default 20.0
    max_freq : float, optional
        Half the sampling rate if not given.
    power_to_db : bool, default True
        Whether to return powers in decibels.
    top_db : float, default 80.0
        How far below the maximum of a batch the values in decibels may lie.
    mag_exp : float, default 2.0
        Exponent of the magnitude, for instance 1 or 2.
    min_power : float, default 1e-10
    ref_power : float, default 1.0
        The power that corresponds to 0 decibels.
    **base
        See ``Layer``.

    Notes
    -----
    Inputs have shape (rows, samples), outputs (rows, num_mel_bins, frames).  The triangular bands
    follow ``mel(f) = 2595 log10(1 + f / 700)``, with peaks of 1.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> layer = lamina.layers.MelSpectrogram(fft_length=64, sequence_stride=16, num_mel_bins=8)
    >>> layer(np.ones((2, 320))).shape
    (2, 8, 21)
    """

    def __init__(
        self,
        fft_length: int = 2048,
        sequence_stride: int = 512,
        sequence_length: int | None = None,
        window: Any = "hann",
        sampling_rate: int = 16000,
        num_mel_bins: int = 128,
        min_freq: float = 20.0,
        max_freq: float | None = None,
        power_to_db: bool = True,
        top_db: float = 80.0,
        mag_exp: float = 2.0,
        min_power: float = 1e-10,
        ref_power: float = 1.0,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        who = "MelSpectrogram"
        self.fft_length = _check.integer(who, "fft_length", fft_length)
        self.sequence_stride = _check.integer(who, "sequence_stride", sequence_stride)
        length = self.fft_length if sequence_length is None else sequence_length
        self.sequence_length = _check.integer(who, "sequence_length", length)
        if self.sequence_length > self.fft_length:
            raise ValueError(
                f"{who}: sequence_length must be at most fft_length={fft_length}; got {length}"
            )
        self.window = checked_window(who, window)
        self.sampling_rate = _check.integer(who, "sampling_rate", sampling_rate)
        self.num_mel_bins = _check.integer(who, "num_mel_bins", num_mel_bins)
        self.min_freq = _check.number(who, "min_freq", min_freq, 0.0)
        highest = int(self.sampling_rate / 2) if max_freq is None else max_freq
        self.max_freq = _check.number(who, "max_freq", highest, self.min_freq, low_open=True)
        self.power_to_db = _check.boolean(who, "power_to_db", power_to_db)
        self.top_db = _check.number(who, "top_db", top_db, 0.0)
        self.mag_exp = _check.number(who, "mag_exp", mag_exp)
        self.min_power = _check.number(who, "min_power", min_power, 0.0, low_open=True)
        self.ref_power = _check.number(who, "ref_power", ref_power)

    def call(self, inputs: Any) -> Any:
        """Return the spectrograms."""
        real, imaginary = ops.stft(
            ops.cast(given(inputs), "float32"),
            self.sequence_length,
            self.sequence_stride,
            self.fft_length,
            self.window if self.window is None or isinstance(self.window, str)
            else np.asarray(self.window),
        )  # fmt: skip
        power = ops.square(real) + ops.square(imaginary)
        if self.mag_exp != 2.0:
            power = ops.power(ops.sqrt(power), self.mag_exp)
        y = ops.matmul(power, self._bands())
        if self.power_to_db:
            y = ops.multiply(ops.log10(ops.maximum(y, self.min_power)), 10.0)
            y = ops.subtract(y, 10.0 * np.log10(max(abs(self.ref_power), self.min_power)))
            y = ops.maximum(y, ops.subtract(ops.max(y), self.top_db))
        return ops.swapaxes(y, -1, -2)

    def _bands(self) -> Array:
        """Return the share of each frequency in each band: (fft_length // 2 + 1, bands)."""
        frequencies = np.linspace(0.0, self.sampling_rate / 2, self.fft_length // 2 + 1)
        edges = np.linspace(_mel(self.min_freq), _mel(self.max_freq), self.num_mel_bins + 2)
        at, widths = _mel(frequencies)[:, None], np.diff(edges)
        rising = (at - edges[:-2]) / widths[:-1]
        falling = (edges[2:] - at) / widths[1:]
        return np.asarray(np.maximum(0.0, np.minimum(rising, falling)))


def _mel(frequency: Any) -> Any:
    return 1127.0 * np.log1p(np.asarray(frequency) / 700.0)
