"""Predictions: recordings of a model that are kept, and passing rows through them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn, overload

import numpy as np

from lamina import _check, _core
from lamina._calls import refuse_arguments
from lamina._check import Array, Shape
from lamina._settings import changes
from lamina._tensors import Recording, dataflow
from lamina.callbacks import CallbackList
from lamina.callbacks.of_run import of_pass
from lamina.data.sources import Source, source_of, unpacked
from lamina.layers.base import rehearsed as _rehearsed
from lamina.layers.base.calls import check_training, refuse
from lamina.layers.base.lock import structure
from lamina.layers.base.node import any_symbolic
from lamina.layers.base.signatures import first
from lamina.models.architecture import default_training as unsaid
from lamina.models.data import inputs as inputs_
from lamina.models.data import prepared as data_
from lamina.models.data.batches import count, steps_of
from lamina.models.data.feeds import Elements, wanted_steps
from lamina.models.data.ragged import inputs_by_shape, is_ragged, shapes_of
from lamina.models.data.reading import is_reading, rows_of_window
from lamina.models.data.rows import Rows
from lamina.models.network.network import Network
from lamina.models.network.recorded import Predictors, forget_losses, heard
from lamina.models.prediction.outputs import (
    BLOCK,
    BOUND_BATCH,
    Watch,
    hears_batches,
    in_batches,
    in_calls,
    joined,
    joined_batches,
)
from lamina.models.prediction.routes import FastPath, Route
from lamina.random import NOISE, mix

if TYPE_CHECKING:
    from lamina._typing import Batches, CallbacksLike, Data, Masks, Tensors, Verbose
    from lamina.layers import SymbolicTensor


QUIET: tuple[Any, ...] = ("auto", 0)  # values that show no progress for a prediction in one call


class Predicting(Network):
    """A network that can be called on arrays: ``predict``, and the model as a function."""

    _not_copied = (
        *Network._not_copied, "_predictors", "_predictions", "_fast_path", "_seen",
        "_predicted_settings",
    )  # fmt: skip

    stop_predicting = False  # a callback may set it, to stop after the current batch

    def _start(self) -> None:
        super()._start()
        self._predictors = Predictors()
        self._predictions = 0  # count of those that drew random numbers
        self._fast_path: FastPath | None = None
        self._seen = -1  # count of changes of settings
        self._predicted_settings: tuple[int, ...] | None = None  # settings recorded by predictors

    def _forget_recordings(self) -> None:
        super()._forget_recordings()
        self._predictors.clear()
        self._fast_path = None

    def predict(
        self,
        x: Data | Batches = _check.NEEDED,
        batch_size: int | None = None,
        verbose: Verbose = "auto",
        steps: int | None = None,
        callbacks: CallbacksLike = None,
        *,
        interval: float | None = None,
        **unknown: NoReturn,
    ) -> Any:
        """Return the outputs for the rows of ``x``.

        Parameters
        ----------
        x : array_like of shape (rows, ...), or a list or dict of them
            Without rows the outputs are empty.  A list or dict for models with several inputs.  If
            an axis of a row may have any length, a list of arrays of unequal shape, one for each
            row.  Or a source of batches, as in ``fit``, whose targets and weights are ignored.
        batch_size : int, optional
            Rows at a time.  The result depends on it if a layer is stateful: the default is then
            the number of rows of its states, or all rows if there are no states yet; and if outputs
            of a row depend on the other rows of its batch, as in ``ops.mean(x, axis=0)``: the
            default is then 32, as in Keras.
        verbose : {"auto", 0, 1, 2}, default "auto"
            0 silent; 1 a progress bar and then a line; 2 only the line; "auto" a bar on a terminal
            and in a notebook, which is removed at the end.
        steps : int, optional
            Number of batches to use, from the first on, of ``batch_size`` rows (32 by default) or
            from a source.
        callbacks : list of Callback, optional
            Their ``on_predict_*`` hooks are called.
        interval : float, optional
            The share of rows, in (0, 1), that intervals around the outputs should cover:
            ``predict`` then returns ``(prediction, lower, upper)``, or ``(probabilities, sets)``
            for a classifier.  ``calibrate`` must be called first.

        Returns
        -------
        ndarray of shape (rows, ...), the model's dtype
            A list, tuple or dict of arrays, at any depth, for a model that was given its outputs in
            that form, or whose ``call`` returns them so.  A list with an array for each row if
            their shapes differ, like those of ``x``.  An output that is one number per batch has
            shape (), and is an error if there are several batches.

        Notes
        -----
        Any number of threads may predict with a model at the same time, unless a layer is stateful:
        then a second prediction raises an error, as a second fit does.

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
        one_batch = batch_size is None or (type(batch_size) is int and batch_size > 0)
        if (
            one_batch and callbacks is None and steps is None and interval is None
            and verbose in QUIET
        ):  # fmt: skip
            y = self._as_is(x, BLOCK if batch_size is None else min(batch_size, BLOCK))
            if y is not None:
                return y
        if interval is not None:
            return self._with_interval(
                x, interval, batch_size=batch_size, verbose=verbose, steps=steps,
                callbacks=callbacks,
            )  # fmt: skip
        source = source_of(x)
        hooks = of_pass("predict", callbacks, verbose)
        if source is not None:
            with hooks.closing():
                return self._predict_source(source, steps, hooks, verbose)
        if not hooks.callbacks:
            return self._predict(x, batch_size, steps=steps)
        with hooks.closing():
            return self._predict(x, batch_size, hooks, steps=steps, verbose=verbose)

    def _with_interval(self, x: Any, interval: float, **options: Any) -> Any:
        from lamina.inference.intervals import of

        return of(self).predict(x, interval, **options)

    def _predict(
        self,
        x: Any,
        batch_size: int | None,
        hooks: CallbackList | None = None,
        *,
        steps: object = None,
        verbose: object = 0,
        whole: bool = False,
        who: str = "predict",
    ) -> Any:
        # `whole`: all rows are one batch, if that matters and no batch size is given.  `who` is
        # named in messages.
        x = self.meet(x)
        changes, ports = self._changes, self.ports
        _held = self.parts  # kept to the end: the engine only holds weak references
        arrays = inputs_.shaped(who, x, ports, empty=True)
        if self._ready and not self.any_length:
            self.output_row_shapes(list(shapes_of(arrays)))  # raises if shapes do not fit
        if is_ragged(arrays):
            self.check_ragged(who)
            self.ensure_built([a.shape[1:] for a in arrays])
            changes = self._changes
        fed = inputs_.converted(who, x, arrays, ports, self.dtype)
        if steps is not None or (hooks is not None and (hears_batches(hooks) or is_ragged(arrays))):
            # If the number of batches is needed it is Keras's; fewer batches are faster.  For rows
            # of unequal length it is counted without planning for each length.
            batch_size = BOUND_BATCH if batch_size is None and not self.stateful else batch_size
        if steps is not None:
            fed = self._first_rows(fed, batch_size, steps)
        parts = inputs_by_shape(fed)
        run = planned = None
        if hooks is not None:
            if len(parts) == 1:
                planned = self._route(changes, parts[0][1], batch_size, whole)
            total = sum(self._count(part, batch_size) for _, part in parts)
            total = total if planned is None else planned.steps
            hooks.start(self, {"epochs": 1, "steps": total, "verbose": verbose})
            run = Watch(self, hooks, len(parts) == 1)
            hooks.call("on_predict_begin", {})
        made: list[list[Array]] = []
        for _, part in parts:  # one after another, so that few need memory at the same time
            route = planned or self._route(changes, part, batch_size, whole)
            if route is None:  # another thread has changed the model
                return self._predict(
                    x, batch_size, hooks, steps=steps, verbose=verbose, whole=whole, who=who
                )
            made.append(self._go(route, part, run))
        if hooks is not None:
            hooks.call("on_predict_end", {})
        return self._packed(joined([places for places, _ in parts], made, len(fed[0])))

    def _predict_source(self, source: Source, steps: Any, hooks: CallbackList, verbose: Any) -> Any:
        elements = Elements("predict", source, wanted_steps("predict", "steps", steps))
        elements.first()
        hooks.start(self, {"epochs": 1, "steps": elements.steps, "verbose": verbose})
        run, made = Watch(self, hooks, True), []
        hooks.call("on_predict_begin", {})
        for element in elements.epoch():
            run.begin()
            made.append(self.predict_on_batch(unpacked("predict", element).x))
            run.tell(made[-1])
            if run.stopped:
                break
        hooks.call("on_predict_end", {})
        return joined_batches(made)

    def _first_rows(self, fed: list[Any], batch_size: int | None, steps: object) -> list[Any]:
        rows = len(fed[0])
        given = self.default_batch(batch_size, rows)
        batch = data_.batch_rows("predict", "batch_size", given, rows or 1, BOUND_BATCH)
        kept = steps_of("predict", "steps", steps, count(rows, batch)) * batch
        return [Rows(a.arrays[:kept]) if isinstance(a, Rows) else a[:kept] for a in fed]

    def _go(self, route: Route, fed: list[Any], run: Watch | None) -> list[Array]:
        if is_reading(fed):
            size = rows_of_window(fed, route.rows)
            starts = range(0, max(1, len(fed[0])), size)
            made = [self._go(route, [a[i : i + size] for a in fed], run) for i in starts]
            return [np.concatenate(pieces) for pieces in zip(*made, strict=True)]
        if route.predictor is not None and (run is None or not run.batches):
            return in_calls(route.predictor, fed, route.rows, self._noise(), run)
        return in_batches(route.predictor_for, fed, route.rows, run, self._noise())

    def _count(self, fed: list[Array], batch_size: int | None) -> int:
        rows = len(fed[0])
        given = self.default_batch(batch_size, rows)
        return count(rows, data_.batch_rows("predict", "batch_size", given, rows or 1, BOUND_BATCH))

    def _route(
        self, changes: int, fed: list[Array], batch_size: int | None, whole: bool
    ) -> Route | None:
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
            return Route(batch, count(rows, batch), lambda _: predictor, predictor)
        default = rows if whole else BOUND_BATCH  # then batches matter
        batch = data_.batch_rows("predict", "batch_size", given, rows or 1, default or 1)
        return Route(batch, count(rows, batch), lambda n: self._predictor(shapes, n))

    def _noise(self) -> int:
        # The seed of a prediction that draws random numbers: each one draws different ones.
        if not self._predictors.noisy:
            return 0
        self._predictions += 1
        return mix(self.seed, NOISE, self._predictions)

    def _predictor_as_of(
        self, changes: int, shapes: list[Shape], rows: int
    ) -> _core.Predictor | None:
        # The predictor of the model as it was then, or None if the model has changed.
        kept = self._predictors.kept(self, shapes, rows) if self._ready else None
        if kept is not None and self._changes == changes:
            return kept
        with structure():
            if self._changes != changes:
                return None
            with self.unbuilt_on_error():
                self.ensure_built(shapes)
                return self._predictor(shapes, rows)

    def _as_is(self, x: Any, most_rows: int = BLOCK) -> Any:
        """Return the outputs for data that need no preparation; None for all other data.

        Data with more rows than a limit need batches.  The bits are the same in either way.
        """
        path = self._fast_path if changes.count == self._seen else self._renewed()
        if path is None:
            return None
        if type(x) is dict:
            x = [x.get(name) for name in path.names]
        y = path.predictor.as_is(x, most_rows)
        if path.plain or y is None:
            return y
        return self._packed(y if type(y) is list else [y])

    def _predict_whole(self, x: Any) -> Any:
        """Return ``predict(x)``, with all rows as one batch if that matters."""
        y = self._as_is(x)
        return self._predict(x, None, None, whole=True, who=self.name) if y is None else y

    def predict_on_batch(self, x: Data = _check.NEEDED, **unknown: NoReturn) -> Any:
        """Return the outputs for the rows of ``x``, treated as one batch."""
        if unknown:
            refuse_arguments(Predicting.predict_on_batch, unknown)
        y = self._as_is(x)
        if y is not None:
            return y
        met = self.meet(x)
        rows = len(inputs_.shaped("predict_on_batch", met, self.ports, empty=True)[0])
        return self._predict(x, (rows or None) if self.stateful else None, None, whole=True)

    @overload
    def __call__(
        self, x: Tensors, training: bool | None = None, mask: Masks = None
    ) -> SymbolicTensor: ...
    @overload
    def __call__(self, x: Data, training: bool | None = None) -> Any: ...
    def __call__(
        self, x: Any = None, training: bool | None = None, mask: Any = None, **unknown: Any
    ) -> Any:
        """Return the outputs for arrays; on tensors, act as a layer of another model.

        The outputs are those of ``predict(x)``, unless there are no weights to learn and layers
        that act by default, as those that change images.  All models made from tensors share the
        weights of this one.

        Parameters
        ----------
        x : array_like, SymbolicTensor or Tensor, or a list or dict of them
        training : bool, optional
            Whether layers such as Dropout act as in training; on symbolic tensors it is fixed.
        mask : SymbolicTensor or Tensor, optional
        """
        if unknown:
            x = first(x, unknown)
        if unknown:
            refuse(self, unknown)
        x = self.by_input(x)
        if dataflow.among(x):
            return _rehearsed.node(self, (x,), {"training": training})
        if mask is None and (training is None or training is False) and not Recording.current():
            y = self._as_is(x)
            if y is not None:
                return self._returned_by_call(y)
        values = list(x.values()) if isinstance(x, dict) else x
        check_training(self.name, training)
        tensors = any_symbolic(values) or Recording.current() is not None
        if not tensors and not training and not (training is None and unsaid.acts(self, x)):
            if mask is not None:
                raise TypeError(f"{self.name}: mask is for symbolic tensors; predict takes none")
            return self._returned_by_call(self._predict_whole(x))
        if isinstance(x, dict) or not tensors:
            x = x if tensors else self.through_front(x)
            values = inputs_.separated(self.name, x, self.ports)
            values = values[0] if len(values) == 1 else values
        forget_losses(self)
        y = self.as_layer()(values, mask=mask, training=training)
        outputs = self._packed(list(y) if isinstance(y, tuple) else [y])
        packed = self._returned_by_call(outputs)
        return heard(self, values if isinstance(values, (list, tuple)) else [values], packed)

    # --- kept recordings

    def _renewed(self) -> Any:
        # A setting of some object has changed: predictors that recorded one of this model's are
        # invalid.
        seen, settings = changes.count, self.recorded_settings()
        if settings != self._predicted_settings:
            self._forget_recordings()
        self._predicted_settings, self._seen = settings, seen
        return self._fast_path

    def _predictor(self, shapes: Sequence[Shape], rows: int) -> _core.Predictor:
        with structure():
            self._predicted_settings = self.recorded_settings()
            predictor = self._predictors.get(self, shapes, rows)
            self._fast_path = self._fast_path_to(predictor)
        return predictor

    def _fast_path_to(self, predictor: _core.Predictor) -> FastPath | None:
        # If batches matter, or data must be prepared, only the general way is possible.
        noisy = self._predictors.noisy or unsaid.acts_once_built(self)
        if self._predictors.joining or noisy or self.stateful:
            return None
        ports = self.ports
        if self.front is not None or any(port.kind not in ("float", "int32") for port in ports):
            return None
        names = list(self.output_names)
        plain = self._packed(names) is names[0] if len(names) == 1 else False
        return FastPath(predictor, [port.name for port in ports], plain, self.parts)
