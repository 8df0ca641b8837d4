"""Mistakes in typed code: a type checker reports each marked line, and no other."""

from __future__ import annotations

import lamina
from lamina import callbacks, layers, optimizers
from lamina.layers import (
    Dense,
    Input,
)

x, y = [[0.0]], [1.0]
model = lamina.Sequential([Input((1,)), Dense(1)])
tensor = Input((3,))

lamina.Sequental()  # error
lamina.layer  # error
layers.MaxPoolin2D()  # error
layers.Dense(3, activaton="relu")  # error
layers.Dense("three")  # error
layers.LSTM(3, return_sequence=True)  # error
layers.Conv2D(3, 3, activation=3)  # error
layers.Embedding(3, 2, input_shpe=(3,))  # error
layers.add([tensor, tensor], nam="sum")  # error
layers.Layer(units=3)  # error
Dense(3).untis  # error
Dense(2)(tensor).shap  # error
tensor.dtyp  # error
Input(shap=(3,))  # error

Dense(3).add_weight(shape=3.5)  # error
Dense(3).add_weight("w", (3,), regularizer=3)  # error
lamina.metrics.Metric().add_variable(initializer=3)  # error
lamina.Model(3, tensor)  # error
lamina.Model(tensor, 3)  # error
lamina.Model(tensor, Dense(2)(tensor), nam="m")  # error
lamina.Sequential(Dense(3))  # error
model.ftt(x, y)  # error
model.fit(x, y, epohcs=3)  # error
model.fit(x, y, epochs="3")  # error
model.fit(x, y, callbacks=[3])  # error
model.fit(x, y, class_weight="balance")  # error
model.fit(x, y, verbose="all")  # error
model.fit(x, y).histroy  # error
model.compile(optimiser="adam")  # error
model.compile(3, "mse")  # error
model.compile("adam", loss=3)  # error
model.evaluate(x, y, retrun_dict=True)  # error
model.predict(x, bach_size=3)  # error
model.predict(x).shpe  # error
model.summary(line_lenght=80)  # error
model.optimizer.lerning_rate  # error
model.add("dense")  # error

optimizers.Adam(lr=0.1)  # error
optimizers.Adam(learning_rate="fast")  # error
callbacks.EarlyStopping(patince=3)  # error
callbacks.LambdaCallback(on_epoch_ned=print)  # error
layers.TimeDistributed(3)  # error
lamina.activations.relu()  # error
model.history.histroy  # error
