"""Muon."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lamina._check import LARGEST, boolean, integer, number
from lamina._settings import optional_number
from lamina.optimizers.base import Optimizer
from lamina.optimizers.chosen import expression
from lamina.optimizers.rule import RULES, Law

if TYPE_CHECKING:
    from lamina._typing import Unpack
    from lamina.optimizers.options import OptionsWithoutDecay, RateLike


class Muon(Optimizer):
    """Momentum with all singular values brought near 1, for matrices (Jordan et al. 2024).

    ``m = momentum m + g``, ``x = g + momentum m`` (``m`` without Nesterov's) divided by its norm,
    then ``ns_steps`` times ``A = x x'; x = muon_a x + (muon_b A + muon_c A A) x``, and ``w -= lr
    sqrt(max(rows, columns)) rms_rate x``, with the scale of Liu et al. 2025,
    https://arxiv.org/abs/2502.16982.  Weights that are not matrices, embeddings and selected layers
    follow `AdamW`.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        Step size.
    adam_beta_1, adam_beta_2 : float, default 0.9 and 0.999
        For Adam, in [0, 1).
    adam_weight_decay : float, default 0.004
        Decoupled weight decay of the weights that follow Adam; None for none.
    epsilon : float, default 1e-7
        For Adam; above 0.
    weight_decay : float, default 0.004
        Decoupled weight decay of the matrices; None for none.
    exclude_layers : list of str, optional
        Regular expressions; weights whose path contains a match follow Adam, as those of the last
        layer should.
    exclude_embeddings : bool, default True
        Weights with "embedding" in their path follow Adam.
    muon_a, muon_b, muon_c : float, default 3.4445, -4.775 and 2.0315
        Coefficients of the polynomial.
    adam_lr_ratio : float, default 1
        Adam's learning rate divided by Muon's, at least 0.
    momentum : float, default 0.95
        In [0, 1].
    ns_steps : int, default 5
        Iterations of the polynomial.
    nesterov : bool, default True
        Use Nesterov's momentum.
    rms_rate : float, optional, default 0.2
        If None: ``w -= lr x``.
    **options
        See `Optimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import optimizers
    >>> w = np.zeros((2, 2))
    >>> optimizers.Muon(learning_rate=1.0, rms_rate=None).apply([np.diag([1.0, 100.0])], [w])
    >>> np.abs(w).round(1)  # both directions alike, though their gradients are not
    array([[0.7, 0. ],
           [0. , 0.7]])
    """

    rule = "muon"

    def __init__(
        self,
        learning_rate: RateLike = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        exclude_layers: list[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.7750,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1.0,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
        **options: Unpack[OptionsWithoutDecay],
    ) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay, **options)
        who, adam = type(self).__name__, RULES["adam"]
        self.adam_beta_1 = adam.number(who, "beta_1", adam_beta_1, name="adam_beta_1")
        self.adam_beta_2 = adam.number(who, "beta_2", adam_beta_2, name="adam_beta_2")
        self.adam_weight_decay = optional_number(
            who, "adam_weight_decay", adam_weight_decay, low=0.0
        )
        self.epsilon = adam.number(who, "epsilon", epsilon, low_open=True)
        self.exclude_layers = [
            expression(who, "exclude_layers", each) for each in exclude_layers or []
        ]
        self.exclude_embeddings = boolean(who, "exclude_embeddings", exclude_embeddings)
        self.muon_a = self._number("muon_a", muon_a)
        self.muon_b = self._number("muon_b", muon_b)
        self.muon_c = self._number("muon_c", muon_c)
        self.adam_lr_ratio = number(who, "adam_lr_ratio", adam_lr_ratio, 0.0, LARGEST)
        self.momentum = self._number("momentum", momentum)
        self.ns_steps = integer(who, "ns_steps", ns_steps, 0)
        self.nesterov = self._flag("nesterov", nesterov)
        self.rms_rate = optional_number(who, "rms_rate", rms_rate, low=0.0, low_open=True)

    def _law(self, weight: Any) -> Law:
        if not self._follows_adam(weight):
            law = super()._law(weight)
            return law._replace(settings={**law.settings, "rms_rate": self.rms_rate or 0.0})
        settings = {
            "beta_1": self.adam_beta_1, "beta_2": self.adam_beta_2, "epsilon": self.epsilon,
            "amsgrad": False,
        }  # fmt: skip
        decay, rate = self._shares(weight, self.adam_weight_decay)
        # The ratio does not apply to the weight decay, as in Keras.
        ratio = self.adam_lr_ratio
        return Law(RULES["adam"], settings, decay / ratio if ratio else 0.0, rate * ratio)

    def _follows_adam(self, weight: Any) -> bool:
        if len(weight.shape) != 2:
            return True
        path = str(getattr(weight, "path", None) or getattr(weight, "name", ""))
        if self.exclude_embeddings and "embedding" in path.lower():
            return True
        return any(re.search(each, path) for each in self.exclude_layers)
