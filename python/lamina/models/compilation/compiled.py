"""The arguments of ``compile``: the optimizer and, for each output, loss, weight and metrics."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lamina import _check, losses, metrics, optimizers
from lamina._check import Shape
from lamina._settings import Configurable, check_fits, version
from lamina.losses.base import Loss
from lamina.losses.several import SumOfLosses
from lamina.metrics.base import KernelMetric
from lamina.metrics.direction import DOWN, direction_of, direction_of_name
from lamina.models.compilation import by_output
from lamina.models.training import logs as logs_

if TYPE_CHECKING:
    from lamina.models.data.prepared import Form

Request = tuple[Any, bool]
Resolved = tuple[Any, bool, str]


class NoLoss(Loss):
    """Stands for the missing loss of an output that has metrics: 0 for every row.

    The training loss then comes from the model's own step, or from ``add_loss`` in its layers.
    """

    free_target = True

    def call(self, y_true: Any, y_pred: Any) -> Any:  # noqa: ARG002
        """Return zeros."""
        from lamina import ops

        return ops.zeros_like(ops.mean(y_pred, axis=tuple(range(1, y_pred.ndim))))


class Compiled:
    """The arguments of ``compile``, resolved as far as is possible without shapes.

    Attributes
    ----------
    losses : list of Loss or None
        One for each output; None excludes the output from training.
    scales : list of float
        The weight of each output's loss in the total.
    requests : list of list of tuple
        For each output, (metric or "accuracy", whether it is weighted).

    Parameters
    ----------
    optimizer, loss, plain, weighted, loss_weights : object
        As passed to ``compile``; ``plain`` are the metrics without weights.
    names : sequence of str
        Of the outputs.
    dtype : str
        That of the model.
    free : bool
        Whether the model may have its own loss.
    form : structure of Leaf, optional
        The form of the outputs.
    """

    def __init__(
        self,
        optimizer: object,
        loss: object,
        plain: object,
        weighted: object,
        loss_weights: object,
        names: Sequence[str],
        dtype: str,
        free: bool = False,
        form: Any = None,
    ) -> None:
        self.advised: set[str] = set()  # warnings that fits have given
        self.tracker = metrics.Mean(name="loss")  # holds the loss of the last pass
        self._accuracies: dict[tuple[int, int], Any] = {}  # by output and index among its metrics
        self.running = False  # whether a pass over data is using the metrics
        self.names = list(names)
        self.optimizer = optimizers.get(optimizer)
        self.losses = [None if one is None else _loss(one) for one in by_output.losses(loss, names)]
        self._unnamed = by_output.unnamed(loss, names, form)
        self._order = by_output.order(loss, names, form)
        if all(one is None for one in self.losses) and not free:
            raise ValueError(f"compile: needs a loss, such as loss='mse'; got {loss!r}")
        self.scales = [
            1.0
            if s is None
            else _check.number("compile", "loss_weights", s, -_check.LARGEST, _check.LARGEST)
            for s in by_output.each("loss_weights", loss_weights, names)
        ]
        self.requests: list[list[Request]] = [
            [(m, w) for given, w in ((a, False), (_apart(b, a), True)) for m in given]
            for a, b in zip(
                _named(by_output.lists("metrics", plain, names, form)),
                _named(by_output.lists("weighted_metrics", weighted, names, form)),
                strict=True,
            )
        ]
        for name, one, requests in zip(names, self.losses, self.requests, strict=True):
            if one is None and requests and not free:
                raise ValueError(f"compile: output {name!r} has metrics but no loss")
        self.losses = [
            NoLoss() if loss is None and requests else loss
            for loss, requests in zip(self.losses, self.requests, strict=True)
        ]
        self._number_names()
        self._check_names()
        self.check_settings(dtype)

    def check_named(self, who: str) -> None:
        """Raise ValueError where a dict of losses leaves out an output."""
        if self._unnamed:
            raise ValueError(
                f"{who}: loss has nothing for output {self._unnamed[0]!r}; give compile a loss, "
                f"or None to exclude the output from training"
            )

    def _number_names(self) -> None:
        """Add numbers to the names of unnamed metrics of the same class, as Keras does."""
        for requests in self.requests:
            taken: dict[bool, set[str]] = {False: set(), True: set()}
            for metric, weighted in requests:
                if isinstance(metric, str):
                    continue
                if metric.name is not None and metric.name == getattr(metric, "_own_name", None):
                    metric.name = _free(metric.default_name(), taken[weighted])
                    metric._own_name = metric.name
                taken[weighted].add(metric.name)

    def check_settings(self, dtype: str) -> None:
        """Reject settings of optimizer, losses and metrics that do not fit the model's dtype."""
        held = (self.optimizer, *self.losses, *(m for each in self.requests for m, _ in each))
        for thing in held:
            if isinstance(thing, Configurable):
                check_fits(thing, dtype)

    @property
    def loss(self) -> Any:
        """The loss, or the list of them for several outputs."""
        return self.losses[0] if len(self.losses) == 1 else list(self.losses)

    def key(self, output: int, name: str) -> str:
        """Return the key of a quantity of an output in the logs."""
        return name if len(self.names) == 1 else f"{self.names[output]}_{name}"

    @property
    def loss_keys(self) -> list[str]:
        """The keys of the outputs' own losses in the logs, if there are several outputs."""
        places = [i for i in self._order if not isinstance(self.losses[i], (NoLoss, type(None)))]
        return [self.key(i, "loss") for i in places] if len(places) > 1 else []

    def _keys(self, output: int, requests: Sequence[Request]) -> list[str]:
        # As in Keras, a weighted metric is distinguished from a plain one of the same name.
        named = [(m if isinstance(m, str) else m.name, weighted) for m, weighted in requests]
        plain = {name for name, weighted in named if not weighted}
        return [self.key(output, f"weighted_{n}" if w and n in plain else n) for n, w in named]

    def resolve(
        self, outputs: Sequence[Shape], forms: Sequence[Form | None] | None = None
    ) -> list[list[Resolved]]:
        """Return for each output (metric, whether it is weighted, its key in the logs).

        The meaning of "accuracy" depends on the shapes of the outputs and, if a loss takes any
        targets, on the shape and type of a row of the targets.
        """
        resolved: list[list[Resolved]] = []
        trio = zip(self.requests, self.losses, outputs, strict=True)
        for place, (requests, loss, shape) in enumerate(trio):
            form = None if forms is None else forms[place]
            found = [metrics.resolve(m, loss, shape, form) for m, _ in requests]
            pairs = [
                (self._same(place, i, m), w)
                for i, (m, (_, w)) in enumerate(zip(found, requests, strict=True))
            ]
            keys = self._keys(place, pairs)
            resolved.append([(m, w, key) for (m, w), key in zip(pairs, keys, strict=True)])
        self._check_names()  # metrics can be renamed after compile
        return resolved

    def _same(self, output: int, place: int, metric: Any) -> Any:
        """Return the object that was used for "accuracy" before, if it is of the same kind."""
        if not _is_accuracy(self.requests[output][place][0]):
            return metric
        known: Any = self._accuracies.get((output, place))
        if type(known) is type(metric) and known.parameter == metric.parameter:
            return known
        self._accuracies[output, place] = metric
        return metric

    @property
    def metric_objects(self) -> list[Any]:
        """The loss's mean, then the metrics of the outputs; "accuracy" once its form is known."""
        found: list[Any] = [self.tracker]
        for output, requests in enumerate(self.requests):
            for place, (metric, _) in enumerate(requests):
                found.append(self._accuracies.get((output, place), metric))
        return [metric for metric in found if not isinstance(metric, str)]

    def _check_names(self) -> None:
        for requests in self.requests:
            for metric, _ in requests:
                name = metric if isinstance(metric, str) else metric.name
                if not isinstance(name, str) or not name:
                    raise TypeError(
                        f"compile: a metric's name must be a string, and not empty; that of "
                        f"{type(metric).__name__} is {name!r}"
                    )
        logs_.check_measured(self.loss_keys, self.metric_keys())

    def settings(self) -> list[int]:
        """Return numbers that change whenever a setting of a loss or a metric changes."""
        held = [*self.losses, *(m for requests in self.requests for m, _ in requests)]
        return [version(thing) for thing in held if isinstance(thing, (Loss, KernelMetric))]

    def metric_keys(self) -> list[str]:
        """Return the keys of the metrics in the logs, before they are resolved."""
        return [key for i, requests in enumerate(self.requests) for key in self._keys(i, requests)]

    @property
    def directions(self) -> dict[str, str | None]:
        """For each key of the logs whether larger ("up") or smaller values are better, if known."""
        known: dict[str, str | None] = dict.fromkeys(["loss", *self.loss_keys], DOWN)
        for i, requests in enumerate(self.requests):
            for (metric, _), key in zip(requests, self._keys(i, requests), strict=True):
                by_name = isinstance(metric, str)
                known[key] = direction_of_name(metric) if by_name else direction_of(metric)
        return known

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes; in a copy no pass over data is running."""
        return {**self.__dict__, "running": False}


def _loss(given: Any) -> Loss:
    if isinstance(given, (list, tuple)):
        return SumOfLosses([losses.get(one) for one in given])
    return losses.get(given)


def check_ignored(
    jit_compile: object, run_eagerly: object, steps_per_execution: object, auto_scale_loss: object
) -> None:
    """Check arguments of Keras's ``compile`` that compiled kernels do not use."""
    if jit_compile not in ("auto", None):
        _check.boolean("compile", "jit_compile", jit_compile)
    if run_eagerly is not None:
        _check.boolean("compile", "run_eagerly", run_eagerly)
    if steps_per_execution not in ("auto", None):
        _check.integer("compile", "steps_per_execution", steps_per_execution)
    _check.boolean("compile", "auto_scale_loss", auto_scale_loss)


def _free(name: str, taken: set[str]) -> str:
    """Return the name, or the first of "name_1", "name_2", ... that is unused."""
    count = itertools.count(1)
    return next(
        n for n in itertools.chain([name], (f"{name}_{i}" for i in count)) if n not in taken
    )


def _named(lists: list[list[Any]]) -> list[list[Any]]:
    return [[m if _is_accuracy(m) else metrics.get(m) for m in given] for given in lists]


def _is_accuracy(metric: Any) -> bool:
    return isinstance(metric, str) and metric.lower() in ("accuracy", "acc")


def _apart(weighted: list[Any], plain: list[Any]) -> list[Any]:
    # One object cannot hold two sums.
    return [copy.deepcopy(m) if any(m is p for p in plain) else m for m in weighted]
