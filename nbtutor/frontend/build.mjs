// Bundles the views into ../static: one ES module and one stylesheet for every widget, and the
// static site's own page and worker.
// `--watch` builds again at every change.
import { context } from "esbuild";

const watch = process.argv.includes("--watch");

const bundle = await context({
  entryPoints: [
    { in: "src/index.ts", out: "nbtutor" },
    { in: "src/styles/index.css", out: "nbtutor" },
    // For pages and figures that need the colours without the views.
    { in: "src/styles/tokens.css", out: "tokens" },
    { in: "src/site/lesson.ts", out: "site" },
    { in: "src/site/site.css", out: "site" },
    { in: "src/site/worker.ts", out: "kernel" },
  ],
  outdir: "../static",
  bundle: true,
  format: "esm",
  target: ["es2022", "chrome123", "firefox120", "safari17.5"],
  // See the file: most of what d3-scale would bring along is never used.
  alias: { "d3-interpolate": "./src/interpolate.ts" },
  minify: !watch,
  legalComments: "none",
  logLevel: watch ? "info" : "warning",
});

if (watch) {
  await bundle.watch();
} else {
  await bundle.rebuild();
  await bundle.dispose();
}
