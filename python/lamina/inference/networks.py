"""The units of a network of dense layers, and the weights between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lamina._calls import answering_calls
from lamina.inference.readers import reader_of
from lamina.inference.units import Connections


@answering_calls
def connections(
    model: Any,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    who: str = "connections",
) -> Connections:
    """Return the units and weights of a network of dense layers.

    Parameters
    ----------
    model : Model, lamina.nnet fit, or estimator
        A ``Sequential`` or graph model of dense layers, with skip connections through ``Add`` and
        ``Concatenate``, and any number of inputs and outputs, which are joined in their order; a
        fit of ``nnet`` or ``multinom`` (for an average of networks, one element of its ``model``);
        an estimator with ``coefs_`` and ``intercepts_`` like those of
        scikit-learn, or with a lamina model as ``model_``.
    input_names, output_names : sequence of str, optional
        By default the model's own names if it has any, otherwise x1, x2, ... and o1, o2, ...; with
        several inputs or outputs, their names with a number for each column.

    Returns
    -------
    Connections

    Raises
    ------
    TypeError
        For objects that are not networks, and for averages of networks.
    ValueError
        For layers whose units are not connected by a matrix of weights, such as convolutions.

    Examples
    --------
    >>> import lamina
    >>> from lamina.inference import connections
    >>> model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(3, "sigmoid"),
    ...                            lamina.layers.Dense(1)])
    >>> connections(model).units
    ['x1', 'x2', 'h1', 'h2', 'h3', 'o']
    """
    return named_connections(model, input_names, output_names, who, ("input_names", "output_names"))


def named_connections(
    model: Any, inputs: Any, outputs: Any, who: str, arguments: tuple[str, str]
) -> Connections:
    """Return the connections for a caller that takes names under arguments of its own."""
    found = reader_of(model, who)(model, who)
    found.name(inputs, outputs, who, arguments)
    return found.made()
