"""A model's loss over given rows as a function of a vector of weights, with its derivatives."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check
from lamina.models.compilation.steps import has_own
from lamina.models.data import prepared as data_
from lamina.models.data.ragged import refuse
from lamina.models.derivatives import minimum
from lamina.models.derivatives.dtype_copies import copy_with_dtype
from lamina.models.derivatives.loss_program import LossProgram
from lamina.models.network.recorded import recorded

if TYPE_CHECKING:
    from lamina._check import Array
    from lamina.models.derivatives.minimum import Minimum, Report

WHO = "loss_function"


class LossFunction:
    """The loss of a compiled model over given rows, returned by ``model.loss_function``.

    It is a function of ``theta``, a float64 vector of the trainable weights on which the loss
    depends, concatenated in the order of ``model.trainable_weights``, each in C order.  The model's
    layers act as in inference (no dropout, fixed moving statistics), and its weights are copied:
    changes of the model do not affect the function, nor vice versa.  Only one thread at a time may
    call a function (others get ``RuntimeError``); functions of one ``program`` may run at once.

    The value is that of ``model.evaluate``: the mean of the losses of the rows, for a loss with
    that reduction, plus penalties on weights.

    Parameters
    ----------
    model, x, y, sample_weight, dtype
        As in ``model.loss_function``.
    copy : bool, default True
        Whether to copy the model; otherwise the function computes in the model's own dtype, and the
        model must not be changed any more.
    program : LossProgram, optional
        The program of another function of this model, recorded for rows of the same form; the model
        is then not copied: see ``LossProgram.over``.

    Attributes
    ----------
    size : int
        Number of elements of ``theta``.
    rows : int
    paths : list of str
        The paths of the weights in ``theta``, such as "dense/kernel".
    slices : dict of str to slice
        The position of each weight in ``theta``.
    shapes : dict of str to tuple of int
    program : LossProgram
        The recording, without the rows.
    """

    def __init__(
        self,
        model: Any,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        dtype: str = "float64",
        copy: bool = True,
        program: LossProgram | None = None,
    ) -> None:
        copied = copy and program is None
        self._model = copy_with_dtype(WHO, model, _check.dtype(WHO, dtype)) if copied else model
        with self._model.unbuilt_on_error():
            self._data = self._prepared(x, y, sample_weight)
            if program is None:
                program = LossProgram(self._model, self._data)
            else:
                program.check(self._data)
        self.rows = self._data.rows
        self.program = program
        self._of_data: Any = None
        self._of_outputs: Any = None
        self._scales: tuple[Array, Array] | None = None
        self.paths, self.size = program.paths, program.size
        self.shapes, self.slices = program.shapes, program.slices
        self._theta: Array = program.weights

    def _prepared(self, x: Any, y: Any, sample_weight: Any) -> Any:
        model = self._model
        data = data_.prepare(WHO, model, model.meet(x), y, sample_weight).read()
        refuse(WHO, data)
        model.check_batches(WHO, data.rows, data.rows)
        model.ensure_built(data.open_shapes)
        (part,) = data.parts()
        return part.data

    @cached_property
    def _function(self) -> Any:
        return self.program.function(*self._searched())

    def _checked(self, theta: Any) -> Array:
        if theta is None:
            return self._theta
        given = np.ascontiguousarray(theta, np.float64)
        if given.shape != (self.size,):
            raise ValueError(
                f"LossFunction: theta must have shape ({self.size},), one number for each "
                f"trainable weight; got {given.shape}"
            )
        return given

    @property
    def weights(self) -> Array:
        """A copy of the weights at which the function is evaluated by default."""
        theta: Array = self._theta.copy()
        return theta

    @weights.setter
    def weights(self, theta: Any) -> None:
        self._theta = self._checked(theta).copy()

    def unpacked(self, theta: Any = None) -> dict[str, Array]:
        """Return ``theta`` as one array per weight, by path."""
        given = self._checked(theta)
        return {p: given[s].reshape(self.shapes[p]).copy() for p, s in self.slices.items()}

    def value(self, theta: Any = None) -> float:
        """Return the loss, including penalties."""
        return float(self._function.value(self._checked(theta)))

    def gradient(self, theta: Any = None) -> Array:
        """Return the derivatives with respect to the weights, an array of shape (size,)."""
        return self.value_and_gradient(theta)[1]

    def value_and_gradient(self, theta: Any = None) -> tuple[float, Array]:
        """Return both, computed in one pass."""
        value, gradient = self._function.value_and_gradient(self._checked(theta))
        return float(value), gradient

    def hessian(self, theta: Any = None) -> Array:
        """Return the second derivatives with respect to the weights, of shape (size, size).

        They are differences of exact gradients, extrapolated as in Ridders (1982) until the
        estimated error increases: about nine digits if the loss is smooth.  For a loss with kinks
        (ReLU, L1) they are derivatives on the side on which the weights lie, if these are farther
        from a kink than the last and smallest step.

        Cost: about ten to twenty passes over the rows for each weight.
        """
        from lamina.models.derivatives.differences import hessian_by_differences

        at = self._checked(theta)
        found, steps = hessian_by_differences(self.value_and_gradient, at, self._digits)
        # Changes of the loss beyond its own size say nothing more, unless the fit is perfect.
        changes, value = np.abs(np.diag(found)) * steps**2, abs(self.value(at))
        if value > 1e-24 * changes.max(initial=0.0):
            steps = steps * np.sqrt(value / np.maximum(changes, value))
        self._scales = at.copy(), steps
        return found

    def scales(self, theta: Any = None) -> Array:
        """Return distances by which changes of different weights can be compared: shape (size,).

        Over the scale of a weight the loss is about quadratic, and changes at most by its own size.
        They are found with ``hessian``.
        """
        at = self._checked(theta)
        if self._scales is None or not np.array_equal(self._scales[0], at):
            self.hessian(at)
        assert self._scales is not None
        scales: Array = self._scales[1].copy()
        return scales

    @property
    def _digits(self) -> float:
        # The relative accuracy of the gradients.
        return float(np.finfo(self._model.dtype).eps)

    # --- minima

    def minimize(
        self,
        start: Any = None,
        *,
        maxit: int = 100,
        abstol: float = -np.inf,
        reltol: float = 1e-8,
        mask: Any = None,
        report: Report | None = None,
    ) -> Minimum:
        """Minimise the loss by the variable metric method of R's ``optim`` and ``nnet``.

        Parameters
        ----------
        start : array_like of shape (size,), optional
            Initial value; by default ``weights``.
        maxit : int, default 100
            Maximum number of iterations.
        abstol, reltol : float
            The search ends if the value is not above `abstol`, or changes by no more than ``reltol
            * (abs(value) + reltol)`` twice in a row.
        mask : array_like of shape (size,), optional
            The weights that may change; by default all.
        report : callable, optional
            Called with the number of the start, iterations and value, at the start and every ten
            iterations.

        Returns
        -------
        Minimum
            With the weights ``x``, the value ``fun`` and the ``status``; ``weights`` is not
            changed.

        Notes
        -----
        Algorithm 21 of [1]_: BFGS with steps that are reduced to a fifth until the value decreases
        sufficiently, restarted when there is no further improvement.  It runs in C++, without
        Python's lock.

        References
        ----------
        .. [1] J. C. Nash, "Compact numerical methods for computers", 2nd edition, 1990.

        Examples
        --------
        >>> import numpy as np, lamina
        >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)])
        >>> model.compile(loss="mse")
        >>> x = np.array([[0.0], [1.0], [2.0]])
        >>> found = model.loss_function(x, 2 * x + 1).minimize()
        >>> bool(found.success), found.x.round(4).tolist()
        (True, [2.0, 1.0])
        """
        starts = self._checked(start)[None]
        return minimum.search(*self._searched(), starts, mask, maxit, abstol, reltol, report)[0]

    def minimize_many(
        self,
        starts: Any,
        *,
        maxit: int = 100,
        abstol: float = -np.inf,
        reltol: float = 1e-8,
        mask: Any = None,
        columns: Any = None,
    ) -> list[Minimum]:
        """Minimise from each row of `starts`, in parallel on as many threads as lamina may use.

        Each search is serial: results depend neither on the number of threads nor on the other
        starts.  `starts` has shape (starts, size); the other arguments are as in ``minimize``.

        `columns`, integers of shape (starts, columns), are for data whose cases lie along the last
        axis of all arrays: they give the cases used by each start, as many as there are cases, such
        as a resample.  The cases are copied when the search runs.
        """
        given = np.ascontiguousarray(starts, np.float64)
        if given.ndim != 2 or given.shape[1] != self.size:
            raise ValueError(
                f"LossFunction: starts must have shape (starts, {self.size}); got {given.shape}"
            )
        return minimum.search(
            *self._searched(), given, mask, maxit, abstol, reltol, columns=columns
        )

    def _searched(self) -> tuple[Any, Any]:
        return self.program.objective.graph, self._data.arrays

    # --- row by row

    def losses(self, theta: Any = None) -> Array:
        """Return each row's own loss, without penalties: shape (rows,).

        It is the loss of a batch with only that row, so it includes the row's sample weight unless
        the reduction divides by the weights ("mean_with_sample_weight").
        """
        return self._data_function().of_rows(self._checked(theta))[0]  # type: ignore[no-any-return]

    def scores(self, theta: Any = None) -> Array:
        """Return the derivatives of each row's loss with respect to the weights: (rows, size).

        They are those of ``losses``: not divided by the number of rows, and without penalties.
        """
        return self._data_function().of_rows(self._checked(theta))[1]  # type: ignore[no-any-return]

    def _data_function(self) -> Any:
        if self.program.objective.of_batch:
            raise ValueError(
                f"LossFunction: the loss of {self._model.name} is one number for all rows and "
                f"cannot be split into rows"
            )
        if self._of_data is None:
            graph = self.program.recorded(self._data, penalized=False).graph
            self._of_data = _Arranged(self.program.function(graph, self._data.arrays), self.slices)
        return self._of_data

    def penalty(self, theta: Any = None) -> float:
        """Return the contribution of penalties to the loss."""
        return self.value(theta) - float(self._data_function().value(self._checked(theta)))

    def penalty_gradient(self, theta: Any = None) -> Array:
        """Return its derivatives with respect to the weights: shape (size,)."""
        of_data: Array = self._data_function().gradient(self._checked(theta))
        return self.gradient(theta) - of_data

    def penalty_hessian(self, theta: Any = None) -> Array:
        """Return the second derivatives of the penalties: shape (size, size)."""
        from lamina.models.derivatives.differences import hessian_by_differences

        at = self._checked(theta)
        if self._model.regularized() or has_own(self._model):  # user-defined penalties

            def function(theta: Array) -> tuple[float, Array]:
                return self.penalty(theta), self.penalty_gradient(theta)

            return hessian_by_differences(function, at, self._digits)[0]
        found = np.zeros((self.size, self.size))
        for parameter, _, l2 in self._model.penalties():
            place = self.slices.get(self._model.path_of(parameter), slice(0))
            found[range(*place.indices(self.size)), range(*place.indices(self.size))] += 2.0 * l2
        return found

    # --- outputs

    def outputs(self, theta: Any = None) -> Array:
        """Return the model's outputs, flattened for each row: shape (rows, outputs)."""
        return self._output_function().values(self._checked(theta))  # type: ignore[no-any-return]

    def jacobian(self, theta: Any = None) -> Array:
        """Return the derivatives of the outputs by the weights: shape (rows, outputs, size)."""
        return self._output_function().gradients(self._checked(theta))  # type: ignore[no-any-return]

    def _output_function(self) -> Any:
        if self._of_outputs is None:
            self._of_outputs = _Outputs(self._model, self._data, self.slices)
        return self._of_outputs


