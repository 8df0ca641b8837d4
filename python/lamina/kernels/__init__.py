"""The kernels of layers, losses and optimizers, for plain NumPy arrays.

For teaching, for tests and for other code: each function checks its arguments, runs one kernel
without the GIL on a suitable number of threads, and returns new arrays (functions whose name ends
in ``_update``, ``add_into`` and arguments like ``out`` write to arrays of the caller).

Arrays
    ``float32`` and ``float64``; the first array of either type decides, and an array of the other
    type raises ``TypeError``.  Integers, booleans, ``float16`` and Python numbers are converted to
    that type if it represents them exactly.  Complex, text, object and masked arrays raise
    ``TypeError``.  Any memory order, stride, byte order and alignment is read, and read-only arrays
    are allowed.
Errors
    ``TypeError`` for the type of an argument, ``ValueError`` for its shape or value, with the
    name of the function, the rule and the value.  Nothing has been written when one is raised.
Bits
    Results depend on the values and the shapes, not on the number of threads.
"""

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.kernels._activations import (
    activation_backward,
    activation_forward,
    log_softmax_backward,
    log_softmax_forward,
    softmax_backward,
    softmax_forward,
)
from lamina.kernels._arrays import (
    crop,
    pad,
    permute,
)
from lamina.kernels._average_pooling import (
    average_pool1d_backward,
    average_pool1d_forward,
    average_pool2d_backward,
    average_pool2d_forward,
)
from lamina.kernels._convolution import (
    conv1d_backward,
    conv1d_forward,
    conv2d_backward,
    conv2d_forward,
)
from lamina.kernels._dense import dense_backward, dense_forward, matmul
from lamina.kernels._elementwise import (
    absolute_sum,
    add_into,
    clip,
    column_sums,
    dot,
    find_nonfinite,
    gather_rows,
    normalize_backward,
    normalize_forward,
    penalty_backward,
    scale,
)
from lamina.kernels._embedding import (
    embedding_backward,
    embedding_backward_sparse,
    embedding_forward,
)
from lamina.kernels._gru import (
    gru_backward,
    gru_forward,
)
from lamina.kernels._losses import loss_backward, loss_forward
from lamina.kernels._lstm import (
    lstm_backward,
    lstm_forward,
)
from lamina.kernels._max_pooling import (
    max_pool1d_backward,
    max_pool1d_forward,
    max_pool2d_backward,
    max_pool2d_forward,
)
from lamina.kernels._merge import (
    combine_backward,
    combine_forward,
    concatenate_backward,
    concatenate_forward,
    dot_backward,
    dot_forward,
)
from lamina.kernels._metrics import metric_state, metric_update
from lamina.kernels._noise import (
    bounded_relu_backward,
    bounded_relu_forward,
    noise_backward,
    noise_forward,
    prelu_backward,
    prelu_forward,
    spatial_dropout_backward,
    spatial_dropout_forward,
)
from lamina.kernels._normalization import (
    batch_norm_backward,
    batch_norm_forward,
    layer_norm_backward,
    layer_norm_forward,
)
from lamina.kernels._optimizers import adam_update, rmsprop_update, sgd_update
from lamina.kernels._random import (
    dropout_backward,
    dropout_forward,
    permutation,
    random_bits,
    random_uniform,
)
from lamina.kernels._recurrent_step import rnn_step_backward, rnn_step_forward
from lamina.kernels._resizing import (
    repeat_backward,
    repeat_forward,
    resize_backward,
    resize_forward,
    upsample_backward,
    upsample_forward,
)
from lamina.kernels._simple_rnn import (
    simple_rnn_backward,
    simple_rnn_forward,
)
from lamina.kernels._transposed import (
    conv1d_transpose_backward,
    conv1d_transpose_forward,
    conv2d_transpose_backward,
    conv2d_transpose_forward,
)

__all__ = [  # noqa: RUF022 (by concept)
    # matrix product and dense
    "matmul",
    "dense_forward",
    "dense_backward",
    # convolution
    "conv1d_forward",
    "conv1d_backward",
    "conv2d_forward",
    "conv2d_backward",
    "conv1d_transpose_forward",
    "conv1d_transpose_backward",
    "conv2d_transpose_forward",
    "conv2d_transpose_backward",
    # pooling
    "max_pool1d_forward",
    "max_pool1d_backward",
    "max_pool2d_forward",
    "max_pool2d_backward",
    "average_pool1d_forward",
    "average_pool1d_backward",
    "average_pool2d_forward",
    "average_pool2d_backward",
    # activations
    "activation_forward",
    "activation_backward",
    "softmax_forward",
    "softmax_backward",
    "log_softmax_forward",
    "log_softmax_backward",
    # recurrence
    "simple_rnn_forward",
    "simple_rnn_backward",
    "lstm_forward",
    "lstm_backward",
    "gru_forward",
    "gru_backward",
    "rnn_step_forward",
    "rnn_step_backward",
    # normalisation
    "batch_norm_forward",
    "batch_norm_backward",
    "layer_norm_forward",
    "layer_norm_backward",
    # embedding
    "embedding_forward",
    "embedding_backward",
    "embedding_backward_sparse",
    # random numbers and dropout
    "random_uniform",
    "random_bits",
    "permutation",
    "dropout_forward",
    "dropout_backward",
    # noise
    "noise_forward",
    "noise_backward",
    "spatial_dropout_forward",
    "spatial_dropout_backward",
    # activations with bounds or weights
    "bounded_relu_forward",
    "bounded_relu_backward",
    "prelu_forward",
    "prelu_backward",
    # moving data
    "permute",
    "pad",
    "crop",
    "repeat_forward",
    "repeat_backward",
    "upsample_forward",
    "upsample_backward",
    "resize_forward",
    "resize_backward",
    # several inputs
    "combine_forward",
    "combine_backward",
    "concatenate_forward",
    "concatenate_backward",
    "dot_forward",
    "dot_backward",
    # losses and metrics
    "loss_forward",
    "loss_backward",
    "metric_state",
    "metric_update",
    # optimizers
    "sgd_update",
    "rmsprop_update",
    "adam_update",
    # element-wise and reductions
    "add_into",
    "scale",
    "clip",
    "normalize_forward",
    "normalize_backward",
    "column_sums",
    "dot",
    "absolute_sum",
    "penalty_backward",
    "gather_rows",
    "find_nonfinite",
]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)
