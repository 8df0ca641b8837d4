"""Importance of inputs: by weights, as Garson and Olden define it, by profiles, by shuffling."""

from types import SimpleNamespace

import numpy as np
import pytest

import golden
import lamina
from lamina import layers
from lamina.inference import connections, garson, lekprofile, olden, permutation_importance

inspection = golden.Peer("sklearn.inspection")
base = golden.Peer("sklearn.base")

RNG = np.random.default_rng(12)
X = RNG.normal(size=(60, 3))


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


# --- weights

# The example of NeuralNetTools' manual: two inputs, two hidden units, one output.
WEIGHTS = [13.12, 1.49, 0.16, -0.11, -0.19, -0.16, 0.56, -0.52, 0.81]


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


# --- profiles


def test_profiles_hold_the_other_inputs_at_quantiles():
    def model(x):
        return np.column_stack([x @ [1.0, 2.0, 3.0], x[:, 0] * x[:, 1]])

    found = lekprofile(model, X, ["b", "c"], 1, steps=5, group_vals=[0.25, 0.5],
                       names=["a", "b", "c"], output_names=["sum", "product"])  # fmt: skip
    assert (found.inputs, found.outputs, found.group_names) == (
        ["b", "c"], ["product"], ["0.25", "0.5"])  # fmt: skip
    values, response = found.curve("b", "product", "0.25")
    np.testing.assert_allclose(values, np.linspace(X[:, 1].min(), X[:, 1].max(), 5))
    np.testing.assert_allclose(response, values * np.quantile(X[:, 0], 0.25))
    table, groups = lekprofile(model, X, val_out=True, group_vals=X[:2], grp_nms=["s", "t"])
    assert (table.rows, list(groups["group"])) == (3 * 100 * 2 * 2, ["s", "t"])
    np.testing.assert_array_equal(groups["x3"], X[:2, 2])
    held = lekprofile(model, X, group_show=True)
    np.testing.assert_allclose(held["x1"], np.quantile(X[:, 0], np.linspace(0, 1, 6)))


def test_profiles_of_clusters():
    pytest.importorskip("sklearn")
    x = np.concatenate([X[:20], X[20:40] + 20, X[40:] - 30])
    groups = lekprofile(lambda x: x[:, 0], x, group_vals=3, group_show=True)
    np.testing.assert_allclose(
        groups["x1"], [x[40:, 0].mean(), x[:20, 0].mean(), x[20:40, 0].mean()]
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": X[:, :1]}, "x must have at least two inputs; got one"),
        ({"steps": 1}, "steps must be"),
        ({"group_vals": [0.5, 2.0]}, "group_vals must be quantiles from 0 to 1"),
        ({"group_vals": np.ones((2, 2))}, "group_vals must have a column for each of 3 inputs"),
        ({"grp_nms": ["a"]}, "grp_nms must have 6 names; got 1"),
        ({"xsel": "z"}, "no column 'z'; there are x1, x2, x3"),
        ({"x": X[0, 0]}, "x must be a table of rows and columns"),
    ],
)
def test_profiles_that_are_refused(arguments, message):
    with pytest.raises(ValueError, match=f"lekprofile: {message}"):
        lekprofile(lambda x: x[:, 0], **{"x": X, **arguments})


# --- shuffling

Y = 2 * X[:, 0] - X[:, 1] + 0.1 * RNG.normal(size=60)


def test_shuffles_are_scikit_learns():
    def ask():
        class Plane(base.RegressorMixin, base.BaseEstimator):
            def fit(self, x, y):
                return self

            def predict(self, x):
                return x @ [2.0, -1.0, 0.3]

        model = Plane().fit(X, Y)
        found = inspection.permutation_importance(
            model, X, Y, scoring="neg_mean_squared_error", n_repeats=4, random_state=7
        )
        weighted = inspection.permutation_importance(
            model, X, Y, n_repeats=2, random_state=1, sample_weight=np.arange(60.0)
        )
        return [found.importances, weighted.importances]

    def model(x):
        return x @ [2.0, -1.0, 0.3]

    errors, weighted = golden.ask(ask, X, Y)
    found = permutation_importance(
        model, X, Y, "neg_mean_squared_error", n_repeats=4, random_state=7
    )
    np.testing.assert_allclose(found.importances, errors, rtol=1e-9)
    np.testing.assert_allclose(found["importance"], errors.mean(axis=1), rtol=1e-9)
    found = permutation_importance(
        model, X, Y, "r2", n_repeats=2, random_state=1, sample_weight=np.arange(60.0)
    )
    np.testing.assert_allclose(found.importances, weighted, rtol=1e-9)


