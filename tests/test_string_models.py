"""Models with string inputs: layers at the head that compute on arrays, before the graph."""

import copy
import json
import pickle

import numpy as np
import pytest

import lamina
from lamina import layers, ops
from lamina.layers import (
    CategoryEncoding,
    Concatenate,
    Dense,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    HashedCrossing,
    IntegerLookup,
    Normalization,
    StringLookup,
    TextVectorization,
)

pd = pytest.importorskip("pandas")

CITIES = np.array(["Ulm", "Bonn", "Ulm", "Köln"])
DATA = {"city": CITIES, "year": np.array([2**40, 1, 2**40, 7]), "size": np.ones((4, 2), "float32")}
Y = np.array([1.0, 2.0, 3.0, 4.0])


def graph_model():
    city = lamina.Input((1,), dtype="string", name="city")
    year = lamina.Input((1,), dtype="int64", name="year")
    size = lamina.Input((2,), name="size")
    cities, years = StringLookup(name="cities"), IntegerLookup(name="years")
    cities.adapt(CITIES)
    years.adapt(DATA["year"])
    joined = Concatenate()([
        Flatten()(Embedding(4, 3)(cities(city))),
        CategoryEncoding(4, "multi_hot")(years(year)),
        HashedCrossing(8, output_mode="one_hot")([city, year]),
        size,
    ])  # fmt: skip
    model = lamina.Model([city, year, size], Dense(1)(joined), seed=1)
    model.compile("sgd", "mse")
    return model


def by_hand(model):
    """Return the predictions of the graph part for DATA, in NumPy."""
    embedding, (kernel, bias) = model.get_weights()[0], model.get_weights()[1:]
    place = {"Ulm": 1, "Köln": 2, "Bonn": 3}  # by frequency, then descending
    years = {2**40: 1, 7: 2, 1: 3}
    crossed = HashedCrossing(8)([CITIES, DATA["year"]])
    x = np.concatenate([
        embedding[[place[c] for c in CITIES]], np.eye(4)[[years[y] for y in DATA["year"]]],
        np.eye(8)[crossed], DATA["size"],
    ], 1)  # fmt: skip
    return x @ kernel + bias


def test_a_graph_model_reads_strings_and_integers_of_64_bits():
    model = graph_model()
    np.testing.assert_allclose(model.predict(DATA), by_hand(model), rtol=1e-5)
    assert model.input_shape == [(None, 1), (None, 1), (None, 2)]
    assert {"city", "cities", "years"} < {layer.name for layer in model.layers}
    for x in (
        [CITIES, DATA["year"], DATA["size"]],
        {**DATA, "city": CITIES[:, None]},
        {**DATA, "city": list(CITIES)},
        {**DATA, "city": pd.Series(CITIES), "year": pd.Series(DATA["year"])},
    ):
        assert (model.predict(x) == model.predict(DATA)).all()
        assert (model.predict_on_batch(x) == model.predict(DATA)).all()
        assert (model(x) == model.predict(DATA)).all()


def test_every_way_to_train_and_evaluate_takes_strings():
    model, same = graph_model(), graph_model()
    model.fit(DATA, Y, batch_size=2, epochs=3, verbose=0, validation_data=(DATA, Y))
    for _ in range(3):
        same.fit(DATA, Y, batch_size=2, verbose=0, validation_split=0.0)
    assert all((a == b).all() for a, b in zip(model.get_weights(), same.get_weights(), strict=True))
    loss = model.evaluate(DATA, Y, verbose=0)
    np.testing.assert_allclose(loss, np.mean((by_hand(model)[:, 0] - Y) ** 2), rtol=1e-5)
    assert model.test_on_batch(DATA, Y) == pytest.approx(loss)
    model.train_on_batch(DATA, Y)
    assert model.evaluate(DATA, Y, verbose=0) < loss
    model.fit(DATA, Y, validation_split=0.5, verbose=0)


