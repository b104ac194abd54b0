// What people see and hear. All text is set as text, never as HTML; only http and https become links.

const words = settings.words;

function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function address(text) {
  try {
    return new URL(text).href;
  } catch {
    return "";
  }
}

function linked(text) {
  const found = document.createDocumentFragment();
  let rest = 0;
  for (const match of text.matchAll(/\bhttps?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]]/gi)) {
    const href = address(match[0]);
    if (!href) continue;
    found.append(text.slice(rest, match.index));
    const rel = "noopener noreferrer nofollow";
    found.append(el("a", { href, target: "_blank", rel }, match[0]));
    rest = match.index + match[0].length;
  }
  found.append(text.slice(rest));
  return found;
}

class View {
  // `on` has: open(), close(), profile(values), say(text, files), typing(), upload(file)
  constructor(on) {
    this.on = on;
    this.files = [];
    this.shown = new Map();
    const host = el("div", { id: "switchboard-chat" });
    host.dir = getComputedStyle(document.documentElement).direction;
    this.root = host.attachShadow({ mode: "open" });
    const style = new CSSStyleSheet(); // needs no permission in the page's Content-Security-Policy
    style.replaceSync(settings.style);
    this.root.adoptedStyleSheets = [style];
    this.build();
    this.root.append(this.panel, this.launcher);
    document.body.append(host);
  }

  build() {
    this.badge = el("span", { class: "badge", hidden: true });
    this.launcher = el(
      "button",
      { class: "launcher", type: "button", "aria-expanded": "false", "aria-controls": "panel", onclick: () => this.toggle() },
      el("span", { class: "label" }, words.opened),
      this.badge,
    );
    this.log = el("div", { class: "log", role: "log", "aria-live": "off", "aria-label": words.messages, tabindex: "0" });
    this.state = el("p", { class: "state", role: "status" });
    this.typing = el("p", { class: "typing", hidden: true });
    this.panel = el(
      "section",
      { id: "panel", class: "panel", role: "dialog", "aria-labelledby": "title", hidden: true },
      el(
        "header",
        {},
        el("h2", { id: "title" }, settings.title),
        el("button", { class: "close", type: "button", "aria-label": words.close, onclick: () => this.toggle() }, "×"),
      ),
      this.log,
      this.typing,
      this.state,
      (this.form = this.profileForm()),
      (this.composer = this.composerForm()),
    );
    this.panel.addEventListener("keydown", (event) => {
      event.stopPropagation(); // the page's own shortcuts are not meant
      if (event.key === "Escape") this.toggle();
    });
  }

  profileForm() {
    const types = { email: "email", phone: "tel" };
    const completes = { name: "name", email: "email", phone: "tel" };
    const fields = settings.ask.map((name) => {
      const required = settings.required.includes(name);
      return el(
        "label",
        {},
        words[name] + (required ? "" : ` ${words.optional}`),
        el("input", { name, type: types[name] ?? "text", autocomplete: completes[name] ?? "off", maxlength: "300", required }),
      );
    });
    const title = el("h3", { id: "before" }, words.before);
    const send = (event) => {
      event.preventDefault();
      this.on.profile(Object.fromEntries(new FormData(event.target)));
      this.text.focus();
    };
    const start = el("button", { type: "submit", class: "send" }, words.start);
    return el("form", { class: "profile", "aria-labelledby": "before", hidden: true, onsubmit: send }, title, ...fields, start);
  }

