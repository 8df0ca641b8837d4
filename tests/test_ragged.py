"""Rows of unequal shape: lists of arrays in fit, evaluate and predict."""

import numpy as np
import pytest

import lamina
from lamina import layers, ops
from lamina.models.network import cache
from lamina.utils import pad_sequences

LENGTHS = (5, 3, 5, 8, 3, 5, 4, 3, 8)
SERIES = [np.random.default_rng(i).normal(size=(n, 2)) for i, n in enumerate(LENGTHS)]
MEANS = np.array([a.mean() for a in SERIES])
WORDS = [np.random.default_rng(i).integers(1, 9, n).tolist() for i, n in enumerate(LENGTHS)]
COUNT = len(LENGTHS)


def of_series(*parts, dtype="float64"):
    made = [lamina.Input((None, 2)), *parts, layers.Dense(1)]
    model = lamina.Sequential(made, dtype=dtype, seed=4)
    model.compile(lamina.optimizers.Adam(0.05), "mse", metrics=["mae"])
    return model


def one_each():
    return of_series(layers.LSTM(3))


def every_step():
    return of_series(layers.GRU(3, return_sequences=True))


def by_length():
    groups = {}
    for i, n in enumerate(LENGTHS):
        groups.setdefault(n, []).append(i)
    return list(groups.values())


def stacked(values, places):
    return np.stack([values[i] for i in places])


# --- what comes out


def test_predictions_are_those_of_each_row():
    for given in (SERIES, tuple(SERIES), np.array(SERIES, dtype=object)):
        model = one_each()
        made = model.predict(given)
        assert made.shape == (COUNT, 1)
        for row, y in zip(SERIES, made, strict=True):
            np.testing.assert_array_equal(model.predict(row[None])[0], y)
        np.testing.assert_array_equal(model(given), made)
        np.testing.assert_array_equal(model.predict_on_batch(given), made)


def test_outputs_of_unequal_length_are_a_list():
    model = every_step()
    made = model.predict(SERIES)
    assert [y.shape for y in made] == [(n, 1) for n in LENGTHS]
    for row, y in zip(SERIES, made, strict=True):
        np.testing.assert_array_equal(model.predict(row[None])[0], y)


def test_a_loss_is_the_mean_over_rows_and_over_steps():
    weight = np.linspace(0.5, 2, COUNT)
    model = one_each()
    made = model.predict(SERIES)[:, 0]
    loss, mae = model.evaluate(SERIES, MEANS)
    assert loss == pytest.approx(((made - MEANS) ** 2).mean())
    assert mae == pytest.approx(np.abs(made - MEANS).mean())
    assert model.test_on_batch(SERIES, MEANS) == pytest.approx([loss, mae])
    loss = model.evaluate(SERIES, MEANS, sample_weight=weight)[0]
    assert loss == pytest.approx((weight * (made - MEANS) ** 2).mean())
    model = every_step()
    targets = [a[:, :1] for a in SERIES]
    errors = [y - t for y, t in zip(model.predict(SERIES), targets, strict=True)]
    whole = np.concatenate(errors)
    loss, mae = model.evaluate(SERIES, targets)
    assert loss == pytest.approx((whole**2).mean())
    assert mae == pytest.approx(np.abs(whole).mean())
    parts = [np.linspace(1, 2, n) for n in LENGTHS]
    for given, each in ((weight, weight), (parts, parts)):
        loss = model.evaluate(SERIES, targets, sample_weight=given)[0]
        terms = [(w * e[:, 0] ** 2).sum() for w, e in zip(each, errors, strict=True)]
        assert loss == pytest.approx(sum(terms) / len(whole))


# --- training


def trained_in_groups(model, y, batch=2, order=None):
    losses = []
    for places in by_length() if order is None else order:
        for start in range(0, len(places), batch):
            rows = places[start : start + batch]
            result = model.train_on_batch(stacked(SERIES, rows), stacked(y, rows))
            losses.append((len(rows), result[0]))
    return losses


