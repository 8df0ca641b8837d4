"""MNIST: which digit from 0 to 9 is written on 28 x 28 pixels?  Table 10.1 from 5,000 digits.

The output layer has C = 10 units with softmax,

    f_m(X) = exp(Z_m) / sum_s exp(Z_s),

and the loss is the cross-entropy.  Without a hidden layer that is multinomial logistic regression.
It is compared with one hidden layer, with two, with ridge penalty or dropout, and with a
convolutional network (CNN). The book trains on 60,000 digits, these networks on 5,000.
"""

import numpy as np
from lecture import Page

import lamina
from lamina import plot
from lamina.datasets import mnist
from lamina.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from lamina.utils import Columns

page = Page(__file__)
DIGITS = page.setting(5000, short=1000)
SEEDS = page.setting(5, short=1)
EPOCHS = page.setting(30, short=15)  # the book's, with batches of 128 and RMSprop
# Chosen by the error on 1,000 of the training digits that were held out:
CNN_EPOCHS = page.setting(20, short=6)  # 12 are too few, 30 are hardly better
RIDGE = lamina.regularizers.L2(1e-5)  # of 1e-6 to 3e-3; up to 3e-5 there is no difference

(x, y), (x_test, y_test) = mnist.load_data()
x, y = x[:DIGITS, :, :, np.newaxis] / np.float32(255), y[:DIGITS]
x_test = x_test[:, :, :, np.newaxis] / np.float32(255)

networks = {
    "multinomial logistic regression": [Flatten()],
    "one hidden layer, 256": [Flatten(), Dense(256, "relu")],
    "256-128, ridge": [
        Flatten(),
        Dense(256, "relu", kernel_regularizer=RIDGE),
        Dense(128, "relu", kernel_regularizer=RIDGE),
    ],
    "256-128, dropout": [
        Flatten(), Dense(256, "relu"), Dropout(0.4), Dense(128, "relu"), Dropout(0.3)
    ],
    "CNN": [
        Conv2D(32, 3, activation="relu"), MaxPooling2D(2),
        Conv2D(64, 3, activation="relu"), MaxPooling2D(2),
        Flatten(), Dense(128, "relu"), Dropout(0.3),
    ],
}  # fmt: skip
published = {"multinomial logistic regression": 7.2, "256-128, ridge": 2.3, "256-128, dropout": 1.8}

columns = ["model", "parameters", "test error, %", "lowest", "highest", "book, 60000"]
rows = []
errors, models = {}, {}
for name, hidden in networks.items():
    output = Dense(10, activation="softmax")
    model = lamina.Sequential([lamina.Input((28, 28, 1)), *hidden, output])
    optimizer = "adam" if name == "CNN" else "rmsprop"
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    epochs = CNN_EPOCHS if name == "CNN" else EPOCHS
    fits = lamina.fit_many(
        model, x, y, seeds=range(1, SEEDS + 1), epochs=epochs, batch_size=128, predict=x_test,
        keep="weights", verbose=0,
    )  # fmt: skip
    wrong = [100 * np.mean(p.argmax(axis=1) != y_test) for p in fits.predictions]
    errors[name], models[name] = np.median(wrong), fits.models[0]
    middle, book = np.median(wrong), published.get(name, "")
    rows.append([name, model.count_params(), middle, min(wrong), max(wrong), book])
title = f"{DIGITS} digits to train, 10000 to test, {SEEDS} seeds"
print(Columns(dict(zip(columns, zip(*rows, strict=True), strict=True)), title))

axes = plot.images(x[:30], columns=10, cmap="gray_r")
axes[0].figure.suptitle("Handwritten digits: 28 x 28 pixels of ink, from 0 to 255")
page.save(axes[0])

fits = lamina.fit_many(
    models["256-128, dropout"], x, y, seeds=[1], epochs=EPOCHS, batch_size=128,
    validation_split=0.2, keep="histories", verbose=0,
)  # fmt: skip
page.save(plot.learning_curves(fits.histories[0])[0], "curves")

probabilities = models["CNN"].predict(x_test, verbose=0)
found = probabilities.argmax(axis=1)
surest = np.argsort(-probabilities.max(axis=1) * (found != y_test))[:18]  # most confident mistakes
titles = [f"{y_test[i]}, not {found[i]}" for i in surest]
axes = plot.images(x_test[surest], titles, columns=6, cmap="gray_r")
axes[0].figure.suptitle("Digits that the CNN took for others, most surely")
page.save(axes[0], "errors")

page.state("logistic regression, error in %", errors["multinomial logistic regression"],
           8.7, 9.8, short=(12, 22), published=7.2)  # fmt: skip
page.state("256-128 with dropout, accuracy in %", 100 - errors["256-128, dropout"], 94.6,
           short=(85, 94), published=98.2)  # fmt: skip
page.state("CNN, accuracy in %", 100 - errors["CNN"], 97.3, short=(86, 95))
page.close()
