"""The command line."""

import subprocess
import sys

import pytest

import lamina
from lamina import cli


def test_info(capsys):
    assert cli.main(["info"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("lamina ")
    assert "Instruction set: " in out
    lacks = lamina._core.runtime.bfloat16_lacks()
    products = f"no: {lacks}" if lacks else "yes"
    assert f"Products in bfloat16 (mixed_bfloat16): {products}\n" in out
    assert "Threads: " in out


def test_version(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"lamina {lamina.__version__}\n"


def test_profile(capsys, monkeypatch):
    monkeypatch.setattr(lamina.datasets.mnist, "_said", False)
    assert cli.main(["profile", "--batch-size", "32", "--repeats", "1"]) == 0
    out, err = capsys.readouterr()
    assert err == ""  # no note about missing digits here
    assert out.startswith("One training step of sequential, 32 rows, float32\n")
    assert "dense (dense+relu+dropout)" in out
    assert "32x784 @ 784x256" in out


def test_demo(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    folder = tmp_path / "new"
    arguments = ["demo", "--epochs", "1", "--quiet", "--output-dir", str(folder)]
    assert cli.main(arguments) == 0
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
