"""Layers called on symbolic tensors: shapes, nodes, kinds of data, refusals."""

import numpy as np
import pytest

import lamina
from lamina.layers import Dense, Dropout, Flatten, Input, InputLayer, Layer, SymbolicTensor

X = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")


class Ids(Layer):
    """A layer of token ids."""

    input_dtype = "int32"

    def input_bound(self):
        return 5

    def record(self, graph, x):
        return x


class Masked(Layer):
    def record(self, graph, x, mask=None):
        return x


class Pair(Layer):
    multiple_inputs = True

    def compute_output_shape(self, input_shape):
        assert isinstance(input_shape, list)
        return input_shape[0]

    def record(self, graph, x):
        assert isinstance(x, list)
        return x[1]


def test_a_layer_that_is_called_on_a_symbolic_tensor_has_its_weights():
    class Tied(Layer):
        def __init__(self, dense):
            super().__init__()
            self.dense = dense

        def call(self, x):
            return lamina.ops.matmul(x, lamina.ops.transpose(self.dense.kernel))

    x, dense = Input((4,)), Dense(3, use_bias=False)
    code = dense(x)
    assert dense.built
    assert [w.shape for w in dense.weights] == [(4, 3)]
    kernel = np.arange(12.0).reshape(4, 3)
    dense.set_weights([kernel])
    model = lamina.Model(x, Tied(dense)(code))
    assert model.count_params() == 12
    np.testing.assert_allclose(model.predict(np.eye(4)), kernel @ kernel.T)
    # The model's precision applies to weights that have not been accessed yet.
    double, dense = Input((4,), dtype="float64"), Dense(3)
    assert dense(double).dtype == dense.kernel.dtype == "float64"
    recurrent = lamina.layers.Bidirectional(lamina.layers.LSTM(2))
    recurrent(Input((None, 3)))
    assert len(recurrent.weights) == 6


def test_a_symbolic_tensor_tells_its_shape_and_origin():
    x = Input((28, 28), name="image")
    assert isinstance(x, SymbolicTensor)
    assert x.shape == (None, 28, 28)
    assert x.dtype == "float32"
    assert x.name == "image"
    assert repr(x) == "<SymbolicTensor (rows, 28, 28), Input image>"
    layer = Flatten(name="flat")
    y = layer(x)
    assert y.shape == (None, 784)
    assert repr(y) == "<SymbolicTensor (rows, 784), output of flat>"
    assert layer.input is x
    assert layer.output is y
    assert y.node.layer is layer
    assert y.node.inputs == [x]
    assert layer.nodes == [y.node]
    layer(x)
    assert layer.output is y  # of the first call, as in Keras
    with pytest.raises(AttributeError, match="has no output"):
        Flatten().output  # noqa: B018
    for use in (len, iter, bool, np.asarray):
        with pytest.raises(TypeError, match="SymbolicTensor"):
            use(x)


def test_input_gives_the_tensor_of_an_input_layer():
    layer = InputLayer((3,), name="x")
    assert layer.tensor() is layer.tensor()
    assert layer.built
    assert lamina.Sequential([layer, Dense(1)]).count_params() == 4
    assert lamina.Sequential([Input((3,)), Dense(1)]).count_params() == 4
    assert Input((3,), dtype="int64").dtype == "int32"
    assert Input((3,), dtype="bool").kind == "bool"
    assert InputLayer((3,), dtype="int32").get_config()["dtype"] == "int32"
    with pytest.raises(ValueError, match="or 'mixed_bfloat16'; got 'complex64'"):
        Input((3,), dtype="complex64")


def test_shapes_are_checked_when_a_layer_is_called():
    with pytest.raises(ValueError, match="dense: input has shape"):
        Dense(3)(Input(()))
    built = Dense(3)
    built(X)
    with pytest.raises(ValueError, match=r"was built for input \(rows, 3\); got \(rows, 5\)"):
        built(Input((5,)))
    with pytest.raises(ValueError, match="dense_2: takes one input; got a list of 2"):
        Dense(1)([Input((3,)), Input((3,))])
    with pytest.raises(ValueError, match="needs at least one input; got an empty list"):
        Pair()([])
    with pytest.raises(TypeError, match="all symbolic tensors or all arrays; got ndarray at pl"):
        Pair()([Input((3,)), X])
    assert Dense(1)([Input((3,))]).shape == (None, 1)


def test_several_arrays_go_in_as_a_list():
    np.testing.assert_array_equal(Pair()([X, X * 2]), X * 2)
    np.testing.assert_array_equal(Pair()([X.tolist(), (X * 2).tolist()]), X * 2)
    with pytest.raises(
        ValueError, match="pair_2: all inputs must have the same number of rows; got 4 and 3"
    ):
        Pair()([X, X[:3]])
    np.testing.assert_array_equal(Dropout(0.5)([X[0], X[1]]), X[:2])  # a list of rows


def test_token_ids_are_checked():
    with pytest.raises(ValueError, match=r"ids: token ids must lie in \[0, 5\); got 6 in row 1, p"):
        Ids()([[1, 2], [6, 0]])
    with pytest.raises(ValueError, match=r"x must hold whole numbers; got 1.5 in row 0, position"):
        Ids()([[1.5, 2], [3, 0]])
    with pytest.raises(ValueError, match=r"got -1 in row 0, position 1"):
        Ids()([[1, -1]])
    with pytest.raises(TypeError, match="ids_3: needs integers; dense is float"):
        Ids()(Dense(2)(Input((2,))))


def test_readers_of_one_input_may_need_different_kinds():
    x = Input((2,), name="x")
    ids, dense = Ids(name="ids")(x), Dense(1, kernel_initializer="ones", name="dense")(x)
    model = lamina.Model(x, [ids, dense])
    assert model.ports[0].kind == "float"
    assert model.predict([[1.0, 2.0]])[1].tolist() == [[3.0]]
    whole = Input((2,), dtype="int32")
    model = lamina.Model(whole, Dense(1, kernel_initializer="ones")(whole))
    assert model.ports[0].kind == "int32"
    assert model.predict([[1, 2]]).tolist() == [[3.0]]
    flat = Ids()(Flatten()(Input((2, 2))))  # accepts any type, and passes it on
    assert lamina.Model(flat.node.inputs[0].node.inputs, flat).ports[0].kind == "int32"


def test_masks_are_for_layers_that_take_them():
    x, mask = Input((5, 3)), Input((5,), dtype="bool")
    assert Masked()(x, mask=mask).shape == (None, 5, 3)
    assert Masked.takes_mask
    assert not Dense.takes_mask
    with pytest.raises(TypeError, match="dense: takes no mask"):
        Dense(1)(x, mask=mask)
    with pytest.raises(TypeError, match="mask must have dtype bool"):
        Masked()(x, mask=Input((5,)))
    with pytest.raises(ValueError, match="mask must have the leading axes of x"):
        Masked()(np.ones((2, 5, 3)), mask=np.ones((2, 4), bool))
    with pytest.raises(ValueError, match=r"mask must hold True and False, or 1 and 0; got 0\.5"):
        Masked()(np.ones((2, 5, 3)), mask=np.full((2, 5), 0.5))


def test_layers_say_whether_masks_pass():
    assert Dense.supports_masking
    assert Dropout.supports_masking
    assert lamina.layers.Activation.supports_masking
    assert not Flatten.supports_masking
    assert not Layer.supports_masking
