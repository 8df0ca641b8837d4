"""The common arguments of SimpleRNN, LSTM and GRU over whole sequences.

Weights have Keras's shapes and gate orders; ``reset_after`` of the GRU is determined by its bias
or the argument.  The arguments:

initial_h, initial_c : array_like of shape (rows, units), optional
    States before the first step; zeros by default.
mask : array_like of bool, shape (rows, steps), optional
    Steps with False are skipped: states are kept, and the output repeats the previous one (before
    the first step that counts, the initial state).
input_drop, recurrent_drop : array_like of shape (rows, inputs) and (rows, units), optional
    Factors of the inputs, and of the state before it is multiplied by the recurrent kernel, the
    same for all steps and gates: dropout drawn by the caller.
go_backwards : bool, default False
    Process the last time step first.  Outputs are in the order of processing, as in Keras.
return_sequences : bool, default False
    ``y`` contains the outputs of all steps rather than only the last.
keep : bool, default True
    Fill ``saved``; if False (for inference), less memory is used, and ``saved`` is empty.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
Gradients = tuple[Array, Array, Array, Array, Array]
