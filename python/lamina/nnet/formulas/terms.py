"""The parts of a formula: a response, variables, and terms of them, as in R's ``terms``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from lamina import _screen
from lamina.nnet.formulas import expressions, reading
from lamina.nnet.formulas.expressions import (
    Brackets,
    Call,
    FormulaError,
    Infix,
    Name,
    Number,
    Prefix,
    Tree,
    deparse,
)

OPERATORS = ("+", "-", "*", "/", ":", "^", "%in%")
DOT = Name(".")


@dataclass
class Terms:
    """A formula that has been read.

    Attributes
    ----------
    response : Tree or None
    variables : dict of str to Tree
        The variables of the right side, by their names in R, in the order in which they appear.
    terms : list of tuple of str
        The variables of each term; terms with fewer variables come first.
    intercept : bool
    offsets : dict of str to Tree
    text : str
        The formula as R prints it, with ``.`` written out.
    """

    response: Tree | None
    variables: dict[str, Tree]
    terms: list[tuple[str, ...]]
    intercept: bool
    offsets: dict[str, Tree]
    text: str

    @property
    def columns(self) -> list[str]:
        """The columns of a table that the right side is calculated from."""
        trees = (*self.variables.values(), *self.offsets.values())
        return list(dict.fromkeys(name for tree in trees for name in expressions.names_in(tree)))

    @property
    def labels(self) -> list[str]:
        """The names of the terms."""
        return [":".join(term) for term in self.terms]


def read_formula(who: str, formula: str, columns: Iterable[str]) -> Terms:
    """Return the terms of a formula for data with these columns."""
    if not isinstance(formula, str):
        raise TypeError(f"{who}: formula must be a string, such as 'y ~ x1 + x2'; got {formula!r}")
    response, right = reading.parse_formula(who, formula)
    used = set() if response is None else set(expressions.names_in(response))
    algebra = _Algebra(who, formula, [name for name in columns if name not in used])
    text = algebra.write(right)
    shown = deparse(_spelt_out(right, algebra.others))
    left = "~" if response is None else f"{deparse(response)} ~ "
    terms = _expand(who, text, formula) if text else []
    names = list(algebra.placeholders)
    itself = "" if response is None else deparse(response)
    places = {name: i if name != itself else -1 for i, name in enumerate(names)}  # as R has them
    ordered = [tuple(sorted((names[i] for i in term), key=places.__getitem__)) for term in terms]
    if (itself,) in ordered:
        ordered.remove((itself,))
        _screen.warn(f"{who}: the response {itself} occurs on the right too, and is dropped there")
    offsets: dict[str, Tree] = {
        name: tree
        for name, tree in algebra.placeholders.items()
        if isinstance(tree, Call) and tree.function == "offset"
    }
    kept = sorted((t for t in ordered if not set(t) & set(offsets)), key=len)
    used = {name for term in kept for name in term}
    variables = {name: tree for name, tree in algebra.placeholders.items() if name in used}
    return Terms(response, variables, kept, algebra.intercept, offsets, f"{left}{shown}")


class _Algebra:
    """Writes the right side for formulaic, with a placeholder for each variable.

    The numbers 0 and 1 stand for no term.  As in R they say whether there is an intercept, also
    within brackets; the last of them decides.
    """

    def __init__(self, who: str, formula: str, others: Sequence[str]) -> None:
        self.who, self.formula = who, formula
        self.others = [Name(name, quoted=True) for name in others]  # for names of any form
        self.placeholders: dict[str, Tree] = {}
        self._places: dict[str, int] = {}
        self.intercept = True
        self._removing = False

    def write(self, tree: Tree) -> str:
        """Return formulaic's text of a tree, which is empty if it has no terms."""
        if isinstance(tree, Brackets):
            inner = self.write(tree.of)
            return f"({inner})" if inner else ""
        if isinstance(tree, Prefix) and tree.operator in ("+", "-"):
            return self._sum("", tree.operator, tree.of)
        if isinstance(tree, Infix) and tree.operator in ("+", "-"):
            first, others = expressions.chain(tree, ("+", "-"))
            text = self.write(first)
            for operator, each in others:
                text = self._sum(text, operator, each)
            return text
        if isinstance(tree, Infix) and tree.operator == "^":
            return self._power(tree)
        if isinstance(tree, Infix) and tree.operator in OPERATORS:
            return self._product(tree)
        if isinstance(tree, Infix) and tree.operator == "|":
            _screen.warn(
                f"{self.who}: '|' in a formula means 'or', as in R, and does not group rows: "
                f"{deparse(tree)} is one truth value per row; write I({deparse(tree)}) if that is "
                f"intended"
            )
        if isinstance(tree, Number):
            if tree.value not in (0, 1):
                self._refuse(tree)
            self.intercept = (tree.value == 1) != self._removing
            return ""
        if tree == DOT:
            if not self.others:
                raise FormulaError(
                    f"{self.who}: '.' in formula must stand for columns; data has no others"
                )
            return f"({' + '.join(self._placeholder(name) for name in self.others)})"
        if isinstance(tree, expressions.Text):
            raise FormulaError(
                f"{self.who}: formula must consist of columns; got the string {tree.value!r}"
            )
        return self._placeholder(tree)

    def _sum(self, left: str, operator: str, tree: Tree) -> str:
        """Return terms to which others are added, or from which they are removed."""
        self._removing ^= operator == "-"
        right = self.write(tree)
        self._removing ^= operator == "-"
        if not left:
            return right if operator == "+" else ""
        return f"{left} {operator} {right}" if right else left

    def _product(self, tree: Infix) -> str:
        """Return the terms of two sides combined."""
        if tree.operator == "%in%" and isinstance(tree.right, Call) and tree.right.function == "c":
            raise FormulaError(
                f"{self.who}: %in% among terms takes variables, within which those on its left "
                f"are; got {deparse(tree)} in {self.formula!r}; write a condition inside I(), as "
                f"in I({deparse(tree)})"
            )
        left, right = self.write(tree.left), self.write(tree.right)
        for text, side in ((left, tree.left), (right, tree.right)):
            if not text:
                self._refuse(side)
        if tree.operator == "%in%":  # as in R, each term on the left within all variables at once
            found = sorted({place for term in _expand(self.who, right, self.formula)
                            for place in term})  # fmt: skip
            right = ":".join(f"v{place}" for place in found)
            return f"({left}) : {right}" if right else left
        return f"{left} {tree.operator} {right}"

    def _power(self, tree: Infix) -> str:
        """Return a power as the product of so many equal factors, no more than change it.

        Products of n variables are all there after n factors.  (formulaic's own power takes time
        that grows exponentially with the exponent.)
        """
        exponent = tree.right.value if isinstance(tree.right, Number) else 0.0
        if exponent < 1 or exponent % 1:
            raise FormulaError(
                f"{self.who}: power in formula must be an integer from 1 on, as in (a + b)^2; got "
                f"{deparse(tree)} in {self.formula!r}; write arithmetic inside I(), as in I(x^0.5)"
            )
        base = self.write(tree.left)
        if not base:
            self._refuse(tree.left)
        most = len(set(re.findall(r"v\d+", base)))
        return f"({' : '.join([f'({base})'] * max(1, min(int(exponent), most)))})"

    def _refuse(self, tree: Tree) -> NoReturn:
        """Raise FormulaError for numbers that are no terms."""
        raise FormulaError(
            f"{self.who}: formula may have the numbers 0 and 1 alone among its terms, as in "
            f"'y ~ x + 0'; got {deparse(tree)} in {self.formula!r}; write arithmetic inside I(), "
            f"as in I(2 * x)"
        )

    def _placeholder(self, tree: Tree) -> str:
        label = deparse(tree)
        self.placeholders.setdefault(label, tree)
        return f"v{self._places.setdefault(label, len(self._places))}"


