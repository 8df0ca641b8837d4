"""BFGS and L-BFGS: iterations over all rows with a line search."""

import copy
import pickle

import numpy as np
import pytest

import golden
import lamina
from lamina import _core, layers, optimizers
from lamina.callbacks import LambdaCallback

RNG = np.random.default_rng(12)
X = RNG.normal(size=(40, 3))
Y = np.sin(X @ RNG.normal(size=(3, 1))) + 0.1 * RNG.normal(size=(40, 1))


def network(optimizer, penalty=1e-3, hidden=4, dtype="float64"):
    held = lamina.regularizers.L2(penalty)
    dense = [
        layers.Dense(hidden, "tanh", kernel_regularizer=held),
        layers.Dense(1, kernel_regularizer=held),
    ]
    model = lamina.Sequential([lamina.Input((3,)), *dense], dtype=dtype, seed=1)
    model.compile(optimizer, "mse", metrics=["mae"])
    return model


def flat(model):
    return np.concatenate([w.ravel() for w in model.get_weights()])


def test_iterations_of_lbfgs_are_pytorchs():
    model, seen = network(optimizers.LBFGS(history_size=5)), []
    start = [w.copy() for w in model.get_weights()]
    look = LambdaCallback(on_epoch_end=lambda *_: seen.append(flat(model)))
    history = model.fit(X, Y, epochs=100, verbose=0, callbacks=[look]).history["loss"]

    def theirs():
        torch = golden.Peer("torch")
        parts = [torch.nn.Parameter(torch.tensor(w)) for w in start]
        x, y = torch.tensor(X), torch.tensor(Y)
        search = torch.optim.LBFGS(
            parts,
            max_iter=1,
            max_eval=26,
            tolerance_change=1e-12,
            history_size=5,
            line_search_fn="strong_wolfe",
        )

        def closure():
            search.zero_grad()
            w, b, v, c = parts
            loss = ((torch.tanh(x @ w + b) @ v + c - y) ** 2).mean()
            loss = loss + 1e-3 * (w**2).sum() + 1e-3 * (v**2).sum()
            loss.backward()
            return loss

        points = []
        for _ in range(100):
            search.step(closure)
            points.append(np.concatenate([p.detach().numpy().ravel() for p in parts]))
        return np.array(points)

    wanted = golden.ask(theirs, start, X, Y)
    assert len(seen) == 100
    # Each iteration amplifies the rounding errors of the last: by about 1e7 over a hundred.
    np.testing.assert_allclose(seen[:50], wanted[:50], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(seen[-1], wanted[-1], rtol=1e-2, atol=1e-2)
    assert (np.diff(history) <= 0).all()


@pytest.mark.parametrize("name", ["bfgs", "lbfgs"])
def test_the_minimum_is_that_of_scipy(name):
    labels = (Y[:, 0] > 0).astype(float)
    model = lamina.Sequential(
        [
            lamina.Input((3,)),
            layers.Dense(1, "sigmoid", kernel_regularizer=lamina.regularizers.L2(0.01)),
        ],
        dtype="float64",
    )
    model.compile(name, "binary_crossentropy")
    history = model.fit(X, labels, epochs=100, verbose=0)

    def theirs():
        import scipy.optimize

        def loss(t):
            z = X @ t[:3] + t[3]
            return np.mean(np.logaddexp(0, z) - labels * z) + 0.01 * np.sum(t[:3] ** 2)

        found = scipy.optimize.minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-9})
        return [found.x, float(found.fun)]

    point, value = golden.ask(theirs, X, labels)
    np.testing.assert_allclose(flat(model), point, rtol=1e-4, atol=1e-5)
    assert history.history["loss"][-1] == pytest.approx(value, rel=1e-9)
    assert model.optimizer.message in ("converged", "stalled")
    assert len(history.epoch) == model.optimizer.iterations < 40


@pytest.mark.parametrize("pairs", [0, 20])
def test_a_quadratic_takes_few_steps(pairs):
    """With n weights, about n steps; with exact line searches it would be n."""
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(1)], dtype="float64", seed=3)
    chosen = optimizers.LBFGS(history_size=pairs) if pairs else optimizers.BFGS()
    model.compile(chosen, "mse")
    model.fit(X, Y, epochs=50, verbose=0)
    best = np.linalg.lstsq(np.c_[X, np.ones(40)], Y, rcond=None)[0].ravel()
    np.testing.assert_allclose(flat(model), best, atol=1e-6)
    assert chosen.iterations <= 12
    assert chosen.evaluations <= 30


def test_an_epoch_is_an_iteration_and_its_logs_are_those_of_the_new_weights():
    model = network("lbfgs")
    history = model.fit(X, Y, epochs=3, verbose=0, validation_split=0.25)
    rows = np.setdiff1d(np.arange(40), history.validation_rows)
    loss, mae = model.evaluate(X[rows], Y[rows])
    assert history.history["loss"][-1] == pytest.approx(loss, rel=1e-12)
    assert history.history["mae"][-1] == pytest.approx(mae, rel=1e-12)
    assert model.optimizer.iterations == len(history.history["val_loss"]) == 3


