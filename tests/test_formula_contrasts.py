"""Codings of factors, their places and factors as responses, against R."""

import numpy as np
import pytest

import r_peer
from formula_tables import ORDERED, table, with_order
from lamina.nnet import model_frame


@pytest.fixture(autouse=True)
def formulaic():
    pytest.importorskip("formulaic")


def test_contrasts_are_rs():
    data = table()
    asked = r_peer.ask(
        ORDERED + 'x <- model.matrix(~ f*o + g + b, d, contrasts.arg = list(f = "contr.sum", '
        'o = "contr.helmert", g = "contr.SAS", b = "contr.poly"))\n'
        'say("names", colnames(x)); say("x", x)',
        data,
    )
    given = {"f": "contr.sum", "o": "contr.helmert", "g": "contr.SAS", "b": "contr.poly"}
    x, names = model_frame("~ f*o + g + b", with_order(data), contrasts=given).with_intercept
    assert names == asked["names"]
    np.testing.assert_allclose(x, asked["x"], atol=1e-15)


def test_contrasts_may_be_a_matrix():
    data, matrix = table(), [[1.0, 0.5], [0.0, -1.0], [-1.0, 0.5]]
    asked = r_peer.ask(
        "m <- cbind(c(1, 0, -1), c(0.5, -1, 0.5)); x <- model.matrix(~ f + x, d, "
        'contrasts.arg = list(f = m[, 1, drop = FALSE])); say("names", colnames(x)); say("x", x)\n'
        'x <- model.matrix(~ f:x, d, contrasts.arg = list(f = m)); say("whole", x)',
        data,
    )
    frame = model_frame("~ f + x", data, contrasts={"f": np.array(matrix)[:, :1]})
    x, names = frame.with_intercept
    assert names == asked["names"]
    np.testing.assert_allclose(x, asked["x"], atol=1e-15)
    np.testing.assert_allclose(frame.again(data).x, frame.x)
    x, _ = model_frame("~ f:x", data, contrasts={"f": matrix}).with_intercept
    np.testing.assert_allclose(x, asked["whole"], atol=1e-15)


def test_columns_of_a_coding_keep_their_names():
    """As those of a matrix with column names do in R."""
    pandas = pytest.importorskip("pandas")
    coding = pandas.DataFrame({"low": [1, 0, -1], "high": [0, 1, -1]})
    frame = model_frame("y ~ f", table(), contrasts={"f": coding})
    assert frame.coefnames == ["flow", "fhigh"]


@pytest.mark.parametrize("response", ["g:f", "interaction(f, g)", "interaction(g, b, sep = '/')"])
def test_factors_make_a_response(response):
    asked = r_peer.ask(
        f'y <- model.response(model.frame({response} ~ x, d)); say("levels", levels(y)); '
        'say("codes", as.integer(y))',
        table(),
    )
    frame = model_frame(f"{response} ~ x", table())
    assert frame.labels == asked["levels"]
    assert (frame.y + 1).tolist() == asked["codes"].tolist()


@pytest.mark.parametrize("places", ["unclass", "as.numeric", "as.integer"])
def test_places_of_levels_are_those_of_the_rows_fitted(places):
    frame = model_frame(f"~ {places}(factor(f))", {"f": ["a", "b", "c", None]})
    assert frame.x[:, 0].tolist() == [1, 2, 3]
    assert frame.again({"f": ["b", "c"]}).x[:, 0].tolist() == [2, 3]
    message = r"cannot be calculated: its factor has new levels d; known: a, b, c"
    with pytest.raises(ValueError, match=message):
        frame.again({"f": ["b", "d"]})
