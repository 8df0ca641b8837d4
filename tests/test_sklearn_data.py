"""Data for estimators: tables, sparse rows, texts, targets of any shape, weights."""

from typing import Any

import numpy as np
import pytest

import lamina
from estimator_data import NAMES, ROWS, SIDE, THREE, X, network
from lamina import layers
from lamina.layers import Dense

pytestmark = [
    pytest.mark.filterwarnings("ignore::lamina.TrainingAdvice"),
    pytest.mark.filterwarnings("ignore:Stochastic Optimizer. Maximum iterations"),
]
RNG = np.random.default_rng(4)


def of_table(X: Any, n_outputs_: int, hidden: int = 16) -> Any:
    """Build a network that reads columns by name."""
    return lamina.tables.TableModel(X, units=n_outputs_, hidden=(hidden,))


def of_texts(X: Any, n_outputs_: int) -> Any:
    """Build a network that reads texts, with the vocabulary of the training texts."""
    words = layers.TextVectorization(max_tokens=50, output_sequence_length=5)
    words.adapt(X)
    return lamina.Sequential(
        [
            lamina.Input((1,), dtype="string"),
            words,
            layers.Embedding(50, 4),
            layers.GlobalAveragePooling1D(),
            Dense(n_outputs_, "sigmoid"),
        ]
    )


@pytest.fixture
def classifier() -> Any:
    """Return a function that makes a classifier."""
    pytest.importorskip("sklearn")
    settings = {"epochs": 30, "learning_rate": 0.02, "random_state": 0}
    return lambda model=network, **s: lamina.sklearn.NeuralNetClassifier(model, **{**settings, **s})


@pytest.fixture
def regressor() -> Any:
    """Return a function that makes a regressor."""
    pytest.importorskip("sklearn")
    settings = {"epochs": 30, "learning_rate": 0.02, "random_state": 0}
    return lambda model=network, **s: lamina.sklearn.NeuralNetRegressor(model, **{**settings, **s})


# --- numbers to predict


def test_targets_of_any_shape(regressor):
    single = X @ [1.0, -1.0, 0.5, 0.0]
    assert regressor().fit(X, single).predict(X).shape == (ROWS,)
    with pytest.warns(UserWarning, match="column-vector"):
        column = regressor().fit(X, single[:, None])
    assert (column.predict(X) == regressor().fit(X, single).predict(X)).all()
    pair = np.column_stack([single, X[:, 3]])
    net = regressor(epochs=60).fit(X, pair)
    assert net.predict(X).shape == (ROWS, 2)
    assert net.predict(X).dtype == np.float64
    assert net.score(X, pair) > 0.95

    def apart(n_features_in_):
        x = lamina.Input((n_features_in_,))
        h = Dense(16, "relu")(x)
        return lamina.Model(x, [Dense(1)(h), Dense(1)(h)])

    assert regressor(apart, epochs=60).fit(X, pair).score(X, pair) > 0.95
    series = np.cumsum(RNG.normal(size=(ROWS, 6, 1)), axis=1)
    chain = lamina.Sequential([layers.SimpleRNN(8, return_sequences=True), Dense(1)])
    for y in (series, series[:, :, 0]):  # the output has the shape of the first
        net = regressor(chain, epochs=60).fit(series, y)
        assert net.predict(series).shape == y.shape
        assert net.score(series, y) > 0.9
    with pytest.raises(ValueError, match=r"shape \(rows, 6\) as before; got \(120,\)"):
        net.partial_fit(series, single)


# --- tables


