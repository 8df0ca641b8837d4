"""Outputs, and inputs, come in the structure that a call, or a graph model, gives them."""

import numpy as np
import pytest

import lamina
from lamina import layers, losses, ops

X = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
STRUCTURES = {
    "tuple": lambda x: (x, 2 * x),
    "list": lambda x: [x, 2 * x],
    "dict of tuples": lambda x: {"a": (x, 2 * x), "b": 3 * x},
    "dict of dicts": lambda x: {"a": {"c": x, "d": 2 * x}},
    "tuple of tuples": lambda x: (x, (2 * x, [3 * x, 4 * x])),
    "tuple of one": lambda x: (x, (2 * x,)),
}


def check_same(got, wanted):
    assert type(got) is type(wanted)
    if isinstance(wanted, dict):
        assert list(got) == list(wanted)
        got, wanted = list(got.values()), list(wanted.values())
    if not isinstance(wanted, (list, tuple)):
        np.testing.assert_allclose(got, wanted, rtol=1e-6)
        return
    for one, other in zip(got, wanted, strict=True):
        check_same(one, other)


@pytest.mark.parametrize("case", STRUCTURES)
def test_structures_of_outputs(case):
    made = STRUCTURES[case]

    class OfCall(lamina.Model):
        def call(self, x):
            return made(x)

    class OfLayer(layers.Layer):
        def call(self, x):
            return made(x)

    wanted, model, x = made(X), OfCall(), lamina.Input((3,))
    check_same(model(X), wanted)
    check_same(model.predict(X), wanted)
    check_same(OfLayer()(X), wanted)
    graphs = [lamina.Model(x, made(x)), lamina.Model(x, model(x)), lamina.Model(x, OfLayer()(x))]
    graphs.append(lamina.Model.from_config(graphs[0].get_config()))
    for graph in graphs:
        check_same(graph.predict(X), wanted)
        check_same(graph(X), wanted)
        again = lamina.Model(x, graph(x))
        check_same(again.predict(X), wanted)


@pytest.mark.parametrize("of_call", [True, False])
def test_targets_and_losses_in_the_structure_of_the_outputs(of_call):
    def outputs(x, dense):
        return {"a": (dense[0](x), dense[1](x)), "b": dense[2](x)}

    class OfCall(lamina.Model):
        def __init__(self):
            super().__init__(seed=1)
            self.dense = [layers.Dense(n) for n in (1, 2, 3)]

        def call(self, x):
            return outputs(x, self.dense)

    x = lamina.Input((3,))
    dense = [layers.Dense(n) for n in (1, 2, 3)]
    model = OfCall() if of_call else lamina.Model(x, outputs(x, dense))
    first, second, third = (np.full((5, n), n, "float32") for n in (1, 2, 3))
    y = {"b": third, "a": (first, second)}
    model.compile("sgd", {"a": ("mse", "mae"), "b": "mse"})
    logs = model.evaluate(X, y, return_dict=True)
    assert list(logs) == ["loss", "a_1_loss", "a_2_loss", "b_loss"]
    p = model.predict(X)
    terms = [
        losses.mean_squared_error(first, p["a"][0]).mean(),
        losses.mean_absolute_error(second, p["a"][1]).mean(),
        losses.mean_squared_error(third, p["b"]).mean(),
    ]
    np.testing.assert_allclose([*logs.values()], [sum(terms), *terms], rtol=1e-5)
    model.fit(X, y, verbose=0)


def test_states_come_in_a_tuple():
    x, layer = np.ones((2, 4, 3), "float32"), layers.LSTM(2, return_state=True)
    whole = layer(x)
    assert isinstance(whole, tuple)
    assert isinstance(layer(lamina.Input((4, 3))), tuple)
    y, *states = whole
    assert [y.shape, *(s.shape for s in states)] == [(2, 2)] * 3


def test_inputs_of_as_many_rows_and_other_widths_are_no_rows_of_unequal_shape():
    class Joins(lamina.Model):
        def call(self, inputs):
            wide, deep = inputs
            return wide * deep[:, :1]

    for kind in (list, tuple):
        x = kind([X[:, :1], X[:, 1:]])
        np.testing.assert_allclose(Joins()(x), X[:, :1] * X[:, 1:2], rtol=1e-6)
        np.testing.assert_allclose(Joins().predict(x), X[:, :1] * X[:, 1:2], rtol=1e-6)


def test_layers_go_by_the_sorted_keys_of_outputs_as_in_keras():
    x = lamina.Input((3,))
    outputs = {"z": layers.Dense(1, name="z")(x), "a": layers.Dense(2, name="a")(x)}
    model = lamina.Model(x, outputs)
    assert [layer.name for layer in model.layers[1:]] == ["a", "z"]
    assert list(model.predict(X)) == model.output_names == ["z", "a"]


def test_an_output_that_is_one_number_for_a_batch():
    class Sums(lamina.Model):
        def call(self, x):
            return {"rows": x, "sum": ops.sum(x)}

    x = lamina.Input((3,))
    for model in (Sums(), lamina.Model(x, {"rows": x, "sum": ops.sum(x)})):
        for outputs in (model(X), model.predict(X), model.predict_on_batch(X)):
            check_same(outputs, {"rows": X, "sum": np.asarray(X.sum())})
        several = np.concatenate([X] * 7)  # of which predict takes 32 at a time
        np.testing.assert_allclose(model(several)["sum"], 7 * np.sum(X), rtol=1e-5)
        rule = "predict: output 1 is one number for a batch, so all rows must be in one: .*; got "
        for data, batch, got in (
            (several, None, "35 rows in batches of 32"),
            (X[:0], 2, "no rows"),
        ):
            with pytest.raises(ValueError, match=rule + got):
                model.predict(data, batch_size=batch)
    x = lamina.Input((None, 3))
    with pytest.raises(ValueError, match=rule + "rows of unequal shape"):
        lamina.Model(x, [x, ops.sum(x)]).predict([np.ones((2, 3)), np.ones((1, 3))])
