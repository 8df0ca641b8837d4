"""The output of ``summary``: inner models, parts of a model, widths."""

import pytest

import lamina
from lamina import layers


def lines_of(model, **options):
    lines = []
    model.summary(print_fn=lambda text: lines.extend(text.splitlines()), **options)
    return lines


def nested():
    inner = lamina.Sequential([lamina.Input((6,)), layers.Dense(4), layers.Dense(3)], name="inner")
    outer = lamina.Sequential([lamina.Input((6,)), inner, layers.Dense(3)], name="outer")
    x = lamina.Input((6,))
    return lamina.Model(x, layers.Dense(1, name="last")(outer(x)))


def test_models_within_are_expanded_at_any_depth():
    model = nested()
    model.layers[1].layers[0].layers[0].trainable = False
    shown = lines_of(model, expand_nested=True, show_trainable=True)
    names = [line.split(" (")[0] for line in shown[3:-2]]
    assert names == [
        "input_layer_2", "outer", "  inner", "    dense", "    dense_1", "  dense_2", "last"
    ]  # fmt: skip
    assert [line.split()[-1] for line in shown[6:8]] == ["no", "yes"]
    assert len(lines_of(model)) == len(shown) - 4


def test_a_range_of_layers():
    model = lamina.Sequential([lamina.Input((6,)), *(layers.Dense(n + 1) for n in range(4))])
    shown = lines_of(model, layer_range=["dense_1", "dense_2"])
    assert [line.split()[0] for line in shown[3:-2]] == ["dense_1", "dense_2"]
    assert "Weights: 36" in shown[-1]  # of the whole model
    with pytest.raises(ValueError, match="layer_range: no layer is named 'relu'; known: dense,"):
        model.summary(layer_range=["dense", "relu"])
    with pytest.raises(ValueError, match="layer_range must hold two names of layers; got 'dense'"):
        model.summary(layer_range="dense")


def test_positions_are_where_columns_begin():
    shown = lines_of(nested(), positions=[0.5, 0.75], line_length=80)
    assert shown[1].index("Output shape") == 40
    assert lines_of(nested(), positions=[44])[1].index("Output shape") == 44
