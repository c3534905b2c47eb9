"""What leaves the machine after a run: messages, mails, pings. No judgement here: `core` decides what they say."""

from auditor.notify.mail import Mail, MailSender, MailServer, MailServerError, Refusal, compose

__all__ = ["Mail", "MailSender", "MailServer", "MailServerError", "Refusal", "compose"]
