"""Training by mini-batches: scikit-learn's ``sgd`` and ``adam``, with their stopping rules."""

from __future__ import annotations

import copy
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _screen, optimizers
from lamina._scikit import ConvergenceWarning
from lamina.callbacks import Callback
from lamina.models import TrainingDiverged
from lamina.sklearn import mlp_network

if TYPE_CHECKING:
    from lamina._check import Array
    from lamina.sklearn.mlp_base import MLPBase
    from lamina.sklearn.mlp_rows import Rows

DEFAULT_BATCH = 200
DIVISOR, SMALLEST_RATE = 5.0, 1e-6  # the divisor of "adaptive", and the rate at which it stops


class Orders:
    """Draws orders of rows as ``sklearn.utils.shuffle`` does, each from the previous one."""

    def __init__(self, random_state: Any) -> None:
        self._random_state = random_state
        self._order: Array | None = None

    def __call__(self, size: int) -> Array:
        """Return the order of an epoch."""
        drawn = np.arange(size)
        self._random_state.shuffle(drawn)
        self._order = drawn if self._order is None else self._order[drawn]
        return self._order


class Course(Callback):
    """Follows a fit: records losses and scores, sets the learning rate, and ends the fit.

    Parameters
    ----------
    mlp : MLPBase
    rows : int
        The number of training rows in an epoch.
    held : Rows or None
        The rows on which scores are computed.
    """

    def __init__(self, mlp: MLPBase, rows: int, held: Rows | None) -> None:
        super().__init__()
        self.mlp, self.rows, self.held = mlp, rows, held
        self.by_score = mlp.early_stopping and held is not None  # otherwise the loss decides
        self.scorer = None if held is None else mlp._scorer(held, mlp.model_.dtype)
        self.best: list[Any] | None = None  # the weights of the best score
        self.error: TrainingDiverged | None = None
        self.ended = False  # by the rules

    def begin(self) -> None:
        """Prepare the estimator's records for this fit; lists of an earlier fit are continued."""
        mlp = self.mlp
        mlp.n_iter_ = 0
        if self.held is not None and mlp.validation_scores_ is None:
            mlp.validation_scores_, mlp.best_validation_score_ = [], -np.inf
        if not self.by_score and mlp.best_loss_ is None:
            mlp.best_loss_ = np.inf

    def on_train_diverged(self, batch: int, error: ArithmeticError) -> bool:  # noqa: ARG002
        """End the epoch with it."""
        assert isinstance(error, TrainingDiverged)
        self.error = error
        return True

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Record the results of the epoch, and decide whether to continue."""
        mlp = self.mlp
        mlp.n_iter_ += 1
        mlp.t_ += self.rows
        mlp.loss_ = self._loss(logs)
        mlp.loss_curve_.append(mlp.loss_)
        self._tell(f"Iteration {mlp.n_iter_}, loss = {mlp.loss_:.8f}")
        score = self._score()
        if score is not None:
            logs["val_score"] = score
        worse = self._worse(score)
        mlp._no_improvement_count = mlp._no_improvement_count + 1 if worse else 0
        self._note_best(score)
        optimizer = self.model.optimizer
        if mlp.solver == "sgd" and mlp.learning_rate == "invscaling":
            optimizer.learning_rate = mlp.learning_rate_init / (mlp.t_ + 1) ** mlp.power_t
        if mlp._no_improvement_count > mlp.n_iter_no_change:
            self._end_or_slow_down(optimizer)

    def _loss(self, logs: Any) -> float:
        """Return the loss as scikit-learn reports it: half the mean square over several outputs."""
        loss, less = float(logs["loss"]), not_reported(self.mlp)
        return loss - less * logs["data_loss"] if less and self.error is None else loss

    def _score(self) -> float | None:
        if self.held is None or self.scorer is None:
            return None
        score = float("nan")
        if self.error is None:
            score = self.scorer(self.mlp.model_.predict(self.held.x))
        self.mlp.validation_scores_.append(score)
        self._tell(f"Validation score: {score:f}")
        return score

    def _worse(self, score: float | None) -> bool:
        mlp = self.mlp
        if self.by_score:
            assert score is not None
            return bool(score < mlp.best_validation_score_ + mlp.tol)
        return bool(mlp.loss_ > mlp.best_loss_ - mlp.tol)

    def _note_best(self, score: float | None) -> None:
        mlp = self.mlp
        if not self.by_score and mlp.loss_ < mlp.best_loss_:
            mlp.best_loss_ = mlp.loss_
        if score is not None and score > mlp.best_validation_score_:
            mlp.best_validation_score_ = score
            if self.by_score:
                self.best = self.model.get_weights()

    def _end_or_slow_down(self, optimizer: Any) -> None:
        mlp = self.mlp
        what = "Validation score" if self.by_score else "Training loss"
        said = (
            f"{what} did not improve more than tol={mlp.tol:f} for {mlp.n_iter_no_change} "
            f"consecutive epochs."
        )
        rate = float(optimizer.learning_rate)
        if mlp.solver != "sgd" or mlp.learning_rate != "adaptive":
            self._tell(f"{said} Stopping.")
        elif rate <= SMALLEST_RATE:
            self._tell(f"{said} Learning rate too small. Stopping.")
        else:
            optimizer.learning_rate = rate / DIVISOR
            self._tell(f"{said} Setting learning rate to {rate / DIVISOR:f}")
            mlp._no_improvement_count = 0
            return
        self.ended = self.model.stop_training = True

    def _tell(self, text: str) -> None:
        if self.mlp.verbose:
            _screen.write(text)


def batch_rows(mlp: MLPBase, rows: int) -> int:
    """Return the number of rows of a step."""
    if isinstance(mlp.batch_size, str):
        return min(DEFAULT_BATCH, rows)
    if mlp.batch_size > rows:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped",
            stacklevel=_screen.callers_level(),
        )
    return min(int(mlp.batch_size), rows)


def optimizer_of(mlp: MLPBase) -> Any:
    """Return a new optimizer with the estimator's settings."""
    if mlp.solver == "lbfgs":
        return optimizers.LBFGS()
    rate = float(mlp.learning_rate_init)
    if mlp.solver == "sgd":
        momentum = float(mlp.momentum)
        nesterov = bool(mlp.nesterovs_momentum) and momentum > 0
        return optimizers.SGD(rate, momentum=momentum, nesterov=nesterov)
    return optimizers.Adam(
        rate, beta_1=float(mlp.beta_1), beta_2=float(mlp.beta_2), epsilon=float(mlp.epsilon)
    )


