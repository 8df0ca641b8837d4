"""The matrix product."""

import subprocess
import sys
from functools import partial

import numpy as np
import pytest

import golden
from harness import (
    DTYPES,
    assert_close,
    assert_same_bits,
    check_added,
    check_invariants,
    check_kernel,
    tolerance,
)
from lamina import kernels, runtime
from short_of_memory import SHORT_OF_MEMORY
from thread_proof import same_on_threads


def oracle(a, b, transpose_a=False, transpose_b=False):
    return (a.T if transpose_a else a) @ (b.T if transpose_b else b)


def magnitude(a, b, transpose_a=False, transpose_b=False):
    return oracle(np.abs(a), np.abs(b), transpose_a, transpose_b)


def factors(m, n, k, transpose_a=False, transpose_b=False, seed=1):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(k, m) if transpose_a else (m, k))
    b = rng.normal(size=(n, k) if transpose_b else (k, n))
    return a, b


def check(m, n, k, dtype, transpose_a=False, transpose_b=False):
    check_kernel(
        lambda a, b: kernels.matmul(a, b, transpose_a, transpose_b),
        lambda a, b: oracle(a, b, transpose_a, transpose_b),
        factors(m, n, k, transpose_a, transpose_b),
        dtype,
        magnitude=lambda a, b: magnitude(a, b, transpose_a, transpose_b),
        reduction=k,
    )


TRANSPOSES = [(False, False), (True, False), (False, True), (True, True)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("transpose_a", "transpose_b"), TRANSPOSES)
@pytest.mark.parametrize(
    ("m", "n", "k"),
    [
        (1, 1, 1), (1, 17, 5), (17, 1, 5), (5, 16, 1), (6, 16, 8), (7, 17, 9), (5, 15, 7),
        (13, 33, 31), (12, 48, 65), (0, 4, 3), (4, 0, 3), (4, 3, 0), (31, 49, 17), (47, 10, 128),
    ],
)  # fmt: skip
def test_small(m, n, k, dtype, transpose_a, transpose_b):
    check(m, n, k, dtype, transpose_a, transpose_b)


# Beyond every block size: rows packed at a time, chunks of K, panels of columns, rows a power of
# two or more than a page apart; columns that are prefetched, in the last shape.
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("transpose_a", "transpose_b"), TRANSPOSES)
@pytest.mark.parametrize(
    ("m", "n", "k"),
    [
        (193, 65, 401), (64, 1025, 30), (50, 70, 1201), (128, 256, 512), (1027, 70, 45),
        (130, 512, 512), (700, 130, 300),
    ],
)  # fmt: skip
def test_blocks(m, n, k, dtype, transpose_a, transpose_b):
    check(m, n, k, dtype, transpose_a, transpose_b)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_size_around_the_tiles(dtype):
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(34, 40)).astype(dtype), rng.normal(size=(40, 100)).astype(dtype)
    whole = kernels.matmul(a, b)
    for m in range(1, 35):
        for n in (1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 97, 100):
            got = kernels.matmul(a[:m], np.ascontiguousarray(b[:, :n]))
            want = a[:m].astype(float) @ b[:, :n].astype(float)
            size = np.abs(a[:m]).astype(float) @ np.abs(b[:, :n]).astype(float)
            assert_close(got, want, 40, size, what=f"{m} x {n}")
            if n == 100:  # a row's bits do not depend on how many other rows there are
                assert_same_bits([got], [whole[:m]], f"{m} rows of 34")


# Of more than 4 MB for each thread, with rows a whole number of pages apart or not: read row by row
# for one to three rows of A, in place, packed panel by panel, or packed as a whole.
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1024, 1027])
def test_rows_of_a_large_product_do_not_depend_on_each_other(dtype, n, threads):
    a, b = (f.astype(dtype) for f in factors(200, n, 1030, seed=9))
    c = np.random.default_rng(10).normal(size=(200, n)).astype(dtype)
    threads(1)
    whole, added = kernels.matmul(a, b), c.copy()
    kernels.matmul(a, b, out=added, accumulate=True)
    for m in (1, 2, 3, 4, 7, 15, 16, 17, 48, 49, 127, 128, 129):
        what = f"{m} rows of 200"
        assert_same_bits([kernels.matmul(a[:m], b)], [whole[:m]], what)
        other = kernels.matmul(a[:m], np.ascontiguousarray(b.T), transpose_b=True)
        assert_same_bits([other], [whole[:m]], f"{what}, b transposed")
        part = c[:m].copy()
        kernels.matmul(a[:m], b, out=part, accumulate=True)
        assert_same_bits([part], [added[:m]], f"{what}, added")
    want, size = (f(a.astype(float), b.astype(float)) for f in (oracle, magnitude))
    assert_close(whole, want, 1030, size)


@pytest.mark.parametrize(("m", "k"), [(1, 1024), (3, 1100), (64, 1100)])
def test_a_large_product_does_not_depend_on_threads(m, k):
    a, b = (f.astype(np.float32) for f in factors(m, 2051, k, seed=10))
    same_on_threads(partial(kernels.matmul, a, b))


