-- A table with an index, joins, aggregates, updates and string functions, in memory.
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, city TEXT);
CREATE TABLE sale (id INTEGER PRIMARY KEY, customer INTEGER, amount INTEGER, note TEXT);
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
INSERT INTO customer SELECT i, 'name' || (i * 7919 % 1000), 'city' || (i * 31 % 40) FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000)
INSERT INTO sale SELECT i, 1 + i * 7919 % 500, i * 104729 % 10007, hex(i * 2654435761 % 4294967296) FROM n;
COMMIT;
CREATE INDEX sale_customer ON sale (customer, amount);
SELECT city, count(*), sum(amount), max(note) FROM sale JOIN customer ON customer = customer.id
  GROUP BY city ORDER BY 3 DESC LIMIT 10;
UPDATE sale SET amount = amount + 1 WHERE note LIKE '%AB%';
SELECT name, (SELECT max(amount) FROM sale WHERE customer = c.id) AS best FROM customer AS c
  ORDER BY best DESC, name LIMIT 10;
SELECT substr(note, 1, 2) AS prefix, count(*) AS n FROM sale GROUP BY prefix ORDER BY n DESC, prefix LIMIT 10;
DELETE FROM sale WHERE id % 3 = 0;
SELECT count(*), sum(amount), group_concat(DISTINCT substr(note, 1, 1)) FROM sale;
