"""The units of a network and the weights between them: the figure of R's NeuralNetTools."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check
from lamina._arrays import as_numbers
from lamina._calls import answering_calls
from lamina.plot.figures import Path, on_axes, require_matplotlib
from lamina.plot.lines import Edge, Lines
from lamina.plot.network_places import WHO, Drawing, scale_of_text
from lamina.plot.style import inches, length

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BETWEEN = 2.4  # inches from layer to layer
EACH = 0.52  # inches from unit to unit


@answering_calls
def plotnet(
    model: Any,
    x_names: Sequence[str] | None = None,
    y_names: Sequence[str] | None = None,
    path: Path = None,
    *,
    struct: Sequence[int] | None = None,
    nid: bool = True,
    all_out: bool | str | Sequence[str] = True,
    all_in: bool | str | Sequence[str] = True,
    bias: bool = True,
    bias_y: float | None = None,
    rel_rsc: tuple[float, float] | None = None,
    circle_cex: float = 1.0,
    node_labs: bool | Sequence[str | Sequence[str]] = True,
    var_labs: bool = True,
    line_stag: float | None = None,
    cex_val: float = 1.0,
    alpha_val: float = 1.0,
    circle_col: str | Sequence[str] = "lightgrey",
    pos_col: str = "black",
    neg_col: str = "#9A9A9A",
    bord_col: str = "black",
    max_sp: bool = False,
    pad_x: float = 1.0,
    prune_col: str | None = None,
    prune_lty: Any = "dashed",
    skip: bool | None = None,
    max_units: int | None = None,
    layer_names: Sequence[str] | None = None,
    dropped: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw a network of dense layers: circles for units, lines for weights.

    Inputs stand on the left, hidden units in the middle, outputs on the right, and biases (B1, B2,
    ...) above.  The wider a line the larger its weight's magnitude; positive weights are black,
    negative ones grey and dashed.  The arguments are those of ``plotnet`` in R's NeuralNetTools
    (Beck 2018, Journal of Statistical Software 85(11)), and `max_units` and `layer_names`.
    Circles and labels grow with matplotlib's ``font.size``.

    Parameters
    ----------
    model : Model, ``lamina.nnet`` fit, fitted estimator, or array_like
        Any network that ``lamina.inference.connections`` reads: dense layers with skip connections
        through ``Add`` and ``Concatenate``; fits of ``nnet``, skip layers included, and of
        ``multinom``; estimators with ``coefs_`` and ``intercepts_`` or a ``model_``.  Or a vector
        of weights with `struct`.
    x_names, y_names : sequence of str, optional
        Names of inputs and outputs.
    path : str or path-like, optional
        Where to save the figure; the ending chooses the format.
    struct : sequence of int, optional
        The units of each layer, inputs first, for a vector of weights in the order of R's ``wts``:
        for each unit its bias and the weights of the units before it.
    nid : bool, default True
        Whether widths and colours follow the weights; False draws thin black lines.
    all_out, all_in : bool, str or sequence of str, default True
        The outputs, and inputs, whose lines are drawn: all, none, or those named.
    bias : bool, default True
        Whether biases are drawn, in networks that have any.
    bias_y : float, optional
        The height of the biases: 1 is the top of the tallest layer; by default slightly above.
    rel_rsc : (float, float), optional
        Widths, in points, of the smallest and the largest weight; by default up to (0.6, 5.0), less
        if there are many lines.
    circle_cex : float, default 1.0
        Size of the circles, relative to one that suits the number of units.
    node_labs : bool or sequence, default True
        Whether units are labelled I1, H1, O1, B1, ...; or the labels of each layer, inputs first:
        a list of them, or a pattern such as ``"$x_{%d}$"``, in which ``%d`` is the unit's number.
    var_labs : bool, default True
        Whether the names of inputs and outputs are written beside them.
    line_stag : float, optional
        The distance from the units' middles at which lines begin and end, relative to the distance
        between layers; by default they go from middle to middle, behind the circles.
    cex_val : float, default 1.0
        Size of the labels, relative to the default.
    alpha_val : float, default 1.0
        Opacity of the lines.
    circle_col : str or (str, str), default "lightgrey"
        The colour of the circles, or two colours for inputs and other units.
    pos_col, neg_col, bord_col : str
        Colours of positive and negative weights, and of the circles' borders.
    max_sp : bool, default False
        Whether the units of each layer are spread over the whole height.
    pad_x : float, default 1.0
        Distance between layers, relative to the default.
    prune_col : str, optional
        Colour of weights that are exactly 0, drawn thin with dashes `prune_lty`; not drawn if None.
    prune_lty : str, default "dashed"
    skip : bool, optional
        True draws only skip connections, False omits them; by default all lines are drawn.
    max_units : int, optional
        The largest number of units drawn in a layer; if there are more, the first ones, dots and
        the last.
    layer_names : sequence of str, optional
        The text above each layer, inputs first.
    dropped : sequence of str, optional
        Units such as "I2" and "H3" that are drawn as left out by dropout: crossed out, without
        their lines.
    ax : matplotlib Axes, optional
        Where to draw, with the layers at x = 0, 1, 2, ...; by default a new figure of pyplot's, as
        large as the network requires.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError
        If the model is not made of dense layers, or names or weights do not fit it.

    Examples
    --------
    >>> import lamina
    >>> model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(3, "sigmoid"),
    ...                            lamina.layers.Dense(1)])
    >>> ax = lamina.plot.plotnet(model, ["age", "dose"], ["risk"])
    >>> sorted(text.get_text() for text in ax.texts)
    ['B1', 'B2', 'H1', 'H2', 'H3', 'I1', 'I2', 'O1', 'age', 'dose', 'risk']
    """
    from lamina.inference.networks import named_connections

    require_matplotlib(WHO)
    _check_numbers(bias_y=bias_y, circle_cex=circle_cex, cex_val=cex_val, line_stag=line_stag,
                   alpha_val=alpha_val)  # fmt: skip
    given = model if struct is None else _of_weights(model, struct)
    net = named_connections(given, x_names, y_names, WHO, ("x_names", "y_names"))
    biases = bias and any(la.bias is not None for la in net.layers)
    drawing = Drawing(net, max_sp, biases, bias_y, max_units)
    labels = [] if isinstance(node_labs, bool) else drawing.of_layers("node_labs", node_labs)
    titles = [] if layer_names is None else drawing.of_layers("layer_names", layer_names)
    drawing.drop(dropped)
    kept = _kept(drawing, skip, all_in, all_out)
    lines = Lines(nid, pos_col, neg_col, prune_col, prune_lty, _widths(rel_rsc, len(kept)),
                  alpha_val, line_stag or 0.0)  # fmt: skip
    circles = (circle_col, circle_col) if isinstance(circle_col, str) else tuple(circle_col)

    def draw(axes: Axes) -> None:
        if ax is not None:
            drawing.fit_into(inches(axes)[1])
        lines.draw(axes, kept)
        shown = cex_val if node_labs is not False else 0.0
        drawing.draw_units(axes, circle_cex, circles, bord_col, shown, drawing.labels(labels))
        if var_labs:
            drawing.draw_names(axes, circle_cex, cex_val)
        drawing.frame(axes, titles)

    return on_axes(WHO, draw, ax, path, _size(drawing, titles, pad_x, cex_val if var_labs else 0.0))


