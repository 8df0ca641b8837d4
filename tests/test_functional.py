"""Graph models: the same bits as a Sequential, shared layers, structure, copies, refusals."""

import copy
import pickle
import threading

import numpy as np
import pytest

import lamina
from functional_models import RNG, Join, Parts, X, Y, chain, gradients, nested, sequence, siamese
from lamina.layers import Dense, Dropout, Flatten, Input, Reshape


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_chain_has_the_bits_of_a_sequential(dtype):
    models = [chain(dtype=dtype), sequence(dtype=dtype)]
    histories = []
    for model in models:
        assert model.dtype == dtype
        model.compile("adam", "mse", metrics=["mae"])
        histories.append(model.fit(X, Y, epochs=4, batch_size=8, validation_split=0.25, verbose=0))
    assert histories[0].history == histories[1].history
    np.testing.assert_array_equal(models[0].predict(X), models[1].predict(X))
    assert models[0].evaluate(X, Y) == models[1].evaluate(X, Y)
    assert models[0].metrics_names == models[1].metrics_names


def test_model_makes_a_functional_and_a_sequential_is_a_model():
    model = chain()
    assert type(model) is lamina.models.Functional
    assert isinstance(model, lamina.Model)
    assert isinstance(sequence(), lamina.Model)
    assert repr(model).startswith("<Functional functional of 4 layers, (rows, ")
    assert [layer.name for layer in model.layers] == ["input_layer", "dense", "dropout", "dense_1"]
    assert model.input_shape == (None, 3)
    assert model.output_shape == (None, 1)
    assert model.input_names == ["input_layer"]
    assert model.output_names == ["dense_1"]
    assert model.get_layer("dense_1") is model.layers[3]
    assert model.get_layer(index=1) is model.get_layer(1) is model.layers[1]
    with pytest.raises(ValueError, match="did you mean 'dense'"):
        model.get_layer("dens")
    with pytest.raises(ValueError, match="got index 9"):
        model.get_layer(index=9)
    with pytest.raises(ValueError, match="needs a name or an index"):
        model.get_layer()


def test_the_gradients_of_a_shared_layer_are_the_sum_of_both_uses():
    model = siamese()
    a, b = RNG.normal(size=(7, 3)), RNG.normal(size=(7, 3))
    y = RNG.normal(size=(7, 1))
    got = gradients(model, [a, b], y)
    w, c, v, d = model.get_weights()
    ha, hb = np.tanh(a @ w + c), np.tanh(b @ w + c)
    h = np.concatenate([ha, hb], axis=1)
    np.testing.assert_allclose(model.predict([a, b]), h @ v + d, rtol=1e-12)
    error = 2 * (h @ v + d - y) / y.size
    da, db = np.split(error @ v.T, 2, axis=1)
    da, db = da * (1 - ha**2), db * (1 - hb**2)
    np.testing.assert_allclose(got["shared/kernel"], a.T @ da + b.T @ db, rtol=1e-10)
    np.testing.assert_allclose(got["shared/bias"], da.sum(0) + db.sum(0), rtol=1e-10)
    np.testing.assert_allclose(got["out/kernel"], h.T @ error, rtol=1e-10)
    kernel = model.get_layer("shared").kernel
    for place in [(0, 0), (2, 3)]:
        at, losses = kernel[place], []
        for step in (1e-6, -1e-6):
            kernel[place] = at + step
            losses.append(model.evaluate([a, b], y))
        kernel[place] = at
        slope = (losses[0] - losses[1]) / 2e-6
        np.testing.assert_allclose(got["shared/kernel"][place], slope, rtol=1e-5)


def test_layers_and_weights_go_in_keras_order():
    a, b = Input((2,), name="a"), Input((2,), name="b")
    near = Dense(1, name="near")(b)
    far = Dense(2, name="far")(Dense(3, name="farther")(a))
    model = lamina.Model([a, b], Join(name="join")([near, far]))
    names = [layer.name for layer in model.layers]
    assert names == ["a", "b", "farther", "near", "far", "join"]
    assert [w.shape for w in model.get_weights()] == [(2, 3), (3,), (2, 1), (1,), (3, 2), (2,)]


def test_two_models_share_layers_weights_and_training():
    x = Input((3,))
    code = Dense(2, "tanh", name="code")(x)
    decoder_layer = Dense(3, name="decode")
    auto = lamina.Model(x, decoder_layer(code), name="auto", seed=1)
    encoder = lamina.Model(x, code, name="encoder")
    z = Input((2,))
    decoder = lamina.Model(z, decoder_layer(z), name="decoder")
    before = encoder.predict(X)
    auto.compile("adam", "mse")
    auto.fit(X, X, epochs=3, verbose=0)
    assert not np.array_equal(encoder.predict(X), before)
    np.testing.assert_array_equal(decoder.predict(encoder.predict(X)), auto.predict(X))
    assert encoder.get_layer("code") is auto.get_layer("code")
    encoder.compile("sgd", "mse")  # a separate objective
    encoder.fit(X, X[:, :2], verbose=0)
    np.testing.assert_array_equal(decoder.predict(encoder.predict(X)), auto.predict(X))


