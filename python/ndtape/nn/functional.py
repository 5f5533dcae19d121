"""Layers and losses as functions: no parameters of their own, no state.

Images are ``(n, channels, *lengths)``, sequences ``(n, steps, features)``.
"""

from ndtape.nn._attention import scaled_dot_product_attention as scaled_dot_product_attention
from ndtape.nn._elementary import dropout as dropout
from ndtape.nn._elementary import elu as elu
from ndtape.nn._elementary import embedding as embedding
from ndtape.nn._elementary import gelu as gelu
from ndtape.nn._elementary import hardsigmoid as hardsigmoid
from ndtape.nn._elementary import hardswish as hardswish
from ndtape.nn._elementary import leaky_relu as leaky_relu
from ndtape.nn._elementary import linear as linear
from ndtape.nn._elementary import log_softmax as log_softmax
from ndtape.nn._elementary import mish as mish
from ndtape.nn._elementary import one_hot as one_hot
from ndtape.nn._elementary import relu as relu
from ndtape.nn._elementary import selu as selu
from ndtape.nn._elementary import sigmoid as sigmoid
from ndtape.nn._elementary import silu as silu
from ndtape.nn._elementary import softmax as softmax
from ndtape.nn._elementary import softplus as softplus
from ndtape.nn._elementary import tanh as tanh
from ndtape.nn._images import adaptive_avg_pool1d as adaptive_avg_pool1d
from ndtape.nn._images import adaptive_avg_pool2d as adaptive_avg_pool2d
from ndtape.nn._images import avg_pool1d as avg_pool1d
from ndtape.nn._images import avg_pool2d as avg_pool2d
from ndtape.nn._images import conv1d as conv1d
from ndtape.nn._images import conv2d as conv2d
from ndtape.nn._images import conv3d as conv3d
from ndtape.nn._images import conv_transpose1d as conv_transpose1d
from ndtape.nn._images import conv_transpose2d as conv_transpose2d
from ndtape.nn._images import max_pool1d as max_pool1d
from ndtape.nn._images import max_pool2d as max_pool2d
from ndtape.nn._losses import binary_cross_entropy_with_logits as binary_cross_entropy_with_logits
from ndtape.nn._losses import cross_entropy as cross_entropy
from ndtape.nn._losses import hinge as hinge
from ndtape.nn._losses import huber as huber
from ndtape.nn._losses import kl_div as kl_div
from ndtape.nn._losses import l1 as l1
from ndtape.nn._losses import mse as mse
from ndtape.nn._losses import nll as nll
from ndtape.nn._norms import batch_norm as batch_norm
from ndtape.nn._norms import group_norm as group_norm
from ndtape.nn._norms import layer_norm as layer_norm
from ndtape.nn._norms import rms_norm as rms_norm

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "avg_pool1d",
    "avg_pool2d",
    "batch_norm",
    "binary_cross_entropy_with_logits",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "cross_entropy",
    "dropout",
    "elu",
    "embedding",
    "gelu",
    "group_norm",
    "hardsigmoid",
    "hardswish",
    "hinge",
    "huber",
    "kl_div",
    "l1",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "max_pool1d",
    "max_pool2d",
    "mish",
    "mse",
    "nll",
    "one_hot",
    "relu",
    "rms_norm",
    "scaled_dot_product_attention",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "tanh",
]
