"""A convolution is fused with the only max pooling that reads it: same numbers, fewer passes."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import lamina
from lamina import layers
from short_of_memory import SHORT_OF_MEMORY

# height, width, channels; the convolution; the pooling
CASES = {
    "relu": ((11, 9, 3), {"filters": 5, "kernel_size": 3, "activation": "relu"}, {}),
    "linear": ((6, 6, 2), {"filters": 4, "kernel_size": 3, "padding": "same"}, {}),
    "tanh, overlapping": (
        (9, 10, 2),
        {"filters": 3, "kernel_size": 2, "activation": "tanh"},
        {"pool_size": 3, "strides": 2},
    ),
    "relu, overlapping": (
        (9, 10, 2),
        {"filters": 17, "kernel_size": 3, "activation": "relu", "strides": 2},
        {"pool_size": 3, "strides": 1, "padding": "same"},
    ),
    "groups": ((8, 8, 4), {"filters": 6, "kernel_size": 3, "groups": 2, "activation": "elu"}, {}),
    "wide places": (
        (20, 20, 1),
        {"filters": 3, "kernel_size": 3, "activation": "relu"},
        {"pool_size": 17},
    ),
    # Backward uses only the windows of the maxima if that is less work than the zeros between them.
    "winners": ((14, 14, 6), {"filters": 16, "kernel_size": 5, "activation": "relu"}, {}),
    "winners, padded": (
        (9, 8, 16),
        {"filters": 20, "kernel_size": 3, "padding": "same", "activation": "tanh"},
        {},
    ),
    "winners, strides": (
        (19, 17, 16),
        {"filters": 18, "kernel_size": 3, "strides": 2, "padding": "same"},
        {"pool_size": 3, "strides": 3, "padding": "same"},
    ),
    "winners, spread": (
        (15, 13, 16),
        {"filters": 17, "kernel_size": 3, "dilation_rate": 2, "activation": "relu"},
        {"pool_size": (2, 3), "strides": (3, 4)},
    ),
    "winners, many": ((8, 8, 64), {"filters": 40, "kernel_size": 3, "padding": "same"}, {}),
    "far apart": (
        (72, 72, 1),  # 4900 pixels of 16 floats do not stay near
        {"filters": 16, "kernel_size": 3, "activation": "relu"},
        {},
    ),
}


def network(case: str, both: bool, dtype: str = "float32") -> lamina.Model:
    """Two convolutions and a pool; with `both`, the value before the pool is an output too."""
    shape, convolution, pooling = CASES[case]
    lamina.set_random_seed(3)
    x = lamina.Input(shape)
    first = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    z = layers.Conv2D(**convolution, bias_initializer="random_normal")(first)
    y = layers.MaxPooling2D(**pooling)(z)
    return lamina.Model(x, [y, z] if both else y, dtype=dtype)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("rows", [1, 8, 19])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_outputs_are_those_of_the_two_layers(case: str, rows: int, dtype: str) -> None:
    x = np.random.default_rng(0).standard_normal((rows, *CASES[case][0])).astype(dtype)
    alone = network(case, False, dtype).predict(x, verbose=0)
    np.testing.assert_array_equal(alone, network(case, True, dtype).predict(x, verbose=0)[0])


def trained(case: str, both: bool, rows: int, threads: int) -> list[np.ndarray]:
    """The change of the weights in a step of plain descent, that is, the gradients."""
    lamina.set_num_threads(threads)
    rng = np.random.default_rng(1)
    model = network(case, both)
    x = rng.standard_normal((rows, *CASES[case][0]), dtype=np.float32)
    y = model.predict(x, verbose=0)
    wanted = y[0] + 1 if both else y + 1
    weights = [1.0, 0.0] if both else None
    model.compile(lamina.optimizers.SGD(1.0), "mse", loss_weights=weights)
    before = model.get_weights()
    model.train_on_batch(x, [wanted, y[1]] if both else wanted)
    return [b - a for a, b in zip(model.get_weights(), before, strict=True)]


def pooled_rows(case: str, rows: int) -> list:
    """The profile of the last convolution and its pool, forward and backward, on 3 threads."""
    lamina.set_num_threads(3)
    model = network(case, False)
    model.compile("sgd", "mse")
    x = np.ones((rows, *CASES[case][0]), np.float32)
    profile = lamina.profile(model, x, model.predict(x, verbose=0), batch_size=rows)
    return [row for row in profile.rows if "max_pool2d" in row.operation]


@pytest.mark.parametrize("case", CASES)
def test_the_convolution_takes_the_pool_over(case: str) -> None:
    kinds = [row.operation for row in pooled_rows(case, 9)]
    assert len(kinds) == 2, "forward and backward"
    assert all("conv2d" in kind and "+max_pool2d" in kind for kind in kinds), kinds


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("rows", [3, 19])
def test_gradients_are_those_of_the_two_layers(case: str, rows: int) -> None:
    together, apart = trained(case, False, rows, 2), trained(case, True, rows, 2)
    for a, b in zip(together, apart, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("case", ["relu", "tanh, overlapping", "winners", "far apart"])
def test_no_bit_depends_on_the_threads(case: str) -> None:
    rows = 800
    assert all(row.threads > 1 for row in pooled_rows(case, rows)), "the check would be empty"
    for one, two in zip(trained(case, False, rows, 1), trained(case, False, rows, 3), strict=True):
        np.testing.assert_array_equal(one, two)


# Outputs before the pool, in which its windows leave out a row, a column or both.
UNREAD = {
    "both": ((13, 13, 16), layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D()),
    "columns": ((12, 17, 3), layers.Conv2D(5, 3, padding="same"), layers.MaxPooling2D(2, (2, 5))),
    "strides": ((16, 23, 8), layers.Conv2D(16, 3, 2), layers.MaxPooling2D((2, 3))),
    "groups": ((9, 9, 6), layers.DepthwiseConv2D(3), layers.MaxPooling2D((2, 4), (2, 4))),
    "padded": ((12, 9, 16), layers.Conv2D(16, 3), layers.MaxPooling2D(2, (4, 3), padding="same")),
    "a signal": ((84, 8), layers.Conv1D(64, 5, activation="relu"), layers.MaxPooling1D(7)),
}


@pytest.mark.parametrize("case", UNREAD)
@pytest.mark.parametrize("rows", [2, 17])
def test_what_no_window_reads_has_no_part(case: str, rows: int) -> None:
    shape, convolution, pooling = UNREAD[case]
    rng = np.random.default_rng(5)
    x = rng.standard_normal((rows, *shape))

    def results(dtype: str, apart: bool) -> list[np.ndarray]:
        lamina.set_random_seed(4)
        seen, stack = [], [type(layer).from_config(layer.get_config()) for layer in
                           (layers.Dense(shape[-1]), convolution, pooling)]  # fmt: skip
        inputs = y = lamina.Input(shape)
        for layer in stack:
            y = layer(y)
            seen.append(y)
        model = lamina.Model(inputs, [y, seen[1]] if apart else y, dtype=dtype)
        model.compile(lamina.optimizers.SGD(1.0), "mse", loss_weights=[1, 0] if apart else None)
        outputs = model.predict(x, verbose=0)
        first = outputs[0] if apart else outputs
        before = model.get_weights()
        model.train_on_batch(x, [0 * first, 0 * outputs[1]] if apart else 0 * first)
        changes = [b - a for a, b in zip(model.get_weights(), before, strict=True)]
        return [first, *changes]

    names = ["outputs", "first kernel", "first bias", "kernel", "bias"]
    exact = results("float64", True)
    for name, got, want in zip(names, results("float32", False), exact, strict=True):
        assert np.abs(got - want).max() <= 2e-5 * np.abs(want).max(), name


def test_the_profile_shows_one_operation() -> None:
    model = lamina.Sequential(
        [
            lamina.Input((8, 8, 1)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    model.compile("sgd", "mse")
    table = str(lamina.profile(model, np.ones((9, 8, 8, 1)), np.ones((9, 1))))
    assert "conv2d+relu+max_pool2d" in table


# A pool of whole rows behind a convolution of steps, and the other way round: the windows are of
# another number of rows, so each operation stays as it is.
FOLDED = {
    "steps, then rows": lambda x, more: layers.MaxPooling2D(2)(
        more(layers.TimeDistributed(layers.Conv1D(4, 3, activation="relu", name="c"))(x))
    ),
    "steps, then one row": lambda x, more: layers.MaxPooling1D(3)(
        layers.Reshape((36, 4))(more(layers.TimeDistributed(layers.Conv1D(4, 3, name="c"))(x)))
    ),
    "rows, then steps": lambda x, more: layers.TimeDistributed(layers.MaxPooling1D(2))(
        more(layers.Conv2D(4, 3, padding="same", activation="relu", name="c")(x))
    ),
    "rows, then whole steps": lambda x, more: layers.TimeDistributed(layers.GlobalMaxPooling1D())(
        more(layers.Conv2D(4, 3, padding="same", activation="relu", name="c")(x))
    ),
}


@pytest.mark.parametrize("case", FOLDED)
@pytest.mark.parametrize("rows", [1, 3, 9])
def test_windows_of_other_rows_stay_apart(case: str, rows: int) -> None:
    def weights_and_output(apart: bool) -> list[np.ndarray]:
        lamina.set_random_seed(3)
        x, seen = lamina.Input((6, 8, 3)), []
        y = FOLDED[case](x, lambda z: seen.append(z) or z)
        model = lamina.Model(x, [y, *seen] if apart else y)
        model.compile(lamina.optimizers.SGD(0.1), "mse", loss_weights=[1, 0] if apart else None)
        data = np.random.default_rng(0).standard_normal((rows, 6, 8, 3)).astype("float32")
        outputs = model.predict(data, verbose=0)
        outputs = outputs if apart else [outputs]
        model.train_on_batch(data, [0 * o for o in outputs] if apart else 0 * outputs[0])
        return [outputs[0], *model.get_weights()]

    for together, apart in zip(weights_and_output(False), weights_and_output(True), strict=True):
        np.testing.assert_allclose(together, apart, rtol=1e-4, atol=1e-6)


A_STEP = """
import sys, time
import numpy as np
from lamina import _core, kernels

