"""lamina: compile, fit."""

from __future__ import annotations

import lamina
from workloads import Workload, keras_like

LAYERS = keras_like.table(lamina)
KINDS = (*LAYERS, *keras_like.COMPOSED)


def versions() -> dict[str, str]:
    return {"lamina": lamina.__version__, "isa": lamina.runtime.isa()}


class Trainer(keras_like.Trainer):
    def __init__(self, workload: Workload, threads: int, _variant: str) -> None:
        lamina.set_num_threads(threads)
        lamina.set_random_seed(0)
        super().__init__(lamina, workload)
