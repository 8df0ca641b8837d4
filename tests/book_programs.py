"""Habits of programs in books: what their classes assign, and how they train in turns."""

from __future__ import annotations

from typing import Any

import numpy as np

from programs_beside_keras import X, Y, drawn, program
from published_programs import CLASSES, noted


@program
def a_discriminator_on_noisy_labels(library: Any) -> Any:
    layers = library.layers
    model = drawn(library.Sequential([library.Input((6,)), layers.Dense(1, activation="sigmoid")]))
    model.compile("sgd", library.losses.BinaryCrossentropy())
    labels = (CLASSES[: len(X), None] > 0) + 0.3 * np.sin(np.arange(len(X)))[:, None]
    assert labels.min() < 0
    assert labels.max() > 1
    logits = drawn(library.Sequential([library.Input((6,)), layers.Dense(1)]))
    logits.compile("sgd", library.losses.BinaryCrossentropy(from_logits=True))
    return [noted(model, X, labels), model.train_on_batch(X, labels), noted(logits, X, labels)]


@program
def a_loss_and_an_optimizer_that_are_assigned(library: Any) -> Any:
    layers = library.layers

    class Denoiser(library.Model):  # type: ignore[misc]
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.body = layers.Dense(6)
            self.loss = library.losses.MeanAbsoluteError()

        def call(self, inputs: Any) -> Any:
            return self.body(inputs), inputs * 0.5

        def compute_loss(self, x: Any, y: Any, y_pred: Any, *args: Any, **options: Any) -> Any:
            return self.loss(*y_pred)

    model = Denoiser()
    model(X)
    drawn(model).compile(optimizer="sgd")
    net = drawn(library.Sequential([library.Input((6,)), layers.Dense(1)]))
    net.compile("sgd", "mse")
    net.optimizer = library.optimizers.SGD(0.2)
    net.loss = "mae"  # says what is shown, not what trains
    return [noted(model, X), noted(net, X, Y), float(net.optimizer.learning_rate), net.loss]
