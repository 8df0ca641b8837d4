"""Files written by Keras, kept in keras_files: see tools/keras_files.py."""

import builtins
import io
import json

import numpy as np
import pytest

import interchanged
import lamina
from keras_archives import (
    FOLDER,
    NAMES,
    changed,
    check_predicts,
    check_trains_on,
    members,
    old_file,
    packed,
    weights_file,
)
from lamina import layers
from lamina.models import load_model

h5py = pytest.importorskip("h5py")


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


def test_functions_of_ones_own_are_given_by_name(tmp_path):
    def change(config):
        config["config"]["layers"][1]["config"]["activation"] = {
            "module": "builtins", "class_name": "function", "config": "mine",
        }  # fmt: skip

    path = changed(tmp_path / "m.keras", "dense", change)
    given = {"mine": lamina.activations.relu}
    check_predicts(load_model(path, custom_objects=given), "dense")


def test_the_weights_of_old_files_find_layers_by_name_or_in_order(tmp_path):
    path = old_file(tmp_path, "dense")
    names = list(load_model(path).weights_by_path())
    assert len(names) == 6

    def model(*units, named=()):
        made = [layers.Dense(n, name=name) for n, name in zip(units, named, strict=True)]
        return lamina.Sequential([lamina.Input((5,)), *made])

    other = model(4, 4, 3, named=("a", "b", "c"))  # in order
    other.load_weights(path)
    assert np.array_equal(other.get_weights()[4], load_model(path).get_weights()[4])
    other = model(4, 3, named=("dense", "mine"))
    with pytest.raises(ValueError, match="has 2 layers with weights, dense, mine; the file has 3"):
        other.load_weights(path)
    other.load_weights(path, by_name=True)
    assert np.array_equal(other.get_weights()[0], load_model(path).get_weights()[0])
    other = model(2, 4, 3, named=("dense", "dense_1", "dense_2"))
    with pytest.raises(ValueError, match=r"dense: has weights of shapes \[\(5, 2\)"):
        other.load_weights(path)


def test_models_of_keras_2_are_read(tmp_path):
    """The layout of tf.keras: lists of the inputs of calls, types and shapes in their old form."""

    def entry(kind, name, nodes, **config):
        told = {"name": name, "trainable": True, "dtype": "float32", **config}
        return {"class_name": kind, "name": name, "config": told, "inbound_nodes": nodes}

    zeros = {"class_name": "Zeros", "config": {}}
    inner = {
        "name": "inner",
        "layers": [
            {"class_name": "Dense", "config": {
                "name": "d", "trainable": True, "batch_input_shape": [None, 3], "units": 3,
                "activation": "relu", "bias_initializer": zeros, "dtype": "float32"}},
            {"class_name": "BatchNormalization", "config": {"name": "bn", "axis": [1]}},
        ],
    }  # fmt: skip
    config = {
        "name": "model",
        "layers": [
            entry("InputLayer", "x", [], batch_input_shape=[None, 3], sparse=False, ragged=False),
            {"class_name": "Sequential", "name": "inner", "config": inner,
             "inbound_nodes": [[["x", 0, 0, {}]], [["inner", 1, 0, {"training": False}]]]},
            entry("Add", "add", [[["x", 0, 0, {}], ["inner", 2, 0, {}]]]),
            entry("LSTM", "lstm", [[["r", 0, 0, {}]]], units=2, time_major=False, implementation=2,
                  unroll=False),
            entry("Reshape", "r", [[["add", 0, 0, {}]]], target_shape=[3, 1]),
        ],
        "input_layers": [["x", 0, 0]],
        "output_layers": [["lstm", 0, 0]],
    }  # fmt: skip
    rng = np.random.default_rng(2)
    shapes = {
        "inner": {"d/kernel:0": (3, 3), "d/bias:0": (3,), "bn/gamma:0": (3,), "bn/beta:0": (3,),
                  "bn/moving_mean:0": (3,), "bn/moving_variance:0": (3,)},
        "lstm": {"lstm/lstm_cell/kernel:0": (1, 8), "lstm/lstm_cell/recurrent_kernel:0": (2, 8),
                 "lstm/lstm_cell/bias:0": (8,)},
    }  # fmt: skip
    drawn = {n: {k: rng.uniform(0.2, 1, s).astype("f4") for k, s in held.items()}
             for n, held in shapes.items()}  # fmt: skip
    training = {
        "loss": {"class_name": "MeanSquaredError",
                 "config": {"reduction": "auto", "name": "mean_squared_error", "fn": "x"}},
        "metrics": [[{"class_name": "MeanMetricWrapper",
                      "config": {"name": "mae", "dtype": "float32", "fn": "mean_absolute_error"}}]],
        "weighted_metrics": None, "loss_weights": None,
        "optimizer_config": {"class_name": "Custom>Adam", "config": {
            "name": "Adam", "learning_rate": 0.5, "decay": 0.0, "is_legacy_optimizer": False,
            "jit_compile": False, "weight_decay": None, "beta_1": 0.8}},
    }  # fmt: skip
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = b"2.15.0"
        told = {"class_name": "Functional", "config": config}
        file.attrs["model_config"] = json.dumps(told).encode()
        file.attrs["training_config"] = json.dumps(training).encode()
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [b"x", b"inner", b"add", b"r", b"lstm"]
        for name in ("x", "inner", "add", "r", "lstm"):
            held = group.create_group(name)
            held.attrs["weight_names"] = [n.encode() for n in drawn.get(name, ())]
            for key, array in drawn.get(name, {}).items():
                held.create_dataset(key, data=array)
    model = load_model(path)
    assert (model.optimizer.beta_1, float(model.optimizer.learning_rate)) == (0.8, 0.5)

    w = [*drawn["inner"].values()]
    x = rng.normal(size=(4, 3)).astype("f4")

    def body(x):
        h = np.maximum(x @ w[0] + w[1], 0)
        return (h - w[4]) / np.sqrt(w[5] + 1e-3) * w[2] + w[3]

    z = x + body(body(x))
    kernel, recurrent, bias = drawn["lstm"].values()
    h = c = np.zeros((4, 2))
    for t in range(3):
        gates = z[:, t, None] @ kernel + h @ recurrent + bias
        i, f, o = (1 / (1 + np.exp(-gates[:, k : k + 2])) for k in (0, 2, 6))
        c = f * c + i * np.tanh(gates[:, 4:6])
        h = o * np.tanh(c)
    np.testing.assert_allclose(model.predict(x, verbose=0), h, rtol=1e-5, atol=1e-5)


