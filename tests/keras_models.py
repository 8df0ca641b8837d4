"""Models compared with Keras's: the same program makes both, with the same weights.

``make(keras)`` returns a model, for ``keras`` lamina and Keras alike.  The results of Keras's are
kept in golden files (``golden.ask``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import golden
import lamina

keras = golden.Peer("keras")

EPOCHS = 2
BATCH = 4  # the last batch of 10 rows has 2


def numbers(*shape: int, seed: int = 5) -> np.ndarray:
    """Return normal numbers."""
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def leaves(value: Any) -> list[Any]:
    """Return the values in lists, tuples and dicts, dicts in the order of their keys."""
    if isinstance(value, dict):
        return [leaf for key in sorted(value) for leaf in leaves(value[key])]
    if isinstance(value, (list, tuple)):
        return [leaf for each in value for leaf in leaves(each)]
    return [value]


def trained(
    library: Any, make: Callable[[Any], Any], weights: Any, x: Any, y: Any, loss: Any, options: Any
) -> list[Any]:
    """Return weights' shapes, predictions, history, evaluation, and the weights after a fit."""
    model = make(library)
    model.predict(x, verbose=0)
    if weights is None:
        weights = model.get_weights()
    model.set_weights(weights)
    shapes = [list(w.shape) for w in model.get_weights()]
    first = leaves(model.predict(x, verbose=0))
    if y is None:
        return [shapes, first, [], [], []]
    compiling = {k: options[k] for k in ("metrics", "loss_weights") if k in options}
    fitting = {k: v for k, v in options.items() if k not in compiling}
    model.compile(library.optimizers.SGD(0.1), loss, **compiling)
    history = model.fit(
        x, y, batch_size=BATCH, epochs=EPOCHS, shuffle=False, verbose=0, **fitting
    ).history
    several = isinstance(y, (list, tuple, dict))  # their separate losses have other names
    names = [n for n in sorted(history) if not several or n in ("loss", "val_loss")]
    losses = [float(v) for name in names for v in history[name]]
    tested = leaves(model.evaluate(x, y, batch_size=BATCH, verbose=0))[: 1 if several else None]
    return [shapes, first, losses, [float(v) for v in tested], model.get_weights()]


def assert_same(
    make: Callable[[Any], Any],
    x: Any,
    y: Any = None,
    loss: Any = "mse",
    tolerance: float = 2e-5,
    **options: Any,
) -> None:
    """Fail unless a model predicts, trains and evaluates as Keras's with the same weights."""
    lamina.set_random_seed(11)
    start = make(lamina)
    start.predict(x)
    weights = start.get_weights()
    got = trained(lamina, make, weights, x, y, loss, options)
    wanted = golden.ask(
        lambda: trained(keras, make, weights, x, y, loss, options), weights, leaves(x), leaves(y)
    )
    assert got[0] == wanted[0], "shapes of weights"
    for what, mine, theirs in zip(
        ("predictions", "losses", "evaluation", "weights"), got[1:], wanted[1:], strict=True
    ):
        assert len(mine) == len(theirs), f"{what}: {mine}, Keras's {theirs}"
        for place, pair in enumerate(zip(mine, theirs, strict=True)):
            a, b = map(np.asarray, pair)
            assert a.shape == b.shape, f"{what} {place}: shape {a.shape}, Keras's {b.shape}"
            scale = max(float(np.abs(b).max(initial=0.0)), 1e-2)
            error = float(np.abs(a.astype(float) - b).max(initial=0.0))
            assert error <= tolerance * scale, f"{what} {place}: {a}, Keras's {b}"
