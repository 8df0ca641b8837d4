"""A multilayer perceptron for classes, with scikit-learn's parameters."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lamina._check import Array
from lamina._kept_fits import kept_on_error
from lamina._label_values import check_labels
from lamina._scikit import (
    ClassifierMixin,
    LabelBinarizer,
    available_if,
    column_or_1d,
    type_of_target,
    unique_labels,
)
from lamina.many.stated import OutputScore
from lamina.sklearn import mlp_network
from lamina.sklearn._data import class_weights, plain_target, refuse_zeros
from lamina.sklearn.mlp_base import MLPBase, by_steps
from lamina.sklearn.mlp_rows import Rows, accuracy

if TYPE_CHECKING:
    from lamina._typing import Self

__all__ = ["MLPClassifier"]


class MLPClassifier(ClassifierMixin, MLPBase):  # type: ignore[misc, unused-ignore]
    """A multilayer perceptron for classes, with the parameters and results of scikit-learn's.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default (100,)
        The units of each hidden layer; none for a linear model.
    activation : str, callable or sequence of them, default "relu"
        The activation of all hidden layers, or of each: "identity", "logistic", "tanh", "relu", or
        any of `lamina.activations`, such as "gelu".
    solver : {"adam", "sgd", "lbfgs"}, default "adam"
        "lbfgs" uses all rows in each step, and its loss must be smooth: without `dropout`,
        `batch_norm` and `l1`.
    alpha : float, default 0.0001
        Strength of the L2 penalty: ``alpha / 2`` times the squared kernels, divided by the rows of
        a batch (by the sum of their weights), is added to the loss.
    batch_size : int or "auto", default "auto"
        The rows of a step; "auto" is ``min(200, rows)``.  "lbfgs" uses all rows.
    learning_rate : {"constant", "invscaling", "adaptive"}, default "constant"
        The schedule of "sgd".  "invscaling" divides `learning_rate_init` by ``t_ ** power_t`` after
        each epoch; "adaptive" divides the rate by 5 where "constant" would stop, and stops at 1e-6.
    learning_rate_init : float, default 0.001
    power_t : float, default 0.5
    max_iter : int, default 200
        The largest number of epochs, or of iterations of "lbfgs".
    shuffle : bool, default True
        Whether each epoch takes the rows in a new order.
    random_state : int, RandomState or None, default None
        Weights, held-out rows and orders are drawn in the same sequence as in scikit-learn.
    tol : float, default 1e-4
        See `n_iter_no_change`; for "lbfgs", the largest element of the gradient at which it stops.
    verbose : bool or int, default False
        Whether to print the loss after each epoch.
    warm_start : bool, default False
        Whether ``fit`` continues from the last fit's weights.
    momentum : float, default 0.9
        The momentum of "sgd", in [0, 1].
    nesterovs_momentum : bool, default True
    early_stopping : bool, default False
        Whether the score on held-out rows decides when to stop, instead of the loss; the weights
        with the best score are kept.
    validation_fraction : float, default 0.1
        The share of the rows that `early_stopping` holds out, unless `validation_data` is given.
    beta_1, beta_2, epsilon : float, default 0.9, 0.999, 1e-8
        Settings of "adam".
    n_iter_no_change : int or inf, default 10
        Training stops after more than this many consecutive epochs without an improvement by `tol`.
    max_fun : int, default 15000
        The largest number of evaluations of the loss by "lbfgs".
    loss : str, Loss or callable, default "log_loss"
        "log_loss", or one of `lamina.losses`, such as "categorical_focal_crossentropy", which gets
        0 and 1 for each class.  With losses that compare the classes of a row, two classes have a
        unit each; with others they share one.  The outputs are logistic or softmax with every loss:
        those of a hinge loss are between 0 and 1 too, but are not probabilities.
    class_weight : dict, "balanced" or list of dict, optional
        The weight of each class, by label; "balanced" is ``rows / (classes * rows of the class)``.
        It is multiplied by ``sample_weight``.  With several labels, a list with one dict for each.
    dropout : float or sequence of float, default 0.0
        The share of units dropped after all hidden layers, or after each.
    batch_norm : bool, default False
        Whether each hidden layer is normalised over the batch before its activation.
    l1 : float, default 0.0
        Strength of an L1 penalty that leaves true zeros: ``l1`` times the absolute kernels, divided
        by `batch_size`.
    validation_data : tuple (X, y) or (X, y, sample_weight), optional
        Scored after each epoch; `early_stopping` then holds out no rows.
    callbacks : Callback or list of Callback, optional
        Callbacks of `lamina.callbacks`, for "sgd" and "adam"; each fit has its own copies,
        ``callbacks_``.  Their ``model`` is the training model, which has the layers of ``model_``;
        logs have "loss" and, with held-out rows, "val_loss" and "val_score".
    dtype : {"float32", "float64", "mixed_bfloat16"}, optional
        The precision of the network; by default that of `X`, and float64 for integers.  With
        "mixed_bfloat16" it is float32, with products in bfloat16 on CPUs that have them; so it is
        by default for `X` in float32 if ``lamina.config.set_dtype_policy`` has chosen this policy.

    Attributes
    ----------
    classes_ : ndarray
    model_ : Sequential
        The network, a lamina model.  It is compiled with the estimator's loss, without `alpha`:
        `lamina.models.from_sklearn` returns a copy that has the penalty too.
    coefs_, intercepts_ : list of ndarray
        Kernels and biases of the dense layers: the weights of ``model_`` themselves.  If an entry
        of the list is replaced, the next call uses it.
    loss_, best_loss_ : float
        The loss of the last epoch and the smallest loss; the latter is None with `early_stopping`.
    loss_curve_ : list of float
        The loss of each epoch ("sgd" and "adam").
    validation_scores_, best_validation_score_ : list of float, float
        The accuracy after each epoch, and the best; None if nothing is held out.
    t_ : int
        The number of training rows seen, over all epochs.
    n_iter_, n_layers_, n_outputs_ : int
    out_activation_ : str
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        If `X` has column names.

    Raises
    ------
    ValueError, TypeError
        In ``fit``, with scikit-learn's messages.

    Notes
    -----
    With the same `random_state`, the initial weights are those of scikit-learn, and training takes
    the same steps over the same batches, so fits agree with scikit-learn's up to rounding.  The
    differences are:

    - "lbfgs" on several outputs lowers the loss whose gradient it follows; scikit-learn's search
      gets the mean over the outputs together with the gradient of the sum.
    - ``loss_curve_`` is exact if a probability is close to 0; scikit-learn clips it.
    - A step that would make the loss or a weight NaN or infinite is not taken.  The fit then ends
      with ValueError, and the estimator keeps its earlier fit; or, with `early_stopping`, with the
      best weights so far.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.sklearn import MLPClassifier
    >>> x = np.random.default_rng(0).normal(size=(200, 2))
    >>> y = np.where(x[:, 0] * x[:, 1] > 0, "same", "other")
    >>> mlp = MLPClassifier((20,), solver="lbfgs", random_state=0).fit(x, y)
    >>> mlp.predict([[1.0, 1.0], [1.0, -1.0]]).tolist()
    ['same', 'other']
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **MLPBase._parameter_constraints,
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
        """Train for one epoch, continuing with the current network.

        Parameters
        ----------
        X : array_like, sparse matrix or table of shape (rows, columns)
        y : array_like of shape (rows,) or (rows, labels)
        sample_weight : array_like of shape (rows,), optional
            The weight of each row.
        classes : array_like of shape (classes,), optional
            All labels that will occur; needed in the first call, but not for an indicator of
            labels.

        Returns
        -------
        self
        """
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight 'balanced' is not supported for partial_fit: the shares of the "
                "classes are not known. Give the weights as a dict."
            )
        with kept_on_error(self):
            if self._know_classes(classes):
                self._label_binarizer = LabelBinarizer()
                several = type_of_target(y).startswith("multilabel")
                self._label_binarizer.fit(y if several else classes)
            return self._fit(X, y, sample_weight, True)

    def _know_classes(self, classes: Any) -> bool:
        """Learn all classes in the first call of ``partial_fit``; return whether it is one."""
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

    def _validate_targets(self, y: Array, further: bool, held: bool = False) -> Array:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        check_labels(plain_target(y))
        if not hasattr(self, "classes_") or not further:
            self._label_binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
        else:
            self._check_classes(unique_labels(y), all_of_them=self.warm_start and not held)
        Y = np.asarray(self._label_binarizer.transform(y), bool)
        return np.concatenate([~Y, Y], axis=1) if self._has_two_units() else Y

    def _has_two_units(self) -> bool:
        """Return whether two classes have a unit each; otherwise they share one."""
        two = self._label_binarizer.y_type_ == "binary" and len(self.classes_) == 2
        return two and mlp_network.over_classes(self.loss)

    def _form_of_targets(self) -> object:
        return mlp_network.over_classes(self.loss)

    def _check_loss(self) -> None:
        if self.loss in ("squared_error", "poisson"):
            raise ValueError(
                f"MLPClassifier: loss must be 'log_loss' or one of lamina.losses, such as 'mse'; "
                f"got {self.loss!r}, which is MLPRegressor's"
            )

    def _check_classes(self, classes: Array, *, all_of_them: bool) -> None:
        if all_of_them:
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
        several = self._label_binarizer.y_type_ == "multiclass" or self._has_two_units()
        return "softmax" if several else "logistic"

    def _stratifies(self) -> bool:
        return self.n_outputs_ == 1

    def _rows(self, X: Any, Y: Array, weight: Any = None) -> Rows:
        by_class = weight
        if self.class_weight is not None:
            labels = plain_target(self._label_binarizer.inverse_transform(Y.astype(float)))
            who = type(self).__name__
            by_class = class_weights(who, self.class_weight, labels)
            by_class = by_class if weight is None else by_class * weight
            refuse_zeros(who, "class_weight", by_class)
        if self.out_activation_ == "softmax" and self._takes_labels():
            y = Y.argmax(axis=1).astype(np.int32)
        else:
            y = Y.astype(self.model_.dtype)
        return Rows(X, y, by_class, score_weight=weight)

    def _takes_labels(self) -> bool:
        """Whether the loss takes the numbers of classes rather than a column for each."""
        loss = mlp_network.loss_of(self.loss)
        return isinstance(loss, str) or loss.target_dtype == "int32"

    def _scorer(self, held: Rows, dtype: str) -> OutputScore:
        if self.out_activation_ == "softmax" and held.y.ndim == 2:  # the loss takes one-hot rows
            held = replace(held, y=held.y.argmax(axis=1).astype(np.int32))
        return accuracy(held, self.n_outputs_, dtype)

    def _has_all_targets(self, Y: Array) -> bool:
        if self._label_binarizer.y_type_.startswith("multilabel"):
            return True
        there = Y.any(axis=0).all()
        return bool(there and (Y.shape[1] > 1 or not Y.all()))

    # --- predictions

    def predict(self, X: Any) -> Any:
        """Return the most probable class of each row, or for each label whether it applies.

        Parameters
        ----------
        X : array_like, sparse matrix or table of shape (rows, columns)

        Returns
        -------
        ndarray of shape (rows,) or (rows, labels)
            A sparse matrix if several labels were passed as one.
        """
        outputs = self._outputs(X)
        if self.out_activation_ == "softmax":
            return np.asarray(self.classes_[outputs.argmax(axis=1)])
        if self.n_outputs_ == 1 and len(self.classes_) == 2:
            return np.asarray(self.classes_[(outputs[:, 0] > 0.5).astype(np.intp)])
        flat = outputs.ravel() if self.n_outputs_ == 1 else outputs
        return self._label_binarizer.inverse_transform(flat)

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
            return np.asarray(np.log(chances, out=chances))

    def __sklearn_tags__(self) -> Any:
        """Return the estimator's tags for scikit-learn."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
