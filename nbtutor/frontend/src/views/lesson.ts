// What a lesson has besides its board: a question, exercises, and the program. All is text.

import type { AnyModel } from "@anywidget/types";
import { element } from "../dom";
import { browserJournal, type Journal } from "../journal";
import { actMessage, decodeBeat, record, text } from "../protocol";

type Send = (name: string, args: Readonly<Record<string, unknown>>) => void;

interface Part {
  readonly send: Send;
  /** Where an error is told. */
  readonly alert: HTMLElement;
}

/** Makes a part of a lesson: its element, its messages, and what redraws it. */
function part(
  name: string,
  label: string,
  { model, root, signal }: Place,
  traits: readonly string[],
  draw: () => void,
): Part {
  root.classList.add("nbt-view", "nbt-lesson-part", `nbt-view-${name}`);
  root.dataset.view = name;
  root.dataset.state = "idle";
  root.dataset.epoch = "0";
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", label);
  const alert = element("p", "nbt-error");
  alert.setAttribute("role", "alert");
  let drawn = 0;
  const redraw = (): void => {
    alert.textContent = "";
    draw();
    drawn += 1;
    root.dataset.seq = String(drawn);
  };
  const told = (content: unknown): void => {
    try {
      const message = decodeBeat(content);
      if (message.kind === "error") alert.textContent = message.message;
    } catch (failure) {
      console.error("[nbtutor]", failure);
    }
  };
  for (const trait of traits) model.on(`change:${trait}`, redraw);
  model.on("msg:custom", told);
  signal.addEventListener("abort", () => {
    for (const trait of traits) model.off(`change:${trait}`, redraw);
    model.off("msg:custom", told);
    root.replaceChildren();
  });
  queueMicrotask(redraw);
  const send: Send = (act, args) => {
    alert.textContent = "";
    try {
      model.send(actMessage(act, args));
    } catch {
      alert.textContent = "The kernel does not answer. Run the notebook again, or reload the page.";
    }
  };
  return { send, alert };
}

export interface Place {
  readonly model: AnyModel;
  readonly root: HTMLElement;
  readonly signal: AbortSignal;
}

let questions = 0;

export function predictionView(place: Place): void {
  const { model, root } = place;
  const { send, alert } = part("prediction", "Predict", place, ["answer", "outcome"], draw);
  const group = element("fieldset", "nbt-question");
  const question = element("legend", "nbt-question-text", String(model.get("question") ?? ""));
  group.append(question);
  const outcome = element("p", "nbt-outcome");
  outcome.setAttribute("role", "status");
  const name = `nbt-question-${(questions += 1)}-${Math.random().toString(36).slice(2)}`;
  const choices = list(model.get("options")).map((option, index) => {
    const label = element("label", "nbt-option");
    const radio = element("input", "");
    radio.type = "radio";
    radio.name = name;
    radio.value = String(index);
    label.append(radio, element("span", "", option));
    group.append(label);
    return radio;
  });
  const commit = element("button", "nbt-toggle nbt-commit", "This is my answer");
  commit.type = "button";
  commit.addEventListener(
    "click",
    () => {
      const chosen = choices.findIndex((radio) => radio.checked);
      if (chosen >= 0) send("answer", { option: chosen });
      else alert.textContent = "Choose an answer first.";
    },
    { signal: place.signal },
  );
  root.append(group, commit, outcome, alert);

  function draw(): void {
    const answer = Number(model.get("answer"));
    const answered = answer >= 0;
    choices.forEach((radio, index) => {
      radio.disabled = answered;
      if (answered) radio.checked = index === answer;
    });
    root.classList.toggle("nbt-answered", answered);
    commit.hidden = answered;
    const happened = String(model.get("outcome") ?? "");
    if (!answered) outcome.textContent = "";
    else if (happened === "") outcome.textContent = "Your answer is kept. Now run it, and see.";
    else outcome.textContent = happened;
  }
}

