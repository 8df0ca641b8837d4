"""R's expressions and formulas read from text.

The grammar is the part of R's that is used in formulas: numbers, strings, names (with dots, or
between backticks), calls, brackets and operators.  R's ``help("Syntax")`` gives the precedences.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NoReturn

from lamina.nnet.formulas.expressions import (
    Brackets,
    Call,
    FormulaError,
    Index,
    Infix,
    Name,
    Number,
    Prefix,
    Text,
    Tree,
    short,
)

TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>(?:0[xX][0-9a-fA-F]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)L?)
  | (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
  | (?P<quoted>`[^`]+`)
  | (?P<name>(?:[^\W\d]|\.(?!\d))[\w.]*(?:::[^\W\d][\w.]*)?)
  | (?P<operator>%[^%\s]*%|<?<-|<=|>=|==|!=|&&|\|\||\*\*|[-+*/^~:&|!<>=(),\[\]])
  | (?P<end>$)
    )""",
    re.VERBOSE,
)
# How tightly binary operators bind; those of prefix operators are in PREFIX.
BINDING = {
    "||": 2, "|": 2, "&&": 3, "&": 3, "==": 5, "!=": 5, "<": 5, ">": 5, "<=": 5, ">=": 5,
    "+": 6, "-": 6, "*": 7, "/": 7, ":": 9, "^": 12,
}  # fmt: skip
SPECIAL = 8  # %in%, %%, ...
PREFIX = {"!": 4, "-": 10, "+": 10}
MOST_NESTED = 100  # expressions within one another; R allows 50 brackets


def parse(who: str, text: str, what: str = "expression", example: str = "x > 1") -> Tree:
    """Return the tree of an expression; raise FormulaError if it is not one."""
    reader = _Reader(who, text, what, example)
    try:
        return reader.whole()
    except RecursionError:  # of a caller that is deep itself
        raise reader.nested() from None


def parse_formula(who: str, text: str) -> tuple[Tree | None, Tree]:
    """Return the trees of a formula's sides; of one that has no left side the first is None.

    Examples
    --------
    >>> from lamina.nnet.formulas.expressions import deparse
    >>> left, right = parse_formula("f", "log(y) ~ x + z")
    >>> deparse(left), deparse(right)
    ('log(y)', 'x + z')
    """
    reader = _Reader(who, text, "formula", "y ~ x1 + x2")
    try:
        return reader.sides()
    except RecursionError:
        raise reader.nested() from None


