"""Data to learn from: data sets, and batches of them."""

from ndtape.data import datasets as datasets
from ndtape.data._dataset import ArrayDataset as ArrayDataset
from ndtape.data._dataset import Dataset as Dataset
from ndtape.data._loader import DataLoader as DataLoader
from ndtape.data._loader import batches as batches

__all__ = ["ArrayDataset", "DataLoader", "Dataset", "batches", "datasets"]
