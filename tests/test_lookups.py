"""Lookups of strings and integers, hashes and texts, on arrays; Keras's documented answers."""

import json
import warnings

import numpy as np
import pytest

from lamina import layers
from lamina.layers import HashedCrossing, Hashing, IntegerLookup, StringLookup, TextVectorization

pd = pytest.importorskip("pandas")

VOCABULARY = ["a", "b", "c", "d"]
TWICE = [["a", "c", "d", "d"], ["d", "z", "b", "z"]]
IDF = [0.25, 0.75, 0.6, 0.4]


def again(layer):
    """Return the layer made from the configuration, after a round trip through JSON."""
    config = json.loads(json.dumps(layers.serialize(layer)))
    return layers.deserialize(config)


# Examples of Keras's documentation.
DOCUMENTED = {
    "int": (StringLookup(vocabulary=VOCABULARY), [["a", "c", "d"], ["d", "z", "b"]],
            [[1, 3, 4], [4, 0, 2]]),
    "several unknown": (StringLookup(vocabulary=VOCABULARY, num_oov_indices=2),
                        [["a", "c", "d"], ["m", "z", "b"]], [[2, 4, 5], [0, 1, 3]]),
    "one_hot": (StringLookup(vocabulary=VOCABULARY, output_mode="one_hot"),
                ["a", "b", "c", "d", "z"], np.eye(5)[[1, 2, 3, 4, 0]]),
    "multi_hot": (StringLookup(vocabulary=VOCABULARY, output_mode="multi_hot"), TWICE,
                  [[0, 1, 0, 1, 1], [1, 0, 1, 0, 1]]),
    "count": (StringLookup(vocabulary=VOCABULARY, output_mode="count"), TWICE,
              [[0, 1, 0, 1, 2], [2, 0, 1, 0, 1]]),
    "tf_idf": (StringLookup(vocabulary=VOCABULARY, idf_weights=IDF, output_mode="tf_idf"), TWICE,
               [[0, 0.25, 0, 0.6, 0.8], [1.0, 0, 0.75, 0, 0.4]]),
    "tf_idf of unknown": (
        StringLookup(vocabulary=["[UNK]", *VOCABULARY], idf_weights=[0.9, *IDF],
                     output_mode="tf_idf"), TWICE,
        [[0, 0.25, 0, 0.6, 0.8], [1.8, 0, 0.75, 0, 0.4]]),
    "masked count": (StringLookup(vocabulary=["a"], mask_token="", output_mode="count"),
                     [["", "a", "", "b"]], [[1, 1]]),
    "masked": (StringLookup(vocabulary=["a"], mask_token=""), [["", "a", "b"]], [[0, 2, 1]]),
    "integers": (IntegerLookup(vocabulary=[12, 36, 1138, 42]), [[12, 1138, 42], [42, 1000, 36]],
                 [[1, 3, 4], [4, 0, 2]]),
    "several unknown integers": (IntegerLookup(vocabulary=[12, 36, 1138, 42], num_oov_indices=2),
                                 [[12, 1138, 42], [37, 1000, 36]], [[2, 4, 5], [1, 0, 3]]),
    "hash": (Hashing(3), [["A"], ["B"], ["C"], ["D"], ["E"]], [[1], [0], [1], [1], [2]]),
    "masked hash": (Hashing(3, mask_value=""), [["A"], ["B"], [""], ["C"], ["D"]],
                    [[1], [1], [0], [2], [2]]),
    "two salts": (Hashing(3, salt=[133, 137]), [["A"], ["B"], ["C"], ["D"], ["E"]],
                  [[1], [2], [1], [0], [2]]),
    "salt": (Hashing(3, salt=133), [["A"], ["B"], ["C"], ["D"], ["E"]], [[0], [0], [2], [1], [0]]),
    "crossing": (HashedCrossing(5), [["A", "B", "A", "B", "A"], [101, 101, 101, 102, 102]],
                 [1, 4, 1, 1, 3]),
    "crossing, one-hot": (HashedCrossing(5, output_mode="one_hot"),
                          [["A", "B", "A", "B", "A"], [101, 101, 101, 102, 102]],
                          np.eye(5)[[1, 4, 1, 1, 3]]),
}  # fmt: skip


@pytest.mark.parametrize("case", DOCUMENTED)
def test_keras_says(case):
    layer, x, wanted = DOCUMENTED[case]
    for each in (layer, again(layer)):
        got = each(x)
        assert got.dtype == (
            np.float32
            if np.ndim(wanted) > got.ndim
            or "hot" in case
            or case in ("count", "masked count", "tf_idf", "tf_idf of unknown")
            else np.int32
        )
        np.testing.assert_allclose(got, wanted, rtol=1e-6)
        assert layer.compute_output_shape(shapes_of(layer, x)) == got.shape


