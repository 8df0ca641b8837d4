"""Token ids, masks and states through whole models."""

import numpy as np
import pytest

import lamina
from lamina.layers import LSTM, Dense, Dropout, Embedding, Flatten, Input

RNG = np.random.default_rng(8)
IDS = RNG.integers(1, 9, (10, 6))
for row, length in enumerate(RNG.integers(1, 7, 10)):
    IDS[row, length:] = 0
C = RNG.integers(0, 3, (10, 6))
W = RNG.uniform(0.5, 2.0, 10)
LOSS = "sparse_categorical_crossentropy"


def tagger(kind):
    layers = [Embedding(9, 4, mask_zero=True), Dropout(0.1), Dense(3, "softmax", name="tags")]
    if kind == "sequential":
        return lamina.Sequential([Input((6,)), *layers], dtype="float64", seed=1)
    if kind == "nested":
        x = Input((6,), name="x")
        return lamina.Model(x, lamina.Sequential(layers, dtype="float64")(x), dtype="float64")
    y = x = Input((6,), name="x")
    for layer in layers:
        y = layer(y)
    return lamina.Model(x, y, dtype="float64", seed=1)


def hits(y, p):
    return (y == p.argmax(-1)).astype("float64")


@pytest.mark.parametrize("kind", ["sequential", "functional", "nested"])
@pytest.mark.parametrize("weight", [None, W])
def test_masked_positions_do_not_count(kind, weight):
    model = tagger(kind)
    model.compile("adam", LOSS, metrics=["accuracy", hits], weighted_metrics=[
        lamina.metrics.SparseCategoricalAccuracy("weighted"),
        lamina.metrics.MeanMetricWrapper(hits, "weighted_hits"),
    ])  # fmt: skip
    got = model.evaluate(IDS, C, sample_weight=weight, batch_size=10, return_dict=True)
    table, kernel, bias = model.get_weights()
    z = table[IDS] @ kernel + bias
    p = np.exp(z) / np.exp(z).sum(-1, keepdims=True)
    loss = -np.log(np.take_along_axis(p, C[..., None], -1)[..., 0])
    mask, right = IDS != 0, p.argmax(-1) == C
    w = mask * (1.0 if weight is None else weight[:, None])
    np.testing.assert_allclose(got["loss"], (w * loss).sum() / mask.sum(), rtol=1e-12)
    plain, weighted = (right * mask).sum() / mask.sum(), (right * w).sum() / w.sum()
    names = ["accuracy", "hits", "weighted", "weighted_hits"]
    expected = [plain, plain, weighted, weighted]
    np.testing.assert_allclose([got[n] for n in names], expected, rtol=1e-12)
    before = table[0].copy()
    model.fit(IDS, C, sample_weight=weight, verbose=0, epochs=2)
    np.testing.assert_array_equal(model.get_weights()[0][0], before)  # token 0 was not trained


def test_a_mask_ends_at_a_layer_that_does_not_pass_it_on():
    model = lamina.Sequential(
        [Input((6,)), Embedding(9, 4, mask_zero=True), Flatten(), Dense(1)], dtype="float64"
    )
    model.compile("sgd", "mse")
    y = RNG.normal(size=(10, 1))
    np.testing.assert_allclose(model.evaluate(IDS, y), np.mean((model.predict(IDS) - y) ** 2))


def test_token_ids_of_a_model_are_checked():
    model = tagger("functional")
    model.compile("adam", LOSS)
    bad = IDS.copy()
    bad[3, 5] = 12
    text = r"embedding: token ids must lie in \[0, 9\); got 12 in row 3, position 5"
    for call in (model.predict, lambda x: model.fit(x, C, verbose=0), lambda x: model.predict([x])):
        with pytest.raises(ValueError, match=text):
            call(bad)
    rule = r"x must hold whole numbers; got 0\.5 in row 0, position 0"
    with pytest.raises(ValueError, match=rule):
        model.predict(IDS + 0.5 - IDS)
    np.testing.assert_array_equal(model.predict(IDS.astype(float)), model.predict(IDS))
    np.testing.assert_array_equal(model.predict({"x": IDS.astype("uint8")}), model.predict(IDS))


