"""Write the list of public layers from the ``__all__`` of each of their modules, or check it.

    python tools/list_layers.py           writes python/lamina/layers/_listed.py
    python tools/list_layers.py --check   fails if it would change

Needs ruff.
"""

from __future__ import annotations

import argparse
import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ROOT / "python" / "lamina" / "layers"
LISTED = LAYERS / "_listed.py"

HEAD = '''"""The public layers and their modules; tools/list_layers.py writes this file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
'''


def public_names() -> dict[str, list[str]]:
    """Return the public names of each module of layers, by the module's dotted name."""
    found = {}
    for file in sorted(LAYERS.rglob("*.py")):
        path = file.relative_to(LAYERS).with_suffix("").parts
        names = [] if path[-1].startswith("_") else names_in(file)
        if names:
            found[".".join(path)] = names
    return found


def names_in(file: Path) -> list[str]:
    """Return the contents of a module's ``__all__``, without importing it."""
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    return []


def generate() -> str:
    """Return the text of the file."""
    public = public_names()
    lines = [
        f"    from lamina.layers.{module} import {', '.join(names)}"
        for module, names in public.items()
    ]
    everything = sorted(name for names in public.values() for name in names)
    modules = {name: module for module, names in public.items() for name in names}
    text = HEAD + "\n".join(lines) + f"\n\n__all__ = {everything}\n\nMODULES = {modules}\n"
    for command in (["check", "--select", "I,RUF022", "--fix-only"], ["format"]):
        settings = ["--quiet", "--config", str(ROOT / "pyproject.toml")]
        ruff = [sys.executable, "-m", "ruff", *command, *settings]
        done = subprocess.run(
            [*ruff, "--stdin-filename", str(LISTED), "-"],
            input=text, capture_output=True, text=True, check=True,
        )  # fmt: skip
        text = done.stdout
    return text


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail on a difference")
    options = parser.parse_args()
    text = generate()
    if not options.check:
        LISTED.write_text(text)
    elif LISTED.read_text() != text:
        print(f"{LISTED.relative_to(ROOT)} is out of date: run python tools/list_layers.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
