"""The command line and the figures."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import lamina
from lamina import cli, plot


def test_info(capsys):
    assert cli.main(["info"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("lamina ")
    assert "Instruction set: " in out
    assert "Threads: " in out


def test_version(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"lamina {lamina.__version__}\n"


def test_profile(capsys):
    assert cli.main(["profile", "--batch-size", "32", "--repeats", "1"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("One training step of sequential, 32 rows, float32\n")
    assert "dense (dense+relu)" in out
    assert "32x784 @ 784x256" in out


def test_demo(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    folder = tmp_path / "new"
    arguments = ["demo", "--epochs", "2", "--quiet", "--output-dir", str(folder)]
    assert cli.main([*arguments, "--validation-split", "0.1"]) == 0
    out = capsys.readouterr().out
    accuracy = float(out.split("digits: ")[1].split(" %")[0])
    assert 80 < accuracy < 100
    for name in ("learning_curves.png", "first_layer.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")


def test_the_module_runs():
    run = subprocess.run(
        [sys.executable, "-m", "lamina", "info"], capture_output=True, text=True, check=True
    )
    assert "Instruction set" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "required: command"),
        (["dmeo"], "invalid choice: 'dmeo'"),
        (["profile", "--repeats", "0"], "--repeats: must be a positive integer; got '0'"),
        (["demo", "--epochs", "0"], "--epochs: must be a positive integer; got '0'"),
        (["demo", "--epochs", "many"], "--epochs: must be a positive integer; got 'many'"),
        (["demo", "--batch-size", "-3"], "--batch-size: must be a positive integer; got '-3'"),
        (["demo", "--seed", "1.5"], "--seed: must be an integer in"),
        (["demo", "--seed", str(2**64)], "--seed: must be an integer in"),
        (["demo", "--validation-split", "1"], "--validation-split: must be a number in [0, 1)"),
    ],
)
def test_bad_arguments(arguments, text, capsys):
    with pytest.raises(SystemExit) as error:
        cli.main(arguments)
    assert error.value.code == 2
    assert text in capsys.readouterr().err


def test_an_output_folder_that_cannot_be(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    (tmp_path / "file").write_text("")
    assert cli.main(["demo", "--quiet", "--output-dir", str(tmp_path / "file")]) == 1
    assert "lamina: error:" in capsys.readouterr().err


def test_ctrl_c_is_reported(monkeypatch, capsys, tmp_path):
    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_train", interrupt)
    assert cli.main(["demo", "--quiet", "--output-dir", str(tmp_path)]) == 130
    assert capsys.readouterr().err == "\nlamina: interrupted\n"


# --- figures


def fake_model(*weights):
    layers = [SimpleNamespace(get_weights=lambda w=w: w) for w in weights]
    return SimpleNamespace(layers=layers)


def test_learning_curves(tmp_path):
    pytest.importorskip("matplotlib")
    history = {"loss": [2.0, 1.0], "val_loss": [2.5, 1.5], "accuracy": [0.5, 0.6]}
    figure = plot.learning_curves(
        SimpleNamespace(history=history, epoch=[3, 4]), tmp_path / "c.svg"
    )
    loss, accuracy = figure.axes
    assert [line.get_label() for line in loss.lines] == ["training", "validation"]
    np.testing.assert_array_equal(loss.lines[1].get_xdata(), [4, 5])
    np.testing.assert_array_equal(accuracy.lines[0].get_ydata(), [0.5, 0.6])
    assert (tmp_path / "c.svg").exists()


def test_first_layer():
    pytest.importorskip("matplotlib")
    kernel = np.arange(24.0).reshape(6, 4)
    figure = plot.first_layer(fake_model([], [np.zeros(6)], [kernel]), image_shape=(2, 3))
    np.testing.assert_array_equal(figure.axes[1].images[0].get_array(), kernel[:, 1].reshape(2, 3))
    assert len(plot.first_layer(fake_model([np.ones((4, 9))]), max_units=2).axes) == 2


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: plot.learning_curves(3), TypeError, "got 3"),
        (lambda: plot.learning_curves({}), ValueError, "at least one epoch"),
        (lambda: plot.first_layer(fake_model([np.zeros(3)])), ValueError, "found no matrix"),
        (lambda: plot.first_layer(fake_model([np.zeros((6, 2))])), ValueError, "give image_shape"),
        (
            lambda: plot.first_layer(fake_model([np.zeros((6, 2))]), image_shape=(2, 2)),
            ValueError,
            "6; got 2 x 2",
        ),
    ],
)
def test_figures_of_bad_input(call, error, text):
    pytest.importorskip("matplotlib")
    with pytest.raises(error, match=text):
        call()


def test_figures_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    with pytest.raises(ImportError, match=r"pip install 'lamina\[plot\]'"):
        plot.learning_curves({"loss": [1.0]})
