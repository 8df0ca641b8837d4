"""Coverage of prediction intervals over random splits of Boston, beside MAPIE's on the same fits.

python bench/coverage.py [--seeds 200] [--jackknife-rows 100]
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import lamina
from common import append_history, at_least, at_least_one, machine, table

TRAINED, HELD_OUT = 400, 100  # rows; the others are tested
FOLDS, RESAMPLES, LEVEL = 10, 30, 0.9
FIT = {"epochs": 60, "batch_size": 64, "verbose": 0}
# The range for the mean coverage; methods that are wider by design have their guarantee.
RANGE = {"jackknife+": (0.88, 1.0), "cv-minmax": (0.9, 1.0), "jackknife-minmax": (0.9, 1.0),
         "bootstrap": (0.85, 0.95)}  # fmt: skip


def network(loss: Any = "mse") -> Any:
    model = lamina.Sequential(
        [lamina.Input((13,)), lamina.layers.Dense(5, "tanh"), lamina.layers.Dense(1)], seed=1
    )
    model.compile(lamina.optimizers.Adam(0.01), loss)
    return model


class Network:
    """The network as a scikit-learn estimator, for MAPIE; equal rows are fitted once."""

    kept: dict[bytes, Any]

    def __init__(self, loss: Any = "mse") -> None:
        self.loss = loss

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002
        return {"loss": self.loss}

    def set_params(self, **_: Any) -> Network:
        return self

    def fit(self, x: Any, y: Any) -> Network:
        key = repr(self.loss).encode() + np.ascontiguousarray(x).tobytes() + y.tobytes()
        if key not in Network.kept:
            model = network(self.loss)
            model.fit(x, y, **FIT)
            Network.kept[key] = model
        self.model_ = Network.kept[key]
        self.is_fitted_, self.n_features_in_ = True, x.shape[1]
        return self

    def predict(self, x: Any) -> Any:
        return self.model_.predict(x, verbose=0)[:, 0]

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import RegressorTags, Tags, TargetTags

        return Tags("regressor", TargetTags(required=True), regressor_tags=RegressorTags())


class Split:
    """One random split: training rows, which some methods divide, and test rows."""

    def __init__(self, x: Any, y: Any, seed: int, jackknife_rows: int) -> None:
        order = np.random.default_rng(seed).permutation(len(x))
        train, self.test = order[:TRAINED], order[TRAINED:]
        mean, spread = x[train].mean(axis=0), x[train].std(axis=0)
        self.x, self.y = (x - mean) / spread, (y - y[train].mean()) / y[train].std()
        self.all, self.few = train, train[:jackknife_rows]
        self.first, self.second = train[:-HELD_OUT], train[-HELD_OUT:]
        self.fitted: dict[int, Any] = {}

    def model(self, rows: Any) -> Any:
        """Return the network fitted to these rows, once."""
        if id(rows) not in self.fitted:
            model = network()
            model.fit(self.x[rows], self.y[rows], **FIT)
            self.fitted[id(rows)] = model
        return self.fitted[id(rows)]

    def folds(self) -> list[tuple[Any, Any]]:
        every = np.arange(TRAINED)
        return [(np.delete(every, np.s_[k::FOLDS]), every[k::FOLDS]) for k in range(FOLDS)]

    def calibrated(self, method: str, fitted: Any, rows: Any, **options: Any) -> Any:
        """Return lower and upper bounds for the test rows."""
        model = self.model(fitted)
        fit = {} if method == "split" else FIT
        model.calibrate(self.x[rows], self.y[rows], method, **options, **fit)
        found = model.predict(self.x[self.test], interval=LEVEL)
        return found.lower[:, 0], found.upper[:, 0]


def ours() -> dict[str, Callable[[Split], Any]]:
    return {
        "split": lambda s: s.calibrated("split", s.first, s.second),
        "cv+": lambda s: s.calibrated("cv+", s.all, s.all, cv=s.folds()),
        "cv-minmax": lambda s: s.calibrated("cv-minmax", s.all, s.all, cv=s.folds()),
        "jackknife+": lambda s: s.calibrated("jackknife+", s.few, s.few),
        "jackknife-minmax": lambda s: s.calibrated("jackknife-minmax", s.few, s.few),
        "jackknife+ab": lambda s: s.calibrated("jackknife+ab", s.all, s.all, n_resamples=RESAMPLES),
        "cqr": lambda s: s.calibrated("cqr", s.all, s.all, calibration_size=HELD_OUT / TRAINED),
        "bootstrap": lambda s: s.calibrated("bootstrap", s.all, s.all, n_resamples=RESAMPLES),
    }


def mapies() -> dict[str, Callable[[Split], Any]]:
    try:
        from mapie import regression as peer
        from mapie.subsample import Subsample
        from sklearn.model_selection import LeaveOneOut, PredefinedSplit
    except ImportError as error:
        print(f"MAPIE left out: {error}")
        return {}

    def _folds(_: Split) -> Any:
        return PredefinedSplit(np.arange(TRAINED) % FOLDS)

    def bounds(made: Any, split: Split, **options: Any) -> Any:
        found = made.predict_interval(split.x[split.test], **options)[1][:, :, 0]
        return found[:, 0], found[:, 1]

    def of_split(s: Split) -> Any:
        fitted = Network().fit(s.x[s.first], s.y[s.first])
        made = peer.SplitConformalRegressor(fitted, LEVEL, prefit=True)
        return bounds(made.conformalize(s.x[s.second], s.y[s.second]), s)

    def crossed(method: str, rows: str, cv: Callable[[Split], Any]) -> Callable[[Split], Any]:
        def run(s: Split) -> Any:
            chosen = getattr(s, rows)
            made = peer.CrossConformalRegressor(Network(), LEVEL, method=method, cv=cv(s))
            return bounds(made.fit_conformalize(s.x[chosen], s.y[chosen]), s)

        return run

    def after_bootstrap(s: Split) -> Any:
        made = peer.JackknifeAfterBootstrapRegressor(
            Network(), LEVEL, resampling=Subsample(RESAMPLES, random_state=0)
        )
        return bounds(made.fit_conformalize(s.x[s.all], s.y[s.all]), s)

    def of_quantiles(s: Split) -> Any:
        ends = [Network(lamina.losses.Pinball(q)) for q in (0.05, 0.95, 0.5)]
        fitted = [each.fit(s.x[s.first], s.y[s.first]) for each in ends]
        made = peer.ConformalizedQuantileRegressor(fitted, LEVEL, prefit=True)
        made.conformalize(s.x[s.second], s.y[s.second])
        return bounds(made, s, symmetric_correction=True)

    return {
        "split": of_split,
        "cv+": crossed("plus", "all", _folds),
        "cv-minmax": crossed("minmax", "all", _folds),
        "jackknife+": crossed("plus", "few", lambda _: LeaveOneOut()),
        "jackknife-minmax": crossed("minmax", "few", lambda _: LeaveOneOut()),
        "jackknife+ab": after_bootstrap,
        "cqr": of_quantiles,
    }


def measured(splits: list[Split], bounds: Callable[[Split], Any]) -> dict[str, float]:
    """Return mean coverage and its standard error over splits, mean width, seconds per split."""
    begin = time.perf_counter()
    covered, width = [], []
    for split in splits:
        low, high = bounds(split)
        truth = split.y[split.test]
        covered.append(float(((low <= truth) & (truth <= high)).mean()))
        width.append(float((high - low).mean()))
    seconds = (time.perf_counter() - begin) / len(splits)
    error = float(np.std(covered) / np.sqrt(len(splits)))
    return {
        "coverage": float(np.mean(covered)), "error": error, "width": float(np.mean(width)),
        "seconds": seconds,
    }  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument(
        "--seeds", type=at_least_one, default=200, help="random splits (default: %(default)s)"
    )
    options.add_argument(
        "--jackknife-rows", type=at_least(2), default=100,
        help="training rows of a jackknife, with one fit each (default: %(default)s)",
    )  # fmt: skip
    options.add_argument(
        "--methods", nargs="+", choices=list(ours()), default=list(ours()),
        help="which to run (default: all)",
    )  # fmt: skip
    options.add_argument("--alone", action="store_true", help="without MAPIE")
    options.add_argument("--no-history", action="store_true", help="append nothing to history/")
    chosen = options.parse_args()
    if chosen.jackknife_rows > TRAINED:
        options.error(
            f"--jackknife-rows must be at most {TRAINED}, the training rows; "
            f"got {chosen.jackknife_rows}"
        )
    warnings.simplefilter("ignore")
    data = lamina.datasets.boston.load()
    x, y = data.x.astype(float), data.y.astype(float)
    found: dict[str, dict[str, Any]] = {}
    peers = {} if chosen.alone else mapies()
    for method in chosen.methods:
        splits = [Split(x, y, seed, chosen.jackknife_rows) for seed in range(chosen.seeds)]
        Network.kept = {}
        sides = {"lamina": ours()[method]} | ({"MAPIE": peers[method]} if method in peers else {})
        found[method] = {who: measured(splits, bounds) for who, bounds in sides.items()}
        print(*row(method, found[method]), flush=True)
    head = ["method", "wanted", "coverage", "+-", "width", "s a split", "MAPIE", "width", ""]
    print(f"{chosen.seeds} splits, level {LEVEL}, {chosen.jackknife_rows} rows for the jackknife")
    print(table(head, [row(method, sides) for method, sides in found.items()]))
    if not chosen.no_history:
        append_history("coverage", {**machine(lamina.get_num_threads()), "splits": chosen.seeds,
                                    "methods": found})  # fmt: skip


def row(method: str, sides: dict[str, dict[str, float]]) -> list[str]:
    least, most = RANGE.get(method, (0.88, 0.92))
    mine, peer = sides["lamina"], sides.get("MAPIE")
    verdict = "" if least <= mine["coverage"] <= most else "MISSED"
    cells = [f"{mine['coverage']:.3f}", f"{mine['error']:.3f}", f"{mine['width']:.3f}",
             f"{mine['seconds']:.2f}"]  # fmt: skip
    beside = ["-", "-"] if peer is None else [f"{peer['coverage']:.3f}", f"{peer['width']:.3f}"]
    return [method, f"{least:.2f} to {most:.2f}", *cells, *beside, verdict]


if __name__ == "__main__":
    main()
