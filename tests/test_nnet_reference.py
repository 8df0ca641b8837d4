"""lamina.nnet against results of R's nnet: criterion, predictions, derivatives, optimum.

``files/r_nnet.npz`` holds, for six models, data, starting weights and where R's search ended.
"""

from pathlib import Path

import numpy as np
import pytest

import lamina
import r_peer

NUMBERS = np.load(Path(__file__).parent / "files" / "r_nnet.npz")
MODELS = {
    "boston": {"size": 5, "linout": True, "decay": 0.01},
    "boston_nodecay": {"size": 5, "linout": True},
    "iris_softmax": {"size": 2, "softmax": True, "decay": 5e-4},
    "iris_ls": {"size": 2, "decay": 5e-4},
    "rock_skip": {"size": 3, "linout": True, "skip": True, "decay": 1e-3},
    "pima_entropy": {"size": 3, "entropy": True, "decay": 0.1},
}
DATA_OF = {"boston_nodecay": "boston", "iris_ls": "iris_softmax"}


def data_of(name):
    of = DATA_OF.get(name, name)
    return NUMBERS[f"{of}/x"], NUMBERS[f"{of}/y"]


def fit(name, at="start", **settings):
    return lamina.nnet(
        *data_of(name), **MODELS[name], Wts=NUMBERS[f"{name}/{at}/wts"], trace=False, **settings
    )


@pytest.mark.parametrize("at", ["start", "end"])
@pytest.mark.parametrize("name", MODELS)
def test_criterion_and_predictions(name, at):
    got = fit(name, at, maxit=0)
    assert got.value == pytest.approx(float(NUMBERS[f"{name}/{at}/value"]), rel=1e-12)
    fitted = NUMBERS[f"{name}/{at}/fitted"].reshape(got.fitted_values.shape)
    np.testing.assert_allclose(got.fitted_values, fitted, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(got.residuals, data_of(name)[1] - fitted, rtol=1e-9, atol=1e-10)
    np.testing.assert_array_equal(got.predict(data_of(name)[0]), got.fitted_values)


@pytest.mark.parametrize("name", [n for n in MODELS if f"{n}/end/Hessian" in NUMBERS])
def test_hessian_at_the_optimum(name):
    hessian = NUMBERS[f"{name}/end/Hessian"]
    got = fit(name, "end", maxit=0, Hess=True)
    np.testing.assert_allclose(got.Hessian, hessian, rtol=1e-6, atol=1e-11 * abs(hessian).max())
    np.testing.assert_array_equal(lamina.nnet.nnet_hess(got, *data_of(name)), got.Hessian)


def r_call(name):
    """Return R's call of a model, and its data frame."""
    x, y = data_of(name)
    columns = {f"x{i}": x[:, i] for i in range(x.shape[1])}
    columns |= {f"y{i}": y[:, i] for i in range(y.shape[1])}
    words = {True: "TRUE", False: "FALSE"}
    told = ", ".join(f"{k} = {words.get(v, v)}" for k, v in MODELS[name].items() if v is not True)
    told += "".join(f", {k} = TRUE" for k, v in MODELS[name].items() if v is True)
    start = ", ".join(f"{w:.17g}" for w in NUMBERS[f"{name}/start/wts"])
    program = f"""
x <- as.matrix(d[grep("^x", names(d))]); y <- as.matrix(d[grep("^y", names(d))])
fit <- function(...) nnet(x, y, {told}, Wts = c({start}), trace = FALSE, ...)
"""
    return program, columns


@pytest.mark.parametrize("name", MODELS)
def test_gradient_at_the_start(name):
    """R's first step leads along minus the gradient, and is a power of 0.2 of it."""
    program, columns = r_call(name)
    said = r_peer.ask(program + 'say("wts", fit(maxit = 1)$wts)', columns)
    start = NUMBERS[f"{name}/start/wts"]
    step = start - said["wts"]
    function = fit(name, maxit=0)._network.objective(*data_of(name), None)
    gradient = function.gradient(start)
    length = 0.2 ** np.round(np.log(np.linalg.norm(step) / np.linalg.norm(gradient)) / np.log(0.2))
    exact = 1e-15 * abs(start).max() / length  # of the difference of R's two vectors
    np.testing.assert_allclose(
        gradient, step / length, rtol=1e-10, atol=10 * exact + 1e-14 * abs(gradient).max()
    )
    np.testing.assert_allclose(fit(name, maxit=1).wts, said["wts"], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("name", ["iris_softmax", "iris_ls", "rock_skip", "pima_entropy"])
def test_optimum_is_no_worse(name):
    """The kept optima are those of R's searches to full precision, with reltol=1e-12."""
    got = fit(name, maxit=1000, reltol=1e-12)
    assert got.convergence == 0
    assert got.value <= float(NUMBERS[f"{name}/end/value"]) * (1 + 1e-6)


def test_optimum_of_a_chaotic_search_is_no_worse_than_r_s_are():
    """The minimum found by a search in 76 dimensions depends on the last bits of its start.

    R itself ends anywhere between 2000 and 2600 from starts that differ by 1e-15 relatively.
    """
    program, columns = r_call("boston")
    program += """
set.seed(1)
start <- eval(body(fit)$Wts)
ends <- sapply(1:24, function(i)
  nnet(x, y, size = 5, linout = TRUE, decay = 0.01, maxit = 1000, trace = FALSE,
       Wts = start * (1 + 1e-14 * runif(76, -1, 1)))$value)
say("ends", sort(ends))
"""
    ends = r_peer.ask(program, columns)["ends"]
    assert ends[-1] > 1.1 * ends[0]
    rng = np.random.default_rng(1)
    start = NUMBERS["boston/start/wts"]
    starts = start * (1 + 1e-14 * rng.uniform(-1, 1, (24, 76)))
    got = lamina.nnet(*data_of("boston"), **MODELS["boston"], Wts=starts, maxit=1000, trace=False)
    ours = np.sort(got.starts["value"])
    assert ours[0] <= np.quantile(ends, 0.1)
    assert np.median(ours) <= np.quantile(ends, 0.75)
    assert np.median(ends) <= np.quantile(ours, 0.95)