def test_a_dense_layer_may_be_shared_by_inputs_of_other_leading_axes():
    shared = Dense(2, name="shared")
    a, b = Input((5, 3)), Input((7, 3))
    assert lamina.Model(a, shared(a)).output_shape == (None, 5, 2)
    assert lamina.Model(b, shared(b)).output_shape == (None, 7, 2)
    with pytest.raises(ValueError, match=r"shared: was built for input .* got \(rows, 4\)"):
        shared(Input((4,)))


def test_one_layer_used_twice_draws_two_masks():
    drop = Dropout(0.5)
    x = Input((1000,))
    model = lamina.Model(x, drop(drop(x)), seed=3)
    kept = []

    def keep(y, p):
        kept.append(p.copy())
        return p.mean(-1)

    model.compile("sgd", lamina.losses.PythonLoss(keep, lambda y, p: np.zeros_like(p)))
    model.fit(np.ones((4, 1000)), np.zeros((4, 1000)), verbose=0)
    assert 0.2 < np.mean(kept[0] > 0) < 0.3


def test_several_outputs_of_a_layer():
    x = Input((3,))
    same, product = Parts(name="parts")(x)
    model = lamina.Model(x, [product, same])
    assert model.output_names == ["parts", "parts_1"]
    first, second = model.predict(X)
    np.testing.assert_array_equal(second, X)
    np.testing.assert_allclose(first, np.repeat(X.sum(1, keepdims=True), 2, 1), rtol=1e-5)
    alone = Parts()(X)
    assert isinstance(alone, tuple)
    np.testing.assert_array_equal(alone[1], first)
    assert len(lamina.Sequential([Input((3,)), Parts()]).predict(X)) == 2
    with pytest.raises(ValueError, match=r"parts_\d: has 2 outputs; a layer of a"):
        lamina.Sequential([Input((3,)), Parts(), Dense(1)])


# --- models within models


def test_a_model_is_a_layer_with_the_same_weights():
    model, inner = nested()
    assert model.count_params() == 16 + 5
    np.testing.assert_array_equal(model.get_weights()[0], inner.get_weights()[0])
    np.testing.assert_array_equal(model.get_layer("inner").predict(X), inner.predict(X))
    model.compile("adam", "mse")
    model.fit(X, Y, epochs=2, verbose=0)
    w, c = model.get_weights()[2:]
    np.testing.assert_allclose(model.predict(X), inner.predict(X) @ w + c, rtol=1e-4, atol=1e-6)
    inner.trainable = False
    before = inner.get_weights()
    model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(inner.get_weights()[0], before[0])


def test_nested_models_have_the_bits_of_flat_ones():
    def run(model):
        model.compile("sgd", "mse")
        return model.fit(X, Y, epochs=3, verbose=0).history

    flat = lamina.Sequential(
        [Input((3,)), Dropout(0.1), Dense(4), Dropout(0.2), Dropout(0.3), Dense(1)], seed=7
    )
    inner = lamina.Sequential([Dense(4), Dropout(0.2)])
    outer = lamina.Sequential([Input((3,)), Dropout(0.1), inner, Dropout(0.3), Dense(1)], seed=7)
    outer.set_weights(flat.get_weights())
    assert run(outer) == run(flat)  # each dropout layer draws from the stream of its position


def test_a_sequential_takes_models():
    inner = siamese("float32")
    with pytest.raises(ValueError, match="takes 2 inputs; got 1"):
        lamina.Sequential([Input((3,)), inner])
    inner, _ = nested()
    outer = lamina.Sequential([Input((3,)), inner, Dense(2)], seed=1)
    assert outer.predict(X).shape == (40, 2)
    lines = []
    outer.summary(print_fn=lines.append)
    assert "functional_1 (Functional)    (rows, 1)            21" in lines[0]
    twin = lamina.Sequential.from_config(outer.get_config())
    twin.set_weights(outer.get_weights())
    np.testing.assert_array_equal(twin.predict(X), outer.predict(X))


