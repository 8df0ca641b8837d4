"""lamina.nnet against R's: whole sessions from R's own seeds, line by line, and additions."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import lamina
import r_peer
from lamina.nnet import RSeed, networks
from nnet_data import AB, ROWS, D

COUNTS = np.column_stack([D["n1"], D["n2"], D["n3"]])
ONES = (COUNTS > 1) | (np.arange(3) == COUNTS.argmax(axis=1)[:, None])
MATRICES = """
ab <- as.matrix(d[c("a", "b")]); counts <- as.matrix(d[c("n1", "n2", "n3")])
ones <- 1 * (counts > 1 | col(counts) == max.col(counts, "first"))
"""
# R's arguments, and ours.
SESSIONS = {
    "regression": ("y ~ a + b, d, size=3, linout=TRUE, decay=0.01, maxit=40",
                   ("y ~ a + b", D), {"size": 3, "linout": True, "decay": 0.01, "maxit": 40}),
    "to the end": ("y ~ a + b, d, size=1, linout=TRUE, decay=0.5, maxit=200",
                   ("y ~ a + b", D), {"size": 1, "linout": True, "decay": 0.5, "maxit": 200}),
    "factors": ("third ~ a * g, d, size=2, decay=5e-4, maxit=30, rang=0.3",
                ("third ~ a * g", D), {"size": 2, "decay": 5e-4, "maxit": 30, "rang": 0.3}),
    "two levels": ("h ~ a + g, d, size=2, decay=0.1, weights=w, skip=TRUE",
                   ("h ~ a + g", D), {"size": 2, "decay": 0.1, "weights": "w", "skip": True}),
    "subset": ("y ~ log(n1 + 1) + I(a^2), d, size=2, linout=TRUE, subset=b > 0, maxit=30",
               ("y ~ log(n1 + 1) + I(a^2)", D),
               {"size": 2, "linout": True, "subset": "b > 0", "maxit": 30}),
    "no hidden units": ("ab, d$y, size=0, skip=TRUE, linout=TRUE",
                        (AB, D["y"]), {"size": 0, "skip": True, "linout": True}),
    "no hidden units, classes": ("third ~ a + b, d, size=0, skip=TRUE, decay=0.01",
                                 ("third ~ a + b", D), {"size": 0, "skip": True, "decay": 0.01}),
    "masked": ("ab, d$part, size=2, mask=c(1,1,1,0,1,1,1,0,1), maxit=30, decay=0.001",
               (AB, D["part"]),
               {"size": 2, "mask": [1, 1, 1, 0, 1, 1, 1, 0, 1], "maxit": 30, "decay": 0.001}),
    "decay by weight": ("ab, d$y, size=2, linout=TRUE, decay=(1:9)/100, maxit=40",
                        (AB, D["y"]),
                        {"size": 2, "linout": True, "decay": np.arange(1, 10) / 100, "maxit": 40}),
    "entropy of shares": ("ab, cbind(d$part, 1 - d$part), size=2, entropy=TRUE, maxit=20",
                          (AB, np.column_stack([D["part"], 1 - D["part"]])),
                          {"size": 2, "entropy": True, "maxit": 20}),
    "counts": ("ab, counts, size=2, softmax=TRUE, decay=0.02, maxit=30, weights=d$w",
               (AB, COUNTS),
               {"size": 2, "softmax": True, "decay": 0.02, "maxit": 30, "weights": D["w"]}),
    "censored": ("ab, ones, size=2, censored=TRUE, decay=0.02, maxit=30",
                 (AB, ONES), {"size": 2, "censored": True, "decay": 0.02, "maxit": 30}),
    "several outputs": ("ab, cbind(d$y, d$far/1000), size=2, linout=TRUE, maxit=30, decay=0.05",
                        (AB, np.column_stack([D["y"], D["far"] / 1000])),
                        {"size": 2, "linout": True, "maxit": 30, "decay": 0.05}),
    "saturated": ("cbind(d$far, d$b), d$y, size=2, linout=TRUE, decay=0.001, maxit=25",
                  (np.column_stack([D["far"], D["b"]]), D["y"]),
                  {"size": 2, "linout": True, "decay": 0.001, "maxit": 25}),
    "saturated classes": ("h ~ far + b, d, size=2, decay=0.001, maxit=15",
                          ("h ~ far + b", D), {"size": 2, "decay": 0.001, "maxit": 15}),
    "wide": ("y ~ a + b, d, size=12, linout=TRUE, maxit=0",
             ("y ~ a + b", D), {"size": 12, "linout": True, "maxit": 0}),
}  # fmt: skip


@pytest.mark.parametrize("name", SESSIONS)
def test_a_session_is_r_s(name, capsys):
    theirs, (x, y), settings = SESSIONS[name]
    program = f"""{MATRICES}