_core.runtime.set_num_threads(int(sys.argv[1]))
rng = np.random.default_rng(0)
graph = _core.Graph("float32")
x, target = graph.input((62, 62, 1), "x"), graph.input((30 * 30 * 16,), "target")
weights = [_core.Parameter(*p, "float32") for p in (("kernel", (3, 3, 1, 16)), ("bias", (16,)))]
_core.allocate(weights)
weights[0].array[...] = rng.standard_normal((3, 3, 1, 16))
kernel, bias = map(graph.parameter, weights)
pads = (0, 0, 0, 0)
z = graph.conv2d(x, kernel, bias, (1, 1), (1, 1), pads, activation="relu")
y = graph.reshape(graph.pool2d("max", z, (2, 2), (2, 2), pads), (30 * 30 * 16,))
graph.add_loss(graph.loss("mean_squared_error", y, target))
graph.build()
assert graph.operations()[0] == "conv2d+relu+max_pool2d", graph.operations()
data = [rng.standard_normal((9, *t.shape), dtype=np.float32) for t in (x, target)]
runs = [_core.Execution(graph, 9, True, 0, True) for _ in range(2)]
for run in runs:
    run.bind(data)
    run.set_update("sgd", [])

# The threads start while there is memory: the C library gives a new one its thread-local data when
# it first runs, and ends the process if it cannot.
kernels.activation_forward(np.ones(1 << 20, np.float32), "tanh")
time.sleep(0.3)
before = [np.array(w.array) for w in weights]

def refused(call):
    answer = short_of_memory(call)
    for weight, old in zip(weights, before):
        assert (weight.array == old).all(), "weights moved"
    return answer

train = lambda: runs[0].train(None, 0, 9, 0.1, 1, 1)
assert refused(lambda: runs[0].test(None, 0, 9)), "forward"
assert refused(train), "a step, forward"
runs[0].test(None, 0, 9)
assert refused(train), "a step, backward"
losses = [run.gradients(None, 0, 9) for run in runs]  # as if nothing had been
assert losses[0] == losses[1] > 0
assert (runs[0].gradient == runs[1].gradient).all() and runs[0].gradient.any()
assert (runs[0].input_gradient(0) == runs[1].input_gradient(0)).all()
print("sound")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space")
@pytest.mark.parametrize("threads", [1, 2])
def test_a_step_without_memory_for_its_images_is_refused_whole(threads: int) -> None:
    command = [sys.executable, "-c", SHORT_OF_MEMORY + A_STEP, str(threads)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "sound", done.stderr[-2000:]
