"""Invalid user-defined call methods: the error names the class and the line; nothing changes."""

import inspect

import numpy as np
import pytest

import lamina
from lamina import layers, ops

X = np.ones((4, 3), np.float32)


class Broadcasts(layers.Layer):
    def call(self, x):
        return x + ops.ones((7, 2))


class Sums(layers.Layer):
    def call(self, x):
        return ops.sum(x, axis=3)


class Asks(layers.Layer):
    def call(self, x):
        if ops.sum(x) > 0:
            return x
        return -x


class Counts(layers.Layer):
    def call(self, x):
        return x * float(ops.sum(x))


class Nothing(layers.Layer):
    def call(self, x):
        ops.exp(x)


class MakesLayers(layers.Layer):
    def call(self, x):
        return layers.Dense(2)(x)


class MakesWeights(layers.Layer):
    def call(self, x):
        return x * self.add_weight(shape=(3,))


class Unpacks(layers.Layer):
    def call(self, x):
        a, b, c = x, x
        return a + b + c


class Slices(layers.Layer):
    def call(self, x):
        return x[:, 7]


class Takes(layers.Layer):
    def call(self, x):
        return ops.take(x, [5], axis=1)


BAD = {
    Slices: "index 7 is outside an axis of shape (rows, 3)",
    Takes: "take: index 5 is outside of axis 1",
    Broadcasts: "<Tensor of shape (7, 2), float32> has no axis of rows",
    Sums: "sum: axis must be in [-2, 2); got 3",
    Asks: "use ops.where",
    Counts: "cannot become a float",
    Nothing: "call must return tensors; got None",
    MakesLayers: "whose new weights would belong to no layer",
    MakesWeights: "weights are made in __init__ or build",
    Unpacks: "not enough values to unpack",
}


class Holder(lamina.Model):
    def __init__(self, layer):
        super().__init__()
        self.first, self.layer, self.last = layers.Dense(3), layer, layers.Dense(1)

    def call(self, x):
        return self.last(self.layer(self.first(x)))


@pytest.mark.parametrize("cls", BAD)
def test_the_layer_and_its_line_are_named(cls):
    lines, start = inspect.getsourcelines(cls.call)
    model = Holder(cls(name="mine"))
    model.compile("sgd", "mse")
    for use in (
        lambda: cls(name="mine")(X),
        lambda: cls(name="mine")(lamina.Input((3,))),
        lambda: lamina.Sequential([lamina.Input((3,)), cls(name="mine"), layers.Dense(1)]),
        lambda: model.predict(X),
        lambda: model.fit(X, X[:, :1], verbose=0),
    ):
        with pytest.raises((TypeError, ValueError, IndexError)) as caught:
            use()
        said = str(caught.value)
        assert said.startswith("mine: "), said
        assert BAD[cls] in said
        place = f"; in {inspect.getsourcefile(cls)}, line "
        assert said.count(place) == 1, said
        line = int(said.partition(place)[2].split(":")[0])
        assert start <= line < start + len(lines)
        assert not {"192", "320"} & set(said.replace("(", " ").replace(",", " ").split())
    assert not model.built
    assert not model.first.built


def test_outputs_of_a_number_that_varies_are_refused():
    class Rows(layers.Layer):
        def call(self, x):
            return list(x)

    with pytest.raises(ValueError, match="must return the same number of tensors for every number"):
        lamina.Sequential([lamina.Input((3,)), Rows()])
    with pytest.raises(ValueError, match="must return the same number of tensors for every number"):
        Rows()(lamina.Input((3,)))


def test_tensors_of_an_earlier_call_are_refused():
    class Keeps(layers.Layer):
        def __init__(self):
            super().__init__()
            self.kept = []

        def call(self, x):
            self.kept.append(x)
            return x + self.kept[0]

    with pytest.raises(ValueError, match=r"^keeps: .* belongs to another graph: .*; in "):
        Holder(Keeps()).predict(X)


