"""Programs without their weights: paths of parameters, and the loss as a function of one vector."""

import threading

import numpy as np
import pytest

import lamina
from lamina import _core
from lamina.layers import GRU, BatchNormalization, Bidirectional, Dense, Dropout, TimeDistributed

RNG = np.random.default_rng(4)
X, Y = RNG.normal(size=(30, 3)), RNG.normal(size=(30, 1))


def recorded(model, loss="mean_squared_error"):
    model.get_weights()  # allocates them
    graph = _core.Graph(model.dtype)
    (y,), _ = model.record_outputs(graph, model.graph_inputs(graph, model.input_row_shapes))
    target = graph.input(tuple(y.shape), "y")
    graph.add_loss(graph.loss(loss, y, target))
    for parameter, l1, l2 in model.penalties():
        graph.add_penalty(graph.parameter(parameter), l1, l2)
    graph.build()
    return graph


def small(**base):
    return lamina.Sequential(
        [
            lamina.Input((3,)),
            Dense(4, "tanh", kernel_regularizer=lamina.regularizers.L2(0.1)),
            Dense(1),
        ],
        dtype="float64",
        seed=1,
        **base,
    )


def test_paths_are_unique_and_follow_the_structure():
    encoder = lamina.Sequential([lamina.Input((3,)), Dense(2), Dense(2)], name="encoder")
    shared = Dense(2, name="shared")
    x = lamina.Input((5, 3))
    h = TimeDistributed(encoder, name="steps")(x)
    h = Bidirectional(GRU(2, return_sequences=True))(h)
    h = shared(lamina.layers.concatenate([h, h]))
    model = lamina.Model(x, [Dense(1)(h), TimeDistributed(shared)(lamina.layers.Dense(8)(h))])
    graph = _core.Graph("float32")
    model.record_outputs(graph, model.graph_inputs(graph, model.input_row_shapes))
    assert len(set(graph.paths)) == len(graph.paths) == len(model.parameters)
    assert {path.rpartition("/")[0] for path in graph.paths} == {
        "steps/encoder/dense",
        "steps/encoder/dense_1",
        "bidirectional/forward_gru",
        "bidirectional/backward_gru",
        "shared",
        "dense_2",
        "dense_3",
    }


def test_two_weights_of_one_name_have_paths_of_their_own():
    class Twice(lamina.layers.Layer):
        def build(self, input_shape):
            n = input_shape[-1]
            self.a, self.b = (self.add_weight("w", (n, n)) for _ in range(2))

        def record(self, graph, x):
            return graph.dense(graph.dense(x, graph.parameter(self.a)), graph.parameter(self.b))

    model = lamina.Sequential([lamina.Input((3,)), Twice(name="twice")], dtype="float64")
    assert recorded(model).paths == ["twice/w", "twice/w_1"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_value_and_gradient_are_those_of_the_formula(dtype):
    model = small()
    model = lamina.Sequential.from_config({**model.get_config(), "dtype": dtype})
    objective = _core.Objective(recorded(model), [X.astype(dtype), Y.astype(dtype)])
    assert objective.paths() == ["dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias"]
    theta = objective.weights()
    assert np.array_equal(theta, np.concatenate([w.ravel() for w in model.get_weights()]))

    def value(t):
        w, b, v, c = t[:12].reshape(3, 4), t[12:16], t[16:20].reshape(4, 1), t[20:]
        return np.mean((np.tanh(X @ w + b) @ v + c - Y) ** 2) + 0.1 * np.sum(w**2)

    theta = theta + RNG.normal(size=theta.size) / 3
    got, gradient = objective.value_and_gradient(theta)
    near = 1e-6 if dtype == "float32" else 1e-12
    assert got == pytest.approx(value(theta), rel=near)
    assert objective.value(theta) == got
    steps = 1e-6 * np.eye(theta.size)
    slopes = [(value(theta + d) - value(theta - d)) / 2e-6 for d in steps]
    np.testing.assert_allclose(gradient, slopes, rtol=2e-5, atol=2e-6)
    # The model's own weights were evaluated last.
    assert np.array_equal(objective.weights(), theta.astype(dtype))


def test_an_outside_optimizer_finds_least_squares():
    model = lamina.Sequential([lamina.Input((3,)), Dense(1)], dtype="float64")
    objective = _core.Objective(recorded(model), [X, Y])
    theta = objective.weights()
    for _ in range(400):
        theta = theta - 0.2 * objective.value_and_gradient(theta)[1]
    best = np.linalg.lstsq(np.c_[X, np.ones(30)], Y, rcond=None)[0].ravel()
    np.testing.assert_allclose(theta, best, atol=1e-9)
    np.testing.assert_allclose(model.get_weights()[0].ravel(), best[:3], atol=1e-9)


def test_noise_is_drawn_alike_and_frozen_weights_are_left_out():
    model = lamina.Sequential(
        [
            lamina.Input((3,)),
            Dense(4, trainable=False),
            Dropout(0.5),
            BatchNormalization(),
            Dense(1),
        ],
        dtype="float64",
    )
    objective = _core.Objective(recorded(model), [X, Y], 7)
    assert objective.paths() == [
        "batch_normalization/gamma",
        "batch_normalization/beta",
        "dense_1/kernel",
        "dense_1/bias",
    ]
    theta = objective.weights()
    value, gradient = objective.value_and_gradient(theta)
    assert objective.value(theta) == value
    before = model.get_weights()
    assert objective.value_and_gradient(theta)[0] == value  # moving statistics are unchanged
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    for place in (0, 5, 9):
        step = 1e-6 * np.eye(theta.size)[place]
        slope = (objective.value(theta + step) - objective.value(theta - step)) / 2e-6
        assert gradient[place] == pytest.approx(slope, abs=1e-7)


def test_objectives_side_by_side_do_not_meet():
    alone = []
    for seed in range(8):
        model = small(name=f"m{seed}")
        objective = _core.Objective(recorded(model), [X, Y + seed])
        alone.append(objective.value_and_gradient(objective.weights() + seed))
    objectives = [_core.Objective(recorded(small()), [X, Y + seed]) for seed in range(8)]
    found = [None] * 8

    def ask(seed):
        for _ in range(50):
            theta = objectives[seed].weights() * 0 + start + seed
            found[seed] = objectives[seed].value_and_gradient(theta)

    start = _core.Objective(recorded(small()), [X, Y]).weights()
    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for (value, gradient), (expected, slopes) in zip(found, alone, strict=True):
        assert value == expected
        assert np.array_equal(gradient, slopes)


def test_what_is_no_vector_of_weights_is_refused():
    objective = _core.Objective(recorded(small()), [X, Y])
    theta = objective.weights()
    for wrong, error in [
        (theta[:-1], r"needs shape \(21,\); got \(20,\)"),
        (theta.reshape(3, 7), r"needs shape \(21,\); got \(3, 7\)"),
        (theta.astype("float32"), "C-contiguous float64"),
        (np.tile(theta, 2)[::2], "C-contiguous float64"),
        (list(theta), "C-contiguous float64"),
        (None, "C-contiguous float64"),
    ]:
        with pytest.raises((TypeError, ValueError), match=error):
            objective.value_and_gradient(wrong)
        with pytest.raises((TypeError, ValueError), match=error):
            objective.value(wrong)
    assert np.array_equal(objective.weights(), theta)
    with pytest.raises(ValueError, match="rows must be at least 1; got 0"):
        _core.Objective(recorded(small()), [X[:0], Y[:0]])
    frozen = small()
    frozen.trainable = False
    with pytest.raises(ValueError, match="no trainable parameter"):
        _core.Objective(recorded(frozen), [X, Y])
