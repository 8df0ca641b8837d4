"""What SimpleRNN, LSTM and GRU over whole sequences have in common.

Weights have Keras's shapes and gate orders; ``reset_after`` of the GRU is told by its bias or the
argument.  Common arguments, described once:

initial_h, initial_c : array_like of shape (rows, units), optional
    States before the first step; zeros by default.
mask : array_like of bool, shape (rows, steps), optional
    Where False, the step is skipped: states stay and the output repeats the one before (before the
    first step that counts: the initial state).
input_drop, recurrent_drop : array_like of shape (rows, inputs) and (rows, units), optional
    Factors on the inputs, and on the state where it meets the recurrent kernel, the same at all
    steps and for all gates: dropout drawn by the caller.
go_backwards : bool, default False
    Read the last time step first.  Outputs lie in the order of processing, as in Keras.
return_sequences : bool, default False
    ``y`` holds the outputs of all steps rather than the last one's.
keep : bool, default True
    Fill ``saved``; without it (inference) less memory is touched, and ``saved`` is empty.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
Gradients = tuple[Array, Array, Array, Array, Array]
