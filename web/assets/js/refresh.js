// Fetches a page again, with the reader's own rights, and exchanges the parts of it that changed: elements with data-region.
// XMLHttpRequest makes a document without scripts and without parsing text by hand, which Trusted Types forbid.
export function load(url, body) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(body ? "POST" : "GET", url);
    request.responseType = "document";
    request.timeout = 10_000;
    request.onload = () => {
      if (request.status < 400 && request.response) resolve(request.response);
      else reject(Object.assign(new Error("refused"), { status: request.status, page: request.response }));
    };
    request.onerror = request.ontimeout = () => reject(Object.assign(new Error("no answer"), { status: 0 }));
    request.send(body);
  });
}

// What a finger or a button is down on, and the page whose exchange waits until it is up: a control that is exchanged between
// the two loses the click.
let pressed = null;
let late = null;

addEventListener("pointerdown", ({ target }) => (pressed = target), { capture: true });
for (const type of ["pointerup", "pointercancel"]) addEventListener(type, () => setTimeout(released, 50), { capture: true }); // the click comes after it

function released() {
  const page = late;
  pressed = late = null;
  if (page) exchange(page);
}

// exchange takes over the regions of a page that differ. What somebody is writing in or pressing on stays as it is.
export function exchange(page) {
  late = null; // what waited is older
  for (const old of document.querySelectorAll("[data-region]")) {
    const fresh = page.querySelector(`[data-region="${CSS.escape(old.dataset.region)}"]`);
    if (old.contains(pressed)) {
      late = page;
      continue;
    }
    if (fresh) unfold(old, fresh);
    if (!fresh) old.replaceChildren();
    else if (!old.isEqualNode(fresh) && !busy(old, fresh)) replace(old, fresh);
  }
}

// What somebody has folded out or in stays so.
function unfold(old, fresh) {
  const was = old.querySelectorAll("details");
  fresh.querySelectorAll("details").forEach((details, i) => {
    if (was[i]) details.open = was[i].open;
  });
}

const fields = "textarea, input:not([type=hidden]), select";

function busy(old, fresh) {
  if (old.querySelector("[data-composer]")) return fresh.querySelector("[data-composer]") !== null;
  const writing = document.activeElement;
  return old.contains(writing) && writing.matches(fields) || [...old.querySelectorAll(fields)].some(touched);
}

// touched is true of a field that holds something else than what the server put in it.
function touched(field) {
  if (field.matches("[type=radio], [type=checkbox]")) return field.checked !== field.defaultChecked;
  return "defaultValue" in field && field.value !== field.defaultValue;
}

// same finds the control of a part that somebody's focus was on in the part before.
function same(part, control) {
  const { id, form } = control;
  const href = control.getAttribute("href");
  if (id) return part.querySelector(`#${CSS.escape(id)}`);
  if (href) return part.querySelector(`[href="${CSS.escape(href)}"]`);
  const where = form?.getAttribute("action");
  return where && [...part.querySelectorAll(control.localName)].find((it) => it.form?.getAttribute("action") === where && it.name === control.name && it.value === control.value);
}

function replace(old, fresh) {
  const focused = old.contains(document.activeElement) && same(fresh, document.activeElement);
  const here = document.adoptNode(fresh);
  old.replaceWith(here);
  focused?.focus?.();
  for (const element of [here, ...here.querySelectorAll("[data-module]")]) {
    for (const name of (element.dataset.module ?? "").split(" ")) {
      if (/^[a-z-]+$/.test(name)) import(`./${name}.js`).then((module) => module.start(element));
    }
  }
}

// current is the page anew. What was opened beside a list may be somebody else's by now: the list must go on all the same. A page that is not the
// reader's any more must not stay on the screen either.
async function current() {
  try {
    return await load(location.href);
  } catch (refused) {
    const gone = document.querySelector("[data-gone]")?.dataset.gone;
    if (refused.status === 404 && gone) location.replace(gone);
    const home = document.querySelector("[data-home]")?.dataset.home;
    if (refused.status !== 404 || !home) throw refused;
    return load(home);
  }
}

let running = null;
let wanted = false;

// refresh brings the page up to date; calls that come while one runs are answered by one more.
export async function refresh() {
  wanted = true;
  running ??= (async () => {
    try {
      while (wanted) {
        wanted = false;
        exchange(await current());
      }
    } catch {
      // the next news, or the next look, tries again
    } finally {
      running = null;
    }
  })();
  return running;
}
