"""The compiled rules as described by the core, and each rule's step against its formula."""

import inspect

import numpy as np
import pytest

import lamina
from lamina import _core, optimizers
from thread_proof import same_on_threads

CLASSES = [
    cls
    for name in optimizers.__all__
    if name[0].isupper() and (cls := getattr(optimizers, name)).__dict__.get("rule")
]
RULES = {rule.name: rule for rule in _core.rules()}


@pytest.mark.parametrize("name", RULES)
def test_a_class_offers_what_its_rule_takes(name):
    (first, *_) = [c for c in CLASSES if c.rule == name]
    parameters = inspect.signature(first).parameters
    for setting in RULES[name].settings:
        assert parameters[setting.name].default == setting.initial
        assert isinstance(parameters[setting.name].default, bool) == setting.flag
    settings = {s.name for s in RULES[name].settings}
    for slot in RULES[name].slots:
        assert {slot.when, slot.start} - {None, "weight"} <= settings


def test_every_class_has_a_rule_and_a_name():
    assert {c.rule for c in CLASSES} == RULES.keys()
    for cls in CLASSES:
        assert type(optimizers.get(cls.__name__.lower())) is cls


def odd(values):
    """Return the same numbers in memory that no kernel can write to directly."""
    wide = np.zeros((len(values), 2), values.dtype)
    wide[:, 0] = values
    return wide[:, 0]


def test_arrays_of_any_layout_and_precision_are_updated_in_place():
    start, g = np.array([1.0, 2.0, 3.0]), np.array([1.0, -2.0, 0.5])
    plain = start.copy()
    optimizer = optimizers.Adam(0.1)
    for _ in range(3):
        optimizer.apply([g], [plain])
    swapped = start.astype(">f8")
    for w in (odd(start), swapped):
        optimizer = optimizers.Adam(0.1)
        for _ in range(3):
            optimizer.apply([g], [w])
        np.testing.assert_array_equal(w, plain)
    half = start.astype("f2")
    optimizer = optimizers.Adam(0.1)
    for _ in range(3):
        optimizer.apply([g], [half])
    np.testing.assert_allclose(half, plain, rtol=1e-2)
    whole = np.array([1, 2, 3])
    with pytest.raises(TypeError):
        optimizers.SGD(0.1).apply([g], [whole])
    w = start.copy()
    optimizers.SGD(0.5).apply([w], [w])  # the gradient is the weights themselves
    np.testing.assert_array_equal(w, start / 2)
    optimizers.SGD(0.5).apply([np.float32(1.0)], [w])
    np.testing.assert_array_equal(w, start / 2 - 0.5)
    fixed = start.copy()
    fixed.flags.writeable = False
    with pytest.raises(ValueError, match="param is updated in place and must be writable"):
        optimizers.SGD(0.5).apply([g], [fixed])


@pytest.mark.parametrize("base", [optimizers.Adam, optimizers.Adagrad])
def test_a_subclass_may_keep_more_state_than_its_rule(base):
    class Counting(base):
        def build(self, variables):
            super().build(variables)
            self.counts = self.add_optimizer_variables(variables, "count")

        def update_step(self, gradient, variable, learning_rate):
            super().update_step(gradient, variable, learning_rate)
            self.assign_add(self.counts[self._get_variable_index(variable)], 1)

    mine, plain = Counting(0.1), base(0.1)
    a, b = np.ones(3), np.ones(3)
    for _ in range(2):
        mine.apply([a], [a])
        plain.apply([b], [b])
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(mine.slots[-1], [2.0, 2.0, 2.0])


# --- each rule's step against its formula in float64


def adagrad(w, state, g, t, lr, initial_accumulator_value=0.1, epsilon=1e-7):
    a = state.get("a", initial_accumulator_value) + g**2
    return w - lr * g / np.sqrt(a + epsilon), {"a": a}


