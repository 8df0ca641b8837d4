from __future__ import annotations

import collections.abc
import typing

import numpy
import numpy.typing

from . import kernels, runtime

__all__: list[str] = [
    "EpochRule",
    "Execution",
    "FitEpoch",
    "FitModel",
    "FitProgram",
    "FitQuantity",
    "FitRates",
    "FitRecord",
    "FitRequest",
    "FitRows",
    "FitScore",
    "FitSearch",
    "FitSums",
    "Graph",
    "Minimizer",
    "Objective",
    "Parameter",
    "Predictor",
    "Rule",
    "RuleSetting",
    "RuleSlot",
    "State",
    "Tensor",
    "Update",
    "allocate",
    "kernels",
    "operations",
    "rules",
    "run_fits",
    "runtime",
    "search",
]

class Parameter:
    dtype: str
    def __init__(
        self,
        name: str,
        shape: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
        dtype: str,
        trainable: bool = True,
    ) -> None: ...
    @property
    def allocated(self) -> bool: ...
    @property
    def array(self) -> numpy.typing.NDArray[typing.Any]: ...
    @property
    def name(self) -> str: ...
    @property
    def shape(self) -> tuple[typing.Any, ...]: ...
    @property
    def size(self) -> int: ...
    @property
    def trainable(self) -> bool: ...
    @trainable.setter
    def trainable(self, arg1: typing.Any) -> None: ...

class Tensor:
    @property
    def shape(self) -> tuple[typing.Any, ...]: ...

class State:
    def __init__(
        self, shape: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], dtype: str
    ) -> None: ...
    def reset(self, rows: typing.SupportsInt | typing.SupportsIndex = 0) -> None: ...
    def set(self, values: numpy.typing.NDArray[typing.Any]) -> None: ...
    @property
    def array(self) -> typing.Any: ...
    @property
    def rows(self) -> int: ...

