// Under the curves: keep this run, go on from an earlier epoch, and the list of what is kept.

import { element, LiveText } from "./dom";
import type { Act } from "./hub";
import { DASHES, type Kept } from "./kept";
import { formatCount, formatLoss, formatSeconds } from "./numbers";
import type { Frame, KeptRun } from "./protocol";

const SVG = "http://www.w3.org/2000/svg";
const MOST_LETTERS = 40;

/** What a kept run came to, and what that has cost. */
export function describeRun(run: KeptRun): string {
  const losses = [`training loss ${formatLoss(run.trainLoss)}`];
  if (run.validationLoss !== null) losses.push(`validation loss ${formatLoss(run.validationLoss)}`);
  return (
    `${losses.join(", ")} after epoch ${formatCount(run.epoch)}: ` +
    `${formatCount(run.updates)} updates in ${formatSeconds(run.seconds)}`
  );
}

interface Row {
  readonly root: HTMLLIElement;
  readonly number: number;
  update(kept: Kept): void;
}

export class RunList {
  readonly root = element("div", "nbt-runs");
  private readonly keep = button("nbt-keep", "Keep this run");
  private readonly goOn = button("nbt-go-on", "Go on from here");
  private readonly back = button("nbt-back", "Back to the end");
  private readonly opener = button("nbt-disclose", "");
  private readonly count = new LiveText(this.opener);
  private readonly panel = element("div", "nbt-run-panel");
  private readonly list = element("ul", "nbt-run-list");
  private rows: Row[] = [];
  private kept: readonly Kept[] | null = null;
  private hidden: readonly string[] = [];
  private locked: readonly string[] = [];

  constructor(
    private readonly act: Act,
    private readonly signal: AbortSignal,
  ) {
    const { root, panel, opener, keep, goOn, back } = this;
    goOn.title = "A new run from the epoch shown; this one is kept";
    panel.id = `nbt-runs-${Math.random().toString(36).slice(2)}`;
    panel.hidden = true;
    root.tabIndex = -1;
    panel.setAttribute("role", "group");
    panel.setAttribute("aria-label", "Kept runs");
    panel.append(
      element("p", "nbt-run-note", "Drawn thin beside the present run, by validation loss."),
      this.list,
    );
    opener.setAttribute("aria-controls", panel.id);
    opener.setAttribute("aria-expanded", "false");
    root.append(keep, goOn, back, opener, panel);
    const press = (pressed: HTMLButtonElement, name: string): void =>
      pressed.addEventListener("click", () => act(name, {}), { signal });
    press(keep, "keep_run");
    press(goOn, "fork");
    press(back, "back");
    opener.addEventListener("click", () => this.open(panel.hidden), { signal });
    root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || panel.hidden) return;
      event.stopPropagation();
      this.open(false);
      opener.focus();
    }, { signal });
    for (const event of ["pointerdown", "focusin"]) {
      document.addEventListener(event, ({ target }) => {
        if (target instanceof Node && !panel.contains(target) && !opener.contains(target)) {
          this.open(false);
        }
      }, { signal });
    }
  }

  restrict(hidden: readonly string[], locked: readonly string[]): void {
    this.hidden = hidden;
    this.locked = locked;
    this.kept = null;
  }

  update(kept: readonly Kept[], { span, updates }: Frame): void {
    const { keep, goOn, back } = this;
    const focused = document.activeElement;
    const scrubbed = span.scrubbed && !this.hidden.includes("timeline");
    keep.hidden = scrubbed || this.hidden.includes("runs");
    keep.disabled = updates === 0 || this.locked.includes("runs");
    goOn.hidden = back.hidden = !scrubbed;
    goOn.disabled = back.disabled = this.locked.includes("timeline");
    // The keyboard does not lose its place with a button that goes.
    if (!scrubbed && (focused === goOn || focused === back)) this.holdFocus();
    if (kept !== this.kept) {
      this.kept = kept;
      this.fill(kept);
    }
  }

  private open(open: boolean): void {
    if (this.panel.hidden !== open) return;
    this.panel.hidden = !open;
    this.opener.setAttribute("aria-expanded", String(open));
  }

  private holdFocus(): void {
    (this.list.querySelector<HTMLElement>("button:enabled") ?? this.root).focus();
    if (!this.root.contains(document.activeElement)) this.root.focus();
  }

  private fill(kept: readonly Kept[]): void {
    const { opener, list } = this;
    opener.hidden = kept.length === 0 || this.hidden.includes("runs");
    if (opener.hidden) this.open(false);
    this.count.set(kept.length === 1 ? "1 kept run" : `${kept.length} kept runs`);
    const same =
      kept.length === this.rows.length &&
      kept.every(({ run }, index) => this.rows[index]?.number === run.number);
    if (!same) {
      const old = new Map(this.rows.map((row) => [row.number, row]));
      const inside = list.contains(document.activeElement);
      this.rows = kept.map(({ run }) => old.get(run.number) ?? this.makeRow(run.number));
      list.replaceChildren(...this.rows.map(({ root }) => root));
      if (inside && !list.contains(document.activeElement)) {
        this.holdFocus();
      }
    }
    kept.forEach((one, index) => this.rows[index]?.update(one));
  }

  private makeRow(number: number): Row {
    const { act, signal } = this;
    const root = element("li", "nbt-run");
    const picture = document.createElementNS(SVG, "svg");
    picture.setAttribute("viewBox", "0 0 36 8");
    picture.setAttribute("aria-hidden", "true");
    const line = document.createElementNS(SVG, "path");
    line.setAttribute("d", "M0 4H36");
    picture.append(line);
    const name = element("input", "nbt-run-name");
    name.maxLength = MOST_LETTERS;
    const bring = button("nbt-bring", "Bring back");
    const remove = button("nbt-remove-run", "Remove");
    const head = element("div", "nbt-run-head");
    head.append(picture, name, bring, remove);
    const facts = element("p", "nbt-run-facts");
    const difference = element("p", "nbt-run-difference");
    const [told, words] = [new LiveText(facts), new LiveText(difference)];
    root.append(head, facts, difference);
    bring.addEventListener("click", () => act("bring_run", { number }), { signal });
    remove.addEventListener("click", () => act("remove_run", { number }), { signal });
    name.addEventListener("change", () => act("rename_run", { number, name: name.value }), { signal });
    // What was refused does not stay.
    name.addEventListener("blur", () => (name.value = given), { signal });
    let given = "";
    return {
      root,
      number,
      update: ({ run, dash }) => {
        const locked = this.locked.includes("runs");
        line.setAttribute("stroke-dasharray", (DASHES[dash] ?? []).join(" "));
        picture.classList.toggle("nbt-not-drawn", !run.comparable);
        given = run.name;
        if (document.activeElement !== name) name.value = given;
        name.disabled = bring.disabled = remove.disabled = locked;
        name.setAttribute("aria-label", `Name of the kept run ${run.name}`);
        bring.setAttribute("aria-label", `Bring back ${run.name}`);
        remove.setAttribute("aria-label", `Remove ${run.name}`);
        const text = describeRun(run);
        told.set(text[0]?.toUpperCase() + text.slice(1) + ".");
        words.set(run.difference);
      },
    };
  }
}

function button(className: string, text: string): HTMLButtonElement {
  const made = element("button", `nbt-toggle ${className}`, text);
  made.type = "button";
  return made;
}
