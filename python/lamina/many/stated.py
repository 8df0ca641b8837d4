"""Fits that somebody else states in full, such as an estimator: the engine runs them whole."""

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

MOST_BYTES = 1 << 28  # of fits that are held at a time
BESIDE = 1 << 14  # bytes of a fit beside its weights, such as the state that shuffles its rows
LEAST = 16  # fits at a time, for each thread


@dataclass
class Stopping:
    """After so many epochs in a row that were not better, a fit ends or its rate is divided.

    Attributes
    ----------
    patience : float
        How many epochs may follow one another; more of them end the fit.
    tolerance : float
        By which an epoch must be better than the best before.
    by_score : bool
        Whether the score of rows held out decides, and the weights of the best are kept; else the
        loss does.
    divisor, smallest : float
        Of the learning rate, which is divided until it is ``smallest``; 0 for an end at once.
    """

    patience: float
    tolerance: float
    by_score: bool = False
    divisor: float = 0.0
    smallest: float = 0.0

    def rule(self, loss: _core.FitQuantity) -> _core.EpochRule:
        """Return the rule as the engine takes it."""
        quantity = _core.FitQuantity.score() if self.by_score else loss
        return _core.EpochRule.while_better(
            quantity, self.by_score, self.tolerance, self.patience, self.divisor, self.smallest
        )


@dataclass
class StatedFit:
    """All that a fit follows from.

    Attributes
    ----------
    network : Replicas
        Shared with other fits: the model, and the rows that any of them uses.
    weights : list of ndarray
        The first values, as ``network.present_weights`` orders them.
    rows : ndarray of int64
        To train on.
    batch_size, epochs : int
    learning_rate : float
    stopping : Stopping
    seed : int
        Of noise.
    twister : tuple of (ndarray of uint32, int), optional
        State of an MT19937, as `twister_of` returns it, which shuffles the rows before each epoch
        as ``RandomState.shuffle`` does, each order made of the one before; by default rows are
        taken as they stand.
    power : float, optional
        The learning rate is divided by ``(1 + rows trained on so far) ** power`` after each epoch.
    less : tuple of (str, float), optional
        A quantity that the model's step reports, and the share of it that does not count in the
        loss of an epoch.
    held_out : ndarray of int64, optional
        Rows that are scored after each epoch.
    score : OutputScore, optional
        What scores them.
    predicted : FitRows, optional
        Rows to predict at the end, as ``network.rows_to_predict`` returns them.
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
    """What has become of such a fit.

    Attributes
    ----------
    weights : list of ndarray
        As ``network.present_weights`` orders them.
    losses, scores : ndarray of shape (epochs,)
        Of each epoch; scores are NaN where no rows are scored.
    stopped : bool
        Whether ``stopping`` has ended it.
    seconds : float
    predictions : ndarray or None
        What the fitted model predicts for the rows that were asked for.
    """

    weights: list[Array]
    losses: Array
    scores: Array
    stopped: bool
    seconds: float
    predictions: Array | None


class _Asked:
    """A fit as the engine takes it, and what its record means."""

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
        """Return what the record says; None of a fit that diverged."""
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
    """Fits that are held at a time, each stated while those before it run."""

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
    """Run fits side by side, each on one thread.

    They are taken from ``fits`` some at a time, as the memory of their weights allows.

    Parameters
    ----------
    fits : iterable of StatedFit
    take : callable
        Called on this thread with the result of each fit in order, while others run; with None for
        one that has diverged.
    n_jobs : int, optional
        Fits at a time, as in ``fit_many``.
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
    """Return what ``RandomState.get_state(legacy=False)`` says of an MT19937; None of others."""
    if state["bit_generator"] != "MT19937":
        return None
    return state["state"]["key"], int(state["state"]["pos"])