class Graph:
    def __init__(self, dtype: str) -> None: ...
    def activation(
        self,
        x: Tensor,
        kind: str,
        alpha: typing.SupportsFloat | typing.SupportsIndex = 0.0,
        name: str = "",
    ) -> Tensor: ...
    def add(self, inputs: collections.abc.Sequence[Tensor], name: str = "") -> Tensor: ...
    def add_loss(
        self,
        loss: Tensor,
        weight: Tensor | None = None,
        scale: typing.SupportsFloat | typing.SupportsIndex = 1.0,
        mask: Tensor | None = None,
        reduction: str = "mean",
    ) -> int: ...
    def add_metric(
        self,
        kind: str,
        prediction: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        parameter: typing.SupportsFloat | typing.SupportsIndex = 0.0,
    ) -> int: ...
    def add_output(self, x: Tensor) -> int: ...
    def add_penalty(
        self,
        parameter: Tensor,
        l1: typing.SupportsFloat | typing.SupportsIndex,
        l2: typing.SupportsFloat | typing.SupportsIndex,
        proximal: bool = False,
    ) -> None: ...
    def add_sums(
        self,
        amounts: Tensor,
        places: Tensor | None,
        weight: Tensor | None,
        count: typing.SupportsInt | typing.SupportsIndex,
    ) -> int: ...
    def all_rows(self, x: Tensor, rows: typing.SupportsIndex, name: str = "") -> Tensor: ...
    def argmax(
        self,
        x: Tensor,
        axes: collections.abc.Sequence[typing.SupportsIndex],
        rows: bool = False,
        name: str = "",
    ) -> Tensor: ...
    def argmin(
        self,
        x: Tensor,
        axes: collections.abc.Sequence[typing.SupportsIndex],
        rows: bool = False,
        name: str = "",
    ) -> Tensor: ...
    def argsort(
        self, x: Tensor, axis: typing.SupportsIndex, descending: bool = False, name: str = ""
    ) -> Tensor: ...
    def assign(
        self, parameter: Tensor, value: Tensor, before: Tensor | None = None, name: str = ""
    ) -> Tensor: ...
    def average(self, inputs: collections.abc.Sequence[Tensor], name: str = "") -> Tensor: ...
    def batch_norm(
        self,
        x: Tensor,
        moving_mean: Tensor,
        moving_variance: Tensor,
        gamma: Tensor | None = None,
        beta: Tensor | None = None,
        mask: Tensor | None = None,
        momentum: typing.SupportsFloat | typing.SupportsIndex = 0.99,
        epsilon: typing.SupportsFloat | typing.SupportsIndex = 0.001,
        batch_statistics: bool = True,
        name: str = "",
    ) -> Tensor: ...
    def bitwise_and(self, a: Tensor, b: Tensor, name: str = "") -> Tensor: ...
    def bitwise_left_shift(self, a: Tensor, b: Tensor, name: str = "") -> Tensor: ...
    def bitwise_or(self, a: Tensor, b: Tensor, name: str = "") -> Tensor: ...
    def bitwise_right_shift(self, a: Tensor, b: Tensor, name: str = "") -> Tensor: ...
    def bitwise_xor(self, a: Tensor, b: Tensor, name: str = "") -> Tensor: ...
    def block(self, rows: typing.SupportsInt | typing.SupportsIndex) -> int: ...
    def bounded_relu(
        self,
        x: Tensor,
        max_value: typing.SupportsFloat | typing.SupportsIndex | None = None,
        negative_slope: typing.SupportsFloat | typing.SupportsIndex = 0.0,
        threshold: typing.SupportsFloat | typing.SupportsIndex = 0.0,
        name: str = "",
    ) -> Tensor: ...
    def build(self, inference: bool = False) -> None: ...
    def by_rows(self, x: Tensor, name: str = "") -> Tensor: ...
    def carry(self, state: State, value: Tensor, name: str = "") -> None: ...
    def concatenate(
        self, inputs: collections.abc.Sequence[Tensor], axis: typing.SupportsIndex, name: str = ""
    ) -> Tensor: ...
    def constant(self, array: numpy.typing.NDArray[typing.Any]) -> Tensor: ...
    def conv2d(
        self,
        x: Tensor,
        kernel: Tensor,
        bias: Tensor | None,
        strides: typing.Annotated[collections.abc.Sequence[typing.SupportsIndex], "FixedSize(2)"],
        dilation: typing.Annotated[collections.abc.Sequence[typing.SupportsIndex], "FixedSize(2)"],
        padding: typing.Annotated[collections.abc.Sequence[typing.SupportsIndex], "FixedSize(4)"],
        groups: typing.SupportsIndex = 1,
        activation: str = "linear",
        alpha: typing.SupportsFloat | typing.SupportsIndex = 0.0,
        name: str = "",
    ) -> Tensor: ...
    def conv2d_transpose(
        self,
        x: Tensor,
        kernel: Tensor,
        bias: Tensor | None,
        strides: typing.Annotated[collections.abc.Sequence[typing.SupportsIndex], "FixedSize(2)"],
        dilation: typing.Annotated[collections.abc.Sequence[typing.SupportsIndex], "FixedSize(2)"],
        padding: typing.Annotated[collections.abc.Sequence[typing.SupportsIndex], "FixedSize(4)"],
        size: typing.Annotated[collections.abc.Sequence[typing.SupportsIndex], "FixedSize(2)"],
        activation: str = "linear",
        alpha: typing.SupportsFloat | typing.SupportsIndex = 0.0,
        groups: typing.SupportsIndex = 1,
        name: str = "",
    ) -> Tensor: ...
    def crop(
        self,
        x: Tensor,
        margins: collections.abc.Sequence[tuple[typing.SupportsIndex, typing.SupportsIndex]],
        name: str = "",
    ) -> Tensor: ...
    def ctc(
        self,
        x: Tensor,
        labels: Tensor,
        label_count: Tensor,
        step_count: Tensor,
        blank: typing.SupportsIndex = 0,
        name: str = "",
    ) -> Tensor: ...
    def ctc_beams(
        self,
        x: Tensor,
        step_count: Tensor,
        width: typing.SupportsIndex,
        paths: typing.SupportsIndex,
        blank: typing.SupportsIndex = 0,
        name: str = "",
    ) -> list[Tensor]: ...
    def cumprod(
        self, x: Tensor, axis: typing.SupportsIndex, reverse: bool = False, name: str = ""
    ) -> Tensor: ...
    def cumsum(
        self, x: Tensor, axis: typing.SupportsIndex, reverse: bool = False, name: str = ""
    ) -> Tensor: ...
    def dense(
        self,
        x: Tensor,
        kernel: Tensor,
        bias: Tensor | None = None,
        activation: str = "linear",
        alpha: typing.SupportsFloat | typing.SupportsIndex = 0.0,
        name: str = "",
    ) -> Tensor: ...
    def dot(
        self,
        a: Tensor,
        b: Tensor,
        transpose_a: bool = False,
        transpose_b: bool = False,
        name: str = "",
    ) -> Tensor: ...
    def dropout(
        self,
        x: Tensor,
        rate: typing.SupportsFloat | typing.SupportsIndex,
        stream: typing.SupportsIndex,
        always: bool = False,
        name: str = "",
    ) -> Tensor: ...
    def dtype_of(self, x: Tensor) -> str: ...
    def each_row(self, x: Tensor, name: str = "") -> Tensor: ...
    def embedding(self, ids: Tensor, table: Tensor, name: str = "") -> Tensor: ...
    def enter(self, name: str) -> None: ...
    def expression(
        self,
        instructions: typing.Any,
        inputs: collections.abc.Sequence[Tensor],
        dtype: str | None = None,
        name: str = "",
    ) -> Tensor: ...
    def flip(self, x: Tensor, axis: typing.SupportsIndex, name: str = "") -> Tensor: ...
    def fold(self, x: Tensor, name: str = "") -> Tensor: ...
    def fourier(
        self, real: Tensor, imaginary: Tensor | None = None, inverse: bool = False, name: str = ""
    ) -> list[Tensor]: ...
    def gcd(self, a: Tensor, b: Tensor, name: str = "") -> Tensor: ...
    def input(
        self,
        shape: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
        name: str = "",
        dtype: str = "float",
    ) -> Tensor: ...
    def join_masks(
        self,
        masks: collections.abc.Sequence[Tensor | None],
        shapes: collections.abc.Sequence[collections.abc.Sequence[typing.SupportsIndex]],
        axis: typing.SupportsIndex | None = None,
        name: str = "",
    ) -> Tensor: ...
    def layer_norm(
        self,
        x: Tensor,
        axes: typing.SupportsIndex = 1,
        gamma: Tensor | None = None,
        beta: Tensor | None = None,
        epsilon: typing.SupportsFloat | typing.SupportsIndex = 0.001,
        name: str = "",
    ) -> Tensor: ...
    def lcm(self, a: Tensor, b: Tensor, name: str = "") -> Tensor: ...
    def leave(self) -> None: ...
    def log_softmax(self, x: Tensor, name: str = "") -> Tensor: ...
    def logistic_network(
        self,
        x: Tensor,
        weights: Tensor,
        hidden: typing.SupportsIndex,
        outputs: typing.SupportsIndex,
        skip: bool = False,
        reach: typing.SupportsFloat | typing.SupportsIndex | None = None,
        name: str = "",
    ) -> Tensor: ...
    def loss(
        self,
        kind: str,
        prediction: Tensor,
        target: Tensor,
        parameter: typing.SupportsFloat | typing.SupportsIndex = 0.0,
        from_logits: bool = False,
        name: str = "",
    ) -> Tensor: ...
    def masked_mean(self, x: Tensor, mask: Tensor, name: str = "") -> Tensor: ...
    def masked_weight(
        self, mask: Tensor, weight: Tensor | None = None, name: str = ""
    ) -> Tensor: ...
    def matmul(
        self,
        a: Tensor,
        b: Tensor,
        transpose_a: bool = False,
        transpose_b: bool = False,
        name: str = "",
    ) -> Tensor: ...
    def max(
        self,
        x: Tensor,
        axes: collections.abc.Sequence[typing.SupportsIndex],
        rows: bool = False,
        name: str = "",
    ) -> Tensor: ...
    def maximum(self, inputs: collections.abc.Sequence[Tensor], name: str = "") -> Tensor: ...
    def mean(
        self,
        x: Tensor,
        axes: collections.abc.Sequence[typing.SupportsIndex],
        rows: bool = False,
        name: str = "",
    ) -> Tensor: ...
    def min(
        self,
        x: Tensor,
        axes: collections.abc.Sequence[typing.SupportsIndex],
        rows: bool = False,
        name: str = "",
    ) -> Tensor: ...
    def minimum(self, inputs: collections.abc.Sequence[Tensor], name: str = "") -> Tensor: ...
    def multiply(self, inputs: collections.abc.Sequence[Tensor], name: str = "") -> Tensor: ...
    def noise(
        self,
        x: Tensor,
        kind: str,
        amount: typing.SupportsFloat | typing.SupportsIndex,
        stream: typing.SupportsIndex,
        always: bool = False,
        name: str = "",
    ) -> Tensor: ...
    def normalize(self, x: Tensor, mean: Tensor, std: Tensor, name: str = "") -> Tensor: ...
    def of_own_rows(self, x: Tensor, name: str = "") -> Tensor: ...
    def operations(self) -> list[str]: ...
    def origin(self, x: Tensor) -> str: ...
    def own_rows(self, x: Tensor, name: str = "") -> Tensor: ...
    def pad(
        self,
        x: Tensor,
        margins: collections.abc.Sequence[tuple[typing.SupportsIndex, typing.SupportsIndex]],
        value: typing.SupportsFloat | typing.SupportsIndex = 0.0,
        name: str = "",
    ) -> Tensor: ...
    def parameter(self, parameter: Parameter, own: bool = False) -> Tensor: ...
    def permute(
        self, x: Tensor, order: collections.abc.Sequence[typing.SupportsIndex], name: str = ""
    ) -> Tensor: ...
    def pool2d(
        self,
        kind: str,
        x: Tensor,
        pool: typing.Annotated[collections.abc.Sequence[typing.SupportsIndex], "FixedSize(2)"],
        strides: typing.Annotated[collections.abc.Sequence[typing.SupportsIndex], "FixedSize(2)"],
        padding: typing.Annotated[collections.abc.Sequence[typing.SupportsIndex], "FixedSize(4)"],
        name: str = "",
    ) -> Tensor: ...
    def prelu(self, x: Tensor, alpha: Tensor, name: str = "") -> Tensor: ...
    def prod(
        self,
        x: Tensor,
        axes: collections.abc.Sequence[typing.SupportsIndex],
        rows: bool = False,
        name: str = "",
    ) -> Tensor: ...
    def python(
        self,
        inputs: collections.abc.Sequence[Tensor],
        shape: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
        forward: typing.Any,
        backward: typing.Any,
        name: str = "",
    ) -> Tensor: ...
    def random(
        self,
        kind: str,
        shape: collections.abc.Sequence[typing.SupportsIndex],
        stream: typing.SupportsIndex,
        low: typing.SupportsFloat | typing.SupportsIndex = 0.0,
        high: typing.SupportsFloat | typing.SupportsIndex = 1.0,
        each: bool = False,
        name: str = "",
    ) -> Tensor: ...
    def record(self, operation: str, *args: typing.Any, **kwargs: typing.Any) -> typing.Any: ...
    def recurrent(
        self,
        cell: str,
        x: Tensor,
        kernel: Tensor,
        recurrent_kernel: Tensor,
        bias: Tensor | None = None,
        initial_state: collections.abc.Sequence[Tensor] = [],
        mask: Tensor | None = None,
        activation: str = "tanh",
        alpha: typing.SupportsFloat | typing.SupportsIndex = 0.0,
        recurrent_activation: str = "sigmoid",
        recurrent_alpha: typing.SupportsFloat | typing.SupportsIndex = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        dropout: typing.SupportsFloat | typing.SupportsIndex = 0.0,
        recurrent_dropout: typing.SupportsFloat | typing.SupportsIndex = 0.0,
        stream: typing.SupportsIndex = 0,
        recurrent_stream: typing.SupportsIndex = 0,
        always: bool = False,
        name: str = "",
    ) -> list[Tensor]: ...
    def repeat(
        self, x: Tensor, times: collections.abc.Sequence[typing.SupportsIndex], name: str = ""
    ) -> Tensor: ...
    def require_rows(self, rows: typing.SupportsInt | typing.SupportsIndex) -> None: ...
    def reshape(
        self, x: Tensor, shape: collections.abc.Sequence[typing.SupportsIndex], name: str = ""
    ) -> Tensor: ...
    def resize(
        self, x: Tensor, axis: typing.SupportsIndex, to: typing.SupportsIndex, name: str = ""
    ) -> Tensor: ...
    def scale(
        self, x: Tensor, factor: typing.SupportsFloat | typing.SupportsIndex, name: str = ""
    ) -> Tensor: ...
    def segment_max(
        self, x: Tensor, ids: Tensor, segments: typing.SupportsIndex, name: str = ""
    ) -> Tensor: ...
    def segment_sum(
        self, x: Tensor, ids: Tensor, segments: typing.SupportsIndex, name: str = ""
    ) -> Tensor: ...
    def slice(
        self,
        x: Tensor,
        starts: collections.abc.Sequence[typing.SupportsIndex],
        sizes: collections.abc.Sequence[typing.SupportsIndex],
        steps: collections.abc.Sequence[typing.SupportsIndex],
        name: str = "",
    ) -> Tensor: ...
    def softmax(self, x: Tensor, name: str = "") -> Tensor: ...
    def sort(
        self, x: Tensor, axis: typing.SupportsIndex, descending: bool = False, name: str = ""
    ) -> Tensor: ...
    def spatial_dropout(
        self,
        x: Tensor,
        rate: typing.SupportsFloat | typing.SupportsIndex,
        stream: typing.SupportsIndex,
        share_rows: bool = False,
        always: bool = False,
        name: str = "",
    ) -> Tensor: ...
    def stand_in(self, parameter: Parameter, tensor: Tensor | None) -> None: ...
    def state(self, state: State, name: str = "") -> Tensor: ...
    def stop_gradient(self, x: Tensor, name: str = "") -> Tensor: ...
    def subtract(self, a: Tensor, b: Tensor, name: str = "") -> Tensor: ...
    def sum(
        self,
        x: Tensor,
        axes: collections.abc.Sequence[typing.SupportsIndex],
        rows: bool = False,
        name: str = "",
    ) -> Tensor: ...
    def take(
        self, x: Tensor, indices: Tensor, axis: typing.SupportsIndex, name: str = ""
    ) -> Tensor: ...
    def take_along_axis(
        self, x: Tensor, indices: Tensor, axis: typing.SupportsIndex, name: str = ""
    ) -> Tensor: ...
    def token_mask(self, ids: Tensor, name: str = "") -> Tensor: ...
    def top_k(self, x: Tensor, k: typing.SupportsIndex, name: str = "") -> list[Tensor]: ...
    def train_only(self, parameters: collections.abc.Sequence[Parameter]) -> None: ...
    def unfold(self, x: Tensor, steps: typing.SupportsIndex, name: str = "") -> Tensor: ...
    def unit_rows(self, x: Tensor, name: str = "") -> Tensor: ...
    def value_mask(
        self, x: Tensor, value: typing.SupportsFloat | typing.SupportsIndex = 0.0, name: str = ""
    ) -> Tensor: ...
    def warp(
        self,
        images: Tensor,
        rows: Tensor,
        columns: Tensor,
        interpolation: str,
        fill_mode: str,
        fill_value: typing.SupportsFloat | typing.SupportsIndex,
        name: str = "",
    ) -> Tensor: ...
    def where(
        self,
        mask: Tensor,
        x: Tensor,
        other: Tensor | None = None,
        fill: typing.SupportsFloat | typing.SupportsIndex = 0.0,
        name: str = "",
    ) -> Tensor: ...
    def whole(self, x: Tensor) -> bool: ...
    @property
    def built(self) -> bool: ...
    @property
    def dtype(self) -> str: ...
    @property
    def inputs(self) -> list[Tensor]: ...
    @property
    def outputs(self) -> list[Tensor]: ...
    @property
    def parameters(self) -> list[Parameter]: ...
    @property
    def paths(self) -> list[str]: ...
    @property
    def products(self) -> str: ...
    @products.setter
    def products(self, arg1: str) -> None: ...
    @property
    def rows(self) -> int | None: ...

