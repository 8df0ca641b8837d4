"""Copies, clones and configurations of models, without files."""

import copy
import json
import pickle

import numpy as np
import pytest

import lamina
from lamina import layers, ops, optimizers
from lamina.models import clone_model, model_from_json
from lamina.optimizers import schedules
from saved_models import (
    KINDS,
    OWN,
    X,
    dense,
    fit,
    graph,
    same_weights,
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["copy", "deepcopy", "pickle", "joblib"])
def test_copies_are_models_of_their_own(kind, how, tmp_path):
    model = KINDS[kind]()
    fit(model, 1)
    if how == "joblib":
        joblib = pytest.importorskip("joblib")
        joblib.dump(model, tmp_path / "m.joblib")
        again = joblib.load(tmp_path / "m.joblib")
    else:
        ways = {"copy": copy.copy, "deepcopy": copy.deepcopy,
                "pickle": lambda m: pickle.loads(pickle.dumps(m))}  # fmt: skip
        again = ways[how](model)
    before = model.get_weights()
    ours = fit(again)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert fit(model) == ours
    assert same_weights(again, model)


@pytest.mark.parametrize("kind", KINDS)
def test_clones_have_weights_of_their_own(kind):
    model = KINDS[kind]()
    fit(model, 1)
    again = clone_model(model)
    given = {"x": X} if kind == "graph" else X
    again.predict(given)
    assert [w.shape for w in again.get_weights()] == [w.shape for w in model.get_weights()]
    assert not same_weights(again, model)
    assert again.optimizer is None


def test_a_clone_of_other_layers():
    model = graph()

    def wider(layer):
        config = layer.get_config()
        if layer.name == "shared":
            config["units"] = 9
        return lamina.Sequential.from_config(config) if layer.name == "encoder" else type(
            layer).from_config(config)  # fmt: skip

    again = clone_model(model, clone_function=wider)
    assert again.get_layer("shared").units == 9
    assert again.predict({"x": X})["class"].shape == (48, 3)
    chain = clone_model(dense(4, 3), clone_function=lambda la: layers.Dense(la.units + 1))
    assert chain.output_shape == (None, 4)
    with pytest.raises(TypeError, match="must return a layer; for 'd0' it returned None"):
        clone_model(dense(4), clone_function=lambda layer: None)


@pytest.mark.parametrize("kind", ["sequential", "graph", "own_layers", "own_model"])
def test_json(kind):
    model = KINDS[kind]()
    fit(model, 1)
    text = model.to_json(indent=1)
    again = model_from_json(text, OWN)
    assert again.to_json() == json.dumps(json.loads(text))
    again.set_weights(model.get_weights())
    given = {"x": X} if kind == "graph" else X
    a, b = (m.predict(given) for m in (model, again))
    assert all(np.array_equal(v, b[k]) for k, v in a.items()) if kind == "graph" else (a == b).all()


def test_objects_of_every_room():
    saving = lamina.saving
    for thing in (
        lamina.regularizers.L1(0.2), lamina.initializers.Constant([1.0, 2.0]), layers.ELU(0.3),
        lamina.constraints.MaxNorm(1.5), lamina.losses.Huber(0.7), lamina.metrics.R2Score(),
        optimizers.Adam(0.2), schedules.CosineDecay(0.1, 10), dense(2),
        lamina.activations.LeakyReLU(0.1),
    ):  # fmt: skip
        told = saving.serialize_keras_object(thing)
        again = saving.deserialize_keras_object(json.loads(json.dumps(told)))
        assert type(again) is type(thing)
        assert saving.serialize_keras_object(again) == told
    plain = {"a": (1, [2.5, None]), "b": np.arange(3, dtype="int32"), "f": ops.exp, "n": np.inf}
    again = saving.deserialize_keras_object(
        json.loads(json.dumps(saving.serialize_keras_object(plain)))
    )
    assert again["a"] == plain["a"]
    assert again["f"] is ops.exp
    assert again["n"] == np.inf
    assert again["b"].dtype == "int32"
    with pytest.raises(TypeError, match="of set, which cannot be saved"):
        saving.serialize_keras_object({"a": {1, 2}})
    with pytest.raises(ValueError, match=r"unknown class 'Dence'.*did you mean 'Dense'"):
        saving.deserialize_keras_object({"class_name": "Dence", "config": {}})


@pytest.mark.parametrize(
    ("room", "kind"),
    [("layers", "layer"), ("losses", "loss"), ("metrics", "metric"), ("optimizers", "optimizer"),
     ("initializers", "initializer"), ("activations", "activation")],
)  # fmt: skip
def test_a_class_that_nobody_knows_is_to_be_given(room, kind):
    get = lamina.layers.deserialize if room == "layers" else getattr(lamina, room).get
    words = rf"unknown {kind} 'Mine'.*custom_objects=\{{'Mine': .*register_serializable"
    with pytest.raises(ValueError, match=words):
        get({"class_name": "Mine", "config": {}})


def test_functions_that_cannot_be_pickled_name_their_layer():
    def model(function):
        return lamina.Sequential([lamina.Input((2,)), layers.Lambda(function, name="doubled")])

    local = model(lambda x: x * 2)
    with pytest.raises(pickle.PicklingError, match=r"doubled: its function, .*lambda>.*def.*doubl"):
        pickle.dumps(local)
    assert copy.deepcopy(local).predict([[1, 2]], verbose=0).tolist() == [[2, 4]]
    back = pickle.loads(pickle.dumps(model(lamina.ops.square)))
    assert back.predict([[1, 2]], verbose=0).tolist() == [[1, 4]]
