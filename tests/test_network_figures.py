"""Figures of networks: units, lines, layers, steps."""

import numpy as np
import pytest

import lamina
from drawn_models import network, recurrent
from lamina import layers, plot

pytestmark = pytest.mark.usefixtures("plt")
X = np.random.default_rng(5).normal(size=(60, 2))


def test_values_and_deltas_of_a_row_are_those_of_its_trace():
    traced = lamina.trace(network(), X[0], [1.0, 0.0])
    texts = [text.get_text() for text in plot.backpropagation(traced, digits=3).texts]
    hidden, output = traced.layers
    for value in [*traced.x, *hidden.outputs, *output.outputs, *hidden.kernel.ravel()]:
        assert f"{value:.3f}".replace("-", "\N{MINUS SIGN}") in texts
    deltas = [text for text in texts if text.startswith("δ")]
    wanted = [*hidden.deltas, *output.deltas]
    assert deltas == [f"δ = {each:.3f}".replace("-", "\N{MINUS SIGN}") for each in wanted]
    symbols = ["$x_{1}$", "$x_{2}$", "$z_{1}$", "$z_{2}$", "$z_{3}$", r"$\hat{y}_{1}$"]
    assert [text for text in texts if text in symbols] == symbols
    assert len(plot.backpropagation(traced).lines) == 6 + 6 + 7  # weights and units
    with pytest.raises(TypeError, match=r"backpropagation: needs the result of lamina\.trace"):
        plot.backpropagation(network())


def test_units_that_are_dropped_are_crossed_out_and_have_no_lines():
    wts = [0.0, 2.0, -1.0, 0.5, 0.0, 4.0, -0.25, 1.0, -2.0]
    whole = plot.plotnet(wts, struct=[2, 2, 1])
    ax = plot.plotnet(wts, struct=[2, 2, 1], dropped=["I1", "H2"])
    assert len(lines(whole)) == 7  # two weights are 0
    assert len(lines(ax)) == 3  # I2 to H1, H1 and B2 to O1
    labels = {text.get_text() for text in whole.texts} - {text.get_text() for text in ax.texts}
    assert labels == {"I1", "H2"}
    assert [line.get_marker() for line in ax.lines].count("x") == 2
    with pytest.raises(ValueError, match="dropped must be among I1, I2, H1, H2, O1; got 'H3'"):
        plot.plotnet(wts, struct=[2, 2, 1], dropped=["H3"])


def lines(ax):
    (collection,) = ax.collections
    return list(zip(collection.get_segments(), collection.get_linewidths(), strict=True))


def test_lines_of_a_network_follow_its_weights():
    # In the order of R's wts: for each unit the bias, then the weights of its inputs.
    wts = [0.0, 2.0, -1.0, 0.5, 0.0, 4.0, -0.25, 1.0, -2.0]
    ax = plot.plotnet(wts, struct=[2, 2, 1], rel_rsc=(1, 9))
    drawn = {
        (tuple(segment[0]), tuple(segment[-1])): width for segment, width in lines(ax)
    }  # fmt: skip
    assert len(drawn) == 7  # weights that are 0 are left out
    assert drawn[(0.0, 0.0), (1.0, 0.0)] == 9.0  # from the second input to the second unit: 4
    assert drawn[(0.0, 1.0), (1.0, 1.0)] == 5.0  # 2
    assert drawn[(1.0, 0.0), (2.0, 0.5)] == 5.0  # -2
    pruned = plot.plotnet(wts, struct=[2, 2, 1], prune_col="red")
    assert len(lines(pruned)) == 9
    assert len(lines(plot.plotnet(wts, struct=[2, 2, 1], bias=False))) == 5
    few = plot.plotnet(wts, ["a", "b"], struct=[2, 2, 1], all_in="b", bias=False)
    assert len(lines(few)) == 4
    assert len(lines(plot.plotnet(wts, struct=[2, 2, 1], all_out=False, bias=False))) == 3


def test_lines_that_lead_past_a_layer_are_drawn_around_it():
    x = lamina.Input((2,))
    h = layers.Dense(2, "tanh", bias_initializer="ones")(x)
    y = layers.Dense(1, bias_initializer="ones")(layers.concatenate([x, h]))
    model = lamina.Model(x, y)
    drawn = plot.plotnet(model)
    assert sorted(len(segment) for segment, _ in lines(drawn)) == [2] * 9 + [25] * 2
    assert len(lines(plot.plotnet(model, skip=True))) == 2
    assert len(lines(plot.plotnet(model, skip=False))) == 9
    labels = {t.get_text() for t in drawn.texts}
    assert labels == {"I1", "I2", "H1", "H2", "O1", "B1", "B2", "x1", "x2", "o"}


