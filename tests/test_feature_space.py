"""FeatureSpace: columns prepared and encoded, on arrays and at the head of a model."""

import json

import numpy as np
import pytest

import lamina
from lamina.layers import Dense, HashedCrossing, TextVectorization
from lamina.utils import FeatureSpace

pd = pytest.importorskip("pandas")

DATA = {
    "size": [0.0, 0.5, 1.0, 2.5],
    "age": [20.0, 40.0, 60.0, 80.0],
    "word": ["zero", "one", "two", "two"],
    "code": [7, 2**40, 7, 9],
}
KINDS = {
    "size": "float_normalized",
    "age": FeatureSpace.float_discretized(num_bins=2),
    "word": FeatureSpace.string_categorical(),
    "code": "integer_categorical",
}


def space(**options):
    made = FeatureSpace(
        {**KINDS, "age": FeatureSpace.float_discretized(num_bins=2),
         "word": FeatureSpace.string_categorical()},
        crosses=[("word", "code"), FeatureSpace.cross(("age", "word"), crossing_dim=4)],
        crossing_dim=5, **options,
    )  # fmt: skip
    made.adapt(DATA)
    return made


def by_hand():
    """Columns in the order of their names, then crosses: each encoded with NumPy alone."""
    size = np.array(DATA["size"])
    age = np.digitize(DATA["age"], space().preprocessors["age"].bin_boundaries)
    word = np.array([{"two": 1, "zero": 2, "one": 3}[w] for w in DATA["word"]])
    code = np.array([{7: 1, 2**40: 2, 9: 3}[c] for c in DATA["code"]])
    return {
        "age": np.eye(2)[age],
        "code": np.eye(4)[code],
        "size": ((size - size.mean()) / size.std())[:, None],
        "word": np.eye(4)[word],
        "age_X_word": np.eye(4)[HashedCrossing(4)([age, word])],
        "word_X_code": np.eye(5)[HashedCrossing(5)([word, code])],
    }


def test_columns_are_encoded_by_name():
    wanted = by_hand()
    made = space(output_mode="dict")(DATA)
    assert list(made) == list(wanted)
    for name, column in wanted.items():
        np.testing.assert_allclose(made[name], column, rtol=1e-6, err_msg=name)
    joined = space()(DATA)
    np.testing.assert_allclose(joined, np.concatenate(list(wanted.values()), 1), rtol=1e-6)
    assert joined.dtype == np.float32


def test_one_row_tables_and_columns_of_any_kind():
    made = space()
    whole = made(DATA)
    row = made({name: column[1] for name, column in DATA.items()})
    np.testing.assert_array_equal(row, whole[1])
    np.testing.assert_array_equal(made(pd.DataFrame(DATA)), whole)
    np.testing.assert_array_equal(made({n: np.array(c)[:, None] for n, c in DATA.items()}), whole)


@pytest.mark.parametrize("form", ["batches", "pairs", "generator", "dataset", "frame"])
def test_adapt_on_batches(form):
    parts = [{n: c[i : i + 2] for n, c in DATA.items()} for i in (0, 2)]
    given = {
        "batches": parts,
        "pairs": [(part, np.zeros(2)) for part in parts],
        "generator": (part for part in parts),
        "dataset": lamina.data.Dataset.from_tensor_slices(
            {**DATA, "word": np.array(DATA["word"])}).batch(2),
        "frame": pd.DataFrame(DATA),
    }[form]  # fmt: skip
    features = {"size": "float_normalized", "word": "string_categorical"}
    made, wanted = FeatureSpace(features), FeatureSpace(features)
    made.adapt(given)
    wanted.adapt(DATA)
    np.testing.assert_allclose(made(DATA), wanted(DATA), rtol=1e-6)


