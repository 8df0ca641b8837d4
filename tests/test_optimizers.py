"""Optimizers: one pass over all weights is the rule array by array; state, freezing, names."""

import copy
import gc

import numpy as np
import pytest

import lamina
from lamina import _core, optimizers
from optimizer_rules import RULES, SHAPES, make


class Problem:
    """A network of two layers whose gradients are also available as arrays."""

    def __init__(self, dtype="float64"):
        rng = np.random.default_rng(2)
        graph = _core.Graph(dtype)
        x, y = graph.input((5,), "x"), graph.input((2,), "y")
        self.parameters = [
            _core.Parameter(name, shape, dtype)
            for name, shape in zip(
                ("1/kernel", "1/bias", "2/kernel", "2/bias"), SHAPES, strict=True
            )
        ]
        _core.allocate(self.parameters)
        for p in self.parameters:
            p.array[...] = rng.normal(size=p.shape)
        w1, b1, w2, b2 = (graph.parameter(p) for p in self.parameters)
        output = graph.dense(graph.dense(x, w1, b1, "tanh"), w2, b2)
        graph.add_loss(graph.loss("mean_squared_error", output, y))
        graph.build()
        self.execution = _core.Execution(graph, 8, True)
        self.execution.bind(
            [rng.normal(size=(8, 5)).astype(dtype), rng.normal(size=(8, 2)).astype(dtype)]
        )

    def weights(self):
        return [np.array(p.array) for p in self.parameters]

    def gradients(self):
        self.execution.gradients(None, 0, 8, 0)
        return [np.array(self.execution.gradient_of(p)) for p in self.parameters]

    def train(self, optimizer, steps):
        """Steps as the training loop does them: fused."""
        assert optimizer.fused
        optimizer.attach(self.execution)
        for _ in range(steps):
            rate = optimizer.current_learning_rate()
            self.execution.train(None, 0, 8, rate, optimizer.iterations + 1, 0)
            optimizer.iterations += 1
        return self.weights()


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-10), ("float32", 1e-3)])
@pytest.mark.parametrize("name", RULES)
def test_one_pass_over_all_weights_is_the_rule_array_by_array(name, dtype, rtol):
    fused = Problem(dtype).train(make(name), 7)
    problem, optimizer = Problem(dtype), make(name)
    for _ in range(7):
        gradients = [optimizer.scale_loss(g) for g in problem.gradients()]
        optimizer.apply(gradients, [p.array for p in problem.parameters])
    for ours, theirs in zip(fused, problem.weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol)


def rule_by_hand(name, w, g_of):
    """Three rules written again, from the papers."""
    w = w.copy()
    a, b = np.zeros_like(w), np.zeros_like(w)
    for t in range(1, 6):
        g = g_of(w)
        if name == "nesterov":
            a = 0.9 * a - 0.1 * g
            w = w + 0.9 * a - 0.1 * g
        elif name == "rmsprop":
            a = 0.9 * a + 0.1 * g**2
            w = w - 0.01 * g / np.sqrt(a + 1e-7)
        else:
            a = 0.9 * a + 0.1 * g
            b = 0.999 * b + 0.001 * g**2
            rate = 0.05 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
            w = w - 0.05 * 0.1 * w if name == "adam_decay" else w
            w = w - rate * a / (np.sqrt(b) + 1e-7)
    return w


@pytest.mark.parametrize("name", ["nesterov", "rmsprop", "adam", "adam_decay"])
def test_rules_by_hand(name):
    target = np.random.default_rng(4).normal(size=(4, 3))
    w = np.random.default_rng(5).normal(size=(4, 3))
    expected = rule_by_hand(name, w, lambda v: 2 * (v - target))
    optimizer = make(name)
    for _ in range(5):
        optimizer.apply([2 * (w - target)], [w])
    np.testing.assert_allclose(w, expected, rtol=1e-12)


