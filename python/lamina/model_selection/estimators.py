"""Estimators of scikit-learn's protocol in searches: clones, fitted together or by workers."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.many.executors import check_executor
from lamina.many.local import threads_of
from lamina.many.plan import seeds_of
from lamina.many.progress import Bar
from lamina.model_selection.evaluation import (
    INTERRUPTED,
    Asked,
    Evaluated,
    check_complete,
    taken,
)
from lamina.model_selection.scikit import clone, is_classifier
from lamina.model_selection.splits import Splits


@dataclass
class _Job:
    """A fit: its future result, the estimator before it, and the index of its split."""

    each: Evaluated
    estimator: Any
    split: int


class Estimator:
    """An estimator of scikit-learn's protocol: cloned, given the setting's parameters, fitted.

    An estimator with a method ``fit_together``, such as the networks of ``lamina.sklearn``, fits
    its clones in parallel if it can.  Others are fitted one after the other, or by the workers of
    joblib or an executor.
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def labels(self, y: Any, settings: Sequence[Mapping[str, Any]]) -> Any:  # noqa: ARG002
        """Return the targets of classifiers."""
        return np.asarray(y) if is_classifier(self.estimator) else None

    def evaluate(
        self, settings: list[dict[str, Any]], splits: Splits, x: Any, y: Any, asked: Asked
    ) -> list[Evaluated]:
        """Fit a clone for every setting, split and seed."""
        check_executor(asked.who, asked.executor)
        jobs = [
            _Job(Evaluated(i, -1 if seed is None else seed, k), estimator, k)
            for i, setting in enumerate(settings)
            for seed in _seeds(asked)
            for estimator in [self._set(setting, seed, asked.who)]
            for k in range(len(splits))
        ]
        left, faults = dict(enumerate(jobs)), dict[int, Exception]()
        with Bar(asked.who, len(jobs), asked.verbose) as bar:
            try:
                self._run(left, faults, splits, (x, y), asked, bar)
            except KeyboardInterrupt:
                if asked.error_score == "raise":
                    raise
                for job in left.values():
                    job.each.message = INTERRUPTED
                check_complete([job.each for job in jobs], len(settings))
        for place, fault in faults.items():
            if not jobs[place].each.message:  # its own fit does not fail
                raise fault
        return [job.each for job in jobs]

    def _run(
        self,
        left: dict[int, _Job],
        faults: dict[int, Exception],
        splits: Splits,
        data: tuple[Any, Any],
        asked: Asked,
        bar: Bar,
    ) -> None:
        """Run the fits of ``left``, and remove each from it when it is done."""
        total = len(left)
        if _fits_together(self.estimator, asked):
            self._fit_together(left, faults, splits, data, asked, bar)
        waiting = list(left.items())
        done = _by_workers([job for _, job in waiting], splits, *data, asked)
        for (place, job), each in zip(waiting, done, strict=True):
            job.each = each
            del left[place]
            bar.reach(total - len(left))

    def _fit_together(
        self,
        left: dict[int, _Job],
        faults: dict[int, Exception],
        splits: Splits,
        data: tuple[Any, Any],
        asked: Asked,
        bar: Bar,
    ) -> None:
        """Run the fits of ``left`` that the estimator can run together, and remove them from it.

        ``faults`` are the exceptions from preparing some of these.
        """
        jobs = list(left.values())
        held = [_taken(data, test) for _, test in splits]

        def done(place: int, fitted: Any, seconds: float) -> None:
            if isinstance(fitted, Exception):
                faults[place] = fitted
                return
            job = left[place]
            job.each.fit_time = seconds
            trained = functools.partial(_taken, data, splits[job.split][0])
            _score(job.each, fitted, held[job.split], trained, asked)
            del left[place]
            bar.reach(len(jobs) - len(left))

        self.estimator.fit_together(
            [job.estimator for job in jobs], *data, asked.sample_weight,
            rows=[splits[job.split][0] for job in jobs],
            held_out=[(splits[job.split][1], held[job.split][0]) for job in jobs],
            done=done, n_jobs=threads_of(asked.who, asked.n_jobs),
        )  # fmt: skip

    def _set(self, setting: Mapping[str, Any], seed: int | None, who: str) -> Any:
        estimator = clone(self.estimator)
        estimator.set_params(**{k: clone(v, safe=False) for k, v in setting.items()})
        if seed is not None:
            if "random_state" not in estimator.get_params(deep=False):
                raise ValueError(
                    f"{who}: seeds set random_state, which {type(estimator).__name__} does not have"
                )
            estimator.set_params(random_state=seed)
        return estimator

    def refit(self, setting: dict[str, Any], x: Any, y: Any, asked: Asked) -> tuple[Any, Any]:
        """Return the estimator of a setting fitted to all rows, and its model."""
        estimator = self._set(setting, _seeds(asked)[0], asked.who)
        weights = {} if asked.sample_weight is None else {"sample_weight": asked.sample_weight}
        estimator.fit(x, y, **weights, **asked.fit)
        return getattr(estimator, "model_", estimator), estimator


