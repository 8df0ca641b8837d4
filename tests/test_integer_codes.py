"""Layers of categories whose ``dtype`` is an integer's, and those that are called on one row."""

import json
import zipfile

import numpy as np
import pytest

import lamina
from lamina import layers, ops

WORDS, NUMBERS = ["a", "b"], [1, 2]
# A layer, its kind of input, two rows, and the indices of their elements.
CASES = {
    "CategoryEncoding": (
        lambda **k: layers.CategoryEncoding(4, **k), "int32", [[0, 3, 3], [1, 2, 1]],
        [[0, 3, 3], [1, 2, 1]],
    ),
    "Discretization": (
        lambda **k: layers.Discretization([0.0, 1.0, 2.0], **k), "float32",
        [[-1.0, 2.5, 7.0], [0.5, 1.0, 0.2]], [[0, 3, 3], [1, 2, 1]],
    ),
    "StringLookup": (
        lambda **k: layers.StringLookup(vocabulary=WORDS, **k), "string",
        [["a", "b", "z"], ["z", "z", "a"]], [[1, 2, 0], [0, 0, 1]],
    ),
    "IntegerLookup": (
        lambda **k: layers.IntegerLookup(vocabulary=NUMBERS, **k), "int32",
        [[1, 2, 9], [9, 9, 1]], [[1, 2, 0], [0, 0, 1]],
    ),
    "Hashing": (
        lambda **k: layers.Hashing(3, **k), "string", [["A", "B", "C"], ["D", "E", "E"]],
        [[1, 0, 1], [1, 2, 2]],
    ),
    "TextVectorization": (
        lambda **k: layers.TextVectorization(vocabulary=WORDS, **k), "string",
        [["a b z"], ["z z a"]], [[2, 3, 1], [1, 1, 2]],
    ),
}  # fmt: skip
MODES = ("one_hot", "multi_hot", "count")


def codes(indices, mode, depth):
    """Return the integers that Keras returns."""
    one_hot = np.eye(depth, dtype="int32")[np.asarray(indices)]
    return {"one_hot": one_hot, "multi_hot": one_hot.max(-2), "count": one_hot.sum(-2)}[mode]


def same(found, wanted):
    """Check the values and that they are int32."""
    assert np.asarray(found).dtype == "int32"
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("dtype", ["int64", np.int32])
@pytest.mark.parametrize("name", CASES)
def test_codes_are_integers(name, dtype, tmp_path):
    """On arrays, in models, and in those that files and configurations describe."""
    make, kind, rows, indices = CASES[name]
    rows = np.array(rows)
    for mode in MODES:
        if (name, mode) == ("TextVectorization", "one_hot"):
            continue
        layer = make(output_mode=mode, dtype=dtype)
        first = name == "TextVectorization"  # its codes have no place for the padding
        wanted = codes(np.array(indices) - first, mode, 4 if layer.calls else 3)
        same(layer(rows), wanted)
        again = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
        assert again.get_config()["dtype"] == ("int64" if dtype == "int64" else "int32")
        same(again(rows), wanted)
        x = lamina.Input(rows.shape[1:], dtype=kind)
        model = lamina.Model(x, layer(x))
        assert model.outputs[0].dtype == "int32"
        same(model.predict(rows, verbose=0), wanted)
        for ending in ("lamina", "keras"):
            model.save(tmp_path / f"m.{ending}")
            loaded = lamina.models.load_model(tmp_path / f"m.{ending}")
            same(loaded.predict(rows, verbose=0), wanted)
        if layer.calls:
            behind = lamina.Model(x, layer(x * 1))  # the layer is recorded
            same(behind.predict(rows, verbose=0), wanted)
        else:
            same(make(dtype=dtype)(rows), indices)


def test_integer_codes_in_a_float64_model():
    """The type of the codes is not that in which the model computes."""
    x = lamina.Input((2,), dtype="float64")
    bins = layers.Discretization([0.5, 1.0], output_mode="count", dtype="int64")
    model = lamina.Model(x, layers.Dense(1, dtype="float64")(ops.cast(bins(x), "float64")))
    assert model.predict(np.ones((3, 2)), verbose=0).dtype == "float64"


