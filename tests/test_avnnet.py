"""avNNet against caret's loop over R's nnet, and its additional features."""

from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

import lamina
import r_peer
from lamina.nnet import RSeed, avNNet, avnnet
from lamina.nnet.r_samples import resample

RNG = np.random.default_rng(4)
X = RNG.normal(size=(60, 3)).round(3)
Y = (np.sin(X[:, 0]) + X[:, 1] * X[:, 2]).round(3)
CLASSES = np.array(["a", "b", "c"])[np.digitize(Y, [-0.5, 0.5])].tolist()
TABLE = {"x1": X[:, 0], "x2": X[:, 1], "x3": X[:, 2], "y": Y, "k": CLASSES}
QUIET = {"size": 2, "decay": 0.02, "maxit": 60, "trace": False}
# The loop of caret's avNNet.default and predict.avNNet.
CARET = """
x <- as.matrix(d[, 1:3]); k <- class.ind(d$k); w <- abs(d$x1)
average <- function(y, bag, weights, ...) {
  total <- 0; values <- c()
  for (seed in c(11, 5, 8)) {
    set.seed(seed); i <- seq_len(nrow(x)); if (bag) i <- sample(i, replace = TRUE)
    m <- nnet(x[i, ], y[i, ], weights = weights[i], size = 2, decay = 0.02, maxit = 60,
              trace = FALSE, ...)
    values <- c(values, m$value); total <- total + predict(m, x)
  }
  list(values = values, raw = total / 3)
}
"""
CASES = {
    "numbers": ("matrix(d$y)", "y", {"linout": True}),
    "bagged numbers": ("matrix(d$y)", "y", {"linout": True, "bag": True}),
    "classes": ("k", "k", {}),
    "softmax": ("k", "k", {"softmax": True, "skip": True}),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("weighted", [False, True])
def test_averages_are_those_of_carets_loop(name, weighted):
    response, ours, more = CASES[name]
    given = ", ".join(f"{k} = TRUE" for k in more if k != "bag")
    program = (
        CARET
        + f"""
found <- average({response}, {"TRUE" if "bag" in more else "FALSE"},
                 {"w" if weighted else "rep(1, nrow(x))"}{", " + given if given else ""})
say("values", found$values); say("raw", found$raw)
"""
    )
    asked = r_peer.ask(program, TABLE)
    weights = np.abs(X[:, 0]) if weighted else None
    fit = avNNet(X, TABLE[ours], weights=weights, repeats=3, seeds=[11, 5, 8], **QUIET, **more)
    # Searches of 60 iterations amplify rounding errors, but some digits agree.
    np.testing.assert_allclose([m.value for m in fit.model], asked["values"], rtol=1e-5)
    raw = fit.predict(X).reshape(asked["raw"].shape)
    np.testing.assert_allclose(raw, asked["raw"], atol=1e-3)
    assert fit.bag == ("bag" in more)


def test_classes_and_probabilities():
    fit = avNNet(X, CLASSES, repeats=2, random_state=1, **QUIET)
    raw = fit.predict(X)
    np.testing.assert_allclose(raw, sum(m.predict(X) for m in fit.model) / 2)
    np.testing.assert_allclose(fit.predict(X, type="prob"), raw / raw.sum(1, keepdims=True))
    classes = fit.predict(X, type="class")
    assert classes.tolist() == [fit.lev[i] for i in raw.argmax(1)]
    assert np.mean(classes == np.array(CLASSES)) > 0.7
    np.testing.assert_array_equal(fit.predict(), raw)
    flags = avNNet(X, Y > 0, repeats=2, random_state=1, softmax=True, **QUIET)
    assert flags.predict(X[:3], type="class").dtype == bool
    pytest.importorskip("formulaic")
    named = avNNet("y > 0 ~ x1 + x2 + x3", TABLE, repeats=2, random_state=1, softmax=True, **QUIET)
    assert named.lev == (False, True)
    np.testing.assert_array_equal(named.predict(), flags.predict())


def test_a_formula_codes_columns_and_minds_gaps():
    pytest.importorskip("formulaic")
    data = {**TABLE, "x1": np.where(np.arange(60) == 4, np.nan, TABLE["x1"])}
    fit = avNNet("k ~ x1 + x2*x3", data, repeats=2, random_state=1, weights="abs(x2)", **QUIET)
    assert fit.names == ["x1", "x2", "x3", "x2:x3"]
    assert fit.formula == "k ~ x1 + x2 * x3"
    raw = fit.predict(data)
    assert np.isnan(raw[4]).all()
    assert fit.predict(data, type="class")[4] is None
    assert fit.predict().shape == (59, 3)
    kept = avNNet("y ~ x1", data, repeats=2, na_action="na.exclude", linout=True, **QUIET)
    assert kept.predict().shape == (60,)


def test_threads_executors_and_order_change_nothing(threads):
    def values(**more):
        fit = avNNet(X, Y, repeats=4, bag=True, random_state=7, linout=True, **QUIET, **more)
        return np.concatenate([m.wts for m in fit.model])

    threads(3)
    wanted = values()
    threads(1)
    np.testing.assert_array_equal(values(), wanted)
    np.testing.assert_array_equal(values(allowParallel=False), wanted)
    with ProcessPoolExecutor(2) as pool:
        np.testing.assert_array_equal(values(executor=pool), wanted)
    lamina.set_random_seed(2)
    first = avNNet(X, Y, linout=True, **QUIET)
    lamina.set_random_seed(2)
    assert avNNet(X, Y, linout=True, **QUIET).seeds == first.seeds
    assert len(set(first.seeds)) == 5


@pytest.mark.parametrize("more", [
    {"linout": True, "bag": True}, {"linout": True}, {"linout": True, "bag": True, "n_starts": 2},
    {"linout": True, "bag": True, "Wts": np.linspace(-0.5, 0.5, 11), "Hess": True},
    {"bag": True, "weights": np.abs(X[:, 0]), "entropy": True, "skip": True},
])  # fmt: skip
def test_each_network_is_what_nnet_makes_of_its_rows(more, monkeypatch, threads):
    """They are fitted in parallel in one call of the engine, not one after the other."""
    threads(2)
    y = (Y > 0) * 1.0 if "entropy" in more else Y
    made = []
    monkeypatch.setattr(avnnet, "nnet", lambda *a, **k: made.append(k))
    fit = avNNet(X, y, repeats=4, random_state=3, **QUIET, **more)
    assert not made
    plain = {k: v for k, v in more.items() if k not in ("bag", "weights")}
    for seed, found in zip(fit.seeds, fit.model, strict=True):
        drawn = RSeed(seed)
        rows = resample(drawn, len(X)) if "bag" in more else np.arange(len(X))
        weights = more["weights"][rows] if "weights" in more else None
        alone = lamina.nnet(X[rows], y[rows], weights=weights, random_state=drawn, **QUIET, **plain)
        assert found.wts.tobytes() == alone.wts.tobytes()
        assert found.fitted_values.tobytes() == alone.fitted_values.tobytes()
        for column in alone.starts:
            assert found.starts[column].tolist() == alone.starts[column].tolist()
        if "Hess" in more:
            np.testing.assert_array_equal(found.Hessian, alone.Hessian)


def test_a_network_that_cannot_begin_is_refused(threads):
    threads(2)
    with pytest.raises(ValueError, match="criterion must be finite at the starting weights"):
        avNNet(X * 1e300, Y, linout=True, skip=True, bag=True, rang=1e10, **QUIET)


def test_it_prints_as_carets(capsys):
    fit = avNNet(X, Y, linout=True, repeats=2, bag=True, **QUIET)
    assert str(fit) == (
        "Model Averaged Neural Network with 2 Repeats and Bagging \n\n"
        "a 3-2-1 network with 11 weights\noptions were - linear output units  decay=0.02\n"
    )
    assert capsys.readouterr().out == ""
    avNNet(X, Y, linout=True, repeats=2, allowParallel=False, size=2, maxit=0)
    said = capsys.readouterr().out
    assert said.startswith("Fitting Repeat 1 \n\n# weights:  11\n")
    assert "Fitting Repeat 2" in said


def test_columns_of_tables_are_found_by_name():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["p", "q", "r"])
    fit = avNNet(frame, Y, linout=True, repeats=2, random_state=0, **QUIET)
    np.testing.assert_array_equal(fit.predict(frame[["r", "q", "p"]]), fit.predict(X))
    with pytest.raises(ValueError, match="predict: unknown column 'q'"):
        fit.predict(frame[["r", "p"]])


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"repeats": 0}, ValueError, "avNNet: repeats must be a positive integer; got 0"),
        ({"seeds": [1, 2]}, ValueError, "avNNet: seeds must be one for each of 5 repeats; got 2"),
        ({"bag": 1}, TypeError, "avNNet: bag must be True or False; got 1"),
        ({"subset": [1]}, TypeError, "avNNet: subset and contrasts need a formula"),
        ({"decay": -1.0}, ValueError, "avNNet: decay must be >= 0; got -1.0"),
        ({"sise": 3}, TypeError, "avNNet: unknown argument 'sise'; did you mean 'size'"),
        ({"weights": [1.0], "bag": True}, ValueError, "weights must have 60 numbers"),
        ({"y": Y[:5]}, ValueError, "avNNet: x and y must have the same number of rows; got 60 and"),
        ({"y": [*CLASSES[:-1], None]}, ValueError, "must have a class in each row; one is missing"),
    ],
)
def test_refusals(more, error, message):
    with pytest.raises(error, match=message):
        avNNet(**{"x": X, "y": Y, "trace": False, **more})
    fit = avNNet(X, Y, repeats=1, **QUIET)
    with pytest.raises(ValueError, match="predict: type='class' needs a fit to classes"):
        fit.predict(X, type="class")
