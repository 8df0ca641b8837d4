"""Keras on JAX: compile, fit."""

from __future__ import annotations

import jax
import keras

from workloads import Workload, keras_like

LAYERS = keras_like.table(keras)
KINDS = (*LAYERS, *keras_like.COMPOSED)


def versions() -> dict[str, str]:
    return {"keras": keras.__version__, "jax": jax.__version__}


class Trainer(keras_like.Trainer):
    note = "on JAX"

    def __init__(self, workload: Workload, _threads: int, _variant: str) -> None:
        keras.utils.set_random_seed(0)
        super().__init__(keras, workload)
