// The examples, as cards to choose from.

import { element } from "../dom";
import type { ExampleCard } from "../protocol";
import { button } from "../popover";

const MARKS = { works: ["\u2713", "Works"], fails: ["\u2715", "Fails"] } as const;

/** One card for each example; a click chooses it. */
export function exampleCards(
  examples: readonly ExampleCard[],
  choose: (name: string) => void,
): HTMLElement {
  const list = element("ul", "nbt-cards");
  for (const { name, title, kind, sentence } of examples) {
    const card = button("nbt-card", "");
    card.dataset.example = name;
    const [sign, word] = MARKS[kind];
    const mark = element("span", `nbt-card-mark nbt-card-${kind}`);
    const shape = element("span", "nbt-card-sign", sign);
    shape.setAttribute("aria-hidden", "true");
    mark.append(shape, word);
    const head = element("span", "nbt-card-head");
    head.append(element("strong", "", title), mark);
    card.append(head, element("span", "nbt-card-text", sentence));
    card.addEventListener("click", () => choose(name));
    const item = element("li", "");
    item.append(card);
    list.append(item);
  }
  return list;
}
