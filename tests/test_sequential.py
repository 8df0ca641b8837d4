"""Sequential: structure, names, weights, summary, prediction, copies."""

import copy
import pickle
import threading
import time

import numpy as np
import pytest

import lamina
from lamina._tensors import Recording
from lamina.layers import (
    GRU,
    LSTM,
    Activation,
    Dense,
    Dropout,
    Flatten,
    Input,
    Normalization,
    Reshape,
)

RNG = np.random.default_rng(5)


def small(**options):
    return lamina.Sequential([Input((3,)), Dense(4, "relu"), Dense(2)], **options)


def test_names_shapes_and_counts():
    model = small(name="m")
    assert [layer.name for layer in model.layers] == ["dense", "dense_1"]
    assert model.input_shape == (None, 3)
    assert model.output_shape == (None, 2)
    assert model.count_params() == 3 * 4 + 4 + 4 * 2 + 2
    assert [w.shape for w in model.get_weights()] == [(3, 4), (4,), (4, 2), (2,)]
    text = []
    model.summary(print_fn=text.append)
    assert "Weights: 26 (104 B), trainable: 26" in text[0]


def test_input_shape_by_layer_by_data_and_by_build():
    by_layer = lamina.Sequential([Dense(2, input_shape=(3,))])
    by_dim = lamina.Sequential([Dense(2, input_dim=3)])
    by_build = lamina.Sequential([Dense(2)])
    by_build.build((None, 3))
    by_data = lamina.Sequential([Dense(2)])
    assert by_data.get_weights() == by_data.weights == by_data.trainable_weights == []
    with pytest.raises(ValueError, match="input shape is not known"):
        by_data.count_params()
    by_data.predict(np.ones((1, 3)))
    for model in (by_layer, by_dim, by_build, by_data):
        assert model.count_params() == 8


def test_add_and_pop_keep_weights():
    model = small()
    x = RNG.normal(size=(5, 3)).astype("float32")
    before, y = model.get_weights(), model.predict(x)
    model.add(Activation("softmax"))
    np.testing.assert_allclose(model.predict(x).sum(1), 1, rtol=1e-6)
    model.pop()
    np.testing.assert_array_equal(model.predict(x), y)
    model.add(Dense(1))
    assert model.predict(x).shape == (5, 1)
    for a, b in zip(before, model.get_weights(), strict=False):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        (lambda m: m.add("dense"), "needs layers; got 'dense'"),
        (lambda m: m.add(Dense), "call it to make an instance"),
        (lambda m: m.add(Input((3,))), "must be the first layer"),
        (lambda m: m.add(m.layers[0]), "was built for input"),
        (lambda m: m.add(Dense(1, name="dense")), "two layers are named 'dense'"),
        (lambda m: m.add(Reshape((3, 3))), "has 2 elements"),
        (lambda m: m.add(Normalization(mean=np.ones(3), variance=np.ones(3))), "3 columns"),
        (lambda m: m.add(Dense(2**61)), "more than memory can address"),
        (lambda m: m.build((None, 4)), "build: input_shape must be"),
        (lambda m: m.build(4), "build: input_shape must be like"),
        (lambda m: m.set_weights(m.get_weights()[:-1]), "needs 4 weight arrays; got 3"),
        (lambda m: m.set_weights([*m.get_weights()[:-1], np.ones(9)]), "must have shape"),
        (lambda m: m.set_weights(np.ones(3)), "must be a list"),
    ],
)
def test_refused_calls_change_nothing(bad, text):
    model = small()
    before, layers = model.get_weights(), model.layers
    with pytest.raises((ValueError, TypeError), match=text):
        bad(model)
    assert model.layers == layers
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: lamina.Sequential(Dense(2)), "layers must be a list of layers; got <Dense"),
        (lambda: lamina.Sequential([Dense(2), Input((3,))]), "Input must be the first layer"),
        (lambda: lamina.Sequential(dtype="float16"), "'mixed_bfloat16'; got 'float16'"),
        (lambda: lamina.Sequential(seed=-1), "seed must be an integer >= 0; got -1"),
        (lambda: lamina.Sequential(name=3), "name must be a string; got 3"),
        (
            lambda: lamina.Sequential([Input((3,), dtype="float64"), Dense(1)]),
            "input_layer: dtype is float64; the model's",
        ),
        (
            lambda: lamina.Sequential([Input((3,)), Dense(1, dtype="float64")]).get_weights(),
            "dense: dtype is float64; the model's",
        ),
        (lambda: lamina.Sequential([]).predict(np.ones((1, 1))), "has no layers; add some first"),
        (lambda: lamina.Sequential().pop(), "pop from a model without layers"),
    ],
)
def test_impossible_models(make, text):
    with pytest.raises((ValueError, TypeError), match=text):
        make()


