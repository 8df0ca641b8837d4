"""Recurrent layers with ``zero_output_for_mask``: outputs and gradients are Keras's."""

from __future__ import annotations

import numpy as np
import pytest

import golden
import lamina
from keras_peer import Theirs, assert_near, keras, step, twins
from lamina import layers

ROWS, STEPS, FEATURES, UNITS = 3, 5, 2, 4
NAMES = ("SimpleRNN", "LSTM", "GRU")


def drawn(*shape):
    return np.random.default_rng(7).normal(size=(ROWS, *shape)).astype("float32")


def mask():
    kept = np.random.default_rng(9).random((ROWS, STEPS)) > 0.4
    kept[0, -1] = kept[1, 0] = False  # the steps that are processed last
    kept[2, [0, -1]] = True
    return kept


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("go_backwards", [False, True])
def test_hidden_steps_are_zero(name, return_sequences, go_backwards):
    options = {"return_sequences": return_sequences, "go_backwards": go_backwards}
    options.update(zero_output_for_mask=True, return_state=True)
    mine = getattr(layers, name)(UNITS, **options)
    theirs = Theirs(lambda: getattr(keras.layers, name)(UNITS, **options))
    x = drawn(STEPS, FEATURES)
    twins(mine, theirs, [x], np.random.default_rng(5), states=False)
    shape = (STEPS, UNITS) if return_sequences else (UNITS,)
    targets = [drawn(*shape), *[drawn(UNITS) for _ in range(mine._state_count)]]
    got = step(mine, [x], targets, mask())
    want = theirs.step([x], targets, mask=mask())
    for what, ours, keras_s in zip(("output", "weights", "inputs"), got, want, strict=True):
        for a, b in zip(ours, keras_s, strict=True):
            assert_near(a, b, what)
    hidden = got[0][0][~mask()[:, ::-1] if go_backwards else ~mask()] if return_sequences else 0
    assert not np.any(hidden)


@pytest.mark.parametrize("return_sequences", [False, True])
def test_directions_are_zero_where_all_steps_are_returned(return_sequences):
    options = {"return_sequences": return_sequences, "zero_output_for_mask": True}

    def made(modules):
        inner = modules.layers.GRU(UNITS, **options)
        return modules.layers.Bidirectional(inner)

    mine, theirs = made(lamina), Theirs(lambda: made(keras))
    x = drawn(STEPS, FEATURES)
    twins(mine, theirs, [x], np.random.default_rng(5), states=False)
    assert_near(np.asarray(mine(x, mask=mask())), theirs(x, mask=mask()), "output")


def test_convolutional_steps_are_zero():  # Keras's layer fails with any mask
    x = drawn(STEPS, 4, FEATURES)
    layer = layers.ConvLSTM1D(2, 3, return_sequences=True, zero_output_for_mask=True)
    y = layer(x, mask=mask())
    other = layers.ConvLSTM1D(2, 3, return_sequences=True)
    other(x)
    other.set_weights(layer.get_weights())
    want = np.where(mask()[..., None, None], other(x, mask=mask()), np.float32(0))
    np.testing.assert_array_equal(y, want)


def model(modules, name):
    sequence = modules.Input((STEPS, FEATURES))
    y = modules.layers.Masking()(sequence)
    inner = getattr(modules.layers, name)(UNITS, return_sequences=True, zero_output_for_mask=True)
    return modules.Model(sequence, inner(y))


@pytest.mark.parametrize("name", NAMES)
def test_files_hold_the_setting(name, tmp_path):
    x = np.where(mask()[..., None], drawn(STEPS, FEATURES), np.float32(0))
    made = model(lamina, name)
    want = made.predict(x, verbose=0)
    assert not want[~mask()].any()
    copied = lamina.models.clone_model(made)
    assert copied.layers[-1].zero_output_for_mask
    made.save(tmp_path / "model.lamina")
    loaded = lamina.models.load_model(tmp_path / "model.lamina")
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), want)


@pytest.mark.parametrize("name", NAMES)
def test_keras_s_files_hold_the_setting(name, tmp_path):
    pytest.importorskip("h5py")
    x = np.where(mask()[..., None], drawn(STEPS, FEATURES), np.float32(0))
    made = model(lamina, name)
    made.set_weights([np.full(w.shape, 0.3, "float32") for w in made.get_weights()])
    want = made.predict(x, verbose=0)
    made.save(tmp_path / "model.keras")
    loaded = lamina.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), want)

    def of_keras():
        read = keras.models.load_model(tmp_path / "model.keras")
        return np.asarray(read.predict(x, verbose=0))

    assert_near(want, golden.ask(of_keras, x, name), "prediction")
