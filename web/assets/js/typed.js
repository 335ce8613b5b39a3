// What somebody has begun to write on a page is never taken from them.
const fields = "textarea, input:not([type=hidden]), select";

// touched is true of a field that holds something else than what the server put in it.
function touched(field) {
  if (field.matches("[type=radio], [type=checkbox]")) return field.checked !== field.defaultChecked;
  return "defaultValue" in field && field.value !== field.defaultValue;
}

export const written = (part) => [...part.querySelectorAll(fields)].some(touched);

export function typing(part) {
  const { activeElement } = document;
  return part.contains(activeElement) && activeElement.matches(fields);
}

// stays says above what is written in a region, and whose form is not on the page any more, that it stays, and where to go on.
export function stays(region, fresh, url = location.href) {
  const gone = (form) => written(form) && !fresh?.querySelector(`form[action="${CSS.escape(form.getAttribute("action"))}"]`);
  if (![...region.querySelectorAll("form")].some(gone) || region.querySelector("[data-stays-line]")) return;
  const { stays: text, staysLink } = document.getElementById("main").dataset;
  const line = document.createElement("p");
  const link = document.createElement("a");
  Object.assign(link, { href: url, textContent: staysLink });
  line.className = "stays";
  line.dataset.staysLine = "";
  line.setAttribute("role", "status");
  line.append(`${text} `, link);
  region.prepend(line);
}
