"""Tables with numbers, categories, dates and missing values at the head of a model."""

import json
import re

import numpy as np
import pytest

import lamina
from lamina.layers import FillMissing
from lamina.tables import TableModel, preprocess

pd = pytest.importorskip("pandas")

FRAME = pd.DataFrame({
    "size": [1.0, np.nan, 3.0, 8.0],
    "rooms": pd.Series([1, 2, None, 3], dtype="Int64"),
    "colour": ["red", None, "blue", "red"],
    "kind": pd.Series(["a", "b", "a", "a"], dtype="category"),
    "sold": [True, False, True, True],
    "day": pd.to_datetime(["1970-01-02", "1970-01-04", None, "1970-01-09"]),
    "zip": [100, 100, 200, 300],
    "price": [1.0, 2.0, 3.0, 4.0],
})  # fmt: skip


def normalised(values):
    x = np.array([np.nan if v is None else v for v in values], float)
    known = x[~np.isnan(x)]
    y = (np.where(np.isnan(x), known.mean(), x) - known.mean()) / known.std()
    return np.stack([y, np.isnan(x)], 1) if np.isnan(x).any() else y[:, None]


def one_hot(values, categories):
    places = [categories.index(v) + 1 if v in categories else 0 for v in values]
    return np.eye(len(categories) + 1)[places]


def by_hand():
    return np.concatenate([
        normalised([1, None, 3, 8]), normalised([1, 2, None, 3]),
        one_hot(["red", "[missing]", "blue", "red"], ["red", "[missing]", "blue"]),
        one_hot("abaa", ["a", "b"]), normalised([1, 0, 1, 1]), normalised([1, 3, None, 8]),
        one_hot(["100", "100", "200", "300"], ["100", "200", "300"]),
    ], 1)  # fmt: skip


def test_every_kind_of_column():
    table = preprocess(FRAME, target="price", categorical=["zip"])
    np.testing.assert_allclose(table.transform(FRAME), by_hand(), atol=1e-6)
    assert table.width == by_hand().shape[1] == table.encoded.shape[1]
    assert [c.kind for c in table.columns] == [
        "number", "number", "category", "category", "number", "number", "category",
    ]  # fmt: skip
    dicts = {name: FRAME[name].tolist() for name in FRAME.columns}
    np.testing.assert_allclose(table.transform(dicts), by_hand(), atol=1e-6)


def test_what_the_table_did_not_have():
    table = preprocess(FRAME[["size", "kind"]])
    new = pd.DataFrame({"size": [np.nan, 4.0], "kind": ["z", None]})
    np.testing.assert_allclose(table.transform(new), [[0, 1, 1, 0, 0], [0, 0, 1, 0, 0]], atol=1e-6)
    complete = preprocess(FRAME[["price"]])  # nothing was missing: the mean, and no indicator
    assert complete.transform({"price": [None, 2.5]}).ravel().tolist() == [0.0, 0.0]


def test_many_categories_are_embedded_and_rare_ones_unknown():
    words = [f"w{i}" for i in range(12)] * 2 + ["rare"]
    table = preprocess({"w": words}, min_frequency=2)
    (column,) = table.columns
    assert (column.coding, len(column.categories), column.width) == ("embedding", 12, 7)
    y = table.transform({"w": ["rare", "other", "w3", None]})
    assert y.shape == (4, 7)
    assert (y[0] == y[1]).all()
    assert (y[0] == y[3]).all()
    assert (y[0] != y[2]).any()
    both = preprocess({"w": words, "v": words}, coding={"w": "one_hot", "v": "embedding"})
    assert [c.coding for c in both.columns] == ["one_hot", "embedding"]


