"""Users' data become arrays: tables, series, tensors, objects; or an error says how."""

import datetime
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import lamina
from lamina import _arrays, _check
from lamina.layers import (
    Dense,
    Input,
    StringLookup,
)  # fmt: skip

X = np.random.default_rng(0).normal(size=(20, 3)).astype("float32")
Y = np.arange(20) % 3


def classifier(columns=3, **options):
    model = lamina.Sequential([Input((columns,)), Dense(3, "softmax")], seed=1)
    model.compile("sgd", "sparse_categorical_crossentropy", **options)
    return model


def numbers(value):
    return _arrays.as_numbers("fit", "x", value)


def advice(value, name="x"):
    """Return the message that refuses ``value``."""
    with pytest.raises((TypeError, ValueError)) as caught:
        _arrays.as_numbers("fit", name, value)
    return str(caught.value)


# --- tables


@pytest.fixture
def pd():
    return pytest.importorskip("pandas")


def test_bools_beside_floats_train_as_ones_and_zeros(pd):
    table = pd.DataFrame({"age": X[:, 0].astype(float), "city": np.array(list("abab" * 5))})
    dummies = pd.get_dummies(table)
    model, plain = classifier(), classifier()
    model.fit(dummies, pd.Series(Y), verbose=0)
    plain.fit(
        np.stack([X[:, 0], Y * 0 + np.tile([1, 0], 10), np.tile([0, 1], 10)], 1), Y, verbose=0
    )
    assert [w.tolist() for w in model.get_weights()] == [w.tolist() for w in plain.get_weights()]


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_nullable_columns(pd, backend):
    if backend == "pyarrow":
        pytest.importorskip("pyarrow")
    table = pd.DataFrame({"a": [1, 2**40], "b": [True, False], "c": [0.5, 1.25]})
    nullable = table.convert_dtypes(dtype_backend=backend)
    assert numbers(nullable).tolist() == [[1.0, 1.0, 0.5], [2.0**40, 0.0, 1.25]]
    assert numbers(nullable["b"]).dtype == bool
    assert numbers(nullable["a"]).dtype.kind == "i"
    nullable.loc[1, "b"] = None
    with pytest.raises(ValueError, match=r"x must be finite; got nan at row 1, column 1 \('b'\)"):
        classifier().fit(nullable, [0, 1], verbose=0)
    with pytest.raises(ValueError, match=r"y must be finite; got nan at row 1"):
        classifier().fit(X[:2], nullable["b"], verbose=0)


def test_tables_of_objects_and_of_one_name_twice(pd):
    table = pd.DataFrame({"a": [Decimal("1.5"), Decimal(2)], "b": [Fraction(1, 4), 3]})
    assert numbers(table).tolist() == [[1.5, 0.25], [2.0, 3.0]]
    twice = pd.DataFrame([[1, True], [2, False]], columns=["a", "a"])
    assert numbers(twice).tolist() == [[1, 1], [2, 0]]


def test_a_table_of_one_dtype_is_not_copied(pd):
    table = pd.DataFrame(X)
    assert np.shares_memory(numbers(table), table.to_numpy())


