"""ONNX Runtime on the model that lamina exports: its own CPU provider, every optimisation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import onnxruntime

from workloads import Workload
from workloads.predicted_files import Files


def versions() -> dict[str, str]:
    return {"onnxruntime": onnxruntime.__version__}


class Predictor:
    def __init__(self, _workload: Workload, threads: int, files: Files) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            files.onnx, options, providers=["CPUExecutionProvider"]
        )

    def prepare(self, xs: list[Any]) -> Callable[[], Any]:
        session = self.session
        feed = {each.name: x for each, x in zip(session.get_inputs(), xs, strict=True)}
        return lambda: session.run(None, feed)[0]
