"""Numbers and graphs of a channel, as they are told."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trend:
    """A number in the period, and in the one before."""

    current: float = 0
    previous: float = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a graph: a value for each day (or hour)."""

    name: str
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """Lines over the same times.

    Attributes:
        times: unix seconds at which each begins; of hours of a day their numbers.
    """

    times: tuple[int, ...]
    lines: tuple[Line, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return len(self.times) < 2 or not any(any(line.values) for line in self.lines)


@dataclass(frozen=True, slots=True)
class PostNumbers:
    """How often a post was looked at, sent on, and reacted to."""

    message_id: int
    views: int
    forwards: int
    reactions: int


@dataclass(frozen=True, slots=True)
class BroadcastNumbers:
    """Of a channel."""

    since: int
    until: int
    members: Trend
    views_per_post: Trend
    forwards_per_post: Trend
    reactions_per_post: Trend
    hearing: int
    counted_members: int
    growth: Graph
    comings: Graph
    posts: tuple[PostNumbers, ...]


@dataclass(frozen=True, slots=True)
class Poster:
    """Who wrote how much: ``average`` characters a message."""

    user_id: int
    messages: int
    average: int


@dataclass(frozen=True, slots=True)
class AdminDeeds:
    """What an administrator did in the two days that the log goes back."""

    user_id: int
    deleted: int
    put_out: int
    restricted: int


@dataclass(frozen=True, slots=True)
class GroupNumbers:
    """Of a supergroup."""

    since: int
    until: int
    members: Trend
    messages: Trend
    readers: Trend
    posters: Trend
    growth: Graph
    comings: Graph
    by_hour: Graph
    by_weekday: Graph
    top_posters: tuple[Poster, ...]
    top_admins: tuple[AdminDeeds, ...]
    top_inviters: tuple[tuple[int, int], ...]
