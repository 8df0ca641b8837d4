"""The process of one library's convolutions and pools: times each shape, forward and backward.

Forward is the layer as in a network, with bias and ReLU; backward gives the gradients of input,
kernel and bias from the gradient at the pre-activation.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from workloads.kernel_peer import Array, Candidate, Prepare, Problem, draw, main, seed_of

Pair = tuple[int, int]  # along height and width


@dataclass(frozen=True)
class Window:
    """One line of conv.txt or pool.txt: `kind` is conv, max or average."""

    kind: str
    image: tuple[int, int, int, int]  # rows, height, width, channels
    filters: int
    size: Pair
    strides: Pair
    padding: Pair
    groups: int

    @property
    def kernel_shape(self) -> tuple[int, int, int, int]:
        return (*self.size, self.image[3] // self.groups, self.filters)

    @property
    def output_shape(self) -> tuple[int, int, int, int]:
        rows, height, width, channels = self.image
        sizes = zip((height, width), self.size, self.strides, self.padding, strict=True)
        high, wide = ((n + 2 * pad - taps) // step + 1 for n, taps, step, pad in sizes)
        return rows, high, wide, self.filters or channels


def read(problem: Problem) -> Window:
    kind, *words = problem
    rows, height, width, channels, *rest = map(int, words)
    filters = rest.pop(0) if kind == "conv" else 0
    size, stride, pad, *groups = rest
    # If an image has one row, so do its window and its padding.
    high, pad_high = (min(size, height), pad if height > 1 else 0)
    return Window(
        kind, (rows, height, width, channels), filters, (high, size), (stride, stride),
        (pad_high, pad), groups[0] if groups else 1,
    )  # fmt: skip


def arrays(problem: Problem, window: Window) -> tuple[Array, Array, Array, Array]:
    """Return x, kernel, bias and the gradient at the output."""
    rng = np.random.default_rng(seed_of(problem))
    scale = 1 / np.sqrt(max(1, np.prod(window.kernel_shape[:3])))
    x, dz = draw(rng, *window.image), draw(rng, *window.output_shape)
    return x, draw(rng, *window.kernel_shape, scale=scale), draw(rng, window.filters), dz


def lamina_windows(threads: int) -> tuple[Prepare, str]:
    import lamina
    from lamina import kernels

    lamina.set_num_threads(threads)

    def prepare(problem: Problem) -> list[Candidate]:
        window = read(problem)
        x, kernel, bias, dz = arrays(problem, window)
        padding = [(pad, pad) for pad in window.padding]
        if window.kind == "conv":
            settings: dict[str, Any] = {
                "strides": window.strides, "padding": padding, "groups": window.groups,
            }  # fmt: skip
            ahead = functools.partial(
                kernels.conv2d_forward, x, kernel, bias, activation="relu", **settings
            )
            back: Any = functools.partial(kernels.conv2d_backward, dz, x, kernel, **settings)
            return [Candidate("", ahead, back, lambda: [ahead(), *back()])]
        settings = {"pool_size": window.size, "strides": window.strides, "padding": padding}
        if window.kind == "max":
            first = functools.partial(kernels.max_pool2d_forward, x, **settings)
            back = functools.partial(
                kernels.max_pool2d_backward, dz, first()[1], window.image, **settings
            )
            return [Candidate("", first, back, lambda: [first()[0], back()])]
        mean = functools.partial(kernels.average_pool2d_forward, x, **settings)
        back = functools.partial(kernels.average_pool2d_backward, dz, window.image, **settings)
        return [Candidate("", mean, back, lambda: [mean(), back()])]

    return prepare, f"{lamina.__version__} {lamina.runtime.isa()}"


def torch_image(array: Array, memory: Any) -> Any:
    import torch

    return torch.from_numpy(array).permute(0, 3, 1, 2).contiguous(memory_format=memory)


def channels_last(tensor: Any) -> Array:
    return tensor.permute(0, 2, 3, 1).numpy()


def torch_conv(window: Window, memory: Any, arrays: Any) -> tuple[Any, Any, Any]:
    import torch

    x, dz = (torch_image(array, memory) for array in arrays[::3])
    kernel, b = (torch.from_numpy(array) for array in arrays[1:3])
    w = kernel.permute(3, 2, 0, 1).contiguous(memory_format=memory)
    strides, padding, groups = window.strides, window.padding, window.groups

    def ahead() -> Any:
        return torch.relu_(torch.nn.functional.conv2d(x, w, b, strides, padding, 1, groups))

    def back() -> Any:
        return torch.ops.aten.convolution_backward(
            dz, x, w, [len(b)], strides, padding, (1, 1), False, (0, 0), groups, (True,) * 3
        )

    def results() -> list[Array]:
        dx, dw, db = back()
        dkernel = dw.permute(2, 3, 1, 0).numpy()
        return [channels_last(ahead()), channels_last(dx), dkernel, db.numpy()]

    return ahead, back, results


def torch_pool(window: Window, memory: Any, arrays: Any) -> tuple[Any, Any, Any]:
    import torch

    aten: Any = torch.ops.aten
    x, dz = (torch_image(array, memory) for array in arrays[::3])
    settings = (window.size, window.strides, window.padding)
    if window.kind == "max":
        ahead = functools.partial(aten.max_pool2d_with_indices, x, *settings)
        rest = ((1, 1), False, ahead()[1])
        back = functools.partial(aten.max_pool2d_with_indices_backward, dz, x, *settings, *rest)
    else:  # False: no partial windows, padding does not count
        ahead = functools.partial(aten.avg_pool2d, x, *settings, False, False)
        back = functools.partial(aten.avg_pool2d_backward, dz, x, *settings, False, False, None)

    def results() -> list[Array]:
        y = ahead()[0] if window.kind == "max" else ahead()
        return [channels_last(y), channels_last(back())]

    return ahead, back, results


def torch_windows(threads: int) -> tuple[Prepare, str]:
    import torch

    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)

    def prepare(problem: Problem) -> list[Candidate]:
        window = read(problem)
        make = torch_conv if window.kind == "conv" else torch_pool
        inputs = arrays(problem, window)
        formats = {"channels_last": torch.channels_last, "NCHW": torch.contiguous_format}
        return [Candidate(name, *make(window, kind, inputs)) for name, kind in formats.items()]

    return prepare, torch.__version__


LIBRARIES = {"lamina": lamina_windows, "torch": torch_windows}

if __name__ == "__main__":
    main(LIBRARIES)