PRODUCTS = """
import sys
import numpy as np
from lamina import kernels, runtime

runtime.use_isa(sys.argv[1])
runtime.set_num_threads(1)
rng = np.random.default_rng(0)
a, b = (rng.normal(size=shape).astype(np.float32) for shape in [(150, 1030), (1030, 1024)])
outs = {m: np.empty((m, 1024), np.float32) for m in (2, 64, 150)}

def multiply():
    for m, out in outs.items():
        kernels.matmul(a[:m], b, out=out)

assert not short_of_memory(multiply)
whole = kernels.matmul(a, b)
for m, out in outs.items():
    assert (out == whole[:m]).all(), m
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits the memory as Linux does")
def test_a_large_product_has_its_bits_without_memory_for_packing(isa):
    run = [sys.executable, "-c", SHORT_OF_MEMORY + PRODUCTS, isa]
    done = subprocess.run(run, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("dtype", DTYPES)
def test_out_and_accumulate(dtype):
    a, b = (f.astype(dtype) for f in factors(19, 21, 23))
    fresh = kernels.matmul(a, b)
    out = np.full((19, 21), np.nan, dtype)
    assert kernels.matmul(a, b, out=out) is out
    assert_same_bits([out], [fresh], "out")
    check_added(lambda c: kernels.matmul(a, b, out=c, accumulate=True), [fresh], 23)


@pytest.mark.parametrize("dtype", DTYPES)
def test_empty_inner_size_gives_zeros(dtype):
    out = np.ones((2, 3), dtype)
    empty = np.empty((2, 0), dtype), np.empty((0, 3), dtype)
    kernels.matmul(*empty, out=out, accumulate=True)
    assert (out == 1).all()
    kernels.matmul(*empty, out=out)
    assert (out == 0).all()


def test_special_values_pass_through():
    a = np.array([[1.0, np.inf], [np.nan, 1.0], [0.0, 2.0]])
    got = kernels.matmul(a, np.ones((2, 17)))
    assert np.isinf(got[0]).all()
    assert np.isnan(got[1]).all()
    assert (got[2] == 2).all()


def test_long_sums_in_float32_beat_half_an_eps_of_the_magnitude():
    a, b = (f.astype(np.float32) for f in factors(33, 33, 4096, seed=5))
    want, size = (
        oracle(a.astype(float), b.astype(float)),
        magnitude(a.astype(float), b.astype(float)),
    )
    error = np.abs(kernels.matmul(a, b) - want) / size
    assert error.max() <= 0.5 * np.finfo(np.float32).eps


@pytest.mark.parametrize("dtype", DTYPES)
def test_torch(dtype):
    a, b = (f.astype(dtype) for f in factors(17, 19, 43))
    torch = golden.Peer("torch")
    want = golden.ask(lambda: torch.from_numpy(a) @ torch.from_numpy(b), a, b)
    np.testing.assert_allclose(kernels.matmul(a, b), want, rtol=0, atol=20 * tolerance(dtype, 43))


def test_threads_do_not_change_large_products():
    for m, n, k in [(257, 300, 200), (1000, 10, 128), (64, 900, 64)]:
        a, b = (f.astype(np.float32) for f in factors(m, n, k))
        same_on_threads(partial(kernels.matmul, a, b))


def test_instruction_sets_agree():
    a, b = factors(65, 66, 67)
    check_invariants(kernels.matmul, [a, b])
    here = kernels.matmul(a, b)
    before = runtime.isa()
    try:
        for name in runtime.available_isas():
            runtime.use_isa(name)
            other = kernels.matmul(a, b).astype(np.float64)
            assert_close(here, other, 67, magnitude(a, b), what=name)
    finally:
        runtime.use_isa(before)


def test_refused():
    f4, f8 = np.ones((2, 3), np.float32), np.ones((3, 2))
    with pytest.raises(
        TypeError, match="matmul: arrays must share one dtype; got a of float32 and b of float64"
    ):
        kernels.matmul(f4, f8)
    with pytest.raises(
        ValueError,
        match=r"matmul: b must have the inner size of a, 2; got 3 \(a \(3, 2\), b \(3, 2\)\)",
    ):
        kernels.matmul(f8, f8)
    with pytest.raises(ValueError, match=r"matmul: a must have 2 axes \(m, k\); got shape \(3,\)"):
        kernels.matmul(np.ones(3), f8)
    with pytest.raises(ValueError, match="out must be given if accumulate is True"):
        kernels.matmul(f8.T, f8, accumulate=True)
    square = np.ones((2, 2))
    with pytest.raises(
        ValueError, match="out is updated in place and must not share memory with a"
    ):
        kernels.matmul(square, square, out=square)
    frozen = np.ones((2, 2))
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="must be writable; it is read-only"):
        kernels.matmul(f8.T, f8, out=frozen)
    with pytest.raises(ValueError, match="must be C-contiguous and aligned"):
        kernels.matmul(f8.T, f8, out=np.ones((2, 2), order="F")[:, ::-1])
    with pytest.raises(TypeError, match="must be of native float64; got dtype >f8"):
        kernels.matmul(f8.T, f8, out=np.ones((2, 2), ">f8"))
