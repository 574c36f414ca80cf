// Runs a Python program under Pyodide in Node: node run.mjs SETTINGS.json
//
// The settings: `pyodide`, a folder; `wheels`, files that are unpacked; `mounts`, folders of this
// machine by the place that they have inside; `program`, Python. What the program prints is
// printed; its last value is the exit code.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const settings = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { loadPyodide } = await import(pathToFileURL(`${settings.pyodide}/pyodide.mjs`).href);
const pyodide = await loadPyodide({ indexURL: `${settings.pyodide}/` });
await pyodide.loadPackage(["numpy"], { messageCallback: () => undefined });
const extractDir = pyodide.runPython("import sysconfig; sysconfig.get_path('purelib')");
for (const wheel of settings.wheels) {
  pyodide.unpackArchive(new Uint8Array(readFileSync(wheel)), "wheel", { extractDir });
}
for (const [inside, root] of Object.entries(settings.mounts)) {
  pyodide.FS.mkdirTree(inside);
  pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root }, inside);
}
try {
  process.exitCode = Number(pyodide.runPython(settings.program));
} catch (error) {
  // Not thrown: Node would print the line of Pyodide's code, which has a million characters.
  console.error(error.message);
  process.exitCode = 1;
}
