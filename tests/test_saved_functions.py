"""Losses and metrics that are functions, in files for Keras."""

import json
import zipfile

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.models import load_model

h5py = pytest.importorskip("h5py")


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_losses_and_metrics_as_functions_need_not_be_given(ending, tmp_path):
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(2, activation="softmax")])
    loss, metrics = lamina.losses.sparse_categorical_crossentropy, lamina.metrics
    model.compile("sgd", loss, metrics=[metrics.sparse_categorical_accuracy])
    x, y = np.ones((4, 3), "float32"), np.arange(4) % 2
    expected = model.evaluate(x, y, verbose=0)
    file = tmp_path / f"functions.{ending}"
    model.save(file)
    assert load_model(file).evaluate(x, y, verbose=0) == expected
    if ending == "keras":  # as Keras itself writes its functions
        written = _written(file)["loss"]
        assert (written["module"], written["class_name"]) == ("builtins", "function")
        assert written["config"] == "sparse_categorical_crossentropy"


@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.parametrize("module", ["__main__", "program"])
def test_own_functions_named_like_the_librarys_must_be_given(ending, module, tmp_path):
    def mean_squared_error(y_true, y_pred):
        return lamina.ops.mean(lamina.ops.square(y_true - y_pred), axis=-1) + 7.0

    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(1)])
    mean_squared_error.__module__ = module
    model.compile("sgd", mean_squared_error, metrics=[mean_squared_error])
    x, y = np.ones((4, 3), "float32"), np.zeros((4, 1))
    file = tmp_path / f"own.{ending}"
    with pytest.warns(UserWarning, match="custom_objects"):
        model.save(file)
    own = {"mean_squared_error": mean_squared_error}
    loaded = load_model(file, custom_objects=own)
    assert loaded.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
    assert loaded.evaluate(x, y, verbose=0)[0] > 7
    with pytest.raises(ValueError, match=r"custom_objects=\{.mean_squared_error"):
        load_model(file)


def test_a_name_that_may_be_of_another_function_is_warned_of(tmp_path):
    """Keras writes the same for ``keras.losses.huber`` and a function of a program's."""
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(1)])
    model.compile("sgd", lamina.losses.huber)
    file, theirs = tmp_path / "own.keras", tmp_path / "theirs.keras"
    model.save(file)
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(theirs, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "config.json":
                config = json.loads(data)
                loss = {"module": "builtins", "class_name": "function", "config": "huber"}
                config["compile_config"]["loss"] = {**loss, "registered_name": "function"}
                data = json.dumps(config).encode()
            new.writestr(name, data)
    with pytest.warns(UserWarning, match=r"lamina\.losses\.huber was taken.*custom_objects"):
        assert load_model(theirs).loss is not None
    load_model(theirs, custom_objects={"huber": lamina.losses.mean_squared_error})
    load_model(theirs, compile=False)


def _written(file):
    """Return the settings of training in a file."""
    with zipfile.ZipFile(file) as archive:
        return json.loads(archive.read("config.json"))["compile_config"]
