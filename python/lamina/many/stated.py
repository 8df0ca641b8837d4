"""Fits specified in full by a caller, such as an estimator, which the engine runs entirely."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from lamina import _core
from lamina.many.local import threads_of
from lamina.models.replicas import Replicas

Array = NDArray[Any]

OutputScore = _core.FitScore

MOST_BYTES = 1 << 28  # of the fits that are held at a time
BESIDE = 1 << 14  # bytes of a fit besides its weights, such as the state that shuffles its rows
LEAST = 16  # fits at a time, for each thread


@dataclass
class Stopping:
    """A rule that ends a fit or divides its rate after some epochs without improvement.

    Attributes
    ----------
    patience : float
        The number of consecutive epochs without improvement that are allowed; one more ends the
        fit.
    tolerance : float
        The amount by which an epoch must be better than the best before.
    by_score : bool
        Whether the score on rows held out decides, and the weights of the best epoch are kept;
        otherwise the loss decides.
    divisor, smallest : float
        The learning rate is divided by ``divisor`` until it is ``smallest``; 0 ends the fit
        immediately.
    """

    patience: float
    tolerance: float
    by_score: bool = False
    divisor: float = 0.0
    smallest: float = 0.0

    def rule(self, loss: _core.FitQuantity) -> _core.EpochRule:
        """Return the rule in the engine's form."""
        quantity = _core.FitQuantity.score() if self.by_score else loss
        return _core.EpochRule.while_better(
            quantity, self.by_score, self.tolerance, self.patience, self.divisor, self.smallest
        )


@dataclass
class StatedFit:
    """The full specification of a fit.

    Attributes
    ----------
    network : Replicas
        The model, and the rows used by any of the fits; shared with other fits.
    weights : list of ndarray
        The initial values, in the order of ``network.present_weights``.
    rows : ndarray of int64
        The training rows.
    batch_size, epochs : int
    learning_rate : float
    stopping : Stopping
    seed : int
        The seed of noise.
    twister : tuple of (ndarray of uint32, int), optional
        The state of an MT19937, as `twister_of` returns it, which shuffles the rows before each
        epoch as ``RandomState.shuffle`` does, each order from the previous one; by default rows are
        not shuffled.
    power : float, optional
        The learning rate is divided by ``(1 + rows trained on so far) ** power`` after each epoch.
    less : tuple of (str, float), optional
        A quantity that the model's step reports, and the share of it that is subtracted from the
        loss of an epoch.
    held_out : ndarray of int64, optional
        Rows that are scored after each epoch.
    score : OutputScore, optional
        The score of these rows.
    predicted : FitRows, optional
        Rows for predictions at the end, as ``network.rows_to_predict`` returns them.
    """

    network: Replicas
    weights: list[Array]
    rows: Array
    batch_size: int
    epochs: int
    learning_rate: float
    stopping: Stopping
    seed: int = 0
    twister: tuple[Array, int] | None = None
    power: float | None = None
    less: tuple[str, float] | None = None
    held_out: Array | None = None
    score: OutputScore | None = None
    predicted: _core.FitRows | None = None


@dataclass
class StatedResult:
    """The result of such a fit.

    Attributes
    ----------
    weights : list of ndarray
        In the order of ``network.present_weights``.
    losses, scores : ndarray of shape (epochs,)
        The losses and scores of each epoch; scores are NaN if no rows are scored.
    stopped : bool
        Whether ``stopping`` has ended it.
    seconds : float
    predictions : ndarray or None
        The fitted model's predictions for the requested rows.
    """

    weights: list[Array]
    losses: Array
    scores: Array
    stopped: bool
    seconds: float
    predictions: Array | None


class _Asked:
    """A fit in the engine's form, and the meaning of its record."""

    def __init__(self, fit: StatedFit) -> None:
        self.fit, network = fit, fit.network
        data, batch = network.data, min(fit.batch_size, len(fit.rows))
        recorded, model = network.training(data, batch)
        self.loss = _core.FitQuantity.loss()
        if fit.less is not None:
            terms = dict(recorded.objective.noted)
            self.loss = _core.FitQuantity.loss_less(terms[fit.less[0]], fit.less[1])
        rules = [] if fit.power is None else [
            _core.EpochRule.inverse_scaling(fit.learning_rate, fit.power, len(fit.rows))
        ]  # fmt: skip
        rules.append(fit.stopping.rule(self.loss))
        scored = None
        if fit.held_out is not None:
            scored = network.rows_to_predict(data.inputs, fit.held_out)
        self.request = _core.FitRequest(
            model,
            fit.weights,
            fit.seed,
            _core.FitRows(recorded.program, data.arrays, fit.rows, batch),
            epochs=fit.epochs,
            steps=-(-len(fit.rows) // batch),
            rate=fit.learning_rate,
            rules=rules,
            keeps_epochs=fit.less is not None,
            score=fit.score,
            scored=scored,
            twister=fit.twister,
            predicted=fit.predicted,
        )

    def result(self, record: _core.FitRecord) -> StatedResult | None:
        """Return the result in the record; None for a fit that diverged."""
        if record.failure:
            raise RuntimeError(record.failure)
        if record.end != "done":
            return None
        return StatedResult(
            record.weights(),
            record.curve(self.loss),
            record.curve(_core.FitQuantity.score()),
            record.stopped,
            record.seconds,
            None if record.predictions is None else record.predictions[0],
        )


class _Held:
    """The fits that are held at a time, each prepared while earlier ones run."""

    def __init__(
        self, fits: Iterable[StatedFit], take: Callable[[StatedResult | None], object]
    ) -> None:
        self._fits, self._take = fits, take
        self._asked: list[_Asked] = []

    def requests(self) -> Iterator[_core.FitRequest]:
        for fit in self._fits:
            self._asked.append(_Asked(fit))
            yield self._asked[-1].request

    def taken(self, place: int, record: _core.FitRecord) -> None:
        self._take(self._asked[place].result(record))


def run_stated(
    fits: Iterable[StatedFit],
    take: Callable[[StatedResult | None], object],
    n_jobs: int | None = None,
) -> None:
    """Run fits in parallel, each on one thread.

    They are taken from ``fits`` a few at a time, as the memory of their weights allows.

    Parameters
    ----------
    fits : iterable of StatedFit
    take : callable
        Called on this thread with the result of each fit in order, while others run; with None for
        a fit that has diverged.
    n_jobs : int, optional
        The number of simultaneous fits, as in ``fit_many``.
    """
    threads = threads_of("fit_many", n_jobs)
    waiting = iter(fits)
    for first in waiting:
        size = sum(weight.nbytes for weight in first.weights) + BESIDE
        count = max(LEAST * threads, MOST_BYTES // size) - 1
        held = _Held(itertools.chain([first], itertools.islice(waiting, count)), take)
        if _core.run_fits(held.requests(), threads, None, held.taken)[1]:
            raise KeyboardInterrupt


def twister_of(state: Mapping[str, Any]) -> tuple[Array, int] | None:
    """Return the MT19937 state in ``RandomState.get_state(legacy=False)``; None for others."""
    if state["bit_generator"] != "MT19937":
        return None
    return state["state"]["key"], int(state["state"]["pos"])
