"""Fits by several processes: the program that ``mpiexec`` runs for test_distribute.py.

python tests/distributed_fits.py OUT WHAT FOLDER writes the results to OUT.RANK as JSON.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterable
from typing import Any

import numpy as np

import lamina
from distributed_failures import absent, deaf, failures, killed, small
from lamina import callbacks, layers, ops, optimizers, random
from lamina.data import stages, unread
from lamina.distribute import DataParallel
from lamina.models.data import reading

ROWS = 75
Fitted = tuple[Any, Any]  # a model and its history


def digest(model: Any, history: Any) -> str:
    """Return a digest of all bits that result from a fit."""
    found = hashlib.blake2b(digest_size=8)

    def add(value: Any) -> None:
        if isinstance(value, np.ndarray):
            found.update(np.ascontiguousarray(value).tobytes())
        elif isinstance(value, dict):
            for each in value.values():  # keys are names, which differ for layers made later
                add(each)
        elif isinstance(value, (list, tuple)):
            for each in value:
                add(each)
        else:
            found.update(repr(value).encode())

    state = model.train_state.get({model.path_of(p): p for p in model.parameters})
    del state["position"]
    logs = [[key, values] for key, values in sorted(history.history.items())]
    add([[p.array for p in model.parameters], state, logs])
    return found.hexdigest()


class Spread(lamina.metrics.Metric):
    """A metric whose value depends on which rows it receives together."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.batches, self.total = self.add_variable(name="batches"), 0.0

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.total += float(np.ptp(y_pred) - np.ptp(y_true))
        self.batches.assign_add(1.0)

    def reset_state(self) -> None:
        super().reset_state()
        self.total = 0.0

    def result(self) -> float:
        return self.total / float(self.batches)


def images(comm: Any) -> Fitted:
    """Convolutions, batch normalisation, dropout, penalties, weights, callbacks that steer."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(ROWS, 6, 6, 2)).astype("float32"), rng.integers(0, 3, ROWS)
    model = lamina.Sequential([
        lamina.Input((6, 6, 2)),
        layers.Conv2D(4, 3), layers.BatchNormalization(momentum=0.7), layers.ReLU(),
        layers.Flatten(), layers.Dropout(0.3),
        layers.Dense(16, activation="relu", kernel_regularizer="l1_l2"),
        layers.BatchNormalization(), layers.Dense(3, activation="softmax"),
    ])  # fmt: skip
    adam = optimizers.Adam(0.01, global_clipnorm=0.5, weight_decay=1e-3)
    model.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
    steering = [
        callbacks.EarlyStopping("val_loss", patience=3, restore_best_weights=True),
        callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=0, min_delta=0.5),
    ]
    history = DataParallel(model, comm, bucket_bytes=1024).fit(
        x, y, batch_size=16, epochs=4, verbose=0, validation_split=0.2, callbacks=steering,
        sample_weight=rng.uniform(0.5, 2.0, ROWS), class_weight={0: 2.0},
    )  # fmt: skip
    return model, history


def texts(comm: Any) -> Fitted:
    """Masks: the divisor of a loss is not known from one slice."""
    rng = np.random.default_rng(1)
    x = rng.integers(1, 20, (ROWS, 7))
    x[np.arange(7) >= rng.integers(1, 8, ROWS)[:, None]] = 0
    y = rng.normal(size=(ROWS, 7, 1))
    model = lamina.Sequential([
        lamina.Input((7,)),
        layers.Embedding(20, 5, mask_zero=True),
        layers.LSTM(6, return_sequences=True, dropout=0.2, recurrent_dropout=0.2),
        layers.TimeDistributed(layers.Dense(1, activity_regularizer="l2")),
    ])  # fmt: skip
    rms = optimizers.RMSprop(0.01, momentum=0.5, clipvalue=0.1)
    model.compile(rms, "mse", metrics=["mae"], weighted_metrics=["mse"])
    history = DataParallel(model, comm).fit(
        x, y, batch_size=20, epochs=2, verbose=0, sample_weight=rng.uniform(0.5, 2.0, ROWS),
        validation_data=(x[:30], y[:30]), shuffle=False,
    )  # fmt: skip
    return model, history


def outputs(comm: Any) -> Fitted:
    """Several outputs and optimizers, float64, metrics in Python, averages, accumulation."""
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(ROWS, 5)), rng.normal(size=(ROWS, 2))
    first = lamina.Input((5,))
    hidden = layers.GaussianNoise(0.1)(layers.Dense(9, activation="tanh")(first))
    model = lamina.Model(
        first, [layers.Dense(2, name="a")(hidden), layers.Dense(1, name="b")(hidden)]
    )
    several = optimizers.MultiOptimizer(optimizers.OptimizerMap(
        optimizers.SGD(0.05, momentum=0.9, gradient_accumulation_steps=2),
        {"(a|b)/.*": optimizers.Adam(0.01, use_ema=True, clipnorm=0.3)},
    ))  # fmt: skip
    model.compile(several, ["mse", "mae"], metrics={"a": [Spread(name="spread")], "b": ["mse"]})
    targets = [y, y[:, :1] > 0]
    history = DataParallel(model, comm).fit(
        x, targets, batch_size=32, epochs=3, verbose=0, validation_data=(x, targets)
    )
    return model, history


class Own(lamina.Sequential):
    """A model whose class defines the loss of a step."""

    def train_step(self, data: Any) -> Any:
        x, y, *weights = data
        predicted = self(x, training=True)
        errors = ops.square(predicted - y)
        loss = ops.mean(weights[0] * errors[:, 0]) if weights else ops.mean(errors)
        return {"loss": loss + sum(self.losses), "size": ops.mean(ops.abs(predicted))}


class Halving(optimizers.SGD):
    """An optimizer whose step is written in Python."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        self.assign_sub(variable, 0.5 * learning_rate * gradient)


