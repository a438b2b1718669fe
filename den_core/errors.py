"""Every error that this library raises on purpose.

DenError
├── ConfigError       a configuration value out of range, or an unknown recipe, backbone or task
├── StructureError    a structure z that does not fit the network
├── DataError         a data set that is missing, incomplete or malformed
│   └── ImageError    one image that cannot be read, or that is too large to be read safely
├── CheckpointError   a checkpoint folder that is incomplete, too new, or does not fit its own config
├── ProcessError      one of several processes ended before the work that they share was done
└── TrainingError     training cannot go on (a resume folder of another run, a loss that is not finite)

A message is one line: what was expected, what was found, what to do. The command line prints it and
exits with 2; the app shows it in place. Anything else that escapes is a bug.
"""


class DenError(Exception):
    """Base of every deliberate error of `den_core`."""


class ConfigError(DenError):
    """A configuration value out of its range, or a name that is not registered."""


class StructureError(DenError):
    """A structure whose shape or levels do not fit the network."""


class DataError(DenError):
    """A data set that is missing, incomplete or malformed."""


class ImageError(DataError):
    """One image that cannot be read, or that is too large to be read safely."""


class CheckpointError(DenError):
    """A checkpoint folder that is incomplete, from a newer schema, or inconsistent."""


class ProcessError(DenError):
    """Another process ended before the work that it shares with this one was done."""


class TrainingError(DenError):
    """Training cannot start or go on."""
