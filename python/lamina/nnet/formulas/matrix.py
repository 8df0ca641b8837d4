"""The model matrix: codings of factors in terms, columns, and their names as R spells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.nnet.formulas.contrasts import coding
from lamina.nnet.formulas.terms import codings
from lamina.nnet.formulas.variables import Variable

Array = NDArray[Any]
Coding = tuple[Array, list[str]]


def matrix(
    rows: int,
    terms: Sequence[tuple[str, ...]],
    held: Mapping[str, Variable],
    codings: Sequence[Mapping[str, Coding]],
) -> tuple[Array, list[str]]:
    """Return the columns of all terms (rows, columns), and their names.

    ``codings`` has for each term the codings of its factors.
    """
    blocks, names = [np.empty((rows, 0))], []
    for term, codes in zip(terms, codings, strict=True):
        block, of_term = np.ones((rows, 1)), [""]
        for name in term:
            part, of_part = _columns(name, held[name], codes.get(name))
            # As in R, the columns of a term's first variable change fastest.
            block = (part[:, None, :] * block[:, :, None]).transpose(0, 2, 1)
            block = block.reshape(rows, block.shape[1] * block.shape[2])
            of_term = [f"{a}:{b}" if a else b for b in of_part for a in of_term]
        blocks.append(block)
        names += of_term
    return np.ascontiguousarray(np.concatenate(blocks, axis=1)), names


def code_terms(
    who: str,
    terms: Sequence[tuple[str, ...]],
    intercept: bool,
    held: Mapping[str, Variable],
    given: Mapping[str, Any],
) -> tuple[list[dict[str, Coding]], dict[str, Any]]:
    """Return for each term the codings of its factors, and the contrasts of all factors.

    ``given`` has the contrasts that are asked for, by factor.
    """
    coded = {name for name, v in held.items() if v.kind in ("factor", "logical")}
    contrasts, codes = {}, []
    for term, full in zip(terms, codings(terms, intercept, coded), strict=True):
        made = {}
        for name in (each for each in term if each in coded):
            factor = as_factor(held[name]) if held[name].kind == "logical" else held[name]
            contrast = given.get(name, factor.contrast)
            made[name] = coding(who, name, factor, contrast, name in full)
            default = "contr.poly" if factor.ordered else "contr.treatment"
            contrasts[name] = default if contrast is None else contrast
        codes.append(made)
    return codes, contrasts


def as_factor(logical: Variable) -> Variable:
    """Return truth values as a factor."""
    codes = np.where(np.isnan(logical.values), -1, logical.values).astype(int)
    return Variable("factor", codes, levels=(False, True))


def _columns(name: str, held: Variable, code: Coding | None) -> tuple[Array, list[str]]:
    """Return a variable's columns of the model matrix, and their names."""
    if code is not None:
        matrix, names = code
        held = as_factor(held) if held.kind == "logical" else held
        # A level that is missing (na.pass) has no row in the coding.
        matrix = np.concatenate([matrix, np.full((1, matrix.shape[1]), np.nan)])
        return matrix[held.values], [f"{name}{each}" for each in names]
    width = 1 if held.values.ndim == 1 else held.values.shape[1]
    if width == 1:
        return held.values.reshape(-1, 1), [name]
    names = list(held.columns) or [str(i + 1) for i in range(width)]
    return held.values, [f"{name}{each}" for each in names]