@pytest.mark.parametrize("make", [one_each, every_step])
def test_a_fit_takes_batches_of_one_length(make):
    y = MEANS if make is one_each else [a[:, :1] for a in SERIES]
    model, other = make(), make()
    history = model.fit(SERIES, y, batch_size=2, epochs=2, shuffle=False, verbose=0).history
    epochs = [trained_in_groups(other, y) for _ in range(2)]
    for ours, theirs in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    if make is one_each:
        means = [sum(n * loss for n, loss in losses) / COUNT for losses in epochs]
        np.testing.assert_allclose(history["loss"], means, 1e-12)
    assert model.optimizer.iterations == 2 * len(epochs[0])


def watched(seen, *parts):
    """A model that records the batches it receives."""

    def keep(x):
        seen.append(x.copy())
        return x

    model = of_series(layers.PythonLayer(keep, lambda dy, x: dy), *parts)
    seen.clear()
    return model


def test_shuffled_batches_hold_each_row_once():
    seen = []
    model = watched(seen, layers.LSTM(2))
    model.fit(SERIES, MEANS, batch_size=2, epochs=6, verbose=0)
    firsts = [batch[:, 0, 0] for batch in seen]
    count = len(firsts) // 6
    epochs = [firsts[i * count : (i + 1) * count] for i in range(6)]
    for batches in epochs:
        assert sorted(np.concatenate(batches)) == sorted(a[0, 0] for a in SERIES)
    lengths = {tuple(len(rows) for rows in batches) for batches in epochs}
    pairs = {frozenset(rows) for rows in firsts if len(rows) == 2}
    assert len(lengths) > 1  # the batches are shuffled
    assert len(pairs) > 3  # and so are the rows among them
    again = of_series(layers.LSTM(2)), of_series(layers.LSTM(2))
    for each in again:
        each.fit(SERIES, MEANS, batch_size=2, epochs=2, verbose=0)
    np.testing.assert_array_equal(*(m.predict(SERIES) for m in again))


def test_steps_callbacks_and_a_split():
    class Count(lamina.callbacks.Callback):
        def on_train_begin(self, logs):
            self.steps, self.batches, self.tests = self.params["steps"], 0, 0

        def on_train_batch_end(self, batch, logs):
            self.batches += 1

        def on_test_batch_end(self, batch, logs):
            self.tests += 1

    counted = Count()
    model = one_each()
    fitted = model.fit(SERIES, MEANS, batch_size=2, verbose=0, callbacks=[counted])
    assert counted.steps == counted.batches == 6
    model.fit(SERIES, MEANS, batch_size=2, steps_per_epoch=4, verbose=0, callbacks=[counted])
    assert counted.batches == 4
    fitted = model.fit(SERIES, MEANS, validation_split=0.3, verbose=0, callbacks=[counted])
    held = fitted.validation_rows
    assert len(held) == 3
    assert counted.tests >= 1
    some = [SERIES[i] for i in held]
    assert model.evaluate(some, MEANS[held])[0] == pytest.approx(fitted.history["val_loss"][0])
    given = model.fit(SERIES, MEANS, validation_data=(some, MEANS[held]), verbose=0).history
    assert model.evaluate(some, MEANS[held])[0] == pytest.approx(given["val_loss"][0])


def test_classes_have_weights():
    labels = np.arange(COUNT) % 2
    model = lamina.Sequential(
        [lamina.Input((None, 2)), layers.LSTM(2), layers.Dense(1, "sigmoid")], dtype="float64"
    )
    model.compile(lamina.optimizers.SGD(0.0), "binary_crossentropy")
    p = model.predict(SERIES)[:, 0]
    entropy = -np.where(labels, np.log(p), np.log(1 - p))
    history = model.fit(SERIES, labels, class_weight={0: 1.0, 1: 3.0}, verbose=0).history
    assert history["loss"][0] == pytest.approx((np.where(labels, 3, 1) * entropy).mean())


# --- padded to a few lengths


def masked(*parts):
    return of_series(layers.Masking(-9.0), *parts)


