"""The table of a training step."""

import numpy as np
import pytest

import lamina
from lamina.layers import Dense, Dropout, Input

X, Y = np.ones((40, 6)), np.ones(40)


@pytest.mark.filterwarnings("ignore::lamina.TrainingAdvice")  # targets of zeros
def test_lists_each_pass_and_leaves_the_model_alone():
    model = lamina.Sequential([Input((6,)), Dense(8, "relu"), Dropout(0.2), Dense(1)])
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    before = model.get_weights()
    table = lamina.profile(model, X, Y, batch_size=16, repeats=3)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    phases = {row.phase for row in table.rows}
    assert {"forward", "backward", "update"} <= phases
    first = next(row for row in table.rows if row.phase == "forward" and "dense" in row.operation)
    assert first.mflop == pytest.approx(2 * 16 * 6 * 8 * 1e-6)
    assert table.total.us == pytest.approx(sum(row.us for row in table.rows))
    lines = str(table).splitlines()
    assert lines[0] == "One training step of sequential, 16 rows, float32"
    assert [line.split()[0] for line in lines].count("total") == 1  # the last
    assert [row.operation for row in table.rows].count("loss") == 1
    assert lines[-1].startswith("total")
    assert len(lines) == len(table.rows) + 5


def test_a_learning_rate_at_which_training_diverges_does_not_matter():
    model = lamina.Sequential([Input((6,)), Dense(8, "relu"), Dense(1)])
    model.compile(lamina.optimizers.SGD(1e3), "mse")
    table = lamina.profile(model, X, Y, repeats=9)
    assert {"forward", "backward", "update"} <= {row.phase for row in table.rows}


def test_refusals():
    model = lamina.Sequential([Input((6,)), Dense(1)])
    with pytest.raises(ValueError, match="call compile"):
        lamina.profile(model, X, Y)
    with pytest.raises(TypeError, match="needs a model"):
        lamina.profile(None, X, Y)
    model.compile("adam", "mse")
    with pytest.raises(ValueError, match="repeats"):
        lamina.profile(model, X, Y, repeats=0)
    model.set_weights([np.full((6, 1), 1e30, "float32"), np.zeros(1)])
    with pytest.raises(ValueError, match=r"loss of the batch must be finite.*first 32 rows is not"):
        lamina.profile(model, X, Y)
