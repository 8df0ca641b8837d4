"""User-defined model classes against Keras's: architectures."""

import numpy as np
import pytest

import lamina
from keras_models import assert_same, numbers
from lamina import ops

X, Y = numbers(10, 3), numbers(10, 1, seed=6)
WIDE = numbers(10, 6, seed=8)
STEPS = numbers(10, 5, 3)
IMAGES = numbers(10, 8, 8, 3)
IDS = np.random.default_rng(7).integers(1, 7, (10, 5))
PAIRS = np.random.default_rng(8).integers(0, 6, (10, 2))


def residual(keras):
    class Block(keras.layers.Layer):
        def __init__(self, units):
            super().__init__()
            self.parts = [keras.layers.Dense(units, activation="elu") for _ in range(2)]

        def call(self, x):
            h = x
            for part in self.parts:
                h = part(h)
            return h + x

    class Residual(keras.Model):
        def __init__(self):
            super().__init__()
            self.first = keras.layers.Dense(6, activation="elu")
            self.blocks = [Block(6) for _ in range(3)]
            self.norm = keras.layers.BatchNormalization()
            self.last = keras.layers.Dense(1)

        def call(self, x, training=None):
            h = self.first(x)
            for block in self.blocks:
                h = block(h)
            return self.last(self.norm(h, training=training))

    return Residual()


def wide_and_deep(keras):
    class WideAndDeep(keras.Model):
        def __init__(self, units=4, activation="relu", **base):
            super().__init__(**base)
            self.norm = keras.layers.LayerNormalization()
            self.hidden1 = keras.layers.Dense(units, activation=activation)
            self.hidden2 = keras.layers.Dense(units, activation=activation)
            self.main_output = keras.layers.Dense(1)
            self.aux_output = keras.layers.Dense(1)

        def call(self, inputs):
            wide, deep = inputs
            h = self.hidden2(self.hidden1(self.norm(deep)))
            concat = keras.layers.concatenate([wide, h])
            return self.main_output(concat), self.aux_output(h)

    return WideAndDeep()


def autoencoder(keras):
    class Autoencoder(keras.Model):
        def __init__(self):
            super().__init__()
            self.encoder = keras.Sequential(
                [keras.layers.Flatten(), keras.layers.Dense(4, activation="relu")]
            )
            self.decoder = keras.Sequential(
                [keras.layers.Dense(192, activation="sigmoid"), keras.layers.Reshape((8, 8, 3))]
            )

        def call(self, x):
            return self.decoder(self.encoder(x))

    return Autoencoder()


def recommender(keras):
    class Recommender(keras.Model):
        def __init__(self, users, items, size):
            super().__init__()
            self.user = keras.layers.Embedding(users, size)
            self.user_bias = keras.layers.Embedding(users, 1)
            self.item = keras.layers.Embedding(items, size)
            self.item_bias = keras.layers.Embedding(items, 1)

        def call(self, inputs):
            user, item = self.user(inputs[:, 0]), self.item(inputs[:, 1])
            match = keras.ops.sum(user * item, axis=1, keepdims=True)
            return keras.ops.nn.sigmoid(
                match + self.user_bias(inputs[:, 0]) + self.item_bias(inputs[:, 1])
            )

    return Recommender(6, 6, 4)


def attention(keras):
    class Attention(keras.layers.Layer):
        def __init__(self, units):
            super().__init__()
            self.query, self.key, self.value = (keras.layers.Dense(units) for _ in range(3))
            self.units = units

        def call(self, x):
            ops = keras.ops
            scores = ops.matmul(self.query(x), ops.transpose(self.key(x), (0, 2, 1)))
            weights = ops.softmax(scores / self.units**0.5, axis=-1)
            return ops.matmul(weights, self.value(x))

    class Transformer(keras.Model):
        def __init__(self):
            super().__init__()
            self.attention = Attention(3)
            self.norm1 = keras.layers.LayerNormalization()
            self.feed = keras.Sequential(
                [keras.layers.Dense(6, activation="gelu"), keras.layers.Dense(3)]
            )
            self.norm2 = keras.layers.LayerNormalization()
            self.pool = keras.layers.GlobalAveragePooling1D()
            self.last = keras.layers.Dense(1)

        def call(self, x):
            x = self.norm1(x + self.attention(x))
            x = self.norm2(x + self.feed(x))
            return self.last(self.pool(x))

    return Transformer()


