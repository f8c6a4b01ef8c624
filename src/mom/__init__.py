"""MoM, a Mixture of Models: a self-hosted chat in which every message is answered by the right model."""

from importlib.metadata import version

__version__ = version("mom")
