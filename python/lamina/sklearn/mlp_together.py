"""Many multilayer perceptrons at once: their fits, described for the engine of ``lamina.many``."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from lamina._check import Array
from lamina._scikit import check_random_state, issparse
from lamina.many.stated import StatedFit, StatedResult, Stopping, run_stated, twister_of
from lamina.models.replicas import NotAlikeError, Replicas
from lamina.sklearn import mlp_network, mlp_steps
from lamina.sklearn.mlp_base import MLPBase
from lamina.sklearn.mlp_holding import HoldsNetwork
from lamina.sklearn.mlp_parameters import STOCHASTIC
from lamina.sklearn.mlp_rows import Rows


def fit_together(
    mlps: Sequence[MLPBase],
    data: tuple[Any, Any, Any],
    rows: Sequence[Array],
    held_out: Sequence[tuple[Array, Any]],
    done: Callable[[int, Any, float], object],
    n_jobs: int | None,
) -> None:
    """Fit copies of estimators in parallel: see ``MLPBase.fit_together``."""
    together = _Together(data)
    faults: list[tuple[int, Exception]] = []
    waiting: deque[tuple[int, _Begun]] = deque()

    def stated() -> Iterator[StatedFit]:
        for place, (mlp, each) in enumerate(zip(mlps, rows, strict=True)):
            try:
                begun = together.setting(mlp).begun(each, held_out[place])
            except (NotAlikeError, Warning):  # a warning turned into an error
                continue
            except Exception as error:
                faults.append((place, error))
                continue
            waiting.append((place, begun))
            yield begun.fit

    def take(result: StatedResult | None) -> None:
        place, begun = waiting.popleft()
        if result is None:
            return
        try:
            fitted = begun.take(result)
        except Warning:
            return
        trained = Trained(begun.network, result.weights, begun.held_out[1], result.predictions)
        fitted._trained = trained
        done(place, fitted, result.seconds)
        trained.take_back(fitted)

    run_stated(stated(), take, n_jobs)
    for place, fault in faults:
        done(place, fault, 0.0)


@dataclass
class _Valid:
    """All rows in the form that estimators take, and what they learn from them."""

    X: Array
    Y: Array
    weight: Array | None
    told: dict[str, Any]
    _rows: list[tuple[Any, Rows]] = field(default_factory=list)

    def rows_for(self, mlp: MLPBase) -> Rows:
        """Return the rows for an estimator's network: one copy for all of the same form."""
        key = mlp.loss, getattr(mlp, "class_weight", None)
        for known, rows in self._rows:
            if known == key:
                return rows
        made = mlp._rows(self.X, self.Y, self.weight)
        self._rows.append((key, made))
        return made


class _Network:
    """A network shared by several fits, except for its weights."""

    def __init__(self, mlp: MLPBase, plan: mlp_network.Plan, valid: _Valid, l1: float) -> None:
        mlp = copy.copy(mlp)
        mlp._make(plan)
        mlp_network.penalize(mlp._trainer, l1)
        mlp_steps.compile_for(mlp, mlp_steps.optimizer_of(mlp))
        self.trainer, self.model = mlp._trainer, mlp.model_
        self.rows = valid.rows_for(mlp)
        self.replicas = Replicas(self.trainer, valid.X, self.rows.targets, None, self.model)
        self._first = self.replicas.present_weights()
        self._predicted: dict[int, tuple[Array, Any]] = {}  # by the id of the rows' numbers
        places = {id(p): place for place, p in enumerate(self.replicas.parameters)}
        self._places = [
            (places[id(layer.kernel)], places[id(layer.bias)])
            for layer in mlp_network.dense_layers(self.trainer)
        ]

    def weights(self, drawn: Sequence[tuple[Array, Array]]) -> list[Array]:
        """Return all initial weights, with these kernels and biases."""
        found = list(self._first)
        for places, pair in zip(self._places, drawn, strict=True):
            for place, array in zip(places, pair, strict=True):
                found[place] = np.ascontiguousarray(array)
        return found

    def dense(self, weights: list[Array]) -> tuple[list[Array], list[Array]]:
        """Return the kernels and biases of dense layers among all weights."""
        return [weights[k] for k, _ in self._places], [weights[b] for _, b in self._places]

    def rows_to_predict(self, rows: Array) -> Any:
        """Return rows for the engine's predictions: one object for all fits that hold them out."""
        found = self._predicted.get(id(rows))
        if found is None:
            made = self.replicas.rows_to_predict(self.replicas.data.inputs, rows)
            found = self._predicted[id(rows)] = rows, made
        return found[1]


