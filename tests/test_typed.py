"""Types for users' type checkers: a correct program, and mistakes that are found."""

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

import lamina

HERE = Path(__file__).parent / "typed"
PROGRAMS = ("use.py", "misuse.py")
ROOT = Path(lamina.__file__).parents[1]


def marked(name):
    lines = (HERE / name).read_text().splitlines()
    return {(name, i) for i, line in enumerate(lines, 1) if line.endswith("# error")}


def assert_reported(found):
    """``found`` maps (file, line) to the checker's message."""
    expected = set().union(*map(marked, PROGRAMS))
    assert {place: found[place] for place in found.keys() - expected} == {}
    assert sorted(expected - found.keys()) == []


def test_the_package_says_that_it_is_typed():
    assert (resources.files("lamina") / "py.typed").is_file()


def test_the_program_runs(capsys):
    pytest.importorskip("typing_extensions")
    runpy.run_path(str(HERE / "use.py"), run_name="__main__")
    assert "(16, 1)" in capsys.readouterr().out


def test_mypy():
    pytest.importorskip("mypy")
    environment = dict(os.environ)
    if "site-packages" not in ROOT.parts:  # otherwise it is found as an installed package
        environment["MYPYPATH"] = str(ROOT)
    cache = HERE.parents[1] / ".mypy_cache" / "typed"
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--disable-error-code=misc",
         "--no-error-summary", f"--cache-dir={cache}", *(str(HERE / name) for name in PROGRAMS)],
        capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip
    assert run.stderr == ""
    found = {}
    for line in run.stdout.splitlines():
        place = re.match(r"(?:.*[/\\])?(\w+\.py):(\d+): error: (.*)", line)
        if place:
            found[place[1], int(place[2])] = place[3]
        else:
            assert " note: " in line, line
    assert_reported(found)


def test_pyright(tmp_path):
    program = shutil.which("pyright")
    if program is None:
        pytest.skip("pyright is not installed")
    for name in PROGRAMS:
        shutil.copy(HERE / name, tmp_path)
    settings = {"typeCheckingMode": "standard", "reportUnusedExpression": "none"}
    if "site-packages" not in ROOT.parts:
        settings["extraPaths"] = [str(ROOT)]
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    run = subprocess.run(
        [program, "--project", str(tmp_path), "--pythonpath", sys.executable, "--outputjson"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    report = json.loads(run.stdout)
    assert_reported({
        (Path(entry["file"]).name, entry["range"]["start"]["line"] + 1): entry["message"]
        for entry in report["generalDiagnostics"]
        if entry["severity"] == "error"
    })  # fmt: skip
