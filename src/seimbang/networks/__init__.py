"""Networks. A new one is a file in this folder and a line in ``NETWORKS``."""

from seimbang.networks.base import Network
from seimbang.networks.cnn import Cnn, KidneyCnn, StandardCnn
from seimbang.networks.cnn_rnn import CnnRnn
from seimbang.networks.pretrained import (
    Densenet121,
    EfficientnetB0,
    EfficientnetLite0,
    Resnet18,
    Resnet34,
    Resnet50,
    Resnet101,
    Timm,
)
from seimbang.networks.recurrent import Gru, Lstm, Rnn

NETWORKS: dict[str, type[Network]] = {
    "rnn": Rnn,
    "lstm": Lstm,
    "gru": Gru,
    "cnn": Cnn,
    "kidney_cnn": KidneyCnn,
    "standard_cnn": StandardCnn,
    "cnn_rnn": CnnRnn,
    "resnet18": Resnet18,
    "resnet34": Resnet34,
    "resnet50": Resnet50,
    "resnet101": Resnet101,
    "densenet121": Densenet121,
    "efficientnet_b0": EfficientnetB0,
    "efficientnet_lite0": EfficientnetLite0,
    "timm": Timm,
}
