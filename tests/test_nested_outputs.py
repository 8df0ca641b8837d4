"""Outputs and inputs have the structure given by a call or a graph model."""

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


def test_calls_keep_the_order_of_keys_and_predictions_sort_them_as_in_keras(tmp_path):
    def made(x):
        return {"b": x, "a": [2 * x, {"d": 3 * x, "c": 4 * x}]}

    def orders(y):
        return list(y), list(y["a"][1])

    class OfCall(lamina.Model):
        def call(self, x):
            return made(x)

    of_call, x = OfCall(), lamina.Input((3,))
    graph = lamina.Model(x, made(x))
    graph.save(tmp_path / "m.lamina")
    graph.save(tmp_path / "m.keras")
    graphs = [
        graph,
        lamina.Model.from_config(graph.get_config()),
        lamina.models.load_model(tmp_path / "m.lamina"),
        lamina.models.load_model(tmp_path / "m.keras"),
    ]
    for model in (of_call, *graphs):
        for y in (model(X), model(X), model(X, training=True), model(x)):
            assert orders(y) == (["b", "a"], ["d", "c"])
        for y in (model.predict(X), model.predict_on_batch(X)):
            assert orders(y) == (["a", "b"], ["c", "d"])
        check_same(model(X), made(X))


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
    names = ["loss", "a_1_loss", "a_2_loss", "b_loss"]
    assert set(logs) == set(names)
    p = model.predict(X)
    terms = [
        losses.mean_squared_error(first, p["a"][0]).mean(),
        losses.mean_absolute_error(second, p["a"][1]).mean(),
        losses.mean_squared_error(third, p["b"]).mean(),
    ]
    got = [logs[name] for name in names]
    np.testing.assert_allclose(got, [sum(terms), *terms], rtol=1e-5)
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
    assert list(model.predict(X)) == model.output_names == ["a", "z"]


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


class Nests(lamina.Model):
    def __init__(self):
        super().__init__(seed=1)
        self.dense = layers.Dense(1)

    def call(self, x):
        y = self.dense(x)
        return {"z": y, "y": [2 * y, 3 * y]}


def nests():
    x = lamina.Input((3,))
    y = layers.Dense(1)(x)
    return lamina.Model(x, {"z": y, "y": [2 * y, 3 * y]})


@pytest.mark.parametrize("make", [Nests, nests])
def test_metrics_nest_as_the_outputs(make):
    one, y = np.ones((5, 1), "float32"), {"z": "mse", "y": ["mse", "mse"]}
    target = {"z": one, "y": [0 * one, one]}
    nested, weighted = {"z": ["mae"], "y": [["mse"], ["mae", "mse"]]}, {"y": [None, "mape"]}
    flat = {"z": ["mae"], "y_1": ["mse"], "y_2": ["mae", "mse"]}
    model, plain = make(), make()
    model.compile("sgd", y, metrics=nested, weighted_metrics=weighted)
    plain.compile("sgd", y, metrics=flat, weighted_metrics={"y_2": "mape"})
    model.predict(X), plain.predict(X)
    plain.set_weights(model.get_weights())
    logs = model.evaluate(X, target, return_dict=True)
    assert {"z_mae", "y_1_mse", "y_2_mae", "y_2_mse", "y_2_mape"} < set(logs)
    assert logs == plain.evaluate(X, target, return_dict=True)
    rule = r"compile: metrics\['y'\] must have one entry for each of y_1, y_2; got 1"
    with pytest.raises(ValueError, match=rule):
        model.compile("sgd", y, metrics={"z": ["mae"], "y": [["mse"]]})
    with pytest.raises(ValueError, match="compile: metrics: unknown output 'q'"):
        model.compile("sgd", y, metrics={"q": ["mae"], "y": [["mse"], []]})


def test_metrics_nest_in_lists():
    class Lists(Nests):
        def call(self, x):
            y = self.dense(x)
            return y, [y, 2 * y]

    model, one = Lists(), np.ones((5, 1), "float32")
    model.compile("sgd", ["mse", ["mse", "mae"]], metrics=[["mae"], [["mse"], ["mape"]]])
    logs = model.evaluate(X, (one, [one, one]), return_dict=True)
    assert {"output_1_mae", "output_2_mse", "output_3_mape"} < set(logs)
    with pytest.raises(ValueError, match=r"y\[1\] must hold 2 entries.*nothing for output_3"):
        model.fit(X, (one, [one]), verbose=0)


ONE = np.ones((5, 1), "float32")
MISSING = {
    "short": ({"z": ONE, "y": [ONE]}, r"fit: y\['y'\] must hold 2 entries.*nothing for y_2"),
    "none": ({"z": ONE, "y": [ONE, None]}, "fit: y has nothing for output 'y_2'"),
    "lacks": ({"y": [ONE, ONE]}, "fit: y has nothing for output 'z'"),
    "array": ({"z": ONE, "y": ONE}, r"y\['y'\] must be a list of 2 arrays, for y_1, y_2, as .*1\)"),
    "more": ({"z": ONE, "y": [ONE, ONE], "q": ONE}, "fit: y: unknown name 'q'; known: y, z"),
}


@pytest.mark.parametrize("case", MISSING)
@pytest.mark.parametrize("make", [Nests, nests])
def test_a_nested_target_that_lacks_an_entry_says_which(make, case):
    model, (y, rule) = make(), MISSING[case]
    model.compile("sgd", {"z": "mse", "y": ["mse", "mse"]})
    with pytest.raises((ValueError, TypeError), match=rule):
        model.fit(X, y, verbose=0)
