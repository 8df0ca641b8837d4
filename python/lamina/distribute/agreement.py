"""Agreement of the processes on what they are about to do; a difference is an error in all."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

from lamina.distribute import digests

ADVICE = (
    "; lamina.set_random_seed draws the same weights in all, and DataParallel.broadcast copies "
    "those of one to all"
)


class Agreement:
    """What the processes have agreed on, call by call.

    Parameters
    ----------
    processes : Processes or Alone
    settings : dict of str to object
        Those of ``DataParallel`` that must be the same in all processes.
    """

    def __init__(self, processes: Any, settings: Mapping[str, object]) -> None:
        self._processes = processes
        self._program = {name: str(value) for name, value in settings.items()}
        self._program |= digests.of_program()
        self._compared: tuple[Any, ...] | None = None  # what a step was last compared for

    def on_call(self, who: str, **arguments: object) -> None:
        """Raise ValueError in all processes if they call different methods, or in another form.

        The arguments include all that determines which messages follow: others would not meet.
        """
        given = {name: str(value) for name, value in arguments.items()}
        told = {"method": who, **given, **self._program}
        if not self._processes.same(_checksum(told))[0]:
            others = self._processes.gather(told)
            found = digests.difference([{"method": "no call of a method"} | t for t in others])
            raise ValueError(
                f"{who}: all processes must call the same method with the same arguments, and with "
                f"the same settings of DataParallel; they differ in {found}"
            )

    def on_model(self, who: str, model: Any, told: Mapping[str, str]) -> None:
        """Raise ValueError in all processes if these digests of a model and data differ."""
        found = difference_of(model, told, self._processes)
        if found:
            drawn = found.startswith(("seed: ", "seeds within the model: ", "weights: "))
            raise ValueError(
                f"{who}: all processes must use the same model and data in the same way; they "
                f"differ in {found}{ADVICE if drawn else ''}"
            )

    def on_step(self, who: str, model: Any, rows: int) -> None:
        """Raise ValueError in all processes if their models or numbers of rows differ in a step.

        The number of steps, the learning rate and the choice of trainable weights are compared at
        each step, and all weights and settings only at the first one and after each ``compile``.
        """
        now = model.compilation(who), model._as_of()
        told = {"rows": str(rows), **digests.of_progress(model)}
        same, unknown = self._processes.same(_checksum(told), now != self._compared)
        if unknown:
            told = told | digests.of_model(who, model) | digests.of_training(model)
        if unknown or not same:
            self.on_model(who, model, told)
        self._compared = now

    def on_rows(self, who: str, told: str) -> None:
        """Raise RuntimeError in all processes if their next batches have other numbers of rows."""
        if not self._processes.same(zlib.crc32(told.encode()))[0]:
            found = digests.difference([{"rows": t} for t in self._processes.gather(told)])
            raise RuntimeError(
                f"{who}: all processes must get the same batches; they differ in {found}"
            )


def difference_of(model: Any, told: Mapping[str, str], processes: Any) -> str:
    """Return the first difference between digests of the processes, in words if there are any."""
    found = digests.difference(processes.gather(told))
    in_words = digests.IN_WORDS.get(found.partition(": ")[0])
    if in_words is None:
        return found
    return digests.difference(processes.gather(in_words(model))) or found


def _checksum(told: Mapping[str, str]) -> int:
    return zlib.crc32(repr(told).encode())
