"""A model compared with its ONNX version in ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lamina

onnx = pytest.importorskip("onnx")


def exported(model: Any, **options: Any) -> Any:
    """Return the model in ONNX, checked by ONNX's checker and inference of shapes."""
    made = lamina.onnx.to_model(model, **options)
    onnx.checker.check_model(made, full_check=True)
    onnx.shape_inference.infer_shapes(made, check_type=True, strict_mode=True, data_prop=True)
    return made


def run(made: Any, *inputs: Any) -> list[Any]:
    """Return what ONNX Runtime computes."""
    runtime = pytest.importorskip("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(
        made.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [each.name for each in session.get_inputs()]
    return list(session.run(None, dict(zip(names, inputs, strict=True))))


def assert_same(got: Any, want: Any, what: str, tolerance: float = 1e-5) -> None:
    """Fail unless shape and type are equal, and values to the tolerance times the largest, or 1."""
    want = np.asarray(want)
    assert got.shape == want.shape, f"{what}: shape {got.shape}, lamina's {want.shape}"
    assert got.dtype == want.dtype, f"{what}: {got.dtype}, lamina's {want.dtype}"
    finite = np.isfinite(want)
    assert np.array_equal(finite, np.isfinite(got)), what
    pairs = np.where(finite, got, 0).astype(float), np.where(finite, want, 0).astype(float)
    error = np.abs(pairs[0] - pairs[1]).max(initial=0)
    assert error <= tolerance * max(1, np.abs(pairs[1]).max(initial=0)), f"{what}: {error:.1e}"


def same_in_onnx(model: Any, *inputs: Any, tolerance: float = 1e-5, **options: Any) -> Any:
    """Fail unless ONNX Runtime predicts as the model does; returns the model in ONNX."""
    made = exported(model, **options)
    want = model.predict(list(inputs) if len(inputs) > 1 else inputs[0], verbose=0)
    want = want if isinstance(want, list) else [want]
    names = [output.name for output in made.graph.output]
    for name, a, b in zip(names, run(made, *inputs), want, strict=True):
        assert_same(a, b, name, tolerance)
    return made
