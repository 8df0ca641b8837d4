"""Parameters of an estimator's components: ``model__units=8`` goes to the building function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from lamina._answers import nearest
from lamina._calls import NAMED

PREFIXES = ("model", "optimizer", "loss", "fit")


def is_routed(name: str) -> bool:
    """Return whether a parameter belongs to one of the estimator's components."""
    prefix, apart, rest = name.partition("__")
    return bool(apart and rest) and prefix in PREFIXES


def routed(parameters: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Return the parameters that go to the component ``prefix``, by their names there."""
    start = f"{prefix}__"
    return {k[len(start) :]: v for k, v in parameters.items() if k.startswith(start)}


def check_routed(who: str, parameters: Mapping[str, Any], known: set[str]) -> None:
    """Refuse unknown keywords: TypeError with the nearest parameter's name."""
    for name in parameters:
        if is_routed(name):
            continue
        near, (prefix, apart, rest) = nearest(name, known), name.partition("__")
        said = f"did you mean {near!r}?" if near else f"arguments of the model are model__{name}"
        if apart:
            prefixes = ", ".join(f"{each}__" for each in PREFIXES)
            said = f"{prefix}__ is none of {prefixes}: arguments of the model are model__{rest}"
        raise TypeError(f"{who}: unknown argument {name!r}; {said}")


def defaults(build: Any, told: set[str]) -> dict[str, Any]:
    """Return the parameters of a function that have defaults, except those in ``told``."""
    return {
        name: parameter.default
        for name, parameter in named(build).items()
        if parameter.default is not parameter.empty and name not in told
    }


def named(build: Any) -> Mapping[str, inspect.Parameter]:
    """Return the parameters that a function takes by name; none if it has no signature."""
    return {k: p for k, p in _parameters(build).items() if p.kind in NAMED}


def takes_any(build: Any) -> bool:
    """Return whether a function takes any keyword, or does not say which."""
    kinds = {p.kind for p in _parameters(build).values()}
    return not callable(build) or inspect.Parameter.VAR_KEYWORD in kinds


def _parameters(build: Any) -> Mapping[str, inspect.Parameter]:
    if not callable(build):
        return {}
    try:
        return inspect.signature(build).parameters
    except (TypeError, ValueError):
        return {}


def check_model_parameters(who: str, build: Any, names: set[str]) -> None:
    """Refuse names that the building function does not take; ValueError, as for a grid."""
    if takes_any(build):
        return
    known = set(named(build))
    for name in sorted(names - known):
        near = nearest(name, known)
        said = f"did you mean 'model__{near}'?" if near else ""
        said = said or f"it takes {', '.join(sorted(known)) or 'none'}"
        raise ValueError(
            f"Invalid parameter 'model__{name}' for estimator {who}: "
            f"{getattr(build, '__name__', build)} has no parameter {name!r}; {said}"
        )


def call(who: str, build: Callable[..., Any], told: Mapping[str, Any], given: Any) -> Any:
    """Return the result of a function, called with ``given`` and the parts of ``told`` it takes."""
    check_model_parameters(who, build, set(given))
    names = set(named(build))
    asked = {k: v for k, v in told.items() if k in names and k not in given}
    lacking = [
        name
        for name, parameter in named(build).items()
        if parameter.default is parameter.empty and name not in given and name not in asked
    ]
    if lacking:
        raise TypeError(
            f"{who}: {getattr(build, '__name__', build)} needs {lacking[0]!r}; give it as "
            f"model__{lacking[0]}"
        )
    return build(**asked, **given)
