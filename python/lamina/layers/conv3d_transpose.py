"""The transposed convolution of volumes."""

from __future__ import annotations

from typing import ClassVar

from lamina import _core
from lamina.layers import windows
from lamina.layers.base_conv_transpose import ConvTranspose


class Conv3DTranspose(ConvTranspose):
    """The convolution's transpose: it spreads each place of x over a window of y.

    With a stride it enlarges volumes as ``Conv3D`` of the same settings shrinks them: its output is
    the gradient at that convolution's input, plus bias and activation.

    Parameters
    ----------
    filters : int
        Number of filters, the channels of the output.
    kernel_size : int or tuple of 3 int
        Cells of the window along each axis.
    strides : int or tuple of 3 int, default 1
        Steps of the window over the output.
    padding : {"valid", "same"}, default "valid"
        With "valid" the output is all that the windows cover, (n - 1) stride + max(size, stride);
        with "same" n stride.
    output_padding : int or tuple of 3 int, optional
        Cells added at the end of each axis, below the strides: the output then has
        (n - 1) stride + size + output_padding ("valid") or
        (n - 1) stride + size % 2 + output_padding ("same").
    data_format : {"channels_last"}, optional
        The only layout.
    dilation_rate : int or tuple of 3 int, default 1
        Distance between neighbouring cells of the window.
    activation : str or Activation, optional
        Linear if not given.  All but softmax and log_softmax are applied in the same pass.
    use_bias : bool, default True
        Whether a bias is added.
    kernel_initializer : str or Initializer, default "glorot_uniform"
        First values of the kernel.
    bias_initializer : str or Initializer, default "zeros"
        First values of the bias.
    kernel_regularizer, bias_regularizer : str, Regularizer or callable, optional
        Penalties that training adds to the loss.
    kernel_constraint, bias_constraint : str, Constraint or callable, optional
        What takes the place of the weights after each step of training.
    **base
        See ``Layer``.

    Raises
    ------
    ValueError
        If an argument is out of range, the input has another number of axes, or the output would
        be empty.

    Notes
    -----
    Shapes: x (rows, depth, height, width, channels), kernel (kernel depth, kernel height, kernel
    width, filters, channels), bias (filters,), y (rows, out depth, out height, out width, filters).

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> layer = lamina.layers.Conv3DTranspose(1, 2, 2, kernel_initializer="ones")
    >>> layer(np.ones((1, 2, 2, 2, 3)))[0, 0, 0, :, 0]
    array([3., 3., 3., 3.], dtype=float32)
    """

    _axes: ClassVar[int] = 3

    def record(self, graph: _core.Graph, x: _core.Tensor) -> _core.Tensor:
        """Record the slices as images, all cells of the kernel's depth as so many filters.

        What they make is then put where it belongs along the depth, and added.
        """
        assert self._kernel is not None
        depth, *_, channels = x.shape
        cells, *image = self.kernel_size
        counts, pads = self._place(tuple(x.shape))
        kernel = graph.permute(graph.parameter(self._kernel), (1, 2, 0, 3, 4))
        flat = graph.reshape(kernel, (*image, cells * self.filters, channels))
        y = graph.conv2d_transpose(
            graph.fold(x), flat, None, windows.pair(self.strides[1:]),
            windows.pair(self.dilation_rate[1:]), windows.around(pads[1:]),
            windows.pair(counts[1:]), name=self.name,
        )  # fmt: skip
        slices = graph.unfold(y, depth)
        parts = [self._placed(graph, slices, cell) for cell in range(cells)]
        whole = graph.add(parts, name=self.name) if cells > 1 else parts[0]
        before = pads[0][0]
        behind = whole.shape[0] - before - counts[0]
        if behind < 0:
            whole = graph.pad(whole, [(0, -behind), (0, 0), (0, 0), (0, 0)])
        y = graph.crop(whole, [(before, max(behind, 0)), (0, 0), (0, 0), (0, 0)])
        if self._bias is not None:
            bias = graph.parameter(self._bias)
            y = graph.expression([("add", 0, 1)], [y, bias], None, self.name)
        return self.activation.record(graph, y, self.name)  # type: ignore[no-any-return]

    def _placed(self, graph: _core.Graph, slices: _core.Tensor, cell: int) -> _core.Tensor:
        """Return what one cell of the kernel's depth adds to all of the output's depth."""
        depth, height, width, _ = slices.shape
        stride, last = self.strides[0], self.kernel_size[0] - 1
        filters, step = self.filters, self.dilation_rate[0]
        first = [0, 0, 0, cell * filters]
        own = graph.slice(slices, first, [depth, height, width, filters], [1, 1, 1, 1])
        apart = graph.pad(
            graph.reshape(own, (depth, 1, height, width, filters)),
            [(0, 0), (0, stride - 1), (0, 0), (0, 0), (0, 0)],
        )
        spread = graph.reshape(apart, (depth * stride, height, width, filters))
        ends = [(0, stride - 1), (0, 0), (0, 0), (0, 0)]
        margins = [(cell * step, (last - cell) * step), (0, 0), (0, 0), (0, 0)]
        return graph.pad(graph.crop(spread, ends), margins)
