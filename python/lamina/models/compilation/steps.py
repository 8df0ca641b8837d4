"""User-defined steps: ``compute_loss``, ``train_step`` and ``test_step``, recorded like the loss.

Keras's versions are written for one backend and compute its gradients; here they define the loss,
with ``lamina.ops``, and the engine does the rest.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check, _core
from lamina._check import Array
from lamina._tensors import Recording, Tensor
from lamina._tensors.arguments import Arguments, flat, mapped
from lamina._tensors.awaited import Awaited
from lamina._tensors.given import given
from lamina.metrics.mean import Mean, recorded_mean
from lamina.metrics.watched import MetricResult
from lamina.models.data.rows import Rows

if TYPE_CHECKING:
    from lamina.models.network.recorded import Recorded

OF_ALL = "lamina.models.compilation.stepped"  # the module that defines the methods of all models
STEPS = ("compute_loss", "train_step", "test_step")


def overridden(model: Any, name: str) -> bool:
    """Return whether the model's class overrides the method that all models have."""
    method = getattr(type(model), name, None)
    return inspect.isfunction(method) and method.__module__ != OF_ALL


def calls_model(model: Any, training: bool) -> bool:
    """Return whether the model's class defines a step, which calls the model itself."""
    return overridden(model, "train_step" if training else "test_step")


def has_own(model: Any) -> bool:
    """Return whether the model's class defines the loss."""
    return any(overridden(model, name) for name in STEPS)


def _check_takes_data(model: Any, name: str, step: Any) -> None:
    # Keras's JAX backend passes a state, too.
    signature = inspect.signature(step)
    try:
        signature.bind(None)
    except TypeError:
        raise TypeError(
            f"{model.name}: {name} gets the data alone, x, (x, y) or (x, y, sample_weight), and "
            f"returns a dict of tensors with 'loss': the engine holds weights, metrics and the "
            f"optimizer's state, and takes the gradients; for a loop of your own see "
            f"model.value_and_gradients and model.input_gradients; got {name}{signature}"
        ) from None


def adds_keys(model: Any) -> bool:
    """Return whether the model's class may report quantities that are known once it is recorded."""
    return any(overridden(model, name) for name in ("train_step", "test_step", "compute_metrics"))


def needing_targets(who: str, model: Any) -> str:
    """Return which arguments of ``compile`` need targets, as a clause; "" if none does.

    The step that the caller, ``who``, runs may do without them if the model's class defines it.
    """
    compiled = model.compilation(who)
    if not any(compiled.losses):
        return ""
    tests = who.startswith(("evaluate", "test_on_batch", "fit: validation_data"))
    run = ("test_step" if tests else "train_step", "compute_loss")
    if not any(overridden(model, name) for name in run):
        return "the loss needs targets"
    return "the metrics need targets" if any(compiled.requests) else ""


def takes_weights(model: Any) -> bool:
    """Return whether a method of the model's class takes the weights of rows as they are given."""
    return has_own(model) or overridden(model, "compute_metrics")


@dataclass
class Given:
    """What a user-defined step takes as it was given: weights, and targets without a loss.

    Attributes
    ----------
    form, weights : the structures of targets and of weights, with their leaves replaced
    arrays : list of ndarray, or of Rows
        Those of the targets come first.
    untargeted : bool
        Whether there are no targets, although ``compile`` was given a loss.
    """

    form: Any = None
    arrays: list[Any] = field(default_factory=list)
    weights: Any = None
    untargeted: bool = False

    @property
    def kinds(self) -> tuple[tuple[Any, ...], ...]:
        """Shape and type of a row of each array."""
        return tuple((a.shape[1:], _kind(a)) for a in self.arrays)

    @property
    def key(self) -> tuple[Any, ...]:
        """The key on which recordings depend."""
        return repr(self.form), repr(self.weights), self.kinds, self.untargeted

    @property
    def target(self) -> Any:
        """The targets if they are one array, otherwise None."""
        return self.arrays[self.form.index] if isinstance(self.form, _Leaf) else None

    def weighed(self, who: str, model: Any, weights: Any, rows: int) -> Given:
        """Return the same targets with these weights, a structure of arrays, or None."""
        count = sum(isinstance(leaf, _Leaf) for leaf in flat(self.form))
        arrays = self.arrays[:count]
        return replace(
            self, weights=_taken(who, "sample_weight", model, weights, rows, arrays), arrays=arrays
        )


