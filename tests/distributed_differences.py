"""Processes that do not do the same: the program for test_distribute_differences.py.

python tests/distributed_differences.py OUT writes the results to OUT.RANK as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import lamina
from distributed_failures import small
from distributed_fits import digest
from lamina import callbacks, layers, random
from lamina.distribute import DataParallel


def in_last(parallel: Any, hook: str, action: Any) -> list[Any]:
    """Return a callback with one hook in the last process, and none in the others."""
    if parallel.rank < parallel.size - 1:
        return []
    return [type("One", (callbacks.Callback,), {hook: lambda *_: action()})()]


def stopped(comm: Any, hook: str) -> str:
    """Return where a fit ends if a hook of one process stops it."""
    model, x, y = small()
    parallel = DataParallel(model, comm)
    stops = in_last(parallel, hook, lambda: setattr(model, "stop_training", True))
    settings = {"batch_size": 8, "epochs": 3, "verbose": 0, "validation_data": (x[:9], y[:9])}
    history = parallel.fit(x, y, **settings, callbacks=stops)
    return f"{len(history.epoch)} epochs, {model.train_state.step} steps"


def stopped_evaluation(comm: Any, hook: str) -> bool:
    """Return whether the loss is that of the first batch if a hook of one process stops."""
    model, x, y = small()
    parallel = DataParallel(model, comm)
    first = parallel.evaluate(x[:8], y[:8], batch_size=8, verbose=0)
    stops = in_last(parallel, hook, lambda: setattr(model, "stop_evaluating", True))
    return bool(parallel.evaluate(x, y, batch_size=8, verbose=0, callbacks=stops) == first)


def heard(comm: Any) -> str:
    """Validate 300 rows, of which one process hears each batch."""
    model, x, y = small()
    parallel = DataParallel(model, comm)
    hears = in_last(parallel, "on_test_batch_end", lambda: None)
    x, y = x.repeat(8, axis=0)[:300], y.repeat(8, axis=0)[:300]
    parallel.fit(x, y, verbose=0, validation_data=(x, y), callbacks=hears)
    return f"{parallel.evaluate(x, y, verbose=0, callbacks=hears):.3f}"


def stops(comm: Any) -> dict[str, Any]:
    fits = ("on_train_begin", "on_epoch_begin", "on_train_batch_end", "on_test_end", "on_epoch_end")
    tests = ("on_test_begin", "on_test_batch_end")
    return {
        **{hook: stopped(comm, hook) for hook in fits},
        **{f"evaluate, {hook}": stopped_evaluation(comm, hook) for hook in tests},
        "heard": heard(comm),
    }


class Flips(layers.Layer):
    """A layer whose generator of seeds is drawn with the model."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.generator = random.SeedGenerator()

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        return random.dropout(inputs, 0.3, seed=self.generator) if training else inputs


def functional(seed: int) -> Any:
    first = lamina.Input((3,))
    inner = lamina.Sequential([lamina.Input((3,)), layers.Dense(4), layers.Dropout(0.2)])
    return lamina.Model(first, layers.Dense(1)(layers.BatchNormalization()(inner(first))))


def noisy(seed: int) -> Any:
    """Layers have seeds of their own, some of which are fixed once they are built."""
    first = lamina.Input((3,))
    noise = layers.Reshape((3, 1))(layers.GaussianNoise(0.1, seed=seed)(first))
    seen = layers.MultiHeadAttention(2, 3, dropout=0.2, seed=seed)(noise, noise)
    return lamina.Model(first, layers.Dense(1)(Flips()(layers.LSTM(3, dropout=0.2)(seen))))


def plain(seed: int) -> Any:
    return lamina.Sequential([lamina.Input((3,)), layers.Dense(4), layers.Dense(1)])


def deferred(seed: int) -> Any:
    return lamina.Sequential([layers.Dense(4), layers.Dropout(0.3), layers.Dense(1)])


class Listed(layers.Layer):
    """A layer with an argument that is named like the layers of a model."""

    def __init__(self, layers: list[int], **options: Any) -> None:
        super().__init__(**options)
        self.layers = layers

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "layers": self.layers}

    def call(self, inputs: Any) -> Any:
        return inputs * float(sum(self.layers))


