"""Figures of images, filters and feature maps."""

import numpy as np
import pytest

import lamina
from drawn_models import pictures
from lamina import layers, plot

pytestmark = pytest.mark.usefixtures("plt")
RNG = np.random.default_rng(5)


def test_a_frame_is_drawn_round_an_image_if_wanted():
    for framed in (False, True):
        drawn = plot.images(np.ones((3, 2, 2)), frame=framed)
        assert [axes.axison and axes.spines["top"].get_visible() for axes in drawn] == [framed] * 3
        assert not framed or [tick for axes in drawn for tick in axes.get_xticks()] == []
    with pytest.raises(TypeError, match="frame"):
        plot.images(np.ones((3, 2, 2)), frame="grey")


def test_filters_and_maps_are_the_models():
    model = pictures()
    kernel = model.layers[0].get_weights()[0]
    drawn = plot.filters(model, max_filters=3)
    assert drawn.shape == (3,)
    for place, axes in enumerate(drawn):
        np.testing.assert_array_equal(axes.images[0].get_array(), kernel[:, :, 0, place])
    image = RNG.normal(size=(9, 9, 1))
    maps = plot.feature_maps(model, image, layer="max_pooling2d")
    wanted = lamina.Model(model.inputs, model.layers[1].output).predict(image[np.newaxis])[0]
    for place, axes in enumerate(maps):
        np.testing.assert_allclose(axes.images[0].get_array(), wanted[..., place], rtol=1e-6)
    colour = lamina.Sequential([lamina.Input((6, 6, 3)), layers.Conv2D(2, 3)])
    assert plot.filters(colour)[0].images[0].get_array().shape == (3, 3, 3)
    assert plot.filters(colour, channel=2)[0].images[0].get_array().shape == (3, 3)


def test_the_title_of_a_frame_stays_above_its_images(plt):
    figure, (left, right) = plt.subplots(1, 2, layout="constrained")
    left.set_title("before")
    grids = plot.images(np.ones((6, 5, 5)), ax=left), plot.filters(pictures(), ax=right)
    right.set_title("after")
    figure.canvas.draw()
    for frame, grid in zip((left, right), grids, strict=True):
        title = frame.title.get_window_extent()
        assert title.y1 <= figure.bbox.y1
        assert title.y0 >= max(axes.get_window_extent().y1 for axes in grid)


def test_images_are_drawn_as_they_are():
    x = RNG.uniform(size=(4, 6, 5, 1))
    drawn = plot.images(x, [3, "$x", None, 2.5], columns=3)
    assert [axes.get_title() for axes in drawn] == ["3", "$x", "None", "2.5"]
    for axes, image in zip(drawn, x, strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), image[:, :, 0])
        assert axes.images[0].get_clim() == (x.min(), x.max())
    places = [axes.get_subplotspec().get_geometry()[2] for axes in drawn]
    assert places == [0, 1, 2, 3]
    assert drawn[0].get_subplotspec().get_geometry()[:2] == (2, 3)
    assert not drawn[0].axison
    each = plot.images(x, scale="each")[1].images[0]
    assert each.get_clim() == (x[1].min(), x[1].max())
    assert plot.images(x, scale=(-1, 2))[1].images[0].get_clim() == (-1, 2)
    colours = plot.images([2 * x[0, :, :, [0, 0, 0]].T, np.full((300, 2), 7)])
    assert colours[0].images[0].get_array().max() == 1  # values above are clipped
    assert colours[0].images[0].get_interpolation() == "nearest"
    assert colours[1].images[0].get_interpolation() != "nearest"
    bytes_ = RNG.integers(0, 256, (2, 4, 4, 3), dtype=np.uint8)
    np.testing.assert_array_equal(plot.images(bytes_)[1].images[0].get_array(), bytes_[1])


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"x": []}, "images: x must have at least one image; got none"),
        ({"x": np.ones((2, 3))}, r"images: each image must have shape .* got \(3,\)"),
        ({"x": np.ones((2, 3, 3, 2))}, r"with 1, 3 or 4 channels; got \(3, 3, 2\)"),
        ({"x": np.ones((2, 0, 3))}, r"each image must have a pixel; got shape \(0, 3\)"),
        ({"titles": ["a"]}, "images: there must be as many titles as images, 2; got 1"),
        ({"columns": 0}, "images: columns must be a positive integer; got 0"),
        ({"scale": "own"}, "images: scale must be 'shared', 'each' or two numbers; got 'own'"),
        ({"scale": (0,)}, r"images: scale must be .* two numbers; got \(0,\)"),
        ({"scale": 5}, "images: scale must be 'shared', 'each' or two numbers; got 5"),
        ({"x": np.full((2, 3, 3), "a")}, "images: x must hold numbers .*; got strings"),
        ({"x": np.ones((2, 3, 3)) * 1j}, "images: x must hold numbers .*complex128"),
    ],
)
def test_images_that_cannot_be_drawn(options, text):
    with pytest.raises((TypeError, ValueError), match=text):
        plot.images(**{"x": np.ones((2, 3, 3)), **options})


def test_long_titles_are_broken(plt):
    drawn = plot.images(np.zeros((4, 8, 8)), ["a rather long title of an image", "b", "c\nd", ""])
    drawn[0].figure.canvas.draw()
    assert [ax.get_title() for ax in drawn[1:]] == ["b", "c\nd", ""]
    title, image = (a.get_window_extent() for a in (drawn[0].title, drawn[0]))
    assert title.width <= 1.15 * image.width
    assert title.y1 <= drawn[0].figure.bbox.height