class _Reader:
    """Precedence climbing over the tokens of one expression, or of a formula's two."""

    def __init__(self, who: str, text: str, what: str, example: str) -> None:
        self.who, self.text, self.what, self.example = who, text, what, example
        self.tokens = list(self._split())
        self.place = self.depth = 0

    def _refuse_assignment(self) -> NoReturn:
        raise FormulaError(
            f"{self.who}: {self.what} must not assign, as '<-' does; got {self._shown()}; to "
            f"compare with a negative number write a space, as in x < -1"
        )

    def _split(self) -> Iterator[tuple[str, str, int]]:
        place = 0
        while place < len(self.text):
            match = TOKEN.match(self.text, place)
            if match is None:
                raise self.refused(place)
            kind = str(match.lastgroup)
            if match[kind] in ("<-", "<<-"):
                self._refuse_assignment()
            if kind != "end":
                yield kind, match[kind], match.start(kind)
            place = match.end()
        yield "end", "", len(self.text)

    def refused(self, place: int) -> FormulaError:
        """Return the error that says where the text cannot be read."""
        shown = self.text[place:].strip() or "its end"
        return FormulaError(
            f"{self.who}: {self.what} must be as in R, such as {self.example!r}; {self._shown()} "
            f"cannot be read at {_quoted(shown)}"
        )

    def _shown(self) -> str:
        """Return the text for messages."""
        return _quoted(self.text)

    def nested(self) -> FormulaError:
        """Return the error for brackets within too many others."""
        return FormulaError(
            f"{self.who}: {self.what} must have fewer brackets within brackets; got {self._shown()}"
        )

    def whole(self) -> Tree:
        """Return the tree of all tokens."""
        tree = self.expression(0)
        if self.tokens[self.place][0] != "end":
            raise self.refused(self.tokens[self.place][2])
        return tree

    def sides(self) -> tuple[Tree | None, Tree]:
        """Return the trees on both sides of the one "~" that a formula has."""
        signs = sum(token[:2] == ("operator", "~") for token in self.tokens)
        if signs != 1:
            raise FormulaError(
                f"{self.who}: formula must have {'one' if signs else 'a'} '~', as in "
                f"'y ~ x1 + x2'; got {self._shown()}"
            )
        left = None if self.take("~") else self.expression(0)
        if left is not None:
            self.need("~")
        return left, self.whole()

    def next(self) -> tuple[str, str, int]:
        """Take a token."""
        token = self.tokens[self.place]
        self.place += token[0] != "end"
        return token

    def take(self, operator: str) -> bool:
        """Take an operator if it comes next."""
        kind, text, _ = self.tokens[self.place]
        taken = kind == "operator" and text == operator
        self.place += taken
        return taken

    def need(self, operator: str) -> None:
        """Take an operator that must come next."""
        if not self.take(operator):
            raise self.refused(self.tokens[self.place][2])

    def expression(self, least: int) -> Tree:
        """Return the tree of operators that bind at least as tightly as ``least``."""
        self.depth += 1
        if self.depth > MOST_NESTED:
            raise self.nested()
        left = self.operand()
        while True:
            kind, text, _ = self.tokens[self.place]
            text = "^" if text == "**" else text
            binding = SPECIAL if text.startswith("%") else BINDING.get(text)
            if kind != "operator" or binding is None or binding < least:
                self.depth -= 1
                return left
            self.place += 1
            # Powers associate to the right, and an exponent may have a sign.
            right = self.expression(PREFIX["-"] if text == "^" else binding + 1)
            left = Infix(text, left, right)

    def operand(self) -> Tree:
        """Return the tree of an operand, with the brackets behind it."""
        tree, depth = self.part(), self.depth
        while self.take("["):
            depth += 1
            if depth > MOST_NESTED:
                raise self.nested()
            places: list[Tree | None] = [self.position()]
            while self.take(","):
                places.append(self.position())
            self.need("]")
            tree = Index(tree, tuple(places))
        return tree

    def position(self) -> Tree | None:
        """Return the tree of a place in brackets, None if it is empty."""
        kind, text, _ = self.tokens[self.place]
        return None if kind == "operator" and text in ",]" else self.expression(0)

    def part(self) -> Tree:
        """Return the tree of an operand without brackets behind it."""
        kind, text, place = self.next()
        if kind == "number":
            return Number(text)
        if kind == "string":
            return Text(re.sub(r"\\(.)", r"\1", text[1:-1]))
        if kind == "quoted":
            return Name(text[1:-1], quoted=True)
        if kind == "name":
            return Call(text, self.arguments()) if self.take("(") else Name(text)
        if kind == "operator" and text == "(":
            inner = self.expression(0)
            self.need(")")
            return Brackets(inner)
        if kind == "operator" and text in PREFIX:
            return Prefix(text, self.expression(PREFIX[text]))
        raise self.refused(place)

    def arguments(self) -> tuple[tuple[str | None, Tree], ...]:
        """Return the arguments of a call up to its closing bracket."""
        found: list[tuple[str | None, Tree]] = []
        while not self.take(")"):
            if found:
                self.need(",")
            kind, text, _ = self.tokens[self.place]
            following = self.tokens[min(self.place + 1, len(self.tokens) - 1)]
            if kind in ("name", "string", "quoted") and following[:2] == ("operator", "="):
                self.place += 2
                found.append((text.strip("\"'`"), self.expression(0)))
            else:
                found.append((None, self.expression(0)))
        return tuple(found)


def _quoted(text: str) -> str:
    """Return a text for messages, its beginning if it is long."""
    return repr(short(text))
