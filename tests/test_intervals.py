"""Prediction intervals of regressions: each method against plain loops, and its coverage."""

from math import comb

import numpy as np
import pytest

from interval_lines import Line, data, exact_rank, kth, plus
from lamina.inference import PredictionIntervals, coverage_report
from lamina.inference.intervals import Interval, clopper_pearson, ranks

LEVELS = (0.5, 0.8, 0.9)
CLOSE = {"rtol": 1e-12, "atol": 1e-12}  # sums of three products


@pytest.mark.parametrize("level", [0.01, 0.07, 0.1, 0.29, 0.5, 0.57, 0.58, 0.9, 0.95, 0.999])
def test_ranks_are_those_of_exact_numbers(level):
    for count in (1, 2, 9, 10, 19, 99, 100, 999):
        assert ranks.rank(count, level) == exact_rank(count, level)
        values = np.random.default_rng(count).integers(0, 5, count).astype(float)  # with ties
        assert ranks.upper(values, level) == kth(values, exact_rank(count, level))
        assert ranks.lower(values, level) == -kth(-values, exact_rank(count, level))
    least = ranks.least_rows(level)
    assert exact_rank(least, level) <= least
    assert least == 1 or exact_rank(least - 1, level) > least - 1


def test_split_is_a_quantile_of_held_out_residuals():
    x, y = data(101, 0)
    line = Line().fit(x[:50], y[:50])
    intervals = PredictionIntervals(line, "split").calibrate(x[50:90], y[50:90])
    scores = [abs(y[i] - line.predict(x[50:90])[i - 50]) for i in range(50, 90)]
    for level in LEVELS:
        found, width = intervals.predict(x[90:], level), kth(scores, exact_rank(40, level))
        assert np.array_equal(found.prediction, line.predict(x[90:]))
        assert np.array_equal(found.lower, found.prediction - width)
        assert np.array_equal(found.upper, found.prediction + width)


def test_intervals_are_tables():
    pytest.importorskip("pandas")
    one, two = np.arange(3.0), np.arange(6.0).reshape(3, 2)
    frame = Interval(one, one[:, None] - 1, one + 1).to_pandas()
    assert list(frame) == ["prediction", "lower", "upper"]
    assert frame["lower"].tolist() == [-1.0, 0.0, 1.0]
    frame = Interval({"a": one, "b": two}, [one, two], (one, two)).to_pandas()
    assert list(frame)[:4] == ["prediction_1", "lower_1", "upper_1", "prediction_2"]
    assert frame["upper_3"].tolist() == [1.0, 3.0, 5.0]


@pytest.mark.parametrize("name", ["cv+", "cv-minmax", "jackknife+", "jackknife-minmax"])
def test_held_out_copies(name):
    x, y = data(40, 1)
    new, cv = data(6, 2)[0], None
    if name.startswith("cv"):
        order = np.random.default_rng(0).permutation(40)
        cv = [(np.sort(np.delete(order, np.s_[i : i + 8])), order[i : i + 8])
              for i in range(0, 40, 8)]  # fmt: skip
    folds = cv or [(np.delete(np.arange(40), i), np.array([i])) for i in range(40)]
    copies = [Line().fit(x[train], y[train]) for train, _ in folds]
    copy_of = {i: copy for copy, (_, held) in zip(copies, folds, strict=True) for i in held}
    scores = [abs(y[i] - copy_of[i].predict(x[i : i + 1])[0]) for i in range(40)]
    intervals = PredictionIntervals(Line().fit(x, y), name, cv=cv).calibrate(x, y)
    for level in LEVELS:
        found = intervals.predict(new, interval=level)
        for row in range(6):
            there = [copy_of[i].predict(new[row : row + 1])[0] for i in range(40)]
            if name.endswith("+"):
                low, high = plus(there, scores, level)
            else:
                width = kth(scores, exact_rank(40, level))
                low, high = min(there) - width, max(there) + width
            np.testing.assert_allclose([found.lower[row], found.upper[row]], [low, high], **CLOSE)