def test_a_model_of_a_table_learns_and_is_kept(tmp_path):
    rng = np.random.default_rng(0)
    colour = rng.choice(["red", "blue", "green"], 200)
    size = np.where(rng.random(200) < 0.2, np.nan, rng.normal(50, 10, 200))
    y = np.where(np.isnan(size), 3.0, (size - 50) / 10) + (colour == "red") * 2
    frame = pd.DataFrame({"colour": colour, "size": size, "y": y})
    model = TableModel(frame, "y", hidden=(16,), dropout=0.1, seed=1)
    model.compile(lamina.optimizers.Adam(0.02), "mse")
    model.fit(frame, frame["y"], epochs=60, verbose=0, validation_split=0.2)
    assert model.evaluate(frame, frame["y"], verbose=0) < 0.15 * y.var()
    model.save(tmp_path / "table.lamina")
    restored = lamina.models.load_model(tmp_path / "table.lamina")
    np.testing.assert_array_equal(restored.predict(frame), model.predict(frame))
    rows = {"colour": ["pink", None], "size": [None, 40.0]}
    np.testing.assert_array_equal(restored.predict(rows), model.predict(rows))
    again = lamina.Model.from_config(json.loads(json.dumps(model.get_config())))
    assert again.input_names == model.input_names


def test_columns_that_a_model_does_not_find_or_cannot_read():
    frame = pd.DataFrame({"colour": ["red", "blue"], "size": [1.0, 2.0]})
    model = TableModel(frame)
    with pytest.raises(ValueError, match=r"x has nothing for input 'colour'; it has 'size'$"):
        model.predict(frame[["size"]])
    x = frame.assign(size=["30", "n/a"])
    with pytest.raises(TypeError, match="strings, such as '30'") as caught:
        model.predict(x)
    line = re.search("; (pandas.*) makes NaN of", str(caught.value)).group(1)
    x["size"] = eval(line, {"pandas": pd, "x": x})
    assert model.predict(x).shape == (2, 1)


def test_missing_columns_are_named():
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [1.0, 2.0], "c": [1.0, 2.0]})
    model = TableModel(frame, hidden=5)
    assert [w.shape for w in model.get_weights()] == [(3, 5), (5,), (5, 1), (1,)]
    with pytest.raises(ValueError, match="x has nothing for inputs 'a', 'c'; it has 'b', 'd"):
        model.predict(frame.assign(d=1.0)[["b", "d"]])


MEASURES = {
    "number": [1.0, 2.0, None],
    "date": [pd.Timestamp("2020-01-01"), pd.Timestamp("2020-01-05"), None],
    "duration": [pd.Timedelta(days=3), pd.Timedelta(hours=6), None],
}


@pytest.mark.parametrize("was", MEASURES)
@pytest.mark.parametrize("given", MEASURES)
@pytest.mark.parametrize("as_list", [False, True], ids=["frame", "lists"])
def test_dates_durations_and_numbers_do_not_stand_for_one_another(was, given, as_list, tmp_path):
    data = pd.DataFrame({"a": MEASURES[was], "b": [1.0, 2.0, 3.0]})
    model = TableModel(data, hidden=(2,), seed=0)
    model.compile("adam", "mse")
    new = (
        {"a": MEASURES[given], "b": [1.0, 2.0, 3.0]} if as_list else data.assign(a=MEASURES[given])
    )
    model.save(tmp_path / "table.lamina")
    for each in (model, lamina.models.load_model(tmp_path / "table.lamina")):
        if was == given:
            np.testing.assert_array_equal(each.predict(new), model.predict(data))
            continue
        rule = f"'a'.* must hold {was}s, .*; got {given}s$"
        with pytest.raises(TypeError, match=rule):
            each.predict(new)
        with pytest.raises(TypeError, match=rule):
            each.fit(new, np.ones(3), verbose=0)
    assert model.predict({"a": [None, pd.NaT], "b": [1.0, 1.0]}).shape == (2, 1)


def test_layers_of_earlier_files_take_dates_and_numbers():
    """Their configurations say nothing of what columns measure."""
    config = FillMissing(0.0).get_config()
    assert "measure" not in config
    layer = FillMissing.from_config(config)
    assert layer(np.array(["1970-01-03"], "datetime64[D]")).tolist() == [2.0]
    assert layer(np.array([36], "timedelta64[h]")).tolist() == [1.5]
    assert FillMissing(0.0, measure="date").get_config()["measure"] == "date"


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_tables_of_other_libraries(library):
    module = pytest.importorskip(library)
    data = {"size": [1.0, None, 3.0], "colour": ["red", None, "blue"]}
    frame = module.DataFrame(data) if library == "polars" else module.table(data)
    table, wanted = preprocess(frame), preprocess(data)
    np.testing.assert_array_equal(table.transform(frame), wanted.transform(data))


