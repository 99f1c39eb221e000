"""The interface of PyRunner's workers, as Batchy offers it: `from pyrunner import Worker`."""

from .worker import Worker

__all__ = ["Worker"]
