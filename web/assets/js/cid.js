// newCID names what is written here, so that sending it again can never double it. It has 128 random bits; crypto.randomUUID does not exist on plain http.
export function newCID() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").slice(0, 22);
}
