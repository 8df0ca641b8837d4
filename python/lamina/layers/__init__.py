"""Layers: they own weights and record operations; they never compute and never keep buffers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.layers.input_layer import Input, InputLayer
from lamina.layers.layer import Layer
from lamina.layers.node import SymbolicTensor
from lamina.layers.python_layer import PythonLayer
from lamina.layers.serialization import deserialize, serialize

if TYPE_CHECKING:
    from lamina.layers.activation import Activation
    from lamina.layers.activity_regularization import ActivityRegularization
    from lamina.layers.adaptive_pooling import (
        AdaptiveAveragePooling1D,
        AdaptiveAveragePooling2D,
        AdaptiveAveragePooling3D,
        AdaptiveMaxPooling1D,
        AdaptiveMaxPooling2D,
        AdaptiveMaxPooling3D,
    )
    from lamina.layers.additive_attention import AdditiveAttention
    from lamina.layers.alpha_dropout import AlphaDropout
    from lamina.layers.attention import Attention
    from lamina.layers.augmentation.affine import (
        RandomRotation,
        RandomShear,
        RandomTranslation,
        RandomZoom,
    )
    from lamina.layers.augmentation.auto_contrast import AutoContrast
    from lamina.layers.augmentation.colours import (
        RandomColorDegeneration,
        RandomColorJitter,
        RandomGrayscale,
        RandomHue,
        RandomSaturation,
    )
    from lamina.layers.augmentation.filters import (
        RandomErasing,
        RandomGaussianBlur,
        RandomSharpness,
    )
    from lamina.layers.augmentation.random_brightness import RandomBrightness
    from lamina.layers.augmentation.random_contrast import RandomContrast
    from lamina.layers.augmentation.random_crop import RandomCrop
    from lamina.layers.augmentation.random_flip import RandomFlip
    from lamina.layers.augmentation.random_perspective import RandomPerspective
    from lamina.layers.augmentation.values import RandomInvert, RandomPosterization, Solarization
    from lamina.layers.batch_normalization import BatchNormalization
    from lamina.layers.bidirectional import Bidirectional
    from lamina.layers.category_encoding import CategoryEncoding
    from lamina.layers.center_crop import CenterCrop
    from lamina.layers.concatenation import Concatenate
    from lamina.layers.conv1d import Conv1D
    from lamina.layers.conv1d_transpose import Conv1DTranspose
    from lamina.layers.conv2d import Conv2D
    from lamina.layers.conv2d_transpose import Conv2DTranspose
    from lamina.layers.conv3d import Conv3D
    from lamina.layers.conv3d_transpose import Conv3DTranspose
    from lamina.layers.conv_lstm import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
    from lamina.layers.cropping1d import Cropping1D
    from lamina.layers.cropping2d import Cropping2D
    from lamina.layers.cropping3d import Cropping3D
    from lamina.layers.dense import Dense
    from lamina.layers.depthwise_conv1d import DepthwiseConv1D
    from lamina.layers.depthwise_conv2d import DepthwiseConv2D
    from lamina.layers.discretization import Discretization
    from lamina.layers.dot_product import Dot
    from lamina.layers.dropout import Dropout
    from lamina.layers.einsum_dense import EinsumDense
    from lamina.layers.elu import ELU
    from lamina.layers.embedding import Embedding
    from lamina.layers.fill_missing import FillMissing
    from lamina.layers.flatten import Flatten
    from lamina.layers.gaussian_dropout import GaussianDropout
    from lamina.layers.gaussian_noise import GaussianNoise
    from lamina.layers.global_pooling import (
        GlobalAveragePooling1D,
        GlobalAveragePooling2D,
        GlobalMaxPooling1D,
        GlobalMaxPooling2D,
    )
    from lamina.layers.group_normalization import GroupNormalization
    from lamina.layers.group_query_attention import GroupQueryAttention
    from lamina.layers.gru import GRU
    from lamina.layers.gru_cell import GRUCell
    from lamina.layers.hashed_crossing import HashedCrossing
    from lamina.layers.hashing import Hashing
    from lamina.layers.identity import Identity
    from lamina.layers.integer_lookup import IntegerLookup
    from lamina.layers.lambda_layer import Lambda
    from lamina.layers.layer_normalization import LayerNormalization
    from lamina.layers.leaky_relu import LeakyReLU
    from lamina.layers.lstm import LSTM
    from lamina.layers.lstm_cell import LSTMCell
    from lamina.layers.masking import Masking
    from lamina.layers.mel_spectrogram import MelSpectrogram
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
    from lamina.layers.multi_head_attention import MultiHeadAttention
    from lamina.layers.normalization import Normalization
    from lamina.layers.permute import Permute
    from lamina.layers.pooling import AveragePooling1D, AveragePooling2D, MaxPooling1D, MaxPooling2D
    from lamina.layers.prelu import PReLU
    from lamina.layers.relu import ReLU
    from lamina.layers.repeat_vector import RepeatVector
    from lamina.layers.rescaling import Rescaling
    from lamina.layers.reshape import Reshape
    from lamina.layers.resizing import Resizing
    from lamina.layers.rms_normalization import RMSNormalization
    from lamina.layers.rnn import RNN
    from lamina.layers.separable_conv1d import SeparableConv1D
    from lamina.layers.separable_conv2d import SeparableConv2D
    from lamina.layers.simple_rnn import SimpleRNN
    from lamina.layers.simple_rnn_cell import SimpleRNNCell
    from lamina.layers.softmax import Softmax
    from lamina.layers.spatial_dropout import SpatialDropout1D, SpatialDropout2D, SpatialDropout3D
    from lamina.layers.spectral_normalization import SpectralNormalization
    from lamina.layers.stacked_rnn_cells import StackedRNNCells
    from lamina.layers.stft_spectrogram import STFTSpectrogram
    from lamina.layers.string_lookup import StringLookup
    from lamina.layers.text_vectorization import TextVectorization
    from lamina.layers.time_distributed import TimeDistributed
    from lamina.layers.unit_normalization import UnitNormalization
    from lamina.layers.up_sampling1d import UpSampling1D
    from lamina.layers.up_sampling2d import UpSampling2D
    from lamina.layers.up_sampling3d import UpSampling3D
    from lamina.layers.volume_pooling import (
        AveragePooling3D,
        GlobalAveragePooling3D,
        GlobalMaxPooling3D,
        MaxPooling3D,
    )
    from lamina.layers.zero_padding1d import ZeroPadding1D
    from lamina.layers.zero_padding2d import ZeroPadding2D
    from lamina.layers.zero_padding3d import ZeroPadding3D

    # Keras's other names of the same layers.
    AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
    MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
    GlobalAvgPool1D, GlobalAvgPool2D = GlobalAveragePooling1D, GlobalAveragePooling2D
    GlobalMaxPool1D, GlobalMaxPool2D = GlobalMaxPooling1D, GlobalMaxPooling2D
    GlobalAvgPool3D, GlobalMaxPool3D = GlobalAveragePooling3D, GlobalMaxPooling3D
    Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D
    Convolution1DTranspose, Convolution2DTranspose = Conv1DTranspose, Conv2DTranspose
    Convolution3DTranspose = Conv3DTranspose
    SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D

__all__ = [
    "ELU",
    "GRU",
    "LSTM",
    "RNN",
    "Activation",
    "ActivityRegularization",
    "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D",
    "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D",
    "AdaptiveMaxPooling3D",
    "Add",
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "AutoContrast",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "BatchNormalization",
    "Bidirectional",
    "CategoryEncoding",
    "CenterCrop",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Discretization",
    "Dot",
    "Dropout",
    "EinsumDense",
    "Embedding",
    "FillMissing",
    "Flatten",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "GroupNormalization",
    "GroupQueryAttention",
    "HashedCrossing",
    "Hashing",
    "Identity",
    "Input",
    "InputLayer",
    "IntegerLookup",
    "LSTMCell",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Maximum",
    "MelSpectrogram",
    "Minimum",
    "MultiHeadAttention",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "PythonLayer",
    "RMSNormalization",
    "RandomBrightness",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomContrast",
    "RandomCrop",
    "RandomErasing",
    "RandomFlip",
    "RandomGaussianBlur",
    "RandomGrayscale",
    "RandomHue",
    "RandomInvert",
    "RandomPerspective",
    "RandomPosterization",
    "RandomRotation",
    "RandomSaturation",
    "RandomSharpness",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Resizing",
    "STFTSpectrogram",
    "SeparableConv1D",
    "SeparableConv2D",
    "SimpleRNN",
    "SimpleRNNCell",
    "Softmax",
    "Solarization",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "SpectralNormalization",
    "StackedRNNCells",
    "StringLookup",
    "Subtract",
    "SymbolicTensor",
    "TextVectorization",
    "TimeDistributed",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
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


# By module; imported when they are first asked for, which keeps `import lamina` short.
_MODULES = {
    "activation": "Activation",
    "activity_regularization": "ActivityRegularization",
    "adaptive_pooling": (
        "AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D "
        "AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D"
    ),
    "additive_attention": "AdditiveAttention",
    "alpha_dropout": "AlphaDropout",
    "attention": "Attention",
    "augmentation.affine": "RandomRotation RandomShear RandomTranslation RandomZoom",
    "augmentation.auto_contrast": "AutoContrast",
    "augmentation.colours": (
        "RandomColorDegeneration RandomColorJitter RandomGrayscale RandomHue RandomSaturation"
    ),
    "augmentation.filters": "RandomErasing RandomGaussianBlur RandomSharpness",
    "augmentation.random_brightness": "RandomBrightness",
    "augmentation.random_contrast": "RandomContrast",
    "augmentation.random_crop": "RandomCrop",
    "augmentation.random_flip": "RandomFlip",
    "augmentation.random_perspective": "RandomPerspective",
    "augmentation.values": "RandomInvert RandomPosterization Solarization",
    "batch_normalization": "BatchNormalization",
    "bidirectional": "Bidirectional",
    "category_encoding": "CategoryEncoding",
    "center_crop": "CenterCrop",
    "concatenation": "Concatenate",
    "conv1d": "Conv1D",
    "conv1d_transpose": "Conv1DTranspose",
    "conv2d": "Conv2D",
    "conv2d_transpose": "Conv2DTranspose",
    "conv3d": "Conv3D",
    "conv3d_transpose": "Conv3DTranspose",
    "conv_lstm": "ConvLSTM1D ConvLSTM2D ConvLSTM3D",
    "cropping1d": "Cropping1D",
    "cropping2d": "Cropping2D",
    "cropping3d": "Cropping3D",
    "dense": "Dense",
    "depthwise_conv1d": "DepthwiseConv1D",
    "depthwise_conv2d": "DepthwiseConv2D",
    "discretization": "Discretization",
    "dot_product": "Dot",
    "dropout": "Dropout",
    "einsum_dense": "EinsumDense",
    "elu": "ELU",
    "embedding": "Embedding",
    "fill_missing": "FillMissing",
    "flatten": "Flatten",
    "gaussian_dropout": "GaussianDropout",
    "gaussian_noise": "GaussianNoise",
    "global_pooling": (
        "GlobalAveragePooling1D GlobalAveragePooling2D GlobalMaxPooling1D GlobalMaxPooling2D"
    ),
    "group_normalization": "GroupNormalization",
    "group_query_attention": "GroupQueryAttention",
    "gru": "GRU",
    "gru_cell": "GRUCell",
    "hashed_crossing": "HashedCrossing",
    "hashing": "Hashing",
    "identity": "Identity",
    "integer_lookup": "IntegerLookup",
    "lambda_layer": "Lambda",
    "layer_normalization": "LayerNormalization",
    "leaky_relu": "LeakyReLU",
    "lstm": "LSTM",
    "lstm_cell": "LSTMCell",
    "masking": "Masking",
    "mel_spectrogram": "MelSpectrogram",
    "merge": "Add Average Maximum Minimum Multiply Subtract",
    "merging": "add average concatenate dot maximum minimum multiply subtract",
    "multi_head_attention": "MultiHeadAttention",
    "normalization": "Normalization",
    "permute": "Permute",
    "pooling": "AveragePooling1D AveragePooling2D MaxPooling1D MaxPooling2D",
    "prelu": "PReLU",
    "relu": "ReLU",
    "repeat_vector": "RepeatVector",
    "rescaling": "Rescaling",
    "reshape": "Reshape",
    "resizing": "Resizing",
    "rms_normalization": "RMSNormalization",
    "rnn": "RNN",
    "separable_conv1d": "SeparableConv1D",
    "separable_conv2d": "SeparableConv2D",
    "simple_rnn": "SimpleRNN",
    "simple_rnn_cell": "SimpleRNNCell",
    "softmax": "Softmax",
    "spatial_dropout": "SpatialDropout1D SpatialDropout2D SpatialDropout3D",
    "spectral_normalization": "SpectralNormalization",
    "stacked_rnn_cells": "StackedRNNCells",
    "stft_spectrogram": "STFTSpectrogram",
    "string_lookup": "StringLookup",
    "text_vectorization": "TextVectorization",
    "time_distributed": "TimeDistributed",
    "unit_normalization": "UnitNormalization",
    "up_sampling1d": "UpSampling1D",
    "up_sampling2d": "UpSampling2D",
    "up_sampling3d": "UpSampling3D",
    "volume_pooling": "AveragePooling3D GlobalAveragePooling3D GlobalMaxPooling3D MaxPooling3D",
    "zero_padding1d": "ZeroPadding1D",
    "zero_padding2d": "ZeroPadding2D",
    "zero_padding3d": "ZeroPadding3D",
}
# Keras's other names of the same layers.
_ALIASES = {
    "AvgPool1D": "AveragePooling1D",
    "AvgPool2D": "AveragePooling2D",
    "AvgPool3D": "AveragePooling3D",
    "MaxPool1D": "MaxPooling1D",
    "MaxPool2D": "MaxPooling2D",
    "MaxPool3D": "MaxPooling3D",
    "GlobalAvgPool1D": "GlobalAveragePooling1D",
    "GlobalAvgPool2D": "GlobalAveragePooling2D",
    "GlobalMaxPool1D": "GlobalMaxPooling1D",
    "GlobalMaxPool2D": "GlobalMaxPooling2D",
    "GlobalAvgPool3D": "GlobalAveragePooling3D",
    "GlobalMaxPool3D": "GlobalMaxPooling3D",
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "Convolution1DTranspose": "Conv1DTranspose",
    "Convolution2DTranspose": "Conv2DTranspose",
    "Convolution3DTranspose": "Conv3DTranspose",
    "SeparableConvolution1D": "SeparableConv1D",
    "SeparableConvolution2D": "SeparableConv2D",
}


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    _LAZY = {
        name: f"lamina.layers.{module}:{name}"
        for module, names in _MODULES.items()
        for name in names.split()
    }
    _LAZY |= {alias: _LAZY[name] for alias, name in _ALIASES.items()}
    __getattr__ = answering(__name__, _LAZY)
