"""Functions of factors for expressions in formulas: making them, their levels, their codings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.nnet.formulas.contrasts import NAMES, Asked
from lamina.nnet.formulas.variables import Variable, factor, level_text, variable
from lamina.nnet.formulas.vectors import listed

Array = NDArray[Any]
State = dict[str, Any]


# --- factors from values


def factor_(
    x: Any,
    levels: Any = None,
    labels: Any = None,
    ordered: bool | None = None,
    _state: State | None = None,
) -> Variable:
    """Return values as a factor, with the given levels or those found."""
    values = variable("factor", "x", x)
    made = values.drop_levels() if values.kind == "factor" else factor(_listed(values))
    if levels is not None:
        made = _with_levels(made, listed(levels))
    made = _as_before(made, _state)
    if labels is not None:
        if len(listed(labels)) != len(made.levels):
            raise ValueError(f"labels must be {len(made.levels)}; got {len(listed(labels))}")
        made.levels = tuple(listed(labels))
    made.ordered = values.ordered if ordered is None else bool(ordered)
    made.found = False
    return made


def _listed(values: Variable) -> list[Any]:
    if values.kind == "logical":
        as_is: type = bool
    else:  # levels of whole numbers are integers, for any type of column
        known = values.values[~np.isnan(values.values)]
        as_is = int if np.array_equal(known, np.round(known)) else float
    return [None if np.isnan(v) else as_is(v) for v in values.values.tolist()]


def _with_levels(values: Variable, levels: list[Any]) -> Variable:
    wanted = {level_text(level): i for i, level in enumerate(levels)}
    places = np.array([*(wanted.get(label, -1) for label in values.labels), -1])
    return Variable("factor", places[values.values], levels=tuple(levels))


def _as_before(made: Variable, state: State | None) -> Variable:
    """Return a factor with the levels of the training rows first, followed by new ones."""
    if not state:
        if state is not None:
            state["levels"] = list(made.levels)
        return made
    before = {level_text(level) for level in state["levels"]}
    new = [v for v, label in zip(made.levels, made.labels, strict=True) if label not in before]
    return _with_levels(made, [*state["levels"], *new])


def as_factor(x: Any) -> Variable:
    """Return values as a factor; a factor is returned unchanged."""
    return x if isinstance(x, Variable) and x.kind == "factor" else factor_(x)


def ordered(
    x: Any, levels: Any = None, labels: Any = None, _state: State | None = None
) -> Variable:
    """Return values as an ordered factor."""
    return factor_(x, levels, labels, ordered=True, _state=_state)


def relevel(x: Any, ref: Any, _state: State | None = None) -> Variable:
    """Return a factor with another first level, given by its name or its position."""
    x = _as_before(as_factor(x), _state)
    places = x.labels if isinstance(ref, str) else list(range(1, len(x.levels) + 1))
    if ref not in places:
        raise ValueError(
            f"ref must be a level of the factor, {', '.join(x.labels)}, or its place, 1 to "
            f"{len(x.levels)}; got {ref!r}"
        )
    first = places.index(ref)
    order = [first, *(i for i in range(len(x.levels)) if i != first)]
    return _with_levels(x, [x.levels[i] for i in order])


def droplevels(x: Any) -> Variable:
    """Return a factor without the levels that no row has."""
    return as_factor(x).drop_levels()


def as_numeric(x: Any, _state: State | None = None) -> Any:
    """Return numbers; for a factor, the positions of its levels, counted from 1.

    The positions are those among the levels of the training rows, which need not all occur in other
    rows.
    """
    if not (isinstance(x, Variable) and x.kind == "factor"):
        return replace(x, kind="numeric") if isinstance(x, Variable) else np.asarray(x, np.float64)
    made = _as_before(x, _state)
    known = len(_state["levels"]) if _state else len(made.levels)
    new = [made.labels[i] for i in np.unique(made.values[made.values >= known])]
    if new:
        raise ValueError(
            f"its factor has new levels {', '.join(new)}; known: {', '.join(made.labels[:known])}"
        )
    return np.where(made.values < 0, np.nan, made.values + 1.0)


def as_integer(x: Any, _state: State | None = None) -> Any:
    """Return numbers truncated to integers; for a factor, the positions of its levels."""
    return np.trunc(as_numeric(x, _state))


# --- factors from factors


def interaction(*factors: Any, sep: str = ".", lex_order: bool = False) -> Variable:
    """Return a factor of the combinations of levels; those of the first factor change fastest.

    With ``lex_order`` those of the last factor do.
    """
    held = [as_factor(each) for each in factors]
    if not held:
        raise TypeError("interaction takes one or more factors; got none")
    places, texts = np.zeros(held[0].rows, np.int64), [""]
    for n, each in enumerate(held if lex_order else held[::-1]):
        gaps = (places < 0) | (each.values < 0)
        places = np.where(gaps, -1, places * len(each.levels) + each.values)
        texts = [_beside(a, b, sep, lex_order) if n else b for a in texts for b in each.labels]
    return Variable("factor", places, levels=tuple(texts))


def _beside(before: str, text: str, sep: str, behind: bool) -> str:
    return f"{before}{sep}{text}" if behind else f"{text}{sep}{before}"


def class_ind(cl: Any, _state: State | None = None) -> Variable:
    """Return a factor as a matrix with a column for each level, 1 in the rows that have it."""
    made = _as_before(as_factor(cl), _state)
    rows = np.concatenate([np.eye(len(made.levels)), np.full((1, len(made.levels)), np.nan)])
    return Variable("numeric", rows[made.values], columns=tuple(made.labels))


# --- codings


def C(x: Any, contr: Any = None, how_many: int | None = None, base: int | None = None) -> Variable:  # noqa: N802
    """Return a factor with a given coding, or with the first columns of one."""
    # As in R, the columns of a coding given by its size are named by numbers.
    sized = how_many is not None or base is not None
    base = None if base is None else int(base)
    count = None if how_many is None else int(how_many)
    if contr is None or isinstance(contr, Asked):
        asked = Asked(base=base, numbered=sized) if contr is None else contr
        return replace(as_factor(x), contrast=replace(asked, how_many=count))
    name = contr.removesuffix("()")
    name = name if name.startswith("contr.") else f"contr.{name}"
    numbered = contr.endswith("()") or sized
    return replace(as_factor(x), contrast=Asked(name, base, numbered, count))


def coding(name: str) -> Callable[..., Asked]:
    """Return R's function of that name for a coding, such as ``contr.treatment(n, base)``."""

    def asked(n: int, base: int | None = None) -> Asked:
        return Asked(name, None if base is None else int(base), True, None, int(n))

    return asked


CODINGS = {name.replace(".", "_"): coding(name) for name in NAMES}
