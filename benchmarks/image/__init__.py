"""What the image engine costs, in the true shape of Stable Diffusion 1.5 with random weights: `python -m benchmarks.image`."""
