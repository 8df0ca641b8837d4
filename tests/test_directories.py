"""Data sets of files in folders; pictures and arrays; files by URL."""

import hashlib
import tarfile
import wave
import zipfile

import numpy as np
import pytest

import golden
import lamina
from lamina import utils
from lamina.data import pictures

SIZES = {"a": [(9, 7), (6, 6), (12, 5), (8, 8)], "b": [(5, 9), (6, 6), (7, 7)]}


def pixels():
    rng = np.random.default_rng(4)
    return {k: [rng.integers(0, 256, (h, w, 3), np.uint8) for h, w in v] for k, v in SIZES.items()}


@pytest.fixture
def folder(tmp_path):
    """Return a folder of lossless pictures of two classes, and one other file."""
    image = pytest.importorskip("PIL.Image")
    for name, arrays in pixels().items():
        (tmp_path / "set" / name).mkdir(parents=True)
        for i, array in enumerate(arrays):
            image.fromarray(array).save(tmp_path / "set" / name / f"{i}.png")
    (tmp_path / "set" / "b" / "notes.txt").write_text("no picture")
    return tmp_path / "set"


def of_images(folder, **options):
    given = {"image_size": (6, 6), "batch_size": 3, "shuffle": False, "verbose": False}
    return utils.image_dataset_from_directory(folder, **{**given, **options})


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest", "bicubic"])
@pytest.mark.parametrize("margins", ["", "crop_to_aspect_ratio", "pad_to_aspect_ratio"])
@pytest.mark.parametrize("color_mode", ["rgb", "grayscale"])
def test_pictures_are_kerass(folder, interpolation, margins, color_mode):
    options = {"interpolation": interpolation, "color_mode": color_mode}
    if margins:
        options[margins] = True
    ours = np.concatenate([x for x, _ in of_images(folder, **options)])

    def theirs():
        pytest.importorskip("grain")
        data = golden.Peer("keras.utils").image_dataset_from_directory(
            str(folder), image_size=(6, 6), batch_size=3, shuffle=False, verbose=False,
            format="grain", **options,
        )  # fmt: skip
        return np.concatenate([np.asarray(x) for x, _ in data]).astype("float32")

    expected = golden.ask(theirs, pixels(), options)
    np.testing.assert_allclose(ours, expected, atol=1e-3)


def test_labels_classes_and_paths(folder, capsys):
    data = of_images(folder, verbose=True)
    assert capsys.readouterr().out == "Found 7 files belonging to 2 classes.\n"
    assert data.class_names == ["a", "b"]
    assert [path[-7:] for path in data.file_paths[3:5]] == ["a/3.png", "b/0.png"]
    assert data.element_spec[0] == ((None, 6, 6, 3), np.dtype("float32"))
    labels = {mode: np.concatenate([y for _, y in of_images(folder, label_mode=mode)])
              for mode in ("int", "binary", "categorical")}  # fmt: skip
    assert (labels["int"].dtype, labels["int"].tolist()) == ("int32", [0, 0, 0, 0, 1, 1, 1])
    assert labels["binary"].shape == (7, 1)
    np.testing.assert_array_equal(labels["categorical"], np.eye(2)[labels["int"]])
    assert len(next(iter(of_images(folder, label_mode=None)))) == 3
    turned = of_images(folder, class_names=["b", "a"])
    assert [int(y) for _, y in turned.unbatch()] == [0, 0, 0, 1, 1, 1, 1]
    given = of_images(folder, labels=[3, 1, 4, 1, 5, 9, 2])
    assert given.class_names == ["1", "2", "3", "4", "5", "9"]
    single = of_images(folder, batch_size=None, data_format="channels_first")
    assert [x.shape for x, _ in single] == [(3, 6, 6)] * 7


def test_a_split_is_kerass_and_every_file_is_in_one_part(folder, capsys):
    options = {"validation_split": 0.3, "seed": 5, "shuffle": True, "verbose": True}
    train, held = of_images(folder, subset="both", **options)
    assert "Using 5 files for training.\nUsing 2 files for validation." in capsys.readouterr().out
    paths = sorted(of_images(folder).file_paths)
    np.random.RandomState(5).shuffle(paths)
    assert (train.file_paths, held.file_paths) == (paths[:5], paths[5:])
    assert of_images(folder, subset="validation", **options).file_paths == held.file_paths
    rows = train.unbatch()
    first, second = ([x.sum() for x, _ in rows] for _ in range(2))
    assert sorted(first) == sorted(second)
    assert first != second
    assert [x.sum() for x, _ in held] == [x.sum() for x, _ in held]