def test_folds_by_number_hold_out_each_row_once_and_follow_the_seed():
    x, y = data(23, 3)
    line = Line().fit(x, y)

    def fold_of(**options):
        made = PredictionIntervals(line, "cv+", **options).calibrate(x, y)
        return made.calibration.arrays["fold_of"]

    assert sorted(np.bincount(fold_of(cv=5))) == [4, 4, 5, 5, 5]
    assert np.array_equal(fold_of(cv=5), fold_of(cv=5))
    assert not np.array_equal(fold_of(cv=5), fold_of(cv=5, seed=1))
    assert np.bincount(fold_of()).size == 10


def resampled(x, y, count, seed):
    """Return the copies of a bootstrap, and the rows missing in each resample."""
    rows = len(y)
    drawn = [np.random.default_rng([seed, b]).integers(0, rows, rows) for b in range(count)]
    lacking = np.array([[i not in set(d.tolist()) for d in drawn] for i in range(rows)])
    return [Line().fit(x[d], y[d]) for d in drawn], lacking


def test_jackknife_after_bootstrap():
    x, y = data(30, 4)
    new = data(5, 5)[0]
    copies, lacking = resampled(x, y, 20, 7)

    def mean_without(i, row):
        return np.mean([c.predict(row[None])[0] for c, out in zip(copies, lacking[i], strict=True)
                        if out])  # fmt: skip

    scores = [abs(y[i] - mean_without(i, x[i])) for i in range(30)]
    line = Line().fit(x, y)
    intervals = PredictionIntervals(line, "jackknife+ab", n_resamples=20, seed=7).calibrate(x, y)
    for level in LEVELS:
        found = intervals.predict(new, interval=level)
        for row in range(5):
            low, high = plus([mean_without(i, new[row]) for i in range(30)], scores, level)
            np.testing.assert_allclose([found.lower[row], found.upper[row]], [low, high], **CLOSE)