@pytest.mark.parametrize("buckets", [1, [8], 2, [4, 6, 8]])
def test_buckets_pad_behind_and_mask(buckets):
    ends = {1: [8], 2: [5, 8]}.get(buckets if isinstance(buckets, int) else 0, buckets)
    model, other = one_each(), masked(layers.LSTM(3))
    other.set_weights(model.get_weights())
    history = model.fit(
        SERIES, MEANS, batch_size=COUNT, epochs=2, shuffle=False, verbose=0, buckets=buckets
    ).history
    first = [min(e for e in ends if e >= n) for n in LENGTHS]
    for _ in range(2):
        for end in dict.fromkeys(first):
            rows = [i for i, e in enumerate(first) if e == end]
            x = pad_sequences([SERIES[i] for i in rows], end, "float64", "post", value=-9.0)
            other.train_on_batch(x, MEANS[rows])
    for ours, theirs in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, 1e-12)
    assert len(history["loss"]) == 2


@pytest.mark.filterwarnings("ignore::lamina.TrainingAdvice")
def test_zeros_are_put_behind():
    seen = []
    model = watched(seen, layers.GlobalAveragePooling1D())
    model.fit(SERIES, MEANS, batch_size=COUNT, shuffle=False, verbose=0, buckets=1)
    for row, x in zip(SERIES, seen[0], strict=True):
        np.testing.assert_array_equal(x[: len(row)], row)
        assert not x[len(row) :].any()


def test_padded_targets_count_for_nothing():
    targets = [a[:, :1] for a in SERIES]
    for weight in (None, np.linspace(0.5, 2, COUNT)):
        losses = []
        for buckets in (None, 1):
            model = every_step()
            model.compile(lamina.optimizers.SGD(0.0), "mse", metrics=["mae"])
            fitted = model.fit(
                SERIES, targets, verbose=0, batch_size=COUNT, buckets=buckets, sample_weight=weight
            )
            losses.append([fitted.history[key][0] for key in ("loss", "mae")])
        np.testing.assert_allclose(*losses, rtol=1e-12)


def test_a_mask_that_ends_is_told_of():
    model = of_series(layers.Conv1D(2, 2, padding="same"), layers.GlobalAveragePooling1D())
    with pytest.warns(lamina.TrainingAdvice, match="ends at 'conv1d', which takes no mask"):
        model.fit(SERIES, MEANS, verbose=0, buckets=1)


# --- models of other kinds


def test_inputs_of_which_some_are_arrays():
    fixed = np.random.default_rng(1).normal(size=(COUNT, 3))
    lamina.set_random_seed(4)
    series, tokens = (
        lamina.Input((None, 2), name="series"),
        lamina.Input((None,), name="tokens", dtype="int32"),
    )
    plain = lamina.Input((3,), name="plain")
    embedded = layers.GlobalAveragePooling1D()(layers.Embedding(9, 2)(tokens))
    joined = layers.Concatenate()([layers.LSTM(2)(series), embedded, plain])
    model = lamina.Model([series, tokens, plain], layers.Dense(1)(joined), dtype="float64")
    model.compile("adam", "mse")
    words = WORDS[::-1]
    listed = [SERIES, words, fixed]
    made = model.predict(listed)
    named = model.predict({"plain": fixed, "tokens": words, "series": SERIES})
    np.testing.assert_array_equal(made, named)
    for i in range(COUNT):
        one = model.predict([SERIES[i][None], np.array(words[i])[None], fixed[i][None]])
        np.testing.assert_array_equal(one[0], made[i])
    assert np.isfinite(model.fit(listed, MEANS, verbose=0).history["loss"][0])
    before = model.evaluate(listed, MEANS)
    model.fit(listed, MEANS, epochs=3, verbose=0, buckets=2)
    assert model.evaluate(listed, MEANS) < before


def test_a_model_with_call():
    class Text(lamina.Model):
        def __init__(self):
            super().__init__(dtype="float64")
            self.embed, self.last = layers.Embedding(9, 3), layers.Dense(1)

        def call(self, tokens):
            return self.last(ops.mean(self.embed(tokens), axis=1))

    model = Text()
    model.compile("adam", "mse")
    model.fit(WORDS, MEANS, epochs=2, verbose=0)
    made = model.predict(WORDS)
    for words, y in zip(WORDS, made, strict=True):
        np.testing.assert_array_equal(model.predict(np.array([words]))[0], y)
    assert model(WORDS).shape == (COUNT, 1)

    made = model.predict([np.array(WORDS[0]), np.array(WORDS[2])])  # of equal lengths: rows still
    np.testing.assert_array_equal(made, model.predict(np.array([WORDS[0], WORDS[2]])))