export function exercisesView(place: Place, journal: Journal = browserJournal()): void {
  const { model, root, signal } = place;
  const { send, alert } = part("exercises", "Exercises", place, ["outcomes", "tasks"], draw);
  const lesson = String(model.get("lesson") ?? "");
  const summary = element("p", "nbt-exercise-summary");
  const counted = element("span", "");
  const clear = element("button", "nbt-toggle", "Clear my progress");
  clear.type = "button";
  summary.append(counted, clear);
  const items = element("ol", "nbt-exercise-list");
  root.append(items, summary, alert);
  const rows = tasks(model.get("tasks")).map(({ name, task }) => {
    const row = element("li", "nbt-exercise");
    row.dataset.exercise = name;
    const check = element("button", "nbt-toggle", "Check");
    check.type = "button";
    const mark = element("span", "nbt-exercise-mark");
    const said = element("p", "nbt-outcome");
    said.setAttribute("role", "status");
    const words = element("p", "nbt-exercise-task", task);
    check.setAttribute("aria-label", `Check: ${task}`);
    check.addEventListener("click", () => send("check", { name }), { signal });
    row.append(words, check, mark, said);
    items.append(row);
    return { name, row, mark, said };
  });
  clear.addEventListener(
    "click",
    () => {
      journal.clear(lesson);
      draw();
    },
    { signal },
  );

  function draw(): void {
    const outcomes = record(model.get("outcomes") ?? {}, "outcomes");
    const done = new Set(journal.done(lesson));
    for (const { name, row, mark, said } of rows) {
      const outcome = outcomes[name] === undefined ? null : record(outcomes[name], name);
      if (outcome?.right === true && !done.has(name)) {
        journal.add(lesson, name);
        done.add(name);
      }
      const now = outcome === null ? "open" : outcome.right === true ? "right" : "wrong";
      row.dataset.outcome = now;
      said.textContent = outcome === null ? "" : text(outcome, "sentence");
      const marks = { right: "\u2713 Done", wrong: "Not yet", open: "" };
      mark.textContent = marks[now] || (done.has(name) ? "\u2713 Done before" : "");
    }
    const count = rows.filter(({ name }) => done.has(name)).length;
    counted.textContent = `${count} of ${rows.length} done. This is kept in your browser only.`;
    clear.hidden = count === 0;
  }
}

export function programView(place: Place): void {
  const { model, root, signal } = place;
  const { send, alert } = part("program", "In code", place, ["library", "text"], draw);
  const choices = element("div", "nbt-libraries");
  const buttons = list(model.get("libraries")).map((library) => {
    const button = element("button", "nbt-toggle", library);
    button.type = "button";
    button.addEventListener("click", () => send("write", { library }), { signal });
    choices.append(button);
    return { library, button };
  });
  const copy = element("button", "nbt-toggle", "Copy");
  copy.type = "button";
  copy.addEventListener(
    "click",
    () => {
      Promise.resolve()
        .then(() => navigator.clipboard.writeText(String(model.get("text"))))
        .then(
          () => (copy.textContent = "Copied"),
          () => (alert.textContent = "The browser does not let it be copied. Select the text."),
        );
    },
    { signal },
  );
  const code = element("pre", "nbt-program");
  code.tabIndex = 0;
  code.setAttribute("aria-label", "Program");
  choices.append(copy);
  root.append(choices, code, alert);

  function draw(): void {
    const library = String(model.get("library") ?? "");
    for (const one of buttons) {
      one.button.setAttribute("aria-pressed", String(one.library === library));
    }
    code.textContent = String(model.get("text") ?? "");
    code.hidden = copy.hidden = library === "";
    copy.textContent = "Copy";
  }
}

function list(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function tasks(value: unknown): { name: string; task: string }[] {
  if (!Array.isArray(value)) return [];
  return value.map((item: unknown) => {
    const fields = record(item, "task");
    return { name: text(fields, "name"), task: text(fields, "task") };
  });
}
