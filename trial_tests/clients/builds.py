"""Programs of our own with the shapes of Telegram's in them: its keys, its addresses, the tables of its ports."""

from base64 import b64encode
from struct import pack

#: Telegram's public keys as its apps have them, all of 2048 bits: its servers', its test servers', and the one for
#: addresses over DNS (``mtproto_dc_options.cpp`` and ``special_config_request.cpp`` of Telegram Desktop).
SERVERS_KEY = (
    b"MIIBCgKCAQEA6LszBcC1LGzyr992NzE0ieY+BSaOW622Aa9Bd4ZHLl+TuFQ4lo4g5nKaMBwK/BIb9xUfg0Q29/2mgIR6Zr9krM7HjuIcCzFvDtr+"
    b"L0GQjae9H0pRB2OO62cECs5HKhT5DZ98K33vmWiLowc621dQuwKWSQKjWf50XYFw42h21P2KXUGyp2y/+aEyZ+uVgLLQbRA1dEjSDZ2iGRy12Mk5"
    b"gpYc397aYp438fsJoHIgJ2lgMv5h7WY9t6N/byY9Nw9p21Og3AoXSL2q/2IJ1WRUhebgAdGVMlV1fkuOQoEzR7EdpqtQD9Cs5+bfo3Nhmcyvk5ft"
    b"B0WkJ9z6bNZ7yxrP8wIDAQAB"
)
TEST_KEY = (
    b"MIIBCgKCAQEAyMEdY1aR+sCR3ZSJrtztKTKqigvO/vBfqACJLZtS7QMgCGXJ6XIRyy7mx66W0/sOFa7/1mAZtEoIokDP3ShoqF4fVNb6XeqgQfaU"
    b"Hd8wJpDWHcR2OFwvplUUI1PLTktZ9uW2WE23b+ixNwJjJGwBDJPQEQFBE+vfmH0JP503wr5INS1poWg/j25sIWeYPHYeOrFp/eXaqhISP6G+q2Ie"
    b"TaWTXpwZj4LzXq5YOpk4bYEQ6mvRq7D1aHWfYmlEGepfaYR8Q0YqvvhYtMte3ITnuSJs171+GDqpdKcSwHnd6FudwGO4pcCOj4WcDuXc2CTHgH8g"
    b"FTNhp/Y8/SpDOhvn9QIDAQAB"
)
DNS_KEY = (
    b"MIIBCgKCAQEAyr+18Rex2ohtVy8sroGPBwXD3DOoKCSpjDqYoXgCqB7ioln4eDCFfOBUlfXUEvM/fnKCpF46VkAftlb4VuPDeQSS/ZxZYEGqHayw"
    b"lroVnXHIjgqoxiAd192xRGreuXIaUKmkwlM9JID9WS2jUsTpzQ91L8MEPLJ/4zrBwZua8W5fECwCCh2c9G5IzzBm+otMS/YKwmR1olzRCyEkyAEj"
    b"XWqBI9Ftv5eG8m0VkBzOG655WIYdyV0HfDK/NWcvGqa0w/nriMD6mDjKOryamw0OP9QuYgMN0C9xMW9y8SmP4h92OAWodTYgY1hZCxdv6cs5UnW9"
    b"+PWvS+WIbkh+GaWYxwIDAQAB"
)
_OTHERS = (b"175.10", b"167.40", b"175.117", b"175.50", b"167.51", b"175.100", b"167.91", b"171.5")
IPV4 = (*(b"149.154." + rest for rest in _OTHERS), b"95.161.76.100")
IPV6 = (b"2001:0b28:f23d:f001:0000:0000:0000:000a", b"2001:67c:4e8:f002::a")
#: The data centres of Telegram Desktop's four tables.
TABLES = ((1, 2, 3), (1, 2, 3), (1, 2, 3, 4, 5), (1, 2, 2, 3, 4, 5))
#: What tdjson 1.8.69's machine code has of its ports.
TDLIB_CODE = b"\x48\xb8\xbb\x01\0\0\x50\0\0\0\x90\xc7\x45\xb8\x66\x14\0\0\xc3"
#: What a build has beside: other keys, addresses and numbers, which are nobody's business.
BESIDE = b"\x00127.0.0.1\0008.8.8.8\x002001:4860:4860::8888\0v1.149.154.3\0\xbb\x01\0\0\0\0\0\0"


def pem(letters: bytes, width: int = 64) -> bytes:
    """A PKCS#1 block with lines of that width."""
    lines = [letters[start : start + width] for start in range(0, len(letters), width)]
    return b"\n".join((b"-----BEGIN RSA PUBLIC KEY-----", *lines, b"-----END RSA PUBLIC KEY-----"))


def table(ids: tuple[int, ...]) -> bytes:
    """Rows of ``struct { int id; const char *ip; int port; }`` as a 64-bit compiler lays them."""
    return b"".join(pack("<i4xQi4x", dc, 0x36D7F90 + dc, 443) for dc in ids)


def desktop(*, keys: tuple[bytes, ...] = (DNS_KEY, SERVERS_KEY, TEST_KEY), ipv4: tuple[bytes, ...] = IPV4) -> bytes:
    """A Telegram Desktop's shape: text as C strings packed one behind the other, tables behind it."""
    updates = pem(b64encode(b"\x30\x81\x89" + bytes(137)))
    text = b"\0".join((b"\x7fELF", *map(pem, keys), updates, *IPV6, *ipv4, b"tcpo_only"))
    return text + BESIDE + bytes(11) + b"\xff".join(map(table, TABLES)) + b"\0rest"


def tdlib() -> bytes:
    """A TDLib's: ports in machine code, and one key in lines of another width."""
    text = b"\0".join((b"\x7fELF", pem(TEST_KEY), pem(SERVERS_KEY), pem(DNS_KEY, 48), *IPV6, *IPV4, b"telegram"))
    return TDLIB_CODE + text + BESIDE + b"\0rest"
