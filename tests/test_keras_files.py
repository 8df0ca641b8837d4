"""Files that Keras wrote, kept in keras_files: see tools/keras_files.py."""

import builtins
import gzip
import io
import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import interchanged
import lamina
from lamina import layers
from lamina.models import load_model

h5py = pytest.importorskip("h5py")

FOLDER = Path(__file__).parent / "keras_files"
NAMES = sorted(path.stem for path in FOLDER.glob("*.keras"))


def answered(name):
    """Return a model's inputs, what Keras predicted, and what it did once it had trained on."""
    with np.load(FOLDER / f"{name}.npz") as kept:
        held = dict(kept)
    answers = [held.pop(key) for key in sorted(held) if key.startswith("answer_")]
    later = [held.pop(key) for key in sorted(held) if key.startswith("later_")]
    return held.get("x", held), answers, later


def check_near(found, answers, tolerance=1e-5):
    for y, answer in zip(interchanged.leaves(found), answers, strict=True):
        np.testing.assert_allclose(y, answer, rtol=tolerance, atol=tolerance)


def check_predicts(model, name):
    inputs, answers, _ = answered(name)
    check_near(model.predict(inputs, verbose=0), answers)


def check_trains_on(model, name):
    inputs, answers, later = answered(name)
    interchanged.trained(model, inputs, model.predict(inputs, verbose=0))
    check_near(model.predict(inputs, verbose=0), later, 5e-5)
    assert max(np.abs(a - b).max() for a, b in zip(answers, later, strict=True)) > 1e-3


def old_file(tmp_path, name):
    """Return the path of a model in the format that was before ``.keras``."""
    path = tmp_path / f"{name}.h5"
    path.write_bytes(gzip.decompress((FOLDER / f"{name}.h5.gz").read_bytes()))
    return path


def members(name):
    with zipfile.ZipFile(FOLDER / f"{name}.keras") as archive:
        return {member: archive.read(member) for member in archive.namelist()}


def packed(path, held):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in held.items():
            archive.writestr(name, data)
    return path


def changed(path, name, change):
    """Write a file whose configuration is changed."""
    held = members(name)
    config = json.loads(held["config.json"])
    change(config)
    return packed(path, {**held, "config.json": json.dumps(config)})


def weights_file(path, name):
    path.write_bytes(members(name)["model.weights.h5"])
    return path


def test_there_are_models():
    assert set(interchanged.MODELS) == set(NAMES)
    assert len(NAMES) >= 12


@pytest.mark.parametrize("name", NAMES)
def test_models_predict_what_they_do_in_keras(name, tmp_path):
    check_predicts(load_model(FOLDER / f"{name}.keras"), name)
    check_predicts(load_model(old_file(tmp_path, name)), name)


@pytest.mark.parametrize("name", [n for n in NAMES if n not in interchanged.RANDOM])
def test_models_train_on_as_they_do_in_keras(name, tmp_path):
    check_trains_on(load_model(FOLDER / f"{name}.keras"), name)
    check_trains_on(load_model(old_file(tmp_path, name)), name)


@pytest.mark.parametrize("name", NAMES)
def test_weights_go_to_a_model_of_the_same_layers(name, tmp_path):
    model = lamina.models.clone_model(load_model(FOLDER / f"{name}.keras"))
    model.load_weights(weights_file(tmp_path / "m.weights.h5", name))
    check_predicts(model, name)
    model = interchanged.MODELS[name](lamina)
    interchanged.drawn(model)
    model.load_weights(old_file(tmp_path, name))
    check_predicts(model, name)


def test_what_a_model_was_compiled_with_is_kept():
    path = FOLDER / "dense.keras"
    model = load_model(path)
    assert type(model.optimizer).__name__ == "SGD"
    assert model.optimizer.momentum == 0.9
    assert model.layers[0].kernel_regularizer.l2 == pytest.approx(0.01)
    x = np.ones((4, 5), np.float32)
    assert np.isfinite(model.fit(x, np.ones((4, 3)), verbose=0).history["mae"]).all()
    assert load_model(path, compile=False).optimizer is None


def test_frozen_models_stay_frozen():
    model = load_model(FOLDER / "nested.keras")
    assert not model.get_layer("head").trainable
    assert len(model.trainable_weights) == 6
    assert len(model.weights) == 10
    assert model.get_layer("head").weights[0].trainable is False


def test_the_weights_of_another_model_are_refused(tmp_path):
    path = weights_file(tmp_path / "m.weights.h5", "dense")
    model = lamina.Sequential([lamina.Input((5,)), layers.Dense(4), layers.Dense(2)])
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"dense_?\d*: has weights of shapes \[\(4, 2\), \(2,\)\]"):
        model.load_weights(path)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    with pytest.warns(UserWarning, match="left as they were: dense"):
        model.load_weights(path, skip_mismatch=True)
    assert not np.array_equal(before[0], model.get_weights()[0])


