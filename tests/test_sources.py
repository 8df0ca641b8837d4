"""Batches from generators, iterables, loaders and objects that return them by number."""

import threading

import numpy as np
import pytest

import lamina
from lamina.callbacks import LambdaCallback
from lamina.layers import Dense, Dropout, Input

RNG = np.random.default_rng(3)
X = RNG.normal(size=(70, 3)).astype("float32")
Y = (X @ np.array([1.0, -2.0, 0.5], "float32") + 0.1).astype("float32")
W = RNG.uniform(0.5, 2, 70).astype("float32")
SPANS = [slice(i, min(i + 16, 70)) for i in range(0, 70, 16)]


def network(**options):
    model = lamina.Sequential([Input((3,)), Dense(5, "tanh"), Dropout(0.2), Dense(1)], seed=2)
    model.compile("adam", "mse", metrics=["mae", lambda y, p: abs(y - p).max(-1)], **options)
    return model


def generator(epochs=1, weights=False):
    for _ in range(epochs):
        for rows in SPANS:
            yield (X[rows], Y[rows], W[rows]) if weights else (X[rows], Y[rows])


class Batches(lamina.utils.PyDataset):
    def __init__(self, **options):
        super().__init__(**options)
        self.calls, self.threads = [], set()

    def __len__(self):
        return len(SPANS)

    def __getitem__(self, index):
        self.threads.add(threading.get_ident())
        return X[SPANS[index]], Y[SPANS[index]]

    def on_epoch_begin(self):
        self.calls.append("begin")

    def on_epoch_end(self):
        self.calls.append("end")


class Plain:
    """No base class: only a length, and batches by number."""

    def __len__(self):
        return len(SPANS)

    def __getitem__(self, index):
        return [X[SPANS[index]], Y[SPANS[index]]]


class Iterable:
    def __iter__(self):
        return generator()


class AsNumpy:
    """An object like a tf.data dataset."""

    def __iter__(self):
        raise AssertionError("tensors of another library")

    def as_numpy_iterator(self):
        return generator()


def loader():
    data = pytest.importorskip("torch").utils.data
    torch = pytest.importorskip("torch")
    pairs = data.TensorDataset(torch.tensor(X), torch.tensor(Y))
    return data.DataLoader(pairs, batch_size=16)


SOURCES = {
    "generator": lambda: generator(3),
    "zip": lambda: zip([X[s] for s in SPANS] * 3, [Y[s] for s in SPANS] * 3, strict=True),
    "iterable": Iterable,
    "as numpy": AsNumpy,
    "PyDataset": Batches,
    "by number": Plain,
    "DataLoader": loader,
}


@pytest.fixture(scope="module")
def of_arrays():
    model = network()
    options = {"batch_size": 16, "epochs": 3, "shuffle": False, "verbose": 0}
    history = model.fit(X, Y, validation_data=(X, Y), **options).history
    return model.get_weights(), history


@pytest.mark.parametrize(("again", "wanted"), [(True, [0, 1, 0, 1]), (False, [0, 1, 2, 3])])
def test_validation_starts_again_unless_it_reads_a_generator(again, wanted):
    class Numbers:
        def __iter__(self):
            for number in range(6):
                yield np.full((2, 3), float(number)), np.zeros((2, 1))

    model = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(1, use_bias=False)])
    model.compile(lamina.optimizers.SGD(0.0), "mse")
    data = Numbers() if again else iter(Numbers())
    x, y = np.ones((2, 3)), np.ones((2, 1))
    losses = model.fit(x, y, epochs=2, verbose=0, validation_data=data, validation_steps=2).history[
        "val_loss"
    ]
    unit = float(np.square(model.get_weights()[0].sum()))
    squares = np.square(wanted).reshape(2, 2).mean(axis=1)
    np.testing.assert_allclose(losses, unit * squares, rtol=1e-5)


