"""The doors of models to statistics: thin methods; the rooms behind them use public API alone."""

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
    from lamina.models.loss_function import LossFunction


class Statistics(Calibrated):
    """What ``Model`` has for statisticians."""

    @answering_calls
    def loss_function(
        self,
        x: Data = _check.NEEDED,
        y: Data = _check.NEEDED,
        sample_weight: Data | None = None,
        dtype: str = "float64",
    ) -> LossFunction:
        """Return the loss over these rows as a function of one vector of weights.

        For second derivatives, the derivatives of each row, and optimizers of your own, such as
        those of SciPy.

        Parameters
        ----------
        x, y, sample_weight
            As for ``evaluate``, all in memory.
        dtype : {"float64", "float32"}, default "float64"
            In which it is computed; a model of a class of your own keeps its type.

        Returns
        -------
        LossFunction
            Over a copy of the model.

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
        from lamina.models.loss_function import LossFunction

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
        """Hold the model against a linear or logistic regression, a lasso, a ridge, a constant.

        They are fitted to the rows that the model was fitted to, and compared on its test rows: see
        ``lamina.baselines.compare``.  scikit-learn is needed: ``pip install "lamina[sklearn]"``.

        Parameters
        ----------
        x, y : array_like, or a list or dict of them
            What ``fit`` was given.
        validation_data : tuple (x, y), optional
            Test rows; by default those rows of ``x`` that the last fit held out.
        validation_rows : array_like of int, optional
            Rows of ``x`` to test on in place of these.
        sample_weight : array_like of shape (rows,), optional
            Weights of the rows of ``x`` in fitting the baselines.
        baselines : str or sequence of str, default ("constant", "linear", "lasso", "ridge")
            Which to fit.
        measure : {"mae", "mse"} or {"log_loss", "accuracy"}, optional
            What penalties are chosen by and differences are of; the first of a kind by default.
        cv : int, scikit-learn splitter, or iterable of pairs of row numbers, optional
            Folds of the training rows for choosing penalties; ten by default.
        random_state : int, default 0
            Of the folds that a number asks for.
        level : float, default 0.95
            Of the confidence intervals of the differences.

        Returns
        -------
        Comparison
            A table with a row for the model and one for each baseline; ``to_pandas()`` makes a
            frame of it.

        Raises
        ------
        ValueError
            If the model has no weights yet, or there are no test rows.
        NotCompiledError
            If the model has no loss.

        Warns
        -----
        UserWarning
            If the model has not been trained: its weights are the first ones.

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
            As for ``evaluate``, all in memory.

        Returns
        -------
        ndarray of shape (n, n), float64
            For ``n`` numbers in the trainable weights, in the order of ``trainable_weights`` and C
            order within each.  Symmetric.

        Notes
        -----
        As in ``loss_function``, which this is short for, layers act as in inference and penalties
        count; the accuracy is about nine digits.

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

        The model must have been trained to a minimum of its loss over these rows, with a
        quasi-Newton optimizer for instance; the result says how far it is from one.

        Parameters
        ----------
        x, y, sample_weight
            As for ``evaluate``, all in memory.  The weights of an mse are those of weighted least
            squares; rows of weight 0 do not count.
        covariance : str, default "hessian"
            With H the Hessian of the penalised negative log likelihood, G the sum of the rows'
            crossed scores and P the penalty's Hessian:

            - "hessian": the inverse of H; for mse with the estimated variance, so that a linear
              model has the covariance of least squares,
            - "sandwich" or "HC0": H^-1 G H^-1, right for any loss and where the model or the
              likelihood is not (Huber 1967, White 1982), "HC1" n / (n - df) times that, "HC2" and
              "HC3" with residuals weighted by leverage (mse with one output),
            - "cluster": the same with scores summed within `groups`, times g / (g - 1) *
              (n - 1) / (n - df) for g of them, as in Stata and statsmodels,
            - "opg": (G + P)^-1,
            - "fisher": the inverse of the expected information, plus P.
        names : sequence of str, optional
            Of the inputs, by default a table's columns, else x1, x2, ...
        output_names : sequence of str, optional
            By default o, or o1, o2, ...
        groups : array_like of shape (rows,), optional
            The clusters, for that covariance alone.
        reference : "auto", int or None, default "auto"
            Only differences between the weights of the classes of a softmax matter: the class whose
            weights are subtracted from the others'.  "auto" is class 0 where the last layer is
            a Dense with softmax without penalties, None elsewhere.
        singular : {"report", "pinv", "raise"}, default "report"
            For a Hessian without an inverse: a result with NaN for standard errors that names the
            rank and the directions in which the loss is flat; the Moore-Penrose inverse, which
            holds these directions fixed; or a ``lamina.inference.SingularHessianError``.  With
            negative eigenvalues standard errors are NaN too: the weights are at no minimum.
        use_t : bool, optional
            Whether tests and intervals use Student's t rather than the normal distribution, by
            default for mse unless the covariance is a sandwich, as in statsmodels.

        Returns
        -------
        lamina.inference.Inference

        Raises
        ------
        ValueError
            If the covariance needs a likelihood and the loss is none, if there is one class only,
            or if there are more than 10,000 weights.

        Warns
        -----
        UserWarning
            Where standard errors cannot be trusted: see ``Inference.notes``.

        Notes
        -----
        Log likelihoods are known for mse, the cross-entropies, Poisson and the Gaussian negative
        log likelihood.  Frozen layers are conditioned on, and dropout is off.

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
