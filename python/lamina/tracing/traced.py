"""``trace``: the backpropagation of one row, written out and checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lamina import _check
from lamina import losses as losses_
from lamina._calls import answering_calls
from lamina._check import Array
from lamina.tracing.chain import Affine, chain_of, output_delta, pulled_back

STEP = 1e-6  # of finite differences, times the weight if that is larger than 1


@dataclass
class LayerTrace:
    """The computations of one dense layer, with arrays in float64.

    Attributes
    ----------
    name, function : str
        The name of the layer and that of its activation.
    inputs : ndarray of shape (inputs,)
    sums, outputs : ndarray of shape (units,)
        ``inputs @ kernel + bias`` and its activation: ``z``, or ``ŷ``.
    slopes : ndarray of shape (units,) or None
        Derivative of the activation at the sums; None for a function of the whole row (softmax).
    deltas : ndarray of shape (units,)
        Derivatives of the loss with respect to the sums.
    kernel, bias : ndarray of shapes (inputs, units) and (units,)
        The weights; ``bias`` may be None.
    kernel_gradient, bias_gradient : ndarray
        ``outer(inputs, deltas)`` and ``deltas``.
    kernel_difference, bias_difference : ndarray
        The same by central differences of the loss.
    """

    name: str
    function: str
    inputs: Array
    sums: Array
    outputs: Array
    slopes: Array | None
    deltas: Array
    kernel: Array
    bias: Array | None
    kernel_difference: Array = field(default_factory=lambda: np.zeros(0))
    bias_difference: Array | None = None

    @property
    def kernel_gradient(self) -> Array:
        """The gradient of the kernel, by the chain rule."""
        return np.outer(self.inputs, self.deltas)

    @property
    def bias_gradient(self) -> Array | None:
        """The gradient of the bias, by the chain rule."""
        return None if self.bias is None else self.deltas


@dataclass
class Trace:
    """The backpropagation of one row: use ``print``, ``to_latex()`` or ``to_html()``.

    Attributes
    ----------
    x, y : ndarray
    loss : float
    loss_name : str
    layers : list of LayerTrace
        From the first hidden layer to the output.
    """

    x: Array
    y: Array
    loss: float
    loss_name: str
    layers: list[LayerTrace]

    @property
    def largest_difference(self) -> float:
        """The largest absolute difference of a gradient from its finite difference."""
        pairs = [(each.kernel_gradient, each.kernel_difference) for each in self.layers]
        pairs += [
            (each.bias_gradient, each.bias_difference)
            for each in self.layers
            if each.bias_gradient is not None and each.bias_difference is not None
        ]
        return max(float(np.max(np.abs(a - b), initial=0.0)) for a, b in pairs)

    def to_text(self, most: int = 12) -> str:
        """Return tables as plain text, each with at most ``most`` rows."""
        from lamina.tracing.written import text

        return text(self, most)

    def to_latex(self, most: int = 12) -> str:
        """Return the formulas and the tables in LaTeX (amsmath)."""
        from lamina.tracing.written import latex

        return latex(self, most)

    def to_html(self, most: int = 12) -> str:
        """Return the tables in HTML, as displayed in a notebook."""
        from lamina.tracing.written import html

        return html(self, most)

    def __str__(self) -> str:
        """Return the tables."""
        return self.to_text()

    def _repr_html_(self) -> str:
        return self.to_html()


@answering_calls
def trace(model: Any, x: Any, y: Any, loss: Any = None) -> Trace:
    r"""Write out the backpropagation of one row through a network of dense layers.

    With one hidden layer the symbols are those of James et al., *An Introduction to Statistical
    Learning* (2nd ed. 2021), section 10.7: unit m of the hidden layer has the sum :math:`s_m =
    \alpha_{0m} + \sum_j \alpha_{jm} x_j` and the output :math:`z_m = g(s_m)`, output c is
    :math:`\hat y_c = f(\beta_{0c} + \sum_m \beta_{mc} z_m)`.  With :math:`\delta` for the
    derivative of the loss R with respect to a sum, the chain rule is

    .. math::
        \frac{\partial R}{\partial \beta_{mc}} = \delta_c z_m, \qquad
        \delta_m = g'(s_m) \sum_c \beta_{mc} \delta_c, \qquad
        \frac{\partial R}{\partial \alpha_{jm}} = \delta_m x_j .

    Parameters
    ----------
    model : Sequential or Model
        A sequence of dense layers with their activations; Flatten may come first.  Dropout and
        noise are inactive, as in a prediction.
    x : array_like of shape (inputs,) or (1, inputs)
        One row.
    y : array_like
        Its target, in the form that the loss takes.
    loss : str, Loss or callable, optional
        By default that of ``compile``; for a model that is not compiled, :math:`R = \frac12 \sum_c
        (y_c - \hat y_c)^2`.

    Returns
    -------
    Trace
        All numbers, each gradient with the central difference of the loss.

    Raises
    ------
    ValueError
        If the model has other layers, or `x` is not one row.

    Examples
    --------
    >>> import lamina
    >>> from lamina import layers
    >>> model = lamina.Sequential([lamina.Input((2,)), layers.Dense(1, activation="sigmoid"),
    ...                            layers.Dense(1)])
    >>> model.set_weights([[[1.0], [-1.0]], [0.0], [[2.0]], [0.5]])
    >>> traced = lamina.trace(model, [1.0, 1.0], 1.0)
    >>> traced.layers[1].deltas  # -(y - ŷ), with ŷ = 0.5 + 2 * sigmoid(0)
    array([0.5])
    >>> traced.layers[0].deltas  # sigmoid'(0) * 2 * 0.5
    array([0.25])
    >>> traced.largest_difference < 1e-9
    True
    """
    chain = chain_of(model)
    row = _check.floats("trace", "x", x, "float64", finite=True, of_row=np.ndim(x) == 1).reshape(-1)
    if len(row) != len(chain[0].kernel):
        raise ValueError(
            f"trace: x must be one row of {len(chain[0].kernel)} numbers; got shape {np.shape(x)} "
            f"(trace several rows one by one)"
        )
    given = _loss_of(model, loss)
    target = _target(y, given, chain[-1])
    sums, outputs = _forward(chain, row)
    deltas = _deltas(chain, sums, target, given)
    inputs = [row, *outputs[:-1]]
    traced = [
        LayerTrace(a.name, a.called, i, s, o, _slopes(a, s), d, a.kernel, a.bias)
        for a, i, s, o, d in zip(chain, inputs, sums, outputs, deltas, strict=True)
    ]

    def value() -> float:
        return _value(given, target, _forward(chain, row)[1][-1])

    for affine, each in zip(chain, traced, strict=True):
        each.kernel_difference = _differences(affine.kernel, value)
        if affine.bias is not None:
            each.bias_difference = _differences(affine.bias, value)
    return Trace(row, target, value(), given.name, traced)


class _Quadratic(losses_.Loss):
    """Half the sum of squares, the loss of the standard derivation."""

    def __init__(self) -> None:
        super().__init__(name="half_squared_error")

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each row."""
        from lamina import ops

        return ops.sum(ops.square(y_true - y_pred), axis=-1) / 2


