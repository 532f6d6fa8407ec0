"""``Log.Level`` of the YAML files: how much of what is logged is written."""

from typing import Any

from twisted.logger import FilteringLogObserver, LogLevel, LogLevelFilterPredicate, globalLogPublisher

from teamgram.app.config.errors import ConfigError
from teamgram.app.config.loader import Configuration
from teamgram.app.log_lines import share_lines

#: go-zero's names (teamgram's files have them) and Twisted's.
LEVELS = {
    "debug": LogLevel.debug,
    "info": LogLevel.info,
    "warn": LogLevel.warn,
    "error": LogLevel.error,
    "severe": LogLevel.critical,
    "critical": LogLevel.critical,
}

#: File -> the packages whose level it sets.
_PACKAGES = {
    "gnetway": ("teamgram.gnetway",),
    "session": ("teamgram.session",),
    "authsession": ("teamgram.authsession", "teamgram.database", "teamgram.cache"),
    "bff": ("teamgram.bff", "teamgram.domain"),
}


def level_filter(configuration: Configuration) -> LogLevelFilterPredicate:
    """What lets an event pass: each stage's own level, ``info`` for everything else.

    Raises:
        ConfigError: a level that does not exist.
    """
    levels = LogLevelFilterPredicate(defaultLogLevel=LogLevel.info)
    set_levels(levels, configuration)
    return levels


def set_levels(levels: LogLevelFilterPredicate, configuration: Configuration) -> None:
    """Let a filter that is in use follow another configuration.

    Raises:
        ConfigError: a level that does not exist; the filter is as it was.
    """
    found = {}
    for name, packages in _PACKAGES.items():
        text = getattr(configuration, name).Log.Level
        level = LEVELS.get(text.lower())
        if level is None:
            raise ConfigError(f"{name}.yaml", "Log.Level", f"{text!r} is none of {', '.join(LEVELS)}")
        for package in packages:
            found[package] = level
    # conch tells every step of a shell's life, and a client's goodbye as an error; who signed in we tell ourselves.
    found["twisted.conch"] = LogLevel.critical
    found["teamgram.app.manhole_shell.ShellFactory"] = LogLevel.warn
    for package, level in found.items():
        levels.setLogLevelForNamespace(package, level)


def apply_levels(levels: LogLevelFilterPredicate, publisher: Any = globalLogPublisher) -> None:
    """Put the filter in front of the observers that ``twistd`` has set up."""
    for observer in list(publisher._observers):
        publisher.removeObserver(observer)
        share_lines(observer)
        publisher.addObserver(FilteringLogObserver(observer, [levels]))
