"""Data sets of R for tests of multinom, and what R is asked of its fits."""

import numpy as np
import pytest

TIGHT = {"reltol": 1e-15, "maxit": 1000, "trace": False}
R_TIGHT = "reltol = 1e-15, maxit = 1000, trace = FALSE"
# What R is asked of a fit; `columns` are the data, so that they need not stand here.
ASKED = """
for (name in names(d)) say(paste0("d.", name), if (is.factor(d[[name]])) as.character(d[[name]])
                           else d[[name]])
for (name in names(d)) if (is.factor(d[[name]])) say(paste0("levels.", name), levels(d[[name]]))
tell <- function(which, fit) {
  s <- summary(fit)
  say(paste0(which, "coef"), coef(fit)); say(paste0(which, "errors"), s$standard.errors)
  say(paste0(which, "whole"), c(fit$deviance, fit$edf, fit$AIC, fit$rank, fit$convergence))
  say(paste0(which, "vcov"), vcov(fit)); say(paste0(which, "names"), rownames(vcov(fit)))
  say(paste0(which, "fitted"), fitted(fit)); say(paste0(which, "residuals"), residuals(fit))
  say(paste0(which, "probs"), predict(fit, d[1:7, ], type = "probs"))
  say(paste0(which, "class"), as.character(predict(fit, d[1:7, ])))
}
"""


def data_of(asked):
    """The data set of R: factors as ordered or plain categories."""
    pandas = pytest.importorskip("pandas")
    columns = {k[2:]: v for k, v in asked.items() if k.startswith("d.")}
    for name, values in columns.items():
        if f"levels.{name}" in asked:
            columns[name] = pandas.Categorical(values, asked[f"levels.{name}"])
    return columns


def simple():
    return {"y": ["u", "v", "w"] * 8, "x": np.cos(np.arange(24.0)), "k": [1.0] * 24}
