"""Optimizer steps in place."""

import numpy as np
import pytest

import golden
from harness import DTYPES, ODD_SIZES, assert_close, assert_same_bits, layouts
from lamina import kernels
from thread_proof import same_on_threads

STEPS = 5


def sgd(p, slots, g, step, learning_rate, momentum=0.0, nesterov=False):
    if not slots:
        return p - learning_rate * g, []
    v = momentum * slots[0] - learning_rate * g
    return p + (momentum * v - learning_rate * g if nesterov else v), [v]


def rmsprop(p, slots, g, step, learning_rate, rho, momentum, epsilon, centered):
    s, b, a = slots
    s = rho * s + (1 - rho) * g * g
    spread = s
    if centered:
        a = rho * a + (1 - rho) * g
        spread = s - a * a
    b = momentum * b + learning_rate * g / np.sqrt(spread + epsilon)
    return p - b, [s, b, a]


def adam(p, slots, g, step, learning_rate, beta_1, beta_2, epsilon, weight_decay, amsgrad):
    m, v, largest = slots
    p = p - learning_rate * weight_decay * p
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g * g
    largest = np.maximum(largest, v)
    rate = learning_rate * np.sqrt(1 - beta_2**step) / (1 - beta_1**step)
    return p - rate * m / (np.sqrt(largest if amsgrad else v) + epsilon), [m, v, largest]


def sgd_case(momentum=0.0, nesterov=False, slot=True):
    settings = {"learning_rate": 0.1, "momentum": momentum, "nesterov": nesterov}

    def update(p, slots, g, step):
        kernels.sgd_update(p, g, *slots, **settings)

    return update, lambda *a: sgd(*a, **settings), 1 if slot else 0


def rmsprop_case(momentum=0.0, centered=False):
    settings = {"learning_rate": 0.1, "rho": 0.8, "momentum": momentum, "epsilon": 1e-3}

    def update(p, slots, g, step):
        s, b, a = slots
        kernels.rmsprop_update(
            p, s, g, b if momentum else None, a if centered else None, **settings
        )

    return update, lambda *a: rmsprop(*a, centered=centered, **settings), 3


def adam_case(weight_decay=0.0, amsgrad=False):
    settings = {
        "learning_rate": 0.1, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3,
        "weight_decay": weight_decay,
    }  # fmt: skip

    def update(p, slots, g, step):
        m, v, largest = slots
        kernels.adam_update(p, m, v, g, step, max_v=largest if amsgrad else None, **settings)

    return update, lambda *a: adam(*a, amsgrad=amsgrad, **settings), 3


CASES = {
    "sgd": sgd_case(slot=False),
    "momentum": sgd_case(0.9),
    "nesterov": sgd_case(0.9, True),
    "rmsprop": rmsprop_case(),
    "rmsprop momentum": rmsprop_case(0.7),
    "rmsprop centered": rmsprop_case(centered=True),
    "rmsprop both": rmsprop_case(0.7, True),
    "adam": adam_case(),
    "adamw": adam_case(0.05),
    "amsgrad": adam_case(amsgrad=True),
    "amsgrad decay": adam_case(0.05, True),
}


def run(name, shape, dtype, arrange=lambda g: g):
    update, _, count = CASES[name]
    rng = np.random.default_rng(7)
    p = rng.normal(size=shape).astype(dtype)
    slots = [np.zeros(shape, dtype) for _ in range(count)]
    for step in range(1, STEPS + 1):
        g = rng.normal(size=shape).astype(dtype)
        kept = g.copy()
        update(p, slots, arrange(g), step)
        np.testing.assert_array_equal(g, kept, "wrote to the gradient")
    return p, slots


def run_oracle(name, shape, dtype):
    _, oracle, count = CASES[name]
    rng = np.random.default_rng(7)
    p = rng.normal(size=shape).astype(dtype).astype(float)
    slots = [np.zeros(shape) for _ in range(count)]
    for step in range(1, STEPS + 1):
        p, slots = oracle(p, slots, rng.normal(size=shape).astype(dtype).astype(float), step)
    return p, slots


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", sorted(CASES))
@pytest.mark.parametrize("shape", [(), (0,), (3, 4), *ODD_SIZES, 5000])
def test_five_steps(name, shape, dtype):
    p, slots = run(name, shape, dtype)
    want, wanted = run_oracle(name, shape, dtype)
    # Each step adds its rounding; (s - a^2) of the centered form cancels.
    factor = 200.0 if "centered" in name or "both" in name else 10.0
    assert_close(p, want, 1, 1.0, factor, name)
    used = {"rmsprop": 1, "adam": 2, "adamw": 2, "rmsprop momentum": 2}.get(name, len(slots))
    for k in range(used):
        if name == "rmsprop centered" and k == 1:
            continue
        assert_close(slots[k], wanted[k], 1, 1.0, factor, f"{name} slot {k}")


