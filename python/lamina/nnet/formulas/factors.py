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
    exclude: Any = np.nan,
    ordered: bool | None = None,
    _state: State | None = None,
) -> Variable:
    """Return values as a factor, with the given levels or those found.

    Values to ``exclude`` are missing; if it is NULL, missing values, if any, have a level.
    """
    values = variable("factor", "x", x)
    made = values.drop_levels() if values.kind == "factor" else factor(_listed(values))
    if levels is not None:
        made = _with_levels(made, listed(levels))
    without = {level_text(v) for v in ([] if exclude is None else listed(exclude))}
    if without & set(made.labels):
        kept = zip(made.levels, made.labels, strict=True)
        made = _with_levels(made, [level for level, label in kept if label not in without])
    made = addNA(made, ifany=True) if exclude is None else made
    made = _as_before(made, _state)
    if labels is not None:
        made = labelled(made, _numbered(listed(labels), len(made.levels)))
    made.text = False
    made.ordered = values.ordered if ordered is None else bool(ordered)
    made.found = False
    return made


def labelled(made: Variable, labels: list[Any]) -> Variable:
    """Return a factor with other labels of its levels; levels of the same label become one."""
    texts = [level_text(label) for label in labels]
    first = dict(zip(texts[::-1], labels[::-1], strict=True))
    different = list(dict.fromkeys(texts))
    places = np.array([*map(different.index, texts), -1])
    levels = tuple(first[text] for text in different)
    return replace(made, values=places[made.values], levels=levels)


def _numbered(labels: list[Any], count: int) -> list[Any]:
    """Return the labels of so many levels; a single one is numbered."""
    if len(labels) == 1 and count > 1:
        return [f"{level_text(labels[0])}{i + 1}" for i in range(count)]
    if len(labels) != count:
        raise ValueError(f"labels must be one for each of {count} levels; got {len(labels)}")
    return labels


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
    if state is None:
        return made
    if "levels" not in state:
        state["levels"] = list(made.levels)
        return made
    before = {level_text(level) for level in state["levels"]}
    new = [v for v, label in zip(made.levels, made.labels, strict=True) if label not in before]
    return _with_levels(made, [*state["levels"], *new])


def as_factor(x: Any) -> Variable:
    """Return values as a factor; a factor is returned unchanged."""
    if isinstance(x, Variable) and x.kind == "factor" and not x.text:
        return x
    return factor_(x)


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


def addNA(x: Any, ifany: bool = False) -> Variable:  # noqa: N802
    """Return a factor in which missing values have a level, the last one."""
    held = as_factor(x)
    if ifany and not held.missing.any():
        return held
    places = np.where(held.values < 0, len(held.levels), held.values)
    return replace(held, values=places, levels=(*held.levels, "NA"), found=False)


def reorder(x: Any, X: Any, _state: State | None = None) -> Variable:
    """Return a factor with its levels in the order of the means of a variable."""
    x, values = as_factor(x), np.asarray(X, np.float64)
    if _state:
        return _as_before(x, _state)
    middles = [values[x.values == i].mean() if (x.values == i).any() else np.nan
               for i in range(len(x.levels))]  # fmt: skip
    made = _with_levels(x, [x.levels[i] for i in np.argsort(middles, kind="stable")])
    return _as_before(made, _state)


def nlevels(x: Any) -> int:
    """Return the number of a factor's levels."""
    return len(as_factor(x).levels)


def levels(x: Any) -> list[str]:
    """Return a factor's levels."""
    return as_factor(x).labels


def as_numeric(x: Any, _state: State | None = None) -> Any:
    """Return numbers: those that text consists of; for a factor, the positions of its levels.

    The positions are counted from 1, among the levels of the training rows, which need not all
    occur in other rows.
    """
    if not (isinstance(x, Variable) and x.kind == "factor"):
        numbers = np.asarray(x, np.float64)  # without the names and the second axis of one column
        one = numbers.ndim == 2 and numbers.shape[1] == 1
        return (
            replace(x, kind="numeric") if isinstance(x, Variable) and not one else numbers.ravel()
        )
    if x.text if _state is None else _state.setdefault("text", x.text):
        return np.array([*map(_number, x.labels), np.nan])[x.values]
    return unclass(x, _state)


