"""Small graphs that several tests share, and the same written out in NumPy."""

import numpy as np

from lamina import _core


def parameters(graph, rng, **shapes):
    """Parameters with normal values, and their tensors in ``graph``."""
    made = {name: _core.Parameter(name, shape, graph.dtype) for name, shape in shapes.items()}
    _core.allocate(list(made.values()))
    for p in made.values():
        p.array[...] = rng.normal(size=p.shape)
    return made, {name: graph.parameter(p) for name, p in made.items()}


def two_layers(rng, dtype="float64", activation="tanh"):
    graph = _core.Graph(dtype)
    x, y = graph.input((3,), "x"), graph.input((2,), "y")
    values, tensors = parameters(graph, rng, w1=(3, 4), b1=(4,), w2=(4, 2), b2=(2,))
    hidden = graph.dense(x, tensors["w1"], tensors["b1"], activation)
    output = graph.dense(hidden, tensors["w2"], tensors["b2"])
    graph.add_loss(graph.loss("mean_squared_error", output, y))
    graph.add_output(output)
    graph.build()
    return graph, values


def numpy_two_layers(values, x, y):
    """Loss and gradients of `two_layers`, in NumPy."""
    w = {name: p.array.astype("float64") for name, p in values.items()}
    hidden = np.tanh(x @ w["w1"] + w["b1"])
    output = hidden @ w["w2"] + w["b2"]
    d_output = 2 * (output - y) / y.size
    d_hidden = (d_output @ w["w2"].T) * (1 - hidden**2)
    gradients = {
        "w1": x.T @ d_hidden,
        "b1": d_hidden.sum(0),
        "w2": hidden.T @ d_output,
        "b2": d_output.sum(0),
    }
    return np.mean((output - y) ** 2), gradients, output