def test_vocabularies_are_read_from_where_keras_keeps_them(tmp_path):
    """Keras keeps the vocabularies of such layers beside the weights, special tokens first."""

    def layer(kind, **config):
        told = {"name": kind.lower(), "trainable": True, **config}
        return {"module": "keras.layers", "class_name": kind, "config": told,
                "registered_name": None}  # fmt: skip

    given = {"module": "keras.layers", "class_name": "InputLayer", "registered_name": None,
             "config": {"batch_shape": [None, 1], "dtype": "string", "name": "x"}}  # fmt: skip

    def file(*parts, text):
        config = {"class_name": "Sequential", "module": "keras", "registered_name": None,
                  "config": {"name": "s", "layers": [given, *parts]}}  # fmt: skip
        buffer = io.BytesIO()
        with h5py.File(buffer, "w") as held:
            held.create_group("layers")
        place = f"assets/layers/{parts[0]['class_name']}".replace("StringLookup", "string_lookup")
        place = place.replace("TextVectorization", "text_vectorization")
        return packed(tmp_path / "m.keras", {
            "metadata.json": "{}", "config.json": json.dumps(config),
            "model.weights.h5": buffer.getvalue(), f"{place}/vocabulary.txt": text,
        })  # fmt: skip

    lookup = layer("StringLookup", num_oov_indices=1, mask_token=None, oov_token="[UNK]",
                   vocabulary=None, vocabulary_size=4, output_mode="int", invert=False,
                   max_tokens=None, sparse=False, pad_to_max_tokens=False, encoding="utf-8",
                   idf_weights=None, oov_method="floormod", salt=None)  # fmt: skip
    model = load_model(file(lookup, text="[UNK]\ncat\ndog\nHaus"))
    x = np.array([["dog"], ["bird"], ["Haus"], ["cat"]])
    assert model.predict(x, verbose=0).ravel().tolist() == [2, 0, 3, 1]
    words = layer("TextVectorization", max_tokens=None, standardize="lower_and_strip_punctuation",
                  split="whitespace", ngrams=None, output_mode="int", output_sequence_length=3,
                  pad_to_max_tokens=False, sparse=False, ragged=False, vocabulary=None,
                  idf_weights=None, encoding="utf-8", vocabulary_size=4)  # fmt: skip
    model = load_model(file(words, text="\n[UNK]\nthe\ncat"))
    x = np.array([["The cat, the dog"], ["cat"]])
    assert model.predict(x, verbose=0).tolist() == [[2, 3, 2], [3, 0, 0]]


def test_whole_models_in_hdf5_are_told_apart_from_weights(tmp_path):
    with pytest.raises(ValueError, match="holds only weights; create the model"):
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
    """A Keras model as ``from_keras`` sees it: the text of to_json(), and layers with weights."""

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
