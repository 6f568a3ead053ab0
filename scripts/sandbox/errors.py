"""What ends the demo with one sentence."""


class DemoError(Exception):
    """The demo did not end as it should."""
