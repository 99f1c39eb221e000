"""A linear flow of so many tasks that do nothing, run by TaskFlow's serial engine, which keeps its states in memory.

Takes the number of tasks; prints the seconds from the first task's making to the flow's end, so without starting and importing.
"""

import sys
import time

from taskflow import engines, states, task
from taskflow.patterns import linear_flow


class Nothing(task.Task):
    def execute(self):
        pass

    def revert(self, *args, **kwargs):
        pass


count = int(sys.argv[1])
began = time.perf_counter()
flow = linear_flow.Flow("flow").add(*[Nothing(f"task-{number}") for number in range(count)])
engine = engines.load(flow, engine="serial")
engine.run()
spent = time.perf_counter() - began
if engine.storage.get_flow_state() != states.SUCCESS or engine.statistics["completed"] != count:
    sys.exit(f"the flow did not end as it should: {engine.statistics}")
print(spent)