class Bounded(lamina.losses.Loss):
    """A loss of a user's class, which names a function among its settings."""

    def __init__(self, bound: Any, **options: Any) -> None:
        super().__init__(**options)
        self.bound = bound

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return ops.mean(self.bound(ops.abs(y_true - y_pred)), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "bound": self.bound}


def own_functions(comm: Any) -> Fitted:
    """Losses and metrics that are functions, whose place in memory differs between processes."""
    rng = np.random.default_rng(6)
    x = rng.normal(size=(ROWS, 5)).astype("float32")
    first = lamina.Input((5,))
    hidden = layers.Dense(7, activation=lambda z: ops.maximum(z, 0.1 * z))(first)
    model = lamina.Model(
        first, [layers.Dense(1, name="a")(hidden), layers.Dense(1, name="b")(hidden)]
    )

    def spread(y_true: Any, y_pred: Any) -> Any:
        return ops.mean(ops.square(y_pred), axis=-1)

    absolute = lambda t, p: ops.mean(ops.abs(t - p), axis=-1)  # noqa: E731
    loss = [absolute, Bounded(lambda gap: ops.minimum(gap, 2.0))]
    model.compile(optimizers.Adam(0.01), loss, metrics=[[spread], [absolute]])
    rising = callbacks.LearningRateScheduler(lambda epoch, rate: rate * 1.1)
    return model, DataParallel(model, comm).fit(
        x, [x[:, :1], x[:, 1:2]], batch_size=20, epochs=2, verbose=0, callbacks=[rising]
    )