def test_a_refused_model_takes_good_data():
    class Adds(lamina.Model):
        def __init__(self):
            super().__init__()
            self.first, self.last = layers.Dense(3), layers.Dense(1)
            self.factor = self.add_weight(shape=(), initializer="ones")

        def call(self, x):
            return self.last(self.first(x) + x) * self.factor

    model = Adds()
    with pytest.raises(ValueError, match=r"^adds: shapes must broadcast.*got \(3,\), \(4,\); in "):
        model.predict(np.ones((2, 4)))
    assert not model.built
    assert not model.first.built
    model.compile("sgd", "mse")
    model.fit(X, X[:, :1], verbose=0)
    weights = model.get_weights()
    assert len(weights) == 5
    with pytest.raises(ValueError, match="dense: kernel has shape"):
        model.fit(np.ones((2, 4)), np.ones((2, 1)), verbose=0)
    for a, b in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(a, b)
    assert model.predict(X).shape == (4, 1)


def test_constructors_that_forget_their_base():
    class Forgets(layers.Layer):
        def __init__(self):
            self.dense = layers.Dense(2)

        def call(self, x):
            return self.dense(x)

    class ForgetsToo(lamina.Model):
        def __init__(self):
            self.dense = layers.Dense(2)

        def call(self, x):
            return self.dense(x)

    for cls in (Forgets, ForgetsToo):
        with pytest.raises(RuntimeError, match=rf"^{cls.__name__}: __init__ must call super\(\)"):
            cls()


def test_numbers_of_arguments():
    class Two(layers.Layer):
        def call(self, a, b):
            return a + b

    for call, text in (
        (lambda: Two()(X), "missing 1 required positional argument: 'b'"),
        (lambda: Two()(X, X, X), "takes 3 positional arguments but 4 were given"),
        (lambda: Two()(X, c=X), "unexpected keyword argument 'c'"),
        (lambda: Two()(lamina.Input((3,))), "missing 1 required positional argument: 'b'"),
    ):
        with pytest.raises(TypeError, match=rf"Two\.call\(\).*{text}"):
            call()


def test_sizes_that_have_to_be_known():
    class Flat(layers.Layer):
        def __init__(self):
            super().__init__()
            self.flat, self.dense = layers.Flatten(), layers.Dense(2)

        def call(self, x):
            return self.dense(self.flat(x))

    layer = Flat()
    for use in (
        lambda: layer(lamina.Input((None, 3))),
        lambda: lamina.Sequential([lamina.Input((None, 3)), layer]),
    ):
        with pytest.raises(ValueError, match=r"has to be known.*\(rows, None, 3\)") as caught:
            use()
        assert "192" not in str(caught.value)
        assert not layer.built
        assert not layer.dense.built
    assert layer(np.ones((2, 4, 3))).shape == (2, 2)


def test_arguments_that_build_would_be_given_none_for():
    for layer in (layers.MultiHeadAttention(2, 3), layers.GroupQueryAttention(3, 2, 1)):
        for x in (np.ones((2, 4, 5), "float32"), lamina.Input((4, 5))):
            with pytest.raises(TypeError, match=r"attention: call needs query, value; got nothing"):
                layer(x)
    for layer in (layers.Attention(), layers.AdditiveAttention()):
        with pytest.raises(TypeError, match=r"attention: takes a list, \[query, value\] or"):
            layer(lamina.Input((4, 5)))


def test_weights_of_no_size_are_told_which_size_is_missing():
    class Sized(layers.Layer):
        def __init__(self, axis):
            super().__init__(name="sized")
            self.axis = axis

        def build(self, input_shape):
            self.w = self.add_weight(name="w", shape=(input_shape[self.axis],))

        def call(self, x):
            return x

    class Early(layers.Layer):
        def __init__(self):
            super().__init__(name="early")
            self.w = self.add_weight(name="w", shape=(None, 3))

    for use, text in (
        (lambda: Sized(0)(X), r"sized: w would have shape \(None,\); input_shape\[0\] is"),
        (lambda: Sized(0)(lamina.Input((3,))), r"input_shape\[0\] is the number of rows"),
        (lambda: Sized(1)(lamina.Input((None, 3))), "give Input a number in place of None"),
        (Early, r"early: w would have shape \(None, 3\); the sizes of a weight must be numbers"),
    ):
        with pytest.raises(ValueError, match=text) as caught:
            use()
        assert ("give Input" in str(caught.value)) == ("give Input" in text)


