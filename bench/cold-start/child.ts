/** Measures one init: what the import of a bundle takes in a fresh process, from inside, so that the start of Node is not in it. */
process.once('message', (message: { readonly module: string }) => {
  const startedAt = performance.now();
  void import(message.module).then(() => process.send?.(performance.now() - startedAt));
});
