"""A typed user's program: it runs, and mypy --strict and pyright report nothing."""

# pyright: strict

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_type

import lamina
from lamina import (
    callbacks,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    regularizers,
)
from lamina.layers import LSTM, Concatenate, Dense, Embedding, Input, SymbolicTensor

x = np.linspace(-1.0, 1.0, 64, dtype=np.float32).reshape(16, 4)
y = x.sum(axis=1)


def sequential() -> lamina.Sequential:
    model = lamina.Sequential(
        [
            lamina.Input((4,)),
            Dense(3, activation="relu", kernel_regularizer=regularizers.L2(1e-4), name="hidden"),
            layers.Dropout(0.1, seed=1),
            Dense(1, kernel_initializer=initializers.HeNormal(seed=1), trainable=True),
        ],
        name="rows",
        seed=3,
    )
    assert_type(model, lamina.Sequential)
    model.compile(
        optimizer=optimizers.Adam(learning_rate=0.01, clipnorm=1.0),
        loss=losses.Huber(delta=0.5),
        metrics=["mae", metrics.RootMeanSquaredError(), lambda t, p: np.abs(t - p)],
    )
    return model


def graph() -> lamina.Model:
    a, b = Input((4,), name="a"), Input((4,), name="b", dtype="float32")
    assert_type(a, SymbolicTensor)
    shared = Dense(2, "tanh")
    joined = Concatenate()([shared(a), shared(b)])
    assert_type(joined, SymbolicTensor)
    assert_type(layers.add([shared(a), shared(b)]), SymbolicTensor)
    assert_type(shared(a) + shared(b), SymbolicTensor)
    model = lamina.Model(inputs=[a, b], outputs={"sum": Dense(1)(joined)}, name="two")
    assert_type(model, lamina.Model)
    assert_type(lamina.Model(a, shared(a)), lamina.Model)
    assert_type(models.Functional(a, shared(a)), models.Functional)
    assert_type(model.get_layer("a"), layers.Layer | Any)  # or a model that is a layer
    model.compile("adam", {"sum": "mse"}, metrics={"sum": ["mae"]}, loss_weights={"sum": 1.0})
    return model


def sequences() -> lamina.Sequential:
    tokens = Input((5,), dtype="int32")
    whole, h, c = LSTM(3, return_sequences=True, return_state=True)(Embedding(7, 2)(tokens))
    lamina.Model(tokens, [whole, h, c])
    model = lamina.Sequential()
    model.add(Input((5, 2)))
    model.add(layers.Bidirectional(LSTM(3)))
    assert_type(model(Input((5, 2))), SymbolicTensor)
    return model


class Scale(layers.Layer):
    """A user-defined layer."""

    def __init__(self, factor: float, **base: Any) -> None:
        super().__init__(**base)
        self.factor = factor

    def call(self, x: Any) -> Any:
        return x * self.factor


class Watch(callbacks.Callback):
    """A user-defined callback."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if logs is not None and logs["loss"] < 1e-9:
            self.model.stop_training = True
        self.model.optimizer.learning_rate = 0.5 / (epoch + 1)


def main() -> None:
    lamina.set_random_seed(1)
    model = sequential()
    stop = callbacks.EarlyStopping(patience=3, monitor="val_loss")
    history = model.fit(
        x, y, batch_size=8, epochs=2, verbose=0, callbacks=[stop, Watch()],
        validation_split=0.25, sample_weight=np.ones(16), shuffle=True,
    )  # fmt: skip
    assert_type(history, callbacks.History)
    assert_type(history.history, dict[str, list[float]])
    assert_type(history.history["loss"][-1], float)
    assert_type(model.predict(x), NDArray[Any])
    assert_type(model(x), NDArray[Any])
    assert_type(model.evaluate(x, y, return_dict=True), dict[str, float])
    loss, *_ = model.evaluate(x.tolist(), y.tolist(), verbose=0)
    print(f"{loss:.2f}", model.predict(x).shape, model.output_shape)
    assert_type(model.train_on_batch(x, y, return_dict=True), dict[str, float])
    assert_type(model.get_weights(), list[NDArray[Any]])
    model.set_weights(model.get_weights())
    assert_type(model.count_params(), int)
    model.summary(print_fn=print)
    assert_type(lamina.Sequential.from_config(model.get_config()), lamina.Sequential)
    model.optimizer.learning_rate = optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    model.layers[0].trainable = False

    two = graph()
    two.fit({"a": x, "b": x}, {"sum": y}, epochs=1, verbose=0, class_weight=None)
    two.fit([x, x], {"sum": y}, validation_data=([x, x], {"sum": y}), verbose=0)
    print(two.predict([x, x])["sum"].shape)
    sequences()

    assert_type(Dense(2)(x), NDArray[Any])
    assert_type(Scale(2.0, name="twice")(x), NDArray[Any])
    assert_type(Scale(2.0)(Input((4,))), SymbolicTensor)
    assert_type(losses.get("mse")([1.0], [2.0]), float)
    assert_type(lamina.utils.to_categorical([0, 1]), NDArray[Any])
    (train, labels), _ = lamina.datasets.boston.load_data()
    assert_type(train, NDArray[Any])
    assert_type(labels, NDArray[Any])
    print(lamina.profile(two, [x, x], {"sum": y}, repeats=1).total.us > 0)


if __name__ == "__main__":
    main()
