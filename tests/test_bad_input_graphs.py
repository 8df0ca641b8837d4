"""Invalid states, masks and graphs: errors with names and shapes, or a known result."""

import copy

import numpy as np
import pytest

import lamina
from lamina import kernels, layers
from lamina.layers import GRU, LSTM, Add, Bidirectional, Dense, Embedding, Input, SimpleRNN
from test_bad_input_layers import refusal

CELLS = {SimpleRNN: ("simple_rnn", 1, 1), LSTM: ("lstm", 4, 2), GRU: ("gru", 3, 1)}
ROWS, STEPS, FEATURES, UNITS = 2, 4, 5, 3
RNG = np.random.default_rng(1)
X = RNG.normal(size=(ROWS, STEPS, FEATURES)).astype(np.float32)


def state(*shape):
    return RNG.normal(size=shape).astype(np.float32)


# --- states


@pytest.mark.parametrize("cls", CELLS)
def test_states_of_another_batch_or_size(cls):
    count = CELLS[cls][2]
    cases = [
        (state(3, UNITS), ("got 2 and 3", "(2, 4, 5)", "(3, 3)")),
        (state(1, UNITS), ("got 2 and 1", "(2, 4, 5)", "(1, 3)")),
        (state(ROWS, UNITS + 1), ("(rows, 4)", "needs (rows, 3)")),
        (state(ROWS, 1, UNITS), ("(rows, 1, 3)", "needs (rows, 3)")),
    ]
    for h, texts in cases:
        layer = cls(UNITS, name="cell")
        refusal(lambda h=h, layer=layer: layer([X, *[h] * count]), "cell: ", *texts)
        refusal(lambda h=h, layer=layer: layer(X, initial_state=[h] * count), "cell: ", *texts)
        assert not layer.built
    layer, h = cls(UNITS, name="cell"), state(ROWS, UNITS)
    refusal(lambda: layer([X, *[h] * (count + 1)]), "cell: needs ", f"got {count + 1}")
    wrong = [Input((UNITS + 1,))] * count
    refusal(lambda: layer(Input((STEPS, FEATURES)), initial_state=wrong), "cell: ", "(rows, 4)")
    assert not layer.nodes


@pytest.mark.parametrize("cls", CELLS)
def test_states_of_another_batch_in_kernels(cls):
    name, gates, _ = CELLS[cls]
    weights = (
        np.zeros((FEATURES, gates * UNITS), np.float32),
        np.zeros((UNITS, gates * UNITS), "f4"),
    )
    for shape in ((3, UNITS), (ROWS, UNITS + 1), (ROWS, 1, UNITS)):
        refusal(
            lambda shape=shape: getattr(kernels, f"{name}_forward")(
                X, *weights, initial_h=np.zeros(shape, np.float32)
            ),
            f"{name}_forward: initial_h must have shape (rows, units) = (2, 3)",
            str(shape),
        )


def test_states_of_both_directions_and_of_models():
    both = Bidirectional(LSTM(UNITS), name="both")
    refusal(lambda: both(X, initial_state=[state(ROWS, UNITS)] * 2), "both: needs 4", "got 2")
    x, h = Input((STEPS, FEATURES), name="x"), Input((UNITS,), name="h")
    model = lamina.Model({"x": x, "h": h}, GRU(UNITS)(x, initial_state=h))
    refusal(lambda: model.predict({"x": X, "h": state(3, UNITS)}), "rows")
    refusal(lambda: model.predict({"x": X, "h": state(ROWS, UNITS + 1)}), "h", "(rows, 3)")
    assert model.predict({"x": X, "h": state(ROWS, UNITS)}).shape == (ROWS, UNITS)


# --- masks


@pytest.mark.parametrize("cls", CELLS)
def test_masks_that_do_not_fit(cls):
    layer = cls(UNITS, name="cell")
    for shape, texts in (
        ((3, STEPS), ("(2, 4, 5)", "(3, 4)")),
        ((ROWS, STEPS + 1), ("(2, 4, 5)", "(2, 5)")),
        ((ROWS, STEPS, FEATURES), ("4, 5",)),
    ):
        refusal(lambda shape=shape: layer(X, mask=np.ones(shape, bool)), "cell: mask", *texts)
    halves = np.full((ROWS, STEPS), 0.5)
    refusal(lambda: layer(X, mask=halves), "cell: mask", "True and False", "0.5 in row 0")
    refusal(lambda: layer(X, mask=[["yes"]]), "cell: mask", "numbers", error=TypeError)
    x = Input((STEPS, FEATURES))
    refusal(lambda: layer(x, mask=Input((STEPS + 1,), dtype="bool")), "cell: mask", "(rows, 5)")
    refusal(lambda: layer(x, mask=Input((STEPS,))), "cell: mask", "bool", error=TypeError)
    assert not layer.built
    assert not layer.nodes


@pytest.mark.parametrize("cls", CELLS)
def test_a_row_hidden_altogether_keeps_its_initial_state(cls):
    name, _, count = CELLS[cls]
    mask = np.array([[True] * STEPS, [False] * STEPS])
    layer = cls(UNITS)
    layer(X)
    np.testing.assert_array_equal(layer(X, mask=mask)[1], 0.0)
    np.testing.assert_array_equal(layer(X, mask=mask)[0], layer(X)[0])
    states = [state(ROWS, UNITS) for _ in range(count)]
    np.testing.assert_array_equal(layer([X, *states], mask=mask)[1], states[0][1])
    extra = {} if count == 1 else {"initial_c": states[1]}
    y, *_ = getattr(kernels, f"{name}_forward")(
        X, *layer.get_weights(), initial_h=states[0], **extra, mask=mask
    )
    np.testing.assert_array_equal(y[1], states[0][1])