class Own(lamina.Model):
    """A model without a configuration, whose first layer has its own width in each process."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.first, self.second = layers.Dense(units), layers.Dense(1)

    def call(self, inputs: Any) -> Any:
        return self.second(self.first(inputs))


def begun(make: Any, seed: int) -> Any:
    """Return a compiled model whose seeds and weights follow from a seed."""
    lamina.set_random_seed(seed)
    model = make(seed)
    model.compile("adam", "mse", metrics=["mae"])
    return model


def broadcast(comm: Any, make: Any) -> tuple[str, str]:
    """Return digests of a fit after a broadcast by the last process, and of a fit by it alone."""
    _, x, y = small()
    found = []
    for group in (comm, None):
        root = comm.Get_size() - 1
        rank = root if group is None else comm.Get_rank()
        model = begun(make, 1 + rank)
        parallel = DataParallel(model, group)
        if rank == root or make is not deferred:  # which the others build at the broadcast
            DataParallel(model, None).fit(x[:9], y[:9], verbose=0)
        parallel.broadcast(0 if group is None else root)
        found.append(digest(model, parallel.fit(x, y, batch_size=10, epochs=2, verbose=0)))
    return found[0], found[1]


def error_of(action: Any, *arguments: Any, **options: Any) -> str:
    """Return the error of a call; "" if there is none."""
    try:
        action(*arguments, **options)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def broadcasts(comm: Any) -> dict[str, Any]:
    rank = comm.Get_rank()
    _, x, y = small()
    forgot = begun(plain, 1 + rank)
    noise = begun(lambda seed: noisy(1 + rank), 1)

    def more(seed: int) -> Any:
        return lamina.Sequential([lamina.Input((3,)), *(layers.Dense(3) for _ in range(1 + rank))])

    def within(seed: int) -> Any:
        inner = lamina.Sequential([lamina.Input((3,)), layers.Dropout((1 + rank) / 4)])
        return lamina.Sequential([inner, layers.Dense(1)])

    def own(seed: int) -> Any:
        return lamina.Sequential([lamina.Input((3,)), Listed([1, 2 + rank]), layers.Dense(1)])

    other = begun(lambda seed: lamina.Sequential([lamina.Input((3,)), layers.Dense(1 + rank)]), 1)
    return {
        "digests": {
            make.__name__: broadcast(comm, make) for make in (plain, deferred, functional, noisy)
        },
        "forgot": error_of(DataParallel(forgot, comm).fit, x, y, verbose=0),
        "noise": error_of(DataParallel(noise, comm).fit, x, y, verbose=0),
        "other layers": error_of(DataParallel(other, comm).broadcast),
        "more layers": error_of(DataParallel(begun(more, 1), comm).broadcast),
        "nested layers": error_of(DataParallel(begun(within, 1), comm).evaluate, x, y),
        "own class": error_of(DataParallel(begun(lambda _: Own(4 + rank), 1), comm).evaluate, x, y),
        "own argument": error_of(DataParallel(begun(own, 1), comm).evaluate, x, y),
        "not built": error_of(DataParallel(begun(deferred, 1), comm).broadcast, 1),
    }


def methods(comm: Any) -> dict[str, str]:
    """Return the errors of processes that call different methods, one after another."""
    model, x, y = small()
    parallel, last = DataParallel(model, comm), comm.Get_rank() == comm.Get_size() - 1
    others: dict[str, Any] = {
        "evaluate": lambda: parallel.evaluate(x, y, verbose=0),
        "train_on_batch": lambda: parallel.train_on_batch(x, y),
        "broadcast": parallel.broadcast,
    }
    found = {}
    for name, other in others.items():
        found[name] = error_of(other if last else lambda: parallel.fit(x, y, verbose=0))
    found["root"] = error_of(parallel.broadcast, int(last))
    found["same"] = error_of(parallel.fit, x, y, verbose=0)

    def either(whole: bool) -> dict[str, Any]:
        return {"x": x, "y": y} if whole else {"x": iter([(x, y)])}

    found["form of x"] = error_of(parallel.fit, **either(last), verbose=0)
    found["evaluated form"] = error_of(parallel.evaluate, **either(not last), verbose=0)
    held = iter([(x, y)]) if last else (x, y)
    found["validation"] = error_of(parallel.fit, x, y, verbose=0, validation_data=held)
    backups = [callbacks.BackupAndRestore("not written")] if last else []
    found["backups"] = error_of(parallel.fit, x, y, verbose=0, callbacks=backups)
    hooks = ("on_train_begin", "on_epoch_begin", "on_train_batch_end", "on_epoch_end")
    for hook in (*hooks, "on_test_begin"):
        parallel = DataParallel(model, comm)
        calls = in_last(parallel, hook, lambda: parallel.evaluate(x, y, verbose=0))  # noqa: B023
        found[f"call in {hook}"] = error_of(
            parallel.fit, x, y, verbose=0, callbacks=calls, validation_data=(x, y)
        )
    parallel = DataParallel(model, comm)
    other = small()[0]
    other.compile(lamina.optimizers.SGD(0.1 + 0.1 * last), "mse")
    found["learning rate"] = error_of(DataParallel(other, comm).fit, x, y, verbose=0)
    other.compile("adam" if last else "sgd", "mse")
    found["optimizer"] = error_of(DataParallel(other, comm).fit, x, y, verbose=0)
    other.compile("sgd", "mae" if last else "mse")
    found["losses"] = error_of(DataParallel(other, comm).fit, x, y, verbose=0)
    rows = len(x) - last
    found["rows"] = error_of(parallel.fit, x[:rows], y[:rows], 8, steps_per_epoch=2, verbose=0)
    found["route"] = error_of(DataParallel, model, comm, slices=6, route="pairs")
    found["resume"] = error_of(parallel.fit, x, y, verbose=0, resume=last)
    found["slices"] = error_of(DataParallel(model, comm, slices=8 + last).evaluate, x, y)
    return found


def models(comm: Any) -> dict[str, str]:
    """Return the errors of processes whose models or batches differ, without a whole fit."""
    model, x, y = small()
    parallel, last = DataParallel(model, comm), comm.Get_rank() == comm.Get_size() - 1
    weight = model.layers[0].weights[0]

    def step() -> str:
        return error_of(parallel.train_on_batch, x[:16], y[:16])

    def evaluation() -> str:
        return error_of(parallel.evaluate, x, y, verbose=0)

    def differ() -> None:
        weight.assign(weight + 0.5 * last)

    found = {"none": step() + step() + evaluation()}
    later = begun(deferred, 1)
    if last:
        later.predict(x, verbose=0)
    found["built"] = error_of(DataParallel(later, comm).train_on_batch, x, y)
    if last:
        model.train_on_batch(x, y)
    found["trained alone"] = step()
    found["evaluated"] = evaluation()
    parallel.broadcast()
    found["broadcast"] = step() + evaluation()
    differ()
    model.compile("sgd", "mse")
    found["compiled"] = step()
    parallel.broadcast()
    model.layers[0].trainable = not last
    found["frozen"] = step()
    model.layers[0].trainable = True
    some = 3 + last  # fewer rows than slices
    found["rows"] = error_of(parallel.train_on_batch, x[:some], y[:some])
    found["evaluated rows"] = error_of(parallel.evaluate, x[: 20 + 9 * last], y[: 20 + 9 * last])

    def batches() -> Any:
        return ((x[:8], y[:8]) for _ in range(2 + last))

    found["source"] = error_of(parallel.evaluate, batches(), verbose=0)
    found["validation"] = error_of(
        parallel.fit, x, y, verbose=0, validation_data=batches(), callbacks=[]
    )
    parallel.broadcast()
    freezes = in_last(parallel, "on_train_batch_end", lambda: setattr(first, "trainable", False))
    first = model.layers[0]
    series = begun(lambda seed: lamina.Sequential([lamina.Input((None, 1)), layers.GRU(1)]), 1)
    unequal = [row[: 1 + i % 3, None] + (i == 7) * last for i, row in enumerate(x)]
    found["unequal rows"] = error_of(DataParallel(series, comm).fit, unequal, y, verbose=0)
    found["callback"] = error_of(parallel.fit, x, y, verbose=0, batch_size=10, callbacks=freezes)
    return found


def nested(comm: Any) -> dict[str, list[str]]:
    """Return the errors where one process fails while the others are in a call of a callback."""

    def failed(catches: bool) -> list[str]:
        model, x, y = small()
        parallel, caught = DataParallel(model, comm, patience=5.0), [""]

        def action() -> None:
            if not parallel.rank:
                time.sleep(0.5)  # until the others wait in their calls
                raise ZeroDivisionError("on purpose")
            caught[0] = error_of(parallel.evaluate, x, y, verbose=0)
            if not catches:
                raise OSError("other")

        hooks = [callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: action())]
        fits = error_of(parallel.fit, x, y, verbose=0, callbacks=hooks)
        return [caught[0], fits, error_of(parallel.fit, x, y, verbose=0)]

    return {"propagated": failed(False), "caught": failed(True)}


CASES = {case.__name__: case for case in (stops, broadcasts, methods, models, nested)}


def main() -> None:
    from mpi4py import MPI

    out, what = sys.argv[1:]
    found = CASES[what](MPI.COMM_WORLD)
    with open(f"{out}.{MPI.COMM_WORLD.Get_rank()}", "w", encoding="utf-8") as file:
        json.dump(found, file)


if __name__ == "__main__":
    main()
