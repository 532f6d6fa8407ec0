"""One small cache interface over Redis or this process's memory."""

from teamgram.cache.counted import CountedCache
from teamgram.cache.interface import Cache
from teamgram.cache.memory import MemoryCache
from teamgram.cache.redis import RedisCache

__all__ = ["Cache", "CountedCache", "MemoryCache", "RedisCache"]