def own_steps(comm: Any) -> Fitted:
    """User-defined steps and optimizers, batches of a generator and of a memory map."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(ROWS, 4)).astype("float32")
    y = x.sum(axis=1, keepdims=True)
    weights = rng.uniform(0.5, 2.0, size=ROWS).astype("float32")
    dense = layers.Dense(8, activation="tanh", kernel_regularizer="l2")
    model = Own([lamina.Input((4,)), dense, layers.Dense(1)])
    model.compile(Halving(0.1), "mse")
    parallel = DataParallel(model, comm, slices=4)
    parallel.fit(((x[i::5], y[i::5], weights[i::5]) for i in range(5)), verbose=0)
    data = lamina.data.Dataset.from_tensor_slices((x, y)).shuffle(ROWS, seed=4).batch(10)
    history = parallel.fit(data, epochs=2, verbose=0, validation_data=data)
    history.history["alone"] = [parallel.evaluate(x, y, verbose=0, return_dict=True)]
    history.history["batch"] = [parallel.train_on_batch(x[:9], y[:9])]
    return model, history


def shards(comm: Any) -> Fitted:
    """A data set and a memory map; each process reads only the rows of its slices."""
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(300, 7)).astype("float32"), rng.normal(size=(300, 1)).astype("float32")
    model = lamina.Sequential([lamina.Input((7,)), layers.Dropout(0.1), layers.Dense(1)])
    model.compile("adam", "mse", metrics=[Spread()])
    parallel = DataParallel(model, comm)
    taken: list[int] = []

    def take(rows: Any) -> Any:
        taken.append(len(rows))
        return x[rows], y[rows]

    data = lamina.data.Dataset(stages.Rows(take, len(x))).shuffle(300, seed=1).batch(32).prefetch(1)
    logs = parallel.fit(data, epochs=2, verbose=0).history
    of_map = unread.Mapped.take

    def counted(self: Any, rows: Any) -> Any:
        taken.append(len(rows))
        return of_map(self, rows)

    READ["data set"] = sum(taken)
    taken.clear()
    before = unread.LARGE, unread.RUN, reading.WINDOW
    with tempfile.TemporaryDirectory() as folder:
        try:
            unread.LARGE, unread.RUN, reading.WINDOW, unread.Mapped.take = 1, 140, 1400, counted
            np.save(os.path.join(folder, "x.npy"), x)
            mapped = np.load(os.path.join(folder, "x.npy"), mmap_mode="r")
            history = parallel.fit(mapped, y, batch_size=32, epochs=2, verbose=0)
        finally:
            unread.LARGE, unread.RUN, reading.WINDOW = before
            unread.Mapped.take = of_map
    READ["memory map"] = sum(taken)
    history.history["before"] = list(logs.values())
    return model, history


def wide(comm: Any) -> Fitted:
    """Gradients that are summed in parts: by each process, or in pairs."""
    rng = np.random.default_rng(8)
    x, y = rng.normal(size=(40, 96)).astype("float32"), rng.integers(0, 4, 40)
    model = lamina.Sequential([
        lamina.Input((96,)), layers.Dense(120, activation="tanh"), layers.Dense(90),
        layers.Dense(4, activation="softmax"),
    ])  # fmt: skip
    model.compile("adamw", "sparse_categorical_crossentropy")
    route = "direct" if comm is None or comm.Get_size() == 2 else "pairs"
    parallel = DataParallel(model, comm, bucket_bytes=20_000, route=route)
    return model, parallel.fit(x, y, batch_size=16, epochs=2, verbose=0)


def lengths(comm: Any) -> Fitted:
    """Rows of unequal length: batches of one length, then padded ones with masks."""
    rng = np.random.default_rng(9)
    x = [rng.normal(size=(3 + i % 4, 2)).astype("float32") for i in range(ROWS)]
    y = [row.sum(axis=1, keepdims=True) for row in x]
    model = lamina.Sequential([
        lamina.Input((None, 2)), layers.LSTM(5, return_sequences=True), layers.Dropout(0.2),
        layers.Dense(1),
    ])  # fmt: skip
    model.compile("adam", "mse", metrics=["mae", Spread()])
    parallel = DataParallel(model, comm)
    before = parallel.fit(x, y, batch_size=8, verbose=0, validation_split=0.3).history
    history = parallel.fit(x, y, batch_size=16, epochs=2, verbose=0, buckets=2)
    history.history["before"] = list(before.values())
    history.history["alone"] = [parallel.evaluate(x, y, verbose=0, return_dict=True)]
    return model, history


class BesideOthers(layers.Layer):
    """A layer that needs the number of rows, and draws random numbers from its own seed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.generator = random.SeedGenerator()

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        rows = ops.shape(inputs)[0]
        others = ops.reshape(ops.mean(inputs, axis=0, keepdims=True), (1, -1))
        both = ops.concatenate([inputs, ops.tile(others, (rows, 1))], axis=1)
        return random.dropout(both, 0.3, seed=self.generator) if training else both


def contrast(y_true: Any, y_pred: Any) -> Any:
    """A loss of each row against all others: one number for all rows that it receives."""
    rows = ops.shape(y_pred)[0]
    alike = ops.matmul(y_pred, ops.transpose(y_pred)) - 10.0 * ops.eye(rows)
    return ops.mean(ops.logsumexp(alike, axis=1)) + ops.mean(ops.square(y_true - y_pred))


