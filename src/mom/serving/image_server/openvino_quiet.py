"""OpenVINO without its telemetry package, which tells its makers of every import and conversion unless it cannot be imported."""

import sys

sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # its own way to make an import fail

import openvino  # noqa: E402

__all__ = ["openvino"]
