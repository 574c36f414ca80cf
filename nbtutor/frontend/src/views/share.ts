// The block of small buttons: examples and sweep, the keys, and what takes a run elsewhere: its link
// to the clipboard, and files to the downloads.

import type { AnyModel } from "@anywidget/types";
import { withLink } from "../address";
import { element } from "../dom";
import type { Hub } from "../hub";
import { formatCount } from "../numbers";
import { button, popover, type Popover } from "../popover";
import { parseExamples, parseFiles, parseNames, TRAITS } from "../protocol";
import { listenToKeys } from "../shortcuts";
import { exampleCards } from "./gallery";
import { keysDialog } from "./keys";
import { sweepPanel } from "./sweep";

const FAILED = "The link could not be put on the clipboard. Copy it from the field.";

export function shareView(
  model: AnyModel,
  { sharing, act }: Hub,
  root: HTMLElement,
  signal: AbortSignal,
): void {
  root.classList.add("nbt-view", "nbt-view-share");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Examples, keys, share and save");
  const examples = button("nbt-toggle nbt-examples", "Examples");
  const gallery = popover(examples, root, signal);
  const keys = button("nbt-toggle nbt-help", "?");
  keys.setAttribute("aria-label", "Keys");
  keys.title = "Keys";
  const copy = button("nbt-toggle nbt-copy", "Copy link");
  const save = button("nbt-toggle nbt-save", "Save");
  const files = popover(save, root, signal);
  const field = popover(copy, root, signal);
  files.panel.classList.add("nbt-files");
  field.panel.classList.add("nbt-address");
  gallery.panel.classList.add("nbt-gallery");
  root.append(examples, gallery.panel, keys, copy, field.panel, save, files.panel);
  const openKeys = keysDialog(root);
  keys.addEventListener("click", openKeys);
  listenToKeys(root, { act, help: openKeys }, signal);
  const panel = examplesAndSweep(model, act, gallery, examples, signal);

  copy.addEventListener("click", () => {
    field.close();
    const address = withLink(location.href, sharing.link());
    history.replaceState(history.state, "", sharing.link());
    // Where the page is not served safely there is no clipboard.
    Promise.resolve()
      .then(() => navigator.clipboard.writeText(address))
      .then(
        () => sharing.say(`Link copied.${leftOut(sharing.link())}`),
        () => {
          sharing.say(FAILED);
          field.open(addressField(address));
        },
      );
  });
  save.addEventListener("click", () => {
    if (files.close()) return;
    files.open(
      ...parseFiles(model.get(TRAITS.files)).map(([what, label]) => {
        const item = button("nbt-file", label);
        item.addEventListener("click", () => {
          files.close();
          save.focus();
          sharing.request(what);
        });
        return item;
      }),
    );
  });
  save.setAttribute("aria-expanded", "false");

  const restrict = (): void => {
    const hidden = parseNames(TRAITS.hidden, model.get(TRAITS.hidden));
    const locked = parseNames(TRAITS.locked, model.get(TRAITS.locked));
    for (const [name, control, { close }] of [
      ["examples", examples, gallery],
      ["link", copy, field],
      ["save", save, files],
    ] as const) {
      control.hidden = hidden.includes(name);
      control.disabled = locked.includes(name);
      if (control.disabled) close();
    }
    panel.allowSweep(!hidden.includes("sweep"), !locked.includes("sweep"));
  };
  for (const trait of [TRAITS.hidden, TRAITS.locked]) {
    model.on(`change:${trait}`, restrict);
    signal.addEventListener("abort", () => model.off(`change:${trait}`, restrict));
  }
  restrict();
  signal.addEventListener("abort", () => root.replaceChildren());
}

/** The panel of the examples, with the sweep as its second page. */
function examplesAndSweep(
  model: AnyModel,
  act: Hub["act"],
  panel: Popover,
  owner: HTMLButtonElement,
  signal: AbortSignal,
): { allowSweep(shown: boolean, usable: boolean): void } {
  const sweep = sweepPanel(model, act, () => panel.isOpen && sweep.root.isConnected, signal);
  const toSweep = button("nbt-toggle", "Sweep rates");
  const toCards = button("nbt-toggle", "Examples");
  toCards.classList.add("nbt-back");
  const head = (title: string, other: HTMLElement): HTMLElement => {
    const made = element("div", "nbt-gallery-head");
    made.append(element("h2", "", title), other);
    return made;
  };
  const cards = (): void => {
    const list = exampleCards(parseExamples(model.get(TRAITS.examples)), (name) => {
      panel.close();
      owner.focus();
      act("example", { name });
    });
    panel.open(head("Examples", toSweep), list);
  };
  toSweep.addEventListener("click", () => {
    panel.open(head("Sweep of learning rates", toCards), sweep.root);
    sweep.enter();
  });
  toCards.addEventListener("click", cards);
  owner.setAttribute("aria-expanded", "false");
  owner.addEventListener("click", () => {
    if (!panel.close()) cards();
  });
  return {
    allowSweep(shown, usable) {
      toSweep.hidden = !shown;
      toSweep.disabled = !usable;
      if (!usable && sweep.root.isConnected) panel.close();
    },
  };
}

/** What a link says of own points that were too many for it. */
function leftOut(link: string): string {
  const count = /;data=\.(\d+)/.exec(link)?.[1];
  if (count === undefined) return "";
  return ` The ${formatCount(Number(count))} own points are too many for it: save the settings.`;
}

function addressField(address: string): HTMLElement {
  const label = element("label", "", "Address with the link");
  const input = element("input", "");
  input.readOnly = true;
  input.value = address;
  input.addEventListener("focus", () => input.select());
  label.append(input);
  return label;
}
