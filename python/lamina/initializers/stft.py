"""Kernels of convolutions that compute short-time Fourier transforms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lamina import _check
from lamina.initializers.base import Initializer

if TYPE_CHECKING:
    from lamina.random import Stream

SIDES, SCALINGS = ("real", "imag"), ("density", "spectrum")


class STFT(Initializer):
    """Windowed cosines, or sines: one filter for each frequency up to the middle.

    Element (t, 0, k) is ``window[t] * cos(-2 pi t k / n)``, or the sine, of n = 2 (bins - 1).

    Parameters
    ----------
    side : {"real", "imag"}, default "real"
        The cosines or the sines.
    window : {"hann", "hamming"}, another name of scipy.signal's, array_like or None
    scaling : {"density", "spectrum"} or None, default "density"
        Whether the window is divided by the square root of its sum of squares, or by the sum of its
        absolute values.
    periodic : bool, default False
        Whether a named window is one period of a periodic window, rather than symmetric.

    Examples
    --------
    >>> from lamina import initializers
    >>> initializers.STFT(window=None)((4, 1, 3)).round(3)[:, 0, 1]
    array([ 1.,  0., -1., -0.], dtype=float32)
    """

    def __init__(
        self,
        side: str = "real",
        window: Any = "hann",
        scaling: str | None = "density",
        periodic: bool = False,
    ) -> None:
        if side not in SIDES:
            raise ValueError(f"STFT: side must be 'real' or 'imag'; got {side!r}")
        if scaling is not None and scaling not in SCALINGS:
            raise ValueError(
                f"STFT: scaling must be 'density', 'spectrum' or None; got {scaling!r}"
            )
        self.side = side
        self.window = checked_window("STFT", window)
        self.scaling = scaling
        self.periodic = _check.boolean("STFT", "periodic", periodic)

    def values(self, shape: tuple[int, ...], dtype: str, rng: Stream) -> NDArray[Any]:  # noqa: ARG002
        """Return the filters.

        Raises
        ------
        ValueError
            If the shape is not (length, 1, bins), or the window has another length.
        """
        if len(shape) != 3 or shape[1] != 1:
            raise ValueError(f"STFT: shape must be (length, 1, bins); got {shape}")
        length, _, bins = shape
        angle = -2.0 * np.pi * np.outer(np.arange(length), np.arange(bins) / max(1, 2 * (bins - 1)))
        kernel = np.cos(angle) if self.side == "real" else np.sin(angle)
        if self.window is not None:
            window = window_of("STFT", self.window, length, self.periodic)
            scale = 1.0
            if self.scaling is not None:
                density = self.scaling == "density"
                scale = np.sqrt(np.square(window).sum()) if density else np.abs(window).sum()
            kernel = kernel * (window / scale)[:, None]
        return kernel[:, None, :]


def checked_window(who: str, window: Any) -> Any:
    """Return a window in the form in configurations: a name, a list of numbers or None."""
    if window is None:
        return None
    if isinstance(window, str):
        window_of(who, window, 1, True)
        return window
    return _check.floats(who, "window", window, "float64").tolist()


def window_of(who: str, window: Any, length: int, periodic: bool) -> NDArray[Any]:
    """Return the numbers of a window; windows with other names are taken from SciPy."""
    if not isinstance(window, str):
        held = np.asarray(window, float)
        if held.shape != (length,):
            raise ValueError(
                f"{who}: window must be {length} numbers, the length of a frame; got shape "
                f"{held.shape}"
            )
        return held
    if window in ("hann", "hamming"):
        low, period = (0.5 if window == "hann" else 0.54), length if periodic else length - 1
        turns = np.arange(length) / max(1, period)
        return low - (1 - low) * np.cos(2 * np.pi * turns) if length > 1 else np.ones(1)
    try:
        from scipy.signal import get_window  # type: ignore[import-untyped]
    except ImportError:
        raise ValueError(
            f"{who}: window must be 'hann' or 'hamming', or scipy installed; got {window!r}"
        ) from None
    try:
        return np.asarray(get_window(window, length, periodic), float)
    except ValueError as error:
        raise ValueError(f"{who}: window {window!r}: {error}") from None
