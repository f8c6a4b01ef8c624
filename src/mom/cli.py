"""`mom`: the command line."""


def main() -> None:
    """Run `mom`."""