class Odd(lamina.initializers.Initializer):
    wrong = True

    def values(self, shape, dtype, rng):
        return np.ones(7 if self.wrong else shape, dtype)


def test_first_values_that_are_refused_leave_the_model_as_it_was():
    odd = Odd()
    model = lamina.Sequential([Dense(2), Flatten(), Dense(2, kernel_initializer=odd)])
    with pytest.raises(ValueError, match="must return shape"):
        model.build((None, 3))
    assert not model.built
    assert not any(layer.built for layer in model.layers)
    known = lamina.Sequential([Input((3,)), Dense(2), Dense(2, kernel_initializer=odd)])
    for use in (known.get_weights, known.layers[1].get_weights, lambda: known.predict([[1, 2, 3]])):
        with pytest.raises(ValueError, match="must return shape"):
            use()
    odd.wrong = False
    assert (known.get_weights()[2] == 1).all()


def test_layers_have_their_weights_as_soon_as_the_input_is_known():
    model = lamina.Sequential([Input((3,)), Dense(2), lamina.Sequential([Dense(1)])])
    assert model.built
    assert [layer.count_params() for layer in model.layers] == [8, 3]
    assert [w.shape for w in model.layers[0].get_weights()] == [(3, 2), (2,)]
    assert model.layers[1].weights[0].shape == (2, 1)
    model.add(Dense(4))
    assert model.layers[-1].kernel.shape == (1, 4)
    first = lamina.Sequential([Dense(2, input_shape=(3,)), Dense(1)])
    assert first.built
    assert first.count_params() == 11
    later = lamina.Sequential([Dense(2), Dense(1)])
    assert not later.built
    assert later.layers[0].get_weights() == []
    later.predict(np.ones((1, 5)))
    later.add(Dense(3))
    assert [w.shape for w in later.layers[-1].weights] == [(1, 3), (3,)]


def network(seed=5):
    inner = lamina.Sequential([Input((4,)), Dense(3, name="a"), Dense(2, name="b")])
    layers = [Input((3,)), Dense(4), Flatten(), inner, Dense(2, "tanh")]
    return lamina.Sequential(layers, seed=seed)


@pytest.mark.parametrize("first", range(5))
def test_first_values_do_not_depend_on_who_asks_first(first):
    model = network()
    expected = network().get_weights()
    inner = model.layers[2]
    asks = [
        lambda: model.layers[-1].weights,
        lambda: inner.layers[1].kernel,
        inner.get_weights,
        lambda: model.layers[0].set_weights(model.layers[0].get_weights()),
        lambda: copy.deepcopy(model).get_weights(),
    ]
    asks[first]()
    for got, want in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(got, want)


