"""The keys of the trail: one signs, the retired ones only prove what they signed. All are kept outside the database."""

import hashlib
from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def key_id(key: bytes) -> str:
    """The name under which events mention a key: eight hexadecimal digits."""
    return hashlib.sha256(b"key-id" + key).hexdigest()[:8]


def signing_key() -> bytes:
    """The key that signs now. Raises ImproperlyConfigured without one: anybody could forge a chain without a key."""
    if not settings.AUDIT_KEY:
        raise ImproperlyConfigured("AUDIT_KEY is not set: the audit trail needs a secret key.")
    return settings.AUDIT_KEY.encode()


class KeyRing(dict[str, bytes]):
    """Every known key by its id, the newest first."""

    def age(self, name: str) -> int:
        """0 for the key that signs now, 1 for the one before it, and so on. Raises KeyError for an unknown key."""
        return self._ages[name]

    def __init__(self, keys: tuple[bytes, ...]) -> None:
        super().__init__((key_id(key), key) for key in keys)
        self._ages = {name: age for age, name in enumerate(self)}


def key_ring() -> KeyRing:
    """AUDIT_KEY, then AUDIT_KEYS_RETIRED in their order: the one retired last comes first."""
    return _ring((signing_key(), *(key.encode() for key in settings.AUDIT_KEYS_RETIRED)))


_ring = cache(KeyRing)


def unknown(name: str) -> str:
    """What is said of an event or a checkpoint under a key that nobody named."""
    return f"was written under the audit key {name}, which is neither AUDIT_KEY nor in AUDIT_KEYS_RETIRED"
