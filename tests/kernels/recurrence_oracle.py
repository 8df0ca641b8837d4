"""Recurrent layers step by step in float64, and one problem with both directions of it."""

from __future__ import annotations

import numpy as np

from harness import LOADED_ISA, assert_close, assert_same_bits, check_gradient, on_loaded_isa
from kernels.test_activations import LAWS
from lamina import kernels, runtime

CELLS = ("simple_rnn", "lstm", "gru", "gru_reset_before")
GATES = {"simple_rnn": 1, "lstm": 4, "gru": 3, "gru_reset_before": 3}


# --- the oracle, in float64: one step, then the loop over steps


def step(cell, x, h, hd, c, kernel, recurrent, bias, act, rec):
    """One step; ``hd`` is the state after recurrent dropout, used only in products."""
    units = recurrent.shape[0]
    if cell == "simple_rnn":
        return act(x @ kernel + hd @ recurrent + (0 if bias is None else bias)), c
    if cell == "lstm":
        z = x @ kernel + hd @ recurrent + (0 if bias is None else bias)
        i, f, g, o = np.split(z, 4, axis=1)
        c = rec(f) * c + rec(i) * act(g)
        return rec(o) * act(c), c
    first, second = (0, 0) if bias is None else bias if cell == "gru" else (bias, np.zeros(1))
    zx = x @ kernel + first
    xz, xr, xh = np.split(zx, 3, axis=1)
    if cell == "gru":
        hz, hr, hh = np.split(hd @ recurrent + second, 3, axis=1)
        z, r = rec(xz + hz), rec(xr + hr)
        candidate = act(xh + r * hh)
    else:
        z = rec(xz + hd @ recurrent[:, :units])
        r = rec(xr + hd @ recurrent[:, units : 2 * units])
        candidate = act(xh + (r * hd) @ recurrent[:, 2 * units :])
    return z * h + (1 - z) * candidate, c


def oracle(cell, x, kernel, recurrent, bias=None, h=None, c=None, *, mask=None, input_drop=None,
           recurrent_drop=None, activation="tanh", recurrent_activation="sigmoid",
           go_backwards=False):  # fmt: skip
    """Outputs of all steps, the last h and the last c."""
    rows, steps, _ = x.shape
    units = recurrent.shape[0]
    h = np.zeros((rows, units)) if h is None else h
    c = np.zeros((rows, units)) if c is None else c
    ys = np.zeros((rows, steps, units))
    for s in range(steps):
        t = steps - 1 - s if go_backwards else s
        xt = x[:, t] if input_drop is None else x[:, t] * input_drop
        hd = h if recurrent_drop is None else h * recurrent_drop
        new_h, new_c = step(
            cell, xt, h, hd, c, kernel, recurrent, bias, LAWS[activation],
            LAWS[recurrent_activation],
        )  # fmt: skip
        live = np.ones((rows, 1), bool) if mask is None else mask[:, t, np.newaxis].astype(bool)
        h, c = np.where(live, new_h, h), np.where(live, new_c, c)
        ys[:, s] = h
    return ys, h, c


# --- one problem and both directions of it