def shapes_of(layer, x):
    return [np.shape(v) for v in x] if isinstance(layer, HashedCrossing) else np.shape(x)


def test_hashes_of_every_length():
    # From FarmHash's reference implementation: lengths up to 16, 32, 64, and more in blocks of 64.
    wanted = {
        "": 0x9AE16A3B2F90404F, "foo": 6150913649986995171, "1footrue": 16905089972579912905,
        "x" * 20: 8233088228747857348, "y" * 40: 276292113409495006,
        "z" * 63: 4328006109088684861, "a" * 64: 5893282057753879417,
        "b" * 65: 10071709951019872151, "cd" * 100: 11084413821090928577,
        "e" * 128: 636238372002547799, "f" * 129: 16211324868235512704,
    }  # fmt: skip
    bins = 2**31 - 1
    got = Hashing(bins)(list(wanted))
    assert got.tolist() == [value % bins for value in wanted.values()]
    # SipHash-2-4's own example: bytes 0 to 14 under the key of bytes 0 to 15.
    key = (0x0706050403020100, 0x0F0E0D0C0B0A0908)
    text = bytes(range(15)).decode()
    assert Hashing(bins, salt=key)([text])[0] == 0xA129CA6149BE45E5 % bins


def test_integers_are_hashed_as_they_are_written():
    assert (Hashing(97)([7, -12, 2**40]) == Hashing(97)(["7", "-12", str(2**40)])).all()
    layer = IntegerLookup(vocabulary=[1], num_oov_indices=5, oov_method="farmhash", salt=3)
    assert (layer([8, 9]) == Hashing(5, salt=3)(["8", "9"])).all()


# --- adapt


def test_the_most_frequent_come_first_and_ties_descend():
    layer = StringLookup()
    layer.adapt([["a", "c", "d"], ["d", "z", "b"]])
    assert layer.get_vocabulary() == ["[UNK]", "d", "z", "c", "b", "a"]
    assert layer.get_vocabulary(include_special_tokens=False) == ["d", "z", "c", "b", "a"]
    assert layer.vocabulary_size() == 6
    assert again(layer).get_vocabulary() == layer.get_vocabulary()
    layer = IntegerLookup(max_tokens=4, mask_token=0)
    layer.adapt(np.array([5, 0, 0, 0, 7, 7, -3, 5, 5]))
    assert layer.get_vocabulary() == [0, -1, 5, 7]
    assert layer([[0, 5, 9]]).tolist() == [[0, 2, 1]]


@pytest.mark.parametrize("form", ["list", "array", "bytes", "series", "frame", "category",
                                  "generator", "pairs", "batches"])  # fmt: skip
def test_adapt_and_call_on_what_users_hold(form):
    words = ["b", "a", "b", "c", "b", "a"]
    given = {
        "list": words, "array": np.array(words), "bytes": np.array(words, "S"),
        "series": pd.Series(words), "frame": pd.DataFrame({"w": words}),
        "category": pd.Series(words, dtype="category"),
        "generator": (words[i : i + 2] for i in (0, 2, 4)),
        "pairs": ((words[i : i + 2], [0.0, 1.0]) for i in (0, 2, 4)),
        "batches": Batches(words),
    }[form]  # fmt: skip
    layer = StringLookup()
    layer.adapt(given)
    assert layer.get_vocabulary() == ["[UNK]", "b", "a", "c"]
    if form not in ("generator", "pairs", "batches"):
        assert layer(given).ravel().tolist() == [1, 2, 1, 3, 1, 2]


class Batches:
    def __init__(self, words):
        self.words = words

    def __len__(self):
        return 3

    def __getitem__(self, i):
        return self.words[2 * i : 2 * i + 2], np.zeros(2)


