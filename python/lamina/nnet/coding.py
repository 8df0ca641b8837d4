"""Small functions of R's nnet: indicator matrices, and the index of the largest element."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina import _check
from lamina._arrays import as_numbers
from lamina._calls import answering_calls
from lamina.nnet.formulas.variables import factor, variable

Generator = np.random.Generator


@answering_calls
def class_ind(cl: Any = _check.NEEDED, return_levels: bool = False) -> Any:
    """Return the indicator matrix of classes, R's ``class.ind``.

    The columns of R's matrix are named by the classes.  Arrays have no such names:
    ``return_levels`` returns the classes too, as in ``numpy.unique``.

    Parameters
    ----------
    cl : array_like (rows,)
        The class of each row: strings, numbers, truth values, or a categorical column of pandas or
        polars, whose categories all get a column.
    return_levels : bool, default False
        Whether to return the classes too.

    Returns
    -------
    indicators : ndarray (rows, classes)
        float64: 1 in the column of a row's class, 0 elsewhere; all 0 if the class is missing.  The
        columns are in the order of the sorted classes, or of the categories.
    levels : list
        The class of each column, as in the data.  Only with ``return_levels``.

    Raises
    ------
    TypeError
        If ``cl`` does not have one class per row.

    See Also
    --------
    lamina.utils.to_categorical : The same for classes that are numbered from 0.

    Examples
    --------
    >>> class_ind(["b", "a", "b"])
    array([[0., 1.],
           [1., 0.],
           [0., 1.]])
    >>> indicators, levels = class_ind(["b", "a", "b"], return_levels=True)
    >>> levels
    ['a', 'b']
    """
    _check.boolean("class_ind", "return_levels", return_levels)
    held = variable("class_ind", "cl", cl)
    if held.values.ndim != 1:
        raise TypeError(f"class_ind: cl must have one class per row; got shape {held.values.shape}")
    if held.kind != "factor":
        as_given = bool if held.kind == "logical" else int if held.whole else float
        held = factor([None if np.isnan(v) else as_given(v) for v in held.values.tolist()])
    indicators = np.concatenate([np.eye(len(held.levels)), np.zeros((1, len(held.levels)))])
    found = indicators[held.values]
    return (found, list(held.levels)) if return_levels else found


@answering_calls
def which_is_max(x: Any = _check.NEEDED, seed: int | Generator | None = None) -> int:
    """Return the index of the largest element, as R's ``which.is.max``; ties are broken at random.

    Parameters
    ----------
    x : array_like (n,)
    seed : int or numpy.random.Generator, optional
        Chooses among elements that are equally large.  By default the seed of
        ``lamina.set_random_seed``, or a random one.

    Returns
    -------
    int
        The index, counted from 0.

    Raises
    ------
    ValueError
        If ``x`` is empty or contains NaN.

    Examples
    --------
    >>> which_is_max([1.0, 3.0, 2.0])
    1
    >>> {which_is_max([2, 2, 0], seed=s) for s in range(20)}
    {0, 1}
    """
    values = as_numbers("which_is_max", "x", x).astype(np.float64)
    if values.ndim != 1 or not values.size or np.isnan(values).any():
        raise ValueError(f"which_is_max: x must be a vector of numbers, not empty; got {x!r}")
    places = np.flatnonzero(values == values.max())
    if len(places) == 1:
        return int(places[0])
    return int(_generator(seed).choice(places))


def _generator(seed: Any) -> Generator:
    if isinstance(seed, Generator):
        return seed
    if seed is not None:
        return np.random.default_rng(_check.integer("which_is_max", "seed", seed, 0))
    from lamina.random import next_seed

    return np.random.default_rng(next_seed())
