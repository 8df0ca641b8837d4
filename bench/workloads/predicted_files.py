"""The inputs of contestants that predict: trained weights, as arrays and as an ONNX model.

`python -m workloads.predicted_files '{"workload": ..., "folder": ...}'` writes them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from common import pin, serve
from workloads.workload import Array, Workload


@dataclass(frozen=True)
class Files:
    """A folder with the model; arrays are in the order of the workload's layers, as in Keras.

    Trained weights and moving statistics (mean, variance) are stored separately.
    """

    folder: str

    @property
    def onnx(self) -> str:
        return str(Path(self.folder) / "model.onnx")

    def arrays(self, kind: str) -> Iterator[Array]:
        """Yield the arrays of a kind, "weights" or "statistics", one after another."""
        with np.load(Path(self.folder) / f"{kind}.npz") as file:
            yield from [file[name] for name in file.files]


def write(workload: Workload, threads: int, folder: str) -> None:
    """Train for an epoch, so that biases and statistics change, and write all files."""
    import lamina
    from workloads import lamina_peer

    trainer = lamina_peer.Trainer(workload, threads, "")
    trainer.fit(1)
    weights, statistics = [], []
    for layer in trainer.layers:
        arrays = layer.get_weights()
        trained = len(layer.trainable_weights)
        weights += arrays[:trained]
        statistics += arrays[trained:]
    np.savez(Path(folder) / "weights.npz", *weights)
    np.savez(Path(folder) / "statistics.npz", *statistics)
    lamina.onnx.export(trainer.model, Files(folder).onnx)


def main() -> None:
    arguments = json.loads(sys.argv[1])
    pin(arguments["threads"])
    workload = Workload.described(arguments["workload"])
    hello: dict[str, Any] = {}
    try:
        write(workload, arguments["threads"], arguments["folder"])
    except ImportError as error:
        hello = {"error": f"not installed ({error})"}
    serve(None, hello)


if __name__ == "__main__":
    main()
