"""The cost model of distributed training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.distribute import Network, Work, simulate
from lamina.distribute.cost import ROUTES


def test_a_step_takes_its_parts_and_what_cannot_be_hidden():
    work = Work(rows=8, forward=1.0, backward=[(2.0, 1000)], update=0.5, call=0.01, add=1e-4)
    network = Network(bandwidth=8000.0, latency=0.1, overhead=0.02)  # 1000 bytes a second
    assert simulate(work, 1, network) == (3.5, 3.5, 0.0, 1.0)
    told = simulate(work, 5, network)
    calls = [0.1 + 4 * 0.02 + 0.8 * size / 1000 for size in (256, 1000, 1000)]  # losses first
    assert told.waiting == pytest.approx(sum(calls) + 0.1)
    assert told.step == pytest.approx(1.01 + 2.01 + told.waiting + 0.5)
    assert told.efficiency == pytest.approx(3.5 / told.step)


def test_buckets_travel_while_earlier_layers_compute():
    layers = [(1.0, 500)] * 4
    work = Work(rows=8, forward=1.0, backward=layers, update=0.0, call=0.0, add=0.0)
    network = Network(bandwidth=16000.0, latency=0.0, overhead=0.0)  # a layer in half a second
    one, four = (simulate(work, 2, network, bucket_bytes=size) for size in (2000, 500))
    assert one.waiting == pytest.approx(2 * 0.5 + 0.064 * 2 * 0.5, abs=0.07)
    # The step waits for both calls of the last bucket, and for the second of the one before.
    assert four.waiting == pytest.approx(3 * 0.125, abs=0.07)
    here = simulate(work, 2, replace(network, apart=False), bucket_bytes=500)
    assert here.step > one.step  # if the CPU copies, no communication is hidden


def test_routes_differ_in_messages_and_bytes():
    work = Work(rows=8, forward=1e-3, backward=[(1e-3, 1 << 20)], update=0.0)
    late, thin = Network(1e12, 1e-3, 1e-3), Network(1e9, 0.0, 0.0)
    steps = {n: [simulate(work, 64, n, route).step for route in ROUTES] for n in (late, thin)}
    direct, pairs, tree, ring = steps[late]
    assert pairs == pytest.approx(tree, rel=0.01)
    assert pairs < direct < ring
    direct, pairs, tree, ring = steps[thin]
    assert direct == pytest.approx(pairs) == pytest.approx(ring)
    assert tree > 4 * direct
    with pytest.raises(ValueError, match="route must be one of direct, pairs, tree, ring"):
        simulate(work, 2, thin, "bus")
    with pytest.raises(ValueError, match="Network: bandwidth must be"):
        Network(0.0)


def test_work_is_measured_by_layers():
    rng = np.random.default_rng(31)
    x, y = rng.normal(size=(32, 6)).astype("float32"), np.ones((32, 1), np.float32)
    model = lamina.Sequential([lamina.Input((6,)), layers.Dense(50, "relu"), layers.Dense(1)])
    model.compile("adam", "mse")
    work = Work.measured(model, x, y, 16)
    # The loss, then the layers.
    assert [size for _, size in work.backward] == [0, 51 * 4, 7 * 50 * 4]
    assert work.forward > 0 < work.update
    double = work.of_rows(32)
    assert double.forward == 2 * work.forward
    assert double.update == work.update
    with pytest.raises(ValueError, match=r"measured: needs batch_size=64 rows; got 32"):
        Work.measured(model, x, y, 64)
    with pytest.raises(TypeError, match=r"measured: needs a model; got None"):
        Work.measured(None, x, y, 16)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"rows": 0}, "Work: rows must be finite and > 0; got 0"),
        ({"forward": float("nan")}, "Work: forward must be finite and >= 0; got nan"),
        ({"update": "x"}, "Work: update must be a number; got 'x'"),
        ({"backward": None}, "Work: backward must be a sequence of .seconds, bytes.; got None"),
        ({"backward": [(1.0,)]}, r"Work: backward\[0\] must be \(seconds, bytes\); got \(1.0,\)"),
        ({"backward": [(1.0, -4)]}, r"Work: backward\[0\]\[1\] must be finite and >= 0; got -4"),
    ],
)
def test_wrong_figures_are_refused(wrong, message):
    given = {"rows": 8, "forward": 1.0, "backward": [(1.0, 4)], "update": 1.0}
    with pytest.raises((ValueError, TypeError), match=message):
        Work(**given | wrong)
    work, network = Work(**given), Network(1e9)
    with pytest.raises(ValueError, match=r"of_rows: rows must be finite and > 0; got -1"):
        work.of_rows(-1)
    with pytest.raises(TypeError, match="simulate: work must be a Work; got Network"):
        simulate(network, 2, network)
    with pytest.raises(TypeError, match="simulate: network must be a Network; got Work"):
        simulate(work, 2, work)
    with pytest.raises(ValueError, match="'pairs' needs a power of two of processes; got 3"):
        simulate(work, 3, network, "pairs")
