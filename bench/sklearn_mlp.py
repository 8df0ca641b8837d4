"""MLPClassifier and MLPRegressor of lamina.sklearn beside scikit-learn's: time of a fit, results.

Both have the same parameters (the defaults, except for the solver if it is named) and the same
random_state; data are standardised, digits are divided by 255.  The last column shows the largest
difference of the weights, relative to the largest weight: the fits are the same.

    python bench/sklearn_mlp.py
    python bench/sklearn_mlp.py --jobs boston row --threads 1
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
import warnings
from typing import Any

import numpy as np

from common import Child, add_options, append_history, machine, median_seconds, pin, serve, table

JOBS = {
    "boston": "MLPRegressor(), 506 rows of 13",
    "boston lbfgs": "MLPRegressor(solver='lbfgs')",
    "boston partial_fit": "MLPRegressor().partial_fit",
    "row": "MLPRegressor().predict, one row of 13",
    "digits": "MLPClassifier(), 5,000 rows of 784",
    "digits float32": "the same in float32",
}
PEERS = {"lamina": "lamina.sklearn", "scikit-learn": "sklearn.neural_network"}


def data_of(job: str) -> tuple[Any, Any]:
    if job.startswith("digits"):
        from lamina.datasets.mnist import digits

        (x, y), _ = digits()
        x, y = x[:5000], y[:5000]
        return x.reshape(len(x), -1).astype("float32" if "32" in job else "float64") / 255, y
    from lamina.datasets import boston

    table = boston.load()
    x, y = np.asarray(table.x, np.float64), np.asarray(table.y, np.float64)
    return (x - x.mean(axis=0)) / x.std(axis=0), y


class Contestant:
    """An estimator of one of the two libraries, and its measurements."""

    def __init__(self, peer: str, job: str) -> None:
        import importlib

        room = importlib.import_module(PEERS[peer])
        self.job, (self.x, self.y) = job, data_of(job)
        maker = room.MLPClassifier if job.startswith("digits") else room.MLPRegressor
        solver = {"solver": "lbfgs"} if job.endswith("lbfgs") else {}
        self.mlp = maker(random_state=0, **solver)
        if job in ("row", "boston partial_fit"):
            self.mlp.fit(self.x, self.y)

    def answer(self, _: Any) -> dict[str, Any]:
        mlp = self.mlp
        if self.job == "row":
            row = self.x[:1].copy()
            seconds = median_seconds(lambda: mlp.predict(row))
        elif self.job == "boston partial_fit":
            seconds = median_seconds(lambda: mlp.partial_fit(self.x, self.y))
        else:
            begin = time.perf_counter()
            mlp.fit(self.x, self.y)
            seconds = time.perf_counter() - begin
        weights = np.concatenate([coef.ravel()[:2000] for coef in mlp.coefs_])
        return {"seconds": seconds, "iterations": mlp.n_iter_, "weights": weights.tolist()}


def serve_child(arguments: dict[str, Any]) -> None:
    pin(arguments["threads"])
    warnings.simplefilter("ignore")  # some do not converge in the default number of epochs
    try:
        contestant = Contestant(arguments["peer"], arguments["job"])
    except ImportError as error:
        serve(lambda _: {}, {"error": f"not installed ({error})"})
        return
    serve(contestant.answer, {})


def measure(job: str, options: argparse.Namespace) -> list[str]:
    """Measure both in turn; return a row of the table."""
    children = {
        peer: Child("sklearn_mlp", {"peer": peer, "job": job}, options.threads) for peer in PEERS
    }
    rounds: dict[str, list[dict[str, Any]]] = {peer: [] for peer in children}
    for peer, child in children.items():
        if "error" in child.hello:
            sys.exit(f"{peer}: {child.hello['error']}")
    for _ in range(options.rounds):
        for peer, child in children.items():
            rounds[peer].append(child.ask())
    for child in children.values():
        child.close()
    own, theirs = (statistics.median(r["seconds"] for r in rounds[peer]) for peer in PEERS)
    a, b = (rounds[peer][0] for peer in PEERS)
    apart = np.abs(np.subtract(a["weights"], b["weights"])).max() / np.abs(b["weights"]).max()
    same = "-" if job in ("row", "boston partial_fit") else f"{apart:.0e}"
    if options.history:
        record = {**machine(options.threads), "job": job, "seconds": {
            peer: [r["seconds"] for r in found] for peer, found in rounds.items()
        }}  # fmt: skip
        append_history("sklearn_mlp", record)
    return [job, JOBS[job], f"{1e3 * own:.4g}", f"{1e3 * theirs:.4g}", f"{theirs / own:.1f}",
            f"{a['iterations']}, {b['iterations']}", same]  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add_options(parser, rounds=5, threads=1)
    text = "which of them (default: all)"
    parser.add_argument("--jobs", nargs="+", choices=JOBS, default=list(JOBS), help=text)
    options = parser.parse_args(arguments)
    rows = [measure(job, options) for job in options.jobs]
    head = ["job", "what", "lamina ms", "scikit-learn ms", "x lamina", "iterations", "apart"]
    print(table(head, rows))


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1].startswith("{"):
        serve_child(json.loads(sys.argv[1]))
    else:
        main()
