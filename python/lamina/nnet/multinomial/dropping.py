"""Fits of ``multinom`` with one term less, as R's ``drop1``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lamina import _screen
from lamina._calls import on_behalf
from lamina._columns import Columns
from lamina._names import unknown
from lamina.nnet.multinomial.network import search
from lamina.nnet.multinomial.rows import merged, rows_of

if TYPE_CHECKING:
    from lamina.nnet.multinomial.fit import Multinom

WHO = "drop1"
Term = tuple[str, ...]


def dropped_terms(fit: Multinom, scope: Any, by_aic: bool, trace: bool) -> Columns:
    """Return degrees of freedom and AIC of a fit, and of fits without one of its terms each."""
    found: list[tuple[str, int, float]] = [("<none>", fit.edf, fit.AIC)]
    for label, term in _chosen(fit, scope).items():
        _screen.write(f"trying - {label} ")
        edf, aic = _without(fit, term, trace)
        found.append((label, edf, float("nan") if edf == fit.edf else aic))
    if by_aic:
        found.sort(key=lambda row: (row[2] != row[2], row[2]))  # NaN last
    names, edfs, aics = zip(*found, strict=True)
    return Columns({"Term": names, "Df": edfs, "AIC": aics}, title="Single term deletions")


def _chosen(fit: Multinom, scope: Any) -> dict[str, Term]:
    """Return the terms to leave out, by their labels; by default those in no larger term."""
    terms = dict(zip(fit.frame.terms.labels, fit.frame.terms.terms, strict=True))
    if scope is None:
        return {
            label: term for label, term in terms.items()
            if not any(set(term) < set(other) for other in terms.values())
        }  # fmt: skip
    if not isinstance(scope, (str, Iterable)):
        raise TypeError(f"{WHO}: scope must be labels of terms; got {scope!r:.80}")
    labels = [scope] if isinstance(scope, str) else list(scope)
    for label in labels:
        if label not in terms:
            raise ValueError(f"{WHO}: {unknown('term', str(label), terms)}")
    return {label: terms[label] for label in labels}


def _without(fit: Multinom, term: Term, trace: bool) -> tuple[int, float]:
    """Return degrees of freedom and AIC of the fit without a term."""
    settings = {**fit.settings, "trace": trace}
    summ, censored = settings.pop("summ"), settings.pop("censored")
    kept = [each for each in fit.frame.terms.terms if each != term]
    x, names = fit.frame.of_terms(kept)
    if not names:
        raise ValueError(
            f"{WHO}: a model must keep a column; without {':'.join(term)} it has none: leave that "
            f"term out of scope"
        )
    rows = replace(rows_of(fit.frame, censored), x=x, coefnames=names)
    if summ:
        rows = merged(rows, summ, tell=trace)
    with on_behalf(WHO, "nnet"):
        found = search(rows, censored, settings)
    edf = (len(rows.labels) - 1) * rows.rank
    return edf, 2.0 * found.value + 2.0 * edf
