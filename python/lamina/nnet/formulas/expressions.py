"""R's expressions as trees, and written back as R writes them."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass

TIGHT = ("/", "^", ":", "%%", "%/%")  # written without spaces
CONSTANTS = {"TRUE", "T", "FALSE", "F", "NULL", "NA", "NaN", "Inf", "pi"}
LONG = 200  # characters of a text shown in messages
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
        if not text.startswith("0x"):
            return float(text)
        try:
            return float(int(text, 16))
        except OverflowError:
            return float("inf")


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


# --- written as R writes them


def deparse(tree: Tree) -> str:
    """Return an expression as R's ``deparse`` writes it, which is the name of its column.

    Examples
    --------
    >>> from lamina.nnet.formulas.reading import parse
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


def short(text: str) -> str:
    """Return a text for messages, the beginning of a long one."""
    return text if len(text) <= LONG else f"{text[:LONG]}..."


def name_text(name: str) -> str:
    """Return a name, between backticks if R's grammar requires them."""
    plain = re.fullmatch(r"(?:[^\W\d_]|\.(?!\d))[\w.]*", name) is not None
    taken = name in RESERVED or name in CONSTANTS - {"T", "F", "pi"}
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
    >>> from lamina.nnet.formulas.reading import parse
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
    return (each for each in _nodes(tree) if isinstance(each, Call))


def operators_in(tree: Tree) -> Iterator[str]:
    """Yield the operators between the parts of an expression."""
    return (each.operator for each in _nodes(tree) if isinstance(each, Infix))


def _nodes(tree: Tree) -> Iterator[Tree]:
    """Yield an expression and all its parts, in order."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, Call):
            inner: list[Tree] = [argument for _, argument in node.arguments]
        elif isinstance(node, (Brackets, Prefix)):
            inner = [node.of]
        elif isinstance(node, Infix):
            inner = [node.left, node.right]
        else:
            inner = _parts(node) if isinstance(node, Index) else []
        waiting += inner[::-1]


def _parts(tree: Infix | Index) -> list[Tree]:
    if isinstance(tree, Infix):
        first, others = chain(tree)
        return [first, *(each for _, each in others)]
    return [tree.of, *(place for place in tree.places if place is not None)]
