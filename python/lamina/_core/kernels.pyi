from __future__ import annotations

import collections.abc
import typing

import numpy
import numpy.typing

__all__: list[str] = [
    "absolute_sum",
    "add_into",
    "alpha_of",
    "apply_mask",
    "batched_product",
    "clip",
    "column_sums",
    "dot",
    "dropout_backward",
    "dropout_forward",
    "embedding_backward_sparse",
    "expression",
    "expression_gradients",
    "find_nonfinite",
    "gather_rows",
    "hash_strings",
    "join_hashes",
    "loss_law",
    "masked_mean_backward",
    "masked_mean_forward",
    "matmul",
    "metric_state",
    "metric_update",
    "moved",
    "noise_backward",
    "noise_forward",
    "number_within",
    "operation_backward",
    "operation_forward",
    "penalty_backward",
    "permutation",
    "random_bits",
    "random_uniform",
    "recurrent_backward",
    "recurrent_forward",
    "resize_backward",
    "resize_forward",
    "rule_update",
    "scale",
    "shape_of",
    "spatial_dropout_backward",
    "spatial_dropout_forward",
    "token_mask",
    "unit_rows_backward",
    "unit_rows_forward",
    "value_mask",
]

def absolute_sum(a: typing.Any) -> float: ...
def add_into(y: typing.Any, x: typing.Any) -> None: ...
def alpha_of(function: str, activation: typing.Any, alpha: typing.Any) -> float: ...
def apply_mask(x: typing.Any, mask: typing.Any) -> numpy.typing.NDArray[typing.Any]: ...
def batched_product(
    a: typing.Any, b: typing.Any, transpose_a: bool = False, transpose_b: bool = False
) -> numpy.typing.NDArray[typing.Any]: ...
def clip(x: typing.Any, limit: typing.Any) -> numpy.typing.NDArray[typing.Any]: ...
def column_sums(x: typing.Any, out: typing.Any = None) -> numpy.typing.NDArray[typing.Any]: ...
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
def embedding_backward_sparse(
    dy: typing.Any, ids: typing.Any, vocabulary: typing.Any
) -> tuple[numpy.typing.NDArray[typing.Any], numpy.typing.NDArray[typing.Any]]: ...
def expression(
    instructions: typing.Any, inputs: typing.Any
) -> numpy.typing.NDArray[typing.Any]: ...
def expression_gradients(
    dy: typing.Any, instructions: typing.Any, inputs: typing.Any
) -> list[typing.Any]: ...
def find_nonfinite(x: typing.Any) -> int: ...
def gather_rows(x: typing.Any, index: typing.Any) -> numpy.typing.NDArray[typing.Any]: ...
def hash_strings(
    text: bytes, ends: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], key: typing.Any = None
) -> numpy.typing.NDArray[numpy.uint64]: ...
def join_hashes(
    first: typing.Annotated[numpy.typing.ArrayLike, numpy.uint64],
    second: typing.Annotated[numpy.typing.ArrayLike, numpy.uint64],
) -> numpy.typing.NDArray[numpy.uint64]: ...
def loss_law(
    function: str,
    kind: typing.Any,
    from_logits: typing.Any,
    label_smoothing: typing.Any,
    delta: typing.Any,
) -> tuple[float, bool]: ...
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
def number_within(
    function: str,
    name: str,
    value: typing.Any,
    low: typing.SupportsFloat | typing.SupportsIndex = 0.0,
    high: typing.SupportsFloat | typing.SupportsIndex = ...,
    open_above: bool = False,
) -> float: ...
def operation_backward(
    function: str,
    operation: str,
    arrays: list[typing.Any],
    settings: dict[str, typing.Any],
    wanted: collections.abc.Sequence[str],
) -> list[numpy.typing.NDArray[typing.Any]]: ...
def operation_forward(
    function: str, operation: str, arrays: list[typing.Any], settings: dict[str, typing.Any]
) -> list[numpy.typing.NDArray[typing.Any]]: ...
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
