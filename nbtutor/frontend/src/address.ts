// The page's address, whose end may hold a link to a playground. Playgrounds know nothing of each
// other, and each has its own copy of this module, so who may open the link is noted in the window.

const CLAIM = Symbol.for("nbtutor.link");
const OURS = /^#nbt(=|%3d)/i;
// One character more than the kernel takes, so that it can say that a link is too long.
const LONGEST = 4_000;
// A part of the address that opens the server to whoever has it.
const SECRET = "token";

type Claims = { [CLAIM]?: AbortSignal };

export interface Address {
  /** The link in the address now, or null where there is none. */
  link(): string | null;
  /** Calls back when the end of the address changes. */
  onChange(callback: () => void, signal: AbortSignal): void;
  /** Whether the asker may open the page's link: the first to ask, until its signal ends. */
  claim(signal: AbortSignal): boolean;
}

export function browserAddress(): Address {
  return {
    link: () => readLink(location.hash),
    onChange: (callback, signal) => window.addEventListener("hashchange", callback, { signal }),
    claim(signal) {
      const claims = window as Claims;
      const holder = claims[CLAIM];
      if (holder !== undefined && !holder.aborted && holder !== signal) return false;
      claims[CLAIM] = signal;
      return true;
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
