"""One library in one precision on one workload: `python -m workloads.precision_peer '{...}'`.

It builds the model, trains twice to warm up, and answers each command with a whole `fit`'s time.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from common import pin, serve
from workloads import WORKLOADS, Workload


def lamina_trainer(workload: Workload, threads: int, policy: str) -> Any:
    import lamina
    from workloads.lamina_peer import Trainer

    lamina.config.set_dtype_policy(policy)
    return Trainer(workload, threads, "")


def torch_trainer(workload: Workload, threads: int, precision: str) -> Any:
    import torch

    from workloads.torch_peer import Trainer

    class Autocast(Trainer):
        def predict(self, xs: list[torch.Tensor]) -> torch.Tensor:
            with torch.autocast("cpu", torch.bfloat16):
                return super().predict(xs).float()

    made = Autocast if precision == "bfloat16" else Trainer
    return made(workload, threads, "")


# name: (how to make a trainer, its precision)
CONTESTANTS = {
    "lamina float32": (lamina_trainer, "float32"),
    "lamina mixed_bfloat16": (lamina_trainer, "mixed_bfloat16"),
    "torch float32": (torch_trainer, "float32"),
    "torch autocast bfloat16": (torch_trainer, "bfloat16"),
}


def main() -> None:
    arguments = json.loads(sys.argv[1])
    pin(arguments["threads"])
    workload = WORKLOADS[arguments["workload"]]
    make, precision = CONTESTANTS[arguments["contestant"]]
    try:
        trainer = make(workload, arguments["threads"], precision)
        for _ in range(2):
            trainer.fit(arguments["epochs"])
    except ImportError as error:
        serve(None, {"error": f"not installed ({error})"})
        return
    except ValueError as error:  # this CPU has no products in bfloat16
        serve(None, {"error": str(error)})
        return

    def answer(command: dict[str, Any]) -> dict[str, Any]:
        begin, worked = time.perf_counter(), time.process_time()
        trainer.fit(command["epochs"])
        return {"seconds": time.perf_counter() - begin, "cpu": time.process_time() - worked}

    serve(answer, {"loss": trainer.loss()})


if __name__ == "__main__":
    main()