class RuleSetting:
    @property
    def flag(self) -> bool: ...
    @property
    def high(self) -> float: ...
    @property
    def initial(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def name(self) -> str: ...
    @property
    def open_above(self) -> bool: ...

class RuleSlot:
    def shape(
        self, weight: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]
    ) -> tuple[typing.Any, ...]: ...
    @property
    def name(self) -> str: ...
    @property
    def start(self) -> str | None: ...
    @property
    def when(self) -> str | None: ...

class Rule:
    @property
    def name(self) -> str: ...
    @property
    def settings(self) -> list[RuleSetting]: ...
    @property
    def slots(self) -> list[RuleSlot]: ...
    @property
    def whole(self) -> bool: ...

class Update:
    def __init__(self, **kwargs: typing.Any) -> None: ...
    def add(
        self,
        kind: str,
        slots: collections.abc.Sequence[numpy.typing.NDArray[typing.Any] | None],
        parameters: typing.Any,
        weight_decays: typing.Any,
        rates: typing.Any,
        **kwargs: typing.Any,
    ) -> None: ...

class Minimizer:
    def go_on(self, memory: typing.Annotated[numpy.typing.ArrayLike, numpy.float64]) -> None: ...
    def iterate(self, rate: typing.SupportsFloat | typing.SupportsIndex) -> tuple[str, float]: ...
    def memory(self) -> numpy.typing.NDArray[numpy.float64]: ...
    @property
    def evaluations(self) -> int: ...
    @property
    def largest_gradient(self) -> float: ...

