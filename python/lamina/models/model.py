"""The models that users create: from symbolic tensors, or as a class with ``call``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from lamina._answers import is_own
from lamina._calls import answering_calls, refuse_unknown
from lamina._own_names import give_back, withhold
from lamina._public import check_base_is_called
from lamina._settings import has_settings, reading_with
from lamina._tensors.arguments import flat
from lamina.layers import Layer, SymbolicTensor
from lamina.layers.base import signatures
from lamina.models.saved import Saved

if TYPE_CHECKING:
    from lamina._typing import DTypeLike, Self, Tensors


OPTIONS = ("name", "dtype", "seed")  # arguments of every model


def _functional() -> Any:
    from lamina.models.functional import Functional

    return Functional


def _put_behind_model(cls: type) -> None:
    """Give a class with ``call`` the behaviour of such models, unneeded in graph models."""
    from lamina.models.architecture.called import Called

    if not issubclass(cls, Called):
        cls.__bases__ = (*cls.__bases__, Called)
    cls._take_build()  # type: ignore[attr-defined]


def _make_graph_model(cls: type) -> None:
    """Make a class without ``call`` a graph model, with inputs and outputs."""
    functional = _functional()
    if functional not in cls.__mro__:  # an abstract class caches the results of issubclass
        cls.__bases__ = tuple(functional if base is Model else base for base in cls.__bases__)


class Model(Saved):
    """A network that can be trained; ``Model(inputs, outputs)`` makes one from symbolic tensors.

    To write your own model, derive a class, make layers in its constructor, and define ``call(self,
    inputs, training=None, mask=None)``, as for a layer.

    Parameters
    ----------
    inputs, outputs : SymbolicTensor, list or dict of them
        The results of ``lamina.Input`` and of layers called on it: see
        ``lamina.models.Functional``, which such a call returns.  A model with ``call`` takes
        neither.
    name : str, optional
    dtype : {"float32", "float64"}, optional
    seed : int, optional

    Attributes
    ----------
    name : str
    dtype : {"float32", "float64"}
        The dtype of the weights and, unless ``dtype_policy`` says otherwise, of computation.
    seed : int
        Determines initial weights, shuffles, validation splits and dropout.
    history : History or None
        The history of the last fit, even if it was interrupted.
    stop_training : bool
        Set it to True, in a callback or another thread, to end a fit after the current batch.

    Examples
    --------
    >>> import lamina
    >>> from lamina.layers import Dense
    >>> x = lamina.Input((19,), name="x")
    >>> h = Dense(50, "relu", name="h")(x)
    >>> model = lamina.Model(inputs=x, outputs=[Dense(1, name="mean")(h), Dense(2, name="rest")(h)])
    >>> model.output_names
    ['mean', 'rest']
    >>> model.output_shape
    [(None, 1), (None, 2)]

    A model with ``call``:

    >>> class Residual(lamina.Model):
    ...     def __init__(self, units):
    ...         super().__init__()
    ...         self.first, self.last = Dense(units, "relu"), Dense(1)
    ...     def call(self, inputs):
    ...         h = self.first(inputs)
    ...         return self.last(h + inputs)
    >>> Residual(2)([[1.0, 2.0]]).shape
    (1, 1)
    """

    def __new__(cls, *args: Any, **options: Any) -> Self:
        """Return a graph model for ``Model(inputs, outputs)``."""
        if cls is not Model:
            if not cls.calls and Model in cls.__bases__ and not is_own(cls):
                given = [*args, *(options.get(name) for name in ("inputs", "outputs"))]
                if any(isinstance(leaf, SymbolicTensor) for leaf in flat(given)):
                    _make_graph_model(cls)
            return object.__new__(cls)
        if not args and not {"inputs", "outputs"} & options.keys():
            refuse_unknown(Model, {k: v for k, v in options.items() if k not in OPTIONS})
            raise TypeError(
                "Model: needs inputs and outputs; for a sequence of layers see Sequential"
            )
        from lamina.models.functional import Functional

        return object.__new__(Functional)  # type: ignore[return-value]

    def __init_subclass__(cls, **options: Any) -> None:
        """Determine whether the class defines ``call``."""
        super().__init_subclass__(**options)
        own = withhold(cls)
        check_base_is_called(cls, "name")
        cls.calls = signatures.has_call(cls, Model)
        if cls.calls:
            _put_behind_model(cls)
        give_back(cls, own)

    def __init__(
        self,
        inputs: Tensors | None = None,
        outputs: Tensors | None = None,
        *,
        name: str | None = None,
        dtype: DTypeLike | None = None,
        seed: int | None = None,
        **unknown: NoReturn,
    ) -> None:
        if unknown:
            refuse_unknown(type(self), unknown)
        if inputs is not None or outputs is not None:
            if not self.calls and Model in type(self).__bases__:
                _make_graph_model(type(self))
            if _functional() not in type(self).__mro__:
                raise TypeError(
                    f"{type(self).__name__}: defines call, so it takes no inputs and outputs"
                )
            _functional().__init__(self, inputs, outputs, name=name, dtype=dtype, seed=seed)
            return
        if not self.calls:  # as in Keras, only calling it is an error
            _put_behind_model(type(self))
            type(self).calls = True
        self._begin(name, dtype, seed)

    calls: ClassVar[bool] = False  # whether the class defines ``call``; determined per class

    @classmethod
    @answering_calls
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, type] | None = None
    ) -> Model:
        """Return a new model from the ``get_config`` of a graph model or a Sequential."""
        from lamina.models.architecture.called import from_config
        from lamina.models.functional import Functional
        from lamina.models.sequential import Sequential

        if cls.calls:
            with reading_with(custom_objects):
                return from_config(cls, config)  # type: ignore[no-any-return]
        made: Any = Functional if has_settings(config, "output_layers") else Sequential
        return made.from_config(config, custom_objects)  # type: ignore[no-any-return]


Layer.register(Model)  # as in Keras, although models hold their layers differently
