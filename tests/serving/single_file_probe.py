"""A program that draws with a checkpoint of one file, by PyTorch and by OpenVINO, and prints what it found as JSON: `python single_file_probe.py FOLDER`."""

import json
import os
import sys
from pathlib import Path

from mom.errors import ModelFileError
from mom.serving.image_server.checkpoint import find_checkpoint
from mom.serving.image_server.config import ServerConfig
from mom.serving.image_server.engine import DiffusersEngine
from mom.serving.image_server.engines import load_engine
from tests.serving.openvino_probe import SPEC, apart, draw
from tests.serving.single_file import write_hub_cache, write_single_file
from tests.serving.tiny_pipeline import make_pipeline

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    pipeline = make_pipeline()
    pipeline.save_pretrained(folder / "sd")
    file = write_single_file(pipeline, folder / "sd.safetensors")

    def engine_of(model: Path, engine: str) -> DiffusersEngine:
        config = ServerConfig(
            port=0, model=str(model), model_name=model.stem, api_key="", options={"engine": engine},
            conversions_folder=str(folder / "conversions"),
        )  # fmt: skip
        return load_engine(config, find_checkpoint(config.model))

    try:
        engine_of(file, "torch")
        refusal = ""
    except ModelFileError as error:
        refusal = error.message
    write_hub_cache(pipeline, Path(os.environ["HF_HOME"]))
    png = draw(engine_of(file, "torch"), SPEC)
    converted = engine_of(file, "openvino")
    findings = {
        "without_configuration": refusal,
        "as_the_folder": png == draw(engine_of(folder / "sd", "torch"), SPEC),
        "openvino": converted.description,
        "openvino_apart": apart(png, draw(converted, SPEC)),
    }
    print(json.dumps(findings))