def test_state_is_kept_from_one_fit_to_the_next():
    problem = Problem()
    at_once = problem.train(make("adam"), 6)
    problem, optimizer = Problem(), make("adam")
    problem.train(optimizer, 4)
    for ours, theirs in zip(problem.train(optimizer, 2), at_once, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert optimizer.iterations == 6


def test_other_weights_start_afresh():
    optimizer, w = make("adam"), np.ones(3)
    optimizer.apply([np.ones(3)], [w])
    optimizer.apply([np.ones(4)], [np.ones(4)])
    assert optimizer.iterations == 1
    optimizer.apply([np.ones(4, "float32")], [np.ones(4, "float32")])
    assert optimizer.iterations == 1
    assert {slot.dtype.name for slot in optimizer.slots} == {"float32"}
    optimizer.reset()
    assert (optimizer.iterations, optimizer.slots) == (0, [])


def test_exclusion_from_weight_decay():
    def weights(**excluded):
        problem, optimizer = Problem(), optimizers.AdamW(1e-9, weight_decay=1e8)
        if excluded.get("var_list") == "first":
            excluded = {"var_list": problem.parameters[:1]}
        optimizer.exclude_from_weight_decay(**excluded)
        before = problem.weights()
        after = problem.train(optimizer, 1)
        return [not np.allclose(a, b, rtol=1e-6) for a, b in zip(before, after, strict=True)]

    assert weights() == [True, True, True, True]
    assert weights(var_names=["bias"]) == [True, False, True, False]
    assert weights(var_list="first") == [False, True, True, True]


@pytest.mark.parametrize(
    ("names", "spared"),
    [
        (["bias"], {"debias/bias", "bias_net/bias", "out/bias"}),
        (["kernel|gamma"], {"debias/kernel", "bias_net/kernel", "out/kernel", "norm/gamma"}),
        (["^b"], {"debias/bias", "bias_net/bias", "out/bias", "norm/beta"}),
        (["out"], {"out/kernel", "out/bias"}),
        (["ou", "bias_ne"], set()),
        (["bias_net/kernel", "out/.*"], {"bias_net/kernel", "out/kernel", "out/bias"}),
        (["bias/kernel"], set()),
    ],
)
def test_names_left_out_of_the_decay_are_those_of_weights(names, spared):
    model = lamina.Sequential(
        [
            lamina.Input((2,)), lamina.layers.Dense(3, name="debias"),
            lamina.layers.BatchNormalization(name="norm"),
            lamina.layers.Dense(3, name="bias_net"), lamina.layers.Dense(1, name="out"),
        ],
        dtype="float64",
    )  # fmt: skip
    optimizer = optimizers.SGD(1e-9, weight_decay=1e8)
    optimizer.exclude_from_weight_decay(var_names=names)
    model.compile(optimizer, "mse")
    model.predict(np.ones((4, 2)))  # makes the weights
    trained = [p for p in model.parameters if p.trainable]
    for p in trained:
        p.array[...] = 1.0
    model.train_on_batch(np.ones((4, 2)), np.ones(4))
    assert {p.name for p in trained if np.allclose(p.array, 1.0, atol=1e-6)} == spared


def test_names_that_are_no_expressions_are_refused():
    optimizer = optimizers.AdamW()
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    with pytest.raises(ValueError, match="var_names must be regular expressions; got '\\['"):
        optimizer.exclude_from_weight_decay(var_names=["["])
    with pytest.raises(TypeError, match="var_names must hold strings; got 3"):
        optimizer.exclude_from_weight_decay(var_names=[3])
    with pytest.raises(TypeError, match="var_names must be a list of names; got 'bias'"):
        optimizer.exclude_from_weight_decay(var_names="bias")
    for name in ("", " ", "beta|", "|gamma"):  # an empty name is found in every name
        with pytest.raises(ValueError, match="AdamW: var_names must hold no empty name; got '"):
            optimizer.exclude_from_weight_decay(var_names=[name])
    assert not optimizer._decays(_core.Parameter("dense/bias", (1,), "float32", True))


def test_exclusion_holds_for_a_rule_in_numpy():
    class Still(optimizers.Optimizer):
        def update_step(self, gradient, variable, learning_rate):
            pass

    problem, optimizer = Problem(), Still(0.5, weight_decay=1.0)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.attach(problem.execution)
    before = problem.weights()
    optimizer.apply(problem.gradients(), problem.parameters)
    for a, b, factor in zip(before, problem.weights(), (0.5, 1, 0.5, 1), strict=True):
        np.testing.assert_array_equal(b, factor * a)


def test_a_rule_of_ones_own_is_not_fused():
    class Sign(optimizers.SGD):
        def update_step(self, gradient, variable, learning_rate):
            variable -= learning_rate * np.sign(gradient)

    class Renamed(optimizers.Adam):
        pass

    optimizer = Sign(learning_rate=0.5)
    assert not optimizer.fused
    assert Renamed().fused
    w = np.array([1.0, 1.0])
    optimizer.apply([np.array([3.0, -4.0])], [w])
    np.testing.assert_array_equal(w, [0.5, 1.5])
    optimizer.attach(Problem().execution)


def test_gradients_are_not_modified():
    g = np.full(3, 10.0)
    for name in RULES:
        make(name).apply([g], [np.ones(3)])
    np.testing.assert_array_equal(g, np.full(3, 10.0))


@pytest.mark.parametrize("name", RULES)
def test_configuration_round_trip(name):
    optimizer = make(name)
    copy = optimizers.get(optimizers.serialize(optimizer))
    assert type(copy) is type(optimizer)
    assert copy.get_config() == optimizer.get_config()


def test_names_and_defaults():
    assert optimizers.get("SGD").learning_rate == 0.01
    assert optimizers.get("rmsprop").rho == 0.9
    assert optimizers.get("adam").learning_rate == 0.001
    assert optimizers.get("AdamW").weight_decay == 0.004
    assert optimizers.get(optimizers.Adam).name == "adam"


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: optimizers.get("adm"), ValueError, "unknown .*'adm'; did you mean 'adam'"),
        (lambda: optimizers.get(None), TypeError, "got None"),
        (lambda: optimizers.SGD(-0.1), ValueError, "SGD: learning_rate .*got -0.1"),
        (lambda: optimizers.SGD(float("inf")), ValueError, "SGD: learning_rate .*got inf"),
        (lambda: optimizers.SGD("fast"), TypeError, "SGD: learning_rate .*got 'fast'"),
        (lambda: optimizers.SGD(momentum=1.5), ValueError, "SGD: momentum .*got 1.5"),
        (lambda: optimizers.SGD(nesterov=1), TypeError, "SGD: nesterov"),
        (lambda: optimizers.RMSprop(rho=1.0), ValueError, "RMSprop: rho"),
        (lambda: optimizers.Adam(beta_1=1.0), ValueError, "Adam: beta_1"),
        (lambda: optimizers.Adam(epsilon=0.0), ValueError, "Adam: epsilon"),
        (lambda: optimizers.AdamW(weight_decay=-1.0), ValueError, "AdamW: weight_decay"),
        (lambda: optimizers.AdamW(weight_decay=None), TypeError, "AdamW: weight_decay"),
        (lambda: optimizers.Adam(clipnorm=0.0), ValueError, "Adam: clipnorm"),
        (lambda: optimizers.Adam(clipnorm=1.0, clipvalue=1.0), ValueError, "only one of"),
        (lambda: optimizers.SGD().apply([], [np.ones(1)]), ValueError, "got 0 for 1"),
    ],
)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_a_refused_learning_rate_changes_nothing():
    optimizer = optimizers.SGD(0.5)
    with pytest.raises(ValueError, match="got -1"):
        optimizer.learning_rate = -1
    assert optimizer.learning_rate == 0.5