def vision_transformer(keras):
    ops = keras.ops

    class Patches(keras.layers.Layer):
        def __init__(self, size):
            super().__init__()
            self.size = size

        def call(self, images):
            rows, height, width, channels = ops.shape(images)
            p = self.size
            x = ops.reshape(images, (rows, height // p, p, width // p, p, channels))
            x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
            return ops.reshape(x, (rows, (height // p) * (width // p), p * p * channels))

    class PatchEncoder(keras.layers.Layer):
        def __init__(self, count, units):
            super().__init__()
            self.count = count
            self.project = keras.layers.Dense(units)
            self.place = keras.layers.Embedding(count, units)

        def call(self, patches):
            places = ops.expand_dims(ops.arange(0, self.count, 1), axis=0)
            return self.project(patches) + self.place(places)

    class Heads(keras.layers.Layer):
        def __init__(self, heads, units):
            super().__init__()
            self.heads, self.units = heads, units
            self.together = keras.layers.Dense(3 * units, use_bias=False)
            self.out = keras.layers.Dense(units)

        def call(self, x):
            rows, steps, _ = ops.shape(x)
            width = self.units // self.heads
            qkv = ops.reshape(self.together(x), (rows, steps, 3, self.heads, width))
            q, k, v = (ops.transpose(qkv[:, :, i], (0, 2, 1, 3)) for i in range(3))
            scores = ops.softmax(q @ ops.transpose(k, (0, 1, 3, 2)) * width**-0.5)
            y = ops.transpose(scores @ v, (0, 2, 1, 3))
            return self.out(ops.reshape(y, (rows, steps, self.units)))

    class Vision(keras.Model):
        def __init__(self):
            super().__init__()
            self.patches = Patches(4)
            self.encoder = PatchEncoder(4, 4)
            self.attention = [Heads(2, 4) for _ in range(2)]
            self.norms = [keras.layers.LayerNormalization() for _ in range(2)]
            self.head = keras.layers.Dense(1)

        def call(self, images):
            x = self.encoder(self.patches(images))
            for norm, heads in zip(self.norms, self.attention, strict=True):
                x = x + heads(norm(x))
            return self.head(ops.mean(x, axis=1))

    return Vision()


def towers(keras):
    class Towers(keras.Model):
        def __init__(self):
            super().__init__()
            self.left = keras.Sequential([keras.layers.Dense(4, activation="tanh")])
            self.right = keras.Sequential([keras.layers.Dense(4, activation="tanh")])
            self.mix = self.add_weight(shape=(4, 4, 2), initializer="glorot_uniform", name="mix")

        def call(self, inputs):
            a, b = self.left(inputs["a"]), self.right(inputs["b"])
            both = keras.ops.tensordot(a, self.mix, axes=[[1], [0]])
            return keras.ops.sum(both * keras.ops.expand_dims(b, -1), axis=1)

    return Towers()


def siamese(keras):
    class Siamese(keras.Model):
        def __init__(self):
            super().__init__()
            self.twin = keras.Sequential(
                [keras.layers.Dense(5, activation="relu"), keras.layers.Dense(3)]
            )

        def call(self, inputs):
            a, b = inputs
            d = self.twin(a) - self.twin(b)
            return keras.ops.sqrt(keras.ops.maximum(keras.ops.sum(d * d, -1, keepdims=True), 1e-6))

    return Siamese()


def text(keras):
    class Text(keras.Model):
        def __init__(self):
            super().__init__()
            self.embed = keras.layers.Embedding(7, 4)
            self.steps = keras.layers.Bidirectional(keras.layers.GRU(3, return_sequences=True))
            self.pool = keras.layers.GlobalMaxPooling1D()
            self.drop = keras.layers.Dropout(0.5)
            self.last = keras.layers.Dense(1, activation="sigmoid")

        def call(self, ids, training=False):
            x = self.pool(self.steps(self.embed(ids)))
            return self.last(self.drop(x, training=False))

    return Text()


def variational(keras):
    class Sampling(keras.layers.Layer):
        def call(self, inputs):
            mean, spread = inputs
            return mean + keras.ops.exp(0.5 * spread) * 0.3

    class Encoder(keras.layers.Layer):
        def __init__(self, latent, **base):
            super().__init__(**base)
            self.project = keras.layers.Dense(5, activation="relu")
            self.mean, self.spread = keras.layers.Dense(latent), keras.layers.Dense(latent)
            self.sampling = Sampling()

        def call(self, x):
            h = self.project(x)
            mean, spread = self.mean(h), self.spread(h)
            return mean, spread, self.sampling((mean, spread))

    class Variational(keras.Model):
        def __init__(self):
            super().__init__()
            self.encoder = Encoder(2)
            self.decoder = keras.Sequential(
                [keras.layers.Dense(5, activation="relu"), keras.layers.Dense(3)]
            )

        def call(self, x):
            mean, spread, z = self.encoder(x)
            self.add_loss(
                -0.05 * keras.ops.mean(spread - keras.ops.square(mean) - keras.ops.exp(spread) + 1)
            )
            return self.decoder(z)

    return Variational()


def convolutional(keras):
    class ConvBlock(keras.layers.Layer):
        def __init__(self, filters):
            super().__init__()
            self.conv = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False)
            self.norm = keras.layers.BatchNormalization()

        def call(self, x, training=None):
            return keras.ops.relu(self.norm(self.conv(x), training=training))

    class Convolutional(keras.Model):
        def __init__(self):
            super().__init__()
            self.first, self.second = ConvBlock(4), ConvBlock(4)
            self.shortcut = keras.layers.Conv2D(4, 1)
            self.pool = keras.layers.GlobalAveragePooling2D()
            self.last = keras.layers.Dense(1)

        def call(self, x, training=None):
            h = self.first(x, training=training)
            h = self.second(h, training=training) + self.shortcut(x)
            return self.last(self.pool(h))

    return Convolutional()


CASES = {
    "residual": (residual, X, Y, "mse"),
    "wide_and_deep": (wide_and_deep, [X, WIDE], [Y, Y + 1], "mse"),
    "autoencoder": (autoencoder, IMAGES, ops.sigmoid(IMAGES), "mse"),
    "recommender": (recommender, PAIRS, (Y > 0).astype("float32"), "binary_crossentropy"),
    "attention": (attention, STEPS, Y, "mse"),
    "vision_transformer": (vision_transformer, IMAGES, Y, "mse"),
    "towers": (towers, {"a": X, "b": WIDE}, numbers(10, 2, seed=9), "mse"),
    "siamese": (siamese, [X, X[::-1].copy()], Y, "mse"),
    "text": (text, IDS, (Y > 0).astype("float32"), "binary_crossentropy"),
    "variational": (variational, X, X, "mse"),
    "convolutional": (convolutional, IMAGES, Y, "mse"),
}


@pytest.mark.parametrize("name", CASES)
def test_models_train_as_keras_s(name):
    assert_same(*CASES[name], tolerance=5e-5)


def test_a_model_that_hears_of_no_training_tells_nobody_as_in_keras():
    def make(keras):
        class Untold(keras.Model):
            def __init__(self):
                super().__init__()
                self.dense, self.norm = keras.layers.Dense(4), keras.layers.BatchNormalization()
                self.drop, self.last = keras.layers.Dropout(0.5), keras.layers.Dense(1)

            def call(self, x):
                return self.last(self.drop(self.norm(self.dense(x))))

        return Untold()

    with pytest.warns(lamina.models.TrainingAdvice, match="has no parameter training, so"):
        assert_same(make, X, Y)