  composerForm() {
    this.text = el("textarea", { id: "text", rows: "2", maxlength: "8000", dir: "auto" });
    this.text.addEventListener("input", () => this.on.typing());
    this.text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.composer.requestSubmit();
    });
    const choose = el("input", { type: "file", id: "file", class: "visually-hidden", onchange: () => this.attach(choose) });
    this.chosen = el("ul", { class: "files" });
    this.button = el("button", { type: "submit", class: "send" }, words.send);
    const send = (event) => {
      event.preventDefault();
      if (this.busy || (!this.text.value.trim() && !this.files.length)) return;
      this.on.say(this.text.value.trim(), this.files);
      this.text.value = "";
      this.setFiles([]);
    };
    return el(
      "form",
      { class: "composer", onsubmit: send },
      el("label", { for: "text", class: "visually-hidden" }, words.write),
      this.text,
      this.chosen,
      el("div", { class: "row" }, choose, el("label", { for: "file", class: "attach" }, words.attach), this.button),
    );
  }

  async attach(choose) {
    const [file] = choose.files;
    choose.value = "";
    if (!file) return;
    this.busy = this.button.disabled = true;
    this.notice(`${words.uploading} ${file.name}`);
    try {
      if (file.size > settings.maxFileBytes) throw new Error(words.tooLarge);
      this.setFiles([...this.files, await this.on.upload(file)]);
      this.notice("");
    } catch (error) {
      this.notice(`${words.uploadFailed} ${error.refusal?.detail ?? (navigator.onLine ? error.message : words.noConnection)}`);
    } finally {
      this.busy = this.button.disabled = false;
    }
  }

  setFiles(files) {
    this.files = files;
    const without = (file) => () => this.setFiles(this.files.filter((each) => each !== file));
    const label = (file) => `${words.remove} ${file.name}`;
    this.chosen.replaceChildren(
      ...files.map((file) =>
        el("li", {}, file.name, el("button", { type: "button", "aria-label": label(file), onclick: without(file) }, "×")),
      ),
    );
  }

  get isOpen() {
    return !this.panel.hidden;
  }

  toggle() {
    const open = !this.isOpen;
    this.panel.hidden = !open;
    this.launcher.hidden = open;
    this.launcher.setAttribute("aria-expanded", String(open));
    if (open) {
      this.on.open();
      this.log.scrollTop = this.log.scrollHeight;
      (this.form.hidden ? this.text : this.form.querySelector("input")).focus();
    } else {
      this.on.close();
      this.launcher.focus();
    }
  }

  askFirst(wanted) {
    this.form.hidden = !wanted;
    this.composer.hidden = wanted;
  }

  // An entry of the conversation, or a message that waits (`n` is then absent). One that is shown already only changes its tick.
  show(entry, tick) {
    const key = `${entry.by}:${entry.id}`;
    const known = this.shown.get(key);
    const line = known ?? this.line(entry);
    line.querySelector(".tick").textContent = tick;
    line.n = entry.n ?? line.n ?? Infinity;
    this.shown.set(key, line);
    const after = [...this.log.children].find((each) => each !== line && each.n > line.n);
    if (!known || (after && line.compareDocumentPosition(after) & Node.DOCUMENT_POSITION_PRECEDING)) {
      this.log.insertBefore(line, after ?? null);
      this.log.scrollTop = this.log.scrollHeight;
    }
  }

  line(entry) {
    const who = entry.by === "agent" ? entry.name || words.agent : words.you;
    const files = (entry.files ?? []).map((name) => el("p", { class: "file", dir: "auto" }, name));
    const said = el("p", { dir: "auto" });
    said.append(linked(entry.text));
    const at = new Date(entry.at);
    const time = el("time", { datetime: at.toISOString() }, at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
    const foot = el("footer", {}, time, " ", el("span", { class: "tick" }));
    return el("article", { class: `entry ${entry.by}` }, el("span", { class: "who" }, who), said, ...files, foot);
  }

  // Screen readers are told of what comes from now on, not of the whole history.
  live() {
    this.log.setAttribute("aria-live", "polite");
  }

  clear() {
    this.shown.clear();
    this.log.replaceChildren();
    this.setFiles([]);
  }

  notice(text) {
    this.state.textContent = text;
  }

  types(name) {
    clearTimeout(this.typingTimer);
    this.typing.textContent = `${name || words.agent} ${words.typing}`;
    this.typing.hidden = false;
    this.typingTimer = setTimeout(() => (this.typing.hidden = true), 6000);
  }

  unread(count) {
    this.badge.textContent = String(count);
    this.badge.hidden = !count;
    this.launcher.setAttribute("aria-label", count ? `${words.open}, ${count} ${words.unread}` : words.open);
  }
}
