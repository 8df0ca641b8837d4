"""Attributions for images and series: saliency, integrated gradients, occlusion."""

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.inference import integrated_gradients, occlusion, saliency

RNG = np.random.default_rng(4)
IMAGES = RNG.uniform(size=(3, 6, 6, 2))


def image_network():
    return lamina.Sequential(
        [lamina.Input((6, 6, 2)), layers.Conv2D(3, 3, activation="tanh"), layers.Flatten(),
         layers.Dense(4, "softmax")],
        dtype="float64", seed=1,
    )  # fmt: skip


def test_saliency_is_the_gradient_of_the_class_that_is_predicted():
    model = image_network()
    found = saliency(model, IMAGES)
    predicted = model.predict(IMAGES)
    np.testing.assert_array_equal(found.output, predicted.argmax(axis=1))
    np.testing.assert_array_equal(found.predicted, predicted.max(axis=1))
    np.testing.assert_array_equal(found.values, model.input_gradients(IMAGES, found.output))
    assert found.maps.shape == (3, 6, 6)
    np.testing.assert_array_equal(found.maps, np.abs(found.values).max(axis=-1))
    times = saliency(model, IMAGES, 2, times_input=True)
    np.testing.assert_allclose(times.values, IMAGES * model.input_gradients(IMAGES, 2))
    smooth = [saliency(model, IMAGES, 2, n_samples=5, random_state=3).values for _ in range(2)]
    np.testing.assert_array_equal(*smooth)


@pytest.mark.parametrize("baseline", [0.0, IMAGES.mean(axis=0), IMAGES[::-1]])
def test_integrated_gradients_add_up_to_the_change_of_the_output(baseline):
    model = image_network()
    found = integrated_gradients(model, IMAGES, 1, baseline=baseline)
    start = np.broadcast_to(baseline, IMAGES.shape)
    change = model.predict(IMAGES)[:, 1] - model.predict(start)[:, 1]
    np.testing.assert_allclose(found.values.sum(axis=(1, 2, 3)), change, rtol=1e-8, atol=1e-10)
    assert np.abs(found.gap).max() < 1e-9
    # The mean of the gradients along the line, by the midpoint rule.
    along = (np.arange(2000) + 0.5) / 2000
    points = start[0] + along[:, None, None, None] * (IMAGES[0] - start[0])
    mean = model.input_gradients(points, 1).mean(axis=0)
    np.testing.assert_allclose(found.values[0], mean * (IMAGES[0] - start[0]), atol=1e-7)


def test_of_a_linear_model_and_of_several_outputs():
    x = lamina.Input((3,), name="x")
    model = lamina.Model(
        x, [layers.Dense(1, name="a")(x), layers.Dense(2, name="b")(x)], dtype="float64"
    )
    rows = RNG.normal(size=(4, 3))
    kernel = model.get_layer("b").kernel.numpy()
    found = integrated_gradients(model, rows, ("b", 1), baseline=1.0, steps=2)
    np.testing.assert_allclose(found.values, (rows - 1.0) * kernel[:, 1], rtol=1e-10)
    np.testing.assert_allclose(saliency(model, rows, ("b", 1)).values[0], kernel[:, 1])
    with pytest.raises(ValueError, match=r"several outputs; output must be \(name, index\)"):
        saliency(model, rows)


def test_too_few_steps_are_told():
    model = lamina.Sequential(
        [lamina.Input((1,)), layers.Dense(1, "sigmoid", kernel_initializer="ones")]
    )
    with pytest.warns(UserWarning, match="integrated_gradients: the values of row 0 add up to"):
        integrated_gradients(model, [[50.0]], steps=2)


def test_windows_that_are_covered():
    series = RNG.normal(size=(2, 7, 2))
    weights = RNG.normal(size=(7, 2))

    def model(x):
        return (x * weights).sum(axis=(1, 2))

    found = occlusion(model, series, size=3, stride=2, value=1.0)
    falls = np.zeros((2, 7))
    covered = np.zeros(7)
    for start in (0, 2, 4):
        window = slice(start, start + 3)
        parts = ((series[:, window] - 1.0) * weights[window]).sum(axis=(1, 2))
        falls[:, window] += parts[:, None]
        covered[window] += 1
    np.testing.assert_allclose(found.values, np.repeat((falls / covered)[..., None], 2, axis=2))
    np.testing.assert_allclose(found.predicted, model(series))


def test_an_image_is_covered_to_its_edges():
    model = image_network()
    found = occlusion(model, IMAGES, 0, size=(4, 5), value="mean")
    cover = IMAGES.mean(axis=0)
    moved = IMAGES.copy()
    moved[:, 4:, 5:] = cover[4:, 5:]
    fall = model.predict(IMAGES)[:, 0] - model.predict(moved)[:, 0]
    np.testing.assert_allclose(found.values[:, 5, 5, 1], fall, rtol=1e-9, atol=1e-14)
    assert (found.values[:, :4, :5] == found.values[:, :1, :1, :1]).all()
    table = occlusion(lambda x: x @ [1.0, 2.0], np.ones((2, 2)), size=1)
    np.testing.assert_allclose(table.values, [[1.0, 2.0]] * 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: saliency(m, IMAGES, 4), "saliency: output must be from 0 to 3; got 4"),
        (lambda m: saliency(m, IMAGES, [0, 1]), "one for each of 3 rows"),
        (lambda m: saliency(m, IMAGES[0]), r"saliency|x has shape"),
        (lambda m: integrated_gradients(m, IMAGES, baseline=[1.0, 2.0]), "baseline must be a"),
        (lambda m: integrated_gradients(m, IMAGES, steps=0), "steps must be"),
        (lambda m: occlusion(m, IMAGES, size=(1, 2, 3)), "size must have 2 numbers, one per axis"),
        (lambda m: occlusion(m, IMAGES, value="black"), "value must be a number"),
        (lambda m: saliency(lambda x: x, IMAGES), "needs the gradients of a lamina model"),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call(image_network())


@pytest.mark.parametrize("seed", [-1, 1.5, None])
def test_noise_has_a_seed(seed):
    model = lamina.Sequential([lamina.Input((2,)), layers.Dense(1)])
    with pytest.raises((TypeError, ValueError), match="saliency: random_state must be an integer"):
        saliency(model, [[0.0, 1.0]], n_samples=2, random_state=seed)
