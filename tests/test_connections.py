"""Units and the weights between them, and importance by weights, as Garson and Olden define it."""

from types import SimpleNamespace

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.inference import connections, garson, olden

RNG = np.random.default_rng(12)

# The example of NeuralNetTools' manual: two inputs, two hidden units, one output.
WEIGHTS = [13.12, 1.49, 0.16, -0.11, -0.19, -0.16, 0.56, -0.52, 0.81]


def r_fit(inputs, hidden, outputs, weights, skip=False):
    """Return the fields of R's nnet for a network: weights unit by unit, and their origins."""
    conn, nconn = [], [0] * (inputs + 2)
    for unit in range(hidden + outputs):
        sources = range(1, inputs + 1) if unit < hidden else range(inputs + 1, inputs + hidden + 1)
        into = [0, *sources, *(range(1, inputs + 1) if skip and unit >= hidden else [])]
        conn += into
        nconn.append(len(conn))
    assert len(conn) == len(weights)
    return SimpleNamespace(n=(inputs, hidden, outputs), conn=conn, nconn=nconn, wts=weights)


def network(*units, inputs=3, activation="tanh"):
    body = [layers.Dense(n, activation) for n in units[:-1]]
    model = lamina.Sequential([lamina.Input((inputs,)), *body, layers.Dense(units[-1])])
    model.set_weights([RNG.normal(size=w.shape) for w in model.get_weights()])
    return model


def test_the_example_of_neuralnettools():
    fit = r_fit(2, 2, 1, WEIGHTS)
    shares = np.array([[1.49, 0.16], [0.19, 0.16]])
    shares = shares / shares.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(garson(fit)["importance"], shares.sum(axis=0) / 2, rtol=1e-12)
    products = [1.49 * -0.52 + -0.19 * 0.81, 0.16 * -0.52 + -0.16 * 0.81]
    np.testing.assert_allclose(olden(fit)["importance"], products, rtol=1e-12)


def garson_by_hand(kernel, out):
    """Goh 1995, appendix: products, shares of each hidden unit, sums, shares."""
    products = np.abs(kernel) * np.abs(out)
    shares = products / products.sum(axis=0)
    sums = shares.sum(axis=1)
    return sums / sums.sum()


def test_several_outputs_and_names():
    model = network(4, 2)
    kernel, _, out, _ = model.get_weights()
    found = garson(model, input_names=["a", "b", "c"], output_names=["low", "high"])
    assert list(found["input"]) == ["a", "b", "c"] * 2
    assert list(found["output"]) == ["low"] * 3 + ["high"] * 3
    for k in range(2):
        np.testing.assert_allclose(found.by_output[k], garson_by_hand(kernel, out[:, k]), rtol=1e-6)
    chosen = olden(model, "o2")
    assert chosen.outputs == ["o2"]
    np.testing.assert_allclose(chosen["importance"], kernel @ out[:, 1], rtol=1e-6)


def test_deep_networks_and_skip_layers():
    model = network(4, 3, 2)
    first, _, second, _, third, _ = model.get_weights()
    np.testing.assert_allclose(olden(model).by_output.T, first @ second @ third, rtol=1e-5)
    with pytest.raises(ValueError, match="one hidden layer; got 2; use olden"):
        garson(model)
    weights = RNG.normal(size=8 + 6)
    skipping = r_fit(3, 2, 1, weights, skip=True)
    kernel, out = weights[:8].reshape(2, 4)[:, 1:].T, weights[9:11]
    np.testing.assert_allclose(olden(skipping)["importance"], kernel @ out + weights[11:])
    with pytest.raises(ValueError, match="garson: the model must have no skip layer; use olden"):
        garson(skipping)


