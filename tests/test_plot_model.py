"""Drawings of models: by Graphviz's text, and by matplotlib."""

import sys

import pytest

import lamina
from lamina import plot_model as drawing
from lamina.layers import Dense, Input
from test_functional import siamese


@pytest.fixture
def without_graphviz(monkeypatch):
    monkeypatch.setattr(drawing, "_graphviz", lambda: None)


def sequential():
    return lamina.Sequential([Input((3,)), Dense(4, "relu", name='a"b'), Dense(1)])


def test_the_text_for_graphviz():
    text = lamina.utils.model_to_dot(siamese("float32"), show_shapes=True, rankdir="LR")
    assert text.splitlines()[1] == "  rankdir=LR;"
    assert '  n2 [label="shared (Dense)\\n(rows, 4)"];' in text.splitlines()
    arrows = [line.strip() for line in text.splitlines() if "->" in line]
    assert arrows == ["n0 -> n2;", "n1 -> n2;", "n2 -> n3;", "n3 -> n4;"]
    assert 'label="a\\"b (Dense)"' in lamina.utils.model_to_dot(sequential())
    told = lamina.utils.model_to_dot(
        sequential(), show_layer_names=False, show_dtype=True, show_trainable=True
    )
    assert 'label="Dense\\nfloat32\\ntrainable"' in told


@pytest.mark.parametrize("rankdir", ["TB", "LR", "BT", "RL"])
@pytest.mark.parametrize("ending", ["png", "svg"])
def test_matplotlib_draws_where_graphviz_is_missing(tmp_path, without_graphviz, rankdir, ending):
    pytest.importorskip("matplotlib")
    path = tmp_path / f"model.{ending}"
    model = siamese("float32")
    assert lamina.utils.plot_model(model, path, show_shapes=True, rankdir=rankdir, dpi=50) == path
    assert path.stat().st_size > 1000


def test_boxes_of_a_rank_do_not_overlap():
    for model in (siamese("float32"), sequential()):
        places = drawing._places(drawing._boxes(model, False, False, True, False))
        assert len(set(places)) == len(places)
        for x, rank in places:
            near = [p for p in places if p[1] == rank and abs(p[0] - x) < 0.5]
            assert len(near) == 1


def test_graphviz_is_called_with_the_text(tmp_path, monkeypatch):
    program = tmp_path / "dot"
    program.write_text('#!/bin/sh\ncat > "$3"\n')
    program.chmod(0o755)
    monkeypatch.setattr(drawing, "_graphviz", lambda: str(program))
    path = lamina.utils.plot_model(sequential(), str(tmp_path / "m.svg"), dpi=77)
    assert "dpi=77;" in path.read_text()
    program.write_text("#!/bin/sh\necho no such format >&2\nexit 1\n")
    with pytest.raises(ValueError, match=r"Graphviz could not write .*: no such format"):
        lamina.utils.plot_model(sequential(), tmp_path / "m.svg")


def test_a_model_within_is_one_box():
    inner = lamina.Sequential([Input((3,)), Dense(4)], name="inner")
    text = lamina.utils.model_to_dot(lamina.Sequential([Input((3,)), inner, Dense(1)]))
    assert 'n0 [label="inner (Sequential)"];' in text
    assert "n2" not in text


def test_the_dot_ending_writes_the_text(tmp_path):
    path = lamina.utils.plot_model(sequential(), tmp_path / "m.dot")
    assert path.read_text().startswith("digraph {")


def test_refusals(tmp_path, monkeypatch, without_graphviz):
    with pytest.raises(TypeError, match="plot_model: needs a model; got int"):
        lamina.utils.plot_model(3)
    with pytest.raises(ValueError, match="rankdir must be one of"):
        lamina.utils.plot_model(sequential(), rankdir="UP")
    with pytest.raises(ValueError, match="shapes of 'sequential_1' are not known yet"):
        lamina.utils.plot_model(lamina.Sequential([Dense(1)]))
    with pytest.raises(ValueError, match="needs an ending"):
        lamina.utils.plot_model(sequential(), tmp_path / "model")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"plot_model: needs matplotlib.*lamina\[plot\]"):
        lamina.utils.plot_model(sequential(), tmp_path / "model.png")