class Execution:
    def __init__(
        self,
        graph: Graph,
        rows: typing.SupportsInt | typing.SupportsIndex,
        training: bool = False,
        seed: typing.SupportsInt | typing.SupportsIndex = 0,
        input_gradients: bool = False,
    ) -> None: ...
    def backward_piece(
        self,
        batch_rows: typing.SupportsInt | typing.SupportsIndex,
        totals: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None = None,
        loss_scale: typing.SupportsFloat | typing.SupportsIndex = 1.0,
        done: typing.Any = None,
    ) -> None: ...
    def bind(self, arrays: collections.abc.Sequence[numpy.typing.NDArray[typing.Any]]) -> None: ...
    def count_step(self) -> None: ...
    def first_nonfinite(
        self,
        order: typing.Any,
        start: typing.SupportsInt | typing.SupportsIndex,
        stop: typing.SupportsInt | typing.SupportsIndex,
        random_step: typing.SupportsInt | typing.SupportsIndex = 0,
    ) -> typing.Any: ...
    def forward_piece(
        self,
        order: typing.Any,
        start: typing.SupportsInt | typing.SupportsIndex,
        stop: typing.SupportsInt | typing.SupportsIndex,
        random_step: typing.SupportsInt | typing.SupportsIndex,
        seed: typing.SupportsInt | typing.SupportsIndex = 0,
        training: bool = True,
    ) -> None: ...
    def gradient_of(self, parameter: Parameter) -> numpy.typing.NDArray[typing.Any]: ...
    def gradients(
        self,
        order: typing.Any,
        start: typing.SupportsInt | typing.SupportsIndex,
        stop: typing.SupportsInt | typing.SupportsIndex,
        random_step: typing.SupportsInt | typing.SupportsIndex = 0,
    ) -> float: ...
    def input_gradient(
        self, index: typing.SupportsInt | typing.SupportsIndex
    ) -> numpy.typing.NDArray[typing.Any]: ...
    def minimizer(
        self,
        order: typing.Any,
        rows: typing.SupportsInt | typing.SupportsIndex,
        pairs: typing.SupportsInt | typing.SupportsIndex,
        evaluations: typing.SupportsInt | typing.SupportsIndex,
        gradient: typing.SupportsFloat | typing.SupportsIndex,
        change: typing.SupportsFloat | typing.SupportsIndex,
    ) -> Minimizer: ...
    def no_sums(self, training: bool) -> numpy.typing.NDArray[numpy.float64]: ...
    def output(
        self, index: typing.SupportsInt | typing.SupportsIndex
    ) -> numpy.typing.NDArray[typing.Any]: ...
    def output_has_rows(self, index: typing.SupportsInt | typing.SupportsIndex) -> bool: ...
    def paths(self) -> list[str]: ...
    def profile(
        self,
        order: typing.Any,
        start: typing.SupportsInt | typing.SupportsIndex,
        stop: typing.SupportsInt | typing.SupportsIndex,
        learning_rate: typing.SupportsFloat | typing.SupportsIndex,
        step: typing.SupportsInt | typing.SupportsIndex,
        random_step: typing.SupportsInt | typing.SupportsIndex,
    ) -> list[typing.Any]: ...
    def reset(self) -> None: ...
    def resume(
        self,
        sums: collections.abc.Sequence[
            collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]
        ],
    ) -> None: ...
    def set_buckets(
        self, least: typing.SupportsInt | typing.SupportsIndex
    ) -> list[tuple[int, int]]: ...
    def set_rates(
        self, rates: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]
    ) -> None: ...
    def set_update(
        self,
        kind: str,
        slots: collections.abc.Sequence[numpy.typing.NDArray[typing.Any] | None],
        **kwargs: typing.Any,
    ) -> None: ...
    def set_updates(
        self,
        updates: collections.abc.Sequence[Update],
        loss_scale: typing.SupportsFloat | typing.SupportsIndex = 1.0,
    ) -> None: ...
    def test(
        self,
        order: typing.Any,
        start: typing.SupportsInt | typing.SupportsIndex,
        stop: typing.SupportsInt | typing.SupportsIndex,
        random_step: typing.SupportsInt | typing.SupportsIndex = 0,
    ) -> float: ...
    def test_pieces(
        self, totals: typing.Annotated[numpy.typing.ArrayLike, numpy.float64]
    ) -> float: ...
    def train(
        self,
        order: typing.Any,
        start: typing.SupportsInt | typing.SupportsIndex,
        stop: typing.SupportsInt | typing.SupportsIndex,
        learning_rate: typing.SupportsFloat | typing.SupportsIndex,
        step: typing.SupportsInt | typing.SupportsIndex,
        random_step: typing.SupportsInt | typing.SupportsIndex,
    ) -> float: ...
    def train_by(
        self,
        order: typing.Any,
        start: typing.SupportsInt | typing.SupportsIndex,
        stop: typing.SupportsInt | typing.SupportsIndex,
        random_step: typing.SupportsInt | typing.SupportsIndex,
        update: typing.Any,
    ) -> float: ...
    def train_pieces(
        self,
        totals: typing.Annotated[numpy.typing.ArrayLike, numpy.float64],
        learning_rate: typing.SupportsFloat | typing.SupportsIndex,
        step: typing.SupportsInt | typing.SupportsIndex,
    ) -> float: ...
    def train_pieces_by(
        self, totals: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], update: typing.Any
    ) -> float: ...
    def trainable(self) -> list[Parameter]: ...
    def unbind(self) -> None: ...
    @property
    def arena_bytes(self) -> int: ...
    @property
    def completed_steps(self) -> int: ...
    @property
    def failed_step(self) -> typing.Any: ...
    @property
    def gradient(self) -> numpy.typing.NDArray[typing.Any]: ...
    @property
    def gradient_size(self) -> int: ...
    @property
    def held_bytes(self) -> int: ...
    @property
    def mean_loss(self) -> float: ...
    @property
    def mean_losses(self) -> list[float]: ...
    @property
    def metrics(self) -> list[numpy.typing.NDArray[numpy.float64]]: ...
    @property
    def piece_needs_totals(self) -> bool: ...
    @property
    def piece_sums(self) -> numpy.typing.NDArray[numpy.float64]: ...
    @property
    def rows(self) -> int: ...
    @property
    def sums(self) -> list[list[float]]: ...
    @property
    def updates(self) -> tuple[list[Update], float]: ...