def unclass(x: Any, _state: State | None = None) -> Any:
    """Return numbers; for a factor or text, the positions of its levels, counted from 1."""
    if not (isinstance(x, Variable) and x.kind == "factor"):
        return as_numeric(x)
    made = _as_before(x, _state)
    known = len(made.levels) if _state is None else len(_state["levels"])
    new = [made.labels[i] for i in np.unique(made.values[made.values >= known])]
    if new:
        raise ValueError(
            f"its factor has new levels {', '.join(new)}; known: {', '.join(made.labels[:known])}"
        )
    return np.where(made.values < 0, np.nan, made.values + 1.0)


def _number(text: str) -> float:
    """Return the number that a text is, NaN if it is none."""
    try:
        if "0x" in text.lower():
            return float.fromhex(text)
        return np.nan if "_" in text else float(text)  # as 1_000, which R does not read
    except ValueError:
        return np.nan


def as_integer(x: Any, _state: State | None = None) -> Any:
    """Return numbers truncated to integers; for a factor, the positions of its levels."""
    return np.trunc(as_numeric(x, _state))


# --- factors from factors


def interaction(
    *factors: Any, drop: bool = False, sep: str = ".", lex_order: bool = False
) -> Variable:
    """Return a factor of the combinations of levels; those of the first factor change fastest.

    With ``lex_order`` those of the last factor do; ``drop`` leaves out those that no row has.
    """
    held = [as_factor(each) for each in factors]
    if not held:
        raise TypeError("interaction takes one or more factors; got none")
    places, texts = np.zeros(held[0].rows, np.int64), [""]
    for n, each in enumerate(held if lex_order else held[::-1]):
        gaps = (places < 0) | (each.values < 0)
        places = np.where(gaps, -1, places * len(each.levels) + each.values)
        texts = [_beside(a, b, sep, lex_order) if n else b for a in texts for b in each.labels]
    made = Variable("factor", places, levels=tuple(texts))
    return made.drop_levels() if drop else made


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
    held = as_factor(x)
    held = replace(held, found=isinstance(x, Variable) and x.found)
    # As in R, the columns of a coding given by its size are named by numbers.
    sized = how_many is not None or base is not None
    base = None if base is None else int(base)
    count = None if how_many is None else int(how_many)
    if contr is None or isinstance(contr, Asked):
        asked = Asked(base=base, numbered=sized) if contr is None else contr
        return replace(held, contrast=replace(asked, how_many=count))
    if not isinstance(contr, str):
        return replace(held, contrast=_matrix(held, contr, count))
    name = contr.removesuffix("()")
    name = name if name.startswith("contr.") else f"contr.{name}"
    numbered = contr.endswith("()") or sized
    return replace(held, contrast=Asked(name, base, numbered, count))


def _matrix(x: Variable, given: Any, how_many: int | None) -> Variable:
    """Return a coding given as a matrix, with as many columns as a coding has.

    As in R, if columns are lacking there are all that a coding may have, the further ones
    orthogonal to the matrix, from its QR decomposition.
    """
    named = given if isinstance(given, Variable) else Variable("numeric", np.asarray(given))
    values = named.values.reshape(len(named.values), -1)
    if named.kind == "factor" or values.dtype.kind not in "iuf" or len(values) != len(x.levels):
        raise ValueError(
            f"the coding must have a number for each of {len(x.levels)} levels; got {len(values)} "
            f"values"
        )
    names = [*(named.columns or map(str, range(1, values.shape[1] + 1)))]
    count = len(values) - 1 if how_many is None else how_many
    if values.shape[1] < count:
        turn, _ = np.linalg.qr(np.column_stack([np.ones(len(values)), values]), mode="complete")
        count = len(values) - 1
        more = range(len(names), count)
        names += [""] * len(more) if named.columns else [str(i + 1) for i in more]
        values = np.column_stack([values, turn[:, 1 + values.shape[1] :]])
    return Variable("numeric", values[:, :count], columns=tuple(names[:count]))


def coding(name: str) -> Callable[..., Asked]:
    """Return R's function of that name for a coding, such as ``contr.treatment(n, base)``."""

    def asked(n: int, base: int | None = None) -> Asked:
        return Asked(name, None if base is None else int(base), True, None, int(n))

    return asked


CODINGS = {name.replace(".", "_"): coding(name) for name in NAMES}
