"""The judgement: pure functions and frozen values. No I/O, no clock, no randomness; whoever calls passes time and dice."""
