"""Small programs for both libraries: weights, training of some layers, recurrence."""

from __future__ import annotations

from typing import Any

import numpy as np

from programs_beside_keras import (
    IDS,
    SHARES,
    STEPS,
    TABLE,
    X,
    drawn,
    fitted,
    net,
    program,
)

# --- weights


@program
def pretrained_embeddings(library: Any) -> Any:
    embedding, constant = library.layers.Embedding, library.initializers.Constant(TABLE)
    built, assigned, empty = embedding(20, 4), embedding(20, 4), embedding(20, 4)
    built.build((None,))
    built.set_weights([TABLE])
    assigned.build((None, 5))
    assigned.embeddings.assign(TABLE)
    empty.build()
    empty.set_weights([TABLE])
    given = embedding(20, 4, weights=[TABLE])
    frozen = embedding(20, 4, embeddings_initializer=constant, trainable=False)
    model = library.Sequential([built, library.layers.Flatten(), library.layers.Dense(1)])
    model.build((None, 5))
    made = [layer(IDS) for layer in (built, assigned, empty, given, frozen)]
    return [*made, frozen.trainable, [w.shape for w in model.weights]]


@program
def weights_are_read_and_assigned(library: Any) -> Any:
    model = net(library)
    kernel = model.trainable_weights[0]
    before = kernel.numpy()
    kernel.assign(2 * before)
    model.layers[0].kernel.assign_add(np.ones((6, 5)))
    model.layers[1].bias.assign_sub(np.ones(3))
    variable = library.Variable(np.ones((2, 2), "float32"))
    returned = [variable.assign(3 * np.ones((2, 2))), variable.assign_add(np.ones((2, 2)))]
    return [before, *model.get_weights(), *returned, kernel.shape, kernel.ndim, kernel.trainable]


@program
def weights_move_between_models(library: Any) -> Any:
    first, second = net(library), net(library, name="second")
    weights = first.layers[0].get_weights()
    weights[0][:, 0] = 0
    second.layers[0].set_weights(weights)
    twin = library.models.clone_model(first)
    twin.set_weights(second.get_weights())
    return [m.predict(X, verbose=0) for m in (first, second, twin)]


# --- training some layers


@program
def a_frozen_base(library: Any) -> Any:
    base = net(library)
    base.trainable = False
    x = library.Input((6,))
    model = library.Model(x, library.layers.Dense(1)(base(x, training=False)))
    drawn(model).compile("sgd", "mse")
    counts = [len(model.trainable_weights), len(model.non_trainable_weights), model.count_params()]
    return [counts, [la.trainable for la in base.layers], fitted(model), model.get_weights()]


@program
def a_frozen_base_with_statistics(library: Any) -> Any:
    layers = library.layers
    base = library.Sequential([library.Input((6,)), layers.Dense(4), layers.BatchNormalization()])
    base.set_weights([np.abs(w) + 0.5 for w in drawn(base).get_weights()])
    base.trainable = False
    model = library.Sequential([base, layers.Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mse")
    return [fitted(model), model.get_weights()]


@program
def the_last_layer_alone(library: Any) -> Any:
    model = net(library)
    for layer in model.layers[:-1]:
        layer.trainable = False
    model.compile("sgd", "mse", metrics=["mae"])
    return [fitted(model, y=SHARES), model.get_weights()]


@program
def models_made_frozen(library: Any) -> Any:
    x = library.Input((6,))
    row = library.Sequential([library.layers.Dense(3)], trainable=False)
    graph = library.Model(x, library.layers.Dense(2)(x), trainable=False)
    return [row.trainable, graph.trainable, len(graph.trainable_weights)]


@program
def compiled_again(library: Any) -> Any:
    model = net(library)
    model.compile("sgd", "mse")
    first = fitted(model, y=SHARES)
    model.compile(library.optimizers.SGD(0.1), "mae")
    return [first, fitted(model, y=SHARES)]


@program
def compiled_without_a_loss(library: Any) -> Any:
    model = net(library)
    model.compile("sgd")
    return model.predict(X, verbose=0)


# --- recurrence


@program
def states_returned_and_given(library: Any) -> Any:
    layers = library.layers
    x = library.Input((7, 4))
    y, h, c = layers.LSTM(3, return_sequences=True, return_state=True)(x)
    last = layers.LSTM(3)(y, initial_state=[h, c])
    model = drawn(library.Model(x, [y, h, c, last]))
    return [*model.predict(STEPS, verbose=0), model.output_shape]


@program
def both_ways_with_states(library: Any) -> Any:
    layers = library.layers
    x = library.Input((7, 4))
    both = layers.Bidirectional(layers.GRU(3, return_sequences=True, return_state=True))
    model = drawn(library.Model(x, list(both(x))))
    return [*model.predict(STEPS, verbose=0), [w.shape for w in model.weights]]


@program
def encoder_and_decoder(library: Any) -> Any:
    layers = library.layers
    source, target = library.Input((None, 4)), library.Input((None, 2))
    _, h, c = layers.LSTM(3, return_state=True)(source)
    decoder = layers.LSTM(3, return_sequences=True, return_state=True)
    dense = layers.Dense(2, activation="softmax")
    y, _, _ = decoder(target, initial_state=[h, c])
    model = drawn(library.Model([source, target], dense(y)))
    states = [library.Input((3,)), library.Input((3,))]
    y, *after = decoder(target, initial_state=states)
    encode, decode = (
        library.Model(source, [h, c]),
        library.Model([target, *states], [dense(y), *after]),
    )
    given = encode.predict(STEPS, verbose=0)
    made = decode.predict([STEPS[:, :1, :2], *given], verbose=0)
    model.compile("sgd", "mse")
    return [*given, *made, fitted(model, [STEPS, STEPS[:, :3, :2]], np.abs(STEPS[:, :3, 2:]) % 1)]
