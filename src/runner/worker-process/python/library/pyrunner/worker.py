"""What the author of a worker extends."""

from abc import ABC, abstractmethod


class Worker(ABC):
    """A task of a task list, in a process of its own for each attempt.

    `on_start` comes first, then `run`; then `on_success`, or `on_fail` where one of the two raised or `retcode` is above 0;
    `on_destroy` at last, always. What one of them returns becomes `retcode`, unless it is falsy.

    `self.logger`: debug, info, warn, warning, error, success, each with a message; lines of the task's log.
    `self.context`: values that all tasks of the execution share, as a mapping; what was set is stored when the call returns.
    `self.argv`: the task's arguments, a list of texts.
    """

    logger = None
    context = None
    argv = ()
    _retcode = 0

    def __init__(self, *_args, **_kwargs):
        """Batchy sets the fields before; a worker with an `__init__` of its own may leave this one out."""

    @property
    def retcode(self):
        """0 as long as all is well; above 0 the task fails. ValueError when set to less than 0, or to no whole number."""
        return self._retcode

    @retcode.setter
    def retcode(self, value):
        code = int(value)
        if code < 0:
            raise ValueError(f"retcode must be 0 or greater, but it is {value}")
        self._retcode = code

    @abstractmethod
    def run(self):
        """The work."""

    def on_start(self):
        """Before `run`."""

    def on_success(self):
        """After a `run` that did not fail."""

    def on_fail(self):
        """After an `on_start` or `run` that failed."""

    def on_destroy(self):
        """At last, always: at a stop and at a timeout, too."""
