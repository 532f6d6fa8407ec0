"""Where an S3-compatible store is, and who we are there."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class S3Settings:
    """One bucket.

    Attributes:
        endpoint: "http://host:port", the scheme's own port left out; addresses have the bucket in their path.
        region: part of each signature; many stores do not look at it.
    """

    endpoint: str
    bucket: str
    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    region: str = "us-east-1"
