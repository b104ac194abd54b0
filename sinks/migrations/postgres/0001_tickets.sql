-- The same tables as in SQLite, with times as timestamptz, and messages partitioned by month.
-- Text compares by its bytes (COLLATE "C"), so that both stores order and merge alike, whatever the database's locale.

CREATE SCHEMA IF NOT EXISTS switchboard;
SET LOCAL search_path = switchboard;

CREATE TABLE schema_version (
  version int NOT NULL
);
INSERT INTO schema_version VALUES (0);

CREATE TABLE customers (
  id    text COLLATE "C" PRIMARY KEY,
  since timestamptz NOT NULL                     -- the earliest ticket
);

-- A customer's addresses. One today; several after a merge.
CREATE TABLE contacts (
  customer_id text COLLATE "C" NOT NULL REFERENCES customers,
  scheme      text COLLATE "C" NOT NULL,
  address     text COLLATE "C" NOT NULL,
  name        text COLLATE "C" NOT NULL,         -- the last one that was not empty
  named_at    timestamptz NOT NULL,              -- when that was; -infinity while there is none
  PRIMARY KEY (scheme, address, customer_id)
);
CREATE INDEX contacts_by_customer ON contacts (customer_id);

CREATE TABLE conversations (
  id          text COLLATE "C" PRIMARY KEY,
  customer_id text COLLATE "C" NOT NULL REFERENCES customers,
  channel     text COLLATE "C" NOT NULL,
  account     text COLLATE "C" NOT NULL,
  opened_at   timestamptz NOT NULL               -- the earliest ticket
);

-- The newest revision that has arrived.
CREATE TABLE tickets (
  id              text COLLATE "C" PRIMARY KEY,
  revision        bigint NOT NULL,
  conversation_id text COLLATE "C" NOT NULL REFERENCES conversations,
  customer_id     text COLLATE "C" NOT NULL REFERENCES customers,
  scheme          text COLLATE "C" NOT NULL,     -- of the customer's address in this ticket
  address         text COLLATE "C" NOT NULL,
  name            text COLLATE "C" NOT NULL,
  channel         text COLLATE "C" NOT NULL,
  account         text COLLATE "C" NOT NULL,
  subject         text COLLATE "C" NOT NULL,
  status          text COLLATE "C" NOT NULL,
  priority        text COLLATE "C" NOT NULL,
  queue           text COLLATE "C" NOT NULL,
  opened_at       timestamptz NOT NULL,
  updated_at      timestamptz NOT NULL,
  messages        bigint NOT NULL,
  follows         text COLLATE "C" NOT NULL,     -- the closed ticket that this one follows, or ''
  merged_into     text COLLATE "C" NOT NULL,     -- the ticket that this one is part of, or ''; it may not have arrived yet
  related_to      json NOT NULL                  -- ids of conversations
);
CREATE INDEX tickets_by_update ON tickets (updated_at DESC, id);
CREATE INDEX tickets_by_customer ON tickets (customer_id);
CREATE INDEX tickets_by_merge ON tickets (merged_into) WHERE merged_into <> '';

-- A unique index of a partitioned table must hold the partition key, so it cannot say that an id is there once in all
-- months. This slim table does. It also holds ids of messages that are not here yet and were taken back already: whoever
-- stores a message and whoever takes it back wait for each other at its row.
CREATE TABLE message_ids (
  id          text COLLATE "C" PRIMARY KEY,
  received_at timestamptz,                       -- the month in which the message is; null while it has not arrived
  withdrawn   boolean NOT NULL
);
CREATE INDEX message_ids_by_time ON message_ids USING brin (received_at);

CREATE VIEW withdrawn AS SELECT id AS message_id FROM message_ids WHERE withdrawn;

