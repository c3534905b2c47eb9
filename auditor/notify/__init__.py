"""What leaves the machine after a run: messages, mails, pings. No judgement here: `core` decides what they say.

================  ================================================================================================
`channels`        a message to every channel at the same time
`webhook`         our own webhook: the JSON document, signed
`apprise_channel` the channels of apprise
`ping`            a dead man's switch
`delivery`        one POST with bounded retries
`mail`            mails by SMTP, with a workbook
`metrics`         a file of metrics for Prometheus
================  ================================================================================================
"""

from auditor.notify.channels import Network, Outcome, check_channels, send_to_all
from auditor.notify.delivery import DeliveryError, Limits
from auditor.notify.mail import Mail, MailSender, MailServer, MailServerError, Refusal, compose
from auditor.notify.metrics import METRICS, Labels, Values, write_metrics
from auditor.notify.ping import Ping

__all__ = [
    "METRICS",
    "DeliveryError",
    "Labels",
    "Limits",
    "Mail",
    "MailSender",
    "MailServer",
    "MailServerError",
    "Network",
    "Outcome",
    "Ping",
    "Refusal",
    "Values",
    "check_channels",
    "compose",
    "send_to_all",
    "write_metrics",
]
