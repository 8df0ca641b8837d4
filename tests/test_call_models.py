"""Models that users write as classes, beside Keras's: architectures, inputs, outputs, copies."""

import copy
import gc
import pickle
import sys
import threading
import weakref

import numpy as np
import pytest

import lamina
from keras_models import assert_same, numbers
from lamina import layers, ops

X, Y = numbers(10, 3), numbers(10, 1, seed=6)
WIDE = numbers(10, 6, seed=8)
STEPS = numbers(10, 5, 3)
IMAGES = numbers(10, 8, 8, 3)
IDS = np.random.default_rng(7).integers(1, 7, (10, 5))
PAIRS = np.random.default_rng(8).integers(0, 6, (10, 2))


# --- architectures


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

    with pytest.warns(lamina.models.TrainingAdvice, match="has no parameter training, so that"):
        assert_same(make, X, Y)


# --- inputs and outputs


def test_structures_of_several_outputs():
    def make(keras):
        class Several(keras.Model):
            def __init__(self):
                super().__init__()
                self.price, self.kind = keras.layers.Dense(1), keras.layers.Dense(2)

            def call(self, x):
                return {"price": self.price(x), "kind": self.kind(x)}

        return Several()

    kinds = np.concatenate([Y, -Y], 1)
    y = {"price": Y, "kind": kinds}
    assert_same(make, X, y, {"price": "mse", "kind": "mae"}, loss_weights={"price": 2, "kind": 1})
    model = make(lamina)  # compiled before the outputs are known
    model.compile("sgd", {"price": "mse", "kind": "mae"}, {"kind": ["mse"]})
    history = model.fit(X, y, verbose=0, validation_data=(X, y)).history
    names = ["loss", "price_loss", "kind_loss", "kind_mse"]
    assert list(history) == [*names, *(f"val_{name}" for name in names)]
    assert list(model.evaluate(X, y, return_dict=True, verbose=0)) == names
    assert set(model.predict(X)) == {"price", "kind"}


class Two(lamina.Model):
    def __init__(self, units=2, **base):
        super().__init__(**base)
        self.units = units
        self.first, self.second = layers.Dense(units), layers.Dense(1)
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

    def call(self, x, training=None, factor=1.0):
        return self.second(self.first(x)) * self.scale * factor, self.first(x)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def test_lists_and_tuples_are_alike():
    model = Two()
    model.compile("sgd", ["mse", None])
    for y in ([Y], (Y,)):
        model.fit(X, y, verbose=0)
    first, second = model.predict(X)
    assert (first.shape, second.shape) == ((10, 1), (10, 2))
    whole = model(X, factor=2.0)
    np.testing.assert_allclose(whole[0], 2 * first, 1e-6)
    assert len(model.get_weights()) == 5
    assert model.count_params() == 3 * 2 + 2 + 2 + 1 + 1


