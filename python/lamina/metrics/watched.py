"""Metrics in a recorded step or call, which are fed after each batch."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina._tensors import Arguments, Recording, Tensor
from lamina._tensors.awaited import Awaited

if TYPE_CHECKING:
    from lamina.metrics.base import Metric


class MetricResult(Awaited):
    """Stands for a metric's result while a step is recorded.

    Attributes
    ----------
    metric : Metric
    calls : list of Arguments
        The arguments of the calls of ``update_state``.
    keys : list of str
        The keys under which the step returns it; none if no step does.
    """

    def __init__(self, metric: Metric) -> None:
        self.metric = metric
        self.calls: list[Arguments] = []
        self.keys: list[str] = []

    def __repr__(self) -> str:
        """Return the name of the metric."""
        return f"<result of metric {self.metric.name}, known after each batch>"

    def value(self, known: Mapping[int, Any]) -> Any:
        """Return the metric's result."""
        found = known.get(id(self.metric))
        return np.asarray(self.metric.result() if found is None else found, np.float64)


def while_recorded(cls: type[Metric]) -> None:
    """Make a class's methods note their calls while a graph is recorded."""
    own_update, own_result = vars(cls).get("update_state"), vars(cls).get("result")
    if own_update is not None:

        @functools.wraps(own_update)
        def update_state(self: Metric, *args: Any, **kwargs: Any) -> None:
            now = _recording()
            if now is None:
                own_update(self, *args, **kwargs)
            else:
                entry = of(self, now)
                if id(self) not in now.reported:
                    entry.calls.append(Arguments(args, kwargs, lambda v: isinstance(v, Tensor)))

        cls.update_state = update_state  # type: ignore[method-assign]
    if own_result is not None:

        @functools.wraps(own_result)
        def result(self: Metric, *args: Any, **kwargs: Any) -> Any:
            now = _recording()
            return own_result(self, *args, **kwargs) if now is None else of(self, now)

        cls.result = result  # type: ignore[method-assign]


def of(metric: Metric, recording: Recording) -> MetricResult:
    """Return the placeholder of the metric in a recording."""
    return recording.watched.setdefault(id(metric), MetricResult(metric))  # type: ignore[no-any-return]


def _recording() -> Recording | None:
    now = Recording.current()
    return None if now is None or now.once else now
