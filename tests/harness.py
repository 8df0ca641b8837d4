"""Checks that every kernel must pass (for layers see ``layer_harness``).

``check_kernel`` compares with a NumPy float64 oracle and finite differences, and checks properties
that an oracle cannot: inputs unchanged, bits that do not depend on threads, memory layout or
repetition, empty batches.  Instruction sets are those of the ``isa`` fixture.  Properties common to
all of them are checked only with the set that the module loads: arrays of other layouts (which the
bindings copy), and finite differences, as the gradients of the other sets are compared with those
of that set.

Tolerances follow from the dtype and the length of the sums: a sum of k products carries a rounding
error of the order of sqrt(k) eps times the sum of the magnitudes (Higham, "Accuracy and stability
of numerical algorithms", chapter 3); ``4 + 2 sqrt(k)`` is allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from lamina import runtime

DTYPES = ("float32", "float64")
# Around every vector length (4 to 16 lanes) and tile height (6 to 16) of the kernels.
ODD_SIZES = (1, 2, 3, 5, 6, 7, 8, 9, 15, 16, 17, 31, 33, 47, 48, 49, 63, 65)
THREADS = (1, 2, 3, 4)

# Elements of inputs and results together: an operation with fewer starts no threads (0.25 MFLOP
# each), and larger arrays are converted in the same way as smaller ones.
LEAST_SHARED, MOST_MOVED = 2000, 20_000
LOADED_ISA = runtime.isa()

Function = Callable[..., Any]


def tolerance(dtype: Any, reduction: int = 1, factor: float = 1.0) -> float:
    """Return the relative error allowed after sums of ``reduction`` terms."""
    return float(factor * (4.0 + 2.0 * np.sqrt(reduction)) * np.finfo(dtype).eps)


def assert_close(
    got: Any,
    want: Any,
    reduction: int = 1,
    magnitude: Any = None,
    factor: float = 1.0,
    what: str = "",
) -> None:
    """Compare with an oracle's float64; rounding errors are proportional to ``magnitude``."""
    got, want = np.asarray(got), np.asarray(want, np.float64)
    assert got.shape == want.shape, f"{what}: shape {got.shape}, oracle {want.shape}"
    size = np.abs(want) if magnitude is None else np.maximum(np.abs(want), magnitude)
    info = np.finfo(got.dtype)
    allowed = tolerance(got.dtype, reduction, factor) * size + 4 * float(info.tiny)
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(got.astype(np.float64) - want)
    good = (error <= allowed) | (got == want) | (np.isnan(got) & np.isnan(want))
    if not good.all():
        worst = np.unravel_index(np.argmax(np.where(good, -1, error / np.maximum(allowed, 1e-300))),
                                 got.shape)  # fmt: skip
        raise AssertionError(
            f"{what}: {np.count_nonzero(~good)} of {got.size} differ; worst at {worst}: "
            f"got {got[worst]!r}, want {want[worst]!r}, allowed {np.broadcast_to(allowed, got.shape)[worst]:.3g}"  # noqa: E501
        )


def assert_same_bits(got: Sequence[Any], want: Sequence[Any], what: str) -> None:
    """Compare arrays bit by bit."""
    for k, (a, b) in enumerate(zip(got, want, strict=True)):
        a, b = np.asarray(a), np.asarray(b)  # noqa: PLW2901
        assert a.dtype == b.dtype, f"{what}: result {k} has {a.dtype} and {b.dtype}"
        assert a.shape == b.shape, f"{what}: result {k} has {a.shape} and {b.shape}"
        if a.tobytes() != b.tobytes():
            differ = np.flatnonzero(a.ravel().view(np.uint8) != b.ravel().view(np.uint8))
            where = differ[0] // a.itemsize
            raise AssertionError(
                f"{what}: result {k} differs first at element {where}: "
                f"{a.ravel()[where]!r} and {b.ravel()[where]!r}"
            )


