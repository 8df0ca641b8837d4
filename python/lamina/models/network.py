"""What a model is before it is trained: layers, weights, predictions, copies."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina import _check, _core
from lamina._check import Array, Shape
from lamina.callbacks import CallbackList
from lamina.layers import Layer
from lamina.layers import weights as weights_
from lamina.models import data as data_
from lamina.models.guard import renew_in_child
from lamina.random import next_seed, seed_value

BLOCK = 1024  # rows that predict and evaluate take at a time where nothing else is said
CALL = 64 * BLOCK  # rows of one call into the engine, between which Ctrl-C is heard


class Network:
    """Layers that follow each other in some way, with weights, able to predict.

    A subclass gives ``layers``, ``row_shape``, ``output_row_shape``, ``_build_layers`` and
    ``_record``.

    Attributes
    ----------
    name : str
    dtype : {"float32", "float64"}
        Of weights and computation.
    seed : int
        Fixes initial weights, shuffles, validation splits and dropout.
    """

    _not_copied: tuple[str, ...] = ("_building", "_ready", "_fast")

    def __init__(
        self, *, name: str | None = None, dtype: str = "float32", seed: int | None = None
    ) -> None:
        who = type(self).__name__
        if name is not None and not isinstance(name, str):
            raise TypeError(f"{who}: name must be a string; got {name!r}")
        self.name = name or who.lower()
        self.dtype = _check.dtype(who, dtype)
        self._seed = None if seed is None else seed_value(who, seed)
        self._start()

    def _start(self) -> None:
        # What is made anew in a copy: locks, and all that belongs to the engine.
        self.renew_lock()
        renew_in_child(self)
        self._ready = False  # all weights made and filled: what another thread may rely on
        self._fast: tuple[_core.Predictor, np.dtype[Any], Shape] | None = None

    def renew_lock(self) -> None:
        """Make the lock on building anew: in a forked child nobody else can hold it."""
        self._building = threading.RLock()

    # --- what a subclass gives

    @property
    def layers(self) -> list[Layer]:
        """The layers in order."""
        raise TypeError(f"{type(self).__name__}: a model must define layers")

    @property
    def row_shape(self) -> Shape | None:
        """The shape of a row of input; None until it is known."""
        raise TypeError(f"{type(self).__name__}: a model must define row_shape")

    def output_row_shape(self, row_shape: Shape) -> Shape:  # noqa: ARG002
        """Return the shape of a row of output; ValueError if the layers do not fit."""
        raise TypeError(f"{type(self).__name__}: a model must define output_row_shape")

    def _build_layers(self, row_shape: Shape) -> None:  # noqa: ARG002
        raise TypeError(f"{type(self).__name__}: a model must define _build_layers")

    def _record(
        self,
        graph: _core.Graph,  # noqa: ARG002
        inputs: list[_core.Tensor],  # noqa: ARG002
    ) -> list[_core.Tensor]:
        raise TypeError(f"{type(self).__name__}: a model must define _record")

    # --- structure

    @property
    def seed(self) -> int:
        """The model's seed; drawn from the global sequence when first needed."""
        if self._seed is None:
            self._seed = next_seed()
        return self._seed

    @property
    def built(self) -> bool:
        """Whether the weights exist."""
        return bool(self.layers) and all(layer.built for layer in self.layers)

    def ensure_built(self, row_shape: Shape | None) -> None:
        """Make the weights unless they exist; a failure leaves the model without any."""
        if self._ready:
            return
        if row_shape is None:
            if self.built:  # all layers come from another model
                return
            raise ValueError(
                f"{self.name}: the input shape is not known yet; begin with lamina.Input(shape), "
                f"call build or fit"
            )
        with self._building:
            fresh = [layer for layer in self.layers if not layer.built]
            try:
                self._build_layers(row_shape)
                weights_.allocate(self.layers)
                weights_.initialize(self.layers, self.seed)
            except BaseException:
                for layer in fresh:
                    layer.forget()
                raise
            if fresh:
                self._changed()
            self._ready = True

    def _changed(self) -> None:
        self._ready = False
        self._fast = None

    def record_outputs(self, graph: _core.Graph, inputs: list[_core.Tensor]) -> list[_core.Tensor]:
        """Record the whole model on a graph under construction."""
        return self._record(graph, inputs)

    def penalties(self) -> list[tuple[_core.Parameter, float, float]]:
        """Return (weight, l1, l2) of all penalised weights."""
        return [penalty for layer in self.layers for penalty in layer.penalties()]

    @property
    def parameters(self) -> list[_core.Parameter]:
        """The weights as the engine holds them."""
        return [p for layer in self.layers for p in layer.parameters]

    @property
    def input_shape(self) -> tuple[int | None, ...] | None:
        """The shape of the input, None standing for the rows."""
        return None if self.row_shape is None else (None, *self.row_shape)

    @property
    def output_shape(self) -> tuple[int | None, ...] | None:
        """The shape of the output, None standing for the rows."""
        shape = self.row_shape
        return None if shape is None else (None, *self.output_row_shape(shape))

    # --- weights

    @property
    def weights(self) -> list[Array]:
        """The live weight arrays of all layers."""
        self.ensure_built(self.row_shape)
        return [w for layer in self.layers for w in layer.weights]

    def get_weights(self) -> list[Array]:
        """Return copies of all weights, layer by layer, in Keras's shapes and order."""
        self.ensure_built(self.row_shape)
        return [w for layer in self.layers for w in layer.get_weights()]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace all weights by arrays like those of ``get_weights``.

        Raises
        ------
        ValueError, TypeError
            Too few, too many, or another shape: then no weight is changed.
        """
        self.ensure_built(self.row_shape)
        counts = [len(layer.get_weights()) for layer in self.layers]
        if isinstance(weights, np.ndarray) or not isinstance(weights, Sequence):
            raise TypeError(f"{self.name}: weights must be a list; got {type(weights).__name__}")
        if len(weights) != sum(counts):
            raise ValueError(f"{self.name}: needs {sum(counts)} weight arrays; got {len(weights)}")
        before, taken = self.snapshot(), 0
        try:
            for layer, count in zip(self.layers, counts, strict=True):
                layer.set_weights(list(weights[taken : taken + count]))
                taken += count
        except BaseException:
            self.restore(before)
            raise

    def snapshot(self) -> list[Any]:
        """Return copies of all that the layers hold, for ``restore`` to put back to the bit."""
        self.ensure_built(self.row_shape)
        return [layer.snapshot() for layer in self.layers]

    def restore(self, state: Sequence[Any]) -> None:
        """Put back what ``snapshot`` of this model returned."""
        for layer, old in zip(self.layers, state, strict=True):
            layer.restore(old)

    def count_params(self) -> int:
        """Return the number of weights, trainable or not."""
        self.ensure_built(self.row_shape)
        return sum(layer.count_params() for layer in self.layers)

    @property
    def trainable(self) -> bool:
        """Whether any layer trains; setting it freezes or thaws all layers."""
        return any(layer.trainable for layer in self.layers)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        value = _check.boolean(self.name, "trainable", value)
        for layer in self.layers:
            layer.trainable = value

    def summary(self, line_length: int | None = None, print_fn: Any = None) -> None:
        """Print the layers with output shapes and weight counts.

        Parameters
        ----------
        line_length : int, optional
            Width of the table.
        print_fn : callable, optional
            Called with the text in place of ``print``.

        Examples
        --------
        >>> import lamina
        >>> model = lamina.Sequential([lamina.Input((19,)), lamina.layers.Dense(50, "relu"),
        ...                            lamina.layers.Dense(1)], name="hitters")
        >>> model.summary()
        Model: "hitters"
        Layer (type)       Output shape    Weights
        ------------------------------------------
        dense (Dense)      (rows, 50)        1,000
        dense_1 (Dense)    (rows, 1)            51
        ------------------------------------------
        Weights: 1,051 (4.1 KB), trainable: 1,051
        """
        from lamina.models.summary import table

        (print_fn or print)(table(self, line_length))

    # --- predict

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = 0,  # noqa: ARG002
        callbacks: Any = None,
    ) -> Array:
        """Return the outputs for the rows of ``x``.

        Parameters
        ----------
        x : array_like of shape (rows, ...)
            No rows give no outputs.
        batch_size : int, optional
            Rows at a time; the result does not depend on it.
        verbose : ignored
            There is nothing to show; accepted because Keras's callers pass it.
        callbacks : list of Callback, optional
            Their ``on_predict_*`` hooks are called.

        Returns
        -------
        ndarray of shape (rows, ...), the model's dtype

        Notes
        -----
        Any number of threads may predict with one model at once.

        Examples
        --------
        >>> import lamina
        >>> model = lamina.Sequential([lamina.Input((2,)),
        ...                            lamina.layers.Dense(1, kernel_initializer="ones")])
        >>> model.predict([[1.0, 2.0]])
        array([[3.]], dtype=float32)
        """
        fast = self._fast
        if fast is not None and type(x) is np.ndarray and batch_size is None and callbacks is None:
            predictor, dtype, tail = fast
            shape = x.shape
            if shape[1:] == tail and 0 < shape[0] <= BLOCK and x.dtype == dtype:
                flags = x.flags
                if flags.c_contiguous and flags.aligned and _core.kernels.find_nonfinite(x) < 0:
                    return predictor(x)
        return self._predict(x, batch_size, callbacks)

    def _predict(self, x: Any, batch_size: int | None, callbacks: Any) -> Array:
        array = data_.shaped_input("predict", x, self.row_shape, empty=True)
        self.output_row_shape(array.shape[1:])
        rows = data_.batch_rows("predict", "batch_size", batch_size, len(array) or 1, BLOCK)
        converted = data_.converted_input("predict", x, array, self.dtype)
        self.ensure_built(array.shape[1:])
        predictor = self._predictor()
        if callbacks is None:
            return _in_calls(predictor, converted, rows)
        hooks = CallbackList(callbacks)
        hooks.start(self, {"steps": -(-len(array) // rows)})
        hooks.call("on_predict_begin", {})
        outputs = []
        for index, start in enumerate(range(0, len(array), rows)):
            hooks.call("on_predict_batch_begin", index, {})
            outputs.append(predictor.predict([converted[start : start + rows]], rows)[0])
            hooks.call("on_predict_batch_end", index, {})
        hooks.call("on_predict_end", {})
        return np.concatenate(outputs) if outputs else predictor.predict([converted], 1)[0]

    def predict_on_batch(self, x: Any) -> Array:
        """Return the outputs for the rows of ``x``, taken as one batch."""
        return self.predict(x)

    def __call__(self, x: Any) -> Array:
        """Return ``predict(x)``."""
        return self.predict(x)

    def _predictor(self) -> _core.Predictor:
        fast = self._fast
        if fast is None:
            with self._building:
                graph = _core.Graph(self.dtype)
                assert self.row_shape is not None
                for output in self._record(graph, [graph.input(self.row_shape, "x")]):
                    graph.add_output(output)
                graph.build()
                fast = (_core.Predictor(graph), np.dtype(self.dtype), self.row_shape)
                self._fast = fast
        return fast[0]

    # --- copies

    def __getstate__(self) -> dict[str, Any]:
        """Return everything but the engine's objects (pickle, deepcopy)."""
        state = {k: v for k, v in self.__dict__.items() if k not in self._not_copied}
        state["_seed"] = self.seed
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore, and give all weights one home."""
        self.__dict__.update(state)
        self._start()
        weights_.allocate(self.layers)

    def __repr__(self) -> str:
        """Return the class, name and number of layers."""
        return f"<{type(self).__name__} {self.name} of {len(self.layers)} layers>"


def _in_calls(predictor: _core.Predictor, x: Array, rows: int) -> Array:
    # Rows do not depend on each other: several calls give the bits of one, and hear signals.
    step = max(1, CALL // rows) * rows
    first = predictor.predict([x[:step]], rows)[0]
    if len(x) <= step:
        return first
    whole = np.empty((len(x), *first.shape[1:]), first.dtype)
    whole[:step] = first
    for start in range(step, len(x), step):
        whole[start : start + step] = predictor.predict([x[start : start + step]], rows)[0]
    return whole