def test_names_of_columns(classifier):
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    flags = {"a": X[:, 0], "b": X[:, 1], "flag": SIDE, "n": np.arange(ROWS) % 3}
    kinds = {"flag": "boolean", "n": "Int64", "a": "Float64"}
    plain = np.column_stack(list(flags.values()))
    wanted = classifier(epochs=2).fit(plain, NAMES).predict_proba(plain)
    for table in (
        pandas.DataFrame(flags),
        pandas.DataFrame(flags).astype(kinds),
        polars.DataFrame(flags),
    ):
        net = classifier(epochs=2).fit(table, NAMES)
        assert net.feature_names_in_.tolist() == list(flags)
        assert net.n_features_in_ == 4
        assert (net.predict_proba(table) == wanted).all()
        with pytest.raises(ValueError, match="same order"):
            net.predict(table[["b", "a", "flag", "n"]])
        with pytest.raises(ValueError, match="now missing"):
            net.predict(table[["a", "b", "flag"]])
        with pytest.warns(UserWarning, match="does not have valid feature names"):
            net.predict(plain)
    gap = pandas.DataFrame(flags).astype(kinds)
    gap.loc[4, "n"] = pandas.NA
    for wrong in (gap, polars.from_pandas(gap)):
        with pytest.raises(ValueError, match="NaN"):
            classifier().fit(wrong, NAMES)
        with pytest.raises(ValueError, match="NaN"):
            net.predict(wrong)


@pytest.mark.parametrize("door", ["NeuralNet", "MLP"])
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_column_transformers(classifier, library, door):
    tables = pytest.importorskip(library)
    from sklearn.compose import ColumnTransformer
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    table = tables.DataFrame({"a": X[:, 0], "b": 100 * X[:, 1], "kind": THREE, "flag": SIDE})
    parts = [
        ("number", StandardScaler(), ["a", "b"]),
        ("kind", OneHotEncoder(sparse_output=False), ["kind"]),
        ("flag", "passthrough", ["flag"]),
    ]
    net = classifier()
    if door == "MLP":
        net = lamina.sklearn.MLPClassifier((16,), learning_rate_init=0.02, max_iter=60, tol=0)
    whole = make_pipeline(ColumnTransformer(parts).set_output(transform=library), net)
    assert cross_val_score(whole, table, NAMES, cv=2).min() > 0.9
    names = whole.fit(table, NAMES)[-1].feature_names_in_.tolist()
    assert names == ["number__a", "number__b", "kind__kind_high", "kind__kind_low",
                     "kind__kind_middle", "flag__flag"]  # fmt: skip


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_models_of_named_columns(classifier, library):
    """Categories and missing values go to a model that reads them, learned from each fold."""
    tables = pytest.importorskip(library)
    from sklearn.model_selection import GridSearchCV

    ages = [None if i % 10 == 0 else value for i, value in enumerate(X[:, 0])]
    table = tables.DataFrame({"age": ages, "kind": THREE.tolist(), "flag": SIDE.tolist()})
    search = GridSearchCV(classifier(of_table), {"model__hidden": [4, 16]}, cv=2)
    assert search.fit(table, NAMES).best_score_ > 0.9
    net = search.best_estimator_
    assert net.feature_names_in_.tolist() == ["age", "kind", "flag"]
    with pytest.raises(ValueError, match="same order"):
        net.predict(table[["kind", "age", "flag"]])
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        net.predict(table.head(0))
    with pytest.raises(TypeError, match="a table with the columns of the fit"):
        net.predict([[1.0, "low", True]])
    weights = np.arange(ROWS) % 2  # rows of a table can be left out
    kept = np.flatnonzero(weights)
    some = table.iloc[kept] if library == "pandas" else table[kept]
    half = classifier(of_table, epochs=2).fit(table, NAMES, weights).predict_proba(table)
    assert (
        half == classifier(of_table, epochs=2).fit(some, NAMES[kept]).predict_proba(table)
    ).all()
    for model in (network, network(3, 1)):
        with pytest.raises((ValueError, TypeError), match=r"NaN|None|convert|string"):
            classifier(model).fit(table, NAMES)


