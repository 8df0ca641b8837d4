"""A cost model for a step of data-parallel training on a network."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from lamina import _check

Route = Literal["direct", "pairs", "tree", "ring"]
ROUTES = ("direct", "pairs", "tree", "ring")


@dataclass(frozen=True)
class Network:
    """The network between the processes.

    Parameters
    ----------
    bandwidth : float
        Bits per second that a process sends, and receives at the same time.
    latency : float, default 20e-6
        Seconds until a message arrives, in addition to the time for its bytes.
    overhead : float, default 3e-6
        Seconds that a process spends on each message that it sends.
    apart : bool, default True
        Whether data move while the CPU computes, as through a network card, or not, as between
        processes of one machine, which copy memory.

    Raises
    ------
    ValueError
        If the bandwidth is not positive, or a time is negative.

    Examples
    --------
    >>> Network(25e9, latency=5e-6).bandwidth / 8e9  # GB a second
    3.125
    """

    bandwidth: float
    latency: float = 20e-6
    overhead: float = 3e-6
    apart: bool = True

    def __post_init__(self) -> None:
        """Check the figures."""
        _check.number("Network", "bandwidth", self.bandwidth, 0.0, low_open=True)
        _check.number("Network", "latency", self.latency, 0.0)
        _check.number("Network", "overhead", self.overhead, 0.0)


@dataclass(frozen=True)
class Work:
    """The work of a process in a step besides sending; ``measured`` determines it.

    Parameters
    ----------
    rows : float
        The rows in the process's share of a batch.
    forward : float
        Seconds.
    backward : sequence of tuple (float, int)
        Seconds, and bytes of gradients, for each layer, in the order of the backward pass.
    update : float
        Seconds of the optimizer's step.
    call : float, default 60e-6
        Seconds that starting and finishing the sum of a bucket take in Python.
    add : float, default 2e-10
        Seconds that adding a byte of gradients to another takes.

    Raises
    ------
    ValueError
        If ``rows`` is not positive, or a time or a size is negative or not finite.
    TypeError
        If one of them is not a number, or ``backward`` is no sequence of pairs.

    Examples
    --------
    >>> work = Work(rows=64, forward=2e-3, backward=[(3e-3, 4 << 20)], update=1e-3)
    >>> f"{work.seconds * 1e3:.0f} ms, {work.of_rows(32).seconds * 1e3:.1f} ms"
    '6 ms, 3.5 ms'
    """

    rows: float
    forward: float
    backward: Sequence[tuple[float, int]]
    update: float
    call: float = 60e-6
    add: float = 2e-10

    def __post_init__(self) -> None:
        """Check the figures."""
        _check.number("Work", "rows", self.rows, 0.0, low_open=True)
        for name in ("forward", "update", "call", "add"):
            _check.number("Work", name, getattr(self, name), 0.0)
        if not isinstance(self.backward, (list, tuple)):
            raise TypeError(
                f"Work: backward must be a sequence of (seconds, bytes); got {self.backward!r:.80}"
            )
        for i, layer in enumerate(self.backward):
            if not isinstance(layer, (list, tuple)) or len(layer) != 2:
                raise TypeError(f"Work: backward[{i}] must be (seconds, bytes); got {layer!r:.80}")
            _check.number("Work", f"backward[{i}][0]", layer[0], 0.0)
            _check.number("Work", f"backward[{i}][1]", layer[1], 0.0)

    @property
    def seconds(self) -> float:
        """The seconds of a step without any exchange."""
        return self.forward + sum(seconds for seconds, _ in self.backward) + self.update

    def of_rows(self, rows: float) -> Work:
        """Return the work for another number of rows, in proportion; the update is unchanged."""
        share = _check.number("Work.of_rows", "rows", rows, 0.0, low_open=True) / self.rows
        backward = [(seconds * share, size) for seconds, size in self.backward]
        return replace(self, rows=rows, forward=self.forward * share, backward=backward)

    @classmethod
    def measured(cls, model: Any, x: Any, y: Any, batch_size: int) -> Work:
        """Return the work of a compiled model on this machine, measured by ``lamina.profile``.

        Parameters
        ----------
        model : Model
        x, y
            Inputs and targets, as ``fit`` takes them.
        batch_size : int
            The rows of one process.

        Raises
        ------
        ValueError
            If there are fewer rows than that.
        """
        from lamina.models import Model
        from lamina.profiling import profile

        if not isinstance(model, Model):
            raise TypeError(f"Work.measured: needs a model; got {model!r:.80}")
        if not model.built:
            model.predict(x[:1], verbose=0)
        table = profile(model, x, y, batch_size)
        if table.batch_size != batch_size:
            raise ValueError(
                f"Work.measured: needs batch_size={batch_size} rows; got {table.batch_size}"
            )
        left = {
            layer.name: sum(p.array.nbytes for p in layer.parameters if p.trainable)
            for layer in model.layers
        }
        backward = [
            (row.us * 1e-6, left.pop(row.operation.split(" (")[0], 0))
            for row in table.rows if row.phase == "backward"
        ]  # fmt: skip
        if backward:
            backward[-1] = backward[-1][0], backward[-1][1] + sum(left.values())
        update = sum(row.us for row in table.rows if row.phase == "update") * 1e-6
        spent = sum(seconds for seconds, _ in backward)
        return cls(batch_size, table.total.us * 1e-6 - spent - update, backward, update)


class StepTime(NamedTuple):
    """The time of a step.

    Attributes
    ----------
    step : float
        Seconds.
    compute : float
        Seconds of a step in a single process.
    waiting : float
        Seconds of waiting for gradients after the backward pass.
    efficiency : float
        The speed relative to that of the same number of processes that send nothing, at most 1.
    """

    step: float
    compute: float
    waiting: float
    efficiency: float


def simulate(
    work: Work,
    processes: int,
    network: Network,
    route: Route = "direct",
    bucket_bytes: int = 1 << 20,
) -> StepTime:
    """Return the time of a step in which each process does some work and gradients are summed.

    Parameters
    ----------
    work : Work
        Of each process.
    processes : int
    network : Network
    route : {"direct", "pairs", "tree", "ring"}, default "direct"
        How gradients travel: as in ``DataParallel`` or, for comparison, by a tree to one process
        and back, or around a ring, whose sums would depend on the number of processes.
    bucket_bytes : int, default 1048576
        As for ``DataParallel``.

    Returns
    -------
    StepTime

    Raises
    ------
    ValueError
        For another route, fewer than one process or byte, or pairs of processes whose number is
        not a power of two.
    TypeError
        If ``work`` is no ``Work`` or ``network`` no ``Network``.

    Notes
    -----
    A message of ``n`` bytes takes ``latency + overhead + n / bandwidth`` (the model of Hockney,
    1994, with the overhead of LogP; Culler et al., "LogP: towards a realistic model of parallel
    computation", 1993).  With ``p`` processes a bucket takes two calls of

    - direct: ``latency + (p - 1) overhead + n (p - 1) / p / bandwidth``
    - pairs: ``log2(p) (latency + overhead) + n (p - 1) / p / bandwidth``
    - tree: ``log2(p) (latency + overhead + n / bandwidth)``
    - ring: ``(p - 1) (latency + overhead) + n (p - 1) / p / bandwidth``

    and the sums between the calls (Thakur, Rabenseifner and Gropp, "Optimization of collective
    communication operations in MPICH", 2005).  Only one call is on the wire at a time.  A second
    call starts when the process checks on the first: at its next bucket, or when it waits.

    Examples
    --------
    >>> from lamina.distribute import Network, Work, simulate
    >>> work = Work(rows=64, forward=2e-3, backward=[(2e-3, 4 << 20), (2e-3, 4 << 20)], update=1e-3)
    >>> slow, fast = (simulate(work, 16, Network(bits)) for bits in (10e9, 100e9))
    >>> slow.step > fast.step > work.seconds
    True
    """
    for name, value, kind in (("work", work, Work), ("network", network, Network)):
        if not isinstance(value, kind):
            raise TypeError(f"simulate: {name} must be a {kind.__name__}; got {value!r:.80}")
    processes = _check.integer("simulate", "processes", processes)
    bucket_bytes = _check.integer("simulate", "bucket_bytes", bucket_bytes)
    if route not in ROUTES:
        raise ValueError(f"simulate: route must be one of {', '.join(ROUTES)}; got {route!r}")
    if route == "pairs" and processes & (processes - 1):
        raise ValueError(
            f"simulate: route 'pairs' needs a power of two of processes; got {processes}"
        )
    compute = work.seconds
    if processes == 1:
        return StepTime(compute, compute, 0.0, 1.0)
    ready, ends = [], work.forward + work.call
    sums = ends  # losses and metrics, which are sent first
    for seconds, size in _buckets(work.backward, bucket_bytes):
        ends += seconds + work.call
        if not network.apart:
            ends += 2 * _call(route, network, size, processes) + work.add * size
        ready.append((ends, size))
    over = _last_arrival(work, processes, network, route, [(sums, 256), *ready], ends)
    waiting = max(0.0, over - ends)
    step = ends + waiting + work.update
    return StepTime(step, compute, waiting, compute / step)


def _buckets(layers: Sequence[tuple[float, int]], least: int) -> Iterator[tuple[float, int]]:
    """Yield the seconds and bytes of each bucket that is sent."""
    seconds, held = 0.0, 0
    for place, (more, size) in enumerate(layers):
        seconds, held = seconds + more, held + size
        if held >= least or place == len(layers) - 1:
            yield seconds, held
            seconds, held = 0.0, 0


def _call(route: Route, network: Network, size: int, processes: int) -> float:
    """Return the seconds of one of the two calls."""
    wire, rounds = 8.0 * size / network.bandwidth, math.ceil(math.log2(processes))
    share, message = (processes - 1) / processes, network.latency + network.overhead
    if route == "direct":
        return network.latency + (processes - 1) * network.overhead + share * wire
    if route == "pairs":
        return rounds * message + share * wire
    if route == "tree":
        return rounds * (message + wire)
    return (processes - 1) * message + share * wire


def _last_arrival(
    work: Work,
    processes: int,
    network: Network,
    route: Route,
    ready: list[tuple[float, int]],
    ends: float,
) -> float:
    """Return when the last sum arrives, if sums start at these times."""
    if not network.apart:  # all calls except that of the losses have been counted
        return ends + 2 * _call(route, network, ready[0][1], processes)
    looks = [time for time, _ in ready]
    posted = [(time, number, size, False) for number, (time, size) in enumerate(ready)]
    heapq.heapify(posted)
    free = 0.0
    while posted:
        time, number, size, second = heapq.heappop(posted)
        free = max(time, free) + _call(route, network, size, processes)
        if not second:
            added = free + work.add * size
            looked = next((look for look in looks if look >= added), max(added, ends))
            heapq.heappush(posted, (looked, number, size, True))
    return free
