"""From symbolic tensors to steps: the order in which layers run, and their inputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from lamina import _core, _screen
from lamina._check import show_shape
from lamina._names import free_name
from lamina._tensors import Arguments, Recording, Tensor
from lamina.layers import InputLayer, Layer, SymbolicTensor
from lamina.layers.base import called
from lamina.layers.base.node import Node
from lamina.layers.base.reached import reached
from lamina.layers.base.shapes import Sketch, Spec, sketched
from lamina.layers.base.use import using
from lamina.models.architecture.front import Front, FrontStep
from lamina.models.data.inputs import Port

if TYPE_CHECKING:
    from lamina.layers.preprocessing.ahead import AheadLayer

Want = tuple[str, Any]  # the kind of numbers read, and the bound of token ids or None


@dataclass
class Step:
    """One application of a layer; tensors are numbered.

    ``arguments`` holds the call's arguments, for a layer that is written with ``call``;
    ``training`` is the value passed to any other layer.
    """

    layer: Layer
    inputs: list[int]
    masks: list[int | None] | None
    outputs: list[int]
    arguments: Arguments | None = None
    training: bool | None = None


class Structure:
    """The graph between a model's inputs and outputs.

    Attributes
    ----------
    layers : list of Layer
        In Keras's order: by their distance from the outputs, farthest first; among equals, in the
        order in which they are met on the way back from the first output.
    steps : list of Step
        In an order in which they can run.
    ahead : list of Step
        Steps of layers that compute on arrays, before the recorded part runs.
    fed : list of int
        The tensors fed to the graph: the inputs, if there is no layer before it.
    shapes : list of tuple of int
        Of a row of each tensor.
    inputs, outputs : list of int
        Numbers of tensors.
    """

    def __init__(
        self,
        who: str,
        inputs: Sequence[SymbolicTensor],
        outputs: Sequence[SymbolicTensor],
    ) -> None:
        starts = {id(t): _input_of(t) for t in inputs}
        nodes, found = _trace(who, starts, outputs)
        unused = [s for s in starts.values() if s.node not in nodes]
        for tensor in unused:
            _screen.warn(
                f"{who}: input {tensor.name!r} of shape {show_shape(tensor.row_shape)} leads to no "
                f"output: it is fed but never read"
            )
        found = [*(tensor.node.layer for tensor in unused), *found]
        self.tensors: list[SymbolicTensor] = []
        self._numbers: dict[int, int] = {}
        self.inputs = [self._number(t) for t in starts.values()]
        self.ahead: list[Step] = []
        self.steps: list[Step] = []
        for node in nodes:
            if not node.inputs:
                continue
            used = [self._number(starts.get(id(t), t)) for t in node.inputs]
            masks = [
                None if m is None else self._number(starts.get(id(m), m)) for m in node.masks or ()
            ]
            made = [self._number(t) for t in node.outputs]
            steps = self.ahead if node.ahead else self.steps
            steps.append(Step(node.layer, used, masks or None, made, node.arguments, node.training))
        self.outputs = [self._number(starts.get(id(t), t)) for t in outputs]
        self.shapes = [t.row_shape for t in self.tensors]
        self.dtypes = [t.given_dtype for t in self.tensors]
        self.whole = [t.whole for t in self.tensors]
        self.masks = [t.mask_shape for t in self.tensors]
        self.input_layers: list[InputLayer] = [s.node.layer for s in starts.values()]  # type: ignore[misc]
        self.layers = self._sorted(found)
        self.fed = self._read(who)

    def _number(self, tensor: SymbolicTensor) -> int:
        if id(tensor) not in self._numbers:
            self._numbers[id(tensor)] = len(self.tensors)
            self.tensors.append(tensor)
        return self._numbers[id(tensor)]

    @property
    def all_steps(self) -> list[Step]:
        """The steps on arrays, then the recorded ones."""
        return [*self.ahead, *self.steps]

    def _read(self, who: str) -> list[int]:
        """Return the tensors fed to the graph: the inputs, and results of layers before it."""
        for number in self.outputs:
            if self.dtypes[number] == "string":
                name = self.tensors[number].name
                raise TypeError(f"{who}: output {name!r} holds strings; a model returns numbers")
        if not self.ahead:
            return self.inputs
        read = {t for step in self.steps for t in (*step.inputs, *(step.masks or ()))}
        read.update(self.outputs)
        made = [t for step in self.ahead for t in step.outputs]
        return [t for t in (*self.inputs, *made) if t in read]

    def front(self, who: str, names: Sequence[str]) -> Front | None:
        """Return the part that computes on arrays before the graph, for inputs of these names."""
        if not self.ahead:
            return None
        place = {number: i for i, number in enumerate(self.inputs)}
        ports = [Port(n, self.shapes[t]) for n, t in zip(names, self.inputs, strict=True)]
        steps = []
        for step in self.ahead:
            (output,) = step.outputs
            place[output] = len(place)
            layer = cast("AheadLayer", step.layer)
            steps.append(FrontStep(layer, [place[t] for t in step.inputs], place[output]))
        return Front(who, ports, steps, [place[t] for t in self.fed])

    def _sorted(self, met: list[Layer]) -> list[Layer]:
        depth_of_layer: dict[int, int] = {}
        needed: dict[int, int] = {}  # by tensor: one more than the depth of its deepest reader
        for step in reversed(self.all_steps):
            depth = max(needed.get(t, 0) for t in step.outputs)
            depth = max(depth, depth_of_layer.get(id(step.layer), 0))
            depth_of_layer[id(step.layer)] = depth
            for t in (*step.inputs, *(m for m in step.masks or () if m is not None)):
                needed[t] = max(needed.get(t, 0), depth + 1)
        for number, layer in zip(self.inputs, self.input_layers, strict=True):
            depth_of_layer[id(layer)] = needed.get(number, 0)
        return sorted(met, key=lambda layer: -depth_of_layer[id(layer)])

    # --- called by the model

    def ports(self, names: Sequence[str]) -> list[Port]:
        """Return the descriptions of the graph's inputs, those of the model with its names."""
        wants: dict[int, Want] = {}
        for step in reversed(self.steps):
            if step.arguments is not None:
                continue  # takes any kind
            count = len(step.inputs)
            bounds = step.layer.input_bounds(count)
            for t, kind, bound in zip(
                step.inputs, step.layer.wanted_dtypes(count), bounds, strict=True
            ):
                if kind is not None:
                    want = (kind, bound)
                elif step.outputs[0] in wants:  # takes any kind, and passes it on
                    want = wants[step.outputs[0]]
                else:
                    continue
                wants[t] = _agreed(wants.get(t), want)
        known = {
            t: (n, la.kind) for n, t, la in zip(names, self.inputs, self.input_layers, strict=True)
        }
        for step in self.ahead:
            taken = [name for name, _ in known.values()]
            kind = self.dtypes[step.outputs[0]]
            own = None if kind == "float" else kind
            known[step.outputs[0]] = (free_name(step.layer.name, taken), own)
        ports = []
        for number in self.fed:
            name, own = known[number]
            kind, bound = wants.get(number, ("float", None))
            if own not in (None, kind):
                kind, bound = own, None
            made = number not in self.inputs
            open_kind = own is None and not made and number not in wants
            ports.append(Port(name, self.shapes[number], kind, bound, made, open_kind))
        return ports

    def prepare(self, dtype: str, kinds: Sequence[str]) -> None:
        """Build all layers, each when the recording of all of them reaches it.

        ``kinds`` gives the kind that is fed to each input.
        """
        specs = [Spec(tuple(self.shapes[t]), kind) for t, kind in zip(self.fed, kinds, strict=True)]
        sketched(dtype, specs, lambda sketch: self._reach(sketch, dtype))

    def _reach(self, sketch: Sketch, dtype: str) -> None:
        values: list[dict[int, Tensor]] = [
            dict(zip(self.fed, tensors, strict=True)) for tensors in sketch.inputs
        ]
        specs: dict[int, Spec] = dict(zip(self.fed, sketch.given, strict=True))
        stream = 0
        for step in self.steps:
            inputs = [_inputs(step, known) for known in values]
            given = [specs[t] for t in step.inputs]
            for i, mask in enumerate(step.masks or ()):
                if mask is not None:
                    given[i] = replace(given[i], mask=specs[mask].shape)
            results, found = reached(
                step.layer, sketch, inputs, given, dtype, stream, step.arguments
            )
            for known, outputs in zip(values, results, strict=True):
                known.update(zip(step.outputs, outputs, strict=True))
            specs.update(zip(step.outputs, found, strict=True))
            stream += step.layer.streams
        called.check_weights(self.layers, list(values[0].values()))

    @property
    def streams(self) -> int:
        """The number of streams of random numbers used by all steps."""
        return sum(step.layer.streams for step in self.steps)

    def record(
        self,
        graph: _core.Graph,
        inputs: Sequence[_core.Tensor],
        masks: Sequence[_core.Tensor | None],
        stream: int,
    ) -> tuple[list[Any], list[Any]]:
        """Record all steps; return the outputs and their masks."""
        values: dict[int, Any] = dict(zip(self.fed, inputs, strict=True))
        masked: dict[int, Any] = dict(zip(self.fed, masks, strict=True))
        recording = Recording.of(graph)
        for step in self.steps:
            x = [values[t] for t in step.inputs]
            mask = [masked[t] for t in step.inputs]
            for i, given in enumerate(step.masks or ()):
                mask[i] = mask[i] if given is None else values[given]
            one = len(x) == 1
            with using(step.layer, stream=stream), recording.told(step.training):
                if step.arguments is not None:
                    y, out = called.record(step.layer, graph, step.arguments, x, mask)
                else:
                    y, out = step.layer.apply(graph, x[0] if one else x, mask[0] if one else mask)
            stream += step.layer.streams
            made = (y, out) if isinstance(y, list) else ([y], [out])
            for t, value, its_mask in zip(step.outputs, *made, strict=True):
                values[t], masked[t] = value, its_mask
        return [values[t] for t in self.outputs], [masked[t] for t in self.outputs]

    def readers(self) -> Iterator[tuple[Layer, list[Layer]]]:
        """Yield each layer with those whose outputs its calls read, for tables and drawings."""
        makers: dict[int, Layer] = dict(zip(self.inputs, self.input_layers, strict=True))
        for step in self.all_steps:
            makers.update(dict.fromkeys(step.outputs, step.layer))
        for layer in self.layers:
            own = [step for step in self.all_steps if step.layer is layer]
            yield layer, [makers[t] for step in own for t in step.inputs]

    # --- copies

    def __getstate__(self) -> dict[str, Any]:
        """Return everything except the symbolic tensors, which belong to this process's nodes."""
        return {**self.__dict__, "tensors": [], "_numbers": {}}

    def restore_nodes(self) -> None:
        """Make the symbolic tensors of a copy."""
        made: dict[int, SymbolicTensor] = {}
        for number, layer in zip(self.inputs, self.input_layers, strict=True):
            made[number] = layer.tensor()
        for place, step in enumerate(self.all_steps):
            masks = [None if m is None else made[m] for m in step.masks or ()] or None
            inputs = [made[t] for t in step.inputs]
            node = Node(step.layer, inputs, [], None, masks, step.arguments, step.training)
            node.ahead = place < len(self.ahead)
            node.outputs = [
                SymbolicTensor(self.shapes[t], self.dtypes[t], node, i, self.whole[t])
                for i, t in enumerate(step.outputs)
            ]
            step.layer.nodes.append(node)
            made.update(zip(step.outputs, node.outputs, strict=True))
        self.tensors = [made[number] for number in range(len(self.shapes))]
        self._numbers = {id(t): number for number, t in made.items()}