DATA = np.random.default_rng(9).normal(size=(32, 4)).astype("float32")


def twins(optimizer, seed=1):
    layers = [lamina.layers.Dense(4, name="a"), lamina.layers.Dense(4, name="b")]
    model = lamina.Sequential([lamina.Input((4,)), *layers], seed=seed)
    model.compile(optimizer, "mse")
    return model, *layers


def test_state_belongs_to_weights_not_to_their_places():
    model, a, b = twins(optimizers.SGD(0.1, momentum=0.9))
    b.trainable = False
    model.fit(DATA, DATA + 5, verbose=0)
    a.trainable, b.trainable = False, True
    before = b.get_weights()
    # Without an error there is no gradient: any change would come from the other layer's velocity.
    model.fit(DATA, model.predict(DATA), batch_size="all", verbose=0)
    for old, new in zip(before, b.get_weights(), strict=True):
        np.testing.assert_allclose(new, old, atol=1e-5)
    a.trainable = True
    before = a.get_weights()
    model.fit(DATA, model.predict(DATA), batch_size="all", verbose=0)
    assert np.abs(a.get_weights()[0] - before[0]).max() > 1e-2  # its velocity was kept


@pytest.mark.parametrize("fused", [True, False])
def test_freezing_keeps_the_others_state(fused):
    class Own(optimizers.Adam):
        def update_step(self, *arguments):
            super().update_step(*arguments)

    model, a, b = twins((optimizers.Adam if fused else Own)(0.01))
    assert model.optimizer.fused == fused
    model.fit(DATA, DATA + 5, epochs=3, verbose=0)
    twin = copy.deepcopy(model)
    old = model.optimizer.get_state(model.weights_by_path())["slots"]
    a.trainable = False
    model.fit(DATA, DATA + 5, batch_size="all", verbose=0)
    assert model.optimizer.iterations == 4
    a.trainable = True
    frozen = model.layers[0].get_weights()
    model.optimizer.attach(model.objective(False).take(32, True), model)
    state = model.optimizer.get_state(model.weights_by_path())["slots"]
    assert list(state) == list(old)
    for name in ("a/kernel", "a/bias"):
        np.testing.assert_array_equal(state[name]["m"], old[name]["m"])
    # The same step with nothing frozen changes b equally: its moments were kept.
    twin.fit(DATA, DATA + 5, batch_size="all", verbose=0)
    np.testing.assert_array_equal(twin.layers[1].get_weights()[0], b.get_weights()[0])
    assert not np.array_equal(twin.layers[0].get_weights()[0], frozen[0])


