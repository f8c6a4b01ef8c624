"""What people have who follow diffusers' own quick start: float32, its default settings, no server. In a process of its own."""

import json
import os
import time
import warnings

import torch
from diffusers import StableDiffusionPipeline

from benchmarks.image.asked import Asked
from benchmarks.image.memory import on_gpu, peak_gb


def main() -> None:
    asked = Asked.from_command_line()
    began = time.perf_counter()
    warnings.simplefilter("ignore")
    pipeline = StableDiffusionPipeline.from_pretrained(asked.model, dtype=torch.float32, local_files_only=True)
    pipeline.to("cuda" if torch.cuda.is_available() else "cpu")
    pipeline.set_progress_bar_config(disable=True)
    load_s = time.perf_counter() - began
    side = asked.size if torch.cuda.is_available() else 64  # a GPU's kernels are chosen at the first picture of a size
    pipeline("warm up", num_inference_steps=1, width=side, height=side)
    began = time.perf_counter()
    pipeline("a red circle", num_inference_steps=asked.steps, width=asked.size, height=asked.size)
    picture_s = time.perf_counter() - began
    dtype = str(pipeline.unet.dtype).removeprefix("torch.")
    memory = {"peak_gb": peak_gb(), **on_gpu(os.getpid())}
    print(json.dumps({"load_s": load_s, "picture_s": picture_s, "dtype": dtype, **memory}))


if __name__ == "__main__":
    main()