class Predictor:
    def __call__(
        self,
        x: numpy.typing.NDArray[typing.Any],
        seed: typing.SupportsInt | typing.SupportsIndex = 0,
        random_step: typing.SupportsInt | typing.SupportsIndex = 0,
    ) -> numpy.typing.NDArray[typing.Any]: ...
    def __init__(self, graph: Graph) -> None: ...
    def as_is(
        self, x: typing.Any, most_rows: typing.SupportsInt | typing.SupportsIndex
    ) -> typing.Any: ...
    def block(self, rows: typing.SupportsInt | typing.SupportsIndex) -> int: ...
    def predict(
        self,
        arrays: collections.abc.Sequence[numpy.typing.NDArray[typing.Any]],
        batch_size: typing.SupportsInt | typing.SupportsIndex,
        seed: typing.SupportsInt | typing.SupportsIndex = 0,
        random_step: typing.SupportsInt | typing.SupportsIndex = 0,
    ) -> list[numpy.typing.NDArray[typing.Any]]: ...
    @property
    def joins_rows(self) -> bool: ...
    @property
    def pooled_bytes(self) -> int: ...

class Objective:
    def __init__(
        self,
        graph: Graph,
        arrays: collections.abc.Sequence[numpy.typing.NDArray[typing.Any]],
        seed: typing.SupportsInt | typing.SupportsIndex = 0,
        own: bool = False,
    ) -> None: ...
    def of_rows(self, theta: typing.Any) -> tuple[typing.Any, ...]: ...
    def paths(self) -> list[str]: ...
    def value(self, theta: typing.Any) -> float: ...
    def value_and_gradient(self, theta: typing.Any) -> tuple[typing.Any, ...]: ...
    def weights(self) -> numpy.typing.NDArray[numpy.float64]: ...
    @property
    def size(self) -> int: ...

