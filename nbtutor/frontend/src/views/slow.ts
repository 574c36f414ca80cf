// Slow motion: the panel that names the stage of an update and shows its numbers. The kernel writes
// the words; the panel leads through them, by a button, by the arrow keys, or by itself.

import { element, LiveText } from "../dom";
import type { Surface, View } from "../mount";
import { formatCount } from "../numbers";
import { STAGES, TRAITS, type Stage, type StageFormula } from "../protocol";

/** How long a stage stands while they go by themselves: time to read a line. */
export const STAGE_MS = 1_500;

const LABELS: Record<Stage["name"], string> = {
  pick: "Pick", forward: "Forward", loss: "Loss", backward: "Backward", update: "Update",
};

export function slowView({ root, model, signal, act }: Surface): View {
  const panel = element("section", "nbt-slow");
  panel.setAttribute("aria-label", "Slow motion");

  const strip = element("ol", "nbt-slow-strip");
  const steps = STAGES.map((name) => strip.appendChild(element("li", "", LABELS[name])));
  const place = element("span", "nbt-slow-place");
  const placeText = new LiveText(place);
  const head = element("div", "nbt-slow-head");
  head.append(strip, place);

  const words = element("p", "nbt-slow-words");
  words.setAttribute("aria-live", "polite");
  const title = new LiveText(words.appendChild(element("strong", "")));
  const sentence = new LiveText(words);

  const formulas = element("div", "nbt-slow-formulas");
  // It scrolls where the board has no room, and then the keyboard must reach it.
  formulas.tabIndex = 0;
  formulas.setAttribute("role", "group");
  formulas.setAttribute("aria-label", "Formulas with the numbers of the point");

  const back = button("Back", "nbt-slow-back");
  const next = button("Next stage", "nbt-slow-next");
  const unit = element("select", "nbt-slow-unit");
  const unitLabel = labelled("Unit", unit);
  const point = element("input", "nbt-slow-point");
  point.type = "number";
  point.min = "1";
  const pointLabel = labelled("Point", point);
  const batch = new LiveText(pointLabel);
  const foot = element("div", "nbt-slow-foot");
  const leave = button("Leave", "nbt-slow-leave");
  leave.title = "Leave slow motion; the next press of Play trains at the usual speed";
  foot.append(back, next, unitLabel, pointLabel, leave);

  panel.append(head, words, formulas, foot);
  root.append(panel);

  let stage: Stage | null = null;
  let timer: number | null = null;
  let choices = "";

  const ask = (name: string): void => {
    if (stage !== null) act(name, { serial: stage.serial });
  };
  const goBack = (): void => {
    if (!back.disabled) act("slow_back", {});
  };
  const listen = (target: HTMLElement, event: string, callback: () => void): void =>
    target.addEventListener(event, callback, { signal });
  listen(next, "click", () => ask("slow_next"));
  listen(back, "click", goBack);
  listen(leave, "click", () => act("slow_leave", {}));
  listen(unit, "change", () => {
    const [layer = 0, index = 0] = unit.value.split(".").map(Number);
    act("slow_unit", { layer, unit: index });
  });
  listen(point, "change", () => {
    const wanted = Math.round(Number(point.value));
    const most = stage?.batch ?? 1;
    act("slow_point", { point: Math.max(1, Math.min(most, wanted || 1)) - 1 });
  });
  panel.addEventListener(
    "keydown",
    (event) => {
      // Arrows belong to a list and to a number while these have the focus.
      if (event.target === unit || event.target === point) return;
      if (event.key === "ArrowRight") ask("slow_next");
      else if (event.key === "ArrowLeft") goBack();
      else return;
      event.preventDefault();
    },
    { signal },
  );

  const isOn = (): boolean => model.get(TRAITS.on) === true;
  const show = (): void => {
    panel.hidden = !isOn();
    root.dataset.on = String(isOn());
    if (!isOn()) stop();
  };
  const change = `change:${TRAITS.on}`;
  const open = (): void => {
    show();
    // In one column the panel may be far from the control that opens it.
    if (isOn()) panel.scrollIntoView({ block: "nearest" });
  };
  model.on(change, open);
  signal.addEventListener("abort", () => {
    model.off(change, open);
    stop();
  });
  show();

  function stop(): void {
    if (timer !== null) window.clearTimeout(timer);
    timer = null;
  }

  /** Lets the stage stand for its time, then asks for the next; a hidden page waits. */
  function goOn(): void {
    stop();
    if (stage === null || !stage.playing) return;
    timer = window.setTimeout(() => {
      if (document.visibilityState === "hidden") goOn();
      else ask("slow_play");
    }, STAGE_MS);
  }

  function fillChoices(now: Stage): void {
    const wanted = now.choices.map(({ layer, unit: index }) => `${layer}.${index}`).join();
    if (wanted !== choices) {
      choices = wanted;
      unit.replaceChildren(
        ...now.choices.map(({ layer, unit: index, name }) => new Option(name, `${layer}.${index}`)),
      );
    }
    unit.value = `${now.layer}.${now.unit}`;
    unitLabel.hidden = now.choices.length < 2;
  }

  function tell(now: Stage): void {
    const at = STAGES.indexOf(now.name);
    steps.forEach((step, index) => {
      step.dataset.done = String(index < at);
      if (index === at) step.setAttribute("aria-current", "step");
      else step.removeAttribute("aria-current");
    });
    placeText.set(`stage ${now.number} of ${now.count}`);
    title.set(`${now.title}. `);
    sentence.set(now.sentence);
    formulas.replaceChildren(...now.formulas.map(formulaLine));
    back.disabled = now.number === 1 || now.number === now.count;
    next.textContent = now.number === now.count ? "Next update" : "Next stage";
    fillChoices(now);
    pointLabel.hidden = now.batch < 2 || now.name === "update";
    point.max = String(now.batch);
    if (document.activeElement !== point) point.value = String(now.point + 1);
    batch.set(` of ${formatCount(now.batch)}`);
    root.dataset.stage = now.name;
    root.dataset.number = String(now.number);
    root.dataset.serial = String(now.serial);
  }

  return {
    paint({ scene }) {
      const now = scene?.frame.stage ?? null;
      if (now === stage) return;
      const other = now?.serial !== stage?.serial || now?.playing !== stage?.playing;
      stage = now;
      if (now === null) stop();
      else {
        tell(now);
        if (other) goOn();
      }
    },
  };
}

function formulaLine({ symbols, numbers, result }: StageFormula): HTMLElement {
  const line = element("p", "");
  line.append(element("span", "nbt-slow-symbols", symbols));
  if (numbers !== "") {
    line.append(result === "" ? ": " : " = ", element("span", "nbt-slow-numbers", numbers));
  }
  if (result !== "") line.append(" = ", element("strong", "", result));
  return line;
}

function button(text: string, className: string): HTMLButtonElement {
  const made = element("button", `nbt-toggle ${className}`, text);
  made.type = "button";
  return made;
}

function labelled(text: string, control: HTMLElement): HTMLLabelElement {
  const label = element("label", "nbt-slow-choice", `${text} `);
  label.append(control);
  control.setAttribute("aria-label", text);
  return label;
}
