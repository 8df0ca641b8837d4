"""The importance of inputs, as bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check
from lamina._calls import answering_calls
from lamina._check import Array
from lamina.plot.figures import Path, on_axes
from lamina.plot.results import chosen
from lamina.plot.style import BLUE, GREY, ORANGE, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WHO = "importance"
LABELS = {"garson": "share of the weights (Garson)", "olden": "product of the weights (Olden)"}


@answering_calls
def importance(
    result: Any,
    output: str | int | None = None,
    path: Path = None,
    *,
    max_inputs: int = 30,
    ax: Axes | None = None,
) -> Axes:
    """Draw the importance of inputs, the largest at the top.

    Parameters
    ----------
    result : Importance or PermutationImportance
        The result of ``lamina.inference.garson``, ``olden`` or ``permutation_importance``; lines
        show one standard deviation over the repeats of the latter.
    output : str or int, optional
        One of several outputs; by default the first.
    path : str or path-like, optional
        Where to save the figure; the ending chooses the format.
    max_inputs : int, default 30
        Draw at most this many, the most important ones.
    ax : matplotlib Axes, optional
        Where to draw; a new figure of pyplot's if not given.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import lamina
    >>> from lamina.inference import olden
    >>> model = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(2, "tanh"),
    ...                            lamina.layers.Dense(1)])
    >>> ax = lamina.plot.importance(olden(model))
    >>> sorted(label.get_text() for label in ax.get_yticklabels())
    ['x1', 'x2', 'x3']
    """
    if not hasattr(result, "inputs") or not (
        hasattr(result, "by_output") or hasattr(result, "importances")
    ):
        raise TypeError(
            f"{WHO}: needs the result of garson, olden or permutation_importance of "
            f"lamina.inference; got {result!r:.80}"
        )
    names = [str(name) for name in result.inputs]
    spread: Array | None = None
    if hasattr(result, "by_output"):
        outputs = list(result.outputs)
        (which,) = chosen(WHO, "output", output, outputs)[:1] or outputs[:1]
        values = np.asarray(result.by_output)[outputs.index(which)]
        label = LABELS.get(result.method, "importance")
        title = f"output {which}" if len(outputs) > 1 else ""
    else:
        values, spread = result.importances_mean, result.importances_std
        label, title = "fall of the score", ""
    most = _check.integer(WHO, "max_inputs", max_inputs)
    order = np.argsort(-np.abs(values), kind="stable")[:most]
    order = order[np.argsort(values[order], kind="stable")]

    def draw(axes: Axes) -> None:
        signs = np.where(values[order] >= 0, BLUE, ORANGE)
        error = None if spread is None else spread[order]
        places = np.arange(len(order))
        axes.barh(places, values[order], xerr=error, color=signs, height=0.7,
                  error_kw={"elinewidth": 1, "capsize": 2})  # fmt: skip
        axes.axvline(0.0, color=GREY, linewidth=0.8)
        axes.set_yticks(places, [names[i] for i in order], parse_math=False)
        axes.set(xlabel=label, title=title)
        plain(axes)

    return on_axes(WHO, draw, ax, path, (5.5, 1.2 + 0.28 * len(order)))
