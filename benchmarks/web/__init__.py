"""The web process measured: memory, open event streams, requests a second, and what MoM costs at rest."""