def test_wide_layers_are_drawn_in_part_under_labels_of_one_s_own():
    model = lamina.Sequential(
        [lamina.Input((9,)), layers.Dense(40, "relu"), layers.Dense(3, "softmax")], seed=1
    )
    labels = ["$x_{%d}$", "$z_{%d}$", ["cat", "dog", "elk"]]
    drawn = plot.plotnet(
        model, max_units=4, node_labs=labels, bias=False, layer_names=["in", "hidden", "out"]
    )
    assert len(lines(drawn)) == 4 * 4 + 4 * 3
    texts = {t.get_text() for t in drawn.texts}
    units = {
        f"${letter}_{{{n}}}$" for letter, last in (("x", 9), ("z", 40)) for n in (1, 2, 3, last)
    }
    assert units | {"cat", "dog", "elk", "in", "hidden", "out"} <= texts
    assert {"x1", "x9", "o3"} <= texts
    assert not {"x4", "$x_{4}$", "$z_{39}$", "I1"} & texts
    dots = [line for line in drawn.lines if line.get_marker() == "."]
    assert [set(line.get_xdata()) for line in dots] == [{0.0}, {1.0}]  # all outputs are shown
    assert len(lines(plot.plotnet(model, max_units=40, bias=False))) == 9 * 40 + 40 * 3
    unnamed = plot.plotnet(network(), ["", ""], ["", "risk"], bias=False)
    assert {t.get_text() for t in unnamed.texts} - {""} == {
        "risk", *(f"{kind}{n}" for kind, last in (("I", 2), ("H", 3), ("O", 2))
                  for n in range(1, last + 1)),
    }  # fmt: skip


def test_networks_grow_with_the_font(plt):
    sizes = []
    for font in (10, 20):
        with plt.rc_context({"font.size": font}):
            drawn = plot.plotnet(network())
            label = next(t for t in drawn.texts if t.get_text() == "H1")
            sizes.append([label.get_fontsize(), drawn.lines[0].get_markersize()])
    np.testing.assert_allclose(np.array(sizes[1]) / sizes[0], 2)


def test_steps_of_a_recurrent_layer():
    from matplotlib.patches import FancyBboxPatch

    def drawn(model, **options):
        axes = plot.unrolled(model, **options)
        boxes = [p for p in axes.patches if isinstance(p, FancyBboxPatch)]
        left_out = sum(box.get_linestyle() == "--" for box in boxes)
        return [text.get_text() for text in axes.texts], len(boxes), left_out

    texts, boxes, left_out = drawn(recurrent(4))
    assert [t for t in texts if "X" in t] == [
        r"$X_{\ell}$",
        *(f"$X_{{{i}}}$" for i in (1, 2, 3, 4)),
    ]
    assert (boxes, left_out) == (15, 3)  # O_1, O_2, O_3 are not returned
    assert texts.count("$U$") == 4  # of three steps and the loop
    assert "$Y$" in texts
    assert "states,\n$K$ = 12" in texts
    assert "inputs,\n$p$ = 3" in texts

    texts, boxes, left_out = drawn(recurrent(None, layers.LSTM, return_sequences=True))
    assert [t for t in texts if "A" in t][1:] == [f"$A_{{{i}}}$" for i in (1, 2, 3, "L-1", "L")]
    assert (boxes, left_out) == (18, 0)
    assert "$Y$" not in texts
    assert drawn(recurrent(9), max_steps=4)[1] == 12


@pytest.mark.parametrize("size", [0.5, 1.0, 3.0])
def test_names_stand_beside_circles_of_any_size(size):
    model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(1)])
    ax = plot.plotnet(model, ["long name", "b"], ["o"], circle_cex=size, bias=False)
    ax.figure.canvas.draw()
    radius = ax.lines[-1].get_markersize() / 2 * ax.figure.dpi / 72
    names = {t.get_text(): t.get_window_extent() for t in ax.texts}
    for name, circle in (("long name", "I1"), ("b", "I2")):
        middle = (names[circle].x0 + names[circle].x1) / 2 if circle in names else None
        middle = ax.transData.transform((0, 0))[0] if middle is None else middle
        assert names[name].x1 <= middle - radius


def test_long_labels_stay_within_their_circles():
    model = lamina.Sequential(
        [lamina.Input((2,)), lamina.layers.Dense(300), lamina.layers.Dense(1)]
    )
    ax = plot.plotnet(model, max_units=4)
    ax.figure.canvas.draw()
    across = max(line.get_markersize() for line in ax.lines) * ax.figure.dpi / 72
    widths = {t.get_text(): t.get_window_extent().width for t in ax.texts}
    assert max(widths[label] for label in ("H1", "H300", "O1")) < across


def test_the_structure_of_a_model_is_not_given():
    model = network()
    with pytest.raises(TypeError, match=r"struct is for a vector of weights.*Sequential are known"):
        plot.plotnet(model, struct=[2, 3, 2])
