"""Where accepted events can be handed to: task queues and brokers.

``receiver.forward(source, pattern, to=…)`` takes a Celery task or a Dramatiq actor as it is, or one
of the sinks below, or any object with a method ``put(hand_off)``.
"""

from .hand_off import HandOff, Sink, as_sink
from .rabbitmq import RabbitMQ
from .redis_stream import RedisStream
from .sqs import SQS
from .tasks import CeleryTask, DramatiqActor, RQQueue

__all__ = [
    "SQS",
    "CeleryTask",
    "DramatiqActor",
    "HandOff",
    "RQQueue",
    "RabbitMQ",
    "RedisStream",
    "Sink",
    "as_sink",
]