COLUMNS = {
    "category": lambda pd: pd.Categorical(["u", "v"]),
    "numbered": lambda pd: pd.Categorical([3, 4]),
    "string": lambda pd: ["u", "v"],
    "numeral": lambda pd: ["1", "2.5"],
    "written date": lambda pd: ["2021-05-05", "2021-05-06"],
    "date": lambda pd: pd.to_datetime(["2020-01-01", "2021-01-01"]),
    "zone": lambda pd: pd.to_datetime(["2020-01-01", "2021-01-01"], utc=True),
    "lapse": lambda pd: pd.to_timedelta([1, 2], unit="s"),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_the_advice_on_a_column_works(pd, kind):
    x = pd.DataFrame({"a": [1.0, 2.0], "k": COLUMNS[kind](pd)})
    text = advice(x)
    assert "column 1 ('k')" in text
    line = re.search(r"(x(\['k'\])? = .*)", text).group(1)
    names = {"x": x, "pandas": pd}
    exec(line, names)
    assert numbers(names["x"]).shape[0] == 2


@pytest.mark.parametrize("kind", ["string", "category", "date"])
def test_the_advice_on_a_series_works(pd, kind):
    x = pd.Series(COLUMNS[kind](pd))
    text = advice(x)
    found = re.search(r"(?:by|pass|numbers,) (.*)", text).group(1)
    line = found if "=" in found.split("(")[0] else f"x = {found}"
    names = {"x": x, "numpy": np, "pandas": pd}
    exec(line, names)
    assert len(numbers(names["x"])) == 2


def test_polars():
    pl = pytest.importorskip("polars")
    x = pl.DataFrame({"a": [1, 2], "b": [True, False], "c": [0.5, 1.5]})
    assert numbers(x).tolist() == [[1.0, 1.0, 0.5], [2.0, 0.0, 1.5]]
    missing = pl.DataFrame({"a": [1, None], "b": [True, False]})
    with pytest.raises(ValueError, match=r"nan at row 1, column 0 \('a'\)"):
        classifier(2).fit(missing, pl.Series([0, 1]), verbose=0)
    text = advice(x.with_columns(k=pl.Series(["u", "v"])))
    assert "column 3 ('k')" in text
    assert "x = x.to_dummies('k')" in text
    assert advice(x.lazy()).endswith("pass x.collect()")


def test_arrow():
    pa = pytest.importorskip("pyarrow")
    assert numbers(pa.table({"a": [1, 2], "b": [True, False]})).tolist() == [[1, 1], [2, 0]]
    assert numbers(pa.array([True, False])).tolist() == [True, False]


# --- other objects


def test_objects_that_are_numbers():
    assert numbers([[True, 1.5], [False, 2]]).tolist() == [[1.0, 1.5], [0.0, 2.0]]
    assert numbers(np.array([1, 2], object)).dtype.kind == "i"
    assert numbers([Decimal("0.5"), 2**70, 10**400]).tolist() == [0.5, 2.0**70, np.inf]
    assert np.isnan(numbers([[1.0, None]])[0, 1])
    assert numbers(np.ma.array([1.0, 2.0])).tolist() == [1.0, 2.0]


def test_tensors():
    torch = pytest.importorskip("torch")
    x = torch.tensor(X, requires_grad=True)
    assert numbers(x).tolist() == X.tolist()
    assert numbers(torch.ones(2, dtype=torch.bfloat16)).tolist() == [1.0, 1.0]
    rows = [torch.ones(2, requires_grad=True)] * 3
    line = re.search(r"pass (.*)", advice(rows)).group(1)
    assert numbers(eval(line, {"torch": torch, "x": rows})).shape == (3, 2)
    data = torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(Y))
    loader = torch.utils.data.DataLoader(data, batch_size=5)
    model = classifier()
    exec(re.search("`(.*)`", advice(loader)).group(1), {"x": loader, "model": model})
    assert model.optimizer.iterations == 4


def test_views_of_memory_are_arrays():
    given, plain = classifier(), classifier()
    given.fit(memoryview(X), memoryview(Y), verbose=0)
    plain.fit(X, Y, verbose=0)
    assert given.evaluate(memoryview(X), memoryview(Y), verbose=0) == plain.evaluate(
        X, Y, verbose=0
    )
    np.testing.assert_array_equal(
        given.predict(memoryview(X), verbose=0), plain.predict(X, verbose=0)
    )


def test_sparse_matrices():
    sparse = pytest.importorskip("scipy.sparse")
    x = sparse.csr_matrix(X)
    for matrix in (x, sparse.coo_array(X)):
        line = re.search(r"pass (.*)", advice(matrix)).group(1)
        assert eval(line, {"x": matrix}).tolist() == X.tolist()
    assert advice(x, "x['left']").endswith("pass x['left'].toarray()")


@pytest.mark.parametrize("labels", [["b", "a"], np.array(["b", "a"]), np.array(["b", 1], object),
                                    [np.str_("b"), np.str_("a")], [["b"], ["a"]]])  # fmt: skip
