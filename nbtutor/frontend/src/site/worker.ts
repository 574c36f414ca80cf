// The kernel of a static lesson: Pyodide in a worker, so that the page never waits for Python.

import { Files, integrityOf, type Wanted } from "./fetching";
import type { Start, ToPage, ToWorker } from "./protocol";

interface Pyodide {
  loadPackage(names: readonly string[], options: object): Promise<unknown>;
  unpackArchive(archive: Uint8Array, format: string, options: object): void;
  runPython(source: string): unknown;
}

interface Kernel {
  run(source: string): string;
  receive(message: string, buffers: readonly Uint8Array[]): void;
}

interface Package {
  readonly file_name: string;
  readonly depends: readonly string[];
  readonly sha256: string;
}

interface Scope {
  fetch: typeof fetch;
  postMessage(message: ToPage, transfer?: readonly Transferable[]): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
}

// TypeScript knows pages or workers, not both in one project.
const scope = globalThis as unknown as Scope;
const post = (message: ToPage): void => scope.postMessage(message);

const LOCK = "pyodide-lock.json";
const RUNTIME = ["pyodide.asm.wasm", "python_stdlib.zip"];
const STEPS = ["Starting Python", "Loading NumPy", "Unpacking the course", "Loading the widgets"];

// Buffers are copied on their way: Python's memory moves when it grows.
const CONNECT = `
def connect(post):
    from types import SimpleNamespace
    from pyodide.ffi import to_js
    from nbtutor.serve.site.kernel import BrowserKernel
    kernel = BrowserKernel(lambda message, buffers: post(message, to_js(buffers)))
    def receive(message, buffers):
        kernel.receive(message, [memoryview(each.to_bytes()) for each in buffers])
    return SimpleNamespace(run=kernel.run, receive=receive)
connect
`;

function packagesFor(name: string, packages: Readonly<Record<string, Package>>): Package[] {
  // Those that a package depends on may be written otherwise than their own entries.
  const found = packages[name.toLowerCase().replaceAll(/[-_.]+/g, "-")];
  if (found === undefined) throw new Error(`This Pyodide has no package ${name}.`);
  return [found, ...found.depends.flatMap((each) => packagesFor(each, packages))];
}

async function start({ pyodide: home, wheels, sizes }: Start): Promise<Kernel> {
  const network = scope.fetch.bind(globalThis);
  const files = new Files(sizes, (bytes, total) => post({ kind: "fetched", bytes, total }), network);
  const first: Wanted[] = [...RUNTIME.map((name) => home + name), ...wheels].map((url) => ({ url }));
  const lock = home + LOCK;
  // The list of packages is small, and says what else to fetch.
  const rest = files.get([{ url: lock }]).then(() => {
    const { packages } = JSON.parse(new TextDecoder().decode(files.take(lock))) as {
      packages: Record<string, Package>;
    };
    const wanted = packagesFor("numpy", packages).map(({ file_name, sha256 }) => ({
      url: new URL(file_name, home).href,
      integrity: integrityOf(sha256),
    }));
    return files.get(wanted);
  });
  await Promise.all([files.get(first), rest]);
  // From here on Pyodide asks for files that are here already.
  scope.fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input, location.href).href;
    return files.answer(url) ?? network(input, init);
  };

  let taken = 0;
  const step = (): void => {
    const what = STEPS[taken] ?? "";
    taken += 1;
    post({ kind: "step", number: taken, of: STEPS.length, what });
  };
  step();
  const { loadPyodide } = (await import(/* @vite-ignore */ `${home}pyodide.mjs`)) as {
    loadPyodide(options: object): Promise<Pyodide>;
  };
  const pyodide = await loadPyodide({ indexURL: home });
  step();
  await pyodide.loadPackage(["numpy"], { messageCallback: () => undefined });
  step();
  const extractDir = pyodide.runPython("import sysconfig; sysconfig.get_path('purelib')");
  for (const url of wheels) {
    const wheel = files.take(url);
    if (wheel !== undefined) pyodide.unpackArchive(wheel, "wheel", { extractDir });
  }
  step();
  const connect = pyodide.runPython(CONNECT) as (
    send: (message: string, buffers: readonly Uint8Array<ArrayBuffer>[]) => void,
  ) => Kernel;
  return connect((message, buffers) => {
    scope.postMessage({ kind: "comm", message, buffers }, buffers.map(({ buffer }) => buffer));
  });
}

let kernel: Kernel | null = null;

async function handle(request: ToWorker): Promise<void> {
  if (request.kind === "start") {
    kernel = await start(request);
    post({ kind: "ready" });
  } else if (request.kind === "run") {
    const outputs = kernel?.run(request.source) ?? "[]";
    post({ kind: "outputs", cell: request.cell, outputs });
  } else {
    try {
      kernel?.receive(request.message, request.buffers);
    } finally {
      // The page waits for this before it sends the next change of a slider.
      post({ kind: "idle", id: request.id });
    }
  }
}

scope.onmessage = ({ data }) => {
  handle(data).catch((error: unknown) => {
    post({ kind: "failed", reason: error instanceof Error ? error.message : String(error) });
  });
};
