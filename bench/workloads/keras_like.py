"""Models of lamina and Keras, which have the same API: one table of layers for both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workloads import Workload

LOSSES = {
    "regression": "mean_squared_error",
    "reconstruction": "mean_squared_error",
    "classification": "sparse_categorical_crossentropy",
    "binary": "binary_crossentropy",
}


def table(kit: Any) -> dict[str, Callable[..., Any]]:
    """Return functions that build each kind of layer with `kit`, lamina or Keras."""

    def layer(name: str) -> Callable[..., Any]:
        def build(*settings: Any, **more: Any) -> Any:
            # Looked up on use: compare.py also runs builds that lack some layers.
            return getattr(kit.layers, name)(*settings, **more)

        return build

    def windows(name: str) -> Callable[..., Any]:
        return lambda filters, size, padding, activation: layer(name)(
            filters, size, padding=padding, activation=activation
        )

    return {
        "dense": lambda units, activation: layer("Dense")(units, activation=activation),
        "dropout": layer("Dropout"),
        "activation": layer("Activation"),
        "batch_norm": lambda: layer("BatchNormalization")(momentum=0.9),
        "conv1d": windows("Conv1D"),
        "conv2d": windows("Conv2D"),
        "depthwise_conv2d": lambda size, padding: layer("DepthwiseConv2D")(size, padding=padding),
        "max_pool2d": layer("MaxPooling2D"),
        "global_average_pool1d": layer("GlobalAveragePooling1D"),
        "global_average_pool2d": layer("GlobalAveragePooling2D"),
        "flatten": layer("Flatten"),
        "simple_rnn": lambda units, activation, dropout=0.0, recurrent_dropout=0.0: layer(
            "SimpleRNN"
        )(units, activation, dropout=dropout, recurrent_dropout=recurrent_dropout),
        "lstm": layer("LSTM"),
        "gru": layer("GRU"),
        "bidirectional_lstm": lambda units: layer("Bidirectional")(layer("LSTM")(units)),
        "embedding": layer("Embedding"),
        "masked_embedding": lambda words, size: layer("Embedding")(words, size, mask_zero=True),
    }


COMPOSED = ("residual", "concatenate")


def network(kit: Any, workload: Workload) -> tuple[Any, list[Any]]:
    """Build the model; return it with its layers in the order of the workload's description."""
    build, layers = table(kit), []

    def through(x: Any, described: Any) -> Any:
        for kind, *settings in described:
            if kind == "residual":
                x = kit.layers.Add()([x, through(x, settings[0])])
            elif kind == "concatenate":
                parts = [through(*each) for each in zip(x, settings, strict=True)]
                x = kit.layers.Concatenate()(parts)
            else:
                layers.append(build[kind](*settings))
                x = layers[-1](x)
        return x

    inputs = [
        kit.Input(each.shape, dtype="int32" if each.words else None) for each in workload.inputs
    ]
    if any(layer[0] in COMPOSED for layer in workload.layers):
        model = kit.Model(inputs, through(inputs if len(inputs) > 1 else inputs[0],
                                          workload.layers))  # fmt: skip
    else:
        layers = [build[kind](*settings) for kind, *settings in workload.layers]
        model = kit.Sequential([inputs[0], *layers])
    return model, layers


class Trainer:
    """Compile, fit."""

    note = ""

    def __init__(self, kit: Any, workload: Workload) -> None:
        self.batch = workload.batch
        xs, self.y = workload.data()
        self.x = list(xs) if len(xs) > 1 else xs[0]
        self.model, self.layers = network(kit, workload)
        self.model.compile(optimizer="adam", loss=LOSSES[workload.task])

    def fit(self, epochs: int) -> None:
        self.model.fit(self.x, self.y, batch_size=self.batch, epochs=epochs, verbose=0)

    def loss(self) -> float:
        result = self.model.evaluate(self.x, self.y, batch_size=self.batch, verbose=0)
        return float(result[0] if isinstance(result, list | tuple) else result)