def test_a_model_frozen_as_a_whole_trains_nothing_and_forgets_nothing():
    for name in RULES:
        model, _, _ = twins(make(name))
        model.fit(DATA, DATA + 5, verbose=0)
        slots = [s.copy() for s in model.optimizer.slots]
        model.trainable = False
        before = model.get_weights()
        model.fit(DATA, DATA + 5, verbose=0)
        for old, new in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(new, old)
        for old, new in zip(slots, model.optimizer.slots, strict=True):
            np.testing.assert_array_equal(new, old)


def test_two_models_may_not_share_an_optimizer():
    optimizer = optimizers.Adam()
    first, second = twins(optimizer)[0], twins(optimizer, 2)[0]
    first.fit(DATA, DATA, verbose=0)
    for call in (second.fit, second.train_on_batch):
        with pytest.raises(ValueError, match="its own optimizer; this one trains another"):
            call(DATA, DATA)
    assert optimizer.iterations == 1
    copy.deepcopy(first).fit(DATA, DATA, verbose=0)
    first.compile("sgd", "mse")  # first has released it
    second.fit(DATA, DATA, verbose=0)
    assert optimizer.iterations == 1
    del second, call
    gc.collect()
    third = twins(optimizer, 3)[0]
    third.fit(DATA, DATA, epochs=2, verbose=0)
    assert optimizer.iterations == 2
    third.fit(DATA, DATA, verbose=0)
    assert list(optimizer._state.by_weight) == third.parameters  # not of old weights


def test_a_refused_fit_does_not_touch_the_state():
    model, a, _ = twins(optimizers.Adam())
    model.fit(DATA, DATA, verbose=0)
    a.trainable, slots = False, model.optimizer.slots[0]

    def refuse(logs):
        raise ValueError("not today")

    with pytest.raises(ValueError, match="not today"):
        model.fit(
            DATA,
            DATA,
            verbose=0,
            callbacks=[lamina.callbacks.LambdaCallback(on_train_begin=refuse)],
        )
    assert model.optimizer.slots[0] is slots


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_state_lies_as_the_gradient_does(dtype):
    problem, optimizer = Problem(dtype), make("adam")
    optimizer.attach(problem.execution)
    gradient = problem.execution.gradient
    assert optimizer.slots[0].size == gradient.size
    for p in problem.parameters:
        problem.execution.gradient_of(p)[...] = 7.0
        held = optimizer._state.by_weight[p]["m"]
        held[...] = 3.0
        np.testing.assert_array_equal(optimizer.slots[0] == 3.0, gradient == 7.0)
        assert np.count_nonzero(gradient == 7.0) == held.size == p.size
        held[...] = 0.0
        problem.execution.gradient_of(p)[...] = 0.0