def test_models_of_several_inputs(classifier):
    """Columns go to the inputs in order; those of a table by name, if inputs have these names."""
    pandas = pytest.importorskip("pandas")
    sparse = pytest.importorskip("scipy.sparse")

    def joined(*inputs):
        parts = [Dense(4, "relu")(each) for each in inputs]
        return lamina.Model(list(inputs), Dense(1)(layers.Concatenate()(parts)))

    def in_order():
        return joined(lamina.Input((3,), name="three"), lamina.Input((1,), name="one"))

    def by_name():
        return joined(lamina.Input((1,), name="b"), lamina.Input((1,), name="a"))

    with lamina.random.seeded(int(np.random.RandomState(0).randint(np.iinfo(np.int32).max))):
        model = in_order()
        model.compile("adam", lamina.losses.BinaryCrossentropy(from_logits=True))
        model.fit([X[:, :3], X[:, 3:]], SIDE, epochs=2, verbose=0)
    logits = model.predict([X[:, :3], X[:, 3:]], verbose=0)[:, 0]
    table = pandas.DataFrame(X, columns=list("abcd"))
    for given in (X, table, sparse.csr_matrix(X)):
        net = classifier(in_order, epochs=2, learning_rate=None).fit(given, SIDE)
        assert ((net.predict_proba(given)[:, 1] > 0.5) == (logits > 0)).all()
    assert classifier(by_name, epochs=60).fit(table, SIDE).score(table, SIDE) > 0.9


@pytest.mark.parametrize("inputs", [[X[:, :3], X[:, 3:]], {"a": X[:, :3], "b": X[:, 3:]}])
def test_rows_are_taken_from_one_array(regressor, inputs):
    refusal = r"^NeuralNetRegressor: X must be one .* of 2\. Put the col"
    with pytest.raises(TypeError, match=refusal):
        regressor().fit(inputs, X[:, 0])
    with pytest.raises(TypeError, match=refusal):
        regressor().fit(X, X[:, 0]).predict(inputs)
    images = [np.outer(row, row) for row in X]  # rows, not inputs
    flat = regressor(lambda n_outputs_: lamina.Sequential([layers.Flatten(), Dense(n_outputs_)]))
    assert flat.fit(images, X[:, 0]).predict(images[:5]).shape == (5,)


def test_series_may_be_longer_than_those_of_the_fit(regressor):
    def recurrent(n_outputs_):
        return lamina.Sequential([lamina.Input((None, 1)), layers.GRU(3), Dense(n_outputs_)])

    series, y = X[:, :, None], X[:, 0]
    net = regressor(recurrent, epochs=2).fit(series, y)
    for length in (2, 7):
        longer = np.resize(series, (9, length, 1))
        expected = net.model_.predict(longer, verbose=0)[:, 0]
        np.testing.assert_array_equal(net.predict(longer), expected)
    net.partial_fit(series[:, :3], y)
    assert (net.n_features_in_, net.n_iter_) == (4, 3)
    with pytest.raises(ValueError, match=r"expecting rows of shape \(None, 1\) as input"):
        net.predict(np.zeros((2, 4, 2)))
    fixed = regressor(epochs=1).fit(X, y)
    with pytest.raises(ValueError, match="X has 3 features, but NeuralNetRegressor is expecting 4"):
        fixed.predict(X[:, :3])


def test_texts(classifier):
    from sklearn.model_selection import cross_val_score

    y = RNG.integers(0, 2, ROWS)
    words = np.array([["bad", "awful"], ["good", "fine"]])
    texts = [f"{words[k, i % 2]} film {i % 7}" for i, k in enumerate(y)]
    net = classifier(of_texts, learning_rate=0.05)
    for given in (texts, np.array(texts), np.array(texts, dtype=object)[:, None]):
        assert cross_val_score(net, given, y, cv=2).min() > 0.95
    assert net.fit(texts, y).predict(["a good film", "awful"]).tolist() == [1, 0]


