"""Simple models compared with a network: differences of their errors, with confidence intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina._calls import answering_calls
from lamina.plot.figures import Path, on_axes
from lamina.plot.style import BLUE, GREY, ORANGE, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WHO = "baselines"
NEEDED = ("model", "difference", "lower", "upper")


@answering_calls
def baselines(
    comparison: Any,
    models: Sequence[str] | None = None,
    path: Path = None,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw by how much each baseline's error exceeds a network's, with its confidence interval.

    Parameters
    ----------
    comparison : Comparison
        The result of ``model.compare_baselines`` or ``lamina.baselines.compare``.
    models : sequence of str, optional
        The baselines to draw, by their names in the table and in this order; by default all.
    path : str or path-like, optional
        Where to save the figure; the ending chooses the format.
    ax : matplotlib Axes, optional
        Where to draw; a new figure of pyplot's if not given.

    Returns
    -------
    matplotlib Axes
        An interval to the right of 0 favours the network, and is drawn filled; one to the left
        favours the baseline; one that contains 0 favours neither, and is drawn open.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> x = np.linspace(-2, 2, 80)
    >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(8, "tanh"),
    ...                            lamina.layers.Dense(1)], seed=1)
    >>> model.compile(lamina.optimizers.Adam(0.02), "mse")
    >>> _ = model.fit(x[::2], x[::2] ** 2, epochs=200, verbose=0)
    >>> table = model.compare_baselines(x[::2], x[::2] ** 2, (x[1::2], x[1::2] ** 2))
    >>> ax = lamina.plot.baselines(table)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['constant', 'least squares', 'lasso', 'ridge']
    """
    if not hasattr(comparison, "keys") or any(name not in comparison for name in NEEDED):
        raise TypeError(
            f"{WHO}: needs the result of model.compare_baselines; got {comparison!r:.80}"
        )
    known = [str(name) for name in comparison["model"]][1:]
    wanted = known if models is None else [str(name) for name in models]
    for name in wanted:
        if name not in known:
            raise ValueError(f"{WHO}: models must be among {', '.join(known)}; got {name!r}")
    rows = [comparison.row(1 + known.index(name)) for name in wanted]
    return on_axes(WHO, lambda axes: _draw(axes, comparison, rows), ax, path)


def _draw(axes: Axes, comparison: Any, rows: list[dict[str, Any]]) -> None:
    from lamina.baselines.measures import WORDS

    for place, row in enumerate(rows):
        low, middle, high = (float(row[name]) for name in ("lower", "difference", "upper"))
        sure = low > 0 or high < 0
        colour = ORANGE if high < 0 else BLUE
        axes.errorbar(
            middle, place, xerr=[[middle - low], [high - middle]], color=colour, fmt="o",
            linestyle="none", capsize=6, markersize=9, markeredgewidth=2,
            markerfacecolor=colour if sure else "white",
        )  # fmt: skip
    axes.axvline(0, color=GREY, linestyle=":", zorder=0)
    axes.set_yticks(range(len(rows)), [str(row["model"]) for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)  # the first on top
    reach = np.nanmax(np.abs([[row["lower"], row["upper"]] for row in rows]), initial=0.0) or 1.0
    left, right = axes.get_xlim()
    axes.set_xlim(min(left, -0.3 * reach), max(right, 0.3 * reach))  # zero is inside
    axes.set_xlabel(f"{WORDS[comparison.measure]}:\nbaseline minus network")
    plain(axes)
