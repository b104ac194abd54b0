-- Ids are hashes, so rows that lie in the order of their ids lie anywhere: a batch changed nine pages of a large store for
-- each event. Now rows lie in the order in which they came, and what belongs to a ticket or a message names it by its
-- number: what is written together lies together. Numbers are this file's own; the views have the ids.

ALTER TABLE contacts RENAME TO old_contacts;
ALTER TABLE tickets RENAME TO old_tickets;
ALTER TABLE messages RENAME TO old_messages;
ALTER TABLE attachments RENAME TO old_attachments;
ALTER TABLE revisions RENAME TO old_revisions;
ALTER TABLE decisions RENAME TO old_decisions;

CREATE TABLE contacts (
  customer_id TEXT NOT NULL REFERENCES customers,
  scheme      TEXT NOT NULL,
  address     TEXT NOT NULL,
  name        TEXT NOT NULL,
  named_at    TEXT NOT NULL,
  UNIQUE (scheme, address, customer_id)
) STRICT;

CREATE TABLE tickets (
  number          INTEGER PRIMARY KEY,
  id              TEXT NOT NULL UNIQUE,
  revision        INTEGER NOT NULL,
  conversation_id TEXT NOT NULL REFERENCES conversations,
  customer_id     TEXT NOT NULL REFERENCES customers,
  scheme          TEXT NOT NULL,
  address         TEXT NOT NULL,
  name            TEXT NOT NULL,
  channel         TEXT NOT NULL,
  account         TEXT NOT NULL,
  subject         TEXT NOT NULL,
  status          TEXT NOT NULL,
  priority        TEXT NOT NULL,
  queue           TEXT NOT NULL,
  opened_at       TEXT NOT NULL,
  updated_at      TEXT NOT NULL,
  messages        INTEGER NOT NULL,
  follows         TEXT NOT NULL,
  merged_into     TEXT NOT NULL,
  related_to      TEXT NOT NULL
) STRICT;

CREATE TABLE message_rows (
  number       INTEGER PRIMARY KEY,
  id           TEXT NOT NULL UNIQUE,
  ticket       INTEGER NOT NULL REFERENCES tickets,
  revision     INTEGER NOT NULL,
  routed_at    TEXT NOT NULL,
  kind         TEXT NOT NULL,
  said_at      TEXT NOT NULL,
  received_at  TEXT NOT NULL,
  sender       TEXT NOT NULL,
  subject      TEXT NOT NULL,
  text         TEXT NOT NULL,
  visible_text TEXT NOT NULL,
  html         TEXT NOT NULL,
  suppressed   TEXT NOT NULL,
  details      TEXT NOT NULL,
  about        TEXT NOT NULL
) STRICT;

CREATE TABLE attachment_rows (
  message      INTEGER NOT NULL REFERENCES message_rows,
  position     INTEGER NOT NULL,
  sha256       TEXT NOT NULL,
  size         INTEGER NOT NULL,
  name         TEXT NOT NULL,
  content_type TEXT NOT NULL,
  content_id   TEXT NOT NULL,
  inline       INTEGER NOT NULL,
  PRIMARY KEY (message, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE revision_rows (
  ticket     INTEGER NOT NULL REFERENCES tickets,
  revision   INTEGER NOT NULL,
  message_id TEXT NOT NULL,
  status     TEXT NOT NULL,
  priority   TEXT NOT NULL,
  queue      TEXT NOT NULL,
  at         TEXT NOT NULL,
  PRIMARY KEY (ticket, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE decision_rows (
  ticket   INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  position INTEGER NOT NULL,
  what     TEXT NOT NULL,
  rule     TEXT NOT NULL,
  result   TEXT NOT NULL,
  because  TEXT NOT NULL,
  PRIMARY KEY (ticket, revision, position),
  FOREIGN KEY (ticket, revision) REFERENCES revision_rows
) STRICT, WITHOUT ROWID;

INSERT INTO contacts SELECT * FROM old_contacts;
INSERT INTO tickets SELECT NULL, * FROM old_tickets ORDER BY opened_at;
INSERT INTO message_rows
  SELECT m.number, m.id, t.number, m.revision, m.routed_at, m.kind, m.said_at, m.received_at, m.sender, m.subject, m.text,
    m.visible_text, m.html, m.suppressed, m.details, m.about
  FROM old_messages m JOIN tickets t ON t.id = m.ticket_id;
INSERT INTO attachment_rows
  SELECT m.number, a.position, a.sha256, a.size, a.name, a.content_type, a.content_id, a.inline
  FROM old_attachments a JOIN message_rows m ON m.id = a.message_id;
INSERT INTO revision_rows
  SELECT t.number, r.revision, r.message_id, r.status, r.priority, r.queue, r.at
  FROM old_revisions r JOIN tickets t ON t.id = r.ticket_id;
INSERT INTO decision_rows
  SELECT t.number, d.revision, d.position, d.what, d.rule, d.result, d.because
  FROM old_decisions d JOIN tickets t ON t.id = d.ticket_id;

DROP TABLE old_decisions;
DROP TABLE old_revisions;
DROP TABLE old_attachments;
DROP TABLE old_messages;
DROP TABLE old_tickets;
DROP TABLE old_contacts;

CREATE INDEX contacts_by_customer ON contacts (customer_id);
CREATE INDEX tickets_by_update ON tickets (updated_at);
CREATE INDEX tickets_by_customer ON tickets (customer_id);
CREATE INDEX tickets_by_merge ON tickets (merged_into) WHERE merged_into <> '';
CREATE INDEX messages_by_ticket ON message_rows (ticket, said_at);
CREATE INDEX messages_by_about ON message_rows (about) WHERE about <> '';

CREATE VIEW messages AS
  SELECT m.number, m.id, t.id AS ticket_id, m.revision, m.routed_at, m.kind, m.said_at, m.received_at, m.sender, m.subject,
    m.text, m.visible_text, m.html, m.suppressed, m.details, m.about
  FROM message_rows m JOIN tickets t ON t.number = m.ticket;
CREATE VIEW attachments AS
  SELECT m.id AS message_id, a.position, a.sha256, a.size, a.name, a.content_type, a.content_id, a.inline
  FROM attachment_rows a JOIN message_rows m ON m.number = a.message;
CREATE VIEW revisions AS
  SELECT t.id AS ticket_id, r.revision, r.message_id, r.status, r.priority, r.queue, r.at
  FROM revision_rows r JOIN tickets t ON t.number = r.ticket;
CREATE VIEW decisions AS
  SELECT t.id AS ticket_id, d.revision, d.position, d.what, d.rule, d.result, d.because
  FROM decision_rows d JOIN tickets t ON t.number = d.ticket;