def by_rows(comm: Any) -> Fitted:
    """A model recorded for one number of rows, in slices of two sizes; batches of 3 rows too."""
    rng = np.random.default_rng(10)
    x, y = rng.normal(size=(ROWS, 6)).astype("float32"), rng.normal(size=(ROWS, 3))
    model = lamina.Sequential([
        lamina.Input((6,)), layers.Dense(5, activation="tanh"), BesideOthers(),
        layers.BatchNormalization(), layers.Dropout(0.2), layers.Dense(3),
    ])  # fmt: skip
    model.compile(optimizers.Adam(0.01), contrast, metrics=["mae", Spread()])
    parallel, logs = DataParallel(model, comm, bucket_bytes=64), []
    for size in (11, 40, 16):  # of 59 rows
        fitted = parallel.fit(x, y, batch_size=size, epochs=2, validation_split=0.2, verbose=0)
        logs.append(list(fitted.history.values()))
    history = parallel.fit(((x[:n], y[:n]) for n in (20, 24, 17, 3)), verbose=0)
    history.history["before"] = logs
    history.history["alone"] = [parallel.evaluate(x, y, verbose=0, return_dict=True)]
    history.history["batches"] = [parallel.train_on_batch(x[:n], y[:n]) for n in (20, 5, 1)]
    return model, history


READ: dict[str, int] = {}  # rows that this process has read
FITS = {
    fit.__name__: fit
    for fit in (images, texts, outputs, own_functions, own_steps, shards, wide, lengths, by_rows)
}


def all_fits(comm: Any, names: Iterable[str] = tuple(FITS)) -> dict[str, str]:
    found = {}
    for name in names:
        lamina.set_random_seed(7)
        found[name] = digest(*FITS[name](comm))
    return found


# --- a fit that is stopped and continued


def resumed(comm: Any, folder: str, stop: int | None) -> str:
    """Fit with backups; if ``stop`` is None, to the end, from a backup if there is one."""
    lamina.set_random_seed(9)
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(ROWS, 4)), rng.normal(size=(ROWS, 1))
    model = lamina.Sequential([
        lamina.Input((4,)), layers.Dense(8), layers.BatchNormalization(), layers.Dropout(0.2),
        layers.Dense(1),
    ])  # fmt: skip
    model.compile("adam", "mse", metrics=["mae"])
    count = iter(range(1000))

    def stops(batch: int, logs: Any) -> None:
        if next(count) == stop:
            raise KeyboardInterrupt

    hooks = [
        callbacks.BackupAndRestore(folder, save_freq=2, delete_checkpoint=False),
        callbacks.LambdaCallback(on_train_batch_end=stops),
    ]
    parallel = DataParallel(model, comm)
    if stop is None:
        return digest(model, parallel.fit(x, y, 16, 4, verbose=0, callbacks=hooks))
    with contextlib.suppress(KeyboardInterrupt):
        parallel.fit(x, y, 16, 4, verbose=0, callbacks=hooks)
        return "not stopped"
    return "stopped"


def broadcast(comm: Any) -> str:
    model, x, y = small()
    parallel = DataParallel(model, comm)
    for _ in range(parallel.rank):
        model.fit(x, y, verbose=0)
    parallel.broadcast(1)
    return digest(model, parallel.fit(x, y, epochs=2, verbose=0))


def main() -> None:
    out, what, folder = sys.argv[1:]
    from mpi4py import MPI

    comm = MPI.COMM_WORLD
    ending = {"killed": killed, "deaf": deaf, "absent": absent}.get(what)
    if ending is not None:
        ending(comm)
        return
    names = ("images", "by_rows") if what == "some" else tuple(FITS)
    found: dict[str, Any] = {"fits": all_fits(comm, names), "read": READ}
    if what != "some":
        found["resumed"] = resumed(comm, folder, {"first": 7, "second": None}[what])
    if what == "first":
        found["failures"] = {**failures(comm), "broadcast": broadcast(comm)}
        lamina.set_random_seed(7)
        found["self"] = digest(*images(MPI.COMM_SELF)) if comm.Get_rank() == 0 else ""
    with open(f"{out}.{comm.Get_rank()}", "w", encoding="utf-8") as file:
        json.dump(found, file)


if __name__ == "__main__":
    main()
