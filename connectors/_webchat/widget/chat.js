// The chat: joins what is kept, the line and what is seen; and `SwitchboardChat`, by which the page speaks to it.

const script = document.currentScript;
const base = new URL(".", script.src).href.replace(/\/$/, "");
const WAIT = "wait"; // data-identity="wait": the page will say who is logged in

class Chat {
  constructor() {
    this.store = new Store(base);
    this.link = new Link(base, this.store, {
      state: (state) => this.stateIs(state),
      said: (entry) => this.said(entry),
      forget: () => this.forgot(),
      read: (id) => this.wasRead(id),
      typing: (name) => this.view.types(name),
      refused: (message, detail) => this.view.show({ ...message, by: "visitor" }, `${words.failed} ${detail}`),
    });
    this.view = new View({
      open: () => this.opened(),
      close: () => {},
      profile: (values) => this.introduce(values),
      say: (text, files) => this.say(text, files),
      typing: () => this.types(),
      upload: (file) => this.upload(file),
    });
    this.store.entries().forEach((entry) => this.view.show(entry, entry.by === "visitor" ? words.sent : ""));
    this.store.waiting().forEach((message) => this.showWaiting(message));
    this.askFirst();
    this.count();
    addEventListener("visibilitychange", () => this.seen());
    addEventListener("storage", (event) => event.key?.startsWith(this.store.prefix) && this.askFirst());
    const given = script.dataset.identity;
    if (given && given !== WAIT) this.link.identify(given);
    if (given !== WAIT) this.begin();
  }

  // A page on which nobody ever chatted opens no line.
  begin() {
    this.ready = true;
    if (this.view.isOpen || this.store.read("session")) this.link.start();
  }

  opened() {
    if (this.ready) this.link.start();
    this.view.live();
    this.seen();
  }

  askFirst() {
    const known = this.store.read("profile") || this.store.read("session")?.identified;
    this.view.askFirst(settings.ask.length > 0 && !known);
  }

  introduce(values) {
    this.store.write("profile", values);
    this.askFirst();
  }

  say(text, files) {
    const message = {
      type: "message",
      id: crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint32Array(4)), (each) => each.toString(36)).join("-"),
      text: text.toWellFormed?.() ?? text,
      at: Date.now(),
      files: files.map((file) => file.file),
      profile: this.store.read("profile", {}),
      page: location.origin === "null" ? "" : location.origin + location.pathname,
    };
    this.showWaiting(message, files);
    this.link.write(message);
  }

  showWaiting(message, files = []) {
    this.view.show({ ...message, by: "visitor", files: files.map((file) => file.name) }, words.waiting);
  }

  forgot() {
    this.view.clear();
    this.store.waiting().forEach((message) => this.showWaiting(message));
  }

  said(entry) {
    this.view.show(entry, entry.by === "visitor" ? words.sent : "");
    if (entry.by === "agent") this.view.typing.hidden = true;
    this.count();
    this.seen();
  }

  async upload(file) {
    const headers = { "Content-Type": file.type || "application/octet-stream", "X-Filename": encodeURIComponent(file.name) };
    return this.link.fetch("files", { method: "POST", body: file, headers });
  }

  types() {
    if (Date.now() - (this.typed ?? 0) < 3000) return;
    this.typed = Date.now();
    this.link.types();
  }

  answers() {
    return this.store.entries().filter((entry) => entry.by === "agent");
  }

  // Tells the edge, once, that the newest answer was before somebody's eyes.
  async seen() {
    const newest = this.answers().at(-1)?.id;
    const open = this.view.isOpen && document.visibilityState === "visible" && this.link.state === "online";
    if (!open || !newest || this.reading === newest || this.store.read("read") === newest) return;
    this.reading = newest;
    try {
      await this.link.ask({ type: "read", id: newest, at: Date.now() });
    } catch {
      // It is told again when the line is back.
    } finally {
      this.reading = null;
    }
  }

  wasRead(id) {
    this.store.write("read", id);
    this.count();
  }

  count() {
    const answers = this.answers();
    this.view.unread(answers.length - 1 - answers.findIndex((entry) => entry.id === this.store.read("read")));
  }

  stateIs(state) {
    this.view.notice(words[state] ?? "");
    this.askFirst();
    if (state === "online") {
      this.seen();
      setTimeout(() => this.view.live(), 500);
    }
  }
}

function begin() {
  if (window.SwitchboardChat) return; // the script is on the page twice
  const chat = new Chat();
  window.SwitchboardChat = {
    open: () => chat.view.isOpen || chat.view.toggle(),
    close: () => chat.view.isOpen && chat.view.toggle(),
    // A token of your server, or a function that brings a fresh one; "" when somebody logs out.
    identify: (source) => {
      chat.link.identify(source);
      chat.begin();
    },
  };
}

if (document.readyState === "loading") addEventListener("DOMContentLoaded", begin);
else begin();
