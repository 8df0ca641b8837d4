"""Write the type stubs of the installed C++ module, or check that they are up to date.

    python tools/make_stubs.py           writes python/lamina/_core/*.pyi
    python tools/make_stubs.py --check   fails if they would change

Needs lamina, pybind11-stubgen and ruff.
"""

from __future__ import annotations

import argparse
import difflib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "python" / "lamina"


def generate() -> dict[str, str]:
    """Return the text of each stub, by its path inside the package."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["pybind11_stubgen", "lamina._core", "--exit-code", "--output-dir", folder]
        # Away from the root, so that the installed package is described, not the one in the tree.
        subprocess.run([sys.executable, "-m", *command], check=True, cwd=folder)
        made = Path(folder) / "lamina"
        for stub in made.rglob("*.pyi"):
            stub.write_text(tidy(stub.read_text()))
        settings = ["--quiet", "--config", str(ROOT / "pyproject.toml"), str(made)]
        ruff = [sys.executable, "-m", "ruff"]
        subprocess.run(
            [*ruff, "check", "--select", "F401,I,PIE790", "--fix", *settings], check=True
        )
        subprocess.run([*ruff, "format", *settings], check=True)
        return {str(stub.relative_to(made)): stub.read_text() for stub in made.rglob("*.pyi")}


def tidy(text: str) -> str:
    """Add the types that strict checking requires, and remove parts that differ between builds.

    Docstrings are removed too: the module has them, and stubs are for signatures.
    """
    text = re.sub(r'( *)""".*?"""\n', r"\1...\n", text, flags=re.DOTALL)
    text = re.sub(r"^\.\.\.\n", "", text)
    text = re.sub(r"__version__: str = .*", "__version__: str", text)
    text = re.sub(r"-> (tuple|list):", r"-> \1[typing.Any, ...]:", text)
    text = text.replace("list[typing.Any, ...]", "list[typing.Any]")
    text = re.sub(r"-> dict:", "-> dict[str, typing.Any]:", text)
    text = re.sub(r"\babc\.Iterable\b(?!\[)", "abc.Iterable[typing.Any]", text)
    text = re.sub(r"\*\*kwargs\b(?!:)", "**kwargs: typing.Any", text)
    text = re.sub(r"\bnumpy\.ndarray\b(?!\[)", "numpy.typing.NDArray[typing.Any]", text)
    if "numpy.typing." in text and "import numpy.typing" not in text:
        text = text.replace("import numpy\n", "import numpy\nimport numpy.typing\n", 1)
    return text


def existing() -> dict[str, str]:
    """Return the text of each stub in the tree, by its path inside the package."""
    found = [*PACKAGE.glob("_core.pyi"), *PACKAGE.glob("_core/**/*.pyi")]
    return {str(stub.relative_to(PACKAGE)): stub.read_text() for stub in found}


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail on a difference")
    options = parser.parse_args()
    new, old = generate(), existing()
    if not options.check:
        for name in old.keys() - new.keys():
            (PACKAGE / name).unlink()
        for name, text in new.items():
            (PACKAGE / name).parent.mkdir(exist_ok=True)
            (PACKAGE / name).write_text(text)
        return 0
    status = 0
    for name in sorted(new.keys() | old.keys()):
        before, after = old.get(name, "").splitlines(), new.get(name, "").splitlines()
        for line in difflib.unified_diff(before, after, name, f"{name} as built", lineterm=""):
            print(line)
            status = 1
    if status:
        print("make_stubs: the stubs do not fit the module; run python tools/make_stubs.py")
    return status


if __name__ == "__main__":
    sys.exit(main())
