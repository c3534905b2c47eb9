"""Rules without I/O, clock or randomness: pure functions on frozen values; the caller passes the time and random numbers."""
