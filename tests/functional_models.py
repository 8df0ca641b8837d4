"""Small graph models, and rows to test them with."""

import numpy as np

import lamina
from lamina.layers import Dense, Dropout, Input, Layer

RNG = np.random.default_rng(11)
X = RNG.normal(size=(40, 3)).astype("float32")
Y = X[:, :1] * 2 - X[:, 1:2]


class Join(Layer):
    """Columns side by side, as a layer of several inputs written in NumPy."""

    multiple_inputs = True

    def compute_output_shape(self, input_shape):
        if not isinstance(input_shape, list):
            raise ValueError(f"{self.name}: needs a list of inputs")
        return (None, sum(s[-1] for s in input_shape))

    def record(self, graph, x):
        widths = [t.shape[-1] for t in x]
        cuts = np.cumsum(widths)[:-1]

        def backward(dy, *inputs):
            return tuple(np.ascontiguousarray(part) for part in np.split(dy, cuts, axis=-1))

        def forward(*inputs):
            return np.concatenate(inputs, axis=-1)

        return graph.python(x, (sum(widths),), forward, backward, name=self.name)


class Parts(Layer):
    """Two outputs: x, and a product of it."""

    def compute_output_shape(self, input_shape):
        return [input_shape, (None, 2)]

    def build(self, input_shape):
        shape = (input_shape[-1], 2)
        self.matrix = self.add_weight("matrix", shape, lamina.initializers.get("ones"))

    def record(self, graph, x):
        return [x, graph.dense(x, graph.parameter(self.matrix))]


def chain(seed=5, dtype="float32"):
    x = Input((3,), dtype=dtype)
    h = Dense(6, "tanh", kernel_regularizer="l2")(x)
    return lamina.Model(x, Dense(1)(Dropout(0.3)(h)), seed=seed)


def sequence(seed=5, dtype="float32"):
    layers = [Input((3,)), Dense(6, "tanh", kernel_regularizer="l2"), Dropout(0.3), Dense(1)]
    return lamina.Sequential(layers, seed=seed, dtype=dtype)


def siamese(dtype="float64", seed=2):
    a, b = Input((3,), name="a", dtype=dtype), Input((3,), name="b", dtype=dtype)
    shared = Dense(4, "tanh", name="shared")
    out = Dense(1, name="out")(Join(name="join")([shared(a), shared(b)]))
    return lamina.Model([a, b], out, seed=seed)


def gradients(model, x, y):
    model.compile("sgd", "mse")
    run = model.objective(False).take(len(y), True)
    run.bind([*x, y])
    run.gradients(None, 0, len(y), 1)
    return {p.name: np.array(run.gradient_of(p)) for p in model.parameters}


def nested():
    inner = lamina.Sequential([Input((3,)), Dense(4, "relu"), Dropout(0.2)], name="inner")
    x = Input((3,), name="x")
    return lamina.Model(x, Dense(1, name="out")(inner(x)), seed=7), inner