set.seed(3)
session <- capture.output({{
  fit <- nnet({theirs}, Hess = {"FALSE" if name == "censored" else "TRUE"})
  print(fit)
  print(summary(fit))
}})
say("session", session)
say("names", names(coef(fit)))
say("wts", fit$wts)
say("fitted", fit$fitted.values)
say("residuals", fit$residuals)
say("hessian", if (is.null(fit$Hessian)) 0 else fit$Hessian)
say("conn", fit$conn); say("nconn", fit$nconn); say("n", fit$n)
say("lev", if (is.null(fit$lev)) "none" else fit$lev)
say("convergence", fit$convergence)
"""
    said = r_peer.ask(program, D)
    fit = lamina.nnet(x, y, **settings, random_state=RSeed(3), Hess=True)
    print(fit)
    print(fit.summary())
    assert capsys.readouterr().out.splitlines() == said["session"]
    assert list(fit.coef()) == said["names"]
    near = {"rtol": 1e-5, "atol": 1e-7}
    np.testing.assert_allclose(fit.wts, said["wts"], **near)
    np.testing.assert_allclose(fit.fitted_values, said["fitted"], **near)
    np.testing.assert_allclose(
        fit.residuals, said["residuals"].reshape(fit.residuals.shape), **near
    )
    if name != "censored":
        scale = abs(said["hessian"]).max()
        np.testing.assert_allclose(fit.Hessian, said["hessian"], rtol=1e-4, atol=1e-6 * scale)
    assert fit.conn.tolist() == said["conn"].tolist()
    assert fit.nconn.tolist() == said["nconn"].tolist()
    assert [*fit.n] == said["n"].tolist()
    assert fit.convergence == said["convergence"]
    if not isinstance(y, np.ndarray) or name.startswith("entropy"):
        assert (fit.lev or ["none"]) == said["lev"]


def test_confident_mistakes_cost_and_teach_what_they_do_in_r():
    """R treats log-odds beyond 15 as certain: a mistake costs 184, and its slope is 1 or -1."""
    program = """
x <- d$a; y <- 1 * (d$b > 0)
fit <- function(maxit) nnet(x, y, size = 0, skip = TRUE, entropy = TRUE, Wts = c(1, 30),
                            maxit = maxit, trace = FALSE)
say("before", fit(0)$value); say("after", fit(1)$value); say("wts", fit(1)$wts)
"""
    said = r_peer.ask(program, D)
    settings = {"size": 0, "skip": True, "entropy": True, "Wts": [1.0, 30.0], "trace": False}
    before, after = (lamina.nnet(D["a"], D["b"] > 0, maxit=maxit, **settings) for maxit in (0, 1))
    assert before.value == pytest.approx(said["before"][0], rel=1e-12)
    assert before.value > 184
    assert after.value == pytest.approx(said["after"][0], rel=1e-10)
    np.testing.assert_allclose(after.wts, said["wts"], rtol=1e-10)


def fitted(**settings):
    return lamina.nnet(
        "third ~ a + g", D, **{"size": 2, "decay": 0.01, "maxit": 60, "trace": False,
                               "random_state": RSeed(5), **settings},
    )  # fmt: skip


def test_predictions_for_new_rows_are_r_s():
    new = {"a": np.array([0.2, np.nan, -1.5]), "g": np.array(["mid", "low", "top"])}
    program = """
