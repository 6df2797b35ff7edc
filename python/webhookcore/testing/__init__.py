"""For users' own tests: samples that are signed, a clock that is moved, a server that misbehaves.

Nothing of it is needed to receive or to send. The fixtures are in ``pytest_webhookcore``, which
pytest finds by itself.
"""

from .answers import Answer
from .clock import ManualClock
from .listener import Listener, ListenSource
from .posting import post
from .recordings import Recording, read_recordings
from .sample_bodies import sample_types
from .samples import SampleRequest, event, recorded, sample, signed_again, verified
from .sender_keys import SenderKeys
from .server import WebhookServer
from .tampering import TAMPERINGS, Tampering, tamper

__all__ = [
    "TAMPERINGS",
    "Answer",
    "ListenSource",
    "Listener",
    "ManualClock",
    "Recording",
    "SampleRequest",
    "SenderKeys",
    "Tampering",
    "WebhookServer",
    "event",
    "post",
    "read_recordings",
    "recorded",
    "sample",
    "sample_types",
    "signed_again",
    "tamper",
    "verified",
]
