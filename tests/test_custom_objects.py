"""User-defined classes in configurations, at any depth."""

from __future__ import annotations

import json

import numpy as np
import pytest

import lamina
from lamina.layers import (
    GRU,
    Bidirectional,
    Dense,
    Input,
    Layer,
    TimeDistributed,
    deserialize,
    serialize,
)


class Doubled(Dense):
    """A Dense by another name."""


class Slow(GRU):
    """A GRU by another name."""


class Sevens(lamina.initializers.Initializer):
    """A user-defined initializer."""

    def __call__(self, shape, dtype="float32", rng=None):
        return np.full(shape, 7, dtype)


OWN = {"Doubled": Doubled, "Slow": Slow, "Sevens": Sevens}


def sequential(layer):
    return lamina.Sequential([Input((4, 5, 3)), layer], name="within")


MAKE = {
    "wrapped": lambda: TimeDistributed(TimeDistributed(Doubled(2))),
    "both ways": lambda: TimeDistributed(
        Bidirectional(Slow(2), backward_layer=Slow(3, go_backwards=True))
    ),
    "model": lambda: sequential(TimeDistributed(Bidirectional(Slow(2)))).as_layer(),
    "wrapped model": lambda: TimeDistributed(
        lamina.Sequential([Input((5, 3)), TimeDistributed(Doubled(2))])
    ),
    "initializer": lambda: TimeDistributed(Dense(2, kernel_initializer=Sevens())),
}


def classes(layer):
    return [type(each).__name__ for each in layer.walk()]


@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize("graph", [False, True])
def test_they_reach_every_depth(kind, graph):
    layer = MAKE[kind]()
    again = deserialize(serialize(layer), OWN)
    assert classes(again) == classes(layer)
    assert again.get_config() == layer.get_config()
    x = Input((4, 5, 3))
    model = lamina.Model(x, layer(x)) if graph else lamina.Sequential([x, layer])
    twin = type(model).from_config(model.get_config(), OWN)
    assert [classes(la) for la in twin.parts] == [classes(la) for la in model.parts]
    twin.set_weights(model.get_weights())
    data = np.random.default_rng(0).normal(size=(2, 4, 5, 3))
    np.testing.assert_array_equal(twin.predict(data), model.predict(data))
    name = "Sevens" if kind == "initializer" else "Doubled" if "wrapped" in kind else "Slow"
    with pytest.raises(ValueError, match=f"unknown .* '{name}'"):
        type(model).from_config(model.get_config(), {k: OWN[k] for k in OWN if k != name})
    with pytest.raises(ValueError, match=f"unknown .* '{name}'"):
        deserialize(serialize(layer))  # the names hold only during from_config


def test_a_wrapper_of_ones_own_need_not_hand_them_on():
    class Wrapper(Layer):
        def __init__(self, layer, **base):
            super().__init__(**base)
            self.layer = layer

        @classmethod
        def from_config(cls, config):
            return cls(**{**config, "layer": deserialize(config["layer"])})

    inner = lamina.Sequential([Input((3,)), Doubled(2)], name="inner").as_layer()
    again = deserialize(serialize(Wrapper(inner)), {**OWN, "Wrapper": Wrapper})
    assert classes(again.layer) == ["ModelLayer", "Doubled"]


def test_what_is_no_layer_is_refused():
    with pytest.raises(TypeError, match=r"custom_objects\['Doubled'\] must be a layer class"):
        deserialize(serialize(Doubled(2)), {"Doubled": lambda: None})


def test_ones_own_class_may_take_a_library_name():
    class Dense(Doubled):
        pass

    assert type(deserialize(serialize(Dense(2)), {"Dense": Dense})) is Dense


def test_what_layers_are_given_may_take_a_library_name_too():
    class Zeros(Sevens):
        pass

    again = deserialize(serialize(Dense(2, kernel_initializer=Zeros())), {"Zeros": Zeros})
    assert type(again.kernel_initializer) is Zeros


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: deserialize(serialize(Dense(2)), ["Dense"]), r"custom_objects: must map names"),
        (lambda: lamina.Model.from_config(None), "needs the result of get_config; got None"),
        (lambda: lamina.Sequential.from_config({}), "needs the result of get_config; got {}"),
        (
            lambda: lamina.Model.from_config({"output_layers": []}),
            "needs the result of get_config; got {'output_layers'",
        ),
    ],
)
def test_what_is_no_configuration_is_refused(call, text):
    with pytest.raises(TypeError, match=text):
        call()


class Square(lamina.layers.PythonLayer):
    """A layer whose configuration contains its functions."""

    def __init__(self, **base):
        super().__init__(lambda x: x * x, lambda dy, x: 2 * x * dy, **base)


def test_a_python_layer_with_functions_of_its_own_is_json():
    model = lamina.Sequential([Input((3,)), Square()])
    told = json.loads(json.dumps(model.get_config()))
    again = lamina.Sequential.from_config(told, {"Square": Square})
    np.testing.assert_array_equal(again.predict([[1.0, 2.0, 3.0]]), [[1.0, 4.0, 9.0]])


def test_registered_classes_need_no_custom_objects():
    @lamina.saving.register_keras_serializable("mine")
    class Registered(lamina.layers.Layer):
        def call(self, x):
            return x + 1

    try:
        config = lamina.layers.serialize(Registered(name="r"))
        assert type(lamina.layers.deserialize(config)) is Registered
        assert lamina.utils.get_registered_name(Registered) == "mine>Registered"
        assert lamina.utils.get_registered_object("mine>Registered") is Registered
    finally:
        for name in ("Registered", "mine>Registered"):
            del lamina.utils.get_custom_objects()[name]
    with pytest.raises(ValueError, match="unknown layer 'Registered'"):
        lamina.layers.deserialize(config)
    with lamina.utils.custom_object_scope({"Registered": Registered}):
        assert type(lamina.layers.deserialize(config)) is Registered
