"""The process of one peer: `python -m workloads.peer '{"peer": ..., "workload": ...}'`.

A peer's module has

    KINDS      the kinds of layer it can build
    versions() what is installed, for the table
    unfit(workload, variant)   optional: workloads that it could build but nobody would use, and why
    Trainer(workload, threads, variant)   builds the model; `note` says where the job differs
        .fit(epochs)    trains for whole epochs, as its user would write it, and waits for the end
        .loss()         the loss over the training data without dropout
        .profile()      optional: a step operation by operation, for limits.py
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from typing import Any

from common import pin, serve
from workloads import Workload
from workloads.workload import kinds

# name: (module, variant)
PEERS = {
    "lamina": ("workloads.lamina_peer", ""),
    "tensorflow": ("workloads.tensorflow_peer", ""),
    "torch": ("workloads.torch_peer", ""),
    "torch-compiled": ("workloads.torch_compiled_peer", ""),
    "jax": ("workloads.jax_peer", "step"),
    "jax-loop": ("workloads.jax_peer", "loop"),
    "keras": ("workloads.keras_peer", ""),
    "sklearn": ("workloads.sklearn_peer", ""),
    "mlpack": ("workloads.mlpack_peer", ""),
}


def refusal(module: Any, workload: Workload, variant: str) -> str | None:
    """Return why a peer does not take part in a workload, or None."""
    lacking = sorted(set(kinds(workload.layers)) - set(module.KINDS))
    if lacking:
        return f"has no layer for {', '.join(lacking)}"
    if hasattr(module, "unfit"):
        return module.unfit(workload, variant)
    return None


def start(arguments: dict[str, Any], workload: Workload) -> tuple[Any, dict[str, Any]]:
    """Build the peer's model and warm it up; return its trainer and the greeting."""
    module_name, variant = PEERS[arguments["peer"]]
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        return None, {"error": f"not installed ({error})"}
    reason = refusal(module, workload, variant)
    if reason:
        return None, {"error": reason}
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
    workload = Workload.described(arguments["workload"])
    trainer, hello = start(arguments, workload)

    def answer(command: dict[str, Any]) -> dict[str, Any]:
        if command.get("profile"):
            return {"rows": trainer.profile()}
        epochs = int(command["epochs"])
        begin = time.perf_counter()
        trainer.fit(epochs)
        seconds = time.perf_counter() - begin
        return {"us": 1e6 * seconds / (epochs * workload.steps_per_epoch)}

    serve(answer, hello)


if __name__ == "__main__":
    main()
