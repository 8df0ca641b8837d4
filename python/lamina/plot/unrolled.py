"""A recurrent layer step by step: the figure of James et al., 10.12."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _check
from lamina._calls import answering_calls
from lamina.layers.rnn.recurrent import Recurrent
from lamina.plot.figures import Path, on_axes
from lamina.plot.layers import layer_of
from lamina.plot.style import GREY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WHO = "unrolled"
WIDTH, HEIGHT = 0.64, 0.5  # of a box; the distance between steps and rows is 1
ROWS = {"X": (0.0, "#D6EAF6"), "A": (1.1, "#F7DDA4"), "O": (2.2, "#A9DCC8")}
FIRST = 2.0  # position of the first step, right of the short form
EACH = 1.3  # inches from step to step


@answering_calls
def unrolled(
    model: Any,
    layer: str | int | None = None,
    path: Path = None,
    *,
    max_steps: int = 6,
    ax: Axes | None = None,
) -> Axes:
    r"""Draw a recurrent layer step by step, with the weights that all steps share.

    Inputs X are at the bottom, the layer's states A above them and the outputs O at the top, in the
    notation of James et al., Figure 10.12: W leads from an input to its state, U from a state to
    the next, B from a state to its output.  To the left of the equal sign is the short form, with a
    loop. If the layer returns only its last state, the outputs before the last are drawn dashed.

    Parameters
    ----------
    model : Model
        A model with a ``SimpleRNN``, ``LSTM`` or ``GRU`` layer.
    layer : str or int, optional
        Name or number of the layer, counted from 0; by default the first recurrent one.
    path : str or path-like, optional
        Where to save the figure; the ending chooses the format.
    max_steps : int, default 6
        Draw at most this many steps, at least 4: for longer sequences, and for those of any length,
        the first ones and the last two.
    ax : matplotlib Axes, optional
        Where to draw; a new figure of pyplot's if not given.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError
        If there is no such layer, or it is not recurrent.

    Examples
    --------
    >>> import lamina
    >>> model = lamina.Sequential([lamina.Input((3, 2)), lamina.layers.SimpleRNN(4)])
    >>> ax = lamina.plot.unrolled(model)
    >>> [text.get_text() for text in ax.texts if "A" in text.get_text()]
    ['$A_{\\ell}$', '$A_{1}$', '$A_{2}$', '$A_{3}$']
    """
    most = _check.integer(WHO, "max_steps", max_steps, 4)
    found = layer_of(WHO, model, layer, _is_recurrent, "a recurrent layer")
    if not hasattr(found, "input"):
        raise ValueError(f"{WHO}: {found.name} has no input yet; give the model an Input")
    _, length, features = found.input.shape
    steps = _steps(length, most)
    size = EACH * (FIRST + len(steps) + 1.1), 3.9

    def draw(axes: Axes) -> None:
        _frame(axes, FIRST + len(steps) + 0.9)
        _short_form(axes)
        for place, step in enumerate(steps):
            is_last = place == len(steps) - 1
            _column(axes, FIRST + place, step, is_last or found.return_sequences)
            if not is_last:
                _arrow(axes, (FIRST + place, "A"), (FIRST + place + 1, "A"), "U")
        last = FIRST + len(steps) - 1
        if not found.return_sequences:
            axes.text(last, ROWS["O"][0] + 0.66, "$Y$", ha="center", va="center")
            axes.plot([last, last], [ROWS["O"][0] + 0.3, ROWS["O"][0] + 0.48], ":", color="black")
        for row, what in {
            "X": f"inputs,\n$p$ = {features}",
            "A": f"states,\n$K$ = {found.units}",
            "O": "outputs",
        }.items():
            axes.text(last + 0.42, ROWS[row][0], what, va="center")

    return on_axes(WHO, draw, ax, path, size)


def _is_recurrent(layer: Any) -> bool:
    return isinstance(layer, Recurrent)


def _steps(length: int | None, most: int) -> list[str]:
    """Return the steps that are drawn, with "" for those left out."""
    if length is not None and length <= most:
        return [str(step + 1) for step in range(length)]
    return [*(str(step + 1) for step in range(most - 3)), "", "L-1", "L"]


def _frame(axes: Axes, width: float) -> None:
    axes.set_axis_off()
    axes.set_aspect("equal")
    axes.set_xlim(-0.4, width)
    axes.set_ylim(-0.4, ROWS["O"][0] + 0.85)


def _short_form(axes: Axes) -> None:
    _column(axes, 0.0, r"\ell", True)
    middle = ROWS["A"][0]
    edge = WIDTH / 2
    axes.annotate(
        "", (edge, middle - 0.12), (edge, middle + 0.12),
        arrowprops={"arrowstyle": "-|>", "connectionstyle": "arc3,rad=-2.6", "color": "black",
                    "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0},
    )  # fmt: skip
    axes.text(edge + 0.44, middle, "$U$", va="center")
    axes.text(FIRST - 0.72, middle, "=", ha="center", va="center", fontsize="x-large")


def _column(axes: Axes, x: float, step: str, gives_output: bool) -> None:
    from matplotlib.patches import FancyBboxPatch

    for name, (y, colour) in ROWS.items():
        if not step:
            axes.text(x, y, r"$\cdots$", ha="center", va="center")
            continue
        is_left_out = name == "O" and not gives_output
        axes.add_patch(
            FancyBboxPatch(
                (x - WIDTH / 2, y - HEIGHT / 2), WIDTH, HEIGHT,
                boxstyle="round,pad=0,rounding_size=0.08",
                facecolor="white" if is_left_out else colour,
                edgecolor=GREY if is_left_out else "black",
                linestyle="--" if is_left_out else "-", linewidth=1.4,
            )
        )  # fmt: skip
        axes.text(x, y, f"${name}_{{{step}}}$", ha="center", va="center",
                  color=GREY if is_left_out else "black")  # fmt: skip
    if step:
        _arrow(axes, (x, "X"), (x, "A"), "W")
        _arrow(axes, (x, "A"), (x, "O"), "B", GREY if not gives_output else "black")


def _arrow(
    axes: Axes, start: tuple[float, str], end: tuple[float, str], label: str, colour: str = "black"
) -> None:
    (x, row), (to, above) = start, end
    y, top = ROWS[row][0], ROWS[above][0]
    sideways = x != to
    ends = (
        ((x + WIDTH / 2, y), (to - WIDTH / 2, top))
        if sideways
        else ((x, y + HEIGHT / 2), (to, top - HEIGHT / 2))
    )
    axes.annotate(
        "", ends[1], ends[0],
        arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1.4,
                    "linestyle": "-" if colour == "black" else "--", "shrinkA": 0, "shrinkB": 0},
    )  # fmt: skip
    axes.text(
        (x + to) / 2 + (0.0 if sideways else 0.08), (y + top) / 2 + (0.08 if sideways else 0.0),
        f"${label}$", ha="center" if sideways else "left", va="bottom" if sideways else "center",
        color=colour,
    )  # fmt: skip