def _spelt_out(tree: Tree, others: Sequence[Name]) -> Tree:
    """Return the right side with ``.`` replaced."""
    if tree == DOT:
        made: Tree = others[0]
        for name in others[1:]:
            made = Infix("+", made, name)
        return made
    if isinstance(tree, Brackets):
        return Brackets(_spelt_out(tree.of, others))
    if isinstance(tree, Prefix):
        return Prefix(tree.operator, _spelt_out(tree.of, others))
    if isinstance(tree, Infix) and tree.operator in OPERATORS:
        first, operands = expressions.chain(tree, OPERATORS)
        made = _spelt_out(first, others)
        # As R writes it: `. - x` removes x from all of them.
        made = Brackets(made) if first == DOT and operands[0][0] != "+" else made
        for operator, each in operands:
            right = _spelt_out(each, others)
            made = Infix(operator, made, Brackets(right) if each == DOT else right)
        return made
    return tree


def _expand(who: str, text: str, formula: str) -> list[list[int]]:
    """Return the terms of formulaic's text, each as indices of variables."""
    from formulaic.errors import FormulaicError  # type: ignore[import-not-found, import-untyped, unused-ignore]
    from formulaic.parser import DefaultFormulaParser  # type: ignore[import-not-found, import-untyped, unused-ignore]

    try:
        found: Any = DefaultFormulaParser().get_terms(f"~ {text}")
    except (FormulaicError, ValueError) as error:
        said = str(error).partition("\n")[0]
        raise FormulaError(f"{who}: formula {formula!r} cannot be expanded: {said}") from None
    terms = [[str(factor.expr) for factor in term.factors] for term in found]
    return [[int(name[1:]) for name in names] for names in terms if names != ["1"]]


def codings(terms: Sequence[tuple[str, ...]], intercept: bool, factors: set[str]) -> list[set[str]]:
    """Return for each term the factors with one column per level; the others have contrasts.

    R's rule: a factor has contrasts if the term without it is part of an earlier term; without an
    intercept the very first factor has one column per level.
    """
    full: list[set[str]] = []
    for place, term in enumerate(terms):
        of_term = set()
        for name in term:
            rest = set(term) - {name}
            if rest and not any(rest <= set(before) for before in terms[:place]):
                of_term.add(name)
        full.append(of_term)
    if not intercept:
        for place, term in enumerate(terms):
            first = next((name for name in term if name in factors), None)
            if first is not None:
                full[place].add(first)
                break
    return full
