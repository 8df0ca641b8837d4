"""Handling of the states that a model's layers carry from batch to batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina._calls import answering_calls
from lamina.layers.base.stateful import carriers
from lamina.models.network.weights import Weighted

if TYPE_CHECKING:
    from lamina.layers import Layer
    from lamina.layers.base.carried import Carrier


FIT_BATCH = 32  # default number of rows of a training step


class Stateful(Weighted):
    """Methods of a model for the states of its layers.  A subclass defines ``layers``."""

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
        """Reset the states of all stateful layers to zero; the number of rows may then change.

        With an ``Input`` that has a ``batch_size``, the number of rows is fixed.

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
        """Call ``reset_state``; the old Keras name."""
        self.reset_state()

    def batch_given(self) -> int | None:
        """Return the ``batch_size`` of an ``Input``."""
        return None

    def state_rows(self) -> int | None:
        """Return the required number of rows of a batch; None until the first batch."""
        given = self.batch_given()
        return given or next((c.state_rows for c in self.carriers() if c.state_rows), None)

    def default_batch(self, batch_size: Any, rows: int) -> Any:
        """Return the default batch size of predictions.

        It is that of the states, or all ``rows`` if there are none, as other sizes could leave a
        rest.
        """
        if batch_size is not None or not self.stateful:
            return batch_size
        return self.state_rows() or rows or None

    def default_fit_batch(self, batch_size: Any) -> Any:
        """Return the default batch size of a fit: 32, or None for all rows.

        For a stateful model it is that of its Input, for some optimizers all rows.
        """
        if isinstance(batch_size, str) and batch_size == "all":
            return None
        if batch_size is not None:
            return batch_size
        if getattr(getattr(self, "optimizer", None), "whole_batch", False):
            return None
        return (self.batch_given() if self.stateful else None) or FIT_BATCH

    def check_batches(self, who: str, rows: int, batch: int) -> None:
        """Raise ValueError unless ``rows`` rows form batches of the size that the states need."""
        if not self.stateful or rows == 0:
            return
        carrier, needed = self.carriers()[0].name, self.state_rows()
        if needed is not None and batch != needed:
            other = "" if self.batch_given() else ", until reset_state() is called"
            raise ValueError(
                f"{who}: {carrier} is stateful and its states have {needed} rows; got batches "
                f"of {batch} (every batch needs {needed}{other})"
            )
        if rows % batch:
            raise ValueError(
                f"{who}: {carrier} is stateful, so all batches must have the same number of rows; "
                f"got {rows} rows in batches of {batch}, which leave {rows % batch}"
            )

    def check_ragged(self, who: str) -> None:
        """Raise ValueError if rows of unequal shape are not possible, as they are reordered."""
        if self.stateful:
            raise ValueError(
                f"{who}: {self.carriers()[0].name} is stateful, so each batch follows the one "
                f"before; got rows of unequal shape, whose batches are of one shape each"
            )

    def check_fit(self, settings: Any, rows: int, held_out: int | None, given: Any) -> None:
        """Check the batches of a fit; validation uses those of training by default."""
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
    """Return the batch size of an ``Input``."""
    return getattr(layer, "batch_size", None)