def test_the_advice_on_labels_works(labels):
    line = re.search(r"by (classes, y = .*)", advice(labels, "y")).group(1)
    names = {"y": labels, "numpy": np}
    exec(line, names)
    assert sorted(np.ravel(numbers(names["y"]))) == [0, 1]


def test_the_advice_on_categories_works(pd):
    for x in (["b", "a", "b"], np.array([["b"], ["a"], ["b"]])):
        line = re.search(r"by (pandas.*)", advice(x)).group(1)
        assert numbers(eval(line, {"pandas": pd, "numpy": np, "x": x}))[:, 0].tolist() == [0, 1, 0]


def test_dates_written_out_become_days(pd):
    written = ["1970-01-02", "1970-03-01"]
    for x in (written, np.array(written), pd.Series(written)):
        line = re.search(r"dates become days by (.*)", advice(x)).group(1)
        assert eval(line, {"pandas": pd, "numpy": np, "x": x}).tolist() == [1, 59]
    x = pd.DataFrame({"a": [0, 1], "joined": written})
    names = {"x": x, "pandas": pd}
    exec(re.search(r"count days, (.*)", advice(x)).group(1), names)
    assert numbers(names["x"]).tolist() == [[0, 1], [1, 59]]
    for text in ("3-4", "12.5.1", "flat 1999-1", "10-20-30"):
        assert "days" not in advice([text])


def test_strings_of_a_table_are_told_what_takes_them(pd):
    table = pd.DataFrame({"age": [1.0, np.nan], "city": ["Rome", None]})
    assert "tables.TableModel takes such columns" in advice(table)
    assert "layers.StringLookup" in advice(table["city"][:1])
    fills = "layers.FillMissing and tables.TableModel fill what is missing"
    with pytest.raises(ValueError, match=rf"got nan at row 1, column 0 \('age'\); {fills}$"):
        classifier(1).fit(table[["age"]], [0, 1])
    with pytest.raises(ValueError, match=r"got nan at row 1$"):
        classifier(1).fit([[1.0], [2.0]], table["age"])
    with pytest.raises(ValueError, match=r"fill it first, as layers.FillMissing\(of='category'\)"):
        StringLookup().adapt(table["city"])
    with pytest.raises(TypeError, match=r"y must be an array; got the string 'city'; .*\['city'\]"):
        classifier(1).fit([[1.0], [2.0]], "city")


def test_numerals_dates_and_structures():
    for value, start in (
        ([["1", "2.5"]], "by "),
        (np.array(["2020-01-02"], "datetime64[D]"), "pass "),
        ([datetime.date(2020, 1, 2)], "pass "),
        ([datetime.timedelta(1)], "pass "),
        (np.zeros(2, [("a", float), ("b", int)]), "pass "),
        ([1j], "pass "),
    ):
        line = re.search(f"{start}(numpy.*?)( or |$)", advice(value)).group(1)
        assert numbers(eval(line, {"numpy": np, "x": value})).dtype.kind == "f"


def test_what_gives_rows_or_batches():
    for value in ((row for row in X), map(list, X), {"a": X}.values()):
        text = advice(value)
        assert "pass list(x)" in text
        assert "train_on_batch" in text
    model = classifier()
    with pytest.raises(ValueError, match=r"x\[0\] would fit"):
        model.fit([X.tolist()], Y)
    with pytest.raises(ValueError, match=r"a dict of 'a', 'b'; .*numpy.column_stack"):
        model.predict({"a": X[:, 0], "b": X[:, 1]})
    assert advice({2, 1}).endswith("pass sorted(x)")
    assert "numpy.column_stack(list(x.values()))" in advice({"a": [1], "b": [2]})
    assert "lamina.utils.pad_sequences(x)" in advice([[1, 2], [3]])


# --- the array in a list

BOXED = {
    "list": lambda a: [a],
    "tuple": lambda a: (a,),
    "table": lambda a: [pytest.importorskip("pandas").DataFrame(a)],
    "tensor": lambda a: (pytest.importorskip("torch").tensor(a),),
}


