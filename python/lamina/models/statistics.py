"""The doors of models to statistics: thin methods; the rooms behind them use public API alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lamina import _check
from lamina._calls import answering_calls

if TYPE_CHECKING:
    from lamina._typing import Data
    from lamina.baselines import Comparison
    from lamina.models.loss_function import LossFunction


class Statistics:
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
