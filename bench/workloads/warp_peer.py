"""A process that warps images with one library, on request."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from common import median_seconds, pin, serve

LIBRARIES = ("lamina", "keras")
# The operation, images (n, height, width, channels), interpolation and filling.
JOBS = {
    "rotation 32x32x3": ("rotation", (64, 32, 32, 3), "bilinear", "reflect"),
    "rotation 128x128x3": ("rotation", (16, 128, 128, 3), "bilinear", "reflect"),
    "rotation 128x128x1": ("rotation", (16, 128, 128, 1), "bilinear", "reflect"),
    "nearest 128x128x3": ("rotation", (16, 128, 128, 3), "nearest", "constant"),
    "perspective 128x128x3": ("perspective", (16, 128, 128, 3), "bilinear", "constant"),
    "elastic 128x128x3": ("elastic", (16, 128, 128, 3), "bilinear", "reflect"),
}


def numbers(kind: str, shape: tuple[int, ...]) -> list[Any]:
    """Return the images and the parameters of the positions at which they are read."""
    rng = np.random.default_rng(0)
    n, height, width, _ = shape
    x = rng.uniform(size=shape).astype("float32")
    if kind == "rotation":
        cos, sin, zero = np.cos(a := rng.uniform(-0.5, 0.5, n)), np.sin(a), np.zeros(n)
        down, across = (height - 1) / 2, (width - 1) / 2
        rows = [cos, -sin, across - across * cos + down * sin,
                sin, cos, down - across * sin - down * cos, zero, zero]  # fmt: skip
        return [x, np.stack(rows, 1).astype("float32")]
    corners = np.array([[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1]])
    start = np.broadcast_to(corners, (n, 4, 2)).astype("float32")
    return [x, start, (start * rng.uniform(0.8, 1.2, (n, 4, 2))).astype("float32")]


def operation(image: Any, kind: str, interpolation: str, fill: str) -> Callable[..., Any]:
    """Return a function of tensors, which is the same for both libraries."""
    if kind == "rotation":
        return lambda x, matrix: image.affine_transform(x, matrix, interpolation, fill)
    if kind == "perspective":
        return lambda x, start, end: image.perspective_transform(x, start, end, interpolation)
    return lambda x, *_: image.elastic_transform(x, 20.0, 5.0, interpolation, fill, seed=1)


def lamina_call(kit: Any, call: Callable[..., Any], arrays: list[Any]) -> Callable[[], Any]:
    class Warped(kit.layers.Layer):  # type: ignore[misc]
        def call(self, *tensors: Any) -> Any:
            return call(*tensors)

    inputs = [kit.Input(array.shape[1:]) for array in arrays]
    model = kit.Model(inputs, Warped()(*inputs))
    return lambda: model.predict_on_batch(arrays)


def keras_call(_: Any, call: Callable[..., Any], arrays: list[Any]) -> Callable[[], Any]:
    import jax

    def run() -> Any:
        return np.asarray(run.call(*arrays))  # type: ignore[attr-defined]

    run.call = jax.jit(call)  # type: ignore[attr-defined]
    try:
        run()
    except jax.errors.ConcretizationTypeError:  # the elastic transform cannot be compiled
        run.call = call  # type: ignore[attr-defined]
    return run


def main() -> None:
    arguments = json.loads(sys.argv[1])
    pin(arguments["threads"])
    try:
        if arguments["peer"] == "lamina":
            import lamina as kit

            kit.set_num_threads(arguments["threads"])
            made = lamina_call
        else:
            os.environ["KERAS_BACKEND"] = "jax"
            import keras as kit

            made = keras_call
    except ImportError as error:
        serve(None, {"error": f"not installed ({error})"})
        return

    @functools.cache
    def call_of(job: str) -> Callable[[], Any]:
        kind, shape, *how = JOBS[job]
        return made(kit, operation(kit.ops.image, kind, *how), numbers(kind, shape))

    def answer(command: dict[str, Any]) -> dict[str, Any]:
        pixels = np.prod(JOBS[command["job"]][1][:3])
        return {"ns": 1e9 * median_seconds(call_of(command["job"])) / float(pixels)}

    serve(answer, {"version": kit.__version__})


if __name__ == "__main__":
    main()