def test_the_loss_of_a_network_and_groups_of_columns():
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(1, use_bias=False)])
    model.compile("sgd", "mse")
    model.set_weights([np.array([[1.0], [1.0], [0.0]])])
    y = X[:, 0] + X[:, 1]
    found = permutation_importance(model, X, y, groups={"both": ["x1", "x2"], "none": [2]})
    assert found.inputs == ["both", "none"]
    # Shuffled together they are the targets in another order.
    order = np.arange(60)
    np.random.RandomState(np.random.RandomState(0).randint(2**31)).shuffle(order)
    assert found.importances[0, 0] == pytest.approx(np.mean((y - y[order]) ** 2), rel=1e-5)
    assert np.abs(found.importances[1]).max() < 1e-7
    assert found.score == pytest.approx(0.0, abs=1e-10)


def test_labels_of_estimators_and_of_columns_of_frames():
    pd = pytest.importorskip("pandas")
    neural = pytest.importorskip("sklearn.neural_network")
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    labels = np.where(X[:, 0] > 0, "yes", "no")
    model = neural.MLPClassifier((4,), max_iter=300, random_state=0, solver="lbfgs")
    model.fit(frame, labels)
    for scoring in (None, "accuracy", "neg_log_loss", "roc_auc"):
        found = permutation_importance(model, frame, labels, scoring)
        assert found["input"][np.argmax(found["importance"])] == "a"
    assert list(garson(model)["input"]) == ["a", "b", "c"]
    assert list(olden(model)["input"]) == ["a", "b", "c"]


def test_fits_of_formulas_need_tables():
    pytest.importorskip("formulaic")
    table = {"a": X[:, 0], "b": X[:, 1], "t": Y}
    fit = lamina.nnet.nnet("t ~ a + b", table, size=1, linout=True, trace=False, maxit=5)
    message = "needs a table with the columns of the formula 't ~ a \\+ b'.*; got ndarray"
    with pytest.raises(TypeError, match=message):
        permutation_importance(fit, X[:, :2], Y)
    with pytest.raises(TypeError, match="y must hold a target for each row of x; got 't'"):
        permutation_importance(fit, table, "t")
    pytest.importorskip("matplotlib")
    with pytest.raises(TypeError, match=message):
        lamina.plot.decision_boundary(fit, X[:, :2])


def test_fits_of_formulas_read_the_columns_that_they_name():
    pytest.importorskip("formulaic")
    table = {"t": Y, "a": X[:, 0], "kind": np.repeat(["u", "v"], 30), "b": X[:, 1]}
    few = {"a": X[:, 0], "b": X[:, 1]}
    fit = lamina.nnet.nnet("t ~ log(a^2) + b", table, size=1, linout=True, trace=False, maxit=5)
    found, wanted = (lekprofile(fit, x, steps=4, group_vals=[0.5]) for x in (table, few))
    assert (found.inputs, list(found.groups)) == (["a", "b"], ["group", "a", "b"])
    np.testing.assert_array_equal(found["response"], wanted["response"])
    chosen = lekprofile(fit, table, "b", steps=4, group_vals=[0.5])
    np.testing.assert_array_equal(chosen["response"], wanted["response"][4:])
    pytest.importorskip("matplotlib")
    axes = lamina.plot.decision_boundary(fit, table, features=("a", "b"), grid=5)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("a", "b")


def test_shuffles_that_are_refused():
    with pytest.raises(ValueError, match="the same number of rows; got 60 and 3"):
        permutation_importance(lambda x: x[:, 0], X, Y[:3])
    with pytest.raises(ValueError, match="scoring must be one of 'r2'"):
        permutation_importance(lambda x: x[:, 0], X, Y, "mse")
    with pytest.raises(ValueError, match="no column 9"):
        permutation_importance(lambda x: x[:, 0], X, Y, groups={"g": [9]})
    with pytest.raises(ValueError, match="n_repeats must be"):
        permutation_importance(lambda x: x[:, 0], X, Y, n_repeats=0)


# --- fits of other modules


def test_fits_of_nnet_and_estimators():
    fit = lamina.nnet.nnet(X, Y, size=2, linout=True, skip=True, maxit=20, trace=False)
    weights = fit.coef()
    wanted = [
        sum(weights[f"i{i}->h{j}"] * weights[f"h{j}->o"] for j in (1, 2)) + weights[f"i{i}->o"]
        for i in (1, 2, 3)
    ]
    np.testing.assert_allclose(olden(fit)["importance"], wanted, rtol=1e-9)
    np.testing.assert_allclose(olden(fit.to_model())["importance"], wanted, rtol=1e-6)
    found = permutation_importance(fit, X, Y)
    assert np.argmax(found["importance"]) == 0
    profile = lekprofile(fit, X, steps=4, group_vals=[0.5])
    middle = np.median(X, axis=0)
    rows = np.tile(middle, (4, 1))
    rows[:, 1] = np.linspace(X[:, 1].min(), X[:, 1].max(), 4)
    np.testing.assert_allclose(
        profile.curve("x2", "o", "0.5")[1], np.ravel(fit.predict(rows)), rtol=1e-9
    )