class _Arranged:
    """An objective over some of the weights, as one over all of ``slices``."""

    def __init__(self, function: Any, slices: dict[str, slice]) -> None:
        self._function = function
        taken = [np.arange(slices[p].start, slices[p].stop) for p in function.paths()]
        self._places = np.concatenate(taken)
        self._size = max(s.stop for s in slices.values())

    def _own(self, theta: Array) -> Array:
        return np.ascontiguousarray(theta[self._places])

    def value(self, theta: Array) -> float:
        return float(self._function.value(self._own(theta)))

    def gradient(self, theta: Array) -> Array:
        spread = np.zeros(self._size)
        spread[self._places] = self._function.value_and_gradient(self._own(theta))[1]
        return spread

    def of_rows(self, theta: Array) -> tuple[Array, Array]:
        values, gradients = self._function.of_rows(self._own(theta))
        if gradients.shape[1] == self._size and (self._places == np.arange(self._size)).all():
            return values, gradients
        spread = np.zeros((len(gradients), self._size))
        spread[:, self._places] = gradients
        return values, spread


class _Outputs:
    """The outputs of a model as functions of its weights: weighted sums of them."""

    def __init__(self, model: Any, data: Any, slices: dict[str, slice]) -> None:
        self._slices, self._inputs = slices, list(data.inputs)
        self._masks = [m for m in data.masks if m is not None]
        self._rows = data.rows
        with recorded(
            model, data.row_shapes, rows=data.rows if model.bound else None, training=True,
            masked=data.masked, told=False,
        ) as made:  # fmt: skip
            self.count = self._record(made)
            made.graph.build()
        self._graph, self._dtype = made.graph, model.dtype

    def _record(self, made: Any) -> int:
        from lamina import ops
        from lamina._tensors import Tensor

        outputs = [Tensor(made.recording, output) for output in made.outputs]
        sizes = [int(np.prod(output.value.shape)) for output in outputs]
        for place, (output, size) in enumerate(zip(outputs, sizes, strict=True)):
            direction = made.graph.input((size,), f"direction:{place}")
            flat = ops.reshape(output, (-1, size))
            term = ops.sum(flat * Tensor(made.recording, direction), axis=-1)
            made.graph.add_loss(term.value)
        self._sizes = sizes
        return sum(sizes)

    def _function(self, place: int) -> _Arranged:
        directions = np.zeros((self._rows, self.count), self._dtype)
        directions[:, place] = 1.0
        parts = np.split(directions, np.cumsum(self._sizes)[:-1], axis=1)
        arrays = [*self._inputs, *self._masks, *map(np.ascontiguousarray, parts)]
        return _Arranged(LossProgram.function(self._graph, arrays), self._slices)

    def _each(self, theta: Array) -> list[tuple[Array, Array]]:
        return [self._function(place).of_rows(theta) for place in range(self.count)]

    def values(self, theta: Array) -> Array:
        return np.stack([values for values, _ in self._each(theta)], axis=1)

    def gradients(self, theta: Array) -> Array:
        return np.stack([gradients for _, gradients in self._each(theta)], axis=1)
