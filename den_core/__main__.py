"""`python -m den_core`: see `den_core.cli`."""

import sys

from den_core.cli.main import main

sys.exit(main())
