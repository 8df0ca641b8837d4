"""Seq2Seq: an encoder and a decoder that learn to add, letter by letter.

The input "12+5" gives the output "17": a sequence is mapped to a sequence of another length.  An
LSTM, the encoder, reads the sum; all that it keeps is its state.  Another LSTM, the decoder, starts
from that state and writes: at step l it gets the previous letter and returns the probabilities of
the next, O_l = softmax(beta_0 + B' A_l).

In training the previous letter is the correct one ("teacher forcing"), so that all steps are
trained at once.  To answer, the decoder reads its own output, one letter at a time.
"""

import matplotlib.pyplot as plt
import numpy as np
from lecture import Page

import lamina
from lamina import layers
from lamina.utils import Columns, one_hot

page = Page(__file__)
LETTERS = " 0123456789+^"  # a blank pads and ends an answer; ^ begins it
LARGEST, ROWS, EPOCHS, UNITS = page.setting((999, 40_000, 30, 128), short=(99, 5000, 40, 64))
TEST, SEED = 1000, 1


def encode(texts):
    """Return texts as rows of letter numbers, from the last letter to the first."""
    return np.array([[LETTERS.index(letter) for letter in reversed(text)] for text in texts])


# Different sums, of which the last 1,000 are for the test.  Units come first, as in adding by hand.
rng = np.random.default_rng(SEED)
pairs = rng.choice((LARGEST + 1) ** 2, size=ROWS + TEST, replace=False)
first, second = pairs // (LARGEST + 1), pairs % (LARGEST + 1)
sums = [f"{a}+{b}" for a, b in zip(first, second, strict=True)]
answers = [str(total) for total in first + second]
read_length, write_length = 2 * len(str(LARGEST)) + 1, len(str(2 * LARGEST))
read = encode([text.ljust(read_length) for text in sums])
wanted = encode([text.rjust(write_length) for text in answers])
before = np.column_stack([np.full(len(wanted), LETTERS.index("^")), wanted[:, :-1]])
read, before = one_hot(read, len(LETTERS)), one_hot(before, len(LETTERS))
train, test = slice(ROWS), slice(ROWS, None)

# Training: the inputs are the sum and the previous letters, the outputs the probabilities of
# letters.
lamina.set_random_seed(SEED)
sum_in = lamina.Input((read_length, len(LETTERS)), name="sum")
before_in = lamina.Input((None, len(LETTERS)), name="before")
encoder = layers.LSTM(UNITS, return_state=True, name="encoder")
decoder = layers.LSTM(UNITS, return_sequences=True, return_state=True, name="decoder")
letter = layers.Dense(len(LETTERS), activation="softmax", name="letter")
_, *state = encoder(sum_in)
written, *_ = decoder(before_in, initial_state=state)
model = lamina.Model([sum_in, before_in], letter(written))
model.compile(
    lamina.optimizers.Adam(0.002),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(
    [read[train], before[train]],
    wanted[train],
    batch_size=128,
    epochs=EPOCHS,
    validation_split=0.05,
    callbacks=[lamina.callbacks.EarlyStopping(patience=10)],
    verbose=0,
)

# Answering: the same layers, with the same weights, in a model of the encoder and one of a step.
state_in = [lamina.Input((UNITS,), name="h"), lamina.Input((UNITS,), name="c")]
written, *after = decoder(before_in, initial_state=state_in)
reader = lamina.Model(sum_in, state)
writer = lamina.Model([before_in, *state_in], [letter(written), *after])
state = reader.predict(read[test], verbose=0)
last = before[test][:, :1]  # the start letter
columns = []
for _ in range(write_length):
    probabilities, *state = writer.predict([last, *state], verbose=0)
    columns.append(probabilities.argmax(axis=2))
    last = one_hot(columns[-1], len(LETTERS))
guesses = ["".join(LETTERS[k] for k in row).rstrip()[::-1] for row in np.hstack(columns)]
right = np.array([a == b for a, b in zip(guesses, answers[ROWS:], strict=True)])
by_length = [str(len(answer)) for answer in answers[ROWS:]]
lengths = sorted(set(by_length))
table = {
    "digits of the answer": lengths,
    "sums": [by_length.count(length) for length in lengths],
    "right, %": [100 * right[np.array(by_length) == length].mean() for length in lengths],
}
print(Columns({"sum": sums[ROWS : ROWS + 6], "written": guesses[:6], "is": answers[ROWS:][:6]}))
print()
print(Columns(table, title=f"{TEST} sums that the network has not seen, {ROWS} that it has"))

fig, ax = plt.subplots()
lamina.plot.learning_curves(history, metrics="accuracy", ax=ax)
ax.set(ylabel="share of the letters right", title="Learning to add, letter by letter")
page.save(fig)

page.state("new sums right, %", 100 * right.mean(), low=98, short=(40, 100))
page.close()