def test_an_added_layer_that_is_refused_changes_nothing():
    model = lamina.Sequential([Input((3,)), Dense(2)], seed=1)
    double = Dense(2, dtype="float64")
    inner = lamina.Sequential([Dense(2), Dense(2, dtype="float64")])
    for layer, text in (
        (double, "dense_1: dtype is float64"),
        (inner, "dtype is float64"),
        (Reshape((5,)), "has 2 elements"),
        (lamina.layers.Conv1D(2, 2), "needs 3 axes"),
    ):
        with pytest.raises(ValueError, match=text):
            model.add(layer)
        assert len(model.layers) == 1
        assert model.output_shape == (None, 2)
    assert not double.built
    assert not inner.layers[0].built
    model.add(Dense(1))
    same = lamina.Sequential([Input((3,)), Dense(2), Dense(1)], seed=1)
    for got, want in zip(model.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(got, want)


def test_a_layer_too_large_for_memory_leaves_the_model_usable():
    model = lamina.Sequential([Input((2**20,)), Dense(2)])
    model.add(Dense(2**46))
    assert model.count_params() == 2**21 + 2 + 3 * 2**46
    for use in (model.get_weights, model.layers[-1].get_weights, lambda: copy.copy(model)):
        with pytest.raises(MemoryError):
            use()
    model.pop()
    assert [w.shape for w in model.get_weights()] == [(2**20, 2), (2,)]


def test_a_model_used_as_a_layer_first_has_the_weights_of_its_seed():
    first = lamina.Sequential([Dense(2), Dense(1)], seed=5)
    y = first.as_layer()(np.eye(3))
    second = lamina.Sequential([Dense(2), Dense(1)], seed=5)
    np.testing.assert_array_equal(second.predict(np.eye(3)), y)
    np.testing.assert_array_equal(first.predict(np.eye(3)), y)


def test_a_step_that_is_refused_builds_nothing():
    model = lamina.Sequential([Input((2, 3), batch_size=4), GRU(2, stateful=True)])
    model.compile("sgd", "mse")
    before = model.get_weights()
    with pytest.raises(ValueError, match="states have 4 rows"):
        model.train_on_batch(np.ones((2, 2, 3)), np.ones((2, 2)))
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    assert model.optimizer.iterations == 0


def test_layers_are_shared_between_models():
    first = small()
    first.get_weights()
    features = lamina.Sequential([Input((3,)), *first.layers[:1]])
    x = RNG.normal(size=(2, 3)).astype("float32")
    kernel, bias = first.get_weights()[:2]
    np.testing.assert_allclose(features.predict(x), np.maximum(x @ kernel + bias, 0), rtol=1e-5)


# --- copies


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_continues_to_the_same_bits(copied):
    x = RNG.normal(size=(40, 3))
    y = x.sum(1)
    model = lamina.Sequential([Normalization(), Dense(8, "relu"), Dropout(0.3), Dense(1)])
    model.layers[0].adapt(x)
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(x, y, epochs=3, verbose=0, batch_size=8)
    twin = copied(model)
    for m in (model, twin):
        m.fit(x, y, epochs=3, verbose=0, batch_size=8)
    assert model.history.history == twin.history.history
    for a, b in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    twin.layers[1].kernel[...] = 0
    assert model.layers[1].kernel.any()


def test_config_round_trip_gives_the_same_model_but_new_weights():
    model = small(seed=4, dtype="float64")
    again = lamina.Sequential.from_config(model.get_config())
    assert again.get_config() == model.get_config()
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)  # the seed is part of the configuration


def test_model_restores_either_kind():
    model = small()
    twin = lamina.Model.from_config(model.get_config())
    assert type(twin) is lamina.Sequential
    assert twin.get_config() == model.get_config()


def test_seeds():
    lamina.set_random_seed(9)
    first, second = small().get_weights()[0], small().get_weights()[0]
    lamina.set_random_seed(9)
    np.testing.assert_array_equal(small().get_weights()[0], first)
    assert (first != second).any()
    np.testing.assert_array_equal(small(seed=1).get_weights()[0], small(seed=1).get_weights()[0])


class Slow(lamina.initializers.Initializer):
    """Lets other threads run before it returns."""

    asked = 0

    def values(self, shape, dtype, rng):
        self.asked += 1
        time.sleep(0.02)
        return rng.normal(shape)


