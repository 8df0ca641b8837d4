"""SimpleRNN, LSTM and GRU against a step-by-step oracle, finite differences and PyTorch."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import golden
from harness import DTYPES, assert_close, assert_same_bits, check_added
from kernels.recurrence_oracle import CELLS, Problem
from kernels.test_activations import LAWS, sweep_float32, ulps
from lamina import kernels, runtime
from thread_proof import same_on_threads

# --- values and gradients


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize(
    ("rows", "steps", "inputs", "units"),
    [(1, 1, 1, 1), (2, 1, 3, 2), (1, 7, 2, 5), (5, 6, 3, 12), (3, 40, 4, 9), (17, 3, 1, 17)],
)
def test_gradients(cell, sequences, rows, steps, inputs, units):
    Problem(cell, rows, steps, inputs, units, return_sequences=sequences).check_gradients()


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    "options",
    [
        {"mask": True},
        {"go_backwards": True},
        {"input_drop": True},
        {"recurrent_drop": True},
        {"mask": True, "go_backwards": True, "input_drop": True, "recurrent_drop": True},
    ],
    ids="-".join,
)
@pytest.mark.parametrize("states", [False, True])
def test_options(cell, options, states):
    for sequences in (False, True):
        Problem(
            cell, 6, 5, 3, 7, return_sequences=sequences, states=states, **options
        ).check_gradients()
    Problem(cell, 6, 5, 3, 7, bias=False, **options).check_gradients()


@pytest.mark.parametrize("activation", sorted(LAWS))
def test_activations(activation):
    steps = 1 if activation == "exponential" else 3  # an exponential of an exponential overflows
    for options in ({"return_sequences": True}, {"mask": True}):
        Problem("simple_rnn", 4, steps, 2, 5, activation=activation, **options).check_gradients()
    for cell in CELLS[1:]:
        Problem(cell, 3, steps, 2, 5, activation=activation).check_gradients()
        Problem(cell, 3, steps, 2, 5, recurrent_activation=activation, mask=True).check_gradients()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    ("rows", "steps", "inputs", "units"),
    [(64, 20, 32, 64), (33, 9, 65, 31), (70, 5, 3, 12), (130, 30, 16, 16), (2, 3, 410, 15)],
)
def test_larger(cell, dtype, rows, steps, inputs, units):
    """Several chunks, blocks and tiles; gradients against float64 and against chunks of one row."""
    problem = Problem(cell, rows, steps, inputs, units, dtype, return_sequences=True)
    got = problem.backward(problem.check_forward(factor=16.0))
    exact = Problem(cell, rows, steps, inputs, units, dtype, return_sequences=True)
    for name in ("x", "kernel", "recurrent", "bias", "h", "c", "dy", "dh", "dc"):
        value = getattr(exact, name)
        setattr(exact, name, None if value is None else value.astype(float))
    parts = []
    for first in range(0, rows, 7):  # row by row only the sums differ
        part = copy.copy(exact)
        for name in ("x", "h", "c", "dy", "dh", "dc"):
            value = getattr(exact, name)
            setattr(part, name, None if value is None else value[first : first + 7])
        parts.append(part.backward(part.forward()[-1]))
    for k, gradient in enumerate(got):
        pieces = [p[k] for p in parts]
        want = sum(pieces) if 1 <= k <= 3 else np.concatenate(pieces)
        size = np.abs(want).max()
        assert_close(gradient, want, steps * (rows + 4 * units), size, 8.0, f"gradient {k}")


@pytest.mark.parametrize("cell", CELLS)
def test_output_alone_and_state_alone(cell):
    problem = Problem(cell, 5, 4, 3, 6)
    saved = problem.forward()[-1]
    both = problem.backward(saved)
    zero = np.zeros_like(problem.dh)
    alone = problem.backward(saved, dh=zero, **({"dc": zero} if cell == "lstm" else {}))
    problem.dy = None
    state = problem.backward(saved)
    for a, b, s in zip(alone, state, both, strict=True):
        np.testing.assert_allclose(a + b, s, rtol=1e-12, atol=1e-12)


# --- properties that no oracle checks


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("rows", [1, 64, 129])
def test_threads_and_repetition(cell, dtype, rows):
    problem = Problem(
        cell, rows, 30, 20, 33, dtype, return_sequences=True, mask=True, recurrent_drop=True
    )
    forward = problem.forward()
    kept = forward[-1]
    backward = problem.backward(kept)
    again = problem.forward()
    assert_same_bits(again[:-1], forward[:-1], "called twice")
    assert_same_bits(problem.backward(again[-1]), backward, "called twice, backward")
    if rows > 15:  # fewer are one chunk
        same_on_threads(lambda: problem.forward()[:-1], lambda: problem.backward(kept))


@pytest.mark.parametrize("cell", CELLS)
def test_rows_do_not_depend_on_the_batch(cell):
    problem = Problem(cell, 70, 12, 9, 21, "float32", return_sequences=True)
    whole = problem.forward()
    gradients = problem.backward(whole[-1])
    for rows in (1, 5, 16, 33, 69):
        part = Problem(cell, 70, 12, 9, 21, "float32", return_sequences=True)
        for name in ("x", "h", "c", "dy", "dh", "dc"):
            value = getattr(part, name)
            setattr(part, name, None if value is None else value[:rows])
        some = part.forward()
        assert_same_bits([some[0], some[1]], [whole[0][:rows], whole[1][:rows]], str(rows))
        again = part.backward(some[-1])
        assert_same_bits([again[0], again[4]], [gradients[0][:rows], gradients[4][:rows]], "dx, dh")


# With few rows the inputs of a block of steps are multiplied before its steps.
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cell", CELLS)
def test_few_rows_have_the_bits_they_have_among_many(cell, dtype):
    whole = Problem(cell, 20, 270, 7, 37, dtype, return_sequences=True).forward()
    for rows in (1, 2, 3, 4, 5):
        part = Problem(cell, 20, 270, 7, 37, dtype, return_sequences=True)
        for name in ("x", "h", "c"):
            value = getattr(part, name)
            setattr(part, name, None if value is None else value[:rows])
        assert_same_bits(part.forward()[:2], [whole[0][:rows], whole[1][:rows]], f"{rows} rows")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("rows", [0, 4, 40])
def test_gradients_accumulate(cell, dtype, rows):
    problem = Problem(cell, rows, 6, 5, 18, dtype)
    saved = problem.forward()[-1]
    fresh = problem.backward(saved)[1:4]
    check_added(
        lambda w, u, b: problem.backward(saved, dkernel=w, drecurrent_kernel=u, dbias=b), fresh, 200
    )
    if rows == 0:
        assert not any(f.any() for f in fresh)


@pytest.mark.parametrize("cell", CELLS)
def test_inputs_stay_and_layouts_do_not_matter(cell):
    problem = Problem(cell, 5, 4, 3, 6, "float32", mask=True, input_drop=True)
    forward = problem.forward()
    backward = problem.backward(forward[-1])
    before = [a.copy() for a in problem.weights]
    for k, name in enumerate(("x", "kernel", "recurrent", "bias", "h")):
        value = np.asfortranarray(getattr(problem, name)[::-1])[::-1]
        value.flags.writeable = False
        setattr(problem, name, value)
        assert_same_bits(problem.forward()[:-1], forward[:-1], name)
        assert_same_bits(problem.backward(forward[-1]), backward, name)
        np.testing.assert_array_equal(getattr(problem, name), before[k])


@pytest.mark.parametrize("cell", CELLS)
def test_what_a_mask_hides_does_not_matter(cell):
    problem = Problem(cell, 4, 6, 3, 5, mask=True, return_sequences=True)
    y = problem.forward()
    gradients = problem.backward(y[-1])
    problem.x[~problem.options["mask"]] = np.nan
    again = problem.forward()
    assert_same_bits(again[:-1], y[:-1], "outputs")
    assert_same_bits(problem.backward(again[-1]), gradients, "gradients")
    assert not gradients[0][~problem.options["mask"]].any()
    everything = Problem(cell, 4, 6, 3, 5, mask=np.zeros((4, 6), bool))
    assert_same_bits([everything.forward()[0]], [everything.h], "all hidden")


def test_every_isa_is_close():
    problems = [Problem(c, 20, 15, 10, 20, "float32", return_sequences=True) for c in CELLS]
    before = runtime.isa()
    found = []
    for name in runtime.available_isas():
        runtime.use_isa(name)
        forward = [p.forward() for p in problems]
        found.append([p.backward(f[-1]) for p, f in zip(problems, forward, strict=True)])
    runtime.use_isa(before)
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            for x, y in zip(a, b, strict=True):
                np.testing.assert_allclose(x, y, atol=2e-5 * np.abs(x).max())


# --- the accuracy of the cells' own tanh and sigmoid


@pytest.mark.parametrize("dtype", DTYPES)
def test_ulps_of_gates(dtype):
    """A SimpleRNN of one unit returns tanh(x), an LSTM's forget gate sigmoid(x) times the old c."""
    x = sweep_float32().astype(dtype)
    x = x[np.abs(x) < (87 if dtype == "float32" else 700)]
    one, rows = np.ones((1, 1), dtype), x.reshape(-1, 1, 1)
    exact = x.astype(np.longdouble)
    tanh = kernels.simple_rnn_forward(rows, one, 0 * one)[0]
    forget = np.array([[0, 1, 0, 0]], dtype)
    sigmoid = kernels.lstm_forward(rows, forget, 0 * forget, None, None, np.ones_like(rows[0:, 0]))[
        2
    ]
    for got, want, name in (
        (tanh, np.tanh(exact), "tanh"),
        (sigmoid, 1 / (1 + np.exp(-exact)), "sigmoid"),
    ):
        error = ulps(got.ravel(), want, dtype)
        worst = int(np.argmax(error))
        assert error[worst] <= 2.5, f"{name}: {error[worst]:.3g} ulp at {x[worst]!r}"


