"""The memory of training a convolutional network, besides its data and weights.

A network that stores the output of each layer keeps these and its input until the backward pass.
Everything else is overhead: gradients, the optimizer's state, packed panels, the threads' scratch
memory.  The peak of a whole `fit` in a fresh process, minus the memory before it, must stay within
1.2 times the memory that is kept, plus 32 MB, in the median of rounds, each in its own process.

    python bench/memory.py
    python bench/memory.py --workloads cifar --threads 1 --rounds 3 --no-history
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import statistics
import sys
from pathlib import Path
from typing import Any

from common import Child, add_options, append_history, machine, pin, serve, table
from workloads import WORKLOADS, Workload
from workloads.workload import kinds

MB = 2**20
FACTOR, CONSTANT = 1.2, 32 * MB
BATCHES, EPOCHS = 2, 3
# Networks that are a sequence of layers: the memory that a graph must keep is not a sum over
# layers.
CONVOLUTIONAL = [
    w.name
    for w in WORKLOADS.values()
    if "conv2d" in kinds(w.layers) and "residual" not in kinds(w.layers)
]


def status(key: str) -> int:
    """Read a size from /proc/self/status: VmRSS, the memory now; VmHWM, its peak."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return 1024 * int(line.split()[1])
    raise OSError(f"/proc/self/status has no {key}")


def kept_bytes(model: Any, workload: Workload) -> int:
    """Sum one batch's input and layer outputs; a layer that only renames values keeps none."""
    import lamina

    shape = (workload.batch, *workload.shape)
    elements = math.prod(shape)
    for layer in model.layers:
        shape = layer.compute_output_shape(shape)
        if not isinstance(layer, lamina.layers.Flatten):
            elements += math.prod(shape)
    return 4 * elements


def fit_memory(workload: Workload, threads: int) -> dict[str, Any]:
    """Train for a few steps; return bytes."""
    module = importlib.import_module("workloads.lamina_peer")
    trainer = module.Trainer(workload, threads, "")
    model, rows = trainer.model, BATCHES * workload.batch
    x, y = trainer.x[:rows], trainer.y[:rows]
    weights = sum(weight.nbytes for weight in model.get_weights())
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    before = status("VmRSS")
    model.fit(x, y, batch_size=workload.batch, epochs=EPOCHS, verbose=0)
    peak = status("VmHWM") - before
    execution = model.objective(False).take(workload.batch, True)
    return {
        "kept": kept_bytes(model, workload),
        "planned": getattr(execution, "arena_bytes", None),
        "per_weight": 3 * weights,  # its gradient and Adam's two moments
        "peak": peak,
    }


def serve_child(arguments: dict[str, Any]) -> None:
    pin(arguments["threads"])
    try:
        hello = fit_memory(WORKLOADS[arguments["workload"]], arguments["threads"])
    except ImportError as error:
        hello = {"error": f"lamina is not installed ({error})"}
    except OSError as error:
        hello = {"error": f"needs Linux's /proc/self/status and clear_refs ({error})"}
    serve(lambda _: {}, hello)


def measured(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Train in a fresh process each round; return bytes, for peaks the median and all values."""
    peaks, found = [], {}
    for _ in range(options.rounds):
        child = Child("memory", {"workload": name}, options.threads)
        found = child.hello
        child.close()
        if "error" in found:
            raise SystemExit(f"memory: {found['error']}")
        peaks.append(found["peak"])
    return {**found, "peak": int(statistics.median(peaks)), "peaks": peaks}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    parser.add_argument(
        "--workloads",
        nargs="+",
        choices=CONVOLUTIONAL,
        default=CONVOLUTIONAL,
        help="(default: all)",
    )
    add_options(parser, rounds=3, threads=2)
    options = parser.parse_args(arguments)
    rows, values = [], {}
    for name in options.workloads:
        found = measured(name, options)
        bound = FACTOR * found["kept"] + CONSTANT
        planned = found["planned"]
        cells = [found["kept"], planned, found["per_weight"], found["peak"], bound]
        shown = ["-" if value is None else f"{value / MB:.1f}" for value in cells]
        verdict = "met" if found["peak"] <= bound else "MISSED"
        rows.append([name, f"{WORKLOADS[name].batch} rows", *shown, verdict])
        values[name] = {**found, "bound": bound}
    head = ["workload", "batch", "kept MB", "planned MB", "gradients + Adam MB", "peak MB",
            "bound MB", ""]  # fmt: skip
    print(table(head, rows))
    print(f"bound: {FACTOR} x kept + {CONSTANT / MB:.0f} MB")
    if options.history:
        append_history("memory", {**machine(options.threads), "bytes": values})


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1].startswith("{"):
        serve_child(json.loads(sys.argv[1]))
    else:
        main()