def given_targets(who: str, model: Any, y: Any, rows: int) -> Given:
    """Return targets of any form, for a user-defined step, without a loss to check them."""
    arrays: list[Any] = []
    return Given(_taken(who, "y", model, y, rows, arrays), arrays)


def _taken(who: str, name: str, model: Any, values: Any, rows: int, arrays: list[Any]) -> Any:
    """Append the arrays of a structure to a list, and return the structure of their places."""

    def taken(value: Any) -> Any:
        if is_nest(value) or (value is None and name != "y"):
            return None
        if isinstance(value, Rows):
            one = functools.partial(_converted, who, dtype=model.dtype, of_row=True)
            arrays.append(value.each(one, name))
            return _Leaf(len(arrays) - 1)
        array = _converted(who, name, np.asarray(value), model.dtype)
        if array.ndim == 0 or len(array) != rows:
            shape = array.shape
            raise ValueError(f"{who}: {name} must have {rows} rows, like x; got shape {shape}")
        arrays.append(np.ascontiguousarray(array))
        return _Leaf(len(arrays) - 1)

    return None if values is None else mapped(values, taken)


def _converted(who: str, name: str, array: Array, dtype: str, *, of_row: bool = False) -> Array:
    if array.dtype.kind in "iu":
        return _check.integers(who, name, array, None, of_row=of_row)
    if array.dtype.kind == "b":
        return array
    return _check.floats(who, name, array, dtype, of_row=of_row)


class _Leaf:
    """The position of one of the arrays."""

    def __init__(self, index: int) -> None:
        self.index = index

    def __repr__(self) -> str:
        """Return its index."""
        return f"<{self.index}>"


def is_nest(value: Any) -> bool:
    """Return whether a value is a dict, or a list, of arrays, rather than a list of numbers."""
    listed = isinstance(value, (list, tuple))
    return isinstance(value, dict) or (listed and any(hasattr(v, "shape") for v in value))


def _kind(array: Array) -> str:
    return {"i": "int32", "b": "bool"}.get(array.dtype.kind, "float")


