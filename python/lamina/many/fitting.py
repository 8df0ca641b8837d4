"""``fit_many``: many small fits in one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _screen
from lamina._calls import answering_calls
from lamina.many import executors, local
from lamina.many.outcome import FAILED, INTERRUPTED, Outcome
from lamina.many.plan import Plan, planned
from lamina.many.progress import Bar
from lamina.many.results import ManyFits
from lamina.many.settings import check_fit

if TYPE_CHECKING:
    from lamina._typing import Data, Verbose
    from lamina.models import Model

WHO = "fit_many"


@answering_calls
def fit_many(
    model: Model | Callable[..., Any],
    x: Data,
    y: Data | None = None,
    *,
    sample_weight: Data | None = None,
    settings: Sequence[Mapping[str, Any]] | Mapping[str, Sequence[Any]] | None = None,
    seeds: int | Sequence[int] = 1,
    folds: Any = None,
    bootstrap: int | Iterable[Any] | None = None,
    executor: Any = None,
    n_jobs: int | None = None,
    scoring: Any = None,
    keep: str | Iterable[str] = ("scores",),
    predict: Data | None = None,
    verbose: Verbose = "auto",
    **fit: Any,
) -> ManyFits:
    """Fit many small networks: all combinations of settings, seeds, folds and resamples.

    Parameters
    ----------
    model : Model or callable
        A compiled model, of which each fit trains a fresh copy: its layers and compile settings,
        with initial weights from the fit's seed (layers that do not train keep theirs).  Or a
        function ``build(**setting)`` that makes and returns a new compiled model.
    x, y : array_like of shape (rows, ...), or a list or dict of them
        As in ``fit``, but no sources of batches.
    sample_weight : array_like of shape (rows,), list or dict of them, optional
        As in ``fit``; scores of rows held out are weighted too.
    settings : list of dict, or dict of lists, optional
        Each dict is a setting; a dict of lists stands for all combinations, of which the last key
        changes fastest.  Keys are arguments of ``build``, or of ``fit`` (``epochs``,
        ``batch_size``, ``callbacks``, ...), or ``learning_rate``.  A seed is not a setting: use
        ``seeds``.
    seeds : int or sequence of int, default 1
        Seeds of the models, which determine initial weights, shuffles, validation splits and
        dropout; a number k stands for 0, 1, ..., k - 1.
    folds : int, splitter or iterable of pairs, optional
        A number of folds, to which rows are assigned at random, class by class if ``y`` has labels,
        in the same way for all fits; an object with ``split(x, y)``, such as scikit-learn's; or
        pairs of arrays, the rows to train on and those held out.
    bootstrap : int or iterable of arrays, optional
        The number of resamples (as many rows as there are, drawn with replacement, the same for all
        settings and seeds), or the indices of each resample's rows.  Rows that a resample leaves
        out are held out; within a fold, the fold's rows are.
    executor : concurrent.futures.Executor, or "joblib", optional
        Runs the fits in chunks: an executor of the standard library, Dask's
        ``client.get_executor()``, ``mpi4py.futures.MPIPoolExecutor``, or loky's; "joblib" uses the
        backend that joblib is configured to use, such as Ray's.  By default the fits run in this
        process.  With an executor, Ctrl-C keeps the chunks that have been returned.
    n_jobs : int, optional
        The number of simultaneous fits, each on one thread: by default
        ``lamina.get_num_threads()``, and 1 in each worker of an executor.  -1 is the default too,
        -2 one less, and so on, as in joblib.
    scoring : str, Metric, scorer, callable, or a list or dict of them, optional
        Measures for the rows held out: names of metrics or of scikit-learn's scorers
        ("neg_mean_absolute_error", "f1_macro"), scorers, or functions of targets and
        predictions such as ``sklearn.metrics.r2_score``, which are given predictions of shape
        (rows, outputs), and ``sample_weight`` by name if there is one; by default loss and
        metrics of ``compile``.  A score that raises is NaN, and the row's message says why.
    keep : sequence of {"scores", "weights", "histories", "held_out_predictions"}, or "all"
        The parts of each fit to keep.  The rest is computed again when it is requested.
    predict : array_like, list or dict of them, optional
        Rows for which each fit predicts.
    verbose : {"auto", 0, 1, 2}
        One bar for all fits; with "auto", on a terminal and in a notebook.
    **fit
        Arguments of ``fit`` for all fits: ``epochs``, ``batch_size``, ``validation_split``,
        ``validation_data``, ``callbacks`` (each fit has copies), ``shuffle``, ``class_weight``, ...

    Returns
    -------
    ManyFits
        A row for each fit.  If a fit diverges, its model cannot be built, or ``fit`` refuses it,
        the row says so; Ctrl-C ends the call and keeps the fits that are done.

    Raises
    ------
    ValueError, TypeError
        For invalid arguments, before anything is fitted; and the exception of the first fit, if all
        fits have failed, or no score of any could be computed.

    Notes
    -----
    A fit computes the same bits as ``fit`` of a model with that ``seed``, those rows and settings.
    They depend neither on ``n_jobs``, nor on the executor, nor on the order in which fits end.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> def build(units):
    ...     model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(units, "tanh"),
    ...                                lamina.layers.Dense(1)])
    ...     model.compile(lamina.optimizers.Adam(0.02), "mse")
    ...     return model
    >>> x = np.linspace(-1, 1, 90)
    >>> fits = lamina.fit_many(build, x, x**2, settings={"units": [1, 8]}, seeds=2, folds=3,
    ...                        epochs=30, verbose=0)
    >>> len(fits), fits.best_setting()
    (12, {'units': 8})
    >>> list(fits.table)        # doctest: +NORMALIZE_WHITESPACE
    ['units', 'seed', 'fold', 'resample', 'status', 'message', 'epochs', 'loss', 'val_loss',
     'held_out_loss', 'seconds']
    """
    check_fit(WHO, fit, fit_many)
    return fits_for(
        WHO, model, x, y, sample_weight=sample_weight, settings=settings, seeds=seeds, folds=folds,
        bootstrap=bootstrap, executor=executor, n_jobs=n_jobs, scoring=scoring, keep=keep,
        predict=predict, verbose=verbose, fit=fit,
    )  # fmt: skip


def fits_for(
    who: str, model: Any, x: Any, y: Any = None, *, sample_weight: Any = None, settings: Any = None,
    seeds: Any = 1, folds: Any = None, bootstrap: Any = None, executor: Any = None,
    n_jobs: Any = None, scoring: Any = None, keep: Any = ("scores",), predict: Any = None,
    verbose: Any = "auto", fit: Mapping[str, Any],
) -> ManyFits:  # fmt: skip
    """Fit as ``fit_many`` does, for another function that the user has called.

    Parameters
    ----------
    who : str
        The name of that function, in messages and beside the bar.
    model, x, y, sample_weight, settings, seeds, folds, bootstrap, executor, n_jobs, scoring, keep,\
 predict, verbose
        As in ``fit_many``.
    fit : mapping of str to object
        Arguments of ``fit``, which the caller has checked.

    Returns
    -------
    ManyFits
    """
    executors.check_executor(who, executor)
    count = local.threads_of(who, n_jobs)
    threads = None if n_jobs in (None, -1) else count  # workers then have one thread each
    plan = planned(
        who, model, x, y, sample_weight, settings, seeds, folds, bootstrap, scoring, keep, predict,
        fit,
    )  # fmt: skip

    def running(told: Callable[[int], object]) -> Iterator[Outcome]:
        if executor is None:
            return local.outcomes(plan, range(len(plan.fits)), threads, told)
        return executors.spread(who, plan, executor, threads)

    outcomes = _collected(who, plan, running, verbose)
    if all(_has_nothing(each) for each in outcomes):
        raise outcomes[0].error or RuntimeError(f"{who}: {outcomes[0].message}")
    _warn_of_scores(outcomes)
    return ManyFits(plan, outcomes)


def _has_nothing(outcome: Outcome) -> bool:
    """Return whether a fit, or the calculation of all its scores, has failed."""
    if outcome.status == FAILED:
        return True
    return outcome.error is not None and bool(np.isnan(list(outcome.scores.values())).all())


def _warn_of_scores(outcomes: Sequence[Outcome]) -> None:
    """Warn if in every fit that has scores one of them has raised."""
    scored = [each for each in outcomes if each.scores]
    if scored and all(each.error is not None for each in scored):
        _screen.warn(f"{scored[0].message}; the other scores are kept")


def _collected(
    who: str,
    plan: Plan,
    running: Callable[[Callable[[int], object]], Iterator[Outcome]],
    verbose: Any,
) -> list[Outcome]:
    """Return the outcomes in order, including those left out by an interrupt, which say so."""
    outcomes = [
        Outcome(index, INTERRUPTED, "interrupted before its end") for index in range(len(plan.fits))
    ]
    with Bar(who, len(outcomes), verbose) as bar:
        try:
            for done, outcome in enumerate(running(bar.reach), 1):
                outcomes[outcome.index] = outcome
                bar.reach(done)
        except KeyboardInterrupt:
            pass
    return outcomes
