"""R's expressions: read, and written back as R writes them.

The grammar is the part of R's that is used in formulas: numbers, strings, names (with dots, or
between backticks), calls, brackets and operators.  R's ``help("Syntax")`` gives the precedences.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass

TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>(?:0[xX][\da-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)L?)
  | (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
  | (?P<quoted>`[^`]+`)
  | (?P<name>(?:[^\W\d]|\.(?!\d))[\w.]*(?:::[^\W\d][\w.]*)?)
  | (?P<operator>%[^%\s]*%|<=|>=|==|!=|&&|\|\||\*\*|[-+*/^~:&|!<>=(),\[\]])
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
TIGHT = ("/", "^", ":", "%%", "%/%")  # written without spaces
CONSTANTS = {
    "TRUE": "True", "T": "True", "FALSE": "False", "F": "False", "NULL": "None", "NA": "nan",
    "NaN": "nan", "Inf": "inf", "pi": "pi",
}  # fmt: skip
RESERVED = {"if", "else", "repeat", "while", "function", "for", "next", "break", "in"}


class FormulaError(ValueError):
    """A formula that cannot be read."""


# --- trees


@dataclass(frozen=True)
class Number:
    """A number as it is written."""

    text: str

    @property
    def value(self) -> float:
        """The number itself."""
        text = self.text.rstrip("L").lower()
        return float(int(text, 16)) if text.startswith("0x") else float(text)


@dataclass(frozen=True)
class Text:
    """A string."""

    value: str


@dataclass(frozen=True)
class Name:
    """A variable, or one of R's constants."""

    name: str
    quoted: bool = False


@dataclass(frozen=True)
class Call:
    """A call; the name of an argument may be None."""

    function: str
    arguments: tuple[tuple[str | None, Tree], ...]


@dataclass(frozen=True)
class Index:
    """Elements of a vector or columns of a matrix; a place may be empty, None."""

    of: Tree
    places: tuple[Tree | None, ...]


@dataclass(frozen=True)
class Prefix:
    """An operator before an expression."""

    operator: str
    of: Tree


@dataclass(frozen=True)
class Infix:
    """An operator between two expressions."""

    operator: str
    left: Tree
    right: Tree


@dataclass(frozen=True)
class Brackets:
    """An expression between brackets."""

    of: Tree


Tree = Number | Text | Name | Call | Index | Prefix | Infix | Brackets
Operands = list[tuple[str, Tree]]


def parse(who: str, text: str, what: str = "expression", example: str = "x > 1") -> Tree:
    """Return the tree of an expression; raise FormulaError if it is not one."""
    return _Reader(who, text, what, example).whole()


def parse_formula(who: str, text: str) -> tuple[Tree | None, Tree]:
    """Return the trees of a formula's sides; of one that has no left side the first is None.

    Examples
    --------
    >>> left, right = parse_formula("f", "log(y) ~ x + z")
    >>> deparse(left), deparse(right)
    ('log(y)', 'x + z')
    """
    return _Reader(who, text, "formula", "y ~ x1 + x2").sides()


