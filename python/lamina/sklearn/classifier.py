"""A classifier around any model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check
from lamina._check import Array, Shape
from lamina._scikit import ClassifierMixin, available_if, check_is_fitted, type_of_target
from lamina.losses import BinaryCrossentropy, SparseCategoricalCrossentropy
from lamina.models import Model
from lamina.sklearn._base import NeuralNet
from lamina.sklearn._data import plain_target
from lamina.sklearn._labels import Labels, check_two_classes, labels_of
from lamina.sklearn._outputs import (
    activations_of,
    chances_of,
    gives_scores,
    logits_of,
    loss_names,
    no_chances,
)
from lamina.sklearn._targets import by_label, encoded, units_of

if TYPE_CHECKING:
    from lamina._typing import (
        CallbacksLike,
        ClassWeight,
        LossesLike,
        MetricsLike,
        OptimizerLike,
        Self,
    )

__all__ = ["NeuralNetClassifier"]


def _scores(estimator: NeuralNetClassifier) -> bool:
    loss = estimator.loss
    if hasattr(estimator, "model_"):
        loss = estimator.model_.loss
    elif loss is None and isinstance(estimator.model, Model):
        loss = estimator.model.loss
    return loss is not None and gives_scores(loss)


def _chances(estimator: NeuralNetClassifier) -> bool:
    why = None
    if _scores(estimator):
        why = "with a hinge loss the outputs are scores, not probabilities; see decision_function"
    elif hasattr(estimator, "model_"):
        separate = estimator._labels.kind == "multilabel-indicator" and not estimator._one_of_labels
        why = no_chances(estimator.model_, estimator._shapes, separate=separate)
    if why is not None:
        raise AttributeError(f"{type(estimator).__name__}: {why}")
    return True


class NeuralNetClassifier(ClassifierMixin, NeuralNet):  # type: ignore[misc, unused-ignore]
    """A scikit-learn classifier around any model.

    Parameters
    ----------
    model : Model or callable
        As for ``NeuralNetRegressor``; a function may also have parameters ``classes_`` and
        ``n_classes_``. ``n_outputs_`` is 1 for two classes, otherwise the number of classes or
        labels.
    optimizer, metrics, learning_rate, epochs, batch_size, validation_split : object
        As for ``NeuralNetRegressor``.
    loss : str, Loss, class or callable, optional
        By default the loss with which the model was compiled.  If there is none, binary
        cross-entropy for a single unit and for several labels, and otherwise sparse categorical
        cross-entropy; from logits if the last layer has no activation.  Labels are converted to the
        form that the loss takes: numbers from 0 for a single unit and for losses whose name begins
        with "sparse_", otherwise one-hot rows.
    callbacks, verbose, random_state, warm_start, shuffle : object
        As for ``NeuralNetRegressor``.
    class_weight : dict, "balanced", list of dict or None, default None
        The weight of each class by its label; "balanced" is rows / (classes * rows of the class).
        It multiplies sample weights.  For several columns of labels, a list with one for each.
    **model__parameters
        As for ``NeuralNetRegressor``.

    Attributes
    ----------
    classes_ : ndarray of shape (classes,), or list of ndarray
        The labels in the order of the probabilities; the numbers of the labels if there are
        several, and the classes of each column if there are several columns.
    n_classes_ : int or list of int
    n_outputs_ : int or list of int
    target_type_ : {"binary", "multiclass", "multilabel-indicator", "multiclass-multioutput"}
    model_, history_, n_iter_, callbacks_, n_features_in_, feature_names_in_ : object
        As for ``NeuralNetRegressor``.

    See Also
    --------
    lamina.sklearn.NeuralNetRegressor : The same for numbers.

    Notes
    -----
    With hinge losses, which give scores, the estimator has ``decision_function`` instead of
    ``predict_proba``.  With losses of numbers, such as "mse", and several units it has
    ``predict_proba`` if the activation of the last layer gives probabilities, as "softmax" does.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> from lamina.layers import Dense
    >>> from lamina.sklearn import NeuralNetClassifier
    >>> def build(n_features_in_, n_outputs_, units=8):
    ...     return lamina.Sequential([lamina.Input((n_features_in_,)), Dense(units, "relu"),
    ...                               Dense(n_outputs_)])
    >>> x = np.random.default_rng(0).normal(size=(200, 3))
    >>> y = np.where(x[:, 0] > x[:, 1], "left", "right")
    >>> net = NeuralNetClassifier(build, learning_rate=0.02, epochs=30, random_state=0).fit(x, y)
    >>> net.predict(x).shape, net.predict_proba(x).shape, net.score(x, y) > 0.95
    ((200,), (200, 2), True)
    >>> net.classes_.tolist()
    ['left', 'right']
    """

    _labels: Labels

    def __init__(
        self,
        model: Model | Callable[..., Model],
        *,
        optimizer: OptimizerLike | None = None,
        loss: LossesLike | None = None,
        metrics: MetricsLike = None,
        learning_rate: float | None = None,
        epochs: int = 10,
        batch_size: int | str | None = None,
        validation_split: float = 0.0,
        callbacks: CallbacksLike = None,
        class_weight: ClassWeight | list[ClassWeight] = None,
        verbose: int | str = 0,
        random_state: Any = None,
        warm_start: bool = False,
        shuffle: bool = True,
        **model__parameters: Any,
    ) -> None:
        self.model = model
        self.optimizer = optimizer
        self.loss = loss
        self.metrics = metrics
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation_split = validation_split
        self.callbacks = callbacks
        self.class_weight = class_weight
        self.verbose = verbose
        self.random_state = random_state
        self.warm_start = warm_start
        self.shuffle = shuffle
        self._keep(model__parameters)

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, validation_data: Any = None
    ) -> Self:
        """Train, from new weights unless ``warm_start`` is set.

        Parameters
        ----------
        X : array_like, sparse matrix or table of shape (rows, columns) or (rows, ...)
            Numbers: images and series have more axes; tables of pandas and polars may have columns
            of bools and of nullable types.  Sparse rows are made dense in parts.  A model of named
            columns (``lamina.tables.TableModel``) reads tables as they are; a model with string
            inputs reads texts, a list of str.
        y : array_like of shape (rows,), (rows, labels) or (rows, columns)
            Labels of any kind; or an indicator of 0 and 1 for each label; or columns of classes,
            for a model with an output for each column.
        sample_weight : array_like of shape (rows,), optional
        validation_data : tuple (X, y) or (X, y, sample_weight), optional
            Used instead of a split.

        Returns
        -------
        NeuralNetClassifier
            The estimator itself.

        Raises
        ------
        ValueError, TypeError
            For data, parameters or labels that do not fit.
        TrainingDiverged
            If the loss becomes NaN or infinite.  As after any error, the estimator keeps its
            earlier fit.
        """
        warm = _check.boolean(type(self).__name__, "warm_start", self.warm_start)
        further = warm and hasattr(self, "model_")
        return self._fit(
            X, y, sample_weight, further=further, epochs=self.epochs,
            validation_data=validation_data,
        )  # fmt: skip

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train for one epoch, continuing the last fit or partial fit.

        Parameters
        ----------
        X, y, sample_weight : array_like
            As for ``fit``; columns and classes must be those of the first call.
        classes : array_like of shape (classes,), optional
            All classes; needed in the first call, unless `y` is an indicator of several labels.

        Returns
        -------
        NeuralNetClassifier
            The estimator itself.
        """
        further = hasattr(self, "model_")
        if not further and classes is None and type_of_target(y) != "multilabel-indicator":
            raise ValueError("classes must be passed on the first call to partial_fit.")
        return self._fit(
            X, y, sample_weight, further=further, epochs=1, classes=classes, whole=False
        )

    def predict(self, X: Any) -> Array:
        """Return the most probable labels.

        Parameters
        ----------
        X : array_like, sparse matrix or table of shape (rows, columns) or (rows, ...)

        Returns
        -------
        ndarray of shape (rows,), (rows, labels) or (rows, columns)
        """
        outputs = self._outputs(X)
        found = self._each(outputs)
        if self._one_of_labels:
            found = [np.eye(each.shape[1])[each.argmax(axis=1)] for each in found]
        return self._labels.decided(found)

    @available_if(_chances)
    def predict_proba(self, X: Any) -> Any:
        """Return the probability of each class.

        Parameters
        ----------
        X : array_like, sparse matrix or table of shape (rows, columns) or (rows, ...)

        Returns
        -------
        ndarray of shape (rows, classes) or (rows, labels), or list of them
            In the order of ``classes_``, in the model's dtype.
        """
        outputs = self._outputs(X)
        found = self._each(outputs)
        return found if self._labels.several else found[0]

    @available_if(_chances)
    def predict_log_proba(self, X: Any) -> Any:
        """Return the logarithms of ``predict_proba``.

        Parameters
        ----------
        X : array_like, sparse matrix or table of shape (rows, columns) or (rows, ...)

        Returns
        -------
        ndarray of shape (rows, classes) or (rows, labels), or list of them
        """
        found = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            return [np.log(each) for each in found] if isinstance(found, list) else np.log(found)

    @available_if(_scores)
    def decision_function(self, X: Any) -> Any:
        """Return the scores of a model with a hinge loss.

        Parameters
        ----------
        X : array_like, sparse matrix or table of shape (rows, columns) or (rows, ...)

        Returns
        -------
        ndarray of shape (rows,) or (rows, classes), or list of them
            With two classes, scores above 0 are for the second.
        """
        outputs = self._outputs(X)
        found = [_decision(each.reshape(len(each), -1), self._labels.kind) for each in outputs]
        return found if self._labels.several else found[0]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the share of rows whose labels are all predicted correctly.

        Parameters
        ----------
        X, y, sample_weight : array_like
            As for ``fit``.

        Returns
        -------
        float
        """
        check_is_fitted(self)
        if self._labels.several:
            right = (self.predict(X) == plain_target(y)).all(axis=1)
            return float(np.average(right, weights=sample_weight))
        return float(super().score(X, y, sample_weight))

    # --- targets

    def _know(self, y: Array, classes: Any) -> Array:
        self._labels, y = labels_of(y, classes)
        self.classes_ = self._labels.classes
        self.n_classes_ = self._labels.n_classes
        self.n_outputs_ = self._labels.n_outputs
        self.target_type_ = self._labels.kind
        self._labels.codes(y)  # refuses labels that are not among the classes
        return y

    def _check_known(self, y: Array, classes: Any, whole: bool) -> Array:
        if classes is not None:
            self._labels.check_classes(classes)
        return self._labels.check_same(y, all_of_them=whole)

    def _check_counted(self, y: Array) -> None:
        check_two_classes(type(self).__name__, self._labels, y)

    def _told_names(self) -> tuple[str, ...]:
        return (*super()._told_names(), "classes_", "n_classes_")

    def _default_loss(self, model: Any, shapes: Sequence[Shape], rows: Any) -> Any:
        separate = self._labels.kind == "multilabel-indicator"
        logits = logits_of(model, len(shapes), rows, separate=separate)
        found: list[Any] = [
            BinaryCrossentropy(from_logits=linear)
            if separate or units_of(shape) == 1
            else SparseCategoricalCrossentropy(from_logits=linear)
            for shape, linear in zip(shapes, logits, strict=True)
        ]
        return found[0] if len(found) == 1 else found

    def _targets(self, y: Array) -> Any:
        codes, shapes = self._labels.codes(y), self._shapes
        if self._labels.kind == "multilabel-indicator":
            found = by_label(type(self).__name__, codes[0], shapes)
        else:
            self._check_outputs(len(codes))
            found = [
                encoded(type(self).__name__, *each)
                for each in zip(
                    codes, self._labels.every, shapes, loss_names(self.model_.loss), strict=True
                )
            ]
        return found[0] if len(found) == 1 else found

    def _check_outputs(self, wanted: int) -> None:
        if len(self._shapes) != wanted:
            raise ValueError(
                f"{type(self).__name__}: the model must have an output for each column of y, "
                f"{wanted}; it has {len(self._shapes)}"
            )

    # --- predictions

    @property
    def _one_of_labels(self) -> bool:
        """Whether each row has exactly one label of an indicator, as one-hot rows do."""
        one_hot = loss_names(self.model_.loss)[0].startswith("categorical_")
        return self._labels.kind == "multilabel-indicator" and one_hot

    def __sklearn_tags__(self) -> Any:
        """Return the estimator's tags for scikit-learn."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _each(self, outputs: Sequence[Array]) -> list[Array]:
        """Return a probability or a score for each class, for each column of labels."""
        losses: Any = self.model_.loss
        losses = losses if isinstance(losses, (list, tuple)) else [losses] * len(outputs)
        separate = self._labels.kind == "multilabel-indicator" and not self._one_of_labels
        found = []
        names = activations_of(self.model_, len(outputs))
        for output, loss, name in zip(outputs, losses, names, strict=True):
            values = output.reshape(len(output), -1)
            if gives_scores(loss):
                both_sides = values.shape[1] == 1 and not separate
                signs = (values > 0).astype(values.dtype) if separate else values
                found.append(np.concatenate([-values, values], axis=1) if both_sides else signs)
            else:
                found.append(chances_of(values, loss, name, separate=separate))
        return [np.concatenate(found, axis=1)] if separate and len(found) > 1 else found


def _decision(values: Array, kind: str) -> Array:
    """Return scores in scikit-learn's form: for two classes one number, above 0 for the second."""
    if values.shape[1] == 1:
        return values[:, 0]
    two = values.shape[1] == 2 and kind != "multilabel-indicator"
    return np.asarray(values[:, 1] - values[:, 0]) if two else values