class Problem:
    """Arrays of one layer; ``options`` go to both directions."""

    def __init__(self, cell, rows, steps, inputs, units, dtype="float64", *, bias=True,
                 states=True, seed=3, **options):  # fmt: skip
        rng = np.random.default_rng(seed)
        gates = GATES[cell] * units
        shape = (2, gates) if cell == "gru" else (gates,)
        draw = lambda *size, scale=1.0: np.asarray(rng.normal(size=size) * scale).astype(dtype)  # noqa: E731
        self.cell, self.rows, self.options = cell, rows, dict(options)
        self.x = draw(rows, steps, inputs)
        self.kernel = draw(inputs, gates, scale=0.7 / np.sqrt(inputs))
        self.recurrent = draw(units, gates, scale=0.7 / np.sqrt(units))
        self.bias = draw(*shape, scale=0.3) if bias else None
        self.h = draw(rows, units) if states else None
        self.c = draw(rows, units) if states and cell == "lstm" else None
        for name, width in (("input_drop", inputs), ("recurrent_drop", units)):
            if self.options.get(name) is True:
                drop = (rng.random((rows, width)) < 0.7) / 0.7
                self.options[name] = drop.astype(dtype)
        if self.options.get("mask") is True:
            self.options["mask"] = rng.random((rows, steps)) < 0.6
        size = (rows, steps, units) if self.options.get("return_sequences") else (rows, units)
        self.dy, self.dh, self.dc = draw(*size), draw(rows, units), draw(rows, units)

    @property
    def weights(self):
        return [self.x, self.kernel, self.recurrent, self.bias, self.h]

    def call(self, direction):
        name = "gru" if self.cell == "gru_reset_before" else self.cell
        more = {"reset_after": False} if self.cell == "gru_reset_before" else {}
        function = getattr(kernels, f"{name}_{direction}")
        return lambda *a, **k: function(*a, **k, **more, **self.options)

    def forward(self, **more):
        states = [self.c] if self.cell == "lstm" else []
        return self.call("forward")(*self.weights, *states, **more)

    def backward(self, saved, **more):
        states = [self.c] if self.cell == "lstm" else []
        more = {"dh": self.dh, **({"dc": self.dc} if self.cell == "lstm" else {}), **more}
        return self.call("backward")(self.dy, saved, *self.weights, *states, **more)

    def oracle(self):
        options = {
            k: v.astype(float) if isinstance(v, np.ndarray) and v.dtype.kind == "f" else v
            for k, v in self.options.items()
            if k not in ("return_sequences", "alpha")
        }
        wide = [None if a is None else a.astype(float) for a in (*self.weights, self.c)]
        return oracle(self.cell, *wide, **options)

    def scalar(self):
        """The function whose gradients are checked."""
        y, h, *rest = self.forward()
        loss = np.sum(self.dy * y) + np.sum(self.dh * h)
        return float(loss + (np.sum(self.dc * rest[0]) if self.cell == "lstm" else 0.0))

    def check_forward(self, factor=8.0):
        y, h, *rest = self.forward()
        ys, want_h, want_c = self.oracle()
        sequences = self.options.get("return_sequences")
        reduction = self.x.shape[1] * (self.x.shape[2] + self.recurrent.shape[0])
        size = 1.0 + np.abs(ys).max(initial=0.0)
        want = ys if sequences else want_h
        assert_close(y, want, reduction, size, factor, "y")
        assert_close(h, want_h, reduction, size, factor, "h")
        if self.cell == "lstm":
            size = 1.0 + np.abs(want_c).max(initial=0.0)
            assert_close(rest[0], want_c, reduction, size, factor, "c")
        none = self.forward(keep=False)
        assert none[-1].size == 0
        assert_same_bits(none[:-1], [y, h, *rest][:-1], "without saving")
        return rest[-1]

    def check_gradients(self):
        """Finite differences of every input and parameter; other sets against the loaded one."""
        gradients = list(self.backward(self.check_forward()))
        if runtime.isa() != LOADED_ISA:
            wanted = on_loaded_isa(lambda: self.backward(self.forward()[-1]))
            terms = self.rows * self.x.shape[1] * sum(self.kernel.shape)
            for k, (got, want) in enumerate(zip(gradients, wanted, strict=True)):
                size = np.abs(want).max(initial=0.0)
                assert_close(got, want, terms, size, 8.0, f"gradient {k}")
            return
        variables = [self.x, self.kernel, self.recurrent, self.bias, self.h, self.c]
        kept = [
            (v, g) for v, g in zip(variables, gradients, strict=False) if v is not None and v.size
        ]
        check_gradient(self.scalar, [v for v, _ in kept], [g for _, g in kept], relative=2e-6)
