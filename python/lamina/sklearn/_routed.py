"""Parameters of what an estimator holds: ``model__units=8`` goes to the function that builds."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from lamina._answers import nearest
from lamina._calls import NAMED

PREFIXES = ("model", "optimizer", "loss", "fit")


def is_routed(name: str) -> bool:
    """Return whether a parameter is one of what the estimator holds."""
    prefix, apart, rest = name.partition("__")
    return bool(apart and rest) and prefix in PREFIXES


def routed(parameters: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Return the parameters that go to ``prefix``, by their names there."""
    start = f"{prefix}__"
    return {k[len(start) :]: v for k, v in parameters.items() if k.startswith(start)}


def check_routed(who: str, parameters: Mapping[str, Any], known: set[str]) -> None:
    """Refuse keywords that no parameter is called, TypeError with the nearest that one is."""
    for name in parameters:
        if is_routed(name):
            continue
        near = nearest(name, known)
        said = f"did you mean {near!r}?" if near else f"arguments of the model are model__{name}"
        raise TypeError(f"{who}: unknown argument {name!r}; {said}")


def defaults(build: Any, told: set[str]) -> dict[str, Any]:
    """Return the parameters of a function that have defaults, but for those it is ``told``."""
    return {
        name: parameter.default
        for name, parameter in named(build).items()
        if parameter.default is not parameter.empty and name not in told
    }


def named(build: Any) -> Mapping[str, inspect.Parameter]:
    """Return the parameters that a function takes by name; none of what has no signature."""
    return {k: p for k, p in _parameters(build).items() if p.kind in NAMED}


def takes_any(build: Any) -> bool:
    """Return whether a function takes keywords of all names, or does not say which."""
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
    """Refuse names that a function which builds a model does not take; ValueError, as in a grid."""
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
    """Return what a function returns, given its parameters and those of ``told`` that it takes."""
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
