"""Operators of the domain ai.onnx.ml in networks from scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina import ops
from lamina.onnx.reading.graph import Node
from lamina.onnx.reading.registry import operator
from lamina.onnx.reading.views import rank, sizes

ML = "ai.onnx.ml"


@operator("Scaler", domain=ML)
def scaler(node: Node, x: Any) -> Any:
    """Return ``(x - offset) scale``."""
    offset, scale = (np.array(node.list(n) or [d], np.float32) for n, d in
                     (("offset", 0.0), ("scale", 1.0)))  # fmt: skip
    return ops.multiply(ops.subtract(ops.cast(x, "float32"), offset), scale)


@operator("Normalizer", domain=ML)
def normalizer(node: Node, x: Any) -> Any:
    """Return rows divided by their norm."""
    x = ops.cast(x, "float32")
    kind = node.text("norm", "MAX")
    if kind == "MAX":
        norm = ops.max(ops.abs(x), -1, True)
    elif kind == "L1":
        norm = ops.sum(ops.abs(x), -1, True)
    else:
        norm = ops.sqrt(ops.sum(ops.square(x), -1, True))
    return ops.divide_no_nan(x, norm)


@operator("Binarizer", domain=ML)
def binarizer(node: Node, x: Any) -> Any:
    """Return 1 where x is larger than a threshold, otherwise 0."""
    return ops.cast(ops.greater(x, node.float("threshold", 0.0)), "float32")


@operator("ArrayFeatureExtractor", domain=ML)
def extractor(_: Node, x: Any, places: Any) -> Any:
    """Return columns."""
    index = places.astype(np.int32) if isinstance(places, np.ndarray) else ops.cast(places, "int32")
    flat = ops.reshape(index, (-1,))
    if rank(x) == 1 or (isinstance(x, np.ndarray) and x.ndim == 2 and x.shape[0] == 1):
        made = ops.take(ops.reshape(x, (-1,)), flat, 0)
        return ops.reshape(made, (1, -1)) if isinstance(places, np.ndarray) else made
    return ops.take(x, flat, -1)


@operator("LinearRegressor", domain=ML)
def regressor(node: Node, x: Any) -> Any:
    """Return linear functions of the columns."""
    targets = node.int("targets", 1)
    w = np.array(node.list("coefficients"), np.float32).reshape(targets, -1)
    if w.shape[1] != sizes(x)[-1]:
        raise ValueError(
            f"the coefficients are for {w.shape[1]} columns; the input has {sizes(x)[-1]}"
        )
    if node.text("post_transform", "NONE") != "NONE":
        raise ValueError("post_transform must be NONE")
    y = ops.matmul(ops.cast(x, "float32"), np.ascontiguousarray(w.T))
    bias = node.list("intercepts")
    return y if not bias else ops.add(y, np.array(bias, np.float32))


@operator("LabelEncoder", domain=ML)
def label_encoder(node: Node, x: Any) -> Any:
    """Return numbers mapped to other numbers by a table."""
    keys = node.list("keys_int64s") or node.list("keys_floats")
    values = node.list("values_int64s") or node.list("values_floats")
    if not keys or not values or len(keys) != len(values):
        raise ValueError("only encoders that map numbers to numbers are supported")
    whole = "values_int64s" in node.attributes
    default = node.int("default_int64", -1) if whole else node.float("default_float", -0.0)
    made = ops.full_like(ops.cast(x, "float32"), float(default))
    for key, value in zip(keys, values, strict=True):
        made = ops.where(ops.equal(x, key), float(value), made)
    return ops.cast(made, "int32") if whole else made


@operator("LinearClassifier", domain=ML)
def classifier(node: Node, x: Any) -> Any:
    """Return the class whose linear function of the columns is largest, and their values."""
    labels, w = node.list("classlabels_ints"), np.array(node.list("coefficients") or [], np.float32)
    if not labels:
        raise ValueError("classes must be integers (classlabels_ints)")
    if len(w) != len(labels) * sizes(x)[-1]:
        raise ValueError(f"needs {sizes(x)[-1]} coefficients for each of {len(labels)} classes")
    w = np.ascontiguousarray(w.reshape(len(labels), -1).T)
    scores = ops.matmul(ops.cast(x, "float32"), w)
    if node.list("intercepts"):
        scores = ops.add(scores, np.array(node.list("intercepts"), np.float32))
    label = ops.take(np.array(labels, np.int32), ops.argmax(scores, axis=-1), 0)
    kind = node.text("post_transform", "NONE")
    if kind not in ("NONE", "SOFTMAX", "LOGISTIC"):
        raise ValueError(f"post_transform must be NONE, SOFTMAX or LOGISTIC; got {kind}")
    if kind == "SOFTMAX":
        scores = ops.softmax(scores, axis=-1)
    return label, ops.sigmoid(scores) if kind == "LOGISTIC" else scores


@operator("ZipMap", domain=ML)
def zip_map(_: Node, x: Any) -> Any:
    """Return the table of probabilities that the node would return as a dict for each row."""
    return x