def test_a_model_without_an_input_learns_that_lengths_differ():
    for first in ("fit", "predict", "evaluate"):
        model = lamina.Sequential([layers.LSTM(4), layers.Dense(1)], dtype="float64")
        model.compile("adam", "mse")
        if first == "fit":
            model.fit(SERIES, MEANS, batch_size=2, shuffle=False, verbose=0)
        elif first == "evaluate":
            model.evaluate(SERIES, MEANS)
        for row, y in zip(SERIES, model.predict(SERIES), strict=True):
            np.testing.assert_array_equal(model.predict(row[None])[0], y)
        assert model.input_shape == (None, None, 2)
    model = lamina.Sequential([layers.Conv1D(2, 4), layers.GlobalMaxPooling1D()])
    model.compile("adam", "mse")
    with pytest.raises(ValueError, match=r"conv1d: .*; row 1 has shape \(3, 2\)"):
        model.fit(SERIES, MEANS, verbose=0)
    assert not model.built


def test_images_of_any_size():
    sizes = ((6, 5), (4, 7), (6, 5), (5, 5))
    images = [np.random.default_rng(i).normal(size=(*s, 1)) for i, s in enumerate(sizes)]
    lamina.set_random_seed(4)
    model = lamina.Sequential([
        lamina.Input((None, None, 1)), layers.Conv2D(2, 3, activation="relu"),
        layers.GlobalMaxPooling2D(), layers.Dense(1),
    ])  # fmt: skip
    model.compile("adam", "mse")
    model.fit(images, np.arange(4.0), epochs=2, verbose=0)
    for image, y in zip(images, model.predict(images), strict=True):
        np.testing.assert_array_equal(model.predict(image[None])[0], y)


def test_a_step_of_the_models_own():
    class Own(lamina.Model):
        def __init__(self):
            super().__init__(dtype="float64")
            self.hidden, self.last = layers.GRU(2, return_sequences=True), layers.Dense(1)

        def call(self, x):
            return self.last(self.hidden(x))

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=None):
            return ops.mean(ops.square(y - y_pred))

    model = Own()
    model.compile("adam")
    targets = [a[:, :1] for a in SERIES]
    history = model.fit(SERIES, targets, epochs=30, verbose=0).history["loss"]
    assert history[-1] < history[0]


# --- state, and errors


def test_recordings_that_take_much_memory_are_let_go(monkeypatch):
    monkeypatch.setattr(cache, "BYTES", 0)
    model = one_each()
    model.predict([np.ones((n, 2)) for n in range(1, 21)])
    assert len(model._predictors._kept) == cache.LEAST
    model.fit([np.ones((n, 2)) for n in range(1, 21)], np.arange(20.0), verbose=0)
    assert len(model._objectives) == cache.LEAST


def test_the_recordings_used_last_are_kept():
    held = cache.RecentValues()
    for i in range(cache.MOST):
        held.put(i, str(i))
    assert held.get(0) == "0"
    held.put(-1, "new")
    assert held.get(0) == "0"
    assert held.get(1) is None
    assert len(held) == cache.MOST


NAN = [np.full_like(a, np.nan) if i == 6 else a for i, a in enumerate(SERIES)]
WIDE = [np.ones((3, 4)) if i == 2 else a for i, a in enumerate(SERIES)]
NONE = [np.ones((0, 2)) if i == 1 else a for i, a in enumerate(SERIES)]
STEPS = [a[:, :1] for a in SERIES]
UNIT = [np.ones(n) for n in LENGTHS]
REFUSED = {
    "not finite": (one_each, NAN, MEANS, {}, r"fit: x\[6\] must be finite; got nan"),
    "another shape": (one_each, WIDE, MEANS, {}, r"x\[2\] has shape \(3, 4\); the model needs"),
    "no steps": (one_each, NONE, MEANS, {}, r"x\[1\] must have at least one element"),
    "too few targets": (one_each, SERIES, MEANS[:5], {}, "number of rows; got 9 and 5"),
    "too few lists": (every_step, SERIES, STEPS[:5], {}, "number of rows; got 9 and 5"),
    "targets of a row": (every_step, SERIES, np.ones((COUNT, 5, 1)), {}, "must be a list"),
    "targets of another length": (every_step, SERIES, STEPS[::-1], {}, r"y\[0\]"),
    "buckets too short": (one_each, SERIES, MEANS, {"buckets": [4, 6]}, "length 8 at 3"),
    "no buckets": (one_each, SERIES, MEANS, {"buckets": []}, "at least one length"),
    "buckets of nothing": (one_each, SERIES, MEANS, {"buckets": 0}, "buckets must be"),
    "class weights of steps": (
        every_step, SERIES, STEPS, {"class_weight": {0: 1.0}}, "needs one class per row",
    ),
    "weights of another length": (
        every_step, SERIES, STEPS, {"sample_weight": UNIT[::-1]}, r"sample_weight\[0\]",
    ),
}  # fmt: skip


