"""One of the two ways to calculate a convolution: its errors and its time."""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np

from common import median_seconds, pin, serve
from lamina import kernels, runtime


def largest_error(got: Any, want: Any) -> float:
    return float(np.abs(got - want).max() / np.abs(want).max())


def exactly(x: Any, w: Any, dz: Any) -> tuple[Any, Any, Any]:
    """Return the outputs, dx and dw by their definition, in float64."""
    x, w, dz = (a.astype(float) for a in (x, w, dz))
    (height, width), (down, across) = x.shape[1:3], w.shape[:2]
    top, left = (down - 1) // 2, (across - 1) // 2
    padded = np.pad(x, ((0, 0), (top, down - 1 - top), (left, across - 1 - left), (0, 0)))
    y, dx, dw = 0.0, np.zeros(padded.shape), np.zeros(w.shape)
    for r in range(down):
        for s in range(across):
            cells = np.s_[:, r : r + height, s : s + width]
            y = y + padded[cells] @ w[r, s]
            dx[cells] += dz @ w[r, s].T
            dw[r, s] = np.tensordot(padded[cells], dz, ([0, 1, 2], [0, 1, 2]))
    return y, dx[:, top : top + height, left : left + width], dw


def answer(command: dict[str, Any]) -> dict[str, float]:
    images, height, width, channels, filters, down, across = command["shape"]
    rng = np.random.default_rng(7)
    x = rng.standard_normal((images, height, width, channels), dtype=np.float32)
    dz = rng.standard_normal((images, height, width, filters), dtype=np.float32)
    w = rng.standard_normal((down, across, channels, filters), dtype=np.float32)
    w /= np.float32(np.sqrt(down * across * channels))

    def passes(x: Any, dz: Any) -> tuple[Any, Any, Any]:
        y = kernels.conv2d_forward(x, w, padding="same")
        dx, dw, _ = kernels.conv2d_backward(dz, x, w, padding="same")
        return y, dx, dw

    pairs = zip(passes(x[:8], dz[:8]), exactly(x[:8], w, dz[:8]), strict=True)
    error = max(largest_error(got, want) for got, want in pairs)
    return {"error": error, "ms": 1e3 * median_seconds(lambda: passes(x, dz))}


if __name__ == "__main__":
    threads = json.loads(sys.argv[1])["threads"]
    pin(threads)
    runtime.set_num_threads(threads)
    serve(answer, {})
