from __future__ import annotations

import collections.abc
import typing

import numpy
import numpy.typing

__all__: list[str] = [
    "WindowSettings",
    "absolute_sum",
    "activation_backward",
    "activation_forward",
    "add_into",
    "apply_mask",
    "average_pool_backward",
    "average_pool_forward",
    "batch_norm_backward",
    "batch_norm_forward",
    "batched_product",
    "bounded_relu_backward",
    "bounded_relu_forward",
    "clip",
    "column_sums",
    "combine_backward",
    "combine_forward",
    "conv_backward",
    "conv_forward",
    "conv_transpose_backward",
    "conv_transpose_forward",
    "dense_backward",
    "dense_forward",
    "dot",
    "dropout_backward",
    "dropout_forward",
    "embedding_backward",
    "embedding_backward_sparse",
    "embedding_forward",
    "expression",
    "expression_gradients",
    "find_nonfinite",
    "gather_rows",
    "layer_norm_backward",
    "layer_norm_forward",
    "log_softmax_backward",
    "log_softmax_forward",
    "loss_backward",
    "loss_forward",
    "masked_mean_backward",
    "masked_mean_forward",
    "matmul",
    "max_pool_backward",
    "max_pool_forward",
    "metric_state",
    "metric_update",
    "moved",
    "noise_backward",
    "noise_forward",
    "normalize_backward",
    "normalize_forward",
    "penalty_backward",
    "permutation",
    "prelu_backward",
    "prelu_forward",
    "random_bits",
    "random_uniform",
    "recurrent_backward",
    "recurrent_forward",
    "resize_backward",
    "resize_forward",
    "rule_update",
    "scale",
    "shape_of",
    "softmax_backward",
    "softmax_forward",
    "spatial_dropout_backward",
    "spatial_dropout_forward",
    "token_mask",
    "unit_rows_backward",
    "unit_rows_forward",
    "value_mask",
]

class WindowSettings:
    def __init__(
        self,
        strides: typing.Annotated[
            collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(2)"
        ],
        dilation: typing.Annotated[
            collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(2)"
        ],
        padding: typing.Annotated[
            collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(4)"
        ],
    ) -> None: ...

