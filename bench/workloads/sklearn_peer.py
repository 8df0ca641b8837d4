"""scikit-learn's MLPRegressor and MLPClassifier.  They have no dropout: that work is left out."""

from __future__ import annotations

import warnings

import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.neural_network import MLPClassifier, MLPRegressor

from workloads import Workload

KINDS = ("dense", "dropout")


def versions() -> dict[str, str]:
    return {"scikit-learn": sklearn.__version__}


class Trainer:
    def __init__(self, workload: Workload, _threads: int, _variant: str) -> None:
        self.note = "no dropout" if any(k[0] == "dropout" for k in workload.layers) else ""
        self.classification = workload.task == "classification"
        self.x, self.y = workload.data()
        if not self.classification:
            self.y = self.y.ravel()
        hidden = [int(layer[1]) for layer in workload.layers if layer[0] == "dense"][:-1]
        kind = MLPClassifier if self.classification else MLPRegressor
        self.model = kind(
            hidden_layer_sizes=hidden,
            activation="relu",
            solver="adam",
            alpha=0.0,
            batch_size=workload.batch,
            tol=0.0,
            n_iter_no_change=10**9,  # train for the epochs asked, whatever the loss does
            random_state=0,
        )
        warnings.simplefilter("ignore", ConvergenceWarning)
        self.model.set_params(max_iter=1).fit(self.x, self.y)

    def fit(self, epochs: int) -> None:
        self.model.set_params(max_iter=epochs).fit(self.x, self.y)

    def loss(self) -> float:
        if self.classification:
            probabilities = self.model.predict_proba(self.x)
            return float(log_loss(self.y, probabilities, labels=np.arange(probabilities.shape[1])))
        return float(mean_squared_error(self.y, self.model.predict(self.x)))
