// Elements in one line each.

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  text = "",
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className !== "") made.className = className;
  if (text !== "") made.textContent = text;
  return made;
}

/** A text that changes often: writes only what differs, and adds no nodes. */
export class LiveText {
  private readonly node = document.createTextNode("");

  constructor(readonly parent: Element) {
    parent.append(this.node);
  }

  set(text: string): void {
    if (this.node.data !== text) this.node.data = text;
  }
}

/** Size of an element's content in CSS pixels. */
export function contentSize(target: HTMLElement): { width: number; height: number } {
  return { width: target.clientWidth, height: target.clientHeight };
}
