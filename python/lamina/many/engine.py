"""Fits that the engine runs entirely, without the interpreter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from lamina import _core
from lamina.many.data import take
from lamina.many.outcome import DIVERGED, FAILED, OK, Outcome, Record
from lamina.many.plan import Plan
from lamina.many.settings import Shares
from lamina.many.single import fit_one, note
from lamina.models import TrainingDiverged
from lamina.models.replicas import Course, NotAlikeError, Replicas, Request, scores

_PLAIN = (bool, int, float, str, type(None))


class Template(NamedTuple):
    """A model of which the fits of several settings are replicas.

    Attributes
    ----------
    build : dict
        The arguments with which it was built.
    replicas : Replicas or Exception
        The replicas, or the reason why its fits have to go through ``fit``.
    rate : float or LearningRateSchedule
        Its learning rate.
    courses : list of tuple
        Arguments of ``fit``, and the course of the fits with these arguments.
    """

    build: dict[str, Any]
    replicas: Replicas | Exception
    rate: Any
    courses: list[tuple[dict[str, Any], Course]]


@dataclass
class Asked:
    """A fit that has been requested from the engine."""

    index: int
    course: Course
    request: Request
    judge: Any  # the graph that evaluates rows held out


class Engine:
    """Requests the fits of a plan from the engine, if it can run them.

    Parameters
    ----------
    plan : Plan
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._templates: list[Template] = []
        # By setting, with the rate; or the reason why its fits have to go through ``fit``.
        self._courses: dict[int, tuple[Course, Any] | Exception] = {}
        self._faults: dict[int, Exception] = {}  # by fit: the exception that preparing it raised
        self._judged: dict[Any, tuple[Any, ...]] = {}
        self._predicted: dict[int, Any] = {}

    def ask(self, index: int) -> Asked | None:
        """Return the request of a fit; None for one that has to go through ``fit``.

        Fits that ``fit`` refuses go through it too, so that it gives the reason: see `checked`.
        """
        try:
            return self._asked(index)
        except NotAlikeError:
            return None
        except Exception as error:
            self._faults[index] = error
            return None

    def checked(self, outcome: Outcome) -> Outcome:
        """Return the result of ``fit`` for a fit that `ask` refused.

        If preparing it raised an exception other than NotAlikeError, ``fit`` must fail too.  If it
        did not, the fault is in the preparation, and the exception is raised here.
        """
        fault = self._faults.get(outcome.index)
        if fault is not None and outcome.status != FAILED:
            raise fault
        return outcome

    def _asked(self, index: int) -> Asked:
        fit = self.plan.fits[index]
        if fit.setting not in self._courses:
            try:
                self._courses[fit.setting] = self._course(fit.setting)
            except Exception as error:
                self._courses[fit.setting] = error
        found = self._courses[fit.setting]
        if isinstance(found, Exception):
            raise found
        course, rate = found
        keep = self.plan.keep
        judge, rows = self._judging(course.replicas, fit.part)
        request = course.request(
            fit.seed, rate, fit.part, self.plan.parts[fit.part].rows, rows,
            "weights" in keep, "histories" in keep,
        )  # fmt: skip
        return Asked(index, course, request, judge)

    def _course(self, setting: int) -> tuple[Course, Any]:
        shares = self.plan.shares[setting]
        template = self._template(shares.build)
        if isinstance(template.replicas, Exception):
            raise template.replicas
        rate = template.rate
        if shares.rate:
            optimizer = template.replicas.model.optimizer
            optimizer.learning_rate = shares.rate[0]
            rate = optimizer.rate_law
        for given, course in template.courses:
            if _alike(given, shares.fit):
                return course, rate
        course = Course(template.replicas, {**self.plan.arguments, **shares.fit})
        template.courses.append((shares.fit, course))
        return course, rate

    def _template(self, build: dict[str, Any]) -> Template:
        for found in self._templates:
            if _alike(found.build, build):
                return found
        plan = self.plan
        try:
            model = plan.recipe.model(Shares(build=build), 0)
            replicas = Replicas(model, plan.x, plan.y, plan.sample_weight)
            made = Template(build, replicas, model.optimizer.rate_law, [])
        except Exception as error:
            made = Template(build, error, None, [])
        self._templates.append(made)
        return made

    def _judging(self, replicas: Replicas, part: int) -> tuple[Any, tuple[Any, ...]]:
        """Return the graph for rows held out, these rows for scores and predictions, and others."""
        found = self._judged.get((id(replicas), part))
        if found is not None:
            return found[0], found[1]
        plan, held = self.plan, self.plan.parts[part].held_out
        judge = rows = predicted = None
        if held is not None and len(held):
            own = plan.scoring.by_name is not None
            if "scores" in plan.keep and not own:
                judge, rows = replicas.to_judge(held)
            if ("scores" in plan.keep and own) or "held_out_predictions" in plan.keep:
                predicted = replicas.rows_to_predict(replicas.data.inputs, held)
        if plan.predict is not None and id(replicas) not in self._predicted:
            self._predicted[id(replicas)] = replicas.rows_to_predict(
                replicas.inputs(plan.predict), None
            )
        asked = rows, predicted, self._predicted.get(id(replicas))
        self._judged[id(replicas), part] = judge, asked
        return judge, asked

    # --- results

    def outcome(self, asked: Asked, record: _core.FitRecord) -> Outcome:
        """Return the outcome of a fit."""
        if record.failure:  # ``fit`` says the same in its own words
            self._faults[asked.index] = RuntimeError(record.failure)
            return self.checked(fit_one(self.plan, asked.index))
        plan, replicas = self.plan, asked.course.replicas
        outcome = Outcome(asked.index, seconds=record.seconds)
        if record.end == "diverged":
            assert record.divergence is not None
            outcome.status = DIVERGED
            error = TrainingDiverged(*record.divergence)
            outcome.message = plan.recipe.told(error, replicas.model)
        note(outcome, *record.told)
        if "histories" in plan.keep:
            outcome.record = _history(asked.request, record.epochs)
        if "weights" in plan.keep:
            outcome.weights = replicas.weights(record.weights())
        if outcome.status == OK:
            self._judge(asked, record, outcome)
        return outcome

    def _judge(self, asked: Asked, record: _core.FitRecord, outcome: Outcome) -> None:
        plan, model = self.plan, asked.course.model
        if record.held_out is not None:
            found = scores(asked.judge, record.held_out)
            outcome.scores = {f"held_out_{key}": float(value) for key, value in found.items()}
        if record.held_out_outputs is not None:
            prediction = model.packed_outputs(record.held_out_outputs)
            if plan.scoring.by_name is not None and "scores" in plan.keep:
                held = plan.parts[plan.fits[asked.index].part].held_out
                x, y, weight = (take(each, held) for each in (plan.x, plan.y, plan.sample_weight))
                outcome.score(*plan.scoring.of(model, x, y, weight, prediction))
            if "held_out_predictions" in plan.keep:
                outcome.held_out = prediction
        if record.predictions is not None:
            outcome.predictions = model.packed_outputs(record.predictions)


