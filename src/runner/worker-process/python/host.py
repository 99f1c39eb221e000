"""The program in which one attempt of a worker in Python runs: told over the line what, and telling there how it ended."""

import importlib.util
import os
import signal
import sys
import traceback

from pyrunner import Worker
from pyrunner._context import SharedContext
from pyrunner._line import Line

# Where the line is; the same number stands on the other side.
LINE_DESCRIPTOR = 4
# What `retcode` is after an exception, where the worker has set none.
RAISED = 1
OUR_FOLDER = os.path.dirname(os.path.abspath(__file__))


class Stopped(BaseException):
    """The process was told to end. No Exception, so that no worker takes it for an error of its own."""


class NoWorker(Exception):
    """There is nothing to run; the text says why."""


class Logger:
    """Lines of the task's log, each with its level."""

    def __init__(self, line):
        self._line = line

    def _log(self, level, message):
        self._line.send({"do": "log", "level": level, "text": str(message)})

    def debug(self, message):
        self._log("debug", message)

    def info(self, message):
        self._log("info", message)

    def warn(self, message):
        self._log("warn", message)

    def warning(self, message):
        self._log("warn", message)

    def error(self, message):
        self._log("error", message)

    def success(self, message):
        self._log("success", message)


class Run:
    """A worker's run through its hooks."""

    def __init__(self, worker, file):
        self.worker = worker
        self.file = file
        self.failure = None
        self.is_stopped = False
        self.is_destroying = False

    def to_end(self):
        """Returns what is to be told, or None where the worker was stopped."""
        try:
            self._call(self.worker.on_start)
            if self.worker.retcode == 0:
                self._call(self.worker.run)
            self._call(self.worker.on_success if self.worker.retcode == 0 else self.worker.on_fail)
        except Stopped:
            pass
        self.is_destroying = True
        # What PyRunner called it before.
        before = getattr(self.worker, "on_exit", None)
        if callable(before):
            self._call(before)
        self._call(self.worker.on_destroy)
        return None if self.is_stopped else {"do": "end", "retcode": self.worker.retcode, "failure": self.failure}

    def stop(self, _signal, _frame):
        self.is_stopped = True
        if not self.is_destroying:
            raise Stopped

    def _call(self, hook):
        try:
            result = hook()
            if result:
                self.worker.retcode = result
        except Stopped:
            raise
        # SystemExit among them: whoever ends the process has not done the work.
        except BaseException as error:  # noqa: BLE001
            if self.failure is None:
                self.failure = told(error, self.file)
            else:
                self.worker.logger.error(told(error, self.file)["detail"])
            if self.worker.retcode == 0:
                self.worker.retcode = RAISED


def told(error, file):
    """An exception as the other side knows errors: its text, and its traceback from the worker's code on."""
    if isinstance(error, NoWorker):
        return {"message": str(error), "detail": str(error)}
    frames = error.__traceback__
    while frames is not None and frames.tb_next is not None and is_ours(frames):
        frames = frames.tb_next
    message = str(error)
    if isinstance(error, SystemExit):
        name, message = "SystemExit", f"the worker ended its process with {error.code!r}"
    else:
        name = type(error).__name__
    if isinstance(error, SyntaxError):
        message = f"{error.msg} ({os.path.basename(error.filename or file)}, line {error.lineno})"
    detail = "".join(traceback.format_exception(type(error), error.with_traceback(frames), frames))
    return {"message": f"{name}: {message}" if message else name, "detail": detail.rstrip("\n")}


def is_ours(frame):
    name = frame.tb_frame.f_code.co_filename
    return name.startswith(OUR_FOLDER + os.sep) or name.startswith("<frozen importlib")


def load(file, name):
    """The class of that name. Raises NoWorker, or what the module raises."""
    base = os.path.basename(file)
    folder, module_name = package_of(file)
    # Its neighbours can be imported, and ours cannot, as if Python had been started with it; and the package that it belongs to.
    sys.path[0] = os.path.dirname(file)
    if folder != sys.path[0]:
        sys.path.append(folder)
    spec = importlib.util.spec_from_file_location(module_name, file)
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(module_name, module)
    try:
        spec.loader.exec_module(module)
    except BaseException as error:  # noqa: BLE001
        reason = told(error, file)
        place = "" if isinstance(error, SyntaxError) else line_in(error, file)
        raise NoWorker(f"{base}{place}: {reason['message']}") from error
    found = getattr(module, name, None)
    if not isinstance(found, type):
        workers = [key for key, value in vars(module).items() if is_worker(value)]
        there = f"its workers are {', '.join(workers)}" if workers else "it has no worker at all"
        raise NoWorker(f'{base} has no class "{name}"; {there}.')
    if not is_worker(found):
        raise NoWorker(f'"{name}" of {base} is no worker: write "class {name}(Worker)", with Worker from pyrunner.')
    missing = sorted(getattr(found, "__abstractmethods__", ()))
    if missing:
        raise NoWorker(f'"{name}" of {base} has no {missing[0]}().')
    return found


def package_of(file):
    """The folder in which the outermost package lies that the file is in, and the file's name as a module from there."""
    folder, name = os.path.split(os.path.splitext(file)[0])
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        folder, package = os.path.split(folder)
        name = f"{package}.{name}"
    return folder, name


def is_worker(value):
    return isinstance(value, type) and issubclass(value, Worker) and value is not Worker


def line_in(error, file):
    """Where in the file an exception came from, if it did."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f", line {lines[-1]}" if lines else ""


def make(found, line, argv):
    """The fields are there before the worker's own `__init__` runs, whether or not it calls ours."""
    worker = found.__new__(found)
    worker.logger = Logger(line)
    worker.context = SharedContext(line)
    worker.argv = argv
    worker.__init__()
    return worker


def main():
    # A program that the worker starts has no business on the line.
    os.set_inheritable(LINE_DESCRIPTOR, False)
    line = Line(LINE_DESCRIPTOR)
    start = line.receive()
    file, argv = start["file"], list(start["arguments"])
    sys.argv = [file, *argv]
    try:
        worker = make(load(file, start["worker"]), line, argv)
    except BaseException as error:  # noqa: BLE001
        line.send({"do": "end", "retcode": RAISED, "failure": told(error, file)})
        return
    run = Run(worker, file)
    signal.signal(signal.SIGTERM, run.stop)
    end = run.to_end()
    if end is None:
        # As if nobody had listened to it.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)
    sys.stdout.flush()
    line.send(end)


if __name__ == "__main__":
    main()
