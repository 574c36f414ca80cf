// Which exercises a learner has done. It is kept in the browser, and goes nowhere else.

export interface Journal {
  done(lesson: string): string[];
  add(lesson: string, exercise: string): void;
  clear(lesson: string): void;
}

/** What of the browser's storage is used. */
export type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const PREFIX = "nbtutor:done:";

/** A browser may forbid its storage: then progress lasts as long as the page. */
export function browserJournal(): Journal {
  try {
    return keepIn(window.localStorage);
  } catch {
    return keepIn(null);
  }
}

export function keepIn(store: Store | null): Journal {
  const memory = new Map<string, string[]>();
  const read = (lesson: string): string[] => {
    try {
      const kept: unknown = JSON.parse(store?.getItem(PREFIX + lesson) ?? "null");
      if (Array.isArray(kept)) return kept.filter((name) => typeof name === "string");
    } catch {
      // What cannot be read counts as nothing done.
    }
    return memory.get(lesson) ?? [];
  };
  return {
    done: read,
    add(lesson, exercise) {
      const names = [...new Set([...read(lesson), exercise])];
      memory.set(lesson, names);
      try {
        store?.setItem(PREFIX + lesson, JSON.stringify(names));
      } catch {
        // The storage is full or closed; the page remembers.
      }
    },
    clear(lesson) {
      memory.delete(lesson);
      try {
        store?.removeItem(PREFIX + lesson);
      } catch {
        // Nothing was kept there.
      }
    },
  };
}
