"""Neural networks: modules, layers, losses and training.

Examples
--------
>>> import ndtape as nt
>>> from ndtape import nn
>>> nt.random.seed(0)
>>> x = nt.random.normal(size=(256, 2))
>>> y = nt.astype(x[:, 0] * x[:, 1] > 0, nt.int64)
>>> model = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 2))
>>> model.compile("adam", "cross_entropy", ["accuracy"])
>>> history = model.fit(x, y, epochs=60, verbose=0, seed=0)
>>> model.evaluate(x, y)["accuracy"] > 0.9
True
"""

from ndtape.nn import callbacks as callbacks
from ndtape.nn import functional as functional
from ndtape.nn import init as init
from ndtape.nn.activations import ELU as ELU
from ndtape.nn.activations import GELU as GELU
from ndtape.nn.activations import SELU as SELU
from ndtape.nn.activations import Hardswish as Hardswish
from ndtape.nn.activations import LeakyReLU as LeakyReLU
from ndtape.nn.activations import LogSoftmax as LogSoftmax
from ndtape.nn.activations import Mish as Mish
from ndtape.nn.activations import ReLU as ReLU
from ndtape.nn.activations import Sigmoid as Sigmoid
from ndtape.nn.activations import SiLU as SiLU
from ndtape.nn.activations import Softmax as Softmax
from ndtape.nn.activations import Softplus as Softplus
from ndtape.nn.activations import Tanh as Tanh
from ndtape.nn.attention import MultiHeadAttention as MultiHeadAttention
from ndtape.nn.attention import TransformerEncoderLayer as TransformerEncoderLayer
from ndtape.nn.convolutions import AdaptiveAvgPool2d as AdaptiveAvgPool2d
from ndtape.nn.convolutions import AvgPool2d as AvgPool2d
from ndtape.nn.convolutions import Conv1d as Conv1d
from ndtape.nn.convolutions import Conv2d as Conv2d
from ndtape.nn.convolutions import ConvTranspose2d as ConvTranspose2d
from ndtape.nn.convolutions import MaxPool2d as MaxPool2d
from ndtape.nn.layers import Dropout as Dropout
from ndtape.nn.layers import Embedding as Embedding
from ndtape.nn.layers import Flatten as Flatten
from ndtape.nn.layers import Linear as Linear
from ndtape.nn.module import Module as Module
from ndtape.nn.module import Sequential as Sequential
from ndtape.nn.normalization import BatchNorm1d as BatchNorm1d
from ndtape.nn.normalization import BatchNorm2d as BatchNorm2d
from ndtape.nn.normalization import GroupNorm as GroupNorm
from ndtape.nn.normalization import LayerNorm as LayerNorm
from ndtape.nn.normalization import RMSNorm as RMSNorm
from ndtape.nn.recurrent import GRU as GRU
from ndtape.nn.recurrent import LSTM as LSTM
from ndtape.nn.recurrent import RNN as RNN

__all__ = [
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "RNN",
    "SELU",
    "AdaptiveAvgPool2d",
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv1d",
    "Conv2d",
    "ConvTranspose2d",
    "Dropout",
    "Embedding",
    "Flatten",
    "GroupNorm",
    "Hardswish",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "MaxPool2d",
    "Mish",
    "Module",
    "MultiHeadAttention",
    "RMSNorm",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "TransformerEncoderLayer",
    "callbacks",
    "functional",
    "init",
]
