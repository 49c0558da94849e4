"""Entry point: ``python3 /opt/rehearsal COMMAND``."""

import sys

from rehearsal_runtime.cli import main

sys.exit(main(sys.argv[1:]))