@pytest.mark.parametrize("name", sorted(CASES))
def test_threads_and_layouts(name):
    def large():
        p, slots = run(name, (300, 301), "float32")
        return p, *slots

    same_on_threads(large, what=name)
    p, slots = run(name, (6, 7), "float32")
    for k in range(6):
        again, more = run(name, (6, 7), "float32", lambda g, k=k: list(layouts(g))[k][1])
        assert_same_bits([again, *more], [p, *slots], f"{name} layout {k}")


@pytest.mark.parametrize("dtype", DTYPES)
def test_torch(dtype):
    rng = np.random.default_rng(8)
    start = rng.normal(size=50).astype(dtype)
    gradients = [rng.normal(size=50).astype(dtype) for _ in range(4)]

    def by_torch():
        torch = golden.Peer("torch")
        p = torch.nn.Parameter(torch.tensor(start))
        adam = torch.optim.AdamW([p], lr=0.1, weight_decay=0.01, eps=1e-30)
        for g in gradients:
            p.grad = torch.tensor(g)
            adam.step()
        return p

    mine, m, v = start.copy(), np.zeros(50, dtype), np.zeros(50, dtype)
    for step, g in enumerate(gradients, 1):
        kernels.adam_update(
            mine, m, v, g, step, learning_rate=0.1, weight_decay=0.01, epsilon=1e-30
        )
    wanted = golden.ask(by_torch, start, gradients)
    np.testing.assert_allclose(mine, wanted, atol=100 * np.finfo(dtype).eps)


def test_zero_gradient_moves_nothing():
    for name in ("sgd", "momentum", "rmsprop", "adam"):
        update, _, count = CASES[name]
        p = np.ones(20, np.float32)
        update(p, [np.zeros(20, np.float32) for _ in range(count)], np.zeros(20, np.float32), 1)
        assert (p == 1).all()


def test_refused():
    p, m, v, g = (np.zeros(3) for _ in range(4))
    with pytest.raises(ValueError, match="adam_update: step must be at least 1; got 0"):
        kernels.adam_update(p, m, v, g, 0)
    with pytest.raises(
        ValueError, match="m must have shape of param = \\(3,\\); got shape \\(2,\\)"
    ):
        kernels.adam_update(p, m[:2], v, g, 1)
    with pytest.raises(
        ValueError, match="m is updated in place and must not share memory with param"
    ):
        kernels.adam_update(p, p, v, g, 1)
    with pytest.raises(
        ValueError, match="param is updated in place and must not share memory with grad"
    ):
        kernels.adam_update(p, m, v, p, 1)
    with pytest.raises(TypeError, match="param is updated in place and must be a NumPy array"):
        kernels.sgd_update([1.0, 2.0], [1.0, 2.0])
    with pytest.raises(
        TypeError, match="param is updated in place and must be of native float64; got dtype int64"
    ):
        kernels.sgd_update(np.zeros(3, np.int64), g)
    with pytest.raises(TypeError, match="got param of float64 and grad of float32"):
        kernels.sgd_update(p, g.astype(np.float32))
    with pytest.raises(ValueError, match="velocity must be given if momentum is not 0"):
        kernels.sgd_update(p, g, momentum=0.9)
    with pytest.raises(ValueError, match="must be C-contiguous and aligned"):
        kernels.sgd_update(np.zeros(6)[::2], g)
    with pytest.raises(ValueError, match=r"rho must lie in \[0, 1\); got 1"):
        kernels.rmsprop_update(p, m, g, rho=1)
    with pytest.raises(
        ValueError, match="learning_rate must be a finite number of at least 0; got -1"
    ):
        kernels.sgd_update(p, g, learning_rate=-1)
    p.flags.writeable = False
    with pytest.raises(ValueError, match="param is updated in place and must be writable"):
        kernels.sgd_update(p, g)
