"""OpenVINO on the model that lamina exports, compiled for the number of rows, in float32."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import openvino

from workloads import Workload
from workloads.predicted_files import Files


def versions() -> dict[str, str]:
    return {"openvino": openvino.__version__.split("-")[0]}


class Predictor:
    def __init__(self, _workload: Workload, threads: int, files: Files) -> None:
        self.core, self.path = openvino.Core(), files.onnx
        self.settings = {
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY",
        }

    def prepare(self, xs: list[Any]) -> Callable[[], Any]:
        model = self.core.read_model(self.path)
        shapes = zip(model.inputs, xs, strict=True)
        model.reshape({each: list(x.shape) for each, x in shapes})
        request = self.core.compile_model(model, "CPU", self.settings).create_infer_request()
        output = model.outputs[0].any_name
        inputs = dict(enumerate(xs))
        return lambda: request.infer(inputs, share_inputs=True)[output]