def test_a_model_builds_itself():
    class Builds(lamina.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(3)

        def build(self, input_shape):
            self.dense.build(input_shape)
            self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones")
            super().build(input_shape)
            self.built = True

        def call(self, x):
            return self.dense(x) * self.factor

    by_shape, by_data = Builds(), Builds()
    by_shape.build((None, 3))
    assert by_shape.built
    assert by_shape.count_params() == 15
    assert not by_data.built
    by_data.predict(X)
    assert [w.shape for w in by_data.weights] == [(3,), (3, 3), (3,)]


def test_summaries_before_and_after_building():
    lines = []
    model = Two(name="two")
    model.summary(print_fn=lines.append)
    assert "not built" in lines[0]
    model.predict(X)
    model.summary(print_fn=lines.append)
    assert "first" not in lines[1]
    for row in ("dense (Dense)", "dense_1 (Dense)", "(rows, 2)", "(rows, 1)", "Weights: 12"):
        assert row in lines[1]


# --- classes made of inputs and outputs


def test_classes_made_of_inputs_and_outputs():
    class Own(lamina.Model):
        def __init__(self, units):
            x = lamina.Input((3,))
            super().__init__(inputs=x, outputs=layers.Dense(units)(x), name="own")
            self.units = units

    class Twice(lamina.Model):
        def twice(self, x):
            return 2 * self.predict(x)

    assert (Own(2).name, Own(2).predict(X).shape, Own(3).units) == ("own", (10, 2), 3)
    x = lamina.Input((3,))
    model = Twice(x, layers.Dense(1)(x))
    np.testing.assert_array_equal(model.twice(X), 2 * model.predict(X))


# --- within other models, copies


def test_models_within_models():
    inner = Two()
    x = lamina.Input((3,))
    first, second = inner(x, factor=3.0)
    outer = lamina.Model(x, [first, ops.sum(second, axis=-1)])
    a, b = outer.predict(X)
    np.testing.assert_allclose(a, 3 * inner.predict(X)[0], 1e-5)
    np.testing.assert_allclose(b, inner.predict(X)[1].sum(1), 1e-5)
    inner.scale.assign(0.0)
    assert not outer.predict(X)[0].any()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
@pytest.mark.parametrize("trained", [False, True])
def test_copies_have_the_same_weights_and_live_alone(copied, trained):
    model = Two(seed=3)
    model.compile("adam", ["mse", None])
    if trained:
        model.fit(X, [Y], verbose=0)
    twin = copied(model)
    for a, b in zip(twin.predict(X), model.predict(X), strict=True):
        np.testing.assert_array_equal(a, b)
    a, b = (m.fit(X, [Y], epochs=2, verbose=0).history["loss"] for m in (twin, model))
    assert a == b
    twin.scale.assign(0.0)
    assert not twin.predict(X)[0].any()
    assert model.predict(X)[0].any()


def test_configurations_of_models():
    model = Two(3, name="three")
    model.predict(X)
    twin = Two.from_config(model.get_config())
    twin.predict(X)
    twin.set_weights(model.get_weights())
    assert (twin.units, twin.name) == (3, "three")
    np.testing.assert_array_equal(twin.predict(X)[0], model.predict(X)[0])


def test_frozen_parts_and_own_weights():
    model = Two()
    model.compile("sgd", ["mse", None])
    model.first.trainable = False
    model.fit(X, [Y], verbose=0)
    assert [w.name for w in model.trainable_weights] == [
        "two/scale",
        "dense_1/kernel",
        "dense_1/bias",
    ]
    before = model.get_weights()
    model.fit(X, [Y], verbose=0)
    moved = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert moved == [True, False, False, True, True]
    model.trainable = False
    assert not model.trainable_weights


def test_a_layer_of_a_sequential_may_use_the_weights_of_one_before_it():
    class Transposed(lamina.layers.Layer):
        def __init__(self, dense):
            super().__init__()
            self.dense = dense

        def build(self, input_shape):
            self.offset = self.add_weight((self.dense.kernel.shape[0],), "zeros")

        def call(self, x):
            return x @ ops.transpose(self.dense.kernel) + self.offset

    inner = lamina.layers.Dense(2)
    model = lamina.Sequential([lamina.Sequential([inner]), lamina.Sequential([Transposed(inner)])])
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(8, 5))
    loss = model.fit(x, x, epochs=8, verbose=0).history["loss"]
    assert loss[-1] < loss[0]
    assert model.count_params() == 5 * 2 + 2 + 5


def test_batch_normalization_told_to_train():
    images = numbers(6, 4, 4, 2)
    for x, axes in ((X, (0,)), (images, (0, 1, 2))):
        wanted = (x - x.mean(axes)) / np.sqrt(x.var(axes) + 1e-3)

        class Told(lamina.Model):
            def __init__(self):
                super().__init__()
                self.norm = layers.BatchNormalization()

            def call(self, x, training=None):
                return self.norm(x, training=training)

        norm, model = layers.BatchNormalization(), Told()
        for call in (norm, model):
            call(x)
            np.testing.assert_allclose(call(x, training=True), wanted, 1e-4, 1e-4)
            np.testing.assert_allclose(call(x, training=False), x / np.sqrt(1.001), 1e-4, 1e-4)


# --- threads and memory


def test_a_model_without_layers_predicts():
    class Total(lamina.Model):
        def call(self, x):
            return 2.0 * ops.sum(x, axis=-1, keepdims=True)

    np.testing.assert_allclose(Total().predict(X), 2 * X.sum(1, keepdims=True), rtol=1e-6)


def test_weights_of_others_do_not_learn():
    other = layers.Dense(2)
    other.build((None, 1))
    before = other.get_weights()

    class Perceptual(lamina.losses.Loss):
        def call(self, y, prediction):
            return ops.mean((other(prediction) - other(y)) ** 2, axis=-1)

    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(1)])
    first = model.get_weights()
    model.compile("sgd", Perceptual())
    model.fit(X, Y, verbose=0)
    assert np.abs(model.get_weights()[0] - first[0]).max() > 0
    for then, now in zip(before, other.get_weights(), strict=True):
        np.testing.assert_array_equal(then, now)