def layouts(x: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the values of ``x`` in various memory layouts."""
    frozen = x.copy()
    frozen.flags.writeable = False
    yield "read-only", frozen
    yield "big-endian", x.astype(x.dtype.newbyteorder(">"))
    raw = np.empty(x.nbytes + 1, np.uint8)[1:]
    misaligned = raw.view(x.dtype).reshape(x.shape)
    misaligned[...] = x
    yield "misaligned", misaligned
    if x.ndim == 0:
        return
    yield "Fortran", np.asfortranarray(x)
    yield "negative strides", x[::-1].copy()[::-1]
    wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)
    wide[..., ::2] = x
    yield "every second", wide[..., ::2]


def results(value: Any) -> tuple[np.ndarray, ...]:
    """Return a function's results as a tuple of arrays."""
    return tuple(np.asarray(v) for v in value) if isinstance(value, tuple) else (np.asarray(value),)


def as_dtype(inputs: Sequence[Any], dtype: str) -> list[Any]:
    """Return float arrays in ``dtype``; integer arrays and None are returned unchanged."""
    return [
        x.astype(dtype) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x for x in inputs
    ]


def check_invariants(function: Function, inputs: Sequence[Any], what: str = "") -> tuple[Any, ...]:
    """Check repetition, threads, layouts and unchanged inputs; return the results.

    Numbers of threads are tried if there is enough work for them, layouts with one instruction set.
    """
    before = [None if x is None else x.copy() for x in inputs]
    first = results(function(*inputs))
    kept = [r.copy() for r in first]
    assert_same_bits(results(function(*inputs)), kept, f"{what} called twice")
    assert_same_bits(first, kept, f"{what} results after a second call")
    limit = runtime.get_num_threads()
    elements = sum(x.size for x in [*kept, *(x for x in inputs if x is not None)])
    try:
        for count in THREADS if elements >= LEAST_SHARED else ():
            runtime.set_num_threads(count)
            assert_same_bits(results(function(*inputs)), kept, f"{what} on {count} threads")
    finally:
        runtime.set_num_threads(limit)
    moved = runtime.isa() == LOADED_ISA and elements <= MOST_MOVED
    for k, x in enumerate(inputs):
        if x is None:
            continue
        for layout, other in layouts(x) if moved else ():
            changed = [*inputs[:k], other, *inputs[k + 1 :]]
            assert_same_bits(results(function(*changed)), kept, f"{what} input {k} {layout}")
            assert np.array_equal(other, before[k], equal_nan=True), f"{what} wrote to input {k}"
        assert np.array_equal(x, before[k], equal_nan=True), f"{what} wrote to input {k}"
    return first


def check_gradient(
    scalar: Callable[[], float],
    variables: Sequence[np.ndarray],
    gradients: Sequence[np.ndarray],
    relative: float = 1e-6,
    step: float = 1e-5,
    most: int = 24,
) -> None:
    """Compare gradients with central differences of ``scalar()``, which reads ``variables``.

    At most ``most`` elements of each variable are checked, drawn with a fixed seed.  The bound is
    relative to the variable's largest slope.
    """
    rng = np.random.default_rng(20)
    for k, (variable, gradient) in enumerate(zip(variables, gradients, strict=True)):
        assert variable.shape == gradient.shape, f"gradient {k}: {gradient.shape}"
        assert variable.dtype == np.float64, "finite differences need float64"
        if variable.size == 0:
            continue
        flat = variable.reshape(-1)
        assert np.shares_memory(flat, variable), "finite differences need C-contiguous arrays"
        chosen = rng.permutation(variable.size)[:most]
        slopes = np.empty(len(chosen))
        for n, element in enumerate(chosen):
            value = flat[element]
            flat[element] = value + step
            above = scalar()
            flat[element] = value - step
            below = scalar()
            flat[element] = value
            slopes[n] = (above - below) / (2.0 * step)
        largest = max(np.abs(gradient).max(), 1e-3)
        error = np.abs(slopes - gradient.reshape(-1)[chosen]).max()
        assert error <= relative * largest, (
            f"gradient {k} is off by {error / largest:.3g} of its largest element "
            f"(finite differences {slopes[:4]}, got {gradient.reshape(-1)[chosen][:4]})"
        )


def check_kernel(
    forward: Function,
    oracle: Function,
    inputs: Sequence[Any],
    dtype: str,
    *,
    backward: Function | None = None,
    differentiable: Sequence[int] = (0,),
    oracle_backward: Function | None = None,
    magnitude: Function | None = None,
    backward_magnitude: Function | None = None,
    reduction: int = 1,
    factor: float = 1.0,
) -> tuple[Any, ...]:
    """Check a kernel and its backward.

    Parameters
    ----------
    forward, oracle : callable
        The kernel and its NumPy float64 version, both called with the inputs.
    inputs : sequence
        Arrays; floats are cast to ``dtype``, integers and None stay as they are.
    backward : callable, optional
        ``backward(dy, *inputs)`` returns the gradients of the ``differentiable`` inputs, of which
        ``oracle_backward`` is the NumPy version.  Without one, gradients are checked only against
        finite differences of ``forward`` (in float64); with one, also against these, on small
        inputs.
    magnitude, backward_magnitude : callable, optional
        Like ``oracle`` and ``oracle_backward``: the magnitude of rounding errors, if that is not
        the result (its largest element, for the backward).
    reduction : int
        Length of the longest sum.
    """
    typed = as_dtype(inputs, dtype)
    exact = as_dtype(typed, "float64")
    got = check_invariants(forward, typed, "forward")
    for y in got:
        assert y.dtype == dtype, f"{dtype} in, {y.dtype} out"
    sizes = results(magnitude(*exact)) if magnitude else [None] * len(got)
    for y, want, size in zip(got, results(oracle(*exact)), sizes, strict=True):
        assert_close(y, want, reduction, size, factor, "forward")
    if backward is None:
        return got
    rng = np.random.default_rng(10)
    dy = np.asarray(rng.normal(size=got[0].shape))
    gradients = check_invariants(backward, [dy.astype(dtype), *typed], "backward")
    if oracle_backward is not None:
        exact_dy = dy.astype(dtype).astype(np.float64)
        wanted = results(oracle_backward(exact_dy, *exact))
        sizes = [np.abs(want).max(initial=0.0) for want in wanted]
        if backward_magnitude is not None:
            sizes = list(results(backward_magnitude(exact_dy, *exact)))
        for g, want, size in zip(gradients, wanted, sizes, strict=True):
            assert_close(g, want, max(reduction, dy.size), size, factor, "backward")
    if dtype != "float64":
        return got
    if runtime.isa() != LOADED_ISA:
        if oracle_backward is None:
            wanted = on_loaded_isa(lambda: backward(dy, *typed))
            for g, want in zip(gradients, wanted, strict=True):
                size = np.abs(want).max(initial=0.0)
                assert_close(g, want, max(reduction, dy.size), size, factor, "backward")
    elif oracle_backward is None or sum(x.size for x in typed if x is not None) <= LEAST_SHARED:
        live = [x.copy() if isinstance(x, np.ndarray) else x for x in typed]
        check_gradient(
            lambda: float(np.sum(dy * results(forward(*live))[0])),
            [live[k] for k in differentiable],
            gradients,
        )
    return got


def on_loaded_isa(call: Callable[[], Any]) -> tuple[np.ndarray, ...]:
    """Return the results of ``call`` with the kernels that the module loads by default."""
    here = runtime.isa()
    runtime.use_isa(LOADED_ISA)
    try:
        return results(call())
    finally:
        runtime.use_isa(here)


def check_added(into: Callable[..., Any], fresh: Sequence[np.ndarray], reduction: int) -> None:
    """Check that ``into(*arrays)`` adds what a call without them returns as ``fresh``."""
    rng = np.random.default_rng(30)
    starts = [rng.normal(size=f.shape).astype(f.dtype) for f in fresh]
    arrays = [s.copy() for s in starts]
    into(*arrays)
    for start, array, f in zip(starts, arrays, fresh, strict=True):
        size = np.abs(start) + np.abs(f).max(initial=0.0)
        want = start.astype(np.float64) + f.astype(np.float64)
        assert_close(array, want, reduction, size, 2.0, "accumulation")