@pytest.mark.parametrize("kind", SOURCES)
def test_a_source_trains_to_the_bits_of_arrays(kind, of_arrays):
    model = network()
    steps = 5 if kind in ("generator", "zip") else None
    history = model.fit(
        SOURCES[kind](), epochs=3, shuffle=False, steps_per_epoch=steps, verbose=0,
        validation_data=SOURCES[kind](), validation_steps=steps,
    ).history  # fmt: skip
    for got, expected in zip(model.get_weights(), of_arrays[0], strict=True):
        np.testing.assert_array_equal(got, expected)
    assert history.keys() == of_arrays[1].keys()
    for key, values in history.items():
        np.testing.assert_allclose(values, of_arrays[1][key], rtol=1e-6)
    values = model.evaluate(SOURCES[kind](), steps=steps)
    np.testing.assert_allclose(values, model.evaluate(X, Y), rtol=1e-6)
    predicted = model.predict(SOURCES[kind](), steps=steps)
    np.testing.assert_array_equal(predicted, model.predict(X))


def test_weights_and_class_weights_come_with_the_batches():
    results = []
    y = (Y > 0).astype("float32")
    batches = ((X[s], y[s], W[s]) for s in SPANS)
    for options in ({"x": X, "y": y, "sample_weight": W}, {"x": batches}):
        model = lamina.Sequential([Input((3,)), Dense(1, "sigmoid")], seed=1)
        model.compile("sgd", "binary_crossentropy", weighted_metrics=["accuracy"])
        results.append(
            model.fit(
                **options, class_weight={0: 1.0, 1: 3.0}, shuffle=False, verbose=0, batch_size=16
            ).history
        )
    assert results[0] == results[1]
    with pytest.raises(ValueError, match="class_weight='balanced' needs counts over all rows"):
        network().fit(generator(), class_weight="balanced")


@pytest.mark.parametrize("processes", [False, True])
def test_readers_change_no_bit_and_keep_the_order(processes):
    weights = []
    for workers in (1, 3):
        data = Batches(workers=workers, use_multiprocessing=processes, max_queue_size=2)
        model = network()
        model.fit(data, epochs=2, verbose=0)
        assert data.calls == ["begin", "end"] * 2
        assert processes or (threading.get_ident() in data.threads) == (workers == 1)
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)
    ordered = network()
    ordered.fit(Batches(), epochs=2, verbose=0, shuffle=False)
    assert (ordered.get_weights()[0] != weights[0][0]).any()


def test_several_inputs_and_outputs_by_list_and_dict():
    a, b = Input((3,), name="a"), Input((1,), name="b")
    h = lamina.layers.Concatenate()([a, b])
    outputs = {"u": Dense(1, name="u")(h), "v": Dense(1, name="v")(h)}
    results = []
    for form in ("arrays", "tuple", "dict"):
        model = lamina.Model([a, b], outputs, seed=1)
        for layer in model.layers:
            if layer.weights:
                layer.set_weights([np.full(w.shape, 0.1, "f") for w in layer.get_weights()])
        model.compile("sgd", "mse")
        if form == "arrays":
            options = {"x": [X, Y], "y": {"u": Y, "v": W}, "batch_size": 16, "shuffle": False}
        elif form == "tuple":
            options = {"x": (((X[s], Y[s]), {"u": Y[s], "v": W[s]}) for s in SPANS)}
        else:
            options = {"x": (({"b": Y[s], "a": X[s]}, {"v": W[s], "u": Y[s]}) for s in SPANS)}
        results.append(model.fit(**options, verbose=0).history)
    assert results[0] == results[1] == results[2]
    with pytest.raises(TypeError, match="x must be a list or dict of 2 arrays, for a, b; got"):
        model.fit(generator(), verbose=0)
    with pytest.raises(ValueError, match=r"got a tuple of 4; .* one list, \(\[a, b\], y\)"):
        model.fit(iter([(X, Y, Y, W)]))


def test_an_epoch_without_steps_takes_all_and_the_next_begins_anew():
    seen = []
    steps = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs["loss"]))
    model = network()
    with pytest.warns(UserWarning, match="generator ran out of data: epoch 3 needs .* got 0"):
        history = model.fit(generator(2), steps_per_epoch=5, epochs=4, verbose=0, callbacks=steps)
    assert history.epoch == [0, 1]
    assert len(seen) == 2
    assert model.optimizer.iterations == 10
    with pytest.warns(UserWarning, match="Iterable ran out of data: epoch 1 needs 8 .* got 5"):
        model.fit(Iterable(), steps_per_epoch=8, verbose=0)
    assert model.optimizer.iterations == 15
    with pytest.warns(UserWarning, match="epoch 3 needs 2 batches and got 1"):
        model.fit(Iterable(), steps_per_epoch=2, epochs=3, verbose=0)
    assert model.optimizer.iterations == 20


