"""Different treatment of some weights by an optimizer: no decay, another learning rate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lamina._calls import answering_calls
from lamina._check import LARGEST, number
from lamina._settings import note_change
from lamina.optimizers.applying import Applying
from lamina.optimizers.chosen import Chosen


class PerWeight(Applying):
    """An optimizer whose weight decay and learning rate may differ from weight to weight."""

    def _begin_choice(self, who: str) -> None:
        self._undecayed = Chosen(who)
        self._scaled: list[
            tuple[float, Chosen]
        ] = []  # factors of the learning rate; the last one applies

    @answering_calls
    def exclude_from_weight_decay(
        self, var_list: Iterable[Any] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Exclude weights from the weight decay, by object or by name, from the next step on.

        Parameters
        ----------
        var_list : list of weights or layers, optional
        var_names : list of str, optional
            Regular expressions, searched for in a weight's own name, as in Keras: ``"bias"``
            selects every bias, ``"gamma|beta"`` the weights of normalisations.  An expression that
            matches the whole name of a layer selects all its weights.  With a slash, as in
            ``"dense_1/bias"``, it must match the names of the layer and the weight.

        Raises
        ------
        TypeError, ValueError
            If the names are not a list, or one is not a string or not a regular expression; nothing
            is changed then.

        Examples
        --------
        >>> from lamina import optimizers
        >>> optimizer = optimizers.AdamW()
        >>> optimizer.exclude_from_weight_decay(var_names=["bias", "gamma|beta"])
        """
        self._undecayed = Chosen(type(self).__name__, var_list, var_names)
        note_change(self)

    @answering_calls
    def scale_learning_rate(
        self,
        factor: float,
        var_list: Iterable[Any] | None = None,
        var_names: Iterable[str] | None = None,
    ) -> None:
        """Train some weights with ``factor`` times the learning rate, from the next step on.

        If several calls select a weight, the last one applies.

        Parameters
        ----------
        factor : float
            At least 0; the weight decay is scaled as well.
        var_list : list of weights or layers, optional
        var_names : list of str, optional
            As in `exclude_from_weight_decay`.

        Examples
        --------
        >>> from lamina import optimizers
        >>> optimizer = optimizers.Adam(0.001)
        >>> optimizer.scale_learning_rate(0.1, var_names=["encoder"])
        """
        who = type(self).__name__
        checked = number(who, "factor", factor, 0.0, LARGEST)
        self._scaled.append((checked, Chosen(who, var_list, var_names)))
        note_change(self)

    def _decays(self, weight: Any) -> bool:
        return weight not in self._undecayed

    def _shares(self, weight: Any, weight_decay: float | None) -> tuple[float, float]:
        """Return a weight's decay and its factor of the learning rate."""
        rate = next((f for f, chosen in reversed(self._scaled) if weight in chosen), 1.0)
        return (weight_decay or 0.0) if self._decays(weight) else 0.0, rate