class Trained:
    """The result of a fit, from which its estimator makes a network when it needs one.

    Parameters
    ----------
    network : _Network
        Lent to the estimator until `take_back`.
    weights : list of ndarray
    x, outputs : object, ndarray
        Rows, and the network's outputs for them.
    """

    def __init__(self, network: _Network, weights: list[Array], x: Any, outputs: Any) -> None:
        self._network, self._weights = network, weights
        self._x, self._outputs, self._lends = x, outputs, True
        self._lent: list[Array] = []  # copies of the weights set in the lent network

    def show(self, mlp: HoldsNetwork) -> dict[str, Any]:
        """Give the estimator ``coefs_`` and ``intercepts_``."""
        kernels, biases = mlp._held = self._network.dense(self._weights)
        mlp.__dict__.setdefault("coefs_", list(kernels))
        mlp.__dict__.setdefault("intercepts_", list(biases))
        return mlp.__dict__

    def weights(self) -> list[Array]:
        """Return the weights in the form that the network's ``set_weights`` takes."""
        return self._network.replicas.weights(self._weights)

    def outputs_for(self, x: Any) -> Array | None:
        """Return the network's outputs for this same object of rows, if they are known."""
        if x is not self._x or self._outputs is None:
            return None
        outputs: Array = self._outputs.copy()
        return outputs

    def lend_network(self, mlp: HoldsNetwork) -> bool:
        """Lend the network, with its weights, to the estimator; False if it has been taken back."""
        if not self._lends:
            return False
        network = self._network
        self.show(mlp)
        self._put_weights()
        network.trainer.optimizer.reset()  # which a caller may have used since
        mlp.model_, mlp._trainer = network.model, network.trainer
        return True

    def follow(self) -> None:
        """Copy changes that a caller has made to the weights to the lent network."""
        if self._lends and not all(map(np.array_equal, self._weights, self._lent)):
            self._put_weights()

    def _put_weights(self) -> None:
        self._network.replicas.put_weights(self._weights)
        self._lent = [weight.copy() for weight in self._weights]

    def take_back(self, mlp: HoldsNetwork) -> None:
        """Take back the network; the estimator then makes its own."""
        self._x, self._outputs, self._lends = None, None, False
        mlp.__dict__.pop("model_", None)
        mlp.__dict__.pop("_trainer", None)


class _Begun:
    """A fit that is about to run, and its estimator."""

    def __init__(
        self, mlp: MLPBase, network: _Network, fit: StatedFit, held_out: tuple[Array, Any]
    ) -> None:
        self.mlp, self.network, self.fit, self.held_out = mlp, network, fit, held_out

    def take(self, result: StatedResult) -> MLPBase:
        """Return the estimator with the results of the fit, except for the weights."""
        mlp = self.mlp
        mlp.loss_curve_, mlp.n_iter_ = result.losses.tolist(), len(result.losses)
        mlp.loss_, mlp.t_ = mlp.loss_curve_[-1], len(self.fit.rows) * mlp.n_iter_
        if self.fit.held_out is None:
            mlp.best_loss_ = min(mlp.loss_curve_)
        else:
            mlp.validation_scores_ = result.scores.tolist()
            mlp.best_validation_score_ = max(mlp.validation_scores_)
        if not result.stopped:
            mlp_steps.warn_of_end(mlp)
        return mlp


class _Drawn(NamedTuple):
    """A fit that has drawn its initial weights: the estimator, its network, the random state."""

    mlp: MLPBase
    plan: mlp_network.Plan
    weights: list[tuple[Array, Array]]
    state: dict[str, Any]


class _Setting:
    """The common parts of the fits of one estimator."""

    def __init__(self, mlp: MLPBase, valid: _Valid, together: _Together) -> None:
        self.mlp, self.valid, self.together = copy.copy(mlp), valid, together
        self.mlp.__dict__.update(valid.told)
        self.mlp.n_outputs_ = valid.Y.shape[1]
        self._networks: dict[int, _Network] = {}  # by the number of rows in a batch
        # All fits draw the same weights, unless they draw from NumPy's global state.
        self._first = None if _draws_globally(mlp) else self._drawn()

    def _drawn(self) -> _Drawn:
        mlp = copy.copy(self.mlp)
        mlp._random_state = state = _own_random_state(mlp)
        units = [self.valid.X.shape[1], *mlp._hidden_sizes(), mlp.n_outputs_]
        plan, weights = mlp._drawn(units, self.valid.X.dtype.name)
        return _Drawn(mlp, plan, weights, state.get_state(legacy=False))

    def begun(self, rows: Array, held_out: tuple[Array, Any]) -> _Begun:
        """Return a fit to some of the rows, which then predicts the rows held out."""
        Y = self.valid.Y[rows]
        if not self.mlp._has_all_targets(Y):
            raise NotAlikeError("rows that lack one of the classes")
        first, plan, drawn, state = self._first or self._drawn()
        mlp, held = copy.copy(first), None
        if mlp.early_stopping:
            mlp._random_state.set_state(state)
            trained, out = mlp._split(Y)
            rows, held = rows[trained], rows[out]
            state = mlp._random_state.get_state(legacy=False)
        twister = twister_of(state) if mlp.shuffle else None
        if mlp.shuffle and twister is None:
            raise NotAlikeError(f"{state['bit_generator']}, which is not MT19937")
        batch = mlp_steps.batch_rows(mlp, len(rows))
        network = self._networks.get(batch)
        if network is None:
            network = self.together.network(mlp, plan, self.valid, batch)
            self._networks[batch] = network
        less = mlp_steps.not_reported(mlp)
        inverse = mlp.solver == "sgd" and mlp.learning_rate == "invscaling"
        fit = StatedFit(
            network.replicas, network.weights(drawn), rows, batch, int(mlp.max_iter),
            float(mlp.learning_rate_init), _stopping(mlp), plan.seed or 0, twister,
            float(mlp.power_t) if inverse else None,
            ("data_loss", less) if less else None,
            held, None if held is None else self._scorer(mlp, network.rows, held),
            network.rows_to_predict(held_out[0]),
        )  # fmt: skip
        return _Begun(mlp, network, fit, held_out)

    def _scorer(self, mlp: MLPBase, rows: Rows, held: Array) -> Any:
        weight = None if rows.score_weight is None else rows.score_weight[held]
        return mlp._scorer(Rows(None, rows.y[held], score_weight=weight), self.valid.X.dtype.name)


