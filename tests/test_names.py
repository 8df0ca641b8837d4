"""Lookup by name, class names as layer names."""

import pytest

from lamina._names import lookup, snake_case, unknown


def test_lookup_finds_or_suggests():
    table = {"adam": 1, "sgd": 2, "GlorotUniform": 3}
    assert lookup("optimizer", "sgd", table) == 2
    with pytest.raises(ValueError, match="unknown optimizer 'adm'; did you mean 'adam'"):
        lookup("optimizer", "adm", table)
    assert "did you mean 'GlorotUniform'" in unknown("initializer", "glorotuniform", table)
    assert "did you mean" not in unknown("optimizer", "zzzzzz", table)


@pytest.mark.parametrize(
    ("name", "snake"),
    [
        ("Dense", "dense"),
        ("MaxPooling2D", "max_pooling2d"),
        ("LSTM", "lstm"),
        ("Conv2DTranspose", "conv2d_transpose"),
        ("PReLU", "p_re_lu"),
        ("SimpleRNN", "simple_rnn"),
    ],
)
def test_snake_case(name, snake):
    assert snake_case(name) == snake
