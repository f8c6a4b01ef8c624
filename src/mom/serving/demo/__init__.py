"""The demo models: tiny, trained by this project, shipped in the package, so that the first minute needs no download."""

from pathlib import Path

HERE = Path(__file__).resolve().parent

LLM_FILE = HERE / "llm.gguf"
LLM_NAME = "demo LLM"
IMAGE_FOLDER = HERE / "image"
IMAGE_NAME = "demo image model"