@pytest.mark.parametrize("dtype", DTYPES)
def test_limits_of_gates(dtype):
    x = np.array([[[0.0]]], dtype)
    one, forget = np.ones((1, 1), dtype), np.zeros((1, 4), dtype)
    for z, tanh, sigmoid in (
        (-np.inf, -1, 0), (-1e30, -1, 0), (1e30, 1, 1), (np.inf, 1, 1), (np.nan, np.nan, np.nan),
        (-0.0, -0.0, 0.5), (0.0, 0.0, 0.5),
    ):  # fmt: skip
        got = kernels.simple_rnn_forward(x - 0.0, one, 0 * one, np.array([z], dtype))[0]
        np.testing.assert_array_equal(got, [[tanh]])
        bias = np.array([0, z, 0, 0], dtype)
        got = kernels.lstm_forward(x, forget, forget, bias, None, one)[2]
        np.testing.assert_array_equal(got, [[sigmoid]])


# --- one step, peers, refusals


def test_one_step_is_the_layer():
    p = Problem("simple_rnn", 5, 3, 4, 6)
    y, _, saved = p.forward()
    h = p.h
    states = [h]
    for t in range(3):
        h = kernels.rnn_step_forward(p.x[:, t], h, p.kernel, p.recurrent, p.bias)
        states.append(h)
    np.testing.assert_allclose(h, y, rtol=1e-14)
    want = p.backward(saved, dh=np.zeros_like(p.dh))
    dh, sums = p.dy, [0, 0, 0]
    for t in (2, 1, 0):
        dx, *weights, dh = kernels.rnn_step_backward(
            dh, p.x[:, t], states[t], p.kernel, p.recurrent, p.bias
        )
        np.testing.assert_allclose(dx, want[0][:, t], rtol=1e-12)
        sums = [a + b for a, b in zip(sums, weights, strict=True)]
    for got, expected in zip([*sums, dh], want[1:], strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-11)


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_torch(cell):
    p = Problem(cell, 5, 7, 4, 8, bias=cell == "gru", states=False, return_sequences=True)
    # PyTorch's gates: LSTM i, f, g, o; GRU r, z, n.
    order = {"simple_rnn": [0], "lstm": [0, 1, 2, 3], "gru": [1, 0, 2]}[cell]
    columns = np.concatenate([np.arange(8) + 8 * g for g in order])

    def by_torch():
        torch = golden.Peer("torch")
        layer = {"simple_rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell]
        peer = layer(4, 8, batch_first=True, bias=cell == "gru", dtype=torch.float64)
        with torch.no_grad():
            peer.weight_ih_l0.copy_(torch.tensor(p.kernel[:, columns].T.copy()))
            peer.weight_hh_l0.copy_(torch.tensor(p.recurrent[:, columns].T.copy()))
            if cell == "gru":
                peer.bias_ih_l0.copy_(torch.tensor(p.bias[0][columns]))
                peer.bias_hh_l0.copy_(torch.tensor(p.bias[1][columns]))
        x = torch.tensor(p.x, requires_grad=True)
        y, _ = peer(x)
        y.backward(torch.tensor(p.dy))
        return y, x.grad, [peer.weight_ih_l0.grad, peer.weight_hh_l0.grad]

    bias = [p.bias] if cell == "gru" else []
    y, of_x, of_weights = golden.ask(by_torch, cell, p.x, p.dy, p.kernel, p.recurrent, *bias)
    forward = p.forward()
    zero = np.zeros_like(p.dh)
    got = p.backward(forward[-1], dh=zero, **({"dc": zero} if cell == "lstm" else {}))
    np.testing.assert_allclose(forward[0], y, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(got[0], of_x, rtol=1e-9, atol=1e-12)
    for mine, theirs in zip(got[1:3], of_weights, strict=True):
        np.testing.assert_allclose(mine[:, columns], theirs.T, rtol=1e-9, atol=1e-11)


def test_refused():
    x, w, u = np.ones((2, 3, 4)), np.ones((4, 8)), np.ones((2, 8))
    with pytest.raises(ValueError, match=r"lstm_forward: x must have .*3 axes.*got shape \(2, 3\)"):
        kernels.lstm_forward(np.ones((2, 3)), w, u)
    with pytest.raises(ValueError, match=r"lstm_forward: recurrent_kernel must have shape"):
        kernels.lstm_forward(x, w, np.ones((2, 6)))
    with pytest.raises(ValueError, match=r"lstm_forward: kernel must have shape .*\(4, 8\)"):
        kernels.lstm_forward(x, np.ones((3, 8)), u)
    with pytest.raises(ValueError, match="x must have at least one time step and one input"):
        kernels.lstm_forward(np.ones((2, 0, 4)), w, u)
    with pytest.raises(ValueError, match=r"initial_h must have shape \(rows, units\) = \(2, 2\)"):
        kernels.lstm_forward(x, w, u, None, np.ones((3, 2)))
    with pytest.raises(ValueError, match=r"mask must have shape \(rows, steps\) = \(2, 3\)"):
        kernels.lstm_forward(x, w, u, mask=np.ones((2, 4), bool))
    with pytest.raises(TypeError, match="mask must be boolean"):
        kernels.lstm_forward(x, w, u, mask=np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"lstm_forward: .*unknown.*'tahn'"):
        kernels.lstm_forward(x, w, u, activation="tahn")
    with pytest.raises(ValueError, match=r"gru_forward: bias must have shape .*\(2, 6\)"):
        kernels.gru_forward(x, np.ones((4, 6)), np.ones((2, 6)), np.ones(6))
    y, _, _, saved = kernels.lstm_forward(x, w, u)
    with pytest.raises(ValueError, match="lstm_backward: saved must have shape"):
        kernels.lstm_backward(y, saved[1:], x, w, u)
    with pytest.raises(ValueError, match=r"lstm_backward: dy must have shape \(rows, units\)"):
        kernels.lstm_backward(y[:1], saved, x, w, u)
    with pytest.raises(ValueError, match=r"dkernel .* must be given together"):
        kernels.lstm_backward(y, saved, x, w, u, dkernel=np.zeros((4, 8)))
