// The editors' language services run in workers of this origin; build.mjs knows their file names.
globalThis.MonacoEnvironment = {
  getWorker(_id, label) {
    const file = WORKER_FILES[label] ?? WORKER_FILES.editor;
    return new Worker(new URL(file, import.meta.url), { type: 'module' });
  },
};
