"""Types of public arguments for type checkers; nothing imports this at run time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from numpy.typing import ArrayLike
from typing_extensions import Self, TypedDict, Unpack

from lamina.activations import Activation
from lamina.callbacks import Callback
from lamina.constraints import Constraint
from lamina.data import PyDataset
from lamina.dtype_policies import DTypePolicy
from lamina.initializers import Initializer
from lamina.layers.base.node import SymbolicTensor
from lamina.losses import Loss
from lamina.metrics import Metric
from lamina.optimizers import Optimizer
from lamina.regularizers import Regularizer

__all__ = [
    "ActivationLike", "ArrayLike", "BaseArguments", "Batches", "CallbacksLike", "ClassWeight",
    "ConstraintLike", "DTypeLike", "Data",
    "DimArguments", "Hooks", "InitializerLike", "InputArguments", "LossLike", "LossesLike",
    "Margins", "Masks", "MetricLike", "MetricsLike", "OptimizerLike", "RegularizerLike", "Self",
    "ShapeLike", "Sizes", "Symbols", "Tensors", "Unpack", "Verbose",
]  # fmt: skip

Config: TypeAlias = Mapping[str, Any]  # {"class_name": ..., "config": ...}

DTypeLike: TypeAlias = str | DTypePolicy | Config
Function: TypeAlias = Callable[[Any], Any]  # of a tensor
ActivationLike: TypeAlias = str | Activation | type[Activation] | Config | Function | None
ConstraintLike: TypeAlias = str | Constraint | type[Constraint] | Config | Function | None
InitializerLike: TypeAlias = str | Initializer | type[Initializer] | Config | Callable[..., Any]
RegularizerLike: TypeAlias = str | Regularizer | type[Regularizer] | Config | Function | None
OptimizerLike: TypeAlias = str | Optimizer | type[Optimizer] | Config
LossLike: TypeAlias = str | Loss | type[Loss] | Callable[..., Any] | Config
MetricLike: TypeAlias = str | Metric | type[Metric] | Callable[[Any, Any], Any] | Config

# For models with several outputs, a list or dict, nested like the outputs.
LossesLike: TypeAlias = "LossLike | Sequence[LossesLike | None] | Mapping[str, LossesLike | None]"
MetricsLike: TypeAlias = "MetricLike | Sequence[MetricsLike] | Mapping[str, MetricsLike] | None"
CallbacksLike: TypeAlias = Callback | Iterable[Callback] | None

# Rows of one input or output, or a list or dict for several.
Data: TypeAlias = ArrayLike | Sequence[ArrayLike] | Mapping[str, ArrayLike]
# Sources of batches: an iterator, an iterable, or an object that returns them by number.
Batches: TypeAlias = Iterable[Any] | PyDataset
ClassWeight: TypeAlias = Mapping[Any, float] | Literal["balanced"] | None
Verbose: TypeAlias = int | Literal["auto"]

ShapeLike: TypeAlias = int | Sequence[int | None]
Sizes: TypeAlias = int | Sequence[int]  # one for all axes, or one for each
Margins: TypeAlias = int | Sequence[int] | Sequence[Sequence[int]]

Symbols: TypeAlias = SymbolicTensor | Sequence[SymbolicTensor]
Tensors: TypeAlias = SymbolicTensor | Sequence[SymbolicTensor] | Mapping[str, SymbolicTensor]
Masks: TypeAlias = SymbolicTensor | Sequence[SymbolicTensor | None] | None


class InputArguments(TypedDict, total=False):
    """The arguments of an ``InputLayer`` besides its own."""

    trainable: bool
    input_shape: int | Sequence[int] | None


class BaseArguments(InputArguments, total=False):
    """The arguments of every layer's constructor besides its own."""

    name: str | None
    dtype: DTypeLike | None
    activity_regularizer: RegularizerLike


class Hooks(TypedDict, total=False):
    """The functions of a ``LambdaCallback``."""

    on_train_begin: Callable[[Any], Any] | None
    on_train_end: Callable[[Any], Any] | None
    on_epoch_begin: Callable[[int, Any], Any] | None
    on_epoch_end: Callable[[int, Any], Any] | None
    on_train_batch_begin: Callable[[int, Any], Any] | None
    on_train_batch_end: Callable[[int, Any], Any] | None
    on_train_diverged: Callable[[int, ArithmeticError], bool | None] | None
    on_batch_begin: Callable[[int, Any], Any] | None
    on_batch_end: Callable[[int, Any], Any] | None
    on_tick: Callable[[int, Any], Any] | None
    on_test_begin: Callable[[Any], Any] | None
    on_test_end: Callable[[Any], Any] | None
    on_test_batch_begin: Callable[[int, Any], Any] | None
    on_test_batch_end: Callable[[int, Any], Any] | None
    on_test_tick: Callable[[int, Any], Any] | None
    on_predict_begin: Callable[[Any], Any] | None
    on_predict_end: Callable[[Any], Any] | None
    on_predict_batch_begin: Callable[[int, Any], Any] | None
    on_predict_batch_end: Callable[[int, Any], Any] | None
    on_predict_tick: Callable[[int, Any], Any] | None


class DimArguments(BaseArguments, total=False):
    """The same, with the short form of ``input_shape``."""

    input_dim: int | None


class ImageArguments(DimArguments, total=False):
    """The arguments of layers that change images and related data."""

    bounding_box_format: str | None
