"""Images changed together with their labels, boxes and masks: a batch, or an example."""

import itertools

import numpy as np
import pytest

import golden
import lamina
from keras_peer import assert_near, keras
from lamina import layers
from lamina._tensors.given import given
from lamina.data import Dataset
from same_draws import Given, drawn_by_keras, drawn_from, given_draws

RNG = np.random.default_rng(12)
HEIGHT, WIDTH = 6, 8
SIZES = np.array([WIDTH, HEIGHT, WIDTH, HEIGHT], np.float32)
IMAGES = RNG.uniform(0, 255, (3, HEIGHT, WIDTH, 2)).astype("float32")
MASKS = RNG.integers(0, 9, (3, HEIGHT, WIDTH, 1)).astype("int32")
XYXY = np.array(
    [[[1, 1, 4, 5], [0, 0, 8, 6]], [[2.5, 0.5, 7, 3], [5, 2, 6, 3]], [[0, 3, 2, 6], [0, 0, 0, 0]]],
    "float32",
)
LABELS = np.array([[1, 2], [3, 4], [5, -1]], "int32")
CLASSES = np.eye(3, dtype="float32")


def written(boxes, form):
    """Write boxes of corners in another form."""
    x0, y0, x1, y1 = np.moveaxis(boxes / SIZES if form.startswith("rel") else boxes, -1, 0)
    parts = {
        "xyxy": (x0, y0, x1, y1),
        "yxyx": (y0, x0, y1, x1),
        "xywh": (x0, y0, x1 - x0, y1 - y0),
        "center_xywh": ((x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0),
        "center_yxhw": ((y0 + y1) / 2, (x0 + x1) / 2, y1 - y0, x1 - x0),
    }
    return np.stack(parts[form.removeprefix("rel_")], -1)


FORMS = ["xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw",
         "rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh"]  # fmt: skip


def examples(form="xyxy", **more):
    boxes = {"boxes": written(XYXY, form), "labels": LABELS.copy()}
    return {"images": IMAGES, "labels": CLASSES, "bounding_boxes": boxes,
            "segmentation_masks": MASKS, **more}  # fmt: skip


def parts(data):
    boxes = data["bounding_boxes"]
    return [data["images"], data["labels"], boxes["boxes"], boxes["labels"],
            data["segmentation_masks"]]  # fmt: skip


# --- against Keras with the same draws

# Layer, arguments, form of the boxes; where Keras's boxes are wrong others are below.
CASES = [
    ("RandomFlip", {}, "rel_xywh"),
    ("RandomFlip", {"mode": "horizontal"}, "center_yxhw"),
    ("RandomFlip", {"mode": "vertical"}, "yxyx"),
    ("RandomTranslation", {"height_factor": 0.4, "width_factor": (0.1, 0.6)}, "rel_yxyx"),
    ("RandomZoom", {"height_factor": 0.4, "width_factor": (-0.5, 0.1)}, "xywh"),
    ("RandomRotation", {"factor": 0.2, "fill_mode": "constant"}, "xyxy"),
    ("RandomPerspective", {"factor": (0.5, 1.0), "scale": 0.4}, "xyxy"),
    ("RandomErasing", {"fill_value": 3.0}, "xyxy"),
    ("RandomBrightness", {"factor": 0.3}, "rel_xyxy"),
    ("Resizing", {"height": 3, "width": 10}, "rel_center_xywh"),
    ("CenterCrop", {"height": 4, "width": 6}, "xyxy"),
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_examples_are_keras(case):
    name, options, form = CASES[case]
    options = {**options, "bounding_box_format": form}
    data = examples(form)

    def theirs():
        # Keras changes its arguments, and takes an image for a mask if it is not float32.
        copied = {**data, "bounding_boxes": dict(data["bounding_boxes"])}
        with drawn_by_keras():
            made = getattr(keras.layers, name)(**options)(copied, training=True)
        return [np.asarray(each, np.float32) for each in parts(made)]

    wanted = golden.ask(theirs, options, *parts(data))
    made = Given(getattr(layers, name)(**options))(data, given_draws(3))
    for got, want, what in zip(parts(made), wanted, ("images", "labels", "boxes", "names", "masks"),
                               strict=True):  # fmt: skip
        assert_near(np.asarray(got, np.float32), want, f"{name}: {what}")
    assert made["segmentation_masks"].dtype == np.int32


MIXTURES = [
    ({}, ["random_shear", "solarization", "random_posterization", "random_sharpness", None,
          "random_translation", "auto_contrast", "random_contrast", "random_brightness"]),
    ({"num_chains": 2, "chain_depth": 2, "factor": (0.0, 0.6), "alpha": 0.5, "all_ops": False,
      "value_range": (0, 255), "interpolation": "nearest", "data_format": "channels_first"},
     ["random_rotation", "random_shear", None, "solarization"]),
]  # fmt: skip
NAMED = ["random_shear", "random_translation", "random_rotation", "random_posterization",
         "solarization", "auto_contrast", "equalization", "random_brightness",
         "random_color_degeneration", "random_contrast", "random_sharpness"]  # fmt: skip


@pytest.mark.parametrize("case", range(len(MIXTURES)))
def test_augmix_is_keras(case, monkeypatch):
    options, chosen = MIXTURES[case]
    first = options.get("data_format") == "channels_first"
    x = np.random.default_rng(3).uniform(0, 255, (3, 6, 8, 3)).astype("float32")
    x = np.ascontiguousarray(np.moveaxis(x, -1, 1)) if first else x

    def theirs():
        from keras.src.layers.preprocessing.image_preprocessing import aug_mix

        choices = iter(chosen)
        with pytest.MonkeyPatch.context() as patch, drawn_by_keras(itertools.repeat(0)):
            patch.setattr(aug_mix.py_random, "choice", lambda _: next(choices))
            return np.asarray(keras.layers.AugMix(**options)(x, training=True))

    layer = layers.AugMix(**options)
    known = NAMED if layer.all_ops else NAMED[:7]
    numbers = np.array([known.index(each) if each else len(known) for each in chosen])
    monkeypatch.setattr(layer, "_choices", lambda count, among: given(numbers), raising=False)

    class Fixed(layers.Layer):
        def call(self, x, u):
            with drawn_from(u, itertools.repeat(0)):
                return layer(x, training=True)

    assert_near(Fixed()(x, given_draws(3)), golden.ask(theirs, options, x), "AugMix")


# --- boxes keep their contents, in every format


GEOMETRIC = [
    ("RandomFlip", {}),
    ("RandomTranslation", {"height_factor": 0.2, "width_factor": 0.2}),
    ("RandomRotation", {"factor": 0.5}),
    ("RandomZoom", {"height_factor": 0.3, "width_factor": 0.2}),
    ("RandomShear", {"x_factor": 0.3, "y_factor": 0.2}),
    ("RandomPerspective", {"scale": 0.3}),
    ("RandomCrop", {"height": 40, "width": 44}),
    ("RandomCrop", {"height": 80, "width": 44}),
    ("RandAugment", {"num_ops": 3, "factor": 0.2}),
    ("Resizing", {"height": 31, "width": 90}),
    ("Resizing", {"height": 31, "width": 90, "crop_to_aspect_ratio": True}),
    ("Resizing", {"height": 31, "width": 90, "pad_to_aspect_ratio": True}),
    ("CenterCrop", {"height": 41, "width": 50}),
    ("CenterCrop", {"height": 70, "width": 50}),
]


@pytest.mark.parametrize("case", range(len(GEOMETRIC)))
def test_boxes_hold_what_they_held(case):
    lamina.set_random_seed(case)
    name, options = GEOMETRIC[case]
    n, height, width = 16, 60, 70
    masks = np.zeros((n, height, width), "uint8")
    boxes = np.zeros((n, 1, 4), "float32")
    rng = np.random.default_rng(5)
    for i in range(n):
        top, left = rng.integers(12, 28, 2)
        bottom, right = top + rng.integers(8, 20), left + rng.integers(8, 24)
        masks[i, top:bottom, left:right] = 7
        boxes[i, 0] = left, top, right, bottom
    constant = "Random" in name and name not in ("RandomFlip", "RandomCrop", "RandomPerspective")
    options = {**options, "fill_mode": "constant"} if constant else options
    layer = getattr(layers, name)(**options, bounding_box_format="xyxy")
    data = {"images": masks[..., None].astype("float32"), "segmentation_masks": masks,
            "bounding_boxes": {"boxes": boxes, "labels": np.ones((n, 1), int)}}  # fmt: skip
    made = layer(data, training=True)
    found, seen = made["bounding_boxes"]["boxes"], 0
    assert set(np.unique(made["segmentation_masks"])) <= {0, 7}
    for i in range(n):
        rows, columns = np.nonzero(made["segmentation_masks"][i])
        if not len(rows) or name == "RandAugment":  # which reflects the image at its edges
            continue
        seen += 1
        edges = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        # Maps contain the centres of pixels, boxes their edges: they differ by up to half a pixel's
        # diagonal, beside a pixel that is hardly covered.
        np.testing.assert_allclose(found[i, 0], edges, atol=1.9)
    assert seen > n // 2 or name == "RandAugment"


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_boxes(form):
    for layer in (layers.RandomFlip, lambda **o: layers.RandomRotation(0.3, **o),
                  lambda **o: layers.RandomCrop(4, 5, **o)):  # fmt: skip
        u = given_draws(3)
        data = examples(form)
        made = Given(layer(bounding_box_format=form.upper()))(data, u)["bounding_boxes"]
        plain = Given(layer(bounding_box_format="xyxy"))(examples(), u)
        height, width = plain["images"].shape[1:3]
        corners = plain["bounding_boxes"]["boxes"] / np.array([width, height, width, height])
        np.testing.assert_allclose(
            made["boxes"],
            written(corners * SIZES, form) if form.startswith("rel") else written(
                plain["bounding_boxes"]["boxes"], form), atol=1e-5,
        )  # fmt: skip
        np.testing.assert_array_equal(made["labels"], plain["bounding_boxes"]["labels"])


def test_boxes_that_leave_lose_their_label():
    layer = layers.RandomTranslation(0.0, (0.5, 0.5), bounding_box_format="xyxy")
    boxes = {"boxes": [[[5, 0, 8, 3], [2, 2, 6, 4]]], "labels": [[3, 4]]}
    made = layer({"images": IMAGES[:1], "bounding_boxes": boxes}, training=True)["bounding_boxes"]
    np.testing.assert_allclose(made["boxes"], [[[8, 0, 8, 3], [6, 2, 8, 4]]], atol=1e-5)
    np.testing.assert_array_equal(made["labels"], [[-1, 4]])


# --- mixtures


@pytest.mark.parametrize("name", ["MixUp", "CutMix"])
def test_labels_and_masks_are_mixed_as_images_are(name):
    lamina.set_random_seed(2)
    masks = np.broadcast_to(np.arange(1.0, 9)[:, None, None, None], (8, 10, 11, 2))
    data = {"images": masks, "labels": np.eye(8), "segmentation_masks": masks}
    made = getattr(layers, name)()(data, training=True)
    np.testing.assert_array_equal(made["images"], made["segmentation_masks"])
    np.testing.assert_allclose(made["labels"].sum(1), 1.0, rtol=1e-6)
    assert ((made["labels"] > 0).sum(1) == 2).sum() >= 4
    # The shares of pixels, or the mean of their values, are those of the labels (of a cut part to
    # within the pixels that its edges cross).
    near = {"MixUp": 1e-5, "CutMix": 0.3 * 7}[name]
    np.testing.assert_allclose(
        made["images"].mean((1, 2, 3)), made["labels"] @ np.arange(1.0, 9), atol=near
    )


def test_mixed_images_have_the_boxes_of_both():
    data = examples()
    made = Given(layers.MixUp(bounding_box_format="xyxy"))(data, given_draws(3))
    order = [np.flatnonzero(made["bounding_boxes"]["labels"][i, 2] == LABELS[:, 0]).item()
             for i in range(3)]  # fmt: skip
    np.testing.assert_array_equal(
        made["bounding_boxes"]["boxes"], np.concatenate([XYXY, XYXY[order]], 1)
    )
    np.testing.assert_array_equal(
        made["bounding_boxes"]["labels"], np.concatenate([LABELS, LABELS[order]], 1)
    )


# --- forms of input


def test_one_example_alone_and_entries_of_other_names():
    data = examples("xywh", name=["a", "b", "c"])
    one = {
        "images": IMAGES[0],
        "labels": CLASSES[0],
        "segmentation_masks": MASKS[0],
        "bounding_boxes": {k: v[0] for k, v in data["bounding_boxes"].items()},
        "id": "a",
    }
    layer = layers.RandomRotation((0.1, 0.1), bounding_box_format="xywh")
    many, single = layer(data, training=True), layer(one, training=True)
    assert many["name"] == ["a", "b", "c"]
    assert single["id"] == "a"
    for some, each in zip(parts(many), parts(single), strict=True):
        np.testing.assert_array_equal(some[0], each)
    kept = layer(data, training=False)
    np.testing.assert_array_equal(kept["images"], IMAGES)
    assert kept["bounding_boxes"]["labels"] is not None
    assert list(many) == list(data)


def test_lists_of_boxes_of_different_lengths():
    listed = {
        "boxes": [[[1, 1, 4, 5], [2, 2, 3, 3]], [[0, 0, 8, 6]], []],
        "labels": [[1, 2], [3], []],
    }
    layer = layers.MaxNumBoundingBoxes(3, -5)
    made = layer({"images": IMAGES, "bounding_boxes": listed})["bounding_boxes"]
    np.testing.assert_array_equal(made["labels"], [[1, 2, -5], [3, -1, -5], [-1, -1, -5]])
    assert made["boxes"].shape == (3, 3, 4)
    few = layers.MaxNumBoundingBoxes(1)({"images": IMAGES, "bounding_boxes": listed})
    np.testing.assert_array_equal(few["bounding_boxes"]["labels"], [[1], [3], [-1]])
    flip = layers.RandomFlip(bounding_box_format="xyxy")
    one = {"images": IMAGES[0], "bounding_boxes": {"boxes": [[1, 1, 4, 5]], "labels": [6]}}
    assert flip(one, training=True)["bounding_boxes"]["labels"].tolist() == [6]


def test_data_sets_are_mapped_and_drawn_anew():
    both = layers.Pipeline([layers.RandomRotation(0.2), layers.MixUp(0.5)])
    data = Dataset.from_tensor_slices((IMAGES, CLASSES)).batch(3).map(
        lambda x, y: tuple(both({"images": x, "labels": y}, training=True).values())
    )  # fmt: skip
    (one, named), (again, _) = next(iter(data)), next(iter(data))
    assert one.shape == IMAGES.shape
    assert (one != again).any()
    np.testing.assert_allclose(named.sum(1), 1.0, rtol=1e-6)
    restored = layers.deserialize(layers.serialize(both))
    assert [type(each).__name__ for each in restored.layers] == ["RandomRotation", "MixUp"]
    model = lamina.Sequential([lamina.Input((6, 8, 2)), layers.Flatten(), layers.Dense(3)])
    model.compile("sgd", "mse")
    model.fit(data, epochs=2, verbose=0)


def test_a_model_on_examples():
    images, labels = lamina.Input((HEIGHT, WIDTH, 2)), lamina.Input((3,))
    boxes, names = lamina.Input((2, 4)), lamina.Input((2,), dtype="int32")
    flip = layers.RandomFlip(bounding_box_format="rel_xyxy")
    made = flip({"images": images, "labels": labels,
                 "bounding_boxes": {"boxes": boxes, "labels": names}}, training=True)  # fmt: skip
    moved = made["bounding_boxes"]["boxes"]
    model = lamina.Model([images, labels, boxes, names], [made["images"], made["labels"], moved])
    given_boxes = written(XYXY, "rel_xyxy")
    y, kept, moved = model.predict([IMAGES, CLASSES, given_boxes, LABELS], verbose=0)
    np.testing.assert_array_equal(kept, CLASSES)
    for i in range(3):
        turned = np.array_equal(y[i], IMAGES[i, ::-1, ::-1])
        assert turned or np.array_equal(y[i], IMAGES[i])
        wanted = 1 - given_boxes[i][:, [2, 3, 0, 1]] if turned else given_boxes[i]
        np.testing.assert_allclose(moved[i], wanted, atol=1e-6)


def test_calls_repeat_whatever_was_called_between():
    layer = layers.RandomRotation(0.2)
    wanted = []
    for _ in range(3):  # recorded in the first round, run again in the others
        lamina.set_random_seed(4)
        wanted.append([layer(IMAGES[:n, :h], training=True) for n, h in ((3, 6), (2, 6), (3, 4))])
        np.testing.assert_array_equal(layer(IMAGES, training=False), IMAGES)
    for each in wanted[1:]:
        for some, other in zip(each, wanted[0], strict=True):
            np.testing.assert_array_equal(some, other)


@pytest.mark.parametrize("training", [False, True])
def test_no_images(training):
    none = {"images": IMAGES[:0], "labels": CLASSES[:0]}
    for layer in (layers.MixUp(), layers.Equalization(), layers.RandomFlip()):
        assert layer(IMAGES[:0], training=training).shape == IMAGES[:0].shape
        assert layer(none, training=training)["labels"].shape == (0, 3)


# --- odd images

OPTIONS = {"RandomRotation": {"factor": 0.3}, "RandomZoom": {"height_factor": 0.3},
           "RandomTranslation": {"height_factor": 0.3, "width_factor": 0.3},
           "RandomShear": {"x_factor": 0.3}, "RandomFlip": {}, "RandomPerspective": {},
           "RandomElasticTransform": {}, "RandomBrightness": {"factor": 0.3},
           "RandomContrast": {"factor": 0.3}, "RandomSharpness": {"factor": 0.3},
           "RandomGaussianBlur": {}, "RandomErasing": {}, "RandomInvert": {}, "Solarization": {},
           "RandomPosterization": {"factor": 3}, "AutoContrast": {}, "Equalization": {},
           "MixUp": {}, "CutMix": {}}  # fmt: skip


@pytest.mark.parametrize("name", OPTIONS)
def test_odd_images(name):
    layer = getattr(layers, name)(**OPTIONS[name], seed=3) if name not in (
        "AutoContrast", "Equalization") else getattr(layers, name)()  # fmt: skip
    for shape in ((2, 1, 1, 1), (3, 1, 5, 4), (1, 7, 2, 1)):
        x = np.random.default_rng(1).integers(0, 256, shape).astype("uint8")
        lamina.set_random_seed(0)
        y = layer(x, training=True)
        assert y.shape == shape
        assert y.dtype == np.float32
        assert np.isfinite(y).all()
        lamina.set_random_seed(0)
        np.testing.assert_array_equal(layer(x.astype("float32"), training=True), y)


class Still(layers.Layer):
    """A layer in training whose draws are constants."""

    def __init__(self, kind, **options):
        super().__init__(**options)
        self.kind = kind

    def call(self, x):
        with drawn_from(given(given_draws(4).astype(float)), itertools.cycle(range(9))):
            return getattr(layers, self.kind)(**OPTIONS[self.kind])(x, training=True)


@pytest.mark.parametrize("name", ["RandomRotation", "RandomPerspective", "RandomElasticTransform",
                                  "RandomShear", "MixUp", "CutMix", "RandomFlip"])  # fmt: skip
def test_gradients_flow_through(name):
    model = lamina.Sequential(
        [layers.Input((5, 4, 2)), layers.Conv2D(2, 1), Still(name), layers.Flatten(),
         layers.Dense(1)], seed=1, dtype="float64",
    )  # fmt: skip
    model.compile("sgd", "mse")
    rng = np.random.default_rng(2)
    found = lamina.check_gradients(model, rng.uniform(50, 200, (4, 5, 4, 2)), np.arange(4.0))
    assert found.passed, found


# --- refusals


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: layers.RandomFlip(bounding_box_format="xy"), "bounding_box_format must be one of"),
        (lambda: layers.RandomFlip(name="f")(examples()), "f: a dict with bounding_boxes needs"),
        (lambda: layers.RandomFlip(name="f")({"x": IMAGES}), "f: a dict needs the key 'images'"),
        (lambda: layers.RandomFlip(name="f")({"images": IMAGES[0, 0]}), "f: input has shape"),
        (
            lambda: layers.RandomFlip()({"images": IMAGES, "bounding_boxes": XYXY}),
            "must be a dict with the keys 'boxes' and 'labels'",
        ),
        (
            lambda: layers.RandomFlip(bounding_box_format="xyxy")(
                {"images": IMAGES, "bounding_boxes": {"boxes": [[], []], "labels": [[]]}}
            ),
            "as many lists of labels as of boxes; got 2 of boxes and 1",
        ),
        (
            lambda: layers.CutMix(name="c", bounding_box_format="xyxy")(examples(), training=True),
            "c: bounding_boxes are not supported",
        ),
        (
            lambda: layers.MixUp(name="m")(
                {"images": IMAGES, "labels": np.arange(3)}, training=True
            ),
            r"m: labels must be one-hot rows, \(rows, classes\); got one number per row, \(rows,\)",
        ),
        (lambda: layers.MixUp(0.0), "MixUp: alpha must be finite and > 0"),
        (lambda: layers.RandAugment(factor=2), r"RandAugment: factor must be in \[0, 1\]"),
        (lambda: layers.AugMix(num_chains=0), "AugMix: num_chains must be a positive integer"),
        (lambda: layers.MaxNumBoundingBoxes(0), "max_number must be a positive integer"),
        (lambda: layers.Equalization(bins=0), "Equalization: bins must be"),
        (lambda: layers.Pipeline([3]), "Pipeline: layers must be a list of layers"),
    ],
)  # fmt: skip
def test_refused(make, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make()
