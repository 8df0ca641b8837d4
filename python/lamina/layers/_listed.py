"""The public layers and their modules; tools/list_layers.py writes this file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lamina.layers.activations.activation import Activation
    from lamina.layers.activations.elu import ELU
    from lamina.layers.activations.leaky_relu import LeakyReLU
    from lamina.layers.activations.prelu import PReLU
    from lamina.layers.activations.relu import ReLU
    from lamina.layers.activations.softmax import Softmax
    from lamina.layers.attention.additive_attention import AdditiveAttention
    from lamina.layers.attention.attention import Attention
    from lamina.layers.attention.group_query_attention import GroupQueryAttention
    from lamina.layers.attention.multi_head_attention import MultiHeadAttention
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
    from lamina.layers.convolutional.conv1d import Conv1D, Convolution1D
    from lamina.layers.convolutional.conv1d_transpose import Conv1DTranspose, Convolution1DTranspose
    from lamina.layers.convolutional.conv2d import Conv2D, Convolution2D
    from lamina.layers.convolutional.conv2d_transpose import Conv2DTranspose, Convolution2DTranspose
    from lamina.layers.convolutional.conv3d import Conv3D, Convolution3D
    from lamina.layers.convolutional.conv3d_transpose import Conv3DTranspose, Convolution3DTranspose
    from lamina.layers.convolutional.depthwise_conv1d import DepthwiseConv1D
    from lamina.layers.convolutional.depthwise_conv2d import DepthwiseConv2D
    from lamina.layers.convolutional.separable_conv1d import SeparableConv1D, SeparableConvolution1D
    from lamina.layers.convolutional.separable_conv2d import SeparableConv2D, SeparableConvolution2D
    from lamina.layers.core.dense import Dense
    from lamina.layers.core.einsum_dense import EinsumDense
    from lamina.layers.core.embedding import Embedding
    from lamina.layers.core.identity import Identity
    from lamina.layers.core.lambda_layer import Lambda
    from lamina.layers.core.masking import Masking
    from lamina.layers.merging.concatenation import Concatenate
    from lamina.layers.merging.dot_product import Dot
    from lamina.layers.merging.functional import (
        add,
        average,
        concatenate,
        dot,
        maximum,
        minimum,
        multiply,
        subtract,
    )
    from lamina.layers.merging.merge import Add, Average, Maximum, Minimum, Multiply, Subtract
    from lamina.layers.normalization.batch_normalization import BatchNormalization
    from lamina.layers.normalization.group_normalization import GroupNormalization
    from lamina.layers.normalization.layer_normalization import LayerNormalization
    from lamina.layers.normalization.rms_normalization import RMSNormalization
    from lamina.layers.normalization.spectral_normalization import SpectralNormalization
    from lamina.layers.normalization.unit_normalization import UnitNormalization
    from lamina.layers.pooling.adaptive_pooling import (
        AdaptiveAveragePooling1D,
        AdaptiveAveragePooling2D,
        AdaptiveAveragePooling3D,
        AdaptiveMaxPooling1D,
        AdaptiveMaxPooling2D,
        AdaptiveMaxPooling3D,
    )
    from lamina.layers.pooling.global_pooling import (
        GlobalAveragePooling1D,
        GlobalAveragePooling2D,
        GlobalAvgPool1D,
        GlobalAvgPool2D,
        GlobalMaxPool1D,
        GlobalMaxPool2D,
        GlobalMaxPooling1D,
        GlobalMaxPooling2D,
    )
    from lamina.layers.pooling.pooling import (
        AveragePooling1D,
        AveragePooling2D,
        AvgPool1D,
        AvgPool2D,
        MaxPool1D,
        MaxPool2D,
        MaxPooling1D,
        MaxPooling2D,
    )
    from lamina.layers.pooling.volume_pooling import (
        AveragePooling3D,
        AvgPool3D,
        GlobalAveragePooling3D,
        GlobalAvgPool3D,
        GlobalMaxPool3D,
        GlobalMaxPooling3D,
        MaxPool3D,
        MaxPooling3D,
    )
    from lamina.layers.preprocessing.category_encoding import CategoryEncoding
    from lamina.layers.preprocessing.center_crop import CenterCrop
    from lamina.layers.preprocessing.discretization import Discretization
    from lamina.layers.preprocessing.fill_missing import FillMissing
    from lamina.layers.preprocessing.hashed_crossing import HashedCrossing
    from lamina.layers.preprocessing.hashing import Hashing
    from lamina.layers.preprocessing.integer_lookup import IntegerLookup
    from lamina.layers.preprocessing.mel_spectrogram import MelSpectrogram
    from lamina.layers.preprocessing.normalization import Normalization
    from lamina.layers.preprocessing.pipeline import Pipeline
    from lamina.layers.preprocessing.rescaling import Rescaling
    from lamina.layers.preprocessing.resizing import Resizing
    from lamina.layers.preprocessing.stft_spectrogram import STFTSpectrogram
    from lamina.layers.preprocessing.string_lookup import StringLookup
    from lamina.layers.preprocessing.text_vectorization import TextVectorization
    from lamina.layers.regularization.activity_regularization import ActivityRegularization
    from lamina.layers.regularization.alpha_dropout import AlphaDropout
    from lamina.layers.regularization.dropout import Dropout
    from lamina.layers.regularization.gaussian_dropout import GaussianDropout
    from lamina.layers.regularization.gaussian_noise import GaussianNoise
    from lamina.layers.regularization.spatial_dropout import (
        SpatialDropout1D,
        SpatialDropout2D,
        SpatialDropout3D,
    )
    from lamina.layers.reshaping.cropping1d import Cropping1D
    from lamina.layers.reshaping.cropping2d import Cropping2D
    from lamina.layers.reshaping.cropping3d import Cropping3D
    from lamina.layers.reshaping.flatten import Flatten
    from lamina.layers.reshaping.permute import Permute
    from lamina.layers.reshaping.repeat_vector import RepeatVector
    from lamina.layers.reshaping.reshape import Reshape
    from lamina.layers.reshaping.up_sampling1d import UpSampling1D
    from lamina.layers.reshaping.up_sampling2d import UpSampling2D
    from lamina.layers.reshaping.up_sampling3d import UpSampling3D
    from lamina.layers.reshaping.zero_padding1d import ZeroPadding1D
    from lamina.layers.reshaping.zero_padding2d import ZeroPadding2D
    from lamina.layers.reshaping.zero_padding3d import ZeroPadding3D
    from lamina.layers.rnn.bidirectional import Bidirectional
    from lamina.layers.rnn.conv_lstm import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
    from lamina.layers.rnn.gru import GRU
    from lamina.layers.rnn.gru_cell import GRUCell
    from lamina.layers.rnn.lstm import LSTM
    from lamina.layers.rnn.lstm_cell import LSTMCell
    from lamina.layers.rnn.rnn import RNN
    from lamina.layers.rnn.simple_rnn import SimpleRNN
    from lamina.layers.rnn.simple_rnn_cell import SimpleRNNCell
    from lamina.layers.rnn.stacked_rnn_cells import StackedRNNCells
    from lamina.layers.rnn.time_distributed import TimeDistributed

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
    "Activation": "activations.activation",
    "ELU": "activations.elu",
    "LeakyReLU": "activations.leaky_relu",
    "PReLU": "activations.prelu",
    "ReLU": "activations.relu",
    "Softmax": "activations.softmax",
    "AdditiveAttention": "attention.additive_attention",
    "Attention": "attention.attention",
    "GroupQueryAttention": "attention.group_query_attention",
    "MultiHeadAttention": "attention.multi_head_attention",
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
    "Conv1D": "convolutional.conv1d",
    "Convolution1D": "convolutional.conv1d",
    "Conv1DTranspose": "convolutional.conv1d_transpose",
    "Convolution1DTranspose": "convolutional.conv1d_transpose",
    "Conv2D": "convolutional.conv2d",
    "Convolution2D": "convolutional.conv2d",
    "Conv2DTranspose": "convolutional.conv2d_transpose",
    "Convolution2DTranspose": "convolutional.conv2d_transpose",
    "Conv3D": "convolutional.conv3d",
    "Convolution3D": "convolutional.conv3d",
    "Conv3DTranspose": "convolutional.conv3d_transpose",
    "Convolution3DTranspose": "convolutional.conv3d_transpose",
    "DepthwiseConv1D": "convolutional.depthwise_conv1d",
    "DepthwiseConv2D": "convolutional.depthwise_conv2d",
    "SeparableConv1D": "convolutional.separable_conv1d",
    "SeparableConvolution1D": "convolutional.separable_conv1d",
    "SeparableConv2D": "convolutional.separable_conv2d",
    "SeparableConvolution2D": "convolutional.separable_conv2d",
    "Dense": "core.dense",
    "EinsumDense": "core.einsum_dense",
    "Embedding": "core.embedding",
    "Identity": "core.identity",
    "Lambda": "core.lambda_layer",
    "Masking": "core.masking",
    "Concatenate": "merging.concatenation",
    "Dot": "merging.dot_product",
    "add": "merging.functional",
    "average": "merging.functional",
    "concatenate": "merging.functional",
    "dot": "merging.functional",
    "maximum": "merging.functional",
    "minimum": "merging.functional",
    "multiply": "merging.functional",
    "subtract": "merging.functional",
    "Add": "merging.merge",
    "Average": "merging.merge",
    "Maximum": "merging.merge",
    "Minimum": "merging.merge",
    "Multiply": "merging.merge",
    "Subtract": "merging.merge",
    "BatchNormalization": "normalization.batch_normalization",
    "GroupNormalization": "normalization.group_normalization",
    "LayerNormalization": "normalization.layer_normalization",
    "RMSNormalization": "normalization.rms_normalization",
    "SpectralNormalization": "normalization.spectral_normalization",
    "UnitNormalization": "normalization.unit_normalization",
    "AdaptiveAveragePooling1D": "pooling.adaptive_pooling",
    "AdaptiveAveragePooling2D": "pooling.adaptive_pooling",
    "AdaptiveAveragePooling3D": "pooling.adaptive_pooling",
    "AdaptiveMaxPooling1D": "pooling.adaptive_pooling",
    "AdaptiveMaxPooling2D": "pooling.adaptive_pooling",
    "AdaptiveMaxPooling3D": "pooling.adaptive_pooling",
    "GlobalAveragePooling1D": "pooling.global_pooling",
    "GlobalAveragePooling2D": "pooling.global_pooling",
    "GlobalAvgPool1D": "pooling.global_pooling",
    "GlobalAvgPool2D": "pooling.global_pooling",
    "GlobalMaxPool1D": "pooling.global_pooling",
    "GlobalMaxPool2D": "pooling.global_pooling",
    "GlobalMaxPooling1D": "pooling.global_pooling",
    "GlobalMaxPooling2D": "pooling.global_pooling",
    "AveragePooling1D": "pooling.pooling",
    "AveragePooling2D": "pooling.pooling",
    "AvgPool1D": "pooling.pooling",
    "AvgPool2D": "pooling.pooling",
    "MaxPool1D": "pooling.pooling",
    "MaxPool2D": "pooling.pooling",
    "MaxPooling1D": "pooling.pooling",
    "MaxPooling2D": "pooling.pooling",
    "AveragePooling3D": "pooling.volume_pooling",
    "AvgPool3D": "pooling.volume_pooling",
    "GlobalAveragePooling3D": "pooling.volume_pooling",
    "GlobalAvgPool3D": "pooling.volume_pooling",
    "GlobalMaxPool3D": "pooling.volume_pooling",
    "GlobalMaxPooling3D": "pooling.volume_pooling",
    "MaxPool3D": "pooling.volume_pooling",
    "MaxPooling3D": "pooling.volume_pooling",
    "CategoryEncoding": "preprocessing.category_encoding",
    "CenterCrop": "preprocessing.center_crop",
    "Discretization": "preprocessing.discretization",
    "FillMissing": "preprocessing.fill_missing",
    "HashedCrossing": "preprocessing.hashed_crossing",
    "Hashing": "preprocessing.hashing",
    "IntegerLookup": "preprocessing.integer_lookup",
    "MelSpectrogram": "preprocessing.mel_spectrogram",
    "Normalization": "preprocessing.normalization",
    "Pipeline": "preprocessing.pipeline",
    "Rescaling": "preprocessing.rescaling",
    "Resizing": "preprocessing.resizing",
    "STFTSpectrogram": "preprocessing.stft_spectrogram",
    "StringLookup": "preprocessing.string_lookup",
    "TextVectorization": "preprocessing.text_vectorization",
    "ActivityRegularization": "regularization.activity_regularization",
    "AlphaDropout": "regularization.alpha_dropout",
    "Dropout": "regularization.dropout",
    "GaussianDropout": "regularization.gaussian_dropout",
    "GaussianNoise": "regularization.gaussian_noise",
    "SpatialDropout1D": "regularization.spatial_dropout",
    "SpatialDropout2D": "regularization.spatial_dropout",
    "SpatialDropout3D": "regularization.spatial_dropout",
    "Cropping1D": "reshaping.cropping1d",
    "Cropping2D": "reshaping.cropping2d",
    "Cropping3D": "reshaping.cropping3d",
    "Flatten": "reshaping.flatten",
    "Permute": "reshaping.permute",
    "RepeatVector": "reshaping.repeat_vector",
    "Reshape": "reshaping.reshape",
    "UpSampling1D": "reshaping.up_sampling1d",
    "UpSampling2D": "reshaping.up_sampling2d",
    "UpSampling3D": "reshaping.up_sampling3d",
    "ZeroPadding1D": "reshaping.zero_padding1d",
    "ZeroPadding2D": "reshaping.zero_padding2d",
    "ZeroPadding3D": "reshaping.zero_padding3d",
    "Bidirectional": "rnn.bidirectional",
    "ConvLSTM1D": "rnn.conv_lstm",
    "ConvLSTM2D": "rnn.conv_lstm",
    "ConvLSTM3D": "rnn.conv_lstm",
    "GRU": "rnn.gru",
    "GRUCell": "rnn.gru_cell",
    "LSTM": "rnn.lstm",
    "LSTMCell": "rnn.lstm_cell",
    "RNN": "rnn.rnn",
    "SimpleRNN": "rnn.simple_rnn",
    "SimpleRNNCell": "rnn.simple_rnn_cell",
    "StackedRNNCells": "rnn.stacked_rnn_cells",
    "TimeDistributed": "rnn.time_distributed",
}
