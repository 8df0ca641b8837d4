"""Values of expressions over the columns of a table, and the states of calls that learn from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lamina import _screen
from lamina._names import unknown
from lamina.nnet.formulas import expressions, functions, reading
from lamina.nnet.formulas.calculation import INFIX, Calculation, argument_name, function_name
from lamina.nnet.formulas.expressions import Name, Tree, deparse, short
from lamina.nnet.formulas.variables import Columns, Variable, variable

# Functions whose values need not be missing if their arguments are.
MIND_GAPS = {"is.na", "ifelse"}


class Evaluation:
    """Evaluates expressions, and keeps what they learned from the first table."""

    def __init__(self, who: str) -> None:
        self.who = who
        self.states: dict[str, list[functions.State]] = {}

    def value(self, tree: Tree, columns: Columns) -> Variable:
        """Return an expression's value, with one element per row."""
        label = deparse(tree)
        if isinstance(tree, Name) and (tree.quoted or tree.name in columns):
            return self._of_rows(label, columns[tree.name], columns)
        made, held = self._result(tree, columns)
        made = self._of_rows(label, variable(self.who, label, made), columns)
        if not any(call.function in MIND_GAPS for call in expressions.calls_in(tree)):
            self._warn_of_gaps(label, made, held)
        return made

    def choice(self, name: str, text: str, columns: Columns) -> Any:
        """Return the value of an expression that chooses rows, of any length."""
        tree = reading.parse(self.who, text, name)
        if isinstance(tree, Name) and (tree.quoted or tree.name in columns):
            return columns[tree.name]
        return self._result(tree, columns)[0]

    def _result(self, tree: Tree, columns: Columns) -> tuple[Any, dict[str, Variable]]:
        """Return what an expression makes of columns, and these."""
        names = list(dict.fromkeys(expressions.names_in(tree)))
        held = {name: self._of_rows(name, columns[name], columns) for name in names}
        label = deparse(tree)
        self._check(label, tree)
        return self._calculated(label, tree, held), held

    def given(self, name: str, value: Any, columns: Columns) -> Variable:
        """Return an argument with one value per row: an expression, or values."""
        if isinstance(value, str):
            return self.value(reading.parse(self.who, value, name), columns)
        return self._of_rows(name, variable(self.who, name, value), columns)

    def _calculated(self, label: str, tree: Tree, held: Mapping[str, Variable]) -> Any:
        calculation = Calculation(
            {name: each.plain() for name, each in held.items()}, self.states.setdefault(label, [])
        )
        try:
            with np.errstate(all="ignore"):
                return calculation.value(tree)
        except (
            TypeError, ValueError, ArithmeticError, LookupError, AttributeError, MemoryError,
        ) as error:  # fmt: skip
            said = str(error)
            if "broadcast" in said:
                said = "its parts must have one value, or one for each row"
            if isinstance(error, (OverflowError, FloatingPointError)):
                said = "one of its numbers is too large"
            kind: type[Exception] = TypeError if isinstance(error, TypeError) else ValueError
            if isinstance(error, ArithmeticError):
                kind = ArithmeticError
            if isinstance(error, MemoryError):
                said = "it needs too much memory"
            elif not isinstance(error, (TypeError, ValueError, ArithmeticError)):
                said = "its arguments are not what its functions take"  # NumPy's error is of no use
            raise kind(f"{self.who}: {short(label)} cannot be calculated: {said}") from None

    def _warn_of_gaps(self, label: str, made: Variable, held: Mapping[str, Variable]) -> None:
        """Warn, as R does, about values that do not exist, such as the logarithm of -1."""
        new = made.missing.copy() if made.kind == "numeric" else np.zeros(made.rows, bool)
        for each in held.values():
            new &= ~each.missing
        if new.any():
            _screen.warn(
                f"{self.who}: {short(label)} is NaN in {new.sum()} rows, the first of them row "
                f"{new.argmax()}, and counts as missing there"
            )

    def _check(self, label: str, tree: Tree) -> None:
        """Raise an error for an operator or a function that is not there, or its arguments."""
        for operator in expressions.operators_in(tree):
            if operator not in INFIX:
                message = unknown("operator", operator, INFIX)
                raise ValueError(
                    f"{self.who}: {short(label)}: {message}; calculate its result as a column of "
                    f"data first"
                )
        for call in expressions.calls_in(tree):
            name = function_name(call.function)
            if name not in functions.functions():
                message = unknown("function", call.function, functions.known())
                raise ValueError(
                    f"{self.who}: {short(label)}: {message}; calculate its result as a column of "
                    f"data first"
                )
            names = [argument_name(name) for name, _ in call.arguments if name]
            places = len(call.arguments) - len(names)
            if name != "cbind" and not functions.takes(name, places, names):
                raise TypeError(
                    f"{self.who}: {call.function} takes the arguments "
                    f"({functions.arguments(name)}); got {short(deparse(call))}"
                )

    def _of_rows(self, label: str, held: Variable, columns: Columns) -> Variable:
        if held.rows != columns.rows:
            raise ValueError(
                f"{self.who}: {short(label)} must have one value for each of {columns.rows} rows; "
                f"got {held.rows}"
            )
        return held