@pytest.mark.parametrize("begin", [[Input((5,))], []], ids=["shape known", "shape not known"])
def test_threads_that_meet_a_model_without_weights_see_the_same_ones(begin):
    slow = Slow()
    layers = [Dense(4, kernel_initializer=slow), Dense(1, kernel_initializer=slow)]
    model = lamina.Sequential([*begin, *layers])
    x, outputs = np.ones((1, 5), "float32"), []
    threads = [
        threading.Thread(target=lambda: outputs.append(model.predict(x)[0, 0])) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outputs == [model.predict(x)[0, 0]] * 4
    assert slow.asked == 2


def test_the_model_freezes_as_a_whole():
    model = small()
    model.compile("sgd", "mse")
    x, y = RNG.normal(size=(8, 3)), np.ones((8, 2))
    model.trainable = False
    before = model.get_weights()
    model.fit(x, y, verbose=0)
    assert not model.trainable
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("count", [2, 20])
def test_all_shapes_of_a_model_are_found_in_one_recording(monkeypatch, count):
    made = []
    begin = Recording.__init__
    monkeypatch.setattr(Recording, "__init__", lambda *a, **k: (made.append(1), begin(*a, **k))[1])
    model = lamina.Sequential([Input((3,)), *[Dense(3) for _ in range(count)]])
    model.predict(np.ones((1, 3)))
    assert len(made) == 2  # the second is for predictions


def test_a_layer_is_built_once_when_a_recording_reaches_it():
    class Shaped(lamina.layers.Layer):
        def build(self, input_shape):
            shapes.append(input_shape)
            self.w = self.add_weight(shape=(input_shape[-1],))

        def call(self, x):
            return x[:, ::2] * self.w

    shapes = []
    x = Input((None, 3))
    lamina.Sequential([x, Shaped(), Shaped()]).predict(np.ones((1, 8, 3)))
    assert shapes == [(None, None, 3)] * 2


def test_a_layer_may_stand_at_several_places():
    dense, act = Dense(3), Activation("tanh")
    x = np.random.default_rng(0).normal(size=(6, 3))
    model = lamina.Sequential([Input((3,)), dense, act, dense], seed=1)
    model.add(act)
    assert [layer.name for layer in model.layers] == ["dense", "activation"] * 2
    assert (model.count_params(), len(model.weights)) == (12, 2)
    kernel, bias = (w.astype("float64") for w in model.get_weights())
    h = np.tanh(np.tanh(x @ kernel + bias) @ kernel + bias)
    np.testing.assert_allclose(model.predict(x), h, rtol=1e-5, atol=1e-6)
    again = lamina.Sequential.from_config(model.get_config())
    assert again.layers[0] is again.layers[2]
    for each in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert each.layers[0] is each.layers[2]
        np.testing.assert_array_equal(each.predict(x), model.predict(x))
    graph = lamina.Model(model.inputs, model.outputs)
    np.testing.assert_array_equal(graph.predict(x), model.predict(x))
    model.compile("sgd", "mse")
    model.fit(x, x, epochs=2, verbose=0)
    model.pop()
    assert model.layers[-1] is dense
    inner = lamina.Sequential([Input((3,)), Dense(3)])
    assert lamina.Sequential([Input((3,)), inner, inner]).count_params() == 12
    series = LSTM(3, return_sequences=True, stateful=True)
    with pytest.raises(
        ValueError, match="'lstm' is already in the model, and is stateful: its state"
    ):
        lamina.Sequential([Input((4, 3), batch_size=2), series, series])


def test_shapes_of_tensorflow_build_a_model():
    class TensorShape:
        def as_list(self):
            return [None, 4, 3]

    model = lamina.Sequential([lamina.layers.LSTM(2)])
    model.build(TensorShape())
    assert model.input_shape == (None, 4, 3)
