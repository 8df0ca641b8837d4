"""Vocabularies and weights that lookups have learned, in files for Keras."""

import json
import zipfile

import numpy as np
import pytest

import lamina
from keras_archives import inner_file
from lamina import layers
from lamina.models import load_model

h5py = pytest.importorskip("h5py")

WORDS = np.array([["a b"], ["b"], ["c b a"]], object)
LOOKUPS = {
    "integers": ("int32", layers.IntegerLookup, np.array([[1], [5], [5]])),
    "codes": (
        "int32", lambda: layers.IntegerLookup(output_mode="multi_hot"), np.array([[1], [5], [5]]),
    ),
    "strings": ("string", lambda: layers.StringLookup(num_oov_indices=2, mask_token="c"), WORDS),
    "texts": ("string", layers.TextVectorization, WORDS),
    "weighted texts": (
        "string",
        lambda: layers.TextVectorization(9, output_mode="tf_idf", pad_to_max_tokens=True),
        WORDS,
    ),
    "tokens": (
        "int32", lambda: layers.IntegerLookup(invert=True), np.array([[1], [5], [5]]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("name", LOOKUPS)
def test_what_lookups_have_learned_is_in_the_file(name, ending, tmp_path):
    """Keras has no lookups without TensorFlow: the test checks where it would read them."""
    kind, make, x = LOOKUPS[name]
    layer = make()
    layer.adapt(x)
    model = lamina.Sequential([lamina.Input((1,), dtype=kind), layer])
    path = tmp_path / f"m{ending}"
    model.save(path)
    back = load_model(path)
    known = layer.get_vocabulary()
    assert back.layers[0].get_vocabulary() == known
    x = np.array([[1], [2], [0]]) if name == "tokens" else x
    answers = [layer(each) for each in (x, x[::-1])]
    for each, answer in zip((x, x[::-1]), answers, strict=True):
        np.testing.assert_array_equal(back.layers[0](each), answer)
    if ending == ".keras":
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))["config"]["layers"][1]["config"]
        first = 0 if name == "weighted texts" else len(known) - len(config["vocabulary"])
        assert config["vocabulary"] == known[first:]
        weights = config["idf_weights"]
        assert weights is None or len(weights) == len(known)


def test_weights_of_special_tokens_are_kept(tmp_path):
    layer = layers.IntegerLookup(output_mode="tf_idf")
    layer.set_vocabulary([-1, 5, 1], [7.0, 2.0, 1.0])
    model = lamina.Sequential([lamina.Input((1,), dtype="int32"), layer])
    model.save(tmp_path / "m.keras")
    back = load_model(tmp_path / "m.keras").predict([[3], [5]], verbose=0)
    assert back.tolist() == [[7.0, 0.0, 0.0], [0.0, 2.0, 0.0]]


def test_a_vocabulary_that_replaces_a_given_one_is_kept(tmp_path):
    layer = layers.IntegerLookup(vocabulary=[1, 5])
    layer.set_vocabulary([5, 1])
    model = lamina.Sequential([lamina.Input((1,), dtype="int32"), layer])
    for ending in (".keras", ".lamina"):
        model.save(tmp_path / f"m{ending}")
        assert load_model(tmp_path / f"m{ending}").layers[0].get_vocabulary() == [-1, 5, 1]


@pytest.mark.parametrize("mode", ["int", "multi_hot", "tf_idf"])
def test_what_layers_learned_of_texts_goes_into_the_file(mode, tmp_path):
    texts = np.array([["the cat sat"], ["a dog"], ["The dog"]])
    words = np.array([["cat"], ["dog"], ["cat"]])
    for layer, x in (
        (layers.TextVectorization(output_mode=mode), texts),
        (layers.StringLookup(output_mode=mode), words),
    ):
        layer.adapt(x.ravel())
        model = lamina.Sequential([lamina.Input((1,), dtype="string"), layer])
        model.save(tmp_path / "m.keras")
        back = load_model(tmp_path / "m.keras")
        assert np.array_equal(back.predict(x, verbose=0), model.predict(x, verbose=0))
        assert back.layers[0].get_config()["vocabulary"] is not None
        assert back.layers[0].get_vocabulary() == layer.get_vocabulary()
        with h5py.File(inner_file(tmp_path)) as file:
            (place,) = file["layers"]
            held = file[f"layers/{place}/vars"]
            assert list(held) == (["idf_weights"] if mode == "tf_idf" else [])