def _check_numbers(**given: float | None) -> None:
    for name, value in given.items():
        if value is not None:
            _check.number(WHO, name, value, 0.0)


def _kept(drawing: Drawing, skip: bool | None, all_in: Any, all_out: Any) -> list[Edge]:
    """Return the lines that are drawn."""
    net = drawing.net
    return [
        edge for edge in drawing.edges
        if skip in (None, edge.skips)
        and (edge.source not in net.inputs or _is_wanted("all_in", all_in, net, edge.source))
        and (edge.target not in net.outputs or _is_wanted("all_out", all_out, net, edge.target))
        and not {edge.source, edge.target} & drawing.dropped
    ]  # fmt: skip


def _widths(given: Any, lines: int) -> tuple[float, float]:
    """Return the widths of the smallest and the largest weight, thinner if there are many lines."""
    most = min(5.0, 60.0 / max(lines, 1) ** 0.5)
    if given is None:
        return 0.12 * most, most
    pair = as_numbers(WHO, "rel_rsc", given)
    low, high = pair.tolist() if pair.shape == (2,) else (0.0, 0.0)
    if not 0 < low <= high:
        raise ValueError(f"{WHO}: rel_rsc must be two widths, the smaller first; got {given!r}")
    return low, high


def _size(drawing: Drawing, titles: Sequence[str], pad: float, names: float) -> tuple[float, float]:
    """Return a figure's width and height in inches; ``names`` is the size of names, 0 for none."""
    larger = scale_of_text()
    between = BETWEEN * _check.number(WHO, "pad_x", pad, 0.1, 10.0) * (1 + larger) / 2
    height = EACH * (drawing.tallest + bool(titles)) * larger + 1.0
    width = min(max(between * drawing.last + 2.2 * larger, 4.0), 16.0)
    if names:
        width += _room_for_names(drawing.net, names, 1.1 * larger)
    return width, min(max(height, 3.2), 14.0)


