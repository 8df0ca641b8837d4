"""The results of a set of fits."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from lamina import _check
from lamina._columns import Columns
from lamina._names import unknown
from lamina._public import Public
from lamina.callbacks import History
from lamina.many.outcome import FAILED, INTERRUPTED, OK, Outcome
from lamina.many.plan import KEPT, Plan
from lamina.many.scoring import PREFIX, direction
from lamina.many.single import fit_one

Array = NDArray[Any]
T = TypeVar("T")

_OURS = ("seed", "fold", "resample", "status", "message", "epochs", "loss", "val_loss", "seconds")


class OfFits(Sequence[T], Generic[T]):
    """A sequence with an item for each fit, computed on access.

    Parameters
    ----------
    count : int
    find : callable
        Returns the item for the index of a fit.
    """

    def __init__(self, count: int, find: Callable[[int], T]) -> None:
        self._count, self._find = count, find

    def __len__(self) -> int:
        """Return the number of fits."""
        return self._count

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> list[T]: ...
    def __getitem__(self, place: int | slice) -> T | list[T]:
        """Return the item of one fit, or those of several."""
        if isinstance(place, slice):
            return [self._find(i) for i in range(*place.indices(self._count))]
        index = int(place) + (self._count if place < 0 else 0)
        if not 0 <= index < self._count:
            raise IndexError(f"there are {self._count} fits; got {place}")
        return self._find(index)

    def __iter__(self) -> Iterator[T]:
        """Go through all fits."""
        return (self._find(i) for i in range(self._count))


class ManyFits(Public):
    """The results of ``fit_many``, one row per fit: settings outermost, then seeds, then rows.

    Parts that were not kept are computed again on access, by the same fit with the same bits; the
    data must not have changed.

    Attributes
    ----------
    table : Columns
        One row per fit: the setting's keys, ``seed``, ``fold``, ``resample``, ``status`` ("ok",
        "diverged", "interrupted" or "failed"), ``message``, ``epochs`` (done), ``loss`` and
        ``val_loss`` (of the last epoch, or of the epoch whose weights ``EarlyStopping`` restored),
        the scores on the rows held out (``held_out_loss``, ...) and ``seconds``.  A setting's key
        that is also the name of another column gets the prefix ``setting_``.  Columns that are
        empty in all rows are not printed.
    settings : list of dict
        Of each fit.
    models : sequence of Model
        The fitted models, made on access; their optimizers are as before the first step.
    weights : sequence of list of ndarray
        As ``get_weights`` returns them.
    held_out : sequence of ndarray of int64
        The rows held out of each fit; empty without folds and resamples.
    held_out_predictions : sequence of ndarray
        The predictions of each fit for these rows.
    predictions : sequence of ndarray
        The predictions of each fit for the rows of the argument ``predict``.
    histories : sequence of History

    Examples
    --------
    >>> import numpy as np, lamina
    >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> x = np.linspace(-1, 1, 60)
    >>> fits = lamina.fit_many(model, x, 2 * x, settings={"learning_rate": [0.01, 0.1]}, folds=3,
    ...                        epochs=20, verbose=0)
    >>> len(fits), fits.best_setting(), fits.models[0].predict(x).shape
    (6, {'learning_rate': 0.1}, (60, 1))
    """

    def __init__(self, plan: Plan, outcomes: Sequence[Outcome]) -> None:
        self._plan, self._outcomes = plan, list(outcomes)
        self._table: Columns | None = None
        count = len(self._outcomes)
        self.settings = [plan.settings[fit.setting] for fit in plan.fits]
        self.models: OfFits[Any] = OfFits(count, self._model)
        self.weights: OfFits[list[Array]] = OfFits(count, self._weights)
        self.histories: OfFits[History] = OfFits(count, self._history)
        self.held_out: OfFits[Array] = OfFits(count, self._held_out_rows)
        self.held_out_predictions: OfFits[Any] = OfFits(count, self._held_out_predictions)
        self.predictions: OfFits[Any] = OfFits(count, self._predictions)

    def __len__(self) -> int:
        """Return the number of fits."""
        return len(self._outcomes)

    def __repr__(self) -> str:
        """Return the table as text."""
        return repr(self.table)

    def __reduce__(self) -> tuple[Any, ...]:
        """Rebuild from plan and outcomes (for pickle)."""
        return type(self), (self._plan, self._outcomes)

    # --- the table

    @property
    def table(self) -> Columns:
        """The table with one row per fit."""
        if self._table is None:
            self._table = Columns(self._columns(), title=self._title(), leave_empty=True)
        return self._table

    def to_pandas(self) -> Any:
        """Return the table as a ``pandas.DataFrame``; pandas must be installed."""
        return self.table.to_pandas()

    def _columns(self) -> dict[str, Any]:
        plan, outcomes = self._plan, self._outcomes
        parts = [plan.parts[fit.part] for fit in plan.fits]
        scores = list(dict.fromkeys(name for each in outcomes for name in each.scores))
        columns: dict[str, Any] = {
            self._name(key, scores): [setting.get(key) for setting in self.settings]
            for key in self._keys()
        }
        columns["seed"] = [fit.seed for fit in plan.fits]
        columns["fold"] = [part.fold for part in parts]
        columns["resample"] = [part.resample for part in parts]
        for name in ("status", "message", "epochs", "loss", "val_loss"):
            columns[name] = [getattr(each, name) for each in outcomes]
        for name in scores:
            columns[name] = [each.scores.get(name, np.nan) for each in outcomes]
        columns["seconds"] = [each.seconds for each in outcomes]
        return columns

    def _keys(self) -> list[str]:
        return list(dict.fromkeys(key for setting in self._plan.settings for key in setting))

    @staticmethod
    def _name(key: str, scores: Sequence[str]) -> str:
        return f"setting_{key}" if key in _OURS or key in scores else key

    def _title(self) -> str:
        kinds = [each.status for each in self._outcomes]
        others = [f"{kinds.count(k)} {k}" for k in dict.fromkeys(kinds) if k != OK]
        return f"{len(kinds)} fits{': ' if others else ''}{', '.join(others)}"

    # --- the best

    def best(self, by: str | None = None, mode: str = "auto") -> int:
        """Return the index of the best fit, for ``models``, ``weights`` and the table's rows.

        Parameters
        ----------
        by : str, optional
            A column of the table; by default the first score on the rows held out, or else
            ``val_loss``, or else ``loss``.
        mode : {"auto", "min", "max"}
            Whether smaller or larger values are better; with "auto" the score decides.

        Raises
        ------
        ValueError
            If no fit has such a value, or it is unknown which values are better.
        """
        name, sign = self._by(by, mode)
        values = sign * np.asarray(self.table[name], dtype=float)
        values[[each.status != OK for each in self._outcomes]] = np.nan
        if np.isnan(values).all():
            first = self._outcomes[0]
            raise ValueError(
                f"ManyFits: no fit has a {name}; the first is {first.status}: {first.message}"
            )
        return int(np.nanargmax(values))

    def best_setting(self, by: str | None = None, mode: str = "auto") -> dict[str, Any]:
        """Return the setting whose fits are best on average; ``by`` and ``mode`` as in ``best``.

        A setting with a fit without a value, such as one that has diverged, comes last.
        """
        name, sign = self._by(by, mode)
        means = sign * self.by_setting()[name]
        if np.isnan(means).all():
            raise ValueError(f"ManyFits: every setting has a fit without {name}; see table")
        return dict(self._plan.settings[int(np.nanargmax(means))])

    def by_setting(self) -> Columns:
        """Return the means over each setting's fits, one row per setting.

        Returns
        -------
        Columns
            The setting's keys, ``fits`` (their number), ``ok`` (how many of them are), and for each
            number in the table its mean and, for losses and scores, its standard deviation with the
            prefix ``std_`` (with the number of fits as divisor); NaN if a fit has no value.
            Columns that are empty in all rows are not printed.
        """
        table = self.table
        scores = [name for name in table if name.startswith(PREFIX)]
        settings = self._plan.settings
        columns: dict[str, Any] = {
            self._name(key, scores): [setting.get(key) for setting in settings]
            for key in self._keys()
        }
        ok = table["status"] == OK
        by_setting = (len(settings), -1)  # the fits of a setting are as many, and lie together
        columns["fits"] = np.full(len(settings), len(ok) // len(settings))
        columns["ok"] = ok.reshape(by_setting).sum(axis=1)
        for name in ("epochs", "loss", "val_loss", *scores, "seconds"):
            values = np.where(ok, np.asarray(table[name], dtype=float), np.nan).reshape(by_setting)
            columns[name] = values.mean(axis=1)
            if name not in ("epochs", "seconds"):
                columns[f"std_{name}"] = values.std(axis=1)
        return Columns(columns, leave_empty=True)

    def _by(self, by: str | None, mode: str) -> tuple[str, float]:
        """Return a column, and the sign with which larger values are better."""
        _check.choice("ManyFits", "mode", mode, ("auto", "min", "max"))
        table = self.table
        if by is None:
            scores = [name for name in table if name.startswith(PREFIX)]
            validated = not np.isnan(np.asarray(table["val_loss"], dtype=float)).all()
            by = scores[0] if scores else "val_loss" if validated else "loss"
        if by not in table:
            raise ValueError(f"ManyFits: {unknown('column', by, list(table))}")
        if mode == "auto":
            found = direction(by, self._plan.scoring.directions())
            if found is None:
                raise ValueError(
                    f"ManyFits: it is not known whether larger or smaller values of {by!r} are "
                    f"better; give mode='max' or mode='min'"
                )
            mode = "max" if found == "up" else "min"
        return by, 1.0 if mode == "max" else -1.0

    # --- computed on access

    def _weights(self, index: int) -> list[Array]:
        return self._with(index, "weights").weights or []

    def _model(self, index: int) -> Any:
        weights, fit = self._weights(index), self._plan.fits[index]
        model = self._plan.recipe.model(self._plan.shares[fit.setting], fit.seed)
        if model.input_row_shapes is None:
            from lamina.many.data import take

            model.evaluate(*(take(each, np.arange(1)) for each in (self._plan.x, self._plan.y)),
                           verbose=0)  # fmt: skip
        model.set_weights(weights)
        return model

    def _history(self, index: int) -> History:
        record, history = self._with(index, "record").record, History()
        assert record is not None
        history.history, history.epoch = record.history, record.epoch
        history.recorded_at, history.validation_rows = record.recorded_at, record.validation_rows
        return history

    def _held_out_rows(self, index: int) -> Array:
        held = self._plan.parts[self._plan.fits[index].part].held_out
        return np.empty(0, np.int64) if held is None else held

    def _held_out_predictions(self, index: int) -> Any:
        if not len(self._held_out_rows(index)):
            raise LookupError("ManyFits: no rows were held out; give fit_many folds or bootstrap")
        return self._with(index, "held_out").held_out

    def _predictions(self, index: int) -> Any:
        if self._plan.predict is None:
            raise LookupError("ManyFits: nothing was predicted; give fit_many predict=x_new")
        return self._with(index, "predictions").predictions

    def _with(self, index: int, name: str) -> Outcome:
        """Return a fit's outcome with the requested part, fitting again if necessary."""
        outcome = self._outcomes[index]
        if outcome.status in (FAILED, INTERRUPTED):
            raise LookupError(f"ManyFits: fit {index} was {outcome.status}: {outcome.message}")
        if getattr(outcome, name) is None:
            again = fit_one(dataclasses.replace(self._plan, keep=frozenset(KEPT)), index)
            for each in ("weights", "record", "held_out", "predictions"):
                if getattr(outcome, each) is None:
                    setattr(outcome, each, getattr(again, each))
        if getattr(outcome, name) is None:  # a fit that has diverged has no predictions
            raise LookupError(f"ManyFits: fit {index} has {outcome.status}: {outcome.message}")
        return outcome
