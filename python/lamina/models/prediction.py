"""Predictions: kept recordings of a model, and how rows go through them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, overload

import numpy as np

from lamina import _check, _core
from lamina._calls import refuse_arguments
from lamina._check import Array, Shape
from lamina._settings import changes
from lamina._tensors import Recording
from lamina.callbacks import CallbackList
from lamina.layers import Layer
from lamina.layers._lock import structure
from lamina.layers.calls import refuse
from lamina.layers.node import any_symbolic
from lamina.models import data as data_
from lamina.models import inputs as inputs_
from lamina.models.batches import count
from lamina.models.network import Network
from lamina.models.ragged import inputs_by_shape, is_ragged, shapes_of
from lamina.models.recorded import Predictors, heard
from lamina.random import NOISE, mix

if TYPE_CHECKING:
    from lamina._typing import CallbacksLike, Data, Masks, Tensors, Verbose
    from lamina.layers import SymbolicTensor


# Rows that predict and evaluate take at a time where nothing else is said; fewer where the plan of
# so many would need more memory than a block may (``block`` of a predictor or a graph).
BLOCK = 1024
BOUND_BATCH = 32  # where outputs of a row depend on the others of its batch: Keras's number
CALL = 64  # batches of one call into the engine, between which Ctrl-C is heard


class Way(NamedTuple):
    """How rows go through a model.

    Attributes
    ----------
    rows : int
        At a time.
    steps : int
        How many batches there are.
    predictor_for : callable
        Returns what predicts for batches of a number of rows.
    predictor : Predictor or None
        What predicts for batches of any number, where there is such a thing.
    """

    rows: int
    steps: int
    predictor_for: Callable[[int], _core.Predictor]
    predictor: _core.Predictor | None = None


class Predicting(Network):
    """A network that is called on arrays: ``predict``, and the model as a function."""

    _not_copied = (
        *Network._not_copied, "_predictors", "_predictions", "_fast", "_seen",
        "_predicted_settings",
    )  # fmt: skip

    def _start(self) -> None:
        super()._start()
        self._predictors = Predictors()
        self._predictions = 0  # that drew random numbers
        # Of models with one input of floats and one output.
        # With its layers, which the engine holds weakly: a call ends with those it began with.
        self._fast: tuple[_core.Predictor, np.dtype[Any], Shape, list[Layer]] | None = None
        self._seen = -1  # of the changes of settings
        self._predicted_settings: tuple[int, ...] | None = None  # that predictors record

    def _forget_recordings(self) -> None:
        super()._forget_recordings()
        self._predictors.clear()
        self._fast = None

    def predict(
        self,
        x: Data = _check.NEEDED,
        batch_size: int | None = None,
        verbose: Verbose = 0,  # noqa: ARG002
        callbacks: CallbacksLike = None,
        **unknown: NoReturn,
    ) -> Any:
        """Return the outputs for the rows of ``x``.

        Parameters
        ----------
        x : array_like of shape (rows, ...), or a list or dict of them
            No rows give no outputs.  A list or dict for models with several inputs.  Where an axis
            of a row may have any length, a list of arrays of unequal shape, one for each row.
        batch_size : int, optional
            Rows at a time.  The result depends on it where a layer is stateful, by default then
            those of its states, all rows while it has none; and where outputs of a row depend on
            the other rows of its batch, as with ``ops.mean(x, axis=0)``: by default 32, as in
            Keras.
        verbose : ignored
            There is nothing to show; accepted because Keras's callers pass it.
        callbacks : list of Callback, optional
            Their ``on_predict_*`` hooks are called.

        Returns
        -------
        ndarray of shape (rows, ...), the model's dtype
            A list, tuple or dict of them, at any depth, for a model that was given its outputs so,
            or whose ``call`` returns them so.  A list of
            an array for each row where their shapes differ, as those of ``x`` do.  An output that
            is one number for a batch is one of shape (), and is refused where there are several.

        Notes
        -----
        Any number of threads may predict with one model at once, unless a layer is stateful: then
        a second one is refused, as a second fit is.

        Examples
        --------
        >>> import lamina
        >>> model = lamina.Sequential([lamina.Input((2,)),
        ...                            lamina.layers.Dense(1, kernel_initializer="ones")])
        >>> model.predict([[1.0, 2.0]])
        array([[3.]], dtype=float32)
        """
        if unknown:
            refuse_arguments(Predicting.predict, unknown)
        fast = self._fast
        if changes.count != self._seen:
            fast = self._renewed()
        if fast is not None and type(x) is np.ndarray and batch_size is None and callbacks is None:
            predictor, dtype, tail, _ = fast
            shape = x.shape
            if shape[1:] == tail and 0 < shape[0] <= BLOCK and x.dtype == dtype:
                flags = x.flags
                if flags.c_contiguous and flags.aligned and _core.kernels.find_nonfinite(x) < 0:
                    return predictor(x)
        return self._predict(x, batch_size, callbacks)

    def _predict(
        self, x: Any, batch_size: int | None, callbacks: Any, *, whole: bool = False
    ) -> Any:
        # `whole`: all rows are one batch, where that matters and nobody says otherwise.
        x = self.meet(x)
        changes, ports = self._changes, self.ports
        _held = self.layers  # until the end: the engine holds them weakly
        arrays = inputs_.shaped("predict", x, ports, empty=True)
        if self._ready and not self.any_length:
            self.output_row_shapes(list(shapes_of(arrays)))  # which refuses what does not fit
        if is_ragged(arrays):
            self.check_ragged("predict")
            self.ensure_built([a.shape[1:] for a in arrays])
            changes = self._changes
        fed = inputs_.converted("predict", x, arrays, ports, self.dtype)
        hooks = None if callbacks is None else CallbackList(callbacks)
        parts = inputs_by_shape(fed)
        if hooks is not None:
            ways = [self._way(changes, part, batch_size, whole) for _, part in parts]
            steps = [way.steps for way in ways if way is not None]
            hooks.start(self, {"steps": sum(steps)})
            hooks.call("on_predict_begin", {})
        made: list[list[Array]] = []
        done = 0
        for _, part in parts:  # one after the other, so that few of many need their memory at once
            way = self._way(changes, part, batch_size, whole)
            if way is None:  # another thread changed the model
                return self._predict(x, batch_size, callbacks, whole=whole)
            made.append(self._go(way, part, hooks, done))
            done += way.steps
        if hooks is not None:
            hooks.call("on_predict_end", {})
        return self._packed(joined([places for places, _ in parts], made, len(fed[0])))

    def _go(
        self, way: Way, fed: list[Array], hooks: CallbackList | None, first: int
    ) -> list[Array]:
        if hooks is None and way.predictor is not None:
            return in_calls(way.predictor, fed, way.rows, self._noise())
        return in_batches(way.predictor_for, fed, way.rows, hooks, self._noise(), first)

    def _way(
        self, changes: int, fed: list[Array], batch_size: int | None, whole: bool
    ) -> Way | None:
        """Return how rows are predicted; None if another thread has changed the model."""
        shapes, rows = [a.shape[1:] for a in fed], len(fed[0])
        given = self.default_batch(batch_size, rows)
        batch = data_.batch_rows("predict", "batch_size", given, rows or 1, BLOCK)
        self.check_batches("predict", rows, batch)
        first = rows if whole else min(batch, rows)
        predictor = self._predictor_as_of(changes, shapes, first or 1)
        if predictor is None:
            return None
        if not self._predictors.joining:
            batch = batch if given else predictor.block(batch)
            return Way(batch, count(rows, batch), lambda _: predictor, predictor)
        default = rows if whole else BOUND_BATCH  # then the batches matter
        batch = data_.batch_rows("predict", "batch_size", given, rows or 1, default or 1)
        return Way(batch, count(rows, batch), lambda n: self._predictor(shapes, n))

    def _noise(self) -> int:
        # What seeds a prediction that draws random numbers: each one draws its own.
        if not self._predictors.noisy:
            return 0
        self._predictions += 1
        return mix(self.seed, NOISE, self._predictions)

    def _predictor_as_of(
        self, changes: int, shapes: list[Shape], rows: int
    ) -> _core.Predictor | None:
        # What predicts with the model as it was then, or None if it is another by now.
        kept = self._predictors.kept(self, shapes, rows) if self._ready else None
        if kept is not None and self._changes == changes:
            return kept
        with structure():
            if self._changes != changes:
                return None
            self.ensure_built(shapes)
            return self._predictor(shapes, rows)

    def _predict_whole(self, x: Any) -> Any:
        """Return ``predict(x)``, all rows as one batch where that matters."""
        fast = self._fast if changes.count == self._seen else self._renewed()
        return self._predict(x, None, None, whole=True) if fast is None else self.predict(x)

    def predict_on_batch(self, x: Data = _check.NEEDED, **unknown: NoReturn) -> Any:
        """Return the outputs for the rows of ``x``, taken as one batch."""
        if unknown:
            refuse_arguments(Predicting.predict_on_batch, unknown)
        fast = self._fast if changes.count == self._seen else self._renewed()
        if fast is not None and type(x) is np.ndarray and x.shape[1:] == fast[2]:
            return self.predict(x)
        x = self.meet(x)
        rows = len(inputs_.shaped("predict_on_batch", x, self.ports, empty=True)[0])
        return self._predict(x, (rows or None) if self.stateful else None, None, whole=True)

    @overload
    def __call__(
        self, x: Tensors, *, training: bool | None = None, mask: Masks = None
    ) -> SymbolicTensor: ...
    @overload
    def __call__(self, x: Data, *, training: bool | None = None) -> Any: ...
    def __call__(
        self, x: Any = None, *, training: bool | None = None, mask: Any = None, **unknown: Any
    ) -> Any:
        """Return ``predict(x)``; on tensors, be a layer of another model.

        All models made so share this one's weights.

        Parameters
        ----------
        x : array_like, SymbolicTensor or Tensor, or a list or dict of them
        training : bool, optional
            Whether layers such as Dropout do as in training.
        mask : SymbolicTensor or Tensor, optional
        """
        values = list(x.values()) if isinstance(x, dict) else x
        if unknown:
            refuse(self, unknown)
        tensors = any_symbolic(values) or Recording.current() is not None
        if not tensors and not training:
            if mask is not None:
                raise TypeError(f"{self.name}: mask is for symbolic tensors; predict takes none")
            return self._predict_whole(x)
        if isinstance(x, dict) or not tensors:
            values = inputs_.separated(self.name, x, self.ports)
            values = values[0] if len(values) == 1 else values
        y = self.as_layer()(values, mask=mask, training=training)
        packed = self._packed(list(y) if isinstance(y, tuple) else [y])
        return heard(self, values if isinstance(values, (list, tuple)) else [values], packed)

    # --- what is kept

    def _renewed(self) -> Any:
        # A setting of some object has changed: predictors recorded with one of ours are done with.
        seen, settings = changes.count, self.recorded_settings()
        if settings != self._predicted_settings:
            self._forget_recordings()
        self._predicted_settings, self._seen = settings, seen
        return self._fast

    def _predictor(self, shapes: Sequence[Shape], rows: int) -> _core.Predictor:
        with structure():
            self._predicted_settings = self.recorded_settings()
            predictor = self._predictors.get(self, shapes, rows)
            (port, *others) = self.ports
            outputs = list(self.output_names)
            packed = self._packed(outputs) is outputs[0]
            plain = port.kind == "float" and not others and packed and not self.stateful
            shape = port.shape
            sized = shape is not None and None not in shape
            steady = not (self._predictors.joining or self._predictors.noisy)
            if plain and shape is not None and sized and steady:
                self._fast = (predictor, np.dtype(self.dtype), shape, self.layers)
        return predictor


# --- how rows go through a predictor: in calls that can be interrupted, in batches with hooks


def in_calls(
    predictor: _core.Predictor, inputs: list[Array], rows: int, seed: int = 0
) -> list[Array]:
    """Return the outputs for all rows: several calls give the bits of one, and hear signals."""
    batches = min(max(CALL, BLOCK // rows), max(1, CALL * BLOCK // rows))
    count, step = len(inputs[0]), batches * rows
    first = predictor.predict([x[:step] for x in inputs], rows, seed)
    if count <= step:
        return first
    whole = [np.empty((count, *y.shape[1:]), y.dtype) for y in first]
    for start in range(0, count, step):
        part = [x[start : start + step] for x in inputs]
        pieces = predictor.predict(part, rows, seed, start // rows) if start else first
        for y, piece in zip(whole, pieces, strict=True):
            y[start : start + step] = piece
    return whole


def in_batches(
    predictor_for: Callable[[int], _core.Predictor],
    inputs: list[Array],
    rows: int,
    hooks: CallbackList | None,
    seed: int = 0,
    first: int = 0,
) -> list[Array]:
    """Return the outputs for all rows, calling the hooks around each batch.

    ``predictor_for`` returns what predicts for batches of a number of rows; ``first`` is the number
    of the first batch.
    """
    hooks = CallbackList() if hooks is None else hooks
    parts: list[list[Array]] = []
    for index, start in enumerate(range(0, len(inputs[0]), rows)):
        if parts:
            refuse_numbers(parts[0], f"{len(inputs[0])} rows in batches of {rows}")
        hooks.call("on_predict_batch_begin", first + index, {})
        part = [x[start : start + rows] for x in inputs]
        parts.append(predictor_for(len(part[0])).predict(part, rows, seed, index))
        hooks.call("on_predict_batch_end", first + index, {})
    if not parts:
        one = [np.zeros((1, *x.shape[1:]), x.dtype) for x in inputs]
        outputs = predictor_for(1).predict(one, 1)
        refuse_numbers(outputs, "no rows")
        return [y[:0] for y in outputs]
    if len(parts) == 1:
        return parts[0]
    return [np.concatenate(pieces) for pieces in zip(*parts, strict=True)]


def refuse_numbers(outputs: Sequence[Array], rows: str) -> None:
    """Raise ValueError if an output is a number without an axis that batches may be joined along.

    ``rows`` says how those that were given came in anything but one batch.
    """
    for place, y in enumerate(outputs):
        if y.ndim == 0:
            which = f"output {place} is" if len(outputs) > 1 else "the output is"
            raise ValueError(
                f"predict: {which} one number for a batch, so all rows must be in one: give "
                f"batch_size, or call the model; got {rows}"
            )


def joined(places: list[Any], made: list[list[Array]], rows: int) -> list[Any]:
    """Return the outputs of all parts in the order of the rows.

    ``places`` are the rows of each part; outputs whose rows differ in shape are lists of them.
    """
    if len(made) == 1 and places[0] is None:
        return list(made[0])
    refuse_numbers(made[0], "rows of unequal shape")
    results: list[Any] = []
    for pieces in zip(*made, strict=True):
        alike = len({y.shape[1:] for y in pieces}) == 1
        whole: Any = (
            np.empty((rows, *pieces[0].shape[1:]), pieces[0].dtype) if alike else [None] * rows
        )
        for rows_of_part, piece in zip(places, pieces, strict=True):
            for i, y in zip(rows_of_part, piece, strict=True):
                whole[i] = y
        results.append(whole)
    return results
