"""Importance of inputs: by profiles, by shuffling, and of fits of other modules by weights."""

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
    plain = lamina.Sequential([lamina.Input((3,)), layers.Dense(3, "tanh"), layers.Dense(1)])
    wrapped = NeuralNetRegressor(plain, epochs=1, verbose=0).fit(X, Y)
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
