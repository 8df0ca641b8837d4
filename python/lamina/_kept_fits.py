"""An earlier fit of an estimator, put back if the next one fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lamina.saving.weights import named


@contextmanager
def kept_on_error(estimator: Any) -> Iterator[None]:
    """Put back all attributes of an estimator, and the lengths of its lists, after an error."""
    before = dict(vars(estimator))
    lengths = [(each, len(each)) for each in before.values() if type(each) is list]
    try:
        yield
    except Exception:
        estimator.__dict__.clear()
        estimator.__dict__.update(before)
        for each, length in lengths:  # fits append to records such as loss_curve_
            del each[length:]
        raise


@contextmanager
def trained_on_success(model: Any) -> Iterator[None]:
    """Put back the weights of a model and the state of its training after an error.

    Without a model, nothing is done.
    """
    if model is None:
        yield
        return
    weights, history = model.snapshot(), model.history
    state = model.train_state.get(named(model))
    try:
        yield
    except Exception:
        model.restore(weights)
        model.train_state.set(state, named(model))
        model.history = history
        raise
