"""The time of data-parallel training: on two processes here, and by the cost model on many nodes.

python bench/scaling.py
mpiexec -n 2 python bench/scaling.py --measure
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from common import add_options, append_history, at_least_one, machine, positive
from workloads import WORKLOADS as ALL

if TYPE_CHECKING:
    from lamina.distribute import Work
    from workloads import Workload

NODES = (2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
NETWORKS = {  # Gbit/s: latency and overhead of a message, in seconds, as in such networks
    10: (30e-6, 5e-6),
    25: (20e-6, 3e-6),
    100: (5e-6, 1e-6),
}
PAYS = 1.5  # the gain in throughput for which doubling the nodes is worthwhile
WORKLOADS = ("wide", "cifar", "mlp")
STEPS = 8


def model_of(workload: Workload, threads: int) -> tuple[Any, Any, Any]:
    from workloads.lamina_peer import Trainer

    trainer = Trainer(workload, threads, "")
    return trainer.model, trainer.x, trainer.y


def scaled(work: Work, seconds: float) -> Work:
    """Return work in the same proportions that takes this long."""
    factor = seconds / work.seconds
    backward = [(each * factor, size) for each, size in work.backward]
    return replace(
        work, forward=work.forward * factor, backward=backward, update=work.update * factor
    )


def tables(options: argparse.Namespace) -> None:
    """Print step times and throughput over nodes, for the work measured here."""
    from lamina.distribute import Work

    for name in options.workloads:
        workload = ALL[name]
        model, x, y = model_of(workload, options.threads)
        work = Work.measured(model, x, y, workload.batch)
        if options.step_ms is not None:
            work = scaled(work, options.step_ms * 1e-3)
        size = sum(each for _, each in work.backward)
        rows = (
            f"{workload.batch} rows a node"
            if options.batch is None
            else f"{options.batch} rows in all"
        )
        print(
            f"\n{name}: a node takes {work.seconds * 1e3:.2f} ms for {workload.batch} rows on "
            f"{options.threads} threads, {size / 1e6:.1f} MB of gradients; {rows}: ms a step "
            f"(times the speed of one node)"
        )
        print("  nodes " + "".join(f"{gbit:>11} Gbit/s    " for gbit in NETWORKS))
        before, ends = dict.fromkeys(NETWORKS, 1.0), dict[int, int]()
        for nodes in NODES:
            cells = []
            for gbit in NETWORKS:
                step, faster = on_nodes(work, nodes, gbit, options)
                cells.append(f"{step * 1e3:>10.2f} ({faster:6.1f})  ")
                if faster < PAYS * before[gbit]:
                    ends.setdefault(gbit, nodes)
                before[gbit] = faster
            print(f"  {nodes:>5} " + "".join(cells))
        for gbit in NETWORKS:
            end = f"from {ends[gbit]} nodes on" if gbit in ends else "nowhere up to 1024 nodes"
            print(f"  {gbit} Gbit/s: twice the nodes are less than {PAYS} times as fast: {end}")


def on_nodes(work: Work, nodes: int, gbit: int, options: argparse.Namespace) -> tuple[float, float]:
    """Return the time of a step, and the throughput of rows relative to one node."""
    from lamina.distribute import Network, simulate
    from lamina.distribute.exchange import MANY

    alone = 1.0
    if options.batch is not None:  # one batch shared by any number of nodes
        alone = work.of_rows(options.batch).seconds
        work = work.of_rows(options.batch / nodes)
    latency, overhead = NETWORKS[gbit]
    auto = "pairs" if nodes >= MANY else "direct"
    route = auto if options.route == "auto" else options.route
    network = Network(gbit * 1e9, latency, overhead)
    told = simulate(work, nodes, network, route, options.bucket_bytes)
    faster = nodes * told.efficiency if options.batch is None else alone / told.step
    return told.step, faster


# --- two processes here


def measured_network(parallel: Any) -> tuple[float, float]:
    """Return seconds per call, and seconds per byte, of sums between the processes."""
    exchange = parallel._exchange
    points = []
    for size in (1 << 14, 1 << 17, 1 << 20, 1 << 22):
        part, whole = np.ones(size, np.float32), np.empty(size, np.float32)
        rounds = []
        for _ in range(12):
            began = time.perf_counter()
            exchange.begin(64, [part], whole)
            exchange.finish()
            rounds.append(time.perf_counter() - began)
        points.append((4 * size, min(rounds)))
    slope = points[-1][1] / points[-1][0]
    return max(points[0][1] - slope * points[0][0], 1e-6) / 2, slope


def seconds_a_step(trains: Any, x: Any, y: Any, batch: int, rounds: int) -> float:
    """Return the smallest time of a step of a fit."""
    rows = batch * STEPS
    found: dict[int, list[float]] = {1: [], 3: []}
    for epochs in [1, *[1, 3] * rounds]:
        began = time.perf_counter()
        trains.fit(x[:rows], y[:rows], batch, epochs, verbose=0, shuffle=False)
        found[epochs].append(time.perf_counter() - began)
    return (min(found[3]) - min(found[1])) / (2 * STEPS)


def measure(options: argparse.Namespace) -> None:
    """Compare the model with the time of two processes."""
    from mpi4py import MPI

    from lamina.distribute import DataParallel, Network, Work, simulate

    comm = MPI.COMM_WORLD
    if comm.size == 1:
        sys.exit("--measure compares processes: mpiexec -n 2 python bench/scaling.py --measure")
    for name in options.workloads:
        workload = ALL[name]
        model, x, y = model_of(workload, 1)
        parallel = DataParallel(model, comm, slices=comm.size, bucket_bytes=options.bucket_bytes)
        call, byte = measured_network(parallel)
        alone = DataParallel(model_of(workload, 1)[0], None, slices=1)
        share = workload.batch // comm.size
        comm.Barrier()  # all compute at the same time, as in training
        half = seconds_a_step(alone, x, y, share, options.rounds)
        work = Work.measured(alone.model, x, y, share)
        work = replace(scaled(work, half), call=0.0, add=0.0)  # they are included in the network's
        network = Network(8.0 / (byte / (comm.size - 1) * comm.size / 2), call, 0.0, apart=False)
        told = simulate(work, comm.size, network, "direct", options.bucket_bytes)
        comm.Barrier()
        found = seconds_a_step(parallel, x, y, workload.batch, options.rounds)
        if comm.rank == 0:
            whole = DataParallel(model_of(workload, 1)[0], None, slices=1)
            one = seconds_a_step(whole, x, y, workload.batch, options.rounds)
            print(
                f"{name}: a call {call * 1e6:.0f} us, {1e-9 / byte:.2f} GB/s; a step of "
                f"{workload.batch} rows by one process {one * 1e3:.2f} ms, by {comm.size} "
                f"{found * 1e3:.2f} ms; the model says {told.step * 1e3:.2f} ms "
                f"({told.step / found - 1:+.0%})",
                flush=True,
            )
            if options.history:
                entry = {"workload": name, "one": one, "measured": found, "model": told.step}
                append_history("scaling", machine(1) | entry)
        comm.Barrier()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    add_options(parser, rounds=5, threads=2)
    parser.add_argument("--measure", action="store_true", help="under mpiexec: this machine")
    text = "names of bench/workloads (default: wide cifar mlp)"
    parser.add_argument(
        "--workloads", nargs="+", choices=list(ALL), default=WORKLOADS, metavar="NAME", help=text
    )
    text = "how sums travel; auto: as the cost model finds fastest"
    routes = ["auto", "direct", "pairs", "tree", "ring"]
    parser.add_argument("--route", default="auto", choices=routes, help=text)
    text = "the time of a step of a node, instead of the time measured here"
    parser.add_argument("--step-ms", type=positive, help=text)
    text = "rows of a batch that all nodes share; by default each has as many more"
    parser.add_argument("--batch", type=at_least_one, help=text)
    text = "of gradients that are sent together (default: %(default)s)"
    parser.add_argument("--bucket-bytes", type=at_least_one, default=1 << 20, help=text)
    options = parser.parse_args()
    if options.measure:
        measure(options)
    else:
        tables(options)


if __name__ == "__main__":
    sys.exit(main())