class OwnStep:
    """The result of a user-defined step on a recorded model: a loss and reported quantities.

    Parameters
    ----------
    model : Compilable
    made : Recorded
        The model on a graph.
    targets : list of _core.Tensor or None
        For each output, in the form that its loss takes.
    extra : Given or None
        Targets without a loss, and weights.
    """

    def __init__(
        self,
        model: Any,
        made: Recorded,
        targets: Sequence[_core.Tensor | None],
        extra: Given | None,
    ) -> None:
        self.model, self.made = model, made
        self.recording = made.recording
        self.calculated: list[tuple[str, Awaited]] = []  # from results of metrics, by key
        self.x = model.packed_inputs(self._tensors(made.inputs))
        extra = extra or Given()
        fed = self._fed(extra)
        self.y = self._targets(targets) if extra.form is None else _filled(extra.form, fed)
        self.weight = _filled(extra.weights, fed)
        if isinstance(self.weight, Tensor) and isinstance(self.y, (list, tuple, dict)):
            self.weight = _for_each(self.y, self.weight)

    def _tensors(self, values: Sequence[_core.Tensor]) -> list[Tensor]:
        return [Tensor(self.recording, value) for value in values]

    def _fed(self, extra: Given) -> list[Tensor]:
        graph = self.recording.graph
        kinds = enumerate(extra.kinds)
        return self._tensors([graph.input(shape, f"given{i}", kind) for i, (shape, kind) in kinds])

    def _targets(self, targets: Sequence[_core.Tensor | None]) -> Any:
        known = [None if t is None else Tensor(self.recording, t) for t in targets]
        return None if all(t is None for t in known) else self.model.packed_outputs(known)

    def record(self, training: bool) -> dict[str, Tensor]:
        """Return the loss, under "loss", and other quantities reported by the step, as tensors."""
        model = self.model
        name = "train_step" if training else "test_step"
        if overridden(model, name):
            data = self.x if self.y is None else (self.x, self.y)
            if self.weight is not None:
                data = (self.x, self.y, self.weight)
            step = getattr(model, name)
            _check_takes_data(model, name, step)
            with self._hinting(name):
                result = step(data)
            return self._checked(name, result)
        loss = self._called("compute_loss", training=training)
        return {"loss": _number(model, "compute_loss", loss)}

    def _checked(self, name: str, result: Any) -> dict[str, Tensor]:
        if not isinstance(result, dict) or "loss" not in result:
            raise TypeError(
                f"{self.model.name}: {name} must return a dict of tensors with 'loss', which "
                f"training lowers; the engine takes the gradients and the optimizer's step; got "
                f"{result!r:.100}"
            )
        tensors = {}
        for key, value in result.items():
            if isinstance(value, MetricResult):
                value.keys.append(str(key))
            if key == "loss" and isinstance(value, MetricResult):
                tensors["loss"] = _number(self.model, name, _mean_lowered(value))
            elif isinstance(value, Awaited) and key != "loss":
                if not isinstance(value, MetricResult):
                    self.calculated.append((str(key), value))
            else:
                tensors[str(key)] = _number(self.model, name, value)
        return tensors

    def metrics(self) -> dict[str, Tensor]:
        """Return the quantities that ``compute_metrics`` reports besides the results of metrics."""
        result = self._called("compute_metrics")
        if not isinstance(result, dict):
            raise TypeError(
                f"{self.model.name}: compute_metrics must return a dict of results and tensors; "
                f"got {result!r:.100}"
            )
        quantities = {}
        for key, value in result.items():
            if not isinstance(value, Awaited):
                quantities[str(key)] = _number(self.model, "compute_metrics", value)
            elif not isinstance(value, MetricResult):
                self.calculated.append((str(key), value))
            elif not self._is_measured(value):
                value.keys.append(str(key))
            elif value.metric.name != key:  # the logs have it under its name
                self.calculated.append((str(key), value))
        return quantities

    def _is_measured(self, result: MetricResult) -> bool:
        """Return whether training measures this itself: the loss, and the metrics of compile."""
        if result.metric is self.model.compilation("fit").tracker:
            return not result.calls
        return id(result.metric) in self.recording.reported

    def _called(self, name: str, **more: Any) -> Any:
        """Return the result of a method of the model for its outputs."""
        method = getattr(self.model, name)
        outputs = self.model.packed_outputs(self._tensors(self.made.outputs))
        arguments = {"x": self.x, "y": self.y, "y_pred": outputs, "sample_weight": self.weight}
        arguments |= more
        taken = inspect.signature(method).parameters
        if not any(p.kind is p.VAR_KEYWORD for p in taken.values()):
            arguments = {key: value for key, value in arguments.items() if key in taken}
        with self._hinting(name):
            return method(**arguments)

    @contextmanager
    def _hinting(self, name: str) -> Iterator[None]:
        """Add to an error of a step that it has used targets that were not given."""
        try:
            yield
        except (TypeError, ValueError, AttributeError) as error:
            known = "y is None" in str(error)
            own = type(error) in (TypeError, ValueError, AttributeError)  # made from a text
            if self.y is not None or known or not own or "None" not in str(error):
                raise
            said = f"{self.model.name}: {name} got y=None, as no targets were given: {error}"
            told: Any = type(error)(said)
            told.placed = True
            raise told from error


