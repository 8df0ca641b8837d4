"""Fitted estimators of scikit-learn as models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lamina import _check
from lamina._calls import answering_calls
from lamina._check import Array

OWN = "lamina.sklearn."  # modules of estimators with a model of lamina

_ACTIVATIONS = {
    "identity": "linear",
    "logistic": "sigmoid",
    "tanh": "tanh",
    "relu": "relu",
    "softmax": "softmax",
    "exp": "exponential",
}


@answering_calls
def from_sklearn(estimator: Any, n_samples: int | None = None, dtype: str | None = None) -> Any:
    """Return a compiled model that predicts as a fitted estimator of scikit-learn does.

    Scikit-learn is not imported: the estimator is asked for what it learned.

    Parameters
    ----------
    estimator : MLPRegressor, MLPClassifier, LinearRegression, Ridge, LogisticRegression or Pipeline
        A fitted estimator; the first two may be those of `lamina.sklearn` too.  A pipeline consists
        of any of StandardScaler, MinMaxScaler, MaxAbsScaler and RobustScaler, followed by one of
        the other estimators.
    n_samples : int, optional
        The number of rows in a further fit.  Scikit-learn divides penalties by the number of rows
        in a step, which an estimator that was fitted by a full-batch solver does not store: if
        `n_samples` is not given, its penalty is left out.
    dtype : {"float32", "float64"}, optional
        By default that of the estimator's weights, which is float64 if the data were float64.

    Returns
    -------
    Sequential
        A regression model predicts the same as ``predict``, in shape (rows, outputs).  A classifier
        predicts the same as ``predict_proba``, or for two classes the probability of the second.
        Class k is ``estimator.classes_[k]``: a further fit takes integer labels from 0.

    Raises
    ------
    TypeError
        If `estimator` is none of these; the message names it.
    ValueError
        If the estimator is not fitted, or has settings that layers do not have.

    Notes
    -----
    The model is compiled with the estimator's solver (SGD with its momentum, Adam, L-BFGS), its
    current learning rate, and its objective: half of the squared error of all outputs,
    cross-entropies, or the Poisson loss, plus ``alpha / (2 n)`` times the squared weights, where n
    is the number of rows in a batch.  The moments of the solver, schedules ("invscaling",
    "adaptive"), early stopping and the batch size are not carried over: pass the ``batch_size`` of
    the estimator to ``fit``, ``min(200, rows)`` if it is "auto".

    Examples
    --------
    >>> from sklearn.neural_network import MLPRegressor  # doctest: +SKIP
    >>> mlp = MLPRegressor((20,), random_state=0).fit(x, y)  # doctest: +SKIP
    >>> model = lamina.models.from_sklearn(mlp)  # doctest: +SKIP
    >>> abs(model.predict(x)[:, 0] - mlp.predict(x)).max() < 1e-6  # doctest: +SKIP
    True
    """
    who = "from_sklearn"
    rows = None if n_samples is None else _check.integer(who, "n_samples", n_samples)
    *ahead, last = _steps(who, estimator)
    name, described = _known(last, _MODELS)
    if described is None:
        known = ", ".join(sorted(_MODELS))
        raise TypeError(f"{who}: needs a fitted {known} or a Pipeline that ends in one; got {name}")
    described = described(who, last, rows)
    scales: list[Any] = []
    for step in ahead:
        name, scaled = _known(step, _SCALERS)
        if scaled is None:
            known = ", ".join(sorted(_SCALERS))
            raise TypeError(f"{who}: a pipeline may only have {known} before the model; got {name}")
        scales += scaled(who, step)
    kind = described.kernels[0].dtype.name if dtype is None else _check.dtype(who, dtype)
    return described.model(_columns(ahead, described), scales, kind)


def _steps(who: str, estimator: Any) -> list[Any]:
    """Return the estimator, and the preceding steps of a pipeline before it."""
    if _name_of(estimator) != "Pipeline":
        return [estimator]
    steps = [step for _, step in estimator.steps if step is not None and step != "passthrough"]
    if not steps:
        raise TypeError(f"{who}: the pipeline has no steps")
    return [inner for step in steps for inner in _steps(who, step)]


def _name_of(estimator: Any) -> str:
    """Return the name of an object's class in scikit-learn or `lamina.sklearn`."""
    for each in type(estimator).__mro__:
        if each.__module__.split(".")[0] == "sklearn" or each.__module__.startswith(OWN):
            return each.__name__
    return type(estimator).__name__


def _known(
    estimator: Any, table: Mapping[str, Callable[..., Any]]
) -> tuple[str, Callable[..., Any] | None]:
    name = _name_of(estimator)
    return name, table.get(name)