def adamax(w, state, g, t, lr, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m = beta_1 * state.get("m", 0.0) + (1 - beta_1) * g
    u = np.maximum(beta_2 * state.get("u", 0.0), np.abs(g))
    return w - lr / (1 - beta_1**t) * m / (u + epsilon), {"m": m, "u": u}


def nadam(w, state, g, t, lr, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m = beta_1 * state.get("m", 0.0) + (1 - beta_1) * g
    v = beta_2 * state.get("v", 0.0) + (1 - beta_2) * g**2
    now, coming = (beta_1 * (1 - 0.5 * 0.96**i) for i in (t, t + 1))
    product = state.get("product", 1.0) * now
    mean = coming * m / (1 - product * coming) + (1 - now) * g / (1 - product)
    root = np.sqrt(v / (1 - beta_2**t))
    return w - lr * mean / (root + epsilon), {"m": m, "v": v, "product": product}


def lion(w, state, g, t, lr, beta_1=0.9, beta_2=0.99):
    m = state.get("m", 0.0)
    step = np.sign(beta_1 * m + (1 - beta_1) * g)
    return w - lr * step, {"m": beta_2 * m + (1 - beta_2) * g}


def adadelta(w, state, g, t, lr, rho=0.95, epsilon=1e-7):
    a = rho * state.get("a", 0.0) + (1 - rho) * g**2
    d = state.get("d", 0.0)
    delta = np.sqrt(d + epsilon) * g / np.sqrt(a + epsilon)
    return w - lr * delta, {"a": a, "d": rho * d + (1 - rho) * delta**2}


def ftrl(
    w, state, g, t, lr, learning_rate_power=-0.5, initial_accumulator_value=0.1,
    l1_regularization_strength=0.0, l2_regularization_strength=0.0,
    l2_shrinkage_regularization_strength=0.0, beta=0.0,
):  # fmt: skip
    n, q = state.get("n", initial_accumulator_value), -learning_rate_power
    more = n + g**2
    z = state.get("z", 0.0) + g + 2 * l2_shrinkage_regularization_strength * w
    z = z - (more**q - n**q) / lr * w
    far = np.clip(z, -l1_regularization_strength, l1_regularization_strength) - z
    divisor = (more**q + beta) / lr + 2 * l2_regularization_strength
    return far / divisor, {"n": more, "z": z}


def rprop(w, state, g, t, lr, eta_minus=0.5, eta_plus=1.2, step_min=1e-6, step_max=50.0):
    agrees = np.sign(g) * np.sign(state.get("last", 0.0))
    factor = np.where(agrees > 0, eta_plus, np.where(agrees < 0, eta_minus, 1.0))
    step = np.clip(state.get("step", lr) * factor, step_min, step_max)
    g = np.where(agrees < 0, 0.0, g)
    return w - np.sign(g) * step, {"step": step, "last": g}


def schedulefreeadamw(
    w, state, g, t, lr, beta_1=0.9, beta_2=0.999, epsilon=1e-8, warmup_steps=0
):  # fmt: skip
    z, x = state.get("z", w), state.get("x", w)
    v = beta_2 * state.get("v", 0.0) + (1 - beta_2) * g**2
    rate = lr * min(1.0, t / warmup_steps) if warmup_steps else lr
    z = z - rate * g / (np.sqrt(v / (1 - beta_2**t)) + epsilon)
    x = (1 - 1 / t) * x + z / t
    return (1 - beta_1) * z + beta_1 * x, {"z": z, "x": x, "v": v}


CASES = [
    ("Rprop", {"learning_rate": 0.1}),
    ("Rprop", {"learning_rate": 0.01, "eta_minus": 0.3, "eta_plus": 1.5, "step_max": 0.02}),
    ("ScheduleFreeAdamW", {"learning_rate": 0.1}),
    ("ScheduleFreeAdamW", {"learning_rate": 0.1, "beta_1": 0.5, "epsilon": 0.1, "warmup_steps": 9}),
    ("Adagrad", {"learning_rate": 0.1}),
    ("Adagrad", {"learning_rate": 0.1, "initial_accumulator_value": 0.0, "epsilon": 1e-3}),
    ("Adamax", {"learning_rate": 0.1}),
    ("Adamax", {"learning_rate": 0.1, "beta_1": 0.5, "beta_2": 0.6, "epsilon": 0.1}),
    ("Nadam", {"learning_rate": 0.1}),
    ("Nadam", {"learning_rate": 0.1, "beta_1": 0.99, "beta_2": 0.6, "epsilon": 0.1}),
    ("Lion", {"learning_rate": 0.1}),
    ("Lion", {"learning_rate": 0.1, "beta_1": 0.3, "beta_2": 0.6}),
    ("Adadelta", {"learning_rate": 1.0}),
    ("Adadelta", {"learning_rate": 0.5, "rho": 0.3, "epsilon": 0.1}),
    ("Ftrl", {"learning_rate": 0.1}),
    ("Ftrl", {"learning_rate": 0.1, "learning_rate_power": -0.8, "beta": 0.3}),
    (
        "Ftrl",
        {
            "learning_rate": 0.1,
            "learning_rate_power": 0.0,
            "l1_regularization_strength": 0.5,
            "l2_regularization_strength": 0.2,
            "l2_shrinkage_regularization_strength": 0.1,
        },
    ),
]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("cls", "settings"), CASES)
def test_a_rule_is_its_formula(cls, settings, dtype, isa):
    rng = np.random.default_rng(3)
    w = rng.normal(size=1003).astype(dtype)  # ends in a partial vector
    want, state, formula = w.astype(float), {}, globals()[cls.lower()]
    optimizer = getattr(optimizers, cls)(**settings)
    rest = {k: v for k, v in settings.items() if k != "learning_rate"}
    for t in range(1, 31):
        g = rng.normal(size=w.size).astype(dtype)
        g[t % 7 :: 7] = 0.0 if t > 1 else 1.0
        optimizer.apply([g], [w])
        want, state = formula(want, state, g.astype(float), t, settings["learning_rate"], **rest)
    bound = 2000 * np.finfo(dtype).eps
    np.testing.assert_allclose(w, want, rtol=bound, atol=bound)


# --- rules that need a whole weight


def rms(x):
    return np.sqrt(np.mean(np.square(x)))


def lamb(w, state, g, t, lr, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m = beta_1 * state.get("m", 0.0) + (1 - beta_1) * g
    v = beta_2 * state.get("v", 0.0) + (1 - beta_2) * g**2
    u = m / (1 - beta_1**t) / (np.sqrt(v / (1 - beta_2**t)) + epsilon)
    return w - lr * rms(w) / rms(u) * u, {"m": m, "v": v}


def adafactor(w, state, g, t, lr, beta_2_decay=-0.8, epsilon_2=1e-3, clip_threshold=1.0):
    keep = 1 - t**beta_2_decay
    parts = {"v": g**2} if g.ndim < 2 else {"r": (g**2).mean(-1), "c": (g**2).mean(-2)}
    state = {k: keep * state.get(k, 0.0) + (1 - keep) * p for k, p in parts.items()}
    v = state.get("v")
    if v is None:
        r, c = state["r"][..., None], state["c"][..., None, :]
        v = r / r.mean(-2, keepdims=True) * c
    u = np.divide(g, np.sqrt(v), out=np.zeros_like(g), where=v > 0)
    rate = max(epsilon_2, rms(w)) * min(lr, 1 / np.sqrt(t))
    return w - rate * u / max(1.0, rms(u) / clip_threshold), state


def muon(w, state, g, t, lr, momentum=0.95, ns_steps=5, nesterov=True, rms_rate=0.2):
    m = momentum * state.get("m", 0.0) + g
    x = momentum * m + g if nesterov else m
    left, size, right = np.linalg.svd(x / (np.linalg.norm(x) + 1e-7), full_matrices=False)
    for _ in range(ns_steps):
        size = 3.4445 * size - 4.7750 * size**3 + 2.0315 * size**5
    scale = 1.0 if rms_rate is None else np.sqrt(max(w.shape)) * rms_rate
    return w - lr * scale * (left * size) @ right, {"m": m}


WHOLE = [
    ("Lamb", {"learning_rate": 0.1}, (23, 41)),
    ("Lamb", {"learning_rate": 0.1, "beta_1": 0.5, "beta_2": 0.6, "epsilon": 0.1}, (1003,)),
    ("Adafactor", {"learning_rate": 0.5}, (23, 41)),
    ("Adafactor", {"learning_rate": 0.01, "beta_2_decay": -0.5}, (5, 7, 11)),
    ("Adafactor", {"learning_rate": 0.5, "clip_threshold": 0.3}, (1003,)),
    ("Muon", {"learning_rate": 0.1, "weight_decay": None}, (41, 23)),
    ("Muon", {"learning_rate": 0.1, "weight_decay": None, "rms_rate": None}, (1, 9)),
    (
        "Muon",
        {"learning_rate": 0.1, "weight_decay": None, "nesterov": False, "ns_steps": 2},
        (23, 41),
    ),
]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("cls", "settings", "shape"), WHOLE)
def test_a_rule_of_whole_weights_is_its_formula(cls, settings, shape, dtype, isa):
    rng = np.random.default_rng(3)
    w = rng.normal(size=shape).astype(dtype)
    want, state, formula = w.astype(float), {}, globals()[cls.lower()]
    optimizer = getattr(optimizers, cls)(**settings)
    rest = {k: v for k, v in settings.items() if k not in ("learning_rate", "weight_decay")}
    for t in range(1, 11):
        g = rng.normal(size=shape).astype(dtype)
        optimizer.apply([g], [w])
        want, state = formula(want, state, g.astype(float), t, settings["learning_rate"], **rest)
    # A step of Muon multiplies small differences by up to 3.4445 in each of its iterations.
    bound = 2000 * np.finfo(dtype).eps * (50 if cls == "Muon" else 1)
    np.testing.assert_allclose(w, want, rtol=bound, atol=bound)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_the_bits_do_not_depend_on_threads(rule):
    def large():
        rng = np.random.default_rng(4)
        shape = (331, 307) if rule.whole else (100_003,)
        shapes = [shape, shape, *(slot.shape(shape) for slot in rule.slots)]
        p, g, *slots = (rng.normal(size=s).astype("f4") for s in shapes)
        slots = [np.abs(s) for s in slots]
        _core.kernels.rule_update(rule.name, p, slots, g, 0.1, 3)
        return p, *slots

    same_on_threads(large, what=rule.name)


@pytest.mark.parametrize("t", [1, 70, 999, 1001, 5000])
def test_nadams_product_of_momenta_at_any_step(t):
    beta, g = 0.9999, np.array([0.3])
    now, coming = (beta * (1 - 0.5 * 0.96**i) for i in (t, t + 1))
    product = np.prod([beta * (1 - 0.5 * 0.96**i) for i in range(1, t + 1)])
    mean = coming * 0.2 / (1 - product * coming) + (1 - now) * 0.3 / (1 - product)
    p, m, v = np.zeros(1), np.array([(0.2 - (1 - beta) * 0.3) / beta]), np.ones(1) * 0.3**2
    _core.kernels.rule_update("nadam", p, [m, v], g, 0.1, t, beta_1=beta, beta_2=0.0)
    np.testing.assert_allclose(p, -0.1 * mean / (0.3 + 1e-7), rtol=1e-9)


def test_ftrl_makes_weights_exactly_0_and_rests_at_a_rate_of_0():
    optimizer = optimizers.Ftrl(0.1, initial_accumulator_value=0.0, l1_regularization_strength=0.5)
    w = np.zeros(3)
    for _ in range(2):  # the third has no gradient, and no sum of squares to divide by
        optimizer.apply([np.array([0.1, 1.0, 0.0])], [w])
    assert w[0] == w[2] == 0.0
    assert w[1] < 0.0
    before = [w.copy(), *(s.copy() for s in optimizer.slots)]
    optimizer.learning_rate = 0.0
    optimizer.apply([np.ones(3)], [w])
    for old, new in zip(before, [w, *optimizer.slots], strict=True):
        np.testing.assert_array_equal(new, old)


@pytest.mark.parametrize("epsilon", [1e-30, 1e-40])  # the latter is flushed to 0 in float32
@pytest.mark.parametrize("shape", [(6, 5), (2, 6, 5), (30,)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_adafactor_leaves_weights_without_gradients_finite(dtype, shape, epsilon):
    rng = np.random.default_rng(3)
    g = 1e3 * rng.normal(size=shape)
    g[..., 2] = 0  # of a dead unit
    if len(shape) > 1:
        g[..., 3, :] = 0  # of an input that is always 0
    w = rng.normal(size=shape)
    want, state = w.copy(), {}
    optimizer, found = optimizers.Adafactor(0.5, epsilon_1=epsilon), w.astype(dtype)
    for t in (1, 2, 3):
        optimizer.apply([g.astype(dtype)], [found])
        want, state = adafactor(want, state, g, t, 0.5)
        np.testing.assert_allclose(found, want, 1e-12 if dtype == "float64" else 1e-5)


def test_a_slot_that_starts_above_0_does_so_for_weights_that_come_later():
    layers = [lamina.layers.Dense(4, name="a"), lamina.layers.Dense(4, name="b")]
    model = lamina.Sequential([lamina.Input((4,)), *layers], seed=1)
    optimizer = optimizers.Adagrad(0.1, initial_accumulator_value=0.5)
    model.compile(optimizer, "mse")
    layers[1].trainable = False
    x = np.ones((8, 4), "f4")
    model.fit(x, x, verbose=0)
    paths = model.weights_by_path()
    grown = optimizer.get_state(paths)["slots"]
    layers[1].trainable = True
    optimizer.attach(model.objective(False).take(8, True), model)
    state = optimizer.get_state(paths)["slots"]
    for path in ("a/kernel", "a/bias"):
        np.testing.assert_array_equal(state[path]["accumulator"], grown[path]["accumulator"])
        assert grown[path]["accumulator"].max() > 0.5
    for path in ("b/kernel", "b/bias"):
        np.testing.assert_array_equal(state[path]["accumulator"], 0.5)
