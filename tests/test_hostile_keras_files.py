"""Files of Keras that are damaged, or hold what must not be run, are refused in words."""

import contextlib
import json
import sys
import warnings
import zipfile

import numpy as np
import pytest

import lamina
from hostile_files import junk, places, replaced
from keras_archives import (
    FOLDER,
    changed,
    changed_old,
    members,
    packed,
    weights_file,
    with_h5,
)
from lamina import layers
from lamina.models import load_model

h5py = pytest.importorskip("h5py")


def test_the_weights_of_another_model_are_refused(tmp_path):
    path = weights_file(tmp_path / "m.weights.h5", "dense")
    model = lamina.Sequential([lamina.Input((5,)), layers.Dense(4), layers.Dense(2)])
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"dense_?\d*: has weights of shapes \[\(4, 2\), \(2,\)\]"):
        model.load_weights(path)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    with pytest.warns(UserWarning, match="weights were not loaded: dense"):
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
        (
            {"module": "antigravity", "class_name": "Dense2", "config": {}},
            r"'Dense2'.*custom_objects=\{'Dense2': the_class\}, or register it",
        ),
        ({"class_name": "__init__", "config": {}}, "__init__"),
        ({"config": {"units": 1 << 40}}, "refused"),
        ({"config": {"units": 4, "activation": {"class_name": "function", "config": "f"}}}, "'f'"),
    ):
        with pytest.raises(ValueError, match=words):
            load_model(holding(**entry))
    assert "antigravity" not in sys.modules
    assert not {m for m in set(sys.modules) - before if not m.startswith(("lamina", "h5py"))}


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
    refused("only vocabulary files")
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("config.json", b"{}")
    refused("two members named 'config.json'")
    packed(path, {**held, **{f"../../x{i}": b"" for i in range(1000)}})
    refused("at most 1000 are read")
    packed(path, {**held, "config.json": b"[" * 100_000})
    refused("JSON")
    rng = np.random.default_rng(5)
    for at in rng.integers(5, len(whole), 60):
        path.write_bytes(whole[:at])
        refused("not a complete .keras file")


def test_configurations_of_junk_end_in_words(tmp_path):
    rng = np.random.default_rng(3)
    for number in range(30):
        name = ("functional", "gru", "nested", "images")[number % 4]
        held = members(name)
        document = json.loads(held["config.json"])
        everywhere = list(places(document))
        path = everywhere[int(rng.integers(len(everywhere)))]
        made = json.dumps(replaced(document, path, junk(rng)))
        with contextlib.suppress(ValueError), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            load_model(packed(tmp_path / "m.keras", {**held, "config.json": made}))


def test_old_files_that_lie_are_refused(tmp_path):
    place = "model_weights/dense/sequential/dense"

    def with_array(make):
        def change(file):
            del file[f"{place}/kernel"]
            make(file[place])

        return change

    def with_attribute(name, value):
        return lambda file: file.attrs.__setitem__(name, value)

    def with_link(file):
        del file["model_weights/dense"]
        file["model_weights"]["dense"] = h5py.SoftLink("/model_weights/dense_1")

    def config(**entry):
        def change(file):
            told = json.loads(file.attrs["model_config"])
            told["config"]["layers"][1].update(entry)
            file.attrs["model_config"] = json.dumps(told)

        return change

    code = {"class_name": "__lambda__", "config": {"code": "4wEAAAA=", "defaults": None}}
    huge = {"units": 1 << 40, "trainable": True}
    for change, words in (
        (with_array(lambda g: g.create_dataset("kernel", (1 << 40,), "f4", chunks=(9,))), "claims"),
        (with_array(lambda g: g.__setitem__("kernel", h5py.ExternalLink("/etc/passwd", "/"))),
         "is a link"),
        (with_array(lambda g: g.create_dataset("kernel", (5, 4), "f4",
                                               external=[("/etc/hosts", 0, 80)])), "itself"),
        (with_array(lambda g: None), "no such group"),
        (with_link, "is a link"),
        (with_attribute("model_config", "[" * 100_000), "JSON"),
        (with_attribute("model_config", np.zeros(3)), "must be a string"),
        (with_attribute("model_config", "{}"), "no class_name"),
        (config(config=huge), "refused"),
        (config(class_name="Lambda", config={"function": code, "trainable": True}), "is not run"),
        (config(class_name="Popen", config={"trainable": True}), "register_serializable"),
        (lambda file: file["model_weights/dense"].attrs.__setitem__(
            "weight_names", [b"../dense/kernel"]), "no such group"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=rf"dense\.h5: .*{words}"):
            load_model(changed_old(tmp_path, change))