def test_a_call_without_a_vocabulary_warns_once():
    layer = layers.StringLookup(name="words")
    with pytest.warns(UserWarning, match=r"words has no vocabulary yet: call words.adapt\(data\)"):
        assert layer(["a"]).tolist() == [0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert layer(["a"]).tolist() == [0]
        assert layers.StringLookup(vocabulary=["a"])(["a"]).tolist() == [1]


def test_document_frequencies():
    layer = TextVectorization(output_mode="tf_idf")
    layer.adapt(["a b", "a a c", "a"])
    # log(1 + documents / (1 + documents with the token)); unknown ones get the mean.
    one, three = np.log(1 + 3 / 2), np.log(1 + 3 / 4)
    wanted = {"[UNK]": (2 * one + three) / 3, "a": three, "c": one, "b": one}
    assert layer.get_vocabulary() == list(wanted)
    np.testing.assert_allclose(
        layer(["a c a q"])[0], np.array([1, 2, 1, 0]) * list(wanted.values()), rtol=1e-6
    )
    np.testing.assert_array_equal(again(layer)(["a c a q"]), layer(["a c a q"]))
    layer = StringLookup(output_mode="tf_idf", pad_to_max_tokens=True, max_tokens=6)
    layer.adapt([["a", "b"], ["a", "a"]])
    assert layer([["a"]]).shape == (1, 6)


def test_a_failed_adapt_changes_nothing():
    layer = StringLookup()
    layer.adapt(["a", "b"])
    with pytest.raises(TypeError, match=r"adapt: data must hold strings; got 3 \(int\) in row 1"):
        layer.adapt([["c"], [3]])
    with pytest.raises(ValueError, match="needs at least one token"):
        layer.adapt([])
    assert layer.get_vocabulary() == ["[UNK]", "b", "a"]


# --- texts

TEXTS = ["The cat, the CAT!", "a dog's day"]


@pytest.mark.parametrize(("options", "wanted"), [
    ({}, ["", "[UNK]", "the", "cat", "dogs", "day", "a"]),
    ({"standardize": None}, ["", "[UNK]", "the", "dog's", "day", "cat,", "a", "The", "CAT!"]),
    ({"standardize": "strip_punctuation"},
     ["", "[UNK]", "the", "dogs", "day", "cat", "a", "The", "CAT"]),
    ({"standardize": "lower", "split": None}, ["", "[UNK]", "the cat, the cat!", "a dog's day"]),
    ({"split": lambda x: np.char.split(x, "a")},
     ["", "[UNK]", "y", "the c", "t the c", "t", " dogs d"]),
    ({"standardize": lambda x: np.char.replace(x, "e", ""), "ngrams": (2,)},
     ["", "[UNK]", "th CAT!", "dog's day", "cat, th", "a dog's", "Th cat,"]),
    ({"ngrams": 2, "max_tokens": 6}, ["", "[UNK]", "the cat", "the", "cat", "dogs day"]),
    ({"output_mode": "count", "max_tokens": 3}, ["[UNK]", "the", "cat"]),
])  # fmt: skip
def test_vocabularies_of_texts(options, wanted):
    layer = TextVectorization(**options)
    layer.adapt(TEXTS)
    assert layer.get_vocabulary() == wanted


def test_texts_are_cut_and_filled_up():
    layer = TextVectorization(vocabulary=["the", "cat", "day"])
    assert layer(TEXTS).tolist() == [[2, 3, 2, 3], [1, 1, 4, 0]]
    assert layer(np.array(TEXTS)[:, None]).tolist() == layer(TEXTS).tolist()
    assert layer("the day").tolist() == [2, 4]
    for length, wanted in ((2, [[2, 3], [1, 1]]), (6, [[2, 3, 2, 3, 0, 0], [1, 1, 4, 0, 0, 0]])):
        layer = TextVectorization(vocabulary=["the", "cat", "day"], output_sequence_length=length)
        assert again(layer)(TEXTS).tolist() == wanted
    characters = TextVectorization(split="character", vocabulary=["a", "é"])
    assert characters(["aé!b"]).tolist() == [[2, 3, 1]]
    hot = TextVectorization(output_mode="multi_hot", vocabulary=["the", "cat", "day"])
    assert hot(TEXTS).tolist() == [[0, 1, 1, 0], [1, 0, 0, 1]]


@pytest.mark.parametrize(("options", "wanted"), [
    ({}, ["Ärzte", "ÉtÉ", "a\x1cb", "a\x85b", "c\xa0d", "e\u2003f", "g", "h", "«x»"]),
    ({"standardize": "lower"},
     ["Ärzte", "ÉtÉ", "a\x1cb", "a\x85b", "c\xa0d", "e\u2003f", "g", "h", "«x»!"]),
    ({"standardize": np.char.lower},
     ["ärzte", "été", "a\x1cb", "a\x85b", "c\xa0d", "e\u2003f", "g", "h", "«x»!"]),
    ({"split": "character"}, [*"Ärzte ÉtÉ a\x1cb a\x85b c\xa0d e\u2003f\tg\nh\v«x»"]),
])  # fmt: skip
def test_only_ascii_is_lowered_split_and_stripped(options, wanted):
    # As tf.strings.lower and tf.strings.split do, with which Keras's layer prepares texts.
    text = "ÄRZTE ÉTÉ A\x1cB a\x85b C\xa0D e\u2003f\tG\nH\v«X»!"
    layer = TextVectorization(vocabulary=sorted(set(wanted)), **options)
    assert [layer.get_vocabulary()[i] for i in layer([text])[0]] == wanted


def test_functions_are_given_texts_of_one_axis_in_adapt_and_in_calls():
    seen = []

    def lower(texts):
        seen.append(texts.shape)
        return np.char.lower(texts)

    layer = TextVectorization(standardize=lower)
    for data in (TEXTS, np.array(TEXTS)[:, None]):
        layer.adapt(data)
        layer(data)
    assert seen == [(2,)] * 4


def shout(texts):
    return np.char.upper(texts)


def test_functions_of_a_configuration_are_given_by_name():
    layer = TextVectorization(standardize=shout, vocabulary=["CAT"])
    config = json.loads(json.dumps(layers.serialize(layer)))
    with pytest.raises(ValueError, match="standardize is the function 'shout', which is not known"):
        layers.deserialize(config)
    restored = layers.deserialize(config, custom_objects={"shout": shout})
    assert restored(["cat dog"]).tolist() == [[2, 1]]


# --- back, files, refusals


def test_back_to_tokens():
    places = [[1, 3, 4], [4, 0, 9]]
    strings = StringLookup(vocabulary=VOCABULARY, invert=True)
    assert strings(places).tolist() == [["a", "c", "d"], ["d", "[UNK]", "[UNK]"]]
    integers = IntegerLookup(vocabulary=[12, 36, 1138, 2**40], invert=True)
    assert integers(places).tolist() == [[12, 1138, 2**40], [2**40, -1, -1]]


def test_files_are_read_once_and_by_no_configuration(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("a\nb\nc\nd\n", encoding="utf-8")
    layer = StringLookup(vocabulary=str(path))
    config = layer.get_config()
    assert config["vocabulary"] == VOCABULARY
    with pytest.raises(ValueError, match="holds the vocabulary as a list; got the path"):
        StringLookup.from_config({**config, "vocabulary": str(path)})
    with pytest.raises(FileNotFoundError, match=r"^StringLookup: .*'no\.txt' cannot be read"):
        StringLookup(vocabulary="no.txt")
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match=r"^StringLookup: .*words\.txt' must be text in utf-8"):
        StringLookup(vocabulary=str(path))


REFUSED = {
    "missing": (lambda: StringLookup()([["a"], [None]]), "missing value in row 1"),
    "NaN": (lambda: StringLookup()(pd.Series(["a", np.nan])), "missing value in row 1"),
    "numbers": (lambda: StringLookup()([1, 2]), "x must hold strings; got dtype int64"),
    "ragged": (lambda: StringLookup()([["a"], ["b", "c"]]), "rows of equal length"),
    "strings": (lambda: IntegerLookup()(["a"]), "must hold numbers"),
    "fractions": (lambda: IntegerLookup()([1.0, 2.5]), "x must hold integers; got"),
    "bytes": (lambda: StringLookup()([b"\xff"]), "x must be text in utf-8"),
    "unknown": (lambda: StringLookup(vocabulary=["a"], num_oov_indices=0)(["b"]),
                "num_oov_indices is 0; got 'b'"),
    "twice": (lambda: StringLookup(vocabulary=["a", "a"]), "tokens must be distinct; got 'a'"),
    "mask inside": (lambda: StringLookup(vocabulary=["a", ""], mask_token=""),
                    "the mask token '' may only stand at the beginning"),
    "too many": (lambda: StringLookup(vocabulary=VOCABULARY, max_tokens=3), "max_tokens=3"),
    "given": (lambda: StringLookup(vocabulary=VOCABULARY).adapt(["a"]),
              "given to the constructor and is fixed"),
    "weights": (lambda: StringLookup(vocabulary=["a"], output_mode="tf_idf"), "idf_weights must"),
    "invert": (lambda: StringLookup(invert=True, output_mode="count"), "must be 'int' with invert"),
    "mode": (lambda: Hashing(3, output_mode="tf_idf"), "output_mode must be one of"),
    "sparse": (lambda: Hashing(3, output_mode="count", sparse=True), "sparse must be False"),
    "bins": (lambda: Hashing(0), "num_bins must be a positive integer; got 0"),
    "salt": (lambda: Hashing(3, salt=-1), "salt must be an integer from 0"),
    "one feature": (lambda: HashedCrossing(3)([["a"]]), "needs 2 or more; got 1"),
    "shapes": (lambda: HashedCrossing(3)([["a"], ["a", "b"]]), "must have the same shape"),
    "wide": (lambda: HashedCrossing(3)([[["a", "b"]], [["a", "b"]]]), "(rows,) or (rows, 1)"),
    "two texts": (lambda: TextVectorization()([["a", "b"]]), "shape (rows,) or (rows, 1)"),
    "standardize": (lambda: TextVectorization(standardize="upper"), "standardize must be one of"),
    "length": (lambda: TextVectorization(output_mode="count", output_sequence_length=3),
               "output_sequence_length is for output_mode 'int'"),
    "two": (lambda: StringLookup()("a", "b"), "takes one argument"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    call, rule = REFUSED[case]
    with pytest.raises((TypeError, ValueError)) as caught:
        call()
    assert rule in str(caught.value)
    assert str(caught.value).partition(":")[0]
