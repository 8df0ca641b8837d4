"""Learning-rate schedules against their formulas, and Keras's if installed."""

import numpy as np
import pytest

import golden
from lamina import ops, optimizers
from lamina.optimizers import schedules

SCHEDULES = {
    "exponential": ("ExponentialDecay", {"decay_steps": 10, "decay_rate": 0.5}),
    "staircase": ("ExponentialDecay", {"decay_steps": 10, "decay_rate": 0.5, "staircase": True}),
    "polynomial": ("PolynomialDecay", {"decay_steps": 10}),
    "square": ("PolynomialDecay", {"decay_steps": 10, "end_learning_rate": 0.1, "power": 2.0}),
    "cycle": ("PolynomialDecay", {"decay_steps": 10, "cycle": True}),
    "inverse": ("InverseTimeDecay", {"decay_steps": 10, "decay_rate": 0.5}),
    "inverse_stairs": (
        "InverseTimeDecay", {"decay_steps": 10, "decay_rate": 0.5, "staircase": True},
    ),
    "cosine": ("CosineDecay", {"decay_steps": 10, "alpha": 0.1}),
    "warmup": ("CosineDecay", {"decay_steps": 10, "warmup_target": 2.0, "warmup_steps": 5}),
    "restarts": ("CosineDecayRestarts", {"first_decay_steps": 7, "m_mul": 0.8, "alpha": 0.1}),
    "equal_restarts": ("CosineDecayRestarts", {"first_decay_steps": 7, "t_mul": 1.0}),
}  # fmt: skip


@pytest.mark.parametrize("name", SCHEDULES)
def test_against_keras(name):
    cls, settings = SCHEDULES[name]
    ours = getattr(schedules, cls)(0.5, **settings)
    # Restarts themselves are left out: Keras computes the period by a float32 logarithm.
    steps = [s for s in range(45) if not (name == "restarts" and s in (7, 21))]

    def rates():
        theirs = getattr(golden.Peer("keras").optimizers.schedules, cls)(0.5, **settings)
        return [float(theirs(s)) for s in steps]

    theirs = golden.ask(rates, cls, settings, steps)
    np.testing.assert_allclose([ours(s) for s in steps], theirs, rtol=2e-5, atol=1e-7)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"pct_start": 0.5, "anneal_strategy": "linear", "div_factor": 10.0},
        {"three_phase": True, "final_div_factor": 50.0},
    ],
)
def test_a_cycle_is_pytorchs(settings):
    def theirs():
        torch = golden.Peer("torch")
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
        cycle = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, 0.5, total_steps=40, cycle_momentum=False, **settings
        )
        rates = []
        for _ in range(40):
            rates.append(cycle.get_last_lr()[0])
            optimizer.step()
            if len(rates) < 40:
                cycle.step()
        return rates

    ours = schedules.OneCycle(0.5, 40, **settings)
    wanted = golden.ask(theirs, settings)
    np.testing.assert_allclose([ours(s) for s in range(40)], wanted, rtol=1e-9, atol=1e-15)
    assert ours(1000) == pytest.approx(ours(39), rel=1e-9)
    assert schedules.get(schedules.serialize(ours)).get_config() == ours.get_config()


def test_formulas():
    assert schedules.ExponentialDecay(1.0, 10, 0.5)(20) == 0.25
    assert schedules.PolynomialDecay(1.0, 10, 0.0)(5) == 0.5
    assert schedules.PolynomialDecay(1.0, 10, 0.2)(99) == pytest.approx(0.2)
    assert schedules.InverseTimeDecay(1.0, 10, 1.0)(10) == 0.5
    assert schedules.CosineDecay(1.0, 10)(5) == pytest.approx(0.5)
    piecewise = schedules.PiecewiseConstantDecay([2, 4], [3.0, 2.0, 1.0])
    assert [piecewise(s) for s in range(6)] == [3.0, 3.0, 3.0, 2.0, 2.0, 1.0]
    restarts = schedules.CosineDecayRestarts(1.0, 10, t_mul=2.0, m_mul=0.5)
    assert (restarts(0), restarts(10), restarts(30), restarts(70)) == (1.0, 0.5, 0.25, 0.125)


@pytest.mark.parametrize("name", SCHEDULES)
def test_configuration_round_trip(name):
    cls, settings = SCHEDULES[name]
    ours = getattr(schedules, cls)(0.5, **settings)
    copy = schedules.get(schedules.serialize(ours))
    assert [copy(s) for s in range(30)] == [ours(s) for s in range(30)]


def test_an_optimizer_follows_its_schedule():
    optimizer = optimizers.SGD(schedules.ExponentialDecay(1.0, 1, 0.5))
    w = np.zeros(1)
    for expected in (1.0, 1.5, 1.75):
        optimizer.apply([-np.ones(1)], [w])
        assert w[0] == expected
    copy = optimizers.get(optimizers.serialize(optimizer))
    assert copy.current_learning_rate() == 1.0
    optimizer.learning_rate = 0.1
    assert optimizer.current_learning_rate() == 0.1


def test_a_schedule_of_ones_own_is_checked():
    class Bad(schedules.LearningRateSchedule):
        def __call__(self, step):
            return float("nan")

    class Written(schedules.LearningRateSchedule):
        def __call__(self, step):
            return ops.where(step < 1, 0.5, 0.25)

    with pytest.raises(ValueError, match=r"Bad: learning rate .*got nan"):
        optimizers.SGD(Bad()).current_learning_rate()
    assert optimizers.SGD(Written()).current_learning_rate() == 0.5


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: schedules.ExponentialDecay(-1.0, 1, 1.0), ValueError, "initial_learning_rate"),
        (lambda: schedules.ExponentialDecay(1.0, 0, 1.0), ValueError, "decay_steps"),
        (lambda: schedules.PolynomialDecay(1.0, 1, power=0), ValueError, "power"),
        (lambda: schedules.CosineDecay(1.0, 1, alpha=2.0), ValueError, "alpha"),
        (lambda: schedules.CosineDecayRestarts(1.0, 1, t_mul=0.5), ValueError, "t_mul"),
        (lambda: schedules.PiecewiseConstantDecay([1], [1.0]), ValueError, "one more"),
        (lambda: schedules.PiecewiseConstantDecay([2, 1], [1, 1, 1]), ValueError, "increase"),
        (lambda: schedules.OneCycle(1.0, 10, pct_start=0.0), ValueError, "OneCycle: pct_start"),
        (lambda: schedules.OneCycle(1.0, 10, anneal_strategy="cosine"), ValueError, "'cosine'"),
        (lambda: schedules.get("cosine"), TypeError, "cosine"),
        (lambda: schedules.get({"class_name": "CosinDecay"}), ValueError, "did you mean"),
    ],
)
def test_bad_input(call, error, text):
    with pytest.raises((error, ValueError), match=text):
        call()
