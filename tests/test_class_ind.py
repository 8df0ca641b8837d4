"""class_ind and which_is_max against R's class.ind and which.is.max."""

import numpy as np
import pytest

import lamina
import r_peer
from lamina.nnet import class_ind, which_is_max


def test_indicators_are_rs():
    cl = ["b", "a", "c", "a", "b"]
    asked = r_peer.ask(
        'say("i", class.ind(d$cl)); say("n", class.ind(c(2, 10, 2)))\n'
        'say("names", colnames(class.ind(d$cl)))',
        {"cl": cl},
    )
    indicators, levels = class_ind(cl, return_levels=True)
    np.testing.assert_array_equal(indicators, asked["i"])
    assert levels == asked["names"]
    for given in ([2, 10, 2], [True, False], [0.5, -1.0]):
        levels = class_ind(given, return_levels=True)[1]
        assert list(map(repr, levels)) == list(map(repr, sorted(set(given))))
    np.testing.assert_array_equal(class_ind(cl), asked["i"])
    np.testing.assert_array_equal(class_ind([2, 10, 2]), asked["n"])
    np.testing.assert_array_equal(class_ind([True, False]), [[0, 1], [1, 0]])
    np.testing.assert_array_equal(class_ind(["a", None, "b"]), [[1, 0], [0, 0], [0, 1]])


def test_categories_without_rows_have_a_column():
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    for cl in (
        pandas.Series(pandas.Categorical(["a", "c"], ["c", "b", "a"])),
        polars.Series(["a", "c"], dtype=polars.Enum(["c", "b", "a"])),
    ):
        np.testing.assert_array_equal(class_ind(cl), [[0, 0, 1], [1, 0, 0]])
        assert class_ind(cl, return_levels=True)[1] == ["c", "b", "a"]


def test_ties_are_broken_by_the_seed_and_each_is_chosen_alike():
    assert which_is_max([1.0, 5.0, 2.0]) == 1
    x = [3, 1, 3, 3]
    drawn = [which_is_max(x, seed=s) for s in range(900)]
    assert np.abs(np.bincount(drawn, minlength=4) - [300, 0, 300, 300]).max() < 60
    assert drawn[:5] == [which_is_max(x, seed=s) for s in range(5)]
    generator = np.random.default_rng(0)
    assert len({which_is_max(x, generator) for _ in range(20)}) == 3
    again = []
    for _ in range(2):
        lamina.set_random_seed(3)
        again.append([which_is_max(x) for _ in range(10)])
    assert again[0] == again[1]
    assert len(set(again[0])) > 1


def test_refusals():
    with pytest.raises(TypeError, match=r"class_ind: cl must have one class per row; got shape"):
        class_ind(np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"which_is_max: x must be a vector of numbers, not empty"):
        which_is_max([])
    with pytest.raises(ValueError, match="which_is_max: seed must be an integer >= 0; got -1"):
        which_is_max([1, 1], seed=-1)