set.seed(5)
fit <- nnet(third ~ a + g, d, size = 2, decay = 0.01, maxit = 60, trace = FALSE)
new <- data.frame(a = c(0.2, NA, -1.5), g = factor(c("mid", "low", "top")))
say("raw", predict(fit, new))
say("class", predict(fit, new[c(1, 3), ], type = "class"))
say("own", predict(fit, type = "class"))
"""
    said = r_peer.ask(program, D)
    fit = fitted()
    np.testing.assert_allclose(fit.predict(new), said["raw"], rtol=1e-4, atol=1e-9)
    classes = fit.predict(new, type="class")
    assert classes[1] is None
    assert [classes[0], classes[2]] == said["class"]
    assert fit.predict(type="class").tolist() == said["own"]
    one = lamina.nnet(AB, D["y"], size=1, linout=True, trace=False, maxit=5, random_state=0)
    assert one.predict([0.1, 0.2]).shape == (1, 1)  # a vector is a row
    two = lamina.nnet(AB, (D["y"] > 0) * 1.0, size=1, entropy=True, trace=False, random_state=0)
    classes = two.predict(AB, type="class")
    assert classes.tolist() == np.where(two.predict(AB)[:, 0] > 0.5, "1", "0").tolist()


def test_the_best_of_many_starts_is_kept_and_all_are_told():
    many = fitted(n_starts=6)
    assert many.starts.rows == 6
    best = int(np.argmin(many.starts["value"]))
    assert many.starts["kept"].tolist() == [i == best for i in range(6)]
    assert many.value == many.starts["value"].min()
    # Starts draw successive random numbers, so that the first equals a single fit.
    alone = fitted()
    assert alone.value == many.starts["value"][0]
    assert len(set(many.starts["value"])) > 1
    with ThreadPoolExecutor(2) as executor:
        elsewhere = fitted(n_starts=6, executor=executor)
    assert elsewhere.wts.tobytes() == many.wts.tobytes()
    assert elsewhere.starts["value"].tolist() == many.starts["value"].tolist()
    given = fitted(Wts=np.stack([alone.wts, alone.wts + 1.0]), maxit=0)
    assert given.starts["value"].tolist() == given.starts["initial"].tolist()
    assert given.wts.tolist() == alone.wts.tolist()


def test_a_network_is_recorded_once_whatever_it_is_fitted_to(monkeypatch):
    calls = []

    def counted(*args, **more):
        calls.append(args)
        return lamina.models.LossFunction(*args, **more)

    monkeypatch.setattr(networks, "LossFunction", counted)
    networks._program.cache_clear()
    cases = [{}, {"decay": 0.1}, {"decay": np.linspace(0, 1, 9)}, {"weights": D["w"]}]

    def weights(k, more):
        plain = {"size": 2, "linout": True, "maxit": 60, "trace": False, "random_state": RSeed(5)}
        return lamina.nnet(AB * k, D["y"] + k, **{**plain, **more}).wts.tobytes()

    several = {(k, place): weights(k, more) for k in (1, 2, 3) for place, more in enumerate(cases)}
    assert len(calls) == 4
    assert len(set(several.values())) == 12
    for (k, place), found in several.items():
        networks._program.cache_clear()
        assert weights(k, cases[place]) == found
    for hidden in range(1, 40):  # and recordings do not accumulate
        weights(1, {"size": hidden, "maxit": 0})
    assert networks._program.cache_info().currsize <= 16


def test_random_states():
    assert fitted(random_state=4).wts.tolist() == fitted(random_state=4).wts.tolist()
    assert fitted(random_state=4).wts.tolist() != fitted(random_state=5).wts.tolist()
    lamina.set_random_seed(1)
    first = fitted(random_state=None).wts
    lamina.set_random_seed(1)
    assert fitted(random_state=None).wts.tolist() == first.tolist()
    start = fitted(random_state=np.random.default_rng(0), maxit=0, rang=0.1).wts
    assert 0 < abs(start).max() <= 0.1
    assert not fitted(rang=0, maxit=0).wts.any()


AS_MODELS = (
    "regression", "two levels", "factors", "no hidden units", "decay by weight",
    "entropy of shares", "several outputs",
)  # fmt: skip


@pytest.mark.parametrize("name", AS_MODELS)
def test_a_fit_is_a_model_of_lamina_s(name):
    _, (x, y), settings = SESSIONS[name]
    fit = lamina.nnet(x, y, **settings, random_state=RSeed(3), trace=False)
    model = fit.to_model()
    given = fit._given
    np.testing.assert_allclose(
        model.predict(given.x, verbose=0), fit.fitted_values, rtol=1e-6, atol=1e-6
    )
    rows = len(given.x) * (1 if fit.softmax else fit.n[2])
    loss = model.evaluate(given.x, given.y, sample_weight=given.weights, verbose=0)
    own = given.y * np.log(np.where(given.y > 0, given.y, 1))
    own += (1 - given.y) * np.log(np.where(given.y < 1, 1 - given.y, 1))
    base = own.sum() if fit.entropy else 0.0  # R's entropy of perfect predictions is 0
    assert loss * rows + base == pytest.approx(fit.value, rel=1e-6)


def test_a_fit_can_be_pickled():
    fit = fitted()
    copy = pickle.loads(pickle.dumps(fit))
    assert repr(copy) == repr(fit)
    np.testing.assert_array_equal(copy.predict(D), fit.predict(D))


def test_numbers_of_a_summary_are_rounded_as_in_r():
    program = """
