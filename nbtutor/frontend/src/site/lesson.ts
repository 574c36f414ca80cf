// A lesson of the static site: its text and pictures are in the page; this makes them live.

import { Connection } from "./connection";
import { Manager } from "./manager";
import { showOutputs } from "./outputs";
import { Progress } from "./progress";
import type { Start } from "./protocol";

interface Lesson extends Omit<Start, "kind"> {
  /** The package's front end, by the name that its widgets give. */
  readonly modules: Readonly<Record<string, string>>;
  readonly cells: readonly { readonly id: string; readonly source: string }[];
}

/** Addresses are relative to the page. */
function absolute(url: string): string {
  return new URL(url, document.baseURI).href;
}

async function open(lesson: Lesson, progress: Progress): Promise<void> {
  const manager = new Manager();
  const worker = new Worker(new URL("kernel.js", import.meta.url), { type: "module" });
  let steps = 0;
  let live = false;
  const connection = new Connection(worker, {
    fetched: (bytes, total) => progress.fetched(bytes, total),
    step(number, of, what) {
      steps = of;
      progress.step(number, of + lesson.cells.length, what);
    },
    opened: (comm, message) => manager.opened(comm, message),
    failed: (reason) => {
      console.error("[nbtutor]", reason);
      const what = live ? "Python has stopped" : "The lesson could not be made live";
      // The last line of a traceback says what went wrong.
      progress.failed(`${what}: ${reason.trim().split("\n").at(-1)}.`);
    },
  });
  manager.connection = connection;
  const modules = Object.entries(lesson.modules).map(([name, url]) =>
    manager.takeModule(name, absolute(url)),
  );
  const sizes = Object.entries(lesson.sizes).map(([url, size]) => [absolute(url), size]);
  await connection.start({
    pyodide: absolute(lesson.pyodide),
    wheels: lesson.wheels.map(absolute),
    sizes: Object.fromEntries(sizes) as Record<string, number>,
  });
  await Promise.all(modules);
  for (const [index, { id, source }] of lesson.cells.entries()) {
    const parts = lesson.cells.length;
    progress.step(steps + index + 1, steps + parts, `Preparing part ${index + 1} of ${parts}`);
    const outputs = await connection.run(id, source);
    const place = document.getElementById(id);
    if (place !== null) await showOutputs(outputs, place, (model) => manager.view(model));
  }
  progress.done();
  live = true;
  document.documentElement.dataset.ready = "true";
}

const data = document.getElementById("nbt-lesson-data")?.textContent;
if (data) {
  const progress = new Progress();
  open(JSON.parse(data) as Lesson, progress).catch((error: unknown) => {
    console.error("[nbtutor]", error);
    progress.failed("The lesson could not be made live.");
  });
}