def test_messages_give_the_position_within_a_row():
    series, steps = [a.copy() for a in SERIES], [a[:, :1].copy() for a in SERIES]
    series[6][2, 1] = np.nan
    with pytest.raises(ValueError, match=r"x\[6\] must be finite; got nan at position 2, 1$"):
        one_each().predict(series)
    steps[3][4] = np.inf
    with pytest.raises(ValueError, match=r"y\[3\] must be finite; got inf at position 4, 0$"):
        every_step().fit(SERIES, steps, verbose=0)
    weights = [np.ones(n) for n in LENGTHS]
    weights[1][2] = np.nan
    with pytest.raises(ValueError, match=r"sample_weight\[1\] must .*; got nan at position 2$"):
        every_step().fit(SERIES, [a[:, :1] for a in SERIES], sample_weight=weights, verbose=0)
    model = lamina.Sequential([lamina.Input((None,)), layers.Embedding(9, 2), layers.LSTM(2)])
    with pytest.raises(ValueError, match=r"got 99 at position 2 of x\[1\]$"):
        model.predict([[1, 2], [1, 2, 99], [3]])


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_and_changes_nothing(name):
    make, x, y, options, said = REFUSED[name]
    model = make()
    before = model.get_weights()
    with pytest.raises((ValueError, TypeError), match=said):
        model.fit(x, y, verbose=0, **options)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert model.optimizer.iterations == 0


def test_rows_too_short_for_the_model_are_refused_before_a_step():
    model = of_series(layers.Conv1D(2, 4), layers.GlobalMaxPooling1D())
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"conv1d: .*; row 1 has shape \(3, 2\)"):
        model.fit(SERIES, MEANS, batch_size=2, shuffle=False, verbose=0)
    assert model.optimizer.iterations == 0
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_one_batch_and_states_need_equal_rows():
    model = one_each()
    with pytest.raises(ValueError, match="train_on_batch: the rows of one batch"):
        model.train_on_batch(SERIES, MEANS)
    with pytest.raises(ValueError, match="profile: the rows of one batch"):
        lamina.profile(model, SERIES, MEANS)
    fixed = lamina.Sequential([lamina.Input((5, 2)), layers.LSTM(2)])
    with pytest.raises(ValueError, match="not a rectangular array"):
        fixed.predict(SERIES)
    states = lamina.Sequential([
        lamina.Input((None, 2), batch_size=3), layers.LSTM(2, stateful=True),
    ])  # fmt: skip
    with pytest.raises(ValueError, match="is stateful, so each batch"):
        states.predict(SERIES)


def test_predictions_that_are_watched_plan_each_length_once(monkeypatch):
    class Counts(lamina.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.batches = 0

        def on_predict_batch_end(self, batch, logs=None):
            self.batches += 1

    model = of_series(layers.LSTM(3))
    many = [np.ones((n, 2)) for n in range(1, 5) for _ in range(40)]
    plans = []
    original = type(model)._route
    monkeypatch.setattr(
        type(model), "_route", lambda self, *args: plans.append(1) or original(self, *args)
    )
    counts = Counts()
    made = model.predict(many, callbacks=[counts], verbose=0)
    assert len(plans) == 4
    assert counts.batches == counts.params["steps"] == 8
    for a, b in zip(made, model.predict(many), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
