"""Results of training on test data: lamina beside Keras with equal settings, over seeds.

Every training has its own process, with the same threads on the same CPUs; the peers take turns for
each seed.  The networks, initialisers, optimizers and their settings, batches, epochs
and data are the same; only the random numbers differ.

    python bench/quality.py
    python bench/quality.py --workloads nyse-rnn --seeds 3 --peers lamina
    python bench/quality.py --workloads fashion-cnn --data folder/of/idx/files
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import contest
from common import (
    Child,
    add_options,
    append_history,
    at_least,
    at_least_one,
    machine,
    revision,
    table,
)
from workloads.quality_jobs import DATA, JOBS, Job, linear_r2
from workloads.quality_peer import PEERS

Result = dict[str, Any]


def train(job: Job, peer: str, seed: int, arrays: str, threads: int) -> Result:
    """Train once, in a fresh process."""
    arguments = {"peer": peer, "job": job.name, "seed": seed, "arrays": arrays}
    child = Child("workloads.quality_peer", arguments, threads)
    try:
        answer = child.hello if "error" in child.hello else child.ask()
    finally:
        child.close()
    return answer | {"versions": child.hello.get("versions", {}), "revision": revision()}


def measure(job: Job, arrays: str, options: argparse.Namespace) -> dict[str, list[Result]]:
    """Train with every seed in turn: lamina, Keras, lamina, ..."""
    results: dict[str, list[Result]] = {peer: [] for peer in options.peers}
    key = {"settings": job.settings(), "threads": options.threads}
    # Those of an earlier, perhaps interrupted run.
    earlier = [] if options.results is None else contest.kept(options.results)
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        for peer in list(results):
            who = {"workload": job.name, "peer": peer, "seed": seed}
            wanted = (key | who).items()
            result = next((old for old in earlier if wanted <= old.items()), None)
            if result is None:
                result = key | who | train(job, peer, seed, arrays, options.threads)
                if "error" in result:
                    print(f"{job.name}: {peer} left out: {result['error']}")
                    del results[peer]
                    continue
                if options.results is not None:
                    contest.keep(options.results, result)
            results[peer].append(result)
    return results


def verdicts(job: Job, medians: dict[str, dict[str, float]]) -> dict[str, bool]:
    """Return for each target whether lamina's medians meet it."""
    own, other = medians.get("lamina"), medians.get("keras")
    result = {}
    if own and job.target is not None:
        result[f"{job.unit} at least {job.target:g}"] = own["score"] >= job.target
    if own and other:
        least = other["score"] - job.margin
        result[f"{job.unit} at least Keras's less {job.margin:g}"] = own["score"] >= least
        if job.target_time is not None:
            met = own["seconds"] <= job.target_time * other["seconds"]
            result[f"at most {job.target_time:g} of Keras's time"] = met
    return result


def difference(results: dict[str, list[Result]]) -> tuple[float, float] | None:
    """Return the difference of lamina's and Keras's mean scores, and its standard error."""
    own, other = ([run["score"] for run in results.get(peer, [])] for peer in ("lamina", "keras"))
    if min(len(own), len(other)) < 2:
        return None
    error = sum(statistics.variance(scores) / len(scores) for scores in (own, other)) ** 0.5
    return statistics.mean(own) - statistics.mean(other), error


def report(job: Job, results: dict[str, list[Result]], threads: int, beside: Result) -> Result:
    """Print the table of one job and its targets; return the record for the history."""
    medians = {
        peer: {
            what: statistics.median(run[what] for run in runs)
            for what in ("score", "seconds", "compiling", "loss")
        }
        for peer, runs in results.items()
    }
    versions = {peer: runs[0]["versions"] for peer, runs in results.items()}
    digits = 4 if job.regression else 2
    own = medians.get("lamina")
    rows = []
    for peer, median in medians.items():
        scores = [run["score"] for run in results[peer]]
        rows.append(
            [
                job.name,
                peer,
                f"{median['score']:.{digits}f} {job.unit}",
                f"{min(scores):.{digits}f}..{max(scores):.{digits}f}",
                f"{median['loss']:.4f}",
                f"{median['seconds']:.2f}",
                f"{median['compiling']:.2f}",
                f"{median['seconds'] / own['seconds']:.2f}" if own else "-",
                f"{len(scores)} seeds; "
                + ", ".join(f"{key} {value}" for key, value in versions[peer].items()),
            ]
        )
    head = ["workload", "peer", "median", "min..max", "loss", "seconds", "compiling", "x lamina"]
    print(table([*head, "what"], rows))
    for name, value in beside.items():
        print(f"{job.name}: {name} {value:.4f}")
    apart = difference(results)
    if apart is not None:
        mean, error = apart
        print(
            f"{job.name}: lamina's mean less Keras's: "
            f"{mean:+.{digits}f} (standard error {error:.{digits}f})"
        )
    verdict = verdicts(job, medians)
    for target, met in verdict.items():
        print(f"{job.name}: {target}: {'met' if met else 'MISSED'}")
    print(flush=True)
    drop = ("settings", "threads", "workload", "peer", "versions")
    runs = {
        peer: [{k: v for k, v in run.items() if k not in drop} for run in some]
        for peer, some in results.items()
    }
    return {
        **machine(threads),
        "workload": job.name,
        "versions": versions,
        "medians": medians,
        "difference": apart,
        "runs": runs,
        "beside": beside,
        "met": verdict,
    }


def run(job: Job, options: argparse.Namespace) -> None:
    try:
        loaded = DATA[job.data](options.data)
    except FileNotFoundError as error:
        print(f"{job.name} left out: {error}\n")
        return
    beside = {"linear autoregression's test R2": linear_r2(loaded)} if job.data == "nyse" else {}
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "arrays.npz")
        np.savez(file, **loaded)  # type: ignore[arg-type]
        results = measure(job, file, options)
    if not results:
        return
    record = report(job, results, options.threads, beside)
    if options.history:
        append_history("quality", record)


def check_data(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Refuse a folder without Fashion-MNIST's files, or for workloads that do not read them."""
    if options.data is None:
        return
    readers = [job.name for job in JOBS.values() if job.data == "fashion_mnist"]
    if not set(readers) & set(options.workloads):
        parser.error(f"--data is for the workloads on Fashion-MNIST: {', '.join(readers)}")
    try:
        DATA["fashion_mnist"](options.data)
    except (OSError, ValueError) as error:
        parser.error(f"--data: {error}")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--workloads", nargs="+", choices=list(JOBS), default=list(JOBS), help="(default: all)"
    )
    parser.add_argument(
        "--peers", nargs="+", choices=list(PEERS), default=["lamina", "keras"],
        help="(default: %(default)s)",
    )  # fmt: skip
    text = "trainings of each, whose median is used (default: %(default)s)"
    parser.add_argument("--seeds", type=at_least_one, default=5, help=text)
    text = "the first seed (default: %(default)s)"
    parser.add_argument("--first-seed", type=at_least(0), default=0, help=text)
    parser.add_argument("--data", help="folder of Fashion-MNIST's files (default: Debian's)")
    text = "record each training in FILE, so that none is repeated"
    parser.add_argument("--results", metavar="FILE", help=text)
    add_options(parser, threads=2)
    options = parser.parse_args(arguments)
    check_data(parser, options)
    contest.check_results(parser, options.results)
    where = machine(options.threads)
    print(f"{where['cpu']}, {where['threads']} threads, {where['revision']}, {where['date']}\n")
    for name in options.workloads:
        run(JOBS[name], options)


if __name__ == "__main__":
    sys.exit(main())
