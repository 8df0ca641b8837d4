"""The symbols of the formulas, in text, LaTeX and HTML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lamina.tracing.traced import Trace

_GREEK = {"alpha": "α", "beta": "β", "delta": "δ"}
_HATTED = {"yhat": ("ŷ", r"\hat{y}")}


@dataclass(frozen=True)
class Symbol:
    """A letter, the number of its layer if there are several, and its indices."""

    letter: str
    layer: int | None = None
    index: tuple[int, ...] = ()

    def text(self) -> str:
        """Return for instance ``α(0,1)``."""
        letter = _GREEK.get(self.letter, self.letter)
        letter = _HATTED[self.letter][0] if self.letter in _HATTED else letter
        above = "" if self.layer is None else f"^{self.layer}"
        return (
            f"{letter}{above}({','.join(map(str, self.index))})" if self.index else letter + above
        )

    def latex(self) -> str:
        r"""Return for instance ``\alpha_{0,1}``."""
        letter = f"\\{self.letter}" if self.letter in _GREEK else self.letter
        letter = _HATTED[self.letter][1] if self.letter in _HATTED else letter
        above = "" if self.layer is None else f"^{{({self.layer})}}"
        below = f"_{{{','.join(map(str, self.index))}}}" if self.index else ""
        return letter + below + above

    def html(self) -> str:
        """Return for instance ``α<sub>0,1</sub>``."""
        letter = _GREEK.get(self.letter, self.letter)
        letter = _HATTED[self.letter][0] if self.letter in _HATTED else letter
        above = "" if self.layer is None else f"<sup>({self.layer})</sup>"
        below = f"<sub>{','.join(map(str, self.index))}</sub>" if self.index else ""
        return letter + below + above


def unit_symbol(traced: Trace, layer: int, unit: int) -> Symbol:
    """Return the symbol of a unit's value: x(1), z(1), ŷ; layer -1 has the inputs."""
    layers = len(traced.layers)
    if layer < 0:
        return Symbol("x", None, (unit + 1,))
    if layer < layers - 1:
        return Symbol("z", layer + 1 if layers > 2 else None, (unit + 1,))
    several = len(traced.layers[-1].outputs) > 1
    return Symbol("yhat", None, (unit + 1,) if several else ())