def translation():
    """An encoder-decoder for training, and the two halves over the same layers."""
    source, target = Input((6, 3), name="source"), Input((4, 2), name="target")
    encode = LSTM(5, return_state=True, name="encode")
    decode = LSTM(5, return_sequences=True, return_state=True, name="decode")
    read = Dense(2, name="read")
    _, *state = encode(source)
    both = lamina.Model([source, target], read(decode(target, initial_state=state)[0]), seed=2)
    encoder = lamina.Model(source, state, name="encoder")
    one, h, c = Input((1, 2)), Input((5,)), Input((5,))
    y, *next_state = decode([one, h, c])
    decoder = lamina.Model([one, h, c], [read(y), *next_state], name="decoder")
    return both, encoder, decoder


def test_an_encoder_and_a_decoder_share_the_layers_of_the_model_that_trains_them():
    both, encoder, decoder = translation()
    x = RNG.normal(size=(7, 6, 3)).astype("float32")
    d, y = (RNG.normal(size=(7, 4, 2)).astype("float32") for _ in range(2))
    both.compile("adam", "mse")
    both.fit([x, d], y, epochs=2, verbose=0)
    state, steps = encoder.predict(x), []
    for t in range(4):
        step, *state = decoder.predict([d[:, t : t + 1], *state])
        steps.append(step)
    np.testing.assert_allclose(np.concatenate(steps, 1), both.predict([x, d]), atol=1e-6)
    config = both.get_config()
    twin = lamina.Model.from_config(config)
    assert twin.get_config() == config
    twin.set_weights(both.get_weights())
    np.testing.assert_array_equal(twin.predict([x, d]), both.predict([x, d]))


def test_a_mask_may_be_fed():
    x, mask = Input((6, 3), name="x"), Input((6,), name="mask", dtype="bool")
    model = lamina.Model([x, mask], LSTM(4)(x, mask=mask), dtype="float64")
    data, length = RNG.normal(size=(5, 6, 3)), 4
    given = np.arange(6) < length
    got = model.predict([data, np.broadcast_to(given, (5, 6))])
    changed = data.copy()
    changed[:, length:] = 99
    np.testing.assert_array_equal(model.predict([changed, np.tile(given, (5, 1))]), got)
    twin = lamina.Model.from_config(model.get_config())
    twin.set_weights(model.get_weights())
    np.testing.assert_array_equal(twin.predict([data, np.tile(given, (5, 1))]), got)
    layer = model.get_layer("lstm")
    np.testing.assert_array_equal(layer(data, mask=np.tile(given, (5, 1))), got)
    zeros = np.zeros((5, 4))
    with_state = layer(data, mask=np.tile(given, (5, 1)), initial_state=[zeros, zeros])
    np.testing.assert_array_equal(with_state, got)
    np.testing.assert_array_equal(layer(data.tolist(), mask=np.tile(given, (5, 1)).tolist()), got)
    for kept in (np.tile(given, (5, 1)), np.tile(given, (5, 1)) * 1.0):  # the same rule everywhere
        np.testing.assert_array_equal(model.as_layer()([data, kept]), got)
        np.testing.assert_array_equal(layer(data, mask=kept), got)
        np.testing.assert_array_equal(model.predict([data, kept]), got)
    for call in (model.as_layer(), model.predict, lambda pair: layer(pair[0], mask=pair[1])):
        with pytest.raises(ValueError, match="must hold True and False, or 1 and 0; got 2"):
            call([data, np.full((5, 6), 2)])
    with pytest.raises(ValueError, match=r"x\['mask'\] must hold True and False, or 1 and 0"):
        model.predict([data, np.full((5, 6), 2)])