def _loss_of(model: Any, loss: Any) -> Any:
    if loss is None:
        compiled = getattr(model, "loss", None)
        return _Quadratic() if compiled is None else losses_.get(compiled)
    return losses_.get(loss)


def _target(y: Any, loss: Any, last: Affine) -> Array:
    target = np.asarray(y)
    if target.dtype.kind == "f":
        _check.floats("trace", "y", target, "float64", finite=True, of_row=target.ndim < 2)
    sparse = "sparse" in loss.name
    return (
        target.reshape(1)
        if sparse
        else np.asarray(target, np.float64).reshape(last.kernel.shape[1])
    )


def _forward(chain: list[Affine], row: Array) -> tuple[list[Array], list[Array]]:
    sums, outputs = [], []
    for affine in chain:
        sums.append(affine.sums(row))
        row = affine.outputs(sums[-1])
        outputs.append(row)
    return sums, outputs


def _deltas(chain: list[Affine], sums: list[Array], y: Array, loss: Any) -> list[Array]:
    deltas = [output_delta(chain[-1], sums[-1], y, loss)]
    for affine, behind, s in zip(chain[-2::-1], chain[:0:-1], sums[-2::-1], strict=True):
        deltas.insert(0, pulled_back(affine, s, behind.kernel @ deltas[0]))
    return deltas


def _slopes(affine: Affine, sums: Array) -> Array | None:
    if getattr(affine.function, "of_rows", False) or "softmax" in affine.called:
        return None
    return pulled_back(affine, sums, np.ones(len(sums)))


def _value(loss: Any, y: Array, outputs: Array) -> float:
    return float(np.asarray(loss(y[None], outputs[None])))


def _differences(weights: Array, value: Any) -> Array:
    """Return the central differences of ``value`` for each of the weights, which it reads."""
    result = np.zeros(weights.shape)
    for place in np.ndindex(weights.shape):
        kept = weights[place]
        step = STEP * max(1.0, abs(kept))
        weights[place] = kept + step
        above = value()
        weights[place] = kept - step
        result[place] = (above - value()) / (2 * step)
        weights[place] = kept
    return result
