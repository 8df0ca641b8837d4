"""Codings of a factor's levels, R's ``contr.*``, from formulaic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina._arrays import column_names
from lamina._names import unknown
from lamina.nnet.formulas.variables import Variable

Array = NDArray[Any]
NAMES = ("contr.treatment", "contr.sum", "contr.helmert", "contr.poly", "contr.SAS")


@dataclass(frozen=True)
class Asked:
    """The coding that ``C`` requests.

    Attributes
    ----------
    name : str, optional
        The name of the coding; by default the coding that the factor has without ``C``.
    base : int, optional
        For treatment contrasts, the position, counted from 1, of the level with which the others
        are compared; by default the first.
    numbered : bool
        Whether columns are named by numbers rather than by levels.
    how_many : int, optional
        The number of columns, the first ones; by default all.
    levels : int, optional
        The number of levels for which the coding was made.
    """

    name: str | None = None
    base: int | None = None
    numbered: bool = False
    how_many: int | None = None
    levels: int | None = None


def coding(
    who: str, label: str, factor: Variable, contrast: Any, full: bool
) -> tuple[Array, list[str]]:
    """Return the coding of a factor (levels, columns), and its columns' names.

    ``full`` requests one column per level.  ``contrast`` is a name, a matrix, an ``Asked`` made by
    ``C``, or None for treatment contrasts (polynomial ones for ordered factors).
    """
    labels = factor.labels
    if full:
        return np.eye(len(labels)), labels
    if len(labels) < 2:
        got = f"only {labels[0]!r}" if labels else "none"
        raise ValueError(
            f"{who}: the factor {label} must have 2 or more levels in the rows that are used; got "
            f"{got}; remove it from the formula, or use rows with other levels"
        )
    if contrast is not None and not isinstance(contrast, (str, Asked)):
        return _matrix(who, label, contrast, len(labels))
    asked = contrast if isinstance(contrast, Asked) else Asked(contrast)
    name = asked.name or ("contr.poly" if factor.ordered else "contr.treatment")
    if asked.levels not in (None, len(labels)):
        raise ValueError(
            f"{who}: the coding of {label} must be for its {len(labels)} levels; got {name} of "
            f"{asked.levels}"
        )
    columns = [str(i + 1) for i in range(len(labels))] if asked.numbered else labels
    made, names = _named(who, label, name, columns, asked.base)
    if asked.how_many is None:
        return made, names
    if not 1 <= asked.how_many <= len(names):
        raise ValueError(
            f"{who}: how.many of {label} must be 1 to {len(names)} columns; got {asked.how_many}"
        )
    return made[:, : asked.how_many], names[: asked.how_many]


def _matrix(who: str, label: str, given: Any, levels: int) -> tuple[Array, list[str]]:
    """Return a coding that is a matrix; its columns may have names."""
    if callable(given) or np.asarray(given).dtype.kind not in "biuf":
        raise TypeError(
            f"{who}: contrasts of {label} must be one of {', '.join(NAMES)}, or a matrix of "
            f"numbers; got {given!r:.80}"
        )
    matrix = np.asarray(given, np.float64)
    matrix = matrix[:, None] if matrix.ndim == 1 else matrix
    if matrix.ndim != 2 or len(matrix) != levels:
        raise ValueError(
            f"{who}: contrasts of {label} must be a matrix with one row for each of its {levels} "
            f"levels; got shape {matrix.shape}"
        )
    names = given.columns if isinstance(given, Variable) else column_names(given)
    if not names or not all(isinstance(name, str) for name in names):
        names = [str(i + 1) for i in range(matrix.shape[1])]
    return matrix, list(names)


def _named(
    who: str, label: str, name: str, labels: list[str], base: int | None
) -> tuple[Array, list[str]]:
    from formulaic.transforms import contrasts as peer  # type: ignore[import-not-found, import-untyped, unused-ignore]

    count = len(labels)
    numbers = [str(i + 1) for i in range(count - 1)]
    if name not in NAMES:
        raise ValueError(f"{who}: contrasts of {label}: {unknown('coding', name, NAMES)}")
    if base is not None and name != "contr.treatment":
        raise ValueError(
            f"{who}: base of {label} is for contr.treatment alone; got {base} for {name}"
        )
    base = 1 if base is None else base
    if not 1 <= base <= count:
        raise ValueError(
            f"{who}: base of {label} must be a level's place, 1 to {count}; got {base}"
        )
    if name == "contr.treatment":
        rest = [each for i, each in enumerate(labels) if i != base - 1]
        made, names = peer.TreatmentContrasts(labels[base - 1]), rest
    elif name == "contr.SAS":
        made, names = peer.SASContrasts(), labels[:-1]
    elif name == "contr.sum":
        made, names = peer.SumContrasts(), numbers
    elif name == "contr.helmert":
        made, names = peer.HelmertContrasts(), numbers
    else:
        made = peer.PolyContrasts()
        names = [{"1": ".L", "2": ".Q", "3": ".C"}.get(i, f"^{i}") for i in numbers]
    return np.asarray(made.get_coding_matrix(labels, True), np.float64), names
