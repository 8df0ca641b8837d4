"""Penalties on a layer's weights, added to the loss.

The conventions are those of Keras: ``L1(l1)`` adds ``l1 * sum(|w|)`` and ``L2(l2)`` adds ``l2 *
sum(w ** 2)``, without the factor 1/2 used in some texts, and without dividing by the number of
rows.  A penalty ``lambda/2 * sum(w ** 2)`` in a text is therefore ``L2(lambda / 2)``, and R's
``nnet(decay=d)``, whose criterion is a sum over rows whereas the loss here is a mean, is ``L2(d /
rows)`` on every weight and bias.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from lamina._answers import answering
from lamina._calls import answering_calls
from lamina._check import boolean, number, quiet
from lamina._settings import Configurable, custom, note_change, resolve, serialize
from lamina._tensors import dispatch

__all__ = ["L1", "L1L2", "L2", "OrthogonalRegularizer", "Regularizer", "get", "serialize"]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)


class Regularizer(Configurable):
    """A penalty on a weight array, or on a layer's outputs, with two factors by default.

    The base class computes ``l1 * sum(|w|) + l2 * sum(w ** 2)``.  A subclass may define
    ``__call__(self, x)``, written with ``lamina.ops``, which returns a single number; any function
    of that kind may also be used as a regularizer.

    Attributes
    ----------
    l1, l2 : float
        The two factors.
    proximal : bool
        Whether L1 yields exact zeros: see ``L1``.

    Examples
    --------
    >>> from lamina import ops, regularizers
    >>> class Largest(regularizers.Regularizer):
    ...     def __call__(self, x):
    ...         return 0.1 * ops.max(ops.absolute(x))
    >>> round(float(Largest()([1.0, -3.0])), 6)
    0.3
    """

    _plumbing: ClassVar[str] = "has_factors"
    has_factors: ClassVar[bool] = True  # whether training can add it by its two factors
    l1: float = 0.0
    l2: float = 0.0
    proximal: bool = False

    def __init_subclass__(cls, **options: Any) -> None:
        """Determine whether the penalty consists of the two factors."""
        super().__init_subclass__(**options)
        cls.has_factors = cls.__call__ is Regularizer.__call__

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; new factors apply from the next step on, also in users' classes."""
        if name in ("l1", "l2"):
            value = number(type(self).__name__, name, value, low=0.0)
        elif name == "proximal":
            value = boolean(type(self).__name__, name, value)
        super().__setattr__(name, value)
        if name in ("l1", "l2", "proximal"):
            note_change(self)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, and ``proximal``, which Keras lacks, only if set."""
        config = super().get_config()
        if config.get("proximal") is False:
            del config["proximal"]
        return config

    def __call__(self, weights: Any) -> Any:
        """Return the penalty of an array of any shape, computed in float64, or of a tensor."""
        if not dispatch.on_tensors(weights):
            return self._of_array(weights)
        from lamina import ops

        terms = []
        if self.l1:
            terms.append(self.l1 * ops.sum(ops.absolute(weights)))
        if self.l2 or not terms:
            terms.append(self.l2 * ops.sum(ops.square(weights)))
        return terms[0] if len(terms) == 1 else terms[0] + terms[1]

    @quiet
    def _of_array(self, weights: ArrayLike) -> float:
        w = np.asarray(weights, dtype=np.float64)
        squares = np.square(w).sum()
        if np.isinf(squares):  # the penalty may still be finite
            return float(self.l1 * np.abs(w).sum() + np.square(math.sqrt(self.l2) * w).sum())
        return float(self.l1 * np.abs(w).sum() + self.l2 * squares)


class L1(Regularizer):
    """The lasso penalty ``l1 * sum(|w|)``.

    Parameters
    ----------
    l1 : float, default 0.01
        Factor, at least 0.
    proximal : bool, default False
        Whether weights become exactly 0, as in the lasso.  Otherwise, as in Keras, steps follow the
        gradient ``l1 * sign(w)``, so that weights come close to 0 and oscillate around it.

    Notes
    -----
    With ``proximal`` no step takes a weight across 0: it stops there, and leaves 0 only if the
    gradient of the loss alone exceeds ``l1``.  With plain gradient descent this is soft
    thresholding, the proximal step of the lasso; with other rules training also converges to the
    minimum of the penalised loss, which the proximal step of a rule with momentum or scaled steps
    does not [1]_.  Optimizers that search along lines, such as L-BFGS, reject it.

    References
    ----------
    .. [1] Andrew and Gao, "Scalable training of L1-regularized log-linear models", ICML 2007.

    Examples
    --------
    >>> from lamina import regularizers
    >>> regularizers.L1(0.5)([1.0, -3.0])
    2.0

    The lasso: the second input is unrelated to ``y``, and its weight becomes 0.

    >>> import numpy as np, lamina
    >>> x = np.array([[1.0, 1.0], [2.0, -1.0], [3.0, -1.0], [4.0, 1.0]])
    >>> lasso = lamina.layers.Dense(1, kernel_regularizer=regularizers.L1(0.3, proximal=True))
    >>> model = lamina.Sequential([lamina.Input((2,)), lasso])
    >>> model.compile(lamina.optimizers.SGD(0.05), "mse")
    >>> history = model.fit(x, 2 * x[:, 0], batch_size=None, epochs=1000, verbose=0)
    >>> bool(lasso.kernel[0, 0] > 1), float(lasso.kernel[1, 0])
    (True, 0.0)
    """

    def __init__(self, l1: float = 0.01, proximal: bool = False) -> None:
        self.l1 = number("L1", "l1", l1, low=0.0)
        self.proximal = proximal


class L2(Regularizer):
    """The ridge penalty ``l2 * sum(w ** 2)``.

    Parameters
    ----------
    l2 : float, default 0.01
        Factor, at least 0.

    Examples
    --------
    >>> from lamina import regularizers
    >>> regularizers.L2(0.5)([1.0, -3.0])
    5.0
    """

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = number("L2", "l2", l2, low=0.0)


class L1L2(Regularizer):
    """Both penalties: ``l1 * sum(|w|) + l2 * sum(w ** 2)`` (the elastic net).

    The string ``"l1_l2"`` means ``L1L2(0.01, 0.01)``; in Keras it is ``L1L2(0.0, 0.0)``, which does
    not penalise anything.

    Parameters
    ----------
    l1, l2 : float, default 0.0
        Factors, at least 0.
    proximal : bool, default False
        Whether weights become exactly 0: see ``L1``.

    Examples
    --------
    >>> from lamina import regularizers
    >>> regularizers.L1L2(l1=0.5, l2=0.5)([1.0, -3.0])
    7.0
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, proximal: bool = False) -> None:
        self.l1 = number("L1L2", "l1", l1, low=0.0)
        self.l2 = number("L1L2", "l2", l2, low=0.0)
        self.proximal = proximal


