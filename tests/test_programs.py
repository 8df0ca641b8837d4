"""Models as users of Keras write them, after its guides, examples and books, against Keras's.

Each function receives ``lamina`` or ``keras``; otherwise it is the program itself.
"""

import numpy as np
import pytest

from keras_models import assert_same, numbers

X, Y = numbers(10, 6), numbers(10, 1, seed=6)
SERIES = numbers(10, 8, 2)
IDS = np.random.default_rng(7).integers(1, 12, (10, 6))
IDS[:, 4:] = 0
IMAGES = numbers(10, 8, 8, 2)


def subclassing(keras):
    """A guide's Linear, MLPBlock and ActivityRegularizationLayer."""
    ops = keras.ops

    class Linear(keras.layers.Layer):
        def __init__(self, units=32, **kwargs):
            super().__init__(**kwargs)
            self.units = units

        def build(self, input_shape):
            self.w = self.add_weight(
                shape=(input_shape[-1], self.units), initializer="random_normal", trainable=True
            )
            self.b = self.add_weight(shape=(self.units,), initializer="zeros", trainable=True)

        def call(self, inputs):
            return ops.matmul(inputs, self.w) + self.b

    class ActivityRegularizationLayer(keras.layers.Layer):
        def __init__(self, rate=1e-2):
            super().__init__()
            self.rate = rate

        def call(self, inputs):
            self.add_loss(self.rate * ops.mean(inputs))
            return inputs

    class MLPBlock(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.linear_1, self.linear_2 = Linear(5), Linear(1)
            self.regularization = ActivityRegularizationLayer(0.1)

        def call(self, inputs):
            x = keras.activations.relu(self.linear_1(inputs))
            return self.linear_2(self.regularization(x))

    return keras.Sequential([keras.Input((6,)), MLPBlock()])


def geron(keras):
    """Chapter 12's initializer, regularizer, constraint, activation, and layers."""
    ops = keras.ops

    def my_softplus(z):
        return ops.log(1.0 + ops.exp(z))

    def my_l1_regularizer(weights):
        return ops.sum(ops.abs(0.01 * weights))

    def my_positive_weights(weights):
        return weights * ops.cast(weights >= 0.0, "float32")

    class MyDense(keras.layers.Layer):
        def __init__(self, units, activation=None, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.activation = keras.activations.get(activation)

        def build(self, batch_input_shape):
            shape = [batch_input_shape[-1], self.units]
            self.kernel = self.add_weight(name="kernel", shape=shape, initializer="glorot_normal")
            self.bias = self.add_weight(name="bias", shape=[self.units], initializer="zeros")
            super().build(batch_input_shape)

        def call(self, X):
            return self.activation(X @ self.kernel + self.bias)

    class ReconstructingRegressor(keras.Model):
        def __init__(self, output_dim, **kwargs):
            super().__init__(**kwargs)
            self.hidden = [MyDense(7, activation="relu") for _ in range(2)]
            self.out = keras.layers.Dense(
                output_dim, activation=my_softplus, kernel_regularizer=my_l1_regularizer,
                kernel_constraint=my_positive_weights,
            )  # fmt: skip

        def build(self, batch_input_shape):
            self.reconstruct = keras.layers.Dense(batch_input_shape[-1])
            self.built = True

        def call(self, inputs):
            hidden = inputs
            for layer in self.hidden:
                hidden = layer(hidden)
            difference = self.reconstruct(hidden) - inputs
            self.add_loss(0.05 * ops.mean(ops.square(difference)))
            return self.out(hidden)

    return ReconstructingRegressor(1)


def residual(keras):
    """Chapter 14's ResidualUnit, and pooling over channels."""
    ops = keras.ops

    class DepthPool(keras.layers.Layer):
        def call(self, inputs):
            shape = ops.shape(inputs)
            return ops.max(ops.reshape(inputs, (*shape[:-1], shape[-1] // 2, 2)), axis=-1)

    class ResidualUnit(keras.layers.Layer):
        def __init__(self, filters, strides=1, activation="relu", **kwargs):
            super().__init__(**kwargs)
            conv = {"padding": "same", "use_bias": False}
            self.activation = keras.activations.get(activation)
            self.main_layers = [
                keras.layers.Conv2D(filters, 3, strides=strides, **conv),
                keras.layers.BatchNormalization(),
                self.activation,
                keras.layers.Conv2D(filters, 3, **conv),
            ]
            self.skip_layers = []
            if strides > 1:
                self.skip_layers = [keras.layers.Conv2D(filters, 1, strides=strides, **conv)]

        def call(self, inputs):
            main = skip = inputs
            for layer in self.main_layers:
                main = layer(main)
            for layer in self.skip_layers:
                skip = layer(skip)
            return self.activation(main + skip)

    return keras.Sequential(
        [
            keras.Input((8, 8, 2)), ResidualUnit(4, 2), ResidualUnit(4), DepthPool(),
            keras.layers.GlobalAvgPool2D(), keras.layers.Dense(1),
        ]
    )  # fmt: skip


def masking(keras):
    """The guide on masking: a layer that relies on the mask it receives."""
    ops = keras.ops

    class TemporalSoftmax(keras.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.supports_masking = True

        def call(self, inputs, mask=None):
            assert mask is not None
            counts = ops.expand_dims(ops.cast(mask, "float32"), -1)
            exponentials = ops.exp(inputs) * counts
            return exponentials / ops.sum(exponentials * counts, axis=1, keepdims=True)

    inputs = keras.Input(shape=(None,), dtype="int32")
    x = keras.layers.Embedding(input_dim=12, output_dim=4, mask_zero=True)(inputs)
    return keras.Model(inputs, TemporalSoftmax()(keras.layers.Dense(1)(x)))


def transformer(keras):
    """Chollet's TransformerEncoder over a PositionalEmbedding that makes the mask."""
    layers, ops = keras.layers, keras.ops

    class TransformerEncoder(layers.Layer):
        def __init__(self, embed_dim, dense_dim, num_heads, **kwargs):
            super().__init__(**kwargs)
            self.attention = layers.MultiHeadAttention(num_heads=num_heads, key_dim=embed_dim)
            self.dense_proj = keras.Sequential(
                [layers.Dense(dense_dim, activation="relu"), layers.Dense(embed_dim)]
            )
            self.layernorm_1 = layers.LayerNormalization()
            self.layernorm_2 = layers.LayerNormalization()

        def call(self, inputs, mask=None):
            if mask is not None:
                mask = mask[:, None, :]
            attended = self.attention(inputs, inputs, attention_mask=mask)
            proj_input = self.layernorm_1(inputs + attended)
            return self.layernorm_2(proj_input + self.dense_proj(proj_input))

    class PositionalEmbedding(layers.Layer):
        def __init__(self, sequence_length, input_dim, output_dim, **kwargs):
            super().__init__(**kwargs)
            self.token_embeddings = layers.Embedding(input_dim, output_dim)
            self.position_embeddings = layers.Embedding(sequence_length, output_dim)

        def call(self, inputs):
            positions = ops.arange(start=0, stop=ops.shape(inputs)[-1], step=1)
            return self.token_embeddings(inputs) + self.position_embeddings(positions)

        def compute_mask(self, inputs, mask=None):
            return ops.not_equal(inputs, 0)

    inputs = keras.Input(shape=(None,), dtype="int64")
    x = TransformerEncoder(4, 6, 2)(PositionalEmbedding(6, 12, 4)(inputs))
    x = layers.GlobalMaxPooling1D()(x)
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))


def patches(keras):
    """Patches and their encoder, from the example on vision transformers, and a mixer's layer."""
    layers, ops = keras.layers, keras.ops

    class Patches(layers.Layer):
        def call(self, images):
            batch, height, width, channels = ops.shape(images)
            size = 4
            cut = ops.image.extract_patches(images, size=size)
            return ops.reshape(
                cut, (batch, (height // size) * (width // size), size * size * channels)
            )

    class PatchEncoder(layers.Layer):
        def __init__(self, num_patches, dim):
            super().__init__()
            self.num_patches = num_patches
            self.projection = layers.Dense(dim)
            self.position_embedding = layers.Embedding(num_patches, dim)

        def call(self, patch):
            positions = ops.expand_dims(ops.arange(0, self.num_patches, 1), axis=0)
            return self.projection(patch) + self.position_embedding(positions)

    class Mixer(layers.Layer):
        def __init__(self, num_patches):
            super().__init__()
            self.mlp = keras.Sequential([layers.Dense(num_patches, activation="gelu")])

        def call(self, inputs):
            turned = ops.transpose(inputs, axes=(0, 2, 1))
            return inputs + ops.transpose(self.mlp(turned), axes=(0, 2, 1))

    inputs = keras.Input((8, 8, 2))
    x = Mixer(4)(PatchEncoder(4, 3)(Patches()(inputs)))
    return keras.Model(inputs, layers.Dense(1)(layers.Flatten()(x)))


def wavenet(keras):
    """Chapter 15: gated dilated convolutions with skips, and a cell with layer normalization."""
    layers = keras.layers

    class GatedActivationUnit(layers.Layer):
        def call(self, inputs):
            n_filters = inputs.shape[-1] // 2
            gate = keras.activations.sigmoid(inputs[..., n_filters:])
            return keras.activations.tanh(inputs[..., :n_filters]) * gate

    class LNSimpleRNNCell(layers.Layer):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.state_size = self.output_size = units
            self.simple_rnn_cell = layers.SimpleRNNCell(units, activation=None)
            self.layer_norm = layers.LayerNormalization()

        def call(self, inputs, states):
            outputs, _ = self.simple_rnn_cell(inputs, states)
            norm_outputs = keras.activations.tanh(self.layer_norm(outputs))
            return norm_outputs, [norm_outputs]

    inputs = keras.Input(shape=[None, 2])
    z, skips = layers.Conv1D(3, 2, padding="causal")(inputs), []
    for rate in (1, 2):
        gated = layers.Conv1D(6, 2, padding="causal", dilation_rate=rate)(z)
        skips.append(layers.Conv1D(3, 1)(GatedActivationUnit()(gated)))
        z = layers.Add()([z, skips[-1]])
    z = keras.activations.relu(layers.Add()(skips))
    return keras.Model(inputs, layers.Dense(1)(layers.RNN(LNSimpleRNNCell(4))(z)))


def pointnet(keras):
    """A transformation net whose matrices are held near orthogonal ones."""
    layers, ops = keras.layers, keras.ops

    class OrthogonalRegularizer(keras.regularizers.Regularizer):
        def __init__(self, num_features, l2reg=0.001):
            self.num_features = num_features
            self.l2reg = l2reg
            self.eye = ops.eye(num_features)

        def __call__(self, x):
            x = ops.reshape(x, (-1, self.num_features, self.num_features))
            xxt = ops.tensordot(x, x, axes=(2, 2))
            xxt = ops.reshape(xxt, (-1, self.num_features, self.num_features))
            return ops.sum(self.l2reg * ops.square(xxt - self.eye))

    inputs = keras.Input((8, 2))
    x = layers.Conv1D(4, kernel_size=1, activation="relu")(inputs)
    x = layers.GlobalMaxPooling1D()(x)
    bias = keras.initializers.Constant(np.eye(2).flatten())
    x = layers.Dense(4, bias_initializer=bias, activity_regularizer=OrthogonalRegularizer(2))(x)
    x = layers.Dot(axes=(2, 1))([inputs, layers.Reshape((2, 2))(x)])
    return keras.Model(inputs, layers.Dense(1)(layers.GlobalMaxPooling1D()(x)))


def sub_pixels(keras):
    """Depth to space, of images of any size."""
    layers, ops = keras.layers, keras.ops

    class DepthToSpace(layers.Layer):
        def __init__(self, block):
            super().__init__()
            self.block = block

        def call(self, inputs):
            batch, height, width, depth = ops.shape(inputs)
            b, depth = self.block, depth // self.block**2
            x = ops.reshape(inputs, [batch, height, width, b, b, depth])
            x = ops.transpose(x, [0, 1, 3, 2, 4, 5])
            return ops.reshape(x, [batch, height * b, width * b, depth])

    inputs = keras.Input((None, None, 2))
    x = layers.Conv2D(8, 3, activation="relu", padding="same")(inputs)
    return keras.Model(inputs, DepthToSpace(2)(x))


def bags(keras):
    """Attention over a bag of instances with shared layers, from multiple-instance learning."""
    layers, ops = keras.layers, keras.ops

    class MILAttentionLayer(layers.Layer):
        def build(self, input_shape):
            self.v = self.add_weight(shape=(input_shape[0][1], 3), name="v", regularizer="l2")
            self.w = self.add_weight(shape=(3, 1), name="w", initializer="glorot_uniform")

        def call(self, inputs):
            scores = [ops.tensordot(ops.tanh(ops.tensordot(x, self.v, axes=1)), self.w, axes=1)
                      for x in inputs]  # fmt: skip
            alpha = ops.softmax(ops.stack(scores), axis=0)
            return [alpha[i] for i in range(alpha.shape[0])]

    shared = layers.Dense(4, activation="relu")
    inputs = [keras.Input((6,)) for _ in range(2)]
    embeddings = [shared(x) for x in inputs]
    alpha = MILAttentionLayer()(embeddings)
    weighted = [layers.multiply([a, e]) for a, e in zip(alpha, embeddings, strict=True)]
    return keras.Model(inputs, layers.Dense(1)(layers.concatenate(weighted, axis=1)))


def quantized(keras):
    """The vector quantizer of VQ-VAE, with straight-through gradients."""
    layers, ops = keras.layers, keras.ops

    class VectorQuantizer(layers.Layer):
        def __init__(self, count, dim, **kwargs):
            super().__init__(**kwargs)
            self.count, self.dim = count, dim
            self.embeddings = self.add_weight(
                shape=(dim, count), initializer="random_uniform", trainable=True, name="embeddings"
            )

        def call(self, x):
            flat = ops.reshape(x, [-1, self.dim])
            distances = (
                ops.sum(flat**2, axis=1, keepdims=True)
                + ops.sum(self.embeddings**2, axis=0)
                - 2 * ops.matmul(flat, self.embeddings)
            )
            encodings = ops.one_hot(ops.argmin(distances, axis=1), self.count)
            near = ops.reshape(ops.matmul(encodings, ops.transpose(self.embeddings)), ops.shape(x))
            self.add_loss(0.25 * ops.mean((ops.stop_gradient(near) - x) ** 2))
            self.add_loss(ops.mean((near - ops.stop_gradient(x)) ** 2))
            return x + ops.stop_gradient(near - x)

    inputs = keras.Input((8, 2))
    x = VectorQuantizer(5, 3)(layers.Dense(3)(inputs))
    return keras.Model(inputs, layers.Dense(1)(x))


def hashed(keras):
    """Quotients and remainders of ids, in small tables."""
    layers, ops = keras.layers, keras.ops

    class QREmbedding(layers.Layer):
        def __init__(self, buckets, dim):
            super().__init__()
            self.num_buckets = buckets
            self.q_embeddings = layers.Embedding(buckets, dim)
            self.r_embeddings = layers.Embedding(buckets, dim)

        def call(self, inputs):
            quotient = ops.floor_divide(inputs, self.num_buckets)
            remainder = ops.mod(inputs, self.num_buckets)
            return self.q_embeddings(quotient) * self.r_embeddings(remainder)

    inputs = keras.Input((6,), dtype="int32")
    x = ops.sum(QREmbedding(4, 3)(inputs), axis=1)
    return keras.Model(inputs, layers.Dense(1)(x))


def citations(keras):
    """A graph network: layers called on the table of all nodes, regardless of the batch."""
    layers, ops = keras.layers, keras.ops
    edges = np.random.default_rng(2).integers(0, 12, (2, 30))

    class GraphConvLayer(layers.Layer):
        def __init__(self, units):
            super().__init__()
            self.prepare = keras.Sequential([layers.BatchNormalization(), layers.Dense(units)])
            self.update = layers.GRU(units)

        def call(self, inputs):
            nodes, edges, weights = inputs
            messages = self.prepare(ops.take(nodes, edges[1], axis=0))
            messages = messages * ops.expand_dims(weights, -1)
            gathered = ops.segment_sum(messages, edges[0], num_segments=nodes.shape[0])
            return self.update(ops.stack([nodes, gathered], axis=1))

    class NodeClassifier(keras.Model):
        def __init__(self, nodes, edges):
            super().__init__()
            self.nodes, self.edges = nodes, edges
            self.edge_weights = ops.ones(shape=edges.shape[1]) / edges.shape[1]
            self.convolution = GraphConvLayer(4)
            self.join = layers.Concatenate(axis=1)
            self.shape = layers.Reshape((4, 2))
            self.scale, self.flat = layers.LayerNormalization(axis=1), layers.Flatten()
            self.logits = layers.Dense(1)

        def call(self, ids, training=None):
            graph = self.nodes, self.edges, self.edge_weights
            nodes = self.convolution(graph, training=training)
            nodes = self.scale(self.shape(self.join([nodes, self.nodes])))
            return self.logits(ops.take(self.flat(nodes), ids, axis=0))

    return NodeClassifier(numbers(12, 4), edges)


PROGRAMS = [
    (subclassing, X, Y),
    (geron, 0.1 * X, 0.1 * Y),
    (residual, IMAGES, Y),
    (masking, IDS, numbers(10, 6, 1)),
    (transformer, IDS, (Y > 0).astype("float32")),
    (patches, 0.1 * IMAGES, Y),
    (wavenet, SERIES, Y),
    (pointnet, SERIES, Y),
    (sub_pixels, IMAGES, numbers(10, 16, 16, 2)),
    (bags, [X, numbers(10, 6, seed=8)], Y),
    (quantized, SERIES, numbers(10, 8, 1)),
    (hashed, IDS, Y),
    (citations, IDS[:, 0], Y),
]


@pytest.mark.parametrize(("make", "x", "y"), PROGRAMS, ids=lambda v: getattr(v, "__name__", ""))
def test_programs_train_as_on_keras(make, x, y):
    assert_same(make, x, y, tolerance=1e-4)
