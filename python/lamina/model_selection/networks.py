"""Networks in searches: fitted in parallel by ``fit_many``."""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lamina._coding import Coding, kind_of
from lamina.many.fitting import fits_for
from lamina.many.recipe import own_arguments
from lamina.many.settings import shared
from lamina.model_selection.evaluation import (
    INTERRUPTED,
    Asked,
    Evaluated,
    check_complete,
    taken,
)
from lamina.model_selection.fitted import estimator_of
from lamina.model_selection.splits import Splits
from lamina.models import Model

# The exception for a fit that is not "ok", if requested.
FAULTS = {"diverged": ArithmeticError, "failed": RuntimeError, "interrupted": KeyboardInterrupt}


class Network:
    """A compiled model, or a function that builds one: fitted by ``fit_many``."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self._read: list[tuple[dict[str, Any], Coding]] = []  # by arguments of the function

    def labels(self, y: Any, settings: Sequence[Mapping[str, Any]]) -> Any:
        """Return one class per row, if the loss has classes."""
        made = (self._made(setting) for setting in settings)
        first = next((model for model in made if model is not None), None)
        targets = np.asarray(y)
        if first is None or targets.dtype.kind not in "biuf":
            return None
        loss = first.loss
        if kind_of(loss) == "regression":
            return None
        if targets.ndim == 2 and targets.shape[1] > 1:
            one_hot = type(loss).__name__.startswith("Categorical")
            return targets.argmax(axis=1) if one_hot else None
        return targets.reshape(len(targets)).astype(np.int64)

    def _made(self, setting: Mapping[str, Any]) -> Any:
        """Return the model of a setting before a fit; None if it cannot be made."""
        if isinstance(self.model, Model):
            return self.model
        try:
            inspect.signature(self.model).bind(**self._given(setting))
            return self.model(**own_arguments(self._given(setting)))
        except Exception:  # fit_many reports it
            return None

    def _given(self, setting: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parts of a setting that are the function's arguments."""
        if isinstance(self.model, Model):
            return {}
        parameters = inspect.signature(self.model).parameters
        every = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        of_fit = (*inspect.signature(Model.fit).parameters, "learning_rate")
        return {k: v for k, v in setting.items() if k in parameters or (every and k not in of_fit)}

    def _coding(self, who: str, setting: Mapping[str, Any], fitted: Callable[[], Any]) -> Coding:
        """Return the coding of a setting's models, known before a fit if their shapes are."""
        given = self._given(setting)
        for known, coding in self._read:
            if known.keys() == given.keys() and all(known[k] is given[k] for k in known):
                return coding
        model = self._made(setting)
        if model is None or not model.built:
            model = fitted()
        self._read.append((given, Coding(who, model)))
        return self._read[-1][1]

    def evaluate(
        self, settings: list[dict[str, Any]], splits: Splits, x: Any, y: Any, asked: Asked
    ) -> list[Evaluated]:
        """Fit every setting on every split with every seed, in parallel."""
        self._check(settings, asked)
        more = ("weights",) if asked.train_score or asked.estimators else ()
        seeds = 1 if asked.seeds is None else asked.seeds
        fits = fits_for(
            asked.who, self.model, x, y, sample_weight=asked.sample_weight, settings=settings,
            seeds=seeds, folds=splits, executor=asked.executor, n_jobs=asked.n_jobs,
            verbose=asked.verbose, keep=("held_out_predictions", *more), fit=asked.fit,
        )  # fmt: skip
        table = fits.table
        count, found = len(fits) // len(settings), []
        read: dict[int, tuple[Coding, Any]] = {}
        ended = False  # by an interrupt while scores were taken
        for place in range(len(fits)):
            setting = place // count
            split = int(table["fold"][place])
            each = Evaluated(setting, int(table["seed"][place]), split)
            each.fit_time = float(table["seconds"][place])
            status, each.message = str(table["status"][place]), str(table["message"][place])
            if status == "ok" and not ended:
                try:
                    if setting not in read:
                        fitted = functools.partial(fits.models.__getitem__, place)
                        coding = self._coding(asked.who, settings[setting], fitted)
                        read[setting] = coding, _told(coding.targets(y, len(y)))
                    self._score(fits, place, splits[split], x, read[setting], each, asked)
                except KeyboardInterrupt:
                    ended = True
            if (status == "ok" and ended) or status == "interrupted":
                status, each.message = "interrupted", INTERRUPTED
            if status != "ok" and asked.error_score == "raise":
                raise FAULTS[status](each.message)
            found.append(each)
        check_complete(found, len(settings))
        return found

    def _check(self, settings: Sequence[Mapping[str, Any]], asked: Asked) -> None:
        """Refuse settings that are not arguments of anything."""
        build = None if isinstance(self.model, Model) else self.model
        shared(asked.who, settings, build)

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
        fits = fits_for(
            asked.who, self.model, x, y, sample_weight=asked.sample_weight, settings=[setting],
            seeds=[seeds[0]], keep="weights", n_jobs=1, verbose=0, fit=asked.fit,
        )  # fmt: skip
        if fits.table["status"][0] != "ok":
            raise RuntimeError(f"{asked.who}: refit failed: {fits.table['message'][0]}")
        model = fits.models[0]
        return model, estimator_of(model, Coding(asked.who, model).kind)


def _told(targets: Any) -> Any:
    """Return targets in the form for scorers: one number per row has no second axis."""
    return targets[:, 0] if targets.ndim == 2 and targets.shape[1] == 1 else targets