def test_copies_and_configurations_keep_the_vocabularies():
    model = graph_model()
    config = json.loads(json.dumps(model.get_config()))
    restored = lamina.Model.from_config(config)
    restored.set_weights(model.get_weights())
    for other in (restored, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert (other.predict(DATA) == model.predict(DATA)).all()
        assert other.get_config() == model.get_config()


@pytest.mark.parametrize("shape", [(), (1,), None])
def test_a_sequential_reads_texts(shape):
    texts = ["the cat", "the day of the dog", ""]
    layer = TextVectorization()
    layer.adapt(texts)
    first = [] if shape is None else [lamina.Input(shape, dtype="string")]
    model = lamina.Sequential([
        *first, layer, Embedding(layer.vocabulary_size(), 2), GlobalAveragePooling1D(), Dense(1),
    ], seed=3)  # fmt: skip
    got = model.predict(texts)
    table, kernel, bias = model.get_weights()
    np.testing.assert_allclose(got, table[layer(texts)].mean(1) @ kernel + bias, rtol=1e-5)
    assert model.predict(texts[:1]).shape == (1, 1)  # of another length
    restored = lamina.Sequential.from_config(json.loads(json.dumps(model.get_config())))
    restored.predict(texts)
    restored.set_weights(model.get_weights())
    assert (restored.predict(texts) == got).all()
    model.compile("sgd", "mse")
    model.fit(np.array(texts), np.ones(3), verbose=0)
    assert model.input_shape == (None, *((1,) if shape is None else shape))
    assert "text_vectorization" in str(model.layers)


def test_layers_in_a_row_ahead_of_the_graph():
    words = StringLookup(vocabulary=["b", "a"])
    model = lamina.Sequential([
        lamina.Input((2,), dtype="string"), words, IntegerLookup(vocabulary=[2, 1]),
        Embedding(3, 1), Flatten(),
    ], seed=1)  # fmt: skip
    table = model.get_weights()[0][:, 0]
    assert (model.predict([["a", "b"], ["q", "a"]]) == table[[[1, 2], [0, 1]]]).all()
    model.pop()
    model.pop()
    model.pop()
    assert model.layers == [words]


def test_an_encoded_model_and_one_that_reads_strings_share_weights():
    text = lamina.Input((1,), dtype="string")
    codes = StringLookup(vocabulary=["a", "b"], output_mode="multi_hot")(text)
    y = Dense(1)(codes)
    encoded, whole = lamina.Model(codes, y), lamina.Model(text, y)
    x = StringLookup(vocabulary=["a", "b"], output_mode="multi_hot")([["a"], ["q"]])
    assert (encoded.predict(x) == whole.predict([["a"], ["q"]])).all()


REFUSED = {
    "strings into the graph": (lambda x, n: Dense(1)(x), "dense: needs numbers; s holds strings"),
    "an operation": (lambda x, n: ops.exp(x), "needs numbers; s holds strings"),
    "a sequence": (lambda x, n: lamina.Sequential([x, Dense(1)]), "dense: needs numbers"),
    "numbers": (lambda x, n: StringLookup()(n), "string_lookup: needs strings"),
    "behind the graph": (lambda x, n: IntegerLookup()(Dense(1)(n)),
                         "its input 'dense' is recorded"),
    "behind in a row": (lambda x, n: lamina.Sequential([n, Dense(1), IntegerLookup()]),
                        "cannot come after 'dense'"),
    "strings as output": (lambda x, n: lamina.Model(x, x), "output 's' holds strings"),
    "without a vocabulary": (lambda x, n: StringLookup(output_mode="count")(x),
                             "has no vocabulary yet"),
    "within a model": (lambda x, n: encoder()(x), "model within another is recorded"),
    "within a layer": (lambda x, n: Within()(n), "got a tensor within within"),
    "numbers as data": (lambda x, n: encoder().predict(np.ones((2, 1))),
                        "x must hold strings; got dtype float64"),
    "another shape": (lambda x, n: encoder().predict([["a", "b"]]), "the model needs (rows, 1)"),
    "more rows": (lambda x, n: graph_model().predict({**DATA, "city": ["Ulm"]}),
                  "number of rows"),
    "a name": (lambda x, n: graph_model().predict({"town": CITIES}), "town"),
    "another vocabulary": (lambda x, n: readapted(), "a model relies on 3 places; got 5"),
}  # fmt: skip


def encoder():
    text = lamina.Input((1,), dtype="string")
    coded = StringLookup(vocabulary=["a", "b"], output_mode="count")(text)
    return lamina.Model(text, Dense(1)(coded))


def readapted():
    layer = StringLookup(output_mode="count")
    layer.adapt(["a", "b"])
    layer(lamina.Input((1,), dtype="string"))
    layer.adapt(["a", "b", "c", "d"])


class Within(lamina.layers.Layer):
    def __init__(self):
        super().__init__()
        self.lookup = IntegerLookup()

    def call(self, x):
        return self.lookup(x)


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    call, rule = REFUSED[case]
    with pytest.raises((TypeError, ValueError)) as caught:
        call(lamina.Input((1,), dtype="string", name="s"), lamina.Input((1,), name="n"))
    assert rule in str(caught.value)


def test_numbers_go_on_as_before():
    model = lamina.Sequential([lamina.Input((2,)), Normalization(), Dense(1)])
    assert model.front is None
    assert model.predict(np.ones((3, 2))).shape == (3, 1)


def adapted(layer, x):
    layer.adapt(x)
    return layer


WORDS = np.array(["a b", "b", "c b a"] * 4)
NUMBERS = np.linspace(-1.0, 1.0, 24, dtype="float32").reshape(12, 2)
IDS = np.arange(12)
WITHOUT_INPUT = {
    "bins": (lambda: [adapted(layers.Discretization(num_bins=3), NUMBERS)], NUMBERS, (None, 2)),
    "codes": (
        lambda: [adapted(layers.IntegerLookup(output_mode="multi_hot"), IDS)], IDS, (None, 1),
    ),
    "hashes": (lambda: [layers.Hashing(5, output_mode="one_hot")], WORDS[:, None], (None, 1)),
    "texts": (
        lambda: [adapted(layers.TextVectorization(), WORDS), layers.Embedding(9, 2),
                 layers.GlobalAveragePooling1D()],
        WORDS, (None, 1),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WITHOUT_INPUT)
def test_files_and_graphs_of_models_whose_data_told_the_input(name, tmp_path):
    make, x, shape = WITHOUT_INPUT[name]
    model = lamina.Sequential([*make(), layers.Dense(2)])
    assert model.input_shape is None
    wanted = model.predict(x, verbose=0)
    assert wanted.shape == (12, 2)
    assert model.input_shape == shape
    back = None
    for ending in (".lamina", ".lamina", ".keras", ".h5"):  # and save the loaded model again
        if ending != ".lamina":
            pytest.importorskip("h5py")
        (back if ending == ".lamina" and back else model).save(tmp_path / f"m{ending}")
        back = lamina.models.load_model(tmp_path / f"m{ending}")
        assert back.input_shape == shape
        assert np.array_equal(back.predict(x, verbose=0), wanted)
    graph = lamina.Model(model.inputs, model.outputs)
    assert np.array_equal(graph.predict(x, verbose=0), wanted)


@pytest.mark.parametrize("met", [["x", "float"], [[3], "complex"], [[3]], 7])
def test_a_strange_input_of_a_configuration_is_refused(met):
    model = lamina.Sequential([layers.Hashing(3), layers.Dense(1)])
    with pytest.raises((TypeError, ValueError)):
        model.build_from_config({"input_shape": None, "met": met, "fed": [3]})


def test_lengths_that_only_data_told_are_open_in_files(tmp_path):
    lookup = layers.IntegerLookup(vocabulary=[3, 4])
    model = lamina.Sequential([lookup, layers.Embedding(3, 2), layers.GlobalMaxPooling1D()])
    for length in (3, 5):
        model.predict(np.full((2, length), 4), verbose=0)
    assert model.input_shape == (None, None)
    model.save(tmp_path / "m.lamina")
    back = lamina.models.load_model(tmp_path / "m.lamina")
    x = np.array([[3, 4, 5, 3]])
    assert back.input_shape == (None, None)
    assert np.array_equal(back.predict(x, verbose=0), model.predict(x, verbose=0))


def test_weights_hold_no_vocabulary(tmp_path):
    def made():
        lookup = layers.IntegerLookup()
        return lookup, lamina.Sequential([lamina.Input((1,), dtype="int32"), lookup,
                                          layers.Embedding(4, 1)])  # fmt: skip

    lookup, model = made()
    lookup.adapt([1, 5, 5])
    model.save_weights(tmp_path / "m.weights.lamina")
    other, again = made()
    with pytest.warns(UserWarning, match=f"{other.name}: has no vocabulary, and files of weights"):
        again.load_weights(tmp_path / "m.weights.lamina")
    other.set_vocabulary(lookup.get_vocabulary())
    again.load_weights(tmp_path / "m.weights.lamina")  # pytest turns a warning into an error
    assert np.array_equal(again.predict([[5]], verbose=0), model.predict([[5]], verbose=0))