def run(
    engine: Engine,
    indices: Iterable[int],
    threads: int,
    told: Callable[[int], object],
    others: list[int],
) -> Iterator[Outcome]:
    """Run fits, this many at a time; KeyboardInterrupt is raised after those that have ended.

    Fits that have to go through ``fit`` are added to ``others``.
    """
    asked: list[Asked] = []

    def requests() -> Iterator[_core.FitRequest]:
        for index in indices:
            found = engine.ask(index)
            if found is None:
                others.append(index)
            else:
                asked.append(found)
                yield found.request.asked

    records, interrupted = _core.run_fits(requests(), threads, told)
    for each, record in zip(asked, records, strict=False):  # fewer after an interrupt
        if record is not None:
            yield engine.outcome(each, record)
    if interrupted:
        raise KeyboardInterrupt


def _alike(a: dict[str, Any], b: dict[str, Any]) -> bool:
    """Return whether arguments are certainly the same: plain values that are equal."""
    if a.keys() != b.keys():
        return False
    return all(v is b[k] or (_plain(v) and type(v) is type(b[k]) and v == b[k])
               for k, v in a.items())  # fmt: skip


def _plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_plain, value))
    return isinstance(value, _PLAIN)


def _history(request: Request, epochs: Sequence[_core.FitEpoch]) -> Record:
    record = Record(validation_rows=request.validation_rows)
    for each in epochs:
        record.epoch.append(each.epoch)
        for key, value in request.logs(each).items():
            record.history.setdefault(key, []).append(value)
            record.recorded_at.setdefault(key, []).append(each.epoch)
    return record
