"""Is a training step as fast after thousands of steps as at the beginning?

Moments and weights without a gradient shrink step by step, down to denormal numbers if nothing
stops them, and processors are slow with those.  In three networks most weights have no gradient: an
embedding of words that no longer occur, units that a ReLU has cut off, and weights that decay.
Models after few and after many steps take turns, several of each, because the place of a model's
arrays in memory alone can make a difference of 10 %; the figure is the ratio of the medians, which
should be 1.

    python bench/late_steps.py
    python bench/late_steps.py --early 50 --late 5000 --rounds 15
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import lamina
from common import add_options, append_history, at_least_one, machine, pin, table
from lamina import layers, optimizers

BATCH = 32
STEPS = 20  # per figure
Job = tuple[Any, Any, Any]  # model, inputs, targets


def rare_words() -> Job:
    """Return an embedding of 20,000 words, of which 100 occur after the first batch."""
    stack = [layers.Input((8,), dtype="int32"), layers.Embedding(20_000, 32), layers.Flatten()]
    model = lamina.Sequential([*stack, layers.Dense(1)])
    model.compile(optimizers.Adam(), "mse")
    rng = np.random.default_rng(1)
    y = rng.standard_normal((2500, 1)).astype("float32")
    model.fit(np.arange(20_000).reshape(2500, 8), y, batch_size=2500, verbose=0)
    return model, rng.integers(0, 100, (BATCH, 8)), y[:BATCH]


def dead_units() -> Job:
    """Return a hidden layer of 1,024 units, all but 8 of which are cut off after the first step."""
    model = lamina.Sequential(
        [layers.Input((256,)), layers.Dense(1024, activation="relu"), layers.Dense(1)]
    )
    model.compile(optimizers.Adam(), "mse")
    rng = np.random.default_rng(1)
    x = rng.standard_normal((BATCH, 256)).astype("float32")
    y = rng.standard_normal((BATCH, 1)).astype("float32")
    model.train_on_batch(x, y)
    weights = model.get_weights()
    weights[1][8:] = -1e4
    model.set_weights(weights)
    return model, x, y


def decay() -> Job:
    """Return a layer of 1,024 units with inputs of 0; weights decay by a twentieth per step."""
    model = lamina.Sequential(
        [layers.Input((256,)), layers.Dense(1024, activation="tanh"), layers.Dense(1)]
    )
    model.compile(optimizers.AdamW(0.1, weight_decay=0.5), "mse")
    rng = np.random.default_rng(1)
    return model, np.zeros((BATCH, 256), "float32"), rng.standard_normal((BATCH, 1))


JOBS: dict[str, Callable[[], Job]] = {
    "rare words": rare_words,
    "dead units": dead_units,
    "decay": decay,
}


def train(job: Job, steps: int) -> float:
    """Run steps, one per epoch; return microseconds per step."""
    model, x, y = job
    begin = time.perf_counter()
    model.fit(x, y, batch_size=BATCH, epochs=steps, shuffle=False, verbose=0)
    return 1e6 * (time.perf_counter() - begin) / steps


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--early", type=at_least_one, default=50, help="steps before the first")
    parser.add_argument("--late", type=at_least_one, default=5000, help="steps before the second")
    parser.add_argument("--models", type=at_least_one, default=4, help="of each kind")
    add_options(parser, rounds=15, threads=1)
    options = parser.parse_args(arguments)
    if options.early >= options.late:
        parser.error(f"--early must be less than --late, got {options.early} and {options.late}")
    pin(options.threads)
    lamina.set_num_threads(options.threads)
    rows, record = [], {}
    for name, make in JOBS.items():
        jobs = [(when, make()) for _ in range(options.models) for when in ("early", "late")]
        for when, job in jobs:
            train(job, options.early if when == "early" else options.late)
        figures: dict[str, list[float]] = {"early": [], "late": []}
        for _ in range(options.rounds):
            for when, job in jobs:
                train(job, 5)  # brings its arrays into the caches
                figures[when].append(train(job, STEPS))
        medians = {when: statistics.median(values) for when, values in figures.items()}
        record[name] = figures
        ratio = medians["late"] / medians["early"]
        rows.append([name, f"{medians['early']:.0f}", f"{medians['late']:.0f}", f"{ratio:.2f}"])
    head = ["network", f"us after {options.early}", f"us after {options.late}", "ratio"]
    print(table(head, rows))
    if options.history:
        steps = {"early": options.early, "late": options.late}
        append_history("late_steps", {**machine(options.threads), **steps, "us": record})


if __name__ == "__main__":
    sys.exit(main())
