// Bundles and minifies into assets/dist, with a manifest from source name to hashed name.
import { writeFile } from "node:fs/promises";
import { basename, relative } from "node:path";
import { build } from "esbuild";

const outdir = "assets/dist";
const { metafile } = await build({
  entryPoints: ["assets/main.ts", "assets/main.css"],
  entryNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  target: "es2020",
  metafile: true,
  outdir,
});

const manifest = {};
for (const [path, { entryPoint }] of Object.entries(metafile.outputs)) {
  if (entryPoint) manifest[basename(entryPoint).replace(/\.ts$/, ".js")] = relative(outdir, path);
}
await writeFile(`${outdir}/manifest.json`, JSON.stringify(manifest, null, 2));