def test_layers_that_are_replaced_or_added_count_from_the_next_call():
    class Net(lamina.Model):
        def __init__(self):
            super().__init__()
            self.blocks = [layers.Dense(3)]
            self.head = layers.Dense(1)

        def call(self, x):
            for block in self.blocks:
                x = block(x)
            return self.head(x)

    model = Net()
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    kept = model.blocks[0].get_weights()
    assert model.predict(X).shape == (10, 1)
    model.head = layers.Dense(6)
    assert model.predict(X).shape == (10, 6)
    model.blocks.append(layers.Dense(3))
    model.compile("sgd", "mse")
    np.testing.assert_array_equal(model.blocks[0].get_weights()[0], kept[0])
    model.fit(X, WIDE, verbose=0)
    assert model.count_params() == 12 + 12 + 24


def test_compile_sees_what_call_reads():
    class Scaled(lamina.Model):
        def __init__(self):
            super().__init__()
            self.scale = 1.0

        def call(self, x):
            return x * self.scale

    model = Scaled()
    np.testing.assert_array_equal(model.predict(X), X)
    model.scale = 2.0
    model.compile("sgd", "mse")
    np.testing.assert_array_equal(model.predict(X), 2 * X)


@pytest.mark.parametrize(
    "function",
    [lambda x: x - x[-1], lambda x: x - ops.max(x, axis=0), lambda x: x - ops.sum(x, axis=0)],
)
def test_predictions_that_depend_on_the_batch_are_made_by_32_rows(function):
    x = np.arange(70.0, dtype=np.float32)[:, None]

    def expected(rows):
        parts = [np.asarray(function(x[i : i + rows])) for i in range(0, 70, rows)]
        return np.concatenate(parts)

    model = lamina.Sequential([lamina.Input((1,)), layers.Lambda(function)])
    np.testing.assert_array_equal(model.predict_on_batch(x), expected(70))
    np.testing.assert_array_equal(model(x), expected(70))
    np.testing.assert_array_equal(model.predict(x), expected(32))
    np.testing.assert_array_equal(model.predict(x, batch_size=20), expected(20))
    assert model.predict(x[:0]).shape == (0, 1)


def test_a_layer_without_call_is_refused():
    class Forward(layers.Layer):
        def forward(self, x):
            return x * 100

    with pytest.raises(TypeError, match="forward: a layer of your own must define call"):
        Forward()(X)
    with pytest.raises(TypeError, match="must define call"):
        lamina.Sequential([lamina.Input((3,)), Forward(), layers.Dense(1)]).predict(X)


class MaskedKernel(layers.Layer):
    """A kernel of which the mask leaves some."""

    keeps = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], np.float32)
    assigns = True

    def build(self, shape):
        self.kernel = self.add_weight(shape=(3, 2), initializer="ones")

    def call(self, x):
        if not self.assigns:
            return ops.matmul(x, self.kernel * self.keeps)
        self.kernel.assign(self.kernel * self.keeps)
        return ops.matmul(x, self.kernel)


class MaskedInTheProduct(MaskedKernel):
    """The same without an assignment."""

    assigns = False


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_weights_that_are_assigned_learn(optimizer):
    histories = []
    for layer in (MaskedKernel(), MaskedInTheProduct()):
        model = lamina.Sequential([lamina.Input((3,)), layer])
        model.compile(optimizer, "mse")
        run = model.fit(X, WIDE[:, :2], epochs=4, batch_size=5, shuffle=False, verbose=0)
        histories.append(run.history["loss"])
        predicted = model.predict(X)
        kernel = model.get_weights()[0] * MaskedKernel.keeps
        np.testing.assert_allclose(predicted, X @ kernel, rtol=1e-5, atol=1e-6)
    assert histories[0][-1] < histories[0][0]
    np.testing.assert_allclose(histories[0], histories[1], rtol=1e-6)


@pytest.mark.parametrize("trained", [False, True])
def test_models_are_collected(trained):
    model, x = Two(), [X]
    model.predict(X)
    if trained:
        model.compile("sgd", ["mse", None])
        model.fit(X, Y, verbose=0, validation_data=(X, Y))
        model.evaluate(X, Y, verbose=0)
        model.train_on_batch(X, Y)
    array = model.first.kernel.numpy()
    model.noted = array
    held = [weakref.ref(thing) for thing in (model, model.first, model.as_layer(), array)]
    del model, x, array
    gc.collect()
    assert [ref() for ref in held] == [None] * 4


def test_threads_build_and_predict_at_once():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for seed in range(5):
            model, alone = Two(seed=seed), Two(seed=seed)
            wanted = alone.predict(X)[0]
            barrier, found = threading.Barrier(4), []

            def run(model=model, barrier=barrier, found=found):
                barrier.wait()
                found.extend(model.predict(X)[0] for _ in range(5))

            threads = [threading.Thread(target=run) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(found) == 20
            for y in found:
                np.testing.assert_array_equal(y, wanted)
            assert len(model.get_weights()) == 5
    finally:
        sys.setswitchinterval(interval)
