"""What a model does with the states that its layers carry from batch to batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina._calls import answering_calls
from lamina.layers.stateful import carriers
from lamina.models.weights import Weighted

if TYPE_CHECKING:
    from lamina.layers import Layer
    from lamina.layers._carried import Carrier


FIT_BATCH = 32  # rows of a training step where nothing else is said


class Stateful(Weighted):
    """What a model can do with the states of its layers.  A subclass gives ``layers``."""

    def carriers(self) -> list[Carrier]:
        """Return the layers, at any depth, that carry a state."""
        found = [carrier for layer in self.parts for carrier in carriers(layer)]
        return list({id(carrier): carrier for carrier in found}.values())

    @property
    def stateful(self) -> bool:
        """Whether any layer carries a state from batch to batch."""
        return any(carriers(layer) for layer in self.parts)

    @answering_calls
    def reset_state(self) -> None:
        """Set the states of all stateful layers to zero; the next batch may have any rows.

        After an ``Input`` with ``batch_size`` it keeps to those.

        Examples
        --------
        >>> import numpy as np, lamina
        >>> model = lamina.Sequential([lamina.Input((5, 3)), lamina.layers.GRU(2, stateful=True)])
        >>> x = np.ones((4, 5, 3), "float32")
        >>> first, second = model.predict(x), model.predict(x)
        >>> model.reset_state()
        >>> bool((model.predict(x) == first).all()), bool((first == second).any())
        (True, False)
        """
        for carrier in self.carriers():
            carrier.reset_state()

    @answering_calls
    def reset_states(self) -> None:
        """Do what ``reset_state`` does, by Keras's older name."""
        self.reset_state()

    def batch_given(self) -> int | None:
        """Return the ``batch_size`` of an ``Input``."""
        return None

    def state_rows(self) -> int | None:
        """Return how many rows a batch must have; None where the first one will tell."""
        given = self.batch_given()
        return given or next((c.state_rows for c in self.carriers() if c.state_rows), None)

    def default_batch(self, batch_size: Any, rows: int) -> Any:
        """Return the batch size of predictions where nothing else is said.

        That of the states, or all ``rows`` while there are none: any other could leave a rest.
        """
        if batch_size is not None or not self.stateful:
            return batch_size
        return self.state_rows() or rows or None

    def default_fit_batch(self, batch_size: Any) -> Any:
        """Return the batch size of a fit: None for all rows, by default 32.

        That of a stateful model is what its Input says, that of some optimizers is all rows.
        """
        if isinstance(batch_size, str) and batch_size == "all":
            return None
        if batch_size is not None:
            return batch_size
        if getattr(getattr(self, "optimizer", None), "whole_batch", False):
            return None
        return (self.batch_given() if self.stateful else None) or FIT_BATCH

    def check_batches(self, who: str, rows: int, batch: int) -> None:
        """Raise ValueError unless ``rows`` rows make batches of the size that the states need."""
        if not self.stateful or rows == 0:
            return
        carrier, needed = self.carriers()[0].name, self.state_rows()
        if needed is not None and batch != needed:
            other = "" if self.batch_given() else ", until reset_state() is called"
            raise ValueError(
                f"{who}: {carrier} is stateful and its states are of {needed} rows; got batches "
                f"of {batch} (every batch needs {needed}{other})"
            )
        if rows % batch:
            raise ValueError(
                f"{who}: {carrier} is stateful, so all batches must have as many rows; got {rows} "
                f"rows in batches of {batch}, which leave {rows % batch}"
            )

    def check_ragged(self, who: str) -> None:
        """Raise ValueError where rows of unequal shape cannot be: they change places."""
        if self.stateful:
            raise ValueError(
                f"{who}: {self.carriers()[0].name} is stateful, so each batch follows the one "
                f"before; got rows of unequal shape, whose batches are of one shape each"
            )

    def check_fit(self, settings: Any, rows: int, held_out: int | None, given: Any) -> None:
        """Check the batches of a fit; validation takes those of training unless told otherwise."""
        if not self.stateful:
            return
        if given is None:
            settings.validation_batch = settings.batch
        self.check_batches("fit", min(rows, settings.steps * settings.batch), settings.batch)
        if held_out is not None:
            if settings.validation_batch != settings.batch:
                raise ValueError(
                    f"fit: {self.carriers()[0].name} is stateful, so validation_batch_size must be "
                    f"{settings.batch}, that of training; got {settings.validation_batch}"
                )
            self.check_batches("fit: validation", held_out, settings.validation_batch)


def batch_of_input(layer: Layer | None) -> int | None:
    """Return what an ``Input`` says of the batch."""
    return getattr(layer, "batch_size", None)
