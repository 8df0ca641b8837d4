"""scikit-learn's MLPRegressor and MLPClassifier, which have no dropout: that work is left out."""

from __future__ import annotations

import warnings

import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.neural_network import MLPClassifier, MLPRegressor

from workloads import Workload

KINDS = ("dense", "dropout")


def unfit(workload: Workload, _variant: str) -> str | None:
    activations = {layer[2] for layer in workload.to_logits[:-1] if layer[0] == "dense"}
    if len(activations) > 1:
        return "has one activation for all hidden layers"
    return "has no activation of a regression" if workload.to_logits[-1][2] != "linear" else None


def versions() -> dict[str, str]:
    return {"scikit-learn": sklearn.__version__}


class Trainer:
    def __init__(self, workload: Workload, _threads: int, _variant: str) -> None:
        self.note = "no dropout" if any(k[0] == "dropout" for k in workload.layers) else ""
        self.classification = workload.task in ("classification", "binary")
        (self.x,), self.y = workload.data()
        if self.y.shape[-1] == 1:
            self.y = self.y.ravel()
        dense = [layer for layer in workload.layers if layer[0] == "dense"]
        kind = MLPClassifier if self.classification else MLPRegressor
        self.model = kind(
            hidden_layer_sizes=[layer[1] for layer in dense[:-1]],
            activation=dense[0][2],
            solver="adam",
            alpha=0.0,
            batch_size=workload.batch,
            tol=0.0,
            n_iter_no_change=10**9,  # train for all requested epochs, regardless of the loss
            random_state=0,
        )
        warnings.simplefilter("ignore", ConvergenceWarning)
        self.model.set_params(max_iter=1).fit(self.x, self.y)

    def fit(self, epochs: int) -> None:
        self.model.set_params(max_iter=epochs).fit(self.x, self.y)

    def loss(self) -> float:
        if self.classification:
            probabilities = self.model.predict_proba(self.x)
            return float(log_loss(self.y, probabilities, labels=self.model.classes_))
        return float(mean_squared_error(self.y, self.model.predict(self.x)))
