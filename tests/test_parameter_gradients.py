"""Gradients add up for a parameter shared by two operations, beside unshared ones."""

import numpy as np
import pytest

from lamina import _core

ROWS = 9


def dense(g, x, w):
    return g.dense(x, w["kernel"], w["bias"])


def conv2d(g, x, w):
    y = g.conv2d(x, w["kernel"], w["bias"], (1, 1), (1, 1), (1, 1, 1, 1), activation="tanh")
    return g.reshape(y, (6, 6, 2))


def pooled(g, x, w):
    """Convolution, ReLU and pooling, a single operation after build."""
    y = g.conv2d(x, w["kernel"], w["bias"], (1, 1), (1, 1), (1, 1, 1, 1), activation="relu")
    return g.repeat(g.pool2d("max", y, (2, 2), (2, 2), (0, 0, 0, 0)), (2, 2, 1))


def batch_norm(g, x, w):
    return g.batch_norm(x, w["mean"], w["variance"], gamma=w["kernel"], beta=w["bias"])


def batch_norm_of_steps(g, x, w):
    return g.unfold(batch_norm(g, g.fold(x), w), x.shape[0])


def layer_norm(g, x, w):
    return g.layer_norm(x, gamma=w["kernel"], beta=w["bias"])


def lstm(g, x, w):
    return g.recurrent("lstm", x, w["kernel"], w["state"], w["bias"], return_sequences=True)[0]


# The operation, the shape of a row, and of each parameter.
CASES = [
    (dense, (3,), {"kernel": (3, 3), "bias": (3,)}),
    (conv2d, (6, 6, 2), {"kernel": (3, 3, 2, 2), "bias": (2,)}),
    (pooled, (6, 6, 2), {"kernel": (3, 3, 2, 2), "bias": (2,)}),
    (batch_norm, (3,), {"kernel": (3,), "bias": (3,)}),
    (batch_norm_of_steps, (4, 3), {"kernel": (3,), "bias": (3,)}),
    (layer_norm, (3,), {"kernel": (3,), "bias": (3,)}),
    (lstm, (5, 2), {"kernel": (2, 8), "bias": (8,), "state": (2, 8)}),
]


def gradients(case, shared):
    """Gradients of both uses' parameters, where those named `shared` are the same parameter."""
    operation, shape, shapes = case
    rng = np.random.default_rng(4)
    graph = _core.Graph("float64")
    uses = [{}, {}]
    for name, size in shapes.items():
        values = rng.normal(size=size)  # equal in both, shared or not
        for i, use in enumerate(uses):
            again = i == 1 and name in shared
            use[name] = uses[0][name] if again else _core.Parameter(f"{name}{i}", size, "float64")
            _core.allocate([use[name]])
            use[name].array[...] = values
    tensors = [{name: graph.parameter(p) for name, p in use.items()} for use in uses]
    if operation in (batch_norm, batch_norm_of_steps):
        for i, use in enumerate(tensors):
            for name in ("mean", "variance"):
                moving = _core.Parameter(f"{name}{i}", (shape[-1],), "float64", False)
                _core.allocate([moving])
                use[name] = graph.parameter(moving)
    y = x = graph.input(shape, "x")
    for use in tensors:
        y = operation(graph, y, use)
    flat = graph.reshape(y, (int(np.prod(shape)),))
    target = graph.input(tuple(flat.shape), "target")
    graph.add_loss(graph.loss("mean_squared_error", flat, target))
    graph.build()
    run = _core.Execution(graph, ROWS, True)
    run.bind([rng.normal(size=(ROWS, *t.shape)) for t in (x, target)])
    results = []
    for _ in range(2):  # the second starts from zero
        run.gradients(None, 0, ROWS)
        results.append({n: [np.array(run.gradient_of(u[n])) for u in uses] for n in shapes})
    for name in shapes:
        np.testing.assert_array_equal(results[0][name], results[1][name])
    return results[0]


SHARED = [
    (case, shared)
    for case in CASES
    for shared in ("kernel", "bias", "kernel bias", "kernel state")
    if case[2].keys() >= set(shared.split())
]


@pytest.mark.parametrize(("case", "shared"), SHARED, ids=lambda it: getattr(it[0], "__name__", it))
def test_gradients_of_shared_parameters(case, shared):
    apart = gradients(case, ())
    together = gradients(case, shared.split())
    for name, (first, second) in apart.items():
        if name in shared.split():
            for got in together[name]:
                np.testing.assert_allclose(got, first + second, rtol=1e-11, atol=1e-13)
        else:
            np.testing.assert_allclose(together[name][0], first, rtol=1e-11, atol=1e-13)
            np.testing.assert_allclose(together[name][1], second, rtol=1e-11, atol=1e-13)


def test_one_parameter_in_two_places_of_an_operation():
    """The kernel and the recurrent kernel of a cell whose inputs are as many as its units."""
    rng = np.random.default_rng(5)
    values, results = rng.normal(size=(3, 3)), []
    data = [rng.normal(size=(4, 6, 3)), rng.normal(size=(4, 3))]
    for same in (False, True):
        graph = _core.Graph("float64")
        kernel = _core.Parameter("kernel", (3, 3), "float64")
        state = kernel if same else _core.Parameter("state", (3, 3), "float64")
        _core.allocate([kernel, state])
        kernel.array[...] = state.array[...] = values
        x = graph.input((6, 3), "x")
        y = graph.recurrent("simple_rnn", x, graph.parameter(kernel), graph.parameter(state))[0]
        graph.add_loss(graph.loss("mean_squared_error", y, graph.input((3,), "target")))
        graph.build()
        run = _core.Execution(graph, 4, True)
        run.bind(data)
        run.gradients(None, 0, 4)
        results.append([np.array(run.gradient_of(p)) for p in (kernel, state)])
    (first, second), (both, _) = results
    np.testing.assert_allclose(both, first + second, rtol=1e-11, atol=1e-13)
