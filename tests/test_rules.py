"""The compiled rules as the core describes them, and each rule's step against its formula."""

import inspect

import numpy as np
import pytest

from lamina import _core, optimizers

CLASSES = [getattr(optimizers, name) for name in optimizers.__all__ if name[0].isupper()]
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
        assert {slot.when, slot.start} - {None} <= settings


def test_every_class_has_a_rule_and_a_name():
    assert {c.rule for c in CLASSES} - {""} == RULES.keys()
    for cls in CLASSES:
        if cls is not optimizers.Optimizer:
            assert type(optimizers.get(cls.__name__.lower())) is cls


def odd(values):
    """Return the same numbers in memory that no kernel can write to as it lies."""
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


def test_a_subclass_may_keep_more_state_than_its_rule():
    class Counting(optimizers.Adam):
        @property
        def slot_count(self):
            return super().slot_count + 1

        def update_step(self, weights, gradient, slots, learning_rate):
            super().update_step(weights, gradient, slots, learning_rate)
            slots[-1] += 1

    mine, plain = Counting(0.1), optimizers.Adam(0.1)
    a, b = np.ones(3), np.ones(3)
    for _ in range(2):
        mine.apply([a], [a])
        plain.apply([b], [b])
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(mine.slots[-1], [2.0, 2.0, 2.0])