# --- FillMissing


def test_means_of_batches_take_the_place_of_what_is_missing():
    layer = FillMissing(indicator=True)
    layer.adapt(iter([np.array([[1.0, np.nan]]), np.array([[np.nan, 4.0], [3.0, 8.0]])]))
    assert layer([[None, None]]).tolist() == [[2.0, 6.0, 1.0, 1.0]]
    config = json.loads(json.dumps(lamina.layers.serialize(layer)))
    assert lamina.layers.deserialize(config)([[None, 1.0]]).tolist() == [[2.0, 1.0, 1.0, 0.0]]


REFUSED = {
    "no table": (lambda: preprocess(np.ones((2, 2))), "frame must be a table"),
    "no column": (lambda: preprocess(FRAME[["price"]], "price"), "must have a column; got none"),
    "target": (lambda: preprocess(FRAME, "prices"), "did you mean 'price'"),
    "coding": (lambda: preprocess(FRAME, coding="hash"), "coding must be 'auto'"),
    "coding of one": (lambda: preprocess({"a": "xy"}, coding={"a": "hot"}), "column 'a' must be '"),
    "lists": (lambda: preprocess({"a": [[1], [2, 3]]}), "one value per row; got a list in row 0"),
    "series": (lambda: preprocess(pd.DataFrame({"a": [1, {2}]})), "got a set in row 1"),
    "no rows": (lambda: preprocess(FRAME[:0]), "frame must have a row; got columns without rows"),
    "no categories": (lambda: preprocess(FRAME[["kind"]][:0]), "frame must have a row"),
    "lengths": (lambda: TableModel({"a": [1.0, 2], "b": [1.0]}), "number of rows; got a: 2, b: 1"),
    "measure": (lambda: FillMissing(measure="day"), "measure must be one of number, date, durat"),
    "mixed": (lambda: preprocess({"a": [pd.Timestamp("2020"), 1.0]}), "must hold only dates, only"),
    "complex": (lambda: preprocess({"a": [1j, 2.0]}), "pass numpy.real(frame['a'])"),
    "infinity": (lambda: preprocess({"a": [1.0, np.inf]}), "column 'a' must hold finite numbers"),
    "rare": (lambda: preprocess({"a": ["x"]}, min_frequency=2), "column 'a' has no category"),
    "wide": (lambda: preprocess({"a": np.ones((2, 2))}), "one value per row"),
    "names": (lambda: preprocess(pd.DataFrame({0: [1.0]})), "names of columns must be strings"),
    "objects": (lambda: preprocess({"a": [object(), 1]}), "must hold numbers"),
    "given": (lambda: FillMissing(1.0).adapt([1.0]), "given to the constructor and is fixed"),
    "early": (lambda: FillMissing()([1.0]), "has no value yet"),
    "of": (lambda: FillMissing(of="text"), "of must be 'number' or 'category'"),
    "indicator": (lambda: FillMissing(of="category", indicator=True), "indicator is for numbers"),
    "value": (lambda: FillMissing(1.0, of="category"), "value must be a string"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    call, rule = REFUSED[case]
    with pytest.raises((TypeError, ValueError)) as caught:
        call()
    assert rule in str(caught.value)


@pytest.mark.parametrize(("values", "found"), [
    ([pd.Timestamp("2020").date(), np.timedelta64(1, "D")], "date and duration"),
    ([np.float32(1), pd.Timedelta(days=2)], "duration and number"),
    ([np.datetime64("2020-01-03"), True], "date and number"),
])  # fmt: skip
def test_a_column_holds_one_of_dates_durations_and_numbers(values, found):
    with pytest.raises(TypeError, match=f"only dates, only durations or .*; got {found}"):
        FillMissing(value=0.0)(np.array(values, object)[:, None])


def test_dates_of_several_classes_are_days_since_1970():
    values = [pd.Timestamp("1970-01-03").date(), None, np.datetime64("1970-01-05")]
    np.testing.assert_array_equal(
        FillMissing(value=0.0)(np.array(values, object)[:, None]).ravel(), [2.0, 0.0, 4.0]
    )
