"""Code shared by the convolution layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from lamina import _check, _core, activations, constraints, initializers, ops, regularizers
from lamina._check import Shape
from lamina._tensors.given import given, record
from lamina.layers.base import windows
from lamina.layers.base.activated import activated
from lamina.layers.base.axes import moved_last, permuted
from lamina.layers.base.spatial import Spatial

if TYPE_CHECKING:
    from lamina._tensors import Variable
    from lamina._typing import (
        ActivationLike,
        ConstraintLike,
        DimArguments,
        InitializerLike,
        RegularizerLike,
        Sizes,
        Unpack,
    )


class BaseConv(Spatial):
    """A layer that slides a window of weights over its input, with a bias and an activation.

    A subclass fixes the number of spatial axes, makes its weights and records its operation.

    Parameters
    ----------
    kernel_size, strides, dilation_rate : int or sequence of int
        One for each spatial axis.
    padding : str
        One of the class's ``_paddings``.
    data_format : {"channels_last", "channels_first"}, optional
    activation : str or Activation, optional
        Linear if not given.
    use_bias : bool
        Whether a bias is added.
    bias_initializer : str or Initializer
        Initial values of the bias.
    bias_regularizer : str, Regularizer or callable, optional
        Penalty on the bias.
    bias_constraint : str, Constraint or callable, optional
        Constraint applied to the weight after each step of training.
    **base
        See ``Layer``.
    """

    changeable = ("activation",)
    _paddings: ClassVar[tuple[str, ...]] = ("valid", "same")

    def __init__(
        self,
        kernel_size: Sizes,
        strides: Sizes,
        padding: str,
        data_format: str | None,
        dilation_rate: Sizes,
        activation: ActivationLike,
        use_bias: bool,
        bias_initializer: InitializerLike,
        bias_regularizer: RegularizerLike,
        *,
        bias_constraint: ConstraintLike = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        who = type(self).__name__
        self.kernel_size = windows.sizes(who, "kernel_size", kernel_size, self._axes)
        self.strides = windows.sizes(who, "strides", strides, self._axes)
        self.padding = windows.padding(who, padding, self._paddings)
        self.data_format = windows.data_format(who, data_format)
        self.dilation_rate = windows.sizes(who, "dilation_rate", dilation_rate, self._axes)
        self.activation = activations.get(activation)
        self.use_bias = _check.boolean(who, "use_bias", use_bias)
        self.bias_initializer = initializers.get(bias_initializer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.bias_constraint = constraints.get(bias_constraint)
        self._bias: _core.Parameter | None = None

    def weights_fit(self, input_shape: Shape) -> bool:
        """Return whether the number of channels is the same: spatial sizes may differ."""
        old, new = self._inside(self._built_shape), self._inside(input_shape)
        return bool(len(old) == len(new) and old[-1] == new[-1])

    @property
    def bias(self) -> Variable | None:
        """The live bias, shape (filters,); None without one or before the layer is built."""
        return self._live(self._bias)

    def _check_input(self, input_shape: Shape) -> None:
        windows.channels_of(self.name, input_shape, self._axes)

    def _place(self, input_shape: Shape) -> tuple[Shape, windows.Pads]:
        """Return the spatial sizes of the output, and the padding."""
        spatial, _ = windows.image(self.name, input_shape, self._axes)
        span = windows.extent(self.kernel_size, self.dilation_rate)
        return windows.placed(self.name, "the kernel", spatial, span, self.strides, self.padding)

    def _add_bias(self, filters: int) -> None:
        if self.use_bias:
            self._bias = self.add_weight(
                "bias",
                (filters,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def forget(self) -> None:
        """Undo building."""
        super().forget()
        self._bias = None

    def _geometry(self, input_shape: Shape) -> dict[str, Any]:
        """Return strides, dilation and padding in the form that the graph takes."""
        _, pads = self._place(input_shape)
        return {
            "strides": windows.pair(self.strides),
            "dilation": windows.pair(self.dilation_rate),
            "padding": windows.around(pads),
        }

    def _finish(self, convolve: Callable[..., Any]) -> Any:
        """Call ``convolve(bias, kind, alpha)`` with the activation fused into it where possible."""
        bias = None if self._bias is None else given(self._bias)
        fused = self.activation.fusable
        if fused is not None:
            return convolve(bias, *fused)
        return self._activated(convolve(bias, "linear", 0.0))

    def _activated(self, z: Any, name: str | None = None) -> Any:
        """Return the activation of rows with channels last, to which it is given as ``x`` was.

        A function such as softmax acts on certain axes, which it counts in the data format.
        """
        if not self._first or self.activation.fusable is not None:
            return activated(self, z, name)
        there, back = moved_last((0,), self._axes + 1)
        return permuted(activated(self, permuted(z, back), name), there)


class Conv(BaseConv):
    """Convolution over one or two spatial axes: the base of ``Conv1D`` and ``Conv2D``.

    Parameters
    ----------
    filters : int
        Number of output channels; a multiple of `groups`.
    groups : int
        Number of groups into which channels and filters are split; groups do not mix.
    kernel_initializer : str or Initializer
        Initial values of the kernel.
    kernel_regularizer : str, Regularizer or callable, optional
        Penalty on the kernel.
    kernel_constraint : str, Constraint or callable, optional
        Constraint applied to the weight after each step of training.
    *shared, **base
        See ``BaseConv``.
    """

    def __init__(
        self,
        filters: int,
        groups: int,
        kernel_initializer: InitializerLike,
        kernel_regularizer: RegularizerLike,
        *shared: Any,
        kernel_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(*shared, bias_constraint=bias_constraint, **base)
        who = type(self).__name__
        self.filters = _check.integer(who, "filters", filters)
        self.groups = _check.integer(who, "groups", groups)
        if self.filters % self.groups != 0:
            raise ValueError(
                f"{who}: groups must divide filters; got {self.groups} groups, "
                f"{self.filters} filters"
            )
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self._kernel: _core.Parameter | None = None

    @property
    def kernel(self) -> Variable | None:
        """The live kernel; None before the layer is built."""
        return self._live(self._kernel)

    def _kernel_shape(self, channels: int) -> Shape:
        return (*self.kernel_size, channels // self.groups, self.filters)

    def _check_input(self, input_shape: Shape) -> None:
        channels = windows.channels_of(self.name, input_shape, self._axes)
        if channels % self.groups != 0:
            raise ValueError(
                f"{self.name}: groups must divide the input's channels; got {self.groups} groups, "
                f"{channels} channels"
            )

    def build(self, input_shape: Shape) -> None:
        """Make the kernel and the bias."""
        self._kernel = self.add_weight(
            "kernel",
            self._kernel_shape(input_shape[-1]),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self._add_bias(self.filters)

    def forget(self) -> None:
        """Undo building."""
        super().forget()
        self._kernel = None

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Return inputs convolved with a kernel, without bias and activation.

        A class may override it, or call it with a kernel of its own making.

        Parameters
        ----------
        inputs : tensor or array_like of shape (rows, ..., channels)
            In the layer's ``data_format``.
        kernel : tensor or array_like
            Of the shape that the layer's own kernel has.

        Examples
        --------
        A convolution by weights that add up to 0:

        >>> from lamina import layers, ops
        >>> class Differences(layers.Conv1D):
        ...     def convolution_op(self, inputs, kernel):
        ...         return super().convolution_op(inputs, kernel - ops.mean(kernel, 0))
        >>> Differences(1, 2, kernel_initializer="ones")([[[1.0], [2.0], [3.0]]]).ravel().tolist()
        [0.0, 0.0]
        """
        padding = self.padding
        if padding == "causal":
            span = windows.extent(self.kernel_size, self.dilation_rate)
            steps = 2 if self._first else 1
            inputs = ops.pad(
                inputs, [(span[0] - 1 if axis == steps else 0, 0) for axis in range(3)]
            )
            padding = "valid"
        return ops.conv(inputs, kernel, self.strides, padding, self.data_format, self.dilation_rate)

    def _called(self, x: Any, **masks: Any) -> Any:
        if type(self).convolution_op is Conv.convolution_op:
            return super()._called(x, **masks)
        y = self.convolution_op(x, self.kernel)
        if self.bias is not None:
            places = (-1, *[1] * self._axes) if self._first else (-1,)
            y = y + ops.reshape(self.bias, places)
        return activated(self, y)

    def call_rows(self, x: Any) -> Any:
        """Return one convolution, with the activation fused into it where possible."""
        kernel, geometry = given(self._kernel), self._geometry(x.row_shape)
        return self._finish(
            lambda bias, kind, alpha: record(
                "conv2d", x, kernel, bias, **geometry, groups=self.groups, activation=kind,
                alpha=alpha,
            )
        )  # fmt: skip
