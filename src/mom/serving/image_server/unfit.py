"""The word for an engine that turned out not to do for this model."""


class UnfitError(Exception):
    """OpenVINO cannot draw with this model as PyTorch does; the message says why. Another engine goes on."""
