"""The process of one contestant that predicts: `python -m workloads.predictor '{"peer": ...}'`.

A contestant's module has

    KINDS      the kinds of layer it can build, unless it reads the ONNX model
    versions() what is installed, for the table
    Predictor(workload, threads, files)   builds the model with the weights of `files`
        .prepare(xs)    a call without arguments that predicts these inputs, as its user would
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from common import median_seconds, pin, serve
from workloads.predicted_files import Files
from workloads.workload import Workload, kinds

PREDICTORS = {
    "lamina": "workloads.lamina_peer",
    "onnxruntime": "workloads.onnxruntime_peer",
    "openvino": "workloads.openvino_peer",
    "tensorflow": "workloads.tensorflow_peer",
    "torch": "workloads.torch_peer",
    "jax": "workloads.jax_peer",
}


def start(arguments: dict[str, Any], workload: Workload) -> tuple[Any, dict[str, Any]]:
    try:
        module = importlib.import_module(PREDICTORS[arguments["peer"]])
    except ImportError as error:
        return None, {"error": f"not installed ({error})"}
    lacking = sorted(
        set(kinds(workload.layers)) - set(getattr(module, "KINDS", kinds(workload.layers)))
    )
    if lacking:
        return None, {"error": f"has no layer for {', '.join(lacking)}"}
    predictor = module.Predictor(workload, arguments["threads"], Files(arguments["folder"]))
    versions = (f"{name} {version}" for name, version in module.versions().items())
    return predictor, {"version": ", ".join(versions)}


def main() -> None:
    arguments = json.loads(sys.argv[1])
    pin(arguments["threads"])
    workload = Workload.described(arguments["workload"])
    predictor, hello = start(arguments, workload)
    prepared: dict[int, Callable[[], Any]] = {}  # for the last rows only: inputs are large

    def answer(command: dict[str, Any]) -> dict[str, Any]:
        rows = command["rows"]
        if rows not in prepared:
            prepared.clear()
            xs, _ = dataclasses.replace(workload, rows=rows).data()
            prepared[rows] = predictor.prepare([np.ascontiguousarray(x) for x in xs])
        if command.get("outputs"):
            return {"outputs": np.asarray(prepared[rows]()).tolist()}
        return {"us": 1e6 * median_seconds(prepared[rows])}

    serve(answer, hello)


if __name__ == "__main__":
    main()
