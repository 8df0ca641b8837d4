"""TensorFlow without Keras: the whole epoch in one `tf.function`, Adam by its fused operation.

No XLA: the graph's convolutions, products and normalisations run in oneDNN, channels last, and
its optimizer merges bias and activation into them.  LSTMs run in TensorFlow's operation for whole
blocks of time; other recurrences are unrolled where they are short enough to compile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from common import silenced
from workloads import Workload
from workloads.predicted_files import Files
from workloads.tensorflow_layers import LAYERS, Store, network, tf

BETA_1, BETA_2, EPSILON, RATE = 0.9, 0.999, 1e-7, 1e-3
KINDS = LAYERS.keys()


def versions() -> dict[str, str]:
    return {"tensorflow": tf.__version__}


def set_threads(threads: int) -> None:
    with silenced():
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        tf.random.set_seed(0)


def batch_loss(task: str, prediction: Any, y: Any) -> Any:
    if task == "classification":
        return tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=prediction)
        )
    if task == "binary":
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=prediction))
    return tf.reduce_mean(tf.square(prediction - y))


class Trainer:
    note = "epoch in one tf.function"

    def __init__(self, workload: Workload, threads: int, _variant: str) -> None:
        set_threads(threads)
        self.task, self.batch = workload.task, workload.batch
        self.steps = workload.steps_per_epoch
        xs, y = workload.data()
        self.xs, self.y = [tf.constant(x) for x in xs], tf.constant(y)
        self.store = Store()
        self.through, _ = network(self.store, workload.shape, workload.to_logits)
        self.slots = [
            (tf.Variable(tf.zeros_like(w)), tf.Variable(tf.zeros_like(w)))
            for w in self.store.trained
        ]
        self.powers = tf.Variable(1.0), tf.Variable(1.0)
        self.epoch = tf.function(self._epoch)
        self.full_loss = tf.function(self._loss)

    def _loss(self, xs: list[Any], y: Any, training: bool) -> Any:
        return batch_loss(self.task, self.through(xs if len(xs) > 1 else xs[0], training), y)

    def _step(self, xs: list[Any], y: Any) -> None:
        with tf.GradientTape() as tape:
            loss = self._loss(xs, y, True)
        gradients = tape.gradient(loss, self.store.trained)
        power_1, power_2 = self.powers
        power_1.assign(power_1 * BETA_1)
        power_2.assign(power_2 * BETA_2)
        for weight, (m, v), gradient in zip(self.store.trained, self.slots, gradients, strict=True):
            tf.raw_ops.ResourceApplyAdam(
                var=weight.handle,
                m=m.handle,
                v=v.handle,
                beta1_power=power_1,
                beta2_power=power_2,
                lr=RATE,
                beta1=BETA_1,
                beta2=BETA_2,
                epsilon=EPSILON,
                grad=tf.convert_to_tensor(gradient),
            )

    def _epoch(self) -> None:
        order = tf.random.shuffle(tf.range(self.steps * self.batch))
        xs, y = [tf.gather(x, order) for x in self.xs], tf.gather(self.y, order)
        for index in tf.range(self.steps):
            begin = index * self.batch

            def cut(array: Any, begin: Any = begin) -> Any:
                piece = array[begin : begin + self.batch]
                piece.set_shape((self.batch, *array.shape[1:]))
                return piece

            self._step([cut(x) for x in xs], cut(y))

    def fit(self, epochs: int) -> None:
        for _ in range(epochs):
            self.epoch()

    def loss(self) -> float:
        return float(self.full_loss(self.xs, self.y, False))


class Predictor:
    """A function of the number of rows, its weights frozen so that the graph can fold them."""

    def __init__(self, workload: Workload, threads: int, files: Files) -> None:
        set_threads(threads)
        store = Store()
        self.through, _ = network(store, workload.shape, workload.layers)
        arrays = {True: files.arrays("weights"), False: files.arrays("statistics")}
        for weight in store.weights:
            weight.assign(next(arrays[weight.trainable]))

    def prepare(self, xs: list[Any]) -> Callable[[], Any]:
        from tensorflow.python.framework.convert_to_constants import (
            convert_variables_to_constants_v2,
        )

        tensors = [tf.constant(x) for x in xs]
        function = tf.function(lambda *xs: self.through(xs if len(xs) > 1 else xs[0], False))
        specs = [tf.TensorSpec(x.shape, x.dtype) for x in tensors]
        frozen = convert_variables_to_constants_v2(function.get_concrete_function(*specs))

        def call() -> Any:
            return frozen(*tensors)[0].numpy()

        return call
