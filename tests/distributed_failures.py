"""Fits by several processes, one of which fails or differs, for test_distribute.py."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import numpy as np

import lamina
from lamina import callbacks, layers, ops
from lamina.distribute import DataParallel


def small() -> tuple[Any, Any, Any]:
    lamina.set_random_seed(11)
    x = np.random.default_rng(6).normal(size=(40, 3)).astype("float32")
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(4), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model, x, x.sum(axis=1, keepdims=True)


def message(comm: Any, change: Any = None, **settings: Any) -> str:
    """Return the message of the error of a fit that ``change(rank, model, x)`` may alter."""
    model, x, y = small()
    parallel = DataParallel(model, comm, patience=20.0)
    if change is not None:
        change(parallel.rank, model, x)
    settings = {k: v(parallel.rank) if callable(v) else v for k, v in settings.items()}
    try:
        history = parallel.fit(x, y, **{"batch_size": 10, "epochs": 2, "verbose": 0, **settings})
    except (Exception, KeyboardInterrupt) as error:
        again = ""
        try:
            parallel.evaluate(x, y, verbose=0)
        except ValueError:  # the models still differ
            pass
        except RuntimeError:
            again = "; broken"
        return f"{type(error).__name__}: {error}{again}"
    return f"{len(history.epoch)} epochs, {model.train_state.step} steps"


def failures(comm: Any) -> dict[str, str]:
    def other_weights(rank: int, model: Any, x: Any) -> None:
        model.layers[0].weights[0].assign(model.layers[0].weights[0] + rank)

    def other_data(rank: int, model: Any, x: Any) -> None:
        x[7] += rank

    def other_model(rank: int, model: Any, x: Any) -> None:
        model.layers[1].activation = "relu" if rank else "tanh"

    def other_loss(rank: int, model: Any, x: Any) -> None:
        factor = 2.0 + rank
        model.compile("sgd", lambda y_true, y_pred: factor * ops.mean(ops.abs(y_true - y_pred)))

    def raising(hook: str) -> Any:
        def fails(*_: Any) -> None:
            raise ZeroDivisionError("on purpose")

        return lambda rank: [callbacks.LambdaCallback(**{hook: fails})] if rank == 1 else []

    def rate_of_one(rank: int) -> list[Any]:
        class Sets(callbacks.Callback):
            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                self.model.optimizer.learning_rate = 0.5

        return [Sets()] if rank == 1 else []

    def of_one(hook: str, change: Any) -> Any:
        """Return the callbacks of each process: in the second one, a hook changes the model."""

        class Changes(callbacks.Callback):
            pass

        setattr(Changes, hook, lambda self, *_: change(self.model))
        return lambda rank: [Changes()] if rank == 1 else []

    ended: list[int] = []  # the processes that were told of an end of training

    def last_weights_of_one(rank: int) -> list[Any]:
        tells = callbacks.LambdaCallback(on_train_end=lambda logs: ended.append(rank))
        return [tells, *of_one("on_epoch_end", set_weights)(rank)]

    def best_of_one(rank: int) -> list[Any]:
        """The first process stops all, and alone goes back to its best weights."""
        rises = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(own=epoch))
        return [rises, callbacks.EarlyStopping("own", mode="min", patience=2)] if not rank else []

    def set_rate(model: Any) -> None:
        model.optimizer.learning_rate = 0.5

    def set_weights(model: Any) -> None:
        model.layers[1].bias.assign(model.layers[1].bias + 1.0)

    def freeze(model: Any) -> None:
        model.layers[1].trainable = False

    def stop_of_one(rank: int) -> list[Any]:
        class Stops(callbacks.Callback):
            def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
                self.model.stop_training = batch == 2

        return [Stops()] if rank == 1 else []

    def more_layers(rank: int) -> None:
        for _ in range(rank):
            small()[0].predict(np.zeros((1, 3)), verbose=0)

    def late(rank: int) -> int:
        return 10 + rank

    more_layers(comm.Get_rank())  # different names of layers do not matter
    return {
        "none": message(comm),
        "weights": message(comm, other_weights),
        "data": message(comm, other_data),
        "model": message(comm, other_model),
        "loss": message(comm, other_loss),
        "settings": message(comm, batch_size=late),
        "bad settings of one": message(comm, epochs=lambda rank: -rank or 2),
        "callback": message(comm, callbacks=raising("on_train_batch_end")),
        "last callback": message(comm, callbacks=raising("on_train_end")),
        "rate": message(comm, callbacks=rate_of_one),
        "best weights": message(comm, callbacks=best_of_one, epochs=30),
        "last rate": message(
            comm, callbacks=of_one("on_train_batch_end", set_rate), epochs=1, batch_size=40
        ),
        "last weights": message(comm, callbacks=last_weights_of_one, epochs=1),
        "ended": str(ended),
        "validated weights": message(
            comm, callbacks=of_one("on_test_end", set_weights), epochs=1, validation_split=0.3
        ),
        "ending": message(comm, callbacks=of_one("on_train_end", freeze)),
        "stop": message(comm, callbacks=stop_of_one),
        "diverges": message(comm, lambda rank, model, x: np.multiply(x, 1e30, out=x)),
        "rows of a batch": message_of_source(comm, lambda rank: [10, 9 + 2 * rank]),
        "batches": message_of_source(comm, lambda rank: [10] * (2 + rank)),
        "slices": message_of_slices(comm),
    }


def message_of_source(comm: Any, sizes_of: Any) -> str:
    model, x, y = small()
    parallel = DataParallel(model, comm)
    try:
        parallel.fit(((x[:size], y[:size]) for size in sizes_of(parallel.rank)), verbose=0)
    except RuntimeError as error:
        return str(error)
    return ""


def message_of_slices(comm: Any) -> str:
    try:
        DataParallel(small()[0], comm, slices=1)
    except ValueError as error:
        return str(error)
    return ""


def killed(comm: Any) -> None:
    """One process ends during a fit; the others must not continue, or wait forever."""
    model, x, y = small()

    def dies(epoch: int, logs: Any) -> None:
        if epoch == 3:
            os.kill(os.getpid(), signal.SIGKILL)

    parallel = DataParallel(model, comm)
    hooks = [callbacks.LambdaCallback(on_epoch_end=dies)] if parallel.rank == 1 else []
    parallel.fit(x, y, epochs=10**9, verbose=0, callbacks=hooks)


def deaf(comm: Any) -> None:
    """One process fails while another is not communicating."""
    model, x, y = small()
    parallel = DataParallel(model, comm, patience=0.3)

    def fails(epoch: int, logs: Any) -> None:
        if parallel.rank == 0:
            raise ZeroDivisionError("on purpose")
        time.sleep(600)

    parallel.fit(x, y, verbose=0, callbacks=[callbacks.LambdaCallback(on_epoch_end=fails)])


def absent(comm: Any) -> None:
    """The program of one process ends while the others wait for it in a fit."""
    model, x, y = small()
    parallel = DataParallel(model, comm, patience=0.3)
    parallel.evaluate(x, y, verbose=0)
    if parallel.rank == 0:
        parallel.fit(x, y, verbose=0)
