"""`python -m den_core`: the same as `den`."""

import sys

from den_core.cli.main import main

sys.exit(main())
