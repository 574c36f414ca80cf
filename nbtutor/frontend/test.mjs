// Runs the TypeScript tests with Node's own test runner: esbuild bundles each file first, because
// Node 20 does not read TypeScript.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const tests = join(here, "..", "..", "tests", "frontend");
const out = join(here, "node_modules", ".cache", "tests");

const files = readdirSync(tests).filter((name) => name.endsWith(".test.ts"));
if (files.length === 0) throw new Error(`There are no tests in ${tests}.`);

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
await build({
  entryPoints: files.map((name) => join(tests, name)),
  outdir: out,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  outExtension: { ".js": ".mjs" },
  sourcemap: "inline",
  logLevel: "warning",
});
const built = readdirSync(out).map((name) => join(out, name));
const run = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...built], {
  stdio: "inherit",
});
process.exit(run.status ?? 1);
