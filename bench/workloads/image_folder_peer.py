"""A process that trains a network on a folder of pictures with one library."""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from typing import Any

from common import pin, serve

PEERS = ("lamina", "keras", "keras-map")
SIDE, BATCH = 32, 64


def moves(layers: Any, seed: int) -> list[Any]:
    """Return the layers that change pictures."""
    return [
        layers.RandomTranslation(0.1, 0.1, seed=seed),
        layers.RandomRotation(0.04, seed=seed + 1),
        layers.RandomZoom(0.1, seed=seed + 2),
        # Given one number, Keras does not reduce contrast while lamina does; two numbers mean the
        # same.
        layers.RandomContrast((0.0, 0.3), value_range=(0, 255), seed=seed + 3),
    ]


def network(kit: Any, front: list[Any]) -> Any:
    """Return the model of lamina or Keras, which have the same API."""
    layers, convolutions = kit.layers, []
    for filters in (32, 64, 128):
        convolutions += [layers.Conv2D(filters, 3, padding="same", activation="relu"),
                         layers.MaxPooling2D()]  # fmt: skip
    return kit.Sequential(
        [kit.Input((SIDE, SIDE, 3)), *front, layers.Rescaling(1 / 255), *convolutions,
         layers.Flatten(), layers.Dropout(0.3), layers.Dense(128, activation="relu"),
         layers.Dense(10, activation="softmax")]
    )  # fmt: skip


def fitted(kit: Any, given: dict[str, Any], within: bool, **reading: Any) -> dict[str, Any]:
    """Train, and return seconds of epochs and the accuracy on the test pictures.

    The pictures are changed ``within`` the model, or when they are read.
    """
    kit.utils.set_random_seed(given["seed"])
    options = {"image_size": (SIDE, SIDE), "batch_size": BATCH, "verbose": False, **reading}
    train, test = (
        kit.utils.image_dataset_from_directory(
            f"{given['folder']}/{part}", shuffle=part == "train", seed=given["seed"], **options
        )
        for part in ("train", "test")
    )
    front = moves(kit.layers, given["seed"])
    if not within:
        changed = kit.layers.Pipeline(front)
        train = train.map(lambda batch: (changed(batch[0], training=True), batch[1]))
    model = network(kit, front if within else [])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    ends: list[float] = []
    clock = kit.callbacks.LambdaCallback(on_epoch_end=lambda *_: ends.append(time.perf_counter()))
    begin = time.perf_counter()
    model.fit(train, epochs=given["epochs"], callbacks=[clock], verbose=0)
    fit = time.perf_counter() - begin
    epochs = [b - a for a, b in zip([begin, *ends], ends, strict=False)]
    if len(epochs) != given["epochs"]:
        raise RuntimeError(f"{given['peer']}: trained {len(epochs)} epochs")
    accuracy = float(model.evaluate(test, verbose=0)[1])
    return {"fit": fit, "first": epochs[0], "epoch": statistics.median(epochs[1:] or epochs),
            "accuracy": accuracy}  # fmt: skip


def main() -> None:
    given = json.loads(sys.argv[1])
    pin(given["threads"])
    try:
        if given["peer"] == "lamina":
            import lamina as kit

            kit.set_num_threads(given["threads"])
            reading = {}
        else:
            os.environ["KERAS_BACKEND"] = "jax"
            import grain  # noqa: F401
            import keras as kit

            reading = {"format": "grain"}
    except ImportError as error:
        serve(None, {"error": f"not installed ({error})"})
        return
    # Keras's layers that move images prevent the compilation of their model.
    within = given["peer"] != "keras-map"
    serve(lambda _: fitted(kit, given, within, **reading), {"version": kit.__version__})


if __name__ == "__main__":
    main()
