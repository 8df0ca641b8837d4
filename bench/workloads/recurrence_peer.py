"""The process of one library's recurrent layers: times each shape, forward and backward.

Outputs of all steps, and a gradient at each of them; backward gives the gradients of input,
both kernels and bias.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from workloads.kernel_peer import Array, Candidate, Prepare, Problem, draw, main, seed_of

# PyTorch's name, and the position among its gates of each of lamina's (Keras's).
CELLS = {"simple_rnn": ("RNN", (0,)), "lstm": ("LSTM", (0, 1, 2, 3)), "gru": ("GRU", (1, 0, 2))}


def arrays(problem: Problem) -> tuple[Array, Array, Array, Array, Array]:
    """Return x, both kernels, the bias (two rows for the GRU) and the gradient at the output."""
    cell, *sizes = problem
    rows, steps, inputs, units = map(int, sizes)
    gates = len(CELLS[cell][1])
    rng = np.random.default_rng(seed_of(problem))
    kernel = draw(rng, inputs, gates * units, scale=0.5 / np.sqrt(inputs))
    recurrent = draw(rng, units, gates * units, scale=0.5 / np.sqrt(units))
    bias = draw(rng, *((2,) if cell == "gru" else ()), gates * units, scale=0.1)
    return draw(rng, rows, steps, inputs), kernel, recurrent, bias, draw(rng, rows, steps, units)


def lamina_layers(threads: int) -> tuple[Prepare, str]:
    import lamina
    from lamina import kernels

    lamina.set_num_threads(threads)

    def prepare(problem: Problem) -> list[Candidate]:
        *inputs, dy = arrays(problem)
        cell = problem[0]
        ahead = functools.partial(
            getattr(kernels, f"{cell}_forward"), *inputs, return_sequences=True
        )
        saved = ahead()[-1]
        back = functools.partial(
            getattr(kernels, f"{cell}_backward"), dy, saved, *inputs, return_sequences=True
        )
        return [Candidate("", ahead, back, lambda: [ahead()[0], *back()[:3]])]

    return prepare, f"{lamina.__version__} {lamina.runtime.isa()}"


def torch_layers(threads: int) -> tuple[Prepare, str]:
    import torch

    torch.set_num_threads(threads)

    def gates_to(places: tuple[int, ...], columns: Array, units: int) -> Any:
        """Return the rows of PyTorch's weight from the columns of Keras's."""
        parts = [columns[..., g * units : (g + 1) * units] for g in places]
        return torch.from_numpy(np.concatenate(parts, axis=-1).T.copy())

    def prepare(problem: Problem) -> list[Candidate]:
        x, kernel, recurrent, bias, dy = arrays(problem)
        units = len(recurrent)
        name, places = CELLS[problem[0]]
        layer = getattr(torch.nn, name)(x.shape[2], units, batch_first=True)
        biases = bias if bias.ndim == 2 else np.stack([bias, np.zeros_like(bias)])
        with torch.no_grad():
            layer.weight_ih_l0.copy_(gates_to(places, kernel, units))
            layer.weight_hh_l0.copy_(gates_to(places, recurrent, units))
            layer.bias_ih_l0.copy_(gates_to(places, biases[0], units))
            layer.bias_hh_l0.copy_(gates_to(places, biases[1], units))
        inputs, gradient = torch.from_numpy(x).requires_grad_(), torch.from_numpy(dy)
        wanted = [inputs, *layer.parameters()]
        ahead = functools.partial(layer, inputs)
        output = ahead()[0]
        back = functools.partial(torch.autograd.grad, output, wanted, gradient, retain_graph=True)

        def results() -> list[Array]:
            dx, dw, du = (gradient.numpy() for gradient in back()[:3])
            # The permutation is its own inverse.
            kernels = [gates_to(places, d.T, units).numpy().T for d in (dw, du)]
            return [output.detach().numpy(), dx, *kernels]

        return [Candidate("", ahead, back, results)]

    return prepare, torch.__version__


LIBRARIES = {"lamina": lamina_layers, "torch": torch_layers}

if __name__ == "__main__":
    main(LIBRARIES)