def test_bootstrap_of_pairs():
    x, y = data(30, 6)
    new = data(5, 7)[0]
    copies, lacking = resampled(x, y, 20, 0)
    said = np.array([c.predict(x) for c in copies])
    line = Line().fit(x, y)
    held = [y[i] - said[lacking[i], i].mean() for i in range(30)]
    trained = y - line.predict(x)
    chance = np.abs(np.subtract.outer(y, line.predict(x))).mean()
    over = (np.abs(held).mean() - np.abs(trained).mean()) / (chance - np.abs(trained).mean())
    assert 0 < over < 1
    weight = 0.632 / (1 - 0.368 * over)
    residuals = (1 - weight) * np.sort(trained) + weight * np.sort(held)
    intervals = PredictionIntervals(line, "bootstrap", n_resamples=20).calibrate(x, y)
    there = np.array([c.predict(new) for c in copies])
    for level in LEVELS:
        found = intervals.predict(new, interval=level)
        for row in range(5):
            moved = there[:, row] - there[:, row].mean()
            errors = np.subtract.outer(residuals, moved).ravel()
            ends = np.quantile(errors, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
            np.testing.assert_allclose(
                [found.lower[row], found.upper[row]], line.predict(new[row : row + 1]) + ends,
                rtol=1e-10, atol=1e-10,
            )  # fmt: skip


@pytest.mark.parametrize(
    "method", ["split", "cv+", "cv-minmax", "jackknife+", "jackknife-minmax", "jackknife+ab",
               "bootstrap"]
)  # fmt: skip
def test_each_output_has_the_intervals_that_it_has_alone(method):
    x, y = data(40, 8, outputs=2)
    options = {"n_resamples": 20} if method in ("jackknife+ab", "bootstrap") else {}
    both = PredictionIntervals(Line().fit(x, y), method, **options).calibrate(x, y).predict(x)
    assert both.lower.shape == (40, 2)
    for k in (0, 1):
        line = Line().fit(x, y[:, k])
        alone = PredictionIntervals(line, method, **options).calibrate(x, y[:, k]).predict(x)
        np.testing.assert_allclose(both.lower[:, k], alone.lower, rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(both.upper[:, k], alone.upper, rtol=1e-10, atol=1e-10)


def test_rows_do_not_depend_on_those_beside_them(monkeypatch):
    x, y = data(40, 9)
    many = data(50, 10)[0]
    for method in ("jackknife+", "jackknife+ab", "bootstrap"):
        intervals = PredictionIntervals(Line().fit(x, y), method).calibrate(x, y)
        whole = intervals.predict(many)
        with monkeypatch.context() as patch:
            patch.setattr("lamina.inference.intervals.methods.AT_ONCE", 100)
            pieces = intervals.predict(many)
        assert np.array_equal(whole.lower, pieces.lower)
        assert np.array_equal(whole.upper, pieces.upper)


def test_too_few_rows_give_infinite_intervals_and_a_warning():
    x, y = data(30, 11)
    intervals = PredictionIntervals(Line().fit(x, y), "split").calibrate(x[:18], y[:18])
    with pytest.warns(UserWarning, match="18 rows are too few for intervals of level 0.95, which "
                                         "need 19; the intervals are infinite"):  # fmt: skip
        found = intervals.predict(x[20:], interval=0.95)
    assert np.isneginf(found.lower).all()
    assert np.isposinf(found.upper).all()
    assert np.isfinite(intervals.predict(x[20:], interval=0.9).lower).all()


# --- coverage: one new row for each of many data sets, so that hits are independent


REPEATS = 200


@pytest.mark.parametrize(
    ("method", "options", "least", "most"),
    [
        # Of 19 scores the 0.9 quantile is the 18th: exactly 18 of 20 rows are covered.
        ("split", {}, 0.9, 0.9),
        ("cv+", {"cv": 5}, 0.85, 0.96),
        ("jackknife+", {}, 0.86, 0.95),
        ("jackknife-minmax", {}, 0.9, 1.0),
        ("cv-minmax", {"cv": 5}, 0.9, 1.0),
        ("jackknife+ab", {"n_resamples": 20}, 0.86, 0.97),
        ("bootstrap", {"n_resamples": 20}, 0.83, 0.95),
    ],
)
def test_coverage(method, options, least, most):
    hits = 0
    for seed in range(REPEATS):
        x, y = data(40, 1000 + seed)
        rows = slice(20, 39)
        trained = slice(0, 20) if method == "split" else rows
        line = Line().fit(x[trained], y[trained])
        intervals = PredictionIntervals(line, method, **options).calibrate(x[rows], y[rows])
        found = intervals.predict(x[39:])
        hits += bool(found.lower[0] <= y[39] <= found.upper[0])
    low, high = clopper_pearson(hits, REPEATS, confidence=0.9999)
    assert low <= most
    assert high >= least


def test_report():
    x, y = data(300, 12)
    line = Line().fit(x[:100], y[:100])
    intervals = PredictionIntervals(line, "split").calibrate(x[100:200], y[100:200])
    by = np.where(x[200:, 0] > 0, "high", "low")
    table = coverage_report(intervals, x[200:], y[200:], levels=(0.5, 0.9), by=by)
    assert list(table["group"]) == ["all", "high", "low"] * 2
    for place in range(table.rows):
        line = table.row(place)
        found = intervals.predict(x[200:], interval=line["level"])
        of_group = np.ones(100, bool) if line["group"] == "all" else by == line["group"]
        truth, low, high = (a[of_group] for a in (y[200:], found.lower, found.upper))
        outside = np.where(truth < low, low - truth, np.where(truth > high, truth - high, 0.0))
        assert line["rows"] == len(truth)
        assert line["coverage"] == pytest.approx(np.mean((low <= truth) & (truth <= high)))
        assert line["mean_width"] == pytest.approx((high - low).mean())
        score = (high - low) + 2 / (1 - line["level"]) * outside
        assert line["score"] == pytest.approx(score.mean())
        assert line["low"] < line["coverage"] < line["high"]


def test_exact_limits_of_a_rate():
    for hits, rows in ((1, 7), (90, 100), (3, 1000)):
        low, high = clopper_pearson(hits, rows)
        above = sum(comb(rows, k) * low**k * (1 - low) ** (rows - k) for k in range(hits, rows + 1))
        below = sum(comb(rows, k) * high**k * (1 - high) ** (rows - k) for k in range(hits + 1))
        assert above == pytest.approx(0.025, rel=1e-9)
        assert below == pytest.approx(0.025, rel=1e-9)
    assert clopper_pearson(0, 10)[0] == 0.0
    assert clopper_pearson(10, 10)[1] == 1.0