fit <- nnet(d$a, d$y, size = 1, linout = TRUE, maxit = 0, trace = FALSE,
            Wts = c(0.285, -2.675, 1.005, 0.145))
say("summary", capture.output(print(summary(fit))))
"""
    fit = lamina.nnet(
        D["a"], D["y"], size=1, linout=True, maxit=0, trace=False, Wts=[0.285, -2.675, 1.005, 0.145]
    )
    assert repr(fit.summary()).splitlines() == r_peer.ask(program, D)["summary"]


def test_coefficients_are_starting_weights():
    fit = lamina.nnet(AB, D["y"], size=1, trace=False, maxit=3, random_state=1)
    again = lamina.nnet(AB, D["y"], size=1, trace=False, maxit=0, Wts=fit.coef())
    assert again.wts.tolist() == fit.wts.tolist()
    # The names decide, not the order.
    turned = dict(reversed(fit.coef().items()))
    again = lamina.nnet(AB, D["y"], size=1, trace=False, maxit=0, Wts=turned)
    assert again.wts.tolist() == fit.wts.tolist()
    with pytest.raises(ValueError, match=r"^nnet: Wts: unknown weight 'i9->h1'; did you"):
        lamina.nnet(AB, D["y"], size=1, Wts={**turned, "i9->h1": 1.0})
    del turned["h1->o"]
    with pytest.raises(ValueError, match=r"^nnet: Wts must have a value for each weight; h1->o ha"):
        lamina.nnet(AB, D["y"], size=1, Wts=turned)


def test_second_derivatives_of_classes():
    fit = fitted(Hess=True)
    x = np.column_stack([D["a"], D["g"] == "mid", D["g"] == "top"])
    for y in (D["third"], lamina.nnet.class_ind(D["third"])):
        np.testing.assert_array_equal(lamina.nnet.nnet_hess(fit, x, y), fit.Hessian)
    halves = lamina.nnet.nnet_hess(fit, x, D["third"], weights=[0.5] * ROWS)
    decay = 2 * fit.decay * np.eye(len(fit.wts))
    np.testing.assert_allclose(2 * (halves - decay), fit.Hessian - decay, rtol=1e-6, atol=1e-6)


def test_coefficients_print_as_rs():
    fit = lamina.nnet(AB, D["y"], size=1, trace=False, Wts=np.arange(5) / 4, maxit=0)
    assert fit.coef()["i1->h1"] == 0.25
    assert repr(fit.coef()).splitlines() == [
        " b->h1 i1->h1 i2->h1   b->o  h1->o ", "  0.00   0.25   0.50   0.75   1.00 "
    ]  # fmt: skip


def test_the_room_can_be_called_and_the_call_is_kept():
    fit = lamina.nnet(AB, D["y"], size=2, linout=True, decay=0.1, trace=False, maxit=3)
    assert fit.call == "nnet(x, y, size=2, linout=True, decay=0.1, maxit=3, trace=False)"
    named = lamina.nnet.nnet(formula="y ~ a", data=D, size=1, trace=False, maxit=3)
    assert (named.formula, named.response, named.coefnames) == ("y ~ a", "y", ["a"])
    assert callable(lamina.nnet)
    assert "nnet" in dir(lamina.nnet)


def test_samples_are_r_s():
    """Those of R 4.2, and the uniform numbers after them."""
    drawn = RSeed(123)
    rows = drawn.sample(506, 404)
    assert (rows[:6] + 1).tolist() == [415, 463, 179, 14, 195, 426]
    (x, _), _ = lamina.datasets.boston.load_data()
    np.testing.assert_array_equal(lamina.datasets.boston.load().x[np.sort(rows)], x)
    np.testing.assert_allclose(drawn.uniform(0, 1, 2), [0.08146656002, 0.85436474648], atol=5e-11)
    drawn = RSeed(7)
    assert (drawn.sample(5) + 1).tolist() == [2, 3, 4, 5, 1]
    assert (drawn.sample(70_000, 3) + 1).tolist() == [50648, 36744, 64602]
    assert drawn.sample(4, 0).tolist() == []
    with pytest.raises(ValueError, match="size must be at most rows, 3: each is drawn once; got 4"):
        drawn.sample(3, 4)
    with pytest.raises(ValueError, match="rows must be at most 10000000"):
        drawn.sample(10**8)
