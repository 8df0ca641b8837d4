"""The types in which layers compute and store weights, by the names of Keras's policies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from lamina import _core

MIXED = "mixed_bfloat16"
# By name: the type of products and that of weights.
TYPES = {"float32": ("float32", "float32"), "float64": ("float64", "float64"),
         MIXED: ("bfloat16", "float32")}  # fmt: skip

_HALVES = {
    "mixed_float16": "float16 has too small a range to train in without scaling the loss; "
    "'mixed_bfloat16' has float32's",
    "float16": "weights are kept in float32 or float64; 'mixed_bfloat16' has faster products",
    "bfloat16": "weights are kept in float32 or float64; 'mixed_bfloat16' has faster products",
}

FLOAT = "float32"


class _Chosen:
    name = FLOAT  # set by set_dtype_policy


def chosen() -> str:
    """Return the name of the default policy of layers and models."""
    return _Chosen.name


def choose(name: str) -> None:
    """Set the default policy of layers and models created from now on."""
    _Chosen.name = name


def named(who: str, value: object, also: tuple[str, ...] = ()) -> str:
    """Return the name of a policy given as a name, a type, a policy or its configuration.

    ``also`` are names that are accepted beside those of policies.

    Raises
    ------
    ValueError
        If there is no such policy.
    """
    if type(value) is str and value in TYPES:
        return value
    if isinstance(value, Mapping) and isinstance(value.get("config"), Mapping):
        value = value["config"].get("name")
    name = getattr(value, "name", None) or getattr(value, "__name__", None) or str(value)
    if name in TYPES or name in also:
        return str(name)
    said = f"; {_HALVES[name]}" if name in _HALVES else ""
    *known, last = map(repr, (*also, *TYPES))
    raise ValueError(f"{who}: dtype must be {', '.join(known)} or {last}; got {value!r:.80}{said}")


def named_for(owner: str, value: object, dtype: str) -> str:
    """Return the name of a policy for existing weights of this type.

    Raises
    ------
    ValueError
        If the policy has weights of another type, or does not exist.
    """
    name = named(f"{owner}: dtype_policy", value)
    if variable_dtype(name) != dtype:
        raise ValueError(
            f"{owner}: holds {dtype}; dtype_policy must have it as its variable_dtype; got {name!r}"
        )
    return name


def given(who: str, value: object) -> tuple[str | None, str]:
    """Return the name of the policy given to a constructor, and of the default for its absence.

    The default holds only where no policy was given to what it is a part of.
    """
    return (None if value is None else named(who, value)), _Chosen.name


def compute_dtype(name: str) -> str:
    """Return the type in which products are computed."""
    return TYPES[name][0]


def variable_dtype(name: str) -> str:
    """Return the type of weights."""
    return TYPES[name][1]


@contextmanager
def recorded_under(graph: _core.Graph, name: str | None) -> Iterator[None]:
    """Use a policy for the products recorded in the block; None for no change."""
    before = graph.products
    if name is not None and variable_dtype(name) == graph.dtype:
        graph.products = compute_dtype(name)
    try:
        yield
    finally:
        graph.products = before