class OrthogonalRegularizer(Regularizer):
    """Penalise deviations of the rows, or the columns, of a matrix from orthogonality.

    The penalty is `factor` times the mean absolute cosine over all pairs.

    Parameters
    ----------
    factor : float, default 0.01
        At least 0.
    mode : {"rows", "columns"}, default "rows"
        Whether rows or columns should be orthogonal.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import regularizers
    >>> round(float(regularizers.OrthogonalRegularizer(1.0)([[3.0, 0.0], [1.0, 1.0]])), 4)
    0.7071
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = number("OrthogonalRegularizer", "factor", factor, low=0.0)
        if mode not in ("rows", "columns"):
            raise ValueError(
                f"OrthogonalRegularizer: mode must be 'rows' or 'columns'; got {mode!r}"
            )
        self.mode = mode

    def __call__(self, x: Any) -> Any:
        """Return the penalty of a matrix, a tensor or an array."""
        from lamina import ops

        x = dispatch.as_operand(x)
        shape = tuple(x.shape)
        if len(shape) != 2:
            raise ValueError(f"OrthogonalRegularizer: x must be a matrix; got shape {shape}")
        along = 1 if self.mode == "rows" else 0
        size = shape[1 - along]
        squares = ops.sum(ops.square(x), axis=along, keepdims=True)
        unit = x * ops.rsqrt(ops.maximum(squares, 1e-12))
        turned = ops.transpose(unit)
        cosines = ops.matmul(unit, turned) if along else ops.matmul(turned, unit)
        apart = ops.absolute(cosines * (1.0 - np.eye(size, dtype="float32")))
        return self.factor * ops.sum(apart) / max(1, size * (size - 1))


l1, l2, l1_l2 = L1, L2, L1L2  # Keras's aliases
orthogonal_regularizer = OrthogonalRegularizer

_TABLE: dict[str, type[Regularizer]] = {
    "l1": L1,
    "l2": L2,
    "l1_l2": L1L2,
    "orthogonal_regularizer": OrthogonalRegularizer,
}


@answering_calls
def get(identifier: object) -> Regularizer | Callable[[Any], Any] | None:
    """Return a regularizer for a name, class, configuration, instance or function; None stays None.

    Parameters
    ----------
    identifier : str, dict, type, Regularizer, callable or None
        ``"l1"``, ``"l2"`` and ``"l1_l2"`` have factors of 0.01.

    Raises
    ------
    ValueError
        If the name is unknown; the nearest is suggested.
    TypeError
        If `identifier` is of another type.

    Examples
    --------
    >>> from lamina import regularizers
    >>> regularizers.get("l2")
    L2(l2=0.01)
    """
    if identifier is None:
        return None
    if isinstance(identifier, str):
        identifier = custom(identifier) or identifier
    if callable(identifier) and not isinstance(identifier, (type, Regularizer)):
        return identifier
    regularizer = resolve("regularizer", identifier, _TABLE, Regularizer)
    if isinstance(identifier, str) and isinstance(regularizer, L1L2):
        return L1L2(0.01, 0.01)
    return regularizer


deserialize = get  # Keras's name