def absolute_sum(a: typing.Any) -> float: ...
def activation_backward(
    dy: typing.Any, x: typing.Any, kind: typing.Any, alpha: typing.Any = None
) -> numpy.typing.NDArray[typing.Any]: ...
def activation_forward(
    x: typing.Any, kind: typing.Any, alpha: typing.Any = None
) -> numpy.typing.NDArray[typing.Any]: ...
def add_into(y: typing.Any, x: typing.Any) -> None: ...
def apply_mask(x: typing.Any, mask: typing.Any) -> numpy.typing.NDArray[typing.Any]: ...
def average_pool_backward(
    arg0: str,
    arg1: typing.SupportsInt | typing.SupportsIndex,
    arg2: typing.Any,
    arg3: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
    arg4: typing.Annotated[
        collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(2)"
    ],
    arg5: WindowSettings,
) -> numpy.typing.NDArray[typing.Any]: ...
def average_pool_forward(
    arg0: str,
    arg1: typing.SupportsInt | typing.SupportsIndex,
    arg2: typing.Any,
    arg3: typing.Annotated[
        collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(2)"
    ],
    arg4: WindowSettings,
) -> numpy.typing.NDArray[typing.Any]: ...
def batch_norm_backward(
    dy: typing.Any,
    x: typing.Any,
    mean: typing.Any,
    variance: typing.Any,
    gamma: typing.Any = None,
    epsilon: typing.Any = 0.001,
    batch_statistics: typing.Any = True,
    mask: typing.Any = None,
    dgamma: typing.Any = None,
    dbeta: typing.Any = None,
) -> tuple[
    numpy.typing.NDArray[typing.Any],
    numpy.typing.NDArray[typing.Any],
    numpy.typing.NDArray[typing.Any],
]: ...
def batch_norm_forward(
    x: typing.Any,
    gamma: typing.Any = None,
    beta: typing.Any = None,
    mean: typing.Any = None,
    variance: typing.Any = None,
    epsilon: typing.Any = 0.001,
    mask: typing.Any = None,
) -> tuple[
    numpy.typing.NDArray[typing.Any],
    numpy.typing.NDArray[typing.Any],
    numpy.typing.NDArray[typing.Any],
]: ...
def batched_product(
    a: typing.Any, b: typing.Any, transpose_a: bool = False, transpose_b: bool = False
) -> numpy.typing.NDArray[typing.Any]: ...
def bounded_relu_backward(
    dy: typing.Any,
    x: typing.Any,
    max_value: typing.Any = None,
    negative_slope: typing.Any = 0.0,
    threshold: typing.Any = 0.0,
) -> numpy.typing.NDArray[typing.Any]: ...
def bounded_relu_forward(
    x: typing.Any,
    max_value: typing.Any = None,
    negative_slope: typing.Any = 0.0,
    threshold: typing.Any = 0.0,
) -> numpy.typing.NDArray[typing.Any]: ...
def clip(x: typing.Any, limit: typing.Any) -> numpy.typing.NDArray[typing.Any]: ...
def column_sums(x: typing.Any, out: typing.Any = None) -> numpy.typing.NDArray[typing.Any]: ...
def combine_backward(
    dy: typing.Any, a: typing.Any, b: typing.Any, kind: typing.Any
) -> tuple[numpy.typing.NDArray[typing.Any], numpy.typing.NDArray[typing.Any]]: ...
def combine_forward(
    a: typing.Any, b: typing.Any, kind: typing.Any
) -> numpy.typing.NDArray[typing.Any]: ...
def conv_backward(
    arg0: str,
    arg1: typing.SupportsInt | typing.SupportsIndex,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: WindowSettings,
    arg6: typing.SupportsInt | typing.SupportsIndex,
    arg7: typing.Any,
    arg8: typing.Any,
) -> tuple[
    numpy.typing.NDArray[typing.Any],
    numpy.typing.NDArray[typing.Any],
    numpy.typing.NDArray[typing.Any],
]: ...
def conv_forward(
    arg0: str,
    arg1: typing.SupportsInt | typing.SupportsIndex,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: WindowSettings,
    arg6: typing.SupportsInt | typing.SupportsIndex,
    arg7: typing.Any,
    arg8: typing.Any,
) -> numpy.typing.NDArray[typing.Any]: ...
def conv_transpose_backward(
    arg0: str,
    arg1: typing.SupportsInt | typing.SupportsIndex,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: WindowSettings,
    arg6: typing.SupportsInt | typing.SupportsIndex,
    arg7: typing.Annotated[
        collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(2)"
    ],
    arg8: typing.Any,
    arg9: typing.Any,
) -> tuple[
    numpy.typing.NDArray[typing.Any],
    numpy.typing.NDArray[typing.Any],
    numpy.typing.NDArray[typing.Any],
]: ...
def conv_transpose_forward(
    arg0: str,
    arg1: typing.SupportsInt | typing.SupportsIndex,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: WindowSettings,
    arg6: typing.SupportsInt | typing.SupportsIndex,
    arg7: typing.Annotated[
        collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(2)"
    ],
    arg8: typing.Any,
    arg9: typing.Any,
) -> numpy.typing.NDArray[typing.Any]: ...
def dense_backward(
    dz: typing.Any,
    x: typing.Any,
    kernel: typing.Any,
    dkernel: typing.Any = None,
    dbias: typing.Any = None,
) -> tuple[
    numpy.typing.NDArray[typing.Any],
    numpy.typing.NDArray[typing.Any],
    numpy.typing.NDArray[typing.Any],
]: ...
def dense_forward(
    x: typing.Any,
    kernel: typing.Any,
    bias: typing.Any = None,
    activation: typing.Any = "linear",
    alpha: typing.Any = None,
) -> numpy.typing.NDArray[typing.Any]: ...
def dot(a: typing.Any, b: typing.Any = None) -> float: ...
def dropout_backward(
    dy: typing.Any,
    rate: typing.Any,
    seed: typing.Any,
    stream: typing.Any = 0,
    step: typing.Any = 0,
    y: typing.Any = None,
) -> numpy.typing.NDArray[typing.Any]: ...
def dropout_forward(
    x: typing.Any, rate: typing.Any, seed: typing.Any, stream: typing.Any = 0, step: typing.Any = 0
) -> numpy.typing.NDArray[typing.Any]: ...
def embedding_backward(
    dy: typing.Any, ids: typing.Any, vocabulary: typing.Any, dtable: typing.Any = None
) -> numpy.typing.NDArray[typing.Any]: ...
def embedding_backward_sparse(
    dy: typing.Any, ids: typing.Any, vocabulary: typing.Any
) -> tuple[numpy.typing.NDArray[typing.Any], numpy.typing.NDArray[typing.Any]]: ...
def embedding_forward(table: typing.Any, ids: typing.Any) -> numpy.typing.NDArray[typing.Any]: ...
def expression(
    instructions: typing.Any, inputs: typing.Any
) -> numpy.typing.NDArray[typing.Any]: ...
def expression_gradients(
    dy: typing.Any, instructions: typing.Any, inputs: typing.Any
) -> list[typing.Any]: ...
def find_nonfinite(x: typing.Any) -> int: ...
def gather_rows(x: typing.Any, index: typing.Any) -> numpy.typing.NDArray[typing.Any]: ...
def layer_norm_backward(
    dy: typing.Any,
    x: typing.Any,
    mean: typing.Any,
    inverse: typing.Any,
    gamma: typing.Any = None,
    dgamma: typing.Any = None,
    dbeta: typing.Any = None,
) -> tuple[
    numpy.typing.NDArray[typing.Any],
    numpy.typing.NDArray[typing.Any],
    numpy.typing.NDArray[typing.Any],
]: ...
def layer_norm_forward(
    x: typing.Any, gamma: typing.Any = None, beta: typing.Any = None, epsilon: typing.Any = 0.001
) -> tuple[
    numpy.typing.NDArray[typing.Any],
    numpy.typing.NDArray[typing.Any],
    numpy.typing.NDArray[typing.Any],
]: ...
def log_softmax_backward(dy: typing.Any, y: typing.Any) -> numpy.typing.NDArray[typing.Any]: ...
def log_softmax_forward(x: typing.Any) -> numpy.typing.NDArray[typing.Any]: ...
def loss_backward(
    kind: typing.Any,
    y_true: typing.Any,
    y_pred: typing.Any,
    dloss: typing.Any = None,
    from_logits: typing.Any = False,
    label_smoothing: typing.Any = 0.0,
    delta: typing.Any = 1.0,
) -> numpy.typing.NDArray[typing.Any]: ...
def loss_forward(
    kind: typing.Any,
    y_true: typing.Any,
    y_pred: typing.Any,
    from_logits: typing.Any = False,
    label_smoothing: typing.Any = 0.0,
    delta: typing.Any = 1.0,
) -> numpy.typing.NDArray[typing.Any]: ...
def masked_mean_backward(
    dy: typing.Any, positions: typing.Any, mask: typing.Any = None
) -> numpy.typing.NDArray[typing.Any]: ...
def masked_mean_forward(
    x: typing.Any, mask: typing.Any = None
) -> numpy.typing.NDArray[typing.Any]: ...
def matmul(
    a: typing.Any,
    b: typing.Any,
    transpose_a: typing.Any = False,
    transpose_b: typing.Any = False,
    out: typing.Any = None,
    accumulate: typing.Any = False,
) -> numpy.typing.NDArray[typing.Any]: ...
def max_pool_backward(
    arg0: str,
    arg1: typing.SupportsInt | typing.SupportsIndex,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
    arg5: typing.Annotated[
        collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(2)"
    ],
    arg6: WindowSettings,
) -> numpy.typing.NDArray[typing.Any]: ...
def max_pool_forward(
    arg0: str,
    arg1: typing.SupportsInt | typing.SupportsIndex,
    arg2: typing.Any,
    arg3: typing.Annotated[
        collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(2)"
    ],
    arg4: WindowSettings,
) -> tuple[typing.Any, ...]: ...
def metric_state(kind: typing.Any, columns: typing.Any = 1) -> numpy.typing.NDArray[typing.Any]: ...
def metric_update(
    kind: typing.Any,
    state: typing.Any,
    y_true: typing.Any,
    y_pred: typing.Any,
    sample_weight: typing.Any = None,
    threshold: typing.Any = 0.5,
) -> None: ...
def moved(
    function: str,
    shape: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
    parts: list[typing.Any],
    zeros: bool = False,
    add: bool = False,
) -> numpy.typing.NDArray[typing.Any]: ...
def noise_backward(
    dy: typing.Any,
    kind: typing.Any,
    amount: typing.Any,
    seed: typing.Any,
    stream: typing.Any = 0,
    step: typing.Any = 0,
) -> numpy.typing.NDArray[typing.Any]: ...
def noise_forward(
    x: typing.Any,
    kind: typing.Any,
    amount: typing.Any,
    seed: typing.Any,
    stream: typing.Any = 0,
    step: typing.Any = 0,
) -> numpy.typing.NDArray[typing.Any]: ...
def normalize_backward(dy: typing.Any, std: typing.Any) -> numpy.typing.NDArray[typing.Any]: ...
def normalize_forward(
    x: typing.Any, mean: typing.Any, std: typing.Any
) -> numpy.typing.NDArray[typing.Any]: ...
def penalty_backward(
    w: typing.Any, l1: typing.Any, l2: typing.Any, dw: typing.Any = None
) -> numpy.typing.NDArray[typing.Any]: ...
def permutation(
    n: typing.Any, seed: typing.Any, stream: typing.Any = 0, step: typing.Any = 0
) -> numpy.typing.NDArray[typing.Any]: ...
def prelu_backward(
    dy: typing.Any, x: typing.Any, alpha: typing.Any, dalpha: typing.Any = None
) -> tuple[numpy.typing.NDArray[typing.Any], numpy.typing.NDArray[typing.Any]]: ...
def prelu_forward(x: typing.Any, alpha: typing.Any) -> numpy.typing.NDArray[typing.Any]: ...
def random_bits(
    shape: typing.Any, seed: typing.Any, stream: typing.Any = 0, step: typing.Any = 0
) -> numpy.typing.NDArray[typing.Any]: ...
def random_uniform(
    shape: typing.Any,
    seed: typing.Any,
    stream: typing.Any = 0,
    step: typing.Any = 0,
    dtype: typing.Any = "float32",
) -> numpy.typing.NDArray[typing.Any]: ...
def recurrent_backward(
    who: str,
    cell: str,
    dy: typing.Any,
    saved: typing.Any,
    dh: typing.Any,
    dc: typing.Any,
    dkernel: typing.Any,
    drecurrent_kernel: typing.Any,
    dbias: typing.Any,
    x: typing.Any,
    kernel: typing.Any,
    recurrent_kernel: typing.Any,
    bias: typing.Any,
    initial_h: typing.Any,
    initial_c: typing.Any,
    mask: typing.Any,
    input_drop: typing.Any,
    recurrent_drop: typing.Any,
    activation: typing.Any,
    alpha: typing.Any,
    recurrent_activation: typing.Any,
    go_backwards: typing.Any,
    return_sequences: typing.Any,
) -> tuple[typing.Any, ...]: ...
def recurrent_forward(
    who: str,
    cell: str,
    x: typing.Any,
    kernel: typing.Any,
    recurrent_kernel: typing.Any,
    bias: typing.Any,
    initial_h: typing.Any,
    initial_c: typing.Any,
    mask: typing.Any,
    input_drop: typing.Any,
    recurrent_drop: typing.Any,
    activation: typing.Any,
    alpha: typing.Any,
    recurrent_activation: typing.Any,
    go_backwards: typing.Any,
    return_sequences: typing.Any,
    keep: typing.Any,
) -> tuple[typing.Any, ...]: ...
def resize_backward(dy: typing.Any, size: typing.Any) -> numpy.typing.NDArray[typing.Any]: ...
def resize_forward(x: typing.Any, size: typing.Any) -> numpy.typing.NDArray[typing.Any]: ...
def rule_update(
    rule: str,
    param: typing.Any,
    slots: collections.abc.Sequence[typing.Any],
    grad: typing.Any,
    learning_rate: typing.Any,
    step: typing.Any = 1,
    weight_decay: typing.Any = 0.0,
    **kwargs: typing.Any,
) -> None: ...
def scale(x: typing.Any, factor: typing.Any) -> numpy.typing.NDArray[typing.Any]: ...
def shape_of(function: str, name: str, x: typing.Any) -> tuple[typing.Any, ...]: ...
def softmax_backward(dy: typing.Any, y: typing.Any) -> numpy.typing.NDArray[typing.Any]: ...
def softmax_forward(x: typing.Any) -> numpy.typing.NDArray[typing.Any]: ...
def spatial_dropout_backward(
    dy: typing.Any, rate: typing.Any, seed: typing.Any, stream: typing.Any = 0, step: typing.Any = 0
) -> numpy.typing.NDArray[typing.Any]: ...
def spatial_dropout_forward(
    x: typing.Any, rate: typing.Any, seed: typing.Any, stream: typing.Any = 0, step: typing.Any = 0
) -> numpy.typing.NDArray[typing.Any]: ...
def token_mask(ids: typing.Any) -> numpy.typing.NDArray[typing.Any]: ...
def unit_rows_backward(dy: typing.Any, x: typing.Any) -> numpy.typing.NDArray[typing.Any]: ...
def unit_rows_forward(x: typing.Any) -> numpy.typing.NDArray[typing.Any]: ...
def value_mask(x: typing.Any, value: typing.Any = 0.0) -> numpy.typing.NDArray[typing.Any]: ...
