"""Errors as a function of model size, and splines that show double descent."""

import numpy as np
import pytest

import lamina
from lamina import complexity_path, layers
from lamina.model_selection.degrees import effective_degrees
from lamina.model_selection.splines import NaturalSplines, least_norm

# R 4.2: basis <- ns(x, df, intercept = TRUE); beta <- MASS::ginv(basis, tol = 1e-12) %*% y;
# sqrt(sum(beta^2)), predict(basis, new) %*% beta
KNOTS = [-4.6, -3.9, -3.1, -2.8, -1.7, -1.2, -0.4, 0.3, 0.9, 1.6, 2.2, 3.0, 3.7, 4.8]
NEW = [-5.5, -4.6, -2, 0.1, 2.5, 4.8, 5.3]
OF_R = {
    2: (0.434044340582, [0.400324732189, 0.347954423720, 0.196662421478, 0.074465035052,
                         -0.065189120864, -0.199024353617, -0.228118969433]),
    5: (2.916007456573, [2.508277111547, 1.399075004070, -0.720548626297, 0.109243883561,
                         0.741368095938, -1.375245462060, -1.958610092742]),
    14: (4.110363826426, [2.766349260662, 1.293691003633, -0.699673008593, -0.021647600852,
                          0.785849994221, -1.196164608836, -1.816226613038]),
    30: (3.880322503329, [5.493843327746, 1.293691003633, -0.393085536423, 0.030638759055,
                          0.539048352912, -1.196164608836, -2.635490217974]),
}  # fmt: skip


@pytest.mark.parametrize("degrees", OF_R)
def test_splines_are_r_s(degrees):
    x = np.array(KNOTS)
    y = np.sin(x) + np.tile([0.3, -0.2], 7)
    splines = NaturalSplines(x, degrees)
    coefficients, rank = least_norm(splines(x), y)
    norm, values = OF_R[degrees]
    assert np.linalg.norm(coefficients) == pytest.approx(norm, rel=1e-10)
    np.testing.assert_allclose(splines(np.array(NEW)) @ coefficients, values, rtol=1e-9)
    assert rank == min(degrees, 14)


def sine(seed):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-5, 5, 20)
    y = np.sin(x) + rng.normal(0, 0.3, 20)
    grid = np.linspace(x.min(), x.max(), 300)
    return x, y, (grid, np.sin(grid))


def test_test_error_descends_twice():
    """Figure 10.20 of James et al.: sin(x), 20 noisy points."""
    sizes = [2, 6, 12, 16, 18, 19, 20, 21, 22, 25, 30, 36]
    paths = [complexity_path("natural_spline", *sine(seed), sizes) for seed in range(25)]
    test = dict(zip(sizes, np.median([p["test_error"] for p in paths], axis=0), strict=True))
    peak = max(test, key=test.get)
    assert 18 <= peak <= 22
    assert test[6] < test[2] / 5
    assert test[36] < test[peak] / 5
    assert test[36] > test[6]
    for path in paths:
        train = path["train_error"]
        assert (np.diff(train[:4]) < 1e-6).all()
        assert train[6:].max() < 1e-20
        assert path["norm"][6:9].max() > path["norm"][-1]
        np.testing.assert_array_equal(path["degrees_of_freedom"], np.minimum(sizes, 20))
        assert path.training_rows == 20
    whole = complexity_path("natural_spline", *sine(0))
    assert whole["complexity"].tolist() == list(range(2, 81))
    assert set(whole.labels) == set(whole)


def network(units):
    model = lamina.Sequential([lamina.Input((1,)), layers.Dense(units, "tanh"), layers.Dense(1)])
    model.compile(lamina.optimizers.Adam(0.02), "mse")
    return model


