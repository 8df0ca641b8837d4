"""Estimators of scikit-learn as models: same predictions, same continued training."""

import warnings
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import lamina
from lamina.models import from_sklearn

neural = pytest.importorskip("sklearn.neural_network")
linear = pytest.importorskip("sklearn.linear_model")
scalers = pytest.importorskip("sklearn.preprocessing")
make_pipeline = pytest.importorskip("sklearn.pipeline").make_pipeline

RNG = np.random.default_rng(7)
X = RNG.normal(size=(60, 4)) * [1, 5, 0.2, 1] + [0, 3, 0, 1]
Y = np.column_stack([X[:, 0] - X[:, 1], np.sin(X[:, 2]), X[:, 3] ** 2])
SEVERAL = np.array(["a", "b", "c"])[np.digitize(X[:, 0], [-0.5, 0.5])]
TWO = X[:, 1] > 3
LABELS = (Y > 0).astype(int)


def fitted(estimator: Any, x: Any = X, y: Any = None) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.fit(x, y)


def mlp(kind: str = "Regressor", sizes: tuple[int, ...] = (7, 5), **options: Any) -> Any:
    options = {"max_iter": 20, "random_state": 0, **options}
    return getattr(neural, f"MLP{kind}")(hidden_layer_sizes=sizes, **options)


def check_predicts(estimator: Any, x: Any = X, dtype: str | None = None) -> Any:
    """Check that a model predicts the same as its estimator; return it."""
    model = from_sklearn(estimator, dtype=dtype)
    given = model.predict(x, verbose=0)
    if hasattr(estimator, "predict_proba"):
        expected = estimator.predict_proba(x)
        expected = expected[:, 1:] if given.shape[1] == 1 else expected
    else:
        expected = estimator.predict(x).reshape(len(x), -1)
    assert_allclose(given, expected, rtol=1e-6, atol=1e-6)
    assert model.optimizer is not None
    return model


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_networks_of_each_activation(activation: str) -> None:
    check_predicts(fitted(mlp(activation=activation), y=Y))
    check_predicts(fitted(mlp("Classifier", activation=activation), y=SEVERAL))


OUTPUTS = [
    ("Regressor", Y[:, 0]),
    ("Regressor", Y),
    ("Classifier", SEVERAL),
    ("Classifier", TWO),
    ("Classifier", LABELS),
]


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
@pytest.mark.parametrize(("kind", "y"), OUTPUTS)
def test_networks_of_each_output(kind: str, y: Any, solver: str) -> None:
    estimator = mlp(kind, solver=solver, learning_rate_init=1e-3)
    check_predicts(fitted(estimator, scalers.scale(X), y), scalers.scale(X))


def test_networks_for_counts_without_hidden_layers_and_in_float32() -> None:
    counts = RNG.poisson(np.exp(X[:, 2]))
    check_predicts(fitted(mlp(loss="poisson"), y=counts))
    check_predicts(fitted(mlp(sizes=()), y=Y))
    single = fitted(mlp(), X.astype(np.float32), Y)
    assert check_predicts(single, X.astype(np.float32)).dtype == "float32"
    assert from_sklearn(fitted(mlp(), y=Y)).dtype == "float64"


@pytest.mark.parametrize(
    "scaler",
    [
        scalers.StandardScaler(),
        scalers.StandardScaler(with_mean=False),
        scalers.StandardScaler(with_std=False),
        scalers.MinMaxScaler(feature_range=(-1, 2)),
        scalers.MinMaxScaler(feature_range=(-1, 2), clip=True),
        scalers.MaxAbsScaler(),
        scalers.RobustScaler(),
        scalers.RobustScaler(with_centering=False, with_scaling=False),
        "passthrough",
    ],
)
def test_pipelines(scaler: Any) -> None:
    constant = np.column_stack([X, np.full(len(X), 2.0)])
    inner = make_pipeline(scaler, scalers.StandardScaler())
    estimator = fitted(make_pipeline(inner, mlp()), constant, Y)
    check_predicts(estimator, constant * 1.5)


def test_linear_models() -> None:
    for y in (Y[:, 0], Y):
        check_predicts(fitted(linear.LinearRegression(fit_intercept=False), y=y))
        check_predicts(fitted(linear.Ridge(2.0), y=y))
    for y in (SEVERAL, TWO):
        check_predicts(fitted(linear.LogisticRegression(), y=y))
    check_predicts(fitted(make_pipeline(scalers.StandardScaler(), linear.Ridge()), y=Y))


SETTINGS = ("learning_rate_init", "beta_1", "beta_2", "epsilon", "momentum", "nesterov")


