"""Models of all kinds for tests of files and copies, with what they need from the program."""

import numpy as np

import lamina
from lamina import layers, ops, optimizers
from lamina.optimizers import schedules

RNG = np.random.default_rng(7)
X = RNG.normal(size=(48, 6)).astype("float32")
Y = RNG.integers(0, 3, 48)
LOGITS = lamina.losses.SparseCategoricalCrossentropy(from_logits=True)


class Scaled(layers.Layer):
    """Has a weight, an argument under another name, and an inner layer."""

    def __init__(self, factor, initial="ones", **base):
        super().__init__(**base)
        self.times, self.initial = factor, initial
        self.inner = layers.Dense(4, "tanh")

    def build(self, input_shape):
        self.slope = self.add_weight("slope", (4,), self.initial)
        self.seen = self.add_weight("seen", (), "zeros", dtype="int32")

    def call(self, x, training=None):
        if training:
            self.seen.assign_add(1)
        return self.inner(x) * self.slope * self.times


class Sevenths(lamina.initializers.Initializer):
    def values(self, shape, dtype, rng):
        return np.full(shape, 1 / 7, dtype)


class Net(lamina.Model):
    """A class with call whose constructor has no name argument."""

    def __init__(self, units, rate=0.25):
        super().__init__()
        self.first, self.last = layers.Dense(units, "relu"), layers.Dense(3)
        self.drop = layers.Dropout(rate)

    def call(self, x, training=None):
        return self.last(self.drop(self.first(x), training=training))


def twice(x):
    return 2 * x


def scaled_error(y_true, y_pred):
    return ops.square(ops.cast(y_true, "float32")[:, None] - y_pred)


OWN = {"Scaled": Scaled, "Sevenths": Sevenths, "Net": Net, "twice": twice,
       "scaled_error": scaled_error}  # fmt: skip


def sequential():
    norm, first = layers.Normalization(), lamina.initializers.Constant(np.arange(8.0))
    norm.adapt(X * 3)
    model = lamina.Sequential(
        [
            layers.Input((6,), name="rows"), norm,
            layers.Dense(8, "leaky_relu", kernel_regularizer=lamina.regularizers.L1L2(0.01, 0.02),
                         kernel_constraint="max_norm", bias_initializer=first),
            layers.Dropout(0.3), layers.BatchNormalization(), layers.Dense(3, "softmax"),
        ], name="chain", seed=5,
    )  # fmt: skip
    rate = schedules.ExponentialDecay(0.01, 3, 0.9)
    top = lamina.metrics.SparseTopKCategoricalAccuracy(2)
    loss = "sparse_categorical_crossentropy"
    model.compile(optimizers.Adam(rate, amsgrad=True), loss, metrics=["accuracy", top])
    return model


def graph():
    x = layers.Input((6,))
    encoder = lamina.Sequential([layers.Input((6,)), layers.Dense(5, "gelu")], name="encoder")
    h = layers.Concatenate()([encoder(x), x[:, 1:3] * 2 + 1, ops.exp(-x)])
    shared = layers.Dense(4, "tanh", name="shared")
    out = {"class": layers.Dense(3, name="c")(shared(layers.GaussianNoise(0.1)(h))),
           "value": layers.Dense(1, name="v")(shared(h))}  # fmt: skip
    model = lamina.Model({"x": x}, out, name="graph")
    root = lamina.metrics.RootMeanSquaredError(name="root")
    model.compile(optimizers.SGD(0.05, momentum=0.9, nesterov=True),
                  {"class": LOGITS, "value": "mae"}, loss_weights={"class": 0.5, "value": 2.0},
                  metrics={"value": [root]})  # fmt: skip
    model.get_layer("shared").trainable = False
    return model


def sequences():
    cell = layers.RNN(layers.GRUCell(4), return_sequences=True)
    return compiled(
        lamina.Sequential(
            [
                layers.Input((6,)), layers.Reshape((3, 2)), layers.Masking(0.5), cell,
                layers.Bidirectional(layers.LSTM(3, dropout=0.2)),
                layers.RepeatVector(2), layers.TimeDistributed(layers.Dense(2, twice)),
                layers.Flatten(), layers.Dense(3),
            ]
        )
    )  # fmt: skip


def own_layers():
    return compiled(
        lamina.Sequential([layers.Input((6,)), Scaled(3.0, Sevenths()), layers.Dense(3)])
    )


def own_model():
    return compiled(Net(5, rate=0.4))


def compiled(model):
    model.compile("rmsprop", LOGITS, weighted_metrics=["acc"])
    return model


KINDS = {f.__name__: f for f in (sequential, graph, sequences, own_layers, own_model)}


def fit(model, epochs=2):
    given = {"x": X} if model.name == "graph" else X
    wanted = {"class": Y, "value": Y[:, None] * 1.0} if model.name == "graph" else Y
    return model.fit(given, wanted, batch_size=20, epochs=epochs, verbose=0).history


def same_weights(a, b):
    pairs = list(zip(a.get_weights(), b.get_weights(), strict=True))
    return all(np.array_equal(x, y) and x.dtype == y.dtype for x, y in pairs)


def dense(*units):
    made = [layers.Dense(n, name=f"d{i}") for i, n in enumerate(units)]
    return lamina.Sequential([layers.Input((6,)), *made])