def _inputs(step: Step, known: dict[int, Tensor]) -> list[Tensor]:
    """Return the inputs of a call, with the masks given to it."""
    tensors = [known[t] for t in step.inputs]
    for i, mask in enumerate(step.masks or ()):
        if mask is not None:
            tensors[i] = Tensor(tensors[i].recording, tensors[i].value, known[mask])
    return tensors


def _input_of(tensor: SymbolicTensor) -> SymbolicTensor:
    # A tensor made by a layer may also be an input of the model: rows are fed in its place.
    if not tensor.node.inputs:
        return tensor
    dtype = "int32" if tensor.kind == "int32" else None
    name = f"{tensor.name.replace(':', '_')}_input"
    return InputLayer(tensor.row_shape, dtype=dtype, name=name).tensor()


def _trace(
    who: str, starts: dict[int, SymbolicTensor], outputs: Sequence[SymbolicTensor]
) -> tuple[list[Node], list[Layer]]:
    """Return the nodes, each after those it reads, and the layers in the order met.

    The traversal goes back from the outputs depth first, without recursion, as models may be deep.
    """
    done: dict[Node, None] = {}
    path: dict[Node, None] = {}  # from the output to the current node
    met: dict[int, Layer] = {}
    for output in outputs:
        stack = [(starts.get(id(output), output).node, 0)]
        while stack:
            node, place = stack.pop()
            if node in done:
                continue
            if place == 0:
                _check_no_cycle(who, node, path)
                path[node] = None
            met.setdefault(id(node.layer), node.layer)
            if not node.inputs and not any(node is s.node for s in starts.values()):
                (tensor,) = node.outputs
                names = ", ".join(s.name for s in starts.values())
                raise ValueError(
                    f"{who}: output {output.name!r} of shape {show_shape(output.row_shape)} needs "
                    f"Input {tensor.name!r} of shape {show_shape(tensor.row_shape)}, which is not "
                    f"among the inputs: {names}"
                )
            parents = node.parents
            if place == len(parents):
                done[node] = None
                del path[node]
                continue
            stack.append((node, place + 1))
            stack.append((starts.get(id(parents[place]), parents[place]).node, 0))
    return list(done), list(met.values())


def _check_no_cycle(who: str, node: Node, path: dict[Node, None]) -> None:
    if node not in path:
        return
    around = list(path)[list(path).index(node) :]
    names = ", ".join(f"{n.layer.name!r} {show_shape(n.outputs[0].row_shape)}" for n in around)
    raise ValueError(
        f"{who}: a layer cannot read its own output; each of these needs the next one, "
        f"and the last one the first: {names}"
    )


def _agreed(old: Want | None, new: Want) -> Want:
    # The needs of a tensor's readers: the lowest bound of token ids; floats if the readers differ,
    # converted for those that need another kind.
    if old is None:
        return new
    if old[0] != new[0]:
        return ("float", None)
    if old[1] is None or (new[1] is not None and new[1][1] < old[1][1]):
        return new
    return old
