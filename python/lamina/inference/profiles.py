"""Lek's profiles: the output along one input while the others are held at typical values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _check
from lamina._arrays import as_numbers
from lamina._calls import answering_calls
from lamina._columns import Columns
from lamina._named_columns import Table
from lamina._predicting import Predicting, chosen_outputs, columns_read

Array = NDArray[Any]

WHO = "lekprofile"
QUANTILES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


class LekProfile(Columns):
    """Responses along each input, as a table.

    The columns are ``input``, ``value`` (of that input), ``group``, ``output`` and ``response``.

    Attributes
    ----------
    inputs, outputs, group_names : list of str
    groups : Columns
        A row for each group: its name and the value at which each input is held.
    """

    def __init__(
        self, columns: dict[str, Any], inputs: list[str], outputs: list[str], groups: Columns
    ) -> None:
        super().__init__(columns)
        self.inputs, self.outputs, self.groups = inputs, outputs, groups
        self.group_names = [str(name) for name in groups["group"]]

    def curve(self, input: str, output: str, group: str) -> tuple[Array, Array]:  # noqa: A002
        """Return the values of an input and the responses in one group."""
        here = (self["input"] == input) & (self["output"] == output) & (self["group"] == group)
        return self["value"][here], self["response"][here]


@answering_calls
def lekprofile(
    model: Any,
    x: Any,
    xsel: Sequence[int | str] | int | str | None = None,
    ysel: Sequence[int | str] | int | str | None = None,
    steps: int = 100,
    group_vals: Any = QUANTILES,
    val_out: bool = False,
    group_show: bool = False,
    grp_nms: Sequence[str] | None = None,
    *,
    names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    random_state: int = 0,
) -> Any:
    """Return the outputs along each input, from its smallest to its largest value.

    The other inputs are held at their quantiles, at the centres of clusters of the rows, or at
    given values.  ``lamina.plot.lekprofile`` draws the result.

    Parameters
    ----------
    model : Model, fit of lamina.nnet, fitted estimator, or function of a table
    x : array_like of shape (rows, inputs), a frame or a dict of columns
        The training data of the model: numbers, with at least two inputs.
    xsel : sequence of int or str, optional
        The inputs to vary, by default all; for a formula, those that it names.
    ysel : sequence of int or str, optional
        The outputs, by default all.
    steps : int, default 100
        The number of values of an input.
    group_vals : sequence of float, int or array_like, default (0, 0.2, 0.4, 0.6, 0.8, 1)
        Numbers up to 1 are quantiles at which each of the other inputs is held; a number above 1 is
        the number of clusters that k-means forms from the rows, at whose centres the inputs are
        held (scikit-learn is needed); an array of shape (groups, inputs) has the values themselves.
    val_out : bool, default False
        Whether to return the pair of the table and the groups, as in NeuralNetTools.
    group_show : bool, default False
        Whether to return only the groups: the values at which inputs are held.
    grp_nms : sequence of str, optional
        Names of the groups.
    names, output_names : sequence of str, optional
    random_state : int, default 0
        The seed of k-means.

    Returns
    -------
    LekProfile
        Or the results that ``val_out`` and ``group_show`` request.

    Notes
    -----
    S. Lek et al., Ecological Modelling 90 (1996) 39-52; M. Gevrey, I. Dimopoulos and S. Lek,
    Ecological Modelling 160 (2003) 249-264.  Arguments are those of NeuralNetTools.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.inference import lekprofile
    >>> x = np.random.default_rng(0).uniform(size=(50, 2))
    >>> profile = lekprofile(lambda x: x[:, 0] * x[:, 1], x, steps=3, group_vals=[0.5])
    >>> profile.rows, profile.groups.rows
    (6, 1)
    """
    table = Table(WHO, x, names)
    seed = _check.integer(WHO, "random_state", random_state, 0)
    if len(table.names) == 1:
        raise ValueError(f"{WHO}: x must have at least two inputs; got one")
    steps = _check.integer(WHO, "steps", steps, 2)
    val_out = _check.boolean(WHO, "val_out", val_out)
    group_show = _check.boolean(WHO, "group_show", group_show)
    places = columns_read(model, table) if xsel is None else table.places(xsel)
    read = sorted({*columns_read(model, table), *places})
    values = np.column_stack([table.numbers(i) for i in read])
    held, labels = _groups(values, group_vals, seed)
    if grp_nms is not None:
        labels = _check.names(WHO, "grp_nms", grp_nms, len(held))
    columns = {table.names[place]: held[:, i] for i, place in enumerate(read)}
    groups = Columns({"group": labels, **columns})
    if group_show:
        return groups
    predicting = Predicting(WHO, model)
    profile = _along(predicting, table, read, values, held, groups, places, ysel, output_names,
                     steps)  # fmt: skip
    return (profile, groups) if val_out else profile


def _along(
    predicting: Predicting, table: Table, read: list[int], values: Array, held: Array,
    groups: Columns, places: list[int], ysel: Any, output_names: Any, steps: int,
) -> LekProfile:  # fmt: skip
    made: dict[str, list[Array]] = {
        k: [] for k in ("input", "value", "group", "output", "response")
    }
    labels, outputs = groups["group"], []
    for place in places:
        at = read.index(place)
        line = np.linspace(values[:, at].min(), values[:, at].max(), steps)
        rows = np.repeat(held, steps, axis=0)
        rows[:, at] = np.tile(line, len(held))
        grid = table.taken(np.zeros(len(rows), int))
        responses = predicting(grid.replaced(dict(zip(read, rows.T, strict=True))))
        every = predicting.output_names(responses.shape[1], output_names)
        outputs = [every[i] for i in chosen_outputs(WHO, ysel, every)]
        for name in outputs:
            made["input"].append(np.repeat(table.names[place], len(rows)))
            made["value"].append(rows[:, at])
            made["group"].append(np.repeat(labels, steps))
            made["output"].append(np.repeat(name, len(rows)))
            made["response"].append(responses[:, every.index(name)])
    columns = {name: np.concatenate(parts) for name, parts in made.items()}
    return LekProfile(columns, [table.names[i] for i in places], outputs, groups)


def _groups(values: Array, asked: Any, random_state: int) -> tuple[Array, list[str]]:
    """Return the values at which inputs are held, a row for each group, and the groups' names."""
    given = as_numbers(WHO, "group_vals", asked).astype(np.float64)
    if given.ndim == 2:
        if given.shape[1] != values.shape[1]:
            raise ValueError(
                f"{WHO}: group_vals must have a column for each of {values.shape[1]} inputs; got "
                f"shape {given.shape}"
            )
        if not np.isfinite(given).all():
            raise ValueError(f"{WHO}: group_vals must be finite; got {asked!r:.80}")
        return given, [str(i + 1) for i in range(len(given))]
    flat = given.reshape(-1)
    if flat.size and (flat >= 0).all() and (flat <= 1).all():
        return np.quantile(values, flat, axis=0), [f"{q:g}" for q in flat]
    if flat.size != 1 or flat[0] != np.floor(flat[0]) or flat[0] < 2:
        raise ValueError(
            f"{WHO}: group_vals must be quantiles from 0 to 1, a number of clusters above 1, or an "
            f"array of shape (groups, inputs); got {asked!r}"
        )
    centres = _clusters(values, int(flat[0]), random_state)
    return centres, [str(i + 1) for i in range(len(centres))]


def _clusters(values: Array, count: int, random_state: int) -> Array:
    if count > len(values):
        raise ValueError(f"{WHO}: {count} clusters need as many rows; got {len(values)}")
    try:
        from sklearn.cluster import KMeans  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError as error:
        raise ImportError(
            f"{WHO}: clusters need scikit-learn: pip install 'lamina[sklearn]'"
        ) from error
    found = KMeans(count, n_init=10, random_state=random_state).fit(values)
    centres: Array = np.asarray(found.cluster_centers_, np.float64)
    return centres[np.lexsort(centres.T[::-1])]
