"""Small models for the tests of figures."""

import lamina
from lamina import layers


def network(outputs=2, activation="softmax"):
    dense = [layers.Dense(3, "tanh"), layers.Dense(outputs, activation)]
    model = lamina.Sequential([lamina.Input((2,)), *dense], seed=1)
    model.compile("adam", "mse")
    return model


def pictures():
    return lamina.Sequential(
        [lamina.Input((9, 9, 1)), layers.Conv2D(5, 3), layers.MaxPooling2D(2), layers.Flatten(),
         layers.Dense(2)], seed=1,
    )  # fmt: skip


def recurrent(length, layer=layers.SimpleRNN, **options):
    before, behind = lamina.Input((length, 3)), layers.Dense(1)
    return lamina.Sequential([before, layer(12, **options), behind], seed=1)
