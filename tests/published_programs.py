"""Small versions of programs as in books and guides on Keras."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_models import numbers
from programs_beside_keras import IDS, IMAGES, QUIET, STEPS, X, Y, drawn, fitted, program

CLASSES = np.arange(20) % 3
PADDED = np.where(np.arange(5) < [[5], [3], [2], [4], [5], [1], [3], [2]], IDS % 19 + 1, 0)


def noted(model: Any, x: Any, y: Any = None, **options: Any) -> list[Any]:
    """Return keys and values of a short fit."""
    history = model.fit(x, y, epochs=2, batch_size=5, **QUIET, **options).history
    return [list(history), *history.values()]


@program
def a_variational_autoencoder(library: Any) -> Any:
    layers, ops = library.layers, library.ops

    class Sampling(layers.Layer):  # type: ignore[misc]
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.seed_generator = library.random.SeedGenerator(1)

        def call(self, inputs: Any) -> Any:
            mean, log_var = inputs
            shape = (ops.shape(mean)[0], ops.shape(mean)[1])
            noise = library.random.normal(shape=shape, seed=self.seed_generator)
            return mean + ops.exp(0.5 * log_var) * noise * 0.0

    class Autoencoder(library.Model):  # type: ignore[misc]
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.hidden = layers.Dense(4, activation="relu")
            self.mean, self.log_var, self.draw = layers.Dense(2), layers.Dense(2), Sampling()
            self.decoder = library.Sequential([layers.Dense(4, activation="relu"), layers.Dense(6)])

        def call(self, inputs: Any) -> Any:
            h = self.hidden(inputs)
            mean, log_var = self.mean(h), self.log_var(h)
            self.add_loss(-0.5 * ops.mean(log_var - ops.square(mean) - ops.exp(log_var) + 1))
            return self.decoder(self.draw([mean, log_var]))

    model = Autoencoder(name="vae")
    model(X)
    drawn(model).compile("sgd", "mse", metrics=["mae"])
    return [noted(model, X, X), [w.shape for w in model.weights], model.name]


@program
def a_student_and_a_teacher(library: Any) -> Any:
    layers, ops, losses = library.layers, library.ops, library.losses

    def net(units: int) -> Any:
        return drawn(
            library.Sequential([library.Input((6,)), layers.Dense(units, "tanh"), layers.Dense(3)])
        )

    class Distiller(library.Model):  # type: ignore[misc]
        def __init__(self, student: Any, teacher: Any) -> None:
            super().__init__()
            self.student, self.teacher = student, teacher

        def compile(self, optimizer: Any, metrics: Any, student_loss: Any, soft_loss: Any) -> None:
            super().compile(optimizer=optimizer, metrics=metrics)
            self.student_loss, self.soft_loss = student_loss, soft_loss

        def compute_loss(
            self,
            x: Any = None,
            y: Any = None,
            y_pred: Any = None,
            sample_weight: Any = None,
            training: bool = True,
        ) -> Any:
            soft = ops.softmax(self.teacher(x, training=False) / 3.0, axis=1)
            far = self.soft_loss(soft, ops.softmax(y_pred / 3.0, axis=1))
            return 0.1 * self.student_loss(y, y_pred) + 0.9 * far * 9

        def call(self, x: Any) -> Any:
            return self.student(x)

    teacher, student = net(8), net(4)
    model = Distiller(student, teacher)
    model.compile(
        "sgd", ["accuracy"], losses.SparseCategoricalCrossentropy(from_logits=True),
        losses.KLDivergence(),
    )  # fmt: skip
    teacher.trainable = False
    fit = noted(model, X, CLASSES)
    return [fit, student.get_weights(), sorted(model.evaluate(X, CLASSES, 20, 0, return_dict=True))]


@program
def a_generator_and_a_discriminator(library: Any) -> Any:
    layers = library.layers
    generator = library.Sequential([library.Input((2,)), layers.Dense(6, activation="selu")])
    judge = library.Sequential([library.Input((6,)), layers.Dense(1, activation="sigmoid")])
    both = drawn(library.Sequential([generator, judge]))
    judge.compile("sgd", "binary_crossentropy")
    judge.trainable = False
    both.compile("sgd", "binary_crossentropy")
    noise = X[:5, :2]
    made = generator.predict_on_batch(noise)
    first, last = both.layers
    judge.trainable = True
    told = judge.train_on_batch(np.concatenate([made, X[:5]]), np.repeat([[0.0], [1.0]], 5, axis=0))
    judge.trainable = False
    fooled = both.train_on_batch(noise, np.ones((5, 1)))
    return [made, float(told), float(fooled), first is generator, last is judge, both.get_weights()]


@program
def twins_and_a_contrastive_loss(library: Any) -> Any:
    layers, ops = library.layers, library.ops

    def distance(pair: Any) -> Any:
        a, b = pair
        far = ops.sum(ops.square(a - b), axis=1, keepdims=True)
        return ops.sqrt(ops.maximum(far, library.backend.epsilon()))

    def loss(margin: float) -> Any:
        def contrastive_loss(y_true: Any, y_pred: Any) -> Any:
            beyond = ops.square(ops.maximum(margin - y_pred, 0))
            return ops.mean((1 - y_true) * ops.square(y_pred) + y_true * beyond)

        return contrastive_loss

    x = library.Input((6,))
    tower = library.Model(x, layers.Dense(3, activation="tanh")(x))
    a, b = library.Input((6,)), library.Input((6,))
    far = layers.Lambda(distance, output_shape=(1,))([tower(a), tower(b)])
    model = drawn(library.Model([a, b], layers.Dense(1, activation="sigmoid")(far)))
    model.compile(library.optimizers.SGD(0.1), loss(1.0), metrics=["accuracy"])
    return [noted(model, [X, X[::-1].copy()], (Y > 0) * 1.0), tower.predict(X, verbose=0)]


@program
def anchors_and_others(library: Any) -> Any:
    layers, ops = library.layers, library.ops

    class Distances(layers.Layer):  # type: ignore[misc]
        def call(self, anchor: Any, positive: Any, negative: Any) -> Any:
            return (
                ops.sum(ops.square(anchor - positive), -1),
                ops.sum(ops.square(anchor - negative), -1),
            )

    class Triplets(library.Model):  # type: ignore[misc]
        def __init__(self, net: Any, margin: float = 0.5) -> None:
            super().__init__()
            self.net, self.margin = net, margin

        def call(self, inputs: Any) -> Any:
            return self.net(inputs)

        def compute_loss(
            self, x=None, y=None, y_pred=None, sample_weight=None, training=True
        ) -> Any:  # type: ignore[no-untyped-def]
            near, far = y_pred
            return ops.mean(ops.maximum(near - far + self.margin, 0.0))

    tower = library.Sequential([library.Input((6,)), layers.Dense(4, "relu"), layers.Dense(2)])
    inputs = [library.Input((6,), name=name) for name in ("anchor", "positive", "negative")]
    net = drawn(library.Model(inputs, Distances()(*map(tower, inputs))))
    model = Triplets(net)
    model.compile("sgd")
    data = [X, X[::-1].copy(), numbers(20, 6, seed=9)]
    return [noted(model, data), list(net.predict(data, verbose=0))]


@program
def pairs_made_of_the_rows_of_a_batch(library: Any) -> Any:
    layers, ops = library.layers, library.ops

    class Pairs(library.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.tower = library.Sequential([library.Input((6,)), layers.Dense(3)])

        def call(self, x: Any) -> Any:
            views = ops.stack([x, 2 * x], axis=1)
            return self.tower(ops.reshape(views, (-1, 6)))

        def compute_loss(
            self, x=None, y=None, y_pred=None, sample_weight=None, training=True
        ) -> Any:  # type: ignore[no-untyped-def]
            first, second = ops.split(ops.reshape(y_pred, (-1, 2, 3)), 2, axis=1)
            first, second = ops.normalize(first[:, 0], axis=1), ops.normalize(second[:, 0], axis=1)
            alike = ops.matmul(first, ops.transpose(second)) / 0.5
            places = ops.arange(ops.shape(alike)[0])
            both = [
                library.losses.sparse_categorical_crossentropy(places, each, from_logits=True)
                for each in (alike, ops.transpose(alike))
            ]
            return ops.mean(both[0] + both[1]) / 2

    model = Pairs()
    drawn(model.tower)
    model.compile("sgd")
    return [noted(model, X), model.predict(X, batch_size=5, verbose=0)]


@program
def masks_between_layers_called_on_arrays(library: Any) -> Any:
    layers, ops = library.layers, library.ops
    embedding = layers.Embedding(20, 3, mask_zero=True, embeddings_initializer="ones")
    ones = {"kernel_initializer": "ones", "recurrent_initializer": "ones"}
    y = embedding(PADDED)
    steps = np.concatenate([STEPS[:2, :2], np.zeros((2, 3, 4), "float32")], axis=1)

    class Halves(layers.Layer):  # type: ignore[misc]
        def call(self, inputs: Any) -> Any:
            return ops.split(inputs, [2], axis=1)

        def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
            return None if mask is None else ops.split(mask, [2], axis=1)

    first, last = Halves()(y)
    pooled = layers.GlobalAveragePooling1D()
    return [
        y._keras_mask,
        layers.LSTM(2, **ones)(y),
        layers.GRU(2, **ones)(layers.Dropout(0.5)(y)),
        pooled(layers.Masking()(steps)),
        first._keras_mask,
        last._keras_mask,
        pooled(first),
        pooled(ops.convert_to_tensor(np.asarray(y))),
    ]


@program
def a_transformer_on_padded_words(library: Any) -> Any:
    layers, ops = library.layers, library.ops

    class Places(layers.Layer):  # type: ignore[misc]
        def __init__(self, length: int, words: int, units: int, **options: Any) -> None:
            super().__init__(**options)
            self.words, self.places = (
                layers.Embedding(words, units),
                layers.Embedding(length, units),
            )

        def call(self, inputs: Any) -> Any:
            places = self.places(ops.arange(0, ops.shape(inputs)[-1], 1))
            return self.words(inputs) + places

        def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
            return ops.not_equal(inputs, 0)

    class Encoder(layers.Layer):  # type: ignore[misc]
        def __init__(self, units: int, **options: Any) -> None:
            super().__init__(**options)
            self.attention = layers.MultiHeadAttention(num_heads=2, key_dim=units)
            self.dense = library.Sequential([layers.Dense(5, "relu"), layers.Dense(units)])
            self.norms = [layers.LayerNormalization(), layers.LayerNormalization()]
            self.supports_masking = True

        def call(self, inputs: Any, mask: Any = None) -> Any:
            mask = None if mask is None else ops.cast(mask[:, None, :], "int32")
            y = self.norms[0](inputs + self.attention(inputs, inputs, attention_mask=mask))
            return self.norms[1](y + self.dense(y))

    x = library.Input((None,), dtype="int64")
    h = layers.GlobalMaxPooling1D()(Encoder(4)(Places(5, 20, 4)(x)))
    model = drawn(library.Model(x, layers.Dense(3, activation="softmax")(h)))
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return [
        noted(model, PADDED, CLASSES[:8]), model.predict(PADDED[:, :4], verbose=0),
        [w.shape for w in model.weights],
    ]  # fmt: skip


@program
def outputs_in_a_dict_are_evaluated(library: Any) -> Any:
    layers = library.layers
    x = library.Input((6,))
    outputs = {
        "priority": layers.Dense(1, name="priority")(x),
        "department": layers.Dense(3, name="department", activation="softmax")(x),
    }
    model = drawn(library.Model(x, outputs))
    model.compile(
        "sgd",
        loss={"priority": "mse", "department": "sparse_categorical_crossentropy"},
        loss_weights={"priority": 1.0, "department": 0.2},
        metrics={"priority": ["mae", "mse"], "department": ["accuracy"]},
    )
    y = {"priority": Y, "department": CLASSES}
    return [noted(model, X, y), model.evaluate(X, y, verbose=0)]


@program
def gated_convolutions_with_skips(library: Any) -> Any:
    layers = library.layers

    class Gate(layers.Layer):  # type: ignore[misc]
        def __init__(self, activation: str = "tanh", **options: Any) -> None:
            super().__init__(**options)
            self.activation = library.activations.get(activation)

        def call(self, inputs: Any) -> Any:
            half = inputs.shape[-1] // 2
            gate = library.activations.sigmoid(inputs[..., half:])
            return self.activation(inputs[..., :half]) * gate

    x = library.Input((7, 4))
    z, skips = layers.Conv1D(3, 2, padding="causal")(x), []
    for rate in (1, 2, 4):
        h = Gate()(layers.Conv1D(6, 2, padding="causal", dilation_rate=rate)(z))
        h = layers.Conv1D(3, 1)(h)
        z = layers.Add()([h, z])
        skips.append(h)
    z = library.activations.relu(layers.Add()(skips))
    model = drawn(library.Model(x, layers.Conv1D(5, 1, activation="softmax")(z)))
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return noted(model, STEPS, (IDS[:, [0, 1, 2, 3, 4, 0, 1]] % 5))


@program
def cells_of_ones_own(library: Any) -> Any:
    layers, ops = library.layers, library.ops

    class Cell(layers.Layer):  # type: ignore[misc]
        def __init__(self, units: int, **options: Any) -> None:
            super().__init__(**options)
            self.units = self.state_size = units

        def build(self, shape: Any) -> None:
            self.kernel = self.add_weight(shape=(shape[-1], self.units), name="kernel")
            self.back = self.add_weight(shape=(self.units, self.units), name="back")

        def call(self, inputs: Any, states: Any) -> Any:
            y = ops.matmul(inputs, self.kernel) + ops.matmul(states[0], self.back)
            return y, [y]

    x = library.Input((None, 4))
    one = drawn(library.Model(x, layers.RNN(Cell(3), return_sequences=True)(x)))
    two = drawn(library.Model(x, layers.RNN([Cell(3), layers.LSTMCell(2)])(x)))
    return [m.predict(STEPS, verbose=0) for m in (one, two)]


@program
def metrics_that_derive_from_others(library: Any) -> Any:
    layers, metrics, ops = library.layers, library.metrics, library.ops

    class OfClasses(metrics.MeanIoU):  # type: ignore[misc]
        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            super().update_state(y_true, ops.argmax(y_pred, axis=-1), sample_weight)

    class Halved(metrics.MeanAbsoluteError):  # type: ignore[misc]
        def result(self) -> Any:
            return super().result() / 2

    x = library.Input((8, 8, 3))
    image = drawn(library.Model(x, layers.Conv2D(3, 3, padding="same", activation="softmax")(x)))
    image.compile(
        "sgd", "sparse_categorical_crossentropy", metrics=[OfClasses(3, name="iou"), "accuracy"]
    )
    row = drawn(library.Sequential([library.Input((6,)), layers.Dense(1)]))
    row.compile("sgd", "mse", metrics=[Halved(name="half")])
    labels = (np.abs(IMAGES[..., :1]) * 10 % 3).astype("uint8")
    return [noted(image, IMAGES, labels), noted(row, X, Y)]


@program
def dropout_made_to_last(library: Any) -> Any:
    layers = library.layers

    class Always(layers.Dropout):  # type: ignore[misc]
        def call(self, inputs: Any, training: Any = None) -> Any:
            return super().call(inputs, training=True)

    model = drawn(library.Sequential([library.Input((6,)), layers.Dense(40), layers.Dropout(0.5)]))
    lasting = library.Sequential(
        [Always(la.rate) if isinstance(la, layers.Dropout) else la for la in model.layers]
    )
    lasting.set_weights(model.get_weights())
    made = [lasting.predict(X, verbose=0) for _ in range(2)]
    dropped = [0.4 < np.mean(y == 0) < 0.6 for y in made]
    return [len(lasting.layers), *map(bool, dropped), model.predict(X, verbose=0)]


@program
def what_things_are_called(library: Any) -> Any:
    layers, activations = library.layers, library.activations
    named = [
        layers.Dense(3), layers.Dense(3, activation="relu"), layers.LSTM(2),
        layers.Dense(3, activation=activations.gelu), layers.Activation("tanh"),
        layers.Conv2D(3, 3, activation=library.ops.relu),
    ]  # fmt: skip
    row = library.Sequential([library.Input((6,)), layers.Dense(3, kernel_regularizer="l2")])
    tensors = [library.Input((3,)), library.Input((3,), dtype="int32"), layers.Dense(2)(X[:1])]
    return [
        [layer.get_config()["activation"] for layer in named],
        [str(tensor.dtype) for tensor in tensors],
        [isinstance(row, layers.Layer), issubclass(library.Model, layers.Layer)],
        isinstance(row, library.Model),
        [tuple(loss.shape) for loss in row.losses],
        fitted(_compiled(library, row)),
    ]


def _compiled(library: Any, row: Any) -> Any:
    model = drawn(library.Sequential([row, library.layers.Dense(1)]))
    model.compile("sgd", "mse")
    return model
