// Before the app's own scripts: its service worker keeps files, and goes on giving out those that led to another
// server (another key, another port) until it is renewed itself. What changes with the server is forgotten here.
(() => {
  const server = "$server", changed = $changed;
  const slot = `teamgram ${new URL("./", document.baseURI).pathname}`;
  if (!self.caches || localStorage.getItem(slot) === server) return;
  const forget = async (name) => {
    const kept = await caches.open(name);
    return Promise.all(changed.map((file) => kept.delete(new URL(file, document.baseURI))));
  };
  caches.keys().then((names) => Promise.all(names.map(forget))).then((forgotten) => {
    localStorage.setItem(slot, server);
    if (forgotten.flat().includes(true)) location.reload();
  });
})();