class FitProgram:
    def __init__(self, graph: Graph, parameters: collections.abc.Sequence[Parameter]) -> None: ...

class FitSearch:
    def __init__(
        self,
        pairs: typing.SupportsInt | typing.SupportsIndex,
        evaluations: typing.SupportsInt | typing.SupportsIndex,
        gradient: typing.SupportsFloat | typing.SupportsIndex,
        change: typing.SupportsFloat | typing.SupportsIndex,
    ) -> None: ...

class FitModel:
    def __init__(
        self,
        training: FitProgram,
        parameters: collections.abc.Sequence[Parameter],
        updates: collections.abc.Sequence[Update],
        loss_scale: typing.SupportsFloat | typing.SupportsIndex = 1.0,
        search: FitSearch | None = None,
    ) -> None: ...

class FitRows:
    def __init__(
        self,
        program: FitProgram,
        arrays: collections.abc.Sequence[numpy.typing.NDArray[typing.Any]],
        rows: typing.Annotated[numpy.typing.ArrayLike, numpy.int64] | None,
        batch: typing.SupportsInt | typing.SupportsIndex,
    ) -> None: ...

class FitRates:
    def __init__(
        self, rates: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]
    ) -> None: ...

class FitScore:
    @staticmethod
    def accuracy(
        classes: typing.Annotated[numpy.typing.ArrayLike, numpy.int32],
        outputs: typing.SupportsInt | typing.SupportsIndex,
        dtype: str,
        weights: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None = None,
    ) -> FitScore: ...
    @staticmethod
    def accuracy_of_labels(
        labels: typing.Annotated[numpy.typing.ArrayLike, numpy.bool],
        dtype: str,
        weights: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None = None,
    ) -> FitScore: ...
    @staticmethod
    def determination(
        targets: typing.Annotated[numpy.typing.ArrayLike, numpy.float64],
        dtype: str,
        weights: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None = None,
    ) -> FitScore: ...
    def __call__(self, outputs: numpy.typing.NDArray[typing.Any]) -> float: ...

