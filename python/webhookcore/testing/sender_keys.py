"""What a provider signs samples with, and what its receiver is told."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from .. import _core
from ..schemes import Scheme

_PEM_KINDS: Final = {
    "ed25519": "ed25519",
    "ecdsa-p256-der": "ec-p256",
    "ecdsa-p256-raw": "ec-p256",
    "rsa-pkcs1-sha1": "rsa",
    "rsa-pkcs1-sha256": "rsa",
    "rsa-pss-sha512": "rsa",
}


@dataclass(frozen=True, slots=True)
class SenderKeys:
    """A pair, or twice the same where there is one secret.

    Attributes:
        signing: What the sender has.
        verifying: What the receiver is told: ``add_source(secrets=[…])``.
    """

    signing: str = field(repr=False)
    verifying: str = field(repr=False)


def sender_keys(scheme: Scheme, number: int = 1) -> SenderKeys:
    """Keys for samples of a scheme; another ``number`` gives others.

    Secrets are the same in each process. Key pairs are made anew in each: nobody can sign for
    a receiver that was told one by mistake.
    """
    fields = scheme.describe()
    algorithm = fields["versions"][0][1]
    if algorithm in _PEM_KINDS and fields["key"] == "public":
        return _pem_keys(_PEM_KINDS[algorithm], number)
    if algorithm == "ed25519":
        return _raw_keys(number)
    secret = _secret(fields, number)
    return SenderKeys(secret, secret)


@lru_cache(maxsize=64)
def _pem_keys(kind: str, number: int) -> SenderKeys:
    del number  # Part of the cache's key alone.
    return SenderKeys(*_core.generate_pem_pair(kind))


def _raw_keys(number: int) -> SenderKeys:
    """In hex: Discord shows its public key like that. The last 32 bytes of the DER are the key."""
    pair = _pem_keys("ed25519", number)
    seed, public = _der(pair.signing)[-32:], _der(pair.verifying)[-32:]
    return SenderKeys((seed + public).hex(), public.hex())


def _der(pem: str) -> bytes:
    return base64.b64decode("".join(pem.strip().splitlines()[1:-1]))


def _secret(fields: dict[str, Any], number: int) -> str:
    """No real secret looks like these, and in a log they can be recognised."""
    name = f"webhookcore sample {number} of {fields['name']}"
    if fields["key"] == "utf8":
        return f"{fields['usual_prefix']}{name.replace(' ', '_')}"
    key = hashlib.sha256(name.encode()).digest()
    if fields["key"] == "hex":
        return key.hex()
    prefix = "whsec_" if "whsec_" in fields["strip"] else ""
    return prefix + base64.b64encode(key).decode("ascii")
