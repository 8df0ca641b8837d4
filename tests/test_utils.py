"""to_categorical, normalize."""

from pathlib import Path

import numpy as np
import pytest

import lamina
from lamina import backend, layers, losses, ops, utils
from lamina.nnet import nnet_hess
from lamina.utils import normalize, to_categorical


@pytest.mark.parametrize("labels", [[0, 2, 1], [[0], [2], [1]], np.array([0.0, 2.0, 1.0])])
def test_rows_of_the_identity(labels):
    hot = to_categorical(labels, 4, "float64")
    np.testing.assert_array_equal(hot, np.eye(4)[[0, 2, 1]])
    assert hot.dtype == np.float64


def test_more_axes():
    assert to_categorical(np.zeros((2, 3), int), 5).shape == (2, 3, 5)
    assert to_categorical([], 3).shape == (0, 3)


@pytest.mark.parametrize(
    ("labels", "classes", "text"),
    [
        ([0, 3], 3, r"in \[0, 3\); got 3 at row 1"),
        ([0, -1], None, "got -1 at row 1"),
        ([0.5], None, "whole numbers; got 0.5"),
        ([np.nan], None, "whole numbers"),
        (["a"], None, "must hold numbers"),
        ([], None, "num_classes is needed"),
        ([0], 0, "num_classes must be a positive integer"),
        ([0, 2**60], None, "more than memory"),
    ],
)
def test_refusals(labels, classes, text):
    with pytest.raises((ValueError, TypeError), match=text):
        to_categorical(labels, classes)


def test_norms_of_one():
    x = np.random.default_rng(2).normal(size=(4, 3, 2)).astype("float32")
    x[1] = 0
    for axis, order in ((-1, 2), (1, 1), (2, 3)):
        size = np.maximum((np.abs(x) ** order).sum(axis, keepdims=True) ** (1 / order), 1e-30)
        of_tensors = layers.Lambda(lambda t, axis=axis, order=order: normalize(t, axis, order))(x)
        for y in (normalize(x, axis, order), of_tensors):
            np.testing.assert_allclose(y, x / size, rtol=1e-5, atol=1e-7)
    assert normalize([[3.0, 4.0]]).tolist() == [[0.6, 0.8]]


def test_smoothed_labels_are_the_lectures_and_keras_s():
    y = utils.smooth_labels([1, 0, 3], 0.2, 4, "float64")
    np.testing.assert_allclose(y[0], [0.2 / 3, 0.8, 0.2 / 3, 0.2 / 3], rtol=1e-15)
    np.testing.assert_allclose(y.sum(1), 1.0, rtol=1e-15)
    smoothing, hot = 0.2 * 4 / 3, utils.to_categorical([1, 0, 3], 4, "float64")
    np.testing.assert_allclose(y, hot * (1 - smoothing) + smoothing / 4, rtol=1e-14)
    assert np.array_equal(utils.smooth_labels([1, 0], 0.0), utils.to_categorical([1, 0]))
    with pytest.raises(ValueError, match="smooth_labels: epsilon must be"):
        utils.smooth_labels([1, 0], 1.5)
    with pytest.raises(ValueError, match="smooth_labels: needs at least 2 classes; got 1"):
        utils.smooth_labels([0, 0], 0.1)


def test_names_of_types_are_keras_s():
    named = [np.float32, "bfloat16", bool, "uint8", None, "string", str]
    assert [utils.standardize_dtype(each) for each in named] == [
        "float32", "bfloat16", "bool", "uint8", "float32", "string", "string"
    ]  # fmt: skip
    strings = np.array(["abc"])
    for each in (strings.dtype, np.dtype("S3"), "U3", np.str_, bytes):
        assert utils.standardize_dtype(each) == "string"
    assert ops.dtype(strings) == ops.dtype(strings.astype("S")) == "string"
    with pytest.raises(ValueError, match="cast: dtype must be a float, an integer type or bool"):
        ops.cast([1.0], strings.dtype)
    is_float, is_int = backend.is_float_dtype, backend.is_int_dtype
    assert [is_float(each) for each in ("bfloat16", "float8_e4m3fn", "int8", "bool")] == [
        True, True, False, False
    ]  # fmt: skip
    assert [is_int(each) for each in ("uint16", "bool", "float64")] == [True, False, False]
    with pytest.raises(ValueError, match=r"^standardize_dtype: unknown dtype 'floaty'; did you"):
        utils.standardize_dtype("floaty")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: utils.normalize(3.0), ValueError, "normalize: axis must be one of x, which has"),
        (lambda: utils.normalize([[1.0]], axis=2), ValueError, "normalize: axis must be one of x"),
        (lambda: utils.normalize([1.0], axis="0"), TypeError, "normalize: axis must be an integer"),
        (lambda: utils.img_to_array("x"), TypeError, "img_to_array: img must be a picture or an a"),
        (lambda: utils.get_file(origin=3), TypeError, "get_file: origin must be a path or an addr"),
        (lambda: utils.get_registered_object([]), TypeError, "get_registered_object: name must be"),
        (lambda: utils.get_registered_object("a", 3), TypeError, "get_registered_object: custom_o"),
        (lambda: losses.serialize("x"), TypeError, "serialize: needs an instance with get_config"),
        (lambda: nnet_hess("fit"), TypeError, "nnet_hess: fit must be one of nnet; got 'fit'"),
    ],
)
def test_what_is_of_another_kind_is_told(call, error, message):
    with pytest.raises(error, match=f"^{message}"):
        call()


def test_files_are_found_by_paths_too(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    found = utils.get_file(origin=tmp_path / "a.txt", cache_dir=tmp_path)
    assert Path(found).read_text() == "a"


@pytest.mark.parametrize("room", [lamina.backend, lamina.config])
def test_the_format_of_images_can_be_said_but_not_changed(room):
    room.set_image_data_format("channels_last")
    assert room.image_data_format() == "channels_last"
    with pytest.raises(ValueError, match="give layers data_format='channels_first'; got 'chann"):
        room.set_image_data_format("channels_first")
