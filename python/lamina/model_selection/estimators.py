"""Estimators of scikit-learn's protocol in searches: clones, fitted by joblib or an executor."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from lamina.many.executors import check_executor
from lamina.many.plan import seeds_of
from lamina.model_selection.evaluation import Asked, Evaluated, taken
from lamina.model_selection.scikit import clone, is_classifier
from lamina.model_selection.splits import Splits


class Estimator:
    """An estimator of scikit-learn's protocol: cloned, given the setting's parameters, fitted."""

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def labels(self, y: Any, settings: Sequence[Mapping[str, Any]]) -> Any:  # noqa: ARG002
        """Return the targets of classifiers."""
        return np.asarray(y) if is_classifier(self.estimator) else None

    def evaluate(
        self, settings: list[dict[str, Any]], splits: Splits, x: Any, y: Any, asked: Asked
    ) -> list[Evaluated]:
        """Fit a clone for every setting, split and seed, one after the other or by workers."""
        check_executor(asked.who, asked.executor)
        seeds = _seeds(asked)
        jobs = [
            (Evaluated(i, -1 if seed is None else seed, k), setting, seed, split)
            for i, setting in enumerate(settings)
            for seed in seeds
            for k, split in enumerate(splits)
        ]
        call: Callable[..., Evaluated] = _fit_and_score
        given = [
            (each, self._set(s, seed, asked.who), x, y, part, asked) for each, s, seed, part in jobs
        ]
        if asked.executor is not None and hasattr(asked.executor, "submit"):
            plain = [(*job[:-1], _without_executor(job[-1])) for job in given]
            futures = [asked.executor.submit(call, *job) for job in plain]
            try:
                return [future.result() for future in futures]
            finally:
                for future in futures:
                    future.cancel()
        from joblib import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
            Parallel,
            delayed,
        )

        count = -1 if asked.executor == "joblib" and asked.n_jobs is None else asked.n_jobs
        found: Iterable[Evaluated] = Parallel(n_jobs=count)(delayed(call)(*job) for job in given)
        return list(found)

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
        """Return the estimator of a setting fitted to all rows, and the model that it holds."""
        estimator = self._set(setting, _seeds(asked)[0], asked.who)
        weights = {} if asked.sample_weight is None else {"sample_weight": asked.sample_weight}
        estimator.fit(x, y, **weights, **asked.fit)
        return getattr(estimator, "model_", estimator), estimator


def _without_executor(asked: Asked) -> Asked:
    return Asked(**{**vars(asked), "executor": None})


def _fit_and_score(
    each: Evaluated, estimator: Any, x: Any, y: Any, split: Any, asked: Asked
) -> Evaluated:
    train, held = split
    begin = time.perf_counter()
    weights = taken(asked.sample_weight, train)
    more = {} if weights is None else {"sample_weight": weights}
    try:
        estimator.fit(taken(x, train), taken(y, train), **more, **asked.fit)
    except Exception as error:
        if asked.error_score == "raise":
            raise
        each.message = f"{type(error).__name__}: {error}"
        each.fit_time = time.perf_counter() - begin
        return each
    middle = time.perf_counter()
    each.fit_time = middle - begin
    each.test = asked.scoring.of(estimator, taken(x, held), taken(y, held), asked.error_score)
    each.score_time = time.perf_counter() - middle
    if asked.train_score:
        each.train = asked.scoring.of(
            estimator, taken(x, train), taken(y, train), asked.error_score
        )
    if asked.estimators:
        each.estimator = estimator
    return each


def _seeds(asked: Asked) -> Sequence[int | None]:
    return [None] if asked.seeds is None else seeds_of(asked.who, asked.seeds)
