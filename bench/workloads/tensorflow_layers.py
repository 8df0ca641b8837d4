"""The layers of the TensorFlow peer: each kind draws its weights and returns its function."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from common import silenced
from workloads import Layer

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"
with silenced():  # it reports oneDNN at any level of logging
    import tensorflow as tf
tf.get_logger().setLevel("ERROR")  # each new network is compiled again, as intended

Shape = Any  # of a row, channels last; of several inputs, a tuple of those
Apply = Callable[[Any, bool], Any]  # (x, training) to the layer's output
Built = tuple[Apply, Shape]
SHORT = 256  # time steps up to which a recurrence is unrolled: half the time of a loop
MOMENTUM = 0.9  # of moving means and variances

ACTIVATIONS = {
    "relu": tf.nn.relu,
    "tanh": tf.tanh,
    "sigmoid": tf.sigmoid,
    "softmax": tf.nn.softmax,
}


def activated(z: Any, activation: str) -> Any:
    return ACTIVATIONS.get(activation, lambda z: z)(z)


class Store:
    """The weights, drawn from the same distributions as in the other peers, Keras's."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)
        self.weights: list[tf.Variable] = []  # trained or not, in Keras's order
        self.trained: list[tf.Variable] = []

    def add(self, value: Any, trained: bool = True) -> tf.Variable:
        weight = tf.Variable(np.asarray(value, np.float32), trainable=trained)
        self.weights.append(weight)
        if trained:
            self.trained.append(weight)
        return weight

    def glorot(self, *shape: int) -> tf.Variable:
        limit = math.sqrt(6.0 / (math.prod(shape[:-2]) * (shape[-2] + shape[-1])))
        return self.add(self.rng.uniform(-limit, limit, shape))

    def orthogonal(self, units: int, columns: int) -> tf.Variable:
        return self.add(np.linalg.qr(self.rng.standard_normal((columns, units)))[0].T)

    def zeros(self, *shape: int) -> tf.Variable:
        return self.add(np.zeros(shape))


def dense(store: Store, shape: Shape, units: int, activation: str) -> Built:
    kernel, bias = store.glorot(shape[-1], units), store.zeros(units)
    return lambda x, _: activated(tf.nn.bias_add(x @ kernel, bias), activation), (units,)


def dropout(_store: Store, shape: Shape, rate: float) -> Built:
    return lambda x, training: tf.nn.dropout(x, rate) if training else x, shape


def conv(
    store: Store, shape: Shape, filters: int, size: int, padding: str, activation: str
) -> Built:
    lost = 0 if padding == "same" else size - 1
    places = tuple(length - lost for length in shape[:-1])
    kernel, bias = store.glorot(*(size,) * len(places), shape[-1], filters), store.zeros(filters)
    convolved = tf.nn.conv1d if len(places) == 1 else tf.nn.conv2d

    def apply(x: Any, _training: bool) -> Any:
        z = tf.nn.bias_add(convolved(x, kernel, 1, padding.upper()), bias)
        return activated(z, activation)

    return apply, (*places, filters)


def depthwise_conv2d(store: Store, shape: Shape, size: int, padding: str) -> Built:
    channels = shape[-1]
    kernel, bias = store.glorot(size, size, channels, 1), store.zeros(channels)
    lost = 0 if padding == "same" else size - 1

    def apply(x: Any, _training: bool) -> Any:
        z = tf.nn.depthwise_conv2d(x, kernel, (1, 1, 1, 1), padding.upper())
        return tf.nn.bias_add(z, bias)

    return apply, (shape[0] - lost, shape[1] - lost, channels)