def _room_for_names(net: Any, size: float, usual: float) -> float:
    """Return the inches that the longest names at both sides need beyond the usual ones."""
    sides = ([net.units[i] for i in ends] for ends in (net.inputs, net.outputs))
    needed = (size * max(map(length, names), default=0.0) + 0.4 for names in sides)
    return sum(max(0.0, each - usual) for each in needed)


def _is_wanted(what: str, wanted: Any, net: Any, unit: Any) -> bool:
    if isinstance(wanted, (bool, np.bool_)):
        return bool(wanted)
    names = [wanted] if isinstance(wanted, str) else _check.names(WHO, what, wanted)
    ends = net.inputs if what == "all_in" else net.outputs
    known = [net.units[i] for i in ends]
    for name in names:
        if name not in known:
            raise ValueError(f"{WHO}: {what} must be among {', '.join(known)}; got {name!r}")
    return net.units[unit] in names


def _of_weights(weights: Any, struct: Sequence[int]) -> Any:
    """Return an object with ``coefs_`` and ``intercepts_``, from weights in R's order."""
    if not isinstance(struct, (Sequence, np.ndarray)) or isinstance(struct, str):
        raise TypeError(f"{WHO}: struct must be a list of units, such as [2, 3, 1]; got {struct!r}")
    sizes = [_check.integer(WHO, "struct", each) for each in struct]
    if hasattr(weights, "get_weights") or hasattr(weights, "wts"):
        raise TypeError(
            f"{WHO}: struct is for a vector of weights in R's order; the layers of a "
            f"{type(weights).__name__} are known: leave struct out"
        )
    given = as_numbers(WHO, "model", weights).astype(np.float64)
    needed = sum((a + 1) * b for a, b in itertools.pairwise(sizes))
    if len(sizes) < 2 or given.shape != (needed,):
        raise ValueError(
            f"{WHO}: the weights of a network of {list(struct)} units must have shape "
            f"({needed},); got {given.shape}"
        )
    kernels, biases, begin = [], [], 0
    for before, behind in itertools.pairwise(sizes):
        block = given[begin : begin + (before + 1) * behind].reshape(behind, before + 1)
        biases.append(block[:, 0])
        kernels.append(block[:, 1:].T)
        begin += block.size
    return SimpleNamespace(coefs_=kernels, intercepts_=biases)
