"""The overhead of fit per batch over the engine's work, without and with a callback: microseconds.

python bench/overhead.py
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from typing import Any

import numpy as np

from common import add_options, append_history, machine, pin, table, thread_environment

INPUTS, UNITS, BATCH, BATCHES = 8, 8, 32, 4000
TARGETS = {"fit": 3.0, "fit, a callback on every batch": 10.0}


def model_and_data() -> tuple[Any, Any, Any]:
    import lamina

    rng = np.random.default_rng(3)
    x = rng.standard_normal((BATCH * BATCHES, INPUTS), dtype=np.float32)
    y = x.sum(axis=1)
    layers = [lamina.Input((INPUTS,)), lamina.layers.Dense(UNITS, "relu"), lamina.layers.Dense(1)]
    model = lamina.Sequential(layers)
    model.compile(lamina.optimizers.SGD(1e-4), "mse")
    model.fit(x[:BATCH], y[:BATCH], verbose=0)
    return model, x, y


def replay(model: Any, x: Any, y: Any) -> float:
    """Return the microseconds of a batch if the engine is asked for steps one after another."""
    from lamina.callbacks import CallbackList
    from lamina.models.data.batches import Schedule
    from lamina.models.data.prepared import prepare
    from lamina.models.data.row_order import draw_of_epoch
    from lamina.models.training import loop as training
    from lamina.models.training.plan import plan

    parts = prepare("bench", model, x, y).parts()
    settings = plan(parts, BATCH, None)
    feed = Schedule(parts, settings.batch, settings.steps)
    run = training.Training(model, feed, [], settings, CallbackList())
    with run.steps:
        run.attach()
        train, (batches,) = run.train, feed.epoch(draw_of_epoch(model, True))
        order, spans = batches.order, list(batches.spans)
        begin = time.perf_counter()
        for start, stop in spans:
            train(order, start, stop, 1e-4, 1, 1)
        return 1e6 * (time.perf_counter() - begin) / len(spans)


def fitted(model: Any, x: Any, y: Any, callbacks: list[Any]) -> float:
    """Return the microseconds of a batch of an epoch, from its first hook to its last."""
    from lamina.callbacks import LambdaCallback

    times: list[float] = []

    def look(*_: object) -> None:
        times.append(time.perf_counter())

    clock = LambdaCallback(on_epoch_begin=look, on_epoch_end=look)
    model.fit(x, y, batch_size=BATCH, verbose=0, callbacks=[clock, *callbacks])
    return 1e6 * (times[1] - times[0]) / BATCHES


def measured(rounds: int) -> dict[str, list[float]]:
    """Return the rounds of each, one after the other within a round."""
    from lamina.callbacks import Callback

    class Watching(Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.seen = batch, logs["loss"]

    model, x, y = model_and_data()
    found: dict[str, list[float]] = {"the engine alone": [], **{name: [] for name in TARGETS}}
    for _ in range(rounds):
        found["the engine alone"].append(replay(model, x, y))
        found["fit"].append(fitted(model, x, y, []))
        found["fit, a callback on every batch"].append(fitted(model, x, y, [Watching()]))
    return found


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add_options(parser, rounds=21, threads=1)
    options = parser.parse_args(arguments)
    os.environ |= thread_environment(options.threads)
    pin(options.threads)
    rounds = measured(options.rounds)
    bare = rounds["the engine alone"]
    rows = []
    for name, values in rounds.items():
        added = [a - b for a, b in zip(values, bare, strict=True)]
        row = [name, f"{statistics.median(values):.2f}", "", "", ""]
        if name in TARGETS:
            middle, target = statistics.median(added), TARGETS[name]
            verdict = f"target {target:g}: {'met' if middle <= target else 'MISSED'}"
            row[2:] = [f"{middle:.2f}", f"{min(added):.2f}", verdict]
        rows.append(row)
    print(f"a batch of {BATCH} rows of a {INPUTS}-{UNITS}-1 network, medians of {options.rounds}")
    print(table(["", "us a batch", "added", "least", ""], rows))
    if options.history:
        append_history("overhead", {**machine(options.threads), "us": rounds})


if __name__ == "__main__":
    sys.exit(main())
