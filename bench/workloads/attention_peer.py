"""A process that trains one layer of self-attention with one library, step by step on request."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from common import pin, serve

LIBRARIES = ("lamina", "torch", "keras")
HEADS, WIDTH = 4, 32
ROWS, POSITIONS, COLUMNS = 64, 128, 128
WARM_UP = 3

Step = Callable[[], float]


def data() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    shape = (ROWS, POSITIONS, COLUMNS)
    x, y = (rng.normal(size=shape).astype("float32") for _ in range(2))
    return x, y


def of_keras(kit: Any) -> Step:
    """Return a step of a model of lamina or Keras, which have the same API."""
    x, y = data()
    inputs = kit.Input((POSITIONS, COLUMNS))
    model = kit.Model(inputs, kit.layers.MultiHeadAttention(HEADS, WIDTH)(inputs, inputs))
    model.compile("adam", "mean_squared_error")
    return lambda: float(np.ravel(model.train_on_batch(x, y))[0])


def lamina_step(threads: int) -> tuple[Step, str]:
    import lamina

    lamina.set_num_threads(threads)
    return of_keras(lamina), lamina.__version__


def keras_step(_threads: int) -> tuple[Step, str]:
    os.environ["KERAS_BACKEND"] = "jax"
    import keras

    return of_keras(keras), keras.__version__


def torch_step(threads: int) -> tuple[Step, str]:
    import torch

    torch.set_num_threads(threads)
    x, y = (torch.from_numpy(array) for array in data())
    layer = torch.nn.MultiheadAttention(COLUMNS, HEADS, batch_first=True)
    optimizer = torch.optim.Adam(layer.parameters())

    def step() -> float:
        optimizer.zero_grad()
        loss = ((layer(x, x, x, need_weights=False)[0] - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step, torch.__version__


STEPS = {"lamina": lamina_step, "torch": torch_step, "keras": keras_step}


def main() -> None:
    arguments = json.loads(sys.argv[1])
    pin(arguments["threads"])
    try:
        step, version = STEPS[arguments["peer"]](arguments["threads"])
    except ImportError as error:
        serve(None, {"error": f"not installed ({error})"})
        return
    losses = [step() for _ in range(WARM_UP)]

    def answer(command: dict[str, Any]) -> dict[str, Any]:
        begin = time.perf_counter()
        for _ in range(command["steps"]):
            loss = step()
        return {"ms": 1e3 * (time.perf_counter() - begin) / command["steps"], "loss": loss}

    serve(answer, {"version": version, "loss": losses[0]})


if __name__ == "__main__":
    main()
