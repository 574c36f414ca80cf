"""The part of a program that changes the learning rate in the course of training."""

from __future__ import annotations

from nbtutor.engine.code.text import indented
from nbtutor.engine.schedules import (
    Constant,
    CosineDecay,
    ExponentialDecay,
    ExponentialRamp,
    ExpRange,
    LinearRamp,
    OneCycle,
    Schedule,
    StepDecay,
    Triangular,
    Triangular2,
    WarmUp,
)
from nbtutor.engine.validation import ParameterError


def schedule_block(schedule: Schedule) -> str:
    """Return the function ``factor(epochs)``, which multiplies the learning rate."""
    head = [
        "def factor(epochs):",
        f'    """{schedule.label}: what to multiply the learning rate with."""',
    ]
    return "\n".join([*head, indented(_lines(schedule))])


def _lines(schedule: Schedule) -> list[str]:
    """Return the lines of a function of the epochs done."""
    match schedule:
        case Constant():
            return ["return 1.0"]
        case StepDecay(every=every, factor=factor):
            return [f"return {factor!r} ** math.floor(epochs / {every!r})"]
        case ExponentialDecay(factor=factor):
            return [f"return {factor!r}**epochs"]
        case CosineDecay(epochs=length, end=end):
            wave = ["wave = (1 + math.cos(math.pi * done)) / 2"]
            return [_done(length), *wave, f"return {end!r} + {1 - end!r} * wave"]
        case WarmUp(epochs=length, then=then, start=start):
            rise = f"rise = {start!r} + {1 - start!r} * epochs / {length!r}"
            first = f"return rise * {then(0.0)!r}"
            if isinstance(then, Constant):
                first = "return rise"
            before = [f"if epochs < {length!r}:", indented([rise, first])]
            after = [f"epochs -= {length!r}", *_lines(then)]
            return [*before, *(_lines(then) if isinstance(then, Constant) else after)]
        case Triangular(half_period=half, low=low):
            lines = [f"triangle = 1 - abs(epochs / {half!r} % 2 - 1)"]
            if isinstance(schedule, Triangular2):
                lines.append(f"triangle *= 0.5 ** math.floor(epochs / {2 * half!r})")
            elif isinstance(schedule, ExpRange):
                lines.append(f"triangle *= {schedule.factor!r}**epochs")
            return [*lines, f"return {low!r} + {1 - low!r} * triangle"]
        case OneCycle(epochs=length, rise=rise, start=start, end=end):
            up = ["wave = (1 - math.cos(math.pi * done / RISE)) / 2".replace("RISE", repr(rise))]
            up.append(f"return {start!r} + {1 - start!r} * wave")
            down = [
                "if done == 1:",
                f"    return {end!r}",
                f"done = (done - {rise!r}) / {1 - rise!r}",
                "wave = (1 + math.cos(math.pi * done)) / 2",
                f"return {end!r} + {1 - end!r} * wave",
            ]
            if rise == 0:
                return [_done(length), *down]
            if rise == 1:
                down = [f"return {end!r}"]
            return [_done(length), f"if done < {rise!r}:", indented(up), *down]
        case LinearRamp(start=start, epochs=length):
            return [_done(length), f"return {start!r} + {1 - start!r} * done"]
        case ExponentialRamp(start=start, epochs=length):
            return [_done(length), f"return {start!r} ** (1 - done)"]
    raise ParameterError("schedule", schedule, "one of nbtutor.engine.schedules")


def _done(length: float) -> str:
    return f"done = min(epochs / {length!r}, 1)"
