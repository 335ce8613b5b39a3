// Addresses in what people write become links to the page that says where they lead, as internal/link has it for what the server renders.
//
// <a class="way-out" href="/leaving?to=https%3A%2F%2Fexample.org%2F" data-host="example.org" target="_blank" rel="noopener nofollow ugc">https://example.org/</a>
const address = /https:\/\/[^\s<>"']+/g;
const ends = /[.,;:!?)\]}»”’]+$/u;

// parsed is an address, or null. URL.canParse is not in every browser that people have, and a message must be shown in all of them.
function parsed(words) {
  try {
    return new URL(words);
  } catch {
    return null;
  }
}

// linked gives a text as nodes; together they hold exactly the text.
export function linked(text) {
  const nodes = [];
  let at = 0;
  for (const { 0: found, index } of text.matchAll(address)) {
    const words = found.replace(ends, "");
    const target = parsed(words);
    if (!target || target.username || target.password) continue; // https://bank@evil says one host and leads to another
    if (index > at) nodes.push(text.slice(at, index));
    const link = document.createElement("a");
    Object.assign(link, { className: "way-out", href: `/leaving?to=${encodeURIComponent(target.href)}`, target: "_blank", rel: "noopener nofollow ugc", textContent: words });
    link.dataset.host = target.host;
    nodes.push(link);
    at = index + words.length;
  }
  if (at < text.length) nodes.push(text.slice(at));
  return nodes;
}
