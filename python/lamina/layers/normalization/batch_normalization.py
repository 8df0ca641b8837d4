"""Batch normalisation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _check, _core, constraints, initializers, regularizers
from lamina._check import Shape
from lamina._tensors import Tensor
from lamina._tensors.given import given, record
from lamina.layers.base.axes import axis_of_row, moved_last, permuted
from lamina.layers.base.masks import check_masks, spread
from lamina.layers.base.rowwise import RowWise

if TYPE_CHECKING:
    from lamina._tensors import Variable
    from lamina._typing import (
        ConstraintLike,
        DimArguments,
        InitializerLike,
        RegularizerLike,
        Unpack,
    )

__all__ = ["BatchNormalization"]


class BatchNormalization(RowWise):
    """``y = gamma * (x - mean) / sqrt(variance + epsilon) + beta``, channel by channel.

    In training, mean and variance are those of the batch, over all rows and positions, and the
    moving statistics are updated: ``moving = momentum * moving + (1 - momentum) * batch``.
    Prediction, and a layer with ``trainable=False``, use the moving statistics and do not change
    them.
    Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167.

    Parameters
    ----------
    axis : int, default -1
        The axis of channels, counted with the axis of rows: axis 1 is the first axis of a row.
    momentum : float, default 0.99
        In [0, 1]: the weight of the old value in an update of the moving statistics.
    epsilon : float, default 0.001
        Prevents division by 0 for constant channels.
    center, scale : bool, default True
        Whether ``beta`` is added; whether the result is multiplied by ``gamma``.
    beta_initializer, gamma_initializer : str or Initializer, default "zeros", "ones"
    moving_mean_initializer : str or Initializer, default "zeros"
    moving_variance_initializer : str or Initializer, default "ones"
    beta_regularizer, gamma_regularizer : str, Regularizer or callable, optional
    **base
        See ``Layer``.

    Raises
    ------
    ValueError
        If the input has no such axis, or a mask extends over it in training.

    Notes
    -----
    Weights, each (channels,): gamma, beta, moving mean, moving variance.  The variance is divided
    by the count, as in Keras.

    Positions hidden by a mask do not contribute to the statistics of a batch, though they are
    normalised with them; a batch that is entirely hidden leaves the moving statistics unchanged.
    The axis of channels must come after the axes of the mask, as the last axis does.

    Outputs and gradients of a training step are accurate for numbers of any size.  The moving
    variance is stored in the layer's dtype: a batch whose variance exceeds its range (in float32
    from 3e38 on, so values of about 1e19) raises `lamina.TrainingDiverged` and changes nothing.

    Examples
    --------
    >>> import lamina
    >>> layer = lamina.layers.BatchNormalization(epsilon=0.0)
    >>> layer([[1.0, 2.0]])                 # the moving statistics are still 0 and 1
    array([[1., 2.]], dtype=float32)
    """

    supports_masking = True
    changeable = ("momentum", "epsilon")

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: InitializerLike = "zeros",
        gamma_initializer: InitializerLike = "ones",
        moving_mean_initializer: InitializerLike = "zeros",
        moving_variance_initializer: InitializerLike = "ones",
        beta_regularizer: RegularizerLike = None,
        gamma_regularizer: RegularizerLike = None,
        *,
        beta_constraint: ConstraintLike = None,
        gamma_constraint: ConstraintLike = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        who = "BatchNormalization"
        self.axis = _check.integer(who, "axis", axis, -_check.MAX_ELEMENTS)
        self.momentum = _check.number(who, "momentum", momentum, 0.0, 1.0)
        self.epsilon = _check.number(who, "epsilon", epsilon, 0.0)
        self.center = _check.boolean(who, "center", center)
        self.scale = _check.boolean(who, "scale", scale)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self._gamma: _core.Parameter | None = None
        self._beta: _core.Parameter | None = None
        self._mean: Variable | None = None
        self._variance: Variable | None = None

    @property
    def gamma(self) -> Variable | None:
        """The live factors, (channels,); None with ``scale=False`` or before building."""
        return self._live(self._gamma)

    @property
    def beta(self) -> Variable | None:
        """The live offsets, (channels,); None with ``center=False`` or before building."""
        return self._live(self._beta)

    @property
    def moving_mean(self) -> Variable | None:
        """The live means used in prediction, (channels,); None before building."""
        return self._live(self._mean)

    @property
    def moving_variance(self) -> Variable | None:
        """The live variances used in prediction, (channels,); None before building."""
        return self._live(self._variance)

    def _features(self, input_shape: Shape) -> int:
        return input_shape[axis_of_row(self.name, self.axis, input_shape)]

    def weights_fit(self, input_shape: Shape) -> bool:
        """Return whether the size along ``axis`` is the same: all other axes act as rows."""
        return self._features(input_shape) == self._features(self._built_shape)

    def build(self, input_shape: Shape) -> None:
        """Make gamma, beta and the moving statistics."""
        shape = (self._features(input_shape),)
        if self.scale:
            self._gamma = self.add_weight(
                "gamma",
                shape,
                self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
            )
        if self.center:
            self._beta = self.add_weight(
                "beta",
                shape,
                self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
            )
        self._mean = self.add_weight(
            "moving_mean", shape, self.moving_mean_initializer, trainable=False
        )
        self._variance = self.add_weight(
            "moving_variance", shape, self.moving_variance_initializer, trainable=False
        )

    def forget(self) -> None:
        """Undo building."""
        super().forget()
        self._gamma = self._beta = self._mean = self._variance = None

    def call_rows(self, x: Any, mask: Any = None) -> Any:
        """Return the normalisation; along another axis it is wrapped in two permutations."""
        axis = axis_of_row(self.name, self.axis, x.row_shape)
        there, back = moved_last((axis,), len(x.row_shape))
        moved = permuted(x, there)
        recording = x.recording
        takes = self.trainable and recording.acts()
        if not x.rows and mask is None:
            return self._of_whole(x, axis, takes)
        if takes and mask is None and recording.forced is True:
            recording.asked = True  # training has a separate graph
            if not recording.training:
                return self._of_batch(x, axis)
        y = record(
            "batch_norm",
            moved,
            given(self._mean),
            given(self._variance),
            gamma=None if self._gamma is None else given(self._gamma),
            beta=None if self._beta is None else given(self._beta),
            mask=None if mask is None else self._positions(x, mask, moved.row_shape[:-1], takes),
            momentum=self.momentum,
            epsilon=self.epsilon,
            batch_statistics=takes,
        )
        return permuted(y, back)

    def _of_whole(self, x: Tensor, axis: int, takes: bool) -> Any:
        """Return the normalisation of a tensor without an axis of rows, over its own axes."""
        assert self._mean is not None
        assert self._variance is not None
        if not (takes and x.recording.ask_training()):
            return self._normalized(x, axis, self._mean, self._variance)
        return self._of_batch(x, axis)

    def _of_batch(self, x: Tensor, axis: int) -> Any:
        """Return the normalisation by the statistics of x; the call updates the moving ones."""
        assert self._mean is not None
        assert self._variance is not None
        found = _statistics(x, axis)
        if x.recording.training or x.recording.leaves:
            for moving, now in zip((self._mean, self._variance), found, strict=True):
                moving.assign(self.momentum * moving + (1.0 - self.momentum) * now)
        return self._normalized(x, axis, *found)

    def _normalized(self, x: Tensor, axis: int, mean: Any, variance: Any) -> Any:
        """Return (x - mean) / deviation, both of shape (channels,)."""
        from lamina import ops

        shape = [1] * len(x.row_shape)
        shape[axis] = -1
        mean, variance = (ops.reshape(each, shape) for each in (mean, variance))
        y = (x - mean) / ops.sqrt(variance + self.epsilon)
        for weight, apply in ((self._gamma, ops.multiply), (self._beta, ops.add)):
            if weight is not None:
                y = apply(y, ops.reshape(weight, shape))
        return y

    def _positions(self, x: Tensor, mask: Tensor, positions: Shape, takes: bool) -> Tensor | None:
        """Return the mask for each position of a row; None where no statistics are computed."""
        check_masks(self.name, [x], [mask])
        if not takes:
            return None
        if len(mask.row_shape) > axis_of_row(self.name, self.axis, x.row_shape):
            raise ValueError(
                f"{self.name}: a mask must not extend over axis {self.axis}, the channels; "
                f"got {_check.show_shape(mask.row_shape)} for input "
                f"{_check.show_shape(x.row_shape)}"
            )
        return spread(mask, positions)


def _statistics(x: Tensor, axis: int) -> tuple[Any, Any]:
    """Return means and variances of the channels, over rows and positions."""
    from lamina import ops

    axes = [place for place in range(x.ndim) if place != axis + x.rows]
    mean = ops.mean(x, axis=axes, keepdims=True)
    return ops.reshape(mean, (-1,)), ops.mean(ops.square(x - mean), axis=axes)
