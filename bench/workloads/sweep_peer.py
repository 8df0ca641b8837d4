"""The process of one peer that builds one network after another on request."""

from __future__ import annotations

import dataclasses
import importlib
import json
import math
import sys
import time
from typing import Any

from common import pin, serve
from workloads import Workload
from workloads.peer import PEERS, refusal


def seconds_of_fit(trainer: Any, epochs: int) -> float:
    begin = time.perf_counter()
    trainer.fit(epochs)
    return time.perf_counter() - begin


class Answers:
    """The answers to each command; the last network built is kept."""

    def __init__(self, module: Any, threads: int, variant: str) -> None:
        self.module, self.threads, self.variant = module, threads, variant
        self.trainer: Any = None
        self.epochs, self.steps = 1, 1

    def __call__(self, command: dict[str, Any]) -> dict[str, Any]:
        if "build" in command:
            return self.build(Workload.described(command["build"]), command["seconds"])
        if "first_fit" in command:
            return self.first_fit(Workload.described(command["first_fit"]))
        if "round_trip" in command:
            return {"ns": self.module.round_trip_ns()}
        return {"us": 1e6 * seconds_of_fit(self.trainer, self.epochs) / self.steps}

    def build(self, workload: Workload, seconds: float) -> dict[str, Any]:
        """Build, warm up, and determine the number of epochs of a round."""
        self.trainer = None
        reason = refusal(self.module, workload, self.variant)
        if reason:
            return {"error": reason}
        self.trainer = self.module.Trainer(workload, self.threads, self.variant)
        self.trainer.fit(1)
        self.epochs = max(1, math.ceil(seconds / max(1e-6, seconds_of_fit(self.trainer, 1))))
        if self.epochs > 1:
            self.trainer.fit(self.epochs)  # a loop is compiled for this number
        self.steps = self.epochs * workload.steps_per_epoch
        return {}

    def first_fit(self, workload: Workload) -> dict[str, Any]:
        """Time the user's wait in a fresh process: building, recording, one batch."""
        reason = refusal(self.module, workload, self.variant)
        if reason:
            return {"error": reason}
        one_batch = dataclasses.replace(workload, rows=workload.batch)
        begin = time.perf_counter()
        self.module.Trainer(one_batch, self.threads, self.variant).fit(1)
        return {"us": 1e6 * (time.perf_counter() - begin)}


def main() -> None:
    arguments = json.loads(sys.argv[1])
    pin(arguments["threads"])
    module_name, variant = PEERS[arguments["peer"]]
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        serve(None, {"error": f"not installed ({error})"})
        return
    serve(Answers(module, arguments["threads"], variant), {"versions": module.versions()})


if __name__ == "__main__":
    main()
