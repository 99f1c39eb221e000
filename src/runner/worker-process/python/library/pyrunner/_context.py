"""The values that all tasks of an execution share."""

import json
import os
from collections.abc import MutableMapping

# Bytes of a value as JSON in UTF-8; the same number stands on the other side.
LONGEST_VALUE = 4 * 1024 * 1024


class SharedContext(MutableMapping):
    """A mapping whose values lie with the process that runs jobs. What was set is stored when the call returns."""

    def __init__(self, line):
        self._line = line
        self._process = os.getpid()

    def __getitem__(self, key):
        answer = self._ask({"do": "get", "key": name_of(key)})
        if "missing" in answer:
            raise KeyError(key)
        return answer["value"]

    def __setitem__(self, key, value):
        try:
            text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"the context value {key!r} must be JSON (text, number, bool, None, list or dict): {error}"
            ) from None
        size = len(text.encode("utf-8", "surrogatepass"))
        if size > LONGEST_VALUE:
            raise ValueError(
                f"The context value {json.dumps(name_of(key), ensure_ascii=False)} has {size} bytes as JSON, and may have {LONGEST_VALUE}: "
                "keep it in a file or a table, and its name in the context."
            )
        self._ask({"do": "set", "key": name_of(key), "value": value})

    def __delitem__(self, key):
        if not self._ask({"do": "delete", "key": name_of(key)})["value"]:
            raise KeyError(key)

    def __contains__(self, key):
        return self._ask({"do": "has", "key": name_of(key)})["value"]

    def __iter__(self):
        return iter(self._ask({"do": "keys"})["value"])

    def __len__(self):
        return len(self._ask({"do": "keys"})["value"])

    def set(self, key, value):
        """As `context[key] = value`."""
        self[key] = value

    def has(self, key):
        """As `key in context`."""
        return key in self

    def increment(self, key, by=1):
        """Adds to a number, 0 where there is none, as one step: tasks that count at once lose nothing. Returns the sum."""
        return self._ask({"do": "increment", "key": name_of(key), "by": by})["value"]

    def _ask(self, message):
        if os.getpid() != self._process:
            raise RuntimeError(
                "the context belongs to the worker's own process; a process that it starts hands its values to the worker"
            )
        answer = self._line.ask(message)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer


def name_of(key):
    if not isinstance(key, str):
        raise TypeError(f"a key of the context must be a str, not {type(key).__name__}")
    return key
