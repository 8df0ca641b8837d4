"""Dot products of two inputs over any axes, plain and as cosines."""

import itertools

import numpy as np
import pytest

import lamina
from lamina.layers import Dot, Input
from masked_layers import Masked, check_masked

RNG = np.random.default_rng(23)
SHAPES = [(4,), (4, 3), (3, 4), (4, 4), (2, 4, 3), (4, 2, 3), (3, 2, 4)]
GRID = [
    (a, b, i, j)
    for a, b in itertools.product(SHAPES, SHAPES)
    for i, j in itertools.product(range(len(a)), range(len(b)))
    if a[i] == b[j]
]


def oracle(a, b, i, j, normalize):
    if normalize:
        a = a / np.maximum(np.linalg.norm(a, axis=i, keepdims=True), 1e-7)
        b = b / np.maximum(np.linalg.norm(b, axis=j, keepdims=True), 1e-7)
    rows = [np.tensordot(p, q, (i - 1, j - 1)) for p, q in zip(a, b, strict=True)]
    y = np.array(rows)
    return y if y.ndim > 1 else y[:, None]


@pytest.mark.parametrize("normalize", [False, True])
def test_values_over_a_grid_of_axes(normalize):
    for a_shape, b_shape, i, j in GRID:
        a, b = RNG.normal(size=(5, *a_shape)), RNG.normal(size=(5, *b_shape))
        want = oracle(a, b, i + 1, j + 1, normalize)
        for axes in [(i + 1, j + 1), [i - len(a_shape), j - len(b_shape)]]:
            layer = Dot(axes, normalize, dtype="float64")
            got = layer([a, b])
            np.testing.assert_allclose(got, want, 1e-12, 1e-12, err_msg=f"{a_shape} {b_shape}")
            assert layer.compute_output_shape([a.shape, b.shape]) == got.shape


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize(
    ("a", "b", "axes"),
    [
        ((4,), (4,), 1),
        ((4,), (4,), -1),
        ((4,), (3, 4), (1, 2)),
        ((5, 4), (3, 4), 2),
        ((4, 5), (4, 3), 1),
        ((4, 5), (3, 4), (1, -1)),
        ((2, 4, 3), (4, 5), (2, 1)),
        ((2, 3, 4), (4, 2, 3), (-1, 1)),
        ((1, 1), (1, 3), 1),
    ],
)
def test_gradients_and_threads(a, b, axes, normalize):
    inputs = [RNG.normal(size=(6, *a)), RNG.normal(size=(6, *b))]
    checked = check_masked(lambda **base: Dot(axes, normalize, **base), inputs, [None, None])
    assert not checked.has_mask


def test_masks_end_here():
    a, mask = RNG.normal(size=(6, 5, 3)), np.ones((6, 5), bool)
    _, out, _, _ = Masked(Dot(2, dtype="float64"), [a, a.copy()], [mask, mask]).results()
    assert out is None


def test_vectors_of_length_0_have_the_cosine_0():
    a, b = np.zeros((1, 3)), np.ones((1, 3))
    run = Masked(Dot(1, normalize=True, dtype="float64"), [a, b], [None, None])
    y, _, _, gradients = run.results()
    assert y.tolist() == [[0.0]]
    assert all(np.isfinite(g).all() for g in gradients)


def test_refusals_name_layer_axes_and_shapes():
    a, b = np.zeros((2, 3, 4)), np.zeros((2, 5, 6))
    shown = r"\(rows, 3, 4\) and \(rows, 5, 6\)"
    with pytest.raises(
        ValueError, match=f"dot: inputs must have the same size along axes 1; got {shown}"
    ):
        Dot(1)([a, b])
    with pytest.raises(
        ValueError, match=f"here: axes must be axes of the inputs .* got 3 .*{shown}"
    ):
        Dot(3, name="here")([a, b])
    with pytest.raises(ValueError, match=r"dot_1: axes must be axes of the inputs"):
        Dot((1, -3))([a, b])
    with pytest.raises(ValueError, match=r"dot_\d: needs a list of 2 inputs; got 3"):
        Dot(1)([a, a, a])
    with pytest.raises(ValueError, match="Dot: axes must not be 0, the axis of rows; got 0"):
        Dot(0)
    with pytest.raises(
        ValueError, match=r"Dot: axes must be an integer or a pair of them; got \(1"
    ):
        Dot((1, 2, 3))
    with pytest.raises(TypeError, match=r"Dot: axes must be an integer; got 1\.5"):
        Dot(1.5)
    with pytest.raises(TypeError, match=r"Dot: axes must be an integer; got '1'"):
        Dot((1, "1"))
    with pytest.raises(TypeError, match="Dot: normalize must be True or False"):
        Dot(1, normalize=1)


def test_an_attention_of_dots_trains_and_is_copied_by_its_config():
    query, key = Input((4, 3), name="query"), Input((6, 3), name="key")
    score = lamina.layers.Softmax()(Dot(axes=(2, 2), normalize=True)([query, key]))
    y = lamina.layers.dot([score, key], axes=(2, 1))
    model = lamina.Model([query, key], lamina.layers.Dense(1)(y), seed=1)
    model.compile("adam", "mse")
    x = [RNG.normal(size=(8, *s)).astype("float32") for s in ((4, 3), (6, 3))]
    model.fit(x, RNG.normal(size=(8, 4, 1)).astype("float32"), epochs=2, verbose=0)
    twin = lamina.Model.from_config(model.get_config())
    assert twin.get_config() == model.get_config()
    twin.set_weights(model.get_weights())
    np.testing.assert_array_equal(twin.predict(x), model.predict(x))
