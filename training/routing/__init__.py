"""Makes and measures the head of the `bert` stage: generated conversations, a hard development set, a linear head."""
