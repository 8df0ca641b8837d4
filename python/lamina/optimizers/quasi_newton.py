"""Quasi-Newton methods: steps over all rows, with a line search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from lamina._calls import answering_calls
from lamina._check import LARGEST, integer, number
from lamina.optimizers.base import Optimizer
from lamina.optimizers.options import RateLike
from lamina.optimizers.stepping import Step
from lamina.optimizers.variables import StateArray

MEMORY = "curvature"


class QuasiNewton(Optimizer):
    """The base of both methods; a step is one iteration over all rows.

    Attributes
    ----------
    message : str
        The result of the last iteration: "moved", "converged" (the gradient vanishes) or "stalled"
        (no further improvement is possible).  The fit ends after either of the last two.
    evaluations : int
        The number of evaluations of the loss and its gradient since the fit began.
    """

    whole_batch: ClassVar[bool] = True

    def __init__(
        self,
        learning_rate: RateLike = 1.0,
        max_eval: int = 25,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-12,
        name: str | None = None,
    ) -> None:
        super().__init__(learning_rate, name=name)
        who = type(self).__name__
        self.max_eval = integer(who, "max_eval", max_eval)
        self.tolerance_grad = number(who, "tolerance_grad", tolerance_grad, 0.0, LARGEST)
        self.tolerance_change = number(who, "tolerance_change", tolerance_change, 0.0, LARGEST)
        self.message, self.evaluations = "", 0
        self._minimizer: Any = None

    @property
    def _pairs(self) -> int:
        """The number of steps that are remembered; 0 for a matrix."""
        return 0

    @property
    def fused(self) -> bool:
        """Whether a step runs as kernels."""
        return True

    def __getstate__(self) -> dict[str, Any]:
        """Return everything except the running search, which continues from the stored state."""
        self._note_memory()
        return {**super().__getstate__(), "_minimizer": None}

    def _note_memory(self) -> None:
        if self._minimizer is not None:
            memory = self._minimizer.memory()
            self._own = {MEMORY: StateArray.over(memory, MEMORY)} if self._iterations else {}

    def attach(self, execution: Any, model: Any = None) -> Step:
        """Return a function that does an iteration on a training execution."""
        self._own_model(model)
        parameters = execution.trainable()
        self._note_memory()
        self._minimizer = None
        self._trainable_variables, self._keys, self.built = parameters, parameters, True
        if not parameters:
            execution.set_updates([])
            return execution.train  # type: ignore[no-any-return]

        def train(
            order: Any, start: int, stop: int, rate: float, step: int, random_step: int
        ) -> float:
            # The noise is the same in all iterations, and so is the function.
            del step, random_step
            if self._minimizer is None:
                rows = None if order is None else np.sort(order[start:stop])
                self._minimizer = execution.minimizer(
                    rows, stop - start, self._pairs, self.max_eval, self.tolerance_grad,
                    self.tolerance_change,
                )  # fmt: skip
                if MEMORY in self._own:
                    self._minimizer.go_on(self._own[MEMORY])
            message, loss = self._minimizer.iterate(rate)
            self.message, self.evaluations = message, self._minimizer.evaluations
            if message in ("converged", "stalled") and model is not None:
                model.stop_training = True
            return float(loss)

        return train

    @answering_calls
    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """Raise TypeError: a line search needs more than one gradient."""
        del grads, trainable_variables
        raise TypeError(
            f"{type(self).__name__}: needs the loss at several weights in each step, and cannot "
            f"apply gradients; it can only be used in fit"
        )

    def get_state(self, paths: Mapping[str, Any]) -> dict[str, Any]:
        """Return all that determines further steps, as plain values and copies of arrays."""
        self._note_memory()
        return super().get_state(paths)

    def check_state(self, state: Mapping[str, Any], paths: Mapping[str, Any]) -> Any:
        """Return a function that takes over a state from ``get_state``; nothing is changed yet."""
        take_arrays = super().check_state(state, paths)

        def take() -> None:
            self._minimizer = None
            take_arrays()

        return take

    def reset(self) -> None:
        """Forget the curvature: the next step is the first."""
        self._minimizer = None
        super().reset()


class LBFGS(QuasiNewton):
    """Limited-memory BFGS with a line search that satisfies the strong Wolfe conditions.

    Every step uses all rows as one batch (``batch_size`` must not be smaller), and an epoch is one
    iteration: the history has the loss after each.  The fit ends before ``epochs`` if the gradient
    vanishes or no further improvement is possible.  For smooth losses of networks of modest size in
    float64, whose minimum it finds to many digits.  Nocedal 1980; Nocedal and Wright, *Numerical
    Optimization*, 2006; the constants are those of PyTorch and minFunc.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 1.0
        The first trial step of each line search, relative to the quasi-Newton step.
    max_eval : int, default 25
        Maximum number of evaluations of the loss and its gradient in a step.
    tolerance_grad : float, default 1e-7
        The search ends if no element of the gradient is larger.
    tolerance_change : float, default 1e-12
        The search ends if the loss, or every weight, changes by less.  (PyTorch's default is 1e-9.)
    history_size : int, default 10
        Number of steps from which the curvature is estimated.
    name : str, optional

    Raises
    ------
    ValueError
        In ``fit``, if batches do not contain all rows.

    Notes
    -----
    Weight decay, clipping and averages are only for optimizers with steps over batches; penalties
    of layers (`lamina.regularizers`) are part of the loss.  Dropout uses the same mask in the whole
    fit.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> x = np.linspace(-1, 1, 20)
    >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)],
    ...                           dtype="float64", seed=1)
    >>> model.compile(optimizer="lbfgs", loss="mse")
    >>> history = model.fit(x, 2 * x + 1, epochs=50, verbose=0)
    >>> model.get_weights()[0].round(6), len(history.epoch) < 10
    (array([[2.]]), True)
    """

    def __init__(
        self,
        learning_rate: RateLike = 1.0,
        max_eval: int = 25,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-12,
        history_size: int = 10,
        name: str | None = None,
    ) -> None:
        super().__init__(learning_rate, max_eval, tolerance_grad, tolerance_change, name)
        self.history_size = integer(type(self).__name__, "history_size", history_size)

    @property
    def _pairs(self) -> int:
        return self.history_size


class BFGS(QuasiNewton):
    """BFGS with the full matrix, and a line search that satisfies the strong Wolfe conditions.

    Like `LBFGS`, with the inverse Hessian estimated from all steps: ``n**2`` numbers of memory and
    time per step for ``n`` weights.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 1.0
        The first trial step of each line search, relative to the quasi-Newton step.
    max_eval : int, default 25
        Maximum number of evaluations of the loss and its gradient in a step.
    tolerance_grad : float, default 1e-7
        The search ends if no element of the gradient is larger.
    tolerance_change : float, default 1e-12
        The search ends if the loss, or every weight, changes by less.
    name : str, optional

    Examples
    --------
    >>> import numpy as np, lamina
    >>> x = np.linspace(-1, 1, 20)
    >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)],
    ...                           dtype="float64", seed=1)
    >>> model.compile(optimizer="bfgs", loss="mse")
    >>> history = model.fit(x, 2 * x + 1, epochs=50, verbose=0)
    >>> model.optimizer.message in ("converged", "stalled"), len(history.epoch) < 10
    (True, True)
    """