def max_pool2d(_store: Store, shape: Shape, size: int) -> Built:
    out = (shape[0] // size, shape[1] // size, shape[2])
    return lambda x, _: tf.nn.max_pool2d(x, size, size, "VALID"), out


def batch_norm(store: Store, shape: Shape) -> Built:
    gamma, beta = store.add(np.ones(shape[-1])), store.zeros(shape[-1])
    mean = store.add(np.zeros(shape[-1]), trained=False)
    variance = store.add(np.ones(shape[-1]), trained=False)

    def apply(x: Any, training: bool) -> Any:
        fused = tf.compat.v1.nn.fused_batch_norm
        if not training:
            return fused(x, gamma, beta, mean, variance, 1e-3, is_training=False)[0]
        y, batch_mean, batch_variance = fused(x, gamma, beta, epsilon=1e-3)
        mean.assign_sub((1 - MOMENTUM) * (mean - batch_mean))
        variance.assign_sub((1 - MOMENTUM) * (variance - batch_variance))
        return y

    return apply, shape


def recurrence(
    store: Store, shape: Shape, units: int, gates: int, bias: Any, advance: Any
) -> Built:
    """Run `advance(z, h, recurrent kernel)` over time, z the inputs' share; give the last h."""
    kernel, recurrent = (
        store.glorot(shape[1], gates * units),
        store.orthogonal(units, gates * units),
    )
    biases = store.add(bias)
    steps = shape[0]

    def apply(x: Any, _training: bool) -> Any:
        by_time = tf.transpose(x, (1, 0, 2))
        flat = tf.reshape(by_time, (-1, shape[1])) @ kernel
        z = tf.reshape(flat, (steps, -1, gates * units))
        h = tf.zeros_like(z[0, :, :units])
        if steps <= SHORT:
            for each in tf.unstack(z, num=steps):
                h = advance(each, h, recurrent, biases)
            return h
        return tf.while_loop(
            lambda t, _: t < steps,
            lambda t, h: (t + 1, advance(z[t], h, recurrent, biases)),
            (tf.constant(0), h),
        )[1]

    return apply, (units,)


def simple_rnn(store: Store, shape: Shape, units: int, activation: str) -> Built:
    def advance(z: Any, h: Any, recurrent: Any, bias: Any) -> Any:
        return activated(tf.nn.bias_add(z + h @ recurrent, bias), activation)

    return recurrence(store, shape, units, 1, np.zeros(units), advance)


def gru(store: Store, shape: Shape, units: int) -> Built:
    """Return the GRU of Keras and cuDNN: the reset gate acts on the product with the state."""

    def advance(z: Any, h: Any, recurrent: Any, bias: Any) -> Any:
        update_z, reset_z, new_z = tf.split(z + bias[0], 3, axis=1)
        update_h, reset_h, new_h = tf.split(tf.nn.bias_add(h @ recurrent, bias[1]), 3, axis=1)
        update, reset = tf.sigmoid(update_z + update_h), tf.sigmoid(reset_z + reset_h)
        new = tf.tanh(new_z + reset * new_h)
        return new + update * (h - new)

    return recurrence(store, shape, units, 3, np.zeros((2, 3 * units)), advance)


def lstm(store: Store, shape: Shape, units: int) -> Built:
    """Keep Keras's order of gates, i, f, c, o; the operation needs i, c, f, o."""
    kernel, recurrent = store.glorot(shape[1], 4 * units), store.orthogonal(units, 4 * units)
    bias = store.add(np.repeat([0.0, 1.0, 0.0, 0.0], units))  # forget little at first
    steps = shape[0]

    def apply(x: Any, _training: bool) -> Any:
        def ordered(weight: Any) -> Any:
            i, f, c, o = tf.split(weight, 4, axis=-1)
            return tf.concat((i, c, f, o), -1)

        peephole = tf.zeros((units,))
        state = tf.zeros((tf.shape(x)[0], units))
        h = tf.raw_ops.BlockLSTM(
            seq_len_max=tf.constant(steps, tf.int64),
            x=tf.transpose(x, (1, 0, 2)),
            cs_prev=state,
            h_prev=state,
            w=ordered(tf.concat((kernel, recurrent), 0)),
            wci=peephole,
            wcf=peephole,
            wco=peephole,
            b=ordered(bias),
            forget_bias=0.0,
            cell_clip=-1.0,
        ).h
        return h[-1]

    return apply, (units,)


def bidirectional_lstm(store: Store, shape: Shape, units: int) -> Built:
    ahead, _ = lstm(store, shape, units)
    back, _ = lstm(store, shape, units)

    def apply(x: Any, training: bool) -> Any:
        return tf.concat((ahead(x, training), back(tf.reverse(x, (1,)), training)), 1)

    return apply, (2 * units,)


def embedding(store: Store, shape: Shape, words: int, size: int) -> Built:
    table = store.add(store.rng.uniform(-0.05, 0.05, (words, size)))
    return lambda x, _: tf.gather(table, x), (*shape, size)


def residual(store: Store, shape: Shape, layers: tuple[Layer, ...]) -> Built:
    inner, out = network(store, shape, layers)
    return lambda x, training: x + inner(x, training), out


def concatenate(store: Store, shapes: Shape, *branches: tuple[Layer, ...]) -> Built:
    built = [network(store, *each) for each in zip(shapes, branches, strict=True)]

    def apply(xs: Any, training: bool) -> Any:
        parts = [each(x, training) for (each, _), x in zip(built, xs, strict=True)]
        return tf.concat(parts, -1)

    return apply, (sum(shape[-1] for _, shape in built),)


LAYERS: dict[str, Callable[..., Built]] = {
    "dense": dense,
    "dropout": dropout,
    "activation": lambda _, shape, name: (lambda x, _: activated(x, name), shape),
    "batch_norm": batch_norm,
    "conv1d": conv,
    "conv2d": conv,
    "depthwise_conv2d": depthwise_conv2d,
    "max_pool2d": max_pool2d,
    "global_average_pool1d": lambda _, shape: (lambda x, _: tf.reduce_mean(x, 1), shape[-1:]),
    "global_average_pool2d": lambda _, shape: (lambda x, _: tf.reduce_mean(x, (1, 2)), shape[-1:]),
    "flatten": lambda _, shape: (
        lambda x, _: tf.reshape(x, (-1, math.prod(shape))),
        (math.prod(shape),),
    ),
    "simple_rnn": simple_rnn,
    "gru": gru,
    "lstm": lstm,
    "bidirectional_lstm": bidirectional_lstm,
    "embedding": embedding,
    "residual": residual,
    "concatenate": concatenate,
}


def network(store: Store, shape: Shape, layers: tuple[Layer, ...]) -> Built:
    applied = []
    for kind, *settings in layers:
        apply, shape = LAYERS[str(kind)](store, shape, *settings)
        applied.append(apply)

    def through(x: Any, training: bool) -> Any:
        for apply in applied:
            x = apply(x, training)
        return x

    return through, shape
