// Starts the module each element asks for with data-module. Pages work without any of them.
// A module exports `start(element)`; it is imported once, from beside this file.
const names = new Set();
for (const element of document.querySelectorAll("[data-module]")) {
  for (const name of element.dataset.module.split(" ")) {
    if (/^[a-z-]+$/.test(name)) names.add(name);
  }
}
for (const name of names) {
  import(`./${name}.js`).then((module) => {
    for (const element of document.querySelectorAll(`[data-module~="${name}"]`)) module.start(element);
  });
}
