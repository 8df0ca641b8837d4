"""From a sequence to a sequence: a network that learns to add, letter by letter.

It reads "12+5", one letter a step, and writes "17".  An LSTM, the encoder, reads the sum; all
that it keeps is its state.  Another LSTM, the decoder, starts from that state and writes: at each
step it gets the letter before and gives the probabilities of the next.

In training the letter before is the right one, whatever the network would have written ("teacher
forcing"), so that all steps are trained at once.  To answer, the network reads what it wrote
itself: two models made of the trained layers do one part each, and the decoder's is called once a
letter.

    python examples/seq2seq.py
"""

import argparse
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import lamina
from lamina import layers, plot
from lamina.callbacks import EarlyStopping
from lamina.utils import one_hot

LETTERS = " 0123456789+^"  # a blank fills up and ends; ^ begins an answer
BEGIN = LETTERS.index("^")
SUM, ANSWER = 7, 4  # letters of "999+999" and "1998"


def main():
    """Train on some sums, answer others."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=30, help="passes through the data")
    parser.add_argument("--seed", type=int, default=1, help="of all random numbers")
    parser.add_argument("--rows", type=int, default=40_000, help="sums to train on")
    parser.add_argument("--out", type=Path, default=Path("pictures"), help="folder of the pictures")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    # Different sums of two numbers below 1000; the last 1,000 are kept for the test.
    rng = np.random.default_rng(options.seed)
    pairs = rng.choice(1000 * 1000, size=options.rows + 1000, replace=False)
    sums = [f"{pair // 1000}+{pair % 1000}" for pair in pairs]
    answers = [str(pair // 1000 + pair % 1000) for pair in pairs]
    # The sum is read backwards, units first, and the answer written so: the carry goes that way.
    read = encode([s[::-1].rjust(SUM) for s in sums])
    wanted = encode([a[::-1].ljust(ANSWER) for a in answers])
    before = np.column_stack([np.full(len(wanted), BEGIN), wanted[:, :-1]])
    read, before = one_hot(read, len(LETTERS)), one_hot(before, len(LETTERS))
    train, test = slice(options.rows), slice(options.rows, None)

    # Training: the sum and the letters before go in, the letters come out.
    lamina.set_random_seed(options.seed)
    sum_in = lamina.Input((SUM, len(LETTERS)), name="sum")
    before_in = lamina.Input((ANSWER, len(LETTERS)), name="before")
    encoder = layers.LSTM(128, return_state=True, name="encoder")
    decoder = layers.LSTM(128, return_sequences=True, return_state=True, name="decoder")
    letter = layers.Dense(len(LETTERS), activation="softmax", name="letter")
    _, *state = encoder(sum_in)
    written, *_ = decoder(before_in, initial_state=state)
    model = lamina.Model([sum_in, before_in], letter(written))
    model.compile(
        optimizer=lamina.optimizers.Adam(0.002),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.summary()
    start = time.perf_counter()
    history = model.fit(
        [read[train], before[train]],
        wanted[train],
        batch_size=128,
        epochs=options.epochs,
        validation_split=0.05,
        callbacks=[EarlyStopping(patience=10)],  # the last epoch is not always the best
    )
    seconds = time.perf_counter() - start

    # Answering: the same layers, and so the same weights, in two models.
    state_in = [lamina.Input((128,), name="h"), lamina.Input((128,), name="c")]
    one_in = lamina.Input((1, len(LETTERS)), name="one")
    written, *after = decoder(one_in, initial_state=state_in)
    reader = lamina.Model(sum_in, state)
    writer = lamina.Model([one_in, *state_in], [letter(written), *after])
    guess = answer(reader, writer, read[test])
    right = np.array([g == a for g, a in zip(guess, answers[options.rows :], strict=True)])
    for i in range(8):
        mark = "" if right[i] else f"  (it is {answers[options.rows + i]})"
        print(f"{sums[options.rows + i]:>7} = {guess[i]}{mark}")

    plt.switch_backend("Agg")  # pictures go to files; no window opens
    plot.learning_curves(history, options.out / "seq2seq_curves.png")
    lamina.utils.plot_model(model, options.out / "seq2seq_model.png", show_shapes=True)
    print(f"pictures: {options.out}")
    print(
        f"seq2seq: {100 * right.mean():.1f} % of {len(right)} new sums right, "
        f"{len(history.epoch)} epochs of {options.rows} sums in {seconds:.1f} s"
    )


def encode(texts):
    """Return texts of equal length as rows of letter numbers."""
    return np.array([[LETTERS.index(letter) for letter in text] for text in texts])


def answer(reader, writer, read):
    """Write the most probable letter at each step and read it at the next ("greedy")."""
    state = reader.predict(read, verbose=0)
    last = np.full((len(read), 1), BEGIN)
    letters = []
    for _ in range(ANSWER):
        probabilities, *state = writer.predict([one_hot(last, len(LETTERS)), *state], verbose=0)
        last = probabilities.argmax(axis=2)
        letters.append(last[:, 0])
    texts = ["".join(LETTERS[k] for k in row) for row in np.transpose(letters)]
    return [text.rstrip()[::-1] for text in texts]


if __name__ == "__main__":
    main()