def _fitted(who: str, estimator: Any, *names: str) -> list[Any]:
    """Return the learned attributes of an estimator."""
    lacks = [name for name in names if not hasattr(estimator, name)]
    if lacks:
        raise ValueError(f"{who}: {_name_of(estimator)} is not fitted: it has no {lacks[0]}")
    return [getattr(estimator, name) for name in names]


def _columns(ahead: Sequence[Any], described: _Described) -> int:
    columns = getattr(ahead[0], "n_features_in_", None) if ahead else None
    return int(columns or described.kernels[0].shape[0])


class _Described:
    """A network and its training settings.

    Attributes
    ----------
    kernels, biases : list of ndarray
    hidden, output : str
        Activations, by scikit-learn's names.
    loss : str
    weight : float
        A factor of the loss.
    l2 : float
        A factor of the squared weights.
    optimizer : Optimizer or str
    metrics : list of str
    """

    def __init__(
        self,
        kernels: Sequence[Array],
        biases: Sequence[Array],
        hidden: str,
        output: str,
        l2: float,
        optimizer: Any,
    ) -> None:
        self.kernels = [np.asarray(kernel) for kernel in kernels]
        self.biases = [np.asarray(bias) for bias in biases]
        self.hidden, self.output, self.l2, self.optimizer = hidden, output, l2, optimizer
        outputs = self.kernels[-1].shape[1]
        # Steps minimize the sum over the outputs; these losses are their mean.
        self.loss, self.weight, self.metrics = {
            "identity": ("mse", outputs / 2, ["mse"]),
            "exp": ("poisson", float(outputs), ["poisson"]),
            "logistic": ("binary_crossentropy", float(outputs), ["binary_accuracy"]),
            "softmax": ("sparse_categorical_crossentropy", 1.0, ["accuracy"]),
        }[output]

    def model(self, columns: int, scales: Sequence[Any], dtype: str) -> Any:
        """Return the compiled model."""
        from lamina import layers, regularizers
        from lamina.models import Sequential

        penalty = regularizers.L2(self.l2) if self.l2 > 0 else None
        behind = self._layers(penalty)
        made = Sequential([layers.Input((columns,)), *scales, *behind], dtype=dtype)
        for layer, weights in zip(behind, self._weights(), strict=True):
            layer.set_weights(weights)
        made.compile(
            optimizer=self.optimizer,
            loss=self.loss,
            metrics=self.metrics,
            loss_weights=None if self.weight == 1 else [self.weight],
        )
        return made

    def _layers(self, penalty: Any) -> list[Any]:
        from lamina.layers import Dense

        laws = [self.hidden] * (len(self.kernels) - 1) + [self.output]
        return [
            Dense(kernel.shape[1], activation=_ACTIVATIONS[law], kernel_regularizer=penalty)
            for kernel, law in zip(self.kernels, laws, strict=True)
        ]

    def _weights(self) -> list[list[Array]]:
        return [list(pair) for pair in zip(self.kernels, self.biases, strict=True)]


class _DescribedModel(_Described):
    """The network of an estimator of `lamina.sklearn`, which may have layers of any kind."""

    def __init__(self, mlp: Any, *described: Any) -> None:
        super().__init__(*described)
        self._model = mlp.model_
        if mlp.loss not in ("squared_error", "poisson", "log_loss"):
            self.loss, self.weight, self.metrics = mlp.loss, 1.0, []

    def _layers(self, penalty: Any) -> list[Any]:
        made = []
        for layer in self._model.layers:
            config = {k: v for k, v in layer.get_config().items() if k != "dtype"}
            if "kernel_regularizer" in config:
                config["kernel_regularizer"] = penalty
            made.append(type(layer).from_config(config))
        return made

    def _weights(self) -> list[list[Array]]:
        return [layer.get_weights() for layer in self._model.layers]


# --- estimators


def _mlp(who: str, mlp: Any, rows: int | None) -> _Described:
    coefs, intercepts, output = _fitted(who, mlp, "coefs_", "intercepts_", "out_activation_")
    batch = _batch_of(mlp, rows)
    l2 = 0.0 if batch is None else float(mlp.alpha) / (2 * batch)
    described = coefs, intercepts, mlp.activation, output, l2, _solver(mlp)
    if type(mlp).__module__.startswith(OWN):
        return _DescribedModel(mlp, *described)
    return _Described(*described)


