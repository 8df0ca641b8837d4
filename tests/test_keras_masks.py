"""Masks and dot products: outputs, masks and gradients are Keras's (its JAX backend)."""

from __future__ import annotations

import numpy as np
import pytest

import golden
from keras_peer import assert_near, jax, keras
from lamina import _core, layers
from masked_layers import Masked

ROWS, STEPS, FEATURES = 8, 6, 3
HIDDEN = [np.random.default_rng(31 + i).random((ROWS, STEPS)) < 0.5 for i in range(3)]
for kept in HIDDEN:
    kept[:, 2] = True  # Keras's mean of a completely masked row is NaN


def normal(place, *shape):
    return np.random.default_rng(41 + place).normal(size=(ROWS, *shape)).astype(np.float32)


def padded(place, value=0.0):
    return np.where(HIDDEN[place][..., None], normal(place, STEPS, FEATURES), np.float32(value))


class Chain:
    """Layers recorded on one graph: each input through a Masking or none, then all others."""

    multiple_inputs = True

    def __init__(self, first, rest):
        self.first, self.rest, self.built = first, rest, True
        self.parameters = [p for layer in rest for p in layer.parameters]

    def apply(self, graph, x, mask):
        pairs = [
            (tensor, None) if layer is None else layer.apply(graph, tensor, None)
            for layer, tensor in zip(self.first, x, strict=True)
        ]
        y, mask = [p[0] for p in pairs], [p[1] for p in pairs]
        if len(pairs) == 1:
            y, mask = y[0], mask[0]
        for layer in self.rest:
            y, mask = layer.apply(graph, y, mask)
        return y, mask


def compare(first, rest, inputs, training=False):
    """Compare [mask values] and [(name, options)] of both libraries on ``inputs``.

    Returns Keras's statistics after the call, and the weights here that do not train.
    """
    mine = [getattr(layers, name)(**options) for name, options in rest]
    shapes = [(1, *x.shape[1:]) for x in inputs]
    shape = shapes[0] if len(shapes) == 1 else shapes
    rng = np.random.default_rng(51)
    weights = []
    for own in mine:
        sample = [np.zeros(s, np.float32) for s in (shape if isinstance(shape, list) else [shape])]
        own(sample if isinstance(shape, list) else sample[0])
        shape = own.compute_output_shape(shape)
        values = [rng.uniform(-1, 1, w.shape).astype(np.float32) for w in own.get_weights()]
        if "Normalization" in type(own).__name__:
            values = [np.abs(w) + 0.5 for w in values]
        own.set_weights(values)
        weights.append(values)
    maskings = [None if v is None else layers.Masking(v) for v in first]
    run = Masked(Chain(maskings, mine), inputs, [None] * len(inputs))
    got, mask, dw, dx = run.results()
    asked = first, rest, training, inputs, [w for values in weights for w in values], run.target
    out, their_dw, their_dx, their_mask, state = golden.ask(
        lambda: by_keras(first, rest, inputs, weights, run.target, training), *asked
    )
    assert_near(got, out, "output")
    for i, (a, b) in enumerate(zip(dx, their_dx, strict=True)):
        assert_near(a, b, f"gradient of input {i}")
    trained = [p for p in run.layer.parameters if p.trainable]
    for parameter, a, b in zip(trained, dw, their_dw, strict=True):
        assert_near(a, b, parameter.name)
    if mask is None:  # Keras's Concatenate of features makes a mask that keeps everything
        assert their_mask is None or their_mask.all()
    else:
        np.testing.assert_array_equal(mask, their_mask)
    return state, [p for layer in mine for p in layer.parameters if not p.trainable]


def by_keras(first, rest, inputs, weights, target, training):
    """Return Keras's output, gradients of weights and inputs, mask and statistics."""
    maskings = [None if v is None else keras.layers.Masking(v) for v in first]
    chain = [getattr(keras.layers, name)(**options) for name, options in rest]

    def through(tensors):
        y = [t if m is None else m(t) for t, m in zip(tensors, maskings, strict=True)]
        y = y[0] if len(y) == 1 else y
        for layer in chain:
            y = layer(y)
        return y

    symbols = [keras.Input(x.shape[1:]) for x in inputs]
    model = keras.Model(symbols, through(symbols))
    for layer, values in zip(chain, weights, strict=True):
        layer.set_weights(values)
    fixed = [v.value for v in model.non_trainable_variables]

    def loss(trainable, arrays):
        out, state = model.stateless_call(trainable, fixed, arrays, training=training)
        return ((out - target) ** 2).mean(), (out, state)

    learned = [v.value for v in model.trainable_variables]
    (dw, dx), (out, state) = jax.grad(loss, argnums=(0, 1), has_aux=True)(
        learned, [jax.numpy.asarray(x) for x in inputs]
    )
    statistics = [value for value in state if value.dtype == "float32"]  # no state of a generator
    return out, dw, dx, keras.src.backend.get_keras_mask(through(inputs)), statistics


