// Runs when a browser is woken, with no page open: says that something waits and leads to the page that knows what. What it says and which page that is, `words`, is put before this by the server.
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  event.waitUntil(
    self.registration.showNotification(words.title, { body: words.body, tag: words.page, renotify: true, requireInteraction: true }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(
    self.clients.matchAll({ type: "window", includeUncontrolled: true }).then((pages) => {
      const open = pages.find((page) => new URL(page.url).pathname.startsWith(words.page));
      return open ? open.focus() : self.clients.openWindow(words.page);
    }),
  );
});
