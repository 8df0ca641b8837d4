"""A table for tests of formulas, and the R program that asks for its model matrix."""

import numpy as np
import pytest

LEVELS = ["lo", "mid", "hi", "top"]
ORDERED = 'd$o <- factor(d$o, c("lo", "mid", "hi", "top"), ordered = TRUE)\n'
MATRIX = """
m <- model.frame(%s, d); x <- model.matrix(attr(m, "terms"), m)
say("names", colnames(x)); say("x", x); say("formula", deparse(formula(m), 500))
"""


def table(rows=30, seed=0):
    rng = np.random.default_rng(seed)
    data = {
        "y": rng.normal(size=rows).round(3),
        "x": rng.uniform(0.5, 4, rows).round(3),
        "z": rng.normal(size=rows).round(3),
        "my.w": rng.integers(1, 5, rows).astype(float),
    }
    data["f"] = rng.choice(["a", "b", "c"], rows).tolist()
    data["g"] = rng.choice(["u", "v"], rows).tolist()
    data["b"] = rng.choice([False, True], rows).tolist()
    data["o"] = rng.choice(LEVELS, rows).tolist()
    return data


def with_order(data):
    """The same with the column o as an ordered category."""
    pandas = pytest.importorskip("pandas")
    return {**data, "o": pandas.Categorical(data["o"], LEVELS, ordered=True)}
