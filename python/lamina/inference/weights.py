"""Importance of inputs from the weights of a network: Garson's and Olden's algorithms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina._calls import answering_calls
from lamina._columns import Columns
from lamina._predicting import chosen_outputs
from lamina.inference.networks import connections
from lamina.inference.units import Connections

Array = NDArray[Any]


class Importance(Columns):
    """Importance of the inputs for each output, as a table with one row for each pair.

    The columns are ``input``, ``output`` and ``importance``.

    Attributes
    ----------
    method : str
        "garson" or "olden".
    inputs, outputs : list of str
    by_output : ndarray of shape (outputs, inputs)
    """

    def __init__(
        self, method: str, inputs: Sequence[str], outputs: Sequence[str], values: Array
    ) -> None:
        self.method, self.inputs, self.outputs = method, list(inputs), list(outputs)
        self.by_output: Array = values
        columns = {
            "input": list(inputs) * len(outputs),
            "output": [name for name in outputs for _ in inputs],
            "importance": values.ravel(),
        }
        super().__init__(columns)


@answering_calls
def garson(
    model: Any,
    output: int | str | Sequence[int | str] | None = None,
    *,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
) -> Importance:
    """Return the shares of the inputs in the weights of a network with one hidden layer.

    For each hidden unit, the absolute weights ``|w_ij|`` are divided by their sum over the inputs;
    these shares are summed over the hidden units that lead to the output, and scaled to a sum of
    1.  A share has no sign.  The weights are those of the Dense layers alone: unlike ``olden`` it
    does not multiply them by the scales of a ``Normalization`` or ``Rescaling`` before them.

    Parameters
    ----------
    model : Model, fit of lamina.nnet, or estimator
        See ``lamina.inference.connections``.
    output : int, str or sequence of them, optional
        Which outputs, by default all.
    input_names, output_names : sequence of str, optional

    Returns
    -------
    Importance

    Raises
    ------
    ValueError
        For a network with skip layers, or without exactly one hidden layer, as in NeuralNetTools,
        which refers to Olden's algorithm for these; and if a hidden unit is an output too.

    Notes
    -----
    Computed as in ``garson`` of NeuralNetTools, after G. D. Garson, AI Expert 6 (1991) 46-51, and
    A. T. C. Goh, Artificial Intelligence in Engineering 9 (1995) 143-151: the product
    ``|w_ij v_j|`` with the weight to the output is divided by its sum over the inputs, so that
    ``v_j`` cancels unless it is 0.  The shares are then the same for all outputs.

    Examples
    --------
    >>> import lamina
    >>> from lamina.inference import garson
    >>> model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(2, "sigmoid"),
    ...                            lamina.layers.Dense(1)])
    >>> model.set_weights([[[1.0, 3.0], [-1.0, 1.0]], [0.0, 0.0], [[2.0], [-1.0]], [0.0]])
    >>> garson(model)["importance"]
    array([0.625, 0.375])
    """
    net = connections(model, input_names, output_names, "garson")
    _refuse_others(net)
    into, out = (np.abs(layer.kernel) for layer in net.layers)
    totals = into.sum(axis=0)
    shares = np.divide(into, totals, out=np.zeros_like(into), where=totals > 0)
    sums = shares @ (out > 0)
    scales = sums.sum(axis=0)
    values = np.divide(sums, scales, out=np.full_like(sums, np.nan), where=scales > 0)
    return _importance("garson", net, values, output)


@answering_calls
def olden(
    model: Any,
    output: int | str | Sequence[int | str] | None = None,
    *,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
) -> Importance:
    """Return the sums of the products of the weights on the paths from inputs to outputs.

    With one hidden layer the importance of input i is ``sum_j w_ij v_j``; with more, the product of
    all kernels.  Skip layers are separate paths and add their weights.  The sign is that of the
    effect; sizes can be compared within one network.

    Parameters
    ----------
    model : Model, fit of lamina.nnet, or estimator
        See ``lamina.inference.connections``: any number of hidden layers, skip connections through
        ``Add`` and ``Concatenate``.  Weights are multiplied by the scales of
        ``BatchNormalization``, ``Normalization`` and ``Rescaling`` on their path.
    output : int, str or sequence of them, optional
        Which outputs, by default all.
    input_names, output_names : sequence of str, optional

    Returns
    -------
    Importance

    Notes
    -----
    J. D. Olden, M. K. Joy and R. G. Death, Ecological Modelling 178 (2004) 389-397.  NeuralNetTools
    reads the skip weights of an ``nnet`` fit, but does not return the sums with them.

    Examples
    --------
    >>> import lamina
    >>> from lamina.inference import olden
    >>> model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(2, "sigmoid"),
    ...                            lamina.layers.Dense(1)])
    >>> model.set_weights([[[1.0, 3.0], [-1.0, 1.0]], [0.0, 0.0], [[2.0], [-1.0]], [0.0]])
    >>> olden(model)["importance"]
    array([-1., -3.])
    """
    net = connections(model, input_names, output_names, "olden")
    return _importance("olden", net, net.totals, output)


def _refuse_others(net: Connections) -> None:
    """Refuse networks for which Garson's algorithm is not defined."""
    count, other = (
        len(net.hidden),
        "use olden, which takes any number of hidden layers, and skip layers",
    )
    if net.has_skip and count:
        raise ValueError(f"garson: the model must have no skip layer; {other}")
    if count != 1:
        found = "none" if count == 0 else count
        raise ValueError(f"garson: the model must have one hidden layer; got {found}; {other}")
    if {unit for layer in net.hidden for unit in layer} & set(net.outputs):
        raise ValueError(f"garson: no output may be a hidden unit too; {other}")
    if len(net.layers) != 2:
        raise ValueError(
            f"garson: the hidden layer and the output must be a Dense layer each; got "
            f"{len(net.layers)} Dense layers; {other}"
        )


def _importance(method: str, net: Connections, values: Array, output: Any) -> Importance:
    inputs, outputs = ([net.units[i] for i in ends] for ends in (net.inputs, net.outputs))
    places = chosen_outputs(method, output, outputs)
    return Importance(method, inputs, [outputs[i] for i in places], values.T[places])