def test_multinom_is_a_network_without_hidden_units():
    pytest.importorskip("formulaic")
    mixed = Y + np.random.default_rng(8).normal(size=len(Y))  # no line tells these classes apart
    names = np.array(["p", "q", "r"])[np.digitize(mixed, [-0.5, 0.5])]
    table = {"a": X[:, 0], "b": X[:, 1], "y": names}
    fit = lamina.nnet.multinom("y ~ a + b", table, trace=False)
    wanted = np.vstack([np.zeros(3), fit.coef()])
    np.testing.assert_array_equal(olden(fit).by_output, wanted[:, 1:])
    net = connections(fit)
    assert net.units == ["a", "b", "p", "q", "r"]
    np.testing.assert_array_equal(net.layers[0].bias, wanted[:, 0])
    two = lamina.nnet.multinom("y ~ b + a - 1", table | {"y": mixed > 0}, trace=False)
    found = olden(two)
    assert found["input"].tolist() == ["b", "a"]
    assert found["output"].tolist() == ["TRUE", "TRUE"]
    np.testing.assert_array_equal(found["importance"], two.coef())
    assert connections(two).layers[0].bias is None
    with pytest.raises(ValueError, match="must have one hidden layer; got none; use olden"):
        garson(fit)


def test_averages_of_networks_are_refused():
    fit = lamina.nnet.avNNet(X, Y, size=2, repeats=3, linout=True, maxit=5, trace=False)
    for ask in (garson, olden, connections, lamina.plot.plotnet):
        text = rf"{ask.__name__}: an average of 3 networks .*fit.model\[0\] to fit.model\[2\]"
        with pytest.raises(TypeError, match=text):
            ask(fit)
    assert olden(fit.model[1]).by_output.shape == (1, 3)


def test_estimators_of_lamina():
    pytest.importorskip("sklearn")
    from lamina.sklearn import MLPClassifier, NeuralNetRegressor

    labels = np.array(["a", "b", "c"])[np.digitize(Y, [-1, 1])]
    model = MLPClassifier((3,), "tanh", solver="lbfgs", alpha=1.0, random_state=0).fit(X, labels)
    found = olden(model)
    assert found.outputs == ["a", "b", "c"]
    np.testing.assert_allclose(found.by_output.T, model.coefs_[0] @ model.coefs_[1], rtol=1e-6)
    wrapped = NeuralNetRegressor(network(3, 1), epochs=1, verbose=0).fit(X, Y)
    np.testing.assert_allclose(
        olden(wrapped)["importance"], olden(wrapped.model_)["importance"], rtol=1e-12
    )
    assert permutation_importance(wrapped, X, Y).importances.shape == (3, 5)


def test_shuffles_for_several_outputs_lower_the_whole_loss():
    entry = lamina.Input((2,))
    one, other = layers.Dense(1, name="one")(entry), layers.Dense(1, name="other")(entry)
    model = lamina.Model(entry, [one, other])
    model.compile("sgd", "mse")
    model.set_weights([[[1.0], [0.0]], [0.0], [[0.0], [2.0]], [0.0]])
    x = np.random.default_rng(2).normal(size=(200, 2)).astype("float32")
    y = [x[:, 0], 2 * x[:, 1]]
    found = permutation_importance(model, x, y)
    named = permutation_importance(model, x, dict(zip(("one", "other"), y, strict=True)))
    np.testing.assert_allclose(found["importance"], [2, 8], rtol=0.3)
    np.testing.assert_array_equal(named["importance"], found["importance"])
    with pytest.raises(ValueError, match="the same number of rows; got 200 and 199"):
        permutation_importance(model, x, [y[0], y[1][1:]])


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


def test_labels_of_other_classes_and_pipelines_are_refused():
    network = lamina.Sequential([lamina.Input((2,)), layers.Dense(3, "softmax")], seed=1)
    x = np.random.default_rng(2).normal(size=(20, 2))
    for scoring in ("neg_log_loss", "accuracy"):
        with pytest.raises(ValueError, match="hold the classes of the model, 0, 1, 2; got 3"):
            permutation_importance(network, x, np.arange(20) % 4, scoring)

    class Named:
        classes_ = np.array(["a", "b"])

        def predict_proba(self, x):
            return np.full((len(x), 2), 0.5)

    with pytest.raises(ValueError, match="classes of the model, a, b; got 'c'"):
        permutation_importance(Named(), x, ["a", "c"] * 10, "neg_log_loss")
    sklearn = pytest.importorskip("sklearn.pipeline")
    with pytest.raises(TypeError, match=r"olden: a pipeline has no weights.*pipeline\[-1\]"):
        olden(sklearn.make_pipeline("passthrough"))


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
