"""The harness itself: every layer passes it, and layers broken on purpose do not."""

import numpy as np
import pytest

import lamina
from harness import (
    DTYPES,
    LOADED_ISA,
    assert_close,
    assert_same_bits,
    check_gradient,
    check_invariants,
    check_kernel,
)
from lamina import kernels, layers, runtime
from layer_harness import check_layer
from thread_proof import assert_step_on_threads, same_on_threads

LAYERS = {
    "dense": (lambda **k: layers.Dense(5, "tanh", **k), (3,), lambda x, w, b: np.tanh(x @ w + b)),
    "dense without bias": (
        lambda **k: layers.Dense(17, use_bias=False, **k), (9,), lambda x, w: x @ w
    ),
    "dense softmax": (lambda **k: layers.Dense(4, "softmax", **k), (3,), None),
    "dense wide": (lambda **k: layers.Dense(70, "relu", **k), (150,), None),
    "dense on three axes": (lambda **k: layers.Dense(2, **k), (4, 3), lambda x, w, b: x @ w + b),
    "activation": (lambda **k: layers.Activation("gelu", **k), (6,), None),
    "dropout": (lambda **k: layers.Dropout(0.4, **k), (8,), lambda x: x),
    "flatten": (layers.Flatten, (2, 3, 4), lambda x: x.reshape(-1, 24)),
    "normalization": (
        lambda **k: layers.Normalization(mean=[1.0, 2.0], variance=[4.0, 9.0], **k), (2,),
        lambda x, *_: (x - [1.0, 2.0]) / [2.0, 3.0],
    ),
    "reshape": (lambda **k: layers.Reshape((4, 3), **k), (12,), lambda x: x.reshape(-1, 4, 3)),
}  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", sorted(LAYERS))
def test_every_layer(name, dtype):
    factory, shape, oracle = LAYERS[name]
    check_layer(factory, shape, oracle, dtype=dtype, reduction=shape[-1], magnitude=4.0)


def test_refused_inputs_are_checked():
    def factory(**base):
        return layers.Dense(2, **base)

    refused = [
        (np.ones(3, np.float32)[0], ValueError, "must have an axis of rows"),
        (np.ones((2, 4), np.float32), ValueError, "was built for input (rows, 3); got (rows, 4)"),
        (np.ones((2, 3), complex), TypeError, "complex"),
    ]
    check_layer(factory, (3,), None, refused=refused)
    with pytest.raises(AssertionError, match="accepted"):
        check_layer(factory, (3,), None, refused=[(np.ones((2, 3)), ValueError, "")])


# --- broken layers fail


def scaled(x):
    return kernels.scale(x, 2)


def test_wrong_forward():
    with pytest.raises(AssertionError, match="forward: 6 of 6 differ"):
        check_kernel(scaled, lambda x: 2.0001 * x, [np.ones((2, 3))], "float32")


def test_wrong_backward():
    def backward(dy, x):
        return dy * 2.00001

    with pytest.raises(AssertionError, match="gradient 0 is off"):
        check_kernel(scaled, lambda x: 2 * x, [np.ones((2, 3))], "float64", backward=backward)


@pytest.mark.skipif(len(runtime.available_isas()) < 2, reason="one instruction set")
def test_wrong_backward_of_another_instruction_set():
    def backward(dy, x):
        return dy * (2 if runtime.isa() == LOADED_ISA else 2.00001)

    runtime.use_isa(next(name for name in runtime.available_isas() if name != LOADED_ISA))
    try:
        with pytest.raises(AssertionError, match="backward: 6 of 6 differ"):
            check_kernel(scaled, lambda x: 2 * x, [np.ones((2, 3))], "float64", backward=backward)
    finally:
        runtime.use_isa(LOADED_ISA)


def test_written_input():
    def careless(x):
        x = np.asarray(x)
        y = x * 2.0
        if x.flags.writeable and x.dtype.isnative:
            x[...] = y / 2.0 + 1
        return y

    with pytest.raises(AssertionError, match=r"called twice|wrote to input"):
        check_kernel(careless, lambda x: 2 * x, [np.ones(3)], "float64")


