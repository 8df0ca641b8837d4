"""Constants made from the numbers of rows and steps: computed only where these are known."""

import tracemalloc

import numpy as np
import pytest

import lamina
from keras_models import numbers
from lamina import layers, ops, random

MOST = 60e6  # bytes of arrays; one of the sizes that stand for unknown ones takes 10 times as much


class Masked(layers.Layer):
    """Multiply the input by matrices made from its numbers of rows and steps."""

    def __init__(self, how="tile", **base):
        super().__init__(**base)
        self.how = how

    def call(self, x):
        b, n = ops.shape(x)[0], ops.shape(x)[1]
        return ops.matmul(ops.cast(MADE[self.how][0](b, n), x.dtype), x)


def compared(b, n):
    """Return a mask of earlier steps, as in the translation example of keras.io."""
    mask = ops.cast(ops.arange(n)[:, None] >= ops.arange(n), "int32")
    times = ops.concatenate([ops.expand_dims(b, -1), ops.convert_to_tensor([1, 1])])
    return ops.tile(ops.reshape(mask, (1, n, n)), times)


def one_hot(b, n):
    return ops.one_hot(ops.tile(ops.arange(n)[None], (b, 1)), n)


def taken(b, n):
    return ops.take(ops.eye(n), ops.repeat(ops.arange(n)[None], b, axis=0), axis=0)


def joined(b, n):
    ones = ops.tile(ops.ones((1, n, 1)), (b, 1, 1))
    return ops.concatenate([ones, ops.repeat(ops.zeros((1, n, n - 1)), b, axis=0)], -1)


def padded(b, n):
    return ops.pad(ops.tile(ops.ones((1, n, n - 1)), (b, 1, 1)), ((0, 0), (0, 0), (1, 0)))


def spread(b, n):
    places = ops.meshgrid(ops.arange(b), ops.arange(n), ops.arange(n), indexing="ij")
    return ops.equal(places[1], places[2])


def multiplied(b, n):
    return ops.ones((int(b), 1, 1)) * ops.tril(ops.ones((n, n)))


def counted(b, n):
    return (ops.arange(b) * 0 + 1)[:, None, None] * np.tri(n)


def alike(b, n):
    return ops.zeros_like(ops.tile(ops.ones((1, n, n)), (b, 1, 1))) + ops.eye(n)


def first(n):
    return np.eye(n)[:1].repeat(n, 0)


def all_but_first(n):
    return np.ones((n, n)) - np.eye(n)[:1]


MADE = {
    "tile": (lambda b, n: ops.tile(ops.tril(ops.ones((1, n, n))), (b, 1, 1)), np.tri),
    "repeat": (lambda b, n: ops.repeat(ops.tril(ops.ones((1, n, n))), b, axis=0), np.tri),
    "compared": (compared, np.tri),
    "triu": (lambda b, n: ops.triu(ops.tile(ops.eye(n)[None], (b, 1, 1))), np.eye),
    "ones": (lambda b, n: ops.tril(ops.ones((int(b), n, n))), np.tri),
    "full": (lambda b, n: ops.full((int(b), n, n), ops.tril(ops.ones((n, n)))), np.tri),
    "zeros_like": (alike, np.eye),
    "one_hot": (one_hot, np.eye),
    "take": (taken, np.eye),
    "concatenate": (joined, first),
    "pad": (padded, all_but_first),
    "meshgrid": (spread, np.eye),
    "arrays": (multiplied, np.tri),
    "arange": (counted, np.tri),
}


@pytest.mark.parametrize("name", MADE)
def test_constants_of_unknown_sizes_are_not_computed(name):
    expected = MADE[name][1]
    dtype = "float64" if name in ("tile", "one_hot") else "float32"
    tracemalloc.start()
    try:
        x = lamina.Input((None, 4), dtype=dtype)
        model = lamina.Model(x, Masked(name)(x), dtype=dtype)
        model.summary(print_fn=lambda _: None)
        used = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert used < MOST
    assert model.output_shape == (None, None, 4)
    for rows, steps in ((3, 5), (2, 7), (1, 1)):
        x = numbers(rows, steps, 4, seed=steps).astype(dtype)
        np.testing.assert_allclose(model.predict(x), expected(steps) @ x, rtol=1e-5, atol=1e-5)


DRAWN = {
    "normal": lambda shape: random.normal(shape, seed=1),
    "uniform": lambda shape: random.uniform(shape, 1.0, 2.0, seed=1),
    "randint": lambda shape: random.randint(shape, 0, 9, seed=1),
    "binomial": lambda shape: random.binomial(shape, 3, 0.5, seed=1),
    "gamma": lambda shape: random.gamma(shape, 2.0, seed=1),
    "categorical": lambda shape: random.categorical(ops.zeros(shape[:2]), 320, seed=1)[:, None],
}


@pytest.mark.parametrize("name", DRAWN)
def test_numbers_of_a_seed_are_not_drawn_for_unknown_sizes(name):
    draw = DRAWN[name]

    class Added(layers.Layer):
        def call(self, x):
            b, n = ops.shape(x)[:2]
            return x + ops.cast(draw((int(b), n, 320)), x.dtype)

    tracemalloc.start()
    try:
        x = lamina.Input((None, 320))
        model = lamina.Model(x, Added()(x))
        used = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert used < MOST
    zeros = np.zeros((2, 5, 320), "float32")
    np.testing.assert_array_equal(model.predict(zeros), zeros + draw((2, 5, 320)))


def test_a_model_with_a_tiled_mask_is_fitted_and_loaded(tmp_path):
    x = lamina.Input((None, 4))
    model = lamina.Model(x, layers.Dense(1)(Masked()(x)))
    model.compile("sgd", "mse")
    tracemalloc.start()
    try:
        for steps in (5, 7):
            data = numbers(10, steps, 4, seed=steps)
            model.fit(data, data[..., :1], batch_size=4, verbose=0)
        model.save(tmp_path / "m.lamina")
        with lamina.utils.custom_object_scope({"Masked": Masked}):
            again = lamina.models.load_model(tmp_path / "m.lamina")
        used = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert used < MOST
    np.testing.assert_array_equal(again.predict(data), model.predict(data))


def test_small_constants_keep_their_numbers_where_sizes_stand_in():
    class Layer(layers.Layer):
        def call(self, x):
            sizes = ops.concatenate([[len(x)], ops.tile([2], 2)])
            return ops.reshape(x, [int(size) for size in sizes])

    x = lamina.Input((None,))
    assert Layer()(lamina.Input((4,))).shape == (None, 2, 2)
    assert layers.Lambda(lambda x: x * int(ops.sum(ops.ones(3))))(x).shape == (None, None)
