"""Functional models take data in the structure of their inputs, however deep, as in Keras."""

from __future__ import annotations

import numpy as np
import pytest

import lamina
from lamina import layers

A, B, C = (np.full((3, 2), value, "float32") for value in (1, 2, 5))
Y = np.ones((3, 1), "float32")


def of_dict():
    inputs = {
        "a": lamina.Input((2,), name="a"),
        "b": [lamina.Input((2,), name="b0"), lamina.Input((2,), name="b1")],
    }
    return inputs, layers.Subtract()([inputs["a"] + 2 * inputs["b"][0], inputs["b"][1]])


def of_list():
    inputs = [lamina.Input((2,)), [lamina.Input((2,)), lamina.Input((2,))]]
    return inputs, layers.Subtract()([inputs[0] + 2 * inputs[1][0], inputs[1][1]])


FORMS = {
    "dict": (of_dict, {"a": A, "b": [B, C]}),
    "list": (of_list, [A, [B, C]]),
}
FLAT = {"dict": [{"a": A, "b0": B, "b1": C}, [A, B, C]], "list": [[A, B, C]]}


@pytest.fixture(params=FORMS)
def form(request):
    return request.param


def test_predictions_and_calls(form):
    make, x = FORMS[form]
    model = lamina.Model(*make())
    for given in (x, *FLAT[form]):
        np.testing.assert_array_equal(model.predict(given, verbose=0), A + 2 * B - C)
        np.testing.assert_array_equal(model(given), A + 2 * B - C)


def test_training(form):
    make, x = FORMS[form]
    inputs, y = make()
    model = lamina.Model(inputs, layers.Dense(1, kernel_initializer="zeros")(y))
    model.compile(lamina.optimizers.SGD(0.0), "mse")
    history = model.fit(x, Y, validation_data=(x, Y), verbose=0).history
    assert history == {"loss": [1.0], "val_loss": [1.0]}
    assert model.evaluate(x, Y, verbose=0) == model.train_on_batch(x, Y) == 1.0
    batches = ((x, Y) for _ in range(2))
    assert model.fit(batches, steps_per_epoch=2, verbose=0).history == {"loss": [1.0]}


def test_models_within_others(form):
    make, x = FORMS[form]
    model = lamina.Model(*make())
    inputs, _ = make()
    outer = lamina.Model(inputs, model(inputs))
    np.testing.assert_array_equal(outer.predict(x, verbose=0), A + 2 * B - C)


@pytest.mark.parametrize("ending", ["lamina", "keras"])
def test_files(form, ending, tmp_path):
    if ending == "keras":
        pytest.importorskip("h5py")
    make, x = FORMS[form]
    model = lamina.Model(*make())
    model.save(tmp_path / f"model.{ending}")
    loaded = lamina.models.load_model(tmp_path / f"model.{ending}")
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), A + 2 * B - C)
    assert loaded.input_names == model.input_names


def test_names_given_to_inputs_within_a_list():
    model = lamina.Model(*of_dict())
    assert model.input_names == ["a", "b0", "b1"]
    named = {"b0": lamina.Input((2,)), "b": [lamina.Input((2,), name="b0"), lamina.Input((2,))]}
    model = lamina.Model(named, layers.Add()([named["b0"], *named["b"]]))
    assert model.input_names == ["b_1", "b_2", "b0"]  # two inputs would have the same name


def test_another_structure_is_refused():
    model = lamina.Model(*of_dict())
    with pytest.raises(ValueError, match=r"x\['b'\] must hold 2 entries, for b0, b1; got 1"):
        model.predict({"a": A, "b": [B]}, verbose=0)
