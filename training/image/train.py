"""Trains the demo image model from nothing and exports it: `python -m training.image.train --minutes 150 --threads 1`.

The stages share the minutes: the decoder on points and then on pictures, the text encoder on questions, the UNet. Each leaves a
checkpoint in training/out/image, and a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from mom.serving.demo import IMAGE_FOLDER
from training.image.decoder import build_vae, fill_decoder
from training.image.denoiser import train_denoiser
from training.image.export import export_pipeline
from training.image.points import train_points
from training.image.sharpen import sharpen_decoder
from training.image.text import train_text_encoder
from training.image.tokenizer import build_tokenizer

OUT = Path(__file__).resolve().parents[1] / "out" / "image"

SHARES = {"points": 0.13, "sharpening": 0.2, "text": 0.08, "denoiser": 0.59}


def main() -> None:
    """Run the stages in order."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument(
        "--minutes", type=float, default=150, help="time for everything (default 150); 0 exports what is there"
    )
    arguments.add_argument("--threads", type=int, default=1, help="CPU threads (default 1)")
    arguments.add_argument("--device", default="auto", help="cpu, cuda or auto (default)")
    arguments.add_argument("--out", type=Path, default=OUT, help="folder for checkpoints")
    arguments.add_argument("--folder", type=Path, default=IMAGE_FOLDER, help="where the pipeline is written")
    chosen = arguments.parse_args()

    torch.set_num_threads(chosen.threads)
    torch.manual_seed(0)
    automatic = "cuda" if torch.cuda.is_available() else "cpu"
    device = torch.device(automatic if chosen.device == "auto" else chosen.device)
    chosen.out.mkdir(parents=True, exist_ok=True)
    minutes = {stage: share * chosen.minutes for stage, share in SHARES.items()}

    vae = build_vae()
    fill_decoder(vae, train_points(chosen.out, minutes["points"]))
    sharpen_decoder(chosen.out, vae, minutes["sharpening"], device)
    tokenizer = build_tokenizer()
    text_encoder = train_text_encoder(chosen.out, tokenizer, minutes["text"], device)
    denoiser = train_denoiser(chosen.out, text_encoder, tokenizer, minutes["denoiser"], device)
    export_pipeline(chosen.folder, vae, denoiser, tokenizer)


if __name__ == "__main__":
    main()