def train(mlp: MLPBase, rows: Rows, held: Rows | None, once: bool) -> None:
    """Train by mini-batches until the stopping rules end it; for one epoch if ``once``."""
    trainer, count = mlp._trainer, len(rows)
    batch = batch_rows(mlp, count)
    mlp_network.penalize(trainer, float(mlp.l1) / batch)
    goes_on = once and trainer.optimizer is not None
    compile_for(mlp, trainer.optimizer if goes_on else optimizer_of(mlp))
    course = Course(mlp, count, held)
    course.begin()
    more = mlp.callbacks if isinstance(mlp.callbacks, (list, tuple)) else [mlp.callbacks]
    # Their state belongs to one fit; the callbacks that were passed do not change.
    mlp.callbacks_ = own = copy.deepcopy([callback for callback in more if callback is not None])
    try:
        trainer.fit(
            rows.x,
            rows.targets,
            batch_size=batch,
            epochs=1 if once else mlp.max_iter,
            shuffle=Orders(mlp._random_state) if mlp.shuffle else False,
            callbacks=[course, *own],
            validation_data=(held.x, held.targets) if own and held is not None else None,
            verbose=0,
        )
    except KeyboardInterrupt:
        warnings.warn("Training interrupted by user.", stacklevel=_screen.callers_level())
    if course.by_score and course.best is not None:
        trainer.set_weights(course.best)
    if course.error is not None and not course.by_score:
        raise ValueError(mlp_network.NOT_FINITE) from course.error
    if not (once or course.ended):
        warn_of_end(mlp)


def warn_of_end(mlp: MLPBase) -> None:
    """Warn if a fit has run all its epochs and no rule has ended it."""
    if mlp.n_iter_ == mlp.max_iter:
        warnings.warn(
            f"Stochastic Optimizer: Maximum iterations ({mlp.max_iter}) reached and the "
            f"optimization hasn't converged yet.",
            ConvergenceWarning,
            stacklevel=_screen.callers_level(),
        )


def not_reported(mlp: MLPBase) -> float:
    """Return the share of the data's loss that is not in ``loss_``.

    Training lowers the sum over several outputs of numbers; scikit-learn reports the mean.
    """
    several = mlp.n_outputs_ > 1 and mlp.loss == "squared_error"
    return 1 - 1 / mlp.n_outputs_ if several else 0.0


def compile_for(mlp: MLPBase, optimizer: Any) -> None:
    """Compile the network with the estimator's objective, if it is not yet."""
    trainer = mlp._trainer
    objective = mlp_network.loss_of(mlp.loss)
    if trainer.optimizer is optimizer and trainer.asked == (float(mlp.alpha), mlp.loss):
        return
    trainer.alpha, trainer.row_loss = float(mlp.alpha), objective
    trainer.asked = (trainer.alpha, mlp.loss)
    trainer.compile(optimizer, None)