def test_a_model_is_no_layer_of_itself_and_stays_as_others_know_it():
    inner = lamina.Sequential([Input((3,)), Dense(3)], name="inner")
    with pytest.raises(ValueError, match="'inner' holds 'inner'; a model cannot be a layer of it"):
        inner.add(inner)
    outer = lamina.Sequential([Input((3,))], name="outer")
    outer.add(inner)
    with pytest.raises(ValueError, match="'inner' is part of a model or layer"):
        inner.add(outer)
    with pytest.raises(ValueError, match="cannot be changed any more"):
        inner.pop()
    again = lamina.Sequential([Input((3,)), outer], name="again")
    assert again.count_params() == 12
    copy.deepcopy(inner).add(Dense(1))


def test_build_checks_the_shape():
    model = siamese("float32")
    model.build()
    model.build([(None, 3), (None, 3)])
    with pytest.raises(ValueError, match="build: input_shape must be"):
        model.build((None, 3))


def test_build_says_what_a_shape_is():
    x = Input((3,))
    model = lamina.Model(x, Dense(1)(x))
    for bad in (3, [None, 3], "abc"):
        with pytest.raises(TypeError, match=r"build: input_shape must be like \(None, 3\); got"):
            model.build(bad)


def test_a_model_of_several_inputs_within_another():
    inner = siamese("float32")
    p, q = Input((3,), name="p"), Input((3,), name="q")
    both = lamina.Model([p, q], [inner([p, q]), inner([q, p])], name="both")
    y = both.predict([X, X[::-1]])
    np.testing.assert_array_equal(y[0], inner.predict([X, X[::-1]]))
    np.testing.assert_array_equal(y[1], inner.predict({"a": X[::-1], "b": X}))
    named = lamina.Model([p, q], inner({"b": p, "a": q}))
    np.testing.assert_array_equal(named.predict([X, X[::-1]]), y[1])


# --- configuration and copies


MODELS = {"chain": chain, "siamese": lambda: siamese("float32"), "nested": lambda: nested()[0]}


def data_of(model):
    return [X, X[::-1]] if len(model.inputs) == 2 else X


@pytest.mark.parametrize("kind", MODELS)
def test_config_round_trip(kind):
    model = MODELS[kind]()
    config = model.get_config()
    twin = lamina.Model.from_config(config, {"Join": Join})
    assert twin.get_config() == config
    twin.set_weights(model.get_weights())
    np.testing.assert_array_equal(twin.predict(data_of(model)), model.predict(data_of(model)))


def test_a_config_keeps_sharing_and_dict_names():
    a, b = Input((2,)), Input((2,))
    shared = Dense(3)
    model = lamina.Model({"l": a, "r": b}, {"s": shared(a), "t": shared(b)}, name="pair")
    twin = lamina.Model.from_config(model.get_config())
    assert twin.name == "pair"
    assert twin.count_params() == 9
    assert twin.input_names == ["l", "r"]
    assert list(twin.predict({"l": np.ones((1, 2)), "r": np.ones((1, 2))})) == ["s", "t"]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
@pytest.mark.parametrize("kind", MODELS)
def test_copies_train_on_alone(kind, copied):
    model = MODELS[kind]()
    x = data_of(model)
    model.compile("adam", "mse")
    model.fit(x, Y, verbose=0)
    twin = copied(model)
    np.testing.assert_array_equal(twin.predict(x), model.predict(x))
    before = model.predict(x)
    twin.fit(x, Y, verbose=0)
    np.testing.assert_array_equal(model.predict(x), before)
    model.fit(x, Y, verbose=0)
    np.testing.assert_array_equal(twin.predict(x), model.predict(x))
    part = lamina.Model(twin.inputs, twin.layers[-1].output)  # it has its own symbolic tensors
    np.testing.assert_array_equal(part.predict(x), twin.predict(x))


def test_deep_models_are_traced_and_copied_without_recursion():
    x = Input((2,))
    y = x
    for _ in range(1500):
        y = Reshape((2,))(y)
    model = lamina.Model(x, Dense(1)(y))
    assert len(model.layers) == 1502
    np.testing.assert_array_equal(copy.deepcopy(model).predict(X[:, :2]), model.predict(X[:, :2]))


def test_threads_predict_at_once():
    model, wrong = siamese("float32"), []
    expected = model.predict([X, X])

    def work():
        for _ in range(50):
            if not np.array_equal(model.predict([X, X]), expected):
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert not wrong


# --- parts of models


def test_a_model_from_the_middle_of_another():
    model = chain()
    hidden = lamina.Model(model.inputs, model.get_layer("dense").output)
    w, b = model.get_weights()[:2]
    np.testing.assert_allclose(hidden.predict(X), np.tanh(X @ w + b), rtol=1e-4, atol=1e-6)
    rest = lamina.Model(hidden.outputs, model.outputs)  # its input is a layer's output
    np.testing.assert_array_equal(rest.predict(hidden.predict(X)), model.predict(X))
    assert rest.input_names == ["dense_input"]


