"""Every target by its name."""

from tools.fuzz.file_targets import FILE_TARGETS
from tools.fuzz.picture_targets import PICTURE_TARGETS
from tools.fuzz.targets import TARGETS, Target

ALL_TARGETS: dict[str, type[Target]] = {**TARGETS, **FILE_TARGETS, **PICTURE_TARGETS}
