"""One row through a trained 13-64-1 network: microseconds a call.

python bench/single_row.py
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from common import Child, add_options, append_history, machine, pin, serve, table

Call = Callable[[], object]
INPUTS, UNITS = 13, 64
TARGETS = {"lamina, predict_on_batch": 5.0, "lamina, predict": 15.0}


def row_and_data() -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(3)
    x = rng.standard_normal((256, INPUTS), dtype=np.float32)
    return x[:1].copy(), x, x.sum(axis=1)


def lamina_calls() -> dict[str, Call]:
    import lamina

    row, x, y = row_and_data()
    hidden = lamina.layers.Dense(UNITS, activation="relu")
    model = lamina.Sequential([lamina.Input((INPUTS,)), hidden, lamina.layers.Dense(1)])
    model.compile(optimizer="adam", loss="mean_squared_error")
    model.fit(x, y, batch_size=32, epochs=2, verbose=0)
    return {
        "lamina, predict_on_batch": lambda: model.predict_on_batch(row),
        "lamina, predict": lambda: model.predict(row, verbose=0),
    }


def numpy_calls() -> dict[str, Call]:
    row, _, _ = row_and_data()
    rng = np.random.default_rng(4)
    w1, b1 = rng.standard_normal((INPUTS, UNITS), dtype=np.float32), np.zeros(UNITS, np.float32)
    w2, b2 = rng.standard_normal((UNITS, 1), dtype=np.float32), np.zeros(1, np.float32)
    return {"NumPy by hand": lambda: np.maximum(row @ w1 + b1, 0) @ w2 + b2}


def sklearn_calls() -> dict[str, Call]:
    from sklearn.neural_network import MLPRegressor

    row, x, y = row_and_data()
    model = MLPRegressor(hidden_layer_sizes=(UNITS,), max_iter=2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two epochs do not converge
        model.fit(x, y)
    return {"scikit-learn, predict": lambda: model.predict(row)}


def torch_calls() -> dict[str, Call]:
    import torch

    row = torch.from_numpy(row_and_data()[0])
    model = torch.nn.Sequential(
        torch.nn.Linear(INPUTS, UNITS), torch.nn.ReLU(), torch.nn.Linear(UNITS, 1)
    ).eval()

    def call() -> object:
        with torch.inference_mode():
            return model(row)

    return {"PyTorch, inference_mode": call}


def keras_calls() -> dict[str, Call]:
    import keras

    row, _, _ = row_and_data()
    model = keras.Sequential(
        [keras.Input((INPUTS,)), keras.layers.Dense(UNITS, "relu"), keras.layers.Dense(1)]
    )
    return {"Keras, predict_on_batch": lambda: model.predict_on_batch(row)}


LIBRARIES = {
    "lamina": lamina_calls,
    "numpy": numpy_calls,
    "torch": torch_calls,
    "sklearn": sklearn_calls,
    "keras": keras_calls,
}


def microseconds(call: Call) -> float:
    """Return the median over batches of calls of about 10 ms."""
    for _ in range(20):
        call()
    begin = time.perf_counter()
    call()
    calls = max(5, int(0.01 / max(time.perf_counter() - begin, 1e-6)))
    batches = []
    for _ in range(9):
        begin = time.perf_counter()
        for _ in range(calls):
            call()
        batches.append(1e6 * (time.perf_counter() - begin) / calls)
    return statistics.median(batches)


def serve_child(arguments: dict[str, Any]) -> None:
    pin(arguments["threads"])
    try:
        calls = LIBRARIES[arguments["library"]]()
        hello: dict[str, Any] = {"calls": list(calls)}
    except ImportError as error:
        calls, hello = {}, {"error": f"not installed ({error})"}
    serve(lambda _: {"us": {name: microseconds(call) for name, call in calls.items()}}, hello)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add_options(parser, rounds=7, threads=2)
    options = parser.parse_args(arguments)
    children = {}
    for library in LIBRARIES:
        child = Child("single_row", {"library": library}, options.threads)
        if "error" in child.hello:
            print(f"{library} left out: {child.hello['error']}")
            child.close()
        else:
            children[library] = child
    rounds: dict[str, list[float]] = {}
    for _ in range(options.rounds):
        for child in children.values():
            for name, us in child.ask(go=True)["us"].items():
                rounds.setdefault(name, []).append(us)
    for child in children.values():
        child.close()
    medians = {name: statistics.median(values) for name, values in rounds.items()}
    own = medians.get("lamina, predict_on_batch")
    rows = []
    for name in sorted(medians, key=lambda name: medians[name]):
        target = TARGETS.get(name)
        verdict = "" if target is None else f"target {target:g}: "
        verdict += "" if target is None else ("met" if medians[name] <= target else "MISSED")
        ratio = f"{medians[name] / own:.1f}" if own else "-"
        rows.append([name, "13-64-1", f"{medians[name]:.2f}", ratio, verdict])
    print(table(["call", "network", "median us", "x lamina", "target"], rows))
    if options.history:
        record = {**machine(options.threads), "median_us": medians, "rounds_us": rounds}
        append_history("single_row", record)


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1].startswith("{"):
        serve_child(json.loads(sys.argv[1]))
    else:
        main()