def _fits_together(estimator: Any, asked: Asked) -> bool:
    """Return whether an estimator fits its clones itself, and the request allows it."""
    return (
        callable(getattr(estimator, "fit_together", None))
        and asked.executor is None
        and not asked.fit
        and not asked.estimators  # they might be trained further
    )


def _taken(data: tuple[Any, Any], rows: Any) -> tuple[Any, Any]:
    return taken(data[0], rows), taken(data[1], rows)


def _by_workers(
    jobs: list[_Job], splits: Splits, x: Any, y: Any, asked: Asked
) -> Iterator[Evaluated]:
    """Run fits one after the other, or by workers of joblib or of an executor; yield in order."""
    call: Callable[..., Evaluated] = _fit_and_score
    given = [(job.each, clone(job.estimator), x, y, splits[job.split], asked) for job in jobs]
    if not given:
        return
    if asked.executor is not None and hasattr(asked.executor, "submit"):
        plain = [(*job[:-1], _without_executor(job[-1])) for job in given]
        futures = [asked.executor.submit(call, *job) for job in plain]
        try:
            yield from (future.result() for future in futures)
        finally:
            for future in futures:
                future.cancel()
        return
    from joblib import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
        Parallel,
        delayed,
    )
    from joblib.parallel import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
        get_active_backend,
    )

    count = -1 if asked.executor == "joblib" and asked.n_jobs is None else asked.n_jobs
    # Some backends, such as "multiprocessing", return results only when all jobs are done.
    backend, _ = get_active_backend()
    one_by_one = getattr(backend, "supports_return_generator", False)
    run = Parallel(n_jobs=count, return_as="generator" if one_by_one else "list")
    yield from run(delayed(call)(*job) for job in given)


def _without_executor(asked: Asked) -> Asked:
    return Asked(**{**vars(asked), "executor": None})


def _fit_and_score(
    each: Evaluated, estimator: Any, x: Any, y: Any, split: Any, asked: Asked
) -> Evaluated:
    train, test = split
    begin = time.perf_counter()
    weights = taken(asked.sample_weight, train)
    more = {} if weights is None else {"sample_weight": weights}
    trained = _taken((x, y), train)
    try:
        estimator.fit(*trained, **more, **asked.fit)
    except Exception as error:
        if asked.error_score == "raise":
            raise
        each.message = f"{type(error).__name__}: {error}"
        each.fit_time = time.perf_counter() - begin
        return each
    each.fit_time = time.perf_counter() - begin
    _score(each, estimator, _taken((x, y), test), lambda: trained, asked)
    if asked.estimators:
        each.estimator = estimator
    return each


def _score(
    each: Evaluated,
    estimator: Any,
    held: tuple[Any, Any],
    trained: Callable[[], tuple[Any, Any]],
    asked: Asked,
) -> None:
    """Score a fitted estimator on rows held out and, if requested, on the training rows."""
    begin = time.perf_counter()
    each.test = asked.scoring.of(estimator, *held, asked.error_score)
    each.score_time = time.perf_counter() - begin
    if asked.train_score:
        each.train = asked.scoring.of(estimator, *trained(), asked.error_score)


def _seeds(asked: Asked) -> Sequence[int | None]:
    return [None] if asked.seeds is None else seeds_of(asked.who, asked.seeds)
