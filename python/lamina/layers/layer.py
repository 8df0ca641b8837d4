"""The base of all layers: the part that users see and override.

The rest is in buildable.py and recordable.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeVar, overload

from lamina import _check, _policies, regularizers
from lamina._answers import is_own
from lamina._calls import refuse_unknown
from lamina._check import Array, Shape
from lamina._names import next_name, snake_case
from lamina._own_names import give_back, take, withhold
from lamina._public import PublicKeywords, check_base_is_called
from lamina._settings import (
    argument_names,
    check_fit,
    checked,
    note_change,
)
from lamina._tensors import Recording, dataflow
from lamina.layers.base import called, calls, derived, signatures
from lamina.layers.base.buildable import STATE
from lamina.layers.base.configured import BASE_ARGUMENTS
from lamina.layers.base.held import next_moment, note_attached
from lamina.layers.base.node import Node, SymbolicTensor
from lamina.layers.base.recordable import Recordable
from lamina.layers.base.shapes import (
    rows_in,
    rows_of,
    shape_with_rows,
)

if TYPE_CHECKING:
    from lamina._typing import ArrayLike, DTypeLike, Masks, RegularizerLike, Symbols

L = TypeVar("L", bound="Layer")


class Layer(Recordable, PublicKeywords):
    """A layer: weights, and a function of tensors.

    Parameters
    ----------
    name : str, optional
        Unique in a model; by default the class's name in lower case, numbered over all models
        until ``lamina.backend.clear_session``.
    trainable : bool, default True
        False keeps the weights unchanged in ``fit``.  May be changed at any time, with effect from
        the next step on.
    dtype : {"float32", "float64", "mixed_bfloat16"} or DTypePolicy, optional
        By default the model's.  With "mixed_bfloat16" the weights are float32 and the factors of
        products are rounded to bfloat16: see ``lamina.dtype_policies``.
    input_shape : tuple of int, optional
        Shape of a row of input, for the first layer of a model without an ``Input``.
    input_dim : int, optional
        Short for ``input_shape=(input_dim,)``.
    activity_regularizer : str, Regularizer or callable, optional
        Penalty on the layer's outputs, divided by the number of rows, that is added to the loss.

    Notes
    -----
    To write your own layer, define ``call(self, x, training=None, mask=None)``, using
    ``lamina.ops`` and Python's operators, and, if it has weights, ``build(self, input_shape)``,
    which makes them with ``add_weight``; ``input_shape`` starts with the axis of rows, ``(None,
    3)``.  Layers and models kept as attributes, also in lists and dicts, belong to the layer, and
    their weights are among its weights.  ``call`` runs when a model is recorded, not for every
    batch, so Python's ``if`` may depend on ``training``, shapes and settings, but not on the values
    of tensors.

    A mask says which positions of a row count, with one boolean for each position of the
    leading axes.  It is passed to ``call`` if that has a parameter ``mask``.  With
    ``supports_masking`` the mask is passed on unchanged; otherwise it ends at this layer, unless
    ``compute_mask`` returns another.

    A layer may instead define ``record(graph, x)``, in terms of the engine's operations on tensors
    with the shape of one row, and ``compute_output_shape``.

    Examples
    --------
    >>> import lamina
    >>> from lamina import ops
    >>> class Swish(lamina.layers.Layer):
    ...     def build(self, input_shape):
    ...         self.slope = self.add_weight(shape=(input_shape[-1],), initializer="ones")
    ...     def call(self, x):
    ...         return x * ops.sigmoid(self.slope * x)
    >>> Swish()([[0.0, 2.0]]).round(3)
    array([[0.   , 1.762]], dtype=float32)
    """

    # Used by models, wrappers and the engine; hidden from dir and help.
    _plumbing: ClassVar[str] = (
        "ahead apply apply_record axes_of_whole bias_shape built_within by_rows call_rows calls "
        "cell changeable check_weights_fit class_name drops ends_masks fill first_bias forget "
        "found gates given_input_shape held_beside input_bound input_bounds input_dtypes "
        "is_operation last_losses moment named needs_list new_numbers output_shape_of "
        "parameters penalized penalties place placed positionwise prepare reads_batch record "
        "record_masks recorded_settings regularize_activity regularize_recorded replays restore "
        "row_output_shape settle snapshot stands_for state_rows stream streams take_beside "
        "take_dtype take_pending takes_any_name takes_empty takes_mask takes_training "
        "tell_policy training_unsaid turn unlearned walk wanted_dtypes within written"
    )

    _overwritten: ClassVar[str] = "nodes"  # users may reuse the name: see _own_names.py

    def __init_subclass__(cls, **options: Any) -> None:
        """Find out how the class is written: with ``call``, as Keras's layers, or row by row."""
        super().__init_subclass__(**options)
        calls = signatures.has_call(cls, Layer)
        own = withhold(cls) if calls else {}
        cls.calls = calls
        recorded = signatures.parameters_of(cls.record)
        parameters = signatures.parameters_of(cls.call) if cls.calls else recorded
        cls.takes_mask = "mask" in parameters
        cls.record_masks = "mask" in recorded
        given = bool(vars(cls).get("takes_empty", False))
        cls.takes_empty = given or (cls.calls and not is_own(cls.call))
        cls.takes_training = cls.calls and "training" in parameters
        cls.training_unsaid = signatures.default_of(cls.call, "training") if cls.calls else None
        cls.takes_any_name = cls.calls and signatures.takes_any_name(cls.call)
        if cls.calls and cls.input_dtype is Layer.input_dtype:
            cls.input_dtype = None  # inputs are passed as they are
        derived.adapt(cls)
        check_base_is_called(cls, "_name")
        give_back(cls, own)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; a new value of a setting is checked, or refused where it is fixed."""
        if name in STATE:
            object.__setattr__(self, name, value)
            return
        if self.calls and take(self, name, value):
            return
        names = argument_names(type(self)) if name in self.__dict__ else ()
        if name not in names or name in NOT_RECORDED:
            object.__setattr__(self, name, value)
            note_attached(self, name, value)
            return
        if name in self.changeable:
            value = checked(self, [n for n in names if n not in BASE_ARGUMENTS], name, value)
            if self.built and type(value) is float:
                check_fit(self, name, value, self.dtype, self.name)
        elif self.built and _takes(type(self), name):
            can = f"; {', '.join(self.changeable)} may be set" if self.changeable else ""
            raise ValueError(
                f"{self.name}: {name} is fixed once the layer is built{can}; got {value!r}"
            )
        object.__setattr__(self, name, value)
        note_change(self)

    def __init__(
        self,
        *,
        name: str | None = None,
        trainable: bool = True,
        dtype: DTypeLike | None = None,
        input_shape: int | Sequence[int] | None = None,
        input_dim: int | None = None,
        activity_regularizer: RegularizerLike = None,
        **unknown: NoReturn,
    ) -> None:
        who = type(self).__name__
        if unknown:
            refuse_unknown(type(self), unknown)
        if name is not None and (not isinstance(name, str) or not name):
            raise TypeError(f"{who}: name must be a non-empty string; got {name!r}")
        if input_shape is not None and input_dim is not None:
            raise ValueError(f"{who}: give input_shape or input_dim, not both")
        self._name = name or next_name(snake_case(who))
        self.named = name is not None
        self.moment = next_moment()
        self.built = False
        self._stream = 0
        given, self._default_policy = _policies.given(who, dtype)
        self._take_policy(given)
        self._dtype = self._first_dtype
        self._trainable = _check.boolean(who, "trainable", trainable)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self._input_shape: Shape | None = None
        if input_shape is not None:
            self._input_shape = _check.open_shape(who, "input_shape", input_shape)
        elif input_dim is not None:
            self._input_shape = (_check.integer(who, "input_dim", input_dim),)
        self._hold_none()
        self.built_within = []
        self._built_shape: Any = None  # a shape, or a list of them for several inputs
        self.nodes: list[Node] = []  # the calls on symbolic tensors

    # --- methods that a user's layer overrides

    if not TYPE_CHECKING:  # see recordable.py

        @signatures.takes_first_by_any_name
        def call(self, x: Any, training: bool | None = None, mask: Any = None) -> Any:
            """Return the output, a tensor or a structure of tensors.

            Called on arrays, a layer of the library computes, as ``layer(x)`` does.

            Parameters
            ----------
            x : Tensor or structure of Tensor
            training : bool, optional
                Whether this is for training.
            mask : Tensor, optional
                Boolean, True for the positions of a row that count.
            """
            if Recording.current() is None:
                return calls.outside(self, x, mask, training)
            return calls.recorded(self, x, mask, training)

        def build(self, input_shape: Any) -> None:
            """Make the weights with ``add_weight``."""
            derived.build_nothing(self, input_shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the output; raises ValueError if ``input_shape`` is unfit.

        Both shapes start with the axis of rows, ``(None, 3)``.  A layer with several inputs is
        given a list of shapes; one with several outputs returns a list.  If a class does not define
        this method, the layer is recorded to find the shape, without being built.
        """
        if self.calls:
            return called.output_shape(self, input_shape)
        return shape_with_rows(
            self.row_output_shape(rows_of(self.name, input_shape)), rows_in(input_shape)
        )

    @property
    def losses(self) -> list[Any]:
        """Losses given to ``add_loss``: tensors while recording, else numbers of the last call.

        They are followed by the penalties for the current weights.
        """
        return calls.losses_of(self)

    def add_loss(self, loss: Any) -> None:
        """Add a number to the training loss; to be called within ``call``.

        Parameters
        ----------
        loss : Tensor
            A single number, computed with ``lamina.ops`` from inputs, weights or outputs.  If it
            has an axis of rows, its mean is used.
        """
        calls.add_loss(self, loss)

    # --- use

    @overload
    def __call__(
        self, x: Symbols, *, mask: Masks = None, training: bool | None = None
    ) -> SymbolicTensor: ...
    @overload
    def __call__(
        self,
        x: ArrayLike,
        *,
        mask: ArrayLike | None = None,
        training: bool | None = None,
    ) -> Array: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Apply the layer to arrays, to symbolic tensors, or to tensors within another's ``call``.

        Parameters
        ----------
        *args, **kwargs : array_like of shape (rows, ...), SymbolicTensor, Tensor, or lists of them
            The arguments of ``call``; the first of a layer of the library may have the name that it
            has in Keras, such as ``inputs``.  A layer that is not built yet is built for the given
            shape.  Arrays passed by name whose first axis differs from the number of rows are
            passed whole.
        mask : array_like of bool or tensor, optional
            For layers that take a mask: shape (rows, steps).
        training : bool, optional
            By default arrays are computed as the default of ``call``'s parameter says, else as in
            inference, and symbolic tensors according to how the model is called.  A value given in
            a call on symbolic tensors is fixed: ``fit``, ``predict`` and
            ``model(x, training=...)`` do not override it.

        Returns
        -------
        ndarray, SymbolicTensor or Tensor, or the structure of them that ``call`` returns
        """
        if not args and kwargs:
            args, kwargs = signatures.first_by_place(self.written, kwargs)
        if dataflow.among(args, kwargs):
            from lamina.layers.base import rehearsed as _rehearsed

            return _rehearsed.node(self, args, kwargs)
        return self._applied_to(args, kwargs)

    def _applied_to(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return what a call makes, but of symbolic tensors of TensorFlow's."""
        return calls.call(self, args, kwargs)

    @property
    def input(self) -> SymbolicTensor:
        """The symbolic tensor, or list of them, on which the layer was first called."""
        inputs: Any = self._first_node("input").inputs
        return inputs[0] if len(inputs) == 1 else list(inputs)  # type: ignore[return-value]

    @property
    def output(self) -> SymbolicTensor:
        """The symbolic tensor, or list of them, returned by the layer's first call."""
        outputs: Any = self._first_node("output").outputs
        return outputs[0] if len(outputs) == 1 else list(outputs)  # type: ignore[return-value]

    def _first_node(self, what: str) -> Node:
        chain = None if self.nodes or self._in_row is None else self._in_row()
        if chain is not None and chain.row_shape is not None:
            chain.outputs  # noqa: B018  (each layer is called on what the one before returns)
        if not self.nodes:
            raise AttributeError(f"{self.name}: has no {what}; it was not called on an Input yet")
        return self.nodes[0]


NOT_RECORDED = BASE_ARGUMENTS - {"input_dim", "activity_regularizer"}  # the first is Embedding's


def _takes(cls: type, argument: str) -> bool:
    """Return whether a class of this package takes the argument, according to its settings."""
    return any(
        is_own(vars(base)["__init__"]) and argument in argument_names(base)
        for base in cls.__mro__
        if "__init__" in vars(base) and issubclass(base, Layer)
    )
