"""A scikit-learn scorer or metric function as a metric."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from lamina import losses
from lamina._check import Array
from lamina.metrics.base import Metric
from lamina.metrics.direction import DOWN, UP

# Where scikit-learn defines its scores: those of numbers, and, in the other modules, of classes.
REGRESSION, SKLEARN = "sklearn.metrics._regression", "sklearn.metrics."
# Losses by which targets are one-hot rows, and by which each prediction is for one label.
ONE_HOT = (losses.CategoricalCrossentropy, losses.CategoricalFocalCrossentropy,
           losses.CategoricalGeneralizedCrossEntropy, losses.CategoricalHinge)  # fmt: skip
SINGLE = (losses.BinaryCrossentropy, losses.BinaryFocalCrossentropy)
RESPONSES = ("predict", "predict_proba", "decision_function")


class Scorer(Metric):
    """The value of a scikit-learn scorer, or metric function, for all rows together.

    Targets and predictions seen since the last reset are stored, and ``result`` calls the function
    with all of them, so that its value does not depend on the batches.

    Parameters
    ----------
    scorer : str, scorer or callable
        The name of a scorer (``"roc_auc"``), a result of ``sklearn.metrics.get_scorer`` or
        ``make_scorer``, or a function ``f(y_true, y_pred, sample_weight=...)``, such as those of
        ``sklearn.metrics``.
    response : {"predict", "predict_proba", "decision_function"}, optional
        The predictions passed to the function: the predicted class, probabilities (for two classes
        that of the second), or the predictions themselves, such as numbers.  For a scorer this is
        known (see Notes); for a function the default is "decision_function".
    threshold : float, default 0.5
        A single prediction per row, as from a sigmoid, means class 1 if it is larger; so does each
        prediction for an indicator of several labels.
    name : str, optional
        Key in the history; by default the name of the scorer or function.
    direction : {"up", "down"}, optional
        Whether larger or smaller values are better; "up" for a scorer.
    dtype : str, optional
        Accepted for compatibility with Keras: scikit-learn computes in float64.
    **kwargs
        Arguments of the function.

    Notes
    -----
    A scorer that calls ``predict`` gets classes if its function is one of scikit-learn's for
    classes, and numbers as they are if it is one for regression, such as "r2".  Any other function
    gets classes if the model's loss has classes (a cross-entropy), and otherwise numbers;
    ``response="predict"`` always means classes and ``response="decision_function"`` numbers.  None
    of this depends on the values.

    With several predictions per row, integer targets mean that the largest is the class, and
    targets of the predictions' shape are an indicator of several labels, as in scikit-learn, or
    one-hot rows if the model's loss is a categorical cross-entropy (or `CategoricalHinge`).

    Scorers, and functions of scikit-learn, get sequences, of shape (rows, steps, columns), as
    rows * steps rows.

    ``compile(metrics=[...])`` wraps scorers and functions of ``sklearn.metrics`` automatically.  If
    callbacks see every batch, the function is called after each batch, which takes time.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.Scorer("roc_auc")([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])  # doctest: +SKIP
    0.75
    """

    _plumbing: ClassVar[str] = "take_loss"

    def __init__(
        self,
        scorer: str | Callable[..., Any],
        response: str | None = None,
        threshold: float = 0.5,
        name: str | None = None,
        direction: str | None = None,
        dtype: str | None = None,
        **kwargs: Any,
    ) -> None:
        found = _scorer(scorer) if isinstance(scorer, str) else scorer
        if not (is_scorer(found) or callable(found)):
            raise TypeError(
                f"Scorer: scorer must be a name, a scorer or a function; got {scorer!r}"
            )
        self.scorer = scorer
        self._arguments = kwargs
        self._function = getattr(found, "_score_func", found)
        self._fixed = {**getattr(found, "_kwargs", {}), **kwargs}
        self._sign = getattr(found, "_sign", 1)
        own_name = getattr(self._function, "__name__", type(self._function).__name__)
        super().__init__(name or (scorer if isinstance(scorer, str) else own_name), dtype)
        asked = getattr(found, "_response_method", "decision_function")
        wanted = asked if isinstance(asked, str) else asked[0]
        if response is not None and response not in RESPONSES:
            raise ValueError(f"Scorer: response must be one of {RESPONSES}; got {response!r}")
        if direction not in (None, UP, DOWN):
            raise ValueError(f"Scorer: direction must be 'up', 'down' or None; got {direction!r}")
        self.response = response
        self._response = response or wanted
        self._room = str(getattr(self._function, "__module__", ""))
        self._loss: Any = None
        self.threshold = threshold
        self.direction = direction or (UP if is_scorer(found) else None)
        self._seen: list[tuple[Array, Array, Array | None]] = []
        self._known: Any = None

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with the scorer or function itself."""
        return {**super().get_config(), **self._arguments}

    def take_loss(self, loss: Any) -> None:
        """Note the loss of the output that is scored: it tells what the targets are."""
        if loss is not self._loss:
            self._loss, self._known = loss, None

    def reset_state(self) -> None:
        """Forget all rows seen."""
        self._seen, self._known = [], None

    def update_state(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> None:
        """Store rows."""
        weight = None if sample_weight is None else np.array(sample_weight)
        self._seen.append((np.array(y_true), np.array(y_pred), weight))
        self._known = None

    def result(self) -> Any:
        """Return the function's value for all rows since the last reset; 0 if there are none."""
        if not self._seen:
            return 0.0
        if self._known is None:
            true, pred = (np.concatenate([s[i] for s in self._seen]) for i in (0, 1))
            weights = [s[2] for s in self._seen if s[2] is not None]
            weight = np.concatenate(weights) if len(weights) == len(self._seen) else None
            if pred.ndim > 2 and (
                self._response != "decision_function" or self._room.startswith(SKLEARN)
            ):
                true, pred, weight = _by_position(true, pred, weight)
            if true.shape == (len(true), 1):
                true = true[:, 0]
            if pred.size == len(pred):
                pred = pred.reshape(len(pred))
            fixed = self._fixed if weight is None else {**self._fixed, "sample_weight": weight}
            true, pred = self._as_asked(true, pred)
            self._known = self._sign * self._function(true, pred, **fixed)
        return self._known

    def _as_asked(self, true: Array, pred: Array) -> tuple[Array, Array]:
        """Return targets and predictions in the form that the function expects."""
        if self._response != "predict":
            two = self._response == "predict_proba" and pred.ndim == 2 and pred.shape[1] == 2
            return true, pred[:, 1] if two else pred
        if not self._of_classes():
            return true, pred
        if pred.ndim == 1:
            return true, (pred > self.threshold).astype(int)
        if true.ndim == 1:
            return true, pred.argmax(axis=-1)
        if isinstance(self._loss, ONE_HOT):
            return true.argmax(axis=-1), pred.argmax(axis=-1)
        return true, (pred > self.threshold).astype(int)

    def _of_classes(self) -> bool:
        """Return whether the function is one of classes rather than of numbers."""
        if self.response == "predict":
            return True
        if self._room.startswith(SKLEARN):
            return self._room != REGRESSION
        of_labels = getattr(self._loss, "target_dtype", "") == "int32"
        return of_labels or isinstance(self._loss, (*ONE_HOT, *SINGLE))


def _by_position(
    true: Array, pred: Array, weight: Array | None
) -> tuple[Array, Array, Array | None]:
    """Return a row for each position of sequences; a row's weight is that of all its positions."""
    positions = pred.shape[:-1]
    if weight is not None and weight.size == len(weight):
        weight = np.repeat(weight.reshape(-1), prod(positions[1:]))
    columns = (true.shape[-1],) if true.ndim == pred.ndim else ()
    flat = None if weight is None else weight.reshape(-1)
    return true.reshape(-1, *columns), pred.reshape(-1, pred.shape[-1]), flat


def is_scorer(thing: Any) -> bool:
    """Return whether an object is a scikit-learn scorer."""
    return hasattr(thing, "_score_func") and hasattr(thing, "_sign")


def of_sklearn(thing: Any) -> bool:
    """Return whether an object is a scorer or metric function of scikit-learn."""
    room = str(getattr(thing, "__module__", ""))
    return is_scorer(thing) or (callable(thing) and room.startswith("sklearn.metrics"))


def _scorer(name: str) -> Any:
    try:
        from sklearn.metrics import get_scorer  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except ImportError:
        raise ImportError(
            f"Scorer: {name!r} is scikit-learn's; install it: pip install scikit-learn"
        ) from None
    return get_scorer(name)
