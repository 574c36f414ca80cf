// The page's address, whose end may hold a link to a playground.

import { Contest, type Seat } from "./contest";

const CONTEST = Symbol.for("nbtutor.link");
const OURS = /^#nbt(=|%3d)/i;
// More characters than the kernel takes, so that it can say that a link is too long.
const LONGEST = 33_000;
// A part of the address that opens the server to whoever has it.
const SECRET = "token";

export interface Address {
  /** The link in the address now, or null where there is none. */
  link(): string | null;
  /** Calls back when the end of the address changes. */
  onChange(callback: () => void, signal: AbortSignal): void;
  /** A seat among the playgrounds of the page, of which one opens the link. */
  enter(signal: AbortSignal): Seat;
}

export function browserAddress(): Address {
  return {
    link: () => readLink(location.hash),
    onChange: (callback, signal) => window.addEventListener("hashchange", callback, { signal }),
    enter(signal) {
      // Playgrounds have a copy of this module each, so what they share is kept in the window.
      const page = window as { [CONTEST]?: Contest };
      page[CONTEST] ??= new Contest((callback, delay) => setTimeout(callback, delay));
      return page[CONTEST].enter(signal);
    },
  };
}

/** What of a page's fragment goes to the kernel: null where it is not ours. */
export function readLink(fragment: string): string | null {
  return OURS.test(fragment) ? fragment.slice(0, LONGEST) : null;
}

/** The address of a page with a link in place of what it ended with, fit to be passed on. */
export function withLink(address: string, link: string): string {
  const url = new URL(address);
  url.searchParams.delete(SECRET);
  url.hash = link;
  return url.href;
}
