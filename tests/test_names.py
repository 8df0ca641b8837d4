"""Lookup by name, class names as layer names, paths of weights."""

import pickle

import numpy as np
import pytest

import golden
import lamina
from keras_models import keras
from lamina import layers
from lamina._names import lookup, snake_case, unknown


def test_lookup_finds_or_suggests():
    table = {"adam": 1, "sgd": 2, "GlorotUniform": 3}
    assert lookup("optimizer", "sgd", table) == 2
    with pytest.raises(ValueError, match="unknown optimizer 'adm'; did you mean 'adam'"):
        lookup("optimizer", "adm", table)
    assert "did you mean 'GlorotUniform'" in unknown("initializer", "glorotuniform", table)
    assert "did you mean" not in unknown("optimizer", "zzzzzz", table)


def test_a_loss_and_an_optimizer_in_each_others_place():
    model = lamina.Sequential([layers.Dense(1)])
    with pytest.raises(ValueError, match="unknown optimizer 'mse'; it is a loss; compile takes"):
        model.compile("mse", "adam")
    with pytest.raises(ValueError, match="unknown loss 'Adam'; it is an optimizer; compile takes"):
        model.compile(loss="Adam")


def test_optimizers_that_wrap_others_are_not_offered_by_name():
    with pytest.raises(ValueError, match="unknown optimizer 'zzz'; known: ") as error:
        lamina.optimizers.get("zzz")
    for name in str(error.value).partition("known: ")[2].split(", "):
        lamina.optimizers.get(name)
    with pytest.raises(ValueError, match="wraps others, and is given as an instance"):
        lamina.optimizers.get("SWA")
    swa = lamina.optimizers.SWA("sgd")
    assert type(lamina.optimizers.get(lamina.optimizers.serialize(swa))) is type(swa)


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
        assert {id(w) for w in by_path.values()} == {id(w) for w in model.weights}
        again = pickle.loads(pickle.dumps(model))
        assert [w.path for w in again.weights] == paths
        assert list(again.weights_by_path()) == list(by_path)
    assert {"block/dense/kernel", "block/dense_1/kernel", "block/dense_2/kernel"} < set(
        models[0].weights_by_path()
    )
    assert "blocks/block_1/dense_2/kernel" in models[1].weights_by_path()
    assert Block()(np.ones((1, 3))).shape == (1, 3)


def test_layers_and_models_are_counted_as_keras_s():
    def names(library):
        library.backend.clear_session()
        x = library.Input((3,))

        class MyNet(library.Model):
            def __init__(self):
                super().__init__()
                self.first, self.last = library.layers.Dense(2), library.layers.ReLU()

            def call(self, x):
                return self.last(self.first(x))

        one, two = (library.Sequential([library.layers.Dense(2)]) for _ in range(2))
        found = [MyNet(), one, MyNet(), two, library.Model(x, library.layers.Dense(3)(x))]
        found += [layer for model in found for layer in model.layers]
        found += [library.layers.Bidirectional(library.layers.GRU(2)).forward_layer]
        library.backend.clear_session()
        return [each.name for each in [*found, library.layers.Dense(1), library.Sequential()]]

    assert names(lamina) == golden.ask(lambda: names(keras))


def test_paths_of_weights_do_not_count_other_models():
    def made():
        x = lamina.Input((3,))
        h = layers.Dense(2)(layers.Dense(2, name="first")(x))
        return lamina.Model(x, layers.Dense(1)(lamina.Sequential([layers.Dense(2)])(h)))

    first, second = made(), made()
    again = lamina.Model.from_config(second.get_config())
    assert [layer.name for layer in first.layers] != [layer.name for layer in second.layers]
    for model in (first, second, again):
        assert [*model.weights_by_path()][::2] == [
            "first/kernel", "dense/kernel", "sequential/dense/kernel", "dense_1/kernel"
        ]  # fmt: skip
