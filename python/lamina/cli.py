"""The command ``lamina``: a demonstration on real digits, and facts for bug reports."""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lamina import _core, _screen


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except KeyboardInterrupt:
        _screen.complain("\nlamina: interrupted")
        return 130
    except (OSError, ImportError, ValueError) as error:
        _screen.complain(f"lamina: error: {error}")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lamina", description="Neural networks on a CPU.")
    parser.add_argument(
        "--version", action="version", version=f"lamina {_core.__version__}",
        help="print the version and stop",
    )  # fmt: skip
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    demo = commands.add_parser(
        "demo",
        help="train a network on 5,000 handwritten digits and test it on 10,000",
        description="Train 784-256-128-10 with dropout on 5,000 MNIST digits, print the accuracy "
        "on the 10,000 test digits, and draw learning_curves.png and first_layer.png.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    demo.add_argument("--epochs", type=_positive, default=20, help="passes over the digits")
    demo.add_argument("--seed", type=_seed, default=1, help="fixes every random number")
    demo.add_argument("--batch-size", type=_positive, default=128, help="digits a step")
    demo.add_argument(
        "--validation-split",
        type=_fraction,
        default=0.1,
        help="share of the training digits held out for the validation curve; 0 trains on all",
    )
    demo.add_argument("--output-dir", type=Path, default=Path(), help="where the figures go")
    demo.add_argument("--quiet", action="store_true", help="no progress bar")
    demo.set_defaults(run=_demo)

    profile = commands.add_parser(
        "profile",
        help="print what each operation of one training step costs, and why",
        description="Print the table that lamina.profile(model, x, y) returns, of one training "
        "step of the network of 'lamina demo': for each operation its shapes, arithmetic, memory "
        "traffic, threads and median time.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    profile.add_argument("--batch-size", type=_positive, default=128, help="digits a step")
    profile.add_argument("--repeats", type=_positive, default=20, help="steps of the median")
    profile.set_defaults(run=_profile)

    info = commands.add_parser("info", help="print version, instruction set and threads")
    info.set_defaults(run=_info)
    return parser


def _positive(text: str) -> int:
    value = int(text) if text.strip().lstrip("+-").isdigit() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be a positive integer; got {text!r}")
    return value


def _seed(text: str) -> int:
    value = int(text) if text.strip().isdigit() else -1
    if not 0 <= value < 2**64:
        raise argparse.ArgumentTypeError(f"must be an integer in [0, 2**64); got {text!r}")
    return value


def _fraction(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value < 1.0:
        raise argparse.ArgumentTypeError(f"must be a number in [0, 1); got {text!r}")
    return value


def _demo(arguments: argparse.Namespace) -> int:
    # Check for missing packages and permissions before the training, not after it.
    drawable = find_spec("matplotlib") is not None
    if drawable:
        arguments.output_dir.mkdir(parents=True, exist_ok=True)
        if not os.access(arguments.output_dir, os.W_OK):
            raise OSError(f"--output-dir: {arguments.output_dir} is not writable")
    model, history, seconds, accuracy = _train(arguments)
    _screen.write(f"Training: {seconds:.2f} s for {arguments.epochs} epochs")
    _screen.write(f"Test accuracy on 10,000 digits: {100 * accuracy:.2f} %")
    if not drawable:
        _screen.write("No figures: they need matplotlib, pip install 'lamina[plot]'")
        return 0

    _write_figures(model, history, arguments.output_dir)
    return 0


def _write_figures(model: Any, history: Any, folder: Path) -> None:
    # Only files are written: pyplot could need a display that does not exist.
    from lamina.plot import curves, weights
    from lamina.plot.figures import written

    panels, units = curves.panels_of(history), weights.images_of(model)
    for name, draw in (
        ("learning_curves.png", lambda figure: curves.draw(figure, panels, False)),
        ("first_layer.png", lambda figure: weights.draw(figure, *units)),
    ):
        written("lamina demo", draw, folder / name)
        _screen.write(f"Wrote {folder / name}")


def _train(arguments: argparse.Namespace) -> tuple[Any, Any, float, float]:
    from lamina import set_random_seed

    set_random_seed(arguments.seed)
    (x_train, y_train), (x_test, y_test) = _digits()
    model = _network()
    if not arguments.quiet:
        model.summary()
    start = time.perf_counter()
    history = model.fit(
        x_train,
        y_train,
        batch_size=arguments.batch_size,
        epochs=arguments.epochs,
        validation_split=arguments.validation_split,
        verbose=0 if arguments.quiet else 1,
    )
    seconds = time.perf_counter() - start
    _, accuracy = model.evaluate(x_test, y_test, batch_size=1000, verbose=0)
    return model, history, seconds, float(accuracy)


def _digits() -> Any:
    import numpy as np

    from lamina.datasets import mnist

    return tuple((x.reshape(-1, 784).astype(np.float32) / 255, y) for x, y in mnist.digits())


def _network() -> Any:
    from lamina import Input, Sequential, layers, regularizers

    model = Sequential(
        [
            Input((784,)),
            # The penalty removes initial values where no digit has ink, which makes the figure
            # clearer.
            layers.Dense(256, activation="relu", kernel_regularizer=regularizers.L2(1e-5)),
            layers.Dropout(0.4),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _profile(arguments: argparse.Namespace) -> int:
    from lamina.profiling import profile

    (x, y), _ = _digits()
    table = profile(_network(), x, y, batch_size=arguments.batch_size, repeats=arguments.repeats)
    _screen.write(str(table))
    return 0


def _info(_: argparse.Namespace) -> int:
    import numpy as np

    runtime = _core.runtime
    _screen.write(f"lamina {_core.__version__}")
    python = f"Python {platform.python_version()}"
    _screen.write(f"{python}, NumPy {np.__version__}, {platform.platform()}")
    others = ", ".join(runtime.available_isas())
    _screen.write(f"Instruction set: {runtime.isa()} (this CPU can run: {others})")
    lacks = runtime.bfloat16_lacks()
    _screen.write(f"Products in bfloat16 (mixed_bfloat16): {'no: ' + lacks if lacks else 'yes'}")
    _screen.write(f"Threads: {runtime.get_num_threads()}")
    for key, value in runtime.thread_info().items():
        _screen.write(f"  {key}: {value}")
    return 0
