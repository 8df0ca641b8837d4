"""Axes that graphs transpose, join and split, against NumPy: views, and data that are moved."""

import numpy as np
import pytest

pytest.importorskip("onnx")

import lamina
from onnx_models import Maker

ROWS = 6


def factors(rng, size):
    """Return sizes with a given product, sometimes with a 1 among them."""
    made = []
    while size > 1:
        divisors = [d for d in range(2, size + 1) if size % d == 0]
        made.append(int(rng.choice(divisors)))
        size //= made[-1]
    if not made or rng.random() < 0.3:
        made.insert(int(rng.integers(0, len(made) + 1)), 1)
    return made


def turned(m, rng, name, x):
    perm = [int(p) for p in rng.permutation(x.ndim)]
    return m("Transpose", name, perm=perm), x.transpose(perm)


def reshaped(m, rng, name, x):
    begin = int(rng.integers(0, x.ndim))
    end = int(rng.integers(begin, x.ndim)) + 1
    middle = factors(rng, int(np.prod(x.shape[begin:end])))
    shape = [*x.shape[:begin], *middle, *x.shape[end:]]
    if len(shape) > 6:
        return name, x
    target = list(shape)
    if rng.random() < 0.3:
        target[int(rng.integers(0, len(target)))] = -1
    return m("Reshape", name, m.shape(*target)), x.reshape(shape)


def widened(m, rng, name, x):
    axis = int(rng.integers(0, x.ndim + 1))
    return m("Unsqueeze", name, m.shape(axis)), np.expand_dims(x, axis)


def narrowed(m, rng, name, x):
    axes = [i for i, size in enumerate(x.shape) if size == 1]
    return (m("Squeeze", name, m.shape(*axes)), x.squeeze(tuple(axes))) if axes else (name, x)


def cut(m, rng, name, x):
    axis = int(rng.integers(0, x.ndim))
    if x.shape[axis] < 3:
        return name, x
    end, step = x.shape[axis] - 1, int(rng.choice([1, 2]))
    keys = [slice(None)] * x.ndim
    keys[axis] = slice(1, end, step)
    limits = [m.shape(1), m.shape(end), m.shape(axis), m.shape(step)]
    return m("Slice", name, *limits), x[tuple(keys)]


def joined(m, rng, name, x):
    axis = int(rng.integers(0, x.ndim))
    other = m("Mul", name, m.constant(f"two_{len(m.constants)}", np.float32(2)))
    return m("Concat", name, other, axis=axis), np.concatenate([x, 2 * x], axis)


def added(m, rng, name, x):
    shape = [int(s) if rng.random() < 0.6 else 1 for s in x.shape[int(rng.integers(0, x.ndim)) :]]
    c = rng.integers(-3, 4, shape).astype(np.float32)
    return m("Add", name, m.constant(f"c_{len(m.constants)}", c)), x + c


def summed(m, rng, name, x):
    axis, keep = int(rng.integers(0, x.ndim)), int(rng.integers(0, 2))
    if x.ndim < 3:
        return name, x
    y = m("ReduceSum", name, m.shape(axis), keepdims=keep)
    return y, x.sum(axis, keepdims=bool(keep))


STEPS = [turned, turned, reshaped, reshaped, widened, narrowed, cut, joined, added, summed]


@pytest.mark.parametrize("seed", range(60))
def test_chains_of_them_are_what_numpy_makes(seed):
    rng = np.random.default_rng(seed)
    m = Maker()
    x = rng.integers(-4, 5, (ROWS, 4, 3, 2)).astype(np.float32)
    name, y = "x", x
    for _ in range(8):
        name, y = STEPS[int(rng.integers(0, len(STEPS)))](m, rng, name, y)
    if y.size % ROWS:
        name, y = m("Concat", *[name] * ROWS, axis=0), np.concatenate([y] * ROWS, 0)
    out = m("Reshape", name, m.shape(ROWS, -1))
    proto = m.model({"x": ("float32", list(x.shape))}, [out])
    made = lamina.onnx.load(proto, trainable=False).predict(x, verbose=0)
    assert np.array_equal(made, y.reshape(ROWS, -1))