def test_state_between_calls():
    calls = []

    def counting(x):
        calls.append(1)
        return np.asarray(x) + len(calls) * 1e-12

    with pytest.raises(AssertionError, match="called twice"):
        check_kernel(counting, lambda x: x, [np.ones(3)], "float64")


def test_layout_ignored():
    def raw(x):
        return np.frombuffer(np.asarray(x).tobytes(), np.float64) + 0

    with pytest.raises(AssertionError, match="big-endian"):
        check_kernel(raw, lambda x: x, [np.ones(3)], "float64")


def test_threads_matter():
    def threaded(x):
        return np.asarray(x) * (1 + 1e-15 * lamina.get_num_threads())

    with pytest.raises(AssertionError, match="threads"):
        check_kernel(threaded, lambda x: x, [np.ones(2000)], "float64")


def test_threads_matter_to_many_rows_alone():
    class Threaded(layers.Layer):
        """Sums its columns in as many parts as there are threads, if the work is large enough."""

        def record(self, graph, x):
            return graph.python([x], tuple(x.shape), self.forward, lambda dy, v: (dy,))

        def forward(self, v):
            parts = np.array_split(v, lamina.get_num_threads() if len(v) > 2000 else 1)
            return v - sum(part.sum(axis=0) for part in parts)

    check_invariants(Threaded(), [np.random.default_rng(1).normal(size=(33, 3)).astype("f4")])
    with pytest.raises(AssertionError, match=r"33333 rows on \d threads: result 0"):
        check_layer(Threaded, (3,), None)


def test_a_check_without_threads_is_refused():
    with pytest.raises(AssertionError, match="3 rows start no threads for"):
        check_layer(lambda **k: layers.Dense(2, **k), (3,), None, many_rows=3)


def test_threads_of_a_call_are_seen():
    x = np.ones((400, 400), np.float32)
    ((alone,),) = same_on_threads(lambda: kernels.matmul(x, x))
    assert (alone == 400).all()


def test_a_call_on_one_thread_is_refused():
    x = np.ones((3, 3), np.float32)
    with pytest.raises(AssertionError, match="product call 0 on 2 threads: one thread ran"):
        same_on_threads(lambda: kernels.matmul(x, x), what="product")


def test_a_step_on_one_thread_is_refused():
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(2)])
    model.compile("sgd", "mse")
    lamina.set_num_threads(2)
    with pytest.raises(AssertionError, match=r"dense (forward|backward) on 1 threads"):
        assert_step_on_threads(model, np.ones((4, 3)), np.ones((4, 2)), 4, {"dense"})
    with pytest.raises(AssertionError, match="no lstm in"):
        assert_step_on_threads(model, np.ones((4, 3)), np.ones((4, 2)), 4, {"lstm"})


def test_bits_and_slopes():
    with pytest.raises(AssertionError, match="differs first at element 1"):
        assert_same_bits([np.array([1.0, 0.0])], [np.array([1.0, -0.0])], "zeros")
    with pytest.raises(AssertionError):
        assert_close(np.float32(1.0), np.nan)
    x = np.array([3.0])
    check_gradient(lambda: float(x[0] ** 2), [x], [np.array([6.0])])
    with pytest.raises(AssertionError, match="gradient 0 is off"):
        check_gradient(lambda: float(x[0] ** 2), [x], [np.array([6.0001])])


def test_broken_layer():
    class Wrong(layers.Layer):
        """Its backward is twice the derivative of its forward."""

        def record(self, graph, x):
            return graph.python([x], tuple(x.shape), lambda v: v * 3, lambda dy, v: (dy * 6,))

    with pytest.raises(AssertionError, match="gradient 0 is off"):
        check_layer(Wrong, (3,), lambda x: 3 * x, dtype="float64")
