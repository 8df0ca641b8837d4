"""The process of one library on one job: `python -m workloads.quality_peer '{"peer": ..., ...}'`.

It is started with a seed and a file of arrays, trains once on request, and answers with the score
on the test rows, the seconds of the whole `fit`, and the seconds of compiling before it.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from typing import Any

import numpy as np

from common import pin, serve
from workloads.quality_jobs import JOBS, Array, Job, floats

PEERS = {
    "lamina": "workloads.lamina_peer",
    "lamina-bfloat16": "workloads.lamina_peer",
    "keras": "workloads.keras_peer",
}


def compiled(library: Any, layers: Any, job: Job) -> Any:
    """Build the network from a peer's table of layers; both libraries have the same API."""
    built = [layers[str(kind)](*settings) for kind, *settings in job.layers]
    model = library.Sequential([library.Input(job.input_shape), *built])
    model.compile(optimizer=job.optimizer, loss=job.loss)
    return model


def lamina_model(layers: Any, job: Job, seed: int, _arrays: dict[str, Array]) -> tuple[Any, float]:
    import lamina

    lamina.set_random_seed(seed)
    return compiled(lamina, layers, job), 0.0  # nothing is compiled outside `fit`


def mixed_model(layers: Any, job: Job, seed: int, arrays: dict[str, Array]) -> tuple[Any, float]:
    """Products in bfloat16, on a CPU that has them."""
    import lamina

    lamina.config.set_dtype_policy("mixed_bfloat16")
    return lamina_model(layers, job, seed, arrays)


def keras_model(layers: Any, job: Job, seed: int, arrays: dict[str, Array]) -> tuple[Any, float]:
    """Also compile what `fit` needs, and reset everything to its initial state."""
    import keras

    keras.utils.set_random_seed(seed)
    model = compiled(keras, layers, job)
    model.optimizer.build(model.trainable_variables)
    # The variables include the seeds of dropout.
    variables = list(model.variables) + list(model.optimizer.variables)
    before = [keras.ops.convert_to_numpy(variable).copy() for variable in variables]
    # A whole batch and the last, shorter one: XLA compiles each shape.
    rows = job.batch + len(arrays["x"]) % job.batch
    begin = time.perf_counter()
    model.fit(arrays["x"][:rows], arrays["y"][:rows], batch_size=job.batch, verbose=0)
    seconds = time.perf_counter() - begin
    for variable, value in zip(variables, before, strict=True):
        variable.assign(value)
    keras.utils.set_random_seed(seed)  # of the order of rows
    return model, seconds


MODELS = {"lamina": lamina_model, "lamina-bfloat16": mixed_model, "keras": keras_model}


def main() -> None:
    arguments = json.loads(sys.argv[1])
    pin(arguments["threads"])
    name, job = arguments["peer"], JOBS[arguments["job"]]
    try:
        module = importlib.import_module(PEERS[name])
    except ImportError as error:
        serve(None, {"error": f"not installed ({error})"})
        return
    with np.load(arguments["arrays"]) as file:
        arrays = floats(dict(file), job)
    model, compiling = MODELS[name](module.LAYERS, job, arguments["seed"], arrays)

    def answer(_command: dict[str, Any]) -> dict[str, Any]:
        begin = time.perf_counter()
        history = model.fit(
            arrays["x"], arrays["y"], batch_size=job.batch, epochs=job.epochs, verbose=0
        )
        seconds = time.perf_counter() - begin
        output = np.asarray(model.predict(arrays["x_test"], batch_size=1000, verbose=0))
        return {
            "score": job.score(arrays["y_test"], output),
            "seconds": seconds,
            "compiling": compiling,
            "loss": float(history.history["loss"][-1]),
        }

    serve(answer, {"versions": module.versions()})


if __name__ == "__main__":
    main()