@pytest.mark.parametrize("value", [0.0, 0.1])
@pytest.mark.parametrize(
    "rest",
    [
        [("Activation", {"activation": "tanh"})],
        [("LSTM", {"units": 4})],
        [("LSTM", {"units": 4, "return_sequences": True}), ("Dense", {"units": 2})],
        [("GRU", {"units": 4, "go_backwards": True, "return_sequences": True})],
        [("SimpleRNN", {"units": 4}), ("Dense", {"units": 2})],
        [("GlobalAveragePooling1D", {})],
        [("GlobalAveragePooling1D", {"keepdims": True})],
        [("Dense", {"units": 5, "activation": "tanh"}), ("GlobalAveragePooling1D", {})],
        [("LSTM", {"units": 4, "return_sequences": True}), ("GlobalAveragePooling1D", {})],
        [("LayerNormalization", {}), ("Activation", {"activation": "tanh"})],
    ],
)
def test_masking_and_what_reads_the_mask(value, rest):
    compare([value], rest, [padded(0, value)])


def test_a_row_that_is_hidden_altogether_through_an_lstm():
    x = padded(0)
    x[3] = 0
    compare([0.0], [("LSTM", {"units": 4, "return_sequences": True})], [x])
    compare([0.0], [("LSTM", {"units": 4})], [x])


@pytest.mark.parametrize("options", [{}, {"momentum": 0.8, "epsilon": 0.1}, {"scale": False}])
def test_batch_normalization_under_a_mask(options):
    rest = [("BatchNormalization", options), ("Dense", {"units": 2})]
    moved, mine = compare([0.0], rest, [padded(0)], training=True)
    assert [p.shape for p in mine] == [value.shape for value in moved]
    x = padded(1)

    def moved_by_keras():
        peer = keras.layers.BatchNormalization(**options)
        peer(x, mask=HIDDEN[1], training=True)
        return [v.value for v in peer.non_trainable_variables]

    layer = layers.BatchNormalization(**options)
    layer(x)
    graph = _core.Graph("float32")
    mask = graph.input((STEPS,), "mask", "bool")
    y = layer.record(graph, graph.input((STEPS, FEATURES), "x"), mask)
    target = graph.input((STEPS, FEATURES), "target")
    graph.add_loss(graph.loss("mean_squared_error", y, target))
    graph.build()
    run = _core.Execution(graph, ROWS, True, 1, True)
    run.bind([HIDDEN[1], x, x])
    run.set_update("sgd", [])
    run.train(None, 0, ROWS, 0.0, 1, 1)
    wanted = golden.ask(moved_by_keras, options, x, HIDDEN[1])
    for own, theirs in zip(layer.get_weights()[-2:], wanted, strict=True):
        assert_near(own, theirs, "moving statistics")


MASKS = [(0.0, 0.0, 0.0), (0.0, None, 0.0), (None, 0.0, 0.0), (None, None, 0.0), (0.0, 0.0, None)]


@pytest.mark.parametrize("first", MASKS)
@pytest.mark.parametrize(
    "name", ["Add", "Average", "Multiply", "Maximum", "Minimum", "Concatenate"]
)
def test_merges_of_masked_inputs(name, first):
    compare(first, [(name, {})], [padded(i) for i in range(3)])


@pytest.mark.parametrize("first", [(0.0, 0.0), (0.0, None), (None, 0.0)])
def test_subtract_and_concatenate_in_time(first):
    inputs = [padded(i) for i in range(2)]
    compare(first, [("Subtract", {})], inputs)
    compare(first, [("Concatenate", {"axis": 1})], inputs)
    compare(first, [("Concatenate", {"axis": 1}), ("LSTM", {"units": 4})], inputs)


@pytest.mark.parametrize("first", MASKS[:2])
@pytest.mark.parametrize("name", ["Add", "Multiply", "Maximum", "Concatenate"])
def test_what_follows_a_merge_of_masked_inputs(name, first):
    rest = [
        (name, {}),
        ("LSTM", {"units": 4, "return_sequences": True}),
        ("GlobalAveragePooling1D", {}),
    ]
    compare(first, rest, [padded(i) for i in range(3)])


DOTS = [
    ((4,), (4,), 1),
    ((4,), (4,), -1),
    ((4,), (3, 4), (1, 2)),
    ((3, 4), (4,), (2, 1)),
    ((5, 4), (3, 4), 2),
    ((5, 4), (3, 4), -1),
    ((4, 5), (4, 3), 1),
    ((4, 5), (3, 4), (1, 2)),
    ((4, 5), (3, 4), (-2, -1)),
    ((2, 4, 3), (4, 5), (2, 1)),
    ((2, 3, 4), (4, 2, 3), (3, 1)),
    ((2, 4, 3), (5, 4, 2), (-2, -2)),
]


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("case", range(len(DOTS)))
def test_dot(case, normalize):
    a, b, axes = DOTS[case]
    inputs = [normal(i, *s) for i, s in enumerate((a, b))]
    compare([None, None], [("Dot", {"axes": axes, "normalize": normalize})], inputs)


def test_the_functions_of_keras():
    x = [normal(i, 4) for i in range(2)]
    names = ["add", "subtract", "multiply", "average", "maximum", "minimum", "concatenate"]
    options = {"axes": 1, "normalize": True}

    def called(kit):
        return [*(getattr(kit, name)(x) for name in names), kit.dot(x, **options)]

    wanted = golden.ask(lambda: called(keras.layers), names, options, x)
    for name, got, theirs in zip([*names, "dot"], called(layers), wanted, strict=True):
        assert_near(got, theirs, name)
