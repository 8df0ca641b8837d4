"""Layers: they own weights and record operations; they never compute and never keep buffers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.layers.activation import Activation
from lamina.layers.activity_regularization import ActivityRegularization
from lamina.layers.alpha_dropout import AlphaDropout
from lamina.layers.batch_normalization import BatchNormalization
from lamina.layers.bidirectional import Bidirectional
from lamina.layers.concatenation import Concatenate
from lamina.layers.conv1d import Conv1D
from lamina.layers.conv2d import Conv2D
from lamina.layers.conv2d_transpose import Conv2DTranspose
from lamina.layers.cropping1d import Cropping1D
from lamina.layers.cropping2d import Cropping2D
from lamina.layers.dense import Dense
from lamina.layers.depthwise_conv2d import DepthwiseConv2D
from lamina.layers.dot_product import Dot
from lamina.layers.dropout import Dropout
from lamina.layers.elu import ELU
from lamina.layers.embedding import Embedding
from lamina.layers.flatten import Flatten
from lamina.layers.gaussian_dropout import GaussianDropout
from lamina.layers.gaussian_noise import GaussianNoise
from lamina.layers.global_pooling import (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
)
from lamina.layers.gru import GRU
from lamina.layers.input_layer import Input, InputLayer
from lamina.layers.lambda_layer import Lambda
from lamina.layers.layer import Layer
from lamina.layers.layer_normalization import LayerNormalization
from lamina.layers.leaky_relu import LeakyReLU
from lamina.layers.lstm import LSTM
from lamina.layers.masking import Masking
from lamina.layers.merge import Add, Average, Maximum, Minimum, Multiply, Subtract
from lamina.layers.merging import (
    add,
    average,
    concatenate,
    dot,
    maximum,
    minimum,
    multiply,
    subtract,
)
from lamina.layers.node import SymbolicTensor
from lamina.layers.normalization import Normalization
from lamina.layers.permute import Permute
from lamina.layers.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    MaxPooling1D,
    MaxPooling2D,
)
from lamina.layers.prelu import PReLU
from lamina.layers.python_layer import PythonLayer
from lamina.layers.relu import ReLU
from lamina.layers.repeat_vector import RepeatVector
from lamina.layers.reshape import Reshape
from lamina.layers.separable_conv2d import SeparableConv2D
from lamina.layers.serialization import deserialize, serialize
from lamina.layers.simple_rnn import SimpleRNN
from lamina.layers.softmax import Softmax
from lamina.layers.spatial_dropout import SpatialDropout1D, SpatialDropout2D
from lamina.layers.time_distributed import TimeDistributed
from lamina.layers.up_sampling2d import UpSampling2D
from lamina.layers.zero_padding1d import ZeroPadding1D
from lamina.layers.zero_padding2d import ZeroPadding2D

# Keras's other names of the same layers.
AvgPool1D, AvgPool2D = AveragePooling1D, AveragePooling2D
MaxPool1D, MaxPool2D = MaxPooling1D, MaxPooling2D
GlobalAvgPool1D, GlobalAvgPool2D = GlobalAveragePooling1D, GlobalAveragePooling2D
GlobalMaxPool1D, GlobalMaxPool2D = GlobalMaxPooling1D, GlobalMaxPooling2D
Convolution1D, Convolution2D = Conv1D, Conv2D
Convolution2DTranspose, SeparableConvolution2D = Conv2DTranspose, SeparableConv2D

__all__ = [
    "ELU",
    "GRU",
    "LSTM",
    "Activation",
    "ActivityRegularization",
    "Add",
    "AlphaDropout",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "BatchNormalization",
    "Bidirectional",
    "Concatenate",
    "Conv1D",
    "Conv2D",
    "Conv2DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Dense",
    "DepthwiseConv2D",
    "Dot",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "Input",
    "InputLayer",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxPooling1D",
    "MaxPooling2D",
    "Maximum",
    "Minimum",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "PythonLayer",
    "ReLU",
    "RepeatVector",
    "Reshape",
    "SeparableConv2D",
    "SimpleRNN",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "Subtract",
    "SymbolicTensor",
    "TimeDistributed",
    "UpSampling2D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]  # fmt: skip


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)
