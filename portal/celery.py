"""The Celery application: workers and beat."""

import logging.config
import os
import sys
from typing import Any

from billiard import pool
from celery import Celery
from celery.app.amqp import AMQP
from celery.signals import beat_init, celeryd_init, setup_logging, worker_init, worker_ready, worker_shutting_down
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from kombu import Connection
from kombu.transport.redis import Channel

from portal.production import refuse_unsafe_start

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

log = logging.getLogger(__name__)

RECONNECT_SECONDS = 3


class PatientConnection(Connection):
    """Tries a broker that is away every few seconds, however long that takes; Celery would wait up to 30 seconds."""

    def ensure_connection(self, *args: Any, interval_max: float = RECONNECT_SECONDS, **options: Any) -> Connection:
        return super().ensure_connection(*args, interval_max=interval_max, **options)


class Wire(AMQP):
    Connection = PatientConnection


# Wake-ups are worth nothing once taken. Putting them back on a connection that was lost ends the whole worker.
Channel.do_restore = False

# A process that ends waits until its last result was read, for half a minute. A worker that is told to stop reads none
# of a task that it took at that moment: the process would wait for nothing, and a deploy with it.
pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT = 10  # tenths of a second

app = Celery("portal", amqp=Wire)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@celeryd_init.connect
@setup_logging.connect
def write_the_portals_log(**_: Any) -> None:
    """Keep Celery's own formats and its hold on standard output away from the log; let Python's warnings into it."""
    logging.config.dictConfig(settings.LOGGING)
    logging.captureWarnings(True)


@worker_init.connect
@beat_init.connect
def check_settings(**_: Any) -> None:
    """End worker or beat where the settings are unsafe; of an exception Celery would only write a line."""
    try:
        refuse_unsafe_start()
    except ImproperlyConfigured as error:
        sys.exit(str(error))


@worker_init.connect
def let_processes_listen(**_: Any) -> None:
    from priorauth import listening

    listening.begin()


@worker_shutting_down.connect
def end_listening(**_: Any) -> None:
    """Before Celery waits for the tasks at hand: one that listens would keep it for seconds."""
    from priorauth import listening

    listening.end()


@worker_ready.connect
def check_broker(**_: Any) -> None:
    """Say loudly that the broker may drop messages. The worker works on: the job rows are the truth (decision 3)."""
    from redis import RedisError

    from portal.health import broker

    try:
        state = broker()["broker"]
    except RedisError:
        return  # the worker's own connection tells what is wrong
    if state == "unsafe":
        log.error("The broker may drop wake-ups, so scoring can be late: set its maxmemory-policy to noeviction.")
