"""What a service logs, and where."""

import logging
import time


def log_to_stderr() -> None:
    """Log on lines that begin with their moment, and also what is well again."""
    form = logging.Formatter("%(asctime)s.%(msecs)03dZ %(message)s", "%Y-%m-%dT%H:%M:%S")
    form.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(form)
    logging.basicConfig(handlers=[handler])
    logging.getLogger("engines").setLevel(logging.INFO)
