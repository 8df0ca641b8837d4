"""Normalisation."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina import ops
from lamina.onnx.reading.graph import Node
from lamina.onnx.reading.registry import operator
from lamina.onnx.reading.views import axis_of, opened, plain, rank, sizes, stored_in, viewed


@operator("BatchNormalization", views=True, fixed=(3, 4))
def batch_normalization(node: Node, x: Any, scale: Any, bias: Any, mean: Any, variance: Any) -> Any:
    """Return channels normalised by the given statistics; in training mode, by the batch's."""
    stored, order = opened(x)
    axis = order[1] if rank(x) > 1 else order[-1]
    if node.opset < 9 and not node.int("spatial", 1):
        raise ValueError("normalisation of single elements (spatial=0) is not supported")
    epsilon = node.float("epsilon", 1e-5)
    if not node.int("training_mode", 0):
        y = ops.batch_normalization(
            stored, mean, variance, axis, offset=bias, scale=scale, epsilon=epsilon
        )
        return viewed(y, order)
    others = tuple(a for a in range(rank(x)) if a != axis)
    own_mean, own_variance = ops.moments(stored, others)
    y = ops.batch_normalization(
        stored, own_mean, own_variance, axis, offset=bias, scale=scale, epsilon=epsilon
    )
    keep = node.float("momentum", 0.9)
    running = [
        ops.add(ops.multiply(old, keep), ops.multiply(new, 1 - keep))
        for old, new in ((mean, own_mean), (variance, own_variance))
    ]
    return (viewed(y, order), *running)


def _scaled(y: Any, scale: Any, bias: Any) -> Any:
    y = y if scale is None else ops.multiply(y, scale)
    return y if bias is None else ops.add(y, bias)


@operator("InstanceNormalization", views=True)
def instance_normalization(node: Node, x: Any, scale: Any, bias: Any) -> Any:
    """Return each channel of each image with mean 0 and variance 1, scaled."""
    order = (0, rank(x) - 1, *range(1, rank(x) - 1))
    stored = stored_in(x, order)
    axes = tuple(range(1, rank(x) - 1))
    y = _standard(stored, axes, node.float("epsilon", 1e-5))
    return viewed(_scaled(y, scale, bias), order)


def _standard(x: Any, axes: Any, epsilon: float) -> Any:
    apart = ops.subtract(x, ops.mean(x, axes, True))
    variance = ops.mean(ops.square(apart), axes, True)
    return ops.multiply(apart, ops.rsqrt(ops.add(variance, epsilon)))


@operator("GroupNormalization")
def group_normalization(node: Node, x: Any, scale: Any, bias: Any) -> Any:
    """Return groups of channels of each image with mean 0 and variance 1, scaled."""
    groups = node.int("num_groups", 1)
    n, channels, *image = sizes(x)
    if channels % groups:
        raise ValueError(f"{channels} channels cannot be divided into {groups} groups")
    split = ops.reshape(
        x, (n, groups, -1) if not image else (n, groups, channels // groups, *image)
    )
    axes = tuple(range(2, rank(split)))
    y = _standard(split, axes, node.float("epsilon", 1e-5))
    if node.opset >= 21:
        y = ops.reshape(y, (n, channels, *image))
        shape = (channels, *(1,) * len(image))
        return _scaled(y, ops.reshape(scale, shape), ops.reshape(bias, shape))
    shape = (groups, *(1,) * len(axes))
    y = _scaled(y, ops.reshape(scale, shape), ops.reshape(bias, shape))
    return ops.reshape(y, (n, channels, *image))


@operator("LayerNormalization")
def layer_normalization(node: Node, x: Any, scale: Any, bias: Any = None) -> Any:
    """Return x with mean 0 and variance 1 over the last axes, scaled; the mean, 1 / deviation."""
    axis = axis_of(node.int("axis", -1), rank(x))
    axes, epsilon = tuple(range(axis, rank(x))), node.float("epsilon", 1e-5)
    y = ops.layer_normalization(x, axis=axes, epsilon=epsilon)
    y = _scaled(y, scale, bias)
    if not any(node.outputs[1:]):
        return y
    mean = ops.mean(x, axes, True)
    variance = ops.mean(ops.square(ops.subtract(x, mean)), axes, True)
    return y, mean, ops.rsqrt(ops.add(variance, epsilon))


@operator("RMSNormalization")
def rms_normalization(node: Node, x: Any, scale: Any) -> Any:
    """Return x divided by its root mean square over the last axes, scaled."""
    axes = tuple(range(axis_of(node.int("axis", -1), rank(x)), rank(x)))
    return ops.rms_normalization(x, scale, axes, node.float("epsilon", 1e-5))


@operator("MeanVarianceNormalization", views=True)
def mean_variance_normalization(node: Node, x: Any) -> Any:
    """Return x with mean 0 and variance 1 over axes."""
    stored, order = opened(x)
    axes = tuple(sorted(order[axis_of(a, rank(x))] for a in node.list("axes") or (0, 2, 3)))
    apart = ops.subtract(stored, ops.mean(stored, axes, True))
    deviation = ops.sqrt(ops.mean(ops.square(apart), axes, True))
    return viewed(ops.divide(apart, ops.add(deviation, 1e-9)), order)


@operator("LRN")
def local_response(node: Node, x: Any) -> Any:
    """Return x divided by a power of the squares in neighbouring channels."""
    size = node.int("size", 1)
    alpha, beta = node.float("alpha", 1e-4), node.float("beta", 0.75)
    channels = sizes(x)[1]
    places = np.arange(channels)
    low, high = (size - 1) // 2, size - 1 - (size - 1) // 2
    near = (places[:, None] - low <= places) & (places <= places[:, None] + high)
    squares = ops.moveaxis(ops.square(plain(x)), 1, -1)
    total = ops.matmul(squares, near.T.astype(np.float32))
    base = ops.add(ops.multiply(ops.moveaxis(total, -1, 1), alpha / size), node.float("bias", 1.0))
    return ops.divide(x, ops.power(base, beta))
