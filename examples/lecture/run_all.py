"""Run every page of the lecture, write all pictures and a contact sheet, and check the figures.

    python examples/lecture/run_all.py [--short] [--out FOLDER] [--pages] [SCRIPT ...]

``--short`` uses fewer repetitions, for a quick look and for continuous integration.  ``--pages``
writes the output and the pictures of the scripts to their pages, and the figures that have a
published value to the list of pages.  The exit status is 1 if a script fails or a figure is out of
its stated range.  A script whose data are missing is skipped; if the environment variable
LAMINA_REQUIRE_PEERS is set it fails.
"""

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
from lecture import SKIPPED

HERE = Path(__file__).resolve().parent
NO_PAGES = {"lecture", "run_all"}
PRINTED = "<!-- what the script prints -->\n```text\n", "```\n<!-- end of it -->"
PUBLISHED = "<!-- figures that are published -->\n", "<!-- end of them -->"


def main():
    """Run the scripts, two at a time, each on one thread."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scripts", nargs="*", help="names such as hitters; by default all")
    parser.add_argument("--short", action="store_true", help="fewer repetitions")
    parser.add_argument("--out", type=Path, default=Path("pictures"), help="folder of the pictures")
    parser.add_argument("--pages", action="store_true", help="write the pages beside the scripts")
    options = parser.parse_args()
    if options.pages and options.short:
        parser.error("--pages takes the figures of a full run; leave --short out")
    names = options.scripts or sorted(p.stem for p in HERE.glob("*.py") if p.stem not in NO_PAGES)
    out = HERE / "pictures" if options.pages else options.out

    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda name: run(name, out, options.short), names))
    for name, done, seconds in runs:
        ended = {0: "done", SKIPPED: "skipped"}.get(done.returncode, "failed")
        print(f"=== {name}: {ended} in {seconds:.1f} s")
        print(done.stdout.rstrip())
        print(done.stderr.rstrip(), file=sys.stderr)
        if options.pages and not done.returncode:
            put(HERE / f"{name}.md", PRINTED, done.stdout)
    if options.pages:
        put(HERE / "README.md", PUBLISHED, published())
    contact_sheet(out)
    failed = [name for name, done, _ in runs if done.returncode not in (0, SKIPPED)]
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


def run(name, out, short):
    """Run one script; return its name, its outcome, and the seconds it took."""
    command = [sys.executable, "-W", "error", str(HERE / f"{name}.py"), "--out", str(out)]
    start = time.perf_counter()
    done = subprocess.run(
        command + ["--short"] * short,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "LAMINA_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"},
    )
    return name, done, time.perf_counter() - start


def put(page, marks, new):
    """Put a text between two markers of a page."""
    text = page.read_text(encoding="utf-8")
    before, rest = text.split(marks[0])
    after = rest.split(marks[1])[1]
    page.write_text(before + marks[0] + new.strip("\n") + "\n" + marks[1] + after, encoding="utf-8")


def published():
    """Return a table of the figures on all pages that have a published value."""
    lines = ["| page | figure | here | published |", "| --- | --- | --- | --- |"]
    for page in sorted(HERE.glob("*.md")):
        printed = page.read_text(encoding="utf-8").partition(PRINTED[0])[2].partition(PRINTED[1])[0]
        head, *rows = f"figure{printed.rpartition('figure ')[2]}".splitlines() or [""]
        if "  published" not in head:
            continue
        here, theirs, stated = (head.index(name) for name in ("here", "published", "stated"))
        for row in rows:
            cells = row[:here].strip(), row[here:theirs].strip(), row[theirs:stated].strip()
            if cells[2]:
                lines.append(f"| [{page.stem}]({page.name}) | {' | '.join(cells)} |")
    return "\n".join(lines)


def contact_sheet(folder, columns=5):
    """Draw all pictures of a folder, at a third of their size, on one sheet."""
    mpl.use("agg")
    files = sorted(p for p in folder.glob("*.png") if p.stem != "contact_sheet")
    if not files:  # all scripts were skipped
        return
    rows = -(-len(files) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(3.2 * columns, 2.1 * rows), squeeze=False, layout="constrained"
    )
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, file in zip(axes.flat, files, strict=False):
        ax.imshow(plt.imread(file))
        ax.set_title(file.stem, fontsize=8)
    figure.savefig(folder / "contact_sheet.png", dpi=100)


if __name__ == "__main__":
    main()
