"""Executions that models keep between calls, and how much memory."""

from __future__ import annotations

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.models.network import executions

ROWS = 64


@pytest.fixture
def limit(monkeypatch):
    """A limit that networks of few and of many units are below and above."""
    monkeypatch.setattr(executions, "BYTES", 40_000)


def network(units):
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(units), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def train(model):
    rng = np.random.default_rng(2)
    x = rng.normal(size=(ROWS, 3)).astype("float32")
    model.fit(x, x[:, :1], batch_size=ROWS, epochs=2, verbose=0)


def held(model):
    kept = model._objectives._entries.values()
    return sum(entry.value.executions.bytes for entry in kept)


def test_a_model_keeps_little_between_calls(limit):
    small, large = network(4), network(200)
    for model in (small, large):
        train(model)
    assert 0 < held(small) < executions.BYTES
    assert held(large) == 0


def test_the_last_batch_finds_its_execution_whatever_its_size(limit):
    model = network(200)
    x = np.ones((ROWS, 3), "float32")
    model.train_on_batch(x, x[:, :1])
    before = held(model)
    assert before > executions.BYTES
    model.train_on_batch(x, x[:, :1])
    assert held(model) == before


def test_weights_do_not_depend_on_what_is_kept(monkeypatch):
    def trained():
        lamina.set_random_seed(3)
        model = network(200)
        for _ in range(3):
            train(model)
        return model.get_weights()

    kept = trained()
    monkeypatch.setattr(executions, "BYTES", 0)
    for one, other in zip(kept, trained(), strict=True):
        np.testing.assert_array_equal(one, other)
