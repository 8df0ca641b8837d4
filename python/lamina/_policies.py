"""In what types layers compute and hold weights, by the names of Keras's policies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from lamina import _core

MIXED = "mixed_bfloat16"
# By name: the type of products, and that of weights.
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
    name = FLOAT  # by set_dtype_policy


def chosen() -> str:
    """Return the name of the policy of layers and models that are given none."""
    return _Chosen.name


def choose(name: str) -> None:
    """Let layers and models made from now on have this policy unless they are given another."""
    _Chosen.name = name


def named(who: str, value: object) -> str:
    """Return the name of a policy that is given as a name, a type, a policy or its configuration.

    Raises
    ------
    ValueError
        For a policy that there is not.
    """
    if type(value) is str and value in TYPES:
        return value
    if isinstance(value, Mapping) and isinstance(value.get("config"), Mapping):
        value = value["config"].get("name")
    name = getattr(value, "name", None) or getattr(value, "__name__", None) or str(value)
    if name in TYPES:
        return str(name)
    said = f"; {_HALVES[name]}" if name in _HALVES else ""
    known = "'float32', 'float64' or 'mixed_bfloat16'"
    raise ValueError(f"{who}: dtype must be {known}; got {value!r:.80}{said}")


def named_for(owner: str, value: object, dtype: str) -> str:
    """Return the name of a policy for weights of this type, which are there already.

    Raises
    ------
    ValueError
        For a policy whose weights have another type, or that there is not.
    """
    name = named(f"{owner}: dtype_policy", value)
    if variable_dtype(name) != dtype:
        raise ValueError(
            f"{owner}: holds {dtype}; dtype_policy must have it as its variable_dtype; got {name!r}"
        )
    return name


def given(who: str, value: object) -> str | None:
    """Return the name of the policy that a constructor was given, or that is chosen for all.

    None where it is float32 because nobody said anything else: a model may then say it.
    """
    if value is not None:
        return named(who, value)
    return None if _Chosen.name == FLOAT else _Chosen.name


def compute_dtype(name: str) -> str:
    """Return the type that products are taken in."""
    return TYPES[name][0]


def variable_dtype(name: str) -> str:
    """Return the type of weights."""
    return TYPES[name][1]


@contextmanager
def recorded_under(graph: _core.Graph, name: str | None) -> Iterator[None]:
    """Let the products recorded in the block be those of a policy; None: as they are."""
    before = graph.products
    if name is not None and variable_dtype(name) == graph.dtype:
        graph.products = compute_dtype(name)
    try:
        yield
    finally:
        graph.products = before
