"""How the demo image model was made: scenes and their words, latents, a decoder, a text encoder, a UNet, and their export."""