@pytest.mark.parametrize("join", ["add", "concatenate"])
def test_graphs_with_connections_that_skip(join):
    x = lamina.Input((3,))
    h = layers.Dropout(0.1)(layers.BatchNormalization()(layers.Dense(4, "relu")(x)))
    if join == "add":
        y = layers.Add()([layers.Dense(1)(h), layers.Dense(1, use_bias=False)(x)])
    else:
        y = layers.Dense(1)(layers.Concatenate()([h, x]))
    model = lamina.Model(x, y)
    model.set_weights([RNG.uniform(0.5, 2.0, size=w.shape) for w in model.get_weights()])
    weights = {w.path: w.numpy().astype(float) for w in model.weights}
    scale = weights["batch_normalization/gamma"] / np.sqrt(
        weights["batch_normalization/moving_variance"] + 1e-3
    )
    first, second = weights["dense/kernel"] * scale, weights["dense_1/kernel"]
    skipped = weights["dense_2/kernel"] if join == "add" else second[4:]
    np.testing.assert_allclose(
        olden(model).by_output[0], (first @ second[:4] + skipped)[:, 0], rtol=1e-6
    )
    net = connections(model, ["a", "b", "c"])
    assert net.units == ["a", "b", "c", "h1", "h2", "h3", "h4", "o"]
    assert (net.has_skip, len(net.hidden)) == (True, 1)
    with pytest.raises(ValueError, match="skip layers"):
        garson(model)


def test_classes_of_numbers_are_named_by_their_text():
    pytest.importorskip("formulaic")
    data = {"gear": np.tile([3, 4, 5], 10), "a": np.arange(30.0), "b": np.arange(30.0) % 7}
    fit = lamina.nnet("factor(gear) ~ a + b", data, size=2, decay=0.1, trace=False, random_state=1)
    table = olden(fit, output="4")
    assert (table["output"].tolist(), table["input"].tolist()) == (["4"] * 2, ["a", "b"])
    with pytest.raises(ValueError, match="one of '3', '4', '5', or a number from 0 to 2"):
        olden(fit, output=4.0)
    assert fit.predict(type="class").dtype.kind == "i"


def test_networks_of_other_layers_are_refused():
    model = lamina.Sequential([lamina.Input((4, 1)), layers.Conv1D(2, 2), layers.Flatten(),
                               layers.Dense(1)])  # fmt: skip
    with pytest.raises(ValueError, match=r"olden: the model must take rows of numbers"):
        olden(model)
    model = lamina.Sequential([lamina.Input((4,)), layers.Reshape((4, 1)), layers.LSTM(2)])
    with pytest.raises(ValueError, match=r"layer 'reshape' \(Reshape\) does not connect units"):
        olden(model)
    with pytest.raises(TypeError, match="model must be a lamina model"):
        garson(3)
    with pytest.raises(ValueError, match="input_names must have 3 names; got 1"):
        garson(network(2, 1), input_names=["a"])
    with pytest.raises(
        ValueError, match="output must be one of 'o', or a number from 0 to 0; got 'p'"
    ):
        olden(network(2, 1), "p")


def test_inputs_and_outputs_of_a_graph_are_joined():
    first, second = lamina.Input((3,), name="a"), lamina.Input((1,), name="dose")
    one, other, last = layers.Dense(3, "tanh"), layers.Dense(2, "tanh"), layers.Dense(1, name="y")
    hidden = layers.Concatenate()([one(first), other(second)])
    beside = layers.Dense(2, name="z")
    model = lamina.Model([first, second], [last(hidden), beside(first)])
    net = connections(model)
    hidden_names = ["h1", "h2", "h3", "h4", "h5"]
    assert net.units == ["a1", "a2", "a3", "dose", *hidden_names, "y", "z1", "z2"]
    a, d, v, w = (np.array(each.get_weights()[0]) for each in (one, other, last, beside))
    expected = np.zeros((3, 4))
    expected[0] = [*(a @ v[:3, 0]), *(d @ v[3:, 0])]
    expected[1:, :3] = w.T
    found = olden(model)
    np.testing.assert_allclose(found.by_output, expected, rtol=1e-5, atol=1e-7)
    assert found.outputs == ["y", "z1", "z2"]
    named = olden(model, "no", input_names=list("pqrs"), output_names=["yes", "no", "or"])
    assert named["input"].tolist() == list("pqrs")
    whole = lamina.Model([first, second], last(hidden), name="inner")
    again = [lamina.Input((3,), name="u"), lamina.Input((1,), name="v")]
    outer = lamina.Model(again, whole(again))
    np.testing.assert_allclose(olden(outer).by_output, expected[:1], rtol=1e-5)
    assert olden(outer).inputs == ["u1", "u2", "u3", "v"]


