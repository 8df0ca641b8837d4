"""Code shared by the transposed convolutions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _check, _core, constraints, initializers, regularizers
from lamina._check import Shape
from lamina._tensors.given import given, record
from lamina.kernels._windows import sizes_of, transposed_axis
from lamina.layers.base import windows
from lamina.layers.convolutional.base_conv import BaseConv

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


class ConvTranspose(BaseConv):
    """The base of the transposed convolutions, over one axis, two or three."""

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        output_padding: Sizes | None = None,
        data_format: str | None = None,
        dilation_rate: Sizes = 1,
        activation: ActivationLike = None,
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        kernel_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        *,
        kernel_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(
            kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
            bias_initializer, bias_regularizer, bias_constraint=bias_constraint, **base,
        )  # fmt: skip
        who = type(self).__name__
        self.filters = _check.integer(who, "filters", filters)
        self.output_padding: Shape | None = None
        if output_padding is not None:
            self.output_padding = sizes_of(who, "output_padding", output_padding, self._axes, 0)
            if any(p >= s for p, s in zip(self.output_padding, self.strides, strict=True)):
                raise ValueError(
                    f"{who}: output_padding must be smaller than strides {self.strides}; "
                    f"got {self.output_padding}"
                )
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self._kernel: _core.Parameter | None = None

    @property
    def kernel(self) -> Variable | None:
        """The live kernel; None before the layer is built."""
        return self._live(self._kernel)

    def _place(self, input_shape: Shape) -> tuple[Shape, windows.Pads]:
        """Return the output's spatial sizes, and the padding of the convolution it transposes."""
        spatial, _ = windows.image(self.name, input_shape, self._axes)
        span = windows.extent(self.kernel_size, self.dilation_rate)
        extra = self.output_padding or (None,) * self._axes
        axes = [
            transposed_axis(n, k, s, self.padding, e)
            for n, k, s, e in zip(spatial, span, self.strides, extra, strict=True)
        ]
        counts = tuple(size for size, _ in axes)
        if min(counts) < 1:
            raise ValueError(f"{self.name}: the output must not be empty; it has size {counts}")
        _check.elements(self.name, "output of size", counts)
        return counts, [pads for _, pads in axes]

    def _kernel_shape(self, channels: int) -> Shape:
        return (*self.kernel_size, self.filters, channels)

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

    def call_rows(self, x: Any) -> Any:
        """Return one transposed convolution, with the activation fused into it where possible."""
        kernel, geometry = given(self._kernel), self._geometry(x.row_shape)
        counts, _ = self._place(x.row_shape)
        return self._finish(
            lambda bias, kind, alpha: record(
                "conv2d_transpose", x, kernel, bias, **geometry, size=windows.pair(counts),
                activation=kind, alpha=alpha,
            )
        )  # fmt: skip