def test_at_the_head_of_a_model():
    made = space()
    encoded = made.get_encoded_features()
    outputs = Dense(1)(encoded)
    trained, whole = lamina.Model(encoded, outputs), lamina.Model(made.get_inputs(), outputs)
    trained.compile("sgd", "mse")
    trained.fit(made(DATA), np.arange(4.0), verbose=0)
    for x in (DATA, pd.DataFrame(DATA)):
        np.testing.assert_allclose(whole.predict(x), trained.predict(made(DATA)), rtol=1e-5)
    whole.compile("sgd", "mse")
    whole.fit(DATA, np.arange(4.0), verbose=0)


def test_models_and_spaces_are_kept(tmp_path):
    made = space()
    model = lamina.Model(made.get_inputs(), Dense(1)(made.get_encoded_features()))
    model.save(tmp_path / "model.lamina")
    restored = lamina.models.load_model(tmp_path / "model.lamina")
    np.testing.assert_array_equal(restored.predict(DATA), model.predict(DATA))
    config = json.loads(json.dumps(made.get_config()))
    made.save(tmp_path / "space.lamina")
    for other in (FeatureSpace.from_config(config), FeatureSpace.load(tmp_path / "space.lamina")):
        np.testing.assert_array_equal(other(DATA), made(DATA))
    data = (tmp_path / "space.lamina").read_bytes()
    (tmp_path / "cut.lamina").write_bytes(data[:-3])
    with pytest.raises(ValueError, match=r"cut\.lamina"):
        FeatureSpace.load(tmp_path / "cut.lamina")
    with pytest.raises(ValueError, match="needs a feature space"):
        FeatureSpace.load(tmp_path / "model.lamina")


def test_all_kinds_and_layers_of_ones_own():
    text = TextVectorization(output_mode="tf_idf")
    made = FeatureSpace({
        "size": "float", "age": FeatureSpace.float_rescaled(0.01, 1.0), "word": "string_hashed",
        "code": FeatureSpace.integer_hashed(4, output_mode="int"),
        "text": FeatureSpace.feature("string", text, "float"),
        "half": FeatureSpace.float_discretized(bin_boundaries=[1.0]),
    }, output_mode="dict", hashing_dim=6)  # fmt: skip
    data = {**DATA, "text": ["a b", "b", "c", "c"], "half": DATA["size"]}
    made.adapt(data)
    shapes = {n: y.shape[1:] for n, y in made(data).items()}
    assert shapes == {"age": (1,), "code": (1,), "half": (2,), "size": (1,), "text": (4,),
                      "word": (6,)}  # fmt: skip
    np.testing.assert_allclose(made(data)["age"][:, 0], np.array(DATA["age"]) * 0.01 + 1)
    assert again(made)(data)["text"].tolist() == made(data)["text"].tolist()


def again(made):
    return FeatureSpace.from_config(json.loads(json.dumps(made.get_config())))


REFUSED = {
    "none": (lambda: FeatureSpace({}), "features must be a dict of at least one"),
    "kind": (lambda: FeatureSpace({"a": "floats"}), "did you mean 'float'"),
    "mode": (lambda: FeatureSpace({"a": "float"}, output_mode="list"), "'concat' or 'dict'"),
    "cross": (lambda: FeatureSpace({"a": "float"}, crosses=[("a", "b")]), "crosses: "),
    "early": (lambda: FeatureSpace({"a": "float_normalized"})({"a": [1.0]}), "adapt it first"),
    "column": (lambda: space()({"size": [1.0]}), "data have no column 'age'"),
    "array": (lambda: space()(np.ones((2, 2))), "a dict of columns or a table; got ndarray"),
    "integers": (lambda: FeatureSpace({"a": FeatureSpace.integer_hashed(3, output_mode="int")})(
        {"a": [1]}), "feature 'a' is integers"),
    "one_hot": (lambda: FeatureSpace({"a": FeatureSpace.feature(
        "float32", lamina.layers.Identity(), "one_hot")})({"a": [1.0]}), "cannot be 'one_hot'"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    call, rule = REFUSED[case]
    with pytest.raises((TypeError, ValueError)) as caught:
        call()
    assert rule in str(caught.value)
