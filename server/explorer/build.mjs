// Bundles the explorer into assets/: no address outside, no eval, no source maps, a hash in every name.
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build } from 'esbuild';

const OUT = 'assets';

const WORKERS = {
  editor: 'monaco-editor/esm/vs/editor/editor.worker.js',
  graphql: 'monaco-graphql/esm/graphql.worker.js',
  json: 'monaco-editor/esm/vs/language/json/json.worker.js',
};

const common = {
  absWorkingDir: import.meta.dirname,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  outdir: OUT,
  entryNames: '[name]-[hash]',
  chunkNames: 'chunk-[hash]',
  assetNames: '[name]-[hash]',
  define: { 'process.env.NODE_ENV': '"production"' },
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
};

await rm(join(common.absWorkingDir, OUT), { recursive: true, force: true });

const workers = await build({ ...common, entryPoints: WORKERS });
const page = await build({
  ...common,
  entryPoints: { explorer: 'src/main.jsx' },
  splitting: true,
  jsx: 'automatic',
  loader: { '.ttf': 'file' },
  alias: {
    // GraphiQL names prettier's old entries, in which it then finds no parser: prettify would do nothing.
    'prettier/parser-babel': 'prettier/plugins/babel',
    'prettier/parser-graphql': 'prettier/plugins/graphql',
  },
  define: { ...common.define, WORKER_FILES: JSON.stringify(entries(workers.metafile)) },
});

const style = Object.keys(page.metafile.outputs).find((file) => /\/explorer-\w+\.css$/.test(file));
const manifest = { script: entries(page.metafile).explorer, style: basename(style) };
// esbuild writes a style sheet for each lazy chunk, too; the page's own has them all.
const lazy = Object.keys(page.metafile.outputs).filter((file) => /\/chunk-\w+\.css$/.test(file));
await Promise.all(lazy.map((file) => rm(join(common.absWorkingDir, file))));
await write('manifest.json', `${JSON.stringify(manifest, null, 2)}\n`);
await write('LICENSES.txt', await licences([workers.metafile, page.metafile]));

/** The file name of each entry point, by the name that it was given. */
function entries(metafile) {
  const files = Object.entries(metafile.outputs).filter(([, output]) => output.entryPoint);
  return Object.fromEntries(
    files
      .map(([file]) => basename(file))
      .filter((file) => file.endsWith('.js') && !file.startsWith('chunk-'))
      .map((file) => [file.replace(/-\w+\.js$/, ''), file]),
  );
}

/** One text with the licence of every package of which a part is in the bundle. */
async function licences(metafiles) {
  const inputs = metafiles.flatMap((metafile) => Object.keys(metafile.inputs));
  const folders = new Set(inputs.map(packageFolder).filter(Boolean));
  const parts = await Promise.all([...folders].sort().map(licence));
  return `${[...new Set(parts)].join(`\n${'='.repeat(100)}\n\n`)}`;
}

function packageFolder(input) {
  return input.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0];
}

async function licence(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|notice|thirdpartynotices)/i.test(file));
  const texts = await Promise.all(files.sort().map((file) => readFile(join(folder, file), 'utf8')));
  const text = texts.map((each) => each.replaceAll('\r\n', '\n').replace(/[ \t]+$/gm, '').trim()).join('\n\n');
  return `${name} ${version} (${license})\n\n${text}\n`;
}

async function write(file, text) {
  await writeFile(join(common.absWorkingDir, OUT, file), text);
}
