"""What leaves the machine after a run: messages, mails, pings. No judgement here: `core` decides what they say."""