def test_long_lines_are_cut():
    class Long(layers.Layer):
        def call(self, x):
            return ops.sum(x, axis=7) + ops.sum(x, axis=6) + ops.sum(x, axis=5) + ops.sum(x) + ops.sum(x) + 1234567  # noqa: E501  # fmt: skip

    with pytest.raises(ValueError, match=r"return ops\.sum.* \.\.\., called on") as caught:
        Long()(X)
    assert "1234567" not in str(caught.value)


def test_what_is_no_number_names_the_operation():
    class Text(layers.Layer):
        def call(self, x):
            return ops.maximum(x, "0")

    with pytest.raises(TypeError, match=r"^text: maximum: needs numbers; got '0'; in .*, line "):
        Text()(lamina.Input((3,)))
    with pytest.raises(TypeError, match=r"^maximum: needs numbers; got '0'$"):
        ops.maximum(X, "0")


class Dense(lamina.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(1)

    def call(self, x):
        return self.dense(x)


class Pair(Dense):
    def call(self, x):
        return {"a": self.dense(x), "b": x}


UNBUILT = {
    "model": Dense,
    "lambda": lambda: lamina.Sequential([layers.Lambda(lambda x: 2 * x), layers.Dense(1)]),
}
WRONG = {
    "array": (X[:3, :1], None, "x and y must have the same number of rows; got 4 and 3"),
    "number": (5, None, "y must have an axis of rows; got a single number"),
    "list": ([1, 2, 3], None, "x and y must have the same number of rows; got 4 and 3"),
    "weights": (X[:, :1], X[:3, 0], r"sample_weight must have shape \(4,\), .*; got \(3,\)"),
}


@pytest.mark.parametrize("kind", ["model", "lambda"])
@pytest.mark.parametrize("case", WRONG)
def test_a_refused_number_of_rows_builds_nothing(kind, case):
    model, (y, weights, rule) = UNBUILT[kind](), WRONG[case]
    model.compile("sgd", "mse")
    for method in (model.fit, model.evaluate, model.train_on_batch):
        with pytest.raises(ValueError, match=f"{method.__name__}: {rule}"):
            method(X, y, sample_weight=weights)
        assert not model.built
    model.fit(X, X[:, :1], verbose=0)


def test_rows_of_several_targets_are_counted_before_anything_is_built():
    model = Pair()
    model.compile("sgd", {"a": "mse", "b": "mse"})
    with pytest.raises(
        ValueError, match=r"x and y\['b'\] must have the same number of rows; got 4 and 3"
    ):
        model.fit(X, {"a": X[:, :1], "b": X[:3]}, verbose=0)
    assert not model.built
    model.fit(X, {"a": X[:, :1], "b": X}, verbose=0)


def test_a_tensor_of_another_call_is_refused_where_it_is_returned():
    kept = []

    class Keeping(layers.Layer):
        def call(self, x):
            kept.append(x * 2)
            return kept[0]

    x, layer = lamina.Input((3,)), Keeping(name="keeping")
    layer(x)
    with pytest.raises(ValueError, match=r"keeping: .*belongs to another graph.*Keeping\.call"):
        layer(x)


def test_an_element_of_a_tensor_cannot_be_set():
    class Setting(layers.Layer):
        def call(self, x):
            x[:, 0] = 1
            return x

    with pytest.raises(TypeError, match=r"setting: .*is immutable; ops\.slice_update.*x\[:, 0\]"):
        Setting(name="setting")(X)


def test_a_refused_call_leaves_weights_and_names():
    class Odd(layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight(shape=(input_shape[-1],))

        def call(self, x):
            return x * self.scale + np.ones(7)

    layer = Odd()
    for given in (X, lamina.Input((3,))):
        with pytest.raises(ValueError, match="must broadcast"):
            layer(given)
        assert not layer.built
        assert layer.weights == layer.nodes == []
    lamina.backend.clear_session()
    x = lamina.Input((3,))
    with pytest.raises(ValueError, match="axis must be in"):
        lamina.ops.sum(x, axis=5)
    assert lamina.ops.sum(x, axis=1).name == "sum"
