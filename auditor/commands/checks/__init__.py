"""What `doctor` looks at. Rule: a check looks at one thing and returns one result; what it needs of others is named where
they are put in order (`commands.doctor`), so that a failed check stops only those that depend on it.
"""
