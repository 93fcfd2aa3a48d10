"""`python -m tests.openstack`: a Keystone and a Glance to try, until Ctrl-C."""

import signal
import sys

from tests.openstack.configuration import PASSWORD
from tests.openstack.missing import Missing
from tests.openstack.server import running


def main() -> int:
    """The exit code: 1 if the services cannot be had."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.stderr.write("Starting Keystone and Glance; the first time they are installed ...\n")
    try:
        with running() as addresses:
            sys.stdout.write(
                f"Keystone answers at {addresses.keystone}/v3, Glance at {addresses.glance}.\n"
                f"The administrator is admin of the project admin, password {PASSWORD}.\n"
                "Their data go when they end: Ctrl-C.\n"
            )
            sys.stdout.flush()
            signal.pause()
    except Missing as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