@pytest.mark.parametrize(("kind", "y"), OUTPUTS)
@pytest.mark.parametrize(
    "options",
    [
        {"solver": "sgd", "momentum": 0.0, "alpha": 3.0, "learning_rate_init": 0.01},
        {"solver": "sgd", "momentum": 0.9, "nesterovs_momentum": False},
        {"solver": "sgd", "momentum": 0.8, "nesterovs_momentum": True},
        {"solver": "adam", "alpha": 0.5, "beta_1": 0.5, "epsilon": 1e-3, "batch_size": 60},
    ],
)
def test_a_step_is_that_of_the_estimator(kind: str, y: Any, options: dict[str, Any]) -> None:
    x = scalers.scale(X)
    estimator = mlp(kind, tol=0.0, **options)
    every = np.arange(3) if y is LABELS else np.unique(y)
    classes = {} if kind == "Regressor" else {"classes": every}
    estimator.partial_fit(x, y, **classes)
    estimator._optimizer = type(estimator._optimizer)(  # whose moments start again at 0
        estimator.coefs_ + estimator.intercepts_,
        **{key: value for key, value in vars(estimator._optimizer).items() if key in SETTINGS},
    )
    model = from_sklearn(estimator)
    labels = np.searchsorted(estimator.classes_, y) if y is SEVERAL or y is TWO else y
    for _ in range(3):
        estimator.partial_fit(x, y)
        model.train_on_batch(x, labels)
    weights = model.get_weights()
    for own, theirs in zip(weights[::2], estimator.coefs_, strict=True):
        assert_allclose(own, theirs, rtol=1e-9, atol=1e-12)
    for own, theirs in zip(weights[1::2], estimator.intercepts_, strict=True):
        assert_allclose(own, theirs, rtol=1e-9, atol=1e-12)


def test_penalties_of_full_batch_solvers_need_the_number_of_rows() -> None:
    """A minimum of the estimator's objective is a minimum of the model's."""
    x = scalers.scale(X)
    cases = [
        (linear.Ridge(5.0), Y, Y),
        (
            linear.LogisticRegression(C=0.5, tol=1e-10),
            SEVERAL,
            np.searchsorted(["a", "b"], SEVERAL),
        ),
        (linear.LogisticRegression(C=0.5, tol=1e-10), TWO, TWO),
    ]
    for estimator, y, labels in cases:
        model = from_sklearn(fitted(estimator, x, y), n_samples=len(x))
        before = model.get_weights()
        model.fit(x, labels, epochs=5, verbose=0)
        for a, b in zip(model.get_weights(), before, strict=True):
            assert_allclose(a, b, atol=1e-5)
        assert from_sklearn(estimator).layers[0].kernel_regularizer is None


def test_what_is_no_such_model_is_refused_by_name() -> None:
    forest = pytest.importorskip("sklearn.ensemble").RandomForestRegressor()
    pca = pytest.importorskip("sklearn.decomposition").PCA(2)
    with pytest.raises(TypeError, match=r"from_sklearn: needs .*MLPRegressor.*; got RandomForest"):
        from_sklearn(forest)
    with pytest.raises(TypeError, match="got int"):
        from_sklearn(3)
    with pytest.raises(TypeError, match="StandardScaler before the model; got PCA"):
        from_sklearn(fitted(make_pipeline(pca, mlp()), y=Y))
    with pytest.raises(ValueError, match="MLPRegressor is not fitted: it has no coefs_"):
        from_sklearn(mlp())
    with pytest.raises(ValueError, match="StandardScaler is not fitted"):
        from_sklearn(make_pipeline(scalers.StandardScaler(), fitted(mlp(), y=Y)))
    with pytest.raises(ValueError, match="n_samples"):
        from_sklearn(fitted(mlp(), y=Y), n_samples=0)


def test_the_model_is_kept_as_others_are(tmp_path: Any) -> None:
    model = from_sklearn(fitted(make_pipeline(scalers.StandardScaler(), mlp()), y=Y))
    model.save(tmp_path / "m.lamina")
    again = lamina.models.load_model(tmp_path / "m.lamina")
    assert np.array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


@pytest.mark.parametrize(("kind", "y"), OUTPUTS)
def test_estimators_of_lamina_with_layers_of_their_own(kind: str, y: Any) -> None:
    from lamina import sklearn as own

    estimator = getattr(own, f"MLP{kind}")(
        hidden_layer_sizes=(7, 5), activation=["gelu", "logistic"], dropout=0.1, batch_norm=True,
        max_iter=5, random_state=0,
    )  # fmt: skip
    model = check_predicts(fitted(make_pipeline(scalers.StandardScaler(), estimator), y=y))
    kinds = [type(layer).__name__ for layer in estimator.model_.layers]
    assert [type(layer).__name__ for layer in model.layers] == ["Normalization", *kinds]


@pytest.mark.parametrize(("kind", "y"), OUTPUTS)
def test_a_step_is_that_of_an_estimator_of_lamina(kind: str, y: Any) -> None:
    from lamina import sklearn as own

    x, options = scalers.scale(X), {"solver": "sgd", "momentum": 0.0, "alpha": 3.0}
    estimator = getattr(own, f"MLP{kind}")(activation=["tanh"], **options, max_iter=2)
    model = from_sklearn(fitted(estimator, x, y))
    labels = np.searchsorted(estimator.classes_, y) if y is SEVERAL or y is TWO else y
    for _ in range(3):
        estimator.partial_fit(x, y)
        model.train_on_batch(x, labels)
    for a, b in zip(model.get_weights(), estimator.model_.get_weights(), strict=True):
        assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_losses_of_estimators_of_lamina() -> None:
    from lamina import sklearn as own

    model = from_sklearn(fitted(own.MLPRegressor("huber", max_iter=2), y=Y))
    assert model.loss.name == "huber"
