"""Masks through the layers of several inputs: joined masks, masked values, gradients."""

import numpy as np
import pytest

import lamina
from lamina import _core, layers
from lamina.layers import Concatenate, Dense, Embedding, Input, Masking
from layer_harness import assert_same_bits
from masked_layers import Masked, check_masked

RNG = np.random.default_rng(17)
A, B, C = (RNG.normal(size=(6, 5, 3)) for _ in range(3))
P, Q, R = (RNG.integers(0, 2, (6, 5)).astype(bool) for _ in range(3))
for hidden in (P, Q, R):
    hidden[0] = False  # a whole row, everywhere
P[1] = False
INPUTS, NAMES = [A, B, C], ["Add", "Average", "Multiply", "Maximum", "Minimum"]
MASKED = [(P, Q, R), (P, None, R), (None, Q, None), (None, P, Q), (P, Q, None)]


def wide(mask):
    return mask[..., None]


def product(masks):
    pairs = zip(INPUTS, masks, strict=True)
    y = np.prod([x if m is None else np.where(wide(m), x, 1) for x, m in pairs], 0)
    if any(m is None for m in masks):
        return y
    return np.where(wide(np.any(masks, 0)), y, 0)


def extreme(choose, masks):
    """The extreme of the unmasked values, computed as in Keras."""
    y, kept = INPUTS[0], masks[0]
    for x, mask in zip(INPUTS[1:], masks[1:], strict=True):
        other = x if mask is None else np.where(wide(mask), x, y)
        y = y if kept is None else np.where(wide(kept), y, other)
        kept = None if kept is None or mask is None else kept | mask
        y = choose(y, other)
    return y


ORACLES = {
    "Add": lambda _: A + B + C,
    "Average": lambda _: (A + B + C) / 3,
    "Multiply": product,
    "Maximum": lambda masks: extreme(np.maximum, masks),
    "Minimum": lambda masks: extreme(np.minimum, masks),
}


@pytest.mark.parametrize("masks", range(len(MASKED)))
@pytest.mark.parametrize("name", NAMES)
def test_values_mask_and_gradients(name, masks):
    masks = MASKED[masks]
    checked = check_masked(getattr(layers, name), INPUTS, masks)
    y, mask, _, _ = checked.results()
    np.testing.assert_allclose(y, ORACLES[name](masks), 1e-14, 1e-14)
    if any(m is None for m in masks):
        assert mask is None
    else:
        np.testing.assert_array_equal(mask, P | Q | R)
    np.testing.assert_array_equal(checked.layer(INPUTS, mask=list(masks)), y)


def test_subtract():
    y, mask, _, _ = check_masked(layers.Subtract, [A, B], [P, Q]).results()
    np.testing.assert_allclose(y, A - B)
    np.testing.assert_array_equal(mask, P | Q)


def test_the_extreme_of_two_is_of_those_kept():
    y = layers.Maximum(dtype="float64")([A, B], mask=[P, Q])
    np.testing.assert_array_equal(y[P & ~Q], A[P & ~Q])
    np.testing.assert_array_equal(y[~P & Q], B[~P & Q])
    np.testing.assert_array_equal(y[~P & ~Q], A[~P & ~Q])
    np.testing.assert_array_equal(y[P & Q], np.maximum(A, B)[P & Q])


def test_minimum_without_masks():
    np.testing.assert_array_equal(layers.Minimum(dtype="float64")(INPUTS), np.min(INPUTS, axis=0))
    equal = Masked(layers.Minimum(dtype="float64"), [A, A.copy()], [None, None])
    _, _, _, (da, db) = equal.results()
    np.testing.assert_array_equal(da, db)  # half each


def test_masks_are_repeated_with_their_inputs():
    row, mask = RNG.normal(size=(6, 3)), RNG.integers(0, 2, 6).astype(bool)
    short, few = A[:, :1], P[:, :1]
    y, out, _, _ = check_masked(layers.Multiply, [B, short], [Q, few]).results()
    hide = wide(Q | few)
    want = np.where(wide(Q), B, 1) * np.where(few[..., None], short, 1)
    np.testing.assert_allclose(y, np.where(hide, want, 0))
    np.testing.assert_array_equal(out, Q | few)
    y, out, _, _ = check_masked(layers.Add, [B, row], [Q, mask]).results()
    np.testing.assert_allclose(y, B + row[:, None])
    np.testing.assert_array_equal(out, Q | mask[:, None])
    y, out, _, _ = check_masked(layers.Add, [B, C], [Q, P & Q]).results()
    np.testing.assert_array_equal(out, Q)


