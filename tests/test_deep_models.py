"""Models within models, and chains of many layers: the work grows linearly with the depth."""

import copy
import pickle

import numpy as np
import pytest

import lamina
from lamina.layers import Dense, Input, TimeDistributed


class Counted(Dense):
    """Counts how often it is asked for shapes, types and bounds."""

    asked = 0

    def input_dtypes(self, count):
        Counted.asked += 1
        return super().input_dtypes(count)

    def input_bounds(self, count):
        Counted.asked += 1
        return super().input_bounds(count)

    def compute_output_shape(self, input_shape):
        Counted.asked += 1
        return super().compute_output_shape(input_shape)


def distributed(depth):
    layer = Counted(2)
    for _ in range(depth):
        layer = TimeDistributed(layer)
    return lamina.Sequential([Input((1,) * depth + (3,)), layer])


def sequential(depth):
    model = lamina.Sequential([Counted(2)])
    for _ in range(depth):
        model = lamina.Sequential([model])
    return lamina.Sequential([Input((3,)), model])


def both(depth):
    model = lamina.Sequential([Counted(2)])
    for _ in range(depth):
        model = lamina.Sequential([TimeDistributed(model)])
    return lamina.Sequential([Input((1,) * depth + (3,)), model])


def graph(depth):
    x = Input((3,))
    model = lamina.Model(x, Counted(3)(x))
    for _ in range(depth):
        x = Input((3,))
        model = lamina.Model(x, model(x))
    return model


@pytest.mark.parametrize("make", [distributed, sequential, both, graph])
def test_models_within_models_are_asked_in_proportion_to_their_depth(make):
    def questions(depth):
        Counted.asked = 0
        model = make(depth)
        x = np.ones((2, *model.input_shape[1:]))
        y = model.predict(x)
        model.compile("sgd", "mse")
        model.fit(x, y, verbose=0)
        model.summary(print_fn=len)
        copy.deepcopy(model)
        return Counted.asked

    few, many = questions(6), questions(12)
    assert many <= 3 * few


def test_a_sum_of_sums_and_a_long_chain():
    x = y = Input((3,))
    for _ in range(30):
        y = y + y
    assert (lamina.Model(x, y).predict(np.ones((1, 3))) == 2.0**30).all()
    x = y = Input((3,))
    for _ in range(1200):
        y = Dense(3, kernel_initializer="identity")(y)
    model = lamina.Model(x, y)
    for each in (model, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert (each.predict(np.ones((1, 3))) == 1).all()
