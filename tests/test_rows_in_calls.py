"""``x.shape[0]`` in a call: None, or the number of rows if it is needed."""

import numpy as np
import pytest

import lamina
from lamina import layers, ops

RNG = np.random.default_rng(0)
X = RNG.normal(size=(5, 3)).astype("float32")


def in_turn(x):
    total = ops.zeros((1, 3))
    for i in range(x.shape[0]):
        total = total + x[i : i + 1] * (i + 1)
    return x + total


USES = {
    "zeros": (lambda x: x + ops.ones((x.shape[0], 1)), lambda x: x + 1),
    "numpy": (lambda x: x + np.ones((x.shape[0], 1), "float32"), lambda x: x + 1),
    "divided": (lambda x: x / x.shape[0], lambda x: x / len(x)),
    "flat": (
        lambda x: ops.reshape(ops.reshape(x, (x.shape[0] * 3,)) * 2.0, (-1, 3)),
        lambda x: 2 * x,
    ),
    "loop": (in_turn, lambda x: x + (x * (1 + np.arange(len(x)))[:, None]).sum(0)),
}


@pytest.mark.parametrize("use", USES)
def test_the_number_of_rows_in_a_call(use):
    ours, wanted = USES[use]

    class Uses(layers.Layer):
        def call(self, x):
            return ours(x)

    np.testing.assert_allclose(Uses()(X), wanted(X), rtol=1e-6)
    model = lamina.Sequential([lamina.Input((3,)), Uses(), layers.Dense(1)], seed=1)
    for rows in (5, 2):  # each with its own number
        kernel, bias = model.get_weights()
        y = model(X[:rows])
        np.testing.assert_allclose(y, wanted(X[:rows]) @ kernel + bias, rtol=1e-5, atol=1e-6)
    model.compile("sgd", "mse")
    model.fit(X, X[:, :1], batch_size=2, verbose=0)


def test_zeros_of_the_rows_keep_a_model_row_by_row():
    class Adds(layers.Layer):
        def call(self, x):
            return x + ops.ones((x.shape[0], 3))

    model = lamina.Sequential([lamina.Input((3,)), Adds()])
    model.predict(X)
    assert not model._predictors.bound


def test_other_errors_that_name_none_stay():
    class Wrong(layers.Layer):
        def call(self, x):
            return x + len(None)

    with pytest.raises(TypeError, match=r"wrong: object of type 'NoneType' has no len\(\); in "):
        Wrong()(X)
