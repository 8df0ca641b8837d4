"""A multilayer perceptron for classes, with scikit-learn's parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lamina._check import Array
from lamina.sklearn import mlp_network
from lamina.sklearn._scikit import (
    ClassifierMixin,
    LabelBinarizer,
    available_if,
    column_or_1d,
    compute_sample_weight,
    type_of_target,
    unique_labels,
)
from lamina.sklearn.mlp_base import MLPBase, by_steps
from lamina.sklearn.mlp_rows import Rows, accuracy

if TYPE_CHECKING:
    from lamina._typing import Self

__all__ = ["MLPClassifier"]


class MLPClassifier(ClassifierMixin, MLPBase):  # type: ignore[misc, unused-ignore]
    """."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **MLPBase._parameter_constraints,
        "loss": [object],
        "class_weight": [dict, list, str, None],
    }

    classes_: Array
    class_weight: Any
    _label_binarizer: Any

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        loss: Any = "log_loss",
        class_weight: Any = None,
        dropout: Any = 0.0,
        batch_norm: bool = False,
        l1: float = 0.0,
        validation_data: Any = None,
        callbacks: Any = None,
        dtype: Any = None,
    ) -> None:
        self._keep(locals())

    @available_if(by_steps)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one epoch, going on from where the network stands.

        Parameters
        ----------
        X : array_like, sparse matrix or table of shape (rows, columns)
        y : array_like of shape (rows,) or (rows, labels)
        sample_weight : array_like of shape (rows,), optional
            What each row counts.
        classes : array_like of shape (classes,), optional
            All labels that will come; needed in the first call, and not for an indicator of labels.

        Returns
        -------
        self
        """
        self._validate_params()
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight 'balanced' is not supported for partial_fit: the shares of the "
                "classes are not known. Give the weights as a dict."
            )
        if self._know_classes(classes):
            self._label_binarizer = LabelBinarizer()
            several = type_of_target(y).startswith("multilabel")
            self._label_binarizer.fit(y if several else classes)
        return self._fit(X, y, sample_weight, True)

    def _know_classes(self, classes: Any) -> bool:
        """Learn all classes in the first call of ``partial_fit``; returns whether it is that."""
        known = getattr(self, "classes_", None)
        if known is None and classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        if known is not None and classes is not None:
            if not np.array_equal(known, unique_labels(classes)):
                raise ValueError(
                    f"`classes={classes!r}` is not the same as on last call to partial_fit, was: "
                    f"{known!r}"
                )
        elif known is None:
            self.classes_ = unique_labels(classes)
            return True
        return False

    def _validate_targets(self, y: Array, incremental: bool, first: bool) -> Array:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if not hasattr(self, "classes_") or not (self.warm_start or incremental):
            self._label_binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
        else:
            self._check_classes(unique_labels(y))
        return self._label_binarizer.transform(y).astype(bool)

    def _check_classes(self, classes: Array) -> None:
        if self.warm_start:
            if set(classes) != set(self.classes_):
                raise ValueError(
                    f"warm_start can only be used where `y` has the same classes as in the "
                    f"previous call to fit. Previously got {self.classes_}, `y` has {classes}"
                )
        elif len(np.setdiff1d(classes, self.classes_, assume_unique=True)):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. "
                f"'y' has {classes}."
            )

    def _output_activation(self) -> str:
        return "softmax" if self._label_binarizer.y_type_ == "multiclass" else "logistic"

    def _stratifies(self) -> bool:
        return self.n_outputs_ == 1

    def _rows(self, X: Any, Y: Array, weight: Any = None) -> Rows:
        by_class = weight
        if self.class_weight is not None:
            labels = self._label_binarizer.inverse_transform(Y.astype(float))
            by_class = compute_sample_weight(self.class_weight, labels)
            by_class = by_class if weight is None else by_class * weight
        if self.out_activation_ == "softmax" and self._takes_labels():
            y = Y.argmax(axis=1).astype(np.int32)
        else:
            y = Y.astype(self.model_.dtype)
        return Rows(X, y, by_class, score_weight=weight)

    def _takes_labels(self) -> bool:
        """Whether the loss takes the numbers of classes, not a column for each."""
        loss = mlp_network.loss_of(self.loss)
        return isinstance(loss, str) or loss.target_dtype == "int32"

    def _score_of(self, held: Rows) -> float:
        return accuracy(self.model_.predict(held.x), held)

    # --- predictions

    def predict(self, X: Any) -> Array:
        """Return the most probable class of each row, or for each label whether it is there.

        Parameters
        ----------
        X : array_like, sparse matrix or table of shape (rows, columns)

        Returns
        -------
        ndarray of shape (rows,) or (rows, labels)
        """
        outputs = self._outputs(X)
        if self.out_activation_ == "softmax":
            return self.classes_[outputs.argmax(axis=1)]
        if self.n_outputs_ == 1 and len(self.classes_) == 2:
            return self.classes_[(outputs[:, 0] > 0.5).astype(np.intp)]
        flat = outputs.ravel() if self.n_outputs_ == 1 else outputs
        return self._label_binarizer.inverse_transform(flat)  # type: ignore[no-any-return]

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class, in the order of ``classes_``, or of each label.

        Parameters
        ----------
        X : array_like, sparse matrix or table of shape (rows, columns)

        Returns
        -------
        ndarray of shape (rows, classes)
        """
        outputs = self._outputs(X)
        if self.n_outputs_ == 1:
            return np.concatenate([1 - outputs, outputs], axis=1)
        return outputs

    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithms of ``predict_proba``.

        Parameters
        ----------
        X : array_like, sparse matrix or table of shape (rows, columns)

        Returns
        -------
        ndarray of shape (rows, classes)
        """
        chances = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            return np.log(chances, out=chances)

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn asks about the estimator."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