class _Together:
    """All data, and the parts shared by fits with several settings."""

    def __init__(self, data: tuple[Any, Any, Any]) -> None:
        self._data = data
        # By the estimator's id, with the estimator, so that no other object can get the same id.
        self._settings: dict[int, tuple[MLPBase, _Setting | Exception]] = {}
        self._valid: dict[Any, _Valid] = {}
        self._networks: list[tuple[Any, _Network]] = []

    def setting(self, mlp: MLPBase) -> _Setting:
        """Return the parts shared by the fits of an estimator."""
        if id(mlp) not in self._settings:
            self._settings[id(mlp)] = mlp, self._new_setting(mlp)
        found = self._settings[id(mlp)][1]
        if isinstance(found, Exception):
            raise found
        return found

    def _new_setting(self, mlp: MLPBase) -> _Setting | Exception:
        try:
            _check_alike(mlp)
            mlp._check_settings(None)
            return _Setting(mlp, self._valid_for(mlp), self)
        except Exception as error:
            return error

    def _valid_for(self, mlp: MLPBase) -> _Valid:
        named = isinstance(mlp.loss, str) and mlp.loss
        key = type(mlp), str(mlp.dtype), named, mlp._form_of_targets()
        found = self._valid.get(key)
        if found is None:
            other = copy.copy(mlp)
            before = set(vars(other))
            try:
                X, Y, weight = other._validate(*self._data, True, False)
            except (ValueError, TypeError) as error:
                raise NotAlikeError(f"rows that fit refuses: {error}") from error
            if issparse(X):
                raise NotAlikeError("sparse rows")
            told = {name: value for name, value in vars(other).items() if name not in before}
            X, Y = np.ascontiguousarray(X), np.ascontiguousarray(Y)
            found = self._valid[key] = _Valid(X, Y, weight, told)
        return found

    def network(self, mlp: MLPBase, plan: mlp_network.Plan, valid: _Valid, batch: int) -> _Network:
        """Return a network for an estimator, shared with others whose steps are the same."""
        l1 = float(mlp.l1) / batch
        key = (
            type(mlp), id(valid), plan.units, plan.activations, plan.dropout, plan.batch_norm, l1,
            float(mlp.alpha), mlp.loss, getattr(mlp, "class_weight", None), mlp.solver,
            mlp.momentum, mlp.nesterovs_momentum, mlp.beta_1, mlp.beta_2, mlp.epsilon,
        )  # fmt: skip
        for known, network in self._networks:
            if known == key:
                return network
        made = _Network(mlp, plan, valid, l1)
        self._networks.append((key, made))
        return made


def _stopping(mlp: MLPBase) -> Stopping:
    adaptive = mlp.solver == "sgd" and mlp.learning_rate == "adaptive"
    rate = (mlp_steps.DIVISOR, mlp_steps.SMALLEST_RATE) if adaptive else (0.0, 0.0)
    return Stopping(float(mlp.n_iter_no_change), float(mlp.tol), bool(mlp.early_stopping), *rate)


def _draws_globally(mlp: MLPBase) -> bool:
    return mlp.random_state is None or mlp.random_state is np.random


def _own_random_state(mlp: MLPBase) -> np.random.RandomState:
    """Return the random state of one fit; with NumPy's global state, each fit gets its own seed."""
    given = mlp.random_state
    if _draws_globally(mlp):
        return np.random.RandomState(check_random_state(given).randint(np.iinfo(np.int32).max))
    state = check_random_state(copy.deepcopy(given))
    if type(state) is not np.random.RandomState:
        raise NotAlikeError(f"{type(state).__name__}, which may draw in a different way")
    return state


def _check_alike(mlp: MLPBase) -> None:
    """Raise NotAlikeError for an estimator whose fits have to run in Python."""
    if any(getattr(type(mlp), name) is not getattr(MLPBase, name) for name in ("fit", "_fit")):
        raise NotAlikeError("a class that defines its own fit")
    if mlp.solver not in STOCHASTIC or hasattr(mlp, "coefs_"):
        raise NotAlikeError("another solver, or an estimator that has been fitted")
    if mlp.verbose or mlp.validation_data is not None or mlp.callbacks is not None:
        raise NotAlikeError("what is printed, callbacks, or validation data")
    if getattr(mlp, "class_weight", None) == "balanced":
        raise NotAlikeError("weights that follow from the rows of each fit")
