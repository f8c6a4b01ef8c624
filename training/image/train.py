"""Trains the demo image model from nothing and exports it: `python -m training.image.train --minutes 75 --threads 1`.

The stages share the minutes: the decoder, the encoder, UNet with text encoder, and the decoder once more on the UNet's answers. Each
leaves a checkpoint in training/out/image, and a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from training.image.denoiser import train_denoiser
from training.image.export import export_pipeline
from training.image.latents import load_dataset
from training.image.polish import polish_decoder
from training.image.tokenizer import build_tokenizer
from training.image.vae import build_vae, train_half

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "training" / "out" / "image"
FOLDER = ROOT / "src" / "mom" / "serving" / "demo" / "image"

# Shares of the minutes; the few that are left are for drawing the training set.
SHARES = {"decoder": 0.2, "encoder": 0.03, "denoiser": 0.63, "polish": 0.1}


def main() -> None:
    """Run the stages in order."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument(
        "--minutes", type=float, default=75, help="time for everything (default 75); 0 exports what is there"
    )
    arguments.add_argument("--threads", type=int, default=1, help="CPU threads (default 1)")
    arguments.add_argument("--device", default="auto", help="cpu, cuda or auto (default)")
    arguments.add_argument("--scenes", type=int, default=24_000, help="size of the training set (default 24000)")
    arguments.add_argument("--out", type=Path, default=OUT, help="folder for checkpoints")
    arguments.add_argument("--folder", type=Path, default=FOLDER, help="where the pipeline is written")
    chosen = arguments.parse_args()

    torch.set_num_threads(chosen.threads)
    torch.manual_seed(0)
    automatic = "cuda" if torch.cuda.is_available() else "cpu"
    device = torch.device(automatic if chosen.device == "auto" else chosen.device)
    chosen.out.mkdir(parents=True, exist_ok=True)
    minutes = {stage: share * chosen.minutes for stage, share in SHARES.items()}

    vae = build_vae().to(device)
    for half in ("decoder", "encoder"):
        train_half(vae, half, chosen.out, minutes[half], device)
    tokenizer = build_tokenizer()
    data = load_dataset(chosen.out / "latents.pt", chosen.scenes)
    denoiser = train_denoiser(chosen.out, data, tokenizer, minutes["denoiser"], device)
    polish_decoder(chosen.out, vae, denoiser, tokenizer, minutes["polish"], device)
    export_pipeline(chosen.folder, vae, denoiser, tokenizer)


if __name__ == "__main__":
    main()