def test_a_model_trains_on_a_folder_and_readers_change_nothing(folder, monkeypatch):
    weights = []
    for readers in (1, 4):
        monkeypatch.setattr("os.cpu_count", lambda n=readers: n)
        data = of_images(folder, shuffle=True, seed=1).map(lambda x, y: (x / 255, y)).prefetch(2)
        model = lamina.Sequential(
            [lamina.Input((6, 6, 3)), lamina.layers.Flatten(), lamina.layers.Dense(2)], seed=3
        )
        model.compile("adam", lamina.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(data, epochs=2, verbose=0, validation_data=data)
        weights.append(model.get_weights()[0])
        assert model.predict(data).shape == (7, 2)
    np.testing.assert_array_equal(*weights)


@pytest.mark.parametrize(
    ("options", "error", "rule"),
    [
        ({"color_mode": "cmyk"}, ValueError, "color_mode must be"),
        ({"interpolation": "area"}, ValueError, "interpolation must be one of"),
        ({"label_mode": "text"}, ValueError, "label_mode must be"),
        ({"labels": [1, 2]}, ValueError, "one number for each of the 7 files; got 2"),
        ({"class_names": ["a", "c"]}, ValueError, "must be folders of .*; got 'c'"),
        ({"subset": "training"}, ValueError, "validation_split and subset go together"),
        ({"subset": "both", "validation_split": 0.5, "shuffle": True}, ValueError, "a seed"),
        ({"subset": "both", "validation_split": 0.01}, ValueError, "at least one file"),
        ({"directory": "none"}, FileNotFoundError, "no folder none"),
    ],
)
def test_what_does_not_fit(folder, options, error, rule):
    with pytest.raises(error, match=rule):
        of_images(options.pop("directory", folder), **options)


def test_a_file_that_is_no_picture_is_told_when_it_is_read(folder):
    (folder / "a" / "9.png").write_bytes(b"no picture")
    whole = sorted((folder / "a").glob("*.png"))[0].read_bytes()
    for data in (b"no picture", whole[: len(whole) // 2]):
        (folder / "a" / "9.png").write_bytes(data)
        with pytest.raises(
            OSError, match=r"image_dataset_from_directory: .*9\.png is not a picture"
        ):
            list(of_images(folder))
    with pytest.raises(FileNotFoundError, match=r"load_img: .*8\.png cannot be read: No such file"):
        lamina.utils.load_img(folder / "8.png")


# --- pictures and arrays


def test_pictures_and_arrays_go_both_ways(tmp_path):
    pytest.importorskip("PIL")
    for channels, mode in ((1, "L"), (3, "RGB"), (4, "RGBA")):
        x = np.random.default_rng(1).integers(0, 256, (5, 4, channels)).astype("float32")
        x[0, 0, 0], x[0, 1, 0] = 0, 255
        image = utils.array_to_img(x)
        assert (image.mode, image.size) == (mode, (4, 5))
        np.testing.assert_array_equal(utils.img_to_array(image), x)
        first = utils.img_to_array(image, data_format="channels_first")
        np.testing.assert_array_equal(first, x.transpose(2, 0, 1))
        utils.save_img(tmp_path / "x.png", x, scale=False)
        color = {"L": "grayscale"}.get(mode, mode.lower())
        again = utils.load_img(tmp_path / "x.png", color_mode=color)
        np.testing.assert_array_equal(utils.img_to_array(again, dtype="uint8"), x)
    with pytest.warns(UserWarning, match="no transparency"):
        utils.save_img(tmp_path / "x.jpg", x)
    assert utils.load_img(tmp_path / "x.jpg", target_size=(3, 2)).size == (2, 3)
    wide = utils.array_to_img(np.arange(40.0).reshape(4, 10, 1))
    wide.save(tmp_path / "wide.png")
    cut = utils.load_img(tmp_path / "wide.png", "grayscale", (2, 2), keep_aspect_ratio=True)
    assert utils.img_to_array(cut).min() > 10  # without the left third
    assert utils.array_to_img(np.full((2, 2, 1), 300.0), scale=False).mode == "I"
    with pytest.raises(ValueError, match="1, 3 or 4 channels; got 2"):
        utils.array_to_img(np.zeros((2, 2, 2)))


def test_our_own_resizing_is_that_of_ops():
    x = np.random.default_rng(2).integers(0, 256, (9, 13, 3), np.uint8)
    for kind in ("bilinear", "nearest"):
        for size in ((4, 5), (9, 20), (30, 13), (1, 1)):
            expected = lamina.ops.image.resize(x.astype("float32"), size, kind)
            got = pictures.resized(x, size, kind, False, False)
            np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-4)
    smart = lamina.preprocessing.image.smart_resize(x, (4, 4))
    middle = lamina.ops.image.resize(x[:, 2:11].astype("float32"), (4, 4))
    np.testing.assert_allclose(smart, middle, rtol=1e-6)


# --- sounds and texts


def write_sound(path, values, width, rate=8000):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(values.shape[1])
        file.setsampwidth(width)
        file.setframerate(rate)
        scale = 2.0 ** (8 * width - 1)
        whole = np.round(values * scale).clip(-scale, scale - 1).astype("<i4")
        shifted = (whole + (128 if width == 1 else 0)).astype("<i4")
        file.writeframes(shifted.view(np.uint8).reshape(-1, 4)[:, :width].tobytes())


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_sounds_of_every_width(tmp_path, width):
    values = np.random.default_rng(3).uniform(-1, 1, (20, 2))
    (tmp_path / "k").mkdir()
    write_sound(tmp_path / "k" / "0.wav", values, width)
    write_sound(tmp_path / "k" / "1.wav", values[:12], width)
    data = utils.audio_dataset_from_directory(tmp_path, shuffle=False, verbose=False)
    ((x, y),) = data
    assert (x.dtype, x.shape, y.tolist()) == ("float32", (2, 20, 2), [0, 0])
    np.testing.assert_allclose(x[0], values, atol=1.5 * 2.0 ** (1 - 8 * width) + 1e-7)
    np.testing.assert_array_equal(x[1, 12:], 0)
    options = {"output_sequence_length": 15, "shuffle": False, "verbose": False}
    ((cut, _),) = utils.audio_dataset_from_directory(tmp_path, **options)
    np.testing.assert_array_equal(cut[:, :12], x[:, :12])
    assert cut.shape == (2, 15, 2)


def test_sounds_are_resampled(tmp_path):
    pytest.importorskip("scipy.signal")
    (tmp_path / "k").mkdir()
    tone = np.sin(2 * np.pi * 100 * np.arange(800) / 8000)[:, None] / 2
    write_sound(tmp_path / "k" / "0.wav", tone, 2)
    data = utils.audio_dataset_from_directory(tmp_path, sampling_rate=4000, verbose=False)
    ((x, _),) = data
    expected = np.sin(2 * np.pi * 100 * np.arange(400) / 4000) / 2
    np.testing.assert_allclose(x[0, 20:-20, 0], expected[20:-20], atol=0.01)


def test_texts(tmp_path):
    for name, text in (("neg/0", "schlecht"), ("pos/0", "gut: ä"), ("pos/1", "besser")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
    data = utils.text_dataset_from_directory(tmp_path, shuffle=False, verbose=False)
    ((x, y),) = data
    assert (x.numpy().tolist(), y.tolist()) == (["schlecht", "gut: ä", "besser"], [0, 1, 1])
    cut = utils.text_dataset_from_directory(
        tmp_path, labels=None, label_mode=None, max_length=3, shuffle=False, verbose=False
    )
    assert next(iter(cut)).tolist() == ["sch", "gut", "bes"]


# --- files by URL


def test_get_file(tmp_path, monkeypatch):
    home, source = tmp_path / "home", tmp_path / "table.csv"
    source.write_text("a,b")
    monkeypatch.setenv("KERAS_HOME", str(home))
    path = utils.get_file(origin=source.as_uri())
    assert path == str(home / "datasets" / "table.csv")
    source.write_text("new")
    assert (home / "datasets" / "table.csv").read_text() == "a,b"
    digest = hashlib.sha256(b"new").hexdigest()
    assert utils.get_file("t.csv", str(source), file_hash=digest).endswith("t.csv")
    with pytest.raises(ValueError, match=r"must have the md5 0+; got"):
        utils.get_file("t.csv", str(source), md5_hash="0" * 32)
    address = "https://example.org/far.csv"
    with pytest.raises(FileNotFoundError, match=r"nothing is fetched .* download https://ex"):
        utils.get_file(origin=address)
    (home / "datasets" / "far.csv").write_text("here")
    assert utils.get_file(origin=address) == str(home / "datasets" / "far.csv")
    with pytest.raises(ValueError, match="fname must be a name, not a path"):
        utils.get_file("../x", address)


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_get_file_unpacks_and_keeps_within_its_folder(tmp_path, monkeypatch, kind):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    (tmp_path / "x.txt").write_text("in it")
    good, bad = tmp_path / f"good.{kind}", tmp_path / f"bad.{kind}"
    for path, name in ((good, "inner/x.txt"), (bad, "../../out.txt")):
        if kind == "tar":
            with tarfile.open(path, "w:gz") as archive:
                archive.add(tmp_path / "x.txt", name)
        else:
            with zipfile.ZipFile(path, "w") as archive:
                archive.write(tmp_path / "x.txt", name)
    folder = utils.get_file(f"good.{kind}", str(good), extract=True)
    assert folder.endswith("good_extracted")
    with open(f"{folder}/inner/x.txt") as file:
        assert file.read() == "in it"
    if kind == "tar":
        with pytest.raises(ValueError, match=r"its own files and folders; got '\.\./"):
            utils.get_file("bad.tar", str(bad), extract=True)
    else:
        utils.get_file("bad.zip", str(bad), extract=True)
    assert not list(tmp_path.rglob("out.txt")) or kind == "zip"
    assert not (tmp_path / "home" / "out.txt").exists()
