"""The full description of a set of fits, which can be sent to another process."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina import _check, _screen
from lamina.many import settings as settings_
from lamina.many.data import count_rows, meant_rows
from lamina.many.parts import Part, parts
from lamina.many.recipe import Recipe
from lamina.many.scoring import Scoring
from lamina.many.settings import Shares
from lamina.random.streams import seed_value

Array = NDArray[Any]

KEPT = ("scores", "weights", "histories", "held_out_predictions")


class Fit(NamedTuple):
    """One of the fits: places in the plan's settings and parts, and its seed."""

    setting: int
    seed: int
    part: int


@dataclass
class Plan:
    """The common parts of all fits, and the list of fits.

    Attributes
    ----------
    recipe : Recipe
    x, y, sample_weight : object
        The data, as in ``fit``.
    settings : list of dict
    shares : list of Shares
        The shares of each setting.
    parts : list of Part
    fits : list of Fit
    arguments : dict
        Arguments of ``fit``, unless a setting replaces them.
    scoring : Scoring
    keep : frozenset of str
    predict : object
        Rows for predictions, or None.
    """

    recipe: Recipe
    x: Any
    y: Any
    sample_weight: Any
    settings: list[dict[str, Any]]
    shares: list[Shares]
    parts: list[Part]
    fits: list[Fit]
    arguments: dict[str, Any]
    scoring: Scoring
    keep: frozenset[str]
    predict: Any

    def arguments_of(self, fit: Fit) -> dict[str, Any]:
        """Return the arguments of ``fit`` besides the data."""
        return {**self.arguments, **self.shares[fit.setting].fit}


def planned(
    who: str,
    model: Any,
    x: Any,
    y: Any,
    sample_weight: Any,
    settings: Any,
    seeds: Any,
    folds: Any,
    bootstrap: Any,
    scoring: Any,
    keep: Any,
    predict: Any,
    arguments: Mapping[str, Any],
) -> Plan:
    """Return the plan of all combinations, checked as far as possible without a fit."""
    recipe = Recipe(who, model)
    listed = settings_.listed(who, settings)
    shares = settings_.shared(who, listed, recipe.build)
    x = meant_rows(x, y)
    rows = count_rows(who, "x", x)
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None and count_rows(who, name, value) != rows:
            got = f"{rows} and {count_rows(who, name, value)}"
            raise ValueError(f"{who}: x and {name} must have the same number of rows; got {got}")
    of_rows = parts(who, rows, y, folds, bootstrap)
    _check_zeros(who, sample_weight, of_rows)
    fits = [
        Fit(setting, seed, part)
        for setting, seed, part in itertools.product(
            range(len(listed)), seeds_of(who, seeds), range(len(of_rows))
        )
    ]
    judged = Scoring(who, scoring)
    if sample_weight is not None:
        judged.refuse_unweighted()
    return Plan(
        recipe, x, y, sample_weight, listed, shares, of_rows, fits, dict(arguments),
        judged, _kept(who, keep), predict,
    )  # fmt: skip


def _check_zeros(who: str, weights: Any, of_rows: Sequence[Part]) -> None:
    """Refuse weights that are 0 in all rows; warn of parts whose scores then say nothing."""
    if weights is None or isinstance(weights, Mapping) or count_rows(who, "", weights) == 0:
        return
    try:
        positive = np.asarray(weights, np.float64) != 0
    except (TypeError, ValueError):  # a list of arrays, or what the fit refuses
        return
    if not positive.any():
        raise ValueError(
            f"{who}: sample_weight must not be 0 in all rows: nothing would be learned, and every "
            f"score would be 0"
        )
    for what, result, parts_ in (
        ("training rows", "nothing is learned from them", [part.rows for part in of_rows]),
        ("rows held out", "their scores say nothing", [part.held_out for part in of_rows]),
    ):
        given = [each for each in parts_ if each is not None and len(each)]
        without = sum(not positive[each].any() for each in given)
        if without:
            _screen.warn(
                f"{who}: the {what} have weight 0 in {without} of {len(given)} parts, so {result}"
            )


def seeds_of(who: str, seeds: Any) -> list[int]:
    """Return the seeds in a list, or those that a number stands for."""
    if isinstance(seeds, (int, np.integer)) and not isinstance(seeds, bool):
        return list(range(_check.integer(who, "seeds", seeds)))
    if isinstance(seeds, (str, bytes)) or not isinstance(seeds, (Sequence, np.ndarray, range)):
        raise TypeError(f"{who}: seeds must be a number or a list of seeds; got {seeds!r:.80}")
    found = [seed_value(who, each) for each in seeds]
    if not found:
        raise ValueError(f"{who}: seeds must hold at least one seed; got none")
    return found


def _kept(who: str, keep: Any) -> frozenset[str]:
    asked = [keep] if isinstance(keep, str) or not isinstance(keep, Iterable) else list(keep)
    if asked == ["all"]:
        return frozenset(KEPT)
    for each in asked:
        if each not in KEPT:
            known = ", ".join(map(repr, KEPT))
            said = " among others: give keep='all' alone" if each == "all" else ""
            raise ValueError(
                f"{who}: keep must be one of {known}, several of them, or 'all'; got {each!r}{said}"
            )
    return frozenset(asked)
