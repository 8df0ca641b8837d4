"""The loss over the learning rate."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lamina._calls import answering_calls
from lamina.plot.figures import on_axes
from lamina.plot.style import BLUE, GREY, ORANGE, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lamina.callbacks import LearningRateRangeTest


@answering_calls
def learning_rate_range(
    test: LearningRateRangeTest,
    path: str | os.PathLike[str] | None = None,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw the result of a learning-rate range test: losses, smoothed losses, the suggested rate.

    Parameters
    ----------
    test : LearningRateRangeTest
        The callback after its fit.
    path : str or path-like, optional
        Where to save the figure; the ending chooses the format.
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
        If `test` is not such a test, or has not run.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> from lamina import plot
    >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> test = lamina.callbacks.LearningRateRangeTest(steps=20)
    >>> x = np.linspace(-1, 1, 64)
    >>> _ = model.fit(x, 2 * x, batch_size=2, callbacks=[test], verbose=0)
    >>> plot.learning_rate_range(test).get_xscale()
    'log'
    """
    from lamina.callbacks import LearningRateRangeTest

    who = "learning_rate_range"
    if not isinstance(test, LearningRateRangeTest):
        raise TypeError(f"{who}: test must be a LearningRateRangeTest; got {test!r}")
    rates, losses, smoothed = test.learning_rates, test.losses, test.smoothed
    if len(rates) == 0:
        raise ValueError(f"{who}: test has no steps; give it to fit among its callbacks")

    def draw(axes: Axes) -> None:
        axes.plot(rates, losses, color=GREY, linewidth=0.6, label="loss")
        axes.plot(rates, smoothed, color=BLUE, linewidth=2, label="smoothed")
        if test.suggestion is not None:
            axes.axvline(
                test.suggestion, linestyle=":", color=ORANGE, label=f"{test.suggestion:.2g}"
            )
        axes.set(xscale="log", xlabel="learning rate", ylabel="loss")
        # Diverging losses would flatten everything else.
        low, high = losses.min(), losses[: len(losses) // 2 + 1].max()
        room = 0.05 * (high - low)
        if room > 0:
            axes.set_ylim(low - room, high + room)
        axes.legend(frameon=False)
        plain(axes)

    return on_axes(who, draw, ax, path)