def test_code_and_classes_by_name_are_refused(tmp_path):
    def holding(**entry):
        def change(config):
            config["config"]["layers"][1].update(entry)

        return changed(tmp_path / "m.keras", "dense", change)

    before = set(sys.modules)
    code = {"class_name": "__lambda__", "config": {"code": "4wEAAAA=", "defaults": None}}
    for entry, words in (
        ({"class_name": "Lambda", "config": {"function": code}}, "is not run"),
        ({"config": {"units": 4, "activation": code}}, "is not run"),
        ({"module": "antigravity", "class_name": "Dense2", "config": {}}, "Dense2"),
        ({"class_name": "__init__", "config": {}}, "__init__"),
        ({"config": {"units": 1 << 40}}, "refused"),
        ({"config": {"units": 4, "activation": {"class_name": "function", "config": "f"}}}, "'f'"),
    ):
        with pytest.raises(ValueError, match=words):
            load_model(holding(**entry))
    assert "antigravity" not in sys.modules
    assert not {m for m in set(sys.modules) - before if not m.startswith(("lamina", "h5py"))}


def test_functions_of_ones_own_are_given_by_name(tmp_path):
    def change(config):
        config["config"]["layers"][1]["config"]["activation"] = {
            "module": "builtins", "class_name": "function", "config": "mine",
        }  # fmt: skip

    path = changed(tmp_path / "m.keras", "dense", change)
    given = {"mine": lamina.activations.relu}
    check_predicts(load_model(path, custom_objects=given), "dense")


def with_h5(path, write):
    """Return a file whose weights ``write`` makes."""
    buffer = io.BytesIO(members("dense")["model.weights.h5"])
    with h5py.File(buffer, "r+") as file:
        write(file["layers/dense/vars"])
    return packed(path, {**members("dense"), "model.weights.h5": buffer.getvalue()})


def test_weights_that_lie_are_refused(tmp_path):
    def replaced(make):
        def write(group):
            del group["0"]
            make(group)

        return with_h5(tmp_path / "m.keras", write)

    for make, words in (
        (lambda g: g.__setitem__("0", h5py.SoftLink("/layers")), "is a link"),
        (lambda g: g.__setitem__("0", h5py.ExternalLink("/etc/passwd", "/")), "is a link"),
        (lambda g: g.create_dataset("0", (1 << 40,), "f4", chunks=(64,)), "claims"),
        (lambda g: g.create_dataset("0", (5, 4), "f4", external=[("/etc/hosts", 0, 80)]), "itself"),
        (lambda g: g.create_dataset("0", (5, 4), h5py.string_dtype()), "array of numbers"),
        (lambda g: g.create_group("0"), "must be an array"),
        (lambda g: g.create_dataset("0", (5, 3), "f4"), "has weights of shapes"),
        (lambda g: None, "numbered from 0"),
    ):
        with pytest.raises(ValueError, match=words):
            load_model(replaced(make))


def test_archives_that_lie_are_refused(tmp_path):
    held = members("dense")
    whole = (FOLDER / "dense.keras").read_bytes()
    path = tmp_path / "m.keras"

    def refused(words):
        with pytest.raises(ValueError, match=words):
            load_model(path)

    packed(path, {**held, "config.json": b" " * (65 << 20)})
    refused("config.json declares")
    packed(path, {**held, "model.weights.h5": bytes(8 << 20)})
    refused("model.weights.h5 declares")
    packed(path, {"config.json": held["config.json"]})
    refused("without 'model.weights.h5'")
    packed(path, {**held, "assets/layers/lookup/code.py": b"a"})
    refused("only vocabularies are read")
    packed(path, {**held, "config.json": b"[" * 100_000})
    refused("JSON")
    rng = np.random.default_rng(5)
    for at in rng.integers(5, len(whole), 60):
        path.write_bytes(whole[:at])
        refused("no whole .keras file")


def test_whole_models_in_hdf5_are_told_apart_from_weights(tmp_path):
    with pytest.raises(ValueError, match="holds weights alone; make the model"):
        load_model(weights_file(tmp_path / "m.h5", "dense"))


def test_h5py_is_named_where_it_is_missing(monkeypatch):
    imported = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "h5py":
            raise ImportError(name)
        return imported(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r'pip install "lamina\[keras\]"'):
        load_model(FOLDER / "dense.keras")


class Live:
    """A model of Keras as ``from_keras`` sees it: what to_json() says, and layers with weights."""

    def __init__(self, name):
        self._config = members(name)["config.json"].decode()
        self.layers = load_model(FOLDER / f"{name}.keras").layers

    def to_json(self):
        return self._config

    def get_weights(self):
        return [w for layer in self.layers for w in layer.get_weights()]


@pytest.mark.parametrize("name", NAMES)
def test_live_models_become_ours(name):
    check_predicts(lamina.models.from_keras(Live(name)), name)


def test_what_is_no_model_of_keras_is_refused():
    with pytest.raises(TypeError, match="from_keras: needs a model of Keras; got int"):
        lamina.models.from_keras(3)
