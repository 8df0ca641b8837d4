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
            found = digests.difference([{"method": "none"} | each for each in others])
            raise ValueError(
                f"{who}: all processes must call the same method with the same arguments, and with "
                f"the same settings of DataParallel; they differ in {found}"
            )

    def differing(self, who: str, told: Mapping[str, str]) -> list[dict[str, str]]:
        """Return what all processes tell if they differ, else an empty list.

        ``ValueError`` if some of them call a method while the others go on with theirs.
        """
        same = self._processes.same(_checksum(told))[0]
        return [] if same else self.of_all(who, told)

    def of_all(self, who: str, told: Mapping[str, str]) -> list[dict[str, str]]:
        """Return what all processes tell; ``ValueError`` as for ``differing``."""
        found: list[dict[str, str]] = self._processes.gather(told)
        calls = [(rank, each["method"]) for rank, each in enumerate(found) if "method" in each]
        if calls:
            rank, method = calls[0]
            raise ValueError(
                f"{who}: all processes must call the same methods of DataParallel, also in "
                f"callbacks; process {rank} calls {method}, process {self._processes.rank} does not"
            )
        return found

    def on_model(self, who: str, model: Any, told: Mapping[str, str]) -> None:
        """Raise ValueError in all processes if these digests of a model and data differ."""
        if differing := self.differing(who, told):
            self._refuse(who, model, differing)

    def _refuse(self, who: str, model: Any, differing: list[dict[str, str]]) -> None:
        found = first_difference(model, differing, self._processes)
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
        if not same:
            self._refuse(who, model, self.of_all(who, told))
        if unknown:
            self.on_model(who, model, digests.of_model(who, model) | digests.of_training(model))
        self._compared = now

    def on_rows(self, who: str, told: str) -> None:
        """Raise RuntimeError in all processes if their next batches have other numbers of rows."""
        if found := self.differing(who, {"rows": told}):
            raise RuntimeError(
                f"{who}: all processes must get the same batches; they differ in "
                f"{digests.difference(found)}"
            )


def first_difference(model: Any, told: list[dict[str, str]], processes: Any) -> str:
    """Return the first difference between digests of a model, in words if there are any."""
    found = digests.difference(told)
    in_words = digests.IN_WORDS.get(found.partition(": ")[0])
    if in_words is None:
        return found
    return digests.difference(processes.gather(in_words(model))) or found


def _checksum(told: Mapping[str, str]) -> int:
    return zlib.crc32(repr(told).encode())
