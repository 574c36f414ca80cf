"""Questions, exercises and programs: what they take from a page, and what they make of it."""

from __future__ import annotations

from typing import Any

import pytest

from nbtutor.engine import ParameterError
from nbtutor.widgets.lesson import Exercise, Exercises, Outcome, Prediction, Program
from tests.widgets.page import deliver


def ask(part: Any, act: str, /, **arguments: Any) -> list[dict[str, Any]]:
    """Send an act as a page does, and return what comes back."""
    answers: list[dict[str, Any]] = []
    part.send = lambda content, buffers=None: answers.append(content)
    message = {"type": "act", "name": act, "arguments": arguments}
    deliver(part, message)
    return answers


def test_an_answer_is_kept_as_it_was_first_given() -> None:
    told: list[int] = []
    question = Prediction("Which?", ("this", "that"), told.append)
    assert question.answer == -1
    assert ask(question, "answer", option=1) == []
    assert ask(question, "answer", option=0) == []
    assert (question.answer, told) == (1, [1])


@pytest.mark.parametrize("option", [-1, 2, 0.0, "0", None, True, [0]])
def test_what_is_no_option_is_refused(option: Any) -> None:
    question = Prediction("Which?", ("this", "that"))
    (answer,) = ask(question, "answer", option=option)
    assert "answer must be the number of an option, 0 to 1" in answer["message"]
    assert question.answer == -1


def test_a_question_needs_two_answers() -> None:
    with pytest.raises(ParameterError, match="two answers"):
        Prediction("Which?", ("this",))


def test_an_exercise_is_checked_each_time_anew() -> None:
    found = iter([Outcome(False, "Not yet."), Outcome(True, "Yes.")])
    exercises = Exercises("lesson", [Exercise("one", "Do it.", lambda: next(found))])
    assert exercises.tasks == [{"name": "one", "task": "Do it."}]
    ask(exercises, "check", name="one")
    assert exercises.outcomes == {"one": {"right": False, "sentence": "Not yet.", "tries": 1}}
    ask(exercises, "check", name="one")
    assert exercises.outcomes == {"one": {"right": True, "sentence": "Yes.", "tries": 2}}


def test_a_check_that_fails_is_told() -> None:
    def check() -> Outcome:
        raise RuntimeError("no run")

    exercises = Exercises("lesson", [Exercise("one", "Do it.", check)])
    (answer,) = ask(exercises, "check", name="one")
    assert answer == {"type": "error", "message": "This went wrong: no run"}
    assert exercises.outcomes == {}


@pytest.mark.parametrize("name", ["two", 3, ["one"], {"one": 1}])
def test_only_its_own_exercises_are_checked(name: Any) -> None:
    exercises = Exercises("lesson", [Exercise("one", "Do it.", lambda: Outcome(True, ""))])
    (answer,) = ask(exercises, "check", name=name)
    assert "name must be one of one" in answer["message"]


def test_exercises_have_different_names() -> None:
    one = Exercise("one", "Do it.", lambda: Outcome(True, ""))
    with pytest.raises(ParameterError, match="different names"):
        Exercises("lesson", [one, one])


def test_a_program_is_written_when_it_is_asked_for() -> None:
    texts = iter(["a", "b"])
    program = Program({"NumPy": lambda: next(texts)})
    assert (program.library, program.text) == ("", "")
    ask(program, "write", library="NumPy")
    assert (program.library, program.text) == ("NumPy", "a")
    assert program.write("NumPy") == "b"
    (answer,) = ask(program, "write", library="Keras")
    assert "library must be one of NumPy" in answer["message"]
    assert program.text == "b"


@pytest.mark.parametrize(
    "part",
    [
        Prediction("Which?", ("this", "that")),
        Exercises("lesson", []),
        Program({}),
    ],
    ids=lambda part: type(part).__name__,
)
def test_a_part_takes_nothing_else(part: Any) -> None:
    state = part.get_state()
    (answer,) = ask(part, "train")
    assert answer["type"] == "error"
    part.set_state({"answer": 1, "outcomes": {"one": {"right": True}}, "text": "x"})
    assert part.get_state() == state
    answers: list[Any] = []
    part.send = lambda content, buffers=None: answers.append(content)
    for content in (None, {"type": "sync"}, {"type": "act", "name": "check"}):
        deliver(part, content)
    assert [answer["type"] for answer in answers] == ["error"] * 3
