"""One small cache interface over Redis or this process's memory."""

from teamgram.cache.interface import Cache
from teamgram.cache.memory import MemoryCache

__all__ = ["Cache", "MemoryCache"]
