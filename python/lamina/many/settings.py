"""Settings of fits: grids of them, and the function that takes each key."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lamina._calls import named_parameters
from lamina._names import unknown
from lamina.many.data import described
from lamina.models import Model

RATE, SEED = "learning_rate", "seed"
# Arguments of one function of many fits, by their names in another.
_ELSEWHERE = {
    "cv": "folds", "folds": "cv", "param_grid": "settings", "settings": "param_grid",
    "random_state": "seeds",
}  # fmt: skip
_GRIDS = ("settings", "param_grid", "param_distributions")  # the argument for a rate, by caller
_OURS = ("self", "x", "y", "sample_weight", "verbose", "unknown", "resume")


@dataclass
class Shares:
    """The parts of a setting, by destination.

    Attributes
    ----------
    build : dict
        Arguments of the function that makes the model.
    fit : dict
        Arguments of ``fit``.
    rate : list
        The learning rate, if the setting has one.
    """

    build: dict[str, Any] = field(default_factory=dict)
    fit: dict[str, Any] = field(default_factory=dict)
    rate: list[Any] = field(default_factory=list)


def listed(who: str, settings: Any) -> list[dict[str, Any]]:
    """Return all settings: those of a list, or the combinations of a dict of lists."""
    if settings is None:
        return [{}]
    if isinstance(settings, Mapping):
        values = [_choices(who, key, each) for key, each in settings.items()]
        return [dict(zip(settings, chosen, strict=True)) for chosen in itertools.product(*values)]
    if isinstance(settings, (str, bytes)) or not isinstance(settings, Iterable):
        raise TypeError(
            f"{who}: settings must be a list of dicts, or a dict of lists; got "
            f"{described(settings)}"
        )
    found = list(settings)
    for each in found:
        if not isinstance(each, Mapping):
            raise TypeError(f"{who}: settings must be a list of dicts; it holds {each!r:.80}")
    if not found:
        raise ValueError(f"{who}: settings must hold at least one dict; got an empty list")
    return [dict(each) for each in found]


def _choices(who: str, key: Any, values: Any) -> list[Any]:
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(
        values, (Sequence, np.ndarray, range)
    ):
        raise TypeError(
            f"{who}: settings[{key!r}] must be a list of values to try; got {values!r:.80}"
        )
    if len(values) == 0:
        raise ValueError(f"{who}: settings[{key!r}] must hold at least one value; got none")
    return list(values)


def shared(
    who: str, settings: Iterable[Mapping[str, Any]], build: Callable[..., Any] | None
) -> list[Shares]:
    """Return which keys of each setting are arguments of ``build``, which of ``fit``.

    A name that both have goes to ``build``.  A seed is refused: ``seeds`` determines it for every
    fit.
    """
    named, takes_all = _arguments(build)
    of_fit = fit_arguments()
    return [_shared(who, each, build, named, takes_all, of_fit) for each in settings]


def _shared(
    who: str,
    setting: Mapping[str, Any],
    build: Callable[..., Any] | None,
    named: list[str],
    takes_all: bool,
    of_fit: list[str],
) -> Shares:
    shares = Shares()
    for key, value in setting.items():
        if key == SEED:
            raise ValueError(
                f"{who}: a setting must not have a 'seed', as seeds= determines those of all fits; "
                f"got {value!r:.80}: give seeds=[{value!r:.80}], or rename the argument"
            )
        if key in named:
            shares.build[key] = value
        elif key in of_fit:
            shares.fit[key] = value
        elif key == RATE:
            shares.rate = [value]
        elif takes_all:
            shares.build[key] = value
        else:
            known = [*named, *of_fit, RATE]
            taken_by = "fit" if build is None else f"{_name(build)} or of fit"
            raise ValueError(
                f"{who}: {unknown('setting', str(key), known)}; a setting is an argument of "
                f"{taken_by}, or {RATE}"
            )
    return shares


def fit_arguments() -> list[str]:
    """Return the arguments of ``fit`` that ``fit_many`` passes on."""
    return [name for name in inspect.signature(Model.fit).parameters if name not in _OURS]


def check_fit(who: str, fit: Mapping[str, Any], caller: Callable[..., Any]) -> None:
    """Refuse keywords that neither ``caller`` nor ``fit`` takes, and suggest others."""
    refuse_others(who, fit, caller)
    known = [*named_parameters(caller), *fit_arguments()]
    grid = next((each for each in _GRIDS if each in known), None)
    for name in fit:
        if name == "learning_rate" and grid is not None:
            raise TypeError(
                f"{who}: unknown argument 'learning_rate'; give {grid}={{'learning_rate': [...]}}"
            )
        if name not in known:
            raise TypeError(f"{who}: {unknown('argument', name, known)}")


def refuse_others(who: str, fit: Mapping[str, Any], caller: Callable[..., Any]) -> None:
    """Refuse arguments that ``caller`` has under another name."""
    own = named_parameters(caller)
    for name in fit:
        meant = _ELSEWHERE.get(name)
        if meant in own:
            raise TypeError(f"{who}: unknown argument {name!r}; here it is {meant!r}")


def _arguments(build: Callable[..., Any] | None) -> tuple[list[str], bool]:
    if build is None:
        return [], False
    try:
        parameters = inspect.signature(build).parameters.values()
    except (TypeError, ValueError):  # a function not written in Python
        return [], True
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    named = [p.name for p in parameters if p.kind in by_name]
    return named, any(p.kind is p.VAR_KEYWORD for p in parameters)


def _name(build: Callable[..., Any]) -> str:
    return str(getattr(build, "__name__", type(build).__name__))