@pytest.mark.parametrize("axis", [1, 2, -1, -2])
@pytest.mark.parametrize("masks", [(P, Q), (None, Q), (P, None), (None, None)])
def test_concatenate(axis, masks):
    checked = check_masked(lambda **base: Concatenate(axis, **base), [A, B], masks)
    y, mask, _, _ = checked.results()
    np.testing.assert_array_equal(y, np.concatenate([A, B], axis))
    given = [m is not None for m in masks]
    if axis in (1, -2) and any(given):
        full = [np.ones((6, 5), bool) if m is None else m for m in masks]
        np.testing.assert_array_equal(mask, np.concatenate(full, 1))
    elif all(given):
        np.testing.assert_array_equal(mask, P | Q)
    else:
        assert mask is None


def test_concatenate_of_images_of_steps():
    a, b = RNG.normal(size=(6, 5, 2, 3)), RNG.normal(size=(6, 5, 4, 3))
    deep = RNG.integers(0, 2, (6, 5, 4)).astype(bool)
    _, mask, _, _ = Masked(Concatenate(2, dtype="float64"), [a, b], [P, deep]).results()
    np.testing.assert_array_equal(mask, np.concatenate([np.repeat(wide(P), 2, 2), deep], 2))
    _, mask, _, _ = Masked(Concatenate(1, dtype="float64"), [b, b], [None, deep]).results()
    np.testing.assert_array_equal(mask, np.concatenate([np.ones((6, 5, 4), bool), deep], 1))


@pytest.mark.parametrize("name", ["Multiply", "Maximum", "Add", "Concatenate"])
def test_a_mask_of_another_shape_is_refused(name):
    layer = getattr(layers, name)(name="here")
    x, mask = Input((5, 3)), Input((4,), dtype="bool")
    with pytest.raises(ValueError, match="here: mask must have the leading axes of its input"):
        layer([x, x], mask=[None, mask])
    with pytest.raises(ValueError, match="here: mask must have the leading axes of x"):
        layer([A, B], mask=[None, P[:, :4]])
    graph = _core.Graph("float64")
    x, mask = graph.input((5, 3), "x"), graph.input((4,), "mask", "bool")
    rule = (
        r"here: a mask must have the leading axes of its input; got \(rows, 4\) for input 1, "
        r"\(rows, 5, 3\)"
    )
    with pytest.raises(ValueError, match=rule):
        layer.apply(graph, [x, x], [None, mask])
    with pytest.raises(ValueError, match="needs one mask for each of 2 inputs; got 3"):
        layer([A, B], mask=[P, Q, R])


def two_branches():
    ids, x = Input((5,), dtype="int32", name="ids"), Input((5, 3), name="x")
    words, values = Embedding(7, 3, mask_zero=True)(ids), Masking()(x)
    joined = [
        layers.add([words, values]),
        layers.multiply([words, values]),
        layers.maximum([words, values]),
    ]
    y = Dense(1)(layers.concatenate(joined))
    return lamina.Model([ids, x], y, dtype="float64", seed=4)


def test_the_joined_mask_reaches_the_loss_and_the_copy():
    ids = np.where(P, RNG.integers(1, 7, (6, 5)), 0)
    x, y = np.where(wide(Q), A, 0), RNG.normal(size=(6, 5, 1))
    model = two_branches()
    model.compile("adam", "mse")
    error = (model.predict([ids, x]) - y)[P | Q]
    loss = model.evaluate([ids, x], y, batch_size=6)
    np.testing.assert_allclose(loss, np.square(error).mean(), 1e-12)
    model.fit([ids, x], y, epochs=2, verbose=0)
    twin = lamina.Model.from_config(model.get_config())
    assert twin.get_config() == model.get_config()
    twin.set_weights(model.get_weights())
    assert_same_bits([twin.predict([ids, x])], [model.predict([ids, x])], "copy")


@pytest.mark.parametrize("name", [*NAMES, "Subtract", "Concatenate", "Dot"])
def test_functions_are_their_layers(name):
    options = {"axes": 2} if name == "Dot" else {}
    layer = getattr(layers, name)(**options, dtype="float64")
    function = getattr(layers, name.lower())
    np.testing.assert_array_equal(function([A, B], **options, dtype="float64"), layer([A, B]))
    named = function([Input((5, 3)), Input((5, 3))], **options, name="joined")
    assert named.node.layer.name == "joined"
    twin = layers.deserialize(layers.serialize(layer))
    assert twin.get_config() == layer.get_config()
