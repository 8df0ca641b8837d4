"""Subnormal numbers: operations that compute with them, and those that flush them to zero."""

import platform

import numpy as np
import pytest

import lamina
from lamina import kernels, layers, optimizers
from thread_proof import same_on_threads

pytestmark = pytest.mark.skipif(
    platform.machine() not in {"x86_64", "AMD64", "aarch64", "arm64"},
    reason="needs a processor that can flush denormals to zero",
)
TINY = np.finfo(np.float32).tiny
DENORMAL = TINY / np.float32(8)


def denormals(array):
    return int(((array != 0) & (np.abs(array) < np.finfo(array.dtype).tiny)).sum())


def words(optimizer, **settings):
    """Return a model of 40 words, each seen in a first step, then only 10 of them; their rows."""
    lamina.utils.set_random_seed(1)
    stack = [layers.Input((3,), dtype="int32"), layers.Embedding(40, 6), layers.Flatten()]
    model = lamina.Sequential([*stack, layers.Dense(1)])
    model.compile(optimizer, "mse", **settings)
    x = np.arange(120, dtype=np.int32).reshape(40, 3) % 40
    y = np.linspace(-1, 1, 40)
    model.fit(x, y, batch_size=40, verbose=0)
    return model, x % 10, y


@pytest.mark.parametrize("momentum", [None, 0.9])
def test_moments_of_words_that_no_longer_occur_are_not_denormal(momentum, isa):
    optimizer = optimizers.Adam() if momentum is None else optimizers.SGD(0.01, momentum=momentum)
    model, x, y = words(optimizer)
    model.fit(x, y, batch_size=40, epochs=1000, verbose=0)
    moments = [np.asarray(v) for v in optimizer.variables if np.asarray(v).shape == (40, 6)]
    assert moments
    assert [denormals(moment) for moment in moments] == [0] * len(moments)
    assert (np.abs(moments[0][10:]) <= 10 * TINY).all()  # if a tenth of them is flushed too
    assert (moments[0][:10] != 0).all()


def test_a_step_of_ones_own_has_the_bits_of_fit():
    model, x, y = words("adam")
    other, _, _ = words("adam")
    model.fit(x, y, batch_size=40, epochs=900, shuffle=False, verbose=0)
    for _ in range(900):
        other.train_on_batch(x, y)
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    param, slots = np.zeros(4, np.float32), [np.full(4, DENORMAL * 2) for _ in range(2)]
    kernels.adam_update(param, *slots, np.zeros(4, np.float32), learning_rate=0.1, step=1)
    assert denormals(slots[0]) == 0


def test_a_model_reads_denormals_as_zero_on_any_number_of_threads(isa):
    x = np.random.default_rng(0).choice([0.0, 1.0, DENORMAL], (4096, 64)).astype(np.float32)
    model = lamina.Sequential([layers.Input((64,)), layers.Dense(256), layers.Dense(64)])
    [(got,)] = same_on_threads(lambda: model.predict(x, batch_size=4096), counts=(2, 3))
    np.testing.assert_array_equal(got, model.predict(np.where(x == DENORMAL, 0, x)))
    scaled = lamina.Sequential([layers.Input((64,)), layers.Rescaling(0.5)])
    assert denormals(scaled.predict(np.full((2, 64), TINY * np.float32(1.5)))) == 0


def test_functions_on_arrays_keep_them():
    x = np.array([DENORMAL, -DENORMAL], np.float32)
    np.testing.assert_array_equal(kernels.activation_forward(x, "relu"), [DENORMAL, 0])


def test_the_callers_arithmetic_is_as_before():
    seen = []

    class Halves(lamina.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(DENORMAL / np.float32(2))

    model, x, y = words("adam")
    model.fit(x, y, batch_size=20, verbose=0, callbacks=[Halves()])
    model.predict(x)
    with pytest.raises(ValueError, match="must lie"):
        model.predict(np.full((1, 3), 99))
    assert DENORMAL / np.float32(2) != 0
    assert seen
    assert all(value != 0 for value in seen)


def test_a_users_operation_computes_as_elsewhere():
    seen = []

    def doubled(x):
        seen.append(DENORMAL / np.float32(2))
        return 2 * x

    layer = layers.PythonLayer(doubled, lambda dy, x: 2 * dy)
    model = lamina.Sequential([layers.Input((3,)), layer, layers.Dense(1)])
    model.predict(np.ones((2, 3)))
    assert seen
    assert all(value != 0 for value in seen)
