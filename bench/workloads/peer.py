"""The process of one peer on one workload: `python -m workloads.peer '{"peer": ..., ...}'`.

A peer's module offers

    KINDS      the kinds of layer it can build
    LEFT_OUT   if there is any: what it could build but nobody would use, and why
    versions() what is installed, for the table
    Trainer(workload, threads, variant)   builds the model; `note` says where the job differs
        .fit(epochs)    trains for whole epochs, as its user would write it, and waits for the end
        .loss()         the loss over the training data without dropout
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from typing import Any

from common import pin, serve
from workloads import WORKLOADS, Workload

# name: (module, variant)
PEERS = {
    "lamina": ("workloads.lamina_peer", ""),
    "torch": ("workloads.torch_peer", ""),
    "jax": ("workloads.jax_peer", "step"),
    "jax-loop": ("workloads.jax_peer", "loop"),
    "keras": ("workloads.keras_peer", ""),
    "sklearn": ("workloads.sklearn_peer", ""),
}


def missing_kinds(workload: Workload, kinds: Any) -> list[str]:
    """Name the kinds of layer in `workload` that are not among `kinds`."""
    return sorted({str(layer[0]) for layer in workload.layers} - set(kinds))


def start(arguments: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Build the peer's model and warm it up; return its trainer and the greeting."""
    name = arguments["peer"]
    workload = WORKLOADS[arguments["workload"]]
    module_name, variant = PEERS[name]
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        return None, {"error": f"not installed ({error})"}
    lacking = missing_kinds(workload, module.KINDS)
    if lacking:
        return None, {"error": f"has no layer for {', '.join(lacking)}"}
    unfit = getattr(module, "LEFT_OUT", {})
    for kind, *_ in workload.layers:
        if (variant, kind) in unfit:
            return None, {"error": unfit[variant, kind]}
    trainer = module.Trainer(workload, arguments["threads"], variant)
    before = trainer.loss()
    # Twice: the first call compiles, the second finds buffers and caches in place.
    trainer.fit(arguments["epochs"])
    trainer.fit(arguments["epochs"])
    return trainer, {
        "note": trainer.note,
        "versions": module.versions(),
        "loss_before": before,
        "loss_after": trainer.loss(),
    }


def main() -> None:
    arguments = json.loads(sys.argv[1])
    pin(arguments["threads"])
    workload = WORKLOADS[arguments["workload"]]
    trainer, hello = start(arguments)

    def answer(command: dict[str, Any]) -> dict[str, Any]:
        epochs = int(command["epochs"])
        begin = time.perf_counter()
        trainer.fit(epochs)
        seconds = time.perf_counter() - begin
        return {"us": 1e6 * seconds / (epochs * workload.steps_per_epoch)}

    serve(answer, hello)


if __name__ == "__main__":
    main()