def test_weighted_frequencies_stay_floats():
    """As in Keras, "tf_idf" and the given weights of counts have their own types."""
    words = layers.StringLookup(
        vocabulary=WORDS, idf_weights=[0.5, 2.0], output_mode="tf_idf", dtype="int64"
    )
    found = words([["a", "b", "b"]])
    assert found.dtype == "float32"
    np.testing.assert_array_equal(found, [[0.0, 0.5, 4.0]])
    x = lamina.Input((3,), dtype="string")
    assert lamina.Model(x, words(x)).outputs[0].dtype == "float32"
    counts = layers.CategoryEncoding(3, output_mode="count", dtype="int64")
    same(counts([[0, 1, 1]], count_weights=[[2.5, 1.0, 3.0]]), [[2, 4, 0]])


def test_types_that_are_refused():
    """The message lists those that are not; strings are what a lookup of them holds in Keras."""
    assert layers.TextVectorization(vocabulary=WORDS, dtype="string")(["b"]).tolist() == [[3]]
    with pytest.raises(ValueError, match=r"Hashing: dtype must be 'int32', 'int64', .*got 'int8'"):
        layers.Hashing(3, dtype="int8")
    with pytest.raises(ValueError, match=r"Dense: dtype must be 'float32', .*got 'int64'"):
        layers.Dense(3, dtype="int64")


@pytest.mark.parametrize(
    ("mode", "dtype", "written"),
    [("int", None, "int64"), ("int", "int32", "int32"), ("count", None, "float32"),
     ("count", "int64", "int64")],
)  # fmt: skip
def test_the_type_that_keras_reads(mode, dtype, written, tmp_path):
    """Keras refuses ``Hashing`` in a file if it returns integers and its type is a float's."""
    x = lamina.Input((2,), dtype="string")
    file = tmp_path / "m.keras"
    lamina.Model(x, layers.Hashing(3, output_mode=mode, dtype=dtype)(x)).save(file)
    with zipfile.ZipFile(file) as archive:
        config = json.loads(archive.read("config.json"))["config"]
    (layer,) = (each for each in config["layers"] if each["class_name"] == "Hashing")
    assert layer["config"]["dtype"]["config"] == {"name": written}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["CategoryEncoding", "Discretization"])
def test_one_row_is_encoded_as_in_a_batch(name, mode):
    """An array with one axis is a row of categories, which Keras returns one vector for."""
    make, _, rows, _ = CASES[name]
    layer = make(output_mode=mode)
    for row, wanted in zip(rows, layer(np.array(rows)), strict=True):
        np.testing.assert_array_equal(layer(np.array(row)), wanted)


def test_one_row_of_weighted_counts():
    """The weights are a row too; a single category is a row of one."""
    layer = layers.CategoryEncoding(3, output_mode="count")
    found = layer(np.array([0, 1, 1]), count_weights=np.array([0.5, 2.0, 3.0]))
    assert found.tolist() == [0.5, 5.0, 0.0]
    assert layer(np.array(2), count_weights=np.array(0.5)).tolist() == [0.0, 0.0, 0.5]


@pytest.mark.parametrize("mode", ["multi_hot", "count"])
def test_one_row_at_a_time_in_a_mapped_data_set(mode):
    """``tf.data`` calls a mapped function on each element of a data set without batches."""
    tf = pytest.importorskip("tensorflow")
    rows = np.array([[0, 3, 3], [1, 2, 1]])
    layer = layers.CategoryEncoding(4, output_mode=mode)
    data = tf.data.Dataset.from_tensor_slices(rows).map(layer)
    assert tuple(data.element_spec.shape) == (4,)
    np.testing.assert_array_equal([each.numpy() for each in data], layer(rows))


@pytest.mark.parametrize("mode", ["multi_hot", "count"])
def test_rows_without_categories(mode):
    """Texts may be empty; a row of numbers is not."""
    lookup = layers.StringLookup(vocabulary=WORDS, output_mode=mode)
    assert lookup(np.zeros(0, "U1")).tolist() == [0.0, 0.0, 0.0]
    assert lookup(np.zeros((2, 0), "U1")).tolist() == [[0.0, 0.0, 0.0]] * 2
    assert lookup(np.zeros((0, 2), "U1")).shape == (0, 3)
    bins = layers.Discretization([0.0, 1.0], output_mode=mode)
    for shape in ((0,), (2, 0)):
        with pytest.raises(ValueError, match=r"discretization.* needs at least one element"):
            bins(np.zeros(shape))
    assert bins(np.zeros((0, 2))).shape == (0, 3)
