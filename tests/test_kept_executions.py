"""Executions that models keep between calls: how much memory, and of which model."""

from __future__ import annotations

import gc

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.models import executions

ROWS = 64


@pytest.fixture
def limits(monkeypatch):
    """Limits of a few kilobytes, which networks of few and of many units are below and above."""
    monkeypatch.setattr(executions, "BYTES", 40_000)
    monkeypatch.setattr(executions, "BYTES_OF_LAST", 400_000)
    monkeypatch.setattr(executions.Executions, "_last", None)


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


def test_each_model_keeps_little_and_one_keeps_much(limits):
    small, first, second = network(4), network(200), network(200)
    for model in (small, first):
        train(model)
    assert 0 < held(small) < executions.BYTES < held(first)
    train(second)
    assert held(first) == 0
    assert held(second) > executions.BYTES
    train(small)  # takes nothing from the other
    assert held(small) > 0
    assert held(second) > executions.BYTES
    train(first)
    assert held(first) > executions.BYTES
    assert held(second) == 0


def test_too_much_is_given_back_and_takes_nothing_from_others(limits):
    first, model = network(200), network(2000)
    train(first)
    train(model)
    assert held(model) == 0
    assert held(first) > executions.BYTES


def test_a_model_that_is_gone_keeps_nothing(limits):
    gone, model = network(200), network(200)
    train(gone)
    del gone
    gc.collect()
    train(model)
    assert held(model) > executions.BYTES


def test_the_last_batch_finds_its_execution_whatever_its_size(limits):
    model = network(2000)
    x = np.ones((ROWS, 3), "float32")
    model.train_on_batch(x, x[:, :1])
    before = held(model)
    assert before > executions.BYTES_OF_LAST
    model.train_on_batch(x, x[:, :1])
    assert held(model) == before


def test_weights_do_not_depend_on_what_is_kept(limits, monkeypatch):
    def trained():
        lamina.set_random_seed(3)
        model = network(200)
        for _ in range(3):
            train(model)
        return model.get_weights()

    kept = trained()
    monkeypatch.setattr(executions, "BYTES", 0)
    monkeypatch.setattr(executions, "BYTES_OF_LAST", 0)
    for one, other in zip(kept, trained(), strict=True):
        np.testing.assert_array_equal(one, other)
