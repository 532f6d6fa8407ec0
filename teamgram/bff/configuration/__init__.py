"""RPCConfiguration: where the server is, what it can, which countries there are."""

from teamgram.bff.configuration.service import ConfigurationService
from teamgram.bff.configuration.settings import ConfigurationSettings

__all__ = ["ConfigurationService", "ConfigurationSettings"]