def _batch_of(mlp: Any, rows: int | None) -> int | None:
    """Return the number of rows in a step of the solver, if it is known."""
    if mlp.solver == "lbfgs":
        return rows
    if rows is None:
        rows = int(mlp.t_ // max(int(mlp.n_iter_), 1))  # counted as rows were read
    size = 200 if isinstance(mlp.batch_size, str) else int(mlp.batch_size)
    return max(min(size, rows), 1)


def _solver(mlp: Any) -> Any:
    from lamina import optimizers

    if mlp.solver == "lbfgs":
        return "lbfgs"
    now = getattr(mlp, "_optimizer", None)
    rate = float(getattr(now, "learning_rate", mlp.learning_rate_init))
    if mlp.solver == "sgd":
        momentum = float(mlp.momentum)
        nesterov = bool(mlp.nesterovs_momentum) and momentum > 0
        return optimizers.SGD(rate, momentum=momentum, nesterov=nesterov)
    # Adam's learning rate of a step includes the correction of its moments.
    return optimizers.Adam(
        float(mlp.learning_rate_init),
        beta_1=float(mlp.beta_1),
        beta_2=float(mlp.beta_2),
        epsilon=float(mlp.epsilon),
    )


def _linear(who: str, linear: Any, rows: int | None) -> _Described:
    kernel, bias = _kernel_of(who, linear)
    alpha = getattr(linear, "alpha", 0.0)
    # Ridge adds alpha times the squares to the sum of the squared errors; the loss is half of their
    # mean.
    l2 = 0.0 if rows is None or np.ndim(alpha) else float(alpha) / (2 * rows)
    return _Described([kernel], [bias], "identity", "identity", l2, "lbfgs")


def _logistic(who: str, logistic: Any, rows: int | None) -> _Described:
    kernel, bias = _kernel_of(who, logistic)
    several = len(_fitted(who, logistic, "classes_")[0]) > 2
    if several and (
        logistic.solver == "liblinear" or getattr(logistic, "multi_class", None) == "ovr"
    ):
        raise ValueError(
            f"{who}: LogisticRegression of several classes must be multinomial; it was fitted by "
            f"{logistic.solver!r}, one class against the rest"
        )
    plain = logistic.penalty in ("l2", "deprecated") and logistic.l1_ratio in (None, 0)
    l2 = 1 / (2 * float(logistic.C) * rows) if rows is not None and plain else 0.0
    output = "softmax" if several else "logistic"
    return _Described([kernel], [bias], "identity", output, l2, "lbfgs")


def _kernel_of(who: str, linear: Any) -> tuple[Array, Array]:
    coef, intercept = _fitted(who, linear, "coef_", "intercept_")
    kernel = np.atleast_2d(np.asarray(coef)).T
    bias = np.broadcast_to(np.asarray(intercept, kernel.dtype), (kernel.shape[1],))
    return kernel, bias


_MODELS: dict[str, Callable[[str, Any, int | None], _Described]] = {
    "MLPRegressor": _mlp,
    "MLPClassifier": _mlp,
    "LinearRegression": _linear,
    "Ridge": _linear,
    "LogisticRegression": _logistic,
}


# --- preprocessing steps of a pipeline


def _standard(who: str, scaler: Any) -> list[Any]:
    from lamina.layers import Normalization

    _, columns = _fitted(who, scaler, "scale_", "n_features_in_")
    mean = scaler.mean_ if scaler.with_mean else np.zeros(columns)
    scale = scaler.scale_ if scaler.with_std else np.ones(columns)
    return [Normalization(mean=mean, variance=np.square(scale))]


def _min_max(who: str, scaler: Any) -> list[Any]:
    from lamina.layers import ReLU, Rescaling

    scale, least = _fitted(who, scaler, "scale_", "min_")
    low, high = map(float, scaler.feature_range)
    if not scaler.clip:
        return [Rescaling(scale, least)]
    return [Rescaling(scale, least - low), ReLU(max_value=high - low), Rescaling(1.0, low)]


def _max_abs(who: str, scaler: Any) -> list[Any]:
    from lamina.layers import Rescaling

    return [Rescaling(1 / _fitted(who, scaler, "scale_")[0])]


def _robust(who: str, scaler: Any) -> list[Any]:
    from lamina.layers import Rescaling

    _, columns = _fitted(who, scaler, "scale_", "n_features_in_")
    scale: Any = scaler.scale_ if scaler.with_scaling else np.ones(columns)
    centre: Any = scaler.center_ if scaler.with_centering else np.zeros(columns)
    return [Rescaling(1 / scale, -centre / scale)]


_SCALERS: dict[str, Callable[[str, Any], list[Any]]] = {
    "StandardScaler": _standard,
    "MinMaxScaler": _min_max,
    "MaxAbsScaler": _max_abs,
    "RobustScaler": _robust,
}
