"""A line of JSON messages on a descriptor, for a process that stands still until it is answered."""

import json
import os
import threading


class Line:
    def __init__(self, descriptor):
        self._descriptor = descriptor
        self._rest = b""
        self._asked = 0
        # A signal can break off a message half way.
        self._is_torn = False
        # Threads of a worker may ask at the same time.
        self._lock = threading.RLock()

    def send(self, message):
        data = json.dumps(message, allow_nan=False).encode("ascii") + b"\n"
        with self._lock:
            if self._is_torn:
                data = b"\n" + data
            self._is_torn = True
            while data:
                data = data[os.write(self._descriptor, data) :]
            self._is_torn = False

    def receive(self):
        with self._lock:
            while b"\n" not in self._rest:
                piece = os.read(self._descriptor, 65536)
                if not piece:
                    raise ConnectionError("the process that runs jobs does not answer any more")
                self._rest += piece
            text, self._rest = self._rest.split(b"\n", 1)
            return json.loads(text)

    def ask(self, message):
        with self._lock:
            self._asked += 1
            self.send({**message, "id": self._asked})
            while True:
                # An earlier question may have been broken off by a signal, and its answer, or the end of it, is still to come.
                try:
                    answer = self.receive()
                except ValueError:
                    continue
                if answer.get("id") == self._asked:
                    return answer
