"""Writes a tiny autoencoder with random weights in TAESD's shape: `python -m benchmarks.image.taesd_model FOLDER`."""

import sys

import torch
from diffusers import AutoencoderTiny

if __name__ == "__main__":
    torch.manual_seed(0)
    AutoencoderTiny().to(torch.bfloat16).save_pretrained(sys.argv[1])