def test_a_fit_with_rows_of_padding_alone():
    """Such a row does not affect the recurrent weights, and no number becomes NaN."""

    def made():
        lamina.set_random_seed(4)
        model = lamina.Sequential([
            Input((3,), dtype="int32"), Embedding(5, 4, mask_zero=True),
            Bidirectional(LSTM(3)), Dense(1),
        ])  # fmt: skip
        model.compile(lamina.optimizers.SGD(0.1), "mse")
        return model

    tokens, y = np.array([[1, 2, 0], [0, 0, 0], [4, 0, 0]]), np.ones((3, 1), np.float32)
    model = made()
    start = model.get_weights()
    assert model.predict(tokens)[1] == start[-1]  # the bias of Dense: the states are 0
    model.train_on_batch(tokens[1:2], y[1:2])
    *others, bias = model.get_weights()
    for before, after in zip(start, others, strict=False):
        np.testing.assert_array_equal(before, after)
    assert bias != start[-1]
    losses = made().fit(tokens, y, epochs=5, verbose=0).history["loss"]
    assert np.isfinite(losses).all()


# --- graphs


def chain():
    x = Input((3,), name="x")
    a = Dense(3, name="a")(x)
    return x, a, Dense(3, name="b")(a)


def test_an_input_that_is_not_connected():
    x, _, y = chain()
    lost = Input((7,), name="lost")
    joined = Add(name="sum")([y, Dense(3)(lost)])
    refusal(lambda: lamina.Model(x, joined), "Input 'lost' of shape (rows, 7)", "'sum'")
    assert lamina.Model([x, lost], joined).count_params() == 24 + 24


def test_cycles_of_calls():
    """No call can make one; rewiring the nodes by hand raises an error instead of hanging."""
    text = "a layer cannot read its own output"
    x, a, b = chain()
    a.node.inputs[0] = b
    refusal(lambda: lamina.Model(x, b), text, "'b' (rows, 3), 'a' (rows, 3)")
    x, a, b = chain()
    a.node.inputs[0] = a
    refusal(lambda: lamina.Model(x, b), text, "the first: 'a' (rows, 3)")
    x, a, b = chain()
    a.node.masks = [b]
    refusal(lambda: lamina.Model(x, b), text, "'b' (rows, 3), 'a' (rows, 3)")
    x, _, b = chain()
    total = Add(name="sum")([x, b])
    b.node.inputs.append(total)
    refusal(lambda: lamina.Model(x, total), text, "'sum' (rows, 3), 'b' (rows, 3)")
    x, a, b = chain()
    assert lamina.Model(x, Add()([Add()([a, b]), a])).count_params() == 24  # a lattice has no cycle


def test_models_within_themselves():
    inner = lamina.Sequential([Input((3,)), Dense(3)], name="inner")
    refusal(lambda: inner.add(inner), "'inner' holds 'inner'")
    x = Input((3,))
    outer = lamina.Model(x, inner(x), name="outer")
    config = outer.get_config()
    refusal(lambda: inner.add(outer), "'inner'")
    refusal(lambda: Bidirectional(Bidirectional(LSTM(2))), "Bidirectional: layer", error=TypeError)
    assert outer.get_config() == config
    assert len(inner.layers) == 1
    assert lamina.Model(x, inner(inner(x))).count_params() == 12  # twice is no cycle


def test_configurations_that_are_no_graph():
    x, _, y = chain()
    good = lamina.Model(x, y).get_config()

    def changed(name, source):
        config = copy.deepcopy(good)
        (entry,) = [e for e in config["layers"] if e["name"] == name]
        entry["inbound_nodes"][0]["inputs"][0][0] = source
        return config

    restore = lamina.Model.from_config
    refusal(lambda: restore(changed("a", "b")), "the calls of these layers form a cycle: a, b")
    refusal(lambda: restore(changed("a", "a")), "the calls of these layers form a cycle")
    refusal(lambda: restore(changed("a", "c")), "a reads 'c', which is not one of its layers")
    refusal(lambda: restore({**good, "output_layers": ["b", 0, 2]}), "no layer has the output")
    refusal(lambda: restore({**good, "output_layers": ["c", 0, 0]}), "no layer has the output")
    assert restore(good).count_params() == 24


def test_tensors_of_another_model_and_arrays_among_symbols():
    x, _, y = chain()
    other = Input((3,), name="other")
    refusal(lambda: lamina.Model(other, y), "'x'", "(rows, 3)", "not among the inputs: other")
    refusal(lambda: Add(name="sum")([x, np.zeros((2, 3))]), "sum: ", "ndarray", error=TypeError)
    refusal(lambda: Add(name="sum")([x, Input((4,))]), "sum: ", "(rows, 3), (rows, 4)")
    refusal(lambda: layers.Concatenate(1, name="c")([Input((2, 3)), Input((2, 4))]), "c: ", "2, 4")
