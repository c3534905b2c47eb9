"""The version. Beside the public names, and imported by modules of every layer.

A constant, because asking importlib.metadata for it costs 30 ms at every start.
"""

__version__ = "0.4.0"