def test_networks_are_those_of_fit():
    x, y, test = sine(1)
    path = complexity_path(
        network, x, y, test, [1, 6], seeds=2, epochs=40, batch_size=20, verbose=0
    )
    assert path.labels["complexity"] == "units"
    assert path["parameters"].tolist() == [4, 19]
    assert path.runs["complexity"].tolist() == [1, 1, 6, 6]
    errors, norms = [], []
    for seed in (0, 1):
        model = network(6)
        model = lamina.Sequential(
            [lamina.Input((1,)), layers.Dense(6, "tanh"), layers.Dense(1)], seed=seed
        )
        model.compile(lamina.optimizers.Adam(0.02), "mse")
        model.fit(x, y, epochs=40, batch_size=20, verbose=0)
        errors.append(np.square(model.predict(test[0], verbose=0)[:, 0] - test[1]).mean())
        norms.append(np.sqrt(sum(np.square(w, dtype=float).sum() for w in model.get_weights())))
    np.testing.assert_allclose(path.runs["test_error"][2:], errors, rtol=1e-6)
    assert path["test_error"][1] == pytest.approx(np.mean(errors), rel=1e-6)
    assert path["norm"][1] == pytest.approx(np.mean(norms), rel=1e-6)
    assert path["degrees_of_freedom"][0] == 4
    assert 12 < path["degrees_of_freedom"][1] <= 19
    mae = complexity_path(network, x, y, test, [1], error="mae", epochs=1, verbose=0)
    own = complexity_path(
        network, x, y, test, [1], error=lambda y, p: np.abs(y - p[:, 0]).mean(), epochs=1, verbose=0
    )
    assert mae["test_error"][0] == pytest.approx(own["test_error"][0])


def test_a_path_predicts_by_the_models_it_has_fitted():
    x, y, test = sine(1)
    splines = complexity_path("natural_spline", x, y, test, [5, 20])
    assert np.square(splines.predict(5, test[0])[:, 0] - test[1]).mean() == splines["test_error"][0]
    np.testing.assert_allclose(splines.predict(20, x)[:, 0], y, atol=1e-9)
    path = complexity_path(network, x, y, test, [2, 3], seeds=[4, 7], epochs=3, verbose=0)
    for row, (size, seed) in enumerate([(2, 4), (2, 7), (3, 4), (3, 7)]):
        off = path.predict(size, test[0], seed)[:, 0] - test[1]
        assert path.runs["test_error"][row] == pytest.approx(np.square(off).mean(), rel=1e-6)
    np.testing.assert_array_equal(path.predict(3, x), path.predict(3, x, 4))
    assert path.training_data[0] is x
    with pytest.raises(ValueError, match="size must be one that was fitted: 2, 3; got 4"):
        path.predict(4, x)
    with pytest.raises(ValueError, match="seed must be one of those fitted: 4, 7; got 5"):
        path.predict(2, x, seed=5)


def linear(penalty, units=1, activation=None, loss="mse"):
    regularizer = lamina.regularizers.L2(penalty) if penalty else None
    model = lamina.Sequential(
        [lamina.Input((3,)), layers.Dense(units, activation, kernel_regularizer=regularizer)],
        seed=2,
    )
    model.compile("adam", loss)
    return model


