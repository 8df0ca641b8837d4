"""Networks in searches: fitted by ``fit_many``, side by side."""

from __future__ import annotations

import inspect
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lamina._coding import Coding, kind_of
from lamina.many import fit_many
from lamina.model_selection.evaluation import Asked, Evaluated, taken
from lamina.model_selection.fitted import estimator_of
from lamina.model_selection.splits import Splits
from lamina.models import Model

# What is raised for a fit that is not "ok", if that is asked for.
FAULTS = {"diverged": ArithmeticError, "failed": RuntimeError, "interrupted": KeyboardInterrupt}


class Network:
    """A compiled model, or a function that builds one: fitted by ``fit_many``."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.kind = "regression"

    def labels(self, y: Any, settings: Sequence[Mapping[str, Any]]) -> Any:
        """Return one class a row, where the loss has classes."""
        self.kind = kind_of(self._first(settings).loss)
        targets = np.asarray(y)
        if self.kind == "regression" or targets.dtype.kind not in "biuf":
            return None
        if targets.ndim == 2 and targets.shape[1] > 1:
            one_hot = type(self._first(settings).loss).__name__.startswith("Categorical")
            return targets.argmax(axis=1) if one_hot else None
        return targets.reshape(len(targets)).astype(np.int64)

    def _first(self, settings: Sequence[Mapping[str, Any]]) -> Any:
        """Return a model of the first setting, for what its loss says."""
        if isinstance(self.model, Model):
            return self.model
        parameters = inspect.signature(self.model).parameters.values()
        fit = inspect.signature(Model.fit).parameters
        every = any(p.kind is p.VAR_KEYWORD for p in parameters)
        names = {p.name for p in parameters}
        first = settings[0]
        given = {k: v for k, v in first.items() if k in names or (every and k not in fit)}
        return self.model(**given)

    def evaluate(
        self, settings: list[dict[str, Any]], splits: Splits, x: Any, y: Any, asked: Asked
    ) -> list[Evaluated]:
        """Fit every setting on every split with every seed, side by side."""
        more = ("weights",) if asked.train_score or asked.estimators else ()
        seeds = 1 if asked.seeds is None else asked.seeds
        fits = fit_many(
            self.model, x, y, sample_weight=asked.sample_weight, settings=settings, seeds=seeds,
            folds=splits, executor=asked.executor, n_jobs=asked.n_jobs, verbose=asked.verbose,
            keep=("held_out_predictions", *more), **asked.fit,
        )  # fmt: skip
        table = fits.table
        count, found = len(fits) // len(settings), []
        read: dict[int, tuple[Coding, Any]] = {}
        for place in range(len(fits)):
            setting = place // count
            split = int(table["fold"][place])
            each = Evaluated(setting, int(table["seed"][place]), split)
            each.fit_time = float(table["seconds"][place])
            if table["status"][place] != "ok":
                each.message = str(table["message"][place])
                if asked.error_score == "raise":
                    raise FAULTS[table["status"][place]](each.message)
            else:
                if setting not in read:
                    coding = Coding(asked.who, fits.models[place])
                    read[setting] = coding, _told(coding.targets(y, len(y)))
                self._score(fits, place, splits[split], x, read[setting], each, asked)
            found.append(each)
        if all(status == "interrupted" for status in table["status"]):
            raise KeyboardInterrupt
        return found

    def _score(
        self, fits: Any, place: int, split: Any, x: Any, read: tuple[Coding, Any], each: Evaluated,
        asked: Asked,
    ) -> None:  # fmt: skip
        begin = time.perf_counter()
        (train, held), (coding, targets) = split, read
        estimator = estimator_of(lambda: fits.models[place], coding.kind, coding)
        rows = taken(x, held)
        estimator.knows(rows, fits.held_out_predictions[place])
        each.test = asked.scoring.of(estimator, rows, targets[held], asked.error_score)
        each.score_time = time.perf_counter() - begin
        if asked.train_score:
            each.train = asked.scoring.of(
                estimator, taken(x, train), targets[train], asked.error_score
            )
        if asked.estimators:
            each.estimator = estimator_of(fits.models[place], coding.kind, coding)

    def refit(self, setting: dict[str, Any], x: Any, y: Any, asked: Asked) -> tuple[Any, Any]:
        """Return the model of a setting fitted to all rows, with the first seed."""
        seeds = asked.seeds if isinstance(asked.seeds, (Sequence, np.ndarray)) else [0]
        fits = fit_many(
            self.model, x, y, sample_weight=asked.sample_weight, settings=[setting],
            seeds=[seeds[0]], keep="weights", n_jobs=1, verbose=0, **asked.fit,
        )  # fmt: skip
        if fits.table["status"][0] != "ok":
            raise RuntimeError(f"{asked.who}: refit failed: {fits.table['message'][0]}")
        model = fits.models[0]
        return model, estimator_of(model, Coding(asked.who, model).kind)


def _told(targets: Any) -> Any:
    """Return targets as scorers take them: one number a row has no second axis."""
    return targets[:, 0] if targets.ndim == 2 and targets.shape[1] == 1 else targets