def test_each_output_of_an_inner_model_has_its_own_weights():
    entry = lamina.Input((2,))
    ends = [layers.Dense(1, name="p")(entry), layers.Dense(1, name="q")(entry)]
    inner = lamina.Model(entry, ends)
    inner.set_weights([[[1.0], [2.0]], [0.0], [[10.0], [30.0]], [0.0]])
    outer = lamina.Input((2,))
    p, q = inner(outer)

    def found(output):
        return olden(lamina.Model(outer, output)).by_output.tolist()

    assert found(q) == [[10.0, 30.0]]
    assert found([q, p]) == [[10.0, 30.0], [1.0, 2.0]]
    assert found(layers.Add()([p, q])) == [[11.0, 32.0]]
    behind = layers.Dense(1, kernel_initializer="ones")(q)
    assert found(behind) == [[10.0, 30.0]]
    # Two calls of the same model are told apart, as are its outputs.
    assert found(inner(layers.Concatenate()([p, q]))[1]) == [[310.0, 920.0]]
    assert connections(lamina.Model(outer, [p, q])).outputs == [2, 3]


@pytest.mark.parametrize(
    ("layer", "factors"),
    [
        (layers.Rescaling(0.01), [0.01, 0.01]),
        (layers.Rescaling([1.0, 1 / 255], offset=3.0), [1.0, 1 / 255]),
        (layers.Normalization(mean=[1.0, 2.0], variance=[4.0, 0.0]), [0.5, 1.0]),
        (layers.Normalization(mean=0.0, variance=16.0, axis=None, invert=True), [4.0, 4.0]),
        (layers.Normalization(), [1.0, 1.0]),
    ],
)
def test_importance_is_per_unit_of_the_input_as_given(layer, factors):
    """A column that the model divides by 255 counts 1/255 of one that it takes as it is."""
    dense = layers.Dense(2, "tanh"), layers.Dense(1)
    model = lamina.Sequential([lamina.Input((2,)), layer, *dense], seed=1)
    first, last = (np.array(each.get_weights()[0]) for each in dense)
    expected = np.array(factors) * (first @ last)[:, 0]
    np.testing.assert_allclose(olden(model)["importance"], expected, rtol=1e-6)


def test_outputs_that_lead_to_others_are_hidden_units_too():
    entry = lamina.Input((2,))
    hidden = layers.Dense(2, "tanh")(entry)
    model = lamina.Model(entry, [hidden, layers.Dense(1, name="y")(hidden)])
    net = connections(model, output_names=["p", "q", "y"])
    assert (net.units, net.depth) == (["x1", "x2", "p", "q", "y"], [0, 0, 1, 1, 2])
    assert (net.hidden, net.outputs, net.has_skip) == ([[2, 3]], [2, 3, 4], False)
    first, last = (np.array(weight) for weight in model.get_weights()[::2])
    np.testing.assert_allclose(olden(model).by_output.T, np.hstack([first, first @ last]), 1e-6)
    with pytest.raises(ValueError, match="garson: no output may be a hidden unit too; use olden"):
        garson(model)
    both = lamina.Model(entry, [entry, layers.Dense(1)(entry)])
    assert connections(both).depth == [0, 0, 1]