-- Every message once, with the ticket that it was routed with: merges are followed when it is read.
CREATE TABLE messages (
  id           text COLLATE "C" NOT NULL,
  ticket_id    text COLLATE "C" NOT NULL REFERENCES tickets,
  revision     bigint NOT NULL,                  -- the revision of the ticket that it caused
  routed_at    timestamptz NOT NULL,             -- that revision's time
  kind         text COLLATE "C" NOT NULL,
  said_at      timestamptz NOT NULL,             -- the sender's clock where it can be believed, else the receiver's
  received_at  timestamptz NOT NULL,
  sender       text COLLATE "C" NOT NULL,        -- the address
  subject      text COLLATE "C" NOT NULL,
  text         text COLLATE "C" NOT NULL,
  visible_text text COLLATE "C" NOT NULL,
  html         text COLLATE "C" NOT NULL,
  suppressed   text COLLATE "C" NOT NULL,        -- why it asks nobody to act, or ''
  details      json NOT NULL,                    -- the message without subject, texts and attachments
  about        text COLLATE "C" NOT NULL,        -- the message that an edit, a deletion or a reaction is about, or ''
  words        tsvector NOT NULL,                -- made by sinks/_lexemes.py
  PRIMARY KEY (id, received_at)
) PARTITION BY RANGE (received_at);
CREATE INDEX messages_by_ticket ON messages (ticket_id, said_at);
CREATE INDEX messages_by_about ON messages (about) WHERE about <> '';
CREATE INDEX messages_by_words ON messages USING gin (words);

-- For clocks that cannot be right. All else is in a table of its month.
CREATE TABLE messages_other PARTITION OF messages DEFAULT;

-- Makes the table for the month of a message when there is none. With the rights of the owner, so that a writer needs
-- none to change the schema. A table that is attached locks the others less than one that is made as a partition.
CREATE FUNCTION make_month(moment timestamptz) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = switchboard, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  starts timestamptz := date_trunc('month', moment);
  month text := 'messages_' || to_char(moment, 'YYYY_MM');
BEGIN
  IF extract(year FROM moment) NOT BETWEEN 2000 AND 2099 THEN
    RETURN;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('switchboard.make_month'));
  IF to_regclass(month) IS NULL THEN
    EXECUTE format('CREATE TABLE %I (LIKE messages)', month);
    -- There are some when the month was dropped while a writer believed that it is there.
    EXECUTE format('WITH found AS (DELETE FROM messages_other WHERE received_at >= %L AND received_at < %L RETURNING *)
                    INSERT INTO %I SELECT * FROM found', starts, starts + interval '1 month', month);
    EXECUTE format('ALTER TABLE messages ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                   month, starts, starts + interval '1 month');
  END IF;
END $$;

CREATE TABLE attachments (
  message_id   text COLLATE "C" NOT NULL REFERENCES message_ids ON DELETE CASCADE,
  position     bigint NOT NULL,
  sha256       text COLLATE "C" NOT NULL,
  size         bigint NOT NULL,
  name         text COLLATE "C" NOT NULL,
  content_type text COLLATE "C" NOT NULL,
  content_id   text COLLATE "C" NOT NULL,
  inline       boolean NOT NULL,
  PRIMARY KEY (message_id, position)
);

-- Every revision that has arrived, in whatever order.
CREATE TABLE revisions (
  ticket_id  text COLLATE "C" NOT NULL REFERENCES tickets,
  revision   bigint NOT NULL,
  message_id text COLLATE "C" NOT NULL,          -- '' for a change of status
  status     text COLLATE "C" NOT NULL,
  priority   text COLLATE "C" NOT NULL,
  queue      text COLLATE "C" NOT NULL,
  at         timestamptz NOT NULL,
  PRIMARY KEY (ticket_id, revision)
);

CREATE TABLE decisions (
  ticket_id text COLLATE "C" NOT NULL,
  revision  bigint NOT NULL,
  position  bigint NOT NULL,
  what      text COLLATE "C" NOT NULL,
  rule      text COLLATE "C" NOT NULL,
  result    text COLLATE "C" NOT NULL,
  because   text COLLATE "C" NOT NULL,
  PRIMARY KEY (ticket_id, revision, position),
  FOREIGN KEY (ticket_id, revision) REFERENCES revisions
);
