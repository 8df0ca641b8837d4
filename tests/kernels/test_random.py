"""Philox 4x32-10: known answers, the order of elements, distribution, permutations."""

import numpy as np
import pytest

from harness import assert_same_bits
from lamina import kernels
from thread_proof import same_on_threads

MASK = 0xFFFFFFFF


def philox(counter, key):
    """Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011), four words."""
    c, k = list(counter), list(key)
    for _ in range(10):
        low = 0xD2511F53 * c[0]
        high = 0xCD9E8D57 * c[2]
        c = [(high >> 32) ^ c[1] ^ k[0], high & MASK, (low >> 32) ^ c[3] ^ k[1], low & MASK]
        k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
    return c


def bits(size, seed, stream=0, step=0):
    """Element e takes word (e % 64) / 16 of block 16 (e / 64) + e % 16.

    The counter is (block's low half, its high half, step, stream).
    """
    out = np.empty(size, np.uint32)
    for e in range(size):
        n = 16 * (e // 64) + e % 16
        words = philox((n & MASK, n >> 32, step, stream), (seed & MASK, seed >> 32))
        out[e] = words[(e % 64) // 16]
    return out


def permutation(n, seed, stream=0, step=0):
    """Fisher-Yates with Lemire's bounded draw over the words in order."""
    words = iter(bits(2 * n + 64, seed, stream, step).tolist())
    order = list(range(n))
    for i in range(n, 1, -1):
        product = next(words) * i
        while (product & MASK) < i and (product & MASK) < (2**32 - i) % i:
            product = next(words) * i
        j = product >> 32
        order[i - 1], order[j] = order[j], order[i - 1]
    return order


def test_the_oracle_gives_the_authors_known_answers():
    assert philox((0, 0, 0, 0), (0, 0)) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    assert philox((MASK,) * 4, (MASK,) * 2) == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]
    pi = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0)
    assert philox(*pi) == [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]


@pytest.mark.parametrize(
    "key", [(0, 0, 0), (1, 2, 3), (2**64 - 1, MASK, MASK), (0x299F31D0A4093822, 7, 9)]
)
def test_bits(key):
    np.testing.assert_array_equal(kernels.random_bits(333, *key), bits(333, *key))


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 63, 64, 65, 127, 1000, 100_001])
@pytest.mark.parametrize("dtype", ["float32", "float64", None])
def test_a_prefix_has_the_same_bits(size, dtype):
    def draw(n):
        if dtype is None:
            return kernels.random_bits(n, 5, 6, 7)
        return kernels.random_uniform(n, 5, 6, 7, dtype)

    assert_same_bits([draw(size)], [draw(120_000)[:size]], f"{size} numbers")
    if size > 100_000:
        same_on_threads(lambda: draw(size))


def test_uniform_float32_is_the_upper_24_bits():
    want = (bits(200, 9, 1, 2) >> 8).astype(np.float64) * 2.0**-24
    np.testing.assert_array_equal(kernels.random_uniform(200, 9, 1, 2), want.astype(np.float32))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_uniform(dtype):
    u = kernels.random_uniform((1000, 200), 3, dtype=dtype)
    assert u.shape == (1000, 200)
    assert u.dtype == dtype
    assert u.min() >= 0
    assert u.max() < 1
    n = u.size
    assert abs(u.mean(dtype=float) - 0.5) < 5 * np.sqrt(1 / 12 / n)
    counts = np.bincount((u.ravel() * 64).astype(int), minlength=64)
    chi2 = ((counts - n / 64) ** 2 / (n / 64)).sum()
    assert 63 - 5 * np.sqrt(126) < chi2 < 63 + 5 * np.sqrt(126)
    lag = np.corrcoef(u.ravel()[:-1], u.ravel()[1:])[0, 1]
    assert abs(lag) < 5 / np.sqrt(n)
    if dtype == "float64":  # more than float32's 24 bits are random
        assert len(np.unique(u)) == n
        assert (np.mod(u * 2.0**24, 1) != 0).mean() > 0.99


def test_keys_differ():
    draws = {
        kernels.random_bits(4, *key).tobytes()
        for key in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (2**32, 0, 0)]
    }
    assert len(draws) == 5


@pytest.mark.parametrize("n", [0, 1, 2, 3, 10, 100, 777])
def test_permutation(n):
    got = kernels.permutation(n, 4, 5, 6)
    assert got.dtype == np.int64
    assert got.tolist() == permutation(n, 4, 5, 6)


def test_permutations_are_uniform():
    draws = 24 * 500
    seen = {}
    for step in range(draws):
        key = tuple(kernels.permutation(4, 1, 2, step).tolist())
        seen[key] = seen.get(key, 0) + 1
    assert len(seen) == 24
    chi2 = sum((c - 500) ** 2 / 500 for c in seen.values())
    assert chi2 < 23 + 5 * np.sqrt(46)


def test_a_long_permutation_is_one():
    order = kernels.permutation(300_000, 1)
    assert (np.sort(order) == np.arange(300_000)).all()
    assert abs(np.corrcoef(order, np.arange(300_000))[0, 1]) < 0.01
