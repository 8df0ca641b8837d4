"""The public layers and their modules; tools/list_layers.py writes this file."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    from lamina.layers.augmentation.chosen import AugMix, RandAugment
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
    from lamina.layers.augmentation.histograms import (
        ContrastLimitedAdaptiveHistogramEqualization,
        Equalization,
    )
    from lamina.layers.augmentation.max_num_bounding_boxes import MaxNumBoundingBoxes
    from lamina.layers.augmentation.mixtures import CutMix, MixUp
    from lamina.layers.augmentation.random_brightness import RandomBrightness
    from lamina.layers.augmentation.random_contrast import RandomContrast
    from lamina.layers.augmentation.random_crop import RandomCrop
    from lamina.layers.augmentation.random_elastic_transform import RandomElasticTransform
    from lamina.layers.augmentation.random_flip import RandomFlip
    from lamina.layers.augmentation.random_perspective import RandomPerspective
    from lamina.layers.augmentation.values import RandomInvert, RandomPosterization, Solarization
    from lamina.layers.batch_normalization import BatchNormalization
    from lamina.layers.bidirectional import Bidirectional
    from lamina.layers.category_encoding import CategoryEncoding
    from lamina.layers.center_crop import CenterCrop
    from lamina.layers.concatenation import Concatenate
    from lamina.layers.conv1d import Conv1D, Convolution1D
    from lamina.layers.conv1d_transpose import Conv1DTranspose, Convolution1DTranspose
    from lamina.layers.conv2d import Conv2D, Convolution2D
    from lamina.layers.conv2d_transpose import Conv2DTranspose, Convolution2DTranspose
    from lamina.layers.conv3d import Conv3D, Convolution3D
    from lamina.layers.conv3d_transpose import Conv3DTranspose, Convolution3DTranspose
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
        GlobalAvgPool1D,
        GlobalAvgPool2D,
        GlobalMaxPool1D,
        GlobalMaxPool2D,
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
    from lamina.layers.pipeline import Pipeline
    from lamina.layers.pooling import (
        AveragePooling1D,
        AveragePooling2D,
        AvgPool1D,
        AvgPool2D,
        MaxPool1D,
        MaxPool2D,
        MaxPooling1D,
        MaxPooling2D,
    )
    from lamina.layers.prelu import PReLU
    from lamina.layers.relu import ReLU
    from lamina.layers.repeat_vector import RepeatVector
    from lamina.layers.rescaling import Rescaling
    from lamina.layers.reshape import Reshape
    from lamina.layers.resizing import Resizing
    from lamina.layers.rms_normalization import RMSNormalization
    from lamina.layers.rnn import RNN
    from lamina.layers.separable_conv1d import SeparableConv1D, SeparableConvolution1D
    from lamina.layers.separable_conv2d import SeparableConv2D, SeparableConvolution2D
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
        AvgPool3D,
        GlobalAveragePooling3D,
        GlobalAvgPool3D,
        GlobalMaxPool3D,
        GlobalMaxPooling3D,
        MaxPool3D,
        MaxPooling3D,
    )
    from lamina.layers.zero_padding1d import ZeroPadding1D
    from lamina.layers.zero_padding2d import ZeroPadding2D
    from lamina.layers.zero_padding3d import ZeroPadding3D

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
    "AugMix",
    "AutoContrast",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "BatchNormalization",
    "Bidirectional",
    "CategoryEncoding",
    "CenterCrop",
    "Concatenate",
    "ContrastLimitedAdaptiveHistogramEqualization",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
    "Convolution1D",
    "Convolution1DTranspose",
    "Convolution2D",
    "Convolution2DTranspose",
    "Convolution3D",
    "Convolution3DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "CutMix",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Discretization",
    "Dot",
    "Dropout",
    "EinsumDense",
    "Embedding",
    "Equalization",
    "FillMissing",
    "Flatten",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "GroupNormalization",
    "GroupQueryAttention",
    "HashedCrossing",
    "Hashing",
    "Identity",
    "IntegerLookup",
    "LSTMCell",
    "Lambda",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxNumBoundingBoxes",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Maximum",
    "MelSpectrogram",
    "Minimum",
    "MixUp",
    "MultiHeadAttention",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "Pipeline",
    "RMSNormalization",
    "RandAugment",
    "RandomBrightness",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomContrast",
    "RandomCrop",
    "RandomElasticTransform",
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
    "SeparableConvolution1D",
    "SeparableConvolution2D",
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
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]

MODULES = {
    "Activation": "activation",
    "ActivityRegularization": "activity_regularization",
    "AdaptiveAveragePooling1D": "adaptive_pooling",
    "AdaptiveAveragePooling2D": "adaptive_pooling",
    "AdaptiveAveragePooling3D": "adaptive_pooling",
    "AdaptiveMaxPooling1D": "adaptive_pooling",
    "AdaptiveMaxPooling2D": "adaptive_pooling",
    "AdaptiveMaxPooling3D": "adaptive_pooling",
    "AdditiveAttention": "additive_attention",
    "AlphaDropout": "alpha_dropout",
    "Attention": "attention",
    "RandomRotation": "augmentation.affine",
    "RandomShear": "augmentation.affine",
    "RandomTranslation": "augmentation.affine",
    "RandomZoom": "augmentation.affine",
    "AutoContrast": "augmentation.auto_contrast",
    "AugMix": "augmentation.chosen",
    "RandAugment": "augmentation.chosen",
    "RandomColorDegeneration": "augmentation.colours",
    "RandomColorJitter": "augmentation.colours",
    "RandomGrayscale": "augmentation.colours",
    "RandomHue": "augmentation.colours",
    "RandomSaturation": "augmentation.colours",
    "RandomErasing": "augmentation.filters",
    "RandomGaussianBlur": "augmentation.filters",
    "RandomSharpness": "augmentation.filters",
    "ContrastLimitedAdaptiveHistogramEqualization": "augmentation.histograms",
    "Equalization": "augmentation.histograms",
    "MaxNumBoundingBoxes": "augmentation.max_num_bounding_boxes",
    "CutMix": "augmentation.mixtures",
    "MixUp": "augmentation.mixtures",
    "RandomBrightness": "augmentation.random_brightness",
    "RandomContrast": "augmentation.random_contrast",
    "RandomCrop": "augmentation.random_crop",
    "RandomElasticTransform": "augmentation.random_elastic_transform",
    "RandomFlip": "augmentation.random_flip",
    "RandomPerspective": "augmentation.random_perspective",
    "RandomInvert": "augmentation.values",
    "RandomPosterization": "augmentation.values",
    "Solarization": "augmentation.values",
    "BatchNormalization": "batch_normalization",
    "Bidirectional": "bidirectional",
    "CategoryEncoding": "category_encoding",
    "CenterCrop": "center_crop",
    "Concatenate": "concatenation",
    "Conv1D": "conv1d",
    "Convolution1D": "conv1d",
    "Conv1DTranspose": "conv1d_transpose",
    "Convolution1DTranspose": "conv1d_transpose",
    "Conv2D": "conv2d",
    "Convolution2D": "conv2d",
    "Conv2DTranspose": "conv2d_transpose",
    "Convolution2DTranspose": "conv2d_transpose",
    "Conv3D": "conv3d",
    "Convolution3D": "conv3d",
    "Conv3DTranspose": "conv3d_transpose",
    "Convolution3DTranspose": "conv3d_transpose",
    "ConvLSTM1D": "conv_lstm",
    "ConvLSTM2D": "conv_lstm",
    "ConvLSTM3D": "conv_lstm",
    "Cropping1D": "cropping1d",
    "Cropping2D": "cropping2d",
    "Cropping3D": "cropping3d",
    "Dense": "dense",
    "DepthwiseConv1D": "depthwise_conv1d",
    "DepthwiseConv2D": "depthwise_conv2d",
    "Discretization": "discretization",
    "Dot": "dot_product",
    "Dropout": "dropout",
    "EinsumDense": "einsum_dense",
    "ELU": "elu",
    "Embedding": "embedding",
    "FillMissing": "fill_missing",
    "Flatten": "flatten",
    "GaussianDropout": "gaussian_dropout",
    "GaussianNoise": "gaussian_noise",
    "GlobalAveragePooling1D": "global_pooling",
    "GlobalAveragePooling2D": "global_pooling",
    "GlobalAvgPool1D": "global_pooling",
    "GlobalAvgPool2D": "global_pooling",
    "GlobalMaxPool1D": "global_pooling",
    "GlobalMaxPool2D": "global_pooling",
    "GlobalMaxPooling1D": "global_pooling",
    "GlobalMaxPooling2D": "global_pooling",
    "GroupNormalization": "group_normalization",
    "GroupQueryAttention": "group_query_attention",
    "GRU": "gru",
    "GRUCell": "gru_cell",
    "HashedCrossing": "hashed_crossing",
    "Hashing": "hashing",
    "Identity": "identity",
    "IntegerLookup": "integer_lookup",
    "Lambda": "lambda_layer",
    "LayerNormalization": "layer_normalization",
    "LeakyReLU": "leaky_relu",
    "LSTM": "lstm",
    "LSTMCell": "lstm_cell",
    "Masking": "masking",
    "MelSpectrogram": "mel_spectrogram",
    "Add": "merge",
    "Average": "merge",
    "Maximum": "merge",
    "Minimum": "merge",
    "Multiply": "merge",
    "Subtract": "merge",
    "add": "merging",
    "average": "merging",
    "concatenate": "merging",
    "dot": "merging",
    "maximum": "merging",
    "minimum": "merging",
    "multiply": "merging",
    "subtract": "merging",
    "MultiHeadAttention": "multi_head_attention",
    "Normalization": "normalization",
    "Permute": "permute",
    "Pipeline": "pipeline",
    "AveragePooling1D": "pooling",
    "AveragePooling2D": "pooling",
    "AvgPool1D": "pooling",
    "AvgPool2D": "pooling",
    "MaxPool1D": "pooling",
    "MaxPool2D": "pooling",
    "MaxPooling1D": "pooling",
    "MaxPooling2D": "pooling",
    "PReLU": "prelu",
    "ReLU": "relu",
    "RepeatVector": "repeat_vector",
    "Rescaling": "rescaling",
    "Reshape": "reshape",
    "Resizing": "resizing",
    "RMSNormalization": "rms_normalization",
    "RNN": "rnn",
    "SeparableConv1D": "separable_conv1d",
    "SeparableConvolution1D": "separable_conv1d",
    "SeparableConv2D": "separable_conv2d",
    "SeparableConvolution2D": "separable_conv2d",
    "SimpleRNN": "simple_rnn",
    "SimpleRNNCell": "simple_rnn_cell",
    "Softmax": "softmax",
    "SpatialDropout1D": "spatial_dropout",
    "SpatialDropout2D": "spatial_dropout",
    "SpatialDropout3D": "spatial_dropout",
    "SpectralNormalization": "spectral_normalization",
    "StackedRNNCells": "stacked_rnn_cells",
    "STFTSpectrogram": "stft_spectrogram",
    "StringLookup": "string_lookup",
    "TextVectorization": "text_vectorization",
    "TimeDistributed": "time_distributed",
    "UnitNormalization": "unit_normalization",
    "UpSampling1D": "up_sampling1d",
    "UpSampling2D": "up_sampling2d",
    "UpSampling3D": "up_sampling3d",
    "AveragePooling3D": "volume_pooling",
    "AvgPool3D": "volume_pooling",
    "GlobalAveragePooling3D": "volume_pooling",
    "GlobalAvgPool3D": "volume_pooling",
    "GlobalMaxPool3D": "volume_pooling",
    "GlobalMaxPooling3D": "volume_pooling",
    "MaxPool3D": "volume_pooling",
    "MaxPooling3D": "volume_pooling",
    "ZeroPadding1D": "zero_padding1d",
    "ZeroPadding2D": "zero_padding2d",
    "ZeroPadding3D": "zero_padding3d",
}
