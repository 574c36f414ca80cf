// What takes a run elsewhere: its link to the clipboard, and files to the downloads.

import type { AnyModel } from "@anywidget/types";
import { withLink } from "../address";
import { element } from "../dom";
import type { Sharing } from "../hub";
import { parseFiles, parseNames, TRAITS } from "../protocol";

const FAILED = "The link could not be put on the clipboard. Copy it from the field.";

export function shareView(
  model: AnyModel,
  sharing: Sharing,
  root: HTMLElement,
  signal: AbortSignal,
): void {
  root.classList.add("nbt-view", "nbt-view-share");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Share and save");
  const copy = button("nbt-toggle nbt-copy", "Copy link");
  const save = button("nbt-toggle nbt-save", "Save");
  const files = popover(save, root, signal);
  const field = popover(copy, root, signal);
  files.panel.classList.add("nbt-files");
  field.panel.classList.add("nbt-address");
  root.append(copy, field.panel, save, files.panel);

  copy.addEventListener("click", () => {
    field.close();
    const address = withLink(location.href, sharing.link());
    history.replaceState(history.state, "", sharing.link());
    // Where the page is not served safely there is no clipboard.
    Promise.resolve()
      .then(() => navigator.clipboard.writeText(address))
      .then(
        () => sharing.say("Link copied."),
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
      ["link", copy, field],
      ["save", save, files],
    ] as const) {
      control.hidden = hidden.includes(name);
      control.disabled = locked.includes(name);
      if (control.disabled) close();
    }
    root.hidden = copy.hidden && save.hidden;
  };
  for (const trait of [TRAITS.hidden, TRAITS.locked]) {
    model.on(`change:${trait}`, restrict);
    signal.addEventListener("abort", () => model.off(`change:${trait}`, restrict));
  }
  restrict();
  signal.addEventListener("abort", () => root.replaceChildren());
}

interface Popover {
  readonly panel: HTMLElement;
  open(...content: HTMLElement[]): void;
  /** False where it was not open. */
  close(): boolean;
}

/** A panel that `owner` opens; Escape, and a click or the focus elsewhere, close it. */
function popover(owner: HTMLButtonElement, root: HTMLElement, signal: AbortSignal): Popover {
  const panel = element("div", "nbt-popover");
  panel.hidden = true;
  const close = (): boolean => {
    if (panel.hidden) return false;
    panel.hidden = true;
    panel.replaceChildren();
    if (owner.hasAttribute("aria-expanded")) owner.setAttribute("aria-expanded", "false");
    return true;
  };
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !close()) return;
    event.stopPropagation();
    owner.focus();
  }, { signal });
  for (const event of ["pointerdown", "focusin"]) {
    document.addEventListener(event, ({ target }) => {
      if (target instanceof Node && !panel.contains(target) && !owner.contains(target)) close();
    }, { signal });
  }
  return {
    panel,
    close,
    open(...content) {
      panel.replaceChildren(...content);
      panel.hidden = false;
      if (owner.hasAttribute("aria-expanded")) owner.setAttribute("aria-expanded", "true");
      panel.querySelector<HTMLElement>("button, input")?.focus();
    },
  };
}

function button(className: string, text: string): HTMLButtonElement {
  const made = element("button", className, text);
  made.type = "button";
  return made;
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