@pytest.mark.parametrize("penalty", [0.0, 0.3])
@pytest.mark.parametrize("kind", ["linear", "pair", "logistic", "labels", "multinomial", "logits"])
def test_degrees_of_freedom_are_those_of_linear_smoothers(kind, penalty):
    """The trace of (X'WX/n + P)^-1 X'WX/n, W of generalised linear models."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 3))
    design = np.column_stack([x, np.ones(40)])
    if kind == "linear":
        model, y = linear(penalty), rng.normal(size=40)
        gram = 2 * design.T @ design / 40
        bent = np.diag([2 * penalty] * 3 + [0])
    elif kind == "logistic":
        model, y = linear(penalty, 1, "sigmoid", "binary_crossentropy"), rng.integers(0, 2, 40)
        p = model.predict(x, verbose=0).astype(float)
        gram = design.T @ (p * (1 - p) * design) / 40
        bent = np.diag([2 * penalty] * 3 + [0])
    elif kind in ("pair", "labels"):  # theta: kernel (3, 2), then bias (2)
        told = ("sigmoid", "binary_crossentropy") if kind == "labels" else (None, "mse")
        model, y = linear(penalty, 2, *told), rng.integers(0, 2, (40, 2))
        p = model.predict(x, verbose=0).astype(float)
        curved = p * (1 - p) if kind == "labels" else np.full_like(p, 2.0)
        gram = sum(
            np.kron(np.outer(row, row), np.diag(each)) / 80
            for row, each in zip(design, curved, strict=True)
        )
        bent = np.diag([2 * penalty] * 6 + [0] * 2)
    else:
        logits = kind == "logits"
        loss = lamina.losses.SparseCategoricalCrossentropy(from_logits=logits)
        model = linear(penalty, 3, None if logits else "softmax", loss)
        y = rng.integers(0, 3, 40)
        kernel, bias = model.get_weights()
        z = x @ kernel + bias
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        gram = np.zeros((12, 12))
        for row, q in zip(design, p, strict=True):  # theta: kernel (3, 3), then bias (3)
            gram += np.kron(np.outer(row, row), np.diag(q) - np.outer(q, q)) / 40
        bent = np.diag([2 * penalty] * 9 + [0] * 3)
    expected = np.trace(np.linalg.pinv(gram + bent) @ gram)
    assert effective_degrees(model, x, y) == pytest.approx(expected, rel=1e-4)
    if not penalty:
        assert expected == pytest.approx({"linear": 4, "logistic": 4}.get(kind, 8), rel=1e-6)


def test_error_rates():
    rng = np.random.default_rng(3)
    x, labels = rng.normal(size=(30, 3)), rng.integers(0, 3, 30)

    def build(units):
        model = lamina.Sequential(
            [lamina.Input((3,)), layers.Dense(units), layers.Dense(3, "softmax")], seed=0
        )
        model.compile("adam", "categorical_crossentropy")
        return model

    coded = np.eye(3)[labels]
    path = complexity_path(build, x, coded, (x, coded), [2], epochs=2, verbose=0)
    model = build(2)
    model.fit(x, coded, epochs=2, verbose=0)
    wrong = (model.predict(x, verbose=0).argmax(1) != labels).mean()
    assert path["train_error"][0] == path["test_error"][0] == wrong
    assert "share of wrong classes" in path.labels["test_error"]


X, Y, TEST = sine(0)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: complexity_path("ridge", X, Y, TEST), ValueError, "must be 'natural_spline' or"),
        (lambda: complexity_path(network(2), X, Y, TEST, [1]), TypeError,
         "or a function of a size that returns a compiled model"),
        (lambda: complexity_path(network, X, Y, TEST), ValueError, "sizes must be given"),
        (lambda: complexity_path(network, X, Y, TEST, [2, 2]), ValueError, "each once"),
        (lambda: complexity_path("natural_spline", X, Y, TEST, [1]), ValueError,
         "sizes must be an integer >= 2; got 1"),
        (lambda: complexity_path("natural_spline", X, Y, TEST, [2], epochs=3), TypeError,
         "splines are fitted by least squares; they take no epochs"),
        (lambda: complexity_path("natural_spline", np.c_[X, X], Y, TEST), ValueError,
         r"splines are of one predictor, x of shape \(rows,\); got \(20, 2\)"),
        (lambda: complexity_path("natural_spline", X * 0, Y, TEST), ValueError, "two different"),
        (lambda: complexity_path("natural_spline", X, Y[:3], TEST), ValueError, "same number of"),
        (lambda: complexity_path("natural_spline", X, Y, TEST[0]), TypeError,
         "validation_data must be a tuple"),
        (lambda: complexity_path(network, X, Y, TEST, [1], error="r2", verbose=0), ValueError,
         "error must be one of 'mse', 'mae', 'error_rate'; got 'r2'"),
    ],
)  # fmt: skip
def test_what_does_not_fit(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_a_path_of_fits_that_diverged_says_so():
    def build(units):
        model = lamina.Sequential(
            [lamina.Input((1,)), lamina.layers.Dense(units), lamina.layers.Dense(1)]
        )
        model.compile(lamina.optimizers.SGD(1e6), "mse")
        return model

    x = np.linspace(-3, 3, 20)
    path = lamina.complexity_path(build, x, np.sin(x), (x, np.sin(x)), [2], epochs=20, verbose=0)
    assert path.runs["status"].tolist() == ["diverged"]
    assert np.isnan(path["test_error"]).all()
    with pytest.raises(ValueError, match="one that was fitted: none, as no fit succeeded; got 2"):
        path.predict(2, x)