def test_layers_adapted_to_the_rows_of_a_fit(classifier):
    seen = []

    def adapted(X, y, n_outputs_):
        seen.append((X, y))
        scale = layers.Normalization()
        scale.adapt(X)
        return lamina.Sequential([scale, Dense(8, "relu"), Dense(n_outputs_)])

    half = X[: ROWS // 2] * 1000
    net = classifier(adapted).fit(half, NAMES[: ROWS // 2])
    assert (seen[0][0] == half).all()
    assert (seen[0][1] == NAMES[: ROWS // 2]).all()
    np.testing.assert_allclose(np.ravel(net.model_.layers[0].mean), half.mean(axis=0), rtol=1e-5)
    assert net.score(X * 1000, NAMES) > 0.9


# --- sparse rows


def test_sparse_rows_are_dense_rows(classifier):
    sparse = pytest.importorskip("scipy.sparse")
    few = np.where(np.abs(X) > 0.7, X, 0)
    for settings in (
        {},
        {"validation_split": 0.3},
        {"batch_size": "all"},
        {"class_weight": "balanced"},
    ):
        dense = classifier(epochs=3, **settings).fit(few, THREE)
        for form in (sparse.csr_matrix, sparse.csc_array, sparse.coo_array, sparse.dok_array):
            net = classifier(epochs=3, **settings).fit(form(few), THREE)
            assert net.history_ == dense.history_
            assert (net.predict_proba(form(few)) == dense.predict_proba(few)).all()


def test_sparse_rows_are_never_dense_together(classifier, monkeypatch):
    sparse = pytest.importorskip("scipy.sparse")
    rows, made, toarray = 3000, [], sparse.csr_matrix.toarray

    def noted(self, *args, **settings):
        made.append(self.shape[0])
        return toarray(self, *args, **settings)

    x = sparse.random(rows, 2000, 0.005, "csr", rng=np.random.default_rng(0))
    y = np.asarray(x[:, :1000].sum(axis=1) > x[:, 1000:].sum(axis=1)).ravel()
    monkeypatch.setattr(sparse.csr_matrix, "toarray", noted)
    net = classifier(epochs=10).fit(sparse.csr_matrix(x), y)
    assert net.score(sparse.csr_matrix(x), y) > 0.9
    assert 0 < max(made) < rows / 2


# --- weights


def test_weights_are_repetitions(classifier, regressor):
    counts = RNG.integers(0, 4, ROWS)

    def exact(n_features_in_, n_outputs_):
        return lamina.Sequential([Dense(8, "tanh"), Dense(n_outputs_)], dtype="float64")

    for make, y in ((classifier, THREE), (regressor, X[:, 0] * X[:, 1])):
        net = make(exact, batch_size="all")
        weighted = net.fit(X, y, sample_weight=counts * 0.1).model_.get_weights()
        repeated = net.fit(X.repeat(counts, 0), y.repeat(counts)).model_.get_weights()
        for ours, theirs in zip(weighted, repeated, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-11)


def test_weights_of_classes(classifier):
    rare = X[:, 0] > 1.2

    def found(**settings):
        return classifier(epochs=5, **settings).fit(X, rare).predict(X)[rare].mean()

    assert found(class_weight={True: 100.0, False: 1.0}) > found() + 0.2
    balanced = {True: ROWS / (2 * rare.sum()), False: ROWS / (2 * (~rare).sum())}
    assert found(class_weight="balanced") == found(class_weight=balanced)
    weights = np.where(rare, balanced[True], balanced[False])
    by_rows = classifier(epochs=5).fit(X, rare, sample_weight=7 * weights)
    assert by_rows.predict(X)[rare].mean() == found(class_weight="balanced")
    plain = classifier(epochs=5, optimizer="sgd", learning_rate=0.1)
    by_rows = plain.fit(X, rare, sample_weight=7 * weights).predict_proba(X)
    by_class = plain.set_params(class_weight="balanced").fit(X, rare).predict_proba(X)
    np.testing.assert_allclose(by_rows, by_class, rtol=1e-4, atol=1e-6)
    with pytest.raises(ValueError, match="class_weight"):
        classifier(class_weight={"no": 1.0}).fit(X, rare)


def test_weights_that_do_not_fit(classifier):
    for weights, text in (
        (np.zeros(ROWS), "zero"),
        (-np.ones(ROWS), "[Nn]egative"),
        (np.ones(ROWS - 1), "sample_weight"),
        (SIDE * 1.0, "at least 2 classes"),
    ):
        with pytest.raises(ValueError, match=text):
            classifier().fit(X, NAMES, sample_weight=weights)