def _filled(form: Any, fed: Sequence[Tensor]) -> Any:
    """Return a structure of places with the tensors that were fed there."""
    return mapped(form, lambda v: fed[v.index] if isinstance(v, _Leaf) else None)


def _for_each(y: Any, weight: Tensor) -> Any:
    """Return the weights of rows for every one of the targets."""
    return mapped(y, lambda v: weight if isinstance(v, Tensor) else None)


def _mean_lowered(watched: MetricResult) -> Any:
    """Return the tensor given to a mean in a step, for training to minimise.

    A result that is not a mean of tensors is returned unchanged.
    """
    metric = watched.metric
    of_mean = isinstance(metric, Mean) and type(metric).update_state is Mean.update_state
    several = len(watched.calls) > 1
    if not (of_mean and watched.calls) or (several and any(_weighted(c) for c in watched.calls)):
        return watched
    means = [recorded_mean(*args, **named) for args, named in map(_given, watched.calls)]
    return sum(means[1:], means[0]) / len(means)


def _given(call: Arguments) -> tuple[list[Any], dict[str, Any]]:
    return call.filled(call.tensors)


def _weighted(call: Arguments) -> bool:
    args, named = _given(call)
    return len(args) > 1 or named.get("sample_weight") is not None


def _number(model: Any, name: str, value: Any) -> Tensor:
    if value is None or isinstance(value, (str, dict, list, tuple, Awaited)):
        raise TypeError(f"{model.name}: {name} must return a tensor; got {value!r:.100}")
    return given(value)


def compute_loss(
    model: Any, y: Any, y_pred: Any, sample_weight: Any, losses: Sequence[Any], scales: Any
) -> Tensor:
    """Return the loss of ``compile``, ``add_loss`` and penalties: a tensor, of arrays a number."""
    if y is None and any(losses):
        raise TypeError(f"{model.name}: y is None; the loss needs targets")
    targets, predictions = flat(y), flat(y_pred)
    weights = _by_output(model, sample_weight, len(predictions))
    terms = list(model.losses)
    if Recording.current() is None:  # these are arrays
        terms = [float(np.sum(term)) for term in terms]
    known = [loss is not None for loss in losses]
    if len(targets) < len(losses):  # outputs without a loss were omitted
        held = iter(targets)
        targets = [next(held) if has else None for has in known]
    for loss, scale, t, p, w in zip(losses, scales, targets, predictions, weights, strict=True):
        if loss is not None:
            terms.append(loss(t, p, w) * scale)
    if not terms:
        raise ValueError(
            f"{model.name}: needs a loss: give compile one, call add_loss, or define compute_loss"
        )
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total  # type: ignore[no-any-return]


def _by_output(model: Any, weight: Any, count: int) -> list[Any]:
    """Return the weights for each output; a single array of them is for all outputs."""
    if not is_nest(weight):
        return [weight] * count
    found = model.by_output("compute_loss: sample_weight", weight)
    if isinstance(found, dict):
        return [found.get(name) for name in model.output_names]
    return list(found) if len(found) == count else [found] * count


def feed_metrics(compiled: Any, y: Any, y_pred: Any, sample_weight: Any) -> None:
    """Update the metrics of ``compile`` with rows."""
    targets, predictions = flat(y), [np.asarray(p) for p in flat(y_pred)]
    resolved = compiled.resolve([p.shape[1:] for p in predictions])
    for target, prediction, listed in zip(targets, predictions, resolved, strict=True):
        for metric, weighted, _ in listed:
            given_weight = () if not weighted or sample_weight is None else (sample_weight,)
            metric.update_state(target, prediction, *given_weight)


def keys(step: dict[str, Tensor]) -> list[str]:
    """Return the keys that a step reports besides the loss."""
    return [key for key in step if key != "loss"]
