"""The lecture's pages match their scripts; a figure out of its range fails a script."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

LECTURE = Path(__file__).parents[1] / "examples" / "lecture"
pytest.importorskip("matplotlib")
pytestmark = pytest.mark.skipif(
    not (LECTURE / "lecture.py").is_file(), reason="needs the sources' examples"
)
SCRIPTS = sorted(p.stem for p in LECTURE.glob("*.py") if p.stem not in ("lecture", "run_all"))


def page(name):
    return (LECTURE / f"{name}.md").read_text(encoding="utf-8")


def test_every_script_has_its_page_and_every_page_its_script():
    pages = {path.stem for path in LECTURE.glob("*.md")} - {"README"}
    assert pages == set(SCRIPTS)
    guide = page("README")
    assert [name for name in SCRIPTS if f"({name}.md)" not in guide] == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_code_on_a_page_is_the_script_s(name):
    script = (LECTURE / f"{name}.py").read_text(encoding="utf-8")
    plain = "\n".join(line.strip() for line in script.splitlines())
    blocks = re.findall(r"```python\n(.*?)```", page(name), re.DOTALL)
    for block in blocks:
        lines = [line.strip() for line in textwrap.dedent(block).strip().splitlines()]
        for part in "\n".join(lines).split("\n...\n"):  # the parts left out
            assert part in plain


@pytest.mark.parametrize("name", SCRIPTS)
def test_what_a_page_shows_is_there(name):
    text = page(name)
    assert text.count("<!-- what the script prints -->") == 1
    assert "figure " in text.split("<!-- what the script prints -->")[1]  # it was run
    shown = re.findall(r"!\[.+?\]\((.+?)\)", text)
    assert shown
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert [link for link in links if not (LECTURE / link).is_file()] == []


def test_the_list_has_the_figures_of_the_pages():
    program = (
        "import run_all as r; print(r.PUBLISHED[0] + r.published(), *r.PUBLISHED[1:], sep='\\n')"
    )
    paths = os.pathsep.join([str(LECTURE), str(_path())])
    table = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": paths},
    ).stdout
    assert table.count("\n") > 15
    assert "| [hitters](hitters.md) | lasso, MAE | 252." in table
    assert table.strip() in page("README")


@pytest.fixture
def run_page(tmp_path):
    def run(body, *arguments):
        script = tmp_path / "shown.py"
        script.write_text(
            f"from lecture import Page\npage = Page(__file__)\n{body}\npage.close()\n"
        )
        return subprocess.run(
            [sys.executable, str(script), "--out", str(tmp_path / "new"), *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(LECTURE), str(_path())])},
        )

    return run


def _path():
    import lamina

    return Path(lamina.__file__).parents[1]


def test_a_figure_outside_its_range_fails_the_script(run_page, tmp_path):
    body = "page.state('error', page.setting(2.5, short=1), 0, 2, published=1.5)"
    done = run_page(body)
    assert done.returncode == 1
    assert "shown: a figure lies outside its stated range" in done.stderr
    assert re.search(r"error +2.5 +1.5 +0 to 2 +OUT OF RANGE", done.stdout)
    assert run_page(body, "--short").returncode == 0
    assert run_page("page.state('error', float('nan'), high=3)").returncode == 1
    short = "page.state('error', 3, high=2, short=(0, 4))"
    assert (run_page(short).returncode, run_page(short, "--short").returncode) == (1, 0)


def test_a_script_without_its_data_is_skipped(run_page, monkeypatch):
    monkeypatch.delenv("LAMINA_REQUIRE_PEERS", raising=False)
    body = "page.skip('needs clothes: apt install dataset-fashion-mnist')"
    done = run_page(body)
    assert done.returncode == 77
    assert done.stderr == "shown: skipped: needs clothes: apt install dataset-fashion-mnist\n"
    monkeypatch.setenv("LAMINA_REQUIRE_PEERS", "1")
    assert run_page(body).returncode == 1


def test_a_skipped_script_is_no_failure(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("LAMINA_DATA", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(_path()))
    run_all = [sys.executable, str(LECTURE / "run_all.py"), "--short", "fashion_mnist"]
    for variable, status in (("", 0), ("1", 1)):
        monkeypatch.setenv("LAMINA_REQUIRE_PEERS", variable)
        done = subprocess.run(
            [*run_all, "--out", str(tmp_path)], capture_output=True, text=True, check=False
        )
        assert done.returncode == status, done.stderr
        assert "apt install dataset-fashion-mnist" in done.stderr


def test_pictures_go_where_they_are_told(run_page, tmp_path):
    body = "import matplotlib.pyplot as plt\nax = plt.gca()\npage.save(ax)\npage.save(ax, 'more')\n"
    assert run_page(body + "page.state('error', 1)").returncode == 0
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["shown.png", "shown_more.png"]
