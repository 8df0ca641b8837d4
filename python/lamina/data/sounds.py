"""Sounds in WAV files."""

from __future__ import annotations

import wave

import numpy as np

from lamina._check import Array


def read_sound(who: str, path: str) -> tuple[Array, int]:
    """Return the samples of a WAV file, (samples, channels) in [-1, 1], and the sampling rate."""
    try:
        with wave.open(path, "rb") as file:
            width, channels, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
            data = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{who}: {path}: must be a WAV file of integers ({error})") from None
    if width == 3:
        bytes_ = np.frombuffer(data, np.uint8).reshape(-1, 3)
        wide = np.zeros((len(bytes_), 4), np.uint8)
        wide[:, 1:] = bytes_
        values = wide.view("<i4")[:, 0] / 2.0**31
    elif width == 1:
        values = (np.frombuffer(data, np.uint8).astype(np.float64) - 128) / 128
    else:
        values = np.frombuffer(data, f"<i{width}") / 2.0 ** (8 * width - 1)
    return values.astype(np.float32).reshape(-1, channels), rate


def resampled(who: str, samples: Array, own: int, rate: int) -> Array:
    """Return samples at another sampling rate."""
    try:
        from scipy.signal import resample_poly  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        raise ImportError(f"{who}: sampling_rate needs the package scipy") from None
    common = int(np.gcd(own, rate))
    return np.asarray(resample_poly(samples, rate // common, own // common), np.float32)


def padded(sounds: list[Array]) -> Array:
    """Return sounds as one array, with shorter ones padded with zeros."""
    made = np.zeros((len(sounds), max(map(len, sounds)), sounds[0].shape[1]), np.float32)
    for row, samples in zip(made, sounds, strict=True):
        row[: len(samples)] = samples
    return made
