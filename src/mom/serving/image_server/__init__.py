"""The image server: one Stable Diffusion pipeline behind OpenAI's images API, with progress, preview, queue and cancel."""