@pytest.mark.parametrize("box", BOXED)
@pytest.mark.parametrize("known", [True, False])
def test_an_array_in_a_list_is_the_one_input(box, known):
    held, layers = BOXED[box], [Dense(3, "softmax")]
    model = lamina.Sequential([Input((3,)), *layers] if known else layers, seed=1)
    model.compile("sgd", "sparse_categorical_crossentropy")
    x, y, w = held(X), held(Y), held(np.ones(20))
    model.fit(x, y, sample_weight=w, validation_data=(x, y, w), verbose=0)
    assert model.input_shape == (None, 3)
    assert model.evaluate(x, y) == model.evaluate(X, Y)
    assert model.predict(x).tolist() == model.predict(X).tolist()
    assert model.train_on_batch(x, y) > 0


def test_lists_of_numbers_are_data():
    model = lamina.Sequential([Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X.tolist(), Y.tolist(), verbose=0)
    assert model.input_shape == (None, 3)
    assert model.predict([X[0]]).shape == (1, 1)  # one row
    assert model.predict([X[0].tolist()]).shape == (1, 1)
    column = lamina.Sequential([Dense(1)])
    assert column.predict([X[:, 0]]).shape == (20, 1)
    assert column.predict([X[:1, 0]]).shape == (1, 1)


# --- large numbers and weights


def test_large_numbers_are_rounded_and_infinite_ones_placed():
    model = lamina.Sequential([Input((2,)), lamina.layers.Normalization(), Dense(1)])
    people = np.array([[83_000_001, 1], [1_425_893_465, 2**62], [5, 2**63 - 1]])
    model.layers[0].adapt(people)
    model.compile("sgd", "mse")
    model.fit(people, np.array([2**24 + 1, 1, 0]), verbose=0)
    assert np.isfinite(model.predict(people.astype("uint64"))).all()
    for fit in (model.fit, model.evaluate):
        with pytest.raises(ValueError, match=r"fit float32; got 1e\+300 at row 1, column 0"):
            fit([[1.0, 2.0], [1e300, 2.0]], [0, 1])
        with pytest.raises(ValueError, match=r"y must fit float32; got 1e\+300 at row 1"):
            fit([[1.0, 2.0], [1.0, 2.0]], [0, 1e300])
    with pytest.raises(ValueError, match=rf"labels in \[0, 3\); got {2**63}"):
        classifier().fit(X, np.where(Y == 2, np.uint64(2**63), Y.astype("uint64")))


@pytest.mark.parametrize("kind", [int, float, bool, "uint8", "float16"])
def test_class_weights_by_the_labels_own_type(kind):
    y = (Y > 0).astype(kind)
    weights = dict(zip(np.unique(y), (3.0, -0.5), strict=True))
    results = []
    for given in (weights, {0: 3.0, 1: -0.5}):
        model = lamina.Sequential([Input((3,)), Dense(1, "sigmoid")], seed=2)
        model.compile("sgd", "binary_crossentropy")
        model.fit(X, y, class_weight=given, verbose=0)
        results.append(model.get_weights()[0].tolist())
    assert results[0] == results[1]


def test_negative_weights_are_factors_like_others():
    weight = np.linspace(-1, 2, 20)
    model = lamina.Sequential([Input((3,)), Dense(1)], seed=2)
    model.compile("sgd", "mse", weighted_metrics=["mae"])
    p = model.predict(X)[:, 0].astype(float)
    loss, mae = model.evaluate(X, Y, sample_weight=weight)
    np.testing.assert_allclose(loss, np.mean(weight * (p - Y) ** 2), rtol=1e-5)
    np.testing.assert_allclose(mae, np.sum(weight * abs(p - Y)) / weight.sum(), rtol=1e-5)
    got = lamina.losses.MeanSquaredError()(Y, p, weight)
    np.testing.assert_allclose(got, loss, rtol=1e-5)
    before = model.get_weights()
    model.compile("sgd", "mse", loss_weights=-1.0)
    model.fit(X, Y, batch_size="all", verbose=0)
    up = [w - b for w, b in zip(model.get_weights(), before, strict=True)]
    model.set_weights(before)
    model.compile("sgd", "mse")
    model.fit(X, Y, batch_size="all", verbose=0)
    for one, b, w in zip(up, before, model.get_weights(), strict=True):
        np.testing.assert_allclose(one, b - w, rtol=1e-3, atol=1e-7)


def test_a_weighted_metric_beside_the_plain_one():
    model = classifier(metrics=["accuracy"], weighted_metrics=["accuracy"])
    assert model.metrics_names == ["loss", "accuracy", "weighted_accuracy"]
    weight = 1.0 + Y
    got = model.evaluate(X, Y, sample_weight=weight, return_dict=True)
    right = model.predict(X).argmax(1) == Y
    assert got["accuracy"] == pytest.approx(right.mean())
    assert got["weighted_accuracy"] == pytest.approx(np.average(right, weights=weight))
    history = model.fit(X, Y, validation_split=0.3, verbose=0).history
    assert "val_weighted_accuracy" in history


def test_casts_do_not_depend_on_the_settings_of_numpy():
    with np.errstate(all="raise"):
        assert _check.floats("who", "x", [1e-300, 1e-40], "float32").tolist()[0] == 0.0


def test_what_a_model_is_given_is_not_made_infinite():
    model = lamina.Sequential([Input((2,)), Dense(1)], seed=1)
    before = [w.tolist() for w in model.get_weights()]
    for holder in (model, model.layers[0]):
        with pytest.raises(ValueError, match=r"dense/bias must fit float32; got 1e\+300 at row 0"):
            holder.set_weights([np.ones((2, 1)), [1e300]])
    assert [w.tolist() for w in model.get_weights()] == before
    model.set_weights([np.array([[np.nan], [np.inf]]), [0.0]])  # as get_weights may return them
    assert np.isnan(model.get_weights()[0][0, 0])
    for make, text in (
        (lambda: lamina.initializers.Constant(1e300)((2,)), "values must be finite in float32"),
        (lambda: lamina.initializers.RandomNormal(stddev=1e300)((2,)), "values must be finite"),
        (lambda: lamina.optimizers.Adam(1e39), "learning_rate must be in"),
        (lambda: model.compile("sgd", "mse", loss_weights=1e39), "loss_weights must be in"),
    ):
        with pytest.raises(ValueError, match=text):
            make()
    assert lamina.initializers.Constant(1e300)((1,), "float64") == 1e300


class Counted:
    """An object with a length that answers every number, as data sets of batches do."""

    def __init__(self, item):
        self.item = item

    def __len__(self):
        return 20

    def __getitem__(self, place):
        return self.item(place % 20)


def test_objects_that_count_their_items_end():
    assert np.array_equal(numbers(Counted(lambda i: X[i])), X)
    text = advice(Counted(lambda i: (X[:4], Y[:4])))
    assert "for x_batch, y_batch in (x[i] for i in range(len(x))): model.train_on" in text
    pairs = Counted(lambda i: (X[i], Y[i]))
    found = {"numpy": np, "x": pairs}
    exec(advice(pairs).split("parts, ")[1], found)
    assert np.array_equal(found["x"], X)
    assert np.array_equal(found["y"], Y)


def test_periods_days_and_times_of_day_become_numbers(pd):
    days = [datetime.date(2020, 1, 1 + i) for i in range(3)]
    columns = {
        "period": (pd.period_range("2020-01", periods=3, freq="M"), [600, 601, 602]),
        "date": (days, [0, 86400, 172800]),
        "time": ([datetime.time(i) for i in range(3)], [0, 3600, 7200]),
        "gap": (
            pd.Series([datetime.timedelta(i) for i in range(3)], dtype=object),
            [0, 86400, 172800],
        ),
    }
    for name, (values, wanted) in columns.items():
        x = pd.DataFrame({name: values})
        while x.dtypes[name].kind not in "iuf":
            exec(advice(x).split(", ")[-1], {"x": x, "pandas": pd})
        assert x[name].tolist() == wanted
