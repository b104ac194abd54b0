-- Ids are hashes, so the entries of a batch in an index of ids lie on as many pages of it. What belongs to a ticket or a
-- message names it by its number now, in the order in which they came: what is written together lies together.
-- Numbers are this database's own; the views have the ids.

SET LOCAL search_path = switchboard;

ALTER TABLE tickets ADD number bigint GENERATED ALWAYS AS IDENTITY UNIQUE;
ALTER TABLE message_ids ADD number bigint GENERATED ALWAYS AS IDENTITY UNIQUE;

-- Ids that were deleted with their month leave rows behind in messages_other when those came late: nobody can name them any more.
DELETE FROM messages m
  WHERE NOT EXISTS (SELECT FROM message_ids i WHERE i.id = m.id AND i.received_at = m.received_at);
ALTER TABLE messages RENAME TO message_rows;
ALTER TABLE message_rows ADD number bigint, ADD ticket bigint;
UPDATE message_rows m SET number = i.number, ticket = t.number
  FROM message_ids i, tickets t WHERE i.id = m.id AND t.id = m.ticket_id;
ALTER TABLE message_rows
  DROP CONSTRAINT messages_pkey, DROP COLUMN id, DROP COLUMN ticket_id,  -- and messages_by_ticket
  ALTER ticket SET NOT NULL, ADD PRIMARY KEY (number, received_at), ADD FOREIGN KEY (ticket) REFERENCES tickets (number);
CREATE INDEX messages_by_ticket ON message_rows (ticket, said_at);

ALTER TABLE attachments RENAME TO attachment_rows;
ALTER TABLE attachment_rows ADD message bigint REFERENCES message_ids (number) ON DELETE CASCADE;
UPDATE attachment_rows a SET message = i.number FROM message_ids i WHERE i.id = a.message_id;
ALTER TABLE attachment_rows
  DROP CONSTRAINT attachments_pkey, DROP COLUMN message_id, ADD PRIMARY KEY (message, position);

ALTER TABLE revisions RENAME TO revision_rows;
ALTER TABLE decisions RENAME TO decision_rows;
ALTER TABLE revision_rows ADD ticket bigint REFERENCES tickets (number);
ALTER TABLE decision_rows ADD ticket bigint;
UPDATE revision_rows r SET ticket = t.number FROM tickets t WHERE t.id = r.ticket_id;
UPDATE decision_rows d SET ticket = t.number FROM tickets t WHERE t.id = d.ticket_id;
ALTER TABLE decision_rows
  DROP COLUMN ticket_id, ADD PRIMARY KEY (ticket, revision, position);  -- and what hung on that column
ALTER TABLE revision_rows DROP COLUMN ticket_id, ADD PRIMARY KEY (ticket, revision);
ALTER TABLE decision_rows ADD FOREIGN KEY (ticket, revision) REFERENCES revision_rows;

CREATE VIEW messages AS
  SELECT i.id, t.id AS ticket_id, m.revision, m.routed_at, m.kind, m.said_at, m.received_at, m.sender, m.subject, m.text,
    m.visible_text, m.html, m.suppressed, m.details, m.about, m.words
  FROM message_rows m
  JOIN message_ids i ON i.number = m.number AND i.received_at = m.received_at
  JOIN tickets t ON t.number = m.ticket;
CREATE VIEW attachments AS
  SELECT i.id AS message_id, a.position, a.sha256, a.size, a.name, a.content_type, a.content_id, a.inline
  FROM attachment_rows a JOIN message_ids i ON i.number = a.message;
CREATE VIEW revisions AS
  SELECT t.id AS ticket_id, r.revision, r.message_id, r.status, r.priority, r.queue, r.at
  FROM revision_rows r JOIN tickets t ON t.number = r.ticket;
CREATE VIEW decisions AS
  SELECT t.id AS ticket_id, d.revision, d.position, d.what, d.rule, d.result, d.because
  FROM decision_rows d JOIN tickets t ON t.number = d.ticket;

-- As before, for the table's new name.
CREATE OR REPLACE FUNCTION make_month(moment timestamptz) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
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
    EXECUTE format('CREATE TABLE %I (LIKE message_rows)', month);
    -- There are some when the month was dropped while a writer believed that it is there.
    EXECUTE format('WITH found AS (DELETE FROM messages_other WHERE received_at >= %L AND received_at < %L RETURNING *)
                    INSERT INTO %I SELECT * FROM found', starts, starts + interval '1 month', month);
    EXECUTE format('ALTER TABLE message_rows ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                   month, starts, starts + interval '1 month');
  END IF;
END $$;
