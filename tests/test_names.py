"""Lookup by name, class names as layer names, paths of weights."""

import pickle

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina._names import lookup, snake_case, unknown


def test_lookup_finds_or_suggests():
    table = {"adam": 1, "sgd": 2, "GlorotUniform": 3}
    assert lookup("optimizer", "sgd", table) == 2
    with pytest.raises(ValueError, match="unknown optimizer 'adm'; did you mean 'adam'"):
        lookup("optimizer", "adm", table)
    assert "did you mean 'GlorotUniform'" in unknown("initializer", "glorotuniform", table)
    assert "did you mean" not in unknown("optimizer", "zzzzzz", table)


@pytest.mark.parametrize(
    ("name", "snake"),
    [
        ("Dense", "dense"),
        ("MaxPooling2D", "max_pooling2d"),
        ("LSTM", "lstm"),
        ("Conv2DTranspose", "conv2d_transpose"),
        ("PReLU", "p_re_lu"),
        ("SimpleRNN", "simple_rnn"),
    ],
)
def test_snake_case(name, snake):
    assert snake_case(name) == snake


class Block(layers.Layer):
    def __init__(self, **base):
        super().__init__(**base)
        self.first, self.rest = layers.Dense(3), [layers.Dense(3), layers.Dense(3, name="dense_1")]

    def build(self, input_shape):
        self.own = self.add_weight(name="own", shape=(3,))
        self.idle = self.add_weight(name="idle", shape=(2,))

    def call(self, x):
        for dense in self.rest:
            x = dense(self.first(x))
        return x + self.own


class Blocks(lamina.Model):
    def __init__(self):
        super().__init__()
        self.first, self.last, self.dense = Block(), Block(), layers.Dense(3)

    def call(self, x):
        return self.dense(self.last(self.first(x)))


def test_paths_of_weights_within_layers_are_unique():
    x = lamina.Input((3,))
    inner = Blocks()
    models = [
        lamina.Sequential([lamina.Input((3,)), Block(), Block(name="named"), layers.Dense(1)]),
        lamina.Model(x, Block()(inner(Block()(x)))),
    ]
    for model in models:
        paths = [w.path for w in model.weights]
        assert len(set(paths)) == len(paths)
        by_path = model.weights_by_path()
        assert all(by_path[w.path] is w for w in model.weights if "idle" not in w.path)
        again = pickle.loads(pickle.dumps(model))
        assert [w.path for w in again.weights] == paths
    assert {"block/dense/kernel", "block/dense_1/kernel", "block/dense_2/kernel"} < {
        w.path for w in models[0].weights
    }
    assert "blocks/block_1/dense_2/kernel" in {w.path for w in models[1].weights}
    assert Block()(np.ones((1, 3))).shape == (1, 3)
