"""Data of nnet: classes, tables, weights of rows, and missing values, against R."""

import numpy as np
import pytest

import lamina
import r_peer
from lamina.nnet import RSeed
from nnet_data import AB, ROWS, D


@pytest.mark.parametrize(("classes", "names"), [("third", ["one", "three", "two"]), ("h", ["y"])])
def test_classes_beside_inputs_are_fitted_as_a_factor_is(classes, names):
    settings = {"size": 2, "decay": 0.01, "maxit": 9, "trace": False, "random_state": 1}
    wanted = lamina.nnet(f"{classes} ~ a + b", D, **settings)
    pd = pytest.importorskip("pandas")
    for y in (D[classes], D[classes][:, None], pd.Series(D[classes]).astype("category")):
        fit = lamina.nnet(AB, y, **settings)
        assert fit.wts.tolist() == wanted.wts.tolist()
        assert (fit.lev, fit.entropy, fit.softmax) == (
            wanted.lev, wanted.entropy, wanted.softmax,
        )  # fmt: skip
        assert fit.predict(AB, type="class").tolist() == wanted.predict(type="class").tolist()
    if len(names) > 1:
        assert fit.output_names == names
    more = pd.Categorical(D[classes], [*np.unique(D[classes]), "none"])
    with pytest.warns(UserWarning, match="group 'none' is empty"):
        assert lamina.nnet(AB, more, **settings).lev == wanted.lev


def test_levels_without_rows_count_as_in_r():
    """A factor of three levels is fitted by softmax, even if the rows have only two of them."""
    program = """
set.seed(2)
fit <- nnet(factor(third) ~ a + b, d, size = 2, decay = 0.1, maxit = 20, subset = third != "two",
            trace = FALSE)
say("wts", fit$wts); say("value", fit$value); say("fitted", unname(fitted(fit)))
say("residuals", unname(residuals(fit))); say("printed", printed(fit))
"""
    said = r_peer.ask(program, D)
    settings = {"size": 2, "decay": 0.1, "maxit": 20, "trace": False, "random_state": RSeed(2)}
    with pytest.warns(UserWarning, match="group 'two' is empty"):
        fit = lamina.nnet("factor(third) ~ a + b", D, subset="third != 'two'", **settings)
    near = {"rtol": 1e-5, "atol": 1e-7}
    np.testing.assert_allclose(fit.wts, said["wts"], **near)
    np.testing.assert_allclose(fit.fitted(), said["fitted"], **near)
    np.testing.assert_allclose(fit.residuals, said["residuals"], **near)
    assert fit.value == pytest.approx(said["value"][0], rel=1e-9)
    assert repr(fit).splitlines() == said["printed"][0].splitlines()
    # R names the second of these classes by the level without rows.
    assert fit.lev == fit.output_names == ["one", "three"]
    assert set(fit.predict(type="class")) == {"one", "three"}
    pd = pytest.importorskip("pandas")
    rows = D["third"] != "two"
    classes = pd.Categorical(D["third"][rows], ["one", "three", "two"])
    with pytest.warns(UserWarning, match="group 'two' is empty"):
        beside = lamina.nnet(AB[rows], classes, **{**settings, "random_state": RSeed(2)})
    assert beside.wts.tolist() == fit.wts.tolist()


def test_inputs_of_tables_are_found_by_name():
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame({"a": D["a"], "b": D["b"]})
    fit = lamina.nnet(
        table, pd.Series(D["y"], name="y"), size=2, linout=True, trace=False, maxit=20
    )
    wanted = fit.fitted_values.tolist()
    for same in (table[["b", "a"]], table.assign(c=1.0), D, AB):
        assert fit.predict(same).tolist() == wanted
    assert fit.predict(table.iloc[0][::-1]).tolist() == fit.predict(AB[0].tolist()).tolist()
    assert (fit.coefnames, fit.response, fit.output_names) == (["a", "b"], "y", ["y"])
    assert "inputs" not in repr(fit)  # as in R
    with pytest.raises(ValueError, match=r"^predict: unknown column 'b'; known: a$"):
        fit.predict(table[["a"]])
    numbered = lamina.nnet(pd.DataFrame(AB), D["y"], size=1, trace=False, maxit=2)
    assert numbered.predict(table).tolist() == numbered.fitted_values.tolist()


def test_outputs_are_called_as_the_response():
    from lamina.inference import connections, lekprofile, olden, partial_dependence

    one = lamina.nnet("y ~ a + b", D, size=2, trace=False, maxit=2, random_state=1)
    assert connections(one).units[-1] == "y"
    assert set(olden(one)["output"]) == {"y"}
    assert set(lekprofile(one, {"a": D["a"], "b": D["b"]})["output"]) == {"y"}
    several = lamina.nnet.avNNet("y ~ a", D, repeats=2, trace=False, maxit=2, random_state=1)
    assert set(partial_dependence(several, {"a": D["a"]}, "a")["output"]) == {"y"}
    two = lamina.nnet("cbind(n1, n2) ~ a", D, size=2, linout=True, trace=False, maxit=2)
    assert connections(two).units[-2:] == two.output_names == ["n1", "n2"]


def test_weights_count_rows_and_zero_leaves_them_out():
    twice = np.repeat(np.arange(ROWS), 2)
    settings = {"size": 2, "linout": True, "maxit": 0, "trace": False, "Wts": np.ones(9) / 3}
    weighted = lamina.nnet(AB, D["y"], weights=np.full(ROWS, 2.0), **settings)
    repeated = lamina.nnet(AB[twice], D["y"][twice], **settings)
    assert weighted.value == pytest.approx(repeated.value, rel=1e-12)
    some = (np.arange(ROWS) < 40) * 1.0
    left = lamina.nnet(AB, D["y"], weights=some, **settings)
    assert left.value == pytest.approx(
        lamina.nnet(AB[:40], D["y"][:40], **settings).value, rel=1e-12
    )


def test_missing_rows_follow_na_action():
    gaps = {**D, "a": np.where(np.arange(ROWS) == 4, np.nan, D["a"])}
    settings = {"size": 1, "linout": True, "maxit": 3, "trace": False, "random_state": 1}
    omitted = lamina.nnet("y ~ a", gaps, **settings)
    assert omitted.fitted_values.shape == (ROWS - 1, 1)
    excluded = lamina.nnet("y ~ a", gaps, na_action="na.exclude", **settings)
    assert np.flatnonzero(np.isnan(excluded.fitted_values[:, 0])).tolist() == [4]
    assert excluded.wts.tolist() == omitted.wts.tolist()
    with pytest.raises(ValueError, match="missing values"):
        lamina.nnet("y ~ a", gaps, na_action="na.fail", **settings)
