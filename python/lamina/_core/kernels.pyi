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
    "adam_update",
    "add_into",
    "average_pool_backward",
    "average_pool_forward",
    "clip",
    "column_sums",
    "conv_backward",
    "conv_forward",
    "conv_transpose_backward",
    "conv_transpose_forward",
    "dense_backward",
    "dense_forward",
    "dot",
    "dropout_backward",
    "dropout_forward",
    "find_nonfinite",
    "gather_rows",
    "log_softmax_backward",
    "log_softmax_forward",
    "loss_backward",
    "loss_forward",
    "matmul",
    "max_pool_backward",
    "max_pool_forward",
    "metric_state",
    "metric_update",
    "normalize_backward",
    "normalize_forward",
    "penalty_backward",
    "permutation",
    "random_bits",
    "random_uniform",
    "recurrent_backward",
    "recurrent_forward",
    "rmsprop_update",
    "scale",
    "sgd_update",
    "softmax_backward",
    "softmax_forward",
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
def adam_update(
    param: typing.Any,
    m: typing.Any,
    v: typing.Any,
    grad: typing.Any,
    step: typing.Any,
    max_v: typing.Any = None,
    learning_rate: typing.Any = 0.001,
    beta_1: typing.Any = 0.9,
    beta_2: typing.Any = 0.999,
    epsilon: typing.Any = 1e-07,
    weight_decay: typing.Any = 0.0,
) -> None: ...
def add_into(y: typing.Any, x: typing.Any) -> None: ...
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
def clip(x: typing.Any, limit: typing.Any) -> numpy.typing.NDArray[typing.Any]: ...
def column_sums(x: typing.Any, out: typing.Any = None) -> numpy.typing.NDArray[typing.Any]: ...
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
def find_nonfinite(x: typing.Any) -> int: ...
def gather_rows(x: typing.Any, index: typing.Any) -> numpy.typing.NDArray[typing.Any]: ...
def log_softmax_backward(dy: typing.Any, y: typing.Any) -> numpy.typing.NDArray[typing.Any]: ...
def log_softmax_forward(x: typing.Any) -> numpy.typing.NDArray[typing.Any]: ...
def loss_backward(
    kind: typing.Any,
    y_true: typing.Any,
    y_pred: typing.Any,
    dloss: typing.Any = None,
    from_logits: bool = False,
    label_smoothing: typing.Any = 0.0,
    delta: typing.Any = 1.0,
) -> numpy.typing.NDArray[typing.Any]: ...
def loss_forward(
    kind: typing.Any,
    y_true: typing.Any,
    y_pred: typing.Any,
    from_logits: bool = False,
    label_smoothing: typing.Any = 0.0,
    delta: typing.Any = 1.0,
) -> numpy.typing.NDArray[typing.Any]: ...
def matmul(
    a: typing.Any,
    b: typing.Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    out: typing.Any = None,
    accumulate: bool = False,
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
    go_backwards: bool,
    return_sequences: bool,
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
    go_backwards: bool,
    return_sequences: bool,
    keep: bool,
) -> tuple[typing.Any, ...]: ...
def rmsprop_update(
    param: typing.Any,
    mean_square: typing.Any,
    grad: typing.Any,
    velocity: typing.Any = None,
    mean_grad: typing.Any = None,
    learning_rate: typing.Any = 0.001,
    rho: typing.Any = 0.9,
    momentum: typing.Any = 0.0,
    epsilon: typing.Any = 1e-07,
) -> None: ...
def scale(x: typing.Any, factor: typing.Any) -> numpy.typing.NDArray[typing.Any]: ...
def sgd_update(
    param: typing.Any,
    grad: typing.Any,
    velocity: typing.Any = None,
    learning_rate: typing.Any = 0.01,
    momentum: typing.Any = 0.0,
    nesterov: bool = False,
) -> None: ...
def softmax_backward(dy: typing.Any, y: typing.Any) -> numpy.typing.NDArray[typing.Any]: ...
def softmax_forward(x: typing.Any) -> numpy.typing.NDArray[typing.Any]: ...
