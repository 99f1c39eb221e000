from datetime import date

from pyrunner import Worker


class Start(Worker):
    def run(self):
        self.context["run_date_str"] = date.today().isoformat()


class Download(Worker):
    def run(self):
        name = self.argv[0]
        self.context["rows of " + name] = [f"{name} {number} of {self.context['run_date_str']}" for number in range(3)]


class End(Worker):
    def run(self):
        self.logger.success(f"{self.context['written']} rows of {self.context['run_date_str']} are written")
