"""The operation used by lamina.nnet's searches, against NumPy, with every instruction set."""

import numpy as np
import pytest

import lamina
from lamina import _core

RNG = np.random.default_rng(6)


def by_hand(x, w, hidden, outputs, skip, reach=np.inf):
    """Return the outputs, and the hidden units."""
    inputs = len(x)
    cut = hidden * (1 + inputs)
    a, b = w[:cut].reshape(hidden, 1 + inputs), w[cut:].reshape(outputs, -1)
    one = np.ones((1, x.shape[1]))
    z = a @ np.concatenate([one, x])
    s = np.where(abs(z) > reach, z > 0, 1 / (1 + np.exp(-z)))
    fed = np.concatenate([one, s, x]) if skip else np.concatenate([one, s])
    return b @ fed, s, fed


def derivatives(x, w, hidden, outputs, skip, dy, reach=np.inf):
    _, s, fed = by_hand(x, w, hidden, outputs, skip, reach)
    b = w[hidden * (1 + len(x)) :].reshape(outputs, -1)
    dz = (b[:, 1 : 1 + hidden].T @ dy) * s * (1 - s)
    da = dz @ np.concatenate([np.ones((1, x.shape[1])), x]).T
    return np.concatenate([da.ravel(), (dy @ fed.T).ravel()])


def objective(x, dy, hidden, outputs, skip, dtype="float64", reach=None):
    """The sum of outputs times ``dy``, over several data sets of one shape."""
    size = hidden * (1 + x.shape[1]) + outputs * (1 + hidden + skip * x.shape[1])
    graph = _core.Graph(dtype)
    weights = _core.Parameter("w", (size,), dtype)
    _core.allocate([weights])
    data = graph.input(x.shape[1:], "x")
    out = graph.logistic_network(data, graph.parameter(weights), hidden, outputs, skip, reach)
    times = graph.input(dy.shape[1:], "dy")
    graph.add_loss(graph.multiply([out, times]), reduction="sum")
    graph.build()
    return _core.Objective(graph, [x.astype(dtype), dy.astype(dtype)]), size


@pytest.mark.parametrize("reach", [None, 15.0])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cases", [1, 7, 8, 511, 513, 1300])
@pytest.mark.parametrize(("hidden", "outputs", "skip"), [(0, 2, True), (1, 1, False), (5, 1, False),
                                                         (6, 3, True), (13, 4, False)])  # fmt: skip
def test_outputs_and_derivatives(hidden, outputs, skip, cases, dtype, reach, isa):
    x, dy = RNG.normal(size=(2, 4, cases)), RNG.normal(size=(2, outputs, cases))
    function, size = objective(x, dy, hidden, outputs, skip, dtype, reach)
    w = RNG.normal(size=size).astype(dtype).astype(float)
    x, dy = (each.astype(dtype).astype(float) for each in (x, dy))
    value, gradient = function.value_and_gradient(w)
    sums = [by_hand(x[i], w, hidden, outputs, skip)[0] for i in range(2)]
    parts = [derivatives(x[i], w, hidden, outputs, skip, dy[i]) for i in range(2)]
    terms = sum(np.abs(s * d).sum() for s, d in zip(sums, dy, strict=True))
    eps = np.finfo(dtype).eps
    assert abs(value - sum((s * d).sum() for s, d in zip(sums, dy, strict=True))) < 20 * eps * terms
    scale = np.sqrt(2 * cases) * 10
    np.testing.assert_allclose(gradient, sum(parts), rtol=0, atol=20 * eps * scale)


def test_beyond_the_reach_units_are_0_or_1_and_learn_nothing(isa):
    x = np.array([[[-14.9, -15.1, 15.1, 14.9, 0.0]]])
    dy = np.ones((1, 1, 5))
    function, _ = objective(x, dy, 1, 1, False, reach=15.0)
    w = np.array([0.0, 1.0, 0.0, 1.0])
    value, gradient = function.value_and_gradient(w)
    near = 1 / (1 + np.exp(-x[0, 0, [0, 3, 4]]))
    assert value == pytest.approx(near.sum() + 1.0, rel=1e-14)
    assert gradient[0] == pytest.approx((near * (1 - near)).sum(), rel=1e-9)


def test_the_number_of_threads_changes_no_bit():
    x, dy = RNG.normal(size=(1, 9, 20_000)), RNG.normal(size=(1, 2, 20_000))
    function, size = objective(x, dy, 7, 2, True)
    w = RNG.normal(size=size)
    threads = lamina.get_num_threads()
    found = []
    try:
        for count in (1, 2, 3):
            lamina.set_num_threads(count)
            value, gradient = function.value_and_gradient(w)
            found.append((value, gradient.tobytes()))
    finally:
        lamina.set_num_threads(threads)
    assert found[0] == found[1] == found[2]


def test_what_does_not_fit_is_refused():
    graph = _core.Graph("float64")
    x = graph.input((3, 5), "x")
    weights = graph.parameter(_core.Parameter("w", (6,), "float64"))
    for arguments, text in [
        ((x, weights, 2, 1), r"weights must have shape \(11,\); got \(6,\)"),
        ((x, weights, 0, 1), "needs an output, and hidden units or skip"),
        ((x, weights, 1, 0), "needs an output"),
        ((x, weights, 1, 1, False, 0.0), "reach must be above 0"),
        ((graph.input((3,), "flat"), weights, 1, 1), r"rows of shape \(inputs, cases\)"),
    ]:
        with pytest.raises(ValueError, match=text):
            graph.logistic_network(*arguments)
