"""Statistical methods of models: thin wrappers around packages that use only the public API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lamina import _check
from lamina._calls import answering_calls, on_behalf
from lamina.models.calibrated import Calibrated

if TYPE_CHECKING:
    from lamina._check import Array
    from lamina._typing import Data
    from lamina.baselines import Comparison
    from lamina.inference import Inference
    from lamina.models.derivatives.loss_function import LossFunction


class Statistics(Calibrated):
    """Statistical methods of ``Model``."""

    @answering_calls
    def loss_function(
        self,
        x: Data = _check.NEEDED,
        y: Data = _check.NEEDED,
        sample_weight: Data | None = None,
        dtype: str = "float64",
    ) -> LossFunction:
        """Return the loss over these rows as a function of a vector of weights.

        For second derivatives, derivatives of single rows, and external optimizers such as those of
        SciPy.

        Parameters
        ----------
        x, y, sample_weight
            As in ``evaluate``, all in memory.
        dtype : {"float64", "float32"}, default "float64"
            The dtype of the computation; a model of a user's class keeps its own.

        Returns
        -------
        LossFunction
            For a copy of the model.

        Examples
        --------
        >>> import numpy as np, lamina
        >>> x = np.linspace(-1, 1, 20)[:, None]
        >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)])
        >>> model.compile(loss="mse")
        >>> f = model.loss_function(x, 2 * x + 1)
        >>> theta = f.weights - np.linalg.solve(f.hessian(), f.gradient())  # a step of Newton's
        >>> f.unpacked(theta)["dense/kernel"].round(6)
        array([[2.]])
        """
        from lamina.models.derivatives.loss_function import LossFunction

        return LossFunction(self, x, y, sample_weight, dtype)

    @answering_calls
    def compare_baselines(
        self,
        x: Any,
        y: Any,
        validation_data: tuple[Any, Any] | None = None,
        *,
        validation_rows: Any = None,
        sample_weight: Any = None,
        baselines: str | Sequence[str] = ("constant", "linear", "lasso", "ridge"),
        measure: str | None = None,
        cv: Any = None,
        random_state: int = 0,
        level: float = 0.95,
    ) -> Comparison:
        """Compare the model with a linear or logistic regression, a lasso, a ridge, a constant.

        The baselines are fitted to the training rows of the model, and compared on its test rows:
        see ``lamina.baselines.compare``.  Requires scikit-learn: ``pip install "lamina[sklearn]"``.

        Parameters
        ----------
        x, y : array_like, or a list or dict of them
            The arguments of ``fit``.
        validation_data : tuple (x, y), optional
            Test rows; by default the rows of ``x`` that the last fit held out.
        validation_rows : array_like of int, optional
            Rows of ``x`` to use as test rows instead.
        sample_weight : array_like of shape (rows,), optional
            Weights of the rows of ``x`` in fitting the baselines.
        baselines : str or sequence of str, default ("constant", "linear", "lasso", "ridge")
            The baselines to fit.
        measure : {"mae", "mse"} or {"log_loss", "accuracy"}, optional
            The measure for choosing penalties and for differences; by default the first of its
            kind.
        cv : int, scikit-learn splitter, or iterable of pairs of row numbers, optional
            Folds of the training rows for choosing penalties; ten by default.
        random_state : int, default 0
            Seed of the folds, if ``cv`` is a number.
        level : float, default 0.95
            Level of the confidence intervals of the differences.

        Returns
        -------
        Comparison
            A table with a row for the model and for each baseline; ``to_pandas()`` converts it to a
            data frame.

        Raises
        ------
        ValueError
            If the model has no weights yet, or there are no test rows.
        NotCompiledError
            If the model has no loss.

        Warns
        -----
        UserWarning
            If the model has not been trained: its weights are the initial ones.

        Examples
        --------
        >>> import numpy as np, lamina
        >>> x = np.linspace(-1, 1, 60)[:, None]
        >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)], seed=1)
        >>> model.compile("adam", "mse")
        >>> _ = model.fit(x, 2 * x + 1, validation_split=0.2, verbose=0)
        >>> table = model.compare_baselines(x, 2 * x + 1, baselines=["constant", "linear"])
        >>> table["model"].tolist(), bool(table["difference"][2] < 0)
        (['network', 'constant', 'least squares'], True)
        """
        from lamina.baselines import compare

        return compare(
            self, x, y, validation_data, validation_rows=validation_rows,
            sample_weight=sample_weight, baselines=baselines, measure=measure, cv=cv,
            random_state=random_state, level=level,
        )  # fmt: skip

    @answering_calls
    def hessian(
        self,
        x: Data = _check.NEEDED,
        y: Data = _check.NEEDED,
        sample_weight: Data | None = None,
    ) -> Array:
        """Return the second derivatives of the loss over these rows by the trainable weights.

        Parameters
        ----------
        x, y, sample_weight
            As in ``evaluate``, all in memory.

        Returns
        -------
        ndarray of shape (n, n), float64
            For ``n`` elements of the trainable weights, in the order of ``trainable_weights``, and
            in C order within each.  Symmetric.

        Notes
        -----
        As in ``loss_function``, for which this is a shortcut, layers act as in inference and
        penalties are included; the accuracy is about nine digits.

        Examples
        --------
        >>> import numpy as np, lamina
        >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)])
        >>> model.compile(loss="mse")
        >>> model.hessian([[1.0], [3.0]], [0.0, 0.0]).round(6)
        array([[10.,  4.],
               [ 4.,  2.]])
        """
        with on_behalf("hessian", "loss_function"):
            return self.loss_function(x, y, sample_weight).hessian()

    @answering_calls
    def inference(
        self,
        x: Data = _check.NEEDED,
        y: Data = _check.NEEDED,
        sample_weight: Data | None = None,
        covariance: str = "hessian",
        names: Sequence[str] | None = None,
        *,
        output_names: Sequence[str] | None = None,
        groups: Any = None,
        reference: int | str | None = "auto",
        singular: str = "report",
        use_t: bool | None = None,
    ) -> Inference:
        """Return the weights as estimates: standard errors, tests, intervals, marginal effects.

        The model must have been trained to a minimum of its loss over these rows, for instance with
        a quasi-Newton optimizer; the result reports the distance from a minimum.

        Parameters
        ----------
        x, y, sample_weight
            As in ``evaluate``, all in memory.  For mse, the weights are those of weighted least
            squares; rows of weight 0 are ignored.
        covariance : str, default "hessian"
            With H the Hessian of the penalised negative log likelihood, G the sum of the rows'
            crossed scores and P the penalty's Hessian:

            - "hessian": the inverse of H; for mse with the estimated variance, so that a linear
              model has the covariance of least squares,
            - "sandwich" or "HC0": H^-1 G H^-1, valid for any loss with curvature (for mae and
              pinball, bootstrap) and under misspecification of the model or the likelihood (Huber
              1967, White 1982), "HC1" n / (n - df) times that,
              "HC2" and "HC3" with residuals weighted by leverage (mse with one output),
            - "cluster": the same with scores summed within `groups`, times g / (g - 1) *
              (n - 1) / (n - df) for g of them, as in Stata and statsmodels,
            - "opg": (G + P)^-1,
            - "fisher": the inverse of the expected information, plus P.
        names : sequence of str, optional
            Names of the inputs, by default the columns of a table, else x1, x2, ...
        output_names : sequence of str, optional
            By default o, or o1, o2, ...
        groups : array_like of shape (rows,), optional
            The clusters, only for that covariance.
        reference : "auto", int or None, default "auto"
            Only differences between the weights of the classes of a softmax are identified: the
            class whose weights are subtracted from the others.  "auto" is class 0 if the last layer
            is a Dense with softmax without penalties, otherwise None.
        singular : {"report", "pinv", "raise"}, default "report"
            For a Hessian without an inverse: a result with NaN for standard errors that reports the
            rank and the directions in which the loss is flat; the Moore-Penrose inverse, which
            holds these directions fixed; or a ``lamina.inference.SingularHessianError``.  With
            negative eigenvalues standard errors are also NaN, as the weights are not at a minimum.
        use_t : bool, optional
            Whether tests and intervals use Student's t rather than the normal distribution; by
            default for mse unless the covariance is a sandwich, as in statsmodels.

        Returns
        -------
        lamina.inference.Inference

        Raises
        ------
        ValueError
            If the covariance needs a likelihood and the loss is not one, if there is only one
            class, or if there are more than 10,000 weights.

        Warns
        -----
        UserWarning
            If standard errors are unreliable: see ``Inference.notes``.

        Notes
        -----
        Log likelihoods are known for mse, the cross-entropies, Poisson and the Gaussian negative
        log likelihood.  Inference is conditional on frozen layers, and dropout is off.

        Examples
        --------
        A linear model has the standard errors of least squares:

        >>> import numpy as np, lamina
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(100, 2))
        >>> y = 1 + 2 * x[:, 0] + rng.normal(size=100)
        >>> model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(1)], dtype="float64")
        >>> model.compile(optimizer="bfgs", loss="mse")
        >>> history = model.fit(x, y, epochs=50, verbose=0)
        >>> result = model.inference(x, y)
        >>> ols = np.linalg.inv(np.c_[x, np.ones(100)].T @ np.c_[x, np.ones(100)]) * result.sigma**2
        >>> np.allclose(result.covariance, ols)
        True
        >>> result.marginal_effects()["effect"].round(2)
        array([1.89, 0.17])
        """
        from lamina.inference.infer import infer

        return infer(
            self, x, y, sample_weight, covariance, names, output_names=output_names, groups=groups,
            reference_class=reference, singular=singular, use_t=use_t,
        )  # fmt: skip