def test_endless_batches_by_number():
    class Endless(Batches):
        num_batches = None

        def __getitem__(self, index):
            return super().__getitem__(index % len(SPANS))

    model = network()
    model.fit(Endless(), steps_per_epoch=7, epochs=2, verbose=0)
    assert model.optimizer.iterations == 14


def test_what_the_source_raises_is_what_the_caller_sees():
    class OwnError(Exception):
        pass

    def failing():
        yield X[:16], Y[:16]
        raise OwnError("row 16 is not there")

    class Failing(Batches):
        def __getitem__(self, index):
            if index == 3:
                raise OwnError("row 48 is not there")
            return super().__getitem__(index)

    for data in (failing(), Failing(), Failing(workers=2)):
        model = network()
        with pytest.raises(OwnError, match="is not there"):
            model.fit(data, shuffle=False, verbose=0)
        model.fit(X, Y, verbose=0)  # is free again


def test_a_batch_that_does_not_fit_is_told_by_its_number():
    wrong = np.where(np.arange(3) == 1, np.nan, X[:16])
    with pytest.raises(ValueError, match="fit: batch 1: x must be finite; got nan at row 0, col"):
        network().fit(iter([(X, Y), (wrong, Y[:16])]), verbose=0)
    with pytest.raises(ValueError, match=r"batch 1: x has shape \(16, 2\); the model needs"):
        network().fit(iter([(X, Y), (X[:16, :2], Y[:16])]), verbose=0)


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"y": Y}, r"x is a generator, so y must be part of its batches.* pass list\(x\)"),
        ({"sample_weight": W}, "sample_weight must be part of its batches"),
        ({"validation_split": 0.2}, "validation_split needs all rows, as arrays"),
        ({"steps_per_epoch": 0}, "steps_per_epoch must be a positive integer"),
    ],
)
def test_what_goes_with_arrays_alone(options, rule):
    with pytest.raises(ValueError, match=rule):
        network().fit(generator(), **options)


def test_sources_that_lack_something():
    with pytest.raises(TypeError, match=r"loss needs targets; the list_iterator gave x alone"):
        network().evaluate(iter([X]))
    with pytest.raises(ValueError, match="needs at least one batch; the list_iterator gave none"):
        network().fit(iter([]))
    assert network().predict(iter([X, X[:3]])).shape == (73, 1)


def test_a_batch_whose_weights_are_0_moves_nothing():
    weights = []
    for idle in (False, True):
        model = lamina.Sequential([Input((3,)), Dense(1)], seed=1)
        model.compile(lamina.optimizers.SGD(0.1), "mse")
        batches = [(X, Y, W), (X[:9], Y[:9], 0 * W[:9])]
        model.fit(iter(batches if idle else batches[:1]), verbose=0)
        assert model.optimizer.iterations == 1 + idle
        weights.append(model.get_weights()[0])
    np.testing.assert_array_equal(*weights)


def test_batches_of_other_lengths():
    model = lamina.Sequential([Input((None, 3)), lamina.layers.LSTM(4), Dense(1)], seed=1)
    model.compile("adam", "mse")
    twin = lamina.Sequential([Input((None, 3)), lamina.layers.LSTM(4), Dense(1)], seed=1)
    twin.compile("adam", "mse")
    series = [RNG.normal(size=(8, n, 3)).astype("float32") for n in (4, 7, 4, 5)]
    model.fit(((x, x[:, 0, 0]) for x in series), verbose=0)
    for x in series:
        twin.train_on_batch(x, x[:, 0, 0])
    for got, expected in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize(
    "wrong", ["epochs", "initial_epoch", "validation_freq", "validation_steps", "steps_per_epoch"]
)
def test_a_refused_fit_takes_nothing_from_its_source(wrong):
    source = generator()
    with pytest.raises(ValueError, match=f"fit: {wrong} must be"):
        network().fit(source, verbose=0, **{wrong: -1})
    assert len(list(source)) == len(SPANS)