class FitQuantity:
    @staticmethod
    def loss(
        term: typing.SupportsInt | typing.SupportsIndex = -1, validation: bool = False
    ) -> FitQuantity: ...
    @staticmethod
    def loss_less(
        term: typing.SupportsInt | typing.SupportsIndex,
        share: typing.SupportsFloat | typing.SupportsIndex,
    ) -> FitQuantity: ...
    @staticmethod
    def metric(
        index: typing.SupportsInt | typing.SupportsIndex,
        validation: bool = False,
        function: typing.Any = None,
    ) -> FitQuantity: ...
    @staticmethod
    def score() -> FitQuantity: ...

class EpochRule:
    @staticmethod
    def early_stopping(
        quantity: FitQuantity,
        sign: typing.SupportsFloat | typing.SupportsIndex,
        min_delta: typing.SupportsFloat | typing.SupportsIndex,
        patience: typing.SupportsInt | typing.SupportsIndex,
        baseline: typing.SupportsFloat | typing.SupportsIndex | None,
        restores: bool,
        start_from_epoch: typing.SupportsInt | typing.SupportsIndex,
    ) -> EpochRule: ...
    @staticmethod
    def inverse_scaling(
        first: typing.SupportsFloat | typing.SupportsIndex,
        power: typing.SupportsFloat | typing.SupportsIndex,
        rows: typing.SupportsInt | typing.SupportsIndex,
    ) -> EpochRule: ...
    @staticmethod
    def rate_by_epoch(function: typing.Any) -> EpochRule: ...
    @staticmethod
    def reduce_on_plateau(
        quantity: FitQuantity,
        sign: typing.SupportsFloat | typing.SupportsIndex,
        min_delta: typing.SupportsFloat | typing.SupportsIndex,
        factor: typing.SupportsFloat | typing.SupportsIndex,
        lowest: typing.SupportsFloat | typing.SupportsIndex,
        patience: typing.SupportsInt | typing.SupportsIndex,
        cooldown: typing.SupportsInt | typing.SupportsIndex,
    ) -> EpochRule: ...
    @staticmethod
    def while_better(
        quantity: FitQuantity,
        larger: bool,
        tolerance: typing.SupportsFloat | typing.SupportsIndex,
        patience: typing.SupportsFloat | typing.SupportsIndex,
        divisor: typing.SupportsFloat | typing.SupportsIndex = 0.0,
        smallest: typing.SupportsFloat | typing.SupportsIndex = 0.0,
    ) -> EpochRule: ...

