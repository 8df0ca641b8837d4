"""Data and models for which standard errors mean nothing, or are refused."""

import numpy as np
import pytest

import lamina
from inference_data import GROUPS, REAL, ROWS, SIGNAL, TRUTH, X, fitted, linear
from lamina import layers, losses
from lamina.inference import SingularHessianError
from lamina.regularizers import L2


def test_a_singular_hessian_is_named_and_not_inverted():
    x = X.copy()
    x[:, 1] = 4.0
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(1)], dtype="float64", seed=1)
    model.compile("bfgs", "mse")
    with pytest.warns(lamina.TrainingAdvice):
        model.fit(x, REAL, epochs=100, verbose=0)
    direction = r"along \(\+1 \(Intercept\), -0.25 dose\)"
    with pytest.warns(UserWarning, match=f"its rank is 3 of 4 weights.*{direction}"):
        result = model.inference(x, REAL, names=["age", "dose", "sex"])
    assert (result.rank, result.df) == (3, 3)
    np.testing.assert_allclose(result.null_directions, [[0, -0.25, 0, 1]], atol=1e-7)
    assert np.isnan(result.standard_errors).all()
    assert any("Constant columns of x: dose" in note for note in result.notes)
    with pytest.raises(SingularHessianError, match="rank is 3 of 4"):
        model.inference(x, REAL, singular="raise")
    with pytest.warns(UserWarning, match="singular"):
        held = model.inference(x, REAL, singular="pinv")
    design = np.column_stack([x, np.ones(ROWS)])
    expected = np.linalg.pinv(design.T @ design) * result.sigma**2
    np.testing.assert_allclose(held.covariance, expected, rtol=1e-6, atol=1e-12)


def test_classes_that_cannot_be_estimated():
    apart = (X[:, 0] > 0).astype(float)
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(1, "sigmoid")], dtype="float64")
    model.compile("bfgs", "binary_crossentropy")
    model.fit(X, apart, epochs=60, verbose=0)
    with pytest.warns(UserWarning, match="Perfect separation"):
        model.inference(X, apart)
    with pytest.raises(ValueError, match="at least two classes; got only one"):
        model.inference(X, np.ones(ROWS))
    model = fitted("sparse_categorical_crossentropy", TRUTH, layers.Dense(3, "softmax"))
    with pytest.warns(UserWarning, match="Classes or outputs 2 never occur"):
        model.inference(X, TRUTH)


def test_a_saddle_and_a_loss_without_curvature():
    model = lamina.Sequential(
        [lamina.Input((3,)), layers.Dense(2, "tanh"), layers.Dense(1)], dtype="float64", seed=1
    )
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match=r"\d negative eigenvalues: the weights are not at a min"):
        result = model.inference(X, REAL)
    assert result.rank == 11
    assert np.isnan(result.standard_errors).all()
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(1)], dtype="float64", seed=1)
    model.compile("sgd", "mae")
    with pytest.warns(UserWarning, match="The loss has no curvature"):
        assert model.inference(X, REAL, covariance="sandwich").rank == 0


@pytest.mark.parametrize("singular", ["report", "pinv"])
@pytest.mark.parametrize("loss", ["mae", "hinge", "mape", losses.Pinball((0.5,))])
def test_a_loss_that_is_piecewise_linear_has_no_standard_errors(loss, singular):
    """At the kinks, and in the curvature of hidden layers and penalties, differences find some."""
    body = layers.Dense(2, "tanh", kernel_regularizer=L2(0.1)), layers.Dense(1)
    model = fitted(loss, 2 * TRUTH - 1, *body)
    with pytest.warns(UserWarning, match="The loss has no curvature.*need a bootstrap"):
        result = model.inference(X, 2 * TRUTH - 1, covariance="sandwich", singular=singular)
    assert np.isnan(result.standard_errors).all()
    assert np.isnan(result.df)


@pytest.mark.parametrize("loss", [["mae", "mae"], {"a": "mse", "b": "mae"}])
def test_one_output_with_a_piecewise_linear_loss_leaves_no_standard_errors(loss):
    entry = lamina.Input((3,))
    hidden = layers.Dense(2, "tanh")(entry)
    outputs = [layers.Dense(1, name=name)(hidden) for name in "ab"]
    model = lamina.Model(entry, outputs, dtype="float64")
    model.compile("bfgs", loss)
    model.fit(X, [REAL, SIGNAL], epochs=20, verbose=0)
    with pytest.warns(UserWarning, match="The loss has no curvature.*need a bootstrap"):
        result = model.inference(X, [REAL, SIGNAL], covariance="sandwich")
    assert np.isnan(result.standard_errors).all()
    with pytest.raises(ValueError, match="any loss with curvature; for mae and pinball, bootstrap"):
        model.inference(X, [REAL, SIGNAL])


def test_as_many_weights_as_rows_leave_no_variance():
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(1)], dtype="float64", seed=1)
    model.compile("bfgs", "mse")
    model.fit(X[:4], REAL[:4], epochs=500, verbose=0)
    with pytest.warns(UserWarning, match=r"No residual degrees of freedom: 4 observations and 4 "):
        result = model.inference(X[:4], REAL[:4])
    assert np.isnan(result.standard_errors).all()
    assert "No residual degrees of freedom" in result.notes[-1]


def test_groups_need_a_label_in_each_row():
    model = linear()
    names = np.array([f"g{place}" for place in GROUPS], dtype=object)
    plain = model.inference(X, REAL, covariance="cluster", groups=GROUPS)
    named = model.inference(X, REAL, covariance="cluster", groups=names)
    np.testing.assert_allclose(named.covariance, plain.covariance, rtol=1e-12)
    for missing in (None, np.nan):
        names[3] = missing
        with pytest.raises(ValueError, match=f"label for each row; row 3 has {missing}"):
            model.inference(X, REAL, covariance="cluster", groups=names)
    names[3] = ["g0"]
    with pytest.raises(TypeError, match=r"inference: groups must be .* row 3 has \['g0'\]"):
        model.inference(X, REAL, covariance="cluster", groups=names)


def test_weights_that_are_at_no_minimum():
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(1)], dtype="float64", seed=1)
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="a Newton step would move one by"):
        result = model.inference(X, REAL)
    assert result.newton_step > 1
    assert any("not at the minimum" in line for line in result.notes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"covariance": "ols"}, "covariance must be one of 'hessian', 'sandwich'"),
        ({"names": ["a"]}, "names must have 3 names; got 1"),
        ({"covariance": "cluster"}, "needs groups, a label for each row"),
        ({"covariance": "cluster", "groups": [1, 2]}, f"each of {ROWS} rows; got shape \\(2,\\)"),
        ({"groups": GROUPS}, "groups are for covariance='cluster'; got 'hessian'"),
        ({"reference": 1}, "reference is for a categorical cross-entropy"),
        ({"singular": "no"}, "singular must be one of"),
        ({"sample_weight": -np.ones(ROWS)}, "sample_weight must be >= 0"),
    ],
)
def test_what_is_refused(arguments, message):
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(1)], dtype="float64")
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=f"inference: .*{message}"):
        model.inference(X, REAL, **arguments)
    with pytest.raises(ValueError, match="x and y must have the same number of rows"):
        model.inference(X, REAL[:4])