def test_the_layers_of_a_sequential_have_symbolic_outputs():
    model = sequence()
    features = lamina.Model(model.inputs, [layer.output for layer in model.layers])
    assert [y.shape for y in features.predict(X)] == [(40, 6), (40, 6), (40, 1)]
    np.testing.assert_array_equal(features.predict(X)[2], model.predict(X))
    assert model.outputs[0] is model.outputs[0]
    assert model.output is model.outputs[0]
    assert lamina.Model(model.input, model.output).predict(X).shape == (40, 1)


def test_summary_tells_what_is_connected():
    lines = []
    siamese("float32").summary(print_fn=lines.append)
    assert lines[0].splitlines() == [
        'Model: "functional"',
        "Layer (type)      Output shape    Weights    Connected to",
        "---------------------------------------------------------",
        "a (InputLayer)    (rows, 3)             0",
        "b (InputLayer)    (rows, 3)             0",
        "shared (Dense)    (rows, 4)            16    a, b",
        "join (Join)       (rows, 8)             0    shared",
        "out (Dense)       (rows, 1)             9    join",
        "---------------------------------------------------------",
        "Weights: 25 (100 B), trainable: 25",
    ]


# --- refusals


def refused(make, text, error=ValueError):
    with pytest.raises(error, match=text):
        make()


def test_an_input_that_nothing_reads(tmp_path):
    a, b = Input((3,), name="a"), Input((2,), name="b")
    ids = Input((4,), dtype="int32", name="ids")
    said = r"input 'b' of shape \(rows, 2\) leads to no output"
    with pytest.warns(UserWarning, match=said), pytest.warns(UserWarning, match="input 'ids'"):
        model = lamina.Model([b, a, ids], Dense(1, name="y")(a))
    assert [layer.name for layer in model.layers] == ["a", "b", "ids", "y"]  # as Keras has them
    rng = np.random.default_rng(0)
    data = [rng.normal(size=(8, 2)), rng.normal(size=(8, 3)), np.zeros((8, 4), int)]
    model.compile("sgd", "mse")
    model.fit(data, data[1][:, :1], verbose=0)
    expected = model.predict(data)
    np.testing.assert_allclose(
        expected, data[1] @ model.get_weights()[0] + model.get_weights()[1], 1e-5, 1e-6
    )
    model.save(tmp_path / "m.lamina")
    with pytest.warns(UserWarning, match=said), pytest.warns(UserWarning, match="input 'ids'"):
        again = lamina.models.load_model(tmp_path / "m.lamina")
    np.testing.assert_array_equal(again.predict(data), expected)
    with pytest.raises(ValueError, match="input 'b'"):
        model.predict({"a": data[1], "ids": data[2]})


def test_structures_that_are_refused():
    a, b = Input((3,), name="a"), Input((3,), name="b")
    y = Dense(1, name="y")(Join()([a, b]))
    refused(
        lambda: lamina.Model(a, y),
        r"output 'y' of shape \(rows, 1\) needs Input 'b' of shape \(rows, 3\), which is not among "
        r"the inputs: a",
    )
    refused(lambda: lamina.Model([a, b, a], y), "inputs must be distinct; 'a' is listed twice")
    refused(lambda: lamina.Model([a, b], [y, y]), "outputs must be distinct; 'y' is listed twice")
    refused(lambda: lamina.Model([], y), "inputs must hold at least one symbolic tensor")
    refused(lambda: lamina.Model(X, y), "must be symbolic tensors.*got ndarray", TypeError)
    refused(lambda: lamina.Model([a, b], Dense(1)), "symbolic tensors.*got Dense", TypeError)
    same = [Dense(1, name="twice")(a), Dense(1, name="twice")(a)]
    refused(lambda: lamina.Model(a, same), "two layers are named 'twice'; names must be distinct")
    mixed = [Input((1,), dtype="float32", name="f"), Input((1,), dtype="float64", name="d")]
    refused(
        lambda: lamina.Model(mixed, Join()(mixed)), "the same dtype; 'f' is float32, 'd' is float64"
    )
    refused(lambda: lamina.Model(a, Flatten()(y)), "needs Input 'b'")


def test_unnamed_layers_are_numbered_and_named_ones_keep_their_names():
    x = Input((2,))
    model = lamina.Model(x, Dense(1)(Dense(2, name="dense")(Dense(2)(x))))
    names = [layer.name for layer in model.layers]
    assert names == ["input_layer", "dense_1", "dense", "dense_2"]


def test_a_model_of_nothing():
    with pytest.raises(TypeError, match=r"Model: needs inputs and outputs; .* see Sequential"):
        lamina.Model()