class FitRequest:
    def __init__(
        self,
        model: FitModel,
        first: collections.abc.Sequence[numpy.typing.NDArray[typing.Any]],
        seed: typing.SupportsInt | typing.SupportsIndex,
        training: FitRows,
        validation: FitRows | None = None,
        held_out: FitRows | None = None,
        held_out_predicted: FitRows | None = None,
        predicted: FitRows | None = None,
        first_epoch: typing.SupportsInt | typing.SupportsIndex = 0,
        epochs: typing.SupportsInt | typing.SupportsIndex = 1,
        steps: typing.SupportsInt | typing.SupportsIndex = 1,
        shuffle_seed: typing.SupportsInt | typing.SupportsIndex | None = None,
        validates: collections.abc.Sequence[bool] = [],
        rate: typing.SupportsFloat | typing.SupportsIndex = 0.0,
        rates: FitRates | None = None,
        rules: collections.abc.Sequence[EpochRule] = [],
        lets_divergence_pass: bool = False,
        keeps_weights: bool = True,
        keeps_epochs: bool = True,
        score: FitScore | None = None,
        scored: FitRows | None = None,
        twister: tuple[
            typing.Annotated[numpy.typing.ArrayLike, numpy.uint32],
            typing.SupportsInt | typing.SupportsIndex,
        ]
        | None = None,
    ) -> None: ...

class FitSums:
    @property
    def mean_loss(self) -> float: ...
    @property
    def mean_losses(self) -> list[float]: ...
    @property
    def metrics(self) -> list[numpy.typing.NDArray[numpy.float64]]: ...

class FitEpoch:
    @property
    def epoch(self) -> int: ...
    @property
    def rate(self) -> float | None: ...
    @property
    def training(self) -> FitSums: ...
    @property
    def validation(self) -> FitSums | None: ...

class FitRecord:
    def curve(self, quantity: FitQuantity) -> numpy.typing.NDArray[numpy.float64]: ...
    def weights(self) -> list[typing.Any]: ...
    @property
    def divergence(self) -> typing.Any: ...
    @property
    def end(self) -> str: ...
    @property
    def epochs(self) -> list[FitEpoch]: ...
    @property
    def failure(self) -> str: ...
    @property
    def held_out(self) -> FitSums | None: ...
    @property
    def held_out_outputs(self) -> typing.Any: ...
    @property
    def predictions(self) -> typing.Any: ...
    @property
    def seconds(self) -> float: ...
    @property
    def stopped(self) -> bool: ...
    @property
    def told(self) -> tuple[typing.Any, ...]: ...

def allocate(parameters: collections.abc.Sequence[Parameter]) -> None: ...
def operations() -> dict[str, typing.Any]: ...
def rules() -> list[Rule]: ...
def run_fits(
    requests: collections.abc.Iterable[typing.Any],
    threads: typing.SupportsInt | typing.SupportsIndex,
    report: typing.Any = None,
    take: typing.Any = None,
) -> tuple[typing.Any, ...]: ...
def search(
    graph: Graph,
    arrays: collections.abc.Sequence[numpy.typing.NDArray[typing.Any]],
    starts: typing.Annotated[numpy.typing.ArrayLike, numpy.float64],
    moving: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex] | None = None,
    most_iterations: typing.SupportsInt | typing.SupportsIndex = 100,
    absolute: typing.SupportsFloat | typing.SupportsIndex = 0.0001,
    relative: typing.SupportsFloat | typing.SupportsIndex = 1e-08,
    report: typing.Any = None,
    notes: typing.SupportsInt | typing.SupportsIndex = 10,
    seed: typing.SupportsInt | typing.SupportsIndex = 0,
    columns: typing.Annotated[numpy.typing.ArrayLike, numpy.int64] | None = None,
) -> dict[str, typing.Any]: ...

__version__: str