def test_moving_statistics_move_once_a_step():
    model = lamina.Sequential(
        [lamina.Input((3,)), layers.BatchNormalization(momentum=0.5), layers.Dense(1)],
        dtype="float64",
    )
    model.compile("bfgs", "mse")
    model.fit(X, Y, epochs=2, verbose=0)
    assert model.optimizer.iterations == 2
    np.testing.assert_allclose(model.layers[0].get_weights()[2], 0.75 * X.mean(0), rtol=1e-12)


@pytest.mark.parametrize("name", ["bfgs", "lbfgs"])
def test_it_goes_on_to_the_bit(name):
    whole = network(name)
    whole.fit(X, Y, epochs=8, verbose=0)
    first = network(name)
    first.fit(X, Y, epochs=5, verbose=0)
    paths = first.weights_by_path()
    second = network(name)
    second.set_weights(first.get_weights())
    second.train_state.set(first.train_state.get(paths), second.weights_by_path())
    for model in (first, second, copy.deepcopy(first), pickle.loads(pickle.dumps(first))):
        if model is not first:
            model.fit(X, Y, epochs=8, initial_epoch=5, verbose=0)
            np.testing.assert_array_equal(flat(model), flat(whole))
    first.fit(X, Y, epochs=8, initial_epoch=5, verbose=0)
    np.testing.assert_array_equal(flat(first), flat(whole))


def test_weights_set_from_outside_are_where_it_goes_on():
    model = network("lbfgs")
    model.fit(X, Y, epochs=5, verbose=0)
    start = [w + 1.0 for w in model.get_weights()]
    fresh = network("lbfgs")
    fresh.set_weights(start)
    fresh.fit(X, Y, epochs=1, verbose=0)

    def put(epoch, logs):
        if epoch == 0:
            model.set_weights(start)

    model.fit(X, Y, epochs=2, verbose=0, callbacks=[LambdaCallback(on_epoch_begin=put)])
    assert model.optimizer.message == "moved"
    other = network("lbfgs")
    other.fit(X, Y, epochs=5, verbose=0)

    def put_within(epoch, logs):
        if epoch == 1:
            other.set_weights(start)

    other.fit(X, Y, epochs=2, verbose=0, callbacks=[LambdaCallback(on_epoch_begin=put_within)])
    np.testing.assert_array_equal(flat(other), flat(fresh))


def test_float32_is_minimised_as_far_as_it_goes():
    model = network(optimizers.LBFGS(), dtype="float32")
    loss = model.fit(X, Y, epochs=200, verbose=0).history["loss"]
    precise = network(optimizers.LBFGS())
    best = precise.fit(X, Y, epochs=200, verbose=0).history["loss"][-1]
    assert loss[-1] < 1.2 * best


def test_what_it_cannot_do_is_refused():
    model = network("lbfgs")
    before = flat(model)
    with pytest.raises(
        ValueError, match="LBFGS: a step takes all rows as one batch; got 5 batches"
    ):
        model.fit(X, Y, batch_size=8, verbose=0)
    np.testing.assert_array_equal(flat(model), before)
    with pytest.raises(TypeError, match="BFGS: needs the loss at several weights"):
        optimizers.BFGS().apply([np.ones(2)], [np.ones(2)])
    with pytest.raises(TypeError, match="OptimizerMap: needs optimizers of batches"):
        optimizers.OptimizerMap("sgd", {".*": optimizers.BFGS()})
    with pytest.raises(ValueError, match="SWA: inner_optimizer must be one of batches"):
        optimizers.SWA("lbfgs")
    with pytest.raises(ValueError, match="LBFGS: history_size must be a positive integer; got 0"):
        optimizers.LBFGS(history_size=0)
    copied = optimizers.get(optimizers.serialize(optimizers.LBFGS(0.5, history_size=3)))
    assert (copied.history_size, float(copied.learning_rate)) == (3, 0.5)
    model.fit(X, Y, epochs=2, verbose=0)
    run = model.objective(False).take(40, True)
    run.bind([X, Y])
    for wrong in ([0.0] * 3, [0.0] * 100):
        with pytest.raises(ValueError, match="memory: needs"):
            run.minimizer(None, 40, 3, 25, 1e-7, 1e-9).go_on(np.array(wrong))
    with pytest.raises(ValueError, match="minimizer: needs pairs"):
        run.minimizer(None, 40, -1, 25, 1e-7, 1e-9)
    assert isinstance(run.minimizer(None, 40, 0, 25, 1e-7, 1e-9), _core.Minimizer)


def test_a_loss_that_is_no_number_is_a_diverged_step():
    model = network("bfgs")
    model.layers[1].set_weights([np.full(w.shape, 1e200) for w in model.layers[1].get_weights()])
    before = flat(model)
    with pytest.raises(lamina.TrainingDiverged, match="the loss must stay finite; it became inf"):
        model.fit(X, Y, epochs=2, verbose=0)
    np.testing.assert_array_equal(flat(model), before)
    assert model.optimizer.iterations == 0