class _Reader:
    """Precedence climbing over the tokens of one expression, or of a formula's two."""

    def __init__(self, who: str, text: str, what: str, example: str) -> None:
        self.who, self.text, self.what, self.example = who, text, what, example
        self.tokens = list(self._split())
        self.place = 0

    def _split(self) -> Iterator[tuple[str, str, int]]:
        place = 0
        while place < len(self.text):
            match = TOKEN.match(self.text, place)
            if match is None:
                raise self.refused(place)
            kind = str(match.lastgroup)
            if kind != "end":
                yield kind, match[kind], match.start(kind)
            place = match.end()
        yield "end", "", len(self.text)

    def refused(self, place: int) -> FormulaError:
        """Return the error that says where the text cannot be read."""
        shown = self.text[place:].strip() or "its end"
        return FormulaError(
            f"{self.who}: {self.what} must be as in R, such as {self.example!r}; {self.text!r} "
            f"cannot be read at {shown!r}"
        )

    def whole(self) -> Tree:
        """Return the tree of all tokens."""
        try:
            tree = self.expression(0)
        except RecursionError:
            raise FormulaError(
                f"{self.who}: {self.what} must have fewer brackets within brackets; got "
                f"{self.text!r:.80}"
            ) from None
        if self.tokens[self.place][0] != "end":
            raise self.refused(self.tokens[self.place][2])
        return tree

    def sides(self) -> tuple[Tree | None, Tree]:
        """Return the trees on both sides of the one "~" that a formula has."""
        signs = sum(token[:2] == ("operator", "~") for token in self.tokens)
        if signs != 1:
            raise FormulaError(
                f"{self.who}: formula must have {'one' if signs else 'a'} '~', as in "
                f"'y ~ x1 + x2'; got {self.text!r}"
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
        left = self.operand()
        while True:
            kind, text, _ = self.tokens[self.place]
            text = "^" if text == "**" else text
            binding = SPECIAL if text.startswith("%") else BINDING.get(text)
            if kind != "operator" or binding is None or binding < least:
                return left
            self.place += 1
            # Powers associate to the right, and an exponent may have a sign.
            right = self.expression(PREFIX["-"] if text == "^" else binding + 1)
            left = Infix(text, left, right)

    def operand(self) -> Tree:
        """Return the tree of an operand, with the brackets behind it."""
        tree = self.part()
        while self.take("["):
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


# --- written as R writes them


def deparse(tree: Tree) -> str:
    """Return an expression as R's ``deparse`` writes it, which is the name of its column.

    Examples
    --------
    >>> deparse(parse("f", "I( x^2+1.50*`my z`/100000 )"))
    'I(x^2 + 1.5 * `my z`/1e+05)'
    """
    if isinstance(tree, Number):
        whole = tree.text.endswith("L")
        return tree.text if whole else number_text(tree.value)
    if isinstance(tree, Text):
        escaped = tree.value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(tree, Name):
        return name_text(tree.name) if tree.quoted else tree.name
    if isinstance(tree, Brackets):
        return f"({deparse(tree.of)})"
    if isinstance(tree, Prefix):
        return f"{tree.operator}{deparse(tree.of)}"
    if isinstance(tree, Infix):
        first, others = chain(tree)
        spaces = ("" if operator in TIGHT else " " for operator, _ in others)
        rest = (
            f"{space}{operator}{space}{deparse(each)}"
            for space, (operator, each) in zip(spaces, others, strict=True)
        )
        return deparse(first) + "".join(rest)
    if isinstance(tree, Index):
        inner = [deparse(place) if place is not None else "" for place in tree.places]
        return f"{deparse(tree.of)}[{', '.join(inner)}]"
    given = [f"{name} = {deparse(a)}" if name else deparse(a) for name, a in tree.arguments]
    return f"{tree.function}({', '.join(given)})"


def name_text(name: str) -> str:
    """Return a name, between backticks if R's grammar requires them."""
    plain = re.fullmatch(r"(?:[^\W\d_]|\.(?!\d))[\w.]*", name) is not None
    taken = name in RESERVED or name in CONSTANTS.keys() - {"T", "F", "pi"}
    return name if plain and not taken else f"`{name}`"


def number_text(value: float) -> str:
    """Return a number as R writes it: 15 digits at most, the shorter of the two notations.

    Examples
    --------
    >>> [number_text(v) for v in (2.0, 0.1, 1e5, 123456.0, 1e-5, 0.0001)]
    ['2', '0.1', '1e+05', '123456', '1e-05', '1e-04']
    """
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124
        return "NaN" if value != value else ("Inf" if value > 0 else "-Inf")  # noqa: PLR0124
    digits, _, exponent = f"{value:.14e}".partition("e")
    digits = digits.rstrip("0").rstrip(".")
    scientific = f"{digits}e{int(exponent):+03d}"
    decimals = max(0, len(digits.lstrip("-").replace(".", "")) - 1 - int(exponent))
    fixed = f"{value:.{decimals}f}"
    return fixed if len(fixed) <= len(scientific) else scientific


# --- their parts


def chain(tree: Tree, operators: Container[str] | None = None) -> tuple[Tree, Operands]:
    """Return the first operand of operators that follow one another, and each with its other one.

    Sums of thousands of terms are trees of that depth, which recursion could not walk.

    Examples
    --------
    >>> first, others = chain(parse("f", "a + b*c - d"), ("+", "-"))
    >>> deparse(first), [(operator, deparse(each)) for operator, each in others]
    ('a', [('+', 'b * c'), ('-', 'd')])
    """
    others = []
    while isinstance(tree, Infix) and (operators is None or tree.operator in operators):
        others.append((tree.operator, tree.right))
        tree = tree.left
    return tree, others[::-1]


def names_in(tree: Tree) -> Iterator[str]:
    """Yield the variables of an expression, in order."""
    if isinstance(tree, Name):
        if tree.quoted or not (tree.name in CONSTANTS or tree.name.startswith("contr.")):
            yield tree.name
    elif isinstance(tree, (Brackets, Prefix)):
        yield from names_in(tree.of)
    elif isinstance(tree, (Infix, Index)):
        for part in _parts(tree):
            yield from names_in(part)
    elif isinstance(tree, Call):
        # The second argument of C names a coding.
        for _, argument in tree.arguments[: 1 if tree.function == "C" else None]:
            yield from names_in(argument)


def calls_in(tree: Tree) -> Iterator[Call]:
    """Yield the calls of an expression."""
    if isinstance(tree, Call):
        yield tree
        for _, argument in tree.arguments:
            yield from calls_in(argument)
    elif isinstance(tree, (Brackets, Prefix)):
        yield from calls_in(tree.of)
    elif isinstance(tree, (Infix, Index)):
        for part in _parts(tree):
            yield from calls_in(part)


def _parts(tree: Infix | Index) -> list[Tree]:
    if isinstance(tree, Infix):
        first, others = chain(tree)
        return [first, *(each for _, each in others)]
    return [tree.of, *(place for place in tree.places if place is not None)]
